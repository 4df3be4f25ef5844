r"""Autoencoders: compress, rebuild, and learn what is usual. Shapes: n samples, d features, k latent coordinates.

An encoder maps a sample to a code of k numbers, a decoder maps the code back, and both are trained together to
make the reconstruction error small. With linear layers the best plane is that of PCA; hidden layers make it a
curved surface; convolutions know that a pixel's neighbors matter. A denoising autoencoder gets a noisy sample
and has to return the clean one.

A model is a pytree of arrays; its type says the architecture. Codes are not unique: any invertible change of
coordinates in the encoder can be undone in the decoder.
"""

import math
from collections.abc import Sequence
from functools import partial
from itertools import accumulate, pairwise
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.training import loop


class Dense(NamedTuple):
    """An affine layer."""

    kernel: Float[Array, "i o"]
    bias: Float[Array, " o"]


class Convolution(NamedTuple):
    """A 3 x 3 convolution: rows, columns, channels in, channels out."""

    kernel: Float[Array, "3 3 i o"]
    bias: Float[Array, " o"]


class Layered(NamedTuple):
    """Dense layers, with GELU between them; linear where both parts have a single layer."""

    encoder: tuple[Dense, ...]
    decoder: tuple[Dense, ...]


class Convolutional(NamedTuple):
    """Convolutions that halve the image, a dense layer to the code, and the way back."""

    encoder: tuple[Convolution, ...]
    code: Dense
    expand: Float[Array, "k o"]  # from the code to the smallest image
    smallest: Float[Array, "h w c"]  # the layer's bias, which also says the shape of that image
    decoder: tuple[Convolution, ...]


Model = Layered | Convolutional


class Fitted(NamedTuple):
    """A trained model."""

    model: Model
    history: Float[Array, " steps"]  # loss of each step's batch before the step, with the noise of denoising


@partial(jax.jit, static_argnames=("n_features", "n_components", "hidden"))
def init_dense(*, key: Key[Array, ""], n_features: int, n_components: int, hidden: tuple[int, ...] = ()) -> Layered:
    r"""Random dense autoencoder: widths d, hidden, k, and back. Without `hidden` it is linear.

    Kernels are normal with variance 1/width of the input, biases zero. All sizes are static.

    Raises:
        ValueError: where a size is not positive.

    Source: Murphy (2012), section 28.3.2; Neuer (2024), autoencoders; linear: Baldi and Hornik (1989), Neural
    Networks 2.

    >>> model = init_dense(key=jax.random.key(0), n_features=8, n_components=2, hidden=(5,))
    >>> [layer.kernel.shape for layer in model.encoder + model.decoder]
    [(8, 5), (5, 2), (2, 5), (5, 8)]
    """
    widths = (n_features, *hidden, n_components)
    for width in widths:
        require.positive("width", width)
    there = list(pairwise(widths))
    back = [(o, i) for i, o in reversed(there)]
    kernels = _kernels(key, there + back, gain=1.0)
    layers = tuple(Dense(kernel, jnp.zeros(kernel.shape[-1])) for kernel in kernels)
    return Layered(layers[: len(there)], layers[len(there) :])


