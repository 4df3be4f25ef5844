"""Every sheet of exercises: stubs fail, solutions get full marks, known mistakes are rejected and told apart."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest

from mfml.grading import submission
from mfml.grading.course import Course
from mfml.grading.key import answer_key
from mfml.grading.run import bridge, processes, values
from mfml.grading.run.collect import Outcomes
from mfml.grading.show import hints
from mfml.grading.verdict import examples, judge

COURSE = Course(Path(__file__).resolve().parents[1])


def marks(number):
    read = (COURSE.solution(number), COURSE.exercise(number), COURSE.given)
    reaches = pytest.mark.reaches(*(path.relative_to(COURSE.root).as_posix() for path in read))
    return (reaches, pytest.mark.xdist_group(f"unit{number}"))  # so that a sheet is sealed once


UNITS = [pytest.param(n, marks=marks(n), id=f"unit{n:02d}") for n in COURSE.units()]


@pytest.fixture(params=UNITS)
def unit(request):
    return request.param


@pytest.fixture
def answers(unit):
    return answer_key.load(COURSE, unit)


@pytest.fixture(scope="module")
def launcher():
    launcher = processes.default_launcher()
    yield launcher
    launcher.close()


def functions(path):
    return {node.name: node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}


def test_stubs_are_the_exercises_in_order_with_the_same_signature(unit, answers):
    stubs, references = functions(COURSE.exercise(unit)), functions(COURSE.solution(unit))
    names = [exercise["name"] for exercise in answers["exercises"]]
    assert list(stubs) == names
    for exercise in answers["exercises"]:
        stub, answer = stubs[exercise["name"]], references[exercise["name"]]
        assert ast.unparse(stub.args) == ast.unparse(answer.args)
        assert ast.unparse(stub.returns) == ast.unparse(answer.returns)
        assert ast.get_docstring(stub).startswith(f"Exercise {exercise['id']}. {exercise['title']}.")


def test_sheet_has_a_fair_size(answers):
    assert 6 <= len(answers["exercises"]) <= 9
    for exercise in answers["exercises"]:
        assert len(exercise["mistakes"]) >= 2
        assert any(check["hidden"] for check in exercise["checks"])


def test_untouched_stubs_are_not_attempted(unit, launcher):
    result = submission.grade_file(COURSE, unit, launcher)
    assert {exercise.state for exercise in result.exercises} == {"not attempted"}
    assert result.score == 0
    assert result.next_exercise.id == f"{unit}.1"


def test_solutions_get_full_marks(unit, launcher):
    result = submission.grade_file(COURSE, unit, launcher, solutions=True)
    assert {e.id: (e.state, e.message) for e in result.exercises if e.state != "right"} == {}
    assert result.score == result.max_score
    assert result.advice == []


def test_known_mistakes_are_rejected_and_diagnosed(answers):
    """The judge sees what each wrong variant returned, and has to say that variant's sentence."""
    for exercise in answers["exercises"]:
        for index, sentence in enumerate(exercise["mistakes"]):
            made = {(exercise["name"], c["name"]): as_outcome(c["mistakes"][index]) for c in exercise["checks"]}
            result = judge.verdict_on(
                {**answers, "exercises": [exercise]}, Outcomes(made, [], 0), file="x.py", title="", sandbox="none"
            ).exercises[0]
            assert result.state != "right", sentence
            assert result.points < result.max_points, sentence
            assert result.mistake == sentence


def as_outcome(mistake):
    return mistake if "value" in mistake else {"error": {"type": mistake["error"], "message": mistake["message"]}}


def test_hints_read_from_text_are_those_of_the_key(unit, answers):
    fields = ("id", "name", "title", "hints")
    assert [{f: one[f] for f in fields} for one in hints.exercises(COURSE, unit)] == [
        {f: one[f] for f in fields} for one in answers["exercises"]
    ]
    for exercise in answers["exercises"]:
        assert len(set(exercise["hints"])) == 3


def test_a_stub_says_how_its_function_is_called(unit, answers):
    """What is never said is not graded: `jax.jit` at the head of the sheet, `vmap` and `grad` in the docstring."""
    stubs = functions(COURSE.exercise(unit))
    sheet = ast.get_docstring(ast.parse(COURSE.exercise(unit).read_text()))
    for exercise in answers["exercises"]:
        calls = {check["call"] for check in exercise["checks"]} - {"plain"}
        said = sheet + ast.get_docstring(stubs[exercise["name"]])
        assert {call for call in calls if f"jax.{call}" not in said} == set(), exercise["id"]


@pytest.mark.parametrize("kind", ["float64", "float32", "scalar", "python", "lists"])
def test_right_numbers_of_every_kind_are_right(answers, kind):
    """On the command line and in a notebook, values travel in the same way, and are judged alike."""
    for exercise in answers["exercises"]:
        made = {}
        for check in exercise["checks"]:
            value = values.unpack(values.pack({"value": bridge.from_jax(as_kind(check["expected"], kind), None)}))
            made[exercise["name"], check["name"]] = value
        result = judge.verdict_on(
            {**answers, "exercises": [exercise]}, Outcomes(made, [], 0), file="x.py", title="", sandbox="none"
        ).exercises[0]
        assert result.state == "right", (exercise["id"], result.message)


def as_kind(value, kind):
    """Numbers of a right answer as another kind of numbers."""
    if isinstance(value, tuple | list):
        return type(value)(as_kind(one, kind) for one in value)
    if isinstance(value, dict):
        return {name: as_kind(one, kind) for name, one in value.items()}
    if not isinstance(value, np.ndarray | float) or np.asarray(value).dtype.kind not in "fiub":
        return value
    array = np.asarray(value)
    if kind in ("float64", "float32"):
        return array.astype(kind) if array.dtype.kind == "f" else array
    if kind == "scalar":
        return array[()]  # a NumPy scalar where it has no axis
    if kind == "python":
        return array.item() if array.ndim == 0 else array
    return array.tolist() if array.size else array


def test_hints_cite_the_headings_of_the_lesson(unit, answers):
    lesson = COURSE.lesson(unit).read_text(encoding="utf-8")
    headings = set(re.findall(r"^# #+ (.+)$", lesson, re.MULTILINE))
    for exercise in answers["exercises"]:
        cited = [re.findall(r'section "([^"]+)"', hint) for hint in exercise["hints"]]
        assert cited[1], f"{exercise['id']}: the second hint says in which section the idea is"
        assert set().union(*cited) <= headings, exercise["id"]


def test_no_example_shows_a_negative_zero(unit, answers):
    for exercise in answers["exercises"]:
        assert "-0.0" not in re.sub(
            r"-0\.0\d*[1-9]", "", ast.get_docstring(functions(COURSE.exercise(unit))[exercise["name"]])
        )
        for check in exercise["checks"]:
            assert not re.search(r"-0\.0(?!\d)", examples.call(exercise["name"], check)), exercise["id"]
