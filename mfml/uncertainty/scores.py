r"""Proper scores of predicted distributions, one number per sample, and how wide and how right intervals are.

A score is proper if nobody gains by predicting another distribution than the one that is believed in. The continuous
ranked probability score (CRPS) is $\int (F(x) - [x \ge y])^2\, dx$ in units of y; for a prediction without spread it is
the absolute error. Smaller is better everywhere. The negative log-likelihood of a normal distribution is
`mfml.probability.likelihood.gaussian_nll`, the Brier score `mfml.probability.calibration.brier`.
Shapes: n samples, s draws, k components, q levels.
"""

import math
from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling, sums
from mfml.numerics.domain import between, checked

OPEN_SHARE = between(0.0, 1.0, above=True)


@public
@jax.jit
def crps_gaussian(y: Float[Array, "*shape"], mean: ArrayLike, scale: ArrayLike) -> Float[Array, "*shape"]:
    r"""CRPS of a normal distribution, with $z = (y - \mu) / \sigma$.

    $$\sigma \Bigl( z\,(2 \Phi(z) - 1) + 2 \varphi(z) - \tfrac{1}{\sqrt\pi} \Bigr)$$

    In units of y. A scale of 0 gives the absolute error, a negative one NaN.

    Raises:
        ValueError: where a parameter does not broadcast to the shape of y.

    Source: Gneiting and Raftery (2007), section 4.2.

    >>> [round(score, 4) for score in crps_gaussian(jnp.array([0.0, 1.0]), 0.0, 1.0).tolist()]
    [0.2337, 0.6024]
    """
    require.broadcasts("mean", mean, y.shape)
    require.broadcasts("scale", scale, y.shape)
    scale = jnp.broadcast_to(jnp.asarray(scale, y.dtype), y.shape)
    return _distance(y - mean, scale) - jnp.where(scale < 0, jnp.nan, scale) / math.sqrt(math.pi)


@public
@jax.jit
def crps_mixture(
    y: Float[Array, " n"], weights: Float[Array, "n k"], means: Float[Array, "n k"], scales: Float[Array, "n k"]
) -> Float[Array, " n"]:
    r"""CRPS of a mixture of normal distributions.

    $$\sum_i w_i\, A(y - \mu_i, \sigma_i)
      - \tfrac12 \sum_{ij} w_i w_j\, A\Bigl(\mu_i - \mu_j, \sqrt{\sigma_i^2 + \sigma_j^2}\Bigr), \qquad
      A(\mu, \sigma) = 2 \sigma \varphi(\mu / \sigma) + \mu\,(2 \Phi(\mu / \sigma) - 1)$$

    In units of y. Weights are divided by their sum; a component of weight zero is absent, whatever it holds. A scale of
    0 is a single number, a negative one gives NaN.

    Raises:
        ValueError: unless weights, means and scales have one shape with a row per sample, and a component.

    Source: Grimit et al. (2006), equation 4.

    >>> ones = jnp.ones((1, 2))
    >>> round(crps_mixture(jnp.array([0.0]), ones, 0 * ones, ones)[0].item(), 4)  # both are the same
    0.2337
    """
    require.rank("y", y, 1)
    require.rank("means", means, 2)
    require.same_shape(weights=weights, means=means, scales=scales)
    require.same_length(y=y, means=means)
    require.that(means.shape[1] > 0, f"means must have at least one component; found shape {means.shape}")
    absent = weights == 0
    means, scales = jnp.where(absent, y[:, None], means), jnp.where(absent, 0.0, scales)
    scales = jnp.where(scales < 0, jnp.nan, scales)
    weights = weights / scaling.power_of_two(jnp.max(weights, axis=1, keepdims=True))  # so that sums stay in range
    total = jnp.sum(weights, axis=1, keepdims=True)
    share = jnp.where(weights < 0, jnp.nan, weights) / total
    error = jnp.sum(share * _distance(y[:, None] - means, scales), axis=1)

    def against(mean: Array, scale: Array) -> Array:
        """Distances of all components from one of them, so that no array has k squared columns."""
        return jnp.sum(share * _distance(means - mean[:, None], jnp.hypot(scales, scale[:, None])), axis=1)

    spread = jax.lax.map(lambda one: against(*one), (means.T, scales.T)).T
    return error - 0.5 * jnp.sum(share * spread, axis=1)


