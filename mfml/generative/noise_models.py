"""Networks that guess noise, velocities or clean samples: one interface for vectors and images.

`module.apply(params, x, t)` or, with classes, `module.apply(params, x, t, labels)`. `init` draws the parameters. A time
enters as waves of several frequencies, since a network can hardly tell 500 from 501. What is known about time and class
is added to the features in each layer. With `n_classes` classes 0, 1, ..., the label `n_classes` stands for "unknown",
see `guidance`.
"""

import math
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int, Key, Num, PyTree

from mfml import require
from mfml.attention import drawing
from mfml.entrance import public

N_WAVES = 16


@public
def init(module: nn.Module, x: Float[Array, "n *shape"], *, key: Key[Array, ""]) -> PyTree[Array]:
    """Draw the parameters of a module of this file, see `mfml.attention.drawing`. Only the shape of x matters.

    >>> init(MLP(hidden=(5,)), jnp.zeros((1, 2)), key=jax.random.key(0))["params"]["out"]["kernel"].shape
    (5, 2)
    """
    n = len(x)
    labels = () if module.n_classes is None else (jnp.zeros(n, int),)
    return drawing.init(module, (x, jnp.zeros(n), *labels), key=key)


@public
def waves(t: Num[Array, " n"], *, span: float = 1.0) -> Float[Array, "n 32"]:
    r"""Sines and cosines of times between 0 and `span`, from half a wave over the span to a thousand.

    $\sin(\pi f_i t / T)$ and $\cos(\pi f_i t / T)$ with sixteen frequencies from 1 to 2000, evenly spread on a
    logarithmic axis. The span T is static. The argument of the fastest one is rounded by up to 4e-4 in float32.

    Raises:
        ValueError: unless the span is positive.

    Source: Vaswani et al. (2017), section 3.5.

    >>> waves(jnp.array([0.5]))[0, jnp.array([0, 16])].round(3).tolist()
    [1.0, -0.0]
    """
    require.rank("t", t, 1)
    require.positive("span", span)
    dtype = jnp.result_type(float, t)
    angles = t.astype(dtype)[:, None] * jnp.asarray(np.pi / span * np.geomspace(1.0, 2000.0, N_WAVES), dtype)
    return jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], axis=1)


class Known(nn.Module, kw_only=True):
    """A vector of what is known about a sample: its time and its class. NaN for a label that is no class."""

    width: int
    span: float
    n_classes: int | None

    @nn.compact
    def __call__(self, t: Num[Array, " n"], labels: Int[Array, " n"] | None) -> Float[Array, "n w"]:
        """Return activated features."""
        require.that(
            (labels is None) == (self.n_classes is None),
            f"labels are for networks with classes; found n_classes = {self.n_classes} and labels {labels}",
        )
        y = nn.Dense(self.width, name="time")(waves(t, span=self.span))
        if labels is not None and self.n_classes is not None:
            whole = jnp.issubdtype(labels.dtype, jnp.integer)
            require.that(whole, f"labels must be integers; found dtype {labels.dtype}")
            known = (labels >= 0) & (labels <= self.n_classes)
            table = nn.Dense(self.width, use_bias=False, name="label")
            y = y + jnp.where(known[:, None], table(jax.nn.one_hot(labels, self.n_classes + 1, dtype=y.dtype)), jnp.nan)
        return nn.silu(y)


class MLP(nn.Module, kw_only=True):
    """A dense network for vectors (n, d)."""

    hidden: tuple[int, ...] = (128, 128, 128)
    span: float = 1.0  # the largest time
    n_classes: int | None = None

    @nn.compact
    def __call__(
        self, x: Float[Array, "n d"], t: Num[Array, " n"], labels: Int[Array, " n"] | None = None
    ) -> Float[Array, "n d"]:
        """Guess what was asked for, an array like x."""
        require.rank("x", x, 2)
        require.same_length(x=x, t=t, labels=labels)
        require.that(len(self.hidden) > 0, "hidden must name at least one layer; found ()")
        known = Known(width=self.hidden[0], span=self.span, n_classes=self.n_classes, name="known")(t, labels)
        y = x
        for place, width in enumerate(self.hidden):
            added = nn.Dense(width, use_bias=False, name=f"add_{place}")(known)
            y = nn.silu(nn.Dense(width, name=f"dense_{place}")(y) + added)
        return nn.Dense(x.shape[-1], name="out")(y)


