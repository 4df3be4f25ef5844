"""Each reference answer of unit 12 equals the library's function for the same mathematics."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.networks import activations
from mfml.probability import calibration
from mfml.uncertainty import acquisition, decompose, evidence, gp, gp_evidence, kernels
from solutions import unit12

X = jnp.array([[-1.5], [-0.5], [0.0], [0.7], [2.0]])
Y = jnp.array([0.3, -0.2, 0.5, 1.0, -0.4])
NEW = jnp.array([[-1.0], [0.3], [3.0]])
PROCESS = {"kernel": kernels.RBF(length=0.8, variance=1.5), "noise_variance": 0.01}


@pytest.fixture
def covariances():
    return (
        unit12.rbf_kernel(X, X, 0.8, 1.5),
        unit12.rbf_kernel(X, NEW, 0.8, 1.5),
        jnp.full(3, 1.5),
    )


def test_kernel(key):
    x, z = jax.random.normal(key, (2, 5, 3))
    expected = kernels.matrix(kernels.RBF(length=0.7, variance=2.5), x, z[:4])
    np.testing.assert_allclose(unit12.rbf_kernel(x, z[:4], 0.7, 2.5), expected, rtol=1e-5)


def test_posterior(covariances):
    """The numbers were computed with 40 digits."""
    mean, variance = unit12.gp_posterior(*covariances, Y, 0.01)
    expected = gp.predictive(gp.condition(X, Y, **PROCESS), NEW)
    np.testing.assert_allclose(mean, expected.mean, rtol=1e-4)
    np.testing.assert_allclose(variance, expected.epistemic, rtol=1e-4)
    np.testing.assert_allclose(mean, [-0.19231272532, 0.874467915619, -0.276350249684], rtol=1e-4)
    np.testing.assert_allclose(variance, [0.0502910621109, 0.0148294933863, 1.15345387028], rtol=1e-4)


def test_log_evidence(covariances):
    found = unit12.log_evidence(covariances[0], Y, 0.01)
    np.testing.assert_allclose(found, gp_evidence.log_evidence(X, Y, **PROCESS), rtol=1e-5)
    np.testing.assert_allclose(found, -5.1730167672957, rtol=1e-5)


def test_effective_parameters(key):
    """The library has the ratio of both variances as its penalty, and centers x unless told otherwise."""
    design = jax.random.normal(key, (9, 4)) + 1
    found = unit12.effective_parameters(design, 3.0, 0.4)
    expected = evidence.effective_parameters(design, alpha=3.0 / 0.4, fit_intercept=False)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_moments_of_dropout(key):
    a, b, c, d = jax.random.split(key, 4)
    x, weights, output = jax.random.normal(a, (5, 3)), jax.random.normal(b, (3, 8)), jax.random.normal(c, (8,))
    masks = jax.random.bernoulli(d, 0.7, (6, 8)).astype(float)
    passes = jnp.stack([activations.relu(x @ weights) * mask / 0.7 @ output for mask in masks])
    expected = decompose.total_variance(passes, jnp.full(passes.shape, 0.5))
    mean, variance = unit12.dropout_moments(x, weights, output, masks, 0.3, 0.25)
    np.testing.assert_allclose(mean, expected.mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(variance, expected.variance, rtol=1e-5)


def test_split_of_the_variance(key):
    mean, log_variance = jax.random.normal(key, (2, 5, 4))
    aleatoric, epistemic = unit12.split_variance(mean, log_variance)
    expected = decompose.total_variance(mean, jnp.exp(log_variance / 2))
    np.testing.assert_allclose(aleatoric, expected.aleatoric, rtol=1e-5)
    np.testing.assert_allclose(epistemic, expected.epistemic, rtol=1e-5)


def test_calibration_error(key):
    """The library takes any probability of an event; here it is the confidence, of being right."""
    a, b = jax.random.split(key)
    probability = jax.nn.softmax(2 * jax.random.normal(a, (50, 3)))
    y = jax.random.categorical(b, jnp.log(probability))
    right = (jnp.argmax(probability, axis=1) == y).astype(float)
    expected = calibration.expected_error(jnp.max(probability, axis=1), right, n_bins=8)
    np.testing.assert_allclose(unit12.calibration_error(probability, y, 8), expected, rtol=1e-5)


def test_choice_of_the_next_experiment(key):
    a, b, c = jax.random.split(key, 3)
    mean, std, measured = (
        jax.random.normal(a, (9,)),
        jnp.exp(jax.random.normal(b, (9,))),
        jax.random.bernoulli(c, 0.5, (9,)),
    )
    measured = measured.at[3].set(False)
    bound, best = unit12.choose_next(mean, std**2, measured, 1.5)
    expected = acquisition.upper_confidence_bound(mean, std, kappa=1.5)
    np.testing.assert_allclose(bound, expected, rtol=1e-5)
    assert not measured[best]
    assert all(measured | (expected <= expected[best]))
