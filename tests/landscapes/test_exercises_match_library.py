"""Each reference answer of unit 6 equals the library's function for the same mathematics."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from exercises import given
from mfml.decomposition import conditioning
from mfml.landscapes import curvature, optimizers, surfaces, trajectories
from solutions import unit06


@pytest.fixture
def symmetric(key):
    a = jax.random.normal(key, (4, 4))
    return a + a.T


def test_quadratic(key, symmetric):
    point, slope = jax.random.normal(key, (2, 4))
    expected = jax.grad(surfaces.quadratic)(point, symmetric, slope=-slope)
    np.testing.assert_allclose(unit06.quadratic_gradient(point, symmetric, slope), expected, rtol=1e-4, atol=1e-5)
    lopsided = jnp.triu(symmetric)
    dense = curvature.hessian(lambda x: surfaces.quadratic(x, lopsided), point)
    np.testing.assert_allclose(unit06.quadratic_hessian(lopsided), dense, rtol=1e-5)


@pytest.mark.parametrize("function", [given.banana, given.mountain])
def test_hessian_vector_product(key, function):
    point, vector = jax.random.normal(key, (2, 3))
    expected = curvature.hvp(function, point, vector)
    np.testing.assert_allclose(unit06.hessian_vector_product(function, point, vector), expected, rtol=1e-5)


def test_condition_number(symmetric):
    np.testing.assert_allclose(unit06.condition_number(symmetric), conditioning.condition_number(symmetric), rtol=1e-5)


def test_momentum_step(key):
    point, velocity, gradient = jax.random.normal(key, (3, 4))
    updates, state = optimizers.momentum(0.2, 0.7).update(gradient, optimizers.Trace(velocity))
    found = unit06.momentum_step(point, velocity, gradient, 0.2, 0.7)
    np.testing.assert_allclose(found[0], point + updates, rtol=1e-5)
    np.testing.assert_allclose(found[1], state.velocity, rtol=1e-5)


@pytest.mark.parametrize("step", [1, 7])
def test_adam_step(key, step):
    point, mean, gradient, square = jax.random.normal(key, (4, 5))
    optimizer = optimizers.adam(0.1, 0.8, 0.95, eps=1e-3)
    updates, state = optimizer.update(gradient, optimizers.Moments(jnp.array(step - 1), mean, square**2))
    found = unit06.adam_step(point, mean, square**2, gradient, step, 0.1, 0.8, 0.95, 1e-3)
    for a, b in zip(found, (point + updates, state.mean, state.squares), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4)


@pytest.mark.parametrize("diagonal", [(1, 2, 3), (1, 0, -1), (-1, -2, -3), (0, 1, 2), (0, -1, -2), (0, 0, 0)])
def test_classify(key, diagonal):
    rotation = jnp.linalg.qr(jax.random.normal(key, (3, 3)))[0]
    matrix = (rotation * jnp.array(diagonal, float)) @ rotation.T
    assert unit06.classify(matrix, 1e-3) == curvature.classify(matrix, tol=1e-3).kind


def test_gd_trajectory(key):
    start = jax.random.normal(key, (3,))
    way = trajectories.run(given.banana, start, optimizer=optimizers.gradient_descent(0.01), n_steps=8)
    np.testing.assert_allclose(unit06.gd_trajectory(given.banana, start, 0.01, 8), way.params, rtol=1e-4)
