"""The controlled vocabulary: one taxonomy without loops, and cards that are refused for what it does not hold."""

import pytest

from mfml.data import vocabulary
from mfml.data.card import Quantity


def test_every_term_reaches_the_top_and_has_a_meaning():
    for name, term in vocabulary.TERMS.items():
        path = vocabulary.ancestors(name)
        assert len(set(path)) == len(path) < 6
        assert not path or vocabulary.TERMS[path[-1]].broader == ""
        assert term.meaning
        assert term.dimension in ("", *vocabulary.UNITS)
        assert term.dimension or vocabulary.narrower(name), f"{name} groups nothing"


def test_terms_are_found_below_their_wider_term():
    tops = vocabulary.narrower("")
    assert "property" in tops
    found = [name for top in tops for name in below(top)]
    assert sorted(found) == sorted(vocabulary.TERMS)


def below(name):
    return [name, *(deep for one in vocabulary.narrower(name) for deep in below(one))]


@pytest.mark.parametrize(
    ("term", "unit", "message"),
    [
        ("yeild strength", "MPa", "'yeild strength' is no term of the vocabulary; did you mean 'yield strength'"),
        ("youngs modulus", "GPa", 'did you mean "Young\'s modulus"'),
        ("Stress", "MPa", "did you mean 'stress'"),
        ("yield strength", "MS/m", "'yield strength' is given in one of Pa, kPa, MPa, GPa; found 'MS/m'"),
        ("yield strength", "mpa", "found 'mpa'"),
        ("composition", "at.%", "'composition' only groups other terms: use one of content"),
        ("zzz", "1", "the widest terms are material, processing, property"),
    ],
)
def test_an_unknown_term_or_a_wrong_unit_is_refused_with_what_is_near(term, unit, message):
    with pytest.raises(ValueError, match=message):
        Quantity(term, unit)


def test_both_signs_of_micro_count():
    assert Quantity("grain size", "\u03bcm") and Quantity("grain size", "\u00b5m")


def test_a_term_that_is_not_there_has_no_narrower_ones():
    with pytest.raises(ValueError, match="did you mean 'strength'"):
        vocabulary.narrower("strenght")
