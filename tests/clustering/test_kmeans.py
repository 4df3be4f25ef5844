"""k-means against brute force, scikit-learn and its own laws."""

from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.cluster import KMeans

from mfml.clustering import blocks, distances, kmeans, minibatch, seeding
from mfml.iteration import Status, explain


@pytest.fixture
def x(key):
    centers = 4 * jax.random.normal(key, (5, 3))
    return (centers[:, None] + jax.random.normal(jax.random.fold_in(key, 1), (5, 40, 3))).reshape(-1, 3)


def direct(x, centroids):
    return np.sum((np.asarray(x, np.float64)[:, None] - np.asarray(centroids, np.float64)) ** 2, axis=-1)


def test_a_distance_that_is_not_known_is_not_zero(x):
    assert jnp.isnan(distances.euclidean(x.at[0, 0].set(jnp.nan), x[1:3])[0]).all()


def test_distances_far_from_the_origin_keep_their_digits(x):
    shifted = x + 1000.0
    np.testing.assert_allclose(
        distances.squared_euclidean(shifted, shifted[:4]), direct(shifted, shifted[:4]), rtol=1e-4, atol=1e-3
    )
    assert distances.euclidean(x, x).min() >= 0
    slope = jax.grad(lambda y: distances.euclidean(y, y).sum())(jnp.zeros((2, 3)))
    np.testing.assert_array_equal(slope, 0)


def test_blocks_join_to_what_was_split(x):
    made = blocks.split(x, size=64)
    assert made.x.shape == (4, 3, 64) and made.valid.sum() == len(x)
    np.testing.assert_array_equal(blocks.join(made.x[:, 1], len(x)), x[:, 1])


def test_step_is_assignment_and_update(x):
    start = x[::40]
    labels = kmeans.assign(x, start)
    np.testing.assert_array_equal(labels, direct(x, start).argmin(axis=1))
    first = kmeans.init(x, start)
    np.testing.assert_allclose(first.inertia, direct(x, start).min(axis=1).sum(), rtol=1e-5)
    np.testing.assert_array_equal(first.counts, np.bincount(labels, minlength=5))
    made = kmeans.step(first, x)
    np.testing.assert_allclose(made.centroids, kmeans.update(x, labels, start), rtol=1e-5)
    np.testing.assert_allclose(made.inertia, direct(x, made.centroids).min(axis=1).sum(), rtol=1e-5)
    np.testing.assert_array_equal(made.counts, np.bincount(kmeans.assign(x, made.centroids), minlength=5))
    np.testing.assert_allclose(made.shift, np.sum((made.centroids - start) ** 2), rtol=1e-4)


