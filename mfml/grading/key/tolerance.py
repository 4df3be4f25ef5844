"""The error that an answer may have, from its dtype, size and conditioning."""

from __future__ import annotations

from typing import Any

import numpy as np

from mfml.grading.run.values import Given, Key


def given(y: Any, rtol: float, atol: float) -> Any:
    """Return `atol + rtol max|y|` for each array of an expected output, nested as it is."""
    return _map(lambda one, _: atol + rtol * _largest(one), y, y)


def from_precision(y: Any, y64: Any) -> Any:
    """Return `64 eps max|y64| + 16 max|y - y64|` for each array of an expected output, nested as it is.

    Raises ValueError if float32 and float64 disagree, since the bound would then say nothing.
    """
    return _map(_bound, y, y64)


def _bound(y: Any, y64: Any) -> float:
    y, y64 = np.asarray(y), np.asarray(y64)
    if y.dtype.kind not in "fc":
        return 0.0
    single = y.astype(np.float32) if y.dtype == np.float64 else y
    scale, gap = _largest(y64), _largest(np.where(y == y64, 0, y - y64))
    if gap > 1e-2 * max(scale, 1e-30) and gap > 1e-4:
        raise ValueError(f"float32 and float64 differ by {gap:.1e}: set rtol or atol")
    return float(64 * np.finfo(single.dtype).eps * max(scale, np.finfo(np.float32).tiny) + 16 * gap)


def _largest(y: Any) -> float:
    y = np.abs(np.asarray(y))
    y = y[np.isfinite(y)]
    return float(y.max(initial=0.0))


def _map(bound: Any, a: Any, b: Any) -> Any:
    """Apply `bound` to the numbers and arrays of two values that are nested alike."""
    if isinstance(a, dict):
        return {name: _map(bound, a[name], b[name]) for name in a}
    if isinstance(a, tuple | list):
        return [_map(bound, x, y) for x, y in zip(a, b, strict=True)]
    return 0.0 if a is None or isinstance(a, str | Key | Given) else bound(a, b)
