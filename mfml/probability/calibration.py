r"""Whether predicted probabilities mean what they say. Shapes: n samples, b bins.

Of the samples with the predicted probability 0.7, 70 % should belong to the class. Of all values, 30 % should lie below
their predicted 30 % quantile. A calibrated model may still know nothing: it may always predict the base rate. So judge
it by its likelihood as well.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.special import ndtr
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Num

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling, sums
from mfml.numerics.domain import SHARE, inside
from mfml.numerics.scaling import largest

STRATEGIES = ("uniform", "quantile")
BLOCK = 256  # so many values are added one after the other


class Curve(NamedTuple):
    """A calibration curve, one entry per bin. Empty bins are NaN with number 0."""

    predicted: Float[Array, " b"]  # mean probability that was predicted
    observed: Float[Array, " b"]  # share of samples of the class
    number: Float[Array, " b"]  # of samples


class Histogram(NamedTuple):
    """PIT values in bins of equal width on [0, 1]."""

    edges: Float[Array, " e"]  # e = b + 1
    density: Float[Array, " b"]  # 1 in every bin for a calibrated model


@public
def curve(
    probability: Float[Array, " n"], y: Num[Array, " n"], *, n_bins: int = 10, strategy: str = "uniform"
) -> Curve:
    """Predicted probability and observed share, bin by bin.

    A probability on an edge belongs to the bin below; 0 belongs to the first.

    Args:
        probability: predicted, of the class.
        y: 1 for samples of the class, 0 for others.
        n_bins: static.
        strategy: "uniform" bins of equal width, or "quantile" bins with as many samples each; static.

    Raises:
        ValueError: for lengths that differ, no sample, labels outside of [0, 1], n_bins < 1, an unknown strategy.

    Source: Niculescu-Mizil and Caruana (2005), ICML; bins as in scikit-learn's calibration_curve, which leaves
    the empty ones out.

    >>> made = curve(jnp.array([0.125, 0.375, 0.75]), jnp.array([0, 1, 1]), n_bins=2)
    >>> print(made.predicted, made.observed, made.number)
    [0.25 0.75] [0.5 1. ] [2. 1.]
    """
    y = _checked(probability, y)
    require.positive("n_bins", n_bins)
    require.one_of("strategy", strategy, STRATEGIES)
    return _curve(probability, y, n_bins, strategy)


@partial(jax.jit, static_argnames=("n_bins", "strategy"))
def _curve(probability: Array, y: Array, n_bins: int, strategy: str) -> Curve:
    inner = jnp.arange(1, n_bins, dtype=probability.dtype) / n_bins
    if strategy == "quantile":
        inner = jnp.quantile(probability, inner)
    bins = jnp.searchsorted(inner, probability, side="left")

    count = _totals(jnp.ones_like(probability), bins, n_bins)
    number = jnp.where(count > 0, count, jnp.nan)
    return Curve(_totals(probability, bins, n_bins) / number, _totals(y, bins, n_bins) / number, count)


@public
def expected_error(
    probability: Float[Array, " n"], y: Num[Array, " n"], *, n_bins: int = 10, strategy: str = "uniform"
) -> Float[Array, ""]:
    r"""Expected calibration error: $\sum_b \frac{n_b}{n} |\mathrm{observed}_b - \mathrm{predicted}_b|$, from 0 to 1.

    It depends on the bins. Noise makes it positive even for a perfect model, about $0.3 \sqrt{b/n}$.

    Raises:
        ValueError: as `curve`.

    Source: Guo et al. (2017), ICML, equation 3.

    >>> round(expected_error(jnp.array([0.4, 0.9]), jnp.array([0, 1])).item(), 4)
    0.25
    """
    return _mean_gap(curve(probability, y, n_bins=n_bins, strategy=strategy), len(y))


@jax.jit
def _mean_gap(curve: Curve, n: ArrayLike) -> Array:
    gap = jnp.where(curve.number > 0, jnp.abs(curve.observed - curve.predicted), 0.0)
    return jnp.sum(curve.number * gap) / n


@public
def brier(probability: Float[Array, " n"], y: Num[Array, " n"]) -> Float[Array, ""]:
    r"""Brier score $\frac1n \sum_i (p_i - y_i)^2$, a proper score: the true probabilities make its mean smallest.

    Raises:
        ValueError: for lengths that differ, no sample, or labels outside of [0, 1].

    Source: Brier (1950), Monthly Weather Review 78.

    >>> round(brier(jnp.array([0.5, 1.0]), jnp.array([0, 1])).item(), 4)
    0.125
    """
    y = _checked(probability, y)
    return jnp.mean((probability - y) ** 2)


@public
@jax.jit
def gaussian_pit(y: Float[Array, " n"], mean: ArrayLike, scale: ArrayLike) -> Float[Array, " n"]:
    r"""Probability integral transform of normal predictions: $\Phi((y - \mu)/\sigma)$, the quantile that came true.

    It is uniform on [0, 1] for a calibrated model. For other predictions take their distribution function.

    Raises:
        ValueError: unless y has one axis.

    Source: Gneiting, Balabdaoui and Raftery (2007), Journal of the Royal Statistical Society B 69.

    >>> gaussian_pit(jnp.array([1.0]), 1.0, 2.0).tolist()
    [0.5]
    """
    require.rank("y", y, 1)
    return ndtr(scaling.ratio(y - mean, scale))


@public
@partial(jax.jit, static_argnames="n_bins")
def pit_histogram(pit: Float[Array, " n"], *, n_bins: int = 10) -> Histogram:
    """Histogram of PIT values. A valley means too sure, a hill means not sure enough, a slope means biased.

    The density is NaN where a value is NaN or lies outside of [0, 1].

    Raises:
        ValueError: unless pit has one axis and an entry, and n_bins >= 1.

    Source: Gneiting, Balabdaoui and Raftery (2007), section 3.1.

    >>> pit_histogram(jnp.array([0.1, 0.2, 0.3, 0.9]), n_bins=2).density.tolist()
    [1.5, 0.5]
    """
    require.rank("pit", pit, 1)
    require.positive("number of PIT values", len(pit))
    require.positive("n_bins", n_bins)
    edges = jnp.linspace(0.0, 1.0, n_bins + 1, dtype=pit.dtype)
    bins = jnp.searchsorted(edges[1:-1], pit, side="right")
    density = _totals(jnp.ones_like(pit), bins, n_bins) * (n_bins / len(pit))
    sound = jnp.all((pit >= 0) & (pit <= 1))  # also where a value is NaN
    return Histogram(edges, jnp.where(sound, density, jnp.nan))


@public
def pit_distance(pit: Float[Array, " n"]) -> Float[Array, ""]:
    r"""Largest gap between the distribution of the PIT values and the uniform one: $\sup_u |F_n(u) - u|$.

    For n calibrated values it exceeds $1.36/\sqrt n$ in 5 % of the cases.

    Raises:
        ValueError: unless pit has one axis and an entry.

    Source: Wasserman (2004), All of Statistics, section 10.8 (Kolmogorov-Smirnov test).

    >>> round(pit_distance(jnp.array([0.25, 0.75])).item(), 4)
    0.25
    """
    require.rank("pit", pit, 1)
    n = len(pit)
    require.positive("number of PIT values", n)
    u, place = jnp.sort(pit), jnp.arange(n, dtype=pit.dtype)
    return largest(jnp.maximum((place + 1) / n - u, u - place / n))


@public
def interval_coverage(pit: Float[Array, " n"], levels: Float[Array, " b"]) -> Float[Array, " b"]:
    """Share of values in the central predicted interval of each level. A calibrated model has the level itself.

    Raises:
        ValueError: unless both have one axis and pit an entry.

    Source: Kuleshov, Fenner and Ermon (2018), ICML, section 3.

    >>> interval_coverage(jnp.array([0.02, 0.4, 0.5, 0.7]), jnp.array([0.5, 0.9])).tolist()
    [0.75, 0.75]
    """
    require.rank("pit", pit, 1)
    require.rank("levels", levels, 1)
    require.positive("number of PIT values", len(pit))
    share = jnp.mean(jnp.abs(2 * pit - 1)[:, None] <= levels, axis=0, dtype=pit.dtype)
    return jnp.where(jnp.isnan(pit).any() | jnp.isnan(levels), jnp.nan, share)


def _totals(values: Array, bins: Array, n_bins: int) -> Array:
    """Sum of the values in each bin. One running sum over all would stop growing after 2^24 numbers."""
    block = max(BLOCK, n_bins)
    n_blocks = -(-len(values) // block)
    place = jnp.arange(len(values)) // block * n_bins + bins
    return sums.over_rows(jax.ops.segment_sum(values, place, n_blocks * n_bins).reshape(n_blocks, n_bins))


def _checked(probability: Array, y: Array) -> Array:
    require.rank("y", y, 1)
    require.rank("probability", probability, 1)
    require.same_length(probability=probability, y=y)
    require.that(len(y) > 0, "y needs at least one sample; found none")
    # labels such as -1 and 1, or 1 and 2, would count as shares
    return inside("y", y.astype(probability.dtype), SHARE)
