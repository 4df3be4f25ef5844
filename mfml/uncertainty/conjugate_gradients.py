r"""The exact mean of a Gaussian process for many samples, without its n by n matrix. Shapes: n samples, d features.

Conjugate gradients solve $(K + s^2 I)\, \alpha = y - \bar y$ from products with K, which are computed in blocks. A
partial Cholesky factorization $K \approx L L^\top$ makes the preconditioner $L L^\top + s^2 I$: what it explains of K
costs no steps. Memory grows with n, time with n squared per step.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int

from mfml import iteration, require
from mfml.entrance import public
from mfml.iteration import Status
from mfml.numerics import scaling, sums
from mfml.numerics.domain import POSITIVE, checked
from mfml.risk import metrics
from mfml.uncertainty import inducing, kernels, products
from mfml.uncertainty.kernels import Kernel

PROGRESS = 0.5  # a restart that leaves more than this share of the residual is stopped by rounding


class Mean(NamedTuple):
    """Fitted mean of a Gaussian process."""

    kernel: Kernel
    x: Float[Array, "n d"]
    coef: Float[Array, " n"]  # alpha, inverse units of scale
    mean: Float[Array, ""]  # of y, units of y
    scale: Float[Array, ""]  # units of y
    residual: Float[Array, ""]  # |y - mean - (K + s^2 I) alpha| / |y - mean|, computed from alpha itself
    history: Float[Array, " steps"]  # relative residual as the steps update it
    n_iter: Int[Array, ""]  # products with K
    converged: Bool[Array, ""]  # whether residual <= tol
    status: Int[Array, ""]  # CONVERGED, MAX_ITER, STALLED or NON_FINITE, see `mfml.iteration`


class _State(NamedTuple):
    """Of the method, with the right-hand side in units of its length."""

    coef: Array
    residual: Array  # as updated, or computed from `coef` where `known`
    direction: Array
    energy: Array  # of the residual, in the norm of the preconditioner
    known: Array  # whether the residual has been computed from `coef`
    size: Array  # length of the residual
    before: Array  # length of the residual that was computed last
    stalled: Array


@public
@checked(noise_variance=POSITIVE)
def fit(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    kernel: Kernel,
    noise_variance: ArrayLike,
    scale: ArrayLike = 1.0,
    n_inducing: int = 200,
    max_iter: int = 200,
    tol: float = 1e-3,
) -> Mean:
    r"""Solve for the mean of a Gaussian process around the mean of y, exact to the relative residual `tol`.

    The residual that the steps update drifts away from the true one. So when it reaches `tol`, the true residual is
    computed, and the method goes on from there if it is larger. Only a true residual counts as converged. Where
    rounding leaves more than half of it, the status is STALLED: each entry of K is rounded, so in single precision
    50000 samples with a noise of a tenth of their spread end at 1.5e-3. `n_inducing` is the rank of the preconditioner,
    at most n. n_inducing, max_iter and tol are static.

    Args:
        x: inputs.
        y: measured values.
        kernel: covariance function of (y - mean) / scale; see `kernels`.
        noise_variance: of a measurement, in squared units of scale.
        scale: unit in which y is given to the kernel, as in `gp`; its square must be a number.
        n_inducing: rank of the preconditioner.
        max_iter: largest number of products with K.
        tol: relative residual at which to stop.

    Raises:
        ValueError: where shapes do not fit; for a known noise variance that is not positive (NaN where it is traced);
            unless n_inducing >= 1, max_iter >= 1 and tol >= 0.

    Source: Hestenes and Stiefel (1952); Gardner et al. (2018).

    >>> x = jnp.array([[0.0], [1.0], [5.0]])
    >>> model = fit(x, jnp.array([0.0, 1.0, 5.0]), kernel=kernels.RBF(), noise_variance=0.1)
    >>> model.converged.item()
    True
    """
    require.rank("x", x, 2)
    require.samples(x, y)
    require.sizes(n_inducing=n_inducing)
    require.that(tol >= 0, f"tol must not be negative; found {tol}")
    return _fit(x, y, kernels.ready(kernel, x), noise_variance, scale, min(n_inducing, len(x)), max_iter, tol)


@partial(jax.jit, static_argnames=("rank", "max_iter", "tol"))
def _fit(
    x: Array,
    y: Array,
    kernel: Kernel,
    noise_variance: ArrayLike,
    scale: ArrayLike,
    rank: int,
    max_iter: int,
    tol: float,
) -> Mean:
    moved, mean, rest = sums.centered(y)
    scale = jnp.asarray(scale, y.dtype)
    moved = moved / scale
    length = scaling.length(moved)
    target = moved * (1 / jnp.where(length == 0, 1.0, length))
    noise = jnp.asarray(noise_variance, x.dtype)
    unit = scaling.power_of_two(jnp.maximum(noise, scaling.unit(kernels.diagonal(kernel, x))))
    noise = noise * (1 / unit)

    def product(v: Array) -> Array:
        return products.kernel_times(x, x, v, kernel=kernel) * (1 / unit) + noise * v

    precondition = _preconditioner(x, kernel, rank, noise, unit)
    state, report = iteration.run(
        partial(_step, product, precondition, target, tol),
        _start(target, precondition),
        max_iter=max_iter,
        objective=lambda state: state.size,
        converged=lambda state: state.known & (state.size <= tol),
        failed={Status.STALLED: lambda state: state.stalled},
    )
    residual = jnp.where(state.known, state.size, _length(target - product(state.coef)))
    return Mean(kernel, x, state.coef * length * (1 / unit), mean + rest, scale, residual, *report)


@public
@jax.jit
def predict(model: Mean, x: Float[Array, "n d"]) -> Float[Array, " n"]:
    r"""Posterior mean $\bar y + \sum_j k(x, x_j)\, \alpha_j$ of f, in units of y.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    Source: Rasmussen and Williams (2006), equation 2.27.

    >>> model = fit(jnp.array([[0.0], [9.0]]), jnp.array([1.0, 3.0]), kernel=kernels.RBF(), noise_variance=1.0)
    >>> predict(model, jnp.array([[0.0]])).tolist()
    [1.5]
    """
    require.rank("x", x, 2)
    require.columns("x", x, model.x.shape[1])
    return model.mean + model.scale * products.kernel_times(x, model.x, model.coef, kernel=model.kernel)


@public
@jax.jit
def score(model: Mean, x: Float[Array, "n d"], y: Float[Array, " n"]) -> Float[Array, ""]:
    r"""Coefficient of determination $R^2$ of the predicted means, see `mfml.risk.metrics.r2`.

    Raises:
        ValueError: where shapes do not fit.

    >>> model = fit(jnp.array([[0.0], [9.0]]), jnp.array([1.0, 3.0]), kernel=kernels.RBF(), noise_variance=1.0)
    >>> score(model, jnp.array([[0.0], [9.0]]), jnp.array([1.0, 3.0])).item()
    0.75
    """
    require.samples(x, y)
    return metrics.r2(predict(model, x), y)


def _preconditioner(x: Array, kernel: Kernel, rank: int, noise: Array, unit: Array) -> Callable[[Array], Array]:
    r"""Solve with $L L^\top + s^2 I$: $(v - Q_1 Q_1^\top v) / s^2$, where $Q_1$ is L's part of the QR of [L; s I]."""
    factor = inducing.pivoted_cholesky(x, kernel=kernel, n_inducing=rank).factor * (1 / jnp.sqrt(unit * noise))
    q = jnp.linalg.qr(jnp.concatenate([factor, jnp.eye(rank, dtype=x.dtype)]))[0][: len(x)]
    return lambda v: v - q @ sums.cross(q, v)  # times s^2, which no step depends on


