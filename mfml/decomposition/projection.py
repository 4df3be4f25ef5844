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
from mfml.numerics.absent import largest_of_batch
from mfml.numerics.scaling import length, rank_rtol

WIDEST = 2048  # the units of dependent columns are compared in an n x n matrix
SIMILAR = 64  # columns whose lengths differ by less than this factor need not be scaled for the rank


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
    first brought to unit length. This does not change their space.

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
    return subspaces.column_space(sums.unit_columns(a)[0] if rtol is None else a, rtol=rtol)


@public
@partial(jax.jit, static_argnames=("rtol",))
def pseudo_inverse(a: Float[Array, "m n"], *, rtol: float | None = None) -> Float[Array, "n m"]:
    r"""Moore-Penrose inverse: $A^+ = V \Sigma^+ U^\top$, with $1/\sigma_i$ where $\sigma_i$ counts, otherwise 0.

    Singular values up to `rtol` times the largest count as zero. By default rtol is 4 min(m, n) epsilon, and the rank
    is that of the columns brought to unit length: a column of zeros, or two equal ones, do no harm beside a column in
    another unit. $A^+$ itself is that of the columns as they are. (If n > m and n > 2048, the rank is theirs, too. If
    units within a group of dependent columns differ by more than 1 / sqrt(epsilon), $A^+ y$ is still a minimizer, but
    may be longer than the shortest.)

    Raises:
        ValueError: unless `a` is a matrix with entries.

    Source: Penrose (1955).

    >>> print(pseudo_inverse(jnp.array([[2.0, 0.0], [0.0, 0.0]])).round(2))
    [[0.5 0. ]
     [0.  0. ]]
    """
    found = _inverted(a, rtol)
    return found.right @ found.u.T


class _Inverse(NamedTuple):
    """The pseudo-inverse is right times the transpose of u."""

    u: Float[Array, "m q"]
    right: Float[Array, "n q"]
    counts: Bool[Array, " q"]  # which singular values are not zero


def _inverted(a: Float[Array, "m n"], rtol: float | None) -> _Inverse:
    """Factors of the pseudo-inverse. Columns of unit length decide the rank, columns as they are the length of w."""
    require.rank("a", a, 2)
    require.that(min(a.shape) > 0, f"a must not be empty; found shape {a.shape}")
    m, n = a.shape
    if rtol is not None or (n > m and n > WIDEST):
        return _factors(a, rtol)
    columns, lengths = sums.unit_columns(a)
    similar = jnp.array(False)
    if n > m:  # as they are, the columns give the shortest weights at once
        there = jnp.any(columns != 0, axis=0)
        smallest = jnp.min(lengths, initial=jnp.inf, where=there)
        similar = jnp.max(lengths, initial=0.0, where=there) <= SIMILAR * smallest
        columns, lengths = jnp.where(similar, a, columns), jnp.where(similar, 1.0, lengths)
    found = _factors(columns, None)
    several = ~found.counts.all() & ~similar  # with independent columns there is one solution, whatever their units
    # one for a whole batch under `vmap`, so that nothing is computed that none needs
    several = largest_of_batch(several.astype(a.dtype)) > 0
    found = lax.cond(several, lambda: _shortened(found, lengths), lambda: found)
    return found._replace(right=found.right / lengths[:, None])


def _factors(a: Float[Array, "m n"], rtol: float | None) -> _Inverse:
    u, s, vt = singular.svd(a)
    counts = s > (rank_rtol(a.shape, a.dtype) if rtol is None else rtol) * s.max()
    return _Inverse(u, vt.T * jnp.where(counts, 1 / jnp.where(counts, s, 1.0), 0.0), counts)


def _shortened(found: _Inverse, lengths: Float[Array, " n"]) -> _Inverse:
    """Move what columns of unit length gave along their null space, until w is as short as it gets in its own units.

    The units of columns that do not depend on each other are never compared: a large one would hide a small one.
    """
    eps = jnp.finfo(lengths.dtype).eps
    inverse = jnp.linalg.norm(found.right, axis=0)  # of the singular values that count
    along = found.right / jnp.where(found.counts, inverse, 1.0)
    null = jnp.eye(len(lengths), dtype=lengths.dtype) - along @ along.T  # its projector
    rounding = 8 * eps * inverse.max() / jnp.min(inverse, initial=jnp.inf, where=found.counts)
    apart = jnp.where(jnp.abs(null) <= rounding, 0.0, null)
    weight = jnp.minimum(_largest_linked(apart != 0, lengths) / lengths, 1 / eps)[:, None]
    u, s, vt = singular.svd(weight * apart)
    kept = s > rank_rtol(apart.shape, s.dtype) * s.max()
    solve = (vt.T * jnp.where(kept, 1 / jnp.where(kept, s, 1.0), 0.0)) @ u.T
    right = found.right - null @ (solve @ (weight * found.right))
    return found._replace(right=right - null @ (solve @ (weight * right)))  # again, for what rounding left of it


def _largest_linked(linked: Bool[Array, "n n"], value: Float[Array, " n"]) -> Float[Array, " n"]:
    """The largest value among those that are linked to each, directly or through others."""

    def spread(state: tuple[Array, Array]) -> tuple[Array, Array]:
        value, _ = state
        reached = jnp.maximum(value, jnp.max(jnp.where(linked, value, 0.0), axis=1))
        return reached, jnp.any(reached > value)

    return lax.while_loop(lambda state: state[1], spread, (value, jnp.array(True)))[0]


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
    found = _inverted(a, rtol)
    along = jnp.where(found.counts, sums.cross(found.u, y), 0.0)
    fitted = found.u @ along
    return LeastSquares(found.right @ along, fitted, y - fitted, jnp.sum(found.counts))


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
