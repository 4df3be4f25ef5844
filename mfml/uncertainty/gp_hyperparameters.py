r"""Hyperparameters of Gaussian processes by the largest evidence. Shapes: n samples, d features, p hyperparameters.

The logarithms of all hyperparameters are the unknowns $\theta$, each within bounds that come from the data. Steps are
those of a quasi-Newton method that projects onto the bounds. It begins with the average information, $\tfrac12
(\partial_i A\, c)^\top A^{-1} (\partial_j A\, c)$ with $c = A^{-1} r$: the mean of the observed and of the expected
information where A is linear in $\theta$.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.flatten_util import ravel_pytree
from jax.scipy.linalg import cho_solve
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import iteration, require
from mfml.entrance import public
from mfml.iteration import Status
from mfml.numerics import scaling, sums
from mfml.numerics.domain import NON_NEGATIVE, POSITIVE, checked
from mfml.uncertainty import gp_evidence, hyperparameter_ranges, jitter, kernels
from mfml.uncertainty.kernels import Kernel

STEP = 2.0  # largest change of a logarithm in one step
DECREASE = 1e-4  # share of the promised decrease that a step must reach
SHRINK, LEAST = 0.25, 1e-3  # of a step that does not reach it, and where rounding decides
SCATTER = 1.5  # of the random starts around the first, in logarithms
FLOOR = 10.0  # lowest learned noise, in units of the rounding errors of n samples


class State(NamedTuple):
    """Where the search is."""

    params: Float[Array, " p"]  # logarithms
    objective: Float[Array, ""]  # negative log evidence there, nats
    gradient: Float[Array, " p"]
    curvature: Float[Array, "p p"]  # what is known of the second derivatives; positive definite
    move: Float[Array, " p"]  # the full next step
    decrement: Float[Array, ""]  # by how much its parabola falls, nats
    share: Float[Array, ""]  # of the full step that is tried next


class Hyperparameters(NamedTuple):
    """What the largest evidence chooses."""

    kernel: Kernel  # squared units of scale
    noise_variance: Float[Array, "*n"]  # known and learned together, squared units of scale
    mean: Float[Array, ""]  # units of y
    scale: Float[Array, ""]  # units of y
    history: Float[Array, " steps"]  # negative log evidence at the start and after each step, nats, then NaN
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # the next step would raise the evidence by at most tol
    status: Int[Array, ""]  # CONVERGED, MAX_ITER, NON_FINITE or STALLED, see `mfml.iteration`


@public
@checked(noise_variance=NON_NEGATIVE, scale=POSITIVE, tol=NON_NEGATIVE)
def maximize(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    *,
    kernel: Kernel,
    noise_variance: ArrayLike | Float[Array, " n"] = 0.0,
    learn_noise: bool = True,
    mean: ArrayLike | None = None,
    scale: ArrayLike | None = None,
    init: str = "data",
    n_restarts: int = 0,
    key: Key[Array, ""] | None = None,
    max_iter: int = 100,
    tol: ArrayLike = 1e-3,
) -> Hyperparameters:
    r"""Maximize the evidence over kernel and noise; the arguments are those of `gp.fit`.

    Within, y is standardized, so its unit and offset do not matter. Bounds: lengths and periods from a thousandth of
    the spread of x to a thousand times it, variances from a millionth of that of y to a million times it, and the
    learned noise from $10 \sqrt n \epsilon$ of the variance of y to ten times it. Each step evaluates the evidence
    once. The evidence of data without noise is too steep for rounding at the least noise, and `status` says STALLED.
    So it does where no noise is known or learned and the first lengths are too long: begin with short ones then, by
    `init="kernel"`.

    Raises:
        ValueError: as `gp.fit`.

    Source: Rasmussen and Williams (2006), section 5.4.1; Gilmour, Thompson and Cullis (1995), Biometrics 51, 1440 (the
    average information); Nocedal and Wright (2006), procedure 18.2 (the damped update) and section 16.7 (projection).

    >>> x = jnp.linspace(0.0, 6.0, 20)[:, None]
    >>> y = 5.0 + jnp.sin(x[:, 0]) + 0.1 * jax.random.normal(jax.random.key(0), (20,))
    >>> found = maximize(x, y, kernel=kernels.RBF())
    >>> bool(found.converged), 1.0 < found.kernel.length.item() < 3.0
    (True, True)
    """
    require.rank("x", x, 2)
    require.samples(x, y)
    require.one_of("init", init, ("data", "kernel"))
    require.that(n_restarts >= 0, f"n_restarts must not be negative; found {n_restarts}")
    require.that(n_restarts == 0 or key is not None, "n_restarts needs a key")
    require.positive("max_iter", max_iter)
    kernel, noise = kernels.ready(kernel, x), jnp.asarray(noise_variance, y.dtype)
    require.that(
        noise.shape in ((), y.shape), f"noise_variance must be one number, or one per sample; found shape {noise.shape}"
    )
    return _maximize(x, y, kernel, noise, mean, scale, key, tol, learn_noise, init, n_restarts, max_iter)


@partial(jax.jit, static_argnames=("learn_noise", "init", "n_restarts", "max_iter"))
def _maximize(
    x: Array,
    y: Array,
    kernel: Kernel,
    noise: Array,
    mean: ArrayLike | None,
    scale: ArrayLike | None,
    key: Array | None,
    tol: ArrayLike,
    learn_noise: bool,
    init: str,
    n_restarts: int,
    max_iter: int,
) -> Hyperparameters:
    center = sums.mean(y) if mean is None else jnp.asarray(mean, y.dtype)
    unit = _unit(y - center, center)
    scale = _scale(unit) if scale is None else jnp.asarray(scale, y.dtype)
    # XLA would turn 1 / ratio / ratio into unit^2 / scale^2, whose squares may be 0
    ratio, inverse = lax.optimization_barrier((scale / unit, unit / scale))
    low, start, high = _box(kernel, x, learn_noise)
    if init == "kernel":
        inside = _logarithms(hyperparameter_ranges.times(kernel, ratio * ratio))
        start = jnp.clip(start.at[: len(inside)].set(inside), low, high)
    problem = _Problem(x, (y - center) / unit, kernel, noise * ratio * ratio, low, high)
    starts = _starts(start, problem, key, n_restarts)
    states, reports = _searches(starts, problem, max_iter, tol)
    best = jnp.argmin(jnp.where(jnp.isnan(states.objective), jnp.inf, states.objective))
    found, variance = problem.model(states.params[best])
    unknown = 0 * states.objective[best]  # or NaN
    found = hyperparameter_ranges.times(jax.tree.map(lambda leaf: leaf + unknown, found), inverse * inverse)
    report = jax.tree.map(lambda leaf: leaf[best], reports)
    history = report.history + len(y) * jnp.log(unit)
    return Hyperparameters(found, variance * (inverse * inverse) + unknown, center, scale, history, *report[1:])


class _Problem(NamedTuple):
    """Data and bounds in standardized units."""

    x: Array
    residual: Array
    kernel: Kernel  # whose leaves have the shapes of the hyperparameters
    noise: Array  # known
    low: Array
    high: Array

    def model(self, params: Array) -> tuple[Kernel, Array]:
        """Kernel and noise variance for hyperparameters; what is beyond those of the kernel is a learned noise."""
        values, unravel = ravel_pytree(self.kernel)
        found = unravel(jnp.exp(params[: len(values)]))
        return found, self.noise + jnp.sum(jnp.exp(params[len(values) :]))

    def objective(self, params: Array) -> Array:
        """Negative log evidence."""
        kernel, noise = self.model(params)
        return -gp_evidence.log_density(self.residual, kernels.matrix(kernel, self.x, self.x), noise_variance=noise)


def _logarithms(tree: Any) -> Array:
    return ravel_pytree(jax.tree.map(jnp.log, tree))[0]


def _box(kernel: Kernel, x: Array, learn_noise: bool) -> list[Array]:
    """Lowest, first and highest logarithms, those of the noise last."""
    least = FLOOR * len(x) ** 0.5 * float(jnp.finfo(x.dtype).eps)
    noise = jnp.array([least, max(0.1, least), 10.0], x.dtype) if learn_noise else jnp.zeros((3, 0), x.dtype)
    ranges = hyperparameter_ranges.of_kernel(kernel, x), noise
    return [_logarithms(jax.tree.map(lambda leaf, i=i: leaf[i], ranges)) for i in range(3)]


def _starts(start: Array, problem: _Problem, key: Array | None, n_restarts: int) -> Array:
    if key is None or n_restarts == 0:
        return start[None]
    draws = SCATTER * jax.random.normal(key, (n_restarts, len(start)), start.dtype)
    return jnp.concatenate([start[None], jnp.clip(start + draws, problem.low, problem.high)])


def _unit(moved: Array, center: Array) -> Array:
    """A power of two near the standard deviation of y; where y is constant, near its mean."""
    size = scaling.power_of_two(jnp.max(jnp.abs(moved)))
    spread = size * jnp.sqrt(jnp.mean((moved / size) ** 2))
    return scaling.power_of_two(jnp.where(spread > 0, spread, jnp.abs(center)))


def _scale(unit: Array) -> Array:
    """1, unless variances of y, and of a small noise, would leave the range of the type."""
    limit = float(jnp.finfo(unit.dtype).tiny) ** 0.5 * 2.0**20
    return jnp.where((unit < limit) | (unit > 1 / limit), unit, 1.0)


def _searches(starts: Array, problem: _Problem, max_iter: int, tol: ArrayLike) -> tuple[State, iteration.Report]:
    """All searches side by side. One alone is quicker without a batch of one."""
    if len(starts) == 1:
        return jax.tree.map(lambda leaf: leaf[None], _search(starts[0], problem, max_iter, tol))
    return jax.vmap(lambda start: _search(start, problem, max_iter, tol))(starts)


def _search(start: Array, problem: _Problem, max_iter: int, tol: ArrayLike) -> tuple[State, iteration.Report]:
    """The first step of the loop evaluates the start: its evidence, which takes long to compile, stands there alone."""
    nothing, infinite = jnp.zeros_like(start), jnp.full((), jnp.inf, start.dtype)
    curvature = _average_information(start, problem)
    unseen = State(start, infinite, nothing, curvature, nothing, infinite, jnp.ones_like(infinite))
    state, report = iteration.run(
        lambda state, _: _step(state, problem),
        unseen,
        max_iter=max_iter + 1,
        objective=lambda state: state.objective,
        converged=lambda state: state.decrement <= tol,
        failed={Status.STALLED: lambda state: state.share < LEAST},
    )
    return state, report._replace(history=report.history[1:], n_iter=report.n_iter - 1)


def _average_information(params: Array, problem: _Problem) -> Array:
    def covariance(params: Array) -> tuple[Array, Array]:
        kernel, noise = problem.model(params)
        return kernels.matrix(kernel, problem.x, problem.x), noise

    def product(params: Array) -> Array:
        k, noise = covariance(params)
        return k @ coef + noise * coef

    k, noise = covariance(params)
    lower = jitter.cholesky(k, noise_variance=noise).lower
    coef = cho_solve((lower, True), problem.residual)
    change = lax.map(lambda unit: jax.jvp(product, (params,), (unit,))[1], jnp.eye(len(params), dtype=params.dtype))
    found = 0.5 * change @ cho_solve((lower, True), change.T)
    return found + jnp.diag(0.1 * jnp.diagonal(found) + 0.1)


def _planned(params: Array, value: Array, gradient: Array, curvature: Array, problem: _Problem, share: Array) -> State:
    """The next step: Newton's, for those hyperparameters that are not held by a bound."""
    held = ((params <= problem.low) & (gradient > 0)) | ((params >= problem.high) & (gradient < 0))
    free = jnp.where(held, 0.0, 1.0).astype(params.dtype)
    among_free = curvature * free * free[:, None] + jnp.diag(1 - free)
    move = -jnp.linalg.solve(among_free, gradient * free)
    decrement = -0.5 * jnp.sum(move * gradient)
    move = move * jnp.minimum(1.0, STEP / jnp.maximum(jnp.max(jnp.abs(move)), STEP))
    return State(params, value, gradient, curvature, move, decrement, share)


