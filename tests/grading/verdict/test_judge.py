"""The judge as a whole: what breaks it costs one exercise."""

from mfml.grading.run.collect import Outcomes
from mfml.grading.verdict import compare, judge


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
