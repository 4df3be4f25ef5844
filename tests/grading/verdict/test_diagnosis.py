"""Errors in the course's words."""

import re

import pytest

from mfml.grading.verdict.diagnosis import error_sentence


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("The truth value of an array with more than one element is ambiguous. Use a.any() or a.all()", "jnp.where"),
        ("ridge() missing 1 required positional argument: 'alpha'", "those of the stub"),
        ("ridge() takes 2 positional arguments but 3 were given", "those of the stub"),
        ("ridge() takes from 1 to 2 positional arguments but 3 were given", "those of the stub"),
        (
            "inconsistent size for core dimension 'm': 2 vs 3 on vectorized function with signature='(m,m),(m)->(m)'",
            "square",
        ),
        ("Argument to inv must have shape [..., n, n], got (3, 2).", "square"),
        ("Last 2 dimensions of the array must be square", "square"),
    ],
)
def test_common_errors_get_a_sentence(message, said):
    sentence = error_sentence({"type": "ValueError", "message": message, "line": 7, "text": "return a"}, "unit01.py")
    assert re.search(f"{said}.*unit01.py, line 7: `return a`", sentence)


def test_other_errors_are_shown_as_they_are():
    assert error_sentence({"type": "KeyError", "message": "'a'"}, "unit01.py") == "KeyError: 'a'"
