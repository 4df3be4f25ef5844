r"""Recurrent networks from scratch: RNN, LSTM and GRU. Shapes: t steps, d inputs, k units.

A recurrent network reads a sequence step by step and keeps a state of fixed size. All that it knows about the past is
in that state. An LSTM and a GRU have gates, numbers between 0 and 1 that decide what the state keeps and takes in;
`mfml.attention.fading` measures what they are good for. For a batch of sequences use `jax.vmap`.

A row multiplies a weight from the left, so weights are the transposes of PyTorch's. Gates are stored side by side in
PyTorch's order: LSTM input, forget, candidate, output; GRU reset, update, candidate. PyTorch has two biases where one
is enough, and their sum is ours; only the candidate of a GRU needs a second one.
"""

import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.entrance import public

KINDS = ("rnn", "lstm", "gru")


class RNN(NamedTuple):
    """Weights of a plain recurrent network (Elman's)."""

    inputs: Float[Array, "d k"]
    recurrent: Float[Array, "k k"]
    bias: Float[Array, " k"]


class LSTM(NamedTuple):
    """Weights of a long short-term memory: input gate, forget gate, candidate, output gate."""

    inputs: Float[Array, "d w"]  # w = 4 k
    recurrent: Float[Array, "k w"]
    bias: Float[Array, " w"]


class GRU(NamedTuple):
    """Weights of a gated recurrent unit: reset gate, update gate, candidate."""

    inputs: Float[Array, "d w"]  # w = 3 k
    recurrent: Float[Array, "k w"]
    bias: Float[Array, " w"]
    candidate_bias: Float[Array, " k"]  # of the part of the candidate that the reset gate multiplies


Network = RNN | LSTM | GRU


class State(NamedTuple):
    """What a network remembers."""

    hidden: Float[Array, " k"]  # also the output of the step, between -1 and 1
    cell: Float[Array, " k"] | None  # LSTM only: the long memory


@public
@partial(jax.jit, static_argnames=("n_inputs", "n_units", "kind", "dtype"))
def init(*, key: Key[Array, ""], n_inputs: int, n_units: int, kind: str = "lstm", dtype: type = float) -> Network:
    r"""Draw a network's weights and biases, uniform between $-1/\sqrt k$ and $1/\sqrt k$, as PyTorch does.

    The bias of an LSTM's forget gate is 1 instead, so that the memory is kept at first.

    Args:
        key: for the random draws.
        n_inputs: d, at least 1; static.
        n_units: k, at least 1; static.
        kind: "rnn", "lstm" or "gru"; static.
        dtype: of the parameters; `float` is JAX's default.

    Raises:
        ValueError: for a size below 1 or an unknown kind.

    Source: Jozefowicz, Zaremba and Sutskever (2015), section 2.2 (the bias of the forget gate).

    >>> network = init(key=jax.random.key(0), n_inputs=3, n_units=5, kind="gru")
    >>> [part.shape for part in network]
    [(3, 15), (5, 15), (15,), (5,)]
    """
    require.positive("n_inputs", n_inputs)
    require.positive("n_units", n_units)
    require.one_of("kind", kind, KINDS)
    width = {"rnn": 1, "lstm": 4, "gru": 3}[kind] * n_units
    limit = 1 / math.sqrt(n_units)
    rows = jax.random.uniform(key, (n_inputs + n_units + 2, width), dtype, -limit, limit)
    inputs, recurrent, bias = rows[:n_inputs], rows[n_inputs:-2], rows[-2]
    if kind == "rnn":
        return RNN(inputs, recurrent, bias)
    if kind == "gru":
        return GRU(inputs, recurrent, bias, rows[-1, :n_units])
    return LSTM(inputs, recurrent, bias.at[n_units : 2 * n_units].set(1))


@public
def at_rest(network: Network) -> State:
    """Return the state before the first step: zeros.

    >>> at_rest(init(key=jax.random.key(0), n_inputs=3, n_units=2, kind="rnn"))
    State(hidden=Array([0., 0.], dtype=float32), cell=None)
    """
    zeros = jnp.zeros_like(network.recurrent[:, 0])
    return State(zeros, zeros if isinstance(network, LSTM) else None)


