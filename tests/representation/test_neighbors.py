import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from mfml.representation import neighbors, nn_descent, quality


@pytest.fixture
def cloud(key):
    """Overlapping groups, far from the origin."""
    a, b, c = jax.random.split(key, 3)
    return 50 + jax.random.normal(a, (5, 6))[jax.random.randint(b, (400,), 0, 5)] + jax.random.normal(c, (400, 6))


@pytest.mark.parametrize("k", [1, 12])
def test_exact_neighbors_are_those_of_brute_force(cloud, k):
    table = np.linalg.norm(np.asarray(cloud)[:, None] - np.asarray(cloud), axis=-1)
    np.fill_diagonal(table, np.inf)
    found = neighbors.exact(cloud, n_neighbors=k)
    np.testing.assert_allclose(found.distances, np.sort(table, axis=1)[:, :k], rtol=1e-5)
    np.testing.assert_allclose(np.take_along_axis(table, np.asarray(found.indices), axis=1), found.distances, rtol=1e-5)


def test_search_agrees_with_scikit_learn(cloud):
    queries = cloud[:300] + 0.1
    found = neighbors.search(cloud, queries, n_neighbors=7)
    distances, indices = NearestNeighbors(n_neighbors=7).fit(cloud).kneighbors(queries)
    np.testing.assert_allclose(found.distances, distances, rtol=1e-5)
    assert np.mean(indices == found.indices) > 0.999


@pytest.mark.parametrize("bad", [jnp.nan, jnp.inf])
@pytest.mark.parametrize("d", [2, 12])
def test_a_sample_that_is_not_finite_is_no_neighbor(key, d, bad):
    x = jax.random.normal(key, (200, d)).at[100:].add(100.0)
    alone, found = (neighbors.exact(part, n_neighbors=9) for part in (x, jnp.append(x, jnp.full((1, d), bad), axis=0)))
    np.testing.assert_array_equal(found.indices[:200], alone.indices)
    assert not jnp.isfinite(found.distances[200]).any()


def test_copies_are_neighbors_at_distance_zero_and_not_oneself():
    x = jnp.array([[1.0, 2.0], [1.0, 2.0], [5.0, 5.0], [5.0, 5.0]])
    found = neighbors.exact(x, n_neighbors=1)
    assert found.indices[:, 0].tolist() == [1, 0, 3, 2]
    assert found.distances.tolist() == [[0.0]] * 4


def test_a_distance_that_is_not_known_is_not_zero(cloud):
    unknown = cloud.at[0, 1].set(jnp.nan)
    distances = neighbors.distances_to(unknown, cloud[1:2], jnp.array([[0, 1]]))[0]
    assert jnp.isnan(distances[0])
    assert distances[1] == 0


@pytest.mark.parametrize("entries", [[0.0, -0.0], [3e38, -1.0], [-3e-38, 1.5e-38], [0.75, 0.1]])
def test_unit_scale_keeps_the_digits(entries):
    x = np.array([entries], np.float32)
    found = np.asarray(neighbors.at_unit_scale(jnp.asarray(x)))
    assert np.array_equal(np.frexp(found)[0], np.frexp(x)[0])
    assert np.abs(found).max() in (0, np.clip(np.abs(found).max(), 0.5, 4))


def test_all_others_can_be_asked_for(cloud):
    found = neighbors.exact(cloud[:9], n_neighbors=8)
    assert all(sorted([i, *row]) == list(range(9)) for i, row in enumerate(found.indices.tolist()))


@pytest.mark.parametrize("m", [40, 371, 1024])
def test_the_smallest_of_a_long_row(key, m):
    values = jax.random.normal(key, (3, m)).at[0, :7].set(-9.0)
    found = np.take_along_axis(np.asarray(values), np.asarray(neighbors.smallest(values, 7)), axis=1)
    np.testing.assert_array_equal(found, np.sort(values, axis=1)[:, :7])


def test_a_matrix_of_one_sample_has_no_neighbors(unchecked):
    with pytest.raises(ValueError, match="n_neighbors must be between 1 and 0"):
        neighbors.exact(jnp.ones((1, 2)), n_neighbors=1)
    with pytest.raises(ValueError, match="x must have 2 axes"):
        neighbors.exact(jnp.ones(3), n_neighbors=1)
    with pytest.raises(ValueError, match=r"along axis 1 of x, axis 1 of queries; found x \(3, 2\), queries \(3, 4\)"):
        neighbors.search(jnp.ones((3, 2)), jnp.ones((3, 4)), n_neighbors=1)
    with pytest.raises(ValueError, match="k must be between 1 and 3"):
        neighbors.smallest(jnp.ones((2, 3)), 4)


@pytest.fixture(scope="module")
def large():
    a, b, c = jax.random.split(jax.random.key(3), 3)
    return 2 * jax.random.normal(a, (30, 10))[jax.random.randint(b, (3001,), 0, 30)] + jax.random.normal(c, (3001, 10))


def test_descent_finds_nearly_all(large, key):
    needed = neighbors.exact(large, n_neighbors=10)
    start = nn_descent.init(large, key=key, n_neighbors=10, n_trees=4)
    found = nn_descent.fit(large, key=key, n_neighbors=10, n_trees=4)
    assert found.converged
    assert quality.recall(found.indices, needed.indices) > 0.95
    assert quality.recall(found.indices, needed.indices) > quality.recall(start.indices, needed.indices)
    again = nn_descent.fit(large, key=key, n_neighbors=10, n_trees=4)
    np.testing.assert_array_equal(found.indices, again.indices)


def test_what_descent_returns_is_sound(large, key):
    found = nn_descent.fit(large, key=key, n_neighbors=10, n_trees=4)
    indices, distances = np.asarray(found.indices), np.asarray(found.distances)
    assert (indices != np.arange(len(large))[:, None]).all()
    assert all(len(set(row)) == 10 for row in indices.tolist())
    assert (np.diff(distances, axis=1) >= 0).all()
    true = np.linalg.norm(np.asarray(large)[:, None] - np.asarray(large)[indices], axis=-1)
    np.testing.assert_allclose(distances, true, rtol=1e-4)


def test_leaves_hold_each_sample_once(large, key):
    leaf = nn_descent.leaves(large, key=key, n_levels=4)
    assert leaf.shape == (16, 188)
    held = np.sort(np.asarray(leaf).reshape(-1))
    np.testing.assert_array_equal(held[: len(large)], np.arange(len(large)))
    assert (held[len(large) :] == len(large)).all()
    assert (np.asarray(leaf < len(large)).sum(axis=1) > 170).all(), "empty places are spread over the leaves"


def test_few_samples_are_compared_with_all(cloud, key):
    found = nn_descent.fit(cloud[:100], key=key, n_neighbors=5)
    np.testing.assert_array_equal(found.indices, neighbors.exact(cloud[:100], n_neighbors=5).indices)


def test_descent_refuses_what_makes_no_sense(unchecked, key):
    with pytest.raises(ValueError, match="n_trees must be positive"):
        nn_descent.init(jnp.ones((4, 2)), key=key, n_neighbors=1, n_trees=0)
    with pytest.raises(ValueError, match="max_iter must be positive"):
        nn_descent.fit(jnp.ones((4, 2)), key=key, n_neighbors=1, max_iter=0)
    with pytest.raises(ValueError, match="8 leaves need as many samples; found 4"):
        nn_descent.leaves(jnp.ones((4, 2)), key=key, n_levels=3)
    with pytest.raises(ValueError, match="n_levels must not be negative"):
        nn_descent.leaves(jnp.ones((4, 2)), key=key, n_levels=-1)
