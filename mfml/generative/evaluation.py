r"""How far generated samples are from data, and what likelihood a sampler has. Shapes: n and m samples, d features.

Where a model has a density, its mean over new data is the fairest measure (`flow.score`, `vae.score`). The others
compare samples: by a kernel (here), by means and covariances (`frechet`), by nearest neighbors (`fidelity`).
"""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import distances, exponents, scaling, sums
from mfml.numerics.domain import POSITIVE, checked

ROWS = 256  # rows of a table of all pairs that are computed together


class HeldOut(NamedTuple):
    """Mean log-likelihood of new samples, and how well it is known."""

    mean: Float[Array, ""]  # nats per sample
    standard_error: Float[Array, ""]  # of the mean; NaN for a single sample


@public
@checked(length_scale=POSITIVE)
@partial(jax.jit, static_argnames="biased")
def mmd2(
    x: Float[Array, "n d"], y: Float[Array, "m d"], *, length_scale: ArrayLike = 1.0, biased: bool = False
) -> Float[Array, ""]:
    r"""Squared maximum mean discrepancy with the kernel $k(x, y) = \exp(-\|x - y\|^2 / 2 l^2)$.

    $$\frac{1}{n (n - 1)} \sum_{i \ne j} k(x_i, x_j) + \frac{1}{m (m - 1)} \sum_{i \ne j} k(y_i, y_j)
      - \frac{2}{n m} \sum_{ij} k(x_i, y_j)$$

    It has no unit, and is 0 for equal distributions only. This estimate is unbiased, so it may be negative. With
    `biased` the pairs i = j count, too, and the divisors are n^2 and m^2: never negative, but above 0 for equal
    distributions. Distances come from differences, so groups may lie far apart.

    Raises:
        ValueError: unless both have the same features, at least two samples (one if biased), and the length scale is
            positive (NaN for a traced one).

    Source: Gretton et al. (2012), equation 3 and lemma 6.

    >>> round(mmd2(jnp.array([[0.0], [2.0]]), jnp.array([[0.0], [2.0]]), length_scale=1.0).item(), 4)  # exp(-2) - 1
    -0.8647
    """
    _check(x=x, y=y)
    for name, sample in (("x", x), ("y", y)):
        least = 1 if biased else 2
        require.that(len(sample) >= least, f"{name} must hold at least {least} samples; found shape {sample.shape}")
    unit = scaling.power_of_two(jnp.asarray(length_scale, x.dtype))
    gamma = 0.5 / (length_scale / unit) ** 2
    x, y = x / unit, y / unit

    def mean(first: Array, second: Array, same: bool) -> Array:
        apart = same and not biased

        def row_sum(squared: Array, rows: Array) -> Array:
            kernel = jnp.exp(-gamma * squared)
            itself = rows[:, None] == jnp.arange(len(second))
            return jnp.sum(jnp.where(itself, 0.0, kernel) if apart else kernel, axis=1)

        return jnp.sum(_by_rows(row_sum, first, second)) / len(first) / (len(second) - apart)

    found = mean(x, x, True) + mean(y, y, True) - 2 * mean(x, y, False)
    return scaling.at_least(0.0, found) if biased else found


@public
@checked(bandwidth=POSITIVE)
@jax.jit
def kernel_log_prob(
    x: Float[Array, "n d"], samples: Float[Array, "m d"], *, bandwidth: ArrayLike
) -> Float[Array, " n"]:
    r"""Log-density of x estimated from samples of a model: $\log \frac1m \sum_j \mathcal N(x; s_j, h^2 I)$, nats.

    It gives models without a density, such as a GAN, a likelihood. With a finite number of samples it is biased
    downward, the more so in many dimensions, and it depends on the bandwidth h. Choose h on validation data, and
    compare with the same estimate for samples of the data.

    Raises:
        ValueError: unless both have the same features, there is a sample in `samples`, and the bandwidth is positive
            (NaN for a traced one).

    Source: Parzen (1962); for generative models: Goodfellow et al. (2014).

    >>> round(kernel_log_prob(jnp.zeros((1, 2)), jnp.zeros((3, 2)), bandwidth=1.0).item(), 4)  # -log 2 pi
    -1.8379
    """
    _check(x=x, samples=samples)
    require.that(len(samples) > 0, f"samples must hold at least one sample; found shape {samples.shape}")
    h = jnp.asarray(bandwidth, x.dtype)
    unit = scaling.power_of_two(h)
    gamma = 0.5 / (h / unit) ** 2
    constant = math.log(len(samples)) + x.shape[1] * (0.5 * math.log(2 * math.pi) + jnp.log(h))
    if len(x) == 0:
        return jnp.zeros(0, x.dtype)

    return _by_rows(lambda squared, _: exponents.log_sum(-gamma * squared), x / unit, samples / unit) - constant


@public
@jax.jit
def held_out(log_prob: Float[Array, " n"]) -> HeldOut:
    r"""Mean of the log-likelihoods of new samples, and its standard error $s / \sqrt n$ with $s^2$ of divisor n - 1.

    Two models on the same samples differ for sure only if their difference, sample by sample, does: give the
    differences of their log-likelihoods.

    Raises:
        ValueError: unless there is one axis with an entry.

    >>> [round(part.item(), 4) for part in held_out(jnp.array([-1.0, -3.0]))]
    [-2.0, 1.0]
    """
    require.rank("log_prob", log_prob, 1)
    n = len(log_prob)
    require.that(n > 0, f"log_prob must have at least one entry; found shape {log_prob.shape}")
    error = sums.std(log_prob, ddof=1) / n**0.5 if n > 1 else jnp.full((), jnp.nan, log_prob.dtype)
    return HeldOut(sums.mean(log_prob), error)


def _by_rows(function: Callable[[Array, Array], Array], x: Array, y: Array) -> Array:
    """One number for each row of the table of squared distances, block by block, from the row and its place."""
    n, rows = len(x), min(ROWS, len(x))
    count = -(-n // rows)
    blocks = jnp.pad(x, ((0, count * rows - n), (0, 0)), mode="edge").reshape(count, rows, -1)
    places = jnp.arange(count * rows).reshape(count, rows)

    @jax.checkpoint  # derivatives compute the table again, and keep none
    def one(block: tuple[Array, Array]) -> Array:
        return function(distances.squared(block[0], y), block[1])

    return lax.map(one, (blocks, places)).reshape(-1)[:n]


def _check(**named: Array) -> None:
    (first, x), (second, y) = named.items()
    require.rank(first, x, 2)
    require.rank(second, y, 2)
    require.same_length(**{first: (x, 1), second: (y, 1)})
