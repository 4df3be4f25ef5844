"""Grade a submission of one unit: read it, collect outcomes, judge. The entrance for every command."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path
from typing import Any

from mfml import syllabus
from mfml.grading.course import Course
from mfml.grading.key import answer_key
from mfml.grading.run import collect
from mfml.grading.run.loader import blocks_that_parse, defined_names, lines_of
from mfml.grading.run.processes import Launcher
from mfml.grading.verdict import calls, judge
from mfml.grading.verdict.result import UnitResult

MAX_SOURCE = 2**20


def grade_file(
    course: Course,
    unit: int,
    launcher: Launcher,
    *,
    path: Path | None = None,
    solutions: bool = False,
    seed: int = answer_key.DEFAULT_SEED,
    only: set[str] | None = None,
    announce: Any = None,
) -> UnitResult:
    """Grade one file.

    Args:
        course: the course that the unit belongs to.
        unit: the unit's number.
        launcher: starts the workers.
        path: the submission; default: `exercises/unitNN.py` of the course.
        solutions: grade the reference answers instead, as if a student had submitted them.
        seed: seed of the inputs.
        only: names of the exercises to grade; None for all.
        announce: called before an answer key is sealed, since that takes seconds.

    Raises:
        ValueError: if the unit, its answer key or the submission cannot be read.
    """
    if not (course.exercise(unit).exists() or course.shipped_key(unit).exists() or path):
        raise ValueError(course.lacks(unit))
    if solutions and course.is_kit:
        raise ValueError(f"{course.root} is a student's course and holds no solutions")
    path = course.solution(unit) if solutions else path or course.exercise(unit)
    source = read_source(path)
    answers = answer_key.load(course, unit, seed, announce=announce)
    return grade_text(
        course, answers, reference_submission(source) if solutions else source, path.name, launcher, only=only
    )


def grade_text(
    course: Course,
    answers: dict[str, Any],
    source: str,
    file: str,
    launcher: Launcher,
    *,
    only: set[str] | None = None,
) -> UnitResult:
    """Grade a submission's text against an answer key."""
    names = {exercise["name"] for exercise in answers["exercises"]} if only is None else only
    stubs = untouched(source) & names
    attempted = names - stubs
    outcomes = (
        collect.outcomes_of(answers, source, file, launcher, course, attempted) if attempted else collect.nothing()
    )
    for exercise in answers["exercises"]:
        if exercise["name"] in stubs:
            outcomes.checks.update({(exercise["name"], c["name"]): {"untouched": True} for c in exercise["checks"]})
    title = syllabus.find(answers["unit"]).title
    result = judge.verdict_on(answers, outcomes, file=file, title=title, sandbox=launcher.sandbox, only=only)
    calls.name_wrong_ones(result, source)
    result.advice += _answers_above_stubs(source, stubs, file)
    return result


def untouched(source: str) -> set[str]:
    """Return the functions whose last definition is only a docstring and `raise NotImplementedError`.

    One that a block which does not parse should have defined was attempted.
    """
    tree, failures = blocks_that_parse(source)
    found: set[str] = set()
    for node in tree.body:
        names = set(defined_names(node))
        found = found | names if _is_stub(node) else set() if "*" in names else found - names
    return found.difference(*(failure["names"] for failure in failures))


def _answers_above_stubs(source: str, stubs: set[str], file: str) -> list[str]:
    """Say which functions were written, and are replaced by a stub further down."""
    written: dict[str, int] = {}
    found = []
    for node in blocks_that_parse(source)[0].body:
        for name in sorted(stubs & set(defined_names(node))):
            if not _is_stub(node):
                written[name] = node.lineno
            elif name in written:
                found.append(
                    f"the stub of `{name}` ({file}, line {node.lineno}) replaces your function in line {written[name]}:"
                    " delete the stub"
                )
    return list(dict.fromkeys(found))


def _is_stub(node: ast.stmt) -> bool:
    if not isinstance(node, ast.FunctionDef):
        return False
    body = [s for s in node.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    if len(body) != 1 or not isinstance(body[0], ast.Raise):
        return False
    raised = body[0].exc.func if isinstance(body[0].exc, ast.Call) else body[0].exc
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def read_source(path: Path) -> str:
    """Return a submission's text. Raises ValueError that says why it cannot be read."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > MAX_SOURCE:
        raise ValueError(f"{path} has {len(data)} bytes; a submission may have {MAX_SOURCE}")
    if _is_notebook(path, data):
        raise ValueError(
            f"{path} is a notebook: save it as a script (`jupytext --to py:percent {path}`), and grade that"
        )
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding)
    except (ValueError, LookupError, SyntaxError) as error:  # LookupError: an encoding that is none of text
        raise ValueError(f"{path} is not UTF-8 text: save it with the encoding UTF-8 ({error})") from error


def _is_notebook(path: Path, data: bytes) -> bool:
    return path.suffix == ".ipynb" or (data.lstrip().startswith(b"{") and b'"nbformat"' in data)


def reference_submission(source: str) -> str:
    """Turn a solutions file into a submission by blanking the lines of the specification."""
    tree, _ = blocks_that_parse(source)
    lines = [line.rstrip("\n") for line in lines_of(source)]

    def blank(first: int, last: int) -> None:
        lines[first - 1 : last] = [""] * (last - first + 1)

    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mfml"):
            blank(node.lineno, node.end_lineno or node.lineno)
        elif isinstance(node, ast.FunctionDef) and node.decorator_list:
            kinds = {_decorator(decorator) for decorator in node.decorator_list}
            if kinds & {"inputs", "mistake"}:
                blank(node.decorator_list[0].lineno, node.end_lineno or node.lineno)
            elif "exercise" in kinds:
                blank(node.decorator_list[0].lineno, node.lineno - 1)
    return "\n".join(lines) + "\n"


def _decorator(node: ast.expr) -> str:
    target = node.func if isinstance(node, ast.Call) else node
    return target.attr if isinstance(target, ast.Attribute) else target.id if isinstance(target, ast.Name) else ""
