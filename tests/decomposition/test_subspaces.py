import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from mfml.decomposition import signs, subspaces

BASES = (subspaces.column_space, subspaces.row_space, subspaces.null_space, subspaces.left_null_space)


def of_rank(key, m, n, rank):
    of_left, of_right = jax.random.split(key)
    return jax.random.normal(of_left, (m, rank)) @ jax.random.normal(of_right, (rank, n))


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_rank_and_bases_are_those_of_numpy_and_scipy(key, rank):
    a = of_rank(key, 5, 3, rank)
    assert int(subspaces.numerical_rank(a)) == rank == np.linalg.matrix_rank(a)
    for ours, theirs in (
        (subspaces.column_space(a), scipy.linalg.orth(a)),
        (subspaces.row_space(a), scipy.linalg.orth(a.T)),
        (subspaces.null_space(a), scipy.linalg.null_space(a)),
        (subspaces.left_null_space(a), scipy.linalg.null_space(a.T)),
    ):
        # The same subspace has the same projector; the columns of zeros add nothing.
        np.testing.assert_allclose(ours @ ours.T, theirs @ theirs.T, atol=1e-5)
        used = theirs.shape[1]
        np.testing.assert_allclose(ours[:, :used].T @ ours[:, :used], np.eye(used), atol=1e-5)
        np.testing.assert_array_equal(ours[:, used:], 0)


def test_static_rank_gives_the_basis_without_padding(key):
    a = of_rank(key, 5, 3, 2)
    shapes = [(5, 2), (3, 2), (3, 1), (5, 3)]
    for basis, shape in zip(BASES, shapes, strict=True):
        exact, padded = basis(a, rank=2), basis(a)
        assert exact.shape == shape
        np.testing.assert_array_equal(exact, padded[:, : shape[1]])


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=12, max_size=12))
def test_fundamental_theorem_of_linear_algebra(entries):
    """Row space and null space fill R^n at right angles; column and left null space fill R^m."""
    a = jnp.array(entries, float).reshape(4, 3)
    column, row, null, left = (basis(a) for basis in BASES)
    np.testing.assert_allclose(row @ row.T + null @ null.T, np.eye(3), atol=1e-5)
    np.testing.assert_allclose(column @ column.T + left @ left.T, np.eye(4), atol=1e-5)
    np.testing.assert_allclose(a @ null, 0, atol=1e-4)
    np.testing.assert_allclose(a.T @ left, 0, atol=1e-4)


def test_rank_of_zeros_scaled_and_nearly_dependent_matrices():
    assert int(subspaces.numerical_rank(jnp.zeros((2, 3)))) == 0
    assert int(subspaces.numerical_rank(jnp.eye(3).at[0, 1].set(jnp.nan))) == -1
    assert subspaces.identifiability(jnp.zeros((2, 3))).identifiable.tolist() == [False] * 3
    assert int(subspaces.numerical_rank(jnp.eye(3) * 1e-30)) == 3
    nearly = jnp.array([[1.0, 1.0], [1.0, 1.0 + 1e-4]])
    assert int(subspaces.numerical_rank(nearly)) == 2
    assert int(subspaces.numerical_rank(nearly, rtol=1e-3)) == 1


def test_float64_sees_what_float32_cannot(x64):
    nearly = np.array([[1.0, 1.0], [1.0, 1.0 + 1e-9]])
    assert int(subspaces.numerical_rank(jnp.asarray(nearly))) == 2
    assert int(subspaces.numerical_rank(jnp.asarray(nearly, jnp.float32))) == 1


def test_identifiability_of_a_sum():
    """Two parameters that enter as a sum only are not identifiable; a third on its own is."""
    a = jnp.array([[1.0, 1.0, 0.0], [2.0, 2.0, 1.0], [3.0, 3.0, -1.0]])
    found = subspaces.identifiability(a)
    assert (int(found.rank), int(found.nullity)) == (2, 1)
    assert found.identifiable.tolist() == [False, False, True]
    np.testing.assert_allclose(found.freedom, [0.5**0.5, 0.5**0.5, 0], atol=1e-5)


def test_a_parameter_that_no_data_point_sees_has_freedom_one():
    found = subspaces.identifiability(jnp.array([[1.0, 0.0], [2.0, 0.0]]))
    assert found.identifiable.tolist() == [True, False]
    np.testing.assert_allclose(found.freedom, [0, 1], atol=1e-6)


def test_signs_make_the_largest_entry_positive():
    rows = jnp.array([[0.1, -3.0], [2.0, -1.0], [0.0, 0.0], [-5.0, 5.0]])
    assert signs.of_rows(rows).tolist() == [-1, 1, 1, -1]


def test_signs_ignore_rounding_in_a_tie():
    half = jnp.float32(0.5**0.5)
    for nudge in (-1e-6, 0.0, 1e-6):
        assert signs.of_rows(jnp.array([[half + nudge, -half]])).tolist() == [1]


def test_sign_of_a_vector_and_its_negative_are_opposite(key):
    rows = jax.random.normal(key, (20, 3))
    np.testing.assert_array_equal(signs.of_rows(-rows), -signs.of_rows(rows))


@pytest.mark.parametrize("function", [*BASES, subspaces.numerical_rank, subspaces.identifiability])
@pytest.mark.parametrize("bad", [jnp.zeros(3), jnp.zeros((0, 3)), jnp.zeros((3, 0))])
def test_wrong_shapes_are_named(unchecked, function, bad):
    with pytest.raises(ValueError, match="a must"):
        function(bad)


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("rank", [-1, 3])
def test_impossible_rank_is_named(basis, rank):
    with pytest.raises(ValueError, match=f"rank must be between 0 and 2; found {rank}"):
        basis(jnp.ones((2, 5)), rank=rank)


def test_signs_reject_what_has_no_rows(unchecked):
    with pytest.raises(ValueError, match="2 axes"):
        signs.of_rows(jnp.zeros(3))
    with pytest.raises(ValueError, match="entries"):
        signs.of_rows(jnp.zeros((3, 0)))


@pytest.mark.parametrize("factor", [1e-9, 1e9])
def test_identifiability_does_not_depend_on_units(factor):
    a = jnp.array([[1.0, 1.0, 0.0, 0.0], [2.0, 2.0, 1.0, 0.0], [3.0, 3.0, -1.0, 0.0]])
    for column in range(4):
        found, expected = subspaces.identifiability(a.at[:, column].multiply(factor)), subspaces.identifiability(a)
        assert int(found.rank) == int(expected.rank) == 2
        assert found.identifiable.tolist() == expected.identifiable.tolist() == [False, False, True, False]
        np.testing.assert_allclose(found.freedom, expected.freedom, atol=1e-5)
