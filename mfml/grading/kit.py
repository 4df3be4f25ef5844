"""Student kits: a folder with lessons, sheets and sealed answer keys, and without solutions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from mfml.files import write_new
from mfml.grading.course import Course
from mfml.grading.key import answer_key, form

README = """# Your course folder

For each unit there is a lesson, `units/unit03.py`, and a sheet of exercises, `exercises/unit03.py`. A lesson runs as
a script and opens as a notebook (with jupytext). `mfml syllabus` lists the units.

Open a sheet, replace the first `raise NotImplementedError` with your answer, and grade it from this folder:

    mfml grade 3            # one unit; the exit status is 0 once everything is right
    mfml grade 3 --watch    # again at every save, until Ctrl-C
    mfml hint 3.2           # a nudge; again for the idea; again for nearly the code
    mfml progress           # what is solved so far

To try your own functions: `python -i -m exercises.unit03`. In a notebook, `mfml.check("3.2", my_function)` judges
one function.

`keys/` holds the answer keys that grading needs: no solutions, but the hints, and inputs and outputs of every check,
hidden ones included. They are not encrypted. `mfml start .` brings back files that you deleted, and never
changes a file that is there. `.mfml/` holds your progress.
"""


def write(course: Course, folder: Path, announce: Callable[[int], None]) -> Iterator[tuple[str, bool]]:
    """Write a course's kit into a folder, and keep every file that exists.

    Yields the path of each file within the folder, and whether it was written. `announce` is told the number of
    each unit whose answer key has to be sealed first. Raises CannotWrite or another ValueError
    if the folder cannot be written.
    """
    _require_place(folder)
    for name, data in _files(course, announce):
        yield name, write_new(folder / name, data)


def _require_place(folder: Path) -> None:
    """Raise ValueError if a folder is no place for a student's course."""
    if Course(folder).is_clone:
        raise ValueError(
            f"{folder} holds the course itself, with its solutions: choose another folder "
            "(a folder `solutions` of your own: rename it first)"
        )
    for outer in map(Course, folder.resolve().parents):
        is_room = folder.resolve().parent == outer.root and folder.resolve().name in ("exercises", "units")
        if outer.has_sheets and (is_room or not outer.is_clone):
            again = "" if outer.is_clone else f", or run `{outer.start}` for files that are missing there"
            raise ValueError(f"{folder} is inside the course {outer.root}: choose another folder{again}")


def _files(course: Course, announce: Callable[[int], None]) -> Iterator[tuple[str, bytes]]:
    """Each file of a kit. The keys come first: they make the folder a kit, even if writing is interrupted."""
    for unit in course.units():
        answers = answer_key.load(course, unit, announce=lambda unit=unit: announce(unit))
        yield str(course.shipped_key(unit).relative_to(course.root)), form.to_bytes(answers)
    sheets = [course.exercise(unit) for unit in course.units()]
    lessons = [course.lesson(unit) for unit in course.units()]
    for path in (course.given, *sheets, *lessons):
        text = re.sub(rb"nox -s (grade|hint) -- ", rb"mfml \1 ", path.read_bytes())  # a kit has no noxfile
        yield str(path.relative_to(course.root)), text
    yield "README.md", README.encode()
