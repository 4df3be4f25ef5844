"""Grading again at every save."""

import os
import time

import pytest

from mfml.grading import submission
from mfml.grading.show import watch

pytestmark = pytest.mark.xdist_group("grading")


def test_watch_grades_again_only_what_changed(course, answers, launcher, right, monkeypatch):
    regrader = watch.Regrader(course, answers, "unit01.py", launcher)
    assert regrader.grade(right).passed
    ran = []
    collect = submission.collect.outcomes_of
    monkeypatch.setattr(submission.collect, "outcomes_of", lambda *a, **k: ran.append(a[5]) or collect(*a, **k))
    changed = right.replace("return 2 * x", "return 3 * x")
    result = regrader.grade(changed)
    assert ran == [{"double"}]
    assert [exercise.state for exercise in result.exercises] == ["wrong", "right", "right"]
    assert result.score == 8
    assert regrader.grade(right).score == result.max_score == 11


def test_code_of_follows_calls():
    source = "import jax\n\ndef a(x):\n    return b(x)\n\ndef b(x):\n    return x\n\ndef c(x):\n    return x\n"
    before, names = watch.code_of(source, ["a", "b", "c"]), ["a", "b", "c"]
    after = watch.code_of(source.replace("def b(x):\n    return x", "def b(x):\n    return -x"), names)
    assert [name for name in names if before[name] != after[name]] == ["a", "b"]
    after = watch.code_of(source.replace("import jax", "import numpy"), names)
    assert [name for name in names if before[name] != after[name]] == names


def test_saves_sees_each_save(tmp_path):
    path = tmp_path / "unit01.py"
    path.write_text("one")
    saves = watch.saves(path)
    assert next(saves)[0] == "one"
    other = tmp_path / "other"
    other.write_text("two")
    time.sleep(0.01)
    os.replace(other, path)
    assert next(saves)[0] == "two"
