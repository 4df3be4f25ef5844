"""Sums of many terms: against double precision, at sizes where a plain product loses its digits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.numerics import sums

EPS = float(jnp.finfo(jnp.float32).eps)


@pytest.fixture(scope="module")
def many():
    """Two million rows with a mean, so that errors of rounding add up in one direction."""
    return np.random.default_rng(0).uniform(size=(2_000_001, 3)).astype(np.float32)


def off(found, expected):
    return np.max(np.abs(np.asarray(found, float) / expected - 1))


@pytest.mark.parametrize("n", [1, 31, 32, 33, 2047, 2048, 4100])
def test_any_number_of_rows(n):
    rng = np.random.default_rng(n)
    x, w = rng.normal(size=(n, 4)).astype(np.float32), rng.uniform(size=n).astype(np.float32)
    np.testing.assert_allclose(sums.over_rows(jnp.asarray(x)), x.sum(axis=0, dtype=float), atol=1e-4)
    np.testing.assert_allclose(sums.cross(jnp.asarray(x), jnp.asarray(w)), w @ x.astype(float), atol=1e-4)
    np.testing.assert_allclose(sums.gram(jnp.asarray(x), weights=jnp.asarray(w)), (x.T * w) @ x, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(sums.mean(jnp.asarray(x), weights=jnp.asarray(w)), np.average(x, 0, w), atol=1e-5)


def test_sums_of_many_rows_keep_their_digits(many):
    x, exact = jnp.asarray(many), many.astype(float)
    plain = jax.jit(lambda x: x.T @ x)(x)
    assert off(plain, exact.T @ exact) > 1e-4  # what these functions are for
    assert off(sums.gram(x), exact.T @ exact) < 4 * EPS
    assert off(sums.gram(x, weights=x[:, 0]), (exact.T * exact[:, 0]) @ exact) < 4 * EPS
    assert off(sums.cross(x, x[:, 0]), exact[:, 0] @ exact) < 4 * EPS
    assert off(sums.over_rows(x), exact.sum(axis=0)) < 4 * EPS


def test_a_mean_far_from_zero_is_exact_to_its_rounding(many):
    far = 1e4 + many
    exact = far.astype(float).mean(axis=0)
    assert off(sums.mean(jnp.asarray(far)), exact) < EPS
    weights = jnp.asarray(many[:, 0])
    assert off(sums.mean(jnp.asarray(far), weights=weights), np.average(far.astype(float), 0, many[:, 0])) < EPS


def test_equal_numbers_are_their_own_mean():
    same = jnp.full((1001, 1), 0.1)
    assert sums.mean(same)[0] == same[0, 0]
    assert sums.mean(same, weights=jnp.linspace(0.1, 1.0, 1001))[0] == same[0, 0]


@pytest.mark.parametrize("size", [1e-18, 1.0, 1e18])
def test_covariance_in_any_unit_and_far_from_zero(size):
    x = np.random.default_rng(1).normal(loc=[0, 1000], size=(5000, 2)).astype(np.float32)
    mean, s = sums.covariance(jnp.asarray(x) * size)
    np.testing.assert_allclose(np.asarray(mean, float) / size, x.mean(axis=0, dtype=float), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(np.asarray(s, float) / size**2, np.cov(x.T.astype(float), ddof=0), rtol=1e-5, atol=1e-6)


def test_gradient_of_the_gram_matrix():
    a, w = jnp.arange(6.0).reshape(3, 2), jnp.array([1.0, 2.0, 0.5])
    found = jax.grad(lambda a: sums.gram(a, weights=w).sum())(a)
    np.testing.assert_allclose(found, jax.grad(lambda a: ((a * w[:, None]).T @ a).sum())(a))


def test_second_moments_about_the_exact_mean():
    """The mean lies between two numbers of single precision that are 0.125 apart; the spread is 0.3."""
    x = np.random.default_rng(0).choice([0.0, 0.125, 0.5, 0.75], size=(3001, 2))
    far = jnp.asarray(x + 2.0**20, jnp.float32)
    expected = np.cov(x.T, ddof=0)
    np.testing.assert_allclose(sums.covariance(far)[1], expected, rtol=1e-5, atol=1e-6)
    found = sums.moments(far)
    np.testing.assert_allclose(found.products / len(x), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(np.asarray(found.mean, float) - 2.0**20 + found.rest, x.mean(axis=0), atol=1e-6)
    moved, mean, rest = sums.centered(far)
    np.testing.assert_allclose(moved, x - x.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(np.asarray(mean, float) - 2.0**20 + rest, x.mean(axis=0), atol=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n", [3, 2048, 5001])
def test_moments_of_several_arrays(n, weighted):
    rng = np.random.default_rng(n)
    x, y = rng.normal(5.0, 1.0, size=(n, 3)).astype(np.float32), rng.normal(size=n).astype(np.float32)
    w = rng.uniform(size=n).astype(np.float32) if weighted else None
    found = sums.moments(jnp.asarray(x), jnp.asarray(y), weights=None if w is None else jnp.asarray(w))
    both, w = np.column_stack([x, y]).astype(float), np.ones(n) if w is None else w.astype(float)
    mean = np.average(both, 0, w)
    np.testing.assert_allclose(found.mean + found.rest, mean, rtol=1e-6, atol=1e-6)
    expected = ((both - mean).T * w) @ (both - mean)
    np.testing.assert_allclose(found.products, expected, rtol=1e-4, atol=1e-4 * n**0.5)
    assert bool(found.in_range)
    about_zero = sums.moments(jnp.asarray(x), centered=False)
    np.testing.assert_allclose(about_zero.products, x.T.astype(float) @ x, rtol=1e-5)


@pytest.mark.parametrize("size", [1e-30, 1e25])
def test_squares_out_of_range_are_noticed_and_have_units(size):
    x = np.random.default_rng(0).normal(size=(100, 2))
    x[:, 1] *= size
    given = jnp.asarray(x, jnp.float32)
    assert not bool(sums.moments(given).in_range)
    found = sums.moments(given, scaled=True)
    spread = x.std(axis=0)
    units = np.asarray(found.units, float) / spread
    products = np.asarray(found.products, float) * units * units[:, None]
    np.testing.assert_allclose(products / len(x), np.corrcoef(x.T), atol=1e-5)


def test_a_constant_column_is_in_range():
    x = jnp.stack([jnp.linspace(0.0, 1.0, 50), jnp.full(50, 0.3)], axis=1)
    found = sums.moments(x)
    assert bool(found.in_range)
    assert found.products[1].tolist() == [0.0, 0.0]


def test_the_gradient_of_moments_does_not_need_that_of_the_mean():
    x, weights = jax.random.normal(jax.random.key(0), (40, 2)) + 3.0, jnp.linspace(0.5, 1.0, 40)

    def plain(x):
        mean = weights @ x / weights.sum()
        return ((x - mean).T * weights) @ (x - mean), mean

    def ours(x):
        found = sums.moments(x, weights=weights)
        return found.products, found.mean + found.rest

    for a, b in zip(jax.jacobian(ours)(x), jax.jacobian(plain)(x), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("far", [1e6, 1e8, 1e10])
@pytest.mark.parametrize("weight", [1e-20, 0.0])
def test_a_far_row_of_little_weight_takes_no_digits(far, weight):
    x = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    x[0], weights = far, np.ones(200, np.float32)
    weights[0] = weight
    if far**2 * weight > 1e-6:
        pytest.skip("it counts")
    found = sums.covariance(jnp.asarray(x), weights=jnp.asarray(weights))[1]
    np.testing.assert_allclose(found, np.cov(x[1:].T.astype(float), ddof=0), rtol=1e-4, atol=1e-5)


def test_the_gram_matrix_of_no_rows_is_zero():
    assert sums.gram(jnp.zeros((0, 3))).tolist() == [[0.0] * 3] * 3


def test_no_columns_and_weights_whose_sum_is_out_of_range():
    for n in (3, 100):
        assert sums.over_rows(jnp.zeros((n, 0))).shape == sums.mean(jnp.zeros((n, 0))).shape == (0,)
        assert sums.unit_columns(jnp.zeros((n, 0)))[1].shape == (0,)
    assert sums.mean(jnp.array([1.0, 4.0]), weights=jnp.array([3e38, 1.5e38])) == 2
