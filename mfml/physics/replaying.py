"""The polynomials of an adaptive method between its steps, and the same steps once more for derivatives.

`march` says how large each accepted step was. `replay` takes these steps in a loop of fixed length: that one may be
differentiated, forward, in reverse, and again. It keeps the state at the beginning of each block of steps and computes
the rest again (checkpointing).
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, PyTree

from mfml.entrance import public
from mfml.physics.tableaus import Field, Tableau, combined, slope, stages


@public
def polynomial(
    y: Float[Array, "*shape"], slopes: PyTree, h: ArrayLike, *, tableau: Tableau
) -> Float[Array, "5 *shape"]:
    """Coefficients of 1, theta, ..., theta^4 in y(t + theta h), in units of y. The tableau is static.

    >>> from mfml.physics.tableaus import DOPRI5
    >>> polynomial(jnp.array(3.0), (jnp.array(1.0),) * 7, 2.0, tableau=DOPRI5).round(4).tolist()
    [3.0, 2.0, 0.0, 0.0, 0.0]
    """
    return jnp.stack([y, *(h * combined(column, slopes) for column in zip(*tableau.dense, strict=True))])


@public
def at(row: Float[Array, "5 *shape"], theta: Float[Array, "..."]) -> Float[Array, "*shape"]:
    """Return y at a share theta of a step from its polynomial; theta broadcasts to y.

    >>> at(jnp.array([1.0, 2.0, 0.0, 0.0, 4.0]), jnp.array(0.5)).item()
    2.25
    """
    value = row[4]
    for coefficient in row[3::-1]:
        value = coefficient + theta * value
    return value


class Replayed(NamedTuple):
    """The same as a march found."""

    y: Float[Array, "*shape"]
    slope: Float[Array, "*shape"]
    row: Float[Array, "5 *shape"] | None
    rows: Float[Array, "intervals 5 *shape"] | None


@public
def replay(
    f: Field,
    init: Float[Array, "*shape"],
    *,
    t0: ArrayLike,
    steps: Float[Array, "intervals 2"],
    count: Int[Array, ""],
    tableau: Tableau,
    args: PyTree = None,
    last: bool = False,
    dense: bool = False,
) -> Replayed:
    """Take the first `count` steps of a record again. The sizes of the steps count as given numbers.

    Args:
        f: the field.
        init: y at t0.
        t0: where time starts.
        steps: of the record.
        count: how many of them were accepted.
        tableau: of the march; static.
        args: what f takes as third argument.
        last: whether the last polynomial is wanted; static.
        dense: whether all polynomials are; static.

    >>> from mfml.physics.tableaus import DOPRI5
    >>> steps = jnp.array([[1.0, 1.0], [0.5, 1.5]])
    >>> round(replay(lambda t, y, args: y, jnp.array(1.0), t0=0.0, steps=steps, count=1, tableau=DOPRI5).y.item(), 3)
    2.718
    """
    t0, given = jnp.asarray(t0, init.dtype), lax.stop_gradient(steps)
    size = math.isqrt(len(given))
    n_blocks = -(-len(given) // size)
    numbers = jnp.arange(n_blocks * size)
    since = jnp.concatenate([jnp.zeros(1, init.dtype), given[:-1, 1]])
    columns = [jnp.nan_to_num(jnp.pad(a, (0, n_blocks * size - len(given)))) for a in (given[:, 0], since)]
    blocks = [a.reshape(n_blocks, size) for a in (*columns, numbers)]
    blank = jnp.zeros((5, *init.shape), init.dtype)

    def go(carry: Any, step: Any) -> Any:
        (y, first, _), (h, since, _) = carry, step
        slopes = stages(f, y, t=t0 + since, h=h, args=args, tableau=tableau, first=first)
        row = polynomial(y, slopes, h, tableau=tableau) if last or dense else None
        return (y + h * combined(tableau.b, slopes), slopes[-1], row if last else None), row if dense else None

    def stay(carry: Any, _: Any) -> Any:
        return carry, blank if dense else None

    def one(carry: Any, step: Any) -> Any:
        return lax.cond(step[2] < count, go, stay, carry, step)

    def nothing(carry: Any, _: Any) -> Any:
        return carry, jnp.zeros((size, *blank.shape), blank.dtype) if dense else None

    def block(carry: Any, inner: Any) -> Any:
        whole = jax.checkpoint(partial(lax.scan, one))
        return lax.cond(inner[2][0] < count, whole, nothing, carry, inner)

    start = init, slope(f, init, t=t0, args=args), blank if last else None
    (y, after, row), rows = lax.scan(block, start, tuple(blocks))
    return Replayed(y, after, row, rows.reshape(-1, *blank.shape)[: len(given)] if dense else None)


@public
def differentiable(
    again: Callable[..., Replayed], found: Replayed, steps: Float[Array, "intervals 2"], count: Any, inputs: Any
) -> Replayed:
    """Return what a march found; its derivatives in `inputs` are those of the same steps, taken again.

    `inputs` are init, t0 and args, and `again` is `replay` of a field.

    >>> from mfml.physics.tableaus import DOPRI5
    >>> again = partial(replay, lambda t, y, args: y, tableau=DOPRI5)
    >>> found, steps = Replayed(jnp.array(3.0), jnp.array(3.0), None, None), jnp.array([[1.0, 1.0]])
    >>> of = lambda y: differentiable(again, found, steps, jnp.array(1), (y, 0.0, None)).y
    >>> of(1.0).item(), round(jax.grad(of)(1.0).item(), 3)
    (3.0, 2.718)
    """
    return _with_derivative(again, found, steps, jnp.asarray(count), inputs)


@partial(jax.custom_jvp, nondiff_argnums=(0,))
def _with_derivative(again: Callable, found: Replayed, steps: Array, count: Array, inputs: Any) -> Replayed:
    return found


@_with_derivative.defjvp
def _derivative(again: Callable, primals: Any, tangents: Any) -> tuple[Replayed, Replayed]:
    _, steps, count, inputs = primals

    def of(inputs: Any) -> Replayed:
        init, t0, args = inputs
        return again(init, t0=t0, args=args, steps=steps, count=count)

    return _with_derivative(again, *primals), jax.jvp(of, (inputs,), (tangents[3],))[1]
