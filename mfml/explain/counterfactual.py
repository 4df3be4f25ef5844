r"""Counterfactual explanations: the smallest change of a sample that gives the prediction we want.

Shapes: n samples, d features.

$$\min_{x'} \sum_j \Bigl(\frac{x'_j - x_j}{s_j}\Bigr)^2 \quad\text{where}\quad f(x') = t, \; l \le x' \le u$$

It says what the model would need, and not what a laboratory should do: a feature that the model uses need not be a
cause, and the way to x' may be impossible.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int

from mfml import iteration, require
from mfml.entrance import public
from mfml.explain.coalitions import Function
from mfml.iteration import Status
from mfml.numerics.domain import NON_NEGATIVE, POSITIVE, checked
from mfml.numerics.scaling import length, power_of_two

BISECTIONS = 60  # of a multiplier: more than the digits of float64
HALVINGS = 12  # of a step that does not bring the prediction nearer to its target


class Counterfactual(NamedTuple):
    """Changed samples, and whether they are predicted as wanted."""

    x: Float[Array, "n d"]  # units of the features
    prediction: Float[Array, " n"]
    distance: Float[Array, " n"]  # root of the sum of squared changes over their scales
    history: Float[Array, "n steps"]  # distance of the prediction to the target, units of the output, then NaN
    n_iter: Int[Array, " n"]
    converged: Bool[Array, " n"]  # the prediction is within tol of the target
    status: Int[Array, " n"]  # CONVERGED, MAX_ITER, STALLED where no allowed step helps, or NON_FINITE


@public
@checked(scale=NON_NEGATIVE, tol=POSITIVE)
@partial(jax.jit, static_argnames=("f", "max_iter"))
def search(
    f: Function,
    x: Float[Array, "n d"],
    target: Float[Array, "*n"],
    *,
    scale: Float[Array, " d"] | None = None,
    low: Float[Array, "*d"] | None = None,
    high: Float[Array, "*d"] | None = None,
    tol: ArrayLike = 1e-3,
    max_iter: int = 50,
) -> Counterfactual:
    r"""Find the nearest sample with the wanted prediction by linearizing the model where the search is.

    Each step solves the problem for the linearized model exactly, bounds included: $x'_j$ is
    $x_j + \lambda s_j^2 g_j$ within its bounds, for the one $\lambda$ that reaches the target. For a linear model the
    first step is the answer. For others the search stops at the first sample that is predicted as wanted: it is close,
    and need not be the closest. A model of steps, such as a tree, has no derivative, and the search stalls.

    Args:
        f: JAX function from rows of features to one output a row; static.
        x: samples to change.
        target: prediction that is wanted, one for all samples or one for each, units of the output.
        scale: what counts as a change of size 1 of each feature; 0 for one that must stay. All 1 if left out.
        low: least values that are allowed, one for all features or one for each; a sample below moves to them.
        high: largest values that are allowed; where they are below the least ones, the result is NaN.
        tol: largest distance to the target, as a share of how far the prediction had to go.
        max_iter: number of linearizations; static.

    Raises:
        ValueError: unless shapes fit, f gives one number for each row, no scale is negative, tol is positive and
            max_iter at least 1.

    Source: Wachter, Mittelstadt and Russell (2018), Counterfactual Explanations without Opening the Black Box.

    >>> found = search(lambda rows: rows @ jnp.array([3.0, 4.0]), jnp.zeros((1, 2)), 25.0)
    >>> jnp.round(found.x).tolist(), round(found.distance.item(), 3)
    ([[3.0, 4.0]], 5.0)
    """
    require.rank("x", x, 2)
    require.positive("max_iter", max_iter)
    n, d = x.shape
    require.broadcasts("target", target, (n,))
    for name, value in (("scale", scale), ("low", low), ("high", high)):
        if value is not None:
            require.broadcasts(name, value, (d,))
    require.that(
        jax.eval_shape(f, x).shape == (n,), f"f must give one number for each row; found {jax.eval_shape(f, x).shape}"
    )
    scale = jnp.ones(d, x.dtype) if scale is None else jnp.broadcast_to(scale, (d,))
    low = jnp.full(d, -jnp.inf, x.dtype) if low is None else jnp.broadcast_to(low, (d,))
    high = jnp.full(d, jnp.inf, x.dtype) if high is None else jnp.broadcast_to(high, (d,))
    low = jnp.where(low > high, jnp.nan, low)
    low, high = (jnp.where(scale > 0, bound, open_end) for bound, open_end in ((low, -jnp.inf), (high, jnp.inf)))
    one = partial(_search_one, f, scale=scale, low=low, high=high, tol=tol, max_iter=max_iter)
    return jax.vmap(one)(x, jnp.broadcast_to(target, (n,)).astype(x.dtype))


class _State(NamedTuple):
    point: Array
    value: Array
    moving: Array


def _search_one(
    f: Function, x: Array, target: Array, *, scale: Array, low: Array, high: Array, tol: ArrayLike, max_iter: int
) -> Counterfactual:
    def value(point: Array) -> Array:
        return f(point[None])[0]

    start = jnp.clip(x, low, high)
    way = jnp.maximum(jnp.abs(target - value(x)), jnp.abs(target - value(start)))
    limit = jnp.asarray(tol, x.dtype) * way

    def step(state: _State) -> _State:
        slope = jax.grad(value)(state.point)
        aim = _project(x, state.point, slope, target - state.value, scale, low, high)
        shares = 0.5 ** jnp.arange(HALVINGS, dtype=x.dtype)
        tried = state.point + shares[:, None] * (aim - state.point)
        values = jax.vmap(value)(tried)
        better = jnp.abs(values - target) < jnp.abs(state.value - target)
        first = jnp.argmax(better)
        moved = jnp.any(better)
        return _State(
            jnp.where(moved, tried[first], state.point),
            jnp.where(moved, values[first], state.value),
            moved,
        )

    def miss(state: _State) -> Array:
        return jnp.abs(state.value - target)

    end, report = iteration.run(
        lambda state, _: step(state),
        _State(start, value(start), jnp.array(True)),
        max_iter=max_iter,
        objective=miss,
        converged=lambda state: miss(state) <= limit,
        failed={Status.STALLED: lambda state: ~state.moving},
    )
    sound = jnp.isfinite(x).all()
    change = jnp.where(scale > 0, (end.point - x) / jnp.where(scale > 0, scale, 1.0), 0.0)
    return Counterfactual(
        jnp.where(sound, end.point, jnp.nan), end.value, jnp.where(sound, length(change), jnp.nan), *report
    )


def _project(x: Array, point: Array, slope: Array, lack: Array, scale: Array, low: Array, high: Array) -> Array:
    """The point nearest to x, in units of the scales, where the linear function is larger than at `point` by `lack`.

    It comes as near to that as the bounds allow. The value grows with the multiplier, so bisection finds it. Without
    bounds the answer is known. The slope is divided by its size: its square may be 0 in small units of the output.
    """
    width = jnp.where(scale > 0, scale, 1.0)
    unit = power_of_two(jnp.max(jnp.abs(scale * slope)))
    slope = scale * slope / unit  # of a change by one scale
    size = slope @ slope

    def needed(moved: Array) -> Array:
        return lack / unit - slope @ ((moved - point) / width)

    def multiplier(need: Array) -> Array:
        return jnp.where(size > 0, need / jnp.where(size > 0, size, 1.0), 0.0)

    def at(multiplier: Array) -> Array:
        return jnp.clip(x + multiplier * scale * slope, low, high)

    def beyond(multiplier: Array) -> Array:
        return jnp.sign(needed(at(multiplier))) == -jnp.sign(first)

    first = multiplier(needed(at(jnp.zeros((), x.dtype))))  # x may lie out of bounds, and its way need not be this way

    def grow(carry: tuple[Array, Array]) -> tuple[Array, Array]:
        return carry[0] * 2, carry[1] + 1

    def short(carry: tuple[Array, Array]) -> Array:
        return ~beyond(carry[0]) & (carry[1] < BISECTIONS) & (first != 0)

    far, _ = lax.while_loop(short, grow, (first * (1 + 8 * jnp.finfo(x.dtype).eps), jnp.zeros((), jnp.int32)))

    def halve(_: Array, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        near, end = ends
        middle = (near + end) / 2
        passed = beyond(middle)
        return jnp.where(passed, near, middle), jnp.where(passed, middle, end)

    _, end = lax.fori_loop(0, BISECTIONS, halve, (jnp.zeros_like(far), far))
    free = x + multiplier(needed(x)) * scale * slope
    return jnp.where(jnp.all((free >= low) & (free <= high)), free, at(end))
