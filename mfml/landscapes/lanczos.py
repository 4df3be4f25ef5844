r"""Eigenvalues of a Hessian that is never formed, from its products with vectors.

Lanczos' method builds, one product at a time, an orthonormal basis Q in which a symmetric matrix A is
tridiagonal, $Q A Q^\top = T$. The eigenvalues of the small T find the extreme ones of A first; the first entries
of its eigenvectors are the weights of a Gauss quadrature for the whole spectrum. Rounding destroys the
orthogonality of Q, so every new vector is made orthogonal to all earlier ones, twice.
Shapes: p parameters, m steps, k eigenvalues, r probes.
"""

from collections.abc import Callable
from functools import partial
from math import pi, sqrt
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.flatten_util import ravel_pytree
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Key, PyTree

from mfml import require
from mfml.entrance import public
from mfml.landscapes.curvature import Objective
from mfml.numerics import scaling
from mfml.numerics.domain import POSITIVE, checked


class Tridiagonal(NamedTuple):
    """A symmetric matrix seen from a Krylov space."""

    diagonal: Float[Array, " m"]
    off_diagonal: Float[Array, " m-1"]  # non-negative
    rest: Float[Array, ""]  # norm of the part of the last product outside the basis
    basis: Float[Array, "m p"]  # orthonormal rows


class Eigenpairs(NamedTuple):
    """The k most extreme eigenvalues at one end of a spectrum."""

    values: Float[Array, " k"]  # the extreme one first
    vectors: Float[Array, "k p"]  # orthonormal rows, each with its largest entry in magnitude positive
    residual: Float[Array, " k"]  # |A v - value v|_2
    converged: Bool[Array, ""]  # all residuals <= tol times the largest value found in magnitude


class Spectrum(NamedTuple):
    """A spectral density as point masses, one set of m for each probe."""

    nodes: Float[Array, "r m"]  # eigenvalues of T, increasing
    weights: Float[Array, "r m"]  # their masses, each row sums to 1


@public
@partial(jax.jit, static_argnames=("product", "n_steps"))
def tridiagonalize(
    product: Callable[[Array], Array], init: Float[Array, " p"], *, key: Key[Array, ""], n_steps: int
) -> Tridiagonal:
    r"""Take m steps of Lanczos' method from a start vector, with full reorthogonalization.

    $\beta_j q_{j+1} = A q_j - \alpha_j q_j - \beta_{j-1} q_{j-1}$ and $\alpha_j = q_j^\top A q_j$; `product(q)` is A q.
    Where the space is exhausted ($\beta_j$ is zero within rounding) it continues with a random vector orthogonal to
    it, drawn with the key. So repeated eigenvalues are found too.

    Raises:
        ValueError: unless init has one axis and 1 <= n_steps <= p.

    Source: Golub and Van Loan (2013), Matrix Computations, sections 10.1 and 10.3.

    >>> matrix = jnp.diag(jnp.array([1.0, 4.0]))
    >>> t = tridiagonalize(lambda v: matrix @ v, jnp.array([1.0, 1.0]), key=jax.random.key(0), n_steps=2)
    >>> [round(value, 3) for value in (*t.diagonal.tolist(), *t.off_diagonal.tolist())]
    [2.5, 2.5, 1.5]
    """
    require.rank("init", init, 1)
    return _tridiagonalize(key, product, init, n_steps)


