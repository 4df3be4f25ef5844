"""The one result model. Every report is written from it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

SCHEMA_VERSION = 1
STATES = ("right", "wrong", "error", "timeout", "memory", "crashed", "not attempted", "grader fault")


@dataclass
class CheckResult:
    """One check: a group of inputs, called in one way."""

    name: str
    state: str
    points: int
    max_points: int
    hidden: bool = False
    message: str = ""  # what was found and what is needed
    example: str = ""  # a call that reproduces it, ready to paste; visible checks only


@dataclass
class ExerciseResult:
    """One exercise, with its checks."""

    id: str
    name: str
    title: str
    state: str
    points: int
    max_points: int
    message: str = ""  # the one sentence that helps
    mistake: str | None = None  # the sentence of the known mistake that was made
    question: str | None = None  # what may be wrong, where no known mistake was made
    example: str = ""
    why: str = ""  # once solved
    checks: list[CheckResult] = field(default_factory=list)


@dataclass
class UnitResult:
    """A submission's result for one unit."""

    unit: int
    title: str
    score: int
    max_score: int
    sandbox: str
    seed: int
    versions: dict[str, str]
    exercises: list[ExerciseResult]
    advice: list[str] = field(default_factory=list)  # costs nothing
    file: str = ""
    schema_version: int = SCHEMA_VERSION

    @property
    def path(self) -> str:
        """Where a sheet of the course stands; empty for another file."""
        return f"exercises/{self.file}" if self.file == f"unit{self.unit:02d}.py" else ""

    @property
    def passed(self) -> bool:
        """Whether every exercise is right."""
        return all(exercise.state == "right" for exercise in self.exercises)

    @property
    def next_exercise(self) -> ExerciseResult | None:
        """The first exercise that is not right."""
        return next((exercise for exercise in self.exercises if exercise.state != "right"), None)

    def to_json(self) -> dict[str, Any]:
        """Return plain data with the schema version first."""
        data = asdict(self)
        return {"schema_version": data.pop("schema_version"), **data}


def from_json(data: dict[str, Any]) -> UnitResult:
    """Rebuild a result from what `to_json` returned."""
    exercises = [
        ExerciseResult(**{**e, "checks": [CheckResult(**check) for check in e["checks"]]}) for e in data["exercises"]
    ]
    return UnitResult(**{**data, "exercises": exercises})
