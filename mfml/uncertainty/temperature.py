r"""Temperature scaling: one number makes the probabilities of a classifier honest. Shapes: n samples, c classes.

A network that was trained for long is too sure of itself. Its logits are divided by a temperature T, which has the
largest likelihood on samples that the network has not seen. T > 1 makes probabilities more even. The likeliest class
stays the likeliest, so the accuracy does not change.
"""

import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int

from mfml import iteration, require
from mfml.entrance import public
from mfml.iteration import Status
from mfml.numerics import absent, labels, scaling
from mfml.numerics.domain import NON_NEGATIVE, POSITIVE, checked
from mfml.risk import losses
from mfml.risk.empirical import weighted_mean

RANGE = 1e9  # the temperature is sought within this factor of the largest difference of logits


class Temperature(NamedTuple):
    """A fitted temperature, and how the fit went."""

    temperature: Float[Array, ""]  # in units of the logits
    history: Float[Array, " steps"]  # mean negative log-likelihood, nats
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # whether the last step changed T by a share of at most tol
    status: Int[Array, ""]  # CONVERGED, MAX_ITER, UNBOUNDED or NON_FINITE, see `mfml.iteration`


class _State(NamedTuple):
    """The logarithm of the inverse temperature, and where it can be."""

    s: Array
    low: Array
    high: Array
    moved: Array  # by the last step
    nll: Array


@public
@checked(weights=NON_NEGATIVE, tol=POSITIVE)
@partial(jax.jit, static_argnames="max_iter")
def fit(
    logits: Float[Array, "n c"],
    y: Int[Array, " n"],
    *,
    weights: Float[Array, " n"] | None = None,
    max_iter: int = 100,
    tol: ArrayLike = 1e-4,
) -> Temperature:
    r"""Minimize the mean of $-\log \mathrm{softmax}(z / T)_y$ over T > 0.

    It is convex in $1 / T$. Newton's steps stay within bounds that each step narrows, so they always arrive. There is
    no best T if the right class always has the largest logit (T goes to 0), or if logits say nothing about the class,
    as equal ones do (T grows without end): then the status is UNBOUNDED, and T is the end of the range that is
    searched, so that probabilities are 0 and 1, or equal.

    Args:
        logits: of samples that the classifier was not trained on.
        y: labels 0 to c - 1.
        weights: 1 if not given; a sample of weight zero is absent.
        max_iter: static.
        tol: largest change of T by the last step, as a share.

    Raises:
        ValueError: unless there is a row of logits per label, a sample, labels are classes (NaN where they are traced),
            and weights are not negative (NaN where traced).

    Source: Guo et al. (2017), section 4.2.

    >>> logits = jnp.array([[2.0, 0.0], [2.0, 0.0], [2.0, 0.0], [2.0, 0.0]])
    >>> found = fit(logits, jnp.array([0, 0, 0, 1]))  # sure to 88 %, right in 75 %
    >>> round(found.temperature.item(), 3), found.converged.item()  # 2 / log(3)
    (1.82, True)
    """
    require.rank("logits", logits, 2)
    require.samples(logits, y, weights)
    z, y = absent.present(weights, logits), absent.present(weights, y)
    known = labels.in_range(y, logits.shape[1])
    z = z - jnp.max(z, axis=1, keepdims=True)
    unit = scaling.power_of_two(jnp.max(jnp.where(jnp.isfinite(z), -z, 0.0)))
    z = jnp.where(known, z, jnp.nan) / unit
    own = jnp.take_along_axis(z, y[:, None], axis=1, mode="clip")[:, 0]
    all_right = jnp.all(own == 0) & known
    no_help = weighted_mean(jnp.mean(z, axis=1) - own, weights=weights) >= 0  # the slope where 1 / T is 0
    limit = math.log(RANGE)

    def at(s: Array) -> Array:
        return weighted_mean(losses.cross_entropy(jnp.exp(s) * z, y), weights=weights)

    def step(state: _State, _: Array) -> _State:
        beta = jnp.exp(state.s)
        slope, curvature = _derivatives(z, y, weights, beta)
        low, high = jnp.where(slope <= 0, state.s, state.low), jnp.where(slope >= 0, state.s, state.high)
        newton = state.s + jnp.log1p(jnp.maximum(-slope / (curvature * beta), -1.0))
        quick = (newton > low) & (newton < high) & (jnp.abs(newton - state.s) <= 0.5 * state.moved)
        s = jnp.where(slope == 0, state.s, jnp.where(quick, newton, (low + high) / 2))
        return _State(s, low, high, jnp.abs(s - state.s), at(s))

    zero = jnp.zeros((), z.dtype)
    start = _State(zero, zero - limit, zero + limit, zero + jnp.inf, at(zero))
    state, report = iteration.run(
        step,
        start,
        max_iter=max_iter,
        objective=lambda state: state.nll,
        converged=lambda state: state.moved <= tol,
        failed={Status.UNBOUNDED: lambda _: all_right | no_help},
    )
    s = jnp.where(no_help, -limit, jnp.where(all_right, limit, state.s))  # both where all logits are equal
    temperature = jnp.where(report.status == Status.NON_FINITE, jnp.nan, unit * jnp.exp(-s))
    return Temperature(temperature, *report)


@public
@jax.jit
def transform(model: Temperature, logits: Float[Array, "m c"]) -> Float[Array, "m c"]:
    """Logits over the temperature; their order stays.

    Raises:
        ValueError: unless logits have two axes.

    Source: Guo et al. (2017), section 4.2.

    >>> model = fit(jnp.array([[2.0, 0.0]] * 4), jnp.array([0, 0, 0, 1]))
    >>> print(transform(model, jnp.array([[4.0, 0.0]])).round(2))
    [[2.2 0. ]]
    """
    require.rank("logits", logits, 2)
    return scaling.ratio(logits, model.temperature)


@public
@jax.jit
def predict_proba(model: Temperature, logits: Float[Array, "m c"]) -> Float[Array, "m c"]:
    """Probabilities of the classes at this temperature.

    Raises:
        ValueError: unless logits have two axes.

    Source: Guo et al. (2017), equation 9.

    >>> model = fit(jnp.array([[2.0, 0.0]] * 4), jnp.array([0, 0, 0, 1]))
    >>> round(predict_proba(model, jnp.array([[2.0, 0.0]]))[0, 0].item(), 3)
    0.75
    """
    return losses.softmax(transform(model, logits))


def _derivatives(z: Array, y: Array, weights: Array | None, beta: Array) -> tuple[Array, Array]:
    """Slope and curvature of the loss in the inverse temperature: a difference of means, and a variance."""
    p = losses.softmax(beta * z)
    some = p > 0
    finite = jnp.where(some, z, 0.0)
    mean = jnp.sum(p * finite, axis=1)
    own = jnp.take_along_axis(z, y[:, None], axis=1, mode="clip")[:, 0]
    variance = jnp.sum(p * (finite - mean[:, None]) ** 2, axis=1)
    return weighted_mean(mean - own, weights=weights), weighted_mean(variance, weights=weights)
