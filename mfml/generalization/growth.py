r"""How a tree grows, level by level: the best split of each node, found by histograms.

Shapes: n samples, d features, b bins of values and one of missing values, c statistics per sample, q nodes on a level.
Statistics, scores and gains are those of `criteria`. `exact_growth` tries all thresholds instead.

The histograms of a level take one scatter per feature; two statistics are added up as one complex number. With many
features, only the rows of each node's smaller child are added up, at most n/2 in total. The histogram of its sibling
is that of the node minus that of the child.

With one output, what is added up are the deviations from each node's own value: sums of numbers far from zero would
not show the small differences between them.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int, Integer

from mfml import require
from mfml.entrance import public
from mfml.generalization import criteria
from mfml.generalization.tree_arrays import Trees
from mfml.numerics import scaling

SUBTRACT_FROM = 64  # number of features; with fewer, picking the rows of the smaller children costs more than it saves
BLOCK = 16  # bins that one product of the prefix sums covers
SCATTER = 1 << 16  # samples that one scatter adds up one after the other

MAX_DEPTH = 14  # a tree has 2^(depth + 1) - 1 nodes, used or not


class Limits(NamedTuple):
    """What a split must respect."""

    l2: Float[Array, ""]  # lambda of the score
    min_weight: Float[Array, ""]  # smallest H of each side
    min_gain: Float[Array, ""]  # gain that a split has to exceed


class Split(NamedTuple):
    """The best split of each node of one level."""

    feature: Int[Array, " q"]
    place: Int[Array, " q"]  # values up to this bin go left (histogram)
    threshold: Float[Array, " q"]  # values up to this go left (exact)
    missing_left: Bool[Array, " q"]
    gain: Float[Array, " q"]
    made: Bool[Array, " q"]  # False: the node is a leaf or lies below one


class Grown(NamedTuple):
    """A tree in heap order (the children of i are 2i + 1 and 2i + 2), and the places where the samples end."""

    splits: list[Split]  # one entry per level
    leaf: Int[Array, " n"]  # the sample's place on the last level
    sums: Float[Array, "c q"]  # statistics at each place of the last level


@public
@partial(jax.jit, static_argnames=("n_nodes", "n_bins"))
def histogram(
    bins: Integer[Array, "d n"], node: Int[Array, " n"], statistics: Float[Array, "c n"], *, n_nodes: int, n_bins: int
) -> Float[Array, "c d q bins"]:
    r"""Add up the statistics of the samples in each bin of each feature, for each node.

    It takes one scatter per feature and pair of statistics. If d is even, two features are processed at a time, which
    occupies two cores. `n_bins` includes the bin of missing values. `node` must be below `n_nodes`, and `bins` below
    `n_bins`; both limits are static.

    >>> histogram(jnp.array([[0, 1, 1]]), jnp.zeros(3, int), jnp.ones((1, 3)), n_nodes=1, n_bins=2).tolist()
    [[[[1.0, 2.0]]]]
    """
    size, n_parts = n_nodes * n_bins, max(1, bins.shape[1] // SCATTER)
    start, packed = node * n_bins + _part(len(node), n_parts) * size, _packed(statistics)

    def some(columns: Array) -> list[list[Array]]:
        return [_scatter(packed, start + column.astype(start.dtype), size, n_parts) for column in columns]

    d, n = bins.shape
    together = 2 if d % 2 == 0 else 1
    tables = lax.map(some, bins.reshape(d // together, together, n))  # lists of (d / together, size)
    by_statistic = [jnp.stack(parts, axis=1) for parts in zip(*tables, strict=True)]
    return jnp.stack(by_statistic[: len(statistics)]).reshape(-1, d, n_nodes, n_bins)


def _packed(statistics: Array) -> Array:
    """Pairs of statistics as complex numbers, shape (pairs, n)."""
    if len(statistics) % 2:
        statistics = jnp.concatenate([statistics, jnp.zeros_like(statistics[:1])])
    return lax.complex(statistics[0::2], statistics[1::2])


def _part(n: int, n_parts: int) -> Array | int:
    """The part of each sample: parts are as long as each other, except for the last one."""
    if n_parts == 1:
        return 0
    return jnp.minimum(jnp.arange(n, dtype=jnp.int32) // max(1, n // n_parts), n_parts - 1)


def _scatter(packed: Array, place: Array, size: int, n_parts: int) -> list[Array]:
    """Sums at each place, one array of this size per statistic.

    A scatter adds up one after the other, which loses digits where there are many. So each part of the samples has
    places of its own.
    """
    zero = jnp.zeros(n_parts * size, packed.dtype)
    sums = [zero.at[place].add(one, mode="promise_in_bounds") for one in packed]
    if n_parts > 1:
        sums = [one.reshape(n_parts, size).sum(axis=0) for one in sums]
    return [part for one in sums for part in (one.real, one.imag)]


@public
@partial(jax.jit, static_argnames="n_places")
def sums_at(place: Int[Array, " n"], statistics: Float[Array, "c n"], *, n_places: int) -> Float[Array, "c q"]:
    """Add up the statistics of the samples at each place. `n_places` is static.

    >>> sums_at(jnp.array([0, 1, 1]), jnp.ones((1, 3)), n_places=3).tolist()
    [[1.0, 2.0, 0.0]]
    """
    n_parts = max(1, len(place) // max(SCATTER, n_places))
    place = place + _part(len(place), n_parts) * n_places
    return jnp.stack(_scatter(_packed(statistics), place, n_places, n_parts)[: len(statistics)])


@public
def grow(
    bins: Integer[Array, "d n"],
    statistics: Float[Array, "c n"],
    limits: Limits,
    *,
    n_bins: int,
    max_depth: int,
    score: criteria.Score = criteria.squared,
    allowed: Callable[[int], Array] | None = None,
    subtract: bool | None = None,
    missing: bool = True,
) -> Grown:
    """Grow a tree from binned features. `allowed(level)` is a mask (q, d) or (1, d) of the features to choose from.

    Samples with zero statistics have no influence on the tree, but they get a leaf, too. `subtract` says whether each
    level adds up only the rows of the smaller children; with None the number of features decides. Say missing=False
    where no value is missing, see `absent.may_miss`: one direction is then enough. All options are static.

    Raises:
        ValueError: unless 1 <= max_depth <= 14.

    Source: Chen and Guestrin (2016), XGBoost, section 3; Ke et al. (2017), LightGBM, algorithm 1.

    >>> none = jnp.array(0.0)
    >>> y = jnp.array([1.0, 1.0, 5.0])
    >>> tree = grow(
    ...     jnp.array([[0, 1, 2]]), jnp.stack([y, jnp.ones(3)]), Limits(none, none, none), n_bins=4, max_depth=1
    ... )
    >>> tree.leaf.tolist(), tree.splits[0].place.tolist()
    ([0, 0, 1], [1])
    """
    require.between("max_depth", max_depth, 1, MAX_DEPTH)
    # masks instead of the function that makes them: another function object would compile again
    masks = None if allowed is None else [allowed(level) for level in range(max_depth)]
    options = {"n_bins": n_bins, "max_depth": max_depth, "score": score, "subtract": subtract, "missing": missing}
    return _in_any_unit(bins, statistics, limits, masks, **options)


@partial(jax.jit, static_argnames=("n_bins", "max_depth", "score", "subtract", "missing"))
def _in_any_unit(bins: Array, statistics: Array, limits: Limits, masks: list[Array] | None, **options: Any) -> Grown:
    return scale_free(partial(_grow, bins, masks=masks, **options), statistics, limits)


def _grow(
    bins: Array,
    statistics: Array,
    limits: Limits,
    *,
    masks: list[Array] | None,
    n_bins: int,
    max_depth: int,
    score: criteria.Score,
    subtract: bool | None,
    missing: bool,
) -> Grown:
    d, n = bins.shape
    by_subtraction = d >= SUBTRACT_FROM if subtract is None else subtract
    node, alive = jnp.zeros(n, jnp.int32), jnp.ones(1, bool)
    centers, origin = score is criteria.squared and len(statistics) == 2, jnp.zeros_like(statistics[:-1, :1])
    table, splits = None, []
    for level in range(max_depth):
        if table is None or not by_subtraction:
            terms = about(statistics, origin[:, node]) if centers and level > 0 else statistics
            table = histogram(bins, node, terms, n_nodes=2**level, n_bins=n_bins)
        else:
            table = _children(table, bins, node, statistics)
        near = about(table, origin[:, None, :, None]) if centers and by_subtraction else table
        mask = jnp.ones((1, d), bool) if masks is None else masks[level]
        split, of_children = _best_split(near, origin, alive, mask, limits, score, missing)
        origin = of_children if centers else jnp.repeat(origin, 2, axis=1)
        splits.append(split)
        node = _move(bins, node, split, n_bins)
        alive = jnp.repeat(split.made, 2)
    return Grown(splits, node, sums_at(node, statistics, n_places=2**max_depth))


@public
def scale_free(grow: Callable[[Array, Limits], Grown], statistics: Float[Array, "c n"], limits: Limits) -> Grown:
    """Grow a tree from statistics in units near their size, so that no square leaves the float range.

    G and H have a unit each, a power of two, and so have lambda and the limits. Gains and sums are those of the given
    statistics.

    >>> inside = lambda statistics, limits: Grown([], jnp.zeros(1, int), statistics)
    >>> zero = jnp.array(0.0)
    >>> scale_free(inside, jnp.array([[8.0], [1.0]]), Limits(zero, zero, zero)).sums.tolist()
    [[8.0], [1.0]]
    """
    units, *scaled = _into_units(statistics, limits)
    return _out_of_units(grow(*scaled), units)


@jax.jit
def _into_units(statistics: Array, limits: Limits) -> tuple[Array, Array, Limits]:
    """The units of G and H, and statistics and limits in these units."""
    g, h = scaling.unit(statistics[:-1]), scaling.unit(statistics[-1])
    l2, min_weight, min_gain = limits
    inner = Limits(l2 * (1 / h), min_weight * (1 / h), min_gain * (1 / g) * (1 / g) * h)
    units = jnp.stack([g, h])
    return units, statistics * (1 / _of_rows(units, len(statistics))), inner


@jax.jit
def _out_of_units(found: Grown, units: Array) -> Grown:
    g, h = units
    splits = [split._replace(gain=split.gain * g * (1 / h) * g) for split in found.splits]
    return Grown(splits, found.leaf, found.sums * _of_rows(units, len(found.sums)))


def _of_rows(units: Array, n_rows: int) -> Array:
    """The unit of each statistic, as a column: that of G for all but the last."""
    return jnp.append(jnp.full(n_rows - 1, units[0], units.dtype), units[1])[:, None]


@public
def about(statistics: Float[Array, "c *q"], origin: Float[Array, "k *#q"]) -> Float[Array, "c *q"]:
    """Return statistics, or sums of them, of G - origin H.

    >>> about(jnp.array([[5.0], [2.0]]), jnp.array([[1.0]])).tolist()
    [[3.0], [2.0]]
    """
    return jnp.concatenate([statistics[:-1] - origin * statistics[-1:], statistics[-1:]])


def _best_split(
    table: Array, origin: Array, alive: Array, mask: Array, limits: Limits, score: criteria.Score, some_missing: bool
) -> tuple[Split, Array]:
    """The best split of each node, and the origins of its children.

    Ties go to the first feature, its first bin, and missing values on the left.
    """
    below = _prefix_sums(table)  # (c, d, q, bins)
    whole, missing = below[..., -1:], table[..., -1:]

    def gain(left: Array) -> Array:
        lighter = jnp.minimum(left[-1], (whole - left)[-1])
        found = criteria.gain(left, whole, limits.l2, origin=origin[:, None, :, None], score=score)
        return jnp.where((lighter >= limits.min_weight) & (lighter > 0), found, -jnp.inf)

    nodes = jnp.arange(len(alive))
    # without the barrier, the compiler computes the gains again in each of the places that read them
    lefts = [below[..., :-1], below[..., :-1] + missing] if some_missing else [below[..., :-1]]
    gains = lax.optimization_barrier([gain(left) for left in lefts])
    to_right, to_left = gains[0], gains[-1]
    best = jnp.where(mask.T[..., None], jnp.maximum(to_left, to_right), -jnp.inf)
    of_feature = jnp.max(best, axis=2)
    feature = jnp.argmax(of_feature, axis=0).astype(jnp.int32)
    highest = of_feature[feature, nodes]
    place = jnp.argmax(best[feature, nodes], axis=1).astype(jnp.int32)
    missing_left = to_left[feature, nodes, place] >= to_right[feature, nodes, place]
    whole = whole[:, feature, nodes, 0]
    made = alive & worth_it(highest, criteria.rounding(whole, limits.l2, origin=origin, score=score), limits)
    left = below[:, feature, nodes, place] + jnp.where(missing_left, missing[:, feature, nodes, 0], 0.0)
    sides = jnp.stack([left, whole - left], axis=2).reshape(len(table), -1)
    children = criteria.value_near(sides, limits.l2, origin=jnp.repeat(origin, 2, axis=1))
    split = Split(feature, place, jnp.zeros_like(highest), missing_left, jnp.where(made, highest, 0.0), made)
    return split, children


@public
def worth_it(gain: Float[Array, " q"], rounding: Float[Array, "*q"], limits: Limits) -> Bool[Array, " q"]:
    """Return whether a gain exceeds the limit by more than `criteria.rounding`.

    >>> zero = jnp.array(0.0)
    >>> worth_it(jnp.array([1e-9, 0.5]), jnp.array(1e-6), Limits(zero, zero, zero)).tolist()
    [False, True]
    """
    return gain > jnp.maximum(limits.min_gain, 0.0) + rounding


def _prefix_sums(table: Array) -> Array:
    """Cumulative sums along the last axis: a product within each block, then a sum over the blocks."""
    *front, n_bins = table.shape
    padded = jnp.pad(table, [(0, 0)] * len(front) + [(0, -n_bins % BLOCK)]).reshape(*front, -1, BLOCK)
    upper = jnp.triu(jnp.ones((BLOCK, BLOCK), table.dtype))
    within = jnp.matmul(padded, upper, precision=lax.Precision.HIGHEST)
    over = jnp.cumsum(within[..., -1], axis=-1) - within[..., -1]
    return (within + over[..., None]).reshape(*front, -1)[..., :n_bins]


def _move(bins: Array, node: Array, split: Split, n_bins: int) -> Array:
    """The place of each sample on the next level; below a leaf, samples stay on the left."""
    n = bins.shape[1]
    above = jnp.where(split.made, split.place, n_bins)  # bins above this ...
    end = jnp.where(split.missing_left, n_bins - 1, n_bins)  # ... and below this go right
    own = bins.reshape(-1)[split.feature[node] * n + jnp.arange(n)].astype(jnp.int32)
    return 2 * node + ((own > above[node]) & (own < end[node]))


def _children(table: Array, bins: Array, node: Array, statistics: Array) -> Array:
    """Histograms of the next level: the smaller child's from its rows, its sibling's by subtraction."""
    n, (c, d, n_parents, n_bins) = len(node), table.shape
    count = jnp.zeros(2 * n_parents, jnp.int32).at[node].add(1, mode="promise_in_bounds").reshape(-1, 2)
    right_is_small = count[:, 1] < count[:, 0]
    parent = node // 2
    rows, used = _compact((node % 2 == 1) == right_is_small[parent], max(n // 2, 1))
    small = histogram(
        bins[:, rows], parent[rows], jnp.where(used, statistics[:, rows], 0.0), n_nodes=n_parents, n_bins=n_bins
    )
    large = table - small
    on_right = right_is_small[:, None]
    pair = jnp.stack([jnp.where(on_right, large, small), jnp.where(on_right, small, large)], axis=3)
    return pair.reshape(c, d, 2 * n_parents, n_bins)


def _compact(mask: Array, size: int) -> tuple[Array, Array]:
    """The first `size` rows of the mask, padded with other rows, and which of them are in the mask."""
    n = len(mask)
    place = _running_count(mask)
    rows = jnp.arange(size, dtype=jnp.int32)
    rows = rows.at[jnp.where(mask, place - 1, size)].set(jnp.arange(n, dtype=jnp.int32), mode="drop")
    return rows, jnp.arange(size) < place[-1]


def _running_count(mask: Array) -> Array:
    """Cumulative sum of a mask by blocks, which is faster. Sums of ones are exact in float32 here."""
    n, width = len(mask), 64
    table = jnp.pad(mask.astype(jnp.float32), (0, -n % width)).reshape(-1, width)
    upper = jnp.triu(jnp.ones((width, width), jnp.float32))
    within = jnp.matmul(table, upper, precision=lax.Precision.HIGHEST).astype(jnp.int32)
    over = jnp.cumsum(within[:, -1]) - within[:, -1]
    return (within + over[:, None]).reshape(-1)[:n]


@public
def assemble(grown: Grown, thresholds: list[Array], value: Callable[[Array], Array], *, n_features: int) -> Trees:
    """Build the arrays of one tree (t = 1). `value` turns sums (c, m) into predictions (k, m); options are static."""
    sums = _sums_of_nodes(grown)
    return _tree(grown, thresholds, sums, value(sums), n_features=n_features)


@jax.jit
def _sums_of_nodes(grown: Grown) -> Array:
    """Statistics of all nodes in heap order, (c, m)."""
    sums, levels = grown.sums, [grown.sums]
    for _ in grown.splits:
        sums = sums[:, 0::2] + sums[:, 1::2]
        levels.insert(0, sums)
    return jnp.concatenate(levels, axis=1)


@partial(jax.jit, static_argnames="n_features")
def _tree(grown: Grown, thresholds: list[Array], sums: Array, value: Array, *, n_features: int) -> Trees:
    m, n_leaves = sums.shape[1], grown.sums.shape[1]

    def heap(parts: list[Array], in_leaves: Any) -> Array:
        return jnp.concatenate([*parts, jnp.full(n_leaves, in_leaves, parts[0].dtype)])

    made = heap([split.made for split in grown.splits], False)
    own = jnp.arange(m, dtype=jnp.int32)
    feature = jnp.where(made, heap([split.feature for split in grown.splits], 0), 0)
    gain = heap([split.gain for split in grown.splits], 0.0)
    one = Trees(
        feature=feature,
        threshold=jnp.where(made, heap(thresholds, jnp.inf), jnp.inf),
        missing_left=heap([split.missing_left for split in grown.splits], True),
        left=jnp.where(made, 2 * own + 1, own),
        right=jnp.where(made, 2 * own + 2, own),
        value=value.T,
        cover=sums[-1],
        gain=gain,
        gain_of_feature=jnp.zeros(n_features, gain.dtype).at[feature].add(gain),
    )
    return jax.tree.map(lambda leaf: leaf[None], one)


@public
@jax.jit
def thresholds_of_bins(edges: Float[Array, "d b_1"], splits: list[Split]) -> list[Array]:
    """Turn the bins of splits into thresholds: the upper edge of the bin, infinite for the last bin of values."""
    ends = jnp.pad(edges, ((0, 0), (0, 1)), constant_values=jnp.inf)
    return [ends[split.feature, split.place] for split in splits]
