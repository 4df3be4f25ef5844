"""Each reference answer of unit 8 equals the library's function for the same mathematics."""

import jax
import jax.numpy as jnp
import numpy as np

from mfml.probability import bayes, bayesian_regression, calibration, gaussian, information, likelihood
from mfml.probability.gaussian import Gaussian
from solutions import unit08


def test_likelihoods(key):
    y, loc = jax.random.normal(key, (2, 11))
    expected = likelihood.gaussian_nll(y, loc, 0.7).mean()
    np.testing.assert_allclose(unit08.gaussian_nll(y, loc, 0.7), expected, rtol=1e-5)
    expected = likelihood.student_t_nll(y, loc, 0.7, 2.5).mean()
    np.testing.assert_allclose(unit08.student_t_nll(y, loc, 0.7, 2.5), expected, rtol=1e-5)


def test_mle(key):
    y = jax.random.normal(key, (9,))
    fitted = gaussian.fit(y[:, None])
    np.testing.assert_allclose(unit08.gaussian_mle(y), (fitted.mean[0], fitted.covariance[0, 0]), rtol=1e-5)


def test_entropy(key):
    p = jax.nn.softmax(jax.random.normal(key, (5,))).at[2].set(0.0)
    np.testing.assert_allclose(unit08.entropy(p), information.entropy(p), rtol=1e-5)


def test_divergence(key):
    (m, n), (s, t) = jax.random.normal(key, (2, 2, 3))
    s, t = jnp.exp(s), jnp.exp(t)
    expected = information.gaussian_kl(Gaussian(m, jnp.diag(s**2)), Gaussian(n, jnp.diag(t**2)))
    np.testing.assert_allclose(unit08.gaussian_kl(m, s, n, t), expected, rtol=1e-4)


def test_posterior(key):
    y = jax.random.normal(key, (6,))
    prior = Gaussian(jnp.array([0.5]), jnp.array([[2.0]]))
    posterior = bayes.update_mean(prior, y[:, None], jnp.array([[0.3]]))
    found = unit08.gaussian_posterior(0.5, 2.0, y, 0.3)
    np.testing.assert_allclose(found, (posterior.mean[0], posterior.covariance[0, 0]), rtol=1e-5)


def test_map(key):
    x, y = jax.random.normal(key, (8, 3)), jax.random.normal(jax.random.fold_in(key, 1), (8,))
    prior = Gaussian(jnp.zeros(3), 0.4 * jnp.eye(3))
    expected = bayesian_regression.fit(x, y, prior=prior, noise_variance=0.6).mean
    np.testing.assert_allclose(unit08.map_weights(x, y, 0.6, 0.4), expected, atol=1e-5)


def test_calibration(key):
    p = jax.random.uniform(key, (20,)).at[:3].set(jnp.array([0.0, 0.4, 1.0]))
    y = jax.random.bernoulli(key, p).astype(int)
    made = calibration.curve(p, y, n_bins=5)
    np.testing.assert_allclose(unit08.calibration_bins(p, y, 5), (made.predicted, made.observed), rtol=1e-5)
