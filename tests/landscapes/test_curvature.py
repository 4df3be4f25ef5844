import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.flatten_util import ravel_pytree

from mfml.landscapes import curvature, surfaces


def network(params, x):
    hidden = jnp.tanh(x @ params["in"] + params["bias"])
    return hidden @ params["out"]


def mse(prediction, y):
    return jnp.mean((prediction - y) ** 2)


def risk(params, x, y):
    return mse(network(params, x), y)


@pytest.fixture
def task(key):
    keys = jax.random.split(key, 5)
    params = {
        "in": jax.random.normal(keys[0], (3, 4)),
        "bias": jax.random.normal(keys[1], (4,)),
        "out": jax.random.normal(keys[2], (4,)),
    }
    return params, jax.random.normal(keys[3], (7, 3)), jax.random.normal(keys[4], (7,))


def test_hessian_equals_finite_differences_of_the_gradient(task, x64):
    params, x, y = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), task)
    flat, rebuild = ravel_pytree(params)
    gradient = jax.jit(lambda theta: ravel_pytree(jax.grad(risk)(rebuild(theta), x, y))[0])
    h = 1e-5
    columns = [(gradient(flat + h * e) - gradient(flat - h * e)) / (2 * h) for e in jnp.eye(len(flat))]
    found = curvature.hessian(risk, params, data=(x, y))
    np.testing.assert_allclose(found, jnp.stack(columns), atol=1e-7)
    np.testing.assert_allclose(found, found.T, atol=1e-12)


def test_hvp_is_the_hessian_times_the_vector(task):
    params, x, y = task
    vector = jax.tree.map(lambda leaf: jnp.sin(leaf + 1), params)
    dense = curvature.hessian(risk, params, data=(x, y))
    found = curvature.hvp(risk, params, vector, data=(x, y))
    assert jax.tree.structure(found) == jax.tree.structure(params)
    np.testing.assert_allclose(ravel_pytree(found)[0], dense @ ravel_pytree(vector)[0], atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(-2, 2, width=32), min_size=6, max_size=6))
def test_hvp_is_symmetric(numbers):
    point, u, v = jnp.array(numbers, jnp.float32).reshape(3, 2)
    left = u @ curvature.hvp(surfaces.himmelblau, point, v)
    right = v @ curvature.hvp(surfaces.himmelblau, point, u)
    np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-3)


def test_gauss_newton_equals_the_product_of_its_factors(task):
    params, x, y = task
    flat, rebuild = ravel_pytree(params)
    jacobian = jax.jacobian(lambda theta: network(rebuild(theta), x))(flat)
    found = curvature.gauss_newton(network, mse, params, x, y)
    np.testing.assert_allclose(found, 2 / len(y) * jacobian.T @ jacobian, atol=1e-4)
    assert np.linalg.eigvalsh(found).min() > -1e-4


def test_gauss_newton_is_the_hessian_of_a_perfect_fit_and_not_of_another(task):
    params, x, y = task
    fitted = network(params, x)
    for target, same in ((fitted, True), (y, False)):
        dense = curvature.hessian(risk, params, data=(x, target))
        gap = jnp.abs(curvature.gauss_newton(network, mse, params, x, target) - dense).max()
        assert (gap < 1e-4) == same


def test_gauss_newton_of_cross_entropy_is_positive_where_the_hessian_is_not(task):
    params, x, _ = task
    labels = jnp.array([0, 1, 2, 3, 0, 1, 2])

    def logits(params, x):
        return 3 * jnp.tanh(x @ params["in"] + params["bias"]) * params["out"]

    def loss(z, labels):
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), labels[:, None], axis=1))

    matrix = curvature.gauss_newton(logits, loss, params, x, labels)
    dense = curvature.hessian(lambda p: loss(logits(p, x), labels), params)
    assert np.linalg.eigvalsh(matrix).min() > -1e-4 > -1e-2 > np.linalg.eigvalsh(dense).min()


@pytest.mark.parametrize(
    ("eigenvalues", "kind", "index", "n_flat"),
    [
        ((1.0, 2.0, 3.0), "minimum", 0, 0),
        ((-1.0, -2.0, -3.0), "maximum", 3, 0),
        ((-1.0, -2.0, 3.0), "saddle", 2, 0),
        ((-1.0, 0.0, 3.0), "saddle", 1, 1),
        ((0.0, 2.0, 3.0), "degenerate", 0, 1),
        ((0.0, -2.0, -2.0), "degenerate", 2, 1),
        ((0.0, 0.0, 0.0), "degenerate", 0, 3),
        ((1e-20, 2e-20, 1e-20), "minimum", 0, 0),
        ((1e20, -1e20, 1e20), "saddle", 1, 0),
        ((1.0, 1e-9, 1.0), "degenerate", 0, 1),
    ],
)
def test_classify(key, eigenvalues, kind, index, n_flat):
    point = curvature.classify(jnp.diag(jnp.array(eigenvalues)))
    assert curvature.KINDS[point.kind] == kind
    assert (point.morse_index, point.n_flat) == (index, n_flat)
    np.testing.assert_allclose(point.eigenvalues, np.sort(np.float32(eigenvalues)), rtol=1e-5, atol=1e-30)


def test_classify_does_not_see_a_rotation_and_obeys_the_tolerance(key):
    rotation = jnp.linalg.qr(jax.random.normal(key, (3, 3)))[0]
    matrix = (rotation * jnp.array([-0.1, 1.0, 0.0])) @ rotation.T
    assert curvature.classify(matrix).kind == curvature.SADDLE
    assert curvature.classify(matrix, tol=0.2).kind == curvature.DEGENERATE
    assert curvature.classify(jnp.array([[2.0]])).kind == curvature.MINIMUM


@pytest.mark.parametrize("bad", [jnp.nan, jnp.inf, -jnp.inf])
def test_classify_does_not_decide_on_what_is_not_finite(bad):
    point = curvature.classify(jnp.array([[2.0, 0.0], [0.0, bad]]))
    assert (curvature.KINDS[point.kind], int(point.morse_index), int(point.n_flat)) == ("undefined", 0, 0)


def test_wrong_arguments(unchecked):
    with pytest.raises(ValueError, match="shapes of the parameters"):
        curvature.hvp(surfaces.beale, jnp.ones(2), jnp.ones(3))
    with pytest.raises(ValueError, match="same length"):
        curvature.gauss_newton(network, mse, {"in": jnp.ones((3, 1))}, jnp.ones((4, 3)), jnp.ones(5))
    with pytest.raises(ValueError, match="square"):
        curvature.classify(jnp.ones((2, 3)))
    with pytest.raises(ValueError, match="empty"):
        curvature.classify(jnp.ones((0, 0)))
    with pytest.raises(ValueError, match="tol must not be negative"):
        curvature.classify(jnp.eye(2), tol=-1.0)
