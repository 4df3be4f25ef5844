"""Labels that are missing or out of range: neither wrong nor right, and never used as they are."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Shaped

from mfml import require


def differ(first: Shaped[Array, "*shape"], second: Shaped[Array, "*shape"]) -> Float[Array, "*shape"]:
    """1 where two labels differ, 0 where they agree, NaN where one of them is NaN; in the precision of the labels.

    >>> differ(jnp.array([1.0, 2.0, jnp.nan]), jnp.array([1.0, 3.0, 0.0])).tolist()
    [0.0, 1.0, nan]
    """
    common = jnp.result_type(first, second)
    answer = (first != second).astype(common if jnp.issubdtype(common, jnp.floating) else float)
    return jnp.where((first != first) | (second != second), jnp.nan, answer)


def in_range(labels: Int[Array, " n"], n_labels: int) -> Bool[Array, ""]:
    """Whether all labels are from 0 to n_labels - 1.

    Raises:
        ValueError: where the labels are known and are not; within compiled code the caller has to return NaN.

    >>> in_range(jnp.array([0, 1]), 2).item()
    True
    """
    if not isinstance(labels, jax.core.Tracer):
        known = np.asarray(labels)
        wrong = known[(known < 0) | (known >= n_labels)]
        require.that(wrong.size == 0, f"labels must be from 0 to {n_labels - 1}; found {wrong[:1]}")
    return _all_within(labels, n_labels)


@jax.jit
def _all_within(labels: Array, n_labels: int) -> Array:
    return jnp.all((labels >= 0) & (labels < n_labels))
