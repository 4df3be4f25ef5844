import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import expit

from mfml.generalization import boosting, imported_trees, interop, tree_arrays
from mfml.iteration import Status
from tests.generalization import models

QUESTIONS = jnp.array(
    [[0.9, 5.0], [1.0, 0.2], [1.0, 0.25], [jnp.nan, jnp.nan], [2.0, -0.5], [2.0, -0.6], [2.0, 0.25], [2.0, jnp.nan]]
)
TINY = float(np.finfo(np.float32).tiny)


def test_xgboost_by_hand():
    model = interop.from_xgboost(models.XGBOOST, n_rounds=2)
    needed = 0.5 + 0.125 + np.array([-1.0, 2, 3, 2, 2, 2, 3, 2])  # neither 1 < 1 nor 0.25 < 0.25
    np.testing.assert_allclose(boosting.predict(model, QUESTIONS), needed)
    assert model.n_rounds == 2
    assert model.n_iter == 3
    assert model.status == Status.STOPPED_EARLY
    assert model.classes.shape == (0,)
    all_rounds = interop.from_xgboost(models.XGBOOST, n_rounds=3)
    np.testing.assert_allclose(boosting.predict(all_rounds, QUESTIONS), needed + 100)
    assert all_rounds.status == Status.FINISHED
    np.testing.assert_allclose(tree_arrays.importance(model.trees), [7 / 9, 2 / 9], rtol=1e-6)
    np.testing.assert_allclose(model.trees.value[0, :, 0], [0.3, -1, 2.25, 2, 3])  # means of the leaves, by cover


def test_lightgbm_by_hand():
    model = interop.from_lightgbm(models.LIGHTGBM)
    first = np.array([-1.0, -1, -1, -1, 2, 2, 2, 2])  # 1 <= 1 and 0.25 <= 0.25; a missing x0 goes left
    second = np.array([20.0, 20, 20, 20, 10, 10, 20, 20])  # a missing x1 counts as 0
    log_odds = 2 * (first + second + 0.5)
    np.testing.assert_allclose(boosting.decision_function(model, QUESTIONS)[:, 0], log_odds)
    np.testing.assert_allclose(boosting.predict_proba(model, QUESTIONS)[:, 1], expit(log_odds), rtol=1e-6)
    assert boosting.predict(model, QUESTIONS).tolist() == [1] * 8
    shifted = model._replace(offset=model.offset - 30.0 - 2 * 0.5)
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
TREES = [*BOOSTER, "model", "trees"]
SETTINGS = ["learner", "learner_model_param"]
OBJECTIVE = ["learner", "objective", "name"]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (OBJECTIVE, "count:poisson", "objective must be .*; found 'count:poisson'"),
        (OBJECTIVE, "binary:hinge", "objective must be .*; found 'binary:hinge'"),
        (OBJECTIVE, "multi:softprob", "num_class = 0 with objective 'multi:softprob'"),
        ([*SETTINGS, "num_class"], "3", "num_class = 3 with objective 'reg:squarederror'"),
        ([*SETTINGS, "num_target"], "2", "several targets"),
        ([*BOOSTER, "name"], "gblinear", "booster must be .*; found 'gblinear'"),
        ([*TREES, 0, "categories_nodes"], [0], "categorical"),
        ([*TREES, 0, "split_type"], [1, 0, 0, 0, 0], "categorical"),
        ([*TREES, 0, "tree_param"], {"size_leaf_vector": "2"}, "several outputs"),
        ([*TREES, 0, "left_children"], [1, -1, 0, -1, -1], "children of node [02] do not belong to a tree"),
        ([*TREES, 0, "left_children"], [1, -1, 7, -1, -1], "children of node [02] do not belong to a tree"),
        ([*BOOSTER, "model", "gbtree_model_param"], {"num_parallel_tree": "2"}, "3 trees are no whole rounds of 2"),
        (TREES, [], "no trees"),
        ([], models.LIGHTGBM, "save_model"),
    ],
)
def test_xgboost_models_that_cannot_be_read(path, value, message):
    with pytest.raises(ValueError, match=message):
        interop.from_xgboost(changed(models.XGBOOST, path, value), n_rounds=1)


