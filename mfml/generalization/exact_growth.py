r"""Exact growth of a tree, which tries every threshold between two neighboring values.

Shapes: n samples, d features, c statistics per sample, q nodes on a level. Statistics and scores are those of
`criteria`.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.generalization import criteria, growth


@public
@partial(jax.jit, static_argnames=("max_depth", "score"))
def grow(
    x: Float[Array, "n d"],
    statistics: Float[Array, "c n"],
    limits: growth.Limits,
    *,
    max_depth: int,
    score: criteria.Score = criteria.squared,
) -> growth.Grown:
    """Grow a tree, trying every threshold between two neighboring values. Missing values go right.

    On each level, every feature is sorted within each node, which is much more work than a histogram. `max_depth` and
    `score` are static.

    Raises:
        ValueError: if x does not have two axes or is empty, or unless 1 <= max_depth <= 14.

    Source: Breiman et al. (1984), Classification and Regression Trees, chapter 2.

    >>> none, y = jnp.array(0.0), jnp.array([1.0, 1.0, 5.0])
    >>> x = jnp.array([[0.0], [1.0], [3.0]])
    >>> tree = grow(x, jnp.stack([y, jnp.ones(3)]), growth.Limits(none, none, none), max_depth=1)
    >>> tree.splits[0].threshold.tolist()
    [2.0]
    """
    require.rank("x", x, 2)
    require.that(x.size > 0, f"x must not be empty; found shape {x.shape}")
    require.between("max_depth", max_depth, 1, growth.MAX_DEPTH)
    return growth.scale_free(partial(_grow, x, max_depth=max_depth, score=score), statistics, limits)


def _grow(x: Array, statistics: Array, limits: growth.Limits, *, max_depth: int, score: criteria.Score) -> growth.Grown:
    node, alive, splits = jnp.zeros(len(x), jnp.int32), jnp.ones(1, bool), []
    for _ in range(max_depth):
        split = _best_exact_split(x, node, statistics, alive, limits, score)
        splits.append(split)
        own = jnp.take_along_axis(x, split.feature[node][:, None], 1)[:, 0]
        node = 2 * node + (split.made[node] & ~(own <= split.threshold[node]))
        alive = jnp.repeat(split.made, 2)
    return growth.Grown(splits, node, growth.sums_at(node, statistics, n_places=2**max_depth))


def _best_exact_split(
    x: Array, node: Array, statistics: Array, alive: Array, limits: growth.Limits, score: criteria.Score
) -> growth.Split:
    n_nodes, n = len(alive), len(x)
    whole = growth.sums_at(node, statistics, n_places=n_nodes)
    origin = jnp.zeros_like(whole[:-1])
    if score is criteria.squared and len(whole) == 2:  # as in `growth`
        origin = criteria.value_near(whole, limits.l2, origin=origin)
        statistics = growth.about(statistics, origin[:, node])
    whole = growth.sums_at(node, statistics, n_places=n_nodes)
    start = jnp.searchsorted(jnp.sort(node), jnp.arange(n_nodes + 1))
    position = jnp.arange(n)

    def one(column: Array) -> tuple[Array, Array]:
        order = jnp.lexsort((column, node))
        value, at = column[order], node[order]
        before = jnp.pad(jnp.cumsum(statistics[:, order], axis=1), ((0, 0), (1, 0)))
        left = before[:, 1:] - before[:, start[at]]
        total = (before[:, start[1:]] - before[:, start[:-1]])[:, at]
        after = jnp.append(value[1:], jnp.nan)
        last_of_node = jnp.append(at[1:], n_nodes) != at
        lighter = jnp.minimum(left[-1], total[-1] - left[-1])
        possible = ~last_of_node & ((value < after) | (jnp.isnan(after) & ~jnp.isnan(value)))
        gain = criteria.gain(left, total, limits.l2, origin=origin[:, at], score=score)
        gain = jnp.where(possible & (lighter >= limits.min_weight) & (lighter > 0), gain, -jnp.inf)
        highest = jnp.full(n_nodes, -jnp.inf, gain.dtype).at[at].max(gain)
        first = jnp.full(n_nodes, n - 1).at[at].min(jnp.where(gain == highest[at], position, n - 1))
        low, high = value[first], after[first]
        middle = low + (high - low) / 2
        return highest, jnp.where(jnp.isnan(high), jnp.inf, jnp.where(middle < high, middle, low))

    gains, thresholds = jax.vmap(one)(x.T)
    feature = jnp.argmax(gains, axis=0).astype(jnp.int32)
    gain = jnp.max(gains, axis=0)
    made = alive & growth.worth_it(gain, criteria.rounding(whole, limits.l2, origin=origin, score=score), limits)
    threshold = thresholds[feature, jnp.arange(n_nodes)]
    no = jnp.zeros(n_nodes, bool)
    return growth.Split(feature, jnp.zeros(n_nodes, jnp.int32), threshold, no, jnp.where(made, gain, 0.0), made)
