import itertools
from functools import partial

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from mfml.generalization import tree, tree_arrays

RNG = np.random.default_rng(3)
N = 240
X = RNG.normal(size=(N, 4)).astype(np.float32)
Y = (X[:, 0] + X[:, 1] ** 2 + 0.1 * RNG.normal(size=N)).astype(np.float32)
LABEL = (Y > 0.5).astype(int) + (Y > 1.5)
DEPTH = 4


@pytest.fixture(params=tree.SOLVERS)
def solver(request):
    return request.param


def test_regression_equals_scikit_learn(solver):
    ours = tree.fit(jnp.asarray(X), jnp.asarray(Y), max_depth=DEPTH, solver=solver)
    theirs = DecisionTreeRegressor(max_depth=DEPTH).fit(X, Y)
    np.testing.assert_allclose(tree.predict(ours, jnp.asarray(X)), theirs.predict(X), rtol=1e-5, atol=1e-6)
    assert tree_arrays.n_leaves(ours)[0] == theirs.get_n_leaves()
    assert tree_arrays.depth(ours)[0] == theirs.get_depth()


@pytest.mark.parametrize("criterion", ["gini", "entropy"])
def test_classification_equals_scikit_learn(solver, criterion):
    options = {"criterion": criterion, "max_depth": DEPTH}
    ours = tree.fit(jnp.asarray(X), jnp.asarray(LABEL), solver=solver, n_classes=3, **options)
    theirs = DecisionTreeClassifier(**options, random_state=0).fit(X, LABEL)
    np.testing.assert_allclose(tree.predict_proba(ours, jnp.asarray(X)), theirs.predict_proba(X), atol=1e-6)
    np.testing.assert_array_equal(tree.predict(ours, jnp.asarray(X)), theirs.predict(X))


def brute_force_split(x, y, w):
    """Feature, threshold and gain of the best split, by trying all."""
    best = (-np.inf, 0, 0.0)
    for j in range(x.shape[1]):
        values = np.unique(x[:, j])
        for low, high in itertools.pairwise(values):
            left = x[:, j] <= low
            parts = [np.sum(w[s]) * np.average(y[s], weights=w[s]) ** 2 for s in (left, ~left)]
            gain = sum(parts) - np.sum(w) * np.average(y, weights=w) ** 2
            if gain > best[0] + 1e-9:
                best = (gain, j, (low + high) / 2)
    return best


def test_root_is_the_best_of_all_splits(solver):
    weights = RNG.uniform(0.5, 2, N)
    gain, feature, threshold = brute_force_split(X.astype(float), Y.astype(float), weights)
    ours = tree.fit(
        jnp.asarray(X), jnp.asarray(Y), weights=jnp.asarray(weights, jnp.float32), max_depth=1, solver=solver
    )
    assert ours.feature[0, 0] == feature
    assert float(ours.threshold[0, 0]) == pytest.approx(threshold, rel=1e-5)
    assert float(ours.gain[0, 0]) == pytest.approx(gain, rel=1e-4)


def test_weights_count_like_repeated_samples(solver):
    count = RNG.integers(0, 3, N)
    repeated = np.repeat(np.arange(N), count)
    by_weight = tree.fit(
        jnp.asarray(X), jnp.asarray(Y), weights=jnp.asarray(count, jnp.float32), max_depth=3, solver=solver
    )
    theirs = DecisionTreeRegressor(max_depth=3).fit(X[repeated], Y[repeated])
    seen = X[repeated]
    np.testing.assert_allclose(tree.predict(by_weight, jnp.asarray(seen)), theirs.predict(seen), atol=1e-5)


def test_order_of_samples_and_monotone_features_do_not_matter():
    ours = tree.predict(tree.fit(jnp.asarray(X), jnp.asarray(Y), max_depth=DEPTH), jnp.asarray(X))
    order = RNG.permutation(N)
    warped = np.exp(X) ** 3
    again = tree.fit(jnp.asarray(warped[order]), jnp.asarray(Y[order]), max_depth=DEPTH)
    np.testing.assert_allclose(tree.predict(again, jnp.asarray(warped)), ours, atol=1e-5)


