"""The loop of an adaptive method. Its length depends on values, so it has no derivative in reverse: see `replaying`."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, PyTree

from mfml.entrance import public
from mfml.iteration import Status
from mfml.physics.control import error_ratio, first_step, growth, too_small
from mfml.physics.replaying import polynomial
from mfml.physics.tableaus import Field, Tableau, combined, slope, stages

RUNNING = -1


class Record(NamedTuple):
    """What is kept of the steps; NaN where there was none."""

    steps: Float[Array, "intervals 2"]  # size of each accepted step, and time since t0 at its end
    reached: Float[Array, " points"]  # time since t0 at the start and after each step tried
    rows: Float[Array, "intervals 5 *shape"] | None  # polynomial of each accepted step, see `polynomial`


class Marched(NamedTuple):
    """Where a march ended."""

    elapsed: Float[Array, ""]
    y: Float[Array, "*shape"]
    slope: Float[Array, "*shape"]
    h: Float[Array, ""]  # size of the next step
    ratio: Float[Array, ""]  # of the last accepted step, at least 1e-4; negative where a step after it was rejected
    sign: Float[Array, ""]  # of the event's function before the last step
    hit: Bool[Array, ""]  # whether the sign changed
    row: Float[Array, "5 *shape"] | None  # polynomial of the last accepted step, where there is an event
    n_accepted: Int[Array, ""]
    n_tried: Int[Array, ""]
    ended: Int[Array, ""]  # a `Status` of `mfml.iteration`, or RUNNING
    record: Record | None


class Limits(NamedTuple):
    """Limits of steps; None where there is none."""

    scale: Callable[[Array, Array], Array]  # tolerance of each entry, from y at both ends of a step
    first_step: Any = None
    max_step: Any = None


@public
def march(
    f: Field,
    init: Float[Array, "*shape"],
    *,
    t0: ArrayLike,
    span: Float[Array, ""],
    limits: Limits,
    tableau: Tableau,
    max_iter: int,
    args: PyTree = None,
    event: Callable[[Any, Any, Any], Any] | None = None,
    keep: bool = True,
    dense: bool = True,
) -> Marched:
    """Step from t0 over a time of `span`, in steps as large as their errors allow. It has no derivative in reverse.

    Args:
        f: the field.
        init: y at t0.
        t0: where time starts.
        span: how long, negative backward.
        limits: tolerances and limits of steps.
        tableau: a pair of methods whose last stage is the first one of the next step; static.
        max_iter: how many steps may be tried; static.
        args: what f takes as third argument.
        event: `event(t, y, args)` whose change of sign ends the march.
        keep: whether a record is kept; static.
        dense: whether the record holds polynomials; static.

    >>> from mfml.physics.tableaus import DOPRI5
    >>> limits = Limits(lambda y0, y1: 1e-5 * jnp.maximum(abs(y0), abs(y1)))
    >>> one = jnp.array(1.0)
    >>> end = march(lambda t, y, args: y, one, t0=0.0, span=one, limits=limits, tableau=DOPRI5, max_iter=50)
    >>> round(end.y.item(), 3), end.elapsed.item()
    (2.718, 1.0)
    """
    t0 = jnp.asarray(t0, init.dtype)
    begin = slope(f, init, t=t0, args=args)
    scale = limits.scale(init, init)
    h = limits.first_step
    if h is None:
        h = first_step(f, init, begin, t0=t0, span=span, scale=scale, args=args, order=tableau.order)
    sign = jnp.ones((), init.dtype) if event is None else jnp.sign(_number(event(t0, init, args), init))
    sound = jnp.isfinite(init).all() & jnp.isfinite(begin).all() & jnp.isfinite(span) & jnp.isfinite(t0)
    status = jnp.where(jnp.any(scale < 4 * jnp.finfo(init.dtype).eps * jnp.abs(init)), int(Status.STALLED), RUNNING)
    status = jnp.where(span == 0, int(Status.CONVERGED), status)
    status = jnp.where(sound & ~jnp.isnan(sign), status, int(Status.NON_FINITE))
    zero, none, no = jnp.zeros((), init.dtype), jnp.zeros((), int), jnp.zeros((), bool)
    h = _limited(jnp.abs(h).astype(init.dtype), limits) * jnp.sign(span)
    row = None if event is None else jnp.full((5, *init.shape), jnp.nan, init.dtype)
    record = _blank(init, max_iter, dense=dense) if keep else None
    state = Marched(zero, init, begin, h, jnp.ones_like(zero), sign, no, row, none, none, status, record)
    one = partial(_try, f, t0, span, limits, tableau, max_iter, args, event)
    return lax.while_loop(lambda state: state.ended == RUNNING, one, state)


def _try(
    f: Field, t0: Array, span: Array, limits: Limits, tableau: Tableau, max_iter: int, args: PyTree, event: Any,
    state: Marched,
) -> Marched:  # fmt: skip
    """Try a step: take it if its error is small enough, otherwise make it smaller."""
    left = span - state.elapsed
    last = 1.01 * jnp.abs(state.h) >= jnp.abs(left)  # otherwise a tiny step could remain
    h = jnp.where(last, left, state.h)
    t = t0 + state.elapsed
    slopes = stages(f, state.y, t=t, h=h, args=args, tableau=tableau, first=state.slope)
    y = state.y + h * combined(tableau.b, slopes)
    ratio = error_ratio(h * combined(tableau.error, slopes), limits.scale(state.y, y))
    accepted = ratio <= 1
    elapsed = jnp.where(last, span, state.elapsed + h)
    row = None
    if state.row is not None or (state.record is not None and state.record.rows is not None):
        row = polynomial(state.y, slopes, h, tableau=tableau)
    record = state.record and _noted(state, accepted, h, elapsed, row)
    row = None if state.row is None or row is None else jnp.where(accepted, row, state.row)
    following = _limited(
        jnp.abs(h * growth(ratio, jnp.abs(state.ratio), order=tableau.order, rejected=state.ratio < 0)), limits
    )
    following = following * jnp.sign(span)

    sign, hit, broken = state.sign, jnp.zeros((), bool), jnp.zeros((), bool)
    if event is not None:
        found = jnp.sign(_number(event(t0 + elapsed, y, args), y))
        hit = accepted & (state.sign != 0) & (found != state.sign)
        broken = accepted & jnp.isnan(found)
        sign = jnp.where(accepted & ~hit, found, state.sign)

    n_tried = state.n_tried + 1
    status = jnp.where(n_tried == max_iter, int(Status.MAX_ITER), RUNNING)
    lost = jnp.where(jnp.isfinite(ratio), int(Status.STALLED), int(Status.NON_FINITE))
    status = jnp.where(~accepted & too_small(following, state.elapsed, span), lost, status)
    status = jnp.where(accepted & (last | hit), int(Status.CONVERGED), status)
    status = jnp.where(broken, int(Status.NON_FINITE), status)
    last_ratio = jnp.where(accepted, jnp.maximum(ratio, 1e-4), -jnp.abs(state.ratio))
    y, after, elapsed = (
        jnp.where(accepted, new, old)
        for new, old in (
            (y, state.y),
            (slopes[-1], state.slope),
            (elapsed, state.elapsed),
        )
    )
    n_accepted = state.n_accepted + accepted
    return Marched(elapsed, y, after, following, last_ratio, sign, hit, row, n_accepted, n_tried, status, record)


def _limited(h: Array, limits: Limits) -> Array:
    return h if limits.max_step is None else jnp.minimum(h, jnp.asarray(limits.max_step, h.dtype))


def _number(value: Any, like: Array) -> Array:
    found = jnp.asarray(value, like.dtype)
    if found.shape != ():
        raise ValueError(f"event(t, y, args) must return one number; found shape {found.shape}")
    return found


def _blank(init: Array, max_iter: int, *, dense: bool) -> Record:
    blank = partial(jnp.full, fill_value=jnp.nan, dtype=init.dtype)
    rows = blank((max_iter, 5, *init.shape)) if dense else None
    return Record(blank((max_iter, 2)), blank(max_iter + 1).at[0].set(0.0), rows)


def _noted(state: Marched, accepted: Array, h: Array, elapsed: Array, row: Array | None) -> Record:
    """Write a step at its place, and NaN where it was not accepted: the next one overwrites it."""
    n, record = state.n_accepted, state.record
    assert record is not None
    put = partial(lax.dynamic_update_index_in_dim, axis=0)  # `at` would look after indices out of bounds
    rows = None if record.rows is None or row is None else put(record.rows, jnp.where(accepted, row, jnp.nan), n)
    steps = put(record.steps, jnp.where(accepted, jnp.stack([h, elapsed]), jnp.nan), n)
    reached = put(record.reached, jnp.where(accepted, elapsed, state.elapsed), state.n_tried + 1)
    return Record(steps, reached, rows)
