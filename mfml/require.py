"""Checks of arguments. Each raises ValueError that names what was found and what is needed.

They look at shapes and options only, so they run at trace time, cost nothing in compiled code, and work
under `jit` and `vmap`.
"""

from collections.abc import Collection
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array


def that(holds: bool, message: str) -> None:
    """Raise ValueError(message) unless the condition holds."""
    if not holds:
        raise ValueError(message)


def rank(name: str, value: ArrayLike, *ranks: int) -> None:
    """Require that an array has one of these numbers of axes."""
    if jnp.ndim(value) not in ranks:
        needed = " or ".join(map(str, ranks))
        raise ValueError(f"{name} must have {needed} axes; found shape {jnp.shape(value)}")


def boolean(name: str, mask: ArrayLike, *, where: str) -> Array:
    """Require a mask that is True `where`, and return it. Of integers, 1 means True.

    Floats are refused: to add a mask of 0 and -1e9 to logits is common elsewhere, and 0 stands for True there.
    """
    found = jnp.asarray(mask)
    that(found.dtype.kind in "biu", f"{name} must be boolean, True where {where}; found dtype {found.dtype}")
    return found == 1


def broadcasts(name: str, value: ArrayLike, shape: tuple[int, ...]) -> None:
    """Require that an array broadcasts to a shape."""
    found = jnp.shape(value)
    fits = len(found) <= len(shape) and all(m in (1, s) for m, s in zip(found[::-1], shape[::-1], strict=False))
    that(fits, f"{name} must broadcast to {shape}; found shape {found}")


def known(holds: ArrayLike, message: str) -> None:
    """Raise ValueError(message) where a condition on values does not hold; a traced one cannot be seen, and passes."""
    that(isinstance(holds, jax.core.Tracer) or bool(jnp.all(holds)), message)


def same_shape(**named: ArrayLike | None) -> None:
    """Require that all named arrays have one shape; None stands for an argument that was not given."""
    arrays = {name: array for name, array in named.items() if array is not None}
    if len({jnp.shape(a) for a in arrays.values()}) > 1:
        found = ", ".join(f"{name} {jnp.shape(a)}" for name, a in arrays.items())
        raise ValueError(f"{' and '.join(arrays)} must have the same shape; found {found}")


def same_length(**named: ArrayLike | tuple[ArrayLike, int] | None) -> None:
    """Require that named arrays have the same number of entries along an axis.

    Each is given as an array (its first axis counts), or as a pair of an array and an axis: `x=(x, 1), mean=mean`.
    None stands for an argument that was not given.
    """
    arrays = {name: value for name, value in named.items() if value is not None}
    pairs = {name: value if isinstance(value, tuple) else (value, 0) for name, value in arrays.items()}
    shapes = {name: jnp.shape(array) for name, (array, _) in pairs.items()}
    axes = {name: axis % max(len(shapes[name]), 1) for name, (_, axis) in pairs.items()}
    if len({shapes[name][axis : axis + 1] for name, axis in axes.items()}) > 1:
        found = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        where = "" if not any(axes.values()) else " along " + ", ".join(f"axis {a} of {n}" for n, a in axes.items())
        raise ValueError(f"{' and '.join(arrays)} must have the same length{where}; found {found}")


def samples(x: ArrayLike, y: ArrayLike, weights: ArrayLike | None = None) -> None:
    """Require one target per sample, one weight per sample where weights are given, and at least one sample."""
    rank("y", y, 1)
    if weights is not None:
        rank("weights", weights, 1)
    same_length(x=x, y=y, weights=weights)
    that(jnp.size(y) > 0, f"y must have at least one entry; found shape {jnp.shape(y)}")


def columns(name: str, value: ArrayLike, needed: int) -> None:
    """Require that what a fitted model is asked with has as many columns as what it was fitted on."""
    shape = jnp.shape(value)
    if not shape or shape[-1] != needed:
        raise ValueError(f"{name} must have {needed} columns, as in the fit of the model; found shape {shape}")


