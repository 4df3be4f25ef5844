"""Cases that were wrong in silence: NaN, tiny units, integers, saddles, vague priors, chains that do not move."""

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from mfml.iteration import Status
from mfml.probability import (
    bayesian_regression,
    calibration,
    diagnostics,
    fisher,
    gaussian,
    information,
    intervals,
    likelihood,
    mle,
    robust,
)
from mfml.probability.gaussian import Gaussian

RNG = np.random.default_rng(3)
X = RNG.normal(size=(40, 2)).astype(np.float32)
Y = (X.sum(axis=1) + 0.1 * RNG.standard_t(2, size=40)).astype(np.float32)
NAN = float("nan")


def test_divergences_of_nan_are_nan():
    p, q = jnp.array([NAN, 0.5, 0.5]), jnp.array([0.2, 0.4, 0.4])
    for found in (
        information.entropy(p),
        information.kl(p, q),
        information.kl(q, p),
        information.kl(jnp.array([0.0, 0.5, 0.5]), p),  # where the weight is 0
        information.cross_entropy(p, q),
        information.jensen_shannon(p, q),
        information.mutual_information(jnp.stack([p, q])),
    ):
        assert np.isnan(found)
    assert information.kl(jnp.array([0.0, 1.0]), jnp.array([0.0, 1.0])) == 0


def test_calibration_shows_nan_and_refuses_what_is_no_label():
    pit = jnp.array([0.1, NAN, 0.7])
    assert np.isnan(calibration.pit_histogram(pit, n_bins=2).density).all()
    assert np.isnan(calibration.interval_coverage(pit, jnp.array([0.5, 0.9]))).all()
    assert np.isnan(calibration.pit_distance(pit))
    for strategy in calibration.STRATEGIES:
        made = calibration.curve(pit, jnp.array([0, 1, 1]), n_bins=2, strategy=strategy)
        assert np.isnan(made.predicted).any()
        assert np.isnan(calibration.expected_error(pit, jnp.array([0, 1, 1]), n_bins=2, strategy=strategy))
    assert np.isnan(calibration.pit_histogram(jnp.array([0.5, 1.5])).density).all()
    for measure in (calibration.curve, calibration.expected_error, calibration.brier):
        with pytest.raises(ValueError, match="y must be between 0 and 1"):
            measure(jnp.array([0.1, 0.9]), jnp.array([-1, 1]))


@pytest.mark.parametrize("unit", [2.0**-63, 2.0**63])
def test_chains_do_not_depend_on_the_unit(unit):
    chains = jnp.cumsum(RNG.normal(size=(3, 50)), axis=1).astype(np.float32)
    for measure in (diagnostics.r_hat, diagnostics.effective_sample_size, diagnostics.autocorrelation):
        np.testing.assert_allclose(measure(chains * unit), measure(chains), rtol=1e-4)
    np.testing.assert_allclose(diagnostics.mean_error(chains * unit) / unit, diagnostics.mean_error(chains), rtol=1e-4)


@pytest.mark.parametrize("value", [0.1, 1e6 + 0.3, NAN])
def test_chains_that_do_not_move_or_are_nan_say_nothing(value):
    chains = jnp.full((2, 10), value)
    assert np.isnan(diagnostics.r_hat(chains)) and np.isnan(diagnostics.effective_sample_size(chains))
    assert np.isnan(diagnostics.autocorrelation(chains)).all()
    if np.isfinite(value):
        assert np.isposinf(diagnostics.r_hat(jnp.stack([chains[0], chains[0] + 2])))


def two_wells(params, y):
    return (params[0] ** 2 - 1) ** 2 + (params[1] - y) ** 2


def hill(angle, y):
    return jnp.cos(angle) * jnp.ones_like(y)


def poisson(log_rate, y):
    return likelihood.poisson_nll(y, log_rate)


