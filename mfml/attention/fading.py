r"""How far back a recurrent network can learn: the norm of $\partial s_T / \partial s_{T-j}$ over the distance j.

The derivative of the last state by an earlier one is a product of Jacobians, one per step,

$$\frac{\partial s_T}{\partial s_{T-j}} = J_T J_{T-1} \cdots J_{T-j+1}, \qquad
J_t = \frac{\partial s_t}{\partial s_{t-1}}$$

so its norm is at most the product of their largest singular values. Where these are below 1 the norm falls
exponentially: an error at the end says nothing about the inputs at the beginning. Above 1 it may explode. The forget
gate of an LSTM can hold a factor near 1. Shapes: t steps, k units; s is k, or 2 k for an LSTM (hidden, then cell).
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from mfml.attention import recurrent
from mfml.entrance import public
from mfml.numerics import scaling, singular
from mfml.numerics.precision import single


class Fading(NamedTuple):
    """How strongly the last state depends on earlier ones. Entry j is for the state j steps before."""

    log_norm: Float[Array, " steps"]  # logarithm of the largest singular value of the derivative; 0 at distance 0
    log_bound: Float[Array, " steps"]  # sum of the logarithms of the Jacobians' largest singular values


@public
@jax.jit
def jacobians(
    network: recurrent.Network, x: Float[Array, "t d"], *, init: recurrent.State | None = None
) -> Float[Array, "t s s"]:
    r"""Jacobian of each step: entry (i, j) is the derivative of $s_{t,i}$ by $s_{t-1,j}$.

    For an RNN it is $\mathrm{diag}(1 - h_t^2) U^\top$.

    Raises:
        ValueError: as `recurrent.apply`.

    Source: Pascanu, Mikolov and Bengio (2013), equation 5.

    >>> network = recurrent.RNN(jnp.zeros((1, 1)), jnp.array([[0.5]]), jnp.zeros(1))
    >>> jacobians(network, jnp.zeros((2, 1))).ravel().tolist()
    [0.5, 0.5]
    """
    return jax.vmap(_jacobian(network))(_states(network, x, init), x)


@public
@jax.jit
def measure(network: recurrent.Network, x: Float[Array, "t d"], *, init: recurrent.State | None = None) -> Fading:
    r"""Norm of $\partial s_T / \partial s_{T-j}$ for j = 0 to t, and its bound, as natural logarithms.

    As logarithms they neither underflow nor overflow: the norm of 1000 steps may be 1e-300. The norm is the largest
    singular value. Its logarithm is -inf where the derivative is 0, as where every unit is saturated. One Jacobian is
    held at a time. Half precision is computed, and returned, in single.

    Raises:
        ValueError: as `recurrent.apply`.

    Source: Bengio, Simard and Frasconi (1994); Pascanu, Mikolov and Bengio (2013), equations 6 and 7.

    >>> network = recurrent.RNN(jnp.zeros((1, 1)), jnp.array([[0.5]]), jnp.zeros(1))
    >>> jnp.exp(measure(network, jnp.zeros((3, 1))).log_norm).round(4).tolist()
    [1.0, 0.5, 0.25, 0.125]
    """
    network, x, init = single((network, x, init))
    states, jacobian = _states(network, x, init), _jacobian(network)

    def back(product: tuple[Array, Array], at: tuple[Array, Array]) -> tuple[tuple[Array, Array], Array]:
        (matrix, log_unit), factor = product, jacobian(*at)
        matrix = matrix @ factor
        unit = scaling.unit(matrix)
        matrix, log_unit = matrix / unit, log_unit + jnp.log(unit)
        largest = jnp.stack([singular.values(matrix)[0], singular.values(factor)[0]])
        return (matrix, log_unit), jnp.log(largest) + jnp.stack([log_unit, jnp.zeros_like(log_unit)])

    first = jnp.eye(states.shape[1], dtype=states.dtype), jnp.zeros((), states.dtype)
    logs = lax.scan(back, first, (states, x), reverse=True)[1][::-1]
    return Fading(*(jnp.pad(part, (1, 0)) for part in (logs[:, 0], jnp.cumsum(logs[:, 1]))))


@public
@jax.jit
def largest_factor(network: recurrent.RNN) -> Float[Array, ""]:
    r"""Largest singular value of U: no step of an RNN can make the derivative grow by more.

    Since $\tanh' \le 1$, $\|\partial s_T / \partial s_{T-j}\| \le \sigma_{\max}(U)^j$ whatever the inputs are. Below 1
    the derivative must fade; above 1 it can explode, but need not.

    Source: Pascanu, Mikolov and Bengio (2013), section 2.1.

    >>> largest_factor(recurrent.RNN(jnp.zeros((1, 2)), jnp.diag(jnp.array([0.5, -2.0])), jnp.zeros(2))).item()
    2.0
    """
    return singular.values(single(network).recurrent)[0]


def _states(network: recurrent.Network, x: Array, init: recurrent.State | None) -> Float[Array, "t s"]:
    """The state before each step, as one row."""
    first = recurrent.at_rest(network) if init is None else init
    recurrent.apply(network, x, init=first)  # for its checks

    def advance(state: recurrent.State, row: Array) -> tuple[recurrent.State, Array]:
        return recurrent.step(state, row, network=network), ravel_pytree(state)[0]

    return lax.scan(advance, first, x)[1]


def _jacobian(network: recurrent.Network) -> Callable[[Array, Array], Array]:
    """The derivative of a step, of a state before it and a row of inputs."""
    restored = ravel_pytree(recurrent.at_rest(network))[1]

    def after(state: Array, row: Array) -> Array:
        return ravel_pytree(recurrent.step(restored(state), row, network=network))[0]

    return jax.jacfwd(after)
