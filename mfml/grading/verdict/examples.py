"""Examples: a failed check as a call that the student can paste."""

from __future__ import annotations

from typing import Any

import numpy as np

from mfml.grading.run.values import Given, Key

EXAMPLE_LENGTH = 400


def call(name: str, check: dict[str, Any]) -> str:
    """Write a failed check as a call with what it should give. Empty if that would be long."""
    arguments = ", ".join(f"{parameter}={_literal(value)}" for parameter, value in check["inputs"].items())
    made = f"{name}({arguments})"
    if check["call"] == "grad":
        made = f"gradient of {made} in {', '.join(check['over'])}"
    text = f"{made}\n# should give {_literal(check['expected'])}"
    return text if len(text) <= EXAMPLE_LENGTH else ""


def _numbers(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_numbers, value))}]"
    if isinstance(value, float) and np.isfinite(value):
        short = f"{value:.6g}"
        return short if set(short) & set(".e") else f"{short}.0"
    return f"jnp.{value}" if isinstance(value, float) else str(value)


def _literal(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"jnp.array({_numbers(value.tolist())})" if value.ndim else _numbers(value.tolist())
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {_literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, Key):
        return f"jax.random.wrap_key_data({_literal(value.data.astype(np.int64))})"
    if isinstance(value, Given):
        return value.name
    if isinstance(value, tuple | list):
        inside = ", ".join(map(_literal, value))
        return f"[{inside}]" if isinstance(value, list) else f"({inside},)" if len(value) == 1 else f"({inside})"
    return repr(value)
