"""A small course of its own, sealed once, and one launcher for all tests of a process."""

import shutil
from pathlib import Path

import pytest

from mfml.grading import submission
from mfml.grading.course import Course
from mfml.grading.key import answer_key
from mfml.grading.run import processes

TEMPLATE = Path(__file__).parent / "course"


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    root = tmp_path_factory.mktemp("course")
    for room in ("exercises", "solutions"):
        shutil.copytree(TEMPLATE / room, root / room, ignore=shutil.ignore_patterns("__pycache__"))
    return Course(root)


@pytest.fixture(scope="session")
def answers(course):
    return answer_key.load(course, 1)


@pytest.fixture(scope="session")
def launcher():
    launcher = processes.default_launcher()
    yield launcher
    launcher.close()


@pytest.fixture(scope="session")
def right(course):
    """The reference answers as a submission."""
    return submission.reference_submission(course.solution(1).read_text())


@pytest.fixture
def graded(course, answers, launcher):
    """Grade a text: returns the unit's result."""
    return lambda source, only=None: submission.grade_text(course, answers, source, "unit01.py", launcher, only=only)


@pytest.fixture
def with_double(right):
    """The reference answers with another body for `double`."""

    def replace(body, before=""):
        start = right.index("def double(")
        end = right.index("def total_loss(")
        return f"{right[:start]}{before}def double(x):\n{body}\n\n\n{right[end:]}"

    return replace
