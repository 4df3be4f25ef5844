"""Fine clusters beside a group a million times farther away: each is as exact as if it were alone."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.clustering import anomaly, distances, gmm, kmeans, kmedoids, minibatch
from mfml.numerics import sums

FAR = 1e6
TRUE = np.r_[np.arange(60) % 3, np.full(20, 3)]


@pytest.fixture(scope="module")
def x():
    rng = np.random.default_rng(0)
    near = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])[np.arange(60) % 3] + 0.05 * rng.normal(size=(60, 2))
    return jnp.asarray(np.concatenate([near, FAR + rng.normal(size=(20, 2))]), jnp.float32)


@pytest.fixture(scope="module")
def start(x):
    return x[jnp.array([0, 1, 2, 60])]


def means_of(x):
    return np.stack([np.float64(x)[j == TRUE].mean(axis=0) for j in range(4)])


def test_kmeans(x, start):
    found = kmeans.fit(x, init=start)
    assert found.converged and found.counts.tolist() == [20] * 4
    order = np.lexsort(means_of(x).T[::-1])
    np.testing.assert_array_equal(order[found.labels], TRUE)
    np.testing.assert_allclose(found.centroids, means_of(x)[order], rtol=1e-6, atol=1e-6)
    needed = np.sum((np.float64(x) - np.float64(found.centroids)[found.labels]) ** 2)
    np.testing.assert_allclose([found.inertia, found.history[found.n_iter]], needed, rtol=1e-5)


def test_no_step_ends_before_fine_clusters_are_found(x):
    found = kmeans.fit(x, init=x[jnp.array([0, 3, 6, 60])])
    assert found.converged and found.n_iter > 1
    near = x[:60]
    alone = kmeans.fit(near, init=near[jnp.array([0, 3, 6])], tol=0.0)
    np.testing.assert_allclose(found.centroids[:3], alone.centroids, atol=1e-3)


def test_steps_and_updates(x, start):
    state = kmeans.step(kmeans.init(x, start), x)
    np.testing.assert_allclose(state.centroids, means_of(x), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(kmeans.update(x, jnp.asarray(TRUE), start), means_of(x), rtol=1e-6, atol=1e-6)
    slope = jax.grad(lambda c: kmeans.init(x, c).inertia)(start)
    apart = np.float64(start) - means_of(x)
    np.testing.assert_allclose(slope, 40 * apart, rtol=1e-4, atol=1e-4)


def test_an_empty_cluster_moves_though_a_sample_is_far_away():
    x = jnp.array([[0.0], [1.0], [2.0], [1e9]])
    moved = kmeans.relocate(jnp.array([[0.0], [7.0], [7.0]]), jnp.array([4.0, 0.0, 0.0]), x)
    assert moved[:, 0].tolist() == [0.0, 1e9, 2.0]


@pytest.mark.parametrize(("heaviest", "weight", "n"), [(2.0**24, 1.0, 5000), (0.1, 0.1, 2_000_000)])
def test_counts_keep_every_weight(heaviest, weight, n):
    x = jnp.zeros((n, 1)).at[-1].set(1.0)
    weights = jnp.full((n,), weight).at[0].set(heaviest)
    found = kmeans.fit(x, init=jnp.array([[0.0], [1.0]]), weights=weights, max_iter=1)
    np.testing.assert_allclose(found.counts, [heaviest + weight * (n - 2), weight], rtol=5e-5)


def test_sums_by_label_of_many_rows():
    n = 2_000_000
    total = sums.by_label(jnp.full((n, 1), 0.1), jnp.arange(n) % 3, n_labels=2)
    np.testing.assert_allclose(total[:, 0], np.float64(np.float32(0.1)) * n / 3, rtol=1e-6)


def test_labels_out_of_range_are_refused():
    x = jnp.array([[0.0], [1.0]])
    for wrong in (-1, 2):
        with pytest.raises(ValueError, match="labels must be from 0 to 1; found"):
            kmeans.update(x, jnp.array([0, wrong]), x)
        assert jnp.isnan(jax.jit(kmeans.update)(x, jnp.array([0, wrong]), x)).all()


@pytest.mark.parametrize("kind", ["full", "diag", "spherical", "tied"])
def test_mixtures(x, start, kind):
    gamma = jax.nn.one_hot(jnp.asarray(TRUE), 4)
    made = gmm.m_step(x, gamma, covariance_type=kind, reg_covar=0.0)
    np.testing.assert_allclose(made.means, means_of(x), rtol=1e-6, atol=1e-6)
    apart = np.float64(x) - means_of(x)[TRUE]
    if kind == "full":
        each = [np.cov(apart[j == TRUE].T, bias=True) for j in range(4)]
        np.testing.assert_allclose(made.covariances[:3], each[:3], rtol=1e-3, atol=1e-6)
    found = gmm.fit(x, init=made, reg_covar=0.0)
    if kind != "tied":  # the spread of the far group is then that of all
        np.testing.assert_allclose(found.means, means_of(x)[np.lexsort(means_of(x).T[::-1])], rtol=1e-5, atol=2e-2)
    np.testing.assert_allclose(found.log_likelihood, gmm.score(found, x), rtol=1e-4)


def test_weights_of_many_samples_are_kept():
    n = 2_000_000
    x = (jnp.arange(n) % 2).astype(float)[:, None]
    gamma = jnp.stack([x[:, 0], 1 - x[:, 0]], axis=1)
    made = gmm.m_step(x, gamma, weights=jnp.full((n,), 0.1), reg_covar=1.0)
    np.testing.assert_allclose(made.weights, 0.5, rtol=1e-5)
    np.testing.assert_allclose(made.means[:, 0], [1, 0], atol=1e-5)


def test_mini_batches(x, start):
    state = minibatch.step(minibatch.init(start), x)
    np.testing.assert_allclose(state.centroids, means_of(x), rtol=1e-6, atol=1e-6)


def test_gradients_of_distances():
    x = jnp.array([[0.0, 0.0], [1e-3, 2e-3], [1e4, 1e4]])
    found = jax.grad(lambda x: distances.squared_euclidean(x, x)[0, 1])(x)
    np.testing.assert_allclose(found[1], [2e-3, 4e-3], rtol=1e-5)
    rows = jax.jacrev(lambda a: distances.euclidean(a, x).sum())(x[1:2] + 1e-3)[0]
    apart = np.float64(x[1:2] + 1e-3) - np.float64(x)
    np.testing.assert_allclose(rows, np.sum(apart / np.linalg.norm(apart, axis=1)[:, None], axis=0), rtol=1e-5)


def test_distances_near_the_end_of_the_range():
    x = jnp.array([[2e38], [1e38]])
    np.testing.assert_allclose(distances.euclidean(x, x), [[0, 1e38], [1e38, 0]], rtol=1e-5)


def test_a_swap_helps_whatever_is_added_to_all_dissimilarities():
    place = np.r_[np.arange(40), 100 + np.arange(40)] / 16.0
    table = jnp.asarray(np.abs(place[:, None] - place), jnp.float32)
    near = kmedoids.fit(table, init=jnp.array([0, 79]))
    far = kmedoids.fit(table + 1e5, init=jnp.array([0, 79]))
    state = kmedoids.init(table, far.medoids)
    np.testing.assert_allclose(state.loss, near.loss, rtol=1e-3)


def test_the_place_of_a_sample_with_a_gap_is_not_known(x, start):
    new = x[:2].at[0, 0].set(jnp.nan)
    assert kmeans.predict(kmeans.fit(x, init=start), new)[0] == -1
    made = gmm.m_step(x, jax.nn.one_hot(jnp.asarray(TRUE), 4))
    assert gmm.predict(made, new)[0] == -1
    table = distances.euclidean(x, x)
    assert kmedoids.predict(kmedoids.fit(table, init=jnp.array([0, 1])), distances.euclidean(new, x))[0] == -1


def test_a_singular_covariance_of_codes_is_told(key):
    z = jax.random.normal(key, (50, 3))
    assert jnp.isfinite(anomaly.fit_latent(z).factor).all()
    for mix in jax.random.normal(jax.random.fold_in(key, 1), (5, 3)):
        dependent = z.at[:, 2].set(z[:, :2] @ mix[:2])
        assert jnp.isnan(jnp.diag(anomaly.fit_latent(dependent).factor)).all()
        assert jnp.isfinite(anomaly.fit_latent(dependent, regularization=0.01).factor).all()
