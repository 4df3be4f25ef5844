r"""Conjugate models: prior times likelihood is a distribution of the same family. Shapes: n samples, d coordinates.

Updating is addition: the prior counts like data seen before. Each update takes a prior and returns the posterior. The
posterior is the prior of the next batch. Predictive distributions average over what is still unknown.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_solve
from jaxtyping import Array, Float, Num

from mfml import require
from mfml.entrance import public
from mfml.numerics import gammas, scaling
from mfml.probability.gaussian import Gaussian


class Beta(NamedTuple):
    """Of a probability: density in proportion to p^(a-1) (1-p)^(b-1)."""

    a: Float[Array, ""]  # successes seen, plus 1 for a flat prior
    b: Float[Array, ""]  # failures seen, plus 1 for a flat prior


class Gamma(NamedTuple):
    """Of a rate: density in proportion to r^(shape-1) exp(-rate r); mean shape / rate."""

    shape: Float[Array, ""]
    rate: Float[Array, ""]


class NormalInverseGamma(NamedTuple):
    """Of mean and variance: mean ~ N(loc, variance / strength), 1/variance ~ Gamma(shape, scale)."""

    loc: Float[Array, ""]  # units of y
    strength: Float[Array, ""]  # samples that the prior mean is worth
    shape: Float[Array, ""]
    scale: Float[Array, ""]  # squared units of y; E[variance] = scale / (shape - 1)


class StudentT(NamedTuple):
    """Student's distribution; see `likelihood.student_t_nll`."""

    df: Float[Array, ""]
    loc: Float[Array, ""]
    scale: Float[Array, ""]


@public
def update_beta(prior: Beta, y: Num[Array, " n"]) -> Beta:
    """Posterior after successes (1) and failures (0): add their numbers to a and b.

    Raises:
        ValueError: unless y has one axis.

    Source: Bishop (2006), equation 2.18.

    >>> posterior = update_beta(Beta(jnp.array(1.0), jnp.array(1.0)), jnp.array([1, 1, 0]))
    >>> posterior.a.item(), posterior.b.item()
    (3.0, 2.0)
    """
    require.rank("y", y, 1)
    return Beta(prior.a + jnp.sum(y), prior.b + jnp.sum(1 - y))


@public
def predict_beta(posterior: Beta) -> Float[Array, ""]:
    r"""Probability that the next trial succeeds, $a / (a + b)$: Laplace's rule of succession.

    Source: Bishop (2006), equation 2.20.

    >>> round(predict_beta(Beta(jnp.array(3.0), jnp.array(2.0))).item(), 4)
    0.6
    """
    return posterior.a / (posterior.a + posterior.b)


@public
def update_gamma(prior: Gamma, y: Num[Array, " n"]) -> Gamma:
    """Posterior after Poisson counts: add their sum to the shape and their number to the rate.

    Raises:
        ValueError: unless y has one axis.

    Source: Gelman et al. (2013), Bayesian Data Analysis, section 2.6.

    >>> posterior = update_gamma(Gamma(jnp.array(2.0), jnp.array(1.0)), jnp.array([3, 0, 1]))
    >>> posterior.shape.item(), posterior.rate.item()
    (6.0, 4.0)
    """
    require.rank("y", y, 1)
    return Gamma(prior.shape + jnp.sum(y, dtype=jnp.result_type(prior.shape, y)), prior.rate + len(y))


@public
@jax.jit
def predict_gamma(posterior: Gamma, y: Num[Array, " m"]) -> Float[Array, " m"]:
    r"""Log-probability of each possible next count, in nats: negative binomial, wider than Poisson's.

    $$\log \frac{\Gamma(\alpha + y)}{\Gamma(\alpha)\, y!} + \alpha \log \frac{\beta}{\beta + 1} - y \log(\beta + 1)$$

    Source: Gelman et al. (2013), Bayesian Data Analysis, section 2.6; for large counts: Loader (2000).

    >>> predict_gamma(Gamma(jnp.array(1.0), jnp.array(1.0)), jnp.array([0, 1])).tolist()
    [-0.693..., -1.386...]
    """
    require.rank("y", y, 1)
    shape, rate = posterior
    both = (y >= gammas.SERIES_FROM) & (shape >= gammas.SERIES_FROM)
    few = jnp.where(both, 1.0, y)
    binomial = -gammas.log_beta(shape, few + 1.0) - jnp.log(shape + few)
    direct = binomial - shape * jnp.log1p(1 / rate) - few * jnp.log1p(rate)
    a, b = (jnp.where(both, part, gammas.SERIES_FROM) for part in (shape, y))
    return jnp.where(both, _many_counts(a, b, rate), direct)


