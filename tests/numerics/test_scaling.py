"""Scale-free squares."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.numerics import scaling


@pytest.mark.parametrize("size", [3e-37, 1e-18, 0.7, 1.0, 1e18, 3e38])
def test_a_unit_is_a_power_of_two_near_the_size(size):
    found = scaling.power_of_two(jnp.float32(size))
    assert np.frexp(np.asarray(found))[0] == 0.5
    assert 1 <= jnp.float32(size) / found <= (4 if size > 1e38 else 2)
    assert 1 / found >= jnp.finfo(jnp.float32).tiny  # not flushed to 0


@pytest.mark.parametrize("size", [0.0, jnp.inf, jnp.nan])
def test_without_a_size_the_unit_is_one(size):
    assert scaling.power_of_two(jnp.float32(size)) == 1


@pytest.mark.parametrize("n", [0, 1, 32, 100])
def test_units_of_columns(n):
    a = np.random.default_rng(0).normal(size=(n, 3)).astype(np.float32) * np.float32([1e-30, 1, 1e30])
    units = scaling.column_units(jnp.asarray(a))
    largest = np.abs(a).max(axis=0, initial=0)
    assert ((largest <= 2 * units) & ((largest >= units) | (largest == 0))).all()


@pytest.mark.parametrize("size", [1e-30, 1.0, 1e30])
def test_length_in_any_unit(size):
    x = jnp.array([3.0, -4.0]) * size
    assert scaling.length(x) == pytest.approx(5 * size, rel=1e-6)
    np.testing.assert_allclose(jax.grad(scaling.length)(x), [0.6, -0.8], rtol=1e-6)


def test_length_of_nothing():
    assert scaling.length(jnp.zeros(3)) == 0
    assert jax.grad(scaling.length)(jnp.zeros(3)).tolist() == [0.0] * 3
    assert jnp.isnan(scaling.length(jnp.array([1.0, jnp.nan])))


def test_cholesky_of_features_in_different_units():
    s = np.array([[2.0, 0.6], [0.6, 0.5]], np.float32)
    unit = np.float32([1e-18, 1e18])
    factor = np.asarray(scaling.cholesky(jnp.asarray(s * unit * unit[:, None])), float)
    np.testing.assert_allclose(factor / unit[:, None], np.linalg.cholesky(s.astype(float)), rtol=1e-6)
    assert jnp.isnan(scaling.cholesky(-jnp.eye(2))).any()


@pytest.mark.parametrize("size", [1e-20, 1.0, 1e20])
def test_derivatives_of_a_ratio_in_any_unit(size):
    a, b = jnp.float32(3 * size), jnp.float32(-2 * size)
    assert scaling.ratio(a, b) == pytest.approx(-1.5)
    by_a, by_b = (slope * size for slope in jax.grad(scaling.ratio, argnums=(0, 1))(a, b))
    assert by_a == pytest.approx(-0.5) and by_b == pytest.approx(-0.75)


def test_a_ratio_is_the_quotient():
    a, b = np.random.default_rng(0).normal(size=(2, 50)).astype(np.float32)
    np.testing.assert_allclose(scaling.ratio(a[:, None], b), a[:, None] / b, rtol=3e-7)
    special = jnp.array([0.0, jnp.inf, jnp.nan])
    np.testing.assert_array_equal(scaling.ratio(1.0, special), [jnp.inf, 0.0, jnp.nan])
    assert jax.hessian(scaling.ratio, argnums=1)(3.0, 2.0) == 0.75
