r"""Variational autoencoders. Shapes: n samples of any shape, k latent coordinates, c conditions, s draws.

A code z with the prior N(0, I) is decoded to a distribution of samples (`decoders`). The encoder gives the mean and the
variances of a normal density q(z | x). Both are trained to maximize the ELBO, a lower bound of log p(x), see
`variational`. New samples are decoded draws from the prior. Given a condition y both networks read it, too, and the
model is one of $p(x | y)$. With linear layers and normal noise the best model is probabilistic PCA, and its ELBO is
exact.

`vae_networks` makes the networks, and has their encoder and decoder.

Source: Kingma and Welling (2014); Rezende, Mohamed and Wierstra (2014); with a condition: Sohn, Lee and Yan (2015).
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.entrance import public
from mfml.generative import decoders, variational
from mfml.generative.vae_networks import VAE, Model, Network, Posterior, n_coordinates, output
from mfml.generative.vae_networks import decode as decode
from mfml.generative.vae_networks import encode as encode
from mfml.generative.vae_networks import init_convolutional as init_convolutional
from mfml.generative.vae_networks import init_dense as init_dense
from mfml.generative.vae_networks import reconstruct as reconstruct
from mfml.training import loop


class Terms(NamedTuple):
    """The ELBO is the first minus the second, for each sample, in nats."""

    reconstruction: Float[Array, " n"]  # mean log-likelihood of x given draws of its code
    kl: Float[Array, " n"]  # divergence of q(z | x) from the prior, a sum over latent coordinates


@public
@partial(jax.jit, static_argnames="n_samples")
def sample(
    model: Model, *, key: Key[Array, ""], n_samples: int, condition: Float[Array, "m c"] | None = None
) -> Float[Array, "n *shape"]:
    """Draw codes from the prior and samples given these codes, noise included; `decode` leaves it out.

    The number is static. A condition has one row for each sample, or a single row for all.

    Raises:
        ValueError: unless n_samples >= 1 and the condition fits.

    >>> sample(
    ...     init_dense(jnp.ones((4, 8)), key=jax.random.key(0), n_components=2), key=jax.random.key(1), n_samples=3
    ... ).shape
    (3, 8)
    """
    require.positive("n_samples", n_samples)
    for_code, for_noise = jax.random.split(key)
    z = jax.random.normal(for_code, (n_samples, n_coordinates(model)), model.x_shift.dtype)
    return decoders.sample(
        output(model, z, condition=condition), model.noise, model.x_shift, model.x_scale, key=for_noise
    )


@public
def terms(
    model: Model,
    x: Float[Array, "n *shape"],
    epsilon: Float[Array, "s n k"],
    *,
    condition: Float[Array, "m c"] | None = None,
) -> Terms:
    r"""Both terms of the ELBO of each sample, at codes $\mu + \sigma \epsilon$ for s draws of normal noise $\epsilon$.

    The reconstruction is a mean over the draws and a sum over features. The divergence is exact.

    Raises:
        ValueError: unless shapes fit, and for known values that cannot have the model's noise (NaN for traced ones).

    Source: Kingma and Welling (2014), equation 10.

    >>> model = init_dense(jnp.ones((4, 8)), key=jax.random.key(0), n_components=2)
    >>> [part.shape for part in terms(model, jnp.ones((3, 8)), jnp.zeros((1, 3, 2)))]
    [(3,), (3,)]
    """
    return _terms(model, decoders.possible(x, model.noise), epsilon, condition)


@public
def loss(
    model: Model,
    x: Float[Array, "n *shape"],
    epsilon: Float[Array, "s n k"],
    *,
    beta: ArrayLike = 1.0,
    condition: Float[Array, "m c"] | None = None,
) -> Float[Array, ""]:
    r"""Mean over samples of $\beta D(q(z | x) \| p(z)) - \mathbb E_q[\log p(x | z)]$, see `terms`.

    With beta = 1 it is minus the ELBO. A larger beta keeps less of x in the code, and brings codes closer to the prior.

    Raises:
        ValueError: as `terms`; without a sample.

    Source: Higgins et al. (2017), equation 4.

    >>> model = init_dense(jnp.ones((4, 8)), key=jax.random.key(0), n_components=2)
    >>> loss(model, jnp.ones((3, 8)), jnp.zeros((1, 3, 2))).shape
    ()
    """
    return _loss(model, decoders.possible(x, model.noise), epsilon, beta, condition)


@public
def elbo(
    model: Model,
    x: Float[Array, "n *shape"],
    *,
    key: Key[Array, ""],
    n_samples: int = 1,
    condition: Float[Array, "m c"] | None = None,
) -> Float[Array, " n"]:
    """Estimate of the ELBO of each sample from n_samples draws of its code, in nats; the number is static.

    On average it is at most log p(x), for any number of draws.

    Raises:
        ValueError: as `terms`, and unless n_samples >= 1.

    >>> model = init_dense(jnp.ones((4, 8)), key=jax.random.key(0), n_components=2)
    >>> elbo(model, jnp.ones((3, 8)), key=jax.random.key(1)).shape
    (3,)
    """
    found = terms(model, x, _epsilon(model, x, key, n_samples), condition=condition)
    return found.reconstruction - found.kl


@public
def importance_bound(
    model: Model,
    x: Float[Array, "n *shape"],
    *,
    key: Key[Array, ""],
    n_samples: int = 64,
    condition: Float[Array, "m c"] | None = None,
) -> Float[Array, " n"]:
    """Lower bound of log p(x) by importance sampling from q: on average above the ELBO, and exact for many draws.

    The number of draws is static. All draws of all samples are decoded at once: give x in parts where memory is short.

    Raises:
        ValueError: as `terms`, and unless n_samples >= 1.

    Source: Burda, Grosse and Salakhutdinov (2016), equation 8.

    >>> model = init_dense(jnp.ones((4, 8)), key=jax.random.key(0), n_components=2)
    >>> importance_bound(model, jnp.ones((3, 8)), key=jax.random.key(1)).shape
    (3,)
    """
    epsilon = _epsilon(model, x, key, n_samples)
    return _importance_bound(model, decoders.possible(x, model.noise), epsilon, condition)


@public
def score(
    model: Model,
    x: Float[Array, "n *shape"],
    *,
    key: Key[Array, ""],
    n_samples: int = 64,
    condition: Float[Array, "m c"] | None = None,
) -> Float[Array, ""]:
    """Mean over samples of `importance_bound`: a lower bound of the mean log-likelihood, in nats.

    Raises:
        ValueError: as `importance_bound`; without a sample.

    >>> model = init_dense(jnp.ones((4, 8)), key=jax.random.key(0), n_components=2)
    >>> score(model, jnp.ones((3, 8)), key=jax.random.key(1)).shape
    ()
    """
    require.that(len(x) > 0, f"x must hold at least one sample; found shape {x.shape}")
    return jnp.mean(importance_bound(model, x, key=key, n_samples=n_samples, condition=condition))


@public
def fit(
    x: Float[Array, "n *shape"],
    *,
    key: Key[Array, ""],
    init: Model,
    condition: Float[Array, "n c"] | None = None,
    beta: ArrayLike = 1.0,
    learning_rate: ArrayLike = 3e-3,
    batch_size: int | None = None,
    n_steps: int = 1000,
) -> VAE:
    """Minimize `loss` by Adam, with one new draw per sample and step. The learning rate falls to 0 along a cosine.

    Args:
        x: samples.
        key: for the order of the samples and the draws.
        init: model to start from: by `init_dense`, by `init_convolutional`, or from an earlier fit.
        condition: of each sample, where the model has one.
        beta: factor of the divergence, see `loss`.
        learning_rate: of the first step.
        batch_size: samples per step; all by default; static.
        n_steps: number of steps; static.

    Raises:
        ValueError: unless shapes fit the model, there is a sample, sizes are in range, and known values can have the
            model's noise.

    Source: Kingma and Welling (2014), algorithm 1; Kingma and Ba (2015), Adam.

    >>> x = jax.random.normal(jax.random.key(0), (50, 1)) * jnp.array([1.0, 2.0])
    >>> start = init_dense(x, key=jax.random.key(1), n_components=1, hidden=())
    >>> fitted = fit(x, key=jax.random.key(2), init=start, n_steps=200)
    >>> bool(fitted.history[-1] < fitted.history[0])
    True
    """
    x = decoders.possible(x, init.noise)
    return _fit(Network(*init[:7]), x, condition, beta, learning_rate, key=key, batch_size=batch_size, n_steps=n_steps)


@partial(jax.jit, static_argnames=("batch_size", "n_steps"))
def _fit(
    init: Network,
    x: Array,
    condition: Array | None,
    beta: ArrayLike,
    learning_rate: ArrayLike,
    *,
    key: Array,
    batch_size: int | None,
    n_steps: int,
) -> VAE:
    require.that(len(x) > 0, f"x must hold at least one sample; found shape {x.shape}")
    require.positive("n_steps", n_steps)
    require.same_length(x=x, condition=condition)

    def made(params: tuple) -> Network:
        return init._replace(encoder=params[0], decoder=params[1], noise=params[2])

    def objective(params: tuple, batch: tuple[Array, Array | None], key: Array) -> Array:
        model = made(params)
        return _loss(model, batch[0], _epsilon(model, batch[0], key, 1), beta, batch[1])

    fraction = optax.cosine_decay_schedule(1.0, n_steps)
    rate = jnp.asarray(learning_rate, x.dtype)
    optimizer = optax.adam(lambda count: rate * fraction(count))
    options = loop.Options(objective, optimizer, n_steps=n_steps, batch_size=batch_size)
    done = loop.fit((x, condition), key=key, options=options, init=init[:3])
    return VAE(*made(done.params), done.history, done.n_iter, done.converged, done.status)


@jax.jit
def _terms(model: Model, x: Array, epsilon: Array, condition: Array | None) -> Terms:
    q, log_likelihood = _at_draws(model, x, epsilon, condition)
    return Terms(jnp.mean(log_likelihood, axis=0), variational.kl_to_prior(*q))


@jax.jit
def _loss(model: Model, x: Array, epsilon: Array, beta: ArrayLike, condition: Array | None) -> Array:
    require.that(len(x) > 0, f"x must hold at least one sample; found shape {x.shape}")
    reconstruction, kl = _terms(model, x, epsilon, condition)
    return jnp.mean(beta * kl - reconstruction)


@jax.jit
def _importance_bound(model: Model, x: Array, epsilon: Array, condition: Array | None) -> Array:
    q, log_likelihood = _at_draws(model, x, epsilon, condition)
    return variational.importance_bound(variational.log_weights(log_likelihood, *q, epsilon))


def _at_draws(model: Model, x: Array, epsilon: Array, condition: Array | None) -> tuple[Posterior, Float[Array, "s n"]]:
    """The density of the codes, and the likelihoods at draws from it."""
    q = encode(model, x, condition=condition)
    z = variational.reparameterize(*q, epsilon)
    s, n = len(z), len(x)
    require.that(z.ndim == 3 and s > 0, f"epsilon must have the shape (s, n, k) with s >= 1; found {epsilon.shape}")
    if condition is not None and len(condition) == n:
        condition = jnp.tile(condition, (s, 1))
    repeated = jnp.broadcast_to(x, (s, *x.shape)).reshape(s * n, *x.shape[1:])
    decoded = output(model, z.reshape(s * n, z.shape[-1]), condition=condition)
    found = decoders.log_prob(repeated, decoded, model.noise, model.x_shift, model.x_scale)
    return q, found.reshape(s, n)


def _epsilon(model: Model, x: Array, key: Array, n_samples: int) -> Array:
    require.positive("n_samples", n_samples)
    return jax.random.normal(key, (n_samples, len(x), n_coordinates(model)), model.x_shift.dtype)