@public
@jax.jit
def update_mean(prior: Gaussian, y: Float[Array, "n d"], noise: Float[Array, "d d"]) -> Gaussian:
    r"""Posterior of the mean of normal samples whose covariance is known.

    Precisions add up: $\Lambda = \Lambda_0 + n S^{-1}$, $\mu = \Lambda^{-1} (\Lambda_0 \mu_0 + n S^{-1} \bar y)$.
    The posterior mean lies between the means of prior and data. It approaches the latter as n grows.

    Raises:
        ValueError: where shapes do not fit.

    Source: Murphy (2012), section 4.6.1; one dimension: Bishop (2006), equations 2.141 and 2.142.

    >>> posterior = update_mean(Gaussian(jnp.zeros(1), jnp.eye(1)), jnp.array([[2.0], [4.0], [3.0]]), jnp.eye(1))
    >>> round(posterior.mean.item(), 4), round(posterior.covariance.item(), 4)
    (2.25, 0.25)
    """
    require.rank("y", y, 2)
    require.square("noise", noise)
    require.same_shape(covariance=prior.covariance, noise=noise)
    require.same_length(y=(y, 1), mean=prior.mean)
    n = len(y)
    if n == 0:
        return prior
    per_unit = 1 / scaling.power_of_two(jnp.sqrt(jnp.max(jnp.abs(prior.covariance) + jnp.abs(noise))))
    before, of_mean = (part * per_unit * per_unit for part in (prior.covariance, noise / n))
    # the form with a gain (Kalman) needs no inverse and keeps the digits of a vague prior
    gain = cho_solve((jnp.linalg.cholesky(before + of_mean), True), before).T
    left = jnp.eye(len(prior.mean), dtype=gain.dtype) - gain
    covariance = (left @ before @ left.T + gain @ of_mean @ gain.T) / per_unit / per_unit
    return Gaussian(prior.mean + gain @ (y.mean(axis=0) - prior.mean), covariance)


@public
def predict_mean(posterior: Gaussian, noise: Float[Array, "d d"]) -> Gaussian:
    r"""Distribution of the next sample: $\mathcal N(\mu, \Sigma + S)$. Not knowing the mean adds to the noise.

    Raises:
        ValueError: unless the noise has the shape of the covariance.

    Source: Murphy (2012), equation 4.153.

    >>> predict_mean(Gaussian(jnp.zeros(1), jnp.eye(1)), 2 * jnp.eye(1)).covariance.item()
    3.0
    """
    require.same_shape(covariance=posterior.covariance, noise=noise)
    return Gaussian(posterior.mean, posterior.covariance + noise)


@public
@jax.jit
def update_normal(prior: NormalInverseGamma, y: Float[Array, " n"]) -> NormalInverseGamma:
    r"""Posterior of mean and variance of normal samples, both unknown.

    $\kappa = \kappa_0 + n$, $\mu = (\kappa_0 \mu_0 + n \bar y) / \kappa$, $a = a_0 + n/2$ and
    $b = b_0 + \tfrac12 \sum_i (y_i - \bar y)^2 + \tfrac{\kappa_0 n}{2 \kappa} (\bar y - \mu_0)^2$.

    Raises:
        ValueError: unless y has one axis.

    Source: Murphy (2012), section 4.6.3.7; Gelman et al. (2013), section 3.3.

    >>> one = jnp.array(1.0)
    >>> posterior = update_normal(NormalInverseGamma(0 * one, one, one, one), jnp.array([1.0, 3.0]))
    >>> [round(float(value), 4) for value in posterior]
    [1.3333, 3.0, 2.0, 3.3333]
    """
    require.rank("y", y, 1)
    n = len(y)
    if n == 0:
        return prior
    mean = y.mean()
    strength = prior.strength + n
    between = prior.strength * n / strength * (mean - prior.loc) ** 2
    scale = prior.scale + 0.5 * (jnp.sum((y - mean) ** 2) + between)
    return NormalInverseGamma(prior.loc + n / strength * (mean - prior.loc), strength, prior.shape + n / 2, scale)


@public
def predict_normal(posterior: NormalInverseGamma) -> StudentT:
    r"""Distribution of the next sample: Student's with $2a$ degrees of freedom, $\sigma^2 = b (\kappa + 1)/(a \kappa)$.

    After few samples the variance is uncertain, so the tails are heavy.

    Source: Murphy (2012), equation 4.203; Gelman et al. (2013), section 3.3.

    >>> one = jnp.array(1.0)
    >>> [round(float(value), 4) for value in predict_normal(NormalInverseGamma(0 * one, one, one, one))]
    [2.0, 0.0, 1.4142]
    """
    loc, strength, shape, scale = posterior
    return StudentT(2 * shape, loc, jnp.sqrt(scale * (strength + 1) / (shape * strength)))


@public
@jax.jit
def log_evidence_beta(prior: Beta, y: Num[Array, " n"]) -> Float[Array, ""]:
    r"""Log-probability of these successes and failures, in this order, averaged over the prior; nats.

    It is $\log B(a + k, b + n - k) - \log B(a, b)$ with k successes. Use it to compare models.

    Source: Murphy (2012), section 5.3.2.2.

    >>> round(log_evidence_beta(Beta(jnp.array(1.0), jnp.array(1.0)), jnp.array([1, 0])).item(), 3)
    -1.792
    """
    (a, b), posterior = prior, update_beta(prior, y)
    successes, failures = posterior.a - a, posterior.b - b
    # a difference of large terms loses its digits: those of a strong prior cancel in one form, those of many data in
    # the other
    strong = gammas.log_ratio(a, successes) + gammas.log_ratio(b, failures)
    strong = strong - gammas.log_ratio(a + b, successes + failures)
    weak = gammas.log_beta(*posterior) - gammas.log_beta(*prior)
    return jnp.where(a + b > successes + failures, strong, weak)


def _many_counts(shape: Array, y: Array, rate: Array) -> Array:
    """Negative binomial distribution about its largest value, where no large terms are left to cancel."""
    excess = (y * rate - shape) / (1 + rate)  # how far y is above what is expected, as seen from shape + y
    far = gammas.deviance(shape, jnp.log1p(excess / shape)) + gammas.deviance(y, jnp.log1p(-excess / y))
    rest = gammas.stirling(shape + y) - gammas.stirling(shape) - gammas.stirling(y)
    share = shape / (shape + y)
    return jnp.log(share) - far + rest - 0.5 * jnp.log(2 * math.pi * share * y)
