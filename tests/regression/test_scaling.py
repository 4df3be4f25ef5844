import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mfml.numerics import sums
from mfml.regression import scaling

ENTRIES = arrays(np.float32, (5, 2), elements=st.floats(-1e4, 1e4, width=32))
PARAMETERS = arrays(np.float32, 3, elements=st.floats(-10, 10, width=32))


@settings(max_examples=30, deadline=None)
@given(x=ENTRIES, theta=PARAMETERS)
def test_original_undoes_design(x, theta):
    scaled = scaling.design(jnp.asarray(x))
    coef, intercept = scaling.original(jnp.asarray(theta), scaled)
    in_double = x.astype(float) @ np.asarray(coef, float) + float(intercept)
    size = 1 + np.abs(x).max() * np.abs(coef).max() + np.abs(theta).max()
    np.testing.assert_allclose(scaled.matrix @ theta, in_double, atol=1e-5 * size)


@settings(max_examples=30, deadline=None)
@given(x=ENTRIES)
def test_columns_have_mean_zero_and_mean_square_one_or_are_constant(x):
    scaled = scaling.design(jnp.asarray(x))
    assert (scaled.scale > 0).all()
    assert (scaled.matrix[:, 0] == 1).all()
    square = jnp.mean(scaled.matrix[:, 1:] ** 2, axis=0)
    np.testing.assert_allclose(square[square > 0], 1, rtol=1e-4)


def test_constant_columns_are_zero_and_all_gradients_finite():
    """Also where the mean of equal numbers is not that number in floating point, as with 0.1."""
    constants = jnp.array([0.1, 1 / 3, 7.7, 1e6 / 3, 0.0])
    x = jnp.concatenate([jnp.tile(constants, (13, 1)), jnp.arange(13.0)[:, None] ** 2], axis=1)
    scaled = scaling.design(x)
    assert (scaled.matrix[:, 1:6] == 0).all()
    assert (scaled.scale[:5] == 1).all()
    np.testing.assert_array_equal(scaled.shift[:5], constants)
    slope = jax.grad(lambda x: sum(jnp.sum(part) for part in scaling.design(x)))(x)
    assert jnp.isfinite(slope).all()


def test_without_intercept_nothing_is_shifted():
    scaled = scaling.design(jnp.array([[3.0], [4.0]]), fit_intercept=False)
    assert scaled.shift.tolist() == [0.0]
    assert scaled.matrix.shape == (2, 1)
    coef, intercept = scaling.original(jnp.array([1.0]), scaled, fit_intercept=False)
    np.testing.assert_allclose(coef, 1 / np.sqrt(12.5), rtol=1e-6)
    assert intercept == 0


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_tiny_and_huge_columns_stay_in_range(size):
    scaled = scaling.design(size * jnp.array([[1.0], [2.0], [4.0]]))
    np.testing.assert_allclose(jnp.mean(scaled.matrix[:, 1] ** 2), 1, rtol=1e-5)


@pytest.mark.parametrize("n", [1, sums.BLOCK - 1, sums.BLOCK, 2 * sums.BLOCK + 5])
@pytest.mark.parametrize("weigh", [False, True])
def test_gram_matrix_in_blocks_is_that_of_the_whole(n, weigh):
    rng = np.random.default_rng(n)
    a, w = rng.normal(size=(n, 3)), rng.uniform(size=n) if weigh else np.ones(n)
    found = scaling.gram(jnp.array(a, jnp.float32), weights=jnp.array(w, jnp.float32) if weigh else None)
    np.testing.assert_allclose(found, (a.T * w) @ a, rtol=1e-5, atol=1e-5 * n)


def test_errors(unchecked):
    with pytest.raises(ValueError, match="x must have 2 axes"):
        scaling.design(jnp.ones(3))
    with pytest.raises(ValueError, match="at least one sample and one feature; found shape"):
        scaling.design(jnp.ones((3, 0)))


def test_a_row_of_weight_zero_is_absent_from_the_products():
    a = jnp.array([[1.0, 2.0], [jnp.nan, jnp.inf]])
    np.testing.assert_allclose(scaling.gram(a, weights=jnp.array([2.0, 0.0])), [[2, 4], [4, 8]])
