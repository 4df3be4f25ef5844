r"""Acquisition functions: how much a measurement promises, from what a model says about it. Large values are good.

The quantity f is to be maximized. A model says that $f \sim \mathcal N(\mu, \sigma^2)$ at a candidate, and $f^*$ is the
best value so far. Nothing is assumed about the model: a Gaussian process, an ensemble, and dropout all give a mean and
a standard deviation. To minimize f, maximize $-f$. Shapes: any, one entry per candidate.
"""

import math

import jax
import jax.numpy as jnp
from jax.scipy.special import ndtr
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling
from mfml.numerics.domain import NON_NEGATIVE, checked

HALF_LOG_TAU = 0.9189385332046727  # log(2 pi) / 2
TAIL = -2.0  # below this many standard deviations differences cancel, and a continued fraction takes their place
FRACTIONS = 40  # exact to 1e-12 at 2 standard deviations, to 1e-15 from 3 on


@public
@checked(std=NON_NEGATIVE)
@jax.jit
def variance(mean: Float[Array, "*shape"], std: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    r"""Uncertainty sampling: $\sigma^2$, in units of f squared. It explores only, and learns f everywhere.

    Raises:
        ValueError: unless both have one shape, and for a known negative std (NaN where it is traced).

    Source: Seo et al. (2000).

    >>> variance(jnp.array([5.0, 0.0]), jnp.array([1.0, 2.0])).tolist()
    [1.0, 4.0]
    """
    require.same_shape(mean=mean, std=std)
    return jnp.where(jnp.isnan(mean), mean, std**2)


@public
@checked(std=NON_NEGATIVE, kappa=NON_NEGATIVE)
@jax.jit
def upper_confidence_bound(
    mean: Float[Array, "*shape"], std: Float[Array, "*shape"], *, kappa: ArrayLike = 2.0
) -> Float[Array, "*shape"]:
    r"""Optimism in the face of uncertainty: $\mu + \kappa \sigma$, in units of f.

    Raises:
        ValueError: unless both have one shape, and for a known negative std or kappa (NaN where it is traced).

    Source: Srinivas et al. (2010).

    >>> upper_confidence_bound(jnp.array([5.0, 0.0]), jnp.array([1.0, 2.0]), kappa=3.0).tolist()
    [8.0, 6.0]
    """
    require.same_shape(mean=mean, std=std)
    return mean + kappa * std


@public
@checked(std=NON_NEGATIVE)
@jax.jit
def probability_of_improvement(
    mean: Float[Array, "*shape"], std: Float[Array, "*shape"], *, best: ArrayLike, xi: ArrayLike = 0.0
) -> Float[Array, "*shape"]:
    r"""Probability that f exceeds $f^*$ by more than xi: $\Phi(z)$, $z = (\mu - f^* - \xi) / \sigma$.

    `best` and `xi` are in units of f. Where $\sigma = 0$ it is 1 or 0.

    Raises:
        ValueError: unless both have one shape, and for a known negative std (NaN where it is traced).

    Source: Kushner (1964), Journal of Basic Engineering 86, 97.

    >>> probability_of_improvement(jnp.array([0.5, 1.0]), jnp.array([1.0, 0.0]), best=0.5).tolist()
    [0.5, 1.0]
    """
    require.same_shape(mean=mean, std=std)
    return ndtr(_deviations(mean - best - xi, std))


@public
@checked(std=NON_NEGATIVE)
@jax.jit
def expected_improvement(
    mean: Float[Array, "*shape"], std: Float[Array, "*shape"], *, best: ArrayLike, xi: ArrayLike = 0.0
) -> Float[Array, "*shape"]:
    r"""Mean of $\max(f - f^* - \xi, 0)$: $\sigma\,[\varphi(z) + z\,\Phi(z)]$, $z = (\mu - f^* - \xi) / \sigma$.

    `best` and `xi` are in units of f, and so is the result. Where $\sigma = 0$ it is $\max(\mu - f^* - \xi, 0)$. Far
    below the best value (z < -13 in single precision) it underflows to 0, and so does its gradient; use
    `log_expected_improvement` there.

    Raises:
        ValueError: unless both have one shape, and for a known negative std (NaN where it is traced).

    Source: Jones, Schonlau and Welch (1998), equation 15.

    >>> expected_improvement(jnp.array([0.0]), jnp.array([1.0]), best=0.5).round(4).tolist()
    [0.197...]
    """
    require.same_shape(mean=mean, std=std)
    return _improvement(mean - best - xi, std)


@public
@checked(std=NON_NEGATIVE)
@jax.jit
def log_expected_improvement(
    mean: Float[Array, "*shape"], std: Float[Array, "*shape"], *, best: ArrayLike, xi: ArrayLike = 0.0
) -> Float[Array, "*shape"]:
    r"""Logarithm of `expected_improvement`, accurate however far a candidate lies below the best value.

    Below z = -2 it is $\log\sigma + \log\varphi(z) + \log(2 r_0 r_1)$, where $r_n$ is the ratio of the repeated
    integrals n and n - 1 of the error function: $r_n = 1 / (2x + 2 (n + 1)\, r_{n+1})$, $x = -z/\sqrt 2$. So there is a
    gradient wherever $\sigma > 0$. Where $\sigma = 0$ and nothing is gained it is $-\infty$, with a gradient of 0.

    Raises:
        ValueError: unless both have one shape, and for a known negative std (NaN where it is traced).

    Source: Ament et al. (2023); Abramowitz and Stegun (1964), section 7.2.

    >>> log_expected_improvement(jnp.array([-40.0]), jnp.array([1.0]), best=0.0).round(1).tolist()
    [-808.29...]
    """
    require.same_shape(mean=mean, std=std)
    gap = mean - best - xi
    certain, z = _certain(gap, std)
    z = jnp.where(certain, 0.0, z)
    below = ~certain & (z < TAIL)
    gain = _improvement(gap, std)
    worth = below | (gain == 0)
    near = jnp.where(worth, jnp.where(below, 0.0, -jnp.inf), jnp.log(jnp.where(worth, 1.0, gain)))
    t = jnp.where(below, -z, -TAIL)
    first, second = _integrals(t)
    scale = jnp.where(below, std, 1.0)
    far = jnp.log(scale) - 0.5 * t * t - HALF_LOG_TAU + jnp.log(2 * first) + jnp.log(second)
    return jnp.where(below, far, near)


@public
@jax.jit
def thompson(draws: Float[Array, "s m"]) -> Int[Array, " s"]:
    """Thompson sampling: the candidate that is best in a draw of f from the posterior, one for each of s draws.

    The draws are joint: each row is a function, see `gp.sample`. So a candidate is chosen as often as it is the best
    one, as far as the model knows. Several draws make a batch of experiments; it may hold a candidate twice. A row with
    NaN gives -1.

    Raises:
        ValueError: unless there is a draw of at least one candidate.

    Source: Thompson (1933), Biometrika 25, 285.

    >>> thompson(jnp.array([[0.0, 2.0, 1.0], [3.0, 2.0, 1.0]])).tolist()
    [1, 0]
    """
    require.rank("draws", draws, 2)
    require.that(draws.size > 0, f"draws must hold at least one candidate; found shape {draws.shape}")
    return jnp.where(jnp.isnan(draws).any(axis=1), -1, jnp.argmax(draws, axis=1))


def _certain(gap: Array, std: Array) -> tuple[Array, Array]:
    """Whether an outcome is certain to all digits, and $z$ = gap / std, which is not infinite elsewhere."""
    none = std == 0
    z = scaling.ratio(gap, jnp.where(none, 1.0, std))
    return none | (jnp.abs(z) > _sure(z)), z


def _deviations(gap: Array, std: Array) -> Array:
    """$z$ = gap / std; `_sure` and its negative where the outcome is certain."""
    certain, z = _certain(gap, std)
    return jnp.where(certain, jnp.where(gap > 0, _sure(z), -_sure(z)), jnp.where(certain, 0.0, z))


def _sure(z: Array) -> float:
    """So many standard deviations are certainty, and their square is still a number of this type."""
    return float(jnp.finfo(z.dtype).max) ** 0.5 / 16


@jax.custom_jvp
def _improvement(gap: Array, std: Array) -> Array:
    """Expected improvement, from terms that do not overflow however small std is."""
    z = _deviations(gap, std)
    close = jnp.where(z < TAIL, 0.0, z)
    near = gap * ndtr(close) + std * _density(close)
    first, second = _integrals(jnp.where(z < TAIL, -z, -TAIL))
    far = std * (2 * first * second * _density(jnp.minimum(z, TAIL)))
    return jnp.where(z < TAIL, far, near)


@_improvement.defjvp
def _(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    r"""$\Phi(z)$ and $\varphi(z)$: on the way through z two infinite terms would cancel."""
    z = _deviations(*primals)
    return _improvement(*primals), ndtr(z) * tangents[0] + _density(z) * tangents[1]


def _density(z: Array) -> Array:
    bounded = jnp.clip(z, -1e4, 1e4)  # NaN stays; beyond, the density is 0, and so is its derivative
    return jnp.exp(-0.5 * bounded * bounded - HALF_LOG_TAU)


def _integrals(t: Array) -> tuple[Array, Array]:
    r"""Ratios r_0 and r_1 of repeated integrals of the error function at $x = t / \sqrt 2$, for t >= 2."""
    x = t / math.sqrt(2)
    ratio = 1 / (x + jnp.sqrt(x * x + 2 * (FRACTIONS + 1)))  # what the fraction tends to
    following = ratio
    for n in range(FRACTIONS - 1, -1, -1):
        following, ratio = ratio, 1 / (2 * (x + (n + 1) * ratio))
    return ratio, following