def test_fit_from_given_centroids_equals_sklearn(x):
    start = x[:5]
    peer = KMeans(5, init=np.asarray(start), n_init=1, tol=0.0, algorithm="lloyd").fit(np.asarray(x))
    found = kmeans.fit(x, init=start, tol=0.0)
    order = np.lexsort(peer.cluster_centers_.T[::-1])
    np.testing.assert_allclose(found.centroids, peer.cluster_centers_[order], rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(order[found.labels], peer.labels_)
    np.testing.assert_allclose(found.inertia, peer.inertia_, rtol=1e-5)
    assert found.converged
    np.testing.assert_array_equal(found.counts, np.bincount(found.labels))


def test_best_of_many_starts_finds_the_global_minimum(key):
    x = jnp.concatenate([jax.random.normal(key, (4, 1)), 3 + jax.random.normal(jax.random.fold_in(key, 1), (4, 1))])
    every = [np.array(labels) for labels in product(range(2), repeat=8) if 0 < sum(labels) < 8]
    spread = [sum(((x[one == j] - x[one == j].mean()) ** 2).sum() for j in (0, 1)) for one in every[:127]]
    np.testing.assert_allclose(kmeans.fit(x, key=key, n_clusters=2, n_init=8).inertia, min(spread), rtol=1e-4)


def test_inertia_never_rises_and_restarts_do_not_harm(x, key):
    one = kmeans.fit(x, key=key, n_clusters=7, init="random", tol=0.0)
    assert one.history.shape == (301,)
    seen = np.asarray(one.history)[: int(one.n_iter) + 1]
    assert (np.diff(seen) <= 1e-5 * seen[0]).all()
    assert np.isnan(one.history[one.n_iter + 1 :]).all()
    np.testing.assert_allclose(seen[-1], one.inertia, rtol=1e-5)
    many = kmeans.fit(x, key=key, n_clusters=7, n_init=6, init="random", tol=0.0)
    each = [
        kmeans.fit(x, init=seeding.choose(x, key=k, n_clusters=7, init="random"), tol=0.0).inertia
        for k in jax.random.split(key, 6)
    ]
    np.testing.assert_allclose(many.inertia, min(each), rtol=1e-5)


def test_an_emptied_cluster_is_moved(x):
    start = jnp.concatenate([x[:4], jnp.full((1, 3), 1e3)])
    model = kmeans.fit(x, init=start)
    assert model.counts.min() > 0
    assert model.converged
    peer = KMeans(5, init=np.asarray(start), n_init=1).fit(np.asarray(x))
    np.testing.assert_allclose(model.inertia, peer.inertia_, rtol=0.2)


def test_clusters_are_moved_in_some_of_the_starts(x, key):
    """Parallel starts: an empty cluster in one of them does not change the others."""
    starts = jnp.stack([x[:5], x[:5].at[4].set(1e3), x[:5].at[2:].set(-1e3)])
    together = jax.vmap(lambda start: kmeans.fit(x, init=start))(starts)
    for i, start in enumerate(starts):
        alone = kmeans.fit(x, init=start)
        np.testing.assert_allclose(together.centroids[i], alone.centroids, rtol=1e-4, atol=1e-4)
        assert together.n_iter[i] == alone.n_iter
        assert alone.counts.min() > 0 and alone.converged


def test_endings_are_told_apart(x, key):
    short = kmeans.fit(x, init=x[:5], max_iter=1, tol=0.0)
    assert short.status == Status.MAX_ITER and not short.converged and short.n_iter == 1
    assert explain(short).startswith("ran out of steps: 1 were not enough")
    broken = kmeans.fit(x.at[3, 1].set(jnp.nan), key=key, n_clusters=3)
    assert broken.status == Status.NON_FINITE and not broken.converged
    assert "NaN or infinite after 0 steps" in explain(broken)
    assert explain(kmeans.fit(x, key=key, n_clusters=3)).startswith("converged after")
    broken = minibatch.fit(x.at[3, 1].set(jnp.nan), key=key, n_clusters=3)
    assert broken.status == Status.NON_FINITE


def test_fewer_distinct_samples_than_clusters():
    x = jnp.repeat(jnp.array([[0.0, 1.0], [5.0, 1.0]]), 4, axis=0)
    model = kmeans.fit(x, key=jax.random.key(0), n_clusters=3, max_iter=20)
    assert model.inertia == 0
    assert sorted(model.counts.tolist()) == [0, 4, 4]
    assert model.n_iter < 20 and model.converged


def test_clusters_are_ordered_whatever_the_start(x, key):
    models = [kmeans.fit(x, key=k, n_clusters=5, n_init=8) for k in jax.random.split(key, 2)]
    np.testing.assert_allclose(models[0].centroids, models[1].centroids, atol=0.05)
    assert (np.diff(models[0].centroids[:, 0]) >= 0).all()
    np.testing.assert_array_equal(kmeans.predict(models[0], x), models[0].labels)
    np.testing.assert_allclose(
        kmeans.transform(models[0], x), np.sqrt(direct(x, models[0].centroids)), rtol=1e-3, atol=1e-3
    )


def test_a_constant_shift_moves_only_the_centroids(x):
    here, there = (kmeans.fit(x + shift, init=x[:5] + shift, tol=0.0) for shift in (0.0, 512.0))
    np.testing.assert_array_equal(here.labels, there.labels)
    np.testing.assert_allclose(here.centroids + 512.0, there.centroids, rtol=1e-5)


@pytest.mark.parametrize("k", [1, 200])
def test_one_cluster_and_one_per_sample(x, key, k):
    model = kmeans.fit(x, key=key, n_clusters=k, max_iter=5)
    expected = 0.0 if k == 200 else ((x - x.mean(axis=0)) ** 2).sum()
    np.testing.assert_allclose(model.inertia, expected, rtol=1e-5, atol=1e-3)


def test_seeding_draws_with_the_stated_probability(key):
    x = jnp.array([[0.0], [1.0], [3.0]])
    keys = jax.random.split(key, 3000)
    chosen = jax.vmap(lambda k: seeding.plus_plus(x, key=k, n_clusters=2, n_trials=1))(keys)[..., 0]
    from_zero = chosen[chosen[:, 0] == 0, 1]
    assert (from_zero != 0).all(), "a sample on a centroid is not drawn"
    np.testing.assert_allclose(np.mean(from_zero == 3), 0.9, atol=0.04)
    np.testing.assert_allclose(seeding.weights(x, x[:1]), [0, 0.1, 0.9], atol=1e-6)
    np.testing.assert_allclose(seeding.weights(x[:1].repeat(4, 0), x[:1]), 0.25)


def test_mini_batches_come_close(x, key):
    full = kmeans.fit(x, key=key, n_clusters=5, n_init=5)
    batched = minibatch.fit(x, key=key, n_clusters=5, batch_size=50, n_steps=80)
    assert full.inertia <= batched.inertia < 1.1 * full.inertia
    assert batched.history.shape == (81,) and batched.n_iter == 80
    np.testing.assert_allclose(batched.history[-1], batched.inertia / 200, rtol=1e-5)
    assert batched.status == Status.FINISHED and not batched.converged


def test_mini_batches_go_on_from_given_centroids(x, key):
    full = kmeans.fit(x, key=key, n_clusters=5, n_init=5)
    batched = minibatch.fit(x, key=key, init=full.centroids, batch_size=50, n_steps=200)
    np.testing.assert_allclose(batched.inertia, full.inertia, rtol=0.02)
    np.testing.assert_allclose(batched.history[0], full.inertia / 200, rtol=0.5)  # of the first batch


def test_mini_batch_keeps_running_means(x):
    state = minibatch.init(x[:1])
    for batch in (x[:30], x[30:70], x[70:]):
        state = minibatch.step(state, batch)
    np.testing.assert_allclose(state.centroids[0], x.mean(axis=0), rtol=1e-4, atol=1e-5)
    assert state.counts.tolist() == [200]


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, key: kmeans.fit(x, key=key, n_clusters=201), "n_clusters must be between 1 and 200; found 201"),
        (lambda x, key: kmeans.fit(x[0], key=key, n_clusters=1), "x must have 2 axes"),
        (lambda x, key: kmeans.fit(x[:0], key=key, n_clusters=1), "must have samples"),
        (lambda x, key: kmeans.fit(x, key=key, n_clusters=2, n_init=0), "n_init must be positive"),
        (lambda x, key: kmeans.fit(x, key=key, n_clusters=2, max_iter=0), "max_iter must be positive"),
        (lambda x, key: kmeans.fit(x, key=key, n_clusters=2, init="pca"), "init must be one of 'k-means"),
        (lambda x, key: kmeans.fit(x, init=x[:2, :2]), r"x and init must have the same length .* init \(2, 2\)"),
        (lambda x, key: kmeans.fit(x, init=x[:2], n_clusters=3), r"n_clusters = 3 rows; found shape \(2, 3\)"),
        (lambda x, key: kmeans.fit(x, init=x[:2], n_init=4), "n_init must be 1"),
        (lambda x, key: kmeans.fit(x, n_clusters=2), "needs key and n_clusters"),
        (lambda x, key: kmeans.fit(x, key=key), "needs key and n_clusters"),
        (lambda x, key: minibatch.fit(x, key=key), "needs key and n_clusters"),
        (lambda x, key: minibatch.fit(x, key=key, n_clusters=2, n_steps=0), "n_steps must be positive"),
        (lambda x, key: minibatch.fit(x, key=key, init=x[:2, :2]), "x and init must have the same length"),
        (lambda x, key: minibatch.fit(x, key=key, n_clusters=2, batch_size=0), "batch_size must be positive"),
        (lambda x, key: blocks.split(x, size=0), "size must be positive"),
    ],
)
def test_errors(x, key, call, message):
    with pytest.raises(ValueError, match=message):
        call(x, key)
