"""The judge: from an answer key and what the workers returned to a result. It never runs a student's code.

A check is right when the output, and for the first check the output of a second call, agree with the key's, and
the arguments came back unchanged. An output that agrees with that of a known mistake on every check is diagnosed
as that mistake.
"""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from mfml.grading import compare, diagnosis
from mfml.grading.collect import Outcomes
from mfml.grading.loader import blocks_that_parse
from mfml.grading.result import CheckResult, ExerciseResult, UnitResult
from mfml.grading.values import Given, Key

EXAMPLE_LENGTH = 400


def untouched(source: str) -> set[str]:
    """The functions whose body is a docstring and `raise NotImplementedError`: nothing to run."""
    tree, _ = blocks_that_parse(source)
    found = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            body = [s for s in node.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
            if len(body) == 1 and isinstance(body[0], ast.Raise) and body[0].exc is not None:
                raised = body[0].exc.func if isinstance(body[0].exc, ast.Call) else body[0].exc
                if isinstance(raised, ast.Name) and raised.id == "NotImplementedError":
                    found.add(node.name)
    return found


def judge(
    key: dict[str, Any],
    outcomes: Outcomes,
    *,
    file: str,
    title: str,
    sandbox: str,
    only: set[str] | None = None,
) -> UnitResult:
    """Judge a submission's outcomes. `only`: the exercises asked for; None for all."""
    exercises = [
        _judge_exercise(exercise, outcomes, file)
        for exercise in key["exercises"]
        if only is None or exercise["name"] in only
    ]
    return UnitResult(
        unit=key["unit"],
        title=title,
        score=sum(exercise.points for exercise in exercises),
        max_score=sum(exercise.max_points for exercise in exercises),
        sandbox=sandbox,
        seed=key["seed"],
        versions=key["versions"],
        exercises=exercises,
        advice=_advice(outcomes, file, {exercise.message for exercise in exercises}),
        file=file,
    )


def _advice(outcomes: Outcomes, file: str, said: set[str]) -> list[str]:
    """What is worth knowing and costs nothing: top-level statements that failed, unless an exercise says so."""
    advice = [diagnosis.failure_sentence(failure, file) for failure in outcomes.failures]
    advice = [text for text in dict.fromkeys(advice) if text not in said]
    if outcomes.printed > 100_000:
        advice.append(f"{file} printed {outcomes.printed / 1e6:.1f} MB, which is thrown away: remove the prints")
    return advice


def _judge_exercise(exercise: dict[str, Any], outcomes: Outcomes, file: str) -> ExerciseResult:
    name = exercise["name"]
    found = {check["name"]: outcomes.checks.get((name, check["name"]), {}) for check in exercise["checks"]}
    checks = [
        _judge_check(exercise, check, found[check["name"]], outcomes.failures, file) for check in exercise["checks"]
    ]
    mistake = _known_mistake(exercise, checks, found)
    faults = [check for check in checks if check.state == "grader fault"]
    first = next((check for check in [*faults, *checks] if check.state != "right"), checks[0])
    shown = next((check for check in checks if check.state == first.state and check.example), first)
    return ExerciseResult(
        id=exercise["id"],
        name=name,
        title=exercise["title"],
        state=first.state,
        points=sum(check.points for check in checks),
        max_points=exercise["points"],
        message=_message(mistake, first.state, first),
        mistake=mistake,
        example=shown.example if first.state == "wrong" else "",
        why=exercise["why"] if first.state == "right" else "",
        checks=checks,
    )


def _message(mistake: str | None, state: str, first: CheckResult) -> str:
    if state == "right" or state == "not attempted":
        return ""
    return mistake or f"{first.message}"


def _judge_check(
    exercise: dict[str, Any],
    check: dict[str, Any],
    outcome: dict[str, Any],
    failures: list[dict[str, Any]],
    file: str,
) -> CheckResult:
    state, message = _state(exercise, check, outcome, failures, file)
    example = ""
    if state == "wrong" and not check["hidden"]:
        example = _example(exercise["name"], check)
    if state == "wrong" and check["hidden"]:
        message = f"wrong on hidden inputs: {check['name']}"
    points = check["points"] if state == "right" else 0
    return CheckResult(check["name"], state, points, check["points"], check["hidden"], message, example)


def _state(
    exercise: dict[str, Any],
    check: dict[str, Any],
    outcome: dict[str, Any],
    failures: list[dict[str, Any]],
    file: str,
) -> tuple[str, str]:
    """The state of a check, and what to say about it."""
    name = exercise["name"]
    if outcome.get("untouched"):
        return "not attempted", ""
    if outcome.get("missing"):
        return "error", _missing(name, failures, file)
    if isinstance(outcome.get("error"), dict):
        error = outcome["error"]
        if error.get("type") == "NotImplementedError":
            return "not attempted", ""
        return "error", _error(error, failures, check, file)
    if "refused" in outcome:
        return "wrong", f"the output is too large: {diagnosis.one_line(outcome['refused'])}"
    if "value" not in outcome:
        return diagnosis.death_sentence(outcome, check["name"])
    return _compare(exercise, check, outcome)


def _compare(exercise: dict[str, Any], check: dict[str, Any], outcome: dict[str, Any]) -> tuple[str, str]:
    def wrong(value: Any) -> compare.Difference | None:
        return compare.difference(value, check["expected"], check["allowed"], exercise["compare"], check["inputs"])

    prefix = {"plain": "", "jit": "under jax.jit: ", "vmap": "under jax.vmap: ", "grad": "its gradient: "}[
        check["call"]
    ]
    if difference := wrong(outcome["value"]):
        return "wrong", prefix + difference.message
    if "again" in outcome and wrong(outcome["again"]):
        return (
            "wrong",
            "a second call with the same arguments gives another output: keep no state between calls",
        )
    if "arguments" in outcome and not _unchanged(outcome["arguments"], check["inputs"]):
        return "wrong", "the function changes its arguments: work on a copy, and return what is new"
    return "right", ""


def _unchanged(after: Any, before: dict[str, Any]) -> bool:
    """Whether the dicts and lists among the arguments came back as they went in."""
    return isinstance(after, dict) and all(name in before and _same(after[name], before[name]) for name in after)


def _same(a: Any, b: Any) -> bool:
    """Whether two values are the same; a number may have become an array on its way through compiled code."""
    if isinstance(b, dict):
        return isinstance(a, dict) and a.keys() == b.keys() and all(_same(a[name], b[name]) for name in b)
    if isinstance(b, tuple | list):
        return isinstance(a, tuple | list) and len(a) == len(b) and all(map(_same, a, b))
    if isinstance(b, np.ndarray | bool | int | float) and isinstance(a, np.ndarray | bool | int | float):
        one, other = np.asarray(a), np.asarray(b)
        return one.shape == other.shape and np.array_equal(one.astype(np.complex64), other.astype(np.complex64), True)
    return bool(type(a) is type(b) and a == b)


def _missing(name: str, failures: list[dict[str, Any]], file: str) -> str:
    for failure in failures:
        names = failure.get("names")
        if isinstance(names, list) and name in names:
            return diagnosis.failure_sentence(failure, file)
    unreadable = [failure for failure in failures if failure.get("type") in ("SyntaxError", "IndentationError")]
    if unreadable:
        return diagnosis.failure_sentence(unreadable[0], file)
    return f"there is no function `{name}` in {file}: was it renamed or deleted?"


def _error(error: dict[str, Any], failures: list[dict[str, Any]], check: dict[str, Any], file: str) -> str:
    """A NameError that a failed top-level statement explains is told by that statement."""
    if error.get("type") == "NameError":
        for failure in failures:
            names = failure.get("names")
            if isinstance(names, list) and any(f"'{name}'" in str(error.get("message")) for name in names):
                return diagnosis.failure_sentence(failure, file)
    sentence = diagnosis.error_sentence(error, file)
    return sentence if check["call"] in ("plain", "jit") else f"under jax.{check['call']}: {sentence}"


def _known_mistake(exercise: dict[str, Any], checks: list[CheckResult], found: dict[str, dict[str, Any]]) -> str | None:
    """The sentence of the first known mistake whose outputs the submission's equal on every check."""
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
    """A mistake is recognized by its values: comparisons that look for a property fall back to `close`."""
    return "close" if isinstance(names, str) and ":" in names else names


def _looser(allowed: Any, value: Any) -> Any:
    """What is allowed, for a mistake's output: its scale and its nesting may be others."""
    if isinstance(value, dict):
        return {
            name: _looser(allowed.get(name, 0.0) if isinstance(allowed, dict) else 0.0, v) for name, v in value.items()
        }
    if isinstance(value, tuple | list):
        inner = allowed if isinstance(allowed, list) and len(allowed) == len(value) else [0.0] * len(value)
        return [_looser(a, v) for a, v in zip(inner, value, strict=True)]
    array = np.asarray(value) if not isinstance(value, str) and value is not None else np.zeros(())
    if array.dtype.kind not in "fc":
        return 0.0
    finite = np.abs(array[np.isfinite(array)])
    return max(float(allowed) if isinstance(allowed, float) else 0.0, 1e-5 * float(finite.max(initial=0.0)))


def _example(name: str, check: dict[str, Any]) -> str:
    """A call that reproduces a failure, ready to paste, with what it should give; empty where it is long."""
    arguments = ", ".join(f"{parameter}={_literal(value)}" for parameter, value in check["inputs"].items())
    call = f"{name}({arguments})"
    if check["call"] == "grad":
        call = f"gradient of {call} in {', '.join(check['over'])}"
    text = f"{call}\n# should give {_literal(check['expected'])}"
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
