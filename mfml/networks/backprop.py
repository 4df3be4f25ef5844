r"""Backpropagation by hand: a forward pass with a cache, and a backward pass equal to `jax.grad`.

With $a_0 = x$, $z_l = a_{l-1} W_l + b_l$ and $a_l = \phi(z_l)$, the chain rule runs from the output to the input:

$$\delta_l = \frac{\partial J}{\partial z_l}, \qquad
\frac{\partial J}{\partial W_l} = a_{l-1}^\top \delta_l, \qquad
\frac{\partial J}{\partial b_l} = \sum_i \delta_{l,i}, \qquad
\delta_{l-1} = (\delta_l W_l^\top) \odot \phi'(z_{l-1}).$$

Shapes: n samples, d inputs, k outputs.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.networks import activations, layers
from mfml.networks.layers import Dense
from mfml.networks.mlp import Network

LOSSES = ("mse", "cross_entropy")


class Cache(NamedTuple):
    """What the backward pass needs from the forward pass."""

    inputs: tuple[Float[Array, "n _"], ...]  # of each layer: a_0 = x, a_1, ...
    preactivations: tuple[Float[Array, "n _"], ...]  # of each layer: z_1, z_2, ...


class Gradients(NamedTuple):
    """What the backward pass returns."""

    network: Network  # gradient with respect to each parameter, in the structure of the network
    x: Float[Array, "n d"]  # gradient with respect to the inputs


@public
def forward(network: Network, x: Float[Array, "n d"], *, activation: str = "relu") -> tuple[Float[Array, "n k"], Cache]:
    """Return the output of a network, as `mlp.apply` does, and the cache of the intermediate results.

    Raises:
        ValueError: if shapes do not fit, or the activation is not known.

    Source: Bishop (2006), section 5.3.1.

    >>> network = (Dense(jnp.array([[2.0]]), jnp.zeros(1)), Dense(jnp.array([[3.0]]), jnp.ones(1)))
    >>> output, cache = forward(network, jnp.array([[1.0]]))
    >>> output.tolist(), [a.tolist() for a in cache.inputs]
    ([[7.0]], [[[1.0]], [[2.0]]])
    """
    inputs, preactivations = [], []
    for layer in network:
        inputs.append(x)
        preactivations.append(layers.dense(layer, x))
        x = activations.apply(preactivations[-1], activation=activation)
    return preactivations[-1], Cache(tuple(inputs), tuple(preactivations))


@public
@partial(jax.jit, static_argnames="activation")
def backward(network: Network, cache: Cache, slope: Float[Array, "n k"], *, activation: str = "relu") -> Gradients:
    """Return the gradients with respect to all parameters and the inputs, given that of the output.

    Args:
        network: the network that `forward` evaluated.
        cache: what `forward` returned.
        slope: gradient of the objective with respect to each output.
        activation: as in `forward`.

    Raises:
        ValueError: unless `slope` has the shape of the output and the activation is known.

    Source: Rumelhart, Hinton and Williams (1986), Nature 323; Bishop (2006), equations 5.53 and 5.56.

    >>> network = (Dense(jnp.array([[2.0]]), jnp.zeros(1)), Dense(jnp.array([[3.0]]), jnp.ones(1)))
    >>> gradients = backward(network, forward(network, jnp.array([[1.0]]))[1], jnp.array([[1.0]]))
    >>> [layer.weight.item() for layer in gradients.network], gradients.x.item()
    ([3.0, 2.0], 6.0)
    """
    require.same_shape(slope=slope, output=cache.preactivations[-1])
    layers: list[Dense] = []
    delta = slope
    for place in reversed(range(len(network))):
        layers.append(Dense(cache.inputs[place].T @ delta, jnp.sum(delta, axis=0)))
        delta = delta @ network[place].weight.T
        if place > 0:
            delta = delta * activations.derivative(cache.preactivations[place - 1], activation=activation)
    return Gradients(tuple(reversed(layers)), delta)


@public
@partial(jax.jit, static_argnames=("activation", "loss"))
def loss_and_gradient(
    network: Network, x: Float[Array, "n d"], y: Float[Array, "n k"], *, activation: str = "relu", loss: str = "mse"
) -> tuple[Float[Array, ""], Gradients]:
    r"""Return the risk of a network on samples, and its gradients by the backward pass.

    `mse` is the mean over all n k entries of $(\hat y - y)^2$, without 1/2, with slope $2 (\hat y - y) / (nk)$.
    `cross_entropy` is the mean over the n samples of $-\sum_c y_c \log \mathrm{softmax}(\hat y)_c$ in nats, with
    slope $(\mathrm{softmax}(\hat y) \sum_c y_c - y) / n$; y holds one-hot rows or probabilities.

    Raises:
        ValueError: if shapes do not fit, or the loss or the activation is not known.

    Source: Bishop (2006), sections 5.2 and 5.3.

    >>> network = (Dense(jnp.array([[2.0]]), jnp.zeros(1)),)
    >>> risk, gradients = loss_and_gradient(network, jnp.array([[1.0]]), jnp.array([[5.0]]))
    >>> risk.item(), gradients.network[0].weight.item()
    (9.0, -6.0)
    """
    require.one_of("loss", loss, LOSSES)
    output, cache = forward(network, x, activation=activation)
    require.same_shape(y=y, output=output)
    require.positive("the number of samples", len(x))
    if loss == "mse":
        risk, slope = jnp.mean((output - y) ** 2), 2 * (output - y) / output.size
    else:
        risk = -jnp.mean(jnp.sum(y * jax.nn.log_softmax(output), axis=1))
        slope = (jax.nn.softmax(output) * jnp.sum(y, axis=1, keepdims=True) - y) / len(x)
    return risk, backward(network, cache, slope, activation=activation)
