"""Proper scores against closed forms, quadrature, plain sums over pairs, and laws of proper scores."""

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from mfml.numerics import order
from mfml.uncertainty import compare, scores

RNG = np.random.default_rng(12)


def crps(distribution, y):
    """The definition, by quadrature."""
    below = integrate.quad(lambda x: distribution.cdf(x) ** 2, -40, y, points=[0.0], epsabs=1e-9)[0]
    return below + integrate.quad(lambda x: distribution.sf(x) ** 2, y, 40, points=[0.0], epsabs=1e-9)[0]


def of_pairs(y, draws, *, fair):
    """The formula, as a loop over samples and a sum over all pairs."""
    s = len(draws)
    divisor = 2 * s * (s - 1) if fair else 2 * s**2
    return np.array(
        [
            np.abs(x - value).mean() - np.abs(x[:, None] - x).sum() / divisor
            for x, value in zip(draws.T.astype(float), y.astype(float), strict=True)
        ]
    )


def test_crps_of_a_normal_distribution():
    found = scores.crps_gaussian(jnp.array([0.0, 1.0]), 0.0, 1.0)
    np.testing.assert_allclose(found, [0.233694977255, 0.602441357628], rtol=3e-7)
    expected = crps(stats.norm(0.3, 1.7), 2.1)
    np.testing.assert_allclose(scores.crps_gaussian(jnp.array([2.1, -9.0]), 0.3, 1.7)[0], expected, rtol=1e-5)
    sharp = scores.crps_gaussian(jnp.array([2.0, -1.0]), 0.0, jnp.array([0.0, 1e-12]))
    np.testing.assert_allclose(sharp, [2.0, 1.0], rtol=1e-6)  # the absolute error
    assert np.isnan(scores.crps_gaussian(jnp.array([2.0, -1.0]), 0.0, jnp.array([-1.0, jnp.nan]))).all()


def test_crps_of_a_mixture_is_its_integral():
    weights, means, scales = np.array([0.5, 1.5]), np.array([-1.0, 2.0]), np.array([0.4, 1.1])

    class Mixture:
        def cdf(self, x):
            return (weights * stats.norm.cdf((x - means) / scales)).sum() / 2

        def sf(self, x):
            return (weights * stats.norm.sf((x - means) / scales)).sum() / 2

    rows = [jnp.asarray(np.append(row, extra)[None], jnp.float32) for row, extra in
            ((weights, 0.0), (means, np.nan), (scales, np.inf))]  # fmt: skip
    found = scores.crps_mixture(jnp.array([0.7]), *rows)  # the last component has no weight
    np.testing.assert_allclose(found[0], crps(Mixture(), 0.7), rtol=1e-5)


@pytest.mark.parametrize("fair", [False, True])
def test_crps_of_an_ensemble_is_the_sum_over_pairs(fair):
    draws, y = RNG.normal(size=(9, 5)).astype(np.float32), (3 * RNG.normal(size=5)).astype(np.float32)
    draws[3] = draws[4]  # ties
    y[0] = draws[2, 0]
    np.testing.assert_allclose(
        scores.crps_ensemble(jnp.asarray(y), jnp.asarray(draws), fair=fair), of_pairs(y, draws, fair=fair), atol=2e-6
    )
    # far from the origin nothing cancels: numbers of 1e6 that differ by 1
    moved = (np.round(draws * 4) + 1e6).astype(np.float32), (np.round(y * 4) + 1e6).astype(np.float32)
    np.testing.assert_allclose(
        scores.crps_ensemble(jnp.asarray(moved[1]), jnp.asarray(moved[0]), fair=fair),
        of_pairs(moved[1], moved[0], fair=fair),
        atol=1e-5,
    )


def test_crps_of_ensembles_by_hand():
    draws = jnp.array([[1.0], [2.0], [3.0]])
    np.testing.assert_allclose(scores.crps_ensemble(jnp.array([2.0]), draws), [2 / 9], rtol=1e-6)
    np.testing.assert_allclose(scores.crps_ensemble(jnp.array([2.0]), draws, fair=True), [0.0], atol=1e-7)
    np.testing.assert_allclose(scores.crps_ensemble(jnp.array([2.0]), draws[:1]), [1.0])  # one draw: absolute error
    with pytest.raises(ValueError, match="at least 2 rows"):
        scores.crps_ensemble(jnp.array([2.0]), draws[:1], fair=True)


def test_a_fair_score_does_not_depend_on_the_number_of_draws(key):
    for_draws, for_y = jax.random.split(key)
    draws, y = jax.random.normal(for_draws, (3, 40_000)), jax.random.normal(for_y, (40_000,))
    exact = float(jnp.mean(scores.crps_gaussian(y, 0.0, 1.0)))
    assert abs(float(jnp.mean(scores.crps_ensemble(y, draws, fair=True))) - exact) < 0.012  # 4 standard errors
    assert float(jnp.mean(scores.crps_ensemble(y, draws))) > exact + 0.1  # biased by E|X - X'| / 6


