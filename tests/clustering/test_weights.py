"""Weights of samples: a sample of weight 0 is absent, whatever it holds; one of weight 2 counts as two."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.cluster import KMeans

from mfml.clustering import gmm, kmeans, minibatch, seeding

FITS = [
    partial(kmeans.fit, n_clusters=3),
    partial(minibatch.fit, n_clusters=3, batch_size=16, n_steps=20),
    partial(gmm.fit, n_components=3, max_iter=5),
    partial(gmm.fit, n_components=3, max_iter=5, init="k-means++", covariance_type="spherical"),
]
NAMES = ["kmeans", "minibatch", "gmm", "gmm spherical"]


@pytest.fixture
def x(key):
    centers = jnp.array([[-6.0, 0.0], [0.0, 6.0], [6.0, -3.0]])
    return jnp.repeat(centers, 9, axis=0) + jax.random.normal(key, (27, 2))


def same(found, expected):
    for name in found._fields:
        if name != "labels":
            np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-3, atol=1e-4)
    if hasattr(found, "labels"):
        np.testing.assert_array_equal(found.labels[:26], expected.labels[:26])


@pytest.mark.parametrize("fit", FITS, ids=NAMES)
def test_weight_zero_is_absent_and_weight_two_is_two(x, key, fit):
    weights = jnp.linspace(1.0, 2.0, 27)
    without = fit(x[:-1], key=key, weights=weights[:-1])
    for held in (1e6, jnp.nan, jnp.inf, 1e30):
        same(fit(x.at[-1].set(held), key=key, weights=weights.at[-1].set(0)), without)
    twice = fit(jnp.concatenate([x, x[-1:]]), key=key, weights=jnp.append(weights, weights[-1]))
    same(fit(x, key=key, weights=weights.at[-1].multiply(2)), twice)


@pytest.mark.parametrize("fit", FITS, ids=NAMES)
def test_the_unit_of_the_weights_does_not_matter(x, key, fit):
    weights = jnp.linspace(1.0, 2.0, 27)
    near, far = fit(x, key=key, weights=weights), fit(x, key=key, weights=weights * 2.0**-60)
    field = "means" if hasattr(near, "means") else "centroids"
    np.testing.assert_allclose(getattr(far, field), getattr(near, field), rtol=1e-5)
    with pytest.raises(ValueError, match="weights must not be negative"):
        fit(x, key=key, weights=-weights)


def test_kmeans_equals_sklearn(x):
    weights = jnp.linspace(0.0, 3.0, 27)
    peer = KMeans(3, init=np.asarray(x[:3]), n_init=1).fit(x, sample_weight=weights)
    found = kmeans.fit(x, init=x[:3], weights=weights)
    order = np.lexsort(peer.cluster_centers_.T[::-1])
    np.testing.assert_allclose(found.centroids, peer.cluster_centers_[order], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found.inertia, peer.inertia_, rtol=1e-4)
    np.testing.assert_allclose(found.counts.sum(), weights.sum(), rtol=1e-6)


def test_score_is_a_weighted_mean(x, key):
    model = gmm.fit(x, key=key, n_components=2, max_iter=2)
    weights = jnp.linspace(0.0, 3.0, 27)
    expected = np.average(gmm.log_prob(model, x), weights=weights)
    np.testing.assert_allclose(gmm.score(model, x.at[0].set(jnp.nan), weights=weights), expected, rtol=1e-5)


def test_random_starts_take_heavy_samples(x, key):
    weights = jnp.zeros(27).at[jnp.array([3, 8, 20])].set(1e-20)
    found = seeding.choose(x, key=key, n_clusters=3, init="random", weights=weights)
    np.testing.assert_array_equal(np.sort(found, axis=0), np.sort(x[jnp.array([3, 8, 20])], axis=0))


def test_a_batch_without_samples_moves_nothing():
    """Where a stream is padded, whole batches have weight zero."""
    state = minibatch.step(minibatch.init(jnp.array([[0.0], [9.0]])), jnp.array([[1.0], [3.0]]))
    same = minibatch.step(state, jnp.array([[jnp.nan], [7.0]]), weights=jnp.zeros(2))
    assert same.centroids.tolist() == state.centroids.tolist() == [[2.0], [9.0]]
    assert same.counts.tolist() == state.counts.tolist()
    unknown = minibatch.step(state, jnp.array([[5.0], [7.0]]), weights=jnp.array([jnp.nan, 0.0]))
    assert jnp.isnan(unknown.centroids).any()
