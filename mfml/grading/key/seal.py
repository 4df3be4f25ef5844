"""Seal a specification: turn a unit's solutions and a seed into its answer key, which holds arrays and JSON only.

The key holds inputs, expected outputs, the allowed errors, and the outputs of every known mistake. Tolerances
come from dtype and conditioning. The reference answer is evaluated in float32 and in float64, and

    allowed = 64 eps max|y| + 16 max|y32 - y64|

for each output array y, with eps of its dtype. An exercise that sets `rtol` or `atol` gets `atol + rtol max|y|`
instead. Sealing fails and says why if a reference answer raises, if float32 and float64 disagree, or if a known
mistake passes every check.

Run as a process of its own (`python -m mfml.grading.key.seal ROOT UNIT SEED OUT`), so that grading loads no JAX.
"""

from __future__ import annotations

import importlib.util
import inspect
import platform
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import jax

from mfml.files import write_whole
from mfml.grading.course import Course
from mfml.grading.key import tolerance
from mfml.grading.key.answer_key import stamp
from mfml.grading.key.form import SCHEMA, to_bytes
from mfml.grading.key.specification import Exercise, Group, exercises_of
from mfml.grading.run import bridge
from mfml.grading.run.values import Given, Other
from mfml.grading.verdict.compare import difference

TOGETHER = 20  # calls in one program: more take longer to compile than apart, fewer compile the same things again


def load_module(path: Path, name: str) -> ModuleType:
    """Import a file of the course under a name."""
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def seal_unit(course: Course, unit: int, seed: int, *, with_mistakes: bool = True) -> dict[str, Any]:
    """Make the answer key of a unit. Raises ValueError that names the exercise whose specification is unsound.

    Without the known mistakes it is no whole key: `survivors` needs the checks only.
    """
    given = load_module(course.given, "exercises.given")
    exercises = exercises_of(load_module(course.solution(unit), f"solutions_unit{unit:02d}"))
    entries = []
    for number, exercise in enumerate(exercises, 1):
        key = jax.random.fold_in(jax.random.key(seed), _digest(exercise.__name__))
        entry = _seal_exercise(exercise, given, key, with_mistakes)
        entries.append({"id": f"{unit}.{number}", **entry})
    return {
        "schema": SCHEMA,
        "stamp": stamp(course, unit, seed),
        "unit": unit,
        "seed": seed,
        "versions": {
            "mfml": version("mfml"),
            "jax": version("jax"),
            "numpy": version("numpy"),
            "python": platform.python_version(),
        },
        "exercises": entries,
    }


def _digest(text: str) -> int:
    return zlib.crc32(text.encode())


def _seal_exercise(exercise: Exercise, given: ModuleType, key: jax.Array, with_mistakes: bool = True) -> dict[str, Any]:
    parameters = inspect.signature(exercise.answer).parameters
    groups = list(_arguments(exercise, key, parameters))
    expected = _expected(exercise, groups, given)
    checks = [
        _seal_check(group, arguments, value, given) for (group, arguments), value in zip(groups, expected, strict=True)
    ]
    for check, bound in zip(checks, _allowed(exercise, groups, expected, given), strict=True):
        check["allowed"] = bound
    if with_mistakes:
        _add_mistakes(exercise, groups, checks, given)
        _require_mistakes_fail(exercise, checks)
    return {
        "name": exercise.__name__,
        "title": exercise.title,
        "points": exercise.points,
        "hints": list(exercise.hints),
        "why": exercise.why,
        "compare": exercise.compare,
        "seconds": float(exercise.seconds),
        "parameters": list(parameters),
        "mistakes": [mistake.sentence for mistake in exercise.mistakes],
        "checks": checks,
    }


def _arguments(
    exercise: Exercise, key: jax.Array, parameters: Mapping[str, inspect.Parameter]
) -> Iterator[tuple[Group, dict[str, Any]]]:
    """Yield each check with its arguments in the order of the parameters, with defaults filled in.

    Checks that share `make` share the arguments.
    """
    made: dict[Any, dict[str, Any]] = {}
    for group in exercise.checks():
        if group.make not in made:
            inputs = group.make(jax.random.fold_in(key, _digest(group.name)))
            needed = {name for name, parameter in parameters.items() if parameter.default is parameter.empty}
            if set(inputs) - set(parameters) or needed - set(inputs):
                found = f"inputs {list(inputs)}, parameters {list(parameters)}"
                raise ValueError(f"{exercise.__name__}, {group.name!r}: {found}")
            made[group.make] = {name: inputs.get(name, one.default) for name, one in parameters.items()}
        yield group, made[group.make]


