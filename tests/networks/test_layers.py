import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import signal, stats

from mfml.networks import layers, symmetry
from mfml.networks.layers import Convolution, Dense


@pytest.mark.parametrize("shape", [(300, 200), (5, 4, 15, 200)])
def test_normal_weights_follow_the_normal_distribution(key, shape):
    weight = layers.init_weight(key=key, shape=shape, gain=1.5)
    assert weight.shape == shape
    expected = stats.norm(scale=np.sqrt(1.5 / 300))
    assert stats.kstest(np.ravel(weight), expected.cdf).pvalue > 0.01


@pytest.mark.parametrize("shape", [(300, 200), (5, 4, 15, 200)])
def test_uniform_weights_follow_the_uniform_distribution_of_the_same_variance(key, shape):
    weight = np.ravel(layers.init_weight(key=key, shape=shape, gain=1.5, distribution="uniform"))
    width = np.sqrt(3 * 1.5 / 300)
    assert stats.kstest(weight, stats.uniform(-width, 2 * width).cdf).pvalue > 0.01
    assert np.var(weight) == pytest.approx(1.5 / 300, rel=0.02)


def test_weights_of_one_output_are_not_those_of_another(key):
    weight = layers.init_weight(key=key, shape=(500, 2))
    assert abs(np.corrcoef(np.asarray(weight).T)[0, 1]) < 0.15


def test_he_keeps_the_size_of_a_signal_through_a_rectifier(key):
    x = jax.random.normal(key, (400, 256))
    weight = layers.init_weight(key=jax.random.fold_in(key, 1), shape=(256, 256))
    z = layers.dense(Dense(weight, jnp.zeros(256)), x)
    np.testing.assert_allclose(jnp.mean(jax.nn.relu(z) ** 2), 1, rtol=0.05)


def test_dense_equals_a_sum_written_out(key):
    x, weight, bias = jax.random.normal(key, (4, 3)), jax.random.normal(key, (3, 2)), jnp.array([1.0, -2.0])
    expected = [[sum(x[i, a] * weight[a, j] for a in range(3)) + bias[j] for j in range(2)] for i in range(4)]
    np.testing.assert_allclose(layers.dense(Dense(weight, bias), x), expected, atol=1e-5)


@pytest.mark.parametrize(("mode", "boundary"), [("zeros", "fill"), ("periodic", "wrap")])
def test_convolution_equals_scipy(key, mode, boundary):
    x, weight = jax.random.normal(key, (2, 6, 5, 3)), jax.random.normal(jax.random.fold_in(key, 1), (3, 3, 3, 2))
    layer = Convolution(weight, jnp.array([0.5, -1.0]))
    found = layers.convolution(layer, x, mode=mode)
    assert found.shape == (2, 6, 5, 2)
    for n, k in np.ndindex(2, 2):
        images, kernels = np.asarray(x)[n], np.asarray(weight)[..., k]
        channels = [signal.correlate2d(images[..., c], kernels[..., c], "same", boundary) for c in range(3)]
        np.testing.assert_allclose(found[n, :, :, k], sum(channels) + layer.bias[k], atol=1e-5)


@pytest.mark.parametrize("mode", ["zeros", "periodic"])
def test_a_stride_keeps_every_other_place_of_an_odd_image(key, mode):
    x, weight = jax.random.normal(key, (1, 9, 7, 2)), jax.random.normal(key, (3, 3, 2, 2))
    layer = Convolution(weight, jnp.ones(2))
    every = layers.convolution(layer, x, mode=mode)
    np.testing.assert_allclose(layers.convolution(layer, x, stride=2, mode=mode), every[:, ::2, ::2], atol=1e-5)


def test_periodic_convolution_with_a_stride_is_equivariant(key):
    layer = Convolution(jax.random.normal(key, (3, 3, 1, 2)), jnp.ones(2))
    error = symmetry.equivariance_error(
        lambda x: layers.convolution(layer, x, stride=2, mode="periodic"),
        jax.random.normal(key, (1, 8, 8, 1)),
        before=lambda x: symmetry.translate(x, rows=4, columns=-2),
        after=lambda y: symmetry.translate(y, rows=2, columns=-1),
    )
    assert error < 1e-6


def test_errors(key, unchecked):
    layer = Dense(jnp.ones((3, 2)), jnp.zeros(2))
    with pytest.raises(ValueError, match="x must have 2 axes"):
        layers.dense(layer, jnp.ones(3))
    with pytest.raises(ValueError, match="x has 4 columns, but the layer's weight has 3 rows"):
        layers.dense(layer, jnp.ones((5, 4)))
    with pytest.raises(ValueError, match="shape must be positive; found 0"):
        layers.init_weight(key=key, shape=(3, 0))
    with pytest.raises(ValueError, match="distribution must be one of 'normal', 'uniform'; found 'cauchy'"):
        layers.init_weight(key=key, shape=(3, 2), distribution="cauchy")
    with pytest.raises(ValueError, match=r"x .* has 2 channels, but the kernel .* takes 1"):
        layers.convolution(Convolution(jnp.ones((3, 3, 1, 2)), jnp.zeros(2)), jnp.ones((1, 4, 4, 2)))
