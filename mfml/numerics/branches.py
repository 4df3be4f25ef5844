"""Rare cases: what is computed, or even compiled, only where a quick result is not good enough."""

from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool

Given = TypeVar("Given")
State = TypeVar("State")


def quick_or_careful(method: Callable[..., tuple[State, Bool[Array, ""]]], *args: Any) -> State:
    """Result of `method(*args, careful=False)`, or with `careful=True` where the first says that it needs care.

    Called with values, what is careful is not compiled before it is needed. Within compiled code `lax.cond` chooses.
    Derivatives pass through the result that is taken only: 0 times an infinite derivative of the other would be NaN.

    >>> quick_or_careful(lambda x, careful: (2 * x if careful else x, x > 1), jnp.array(3.0)).item()
    6.0
    """
    quick, needed = method(*args, careful=False)
    if not isinstance(needed, jax.core.Tracer):
        return method(*args, careful=True)[0] if needed else quick
    fixed = jax.tree.map(lax.stop_gradient, args)
    needed = method(*fixed, careful=False)[1]

    def passing(where: Array) -> Any:
        return jax.tree.map(lambda arg, constant: jnp.where(where, arg, constant), args, fixed)

    quick = method(*passing(~needed), careful=False)[0]  # the compiler merges it with the first call
    return lax.cond(needed, lambda: method(*passing(needed), careful=True)[0], lambda: quick)


def if_needed(needed: Bool[Array, ""], better: Callable[[Given], State], given: Given, quick: State) -> State:
    """`better(given)` where it is needed, otherwise `quick`.

    Under `vmap` it is left out if no example needs it; `lax.cond` would always compute it there. The loop of at most
    one step may not be differentiated. What does not depend on `given` is computed in any case.

    >>> if_needed(jnp.array(True), lambda x: 2 * x, jnp.array(1.0), jnp.array(1.0)).item()
    2.0
    """

    def step(found: tuple[State, Array]) -> tuple[State, Array]:
        # tied to the state of the loop, since the compiler moves what does not change out of it
        tied = jax.tree.map(lambda leaf: jnp.where(found[1], leaf, jnp.zeros_like(leaf)), given)
        return better(tied), jnp.zeros((), bool)

    return lax.while_loop(lambda found: found[1], step, (quick, needed))[0]
