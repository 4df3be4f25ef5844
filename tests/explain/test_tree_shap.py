"""TreeSHAP against sums over all coalitions, known trees, and the general methods of `shapley`."""

from functools import partial
from itertools import combinations
from math import factorial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.explain import shapley, tree_interactions, tree_paths, tree_shap
from mfml.generalization import boosting, forest, interop, tree, tree_arrays
from mfml.generalization.tree_arrays import Trees
from tests.generalization import models

N, D = 60, 4


def data(seed=0, gaps=0.1):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, D)).astype(np.float32)
    y = (np.sin(2 * x[:, 0]) * x[:, 1] + x[:, 2] + 0.1 * rng.normal(size=N)).astype(np.float32)
    return np.where(rng.uniform(size=x.shape) < gaps, np.nan, x).astype(np.float32), y


X, Y = data()
ROWS = X[:9]
BACKGROUND = X[30:37]


def expected(trees, i, x, known, node=0):
    """What a tree predicts if only some features are known: by recursion, weighted by cover at others."""
    left, right = int(trees.left[i, node]), int(trees.right[i, node])
    if left == node:
        return np.asarray(trees.value[i, node], float)
    j = int(trees.feature[i, node])
    below = [expected(trees, i, x, known, child) for child in (left, right)]
    if j in known:
        goes_left = trees.missing_left[i, node] if np.isnan(x[j]) else x[j] <= trees.threshold[i, node]
        return below[0] if goes_left else below[1]
    cover = [float(trees.cover[i, child]) for child in (left, right)]
    return (cover[0] * below[0] + cover[1] * below[1]) / sum(cover)


def subsets(players):
    return [set(chosen) for size in range(len(players) + 1) for chosen in combinations(players, size)]


def brute_force(trees, x):
    """Shapley values and interactions from their definitions, in double precision."""
    trees = jax.tree.map(np.asarray, trees)
    d = len(x)
    value = {frozenset(s): sum(expected(trees, i, x, s) for i in range(len(trees.left))) for s in subsets(range(d))}

    def adds(i, s, d=d):
        return value[frozenset(s | {i})] - value[frozenset(s)]

    phi = np.zeros((d, trees.value.shape[2]))
    pairs = np.zeros((d, d, trees.value.shape[2]))
    for i in range(d):
        for s in subsets(set(range(d)) - {i}):
            phi[i] += factorial(len(s)) * factorial(d - len(s) - 1) / factorial(d) * adds(i, s)
        for j in set(range(d)) - {i}:
            for s in subsets(set(range(d)) - {i, j}):
                weight = factorial(len(s)) * factorial(d - len(s) - 2) / (2 * factorial(d - 1))
                pairs[i, j] += weight * (adds(i, s | {j}) - adds(i, s))
        pairs[i, i] = phi[i] - pairs[i].sum(axis=0)
    return phi, pairs, value[frozenset()]


@pytest.fixture(scope="module")
def boosted():
    return boosting.fit(X, Y, max_iter=3, max_depth=4, max_bins=15, min_child_weight=2.0)


def test_known_trees():
    """Two questions, four leaves: both features are needed for 80, or one of them is enough."""

    def of(outputs):
        value = jnp.array([0.0, 0.0, 0.0, *outputs])[None, :, None]
        own = jnp.arange(7)[None]
        return Trees(
            feature=jnp.array([[0, 1, 1, 0, 0, 0, 0]]),
            threshold=jnp.where(own < 3, 0.5, jnp.inf),
            missing_left=own >= 0,
            left=jnp.where(own < 3, 2 * own + 1, own),
            right=jnp.where(own < 3, 2 * own + 2, own),
            value=value,
            cover=jnp.array([[4.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0]]),
            gain=0.0 * value[..., 0],
            gain_of_feature=jnp.zeros((1, 2)),
        )

    x = jnp.array([[1.0, 1.0], [1.0, 0.0], [0.0, 0.0]])
    both, either = (tree_shap.path_dependent(of(outputs), x) for outputs in ((0, 0, 0, 80), (0, 80, 80, 80)))
    np.testing.assert_allclose(both.phi, [[30, 30], [10, -30], [-10, -10]], atol=1e-4)
    np.testing.assert_allclose(either.phi, [[10, 10], [30, -10], [-30, -30]], atol=1e-4)
    assert (both.base, either.base) == (20, 60)
    corners = jnp.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    against = tree_shap.interventional(of((0, 0, 0, 80)), x, corners)
    np.testing.assert_allclose(against.phi, both.phi, atol=1e-4)


