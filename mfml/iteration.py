"""Iterations: one helper runs them all, and every result says how it ended.

An iterative method has a state and a step. `run` repeats the step until a measure says that the optimum is near,
`run_steps` as often as it is told. Both keep the history of the objective. A fitted model ends with the fields of
`Report`; `explain` says in words how a fit ended, and what helps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from mfml import require


class Status(IntEnum):
    """How an iteration ended."""

    CONVERGED = 0
    MAX_ITER = 1
    NON_FINITE = 2
    STALLED = 3
    UNBOUNDED = 4
    FINISHED = 5
    STOPPED_EARLY = 6


MEANING = {
    Status.CONVERGED: "converged after {n} steps",
    Status.MAX_ITER: "ran out of steps: {n} were not enough to converge. Raise max_iter, raise tol, or bring the "
    "features to one scale",
    Status.NON_FINITE: "the objective became NaN or infinite after {n} steps. Look for such entries in the data "
    "and for columns that depend on each other, rescale the data, or lower the learning rate where there is one",
    Status.STALLED: "no step improves the objective after {n} steps, though it is not within tol of the optimum: "
    "rounding decides. Raise tol, or use double precision (jax.enable_x64)",
    Status.UNBOUNDED: "the objective has no optimum: a parameter grows, or a scale shrinks, without end; stopped after "
    "{n} steps. Add a penalty or more data; look for targets that are fitted exactly or cannot be reached at all",
    Status.FINISHED: "ran all {n} steps. Nothing here measures how near the optimum is: look at the history",
    Status.STOPPED_EARLY: "stopped early after {n} steps, since the validation loss no longer improved",
}


class Report(NamedTuple):
    """How an iteration went: the last four fields of every iterative result."""

    history: Float[Array, " steps"]  # objective at the start and after each step, then NaN
    n_iter: Int[Array, ""]  # steps done
    converged: Bool[Array, ""]  # whether a measure says that the optimum is near
    status: Int[Array, ""]  # a `Status`


def run(
    step: Callable[[Any, Array], Any],
    state: Any,
    *,
    max_iter: int,
    objective: Callable[[Any], Array],
    converged: Callable[[Any], Array],
    failed: Mapping[Status, Callable[[Any], Array]] | None = None,
) -> tuple[Any, Report]:
    """Repeat `state = step(state, i)` until it has converged or failed, or `max_iter` steps are done.

    `objective`, `converged` and the conditions of `failed` are functions of the state; the first condition that
    holds is the status. A non-finite objective ends the iteration, too; only at the start it may be
    infinite. `max_iter` is static. The result may not be differentiated in reverse mode: how many steps there are
    depends on the values.

    Raises:
        ValueError: unless max_iter >= 1.

    >>> halve = lambda x, i: x / 2
    >>> x, report = run(halve, jnp.array(8.0), max_iter=9, objective=lambda x: x, converged=lambda x: x <= 1)
    >>> x.item(), report.n_iter.item(), report.history[:5].tolist()
    (1.0, 3, [8.0, 4.0, 2.0, 1.0, nan])
    """
    require.positive("max_iter", max_iter)
    conditions = {Status.CONVERGED: converged, **(failed or {})}

    def status_of(state: Any, value: Array, n_iter: Array) -> Array:
        status = jnp.where(n_iter < max_iter, _RUNNING, int(Status.MAX_ITER))
        for code, holds in reversed(conditions.items()):
            known = True if code == Status.UNBOUNDED else jnp.isfinite(value)  # nothing is settled at infinity
            status = jnp.where(holds(state) & known, int(code), status)
        broken = jnp.where(n_iter == 0, jnp.isnan(value), ~jnp.isfinite(value))
        return jnp.where(broken, int(Status.NON_FINITE), status)

    def advance(carry: tuple[Any, Array, Array, Array]) -> tuple[Any, Array, Array, Array]:
        state, history, n_iter, _ = carry
        state = step(state, n_iter)
        value, n_iter = objective(state), n_iter + 1
        return state, history.at[n_iter].set(value), n_iter, status_of(state, value, n_iter)

    first, zero = jnp.asarray(objective(state)), jnp.zeros((), int)
    first = first.astype(jnp.result_type(first, 1.0))  # so that integers can be followed by NaN
    history = jnp.full(max_iter + 1, jnp.nan, first.dtype).at[0].set(first)
    carry = state, history, zero, status_of(state, first, zero)
    state, history, n_iter, status = lax.while_loop(lambda carry: carry[3] == _RUNNING, advance, carry)
    return state, Report(history, n_iter, status == Status.CONVERGED, status)


def run_steps(
    step: Callable[[Any, Array], Any], state: Any, *, n_steps: int, objective: Callable[[Any], Array]
) -> tuple[Any, Report]:
    """Repeat `state = step(state, i)` `n_steps` times, a static number; the result may be differentiated.

    Raises:
        ValueError: unless n_steps >= 0.

    >>> x, report = run_steps(lambda x, i: x / 2, jnp.array(8.0), n_steps=2, objective=lambda x: x)
    >>> x.item(), report.history.tolist(), report.converged.item()
    (2.0, [8.0, 4.0, 2.0], False)
    """
    require.that(n_steps >= 0, f"n_steps must not be negative; found {n_steps}")

    def advance(state: Any, i: Array) -> tuple[Any, Array]:
        return step(state, i), objective(state)  # of the same state: the compiler shares what both need

    last, history = lax.scan(advance, state, jnp.arange(n_steps))
    return last, finished(jnp.append(history, objective(last)))


def run_path(
    step: Callable[[Any, Array], Any],
    state: Any,
    *,
    n_steps: int,
    objective: Callable[[Any], Array],
    keep: Callable[[Any], Any] = lambda state: state,
) -> tuple[Any, Report]:
    """Do what `run_steps` does, but return every point: `keep(state)`, stacked along a first axis of n_steps + 1.

    Raises:
        ValueError: unless n_steps >= 0.

    >>> run_path(lambda x, i: x / 2, jnp.array(8.0), n_steps=2, objective=lambda x: x)[0].tolist()
    [8.0, 4.0, 2.0]
    """
    require.that(n_steps >= 0, f"n_steps must not be negative; found {n_steps}")

    def advance(state: Any, i: Array) -> tuple[Any, tuple[Any, Array]]:
        return step(state, i), (keep(state), objective(state))

    last, points = lax.scan(advance, state, jnp.arange(n_steps))
    ends = keep(last), objective(last)
    path, history = jax.tree.map(lambda before, end: jnp.concatenate([before, end[None]]), points, ends)
    return path, finished(history)


def finished(history: Float[Array, " steps"]) -> Report:
    """Report of a method that takes a fixed number of steps and keeps this history, its start included.

    >>> finished(jnp.array([3.0, 2.0])).n_iter.item()
    1
    """
    sound = jnp.isfinite(history[1:]).all() & ~jnp.isnan(history[0])
    status = jnp.where(sound, int(Status.FINISHED), int(Status.NON_FINITE))
    return Report(history, jnp.asarray(len(history) - 1), jnp.zeros((), bool), status)


def explain(fitted: Any) -> str:
    """Say how the iteration of a fitted model ended, and what helps where it failed.

    `fitted` has the fields `status` and `n_iter`. Where it holds several fits (made under `vmap`) each ending is
    counted. It reads values, so call it outside of `jit`.

    Raises:
        ValueError: where there is no status, or within compiled code.

    >>> explain(Report(jnp.array([2.0, 1.0]), jnp.array(1), jnp.array(False), jnp.array(1)))[:38]
    'ran out of steps: 1 were not enough to'
    """
    require.that(hasattr(fitted, "status"), f"{type(fitted).__name__} is not the result of an iteration: no `status`")
    inside = any(isinstance(leaf, jax.core.Tracer) for leaf in (fitted.status, fitted.n_iter))
    require.that(not inside, "explain reads values: call it outside of jit, vmap and grad")
    status, n_iter = np.ravel(fitted.status), np.ravel(fitted.n_iter)
    if hasattr(fitted, "history"):
        n_iter = np.where(status == Status.NON_FINITE, np.minimum(n_iter, _finite_steps(fitted.history)), n_iter)
    endings = []
    for code in np.unique(status):
        steps = n_iter[status == code]
        span = str(steps[0]) if steps.min() == steps.max() else f"{steps.min()} to {steps.max()}"
        share = "" if len(status) == 1 else f"{len(steps)} of {len(status)}: "
        endings.append(share + MEANING[Status(int(code))].format(n=span))
    return "; ".join(endings)


def _finite_steps(history: Array) -> np.ndarray:
    """Entries before the first that is NaN or infinite, for each history; an infinite start counts as finite."""
    values = np.atleast_2d(history)
    finite = np.isfinite(values) | (np.isinf(values) & (np.arange(values.shape[-1]) == 0))
    return np.logical_and.accumulate(finite, axis=-1).sum(axis=-1).ravel()


_RUNNING = -1
