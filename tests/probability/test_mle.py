"""Maximum likelihood, maximum a posteriori, Fisher information."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from mfml import iteration
from mfml.iteration import Status
from mfml.probability import bayesian_regression, fisher, likelihood, mle


def normal_nll(params, y):
    return likelihood.gaussian_nll(y, params["mean"], jnp.exp(params["log_scale"]))


def line_nll(weights, data):
    x, y = data
    return likelihood.gaussian_nll(y, x @ weights, 0.5)


def small_weights(weights):
    return -0.5 * jnp.sum(weights**2) / 0.2**2


def count_nll(weights, data):
    x, y = data
    return likelihood.poisson_nll(y, x @ weights)


def rate_nll(log_rate, y):
    return likelihood.poisson_nll(y, log_rate)


def label_nll(logit, y):
    return likelihood.bernoulli_nll(y, logit)


def class_nll(weights, data):
    x, y = data
    return likelihood.bernoulli_nll(y, x @ weights)


def bent_nll(position, y):
    return jnp.broadcast_to((position**2 - 1) ** 2, y.shape)  # not convex: a hill at 0


@pytest.fixture
def regression(key):
    for_x, for_noise = jax.random.split(key)
    x = jax.random.normal(for_x, (40, 3))
    return x, x @ jnp.array([1.0, -0.5, 0.2]) + 0.5 * jax.random.normal(for_noise, (40,))


def test_closed_forms_equal_scipy():
    y = np.array([0.3, -1.2, 4.0, 0.8])
    np.testing.assert_allclose(mle.fit_gaussian(jnp.asarray(y, jnp.float32)), stats.norm.fit(y), rtol=1e-5)
    np.testing.assert_allclose(mle.fit_laplace(jnp.asarray(y, jnp.float32)), stats.laplace.fit(y), rtol=1e-5)


def test_closed_forms_at_the_edges():
    assert mle.fit_gaussian(jnp.array([3.0])).scale == 0
    assert mle.fit_gaussian(jnp.full(1001, 0.1)).scale == 0
    np.testing.assert_allclose(mle.fit_gaussian(jnp.array([0.0, 3e38])).scale, 1.5e38, rtol=1e-6)
    np.testing.assert_allclose(mle.fit_gaussian(jnp.array([-1e30, 1e30])).scale, 1e30, rtol=1e-6)
    np.testing.assert_allclose(mle.fit_gaussian(jnp.array([0.0, 2e-30])).scale, 1e-30, rtol=1e-6)
    assert np.isfinite(jax.grad(lambda y: mle.fit_gaussian(y).scale)(jnp.ones(3))).all()
    for fit in (mle.fit_gaussian, mle.fit_laplace, mle.fit_bernoulli, mle.fit_poisson):
        with pytest.raises(ValueError, match="at least one sample"):
            fit(jnp.zeros(0))


def test_newton_finds_the_closed_form_and_its_standard_errors(key):
    y = 3 + 2 * jax.random.normal(key, (50,))
    start = {"mean": jnp.array(0.0), "log_scale": jnp.array(0.0)}
    fitted = mle.fit(y, nll=normal_nll, init=start)
    exact = mle.fit_gaussian(y)
    assert fitted.converged
    np.testing.assert_allclose(fitted.params["mean"], exact.loc, rtol=1e-4)
    np.testing.assert_allclose(jnp.exp(fitted.params["log_scale"]), exact.scale, rtol=1e-4)
    assert (np.diff(fitted.history[: fitted.n_iter + 1]) <= 1e-6).all()
    information = fisher.observed(normal_nll, fitted.params, y)
    expected = [1 / np.sqrt(100), exact.scale / np.sqrt(50)]  # of log scale, mean: the pytree's order
    np.testing.assert_allclose(fisher.standard_errors(information), expected, rtol=1e-3)
    np.testing.assert_allclose(fisher.scores(normal_nll, fitted.params, y).sum(axis=0), 0, atol=2e-3)


def test_newton_equals_statsmodels_poisson_regression(regression, key):
    x, _ = regression
    y = jax.random.poisson(key, jnp.exp(x @ jnp.array([0.5, -0.3, 0.1])))
    peer = sm.GLM(np.asarray(y), np.asarray(x, float), family=sm.families.Poisson()).fit()
    fitted = mle.fit((x, y), nll=count_nll, init=jnp.zeros(3))
    np.testing.assert_allclose(fitted.params, peer.params, atol=1e-4)
    np.testing.assert_allclose(fitted.objective, -peer.llf / len(y), rtol=1e-5)
    errors = fisher.standard_errors(fisher.observed(count_nll, fitted.params, (x, y)))
    np.testing.assert_allclose(errors, peer.bse, rtol=1e-3)


def test_map_with_a_gaussian_prior_is_ridge(regression):
    """Newton's method on likelihood and prior, ridge in closed form, and the posterior mean are the same weights."""
    x, y = regression
    alpha = 0.5**2 / 0.2**2
    ridge = np.linalg.solve(np.asarray(x.T @ x, float) + alpha * np.eye(3), np.asarray(x.T @ y, float))
    found = mle.fit((x, y), nll=line_nll, init=jnp.zeros(3), log_prior=small_weights)
    np.testing.assert_allclose(found.params, ridge, atol=1e-5)
    prior = bayesian_regression.ridge_prior(alpha, 0.25, n_columns=3)
    np.testing.assert_allclose(bayesian_regression.fit(x, y, prior=prior, noise_variance=0.25).mean, ridge, atol=1e-5)
    assert np.linalg.norm(ridge) < np.linalg.norm(mle.fit((x, y), nll=line_nll, init=jnp.zeros(3)).params)