def test_all_coalitions(boosted):
    """Missing values, and paths that ask about one feature several times."""
    found = tree_shap.path_dependent(boosted, ROWS)
    pairs = tree_interactions.path_dependent(boosted, ROWS)
    feature, inner = np.asarray(boosted.trees.feature), ~np.asarray(tree_arrays.is_leaf(boosted.trees))
    parent = np.asarray(tree_paths.paths(boosted.trees).parent)
    repeated = np.take_along_axis(feature, parent, axis=1) == feature
    assert np.isnan(ROWS).any() and (inner & repeated)[:, 1:].any()
    for row, phi, of_pairs in zip(ROWS, found.phi, pairs.phi, strict=True):
        needed, needed_pairs, base = brute_force(boosted.trees, row)
        np.testing.assert_allclose(phi, needed[:, 0], atol=2e-6)
        np.testing.assert_allclose(of_pairs, needed_pairs[..., 0], atol=2e-6)
        np.testing.assert_allclose(found.base, base[0] + boosted.offset[0], atol=2e-6)
    np.testing.assert_allclose(pairs.phi, pairs.phi.swapaxes(1, 2), atol=1e-7)


def test_background(boosted):
    """The general methods know nothing of trees."""
    f = partial(_score, boosted)
    found = tree_shap.interventional(boosted, ROWS, BACKGROUND)
    needed = shapley.exact(f, ROWS, BACKGROUND)
    np.testing.assert_allclose(found.phi, needed.phi, atol=2e-6)
    np.testing.assert_allclose(found.base, needed.base, atol=2e-6)
    pairs = tree_interactions.interventional(boosted, ROWS, BACKGROUND)
    np.testing.assert_allclose(pairs.phi, shapley.interactions(f, ROWS, BACKGROUND), atol=2e-6)


def _score(model, rows):
    return boosting.decision_function(model, rows)[:, 0]


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_imported_models(library):
    model = (
        interop.from_xgboost(models.XGBOOST, n_rounds=2)
        if library == "xgboost"
        else interop.from_lightgbm(models.LIGHTGBM)
    )
    x = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [np.nan, np.nan], [2.0, np.nan]], np.float32)
    found = tree_shap.path_dependent(model, x)
    for row, phi in zip(x, found.phi, strict=True):
        needed, _, base = brute_force(model.trees, row)
        np.testing.assert_allclose(phi, needed[:, 0], atol=1e-5)
        np.testing.assert_allclose(found.base, base[0] + model.offset[0], atol=1e-5)


def test_several_outputs():
    labels = (Y > -0.5).astype(int) + (Y > 0.5)
    scores = boosting.fit(X, labels, loss="softmax", n_classes=3, max_iter=2, max_depth=2, max_bins=15)
    found = tree_shap.path_dependent(scores, ROWS)
    assert found.phi.shape == (9, D, 3)
    for row, phi in zip(ROWS[:3], found.phi, strict=False):
        np.testing.assert_allclose(phi, brute_force(scores.trees, row)[0], atol=2e-6)
    np.testing.assert_allclose(found.phi.sum(axis=1) + found.base, boosting.decision_function(scores, ROWS), atol=2e-6)


def test_forest_of_classes():
    labels = (Y > 0).astype(int)
    shares = forest.fit(
        X, labels, key=jax.random.key(0), criterion="gini", n_estimators=3, max_depth=2, max_bins=15, n_classes=2
    )
    found = tree_shap.interventional(shares, ROWS, BACKGROUND)
    np.testing.assert_allclose(found.phi.sum(axis=1) + found.base, forest.predict_proba(shares, ROWS), atol=1e-6)
    np.testing.assert_allclose(found.phi[..., 0], -found.phi[..., 1], atol=1e-6)
    alone = shapley.exact(partial(forest.predict_proba, shares), ROWS, BACKGROUND)
    np.testing.assert_allclose(found.phi, alone.phi, atol=1e-6)


