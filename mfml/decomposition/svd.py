"""Singular value decomposition and low-rank approximation. Shapes: A is n x d; k parts are kept."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from mfml import require
from mfml.decomposition import norms, signs
from mfml.entrance import public
from mfml.numerics import singular

NORMS = ("frobenius", "spectral")


class SVD(NamedTuple):
    """The k largest singular values and their vectors: A is about u @ diag(s) @ vt."""

    u: Float[Array, "n k"]  # orthonormal columns
    s: Float[Array, " k"]  # non-increasing, non-negative, in units of A
    vt: Float[Array, "k d"]  # orthonormal rows; the largest entry of each is positive (`signs.of_rows`)


@public
@jax.jit
def pinned(u: Float[Array, "n k"], s: Float[Array, " k"], vt: Float[Array, "k d"]) -> SVD:
    r"""Choose the sign of each pair of singular vectors, so that the result is unique: see `signs.of_rows`.

    >>> print(pinned(jnp.array([[1.0]]), jnp.array([2.0]), jnp.array([[-1.0]])).u)
    [[-1.]]
    """
    sign = signs.of_rows(vt)
    return SVD(u * sign, s, vt * sign[:, None])


def _check(a: Float[Array, "n d"], n_components: int) -> None:
    require.rank("a", a, 2)
    require.that(min(a.shape) > 0, f"a must not be empty; found shape {a.shape}")
    require.between("n_components", n_components, 1, min(a.shape))


@public
@partial(jax.jit, static_argnames=("n_components",))
def truncated(a: Float[Array, "n d"], *, n_components: int) -> SVD:
    r"""The k leading parts of $A = U \Sigma V^\top = \sum_i \sigma_i u_i v_i^\top$, exactly.

    The whole (thin) decomposition is computed and cut. A is not centered.

    Raises:
        ValueError: unless `a` is a matrix and 1 <= n_components <= min(n, d).

    Source: Golub and Van Loan (2013), section 2.4; Murphy (2012), section 12.2.3.

    >>> print(truncated(jnp.array([[3.0, 0.0], [0.0, -5.0]]), n_components=1).s.round(3))
    [5.]
    """
    _check(a, n_components)
    u, s, vt = singular.svd(a)
    return pinned(u[:, :n_components], s[:n_components], vt[:n_components])


@public
@partial(jax.jit, static_argnames=("n_components", "n_oversamples", "iterated_power"))
def randomized(
    a: Float[Array, "n d"],
    *,
    key: Key[Array, ""],
    n_components: int,
    n_oversamples: int = 10,
    iterated_power: int = 4,
) -> SVD:
    r"""The k leading parts, from products of A with a few random vectors.

    $Y = (A A^\top)^q A\,\Omega$ with a Gaussian $\Omega$ of k + p columns. With an orthonormal basis Q of Y, the small
    matrix $B = Q^\top A$ is decomposed. A QR decomposition follows every product with A, so that the directions of
    small singular values survive rounding. q = `iterated_power` sharpens the decay of the spectrum: 0 is enough for a
    fast decay, 4 for most data, 7 or more for a flat spectrum. p is `n_oversamples`. Only the error depends on the key.

    Raises:
        ValueError: unless `a` is a matrix, 1 <= n_components <= min(n, d), n_oversamples >= 0,
            iterated_power >= 0.

    Source: Halko, Martinsson and Tropp (2011), algorithms 4.4 and 5.1.

    >>> a = jnp.diag(jnp.array([3.0, 2.0, 1.0]))
    >>> [round(value, 3) for value in randomized(a, key=jax.random.key(0), n_components=2).s.tolist()]
    [3.0, 2.0]
    """
    _check(a, n_components)
    require.that(n_oversamples >= 0, f"n_oversamples must not be negative; found {n_oversamples}")
    require.that(iterated_power >= 0, f"iterated_power must not be negative; found {iterated_power}")
    if a.shape[0] < a.shape[1]:
        vt, s, u = _randomized(a.T, key, n_components, n_oversamples, iterated_power)
        return pinned(u.T, s, vt.T)
    return pinned(*_randomized(a, key, n_components, n_oversamples, iterated_power))


def _randomized(
    a: Float[Array, "n d"], key: Key[Array, ""], n_components: int, n_oversamples: int, n_iter: int
) -> tuple[Float[Array, "n k"], Float[Array, " k"], Float[Array, "k d"]]:
    """Range finder and small decomposition, for n >= d."""
    width = min(n_components + n_oversamples, a.shape[1])
    omega = jax.random.normal(key, (a.shape[1] * width,), a.dtype).reshape(-1, width)  # in one row: quicker to compile

    def basis(y: Float[Array, "m w"]) -> Float[Array, "m w"]:
        return jnp.linalg.qr(y)[0]

    def iterate(_: Int[Array, ""], q: Float[Array, "n w"]) -> Float[Array, "n w"]:
        # (Q^T A)^T reads the rows of A in the order in which they lie in memory; A^T Q would not.
        return basis(a @ basis((q.T @ a).T))

    q = jax.lax.fori_loop(0, n_iter, iterate, basis(a @ omega))
    u, s, vt = singular.svd(q.T @ a)
    return q @ u[:, :n_components], s[:n_components], vt[:n_components]


@public
def transform(model: SVD, a: Float[Array, "n d"]) -> Float[Array, "n k"]:
    r"""Coordinates of rows along the right singular vectors: $A V$. For the fitted A this is $U \Sigma$.

    Raises:
        ValueError: unless the rows of `a` have as many entries as those of `model.vt`.

    >>> model = truncated(jnp.array([[3.0, 0.0], [0.0, 5.0]]), n_components=1)
    >>> print(transform(model, jnp.array([[1.0, 2.0]])).round(3))
    [[2.]]
    """
    require.rank("a", a, 2)
    require.columns("a", a, model.vt.shape[1])
    return a @ model.vt.T


@public
def reconstruct(model: SVD) -> Float[Array, "n d"]:
    r"""Low-rank matrix $A_k = \sum_{i \le k} \sigma_i u_i v_i^\top$.

    >>> print(reconstruct(truncated(jnp.array([[3.0, 0.0], [0.0, 5.0]]), n_components=1)).round(3) + 0.0)
    [[0. 0.]
     [0. 5.]]
    """
    return (model.u * model.s) @ model.vt


@public
def low_rank(a: Float[Array, "n d"], *, n_components: int) -> Float[Array, "n d"]:
    r"""The matrix of rank at most k that is nearest to A, in the Frobenius and in the spectral norm.

    Raises:
        ValueError: unless `a` is a matrix and 1 <= n_components <= min(n, d).

    Source: Eckart and Young (1936).

    >>> print(low_rank(jnp.array([[1.0, 1.0], [1.0, 1.0]]), n_components=1).round(3))
    [[1. 1.]
     [1. 1.]]
    """
    return reconstruct(truncated(a, n_components=n_components))


@public
@partial(jax.jit, static_argnames=("n_components", "norm"))
def eckart_young_error(s: Float[Array, " q"], *, n_components: int, norm: str = "frobenius") -> Float[Array, ""]:
    r"""Error of the best rank-k approximation, from all singular values.

    "frobenius": $\|A - A_k\|_F = \sqrt{\sum_{i > k} \sigma_i^2}$; "spectral": $\|A - A_k\|_2 = \sigma_{k+1}$.
    In units of A (the root is taken). 0 for k = q.

    Raises:
        ValueError: unless `s` has one axis, 0 <= n_components <= q, and `norm` is known.

    Source: Eckart and Young (1936); Mirsky (1960); Golub and Van Loan (2013), theorem 2.4.8.

    >>> print(eckart_young_error(jnp.array([5.0, 4.0, 3.0]), n_components=1))
    5.0
    """
    require.rank("s", s, 1)
    require.between("n_components", n_components, 0, s.size)
    require.one_of("norm", norm, NORMS)
    rest = jnp.where(jnp.arange(s.size) < n_components, 0.0, s)
    return norms.l2(rest) if norm == "frobenius" else rest.max(initial=0.0)