@partial(jax.jit, static_argnames=("shape", "n_components", "channels"))
def init_convolutional(
    *, key: Key[Array, ""], shape: tuple[int, int, int], n_components: int, channels: tuple[int, ...] = (8, 16)
) -> Convolutional:
    """Random convolutional autoencoder of images of this shape (rows, columns, channels).

    Each entry of `channels` is a convolution with that many channels, which halves rows and columns. Kernels
    are normal with variance 2/inputs, biases zero. All arguments but the key are static.

    Raises:
        ValueError: unless rows and columns can be halved len(channels) times, and sizes are positive.

    >>> init_convolutional(key=jax.random.key(0), shape=(16, 16, 1), n_components=3).smallest.shape
    (4, 4, 16)
    """
    require.positive("n_components", n_components)
    require.that(len(channels) > 0, "there must be at least one convolution; found channels=()")
    factor = 2 ** len(channels)
    require.that(
        shape[0] % factor == 0 and shape[1] % factor == 0 and min(shape) > 0,
        f"rows and columns must be multiples of {factor}, halved by each of {len(channels)} layers; found {shape}",
    )
    widths = (shape[2], *channels)
    there = list(pairwise(widths))
    back = [(o, i) for i, o in reversed(there)]
    small = (shape[0] // factor, shape[1] // factor, channels[-1])
    size = small[0] * small[1] * small[2]
    for_dense, for_convolutions = jax.random.split(key)
    code, expand = _kernels(for_dense, [(size, n_components), (n_components, size)], gain=1.0)
    kernels = _kernels(for_convolutions, [(3, 3, *sizes) for sizes in there + back], gain=2.0)
    layers = tuple(Convolution(kernel, jnp.zeros(kernel.shape[-1])) for kernel in kernels)
    return Convolutional(
        layers[: len(there)],
        Dense(code, jnp.zeros(n_components)),
        expand,
        jnp.zeros(small),
        layers[len(there) :],
    )


def encode(model: Model, x: Float[Array, "n *shape"]) -> Float[Array, "n k"]:
    """Codes of samples: (n, d), or (n, rows, columns, channels) for a convolutional model.

    Raises:
        ValueError: unless the samples have the model's shape.

    >>> encode(init_dense(key=jax.random.key(0), n_features=8, n_components=2), jnp.ones((3, 8))).shape
    (3, 2)
    """
    if isinstance(model, Layered):
        require.rank("x", x, 2)
        require.same_length(features_of_x=x.T, features_of_model=model.encoder[0].kernel)
        return _through(model.encoder, x)
    _check_images(model, x)
    for layer in model.encoder:
        x = jax.nn.gelu(_convolve(layer, x, stride=2))
    return _affine(model.code, x.reshape(len(x), -1))


def decode(model: Model, z: Float[Array, "n k"]) -> Float[Array, "n *shape"]:
    """Samples of codes; the last layer has no activation, so any value can come out.

    Raises:
        ValueError: unless the codes have the model's number of coordinates.

    >>> decode(init_dense(key=jax.random.key(0), n_features=8, n_components=2), jnp.ones((3, 2))).shape
    (3, 8)
    """
    require.rank("z", z, 2)
    first = model.decoder[0].kernel if isinstance(model, Layered) else model.expand
    require.same_length(coordinates_of_z=z.T, coordinates_of_model=first)
    if isinstance(model, Layered):
        return _through(model.decoder, z)
    image = jax.nn.gelu((z @ model.expand).reshape(len(z), *model.smallest.shape) + model.smallest)
    for place, layer in enumerate(model.decoder):
        doubled = jnp.repeat(jnp.repeat(image, 2, axis=1), 2, axis=2)
        image = _convolve(layer, doubled, stride=1)
        if place + 1 < len(model.decoder):
            image = jax.nn.gelu(image)
    return image


def reconstruct(model: Model, x: Float[Array, "n *shape"]) -> Float[Array, "n *shape"]:
    """Decode the code of each sample.

    >>> reconstruct(init_dense(key=jax.random.key(0), n_features=8, n_components=2), jnp.ones((3, 8))).shape
    (3, 8)
    """
    return decode(model, encode(model, x))


def loss(model: Model, x: Float[Array, "n *shape"], target: Float[Array, "n *shape"] | None = None) -> Float[Array, ""]:
    r"""Mean squared error $\frac{1}{n d} \sum_{ij} (\hat x_{ij} - t_{ij})^2$ over samples AND features or pixels.

    No 1/2. The target is x itself if left out; for denoising x is noisy and the target clean.

    Raises:
        ValueError: where shapes do not fit.

    >>> zero = jax.tree.map(jnp.zeros_like, init_dense(key=jax.random.key(0), n_features=2, n_components=1))
    >>> loss(zero, jnp.array([[1.0, 3.0]])).item()
    5.0
    """
    rebuilt = reconstruct(model, x)
    wanted = x if target is None else target
    require.same_shape(reconstruction=rebuilt, target=wanted)
    return jnp.mean((rebuilt - wanted) ** 2)


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
) -> Fitted:
    r"""Train a model to make `loss` small: Adam on batches, with a rate that falls to 0 like a cosine.

    With `noise` it is a denoising autoencoder: Gaussian noise of this standard deviation is added anew to the
    input of each step, and the target is the clean sample. Bring the features to one scale first.

    Args:
        x: samples.
        key: for the order of the samples and the noise.
        init: where to start: from `init_dense` or `init_convolutional`.
        noise: in units of x; None for a plain autoencoder.
        learning_rate: at the start.
        batch_size: samples a step; all if left out; static.
        n_steps: number of steps; static.

    Raises:
        ValueError: where shapes do not fit, or sizes are out of range.

    Source: Vincent et al. (2008), Extracting and composing robust features with denoising autoencoders;
    Kingma and Ba (2015), Adam.

    >>> x = jnp.outer(jnp.linspace(-1.0, 1.0, 9), jnp.array([1.0, 2.0]))
    >>> start = init_dense(key=jax.random.key(0), n_features=2, n_components=1)
    >>> bool(fit(x, key=jax.random.key(1), init=start, learning_rate=0.03).history[-1] < 1e-3)
    True
    """

    def objective(model: Model, batch: Array, key: Array) -> Array:
        if noise is None:
            return loss(init, batch)
        drawn = jax.random.normal(key, (batch.size,), batch.dtype).reshape(batch.shape)
        return loss(init, batch + noise * drawn, batch)

    fraction = optax.cosine_decay_schedule(1.0, n_steps)
    rate = jnp.asarray(learning_rate, x.dtype)
    optimizer = optax.adam(lambda count: rate * fraction(count))
    options = loop.Options(objective, optimizer, n_steps=n_steps, batch_size=batch_size)
    done = loop.fit(x, key=key, options=options, init=init)
    return Fitted(done.params, done.history)


def _kernels(key: Array, shapes: Sequence[tuple[int, ...]], *, gain: float) -> list[Array]:
    """Normal kernels of variance gain/inputs; one draw for all of them compiles faster than one for each."""
    sizes = [math.prod(shape) for shape in shapes]
    flat = jnp.split(jax.random.normal(key, (sum(sizes),)), list(accumulate(sizes))[:-1])
    scales = [math.sqrt(gain / math.prod(shape[:-1])) for shape in shapes]
    return [scale * part.reshape(shape) for scale, part, shape in zip(scales, flat, shapes, strict=True)]


def _affine(layer: Dense, x: Array) -> Array:
    return x @ layer.kernel + layer.bias


def _through(layers: tuple[Dense, ...], x: Array) -> Array:
    for layer in layers[:-1]:
        x = jax.nn.gelu(_affine(layer, x))
    return _affine(layers[-1], x)


def _convolve(layer: Convolution, x: Array, *, stride: int) -> Array:
    """Convolve images (n, rows, columns, channels), zeros around them."""
    found = lax.conv_general_dilated(
        x, layer.kernel, (stride, stride), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    return found + layer.bias


def _check_images(model: Convolutional, x: Array) -> None:
    require.rank("x", x, 4)
    factor = 2 ** len(model.encoder)
    rows, columns, _ = model.smallest.shape
    needed = (rows * factor, columns * factor, model.encoder[0].kernel.shape[2])
    require.that(x.shape[1:] == needed, f"images must have shape {needed}; found {x.shape[1:]}")
