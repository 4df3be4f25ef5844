r"""Networks for physics-informed learning: smooth functions of coordinates, with waves as further inputs.

A multilayer perceptron with hyperbolic tangents reads the coordinates from -1 to 1. Along a periodic axis it reads
$\cos(2 \pi x / P)$ and $\sin(2 \pi x / P)$ instead, so its output and all derivatives are periodic. Random Fourier
features $\cos(b \cdot x), \sin(b \cdot x)$ let it learn fine structure, which plain networks learn last.
"""

import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.entrance import public
from mfml.networks import mlp


class Network(NamedTuple):
    """Layers, and how they read coordinates."""

    layers: mlp.Network
    center: Float[Array, " d"]  # of the box
    linear: Float[Array, "q d"]  # inputs that are proportional to coordinates
    frequencies: Float[Array, "m d"]  # inputs that are waves: cosine and sine of each


@public
@partial(jax.jit, static_argnames=("n_outputs", "hidden", "periodic", "n_fourier"))
def init(
    *,
    key: Key[Array, ""],
    low: Float[Array, " d"],
    high: Float[Array, " d"],
    n_outputs: int = 1,
    hidden: tuple[int, ...] = (20, 20),
    periodic: tuple[int, ...] = (),
    n_fourier: int = 0,
    spread: ArrayLike = 1.0,
) -> Network:
    r"""Draw a network for a box. Biases are drawn, too, so that features differ in one dimension as well.

    Args:
        key: for the weights and the frequencies.
        low: corner of the box.
        high: corner of the box.
        n_outputs: static.
        hidden: sizes of the hidden layers; static.
        periodic: axes along which the output has the period of the box; static.
        n_fourier: number of random waves; static.
        spread: standard deviation of their frequencies, in radians per half the box; whole periods along periodic axes.

    Raises:
        ValueError: unless the corners have one shape, (d,), periodic names axes, and numbers are positive.

    Source: Tancik et al. (2020) for the waves; Dong and Ni (2021) for the periods.

    >>> network = init(key=jax.random.key(0), low=[0.0, 0.0], high=[1.0, 1.0], periodic=(0,))
    >>> network.linear.tolist(), network.layers[0].weight.shape
    ([[0.0, 2.0]], (3, 20))
    """
    require.rank("low", low, 1)
    require.same_shape(low=low, high=high)
    require.positive("n_outputs", n_outputs)
    require.that(n_fourier >= 0, f"n_fourier must not be negative; found {n_fourier}")
    d = len(low)
    require.that(set(periodic) <= set(range(d)), f"periodic must name axes from 0 to {d - 1}; found {periodic}")
    for_layers, for_biases, for_waves = jax.random.split(key, 3)
    scale = 2 / (high - low)
    closed = [axis in periodic for axis in range(d)]
    linear = jnp.diag(scale)[jnp.array([axis for axis in range(d) if axis not in periodic], int)]
    base = jnp.diag(jnp.pi * scale)[jnp.array(periodic, int)]
    waves = spread * jax.random.normal(for_waves, (n_fourier, d), low.dtype)
    waves = jnp.where(jnp.array(closed), jnp.pi * jnp.round(waves), waves) * scale
    frequencies = jnp.concatenate([base, waves])
    sizes = (len(linear) + 2 * len(frequencies), *hidden, n_outputs)
    layers = mlp.init(key=for_layers, sizes=sizes, scheme="glorot", dtype=low.dtype.type)
    biases = jax.random.split(for_biases, len(layers) - 1)
    drawn = [
        jax.random.uniform(k, layer.bias.shape, low.dtype, -1, 1) for k, layer in zip(biases, layers, strict=False)
    ]
    layers = (*(layer._replace(bias=bias) for layer, bias in zip(layers, drawn, strict=False)), layers[-1])
    return Network(layers, (low + high) / 2, linear, frequencies)


@public
@jax.jit
def features(network: Network, x: Float[Array, "n d"]) -> Float[Array, "n f"]:
    r"""Inputs of the first layer: coordinates, then cosines, then sines; waves have mean square 1.

    Raises:
        ValueError: unless x has a column for each coordinate.

    >>> network = init(key=jax.random.key(0), low=[0.0], high=[4.0], periodic=(0,))
    >>> print(features(network, jnp.array([[2.0], [3.0]])).round(3) + 0.0)
    [[1.414 0.   ]
     [0.    1.414]]
    """
    require.rank("x", x, 2)
    d = len(network.center)
    require.that(x.shape[1] == d, f"x must have {d} columns, the coordinates of the network; found shape {x.shape}")
    centered = x - network.center
    angle = centered @ network.frequencies.T
    root = math.sqrt(2)
    return jnp.concatenate([centered @ network.linear.T, root * jnp.cos(angle), root * jnp.sin(angle)], axis=1)


@public
@jax.jit
def apply(network: Network, x: Float[Array, "n d"]) -> Float[Array, "n k"]:
    """Output of the network.

    Raises:
        ValueError: unless x has a column for each coordinate.

    >>> apply(init(key=jax.random.key(0), low=[0.0], high=[4.0]), jnp.ones((3, 1))).shape
    (3, 1)
    """
    return mlp.apply(network.layers, features(network, x), activation="tanh")