def _seal_check(group: Group, arguments: dict[str, Any], expected: Any, given: ModuleType) -> dict[str, Any]:
    inputs = bridge.from_jax(arguments, given)
    if any(isinstance(leaf, Other) for leaf in jax.tree.leaves(inputs, is_leaf=lambda x: isinstance(x, Other | Given))):
        raise ValueError(f"{group.name!r}: an input of a kind that does not travel: {inputs}")
    return {
        "name": group.name,
        "points": group.points,
        "hidden": group.hidden,
        "call": group.call,
        "over": list(group.over),
        "inputs": inputs,
        "expected": expected,
    }


def _expected(exercise: Exercise, groups: Sequence[tuple[Group, dict[str, Any]]], given: ModuleType) -> list[Any]:
    """Evaluate the reference answer for each check, in one compilation if it can be traced."""
    calls = [bridge.Call(exercise.answer, arguments, group.call, group.over) for group, arguments in groups]
    try:
        values = (
            [value for value, _ in bridge.together(calls)] if exercise.jit else [bridge.evaluate(*one) for one in calls]
        )
    except Exception as error:
        raise ValueError(f"{exercise.__name__}: the reference answer fails: {type(error).__name__}: {error}") from error
    return [bridge.from_jax(value, given) for value in values]


def _allowed(
    exercise: Exercise, groups: Sequence[tuple[Group, dict[str, Any]]], expected: list[Any], given: ModuleType
) -> list[Any]:
    """Return the largest error allowed for each check, nested as the expected output is."""
    if exercise.rtol is not None or exercise.atol is not None:
        rtol, atol = exercise.rtol or 0.0, exercise.atol or 0.0
        return [tolerance.given(one, rtol, atol) for one in expected]
    with jax.enable_x64(True):
        exact = _expected(exercise, [(group, bridge.to_float64(arguments)) for group, arguments in groups], given)
    try:
        return [tolerance.from_precision(y, y64) for y, y64 in zip(expected, exact, strict=True)]
    except ValueError as error:
        raise ValueError(f"{exercise.__name__}: {error}") from error


def _add_mistakes(
    exercise: Exercise,
    groups: Sequence[tuple[Group, dict[str, Any]]],
    checks: list[dict[str, Any]],
    given: ModuleType,
) -> None:
    """Add to each check the value that every known mistake gives there, or type and message of what it raises."""
    calls = [_calls_of(mistake.answer, groups) for mistake in exercise.mistakes]
    each = {id(one): one for ones in calls for one in ones}.values()
    traced = [one for one in each if _traceable(one)]
    parts = [traced[start : start + TOGETHER] for start in range(0, len(traced), TOGETHER)]
    made = [value for part in parts for value, _ in bridge.together(part)]
    values = {id(one): value for one, value in zip(traced, made, strict=True)}
    for place, check in enumerate(checks):
        check["mistakes"] = [
            {"value": bridge.from_jax(values[id(ones[place])], given)}
            if id(ones[place]) in values
            else _called_plainly(ones[place], given)
            for ones in calls
        ]


def _calls_of(function: Any, groups: Sequence[tuple[Group, dict[str, Any]]]) -> list[bridge.Call]:
    """One call for each check. What is compiled gives what a plain call gives, so both checks share one."""
    calls = [
        bridge.Call(function, arguments, "plain" if group.call == "jit" else group.call, group.over)
        for group, arguments in groups
    ]
    first: dict[Any, bridge.Call] = {}
    return [first.setdefault((id(one.arguments), one.call, one.over), one) for one in calls]


def _traceable(one: bridge.Call) -> bool:
    moving = {name: value for name, value in one.arguments.items() if not bridge.is_static(value)}
    try:
        jax.eval_shape(
            lambda moved: bridge.evaluate(one.function, {**one.arguments, **moved}, one.call, one.over), moving
        )
    except Exception:
        return False
    return True


def _called_plainly(one: bridge.Call, given: ModuleType) -> dict[str, Any]:
    try:
        return {"value": bridge.from_jax(bridge.evaluate(*one), given)}
    except Exception as error:
        return {"error": type(error).__name__, "message": str(error)[:500]}


def _require_mistakes_fail(exercise: Exercise, checks: list[dict[str, Any]]) -> None:
    for index, mistake in enumerate(exercise.mistakes):
        wrong = [
            "error" in check["mistakes"][index]
            or difference(
                check["mistakes"][index]["value"],
                check["expected"],
                check["allowed"],
                exercise.compare,
                check["inputs"],
            )
            for check in checks
        ]
        if not any(wrong):
            raise ValueError(f"{exercise.__name__}: this known mistake passes every check: {mistake.sentence!r}")


def main(root: str, unit: str, seed: str, out: str) -> None:
    """Seal one unit into a file."""
    private = Course(Path(root)).private
    jax.config.update("jax_disable_most_optimizations", True)  # as in the worker
    jax.config.update("jax_compilation_cache_dir", str(private / "compiled"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    write_whole(Path(out), to_bytes(seal_unit(Course(Path(root)), int(unit), int(seed))))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except ValueError as error:
        sys.exit(f"{error}")
