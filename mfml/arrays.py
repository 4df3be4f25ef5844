"""Numbers from outside become arrays: from NumPy, lists, data frames with gaps, masked arrays, and numbers alone."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array


def as_array(name: str, value: Any) -> Array:
    """Return numbers as an array. Integers become signed and wide, so that sums and differences do not wrap around.

    Integers beyond the range of 32 bits become floats where JAX has no wider ones.

    >>> as_array("x", np.array([200, 100], np.uint8)).dtype
    dtype('int32')

    Raises:
        ValueError: if the value is no array of numbers.
    """
    inside = isinstance(value, jax.Array)
    if not inside:
        value = _from_outside(name, value)
    if value.dtype.kind not in "iu":
        return value if inside else jnp.asarray(value)
    wide = jnp.dtype(jnp.result_type(int))
    seen = not inside or (value.dtype.kind == "u" and not isinstance(value, jax.core.Tracer))
    if (
        seen
        and value.dtype.itemsize >= wide.itemsize
        and np.any(np.abs(np.asarray(value).astype(float)) > np.iinfo(wide).max)
    ):
        return jnp.asarray(value.astype(jnp.result_type(float)))
    return value if inside and value.dtype.kind == "i" and value.dtype.itemsize >= 4 else jnp.asarray(value, wide)


def as_float(name: str, value: Any) -> Array:
    """Return numbers as a floating array; what is floating already keeps its precision.

    >>> as_float("x", [[1, True]]).tolist()
    [[1.0, 1.0]]

    Raises:
        ValueError: if the value is no array of real numbers.
    """
    inside = isinstance(value, jax.Array)
    if not inside:
        value = _from_outside(name, value)
    if value.dtype.kind == "f" or jnp.issubdtype(value.dtype, jnp.floating):  # bfloat16 is of no kind that NumPy knows
        return value if inside else jnp.asarray(value)
    if value.dtype.kind not in "biu":
        raise ValueError(f"{name} must be an array of real numbers; found dtype {value.dtype}")
    # NumPy converts before JAX sees the array: JAX would cut 64-bit integers down to 32 bits first
    return jnp.asarray(value.astype(jnp.result_type(float)))


def as_int(name: str, value: Any) -> Array:
    """Return whole numbers as an integer array.

    >>> as_int("labels", [0.0, 2.0]).tolist()
    [0, 2]

    Raises:
        ValueError: if the value is no array of whole numbers, they do not fit into 32 bits (64 in double precision), or
            they are floats within compiled code.
    """
    array = as_array(name, value)
    if array.dtype.kind in "iu":
        return array
    known = not isinstance(array, jax.core.Tracer)
    if array.dtype.kind == "b" or (known and array.dtype.kind == "f" and np.all(np.asarray(array) % 1 == 0)):
        if array.dtype.kind == "f":
            _refuse_large(name, np.ravel(array))
        return array.astype(int)
    raise ValueError(f"{name} must be whole numbers; found {array.dtype if not known else np.ravel(array)[:3]}")


def _refuse_large(name: str, numbers: np.ndarray) -> None:
    """Refuse floats that the widest integers do not hold: a conversion would make others of them."""
    bits = 8 * jnp.dtype(jnp.result_type(int)).itemsize
    large = numbers[np.abs(numbers) >= 2.0 ** (bits - 1)]
    if large.size:
        raise ValueError(f"{name} must be whole numbers that fit into {bits} bits; found {large[0]:.10g}")


def _from_outside(name: str, value: Any) -> Any:
    """Return what JAX did not make as an array: a NumPy array, or one of JAX if tracers are in a list."""
    if isinstance(value, np.ma.MaskedArray):
        value = np.ma.filled(value.astype(float), np.nan)
    elif hasattr(value, "to_numpy"):  # a data frame or one of its columns
        value = _from_frame(value)
    elif any(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(value)):
        return jnp.asarray(value)
    try:
        array = np.asarray(value)
        if array.dtype == object and value is not None and not any(isinstance(entry, str) for entry in array.flat):
            array = array.astype(float)  # None within a list is a gap
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be an array of numbers; found {shown(value)}") from error
    if not jnp.issubdtype(array.dtype, jnp.number) and array.dtype != bool:
        raise ValueError(f"{name} must be an array of numbers; found {shown(value)}")
    python_float = isinstance(value, (float, list, tuple)) and array.dtype == float
    return array.astype(jnp.result_type(float)) if python_float else array


def _from_frame(frame: Any) -> np.ndarray:
    """Return a frame's numbers; its gaps are NaN."""
    try:
        return frame.to_numpy(dtype=float, na_value=np.nan) if hasattr(frame, "isna") else frame.to_numpy()
    except (TypeError, ValueError):
        return frame.to_numpy()


def shown(value: Any) -> str:
    """Return a value and its type for a message, cut to some 60 characters."""
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({type(value).__name__})"