def n_classes(y: ArrayLike, given: int | None) -> int:
    """Number of classes of integer labels 0, 1, ...: the given number, otherwise one more than the largest label.

    Raises:
        ValueError: if it is not given and the labels are not known yet (in compiled code), and for labels that are
            negative, too large or no integers, or n_classes < 1.
    """
    if given is not None:
        positive("n_classes", given)
    if isinstance(y, jax.core.Tracer):
        that(given is not None, "give n_classes within jit, vmap and grad: the labels are not known there")
        return int(given or 0)
    labels = np.asarray(y)
    that(labels.size > 0, f"y must have at least one label; found shape {labels.shape}")
    that(labels.dtype.kind in "biuf", f"labels must be the integers 0, 1, ...; found dtype {labels.dtype}")
    broken = labels[labels != np.floor(np.where(np.isfinite(labels), labels, 0.5))]
    that(broken.size == 0, f"labels must be the integers 0, 1, ...; found {broken[:1]}")
    low, high = labels.min(), labels.max()
    that(bool(low >= 0), f"labels must be the integers 0, 1, ...; found {low}")
    needed = max(2, int(high) + 1)
    that(given is None or needed <= max(2, given), f"labels must be below n_classes = {given}; found {high}")
    return needed if given is None else given


def square(name: str, matrix: ArrayLike) -> None:
    """Require a square matrix."""
    shape = jnp.shape(matrix)
    if len(shape) != 2 or shape[0] != shape[1]:
        raise ValueError(f"{name} must be a square matrix; found shape {shape}")


def between(name: str, value: int | float, low: int | float, high: int | float) -> None:
    """Require low <= value <= high, for a static Python number."""
    if not low <= value <= high:
        raise ValueError(f"{name} must be between {low} and {high}; found {value}")


def shape(name: str, value: Any) -> None:
    """Require a tuple of sizes of at least one axis, none of them negative; the first may not be 0."""
    fits = isinstance(value, tuple | list) and len(value) > 0 and all(isinstance(n, int | np.integer) for n in value)
    that(fits and value[0] > 0 and min(value) >= 0, f"{name} must be a tuple (n, ...) of sizes; found {value!r}")


def positive(name: str, value: int | float) -> None:
    """Require value > 0, for a static Python number."""
    if not value > 0:
        raise ValueError(f"{name} must be positive; found {value}")


def parameters(module: Any, *names: str) -> None:
    """Require that a flax module, when it is applied, has these parameters; with other fields it has others."""
    lacking = [name for name in names if name not in module.variables.get("params", {})]
    that(
        module.is_initializing() or not lacking,
        f"params must have {', '.join(lacking)}, as the module's fields ask for",
    )


def flags(**named: bool) -> None:
    """Require True or False for each: any other value would count as one of them in silence."""
    for name, value in named.items():
        that(isinstance(value, (bool, np.bool_)), f"{name} must be True or False; found {value!r}")


def sizes(**named: int | None) -> None:
    """Require positive whole numbers; None stands for an argument that was not given."""
    for name, value in named.items():
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value > 0
        that(value is None or whole, f"{name} must be a positive whole number; found {value!r}")


def one_of(name: str, value: Any, options: Collection[Any]) -> None:
    """Require that an option is one of those known."""
    if value not in options:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, options))}; found {value!r}")


def rule_or_values(name: str, value: Any, rules: Collection[str], shape: tuple[int, ...]) -> bool:
    """Require that an option names a rule, or holds values of this shape; return whether it holds values."""
    if isinstance(value, str):
        one_of(name, value, rules)
        return False
    found = np.shape(value) if hasattr(value, "__len__") else type(value).__name__
    known = ", ".join(map(repr, rules))
    that(found == shape, f"{name} must be one of {known}, or values of shape {shape}; found {found}")
    return True
