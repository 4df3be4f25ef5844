"""Known mistakes are recognized by evidence: what a wrong variant explains better than the right answer does."""

import numpy as np
import pytest

from mfml.grading.verdict import mistakes
from mfml.grading.verdict.result import CheckResult

TWICE, MINUS = "You doubled it.", "You lost the sign."
X, Z, NOTHING = np.array([1.0, 2.0, 3.0]), np.array([2.0, 5.0]), np.zeros(2)


def exercise(*checks, sentences=(TWICE, MINUS)):
    return {"mistakes": list(sentences), "compare": "close", "checks": list(checks)}


def check(name, expected, *made, hidden=False, call="plain"):
    """A check with what the right answer and each mistake give."""
    made = [{"value": one} if isinstance(one, np.ndarray) else one for one in made or (2 * expected, -expected)]
    return {
        **{"name": name, "expected": expected, "allowed": 1e-5, "mistakes": made},
        **{"hidden": hidden, "call": call, "inputs": {}},
    }


def known(spec, *values):
    """The sentence for a submission that returned these values, or raised what is an exception."""
    found = {
        one["name"]: {"error": {"type": value}} if isinstance(value, str) else {"value": value}
        for one, value in zip(spec["checks"], values, strict=True)
    }
    results = [
        CheckResult(
            one["name"],
            "error" if isinstance(value, str) else "right" if np.array_equal(value, one["expected"]) else "wrong",
            **{"points": 0, "max_points": 1, "hidden": one["hidden"]},
        )
        for one, value in zip(spec["checks"], values, strict=True)
    ]
    return mistakes.known(spec, results, found)


@pytest.fixture
def spec():
    return exercise(check("small", X), check("large", Z), check("zeros", NOTHING, hidden=True))


def test_the_mistake_that_was_made(spec):
    assert known(spec, 2 * X, 2 * Z, NOTHING) == TWICE
    assert known(spec, -X, -Z, NOTHING) == MINUS
    assert known(spec, 3 * X, 3 * Z, NOTHING) is None
    assert known(spec, X, Z, NOTHING) is None


def test_what_raises_or_is_degenerate_is_no_evidence(spec):
    assert known(spec, 2 * X, "TypeError", NOTHING) == TWICE
    assert known(spec, 2 * X, 2 * Z, "ZeroDivisionError") == TWICE
    assert known(spec, 2 * X, 2 * Z, NOTHING + 7) == TWICE  # a natural variation on hidden inputs
    assert known(spec, "TypeError", "TypeError", NOTHING) is None
    raising = exercise(check("small", X, {"error": "ValueError"}, -X), check("large", Z))
    assert known(raising, X + 1, 2 * Z) == TWICE


def test_one_visible_check_that_differs_is_enough_to_say_nothing(spec):
    assert known(spec, 2 * X, 3 * Z, NOTHING) is None
    assert known(spec, 2 * X, Z, NOTHING) is None


def test_hidden_checks_decide_where_only_they_are_wrong():
    spec = exercise(check("small", X, X, X), check("edge", Z, hidden=True), check("other", X, 2 * X, -X, hidden=True))
    assert known(spec, X, -Z, -X) == MINUS
    assert known(spec, X, -Z, 5 * X) is None
    assert known(spec, "TypeError", -Z, -X) is None  # what fails on a visible check is something else


def test_numbers_of_another_kind_and_shape_are_the_same_numbers():
    spec = exercise(check("one", np.float32(2.0), np.asarray(4.0), np.asarray(-2.0)))
    assert known(spec, np.array([4])) == TWICE
    assert known(spec, 4) == TWICE
    assert known(exercise(check("list", X)), [2.0, 4.0, 6.0]) == TWICE


def test_a_right_value_of_another_kind_is_not_explained_by_a_mistake():
    """On the first check the mistake happens to be right."""
    spec = exercise(check("same", X, X, X), check("also", Z, Z, Z))
    assert known(spec, X.astype(int), Z.astype(int)) is None


def test_the_mistake_that_explains_more_wins():
    """Both fit the visible check; the hidden one tells them apart."""
    spec = exercise(check("two", Z, 2 * Z, 2 * Z), check("edge", X, 2 * X, 7 * X, hidden=True))
    assert known(spec, 2 * Z, 2 * X) == TWICE
    assert known(spec, 2 * Z, 7 * X) == MINUS
    assert known(spec, 2 * Z, "TypeError") == f"{TWICE} Or: {MINUS}"


def test_a_number_that_agrees_by_chance_is_outvoted_by_hidden_checks():
    one, other = np.array([3.0]), 5.0
    spec = exercise(
        check("one number", one, 2 * one, -one),
        check("under jax.jit", one, 2 * one, -one, call="jit"),
        check("edge", X, hidden=True),
        check("large", Z, hidden=True),
    )
    assert known(spec, 2 * one, 2 * one, 2 * X, 2 * Z) == TWICE
    assert known(spec, 2 * one, 2 * one, 2 * X, Z - 1) == TWICE  # written in another way
    assert known(spec, 2 * one, 2 * one, X + other, Z - 1) is None
    assert known(spec, 2 * one, 2 * one, np.full(3, np.nan), Z - 1) == TWICE  # NaN says nothing


def test_a_mistake_that_raises():
    spec = exercise(
        check("small", X, {"error": "TypeError"}), check("large", Z, {"error": "TypeError"}), sentences=(TWICE,)
    )
    assert known(spec, "TypeError", "TypeError") == TWICE
    assert known(spec, "ValueError", "TypeError") is None


def test_a_mistake_that_raises_is_known_by_what_its_exception_says():
    """Everything raises ValueError and TypeError. Messages of NumPy and JAX that mean the same count as the same."""
    made = {"error": "ValueError", "message": "Incompatible shapes for broadcasting: (3, 2), (3,)"}
    spec = exercise(check("small", X, made), sentences=(TWICE,))

    def said(message):
        found = {"small": {"error": {"type": "ValueError", "message": message}}}
        return mistakes.known(spec, [CheckResult("small", "error", 0, 1)], found)

    assert said("operands could not be broadcast together with shapes (3,2) (3,)") == TWICE
    assert said("invalid literal for int() with base 10: 'a'") is None


def test_directions_in_columns_have_free_signs_too():
    """A mistake that returns columns where rows have a free sign is recognized whatever the signs of its columns."""
    rows = np.array([[0.6, 0.8], [-0.8, 0.6]])
    columns = rows[:, ::-1].T
    spec = exercise(check("directions", rows, columns, NOTHING)) | {"compare": "up to sign"}
    assert known(spec, columns * np.array([1.0, -1.0])) == TWICE
    assert known(spec, columns + 0.1) is None


def test_a_mistake_that_raises_on_some_inputs_alone():
    """Where it returns something, the submission has to return the same."""
    made = {"error": "TypeError"}
    spec = exercise(check("square", X, X), check("long", Z, made), sentences=(TWICE,))
    assert known(spec, X, "TypeError") == TWICE
    assert known(spec, X, "ValueError") is None
    assert known(spec, "TypeError", "TypeError") is None
