r"""Adaptive steps for ordinary differential equations $y' = f(t, y)$, with dense output, events and derivatives.

Two pairs of order 5 and 4: Dormand-Prince ("dopri5") and Tsitouras ("tsit5"). A step is accepted where the root mean
square over the entries of error over tolerance is at most 1, with the tolerance

$$s_i = \mathrm{atol}_i + \mathrm{rtol} \cdot \max(|y_i(t)|, |y_i(t + h)|).$$

A step whose trial meets NaN is rejected and tried smaller. Both methods are explicit: a stiff equation needs very many
steps, and ends with the status MAX_ITER.

With the default `atol` of 0 the result does not depend on units, and tolerances are relative to each entry. An entry
that starts at exactly 0 and grows with a high power of time (the end of a chain, or places far from a pulse) then has
no scale of its own at first, and the integration begins with many tiny steps; where the field jumps while an entry is
0, the status is STALLED. `atol` helps, in units of y: one number, or one for each entry where units differ.

Derivatives, in either mode, are those of the steps taken, whose sizes count as given: discretize, then optimize. Where
the error estimate is 0, as at rest, steps grow tenfold each. The values are then exact, and derivatives have the error
of these steps: $d y(1) / d y(0)$ of $y' = -y$ at y = 0 is right to 3e-4. `max_step` makes it better.

Source: Dormand and Prince (1980); Shampine (1986), the interpolant; Tsitouras (2011); Hairer,
Nørsett and Wanner (1993), chapter II.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, PyTree

from mfml import require
from mfml.entrance import public
from mfml.iteration import Status
from mfml.numerics.domain import NON_NEGATIVE, POSITIVE, checked
from mfml.numerics.precision import single
from mfml.physics.marching import Limits, Marched, march
from mfml.physics.replaying import Replayed, at, differentiable, replay
from mfml.physics.tableaus import PAIRS, Field

Event = Callable[[Any, Any, Any], Any]  # event(t, y, args), one number


class Solution(NamedTuple):
    """A path, and how the integration went. Entries after the last accepted step are NaN."""

    times: Float[Array, " steps"]  # t0, and the end of each accepted step
    values: Float[Array, "steps *shape"]  # y there
    coefficients: Float[Array, "intervals 5 *shape"]  # of the polynomials between times, see `evaluate`
    end: Float[Array, ""]  # t1, or the time of the event; NaN where neither was reached
    value: Float[Array, "*shape"]  # y at `end`
    event: Bool[Array, ""]  # whether an event ended the integration
    n_accepted: Int[Array, ""]
    n_rejected: Int[Array, ""]
    history: Float[Array, " steps"]  # time reached, at the start and after each step tried
    n_iter: Int[Array, ""]  # steps tried
    converged: Bool[Array, ""]  # whether t1 or an event was reached
    status: Int[Array, ""]  # CONVERGED, MAX_ITER, NON_FINITE or STALLED, see `mfml.iteration`


@public
@checked(rtol=NON_NEGATIVE, atol=NON_NEGATIVE, first_step=POSITIVE, max_step=POSITIVE)
@partial(jax.jit, static_argnames=("f", "event", "solver", "max_iter"))
def solve(
    f: Field,
    init: Float[Array, "*shape"],
    *,
    t0: ArrayLike = 0.0,
    t1: ArrayLike,
    args: PyTree = None,
    rtol: ArrayLike = 1e-5,
    atol: Float[Array, "..."] = 0.0,  # type: ignore[assignment]
    event: Event | None = None,
    solver: str = "dopri5",
    first_step: ArrayLike | None = None,
    max_step: ArrayLike | None = None,
    max_iter: int = 1000,
) -> Solution:
    """Integrate from t0 to t1, or to an event. Time may run backward.

    Args:
        f: the field, `f(t, y, args)`; static. Compiled code is found again only for the same function.
        init: y at t0, an array of any shape.
        t0: where time starts.
        t1: where it ends.
        args: pytree that f and `event` take as third argument.
        rtol: tolerance relative to each entry of y.
        atol: tolerance in units of y: a number, or an array that broadcasts to y.
        event: `event(t, y, args)`, one number; static. The integration ends where its sign has changed over a step. A
            value of 0 at the start counts as no sign. Two changes within one step are not seen: `max_step` helps.
        solver: "dopri5" or "tsit5"; static.
        first_step: size of the first step; None finds one.
        max_step: limit of the size of steps.
        max_iter: how many steps may be tried; static. The path takes memory for 5 `max_iter` arrays like y, and under
            `vmap` the time of derivatives grows with it. For the end alone `adjoint.solve` takes less of both.

    Where a tolerance is below the rounding of y, the status is STALLED and no step is taken.

    Raises:
        ValueError: for an unknown solver, max_iter < 1, a negative tolerance, a step size that is not positive (NaN
            where they are traced), or if f or `event` return another shape.

    >>> solution = solve(lambda t, y, args: -y, jnp.array(1.0), t1=1.0)
    >>> round(solution.value.item(), 4), solution.converged.item()
    (0.3679, True)
    """
    require.one_of("solver", solver, PAIRS)
    require.positive("max_iter", max_iter)
    require.broadcasts("atol", atol, init.shape)
    dtype, tableau = init.dtype, PAIRS[solver]
    init, t0, t1 = (single(jnp.asarray(value, dtype)) for value in (init, t0, t1))
    f, event, inputs = _opened(f, event, t0, init, args)
    options = {"tableau": tableau, "max_iter": max_iter, "event": event}
    marched = _march(f, options, *lax.stop_gradient((init, t0, t1, inputs, rtol, atol, first_step, max_step)))
    assert marched.record is not None
    again = partial(replay, f, tableau=tableau, last=event is not None, dense=True)
    found = Replayed(marched.y, marched.slope, marched.row, marched.record.rows)
    found = differentiable(again, found, marched.record.steps, marched.n_accepted, (init, t0, inputs))
    solution = _assembled(event, marched, found, init, t0, t1, inputs)
    return jax.tree.map(lambda a: a.astype(dtype) if jnp.issubdtype(a.dtype, jnp.floating) else a, solution)


@public
@jax.jit
def evaluate(solution: Solution, t: Float[Array, "*times"]) -> Float[Array, "..."]:
    """Return y at any times within the solution, by polynomials of degree 4 between the steps; NaN outside.

    The error is of order 4 in the size of the steps, about as large as that of the steps themselves.

    Source: Hairer, Nørsett and Wanner (1993), section II.6.

    >>> solution = solve(lambda t, y, args: -y, jnp.array(1.0), t1=1.0)
    >>> evaluate(solution, jnp.array([0.0, 0.5, 2.0])).round(4).tolist()
    [1.0, 0.606..., nan]
    """
    rows, n, times = solution.coefficients, solution.n_accepted, solution.times
    last = times[n]
    sign = jnp.where(last < times[0], -1.0, 1.0).astype(times.dtype)
    place = jnp.searchsorted(jnp.where(jnp.isnan(times), jnp.inf, sign * times), sign * t, side="right") - 1
    place = jnp.clip(place, 0, jnp.maximum(n - 1, 0))
    width = lax.stop_gradient(times[place + 1] - times[place])
    theta = (t.astype(times.dtype) - times[place]) / jnp.where(n > 0, width, 1.0)
    within = (sign * t >= sign * times[0]) & (sign * t <= sign * last)
    theta, within = (jnp.expand_dims(a, tuple(range(t.ndim, t.ndim + rows.ndim - 2))) for a in (theta, within))
    found = at(jnp.moveaxis(rows[place], t.ndim, 0), theta)
    return jnp.where(within, jnp.where(n > 0, found, solution.value), jnp.nan)


def _opened(f: Field, event: Event | None, t: Array, y: Array, args: PyTree) -> tuple[Field, Event | None, PyTree]:
    """Let what the functions hold, and what may be differentiated, be arguments."""
    inner, held = jax.closure_convert(f, t, y, args)
    if event is None:
        return lambda t, y, all: inner(t, y, all[0], *all[1]), None, (args, held, [])
    of_event, also = jax.closure_convert(event, t, y, args)
    return (
        lambda t, y, all: inner(t, y, all[0], *all[1]),
        lambda t, y, all: of_event(t, y, all[0], *all[2]),
        (args, held, also),
    )


def _march(
    f: Field, options: Any, init: Array, t0: Array, t1: Array, inputs: PyTree,
    rtol: Any, atol: Any, first_step: Any, max_step: Any,
) -> Marched:  # fmt: skip
    def scale(y0: Array, y1: Array) -> Array:
        return (atol + rtol * jnp.maximum(jnp.abs(y0), jnp.abs(y1))).astype(y0.dtype)

    return march(f, init, t0=t0, span=t1 - t0, limits=Limits(scale, first_step, max_step), args=inputs, **options)


def _assembled(
    event: Event | None, marched: Marched, found: Replayed, init: Array, t0: Array, t1: Array, inputs: PyTree
) -> Solution:
    """Put the end in its place."""
    record, n, span = marched.record, marched.n_accepted, t1 - t0
    assert record is not None
    end, value, rows = t1, found.y + (span - lax.stop_gradient(span)) * found.slope, found.rows  # t1 changes the value
    if event is not None:
        end, value, rows = _located(event, marched, found, t0, inputs, (end, value))
    reached = marched.ended == Status.CONVERGED
    since = jnp.concatenate([jnp.zeros(1, t0.dtype), lax.stop_gradient(record.steps[:, 1])])
    times = (t0 + since).at[n].set(jnp.where((n > 0) & reached, end, t0 + since[n]))
    assert rows is not None
    values = jnp.concatenate([rows[:, 0], jnp.full_like(rows[:1, 0], jnp.nan)])
    values = values.at[n].set(jnp.where(reached, value, found.y)).at[0].set(init)
    return Solution(
        times, values, rows, jnp.where(reached, end, jnp.nan), jnp.where(reached, value, jnp.nan), marched.hit, n,
        marched.n_tried - n, lax.stop_gradient(t0) + record.reached, marched.n_tried, reached, marched.ended,
    )  # fmt: skip


def _located(
    event: Event, marched: Marched, found: Replayed, t0: Array, inputs: PyTree, otherwise: tuple
) -> tuple[Array, Array, Array]:
    """Halve the last step until rounding ends it; a step of Newton, which is 0, knows how the place changes."""
    assert marched.record is not None and found.row is not None and found.rows is not None
    last, row = jnp.maximum(marched.n_accepted - 1, 0), jnp.where(marched.hit, found.row, 0.0)
    h = jnp.where(marched.hit, marched.record.steps[last, 0], 1.0)
    since = marched.elapsed - h

    def of(theta: Array, t0: Array, row: Array, inputs: PyTree) -> Array:
        return jnp.asarray(event(t0 + since + theta * h, at(row, theta), inputs), row.dtype)

    fixed = lax.stop_gradient((t0, row, inputs))

    def halve(_: Any, bracket: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bracket
        middle = (low + high) / 2
        before = jnp.sign(of(middle, *fixed)) == marched.sign
        return jnp.where(before, middle, low), jnp.where(before, high, middle)

    zero = jnp.zeros((), row.dtype)
    root = lax.fori_loop(0, jnp.finfo(row.dtype).nmant + 2, halve, (zero, zero + 1))[1]
    steep = jax.grad(of)(root, *fixed)
    off = of(root, t0, row, inputs)
    theta = root - (off - lax.stop_gradient(off)) / jnp.where(marched.hit, steep, 1.0)
    end = jnp.where(marched.hit, t0 + since + theta * h, otherwise[0])
    value = jnp.where(marched.hit, at(row, theta), otherwise[1])
    powers = jnp.where(marched.hit, (root ** jnp.arange(5)).astype(row.dtype), 1.0)
    return end, value, found.rows.at[last].multiply(powers.reshape(5, *(1,) * (row.ndim - 1)))
