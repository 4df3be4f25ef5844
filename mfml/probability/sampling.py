r"""Draws from a density known up to a constant: Metropolis and Hamiltonian Monte Carlo. Shapes: d coordinates, n draws.

Both propose a move and accept it with a probability that leaves the density as it is. Metropolis proposes a random
step and needs some d of them for one independent draw; HMC gives the point a random momentum and lets it roll along
the landscape $-\log p$, and needs about $d^{1/4}$ steps of its integrator.

`log_prob` takes one point, shape (d,), and returns a number (`jax.flatten_util.ravel_pytree` makes a vector of
anything). A run is one chain; `jax.vmap` over keys and starts makes several, and `diagnostics` compares them.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Key

from mfml import require

DIVERGED = 1000.0  # an energy error, in nats, from which on the integrator has lost the way
METROPOLIS_TARGET = 0.25  # acceptance at which a random walk in many dimensions is the most efficient
WINDOWS = (0.1, 0.3, 0.6)  # shares of the warm-up where the estimate of the scales begins, is renewed, ends

LogProb = Callable[[Array], Array]


class State(NamedTuple):
    """Where a chain is."""

    position: Float[Array, " d"]
    log_prob: Float[Array, ""]  # there
    gradient: Float[Array, " d"]  # of log_prob there; zero in a chain of Metropolis


class Transition(NamedTuple):
    """What happened in one move."""

    acceptance: Float[Array, ""]  # probability with which the proposal was to be accepted
    accepted: Bool[Array, ""]
    energy_error: Float[Array, ""]  # of the proposal, nats; for Metropolis the fall of log_prob
    divergent: Bool[Array, ""]  # the integrator lost the way: do not trust what lies there


class Chain(NamedTuple):
    """A run after its warm-up."""

    samples: Float[Array, "n d"]
    log_prob: Float[Array, " n"]
    acceptance: Float[Array, " n"]
    energy_error: Float[Array, " n"]
    divergent: Bool[Array, " n"]
    step_size: Float[Array, ""]  # found in the warm-up
    scale: Float[Array, " d"]  # of each coordinate, found in the warm-up


class _Adaptation(NamedTuple):
    """What the warm-up learns: step size by dual averaging, scales by running variances."""

    log_step: Array
    average: Array  # of log_step, weighted towards the latest
    error: Array  # mean of target - acceptance
    centre: Array  # log_step is drawn towards it
    time: Array  # moves since the last restart
    scale: Array
    seen: Array
    mean: Array
    squares: Array


def init(log_prob: LogProb, position: Float[Array, " d"]) -> State:
    """Evaluate density and gradient at the start.

    Raises:
        ValueError: unless the position is a vector and log_prob returns a number.

    >>> init(lambda x: -0.5 * jnp.sum(x**2), jnp.array([1.0, 2.0])).gradient.tolist()
    [-1.0, -2.0]
    """
    require.rank("position", position, 1)
    shape = jax.eval_shape(log_prob, position).shape
    require.that(shape == (), f"log_prob must return a number; found shape {shape}")
    value, gradient = jax.value_and_grad(log_prob)(position)
    return State(position, value, gradient)


def metropolis_step(
    log_prob: LogProb, state: State, key: Key[Array, ""], *, step_size: ArrayLike, scale: Float[Array, " d"]
) -> tuple[State, Transition]:
    r"""Propose $x' = x + \epsilon\, s \odot z$, z standard normal; accept with $\min(1, p(x') / p(x))$.

    Source: Metropolis et al. (1953); Bishop (2006), section 11.2.

    >>> log_prob = lambda x: -0.5 * jnp.sum(x**2)
    >>> start = init(log_prob, jnp.zeros(1))
    >>> moved, info = metropolis_step(log_prob, start, jax.random.key(0), step_size=0.0, scale=jnp.ones(1))
    >>> info.acceptance.item()
    1.0
    """
    for_noise, for_choice = jax.random.split(key)
    position = state.position + step_size * scale * _normal(for_noise, state)
    proposal = State(position, log_prob(position), jnp.zeros_like(position))
    return _choose(for_choice, state, proposal, state.log_prob - proposal.log_prob)


def hmc_step(
    log_prob: LogProb,
    state: State,
    key: Key[Array, ""],
    *,
    step_size: ArrayLike,
    scale: Float[Array, " d"],
    n_leapfrog: int,
) -> tuple[State, Transition]:
    r"""Draw a momentum, roll `n_leapfrog` (static) leapfrog steps, accept with $\min(1, e^{-\Delta H})$.

    $H = -\log p(x) + \tfrac12 \|v\|^2$ in coordinates x / s: the scales stand for the mass matrix
    $\mathrm{diag}(s^{-2})$. The energy error $\Delta H$ of a whole path is of the order of the step size squared.

    Source: Neal (2011), Handbook of Markov Chain Monte Carlo, chapter 5.

    >>> log_prob = lambda x: -0.5 * jnp.sum(x**2)
    >>> start = init(log_prob, jnp.ones(1))
    >>> one = jnp.ones(1)
    >>> moved, info = hmc_step(log_prob, start, jax.random.key(0), step_size=0.01, scale=one, n_leapfrog=10)
    >>> abs(info.energy_error.item()) < 1e-3
    True
    """
    require.positive("n_leapfrog", n_leapfrog)
    for_momentum, for_choice = jax.random.split(key)
    momentum = _normal(for_momentum, state)
    gradient = jax.value_and_grad(log_prob)

    def leap(carry: tuple[State, Array], _: None) -> tuple[tuple[State, Array], None]:
        now, v = carry
        v = v + 0.5 * step_size * scale * now.gradient
        position = now.position + step_size * scale * v
        value, slope = gradient(position)
        return (State(position, value, slope), v + 0.5 * step_size * scale * slope), None

    (proposal, last), _ = lax.scan(leap, (state, momentum), length=n_leapfrog)
    error = state.log_prob - proposal.log_prob + 0.5 * (jnp.sum(last**2) - jnp.sum(momentum**2))
    return _choose(for_choice, state, proposal, error)


@partial(jax.jit, static_argnames=("log_prob", "n_samples", "n_warmup"))
def metropolis(
    log_prob: LogProb,
    start: Float[Array, " d"],
    key: Key[Array, ""],
    *,
    n_samples: int,
    n_warmup: int = 1000,
    step_size: ArrayLike = 1.0,
) -> Chain:
    """Run a random-walk Metropolis chain. In the warm-up step size and scales adapt to an acceptance of 0.25.

    Args:
        log_prob: up to a constant, in nats; static.
        start: where the warm-up begins.
        key: for all draws.
        n_samples: draws kept; static.
        n_warmup: moves before them, not kept; with 0 the step size stays as given; static.
        step_size: at the start, in units of the coordinates.

    Raises:
        ValueError: unless start is a vector, log_prob returns a number, n_samples >= 1 and n_warmup >= 0.

    Source: Metropolis et al. (1953), Journal of Chemical Physics 21; the target: Roberts, Gelman and Gilks (1997),
    Annals of Applied Probability 7.

    >>> chain = metropolis(lambda x: -0.5 * jnp.sum(x**2), jnp.zeros(1), jax.random.key(0), n_samples=4000)
    >>> abs(chain.samples.mean().item()) < 0.2
    True
    """

    def kernel(state: State, key: Array, step: Array, scale: Array) -> tuple[State, Transition]:
        return metropolis_step(log_prob, state, key, step_size=step, scale=scale)

    state = init(log_prob, start)
    state = state._replace(gradient=jnp.zeros_like(start))
    return _run(kernel, state, key, n_samples, n_warmup, step_size, METROPOLIS_TARGET, 0.0)


@partial(jax.jit, static_argnames=("log_prob", "n_samples", "n_warmup", "n_leapfrog"))
def hmc(
    log_prob: LogProb,
    start: Float[Array, " d"],
    key: Key[Array, ""],
    *,
    n_samples: int,
    n_warmup: int = 500,
    n_leapfrog: int = 16,
    step_size: ArrayLike = 0.1,
    target_accept: ArrayLike = 0.8,
    jitter: ArrayLike = 0.2,
) -> Chain:
    r"""Run a chain of Hamiltonian Monte Carlo. Step size and scales of the coordinates adapt in the warm-up.

    Args:
        log_prob: differentiable, up to a constant, in nats; static.
        start: where the warm-up begins.
        key: for all draws.
        n_samples: draws kept; static.
        n_warmup: moves before them, not kept; with 0 step size and scales (1) stay; static.
        n_leapfrog: integrator steps a move; a path of about half a period, $\pi$ scales, is best; static.
        step_size: at the start, in units of the coordinates' scales.
        target_accept: mean acceptance that the warm-up aims at; nearer to 1 means smaller, safer steps.
        jitter: each move's step size is drawn from $\epsilon (1 \pm \mathrm{jitter})$, so that no path length
            hits a period of the motion.

    Raises:
        ValueError: unless start is a vector, log_prob returns a number, n_samples >= 1, n_leapfrog >= 1 and
            n_warmup >= 0.

    Source: Neal (2011), Handbook of Markov Chain Monte Carlo, chapter 5; adaptation: Hoffman and Gelman (2014),
    Journal of Machine Learning Research 15, section 3.2.

    >>> chain = hmc(lambda x: -0.5 * jnp.sum(x**2), jnp.zeros(2), jax.random.key(0), n_samples=1000)
    >>> (jnp.abs(chain.samples.mean(axis=0)) < 0.2).tolist()
    [True, True]
    """

    def kernel(state: State, key: Array, step: Array, scale: Array) -> tuple[State, Transition]:
        return hmc_step(log_prob, state, key, step_size=step, scale=scale, n_leapfrog=n_leapfrog)

    require.positive("n_leapfrog", n_leapfrog)
    return _run(kernel, init(log_prob, start), key, n_samples, n_warmup, step_size, target_accept, jitter)


def _normal(key: Array, state: State) -> Array:
    return jax.random.normal(key, state.position.shape, state.position.dtype)


def _choose(key: Array, state: State, proposal: State, error: Array) -> tuple[State, Transition]:
    """Accept or stay. A proposal without a finite density is never accepted."""
    lost = ~(error < DIVERGED)  # also where it is NaN
    acceptance = jnp.where(lost, 0.0, jnp.exp(jnp.minimum(-error, 0.0)))
    accepted = jax.random.uniform(key, (), error.dtype) < acceptance
    new = jax.tree.map(partial(jnp.where, accepted), proposal, state)
    return new, Transition(acceptance, accepted, error, lost)


def _run(
    kernel: Callable[..., tuple[State, Transition]],
    state: State,
    key: Array,
    n_samples: int,
    n_warmup: int,
    step_size: ArrayLike,
    target: ArrayLike,
    jitter: ArrayLike,
) -> Chain:
    """Warm-up, then the draws."""
    require.positive("n_samples", n_samples)
    require.that(n_warmup >= 0, f"n_warmup must not be negative; found {n_warmup}")
    dtype = state.position.dtype
    first = _start(jnp.asarray(step_size, dtype), state.position)

    def move(carry: tuple[State, _Adaptation], at: tuple[Array, Array]) -> tuple[tuple[State, _Adaptation], Any]:
        state, old = carry
        key, number = at
        warming = number < n_warmup
        for_step, for_kernel = jax.random.split(key)
        factor = 1 + jitter * jax.random.uniform(for_step, (), dtype, -1.0, 1.0)
        step = jnp.exp(jnp.where(warming, old.log_step, old.average)) * factor
        state, info = kernel(state, for_kernel, step, old.scale)
        new = _learn_step(old, jnp.asarray(target) - info.acceptance)
        new = _learn_scale(new, state.position, number, n_warmup)
        learned = jax.tree.map(partial(jnp.where, warming), new, old)
        return (state, learned), (state.position, state.log_prob, info.acceptance, info.energy_error, info.divergent)

    # one scan for both phases: its body, with the caller's density in it, is compiled once
    numbered = jax.random.split(key, n_warmup + n_samples), jnp.arange(n_warmup + n_samples)
    (_, learned), drawn = lax.scan(move, (state, first), numbered)
    samples, values, acceptance, errors, divergent = (part[n_warmup:] for part in drawn)
    return Chain(samples, values, acceptance, errors, divergent, jnp.exp(learned.average), learned.scale)


def _start(step_size: Array, position: Array) -> _Adaptation:
    zero, vector = jnp.zeros_like(step_size), jnp.zeros_like(position)
    log_step = jnp.log(step_size)
    return _Adaptation(log_step, log_step, zero, log_step + jnp.log(10.0), zero, vector + 1, zero, vector, vector)


def _learn_step(old: _Adaptation, error: Array) -> _Adaptation:
    """Dual averaging with the constants of Hoffman and Gelman, t0 10 and kappa 0.75, but gamma 0.2 instead of 0.05.

    With 0.05 the steps jump so far that their average accepts much more than the target.
    """
    time = old.time + 1
    mean = old.error + (error - old.error) / (time + 10)
    log_step = old.centre - jnp.sqrt(time) / 0.2 * mean
    share = time**-0.75
    average = jnp.where(time > 1, share * log_step + (1 - share) * old.average, log_step)
    return old._replace(log_step=log_step, average=average, error=mean, time=time)


def _learn_scale(old: _Adaptation, position: Array, number: Array, n_warmup: int) -> _Adaptation:
    """Running variance of the positions; at the end of each window it becomes the scale, and all starts anew."""
    begin, middle, end = (int(share * n_warmup) for share in WINDOWS)
    inside = (number >= begin) & (number < end)
    count = old.seen + 1
    shift = position - old.mean
    mean = old.mean + shift / count
    squares = old.squares + shift * (position - mean)
    updated = old._replace(seen=count, mean=mean, squares=squares)
    new = jax.tree.map(partial(jnp.where, inside), updated, old)
    # a few samples say little of a variance: it is drawn towards 1e-3 as in Stan
    variance = (new.squares + 5e-3) / (new.seen + 5.0)
    fresh = _start(jnp.exp(new.average), position)._replace(scale=jnp.sqrt(variance))
    renew = ((number == middle) | (number == end)) & (new.seen > 1)
    return jax.tree.map(partial(jnp.where, renew), fresh, new)
