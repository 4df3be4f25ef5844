"""Lasso and elastic net: fits, paths and predictions. Shapes: n and m samples, d features, a penalties.

The problem, its duality gap and the conditions of a minimum are in `elastic_net`. The steps, `init` and `step`, come
from `lasso_solvers`.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int

from mfml import require
from mfml.entrance import public
from mfml.generalization import elastic_net as net
from mfml.generalization.lasso_solvers import SOLVERS, State, init, solve, step
from mfml.iteration import Report
from mfml.numerics import scaling
from mfml.numerics.absent import present
from mfml.numerics.domain import NON_NEGATIVE, between, checked
from mfml.risk import metrics

__all__ = ["SOLVERS", "Lasso", "Path", "fit", "init", "path", "predict", "score", "step"]


class Lasso(NamedTuple):
    """A fitted model."""

    coef: Float[Array, " d"]  # units of y over units of x; exactly 0 for an unused feature
    intercept: Float[Array, ""]
    gap: Float[Array, ""]  # upper bound on J minus its minimum, in squared units of y
    history: Float[Array, " steps"]  # J at the start and after each step, then NaN; max_iter + 1
    n_iter: Int[Array, ""]  # passes over the active features (coordinate) or steps (fista)
    converged: Bool[Array, ""]  # whether the gap is at most tol times |y|^2 / n
    status: Int[Array, ""]  # CONVERGED, MAX_ITER, NON_FINITE or STALLED, see `mfml.iteration`


class Path(NamedTuple):
    """Models for many penalties, each started from the previous one. Fields as in `Lasso`."""

    alphas: Float[Array, " a"]
    coef: Float[Array, "a d"]
    intercept: Float[Array, " a"]
    gap: Float[Array, " a"]
    history: Float[Array, "a steps"]
    n_iter: Int[Array, " a"]
    converged: Bool[Array, " a"]
    status: Int[Array, " a"]


@public
@checked(weights=NON_NEGATIVE, alpha=NON_NEGATIVE, l1_ratio=between(0, 1, above=True), tol=between(0))
@partial(jax.jit, static_argnames=("solver", "max_iter", "fit_intercept"))
def fit(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    weights: Float[Array, " n"] | None = None,
    alpha: ArrayLike = 1.0,
    l1_ratio: ArrayLike = 1.0,
    solver: str = "coordinate",
    max_iter: int = 1000,
    tol: ArrayLike = 1e-4,
    fit_intercept: bool = True,
) -> Lasso:
    r"""Minimize J until the duality gap is at most `tol` times $\lVert y - \bar y \rVert^2 / n$.

    There are two solvers. `coordinate` updates the coefficients one by one, but only those that are not zero or
    must become non-zero because $|q_j| > \alpha\rho$. After every five passes it selects these features again. It then
    extrapolates the passes and moves to this point if J is lower there. `fista` updates all coefficients at once, by a
    gradient step with momentum and the soft threshold.

    The gap is an upper bound on J minus its minimum. In single precision it cannot decrease far below
    1e-6 $\lVert y - \bar y \rVert^2 / n$, and where columns nearly depend on each other, as in groups of samples far
    apart, it stays larger. The minimum may not be unique if features are collinear. With a penalty of 0 the gap is J
    itself, so the fit ends at the minimum without a claim to have converged: `regression.ols` is for this.
    Where data are NaN, so are the coefficients.

    Args:
        x: features.
        y: targets.
        weights: non-negative, one per sample; all 1 if left out. Only their ratios count.
        alpha: penalty, non-negative; a small one needs many steps.
        l1_ratio: rho, above 0 and at most 1.
        solver: one of `SOLVERS`; static.
        max_iter: passes or steps; static.
        tol: relative tolerance of the gap.
        fit_intercept: whether there is an intercept; static.

    Raises:
        ValueError: if shapes do not fit, if x is empty, for an unknown solver, an option out of range, or unless
            max_iter >= 1.

    Source: Tibshirani (1996); Friedman, Hastie and Tibshirani (2010), Journal of Statistical Software 33
    (coordinates); Bertrand and Massias (2021), AISTATS, PMLR 130, 1288 (their extrapolation); Beck and Teboulle
    (2009), SIAM Journal on Imaging Sciences 2, 183 (FISTA).

    >>> import jax.numpy as jnp
    >>> model = fit(jnp.array([[0.0], [2.0]]), jnp.array([1.0, 5.0]), alpha=0.5)
    >>> round(float(model.coef[0]), 4), round(float(model.intercept), 4)
    (1.5, 1.5)
    """
    task, alpha, l1_ratio, *units = _in_units(x, y, weights, alpha, l1_ratio, fit_intercept)
    start = init(task)
    state, report = solve(start, task, alpha=alpha, l1_ratio=l1_ratio, solver=solver, max_iter=max_iter, tol=tol)
    gap = net.duality_gap(state.coef, state.correlation, task, alpha=alpha, l1_ratio=l1_ratio)
    return Lasso(*_out_of_units(task, state.coef, gap, report, *units))


@public
@checked(weights=NON_NEGATIVE, alphas=NON_NEGATIVE, l1_ratio=between(0, 1, above=True), tol=between(0))
@partial(jax.jit, static_argnames=("max_iter", "fit_intercept"))
def path(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    alphas: Float[Array, " a"],
    *,
    weights: Float[Array, " n"] | None = None,
    l1_ratio: ArrayLike = 1.0,
    max_iter: int = 1000,
    tol: ArrayLike = 1e-4,
    fit_intercept: bool = True,
) -> Path:
    """Fit all penalties in the given order, each from the previous solution. A decreasing order is fastest.

    All fits use the same Gram matrix. Options are those of `fit`; the solver is `coordinate`.

    Raises:
        ValueError: if shapes do not fit, if x is empty, for an option out of range, or unless max_iter >= 1.

    Source: Friedman, Hastie and Tibshirani (2010), Journal of Statistical Software 33, section 2.5.

    >>> import jax.numpy as jnp
    >>> x, y = jnp.array([[0.0], [2.0]]), jnp.array([1.0, 5.0])
    >>> path(x, y, jnp.array([2.0, 1.0])).coef.round(4).tolist()
    [[0.0], [1.0]]
    """
    require.rank("alphas", alphas, 1)
    task, scaled, ratios, *units = _in_units(x, y, weights, alphas, l1_ratio, fit_intercept)

    def one(state: State, penalty: tuple[Array, Array]) -> tuple[State, tuple[Array, Array, Report]]:
        alpha, ratio = penalty
        state, report = solve(state, task, alpha=alpha, l1_ratio=ratio, max_iter=max_iter, tol=tol)
        gap = net.duality_gap(state.coef, state.correlation, task, alpha=alpha, l1_ratio=ratio)
        return state, (state.coef, gap, report)

    _, (coef, gap, report) = lax.scan(one, init(task), (scaled, ratios))
    return Path(alphas, *_out_of_units(task, coef, gap, report, *units))


@public
def predict(model: Lasso, x: Float[Array, "m d"]) -> Float[Array, " m"]:
    """Predict in units of y.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    >>> import jax.numpy as jnp
    >>> x, y = jnp.array([[0.0], [2.0]]), jnp.array([1.0, 5.0])
    >>> predict(fit(x, y, alpha=0.5), x).round(4).tolist()
    [1.5, 4.5]
    """
    require.rank("x", x, 2)
    require.that(model.coef.ndim == 1, f"model must be one model, not a path; found coef {model.coef.shape}")
    require.columns("x", x, len(model.coef))
    return x @ model.coef + model.intercept


@public
@jax.jit
def score(
    model: Lasso, x: Float[Array, "n d"], y: Float[Array, " n"], *, weights: Float[Array, " n"] | None = None
) -> Float[Array, ""]:
    """Return $R^2$ of the predictions, see `mfml.risk.metrics.r2`.

    Raises:
        ValueError: if shapes do not fit.

    >>> import jax.numpy as jnp
    >>> x, y = jnp.array([[0.0], [2.0]]), jnp.array([1.0, 5.0])
    >>> round(score(fit(x, y, alpha=0.5), x, y).item(), 4)
    0.9375
    """
    require.samples(x, y, weights)
    return metrics.r2(predict(model, x), y, weights=weights)


def _in_units(
    x: Array, y: Array, weights: Array | None, alpha: ArrayLike, l1_ratio: ArrayLike, fit_intercept: bool
) -> tuple[net.Task, Array, Array, Array, Array]:
    """The problem with x and y in units near their size, so that no square leaves the float range, and these units.

    Both parts of the penalty have units of their own, so alpha and l1_ratio change with them.
    """
    require.rank("x", x, 2)
    require.samples(x, y, weights)
    x, y = present(weights, x), present(weights, y)
    per_x, per_y = 1 / scaling.unit(x), 1 / scaling.unit(y)
    task = net.problem(x * per_x, y * per_y, weights=weights, fit_intercept=fit_intercept)
    alpha, largest = jnp.asarray(alpha, x.dtype), jnp.finfo(x.dtype).max / 4
    l1 = jnp.minimum(alpha * l1_ratio * per_x * per_y, largest)
    l2 = jnp.where(l1_ratio == 1, 0.0, jnp.minimum(alpha * (1 - l1_ratio) * per_x * per_x, largest))
    total = l1 + l2
    return task, total, jnp.where(total == 0, l1_ratio, l1 / jnp.where(total == 0, 1.0, total)), per_x, per_y


def _out_of_units(
    task: net.Task, coef: Array, gap: Array, report: Report, per_x: Array, per_y: Array
) -> tuple[Array, ...]:
    """Coefficients, intercept, gap and report in units of the data."""
    coef = jnp.where(jnp.isnan(gap)[..., None], jnp.nan, coef)  # where an argument is NaN, no step was made
    intercept = (task.y_mean - coef @ task.x_mean) / per_y
    history = report.history / per_y / per_y
    return coef * per_x / per_y, intercept, gap / per_y / per_y, *report._replace(history=history)