@public
@partial(jax.jit, static_argnames="fair")
def crps_ensemble(y: Float[Array, " n"], draws: Float[Array, "s n"], *, fair: bool = False) -> Float[Array, " n"]:
    r"""CRPS of an ensemble, or of draws from a prediction.

    $$\frac1s \sum_i |x_i - y| - \frac{1}{2 s^2} \sum_{ij} |x_i - x_j|$$

    This is the score of the empirical distribution of the s draws. `fair` divides by $2 s (s - 1)$ instead: then the
    expectation is the score of the distribution that the draws come from, and single scores can be negative. In units
    of y. It takes a sort, and no product of all pairs.

    Raises:
        ValueError: unless there is a column of draws per sample, and one draw, two for `fair`.

    Source: Gneiting and Raftery (2007), section 4.2; Ferro (2014) (fair).

    >>> draws = jnp.array([[1.0], [2.0], [3.0]])
    >>> [round(crps_ensemble(jnp.array([2.0]), draws, fair=fair).item(), 4) for fair in (False, True)]
    [0.2222, 0.0]
    """
    require.rank("y", y, 1)
    require.rank("draws", draws, 2)
    require.same_length(y=y, draws=(draws, 1))
    s = len(draws)
    require.that(s > (1 if fair else 0), f"draws must have at least {2 if fair else 1} rows; found shape {draws.shape}")
    x = jnp.sort(draws, axis=0)
    # the integral itself, whose parts are all positive: the two sums of the formula would cancel
    low, high = x[:-1], x[1:]
    middle = jnp.clip(y, low, high)
    p = (jnp.arange(1, s, dtype=x.dtype) / s)[:, None]
    score = sums.over_rows(p**2 * _gap(low, middle) + (1 - p) ** 2 * _gap(middle, high))
    score = score + jnp.maximum(x[0] - y, 0.0) + jnp.maximum(y - x[-1], 0.0)
    if fair:
        score = score - sums.over_rows(p * (1 - p) * _gap(low, high)) / (s - 1)
    return jnp.where(jnp.isnan(y) | jnp.isnan(x[-1]), jnp.nan, score)  # a sort puts NaN last


@public
@jax.jit
def crps_quantiles(
    y: Float[Array, " n"], quantiles: Float[Array, "n q"], levels: Float[Array, " q"]
) -> Float[Array, " n"]:
    r"""CRPS from predicted quantiles: twice their mean pinball loss, $\frac2q \sum_j \rho_{\tau_j}(y - x_j)$.

    In units of y. It is exact for many levels at $\tau_j = (j - 1/2)/q$; other levels give a score of these levels.

    Raises:
        ValueError: unless there is a row of quantiles per sample, and a column per level.

    Source: Gneiting and Raftery (2007), section 6; Koenker and Bassett (1978) (the loss).

    >>> crps_quantiles(jnp.array([2.0]), jnp.array([[1.0, 3.0]]), jnp.array([0.25, 0.75])).tolist()
    [0.5]
    """
    require.rank("y", y, 1)
    require.rank("quantiles", quantiles, 2)
    require.same_length(y=y, quantiles=quantiles)
    require.same_length(quantiles=(quantiles, 1), levels=levels)
    require.that(len(levels) > 0, f"levels must have at least one entry; found shape {levels.shape}")
    levels = jnp.where((levels >= 0) & (levels <= 1), levels, jnp.nan)
    too_low = y[:, None] - quantiles
    loss = jnp.where(too_low > 0, levels * too_low, (levels - 1) * too_low)
    return 2 * jnp.mean(loss, axis=1)


