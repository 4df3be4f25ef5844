r"""Contrastive learning: views of one sample close together, others apart. Shapes: n samples, k coordinates.

SimCLR makes two views of each image in a batch (`augment`). An encoder with a projection head learns to find the
partner of each view among all others. No labels are needed. After training, the head is dropped, and the features of
the encoder can be used for any task (`probe`).
"""

from functools import partial
from itertools import pairwise
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import require
from mfml.entrance import public
from mfml.networks import layers
from mfml.networks.layers import Convolution, Dense
from mfml.numerics import scaling
from mfml.representation import augment
from mfml.training import loop


class Encoder(NamedTuple):
    """Convolutions that halve the image, a mean over the remaining positions, and a projection head."""

    convolutions: tuple[Convolution, ...]
    head: tuple[Dense, Dense]  # from features to the sphere on which views are compared


class SimCLR(NamedTuple):
    """A trained encoder and the report of its training."""

    convolutions: tuple[Convolution, ...]
    head: tuple[Dense, Dense]
    history: Float[Array, " steps"]  # NT-Xent of each step's batch before its update, in nats
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # always False: there is no test of convergence
    status: Int[Array, ""]  # FINISHED or NON_FINITE, see `mfml.iteration`


@public
@jax.jit
def info_nce(
    queries: Float[Array, "n k"], keys: Float[Array, "n k"], *, temperature: ArrayLike = 0.1
) -> Float[Array, ""]:
    r"""Mean over i of $-\ln \frac{\exp(q_i \cdot k_i / \tau)}{\sum_j \exp(q_i \cdot k_j / \tau)}$, in nats.

    All rows are first scaled to unit length. Key i belongs to query i, and all other keys are negatives. Guessing gives
    ln n.

    Raises:
        ValueError: unless both have two axes and the same shape.

    Source: van den Oord, Li and Vinyals (2018), arXiv:1807.03748.

    >>> round(info_nce(jnp.eye(2), jnp.eye(2), temperature=1.0).item(), 4)
    0.3133
    """
    require.rank("queries", queries, 2)
    require.same_shape(queries=queries, keys=keys)
    logits = _unit(queries) @ _unit(keys).T / temperature
    return jnp.mean(jax.nn.logsumexp(logits, axis=1) - jnp.diagonal(logits))


@public
@jax.jit
def nt_xent(
    first: Float[Array, "n k"], second: Float[Array, "n k"], *, temperature: ArrayLike = 0.5
) -> Float[Array, ""]:
    r"""SimCLR's loss: each of the 2n views is a query, and the other view of the same sample is its key.

    $$\frac{1}{2n} \sum_{a=1}^{2n} -\ln \frac{\exp(s_{a,p(a)} / \tau)}{\sum_{b \ne a} \exp(s_{ab} / \tau)}$$

    with cosines s and the partner p(a) of view a; in nats. A view is not compared with itself.

    Raises:
        ValueError: unless both have two axes and the same shape.

    Source: Chen et al. (2020), ICML, equation 1.

    >>> round(nt_xent(jnp.eye(2), jnp.eye(2), temperature=1.0).item(), 4)
    0.5514
    """
    require.rank("first", first, 2)
    require.same_shape(first=first, second=second)
    n = len(first)
    views = _unit(jnp.concatenate([first, second]))
    logits = jnp.where(jnp.eye(2 * n, dtype=bool), -jnp.inf, views @ views.T / temperature)
    partners = jnp.roll(jnp.arange(2 * n), n)
    found = jnp.take_along_axis(logits, partners[:, None], axis=1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(logits, axis=1) - found)


@public
@partial(jax.jit, static_argnames=("channels", "n_components"))
def init(*, key: Key[Array, ""], channels: tuple[int, ...] = (16, 32, 64), n_components: int = 32) -> Encoder:
    """Draw an encoder of gray images. It has one feature per channel of its last convolution.

    Weights are normal with variance 2/inputs (He), biases zero. All sizes are static.

    Raises:
        ValueError: if there is no convolution or a size is not positive.

    >>> model = init(key=jax.random.key(0), channels=(4, 8), n_components=2)
    >>> [layer.weight.shape for layer in (*model.convolutions, *model.head)]
    [(3, 3, 1, 4), (3, 3, 4, 8), (8, 8), (8, 2)]
    """
    require.that(len(channels) > 0, "there must be at least one convolution; found channels=()")
    for name, size in (*(("channels", size) for size in channels), ("n_components", n_components)):
        require.positive(name, size)
    for_convolutions, *for_head = jax.random.split(key, 3)
    sizes, features = [*pairwise((1, *channels))], channels[-1]
    convolutions = tuple(
        Convolution(layers.init_weight(key=one, shape=(3, 3, *shape)), jnp.zeros(shape[-1]))
        for one, shape in zip(jax.random.split(for_convolutions, len(sizes)), sizes, strict=True)
    )
    first, second = (
        Dense(layers.init_weight(key=one, shape=(features, width)), jnp.zeros(width))
        for one, width in zip(for_head, (features, n_components), strict=True)
    )
    return Encoder(convolutions, (first, second))


