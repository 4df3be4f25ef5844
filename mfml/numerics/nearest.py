r"""The nearest of many points: preselected by a matrix product, then certain. Shapes: n points, d features, k nearest.

A product finds candidates quickly. The bound of its error says whether they can be wrong by more than rounding of the
distance itself. Only then, block by block, all distances are computed from differences. With few features this is as
fast, and nothing is preselected.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from mfml.numerics import distances
from mfml.xla import rewrite

FEW = 8  # features up to which `of_samples` takes differences: as fast as a product
SHARE = 2.0**-10  # error of the product, relative to the squared distance, that counts as rounding
EXTRA = 4  # candidates beyond k: the gap to the last one has to exceed the error
GROUP = 8  # entries per group in `smallest`

Given = TypeVar("Given")
State = TypeVar("State")


class Centers(NamedTuple):
    """Points of which the nearest is asked for many times."""

    points: Float[Array, "k d"]
    origin: Float[Array, " e"]  # of the product; 0 for the last entry, see `of_centers`
    lifted: Float[Array, "k e"]  # see `distances.lifted`
    largest: Float[Array, ""]  # squared length
    apart: Float[Array, ""]  # no two points have a smaller squared distance


class Samples(NamedTuple):
    """Points whose k nearest are asked for; filled to a multiple of `GROUP` with points infinitely far away."""

    points: Float[Array, "n d"]
    parts: Float[Array, "c w f"]  # see `distances.columns`
    origin: Float[Array, " d"]  # of the product
    lifted: Float[Array, "e f"]


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


def centers(points: Float[Array, "k d"], origin: Float[Array, " d"] | None = None) -> Centers:
    """Prepare the points for `of_centers`, in a unit of their own, with an origin amid them: their mean by default.

    >>> centers(jnp.array([[1.0], [3.0]])).largest.item()
    1.0
    """
    k, d = points.shape
    origin = points.mean(axis=0) if origin is None else origin
    centered = points - origin
    lifted = distances.lifted(centered)
    lengths = lifted[:, -1]
    table = distances.product(lifted[:, :-1], centered.T) + lengths[:, None] + lengths
    bound = 2 * distances.rounding(d, points.dtype) * lengths.max()
    apart = jnp.min(jnp.where(jnp.eye(k, dtype=bool), jnp.inf, table)) - bound
    return Centers(points, jnp.pad(origin, (0, 1)), lifted, lengths.max(), apart)


def preselected(
    made: Centers, x: Float[Array, "e s"]
) -> tuple[Float[Array, " s"], Float[Array, " s"], Bool[Array, ""]]:
    """Number of the nearest center by a product, squared distance, and whether `of_centers` might say otherwise.

    >>> preselected(centers(jnp.array([[0.0], [3.0]])), jnp.array([[2.0], [1.0]]))[0].tolist()
    [1.0]
    """
    centered = x - made.origin[:, None]
    smallest, label = _first_of_smallest(distances.product(made.lifted, centered))
    lengths = jnp.sum(centered[:-1] ** 2, axis=0)
    squared = jnp.maximum(smallest + lengths, 0)
    bound = distances.rounding(len(x), x.dtype) * (lengths.max() + made.largest)
    small = bound / SHARE
    # nothing is nearer than a center at half its distance from all others
    unclear = jnp.any((squared < small) & (4 * (squared + bound) > made.apart)) | (jnp.mean(squared) < small)
    return label, squared, unclear


@jax.custom_jvp
def of_centers(made: Centers, x: Float[Array, "e s"]) -> tuple[Float[Array, " s"], Float[Array, " s"]]:
    """Number of the nearest center of each sample, as a float, and the squared distance; ties go to the lower number.

    The samples are columns, and their last feature is 1.

    >>> of_centers(centers(jnp.array([[0.0], [3.0]])), jnp.array([[2.0], [1.0]]))[0].tolist()
    [1.0]
    """
    label, squared, unclear = preselected(made, x)

    def directly(points: Array) -> tuple[Array, Array]:
        table = distances.to_columns(points, distances.columns(x[:-1].T))
        squared, label = _first_of_smallest(rewrite.stored(table))
        return label, squared

    return if_needed(unclear, directly, made.points, (label, squared))


@of_centers.defjvp
def _(primals: tuple[Centers, Array], tangents: tuple[Centers, Array]) -> tuple[tuple[Array, Array], ...]:
    (made, x), (d_made, dx) = primals, tangents
    label, squared = of_centers(made, x)
    own = label.astype(int)
    slope = (x[:-1] - made.points[own].T) * (dx[:-1] - d_made.points[own].T)
    return (label, squared), (jnp.zeros_like(label), 2 * jnp.sum(slope, axis=0))


def samples(x: Float[Array, "n d"]) -> Samples:
    """Prepare the points for `of_samples`, in a unit of their own.

    >>> samples(jnp.ones((3, 2))).lifted.shape
    (3, 8)
    """
    room, origin = ((0, -len(x) % GROUP), (0, 0)), x.mean(axis=0)
    parts = distances.columns(jnp.pad(x, room, constant_values=jnp.inf))
    lifted = jnp.pad(distances.lifted(x - origin), room).at[len(x) :, -1].set(jnp.inf)
    return Samples(x, parts, origin, lifted.T)


def of_samples(
    made: Samples, queries: Float[Array, "b d"], k: int, exclude: Int[Array, " b"]
) -> tuple[Int[Array, "b k"], Float[Array, "b k"]]:
    """The k nearest points of each query, and their squared distances, sorted; `exclude` is a point for each query.

    >>> of_samples(samples(jnp.array([[0.0], [1.0], [3.0]])), jnp.array([[1.0]]), 1, jnp.array([1]))[0].tolist()
    [[0]]
    """
    n, d = made.points.shape

    def chosen(queries: Array, table: Array, count: int) -> tuple[Array, Array, Array]:
        table = table.at[jnp.arange(len(queries)), exclude].set(jnp.inf, mode="drop")
        indices = smallest(table, count)
        last = jnp.take_along_axis(table, indices[:, -1:], axis=1)[:, 0]
        squared = distances.to_lists(made.points, queries, indices)
        order = lax.top_k(-squared, k)[1]
        return jnp.take_along_axis(indices, order, axis=1), jnp.take_along_axis(squared, order, axis=1), last

    def directly(queries: Array) -> tuple[Array, Array]:
        return chosen(queries, distances.to_columns(queries, made.parts), k)[:2]

    if d <= FEW:
        return directly(queries)
    count = min(k + EXTRA, n)
    centered = queries - made.origin
    with_one = jnp.pad(centered, ((0, 0), (0, 1)), constant_values=1)
    indices, squared, last = chosen(queries, distances.product(with_one, made.lifted), count)
    if count == n:
        return indices, squared
    lengths, error = jnp.sum(centered**2, axis=1), distances.rounding(d, queries.dtype)
    # all others are beyond `last` but for the error of |y|^2 - 2 x.y, and |y|^2 is at most 2 |x|^2 + 2 |x - y|^2
    beyond = (last + lengths - 5 * error * lengths) * (1 - 4 * error)
    return if_needed(~jnp.all(squared[:, -1] <= beyond), directly, queries, (indices, squared))


def smallest(values: Float[Array, "b m"], k: int) -> Int[Array, "b k"]:
    r"""Columns of the k smallest entries of each row, in increasing order; k is static.

    The k smallest entries lie in the k groups of 8 entries with the smallest minima. Those groups are found in the
    same way among all minima, so only a small multiple of 8 k candidates is sorted.

    >>> smallest(jnp.array([[3.0, 1.0, 2.0]]), 2).tolist()
    [[1, 2]]
    """
    rows, m = values.shape
    if m < 2 * GROUP * k:
        return lax.top_k(-values, k)[1]
    width = -(-m // GROUP)
    filled = jnp.pad(values, ((0, 0), (0, width * GROUP - m)), constant_values=jnp.inf)
    grouped = filled.reshape(rows, GROUP, width)  # group j is every width-th entry from j on: plain vector minima
    groups = smallest(grouped.min(axis=1), k)
    places = (groups[:, None] + width * jnp.arange(GROUP)[:, None]).reshape(rows, -1)
    best = lax.top_k(-jnp.take_along_axis(filled, places, axis=1), k)[1]
    return jnp.take_along_axis(places, best, axis=1)


def _first_of_smallest(table: Array) -> tuple[Array, Array]:
    """Smallest entry of each column and its first row, by plain minima, which are faster than argmin."""
    least = table.min(axis=0)
    rows = jnp.arange(len(table), dtype=table.dtype)[:, None]
    return least, jnp.where(table <= least, rows, len(table)).min(axis=0)
