import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

from mfml.networks import activations
from mfml.networks.activations import ACTIVATIONS

ORACLES = {
    "identity": lambda z: z,
    "heaviside": lambda z: np.heaviside(z, 0.0),
    "sigmoid": special.expit,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z: np.maximum(z, 0.01 * z),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    "softplus": lambda z: np.logaddexp(0, z),
    "silu": lambda z: z * special.expit(z),
    "gelu": lambda z: z * stats.norm.cdf(z),
    "gelu_tanh": lambda z: z / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))),
    "quick_gelu": lambda z: z * special.expit(1.702 * z),
}
KINKS = {"relu": 0.0, "leaky_relu": 0.01, "elu": 1.0, "heaviside": 0.0}


def test_every_activation_has_an_oracle():
    assert set(ORACLES) == set(ACTIVATIONS)


@pytest.mark.parametrize("name", ORACLES)
def test_values(name, x64):
    z = np.linspace(-6, 6, 25)
    np.testing.assert_allclose(activations.apply(jnp.asarray(z), activation=name), ORACLES[name](z), atol=1e-12)


@pytest.mark.parametrize("name", ORACLES)
def test_derivative_is_that_of_autodiff_at_the_kink_too(name):
    z = jnp.array([-30.0, -2.0, -0.5, 0.0, 0.5, 2.0, 30.0])
    slopes = jax.vmap(jax.grad(lambda z: activations.apply(z, activation=name)))(z)
    np.testing.assert_allclose(activations.derivative(z, activation=name), slopes, atol=1e-6)


@pytest.mark.parametrize("name", ORACLES)
def test_derivative_is_the_difference_quotient(name, x64):
    z = jnp.array([-3.0, -1.2, -0.4, 0.3, 1.7])
    quotient = (ORACLES[name](z + 1e-6) - ORACLES[name](z - 1e-6)) / 2e-6
    np.testing.assert_allclose(activations.derivative(z, activation=name), quotient, atol=1e-8)


@pytest.mark.parametrize("name", KINKS)
def test_kink_has_the_derivative_from_the_left(name):
    assert activations.derivative(jnp.array(0.0), activation=name) == pytest.approx(KINKS[name])


@pytest.mark.parametrize("name", ORACLES)
def test_extreme_arguments_stay_finite_and_nan_stays_nan(name):
    z = jnp.array([-1e30, -1e4, 1e4, 1e30])
    assert np.isfinite(activations.apply(z, activation=name)).all()
    assert np.isfinite(activations.derivative(z, activation=name)).all()
    assert np.isnan(activations.apply(jnp.array(jnp.nan), activation=name))


def test_options_of_leaky_and_exponential_units():
    z = jnp.array([-1.0, 1.0])
    np.testing.assert_allclose(activations.leaky_relu(z, slope=0.2), [-0.2, 1.0])
    np.testing.assert_allclose(activations.elu(z, alpha=2.0), [2 * np.expm1(-1), 1.0], rtol=1e-6)


@pytest.mark.parametrize("call", [activations.apply, activations.derivative])
def test_unknown_name(call):
    with pytest.raises(ValueError, match=r"activation must be one of .*'relu'.*found 'rectifier'"):
        call(jnp.ones(2), activation="rectifier")


@pytest.mark.parametrize("name", activations.ACTIVATIONS)
def test_derivative_of_integers_and_of_nan(name):
    whole = jnp.array([-2, 0, 3])
    np.testing.assert_array_equal(
        activations.derivative(whole, activation=name), activations.derivative(whole.astype(float), activation=name)
    )
    assert np.isnan(activations.derivative(jnp.array([jnp.nan]), activation=name)).all()


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16])
@pytest.mark.parametrize("name", ORACLES)
def test_half_precision_is_kept_and_as_accurate_as_it_can_be(name, dtype):
    z = jnp.array([-300.0, -4.0, -1.0, -0.5, 0.5, 1.0, 4.0, 300.0], dtype)
    error = 8 * float(jnp.finfo(dtype).eps)
    value, slope = activations.apply(z, activation=name), activations.derivative(z, activation=name)
    assert value.dtype == slope.dtype == dtype
    np.testing.assert_allclose(value.astype(float), ORACLES[name](np.asarray(z, float)), rtol=error, atol=error)
    exact = activations.derivative(z.astype(jnp.float32), activation=name)
    np.testing.assert_allclose(slope.astype(float), exact, rtol=error, atol=error)
    found = jax.vmap(jax.grad(lambda z: activations.apply(z, activation=name)))(z)
    np.testing.assert_allclose(found.astype(float), exact, rtol=error, atol=error)
