import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.neural_network import MLPRegressor

from mfml.networks import activations, layers, mlp
from mfml.networks.layers import Dense


def test_a_neuron_decides_a_logical_and():
    x = jnp.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    found = mlp.neuron(jnp.ones(2), jnp.array(-1.5), x, activation="heaviside")
    np.testing.assert_array_equal(found, [0, 0, 0, 1])


def test_two_layers_solve_the_exclusive_or_that_one_neuron_cannot():
    x = jnp.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    network = (
        Dense(jnp.ones((2, 2)), jnp.array([0.0, -1.0])),
        Dense(jnp.array([[1.0], [-2.0]]), jnp.zeros(1)),
    )
    np.testing.assert_allclose(mlp.apply(network, x)[:, 0], [0, 1, 1, 0])


@pytest.mark.parametrize("activation", ["relu", "tanh", "identity"])
def test_apply_equals_scikit_learn(key, activation):
    x = np.asarray(jax.random.normal(key, (7, 3)))
    network = mlp.init(key=key, sizes=(3, 5, 4, 2), scheme="glorot")
    peer = MLPRegressor((5, 4), activation=activation, max_iter=1)
    peer._random_state, peer.n_features_in_ = np.random.RandomState(0), 3
    peer.n_layers_, peer.n_outputs_, peer.out_activation_ = 4, 2, "identity"
    peer.coefs_ = [np.asarray(layer.weight) for layer in network]
    peer.intercepts_ = [np.asarray(layer.bias) for layer in network]
    np.testing.assert_allclose(mlp.apply(network, jnp.asarray(x), activation=activation), peer.predict(x), rtol=1e-4)


@pytest.mark.parametrize("distribution", layers.DISTRIBUTIONS)
@pytest.mark.parametrize(("scheme", "variance"), [("he", 2 / 300), ("glorot", 2 / 500), ("lecun", 1 / 300)])
def test_weights_have_the_variance_of_their_scheme(key, scheme, variance, distribution):
    (layer,) = mlp.init(key=key, sizes=(300, 200), scheme=scheme, distribution=distribution)
    assert np.var(layer.weight) == pytest.approx(variance, rel=0.03)
    assert abs(np.mean(layer.weight)) < 4 * np.sqrt(variance / layer.weight.size)
    assert not layer.bias.any()


def test_layers_are_drawn_independently(key):
    first, second = mlp.init(key=key, sizes=(6, 6, 6))
    assert not np.allclose(first.weight, second.weight)


def test_signal_keeps_its_size_with_he_and_fades_with_lecun(key):
    x = jax.random.normal(key, (200, 100))
    sizes = [100] * 16
    kept = mlp.signal_sizes(mlp.init(key=key, sizes=sizes, scheme="he"), x)
    faded = mlp.signal_sizes(mlp.init(key=key, sizes=sizes, scheme="lecun"), x)
    assert 0.5 < kept[-1] / kept[0] < 2
    np.testing.assert_allclose(faded / kept, 2.0 ** (-np.arange(1, 16) / 2), rtol=0.2)


def test_hidden_neurons_may_be_exchanged(key):
    """A symmetry of every network: the order of the hidden neurons does not matter."""
    first, second = mlp.init(key=key, sizes=(3, 6, 2))
    first = first._replace(bias=jnp.arange(6.0))
    order = jnp.array([3, 1, 5, 0, 2, 4])
    shuffled = (Dense(first.weight[:, order], first.bias[order]), second._replace(weight=second.weight[order]))
    x = jax.random.normal(key, (4, 3))
    np.testing.assert_allclose(mlp.apply(shuffled, x), mlp.apply((first, second), x), atol=1e-5)


def test_linear_layers_collapse_to_one(key):
    network = mlp.init(key=key, sizes=(3, 5, 2))
    x = jax.random.normal(key, (4, 3))
    expected = x @ (network[0].weight @ network[1].weight)
    np.testing.assert_allclose(mlp.apply(network, x, activation="identity"), expected, atol=1e-5)


def test_output_activation_and_no_samples(key):
    network = mlp.init(key=key, sizes=(3, 2))
    x = jax.random.normal(key, (4, 3))
    np.testing.assert_allclose(
        mlp.apply(network, x, output="sigmoid"), activations.sigmoid(layers.dense(network[0], x)), atol=1e-6
    )
    assert mlp.apply(network, x[:0]).shape == (0, 2)


def test_parameters_are_counted(key):
    assert mlp.n_parameters(mlp.init(key=key, sizes=(7, 5, 3))) == 7 * 5 + 5 + 5 * 3 + 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sizes": (3,)}, "at least inputs and outputs"),
        ({"sizes": (3, 0)}, "sizes must be positive"),
        ({"sizes": (3, 2), "scheme": "kaiming"}, "scheme must be one of 'he'"),
        ({"sizes": (3, 2), "distribution": "cauchy"}, "distribution must be one of"),
    ],
)
def test_bad_options(key, options, message):
    with pytest.raises(ValueError, match=message):
        mlp.init(key=key, **options)


def test_shapes_that_do_not_fit(key, unchecked):
    network = mlp.init(key=key, sizes=(3, 2))
    with pytest.raises(ValueError, match="x has 4 columns, but the layer's weight has 3 rows"):
        mlp.apply(network, jnp.ones((5, 4)))
    with pytest.raises(ValueError, match="x has 4 columns, but there are 3 weights"):
        mlp.neuron(jnp.ones(3), jnp.array(0.0), jnp.ones((5, 4)))


@pytest.mark.parametrize("scale", [1e-25, 1e25])
def test_signal_sizes_of_tiny_and_huge_signals(key, scale):
    network = mlp.init(key=key, sizes=(3, 4, 2))
    x = jax.random.normal(key, (5, 3))
    np.testing.assert_allclose(
        np.asarray(mlp.signal_sizes(network, x * scale), float) / scale, mlp.signal_sizes(network, x), rtol=1e-4
    )


def test_a_negative_gain_is_refused(key):
    with pytest.raises(ValueError, match="gain must not be negative"):
        layers.init_weight(key=key, shape=(2, 2), gain=-1.0)
