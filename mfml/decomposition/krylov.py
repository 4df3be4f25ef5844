"""The leading eigenpairs of a large symmetric matrix, from its products with a few vectors."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import require
from mfml.decomposition import signs


class Eigenpairs(NamedTuple):
    """The k algebraically largest eigenvalues of A and their vectors."""

    values: Float[Array, " k"]  # falling
    vectors: Float[Array, "n k"]  # orthonormal columns, signs as in `signs.of_rows`
    residual: Float[Array, ""]  # largest |A v - value v|, relative to the largest value in magnitude
    converged: Bool[Array, ""]  # residual <= tol
    n_iter: Int[Array, ""]  # restarts


class _Ritz(NamedTuple):
    """Loop state: the best approximation in the subspace so far."""

    vectors: Float[Array, "n b"]
    values: Float[Array, " b"]
    residual: Float[Array, ""]
    n_iter: Int[Array, ""]


@partial(jax.jit, static_argnames=("n_components", "n_oversamples", "depth", "max_iter", "tol"))
def top(
    a: Float[Array, "n n"],
    *,
    key: Key[Array, ""],
    n_components: int,
    n_oversamples: int = 8,
    depth: int = 4,
    max_iter: int = 100,
    tol: float | None = None,
) -> Eigenpairs:
    r"""Block Krylov method with restarts.

    From a block $V$ of k + p orthonormal vectors, build an orthonormal basis Q of
    $[V, A V, \ldots, A^{m-1} V]$, take the eigenvectors y of $Q^\top A Q$ (Rayleigh-Ritz) and restart from
    the best $Q y$. A block costs hardly more than one vector, since reading A takes the time. Stops when
    $\max_i \|A v_i - \lambda_i v_i\|_2 \le \text{tol} \cdot \max_i |\lambda_i|$, where tol is 100 epsilon unless given,
    or after `max_iter` restarts. An eigenvalue's error is of the order of the squared residual. m is `depth`,
    p is `n_oversamples`. A matrix no larger than m (k + p) is decomposed whole.

    Raises:
        ValueError: unless `a` is a square matrix, 1 <= n_components <= n, n_oversamples >= 0, depth >= 2,
            max_iter >= 1.

    Source: Golub and Underwood (1977); Saad (2011), section 6.5.

    >>> a = jnp.diag(jnp.array([1.0, 5.0, 3.0]))
    >>> [round(value, 3) for value in top(a, key=jax.random.key(0), n_components=2).values.tolist()]
    [5.0, 3.0]
    """
    require.square("a", a)
    n = a.shape[0]
    require.between("n_components", n_components, 1, n)
    require.that(n_oversamples >= 0, f"n_oversamples must not be negative; found {n_oversamples}")
    require.that(depth >= 2, f"depth must be at least 2; found {depth}")
    require.that(max_iter >= 1, f"max_iter must be at least 1; found {max_iter}")
    small_enough = 100 * jnp.finfo(a.dtype).eps if tol is None else tol
    width, k = n_components + n_oversamples, n_components
    if n <= depth * width:
        best = _rayleigh_ritz(jnp.eye(n, dtype=a.dtype), a, k, k, jnp.ones((), int))
    else:
        v = jnp.linalg.qr(jax.random.normal(key, (n, width), a.dtype))[0]
        infinite = jnp.full((), jnp.inf, a.dtype)
        best = jax.lax.while_loop(
            lambda s: (s.residual > small_enough) & (s.n_iter < max_iter),
            lambda s: _rayleigh_ritz(*_basis(a, s.vectors, depth), width, k, s.n_iter + 1),
            _Ritz(v, jnp.zeros(width, a.dtype), infinite, jnp.zeros((), int)),
        )
    vectors = best.vectors[:, :k]
    return Eigenpairs(
        best.values[:k],
        vectors * signs.of_rows(vectors.T),
        best.residual,
        best.residual <= small_enough,
        best.n_iter,
    )


def _basis(
    a: Float[Array, "n n"], v: Float[Array, "n b"], depth: int
) -> tuple[Float[Array, "n w"], Float[Array, "n w"]]:
    """Orthonormal basis of the Krylov space of a block, and A times it."""
    basis, images = v, a @ v
    for _ in range(depth - 1):
        rest = images[:, -v.shape[1] :]
        # Twice is enough: the second projection removes what rounding left of the first.
        for _ in range(2):
            rest = jnp.linalg.qr(rest - basis @ (basis.T @ rest))[0]
        basis, images = jnp.hstack([basis, rest]), jnp.hstack([images, a @ rest])
    return basis, images


def _rayleigh_ritz(
    q: Float[Array, "n w"], images: Float[Array, "n w"], width: int, k: int, n_iter: Int[Array, ""]
) -> _Ritz:
    """The best approximate eigenvectors in the span of q, by falling eigenvalue; `images` is A q."""
    values, y = jnp.linalg.eigh(q.T @ images)
    values, y = values[::-1][:width], y[:, ::-1][:, :width]
    vectors = q @ y
    errors = jnp.linalg.norm(images @ y[:, :k] - vectors[:, :k] * values[:k], axis=0)
    scale = jnp.abs(values).max()
    return _Ritz(vectors, values, errors.max() / jnp.where(scale > 0, scale, 1.0), n_iter)
