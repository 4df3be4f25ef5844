"""Each reference answer of unit 4 equals the library's function for the same mathematics."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.networks import activations, backprop, convolution, geometry, layers, mlp, pooling
from mfml.networks.geometry import Window
from mfml.networks.layers import Dense
from solutions import unit04


def test_neuron(key):
    x, weights = jax.random.normal(key, (5, 3)), jnp.array([1.0, -2.0, 0.5])
    np.testing.assert_allclose(unit04.neuron(weights, 0.3, x), mlp.neuron(weights, jnp.array(0.3), x), rtol=1e-6)


def test_activation_derivatives(key):
    z = jnp.concatenate([jax.random.normal(key, (6,)), jnp.array([0.0, 200.0, -200.0])])
    for found, name in zip(unit04.activation_derivatives(z), ("sigmoid", "tanh", "relu"), strict=True):
        np.testing.assert_allclose(found, activations.derivative(z, activation=name), atol=1e-7)


def test_dense_forward(key):
    x, weight, bias = jax.random.normal(key, (5, 3)), jax.random.normal(key, (3, 4)), jnp.arange(4.0)
    needed = activations.relu(layers.dense(Dense(weight, bias), x))
    np.testing.assert_allclose(unit04.dense_forward(x, weight, bias), needed, atol=1e-6)


def test_two_layer_gradient(key):
    network = mlp.init(key=key, sizes=(3, 4, 2))
    x, y = jax.random.normal(key, (5, 3)), jax.random.normal(key, (5, 2))
    _, gradients = backprop.loss_and_gradient(network, x, y, activation="tanh", loss="mse")
    found = unit04.two_layer_gradient(*network[0], *network[1], x, y)
    for one, needed in zip(found, jax.tree.leaves(gradients.network), strict=True):
        np.testing.assert_allclose(one, needed, atol=1e-6)


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1), (3, 2)])
def test_cross_correlation(key, stride, padding):
    x, kernel = jax.random.normal(key, (6, 7, 2)), jax.random.normal(key, (3, 2, 2, 3))
    needed = convolution.cross_correlation(x[None], kernel, stride=stride, padding=padding)[0]
    np.testing.assert_allclose(unit04.cross_correlation(x, kernel, stride, padding), needed, atol=1e-5)


@pytest.mark.parametrize(("window", "stride"), [(2, 2), (3, 1), (1, 2)])
def test_max_pool(key, window, stride):
    x = jax.random.normal(key, (6, 7, 2))
    needed = pooling.max_pool(x[None], window=window, stride=stride)[0]
    np.testing.assert_array_equal(unit04.max_pool(x, window, stride), needed)


def test_output_size():
    for stride, padding, dilation in ((1, 0, 1), (2, 1, 2), (3, 2, 3)):
        needed = geometry.output_size(20, kernel=4, stride=stride, padding=padding, dilation=dilation)
        assert unit04.output_size(20, 4, stride, padding, dilation) == needed


def test_receptive_field():
    layers = [Window(5, 2), Window(3, 1, 2), Window(2, 2), Window(3, 1, 4)]
    kernels, strides, dilations, _ = (jnp.array(column) for column in zip(*layers, strict=True))
    assert unit04.receptive_field(kernels, strides, dilations) == geometry.receptive_fields(layers)[-1].size
