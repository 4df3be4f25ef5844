"""Where a course keeps its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mfml import syllabus


@dataclass(frozen=True)
class Course:
    """The folder that holds `exercises/`, and `solutions/` or, in a student kit, `keys/`."""

    root: Path

    def exercise(self, unit: int) -> Path:
        """The file that a student completes."""
        return self.root / "exercises" / f"{syllabus.find(unit).stem}.py"

    def solution(self, unit: int) -> Path:
        """The reference answers with their specification."""
        return self.root / "solutions" / f"{syllabus.find(unit).stem}.py"

    @property
    def given(self) -> Path:
        """What every exercise may import."""
        return self.root / "exercises" / "given.py"

    def shipped_key(self, unit: int) -> Path:
        """The answer key of a student kit."""
        return self.root / "keys" / f"{syllabus.find(unit).stem}.key"

    @property
    def private(self) -> Path:
        """Where sealed keys, results and compiled code are kept; may be deleted at any time."""
        return self.root / ".mfml"

    def units(self) -> list[int]:
        """The units that have exercises here."""
        return [unit.number for unit in syllabus.UNITS if self.exercise(unit.number).exists()]


def find_course(start: Path | None = None) -> Course:
    """The course around a folder (default: the current one), else the one that `mfml` was installed from."""
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents, Path(__file__).resolve().parents[2]):
        if (folder / "exercises" / "given.py").is_file():
            return Course(folder)
    raise ValueError(f"no course here: neither {start} nor a folder above it has exercises/given.py")
