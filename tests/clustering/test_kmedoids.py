"""k-medoids against brute force and its own laws."""

from itertools import combinations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.clustering import distances, kmedoids


@pytest.fixture
def table(key):
    x = jax.random.normal(key, (30, 2)) + 4 * jnp.repeat(jnp.eye(2).repeat(3, 0)[:3], 10, axis=0)
    return distances.euclidean(x, x) * (1 - jnp.eye(30))


def loss_of(table, medoids):
    return np.asarray(table)[list(medoids)].min(axis=0).sum()


def test_swap_changes_equal_their_definition(table):
    state = kmedoids.init(table, jnp.array([3, 11, 19, 20]))
    found = kmedoids.swap_changes(state, table)
    for candidate in range(0, 30, 3):
        for place in range(4):
            swapped = [3, 11, 19, 20]
            swapped[place] = candidate
            expected = loss_of(table, swapped) - state.loss
            np.testing.assert_allclose(found[candidate, place], expected, atol=1e-4)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_pam_reaches_the_best_of_all_sets_of_medoids(table, key, k):
    best = min(loss_of(table, chosen) for chosen in combinations(range(30), k))
    runs = jax.vmap(lambda one: kmedoids.fit(table, key=one, n_clusters=k))(jax.random.split(key, 4))
    np.testing.assert_allclose(runs.loss.min(), best, rtol=1e-5)
    assert runs.converged.all()
    for loss, medoids in zip(runs.loss, runs.medoids, strict=True):
        np.testing.assert_allclose(loss, loss_of(table, medoids), rtol=1e-5)
        assert sorted(medoids.tolist()) == medoids.tolist()


@pytest.mark.parametrize("method", kmedoids.METHODS)
def test_loss_falls_to_where_no_change_helps(table, key, method):
    found = kmedoids.fit(table, key=key, n_clusters=4, solver=method)
    seen = np.asarray(found.history)[: int(found.n_iter) + 1]
    assert (np.diff(seen) < 0).all() and found.converged
    np.testing.assert_allclose(seen[-1], found.loss, rtol=1e-5)
    state = kmedoids.init(table, found.medoids)
    step = kmedoids.alternate(state, table) if method == "alternate" else kmedoids.swap(state, table, jnp.arange(30))
    np.testing.assert_array_equal(step.medoids, found.medoids)
    np.testing.assert_array_equal(found.labels, kmedoids.predict(table[:, found.medoids]))


def test_blocks_of_candidates_cover_all_samples(key, monkeypatch):
    x = jax.random.normal(key, (50, 2))
    table = distances.euclidean(x, x)
    monkeypatch.setattr(kmedoids, "BLOCK", 16)
    found = kmedoids.fit.__wrapped__(table, key=key, n_clusters=3)
    change = kmedoids.swap_changes(kmedoids.init(table, found.medoids), table)
    assert change.min() > -1e-3


def test_an_outlier_pulls_no_medoid(key):
    x = jnp.array([0.0, 1.0, 2.0, 3.0, 1e4])
    assert kmedoids.fit(jnp.abs(x[:, None] - x), key=key, n_clusters=1).medoids.tolist() == [2]


def test_equal_samples_still_get_different_medoids(key):
    found = kmedoids.fit(jnp.zeros((5, 5)), key=key, n_clusters=3)
    assert len(set(found.medoids.tolist())) == 3
    assert set(found.labels.tolist()) == {0, 1, 2}
    assert found.loss == 0 and found.converged


def test_as_many_clusters_as_samples(table, key):
    found = kmedoids.fit(table, key=key, n_clusters=30)
    np.testing.assert_array_equal(found.labels, np.arange(30))


@pytest.mark.usefixtures("unchecked")
def test_errors(table, key):
    with pytest.raises(ValueError, match="must be a square matrix"):
        kmedoids.fit(table[:3], key=key, n_clusters=2)
    with pytest.raises(ValueError, match="between 1 and 30; found 31"):
        kmedoids.fit(table, key=key, n_clusters=31)
    with pytest.raises(ValueError, match="method must be one of 'pam', 'alternate'"):
        kmedoids.fit(table, key=key, n_clusters=2, solver="clara")