def test_a_node_is_the_mean_of_its_samples():
    ours = tree.fit(jnp.asarray(X), jnp.asarray(Y), max_depth=DEPTH)
    leaf = np.asarray(tree_arrays.apply(ours, jnp.asarray(X))[0])
    for node in np.unique(leaf):
        assert float(ours.value[0, node, 0]) == pytest.approx(Y[leaf == node].mean(), abs=1e-5)
        assert float(ours.cover[0, node]) == (leaf == node).sum()
    assert float(ours.value[0, 0, 0]) == pytest.approx(Y.mean(), abs=1e-5)
    assert float(ours.cover[0, 0]) == N


def test_min_samples_leaf_and_importance(solver):
    ours = tree.fit(jnp.asarray(X), jnp.asarray(Y), max_depth=DEPTH, min_samples_leaf=20.0, solver=solver)
    leaf = np.asarray(tree_arrays.apply(ours, jnp.asarray(X))[0])
    assert min(np.bincount(leaf)[np.unique(leaf)]) >= 20
    theirs = DecisionTreeRegressor(max_depth=DEPTH, min_samples_leaf=20).fit(X, Y)
    assert tree_arrays.n_leaves(ours)[0] == theirs.get_n_leaves()
    # leaves are too large here for two features to split alike, which would leave the choice to chance
    np.testing.assert_allclose(tree_arrays.importance(ours), theirs.feature_importances_, atol=1e-5)


@pytest.mark.parametrize("y", [np.full(N, 7.0), np.full(N, 1e6)], ids=["seven", "million"])
def test_constant_target_is_one_leaf(solver, y):
    ours = tree.fit(jnp.asarray(X), jnp.asarray(y, jnp.float32), max_depth=DEPTH, solver=solver)
    assert tree_arrays.n_leaves(ours)[0] == 1
    assert tree_arrays.depth(ours)[0] == 0
    np.testing.assert_allclose(tree.predict(ours, jnp.asarray(X[:3])), y[:3])
    assert np.all(np.asarray(tree_arrays.importance(ours)) == 0)


def test_far_away_targets_keep_their_digits():
    ours = tree.fit(jnp.asarray(X), jnp.asarray(Y + 3000), max_depth=DEPTH)
    theirs = DecisionTreeRegressor(max_depth=DEPTH).fit(X, (Y + np.float32(3000)).astype(np.float32))
    np.testing.assert_allclose(tree.predict(ours, jnp.asarray(X)), theirs.predict(X), rtol=1e-6)


def test_one_sample_and_ties(solver):
    one = tree.fit(jnp.ones((1, 2)), jnp.array([3.0]), max_depth=2, solver=solver)
    assert tree.predict(one, jnp.zeros((1, 2))).tolist() == [3.0]
    x = jnp.array([[1.0, 1.0], [1.0, 1.0], [2.0, 2.0], [2.0, 2.0]])
    tied = tree.fit(x, jnp.array([0.0, 2.0, 4.0, 6.0]), max_depth=2, solver=solver)
    assert tied.feature[0, 0] == 0
    assert tied.threshold[0, 0] == 1.5
    assert tree.predict(tied, x).tolist() == [1.0, 1.0, 5.0, 5.0]


def test_neighboring_floats_are_told_apart(solver):
    low = np.float32(1.0)
    x = jnp.array([[low], [np.nextafter(low, np.float32(2))]])
    ours = tree.fit(x, jnp.array([0.0, 1.0]), max_depth=1, solver=solver)
    assert tree.predict(ours, x).tolist() == [0.0, 1.0]


def test_missing_values_of_many_rows_count_outside_compiled_code():
    x = np.random.default_rng(0).normal(size=(10_000, 2)).astype(np.float32)
    x[np.arange(0, 10_000, 3), 0] = np.nan
    y = jnp.where(jnp.isnan(x[:, 0]), 5.0, 0.0)
    fit = partial(tree.fit, max_depth=2)
    for each in (fit, jax.jit(fit)):
        np.testing.assert_allclose(tree.predict(each(x, y), x), y, atol=1e-3)


def test_missing_values_go_where_they_are_better():
    x = np.where(RNG.uniform(size=(N, 4)) < 0.3, np.nan, X).astype(np.float32)
    y = np.where(np.isnan(x[:, 2]), 5.0, x[:, 2] > 0).astype(np.float32)
    ours = tree.fit(jnp.asarray(x), jnp.asarray(y), max_depth=2)
    np.testing.assert_allclose(tree.predict(ours, jnp.asarray(x)), y, atol=1e-5)
    flipped = tree.fit(jnp.asarray(x), jnp.asarray(-y), max_depth=2)
    np.testing.assert_allclose(tree.predict(flipped, jnp.asarray(x)), -y, atol=1e-5)
    exactly = tree.fit(jnp.asarray(x), jnp.asarray(y), max_depth=2, solver="exact")  # missing ones go right
    np.testing.assert_allclose(tree.predict(exactly, jnp.asarray(x)), y, atol=1e-5)


