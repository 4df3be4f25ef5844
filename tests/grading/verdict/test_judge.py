"""The judge as a whole: how it takes what a worker returned, and what breaks it."""

import numpy as np
import pytest

from mfml.grading.run.collect import Outcomes
from mfml.grading.verdict import compare, judge

BATCH = np.arange(24.0, dtype=np.float32).reshape(2, 4, 3)


def state(value):
    check = {"name": "batch", "call": "vmap", "hidden": False, "expected": BATCH, "allowed": 1e-6, "points": 1}
    check |= {"inputs": {}, "over": [], "mistakes": []}
    exercise = {"id": "1.1", "name": "f", "title": "", "points": 1, "why": "", "compare": "close", "mistakes": []}
    answers = {"unit": 1, "seed": 0, "versions": {}, "exercises": [{**exercise, "checks": [check]}]}
    outcomes = Outcomes({("f", "batch"): {"value": value}}, [], 0)
    return judge.verdict_on(answers, outcomes, file="x.py", title="", sandbox="none").exercises[0].state


@pytest.mark.parametrize(
    "value",
    [
        [BATCH[:, i] for i in range(4)],
        [[BATCH[:, i, j] for j in range(3)] for i in range(4)],
        tuple(BATCH[:, i] for i in range(4)),
    ],
    ids=["arrays", "numbers", "tuple"],
)
def test_a_list_counts_as_an_array_under_vmap_too(value):
    """vmap batches each entry of the list that a function returns for one sample."""
    assert state(value) == "right"


def test_a_list_of_other_numbers_is_wrong_under_vmap():
    assert state([BATCH[:, i] for i in (1, 0, 2, 3)]) == "wrong"
    assert state([BATCH[:, i] for i in range(3)]) == "wrong"
    assert state([BATCH[0, i] for i in range(4)]) == "wrong"
    assert state([]) == "wrong"


def test_an_output_that_breaks_the_judge_costs_its_exercise_alone(answers, monkeypatch):
    honest = compare.difference

    def breaking(found, *rest):
        if isinstance(found, str):
            raise ValueError("broken")
        return honest(found, *rest)

    monkeypatch.setattr(compare, "difference", breaking)
    outcomes = {
        (exercise["name"], check["name"]): {"value": "text" if exercise["name"] == "double" else check["expected"]}
        for exercise in answers["exercises"]
        for check in exercise["checks"]
    }
    result = judge.verdict_on(answers, Outcomes(outcomes, [], 0), file="unit01.py", title="", sandbox="none")
    assert [exercise.state for exercise in result.exercises] == ["grader fault", "right", "right"]
    assert "ValueError: broken" in result.exercises[0].message
    assert result.max_score == 11