@public
@checked(level=OPEN_SHARE)
@jax.jit
def interval_score(
    y: Float[Array, "*shape"], low: Float[Array, "*shape"], high: Float[Array, "*shape"], *, level: ArrayLike = 0.9
) -> Float[Array, "*shape"]:
    r"""Winkler's score of a central interval: its width, and $2 / \alpha$ times the distance of what it misses.

    $$(u - l) + \tfrac2\alpha (l - y)_+ + \tfrac2\alpha (y - u)_+, \qquad \alpha = 1 - \mathrm{level}$$

    In units of y. Its mean is smallest for the quantiles $\alpha/2$ and $1 - \alpha/2$.

    Raises:
        ValueError: unless all have one shape and 0 < level < 1 (NaN where it is traced).

    Source: Winkler (1972); Gneiting and Raftery (2007), section 6.2.

    >>> interval_score(jnp.array([0.5, 3.0]), jnp.zeros(2), jnp.ones(2), level=0.5).tolist()
    [1.0, 9.0]
    """
    require.same_shape(y=y, low=low, high=high)
    missed = jnp.maximum(low - y, 0.0) + jnp.maximum(y - high, 0.0)
    score = jnp.where(y == y, (high - low) + missed * (2 / (1 - level)), jnp.nan)
    return jnp.where(jnp.asarray(level) < 1, score, jnp.nan)


@public
@jax.jit
def coverage(y: Float[Array, " n"], low: Float[Array, " n"], high: Float[Array, " n"]) -> Float[Array, ""]:
    """Share of samples that lie in their intervals, ends included; NaN where a number is.

    Raises:
        ValueError: unless all have one axis and the same length, and there is a sample.

    Source: Gneiting and Raftery (2007), section 6.2.

    >>> coverage(jnp.array([0.0, 0.5, 2.0, 0.1]), jnp.zeros(4), jnp.ones(4)).item()
    0.75
    """
    _require_intervals(y, low, high)
    missing = jnp.isnan(y) | jnp.isnan(low) | jnp.isnan(high)
    within = ((low <= y) & (y <= high)).astype(y.dtype)
    return jnp.mean(jnp.where(missing, jnp.nan, within))


@public
@jax.jit
def sharpness(low: Float[Array, " n"], high: Float[Array, " n"]) -> Float[Array, ""]:
    """Mean width of intervals, in units of y. Of two methods with the same coverage the sharper one knows more.

    Raises:
        ValueError: unless both have one axis and the same length, and there is a sample.

    Source: Gneiting, Balabdaoui and Raftery (2007), section 3.

    >>> sharpness(jnp.array([0.0, 1.0]), jnp.array([1.0, 4.0])).item()
    2.0
    """
    _require_intervals(low, low, high)
    return jnp.mean(high - low)


@public
@jax.jit
def set_coverage(sets: Bool[Array, "n c"], y: Float[Array, " n"]) -> Float[Array, ""]:
    """Share of samples whose label 0, 1, ... is in their set of classes; NaN where a label is no class.

    The mean size of the sets is `sets.sum(axis=1).mean()`.

    Raises:
        ValueError: unless there is a row of sets per sample, and a sample.

    Source: Sadinle, Lei and Wasserman (2019), section 2.

    >>> set_coverage(jnp.array([[True, False], [True, True]]), jnp.array([1, 1])).item()
    0.5
    """
    require.rank("sets", sets, 2)
    require.samples(sets, y)
    sets = require.boolean("sets", sets, where="a class is in the set")
    classes = jnp.arange(sets.shape[1])
    member = y[:, None] == classes
    within = jnp.any(member & sets, axis=1).astype(y.dtype)
    return jnp.mean(jnp.where(member.any(axis=1), within, jnp.nan))


def _distance(error: Array, scale: Array) -> Array:
    r"""Mean distance $E|\mu + \sigma Z|$ of a normal variable from 0, for $\sigma \ge 0$."""
    some = scale != 0  # also where it is NaN
    z = scaling.ratio(error, jnp.where(some, scale, 1.0))
    density = jnp.exp(-0.5 * jnp.minimum(jnp.abs(z), 30.0) ** 2) / math.sqrt(2 * math.pi)
    spread = error * jax.scipy.special.erf(z / math.sqrt(2)) + 2 * scale * density
    return jnp.where(some, spread, jnp.abs(error))


def _gap(low: Array, high: Array) -> Array:
    return jnp.where(low == high, 0.0, high - low)  # also where both are infinite


def _require_intervals(y: Array, low: Array, high: Array) -> None:
    require.rank("low", low, 1)
    require.same_shape(**({} if y is low else {"y": y}), low=low, high=high)
    require.that(len(low) > 0, f"intervals need at least one sample; found shape {low.shape}")
