"""The judge: it turns an answer key and what the workers returned into a result. It never runs a student's code.

A check is right when its output agrees with the key's and its arguments come back unchanged. The first check is
called twice, and both outputs must agree. Wrong outputs that a known mistake explains are diagnosed as that mistake;
otherwise a numeric symptom, such as a factor 2, is said as a question.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from mfml.grading.run.collect import Outcomes
from mfml.grading.verdict import compare, diagnosis, examples, mistakes, symptoms
from mfml.grading.verdict.result import CheckResult, ExerciseResult, UnitResult


def verdict_on(
    answers: dict[str, Any],
    outcomes: Outcomes,
    *,
    file: str,
    title: str,
    sandbox: str,
    only: set[str] | None = None,
) -> UnitResult:
    """Judge a submission's outcomes. `only`: the exercises asked for; None for all."""
    exercises = [
        _verdict_or_fault(exercise, outcomes, file)
        for exercise in answers["exercises"]
        if only is None or exercise["name"] in only
    ]
    return UnitResult(
        unit=answers["unit"],
        title=title,
        score=sum(exercise.points for exercise in exercises),
        max_score=sum(exercise.max_points for exercise in exercises),
        sandbox=sandbox,
        seed=answers["seed"],
        versions=answers["versions"],
        exercises=exercises,
        advice=_advice(outcomes, file, {exercise.message for exercise in exercises}),
        file=file,
    )


def _advice(outcomes: Outcomes, file: str, said: set[str]) -> list[str]:
    """Say what costs no points: top-level statements that failed, unless an exercise already says so."""
    advice = [diagnosis.failure_sentence(failure, file) for failure in outcomes.failures]
    advice = [text for text in dict.fromkeys(advice) if text not in said]
    if outcomes.printed > 100_000:
        advice.append(f"{file} printed {outcomes.printed / 1e6:.1f} MB, which is discarded: remove the prints")
    elif outcomes.printed:
        sheet = f" (a sheet: `python -m exercises.{file[:-3]}`)" if re.fullmatch(r"unit\d\d\.py", file) else ""
        advice.append(f"what your code prints is not shown here: call the function at its end, and run the file{sheet}")
    return advice


def _verdict_or_fault(exercise: dict[str, Any], outcomes: Outcomes, file: str) -> ExerciseResult:
    """Judge an exercise. An output that breaks the judge costs the others nothing, and is a fault of the grader."""
    try:
        return _judge_exercise(exercise, outcomes, file)
    except Exception as error:
        fault = {"grader": f"{type(error).__name__}: {error}"}
        outcome = {(exercise["name"], check["name"]): fault for check in exercise["checks"]}
        return _judge_exercise(exercise, outcomes._replace(checks=outcome), file)


def _judge_exercise(exercise: dict[str, Any], outcomes: Outcomes, file: str) -> ExerciseResult:
    name = exercise["name"]
    found = {
        check["name"]: _by_sample(check, outcomes.checks.get((name, check["name"]), {})) for check in exercise["checks"]
    }
    checks = [
        _judge_check(exercise, check, found[check["name"]], outcomes.failures, file) for check in exercise["checks"]
    ]
    mistake = mistakes.known(exercise, checks, found)
    question = None if mistake else symptoms.question(exercise, checks, found)
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
        message="" if first.state in ("right", "not attempted") else mistake or question or first.message,
        mistake=mistake,
        question=question,
        example=shown.example if first.state == "wrong" else "",
        why=exercise["why"] if first.state == "right" else "",
        checks=checks,
    )


def _by_sample(check: dict[str, Any], outcome: dict[str, Any]) -> dict[str, Any]:
    """Give each sample of a batch its own list where an array is needed.

    A list counts as an array. But vmap batches each entry of a list, so that its first axis is no longer the batch's.
    """
    if check["call"] != "vmap" or not isinstance(check["expected"], np.ndarray):
        return outcome
    count = len(check["expected"])
    return {
        name: [_entry(value, i) for i in range(count)]
        if isinstance(value, tuple | list) and _batched(value, count)
        else value
        for name, value in outcome.items()
    }


