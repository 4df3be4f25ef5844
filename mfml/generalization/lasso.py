"""Solvers of lasso and elastic net. Shapes: n samples, d features, a penalties.

The problem, its gap and its conditions of a minimum are in `elastic_net`; both solvers work on its Gram matrix.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int

from mfml import require
from mfml.generalization import elastic_net as net

SOLVERS = ("coordinate", "fista")
PASSES = 5  # over the active features between two looks at the gap; their iterates are extrapolated


class Lasso(NamedTuple):
    """A fitted model."""

    coef: Float[Array, " d"]  # units of y over units of x; exactly 0 where a feature is out
    intercept: Float[Array, ""]
    gap: Float[Array, ""]  # J is at most so far above its minimum, in squared units of y
    n_iter: Int[Array, ""]  # passes over the active features (coordinate), steps (fista)
    converged: Bool[Array, ""]  # whether the gap fell below tol times |y|^2 / n


class Path(NamedTuple):
    """Models for many penalties, each started from the one before."""

    alphas: Float[Array, " a"]
    coef: Float[Array, "a d"]
    intercept: Float[Array, " a"]
    gap: Float[Array, " a"]
    n_iter: Int[Array, " a"]
    converged: Bool[Array, " a"]


class State(NamedTuple):
    """Where a solver stands."""

    coef: Float[Array, " d"]
    correlation: Float[Array, " d"]  # q
    previous: Float[Array, " d"]  # coefficients one step before (fista)
    momentum: Float[Array, ""]  # of fista


def init(task: net.Task) -> State:
    """Start from zero.

    >>> init(net.problem(jnp.array([[0.0], [2.0]]), jnp.array([1.0, 5.0]))).correlation.tolist()
    [2.0]
    """
    zero = jnp.zeros_like(task.target)
    return State(zero, task.target, zero, jnp.ones((), zero.dtype))


def step(
    state: State, task: net.Task, *, alpha: ArrayLike, l1_ratio: ArrayLike = 1.0, solver: str = "coordinate"
) -> State:
    r"""One pass over all coordinates, or one step of FISTA.

    A coordinate's minimum, the others held, is $S(q_j + G_{jj} \beta_j, \alpha\rho) / (G_{jj} + \alpha(1-\rho))$, S
    the soft threshold. FISTA steps from a point ahead of the last two by 1/L, L the largest eigenvalue of G.

    >>> task = net.problem(jnp.array([[0.0], [2.0]]), jnp.array([1.0, 5.0]))
    >>> step(init(task), task, alpha=0.5).coef.tolist()
    [1.5]
    """
    require.one_of("solver", solver, SOLVERS)
    if solver == "coordinate":
        order = jnp.arange(len(state.coef))
        return _pass(state, task, order, len(state.coef), jnp.asarray(alpha), jnp.asarray(l1_ratio))
    return _accelerated(state, task, jnp.asarray(alpha), jnp.asarray(l1_ratio), _largest_curvature(task.gram))


@partial(jax.jit, static_argnames=("solver", "max_iter", "fit_intercept"))
def fit(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    alpha: ArrayLike = 1.0,
    l1_ratio: ArrayLike = 1.0,
    solver: str = "coordinate",
    max_iter: int = 1000,
    tol: ArrayLike = 1e-4,
    fit_intercept: bool = True,
) -> Lasso:
    r"""Minimize J, until the duality gap is below `tol` times $\lVert y - \bar y \rVert^2 / n$.

    Solvers: `coordinate` goes through the features one by one, mostly through those that are in (or must come in, as
    $|q_j| > \alpha\rho$), and after every few passes tries the point they head for; `fista` moves all at once, by a
    gradient step and the soft threshold, with momentum.
    The gap bounds how far J is above its minimum. In single precision it cannot fall far below 1e-6. Where features
    are collinear the minimum may not be unique.

    Args:
        x: features.
        y: targets.
        alpha: penalty, positive.
        l1_ratio: rho, above 0 and at most 1.
        solver: one of `SOLVERS`; static.
        max_iter: passes or steps; static.
        tol: of the gap.
        fit_intercept: whether there is an intercept; static.

    Raises:
        ValueError: if shapes do not fit or the solver is unknown.

    Source: Tibshirani (1996); Friedman, Hastie and Tibshirani (2010), Journal of Statistical Software 33
    (coordinates); Bertrand and Massias (2021), AISTATS, PMLR 130, 1288 (their extrapolation); Beck and Teboulle
    (2009), SIAM Journal on Imaging Sciences 2, 183 (FISTA).

    >>> model = fit(jnp.array([[0.0], [2.0]]), jnp.array([1.0, 5.0]), alpha=0.5)
    >>> round(float(model.coef[0]), 4), round(float(model.intercept), 4)
    (1.5, 1.5)
    """
    require.one_of("solver", solver, SOLVERS)
    task = net.problem(x, y, fit_intercept=fit_intercept)
    penalty = jnp.asarray(alpha, x.dtype), jnp.asarray(l1_ratio, x.dtype)
    solve = _by_coordinates if solver == "coordinate" else _by_fista
    state, gap, n_iter = solve(init(task), task, *penalty, max_iter=max_iter, tol=tol)
    intercept = task.y_mean - task.x_mean @ state.coef
    return Lasso(state.coef, intercept, gap, n_iter, gap <= tol * task.energy)


@partial(jax.jit, static_argnames=("max_iter", "fit_intercept"))
def path(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    alphas: Float[Array, " a"],
    *,
    l1_ratio: ArrayLike = 1.0,
    max_iter: int = 1000,
    tol: ArrayLike = 1e-4,
    fit_intercept: bool = True,
) -> Path:
    """Fit all penalties in the order given, best from large to small: each starts where the one before ended.

    One Gram matrix serves all. Options as in `fit`, solver `coordinate`.

    Raises:
        ValueError: if shapes do not fit.

    Source: Friedman, Hastie and Tibshirani (2010), Journal of Statistical Software 33, section 2.5.

    >>> x, y = jnp.array([[0.0], [2.0]]), jnp.array([1.0, 5.0])
    >>> path(x, y, jnp.array([2.0, 1.0])).coef.round(4).tolist()
    [[0.0], [1.0]]
    """
    require.rank("alphas", alphas, 1)
    task = net.problem(x, y, fit_intercept=fit_intercept)
    ratio = jnp.asarray(l1_ratio, x.dtype)

    def one(state: State, alpha: Array) -> tuple[State, tuple[Array, Array, Array]]:
        state, gap, n_iter = _by_coordinates(state, task, alpha, ratio, max_iter=max_iter, tol=tol)
        return state, (state.coef, gap, n_iter)

    _, (coef, gap, n_iter) = lax.scan(one, init(task), alphas)
    return Path(alphas, coef, task.y_mean - coef @ task.x_mean, gap, n_iter, gap <= tol * task.energy)


def predict(model: Lasso, x: Float[Array, "m d"]) -> Float[Array, " m"]:
    """Predict in units of y.

    >>> x, y = jnp.array([[0.0], [2.0]]), jnp.array([1.0, 5.0])
    >>> predict(fit(x, y, alpha=0.5), x).round(4).tolist()
    [1.5, 4.5]
    """
    return x @ model.coef + model.intercept


def _gap(state: State, task: net.Task, alpha: Array, l1_ratio: Array) -> Array:
    return net.duality_gap(state.coef, state.correlation, task, alpha=alpha, l1_ratio=l1_ratio)


def _pass(state: State, task: net.Task, order: Array, count: ArrayLike, alpha: Array, l1_ratio: Array) -> State:
    """Minimize over the first `count` coordinates of `order`, one after the other."""
    l1, l2 = alpha * l1_ratio, alpha * (1 - l1_ratio)
    curvature = jnp.diagonal(task.gram)

    def one(i: Array, at: tuple[Array, Array]) -> tuple[Array, Array]:
        coef, q = at
        j = order[i]
        below = curvature[j] + l2
        new = net.soft_threshold(q[j] + curvature[j] * coef[j], l1) / jnp.where(below > 0, below, 1.0)
        new = jnp.where(curvature[j] > 0, new, 0.0)
        change = new - coef[j]
        return coef.at[j].set(new), q - change * task.gram[j]

    coef, q = lax.fori_loop(0, count, one, (state.coef, state.correlation))
    return state._replace(coef=coef, correlation=q)


def _by_coordinates(
    state: State, task: net.Task, alpha: Array, l1_ratio: Array, *, max_iter: int, tol: ArrayLike
) -> tuple[State, Array, Array]:
    """Passes over the features that are in or must come in, until the gap is small."""
    d = len(state.coef)
    goal = tol * task.energy

    def improve(carry: tuple[State, Array, Array]) -> tuple[State, Array, Array]:
        state, _, n_iter = carry
        active = (state.coef != 0) | (jnp.abs(state.correlation) > alpha * l1_ratio)
        order = jnp.flatnonzero(active, size=d, fill_value=0)

        def once(at: State, _: None) -> tuple[State, State]:
            at = _pass(at, task, order, jnp.sum(active), alpha, l1_ratio)
            return at, at

        after, passed = lax.scan(once, state, length=PASSES)
        mixture = _mixture(jnp.concatenate([state.coef[None], passed.coef]))
        ahead = after._replace(coef=mixture @ passed.coef, correlation=mixture @ passed.correlation)
        better = _objective(ahead, task, alpha, l1_ratio) < _objective(after, task, alpha, l1_ratio)
        state = jax.tree.map(lambda new, old: jnp.where(better, new, old), ahead, after)
        return state, _gap(state, task, alpha, l1_ratio), n_iter + PASSES

    def goes_on(carry: tuple[State, Array, Array]) -> Array:
        _, gap, n_iter = carry
        return (gap > goal) & (n_iter < max_iter)

    start = _gap(state, task, alpha, l1_ratio)
    state, gap, n_iter = lax.while_loop(goes_on, improve, (state, start, jnp.zeros((), int)))
    return state, gap, n_iter


def _mixture(coefs: Array) -> Array:
    """Shares, which sum to one, of the later iterates, such that their last steps cancel best (Anderson)."""
    steps = jnp.diff(coefs, axis=0)
    products = steps @ steps.T
    size = jnp.trace(products)
    ridge = jnp.where(size > 0, size * jnp.finfo(size.dtype).eps, 1.0)
    one = jnp.ones(len(steps), size.dtype)
    shares = jnp.linalg.solve(products + ridge * jnp.diag(one), one)
    return shares / jnp.sum(shares)


def _objective(state: State, task: net.Task, alpha: Array, l1_ratio: Array) -> Array:
    """J less half of |y|^2 / n."""
    w, l2 = state.coef, alpha * (1 - l1_ratio)
    return alpha * l1_ratio * jnp.sum(jnp.abs(w)) - 0.5 * w @ (task.target + state.correlation - l2 * w)


def _accelerated(state: State, task: net.Task, alpha: Array, l1_ratio: Array, curvature: Array) -> State:
    """One step of FISTA, from a point ahead of the last two."""
    momentum = (1 + jnp.sqrt(1 + 4 * state.momentum**2)) / 2
    ahead = state.coef + (state.momentum - 1) / momentum * (state.coef - state.previous)
    l1, l2 = alpha * l1_ratio, alpha * (1 - l1_ratio)
    gradient = task.gram @ ahead - task.target
    safe = jnp.where(curvature > 0, curvature, 1.0)
    coef = net.soft_threshold(ahead - gradient / safe, l1 / safe) / (1 + l2 / safe)
    return State(coef, task.target - task.gram @ coef, state.coef, momentum)


def _by_fista(
    state: State, task: net.Task, alpha: Array, l1_ratio: Array, *, max_iter: int, tol: ArrayLike
) -> tuple[State, Array, Array]:
    curvature = _largest_curvature(task.gram)

    def improve(carry: tuple[State, Array, Array]) -> tuple[State, Array, Array]:
        state = _accelerated(carry[0], task, alpha, l1_ratio, curvature)
        return (
            state,
            _gap(state, task, alpha, l1_ratio),
            carry[2] + 1,
        )

    def goes_on(carry: tuple[State, Array, Array]) -> Array:
        return (carry[1] > tol * task.energy) & (carry[2] < max_iter)

    start = _gap(state, task, alpha, l1_ratio)
    return lax.while_loop(goes_on, improve, (state, start, jnp.zeros((), int)))


def _largest_curvature(gram: Array) -> Array:
    """A bound of the largest eigenvalue from above: the largest sum of a row's absolute values."""
    return jnp.max(jnp.sum(jnp.abs(gram), axis=1))
