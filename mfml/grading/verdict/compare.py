"""Comparisons of an output with the expected one, by name. NumPy only: the judge loads no JAX.

A comparison takes (found, expected, allowed) for one array and returns a `Difference`, or None if they
agree. `difference` walks tuples, lists and dicts, checks type, shape and dtype, and then compares. Where an array is
needed, a list or tuple of numbers is one.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from mfml.grading.run.values import Given, Key, Other

KINDS = {"f": "floats", "i": "integers", "u": "integers", "b": "True and False", "c": "complex numbers"}


class Difference(NamedTuple):
    """What separates an output from the expected one."""

    kind: str  # type, shape, dtype, nan, value
    message: str


def exists(name: str) -> bool:
    """Say whether a comparison of this name exists: one of `COMPARISONS`, or "mfml.module:function"."""
    return name in COMPARISONS or (name.startswith("mfml.") and ":" in name)


def difference(
    found: Any,
    expected: Any,
    allowed: Any,
    compare: str | tuple[str, ...] = "close",
    inputs: Any = None,
    at: str = "",
) -> Difference | None:
    """Compare an output with the expected one. Returns None if they agree within the allowed error.

    Args:
        found: the output: arrays, numbers and strings in tuples, lists and dicts.
        expected: what it should be.
        allowed: the largest error, nested as `expected` is.
        compare: the name of the comparison; a tuple of names for a tuple of outputs.
        inputs: the arguments, for comparisons that look at them too.
        at: the place within the output, for the message.
    """
    if isinstance(compare, str) and ":" in compare:
        module, name = compare.split(":")
        text = getattr(import_module(module), name)(inputs, found)
        return Difference("value", text) if text else None
    where = f" in {at}" if at else ""
    if isinstance(expected, tuple | list | dict):
        return _container_difference(found, expected, allowed, compare, inputs, at)
    if expected is None or isinstance(expected, str | Key | Given | Other):
        same = type(found) is type(expected) and found == expected
        return None if same else Difference("value", f"found {_shown(found)}{where}, expected {_shown(expected)}")
    found = _stacked(found, np.shape(expected))
    if isinstance(found, tuple | list | dict | str | Key | Given | Other) or found is None:
        return Difference("type", f"found {describe(found)}{where}; needed is {describe(expected)}")
    return _array_difference(np.asarray(found), np.asarray(expected), allowed, str(compare), where)


def _stacked(found: Any, shape: tuple[int, ...]) -> Any:
    """Take a list or tuple of numbers, or of such lists, for an array if its shape is this one."""
    if not isinstance(found, tuple | list) or len(found) != (shape or (None,))[0]:
        return found
    stacked = [_stacked(one, shape[1:]) for one in found]
    rows = [np.asarray(one) for one in stacked if isinstance(one, np.ndarray | np.generic | bool | int | float)]
    fits = len(rows) == len(found) and all(row.shape == shape[1:] and row.dtype.kind in KINDS for row in rows)
    return np.stack(rows) if rows and fits else found


def _container_difference(
    found: Any, expected: Any, allowed: Any, compare: Any, inputs: Any, at: str
) -> Difference | None:
    sequences = isinstance(expected, tuple | list) and isinstance(found, tuple | list)
    if not (sequences or (isinstance(expected, dict) and isinstance(found, dict))):
        return Difference("type", f"found {describe(found)}; needed is {describe(expected)}")
    if len(found) != len(expected) or (isinstance(expected, dict) and set(found) != set(expected)):
        return Difference("type", f"found {describe(found)}; needed is {describe(expected)}")
    names = list(expected) if isinstance(expected, dict) else range(len(expected))
    for place, name in enumerate(names):
        one = compare if isinstance(compare, str) else compare[place]
        within = f"{at}[{name!r}]" if at else f"output {name!r}" if isinstance(name, str) else f"output {name}"
        wrong = difference(found[name], expected[name], allowed[name], one, inputs, within)
        if wrong:
            return wrong
    return None


def _array_difference(
    found: np.ndarray, expected: np.ndarray, allowed: float, compare: str, where: str
) -> Difference | None:
    if found.shape != expected.shape:
        return Difference("shape", f"found shape {found.shape}{where}, needed is {expected.shape}")
    kinds = [KINDS.get(a.dtype.kind, str(a.dtype)) for a in (found, expected)]
    if kinds[0] != kinds[1]:
        return Difference("dtype", f"found {kinds[0]} ({found.dtype}){where}, needed are {kinds[1]} ({expected.dtype})")
    if expected.size == 0:
        return None
    if np.isnan(found).any() and not np.isnan(expected).any():
        place = tuple(int(i) for i in np.argwhere(np.isnan(found))[0])
        return Difference("nan", f"found NaN{where}{_at(place)}, where a finite number is needed")
    wrong = COMPARISONS[compare](found, expected, float(allowed))
    return Difference("value", wrong.message + where) if wrong else None


def describe(value: Any) -> str:
    """Say in a few words what a value is: "an array of shape (3,)", "a list of 3"."""
    if isinstance(value, Other):
        return f"a value of type {value.type}"
    if isinstance(value, Key):
        return "a PRNG key" if value.data.ndim < 2 else f"{len(value.data)} PRNG keys"
    if isinstance(value, Given):
        return f"the function {value.name}"
    if isinstance(value, tuple | list | dict):
        kind = {tuple: "tuple", list: "list", dict: "dict"}[type(value)]
        inside = f" with the keys {_cut(sorted(value))}" if isinstance(value, dict) else f" of {len(value)}"
        return f"a {kind}{inside}"
    if isinstance(value, str):
        return "a str"
    array = np.asarray(value)
    if array.ndim:
        return f"an array of shape {array.shape}"
    return "None" if value is None else "True or False" if array.dtype == bool else "a number"


def _shown(value: Any) -> str:
    return _cut(value) if isinstance(value, str) else describe(value)


def _cut(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}..."


def _at(place: tuple[int, ...]) -> str:
    return f" at [{', '.join(map(str, place))}]" if place else ""


def close(found: np.ndarray, expected: np.ndarray, allowed: float) -> Difference | None:
    """Require a largest absolute error of at most `allowed`, with infinities and NaN at the same places."""
    if expected.dtype.kind in "biu":
        error = (found != expected).astype(float)
    else:
        wide = np.complex128 if expected.dtype.kind == "c" else np.float64
        a, b = found.astype(wide), expected.astype(wide)
        same = (a == b) | (np.isnan(a) & np.isnan(b))
        with np.errstate(invalid="ignore", over="ignore"):
            error = np.where(same, 0.0, np.abs(a - b))
        error = np.where(np.isnan(error), np.inf, error)
    if error.max() <= (0 if expected.dtype.kind in "biu" else allowed):
        return None
    place = tuple(int(i) for i in np.unravel_index(np.argmax(error), error.shape))
    values = f"found {_number(found[place])}, expected {_number(expected[place])}"
    if expected.dtype.kind in "biu":
        share = f" ({int(error.sum())} of {error.size} entries differ)" if error.size > 1 else ""
        return Difference("value", f"{values}{_at(place)}{share}")
    return Difference("value", f"largest error {error.max():.1e}{_at(place)} ({values}); allowed {allowed:.1e}")


def _number(value: np.generic) -> str:
    return f"{value:.6g}" if value.dtype.kind == "f" else str(value)


def rows_up_to_sign(found: np.ndarray, expected: np.ndarray, allowed: float) -> Difference | None:
    """Compare as `close` does, after giving each row (or the whole vector) its expected sign."""
    with np.errstate(invalid="ignore", over="ignore"):
        sign = np.sign(np.sum(found * expected, axis=-1, keepdims=True))
    return close(np.where(np.abs(sign) == 1, sign, 1).astype(found.dtype) * found, expected, allowed)


def columns_up_to_sign(found: np.ndarray, expected: np.ndarray, allowed: float) -> Difference | None:
    """Compare as `close` does, after giving each column its expected sign."""
    return rows_up_to_sign(found.T, expected.T, allowed)


def same_subspace(found: np.ndarray, expected: np.ndarray, allowed: float) -> Difference | None:
    """Require that the columns span the same subspace: no entry of the projectors differs by more than `allowed`."""
    if not np.isfinite(found).all():
        return Difference("nan", "found non-finite numbers")
    projectors = []
    for matrix in (found, expected):
        u, s, _ = np.linalg.svd(matrix.astype(np.float64), full_matrices=False)
        u = u[:, s > 1e-6 * s.max(initial=1e-300)]
        projectors.append(u @ u.T)
    error = np.abs(projectors[0] - projectors[1]).max()
    if error <= allowed:
        return None
    return Difference("value", f"the columns span another subspace (projectors differ by {error:.1e})")


def any_order(found: np.ndarray, expected: np.ndarray, allowed: float) -> Difference | None:
    """Compare rows (or entries of a vector) as `close` does, after matching them to the expected ones one by one."""
    left = list(range(len(found)))
    order = []
    for row in expected:
        distances = [np.abs(found[i].astype(np.float64) - row).max() for i in left]
        order.append(left.pop(int(np.argmin(distances))))
    return close(found[order], expected, allowed)


COMPARISONS: dict[str, Callable[[np.ndarray, np.ndarray, float], Difference | None]] = {
    "close": close,
    "up to sign": rows_up_to_sign,
    "columns up to sign": columns_up_to_sign,
    "same subspace": same_subspace,
    "any order": any_order,
}
