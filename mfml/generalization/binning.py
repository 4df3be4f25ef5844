r"""Features as small integers: bins between quantiles, so that a split is searched among 255 places, not n.

Shapes: n samples, d features, b bins for values. A missing value (NaN) has a bin of its own, number b, the last.
Binned features are stored one row a feature, (d, n): a histogram reads one feature after the other.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Integer

from mfml import require

MAX_BINS = 255  # with the bin of missing values, as many as one byte can count


@partial(jax.jit, static_argnames=("max_bins", "subsample"))
def edges(x: Float[Array, "n d"], *, max_bins: int = MAX_BINS, subsample: int = 20_000) -> Float[Array, "d b_1"]:
    """Return the b - 1 upper ends of all bins but the last, for each feature; unused ones are infinite.

    A feature with at most `max_bins` different values gets an edge half way between any two neighbours: nothing
    is lost. Others get edges at the quantiles q/b, half way between two samples. More than `subsample` rows are
    thinned out to that many, evenly spread over the table. Both options are static.

    Raises:
        ValueError: for an empty table, or unless 2 <= max_bins <= 65535 and subsample >= 2.

    Source: Ke et al. (2017), LightGBM, section 2.1; the two cases are those of scikit-learn's histogram trees.

    >>> edges(jnp.array([[1.0], [3.0], [3.0], [7.0]]), max_bins=4).tolist()
    [[2.0, 5.0, inf]]
    """
    require.rank("x", x, 2)
    require.that(x.size > 0, f"x must not be empty; found shape {x.shape}")
    require.between("max_bins", max_bins, 2, 65535)
    require.between("subsample", subsample, 2, 2**22)
    if len(x) > subsample:
        x = x[jnp.linspace(0, len(x) - 1, subsample, dtype=int)]
    return jax.vmap(partial(_edges_of_one, max_bins=max_bins))(x.T)


def _edges_of_one(column: Array, max_bins: int) -> Array:
    values = jnp.sort(column)  # missing ones last
    position = jnp.arange(len(values))
    n_valid = jnp.sum(~jnp.isnan(values))
    before = values[jnp.maximum(position - 1, 0)]
    rises = (position > 0) & (position < n_valid) & (values > before)
    rank = jnp.cumsum(rises)
    slot = jnp.where(rises & (rank < max_bins), rank - 1, max_bins)
    infinite = jnp.full(max_bins - 1, jnp.inf, column.dtype)
    of_distinct = infinite.at[slot].set(_half_way(before, values), mode="drop")
    cut = jnp.maximum(jnp.arange(1, max_bins) * n_valid // max_bins, 1)
    of_quantiles = _half_way(values[cut - 1], values[jnp.minimum(cut, len(values) - 1)])
    return jnp.where(rank[-1] < max_bins, of_distinct, of_quantiles)


def _half_way(low: Array, high: Array) -> Array:
    """A number that is at least `low` and below `high`, where low < high."""
    middle = low + (high - low) / 2
    return jnp.where(middle < high, middle, low)


@jax.jit
def transform(edges: Float[Array, "d b_1"], x: Float[Array, "n d"]) -> Integer[Array, "d n"]:
    """Return the bin of each value: the number of edges below it; b for a missing value.

    So x <= edges[j, i] is the same as bin <= i. Bytes where b <= 255, else int32. Feature first: shape (d, n).

    Raises:
        ValueError: where x and the edges differ in the number of features.

    >>> transform(jnp.array([[2.0, 5.0]]), jnp.array([[2.0], [2.1], [9.0], [jnp.nan]])).tolist()
    [[0, 1, 2, 3]]
    """
    require.rank("x", x, 2)
    require.that(x.shape[1] == len(edges), f"x must have {len(edges)} features, as the edges do; found shape {x.shape}")
    n_bins = edges.shape[1] + 1
    dtype = jnp.uint8 if n_bins <= MAX_BINS else jnp.int32

    def one(ends: Array, column: Array) -> Array:
        found = jnp.searchsorted(ends, column, side="left", method="scan_unrolled")
        return jnp.where(jnp.isnan(column), n_bins, found).astype(dtype)

    return jax.vmap(one)(edges, x.T)
