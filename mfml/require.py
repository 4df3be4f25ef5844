"""Checks of arguments. Each raises ValueError that names what was found and what is needed.

They look at shapes and options only, so they run at trace time, cost nothing in compiled code, and work
under `jit` and `vmap`.
"""

from collections.abc import Collection
from typing import Any

import jax.numpy as jnp
from jax.typing import ArrayLike


def that(holds: bool, message: str) -> None:
    """Raise ValueError(message) unless the condition holds."""
    if not holds:
        raise ValueError(message)


def rank(name: str, value: ArrayLike, *ranks: int) -> None:
    """Require that an array has one of these numbers of axes."""
    if jnp.ndim(value) not in ranks:
        needed = " or ".join(map(str, ranks))
        raise ValueError(f"{name} must have {needed} axes; found shape {jnp.shape(value)}")


def same_shape(**arrays: ArrayLike) -> None:
    """Require that all named arrays have one shape."""
    if len({jnp.shape(a) for a in arrays.values()}) > 1:
        found = ", ".join(f"{name} {jnp.shape(a)}" for name, a in arrays.items())
        raise ValueError(f"{' and '.join(arrays)} must have the same shape; found {found}")


def same_length(**arrays: ArrayLike) -> None:
    """Require that all named arrays have the same number of entries along their first axis."""
    if len({jnp.shape(a)[:1] for a in arrays.values()}) > 1:
        found = ", ".join(f"{name} {jnp.shape(a)}" for name, a in arrays.items())
        raise ValueError(f"{' and '.join(arrays)} must have the same length; found {found}")


def square(name: str, matrix: ArrayLike) -> None:
    """Require a square matrix."""
    shape = jnp.shape(matrix)
    if len(shape) != 2 or shape[0] != shape[1]:
        raise ValueError(f"{name} must be a square matrix; found shape {shape}")


def between(name: str, value: int | float, low: int | float, high: int | float) -> None:
    """Require low <= value <= high, for a static Python number."""
    if not low <= value <= high:
        raise ValueError(f"{name} must be between {low} and {high}; found {value}")


def positive(name: str, value: int | float) -> None:
    """Require value > 0, for a static Python number."""
    if not value > 0:
        raise ValueError(f"{name} must be positive; found {value}")


def one_of(name: str, value: Any, options: Collection[Any]) -> None:
    """Require that an option is one of those known."""
    if value not in options:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, options))}; found {value!r}")
