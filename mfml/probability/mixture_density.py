r"""Mixture density networks: a network that predicts a distribution. Shapes: n samples, d features, k components.

$p(y | x) = \sum_k \pi_k(x)\, \mathcal N(y; \mu_k(x), \sigma_k(x)^2)$: one network computes weights, means and scales
from x. So the model knows where the noise is large. Where y may be near one of several values, it finds them all.
Least squares would predict their mean, where no data are. Densities are per unit of y, logarithms natural.

`predict` returns the mean. The model is a density, so `score` is the mean log-likelihood, not $R^2$.
"""

from functools import cache, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.scipy.special import logsumexp, ndtr
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import require
from mfml.entrance import public
from mfml.networks import mlp
from mfml.numerics import scaling, sums
from mfml.probability import likelihood
from mfml.training import loop

SMALLEST_SCALE = 1e-3  # of a component, in standard deviations of y: it keeps a component from shrinking onto a sample


class Mixture(NamedTuple):
    """A mixture of normal distributions for each sample."""

    log_weights: Float[Array, "n k"]  # their exponentials add up to 1
    means: Float[Array, "n k"]  # units of y
    scales: Float[Array, "n k"]  # standard deviations, units of y


class Scaled(NamedTuple):
    """A network, and the scaling of its inputs and outputs."""

    network: mlp.Network
    x_shift: Float[Array, " d"]
    x_scale: Float[Array, " d"]
    y_shift: Float[Array, ""]
    y_scale: Float[Array, ""]


class MDN(NamedTuple):
    """A trained network, and how training went."""

    network: mlp.Network  # these five as in `Scaled`
    x_shift: Float[Array, " d"]
    x_scale: Float[Array, " d"]
    y_shift: Float[Array, ""]
    y_scale: Float[Array, ""]
    history: Float[Array, " steps"]  # mean negative log-likelihood of each step's batch BEFORE its update, nats
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # always False: nothing measures how near the optimum is
    status: Int[Array, ""]  # a `mfml.iteration.Status`


Model = Scaled | MDN


@public
@partial(jax.jit, static_argnames=("n_components", "hidden"))
def init(
    x: Float[Array, "n d"], y: Float[Array, " n"], *, key: Key[Array, ""], n_components: int, hidden: tuple[int, ...]
) -> Scaled:
    """Draw a network, and measure the mean and the standard deviation of the data; sizes are static.

    The components start at different places in the range of y, so that they can share the work.

    Raises:
        ValueError: unless shapes fit, there is a sample, and n_components >= 1.

    >>> made = init(jnp.ones((4, 2)), jnp.arange(4.0), key=jax.random.key(0), n_components=3, hidden=(8,))
    >>> made.network[-1].bias.shape
    (9,)
    """
    require.rank("x", x, 2)
    require.samples(x, y)
    require.positive("n_components", n_components)
    network = mlp.init(key=key, sizes=(x.shape[1], *hidden, 3 * n_components), scheme="glorot", dtype=x.dtype.type)
    places = jnp.linspace(-1.0, 1.0, n_components, dtype=x.dtype) if n_components > 1 else jnp.zeros(1, x.dtype)
    bias = jnp.concatenate([jnp.zeros_like(places), places, jnp.full_like(places, -0.5)])
    network = (*network[:-1], network[-1]._replace(bias=bias))
    x_scale, y_scale = (jnp.where(scale > 0, scale, 1.0) for scale in (sums.std(x), sums.std(y)))
    return Scaled(network, sums.mean(x), x_scale, sums.mean(y), y_scale)


@public
@jax.jit
def conditional(model: Model, x: Float[Array, "m d"]) -> Mixture:
    """Distribution of y for each sample. Components have no particular order, but all samples have the same one.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    Source: Bishop (2006), section 5.6.

    >>> x, y = jnp.ones((4, 1)), jnp.arange(4.0)
    >>> conditional(init(x, y, key=jax.random.key(0), n_components=2, hidden=(3,)), x).means.shape
    (4, 2)
    """
    require.rank("x", x, 2)
    require.columns("x", x, len(model.x_shift))
    log_weights, means, scales = _mixture(model.network, (x - model.x_shift) / model.x_scale)
    return Mixture(log_weights, model.y_shift + model.y_scale * means, model.y_scale * scales)


@public
@jax.jit
def predict(model: Model, x: Float[Array, "m d"]) -> Float[Array, " m"]:
    r"""Mean $\sum_k \pi_k \mu_k$ of the distribution of y, in units of y: what least squares would predict.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    Source: Bishop (2006), equation 5.158.

    >>> x, y = jnp.ones((4, 1)), jnp.arange(4.0)
    >>> predict(init(x, y, key=jax.random.key(0), n_components=2, hidden=(3,)), x).shape
    (4,)
    """
    return _mean(conditional(model, x))


@public
@jax.jit
def variance(model: Model, x: Float[Array, "m d"]) -> Float[Array, " m"]:
    r"""Variance within components and between them, $\sum_k \pi_k (\sigma_k^2 + (\mu_k - \mu)^2)$.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    Source: Bishop (2006), equation 5.160.

    >>> x, y = jnp.ones((4, 1)), jnp.arange(4.0)
    >>> (variance(init(x, y, key=jax.random.key(0), n_components=2, hidden=(3,)), x) > 0).all().item()
    True
    """
    mixture = conditional(model, x)
    between = (mixture.means - _mean(mixture)[:, None]) ** 2
    return jnp.sum(jnp.exp(mixture.log_weights) * (mixture.scales**2 + between), axis=1)


