import itertools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import expit
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from mfml.generalization import binning, boosting, forest, growth, interop, tree, tree_arrays
from mfml.iteration import Status
from tests.generalization import models

RNG = np.random.default_rng(3)
N = 240
X = RNG.normal(size=(N, 4)).astype(np.float32)
Y = (X[:, 0] + X[:, 1] ** 2 + 0.1 * RNG.normal(size=N)).astype(np.float32)
BOUNDED = (np.sin(2 * X[:, 0]) + np.tanh(2 * X[:, 1]) + 0.1 * RNG.normal(size=N)).astype(np.float32)
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


def test_missing_values_go_where_they_are_better():
    x = np.where(RNG.uniform(size=(N, 4)) < 0.3, np.nan, X).astype(np.float32)
    y = np.where(np.isnan(x[:, 2]), 5.0, x[:, 2] > 0).astype(np.float32)
    ours = tree.fit(jnp.asarray(x), jnp.asarray(y), max_depth=2)
    np.testing.assert_allclose(tree.predict(ours, jnp.asarray(x)), y, atol=1e-5)
    flipped = tree.fit(jnp.asarray(x), jnp.asarray(-y), max_depth=2)
    np.testing.assert_allclose(tree.predict(flipped, jnp.asarray(x)), -y, atol=1e-5)
    exactly = tree.fit(jnp.asarray(x), jnp.asarray(y), max_depth=2, solver="exact")  # missing ones go right
    np.testing.assert_allclose(tree.predict(exactly, jnp.asarray(x)), y, atol=1e-5)


def test_bins_say_the_same_as_edges():
    x = np.concatenate([np.round(X, 1), [[np.nan, np.inf, -np.inf, 0.0]]]).astype(np.float32)
    for max_bins in (5, 255):
        edges = binning.edges(jnp.asarray(x), max_bins=max_bins)
        bins = np.asarray(binning.transform(edges, jnp.asarray(x)))
        assert np.all(np.diff(np.nan_to_num(edges, posinf=1e9), axis=1) >= 0)
        for j in range(4):
            known = ~np.isnan(x[:, j])
            for i in range(max_bins - 1):
                np.testing.assert_array_equal(bins[j][known] <= i, x[known, j] <= float(edges[j, i]))
        assert bins[0, -1] == max_bins
    assert bins.dtype == np.uint8
    assert binning.transform(binning.edges(jnp.asarray(x), max_bins=300), jnp.asarray(x)).dtype == jnp.int32


def test_rare_values_get_edges_though_the_table_is_thinned_out():
    x = np.zeros(50, np.float32)
    x[[7, 8, 30]] = [1.0, 2.0, -np.nan]  # rows that linspace(0, 49, 5) leaves out
    wide = np.arange(50, dtype=np.float32)  # more values than bins: quantiles of the rows kept
    edges = np.asarray(binning.edges(jnp.asarray(np.stack([x, wide], axis=1)), max_bins=4, subsample=5))
    np.testing.assert_array_equal(edges[0], [0.5, 1.5, np.inf])
    assert binning.transform(jnp.asarray(edges), jnp.asarray(np.stack([x, wide], axis=1)))[0, 30] == 4
    assert np.isfinite(edges[1]).all()


def test_edges_of_signed_values_are_those_of_numpys_sort():
    x = RNG.normal(size=40).astype(np.float32)
    x[:4] = [np.inf, -np.inf, -0.0, 0.0]
    distinct = np.unique(x).astype(np.float64)
    edges = np.asarray(binning.edges(jnp.asarray(x)[:, None], max_bins=64))[0, :38]
    assert np.all((distinct[:-1] <= edges) & (edges < distinct[1:]))


def test_edges_move_with_the_values():
    slope = jax.jacobian(lambda x: binning.edges(x, max_bins=3)[0])(jnp.array([[5.0], [1.0], [2.0]]))
    np.testing.assert_allclose(slope[..., 0], [[0.0, 0.5, 0.5], [0.5, 0.0, 0.5]])


