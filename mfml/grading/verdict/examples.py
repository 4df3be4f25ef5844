"""Examples: a failed check as a call that the student can paste."""

from __future__ import annotations

from typing import Any

import numpy as np

from mfml.grading.run.values import Given, Key, given_names

EXAMPLE_LENGTH = 400
_COMMON = ("bool", "int32", "int64", "float32", "float64", "complex64", "complex128")


def call(name: str, check: dict[str, Any]) -> str:
    """Write a failed check as lines to run below a sheet, with what they should give. Empty if that would be long.

    Arguments go by position, as in grading, since a student may rename parameters.
    """
    text = f"{_call(name, check)}\n# should give {_literal(check['expected'])}"
    given = ", ".join(sorted(given_names(check["inputs"])))
    needed = f"from exercises.given import {given}\n" if given else ""
    return needed + text if len(text) <= EXAMPLE_LENGTH else ""


def _call(name: str, check: dict[str, Any]) -> str:
    """Write the call: plain, or of `jax.jit`, `jax.vmap` or `jax.grad` with the arguments that these look at."""
    inputs, kind = check["inputs"], check["call"]
    if kind == "plain":
        return f"{name}({', '.join(map(_argument, inputs.values()))})"
    moving = [one for one, value in inputs.items() if not _is_static(value)] if kind == "jit" else list(check["over"])
    function = name
    if moving != list(inputs):  # the others stay as they are
        arguments = ", ".join(one if one in moving else _argument(value) for one, value in inputs.items())
        function = f"lambda {', '.join(moving)}: {name}({arguments})"
    several = f", argnums={tuple(range(len(moving)))}" if kind == "grad" and len(moving) > 1 else ""
    return f"jax.{kind}({function}{several})({', '.join(_argument(inputs[one]) for one in moving)})"


def _argument(value: Any) -> str:
    """Write an argument. An array of shape () stays one, since a Python number can do more, such as index a list."""
    text = _literal(value)
    return f"jnp.array({text})" if isinstance(value, np.ndarray) and text[:4] != "jnp." else text


def _is_static(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | str | Given)


def _numbers(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_numbers, value))}]"
    if isinstance(value, float) and np.isfinite(value):
        short = f"{value + 0.0:.6g}"  # a negative zero looks like a mistake, and is none
        return short if set(short) & set(".e") else f"{short}.0"
    return {"inf": "jnp.inf", "-inf": "-jnp.inf", "nan": "jnp.nan"}.get(str(value), str(value))


def _literal(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, float):
        return _numbers(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {_literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, Key):
        impl = "" if value.impl == "threefry2x32" else f", impl={value.impl!r}"
        return f"jax.random.wrap_key_data({_array(value.data)}{impl})"
    if isinstance(value, Given):
        return value.name
    if isinstance(value, tuple | list):
        inside = ", ".join(map(_literal, value))
        return f"[{inside}]" if isinstance(value, list) else f"({inside},)" if len(value) == 1 else f"({inside})"
    return repr(value)


def _array(value: np.ndarray) -> str:
    """Write an array so that its shape and dtype come back; the common dtypes come from its numbers."""
    if not value.size:
        return f"jnp.zeros({value.shape}, {value.dtype.name!r})"
    if value.ndim == 0 and value.dtype.name in _COMMON:
        return _numbers(value.tolist())
    dtype = "" if value.dtype.name in _COMMON else f", {value.dtype.name!r}"
    return f"jnp.array({_numbers(value.tolist())}{dtype})"
