r"""Draws from a density known up to a constant: Metropolis and Hamiltonian Monte Carlo. Shapes: d coordinates, n draws.

Both propose a move and accept it with a probability that leaves the density as it is. Metropolis proposes a random
step and needs about d of them for one independent draw. HMC gives the point a random momentum and lets it roll on the
landscape $-\log p$. It needs about $d^{1/4}$ steps of its integrator.

`log_prob` takes one point, shape (d,), and returns a number. `jax.flatten_util.ravel_pytree` turns any pytree into
such a point. A run is one chain. `jax.vmap` over keys and starts makes several, and `diagnostics` compares them.
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
from mfml.entrance import public
from mfml.probability import warmup
from mfml.probability.warmup import Warmup

DIVERGED = 1000.0  # nats of energy error that no path has unless the integrator has lost the way
METROPOLIS_TARGET = 0.25  # acceptance at which a random walk in many dimensions is most efficient

LogProb = Callable[[Array], Array]


class State(NamedTuple):
    """Where a chain is."""

    position: Float[Array, " d"]
    log_prob: Float[Array, ""]  # there
    gradient: Float[Array, " d"]  # of log_prob there; Metropolis needs none and sets it to zero


class Transition(NamedTuple):
    """What happened in one move."""

    acceptance: Float[Array, ""]  # probability of accepting the proposal
    accepted: Bool[Array, ""]
    energy_error: Float[Array, ""]  # of the proposal, nats; for Metropolis, by how much log_prob falls
    divergent: Bool[Array, ""]  # the integrator lost the way: do not trust draws from this region


class Chain(NamedTuple):
    """A run after its warm-up."""

    samples: Float[Array, "n d"]
    log_prob: Float[Array, " n"]
    acceptance: Float[Array, " n"]
    energy_error: Float[Array, " n"]
    divergent: Bool[Array, " n"]
    step_size: Float[Array, ""]  # found in the warm-up
    scale: Float[Array, " d"]  # of each coordinate, found in the warm-up


@public
def init(position: Float[Array, " d"], *, log_prob: LogProb) -> State:
    """Evaluate density and gradient at the start.

    Raises:
        ValueError: unless the position is a vector and log_prob returns a number.

    >>> init(jnp.array([1.0, 2.0]), log_prob=lambda x: -0.5 * jnp.sum(x**2)).gradient.tolist()
    [-1.0, -2.0]
    """
    require.rank("position", position, 1)
    shape = jax.eval_shape(log_prob, position).shape
    require.that(shape == (), f"log_prob must return a number; found shape {shape}")
    value, gradient = jax.value_and_grad(log_prob)(position)
    return State(position, value, gradient)


@public
def metropolis_step(
    state: State, *, log_prob: LogProb, key: Key[Array, ""], step_size: ArrayLike, scale: Float[Array, " d"]
) -> tuple[State, Transition]:
    r"""Propose $x' = x + \epsilon\, s \odot z$, z standard normal; accept with $\min(1, p(x') / p(x))$.

    Source: Metropolis et al. (1953); Bishop (2006), section 11.2.

    >>> log_prob = lambda x: -0.5 * jnp.sum(x**2)
    >>> start = init(jnp.zeros(1), log_prob=log_prob)
    >>> moved, info = metropolis_step(start, log_prob=log_prob, key=jax.random.key(0), step_size=0.0, scale=jnp.ones(1))
    >>> info.acceptance.item()
    1.0
    """
    noise, chance = _draws(key, state.position)
    return _walk(log_prob, state, noise, chance, step_size, scale)


@public
def hmc_step(
    state: State,
    *,
    log_prob: LogProb,
    key: Key[Array, ""],
    step_size: ArrayLike,
    scale: Float[Array, " d"],
    n_leapfrog: int,
) -> tuple[State, Transition]:
    r"""Draw a momentum, roll `n_leapfrog` (static) leapfrog steps, accept with $\min(1, e^{-\Delta H})$.

    $H = -\log p(x) + \tfrac12 \|v\|^2$ in coordinates x / s. So the scales stand for the mass matrix
    $\mathrm{diag}(s^{-2})$. The energy error $\Delta H$ of a whole path is of the order of the step size squared.

    Source: Neal (2011), Handbook of Markov Chain Monte Carlo, chapter 5.

    >>> log_prob = lambda x: -0.5 * jnp.sum(x**2)
    >>> start = init(jnp.ones(1), log_prob=log_prob)
    >>> one = jnp.ones(1)
    >>> moved, info = hmc_step(
    ...     start, log_prob=log_prob, key=jax.random.key(0), step_size=0.01, scale=one, n_leapfrog=10
    ... )
    >>> abs(info.energy_error.item()) < 1e-3
    True
    """
    require.positive("n_leapfrog", n_leapfrog)
    momentum, chance = _draws(key, state.position)
    return _roll(n_leapfrog, log_prob, state, momentum, chance, step_size, scale)


@public
@partial(jax.jit, static_argnames=("log_prob", "n_samples", "n_warmup"))
def metropolis(
    log_prob: LogProb,
    init: Float[Array, " d"],
    *,
    key: Key[Array, ""],
    n_samples: int,
    n_warmup: int = 1000,
    step_size: ArrayLike = 1.0,
) -> Chain:
    """Run a random-walk Metropolis chain. Its warm-up adapts step size and scales to an acceptance of 0.25.

    Args:
        log_prob: up to a constant, in nats; static.
        init: where the warm-up begins.
        key: for all draws.
        n_samples: draws kept; static.
        n_warmup: moves before them that are not kept; with 0 the step size stays as given; static.
        step_size: at the start, in units of the coordinates.

    Raises:
        ValueError: unless init is a vector, log_prob returns a number, n_samples >= 1 and n_warmup >= 0.

    Source: Metropolis et al. (1953), Journal of Chemical Physics 21; the target: Roberts, Gelman and Gilks (1997),
    Annals of Applied Probability 7.

    >>> chain = metropolis(lambda x: -0.5 * jnp.sum(x**2), jnp.zeros(1), key=jax.random.key(0), n_samples=4000)
    >>> abs(chain.samples.mean().item()) < 0.2
    True
    """
    require.rank("init", init, 1)
    return _run(_walk, log_prob, init, key, n_samples, n_warmup, step_size, METROPOLIS_TARGET, 0.0)


@public
@partial(jax.jit, static_argnames=("log_prob", "n_samples", "n_warmup", "n_leapfrog"))
def hmc(
    log_prob: LogProb,
    init: Float[Array, " d"],
    *,
    key: Key[Array, ""],
    n_samples: int,
    n_warmup: int = 500,
    n_leapfrog: int = 16,
    step_size: ArrayLike = 0.1,
    target_accept: ArrayLike = 0.8,
    jitter: ArrayLike = 0.2,
) -> Chain:
    r"""Run a chain of Hamiltonian Monte Carlo. Its warm-up adapts the step size and the scales of the coordinates.

    Args:
        log_prob: differentiable, up to a constant, in nats; static.
        init: where the warm-up begins.
        key: for all draws.
        n_samples: draws kept; static.
        n_warmup: moves before them that are not kept; with 0 the step size and the scales (1) stay; static.
        n_leapfrog: integrator steps per move; a path of about half a period, $\pi$ scales, is best; static.
        step_size: at the start, in units of the coordinates' scales.
        target_accept: mean acceptance that the warm-up aims at; values near 1 mean small, safe steps.
        jitter: each move draws its step size from $\epsilon (1 \pm \mathrm{jitter})$, so that no path length
            stays equal to a period of the motion.

    Raises:
        ValueError: unless init is a vector, log_prob returns a number, n_samples >= 1, n_leapfrog >= 1 and
            n_warmup >= 0.

    Source: Neal (2011), Handbook of Markov Chain Monte Carlo, chapter 5; adaptation: Hoffman and Gelman (2014),
    Journal of Machine Learning Research 15, section 3.2.

    >>> chain = hmc(lambda x: -0.5 * jnp.sum(x**2), jnp.zeros(2), key=jax.random.key(0), n_samples=1000)
    >>> (jnp.abs(chain.samples.mean(axis=0)) < 0.2).tolist()
    [True, True]
    """
    require.rank("init", init, 1)
    require.positive("n_leapfrog", n_leapfrog)
    kernel = partial(_roll, n_leapfrog)
    return _run(kernel, log_prob, init, key, n_samples, n_warmup, step_size, target_accept, jitter)


@jax.jit
def _draws(key: Array, position: Array) -> tuple[Array, Array]:
    """The random numbers of a move: standard normal noise (d,), and one in [0, 1) for the acceptance."""
    for_noise, for_choice = jax.random.split(key)
    dtype = position.dtype
    return jax.random.normal(for_noise, position.shape, dtype), jax.random.uniform(for_choice, (), dtype)


def _walk(
    log_prob: LogProb, state: State, noise: Array, chance: Array, step_size: ArrayLike, scale: Array
) -> tuple[State, Transition]:
    """A move of Metropolis."""
    position = state.position + step_size * scale * noise
    proposal = State(position, log_prob(position), jnp.zeros_like(position))
    return _choose(chance, state, proposal, state.log_prob - proposal.log_prob)


def _roll(
    n_leapfrog: int,
    log_prob: LogProb,
    state: State,
    momentum: Array,
    chance: Array,
    step_size: ArrayLike,
    scale: Array,
) -> tuple[State, Transition]:
    """A move of HMC."""
    gradient = jax.value_and_grad(log_prob)
    stride = step_size * scale

    def leap(carry: tuple[State, Array], _: None) -> tuple[tuple[State, Array], None]:
        now, v = carry
        v = v + 0.5 * stride * now.gradient
        position = now.position + stride * v
        value, slope = gradient(position)
        return (State(position, value, slope), v + 0.5 * stride * slope), None

    (proposal, last), _ = lax.scan(leap, (state, momentum), length=n_leapfrog)
    error = state.log_prob - proposal.log_prob + 0.5 * (jnp.sum(last**2) - jnp.sum(momentum**2))
    return _choose(chance, state, proposal, error)


@jax.jit
def _choose(chance: Array, state: State, proposal: State, error: Array) -> tuple[State, Transition]:
    """Accept or stay. A proposal without a finite density is never accepted."""
    lost = ~(error < DIVERGED)  # also where it is NaN
    acceptance = jnp.where(lost, 0.0, jnp.exp(jnp.minimum(-error, 0.0)))
    accepted = chance < acceptance
    new = jax.tree.map(partial(jnp.where, accepted), proposal, state)
    return new, Transition(acceptance, accepted, error, lost)


def _run(
    kernel: Callable[..., tuple[State, Transition]],
    log_prob: LogProb,
    position: Array,
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
    state, dtype = init(position, log_prob=log_prob), position.dtype
    first = warmup.start(jnp.asarray(step_size, dtype), position)

    def move(carry: tuple[State, Warmup], at: tuple[Array, ...]) -> tuple[tuple[State, Warmup], Any]:
        state, old = carry
        number, noise, chances = at
        warming = number < n_warmup
        factor = 1 + jitter * (2 * chances[0] - 1)
        step = jnp.exp(jnp.where(warming, old.log_step, old.average)) * factor
        state, info = kernel(log_prob, state, noise, chances[1], step, old.scale)
        new = warmup.learn_step(old, jnp.asarray(target) - info.acceptance)
        new = warmup.learn_scale(new, state.position, number, n_warmup=n_warmup)
        learned = jax.tree.map(partial(jnp.where, warming), new, old)
        return (state, learned), (state.position, state.log_prob, info.acceptance, info.energy_error, info.divergent)

    # one scan for both phases: its body, with the caller's density in it, is compiled once
    n_moves, d = n_warmup + n_samples, len(position)
    for_noise, for_chances = jax.random.split(key)
    noise = jax.random.normal(for_noise, (n_moves * d,), dtype).reshape(n_moves, d)
    chances = jax.random.uniform(for_chances, (n_moves * 2,), dtype).reshape(n_moves, 2)
    (_, learned), drawn = lax.scan(move, (state, first), (jnp.arange(n_moves), noise, chances))
    samples, values, acceptance, errors, divergent = (part[n_warmup:] for part in drawn)
    return Chain(samples, values, acceptance, errors, divergent, jnp.exp(learned.average), learned.scale)
