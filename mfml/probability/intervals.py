r"""Intervals: credible, confidence, bootstrap. A simulation counts how often they contain the truth.

A 95 % **confidence** interval comes from a recipe whose intervals contain the true value in 95 % of repeated
experiments. A 95 % **credible** interval contains it with probability 95 %, given these data and the prior. Shapes:
n samples, s draws, r resamples.
"""

import math
from collections.abc import Callable
from functools import partial
from statistics import NormalDist
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy.special import betainc, ndtr, ndtri
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Key, PyTree

from mfml import require
from mfml.arrays import as_array, as_float
from mfml.entrance import public
from mfml.numerics import scaling, sums

KINDS = ("percentile", "basic", "bca")
BISECTIONS = 60
SERIES_FROM = 100.0  # degrees of freedom from which an expansion is more accurate than the incomplete beta function
AT_ONCE = 64  # resamples that are drawn together


class Interval(NamedTuple):
    """From low to high, in the units of what is estimated."""

    low: Float[Array, "*shape"]
    high: Float[Array, "*shape"]


class Bootstrap(NamedTuple):
    """What resampling says about a statistic."""

    interval: Interval
    estimate: Float[Array, "*shape"]  # of the sample itself
    standard_error: Float[Array, "*shape"]  # standard deviation over the resamples, divisor r - 1


class Coverage(NamedTuple):
    """How often the interval contained the truth."""

    rate: Float[Array, "*shape"]
    standard_error: Float[Array, "*shape"]  # of the rate, from the finite number of repetitions


@public
def contains(interval: Interval, value: ArrayLike) -> Bool[Array, "*shape"]:
    """Whether a value lies in the interval, ends included.

    >>> contains(Interval(jnp.array(0.0), jnp.array(1.0)), 1.0).item()
    True
    """
    return (interval.low <= value) & (value <= interval.high)


@public
def credible(draws: Float[Array, "s *shape"], *, level: float = 0.95) -> Interval:
    r"""Equal-tailed interval of posterior draws, between the quantiles $(1 \mp \mathrm{level}) / 2$.

    Raises:
        ValueError: without a draw, or unless 0 < level < 1.

    Source: Murphy (2012), section 5.2.2.

    >>> interval = credible(jnp.arange(101.0), level=0.9)
    >>> round(interval.low.item(), 3), round(interval.high.item(), 3)
    (5.0, 95.0)
    """
    _require_level(level)
    require.that(draws.ndim > 0 and len(draws) > 0, f"draws needs an entry along its first axis; found {draws.shape}")
    low, high = jnp.quantile(draws, jnp.array([(1 - level) / 2, (1 + level) / 2], draws.dtype), axis=0)
    return Interval(low, high)


