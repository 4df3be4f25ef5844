r"""L1 and L2 balls, projections onto them, proximal maps. Shapes: vectors of d entries.

A proximal map replaces the gradient step for a penalty with a kink:
$\mathrm{prox}_{t f}(v) = \arg\min_w \tfrac12 \|w - v\|_2^2 + t f(w)$.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics.domain import NON_NEGATIVE, checked
from mfml.numerics.scaling import largest, length, unit


@public
def l1(v: Float[Array, " d"]) -> Float[Array, ""]:
    r"""Sum of magnitudes: $\|v\|_1 = \sum_j |v_j|$. Its gradient at a zero entry is 0, a subgradient.

    >>> print(l1(jnp.array([3.0, -4.0])))
    7.0
    """
    # |v| written with sign, whose gradient at zero is zero (that of abs is 1).
    return jnp.sum(jnp.sign(v) * v)


@public
@jax.jit
def l2(v: Float[Array, " d"]) -> Float[Array, ""]:
    r"""Euclidean length: $\|v\|_2 = \sqrt{\sum_j v_j^2}$, without overflow. Its gradient at zero is 0.

    >>> print(l2(jnp.array([3.0, -4.0])))
    5.0
    """
    return length(v)


@public
@partial(jax.jit, static_argnames=("p", "radius", "n_points"))
def ball_outline(p: float, *, radius: float = 1.0, n_points: int = 201) -> Float[Array, "n_points 2"]:
    r"""Points with $|x|^p + |y|^p = r^p$ in the plane, for drawing: the boundary of an Lp ball.

    The ball is a diamond for p = 1, a circle for p = 2 and a square for p = infinity; it is not convex for p < 1. The
    last point equals the first.

    Raises:
        ValueError: unless p > 0, radius > 0 and n_points >= 2.

    >>> print(ball_outline(1.0, n_points=5).round(2) + 0.0)
    [[ 1.  0.]
     [ 0.  1.]
     [-1.  0.]
     [ 0. -1.]
     [ 1.  0.]]
    """
    require.positive("p", p)
    require.positive("radius", radius)
    require.that(n_points >= 2, f"n_points must be at least 2; found {n_points}")
    angle = jnp.linspace(0.0, 2 * jnp.pi, n_points)
    circle = jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=1)
    if p == float("inf"):
        return radius * circle / jnp.abs(circle).max(axis=1, keepdims=True)
    if p >= 1:
        return radius * circle / (jnp.abs(circle) ** p).sum(axis=1, keepdims=True) ** (1 / p)
    # Points at equal angles would crowd at the tips of the star: spread them along its arms.
    return radius * jnp.sign(circle) * jnp.abs(circle) ** (2 / p)


@public
@partial(jax.jit, static_argnames=("radius",))
def project_l2_ball(v: Float[Array, " d"], *, radius: float = 1.0) -> Float[Array, " d"]:
    r"""Nearest point with $\|w\|_2 \le r$: v itself inside, $r v / \|v\|_2$ outside.

    Raises:
        ValueError: unless `v` has one axis with entries and radius > 0.

    Source: Parikh and Boyd (2014), section 6.4.1.

    >>> print(project_l2_ball(jnp.array([3.0, 4.0]), radius=2.5))
    [1.5 2. ]
    """
    _check(v, "radius", radius)
    scale = unit(v)
    square = jnp.sum((v / scale) ** 2)
    size = jnp.sqrt(jnp.where(square > 0, square, 1.0))
    return jnp.where(l2(v) > radius, v / scale * (radius / size), v)


@public
@partial(jax.jit, static_argnames=("total",))
def project_simplex(v: Float[Array, " d"], *, total: float = 1.0) -> Float[Array, " d"]:
    r"""Nearest point with $w_j \ge 0$ and $\sum_j w_j = $ `total`: $w = \max(v - \theta, 0)$.

    $\theta$ follows from the sorted entries, in O(d log d). The compositions of an alloy form such a simplex.

    Raises:
        ValueError: unless `v` has one axis with entries and total > 0.

    Source: Duchi et al. (2008).

    >>> print(project_simplex(jnp.array([0.5, 1.5])).round(2))
    [0. 1.]
    """
    _check(v, "total", total)
    v = jnp.maximum(v - largest(v), -total)  # no entry further below the largest is kept
    falling = jnp.sort(v)[::-1]
    count = jnp.arange(1, v.size + 1)
    threshold = (jnp.cumsum(falling) - total) / count
    kept = jnp.sum(falling > threshold)
    return jnp.maximum(v - threshold[jnp.maximum(kept - 1, 0)], 0.0)


@public
@partial(jax.jit, static_argnames=("radius",))
def project_l1_ball(v: Float[Array, " d"], *, radius: float = 1.0) -> Float[Array, " d"]:
    r"""Nearest point with $\|w\|_1 \le r$: v itself inside; outside, the magnitudes are projected onto the simplex.

    Small entries become exactly zero. The corners of the ball are the reason why L1 penalties select features.

    Raises:
        ValueError: unless `v` has one axis with entries and radius > 0.

    Source: Duchi et al. (2008), section 4.

    >>> print(project_l1_ball(jnp.array([2.0, -0.5])).round(2) + 0.0)
    [1. 0.]
    """
    _check(v, "radius", radius)
    outside = jnp.sign(v) * project_simplex(jnp.abs(v), total=radius)
    return jnp.where(l1(v) > radius, outside, v)


@public
@checked(threshold=NON_NEGATIVE)
def prox_l1(v: Float[Array, " d"], threshold: ArrayLike) -> Float[Array, " d"]:
    r"""Soft threshold, the proximal map of $t \|w\|_1$: $\mathrm{sign}(v_j) \max(|v_j| - t, 0)$.

    Raises:
        ValueError: if the threshold is negative (NaN where it is traced); so do the other proximal maps.

    Source: Parikh and Boyd (2014), section 6.5.2; Murphy (2012), section 13.4.

    >>> print(prox_l1(jnp.array([2.0, -0.5]), 1.0) + 0.0)
    [1. 0.]
    """
    return jnp.sign(v) * jnp.maximum(jnp.abs(v) - threshold, 0.0)


@public
@checked(threshold=NON_NEGATIVE)
@jax.jit
def prox_l2(v: Float[Array, " d"], threshold: ArrayLike) -> Float[Array, " d"]:
    r"""Block soft threshold, the proximal map of $t \|w\|_2$ (no square): $\max(1 - t / \|v\|_2, 0)\, v$.

    It shortens the vector by t, and sets it to zero if its length is at most t.

    Source: Parikh and Boyd (2014), section 6.5.1.

    >>> print(prox_l2(jnp.array([3.0, 4.0]), 2.5))
    [1.5 2. ]
    """
    size = l2(v)
    safe = jnp.where(size > 0, size, 1.0)
    return jnp.maximum(1 - threshold / safe, 0.0) * v


@public
@checked(strength=NON_NEGATIVE)
def prox_squared_l2(v: Float[Array, " d"], strength: ArrayLike) -> Float[Array, " d"]:
    r"""Shrinkage, the proximal map of $\tfrac{t}{2} \|w\|_2^2$, t the `strength`: $v / (1 + t)$. No entry becomes zero.

    Source: Parikh and Boyd (2014), section 6.1.1.

    >>> print(prox_squared_l2(jnp.array([3.0, -1.5]), 0.5))
    [ 2. -1.]
    """
    return v / (1 + jnp.asarray(strength, v.dtype))


def _check(v: Float[Array, " d"], name: str, size: float) -> None:
    require.rank("v", v, 1)
    require.that(v.size > 0, f"v must not be empty; found shape {v.shape}")
    require.positive(name, size)
