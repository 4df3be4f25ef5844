r"""Problems of physics: equations on boxes, and their solution where it is known.

A problem is a differential equation in a box of coordinates, and conditions on its faces. Time, where there is one, is
the last coordinate. Inside, everything is measured in working units that are near 1: `units` of the coordinates and
`size` of the solution lead to the caller's (meters, seconds, kelvin). So float32 is enough for metals and polymers
alike. Residuals, conditions and exact solutions are functions in working units,

    residual(u, x, params) -> a number, or an array of several residuals
    exact(x, params) -> u at a point
    hard(z, x, params) -> u made of any z, such that the conditions hold exactly

where u is a function of one point x of shape (d,), and `params` holds the numbers in the equation. A problem is a
pytree: it goes through `jit`, and derivatives in its numbers are derivatives of everything that follows.

Source: Raissi, Perdikaris and Karniadakis (2019).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import Partial
from jaxtyping import Array, Float, PyTree

from mfml import require
from mfml.entrance import public
from mfml.numerics.domain import POSITIVE, inside


class Equation(NamedTuple):
    """What shall be 0 on a box, in working units. Along an axis that is fixed, both corners agree."""

    low: Float[Array, " d"]
    high: Float[Array, " d"]
    residual: Partial  # (u, x, params) -> a number or an array


class Problem(NamedTuple):
    """A differential equation with its conditions; see `define`."""

    low: Float[Array, " d"]  # corners of the box, in working units
    high: Float[Array, " d"]
    units: Float[Array, " d"]  # one working unit of each coordinate, in the caller's
    size: Float[Array, "*k"]  # one working unit of the solution; its shape is that of the solution
    params: PyTree  # numbers in the equation
    residual: Partial  # (u, x, params), inside of the box
    initial: tuple[Equation, ...]  # at the first time
    boundary: tuple[Equation, ...]
    exact: Partial | None
    hard: Partial | None


Residual = Callable[[Any, Array, Any], Array]


@public
def define(
    residual: Residual,
    *,
    low: Float[Array, " d"],
    high: Float[Array, " d"],
    params: PyTree = None,
    initial: tuple[Equation, ...] = (),
    boundary: tuple[Equation, ...] = (),
    exact: Callable[[Array, Any], Array] | None = None,
    hard: Callable[[Array, Array, Any], Array] | None = None,
    units: Float[Array, "*d"] | None = None,
    size: Float[Array, "*k"] | None = None,
) -> Problem:
    """Make a problem. `units` and `size` are 1 where they are not given; a solution with k entries needs a size of k.

    Define functions once, outside of loops: compiled code is found again for the same functions only.

    Raises:
        ValueError: unless the corners have one shape, (d,), and low is below high (NaN where traced).

    >>> def falls(u, x, params):
    ...     return jax.jvp(u, (x,), (jnp.ones(1),))[1] + u(x)
    >>> problem = define(falls, low=[0.0], high=[1.0], exact=lambda x, params: jnp.exp(-x[0]))
    >>> exact(problem, jnp.array([[0.0]])).tolist()
    [1.0]
    """
    require.rank("low", low, 1)
    require.same_shape(low=low, high=high)
    high = jnp.where(jnp.isnan(inside("high - low", high - low, POSITIVE)), jnp.nan, high)
    units = jnp.ones_like(low) if units is None else jnp.broadcast_to(units, low.shape).astype(low.dtype)
    size = jnp.ones((), low.dtype) if size is None else size
    known = [None if function is None else _partial(function) for function in (exact, hard)]
    return Problem(low, high, units, size, params, _partial(residual), tuple(initial), tuple(boundary), *known)


@public
def on_face(
    residual: Residual, *, low: Float[Array, " d"], high: Float[Array, " d"], axis: int, upper: bool = False
) -> Equation:
    """Make a condition on a face of a box: where a coordinate has its lowest value, or its highest with `upper`.

    Raises:
        ValueError: unless the corners have one shape, (d,), and the axis is one of theirs.

    >>> held = on_face(lambda u, x, params: u(x), low=[0.0, 0.0], high=[1.0, 2.0], axis=0, upper=True)
    >>> held.low.tolist(), held.high.tolist()
    ([1.0, 0.0], [1.0, 2.0])
    """
    require.rank("low", low, 1)
    require.same_shape(low=low, high=high)
    require.that(-len(low) <= axis < len(low), f"axis must be one of {len(low)}; found {axis}")
    at = (high if upper else low)[axis]
    return Equation(low.at[axis].set(at), high.at[axis].set(at), _partial(residual))


@public
def exact(problem: Problem, x: Float[Array, "n d"]) -> Float[Array, "n *k"]:
    """Known solution at points, all in the caller's units.

    Raises:
        ValueError: where no solution is known; unless x has a column for each coordinate.

    >>> from mfml.physics import vibrations
    >>> exact(vibrations.oscillator(displacement=2.0), jnp.zeros((1, 1))).tolist()
    [2.0]
    """
    if problem.exact is None:
        raise ValueError("problem has no exact solution")
    inside = to_working(problem, x)
    return jax.vmap(problem.exact, in_axes=(0, None))(inside, problem.params) * problem.size


@public
def residuals(problem: Problem, u: Callable[[Array], Array], x: Float[Array, "n d"]) -> Float[Array, "n *m"]:
    """Residual of the differential equation for a function u, at points; u and x are in working units.

    Raises:
        ValueError: unless x has a column for each coordinate.

    >>> from mfml.physics import vibrations
    >>> residuals(vibrations.oscillator(), lambda x: x[0] ** 2, jnp.zeros((1, 1))).tolist()
    [2.0]
    """
    _columns(problem, x)
    return jax.vmap(lambda point: problem.residual(u, point, problem.params))(x)


@public
def to_working(problem: Problem, x: Float[Array, "n d"]) -> Float[Array, "n d"]:
    """Points in working units, from points in the caller's.

    Raises:
        ValueError: unless x has a column for each coordinate.

    >>> from mfml.physics import vibrations
    >>> slow = vibrations.oscillator(mass=4.0, stiffness=1.0)
    >>> to_working(slow, jnp.array([[3.0]])).tolist()  # one working unit of time is 2
    [[1.5]]
    """
    _columns(problem, x)
    return x / problem.units


@public
def grid(problem: Problem, n_points: int) -> Float[Array, "n d"]:
    """Regular grid of `n_points` (static) along each axis, faces included, in the caller's units.

    The last coordinate changes fastest.

    Raises:
        ValueError: unless n_points >= 2.

    >>> from mfml.physics import vibrations
    >>> grid(vibrations.oscillator(duration=2.0), 3).tolist()
    [[0.0], [1.0], [2.0]]
    """
    require.that(n_points >= 2, f"n_points must be at least 2; found {n_points}")
    d = len(problem.low)
    share = jnp.linspace(0, 1, n_points, dtype=problem.low.dtype)
    corners = jnp.stack(jnp.meshgrid(*[share] * d, indexing="ij"), axis=-1).reshape(-1, d)
    return (problem.low + (problem.high - problem.low) * corners) * problem.units


def _partial(function: Callable[..., Any]) -> Partial:
    return function if isinstance(function, Partial) else Partial(function)


def _columns(problem: Problem, x: Array) -> None:
    d = len(problem.low)
    require.rank("x", x, 2)
    require.that(x.shape[1] == d, f"x must have {d} columns, the coordinates of the problem; found shape {x.shape}")
