import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize

from mfml.landscapes import curvature, optimizers, sharpness, surfaces, trajectories

FLAT, SHARP = jnp.array([-2.0, 0.0]), jnp.array([2.0, 0.0])
CURVES = jnp.array([1.0, 3.0, 10.0])


def bowl(tree):
    return 0.5 * jnp.sum(CURVES * jnp.concatenate([tree["a"], tree["b"]]) ** 2)


BOTTOM = {"a": jnp.zeros(1), "b": jnp.zeros(2)}


def test_the_two_valleys_have_the_curvatures_they_say():
    for bottom, width in ((FLAT, 1.2), (SHARP, 0.25)):
        matrix = curvature.hessian(sharpness.two_valleys, bottom)
        np.testing.assert_allclose(matrix, np.eye(2) / width**2, atol=0.2)
        assert abs(sharpness.two_valleys(bottom)) < 5e-3


def test_average_rise_is_half_the_trace(key):
    rise = sharpness.average_rise(bowl, BOTTOM, key=key, sigma=0.1, n_samples=2000)
    np.testing.assert_allclose(rise, 0.5 * 0.01 * CURVES.sum(), rtol=0.06)


def test_average_rise_does_not_see_a_slope(key):
    rise = sharpness.average_rise(lambda x: 5 * x.sum(), jnp.ones(3), key=key, sigma=0.5, n_samples=3)
    np.testing.assert_allclose(rise, 0.0, atol=1e-5)


def test_worst_rise_is_half_the_largest_eigenvalue(key):
    rise = sharpness.worst_rise(bowl, BOTTOM, key=key, rho=0.2, max_iter=50)
    np.testing.assert_allclose(rise, 0.5 * 0.04 * 10, rtol=1e-4)


def test_worst_rise_equals_a_search_over_the_circle(key):
    angle = jnp.linspace(0, 2 * jnp.pi, 2001)
    circle = FLAT + 0.7 * jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=1)
    start = sharpness.two_valleys(FLAT)
    expected = jax.vmap(sharpness.two_valleys)(circle).max() - start
    found = sharpness.worst_rise(sharpness.two_valleys, FLAT, key=key, rho=0.7)
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_both_measures_tell_the_sharp_valley_from_the_flat_one(key):
    for measure in (
        lambda at: sharpness.average_rise(sharpness.two_valleys, at, key=key, sigma=0.2, n_samples=200),
        lambda at: sharpness.worst_rise(sharpness.two_valleys, at, key=key, rho=0.2),
    ):
        assert measure(SHARP) > 5 * measure(FLAT)


def test_sam_gradient_equals_the_formula_and_points_to_the_worst_neighbor():
    point = jnp.array([0.3, -0.4])
    g = jax.grad(surfaces.beale)(point)
    expected = jax.grad(surfaces.beale)(point + 0.1 * g / jnp.linalg.norm(g))
    np.testing.assert_allclose(sharpness.sam_gradient(surfaces.beale, point, rho=0.1), expected, rtol=1e-5)
    radius = 1e-3  # to first order the detour ends at the worst point of the sphere
    worst = optimize.minimize_scalar(
        lambda t: -float(surfaces.beale(point + radius * jnp.array([jnp.cos(t), jnp.sin(t)]))),
        bounds=(-np.pi, np.pi),
        method="bounded",
        options={"xatol": 1e-4},
    )
    np.testing.assert_allclose([np.cos(worst.x), np.sin(worst.x)], g / jnp.linalg.norm(g), atol=0.05)


def test_sam_without_radius_is_the_gradient_and_at_a_minimum_it_stays():
    point = jnp.array([0.3, -0.4])
    np.testing.assert_allclose(
        sharpness.sam_gradient(surfaces.beale, point, rho=0.0), jax.grad(surfaces.beale)(point), rtol=1e-6
    )
    still = sharpness.sam_step(bowl, BOTTOM, learning_rate=0.1, rho=0.5)
    assert all(np.all(leaf == 0) for leaf in jax.tree.leaves(still))


def test_sam_step_is_a_step_of_the_sharpness_aware_gradient_descent():
    point = jnp.array([0.3, -0.4])
    wary = sharpness.sam(surfaces.beale, optimizers.gradient_descent(0.01), rho=0.1)
    way = trajectories.run(surfaces.beale, point, optimizer=wary, n_steps=1)
    expected = sharpness.sam_step(surfaces.beale, point, learning_rate=0.01, rho=0.1)
    np.testing.assert_allclose(way.params[1], expected, rtol=1e-5)


def test_sharpness_along_the_valley_of_two_factors():
    for x in (0.5, 1.0, 3.0):
        matrix = curvature.hessian(sharpness.two_factors, jnp.array([x, 1 / x]))
        np.testing.assert_allclose(np.linalg.eigvalsh(matrix), [0.0, x**2 + x**-2], atol=1e-5)


def test_sam_drifts_to_the_flattest_minimum_and_gradient_descent_stays_at_the_first():
    plain = optimizers.gradient_descent(0.05)
    ends = [
        trajectories.run(sharpness.two_factors, jnp.array([3.0, 0.8]), optimizer=one, n_steps=1000).params[-1]
        for one in (plain, sharpness.sam(sharpness.two_factors, plain, rho=0.3))
    ]
    assert sharpness.two_factors(ends[0]) < 1e-10
    assert ends[0][0] > 2.8
    np.testing.assert_allclose(ends[1], [1.0, 1.0], atol=0.1)


def test_wrong_arguments(key, unchecked):
    with pytest.raises(ValueError, match="n_samples"):
        sharpness.average_rise(bowl, BOTTOM, key=key, sigma=0.1, n_samples=0)
    with pytest.raises(ValueError, match="max_iter"):
        sharpness.worst_rise(bowl, BOTTOM, key=key, rho=0.1, max_iter=-1)
    with pytest.raises(ValueError, match="found none"):
        sharpness.two_valleys(jnp.ones(0))
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        sharpness.two_factors(jnp.ones(3))


@pytest.mark.parametrize("scale", [1e-25, 1e25])
def test_sharpness_of_objectives_in_any_unit(key, scale):
    def bowl(x):
        return scale * (x[0] ** 2 + 10 * x[1] ** 2)

    rise = sharpness.worst_rise(bowl, jnp.zeros(2), key=key, rho=0.1)
    assert rise.item() / scale == pytest.approx(0.1, rel=1e-3)
    slope = sharpness.sam_gradient(bowl, jnp.array([3.0, 0.0]), rho=1.0)
    np.testing.assert_allclose(np.asarray(slope, float) / scale, [8.0, 0.0], rtol=1e-5)


def test_widths_must_be_positive():
    with pytest.raises(ValueError, match="sharp_width must be positive"):
        sharpness.two_valleys(jnp.zeros(2), sharp_width=0.0)
