"""Eigenvectors of symmetric matrices; covariance and its geometry. Shapes: n samples, d features."""

import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from mfml import require
from mfml.decomposition import signs
from mfml.entrance import public
from mfml.numerics import sums
from mfml.numerics.scaling import cholesky, column_units


class Spectrum(NamedTuple):
    """Eigenvalues and eigenvectors of a symmetric matrix."""

    values: Float[Array, " d"]  # non-increasing
    vectors: Float[Array, "d d"]  # orthonormal columns, in the order of the values, signs pinned


class Ellipse(NamedTuple):
    """Axes of the ellipsoid at a given Mahalanobis distance from the mean."""

    lengths: Float[Array, " d"]  # half-axes, non-increasing, in units of x
    directions: Float[Array, "d d"]  # unit rows, in the order of the lengths, signs pinned


@public
@jax.jit
def decompose(a: Float[Array, "d d"]) -> Spectrum:
    r"""Spectral theorem: $A = Q \Lambda Q^\top$ for a symmetric matrix.

    Eigenvalues are non-increasing; eigenvectors have signs as in `signs.of_rows`. Those of equal eigenvalues are an
    arbitrary orthonormal basis of their subspace. Only the symmetric part $(A + A^\top)/2$ is read.

    Raises:
        ValueError: unless `a` is a square matrix with entries.

    Source: Bishop (2006), appendix C; Golub and Van Loan (2013), section 8.1.

    >>> [round(value, 3) for value in decompose(jnp.array([[2.0, 1.0], [1.0, 2.0]])).values.tolist()]
    [3.0, 1.0]
    """
    require.square("a", a)
    require.that(a.shape[0] > 0, f"a must not be empty; found shape {a.shape}")
    values, vectors = jnp.linalg.eigh(a)
    values, vectors = values[::-1], vectors[:, ::-1]
    return Spectrum(values, vectors * signs.of_rows(vectors.T))


@public
def reconstruct(spectrum: Spectrum) -> Float[Array, "d d"]:
    r"""Put the matrix together again: $Q \Lambda Q^\top = \sum_i \lambda_i q_i q_i^\top$.

    >>> print(reconstruct(Spectrum(jnp.array([3.0, 1.0]), jnp.eye(2))).round(2))
    [[3. 0.]
     [0. 1.]]
    """
    return (spectrum.vectors * spectrum.values) @ spectrum.vectors.T


@public
@partial(jax.jit, static_argnames=("rtol",))
def is_psd(a: Float[Array, "d d"], *, rtol: float | None = None) -> Bool[Array, ""]:
    r"""Say whether a matrix is symmetric and positive semi-definite: $v^\top A v \ge 0$ for all v.

    Up to rounding: with `rtol` (default 4 d epsilon) times the largest eigenvalue in magnitude as the allowance,
    no entry of $A - A^\top$ exceeds it and no eigenvalue lies below minus it. A matrix with NaN does not qualify.

    Raises:
        ValueError: unless `a` is a square matrix with entries.

    Source: Bishop (2006), appendix C.

    >>> bool(is_psd(jnp.array([[1.0, 2.0], [2.0, 1.0]])))
    False
    """
    values = decompose(a).values
    relative = 4 * a.shape[0] * jnp.finfo(values.dtype).eps if rtol is None else rtol
    allowed = relative * jnp.abs(values).max()
    return (jnp.abs(a - a.T).max() <= allowed) & (values[-1] >= -allowed)


@public
def covariance(x: Float[Array, "n d"], *, ddof: int = 1) -> Float[Array, "d d"]:
    r"""Covariance matrix of the features: $S = \frac{1}{n - \mathrm{ddof}} (X - \bar x)^\top (X - \bar x)$.

    The divisor is n - 1 (unbiased) by default, and n with `ddof=0` (maximum likelihood). S has squared units of x. It
    is symmetric and positive semi-definite, and its diagonal holds the variances.

    Raises:
        ValueError: unless `x` is a matrix with at least one feature and more than `ddof` samples.

    Source: Bishop (2006), section 12.1.1; Murphy (2012), section 2.5.1.

    >>> print(covariance(jnp.array([[1.0, 2.0], [3.0, 6.0]])))
    [[2. 4.]
     [4. 8.]]
    """
    require.rank("x", x, 2)
    n, d = x.shape
    enough = n > ddof >= 0 and d > 0
    require.that(enough, f"x must have a feature and more than {ddof} samples; found shape {x.shape}")
    return sums.covariance(x)[1] * (n / (n - ddof))


