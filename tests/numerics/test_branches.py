"""What is careful is taken where it is needed, and derivatives know nothing of what was not taken."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.decomposition import pca
from mfml.generalization import ridge
from mfml.numerics import branches


def method(x, *, careful):
    """The root has an infinite derivative at 0."""
    return (x if careful else jnp.sqrt(x)), x <= 0


def test_care_is_taken_where_it_is_needed():
    run = partial(branches.quick_or_careful, method)
    for evaluate in (run, jax.jit(run)):
        assert evaluate(jnp.array(4.0)) == 2.0
        assert evaluate(jnp.array(-4.0)) == -4.0
    np.testing.assert_allclose(jax.vmap(run)(jnp.array([4.0, -4.0])), [2.0, -4.0])


def test_derivatives_pass_through_what_is_taken():
    slope = jax.grad(partial(branches.quick_or_careful, method))
    for evaluate in (slope, jax.jit(slope)):
        assert evaluate(jnp.array(4.0)) == 0.25
        assert evaluate(jnp.array(0.0)) == 1.0
    np.testing.assert_allclose(jax.vmap(slope)(jnp.array([4.0, 0.0])), [0.25, 1.0])


def test_what_is_careful_is_not_traced_where_it_is_not_needed():
    def only_quick(x, *, careful):
        assert not careful
        return x, jnp.array(False)

    assert branches.quick_or_careful(only_quick, jnp.array(1.0)) == 1.0


@pytest.mark.parametrize("size", [1e-20, 1e-15, 1e-12, 1.0, 1e18])
def test_gradients_of_pca_in_any_unit(size):
    x = jax.random.normal(jax.random.key(0), (100, 3)) * jnp.array([3.0, 2.0, 1.0])

    def ratio(x):
        return pca.fit(x, n_components=1, solver="covariance").variance_ratio[0]

    exact = jax.grad(lambda x: pca.fit(x, n_components=1, solver="svd").variance_ratio[0])(x)
    slope = jax.grad(ratio)
    for found in (slope(x * size), jax.jit(slope)(x * size), jax.vmap(slope)((x * size)[None])[0]):
        np.testing.assert_allclose(found * size, exact, rtol=2e-3, atol=2e-6)


def test_gradients_of_ridge_where_products_lose_their_digits():
    x = jax.random.normal(jax.random.key(1), (20, 2))
    x = x.at[:, 1].set(x[:, 0] + 1e-4 * x[:, 1])
    y = x[:, 0] + 0.1 * jnp.arange(20.0)
    slope = jax.grad(lambda y: ridge.fit(x, y, alpha=1e-6).coef.sum())
    inverse = np.linalg.inv(np.cov(np.asarray(x, float).T, ddof=0) * 20 + 1e-6 * np.eye(2))
    expected = (np.asarray(x, float) - np.mean(x, axis=0, dtype=float)) @ inverse.sum(axis=0)
    for found in (slope(y), jax.jit(slope)(y), jax.vmap(slope)(y[None])[0]):
        np.testing.assert_allclose(found, expected, rtol=1e-2, atol=1e-3 * np.abs(expected).max())
