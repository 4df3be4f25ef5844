r"""Autoencoders: compress samples and reconstruct them. Shapes: n samples, d features, k latent coordinates.

An encoder maps a sample to a code of k numbers, and a decoder maps the code back. Both are trained together to minimize
the reconstruction error. With linear layers, the best subspace is that of PCA. Hidden layers bend it into a curved
surface, and convolutions exploit the local structure of images. A denoising autoencoder receives a noisy sample and
must return the clean one.

The types of the layers determine the architecture. Codes are not unique: the decoder can undo any invertible change of
coordinates in the encoder.
"""

import math
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import iteration, require
from mfml.entrance import public
from mfml.networks.layers import Convolution, Dense, dense, init_weight
from mfml.training import loop


class Expand(NamedTuple):
    """A dense layer from a code to an image. Its bias has the shape of that image."""

    weight: Float[Array, "k o"]
    bias: Float[Array, "h w c"]  # o = h w c


Layer = Dense | Convolution | Expand


class Network(NamedTuple):
    """The trainable layers of an autoencoder; GELU follows each one except the last of the encoder and of the decoder.

    Each convolution of the encoder halves the image. The decoder repeats pixels before each convolution to double it.
    """

    encoder: tuple[Layer, ...]
    decoder: tuple[Layer, ...]


class Autoencoder(NamedTuple):
    """A trained autoencoder."""

    encoder: tuple[Layer, ...]
    decoder: tuple[Layer, ...]
    history: Float[Array, " steps"]  # loss of each step's batch before the step, including any noise
    n_iter: Int[Array, ""]  # number of steps
    converged: Bool[Array, ""]  # always False: there is no test of convergence
    status: Int[Array, ""]  # how it ended, see `mfml.iteration`


Model = Network | Autoencoder


@public
@partial(jax.jit, static_argnames=("n_features", "n_components", "hidden"))
def init_dense(*, key: Key[Array, ""], n_features: int, n_components: int, hidden: tuple[int, ...] = ()) -> Network:
    r"""Random dense autoencoder of widths d, hidden, k and back to d. Without `hidden` it is linear.

    Weights are normal with variance 1/inputs, biases zero. All sizes are static.

    Raises:
        ValueError: unless all sizes are positive.

    Source: Murphy (2012), section 28.3.2; Neuer (2024), autoencoders; linear: Baldi and Hornik (1989), Neural
    Networks 2.

    >>> model = init_dense(key=jax.random.key(0), n_features=8, n_components=2, hidden=(5,))
    >>> [layer.weight.shape for layer in model.encoder + model.decoder]
    [(8, 5), (5, 2), (2, 5), (5, 8)]
    """
    require.positive("n_features", n_features)
    require.positive("n_components", n_components)
    for width in hidden:
        require.positive("hidden", width)
    there = list(pairwise((n_features, *hidden, n_components)))
    shapes = there + [(o, i) for i, o in reversed(there)]
    keys = jax.random.split(key, len(shapes))
    layers: tuple[Layer, ...] = tuple(_init_dense(one, *shape) for one, shape in zip(keys, shapes, strict=True))
    return Network(layers[: len(there)], layers[len(there) :])


