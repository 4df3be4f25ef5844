"""Each reference answer of unit 1 equals the library's function for the same mathematics."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from exercises.given import exponential_model, linear_model, lopsided_error, squared_error
from mfml.risk import empirical, losses, splits
from solutions import unit01


@pytest.fixture
def pair(key):
    return tuple(jax.random.normal(key, (2, 12)))


def test_dot_and_norm(pair):
    a, b = pair
    np.testing.assert_allclose(unit01.dot(a, b), jnp.vdot(a, b), rtol=1e-5)
    np.testing.assert_allclose(unit01.norm(a), jnp.linalg.norm(a), rtol=1e-5)


def test_regression_losses(pair):
    np.testing.assert_allclose(unit01.mse(*pair), losses.mse(*pair), rtol=1e-5)
    np.testing.assert_allclose(unit01.mae(*pair), losses.mae(*pair), rtol=1e-5)


def test_zero_one(key):
    prediction, label = jax.random.randint(key, (2, 15), 0, 3)
    np.testing.assert_allclose(unit01.zero_one(prediction, label), losses.zero_one(prediction, label).mean(), rtol=1e-5)


@pytest.mark.parametrize("size", [1.0, 1e3, 1e30])
def test_cross_entropy(key, size):
    logits, labels = size * jax.random.normal(key, (9, 4)), jnp.arange(9) % 4
    expected = losses.cross_entropy(logits, labels).mean()
    np.testing.assert_allclose(unit01.cross_entropy(logits, labels), expected, rtol=1e-5)


@pytest.mark.parametrize(("n", "n_splits"), [(10, 5), (11, 4), (7, 7)])
def test_k_fold(key, n, n_splits):
    folds = splits.k_fold(n, n_splits=n_splits, key=key)
    fold = unit01.k_fold(jax.random.permutation(key, n), n_splits)
    np.testing.assert_array_equal(fold, jnp.argmax(folds.test, axis=0))


def test_standardize_makes_the_honest_features_of_the_leakage_experiment(key):
    """What `leakage.preprocessing` does inside a fold: mean 0 and deviation 1 in training, not in the test."""
    x = jax.random.normal(key, (12, 3)) * jnp.array([1.0, 5.0, 0.0])
    train, test = unit01.standardize(x[:8], x[8:])
    weights = (jnp.arange(12) < 8).astype(float)
    mean = jax.vmap(lambda column: empirical.weighted_mean(column, weights=weights))(x.T)
    variance = jax.vmap(lambda column: empirical.weighted_mean(column**2, weights=weights))((x - mean).T)
    expected = (x - mean) / jnp.where(variance > 0, jnp.sqrt(variance), 1.0)
    np.testing.assert_allclose(jnp.concatenate([train, test]), expected, atol=1e-5)


@pytest.mark.parametrize("predict", [linear_model, exponential_model])
@pytest.mark.parametrize("loss", [squared_error, lopsided_error, losses.huber])
def test_empirical_risk(key, predict, loss):
    weights, x, y = jnp.array([0.5, -0.2]), jax.random.normal(key, (8, 2)), jnp.arange(8.0)
    expected = empirical.risk(weights, x, y, predict=predict, loss=loss)
    np.testing.assert_allclose(unit01.empirical_risk(predict, loss, weights, x, y), expected, rtol=1e-5)


def test_lopsided_error_is_a_pinball(pair):
    np.testing.assert_allclose(lopsided_error(*pair), 4 * losses.pinball(*pair, quantile=0.75), atol=1e-5)
