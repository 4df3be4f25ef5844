r"""Active learning: a model chooses the next experiment, a measurement improves the model, and so on.

What is best is what is largest; to minimize a property, pass its negative. Shapes: n experiments, m candidates, d
features, t experiments of a campaign.
"""

import math
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Key

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling, sums
from mfml.numerics.domain import NON_NEGATIVE, POSITIVE, checked
from mfml.uncertainty import acquisition, gp, jitter, processes, surrogate
from mfml.uncertainty.kernels import Kernel
from mfml.uncertainty.prediction import Prediction

KINDS = ("ei", "ucb", "variance", "thompson", "random")


class Suggestion(NamedTuple):
    """What to measure next, and what is expected."""

    chosen: Int[Array, " b"]  # rows of the candidates, in the order of their promise; -1 where nothing is known
    mean: Float[Array, " m"]  # prediction for each candidate, units of y
    std: Float[Array, " m"]  # its standard deviation without noise, units of y


class Campaign(NamedTuple):
    """What was measured, in this order."""

    order: Int[Array, " t"]  # indices of the candidates; all differ, except for -1 where nothing is known (NaN)
    best: Float[Array, " t"]  # largest value so far, units of y
    regret: Float[Array, " t"]  # by how much it falls short of the best candidate, units of y; non-increasing


class _Options(NamedTuple):
    """How the next candidate is chosen."""

    kappa: Array
    xi: Array


@public
@checked(noise_variance=POSITIVE, kappa=NON_NEGATIVE)
def suggest(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    candidates: Float[Array, "m d"],
    *,
    key: Key[Array, ""] | None = None,
    kind: str = "ei",
    n_suggestions: int = 1,
    kernel: Kernel | None = None,
    noise_variance: ArrayLike = surrogate.NOISE,
    n_steps: int = 100,
    kappa: ArrayLike = 2.0,
    xi: ArrayLike = 0.0,
) -> Suggestion:
    r"""Say which candidates to measure next, given all measurements so far.

    A Gaussian process is fitted to the measurements. Features and values are standardized before, so that their units
    and origins do not matter. Hyperparameters are the most probable ones. Their logarithms have a normal prior of
    standard deviation 1 around those given: a few measurements do not lead them astray. Then the candidate with the
    largest acquisition is taken:

    - "ei": expected improvement; "ucb": mean plus kappa standard deviations
    - "variance": the least known one; "thompson": the best one of a function drawn from the posterior
    - "random": any

    A candidate whose row is one of x is not suggested again. With several suggestions, each is taken as measured with
    the value that is expected there before the next one is chosen. So of equal candidates one is suggested at most.

    Args:
        x: what was measured.
        y: values that were found.
        candidates: what may be measured next.
        key: for "thompson" and "random".
        kind: acquisition; static.
        n_suggestions: how many experiments run at the same time; static.
        kernel: where hyperparameters start, in standard deviations of y, and of x and candidates together; by default
            Matern with nu = 2.5 and a length for each feature.
        noise_variance: of a measurement, to start from, in variances of y.
        n_steps: steps of Adam for the hyperparameters; 0 keeps them; static.
        kappa: of "ucb".
        xi: margin of "ei", in units of y.

    Raises:
        ValueError: where shapes do not fit; for an unknown kind; without a key where one is needed; where fewer
            different candidates are left than suggestions are asked for (-1 within compiled code).

    Source: Jones, Schonlau and Welch (1998); Desautels, Krause and Burdick (2014) (several suggestions).

    >>> x = jnp.array([[0.0], [1.0], [2.0]])
    >>> suggest(x, jnp.array([0.0, 1.0, 2.0]), jnp.array([[2.0], [2.5], [-1.0]]), n_steps=0).chosen.tolist()
    [1]
    """
    require.rank("x", x, 2)
    require.samples(x, y)
    require.rank("candidates", candidates, 2)
    require.same_length(x=(x, 1), candidates=(candidates, 1))
    require.between("n_suggestions", n_suggestions, 1, len(candidates))
    key = _check(kind, key, n_steps)
    measured = _measured(x, candidates)
    left = _distinct(candidates, ~measured)
    require.known(
        left >= n_suggestions,
        f"n_suggestions must be at most the number of different candidates not measured yet; found {n_suggestions}",
    )
    hyper = surrogate.init(candidates, kernel=kernel, noise_variance=noise_variance)
    options = _Options(jnp.asarray(kappa, x.dtype), jnp.asarray(xi, x.dtype))
    return _suggest(x, y, candidates, measured, key, hyper, options, kind, n_suggestions, n_steps)


