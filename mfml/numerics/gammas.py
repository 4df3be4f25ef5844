r"""Ratios of gamma functions, as differences of logarithms that keep their digits.

$\log \Gamma(10^7)$ is 1.5e8: in single precision it is known to about 10, and so is a difference of two such numbers.
Stirling's formula lets the large terms cancel before they are computed.
"""

import jax.numpy as jnp
from jax.scipy.special import digamma, gammaln
from jax.typing import ArrayLike
from jaxtyping import Array, Float

SERIES_FROM = 10  # where the asymptotic series are exact in double precision, except for some 1e-14
HALF_LOG_TAU = 0.9189385332046727  # log(2 pi) / 2


def stirling(x: ArrayLike) -> Float[Array, "*shape"]:
    r"""What Stirling's formula leaves over: $\log \Gamma(x) - [(x - \frac12) \log x - x + \frac12 \log 2\pi]$, x >= 10.

    Source: Abramowitz and Stegun (1964), equation 6.1.40.

    >>> round(stirling(jnp.array(10.0)).item(), 6)
    0.008331
    """
    r = 1 / jnp.asarray(x)
    s = r**2
    return r * (1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s / 1188))))


def log_ratio(x: ArrayLike, step: ArrayLike) -> Float[Array, "*shape"]:
    r"""$\log \Gamma(x + a) - \log \Gamma(x)$ for x > 0 and x + a > 0; a is the step.

    Source: Abramowitz and Stegun (1964), equations 6.1.16 and 6.1.40.

    >>> round(log_ratio(jnp.array(4.0), 2.0).item(), 4), round(log_ratio(jnp.array(1e8), 0.5).item(), 4)
    (2.9957, 9.2103)
    """
    dtype = jnp.result_type(float, x, step)
    x, step = jnp.broadcast_arrays(jnp.asarray(x, dtype), jnp.asarray(step, dtype))
    # the series holds for large arguments: Gamma(x + a) / Gamma(x) is that of x + 10 times prod_k (x + k) / (x + a + k)
    k = jnp.arange(SERIES_FROM, dtype=dtype)
    before = jnp.sum(jnp.log1p(step[..., None] / (x[..., None] + k)), axis=-1)
    late = x + SERIES_FROM
    series = (late - 0.5) * jnp.log1p(step / late) - step + step * jnp.log(late + step)
    return series + (stirling(late + step) - stirling(late)) - before


def log_beta(a: ArrayLike, b: ArrayLike) -> Float[Array, "*shape"]:
    r"""Logarithm of the beta function: $\log \Gamma(a) + \log \Gamma(b) - \log \Gamma(a + b)$ for positive a and b.

    Source: Didonato and Morris (1992), ACM Transactions on Mathematical Software 18, algorithm 708.

    >>> round(log_beta(jnp.array(2.0), 3.0).item(), 4), round(log_beta(jnp.array(1.0), 1e7).item(), 4)
    (-2.4849, -16.1181)
    """
    dtype = jnp.result_type(float, a, b)
    small, large = jnp.minimum(a, jnp.asarray(b, dtype)), jnp.maximum(a, jnp.asarray(b, dtype))
    both = small >= SERIES_FROM
    p, q = jnp.where(both, small, SERIES_FROM), jnp.where(both, large, SERIES_FROM)
    series = HALF_LOG_TAU + 0.5 * (jnp.log1p(p / q) - jnp.log(p)) - p * jnp.log1p(q / p) - q * jnp.log1p(p / q)
    series = series + stirling(p) + stirling(q) - stirling(p + q)
    few = jnp.where(both, 1.0, small)
    return jnp.where(both, series, gammaln(few) - log_ratio(jnp.where(both, 1.0, large), few))


def deviance(x: ArrayLike, log_share: ArrayLike) -> Float[Array, "*shape"]:
    r"""$x \log(x/m) - x + m$ from $t = \log(m / x)$: it is $x (e^t - 1 - t)$, which is not negative.

    Source: Loader (2000), Fast and Accurate Computation of Binomial Probabilities.

    >>> round(deviance(jnp.array(1e7), jnp.array(1e-3)).item(), 3)
    5.002
    """
    t = jnp.asarray(log_share)
    near = jnp.abs(t) < 0.5
    small = jnp.where(near, t, 0.0)
    term, series = small, jnp.zeros_like(small)
    for k in range(2, 14):
        term = term * small / k
        series = series + term
    far = jnp.where(near, 1.0, t)
    return jnp.asarray(x) * jnp.where(near, series, jnp.expm1(far) - far)


def digamma_rest(x: ArrayLike) -> Float[Array, "*shape"]:
    r"""$\psi(x) - \log x$ with $\psi = (\log \Gamma)'$, for x > 0.

    Source: Abramowitz and Stegun (1964), equation 6.3.18.

    >>> round(digamma_rest(jnp.array(1e3)).item() * 1e3, 5)
    -0.50008
    """
    x = jnp.asarray(x)
    large = x >= SERIES_FROM
    big, small = jnp.where(large, x, SERIES_FROM), jnp.where(large, 1.0, x)
    r = 1 / big
    s = r**2
    series = -r / 2 - s * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s * (1 / 240 - s / 132))))
    return jnp.where(large, series, digamma(small) - jnp.log(small))
