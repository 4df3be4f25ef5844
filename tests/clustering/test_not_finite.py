"""A sample that is missing, infinite or far out spoils no other, and what is not known is NaN or -1."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.clustering import kmeans, minibatch
from mfml.iteration import Status

START = jnp.array([[0.0, 0.0], [0.01, 0.0], [1000.0, 1000.0]])
TRUE = np.repeat(np.arange(3), 50)
BAD = [jnp.nan, jnp.inf, 1e25]


@pytest.fixture(scope="module")
def x():
    return jnp.repeat(START, 50, axis=0) + 1e-3 * np.random.default_rng(0).normal(size=(150, 2)).astype(np.float32)


@pytest.mark.parametrize("bad", BAD)
def test_one_sample_leaves_the_labels_of_others_alone(x, key, bad):
    spoiled = jnp.concatenate([x, jnp.array([[bad, 0.0]])])
    np.testing.assert_array_equal(kmeans.assign(spoiled, START)[:150], TRUE)
    weights = jnp.tile(jnp.array([0.0, 1.0]), 76)[:151].at[150].set(0)  # every second sample is absent, too
    for fit in (kmeans.fit, minibatch.fit):
        found = fit(spoiled, weights=weights, init=START, key=key)
        np.testing.assert_array_equal(found.labels[:150], TRUE)
        assert found.labels[150] == (-1 if jnp.isnan(bad) else 0)


def test_the_unit_is_that_of_the_finite_ones():
    near = 1e-25 * jnp.array([[1.0], [2.0], [9.0]])
    assert kmeans.assign(jnp.append(near, jnp.nan)[:, None], near).tolist() == [0, 1, 2, -1]
    assert kmeans.assign(jnp.array([[0.0], [1.0], [1e25]]), jnp.array([[0.0], [1.0]])).tolist()[:2] == [0, 1]


def test_an_inertia_of_zero_in_any_unit():
    for size in (1.0, 1e19, 1e20):
        x = size * jnp.array([[1.0], [1.0], [3.0]])
        found = kmeans.fit(x, init=x[1:])
        np.testing.assert_array_equal(found.centroids, x[1:])
        assert found.inertia == found.history[0] == 0 and found.converged


def test_weights_make_up_for_tiny_squares(key):
    x, weights = 1e-20 * jnp.array([[1.0], [2.0], [9.0]]), jnp.full(3, 1e20)
    for fit in (kmeans.fit, minibatch.fit):
        np.testing.assert_allclose(fit(x, init=x[1:], weights=weights, key=key).inertia, 5e-21, rtol=0.1)


def test_a_sample_without_a_label_is_in_no_cluster(x):
    found = kmeans.fit(x.at[3].set(jnp.nan), init=START)
    assert found.counts.tolist() == [49, 50, 50] and found.labels[3] == -1


@pytest.mark.parametrize("fit", [kmeans.fit, minibatch.fit])
def test_nothing_comes_from_missing_centroids_or_no_samples(x, key, fit):
    missing = fit(x, init=START.at[0].set(jnp.nan), key=key)
    nothing = fit(x, init=START, weights=jnp.zeros(150), key=key)
    for found in (missing, nothing):
        assert jnp.isnan(found.inertia) and not found.converged and found.status == Status.NON_FINITE
    assert jnp.isnan(nothing.centroids).all()


def test_compiled_code_takes_the_same_care(x):
    spoiled = x.at[0].set(jnp.nan)
    np.testing.assert_array_equal(jax.jit(kmeans.assign)(spoiled, START)[1:], TRUE[1:])
