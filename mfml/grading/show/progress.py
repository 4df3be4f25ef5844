"""What a student has solved so far: the last result of each unit."""

from __future__ import annotations

import json
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from mfml import syllabus
from mfml.files import CannotWrite, write_whole
from mfml.grading.course import Course
from mfml.grading.show import hints, state
from mfml.grading.verdict.result import STATES, UnitResult, from_json


class Line(NamedTuple):
    """One unit's line."""

    unit: syllabus.Unit
    result: UnitResult | None  # None: never graded
    exercises: int | None  # None: they cannot be read, and `problem` says why
    when: datetime | None
    problem: str = ""


def record(course: Course, result: UnitResult) -> str:
    """Keep a unit's last result; call it after the result was shown.

    Returns "", or a warning if the result cannot be kept, since the grade itself stands.
    """
    path = course.private / "results" / f"unit{result.unit:02d}.json"
    try:
        write_whole(path, json.dumps(result.to_json(), indent=1).encode())
    except CannotWrite as error:
        return f"warning: {error}; `mfml progress` will not know this result"
    return ""


def by_unit(course: Course) -> list[Line]:
    """One line for each unit that has exercises. What cannot be read costs only its own line."""
    lines = []
    for number in course.units():
        path = course.private / "results" / f"unit{number:02d}.json"
        result = state.read(path, partial(_result_of, number))
        when = datetime.fromtimestamp(path.stat().st_mtime) if result else None
        try:
            exercises, problem = len(hints.exercises(course, number)), ""
        except (OSError, ValueError, SyntaxError) as error:
            exercises, problem = None, str(error)
        lines.append(Line(syllabus.find(number), result, exercises, when, problem))
    return lines


def _result_of(unit: int, data: Any) -> UnitResult:
    """Rebuild a unit's result. Raises an exception if what a line shows of it is missing or of another kind."""
    result = from_json(data)
    numbers = (result.unit, result.score, result.max_score)
    if result.unit != unit or not all(type(number) is int for number in numbers):
        raise ValueError("not a result of this unit")
    if not all(exercise.state in STATES for exercise in result.exercises):
        raise ValueError("a state that does not exist")
    return result
