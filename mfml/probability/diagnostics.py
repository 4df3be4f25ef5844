r"""Whether chains have forgotten their starts, and how much their draws are worth. Shapes: c chains, n draws each.

Draws of a chain resemble each other, so n of them are worth fewer independent ones. A chain may also miss a part of
the distribution. Only chains from other starts can show this.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling


@public
@jax.jit
def autocorrelation(chains: Float[Array, "c n"]) -> Float[Array, "c n"]:
    r"""Correlation of each chain with itself, t draws later: $\rho_t$, $t = 0, \dots, n - 1$, divisor n at all lags.

    It is NaN for a chain that does not move.

    Raises:
        ValueError: unless there are two axes and two draws per chain.

    Source: Geyer (1992), Statistical Science 7.

    >>> print(autocorrelation(jnp.array([[1.0, -1.0, 1.0, -1.0]])).round(2))
    [[ 1.   -0.75  0.5  -0.25]]
    """
    covariance = _autocovariance(_in_units(chains)[0])
    return covariance / covariance[:, :1]


@public
@jax.jit
def r_hat(chains: Float[Array, "c n"]) -> Float[Array, ""]:
    r"""Potential scale reduction of split chains, $\hat R = \sqrt{\hat V / W}$: near 1, below 1.01, if all agree.

    W is the mean variance within half chains of m draws (divisor m - 1), B/m the variance of their means, and
    $\hat V = \tfrac{m - 1}m W + B/m$. The halves of a chain disagree where it drifts. If the number of draws is odd,
    the first is left out. The result is NaN where no chain moves.

    Raises:
        ValueError: unless there are two axes and four draws per chain.

    Source: Gelman et al. (2013), Bayesian Data Analysis, section 11.4.

    >>> round(r_hat(jnp.array([[0.0, 1.0, 0.0, 1.0], [5.0, 6.0, 5.0, 6.0]])).item(), 2)
    4.14
    """
    require.rank("chains", chains, 2)
    require.that(chains.shape[1] >= 4, f"chains need four draws each; found shape {chains.shape}")
    m = chains.shape[1] // 2
    halves = _in_units(chains)[0][:, -2 * m :].reshape(-1, m)
    means = _row_means(halves)
    within = jnp.mean(jnp.sum((halves - means) ** 2, axis=1) / (m - 1))
    return jnp.sqrt((m - 1) / m + _variance(means) / within)


@public
@jax.jit
def effective_sample_size(chains: Float[Array, "c n"]) -> Float[Array, ""]:
    r"""Number of independent draws that determine the mean equally well: $c n / \tau$, $\tau = 1 + 2 \sum_t \rho_t$.

    $\rho_t$ combines all chains and their disagreement. Sums of neighboring pairs end at the first negative one,
    and none may exceed the one before (Geyer's initial monotone sequence). Draws that alternate around the mean may
    be worth more than their number, up to $c n \log_{10}(c n)$. The result is NaN where no chain moves.

    Raises:
        ValueError: unless there are two axes and four draws per chain.

    Source: Gelman et al. (2013), Bayesian Data Analysis, section 11.5; Geyer (1992), Statistical Science 7.

    >>> chain = jnp.sin(jnp.arange(1000.0) / 20)[None]
    >>> effective_sample_size(chain).item() < 50
    True
    """
    require.rank("chains", chains, 2)
    c, n = chains.shape
    require.that(n >= 4, f"chains need four draws each; found shape {chains.shape}")
    chains, _ = _in_units(chains)
    covariance = jnp.mean(_autocovariance(chains), axis=0)
    within = covariance[0] * n / (n - 1)
    between = _variance(_row_means(chains)) if c > 1 else 0.0
    total = covariance[0] + between
    rho = (1 - (within - covariance) / total).at[0].set(1.0)
    pairs = rho[: n // 2 * 2].reshape(-1, 2).sum(axis=1)
    counts = jnp.cumprod(pairs > 0)
    tau = 2 * jnp.sum(counts * jnp.minimum.accumulate(pairs)) - 1
    largest = c * n * jnp.log10(jnp.asarray(float(c * n), rho.dtype))
    return jnp.minimum(c * n / jnp.maximum(tau, jnp.finfo(rho.dtype).tiny), largest)


@public
@jax.jit
def mean_error(chains: Float[Array, "c n"]) -> Float[Array, ""]:
    r"""Monte-Carlo standard error of the mean of all draws, $\mathrm{sd} / \sqrt{\mathrm{ESS}}$, in the draws' units.

    Raises:
        ValueError: as `effective_sample_size`.

    Source: Gelman et al. (2013), Bayesian Data Analysis, section 11.5.

    >>> mean_error(jnp.sin(jnp.arange(1000.0) / 20)[None]).item() > 0.1
    True
    """
    scaled, unit = _in_units(chains)
    return unit * jnp.std(scaled, ddof=1) / jnp.sqrt(effective_sample_size(scaled))


def _in_units(chains: Array) -> tuple[Array, Array]:
    """Chains as seen from their first draw, in a unit near their size, and this unit: squares stay in range."""
    require.rank("chains", chains, 2)
    moved = chains - chains[:1, :1]
    unit = scaling.unit(moved)
    return moved / unit, unit


def _row_means(a: Array) -> Array:
    """Mean of each row, as a column. It is exact for equal numbers: a chain that does not move has no spread."""
    return a[:, :1] + jnp.mean(a - a[:, :1], axis=1, keepdims=True)


def _variance(means: Array) -> Array:
    return jnp.var(means - means[0], ddof=1)


def _autocovariance(chains: Array) -> Array:
    """Of each chain at all lags, divisor n. Padding keeps the Fourier transform from joining the ends."""
    require.rank("chains", chains, 2)
    n = chains.shape[1]
    require.that(n >= 2, f"chains need two draws each; found shape {chains.shape}")
    centered = chains - _row_means(chains)
    size = 1 << (2 * n - 1).bit_length()
    power = jnp.abs(jnp.fft.rfft(centered, size, axis=1)) ** 2
    return jnp.fft.irfft(power, size, axis=1)[:, :n] / n
