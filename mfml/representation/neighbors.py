r"""Nearest neighbors of all samples. Shapes: n samples, m queries, d features, k neighbors.

All pairs cost $n^2 d$ multiplications, but processors compute matrix products at full speed. Finding the k smallest
entries of each row is the harder part. `exact` and `search` do both block by block. Where rounding of the product may
matter, they compute the block again from differences. For an approximate search at a cost of about $n \log n$ see
`nn_descent`.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from mfml import require
from mfml.entrance import public
from mfml.numerics import distances as numerics
from mfml.numerics import nearest

ROWS = 128  # queries per block: their table of distances to 70000 samples takes 36 MB


class Neighbors(NamedTuple):
    """The nearest samples of each query, sorted by distance."""

    indices: Int[Array, "m k"]  # of the samples
    distances: Float[Array, "m k"]  # Euclidean, in units of x


@public
@partial(jax.jit, static_argnames="n_neighbors")
def exact(x: Float[Array, "n d"], *, n_neighbors: int) -> Neighbors:
    r"""The k nearest other samples of each sample by $\|x_i - x_j\|_2$; a sample is not its own neighbor.

    Both the choice and the distances are exact to rounding of the distance, in any unit, however far groups lie apart.
    Copies of a sample are neighbors at distance 0. The order of ties is arbitrary but reproducible. A sample that is
    not finite is the last neighbor of any other, and its own distances are not finite. n_neighbors is static.

    Raises:
        ValueError: unless x has two axes and 1 <= n_neighbors <= n - 1.

    Source: Cover and Hart (1967), IEEE Transactions on Information Theory 13, 21; Murphy (2012), section 1.4.2.

    >>> found = exact(jnp.array([[0.0], [1.0], [3.0]]), n_neighbors=1)
    >>> found.indices.tolist(), found.distances.tolist()
    ([[1], [0], [1]], [[1.0], [1.0], [2.0]])
    """
    require.rank("x", x, 2)
    require.between("n_neighbors", n_neighbors, 1, len(x) - 1)
    return _in_blocks(x, x, n_neighbors, True)


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
    return _in_blocks(x, queries, n_neighbors, False)


@public
@partial(jax.jit, static_argnames="k")
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
    require.between("k", k, 1, values.shape[1])
    return nearest.smallest(values, k)


@public
@jax.jit
def distances_to(
    x: Float[Array, "n d"], queries: Float[Array, "b d"], indices: Int[Array, "b k"]
) -> Float[Array, "b k"]:
    """Euclidean distances of each query to its own list of samples, from differences; zero gradient at distance 0.

    >>> distances_to(jnp.array([[0.0], [4.0]]), jnp.array([[1.0]]), jnp.array([[1, 0]])).tolist()
    [[3.0, 1.0]]
    """
    unit = numerics.unit(x, queries)
    return numerics.root(numerics.to_lists(x / unit, queries / unit, indices)) * unit


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
    return x * jnp.where(jnp.isfinite(x).all(), factor, jnp.nan)


@partial(jax.custom_jvp, nondiff_argnums=(2, 3))
def _in_blocks(x: Array, queries: Array, k: int, others_only: bool) -> Neighbors:
    m, rows = len(queries), min(ROWS, len(queries))
    unit = numerics.unit(x, queries)
    made = nearest.samples(x / unit)
    count = -(-m // rows)
    filled = jnp.pad(queries / unit, ((0, count * rows - m), (0, 0)), mode="edge").reshape(count, rows, -1)
    numbers = jnp.arange(count * rows) if others_only else jnp.full(count * rows, len(x) + nearest.GROUP)
    indices, squared = lax.map(
        lambda at: nearest.of_samples(made, at[0], k, at[1]), (filled, numbers.reshape(count, -1))
    )
    return Neighbors(indices.reshape(-1, k)[:m], numerics.root(squared.reshape(-1, k)[:m]) * unit)


@_in_blocks.defjvp
def _(
    k: int, others_only: bool, primals: tuple[Array, Array], tangents: tuple[Array, Array]
) -> tuple[Neighbors, Neighbors]:
    """Distances change as long as the neighbors stay the same."""
    found = _in_blocks(*primals, k, others_only)
    _, slope = jax.jvp(lambda x, queries: distances_to(x, queries, found.indices), primals, tangents)
    still: Any = np.zeros(found.indices.shape, jax.dtypes.float0)
    return found, Neighbors(still, slope)


@public
@jax.jit
def in_order(x: Float[Array, "n d"], queries: Float[Array, "b d"], indices: Int[Array, "b k"]) -> Neighbors:
    """Neighbors with the given indices, sorted by distance; ties keep the given order.

    >>> in_order(jnp.array([[0.0], [4.0]]), jnp.array([[1.0]]), jnp.array([[1, 0]])).indices.tolist()
    [[0, 1]]
    """
    distances = distances_to(x, queries, indices)
    order = lax.top_k(-distances, indices.shape[1])[1]
    return Neighbors(*(jnp.take_along_axis(part, order, axis=1) for part in (indices, distances)))
