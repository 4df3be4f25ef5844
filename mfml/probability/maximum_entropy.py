r"""The least committed distribution with given moments. Shapes: k points, m moments.

Of all distributions on the points with $\sum_j p_j f_m(x_j) = c_m$, the one of largest entropy has the form
$p_j \propto b_j \exp(\sum_m \lambda_m f_m(x_j))$. On a fine grid it is uniform if nothing is fixed, exponential if the
mean of a positive quantity is, and normal if mean and variance are.

`problem`, `init` and `step` take Newton's method apart; `fit` does it all.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int

from mfml import iteration, require
from mfml.entrance import public
from mfml.iteration import Status
from mfml.numerics.scaling import column_units

HALVINGS = 16  # of a Newton step that does not lower the dual function


class Problem(NamedTuple):
    """What Newton's method works on."""

    z: Float[Array, "k m"]  # features minus moments, in units of `scale`
    scale: Float[Array, " m"]  # root mean square of each feature around its moment, in its units
    log_base: Float[Array, " k"]


class State(NamedTuple):
    """Where Newton's method is."""

    multipliers: Float[Array, " m"]  # of the scaled features
    dual: Float[Array, ""]  # log sum_j b_j exp(lambda z_j), nats
    probability: Float[Array, " k"]  # with these multipliers
    lack: Float[Array, " m"]  # gradient of the dual: what the moments lack, in units of `scale`


class MaximumEntropy(NamedTuple):
    """A distribution on the points."""

    probability: Float[Array, " k"]  # adds up to 1; divide by the base for a density
    multipliers: Float[Array, " m"]  # lambda, in inverse units of the features
    entropy: Float[Array, ""]  # -sum p log(p / b), nats
    history: Float[Array, " steps"]  # dual function at the start and after each step, then NaN; max_iter + 1
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # every moment is met within tol
    status: Int[Array, ""]  # UNBOUNDED: no distribution on these points has such moments


@public
@jax.jit
def problem(
    features: Float[Array, "k m"], moments: Float[Array, " m"], *, base: Float[Array, " k"] | None = None
) -> Problem:
    """Shift and scale the features, with the arguments of `fit`.

    >>> problem(jnp.array([[1.0], [5.0]]), jnp.array([3.0])).z.tolist()
    [[-1.0], [1.0]]
    """
    require.rank("features", features, 2)
    require.rank("moments", moments, 1)
    require.same_length(features=(features, 1), moments=moments)
    if base is not None:
        require.same_length(features=features, base=base)
    log_base = jnp.zeros_like(features[:, 0]) if base is None else jnp.log(base)
    centered = features - moments
    unit = column_units(centered)
    z = centered / unit
    scale = jnp.sqrt(jax.nn.softmax(log_base) @ z**2)
    scale = jnp.where(scale == 0, 1.0, scale)
    return Problem(z / scale, unit * scale, log_base)


@public
@jax.jit
def init(problem: Problem) -> State:
    """Start at zero multipliers: the distribution is the base.

    >>> init(problem(jnp.array([[1.0], [5.0]]), jnp.array([3.0]))).probability.tolist()
    [0.5, 0.5]
    """
    multipliers = jnp.zeros_like(problem.scale)
    return _state(problem, multipliers, _dual(multipliers, problem))


