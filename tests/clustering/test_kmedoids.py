"""k-medoids against brute force and its own laws."""

from itertools import combinations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.clustering import distances, kmedoids
from mfml.iteration import Status, explain


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


@pytest.mark.parametrize("solver", kmedoids.SOLVERS)
def test_loss_falls_to_where_no_change_helps(table, key, solver):
    found = kmedoids.fit(table, key=key, n_clusters=4, solver=solver)
    seen = np.asarray(found.history)[: int(found.n_iter) + 1]
    assert (np.diff(seen)[:-1] < 0).all() and seen[-1] == seen[-2] and found.converged
    assert np.isnan(found.history[found.n_iter + 1 :]).all()
    np.testing.assert_allclose(seen[-1], found.loss, rtol=1e-5)
    state = kmedoids.init(table, found.medoids)
    step = kmedoids.alternate(state, table) if solver == "alternate" else kmedoids.swap(state, table, jnp.arange(30))
    np.testing.assert_array_equal(step.medoids, found.medoids)
    np.testing.assert_array_equal(found.labels, kmedoids.predict(found, table))


def test_blocks_of_candidates_cover_all_samples(key, monkeypatch):
    x = jax.random.normal(key, (50, 2))
    table = distances.euclidean(x, x)
    monkeypatch.setattr(kmedoids, "BLOCK", 16)
    found = kmedoids.fit(table, key=key, n_clusters=3)
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


def test_new_samples_go_to_the_nearest_medoid(key):
    x = jnp.array([0.0, 1.0, 2.0, 7.0, 8.0, 9.0])
    found = kmedoids.fit(jnp.abs(x[:, None] - x), key=key, n_clusters=2)
    new = jnp.array([6.0, -3.0, 4.0])
    assert kmedoids.predict(found, jnp.abs(new[:, None] - x)).tolist() == [1, 0, 0]


def test_starts_from_given_medoids(table, key):
    found = kmedoids.fit(table, init=jnp.array([3, 11, 20]), solver="pam")
    np.testing.assert_allclose(found.history[0], loss_of(table, [3, 11, 20]), rtol=1e-5)
    again = kmedoids.fit(table, init=found.medoids)
    assert again.n_iter == 1 and again.converged
    np.testing.assert_array_equal(again.medoids, found.medoids)


def test_endings_are_told_apart(table):
    short = kmedoids.fit(table, init=jnp.array([0, 1, 2, 3]), max_iter=1)
    assert short.status == Status.MAX_ITER and short.n_iter == 1 and not short.converged
    broken = kmedoids.fit(table.at[2, 5].set(jnp.nan), init=jnp.array([2, 7]))
    assert broken.status == Status.NON_FINITE and "NaN or infinite after 0 steps" in explain(broken)


def test_as_many_clusters_as_samples(table, key):
    found = kmedoids.fit(table, key=key, n_clusters=30)
    np.testing.assert_array_equal(found.labels, np.arange(30))


@pytest.mark.usefixtures("unchecked")
def test_errors(table, key):
    with pytest.raises(ValueError, match="must be a square matrix"):
        kmedoids.fit(table[:3], key=key, n_clusters=2)
    with pytest.raises(ValueError, match="between 1 and 30; found 31"):
        kmedoids.fit(table, key=key, n_clusters=31)
    with pytest.raises(ValueError, match="solver must be one of 'pam', 'alternate'"):
        kmedoids.fit(table, key=key, n_clusters=2, solver="clara")
    with pytest.raises(ValueError, match="init must be one of 'k-medoids"):
        kmedoids.fit(table, key=key, n_clusters=2, init="random")
    with pytest.raises(ValueError, match="needs key and n_clusters"):
        kmedoids.fit(table, n_clusters=2)
    with pytest.raises(ValueError, match="init must have n_clusters = 3 medoids; found 2"):
        kmedoids.fit(table, n_clusters=3, init=jnp.array([1, 2]))
    model = kmedoids.fit(table, init=jnp.array([1, 2]))
    with pytest.raises(ValueError, match=r"dissimilarity must have 30 columns.* found shape \(30, 2\)"):
        kmedoids.predict(model, table[:, :2])


@pytest.mark.parametrize("solver", kmedoids.SOLVERS)
@pytest.mark.parametrize("spoiled", [np.nan, np.inf])
def test_what_is_not_finite_is_told(table, key, solver, spoiled):
    found = kmedoids.fit(table.at[3, 5].set(spoiled), key=key, n_clusters=3, solver=solver)
    assert found.status == Status.NON_FINITE and not found.converged
    assert np.isnan(found.loss)


def weighted_loss(table, medoids, weights):
    return float((weights * np.asarray(table)[list(medoids)].min(axis=0)).sum())


