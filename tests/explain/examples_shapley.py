"""One example of every public function of Shapley values."""

import jax
import jax.numpy as jnp

from mfml.explain import (
    attribution,
    coalitions,
    kernel_shap,
    shapley,
    tree_interactions,
    tree_paths,
    tree_rules,
    tree_shap,
    tree_sums,
    tree_walk,
)
from mfml.generalization import boosting, forest, tree
from tests.contract import Example

N, D = 6, 2


def product(rows):
    return rows[:, 0] * rows[:, 1] + rows[:, 0]


def samples(key):
    x, background = jax.random.normal(key, (2, N, D))
    return {"x": x, "background": background[:4]}


def fitted(key):
    x = jax.random.normal(key, (12, D))
    return {"x": x, "y": x[:, 0] * x[:, 1]}


def one_tree(key):
    return tree.fit(**fitted(key), max_depth=2, max_bins=7)


def some_forest(key):
    return forest.fit(**fitted(key), key=key, n_estimators=2, max_depth=2, max_bins=7)


def boosted(key):
    y = jnp.arange(12) % 3
    return boosting.fit(fitted(key)["x"], y, loss="softmax", n_classes=3, max_iter=1, max_depth=2, max_bins=7)


def rule(key):
    trees = one_tree(key)
    found = tree_paths.paths(trees)
    first, *likely = jax.tree.map(lambda a: a[0], (trees, found, tree_paths.shares(trees, found)))
    at, weights = (jnp.asarray(part, jnp.float32) for part in tree_rules.quadrature(2))
    known = tree_rules.Known.of(first, likely[0], samples(key)["x"].T, likely[1], at)
    return {"rule": known, "value": first.value[:, 0], "weights": weights}


LINEAR = ({"model.value": 1},)
MISSING = {"missing": "NaN is a missing value: trees send it to a side of each split"}
LEAVES = {
    "missing": "the first value is that of the root, which counts for nothing",
    "far": "effects of one tree are as accurate as the differences between its leaves are large",
}

EXAMPLES = [
    Example(attribution.importance, lambda key: {"phi": samples(key)["x"]}, gradient=("phi",)),
    Example(
        coalitions.values,
        lambda key: samples(key) | {"members": jnp.array([[True, False], [False, True], [True, True]])},
        {"f": product},
        gradient=("x", "background"),
    ),
    Example(coalitions.base, lambda key: {"background": samples(key)["x"]}, {"f": product}, gradient=("background",)),
    Example(shapley.exact, samples, {"f": product}, gradient=("x", "background")),
    Example(shapley.interactions, samples, {"f": product}, gradient=("x", "background")),
    Example(
        shapley.permutation,
        lambda key: samples(key) | {"key": key},
        {"f": product, "n_permutations": 2},
        gradient=("x", "background"),
        tolerance=1e-3,
    ),
    Example(kernel_shap.fit, samples, {"f": product}, gradient=("x", "background"), tolerance=1e-3),
    Example(kernel_shap.draw, lambda key: {"key": key}, {"n_features": 5, "n_samples": 12}, x64=False),
    Example(tree_paths.paths, lambda key: {"trees": one_tree(key)}),
    Example(tree_paths.shares, lambda key: {"trees": one_tree(key), "found": tree_paths.paths(one_tree(key))}),
    Example(tree_rules.quadrature, lambda key: {}, {"n_factors": 4}, batched=(), jit=False),  # NumPy: static numbers
    Example(tree_walk.main_effects, rule, {"max_depth": 2}, exempt=LEAVES),
    Example(tree_walk.pair_effects, rule, {"max_depth": 2}, exempt=LEAVES),
    Example(
        tree_sums.effects, lambda key: {"model": one_tree(key), "x": samples(key)["x"]}, {"pairs": True}, exempt=MISSING
    ),
    Example(
        tree_shap.path_dependent,
        lambda key: {"model": boosted(key), "x": samples(key)["x"]},
        gradient=("x",),
        exempt=MISSING,
    ),
    Example(
        tree_shap.path_dependent,
        lambda key: {"model": one_tree(key), "x": samples(key)["x"]},
        units=LINEAR,
        exempt=MISSING,
    ),
    Example(
        tree_shap.interventional,
        lambda key: {"model": some_forest(key), **samples(key)},
        gradient=("x",),
        exempt=MISSING,
    ),
    Example(
        tree_interactions.path_dependent,
        lambda key: {"model": one_tree(key), "x": samples(key)["x"]},
        units=LINEAR,
        exempt=MISSING,
    ),
    Example(
        tree_interactions.interventional,
        lambda key: {"model": one_tree(key), **samples(key)},
        units=LINEAR,
        exempt=MISSING,
    ),
]
