"""The path of an optimizer through a landscape, point by point."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree

from mfml import iteration
from mfml.entrance import public
from mfml.landscapes.curvature import Objective
from mfml.landscapes.optimizers import apply_updates
from mfml.risk.empirical import gradient_norm


class Trajectory(NamedTuple):
    """Every point of a path, the start first: leading axes of n_steps + 1."""

    params: PyTree
    gradient_norm: Float[Array, " points"]  # Euclidean, over all parameters
    history: Float[Array, " steps"]  # objective at each point
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]  # always False: a path never stops early
    status: Int[Array, ""]  # FINISHED or NON_FINITE, see `mfml.iteration`


class _Point(NamedTuple):
    params: PyTree
    gradients: PyTree
    value: Array
    memory: Any  # the optimizer's state


@public
@partial(jax.jit, static_argnames=("objective", "optimizer", "n_steps"))
def run(
    objective: Objective,
    init: PyTree,
    *,
    optimizer: Any,
    n_steps: int,
    data: tuple[Any, ...] = (),
) -> Trajectory:
    r"""Take `n_steps` steps on `objective(params, *data)` from `init` and keep every point. It never stops early.

    Any optax optimizer works too. Points at infinity or NaN are kept.

    Raises:
        ValueError: for n_steps < 0.

    Source: Nocedal and Wright (2006), Numerical Optimization, chapter 3.

    >>> from mfml.landscapes import optimizers
    >>> way = run(lambda x: x @ x, jnp.array([1.0]), optimizer=optimizers.gradient_descent(0.25), n_steps=2)
    >>> way.params.tolist(), way.history.tolist()
    ([[1.0], [0.5], [0.25]], [1.0, 0.25, 0.0625])
    """
    value_and_gradient = jax.value_and_grad(objective)

    def at(params: PyTree, memory: Any) -> _Point:
        value, gradients = value_and_gradient(params, *data)
        return _Point(params, gradients, value, memory)

    def step(point: _Point, _: Array) -> _Point:
        updates, memory = optimizer.update(point.gradients, point.memory, point.params)
        return at(apply_updates(point.params, updates), memory)

    start = jax.tree.map(jnp.asarray, init)
    (params, slopes), report = iteration.run_path(
        step,
        at(start, optimizer.init(start)),
        n_steps=n_steps,
        objective=lambda point: point.value,
        keep=lambda point: (point.params, gradient_norm(point.gradients)),
    )
    return Trajectory(params, slopes, *report)
