"""Each reference answer of unit 5 equals the library's function for the same mathematics."""

import jax
import jax.numpy as jnp
import numpy as np

from mfml.clustering import anomaly, autoencoder, gmm, kmeans, seeding
from solutions import unit05


def points(key):
    a, b = jax.random.split(key)
    return jax.random.normal(a, (17, 3)) + 1, jax.random.normal(b, (4, 3))


def test_kmeans(key):
    x, centroids = points(key)
    labels = kmeans.assign(x, centroids)
    np.testing.assert_array_equal(unit05.assign(x, centroids), labels)
    far = centroids.at[0].set(100.0)  # hence empty
    labels = kmeans.assign(x, far)
    np.testing.assert_allclose(unit05.update_centroids(x, labels, far), kmeans.update(x, labels, far), rtol=1e-5)
    np.testing.assert_allclose(unit05.seeding_weights(x, centroids), seeding.weights(x, centroids), atol=1e-6)


def test_mixture(key):
    x, means = points(key)
    weights = jnp.array([0.1, 0.2, 0.3, 0.4])
    gamma = jax.nn.softmax(x @ means.T)
    mixture = gmm.m_step(x, gamma, reg_covar=0.0)
    for found, expected in zip(unit05.m_step(x, gamma), mixture, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)
    mixture = mixture._replace(weights=weights)
    densities = gmm.component_log_prob(mixture, x) - jnp.log(weights)
    np.testing.assert_allclose(unit05.responsibilities(densities, weights), gmm.responsibilities(mixture, x), atol=1e-6)
    np.testing.assert_allclose(unit05.log_likelihood(densities, weights), gmm.score(mixture, x), rtol=1e-5)


def test_autoencoder(key):
    x, _ = points(key)
    model = autoencoder.init_dense(key=key, n_features=3, n_components=2)
    mean, encoder, decoder = x.mean(axis=0), model.encoder[0].weight, model.decoder[0].weight
    centered = autoencoder.loss(model, x - mean)
    np.testing.assert_allclose(unit05.linear_autoencoder_loss(x, encoder, decoder), centered, rtol=1e-5)


def test_anomaly_score(key):
    x, rebuilt = jax.random.normal(key, (2, 5, 4, 3))
    np.testing.assert_allclose(unit05.anomaly_score(x, rebuilt), anomaly.reconstruction_error(rebuilt, x), rtol=1e-5)
