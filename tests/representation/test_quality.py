import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from mfml.representation import quality


@pytest.fixture
def spaces(key):
    x = jax.random.normal(key, (80, 5))
    return x, x[:, :2] + 0.3 * jax.random.normal(jax.random.fold_in(key, 1), (80, 2))


@pytest.mark.parametrize("k", [1, 5, 20])
def test_trustworthiness_is_that_of_scikit_learn(spaces, k):
    x, y = spaces
    np.testing.assert_allclose(
        quality.trustworthiness(x, y, n_neighbors=k), trustworthiness(x, y, n_neighbors=k), rtol=1e-5
    )
    np.testing.assert_allclose(quality.continuity(x, y, n_neighbors=k), trustworthiness(y, x, n_neighbors=k), rtol=1e-5)


def test_ranks_count_from_one_and_ties_go_to_the_lower_index(spaces):
    x, _ = spaces
    table = np.linalg.norm(np.asarray(x)[:, None] - np.asarray(x), axis=-1)
    np.fill_diagonal(table, np.inf)
    needed = np.argsort(np.argsort(table, axis=1), axis=1) + 1
    indices = (np.arange(80)[:, None] + np.arange(1, 80)) % 80
    np.testing.assert_array_equal(quality.ranks(x, jnp.asarray(indices)), np.take_along_axis(needed, indices, axis=1))
    corners = jnp.array([[0.0], [1.0], [-1.0], [2.0]])
    assert quality.ranks(corners, jnp.array([[1, 2], [0, 3], [0, 1], [1, 0]])).tolist() == [
        [1, 2],
        [1, 2],
        [1, 2],
        [1, 2],
    ]


def test_a_copy_keeps_all_and_a_shuffle_next_to_nothing(spaces, key):
    x, _ = spaces
    shuffled = jax.random.permutation(key, x)
    for measure in (quality.trustworthiness, quality.continuity, quality.neighbor_recall):
        assert float(measure(x, 3 * x - 1, n_neighbors=6)) == 1
    assert abs(float(quality.trustworthiness(x, shuffled, n_neighbors=6)) - 0.5) < 0.1
    assert float(quality.neighbor_recall(x, shuffled, n_neighbors=6)) < 0.2


def test_recall_counts_in_any_order():
    found, needed = jnp.array([[1, 2, 3], [4, 5, 6]]), jnp.array([[3, 1, 2], [4, 0, 9]])
    assert abs(float(quality.recall(found, needed)) - 4 / 6) < 1e-6


def test_compactness_and_separation(key):
    labels = jnp.arange(30) % 3
    z = jnp.array([[0.0, 0.0], [10.0, 0.0], [0.0, 6.0]])[labels] + jax.random.normal(key, (30, 2))
    means = np.stack([np.asarray(z)[labels == c].mean(axis=0) for c in range(3)])
    needed = np.mean(np.linalg.norm(np.asarray(z) - means[labels], axis=1))
    np.testing.assert_allclose(quality.compactness(z, labels, n_classes=3), needed, rtol=1e-5)
    apart = min(np.linalg.norm(means[a] - means[b]) for a, b in ((0, 1), (0, 2), (1, 2)))
    np.testing.assert_allclose(quality.separation(z, labels, n_classes=4), apart, rtol=1e-5)
    assert np.isnan(quality.separation(z, jnp.zeros(30, int), n_classes=2))


def test_a_walk_is_straight_for_a_linear_decoder_and_rough_for_a_jump():
    matrix = jnp.array([[1.0, 2.0, 0.0], [0.0, 1.0, 3.0]])
    start, end = jnp.array([0.0, 1.0]), jnp.array([2.0, -1.0])
    straight = quality.interpolation(lambda z: z @ matrix, start, end, n_steps=10)
    np.testing.assert_allclose(straight, [1, 1], rtol=1e-5)
    jump = quality.interpolation(lambda z: (z[:, :1] > 1.01) * jnp.ones((1, 4)), start, end, n_steps=10)
    np.testing.assert_allclose(jump, [1, 10], rtol=1e-5)
    half = quality.interpolation(
        lambda t: jnp.concatenate([jnp.cos(t), jnp.sin(t)], 1), jnp.zeros(1), jnp.array([np.pi])
    )
    np.testing.assert_allclose(half, [np.pi / 2, 1], rtol=1e-2)


def test_what_does_not_fit_is_refused(unchecked):
    x = jnp.ones((6, 2))
    for call, message in (
        (lambda: quality.trustworthiness(x, x, n_neighbors=3), "less than half of 6 samples"),
        (lambda: quality.neighbor_recall(x, x[:4], n_neighbors=1), "same length"),
        (lambda: quality.ranks(x, jnp.zeros(6, int)), "indices must have 2 axes"),
        (lambda: quality.recall(jnp.zeros((2, 2), int), jnp.zeros((2, 3), int)), "same shape"),
        (lambda: quality.compactness(x, jnp.zeros(5, int), n_classes=2), "same length"),
        (lambda: quality.separation(x, jnp.zeros(6, int), n_classes=0), "n_classes must be positive"),
        (lambda: quality.interpolation(lambda z: z, x[0], x, n_steps=2), "same shape"),
        (lambda: quality.interpolation(lambda z: z, x[0], x[0], n_steps=0), "n_steps must be positive"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
