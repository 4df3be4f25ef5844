"""Numeric symptoms: what separates a wrong output from the right one in many exercises, said as a question.

A relation such as "1.4427 times the right one" has to hold on every visible check that returned numbers. It is looked
for only where no known mistake of the exercise matches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations
from math import e, log, pi, sqrt
from typing import Any, NamedTuple

import numpy as np

from mfml.grading.run.values import Given, Key, Other
from mfml.grading.verdict.result import CheckResult

RTOL = 2e-4
FACTORS = {
    -1.0: "is a sign the wrong way round?",
    2.0: "is there a factor 2 too many, or a 1/2 missing?",
    0.5: "is a factor 2 missing, or a 1/2 too many?",
    -2.0: "are a sign and a factor 2 wrong?",
    -0.5: "are a sign and a factor 1/2 wrong?",
    1 / log(2): "bits instead of nats (log2 instead of ln)?",
    log(2): "nats instead of bits (ln instead of log2)?",
    1 / log(10): "log10 instead of ln?",
    180 / pi: "degrees instead of radians?",
    pi / 180: "radians instead of degrees?",
    2 * pi: "is a factor 2 pi too many, or is its inverse missing?",
    1 / (2 * pi): "is a factor 2 pi missing?",
    sqrt(2 * pi): "is the factor sqrt(2 pi) of the density missing?",
    1 / sqrt(2 * pi): "is there a factor sqrt(2 pi) too many?",
    e: "is there a factor e too many?",
    1000.0: "is there a factor 1000 of a unit too many?",
    0.001: "is a factor 1000 of a unit missing?",
}
BESIDES = {
    -1.0: "a sign is the wrong way round.",
    2.0: "there is a factor 2 too many, or a 1/2 is missing.",
    0.5: "a factor 2 is missing, or there is a 1/2 too many.",
    -2.0: "a sign and a factor 2 are wrong.",
    -0.5: "a sign and a factor 1/2 are wrong.",
}
CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "It is the square root of the right answer: is one root too many?": np.sqrt,
    "It is the square of the right answer: is a root missing?": np.square,
    "It is the logarithm of the right answer: is an exponential missing?": np.log,
    "It is the exponential of the right answer: is a logarithm missing?": np.exp,
    "It is the inverse of the right answer, 1/y: are numerator and denominator swapped?": lambda y: 1 / y,
    "It is 1 minus the right answer: is it the complement?": lambda y: 1 - y,
    "It is the magnitude of the right answer: is the sign lost?": np.abs,
    "It is the right answer plus 1: is it off by one?": lambda y: y + 1,
    "It is the right answer minus 1: is it off by one?": lambda y: y - 1,
    "It is the transpose of the right answer: are rows and columns swapped?": lambda y: y.T,
    "It is the right answer in reverse order: is the order the other way round?": lambda y: y[::-1],
    "It is the sum of the right entries: is a sum too many?": np.sum,
    "It is the mean of the right entries: is a mean too many?": np.mean,
    "It is the running sum of the right entries: is a cumulative sum too many?": np.add.accumulate,
}


class Pair(NamedTuple):
    """What a check gave, what it should have given, and the lengths of the axes of its arguments."""

    found: Any
    expected: Any
    lengths: dict[str, int]


def question(exercise: dict[str, Any], checks: list[CheckResult], found: dict[str, dict[str, Any]]) -> str | None:
    """Return a question that names what separates the outputs from the right ones, or None."""
    seen = [
        (check, found[check["name"]]["value"], result.state)
        for check, result in zip(exercise["checks"], checks, strict=True)
        if not check["hidden"] and check["call"] in ("plain", "vmap") and "value" in found[check["name"]]
    ]
    if not any(state == "wrong" for _, _, state in seen):
        return None
    with np.errstate(all="ignore"):
        pairs = [Pair(value, check["expected"], _lengths(check["inputs"])) for check, value, _ in seen]
        several = all(isinstance(pair.expected, tuple) for pair in pairs)
        return (_of_several(pairs) if several else _of_one(pairs)) or _beside_a_mistake(exercise, seen)


def _beside_a_mistake(exercise: dict[str, Any], seen: list[tuple[dict[str, Any], Any, str]]) -> str | None:
    """Two things at once: a known mistake, and a sign or a factor 2. An answer that is only imprecise has neither."""
    if all(_close(value, check["expected"]) for check, value, _ in seen):
        return None
    for index, sentence in enumerate(exercise.get("mistakes", ())):
        made = [check["mistakes"][index] for check, _, _ in seen]
        if all("value" in one for one in made) and not all(
            _close(one["value"], check["expected"]) for one, (check, _, _) in zip(made, seen, strict=True)
        ):
            pairs = [_numbers(Pair(value, one["value"], {})) for (_, value, _), one in zip(seen, made, strict=True)]
            given = [pair for pair in pairs if pair is not None]
            for factor, said in BESIDES.items() if len(given) == len(pairs) else ():
                predicted = [factor * pair.expected for pair in given]
                whole = all((one % 1 == 0).all() for one in predicted)  # small whole numbers agree by chance
                if _holds(given, predicted, distinct=4 if whole else 2):
                    return f"{sentence} Besides, {said}"
    return None


def _of_several(pairs: list[Pair]) -> str | None:
    """Outputs that are tuples: swapped, or one of them off."""
    count = len(pairs[0].expected)
    if not all(isinstance(pair.found, tuple | list) and len(pair.found) == count for pair in pairs):
        return None
    wrong = [i for i in range(count) if not all(_close(p.found[i], p.expected[i]) for p in pairs)]
    if len(wrong) > 1 and count <= 5 and any(_in_order(pairs, order) for order in permutations(range(count))):
        what = "two outputs are swapped" if count == 2 else "outputs are in another order"
        return f"Your {what}: is the order of the tuple that of the docstring?"
    if len(wrong) != 1:
        return None
    said = _of_one([Pair(p.found[wrong[0]], p.expected[wrong[0]], p.lengths) for p in pairs])
    return f"Output {wrong[0]}: {said}" if said else None


def _in_order(pairs: list[Pair], order: tuple[int, ...]) -> bool:
    """Say whether the outputs are the right ones in this order."""
    return all(_close(pair.found[i], pair.expected[k]) for pair in pairs for i, k in enumerate(order))


def _of_one(pairs: list[Pair]) -> str | None:
    if all(isinstance(p.found, tuple | list) and len(p.found) == 1 and _close(p.found[0], p.expected) for p in pairs):
        return "It is the right answer within a tuple or list: is a comma at its end, or a bracket, too many?"
    numbers = [_numbers(pair) for pair in pairs]
    if any(one is None for one in numbers):
        return None
    given = [one for one in numbers if one is not None]
    return next(_relations(given), None)


class Numbers(NamedTuple):
    """A pair of arrays."""

    found: np.ndarray
    expected: np.ndarray
    lengths: dict[str, int]


def _numbers(pair: Pair) -> Numbers | None:
    try:
        found, expected = (np.asarray(one) for one in (pair.found, pair.expected))
        if found.dtype.kind not in "fiub" or expected.dtype.kind not in "fiu":
            return None
        return Numbers(found.astype(float), expected.astype(float), pair.lengths)
    except (TypeError, ValueError):
        return None


def _relations(pairs: list[Numbers]) -> Iterator[str]:
    """Yield a sentence for every relation that holds on all pairs, the likeliest first."""
    for factor, asked in FACTORS.items():
        if _holds(pairs, [factor * pair.expected for pair in pairs]):
            yield f"Your answer is {factor:.5g} times the right one: {asked}"
    for name in dict.fromkeys(name for pair in pairs for name in pair.lengths):
        if all(pair.lengths.get(name, 0) > 1 for pair in pairs):
            yield from _counted(pairs, name)
    for said, change in CHANGES.items():
        if _holds(pairs, [_applied(change, pair.expected) for pair in pairs]):
            yield said
    if all(pair.found.ndim > pair.expected.ndim and _close(np.squeeze(pair.found), pair.expected) for pair in pairs):
        yield "It is the right answer with one more axis: is `keepdims` or a `[:, None]` too many?"


def _counted(pairs: list[Numbers], name: str) -> Iterator[str]:
    """Factors of the number n of entries along an axis."""
    n = [pair.lengths[name] for pair in pairs]
    for factors, said in (
        (n, f"n times the right one, n = {name}: a sum instead of a mean?"),
        ([1 / k for k in n], f"the right one divided by n = {name}: a mean instead of a sum?"),
        ([k / (k - 1) for k in n], f"n / (n - 1) times the right one, n = {name}: is the divisor n - 1 instead of n?"),
        ([(k - 1) / k for k in n], f"(n - 1) / n times the right one, n = {name}: is the divisor n instead of n - 1?"),
        ([sqrt(k) for k in n], f"the right one times the root of n = {name}: is a root of n missing?"),
        ([1 / sqrt(k) for k in n], f"the right one divided by the root of n = {name}: is a root of n too many?"),
    ):
        if _holds(pairs, [f * pair.expected for f, pair in zip(factors, pairs, strict=True)]):
            yield f"Your answer is {said}"


def _applied(change: Callable[[np.ndarray], np.ndarray], y: np.ndarray) -> np.ndarray:
    try:
        return np.asarray(change(y))
    except (ValueError, IndexError, TypeError):
        return np.full(y.shape, np.nan)


def _holds(pairs: list[Numbers], predicted: list[np.ndarray], distinct: int = 2) -> bool:
    """Say whether every output is what a relation predicts, and whether this says more than the right answer does.

    Numbers that happen to fit say nothing, so there have to be some that are neither 0 nor equal.
    """
    if not all(_close(pair.found, one) for pair, one in zip(pairs, predicted, strict=True)):
        return False
    values = np.concatenate([np.ravel(one) for one in predicted])
    several = len({float(f"{value:.4g}") for value in values[np.isfinite(values)] if value}) >= distinct
    return several and not all(_close(pair.found, pair.expected) for pair in pairs)


def _close(found: Any, expected: Any) -> bool:
    try:
        a, b = np.asarray(found), np.asarray(expected)
        if a.shape != b.shape or "c" in (a.dtype.kind, b.dtype.kind):
            return False
        a, b = a.astype(float), b.astype(float)
    except (TypeError, ValueError):
        return False
    finite = np.isfinite(b)
    scale = np.abs(b[finite]).max(initial=0.0)
    return bool((np.isfinite(a) == finite).all() and (np.abs(a - b)[finite] <= RTOL * scale).all())


def _lengths(inputs: dict[str, Any]) -> dict[str, int]:
    """Give the length of each axis of the arguments, by the text that a student would write for it."""
    found: dict[str, int] = {}
    for name, value in inputs.items():
        if isinstance(value, np.ndarray | list | tuple) and not isinstance(value, Key | Given | Other):
            shape = np.shape(value) if isinstance(value, np.ndarray) else (len(value),)
            found |= {f"len({name})" if not axis else f"{name}.shape[{axis}]": n for axis, n in enumerate(shape)}
        elif type(value) is int and value > 1:
            found[name] = value
    return found