def test_quantile_bins_hold_about_as_many_samples_each():
    x = RNG.exponential(size=(3000, 1)).astype(np.float32)
    bins = binning.transform(binning.edges(jnp.asarray(x), max_bins=10), jnp.asarray(x))
    assert np.ptp(np.bincount(np.asarray(bins)[0])) <= 2
    thinned = binning.transform(binning.edges(jnp.asarray(x), max_bins=10, subsample=600), jnp.asarray(x))
    # an edge from 600 samples leaves a bin's share of 0.1 uncertain by sqrt(0.1 * 0.9 / 600)
    off = np.bincount(np.asarray(thinned)[0]) - 300
    assert np.abs(off).max() < 4 * 3000 * np.sqrt(0.09 / 600)


def test_histogram_equals_bincount():
    bins, node = RNG.integers(0, 9, (3, 500)), RNG.integers(0, 4, 500)
    statistics = RNG.normal(size=(3, 500)).astype(np.float32)
    found = growth.histogram(
        jnp.asarray(bins, jnp.uint8), jnp.asarray(node), jnp.asarray(statistics), n_nodes=4, n_bins=9
    )
    for c in range(3):
        for j in range(3):
            needed = np.bincount(node * 9 + bins[j], statistics[c], 36).reshape(4, 9)
            np.testing.assert_allclose(found[c, j], needed, atol=1e-4)


def test_subtraction_grows_the_same_tree():
    bins = jnp.asarray(RNG.integers(0, 20, (4, 501)), jnp.uint8)
    y = RNG.integers(-8, 9, 501) + np.asarray(bins[1], float)
    statistics = jnp.asarray(np.stack([y, np.ones(501)]), jnp.float32)  # whole numbers: sums are exact
    none = jnp.array(0.0)
    both = [
        growth.grow(bins, statistics, growth.Limits(none, none, none), n_bins=21, max_depth=5, subtract=subtract)
        for subtract in (True, False)
    ]
    chex.assert_trees_all_equal(*both)
    assert sum(int(split.made.sum()) for split in both[0].splits) > 20


def test_walk_equals_a_loop():
    ours = tree.fit(jnp.asarray(X), jnp.asarray(Y), max_depth=DEPTH)
    one = jax.tree.map(lambda leaf: np.asarray(leaf[0]), ours)
    for row, found in zip(X[:40], np.asarray(tree_arrays.apply(ours, jnp.asarray(X[:40]))[0]), strict=True):
        node = 0
        while one.left[node] != node:
            node = one.left[node] if row[one.feature[node]] <= one.threshold[node] else one.right[node]
        assert node == found


@pytest.fixture(scope="module")
def grown():
    return forest.fit(
        jnp.asarray(X), jnp.asarray(BOUNDED), key=jax.random.key(0), n_estimators=60, max_depth=6, max_features=2
    )


def test_out_of_bag_error_tracks_the_test_error(grown):
    new = RNG.normal(size=(2000, 4)).astype(np.float32)
    truth = np.sin(2 * new[:, 0]) + np.tanh(2 * new[:, 1]) + 0.1 * RNG.normal(size=2000)
    test_error = np.mean((np.asarray(forest.predict(grown, jnp.asarray(new))) - truth) ** 2)
    out_of_bag = np.mean((np.asarray(grown.oob_prediction[:, 0]) - BOUNDED) ** 2)
    train_error = np.mean((np.asarray(forest.predict(grown, jnp.asarray(X))) - BOUNDED) ** 2)
    assert 0.75 * test_error < out_of_bag < 1.33 * test_error
    assert train_error < 0.6 * out_of_bag


def test_out_of_bag_prediction_is_that_of_the_trees_that_did_not_see_it(grown):
    keys = jax.random.split(jax.random.key(0), 60)
    counts = np.stack([forest.bootstrap_counts(N, key=jax.random.split(key)[0]) for key in keys])
    unseen = counts == 0
    np.testing.assert_array_equal(grown.oob_count, unseen.sum(axis=0))
    each = np.asarray(tree_arrays.outputs(grown.trees, jnp.asarray(X)))[:, :, 0]
    np.testing.assert_allclose(grown.oob_prediction[:, 0], (each * unseen).sum(0) / unseen.sum(0), atol=1e-4)
    assert unseen.mean() == pytest.approx(np.exp(-1), abs=0.02)


