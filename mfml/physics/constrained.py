r"""Minimization under constraints, the one solver behind `penalty` and `augmented_lagrangian`.

$$\min_x f(x) \quad\text{where}\quad h(x) = 0,\; g(x) \le 0. \qquad L = f + \lambda \cdot h + \mu \cdot g$$

At a minimum, under mild conditions, there are multipliers with $\nabla L = 0$, $\mu \ge 0$ and $\mu_i g_i = 0$
(Karush, Kuhn and Tucker). A multiplier is a price: where $h_i = a_i(x) - b_i$, the optimum changes by $-\lambda_i$ per
unit of $b_i$. All computations are in units of the problem's own, so those of f, h, g and x do not matter.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, PyTree

from mfml import iteration, require
from mfml.arrays import as_float
from mfml.entrance import public
from mfml.iteration import Status
from mfml.numerics import newton
from mfml.numerics.domain import POSITIVE, between, checked
from mfml.numerics.scaling import power_of_two

INNER = 50  # Newton's steps for one weight and one set of multipliers

Function = Callable[..., Array]  # of the parameters, and of the data if there are any


class Solution(NamedTuple):
    """Where the search ended."""

    params: PyTree
    objective: Float[Array, ""]  # f there
    equality_multipliers: Float[Array, " p"]  # lambda, units of f over those of h
    inequality_multipliers: Float[Array, " q"]  # mu, not negative, units of f over those of g
    violation: Float[Array, ""]  # largest |h| or positive g, over what its terms change if the parameters do by 100 %
    residual: Float[Array, ""]  # largest entry of grad L times the parameter, or mu g, over the terms that make it up
    weight: Float[Array, ""]  # of the squares at the end, in the problem's own units
    history: Float[
        Array, " steps"
    ]  # f at the start and after each step; below the optimum where constraints are broken
    n_iter: Int[Array, ""]  # weights or sets of multipliers for which the function was minimized
    converged: Bool[Array, ""]  # violation and residual are at most tol
    status: Int[Array, ""]  # a `mfml.iteration.Status`


class State(NamedTuple):
    """Where the search is, in the problem's own units."""

    point: Float[Array, " d"]
    multipliers: Float[Array, " c"]  # of equalities, then of inequalities
    weight: Float[Array, ""]
    violation: Float[Array, ""]
    residual: Float[Array, ""]
    size: Float[Array, ""]  # of the terms that the residual is compared with
    objective: Float[Array, ""]
    still: Bool[Array, ""]  # the last step changed nothing


class Scales(NamedTuple):
    """The problem's own units."""

    x: Float[Array, " d"]
    f: Float[Array, ""]
    c: Float[Array, " c"]


@public
@checked(penalty=POSITIVE, growth=between(1), tol=between(0))
def solve(
    objective: Function,
    init: PyTree,
    *,
    equality: Function | None = None,
    inequality: Function | None = None,
    data: PyTree | None = None,
    updates: bool = True,
    penalty: ArrayLike = 10.0,
    growth: ArrayLike = 10.0,
    max_iter: int = 50,
    tol: ArrayLike = 1e-4,
) -> Solution:
    r"""Minimize f plus squares of broken constraints, with a higher weight or better multipliers each time.

    With `updates`, multipliers follow $\lambda \leftarrow \lambda + w h$, $\mu \leftarrow \max(\mu + w g, 0)$, and the
    weight grows only where the violation does not fall to a quarter. Without, they stay 0, the weight grows each time,
    and $w h$, $\max(w g, 0)$ are what the result returns as multipliers. See `penalty` and `augmented_lagrangian`.

    Args:
        objective: f, twice differentiable, of the parameters (and of the data); returns one number; static.
        init: parameters at the start: a pytree of numbers. They need not fulfill the constraints.
        equality: h; returns a number or an array of them; static. None: there are none.
        inequality: g, as h.
        data: second argument of all functions, a pytree of arrays. None: they take the parameters alone.
        updates: whether multipliers are updated; static.
        penalty: weight w at the start, in the problem's own units, where slopes are near 1.
        growth: factor of the weight.
        max_iter: largest number of steps; static.
        tol: relative, of violation and residual.

    Raises:
        ValueError: unless f returns a number, for options out of range, and unless max_iter >= 1.

    Source: Nocedal and Wright (2006), Numerical Optimization, chapter 17.

    >>> found = solve(lambda x: jnp.sum(x**2), jnp.zeros(2), equality=lambda x: x[0] + x[1] - 2)
    >>> found.params.round(3).tolist(), found.equality_multipliers.round(2).tolist()
    ([1.0, 1.0], [-2.0])
    """
    functions = (objective, equality, inequality)
    return _solve(init, data, penalty, growth, tol, functions=functions, updates=updates, max_iter=max_iter)


