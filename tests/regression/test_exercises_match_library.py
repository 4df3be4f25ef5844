"""Each reference answer of unit 3 equals the library's function for the same mathematics."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.regression import bases, descent, ols, rates, runge
from mfml.risk import losses
from solutions import unit03


@pytest.fixture
def data(key):
    keys = jax.random.split(key, 3)
    return jax.random.normal(keys[0], (3,)), jax.random.normal(keys[1], (11, 3)), jax.random.normal(keys[2], (11,))


def test_design_matrix(key):
    x = jax.random.normal(key, (6,))
    for degree in (0, 4):
        np.testing.assert_allclose(unit03.design_matrix(x, degree), bases.monomial(x, degree=degree), rtol=1e-5)


def test_ols(data):
    _, x, y = data
    np.testing.assert_allclose(unit03.ols(x, y), ols.fit(x, y, fit_intercept=False).coef, atol=1e-5)


def test_gradient_and_step(data):
    weights, x, y = data
    gradient = descent.mse_gradient(weights, x, y)
    np.testing.assert_allclose(unit03.mse_gradient(weights, x, y), gradient, rtol=1e-5)
    state = descent.step(
        descent.init(weights), x, y, predict=descent.linear, loss=losses.squared_error, learning_rate=0.2
    )
    np.testing.assert_allclose(unit03.gd_step(weights, x, y, 0.2), state.params, rtol=1e-5)


def test_path(data):
    weights, x, y = data
    way = descent.path(
        x, y, init=weights, predict=descent.linear, loss=losses.squared_error, learning_rate=0.1, n_steps=9
    )
    np.testing.assert_allclose(unit03.gradient_descent(*data, 0.1, 9), way.params, atol=1e-5)


def test_largest_stable_step(data):
    np.testing.assert_allclose(unit03.largest_stable_step(data[1]), rates.largest_stable_step(data[1]), rtol=1e-5)


@pytest.mark.parametrize("degree", [0, 2, 3])
def test_bspline_basis(key, degree):
    knots = bases.clamped_knots(jnp.array([0.0, 0.3, 0.3, 0.8, 1.0]), degree=degree)
    x = jnp.concatenate([jax.random.uniform(key, (6,)), jnp.array([0.0, 0.3, 0.8, 1.0])])
    found = unit03.bspline_basis(x, knots, degree)
    np.testing.assert_allclose(found, bases.bspline(x, knots, degree=degree), atol=1e-6)


@pytest.mark.parametrize("nodes", [runge.equispaced_nodes(9), runge.chebyshev_nodes(9)])
def test_runge_error(nodes):
    grid = jnp.linspace(-1.0, 1.0, 101)
    expected = runge.interpolation_error(runge.runge_function, nodes, grid)
    np.testing.assert_allclose(unit03.runge_error(nodes, grid), expected, rtol=1e-4)
