r"""Gaussian processes for many samples: inducing points. Shapes: n samples, d features, m inducing inputs.

The values u of the function at m inputs stand for all n. Titsias' bound on the log evidence says what this costs: it
never exceeds the evidence of the exact process, and equals it where the inducing inputs are the samples. So inducing
inputs are variational parameters, and more of them cannot overfit. Time grows as n m^2, memory as n.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.scipy.linalg import solve_triangular
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import iteration, require
from mfml.entrance import public
from mfml.iteration import Report, Status
from mfml.numerics import distances, scaling, sums
from mfml.numerics.domain import POSITIVE, checked
from mfml.risk import metrics
from mfml.uncertainty import collapsed, kernels
from mfml.uncertainty import inducing as inducing_inputs
from mfml.uncertainty.kernels import Kernel
from mfml.uncertainty.prediction import Prediction

STEP = 1.0  # largest change of a logarithm in one step
RANGE = 12.0  # a hyperparameter changes by a factor of 160000 at most
DECREASE, SHRINK, LEAST = 1e-4, 0.25, 1e-3  # share of the promised decrease that is enough; what a step shrinks by, to
FLOOR = 16  # least noise variance in units of rounding of the variance of y: below, rounding is the noise


class SparseGP(NamedTuple):
    """Fitted model."""

    kernel: Kernel
    noise_variance: Float[Array, ""]  # of a measurement, in squared units of scale
    inducing: Float[Array, "m d"]
    mean: Float[Array, ""]  # of y, units of y
    scale: Float[Array, ""]  # units of y
    root: Float[Array, "m m"]  # L, lower, with $L L^\\top = K_{mm}$ plus the jitter
    factor: Float[Array, "m m"]  # R, see `collapsed`
    shift: Float[Array, " m"]  # posterior mean of $L^{-1} u$, without units
    jitter: Float[Array, ""]  # added to the diagonal of $K_{mm}$, in squared units of scale
    bound: Float[Array, ""]  # on the log evidence of y minus its mean, nats
    history: Float[Array, " steps"]  # minus the bound per sample, nats
    n_iter: Int[Array, ""]  # steps of BFGS
    converged: Bool[Array, ""]  # whether no slope of the bound per sample exceeds tol
    status: Int[Array, ""]  # a `mfml.iteration.Status`


@public
@checked(noise_variance=POSITIVE)
def fit(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    kernel: Kernel,
    noise_variance: ArrayLike,
    n_inducing: int,
    scale: ArrayLike = 1.0,
    key: Key[Array, ""] | None = None,
    init: str = "greedy",
    n_candidates: int | None = None,
    n_rows: int | None = None,
    max_iter: int = 50,
    tol: ArrayLike = 1e-3,
) -> SparseGP:
    r"""Choose inducing inputs, then hyperparameters by BFGS on the bound, and condition on all samples.

    The function varies around the mean of y. The hyperparameters given are those to start from, and are moved on a
    logarithmic axis. Inducing inputs are chosen for the first ones, and again for the last. Only the time of the search
    depends on `n_rows`: it looks at as many samples, drawn at random. All numbers of samples and steps are static.

    Args:
        x: inputs.
        y: measured values.
        kernel: covariance function of (y - mean) / scale; see `kernels`.
        noise_variance: of a measurement, in squared units of scale.
        n_inducing: number of inducing inputs, at most n.
        scale: unit in which y is given to the kernel, as in `gp`; its square must be a number.
        key: for "k-means++" and for `n_rows`; neither the default nor a start without them needs one.
        init: how inducing inputs are chosen, "greedy" or "k-means++"; see `inducing.choose`.
        n_candidates: samples among which they are chosen, at most `n_rows`; None takes all.
        n_rows: samples that the search for hyperparameters looks at; None takes all.
        max_iter: largest number of steps; 0 keeps the hyperparameters as they are.
        tol: slope of the bound per sample, in nats per logarithm of a hyperparameter, at which to stop.

    Raises:
        ValueError: where shapes do not fit; for a known noise variance that is not positive (NaN where it is traced);
            unless 1 <= n_inducing <= n_candidates <= n_rows <= n and max_iter >= 0; where a key is needed and missing.

    Source: Titsias (2009); Nocedal and Wright (2006), algorithm 6.1.

    >>> x = jnp.linspace(0.0, 6.0, 40)[:, None]
    >>> model = fit(x, jnp.sin(x[:, 0]), kernel=kernels.RBF(), noise_variance=0.01, n_inducing=8, max_iter=0)
    >>> predict(model, jnp.array([[1.0]])).round(2).tolist()
    [0.8...]
    """
    require.rank("x", x, 2)
    require.samples(x, y)
    require.that(max_iter >= 0, f"max_iter must not be negative; found {max_iter}")
    rows = len(x) if n_rows is None else n_rows
    require.between("n_rows", rows, 1, len(x))
    require.between("n_inducing", n_inducing, 1, rows)
    if rows < len(x) and key is None:
        raise ValueError("n_rows needs a key; found none")
    kernel, noise = kernels.ready(kernel, x), jnp.asarray(noise_variance, x.dtype)
    if n_candidates is not None:
        require.between("n_candidates", n_candidates, n_inducing, rows)
    choose = partial(inducing_inputs.choose, n_inducing=n_inducing, key=key, init=init, n_candidates=n_candidates)
    report = None
    if max_iter > 0:
        few = slice(None) if key is None or rows == len(x) else jax.random.permutation(key, len(x))[:rows]
        moved = _residuals(y, scale)[0]
        kernel, noise, report = _search(x[few], moved[few], kernel, noise, choose(x[few], kernel=kernel), max_iter, tol)
    return _condition(x, y, kernel, noise, scale, choose(x, kernel=kernel), report)


@public
@jax.jit
def predict(model: SparseGP, x: Float[Array, "n d"]) -> Float[Array, " n"]:
    r"""Posterior mean of f, in units of y.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    Source: Titsias (2009), equation 6.

    >>> x = jnp.array([[0.0], [9.0]])
    >>> model = fit(x, jnp.array([1.0, 3.0]), kernel=kernels.RBF(), noise_variance=1.0, n_inducing=2, max_iter=0)
    >>> predict(model, x).round(3).tolist()
    [1.5..., 2.5...]
    """
    _check(model, x)
    return model.mean + model.scale * (_features(model, x).T @ model.shift)


@public
@jax.jit
def predictive(model: SparseGP, x: Float[Array, "n d"]) -> Prediction:
    r"""Normal distribution at each sample. The aleatoric variance is that of the noise, the epistemic the function's.

    With $a = L^{-1} k_m(x)$ the latter is $k(x, x) - |a|^2 + |R^{-\top} a|^2$. Far from the
    inducing inputs it is that before data were seen.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    Source: Titsias (2009), equation 6.

    >>> x = jnp.array([[0.0], [9.0]])
    >>> model = fit(x, jnp.array([1.0, 3.0]), kernel=kernels.RBF(), noise_variance=1.0, n_inducing=2, max_iter=0)
    >>> predictive(model, x).variance.round(3).tolist()
    [1.5..., 1.5...]
    """
    _check(model, x)
    a = _features(model, x)
    known = jnp.sum(a * a, axis=0)
    unknown = jnp.sum(solve_triangular(model.factor, a, trans="T") ** 2, axis=0)
    variance = scaling.at_least(0.0, kernels.diagonal(model.kernel, x) - known) + unknown
    return Prediction(
        model.mean + model.scale * (a.T @ model.shift),
        jnp.broadcast_to(model.scale * distances.root(model.noise_variance), variance.shape),
        model.scale * distances.root(variance),
    )


@public
@jax.jit
def score(model: SparseGP, x: Float[Array, "n d"], y: Float[Array, " n"]) -> Float[Array, ""]:
    r"""Coefficient of determination $R^2$ of the predicted means, see `mfml.risk.metrics.r2`.

    Raises:
        ValueError: where shapes do not fit.

    >>> x = jnp.array([[0.0], [9.0]])
    >>> model = fit(x, jnp.array([1.0, 3.0]), kernel=kernels.RBF(), noise_variance=1.0, n_inducing=2, max_iter=0)
    >>> round(score(model, x, jnp.array([1.0, 3.0])).item(), 3)
    0.75
    """
    require.samples(x, y)
    return metrics.r2(predict(model, x), y)


def _check(model: SparseGP, x: Array) -> None:
    require.rank("x", x, 2)
    require.columns("x", x, model.inducing.shape[1])


def _features(model: SparseGP, x: Array) -> Array:
    """L^{-1} k_m(x), a column per sample."""
    return solve_triangular(model.root, kernels.matrix(model.kernel, model.inducing, x), lower=True)


@jax.jit
def _residuals(y: Array, scale: ArrayLike) -> tuple[Array, Array, Array]:
    moved, mean, rest = sums.centered(y)
    unit = jnp.asarray(scale, y.dtype)
    return moved / unit, mean + rest, unit


@jax.jit
def _condition(
    x: Array, y: Array, kernel: Kernel, noise: Array, scale: ArrayLike, inducing: Array, report: Report | None
) -> SparseGP:
    moved, mean, unit = _residuals(y, scale)
    found = collapsed.collapse(x, moved, kernel=kernel, noise_variance=noise, inducing=inducing)
    report = iteration.finished(-found.bound[None] / len(x)) if report is None else report
    sound = jnp.isfinite(found.bound)
    status = jnp.where(sound, report.status, int(Status.NON_FINITE))
    report = report._replace(converged=report.converged & sound, status=status)
    found = found._replace(bound=found.bound - len(y) * jnp.log(unit))
    return SparseGP(kernel, noise, inducing, mean, unit, *found, *report)


@partial(jax.jit, static_argnames="max_iter")
def _search(
    x: Array, y: Array, kernel: Kernel, noise: Array, inducing: Array, max_iter: int, tol: ArrayLike
) -> tuple[Kernel, Array, Report]:
    """Hyperparameters that maximize the bound, in logarithms of what was given: at 0 all are as at the start."""
    start, unravel = ravel_pytree(jax.tree.map(jnp.zeros_like, (kernel, noise)))
    least = FLOOR * float(jnp.finfo(x.dtype).eps) * jnp.mean(y * y)

    def at(logs: Array) -> tuple[Kernel, Array]:
        moved = jax.tree.map(lambda first, log: first * jnp.exp(log), (kernel, noise), unravel(logs))
        return moved[0], moved[1] + least

    def loss(logs: Array) -> Array:
        moved, variance = at(logs)
        return -collapsed.bound(x, y, kernel=moved, noise_variance=variance, inducing=inducing) / len(x)

    state, report = iteration.run(
        lambda state, _: _step(state, loss),
        _State(start, *jax.value_and_grad(loss)(start), jnp.eye(len(start), dtype=x.dtype), jnp.ones((), x.dtype)),
        max_iter=max_iter,
        objective=lambda state: state.loss,
        converged=lambda state: jnp.max(jnp.abs(state.slope)) <= tol,
        failed={Status.STALLED: lambda state: state.share < LEAST},
    )
    return *at(state.logs), report


class _State(NamedTuple):
    """Of BFGS."""

    logs: Array
    loss: Array
    slope: Array
    inverse: Array  # of the second derivatives, as far as they are known
    share: Array  # of the full step that is tried next


def _step(state: _State, loss: Callable[[Array], Array]) -> _State:
    """Try a share of the full step; whether it is taken or not, its curvature is learned."""
    full = -state.inverse @ state.slope
    full = full * (STEP / jnp.maximum(jnp.max(jnp.abs(full)), STEP))
    trial = jnp.clip(state.logs + state.share * full, -RANGE, RANGE)
    value, slope = jax.value_and_grad(loss)(trial)
    way, change = trial - state.logs, slope - state.slope
    rounding = 4 * jnp.finfo(value.dtype).eps * (jnp.abs(state.loss) + 1)
    better = value <= state.loss + DECREASE * jnp.sum(state.slope * way) + rounding  # False for NaN
    inverse = _learned(state.inverse, way, change)
    share = jnp.where(better, 1.0, SHRINK * state.share).astype(value.dtype)
    old = state.logs, state.loss, state.slope
    logs, value, slope = (jnp.where(better, a, b) for a, b in zip((trial, value, slope), old, strict=True))
    return _State(logs, value, slope, inverse, share)


def _learned(inverse: Array, way: Array, change: Array) -> Array:
    """The BFGS update, where the slope rises along the way by more than rounding."""
    product = jnp.sum(way * change)
    useful = product > 1e-3 * jnp.sqrt(jnp.sum(way * way) * jnp.sum(change * change))
    scale = 1 / jnp.where(useful, product, 1.0)
    turn = jnp.eye(len(way), dtype=way.dtype) - scale * jnp.outer(way, change)
    new = turn @ inverse @ turn.T + scale * jnp.outer(way, way)
    return jnp.where(useful & jnp.all(jnp.isfinite(new)), new, inverse)