def test_walk_equals_a_loop():
    ours = tree.fit(jnp.asarray(X), jnp.asarray(Y), max_depth=DEPTH)
    one = jax.tree.map(lambda leaf: np.asarray(leaf[0]), ours)
    for row, found in zip(X[:40], np.asarray(tree_arrays.apply(ours, jnp.asarray(X[:40]))[0]), strict=True):
        node = 0
        while one.left[node] != node:
            node = one.left[node] if row[one.feature[node]] <= one.threshold[node] else one.right[node]
        assert node == found


def test_scores_are_those_of_scikit_learn():
    weights = RNG.uniform(0.5, 2, N).astype(np.float32)
    x, w = jnp.asarray(X), jnp.asarray(weights)
    numbers = tree.fit(x, jnp.asarray(Y), max_depth=2)
    needed = DecisionTreeRegressor(max_depth=2).fit(X, Y).score(X, Y, weights)
    assert float(tree.score(numbers, x, jnp.asarray(Y), weights=w)) == pytest.approx(needed, abs=1e-5)
    labels = tree.fit(x, jnp.asarray(LABEL), criterion="gini", max_depth=2)
    needed = DecisionTreeClassifier(max_depth=2).fit(X, LABEL).score(X, LABEL, weights)
    assert float(tree.score(labels, x, jnp.asarray(LABEL), weights=w)) == pytest.approx(needed, abs=1e-5)


def test_classes_are_counted_and_one_class_has_two_columns():
    x = jnp.asarray(X)
    counted = tree.fit(x, jnp.asarray(LABEL), criterion="entropy", max_depth=2)
    chex.assert_trees_all_equal(counted, tree.fit(x, jnp.asarray(LABEL), criterion="entropy", max_depth=2, n_classes=3))
    alone = tree.fit(x, jnp.zeros(N), criterion="gini", max_depth=1)
    assert tree.predict_proba(alone, x[:1]).tolist() == [[1.0, 0.0]]
    assert tree.predict(alone, x[:1]).tolist() == [0]
    with pytest.raises(ValueError, match="give n_classes within jit"):
        jax.jit(lambda y: tree.fit(x, y, criterion="gini"))(jnp.asarray(LABEL))


def test_numbers_have_no_probabilities():
    x = jnp.asarray(X)
    with pytest.raises(ValueError, match="predicts numbers, not classes: fit it with criterion='gini'"):
        tree.predict_proba(tree.fit(x, jnp.asarray(Y), max_depth=1), x)


@pytest.mark.parametrize("width", [1, 3, 5])
def test_data_of_another_width_are_refused(width):
    model = tree.fit(jnp.asarray(X), jnp.asarray(Y), max_depth=1)
    for predict in (tree.predict, tree_arrays.apply):
        with pytest.raises(ValueError, match=rf"x must have 4 columns, .* found shape \(2, {width}\)"):
            predict(model, jnp.ones((2, width)))


def test_errors(unchecked):
    x, y = jnp.ones((3, 2)), jnp.ones(3)
    for arguments, message in [
        ({"x": x, "y": jnp.ones(4)}, "same length"),
        ({"x": x[0], "y": y}, "x must have 2 axes"),
        ({"x": x[:0], "y": y[:0]}, "y must have at least one entry"),
        ({"x": x, "y": y, "criterion": "friedman"}, "criterion must be one of"),
        ({"x": x, "y": y, "solver": "best"}, "solver must be one of"),
        ({"x": x, "y": y, "max_depth": 0}, "max_depth must be between"),
        ({"x": x, "y": y, "criterion": "gini", "n_classes": 1}, "n_classes must be at least 2"),
        ({"x": x, "y": -y, "criterion": "gini"}, "labels must be the integers 0, 1, ..."),
        ({"x": x, "y": 2 * y, "criterion": "gini", "n_classes": 2}, "labels must be below n_classes = 2"),
        ({"x": x, "y": y, "max_bins": 1}, "max_bins must be between"),
    ]:
        with pytest.raises(ValueError, match=message):
            tree.fit(**arguments)
    with pytest.raises(ValueError, match="3 rows"):
        tree_arrays.stump(0, 0.0, jnp.ones((2, 1)))
