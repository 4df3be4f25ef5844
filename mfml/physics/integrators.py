r"""Fixed steps for ordinary differential equations $y' = f(t, y)$: Euler, Heun, and the classical Runge-Kutta method.

A field is any function `f(t, y, args)`, see `tableaus`. The error at the end falls with the size h of the steps as h
(Euler), $h^2$ (Heun) and $h^4$ (RK4). Nothing here looks at the error: `adaptive` does. Derivatives pass through the
steps. Compiled code is found again only for the same function f, so define it once, outside of loops.

Source: Hairer, Nørsett and Wanner (1993), chapter II.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PyTree

from mfml import require
from mfml.entrance import public
from mfml.numerics.precision import single
from mfml.physics.tableaus import FIXED, Field, combined, stages


class Trajectory(NamedTuple):
    """A path at equal steps."""

    times: Float[Array, " points"]  # from t0 to t1, n_steps + 1 of them
    values: Float[Array, "points *shape"]  # y at each time, `init` first


@public
def step(
    state: Float[Array, "*shape"],
    f: Field,
    *,
    t: ArrayLike = 0.0,
    h: ArrayLike,
    args: PyTree = None,
    solver: str = "rk4",
) -> Float[Array, "*shape"]:
    r"""Return y a step of size h later; h may be negative. It is $y + h f(t, y)$ for "euler".

    Args:
        state: y at time t.
        f: the field.
        t: time.
        h: size of the step.
        args: what f takes as third argument.
        solver: "euler", "heun" or "rk4"; static.

    Raises:
        ValueError: for an unknown solver, or if f returns another shape.

    >>> step(jnp.array(1.0), lambda t, y, args: y, h=1.0).item()  # 1 + 1 + 1/2 + 1/6 + 1/24
    2.7083...
    """
    require.one_of("solver", solver, FIXED)
    tableau, y = FIXED[solver], single(state)
    t, h = jnp.asarray(t, y.dtype), jnp.asarray(h, y.dtype)
    slopes = stages(f, y, t=t, h=h, args=args, tableau=tableau)
    return (y + h * combined(tableau.b, slopes)).astype(state.dtype)


@public
@partial(jax.jit, static_argnames=("f", "n_steps", "solver"))
def solve(
    f: Field,
    init: Float[Array, "*shape"],
    *,
    t0: ArrayLike = 0.0,
    t1: ArrayLike,
    n_steps: int,
    args: PyTree = None,
    solver: str = "rk4",
) -> Trajectory:
    """Integrate from t0 to t1 in equal steps, and keep every point. Time may run backward.

    Args:
        f: the field; static.
        init: y at t0, an array of any shape.
        t0: where time starts.
        t1: where it ends.
        n_steps: number of steps; static.
        args: what f takes as third argument.
        solver: "euler", "heun" or "rk4"; static.

    Raises:
        ValueError: for n_steps < 1, an unknown solver, or if f returns another shape.

    >>> path = solve(lambda t, y, args: -y, jnp.array(1.0), t1=1.0, n_steps=4)
    >>> [round(value, 3) for value in path.values.tolist()]
    [1.0, 0.779, 0.607, 0.472, 0.368]
    """
    require.positive("n_steps", n_steps)
    y, t0, t1 = single(init), jnp.asarray(t0, init.dtype), jnp.asarray(t1, init.dtype)
    times = _times(single(t0), single(t1), n_steps)
    h = (single(t1) - single(t0)) / n_steps

    def advance(y: Array, t: Array) -> tuple[Array, Array]:
        later = step(y, f, t=t, h=h, args=args, solver=solver)
        return later, later

    values = lax.scan(advance, y, times[:-1])[1]
    path = Trajectory(times, jnp.concatenate([y[None], values]))
    return jax.tree.map(lambda a: a.astype(init.dtype), path)


def _times(t0: Array, t1: Array, n_steps: int) -> Array:
    """Equal steps; both ends are exact."""
    share = jnp.arange(n_steps, dtype=t0.dtype) / n_steps
    return jnp.append(t0 + (t1 - t0) * share, t1)
