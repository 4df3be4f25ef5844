r"""Sums of the effects of all trees, in blocks of samples: memory grows with the number of samples alone.

Shapes: n samples, b background samples, d features, k outputs, t trees of m nodes.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.explain import tree_walk
from mfml.explain.tree_paths import Paths, Shares, paths, shares
from mfml.explain.tree_rules import Known, Paired, quadrature
from mfml.generalization import tree_arrays
from mfml.generalization.boosting import Boosting
from mfml.generalization.forest import Forest
from mfml.generalization.tree_arrays import Trees
from mfml.numerics import scaling, sums

Model = Trees | Forest | Boosting
ROWS = 2048  # samples or pairs of samples at once
ENTRIES = 2**23  # of the largest array of a block


class Effects(NamedTuple):
    """Effects of all features, or of all pairs, on all outputs, and the output that they start from."""

    values: Float[Array, "k n *d"]  # in units of the output
    base: Float[Array, " k"]


@public
def effects(
    model: Model,
    x: Float[Array, "n d"],
    *,
    background: Float[Array, "b d"] | None = None,
    max_depth: int | None = None,
    pairs: bool = False,
) -> Effects:
    """Add up the effects of single features, or of pairs, over the trees of a model, see `tree_walk`.

    With a background, features that are not known come from one of its samples. Without one, a question about such a
    feature is answered at random. `max_depth` (static) is read from the trees where these are known.

    Raises:
        ValueError: unless x and the background have as many columns as the trees have features, or for a `max_depth`
            below the depth of the trees.

    >>> stump = tree_arrays.stump(0, 0.5, jnp.array([[0.0], [1.0], [3.0]]))
    >>> found = effects(stump, jnp.array([[0.0], [1.0]]))
    >>> found.values.tolist(), found.base.tolist()
    ([[[-1.0], [1.0]]], [2.0])
    """
    trees = model if isinstance(model, Trees) else model.trees
    m, d = trees.left.shape[1], trees.gain_of_feature.shape[-1]
    for name, value in {"x": x, "background": background}.items():
        if value is not None:
            require.rank(name, value, 2)
            require.columns(name, value, d)
    require.that(background is None or len(background) > 0, "background must have at least one sample")
    depth = tree_arrays.depth(trees)
    if max_depth is None:
        max_depth = (m - 1) // 2 if isinstance(depth, jax.core.Tracer) else int(jnp.max(depth))
    require.known(depth <= max_depth, f"max_depth must be at least the depth of the trees; found {max_depth}")
    return _effects(model, x, background, max_depth=max_depth, pairs=pairs)


@partial(jax.jit, static_argnames=("max_depth", "pairs"))
def _effects(model: Model, x: Array, background: Array | None, *, max_depth: int, pairs: bool) -> Effects:
    model, x, background = jax.tree.map(lax.stop_gradient, (model, x, background))
    trees = model if isinstance(model, Trees) else model.trees
    trees = trees._replace(value=trees.value / len(trees.value)) if isinstance(model, Forest) else trees
    at, weights = (jnp.asarray(part, trees.value.dtype) for part in quadrature(min(max_depth, x.shape[1])))
    walk = tree_walk.pair_effects if pairs else tree_walk.main_effects
    of_rule = partial(walk, weights=weights, max_depth=max_depth)
    size = (2 * max_depth + 2) * len(at) + x.shape[1] ** (1 + pairs)
    rows = max(min(ROWS, ENTRIES // size), 1)

    def of_output(j: Array) -> tuple[Array, Array]:
        own = _of_output(trees, j, of_rounds=isinstance(model, Boosting))
        found = paths(own)
        likely = shares(own, found)
        own, middle, means, unit = _centered(own, found, likely)
        if background is None:
            return unit * _in_blocks(own, found, likely, x, of_rule, at, rows), sums.over_rows(means)
        others = lax.map(lambda tree: sums.mean(_output(tree, background)), own)
        return unit * _against(own, found, x, background, of_rule, at, rows), sums.over_rows(middle + unit * others)

    values, base = lax.map(of_output, jnp.arange(trees.value.shape[-1]))
    return Effects(values, base + (model.offset if isinstance(model, Boosting) else 0.0))


def _of_output(trees: Trees, j: Array, *, of_rounds: bool) -> Trees:
    """The trees that add to one output, with one column of values. In a boosted model tree i adds to output i % k."""
    k = trees.value.shape[-1]
    own = jax.tree.map(lambda a: a.reshape(-1, k, *a.shape[1:])[:, j], trees) if of_rounds else trees
    return own._replace(value=own.value[..., j][..., None])


def _centered(trees: Trees, found: Paths, likely: Shares) -> tuple[Trees, Array, Array, Array]:
    """Values of leaves near 1 and around 0, what was taken from them, the mean of each tree, and the unit.

    A constant in all leaves has no effect. Small shares times small values must not leave the range of the type.
    """
    leaf = tree_arrays.is_leaf(trees) & (found.level >= 0)
    value = jnp.where(leaf, trees.value[..., 0], 0.0)
    middle = value.sum(axis=1) / leaf.sum(axis=1)
    moved = jnp.where(leaf, value - middle[:, None], 0.0)
    unit = scaling.power_of_two(jnp.max(jnp.abs(moved)))
    means = middle + jnp.sum(likely.reach * moved, axis=1)
    return trees._replace(value=(moved * (1 / unit))[..., None]), middle, means, unit


def _output(tree: Trees, x: Array) -> Array:
    return tree_arrays.outputs(jax.tree.map(lambda a: a[None], tree), x)[0, :, 0]


def _in_blocks(
    trees: Trees, found: Paths, likely: Shares, x: Array, walk: Callable[..., Array], at: Array, rows: int
) -> Array:
    """Effects on all samples; the shares of the training samples stand for what is not known."""

    def one(block: Array) -> Array:
        def of_tree(tree: Trees, found: Paths, likely: Shares) -> Array:
            return walk(Known.of(tree, found, block.T, likely, at), tree.value[:, 0])

        return _total(of_tree, trees, found, likely)

    blocks, n = _blocks(x, min(rows, max(len(x), 1)))
    return _joined(lax.map(one, blocks))[:n]


def _against(
    trees: Trees, found: Paths, x: Array, background: Array, walk: Callable[..., Array], at: Array, rows: int
) -> Array:
    """Mean of the effects against each background sample: pairs of a block of one and a block of the other."""
    others, n_others = _blocks(background, min(rows, len(background)))
    blocks, n = _blocks(x, max(min(rows // others.shape[1], len(x)), 1))
    weights = (jnp.arange(others.shape[0] * others.shape[1]) < n_others).astype(trees.value.dtype) / n_others

    def one(block: Array) -> Array:
        own = jnp.repeat(block, others.shape[1], axis=0).T

        def add(total: sums.Total, part: tuple[Array, Array]) -> tuple[sums.Total, None]:
            other, weight = part
            pairs = jnp.tile(other, (len(block), 1)).T

            def of_tree(tree: Trees, found: Paths) -> Array:
                return walk(Paired(tree, found, own, pairs, at), tree.value[:, 0])

            found_pairs = _total(of_tree, trees, found)
            mean = jnp.sum(found_pairs.reshape(*found_pairs.shape[:-1], len(block), -1) * weight, axis=-1)
            return sums.plus(total, mean), None

        effect = (x.shape[1],) * (_rank(walk) - 1)
        start = sums.nothing(jnp.zeros((*effect, len(block)), trees.value.dtype))
        return lax.scan(add, start, (others, weights.reshape(len(others), -1)))[0].value

    return _joined(lax.map(one, blocks))[:n]


def _rank(walk: Any) -> int:
    return 3 if walk.func is tree_walk.pair_effects else 2


def _total(of_tree: Callable[..., Array], *trees: Any) -> Array:
    """Sum over trees, as accurate as one of them."""
    first = jax.eval_shape(of_tree, *jax.tree.map(lambda a: a[0], trees))
    start = sums.nothing(jnp.zeros(first.shape, first.dtype))
    return lax.scan(lambda total, one: (sums.plus(total, of_tree(*one)), None), start, trees)[0].value


def _blocks(x: Array, rows: int) -> tuple[Array, int]:
    """Blocks of rows, the last one filled up with zeros, and the number of rows."""
    n_blocks = -(-len(x) // rows)
    return jnp.pad(x, ((0, n_blocks * rows - len(x)), (0, 0))).reshape(n_blocks, rows, x.shape[1]), len(x)


def _joined(blocks: Array) -> Array:
    """Blocks of shape (..., rows) one after the other, rows first."""
    rows_first = jnp.moveaxis(blocks, -1, 1)
    return rows_first.reshape(-1, *rows_first.shape[2:])
