r"""Layers as plain pytrees: what networks of every unit are made of.

The last axis of a weight counts the outputs. A dense layer computes $x W + b$ with one sample per row, so its W is
the transpose of what PyTorch stores. Shapes: n samples, d inputs, k outputs; images have h rows, w columns and c
channels.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.entrance import public
from mfml.networks.convolution import cross_correlation

DISTRIBUTIONS = ("normal", "uniform")


class Dense(NamedTuple):
    """Parameters of a dense layer."""

    weight: Float[Array, "d k"]  # inputs by outputs
    bias: Float[Array, " k"]


class Convolution(NamedTuple):
    """Parameters of a convolution of images."""

    weight: Float[Array, "p q c k"]  # rows, columns, channels in, channels out
    bias: Float[Array, " k"]


@public
def init_weight(
    *, key: Key[Array, ""], shape: Sequence[int], gain: float = 2.0, distribution: str = "normal", dtype: type = float
) -> Float[Array, "*shape"]:
    r"""Draw a weight with mean 0 and variance gain / inputs. All axes but the last count as inputs.

    A gain of 2 keeps the size of a signal through rectifiers (He), a gain of 1 through linear layers (LeCun). Uniform
    weights have the same variance v: they lie between $-\sqrt{3 v}$ and $\sqrt{3 v}$. All arguments but the key are
    static.

    Raises:
        ValueError: for a size below 1, a negative gain or an unknown distribution.

    Source: He et al. (2015), equation 10.

    >>> round(init_weight(key=jax.random.key(0), shape=(200, 300)).std().item(), 2)  # (2 / 200) ** 0.5
    0.1
    """
    for size in shape:
        require.positive("shape", size)
    require.one_of("distribution", distribution, DISTRIBUTIONS)
    require.that(gain >= 0, f"gain must not be negative; found {gain}")
    scale, count = math.sqrt(gain / math.prod(shape[:-1])), (math.prod(shape),)
    if distribution == "normal":  # drawn in one row, since XLA compiles this faster
        return jnp.reshape(scale * jax.random.normal(key, count, dtype), tuple(shape))
    return jnp.reshape(scale * math.sqrt(3) * jax.random.uniform(key, count, dtype, -1.0, 1.0), tuple(shape))


@public
def dense(layer: Dense, x: Float[Array, "n d"]) -> Float[Array, "n k"]:
    """Apply a dense layer without activation: $x W + b$.

    Raises:
        ValueError: unless x has as many columns as W has rows.

    Source: Bishop (2006), equation 5.2.

    >>> dense(Dense(jnp.array([[1.0, 2.0]]), jnp.array([0.0, 1.0])), jnp.array([[3.0]])).tolist()
    [[3.0, 7.0]]
    """
    require.rank("x", x, 2)
    d = layer.weight.shape[0]
    require.that(x.shape[1] == d, f"x has {x.shape[1]} columns, but the layer's weight has {d} rows")
    return x @ layer.weight + layer.bias


@public
def convolution(
    layer: Convolution, x: Float[Array, "n h w c"], *, stride: int = 1, mode: str = "zeros"
) -> Float[Array, "n _ _ k"]:
    r"""Apply a convolution without activation, with padding `same`: $\lceil h / s \rceil$ rows for a stride of s.

    Stride and mode are static, see `networks.convolution`.

    Raises:
        ValueError: as `networks.convolution.cross_correlation`.

    Source: LeCun et al. (1998), Proceedings of the IEEE 86.

    >>> layer = Convolution(jnp.ones((1, 2, 1, 1)), jnp.array([10.0]))
    >>> convolution(layer, jnp.arange(3.0).reshape(1, 1, 3, 1)).ravel().tolist()
    [11.0, 13.0, 12.0]
    """
    return cross_correlation(x, layer.weight, stride=stride, padding="same", mode=mode) + layer.bias