@public
@checked(noise_variance=POSITIVE, kappa=NON_NEGATIVE)
def campaign(
    x: Float[Array, "m d"],
    y: Float[Array, " m"],
    *,
    key: Key[Array, ""],
    n_initial: int,
    n_steps: int,
    kind: str = "ei",
    kernel: Kernel | None = None,
    noise_variance: ArrayLike = surrogate.NOISE,
    n_updates: int = 10,
    kappa: ArrayLike = 2.0,
    xi: ArrayLike = 0.0,
) -> Campaign:
    r"""Run a campaign on candidates whose values are known to us, but not to the model.

    It begins with `n_initial` random experiments. Each of the `n_steps` that follow is chosen as in `suggest`, but
    equal candidates are experiments of their own. After each, hyperparameters go on for `n_updates` steps of Adam
    from where they were. The campaign is one compiled loop.
    Many of them at once: `jax.vmap(lambda key: campaign(x, y, key=key, ...))(keys)`.

    Args:
        x: candidates.
        y: value of each, which the model sees once it has chosen the candidate.
        key: for the first experiments, and for "thompson" and "random".
        n_initial: random experiments at the start; static.
        n_steps: experiments after these; static.
        kind: acquisition, as in `suggest`; static.
        kernel: as in `suggest`.
        noise_variance: as in `suggest`.
        n_updates: steps of Adam after each experiment; static.
        kappa: of "ucb".
        xi: margin of "ei", in units of y.

    Raises:
        ValueError: where shapes do not fit; for an unknown kind; unless n_initial >= 1, n_steps >= 0, and there are as
            many candidates.

    Source: Jones, Schonlau and Welch (1998); Lookman et al. (2019) (materials).

    >>> x = jnp.linspace(0.0, 6.0, 30)[:, None]
    >>> run = campaign(x, jnp.sin(x[:, 0]), key=jax.random.key(0), n_initial=3, n_steps=7)
    >>> run.order.shape, (run.regret[-1] < 0.01).item()
    ((10,), True)
    """
    require.rank("x", x, 2)
    require.samples(x, y)
    require.positive("n_initial", n_initial)
    require.that(n_steps >= 0, f"n_steps must not be negative; found {n_steps}")
    total = n_initial + n_steps
    require.that(total <= len(x), f"n_initial + n_steps must be at most the {len(x)} candidates; found {total}")
    key = _check(kind, key, n_updates)
    hyper = surrogate.init(x, kernel=kernel, noise_variance=noise_variance)
    options = _Options(jnp.asarray(kappa, x.dtype), jnp.asarray(xi, x.dtype))
    return _campaign(x, y, key, hyper, options, kind, n_initial, n_steps, n_updates)


@public
@partial(jax.jit, static_argnames="share")
def experiments_needed(best: Float[Array, " t"], y: Float[Array, " m"], *, share: float = 0.01) -> Int[Array, ""]:
    r"""How many experiments a campaign took until it had measured one of the best candidates.

    Those are the $\lceil \text{share} \cdot m \rceil$ largest of y, one at least: with share = 0 it is the best one.
    Where the campaign ended before, it is t + 1; where a value is NaN, and which are best is not known, -1. Random
    search needs $(m + 1) / (k + 1)$ on average for one of k.

    Raises:
        ValueError: unless both have one axis, and 0 <= share <= 1.

    >>> experiments_needed(jnp.array([1.0, 1.0, 3.0]), jnp.array([1.0, 3.0, 0.0]), share=0.0).item()
    3
    """
    require.rank("best", best, 1)
    require.rank("y", y, 1)
    require.between("share", share, 0, 1)
    count = max(1, math.ceil(share * len(y) - 1e-9))
    found = best >= lax.top_k(y, count)[0][-1]
    needed = jnp.where(found.any(), jnp.argmax(found) + 1, len(best) + 1)
    return jnp.where(jnp.isnan(y).any(), -1, needed)


def _check(kind: str, key: Array | None, n_updates: int) -> Array:
    require.one_of("kind", kind, KINDS)
    require.that(n_updates >= 0, f"the number of steps must not be negative; found {n_updates}")
    require.that(key is not None or kind not in ("thompson", "random"), f'kind "{kind}" needs a key; found none')
    return jax.random.key(0) if key is None else key


@jax.jit
def _measured(x: Array, candidates: Array) -> Array:
    """Whether the row of a candidate is one of x."""
    return lax.map(lambda row: jnp.any(jnp.all(x == row, axis=1)), candidates)


@jax.jit
def _distinct(rows: Array, among: Array) -> Array:
    """How many of these rows differ. Sorted, equal ones are neighbors."""
    order = jnp.lexsort((*rows.T, among))
    rows, among = rows[order], among[order]
    repeated = jnp.all(rows[1:] == rows[:-1], axis=1) & among[:-1]
    return jnp.sum(among) - jnp.sum(repeated & among[1:])


def _standardized(x: Array) -> Array:
    """Features in standard deviations from their mean; 0 for a feature that is always the same."""
    std = sums.std(x)
    return sums.centered(x)[0] / jnp.where(std == 0, 1.0, std)


