r"""Drift: have the samples that arrive today the distribution of those that the model was trained on?

Shapes: n samples of then, m of now, d features.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.entrance import public
from mfml.generative import evaluation
from mfml.numerics.domain import POSITIVE, checked

TERMS = 20  # of the two series of Kolmogorov's distribution, of which the quicker one is used


class Test(NamedTuple):
    """A statistic, and how often chance alone makes it as large."""

    statistic: Float[Array, "*d"]
    p_value: Float[Array, "*d"]


@public
@jax.jit
def kolmogorov_smirnov(x: Float[Array, "n d"], y: Float[Array, "m d"]) -> Test:
    r"""For each feature, the largest distance D of both shares of samples below a value, and its p-value.

    $$p = 2 \sum_{k \ge 1} (-1)^{k - 1} e^{-2 k^2 \lambda^2}, \qquad \lambda = D \sqrt{n m / (n + m)}$$

    is right for many samples, and too large for few or if values are tied. Of d features some are below 0.05 by chance:
    divide the limit by d (Bonferroni). NaN for a feature that has one.

    Raises:
        ValueError: unless both have the same features and a sample.

    Source: Smirnov (1948), Annals of Mathematical Statistics 19, 279; Massey (1951).

    >>> found = kolmogorov_smirnov(jnp.arange(4.0)[:, None], 2 + jnp.arange(4.0)[:, None])
    >>> found.statistic.item(), round(found.p_value.item(), 3)
    (0.5, 0.699)
    """
    _check(x, y)
    n, m = len(x), len(y)

    def of_feature(a: Array, b: Array) -> Array:
        at = jnp.concatenate([a, b])
        share_a = jnp.searchsorted(jnp.sort(a), at, side="right") / n
        share_b = jnp.searchsorted(jnp.sort(b), at, side="right") / m
        return jnp.where(jnp.isnan(at).any(), jnp.nan, jnp.max(jnp.abs(share_a - share_b)))

    distance = jax.vmap(of_feature, in_axes=1)(x, y).astype(x.dtype)
    return Test(distance, _survival(distance * jnp.sqrt(jnp.asarray(n * m / (n + m), x.dtype))))


def _survival(size: Array) -> Array:
    """Kolmogorov's distribution beyond this value: by Jacobi's transformation for a small one."""
    k = jnp.arange(1, TERMS + 1, dtype=size.dtype)
    safe = jnp.maximum(size, 0.05)[..., None]
    tail = 2 * jnp.sum(jnp.where(k % 2 == 1, 1.0, -1.0) * jnp.exp(-2 * (k * safe) ** 2), axis=-1)
    odd = (2 * k - 1) * jnp.pi / safe
    body = jnp.sqrt(2 * jnp.pi) / safe[..., 0] * jnp.sum(jnp.exp(-(odd**2) / 8), axis=-1)
    found = jnp.clip(jnp.where(size > 1, tail, 1 - body), 0.0, 1.0)
    return jnp.where(jnp.isnan(size), jnp.nan, found)


@public
@partial(jax.jit, static_argnames="n_bins")
def stability_index(x: Float[Array, "n d"], y: Float[Array, "m d"], *, n_bins: int = 10) -> Float[Array, " d"]:
    r"""Population stability index of each feature, $\sum_b (q_b - p_b) \ln (q_b / p_b)$, in nats.

    The edges of the bins are quantiles of x. Shares p of x and q of y are of counts plus one half, so an empty bin
    gives no infinity. By custom, above 0.1 means a look, above 0.25 another population; chance alone gives about
    $(n_b - 1) (1 / n + 1 / m)$. n_bins is static. NaN for a feature that has one.

    Raises:
        ValueError: unless both have the same features and a sample, and n_bins >= 2.

    Source: Siddiqi (2006), Credit Risk Scorecards.

    >>> values = jnp.linspace(0.0, 1.0, 100)[:, None]
    >>> stability_index(values, values).tolist(), stability_index(values, 1 + values).item() > 1
    ([0.0], True)
    """
    _check(x, y)
    require.that(n_bins >= 2, f"n_bins must be at least 2; found {n_bins}")

    def of_feature(a: Array, b: Array) -> Array:
        places = jnp.arange(1, n_bins) * len(a) // n_bins
        edges = jnp.sort(a)[places]

        def shares(values: Array) -> Array:
            # a value on an edge belongs to both sides by half: all values of a constant feature lie on all edges
            sides = [jnp.searchsorted(edges, values, side=side) for side in ("left", "right")]
            counts = jnp.zeros(n_bins, a.dtype).at[jnp.stack(sides)].add(0.5) + 0.5
            return counts / jnp.sum(counts)

        p, q = shares(a), shares(b)
        return jnp.where(jnp.isnan(a).any() | jnp.isnan(b).any(), jnp.nan, jnp.sum((q - p) * jnp.log(q / p)))

    return jax.vmap(of_feature, in_axes=1)(x, y)


@public
@checked(length_scale=POSITIVE)
@partial(jax.jit, static_argnames="n_permutations")
def mmd_test(
    x: Float[Array, "n d"],
    y: Float[Array, "m d"],
    *,
    key: Key[Array, ""],
    length_scale: ArrayLike = 1.0,
    n_permutations: int = 200,
) -> Test:
    r"""Squared maximum mean discrepancy (`evaluation.mmd2`), and its p-value by exchanging samples at random.

    It sees changes of dependences that no single feature shows. $p = (1 + b) / (1 + B)$, where b of B permutations give
    at least the statistic; so it is exact for equal distributions. n_permutations is static.

    Raises:
        ValueError: unless both have the same features and two samples, and n_permutations >= 1; for a length scale that
            is not positive (NaN for a traced one).

    Source: Gretton et al. (2012), A Kernel Two-Sample Test.

    >>> x = jnp.arange(12.0)[:, None] / 6
    >>> round(mmd_test(x, x + 4, key=jax.random.key(0), n_permutations=99).p_value.item(), 4)
    0.01
    """
    _check(x, y)
    require.positive("n_permutations", n_permutations)
    rows = jnp.concatenate([x, y])

    def of_order(order: Array) -> Array:
        moved = rows[order]
        return evaluation.mmd2(moved[: len(x)], moved[len(x) :], length_scale=length_scale)

    statistic = evaluation.mmd2(x, y, length_scale=length_scale)
    draws = lax.map(lambda one: of_order(jax.random.permutation(one, len(rows))), jax.random.split(key, n_permutations))
    slack = 8 * jnp.finfo(x.dtype).eps  # rounding of sums in another order
    as_large = jnp.sum(draws >= statistic - slack)
    p_value = ((1 + as_large) / (1 + n_permutations)).astype(x.dtype)
    return Test(statistic, jnp.where(jnp.isnan(statistic), jnp.nan, p_value))


def _check(x: Array, y: Array) -> None:
    require.rank("x", x, 2)
    require.rank("y", y, 2)
    require.same_length(x=(x, 1), y=(y, 1))
    for name, rows in (("x", x), ("y", y)):
        require.that(len(rows) > 0, f"{name} must have at least one sample; found shape {rows.shape}")