@public
@jax.jit
def log_prob(model: Model, x: Float[Array, "n d"], y: Float[Array, " n"]) -> Float[Array, " n"]:
    r"""Log-likelihood $\log \sum_k \pi_k \mathcal N(y; \mu_k, \sigma_k^2)$ of each sample, nats.

    Raises:
        ValueError: unless x has as many columns as in the fit, and there is one y per sample.

    Source: Bishop (2006), equation 5.153.

    >>> x, y = jnp.ones((4, 1)), jnp.arange(4.0)
    >>> log_prob(init(x, y, key=jax.random.key(0), n_components=2, hidden=(3,)), x, y).shape
    (4,)
    """
    _check(x, y)
    return _log_prob(conditional(model, x), y)


@public
@jax.jit
def score(model: Model, x: Float[Array, "n d"], y: Float[Array, " n"]) -> Float[Array, ""]:
    """Log-likelihood, mean over samples, in nats. It is what `fit` maximizes.

    Raises:
        ValueError: unless x has as many columns as in the fit, and there is one y per sample.

    >>> x, y = jnp.ones((4, 1)), jnp.arange(4.0)
    >>> score(init(x, y, key=jax.random.key(0), n_components=2, hidden=(3,)), x, y).shape
    ()
    """
    require.samples(x, y)
    return jnp.mean(log_prob(model, x, y))


@public
@jax.jit
def cdf(model: Model, x: Float[Array, "n d"], y: Float[Array, " n"]) -> Float[Array, " n"]:
    """Probability of a value up to y, for each sample. `calibration.pit_histogram` takes it.

    Raises:
        ValueError: unless x has as many columns as in the fit, and there is one y per sample.

    >>> x, y = jnp.ones((4, 1)), jnp.arange(4.0)
    >>> made = init(x, y, key=jax.random.key(0), n_components=2, hidden=(3,))
    >>> cdf(made, x, jnp.full(4, jnp.inf)).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    _check(x, y)
    mixture = conditional(model, x)
    z = scaling.ratio(y[:, None] - mixture.means, mixture.scales)
    return jnp.sum(jnp.exp(mixture.log_weights) * ndtr(z), axis=1)


@public
@jax.jit
def sample(model: Model, x: Float[Array, "m d"], *, key: Key[Array, ""]) -> tuple[Float[Array, " m"], Int[Array, " m"]]:
    """Draw one y for each sample, and the component that it comes from.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    >>> x, y = jnp.ones((4, 1)), jnp.arange(4.0)
    >>> made = init(x, y, key=jax.random.key(0), n_components=2, hidden=(3,))
    >>> sample(made, x, key=jax.random.key(1))[0].shape
    (4,)
    """
    for_component, for_noise = jax.random.split(key)
    log_weights, *parts = conditional(model, x)
    component = jax.random.categorical(for_component, log_weights, axis=1)
    noise = jax.random.normal(for_noise, component.shape, log_weights.dtype)
    mean, scale = (jnp.take_along_axis(part, component[:, None], axis=1)[:, 0] for part in parts)
    return mean + scale * noise, component


@public
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
) -> MDN:
    """Minimize the mean negative log-likelihood by Adam. The learning rate falls to 0 along a cosine.

    Args:
        x: features.
        y: targets.
        key: for the network at the start and the order of the samples.
        n_components: k; static.
        hidden: neurons of each hidden layer; static.
        n_steps: number of updates; static.
        batch_size: samples per step; None takes all of them; static.
        learning_rate: at the start; static.

    Raises:
        ValueError: unless shapes fit, counts are positive, and the batch is not larger than the data.

    Source: Bishop (1994), Mixture Density Networks; Bishop (2006), section 5.6.

    >>> x = jnp.linspace(-1.0, 1.0, 20)[:, None]
    >>> fitted = fit(x, x[:, 0], key=jax.random.key(0), n_components=1, hidden=(8,), n_steps=200)
    >>> (score(fitted, x, x[:, 0]) > -fitted.history[0]).item()
    True
    """
    require.positive("n_steps", n_steps)
    for_network, for_order = jax.random.split(key)
    first: Scaled = init(x, y, key=for_network, n_components=n_components, hidden=hidden)
    data = (x - first.x_shift) / first.x_scale, (y - first.y_shift) / first.y_scale
    options = loop.Options(_loss, _adam(learning_rate, n_steps), n_steps=n_steps, batch_size=batch_size)
    done = loop.fit(data, key=for_order, options=options, init=first.network)
    history = done.history + jnp.log(first.y_scale)  # the loss is per standard deviation of y
    return MDN(done.params, *first[1:], history, done.n_iter, done.converged, done.status)


@cache
def _adam(learning_rate: float, n_steps: int) -> optax.GradientTransformation:
    """The same object for the same numbers, so that `loop.fit` compiles once."""
    return optax.adam(optax.cosine_decay_schedule(learning_rate, n_steps))


def _loss(network: mlp.Network, batch: tuple[Array, Array], _: Array) -> Array:
    z, y = batch
    return -jnp.mean(_log_prob(_mixture(network, z), y))


def _mixture(network: mlp.Network, z: Array) -> Mixture:
    """In standard deviations of x and y."""
    logits, means, widths = jnp.split(mlp.apply(network, z, activation="tanh"), 3, axis=1)
    return Mixture(jax.nn.log_softmax(logits, axis=1), means, SMALLEST_SCALE + jax.nn.softplus(widths))


def _mean(mixture: Mixture) -> Array:
    return jnp.sum(jnp.exp(mixture.log_weights) * mixture.means, axis=1)


def _log_prob(mixture: Mixture, y: Array) -> Array:
    each = likelihood.gaussian_nll(jnp.broadcast_to(y[:, None], mixture.means.shape), mixture.means, mixture.scales)
    return logsumexp(mixture.log_weights - each, axis=1)


def _check(x: Array, y: Array) -> None:
    require.rank("y", y, 1)
    require.same_length(x=x, y=y)
