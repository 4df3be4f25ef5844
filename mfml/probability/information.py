r"""Entropy, cross-entropy, divergence, mutual information, in nats. Shapes: k outcomes, d coordinates.

Probabilities lie along the last axis and add up to 1, which is not checked. $0 \log 0$ counts as 0. A nat is
$1 / \log 2 \approx 1.44$ bits.
"""

import math

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling
from mfml.probability import gaussian
from mfml.probability.gaussian import Gaussian


@public
@jax.jit
def entropy(p: Float[Array, "*n k"]) -> Float[Array, "*n"]:
    r"""Average surprise $H(p) = -\sum_j p_j \log p_j$: from 0 for certainty to $\log k$ for no idea.

    Raises:
        ValueError: where there is no outcome.

    Source: Shannon (1948); Bishop (2006), equation 1.93.

    >>> round(entropy(jnp.array([0.5, 0.5, 0.0])).item(), 4)
    0.6931
    """
    _require_outcomes(p=p)
    return -jnp.sum(_weighted_log(p, p), axis=-1)


@public
@jax.jit
def cross_entropy(p: Float[Array, "*n k"], q: Float[Array, "*n k"]) -> Float[Array, "*n"]:
    r"""Average surprise at data from p if one believes q: $H(p, q) = -\sum_j p_j \log q_j$.

    It is at least H(p), and equal to it only for q = p. It is infinite where q rules out what happens.

    Raises:
        ValueError: unless both have the same shape and an outcome.

    Source: Murphy (2012), equation 2.111.

    >>> round(cross_entropy(jnp.array([1.0, 0.0]), jnp.array([0.25, 0.75])).item(), 4)
    1.3863
    """
    _require_outcomes(p=p, q=q)
    return -jnp.sum(_weighted_log(p, q), axis=-1)


@public
@jax.jit
def kl(p: Float[Array, "*n k"], q: Float[Array, "*n k"]) -> Float[Array, "*n"]:
    r"""Kullback-Leibler divergence $D(p \| q) = \sum_j p_j \log(p_j / q_j)$, of q from the truth p.

    It is what believing q costs. It is not symmetric, is 0 only for p = q, and is infinite where $q_j = 0 < p_j$.

    Raises:
        ValueError: unless both have the same shape and an outcome.

    Source: Bishop (2006), equation 1.113.

    >>> round(kl(jnp.array([0.5, 0.5]), jnp.array([0.25, 0.75])).item(), 4)
    0.1438
    """
    _require_outcomes(p=p, q=q)
    return _not_negative(jnp.sum(_weighted_log(p, p) - _weighted_log(p, q), axis=-1))


@public
@jax.jit
def jensen_shannon(p: Float[Array, "*n k"], q: Float[Array, "*n k"]) -> Float[Array, "*n"]:
    r"""Jensen-Shannon divergence $\tfrac12 D(p \| m) + \tfrac12 D(q \| m)$, $m = \tfrac12 (p + q)$.

    It is symmetric and at most $\log 2$. Its square root is a metric.

    Raises:
        ValueError: unless both have the same shape and an outcome.

    Source: Lin (1991), IEEE Transactions on Information Theory 37.

    >>> round(jensen_shannon(jnp.array([1.0, 0.0]), jnp.array([0.0, 1.0])).item(), 4)
    0.6931
    """
    _require_outcomes(p=p, q=q)
    middle = (p + q) / 2
    far = _weighted_log(p, p) - _weighted_log(p, middle) + _weighted_log(q, q) - _weighted_log(q, middle)
    near = jnp.abs(p - q) < middle  # there logarithms cancel: both probabilities are (1 +- e) times their middle
    e = jnp.where(near, (p - q) / 2 / jnp.where(near, middle, 1.0), 0.0)
    return jnp.sum(jnp.where(near, middle * (jnp.log1p(-(e**2)) + 2 * e * jnp.arctanh(e)), far), axis=-1) / 2


@public
@jax.jit
def mutual_information(joint: Float[Array, "k l"]) -> Float[Array, ""]:
    r"""What one variable says about the other: $I = \sum_{jl} p_{jl} \log(p_{jl} / (p_{j\cdot}\, p_{\cdot l}))$.

    It is 0 only for independent variables, and at most the smaller of the two entropies.

    Raises:
        ValueError: unless the joint probabilities are a table with an entry.

    Source: Bishop (2006), equation 1.120.

    >>> round(mutual_information(jnp.array([[0.5, 0.0], [0.0, 0.5]])).item(), 4)
    0.6931
    """
    require.rank("joint", joint, 2)
    _require_outcomes(joint=joint)
    first, second = joint.sum(axis=1, keepdims=True), joint.sum(axis=0, keepdims=True)
    terms = _weighted_log(joint, joint) - _weighted_log(joint, first) - _weighted_log(joint, second)
    return _not_negative(jnp.sum(terms))


