r"""How fast a diffusion replaces data by noise. Shapes: T steps.

Step t keeps the share $\alpha_t = 1 - \beta_t$ of the variance and fills it up with noise. After it, the share

$$\bar\alpha_t = \prod_{s \le t} (1 - \beta_s)$$

of the signal's variance is left. Times are the indices of arrays, $t = 0, \dots, T - 1$; papers often count from 1.
Before the first step nothing is lost: $\bar\alpha_{-1} = 1$. Schedules are computed in double precision, and rounded
once.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from mfml import require
from mfml.entrance import public


class Schedule(NamedTuple):
    """A schedule. Entry t belongs to time t."""

    beta: Float[Array, " t"]  # share of the variance that the step replaces by noise
    signal: Float[Array, " t"]  # share of the signal's variance after the step
    noise: Float[Array, " t"]  # 1 - signal, to its own rounding: the difference would lose digits at first


@public
def linear(*, n_steps: int, low: float = 1e-4, high: float = 0.02) -> Schedule:
    r"""Let $\beta_t$ grow linearly from `low` to `high`. All arguments are static.

    Raises:
        ValueError: unless n_steps >= 1 and 0 < low <= high < 1.

    Source: Ho, Jain and Abbeel (2020), section 4.

    >>> linear(n_steps=1000).signal[jnp.array([0, 499])].round(4).tolist()
    [0.99..., 0.078...]
    """
    require.positive("n_steps", n_steps)
    require.that(0 < low <= high < 1, f"0 < low <= high < 1 is needed; found low = {low}, high = {high}")
    return _made(np.linspace(low, high, n_steps))


@public
def cosine(*, n_steps: int, offset: float = 0.008, largest: float = 0.999) -> Schedule:
    r"""Let the signal fall like a squared cosine.

    $$\beta_t = \min\Big(1 - \frac{f((t + 1) / T)}{f(t / T)},\; \beta_{\max}\Big), \qquad
    f(u) = \cos^2\Big(\frac{u + s}{1 + s} \cdot \frac{\pi}{2}\Big)$$

    The signal is the product of the clipped steps, so that it never is 0. All arguments are static: `offset` is s,
    `largest` is $\beta_{\max}$.

    Raises:
        ValueError: unless n_steps >= 1, offset >= 0, and 0 < largest < 1.

    Source: Nichol and Dhariwal (2021), section 3.2.

    >>> cosine(n_steps=2).beta.round(3).tolist()
    [0.506..., 0.999...]
    """
    require.positive("n_steps", n_steps)
    require.that(0 <= offset < math.inf, f"offset must be non-negative and finite; found {offset}")
    require.that(0 < largest < 1, f"largest must be between 0 and 1; found {largest}")
    kept = np.cos((np.arange(n_steps + 1) / n_steps + offset) / (1 + offset) * np.pi / 2) ** 2
    return _made(np.minimum(1 - kept[1:] / kept[:-1], largest))


def _made(beta: np.ndarray) -> Schedule:
    """The schedule of these steps, which are in double precision."""
    require.that(bool(np.all(beta > 0)), f"each step must add noise; found a beta of {beta.min()}")
    log_signal = np.cumsum(np.log1p(-beta))
    return Schedule(*(jnp.asarray(values, float) for values in (beta, np.exp(log_signal), -np.expm1(log_signal))))


@public
def before(schedule: Schedule) -> tuple[Float[Array, " t"], Float[Array, " t"]]:
    """Return the shares of signal and noise before each step; 1 and 0 at first.

    >>> [share.tolist() for share in before(linear(n_steps=2, low=0.5, high=0.5))]
    [[1.0, 0.5], [0.0, 0.5]]
    """
    signal, noise = schedule.signal, schedule.noise
    return jnp.append(jnp.ones_like(signal[:1]), signal[:-1]), jnp.append(jnp.zeros_like(noise[:1]), noise[:-1])


@public
@jax.jit
def strided(schedule: Schedule, times: Int[Array, " s"]) -> Schedule:
    r"""Return the schedule of a diffusion that visits these times only, the earliest first.

    The signal at them stays as it is. The steps become larger: $\beta = 1 - \bar\alpha_t / \bar\alpha_{t'}$ with the
    visited time t' before t. They are not the steps of the full schedule at these times. A time outside of the schedule
    gives NaN.

    Raises:
        ValueError: unless the times are known to rise (NaN where they are traced and do not).

    >>> strided(linear(n_steps=3, low=0.5, high=0.5), jnp.array([0, 2])).beta.tolist()
    [0.5, 0.75]
    """
    require.rank("times", times, 1)
    known = (times >= 0) & (times < len(schedule.signal))
    visited = Schedule(*(jnp.where(known, share[times], jnp.nan) for share in schedule))
    fall = _log_kept(visited)
    return visited._replace(beta=jnp.where(fall < 0, -jnp.expm1(fall), jnp.nan))


@public
@jax.jit
def kept(schedule: Schedule) -> Float[Array, " t"]:
    r"""Share $1 - \beta_t$ of the variance that each step keeps, to its own rounding.

    >>> kept(linear(n_steps=2, low=0.5, high=0.5)).tolist()
    [0.5, 0.5]
    """
    return jnp.exp(_log_kept(schedule))


def _log_kept(schedule: Schedule) -> Array:
    """Logarithm of the share that each step keeps. A difference of shares would lose digits, even more than all."""
    signal, noise = schedule.signal, schedule.noise
    large = noise < 0.5
    of_signal = jnp.where(large, jnp.log1p(-jnp.where(large, noise, 0.0)), jnp.log(jnp.where(large, 1.0, signal)))
    return jnp.diff(of_signal, prepend=jnp.zeros_like(of_signal[:1]))


@public
@jax.jit
def posterior_variance(schedule: Schedule) -> Float[Array, " t"]:
    r"""Variance of $x_{t-1}$ where $x_t$ and the data are known, $\beta_t (1 - \bar\alpha_{t-1}) / (1 - \bar\alpha_t)$.

    It is 0 at the first time: there the data themselves are what is asked for.

    Source: Ho, Jain and Abbeel (2020), equation 7.

    >>> posterior_variance(linear(n_steps=2, low=0.5, high=0.5)).round(4).tolist()
    [0.0, 0.333...]
    """
    return schedule.beta * before(schedule)[1] / schedule.noise


@public
@jax.jit
def log_snr(schedule: Schedule) -> Float[Array, " t"]:
    r"""Logarithm of signal over noise, $\ln \bar\alpha_t - \ln(1 - \bar\alpha_t)$.

    Source: Kingma et al. (2021), section 3.1.

    >>> log_snr(linear(n_steps=1, low=0.5, high=0.5)).tolist()
    [0.0]
    """
    return jnp.log(schedule.signal) - jnp.log(schedule.noise)
