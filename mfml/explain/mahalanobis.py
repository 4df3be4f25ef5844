r"""Mahalanobis distance: how far a sample is from known ones, in their own standard deviations.

Shapes: n known samples, m new ones, d features, k classes.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling, sums
from mfml.numerics.domain import between, checked


class Mahalanobis(NamedTuple):
    """Centers of the known samples, and axes in which they have unit variance."""

    origin: Float[Array, " d"]  # near the mean of all, so that offsets do not matter, units of x
    mean: Float[Array, "k d"]  # of each class, from the origin, units of x
    whiten: Float[Array, "d d"]  # columns: directions, divided by the standard deviation along them
    unit: Float[Array, " d"]  # standard deviation of each feature, or near its size if that is 0; units of x
    rank: Int[Array, ""]  # directions in which the known samples vary; below d, others count as rounding errors wide


@public
@checked(shrinkage=between(0.0, 1.0))
@partial(jax.jit, static_argnames="n_classes")
def fit(
    x: Float[Array, "n d"],
    *,
    labels: Int[Array, " n"] | None = None,
    n_classes: int | None = None,
    shrinkage: ArrayLike = 0.0,
) -> Mahalanobis:
    r"""Estimate the mean, or one mean of each class, and the common covariance of the known samples.

    Features are divided by their standard deviations, so their units do not matter, and the correlations are shrunk:
    $R_\alpha = (1 - \alpha) R + \alpha I$. The divisor of the covariance is n. A direction in which the known samples
    do not vary, such as the sum of all shares of a composition, has the width of a rounding error: whoever leaves it is
    very far away. `rank` says how many directions vary. A feature that is the same in all known samples is measured by
    its size; one that is 0 in all of them has no size, and is measured in its own unit. For the codes of an
    autoencoder see also `clustering.anomaly`, which has no classes and no shrinkage.

    Args:
        x: known samples.
        labels: their classes; one class for all if left out.
        n_classes: k; static; by default one more than the largest label, and required within `jit`.
        shrinkage: alpha, from 0 to 1; 1 neglects correlations.

    Raises:
        ValueError: unless x has two axes and a sample, there is one label per sample, and shrinkage is in [0, 1].

    Source: Mahalanobis (1936); Lee et al. (2018), A Simple Unified Framework for Detecting Out-of-Distribution Samples.

    >>> model = fit(jnp.array([[0.0, 0.0], [2.0, 0.0], [0.0, 4.0], [2.0, 4.0]]))
    >>> distance(model, jnp.array([[3.0, 2.0], [1.0, 8.0]])).tolist()
    [2.0, 3.0]
    """
    require.rank("x", x, 2)
    require.positive("number of samples", len(x))
    require.same_length(x=x, labels=labels)
    count = 1 if labels is None else require.n_classes(labels, n_classes)
    owner = jnp.zeros(len(x), jnp.int32) if labels is None else labels
    near = sums.mean(x)
    ones = jnp.ones((len(x), 1), x.dtype)
    number = sums.by_label(ones, owner, n_labels=count)
    shift = sums.by_label(x - near, owner, n_labels=count) / number
    known = (owner >= 0) & (owner < count)
    rest = jnp.where(known[:, None], x - near - shift[jnp.clip(owner, 0, count - 1)], jnp.nan)
    found = sums.moments(rest, centered=False, scaled=True)
    spread = jnp.sqrt(jnp.diagonal(found.products) / found.total)
    varies = spread > 0
    std = jnp.where(varies, spread, 1.0)
    correlation = found.products / found.total / std / std[:, None]
    alpha = jnp.asarray(shrinkage, x.dtype)
    values, vectors = jnp.linalg.eigh((1 - alpha) * correlation + alpha * jnp.eye(x.shape[1], dtype=x.dtype))
    top = jnp.max(values)
    floor = scaling.rank_rtol((x.shape[1], x.shape[1]), x.dtype) * jnp.where(top == 0, 1.0, top)
    rank = jnp.sum(values > floor)
    unit = jnp.where(varies, std * found.units, scaling.column_units(x))
    return Mahalanobis(near, shift, vectors / jnp.sqrt(jnp.maximum(values, floor)), unit, rank)


@public
@jax.jit
def distance(model: Mahalanobis, x: Float[Array, "m d"]) -> Float[Array, " m"]:
    r"""Distance $\sqrt{(x - \mu)^\top \Sigma^{-1} (x - \mu)}$ to the nearest center; it has no unit.

    For normal features its square has the chi-squared distribution with d degrees of freedom, so d is its mean. A
    distance sees only the ellipsoid of the known samples: a gap between two groups of them is near to their mean. For a
    class without samples there is no distance.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    Source: Mahalanobis (1936); Lee et al. (2018).

    >>> model = fit(jnp.array([[0.0], [2.0]]))
    >>> distance(model, jnp.array([[1.0], [4.0]])).tolist()
    [0.0, 3.0]
    """
    require.rank("x", x, 2)
    require.columns("x", x, model.mean.shape[1])

    def to(mean: Array) -> Array:
        return jnp.sqrt(jnp.sum(((x - model.origin - mean) / model.unit @ model.whiten) ** 2, axis=1))

    known = jnp.isfinite(model.mean).all(axis=1)
    found = jax.lax.map(to, model.mean)
    nearest = jnp.min(jnp.where(known[:, None], found, jnp.inf), axis=0)
    return jnp.where(jnp.any(known) & jnp.isfinite(x).all(axis=1), nearest, jnp.nan)