ROOT = ["tree_info", 0, "tree_structure"]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["objective"], "poisson", "objective must be .*; found 'poisson'"),
        (["objective"], "multiclassova num_class:3 sigmoid:1", "objective must be .*; found 'multiclassova'"),
        (["objective"], None, "objective must be .*; found 'custom'"),
        (["objective"], "regression sqrt", "square root"),
        (["objective"], "regression cubed:1", "option of the objective 'regression' must be .*; found 'cubed'"),
        (["objective"], "multiclass num_class:1", "1 trees a round with objective 'multiclass'"),
        (["num_tree_per_iteration"], 3, "3 trees a round with objective 'binary'"),
        ([*ROOT, "decision_type"], "==", "categorical"),
        ([*ROOT, "decision_type"], "<", "decision_type must be .*; found '<'"),
        ([*ROOT, "missing_type"], "Zero", "zero_as_missing"),
        ([*ROOT, "missing_type"], "Max", "missing_type must be .*; found 'Max'"),
        ([*ROOT, "left_child", "leaf_coeff"], [], "linear_tree"),
        (["tree_info"], [], "no trees"),
        ([], models.XGBOOST, "dump_model"),
    ],
)
def test_lightgbm_models_that_cannot_be_read(path, value, message):
    with pytest.raises(ValueError, match=message):
        interop.from_lightgbm(changed(models.LIGHTGBM, path, value))


def test_rounds_out_of_range():
    with pytest.raises(ValueError, match="n_rounds must be between 1 and 3; found 4"):
        interop.from_xgboost(models.XGBOOST, n_rounds=4)
    with pytest.raises(ValueError, match="n_rounds must be between 1 and 3; found 0"):
        interop.from_lightgbm(models.LIGHTGBM, n_rounds=0)


def test_rounds_after_the_best_one_need_a_word():
    """The file of a booster that was trained further looks like that of one that was stopped early."""
    message = "marked round 2 of 3 .* n_rounds=2 for what XGBRegressor .* n_rounds=3 for what Booster.predict"
    with pytest.raises(ValueError, match=message):
        interop.from_xgboost(models.XGBOOST)
    last = changed(models.XGBOOST, ["learner", "attributes", "best_iteration"], "2")
    assert interop.from_xgboost(last).n_rounds == 3
    assert interop.from_xgboost(changed(models.XGBOOST, ["learner", "attributes"], {})).n_rounds == 3


def leaf(value):
    tree = {"left_children": [-1], "right_children": [-1], "split_indices": [0], "split_conditions": [value]}
    return tree | {"default_left": [0], "sum_hessian": [1.0], "loss_changes": [0.0]}


@pytest.mark.parametrize("layout", [{"iteration_indptr": [0, 4, 8]}, {}], ids=["new", "old"])
def test_rounds_of_several_trees(layout):
    """XGBoost puts the trees of one class side by side, and the best iteration counts rounds."""
    content = {"trees": [leaf(2.0**i) for i in range(8)], "tree_info": [0, 0, 1, 1, 0, 0, 1, 1]}
    content |= layout | {"gbtree_model_param": {"num_parallel_tree": "2"}}
    model = changed(models.XGBOOST, [*BOOSTER, "model"], content)
    model = changed(changed(model, OBJECTIVE, "multi:softprob"), [*SETTINGS, "num_class"], "2")
    model = changed(model, [*SETTINGS, "base_score"], "[1E0,2E0]")
    read = interop.from_xgboost(model)
    assert (read.n_rounds, read.n_iter) == (2, 2)
    np.testing.assert_array_equal(boosting.decision_function(read, QUESTIONS[:1]), [[1 + 1 + 2 + 16 + 32, 206.0]])
    trees = np.asarray(read.trees.value[:, 0])
    assert all(trees[i, 1 - i % 2] == 0 for i in range(8))  # tree i adds to output i % 2 only
    first = interop.from_xgboost(model, n_rounds=1)
    np.testing.assert_array_equal(boosting.decision_function(first, QUESTIONS[:1]), [[4.0, 14.0]])


def test_dropped_trees_keep_their_weights():
    dart = {"name": "dart", "gbtree": models.XGBOOST["learner"]["gradient_booster"], "weight_drop": [0.5, 2.0, 1.0]}
    model = interop.from_xgboost(changed(models.XGBOOST, BOOSTER, dart), n_rounds=2)
    needed = 0.5 + 2 * 0.125 + 0.5 * np.array([-1.0, 2, 3, 2, 2, 2, 3, 2])
    np.testing.assert_allclose(boosting.predict(model, QUESTIONS), needed)


