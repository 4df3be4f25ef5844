r"""Nearest neighbors by matrix products. Shapes: n samples, m queries, d features, k neighbors.

All pairs cost $n^2 d$ multiplications, but processors compute matrix products at full speed. Finding the k smallest
entries of each row is the harder part. `exact` and `search` do both block by block. For an approximate search at a
cost of about $n \log n$ see `nn_descent`.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from mfml import require
from mfml.entrance import public

ROWS = 128  # queries per block: their table of distances to 70000 samples takes 36 MB
GROUP = 8  # entries per group in `smallest`


class Neighbors(NamedTuple):
    """The nearest samples of each query, sorted by distance."""

    indices: Int[Array, "m k"]  # of the samples
    distances: Float[Array, "m k"]  # Euclidean, in units of x


@public
@partial(jax.jit, static_argnames="n_neighbors")
def exact(x: Float[Array, "n d"], *, n_neighbors: int) -> Neighbors:
    r"""The k nearest other samples of each sample by $\|x_i - x_j\|_2$; a sample is not its own neighbor.

    Neighbors are selected by $\|x_j\|^2 - 2 x_i \cdot x_j$ of centered data. The selection may confuse two samples if
    their squared distances differ by less than about epsilon times the squared size of the cloud. The distances
    returned are computed from differences. Copies of a sample are neighbors at distance 0. The order of ties is
    arbitrary but reproducible. n_neighbors is static.

    Raises:
        ValueError: unless x has two axes and 1 <= n_neighbors <= n - 1.

    Source: Cover and Hart (1967), IEEE Transactions on Information Theory 13, 21; Murphy (2012), section 1.4.2.

    >>> found = exact(jnp.array([[0.0], [1.0], [3.0]]), n_neighbors=1)
    >>> found.indices.tolist(), found.distances.tolist()
    ([[1], [0], [1]], [[1.0], [1.0], [2.0]])
    """
    require.rank("x", x, 2)
    require.between("n_neighbors", n_neighbors, 1, len(x) - 1)
    return _in_blocks(x, x, n_neighbors, others_only=True)


@public
@partial(jax.jit, static_argnames="n_neighbors")
def search(x: Float[Array, "n d"], queries: Float[Array, "m d"], *, n_neighbors: int) -> Neighbors:
    """The k samples nearest to each query, see `exact`; a sample equal to the query counts, at distance 0.

    Raises:
        ValueError: unless both have two axes and the same number of features, and 1 <= n_neighbors <= n.

    >>> search(jnp.array([[0.0], [1.0], [3.0]]), jnp.array([[2.5]]), n_neighbors=2).indices.tolist()
    [[2, 1]]
    """
    require.rank("x", x, 2)
    require.rank("queries", queries, 2)
    require.same_length(x=(x, 1), queries=(queries, 1))
    require.that(len(queries) > 0, f"queries must have at least one row; found shape {queries.shape}")
    require.between("n_neighbors", n_neighbors, 1, len(x))
    return _in_blocks(x, queries, n_neighbors, others_only=False)


@public
def smallest(values: Float[Array, "b m"], k: int) -> Int[Array, "b k"]:
    r"""Columns of the k smallest entries of each row, in increasing order; k is static.

    The k smallest entries lie in the k groups of 8 entries with the smallest minima. Those groups are found in the
    same way among all minima, so only a small multiple of 8 k candidates is sorted.

    Raises:
        ValueError: unless `values` has two axes and 1 <= k <= m.

    >>> smallest(jnp.array([[3.0, 1.0, 2.0]]), 2).tolist()
    [[1, 2]]
    """
    require.rank("values", values, 2)
    rows, m = values.shape
    require.between("k", k, 1, m)
    if m < 2 * GROUP * k:
        return lax.top_k(-values, k)[1]
    width = -(-m // GROUP)
    filled = jnp.pad(values, ((0, 0), (0, width * GROUP - m)), constant_values=jnp.inf)
    grouped = filled.reshape(rows, GROUP, width)  # group j is every width-th entry from j on: plain vector minima
    groups = smallest(grouped.min(axis=1), k)
    columns = (groups[:, None] + width * jnp.arange(GROUP)[:, None]).reshape(rows, -1)
    best = lax.top_k(-jnp.take_along_axis(filled, columns, axis=1), k)[1]
    return jnp.take_along_axis(columns, best, axis=1)


@public
def distances_to(
    x: Float[Array, "n d"], queries: Float[Array, "b d"], indices: Int[Array, "b k"]
) -> Float[Array, "b k"]:
    """Euclidean distances of each query to its own list of samples, from differences; zero gradient at distance 0.

    >>> distances_to(jnp.array([[0.0], [4.0]]), jnp.array([[1.0]]), jnp.array([[1, 0]])).tolist()
    [[3.0, 1.0]]
    """
    squared = jnp.sum((queries[:, None] - x[indices]) ** 2, axis=-1)
    apart = squared != 0  # NaN stays NaN
    return jnp.where(apart, jnp.sqrt(jnp.where(apart, squared, 1)), 0)


@public
def at_unit_scale(x: Float[Array, "n d"]) -> Float[Array, "n d"]:
    """The samples times the power of 2 that brings the largest magnitude to between 1/2 and 1.

    Scale-invariant methods then give the same result in all units, even if squares would underflow or overflow. The
    significant digits do not change. A non-finite entry makes all entries NaN.

    >>> at_unit_scale(jnp.array([[3 * 2.0**-90], [0.0]])).tolist()
    [[0.75], [0.0]]
    """
    largest = lax.stop_gradient(jnp.max(jnp.abs(x)))
    factor = jnp.ldexp(jnp.ones((), x.dtype), -jnp.clip(jnp.frexp(largest)[1], -126, 126))
    return x * jnp.where(jnp.isfinite(largest), factor, jnp.nan)


def _in_blocks(x: Array, queries: Array, k: int, *, others_only: bool) -> Neighbors:
    n, m, rows = len(x), len(queries), min(ROWS, len(queries))
    count = -(-m // rows)
    mean = x.mean(axis=0)
    centered = x - mean
    # |x|^2 - 2 q.x as one product, of (-2 x, |x|^2) and (q, 1); groups are filled with samples infinitely far away
    lifted = jnp.concatenate([-2 * centered, jnp.sum(centered**2, axis=1, keepdims=True)], axis=1)
    lifted = jnp.pad(lifted, ((0, -n % GROUP), (0, 0))).at[n:, -1].set(jnp.inf).T
    filled = jnp.pad(queries - mean, ((0, count * rows - m), (0, 1)), constant_values=1)

    def block(at: tuple[Array, Array]) -> Neighbors:
        own, numbers = at
        table = own @ lifted
        if others_only:
            table = table.at[jnp.arange(rows), numbers].set(jnp.inf, mode="drop")
        return in_order(centered, own[:, :-1], smallest(table, k))

    numbers = jnp.arange(count * rows).reshape(count, rows)
    found = lax.map(block, (filled.reshape(count, rows, -1), numbers))
    return Neighbors(*(part.reshape(count * rows, k)[:m] for part in found))


@public
def in_order(x: Float[Array, "n d"], queries: Float[Array, "b d"], indices: Int[Array, "b k"]) -> Neighbors:
    """Neighbors with the given indices, sorted by distance; ties keep the given order.

    >>> in_order(jnp.array([[0.0], [4.0]]), jnp.array([[1.0]]), jnp.array([[1, 0]])).indices.tolist()
    [[0, 1]]
    """
    distances = distances_to(x, queries, indices)
    order = lax.top_k(-distances, indices.shape[1])[1]
    return Neighbors(*(jnp.take_along_axis(part, order, axis=1) for part in (indices, distances)))
