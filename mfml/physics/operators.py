r"""Derivatives of a function of coordinates, exact to rounding: by forward mode, one direction at a time.

A function u takes one point, the coordinates x of shape (d,), and returns a number or an array of shape (...). Where
a problem has time, it is the last coordinate. Each operator takes one point or many, of shape (..., d), and u is then
evaluated at each of them. Derivatives have units of u per unit of x. A network is such a function, and so is a formula:

>>> square = lambda x: jnp.sum(x**2)
>>> laplacian(square, jnp.zeros((3, 2))).tolist()
[4.0, 4.0, 4.0]

Source: Griewank and Walther (2008), chapters 3 and 13.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax.experimental import jet
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public

Function = Callable[[Float[Array, " d"]], Float[Array, "..."]]


@public
def gradient(u: Function, x: Float[Array, "*n d"]) -> Float[Array, "*n d"]:
    r"""Gradient $\partial u / \partial x_i$ of a function that returns one number.

    Raises:
        ValueError: unless u returns a number; for x without an axis.

    >>> gradient(lambda x: x[0] ** 2 * x[1], jnp.array([3.0, 5.0])).tolist()
    [30.0, 9.0]
    """
    _returns(u, x, 0)
    return jacobian(u, x)


@public
def jacobian(u: Function, x: Float[Array, "*n d"]) -> Float[Array, "*shape d"]:
    r"""Derivatives $\partial u_k / \partial x_i$, one row for each entry of u.

    Raises:
        ValueError: for x without an axis.

    >>> jacobian(lambda x: jnp.stack([x[0] * x[1], x[0]]), jnp.array([3.0, 5.0])).tolist()
    [[5.0, 3.0], [1.0, 0.0]]
    """
    return _at_each(jax.jacfwd(u), x)


@public
def divergence(v: Function, x: Float[Array, "*n d"]) -> Float[Array, "*shape"]:
    r"""Divergence $\sum_i \partial v_i / \partial x_i$ of a field; of a tensor $\sum_i \partial v_{ki} / \partial x_i$.

    Raises:
        ValueError: unless the last axis of v has d entries.

    >>> divergence(lambda x: x * jnp.array([1.0, 2.0]), jnp.array([3.0, 5.0])).item()
    3.0
    """
    found = _shape(v, x)
    fits = bool(found) and found[-1] == x.shape[-1]
    require.that(fits, f"v must have a last axis of {x.shape[-1]}, as x has; found shape {found}")
    return jnp.trace(jacobian(v, x), axis1=-2, axis2=-1)


@public
def curl(v: Function, x: Float[Array, "*n 3"]) -> Float[Array, "*n 3"]:
    r"""Curl $\nabla \times v$ of a field in three dimensions.

    Raises:
        ValueError: unless x and v have 3 entries.

    >>> curl(lambda x: jnp.stack([-x[1], x[0], x[2]]), jnp.array([3.0, 5.0, 7.0])).astype(int).tolist()
    [0, 0, 2]
    """
    sizes = x.shape[-1:], _shape(v, x)
    require.that(sizes == ((3,), (3,)), f"x and v must have 3 entries; found shapes {x.shape} and {sizes[1]}")
    slopes = jacobian(v, x)
    return jnp.stack(
        [slopes[..., (i + 2) % 3, (i + 1) % 3] - slopes[..., (i + 1) % 3, (i + 2) % 3] for i in range(3)], -1
    )


@public
def laplacian(u: Function, x: Float[Array, "*n d"]) -> Float[Array, "*shape"]:
    r"""Laplacian $\sum_i \partial^2 u / \partial x_i^2$, entry by entry.

    Raises:
        ValueError: for x without an axis.

    >>> laplacian(lambda x: x[0] ** 3 + x[1] ** 2, jnp.array([3.0, 5.0])).item()
    20.0
    """

    def at(point: Array) -> Array:
        second = jax.vmap(lambda direction: _along(u, point, direction, 2))(jnp.eye(len(point), dtype=point.dtype))
        return jnp.sum(second, axis=0)

    return _at_each(at, x)


@public
def partial_derivative(u: Function, x: Float[Array, "*n d"], *, axis: int, order: int = 1) -> Float[Array, "*shape"]:
    r"""Derivative $\partial^m u / \partial x_i^m$ of order m along the axis i; both are static.

    Raises:
        ValueError: unless x has this axis and order >= 0.

    >>> partial_derivative(lambda x: x[0] ** 5, jnp.array([2.0]), axis=0, order=4).round(2).item()
    240.0
    """
    require.rank("x", x[..., 0], *range(x.ndim))
    d = x.shape[-1]
    require.that(-d <= axis < d, f"axis must be one of the {d} of x; found {axis}")
    direction = jnp.zeros(d, x.dtype).at[axis].set(1)
    return directional(u, x, direction, order=order)


@public
def time_derivative(u: Function, x: Float[Array, "*n d"], *, order: int = 1) -> Float[Array, "*shape"]:
    r"""Derivative $\partial^m u / \partial t^m$ with respect to time, the last coordinate. The order is static.

    Raises:
        ValueError: unless order >= 0; for x without an axis.

    >>> time_derivative(lambda x: x[0] * x[1] ** 2, jnp.array([3.0, 5.0])).item()
    30.0
    """
    return partial_derivative(u, x, axis=-1, order=order)


@public
def directional(
    u: Function, x: Float[Array, "*n d"], direction: Float[Array, " d"], *, order: int = 1
) -> Float[Array, "*shape"]:
    r"""Derivative $d^m / d h^m \, u(x + h v)$ at h = 0, of order m (static), along the direction v.

    Up to order 2 derivatives are nested; above it whole Taylor series are propagated, whose cost grows with the square
    of the order and not exponentially. Where an operation has no rule for series, or none for numbers below 0, as
    `x ** 4.0`, derivatives are nested after all.

    Raises:
        ValueError: unless order >= 0 and the direction has d entries.

    Source: Griewank and Walther (2008), chapter 13.

    >>> directional(lambda x: x[0] * x[1], jnp.array([2.0, 3.0]), jnp.array([1.0, 1.0]), order=2).item()
    2.0
    """
    require.that(order >= 0, f"order must not be negative; found {order}")
    require.that(
        direction.shape == x.shape[-1:], f"direction must have the shape {x.shape[-1:]}; found {direction.shape}"
    )
    return _at_each(lambda point: _along(u, point, direction, order), x)


def _along(u: Function, point: Array, direction: Array, order: int) -> Array:
    """One derivative at one point."""
    if order <= 2 or _takes_logarithms(u, point):
        return _nested(u, point, direction, order)
    try:
        rest = [jnp.zeros_like(direction)] * (order - 1)
        return jet.jet(u, (point,), ([direction, *rest],))[1][-1]
    except Exception:  # no rule for series; an error of u itself is raised below, again
        return _nested(u, point, direction, order)


def _takes_logarithms(u: Function, point: Array) -> bool:
    """Tell whether there are powers with exponents of floating point: the series of these are NaN below 0."""
    return "= pow " in str(jax.make_jaxpr(u)(point))


def _nested(u: Function, point: Array, direction: Array, order: int) -> Array:
    for _ in range(order):
        u = partial(_slope, u, direction)
    return u(point)


def _slope(u: Function, direction: Array, point: Array) -> Array:
    return jax.jvp(u, (point,), (direction,))[1]


def _at_each(function: Function, x: Array) -> Array:
    """Evaluate at one point, or at many."""
    require.that(x.ndim > 0, f"x must hold coordinates along its last axis; found shape {x.shape}")
    for _ in range(x.ndim - 1):
        function = jax.vmap(function)
    return function(x)


def _shape(u: Function, x: Array) -> tuple[int, ...]:
    require.that(x.ndim > 0, f"x must hold coordinates along its last axis; found shape {x.shape}")
    return jax.eval_shape(u, jax.ShapeDtypeStruct(x.shape[-1:], x.dtype)).shape


def _returns(u: Function, x: Array, rank: int) -> None:
    found = _shape(u, x)
    require.that(len(found) == rank, f"u must return a number; found shape {found}")