def _start(target: Array, precondition: Callable[[Array], Array]) -> _State:
    direction = precondition(target)
    energy, size = jnp.sum(target * direction), _length(target)
    return _State(
        jnp.zeros_like(target), target, direction, energy, size == 0, size, jnp.full_like(size, jnp.inf), size < 0
    )


def _step(
    product: Callable[[Array], Array],
    precondition: Callable[[Array], Array],
    target: Array,
    tol: float,
    state: _State,
    _: Any,
) -> _State:
    """One product: with the direction, or with the solution where its residual is to be known."""
    check = ~state.known & (state.size <= tol)
    image = product(jnp.where(check, state.coef, state.direction))
    curvature = jnp.sum(state.direction * image)
    length = jnp.where(check, 0.0, state.energy / jnp.where(check | (curvature == 0), 1.0, curvature))
    coef = state.coef + length * state.direction
    residual = jnp.where(check, target - image, state.residual - length * image)
    shaped = precondition(residual)
    energy = jnp.sum(residual * shaped)
    turn = jnp.where(check, 0.0, energy / jnp.where(state.energy == 0, 1.0, state.energy))
    size = _length(residual)
    return _State(
        coef,
        residual,
        shaped + turn * state.direction,
        energy,
        check,
        size,
        jnp.where(check, size, state.before),
        check & (size > PROGRESS * state.before),
    )


def _length(v: Array) -> Array:
    return jnp.sqrt(jnp.sum(v * v))
