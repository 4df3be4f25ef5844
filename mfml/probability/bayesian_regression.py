r"""Bayesian linear regression with known noise. Shapes: n samples, p columns of the design matrix.

Model $y = X w + \varepsilon$, $\varepsilon \sim \mathcal N(0, s^2)$, prior $w \sim \mathcal N(m_0, S_0)$. With
$m_0 = 0$ and $S_0 = \tau^2 I$ the posterior mean, which is also the most probable w, is ridge regression with the
penalty $\alpha = s^2 / \tau^2$: the prior says how large weights may be, in units that have a meaning.
"""

import math
from typing import NamedTuple

import jax.numpy as jnp
from jax.scipy.linalg import cho_solve, solve_triangular
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.probability.gaussian import Gaussian


class Prediction(NamedTuple):
    """A normal distribution for each sample."""

    mean: Float[Array, " n"]  # units of y
    variance: Float[Array, " n"]  # of the next measurement: of the curve, and the noise


def ridge_prior(alpha: ArrayLike, noise_variance: ArrayLike, *, n_columns: int) -> Gaussian:
    r"""Prior $\mathcal N(0, (s^2/\alpha) I)$ under which the most probable weights are those of ridge regression.

    That is, the minimum of $\|y - X w\|^2 + \alpha \|w\|^2$, with the sum and without a factor 1/2.

    Raises:
        ValueError: unless n_columns >= 1.

    Source: Bishop (2006), equations 3.52 to 3.55.

    >>> ridge_prior(2.0, 1.0, n_columns=1).covariance.item()
    0.5
    """
    require.positive("n_columns", n_columns)
    variance = jnp.asarray(noise_variance, jnp.result_type(float, noise_variance)) / alpha
    return Gaussian(jnp.zeros(n_columns, variance.dtype), variance * jnp.eye(n_columns, dtype=variance.dtype))


def fit(design: Float[Array, "n p"], y: Float[Array, " n"], *, prior: Gaussian, noise_variance: ArrayLike) -> Gaussian:
    r"""Posterior of the weights: covariance $S = (S_0^{-1} + X^\top X / s^2)^{-1}$, mean m.

    $m = S (S_0^{-1} m_0 + X^\top y / s^2)$. Solved with $S_0 = L L^\top$ as
    $(I + L^\top X^\top X L / s^2)$, which is well conditioned also for a vague prior. There is no further
    intercept: give it a column of ones, and a wide prior.

    Raises:
        ValueError: where shapes do not fit.

    Source: Bishop (2006), equations 3.50 and 3.51.

    >>> standard = Gaussian(jnp.zeros(1), jnp.eye(1))
    >>> posterior = fit(jnp.array([[1.0], [2.0]]), jnp.array([2.0, 4.0]), prior=standard, noise_variance=1.0)
    >>> round(posterior.mean.item(), 4), round(posterior.covariance.item(), 4)
    (1.6667, 0.1667)
    """
    _check(design, y, prior)
    root = jnp.linalg.cholesky(prior.covariance)
    factor, z = _factor(design, root, noise_variance)
    residual = y - design @ prior.mean
    shift = cho_solve((factor, True), z.T @ residual / jnp.sqrt(noise_variance))
    half = solve_triangular(factor, root.T, lower=True)
    return Gaussian(prior.mean + root @ shift, half.T @ half)


def predict(model: Gaussian, design: Float[Array, "n p"], *, noise_variance: ArrayLike) -> Prediction:
    r"""Predict $x \cdot m$, and the variance $s^2 + x^\top S x$ of a measurement there.

    Raises:
        ValueError: unless the design has one column a weight.

    Source: Bishop (2006), equations 3.58 and 3.59.

    >>> known = Gaussian(jnp.array([2.0]), jnp.array([[0.25]]))
    >>> made = predict(known, jnp.array([[2.0]]), noise_variance=1.0)
    >>> made.mean.item(), made.variance.item()
    (4.0, 2.0)
    """
    require.rank("design", design, 2)
    require.same_length(columns_of_design=design.T, mean=model.mean)
    spread = jnp.sum((design @ model.covariance) * design, axis=1)
    return Prediction(design @ model.mean, jnp.asarray(noise_variance) + spread)


def log_evidence(
    design: Float[Array, "n p"], y: Float[Array, " n"], *, prior: Gaussian, noise_variance: ArrayLike
) -> Float[Array, ""]:
    r"""Log-density of the data, averaged over the prior: $\log \mathcal N(y; X m_0, X S_0 X^\top + s^2 I)$, nats.

    Computed from p by p matrices. The prior and the noise that make it largest are chosen without a test set.

    Raises:
        ValueError: where shapes do not fit.

    Source: Bishop (2006), section 3.5.1; Rasmussen and Williams (2006), equations A.9 and A.10.

    >>> standard = Gaussian(jnp.zeros(1), jnp.eye(1))
    >>> round(log_evidence(jnp.ones((1, 1)), jnp.zeros(1), prior=standard, noise_variance=1.0).item(), 4)
    -1.2655
    """
    _check(design, y, prior)
    factor, z = _factor(design, jnp.linalg.cholesky(prior.covariance), noise_variance)
    residual = (y - design @ prior.mean) / jnp.sqrt(noise_variance)
    explained = solve_triangular(factor, z.T @ residual, lower=True)
    misfit = jnp.sum(residual**2) - jnp.sum(explained**2)
    log_det = len(y) * jnp.log(2 * math.pi * jnp.asarray(noise_variance)) + 2 * jnp.sum(jnp.log(jnp.diag(factor)))
    return -0.5 * (misfit + log_det)


def _factor(design: Array, root: Array, noise_variance: ArrayLike) -> tuple[Array, Array]:
    """Cholesky factor of I + Z^T Z, and Z, the design in units of prior and noise."""
    z = design @ root / jnp.sqrt(noise_variance)
    return jnp.linalg.cholesky(jnp.eye(len(root), dtype=z.dtype) + z.T @ z), z


def _check(design: Array, y: Array, prior: Gaussian) -> None:
    require.rank("design", design, 2)
    require.rank("y", y, 1)
    require.same_length(design=design, y=y)
    require.same_length(columns_of_design=design.T, mean_of_prior=prior.mean)
    require.same_length(mean_of_prior=prior.mean, covariance_of_prior=prior.covariance)
