r"""Layers as plain pytrees: what networks of every unit are made of. Shapes: n samples, d in, k out.

A layer's weight has its outputs last, the transpose of what PyTorch stores: a dense layer computes $x W + b$ with
one sample per row.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from mfml import require

DISTRIBUTIONS = ("normal", "uniform")


class Dense(NamedTuple):
    """Parameters of a dense layer."""

    weight: Float[Array, "d k"]  # inputs by outputs
    bias: Float[Array, " k"]


class Convolution(NamedTuple):
    """Parameters of a convolution of images."""

    weight: Float[Array, "p q c k"]  # rows, columns, channels in, channels out
    bias: Float[Array, " k"]


def init_weight(
    *, key: Key[Array, ""], shape: Sequence[int], gain: float = 2.0, distribution: str = "normal", dtype: type = float
) -> Float[Array, "*shape"]:
    r"""Draw a weight with variance gain / inputs, where all axes but the last count as inputs.

    A gain of 2 keeps a signal's size through rectifiers (He), 1 through linear layers (LeCun). Uniform weights have
    the same variance v, on $\pm\sqrt{3 v}$. All arguments but the key are static.

    Raises:
        ValueError: for a size below 1, or a distribution that is not known.

    Source: He et al. (2015), equation 10.

    >>> init_weight(key=jax.random.key(0), shape=(3, 3, 8, 16)).std().round(2).item() == round((2 / 72) ** 0.5, 2)
    True
    """
    for size in shape:
        require.positive("shape", size)
    require.one_of("distribution", distribution, DISTRIBUTIONS)
    scale, count = math.sqrt(gain / math.prod(shape[:-1])), (math.prod(shape),)
    if distribution == "normal":  # in one row: quicker to compile
        return jnp.reshape(scale * jax.random.normal(key, count, dtype), tuple(shape))
    return jnp.reshape(scale * math.sqrt(3) * jax.random.uniform(key, count, dtype, -1.0, 1.0), tuple(shape))


def dense(layer: Dense, x: Float[Array, "n d"]) -> Float[Array, "n k"]:
    """Dense layer without activation: $x W + b$.

    Raises:
        ValueError: if the columns of x are not as many as the rows of W.

    Source: Bishop (2006), equation 5.2.

    >>> dense(Dense(jnp.array([[1.0, 2.0]]), jnp.array([0.0, 1.0])), jnp.array([[3.0]])).tolist()
    [[3.0, 7.0]]
    """
    require.rank("x", x, 2)
    d = layer.weight.shape[0]
    require.that(x.shape[1] == d, f"x has {x.shape[1]} columns, but the layer's weight has {d} rows")
    return x @ layer.weight + layer.bias
