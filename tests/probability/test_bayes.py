"""Conjugate models and Bayesian linear regression."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats
from sklearn.linear_model import BayesianRidge

from mfml.probability import bayes, bayesian_regression, gaussian
from mfml.probability.gaussian import Gaussian

Y01 = jnp.array([1, 0, 1, 1, 0])


def number(value):
    return jnp.asarray(value, jnp.float32)


def test_beta_posterior_is_prior_times_likelihood_on_a_grid():
    posterior = bayes.update_beta(bayes.Beta(number(2.0), number(1.5)), Y01)
    p = np.linspace(0.0005, 0.9995, 1000)
    unnormalized = stats.beta(2.0, 1.5).pdf(p) * p**3 * (1 - p) ** 2
    np.testing.assert_allclose(stats.beta(*posterior).pdf(p), unnormalized / unnormalized.mean(), rtol=1e-3)
    mean = np.sum(p * unnormalized) / np.sum(unnormalized)
    np.testing.assert_allclose(bayes.predict_beta(posterior), mean, rtol=1e-4)
    evidence = bayes.log_evidence_beta(bayes.Beta(number(2.0), number(1.5)), Y01)
    np.testing.assert_allclose(evidence, np.log(unnormalized.mean()), rtol=1e-3)


@pytest.mark.parametrize("half", [0, 2, 5])
def test_two_batches_are_one(half):
    prior = bayes.Beta(number(2.0), number(1.5))
    twice = bayes.update_beta(bayes.update_beta(prior, Y01[:half]), Y01[half:])
    np.testing.assert_allclose(twice, bayes.update_beta(prior, Y01))
    prior = bayes.NormalInverseGamma(number(0.5), number(2.0), number(3.0), number(1.0))
    y = jnp.array([1.0, 3.0, -0.5, 2.0, 0.1])
    twice = bayes.update_normal(bayes.update_normal(prior, y[:half]), y[half:])
    np.testing.assert_allclose(twice, bayes.update_normal(prior, y), rtol=1e-5)
    prior = Gaussian(jnp.zeros(1), jnp.eye(1))
    twice = bayes.update_mean(bayes.update_mean(prior, y[:half, None], jnp.eye(1)), y[half:, None], jnp.eye(1))
    np.testing.assert_allclose(twice.mean, bayes.update_mean(prior, y[:, None], jnp.eye(1)).mean, rtol=1e-5)


def test_the_sum_of_large_counts_does_not_wrap_around():
    posterior = bayes.update_gamma(bayes.Gamma(number(2.0), number(0.5)), jnp.full(4, 2**30))
    np.testing.assert_allclose(posterior.shape, 2.0**32 + 2)


def test_gamma_prediction_is_negative_binomial():
    posterior = bayes.update_gamma(bayes.Gamma(number(2.0), number(0.5)), jnp.array([3, 4, 0]))
    counts = np.arange(12)
    peer = stats.nbinom(float(posterior.shape), float(posterior.rate) / (float(posterior.rate) + 1))
    found = bayes.predict_gamma(posterior, jnp.asarray(counts))
    np.testing.assert_allclose(found, peer.logpmf(counts), rtol=1e-4, atol=1e-5)
    rates = stats.gamma(float(posterior.shape), scale=1 / float(posterior.rate))
    averaged, _ = integrate.quad(lambda r: rates.pdf(r) * stats.poisson(r).pmf(3), 0, 40)
    np.testing.assert_allclose(jnp.exp(found[3]), averaged, rtol=1e-4)


def test_mean_with_known_noise_adds_precisions(key):
    prior = Gaussian(jnp.array([1.0, 0.0]), jnp.array([[2.0, 0.3], [0.3, 1.0]]))
    noise = jnp.array([[0.7, -0.2], [-0.2, 0.9]])
    y = jax.random.normal(key, (6, 2))
    posterior = bayes.update_mean(prior, y, noise)
    before, each = np.linalg.inv(np.asarray(prior.covariance, float)), np.linalg.inv(np.asarray(noise, float))
    covariance = np.linalg.inv(before + 6 * each)
    np.testing.assert_allclose(posterior.covariance, covariance, rtol=1e-4, atol=1e-6)
    mean = covariance @ (before @ [1.0, 0.0] + each @ np.asarray(y, float).sum(axis=0))
    np.testing.assert_allclose(posterior.mean, mean, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(bayes.predict_mean(posterior, noise).covariance, covariance + noise, rtol=1e-4)


def test_a_vague_prior_leaves_the_data_alone():
    y = jnp.array([[1.0], [2.0], [6.0]])
    posterior = bayes.update_mean(Gaussian(jnp.zeros(1), 1e12 * jnp.eye(1)), y, jnp.eye(1))
    np.testing.assert_allclose(posterior.mean, [3.0], rtol=1e-5)
    np.testing.assert_allclose(posterior.covariance, [[1 / 3]], rtol=1e-4)


def test_unknown_variance_predicts_a_student_distribution():
    """The prediction is the ratio of two evidences, and those are sums over a grid of mean and variance."""
    prior, y = (0.5, 2.0, 3.0, 1.0), np.array([1.0, 3.0])
    variance, mean = np.meshgrid(np.geomspace(0.01, 200, 1500), np.linspace(-30, 30, 1501))

    def evidence(y):
        log = stats.norm(prior[0], np.sqrt(variance / prior[1])).logpdf(mean)
        log += stats.invgamma(prior[2], scale=prior[3]).logpdf(variance) + np.log(variance)  # even in the logarithm
        return np.exp(log + sum(stats.norm(mean, np.sqrt(variance)).logpdf(one) for one in y)).sum()

    posterior = bayes.update_normal(bayes.NormalInverseGamma(*map(number, prior)), jnp.asarray(y, jnp.float32))
    df, loc, scale = map(float, bayes.predict_normal(posterior))
    expected = evidence(np.append(y, 2.5)) / evidence(y)
    np.testing.assert_allclose(stats.t(df, loc, scale).pdf(2.5), expected, rtol=1e-3)


def test_linear_posterior_equals_scikit_learn(key):
    for_x, for_noise = jax.random.split(key)
    x = jax.random.normal(for_x, (30, 3)) + jnp.array([1.0, 0.0, -1.0])
    y = x @ jnp.array([1.0, 0.5, 0.0]) + 0.3 * jax.random.normal(for_noise, (30,))
    peer = BayesianRidge(fit_intercept=False, compute_score=True).fit(np.asarray(x, float), np.asarray(y, float))
    noise = 1 / peer.alpha_
    prior = bayesian_regression.ridge_prior(peer.lambda_ * noise, noise, n_columns=3)
    posterior = bayesian_regression.fit(x, y, prior=prior, noise_variance=noise)
    np.testing.assert_allclose(posterior.mean, peer.coef_, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(posterior.covariance, peer.sigma_, rtol=1e-3, atol=1e-6)
    mean, deviation = peer.predict(np.asarray(x[:5], float), return_std=True)
    made = bayesian_regression.predictive(posterior, x[:5], noise_variance=noise)
    np.testing.assert_allclose(made.mean, mean, rtol=1e-3)
    np.testing.assert_allclose(bayesian_regression.predict(posterior, x[:5]), mean, rtol=1e-3)
    np.testing.assert_allclose(jnp.sqrt(made.variance), deviation, rtol=1e-3)
    np.testing.assert_allclose(bayesian_regression.score(posterior, x, y), peer.score(x, y), rtol=1e-4)


def test_evidence_is_the_density_of_the_data(key):
    x, y = jax.random.normal(key, (7, 2)), jax.random.normal(jax.random.fold_in(key, 1), (7,))
    prior = Gaussian(jnp.array([0.5, -1.0]), jnp.array([[1.0, 0.2], [0.2, 2.0]]))
    joint = gaussian.affine(prior, x, jnp.zeros(7))
    expected = gaussian.log_prob(Gaussian(joint.mean, joint.covariance + 0.3 * jnp.eye(7)), y[None])[0]
    np.testing.assert_allclose(
        bayesian_regression.log_evidence(x, y, prior=prior, noise_variance=0.3), expected, rtol=1e-4
    )


def test_evidence_of_a_coin_that_was_not_tossed_is_one():
    prior = bayes.Beta(number(2.0), number(3.0))
    np.testing.assert_allclose(bayes.log_evidence_beta(prior, jnp.zeros(0)), 0, atol=1e-6)


def test_errors(unchecked):
    with pytest.raises(ValueError, match="y must have 1 axes"):
        bayes.update_beta(bayes.Beta(number(1.0), number(1.0)), jnp.zeros((2, 2)))
    with pytest.raises(ValueError, match="same shape"):
        bayes.update_mean(Gaussian(jnp.zeros(2), jnp.eye(2)), jnp.zeros((3, 2)), jnp.eye(3))
    with pytest.raises(ValueError, match="same length"):
        bayesian_regression.fit(
            jnp.zeros((3, 2)), jnp.zeros(3), prior=Gaussian(jnp.zeros(1), jnp.eye(1)), noise_variance=1.0
        )
    wide = jnp.zeros((3, 2))
    for ask in (bayesian_regression.predict, partial(bayesian_regression.predictive, noise_variance=1.0)):
        with pytest.raises(ValueError, match="design must have 1 columns"):
            ask(Gaussian(jnp.zeros(1), jnp.eye(1)), wide)
    with pytest.raises(ValueError, match=r"found design \(3, 1\), y \(4,\)"):
        bayesian_regression.score(Gaussian(jnp.zeros(1), jnp.eye(1)), jnp.zeros((3, 1)), jnp.zeros(4))
    with pytest.raises(ValueError, match="n_columns must be positive"):
        bayesian_regression.ridge_prior(1.0, 1.0, n_columns=0)


@pytest.mark.parametrize(("shape", "rate", "count"), [(1e7, 1.0, 1e7), (1e7, 1.0, 10_005_000.0), (1e6, 1e5, 10.0)])
def test_predicted_counts_after_many_data(shape, rate, count):
    exact = stats.nbinom.logpmf(count, shape, rate / (1 + rate))
    found = bayes.predict_gamma(bayes.Gamma(number(shape), number(rate)), jnp.array([count]))
    np.testing.assert_allclose(found, exact, rtol=1e-4)


def test_evidence_of_many_failures_and_of_a_strong_prior():
    weak = bayes.log_evidence_beta(bayes.Beta(number(1.0), number(1.0)), jnp.zeros(1_000_000))
    np.testing.assert_allclose(weak, -np.log(1_000_001), rtol=1e-5)
    strong = bayes.log_evidence_beta(bayes.Beta(number(1e6), number(1e6)), jnp.array([1, 1, 0]))
    np.testing.assert_allclose(strong, -3 * np.log(2), rtol=1e-4)
