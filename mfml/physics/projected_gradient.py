r"""Projected gradient: a step downhill, then back to the feasible set. Shapes: vectors of d entries.

$$x \leftarrow P(x - t \nabla f(x))$$

Every point fulfills the constraints, and only the projection P needs to know them. At a minimum of f over a convex set
the step leads back to x: $x = P(x - t \nabla f)$ for every t > 0.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, PyTree

from mfml import iteration, require
from mfml.entrance import public
from mfml.iteration import Status
from mfml.numerics import scaling
from mfml.numerics.domain import between, checked

HALVINGS = 60  # of the step size, from iteration to iteration

Function = Callable[..., Array]  # of the parameters, and of the data if there are any
Projection = Callable[[Array], Array]  # nearest point of a convex set, such as those of `sets`


class Minimum(NamedTuple):
    """Where the search ended."""

    params: Float[Array, "*shape"]  # in the set
    objective: Float[Array, ""]  # f there
    moved: Float[Array, ""]  # length of the last step, over the size of the parameters or their way from the start
    history: Float[Array, " steps"]  # f at the start, which is projected first, and after each step, then NaN
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # `moved` is at most tol
    status: Int[Array, ""]  # a `mfml.iteration.Status`


class State(NamedTuple):
    """Where the search is."""

    point: Array
    objective: Array
    slope: Array
    rate: Array  # t
    moved: Array
    stuck: Array  # no step lowers the objective
    cut: Array  # the last step would have left the finite numbers


@public
@checked(tol=between(0))
def minimize(
    objective: Function,
    init: Float[Array, "*shape"],
    *,
    project: Projection,
    data: PyTree | None = None,
    max_iter: int = 500,
    tol: ArrayLike = 1e-6,
) -> Minimum:
    r"""Minimize f over a convex set; t is found as the search goes.

    The first t is that of the parabola along the gradient. Later ones are $|s|^2 / (s \cdot z)$ with the last changes
    s of x and z of the gradient (Barzilai and Borwein), halved until $f$ lies below the parabola
    $f + \nabla f \cdot s + |s|^2 / (2 t)$, or below rounding. For a convex f the minimum is global. Where the
    condition of the Hessian is K, the minimum may be about K times as far away as the last step was long.

    Args:
        objective: f, differentiable, of the parameters (and of the data); returns one number; static.
        init: parameters at the start; an array, in the set or not.
        project: nearest point of the set, such as `partial(sets.box, low=0.0, high=1.0)` or
            `norms.project_simplex`; static. Define it once, outside of loops.
        data: second argument of f, a pytree of arrays. None: f takes the parameters alone.
        max_iter: largest number of steps; static.
        tol: of the length of a step, relative to the parameters or their way from the start.

    Raises:
        ValueError: unless f returns a number, `project` keeps the shape, and max_iter >= 1.

    Source: Parikh and Boyd (2014), section 4.2 (with the projection as the proximal map); Barzilai and Borwein (1988),
    IMA Journal of Numerical Analysis 8, 141.

    >>> from mfml.decomposition.norms import project_simplex
    >>> far = jnp.array([2.0, 1.5, 0.0])
    >>> found = minimize(lambda x: jnp.sum((x - far) ** 2), jnp.zeros(3), project=project_simplex)
    >>> (4 * found.params).round(2).tolist()
    [3.0, 1.0, 0.0]
    """
    return _minimize(init, data, tol, objective=objective, project=project, max_iter=max_iter)


@partial(jax.jit, static_argnames=("objective", "project", "max_iter"))
def _minimize(
    init: Array, data: PyTree, tol: ArrayLike, *, objective: Function, project: Projection, max_iter: int
) -> Minimum:
    def value(point: Array) -> Array:
        found = jnp.asarray(objective(point) if data is None else objective(point, data), init.dtype)
        require.that(found.shape == (), f"objective must return a number; found shape {found.shape}")
        return found

    start = project(init)
    require.same_shape(projected=start, init=init)
    f, slope = jax.value_and_grad(value)(start)
    far, no = jnp.full((), jnp.inf, init.dtype), jnp.zeros((), bool)
    first = State(start, f, slope, _first_rate(value, start, slope), moved=far, stuck=no, cut=no)

    def advance(state: State, _: Array) -> State:
        return _step(value, project, start, state)

    end, report = iteration.run(
        advance,
        first,
        max_iter=max_iter,
        objective=lambda state: state.objective,
        converged=lambda state: (state.moved <= tol) & ~state.stuck & ~state.cut,
        failed={Status.STALLED: lambda state: state.stuck},
    )
    return Minimum(end.point, end.objective, end.moved, *report)


def _step(value: Callable[[Array], Array], project: Projection, start: Array, state: State) -> State:
    slack = 8 * jnp.finfo(state.point.dtype).eps * jnp.abs(state.objective)

    def reach(rate: Array) -> tuple[Array, Array, Array]:
        point = project(state.point - rate * state.slope)
        by, found = point - state.point, value(point)
        bound = state.objective + jnp.sum(state.slope * by) + jnp.sum(by * _over(by, rate)) / 2
        return point, found, found <= bound + slack

    def again(carry: tuple[Array, Array, Any]) -> Array:
        return ~carry[2][2] & (carry[1] < HALVINGS)

    def halve(carry: tuple[Array, Array, Any]) -> tuple[Array, Array, Any]:
        return carry[0] / 2, carry[1] + 1, reach(carry[0] / 2)

    tried = (state.rate, jnp.zeros((), int), reach(state.rate))
    rate, _, (point, found, fine) = lax.while_loop(again, halve, tried)
    slope = jax.grad(value)(point)
    by, bend = point - state.point, slope - state.slope
    unit, steep = scaling.unit(by), scaling.unit(bend)
    s, z = by / unit, bend / steep
    along = jnp.sum(s * z)
    longer = jnp.where(along > 0, jnp.sum(s * s) / along * (unit / steep), 2 * rate)
    size = jnp.maximum(scaling.length(point), scaling.length(point - start))
    moved = jnp.where(size > 0, scaling.length(by) / jnp.where(size > 0, size, 1.0), 0.0)
    new = State(point, found, slope, longer, moved, ~fine, ~jnp.isfinite(tried[2][1]))
    return jax.tree.map(lambda a, b: jnp.where(fine | jnp.isnan(found), a, b), new, state._replace(stuck=~fine))


def _over(by: Array, rate: Array) -> Array:
    return by / jnp.where(rate > 0, rate, 1.0)


def _first_rate(value: Callable[[Array], Array], point: Array, slope: Array) -> Array:
    """Step size that leads to the minimum of the parabola along the gradient; without one, a step as long as x."""
    unit = scaling.unit(slope)
    along = slope / unit
    bend = jnp.sum(along * jax.jvp(jax.grad(value), (point,), (along,))[1])
    square = jnp.sum(along**2)
    size = scaling.length(point)
    alone = jnp.where(size > 0, size, 1.0) / jnp.where(square > 0, jnp.sqrt(square), 1.0) / unit
    return jnp.where(bend > 0, square / jnp.where(bend > 0, bend, 1.0), alone)