def test_newton_goes_downhill_from_a_hill():
    fitted = mle.fit(jnp.zeros(2), nll=bent_nll, init=jnp.array(0.05))
    assert fitted.converged
    np.testing.assert_allclose(fitted.params, 1.0, rtol=1e-3)


def test_a_likelihood_without_a_maximum_does_not_converge():
    fitted = mle.fit(jnp.zeros(3), nll=rate_nll, init=jnp.array(0.0), max_iter=10)  # the rate goes to 0
    assert not fitted.converged
    assert fitted.status == Status.MAX_ITER
    assert fitted.params < -5
    assert mle.fit(jnp.zeros(3), nll=rate_nll, init=jnp.array(0.0)).status == Status.UNBOUNDED


@pytest.mark.parametrize("tol", [1e-8, 1e-12])
@pytest.mark.parametrize("scale", [1e-3, 1.0])
def test_separated_classes_are_unbounded_unless_there_is_a_prior(tol, scale):
    x = jnp.stack([jnp.ones(6), scale * jnp.array([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0])], axis=1)
    data = x, jnp.array([0, 0, 0, 1, 1, 1])
    fitted = mle.fit(data, nll=class_nll, init=jnp.zeros(2), tol=tol)
    assert fitted.status == Status.UNBOUNDED
    assert not fitted.converged
    assert mle.fit(data, nll=class_nll, init=jnp.zeros(2), log_prior=small_weights).converged
    mixed = data[0], data[1].at[1].set(1)
    assert mle.fit(mixed, nll=class_nll, init=jnp.zeros(2)).converged


def test_where_rounding_decides_it_stops_and_says_so(key):
    y = 1e4 + jax.random.normal(key, (50,))
    fitted = mle.fit(y, nll=normal_nll, init={"mean": jnp.array(9e3), "log_scale": jnp.array(3.0)}, tol=1e-12)
    assert fitted.status == Status.STALLED
    assert fitted.n_iter < 40
    np.testing.assert_allclose(fitted.params["mean"], y.mean(), atol=0.01)
    assert "rounding decides" in iteration.explain(fitted)


def test_data_with_nan_end_it_at_once():
    fitted = mle.fit(jnp.array([1.0, jnp.nan]), nll=rate_nll, init=jnp.array(0.0))
    assert fitted.status == Status.NON_FINITE
    assert fitted.n_iter == 0


def test_a_start_at_the_optimum_converges():
    fitted = mle.fit(jnp.array([-1.0, 1.0]), nll=normal_nll, init={"mean": jnp.array(0.0), "log_scale": jnp.array(0.0)})
    assert fitted.converged
    assert fitted.n_iter == 1


def test_expected_information_of_labels_and_counts():
    p = 0.3
    logit = jnp.log(p / (1 - p))
    np.testing.assert_allclose(fisher.expected(label_nll, logit, jnp.array([0, 1]))[0, 0], p * (1 - p), rtol=1e-5)
    counts = jnp.arange(60)
    np.testing.assert_allclose(fisher.expected(rate_nll, jnp.log(7.0), counts)[0, 0], 7.0, rtol=1e-4)


def test_expected_information_of_a_density_on_a_grid():
    grid = jnp.linspace(-20.0, 20.0, 2001)
    at = {"mean": jnp.array(0.5), "log_scale": jnp.log(2.0)}
    found = fisher.expected(normal_nll, at, grid, weights=jnp.full(2001, 0.02))
    np.testing.assert_allclose(found, np.diag([2.0, 0.25]), atol=1e-3)


def test_empirical_information_tends_to_the_expected_one(key):
    y = jax.random.poisson(key, 7.0, (20_000,))
    found = fisher.empirical(rate_nll, jnp.log(7.0), y) / len(y)
    np.testing.assert_allclose(found, 7.0, rtol=0.05)


def test_errors(unchecked):
    with pytest.raises(ValueError, match="one number per sample"):
        mle.fit(jnp.zeros(3), nll=lambda w, y: jnp.sum(y), init=jnp.zeros(1))
    with pytest.raises(ValueError, match="max_iter must be positive"):
        mle.fit(jnp.zeros(3), nll=rate_nll, init=jnp.array(0.0), max_iter=0)
    with pytest.raises(ValueError, match="one number per sample"):
        fisher.scores(lambda w, y: jnp.sum(y), jnp.zeros(1), jnp.zeros(3))
    with pytest.raises(ValueError, match="square matrix"):
        fisher.standard_errors(jnp.zeros((2, 3)))
    assert np.isnan(fisher.standard_errors(jnp.zeros((2, 2)))).all()


def yes_or_no(params, data):
    x, y = data
    return likelihood.bernoulli_nll(y, params[0] + x @ params[1:])


@pytest.mark.parametrize("unit", [1e-25, 1e-18, 1e18])
def test_parameters_in_any_unit(unit):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 1))
    y = (rng.random(200) < 1 / (1 + np.exp(-x[:, 0] - 0.5))).astype(int)
    plain, found = (mle.fit(((x * s).astype(np.float32), y), nll=yes_or_no, init=jnp.zeros(2)) for s in (1.0, unit))
    assert found.converged
    np.testing.assert_allclose(found.params * np.array([1, unit], np.float32), plain.params, rtol=1e-4)


def test_a_curvature_that_underflowed_is_no_optimum():
    x, y = np.array([[-1.0], [0.5], [1.0]]), np.array([0, 0, 1])
    for unit in (1e-20, 1e-33):
        data = ((x * unit).astype(np.float32), y)
        moved = mle.step(mle.init(jnp.zeros(2), data, nll=yes_or_no), data, nll=yes_or_no)
        assert np.isinf(moved.decrement)
    assert not mle.fit(data, nll=yes_or_no, init=jnp.zeros(2)).converged
