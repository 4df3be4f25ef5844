r"""The nearest of many points: preselected by a matrix product, then certain. Shapes: n points, d features, k nearest.

A product finds candidates quickly. The bound of its error says whether they can be wrong by more than rounding of the
distance itself. Only then, block by block, all distances are computed from differences. With few features this is as
fast, and nothing is preselected.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int

from mfml.numerics import branches, distances
from mfml.xla import rewrite

FEW = 8  # features up to which `of_samples` takes differences: as fast as a product
SHARE = 2.0**-10  # error of the product, relative to the squared distance, that counts as rounding
EXTRA = 4  # candidates beyond k: the gap to the last one has to exceed the error
BLOCK = 1024  # rows whose nearest point is sought together: their table stays in the cache
GROUP = 8  # entries per group in `smallest`


class Centers(NamedTuple):
    """Points of which the nearest is asked for many times."""

    lifted: Float[Array, "k e"]  # see `distances.lifted`
    largest: Float[Array, ""]  # squared length
    apart: Float[Array, ""]  # no two points have a smaller squared distance


class Samples(NamedTuple):
    """Points whose k nearest are asked for; filled to a multiple of `GROUP` with points infinitely far away."""

    points: Float[Array, "n d"]
    parts: Float[Array, "c w f"]  # see `distances.columns`
    origin: Float[Array, " d"]  # of the product
    lifted: Float[Array, "e f"]


def centers(points: Float[Array, "k d"]) -> Centers:
    """Prepare the points for `preselected`. The origin should lie amid them, and the unit be their own.

    >>> centers(jnp.array([[-1.0], [1.0]])).largest.item()
    1.0
    """
    k, d = points.shape
    lifted, own = distances.lifted(points), distances.raised(points)
    largest = jnp.max(own[:, -1])
    table = distances.product(lifted, own[:, :-1].T) + own[:, -1]
    nearest = jnp.min(jnp.where(jnp.eye(k, dtype=bool), jnp.inf, table))
    return Centers(lifted, largest, nearest - 2 * distances.rounding(d, points.dtype) * largest)


def preselected(made: Centers, x: Float[Array, "e s"]) -> tuple[Float[Array, " s"], Float[Array, " s"]]:
    """Number of the nearest center of each sample, as a float, and the squared distance, by a product.

    The samples are columns of the transpose of `distances.raised`. Ties go to the lower number. See `is_unclear`.

    >>> preselected(centers(jnp.array([[0.0], [3.0]])), distances.raised(jnp.array([[2.0]])).T)[0].tolist()
    [1.0]
    """
    label, smallest = _first_of_smallest(distances.product(made.lifted, x[:-1]))
    return label, jnp.maximum(smallest + x[-1], 0)


def is_unclear(
    made: Centers, *, least: Float[Array, ""], mean: Float[Array, ""], longest: Float[Array, ""]
) -> Bool[Array, ""]:
    """Whether `directly` may say something else, from the smallest and the mean squared distance by a product.

    `longest` is the largest squared length of the samples, the last row of their columns. A small distance is certain
    nevertheless where centers are far apart: nothing is nearer than a center at half its distance from all others.

    >>> made, two = centers(jnp.array([[0.0], [3.0]])), jnp.array(2.0)
    >>> is_unclear(made, least=two, mean=two, longest=two).item()
    False
    """
    bound = distances.rounding(made.lifted.shape[1], mean.dtype) * (longest + made.largest)
    small = bound / SHARE
    clear = (least >= small) | (4 * (small + bound) <= made.apart)
    return ~(clear & (mean >= small))  # unclear, too, where NaN or infinity leaves nothing to compare


def directly(points: Float[Array, "k d"], x: Float[Array, "d s"]) -> tuple[Float[Array, " s"], Float[Array, " s"]]:
    """Do what `preselected` does, by differences: exact to rounding of each distance.

    >>> directly(jnp.array([[0.0], [3.0]]), jnp.array([[2.0]]))[1].tolist()
    [1.0]
    """
    return _first_of_smallest(rewrite.stored(distances.to_columns(points, distances.columns(x.T))))


@jax.jit
def of_rows(
    x: Float[Array, "n d"], points: Float[Array, "k d"], *, unit: ArrayLike | None = None
) -> tuple[Int[Array, " n"], Float[Array, " n"], Float[Array, ""]]:
    """Number of the nearest point of each row, their squared distance in a unit of the data's own, and this unit.

    Give the unit where it is known. The number is -1 where no distance is known, since there is a NaN.

    >>> label, squared, unit = of_rows(jnp.array([[2e30], [0.0]]), jnp.array([[0.0], [3e30]]))
    >>> label.tolist(), (jnp.sqrt(squared) * unit).round(-29).tolist()
    ([1, 0], [1...e+30, 0.0])
    """
    n, size = len(x), min(BLOCK, max(len(x), 1))
    unit = distances.unit(x, points) if unit is None else jnp.asarray(unit, x.dtype)
    points = spread_nan(points)
    origin = jnp.mean(points / unit, axis=0)
    made = centers(points / unit - origin)

    def in_blocks(function: Callable[[Array], tuple[Array, Array]], rows: Array) -> tuple[Array, Array]:
        blocks = jnp.pad(rows, ((0, -n % size), (0, 0))).reshape(-1, size, rows.shape[1]).swapaxes(1, 2)
        label, squared = lax.map(function, blocks)
        return label.reshape(-1)[:n], squared.reshape(-1)[:n]

    def exactly(given: tuple[Array, Array]) -> tuple[Array, Array]:
        x, points = (part / unit for part in given)  # where they are: about an origin amid them they lose digits
        return in_blocks(partial(directly, points), x)

    raised = distances.raised(x / unit - origin)
    quick = in_blocks(partial(preselected, made), raised)
    unclear = is_unclear(made, least=quick[1].min(), mean=quick[1].mean(), longest=raised[:, -1].max())
    label, squared = branches.if_needed(unclear, exactly, (x, points), quick)
    return known(label, len(points)), squared, unit


@jax.jit
def labels_of_rows(x: Float[Array, "n d"], points: Float[Array, "k d"]) -> Int[Array, " n"]:
    """Only the numbers of `of_rows`, in the unit of the points: no row, however far, takes the digits from others.

    >>> labels_of_rows(jnp.array([[0.9], [1e25]]), jnp.array([[0.0], [1.0]])).tolist()
    [1, 0]
    """
    return of_rows(x, points, unit=distances.unit(points))[0]


def spread_nan(points: Float[Array, "k d"]) -> Float[Array, "k d"]:
    """All NaN where a point has one: no nearest is known then, and among many a minimum would lose it.

    >>> spread_nan(jnp.array([[1.0], [jnp.nan]])).tolist()
    [[nan], [nan]]
    """
    return jnp.where(jnp.isnan(points).any(), jnp.nan, points)


def known(label: Float[Array, "*shape"], k: int) -> Int[Array, "*shape"]:
    """Numbers of `preselected` and `directly` as integers: -1 where no distance is known, since there is a NaN.

    >>> known(jnp.array([0.0, 2.0]), 2).tolist()
    [0, -1]
    """
    return jnp.where(label < k, label, -1).astype(int)


def samples(x: Float[Array, "n d"]) -> Samples:
    """Prepare the points for `of_samples`, in a unit of their own.

    >>> samples(jnp.ones((3, 2))).lifted.shape
    (3, 8)
    """
    room, sound = (0, -len(x) % GROUP), jnp.isfinite(x).all(axis=1)
    there = jnp.pad(sound, room)[:, None]  # what is not finite is infinitely far away, and spoils no other distance
    origin = jnp.mean(x, axis=0, where=sound[:, None])
    filled = jnp.pad(x, (room, (0, 0)))
    parts = distances.columns(jnp.where(there, filled, jnp.inf))
    lifted = distances.lifted(jnp.where(there, filled - origin, 0))
    return Samples(x, parts, origin, lifted.at[:, -1].set(jnp.where(there[:, 0], lifted[:, -1], jnp.inf)).T)


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
    own = distances.raised(centered)
    indices, squared, last = chosen(queries, distances.product(own[:, :-1], made.lifted), count)
    if count == n:
        return indices, squared
    lengths, error = own[:, -1], distances.rounding(d, queries.dtype)
    # all others are beyond `last` except for the error of |x|^2 - 2 x.y + |y|^2, and |y|^2 <= 2 |x|^2 + 2 |x - y|^2
    beyond = (last + lengths - 6 * error * lengths) * (1 - 4 * error)
    return branches.if_needed(~jnp.all(squared[:, -1] <= beyond), directly, queries, (indices, squared))


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
    """First row of the smallest entry of each column, and the entry, by plain minima: they are faster than argmin."""
    least = table.min(axis=0)
    rows = jnp.arange(len(table), dtype=table.dtype)[:, None]
    return jnp.where(table <= least, rows, len(table)).min(axis=0), least
