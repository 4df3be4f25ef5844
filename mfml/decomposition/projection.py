"""Projection, least squares as projection, pseudo-inverse. Shapes: A is m x n, y has m entries."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from mfml import require
from mfml.decomposition import subspaces
from mfml.entrance import public
from mfml.numerics import singular, sums
from mfml.numerics.scaling import column_units, length, rank_rtol


class LeastSquares(NamedTuple):
    """The point of the column space nearest to y, and the shortest weights that reach it."""

    weights: Float[Array, " n"]  # of least length among all minimizers
    fitted: Float[Array, " m"]  # the projection of y onto the column space
    residual: Float[Array, " m"]  # y minus fitted, orthogonal to every column
    rank: Int[Array, ""]  # numerical rank; below n the weights are not unique


class Solvability(NamedTuple):
    """Whether A w = y has solutions, and how many."""

    solvable: Bool[Array, ""]  # y lies in the column space
    unique: Bool[Array, ""]  # solvable, and the null space is {0}
    freedom: Int[Array, ""]  # dimension of the null space, n - rank
    distance: Float[Array, ""]  # from y to the column space, in units of y


@public
@partial(jax.jit, static_argnames=("rtol",))
def projector(a: Float[Array, "m n"], *, rtol: float | None = None) -> Float[Array, "m m"]:
    r"""Matrix that projects orthogonally onto the column space: $P = A A^+$.

    For full column rank this is $A (A^\top A)^{-1} A^\top$. It is computed from an orthonormal basis, so
    dependent columns do no harm. $P = P^\top = P^2$, and its trace is the rank. Singular values up to
    `rtol` times the largest count as zero. By default rtol is 4 min(m, n) epsilon, for the matrix whose columns are
    first brought to one scale. This does not change their space.

    Raises:
        ValueError: unless `a` is a matrix with entries.

    Source: Bishop (2006), section 3.1.2; Golub and Van Loan (2013), section 2.5.1.

    >>> print(projector(jnp.array([[1.0], [1.0]])).round(2))
    [[0.5 0.5]
     [0.5 0.5]]
    """
    basis = _basis(a, rtol)
    return basis @ basis.T


@public
@partial(jax.jit, static_argnames=("rtol",))
def project(a: Float[Array, "m n"], y: Float[Array, " m"], *, rtol: float | None = None) -> Float[Array, " m"]:
    r"""Project y onto the column space: $\hat y = U (U^\top y)$, without forming the m x m projector.

    Raises:
        ValueError: unless `a` is a matrix with entries and `y` has one entry for each of its rows.

    >>> print(project(jnp.array([[1.0], [1.0]]), jnp.array([1.0, 3.0])).round(2))
    [2. 2.]
    """
    require.rank("y", y, 1)
    require.same_length(a=a, y=y)
    basis = _basis(a, rtol)
    return basis @ sums.cross(basis, y)


def _basis(a: Float[Array, "m n"], rtol: float | None) -> Float[Array, "m q"]:
    """Orthonormal basis of the column space; without an rtol the columns may have different units."""
    return subspaces.column_space(a / column_units(a) if rtol is None else a, rtol=rtol)


@public
@partial(jax.jit, static_argnames=("rtol",))
def pseudo_inverse(a: Float[Array, "m n"], *, rtol: float | None = None) -> Float[Array, "n m"]:
    r"""Moore-Penrose inverse: $A^+ = V \Sigma^+ U^\top$, with $1/\sigma_i$ where $\sigma_i$ counts, otherwise 0.

    Singular values up to `rtol` times the largest count as zero. By default rtol is 4 min(m, n) epsilon. Columns in
    different units are no obstacle then: if they are independent once they are brought to one scale, all values count.

    Raises:
        ValueError: unless `a` is a matrix with entries.

    Source: Penrose (1955).

    >>> print(pseudo_inverse(jnp.array([[2.0, 0.0], [0.0, 0.0]])).round(2))
    [[0.5 0. ]
     [0.  0. ]]
    """
    u, right, _ = _inverted(a, rtol)
    return right @ u.T


def _inverted(
    a: Float[Array, "m n"], rtol: float | None
) -> tuple[Float[Array, "m q"], Float[Array, "n q"], Bool[Array, " q"]]:
    """Factors of the pseudo-inverse (right times the transpose of u), and which singular values count."""
    require.rank("a", a, 2)
    require.that(min(a.shape) > 0, f"a must not be empty; found shape {a.shape}")
    relative = rank_rtol(a.shape, a.dtype) if rtol is None else rtol

    def factors(units: Array) -> tuple[Array, Array, Array]:
        u, s, vt = singular.svd(a / units)
        counts = s > relative * s.max()
        return u, vt.T * jnp.where(counts, 1 / jnp.where(counts, s, 1.0), 0.0) / units[:, None], counts

    plain = jnp.ones_like(a[0])
    if rtol is not None or a.shape[0] < a.shape[1]:
        return factors(plain)
    # With independent columns there is one solution, whatever their units; otherwise the shortest depends on them.
    scaled = factors(column_units(a))
    return lax.cond(scaled[2].all(), lambda: scaled, lambda: factors(plain))


@public
@partial(jax.jit, static_argnames=("rtol",))
def least_squares(a: Float[Array, "m n"], y: Float[Array, " m"], *, rtol: float | None = None) -> LeastSquares:
    r"""Minimize $\|A w - y\|_2$ by projecting y onto the column space.

    $w = A^+ y$ is the shortest of all minimizers. The residual is orthogonal to every column,
    $A^\top (y - A w) = 0$. These are the normal equations, but their matrix $A^\top A$ has the squared condition number
    and is never formed. For `rtol` see `pseudo_inverse`.

    Raises:
        ValueError: unless `a` is a matrix with entries and `y` has one entry for each of its rows.

    Source: Bishop (2006), section 3.1.2; McClarren (2021), section 2.1.

    >>> line = jnp.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    >>> print(least_squares(line, jnp.array([0.0, 1.0, 2.0])).weights.round(2) + 0.0)
    [0. 1.]
    """
    require.rank("y", y, 1)
    require.same_length(a=a, y=y)
    u, right, counts = _inverted(a, rtol)
    along = jnp.where(counts, sums.cross(u, y), 0.0)
    fitted = u @ along
    return LeastSquares(right @ along, fitted, y - fitted, jnp.sum(counts))


@public
def minimum_norm(a: Float[Array, "m n"], y: Float[Array, " m"], *, rtol: float | None = None) -> Float[Array, " n"]:
    r"""Return the shortest w among those that solve $A w = y$, or come nearest to it: $A^+ y$.

    It lies in the row space, since a component in the null space would only add length. For full row rank it is
    $A^\top (A A^\top)^{-1} y$. A column of zeros gets weight zero, so `minimum_norm(a * used, y)` fits the columns
    whose entry in `used` is 1. Gradient descent from zero arrives at the same w.

    Raises:
        ValueError: unless `a` is a matrix with entries and `y` has one entry for each of its rows.

    Source: Golub and Van Loan (2013), section 5.6.

    >>> print(minimum_norm(jnp.array([[1.0, 1.0]]), jnp.array([2.0])).round(2))
    [1. 1.]
    """
    return least_squares(a, y, rtol=rtol).weights


@public
@partial(jax.jit, static_argnames=("rtol",))
def solvability(a: Float[Array, "m n"], y: Float[Array, " m"], *, rtol: float | None = None) -> Solvability:
    r"""Say whether $A w = y$ has no solution, one, or a whole affine subspace of them.

    It is solvable if and only if y lies in the column space. The test is
    $\|y - A A^+ y\|_2 \le \text{rtol}\,\|y\|_2$. The solution is then unique if and only if rank A = n. The default
    rtol is the square root of the machine epsilon for this test, and that of `pseudo_inverse` for the rank.

    Raises:
        ValueError: unless `a` is a matrix with entries and `y` has one entry for each of its rows.

    Source: the theorem of Rouché and Capelli; Strang (2016), section 3.3.

    >>> bool(solvability(jnp.array([[1.0], [1.0]]), jnp.array([1.0, 3.0])).solvable)
    False
    """
    answer = least_squares(a, y, rtol=rtol)
    distance = length(answer.residual)
    relative = jnp.sqrt(jnp.finfo(distance.dtype).eps) if rtol is None else rtol
    solvable = distance <= relative * length(y)
    return Solvability(solvable, solvable & (answer.rank == a.shape[1]), a.shape[1] - answer.rank, distance)