@pytest.mark.parametrize(
    ("objective", "base", "margin"),
    [
        ("binary:logistic", "[0E0]", -13.815510),
        ("binary:logistic", "1E-12", -13.815510),
        ("reg:logistic", "[1E0]", 13.745160),  # single precision cannot tell it from log(1e6 - 1) = 13.8155
        ("binary:logistic", "[9.999E-1]", 9.210175),
        ("binary:logistic", "5E-1", 0.0),
        ("binary:logitraw", "[0E0]", 0.0),
        ("binary:logitraw", "[1E0]", 1.0),
        ("binary:logitraw", "[-3E0]", -3.0),
    ],
)
def test_where_logistic_models_of_xgboost_start(objective, base, margin):
    """One class alone has a base score of 0 or 1. The numbers are those of XGBoost 3.2."""
    model = changed(changed(models.XGBOOST, OBJECTIVE, objective), [*SETTINGS, "base_score"], base)
    np.testing.assert_allclose(interop.from_xgboost(model, n_rounds=1).offset, [margin], rtol=1e-6)


def test_base_scores_of_old_files():
    """XGBoost kept them as they are before 3.2."""
    old = changed(models.XGBOOST, ["version"], [3, 1, 3])
    old = changed(old, OBJECTIVE, "binary:logistic")
    assert interop.from_xgboost(old, n_rounds=1).offset == 0
    for base in ("1E-7", "9.999999E-1"):
        with pytest.raises(ValueError, match=r"before 3\.2 and since then read base_score"):
            interop.from_xgboost(changed(old, [*SETTINGS, "base_score"], base), n_rounds=1)


@pytest.mark.parametrize("objective", sorted(interop.XGBOOST_LINKS))
def test_links_of_xgboost(objective):
    link = interop.XGBOOST_LINKS[objective]
    model = changed(models.XGBOOST, OBJECTIVE, objective)
    model = changed(model, [*SETTINGS, "num_class"], "3" if link == "softmax" else "1")
    model = changed(model, [*BOOSTER, "model", "tree_info"], [0, 1, 2] if link == "softmax" else [0, 0, 0])
    read = interop.from_xgboost(model, n_rounds=1)
    assert read.classes.tolist() == {"identity": [], "logit": [0, 1], "softmax": [0, 1, 2]}[link]


def one_split(condition):
    """XGBoost's tree for x < condition: -1, else 1."""
    tree = {"left_children": [1, -1, -1], "right_children": [2, -1, -1], "split_indices": [0, 0, 0]}
    tree |= {"split_conditions": [condition, -1.0, 1.0], "default_left": [0, 0, 0]}
    return imported_trees.xgboost_tree(tree | {"sum_hessian": [2.0, 1.0, 1.0], "loss_changes": [1.0, 0.0, 0.0]})


@pytest.mark.parametrize("condition", [0.0, 1e-40, -1e-40, TINY, -TINY, 0.1, -0.1, 1e30, -1e30])
def test_no_decision_of_xgboost_changes(condition):
    """Counts and flags are often split at 0, below which XLA knows no subnormal number."""
    condition = np.float32(condition)
    trees = imported_trees.stack([one_split(condition)], output=[0], n_outputs=1, n_features=1)
    near = np.nextafter(condition, np.float32([-np.inf, np.inf]))
    x = np.unique(np.float32([0.0, condition, *near, *-near, TINY, -TINY, 1.0, -1.0]))
    x = x[(x == 0) | (np.abs(x) >= TINY)]
    answers = tree_arrays.total(trees, jnp.asarray(x[:, None]))[:, 0]
    np.testing.assert_array_equal(answers, np.where(x < condition, -1, 1))


def test_xgboost_casts_features_to_single_precision():
    with jax.enable_x64(True):
        condition = np.float32(0.1)
        trees = imported_trees.stack([one_split(condition)], output=[0], n_outputs=1, n_features=1)
        x = float(condition) + np.linspace(-2e-8, 2e-8, 401)
        answers = tree_arrays.total(trees, jnp.asarray(x[:, None]))[:, 0]
        np.testing.assert_array_equal(answers, np.where(x.astype(np.float32) < condition, -1, 1))