@partial(jax.jit, static_argnames=("functions", "updates", "max_iter"))
def _solve(
    params: PyTree,
    data: PyTree,
    penalty: ArrayLike,
    growth: ArrayLike,
    tol: ArrayLike,
    *,
    functions: tuple[Function, Function | None, Function | None],
    updates: bool,
    max_iter: int,
) -> Solution:
    params = jax.tree.map(partial(as_float, "init"), params)
    floats = [
        leaf.dtype for leaf in jax.tree.leaves((params, data)) if jnp.issubdtype(jnp.result_type(leaf), jnp.floating)
    ]
    vector, unravel = ravel_pytree(jax.tree.map(lambda leaf: leaf.astype(jnp.result_type(*floats)), params))
    raw, n_equal = _joined(functions, unravel, data, vector)
    scales = _scales(raw, vector)

    def scaled(point: Array) -> tuple[Array, Array]:
        f, c = raw(point * scales.x)
        return f / scales.f, c / scales.c

    step = partial(_step, scaled, n_equal, growth=growth, tol=tol, updates=updates)
    end, report = iteration.run(
        lambda state, i: step(state, i == 0),
        _first(scaled, n_equal, vector / scales.x, jnp.asarray(penalty, vector.dtype)),
        max_iter=max_iter,
        objective=lambda state: state.objective * scales.f,
        converged=lambda state: (state.violation <= tol) & (state.residual <= tol),
        failed={Status.STALLED: lambda state: state.still},
    )
    prices = end.multipliers * scales.f / scales.c
    results = end.objective * scales.f, prices[:n_equal], prices[n_equal:], end.violation, end.residual, end.weight
    return Solution(unravel(end.point * scales.x), *results, *report)


def _joined(functions: tuple, unravel: Callable, data: PyTree, vector: Array) -> tuple[Callable, int]:
    """A function of the vector that returns f and all constraints, equalities first; and how many those are."""
    more = () if data is None else (data,)

    def each(which: int, vector: Array) -> Array:
        if functions[which] is None:
            return jnp.zeros(0, vector.dtype)
        return jnp.ravel(jnp.asarray(functions[which](unravel(vector), *more), vector.dtype))

    def joined(vector: Array) -> tuple[Array, Array]:
        f = jnp.asarray(functions[0](unravel(vector), *more), vector.dtype)
        require.that(f.shape == (), f"objective must return a number; found shape {f.shape}")
        return f, jnp.concatenate([each(1, vector), each(2, vector)])

    return joined, len(jax.eval_shape(partial(each, 1), vector))


def _scales(raw: Callable, vector: Array) -> Scales:
    """Units of parameters, in which a constraint or the objective is near; then those of functions of them."""
    (f_slope, jacobian), (_, c) = jax.jacrev(raw)(vector), raw(vector)
    bend = jnp.diag(jax.hessian(lambda v: raw(v)[0])(vector))
    away = jnp.abs(c[:, None] / jnp.where(jacobian == 0, jnp.inf, jacobian))  # each parameter alone
    away = jnp.min(jnp.where(away > 0, away, jnp.inf), axis=0, initial=jnp.inf)
    to_flat = jnp.abs(f_slope / jnp.where(bend == 0, jnp.inf, bend))
    x = jnp.abs(vector)
    for other in (away, to_flat):
        x = jnp.where(x > 0, x, jnp.where(jnp.isfinite(other), other, 0.0))
    x = _unit(x)
    steep = jnp.max(jnp.abs(jacobian) * x, axis=1, initial=0.0)
    f = jnp.maximum(jnp.max(jnp.abs(f_slope) * x, initial=0.0), jnp.max(jnp.abs(bend) * x * x, initial=0.0))
    return Scales(x, _unit(f), _unit(jnp.where(steep > 0, steep, jnp.abs(c))))


