"""A sample of weight zero is absent, whatever it holds.

Its entries have to be replaced, since zero times NaN is NaN, and a far entry spoils sums and units. Shapes: n samples.
"""

from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float


def present(weights: Float[Array, " n"] | None, *arrays: Any) -> tuple[Any, ...]:
    """Replace each row of weight 0 by the first row of positive weight, in all arrays; without weights, return them.

    >>> present(jnp.array([0.0, 1.0]), jnp.array([[jnp.nan], [2.0]]))[0].tolist()
    [[2.0], [2.0]]
    """
    if weights is None:
        return arrays
    first = jnp.argmax(weights > 0)
    return tuple(
        jnp.where((weights == 0).reshape(-1, *[1] * (array.ndim - 1)), array[first], array) for array in arrays
    )
