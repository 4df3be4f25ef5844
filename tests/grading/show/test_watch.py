"""Grading again at every save."""

import os
import time

import pytest
from rich.console import Console

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


def test_notes_stay_while_their_reason_does(course, answers, launcher, right):
    regrader = watch.Regrader(course, answers, "unit01.py", launcher)
    source = f"import pandas_nope\n{right}"
    first = regrader.grade(source).advice
    assert "pandas_nope" in first[0]
    assert regrader.grade(f"{source}# a comment\n").advice == first
    assert "line 2" in regrader.grade(f"# a comment\n{source}").advice[0]
    stub = right.replace("return 2 * x", "raise NotImplementedError")
    assert regrader.grade(f"import pandas_nope\n{stub}").advice == first
    assert regrader.grade(right).advice == []


def test_a_note_is_no_repetition(course, answers, launcher, right):
    """What an exercise says already is not said below it, also when another exercise is graded again."""
    regrader = watch.Regrader(course, answers, "unit01.py", launcher)
    source = "import torchx\n" + right.replace("return 2 * x", "return torchx.add(x, x)")
    assert regrader.grade(source).advice == []
    assert regrader.grade(f"{source}# a comment\n").advice == []


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
    saves = watch.saves(path, pytest.fail)
    assert next(saves)[0] == "one"
    other = tmp_path / "other"
    other.write_text("two")
    time.sleep(0.01)
    os.replace(other, path)
    assert next(saves)[0] == "two"


def test_a_save_that_cannot_be_read_is_told_and_watching_goes_on(tmp_path):
    path, told = tmp_path / "unit01.py", []
    path.write_text("one")
    saves = watch.saves(path, lambda error: told.append(str(error)) or next(contents)())
    contents = iter([lambda: path.write_text("#" * 2**21), lambda: path.write_text("two")])
    assert next(saves)[0] == "one"
    path.write_bytes("# é".encode("latin-1"))
    assert next(saves)[0] == "two"
    assert "is not UTF-8 text" in told[0]
    assert "bytes; a submission may have" in told[1]


def test_an_empty_file_is_graded_at_the_start(tmp_path):
    path = tmp_path / "unit01.py"
    path.touch()
    assert next(watch.saves(path, pytest.fail))[0] == ""


def test_a_file_that_is_missing_is_told(course, launcher, tmp_path):
    with pytest.raises(ValueError, match=r"cannot read .*nope.py"):
        watch.follow(course, 1, tmp_path / "nope.py", launcher, Console(), 2026)
