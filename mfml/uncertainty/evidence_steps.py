r"""MacKay's steps to the largest evidence, for `evidence.fit`. Shapes: n samples, d features, q singular values."""

import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling, singular, sums
from mfml.numerics.absent import present

KINDS = ("ridge", "ard")
EXACT = 16  # units of rounding of y, below which noise cannot be told from none


class Problem(NamedTuple):
    """The data in units near their size, reduced to as many rows as there are singular values."""

    a: Array  # (q, d) right singular vectors times singular values
    b: Array  # (q,) y along the left ones
    rest: Array  # squared length of y that no coefficients reach
    n: Array  # N, degrees of freedom of y
    rank: Array
    constant: Array  # part of the log evidence that depends on neither prior nor noise
    x_unit: Array  # (), or (d,) where each feature has its own prior
    y_unit: Array
    center: Array
    level: Array
    total: Array  # sum of the weights


class State(NamedTuple):
    """A prior, a noise, their evidence, and where MacKay's step leads from there."""

    prior: Array  # () or (d,), in units of the problem
    noise: Array
    evidence: Array
    gap: Array  # how far the evidence is from stationary
    exact: Array  # whether the noise is down to rounding though data are left to measure it
    prior_ratio: Array  # what MacKay's step multiplies the squares with
    noise_ratio: Array


@public
@partial(jax.jit, static_argnames="fit_intercept")
def centered(
    values: Float[Array, "n *d"], *, weights: Float[Array, " n"] | None = None, fit_intercept: bool = True
) -> tuple[Float[Array, "n *d"], Float[Array, "*d"], Float[Array, ""]]:
    """Rows times the roots of their weights, from the mean; the mean, and the sum of the weights.

    Without an intercept the mean counts as 0.

    Raises:
        ValueError: if values are empty, or weights are not one per row.

    >>> [part.tolist() for part in centered(jnp.array([1.0, 3.0]))]
    [[-1.0, 1.0], 2.0, 2.0]
    """
    name = "x" if values.ndim == 2 else "y"
    require.that(values.size > 0, f"{name} must not be empty; found shape {values.shape}")
    require.same_length(**{name: values}, weights=weights)
    a = present(weights, values)
    total = jnp.asarray(len(a), a.dtype) if weights is None else jnp.sum(weights)
    mean = jnp.zeros_like(a[0])
    if fit_intercept:
        a, mean, rest = sums.centered(a, weights=weights)
        mean = mean + rest
    return (a if weights is None else (a.T * jnp.sqrt(weights)).T), mean, total


@public
@partial(jax.jit, static_argnames=("kind", "fit_intercept"))
def prepared(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    kind: str = "ridge",
    weights: Float[Array, " n"] | None = None,
    fit_intercept: bool = True,
) -> Problem:
    """Reduce the data to what the steps need.

    Raises:
        ValueError: if shapes do not fit, x is empty, or the kind is unknown.

    >>> prepared(jnp.array([[0.0], [1.0], [2.0]]), jnp.array([1.0, 3.0, 5.0])).rank.item()
    1
    """
    require.one_of("kind", kind, KINDS)
    require.rank("x", x, 2)
    require.samples(x, y, weights)
    of = partial(centered, weights=weights, fit_intercept=fit_intercept)
    (a, center, total), (b, level, _) = of(x), of(y)
    n = total - fit_intercept
    n = jnp.where(n > 0, n, jnp.nan)  # a single sample says nothing about noise
    x_unit = sums.unit_columns(a)[1] if kind == "ard" else scaling.unit(a)
    size = scaling.length(b)
    y_unit = jnp.where(size > 0, size / jnp.sqrt(n), 1.0) + 0 * size
    b = b / y_unit
    a, rest = a / x_unit, jnp.zeros_like(y_unit)
    if len(a) > a.shape[1]:  # as many rows as columns hold all that counts, and the length of what is left
        r = jnp.linalg.qr(jnp.concatenate([a, b[:, None]], axis=1), mode="r")
        a, b, rest = r[:-1, :-1], r[:-1, -1], r[-1, -1] ** 2
    left, s, right = singular.svd(a)
    used = s > scaling.rank_rtol(a.shape, a.dtype) * s[0]
    along = left.T @ b
    rest = rest + jnp.sum(jnp.where(used, 0.0, along**2))
    s, along = jnp.where(used, s, 0 * s), jnp.where(used, along, 0.0)
    constant = -n * jnp.log(y_unit) - (0.5 * jnp.log(total) if fit_intercept else 0.0)
    rank = jnp.sum(used)
    return Problem(s[:, None] * right, along, rest, n, rank, constant, x_unit, y_unit, center, level, total)


