import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import BarycentricInterpolator

from mfml.regression import runge

GRID = np.linspace(-1.0, 1.0, 101)


@pytest.mark.parametrize("n_nodes", [1, 2, 11])
def test_nodes(n_nodes):
    j = np.arange(n_nodes)[::-1]
    first = np.cos((2 * j + 1) * np.pi / (2 * n_nodes))
    second = np.cos(j * np.pi / max(n_nodes - 1, 1)) if n_nodes > 1 else [0.0]
    np.testing.assert_allclose(runge.chebyshev_nodes(n_nodes), first, atol=1e-6)
    np.testing.assert_allclose(runge.chebyshev_nodes(n_nodes, kind=2), second, atol=1e-6)
    np.testing.assert_allclose(runge.chebyshev_nodes(n_nodes, low=2.0, high=6.0), 4 + 2 * first, atol=1e-5)
    equispaced = runge.equispaced_nodes(n_nodes, low=2.0, high=6.0)
    np.testing.assert_allclose(equispaced, np.linspace(2, 6, n_nodes) if n_nodes > 1 else [4.0], rtol=1e-6)


@pytest.mark.parametrize("nodes", [runge.equispaced_nodes(11), runge.chebyshev_nodes(11)[::-1]])
def test_interpolation_equals_scipy(nodes):
    values = np.sin(3 * np.asarray(nodes, float))
    peer = BarycentricInterpolator(np.asarray(nodes, float), values)
    found = runge.interpolate(jnp.asarray(GRID, float), nodes, jnp.asarray(values, float))
    np.testing.assert_allclose(found, peer(GRID), atol=2e-5)


@pytest.mark.parametrize("n_nodes", [1, 2, 9, 60])
def test_values_at_nodes_are_exact(n_nodes):
    nodes = runge.equispaced_nodes(n_nodes)
    values = jnp.cos(7 * nodes)
    assert (jax.jit(runge.interpolate)(nodes, nodes, values) == values).all()


def test_gradients_are_right_also_at_nodes():
    nodes = runge.chebyshev_nodes(6)
    coefficients = jnp.array([1.0, -2.0, 0.5, 1.5, -1.0, 0.7])
    x = jnp.concatenate([nodes, jnp.array([-0.9, 0.05, 1.2])])

    def interpolant(x):
        return runge.interpolate(x[None], nodes, jnp.polyval(coefficients, nodes))[0]

    slope = jnp.polyval(jnp.polyder(coefficients), x)
    bend = jnp.polyval(jnp.polyder(coefficients, 2), x)
    np.testing.assert_allclose(jax.jit(jax.vmap(jax.grad(interpolant)))(x), slope, atol=1e-4)
    np.testing.assert_allclose(jax.jit(jax.vmap(jax.grad(jax.grad(interpolant))))(x), bend, rtol=1e-3, atol=2e-3)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-50, 50), min_size=4, max_size=4, unique=True), st.floats(-5, 5, width=32))
def test_cubics_are_reproduced_and_cardinal_functions_add_up_to_one(places, x):
    nodes = jnp.asarray(places, float) / 10
    row = runge.lagrange_basis(jnp.asarray([x], float), nodes)[0]
    size = float(jnp.abs(row).sum())
    np.testing.assert_allclose(row.sum(), 1, atol=1e-5 * size)
    cubic = np.poly1d([1.0, -2.0, 0.5, 3.0])
    np.testing.assert_allclose(row @ cubic(np.asarray(nodes)), cubic(x), atol=2e-3 * size)


def test_weights_equal_the_product_and_stay_in_range():
    nodes = np.array([0.0, 0.3, 1.0, 1.7])
    product = [1 / np.prod([a - b for b in nodes if b != a]) for a in nodes]
    found = runge.barycentric_weights(jnp.asarray(nodes, float))
    np.testing.assert_allclose(found, product / np.abs(product).max(), rtol=1e-5)
    many = runge.barycentric_weights(runge.chebyshev_nodes(200, low=0.0, high=1e-3))
    assert jnp.isfinite(many).all()
    np.testing.assert_allclose(jnp.abs(many).max(), 1)
    assert jnp.isnan(runge.barycentric_weights(jnp.array([0.0, 0.0, 1.0]))).any()


def test_equispaced_nodes_diverge_and_chebyshev_nodes_converge(x64):
    @jax.jit
    def error(nodes):
        return runge.interpolation_error(runge.runge_function, nodes, jnp.linspace(-1.0, 1.0, 801))

    equispaced = [error(runge.equispaced_nodes(n)) for n in (5, 11, 21, 31)]
    chebyshev = [error(runge.chebyshev_nodes(n)) for n in (5, 11, 21, 31)]
    assert (np.diff(equispaced) > 0).all()
    assert (np.diff(chebyshev) < 0).all()
    assert equispaced[-1] > 1000
    # the rate is that of the nearest poles, at i/5: (1 + sqrt(26)) / 5 a degree
    np.testing.assert_allclose(np.log(chebyshev[1] / chebyshev[3]) / 20, np.log((1 + np.sqrt(26)) / 5), rtol=0.03)


def test_single_precision_is_as_good_as_the_nodes_allow(x64):
    points = jnp.linspace(-1.0, 1.0, 333)
    for nodes in (runge.equispaced_nodes(31), runge.chebyshev_nodes(61)):
        nodes = nodes.astype(jnp.float32).astype(float)
        exact = runge.interpolate(points.astype(jnp.float32).astype(float), nodes, runge.runge_function(nodes))
        single = [a.astype(jnp.float32) for a in (points, nodes, runge.runge_function(nodes))]
        growth = runge.lebesgue_function(points, nodes)
        allowed = 20 * jnp.finfo(jnp.float32).eps * growth
        assert (jnp.abs(jax.jit(runge.interpolate)(*single) - exact) <= allowed).all()


def test_lebesgue_constants_are_those_of_theory(x64):
    fine, m = jnp.linspace(-1.0, 1.0, 2001), 20
    growth = jax.jit(runge.lebesgue_function)
    chebyshev = growth(fine, runge.chebyshev_nodes(m)).max()
    np.testing.assert_allclose(chebyshev, 2 / np.pi * (np.log(8 * m / np.pi) + np.euler_gamma), rtol=1e-3)
    equispaced = growth(fine, runge.equispaced_nodes(m)).max()
    np.testing.assert_allclose(equispaced, 2**m / (np.e * (m - 1) * np.log(m - 1)), rtol=0.4)
    assert (growth(runge.equispaced_nodes(m), runge.equispaced_nodes(m)) == 1).all()


def test_errors(unchecked):
    for nodes in (runge.equispaced_nodes, runge.chebyshev_nodes):
        with pytest.raises(ValueError, match="n_nodes must be positive; found 0"):
            nodes(0)
    with pytest.raises(ValueError, match="kind must be one of 1, 2; found 3"):
        runge.chebyshev_nodes(4, kind=3)
    with pytest.raises(ValueError, match="at least one node"):
        runge.barycentric_weights(jnp.ones(0))
    with pytest.raises(ValueError, match="nodes must have 1 axes"):
        runge.lagrange_basis(jnp.ones(2), jnp.ones((2, 2)))
    with pytest.raises(ValueError, match="nodes and values must have the same shape"):
        runge.interpolate(jnp.ones(2), jnp.arange(3.0), jnp.arange(4.0))
