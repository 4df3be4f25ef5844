"""Which mutants of the reference answers no check catches: each stands for a wrong answer with full marks.

    python -m mfml.grading.mutation.survivors 7        the survivors of a unit
    python -m mfml.grading.mutation.survivors          the table of all units

A mutant has to be caught for every seed, so two are tried. What cannot be caught, since it gives the same results on
all allowed inputs, is listed with the reason in `solutions/equivalent/unitNN.toml`: a table for each exercise, each
line `"change" = "reason"`.
"""

from __future__ import annotations

import ast
import contextlib
import signal
import sys
import tomllib
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple

import jax
import numpy as np

from mfml.grading.course import Course, find_course
from mfml.grading.key import answer_key, seal
from mfml.grading.mutation.mutants import Mutant, mutants
from mfml.grading.run import bridge
from mfml.grading.submission import reference_submission
from mfml.grading.verdict.compare import difference

OTHER_SEED = 4711
SECONDS = 5  # of one call


class Survey(NamedTuple):
    """What became of the mutants of one exercise."""

    exercise: str  # "7.2 ridge"
    tried: int
    survivors: list[str]  # changes that no check catches and no list excuses
    equivalent: list[str]  # listed as equivalent, and not caught
    stale: list[str]  # listed as equivalent, but caught or no mutant at all


def survey(course: Course, unit: int) -> list[Survey]:
    """Try all mutants of a unit's exercises."""
    source = reference_submission(course.solution(unit).read_text(encoding="utf-8"))
    given = seal.load_module(course.given, "exercises.given")
    keys = [answer_key.load(course, unit), seal.seal_unit(course, unit, OTHER_SEED, with_mistakes=False)]
    listed = _listed(course, unit)
    base = ast.parse(source)
    names = [exercise["name"] for exercise in keys[0]["exercises"]]
    found: dict[str, list[tuple[str, bool]]] = {name: [] for name in names}
    checks = {name: _checks([key["exercises"][i] for key in keys], given) for i, name in enumerate(names)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for mutant in mutants(source, names):
            found[mutant.exercise].append((mutant.change, _survives(mutant, base, checks[mutant.exercise])))
    return [_report(f"{unit}.{i} {name}", found[name], listed.get(name, {})) for i, name in enumerate(names, 1)]


def _report(exercise: str, found: list[tuple[str, bool]], listed: dict[str, str]) -> Survey:
    alive = [change for change, survives in found if survives]
    return Survey(
        exercise,
        len(found),
        [change for change in alive if change not in listed],
        [change for change in alive if change in listed],
        [change for change in listed if change not in alive],
    )


def _listed(course: Course, unit: int) -> dict[str, dict[str, str]]:
    path = course.root / "solutions" / "equivalent" / f"{course.solution(unit).stem}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


class _Check(NamedTuple):
    """One call, and what it must give."""

    arguments: dict[str, Any]
    sealed: dict[str, Any]
    compare: Any


def _checks(sealed: list[dict[str, Any]], given: ModuleType) -> list[_Check]:
    """The checks of an exercise for all seeds, without repetitions. What `jax.jit` gives, the plain call gives."""
    made: list[_Check] = []
    for exercise in sealed:
        for check in exercise["checks"]:
            known = [one.sealed for one in made if one.sealed["name"] == check["name"]]
            if check["call"] != "jit" and not any(_same(one["inputs"], check["inputs"]) for one in known):
                made.append(_Check(bridge.to_jax(check["inputs"], given), check, exercise["compare"]))
    return made


def _same(a: Any, b: Any) -> bool:
    one, other = jax.tree.leaves(a), jax.tree.leaves(b)
    return len(one) == len(other) and all(map(np.array_equal, one, other))


def _survives(mutant: Mutant, base: ast.Module, checks: list[_Check]) -> bool:
    """Whether every check takes the mutant for right."""
    (new,) = ast.parse(mutant.source).body
    assert isinstance(new, ast.FunctionDef)
    body = [new if isinstance(old, ast.FunctionDef) and old.name == new.name else old for old in base.body]
    space: dict[str, Any] = {"__name__": "mutant"}
    exec(compile(ast.Module(body, []), "mutant", "exec"), space)
    return all(_passes(space[mutant.exercise], check) for check in checks)


def _passes(function: Any, check: _Check) -> bool:
    sealed = check.sealed
    try:
        with _time_limit(SECONDS):
            value = bridge.evaluate(function, check.arguments, sealed["call"], tuple(sealed["over"]))
            value = jax.tree.map(lambda leaf: np.asarray(leaf) if isinstance(leaf, jax.Array) else leaf, value)
        return difference(value, sealed["expected"], sealed["allowed"], check.compare, sealed["inputs"]) is None
    except Exception:
        return False


@contextlib.contextmanager
def _time_limit(seconds: int) -> Iterator[None]:
    """End a call that takes too long, where the system can."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def stop(*_: Any) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def main(units: list[int]) -> int:
    """Print the survivors of some units, or the table of all; the status is 1 if there are any."""
    course = find_course()
    alive = 0
    print(f"{'exercise':40s} {'mutants':>8s} {'caught':>8s} {'equivalent':>11s} {'survivors':>10s}")
    for unit in units or course.units():
        for one in survey(course, unit):
            caught = one.tried - len(one.survivors) - len(one.equivalent)
            print(
                f"{one.exercise:40s} {one.tried:8d} {caught:8d} {len(one.equivalent):11d} {len(one.survivors):10d}",
                flush=True,
            )
            for change in one.survivors if units else []:
                print(f"    {change}")
            for change in one.stale:
                print(f"    listed as equivalent, but caught: {change}")
            alive += len(one.survivors) + len(one.stale)
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main([int(unit) for unit in sys.argv[1:]]))
