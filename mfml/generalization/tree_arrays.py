r"""Trees as arrays: what trees, forests, boosted ensembles and imported models have in common.

Shapes: t trees, m nodes each (node 0 is the root), d features, k outputs, n samples. A sample at node i goes to
`left[i]` where its feature is at most the threshold, else to `right[i]`; where the feature is missing (NaN),
`missing_left[i]` decides. A leaf points to itself on both sides, so that a walk which has arrived stays.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int

from mfml import require


class Trees(NamedTuple):
    """A set of trees. Nodes that no walk reaches fill up the smaller ones; their numbers mean nothing."""

    feature: Int[Array, "t m"]  # column that a node asks for; 0 in leaves
    threshold: Float[Array, "t m"]  # in units of the feature; infinite in leaves
    missing_left: Bool[Array, "t m"]  # where a missing value goes
    left: Int[Array, "t m"]  # child for values up to the threshold; a leaf's own number
    right: Int[Array, "t m"]
    value: Float[Array, "t m k"]  # what the node predicts
    cover: Float[Array, "t m"]  # weight of the training samples at the node (boosting: sum of second derivatives)
    gain: Float[Array, "t m"]  # by how much the split improved the objective; 0 in leaves


def is_leaf(trees: Trees) -> Bool[Array, "t m"]:
    """Say which nodes are leaves, or are never reached.

    >>> is_leaf(stump(0, 0.5, jnp.array([[0.0], [1.0], [2.0]]))).tolist()
    [[False, True, True]]
    """
    return trees.left == jnp.arange(trees.left.shape[1])


def stump(feature: ArrayLike, threshold: ArrayLike, value: Float[Array, "3 k"]) -> Trees:
    """Make one tree of one split; `value` holds the rows of root, left and right leaf. Missing values go left.

    Raises:
        ValueError: for values that are not three rows.

    >>> stump(0, 0.5, jnp.zeros((3, 1))).right.tolist()
    [[2, 1, 2]]
    """
    require.that(value.ndim == 2 and len(value) == 3, f"value must have 3 rows; found shape {value.shape}")
    return Trees(
        feature=jnp.array([[feature, 0, 0]]),
        threshold=jnp.array([[threshold, jnp.inf, jnp.inf]], value.dtype),
        missing_left=jnp.ones((1, 3), bool),
        left=jnp.array([[1, 1, 2]]),
        right=jnp.array([[2, 1, 2]]),
        value=value[None],
        cover=jnp.array([[2.0, 1.0, 1.0]], value.dtype),
        gain=jnp.array([[1.0, 0.0, 0.0]], value.dtype),
    )


@jax.jit
def apply(trees: Trees, x: Float[Array, "n d"]) -> Int[Array, "t n"]:
    """Return the leaf that each sample falls into, in each tree: one walk, mapped over samples and trees.

    Raises:
        ValueError: for x that is not a table.

    >>> apply(stump(0, 0.5, jnp.zeros((3, 1))), jnp.array([[0.5], [0.6], [jnp.nan]])).tolist()
    [[1, 2, 1]]
    """
    require.rank("x", x, 2)
    x = lax.stop_gradient(x)  # a leaf does not change with a small change of x

    def walk(tree: Trees, sample: Array) -> Array:
        def child(node: Array) -> Array:
            entry = sample[tree.feature[node]]
            goes_left = jnp.where(jnp.isnan(entry), tree.missing_left[node], entry <= tree.threshold[node])
            return jnp.where(goes_left, tree.left[node], tree.right[node])

        return lax.while_loop(lambda node: tree.left[node] != node, child, jnp.zeros((), tree.left.dtype))

    structure = jax.tree.map(lax.stop_gradient, trees)
    return jax.vmap(lambda tree: jax.vmap(lambda sample: walk(tree, sample))(x))(structure)


@jax.jit
def outputs(trees: Trees, x: Float[Array, "n d"]) -> Float[Array, "t n k"]:
    """Return what each tree predicts.

    >>> outputs(stump(0, 0.5, jnp.array([[0.0], [1.0], [2.0]])), jnp.array([[0.5], [0.6]])).tolist()
    [[[1.0], [2.0]]]
    """
    return jax.vmap(lambda value, leaf: value[leaf])(trees.value, apply(trees, x))


@jax.jit
def total(trees: Trees, x: Float[Array, "n d"]) -> Float[Array, "n k"]:
    """Add up what all trees predict, one after the other: memory does not grow with the number of trees.

    >>> total(stump(0, 0.5, jnp.array([[0.0], [1.0], [2.0]])), jnp.array([[0.5], [0.6]])).tolist()
    [[1.0], [2.0]]
    """

    def add(sum_so_far: Array, tree: Trees) -> tuple[Array, None]:
        one = jax.tree.map(lambda leaf: leaf[None], tree)
        return sum_so_far + outputs(one, x)[0], None

    zero = jnp.zeros((len(x), trees.value.shape[2]), trees.value.dtype)
    return lax.scan(add, zero, trees)[0]


@jax.jit
def depth(trees: Trees) -> Int[Array, " t"]:
    """Return the number of questions on the longest way down each tree; 0 for a lone leaf.

    >>> depth(stump(0, 0.5, jnp.zeros((3, 1)))).tolist()
    [1]
    """
    return jnp.max(jnp.where(_reached(trees) >= 0, _reached(trees), 0), axis=1)


@jax.jit
def n_leaves(trees: Trees) -> Int[Array, " t"]:
    """Count the leaves of each tree that a walk can reach.

    >>> n_leaves(stump(0, 0.5, jnp.zeros((3, 1)))).tolist()
    [2]
    """
    return jnp.sum(is_leaf(trees) & (_reached(trees) >= 0), axis=1)


def importance(trees: Trees, *, n_features: int) -> Float[Array, " d"]:
    r"""Sum the gains of all splits on each feature, divided by the sum over all features.

    All zero where no tree splits. Features with many different values are favored, also where they are noise:
    unit 14 has measures that are not. `n_features` is static.

    Raises:
        ValueError: unless n_features is positive.

    Source: Breiman et al. (1984), Classification and Regression Trees, section 5.3.4.

    >>> importance(stump(1, 0.5, jnp.zeros((3, 1))), n_features=3).tolist()
    [0.0, 1.0, 0.0]
    """
    require.positive("n_features", n_features)
    counted = jnp.where(is_leaf(trees) | (_reached(trees) < 0), 0.0, trees.gain)
    summed = jnp.zeros(n_features, trees.gain.dtype).at[trees.feature].add(counted)
    return summed / jnp.where(jnp.sum(summed) > 0, jnp.sum(summed), 1.0)


def _reached(trees: Trees) -> Array:
    """Distance of each node from the root, -1 where no walk comes by."""

    def one(left: Array, right: Array) -> Array:
        own = jnp.arange(len(left))

        def further(state: tuple[Array, Array]) -> tuple[Array, Array]:
            distance, level = state
            active = (distance == level) & (left != own)
            distance = distance.at[jnp.where(active, left, len(own))].set(level + 1, mode="drop")
            return distance.at[jnp.where(active, right, len(own))].set(level + 1, mode="drop"), level + 1

        def goes_on(state: tuple[Array, Array]) -> Array:
            distance, level = state
            return jnp.any((distance == level) & (left != own))

        start = jnp.where(own == 0, 0, -1).astype(left.dtype)
        return lax.while_loop(goes_on, further, (start, jnp.zeros((), left.dtype)))[0]

    return jax.vmap(one)(trees.left, trees.right)
