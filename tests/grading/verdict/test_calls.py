"""An exercise that is wrong because it calls a wrong one says so."""

import pytest

from mfml.grading.verdict import calls
from mfml.grading.verdict.result import ExerciseResult, UnitResult

SOURCE = """
def double(x):
    return 3 * x

def helper(x):
    return double(x)

def four(x):
    return helper(helper(x))

def eight(x):
    return 2 * four(x)
"""
SENTENCE = "It calls `{}` of {}, which is not right yet: repair that first, then grade again."


@pytest.fixture
def grade():
    def made(source=SOURCE, **states):
        exercises = [
            ExerciseResult(f"1.{i}", name, "", states.get(name, "wrong"), 0, 5, "largest error 1")
            for i, name in enumerate(("double", "four", "eight"), 1)
        ]
        result = UnitResult(1, "", 0, 15, "none", 0, {}, exercises)
        calls.name_wrong_ones(result, source)
        return [exercise.question for exercise in exercises]

    return made


def test_each_names_the_wrong_exercise_that_it_calls(grade):
    assert grade() == [None, SENTENCE.format("double", "1.1"), SENTENCE.format("four", "1.2")]


def test_what_is_right_is_not_blamed(grade):
    assert grade(double="right") == [None, None, SENTENCE.format("four", "1.2")]
    assert grade(double="error", four="right") == [None, None, None]


def test_a_known_mistake_says_more():
    mine = ExerciseResult("1.2", "four", "", "wrong", 0, 5, "You doubled.", mistake="You doubled.")
    other = ExerciseResult("1.1", "double", "", "wrong", 0, 5, "largest error 1")
    calls.name_wrong_ones(UnitResult(1, "", 0, 10, "none", 0, {}, [other, mine]), SOURCE)
    assert (mine.message, mine.question) == ("You doubled.", None)


def test_a_long_chain_of_helpers_takes_no_long_time(grade):
    """With one search per helper, these would take hours."""
    chain = "".join(f"def h{i}(x):\n    return h{i + 1}(x)\n" for i in range(20_000))
    source = f"{SOURCE}\n{chain}def h20000(x):\n    return double(x)\ndef four(x):\n    return h0(x)\n"
    assert grade(source)[1] == SENTENCE.format("double", "1.1")


@pytest.mark.parametrize(
    "body",
    [
        "(x):\n    double = x + 1\n    return double",
        "(x, double):\n    return double(x)",
        "(x):\n    def double(x):\n        return x\n    return double(x)",
    ],
)
def test_a_local_name_is_no_call(grade, body):
    assert grade(f"{SOURCE}\ndef four{body}\n")[1] is None


def test_a_block_that_does_not_parse_costs_nothing(grade):
    assert grade(SOURCE + "\ndef broken(:\n")[1] == SENTENCE.format("double", "1.1")
