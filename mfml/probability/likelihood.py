r"""Negative log-likelihoods of noise models, one number per sample, in nats.

A noise model turns a prediction into a distribution of what is measured. The loss of a sample is then $-\log p(y)$:
the squared error for Gaussian noise, the absolute error for Laplace noise, the cross-entropy for labels. Densities
are per unit of y. Parameters broadcast to the shape of y. Those out of range give NaN or infinity.
"""

import math

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.special import gammaln
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Num

from mfml import require
from mfml.entrance import public
from mfml.numerics import gammas, scaling

FEW_COUNTS = 64  # up to here the terms of a Poisson likelihood are small, and the plain formula is quicker


@public
@jax.jit
def gaussian_nll(y: Float[Array, "*shape"], mean: ArrayLike, scale: ArrayLike) -> Float[Array, "*shape"]:
    r"""Normal noise: $\frac{(y - \mu)^2}{2 \sigma^2} + \log \sigma + \tfrac12 \log 2\pi$.

    `scale` is the standard deviation, not the variance.

    Raises:
        ValueError: where a parameter does not broadcast to the shape of y.

    Source: Bishop (2006), equation 1.54.

    >>> round(gaussian_nll(jnp.array([2.0]), 0.0, 1.0).item(), 4)
    2.9189
    """
    _require_fit(y, mean=mean, scale=scale)
    z = scaling.ratio(y - mean, scale)
    return 0.5 * z**2 + jnp.log(scale) + 0.5 * math.log(2 * math.pi)


@public
@jax.jit
def laplace_nll(y: Float[Array, "*shape"], loc: ArrayLike, scale: ArrayLike) -> Float[Array, "*shape"]:
    r"""Noise with exponential tails: $|y - \mu| / b + \log 2b$; the standard deviation is $\sqrt 2\, b$.

    Raises:
        ValueError: where a parameter does not broadcast to the shape of y.

    Source: Murphy (2012), equation 2.73.

    >>> round(laplace_nll(jnp.array([2.0]), 0.0, 1.0).item(), 4)
    2.6931
    """
    _require_fit(y, loc=loc, scale=scale)
    return scaling.ratio(jnp.abs(y - loc), scale) + jnp.log(2 * jnp.asarray(scale))


@public
@jax.jit
def student_t_nll(y: Float[Array, "*shape"], loc: ArrayLike, scale: ArrayLike, df: ArrayLike) -> Float[Array, "*shape"]:
    r"""Noise with heavy tails: far out the loss grows only like $(\nu + 1) \log |z|$, $z = (y - \mu)/\sigma$.

    $$\tfrac{\nu + 1}{2} \log(1 + z^2/\nu) + \log \sigma + \tfrac12 \log \nu\pi
      + \log \Gamma(\tfrac\nu2) - \log \Gamma(\tfrac{\nu + 1}2)$$

    The scale $\sigma$ is not the standard deviation, which is $\sigma \sqrt{\nu/(\nu - 2)}$ for $\nu > 2$. For
    small $\nu$ tails are heavy (1 is Cauchy's distribution), for large, finite $\nu$ the noise is nearly normal.

    Raises:
        ValueError: where a parameter does not broadcast to the shape of y.

    Source: Bishop (2006), equation 2.159; Murphy (2012), equation 2.71.

    >>> round(student_t_nll(jnp.array([1.0]), 0.0, 1.0, 1.0).item(), 4)
    1.8379
    """
    _require_fit(y, loc=loc, scale=scale, df=df)
    nu = jnp.asarray(df, jnp.result_type(y, df))
    t = scaling.ratio(y - loc, scale) / jnp.sqrt(nu)
    far = jnp.abs(t) > 1 / jnp.finfo(t.dtype).eps  # where the square could overflow, and 1 is lost beside it
    above = jnp.where(far, jnp.abs(t) - 1, t**2)
    constant = 0.5 * jnp.log(nu * math.pi) - gammas.log_ratio(nu / 2, 0.5)
    return jnp.where(far, nu + 1, 0.5 * (nu + 1)) * jnp.log1p(above) + jnp.log(scale) + constant


@public
@jax.jit
def bernoulli_nll(y: Num[Array, "*shape"], logits: ArrayLike) -> Float[Array, "*shape"]:
    r"""Yes or no, $y \in \{0, 1\}$: $y \log(1 + e^{-s}) + (1 - y) \log(1 + e^{s})$, $p(y = 1) = 1/(1 + e^{-s})$.

    It takes the logit s instead of the probability. So a prediction that is certain and wrong costs |s| instead of
    infinity.

    Raises:
        ValueError: where the logits do not broadcast to the shape of y.

    Source: Bishop (2006), equation 4.90.

    >>> print(bernoulli_nll(jnp.array([1, 0]), jnp.array([0.0, 100.0])).round(4))
    [  0.6931 100.    ]
    """
    _require_fit(y, logits=logits)
    s = jnp.asarray(logits, jnp.result_type(float, logits))
    return _times(y, jnp.logaddexp(0.0, -s)) + _times(1 - y, jnp.logaddexp(0.0, s))


@public
@jax.jit
def poisson_nll(y: Num[Array, "*shape"], log_rate: ArrayLike) -> Float[Array, "*shape"]:
    r"""Counts, such as photons in a detector: $e^{\eta} - y \eta + \log y!$ with the log-rate $\eta$.

    Raises:
        ValueError: where the log-rate does not broadcast to the shape of y.

    Source: Murphy (2012), equation 2.62.

    >>> round(poisson_nll(jnp.array([2]), 0.0).item(), 4)
    1.6931
    """
    _require_fit(y, log_rate=log_rate)
    eta = jnp.asarray(log_rate, jnp.result_type(float, log_rate))
    quick = jnp.max(y, initial=0) <= FEW_COUNTS
    dtype = jnp.result_type(y, eta)
    return lax.cond(quick, _few_counts, _many_counts, y.astype(dtype), jnp.broadcast_to(eta, y.shape).astype(dtype))


def _few_counts(y: Array, eta: Array) -> Array:
    return jnp.exp(eta) - _times(y, eta) + gammaln(y + 1.0)


def _many_counts(y: Array, eta: Array) -> Array:
    """Relative to the rate that fits y best: large terms of rate and factorial cancel before they are computed."""
    some = y > 0
    count = jnp.where(some, y, 1.0)
    t = eta - jnp.log(count)
    return (
        count * jnp.where(some, jnp.expm1(t), jnp.exp(t)) - _times(y, t) + jnp.where(some, _least_poisson(count), 0.0)
    )


def _times(y: Array, cost: Array) -> Array:
    """Product that is 0 for a y of 0, even if the cost is infinite."""
    return jnp.where((y == 0) & jnp.isinf(cost), 0.0, y * cost)


def _least_poisson(y: Array) -> Array:
    r"""Smallest value over all rates, $y - y \log y + \log y!$, for y > 0."""
    large = y >= gammas.SERIES_FROM
    many, few = jnp.where(large, y, gammas.SERIES_FROM), jnp.where(large, 1.0, y)
    series = 0.5 * jnp.log(2 * math.pi * many) + gammas.stirling(many)
    return jnp.where(large, series, gammaln(few + 1.0) - few * jnp.log(few) + few)


def _require_fit(y: Array, **params: ArrayLike) -> None:
    for name, value in params.items():
        shape = jnp.shape(value)
        fits = len(shape) <= y.ndim and all(a in (1, b) for a, b in zip(shape[::-1], y.shape[::-1], strict=False))
        require.that(fits, f"{name} must broadcast to the shape of y, {y.shape}; found shape {shape}")
