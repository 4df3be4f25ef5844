r"""Trees as arrays, the common form of single trees, forests, boosted ensembles and imported models.

Shapes: t trees, m nodes each (node 0 is the root), d features, k outputs, n samples. A sample at node i goes to
`left[i]` if its feature is at most the threshold, and to `right[i]` otherwise. If the feature is missing (NaN),
`missing_left[i]` decides. A leaf points to itself on both sides, so a walk that has reached it stays there.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int

from mfml import require
from mfml.entrance import public


class Trees(NamedTuple):
    """A set of trees. Smaller trees are padded with nodes that no walk reaches, whose entries mean nothing."""

    feature: Int[Array, "t m"]  # column that a node asks about; 0 in leaves
    threshold: Float[Array, "t m"]  # in units of the feature; infinite in leaves
    missing_left: Bool[Array, "t m"]  # where a missing value goes
    left: Int[Array, "t m"]  # child for values up to the threshold; in a leaf its own number
    right: Int[Array, "t m"]
    value: Float[Array, "t m k"]  # what the node predicts
    cover: Float[Array, "t m"]  # weight of the training samples at the node (boosting: sum of second derivatives)
    gain: Float[Array, "t m"]  # improvement of the objective by the split; 0 in leaves
    gain_of_feature: Float[Array, "t d"]  # sum over all splits on each feature, in a unit common to all trees


@public
def is_leaf(trees: Trees) -> Bool[Array, "t m"]:
    """Return which nodes are leaves or are never reached.

    >>> is_leaf(stump(0, 0.5, jnp.array([[0.0], [1.0], [2.0]]))).tolist()
    [[False, True, True]]
    """
    return trees.left == jnp.arange(trees.left.shape[1])


@public
@partial(jax.jit, static_argnames="n_features")
def stump(feature: ArrayLike, threshold: ArrayLike, value: Float[Array, "3 k"], *, n_features: int = 1) -> Trees:
    """Make one tree with one split. The rows of `value` belong to the root, the left and the right leaf.

    Missing values go left. `n_features` is static.

    Raises:
        ValueError: unless `value` has three rows.

    >>> stump(0, 0.5, jnp.zeros((3, 1))).right.tolist()
    [[2, 1, 2]]
    """
    require.that(value.ndim == 2 and len(value) == 3, f"value must have 3 rows; found shape {value.shape}")
    gain = jnp.array([[1.0, 0.0, 0.0]], value.dtype)
    return Trees(
        feature=jnp.array([[feature, 0, 0]]),
        threshold=jnp.array([[threshold, jnp.inf, jnp.inf]], value.dtype),
        missing_left=jnp.ones((1, 3), bool),
        left=jnp.array([[1, 1, 2]]),
        right=jnp.array([[2, 1, 2]]),
        value=value[None],
        cover=jnp.array([[2.0, 1.0, 1.0]], value.dtype),
        gain=gain,
        gain_of_feature=jnp.zeros((1, n_features), value.dtype).at[0, feature].set(1.0),
    )


@public
@jax.jit
def apply(trees: Trees, x: Float[Array, "n d"]) -> Int[Array, "t n"]:
    """Return the leaf that each sample ends in, for each tree: one walk, mapped over samples and trees.

    Raises:
        ValueError: unless x has two axes and as many columns as the trees have features.

    >>> apply(stump(0, 0.5, jnp.zeros((3, 1))), jnp.array([[0.5], [0.6], [jnp.nan]])).tolist()
    [[1, 2, 1]]
    """
    require.rank("x", x, 2)
    require.columns("x", x, trees.gain_of_feature.shape[-1])
    x = lax.stop_gradient(x)  # a leaf does not change with a small change of x

    def walk(tree: Trees, sample: Array) -> Array:
        def child(node: Array) -> Array:
            entry = sample[tree.feature[node]]
            goes_left = jnp.where(jnp.isnan(entry), tree.missing_left[node], entry <= tree.threshold[node])
            return jnp.where(goes_left, tree.left[node], tree.right[node])

        return lax.while_loop(lambda node: tree.left[node] != node, child, jnp.zeros((), tree.left.dtype))

    structure = jax.tree.map(lax.stop_gradient, trees)
    return jax.vmap(lambda tree: jax.vmap(lambda sample: walk(tree, sample))(x))(structure)


@public
@jax.jit
def outputs(trees: Trees, x: Float[Array, "n d"]) -> Float[Array, "t n k"]:
    """Return what each tree predicts. Errors as in `apply`.

    >>> outputs(stump(0, 0.5, jnp.array([[0.0], [1.0], [2.0]])), jnp.array([[0.5], [0.6]])).tolist()
    [[[1.0], [2.0]]]
    """
    return jax.vmap(lambda value, leaf: value[leaf])(trees.value, apply(trees, x))


@public
@jax.jit
def total(trees: Trees, x: Float[Array, "n d"]) -> Float[Array, "n k"]:
    """Add up what the trees predict, one tree at a time, so memory does not grow with t. Errors as in `apply`.

    >>> total(stump(0, 0.5, jnp.array([[0.0], [1.0], [2.0]])), jnp.array([[0.5], [0.6]])).tolist()
    [[1.0], [2.0]]
    """

    def add(sum_so_far: Array, tree: Trees) -> tuple[Array, None]:
        one = jax.tree.map(lambda leaf: leaf[None], tree)
        return sum_so_far + outputs(one, x)[0], None

    zero = jnp.zeros((len(x), trees.value.shape[2]), trees.value.dtype)
    return lax.scan(add, zero, trees)[0]


@public
def require_classes(trees: Trees) -> None:
    """Require that the trees tell classes apart, which means that they have more than one output.

    Raises:
        ValueError: for the trees of a regression.

    >>> require_classes(stump(0, 0.5, jnp.zeros((3, 2))))
    """
    message = "this model predicts numbers, not classes: fit it with criterion='gini' or 'entropy'"
    require.that(trees.value.shape[-1] > 1, message)


@public
@jax.jit
def depth(trees: Trees) -> Int[Array, " t"]:
    """Return the largest number of questions that a sample is asked, for each tree; 0 for a single leaf.

    >>> depth(stump(0, 0.5, jnp.zeros((3, 1)))).tolist()
    [1]
    """
    return jnp.max(jnp.where(_reached(trees) >= 0, _reached(trees), 0), axis=1)


@public
@jax.jit
def n_leaves(trees: Trees) -> Int[Array, " t"]:
    """Return the number of leaves that a walk can reach, for each tree.

    >>> n_leaves(stump(0, 0.5, jnp.zeros((3, 1)))).tolist()
    [2]
    """
    return jnp.sum(is_leaf(trees) & (_reached(trees) >= 0), axis=1)


@public
def in_units(trees: Trees, size: ArrayLike) -> Trees:
    """Bring trees that were grown on targets over `size` back to units of y.

    The gain of each feature keeps its unit, near the squared size of y: it neither overflows nor underflows.

    >>> in_units(stump(0, 0.5, jnp.ones((3, 1))), 2.0).gain.tolist()
    [[4.0, 0.0, 0.0]]
    """
    return trees._replace(value=trees.value * size, gain=trees.gain * size * size)


@public
def importance(trees: Trees) -> Float[Array, " d"]:
    r"""Return the sum of the gains of all splits on each feature, divided by the sum over all features.

    It is zero for all features if no tree has a split. The measure favors features with many different values, even if
    these are noise. Unit 14 has measures without this bias.

    Source: Breiman et al. (1984), Classification and Regression Trees, section 5.3.4.

    >>> importance(stump(1, 0.5, jnp.zeros((3, 1)), n_features=3)).tolist()
    [0.0, 1.0, 0.0]
    """
    summed = jnp.sum(trees.gain_of_feature, axis=0)
    return summed / jnp.where(jnp.sum(summed) > 0, jnp.sum(summed), 1.0)


def _reached(trees: Trees) -> Array:
    """Distance of each node from the root; -1 if no walk reaches it."""

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