def test_thresholds_of_lightgbm_between_our_numbers():
    for threshold in (0.1, -0.1, 1e-30, -1e-30, 0.0, -0.0, 1e300, -1e300):
        root = models.LIGHTGBM_TREES[0] | {"threshold": threshold}
        trees = imported_trees.stack([imported_trees.lightgbm_tree(root)], output=[0], n_outputs=1, n_features=2)
        x = np.float32([0.0, 0.1, np.nextafter(np.float32(0.1), np.float32(0)), 1e-30, 1.0, 3e38])
        x = np.concatenate([x, -x, np.float32([np.inf, -np.inf])])
        answers = tree_arrays.total(trees, jnp.stack([x, jnp.zeros_like(x)], axis=1))[:, 0]
        np.testing.assert_array_equal(answers, np.where(x.astype(float) <= threshold, -1, 2))


@pytest.mark.parametrize("threshold", [1e-35, -1e-35, float(np.float32(1e-35)), -float(np.float32(1e-35)), 0.0, 3e-36])
def test_zero_of_lightgbm(threshold):
    """LightGBM reads all up to 1e-35 as 0, and puts its thresholds there."""
    root = models.LIGHTGBM_TREES[0] | {"threshold": threshold}
    trees = imported_trees.stack([imported_trees.lightgbm_tree(root)], output=[0], n_outputs=1, n_features=2)
    edge = np.float32(1e-35)
    x = np.float32([0.0, edge / 2, edge, np.nextafter(edge, np.float32(1)), 2 * edge])
    x = np.concatenate([x, -x])
    answers = tree_arrays.total(trees, jnp.stack([x, jnp.zeros_like(x)], axis=1))[:, 0]
    np.testing.assert_array_equal(
        answers, np.where(np.where(np.abs(x) <= edge, 0, x.astype(float)) <= threshold, -1, 2)
    )


def test_random_forest_of_lightgbm_cut_by_rounds():
    forest = changed(changed(models.LIGHTGBM, ["average_output"], True), ["objective"], "regression")
    trees = np.array([[-1.0, -1, -1, -1, 2, 2, 2, 2], [20.0, 20, 20, 20, 10, 10, 20, 20], [0.5] * 8])
    for n_rounds in (1, 2, 3):
        model = interop.from_lightgbm(forest, n_rounds=n_rounds)
        np.testing.assert_allclose(boosting.predict(model, QUESTIONS), trees[:n_rounds].mean(axis=0), rtol=1e-6)


@pytest.mark.parametrize("averaged", [False, True])
def test_no_digits_are_lost_far_from_zero(averaged):
    """LightGBM computes in double precision and adds its start to the first tree, in a forest to all."""
    start, trees = 2.0**24, []
    for i in range(63):
        shift = start if averaged or i == 0 else 0.0
        low, high = ({"leaf_value": shift + step, "leaf_count": 1} for step in (-0.75, 0.25))
        trees.append({"tree_structure": models.LIGHTGBM_TREES[0] | {"left_child": low, "right_child": high}})
    model = {**models.LIGHTGBM, "objective": "regression", "average_output": averaged, "tree_info": trees}
    predicted = boosting.predict(interop.from_lightgbm(model), jnp.array([[0.0, 0.0], [2.0, 0.0]]))
    needed = start + np.array([-0.75, 0.25]) * (1 if averaged else 63)
    np.testing.assert_allclose(predicted, needed, rtol=0, atol=1.0)  # the distance of our numbers there


def test_numbers_have_no_probabilities():
    with pytest.raises(ValueError, match="predicts numbers, not classes: fit it with loss='logistic'"):
        boosting.predict_proba(interop.from_xgboost(models.XGBOOST, n_rounds=2), QUESTIONS)


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize(
    "model",
    [interop.from_xgboost(models.XGBOOST, n_rounds=2), interop.from_lightgbm(models.LIGHTGBM)],
    ids=["XGBoost", "LightGBM"],
)
def test_data_of_another_width_are_refused(model, width):
    with pytest.raises(ValueError, match=rf"x must have 2 columns, .* found shape \(2, {width}\)"):
        boosting.predict(model, jnp.ones((2, width)))
