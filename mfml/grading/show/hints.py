"""Hints, without loading JAX: from the answer key of a kit, otherwise from the text of the solutions."""

from __future__ import annotations

import ast
import json
import re
import textwrap
from typing import Any

from mfml.files import write_whole
from mfml.grading.course import Course
from mfml.grading.key import answer_key
from mfml.grading.show import state


def exercises(course: Course, unit: int) -> list[dict[str, Any]]:
    """Return id, name, title and hints of a unit's exercises. Raises ValueError if the unit has none."""
    path = course.solution(unit)
    if course.is_kit or not path.exists():
        return list(answer_key.load(course, unit)["exercises"])
    found: list[dict[str, Any]] = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.FunctionDef):
            continue
        for decorator in node.decorator_list:
            if (
                isinstance(decorator, ast.Call)
                and isinstance(decorator.func, ast.Name)
                and decorator.func.id == "exercise"
            ):
                hints = next(keyword.value for keyword in decorator.keywords if keyword.arg == "hints")
                title = (ast.get_docstring(node) or node.name).splitlines()[0].rstrip(".")
                number = f"{unit}.{len(found) + 1}"
                found.append({"id": number, "name": node.name, "title": title, "hints": list(ast.literal_eval(hints))})
    return found


def find(course: Course, exercise: str | float) -> dict[str, Any]:
    """Return the exercise with an id such as "3.2". Raises ValueError that lists the valid ids."""
    if not re.fullmatch(r"[0-9]{1,3}\.[0-9]{1,3}", str(exercise)):
        raise ValueError(f"an exercise is named by unit and number, such as 3.2; found {exercise!r}")
    unit, number = str(exercise).split(".")
    listed = exercises(course, int(unit))
    if not 1 <= int(number) <= len(listed):
        raise ValueError(f"unit {unit} has the exercises {listed[0]['id']} to {listed[-1]['id']}; found {exercise}")
    return listed[int(number) - 1]


def wrapped(text: str) -> str:
    """Break a hint into lines: prose to 80 columns, code after each statement, and never within backquotes."""
    if "`" not in text and re.search(r"; (return\b|[\w, ]+ = )", text):  # statements
        return "\n".join(textwrap.indent(line, "    ") for line in text.replace("; ", ";\n").split("\n"))[2:]
    pieces = re.sub(r"`[^`]*`", lambda code: code[0].replace(" ", "\0"), text)
    wrapper = textwrap.TextWrapper(80, "  ", "    ", break_long_words=False, break_on_hyphens=False)
    return wrapper.fill(pieces).replace("\0", " ")


def next_hint(course: Course, exercise: str, *, again: bool = False) -> tuple[dict[str, Any], int]:
    """Return the exercise and how many of its hints to show: one more than last time, at most all three.

    With `again` it is as many as last time. Call `keep` once they are shown.
    """
    entry = find(course, exercise)
    shown = _seen(course).get(entry["id"], 0)
    return entry, min(max(1, shown) if again else shown + 1, len(entry["hints"]))


def keep(course: Course, entry: dict[str, Any], count: int) -> None:
    """Remember how many hints of an exercise were shown. Raises CannotWrite."""
    seen = {**_seen(course), entry["id"]: count}
    write_whole(course.private / "hints.json", json.dumps(seen).encode())


def _seen(course: Course) -> dict[str, int]:
    """Return how many hints of each exercise were shown. An entry that is no such number counts as absent."""
    entries = state.read(course.private / "hints.json", lambda data: list(data.items())) or []
    return {name: count for name, count in entries if type(count) is int and count > 0}
