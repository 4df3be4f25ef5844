r"""Conformal prediction where new samples come from another distribution of x. Shapes: n calibration, m new samples.

Calibration samples are weighted by the ratio of densities $w(x) = p_{new}(x) / p_{cal}(x)$, up to a common factor. A
classifier that tells new from calibration samples gives it: $w = p / (1 - p)$ with its probability of "new". How y
depends on x must not change.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import order, scaling
from mfml.numerics.domain import NON_NEGATIVE, checked


@public
@checked(weights=NON_NEGATIVE, new_weights=NON_NEGATIVE)
@partial(jax.jit, static_argnames="level")
def quantiles(
    scores: Float[Array, " n"], weights: Float[Array, " n"], new_weights: Float[Array, " m"], *, level: float = 0.9
) -> Float[Array, " m"]:
    r"""Quantile of the scores for each new sample, for `conformal.interval`.

    The smallest score at which the weights so far reach the level of all weights,
    $\sum_{s_i \le q} w_i \ge \mathrm{level}\,(\sum_i w_i + w_{new})$, up to rounding; infinite where none does. With
    equal weights it is `conformal.quantile`. A calibration sample of weight zero is absent, whatever its score.

    Args:
        scores: of the calibration samples.
        weights: ratio of densities at the calibration samples; only ratios of weights count.
        new_weights: ratio of densities at the new samples.
        level: static.

    Raises:
        ValueError: unless all have one axis and scores a weight each, for negative weights (NaN where they are traced),
            and unless 0 < level < 1.

    Source: Tibshirani et al. (2019), corollary 1.

    >>> quantiles(jnp.arange(1.0, 10.0), jnp.ones(9), jnp.array([1.0, 0.0, 5.0]), level=0.9).tolist()
    [9.0, 9.0, inf]
    """
    require.rank("scores", scores, 1)
    require.rank("new_weights", new_weights, 1)
    require.same_shape(scores=scores, weights=weights)
    share = float(order.fraction(level))
    missing = jnp.any(jnp.isnan(scores) & (weights != 0)) | jnp.isnan(weights).any() | jnp.isnan(new_weights)
    scores = jnp.where(weights == 0, jnp.inf, scores)
    by_score = jnp.argsort(scores)
    unit = scaling.power_of_two(jnp.max(weights, initial=0.0))
    reached = jnp.cumsum(weights[by_score] / unit)
    total = (reached[-1] if len(scores) else 0.0) + new_weights / unit
    tolerance = 4 * jnp.finfo(scores.dtype).eps  # so that 9 equal weights reach 90 % of 10
    place = jnp.searchsorted(reached, share * total * (1 - tolerance))
    found = jnp.append(scores[by_score], jnp.inf)[place]
    return jnp.where(missing, jnp.nan, jnp.where(jnp.isinf(new_weights), jnp.inf, found))


@public
@checked(weights=NON_NEGATIVE)
@jax.jit
def effective_size(weights: Float[Array, " n"]) -> Float[Array, ""]:
    r"""Number of equal samples that weighted ones are worth: $(\sum_i w_i)^2 / \sum_i w_i^2$, from 1 to n.

    Where it is small the weighted quantile is a matter of chance. NaN without a weight that is not zero.

    Raises:
        ValueError: unless weights have one axis, or where one is negative (NaN where traced).

    Source: Tibshirani et al. (2019), section 2.4.

    >>> effective_size(jnp.array([3.0, 3.0, 0.0])).item()
    2.0
    """
    require.rank("weights", weights, 1)
    w = weights / scaling.power_of_two(jnp.max(weights, initial=0.0))
    return jnp.sum(w) ** 2 / jnp.sum(w**2)
