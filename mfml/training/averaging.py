r"""Averaged weights: the mean of the parameters over the last steps, which is steadier than the parameters themselves.

$$\bar\theta_t = \frac{\sum_{i=1}^{t} \gamma^{t - i}\, \theta_i}{\sum_{i=1}^{t} \gamma^{t - i}}$$

with the parameters $\theta_i$ after step i and the decay $\gamma$: about $1 / (1 - \gamma)$ steps count. The average is
a part of the optimizer's state. So a run that is saved and resumed has it, too. Samplers of diffusion models use it.

Source: Polyak and Juditsky (1992); Kingma and Ba (2015), section 7.2; Karras et al. (2022), appendix F.2.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, PyTree

from mfml import require
from mfml.entrance import public

if TYPE_CHECKING:
    from optax import GradientTransformationExtraArgs


class Averaged(NamedTuple):
    """State of an optimizer that averages."""

    inner: PyTree  # state of the optimizer that makes the steps
    params: PyTree  # their average; before the first step, the start
    step: Int[Array, ""]  # steps done


@public
def averaged(optimizer: Any, *, decay: float = 0.999) -> GradientTransformationExtraArgs:
    """Return an optimizer of optax that makes the same steps, and keeps the average of the parameters.

    `average` returns it. Until some 1 / (1 - decay) steps are done it is nearly the mean of all steps; with decay 0 it
    is the last step. Parameters that are not floats are not averaged: the newest count.

    Args:
        optimizer: of optax. Whatever changes its updates belongs into it.
        decay: from 0 to below 1; static.

    Raises:
        ValueError: for another decay, or what is no optimizer.

    >>> import optax
    >>> optimizer = averaged(optax.sgd(1.0), decay=0.5)
    >>> state = optimizer.init(jnp.array(0.0))
    >>> _, state = optimizer.update(jnp.array(-1.0), state, jnp.array(0.0))  # a step from 0 to 1
    >>> _, state = optimizer.update(jnp.array(-3.0), state, jnp.array(1.0))  # a step from 1 to 4
    >>> average(state).item()  # (0.5 * 1 + 1 * 4) / (0.5 + 1)
    3.0
    """
    import optax

    fits = callable(getattr(optimizer, "init", None)) and callable(getattr(optimizer, "update", None))
    require.that(fits, f"optimizer must be one of optax, with init and update; found {type(optimizer).__name__}")
    require.that(0 <= decay < 1, f"decay must be at least 0 and below 1; found {decay}")
    steps = optax.with_extra_args_support(optimizer)

    def init(params: PyTree) -> Averaged:
        return Averaged(steps.init(params), params, jnp.zeros((), jnp.int32))

    def update(gradient: PyTree, state: Averaged, params: PyTree = None, **extra: Any) -> tuple[PyTree, Averaged]:
        require.that(params is not None, "an optimizer that averages needs the parameters; found None")
        updates, inner = steps.update(gradient, state.inner, params, **extra)
        step = state.step + 1

        def mean(old: Array, new: Array) -> Array:
            if not jnp.issubdtype(jnp.result_type(new), jnp.inexact):
                return new
            return old + (new - old) * share(decay, step).astype(jnp.result_type(new))

        average = jax.tree.map(mean, state.params, optax.apply_updates(params, updates))
        return updates, Averaged(inner, average, step)

    return optax.GradientTransformationExtraArgs(init, update)


@public
def share(decay: ArrayLike, step: Int[Array, ""]) -> Float[Array, ""]:
    r"""Weight of the newest parameters in the average after a step, $(1 - \gamma) / (1 - \gamma^t)$, t = 1, 2, ...

    For a decay of 1 it is 1 / t: then the average is the mean of all steps.

    >>> [round(share(decay, jnp.array(2)).item(), 4) for decay in (0.0, 0.5, 1.0)]
    [1.0, 0.6667, 0.5]
    """
    if isinstance(decay, float) and decay > 0:
        rate = jnp.asarray(-math.log(decay), float)
    else:
        rate = -jnp.log(jnp.asarray(decay, float))
    below = jnp.where(rate > 0, rate, 1.0)
    return jnp.where(rate > 0, jnp.expm1(-below) / jnp.expm1(-below * step), 1 / jnp.asarray(step, rate.dtype))


@public
def average(state: Any) -> PyTree:
    """Return the averaged parameters, from the state of a run of `loop`, of its result, or of the optimizer.

    Raises:
        ValueError: if its optimizer is none of `averaged`.

    >>> import optax
    >>> average(averaged(optax.sgd(0.1)).init({"w": jnp.ones(2)}))["w"].tolist()
    [1.0, 1.0]
    """
    for name in ("state", "opt_state"):
        state = getattr(state, name, state)
    require.that(
        isinstance(state, Averaged), f"the optimizer must be one of `averaged`; found a state {type(state).__name__}"
    )
    return state.params