@public
@jax.jit
def encode(model: Encoder | SimCLR, images: Float[Array, "n h w"]) -> Float[Array, "n f"]:
    """Features of images of any size: convolutions with stride 2 and ReLU, then the mean over all positions.

    The convolutions are periodic, so a shift by a multiple of the total stride does not change the features.

    Raises:
        ValueError: unless there are three axes and the image can be halved once per convolution.

    >>> encode(init(key=jax.random.key(0), channels=(4, 8)), jnp.ones((3, 8, 8))).shape
    (3, 8)
    """
    require.rank("images", images, 3)
    factor = 2 ** len(model.convolutions)
    require.that(
        images.shape[1] % factor == 0 and images.shape[2] % factor == 0,
        f"height and width of images must be multiples of {factor}; found shape {images.shape}",
    )
    x = images[..., None]
    for layer in model.convolutions:
        # with stride 2 a window of 3 needs one more row and column, on one side
        x = jnp.concatenate([x[:, -1:], x], axis=1)
        x = jnp.concatenate([x[:, :, -1:], x], axis=2)
        axes = ("NHWC", "HWIO", "NHWC")
        x = lax.conv_general_dilated(x, layer.weight, (2, 2), "VALID", dimension_numbers=axes)
        x = jax.nn.relu(x + layer.bias)
    return x.mean(axis=(1, 2))


@public
@jax.jit
def project(model: Encoder | SimCLR, features: Float[Array, "n f"]) -> Float[Array, "n k"]:
    """Apply the projection head. Training compares views by its output.

    Raises:
        ValueError: unless there are as many columns as features.

    >>> project(init(key=jax.random.key(0), channels=(4,), n_components=2), jnp.ones((3, 4))).shape
    (3, 2)
    """
    first, second = model.head
    require.columns("features", features, len(first.weight))
    return layers.dense(second, jax.nn.relu(layers.dense(first, features)))


@public
@jax.jit
def loss(
    model: Encoder | SimCLR,
    first: Float[Array, "n h w"],
    second: Float[Array, "n h w"],
    *,
    temperature: ArrayLike = 0.5,
) -> Float[Array, ""]:
    """`nt_xent` of the projections of two views of each image.

    Raises:
        ValueError: as `encode`; unless both inputs have the same shape.

    >>> model, image = init(key=jax.random.key(0), channels=(4,)), jnp.ones((1, 8, 8))
    >>> loss(model, image, image).item()
    0.0
    """
    require.same_shape(first=first, second=second)
    both = project(model, encode(model, jnp.concatenate([first, second])))
    return nt_xent(both[: len(first)], both[len(first) :], temperature=temperature)


@public
@partial(jax.jit, static_argnames=("size", "batch_size", "n_steps"))
def fit(
    images: Float[Array, "n h h"],
    *,
    key: Key[Array, ""],
    init: Encoder | SimCLR,
    size: int | None = None,
    gain: ArrayLike = 0.3,
    offset: ArrayLike = 0.1,
    noise: ArrayLike = 0.1,
    temperature: ArrayLike = 0.5,
    learning_rate: ArrayLike = 3e-3,
    batch_size: int = 128,
    n_steps: int = 300,
) -> SimCLR:
    """Train by SimCLR: each step draws two new views of a batch. Adam's learning rate decays to 0 like a cosine.

    Args:
        images: gray images with values centered near 0 and of order 1.
        key: for the order of the images and their views.
        init: encoder to start from, see the function `init`.
        size: of the views, see `augment.microstructure`; static.
        gain: of the contrast, see `augment.relit`.
        offset: of the brightness, see `augment.relit`.
        noise: standard deviation, see `augment.noisy`.
        temperature: of `nt_xent`.
        learning_rate: of the first step.
        batch_size: images per step, at most n; static.
        n_steps: number of steps; static.

    Raises:
        ValueError: if shapes do not match or sizes are out of range.

    Source: Chen et al. (2020), ICML, algorithm 1; Kingma and Ba (2015), Adam.

    >>> images = jax.random.normal(jax.random.key(0), (8, 8, 8))
    >>> start = init(key=jax.random.key(1), channels=(4,))
    >>> model = fit(images, key=jax.random.key(2), init=start, batch_size=4, n_steps=3)
    >>> model.history.shape, encode(model, images).shape
    ((3,), (8, 4))
    """

    def objective(model: Encoder, batch: Array, key: Array) -> Array:
        view = partial(augment.microstructure, size=size, gain=gain, offset=offset, noise=noise)
        first, second = (view(batch, key=one) for one in jax.random.split(key))
        return loss(model, first, second, temperature=temperature)

    require.that(len(images) > 0, f"images must hold at least one image; found shape {images.shape}")
    require.positive("n_steps", n_steps)
    fraction = optax.cosine_decay_schedule(1.0, n_steps)
    rate = jnp.asarray(learning_rate, images.dtype)
    optimizer = optax.adam(lambda count: rate * fraction(count))
    options = loop.Options(objective, optimizer, n_steps=n_steps, batch_size=batch_size)
    done = loop.fit(images, key=key, options=options, init=Encoder(init.convolutions, init.head))
    encoder: Encoder = done.params
    return SimCLR(encoder.convolutions, encoder.head, done.history, done.n_iter, done.converged, done.status)


def _unit(vectors: Float[Array, "n k"]) -> Float[Array, "n k"]:
    """Scale rows to length 1; a zero row stays zero, with zero gradient."""
    vectors = vectors / scaling.power_of_two(jnp.max(jnp.abs(vectors), axis=1, keepdims=True))
    squared = jnp.sum(vectors**2, axis=1, keepdims=True)
    return vectors * jnp.where(squared == 0, 0, lax.rsqrt(jnp.where(squared == 0, 1, squared)))
