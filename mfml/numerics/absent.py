"""Samples of weight zero are absent, whatever they hold: NaN, infinity, or a number that spoils every scale."""

from typing import TypeVar

import jax.numpy as jnp
from jaxtyping import Array, Float

A = TypeVar("A", bound=Array)


def present(weights: Float[Array, " n"] | None, array: A) -> A:
    """Put a row of positive weight in the place of each row of weight zero.

    So 0 times infinity cannot arise, and no scale or shift is taken from what is absent. The weights stay as they are.
    Without weights every row is present.

    >>> present(jnp.array([1.0, 0.0]), jnp.array([[3.0], [jnp.nan]])).tolist()
    [[3.0], [3.0]]
    """
    if weights is None:
        return array
    absent = (weights == 0).reshape(-1, *[1] * (array.ndim - 1))
    return jnp.where(absent, array[jnp.argmax(weights > 0)], array)
