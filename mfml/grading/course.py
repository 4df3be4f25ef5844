"""Where a course keeps its files."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from mfml import syllabus

_PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Course:
    """A folder with exercises, of one of two kinds.

    A clone has `solutions/`, from which answer keys are sealed. A student kit has sealed `keys/` instead.
    """

    root: Path

    @property
    def is_kit(self) -> bool:
        """Whether this is a student kit. Its keys count even where a student puts a folder `solutions/` beside them."""
        return (self.root / "keys").is_dir()

    def exercise(self, unit: int) -> Path:
        """The sheet that a student completes."""
        return self.root / "exercises" / f"{syllabus.find(unit).stem}.py"

    def lesson(self, unit: int) -> Path:
        """The lesson that goes with the sheet."""
        return self.root / "units" / f"{syllabus.find(unit).stem}.py"

    def solution(self, unit: int) -> Path:
        """The reference answers with their specification; clones only."""
        return self.root / "solutions" / f"{syllabus.find(unit).stem}.py"

    def shipped_key(self, unit: int) -> Path:
        """The sealed answer key; kits only."""
        return self.root / "keys" / f"{syllabus.find(unit).stem}.key"

    @property
    def given(self) -> Path:
        """What every exercise may import."""
        return self.root / "exercises" / "given.py"

    @property
    def private(self) -> Path:
        """Where cached keys, results and compiled code are kept; may be deleted at any time."""
        return self.root / ".mfml"

    @property
    def has_sheets(self) -> bool:
        """Whether there are exercises or answer keys of any unit here."""
        return any(
            self.exercise(one.number).exists() or self.shipped_key(one.number).exists() for one in syllabus.UNITS
        )

    def missing(self, path: Path) -> str:
        """Say that a file of the course is missing, and what brings it back."""
        git = f"git -C {shlex.quote(str(self.root))} restore {path.relative_to(self.root)}"
        return f"{path} is missing: `{git if self.is_clone else self.start}` brings it back"

    @property
    def start(self) -> str:
        """The command that brings back missing files of a student kit, ready to paste."""
        return f"mfml start {shlex.quote(str(self.root))}"

    @property
    def is_clone(self) -> bool:
        """Whether this has solutions from which keys are sealed, and is no student kit."""
        return not self.is_kit and (self.root / "solutions").is_dir()

    def units(self) -> list[int]:
        """The units that have exercises here."""
        return [unit.number for unit in syllabus.UNITS if self.exercise(unit.number).exists()]

    def lacks(self, unit: int) -> str:
        """Say that a unit has no exercises here, and which have."""
        return f"unit {unit} has no exercises here; there are {', '.join(map(str, self.units())) or 'none'}"


def find_course(start: Path | None = None) -> Course:
    """Find the course around a folder (default: the current one), otherwise the clone that holds this `mfml`."""
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents, _PACKAGE.parent):
        course = Course(folder)
        if course.given.is_file():
            return course
        if course.has_sheets:
            raise ValueError(course.missing(course.given))
    raise ValueError(f"{start} is not inside a course: run `mfml start my-course`, then work in that folder")


def installed_course() -> Course:
    """Find the course that came with this `mfml`: the clone around it, otherwise the kit in the wheel."""
    for folder in (_PACKAGE.parent, _PACKAGE / "_course"):
        if Course(folder).given.is_file():
            return Course(folder)
    raise ValueError("this mfml came without the course: install a released wheel, or a clone with `pip install -e .`")