@pytest.mark.parametrize("k", [1, 2])
def test_weighted_pam_reaches_the_best_of_all_sets_of_medoids(table, key, k):
    weights = np.random.default_rng(0).uniform(0.0, 5.0, len(table)).astype(np.float32)
    found = min(
        (kmedoids.fit(table, weights=weights, key=one, n_clusters=k) for one in jax.random.split(key, 4)),
        key=lambda model: float(model.loss),
    )
    best = min(weighted_loss(table, chosen, weights) for chosen in combinations(range(len(table)), k))
    np.testing.assert_allclose(found.loss, best, rtol=1e-5)


@pytest.mark.parametrize("held", [1e6, np.nan, np.inf])
@pytest.mark.parametrize("solver", kmedoids.SOLVERS)
def test_a_sample_of_weight_zero_is_absent(table, key, solver, held):
    n = len(table)
    weights = jnp.linspace(1.0, 2.0, n).at[0].set(0.0)
    start = jnp.array([3, 11, 20])
    spoiled = table.at[0].set(held).at[:, 0].set(held)
    found = kmedoids.fit(spoiled, weights=weights, init=start, solver=solver)
    without = kmedoids.fit(table[1:, 1:], weights=weights[1:], init=start - 1, solver=solver)
    np.testing.assert_array_equal(found.medoids, without.medoids + 1)
    np.testing.assert_array_equal(found.labels[1:], without.labels)
    np.testing.assert_allclose(found.loss, without.loss, rtol=1e-6)
    assert found.status == without.status
    for one in jax.random.split(key, 20):
        assert 0 not in kmedoids.plus_plus(spoiled, key=one, n_clusters=3, weights=weights)


@pytest.mark.parametrize("solver", kmedoids.SOLVERS)
def test_a_sample_of_weight_two_is_two(table, solver):
    n = len(table)
    weights, start = jnp.linspace(1.0, 2.0, n), jnp.array([3, 11, 20])
    again = jnp.append(jnp.arange(n), n - 1)
    heavy = kmedoids.fit(table, weights=weights.at[-1].multiply(2), init=start, solver=solver)
    twice = kmedoids.fit(table[again][:, again], weights=weights[again], init=start, solver=solver)
    np.testing.assert_array_equal(heavy.medoids, twice.medoids)
    np.testing.assert_allclose(heavy.loss, twice.loss, rtol=1e-6)
    tiny = kmedoids.fit(table, weights=weights * 2.0**-80, init=start, solver=solver)
    plain = kmedoids.fit(table, weights=weights, init=start, solver=solver)
    np.testing.assert_array_equal(tiny.medoids, plain.medoids)
    np.testing.assert_allclose(tiny.loss * 2.0**80, plain.loss, rtol=1e-5)


def test_the_steps_take_weights(table):
    weights = np.random.default_rng(1).uniform(0.0, 3.0, len(table)).astype(np.float32)
    state = kmedoids.init(table, jnp.array([2, 9]), weights=weights)
    np.testing.assert_allclose(state.loss, weighted_loss(table, [2, 9], weights), rtol=1e-5)
    changes = kmedoids.swap_changes(state, table, weights=weights)
    np.testing.assert_allclose(
        changes[7], [weighted_loss(table, pair, weights) - state.loss for pair in ([7, 9], [2, 7])], atol=1e-2
    )
    swapped = kmedoids.swap(state, table, jnp.arange(len(table)), weights=weights)
    np.testing.assert_allclose(swapped.loss - state.loss, changes.min(), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(swapped.loss, weighted_loss(table, swapped.medoids.tolist(), weights), rtol=1e-5)
    assert kmedoids.alternate(state, table, weights=weights).loss <= state.loss


def test_a_far_sample_does_not_hide_the_center_of_its_cluster():
    x = jnp.array([0.0, 1.0, 2.0, 3.0, 4.0, 2.0**22])
    table = jnp.abs(x[:, None] - x)
    found = kmedoids.fit(table, init=jnp.array([0]), solver="alternate")
    assert found.medoids.tolist() in ([2], [3])


def test_bad_weights_are_named(table):
    with pytest.raises(ValueError, match="weights must not be negative"):
        kmedoids.fit(table, init=jnp.array([0]), weights=-jnp.ones(len(table)))
    with pytest.raises(ValueError, match="at most 2 medoids"):
        kmedoids.fit(table, init=jnp.array([0, 1, 2]), weights=jnp.zeros(len(table)).at[:2].set(1.0))
    with pytest.raises(ValueError, match=r"positive weight; found \[1\]"):
        kmedoids.fit(table, init=jnp.array([0, 1]), weights=jnp.ones(len(table)).at[1].set(0.0))


def test_labels_are_unknown_where_a_dissimilarity_is(table):
    found = kmedoids.fit(table.at[3, 5].set(np.nan).at[5, 3].set(np.nan), init=jnp.array([3, 9, 12]))
    assert found.medoids[0] == 3 and found.labels[5] == -1
