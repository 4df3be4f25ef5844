r"""Mixture density networks: a network that predicts a distribution. Shapes: n samples, d features, k components.

$p(y | x) = \sum_k \pi_k(x)\, \mathcal N(y; \mu_k(x), \sigma_k(x)^2)$, with weights, means and scales from one
network. It says how uncertain a prediction is where noise depends on x, and that there are several answers where
there are, between which least squares would put the mean. Densities are per unit of y, logarithms natural.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp, ndtr
from jaxtyping import Array, Float, Int, Key

from mfml import require
from mfml.networks import mlp
from mfml.probability import likelihood
from mfml.training import loop

SMALLEST_SCALE = 1e-3  # of a component, in standard deviations of y: without it one sample could be fitted exactly


class Mixture(NamedTuple):
    """A mixture of normal distributions for each sample."""

    log_weights: Float[Array, "n k"]  # their exponentials add up to 1
    means: Float[Array, "n k"]  # units of y
    scales: Float[Array, "n k"]  # standard deviations, units of y


class Model(NamedTuple):
    """The network, and the scaling of its inputs and outputs."""

    network: mlp.Network
    x_shift: Float[Array, " d"]
    x_scale: Float[Array, " d"]
    y_shift: Float[Array, ""]
    y_scale: Float[Array, ""]


class Fitted(NamedTuple):
    """A trained model."""

    model: Model
    history: Float[Array, " steps"]  # mean NLL of each step's batch, nats, for y in units of its deviation


def init(
    x: Float[Array, "n d"], y: Float[Array, " n"], *, key: Key[Array, ""], n_components: int, hidden: tuple[int, ...]
) -> Model:
    """Draw a network, and measure mean and deviation of the data; sizes are static.

    Components start spread over the range of y, so that they can divide the work among them.

    Raises:
        ValueError: unless shapes fit and n_components >= 1.

    >>> init(jnp.ones((4, 2)), jnp.arange(4.0), key=jax.random.key(0), n_components=3, hidden=(8,)).network[
    ...     1
    ... ].bias.shape
    (9,)
    """
    require.rank("x", x, 2)
    require.rank("y", y, 1)
    require.same_length(x=x, y=y)
    require.positive("n_components", n_components)
    network = mlp.init(key=key, sizes=(x.shape[1], *hidden, 3 * n_components), scheme="glorot", dtype=x.dtype.type)
    places = jnp.linspace(-1.0, 1.0, n_components, dtype=x.dtype) if n_components > 1 else jnp.zeros(1, x.dtype)
    bias = jnp.concatenate([jnp.zeros_like(places), places, jnp.full_like(places, -0.5)])
    network = (*network[:-1], network[-1]._replace(bias=bias))
    x_scale, y_scale = jnp.std(x, axis=0), jnp.std(y)
    return Model(
        network, x.mean(axis=0), jnp.where(x_scale > 0, x_scale, 1.0), y.mean(), jnp.where(y_scale > 0, y_scale, 1.0)
    )


def predict(model: Model, x: Float[Array, "m d"]) -> Mixture:
    """Predict a mixture for each sample. Components come in no particular order, but the same for all samples.

    Raises:
        ValueError: unless x has the model's features.

    Source: Bishop (2006), section 5.6.

    >>> x, y = jnp.ones((4, 1)), jnp.arange(4.0)
    >>> predict(init(x, y, key=jax.random.key(0), n_components=2, hidden=(3,)), x).means.shape
    (4, 2)
    """
    require.rank("x", x, 2)
    require.same_length(features_of_x=x.T, features_of_model=model.x_shift)
    output = mlp.apply(model.network, (x - model.x_shift) / model.x_scale, activation="tanh")
    logits, means, log_scales = jnp.split(output, 3, axis=1)
    scales = SMALLEST_SCALE + jax.nn.softplus(log_scales)
    return Mixture(jax.nn.log_softmax(logits, axis=1), model.y_shift + model.y_scale * means, model.y_scale * scales)


def nll(mixture: Mixture, y: Float[Array, " n"]) -> Float[Array, " n"]:
    r"""Negative log-likelihood $-\log \sum_k \pi_k \mathcal N(y; \mu_k, \sigma_k^2)$ of each sample, nats.

    Raises:
        ValueError: unless there is one y a mixture.

    Source: Bishop (2006), equation 5.153.

    >>> standard = Mixture(jnp.zeros((1, 1)), jnp.zeros((1, 1)), jnp.ones((1, 1)))
    >>> round(nll(standard, jnp.zeros(1)).item(), 4)
    0.9189
    """
    _check(mixture, y)
    each = likelihood.gaussian_nll(jnp.broadcast_to(y[:, None], mixture.means.shape), mixture.means, mixture.scales)
    return -logsumexp(mixture.log_weights - each, axis=1)


def mean(mixture: Mixture) -> Float[Array, " n"]:
    r"""Mean of each mixture, $\sum_k \pi_k \mu_k$: what least squares would predict.

    Source: Bishop (2006), equation 5.158.

    >>> mean(Mixture(jnp.log(jnp.array([[0.25, 0.75]])), jnp.array([[0.0, 4.0]]), jnp.ones((1, 2)))).tolist()
    [3.0]
    """
    return jnp.sum(jnp.exp(mixture.log_weights) * mixture.means, axis=1)


def variance(mixture: Mixture) -> Float[Array, " n"]:
    r"""Variance of each mixture: within components and between them, $\sum_k \pi_k (\sigma_k^2 + (\mu_k - \mu)^2)$.

    Source: Bishop (2006), equation 5.160.

    >>> variance(Mixture(jnp.log(jnp.array([[0.5, 0.5]])), jnp.array([[-1.0, 1.0]]), jnp.ones((1, 2)))).tolist()
    [2.0]
    """
    between = (mixture.means - mean(mixture)[:, None]) ** 2
    return jnp.sum(jnp.exp(mixture.log_weights) * (mixture.scales**2 + between), axis=1)


def cdf(mixture: Mixture, y: Float[Array, " n"]) -> Float[Array, " n"]:
    """Probability of a value up to y: what `calibration.pit_histogram` needs.

    Raises:
        ValueError: unless there is one y a mixture.

    >>> cdf(Mixture(jnp.zeros((1, 1)), jnp.zeros((1, 1)), jnp.ones((1, 1))), jnp.zeros(1)).tolist()
    [0.5]
    """
    _check(mixture, y)
    z = (y[:, None] - mixture.means) / mixture.scales
    return jnp.sum(jnp.exp(mixture.log_weights) * ndtr(z), axis=1)


def sample(mixture: Mixture, *, key: Key[Array, ""]) -> tuple[Float[Array, " n"], Int[Array, " n"]]:
    """Draw one y from each mixture, and the component that it came from.

    >>> sample(Mixture(jnp.zeros((3, 1)), jnp.zeros((3, 1)), jnp.ones((3, 1))), key=jax.random.key(0))[0].shape
    (3,)
    """
    for_component, for_noise = jax.random.split(key)
    component = jax.random.categorical(for_component, mixture.log_weights, axis=1)
    noise = jax.random.normal(for_noise, component.shape, mixture.means.dtype)
    chosen = [jnp.take_along_axis(part, component[:, None], axis=1)[:, 0] for part in mixture[1:]]
    return chosen[0] + chosen[1] * noise, component


def fit(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    key: Key[Array, ""],
    n_components: int = 3,
    hidden: tuple[int, ...] = (32, 32),
    n_steps: int = 1000,
    batch_size: int | None = None,
    learning_rate: float = 1e-2,
) -> Fitted:
    """Minimize the mean negative log-likelihood by Adam, its rate falling to 0 along a cosine.

    Args:
        x: features.
        y: targets.
        key: for the first network and the order of the samples.
        n_components: k; static.
        hidden: neurons of each hidden layer; static.
        n_steps: number of updates; static.
        batch_size: samples a step; None takes all; static.
        learning_rate: at the start; static.

    Raises:
        ValueError: unless shapes fit, counts are positive, and the batch is not larger than the data.

    Source: Bishop (1994), Mixture Density Networks; Bishop (2006), section 5.6.

    >>> x = jnp.linspace(-1.0, 1.0, 20)[:, None]
    >>> fitted = fit(x, x[:, 0], key=jax.random.key(0), n_components=1, hidden=(8,), n_steps=200)
    >>> (fitted.history[-1] < fitted.history[0]).item()
    True
    """
    import optax

    for_network, for_order = jax.random.split(key)
    model = init(x, y, key=for_network, n_components=n_components, hidden=hidden)
    scaled = ((x - model.x_shift) / model.x_scale, (y - model.y_shift) / model.y_scale)
    plain = model._replace(
        x_shift=jnp.zeros_like(model.x_shift),
        x_scale=jnp.ones_like(model.x_scale),
        y_shift=jnp.zeros_like(model.y_shift),
        y_scale=jnp.ones_like(model.y_scale),
    )

    def loss(network: mlp.Network, batch: tuple[Array, Array], _: Array) -> Array:
        return jnp.mean(nll(predict(plain._replace(network=network), batch[0]), batch[1]))

    optimizer = optax.adam(optax.cosine_decay_schedule(learning_rate, n_steps))
    options = loop.Options(loss, optimizer, n_steps=n_steps, batch_size=batch_size)
    done = loop.fit(scaled, key=for_order, options=options, init=model.network)
    return Fitted(model._replace(network=done.params), done.history)


def _check(mixture: Mixture, y: Array) -> None:
    require.rank("y", y, 1)
    require.same_length(y=y, means=mixture.means)
