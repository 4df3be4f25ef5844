"""Solvers for lasso and elastic net: one step, and the iteration to the minimum. Shapes: n samples, d features.

The problem, its duality gap and the conditions of a minimum are in `elastic_net`. Both solvers work on its Gram
matrix: `coordinate` minimizes over one coordinate after the other, `fista` takes accelerated proximal steps.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import iteration, require
from mfml.entrance import public
from mfml.generalization import elastic_net as net
from mfml.iteration import Status

SOLVERS = ("coordinate", "fista")
PASSES = 5  # over the active features in one round; after them comes an extrapolation and a check of the gap
FRESH = 10 * PASSES  # passes after which correlations are computed again


class State(NamedTuple):
    """What a solver knows after some steps."""

    coef: Float[Array, " d"]
    correlation: Float[Array, " d"]  # q
    previous: Float[Array, " d"]  # coefficients one step before (fista)
    momentum: Float[Array, ""]  # of fista


@public
def init(task: net.Task) -> State:
    """Start from zero.

    >>> init(net.problem(jnp.array([[0.0], [2.0]]), jnp.array([1.0, 5.0]))).correlation.tolist()
    [2.0]
    """
    zero = jnp.zeros_like(task.target)
    return State(zero, task.target, zero, jnp.ones((), zero.dtype))


@public
@partial(jax.jit, static_argnames="solver")
def step(
    state: State, task: net.Task, *, alpha: ArrayLike, l1_ratio: ArrayLike = 1.0, solver: str = "coordinate"
) -> State:
    r"""Make one pass over all coordinates, or one step of FISTA.

    With the other coordinates fixed, the minimum over coordinate j is at
    $S(q_j + G_{jj} \beta_j, \alpha\rho) / (G_{jj} + \alpha(1-\rho))$ with the soft threshold S. FISTA takes a gradient
    step of size 1/L from a point ahead of the last two. L is an upper bound on the largest eigenvalue of G.

    Raises:
        ValueError: for an unknown solver.

    >>> task = net.problem(jnp.array([[0.0], [2.0]]), jnp.array([1.0, 5.0]))
    >>> step(init(task), task, alpha=0.5).coef.tolist()
    [1.5]
    """
    require.one_of("solver", solver, SOLVERS)
    if solver == "coordinate":
        order = jnp.arange(len(state.coef))
        return _pass(state, task, order, len(state.coef), jnp.asarray(alpha), jnp.asarray(l1_ratio))
    return _accelerated(state, task, jnp.asarray(alpha), jnp.asarray(l1_ratio), _largest_curvature(task.gram))


@public
@partial(jax.jit, static_argnames=("solver", "max_iter"))
def solve(
    state: State,
    task: net.Task,
    *,
    alpha: ArrayLike,
    l1_ratio: ArrayLike = 1.0,
    solver: str = "coordinate",
    max_iter: int = 1000,
    tol: ArrayLike = 1e-4,
) -> tuple[State, iteration.Report]:
    r"""Repeat steps until the duality gap is at most `tol` times $\lVert y - \bar y \rVert^2 / n$.

    Options are those of `lasso.fit`. The first state may be the solution for another penalty.

    Raises:
        ValueError: for an unknown solver, or unless max_iter >= 1.

    >>> task = net.problem(jnp.array([[0.0], [2.0]]), jnp.array([1.0, 5.0]))
    >>> state, report = solve(init(task), task, alpha=0.5, max_iter=10)
    >>> state.coef.round(4).tolist(), report.history[:2].tolist()
    ([1.5], [2.0, 0.875])
    """
    require.one_of("solver", solver, SOLVERS)
    method = _by_coordinates if solver == "coordinate" else _by_fista
    dtype = state.coef.dtype
    return method(state, task, jnp.asarray(alpha, dtype), jnp.asarray(l1_ratio, dtype), max_iter=max_iter, tol=tol)


class _Progress(NamedTuple):
    """State of the coordinate solver after some rounds."""

    state: State
    value: Array  # J minus half of |y|^2 / n
    history: Array  # of this value, at the start and after each pass
    stalled: Array  # whether the last round changed nothing


def _gap(state: State, task: net.Task, alpha: Array, l1_ratio: Array) -> Array:
    return net.duality_gap(state.coef, state.correlation, task, alpha=alpha, l1_ratio=l1_ratio)


def _pass(state: State, task: net.Task, order: Array, count: ArrayLike, alpha: Array, l1_ratio: Array) -> State:
    """Minimize J over each of the first `count` coordinates of `order`, one after the other."""
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
) -> tuple[State, iteration.Report]:
    """Make rounds of passes until the gap is small."""
    start, n_rounds = _objective(state, task, alpha, l1_ratio), -(-max_iter // PASSES)
    history = jnp.full(1 + PASSES * n_rounds, jnp.nan, start.dtype).at[0].set(start)
    done, report = iteration.run(
        lambda at, i: _round(at, task, alpha, l1_ratio, first=PASSES * i, max_iter=max_iter, tol=tol),
        _Progress(state, start, history, jnp.zeros((), bool)),
        max_iter=n_rounds,
        objective=lambda at: at.value,
        converged=lambda at: _gap(at.state, task, alpha, l1_ratio) <= tol * task.energy,
        failed={Status.STALLED: lambda at: at.stalled},
    )
    n_iter = jnp.minimum(PASSES * report.n_iter, max_iter)
    history = 0.5 * task.energy + done.history[: max_iter + 1]
    return done.state, report._replace(history=history, n_iter=n_iter)


def _refreshed(state: State, *, task: net.Task) -> State:
    """The state with fresh correlations: those that passes add up collect their rounding. Zeros cost nothing."""
    used = jnp.flatnonzero(state.coef, size=len(state.coef), fill_value=0)

    def subtract(i: Array, q: Array) -> Array:
        return q - state.coef[used[i]] * task.gram[used[i]]

    q = lax.fori_loop(0, jnp.sum(state.coef != 0), subtract, task.target)
    return state._replace(correlation=q)


def _round(
    at: _Progress, task: net.Task, alpha: Array, l1_ratio: Array, *, first: Array, max_iter: int, tol: ArrayLike
) -> _Progress:
    """Make passes over the active features, then move to the extrapolated point if J is lower there.

    The product for fresh correlations is made only now and then, and where the gap seems small enough: it must be so
    with them, too.
    """
    state = at.state
    active = (state.coef != 0) | (jnp.abs(state.correlation) > alpha * l1_ratio)
    order = jnp.flatnonzero(active, size=len(active), fill_value=0)

    def once(state: State, number: Array) -> tuple[State, State]:
        count = jnp.where(number < max_iter, jnp.sum(active), 0)
        state = _pass(state, task, order, count, alpha, l1_ratio)
        return state, state

    after, passed = lax.scan(once, state, first + jnp.arange(PASSES))
    values = jax.vmap(lambda one: _objective(one, task, alpha, l1_ratio))(passed)
    mixture = _mixture(jnp.concatenate([state.coef[None], passed.coef]))
    ahead = after._replace(coef=mixture @ passed.coef, correlation=mixture @ passed.correlation)
    value = _objective(ahead, task, alpha, l1_ratio)
    better = value < values[-1]
    after, value = jax.tree.map(partial(jnp.where, better), (ahead, value), (after, values[-1]))
    due = (_gap(after, task, alpha, l1_ratio) <= tol * task.energy) | (first % FRESH == FRESH - PASSES)
    after = lax.cond(due, partial(_refreshed, task=task), lambda one: one, after)
    history = lax.dynamic_update_slice(at.history, values, (first + 1,))
    history = history.at[jnp.minimum(first + PASSES, max_iter)].set(value)
    return _Progress(after, value, history, _stands_still(after.coef, state.coef))


def _mixture(coefs: Array) -> Array:
    """Weights of the last iterates that sum to 1 and make the last steps cancel best (Anderson)."""
    steps = jnp.diff(coefs, axis=0)
    products = steps @ steps.T
    size = jnp.trace(products)
    ridge = jnp.where(size > 0, 4 * jnp.finfo(size.dtype).eps * size, 1.0)  # some rounding
    one = jnp.ones(len(steps), size.dtype)
    shares = jnp.linalg.solve(products + ridge * jnp.diag(one), one)
    return shares / jnp.sum(shares)


def _objective(state: State, task: net.Task, alpha: Array, l1_ratio: Array) -> Array:
    """J minus half of |y|^2 / n."""
    w, l2 = state.coef, alpha * (1 - l1_ratio)
    return alpha * l1_ratio * jnp.sum(jnp.abs(w)) - 0.5 * w @ (task.target + state.correlation - l2 * w)


def _accelerated(state: State, task: net.Task, alpha: Array, l1_ratio: Array, curvature: Array) -> State:
    """Take one step of FISTA, from a point ahead of the last two."""
    momentum = (1 + jnp.sqrt(1 + 4 * state.momentum**2)) / 2
    ahead = state.coef + (state.momentum - 1) / momentum * (state.coef - state.previous)
    l1, l2 = alpha * l1_ratio, alpha * (1 - l1_ratio)
    gradient = task.gram @ ahead - task.target
    safe = jnp.where(curvature > 0, curvature, 1.0)
    coef = net.soft_threshold(ahead - gradient / safe, l1 / safe) / (1 + l2 / safe)
    return State(coef, task.target - task.gram @ coef, state.coef, momentum)


def _by_fista(
    state: State, task: net.Task, alpha: Array, l1_ratio: Array, *, max_iter: int, tol: ArrayLike
) -> tuple[State, iteration.Report]:
    """Take accelerated steps until the gap is small."""
    penalty, curvature = (alpha, l1_ratio), _largest_curvature(task.gram)
    return iteration.run(
        lambda state, i: _accelerated(state, task, *penalty, curvature),
        state,
        max_iter=max_iter,
        objective=lambda state: 0.5 * task.energy + _objective(state, task, *penalty),
        converged=lambda state: _gap(state, task, *penalty) <= tol * task.energy,
        failed={Status.STALLED: lambda state: (state.momentum > 1) & _stands_still(state.coef, state.previous)},
    )


def _stands_still(coef: Array, before: Array) -> Array:
    """Whether no coefficient has moved by more than rounding."""
    return jnp.max(jnp.abs(coef - before)) <= 2 * jnp.finfo(coef.dtype).eps * jnp.max(jnp.abs(coef))


def _largest_curvature(gram: Array) -> Array:
    """An upper bound on the largest eigenvalue: the largest sum of absolute values in a row."""
    return jnp.max(jnp.sum(jnp.abs(gram), axis=1))
