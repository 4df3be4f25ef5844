r"""Noise or ignorance: split the uncertainty of several members. Shapes: s members, m samples, c classes.

The members are networks of an ensemble, draws of a posterior, or networks with random units switched off. What each of
them calls uncertain is aleatoric: more data will not help. What they disagree about is epistemic. Logarithms are
natural, so entropies are in nats.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling, sums
from mfml.probability import information
from mfml.uncertainty.prediction import Prediction

NEAR = 0.03  # below, five terms of the series of t - log(1 + t) are as accurate as single precision
TINY, LARGE = 1e-15, 1e6  # probability, and ratio of two, beyond which logarithms are subtracted


class Entropies(NamedTuple):
    """Uncertainty of a class at each sample, in nats: `total = aleatoric + epistemic`."""

    total: Float[Array, " m"]  # entropy of the mean probabilities
    aleatoric: Float[Array, " m"]  # mean of the members' entropies
    epistemic: Float[Array, " m"]  # mutual information of the class and the member, from 0 to log s


@public
@jax.jit
def total_variance(means: Float[Array, "s m"], stds: Float[Array, "s m"]) -> Prediction:
    r"""Moments of an equal mixture of normal distributions, by the law of total variance.

    $$\mu = \frac1s \sum_k \mu_k, \qquad
      \sigma^2 = \underbrace{\frac1s \sum_k \sigma_k^2}_{\text{aleatoric}} +
      \underbrace{\frac1s \sum_k (\mu_k - \mu)^2}_{\text{epistemic}}$$

    The divisor is s, not s - 1: the mixture itself is the prediction. A single member has no epistemic part.

    Args:
        means: of each member, units of y.
        stds: standard deviation of the noise for each member, units of y.

    Raises:
        ValueError: unless both have the same shape, and there is a member.

    Source: Lakshminarayanan, Pritzel and Blundell (2017), section 2.4; Depeweg et al. (2018).

    >>> found = total_variance(jnp.array([[1.0], [5.0]]), jnp.array([[3.0], [3.0]]))
    >>> found.mean.item(), found.aleatoric.item(), found.epistemic.item(), found.variance.item()
    (3.0, 9.0, 4.0, 13.0)
    """
    require.rank("means", means, 2)
    require.same_shape(means=means, stds=stds)
    require.that(len(means) > 0, f"means must have at least one member; found shape {means.shape}")
    return Prediction(sums.mean(means), root_mean_square(stds), sums.std(means))


@public
@jax.jit
def root_mean_square(values: Float[Array, "s *rest"]) -> Float[Array, "*rest"]:
    """Root of the mean square over the first axis, in units of the values; its derivative at zeros is 0.

    >>> round(root_mean_square(jnp.array([[1e-30], [7e-30]])).item() * 1e30, 4)
    5.0
    """
    require.that(len(values) > 0, f"values must have at least one entry; found shape {values.shape}")
    unit = scaling.power_of_two(scaling.largest(jnp.abs(jax.lax.stop_gradient(values)), axis=0))
    square = sums.over_rows((values / unit) ** 2) / len(values)
    return jnp.where(square == 0, 0.0, unit * jnp.sqrt(jnp.where(square == 0, 1.0, square)))


@public
@jax.jit
def entropies(probabilities: Float[Array, "s m c"]) -> Entropies:
    r"""Split the entropy of the mean probabilities into mean entropy and mutual information (BALD).

    $$H\Bigl[\frac1s \sum_k p_k\Bigr] = \frac1s \sum_k H[p_k] + I$$

    I is the mean divergence of the members from their mean, $\frac1s \sum_k D(p_k \| \bar p)$. As a sum of terms that
    are not negative it keeps its digits where the members nearly agree.

    Args:
        probabilities: of each class for each member and sample; the classes' add up to 1.

    Raises:
        ValueError: unless there are three axes, a member and a class.

    Source: Houlsby et al. (2011); Depeweg et al. (2018).

    >>> found = entropies(jnp.array([[[1.0, 0.0]], [[0.0, 1.0]]]))
    >>> [round(part.item(), 4) for part in found]  # each is sure, but they disagree
    [0.6931, 0.0, 0.6931]
    """
    require.rank("probabilities", probabilities, 3)
    require.that(
        min(probabilities.shape[0], probabilities.shape[2]) > 0,
        f"probabilities must have a member and a class; found shape {probabilities.shape}",
    )
    mean = sums.mean(probabilities)
    aleatoric = sums.mean(information.entropy(probabilities))
    epistemic = jnp.sum(sums.mean(_surprise(probabilities, mean)), axis=-1)
    return Entropies(aleatoric + epistemic, aleatoric, epistemic)


def _surprise(p: Array, q: Array) -> Array:
    r"""$p \log(p / q) - p + q$, which adds up to the divergence: p times $t - \log(1 + t)$ with $t = (q - p) / p$.

    Where p is tiny or q much larger, t or its derivative would overflow. Then logarithms are subtracted.
    """
    limits = jnp.finfo(p.dtype)
    some = ~(jnp.abs(p) < limits.tiny / limits.eps)  # below, a mean over members may be no normal number; NaN stays
    safe = jnp.where(some, p, 1.0)
    apart = (safe < TINY) | (q > LARGE * safe) | ~some
    t = jnp.where(apart, 1.0, q - safe) / jnp.where(apart, 1.0, safe)
    near = jnp.abs(t) < NEAR
    small, large = jnp.where(near, t, 0.0), jnp.where(near, 1.0, t)
    series = small**2 * (1 / 2 - small * (1 / 3 - small * (1 / 4 - small * (1 / 5 - small / 6))))
    by_ratio = safe * jnp.where(near, series, large - jnp.log1p(large))
    low, high = jnp.where(apart & some, safe, 1.0), jnp.where(apart & some, q, 1.0)
    by_logs = high - low - low * (jnp.log(high) - jnp.log(low))
    return jnp.where(some, jnp.where(apart, jnp.where(by_logs < 0, 0.0, by_logs), by_ratio), q)