def test_forest_is_the_mean_of_its_trees_and_finds_what_matters(grown):
    each = np.asarray(tree_arrays.outputs(grown.trees, jnp.asarray(X)))[:, :, 0]
    np.testing.assert_allclose(forest.predict(grown, jnp.asarray(X)), each.mean(axis=0), atol=1e-5)
    share = np.asarray(forest.importance(grown))
    assert share.sum() == pytest.approx(1, abs=1e-5)
    assert share[:2].min() > 2 * share[2:].max()


def test_without_chance_all_trees_are_the_same():
    ours = forest.fit(
        jnp.asarray(X),
        jnp.asarray(Y),
        key=jax.random.key(0),
        n_estimators=2,
        max_depth=3,
        bootstrap=False,
        max_bins=255,
    )
    one = tree.fit(jnp.asarray(X), jnp.asarray(Y), max_depth=3)
    chex.assert_trees_all_close(jax.tree.map(lambda leaf: leaf[1:], ours.trees), one, rtol=1e-5)
    assert np.isnan(np.asarray(ours.oob_prediction)).all()
    assert not ours.oob_count.any()


def test_classifying_forest_is_as_good_as_scikit_learns():
    new = RNG.normal(size=(1000, 4)).astype(np.float32)
    value = new[:, 0] + new[:, 1] ** 2
    truth = (value > 0.5).astype(int) + (value > 1.5)
    options = {"criterion": "gini", "n_estimators": 60, "max_depth": 6, "max_features": 2}
    ours = forest.fit(jnp.asarray(X), jnp.asarray(LABEL), key=jax.random.key(1), n_classes=3, **options)
    chance = np.asarray(forest.predict_proba(ours, jnp.asarray(new)))
    np.testing.assert_allclose(chance.sum(axis=1), 1, atol=1e-5)
    theirs = RandomForestClassifier(**options, random_state=0).fit(X, LABEL).score(new, truth)
    np.testing.assert_array_equal(forest.predict(ours, jnp.asarray(new)), chance.argmax(axis=1))
    assert forest.score(ours, jnp.asarray(new), jnp.asarray(truth)) > theirs - 0.03


def test_random_features_are_drawn_evenly():
    mask = np.asarray(forest.random_features(9, key=jax.random.key(2), d=6, n_chosen=2))
    assert (mask.sum(axis=1) == 2).all()
    np.testing.assert_allclose(mask.mean(axis=0), 1 / 3, atol=0.09)


QUESTIONS = jnp.array(
    [[0.9, 5.0], [1.0, 0.2], [1.0, 0.25], [jnp.nan, jnp.nan], [2.0, -0.5], [2.0, -0.6], [2.0, 0.25], [2.0, jnp.nan]]
)


def test_xgboost_by_hand():
    model = interop.from_xgboost(models.XGBOOST)
    needed = 0.5 + 0.125 + np.array([-1.0, 2, 3, 2, 2, 2, 3, 2])  # neither 1 < 1 nor 0.25 < 0.25
    np.testing.assert_allclose(boosting.predict(model, QUESTIONS), needed)
    assert model.n_rounds == 2
    assert model.n_iter == 3
    assert model.status == Status.STOPPED_EARLY
    assert model.classes.shape == (0,)
    all_rounds = interop.from_xgboost(models.XGBOOST, n_rounds=3)
    np.testing.assert_allclose(boosting.predict(all_rounds, QUESTIONS), needed + 100)
    np.testing.assert_allclose(tree_arrays.importance(model.trees), [7 / 9, 2 / 9], rtol=1e-6)


