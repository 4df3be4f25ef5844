import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import expit

from mfml.generalization import boosting, interop, tree_arrays
from mfml.iteration import Status
from tests.generalization import models

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


def test_numbers_have_no_probabilities():
    with pytest.raises(ValueError, match="predicts numbers, not classes: fit it with loss='logistic'"):
        boosting.predict_proba(interop.from_xgboost(models.XGBOOST), QUESTIONS)


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize(
    "model",
    [interop.from_xgboost(models.XGBOOST), interop.from_lightgbm(models.LIGHTGBM)],
    ids=["XGBoost", "LightGBM"],
)
def test_data_of_another_width_are_refused(model, width):
    with pytest.raises(ValueError, match=rf"x must have 2 columns, .* found shape \(2, {width}\)"):
        boosting.predict(model, jnp.ones((2, width)))
