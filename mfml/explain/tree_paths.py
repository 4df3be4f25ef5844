r"""Paths of trees for Shapley values: what leads to each node, how likely it is, and the order of a walk.

Shapes: t trees, m nodes each. A path may ask about one feature several times. Together these questions ask for an
interval, so only the interval and the product of the shares count.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from mfml.entrance import public
from mfml.generalization.tree_arrays import Trees


class Paths(NamedTuple):
    """What leads to each node. Leaves, and nodes that no walk reaches, have numbers that mean nothing."""

    parent: Int[Array, "t m"]  # the root is its own parent
    level: Int[Array, "t m"]  # questions before this node; -1 if no walk reaches it
    side: Int[Array, "t m"]  # 1 for a right child, 0 for a left child and for the root
    low: Float[Array, "t m"]  # earlier questions about the feature of the node ask for low < x; NaN: no limit
    high: Float[Array, "t m"]  # ... and for x <= high; infinite: no limit
    missing: Bool[Array, "t m"]  # whether a sample that lacks the feature of the node follows the path to it
    order: Int[Array, "t m"]  # the inner nodes as a walk through the whole tree enters them, then others
    back: Int[Array, "t m"]  # the inner nodes as the walk leaves them, then others
    n_left: Int[Array, "t m"]  # how many nodes have been left when the next one is entered
    n_inner: Int[Array, " t"]  # inner nodes that a walk reaches


@public
@jax.jit
def paths(trees: Trees) -> Paths:
    """Follow all paths of all trees.

    The walk goes through the left branch of a node, then through its right branch, and leaves the node.

    >>> from mfml.generalization import tree_arrays
    >>> found = paths(tree_arrays.stump(0, 0.5, jnp.zeros((3, 1))))
    >>> found.parent.tolist(), found.level.tolist(), found.n_inner.tolist()
    ([[0, 0, 0]], [[0, 1, 1]], [1])
    """
    return jax.vmap(_paths)(trees.feature, trees.threshold, trees.missing_left, trees.left, trees.right)


def _paths(feature: Array, threshold: Array, missing_left: Array, left: Array, right: Array) -> Paths:
    own = jnp.arange(len(left), dtype=left.dtype)
    parent, level = _descend(left, right)
    inner = (level >= 0) & (left != own)
    on_right = (level > 0) & (right[parent] == own)
    size = _sizes(parent, level, inner)

    def up(_: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        at, low, high, missing, enters = state
        above, turn, moves = parent[at], on_right[at], at != 0
        same = moves & (feature[above] == feature)
        low = jnp.where(same & turn, jnp.fmax(low, threshold[above]), low)  # which takes the number, not NaN
        high = jnp.where(same & ~turn, jnp.minimum(high, threshold[above]), high)
        missing = missing & (~same | (missing_left[above] ^ turn))
        before = 1 + jnp.where(turn, 2 * size[left[above]], 0)
        return above, low, high, missing, enters + jnp.where(moves, before, 0)

    no_limit = jnp.full_like(threshold, jnp.nan), jnp.full_like(threshold, jnp.inf), own >= 0
    _, low, high, missing, enters = lax.fori_loop(0, jnp.max(level), up, (own, *no_limit, jnp.zeros_like(own)))
    order, back = (
        jnp.argsort(jnp.where(inner, time, jnp.iinfo(own.dtype).max)).astype(own.dtype)
        for time in (enters, enters + 2 * size - 1)
    )
    n_inner = jnp.sum(inner).astype(own.dtype)
    n_left = jnp.where(own + 1 < n_inner, jnp.roll(enters[order], -1) - own - 1, n_inner)
    return Paths(parent, level, on_right.astype(own.dtype), low, high, missing, order, back, n_left, n_inner)


def _descend(left: Array, right: Array) -> tuple[Array, Array]:
    """Parent and level of each node."""
    own = jnp.arange(len(left), dtype=left.dtype)

    def active(level: Array, depth: Array) -> Array:
        return (level == depth) & (left != own)

    def further(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        parent, level, depth = state
        asks = active(level, depth)
        for child in (left, right):
            to = jnp.where(asks, child, len(own))
            parent, level = parent.at[to].set(own, mode="drop"), level.at[to].set(depth + 1, mode="drop")
        return parent, level, depth + 1

    start = own, jnp.where(own == 0, 0, -1).astype(left.dtype), jnp.zeros((), left.dtype)
    return lax.while_loop(lambda state: jnp.any(active(*state[1:])), further, start)[:2]


def _sizes(parent: Array, level: Array, inner: Array) -> Array:
    """The number of inner nodes at and below each node."""

    def up(_: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        at, size = state
        to = jnp.where(inner & (at != 0), parent[at], len(parent))
        return parent[at], size.at[to].add(1, mode="drop")

    start = jnp.arange(len(parent), dtype=parent.dtype), inner.astype(parent.dtype)
    return lax.fori_loop(0, jnp.max(level), up, start)[1]


class Shares(NamedTuple):
    """How likely paths are if each question is answered at random, with the share of the training samples."""

    left: Float[Array, "t m"]  # share of the left side of each node
    before: Float[Array, "t m"]  # product of the shares of earlier questions about the feature of the node
    reach: Float[Array, "t m"]  # product of all shares on the way to the node; 0 where no way leads


@public
@jax.jit
def shares(trees: Trees, found: Paths) -> Shares:
    """Multiply the shares of the training samples along the paths; one half where a node has none.

    >>> from mfml.generalization import tree_arrays
    >>> stump = tree_arrays.stump(0, 0.5, jnp.zeros((3, 1)))._replace(cover=jnp.array([[4.0, 1.0, 3.0]]))
    >>> shares(stump, paths(stump)).reach.tolist()
    [[1.0, 0.25, 0.75]]
    """
    return jax.vmap(_shares)(trees, found)


def _shares(tree: Trees, found: Paths) -> Shares:
    cover = tree.cover
    both = cover[tree.left] + cover[tree.right]
    left = jnp.where(both > 0, cover[tree.left] / jnp.where(both > 0, both, 1.0), 0.5)

    def up(_: Array, state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        at, before, reach = state
        above = found.parent[at]
        share = jnp.where(found.side[at] == 1, 1 - left[above], left[above])
        share = jnp.where(at == 0, 1.0, share)
        return above, jnp.where(tree.feature[above] == tree.feature, before * share, before), reach * share

    own, reached = jnp.arange(len(left), dtype=found.parent.dtype), (found.level >= 0).astype(left.dtype)
    return Shares(left, *lax.fori_loop(0, jnp.max(found.level), up, (own, jnp.ones_like(left), reached))[1:])
