import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mfml.networks import activations, backprop, mlp


@pytest.fixture
def task(key):
    keys = jax.random.split(key, 4)
    network = mlp.init(key=keys[0], sizes=(3, 5, 4, 2))
    network = tuple(layer._replace(bias=layer.bias + 0.3) for layer in network)
    return network, jax.random.normal(keys[1], (6, 3)), jax.nn.softmax(jax.random.normal(keys[2], (6, 2)))


def risk(network, x, y, activation, loss):
    output = mlp.apply(network, x, activation=activation)
    if loss == "mse":
        return jnp.mean(optax.squared_error(output, y))
    return jnp.mean(optax.softmax_cross_entropy(output, y))


@pytest.mark.parametrize("loss", backprop.LOSSES)
@pytest.mark.parametrize("activation", [name for name in activations.ACTIVATIONS if name != "heaviside"])
def test_equals_autodiff(task, activation, loss):
    network, x, y = task
    value, gradients = backprop.loss_and_gradient(network, x, y, activation=activation, loss=loss)
    expected, slopes = jax.value_and_grad(risk, argnums=(0, 1))(network, x, y, activation, loss)
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    assert jax.tree.structure(gradients.network) == jax.tree.structure(slopes[0])
    for found, needed in zip(jax.tree.leaves(tuple(gradients)), jax.tree.leaves(slopes), strict=True):
        np.testing.assert_allclose(found, needed, atol=1e-6)


def test_equals_difference_quotients(task, x64):
    network, x, y = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), task)
    _, gradients = backprop.loss_and_gradient(network, x, y, activation="tanh")
    flat, rebuild = jax.flatten_util.ravel_pytree(network)
    needed = [
        (risk(rebuild(flat + step), x, y, "tanh", "mse") - risk(rebuild(flat - step), x, y, "tanh", "mse")) / 2e-6
        for step in 1e-6 * np.eye(len(flat))[::7]
    ]
    found = jax.flatten_util.ravel_pytree(gradients.network)[0][::7]
    np.testing.assert_allclose(found, needed, atol=1e-8)


def test_forward_is_apply_and_caches_every_layer(task):
    network, x, _ = task
    output, cache = backprop.forward(network, x)
    np.testing.assert_array_equal(output, mlp.apply(network, x))
    assert [a.shape[1] for a in cache.inputs] == [3, 5, 4]
    assert [z.shape[1] for z in cache.preactivations] == [5, 4, 2]
    np.testing.assert_array_equal(cache.inputs[2], activations.relu(cache.preactivations[1]))


def test_gradient_of_a_batch_is_the_mean_over_its_samples(task):
    network, x, y = task
    whole = backprop.loss_and_gradient(network, x, y)[1].network
    single = [backprop.loss_and_gradient(network, x[i : i + 1], y[i : i + 1])[1].network for i in range(len(x))]
    mean = jax.tree.map(lambda *leaves: sum(leaves) / len(leaves), *single)
    for found, needed in zip(jax.tree.leaves(whole), jax.tree.leaves(mean), strict=True):
        np.testing.assert_allclose(found, needed, atol=1e-6)


def test_rectifiers_that_never_fire_pass_nothing_back(task):
    network, x, y = task
    silent = (network[0]._replace(bias=network[0].bias - 100), *network[1:])
    gradients = backprop.loss_and_gradient(silent, x, y)[1]
    assert not gradients.network[0].weight.any()
    assert not gradients.x.any()
    assert gradients.network[2].bias.any()


def test_extreme_logits_stay_finite(key):
    network = mlp.init(key=key, sizes=(2, 2))
    value, gradients = backprop.loss_and_gradient(
        network, jnp.array([[1e4, -1e4]]), jnp.array([[1.0, 0.0]]), loss="cross_entropy"
    )
    assert np.isfinite(value)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradients))


def test_what_does_not_fit(task, unchecked):
    network, x, y = task
    with pytest.raises(ValueError, match="loss must be one of 'mse', 'cross_entropy'"):
        backprop.loss_and_gradient(network, x, y, loss="hinge")
    with pytest.raises(ValueError, match="y and output must have the same shape"):
        backprop.loss_and_gradient(network, x, y[:, 0])
    with pytest.raises(ValueError, match="number of samples must be positive"):
        backprop.loss_and_gradient(network, x[:0], y[:0])
    with pytest.raises(ValueError, match="slope and output must have the same shape"):
        backprop.backward(network, backprop.forward(network, x)[1], jnp.ones((6, 1)))
