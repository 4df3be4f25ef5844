import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.decomposition import projection, subspaces

SHAPES = [(5, 3), (3, 5), (4, 4)]


def system(key, m, n):
    of_a, of_y = jax.random.split(key)
    return jax.random.normal(of_a, (m, n)), jax.random.normal(of_y, (m,))


def dependent(key):
    """Three columns, of which the third is the sum of the others."""
    a, y = system(key, 6, 2)
    return jnp.column_stack([a, a.sum(axis=1)]), y


@pytest.mark.parametrize("shape", SHAPES)
def test_pseudo_inverse_is_that_of_numpy_and_obeys_penrose(key, shape):
    a, _ = system(key, *shape)
    inverse = projection.pseudo_inverse(a)
    np.testing.assert_allclose(inverse, np.linalg.pinv(a), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(a @ inverse @ a, a, atol=1e-4)
    np.testing.assert_allclose(inverse @ a @ inverse, inverse, rtol=1e-4, atol=1e-4)
    for product in (a @ inverse, inverse @ a):
        np.testing.assert_allclose(product, product.T, atol=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_least_squares_is_that_of_numpy(key, shape):
    a, y = system(key, *shape)
    ours = projection.least_squares(a, y)
    weights, _, rank, _ = np.linalg.lstsq(a, y)
    np.testing.assert_allclose(ours.weights, weights, atol=1e-4)
    np.testing.assert_allclose(ours.fitted, a @ weights, atol=1e-4)
    np.testing.assert_allclose(projection.minimum_norm(a, y), weights, atol=1e-4)
    assert int(ours.rank) == rank


def test_least_squares_with_dependent_columns(key):
    a, y = dependent(key)
    ours = projection.least_squares(a, y)
    np.testing.assert_allclose(ours.weights, np.linalg.lstsq(np.asarray(a), np.asarray(y), rcond=1e-5)[0], atol=1e-5)
    assert int(ours.rank) == 2
    # The shortest solution has no part in the null space, here along (1, 1, -1).
    np.testing.assert_allclose(ours.weights @ jnp.array([1.0, 1.0, -1.0]), 0, atol=1e-5)


def test_projector_equals_the_textbook_formula(key):
    a, y = system(key, 5, 2)
    expected = a @ np.linalg.inv(a.T @ a) @ a.T
    np.testing.assert_allclose(projection.projector(a), expected, atol=1e-5)
    np.testing.assert_allclose(projection.project(a, y), expected @ y, atol=1e-5)


@pytest.mark.parametrize("make", [lambda key: system(key, 6, 3), dependent])
def test_projection_laws(key, make):
    a, y = make(key)
    p = projection.projector(a)
    np.testing.assert_allclose(p @ p, p, atol=1e-5)
    np.testing.assert_allclose(p, p.T, atol=1e-6)
    np.testing.assert_allclose(jnp.trace(p), subspaces.numerical_rank(a), atol=1e-5)
    fit = projection.least_squares(a, y)
    np.testing.assert_allclose(a.T @ fit.residual, 0, atol=1e-5)
    np.testing.assert_allclose(fit.fitted, projection.project(a, y), atol=1e-5)
    # Pythagoras: the projection and the residual are at right angles.
    np.testing.assert_allclose(fit.fitted @ fit.fitted + fit.residual @ fit.residual, y @ y, rtol=1e-5)


def test_no_other_weights_fit_better(key):
    a, y = system(key, 6, 3)
    best = projection.least_squares(a, y)
    others = best.weights + 0.1 * jax.random.normal(key, (50, 3))
    assert (((others @ a.T - y) ** 2).sum(axis=1) > best.residual @ best.residual).all()


def test_minimum_norm_of_some_columns(key):
    a, y = jax.random.normal(key, (3, 6)), jnp.arange(3.0)
    used = jnp.array([1.0, 0.0, 1.0, 1.0, 0.0, 1.0])
    expected = np.zeros(6)
    expected[used == 1] = np.linalg.pinv(np.asarray(a)[:, used == 1]) @ np.asarray(y)
    np.testing.assert_allclose(projection.minimum_norm(a * used, y), expected, atol=1e-5)


def test_minimum_norm_is_the_shortest_of_all_solutions(key):
    a, y = system(key, 2, 4)
    shortest = projection.minimum_norm(a, y)
    np.testing.assert_allclose(a @ shortest, y, atol=1e-5)
    np.testing.assert_allclose(shortest, a.T @ np.linalg.solve(a @ a.T, y), atol=1e-5)
    others = shortest + jax.random.normal(key, (50, 2)) @ subspaces.null_space(a, rank=2).T
    np.testing.assert_allclose(others @ a.T, jnp.broadcast_to(y, (50, 2)), atol=1e-4)
    assert (jnp.linalg.norm(others, axis=1) > jnp.linalg.norm(shortest)).all()


@pytest.mark.parametrize(
    ("a", "y", "expected"),
    [
        ([[2.0, 0.0], [0.0, 3.0]], [1.0, 1.0], (True, True, 0)),
        ([[1.0, 1.0], [2.0, 2.0]], [1.0, 2.0], (True, False, 1)),
        ([[1.0, 1.0], [2.0, 2.0]], [1.0, 3.0], (False, False, 1)),
        ([[1.0, 1.0]], [5.0], (True, False, 1)),
        ([[1.0], [1.0]], [1.0, 2.0], (False, False, 0)),
        ([[0.0, 0.0]], [0.0], (True, False, 2)),
    ],
)
def test_solvability_agrees_with_the_ranks(a, y, expected):
    a, y = jnp.array(a), jnp.array(y)
    found = projection.solvability(a, y)
    assert (bool(found.solvable), bool(found.unique), int(found.freedom)) == expected
    # Rouche and Capelli: solvable if and only if appending y does not raise the rank.
    augmented = np.linalg.matrix_rank(np.column_stack([a, y]))
    assert bool(found.solvable) == (augmented == np.linalg.matrix_rank(a))


def test_distance_to_the_column_space():
    found = projection.solvability(jnp.array([[1.0], [0.0]]), jnp.array([7.0, 3.0]))
    np.testing.assert_allclose(found.distance, 3.0, rtol=1e-6)


def test_pseudo_inverse_of_zeros_and_of_one_entry():
    np.testing.assert_array_equal(projection.pseudo_inverse(jnp.zeros((2, 3))), np.zeros((3, 2)))
    np.testing.assert_allclose(projection.pseudo_inverse(jnp.array([[4.0]])), [[0.25]])


def test_gradient_of_the_fit_is_the_projector(key):
    a, y = system(key, 4, 2)
    jacobian = jax.jacobian(lambda y: projection.least_squares(a, y).fitted)(y)
    np.testing.assert_allclose(jacobian, projection.projector(a), atol=1e-5)


def test_double_precision_in_and_out(x64, key):
    a, y = system(key, 5, 2)
    fit = projection.least_squares(a, y)
    assert fit.weights.dtype == jnp.float64
    np.testing.assert_allclose(fit.weights, np.linalg.lstsq(a, y)[0], rtol=1e-12)


@pytest.mark.parametrize(
    "function", [projection.project, projection.least_squares, projection.minimum_norm, projection.solvability]
)
def test_lengths_must_agree(unchecked, function):
    with pytest.raises(ValueError, match=r"a and y must have the same length; found a \(3, 2\), y \(2,\)"):
        function(jnp.ones((3, 2)), jnp.ones(2))
    with pytest.raises(ValueError, match="y must have 1 axes"):
        function(jnp.ones((3, 2)), jnp.ones((3, 1)))


@pytest.mark.parametrize("function", [projection.projector, projection.pseudo_inverse])
def test_empty_matrices_are_named(function):
    with pytest.raises(ValueError, match="a must not be empty"):
        function(jnp.ones((0, 2)))


UNITS = np.array([1e12, 1e-9, 1.0, 1.0])


@pytest.mark.parametrize("extra", ["zero", "equal", "equal and tiny", "two groups"])
def test_dependent_columns_do_no_harm_beside_columns_in_other_units(key, extra):
    a, y = (np.asarray(part, float) for part in system(key, 40, 4))
    beside = {
        "zero": [0 * y],
        "equal": [a[:, 0] * UNITS[0]],
        "equal and tiny": [a[:, 1] * UNITS[1]],
        "two groups": [a[:, 0] * UNITS[0], a[:, 1] * UNITS[1], a[:, 2] * 1e3],
    }[extra]
    best = np.linalg.lstsq(a, y)[0]
    expected = np.append(best / UNITS, [0.0] * len(beside))
    shares = {"zero": [], "equal": [(0, 4, 1)], "equal and tiny": [(1, 4, 1)]}
    for one, other, factor in shares.get(extra, [(0, 4, 1), (1, 5, 1), (2, 6, 1e3)]):
        expected[one], expected[other] = expected[one] / (1 + factor**2) * np.array([1, factor])
    found = projection.least_squares(jnp.asarray(np.column_stack([a * UNITS, *beside]), jnp.float32), jnp.asarray(y))
    assert int(found.rank) == 4
    np.testing.assert_allclose(found.weights, expected, rtol=2e-3)
    np.testing.assert_allclose(found.residual, y - a @ best, atol=1e-4)
    within = projection.solvability(
        jnp.asarray(np.column_stack([a * UNITS, *beside]), jnp.float32), jnp.asarray(a[:, 3])
    )
    assert within.solvable and not within.unique and int(within.freedom) == len(beside)


def test_the_shortest_solution_of_more_columns_than_rows_in_several_units(key):
    a = np.asarray(jax.random.normal(key, (6, 4)), float)
    twice = jnp.asarray(np.column_stack([a * UNITS, a * UNITS]), jnp.float32)
    weights = projection.minimum_norm(twice, jnp.asarray(a @ [1.0, 2.0, 3.0, 4.0], jnp.float32))
    np.testing.assert_allclose(weights * np.tile(UNITS, 2), np.tile([0.5, 1.0, 1.5, 2.0], 2), rtol=1e-3)


def test_shortest_among_dependent_columns_in_moderate_units(key):
    """Against double precision: the norm is that of the weights as they are."""
    a, y = (np.asarray(part, float) for part in system(key, 30, 3))
    a = np.column_stack([a * [1e5, 1.0, 1e-3], a[:, 0] + a[:, 1], 3 * a[:, 2]])
    found = projection.least_squares(jnp.asarray(a, jnp.float32), jnp.asarray(y, jnp.float32))
    assert int(found.rank) == 3
    np.testing.assert_allclose(found.weights, np.linalg.pinv(a, rcond=1e-13) @ y, rtol=2e-3)


def test_a_batch_gives_what_each_matrix_gives(key):
    a, y = system(key, 6, 4)
    kept = jnp.array([[1.0, 1, 1, 1], [1, 0, 1, 1], [0, 0, 1, 0]])
    units = jnp.asarray(UNITS, jnp.float32)
    found = jax.vmap(lambda one: projection.minimum_norm(a * units * one, y))(kept)
    each = [projection.minimum_norm(a * units * one, y) for one in kept]
    np.testing.assert_allclose(found * units, jnp.stack(each) * units, rtol=1e-4, atol=1e-5)