@partial(jax.jit, static_argnames=("kind", "n_suggestions", "n_steps"))
def _suggest(
    x: Array,
    y: Array,
    candidates: Array,
    measured: Array,
    key: Array,
    hyper: surrogate.Hyper,
    options: _Options,
    kind: str,
    n_suggestions: int,
    n_steps: int,
) -> Suggestion:
    n, empty = len(x), n_suggestions - 1
    together = _standardized(jnp.concatenate([x, candidates]))
    others = together[n:]
    rows, values = jnp.pad(together[:n], ((0, empty), (0, 0))), jnp.pad(y, (0, empty))
    if kind != "random":
        hyper = surrogate.update(hyper, rows, values, jnp.arange(n + empty) < n, n_steps=n_steps)

    def choose(state: Any, i: Array) -> tuple[Any, tuple[Array, Array, Array]]:
        rows, values, measured = state
        present = jnp.arange(n + empty) < n + i
        model = surrogate.condition(hyper, rows, values, present)
        found = gp.predictive(model, others, noise_variance=0.0)
        best = scaling.largest(jnp.where(present, values, -jnp.inf))
        worth = _worth(model, found, others, best, jax.random.fold_in(key, i), kind, options)
        index = _largest(worth, measured)
        rows = rows.at[n + i].set(others[index], mode="drop")
        values = values.at[n + i].set(found.mean[index], mode="drop")
        measured = measured | jnp.all(candidates == candidates[index], axis=1)
        return (rows, values, measured), (index, found.mean, found.epistemic_std)

    _, (index, mean, std) = lax.scan(choose, (rows, values, measured), jnp.arange(n_suggestions))
    return Suggestion(index, mean[0], std[0])


@partial(jax.jit, static_argnames=("kind", "n_initial", "n_steps", "n_updates"))
def _campaign(
    x: Array,
    y: Array,
    key: Array,
    hyper: surrogate.Hyper,
    options: _Options,
    kind: str,
    n_initial: int,
    n_steps: int,
    n_updates: int,
) -> Campaign:
    rows, total = _standardized(x), n_initial + n_steps
    shuffled = jax.random.permutation(key, len(x))
    if kind == "random":
        return _told(shuffled[:total], y)

    def experiment(state: tuple[Array, surrogate.Hyper], i: Array) -> tuple[tuple[Array, surrogate.Hyper], None]:
        order, hyper = state
        present = jnp.arange(total) < i
        known = rows[order], y[order], present
        hyper = surrogate.update(hyper, *known, n_steps=n_updates)
        model = surrogate.condition(hyper, *known)
        found = gp.predictive(model, rows, noise_variance=0.0)
        best = scaling.largest(jnp.where(present, y[order], -jnp.inf))
        worth = _worth(model, found, rows, best, jax.random.fold_in(key, i), kind, options)
        taken = jnp.zeros(len(x), bool).at[order].max(present)
        return (order.at[i].set(_largest(worth, taken)), hyper), None

    first = jnp.zeros(total, int).at[:n_initial].set(shuffled[:n_initial])
    (order, _), _ = lax.scan(experiment, (first, hyper), jnp.arange(n_initial, total))
    return _told(order, y)


def _told(order: Array, y: Array) -> Campaign:
    values = jnp.where(order < 0, jnp.nan, y[order])  # where nothing was known, nothing could be chosen
    best = lax.associative_scan(jnp.maximum, values)
    return Campaign(order, best, scaling.largest(y) - best)


def _worth(
    model: processes.Process,
    found: Prediction,
    x: Array,
    best: Array,
    key: Array,
    kind: str,
    options: _Options,
) -> Array:
    """The acquisition of each candidate, or what orders them alike: its logarithm or root does not underflow."""
    if kind == "ei":
        return acquisition.log_expected_improvement(found.mean, found.epistemic_std, best=best, xi=options.xi)
    if kind == "ucb":
        return acquisition.upper_confidence_bound(found.mean, found.epistemic_std, kappa=options.kappa)
    if kind == "variance":
        return found.epistemic_std
    if kind == "random":
        return jax.random.uniform(key, (len(x),), x.dtype)
    return _draw(model, x, key)


def _draw(model: processes.Process, x: Array, key: Array) -> Array:
    """A function from the posterior, at all candidates together, in units of the scale."""
    joint = gp.posterior(model._replace(mean=jnp.zeros_like(model.mean), scale=jnp.ones_like(model.scale)), x)
    lower = jitter.cholesky(joint.covariance).lower
    return joint.mean + lower @ jax.random.normal(key, (len(x),), x.dtype)


def _largest(worth: Array, measured: Array) -> Array:
    """Index of the largest that is not measured; -1 where there is none, or where nothing is known."""
    open_to = ~measured & ~jnp.isnan(worth)
    ranked = jnp.where(open_to, jnp.maximum(worth, jnp.finfo(worth.dtype).min), -jnp.inf)
    return jnp.where(jnp.any(open_to), jnp.argmax(ranked), -1)