def _batched(value: Any, count: int) -> bool:
    """Say whether a value is an array with this many rows, or a list of such arrays."""
    if isinstance(value, tuple | list):
        return bool(value) and all(_batched(one, count) for one in value)
    return isinstance(value, np.ndarray) and value.shape[:1] == (count,)


def _entry(value: Any, index: int) -> Any:
    return [_entry(one, index) for one in value] if isinstance(value, tuple | list) else value[index]


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
        example = examples.call(exercise["name"], check)
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
    """Return the state of a check and what to say about it."""
    name = exercise["name"]
    if outcome.get("untouched"):
        return "not attempted", ""
    if outcome.get("missing"):
        return "error", _missing(name, failures, file)
    if isinstance(outcome.get("error"), dict):
        error = outcome["error"]
        if error.get("type") == "NotImplementedError" and error.get("function", name) == name and _is_raise(error):
            failed = _failure_of(name, failures)  # below its stub
            return ("error", diagnosis.failure_sentence(failed, file)) if failed else ("not attempted", "")
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


def _is_raise(error: dict[str, Any]) -> bool:
    """Say whether a NotImplementedError comes from a line of the submission. JAX raises it, too."""
    return "text" not in error or re.search(r"\braise\s+NotImplementedError\b", str(error["text"])) is not None


def _unchanged(after: Any, before: dict[str, Any]) -> bool:
    """Say whether the dicts and lists among the arguments came back unchanged."""
    return isinstance(after, dict) and all(name in before and _same(after[name], before[name]) for name in after)


def _same(a: Any, b: Any) -> bool:
    """Say whether two values are the same. Compiled code may have turned a number into an array."""
    if isinstance(b, dict):
        return isinstance(a, dict) and a.keys() == b.keys() and all(_same(a[name], b[name]) for name in b)
    if isinstance(b, tuple | list):
        return isinstance(a, tuple | list) and len(a) == len(b) and all(map(_same, a, b))
    if isinstance(b, np.ndarray | bool | int | float) and isinstance(a, np.ndarray | bool | int | float):
        one, other = np.asarray(a), np.asarray(b)
        return one.shape == other.shape and np.array_equal(one.astype(np.complex64), other.astype(np.complex64), True)
    return bool(type(a) is type(b) and a == b)


def _failure_of(name: str, failures: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the failed statement that should have defined a name."""
    return next((failure for failure in failures if name in failure.get("names", ())), None)


def _missing(name: str, failures: list[dict[str, Any]], file: str) -> str:
    if failed := _failure_of(name, failures):
        return diagnosis.failure_sentence(failed, file)
    unreadable = [failure for failure in failures if failure.get("type") in ("SyntaxError", "IndentationError")]
    if unreadable:
        return diagnosis.failure_sentence(unreadable[0], file)
    return f"there is no function `{name}` in {file}: was it renamed or deleted?"


def _error(error: dict[str, Any], failures: list[dict[str, Any]], check: dict[str, Any], file: str) -> str:
    """Describe an error. If a failed top-level statement explains a NameError, describe that statement."""
    if error.get("type") == "NameError":
        for failure in failures:
            names = failure.get("names")
            if isinstance(names, list) and any(f"'{name}'" in str(error.get("message")) for name in names):
                return diagnosis.failure_sentence(failure, file)
    sentence = diagnosis.error_sentence(error, file)
    if error.get("type") == "NotImplementedError" and "function" in error and _is_raise(error):
        function = diagnosis.one_line(error["function"], 60)
        sentence = f"calls `{function}`, which still raises NotImplementedError: complete that first"
        sentence += diagnosis.where(error, file)
    return sentence if check["call"] in ("plain", "jit") else f"under jax.{check['call']}: {sentence}"