@public
@partial(jax.jit, static_argnames=("shape", "n_components", "channels"))
def init_convolutional(
    *, key: Key[Array, ""], shape: tuple[int, int, int], n_components: int, channels: tuple[int, ...] = (8, 16)
) -> Network:
    """Random convolutional autoencoder of images of this shape (rows, columns, channels).

    Each entry of `channels` adds a convolution with that many channels, which halves rows and columns. A dense layer
    then yields the code. The decoder mirrors the encoder. Weights of convolutions are normal with variance 2/inputs,
    those of dense layers with variance 1/inputs; biases are zero. All arguments except the key are static.

    Raises:
        ValueError: unless rows and columns can be halved len(channels) times, and all sizes are positive.

    >>> model = init_convolutional(key=jax.random.key(0), shape=(16, 16, 1), n_components=3)
    >>> [layer.bias.shape for layer in model.encoder + model.decoder]
    [(8,), (16,), (3,), (4, 4, 16), (8,), (1,)]
    """
    require.positive("n_components", n_components)
    require.that(len(channels) > 0, "there must be at least one convolution; found channels=()")
    factor = 2 ** len(channels)
    require.that(
        shape[0] % factor == 0 and shape[1] % factor == 0 and min(shape) > 0,
        f"rows and columns must be multiples of {factor} to be halved {len(channels)} times; found {shape}",
    )
    there = list(pairwise((shape[2], *channels)))
    small = (shape[0] // factor, shape[1] // factor, channels[-1])
    size = small[0] * small[1] * small[2]
    for_code, for_expand, *keys = jax.random.split(key, 2 + 2 * len(there))
    shapes = there + [(o, i) for i, o in reversed(there)]
    layers: tuple[Layer, ...] = tuple(_init_convolution(one, *sizes) for one, sizes in zip(keys, shapes, strict=True))
    expand = Expand(init_weight(key=for_expand, shape=(n_components, size), gain=1.0), jnp.zeros(small))
    encoder = (*layers[: len(there)], _init_dense(for_code, size, n_components))
    return Network(encoder, (expand, *layers[len(there) :]))


@public
@jax.jit
def encode(model: Model, x: Float[Array, "n *shape"]) -> Float[Array, "n k"]:
    """Codes of samples of shape (n, d), or (n, rows, columns, channels) for a convolutional model.

    Raises:
        ValueError: unless the samples have the shape that the model expects.

    >>> encode(init_dense(key=jax.random.key(0), n_features=8, n_components=2), jnp.ones((3, 8))).shape
    (3, 2)
    """
    _check(model, x)
    *hidden, last = model.encoder
    for layer in hidden:
        x = jax.nn.gelu(_apply(layer, x, stride=2))
    return _apply(last, x.reshape(len(x), math.prod(x.shape[1:])))  # -1 fails without samples


@public
@jax.jit
def decode(model: Model, z: Float[Array, "n k"]) -> Float[Array, "n *shape"]:
    """Samples decoded from codes. The last layer has no activation, so the values are unbounded.

    Raises:
        ValueError: unless the codes have the model's number of coordinates.

    >>> decode(init_dense(key=jax.random.key(0), n_features=8, n_components=2), jnp.ones((3, 2))).shape
    (3, 8)
    """
    require.rank("z", z, 2)
    require.columns("z", z, model.decoder[0].weight.shape[0])
    *hidden, last = model.decoder
    made = z
    for layer in hidden:
        made = jax.nn.gelu(_apply(layer, _doubled(layer, made)))
    return _apply(last, _doubled(last, made))


@public
@jax.jit
def reconstruct(model: Model, x: Float[Array, "n *shape"]) -> Float[Array, "n *shape"]:
    """Encode and decode each sample.

    >>> reconstruct(init_dense(key=jax.random.key(0), n_features=8, n_components=2), jnp.ones((3, 8))).shape
    (3, 8)
    """
    return decode(model, encode(model, x))


@public
@jax.jit
def loss(
    model: Model, x: Float[Array, "n *shape"], *, target: Float[Array, "n *shape"] | None = None
) -> Float[Array, ""]:
    r"""Mean squared error $\frac{1}{n d} \sum_{ij} (\hat x_{ij} - t_{ij})^2$ over samples AND features or pixels.

    There is no factor 1/2. The target is x itself by default. For denoising, x is noisy and the target clean.

    Raises:
        ValueError: if shapes do not match.

    >>> zero = jax.tree.map(jnp.zeros_like, init_dense(key=jax.random.key(0), n_features=2, n_components=1))
    >>> loss(zero, jnp.array([[1.0, 3.0]])).item()
    5.0
    """
    target = x if target is None else target
    require.same_shape(x=x, target=target)
    return jnp.mean((reconstruct(model, x) - target) ** 2)


@public
@partial(jax.jit, static_argnames=("batch_size", "n_steps"))
def fit(
    x: Float[Array, "n *shape"],
    *,
    key: Key[Array, ""],
    init: Model,
    noise: ArrayLike | None = None,
    learning_rate: ArrayLike = 3e-3,
    batch_size: int | None = None,
    n_steps: int = 1000,
) -> Autoencoder:
    r"""Minimize `loss` by Adam on batches; the learning rate decays to 0 like a cosine.

    With `noise` the model is a denoising autoencoder: each step adds new Gaussian noise of this standard deviation to
    its input, and the target is the clean sample. Bring the features to a common scale first.

    Args:
        x: samples.
        key: for the order of the samples and the noise.
        init: model to start from: by `init_dense`, by `init_convolutional`, or from an earlier fit.
        noise: in units of x; None for a plain autoencoder.
        learning_rate: of the first step.
        batch_size: samples per step; all by default; static.
        n_steps: number of steps; static.

    Raises:
        ValueError: if shapes do not match or sizes are out of range.

    Source: Vincent et al. (2008), Extracting and composing robust features with denoising autoencoders;
    Kingma and Ba (2015), Adam.

    >>> x = jnp.outer(jnp.linspace(-1.0, 1.0, 9), jnp.array([1.0, 2.0]))
    >>> network = init_dense(key=jax.random.key(0), n_features=2, n_components=1)
    >>> bool(fit(x, key=jax.random.key(1), init=network, learning_rate=0.03).history[-1] < 1e-3)
    True
    """

    def objective(network: Network, batch: Array, key: Array) -> Array:
        if noise is None:
            return loss(network, batch)
        drawn = jax.random.normal(key, (batch.size,), batch.dtype).reshape(batch.shape)
        return loss(network, batch + noise * drawn, target=batch)

    require.that(len(x) > 0, f"x must hold at least one sample; found shape {x.shape}")
    require.positive("n_steps", n_steps)
    fraction = optax.cosine_decay_schedule(1.0, n_steps)
    rate = jnp.asarray(learning_rate, x.dtype)
    optimizer = optax.adam(lambda count: rate * fraction(count))
    options = loop.Options(objective, optimizer, n_steps=n_steps, batch_size=batch_size)
    done = loop.fit(x, key=key, options=options, init=Network(init.encoder, init.decoder))
    report = iteration.Report(done.history, done.n_iter, done.converged, done.status)
    return Autoencoder(done.params.encoder, done.params.decoder, *report)


def _init_dense(key: Array, d: int, k: int) -> Dense:
    return Dense(init_weight(key=key, shape=(d, k), gain=1.0), jnp.zeros(k))


def _init_convolution(key: Array, c: int, k: int) -> Convolution:
    return Convolution(init_weight(key=key, shape=(3, 3, c, k)), jnp.zeros(k))


def _apply(layer: Layer, x: Array, *, stride: int = 1) -> Array:
    """Apply one layer without activation. Images have shape (n, rows, columns, channels) and are padded with zeros."""
    if isinstance(layer, Dense):
        return dense(layer, x)
    if isinstance(layer, Expand):
        return (x @ layer.weight).reshape(len(x), *layer.bias.shape) + layer.bias
    strides, order = (stride, stride), ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(x, layer.weight, strides, "SAME", dimension_numbers=order) + layer.bias


def _doubled(layer: Layer, x: Array) -> Array:
    """Input of a layer of the decoder; for a convolution, each pixel is repeated along rows and columns."""
    return jnp.repeat(jnp.repeat(x, 2, axis=1), 2, axis=2) if isinstance(layer, Convolution) else x


def _check(model: Model, x: Array) -> None:
    """Require samples of the shape that the model expects."""
    expand = model.decoder[0]
    if not isinstance(expand, Expand):
        require.rank("x", x, 2)
        require.columns("x", x, model.encoder[0].weight.shape[0])
        return
    require.rank("x", x, 4)
    factor = 2 ** (len(model.encoder) - 1)
    rows, columns, _ = expand.bias.shape
    needed = (rows * factor, columns * factor, model.encoder[0].weight.shape[2])
    require.that(x.shape[1:] == needed, f"images must have shape {needed}; found {x.shape[1:]}")
