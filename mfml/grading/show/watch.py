"""Grade again at every save: only what changed, in a process that has already imported JAX."""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from mfml.grading import submission
from mfml.grading.course import Course
from mfml.grading.key import answer_key
from mfml.grading.run.loader import blocks_that_parse, defined_names
from mfml.grading.run.processes import Launcher
from mfml.grading.show import progress, terminal
from mfml.grading.verdict.result import UnitResult

if TYPE_CHECKING:
    from rich.console import Console

POLL_SECONDS = 0.03
Stamp = tuple[int, int, int]


def follow(course: Course, unit: int, path: Path, launcher: Launcher, console: Console, seed: int) -> None:
    """Grade a file now and after each save, until Ctrl-C. Raises ValueError if it cannot be read now."""
    submission.read_source(path)
    answers = answer_key.load(course, unit, seed, announce=lambda: console.print(f"Preparing unit {unit} ..."))
    grader = Regrader(course, answers, path.name, launcher)
    for source, saved in saves(path, lambda error: console.print(Text(f"{error}; waiting for the next save"))):
        result = grader.grade(source)
        console.clear()
        terminal.show(result, console)
        text = f"{time.time() - saved:.2f} s after the save; watching {path.name}, Ctrl-C to stop"
        console.print(Text(text, style="dim"))
        if path == course.exercise(unit) and (warning := progress.record(course, result)):
            console.print(Text(warning, style="yellow"))


def saves(path: Path, complain: Callable[[ValueError], None]) -> Iterator[tuple[str, float]]:
    """Yield the file's text now and after each change, with the time of the change.

    It reads the file's stamp every few hundredths of a second. This costs almost nothing and works on every file
    system and with every editor, including those that replace the file. `complain` is told why a save cannot be read.
    """
    seen: Stamp | None = None
    while True:
        stamp = _stamp(path, even_if_empty=seen is None)
        if stamp is not None and stamp != seen:
            when, seen = time.time() if seen is None else stamp[0] / 1e9, stamp
            try:
                source = submission.read_source(path)
            except ValueError as error:
                complain(error)
            else:
                yield source, when
        time.sleep(POLL_SECONDS)


def _stamp(path: Path, *, even_if_empty: bool) -> Stamp | None:
    """Return what changes when a file does, or None while an editor is replacing it (missing or empty)."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_size, status.st_ino) if status.st_size or even_if_empty else None


class Regrader:
    """Grades a submission again and again, running only the exercises whose code changed."""

    def __init__(self, course: Course, answers: dict[str, Any], file: str, launcher: Launcher) -> None:
        """Remember nothing yet."""
        self._course, self._answers, self._file, self._launcher = course, answers, file, launcher
        self._code: dict[str, str] = {}
        self._last: UnitResult | None = None

    def grade(self, source: str) -> UnitResult:
        """Grade a new text, and return the whole unit's result."""
        names = [exercise["name"] for exercise in self._answers["exercises"]]
        code = code_of(source, names)
        changed = {name for name in names if self._last is None or code[name] != self._code.get(name)}
        changed |= self._witness(changed, set(names) - submission.untouched(source))
        result = submission.grade_text(self._course, self._answers, source, self._file, self._launcher, only=changed)
        if self._last is not None:
            new = {exercise.name: exercise for exercise in result.exercises}
            result.exercises = [new.get(exercise.name, exercise) for exercise in self._last.exercises]
            result.score = sum(exercise.points for exercise in result.exercises)
            result.max_score = self._last.max_score
            said = {exercise.message for exercise in result.exercises}
            result.advice = [text for text in result.advice if text not in said]
        self._code, self._last = code, result
        return result

    def _witness(self, changed: set[str], attempted: set[str]) -> set[str]:
        """Return one exercise to run where none would, a right one if possible: only a run finds the notes again."""
        if self._last is None or changed & attempted or not attempted:
            return set()
        listed = [exercise for exercise in self._last.exercises if exercise.name in attempted]
        return {min(listed, key=lambda exercise: exercise.state != "right").name}


def code_of(source: str, names: list[str]) -> dict[str, str]:
    """Return for each function the code that its behavior can depend on.

    This is its own code, that of the functions and classes it names, and so on, and every other top-level statement.
    """
    tree, failures = blocks_that_parse(source)
    defined: dict[str, ast.stmt] = {}
    common = [repr(failures)]
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            if statement.name in defined:  # defined twice: leave nothing to chance
                common.append(ast.dump(defined[statement.name]))
            defined[statement.name] = statement
        else:
            common.append(ast.dump(statement))
            common += [ast.dump(defined[n]) for n in defined_names(statement) if n in defined]
    used = {
        name: {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and node.id in defined}
        for name, statement in defined.items()
    }
    return {name: "\n".join([*common, *(ast.dump(defined[n]) for n in sorted(_reached(name, used)))]) for name in names}


def _reached(name: str, used: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    ahead = {name} & set(used)
    while ahead:
        reached |= ahead
        ahead = set().union(*(used[one] for one in ahead)) - reached
    return reached
