"""Submissions that attack the grader or break it: a complete result, and the cost only where it belongs."""

import os
import re
import shutil
import subprocess
import sys
import time

import pytest

from mfml.grading import submission
from mfml.grading.course import Course
from mfml.grading.run import collect, processes

pytestmark = pytest.mark.xdist_group("grading")

TELL = """
import os, signal, sys, time
import numpy as np


def tell(**event):
    frame = sys._getframe()
    while frame:
        for value in frame.f_locals.values():
            if callable(value) and getattr(value, "__name__", "") == "tell" and value is not tell:
                return value(**event)
        frame = frame.f_back


"""
AT = "exercise='double', check='three numbers'"
ATTACKS = {
    "start without end": (f"while True:\n        tell(event='start', {AT})\n        time.sleep(0.2)", "grader's own"),
    "missing is an array": (f"tell(event='done', {AT}, missing=np.array([1, 2]))", "grader's own results"),
    "error is an array": (f"tell(event='done', {AT}, error=np.array([1, 2]))", "grader's own results"),
    "type is an array": (f"tell(event='done', {AT}, error=dict(type=np.array([1, 2])))", "grader's own results|error"),
    "loaded again": ("tell(event='loaded', failures=[dict(type=np.array([1, 2]))])", "grader's own results"),
    "end": ("tell(event='end')", "grader's own results"),
    "another exercise": ("tell(event='start', exercise='draw', check='four numbers')\n    os._exit(0)", "own results"),
    "loading": ("tell(event='loading', line=3)\n    os._exit(0)", "grader's own results"),
    "server killed": ("os.kill(os.getppid(), signal.SIGKILL)\n    time.sleep(9)", "ended the whole Python process"),
    "server stopped": ("os.kill(os.getppid(), signal.SIGSTOP)\n    os._exit(0)", "ended the whole Python process"),
    "segmentation fault": ("os.kill(os.getpid(), signal.SIGSEGV)", r"signal SIGSEGV\): look for ctypes"),
    "exit status": ("os._exit(7)", r"exit status 7\): remove os\._exit"),
    "GeneratorExit": ("raise GeneratorExit('out')", r"GeneratorExit: out \(unit01.py, line"),
    "own BaseException": ("raise type('Mine', (BaseException,), {})('out')", r"Mine: out \(unit01.py, line"),
    "odd SyntaxError": ("raise SyntaxError('out', ('f', 'x', [], {}))", "SyntaxError"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_costs_only_its_function(name, graded, with_double, monkeypatch):
    monkeypatch.setattr(processes, "EXIT_SECONDS", 1.0)
    body, sentence = ATTACKS[name]
    began = time.monotonic()
    one, *others = graded(with_double(f"    {body}\n    return 3 * x", TELL)).exercises
    assert [other.state for other in others] == ["right", "right"]
    assert one.state in ("crashed", "error")
    assert one.points == 0
    assert re.search(sentence, one.message), one.message
    assert time.monotonic() - began < 30


def test_one_deadline_for_the_whole_unit(graded, right, monkeypatch):
    monkeypatch.setattr(collect, "IMPORT_SECONDS", 0.0)
    monkeypatch.setattr(collect, "LOADING_SECONDS", -50.0)  # leaves 2 s of the unit's 52 s for calls
    result = graded(right.replace("    return 2 * x", "    while True:\n        pass"))
    assert {check.state for exercise in result.exercises for check in exercise.checks} == {"timeout"}
    assert "the whole unit took longer than 2 s" in result.exercises[2].message


def test_without_a_server_every_check_has_a_record(course, answers, right, monkeypatch):
    launcher = processes.ForkServer()
    monkeypatch.setattr(processes.ForkServer, "_fork", lambda self, data: None)
    result = submission.grade_text(course, answers, right, "unit01.py", launcher)
    launcher.close()
    assert {check.state for exercise in result.exercises for check in exercise.checks} == {"grader fault"}
    assert "no process can be started" in result.exercises[0].message


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda text: text + "def (\n", r"exercises/given.py, line \d+: `def \(`"),
        (lambda text: text.replace(", Float", ""), "NameError: name 'Float' is not defined"),
        (lambda text: text.replace("def squared_error", "def other"), "no attribute 'squared_error'"),
    ],
)
def test_a_damaged_given_is_named_and_no_fault_of_the_answers(
    change, sentence, course, answers, launcher, right, tmp_path
):
    there = Course(tmp_path)
    there.given.parent.mkdir()
    there.given.write_text(change(course.given.read_text()))
    result = submission.grade_text(there, answers, right, "unit01.py", launcher)
    assert {check.state for exercise in result.exercises for check in exercise.checks} == {"grader fault"}
    assert re.search(sentence, result.exercises[0].message), result.exercises[0].message
    assert "exercises/given.py" in result.exercises[0].message


def test_a_folder_with_umlauts_in_a_locale_without(course, tmp_path):
    folder = tmp_path / "Müller kurs ü"
    shutil.copytree(course.root, folder, ignore=shutil.ignore_patterns(".mfml", "__pycache__"))
    environment = {**os.environ, "PYTHONPATH": os.getcwd(), "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "mfml", "grade", "1", "--solutions"],
        cwd=folder,
        env={**environment, "LC_ALL": "C"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert b"11 of 11 points" in done.stdout


def test_a_worker_that_never_begins_is_a_fault_of_the_grader(course, answers, launcher, right, monkeypatch):
    made = collect._job
    monkeypatch.setattr(collect, "_job", lambda *a: {**made(*a), "given": os.devnull + "/x.py", "needs": None})
    result = submission.grade_text(course, answers, right, "unit01.py", launcher)
    assert {exercise.state for exercise in result.exercises} == {"grader fault"}


@pytest.mark.parametrize("line", ["return 5", "def f(x=__import__('os')._exit(3)): pass", "x = " + "-" * 99_999 + "1"])
def test_a_line_that_cannot_be_compiled_costs_only_itself(graded, right, line):
    result = graded(f"{right}\n{line}\n")
    assert [exercise.state for exercise in result.exercises] == ["right"] * 3
    assert "line" in result.advice[0]
