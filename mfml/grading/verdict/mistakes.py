"""Known mistakes: recognize outputs that a wrong variant of the answer explains better than the right one does.

Evidence is every check on which both the submission and the mistake's own reference returned a value. All visible
checks among these have to agree with the mistake, and one wrong check at least has to be explained. Hidden checks may
differ, since at an edge a mistake depends on how it was written, but no more of them than are explained. NaN and
infinity say nothing there. Where only hidden checks are wrong, these decide, too. What kind of number it is, and
whether one number has shape () or (1,), does not count.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from mfml.grading.run.values import Given, Key, Other
from mfml.grading.verdict import compare, diagnosis
from mfml.grading.verdict.result import CheckResult

LOOSE = 1e-5  # of the largest entry: two ways of writing the same mistake round differently


class Evidence(NamedTuple):
    """What speaks for a mistake."""

    explained: int  # wrong checks with the mistake's value
    agreeing: int  # all checks with the mistake's value


def known(exercise: dict[str, Any], checks: list[CheckResult], found: dict[str, dict[str, Any]]) -> str | None:
    """Return the sentence of the known mistake that explains most. Two that explain the same are both named."""
    if not any(check.state == "wrong" for check in checks):
        return _raised(exercise, checks, found)
    best: dict[str, Evidence] = {}
    for index, sentence in enumerate(exercise["mistakes"]):
        evidence = _evidence(exercise, checks, found, [one["mistakes"][index] for one in exercise["checks"]])
        if evidence and evidence >= max(best.values(), default=evidence):
            best = {s: e for s, e in best.items() if e == evidence} | {sentence: evidence}
    return " Or: ".join(list(best)[:2]) or None


def _evidence(
    exercise: dict[str, Any], checks: list[CheckResult], found: dict[str, dict[str, Any]], made: list[dict[str, Any]]
) -> Evidence | None:
    """Weigh what a mistake gave on each check against what the submission gave; None where it cannot be the mistake."""
    explained = agreeing = telling = against = 0
    only_hidden = not any(result.state == "wrong" and not result.hidden for result in checks)
    for check, result, one in zip(exercise["checks"], checks, made, strict=True):
        value = found[check["name"]]
        if "value" not in value or "value" not in one:
            if only_hidden and not check["hidden"] and check["call"] == "plain" and "value" in one:
                return None  # it fails where this mistake does not, and nothing visible speaks for the mistake
            continue
        if not _is_made(exercise, check, value["value"], one["value"]):
            if not check["hidden"] or (only_hidden and result.state == "wrong"):
                return None
            against += _finite(value["value"])
            continue
        agreeing += 1
        explains = result.state == "wrong" and not alike(exercise, check, value["value"], check["expected"])
        explained += explains
        telling += explains and check["call"] != "jit"  # which is the first check again
    return Evidence(explained, agreeing) if explained and telling >= against else None


def _raised(exercise: dict[str, Any], checks: list[CheckResult], found: dict[str, dict[str, Any]]) -> str | None:
    """Return the sentence of a mistake that raises where the submission does. Elsewhere both return the same."""
    visible = [i for i, check in enumerate(exercise["checks"]) if not check["hidden"] and check["call"] != "jit"]

    def does_as(place: int, made: dict[str, Any]) -> bool:
        check = exercise["checks"][place]
        value = found[check["name"]]
        if "value" in value and "value" in made:
            return _is_made(exercise, check, value["value"], made["value"])
        return _raises_as(value, made)

    for index, sentence in enumerate(exercise["mistakes"]):
        made = {i: exercise["checks"][i]["mistakes"][index] for i in visible}
        if any("error" in one for one in made.values()) and all(does_as(i, one) for i, one in made.items()):
            return str(sentence)
    return None


def _raises_as(outcome: dict[str, Any], made: dict[str, Any]) -> bool:
    error = outcome.get("error")
    return (
        "error" in made
        and isinstance(error, dict)
        and diagnosis.meaning(error.get("type", ""), error.get("message", ""))
        == diagnosis.meaning(made["error"], made.get("message", ""))
    )


def _is_made(exercise: dict[str, Any], check: dict[str, Any], found: Any, made: Any) -> bool:
    """Say whether an output is that of a mistake. Where signs of rows are free, vectors may stand in columns, too."""
    free = ("columns up to sign",) if exercise["compare"] == "up to sign" else ()
    return any(alike({**exercise, "compare": name}, check, found, made) for name in (exercise["compare"], *free))


def alike(exercise: dict[str, Any], check: dict[str, Any], found: Any, wanted: Any) -> bool:
    """Say whether two outputs have the same values."""
    try:
        a, b = _as_numbers(found), _as_numbers(wanted)
        return compare.difference(a, b, _looser(check["allowed"], b), _plain(exercise["compare"])) is None
    except (TypeError, ValueError, IndexError, KeyError, AttributeError):
        return False


def _finite(value: Any) -> bool:
    """Say whether an output consists of finite numbers."""
    if isinstance(value, dict | tuple | list):
        return all(map(_finite, value.values() if isinstance(value, dict) else value))
    number = _as_numbers(value)
    return isinstance(number, np.ndarray) and bool(np.isfinite(number).all())


def _as_numbers(value: Any) -> Any:
    """Turn all numbers into arrays of floats, those of one entry into numbers, and lists into tuples or arrays."""
    if isinstance(value, dict):
        return {name: _as_numbers(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return tuple(_as_numbers(one) for one in value)
    if value is None or isinstance(value, str | Key | Given | Other):
        return value
    array = np.asarray(value)
    array = array.reshape(()) if array.size == 1 else array
    return array if array.dtype.kind == "c" else array.astype(np.float64)


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
    finite = np.abs(array[np.isfinite(array)])
    return max(float(allowed) if isinstance(allowed, float) else 0.0, LOOSE * float(finite.max(initial=0.0)))