@public
@jax.jit
def step(state: State, x: Float[Array, " d"], *, network: Network) -> State:
    r"""Read one row and return the next state.

    With $a = x W + b$, the old state h and, in an LSTM, the old cell c:

    - RNN: $h' = \tanh(a + h U)$.
    - LSTM: $c' = \sigma(f) c + \sigma(i) \tanh(g)$, $h' = \sigma(o) \tanh(c')$, with $(i, f, g, o) = a + h U$.
    - GRU: $h' = z h + (1 - z) \tanh(a_n + r (h U_n + b_n))$, with $r = \sigma(a_r + h U_r)$ and
      $z = \sigma(a_z + h U_z)$. The reset gate acts after the product with U, as in PyTorch; in the paper, before it.

    Raises:
        ValueError: unless x has d entries and the state fits the network.

    Source: Elman (1990); Gers, Schmidhuber and Cummins (2000); Cho et al. (2014).

    >>> network = RNN(jnp.ones((1, 1)), jnp.zeros((1, 1)), jnp.zeros(1))
    >>> print(step(at_rest(network), jnp.array([0.5]), network=network).hidden.round(3))
    [0.462]
    """
    require.rank("x", x, 1)
    _check(network, x, state, "state")
    return _advance(network, state, x @ network.inputs + network.bias)


@public
@jax.jit
def apply(network: Network, x: Float[Array, "t d"], *, init: State | None = None) -> tuple[Float[Array, "t k"], State]:
    """Read a sequence and return the hidden state after each step, and the whole state after the last one.

    `init` is the state before the first step; zeros if left out. With the last state of one part as `init` of the next
    one, a sequence can be read in parts.

    Raises:
        ValueError: unless x has d columns and `init` fits the network.

    Source: as `step`.

    >>> network = RNN(jnp.zeros((1, 1)), 2 * jnp.ones((1, 1)), jnp.ones(1))
    >>> apply(network, jnp.zeros((2, 1)))[0].tolist()
    [[0.761...], [0.987...]]
    """
    require.rank("x", x, 2)
    first = at_rest(network) if init is None else init
    _check(network, x, first, "init")

    def advance(state: State, projected: Array) -> tuple[State, Array]:
        state = _advance(network, state, projected)
        return state, state.hidden

    last, hidden = lax.scan(advance, first, x @ network.inputs + network.bias)  # one product for all steps
    return hidden, last


def _advance(network: Network, state: State, projected: Array) -> State:
    """Do a step from what the inputs contribute, $x W + b$."""
    hidden, returned = state.hidden, state.hidden @ network.recurrent
    if isinstance(network, RNN):
        return State(jnp.tanh(projected + returned), None)
    if state.cell is not None:
        into, forget, candidate, out = jnp.split(projected + returned, 4)
        cell = jax.nn.sigmoid(forget) * state.cell + jax.nn.sigmoid(into) * jnp.tanh(candidate)
        return State(jax.nn.sigmoid(out) * jnp.tanh(cell), cell)
    n_gates = 2 * hidden.size
    assert isinstance(network, GRU)
    reset, update = jnp.split(jax.nn.sigmoid(projected[:n_gates] + returned[:n_gates]), 2)
    candidate = jnp.tanh(projected[n_gates:] + reset * (returned[n_gates:] + network.candidate_bias))
    return State(update * hidden + (1 - update) * candidate, None)


def _check(network: Network, x: Array, state: State, name: str) -> None:
    """Require as many columns as inputs, and a state of the network's size and kind."""
    d, k = len(network.inputs), len(network.recurrent)
    require.that(x.shape[-1] == d, f"x must have {d} columns, one for each input; found shape {x.shape}")
    needed = (k,), (k,) if isinstance(network, LSTM) else None
    found = tuple(None if part is None else jnp.shape(part) for part in state)
    require.that(found == needed, f"{name} must have the shapes hidden, cell = {needed}; found {found}")