@public
@partial(jax.jit, static_argnames=("objective", "n_eigenvalues", "n_steps", "largest"))
def top_eigenvalues(
    objective: Objective,
    params: PyTree,
    *,
    key: Key[Array, ""],
    n_eigenvalues: int = 10,
    n_steps: int | None = None,
    largest: bool = True,
    tol: ArrayLike = 1e-3,
    data: tuple[Any, ...] = (),
) -> Eigenpairs:
    r"""Find the largest (or the smallest) eigenvalues of a Hessian from m Hessian-vector products.

    Ritz values of `tridiagonalize` from a random start: eigenvalues $\theta_i$ and vectors $Q^\top s_i$, with
    residual $\beta_m |s_{m,i}|$. Each $\theta_i$ lies within its residual of an eigenvalue. It is
    much closer, of the order of the residual squared, to an eigenvalue that is well separated. m is `n_steps`, by
    default the smaller of p and 8 k + 40. The largest come first; with `largest=False` the smallest.

    Raises:
        ValueError: unless 1 <= n_eigenvalues <= n_steps <= p.

    Source: Golub and Van Loan (2013), section 10.1; for networks Sagun, Bottou and LeCun (2016), arXiv:1611.07476.

    >>> bowl = lambda x: 0.5 * jnp.sum(jnp.arange(1.0, 6.0) * x**2)
    >>> found = top_eigenvalues(bowl, jnp.zeros(5), key=jax.random.key(0), n_eigenvalues=2)
    >>> [round(value, 3) for value in found.values.tolist()]
    [5.0, 4.0]
    """
    flat, product = _operator(objective, params, data)
    n_steps = min(len(flat), 8 * n_eigenvalues + 40) if n_steps is None else n_steps
    require.between("n_eigenvalues", n_eigenvalues, 1, n_steps)
    for_start, for_restart = jax.random.split(key)
    start = jax.random.normal(for_start, flat.shape, flat.dtype)
    t = _tridiagonalize(for_restart, product, start, n_steps)
    values, vectors = jnp.linalg.eigh(_dense(t))
    scale = jnp.abs(values).max()
    chosen = slice(None, -n_eigenvalues - 1, -1) if largest else slice(n_eigenvalues)
    residual = jnp.abs(t.rest * vectors[-1, chosen])
    rows = vectors[:, chosen].T @ t.basis
    peak = jnp.take_along_axis(rows, jnp.abs(rows).argmax(axis=1, keepdims=True), axis=1)
    rows = jnp.where(peak < 0, -rows, rows)
    return Eigenpairs(values[chosen], rows, residual, jnp.all(residual <= tol * scale))


@public
@partial(jax.jit, static_argnames=("objective", "n_steps", "n_probes"))
def spectral_density(
    objective: Objective,
    params: PyTree,
    *,
    key: Key[Array, ""],
    n_steps: int = 60,
    n_probes: int = 4,
    data: tuple[Any, ...] = (),
) -> Spectrum:
    r"""Estimate the distribution of all p eigenvalues of a Hessian by stochastic Lanczos quadrature.

    For a random unit vector v, $v^\top f(H) v$ has the mean $\frac1p \sum_i f(\lambda_i)$, and
    equals $\sum_j w_j f(\theta_j)$ for polynomials f up to degree 2 m - 1, with $\theta$ the eigenvalues of T and w the
    squared first entries of its eigenvectors. Each probe is one v with independent random signs and takes m products.

    Raises:
        ValueError: unless n_probes >= 1 and 1 <= n_steps <= p.

    Source: Lin, Saad and Yang (2016), SIAM Review 58, 34; Ghorbani, Krishnan and Xiao (2019), ICML.

    >>> bowl = lambda x: 0.5 * jnp.sum(jnp.array([1.0, 3.0]) * x**2)
    >>> found = spectral_density(bowl, jnp.zeros(2), key=jax.random.key(0), n_steps=2, n_probes=1)
    >>> [round(value, 3) for value in (*found.nodes[0].tolist(), *found.weights[0].tolist())]
    [1.0, 3.0, 0.5, 0.5]
    """
    require.that(n_probes >= 1, f"n_probes must be at least 1; found {n_probes}")
    flat, product = _operator(objective, params, data)

    def probe(key: Array) -> tuple[Array, Array]:
        for_start, for_restart = jax.random.split(key)
        start = jax.random.rademacher(for_start, flat.shape, flat.dtype)
        values, vectors = jnp.linalg.eigh(_dense(_tridiagonalize(for_restart, product, start, n_steps)))
        return values, vectors[0] ** 2

    return Spectrum(*lax.map(probe, jax.random.split(key, n_probes)))


