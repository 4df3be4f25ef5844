r"""Maximum likelihood: the parameters under which the data are least surprising. Shapes: n samples.

Some likelihoods have a closed form. Newton's method finds the maximum of every other smooth likelihood. With a
log-prior it finds the maximum a posteriori (MAP): a prior is a regularizer with a meaning.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.flatten_util import ravel_pytree
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Num, PyTree

from mfml import iteration, require
from mfml.arrays import as_float
from mfml.entrance import public
from mfml.iteration import Status
from mfml.numerics.scaling import power_of_two

HALVINGS = 24  # of a step that does not lower the objective

NLL = Callable[[PyTree, PyTree], Array]  # of parameters and data; returns one number per sample
LogPrior = Callable[[PyTree], Array]  # log-density of the parameters, up to a constant


class LocationScale(NamedTuple):
    """Parameters of a noise model."""

    loc: Float[Array, ""]  # units of y
    scale: Float[Array, ""]  # units of y


class State(NamedTuple):
    """Where Newton's method is."""

    params: PyTree
    objective: Float[Array, ""]  # mean NLL minus log-prior / n; nats per sample
    decrement: Float[Array, ""]  # by how much the last step's parabola would fall, nats; infinite before the first
    # step, and where the parabola has no minimum, as at a saddle


class Estimate(NamedTuple):
    """The most likely parameters."""

    params: PyTree
    objective: Float[Array, ""]  # for these parameters, as in `State`
    history: Float[Array, " steps"]  # objective at the start and after each step, then NaN; max_iter + 1
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # the last step could lower the objective by less than tol
    status: Int[Array, ""]  # a `mfml.iteration.Status`


@public
@jax.jit
def fit_gaussian(y: Float[Array, " n"]) -> LocationScale:
    r"""Mean and standard deviation $\sqrt{\frac1n \sum_i (y_i - \bar y)^2}$. The divisor n makes it biased.

    Raises:
        ValueError: for an empty sample.

    Source: Bishop (2006), equations 1.55 and 1.56.

    >>> fit_gaussian(jnp.array([1.0, 3.0]))._asdict()
    {'loc': Array(2., dtype=float32), 'scale': Array(1., dtype=float32)}
    """
    _require_sample(y)
    mean = y[0] + jnp.mean(y - y[0])  # exact for equal numbers
    largest = lax.stop_gradient(jnp.max(jnp.abs(y - mean)))  # the result does not depend on this factor
    unit = power_of_two(largest)  # squares of huge or tiny numbers overflow or underflow
    variance = jnp.mean(((y - mean) / unit) ** 2)
    none = variance == 0  # and not where it is NaN
    return LocationScale(mean, jnp.where(none, 0.0, unit * jnp.sqrt(jnp.where(none, 1.0, variance))))


@public
def fit_laplace(y: Float[Array, " n"]) -> LocationScale:
    r"""Median, and mean absolute deviation from it. For an even n the median is the mean of the middle two.

    Raises:
        ValueError: for an empty sample.

    Source: Murphy (2012), section 2.4.3 and exercise 7.4 (regression).

    >>> fitted = fit_laplace(jnp.array([0.0, 1.0, 5.0]))
    >>> fitted.loc.item(), fitted.scale.item()
    (1.0, 1.666...)
    """
    _require_sample(y)
    median = jnp.median(y)
    return LocationScale(median, jnp.mean(jnp.abs(y - median)))


@public
def fit_bernoulli(y: Num[Array, " n"]) -> Float[Array, ""]:
    """Probability of a 1: the share of ones.

    Raises:
        ValueError: for an empty sample.

    Source: Bishop (2006), equation 2.8.

    >>> fit_bernoulli(jnp.array([1, 0, 0, 1])).item()
    0.5
    """
    _require_sample(y)
    return jnp.mean(y, dtype=jnp.result_type(float, y))


@public
def fit_poisson(y: Num[Array, " n"]) -> Float[Array, ""]:
    """Rate of counts per sample: their mean.

    Raises:
        ValueError: for an empty sample.

    Source: Gelman et al. (2013), Bayesian Data Analysis, section 2.6.

    >>> fit_poisson(jnp.array([3, 0, 1, 4])).item()
    2.0
    """
    _require_sample(y)
    return jnp.mean(y, dtype=jnp.result_type(float, y))


