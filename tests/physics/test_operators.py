"""Derivatives by forward mode: exact for polynomials, and as finite differences and nested derivatives find them."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.networks import activations
from mfml.physics import operators


def cubic(x):
    return x[0] ** 3 * x[1] + 2 * x[1] ** 2 * x[2] + x[2]


POINT = jnp.array([2.0, -1.0, 0.5])


def test_polynomials_are_exact():
    np.testing.assert_array_equal(operators.gradient(cubic, POINT), [-12.0, 6.0, 3.0])
    assert operators.laplacian(cubic, POINT) == -12 + 2
    found = [operators.partial_derivative(cubic, POINT, axis=0, order=m).item() for m in range(5)]
    np.testing.assert_allclose(found, [cubic(POINT), -12, -12, -6, 0], rtol=2e-6)  # series take x ** 3 by a logarithm
    assert operators.time_derivative(cubic, POINT) == 3
    np.testing.assert_allclose(
        operators.directional(cubic, POINT, jnp.array([1.0, 1.0, 0.0]), order=4), 24, rtol=1e-5
    )  # of (2 + h)^3 (h - 1)


def test_powers_of_numbers_below_zero_have_derivatives():
    points = jnp.array([[-1.5], [0.0]])
    found = operators.partial_derivative(lambda x: x[0] ** 4.0, points, axis=0, order=3)
    np.testing.assert_allclose(found, 24 * points[:, 0], rtol=1e-6)


def test_identities_of_fields():
    def rotated(x):
        return jnp.stack([operators.partial_derivative(cubic, x, axis=i) for i in range(3)])

    np.testing.assert_array_equal(operators.curl(rotated, POINT), 0)  # curl of a gradient
    np.testing.assert_allclose(operators.divergence(rotated, POINT), operators.laplacian(cubic, POINT))
    np.testing.assert_allclose(operators.divergence(lambda x: operators.curl(lambda p: p**2 * p[::-1], x), POINT), 0)


def test_finite_differences_agree():
    with jax.enable_x64(True):
        point, h = jnp.array([0.3, 0.7]), 1e-3

        def wavy(x):
            return jnp.sin(2 * x[0]) * jnp.exp(x[1]) / (1 + x[0] ** 2)

        along = [wavy(point + jnp.array([k * h, 0.0])) for k in range(-3, 4)]
        central = [
            (along[4] - along[2]) / (2 * h),
            (along[4] - 2 * along[3] + along[2]) / h**2,
            (along[5] - 2 * along[4] + 2 * along[2] - along[1]) / (2 * h**3),
        ]
        found = [operators.partial_derivative(wavy, point, axis=0, order=m) for m in (1, 2, 3)]
        np.testing.assert_allclose(found, central, rtol=2e-5)


@pytest.mark.parametrize("name", sorted(set(activations.ACTIVATIONS) - {"heaviside", "relu", "leaky_relu", "identity"}))
def test_series_agree_with_nested_derivatives(name):
    """Also for softplus, for which JAX has no rule for series."""
    function = partial(activations.apply, activation=name)

    nested = function
    for _ in range(3):
        nested = jax.grad(nested)
    found = operators.partial_derivative(lambda x: function(x[0]), jnp.array([-0.7]), axis=0, order=3)
    np.testing.assert_allclose(found, nested(jnp.float32(-0.7)), rtol=1e-4, atol=1e-6)


def test_many_points_are_those_one_by_one():
    points = jax.random.normal(jax.random.key(0), (2, 3, 3))
    found = operators.laplacian(cubic, points)
    expected = [[operators.laplacian(cubic, p) for p in row] for row in points]
    np.testing.assert_allclose(found, np.array(expected), rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: operators.gradient(lambda x: x, POINT), "u must return a number"),
        (lambda: operators.divergence(lambda x: x[:2], POINT), "v must have a last axis of 3"),
        (lambda: operators.curl(lambda x: x, POINT[:2]), "3 entries"),
        (lambda: operators.partial_derivative(cubic, POINT, axis=3), "axis must be one of the 3"),
        (lambda: operators.time_derivative(cubic, POINT, order=-1), "order must not be negative"),
        (lambda: operators.laplacian(cubic, 2.0), "coordinates along its last axis"),
    ],
)
def test_what_does_not_fit_is_refused(call, message, unchecked):
    with pytest.raises(ValueError, match=message):
        call()


def test_an_error_of_the_function_itself_is_shown():
    with pytest.raises(ZeroDivisionError):
        operators.partial_derivative(lambda x: 1 // 0, POINT, axis=0, order=3)
