r"""Honest distributions in regression: a map of quantile levels, and a factor of the standard deviation.

A model predicts a distribution for each sample. The levels at which the measured values of a calibration set lie in
it, the PIT values, are uniform if the model is honest (`mfml.probability.calibration`). If not, levels are mapped. A
mapped model is honest on average over all samples, not for each x. Shapes: n calibration samples.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import absent, scaling, sums
from mfml.numerics.domain import NON_NEGATIVE, checked


class LevelMap(NamedTuple):
    """How many values really lie below the model's quantile of a level: straight lines between these points."""

    level: Float[Array, " points"]  # from 0 to 1; n + 2 points
    share: Float[Array, " points"]  # from 0 to 1


@public
@jax.jit
def fit(pit: Float[Array, " n"]) -> LevelMap:
    r"""Map the i-th smallest of n PIT values to the share $i / (n + 1)$, 0 to 0 and 1 to 1.

    This is the isotonic regression of the observed shares on the levels: shares of values below a level are in order
    already. With n + 1 a new value lies below the mapped quantile of a share $i / (n + 1)$ with exactly this
    probability, averaged over calibration sets. Shares in between are as good as straight lines are, and those below
    $1 / (n + 1)$ or above $n / (n + 1)$ are guesses.

    Args:
        pit: of calibration samples that the model has not seen, such as `calibration.gaussian_pit`.

    Raises:
        ValueError: unless pit has one axis and an entry. Where one is not in [0, 1], the map is NaN.

    Source: Kuleshov, Fenner and Ermon (2018), algorithm 1.

    >>> fit(jnp.array([0.75, 0.25, 0.5])).share.tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    require.rank("pit", pit, 1)
    n = len(pit)
    require.positive("number of PIT values", n)
    sound = jnp.all((pit >= 0) & (pit <= 1))
    level = jnp.concatenate([jnp.zeros(1, pit.dtype), jnp.sort(pit), jnp.ones(1, pit.dtype)])
    share = jnp.arange(n + 2, dtype=pit.dtype) / (n + 1)
    return LevelMap(jnp.where(sound, level, jnp.nan), jnp.where(sound, share, jnp.nan))


@public
@jax.jit
def transform(model: LevelMap, levels: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Share of values below the model's quantiles of these levels: new PIT values, which are uniform.

    Raises:
        ValueError: never; a level outside of [0, 1] gives NaN.

    Source: Kuleshov, Fenner and Ermon (2018), section 3.2.

    >>> transform(fit(jnp.array([0.25, 0.25, 0.5])), jnp.array([0.125, 0.5])).tolist()
    [0.125, 0.75]
    """
    return _along(model.level, model.share, levels)


@public
@jax.jit
def inverse_transform(model: LevelMap, shares: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    r"""Levels to ask the model for, so that these shares of values lie below its quantiles.

    An honest interval of 90 % goes from the model's quantile at `inverse_transform(model, 0.05)` to that at 0.95; for
    a normal distribution it is $\mu + \sigma \Phi^{-1}(\mathrm{level})$.

    Raises:
        ValueError: never; a share outside of [0, 1] gives NaN.

    Source: Kuleshov, Fenner and Ermon (2018), section 3.2.

    >>> inverse_transform(fit(jnp.array([0.25, 0.25, 0.5])), jnp.array([0.25, 0.75])).tolist()
    [0.25, 0.5]
    """
    return _along(model.share, model.level, shares)


@public
@checked(weights=NON_NEGATIVE)
@jax.jit
def scale_factor(
    y: Float[Array, " n"],
    mean: Float[Array, " n"],
    scale: Float[Array, " n"],
    *,
    weights: Float[Array, " n"] | None = None,
) -> Float[Array, ""]:
    r"""Factor of all standard deviations with the largest normal likelihood: $s^2 = \frac1n \sum_i z_i^2$.

    Here $z_i = (y_i - \mu_i) / \sigma_i$; the variance factor is $s^2$. It keeps the shape of the distribution, so it
    repairs too narrow and too wide predictions from few samples, but no skew.

    Args:
        y: of calibration samples that the model has not seen.
        mean: predicted.
        scale: predicted standard deviations, units of y.
        weights: 1 if not given; a sample of weight zero is absent.

    Raises:
        ValueError: unless all have one axis, the same length and a sample, and no weight is negative (NaN where it
            is traced).

    Source: Laves et al. (2020), section 2.3.

    >>> scale_factor(jnp.array([2.0, -2.0]), jnp.zeros(2), jnp.ones(2)).item()
    2.0
    """
    require.samples(mean, y, weights)
    require.same_shape(y=y, mean=mean, scale=scale)
    z = absent.present(weights, scaling.ratio(y - mean, jnp.where(scale > 0, scale, jnp.nan)))
    unit = scaling.power_of_two(scaling.largest(jnp.abs(jax.lax.stop_gradient(z))))
    square = sums.mean((z / unit) ** 2, weights=weights)
    return jnp.where(square == 0, 0.0, unit * jnp.sqrt(jnp.where(square == 0, 1.0, square)))


def _along(x: Array, y: Array, at: Array) -> Array:
    """The last value at points that repeat, and lines between others."""
    right = jnp.clip(jnp.searchsorted(x, at, side="right"), 1, len(x) - 1)
    left = right - 1
    width = x[right] - x[left]
    share = jnp.where(width > 0, (at - x[left]) / jnp.where(width > 0, width, 1.0), 1.0)
    return jnp.where((at >= 0) & (at <= 1), y[left] + share * (y[right] - y[left]), jnp.nan)