def test_many_deep_trees_add_up():
    """With NaN, infinity, and a constant of 1e6 in the targets, which has no effect."""
    deep = boosting.fit(X, Y, max_iter=60, max_depth=7, max_bins=15, min_child_weight=0.0, l2_regularization=0.1)
    x = np.concatenate([X, np.full((1, D), np.inf), np.full((1, D), -np.inf)]).astype(np.float32)
    found = tree_shap.path_dependent(deep, x)
    scores = np.asarray(deep.trees.value, float)[np.arange(60), np.asarray(tree_arrays.apply(deep.trees, x)).T, 0]
    np.testing.assert_allclose(
        np.asarray(found.phi, float).sum(axis=1) + found.base, scores.sum(axis=1) + deep.offset, atol=1e-6
    )
    far = deep._replace(trees=deep.trees._replace(value=deep.trees.value + 4096.0))
    moved = tree_shap.path_dependent(far, x)
    np.testing.assert_allclose(moved.phi, found.phi, atol=60 * 4096 * 2.0**-24)
    np.testing.assert_allclose(moved.base, found.base + 60 * 4096.0, rtol=1e-6)
    small = tree_shap.path_dependent(deep._replace(trees=tree_arrays.in_units(deep.trees, 2.0**-100)), x)
    np.testing.assert_allclose(small.phi * 2.0**100, found.phi, atol=1e-6)


def test_blocks_of_samples(boosted):
    """More rows than a block has, and as many pairs."""
    x = np.tile(ROWS, (240, 1))
    found = tree_shap.path_dependent(boosted, x).phi
    np.testing.assert_allclose(found, np.tile(tree_shap.path_dependent(boosted, ROWS).phi, (240, 1)), atol=1e-7)
    many = np.tile(BACKGROUND, (300, 1))
    found = tree_shap.interventional(boosted, ROWS, many)
    needed = tree_shap.interventional(boosted, ROWS, BACKGROUND)
    np.testing.assert_allclose(found.phi, needed.phi, atol=1e-6)
    np.testing.assert_allclose(found.base, needed.base, atol=1e-6)


def test_a_feature_without_questions_has_no_effect():
    model = tree_arrays.stump(1, 0.5, jnp.array([[9.0], [1.0], [3.0]]), n_features=3)
    found = tree_shap.path_dependent(model, jnp.array([[0.0, 0.0, jnp.nan]]))
    assert found.phi.tolist() == [[0.0, -1.0, 0.0]]
    lone = tree.fit(jnp.ones((3, 2)), jnp.full(3, 7.0), max_depth=1)
    found = tree_shap.path_dependent(lone, jnp.ones((2, 2)))
    assert found.phi.tolist() == [[0.0, 0.0]] * 2
    assert found.base == 7.0


def test_an_empty_branch_has_no_share():
    """A node without training samples below it, and one whose samples all went left."""
    stump = tree_arrays.stump(0, 0.5, jnp.array([[0.0], [1.0], [3.0]]))
    x = jnp.array([[0.0], [1.0]])
    one_sided = tree_shap.path_dependent(stump._replace(cover=jnp.array([[2.0, 2.0, 0.0]])), x)
    assert one_sided.phi.tolist() == [[0.0], [2.0]]
    assert one_sided.base == 1.0
    nowhere = tree_shap.path_dependent(stump._replace(cover=jnp.zeros((1, 3))), x)
    assert nowhere.phi.tolist() == [[-1.0], [1.0]]


def test_depth_of_a_compiled_model():
    stump = tree_arrays.stump(0, 0.5, jnp.array([[0.0], [1.0], [3.0]]))
    x = jnp.ones((1, 1))
    with pytest.raises(ValueError, match="max_depth must be at least the depth of the trees; found 0"):
        tree_shap.path_dependent(stump, x, max_depth=0)
    compiled = jax.jit(tree_shap.path_dependent, static_argnames="max_depth")
    assert np.isnan(compiled(stump, x, max_depth=0).phi).all()
    assert compiled(stump, x, max_depth=1).phi.tolist() == compiled(stump, x).phi.tolist() == [[1.0]]


def test_refusals(boosted, unchecked):
    with pytest.raises(ValueError, match="x must have 4 columns"):
        tree_shap.path_dependent(boosted, ROWS[:, :2])
    with pytest.raises(ValueError, match="background must have 4 columns"):
        tree_shap.interventional(boosted, ROWS, BACKGROUND[:, :2])
    with pytest.raises(ValueError, match="background must have at least one sample"):
        tree_interactions.interventional(boosted, ROWS, BACKGROUND[:0])
