"""Malformed state counts as absent, and costs only its own line."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from mfml.cli import app
from mfml.grading.course import Course
from mfml.grading.key import form
from mfml.grading.show import hints, progress

pytestmark = pytest.mark.xdist_group("grading")

DEEP = "[" * 100_000
MALFORMED = ["", "null", "1.5", "[]", '"x"', "{", DEEP, '{"unit": 1}', "\x00"]
BAD_COUNTS = [f'{{"1.2": {value}}}' for value in ('"x"', "null", "1.5", "-5", "true")]


@pytest.fixture
def student(course, answers, tmp_path):
    root = tmp_path / "my-course"
    shutil.copytree(course.root / "exercises", root / "exercises")
    (root / "keys").mkdir()
    (root / ".mfml" / "results").mkdir(parents=True)
    student = Course(root)
    student.shipped_key(1).write_bytes(form.to_bytes(answers))
    return student


@pytest.mark.parametrize("text", [*MALFORMED, *BAD_COUNTS])
def test_malformed_hints_start_with_the_first(student, text):
    (student.private / "hints.json").write_text(text)
    entry, count = hints.next_hint(student, "1.2")
    assert count == 1
    hints.keep(student, entry, count)
    assert hints.next_hint(student, "1.2")[1] == 2


def test_a_bad_entry_leaves_the_others(student):
    (student.private / "hints.json").write_text('{"1.1": [], "1.2": 2, "1.3": 99}')
    assert [hints.next_hint(student, name)[1] for name in ("1.1", "1.2", "1.3")] == [1, 3, 3]
    assert hints.next_hint(student, "1.3", again=True)[1] == 3


@pytest.fixture
def kept(graded, right):
    return graded(right).to_json()


def change(data, **fields):
    return json.dumps({**data, **fields})


@pytest.mark.parametrize("text", MALFORMED)
def test_a_malformed_result_counts_as_absent(student, text):
    (student.private / "results" / "unit01.json").write_text(text)
    (line,) = progress.by_unit(student)
    assert (line.result, line.when, line.exercises) == (None, None, 3)


@pytest.mark.parametrize(
    "fields",
    [
        *({"score": "x"}, {"max_score": None}, {"score": True}, {"unit": 2}, {"more": 1}, {"exercises": [1]}),
        {"exercises": [{"state": "odd", "checks": []}]},
    ],
)
def test_a_result_with_a_wrong_field_counts_as_absent(student, kept, fields):
    path = student.private / "results" / "unit01.json"
    path.write_text(json.dumps(kept))
    assert progress.by_unit(student)[0].result.score == 11
    if isinstance(fields.get("exercises", [1])[0], dict):
        fields = {"exercises": [{**kept["exercises"][0], **fields["exercises"][0]}]}
    path.write_text(change(kept, **fields))
    assert progress.by_unit(student)[0].result is None


def test_a_damaged_key_costs_only_its_own_line(student, kept, monkeypatch):
    shutil.copy(student.exercise(1), student.exercise(2))
    student.shipped_key(2).write_bytes(b"junk")
    (student.private / "results" / "unit01.json").write_text(json.dumps(kept))
    monkeypatch.chdir(student.root)
    done = CliRunner().invoke(app, ["progress"])
    assert done.exit_code == 0
    assert "3/3" in done.stdout
    assert "0/?" in done.stdout
    assert "unit02.key is damaged" in done.stderr
