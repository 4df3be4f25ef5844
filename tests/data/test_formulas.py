"""Formulas: charges cancel, by an oracle that knows only the table of charges; order, length and shares."""

import math
import re

import jax
import numpy as np
import pytest

from mfml.data import elements, formulas


@pytest.fixture(scope="module")
def texts():
    data, _ = formulas.load(key=jax.random.key(1))
    return [formulas.text(row) for row in np.asarray(data.tokens)]


def atoms(formula):
    return [(symbol, int(number or 1)) for symbol, number in re.findall(r"([A-Z][a-z]?)(\d*)", formula)]


def reachable(metals):
    """All charges that these atoms can give, one state for each metal."""
    charges = {0}
    for symbol, number in metals:
        charges = {charge + number * state for charge in charges for state in formulas.METALS[symbol]}
    return charges


def test_charges_cancel(texts):
    for formula in texts:
        *metals, (nonmetal, number) = atoms(formula)
        assert number * formulas.NONMETALS[nonmetal] in reachable(metals), formula
        assert formulas.is_neutral(formula)


def test_numbers_have_no_common_divisor_and_elements_stand_in_order(texts):
    for formula in texts:
        symbols, numbers = zip(*atoms(formula), strict=True)
        assert math.gcd(*numbers) == 1, formula
        places = [formulas.ELEMENTS.index(symbol) for symbol in symbols]
        assert places == sorted(set(places)), formula


def test_elements_are_ordered_by_electronegativity():
    known = {row[0]: row[5] for row in elements.TABLE}
    for table in (formulas.METALS, formulas.NONMETALS):
        values = [known[symbol] for symbol in table if symbol in known]
        assert values == sorted(values)


def test_two_of_three_have_two_metals_and_all_elements_occur(texts):
    sizes = np.array([len(atoms(formula)) for formula in texts])
    assert np.mean(sizes == 3) == pytest.approx(2 / 3, abs=0.03)
    assert {symbol for formula in texts for symbol, _ in atoms(formula)} == set(formulas.ELEMENTS)


def test_every_formula_ends_with_zero_and_text_reads_all_before_it(texts):
    tokens = np.asarray(formulas.simulate(key=jax.random.key(1)).tokens)
    assert (tokens[:, -1] == 0).all()
    assert tokens.max() < len(formulas.VOCABULARY)
    ends = (tokens == 0).argmax(axis=1)
    assert all((row[end:] == 0).all() for row, end in zip(tokens, ends, strict=True))
    assert "".join(formulas.VOCABULARY[token] for token in tokens[0]) == texts[0]


@pytest.mark.parametrize(
    "formula", ["", "O2", "Fe", "FeO2", "Na2Cl", "OFe", "FeFeO2", "XeO2", "Al2O3x", "2AlO", "Na0Cl0", "Na2O0", "Na２O"]
)
def test_what_is_not_neutral_or_no_formula(formula):
    assert not formulas.is_neutral(formula)


@pytest.mark.parametrize("formula", ["FeO", "Fe2O3", "LiFeO2", "Cu2O", "CuO", "BaTiO3", "Mn3V2O8"])
def test_neutral_formulas(formula):
    assert formulas.is_neutral(formula)


def test_errors():
    with pytest.raises(ValueError, match="n_samples"):
        formulas.simulate(key=jax.random.key(0), n_samples=0)
    for tokens in ([1, -1, 2], [999], [1, len(formulas.VOCABULARY)]):
        with pytest.raises(ValueError, match=r"tokens must be between 0 and \d+; found \["):
            formulas.text(tokens)


def test_no_shape_but_a_row_is_a_formula(unchecked):
    with pytest.raises(ValueError, match="tokens must have 1 axes"):
        formulas.text([[1, 2]])
    with pytest.raises(ValueError, match="source must be one of"):
        formulas.load(key=jax.random.key(0), source="real")
