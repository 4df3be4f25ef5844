r"""Split conformal prediction: intervals that keep their promise for any model. Shapes: n calibration, m new samples.

A model is fitted on some samples. On n others, which it has not seen, a score says how wrong it is: $|y - \hat y|$, for
example. With k = ceil((n + 1) level), the k-th smallest score q bounds the score of a new sample with the probability
k / (n + 1), if all samples are exchangeable. That is an average over calibration sets: with one of them the coverage
is a draw from the distribution Beta(k, n + 1 - k), so 1000 samples at 90 % give 88 to 92 %.

Levels are read as fractions of up to six digits, so that 10 * 0.9 is 9 and no rounding adds a rank. Where k exceeds n,
the quantile is infinite: 8 samples cannot promise 90 %. A score that is NaN makes the quantile NaN.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from mfml import require
from mfml.entrance import public
from mfml.numerics import order, scaling
from mfml.probability.intervals import Interval


@public
@jax.jit
def absolute_scores(
    prediction: Float[Array, " n"], y: Float[Array, " n"], *, spread: Float[Array, " n"] | None = None
) -> Float[Array, " n"]:
    r"""Absolute residuals $|y - \hat y|$, in units of y, or $|y - \hat y| / s$ with a predicted spread s.

    A spread that is large where the model errs makes intervals wide there only. NaN for a spread that is not positive.

    Raises:
        ValueError: unless all have one axis and the same length.

    Source: Lei et al. (2018), sections 2.2 and 5.2.

    >>> absolute_scores(jnp.array([1.0, 5.0]), jnp.array([3.0, 4.0]), spread=jnp.array([2.0, 2.0])).tolist()
    [1.0, 0.5]
    """
    require.rank("prediction", prediction, 1)
    require.same_shape(prediction=prediction, y=y, spread=spread)
    error = jnp.abs(y - prediction)
    return error if spread is None else scaling.ratio(error, jnp.where(spread > 0, spread, jnp.nan))


@public
@partial(jax.jit, static_argnames="level")
def quantile(scores: Float[Array, " n"], *, level: float = 0.9) -> Float[Array, ""]:
    """The ceil((n + 1) level)-th smallest score, in its units; infinite where there are fewer scores.

    Raises:
        ValueError: unless scores have one axis, and 0 < level < 1.

    Source: Lei et al. (2018), algorithm 2; Vovk, Gammerman and Shafer (2005), section 2.2.

    >>> quantile(jnp.arange(1.0, 10.0), level=0.9).item(), quantile(jnp.arange(1.0, 9.0), level=0.9).item()
    (9.0, inf)
    """
    require.rank("scores", scores, 1)
    return order.smallest(scores, order.rank(len(scores), level))


@public
@partial(jax.jit, static_argnames=("n_groups", "level"))
def group_quantiles(
    scores: Float[Array, " n"], groups: Int[Array, " n"], *, n_groups: int, level: float = 0.9
) -> Float[Array, " g"]:
    """A quantile for each group 0, 1, ..., so that every group has its coverage (Mondrian).

    Groups may be classes, ranges of a feature, or laboratories. `quantiles[groups]` is that of each new sample. A small
    group has an infinite quantile. A group that is negative or too large belongs to none.

    Args:
        scores: of the calibration samples.
        groups: of the calibration samples.
        n_groups: static.
        level: static.

    Raises:
        ValueError: unless both have one axis and the same length, and 0 < level < 1.

    Source: Vovk, Gammerman and Shafer (2005), section 4.5.

    >>> group_quantiles(jnp.array([1.0, 5.0, 2.0]), jnp.array([0, 1, 0]), n_groups=2, level=0.6).tolist()
    [2.0, inf]
    """
    require.rank("scores", scores, 1)
    require.same_shape(scores=scores, groups=groups)
    require.sizes(n_groups=n_groups)
    by_score = jnp.argsort(scores, stable=True)
    by_group = by_score[jnp.argsort(groups[by_score], stable=True)]  # sorted within each group
    firsts = jnp.searchsorted(groups[by_group], jnp.arange(n_groups + 1))
    first, count = firsts[:-1], jnp.diff(firsts)
    k = order.ranks(len(scores), level)[count]
    missing = jnp.zeros(n_groups, bool).at[groups].max(jnp.isnan(scores), mode="drop", wrap_negative_indices=False)
    padded = jnp.append(scores[by_group], jnp.inf)
    found = jnp.where(k <= count, padded[jnp.minimum(first + k - 1, len(scores))], jnp.inf)
    return jnp.where(missing, jnp.nan, found)


@public
@jax.jit
def interval(
    prediction: Float[Array, " m"], quantile: Float[Array, "*m"], *, spread: Float[Array, " m"] | None = None
) -> Interval:
    r"""Intervals $\hat y \pm q$, or $\hat y \pm q s$ with the spread that the scores were divided by.

    Args:
        prediction: of new samples, units of y.
        quantile: of the scores; one for all, or one per new sample.
        spread: where the scores had one, units of y.

    Raises:
        ValueError: unless prediction has one axis, the spread its length, and the quantile is one number or has
            it, too.

    Source: Lei et al. (2018), algorithm 2.

    >>> [end.tolist() for end in interval(jnp.array([1.0, 2.0]), jnp.array(0.5))]
    [[0.5, 1.5], [1.5, 2.5]]
    """
    require.rank("prediction", prediction, 1)
    require.same_shape(prediction=prediction, spread=spread)
    require.broadcasts("quantile", quantile, prediction.shape)
    half = quantile if spread is None else quantile * jnp.where(spread > 0, spread, jnp.nan)
    return Interval(prediction - half, prediction + half)


@public
@partial(jax.jit, static_argnames="level")
def split(
    prediction: Float[Array, " n"], y: Float[Array, " n"], new_prediction: Float[Array, " m"], *, level: float = 0.9
) -> Interval:
    r"""Split conformal intervals from absolute residuals, in one call: `absolute_scores`, `quantile` and `interval`.

    Args:
        prediction: of the calibration samples, which the model has not seen, units of y.
        y: of the calibration samples.
        new_prediction: of new samples, units of y.
        level: share of new samples that the intervals are to contain; static.

    Raises:
        ValueError: as those three functions.

    Source: Lei et al. (2018), algorithm 2.

    >>> [end.tolist() for end in split(jnp.zeros(3), jnp.array([1.0, -2.0, 3.0]), jnp.array([7.0]), level=0.5)]
    [[5.0], [9.0]]
    """
    return interval(new_prediction, quantile(absolute_scores(prediction, y), level=level))