def test_maximum_likelihood_does_not_claim_saddles_or_maxima():
    y = jnp.array([1.0, 3.0])
    for nll, init in ((two_wells, jnp.zeros(2)), (hill, jnp.array(0.0))):
        found = mle.fit(y, nll=nll, init=init)
        assert not found.converged and found.status == Status.STALLED
    near = mle.fit(y, nll=two_wells, init=jnp.array([0.1, 0.0]))
    assert near.converged
    np.testing.assert_allclose(near.params, [1, 2], atol=1e-3)


@pytest.mark.parametrize("init", [100.0, np.inf, -np.inf])
def test_maximum_likelihood_from_an_infinite_start_is_not_finite(init):
    found = mle.fit(jnp.array([3, 0, 1]), nll=poisson, init=init)
    assert found.status == Status.NON_FINITE and not found.converged


def test_maximum_likelihood_takes_integers():
    counts = np.array([3, 0, 1, 200], np.uint8)
    np.testing.assert_allclose(jnp.exp(mle.fit(counts, nll=poisson, init=0).params), 51, rtol=1e-4)
    np.testing.assert_allclose(
        likelihood.poisson_nll(counts, 1.0), likelihood.poisson_nll(counts.astype(np.float32), 1.0), rtol=1e-6
    )
    labels = np.array([0, 1], np.uint8)
    np.testing.assert_allclose(likelihood.bernoulli_nll(labels, 2.0), [2.1269, 0.1269], atol=1e-4)


def test_mahalanobis_of_integers_keeps_the_mean():
    model = Gaussian(jnp.array([0.5, 0.25]), jnp.eye(2))
    np.testing.assert_allclose(gaussian.mahalanobis(model, np.array([[1, 0]])), [0.559017], rtol=1e-5)


@pytest.mark.parametrize("deviation", [1.0, 1e3, 1e6])
def test_a_vague_prior_costs_no_digits_even_where_features_are_nearly_the_same(deviation):
    a = RNG.normal(size=(50, 2))
    design = np.c_[np.ones(50), a[:, 0], a[:, 0] + 1e-2 * a[:, 1]]
    y = design @ [1.0, 2.0, 3.0] + 0.1 * RNG.normal(size=50)
    precision = np.eye(3) / deviation**2 + design.T @ design / 0.01
    prior = Gaussian(jnp.zeros(3), deviation**2 * jnp.eye(3))
    found = bayesian_regression.fit(design.astype(np.float32), y.astype(np.float32), prior=prior, noise_variance=0.01)
    np.testing.assert_allclose(found.mean, np.linalg.solve(precision, design.T @ y / 0.01), rtol=2e-3)
    np.testing.assert_allclose(found.covariance, np.linalg.inv(precision), rtol=2e-3, atol=1e-6)


@pytest.mark.parametrize("unit", [2.0**-63, 2.0**60])
def test_robust_lines_do_not_depend_on_units(unit):
    plain = robust.fit(X, Y)
    for x, y, power in ((X * unit, Y, -1), (X, Y * unit, 1)):
        other = robust.fit(x, y)
        assert other.converged
        np.testing.assert_allclose(other.coef * unit**-power, plain.coef, rtol=1e-3)
    np.testing.assert_allclose(robust.fit(X, Y * unit).scale / unit, plain.scale, rtol=1e-3)


def test_robust_lines_of_integers_are_those_of_the_numbers():
    x, y = np.arange(6)[:, None], np.array([0, 1, 2, 3, 4, 50])
    np.testing.assert_allclose(
        robust.fit(x, y, df=1).coef, robust.fit(x.astype(np.float32), y.astype(np.float32), df=1.0).coef, rtol=1e-6
    )


def test_an_interval_that_is_compared_with_nan_covers_nothing():
    x = RNG.normal(size=9).astype(np.float32)
    x[0] = NAN
    for interval in (intervals.of_mean(x), intervals.credible(x), intervals.highest_density(x)):
        assert np.isnan(interval.low) or np.isnan(interval.high)


