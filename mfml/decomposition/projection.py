"""Projection, least squares as projection, pseudo-inverse. Shapes: A is m x n, y has m entries."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from mfml import require
from mfml.decomposition import subspaces
from mfml.entrance import public


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
    `rtol` (default max(m, n) epsilon) times the largest count as zero.

    Raises:
        ValueError: unless `a` is a matrix with entries.

    Source: Bishop (2006), section 3.1.2; Golub and Van Loan (2013), section 2.5.1.

    >>> print(projector(jnp.array([[1.0], [1.0]])).round(2))
    [[0.5 0.5]
     [0.5 0.5]]
    """
    basis = subspaces.column_space(a, rtol=rtol)
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
    basis = subspaces.column_space(a, rtol=rtol)
    return basis @ (basis.T @ y)


@public
@partial(jax.jit, static_argnames=("rtol",))
def pseudo_inverse(a: Float[Array, "m n"], *, rtol: float | None = None) -> Float[Array, "n m"]:
    r"""Moore-Penrose inverse: $A^+ = V \Sigma^+ U^\top$, with $1/\sigma_i$ where $\sigma_i$ counts, otherwise 0.

    Singular values up to `rtol` (default max(m, n) epsilon) times the largest count as zero.

    Raises:
        ValueError: unless `a` is a matrix with entries.

    Source: Penrose (1955).

    >>> print(pseudo_inverse(jnp.array([[2.0, 0.0], [0.0, 0.0]])).round(2))
    [[0.5 0. ]
     [0.  0. ]]
    """
    u, inverse, vt = _inverted(a, rtol)
    return (vt.T * inverse) @ u.T


def _inverted(
    a: Float[Array, "m n"], rtol: float | None
) -> tuple[Float[Array, "m q"], Float[Array, " q"], Float[Array, "q n"]]:
    """Thin singular vectors, and the inverse of each singular value that counts (0 for the others)."""
    require.rank("a", a, 2)
    require.that(min(a.shape) > 0, f"a must not be empty; found shape {a.shape}")
    u, s, vt = jnp.linalg.svd(a, full_matrices=False)
    relative = max(a.shape) * jnp.finfo(s.dtype).eps if rtol is None else rtol
    counts = s > relative * s.max()
    return u, jnp.where(counts, 1 / jnp.where(counts, s, 1.0), 0.0), vt


@public
@partial(jax.jit, static_argnames=("rtol",))
def least_squares(a: Float[Array, "m n"], y: Float[Array, " m"], *, rtol: float | None = None) -> LeastSquares:
    r"""Minimize $\|A w - y\|_2$ by projecting y onto the column space.

    $w = A^+ y$ is the shortest of all minimizers. The residual is orthogonal to every column,
    $A^\top (y - A w) = 0$. These are the normal equations, but their matrix $A^\top A$ has the squared condition number
    and is never formed.

    Raises:
        ValueError: unless `a` is a matrix with entries and `y` has one entry for each of its rows.

    Source: Bishop (2006), section 3.1.2; McClarren (2021), section 2.1.

    >>> line = jnp.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    >>> print(least_squares(line, jnp.array([0.0, 1.0, 2.0])).weights.round(2) + 0.0)
    [0. 1.]
    """
    require.rank("y", y, 1)
    require.same_length(a=a, y=y)
    u, inverse, vt = _inverted(a, rtol)
    along = u.T @ y
    fitted = u @ jnp.where(inverse > 0, along, 0.0)
    return LeastSquares(vt.T @ (inverse * along), fitted, y - fitted, jnp.sum(inverse > 0))


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
    rtol is the square root of the machine epsilon for this test, and max(m, n) epsilon for the rank.

    Raises:
        ValueError: unless `a` is a matrix with entries and `y` has one entry for each of its rows.

    Source: the theorem of Rouché and Capelli; Strang (2016), section 3.3.

    >>> bool(solvability(jnp.array([[1.0], [1.0]]), jnp.array([1.0, 3.0])).solvable)
    False
    """
    answer = least_squares(a, y, rtol=rtol)
    distance = jnp.linalg.norm(answer.residual)
    relative = jnp.sqrt(jnp.finfo(distance.dtype).eps) if rtol is None else rtol
    solvable = distance <= relative * jnp.linalg.norm(y)
    return Solvability(solvable, solvable & (answer.rank == a.shape[1]), a.shape[1] - answer.rank, distance)
