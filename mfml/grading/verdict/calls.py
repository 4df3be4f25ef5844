"""Which exercises an answer calls: a wrong one makes others wrong, and is to be repaired first."""

from __future__ import annotations

import ast

from mfml.grading.run.loader import blocks_that_parse, defined_names
from mfml.grading.verdict.result import ExerciseResult, UnitResult


def name_wrong_ones(result: UnitResult, source: str) -> None:
    """Where an exercise is wrong without a diagnosis and calls another that is wrong, let it say so."""
    wrong = {exercise.name: exercise for exercise in result.exercises if exercise.state == "wrong"}
    if len(wrong) < 2:
        return
    calls = _calls(source, {exercise.name for exercise in result.exercises})
    for name, exercise in wrong.items():
        called = [one for one in wrong.values() if one.name in calls.get(name, ()) and one is not exercise]
        if called and not (exercise.mistake or exercise.question):
            exercise.message = exercise.question = _sentence(called[0])


def _sentence(called: ExerciseResult) -> str:
    return f"It calls `{called.name}` of {called.id}, which is not right yet: repair that first, then grade again."


def _names_from_outside(node: ast.stmt) -> set[str]:
    """Return the names that a statement uses and does not bind itself: a local variable may have an answer's name."""
    used: set[str] = set()
    bound: set[str] = set()
    for one in ast.walk(node):
        if isinstance(one, ast.Name):
            (used if isinstance(one.ctx, ast.Load) else bound).add(one.id)
        elif isinstance(one, ast.arg):
            bound.add(one.arg)
        elif isinstance(one, ast.FunctionDef) and one is not node:
            bound.add(one.name)
    return used - bound


def _calls(source: str, exercises: set[str]) -> dict[str, set[str]]:
    """Return for each exercise of a submission the others that it names, also through helpers of the submission.

    The file is a stranger's: each exercise looks at each helper once, however many there are.
    """
    named: dict[str, set[str]] = {}
    for node in blocks_that_parse(source)[0].body:
        for name in defined_names(node):
            named[name] = _names_from_outside(node)
    found = {}
    for start in exercises & named.keys():
        seen, ahead = {start}, [start]
        while ahead:
            new = named.get(ahead.pop(), set()) - seen
            seen |= new
            ahead += new - exercises  # what an exercise calls is its own affair
        found[start] = (seen & exercises) - {start}
    return found
