"""Exact distances: far groups, tiny and huge units, ties, non-finite data. The oracle is NumPy in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.clustering import distances as unit5
from mfml.clustering import gmm, kmeans, minibatch, scores, seeding
from mfml.decomposition import kernels
from mfml.iteration import Status
from mfml.numerics import distances, nearest
from mfml.representation import divergence, neighbors, nn_descent, quality, tsne

UNITS = [1e-18, 1e18]


def far_groups(d, n=300, seed=0):
    """Two clusters 100 apart with spread 1e-3."""
    rng = np.random.default_rng(seed)
    x = np.where(np.arange(n)[:, None] % 2, 100 / np.sqrt(d), 0) + 1e-3 * rng.normal(size=(n, d))
    return jnp.asarray(x, jnp.float32)


def table_of(x, y):
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    return np.sqrt(np.sum((x[:, None] - y) ** 2, axis=-1))


def clouds(key, d=20, n=200):
    return 3 * jax.random.normal(key, (5, d))[jnp.arange(n) % 5] + jax.random.normal(jax.random.fold_in(key, 1), (n, d))


@pytest.mark.parametrize("d", [2, 40])
def test_every_distance_is_exact_to_rounding_of_itself(d):
    x = far_groups(d)
    np.testing.assert_allclose(unit5.euclidean(x, x[:9]), table_of(x, x[:9]), rtol=1e-5)
    np.testing.assert_allclose(unit5.squared_euclidean(x, x[:9]), table_of(x, x[:9]) ** 2, rtol=1e-5)
    kernel = kernels.RBF(jnp.array(1e5))
    np.testing.assert_allclose(kernels.gram(kernel, x, x), np.exp(-1e5 * table_of(x, x) ** 2), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("d", [3, 20])
def test_neighbors_in_far_groups_are_the_nearest(d):
    x = far_groups(d)
    table = table_of(x, x)
    np.fill_diagonal(table, np.inf)
    for find in (neighbors.exact, lambda x, n_neighbors: nn_descent.init(x, key=jax.random.key(0), n_neighbors=7)):
        found = find(x, n_neighbors=7)
        np.testing.assert_allclose(found.distances, np.sort(table, axis=1)[:, :7], rtol=1e-5)
        picked = np.take_along_axis(table, np.asarray(found.indices), axis=1)
        np.testing.assert_allclose(picked, found.distances, rtol=1e-5)
    queries = x[:50] + 1e-3
    within = neighbors.search(x, queries, n_neighbors=7)
    np.testing.assert_allclose(within.distances, np.sort(table_of(queries, x), axis=1)[:, :7], rtol=1e-5)
    order = table.argsort(axis=1).argsort(axis=1) + 1
    chosen = jnp.asarray(np.random.default_rng(1).integers(0, 300, (300, 4)))
    chosen = jnp.where(chosen == jnp.arange(300)[:, None], (chosen + 1) % 300, chosen)
    needed = np.take_along_axis(order, np.asarray(chosen), axis=1)
    same = needed < 150  # the others lie at 100, where single precision has ties
    assert np.mean(quality.ranks(x, chosen)[same] == needed[same]) > 0.99


def test_a_map_of_far_groups_is_trustworthy(key):
    x = far_groups(20)
    found = tsne.fit(x, key=key, max_iter=300)
    assert quality.trustworthiness(x, found.embedding, n_neighbors=5) > 0.85


@pytest.mark.parametrize("d", [2, 20])
def test_clusters_within_far_groups_are_told_apart(d, key):
    rng = np.random.default_rng(0)
    centers = np.repeat([0.0, 100 / np.sqrt(d)], 2)[:, None] + 0.01 * rng.normal(size=(4, d))
    true = np.arange(240) % 4
    x = jnp.asarray(centers[true] + 2e-4 * rng.normal(size=(240, d)), jnp.float32)
    start = x[:4]
    np.testing.assert_array_equal(kmeans.assign(x, start), table_of(x, start).argmin(axis=1))
    first = kmeans.init(x, start)
    np.testing.assert_allclose(first.inertia, np.sum(table_of(x, start).min(axis=1) ** 2), rtol=1e-4)
    for model in (kmeans.fit(x, init=start), kmeans.fit(x, key=key, n_clusters=4, n_init=5)):
        assert scores.adjusted_rand(model.labels, jnp.asarray(true), n_clusters=4) == 1
        needed = sum(np.sum((np.float64(x)[true == j] - np.float64(x)[true == j].mean(axis=0)) ** 2) for j in range(4))
        np.testing.assert_allclose(model.inertia, needed, rtol=0.05)  # centering rounds to 3e-6 of a spread of 2e-4
        assert model.converged
    batched = minibatch.fit(x, key=key, init=start, batch_size=64)
    assert scores.adjusted_rand(batched.labels, jnp.asarray(true), n_clusters=4) == 1
    needed = table_of(x, x[:2]).min(axis=1) ** 2
    np.testing.assert_allclose(seeding.weights(x, x[:2]), needed / needed.sum(), rtol=1e-4)
    assert scores.silhouette(x, jnp.asarray(true), n_clusters=4) > 0.8


@pytest.mark.parametrize("unit", UNITS)
def test_a_change_of_unit_changes_distances_only(unit, key):
    x = clouds(key)
    scaled = x * unit
    # the factor is no power of two: each entry is rounded again
    np.testing.assert_allclose(unit5.euclidean(scaled, scaled[:9]) / unit, unit5.euclidean(x, x[:9]), rtol=1e-5)
    here, there = (neighbors.exact(data, n_neighbors=5) for data in (x, scaled))
    assert quality.recall(there.indices, here.indices) > 0.99
    np.testing.assert_allclose(there.distances / unit, here.distances, rtol=1e-5)
    np.testing.assert_allclose(neighbors.distances_to(scaled, scaled, here.indices) / unit, here.distances, rtol=1e-5)
    assert quality.recall(nn_descent.fit(scaled, key=key, n_neighbors=5).indices, here.indices) > 0.98
    assert jnp.mean(quality.ranks(scaled, here.indices) == jnp.arange(1, 6)) > 0.99
    kept = [quality.trustworthiness(data, x[:, :2]) for data in (x, scaled)]
    np.testing.assert_allclose(kept[1], kept[0], rtol=1e-3)
    p, q = (divergence.probabilities(data, perplexity=9.0) for data in (x, scaled))
    np.testing.assert_allclose(q, p, rtol=1e-3, atol=1e-7)
    np.testing.assert_allclose(seeding.weights(scaled, scaled[:2]), seeding.weights(x, x[:2]), rtol=1e-4)
    labels = jnp.arange(200) % 5
    found = [scores.silhouette(data, labels, n_clusters=5) for data in (x, scaled)]
    np.testing.assert_allclose(found[1], found[0], rtol=1e-4)


@pytest.mark.parametrize("unit", [1e-20, *UNITS, 1e20])
def test_a_change_of_unit_does_not_change_clusters(unit, key):
    x = clouds(key) / 100
    scaled = x * unit
    here, there = (kmeans.fit(data, init=data[:5], tol=0.0) for data in (x, scaled))
    np.testing.assert_array_equal(there.labels, here.labels)
    np.testing.assert_allclose(there.centroids / unit, here.centroids, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(kmeans.assign(scaled, scaled[:5]), kmeans.assign(x, x[:5]))
    first, second = kmeans.init(x, x[:5]), kmeans.init(scaled, scaled[:5])
    np.testing.assert_allclose(second.means / unit, first.means, rtol=1e-4, atol=1e-5)
    seeds = [seeding.plus_plus(data, key=key, n_clusters=5) for data in (x, scaled)]
    np.testing.assert_allclose(seeds[1] / unit, seeds[0], rtol=1e-5)
    small, large = (minibatch.fit(data, key=key, init=data[:5], batch_size=50) for data in (x, scaled))
    np.testing.assert_array_equal(small.labels, large.labels)
    if unit in UNITS:
        assert there.converged
        np.testing.assert_allclose(there.inertia / unit / unit, here.inertia, rtol=1e-4)
    if unit == 1e20:  # the inertia is beyond single precision
        assert not there.converged and there.status == Status.NON_FINITE


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e20])
@pytest.mark.parametrize("n_init", [1, 5])
def test_an_entry_out_of_range_ends_the_iteration(value, n_init, key):
    x = clouds(key, d=2, n=240).at[3, 1].set(value)  # the shape of the test above, whose programs are compiled
    found = kmeans.fit(x, key=key, n_clusters=4, n_init=n_init), gmm.fit(x, key=key, n_components=2)
    if not np.isfinite(value):
        assert not any(model.converged for model in found)
        assert found[0].status == Status.NON_FINITE and jnp.isnan(found[0].centroids).all()


def test_an_entry_that_is_not_known_spoils_its_own_distances_only(key):
    x = clouds(key, d=3).at[3, 1].set(jnp.nan)
    for table in (unit5.euclidean(x, x), unit5.squared_euclidean(x, x)):
        assert jnp.isnan(table[3]).all() and jnp.isnan(table[:, 3]).all()
        assert jnp.isfinite(jnp.delete(jnp.delete(table, 3, axis=0), 3, axis=1)).all()


def test_an_emptied_cluster_moves_within_a_far_group():
    x = far_groups(3, n=60)
    start = jnp.concatenate([x[:2], jnp.full((1, 3), 1e3)])
    assert kmeans.fit(x, init=start).counts.min() > 0


def test_an_unclear_choice_is_made_again_in_any_batch(key):
    """Parallel calls: one needs differences, the others do not."""
    ordinary, far = clouds(key, n=40), far_groups(20, n=40)
    for call in (lambda x: nearest.of_rows(x, x[:4])[:2], lambda x: neighbors.exact(x, n_neighbors=3)):
        together = jax.vmap(call)(jnp.stack([ordinary, far]))
        for i, x in enumerate((ordinary, far)):
            for a, b in zip(together, call(x), strict=True):
                np.testing.assert_allclose(a[i], b, rtol=1e-5)


@pytest.mark.parametrize("d", [2, 40])
def test_derivatives_are_those_of_the_differences(d, key):
    x, y = jax.random.normal(key, (2, 6, d)) + 1
    weights = jax.random.normal(key, (6, 6))

    def plain(x, y):
        return jnp.sum(weights * jnp.sum((x[:, None] - y) ** 2, axis=-1))

    found = jax.grad(lambda x, y: jnp.sum(weights * distances.squared(x, y)), argnums=(0, 1))(x, y)
    for a, b in zip(found, jax.grad(plain, argnums=(0, 1))(x, y), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)
    slope = jax.grad(lambda x: neighbors.exact(x, n_neighbors=2).distances.sum())(x)
    indices = neighbors.exact(x, n_neighbors=2).indices
    np.testing.assert_allclose(slope, jax.grad(lambda x: neighbors.distances_to(x, x, indices).sum())(x), rtol=1e-4)
    inertia = jax.grad(lambda c: kmeans.init(x, c).inertia)(x[:2] + 0.1)
    labels = kmeans.assign(x, x[:2] + 0.1)
    by_hand = jax.grad(lambda c: jnp.sum((x - c[labels]) ** 2))(x[:2] + 0.1)
    np.testing.assert_allclose(inertia, by_hand, rtol=1e-3, atol=1e-4)


def test_the_bound_of_a_product_holds(key):
    for d in (3, 50, 800):
        x = jax.random.normal(key, (100, d)) + 3
        product = distances.product(distances.raised(x)[:, :-1], distances.lifted(x).T) + distances.raised(x)[:, -1:]
        error = np.abs(product - table_of(x, x) ** 2)
        longest = float(jnp.max(distances.raised(x)[:, -1]))
        assert error.max() < 2 * distances.rounding(d, x.dtype) * longest
