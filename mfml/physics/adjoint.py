r"""The end of an integration alone, and its gradient in little memory.

`adaptive.solve` keeps the path. Here only y at $t_1$ is kept, and there are two gradients (`kind`):

- "discrete": that of the steps taken (discretize, then optimize). The sizes of the steps are noted, and the steps taken
  again in blocks; only the states between blocks are kept. It is what `adaptive.solve` gives, in either mode.
- "continuous": that of the equation. For a loss L the adjoint $a = \partial L / \partial y$ follows an equation of its
  own, from $t_1$ back to $t_0$, together with y, which is computed again on the way:

$$\dot a = -a\, \frac{\partial f}{\partial y}, \qquad
\frac{dL}{d\theta} = \int_{t_0}^{t_1} a\, \frac{\partial f}{\partial \theta}\, dt$$

The memory of the adjoint does not depend on the number of steps; it is right to the tolerance, in reverse mode only.
Where the system forgets its past fast (stiff relaxation, diffusion), the way back is unstable. If it misses `init` by
more than 1 % of the largest entry, the gradient is NaN: use "discrete".

Source: Pontryagin et al. (1962); Chen et al. (2018).
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.flatten_util import ravel_pytree
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, PyTree

from mfml import require
from mfml.entrance import public
from mfml.iteration import Status
from mfml.numerics.domain import NON_NEGATIVE, checked
from mfml.numerics.precision import single
from mfml.physics.marching import Limits, Marched, march
from mfml.physics.replaying import Replayed, differentiable, replay
from mfml.physics.tableaus import PAIRS, Field, Tableau, slope

KINDS = ("discrete", "continuous")


class End(NamedTuple):
    """Where an integration ended."""

    value: Float[Array, "*shape"]  # y at t1; NaN where it was not reached
    n_accepted: Int[Array, ""]
    n_rejected: Int[Array, ""]
    converged: Bool[Array, ""]  # whether t1 was reached


class _Method(NamedTuple):
    """What is static."""

    f: Field
    tableau: Tableau
    max_iter: int


class _Problem(NamedTuple):
    """What has a gradient."""

    init: Array
    t0: Array
    t1: Array
    floats: list[Array]  # leaves of args, None where a leaf is no float


@public
@checked(rtol=NON_NEGATIVE, atol=NON_NEGATIVE)
@partial(jax.jit, static_argnames=("f", "kind", "solver", "max_iter"))
def solve(
    f: Field,
    init: Float[Array, "*shape"],
    *,
    t0: ArrayLike = 0.0,
    t1: ArrayLike,
    args: PyTree = None,
    kind: str = "discrete",
    rtol: ArrayLike = 1e-5,
    atol: Float[Array, "..."] = 0.0,  # type: ignore[assignment]
    solver: str = "dopri5",
    max_iter: int = 1000,
) -> End:
    """Integrate from t0 to t1 and return the end, which has derivatives by init, t0, t1 and args.

    On the way back of the adjoint y is held to the tolerances, and the adjoint to rtol times its largest entry.

    Args:
        f: the field, `f(t, y, args)`; static.
        init: y at t0, an array of any shape.
        t0: where time starts.
        t1: where it ends.
        args: pytree that f takes as third argument.
        kind: of the gradient, "discrete" or "continuous"; static.
        rtol: tolerance relative to each entry of y.
        atol: tolerance in units of y: a number, or an array that broadcasts to y; see `adaptive`.
        solver: "dopri5" or "tsit5"; static.
        max_iter: how many steps may be tried, each way; static. Under `vmap` the time of discrete gradients
            grows with it.

    Raises:
        ValueError: for an unknown kind or solver, max_iter < 1, a negative tolerance (NaN where it is traced), or if f
            returns another shape.

    >>> gradient = jax.grad(lambda y: solve(lambda t, y, args: -y, y, t1=1.0, kind="continuous").value)(2.0)
    >>> round(gradient.item(), 3)
    0.368
    """
    require.one_of("kind", kind, KINDS)
    require.one_of("solver", solver, PAIRS)
    require.positive("max_iter", max_iter)
    require.broadcasts("atol", atol, init.shape)
    dtype = init.dtype
    init, t0, t1 = (single(jnp.asarray(value, dtype)) for value in (init, t0, t1))
    inner, held = jax.closure_convert(f, t0, init, args)
    leaves, structure = jax.tree.flatten((args, held))
    rebuilt = partial(jax.tree.unflatten, structure)
    is_float = [jnp.issubdtype(jnp.result_type(leaf), jnp.floating) for leaf in leaves]
    floats = [jnp.asarray(leaf) for leaf, yes in zip(leaves, is_float, strict=True) if yes]
    others = [leaf for leaf, yes in zip(leaves, is_float, strict=True) if not yes]

    def field(t: Array, y: Array, given: Any) -> Array:
        moving, fixed = iter(given[0]), iter(given[1])
        arguments, all_held = rebuilt([next(moving if yes else fixed) for yes in is_float])
        return inner(t, y, arguments, *all_held)

    method = _Method(field, PAIRS[solver], max_iter)
    problem, tolerances = _Problem(init, t0, t1, floats), (jnp.asarray(rtol), jnp.asarray(atol))
    if kind == "continuous":
        value, *report = _end(method, problem, others, tolerances)
        return End(value.astype(dtype), *report)
    y, after, *report = _steps(method, problem, others, lax.stop_gradient(tolerances))
    span = t1 - t0
    value = y + (span - lax.stop_gradient(span)) * after  # 0 that knows how t1 changes the value
    return End(jnp.where(report[2], value, jnp.nan).astype(dtype), *report)


def _scale(tolerances: Any, y0: Array, y1: Array) -> Array:
    rtol, atol = tolerances
    return (atol + rtol * jnp.maximum(jnp.abs(y0), jnp.abs(y1))).astype(y0.dtype)


def _marched(
    method: _Method, f: Field, init: Array, t0: Array, span: Array, limits: Limits, args: Any, *, keep: bool = False
) -> Marched:
    options = {"limits": limits, "tableau": method.tableau, "max_iter": method.max_iter, "keep": keep}
    return march(f, init, t0=t0, span=span, args=args, dense=False, **options)  # type: ignore[arg-type]


def _there(method: _Method, problem: _Problem, others: list, tolerances: Any, *, keep: bool = False) -> Marched:
    """The march from t0 to t1."""
    init, t0, t1, floats = lax.stop_gradient(problem)
    limits = Limits(partial(_scale, tolerances))
    return _marched(method, method.f, init, t0, t1 - t0, limits, (floats, others), keep=keep)


def _report(done: Marched) -> tuple[Array, Array, Array]:
    """Accepted and rejected steps, and whether t1 was reached."""
    return done.n_accepted, done.n_tried - done.n_accepted, done.ended == Status.CONVERGED


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _steps(method: _Method, problem: _Problem, others: list, tolerances: Any) -> tuple[Array, ...]:
    """Value and slope at the end, and the report. Only derivatives need a record."""
    done = _there(method, problem, others, tolerances)
    return done.y, done.slope, *_report(done)


@_steps.defjvp
def _steps_derivative(method: _Method, primals: Any, tangents: Any) -> tuple[tuple, tuple]:
    problem, others, tolerances = primals
    done = _there(method, problem, others, lax.stop_gradient(tolerances), keep=True)
    assert done.record is not None
    steps, again = done.record.steps, partial(replay, method.f, tableau=method.tableau)

    def of(problem: _Problem) -> tuple[Array, Array]:
        found, inputs = Replayed(done.y, done.slope, None, None), (problem.init, problem.t0, (problem.floats, others))
        found = differentiable(again, found, steps, done.n_accepted, inputs)
        return found.y, found.slope

    (y, after), changes = jax.jvp(of, (problem,), (tangents[0],))
    report = _report(done)
    return (y, after, *report), (*changes, *(np.zeros(part.shape, jax.dtypes.float0) for part in report))


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _end(method: _Method, problem: _Problem, others: list, tolerances: Any) -> tuple[Array, ...]:
    """The value and the report."""
    done = _there(method, problem, others, tolerances)
    report = _report(done)
    return jnp.where(report[2], done.y, jnp.nan), *report


def _forward(method: _Method, problem: _Problem, others: list, tolerances: Any) -> Any:
    found = _end(method, problem, others, tolerances)
    return found, (found[0], problem, others, tolerances)


def _backward(method: _Method, kept: Any, changes: Any) -> Any:
    value, problem, others, tolerances = kept
    init, t0, t1, floats = problem
    shape, size, a = init.shape, init.size, changes[0]
    zeros, whole = ravel_pytree(jax.tree.map(jnp.zeros_like, floats))
    zeros = zeros.astype(init.dtype)

    def parts(z: Array) -> tuple[Array, Array, Array]:
        return z[:size].reshape(shape), z[size : 2 * size].reshape(shape), z[2 * size :]

    def field(t: Array, z: Array, others: Any) -> Array:
        y, a, _ = parts(z)
        forward, pull = jax.vjp(lambda y, floats: slope(method.f, y, t=t, args=(floats, others)), y, floats)
        by_y, by_args = pull(-a)
        return jnp.concatenate([forward.ravel(), by_y.ravel(), ravel_pytree(by_args)[0].astype(z.dtype)])

    def scale(z0: Array, z1: Array) -> Array:
        (y0, a0, g), (y1, a1, _) = parts(z0), parts(z1)
        largest = jnp.max(jnp.maximum(jnp.abs(a0), jnp.abs(a1)), initial=0.0)
        of_a = jnp.full(size, (tolerances[0] * largest).astype(z0.dtype))
        return jnp.concatenate([_scale(tolerances, y0, y1).ravel(), of_a, jnp.full_like(g, jnp.inf)])

    begin = jnp.concatenate([value.ravel(), a.ravel(), zeros])
    done = _marched(method, field, begin, t1, t0 - t1, Limits(scale), others)
    y, at_start, of_args = parts(done.y)
    largest = jnp.maximum(jnp.max(jnp.abs(init), initial=0.0), jnp.max(jnp.abs(value), initial=0.0))
    sound = (done.ended == Status.CONVERGED) & jnp.all(jnp.abs(y - init) <= 0.01 * largest)
    by_t0 = -jnp.sum(at_start * slope(method.f, init, t=t0, args=(floats, others)))
    by_t1 = jnp.sum(a * slope(method.f, value, t=t1, args=(floats, others)))
    gradient = _Problem(at_start, by_t0, by_t1, whole(of_args.astype(ravel_pytree(floats)[0].dtype)))
    return jax.tree.map(lambda g: jnp.where(sound, g, jnp.nan).astype(g.dtype), gradient), None, None


_end.defvjp(_forward, _backward)