@public
@jax.jit
def step(state: State, problem: Problem) -> State:
    r"""A Newton step on the dual function. It is halved until the function does not rise, and left out if it does.

    The Hessian is the covariance of the scaled features under the present distribution.

    Source: Boyd and Vandenberghe (2004), Convex Optimization, section 9.5.2.

    >>> task = problem(jnp.array([[0.0], [1.0]]), jnp.array([0.75]))
    >>> step(init(task), task).dual < init(task).dual
    Array(True, dtype=bool)
    """
    centered = problem.z - state.lack
    hessian = (centered * state.probability[:, None]).T @ centered
    info = jnp.finfo(hessian.dtype)
    small = info.eps * jnp.trace(hessian) + info.tiny
    direction = -jnp.linalg.solve(hessian + small * jnp.eye(len(hessian), dtype=hessian.dtype), state.lack)
    tried = state.multipliers + 0.5 ** jnp.arange(HALVINGS, dtype=direction.dtype)[:, None] * direction
    values = jax.vmap(partial(_dual, problem=problem))(tried)
    fine = values <= state.dual + 8 * info.eps * (1 + jnp.abs(state.dual))
    best = jnp.argmax(fine)
    multipliers = jnp.where(fine.any(), tried[best], state.multipliers)
    return _state(problem, multipliers, jnp.where(fine.any(), values[best], state.dual))


@public
@partial(jax.jit, static_argnames="max_iter")
def fit(
    features: Float[Array, "k m"],
    moments: Float[Array, " m"],
    *,
    base: Float[Array, " k"] | None = None,
    max_iter: int = 100,
    tol: ArrayLike = 1e-5,
) -> MaximumEntropy:
    r"""Maximize $-\sum_j p_j \log(p_j / b_j)$ over p with $\sum_j p_j f_{jm} = c_m$ and $\sum_j p_j = 1$.

    Newton's method minimizes the dual function $\log \sum_j b_j \exp(\lambda \cdot (f_j - c))$, which is convex. Its
    gradient is what the moments still lack. The multipliers are unique where the features and a constant are
    linearly independent. If a distribution has these moments, the dual never falls below its entropy, nor below
    $\min_j \log b_j$. Where it does, the status is UNBOUNDED.

    Args:
        features: what is averaged, one row per point.
        moments: the averages, in the units of the features.
        base: positive weight of each point, such as the width of its cell; all 1 if left out.
        max_iter: largest number of steps; static.
        tol: converged when every moment is met within this, in units of the feature's root mean square around it.

    A non-finite entry makes probability and entropy NaN, and the status NON_FINITE.

    Raises:
        ValueError: unless shapes fit and max_iter >= 1.

    Source: Jaynes (1957), Physical Review 106; Boyd and Vandenberghe (2004), Convex Optimization, section 5.2.5.

    >>> die = fit(jnp.arange(1.0, 7.0)[:, None], jnp.array([4.5]))
    >>> print(die.probability.round(2))
    [0.05 0.08 0.11 0.17 0.24 0.35]
    """
    task = problem(features, moments, base=base)
    first, rounding = init(task), 8 * jnp.finfo(task.z.dtype).eps
    lowest = jnp.min(task.log_base)
    lowest = lowest - rounding * (1 + jnp.abs(lowest))

    def error(state: State) -> Array:
        return jnp.max(jnp.abs(state.lack), initial=0.0)

    (state, _), report = iteration.run(
        lambda last, _: (step(last[0], task), last[0]),
        (first, first._replace(dual=jnp.full_like(first.dual, jnp.inf))),
        max_iter=max_iter,
        objective=lambda last: last[0].dual,
        converged=lambda last: error(last[0]) < tol,
        failed={
            Status.UNBOUNDED: lambda last: last[0].dual < lowest,
            Status.STALLED: lambda last: ~(last[0].dual < last[1].dual) & ~(error(last[0]) < error(last[1])),
        },
    )
    p, log_p = state.probability, jax.nn.log_softmax(task.log_base + task.z @ state.multipliers)
    none = p == 0
    entropy = -jnp.sum(jnp.where(none, 0.0, p * jnp.where(none, 0.0, log_p - task.log_base)))
    return MaximumEntropy(p, state.multipliers / task.scale, entropy, *report)


def _dual(multipliers: Array, problem: Problem) -> Array:
    return logsumexp(problem.log_base + problem.z @ multipliers)


def _state(problem: Problem, multipliers: Array, dual: Array) -> State:
    p = jax.nn.softmax(problem.log_base + problem.z @ multipliers)
    return State(multipliers, dual, p, p @ problem.z)