@public
@jax.jit
def init(problem: Problem) -> State:
    """Curve and noise as large as y itself.

    >>> x, y = jnp.array([[0.0], [1.0], [2.0]]), jnp.array([1.0, 3.0, 5.0])
    >>> init(prepared(x, y)).noise.item()
    1.0
    """
    square = jnp.sum(problem.a**2)
    prior = jnp.sqrt(problem.n / jnp.where(square > 0, square, 1.0))
    prior = jnp.full(problem.x_unit.shape, prior)
    return _evaluated(prior, 1 + 0 * problem.n, problem)


@public
@jax.jit
def step(state: State, problem: Problem) -> State:
    """MacKay's step, or half of it where it would lower the evidence.

    >>> task = prepared(jnp.array([[0.0], [1.0], [2.0]]), jnp.array([1.0, 3.0, 4.0]))
    >>> (step(init(task), task).evidence > init(task).evidence).item()
    True
    """
    whole = _moved(state, problem, 0.5)
    return lax.cond(whole.evidence >= state.evidence, lambda: whole, lambda: _moved(state, problem, 0.25))


def _moved(state: State, problem: Problem, power: float) -> State:
    noise = state.noise * state.noise_ratio**power
    return _evaluated(state.prior * state.prior_ratio**power, scaling.at_least(_floor(noise), noise), problem)


def _evaluated(prior: Array, noise: Array, problem: Problem) -> State:
    left, s, right = decomposed(prior, problem)
    along = left.T @ problem.b
    share = s**2 / (s**2 + noise**2)
    mean = s * along / (s**2 + noise**2)  # of the coefficients over their prior deviations
    misfit = problem.rest + jnp.sum((along * (1 - share)) ** 2)
    log_det = jnp.sum(jnp.log1p((s / noise) ** 2))
    total = misfit / noise**2 + jnp.sum(mean**2)
    value = -0.5 * (problem.n * (math.log(2 * math.pi) + 2 * jnp.log(noise)) + log_det + total) + problem.constant
    known, squares = jnp.sum(share), jnp.sum(mean**2)
    if prior.ndim:
        known, squares = share @ right**2, (mean @ right) ** 2
    free = _free(s, noise, problem)
    gap = jnp.maximum(jnp.max(jnp.abs(known - squares) / (1 + known)), jnp.abs(free - misfit / noise**2) / problem.n)
    prior_ratio = jnp.where(known > 0, squares / jnp.where(known > 0, known, 1.0), 0.0)
    noise_ratio = jnp.where(free > 0, misfit / noise**2 / jnp.where(free > 0, free, 1.0), 1.0)
    exact = (noise <= _floor(noise)) & (problem.n > problem.rank)
    return State(prior, noise, value, gap, exact, prior_ratio, noise_ratio)


def _floor(noise: Array) -> float:
    return EXACT * float(jnp.finfo(noise.dtype).eps)


def _free(s: Array, noise: Array, problem: Problem) -> Array:
    r"""$N - \gamma$, as a sum of positive terms."""
    counts = jnp.arange(len(s)) < problem.rank
    return problem.n - problem.rank + jnp.sum(jnp.where(counts, noise**2 / (s**2 + noise**2), 0.0))


@public
@partial(jax.jit, static_argnames="full")
def decomposed(
    prior: Float[Array, "*d"], problem: Problem, *, full: bool = False
) -> tuple[Float[Array, "q q"], Float[Array, " q"], Float[Array, "r d"]]:
    """Singular vectors and values of the data, in units of the prior; with `full`, d right vectors.

    >>> task = prepared(jnp.array([[0.0], [1.0], [2.0]]), jnp.array([1.0, 3.0, 4.0]))
    >>> decomposed(jnp.array(1.0), task)[1].shape
    (1,)
    """
    if prior.ndim or full:
        return singular.svd(problem.a * prior, full_matrices=full)
    s = jnp.sqrt(jnp.sum(problem.a**2, axis=1))
    return jnp.eye(len(s), dtype=s.dtype), s * prior, problem.a  # the right ones are not needed
