"""Comparisons of labels that do not take what is missing for wrong, nor for right."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Shaped


def differ(first: Shaped[Array, "*shape"], second: Shaped[Array, "*shape"]) -> Float[Array, "*shape"]:
    """1 where two labels differ, 0 where they agree, NaN where one of them is NaN; in the precision of the labels.

    >>> differ(jnp.array([1.0, 2.0, jnp.nan]), jnp.array([1.0, 3.0, 0.0])).tolist()
    [0.0, 1.0, nan]
    """
    common = jnp.result_type(first, second)
    answer = (first != second).astype(common if jnp.issubdtype(common, jnp.floating) else float)
    return jnp.where((first != first) | (second != second), jnp.nan, answer)
