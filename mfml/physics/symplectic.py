r"""Symplectic steps for mechanics, $\ddot q = a(q)$: the energy of a conservative force stays near its start forever.

Methods that treat position and velocity alternately keep the volume in phase space. Their energy error swings but does
not grow with time, while that of a Runge-Kutta method drifts. "leapfrog" (Störmer-Verlet) and "yoshida" also run
backward exactly, except for rounding: reverse the velocity, and the way leads back. The order is 1 for "euler", 2 for
"leapfrog", 4 for "yoshida", which takes three steps of leapfrog, the middle one backward.

An acceleration is any function `a(q, args)` of the position, an array of any shape; it must not depend on time or on
velocity.

Source: Hairer, Lubich and Wanner (2006), chapters I and II; Yoshida (1990), the composition.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PyTree

from mfml import require
from mfml.entrance import public
from mfml.numerics.precision import single

Acceleration = Callable[[Any, Any], Any]  # a(q, args)

_OUTER = 1 / (2 - 2 ** (1 / 3))
SHARES = {"euler": (1.0,), "leapfrog": (1.0,), "yoshida": (_OUTER, 1 - 2 * _OUTER, _OUTER)}  # of h, one for each part


class Motion(NamedTuple):
    """Where things are, and how fast they move; both of one shape."""

    position: Float[Array, "*shape"]
    velocity: Float[Array, "*shape"]


class Orbit(NamedTuple):
    """A motion at equal steps."""

    times: Float[Array, " points"]  # from 0 to h n_steps
    position: Float[Array, "points *shape"]
    velocity: Float[Array, "points *shape"]


@public
def step(
    state: Motion, acceleration: Acceleration, *, h: ArrayLike, args: PyTree = None, solver: str = "leapfrog"
) -> Motion:
    r"""Return the motion a step of size h later; h may be negative.

    "euler" (semi-implicit) changes the velocity first, $v_1 = v + h\,a(q)$, then $q_1 = q + h\,v_1$. "leapfrog" changes
    half of the velocity, the position, and the other half of the velocity. The solver is static.

    Raises:
        ValueError: for an unknown solver, or where position, velocity and acceleration have not one shape.

    >>> motion = Motion(jnp.array(1.0), jnp.array(0.0))
    >>> [part.item() for part in step(motion, lambda q, args: -q, h=0.5)]
    [0.875, -0.46875]
    """
    require.one_of("solver", solver, SHARES)
    start = _read(state)
    begin = _acceleration(acceleration, start.position, args)
    return _moved(acceleration, jnp.asarray(h, begin.dtype), args, solver, (start, begin))[0]


@public
@partial(jax.jit, static_argnames=("acceleration", "n_steps", "solver"))
def solve(
    acceleration: Acceleration,
    init: Motion,
    *,
    h: ArrayLike,
    n_steps: int,
    args: PyTree = None,
    solver: str = "leapfrog",
) -> Orbit:
    """Take `n_steps` steps of size h, and keep every point.

    Args:
        acceleration: a(q, args); static.
        init: where the motion starts.
        h: size of the steps; negative runs backward.
        n_steps: number of steps; static.
        args: what the acceleration takes as second argument.
        solver: "euler", "leapfrog" or "yoshida"; static.

    Raises:
        ValueError: for n_steps < 1, and as `step`.

    >>> orbit = solve(lambda q, args: -q, Motion(jnp.array(1.0), jnp.array(0.0)), h=0.5, n_steps=2)
    >>> orbit.position.tolist()
    [1.0, 0.875, 0.53125]
    """
    require.positive("n_steps", n_steps)
    require.one_of("solver", solver, SHARES)
    start = _read(init)
    h = jnp.asarray(h, start.position.dtype)

    def advance(carry: tuple[Motion, Array], _: None) -> tuple[tuple[Motion, Array], Motion]:
        carry = _moved(acceleration, h, args, solver, carry)
        return carry, carry[0]

    begin = start, _acceleration(acceleration, start.position, args)
    path = lax.scan(advance, begin, None, length=n_steps)[1]
    q, v = jax.tree.map(lambda first, rest: jnp.concatenate([first[None], rest]), start, path)
    return Orbit(h * jnp.arange(n_steps + 1, dtype=h.dtype), q, v)


def _moved(
    acceleration: Acceleration, h: Array, args: PyTree, solver: str, carry: tuple[Motion, Array]
) -> tuple[Motion, Array]:
    """A step; the acceleration at its end is that at the start of the next."""
    (q, v), a = carry
    if solver == "euler":
        v = v + h * a
        q = q + h * v
        return Motion(q, v), _acceleration(acceleration, q, args)
    for share in SHARES[solver]:
        half = v + 0.5 * share * h * a
        q = q + share * h * half
        a = _acceleration(acceleration, q, args)
        v = half + 0.5 * share * h * a
    return Motion(q, v), a


def _read(state: Motion) -> Motion:
    """Position and velocity as floats of one precision."""
    q, v = (jnp.asarray(part) for part in state)
    require.same_shape(position=q, velocity=v)
    dtype = jnp.result_type(q, v, jnp.float32 if q.dtype.kind in "iub" and v.dtype.kind in "iub" else q)
    return Motion(*single((q.astype(dtype), v.astype(dtype))))


def _acceleration(acceleration: Acceleration, q: Array, args: PyTree) -> Array:
    found = jnp.asarray(acceleration(q, args), q.dtype)
    require.that(
        found.shape == q.shape,
        f"acceleration(q, args) must return the shape {q.shape} of the position; found {found.shape}",
    )
    return found