@public
@jax.jit
def correlation(x: Float[Array, "n d"]) -> Float[Array, "d d"]:
    r"""Pearson correlation of the features: $R_{ij} = S_{ij} / \sqrt{S_{ii} S_{jj}}$, between -1 and 1.

    The row and column of a constant feature are NaN.

    Raises:
        ValueError: unless `x` has at least two samples and a feature.

    Source: Murphy (2012), section 2.5.1.

    >>> print(correlation(jnp.array([[1.0, 2.0], [3.0, 6.0]])).round(3))
    [[1. 1.]
     [1. 1.]]
    """
    require.rank("x", x, 2)
    require.that(len(x) >= 2 and x.size > 0, f"x must have a feature and two samples; found shape {x.shape}")
    centered = sums.centered(x)[0]
    s = sums.covariance(centered / column_units(centered))[1]
    scale = jnp.sqrt(jnp.diagonal(s))
    return s / (scale[:, None] * scale)


@public
def radius_of_mass(mass: float) -> float:
    r"""Mahalanobis radius that contains this share of a two-dimensional Gaussian: $\sqrt{-2 \ln(1 - p)}$.

    Raises:
        ValueError: unless 0 <= mass < 1.

    Source: the chi-square distribution with two degrees of freedom; Murphy (2012), section 4.1.2.

    >>> round(radius_of_mass(0.95), 3)
    2.448
    """
    require.that(0 <= mass < 1, f"mass must be at least 0 and below 1; found {mass}")
    return math.sqrt(-2 * math.log1p(-mass))


@public
@partial(jax.jit, static_argnames=("radius",))
def ellipse_axes(s: Float[Array, "d d"], *, radius: float = 1.0) -> Ellipse:
    r"""Axes of $\{x : (x - \mu)^\top S^{-1} (x - \mu) = r^2\}$: half-lengths $r\sqrt{\lambda_i}$ along $q_i$.

    An eigenvalue that rounding made negative counts as zero: the ellipsoid is flat there.

    Raises:
        ValueError: unless `s` is a square matrix with entries and radius > 0.

    Source: Bishop (2006), section 2.3; Murphy (2012), section 4.1.2.

    >>> [round(length, 3) for length in ellipse_axes(jnp.diag(jnp.array([1.0, 9.0]))).lengths.tolist()]
    [3.0, 1.0]
    """
    require.positive("radius", radius)
    values, vectors = decompose(s)
    return Ellipse(radius * jnp.sqrt(jnp.maximum(values, 0.0)), vectors.T)


@public
@partial(jax.jit, static_argnames=("radius", "n_points"))
def ellipse_outline(
    mean: Float[Array, " 2"], s: Float[Array, "2 2"], *, radius: float = 1.0, n_points: int = 100
) -> Float[Array, "p 2"]:
    r"""Points on the covariance ellipse in the plane, for drawing: $\mu + \cos(t)\,a_1 + \sin(t)\,a_2$.

    $a_i$ are the half-axes of `ellipse_axes`; the last point equals the first.

    Raises:
        ValueError: unless `mean` has two entries, `s` is 2 x 2, radius > 0 and n_points >= 2.

    >>> ellipse_outline(jnp.zeros(2), jnp.eye(2), n_points=5).shape
    (5, 2)
    """
    require.that(
        mean.shape == (2,) and s.shape == (2, 2),
        f"mean, s must be 2 and 2 x 2; found {mean.shape}, {s.shape}",
    )
    require.that(n_points >= 2, f"n_points must be at least 2; found {n_points}")
    axes = ellipse_axes(s, radius=radius)
    angle = jnp.linspace(0.0, 2 * jnp.pi, n_points, dtype=s.dtype)
    circle = jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=1)
    return mean + circle @ (axes.lengths[:, None] * axes.directions)


@public
@jax.jit
def mahalanobis(x: Float[Array, "n d"], mean: Float[Array, " d"], s: Float[Array, "d d"]) -> Float[Array, " n"]:
    r"""Distance in standard deviations: $\Delta_i = \sqrt{(x_i - \mu)^\top S^{-1} (x_i - \mu)}$.

    It is the length of $L^{-1}(x - \mu)$ with $S = L L^\top$, and NaN if S is not positive definite.
    The gradient at x = mean, where the distance has a kink, is zero.

    Raises:
        ValueError: unless the sizes of `x`, `mean` and `s` agree.

    Source: Bishop (2006), section 2.3; Mahalanobis (1936).

    >>> print(mahalanobis(jnp.array([[2.0, 0.0]]), jnp.zeros(2), jnp.diag(jnp.array([4.0, 1.0]))))
    [1.]
    """
    require.rank("x", x, 2)
    require.square("s", s)
    require.that(
        x.shape[1:] == mean.shape == s.shape[:1],
        f"x, mean and s must agree in the number of features; found {x.shape}, {mean.shape}, {s.shape}",
    )
    lower = cholesky(s)
    scaled = jax.scipy.linalg.solve_triangular(lower, (x - mean).T, lower=True)
    squared = (scaled**2).sum(axis=0)
    apart = squared != 0
    return jnp.where(apart, jnp.sqrt(jnp.where(apart, squared, 1.0)), 0.0)
