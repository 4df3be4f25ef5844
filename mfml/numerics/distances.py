r"""Distances that are exact to rounding of the distance itself. Shapes: n and m points, d features, c chunks of w.

$\|x\|^2 - 2 x \cdot y + \|y\|^2$ is one matrix product, but its error is that of its terms: nothing is left of a small
distance far from the origin. So it may only preselect, with the bound of `rounding`, see `nearest`. What is returned or
decides comes from differences.
"""

from functools import partial
from math import sqrt

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import DTypeLike
from jaxtyping import Array, Float, Int

from mfml.numerics import scaling

WIDTH = 32  # features that one pass over a table adds
ROWS = 128  # rows of a table that are computed together


def unit(*arrays: Float[Array, "..."]) -> Float[Array, ""]:
    """Power of two near the largest finite magnitude of all.

    >>> unit(jnp.array([3.0, jnp.nan]), jnp.array([9.0, -1.0, jnp.inf])).item()
    8.0
    """
    magnitudes = [jnp.abs(lax.stop_gradient(array)) for array in arrays]
    # a non-finite sample must not take the unit from all others; NaN is not below infinity either
    sizes = [jnp.max(jnp.where(size < jnp.inf, size, 0.0), initial=0.0) for size in magnitudes]
    return scaling.power_of_two(jnp.max(jnp.stack(sizes)))


def rounding(n_features: int, dtype: DTypeLike) -> float:
    r"""Bound of the error of $\|x\|^2 - 2 x \cdot y + \|y\|^2$, relative to the sum of the magnitudes of its terms.

    An error grows like the square root of the number of its terms; the factor is four times the typical one.

    Source: Higham and Mary (2019), A new approach to probabilistic rounding error analysis.

    >>> bool(rounding(4, jnp.float32) == 8 * jnp.finfo(jnp.float32).eps)
    True
    """
    return (4 + 2 * sqrt(n_features)) * float(jnp.finfo(dtype).eps)


def lifted(y: Float[Array, "m d"]) -> Float[Array, "m e"]:
    r"""Rows $(-2 y, \|y\|^2)$: their product with $(x, 1)$ is $\|x - y\|^2 - \|x\|^2$.

    >>> lifted(jnp.array([[1.0, 2.0]])).tolist()
    [[-2.0, -4.0, 5.0]]
    """
    return jnp.concatenate([-2 * y, jnp.sum(y**2, axis=1, keepdims=True)], axis=1)


def raised(x: Float[Array, "n d"]) -> Float[Array, "n e"]:
    r"""Rows $(x, 1, \|x\|^2)$, see `lifted`.

    >>> raised(jnp.array([[1.0, 2.0]])).tolist()
    [[1.0, 2.0, 1.0, 5.0]]
    """
    squares = jnp.sum(x**2, axis=1, keepdims=True)
    return jnp.concatenate([x, jnp.ones_like(squares), squares], axis=1)


def product(a: Float[Array, "n e"], b: Float[Array, "e m"]) -> Float[Array, "n m"]:
    """Matrix product with the precision that `rounding` counts on, also on devices that offer less.

    >>> product(jnp.array([[2.0]]), jnp.array([[3.0]])).tolist()
    [[6.0]]
    """
    return jnp.matmul(a, b, precision=lax.Precision.HIGHEST)


