"""Newton's method for smooth functions of few variables, within compiled code and near any optimum or saddle."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

HALVINGS = 24  # of a step that does not lower the function


def minimize(
    function: Callable[[Array], Array], start: Float[Array, " d"], *, small: Float[Array, ""], max_iter: int
) -> Float[Array, " d"]:
    """Go downhill until all slopes were at most `small` before the last step, or no step moves any more.

    Variables and function should be of size 1: this is what rounding is compared with.

    >>> minimize(lambda x: (x[0] - 3) ** 2 + x[1] ** 4, jnp.zeros(2), small=jnp.array(0.0), max_iter=5).tolist()
    [3.0, 0.0]
    """
    slopes, curvature = jax.grad(function), jax.hessian(function)

    def advance(carry: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        x, n, _ = carry
        slope = slopes(x)
        step, fall = direction(slope, curvature(x))
        fractions = 0.5 ** jnp.arange(HALVINGS, dtype=x.dtype)
        value, tried = function(x), x + fractions[:, None] * step
        slack = 8 * jnp.finfo(x.dtype).eps * jnp.abs(value)
        lower = jax.vmap(function)(tried) <= value - 1e-4 * fractions * fall + slack
        new = jnp.where(lower.any(), tried[jnp.argmax(lower)], x)
        still = jnp.all(jnp.abs(new - x) <= 2 * jnp.finfo(x.dtype).eps * jnp.maximum(1.0, jnp.abs(x)))
        steep = jnp.max(jnp.abs(slope), initial=0.0) > small
        return new, n + 1, steep & ~still & (n + 1 < max_iter)

    first = start, jnp.zeros((), int), jnp.ones((), bool)
    return lax.while_loop(lambda carry: carry[2], advance, first)[0]


def direction(slope: Float[Array, " d"], curvature: Float[Array, "d d"]) -> tuple[Float[Array, " d"], Float[Array, ""]]:
    """Step downhill, and by how much the parabola falls along it.

    The Hessian is scaled to a unit diagonal, and its eigenvalues are taken without their sign, none of them below
    rounding. Where there is no curvature at all, the step is the gradient.

    >>> step, fall = direction(jnp.array([2.0, 0.0]), jnp.array([[4.0, 0.0], [0.0, -1.0]]))
    >>> (step + 0.0).tolist(), fall.item()
    ([-0.5, 0.0], 0.5)
    """
    size = jnp.sqrt(jnp.abs(jnp.diag(curvature)))
    size = jnp.where(size > 0, size, 1.0)
    values, vectors = jnp.linalg.eigh(curvature / size / size[:, None])
    magnitude = jnp.abs(values)
    largest = jnp.max(magnitude, initial=0.0)
    floor = jnp.where(largest > 0, 4 * len(slope) * jnp.finfo(slope.dtype).eps * largest, 1.0)
    magnitude = jnp.maximum(magnitude, floor)
    along = vectors.T @ (slope / size)
    return -(vectors @ (along / magnitude)) / size, jnp.sum(along**2 / magnitude) / 2
