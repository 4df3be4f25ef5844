r"""Bayesian linear regression with known noise. Shapes: n samples, p columns of the design matrix.

Model $y = X w + \varepsilon$, $\varepsilon \sim \mathcal N(0, s^2)$, prior $w \sim \mathcal N(m_0, S_0)$. With
$m_0 = 0$ and $S_0 = \tau^2 I$ the posterior mean is also the most probable w. It is that of ridge regression with the
penalty $\alpha = s^2 / \tau^2$. So the prior says how large weights may be, in units that have a meaning.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling, sums
from mfml.probability.gaussian import Gaussian
from mfml.risk import metrics


class Prediction(NamedTuple):
    """A normal distribution for each sample."""

    mean: Float[Array, " n"]  # units of y
    variance: Float[Array, " n"]  # of the next measurement: that of the curve plus that of the noise


@public
def ridge_prior(alpha: ArrayLike, noise_variance: ArrayLike, *, n_columns: int) -> Gaussian:
    r"""Prior $\mathcal N(0, (s^2/\alpha) I)$ under which the most probable weights are those of ridge regression.

    These minimize $\|y - X w\|^2 + \alpha \|w\|^2$, with the sum over samples and without a factor 1/2.

    Raises:
        ValueError: unless n_columns >= 1.

    Source: Bishop (2006), equations 3.52 to 3.55.

    >>> ridge_prior(2.0, 1.0, n_columns=1).covariance.item()
    0.5
    """
    require.positive("n_columns", n_columns)
    variance = jnp.asarray(noise_variance, jnp.result_type(float, noise_variance)) / alpha
    return Gaussian(jnp.zeros(n_columns, variance.dtype), variance * jnp.eye(n_columns, dtype=variance.dtype))


@public
@jax.jit
def fit(design: Float[Array, "n p"], y: Float[Array, " n"], *, prior: Gaussian, noise_variance: ArrayLike) -> Gaussian:
    r"""Posterior of the weights: covariance $S = (S_0^{-1} + X^\top X / s^2)^{-1}$, mean m.

    $m = S (S_0^{-1} m_0 + X^\top y / s^2)$. With $S_0 = L L^\top$ it is a least-squares problem for the rows of
    $X L / s$ and of the identity. QR solves it without squaring them, so a vague prior costs few digits. No
    intercept is added: give the design a column of ones, and this weight a wide prior.

    Raises:
        ValueError: where shapes do not fit.

    Source: Bishop (2006), equations 3.50 and 3.51.

    >>> standard = Gaussian(jnp.zeros(1), jnp.eye(1))
    >>> posterior = fit(jnp.array([[1.0], [2.0]]), jnp.array([2.0, 4.0]), prior=standard, noise_variance=1.0)
    >>> round(posterior.mean.item(), 4), round(posterior.covariance.item(), 4)
    (1.6667, 0.1667)
    """
    _check(design, y, prior)
    parts = _solve(design, y, prior, noise_variance)
    half = solve_triangular(parts.factor, parts.root.T, trans="T")
    return Gaussian(prior.mean + parts.root @ parts.shift, half.T @ half)


@public
def predict(model: Gaussian, design: Float[Array, "n p"]) -> Float[Array, " n"]:
    r"""Predict the mean $x \cdot m$ of each sample, in units of y.

    Raises:
        ValueError: unless the design has one column per weight.

    Source: Bishop (2006), equation 3.58.

    >>> predict(Gaussian(jnp.array([2.0]), jnp.array([[0.25]])), jnp.array([[2.0]])).tolist()
    [4.0]
    """
    require.rank("design", design, 2)
    require.columns("design", design, len(model.mean))
    return design @ model.mean


@public
def predictive(model: Gaussian, design: Float[Array, "n p"], *, noise_variance: ArrayLike) -> Prediction:
    r"""Distribution of a measurement at each sample: its mean $x \cdot m$ and its variance $s^2 + x^\top S x$.

    Raises:
        ValueError: unless the design has one column per weight.

    Source: Bishop (2006), equations 3.58 and 3.59.

    >>> known = Gaussian(jnp.array([2.0]), jnp.array([[0.25]]))
    >>> made = predictive(known, jnp.array([[2.0]]), noise_variance=1.0)
    >>> made.mean.item(), made.variance.item()
    (4.0, 2.0)
    """
    mean = predict(model, design)
    spread = jnp.sum((design @ model.covariance) * design, axis=1)
    return Prediction(mean, jnp.asarray(noise_variance) + spread)


@public
@jax.jit
def score(model: Gaussian, design: Float[Array, "n p"], y: Float[Array, " n"]) -> Float[Array, ""]:
    r"""Coefficient of determination $R^2$ of the predicted means, see `mfml.risk.metrics.r2`.

    Raises:
        ValueError: if shapes do not fit.

    >>> known = Gaussian(jnp.array([1.0]), jnp.array([[0.25]]))
    >>> round(score(known, jnp.array([[0.0], [1.0], [2.0]]), jnp.array([0.0, 1.0, 3.0])).item(), 4)
    0.7857
    """
    require.rank("y", y, 1)
    require.same_length(design=design, y=y)
    require.that(len(y) > 0, f"y must have at least one entry; found shape {y.shape}")
    return metrics.r2(predict(model, design), y)


@public
@jax.jit
def log_evidence(
    design: Float[Array, "n p"], y: Float[Array, " n"], *, prior: Gaussian, noise_variance: ArrayLike
) -> Float[Array, ""]:
    r"""Log-density of the data, averaged over the prior: $\log \mathcal N(y; X m_0, X S_0 X^\top + s^2 I)$, nats.

    It is computed from p by p matrices. To choose a prior and a noise without a test set, take those that make it
    largest.

    Raises:
        ValueError: where shapes do not fit.

    Source: Bishop (2006), section 3.5.1; Rasmussen and Williams (2006), equations A.9 and A.10.

    >>> standard = Gaussian(jnp.zeros(1), jnp.eye(1))
    >>> round(log_evidence(jnp.ones((1, 1)), jnp.zeros(1), prior=standard, noise_variance=1.0).item(), 4)
    -1.2655
    """
    _check(design, y, prior)
    parts = _solve(design, y, prior, noise_variance)
    log_det = len(y) * jnp.log(2 * math.pi * jnp.asarray(noise_variance))
    log_det = log_det + 2 * jnp.sum(jnp.log(jnp.abs(jnp.diag(parts.factor))))
    return -0.5 * (parts.misfit + log_det)


class _Solved(NamedTuple):
    """Weights in units of the prior, where they are standard normal before the data are seen."""

    root: Array  # L, the Cholesky factor of the prior covariance
    factor: Array  # R, with R^T R = I + Z^T Z; Z is the design in units of prior and noise
    shift: Array  # posterior mean u of these weights
    misfit: Array  # |r - Z u|^2 + |u|^2 with the residuals r from the prior mean, in units of the noise


def _solve(design: Array, y: Array, prior: Gaussian, noise_variance: ArrayLike) -> _Solved:
    """Minimize the misfit, which is the sum of squares of a system with the rows of Z and those of the identity."""
    root, noise = scaling.cholesky(prior.covariance), jnp.sqrt(noise_variance)
    z, residual = design @ (root / noise), (y - design @ prior.mean) / noise
    q, factor = jnp.linalg.qr(jnp.concatenate([z, jnp.eye(len(root), dtype=z.dtype)]))
    shift = solve_triangular(factor, sums.cross(q[: len(y)], residual))
    for _ in range(2):  # refinement: far from 0 the columns of the design are nearly parallel
        slope = sums.cross(z, residual - z @ shift) - shift
        shift = shift + solve_triangular(factor, solve_triangular(factor, slope, trans="T"))
    return _Solved(root, factor, shift, jnp.sum((residual - z @ shift) ** 2) + jnp.sum(shift**2))


def _check(design: Array, y: Array, prior: Gaussian) -> None:
    require.rank("design", design, 2)
    require.rank("y", y, 1)
    require.same_length(design=design, y=y)
    require.same_length(design=(design, 1), mean_of_prior=prior.mean, covariance_of_prior=prior.covariance)
