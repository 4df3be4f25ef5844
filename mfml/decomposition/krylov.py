"""The leading eigenpairs of a large symmetric matrix, computed from its products with a few vectors."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import iteration, require
from mfml.decomposition import signs
from mfml.entrance import public
from mfml.iteration import Status
from mfml.numerics import scaling


class Eigenpairs(NamedTuple):
    """The k algebraically largest eigenvalues of A and their vectors."""

    values: Float[Array, " k"]  # non-increasing
    vectors: Float[Array, "n k"]  # orthonormal columns, with signs as in `signs.of_rows`
    residual: Float[Array, ""]  # largest |A v - value v|, relative to the largest value in magnitude
    history: Float[Array, " steps"]  # residual: infinite at the start, then after each restart, then NaN
    n_iter: Int[Array, ""]  # restarts
    converged: Bool[Array, ""]  # whether residual <= tol
    status: Int[Array, ""]  # CONVERGED, MAX_ITER, STALLED or NON_FINITE, see `mfml.iteration`


class _Ritz(NamedTuple):
    """State of the iteration: the best approximation in the subspace so far."""

    vectors: Float[Array, "n b"]
    values: Float[Array, " b"]
    residual: Float[Array, ""]


@public
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
    unit: ArrayLike | None = None,
) -> Eigenpairs:
    r"""Block Krylov method with restarts.

    Starting from a block $V$ of k + p orthonormal vectors, each round builds an orthonormal basis Q of
    $[V, A V, \ldots, A^{m-1} V]$, takes the eigenvectors y of $Q^\top A Q$ (Rayleigh-Ritz), and restarts from
    the best $Q y$. A block costs hardly more than one vector, since most time goes into reading A. It stops when
    $\max_i \|A v_i - \lambda_i v_i\|_2 \le \text{tol} \cdot \max_i |\lambda_i|$ or after `max_iter` restarts; tol is
    100 epsilon by default. The error of an eigenvalue is of the order of the squared residual. m is `depth`, p is
    `n_oversamples`. A matrix with at most m (k + p) rows is decomposed directly, in one step; the status is
    STALLED if rounding leaves a larger residual than tol. How many restarts there are depends on the values, so the
    result may not be differentiated in reverse mode; `spectral.decompose` may. `unit` is a power of two near the
    largest entry of A; where it is left out, a pass over A finds one.

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
    small_enough = 100 * jnp.finfo(a.dtype).eps if tol is None else tol
    width, k = n_components + n_oversamples, n_components
    size = scaling.unit(a) if unit is None else jnp.asarray(unit, a.dtype)

    def product(v: Array) -> Array:
        return (a @ v) * (1 / size)  # in units of a, so that no square of it leaves the range of the type

    direct = n <= depth * width
    if direct:
        v, width = jnp.eye(n, k, dtype=a.dtype), k
    else:
        v = jnp.linalg.qr(jax.random.normal(key, (n, width), a.dtype))[0]

    spare = jax.random.normal(jax.random.fold_in(key, 1), v.shape, a.dtype)

    def restart(state: _Ritz, i: Array) -> _Ritz:
        if direct:
            return _rayleigh_ritz(jnp.eye(n, dtype=a.dtype), a * (1 / size), width, k)
        basis = _basis(product, state.vectors, depth, spare, depth * i)
        return _rayleigh_ritz(*basis, width, k)

    best, report = iteration.run(
        restart,
        _Ritz(v, jnp.zeros(width, a.dtype), jnp.full((), jnp.inf, a.dtype)),
        max_iter=max_iter,
        objective=lambda state: state.residual,
        converged=lambda state: state.residual <= small_enough,
        failed={Status.STALLED: lambda state: jnp.isfinite(state.residual)} if direct else None,
    )
    vectors = best.vectors[:, :k]
    return Eigenpairs(size * best.values[:k], vectors * signs.of_rows(vectors.T), best.residual, *report)


def _basis(
    product: Callable[[Array], Array], v: Float[Array, "n b"], depth: int, spare: Float[Array, "n b"], turn: Array
) -> tuple[Float[Array, "n w"], Float[Array, "n w"]]:
    """Orthonormal basis of the Krylov space of a block, and its product with A.

    The space ends early where A has few different eigenvalues: rounding is all that is left of a direction. Its place
    is taken by one of `spare`, whose rows are turned each time, so that it is not in the basis yet.
    """
    basis, images = v, product(v)
    lost = 100 * jnp.finfo(v.dtype).eps
    for i in range(depth - 1):
        new = images[:, -v.shape[1] :]
        rest = new - basis @ (basis.T @ new)
        # The longest first: a column of rounding must not take from the others what they have in common with it.
        order = jnp.argsort(-jnp.linalg.norm(rest, axis=0))
        rest, r = jnp.linalg.qr(rest[:, order])
        kept = jnp.abs(jnp.diagonal(r)) > lost * jnp.linalg.norm(new, axis=0)[order]
        rest = jnp.where(kept, rest, jnp.roll(spare, turn + i, axis=0))
        # Twice is enough: the second projection removes what rounding left over from the first.
        rest = jnp.linalg.qr(rest - basis @ (basis.T @ rest))[0]
        basis, images = jnp.hstack([basis, rest]), jnp.hstack([images, product(rest)])
    return basis, images


def _rayleigh_ritz(q: Float[Array, "n w"], images: Float[Array, "n w"], width: int, k: int) -> _Ritz:
    """The best approximate eigenvectors in the span of q, the largest eigenvalue first; `images` is A q."""
    values, y = jnp.linalg.eigh(q.T @ images)
    values, y = values[::-1][:width], y[:, ::-1][:, :width]
    vectors = q @ y
    scale = jnp.abs(values).max()
    scale = jnp.where(scale > 0, scale, 1.0)
    errors = jnp.linalg.norm((images @ y[:, :k] - vectors[:, :k] * values[:k]) / scale, axis=0)
    return _Ritz(vectors, values, errors.max())
