"""Networks of variational autoencoders. Shapes: n samples of any shape, k latent coordinates, c conditions.

The layers are those of `clustering.autoencoder`, dense or convolutional; the encoder has two outputs for each latent
coordinate. The model keeps the units of the data, and works in them.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import require
from mfml.clustering import autoencoder
from mfml.clustering.autoencoder import Layer
from mfml.entrance import public
from mfml.generative import decoders, standard
from mfml.generative.decoders import Noise


class Network(NamedTuple):
    """Layers, noise, and the units in which they work."""

    encoder: tuple[Layer, ...]  # from x, and the condition, to 2 k numbers
    decoder: tuple[Layer, ...]  # from a code, and the condition, to one number per feature or pixel
    noise: Noise  # what the decoder's output says about x
    x_shift: Float[Array, "*shape"]
    x_scale: Float[Array, ""]
    condition_shift: Float[Array, " c"] | None  # None where there is no condition
    condition_scale: Float[Array, " c"] | None


class VAE(NamedTuple):
    """A trained autoencoder, and how training went."""

    encoder: tuple[Layer, ...]  # these seven as in `Network`
    decoder: tuple[Layer, ...]
    noise: Noise
    x_shift: Float[Array, "*shape"]
    x_scale: Float[Array, ""]
    condition_shift: Float[Array, " c"] | None
    condition_scale: Float[Array, " c"] | None
    history: Float[Array, " steps"]  # loss of each step's batch BEFORE its update, in nats per sample
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # always False: nothing measures how near the optimum is
    status: Int[Array, ""]  # FINISHED or NON_FINITE, see `mfml.iteration`


class Posterior(NamedTuple):
    """Normal densities of codes, with independent coordinates."""

    mean: Float[Array, "n k"]
    log_variance: Float[Array, "n k"]


Model = Network | VAE


@public
def init_dense(
    x: Float[Array, "n d"],
    *,
    key: Key[Array, ""],
    n_components: int,
    condition: Float[Array, "n c"] | None = None,
    hidden: tuple[int, ...] = (64,),
    kind: str = "gaussian",
) -> Network:
    """Measure the units of the data, and draw dense networks of widths d, hidden, 2 k; k, hidden, d.

    Args:
        x: samples.
        key: for the weights.
        n_components: k; static.
        condition: of each sample, if there is one.
        hidden: neurons of each hidden layer; without any the model is linear; static.
        kind: of the noise: "gaussian", "bernoulli" or "poisson", see `decoders`; static.

    Raises:
        ValueError: unless there is a sample and one condition per sample, sizes are positive, the kind is known, and
            the values can have this noise.

    >>> model = init_dense(jnp.ones((4, 8)), key=jax.random.key(0), n_components=2, hidden=(5,))
    >>> [layer.weight.shape for layer in model.encoder + model.decoder]
    [(8, 5), (5, 4), (2, 5), (5, 8)]
    """
    require.rank("x", x, 2)
    d, c = x.shape[1], _n_conditions(x, condition)
    noise, *units = decoders.init(x, kind=kind)
    there, back = jax.random.split(key)
    make = partial(autoencoder.init_dense, hidden=hidden)
    encoder = make(key=there, n_features=d + c, n_components=2 * n_components).encoder
    decoder = make(key=back, n_features=d, n_components=n_components + c).decoder
    return _network(x, condition, encoder, decoder, noise, *units)


@public
def init_convolutional(
    x: Float[Array, "n h w a"],
    *,
    key: Key[Array, ""],
    n_components: int,
    condition: Float[Array, "n c"] | None = None,
    channels: tuple[int, ...] = (8, 16),
    kind: str = "bernoulli",
) -> Network:
    """Measure the units of images, and draw convolutional networks, as `autoencoder.init_convolutional`.

    The encoder sees a condition as channels that are constant over the image. Arguments as in `init_dense`.

    Raises:
        ValueError: as `init_dense`; unless rows and columns can be halved len(channels) times.

    >>> images = jnp.zeros((4, 8, 8, 1))
    >>> model = init_convolutional(images, key=jax.random.key(0), n_components=2, channels=(3,))
    >>> [layer.bias.shape for layer in model.encoder + model.decoder]
    [(3,), (4,), (4, 4, 3), (1,)]
    """
    require.rank("x", x, 4)
    (*size, depth), c = x.shape[1:], _n_conditions(x, condition)
    noise, *units = decoders.init(x, kind=kind)
    there, back = jax.random.split(key)
    make = partial(autoencoder.init_convolutional, channels=channels)
    encoder = make(key=there, shape=(*size, depth + c), n_components=2 * n_components).encoder
    decoder = make(key=back, shape=(*size, depth), n_components=n_components + c).decoder
    return _network(x, condition, encoder, decoder, noise, *units)


@public
@jax.jit
def encode(model: Model, x: Float[Array, "n *shape"], *, condition: Float[Array, "m c"] | None = None) -> Posterior:
    """Density of the code of each sample, q(z | x). A condition has one row per sample, or a single row for all.

    Raises:
        ValueError: unless samples and condition have the shapes that the model expects.

    >>> encode(init_dense(jnp.ones((4, 8)), key=jax.random.key(0), n_components=2), jnp.ones((3, 8))).mean.shape
    (3, 2)
    """
    shape = model.x_shift.shape
    require.that(x.shape[1:] == shape, f"x must have shape {('n', *shape)}, as in the fit; found {x.shape}")
    given = standard.conditions(condition, model.condition_shift, model.condition_scale, n_samples=len(x))
    read = (x - model.x_shift) / model.x_scale
    if given is not None:
        maps = given.reshape(len(x), *[1] * (x.ndim - 2), given.shape[1])
        read = jnp.concatenate([read, jnp.broadcast_to(maps, (*x.shape[:-1], given.shape[1]))], axis=-1)
    return Posterior(*jnp.split(autoencoder.encode(_layers(model), read), 2, axis=1))


@public
@jax.jit
def decode(
    model: Model, z: Float[Array, "n k"], *, condition: Float[Array, "m c"] | None = None
) -> Float[Array, "n *shape"]:
    """Expectation of x given codes, in units of x. Noise is left out.

    Raises:
        ValueError: unless codes and condition have the shapes that the model expects.

    >>> decode(init_dense(jnp.ones((4, 8)), key=jax.random.key(0), n_components=2), jnp.ones((3, 2))).shape
    (3, 8)
    """
    return decoders.mean(output(model, z, condition=condition), model.noise, model.x_shift, model.x_scale)


@public
@jax.jit
def reconstruct(
    model: Model, x: Float[Array, "n *shape"], *, condition: Float[Array, "m c"] | None = None
) -> Float[Array, "n *shape"]:
    """Decode the mean code of each sample.

    Raises:
        ValueError: as `encode`.

    >>> reconstruct(init_dense(jnp.ones((4, 8)), key=jax.random.key(0), n_components=2), jnp.ones((3, 8))).shape
    (3, 8)
    """
    return decode(model, encode(model, x, condition=condition).mean, condition=condition)


@public
@jax.jit
def output(
    model: Model, z: Float[Array, "n k"], *, condition: Float[Array, "m c"] | None = None
) -> Float[Array, "n *shape"]:
    """What the decoder's last layer says, in the model's units: a mean, a logit, or a number below softplus.

    Raises:
        ValueError: as `decode`.

    >>> output(init_dense(jnp.ones((4, 8)), key=jax.random.key(0), n_components=2), jnp.ones((3, 2))).shape
    (3, 8)
    """
    require.rank("z", z, 2)
    require.columns("z", z, n_coordinates(model))
    given = standard.conditions(condition, model.condition_shift, model.condition_scale, n_samples=len(z))
    return autoencoder.decode(_layers(model), z if given is None else jnp.concatenate([z, given], axis=1))


@public
def n_coordinates(model: Model) -> int:
    """Number k of latent coordinates.

    >>> n_coordinates(init_dense(jnp.ones((4, 8)), key=jax.random.key(0), n_components=2))
    2
    """
    return len(model.encoder[-1].bias) // 2


def _n_conditions(x: Array, condition: Array | None) -> int:
    require.same_length(x=x, condition=condition)
    return 0 if condition is None else condition.shape[1]


def _network(x: Array, condition: Array | None, encoder: tuple, decoder: tuple, noise: Noise, *units: Array) -> Network:
    """All in the precision of the data."""
    encoder, decoder = jax.tree.map(lambda leaf: leaf.astype(x.dtype), (encoder, decoder))
    measured = (None, None) if condition is None else standard.measured(condition)
    return Network(encoder, decoder, noise, *units, *measured)


def _layers(model: Model) -> autoencoder.Network:
    return autoencoder.Network(model.encoder, model.decoder)
