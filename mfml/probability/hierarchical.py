r"""A hierarchical model: several estimates of similar effects share what they know. Shapes: j groups.

Group g has the true effect $\theta_g \sim \mathcal N(\mu, \tau^2)$ and the measured one
$y_g \sim \mathcal N(\theta_g, s_g^2)$ with known $s_g$. Groups may be schools, or laboratories that measured the same
alloy. The priors are $\mu \sim \mathcal N(0, 5^2)$ and $\tau$ half-Cauchy of scale 5, in the units of y. For small
$\tau$ the posterior of $(\theta, \tau)$ is a narrow funnel in which no step size fits. Written in
$z_g = (\theta_g - \mu) / \tau$ (*non-centered*) it has no funnel.

A position is the vector $(\mu, \log \tau, z_1, \dots, z_j)$, or $(\mu, \log \tau, \theta_1, \dots)$ where centered.
"""

import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public

MEAN_SCALE, SPREAD_SCALE = 5.0, 5.0  # of the priors


class Estimates(NamedTuple):
    """What was measured in each group."""

    effect: Float[Array, " j"]
    error: Float[Array, " j"]  # standard deviation


class Moments(NamedTuple):
    """Posterior means and standard deviations."""

    mean: Float[Array, " p"]  # of mu, tau, theta_1, ..., theta_j: p = j + 2
    deviation: Float[Array, " p"]


@public
def eight_schools() -> Estimates:
    """Effects of coaching on the points in a test, at eight schools, and their standard errors.

    Source: Rubin (1981), Journal of Educational Statistics 6; Gelman et al. (2013), table 5.2.

    >>> eight_schools().effect.tolist()
    [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0]
    """
    effect = jnp.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
    return Estimates(effect, jnp.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0]))


@public
@jax.jit
def log_prob(position: Float[Array, " p"], estimates: Estimates) -> Float[Array, ""]:
    r"""Log-posterior of $(\mu, \log \tau, z)$, non-centered, nats, up to a constant.

    Raises:
        ValueError: unless the position has two entries more than there are groups.

    Source: Papaspiliopoulos, Roberts and Sköld (2007), Statistical Science 22; Betancourt and Girolami (2015).

    >>> log_prob(jnp.zeros(10), eight_schools()).shape
    ()
    """
    _check(position, estimates)
    z = position[2:]
    misfit = (estimates.effect - effects(position)) / estimates.error
    return _log_prior(position) - 0.5 * jnp.sum(z**2) - 0.5 * jnp.sum(misfit**2)


@public
@jax.jit
def centered_log_prob(position: Float[Array, " p"], estimates: Estimates) -> Float[Array, ""]:
    r"""Log-posterior of $(\mu, \log \tau, \theta)$, the same model with its funnel, nats, up to a constant.

    Raises:
        ValueError: unless the position has two entries more than there are groups.

    Source: Gelman et al. (2013), section 5.4.

    >>> centered_log_prob(jnp.zeros(10), eight_schools()).shape
    ()
    """
    _check(position, estimates)
    mu, log_tau, theta = position[0], position[1], position[2:]
    z = (theta - mu) * jnp.exp(-log_tau)
    misfit = (estimates.effect - theta) / estimates.error
    return _log_prior(position) - 0.5 * jnp.sum(z**2) - len(theta) * log_tau - 0.5 * jnp.sum(misfit**2)


@public
def effects(position: Float[Array, " p"]) -> Float[Array, " j"]:
    r"""Effects $\theta_g = \mu + \tau z_g$ of a non-centered position.

    >>> effects(jnp.array([1.0, 0.0, 2.0, -1.0])).tolist()
    [3.0, 0.0]
    """
    return position[0] + jnp.exp(position[1]) * position[2:]


@public
@partial(jax.jit, static_argnames="n_grid")
def exact_moments(estimates: Estimates, *, n_grid: int = 2000) -> Moments:
    r"""Posterior moments without sampling: given $\tau$ all is normal, so a sum over a grid of $\tau$ is enough.

    Given $\tau$, $y_g \sim \mathcal N(\mu, s_g^2 + \tau^2)$ and $\theta_g$ is pulled from $y_g$ to $\mu$. The
    grid of `n_grid` (static) points is even in $\arctan(\tau / 5)$, for which the prior is flat.

    Raises:
        ValueError: unless n_grid >= 2.

    Source: Gelman et al. (2013), section 5.4.

    >>> print(exact_moments(eight_schools()).mean[:2].astype(int))
    [4 3]
    """
    require.that(n_grid >= 2, f"n_grid must be at least 2; found {n_grid}")
    y, s = estimates
    angle = (jnp.arange(n_grid, dtype=y.dtype) + 0.5) * (0.5 * math.pi / n_grid)
    tau = SPREAD_SCALE * jnp.tan(angle)
    variance = s**2 + tau[:, None] ** 2
    precision = 1 / MEAN_SCALE**2 + jnp.sum(1 / variance, axis=1)
    mu, mu_variance = jnp.sum(y / variance, axis=1) / precision, 1 / precision
    evidence = -0.5 * (jnp.sum(jnp.log(variance) + y**2 / variance, axis=1) + jnp.log(precision) - mu**2 * precision)
    weight = jax.nn.softmax(evidence)
    pull = s**2 / variance  # of each effect towards the mean
    theta = pull * mu[:, None] + (1 - pull) * y
    theta_variance = pull * tau[:, None] ** 2 + pull**2 * mu_variance[:, None]
    first = jnp.concatenate([mu[:, None], tau[:, None], theta], axis=1)
    spread = jnp.concatenate([mu_variance[:, None], jnp.zeros_like(tau)[:, None], theta_variance], axis=1)
    mean = weight @ first
    return Moments(mean, jnp.sqrt(weight @ (spread + (first - mean) ** 2)))


def _log_prior(position: Array) -> Array:
    """Of mu and log tau, with the Jacobian of the logarithm."""
    mu, log_tau = position[0], position[1]
    half_cauchy = log_tau - jnp.log1p((jnp.exp(log_tau) / SPREAD_SCALE) ** 2)
    return -0.5 * (mu / MEAN_SCALE) ** 2 + half_cauchy


def _check(position: Array, estimates: Estimates) -> None:
    require.rank("position", position, 1)
    j = len(estimates.effect)
    require.that(len(position) == j + 2, f"position must have {j + 2} entries for {j} groups; found {len(position)}")