def test_crps_of_many_quantiles_is_that_of_the_distribution():
    levels = (np.arange(400) + 0.5) / 400
    quantiles = np.tile(stats.norm(1, 2).ppf(levels), (3, 1))
    y = np.array([1.0, 3.0, -6.0])
    found = scores.crps_quantiles(*(jnp.asarray(a, jnp.float32) for a in (y, quantiles, levels)))
    np.testing.assert_allclose(found, scores.crps_gaussian(jnp.asarray(y, jnp.float32), 1.0, 2.0), rtol=3e-3)


def test_truth_has_the_best_interval_score_coverage_and_width(key):
    y = jax.random.normal(key, (40_000,))
    widths = {half: jnp.full_like(y, half) for half in (1.2, 1.6449, 2.2)}
    found = {half: float(scores.interval_score(y, -w, w, level=0.9).mean()) for half, w in widths.items()}
    assert min(found, key=found.get) == 1.6449
    half = widths[1.6449]
    assert abs(float(scores.coverage(y, -half, half)) - 0.9) < 0.006
    np.testing.assert_allclose(scores.sharpness(-half, half), 3.2898, rtol=1e-4)
    assert np.isnan(scores.coverage(y.at[0].set(jnp.nan), -half, half))
    found = scores.interval_score(jnp.array([0.5, 3.0, -1.0]), jnp.zeros(3), jnp.ones(3), level=0.5)
    np.testing.assert_allclose(found, [1, 9, 5])


def test_a_label_that_is_no_class_has_no_coverage():
    sets = jnp.array([[True, False], [True, True]])
    assert scores.set_coverage(sets, jnp.array([0, 0])) == 1
    assert np.isnan(scores.set_coverage(sets, jnp.array([0, 2])))


def test_ranks_are_exact():
    assert [order.rank(n, level) for n, level in ((8, 0.9), (9, 0.9), (19, 0.95), (99, 0.99))] == [9, 9, 19, 99]
    for level in (0.9, 0.8, 0.7, 0.55, 0.95, 0.999, 1 / 3):
        exact = Fraction(str(round(level, 3))) if level != 1 / 3 else Fraction(1, 3)
        expected = [-((n + 1) * -exact.numerator // exact.denominator) for n in range(200)]
        assert [order.rank(n, level) for n in range(200)] == expected
        assert [order.rank(n, float(np.float32(level))) for n in range(200)] == expected
        assert order.ranks(199, level).tolist() == expected
    with pytest.raises(ValueError, match="between 0 and 1"):
        order.rank(9, 1.0)


def test_a_table_of_methods(key):
    y = jax.random.normal(key, (2000,))
    means = jnp.zeros((2, 2000))
    stds = jnp.array([[1.0], [0.3]]) * jnp.ones((2, 2000))  # the second is too sure
    found = compare.table(y, means, stds, 3 * y, means, 3 * stds, seconds=jnp.array([5.0, 1.0]), level=0.9)
    np.testing.assert_allclose(found.coverage[:, 0], 0.9, atol=0.03)
    assert (found.coverage[:, 1] < 0.5).all()
    assert (found.nll[:, 1] > found.nll[:, 0]).all() and (found.crps[:, 1] > found.crps[:, 0]).all()
    expected = np.array([[2, 0.6], [6, 1.8]]) * stats.norm.ppf(0.95)
    np.testing.assert_allclose(found.sharpness, expected, rtol=1e-4)
    np.testing.assert_allclose(found.rmse, np.array([[1], [3]]) * np.sqrt(np.mean(np.square(y))) * [1, 1], rtol=1e-4)
    text = compare.describe(found, ("honest", "too sure of itself"))
    assert len({len(line.rstrip()) for line in text.splitlines()[1::2]}) == 1
    assert "too sure of itself" in text and len(text.splitlines()) == 5
    with pytest.raises(ValueError, match="2 entries"):
        compare.describe(found, ("one",))
    tiny = compare.table(*(1e-18 * a for a in (y, means, stds, 3 * y, means, 3 * stds)), seconds=jnp.array([5.0, 1.0]))
    np.testing.assert_allclose(tiny.crps * 1e18, found.crps, rtol=1e-4)
    np.testing.assert_allclose(tiny.coverage, found.coverage, atol=1e-3)


def test_mixtures_with_huge_weights_or_scales_that_are_none():
    y, means, ones = jnp.array([0.4]), jnp.array([[0.0, 1.0]]), jnp.ones((1, 2))
    expected = scores.crps_mixture(y, ones, means, ones)
    np.testing.assert_allclose(scores.crps_mixture(y, 3e38 * ones, means, ones), expected, rtol=1e-6)
    assert jnp.isnan(scores.crps_mixture(y, ones, means, jnp.array([[1.0, -1.0]]))).all()
    absent = scores.crps_mixture(y, jnp.array([[1.0, 0.0]]), means, jnp.array([[1.0, -1.0]]))
    np.testing.assert_allclose(absent, scores.crps_gaussian(y, 0.0, 1.0), rtol=1e-6)
    with pytest.raises(ValueError, match="component"):
        scores.crps_mixture(y, ones[:, :0], means[:, :0], ones[:, :0])


def test_ranks_start_at_one():
    assert order.rank(5, 1e-7) == 1 and order.ranks(5, 1e-7).min() == 1
    assert order.rank(5, 1 - 1e-7) == 6