class Residual(nn.Module):
    """Two convolutions beside a shortcut; what is known is added in between."""

    channels: int

    @nn.compact
    def __call__(self, x: Float[Array, "n h w a"], known: Float[Array, "n k"]) -> Float[Array, "n h w b"]:
        """Return features with as many channels as the module has."""
        y = nn.Conv(self.channels, (3, 3), name="first")(nn.silu(GroupNorm()(x)))
        y = y + nn.Dense(self.channels, name="add")(known)[:, None, None]
        y = nn.Conv(self.channels, (3, 3), name="second")(nn.silu(GroupNorm()(y)))
        if x.shape[-1] != self.channels:
            x = nn.Conv(self.channels, (1, 1), name="shortcut")(x)
        return x + y


class UNet(nn.Module, kw_only=True):
    """A U-Net for images (n, h, w, a): `channels` per level; each level after the first has half the pixels.

    Height and width must be divisible by 2 for each level after the first.
    """

    channels: tuple[int, ...] = (16, 32, 32)
    span: float = 1.0
    n_classes: int | None = None

    @nn.compact
    def __call__(
        self, x: Float[Array, "n h w a"], t: Num[Array, " n"], labels: Int[Array, " n"] | None = None
    ) -> Float[Array, "n h w a"]:
        """Guess what was asked for, an array like x."""
        require.rank("x", x, 4)
        require.same_length(x=x, t=t, labels=labels)
        require.that(len(self.channels) > 0, "channels must name at least one level; found ()")
        factor = 2 ** (len(self.channels) - 1)
        require.that(
            x.shape[1] % factor == 0 and x.shape[2] % factor == 0,
            f"height and width must be multiples of {factor} for {len(self.channels)} levels; found x {x.shape}",
        )
        known = Known(width=4 * self.channels[0], span=self.span, n_classes=self.n_classes, name="known")(t, labels)
        half = partial(nn.avg_pool, window_shape=(2, 2), strides=(2, 2))
        y = nn.Conv(self.channels[0], (3, 3), name="in")(x)
        levels = []
        for level, width in enumerate(self.channels):
            y = Residual(width, name=f"down_{level}")(half(y) if level else y, known)
            levels.append(y)
        for level in reversed(range(len(self.channels) - 1)):
            finer = jnp.concatenate([y.repeat(2, axis=1).repeat(2, axis=2), levels[level]], axis=-1)
            y = Residual(self.channels[level], name=f"up_{level}")(finer, known)
        return nn.Conv(x.shape[-1], (3, 3), name="out")(nn.silu(GroupNorm()(y)))


class GroupNorm(nn.Module):
    """Normalize groups of channels of each image, then scale and shift each channel.

    A group has at least four channels where there are as many: of a channel on its own, the mean would be removed, and
    with it what is known about the sample. The variance takes a second pass over the data: the fast form loses its
    digits where the mean is large.

    Source: Wu and He (2018), equations 1, 2 and 7.
    """

    eps: float = 1e-6

    @nn.compact
    def __call__(self, x: Float[Array, "n h w c"]) -> Float[Array, "n h w c"]:
        """Return images of the same shape."""
        channels = x.shape[-1]
        scale = self.param("scale", nn.initializers.ones, (channels,))
        bias = self.param("bias", nn.initializers.zeros, (channels,))
        groups = min(math.gcd(8, channels), max(1, channels // 4))
        x = x - _group_mean(x, groups)
        return x * (scale * lax.rsqrt(_group_mean(x**2, groups) + self.eps)) + bias


def _group_mean(x: Float[Array, "n h w c"], groups: int) -> Float[Array, "n 1 1 c"]:
    """The mean of each channel's group. Channels come last, so their own means are far quicker to compute first."""
    n, channels = len(x), x.shape[-1]
    means = jnp.mean(jnp.mean(x, axis=(1, 2)).reshape(n, groups, -1), axis=-1, keepdims=True)
    return jnp.repeat(means, channels // groups, axis=-1).reshape(n, 1, 1, channels)
