r"""Linear quantile regression: which y is exceeded by a given share, at every x.

Least squares finds the mean. The pinball loss $\rho_\tau(r) = \max(\tau r, (\tau - 1) r)$ with $r = y - \hat y$ finds
the quantile $\tau$. Outliers of y do not matter beyond the side that they are on.
Shapes: n samples, d features, q levels.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int

from mfml import iteration, require
from mfml.entrance import public
from mfml.iteration import Status
from mfml.numerics import scaling as scales
from mfml.numerics.absent import present
from mfml.numerics.domain import NON_NEGATIVE, POSITIVE, checked
from mfml.regression import scaling
from mfml.risk.empirical import weighted_mean

NEARLY = 0.9995  # share of the way to the bound that a step goes at most
LEAST = 1e-3  # slack to begin with, in units of the spread of y
RIDGE = 1e-6  # of the mean diagonal: it decides only where columns depend on each other


class QuantileRegression(NamedTuple):
    """Fitted planes, a row per level, and how the fits went."""

    coef: Float[Array, "q d"]  # units of y over units of x
    intercept: Float[Array, " q"]  # units of y; 0 without an intercept
    levels: Float[Array, " q"]
    history: Float[Array, " steps"]  # mean pinball loss over samples and levels, units of y; max_iter + 1 entries
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # whether the loss is within tol of the smallest one
    status: Int[Array, ""]  # see `mfml.iteration`


class _Point(NamedTuple):
    """A point inside of the bounds of the linear program and its dual, for one level."""

    theta: Array  # (p,): the plane
    a: Array  # (n,): dual variables, from 0 to 1
    rest: Array  # (n,): 1 - a, with digits of its own
    below: Array  # (n,): slack of the dual constraint at 0, positive
    above: Array  # (n,): at 1, positive


class _State(NamedTuple):
    point: _Point  # with an axis of levels in front
    gaps: Array  # (q,): between loss and dual, in units of the spread of y
    loss: Array


@public
@checked(weights=NON_NEGATIVE, tol=POSITIVE)
@partial(jax.jit, static_argnames=("fit_intercept", "max_iter"))
def fit(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    levels: Float[Array, " q"],
    weights: Float[Array, " n"] | None = None,
    fit_intercept: bool = True,
    max_iter: int = 50,
    tol: ArrayLike = 1e-5,
) -> QuantileRegression:
    r"""Minimize $\sum_i w_i\, \rho_\tau(y_i - \beta_0 - x_i \beta)$ for each level $\tau$.

    This is a linear program; an interior-point method solves it in some 10 to 20 steps, each a weighted least-squares
    problem. Where several planes are best, it tends to the middle of them. Planes of several levels may cross outside
    of the data.

    Args:
        x: samples.
        y: targets.
        levels: between 0 and 1, such as 0.05 and 0.95.
        weights: 1 if not given; a sample of weight zero is absent.
        fit_intercept: static.
        max_iter: static.
        tol: how far the mean loss may be above the smallest one, as a share of the median distance of y from its
            median (without an intercept, from 0), so that wild samples do not make the fit coarse.

    Raises:
        ValueError: if shapes do not fit, without a sample or a level, for a negative weight (NaN where it is traced).
            A level outside of (0, 1) makes all levels NaN.

    Source: Koenker and Bassett (1978); Portnoy and Koenker (1997), section 3 (the algorithm).

    >>> x, y = jnp.arange(5.0)[:, None], jnp.array([0.0, 1.0, 2.0, 3.0, 100.0])
    >>> fit(x, y, levels=jnp.array([0.5])).coef.round(3).tolist()  # the outlier does not count
    [[1.0]]
    """
    require.rank("x", x, 2)
    require.samples(x, y, weights)
    require.rank("levels", levels, 1)
    require.that(len(levels) > 0, f"levels must have at least one entry; found shape {levels.shape}")
    levels = jnp.where((levels > 0) & (levels < 1), levels, jnp.nan)
    w = jnp.ones_like(y) if weights is None else weights
    w = w / scales.power_of_two(jnp.max(w))
    x, y = present(weights, x), present(weights, y)
    scaled = scaling.design(x, fit_intercept=fit_intercept)
    center = _median(y, w) if fit_intercept else jnp.zeros_like(y[0])  # a mean would follow a single wild sample
    distance = jnp.abs(y - center)
    spread = _median(distance, w)
    spread = jnp.where(spread > 0, spread, weighted_mean(distance, weights=weights))
    spread = jnp.where(spread > 0, spread, 1.0)
    target = (y - center) / spread

    matrix = scaled.matrix
    judge = partial(_state, matrix, target, w, levels)
    advance = jax.vmap(partial(_advance, matrix, target, w))
    first = jax.vmap(partial(_first, matrix, target, w))(levels)
    state, report = iteration.run(
        lambda state, _: judge(advance(state.point, levels, state.gaps > tol)),
        judge(first),
        max_iter=max_iter,
        objective=lambda state: state.loss,
        converged=lambda state: jnp.max(state.gaps) <= tol,
    )
    original = jax.vmap(lambda theta: scaling.original(theta, scaled, fit_intercept=fit_intercept))
    coef, intercept = original(state.point.theta)
    broken = report.status == Status.NON_FINITE
    coef = jnp.where(broken, jnp.nan, coef * spread)
    intercept = jnp.where(broken, jnp.nan, intercept * spread + center)
    return QuantileRegression(coef, intercept, levels, report.history * spread, *report[1:])


@public
@jax.jit
def predict(model: QuantileRegression, x: Float[Array, "m d"]) -> Float[Array, "m q"]:
    """Quantiles at new x, a column per level, units of y.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    Source: Koenker and Bassett (1978).

    >>> model = fit(jnp.arange(3.0)[:, None], jnp.array([0.0, 1.0, 2.0]), levels=jnp.array([0.5]))
    >>> predict(model, jnp.array([[5.0]])).round(3).tolist()
    [[5.0]]
    """
    require.rank("x", x, 2)
    require.columns("x", x, model.coef.shape[1])
    return x @ model.coef.T + model.intercept


@public
@checked(weights=NON_NEGATIVE)
@jax.jit
def score(
    model: QuantileRegression,
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    weights: Float[Array, " n"] | None = None,
) -> Float[Array, ""]:
    r"""Minus the mean pinball loss over samples and levels, in units of y: larger is better, 0 is perfect.

    It is no $R^2$, which judges means.

    Raises:
        ValueError: if shapes do not fit, without a sample, for a negative weight (NaN where it is traced).

    Source: Koenker and Bassett (1978); Gneiting and Raftery (2007), section 6.

    >>> model = fit(jnp.arange(3.0)[:, None], jnp.array([0.0, 1.0, 2.0]), levels=jnp.array([0.5]))
    >>> round(score(model, jnp.array([[5.0]]), jnp.array([7.0])).item(), 3)
    -1.0
    """
    require.samples(x, y, weights)
    x, y = present(weights, x), present(weights, y)
    return -weighted_mean(_pinball(y[:, None] - predict(model, x), model.levels), weights=weights)


def _median(values: Array, w: Array) -> Array:
    """Smallest value up to which there is half of the weight."""
    order = jnp.argsort(values)
    total = jnp.cumsum(w[order])
    half = jnp.searchsorted(total, 0.5 * total[-1] * (1 - jnp.finfo(w.dtype).eps))
    return jnp.where(jnp.isnan(w).any(), jnp.nan, values[order][jnp.minimum(half, len(values) - 1)])


def _pinball(residual: Array, level: Array) -> Array:
    return jnp.where(residual > 0, level * residual, (level - 1) * residual)


def _first(matrix: Array, y: Array, w: Array, level: Array) -> _Point:
    """Start at the plane of least squares, with all dual variables at 1 - level."""
    gram = matrix.T @ (matrix * w[:, None])
    theta = _solved(gram, matrix.T @ (w * y))
    r, a = y - matrix @ theta, jnp.full_like(y, 1 - level)
    return _Point(theta, a, 1 - a, jnp.maximum(r, 0.0) + LEAST, jnp.maximum(-r, 0.0) + LEAST)


def _state(matrix: Array, y: Array, w: Array, levels: Array, points: _Point) -> _State:
    """Mean loss over levels, and the duality gap of each."""
    residual = y - points.theta @ matrix.T  # (q, n)
    total = jnp.sum(w)
    loss = jnp.sum(w * _pinball(residual, levels[:, None]), axis=1) / total
    # loss minus dual objective, where a satisfies its constraint; no part is negative
    wrong_side = jnp.where(residual > 0, points.rest, points.a) * jnp.abs(residual)
    return _State(points, jnp.sum(w * wrong_side, axis=1) / total, jnp.mean(loss))


def _advance(matrix: Array, y: Array, w: Array, point: _Point, level: Array, wanted: Array) -> _Point:
    r"""Take a predictor and a corrector step towards the optimum, as in Frisch and Newton's method.

    The dual is to maximize $\sum_i w_i a_i y_i$ over 0 <= a <= 1, where the columns keep their weighted products with
    1 - level. Slacks are per unit of weight, so two equal samples are one of twice the weight at every step. A level
    that is not wanted any more stays.
    """
    theta, a, rest, below, above = point
    short = matrix.T @ (w * ((1 - level) - a))  # what rounding leaves of the constraint
    lack = matrix @ theta - y - below + above  # of the dual constraint
    q = 1 / (below / a + above / rest)
    gram = matrix.T @ (matrix * (w * q)[:, None])

    def direction(from_below: Array, from_above: Array) -> tuple[Array, ...]:
        """Newton's direction towards products `from_below` of a and below, `from_above` of 1 - a and above."""
        pull = lack - (from_below / a - below) + (from_above / rest - above)
        d_theta = -_solved(gram, matrix.T @ (w * q * pull) + short)
        da = -q * (matrix @ d_theta + pull)
        return d_theta, da, (from_below - below * da) / a - below, (from_above + above * da) / rest - above

    zero = jnp.zeros_like(a)
    d_theta, da, d_below, d_above = direction(zero, zero)
    primal, dual = _step(a, da, rest, -da), _step(below, d_below, above, d_above)
    now = jnp.sum(w * (a * below + rest * above))
    next_a, next_rest = a + primal * da, rest - primal * da
    then = jnp.sum(w * (next_a * (below + dual * d_below) + next_rest * (above + dual * d_above)))
    mu = now / (2 * jnp.sum(w)) * (then / now) ** 3
    d_theta, da, d_below, d_above = direction(mu - da * d_below, mu + da * d_above)
    primal, dual = _step(a, da, rest, -da), _step(below, d_below, above, d_above)
    steps = (dual * d_theta, primal * da, -primal * da, dual * d_below, dual * d_above)
    sound = jnp.all(jnp.array([jnp.isfinite(step).all() for step in steps]))  # not so where rounding has the last word
    wanted = wanted & sound
    return _Point(*(jnp.where(wanted, part + step, part) for part, step in zip(point, steps, strict=True)))


def _step(first: Array, d_first: Array, second: Array, d_second: Array) -> Array:
    """Share of a step after which all stay positive."""
    return jnp.minimum(1.0, NEARLY * jnp.minimum(_bound(first, d_first), _bound(second, d_second)))


def _bound(value: Array, change: Array) -> Array:
    return jnp.min(jnp.where(change < 0, -value / jnp.where(change < 0, change, 1.0), jnp.inf))


def _solved(gram: Array, b: Array) -> Array:
    """Solve equations that may be singular, with rows of their own units."""
    scale = jnp.sqrt(jnp.maximum(jnp.diagonal(gram), jnp.finfo(gram.dtype).tiny))
    inverse = 1 / jnp.where(scale > 0, scale, 1.0)
    even = gram * inverse * inverse[:, None]
    factor = jnp.linalg.cholesky(even + RIDGE * jnp.eye(len(b), dtype=b.dtype))
    found = jax.scipy.linalg.cho_solve((factor, True), b * inverse)
    again = jax.scipy.linalg.cho_solve((factor, True), b * inverse - even @ found)
    return inverse * (found + again)
