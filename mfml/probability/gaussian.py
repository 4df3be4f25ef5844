r"""The multivariate normal distribution. Shapes: n samples, d coordinates, k of them chosen.

$\mathcal N(x; \mu, \Sigma) = (2\pi)^{-d/2} |\Sigma|^{-1/2} \exp(-\tfrac12 (x - \mu)^\top \Sigma^{-1} (x - \mu))$.
Some of its coordinates are normal too, and so are some given the others, and so is every linear map. All functions use
the Cholesky factor of $\Sigma$. Where there is none, results are NaN. Logarithms are natural.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.decomposition import spectral
from mfml.entrance import public
from mfml.numerics import scaling, sums


class Gaussian(NamedTuple):
    """A normal distribution."""

    mean: Float[Array, " d"]  # units of x
    covariance: Float[Array, "d d"]  # squared units of x; symmetric, positive definite


@public
def fit(x: Float[Array, "n d"]) -> Gaussian:
    r"""Maximum likelihood: the mean, and $\Sigma = \frac1n \sum_i (x_i - \bar x)(x_i - \bar x)^\top$.

    The divisor is n, not n - 1. With n <= d samples the covariance is singular, and densities are NaN.

    Raises:
        ValueError: unless x has two axes and a sample.

    Source: Bishop (2006), equations 2.121 and 2.122.

    >>> fitted = fit(jnp.array([[0.0, 1.0], [2.0, 5.0]]))
    >>> fitted.mean.tolist(), fitted.covariance.tolist()
    ([1.0, 3.0], [[1.0, 2.0], [2.0, 4.0]])
    """
    require.rank("x", x, 2)
    require.that(x.size > 0, f"x needs at least one sample and one coordinate; found shape {x.shape}")
    return Gaussian(*sums.covariance(x))


@public
@jax.jit
def whitened(model: Gaussian, x: Float[Array, "n d"]) -> Float[Array, "d n"]:
    r"""Coordinates $L^{-1} (x - \mu)$, $\Sigma = L L^\top$, in which the distribution is standard normal.

    There is one column per sample.

    Raises:
        ValueError: unless x has the distribution's coordinates.

    Source: Bishop (2006), section 12.1.3.

    >>> whitened(Gaussian(jnp.ones(1), 4 * jnp.eye(1)), jnp.array([[5.0], [1.0]])).tolist()
    [[2.0, 0.0]]
    """
    _check(model)
    require.rank("x", x, 2)
    require.columns("x", x, len(model.mean))
    return solve_triangular(scaling.cholesky(model.covariance), (x - model.mean).T, lower=True)


@public
def mahalanobis(model: Gaussian, x: Float[Array, "n d"]) -> Float[Array, " n"]:
    r"""Distance from the mean in standard deviations, $\sqrt{(x - \mu)^\top \Sigma^{-1} (x - \mu)}$.

    Raises:
        ValueError: unless x has the distribution's coordinates.

    Source: Bishop (2006), equation 2.44.

    >>> round(mahalanobis(Gaussian(jnp.zeros(1), 4 * jnp.eye(1)), jnp.array([[6.0]])).item(), 4)
    3.0
    """
    _check(model)
    require.columns("x", x, len(model.mean))
    return spectral.mahalanobis(x, model.mean, model.covariance)


@public
@jax.jit
def log_prob(model: Gaussian, x: Float[Array, "n d"]) -> Float[Array, " n"]:
    r"""Log-density $-\tfrac12 (x - \mu)^\top \Sigma^{-1} (x - \mu) - \tfrac12 \log |\Sigma| - \tfrac d2 \log 2\pi$.

    It is in nats, for densities per volume of x.

    Raises:
        ValueError: unless x has the distribution's coordinates.

    Source: Bishop (2006), equation 2.43.

    >>> round(log_prob(Gaussian(jnp.zeros(2), jnp.eye(2)), jnp.zeros((1, 2))).item(), 4)
    -1.8379
    """
    half_log_det = jnp.sum(jnp.log(jnp.diag(scaling.cholesky(model.covariance))))
    y = whitened(model, x)
    return -0.5 * jnp.sum(y**2, axis=0) - half_log_det - 0.5 * len(y) * jnp.log(2 * jnp.pi)


@public
@partial(jax.jit, static_argnames="n_samples")
def sample(model: Gaussian, *, key: Key[Array, ""], n_samples: int) -> Float[Array, "n d"]:
    r"""Draw $\mu + L z$ with $\Sigma = L L^\top$ and z standard normal; n_samples is static.

    Raises:
        ValueError: unless n_samples >= 1.

    Source: Bishop (2006), section 11.1.1.

    >>> sample(Gaussian(jnp.zeros(3), jnp.eye(3)), key=jax.random.key(0), n_samples=5).shape
    (5, 3)
    """
    _check(model)
    require.positive("n_samples", n_samples)
    noise = jax.random.normal(key, (n_samples, len(model.mean)), model.mean.dtype)
    return model.mean + noise @ scaling.cholesky(model.covariance).T


@public
def marginal(model: Gaussian, *, keep: tuple[int, ...]) -> Gaussian:
    """Distribution of some coordinates, in the order of `keep` (static), whatever the others are.

    Raises:
        ValueError: where a coordinate does not exist or comes twice, or none is kept.

    Source: Bishop (2006), equation 2.98.

    >>> marginal(Gaussian(jnp.arange(3.0), jnp.diag(jnp.arange(1.0, 4.0))), keep=(2, 0)).covariance.tolist()
    [[3.0, 0.0], [0.0, 1.0]]
    """
    _check(model)
    return _at(model, _indices("keep", keep, len(model.mean)))


@jax.jit
def _at(model: Gaussian, chosen: Array) -> Gaussian:
    return Gaussian(model.mean[chosen], model.covariance[jnp.ix_(chosen, chosen)])


@public
def conditional(model: Gaussian, values: Float[Array, " k"], *, given: tuple[int, ...]) -> Gaussian:
    r"""Distribution of the other coordinates a, in their order, where those of `given`, b, have these values.

    $\mu_{a|b} = \mu_a + \Sigma_{ab} \Sigma_{bb}^{-1} (x_b - \mu_b)$ and
    $\Sigma_{a|b} = \Sigma_{aa} - \Sigma_{ab} \Sigma_{bb}^{-1} \Sigma_{ba}$. The mean depends on the values that
    were seen. The covariance does not: it shrinks by the same amount for all of them. `given` is static.

    Raises:
        ValueError: where a coordinate does not exist or comes twice, none or all are given, or there is not one
            value for each.

    Source: Bishop (2006), equations 2.81 and 2.82.

    >>> pair = Gaussian(jnp.zeros(2), jnp.array([[1.0, 0.8], [0.8, 1.0]]))
    >>> seen = conditional(pair, jnp.array([2.0]), given=(1,))
    >>> round(seen.mean.item(), 4), round(seen.covariance.item(), 4)
    (1.6, 0.36)
    """
    _check(model)
    d = len(model.mean)
    b = _indices("given", given, d)
    require.that(len(given) < d, f"given must leave a coordinate; found all {d} of them")
    require.rank("values", values, 1)
    require.that(len(values) == len(given), f"values must be {len(given)}, one for each in given; found {len(values)}")
    return _given(model, values, jnp.array([i for i in range(d) if i not in given]), b)


@jax.jit
def _given(model: Gaussian, values: Array, a: Array, b: Array) -> Gaussian:
    factor = scaling.cholesky(model.covariance[jnp.ix_(b, b)])
    across = solve_triangular(factor, model.covariance[jnp.ix_(b, a)], lower=True)
    seen = solve_triangular(factor, values - model.mean[b], lower=True)
    covariance = model.covariance[jnp.ix_(a, a)] - across.T @ across
    return Gaussian(model.mean[a] + across.T @ seen, covariance)


@public
def affine(model: Gaussian, matrix: Float[Array, "k d"], shift: Float[Array, " k"]) -> Gaussian:
    r"""Distribution of $A x + b$: mean $A \mu + b$, covariance $A \Sigma A^\top$.

    Raises:
        ValueError: where shapes do not fit.

    Source: Murphy (2012), section 4.4.1 (linear Gaussian systems without noise).

    >>> total = affine(Gaussian(jnp.array([1.0, 2.0]), jnp.eye(2)), jnp.array([[1.0, 1.0]]), jnp.zeros(1))
    >>> total.mean.tolist(), total.covariance.tolist()
    ([3.0], [[2.0]])
    """
    _check(model)
    require.rank("matrix", matrix, 2)
    require.same_length(matrix=(matrix, 1), mean=model.mean)
    require.same_length(matrix=matrix, shift=shift)
    return Gaussian(matrix @ model.mean + shift, matrix @ model.covariance @ matrix.T)


def _check(gaussian: Gaussian) -> None:
    require.rank("mean", gaussian.mean, 1)
    require.square("covariance", gaussian.covariance)
    require.same_length(mean=gaussian.mean, covariance=gaussian.covariance)


def _indices(name: str, chosen: tuple[int, ...], d: int) -> Array:
    sound = len(chosen) > 0 and len(set(chosen)) == len(chosen) and all(0 <= i < d for i in chosen)
    require.that(sound, f"{name} must name different coordinates, from 0 to {d - 1}; found {chosen}")
    return jnp.array(chosen)