@public
@checked(width=POSITIVE)
def density(spectrum: Spectrum, grid: Float[Array, " g"], *, width: ArrayLike) -> Float[Array, " g"]:
    r"""Draw each point mass as a Gaussian: $\frac1r \sum_{ij} w_{ij} N(g; \theta_{ij}, s^2)$, where s is `width`.

    The unit is one over the unit of the eigenvalues; its integral is 1.

    Raises:
        ValueError: unless the width is positive.

    Source: Lin, Saad and Yang (2016), SIAM Review 58, 34, section 2.

    >>> one = Spectrum(jnp.zeros((1, 1)), jnp.ones((1, 1)))
    >>> round(density(one, jnp.array([0.0]), width=1.0).item(), 4)
    0.3989
    """
    bumps = jnp.exp(-0.5 * ((grid[:, None, None] - spectrum.nodes) / width) ** 2) / (width * sqrt(2 * pi))
    return jnp.sum(spectrum.weights * bumps, axis=(1, 2)) / len(spectrum.nodes)


@public
def moment(spectrum: Spectrum, order: ArrayLike) -> Float[Array, ""]:
    r"""Mean power of the eigenvalues, $\frac1p \sum_i \lambda_i^q$; order q = 1 times p is the trace of the Hessian.

    Source: Lin, Saad and Yang (2016), SIAM Review 58, 34, section 3.

    >>> moment(Spectrum(jnp.array([[1.0, 3.0]]), jnp.array([[0.5, 0.5]])), 2).item()
    5.0
    """
    return jnp.sum(spectrum.weights * spectrum.nodes**order) / len(spectrum.nodes)


def _operator(objective: Objective, params: PyTree, data: tuple[Any, ...]) -> tuple[Array, Callable[[Array], Array]]:
    """Return the flat parameters and the Hessian as a function of flat vectors."""
    flat, rebuild = ravel_pytree(params)
    gradient = jax.grad(lambda theta: objective(rebuild(theta), *data))
    return flat, jax.linearize(gradient, flat)[1]


def _tridiagonalize(key: Array, product: Callable[[Array], Array], start: Array, n_steps: int) -> Tridiagonal:
    require.between("n_steps", n_steps, 1, len(start))
    tiny = 10 * float(jnp.finfo(start.dtype).eps)
    spare = jax.random.normal(key, start.shape, start.dtype)  # its shifts are independent directions

    def orthogonal(vector: Array, basis: Array) -> Array:
        for _ in range(2):  # rows that are not filled yet are zero and subtract nothing
            vector = vector - (basis @ vector) @ basis
        return vector

    def step(carry: tuple[Array, Array, Array], j: Array) -> tuple[Any, tuple[Array, Array]]:
        basis, q, scale = carry
        basis = basis.at[j].set(q)
        image = product(q)
        alpha = q @ image
        scale = jnp.maximum(scale, scaling.length(image))
        remainder = orthogonal(image, basis)
        beta = scaling.length(remainder)
        exhausted = beta <= tiny * scale
        fresh = orthogonal(jnp.roll(spare, j), basis)
        following = jnp.where(exhausted, _unit(fresh), remainder / jnp.where(exhausted, 1.0, beta))
        return (basis, following, scale), (alpha, jnp.where(exhausted, 0.0, beta))

    empty = jnp.zeros((n_steps, len(start)), start.dtype)
    carry = (empty, _unit(start), jnp.zeros((), start.dtype))
    (basis, _, _), (alpha, beta) = lax.scan(step, carry, jnp.arange(n_steps))
    return Tridiagonal(alpha, beta[:-1], beta[-1], basis)


def _unit(vector: Array) -> Array:
    scaled = vector / scaling.unit(vector)
    return scaled / jnp.maximum(scaling.length(scaled), float(jnp.finfo(vector.dtype).tiny))


def _dense(t: Tridiagonal) -> Array:
    return jnp.diag(t.diagonal) + jnp.diag(t.off_diagonal, 1) + jnp.diag(t.off_diagonal, -1)