def test_lightgbm_by_hand():
    model = interop.from_lightgbm(models.LIGHTGBM)
    first = np.array([-1.0, -1, -1, -1, 2, 2, 2, 2])  # 1 <= 1 and 0.25 <= 0.25; a missing x0 goes left
    second = np.array([20.0, 20, 20, 20, 10, 10, 20, 20])  # a missing x1 counts as 0
    log_odds = 2 * (first + second + 0.5)
    np.testing.assert_allclose(boosting.decision_function(model, QUESTIONS)[:, 0], log_odds)
    np.testing.assert_allclose(boosting.predict_proba(model, QUESTIONS)[:, 1], expit(log_odds), rtol=1e-6)
    assert boosting.predict(model, QUESTIONS).tolist() == [1] * 8
    shifted = model._replace(offset=jnp.array([-30.0]))
    assert boosting.predict(shifted, QUESTIONS).tolist() == [1, 1, 1, 1, 0, 0, 1, 1]


def changed(model, path, value):
    """A copy of nested dictionaries with one entry replaced."""
    if not path:
        return value
    head, *rest = path
    if isinstance(model, list):
        return [changed(one, rest, value) if i == head else one for i, one in enumerate(model)]
    return {**model, head: changed(model.get(head), rest, value)}


BOOSTER = ["learner", "gradient_booster"]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["learner", "objective", "name"], "count:poisson", "objective"),
        ([*BOOSTER, "name"], "gblinear", "booster"),
        ([*BOOSTER, "model", "trees", 0, "categories_nodes"], [0], "categorical"),
        ([*BOOSTER, "model", "trees", 0, "tree_param"], {"size_leaf_vector": "2"}, "several outputs"),
        ([*BOOSTER, "model", "trees"], [], "no trees"),
    ],
)
def test_xgboost_models_that_cannot_be_read(path, value, message):
    with pytest.raises(ValueError, match=message):
        interop.from_xgboost(changed(models.XGBOOST, path, value))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["objective"], "poisson", "objective"),
        (["objective"], "regression sqrt", "square root"),
        (["tree_info", 0, "tree_structure", "decision_type"], "==", "decision_type"),
        (["tree_info", 0, "tree_structure", "missing_type"], "Zero", "missing_type"),
        (["tree_info"], [], "no trees"),
    ],
)
def test_lightgbm_models_that_cannot_be_read(path, value, message):
    with pytest.raises(ValueError, match=message):
        interop.from_lightgbm(changed(models.LIGHTGBM, path, value))


def test_rounds_out_of_range():
    with pytest.raises(ValueError, match="n_rounds must be between 1 and 3; found 4"):
        interop.from_xgboost(models.XGBOOST, n_rounds=4)


def test_errors(unchecked, key):
    x, y = jnp.ones((3, 2)), jnp.ones(3)
    for arguments, message in [
        ({"x": x, "y": jnp.ones(4)}, "same length"),
        ({"x": x[0], "y": y}, "x must have 2 axes"),
        ({"x": x[:0], "y": y[:0]}, "empty"),
        ({"x": x, "y": y, "criterion": "friedman"}, "criterion must be one of"),
        ({"x": x, "y": y, "solver": "best"}, "solver must be one of"),
        ({"x": x, "y": y, "max_depth": 0}, "max_depth must be between"),
        ({"x": x, "y": y, "criterion": "gini", "n_classes": 1}, "n_classes must be at least 2"),
        ({"x": x, "y": -y, "criterion": "gini"}, "labels must be 0, 1, ..."),
        ({"x": x, "y": 2 * y, "criterion": "gini", "n_classes": 2}, "labels must be below n_classes = 2"),
        ({"x": x, "y": y, "max_bins": 1}, "max_bins must be between"),
    ]:
        with pytest.raises(ValueError, match=message):
            tree.fit(**arguments)
    for options, message in [({"max_features": 3}, "max_features"), ({"n_estimators": 0}, "n_estimators")]:
        with pytest.raises(ValueError, match=message):
            forest.fit(x, y, key=key, **options)
    with pytest.raises(ValueError, match="2 features"):
        binning.transform(jnp.ones((2, 4)), jnp.ones((3, 3)))
    with pytest.raises(ValueError, match="3 rows"):
        tree_arrays.stump(0, 0.0, jnp.ones((2, 1)))
