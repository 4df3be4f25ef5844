r"""One walk through a tree for many samples at once: Shapley values and their interactions.

Going down, the walk multiplies the factors of the questions: at a leaf, the product times its value is what the leaf
counts. Going up, it adds up what the leaves below each node count. The ratio of an edge times this sum is what the edge
gives to its feature (see `tree_rules`). Nodes are entered and left in the order of `tree_paths`, so a stack of two
places a level holds all products. The walk takes a time in proportion to the nodes, however deep the tree.

Shapes: m nodes, r samples, q points of the integral, d features.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from mfml.entrance import public
from mfml.explain.tree_rules import Rule
from mfml.xla.rewrite import stored

Part = Callable[[Array], Array]  # of what the edges below a node give to its feature, shape (q, r)
Give = Callable[[Array, Array, Array], Array]  # effects, node, part


@public
@partial(jax.jit, static_argnames="max_depth")
def main_effects(
    rule: Rule, value: Float[Array, " m"], weights: Float[Array, " q"], *, max_depth: int
) -> Float[Array, "d r"]:
    """Return the Shapley values of one tree whose nodes predict `value`; NaN if a path is longer than `max_depth`.

    Source: Lundberg et al. (2020), Nature Machine Intelligence 2, 56-67; Yu et al. (2022), Linear TreeShap.
    """

    def give(effects: Array, node: Array, part: Array) -> Array:
        feature = rule.tree.feature[node]
        return lax.dynamic_update_index_in_dim(effects, _row(effects, feature) + part, feature, 0)

    effects = jnp.zeros(rule.x.shape, value.dtype)
    return _walk(rule, value, weights, max_depth, effects, lambda edges: jnp.sum(edges, axis=0), give)


@public
@partial(jax.jit, static_argnames="max_depth")
def pair_effects(
    rule: Rule, value: Float[Array, " m"], weights: Float[Array, " q"], *, max_depth: int
) -> Float[Array, "d d r"]:
    r"""Return the interaction of all pairs of features, the sum of $v \int r_i r_j \prod_k w_k \, dt$ over the leaves.

    The feature of the lower question is the row, so entries (i, j) and (j, i) are parts of one number, their sum. Those
    on the diagonal mean nothing.

    Source: Lundberg et al. (2020), Nature Machine Intelligence 2, 56-67.
    """
    d, r = rule.x.shape

    def give(effects: Array, node: Array, part: Array) -> Array:
        row = rule.tree.feature[node] * d

        def up(state: tuple[Array, Array]) -> tuple[Array, Array]:
            at, effects = state
            above = rule.found.parent[at]
            ratio = rule.ratio(above, rule.found.side[at], rule.answers(above))
            place, given = row + rule.tree.feature[above], jnp.sum(part * ratio, axis=0)
            return above, lax.dynamic_update_index_in_dim(effects, _row(effects, place) + given, place, 0)

        return lax.while_loop(lambda state: state[0] != 0, up, (node, effects))[1]

    effects = jnp.zeros((d * d, r), value.dtype)
    return _walk(rule, value, weights, max_depth, effects, lambda edges: edges, give).reshape(d, d, r)


def _walk(rule: Rule, value: Array, weights: Array, max_depth: int, effects: Array, part: Part, give: Give) -> Array:
    """Enter and leave all inner nodes. Place 2 level + side of the stack is of the node that is open there."""
    tree, found = rule.tree, rule.found
    ends = jnp.where(tree.left == jnp.arange(len(tree.left)), value, 1.0)

    def place(node: Array) -> Array:
        return 2 * found.level[node] + found.side[node]

    def enter(node: Array, stack: Array) -> Array:
        told, product = stored((rule.answers(node), _row(stack, place(node))))
        for side, child in enumerate((tree.left[node], tree.right[node])):
            below = product * rule.factor(node, side, told) * ends[child]
            stack = lax.dynamic_update_index_in_dim(stack, below, 2 * found.level[node] + 2 + side, 0)
        return stack

    def leave(i: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        stack, effects = state
        node = found.back[i]
        told = rule.answers(node)
        sums = [_row(stack, 2 * found.level[node] + 2 + side) for side in (0, 1)]
        edges = sum(rule.ratio(node, side, told) * sums[side] for side in (0, 1)) * weights[:, None]
        given, both = stored((part(edges), sums[0] + sums[1]))  # or the stack would be copied before it is changed
        return lax.dynamic_update_index_in_dim(stack, both, place(node), 0), give(effects, node, given)

    def step(i: Array, state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        stack, effects, n_left = state
        stack = enter(found.order[i], stack)
        return *lax.fori_loop(n_left, found.n_left[i], leave, (stack, effects)), found.n_left[i]

    stack = jnp.ones((2 * max_depth + 2, len(weights), rule.x.shape[1]), value.dtype)
    start = stack, effects, jnp.zeros((), found.n_left.dtype)
    effects = lax.fori_loop(0, found.n_inner, step, start)[1]
    return jnp.where(jnp.max(found.level) <= max_depth, effects, jnp.nan)


def _row(table: Array, i: Array) -> Array:
    return lax.dynamic_index_in_dim(table, i, 0, keepdims=False)
