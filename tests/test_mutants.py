"""No wrong answer gets full marks: every change of a reference answer is caught, or listed with the reason."""

import pytest

from mfml.grading.mutation import survivors
from tests.test_exercises import COURSE, UNITS


@pytest.mark.parametrize("unit", UNITS)
def test_every_mutant_is_caught_or_listed_with_its_reason(unit):
    found = survivors.survey(COURSE, unit)
    assert {one.exercise: one.survivors for one in found if one.survivors} == {}
    assert {one.exercise: one.stale for one in found if one.stale} == {}, "listed as equivalent, but caught"
    assert all(one.tried >= 4 for one in found)
