r"""Features as small integers: with bins between quantiles, a split has at most 255 candidates instead of n.

Shapes: n samples, d features, b bins for values. Missing values (NaN) have their own bin, the last, number b. Binned
features have one row per feature, (d, n), because a histogram reads the features one after the other.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Integer

from mfml import require
from mfml.entrance import public

MAX_BINS = 255  # together with the bin of missing values, as many as one byte can number
MANY_BINS = 512  # up to here, comparing with every edge is faster than a search, which needs a gather


@public
@partial(jax.jit, static_argnames=("max_bins", "subsample"))
def edges(
    x: Float[Array, "n d"],
    *,
    weights: Float[Array, " n"] | None = None,
    max_bins: int = MAX_BINS,
    subsample: int = 20_000,
) -> Float[Array, "d b_1"]:
    """Return the upper edges of the first b - 1 bins of each feature; unused edges are infinite.

    A feature with at most `max_bins` different values gets an edge halfway between any two neighbors, so no
    information is lost. Other features get edges at the quantiles q/b, halfway between two samples. If there are more
    than `subsample` rows, the quantiles come from `subsample` rows that are evenly spaced over the table. Both options
    are static. Of the weights counts only whether they are 0: such samples are left out.

    Raises:
        ValueError: for an empty table, or unless 2 <= max_bins <= 65535 and 2 <= subsample <= 2^22.

    Source: Ke et al. (2017), LightGBM, section 2.1; the two cases are those of scikit-learn's histogram trees.

    >>> edges(jnp.array([[1.0], [3.0], [3.0], [7.0]]), max_bins=4).tolist()
    [[2.0, 5.0, inf]]
    """
    require.rank("x", x, 2)
    require.that(x.size > 0, f"x must not be empty; found shape {x.shape}")
    require.between("max_bins", max_bins, 2, 65535)
    require.between("subsample", subsample, 2, 2**22)
    require.same_length(x=x, weights=weights)
    if weights is not None:
        x = jnp.where(weights[:, None] == 0, jnp.nan, x)  # a missing value moves no edge

    def one(column: Array) -> Array:
        if len(column) <= subsample:
            return _edges_of_sorted(_sorted(column), max_bins)[0]
        some = _sorted(column[jnp.linspace(0, len(column) - 1, subsample, dtype=int)])
        found, few = _edges_of_sorted(some, max_bins)  # few: the other rows may hold rare values
        return lax.cond(few, lambda: _edges_of_sorted(_sorted(column), max_bins)[0], lambda: found)

    return lax.map(one, x.T)


@jax.custom_jvp
def _sorted(column: Array) -> Array:
    """Sort the bits as integers that have the same order, which is several times faster. Missing values come last."""
    bits = jnp.finfo(column.dtype).bits
    integer, largest = jnp.dtype(f"int{bits}"), 2 ** (bits - 1) - 1

    def flip(key: Array) -> Array:
        return jnp.where(key < 0, key ^ largest, key)

    whole = jnp.where(jnp.isnan(column), jnp.nan, column)  # NaN may carry a sign, which would sort it first
    keys = jnp.sort(flip(lax.bitcast_convert_type(whole, integer)))
    return lax.bitcast_convert_type(flip(keys), column.dtype)


@_sorted.defjvp
def _sorted_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    (column,), (tangent,) = primals, tangents
    return _sorted(column), tangent[jnp.argsort(column)]


def _edges_of_sorted(values: Array, max_bins: int) -> tuple[Array, Array]:
    """Edges of one feature, and whether it has at most `max_bins` different values."""
    position = jnp.arange(len(values))
    n_valid = jnp.sum(~jnp.isnan(values))
    before = values[jnp.maximum(position - 1, 0)]
    rises = (position > 0) & (position < n_valid) & (values > before)
    rank = jnp.cumsum(rises)
    slot = jnp.where(rises & (rank < max_bins), rank - 1, max_bins)
    infinite = jnp.full(max_bins - 1, jnp.inf, values.dtype)
    of_distinct = infinite.at[slot].set(_half_way(before, values), mode="drop")
    cut = jnp.maximum(jnp.arange(1, max_bins) * n_valid // max_bins, 1)
    of_quantiles = _half_way(values[cut - 1], values[jnp.minimum(cut, len(values) - 1)])
    few = rank[-1] < max_bins
    return jnp.where(few, of_distinct, of_quantiles), few


def _half_way(low: Array, high: Array) -> Array:
    """The middle of `low` < `high`. Rounding must not move it up to `high`."""
    middle = low + (high - low) / 2
    return jnp.where(middle < high, middle, low)


@public
@jax.jit
def transform(edges: Float[Array, "d b_1"], x: Float[Array, "n d"]) -> Integer[Array, "d n"]:
    """Return the bin of each value, which is the number of edges below it; a missing value has bin b.

    Therefore x <= edges[j, i] is equivalent to bin <= i. Bins are bytes if b <= 255, and int32 otherwise. The features
    come first: shape (d, n).

    Raises:
        ValueError: if x and the edges differ in the number of features.

    >>> transform(jnp.array([[2.0, 5.0]]), jnp.array([[2.0], [2.1], [9.0], [jnp.nan]])).tolist()
    [[0, 1, 2, 3]]
    """
    require.rank("x", x, 2)
    require.that(x.shape[1] == len(edges), f"x must have {len(edges)} features, as the edges do; found shape {x.shape}")
    n_bins = edges.shape[1] + 1
    dtype = jnp.uint8 if n_bins <= MAX_BINS else jnp.int32

    def one(ends: Array, column: Array) -> Array:
        if n_bins > MANY_BINS:
            below = jnp.searchsorted(ends, column, side="left", method="scan_unrolled")
        else:

            def count(i: Array, below: Array) -> Array:
                return below + (column > ends[i]).astype(dtype)

            below = lax.fori_loop(0, len(ends), count, jnp.zeros(len(column), dtype), unroll=32)
        return jnp.where(jnp.isnan(column), n_bins, below).astype(dtype)

    return lax.map(lambda feature: one(*feature), (edges, x.T))