@pytest.mark.parametrize("bad", [NAN, np.inf])
@pytest.mark.parametrize("place", [0, 1])
def test_the_spread_of_what_is_not_finite_is_nan(bad, place):
    y = np.ones(2, np.float32)
    y[place] = bad
    assert np.isnan(mle.fit_gaussian(y).scale)


def test_the_shortest_interval_of_nan_has_no_end():
    found = intervals.highest_density(jnp.array([0.0, 0.1, NAN, 0.2, 5.0]), level=0.5)
    assert np.isnan(found.low) and np.isnan(found.high)


def test_divergences_are_never_negative_and_keep_the_digits_of_near_pairs():
    p = RNG.dirichlet(np.ones(5), size=500)
    q = p * (1 + 1e-3 * RNG.uniform(-1, 1, size=p.shape))
    q = (q / q.sum(axis=1, keepdims=True)).astype(np.float32)
    p = p.astype(np.float32)
    a, b = p.astype(float), q.astype(float)
    middle = (a + b) / 2
    peer = (a * np.log(a / middle) + b * np.log(b / middle)).sum(axis=1) / 2
    np.testing.assert_allclose(information.jensen_shannon(p, q), peer, rtol=1e-3)
    assert (information.jensen_shannon(p, p) == 0).all() and (information.kl(p, q) >= 0).all()
    for first, second in zip(p[:60], q[:60], strict=True):
        assert information.mutual_information(first[:, None] * second) >= 0


@pytest.mark.parametrize("d", [1, 4])
def test_the_divergence_of_near_normal_densities(d):
    a = RNG.normal(size=(d, d))
    covariance = (a @ a.T + np.eye(d)).astype(np.float32)
    p = Gaussian(jnp.zeros(d), jnp.asarray(covariance))
    assert 0 <= information.gaussian_kl(p, p) < 1e-12
    wider = Gaussian(jnp.zeros(d), jnp.asarray(covariance * np.float32(1.001)))
    step = np.float64(np.float32(1.001)) - 1
    peer = 0.5 * d * (1 / (1 + step) - 1 + np.log1p(step))
    np.testing.assert_allclose(information.gaussian_kl(p, wider), peer, rtol=0.01)
    independent = Gaussian(jnp.zeros(2), jnp.diag(jnp.array([0.3, 0.7])))
    assert information.gaussian_mutual_information(independent, first=(0,)) >= 0


def test_what_is_certain_and_happens_costs_nothing():
    for y in (jnp.array([0]), jnp.array([0, 1000])):  # few counts, and many
        np.testing.assert_allclose(likelihood.poisson_nll(y, jnp.array(-jnp.inf))[0], 0, atol=1e-6)
    assert np.isposinf(likelihood.poisson_nll(jnp.array([1]), -jnp.inf)).all()
    labels, logits = jnp.array([1, 0, 0]), jnp.array([jnp.inf, -jnp.inf, jnp.inf])
    np.testing.assert_array_equal(likelihood.bernoulli_nll(labels, logits), [0, 0, np.inf])


def test_standard_errors_in_any_unit():
    information = jnp.diag(jnp.array([3e38, 1.0, 1e-37]))
    np.testing.assert_allclose(fisher.standard_errors(information), [5.7735e-20, 1.0, 10**18.5], rtol=1e-4)


@pytest.mark.parametrize("kind", intervals.KINDS)
def test_resampling_takes_lists_series_and_integers(kind, key):
    numbers = [1, 2, 3, 5, 9]
    plain = intervals.bootstrap(jnp.array(numbers, float), statistic=jnp.max, key=key, n_resamples=50, kind=kind)
    for x in (numbers, pd.Series(numbers), np.array(numbers, np.uint8)):
        found = intervals.bootstrap(x, statistic=jnp.max, key=key, n_resamples=50, kind=kind)
        assert found.interval.high == plain.interval.high and found.standard_error == plain.standard_error
