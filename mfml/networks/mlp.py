r"""Neurons and multilayer perceptrons (MLP) as plain pytrees. Shapes: n samples, d inputs, k outputs.

A network is a tuple of `layers.Dense`. Each layer computes $\phi(x W + b)$ with one sample per row, so W has the
shape (inputs, outputs).
"""

import math
from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key, PyTree

from mfml import require
from mfml.entrance import public
from mfml.networks import activations
from mfml.networks.layers import Dense, dense, init_weight
from mfml.numerics import scaling

SCHEMES = ("he", "glorot", "lecun")

Network = tuple[Dense, ...]


@public
def neuron(
    weights: Float[Array, " d"], bias: Float[Array, ""], x: Float[Array, "n d"], *, activation: str = "sigmoid"
) -> Float[Array, " n"]:
    r"""Output of a single neuron for each sample: $\phi(x \cdot w + b)$.

    Raises:
        ValueError: unless x has one column for each weight, or for an unknown activation.

    Source: Rosenblatt (1958), Psychological Review 65; Neuer (2024), chapter 4.

    >>> neuron(jnp.array([1.0, -1.0]), jnp.array(0.5), jnp.array([[2.0, 2.5]])).tolist()
    [0.5]
    """
    require.rank("x", x, 2)
    require.rank("weights", weights, 1)
    fits = x.shape[1] == weights.shape[0]
    require.that(fits, f"x has {x.shape[1]} columns, but there are {weights.shape[0]} weights")
    return activations.apply(x @ weights + bias, activation=activation)


@public
def init(
    *, key: Key[Array, ""], sizes: Sequence[int], scheme: str = "he", distribution: str = "normal", dtype: type = float
) -> Network:
    r"""Draw a network's weights; biases are 0.

    In a layer with d inputs and k outputs the variance of a weight is $2/d$ (He, which keeps the size of a signal
    through rectifiers), $2/(d + k)$ (Glorot, for tanh) or $1/d$ (LeCun, for linear layers). See `layers.init_weight`.

    Args:
        key: for the random draws.
        sizes: number of inputs, then neurons of each layer; static.
        scheme: one of `SCHEMES`; static.
        distribution: `normal` or `uniform`; static.
        dtype: of the parameters; `float` is JAX's default.

    Raises:
        ValueError: for fewer than two sizes, a size below 1, or an unknown option.

    Source: He et al. (2015), ICCV, equation 10; Glorot and Bengio (2010), AISTATS, equation 16.

    >>> network = init(key=jax.random.key(0), sizes=(3, 5, 2))
    >>> [layer.weight.shape for layer in network]
    [(3, 5), (5, 2)]
    """
    require.that(len(sizes) >= 2, f"sizes must name at least inputs and outputs; found {tuple(sizes)}")
    for size in sizes:
        require.positive("sizes", size)
    require.one_of("scheme", scheme, SCHEMES)
    layers = []
    for one, (d, k) in zip(jax.random.split(key, len(sizes) - 1), pairwise(sizes), strict=True):
        gain = {"he": 2.0, "glorot": 2 * d / (d + k), "lecun": 1.0}[scheme]
        weight = init_weight(key=one, shape=(d, k), gain=gain, distribution=distribution, dtype=dtype)
        layers.append(Dense(weight, jnp.zeros(k, dtype)))
    return tuple(layers)


@public
def apply(
    network: Network, x: Float[Array, "n d"], *, activation: str = "relu", output: str = "identity"
) -> Float[Array, "n k"]:
    r"""Output of a network of dense layers, with `activation` after all but the last, and `output` after the last.

    Raises:
        ValueError: if shapes do not fit, or for an unknown activation.

    Source: Bishop (2006), section 5.1.

    >>> network = (Dense(jnp.array([[1.0, -1.0]]), jnp.zeros(2)), Dense(jnp.ones((2, 1)), jnp.zeros(1)))
    >>> apply(network, jnp.array([[-3.0], [2.0]])).tolist()
    [[3.0], [2.0]]
    """
    for layer in network[:-1]:
        x = activations.apply(dense(layer, x), activation=activation)
    return activations.apply(dense(network[-1], x), activation=output)


@public
@partial(jax.jit, static_argnames="activation")
def signal_sizes(network: Network, x: Float[Array, "n d"], *, activation: str = "relu") -> Float[Array, " layers"]:
    r"""Root mean square of each layer's preactivations. It shows whether a signal fades or explodes with depth.

    With He's scheme and rectifiers it stays about the same at any depth.

    Raises:
        ValueError: if shapes do not fit, or for an unknown activation.

    Source: He et al. (2015), ICCV, section 2.2.

    >>> network = (Dense(2 * jnp.eye(1), jnp.zeros(1)), Dense(2 * jnp.eye(1), jnp.zeros(1)))
    >>> signal_sizes(network, jnp.ones((1, 1))).tolist()
    [2.0, 4.0]
    """
    sizes = []
    for layer in network:
        z = dense(layer, x)
        sizes.append(scaling.length(z) / math.sqrt(z.size))
        x = activations.apply(z, activation=activation)
    return jnp.stack(sizes)


@public
def n_parameters(params: PyTree) -> int:
    """Number of parameters in a pytree of arrays or of their shapes, such as a network or a flax module's variables.

    >>> n_parameters(init(key=jax.random.key(0), sizes=(3, 5, 2)))
    32
    """
    return sum(leaf.size for leaf in jax.tree.leaves(params))
