"""Comparisons: what they accept, what they reject, what they say."""

import numpy as np
import pytest

from mfml.grading.run.values import Given, Key, Other
from mfml.grading.verdict.compare import difference, exists

X = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)


def message(found, expected=X, allowed=1e-6, compare="close"):
    wrong = difference(found, expected, allowed, compare)
    return wrong and wrong.message


def test_close_accepts_what_is_allowed():
    assert message(X + 5e-7) is None
    assert message(X.astype(np.float64)) is None


def test_close_names_the_largest_error():
    found = X.copy()
    found[1, 0] += 0.5
    found[0, 1] -= 0.25
    assert message(found) == "largest error 5.0e-01 at [1, 0] (found 3.5, expected 3); allowed 1.0e-06"


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (X.T[:, :1], "found shape (2, 1), needed is (2, 2)"),
        (X.astype(np.int32), "found integers (int32), needed are floats (float32)"),
        (X.astype(complex), "found complex numbers"),
        (np.where(X == 4, np.nan, X), "found NaN at [1, 1]"),
        (np.where(X == 4, np.inf, X), "largest error inf at [1, 1]"),
        ([1, 2], "found a list of 2; needed is an array of shape (2, 2)"),
        ((X, X), "found a tuple of 2"),
        ([[1.0, [2.0]], [3.0, 4.0]], "found a list of 2; needed is an array of shape (2, 2)"),
        ([(X, X[0]), (X, X[0])], "found a list of 2; needed is an array of shape (2, 2)"),
        ([None, None], "found a list of 2"),
        ({"a": X}, "found a dict with the keys ['a']"),
        (None, "found None"),
        ("text", "found a str"),
        (Other("module"), "found a value of type module"),
    ],
)
def test_what_does_not_fit(found, text):
    assert message(found).startswith(text)


KEY = Key("fry", np.zeros(2, np.uint32))


@pytest.mark.parametrize("expected", [KEY, Given("f"), Other("module")])
@pytest.mark.parametrize("found", [KEY, Given("f"), Given("g"), Other("module"), X, (X, X), [], {}, None, "text", 1])
def test_keys_and_functions_are_compared_whole(found, expected):
    assert (message(found, expected, 0.0) is None) == (type(found) is type(expected) and found == expected)


def test_keys_with_other_data_differ():
    assert message(Key("fry", np.ones(2, np.uint32)), KEY, 0.0) == "found a PRNG key, expected a PRNG key"
    assert message(Key("rbg", KEY.data), KEY, 0.0)


def test_long_texts_are_cut():
    assert len(message("s" * 10_000, "t", 0.0)) < 200


def test_a_number_that_is_due_is_called_a_number():
    assert message([1.0], np.float32(1)) == "found a list of 1; needed is a number"
    assert message([1.0], np.bool_(True)) == "found a list of 1; needed is True or False"
    assert message(2.0, (X,), [0.0]) == "found a number; needed is a tuple of 1"


def test_infinity_and_nan_where_they_are_expected():
    expected = np.array([np.inf, -np.inf, np.nan, 1.0], np.float32)
    assert message(expected.copy(), expected) is None
    assert "largest error inf" in message(np.array([np.inf, np.inf, np.nan, 1.0], np.float32), expected)


def test_scalars_may_be_python_numbers():
    assert message(2.0, np.float32(2.0)) is None
    assert message(3, np.int32(3)) is None
    assert message(True, np.int32(1)) == "found True and False (bool), needed are integers (int32)"


def test_integers_are_exact_and_counted():
    expected = np.array([1, 2, 3])
    assert message(np.array([1, 5, 4]), expected, 10.0) == "found 5, expected 2 at [1] (2 of 3 entries differ)"


def test_empty_arrays_agree():
    assert message(np.zeros((0, 3)), np.zeros((0, 3))) is None


def test_inside_containers_the_place_is_named():
    assert message({"a": (X, X + 1)}, {"a": (X, X)}, {"a": [0.0, 0.0]}).endswith("in output 'a'[1]")
    assert "keys ['b']" in message({"b": X}, {"a": X}, {"a": 0.0})
    assert message([X, X], (X, X), [0.0, 0.0]) is None
    assert message((X,), (X, X), [0.0, 0.0]) == "found a tuple of 1; needed is a tuple of 2"


def test_up_to_sign_turns_each_row():
    assert message(X * np.array([[1.0], [-1.0]], np.float32), compare="up to sign") is None
    assert message(X * np.array([1.0, -1.0], np.float32), compare="up to sign")
    assert message(X * np.array([1.0, -1.0], np.float32), compare="columns up to sign") is None
    assert message(-X[0], X[0], compare="up to sign") is None
    assert message(0 * X, compare="up to sign")


def test_same_subspace():
    basis = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 2)))[0]
    turned = basis @ np.array([[2.0, 1.0], [0.0, 3.0]])
    assert message(turned, basis, 1e-6, "same subspace") is None
    assert "another subspace" in message(basis[::-1].copy(), basis, 1e-6, "same subspace")
    assert "another subspace" in message(0 * basis, basis, 1e-6, "same subspace")
    assert message(basis * np.nan, basis, 1e-6, "same subspace")


def test_any_order_matches_rows_one_by_one():
    assert message(X[::-1], compare="any order") is None
    assert message(np.stack([X[0], X[0]]), compare="any order")
    assert message(np.array([3.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0]), compare="any order") is None


def test_one_comparison_for_each_output():
    assert message((X, -X), (X, X), [0.0, 0.0], ("close", "up to sign")) is None
    assert message((-X, X), (X, X), [0.0, 0.0], ("close", "up to sign"))


def test_names():
    assert exists("close")
    assert exists("mfml.grading.verdict.compare:close")
    assert not exists("nearly")
    assert not exists("os:system")


@pytest.mark.filterwarnings("error")
def test_infinity_with_free_signs_is_shown_as_it_is():
    """Its product with 0 has no sign."""
    found = np.array([[np.inf, 2.0], [3.0, 4.0]])
    assert "found inf, expected 0)" in message(found, X * [0, 1], compare="up to sign")


def test_rows_of_different_lengths_are_no_array():
    ragged = [[np.float32(1), [np.float32(2), np.float32(3)]], [np.float32(4), np.float32(5)]]
    assert message(ragged, np.ones((2, 2), np.float32)) == "found a list of 2; needed is an array of shape (2, 2)"
    assert message([np.float32(1), [np.float32(2), np.float32(3)]], np.ones(2, np.float32)).startswith(
        "found a list of 2"
    )