def _step(state: State, problem: _Problem) -> State:
    """Try a share of the planned step; whether it is taken or not, its curvature is learned.

    The start, whose objective is infinite until it is known, has a step of length 0 and is taken in any case.
    """
    trial = jnp.clip(state.params + state.share * state.move, problem.low, problem.high)
    value, gradient = jax.value_and_grad(problem.objective)(trial)
    way = trial - state.params
    rounding = 4 * jnp.finfo(value.dtype).eps * (jnp.abs(state.objective) + len(problem.residual))
    better = value <= state.objective + DECREASE * jnp.sum(state.gradient * way) + rounding  # False for NaN
    better = better | jnp.isinf(state.objective)
    curvature = _updated(state.curvature, way, gradient - state.gradient)
    share = jnp.where(better, 1.0, state.share * SHRINK).astype(value.dtype)
    params, value, gradient = (
        jnp.where(better, new, old)
        for new, old in ((trial, state.params), (value, state.objective), (gradient, state.gradient))
    )
    return _planned(params, value, gradient, curvature, problem, share)


def _updated(curvature: Array, way: Array, change: Array) -> Array:
    """The damped BFGS update, which stays positive definite; none from a step that rounding could spoil."""
    seen = curvature @ way
    own, found = jnp.sum(way * seen), jnp.sum(way * change)
    safe_own = jnp.where(own > 0, own, 1.0)
    part = jnp.where(found >= 0.2 * own, 1.0, 0.8 * own / jnp.where(own > found, own - found, 1.0))
    change = part * change + (1 - part) * seen
    found = jnp.sum(way * change)
    new = curvature - jnp.outer(seen, seen) / safe_own + jnp.outer(change, change) / jnp.where(found > 0, found, 1.0)
    learns = (jnp.max(jnp.abs(way)) > 1e-3) & (own > 0) & (found > 0) & jnp.all(jnp.isfinite(new))
    return jnp.where(learns, new, curvature)
