"""The way of an optimizer through a landscape, point by point."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, PyTree

from mfml import require
from mfml.landscapes.curvature import Objective
from mfml.landscapes.optimizers import apply_updates
from mfml.risk.empirical import gradient_norm


class Trajectory(NamedTuple):
    """Every point on the way, the start first: leading axes of n_steps + 1."""

    params: PyTree
    objective: Float[Array, " points"]
    gradient_norm: Float[Array, " points"]  # Euclidean, over all parameters


@partial(jax.jit, static_argnames=("objective", "optimizer", "n_steps"))
def run(
    objective: Objective,
    init: PyTree,
    *,
    optimizer: Any,
    n_steps: int,
    data: tuple[Any, ...] = (),
) -> Trajectory:
    r"""Take `n_steps` steps on `objective(params, *data)` and keep every point. It never stops early.

    Any optax optimizer does as well. What it diverges to (infinity, NaN) is kept.

    Raises:
        ValueError: for n_steps < 0.

    Source: Nocedal and Wright (2006), Numerical Optimization, chapter 3.

    >>> from mfml.landscapes import optimizers
    >>> way = run(lambda x: x @ x, jnp.array([1.0]), optimizer=optimizers.gradient_descent(0.25), n_steps=2)
    >>> way.params.tolist(), way.objective.tolist()
    ([[1.0], [0.5], [0.25]], [1.0, 0.25, 0.0625])
    """
    require.that(n_steps >= 0, f"n_steps must not be negative; found {n_steps}")
    init = jax.tree.map(jnp.asarray, init)
    value_and_gradient = jax.value_and_grad(objective)

    def record(params: PyTree) -> tuple[Trajectory, PyTree]:
        value, gradients = value_and_gradient(init, *data)
        return Trajectory(init, value, gradient_norm(gradients)), gradients

    def step(carry: tuple[PyTree, Any], _: None) -> tuple[tuple[PyTree, Any], Trajectory]:
        init, state = carry
        point, gradients = record(init)
        updates, state = optimizer.update(gradients, state, init)
        return (apply_updates(init, updates), state), point

    (final, _), points = lax.scan(step, (init, optimizer.init(init)), length=n_steps)
    last = record(final)[0]
    return jax.tree.map(lambda points, last: jnp.concatenate([points, last[None]]), points, last)