def _unit(size: Array) -> Array:
    """Power of two near a size; sizes are often powers of two themselves, and those must all round the same way."""
    return power_of_two(1.25 * size)


def _first(scaled: Callable, n_equal: int, point: Array, weight: Array) -> State:
    f, c = scaled(point)
    nothing = jnp.zeros_like(c)
    violation, residual, size = _measures(scaled, n_equal, point, nothing)
    return State(point, nothing, weight, violation, residual, size, f, still=jnp.zeros((), bool))


def _step(
    scaled: Callable,
    n_equal: int,
    state: State,
    is_first: Array,
    *,
    growth: ArrayLike,
    tol: ArrayLike,
    updates: bool,
) -> State:
    """Minimize for fixed multipliers and weight; then better multipliers, and for the next step the weight."""
    equal = jnp.arange(len(state.multipliers)) < n_equal
    fixed = state.multipliers if updates else jnp.zeros_like(state.multipliers)
    weight = jnp.where(is_first, state.weight, state.weight * (1.0 if updates else growth))

    def merit(point: Array) -> Array:
        f, c = scaled(point)
        active = equal | (fixed + weight * c > 0)
        return f + jnp.sum(jnp.where(active, fixed * c + weight / 2 * c**2, -(fixed**2) / (2 * weight)))

    point = newton.minimize(merit, state.point, small=jnp.asarray(0.1 * tol * state.size), max_iter=INNER)
    f, c = scaled(point)
    multipliers = fixed + weight * c
    multipliers = jnp.where(equal, multipliers, jnp.maximum(multipliers, 0.0))
    violation, residual, size = _measures(scaled, n_equal, point, multipliers)
    still = (point == state.point).all() & (multipliers == state.multipliers).all() & updates
    if updates:
        highest = jnp.finfo(point.dtype).eps ** -0.5  # beyond, rounding of constraints spoils the multipliers
        slow = (violation > 0.25 * state.violation) & (violation > tol)
        weight = jnp.where(slow, jnp.maximum(jnp.minimum(weight * growth, highest), weight), weight)
    return State(point, multipliers, weight, violation, residual, size, f, still)


def _measures(scaled: Callable, n_equal: int, point: Array, multipliers: Array) -> tuple[Array, Array, Array]:
    """Violation, residual of the conditions of Karush, Kuhn and Tucker, and the size of the terms that make it up."""
    (slope, jacobian), (_, c) = jax.jacrev(scaled)(point), scaled(point)
    bend = jnp.diag(jax.hessian(lambda p: scaled(p)[0])(point))
    size = jnp.maximum(1.0, jnp.abs(point))  # of parameters: that of the start at least
    broken = jnp.where(jnp.arange(len(c)) < n_equal, jnp.abs(c), jnp.maximum(c, 0.0))
    change = jnp.sum(jnp.abs(jacobian) * size, axis=1)
    violation = jnp.max(_share(broken, change), initial=0.0)
    terms = (jnp.abs(slope) + jnp.abs(multipliers) @ jnp.abs(jacobian)) * size
    largest = jnp.maximum(jnp.max(terms, initial=0.0), jnp.max(jnp.abs(bend) * size**2, initial=0.0))
    stationary = jnp.max(jnp.abs(slope + multipliers @ jacobian) * size, initial=0.0)
    idle = jnp.max(jnp.where(jnp.arange(len(c)) < n_equal, 0.0, jnp.abs(multipliers * c)), initial=0.0)
    return violation, _share(jnp.maximum(stationary, idle), largest), largest


def _share(part: Any, whole: Any) -> Array:
    """Quotient; 0 where both are 0."""
    return jnp.where(part == 0, 0.0, part / jnp.where(whole == 0, 1.0, whole))
