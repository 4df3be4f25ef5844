"""Grade one function in a notebook: `mfml.check("3.2", my_function)` shows the answer as HTML.

The function is called in the notebook's own process, since it lives there. It is judged with the same answer key
and in the same words as a file. This helps a student and is not a grade: a class is graded from files.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

from mfml import syllabus
from mfml.grading.course import Course, find_course
from mfml.grading.key import answer_key
from mfml.grading.run.collect import Outcomes
from mfml.grading.run.values import Refused, pack, unpack
from mfml.grading.show import hints
from mfml.grading.verdict import judge
from mfml.grading.verdict.result import ExerciseResult

_COLORS = {"right": "#1a7f37", "not attempted": "#6e7781"}


class Answer:
    """What `check` found, as text and as HTML."""

    def __init__(self, result: ExerciseResult, advice: list[str]) -> None:
        """Keep the exercise's result."""
        self.result, self.advice = result, advice

    @property
    def passed(self) -> bool:
        """Whether the exercise is right."""
        return self.result.state == "right"

    def __repr__(self) -> str:
        one = self.result
        lines = [f"{one.id} {one.name}: {one.state}, {one.points}/{one.max_points} points"]
        lines += [f"  {'+' if c.state == 'right' else 'x'} {c.name}: {c.message or c.state}" for c in one.checks]
        lines += [text for text in (one.message, one.example, one.why) if text]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        one = self.result
        color = _COLORS.get(one.state, "#cf222e")
        rows = "".join(
            f"<tr><td style='text-align:left'>{escape(c.name)}</td>"
            f"<td style='text-align:left;color:{_COLORS.get(c.state, '#cf222e')}'>{escape(c.state)}</td>"
            f"<td>{c.points}/{c.max_points}</td><td style='text-align:left'>{escape(c.message)}</td></tr>"
            for c in one.checks
        )
        after = "".join(f"<p>{escape(text)}</p>" for text in (one.message, one.why) if text)
        example = f"<pre>{escape(one.example)}</pre>" if one.example else ""
        return (
            f"<div><p><b>{escape(one.id)} {escape(one.name)}</b>: "
            f"<b style='color:{color}'>{escape(one.state)}</b>, {one.points}/{one.max_points} points</p>"
            f"<table>{rows}</table>{after}{example}</div>"
        )


def check(
    exercise: str | float,
    function: Callable[..., Any],
    *,
    course: Course | None = None,
    seed: int = answer_key.DEFAULT_SEED,
) -> Answer:
    """Judge one function against the answer key of an exercise such as "3.2"; the number 3.2 is as good.

    Raises ValueError if there is no such exercise or the function cannot be called.
    """
    if not callable(function):
        raise ValueError(f"check needs a function; found {type(function).__name__}")
    from mfml.grading.key.seal import load_module
    from mfml.grading.run import worker

    course = course or find_course()
    entry = hints.find(course, exercise)
    unit = int(entry["id"].split(".")[0])
    answers = answer_key.load(course, unit, seed)
    sealed = next(one for one in answers["exercises"] if one["name"] == entry["name"])
    given = load_module(course.given, "exercises.given")
    path = getattr(getattr(function, "__code__", None), "co_filename", "")
    job = {
        **sealed,
        "together": True,
        "checks": [{**c, "repeat": i == 0} for i, c in enumerate(sealed["checks"])],
    }
    with _one_interrupt_ends() as stop_if_interrupted:
        found = worker.outcomes(function, job, given, path, tell=stop_if_interrupted)
        outcomes = {name: _travelled(outcome, path) for name, outcome in found}
        stop_if_interrupted()
    judged = judge.verdict_on(
        {**answers, "exercises": [sealed]},
        Outcomes({(sealed["name"], name): outcome for name, outcome in outcomes.items()}, [], 0),
        file="your cell",
        title=syllabus.find(unit).title,
        sandbox="none",
    )
    return Answer(judged.exercises[0], judged.advice)


def _travelled(outcome: dict[str, Any], path: str) -> dict[str, Any]:
    """Return an outcome as if it had come from another process: the same values are then judged in the same way."""
    try:
        return dict(unpack(pack(outcome)))
    except Refused as refusal:
        return {"refused": str(refusal)}
    except Exception as error:  # an object that takes itself for an array
        from mfml.grading.run import worker

        return {"error": worker.describe_error(error, path)}


@contextmanager
def _one_interrupt_ends() -> Iterator[Callable[..., None]]:
    """Yield a function that raises KeyboardInterrupt once the user has interrupted.

    The worker takes an exception for the student's, also KeyboardInterrupt, and calls the function for the next
    check. It tells an event before, and there the interrupt is raised again.
    """
    interrupted = []

    def note(*_: Any) -> None:
        interrupted.append(True)
        raise KeyboardInterrupt

    def stop_if_interrupted(**_: Any) -> None:
        if interrupted:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():  # only there can signals be handled
        yield stop_if_interrupted
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield stop_if_interrupted
    finally:
        signal.signal(signal.SIGINT, before or signal.default_int_handler)
