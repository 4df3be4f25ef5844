r"""Nearest points of simple convex sets, for `projected_gradient` and for predictions. Shapes: vectors of d entries.

$P(v) = \arg\min_{w \in C} |w - v|_2$, exact and in closed form. The simplex and the balls are in
`decomposition.norms`: `project_simplex`, `project_l2_ball`, `project_l1_ball`.
"""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling
from mfml.physics import balance


@public
@jax.jit
def box(
    v: Float[Array, " d"], *, low: ArrayLike | Float[Array, " d"], high: ArrayLike | Float[Array, " d"]
) -> Float[Array, " d"]:
    r"""Nearest point with $l_j \le w_j \le h_j$: each entry is cut off. NaN where a bound is NaN or low exceeds high.

    Infinite bounds bind nothing; the limits are in units of v.

    Raises:
        ValueError: unless the limits are numbers or have the shape of v.

    Source: Parikh and Boyd (2014), section 6.2.4.

    >>> box(jnp.array([-1.0, 0.5, 9.0]), low=0.0, high=jnp.array([1.0, 1.0, 2.0])).tolist()
    [0.0, 0.5, 2.0]
    """
    require.rank("v", v, 1)
    low, high = jnp.asarray(low, v.dtype), jnp.asarray(high, v.dtype)
    require.broadcasts("low", low, v.shape)
    require.broadcasts("high", high, v.shape)
    return jnp.where(low <= high, scaling.at_most(high, scaling.at_least(low, v)), jnp.nan)


@public
@jax.jit
def halfspace(v: Float[Array, " d"], normal: Float[Array, " d"], *, bound: ArrayLike) -> Float[Array, " d"]:
    r"""Nearest point with $a \cdot w \le b$: $v - \max(a \cdot v - b, 0)\, a / |a|^2$. NaN for a normal of zeros.

    Raises:
        ValueError: unless v and the normal have the same shape.

    Source: Parikh and Boyd (2014), section 6.2.1.

    >>> halfspace(jnp.array([2.0, 2.0]), jnp.array([1.0, 1.0]), bound=2.0).tolist()
    [1.0, 1.0]
    """
    require.rank("v", v, 1)
    require.same_shape(v=v, normal=normal)
    unit = scaling.unit(normal)
    along = normal / unit
    beyond = jnp.sum(along * v) - jnp.asarray(bound, v.dtype) / unit
    return v - scaling.at_least(0.0, beyond) / jnp.sum(along**2) * along


@public
@jax.jit
def affine(v: Float[Array, " d"], matrix: Float[Array, "p d"], total: Float[Array, " p"]) -> Float[Array, " d"]:
    r"""Nearest point with $A w = b$: $v - A^+ (A v - b)$. It is `balance.conserve` for one vector.

    Raises:
        ValueError: unless shapes fit.

    Source: Parikh and Boyd (2014), section 6.2.2.

    >>> affine(jnp.array([0.0, 0.0]), jnp.array([[1.0, 1.0]]), jnp.array([2.0])).round(3).tolist()
    [1.0, 1.0]
    """
    require.rank("v", v, 1)
    return balance.conserve(v[None], matrix, total)[0]


@public
@jax.jit
def psd(matrix: Float[Array, "d d"]) -> Float[Array, "d d"]:
    r"""Nearest symmetric matrix without a negative eigenvalue, in Frobenius's norm: the positive part.

    Of the symmetric part $(M + M^\top) / 2 = Q \Lambda Q^\top$ it keeps $Q \max(\Lambda, 0) Q^\top$. A table of
    estimated covariances or elastic constants may need it. Rounding can leave eigenvalues of -eps times the largest.

    Raises:
        ValueError: unless the matrix is square.

    Source: Higham (1988), Linear Algebra and its Applications 103, theorem 2.1.

    >>> psd(jnp.array([[2.0, 0.0], [0.0, -1.0]])).tolist()
    [[2.0, 0.0], [0.0, 0.0]]
    """
    require.square("matrix", matrix)
    unit = scaling.unit(matrix)
    scaled = matrix / unit
    values, vectors = jnp.linalg.eigh(scaled / 2 + scaled.T / 2)
    return unit * ((vectors * scaling.at_least(0.0, values)) @ vectors.T)
