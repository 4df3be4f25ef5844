r"""Cholesky factors of covariances that rounding may have made singular. Shapes: n samples.

Two equal samples without noise, or a length far beyond all distances, give a covariance whose smallest eigenvalues are
below its rounding errors. Then a small multiple of the identity is added, the jitter. It acts like a noise of
this variance, so it is part of every result.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.linalg import cho_solve, solve_triangular
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling
from mfml.numerics.domain import NON_NEGATIVE, checked

GROWTH = 4.0  # from one try to the next
TRIES = 16


class Factor(NamedTuple):
    r"""A covariance as $L L^\top$."""

    lower: Float[Array, "n n"]  # L, units of y
    jitter: Float[Array, ""]  # that was added to the diagonal, squared units of y; 0 in most cases


@public
@checked(noise_variance=NON_NEGATIVE)
@jax.jit
def cholesky(covariance: Float[Array, "n n"], *, noise_variance: ArrayLike | Float[Array, " n"] = 0.0) -> Factor:
    r"""Factor $K + \mathrm{diag}(\sigma^2) + \delta I = L L^\top$ with the smallest jitter $\delta$ of a ladder.

    The ladder is 0, then $\tau \bar k, 4 \tau \bar k, 16 \tau \bar k, \dots$, where $\bar k$ is the mean diagonal of
    K and $\tau = \sqrt n \epsilon$ with the spacing $\epsilon$ of the type at 1. A try succeeds when every pivot
    $L_{ii}^2$ is at least $\tau$ times its diagonal entry: what is left of a smaller one is rounding. Where nothing
    succeeds, as with NaN or a matrix that is far from positive definite, all is NaN. The jitter is rounded as sums with
    the diagonal are, so that an even diagonal takes on just this. It counts as a constant for derivatives.

    Raises:
        ValueError: unless K is square, and there is one noise variance, or one per sample, none of them negative.

    Source: Rasmussen and Williams (2006), appendix A.4; Higham (2002), section 10.1.

    >>> cholesky(jnp.array([[4.0, 0.0], [0.0, 8.0]]), noise_variance=1.0).lower.tolist()
    [[2.23..., 0.0], [0.0, 3.0]]
    >>> cholesky(jnp.ones((2, 2))).jitter.item() < 1e-6
    True
    """
    require.square("covariance", covariance)
    noise = jnp.asarray(noise_variance, covariance.dtype)
    require.that(
        noise.shape in ((), covariance.shape[:1]),
        f"noise_variance must be one number, or one per sample; found shape {noise.shape}",
    )
    size = jnp.mean(jnp.diagonal(covariance))
    lower, jitter = _factor(covariance + jnp.diag(jnp.broadcast_to(noise, len(covariance))), size)
    return Factor(lower, jitter)


@public
@jax.jit
def solve(
    factor: Factor,
    covariance: Float[Array, "n n"],
    residual: Float[Array, " n"],
    *,
    noise_variance: ArrayLike | Float[Array, " n"] = 0.0,
) -> Float[Array, " n"]:
    r"""Solve $(K + \mathrm{diag}(\sigma^2) + \delta I) c = r$ with the factor that `cholesky` made of the same.

    Two steps of refinement take back most of what the factor's rounding errors cost.

    Raises:
        ValueError: if shapes do not fit.

    Source: Higham (2002), section 12.1.

    >>> k = jnp.array([[4.0, 0.0], [0.0, 8.0]])
    >>> solve(cholesky(k), k, jnp.array([1.0, 2.0])).tolist()
    [0.25, 0.25]
    """
    require.square("covariance", covariance)
    require.same_length(covariance=covariance, residual=residual)
    noise = jnp.asarray(noise_variance, covariance.dtype) + factor.jitter
    found = cho_solve((factor.lower, True), residual)
    for _ in range(2):
        rest = residual - (jnp.matmul(covariance, found, precision=lax.Precision.HIGHEST) + noise * found)
        found = found + cho_solve((factor.lower, True), rest)
    return found


@jax.custom_jvp
def _factor(a: Array, size: Array) -> tuple[Array, Array]:
    inverse = 1 / scaling.power_of_two(jnp.sqrt(size))
    least = len(a) ** 0.5 * float(jnp.finfo(a.dtype).eps)
    scaled, size = a * inverse * inverse, size * inverse * inverse
    own = jnp.diagonal(scaled)
    typical = jnp.minimum(jnp.max(own), 2 * size)

    def attempt(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        level, _, _ = state
        jitter = jnp.where(level == 0, 0.0, least * GROWTH ** (level - 1)).astype(a.dtype) * size
        jitter = lax.optimization_barrier(typical + jitter) - typical  # what the diagonal takes on, digit for digit
        lower = jnp.linalg.cholesky(scaled + jitter * jnp.eye(len(a), dtype=a.dtype), symmetrize_input=False)
        return level + 1, lower, jitter

    def failed(state: tuple[Array, Array, Array]) -> Array:
        level, lower, _ = state
        return (level < TRIES) & ~_sound(lower, own, least)

    start = jnp.zeros((), int), jnp.full_like(a, jnp.nan), jnp.zeros((), a.dtype)
    _, lower, jitter = lax.while_loop(failed, attempt, start)
    sound = _sound(lower, own, least)
    return jnp.where(sound, lower / inverse, jnp.nan), jnp.where(sound, jitter / inverse / inverse, jnp.nan)


def _sound(lower: Array, own: Array, least: float) -> Array:
    return jnp.all(jnp.diagonal(lower) ** 2 >= least * own)


@_factor.defjvp
def _(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple:
    r"""$dL = L \Phi(L^{-1} dA L^{-\top})$; $\Phi$ is the lower triangle with half the diagonal."""
    lower, jitter = _factor(*primals)
    half = solve_triangular(lower, tangents[0], lower=True)
    inner = solve_triangular(lower, half.T, lower=True).T
    inner = jnp.tril(inner) - jnp.diag(jnp.diagonal(inner) / 2)
    return (lower, jitter), (jnp.matmul(lower, inner, precision=lax.Precision.HIGHEST), jnp.zeros_like(jitter))
