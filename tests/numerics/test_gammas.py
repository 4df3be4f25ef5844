"""Ratios of gamma functions in single precision, against scipy in double precision and exact recurrences."""

import math
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special

from mfml.numerics import gammas

SIZES = [1e-3, 0.1, 0.5, 1.0, 2.0, 3.3, 8.0, 9.99, 10.0, 30.0, 1e3, 1e5]
STEPS = [-0.3, 1e-4, 0.5, 1.0, 3.0, 20.0, 1e4]


def single(*values):
    return [jnp.float32(value) for value in values]


def exact(values):
    return [float(np.float32(value)) for value in values]


@pytest.mark.parametrize(("x", "step"), [pair for pair in product(SIZES, STEPS) if sum(pair) > 0])
def test_log_ratio(x, step):
    a, b = exact((x, step))
    expected = special.gammaln(a + b) - special.gammaln(a)
    assert gammas.log_ratio(*single(x, step)) == pytest.approx(expected, rel=2e-6, abs=2e-6)


@pytest.mark.parametrize("x", [1e6, 1e7, 1e8])
def test_log_ratio_where_a_difference_is_all_rounding(x):
    # Gamma(x + 1) = x Gamma(x), and half a step gives half of it
    assert gammas.log_ratio(*single(x, 1.0)) == pytest.approx(math.log(x), rel=1e-6)
    assert gammas.log_ratio(*single(x, 0.5)) == pytest.approx(0.5 * math.log(x), rel=1e-6)


@pytest.mark.parametrize(("a", "b"), list(product(SIZES, SIZES)))
def test_log_beta(a, b):
    assert gammas.log_beta(*single(a, b)) == pytest.approx(special.betaln(*exact((a, b))), rel=2e-6, abs=2e-6)


def test_log_beta_of_one_and_many():
    assert gammas.log_beta(*single(1.0, 1e8)) == pytest.approx(-math.log(1e8), rel=1e-6)


@pytest.mark.parametrize("x", [10.0, 50.0, 1e4])
def test_stirling(x):
    assert gammas.stirling(jnp.float32(x)) == pytest.approx(1 / (12 * x) - 1 / (360 * x**3), rel=1e-5)


@pytest.mark.parametrize("t", [-30.0, -1.0, -0.51, -0.49, -1e-3, 1e-5, 0.3, 0.49, 0.51, 3.0])
def test_deviance(t):
    exact_t = float(np.float32(t))
    expected = exact_t**2 / 2 if abs(t) < 1e-4 else math.expm1(exact_t) - exact_t
    assert gammas.deviance(*single(2.0, t)) == pytest.approx(2 * expected, rel=1e-5)


@pytest.mark.parametrize("x", [0.01, 1.0, 9.9, 10.0, 1e3, 1e7])
def test_digamma_rest(x):
    expected = special.digamma(x) - math.log(x) if x < 1e5 else -1 / (2 * x)
    assert gammas.digamma_rest(jnp.float32(x)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("x", [0.5, 5.0, 1e6])
def test_derivatives(x):
    assert jax.grad(gammas.log_ratio)(*single(x, 0.5)) == pytest.approx(
        float(special.digamma(x + 0.5) - special.digamma(x)), rel=1e-4
    )
    assert jax.grad(lambda b: gammas.log_beta(2.0, b))(jnp.float32(x)) == pytest.approx(
        float(special.digamma(x) - special.digamma(x + 2)), rel=1e-3
    )