@public
def init(params: PyTree, data: PyTree, *, nll: NLL, log_prior: LogPrior | None = None) -> State:
    """Return the state before the first step, with the arguments of `fit`.

    >>> start = init(jnp.array(0.0), jnp.array([1.0, 3.0]), nll=lambda m, y: (y - m) ** 2)
    >>> start.objective.item()
    5.0
    """
    vector, objective, unravel = _flat(nll, params, data, log_prior)
    return State(unravel(vector), objective(vector), jnp.full((), jnp.inf, vector.dtype))


@public
def step(state: State, data: PyTree, *, nll: NLL, log_prior: LogPrior | None = None) -> State:
    r"""One step $\theta - t |H|^{-1} g$ with gradient g and Hessian H of the objective.

    H is scaled to a unit diagonal. $|H|$ has the absolute values of its eigenvalues, and none below
    $\sqrt{\mathrm{eps}}$ times the largest. So the step goes downhill even where the objective is not convex. t is
    halved until the objective falls enough (Armijo). If it never does, the parameters stay.

    Source: Nocedal and Wright (2006), Numerical Optimization, sections 3.1 and 3.4.

    >>> start = init(jnp.array(0.0), jnp.array([1.0, 3.0]), nll=lambda m, y: (y - m) ** 2)
    >>> round(step(start, jnp.array([1.0, 3.0]), nll=lambda m, y: (y - m) ** 2).params.item(), 4)
    2.0
    """
    vector, objective, unravel = _flat(nll, state.params, data, log_prior)
    tried, falls, decrement = _newton(vector, jax.grad(objective)(vector), jax.hessian(objective)(vector))
    new, reached = _lower(vector, state.objective, tried, jax.vmap(objective)(tried), falls)
    return State(unravel(new), reached, decrement)


@jax.jit
def _newton(vector: Array, gradient: Array, hessian: Array) -> tuple[Array, Array, Array]:
    """Points along Newton's direction, by how much each should lower the objective at least, and the decrement."""
    eps = jnp.finfo(vector.dtype).eps
    size = jnp.sqrt(jnp.abs(jnp.diag(hessian)))
    lost = jnp.any((size == 0) & (gradient != 0))  # a slope that goes on: its curvature is 0, or underflowed
    size = jnp.where(size > 0, size, 1.0)
    values, vectors = jnp.linalg.eigh(hessian / size / size[:, None])
    magnitude = jnp.abs(values)
    magnitude = jnp.maximum(magnitude, jnp.sqrt(eps) * jnp.max(magnitude) + jnp.finfo(vector.dtype).tiny)
    along = vectors.T @ (gradient / size)
    direction = -(vectors @ (along / magnitude)) / size
    fall = jnp.sum(along**2 / magnitude) / 2
    convex = jnp.min(values) >= -jnp.sqrt(eps) * jnp.max(jnp.abs(values))
    fractions = 0.5 ** jnp.arange(HALVINGS, dtype=vector.dtype)
    tried = vector + fractions[:, None] * direction
    return tried, 1e-4 * fractions * fall, jnp.where(convex & ~lost, fall, jnp.inf)


@jax.jit
def _lower(vector: Array, objective: Array, tried: Array, found: Array, falls: Array) -> tuple[Array, Array]:
    """The first of the points that lowers the objective by enough, or the old one, and the objective there."""
    fine = found <= objective - falls + 8 * jnp.finfo(vector.dtype).eps * jnp.abs(objective)
    best = jnp.argmax(fine)
    return jnp.where(fine.any(), tried[best], vector), jnp.where(fine.any(), found[best], objective)


