import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize

from mfml.decomposition import conditioning
from mfml.landscapes import curvature, surfaces

PLANAR = {name: getattr(surfaces, name) for name in surfaces.MINIMA}


@pytest.mark.parametrize("name", surfaces.MINIMA)
def test_documented_minima_are_minima_of_value_zero(name, x64):
    surface = PLANAR[name]
    for minimum in surfaces.MINIMA[name]:
        point = jnp.array(minimum)
        assert abs(surface(point)) < 1e-20
        np.testing.assert_allclose(jax.grad(surface)(point), 0.0, atol=1e-10)
        assert curvature.classify(curvature.hessian(surface, point)).kind == curvature.MINIMUM


@pytest.mark.parametrize("name", surfaces.MINIMA)
def test_a_search_from_many_starts_finds_no_other_global_minimum(name, x64, key):
    """Oracle: scipy's BFGS. Whatever ends near the value 0 ends in a documented minimum, and each is found."""
    surface = jax.jit(jax.value_and_grad(PLANAR[name]))
    known, found = np.array(surfaces.MINIMA[name]), set()
    for start in np.asarray(jax.random.uniform(key, (40, 2), minval=-4.0, maxval=4.0)):
        end = optimize.minimize(lambda p: tuple(map(np.asarray, surface(p))), start, jac=True, options={"gtol": 1e-9})
        if end.fun < 1e-12:
            gaps = np.linalg.norm(known - end.x, axis=1)
            assert gaps.min() < 1e-4
            found.add(int(gaps.argmin()))
        assert end.fun > -1e-12
    assert found == set(range(len(known)))


def test_rosenbrock_is_scipys_in_any_dimension_and_has_the_condition_number_it_says(key, x64):
    point = jax.random.normal(key, (5,))
    np.testing.assert_allclose(surfaces.rosenbrock(point), optimize.rosen(np.asarray(point)), rtol=1e-12)
    np.testing.assert_allclose(
        curvature.hessian(surfaces.rosenbrock, point), optimize.rosen_hess(np.asarray(point)), rtol=1e-10
    )
    at_minimum = curvature.hessian(surfaces.rosenbrock, jnp.ones(2))
    assert round(float(conditioning.condition_number(at_minimum))) == 2508
    assert surfaces.rosenbrock(jnp.array([2.0, 4.0]), a=2.0, b=7.0) == 0


def test_himmelblaus_maximum_and_a_saddle(x64):
    gradient = jax.grad(surfaces.himmelblau)
    for start, kind, value in (
        ((-0.27, -0.92), curvature.MAXIMUM, 181.617),
        ((3.385, 0.074), curvature.SADDLE, 13.312),
    ):
        point = optimize.fsolve(lambda p: np.asarray(gradient(jnp.array(p))), start)
        assert round(float(surfaces.himmelblau(jnp.array(point))), 3) == value
        assert curvature.classify(curvature.hessian(surfaces.himmelblau, jnp.array(point))).kind == kind


def test_beales_saddle():
    point = jnp.array([0.0, 1.0])
    np.testing.assert_allclose(jax.grad(surfaces.beale)(point), 0.0)
    assert curvature.classify(curvature.hessian(surfaces.beale, point)).kind == curvature.SADDLE


def test_the_monkey_saddle_is_flat_to_second_order_and_has_three_ways_down():
    assert curvature.classify(curvature.hessian(surfaces.monkey_saddle, jnp.zeros(2))).kind == curvature.DEGENERATE
    angle = (jnp.arange(3600) + 0.3) / 3600 * 2 * jnp.pi
    around = jax.vmap(surfaces.monkey_saddle)(jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=1))
    np.testing.assert_allclose(around, jnp.cos(3 * angle), atol=1e-5)
    assert np.sum(np.diff(np.sign(around)) != 0) == 6


def test_rastrigin_has_a_local_minimum_near_each_whole_point():
    for start in ((1.0, 0.0), (-2.0, 1.0)):
        point = jnp.array(start)
        for _ in range(5):
            point -= jnp.linalg.solve(curvature.hessian(surfaces.rastrigin, point), jax.grad(surfaces.rastrigin)(point))
        assert jnp.abs(point - jnp.array(start)).max() < 0.02
        assert surfaces.rastrigin(point) > 0.9


@pytest.mark.parametrize("condition_number", [1.0, 37.0, 1e6])
def test_conditioned_has_this_condition_number(key, x64, condition_number):
    matrix = surfaces.conditioned(key=key, n_dims=5, condition_number=jnp.array(condition_number))
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-12 * condition_number)
    np.testing.assert_allclose(np.linalg.cond(matrix), condition_number, rtol=1e-8)
    np.testing.assert_allclose(np.linalg.eigvalsh(matrix)[0], 1.0, rtol=1e-8)


def test_quadratics_derivatives_also_for_a_matrix_that_is_not_symmetric(key):
    matrix, point, slope = jax.random.normal(key, (3, 3)), jnp.array([1.0, -2.0, 0.5]), jnp.array([0.0, 3.0, 1.0])
    gradient = jax.grad(surfaces.quadratic)(point, matrix, slope=slope)
    np.testing.assert_allclose(gradient, 0.5 * (matrix + matrix.T) @ point + slope, rtol=1e-5)


def test_wrong_shapes(unchecked, key):
    with pytest.raises(ValueError, match=r"shape \(2,\); found \(3,\)"):
        surfaces.beale(jnp.ones(3))
    with pytest.raises(ValueError, match="at least 2 coordinates; found 1"):
        surfaces.rosenbrock(jnp.ones(1))
    with pytest.raises(ValueError, match="square matrix"):
        surfaces.quadratic(jnp.ones(2), jnp.ones((2, 3)))
    with pytest.raises(ValueError, match="matrix has size 3"):
        surfaces.quadratic(jnp.ones(2), jnp.ones((3, 3)))
    with pytest.raises(ValueError, match="point must have 1 axes"):
        surfaces.rastrigin(jnp.ones((2, 2)))
    with pytest.raises(ValueError, match="found none"):
        surfaces.rastrigin(jnp.ones(0))
    with pytest.raises(ValueError, match="n_dims must be at least 2"):
        surfaces.conditioned(key=key, n_dims=1, condition_number=3.0)
