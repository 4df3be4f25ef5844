"""What a student has solved so far: the last result of each unit."""

from __future__ import annotations

import json
from datetime import datetime
from typing import NamedTuple

from mfml import syllabus
from mfml.files import CannotWrite, write_whole
from mfml.grading.course import Course
from mfml.grading.show import hints
from mfml.grading.verdict.result import UnitResult, from_json


class Line(NamedTuple):
    """One unit's line."""

    unit: syllabus.Unit
    result: UnitResult | None  # None: never graded
    exercises: int
    when: datetime | None


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
    """One line for each unit that has exercises."""
    lines = []
    for number in course.units():
        path = course.private / "results" / f"unit{number:02d}.json"
        try:
            result = from_json(json.loads(path.read_text()))
            when = datetime.fromtimestamp(path.stat().st_mtime)
        except (OSError, ValueError, TypeError, KeyError):
            result, when = None, None
        lines.append(Line(syllabus.find(number), result, len(hints.exercises(course, number)), when))
    return lines
