r"""Rank, the four fundamental subspaces, identifiability. Shapes: A is m x n, r is its rank.

A compiled function needs shapes that do not depend on values, but the rank does. So a basis has one column for each
direction that could belong to the subspace. Its orthonormal vectors come first, followed by columns of zeros. Such a
padded basis B can be used directly: $B B^\top$ projects onto the subspace. If the rank is known, pass it as the static
option `rank` to get the basis without padding.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from mfml import require
from mfml.decomposition import signs
from mfml.entrance import public
from mfml.numerics import singular, sums
from mfml.numerics.scaling import rank_rtol


class Identifiability(NamedTuple):
    """What `y = A w` says about each parameter in w."""

    rank: Int[Array, ""]
    nullity: Int[Array, ""]  # dimension of the set of parameters that explain the same data
    identifiable: Bool[Array, " n"]  # whether the data determine this parameter
    freedom: Float[Array, " n"]  # 0 to 1: length of its axis within the null space of columns of unit length


def _tolerance(a: Float[Array, "m n"], s: Float[Array, " q"], rtol: float | None) -> Float[Array, ""]:
    relative = rank_rtol(a.shape, s.dtype) if rtol is None else rtol
    return relative * s.max()


def _check(a: Float[Array, "m n"]) -> None:
    require.rank("a", a, 2)
    require.that(min(a.shape) > 0, f"a must not be empty; found shape {a.shape}")


@public
@partial(jax.jit, static_argnames=("rtol",))
def numerical_rank(a: Float[Array, "m n"], *, rtol: float | None = None) -> Int[Array, ""]:
    r"""Count the singular values above `rtol` times the largest.

    $\hat r = \#\{i : \sigma_i > \text{rtol}\,\sigma_1\}$; by default rtol is 4 min(m, n) times the
    machine epsilon, the size of the rounding error of the decomposition itself. Columns in very different units should
    be brought to one scale first: they change the singular values, but not the rank. It is -1 where an entry is not
    finite.

    Raises:
        ValueError: unless `a` is a matrix with entries.

    Source: Golub and Van Loan (2013), section 5.5.8.

    >>> int(numerical_rank(jnp.array([[1.0, 2.0], [2.0, 4.0]])))
    1
    """
    _check(a)
    s = singular.values(a)
    return jnp.where(jnp.isfinite(s).all(), jnp.sum(s > _tolerance(a, s, rtol)), -1)


def _within(a: Float[Array, "m n"], rank: int | None, rtol: float | None) -> Float[Array, "m q"]:
    """Orthonormal basis of the column space of `a`, the largest singular value first."""
    _check(a)
    u, s, _ = singular.svd(a)
    u = u * signs.of_rows(u.T)
    if rank is not None:
        require.between("rank", rank, 0, min(a.shape))
        return u[:, :rank]
    return jnp.where(s <= _tolerance(a, s, rtol), 0.0, u)  # NaN stays


def _beyond(a: Float[Array, "m n"], rank: int | None, rtol: float | None) -> Float[Array, "m q"]:
    """Orthonormal basis of the complement of the column space of `a`, the smallest singular value first."""
    _check(a)
    m = a.shape[0]
    u, s, _ = singular.svd(a, full_matrices=m > a.shape[1])  # otherwise, the thin u is the whole one
    u = u[:, ::-1] * signs.of_rows(u[:, ::-1].T)
    if rank is not None:
        require.between("rank", rank, 0, min(a.shape))
        return u[:, : m - rank]
    found = jnp.sum(s > _tolerance(a, s, rtol))
    return jnp.where(jnp.arange(m) < m - found, u, 0.0)


@public
@partial(jax.jit, static_argnames=("rank", "rtol"))
def column_space(a: Float[Array, "m n"], *, rank: int | None = None, rtol: float | None = None) -> Float[Array, "m q"]:
    r"""Orthonormal basis of $\{A w\}$: all the outputs that a linear model can give.

    Columns are the left singular vectors by decreasing singular value, with signs as in `signs.of_rows`. Without
    `rank` there are q = min(m, n) columns, and those beyond the numerical rank are zero. With it, q = rank.

    Raises:
        ValueError: unless `a` is a matrix with entries and 0 <= rank <= min(m, n).

    Source: Strang (1993).

    >>> basis = column_space(jnp.array([[3.0, 6.0], [4.0, 8.0]]))
    >>> [round(entry, 2) for entry in basis[:, 0].tolist()], basis[:, 1].tolist()
    ([0.6, 0.8], [0.0, 0.0])
    """
    return _within(a, rank, rtol)


@public
@partial(jax.jit, static_argnames=("rank", "rtol"))
def row_space(a: Float[Array, "m n"], *, rank: int | None = None, rtol: float | None = None) -> Float[Array, "n q"]:
    r"""Orthonormal basis, as columns, of $\{A^\top y\}$: the parameters that the data can see.

    Conventions and `Raises` as in `column_space`.

    >>> [round(entry, 2) for entry in row_space(jnp.array([[3.0, 4.0]]))[:, 0].tolist()]
    [0.6, 0.8]
    """
    return _within(a.T, rank, rtol)


@public
@partial(jax.jit, static_argnames=("rank", "rtol"))
def null_space(a: Float[Array, "m n"], *, rank: int | None = None, rtol: float | None = None) -> Float[Array, "n q"]:
    r"""Orthonormal basis, as columns, of $\{w : A w = 0\}$: changes of w that no data point notices.

    Without `rank` there are q = n columns: first the n - r vectors of the null space, then zeros. With it,
    q = n - rank.

    Raises:
        ValueError: unless `a` is a matrix with entries and 0 <= rank <= min(m, n).

    >>> [round(entry, 2) for entry in null_space(jnp.array([[3.0, 4.0]]))[:, 0].tolist()]
    [0.8, -0.6]
    """
    return _beyond(a.T, rank, rtol)


@public
@partial(jax.jit, static_argnames=("rank", "rtol"))
def left_null_space(
    a: Float[Array, "m n"], *, rank: int | None = None, rtol: float | None = None
) -> Float[Array, "m q"]:
    r"""Orthonormal basis, as columns, of $\{y : A^\top y = 0\}$: what no linear model reaches.

    Conventions and `Raises` as in `null_space`, with m in place of n.

    >>> [round(entry, 2) for entry in left_null_space(jnp.array([[3.0], [4.0]]))[:, 0].tolist()]
    [0.8, -0.6]
    """
    return _beyond(a, rank, rtol)


@public
@partial(jax.jit, static_argnames=("rtol",))
def identifiability(a: Float[Array, "m n"], *, rtol: float | None = None) -> Identifiability:
    r"""Say which parameters in $y = A w$ the data determine.

    With a basis N of the null space, all $w + N c$ explain the same y. So $w_j$ is determined if and only if row j of N
    is zero. The length of this row is the `freedom` of $w_j$: 0 for a parameter that is determined, 1 for one that no
    data point sees. The columns of A are first brought to unit length, so that units of parameters do not matter.

    Raises:
        ValueError: unless `a` is a matrix with entries.

    Source: Rothenberg (1971).

    >>> identifiability(jnp.array([[1.0, 1.0, 0.0], [0.0, 0.0, 2.0]])).identifiable
    Array([False, False,  True], dtype=bool)
    """
    _check(a)
    null = null_space(sums.unit_columns(a)[0], rtol=rtol)
    nullity = jnp.sum(jnp.any(null != 0, axis=0))
    freedom = jnp.linalg.norm(null, axis=1)
    # Rounding leaves entries of up to this size in a row that should be zero.
    rounding = jnp.sqrt(jnp.finfo(null.dtype).eps)
    return Identifiability(a.shape[1] - nullity, nullity, freedom <= rounding, freedom)
