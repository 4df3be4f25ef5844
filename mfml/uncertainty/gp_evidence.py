r"""How well a Gaussian process explains data: the evidence, and predictions of each sample from all others.

Both choose kernels and noise without a test set. Shapes: n samples, d features. For the model, the mean, the scale and
$A$ see `gp`.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.linalg import solve_triangular
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics.domain import NON_NEGATIVE, POSITIVE, checked
from mfml.uncertainty import jitter, kernels
from mfml.uncertainty.kernels import Kernel

Noise = ArrayLike | Float[Array, " n"]


class LeaveOneOut(NamedTuple):
    """What all other samples predict for each."""

    mean: Float[Array, " n"]  # units of y
    variance: Float[Array, " n"]  # of the measurement, with its noise, squared units of y
    log_density: Float[Array, ""]  # sum over the samples, nats


@public
@checked(noise_variance=NON_NEGATIVE, scale=POSITIVE)
def log_evidence(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    kernel: Kernel,
    noise_variance: Noise,
    mean: ArrayLike = 0.0,
    scale: ArrayLike = 1.0,
) -> Float[Array, ""]:
    r"""Log-density of the data, averaged over functions: $\log \mathcal N(y; \mu, s^2 A)$, nats.

    It may be differentiated in all hyperparameters. The derivative takes $A^{-1}$ once, however many there are.

    Raises:
        ValueError: as `condition`.

    Source: Rasmussen and Williams (2006), equations 2.30 and 5.9.

    >>> round(log_evidence([[0.0]], [0.0], kernel=kernels.RBF(), noise_variance=1.0).item(), 4)
    -1.2655
    """
    require.rank("x", x, 2)
    require.samples(x, y)
    return _log_evidence(x, y, kernels.ready(kernel, x), noise_variance, mean, scale)


@public
@checked(noise_variance=NON_NEGATIVE, scale=POSITIVE)
def leave_one_out(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    kernel: Kernel,
    noise_variance: Noise,
    mean: ArrayLike = 0.0,
    scale: ArrayLike = 1.0,
) -> LeaveOneOut:
    r"""Predict each measurement from all others, without n fits.

    Its mean is $y_i - s\, c_i / B_{ii}$, its variance $s^2 / B_{ii}$, with $B = A^{-1}$ and $c = B r$. Hyperparameters
    stay as they are. The sum of the log-densities chooses them as the evidence does, and trusts the prior less. Equal
    samples without noise predict each other through the jitter only, which is hardly more than rounding: give a noise.

    Raises:
        ValueError: as `condition`.

    Source: Rasmussen and Williams (2006), section 5.4.2.

    >>> left = leave_one_out([[0.0], [0.0]], [1.0, 5.0], kernel=kernels.RBF(), noise_variance=1.0)
    >>> left.mean.round(4).tolist(), left.variance.round(4).tolist()
    ([2.5, 0.5], [1.5, 1.5])
    """
    require.rank("x", x, 2)
    require.samples(x, y)
    return _leave_one_out(x, y, kernels.ready(kernel, x), noise_variance, mean, scale)


@public
def log_density(
    residual: Float[Array, " n"], covariance: Float[Array, "n n"], *, noise_variance: Noise
) -> Float[Array, ""]:
    r"""Log-density $\log \mathcal N(r; 0, A)$ of residuals, nats, with the derivative that `log_evidence` has.

    Raises:
        ValueError: if shapes do not fit.

    Source: Rasmussen and Williams (2006), equations 2.30 and 5.9.

    >>> round(log_density([0.0], [[1.0]], noise_variance=1.0).item(), 4)
    -1.2655
    """
    require.same_length(residual=residual, covariance=covariance)
    return _log_density(residual, covariance, jnp.asarray(noise_variance, residual.dtype))


@public
@jax.jit
def normal(residual: Float[Array, " n"], lower: Float[Array, "n n"], coef: Float[Array, " n"]) -> Float[Array, ""]:
    r"""Log-density $\log \mathcal N(r; 0, A)$ from the factor $A = L L^\top$ and the coefficients $A^{-1} r$, nats.

    Source: Rasmussen and Williams (2006), equation 2.30.

    >>> round(normal([0.0], [[1.0]], [0.0]).item(), 4)
    -0.9189
    """
    half_log_det = jnp.sum(jnp.log(jnp.diagonal(lower)))
    return -0.5 * jnp.sum(residual * coef) - half_log_det - 0.5 * len(residual) * math.log(2 * math.pi)


@jax.jit
def _log_evidence(
    x: Array, y: Array, kernel: Kernel, noise_variance: ArrayLike, mean: ArrayLike, scale: ArrayLike
) -> Array:
    noise, scale = jnp.asarray(noise_variance, y.dtype), jnp.asarray(scale, y.dtype)
    residual = (y - jnp.asarray(mean, y.dtype)) / scale
    return _log_density(residual, kernels.matrix(kernel, x, x), noise) - len(y) * jnp.log(scale)


@jax.custom_jvp
def _log_density(residual: Array, covariance: Array, noise: Array) -> Array:
    return normal(residual, *_factored(residual, covariance, noise))


@_log_density.defjvp
def _(primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    """Half the trace of (c c^T - A^-1) dA, minus c dr: derivatives through the factor would cost more."""
    residual, covariance, noise = primals
    lower, coef = _factored(residual, covariance, noise)
    pull = 0.5 * (coef[:, None] * coef - _inverse(lower))
    per_sample = jnp.diagonal(pull) * jnp.broadcast_to(tangents[2], residual.shape)
    change = jnp.sum(pull * tangents[1]) + jnp.sum(per_sample) - jnp.sum(coef * tangents[0])
    return normal(residual, lower, coef), change


@jax.jit
def _leave_one_out(
    x: Array, y: Array, kernel: Kernel, noise_variance: ArrayLike, mean: ArrayLike, scale: ArrayLike
) -> LeaveOneOut:
    noise, mean, scale = (jnp.asarray(value, y.dtype) for value in (noise_variance, mean, scale))
    lower, coef = _factored((y - mean) / scale, kernels.matrix(kernel, x, x), noise)
    root = solve_triangular(lower, jnp.eye(len(y), dtype=y.dtype), lower=True)
    precision = jnp.sum(root**2, axis=0)
    misfit = coef / precision
    densities = 0.5 * (jnp.log(precision) - misfit * coef - math.log(2 * math.pi))
    total = jnp.sum(densities) - len(y) * jnp.log(scale)
    return LeaveOneOut(y - scale * misfit, scale * (scale / precision), total)


def _factored(residual: Array, covariance: Array, noise: Array) -> tuple[Array, Array]:
    """The factor of A, and A^-1 r."""
    factor = jitter.cholesky(covariance, noise_variance=noise)
    return factor.lower, jitter.solve(factor, covariance, residual, noise_variance=noise)


def _inverse(lower: Array) -> Array:
    root = solve_triangular(lower, jnp.eye(len(lower), dtype=lower.dtype), lower=True)
    return jnp.matmul(root.T, root, precision=lax.Precision.HIGHEST)
