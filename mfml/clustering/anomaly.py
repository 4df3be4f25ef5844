r"""Scores of unusual samples. Shapes: n samples, d features, k latent coordinates.

Two scores are large for unusual samples. The reconstruction error is large where a model fails to reconstruct a sample,
because it has learned to compress only usual ones. The latent distance is large for a code far from those of usual
samples, even if the model reconstructs the sample well. A threshold set on usual samples turns a score into a decision.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.linalg import solve_triangular
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Shaped

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling, sums
from mfml.numerics.domain import NON_NEGATIVE, SHARE, checked


class Latent(NamedTuple):
    """Mean and covariance of the codes of usual samples."""

    mean: Float[Array, " k"]
    factor: Float[Array, "k k"]  # lower triangular; its product with its transpose is the covariance, divisor n - 1


@public
def reconstruction_error(reconstruction: Float[Array, "n *shape"], x: Float[Array, "n *shape"]) -> Float[Array, " n"]:
    r"""Mean squared error of each sample over all its features or pixels, $\frac1d \sum_j (x_{ij} - \hat x_{ij})^2$.

    In squared units of x. Samples may have any number of axes.

    Raises:
        ValueError: unless both have the same shape and a feature axis.

    >>> reconstruction_error(jnp.array([[1.0, 1.0], [0.0, 0.0]]), jnp.array([[1.0, 3.0], [0.0, 0.0]])).tolist()
    [2.0, 0.0]
    """
    require.same_shape(reconstruction=reconstruction, x=x)
    require.that(x.ndim >= 2, f"x must have samples and features; found shape {x.shape}")
    return jnp.mean((x - reconstruction) ** 2, axis=tuple(range(1, x.ndim)))


@public
@checked(regularization=NON_NEGATIVE)
@jax.jit
def fit_latent(z: Float[Array, "n k"], *, regularization: ArrayLike = 0.0) -> Latent:
    r"""Mean and covariance (divisor n - 1) of the codes of usual samples.

    `regularization`, in squared units of z, is added to the variances. The factor is NaN if the covariance is
    singular up to rounding.

    Raises:
        ValueError: unless z has two axes and at least two samples, and the regularization is not negative.

    >>> fit_latent(jnp.array([[-1.0], [1.0]])).factor.item() ** 2 > 1.99
    True
    """
    require.rank("z", z, 2)
    require.that(len(z) >= 2, f"a covariance needs at least 2 samples; found {len(z)}")
    mean = sums.mean(z)
    scale = scaling.column_units(z - mean)
    covariance = sums.gram((z - mean) / scale) / (len(z) - 1)
    inverse = 1 / scale  # the compiler would turn two divisions into one by a square, which may be 0
    covariance = covariance + jnp.diag(jnp.asarray(regularization, z.dtype) * inverse * inverse)
    factor = scaling.cholesky(covariance)
    left = jnp.diag(factor) ** 2 / jnp.diag(covariance)  # of each variance, given the coordinates before
    singular = jnp.any(left <= scaling.rank_rtol(z.shape, z.dtype))
    return Latent(mean, jnp.where(singular, jnp.nan, factor * scale[:, None]))


@public
def latent_distance(model: Latent, z: Float[Array, "m k"]) -> Float[Array, " m"]:
    r"""Squared Mahalanobis distance of codes, $(z - \mu)^\top \Sigma^{-1} (z - \mu)$; no unit.

    Its mean over usual samples is about k. Where the codes are Gaussian, it follows a chi-squared distribution with k
    degrees of freedom.

    Raises:
        ValueError: unless z has as many columns as the codes of the fit.

    Source: Bishop (2006), equation 2.44.

    >>> latent_distance(Latent(jnp.zeros(1), jnp.array([[2.0]])), jnp.array([[4.0]])).tolist()
    [4.0]
    """
    require.rank("z", z, 2)
    require.columns("z", z, len(model.mean))
    return jnp.sum(solve_triangular(model.factor, (z - model.mean).T, lower=True) ** 2, axis=0)


@public
@checked(contamination=SHARE)
def threshold(scores: Float[Array, " n"], *, contamination: ArrayLike = 0.05) -> Float[Array, ""]:
    """Score that a fraction `contamination` of these samples exceeds, interpolated between neighboring scores.

    Use usual samples that the model was not trained on, since errors on training samples are too small. The fraction
    is then the rate of false alarms.

    Raises:
        ValueError: unless `scores` has one axis and is not empty, and 0 <= contamination <= 1.

    >>> threshold(jnp.arange(11.0), contamination=0.2).item()
    8.0
    """
    require.rank("scores", scores, 1)
    require.that(len(scores) > 0, f"there must be at least one score; found shape {scores.shape}")
    return jnp.quantile(scores, 1 - jnp.asarray(contamination, scores.dtype))


@public
def flag(scores: Float[Array, " n"], limit: ArrayLike) -> Bool[Array, " n"]:
    """Whether each score exceeds the limit; a score equal to the limit does not. A sample with a NaN score is flagged.

    >>> flag(jnp.array([1.0, 2.0, 3.0]), 2.0).tolist()
    [False, False, True]
    """
    return ~(scores <= limit)


@public
def auc(scores: Float[Array, " n"], unusual: Shaped[Array, " n"]) -> Float[Array, ""]:
    """Probability that an unusual sample scores above a usual one; a tie counts half. NaN if either kind is missing.

    This is the area under the receiver operating characteristic: 1 means perfect separation, 0.5 chance. `unusual`
    holds booleans, or 1 and 0. NaN where a score is NaN.

    Raises:
        ValueError: unless both have one axis and the same length, and `unusual` holds nothing else.

    Source: Hanley and McNeil (1982), Radiology 143.

    >>> auc(jnp.array([0.1, 0.4, 0.3, 0.9]), jnp.array([False, False, True, True])).item()
    0.75
    """
    require.rank("scores", scores, 1)
    require.same_shape(scores=scores, unusual=unusual)
    if not isinstance(unusual, jax.core.Tracer):
        other = np.asarray(unusual)[~np.isin(unusual, (0, 1))]
        require.that(other.size == 0, f"unusual must hold True and False, or 1 and 0; found {other[:1]}")
    return _auc(scores, unusual)


@jax.jit
def _auc(scores: Array, unusual: Array) -> Array:
    marked = unusual.astype(bool)
    ascending = jnp.sort(scores)
    below: Int[Array, " n"] = jnp.searchsorted(ascending, scores, side="left")
    upto: Int[Array, " n"] = jnp.searchsorted(ascending, scores, side="right")
    rank = (below + upto + 1).astype(scores.dtype) / 2  # ties share their mean rank
    positive = marked.sum().astype(scores.dtype)
    negative = len(scores) - positive
    centered = jnp.sum(jnp.where(marked, rank - (len(scores) + 1) / 2, 0))
    known = ~jnp.isnan(scores).any() & jnp.all((unusual == 0) | (unusual == 1))
    return jnp.where(known, 0.5 + centered / (positive * negative), jnp.nan)