@public
def highest_density(draws: Float[Array, " s"], *, level: float = 0.95) -> Interval:
    """Shortest interval that contains this share of the draws, for distributions with one peak.

    It contains ceil(level s) draws. Of several shortest ones it is the lowest. Both ends are NaN if a draw is.

    Raises:
        ValueError: unless draws have one axis and an entry, and 0 < level < 1.

    Source: Murphy (2012), section 5.2.2.1; Chen and Shao (1999), Journal of Computational and Graphical Statistics 8.

    >>> interval = highest_density(jnp.array([0.0, 0.1, 0.2, 0.3, 9.0]), level=0.8)
    >>> interval.low.item(), round(interval.high.item(), 4)
    (0.0, 0.3)
    """
    _require_level(level)
    require.rank("draws", draws, 1)
    s = len(draws)
    require.positive("number of draws", s)
    return _shortest(draws, min(s, max(1, -int(-(level * s * (1 - 1e-9)) // 1))))


@partial(jax.jit, static_argnames="inside")
def _shortest(draws: Array, inside: int) -> Interval:
    s = len(draws)
    ordered = jnp.sort(draws)
    lows, highs = ordered[: s - inside + 1], ordered[inside - 1 :]
    best = jnp.argmin(highs - lows)
    missing = jnp.isnan(ordered[-1])  # NaN comes last
    return Interval(*(jnp.where(missing, jnp.nan, ends[best]) for ends in (lows, highs)))


@public
def student_t_width(df: ArrayLike, *, level: float = 0.95) -> Float[Array, ""]:
    r"""The t with $P(|T| \le t) = \mathrm{level}$ for Student's distribution: 1.96 for large df at 95 %.

    Raises:
        ValueError: unless 0 < level < 1.

    Source: Abramowitz and Stegun (1964), equations 26.7.1 and, for df above 100, 26.7.5.

    >>> round(student_t_width(4.0).item(), 3)
    2.776
    """
    _require_level(level)
    return _width(jnp.asarray(df, jnp.result_type(float, df)), float(level))


@partial(jax.jit, static_argnames="level")
def _width(nu: Array, level: float) -> Array:
    large = nu > SERIES_FROM
    series = _expanded_width(jnp.where(large, nu, SERIES_FROM), level)
    return jnp.where(large, series, _bisected_width(jnp.where(large, SERIES_FROM, nu), level))


@public
def of_mean(x: Float[Array, " n"], *, level: float = 0.95) -> Interval:
    r"""Confidence interval of a mean: $\bar x \pm t\, s/\sqrt n$, $s^2$ with divisor n - 1, t of n - 1 degrees.

    It is exact for normal samples, and close for others if n is large. Two samples are enough, but their interval is
    very wide.

    Raises:
        ValueError: for fewer than two samples, or unless 0 < level < 1.

    Source: Wasserman (2004), All of Statistics, section 6.3.2; Student (1908), Biometrika 6.

    >>> interval = of_mean(jnp.array([1.0, 2.0, 3.0]))
    >>> round(interval.low.item(), 3), round(interval.high.item(), 3)
    (-0.484, 4.484)
    """
    require.rank("x", x, 1)
    n = len(x)
    require.that(n >= 2, f"x needs two samples to show its spread; found {n}")
    _require_level(level)
    return _of_mean(x, float(level))


@partial(jax.jit, static_argnames="level")
def _of_mean(x: Array, level: float) -> Interval:
    n = len(x)
    width = _width(jnp.asarray(n - 1.0, x.dtype), level) * sums.std(x, ddof=1) / n**0.5
    middle = sums.mean(x)
    return Interval(middle - width, middle + width)


@public
def of_share(successes: ArrayLike, n: ArrayLike, *, level: float = 0.95) -> Interval:
    r"""Confidence interval of a probability from k successes in n trials, after Wilson.

    $(\hat p + z^2/2n \pm z \sqrt{\hat p (1 - \hat p)/n + z^2/4n^2}) / (1 + z^2/n)$. It makes sense even where k is
    0 or n, for which $\hat p \pm z\, \mathrm{se}$ has no width.

    Raises:
        ValueError: unless 0 < level < 1.

    Source: Wilson (1927), Journal of the American Statistical Association 22.

    >>> interval = of_share(0, 10)
    >>> round(interval.low.item(), 3), round(interval.high.item(), 3)
    (0.0, 0.278)
    """
    _require_level(level)
    dtype = jnp.result_type(float, successes, n)
    return _of_share(jnp.asarray(successes, dtype), jnp.asarray(n, dtype), _normal_width(level) ** 2)


@jax.jit
def _of_share(k: Array, trials: Array, z2: ArrayLike) -> Interval:
    p = k / trials
    middle = p + z2 / (2 * trials)
    width = jnp.sqrt(z2 * (p * (1 - p) / trials + z2 / (4 * trials**2)))
    # the ends at 0 and 1 are exact: rounding must not move them
    low = jnp.where(k == 0, 0.0, (middle - width) / (1 + z2 / trials))
    return Interval(low, jnp.where(k == trials, 1.0, (middle + width) / (1 + z2 / trials)))


@public
def bootstrap(
    x: PyTree,
    *,
    statistic: Callable[[PyTree], Array],
    key: Key[Array, ""],
    n_resamples: int = 2000,
    level: float = 0.95,
    kind: str = "percentile",
) -> Bootstrap:
    r"""Confidence interval of any statistic, from its values on samples drawn from the data with replacement.

    - `percentile`: quantiles of the resampled statistics.
    - `basic`: the same, mirrored at the estimate.
    - `bca`: quantiles shifted for bias and for a spread that depends on the value (bias-corrected and
      accelerated). It is more accurate. It needs the statistic without each of the samples, which takes n^2 numbers.

    The bootstrap fails for extremes (maximum, minimum), for few samples, and where samples depend on each other.

    Args:
        statistic: function of the data that returns an array; static.
        x: an array, or a pytree of arrays, with the samples along the first axis. Arrays are drawn together. A list of
            numbers is an array.
        key: for the draws.
        n_resamples: r; static.
        level: of confidence; static.
        kind: one of `KINDS`; static.

    Raises:
        ValueError: for lengths that differ, fewer than two samples, r < 2, a level outside of (0, 1), an
            unknown kind.

    Source: Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapters 13 and 14.

    >>> bootstrap(jnp.ones(5), statistic=jnp.mean, key=jax.random.key(0), n_resamples=10).interval.low.item()
    1.0
    """
    _require_level(level)
    require.one_of("kind", kind, KINDS)
    require.that(n_resamples >= 2, f"n_resamples must be at least 2; found {n_resamples}")
    x = jax.tree.map(partial(as_array, "x"), x, is_leaf=_is_table)
    leaves = jax.tree.leaves(x)
    require.that(len(leaves) > 0, "x needs an array; found none")
    require.same_length(**{f"leaf_{i}": leaf for i, leaf in enumerate(leaves)})
    require.that(len(leaves[0]) >= 2, f"x needs two samples; found {len(leaves[0])}")
    return _bootstrap(x, key, statistic, n_resamples, level, kind)


@partial(jax.jit, static_argnames=("statistic", "n_resamples", "level", "kind"))
def _bootstrap(
    x: PyTree, key: Array, statistic: Callable[[PyTree], Array], n_resamples: int, level: float, kind: str
) -> Bootstrap:
    n = len(jax.tree.leaves(x)[0])

    def of_rows(rows: Array) -> Array:
        return as_float("statistic", statistic(jax.tree.map(lambda leaf: leaf[rows], x)))

    def one(key: Array) -> Array:
        return of_rows(_drawn(key, n))

    found = lax.map(one, jax.random.split(key, n_resamples), batch_size=min(AT_ONCE, n_resamples))
    estimate = as_float("statistic", statistic(x))
    tails = jnp.array([(1 - level) / 2, (1 + level) / 2], found.dtype)
    if kind == "bca":
        without = lax.map(lambda i: of_rows((i + 1 + jnp.arange(n - 1)) % n), jnp.arange(n), batch_size=AT_ONCE)
        low, high = _bca(found, estimate, without, tails)
    else:
        low, high = jnp.quantile(found, tails, axis=0)
    if kind == "basic":
        low, high = 2 * estimate - high, 2 * estimate - low
    return Bootstrap(Interval(low, high), estimate, sums.std(found, ddof=1))


@public
@partial(jax.jit, static_argnames=("interval", "simulate", "n_repeats"))
def coverage(
    interval: Callable[[PyTree, Key[Array, ""]], Interval],
    simulate: Callable[[Key[Array, ""]], PyTree],
    target: ArrayLike,
    *,
    key: Key[Array, ""],
    n_repeats: int,
) -> Coverage:
    """Share of repeated experiments whose interval contains the truth, in one vmapped call.

    Args:
        interval: function of data and a key (for intervals that draw); static.
        simulate: function of a key that draws the data of an experiment; static.
        target: the true value, from which `simulate` draws.
        key: for all draws.
        n_repeats: number of experiments; static.

    Raises:
        ValueError: unless n_repeats >= 1.

    Source: Wasserman (2004), All of Statistics, section 6.3.2.

    >>> def simulate(key):
    ...     return jax.random.normal(key, (5,))
    >>> share = coverage(lambda x, key: of_mean(x), simulate, 0.0, key=jax.random.key(0), n_repeats=2000).rate
    >>> 0.93 < share.item() < 0.97
    True
    """
    require.positive("n_repeats", n_repeats)

    def contained(key: Array) -> Array:
        for_data, for_interval = jax.random.split(key)
        return contains(interval(simulate(for_data), for_interval), target)

    inside = jax.vmap(contained)(jax.random.split(key, n_repeats))
    rate = jnp.mean(inside, axis=0, dtype=jnp.result_type(float, target))
    rate = jnp.where(jnp.isnan(target), jnp.nan, rate)
    return Coverage(rate, jnp.sqrt(rate * (1 - rate) / n_repeats))


def _is_table(node: Any) -> bool:
    """Whether lists hold numbers only, so that they mean an array instead of a tree of arrays."""
    return isinstance(node, (list, tuple)) and all(np.ndim(leaf) == 0 for leaf in jax.tree.leaves(node))


def _drawn(key: Array, n: int) -> Array:
    """Draw n numbers below n. The upper word of n times 32 random bits takes a third of the time of randint."""
    if n >= 1 << 16:
        return jax.random.randint(key, (n,), 0, n)
    word = jax.random.bits(key, (n,), jnp.uint32)
    high, low = word >> 16, word & 0xFFFF
    return ((high * n + ((low * n) >> 16)) >> 16).astype(jnp.int32)


def _bca(found: Array, estimate: Array, without: Array, tails: Array) -> tuple[Array, Array]:
    """Quantiles (low, high) at levels corrected for bias and acceleration."""
    r = len(found)
    below = (jnp.mean(found < estimate, axis=0) + jnp.mean(found <= estimate, axis=0)) / 2
    bias = ndtri(jnp.clip(below, 0.5 / r, 1 - 0.5 / r))
    centered = without.mean(axis=0) - without
    centered = centered / scaling.power_of_two(jnp.max(jnp.abs(centered), axis=0))  # its cube must not overflow
    spread = jnp.sum(centered**2, axis=0)
    spread = jnp.where(spread > 0, spread, 1.0)
    acceleration = jnp.sum(centered**3, axis=0) / (6 * spread**1.5)
    ends = []
    for z in ndtri(tails):
        shifted = bias + (bias + z) / (1 - acceleration * (bias + z))
        flat = found.reshape(r, -1).T
        values = jax.vmap(jnp.quantile)(flat, ndtr(shifted).astype(found.dtype).reshape(-1))
        ends.append(values.reshape(estimate.shape))
    return ends[0], ends[1]


def _normal_width(level: float) -> float:
    """The z with P(|Z| <= z) = level for the normal distribution, from the smaller of both tails."""
    return -NormalDist().inv_cdf((1 - level) / 2)


def _bisected_width(df: Array, level: float) -> Array:
    """Bisect the logarithm of t^2 / df, and compare the smaller of the probabilities inside and outside."""
    half, widest = df / 2, 0.9 * math.log(float(jnp.finfo(df.dtype).max))

    def halve(_: Array, bounds: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = bounds
        middle = (low + high) / 2
        narrow = middle < 0
        share = jax.nn.sigmoid(-jnp.abs(middle))  # t^2 / (t^2 + df) of a narrow interval, df / (t^2 + df) of a wide one
        found = betainc(jnp.where(narrow, 0.5, half), jnp.where(narrow, half, 0.5), share)
        inside = jnp.where(narrow, found < level, found > 1 - level)
        return jnp.where(inside, middle, low), jnp.where(inside, high, middle)

    low, high = lax.fori_loop(0, BISECTIONS, halve, (jnp.full_like(df, -widest), jnp.full_like(df, widest)))
    return jnp.where(high < widest, jnp.sqrt(df) * jnp.exp((low + high) / 4), jnp.inf)


def _expanded_width(df: Array, level: float) -> Array:
    """Expansion about the normal distribution, for many degrees of freedom."""
    z = _normal_width(level)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return jnp.asarray(z + sum(term / df**k for k, term in enumerate(terms, start=1)))


def _require_level(level: float) -> None:
    require.that(0 < level < 1, f"level must lie between 0 and 1; found {level}")
