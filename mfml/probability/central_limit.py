r"""The central limit theorem as an experiment: means of many small causes are nearly normal.

For independent terms with mean $\mu$ and standard deviation $\sigma$, the distribution of
$z = \sqrt n (\bar x - \mu) / \sigma$ tends to the standard normal one. The gap between the two distribution functions
falls like $1/\sqrt n$.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.stats import norm
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.entrance import public
from mfml.numerics.scaling import largest


class Terms(NamedTuple):
    """The distribution of a single term."""

    draw: Callable[..., Array]  # of a key, a shape and a dtype
    mean: float
    deviation: float
    skew: float  # E|x - mean|^3 / deviation^3


def _coin(key: Array, shape: tuple[int, ...], dtype: Any) -> Array:
    return jnp.where(jax.random.bernoulli(key, 0.5, shape), 1.0, -1.0).astype(dtype)


DISTRIBUTIONS = {
    "uniform": Terms(jax.random.uniform, 0.5, math.sqrt(1 / 12), math.sqrt(27) / 4),
    "exponential": Terms(jax.random.exponential, 1.0, 1.0, 12 / math.e - 2),
    "coin": Terms(_coin, 0.0, 1.0, 1.0),
    "cauchy": Terms(jax.random.cauchy, 0.0, 1.0, math.inf),  # location and scale: it has no moments
}


@public
@partial(jax.jit, static_argnames=("distribution", "n_terms", "n_samples"))
def standardized_means(
    *, key: Key[Array, ""], distribution: str, n_terms: int, n_samples: int
) -> Float[Array, " n_samples"]:
    r"""Draw $\sqrt n (\bar x - \mu) / \sigma$ for means $\bar x$ of n independent terms, n_samples times.

    Args:
        key: for the draws.
        distribution: of a term: "uniform" on [0, 1], "exponential", "coin" (-1 or 1), or "cauchy"; static. Cauchy's
            has neither mean nor variance, so its means never settle. Location 0 and scale 1 replace them.
        n_terms: in each mean; static.
        n_samples: number of means; static.

    Raises:
        ValueError: for an unknown distribution, or a count below 1.

    Source: Murphy (2012), section 2.6.3.

    >>> z = standardized_means(key=jax.random.key(0), distribution="coin", n_terms=4, n_samples=1000)
    >>> sorted(set(z.tolist()))
    [-2.0, -1.0, 0.0, 1.0, 2.0]
    """
    require.one_of("distribution", distribution, DISTRIBUTIONS)
    require.positive("n_terms", n_terms)
    require.positive("n_samples", n_samples)
    terms = DISTRIBUTIONS[distribution]
    x = terms.draw(key, (n_samples * n_terms,), jnp.result_type(float)).reshape(n_samples, n_terms)
    return math.sqrt(n_terms) * (x.mean(axis=1) - terms.mean) / terms.deviation


@public
@jax.jit
def normal_distance(z: Float[Array, " n"]) -> Float[Array, ""]:
    r"""Largest gap $\sup_t |F_n(t) - \Phi(t)|$ from the draws' distribution function to the standard normal one.

    This is Kolmogorov's distance. For n normal draws it is about $0.87/\sqrt n$.

    Raises:
        ValueError: unless z has one axis and an entry.

    Source: Wasserman (2004), All of Statistics, section 7.1 and theorem 7.5.

    >>> round(normal_distance(jnp.zeros(4)).item(), 4)
    0.5
    """
    require.rank("z", z, 1)
    n = len(z)
    require.positive("number of draws", n)
    below = norm.cdf(jnp.sort(z))
    place = jnp.arange(n, dtype=z.dtype)
    return largest(jnp.maximum((place + 1) / n - below, below - place / n))


@public
def berry_esseen_bound(*, distribution: str, n_terms: int) -> float:
    r"""No gap is larger than this: $0.4748\, \mathrm E|x - \mu|^3 / (\sigma^3 \sqrt n)$; infinite for Cauchy terms.

    Raises:
        ValueError: for an unknown distribution, or n_terms below 1.

    Source: Shevtsova (2011), arXiv:1111.6554.

    >>> round(berry_esseen_bound(distribution="coin", n_terms=100), 4)
    0.0475
    """
    require.one_of("distribution", distribution, DISTRIBUTIONS)
    require.positive("n_terms", n_terms)
    return 0.4748 * DISTRIBUTIONS[distribution].skew / math.sqrt(n_terms)
