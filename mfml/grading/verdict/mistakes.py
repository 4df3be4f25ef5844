"""Known mistakes: recognize outputs that equal those of a wrong variant on every check."""

from __future__ import annotations

from typing import Any

import numpy as np

from mfml.grading.run.values import Given, Key, Other
from mfml.grading.verdict import compare
from mfml.grading.verdict.result import CheckResult


def known(exercise: dict[str, Any], checks: list[CheckResult], found: dict[str, dict[str, Any]]) -> str | None:
    """Return the sentence of the first known mistake that gives the submission's outputs on every check."""
    if not any(check.state == "wrong" for check in checks):
        return None
    for index, sentence in enumerate(exercise["mistakes"]):
        if all(_equals(exercise, check, index, found[check["name"]]) for check in exercise["checks"]):
            return str(sentence)
    return None


def _equals(exercise: dict[str, Any], check: dict[str, Any], index: int, outcome: dict[str, Any]) -> bool:
    made = check["mistakes"][index]
    if "value" not in outcome or "value" not in made:
        error = outcome.get("error")
        return (
            "error" in made
            and isinstance(error, dict)
            and (check["call"] == "jit" or error.get("type") == made["error"])
        )
    allowed = _looser(check["allowed"], made["value"])
    try:
        return compare.difference(outcome["value"], made["value"], allowed, _plain(exercise["compare"])) is None
    except (TypeError, ValueError, IndexError, KeyError):
        return False


def _plain(names: Any) -> Any:
    """Replace comparisons that look for a property by `close`: a mistake is recognized by its values."""
    return "close" if isinstance(names, str) and ":" in names else names


def _looser(allowed: Any, value: Any) -> Any:
    """Return the allowed error for a mistake's output, whose scale and nesting may differ from the right one's."""
    if isinstance(value, dict):
        return {
            name: _looser(allowed.get(name, 0.0) if isinstance(allowed, dict) else 0.0, v) for name, v in value.items()
        }
    if isinstance(value, tuple | list):
        inner = allowed if isinstance(allowed, list) and len(allowed) == len(value) else [0.0] * len(value)
        return [_looser(a, v) for a, v in zip(inner, value, strict=True)]
    if value is None or isinstance(value, str | Key | Given | Other):
        return 0.0
    array = np.asarray(value)
    if array.dtype.kind not in "fc":
        return 0.0
    finite = np.abs(array[np.isfinite(array)])
    return max(float(allowed) if isinstance(allowed, float) else 0.0, 1e-5 * float(finite.max(initial=0.0)))
