r"""What a Gaussian process predicts. Shapes: n data, m samples, d features. For the model see `gp`."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.linalg import solve_triangular
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import distances, scaling
from mfml.numerics.domain import NON_NEGATIVE, checked
from mfml.uncertainty import kernels
from mfml.uncertainty.prediction import Prediction
from mfml.uncertainty.processes import Fitted, Process

BLOCK = 1024  # samples that are predicted together


class Posterior(NamedTuple):
    """The joint normal distribution of the function at several samples."""

    mean: Float[Array, " m"]  # units of y
    covariance: Float[Array, "m m"]  # squared units of y, without noise


@public
def predict(model: Process | Fitted, x: Float[Array, "m d"]) -> Float[Array, " m"]:
    r"""Predict the posterior mean $\mu + s\, k(x)^\top A^{-1} r$, units of y, in blocks of rows.

    Rounding costs up to about $2 \sqrt n \epsilon v / (\sigma^2 + \delta)$ of the spread of y, v being the variance of
    the kernel: in single precision three thousandths for 1000 samples and a noise variance of v / 400.

    Raises:
        ValueError: unless x has the columns of the data.

    Source: Rasmussen and Williams (2006), equation 2.25.

    >>> from mfml.uncertainty import gp
    >>> model = gp.condition([[0.0]], [1.0], kernel=kernels.RBF(), noise_variance=1.0)
    >>> predict(model, [[0.0], [9.0]]).round(4).tolist()
    [0.5, 0.0]
    """
    _check(model, x)
    return _predict(model, x)


@public
@checked(noise_variance=NON_NEGATIVE)
def predictive(
    model: Process | Fitted, x: Float[Array, "m d"], *, noise_variance: ArrayLike | Float[Array, " m"] | None = None
) -> Prediction:
    r"""Normal distribution at each sample. The epistemic variance is $k(x, x) - k(x)^\top A^{-1} k(x)$.

    It is that of the function, and never negative. The aleatoric variance is that of the noise: the model's own where
    it is one number, or `noise_variance`, in squared units of the model's scale.

    Raises:
        ValueError: unless x has the columns of the data, or if the noise of new measurements is not known.

    Source: Rasmussen and Williams (2006), equation 2.26.

    >>> from mfml.uncertainty import gp
    >>> model = gp.condition([[0.0]], [1.0], kernel=kernels.RBF(), noise_variance=1.0)
    >>> made = predictive(model, [[0.0], [9.0]])
    >>> made.epistemic.round(4).tolist(), made.variance.round(4).tolist()
    ([0.5, 1.0], [1.5, 2.0])
    """
    _check(model, x)
    if noise_variance is None:
        require.that(
            jnp.ndim(model.noise_variance) == 0,
            "give noise_variance for new measurements: this model has another one for each of its samples",
        )
        noise_variance = model.noise_variance
    noise = jnp.asarray(noise_variance)
    require.that(
        noise.shape in ((), (len(x),)), f"noise_variance must be one number, or one per row of x; found {noise.shape}"
    )
    return _predictive(model, x, noise.astype(x.dtype))


@public
def posterior(model: Process | Fitted, x: Float[Array, "m d"]) -> Posterior:
    r"""Joint distribution of the function at all samples, without noise.

    Raises:
        ValueError: unless x has the columns of the data.

    Source: Rasmussen and Williams (2006), equations 2.25 and 2.26.

    >>> from mfml.uncertainty import gp
    >>> model = gp.condition([[0.0]], [1.0], kernel=kernels.RBF(), noise_variance=1.0)
    >>> posterior(model, [[0.0], [9.0]]).covariance.round(4).tolist()
    [[0.5, 0.0], [0.0, 1.0]]
    """
    _check(model, x)
    return _posterior(model, x)


@jax.jit
def _predict(model: Process | Fitted, x: Array) -> Array:
    def of_rows(rows: Array) -> Array:
        return jnp.matmul(kernels.matrix(model.kernel, rows, model.x), model.coef, precision=lax.Precision.HIGHEST)

    return model.mean + model.scale * _by_blocks(of_rows, x)


@jax.jit
def _predictive(model: Process | Fitted, x: Array, noise: Array) -> Prediction:
    def of_rows(rows: Array) -> tuple[Array, Array]:
        cross = kernels.matrix(model.kernel, model.x, rows)
        explained = jnp.sum(solve_triangular(model.lower, cross, lower=True) ** 2, axis=0)
        shift = jnp.matmul(model.coef, cross, precision=lax.Precision.HIGHEST)
        return shift, scaling.at_least(0.0, kernels.diagonal(model.kernel, rows) - explained)

    shift, variance = _by_blocks(of_rows, x)
    noise_std = jnp.broadcast_to(model.scale * distances.root(noise), shift.shape)
    return Prediction(model.mean + model.scale * shift, noise_std, model.scale * distances.root(variance))


@jax.jit
def _posterior(model: Process | Fitted, x: Array) -> Posterior:
    cross = kernels.matrix(model.kernel, model.x, x)
    half = solve_triangular(model.lower, cross, lower=True)
    explained = jnp.matmul(half.T, half, precision=lax.Precision.HIGHEST)
    covariance = kernels.matrix(model.kernel, x, x) - explained
    mean = model.mean + model.scale * jnp.matmul(model.coef, cross, precision=lax.Precision.HIGHEST)
    return Posterior(mean, model.scale * model.scale * covariance)


def _by_blocks(function: Callable[[Array], Any], x: Array) -> Any:
    """Apply a function of rows to blocks of them, so that memory holds the covariances of one block at a time."""
    n = len(x)
    if n <= BLOCK:
        return function(x)
    blocks = jnp.pad(x, ((0, -n % BLOCK), (0, 0)), mode="edge").reshape(-1, BLOCK, x.shape[1])
    return jax.tree.map(lambda a: a.reshape(-1)[:n], lax.map(function, blocks))


def _check(model: Process | Fitted, x: Array) -> None:
    require.rank("x", x, 2)
    require.columns("x", x, model.x.shape[1])