def columns(y: Float[Array, "m d"]) -> Float[Array, "c w m"]:
    """Points as columns, their features in chunks of equal width; zeros fill the last.

    >>> columns(jnp.array([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[[1.0, 3.0], [2.0, 4.0]]]
    """
    m, d = y.shape
    count = max(1, -(-d // WIDTH))
    width = -(-d // count)
    return jnp.pad(y.T, ((0, count * width - d), (0, 0))).reshape(count, width, m)


def to_columns(x: Float[Array, "n d"], parts: Float[Array, "c w m"]) -> Float[Array, "n m"]:
    """Squared distances from differences, one feature after the other: `parts` is `columns(y)`.

    >>> to_columns(jnp.array([[0.0, 0.0]]), columns(jnp.array([[3.0, 4.0]]))).tolist()
    [[25.0]]
    """

    def add(total: Array, chunk: tuple[Array, Array]) -> tuple[Array, None]:
        for own, theirs in zip(*chunk, strict=True):
            total = total + (own[:, None] - theirs) ** 2
        return total, None

    zero = jnp.zeros((len(x), parts.shape[2]), parts.dtype)
    chunks = columns(x), parts
    return add(zero, (chunks[0][0], parts[0]))[0] if len(parts) == 1 else lax.scan(add, zero, chunks)[0]


@jax.custom_jvp
@jax.jit
def squared(x: Float[Array, "n d"], y: Float[Array, "m d"]) -> Float[Array, "n m"]:
    r"""Squared distances $\|x_i - y_j\|^2$ between all pairs, exact to rounding of each.

    They underflow and overflow like any square: use `unit` before.

    >>> squared(jnp.array([[0.0, 0.0], [3.0, 4.0]]), jnp.array([[0.0, 0.0]])).tolist()
    [[0.0], [25.0]]
    """
    parts = columns(y)
    if len(parts) == 1 or len(x) <= ROWS:
        return to_columns(x, parts)
    count = -(-len(x) // ROWS)
    filled = jnp.pad(x, ((0, count * ROWS - len(x)), (0, 0))).reshape(count, ROWS, -1)
    return lax.map(lambda rows: to_columns(rows, parts), filled).reshape(count * ROWS, -1)[: len(x)]


@squared.defjvp
def _(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
    """Its derivative from differences, too: products would lose it beside far points."""
    return squared(*primals), _change(*primals, *tangents)


def _change(x: Array, y: Array, dx: Array, dy: Array) -> Array:
    r"""$2 (x_i - y_j) \cdot (dx_i - dy_j)$; reverse mode computes the differences again, and keeps no table of them."""

    @partial(jax.checkpoint, policy=jax.checkpoint_policies.nothing_saveable)
    def add(total: Array, feature: tuple[Array, Array, Array, Array]) -> tuple[Array, None]:
        a, b, da, db = feature
        return total + 2 * (a[:, None] - b) * (da[:, None] - db), None

    return lax.scan(add, jnp.zeros((len(x), len(y)), x.dtype), (x.T, y.T, dx.T, dy.T))[0]


def root(squares: Float[Array, "*n"]) -> Float[Array, "*n"]:
    """Square root whose gradient at 0 is 0; NaN stays NaN.

    >>> root(jnp.array([0.0, 9.0])).tolist(), jax.grad(root)(0.0).item()
    ([0.0, 3.0], 0.0)
    """
    apart = squares != 0
    return jnp.where(apart, jnp.sqrt(jnp.where(apart, squares, 1)), 0)


def euclidean(x: Float[Array, "n d"], y: Float[Array, "m d"]) -> Float[Array, "n m"]:
    """Distances between all pairs, in any unit; the gradient at distance 0 is 0.

    >>> euclidean(jnp.array([[0.0, 0.0]]), 2.0**90 * jnp.array([[3.0, 4.0]])).item() / 2**90
    5.0
    """
    size = unit(x, y)
    return root(squared(x / size, y / size)) * size


def to_lists(x: Float[Array, "n d"], queries: Float[Array, "b d"], indices: Int[Array, "b k"]) -> Float[Array, "b k"]:
    """Squared distances of each query to its own list of points.

    >>> to_lists(jnp.array([[0.0], [4.0]]), jnp.array([[1.0]]), jnp.array([[1, 0]])).tolist()
    [[9.0, 1.0]]
    """
    return jnp.sum((queries[:, None] - x[indices]) ** 2, axis=-1)


def to_own(x: Float[Array, "n d"], points: Float[Array, "k d"], labels: Int[Array, " n"]) -> Float[Array, " n"]:
    """Squared distance of each row to the point with its label; NaN for the label -1, see `nearest.known`.

    >>> to_own(jnp.array([[0.0], [4.0]]), jnp.array([[1.0], [7.0]]), jnp.array([1, -1])).tolist()
    [49.0, nan]
    """
    return jnp.where(labels < 0, jnp.nan, jnp.sum((x - points[labels]) ** 2, axis=-1))
