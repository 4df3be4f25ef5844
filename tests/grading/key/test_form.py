"""A key that is not whole, or is another unit's, is refused: it must never mark right work wrong."""

import copy
import shutil

import pytest

from mfml.grading import submission
from mfml.grading.course import Course
from mfml.grading.key import answer_key, form
from mfml.grading.run.values import pack

pytestmark = pytest.mark.xdist_group("grading")


@pytest.fixture
def student(course, answers, tmp_path):
    """A folder with a shipped key."""
    root = tmp_path / "my-course"
    shutil.copytree(course.root / "exercises", root / "exercises")
    (root / "keys").mkdir()
    Course(root).shipped_key(1).write_bytes(form.to_bytes(answers))
    return Course(root)


def refused(student):
    with pytest.raises(ValueError, match=r"unit01.key is damaged or was made by another version of mfml: delete it"):
        answer_key.load(student, 1)
    return True


def test_a_sound_key_is_read(student, answers):
    assert answer_key.load(student, 1)["stamp"] == answers["stamp"]


@pytest.mark.parametrize("place", [0, 20, 60, 500, -3000, -1])
def test_one_changed_byte_is_seen(student, place):
    path = student.shipped_key(1)
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    assert refused(student)


def test_damaged_arrays_never_mark_right_work_wrong(student, launcher, right):
    path = student.shipped_key(1)
    data = path.read_bytes()
    path.write_bytes(data[:-40] + bytes(40))
    student.exercise(1).write_text(right)
    with pytest.raises(ValueError, match="is damaged"):
        submission.grade_file(student, 1, launcher)


def test_the_key_of_another_unit_is_refused(student, answers):
    student.shipped_key(1).write_bytes(form.to_bytes({**answers, "unit": 2}))
    assert refused(student)


def test_a_key_without_format_is_refused(student, answers):
    student.shipped_key(1).write_bytes(pack(answers))
    assert refused(student)


@pytest.mark.parametrize("content", [{"schema": form.SCHEMA}, [], None, 3, {}])
def test_a_key_of_another_form_is_refused(student, content):
    student.shipped_key(1).write_bytes(form.to_bytes(content))
    assert refused(student)


def variants(answers):
    """Every key that lacks one field, and some whose numbers do not fit."""
    for level in ("key", "exercise", "check"):
        for name in {"key": answers, "exercise": answers["exercises"][0]}.get(
            level, answers["exercises"][0]["checks"][0]
        ):
            changed = copy.deepcopy(answers)
            exercise = changed["exercises"][0]
            del {"key": changed, "exercise": exercise, "check": exercise["checks"][0]}[level][name]
            yield f"{level} without {name}", changed
    for name, value in (("exercises", []), ("unit", "1"), ("versions", None)):
        yield f"{name}={value}", {**answers, name: value}
    for name, value in (("points", 99), ("checks", []), ("seconds", "long"), ("hints", [1])):
        changed = copy.deepcopy(answers)
        changed["exercises"][0][name] = value
        yield f"exercise {name}={value}", changed
    for name, value in (("call", "pmap"), ("over", ["nothing"]), ("mistakes", [])):
        changed = copy.deepcopy(answers)
        changed["exercises"][0]["checks"][0][name] = value
        yield f"check {name}={value}", changed


def test_every_field_is_required(answers):
    assert form.is_sound(answers, 1)
    assert not form.is_sound(answers, 2)
    assert [what for what, changed in variants(answers) if form.is_sound(changed, 1)] == []
