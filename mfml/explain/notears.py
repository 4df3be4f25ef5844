r"""NOTEARS: a causal graph from data by continuous optimization, and why not to trust it.

Shapes: n samples, d variables. W[i, j] is the effect of variable i on variable j:
$x_j = \sum_i W_{ij} x_i + \epsilon_j$. The graph has no cycle if and only if

$$h(W) = \operatorname{tr} e^{W \circ W} - d = 0.$$
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int

from mfml import iteration, require
from mfml.entrance import public
from mfml.iteration import Status
from mfml.numerics import sums
from mfml.numerics.domain import NON_NEGATIVE, checked
from mfml.numerics.scaling import power_of_two

INNER = 400  # proximal steps for one weight of the constraint
LARGEST = 1e12  # weight of the constraint


class Graph(NamedTuple):
    """Effects between variables."""

    weights: Float[Array, "d d"]  # W, entry (i, j) of i on j, units of x; below the threshold 0
    acyclicity: Float[Array, ""]  # h before the threshold
    history: Float[Array, " steps"]  # loss after each weight of the constraint
    n_iter: Int[Array, ""]  # weights of the constraint
    converged: Bool[Array, ""]  # h is at most tol
    status: Int[Array, ""]


@public
@jax.jit
def acyclicity(weights: Float[Array, "d d"]) -> Float[Array, ""]:
    r"""Return $h(W) = \sum_{k \ge 1} \operatorname{tr} (W \circ W)^k / k!$: 0 without cycles, positive with them.

    The term k counts closed paths of length k. Terms up to d decide, since a shortest cycle is not longer; they are
    summed without cancellation, up to 2 d, and at least 12 of them.

    Raises:
        ValueError: unless the matrix is square.

    Source: Zheng et al. (2018), DAGs with NO TEARS, theorem 1.

    >>> acyclicity(jnp.array([[0.0, 2.0], [0.0, 0.0]])).item()
    0.0
    >>> round(acyclicity(jnp.array([[0.0, 1.0], [1.0, 0.0]])).item(), 3)  # 2 cosh(1) - 2
    1.086
    """
    require.square("weights", weights)
    square = weights * weights

    def add(carry: tuple[Array, Array], k: Array) -> tuple[tuple[Array, Array], None]:
        power, total = carry
        power = power @ square / k
        return (power, total + jnp.trace(power)), None

    start = jnp.eye(len(weights), dtype=weights.dtype), jnp.zeros((), weights.dtype)
    terms = jnp.arange(1, max(2 * len(weights), 12) + 1, dtype=weights.dtype)
    return lax.scan(add, start, terms)[0][1]


@public
@checked(l1=NON_NEGATIVE, threshold=NON_NEGATIVE, tol=NON_NEGATIVE)
@partial(jax.jit, static_argnames="max_iter")
def fit(
    x: Float[Array, "n d"],
    *,
    l1: ArrayLike = 0.1,
    threshold: ArrayLike = 0.3,
    tol: ArrayLike = 1e-6,
    max_iter: int = 30,
) -> Graph:
    r"""Minimize $\frac{1}{2 n} \|X - X W\|^2 + \lambda \|W\|_1$ where $h(W) = 0$, by an augmented Lagrangian.

    Columns are centered, and not standardized. **Do not take the result for causes.** In simulated data the variance
    grows along the causal order, and least squares follows the variance: after standardizing, or in other units, the
    same samples give another graph. So `l1` and `threshold` are in units of the data, too.

    Args:
        x: samples of all variables.
        l1: lambda, units of x squared over those of W.
        threshold: entries of W below it are set to 0.
        tol: largest h at the end.
        max_iter: number of weights of the constraint; static.

    Raises:
        ValueError: unless x has two axes, two samples and two variables; for negative options (NaN where traced).

    Source: Zheng et al. (2018), algorithm 1; the warning: Reisach, Seiler and Weichwald (2021), Beware of the
    Simulated DAG.

    >>> cause = jnp.arange(8.0) - 3.5
    >>> effect = 2 * cause + jnp.array([1.0, -1.0, -1.0, 1.0, 1.0, -1.0, -1.0, 1.0])
    >>> fit(jnp.stack([cause, effect], axis=1)).weights.round(1).tolist()
    [[0.0, 2.0], [0.0, 0.0]]
    """
    require.rank("x", x, 2)
    n, d = x.shape
    require.that(n >= 2 and d >= 2, f"x must have at least two samples and two variables; found shape {x.shape}")
    require.positive("max_iter", max_iter)
    unit = power_of_two(jnp.max(sums.std(x)))  # W has none, and the loss that of x squared
    _, covariance = sums.covariance(x / unit)
    start = _State(
        jnp.zeros((d, d), x.dtype), jnp.zeros((), x.dtype), jnp.ones((), x.dtype), jnp.asarray(jnp.inf, x.dtype)
    )
    penalty = jnp.asarray(l1, x.dtype) / unit / unit
    state, report = iteration.run(
        lambda state, _: _outer(state, covariance, penalty),
        start,
        max_iter=max_iter,
        objective=lambda state: _loss(state.weights, covariance, penalty),
        converged=lambda state: state.h <= tol,
        failed={Status.STALLED: lambda state: state.rho > LARGEST},
    )
    kept = jnp.where(jnp.abs(state.weights) >= threshold, state.weights, 0.0)
    report = report._replace(history=report.history * unit * unit)
    return Graph(jnp.where(jnp.isnan(state.weights), jnp.nan, kept), state.h, *report)


class _State(NamedTuple):
    weights: Array
    alpha: Array  # multiplier of the constraint
    rho: Array  # weight of its square
    h: Array


def _loss(weights: Array, covariance: Array, l1: Array) -> Array:
    rest = jnp.eye(len(weights), dtype=weights.dtype) - weights
    return jnp.sum(rest * (covariance @ rest)) / 2 + l1 * jnp.sum(jnp.abs(weights))


def _outer(state: _State, covariance: Array, l1: Array) -> _State:
    """Minimize for one weight of the constraint; raise the weight where h has not fallen to a quarter."""
    weights = _proximal(state, covariance, l1)
    h = acyclicity(weights)
    slow = h > 0.25 * state.h
    return _State(weights, state.alpha + state.rho * h, jnp.where(slow, 10 * state.rho, state.rho), h)


def _proximal(state: _State, covariance: Array, l1: Array) -> Array:
    """Proximal gradient steps with backtracking; steps grow again where the model of the loss is good."""

    def smooth(weights: Array) -> Array:
        h = acyclicity(weights)
        return _loss(weights, covariance, jnp.zeros_like(l1)) + state.alpha * h + state.rho * h * h / 2

    off = 1 - jnp.eye(len(covariance), dtype=covariance.dtype)

    def body(_: Array, carry: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        weights, before, momentum, step = carry
        ahead = weights + (momentum - 1) / (momentum + 2) * (weights - before)
        value, slope = jax.value_and_grad(smooth)(ahead)
        moved = ahead - step * slope
        found = jnp.sign(moved) * jnp.maximum(jnp.abs(moved) - step * l1, 0.0) * off
        change = found - ahead
        model = value + jnp.sum(slope * change) + jnp.sum(change**2) / (2 * step)
        good = smooth(found) <= model + 1e-6 * jnp.abs(value)
        uphill = jnp.sum((ahead - found) * (found - weights)) > 0  # then the momentum starts again
        return (
            jnp.where(good, found, weights),
            weights,
            jnp.where(good & ~uphill, momentum + 1, 1.0),
            jnp.where(good, 1.1 * step, step / 2),
        )

    first = 1 / jnp.maximum(jnp.linalg.norm(covariance), jnp.finfo(covariance.dtype).tiny)
    start = state.weights, state.weights, jnp.ones((), covariance.dtype), first
    return lax.fori_loop(0, INNER, body, start)[0]