@public
def fit(
    data: PyTree,
    *,
    nll: NLL,
    init: PyTree,
    log_prior: LogPrior | None = None,
    max_iter: int = 100,
    tol: ArrayLike = 1e-8,
) -> Estimate:
    r"""Minimize $\frac1n \sum_i \mathrm{nll}_i(\theta) - \frac1n \log p(\theta)$ by Newton's method.

    It forms the Hessian, so use it for tens of parameters, not for networks. It finds a local minimum near the start; a
    saddle or a maximum never counts as converged. Write a positive parameter as the exponential of a free one. The unit
    of a parameter does not matter: far from 1, the gradient at the start tells the scale in which derivatives are taken
    (`step` alone takes them as they are). Some likelihoods have no maximum: where classes are separated, the parameters
    grow and the status is UNBOUNDED. Where a scale shrinks to 0, rounding ends the iteration as STALLED or NON_FINITE.

    Args:
        nll: of parameters and data, twice differentiable; returns one number per sample, in nats; static. Define
            it once, outside of loops: another function object compiles again.
        init: parameters at the start: a pytree of numbers.
        data: whatever `nll` takes: a pytree of arrays.
        log_prior: of the parameters, in nats, up to a constant; static. None: maximum likelihood.
        max_iter: largest number of steps; static.
        tol: converged when a step could lower the objective by less than this, in nats per sample.

    Raises:
        ValueError: unless `nll` returns one number per sample, and max_iter >= 1.

    Source: Nocedal and Wright (2006), Numerical Optimization, section 3.4; MAP: Bishop (2006), section 1.2.5.

    >>> from mfml.probability import likelihood
    >>> def nll(log_rate, y):
    ...     return likelihood.poisson_nll(y, log_rate)
    >>> round(jnp.exp(fit(jnp.array([3, 0, 1, 4]), nll=nll, init=jnp.array(0.0)).params).item(), 4)
    2.0
    """
    return _fit(data, init, tol, nll=nll, log_prior=log_prior, max_iter=max_iter)


@partial(jax.jit, static_argnames=("nll", "log_prior", "max_iter"))
def _fit(
    data: PyTree, params: PyTree, tol: ArrayLike, *, nll: NLL, log_prior: LogPrior | None, max_iter: int
) -> Estimate:
    vector, objective, unravel = _flat(nll, params, data, log_prior)
    units = _units(objective, vector)

    def own(scaled: Array) -> PyTree:
        return unravel(scaled * units)

    def scaled_nll(scaled: Array, data: PyTree) -> Array:
        return nll(own(scaled), data)

    prior = None if log_prior is None else lambda scaled: log_prior(own(scaled))
    first = init(vector / units, data, nll=scaled_nll, log_prior=prior)

    def advance(last: tuple[State, State], _: Array) -> tuple[State, State]:
        return step(last[0], data, nll=scaled_nll, log_prior=prior), last[0]

    (state, _), report = iteration.run(
        advance,
        (first, first._replace(objective=jnp.full_like(first.objective, jnp.inf))),
        max_iter=max_iter,
        objective=lambda last: last[0].objective,
        converged=lambda last: (last[0].decrement < tol) & ~_grows(*last),
        failed={
            Status.UNBOUNDED: lambda last: (last[0].decrement < tol) & _grows(*last),
            Status.STALLED: lambda last: _stalls(*last),
        },
    )
    return Estimate(own(state.params), state.objective, *report)


def _units(objective: Callable[[Array], Array], vector: Array) -> Array:
    """Units of the parameters in which second derivatives stay in the range of the type; 1 for most."""
    slope = jnp.abs(jax.grad(objective)(vector))
    usual = (slope > 2.0**-40) & (slope < 2.0**40)
    return jnp.where(usual, 1.0, jnp.clip(1 / power_of_two(slope), 2.0**-56, 2.0**56))


def _grows(new: State, old: State) -> Array:
    """Whether the parameters run away: near an optimum the decrement falls to its square, here to a mere share."""
    length, before = (jnp.linalg.norm(ravel_pytree(state.params)[0]) for state in (new, old))
    return (new.decrement > 0.1 * old.decrement) & (length > 1.01 * before)


def _stalls(new: State, old: State) -> Array:
    return ~(new.objective < old.objective) & ~(new.decrement < old.decrement)


def _flat(
    nll: NLL, params: PyTree, data: PyTree, log_prior: LogPrior | None
) -> tuple[Array, Callable[[Array], Array], Callable[[Array], PyTree]]:
    """The parameters as a vector, the objective of such a vector, and the way back."""
    vector, unravel = ravel_pytree(jax.tree.map(partial(as_float, "init"), params))

    def objective(vector: Array) -> Array:
        losses = nll(unravel(vector), data)
        fits = jnp.ndim(losses) == 1 and len(losses) > 0
        require.that(fits, f"nll must return one number per sample; found shape {jnp.shape(losses)}")
        penalty = 0.0 if log_prior is None else -log_prior(unravel(vector)) / len(losses)
        return jnp.mean(losses) + penalty

    return vector, objective, unravel


def _require_sample(y: Array) -> None:
    require.rank("y", y, 1)
    require.that(len(y) > 0, "y needs at least one sample; found none")
