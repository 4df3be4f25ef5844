r"""Levenberg-Marquardt: minimize a sum of squares $\|r(\theta)\|^2$ by damped steps of Gauss and Newton.

Each step solves $(J^\top J + \mu D) \delta = -J^\top r$. The damping $\mu$ falls where the linear model predicts well
what a step gains, and grows until a step gains anything. Near a solution that fits, it converges quadratically, with
first derivatives alone. D is the largest diagonal entry of $J^\top J$, or with `scaled` the diagonal itself, so that
the unit of each parameter does not matter. Costs: n p^2 for n residuals and p parameters. Double precision pays.

Source: Marquardt (1963); Moré (1978); Nielsen (1999) for the damping.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, Int, PyTree

from mfml import iteration, require
from mfml.arrays import as_float
from mfml.entrance import public
from mfml.iteration import Status

TRIALS = 10  # of the damping in a step
HIGHEST = 1e12  # where no damping helps, rounding decides


class State(NamedTuple):
    """Where the iteration is."""

    params: Float[Array, " p"]
    damping: Float[Array, ""]  # in units of D
    growth: Float[Array, ""]  # factor of the damping after the next trial that fails
    loss: Float[Array, ""]  # sum of squares
    cosine: Float[Array, ""]  # largest one between the residual and a column of J, at the start of the last step


class LeastSquares(NamedTuple):
    """The minimum, and how it was found."""

    params: PyTree
    residual: Float[Array, " n"]
    normal: Float[Array, "p p"]  # $J^\top J$ there; parameters in the order of `jax.flatten_util.ravel_pytree`
    history: Float[Array, " steps"]  # sum of squares
    n_iter: Int[Array, ""]
    converged: Bool[Array, ""]
    status: Int[Array, ""]


Linear = tuple[Float[Array, " n"], Float[Array, "n p"]]


@public
def init(params: Float[Array, " p"], *, loss: Float[Array, ""], damping: float = 1e-3) -> State:
    """Return the state before the first step; `loss` is the sum of squares at the start.

    >>> init(jnp.zeros(2), loss=jnp.array(3.0)).damping.item()
    0.001...
    """
    first = jnp.asarray(damping, params.dtype)
    return State(params, first, jnp.full_like(first, 2), loss, jnp.ones_like(loss))


@public
def step(
    state: State,
    linearize: Callable[[Array], Linear],
    evaluate: Callable[[Array], Float[Array, ""]],
    *,
    scaled: bool = False,
) -> State:
    """One step: where no damping among ten gains anything, parameters stay, and only the damping grows.

    Args:
        state: where the iteration is.
        linearize: returns residuals and their Jacobian at parameters (p,).
        evaluate: returns the sum of squares at parameters.
        scaled: damp each parameter in its own unit; static.

    >>> start = init(jnp.array([3.0]), loss=jnp.array(4.0))
    >>> moved = step(start, lambda p: (p - 1, jnp.ones((1, 1))), lambda p: jnp.sum((p - 1) ** 2))
    >>> moved.params.round(2).tolist()
    [1.0]
    """
    residual, slopes = linearize(state.params)
    normal, gradient = slopes.T @ slopes, slopes.T @ residual
    diagonal = jnp.diagonal(normal)
    top = jnp.max(diagonal)
    tiny = jnp.finfo(top.dtype).tiny
    lengths = jnp.sqrt(jnp.maximum(diagonal, tiny)) * jnp.sqrt(jnp.maximum(state.loss, tiny))
    cosine = jnp.max(jnp.abs(gradient) / lengths)
    units = jnp.where(diagonal == 0, 1.0, diagonal) if scaled else jnp.full_like(diagonal, jnp.maximum(top, tiny))

    def trial(carry: tuple[State, Array, Array]) -> tuple[State, Array, Array]:
        now, count, _ = carry
        penalty = now.damping * units
        factor = jax.scipy.linalg.cho_factor(normal + jnp.diag(penalty), lower=True)
        move = -jax.scipy.linalg.cho_solve(factor, gradient)
        loss = evaluate(state.params + move)
        gained = (state.loss - loss) / jnp.sum(move * (penalty * move - gradient))
        better = (loss < state.loss) & (gained > 0)
        least = jnp.finfo(top.dtype).eps
        eased = jnp.maximum(now.damping * jnp.maximum(0.2, 1 - (2 * gained - 1) ** 3), least)
        accepted = State(state.params + move, eased, jnp.full_like(eased, 2), loss, cosine)
        refused = State(state.params, now.damping * now.growth, 2 * now.growth, state.loss, cosine)
        return jax.tree.map(partial(jnp.where, better), accepted, refused), count + 1, better

    first = state._replace(cosine=cosine), jnp.zeros((), int), jnp.zeros((), bool)
    return lax.while_loop(lambda carry: (carry[1] < TRIALS) & ~carry[2], trial, first)[0]


@public
def minimize(
    residual: Callable[[PyTree], Float[Array, " n"]], *, init: PyTree, max_iter: int = 100, tol: float = 1e-6
) -> LeastSquares:
    r"""Minimize $\|r(\theta)\|^2$ over a pytree of parameters, each damped in its own unit.

    Args:
        residual: function of the parameters; it returns one axis of numbers.
        init: parameters at the start.
        max_iter: limit of steps; static.
        tol: bound of the largest cosine between the residual and a column of J, 0 at a minimum, and of the residual's
            share of its start, 0 where the data are met; static. Single precision reaches about 1e-4 in noisy data.

    Raises:
        ValueError: unless residual returns one axis, max_iter >= 1 and tol > 0.

    Source: Marquardt (1963).

    >>> t = jnp.arange(4.0)
    >>> found = minimize(lambda rate: jnp.exp(-rate * t) - jnp.exp(-0.5 * t), init=jnp.array(2.0))
    >>> found.params.round(3).item()
    0.5
    """
    require.positive("max_iter", max_iter)
    require.that(tol > 0, f"tol must be positive; found {tol}")
    start, unravel = ravel_pytree(jax.tree.map(partial(as_float, "init"), init))

    def flat(params: Array) -> Array:
        return residual(unravel(params))

    def linearize(params: Array) -> Linear:
        return flat(params), jax.jacfwd(flat)(params)

    def evaluate(params: Array) -> Array:
        return jnp.sum(flat(params) ** 2)

    first = evaluate(start)
    require.that(jax.eval_shape(flat, start).ndim == 1, "residual must return one axis of numbers")
    state, report = iteration.run(
        lambda state, _: step(state, linearize, evaluate, scaled=True),
        _begin(start, loss=first),
        max_iter=max_iter,
        objective=lambda state: state.loss,
        converged=lambda state: (state.cosine <= tol) | (state.loss <= tol**2 * first),
        failed={Status.STALLED: lambda state: state.damping >= HIGHEST},
    )
    end, slopes = linearize(state.params)
    return LeastSquares(unravel(state.params), end, slopes.T @ slopes, *report)


_begin = init