@public
@jax.jit
def gaussian_entropy(p: Gaussian) -> Float[Array, ""]:
    r"""Entropy $\tfrac12 \log |2 \pi e \Sigma|$ of a density: it depends on the unit of x and may be negative.

    Source: Bishop (2006), exercise 2.15.

    >>> round(gaussian_entropy(Gaussian(jnp.zeros(1), jnp.eye(1))).item(), 4)
    1.4189
    """
    require.square("covariance", p.covariance)
    d = len(p.mean)
    return _half_log_det(p.covariance) + 0.5 * d * math.log(2 * math.pi * math.e)


@public
@jax.jit
def gaussian_cross_entropy(p: Gaussian, q: Gaussian) -> Float[Array, ""]:
    r"""Cross-entropy $-\int p \log q = H(p) + D(p \| q)$ of two normal densities.

    Raises:
        ValueError: unless both have the same number of coordinates.

    Source: Murphy (2012), equation 2.111.

    >>> standard = Gaussian(jnp.zeros(1), jnp.eye(1))
    >>> round(gaussian_cross_entropy(standard, standard).item(), 4)
    1.4189
    """
    return gaussian_entropy(p) + gaussian_kl(p, q)


@public
@jax.jit
def gaussian_kl(p: Gaussian, q: Gaussian) -> Float[Array, ""]:
    r"""Divergence of two normal densities. It does not depend on the unit of x.

    $$D(p \| q) = \tfrac12 \left[ \mathrm{tr}(\Sigma_q^{-1} \Sigma_p)
      + (\mu_q - \mu_p)^\top \Sigma_q^{-1} (\mu_q - \mu_p) - d + \log(|\Sigma_q| / |\Sigma_p|) \right]$$

    Raises:
        ValueError: unless both have the same number of coordinates.

    Source: Murphy (2012), exercise 2.13 (one dimension); Rasmussen and Williams (2006), equation A.23.

    >>> narrow, wide = Gaussian(jnp.zeros(1), jnp.eye(1)), Gaussian(jnp.ones(1), 4 * jnp.eye(1))
    >>> round(gaussian_kl(narrow, wide).item(), 4)
    0.4431
    """
    require.same_shape(mean_of_p=p.mean, mean_of_q=q.mean)
    factor = scaling.cholesky(p.covariance)
    spread = gaussian.whitened(Gaussian(jnp.zeros_like(q.mean), q.covariance), factor.T)
    shift = gaussian.whitened(q, p.mean[None])
    # the factor of p, in that of q: with 1 + u on its diagonal, whose logarithms are those of the determinants
    u = jnp.diag(spread) - 1
    aside = spread - jnp.diag(jnp.diag(spread))
    return 0.5 * (jnp.sum(aside**2) + jnp.sum(shift**2) + jnp.sum(u**2) + 2 * _not_negative(jnp.sum(u - jnp.log1p(u))))


@public
def gaussian_mutual_information(p: Gaussian, *, first: tuple[int, ...]) -> Float[Array, ""]:
    r"""What the coordinates of `first`, a, say about the others, b.

    It is $\tfrac12 \log(|\Sigma_{aa}| |\Sigma_{bb}| / |\Sigma|)$. For two coordinates with the correlation
    $\rho$ it is $-\tfrac12 \log(1 - \rho^2)$. `first` is static.

    Raises:
        ValueError: where a coordinate does not exist or comes twice, or none or all are in `first`.

    Source: Cover and Thomas (2006), Elements of Information Theory, example 8.5.1.

    >>> pair = Gaussian(jnp.zeros(2), jnp.array([[1.0, 0.6], [0.6, 1.0]]))
    >>> round(gaussian_mutual_information(pair, first=(0,)).item(), 4)
    0.2231
    """
    others = tuple(i for i in range(len(p.mean)) if i not in first)
    require.that(len(others) > 0, f"first must leave a coordinate; found {first}")
    parts = [gaussian.marginal(p, keep=one).covariance for one in (first, others)]
    return _shared(*parts, p.covariance)


@jax.jit
def _shared(first: Array, others: Array, together: Array) -> Array:
    return _not_negative(_half_log_det(first) + _half_log_det(others) - _half_log_det(together))


def _not_negative(divergence: Array) -> Array:
    """Without what rounding took below 0; its derivatives are those of the divergence."""
    return divergence - lax.stop_gradient(jnp.minimum(divergence, 0.0))


def _half_log_det(covariance: Array) -> Array:
    return jnp.sum(jnp.log(jnp.diag(scaling.cholesky(covariance))))


def _weighted_log(weight: Array, p: Array) -> Array:
    """Weight times log p. It is 0 where the weight is, and its gradient is finite there too."""
    counts = weight != 0  # also where it is NaN
    return jnp.where(counts, weight * jnp.log(jnp.where(counts, p, 1.0)), 0.0 * p)  # 0, but NaN where p is


def _require_outcomes(**arrays: Array) -> None:
    require.same_shape(**arrays)
    for name, array in arrays.items():
        fits = array.ndim > 0 and array.shape[-1] > 0
        require.that(fits, f"{name} needs an outcome along its last axis; found shape {array.shape}")
