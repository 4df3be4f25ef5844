"""Shapley values against the code of `shap`, and against the contributions that XGBoost and LightGBM compute."""

import json

import numpy as np
import pytest

from mfml.explain import kernel_shap, tree_interactions, tree_shap
from mfml.generalization import boosting, interop
from tests.peers.imported import CLASSES, X, Y

xgboost = pytest.importorskip("xgboost")
lightgbm = pytest.importorskip("lightgbm")
shap = pytest.importorskip("shap")
pytestmark = pytest.mark.filterwarnings("ignore")

PROBLEMS = {
    "regression": ({"objective": "reg:squarederror"}, {"objective": "regression"}, Y),
    "binary": ({"objective": "binary:logistic"}, {"objective": "binary"}, CLASSES > 0),
    "classes": (
        {"objective": "multi:softprob", "num_class": 3},
        {"objective": "multiclass", "num_class": 3},
        CLASSES,
    ),
}


def of_xgboost(name, rounds=8, **more):
    params, _, y = PROBLEMS[name]
    return xgboost.train({"max_depth": 5, "nthread": 1, **params, **more}, xgboost.DMatrix(X, y), rounds)


def ours(booster):
    return interop.from_xgboost(json.loads(booster.save_raw("json")))


def assert_near(found, needed):
    np.testing.assert_allclose(found, needed, rtol=0, atol=1e-5 * max(1.0, np.abs(needed).max()))


@pytest.mark.parametrize("name", PROBLEMS)
def test_xgboost(name):
    """Base values, several classes, missing values, and interactions."""
    booster = of_xgboost(name)
    model, asked = ours(booster), xgboost.DMatrix(X)
    found = tree_shap.path_dependent(model, X)
    needed = np.moveaxis(booster.predict(asked, pred_contribs=True).reshape(len(X), -1, X.shape[1] + 1), 1, 2)
    needed = needed if name == "classes" else needed[..., 0]
    assert np.isnan(X).any()
    assert_near(found.phi, needed[:, :-1])
    assert_near(np.broadcast_to(found.base, needed[:, -1].shape), needed[:, -1])
    pairs = tree_interactions.path_dependent(model, X).phi
    theirs = booster.predict(asked, pred_interactions=True)
    theirs = np.moveaxis(theirs, 1, -1) if name == "classes" else theirs
    assert_near(pairs, theirs[:, :-1, :-1])


@pytest.mark.parametrize("name", PROBLEMS)
def test_lightgbm(name):
    """Trees that grow leaf by leaf, to depths that differ."""
    _, params, y = PROBLEMS[name]
    params = {"num_leaves": 24, "min_data_in_leaf": 3, "num_threads": 1, "verbosity": -1, **params}
    booster = lightgbm.train(params, lightgbm.Dataset(X, y, params={"verbosity": -1}), 8)
    found = tree_shap.path_dependent(interop.from_lightgbm(booster.dump_model()), X)
    needed = booster.predict(X, pred_contrib=True).reshape(len(X), -1, X.shape[1] + 1)
    needed = np.moveaxis(needed, 1, 2) if name == "classes" else needed[:, 0]
    assert_near(found.phi, needed[:, :-1])
    assert_near(np.broadcast_to(found.base, needed[:, -1].shape), needed[:, -1])


def of_shap(booster, *background):
    """`shap` hands boosters back to the library that they come from, unless it is told to use its own code."""
    kind = "interventional" if background else "tree_path_dependent"
    explainer = shap.TreeExplainer(booster, *background, feature_perturbation=kind)
    explainer.model.model_type = "internal"
    return explainer


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_shap_on_trees(library, monkeypatch):
    """Its own code, in double precision: no booster is asked for values.

    With a background it rounds LightGBM's thresholds near 1e6 to the wrong side, so no feature lies there.
    """
    x = X - np.float32(1e6) * (np.arange(X.shape[1]) == 3)
    complete = np.nan_to_num(x)
    if library == "xgboost":
        booster = xgboost.train({"max_depth": 5, "nthread": 1}, xgboost.DMatrix(x, Y), 8)
        model = ours(booster)
    else:
        params = {"objective": "regression", "num_leaves": 24, "min_data_in_leaf": 3, "num_threads": 1, "verbosity": -1}
        booster = lightgbm.train(params, lightgbm.Dataset(x, Y, params={"verbosity": -1}), 8)
        model = interop.from_lightgbm(booster.dump_model())
    explainer, against = of_shap(booster), of_shap(booster, complete[:20])
    monkeypatch.setattr(type(booster), "predict", None)
    found = tree_shap.path_dependent(model, x)
    assert_near(found.phi, explainer.shap_values(x, check_additivity=False))
    pairs = tree_interactions.path_dependent(model, x)
    assert_near(pairs.phi, explainer.shap_interaction_values(x))
    found = tree_shap.interventional(model, complete[:50], complete[:20])
    assert_near(found.phi, against.shap_values(complete[:50], check_additivity=False))
    assert_near(found.base, against.expected_value)


def test_shap_on_functions():
    """All coalitions of five features; `shap` needs no draws for them either.

    It takes features of 1e-20, or near 1e6, for constant, so both are asked in standard units.
    """
    booster = of_xgboost("regression")
    model, complete = ours(booster), np.nan_to_num(X)
    center, spread = complete.mean(axis=0), complete.std(axis=0)
    standard = ((complete - center) / spread).astype(np.float32)

    def score(rows):
        return boosting.decision_function(model, rows * spread.astype(np.float32) + center.astype(np.float32))[:, 0]

    found = kernel_shap.fit(score, standard[:5], standard[:20])
    needed = shap.KernelExplainer(lambda rows: np.asarray(score(rows.astype(np.float32))), standard[:20])
    assert_near(found.phi, needed.shap_values(standard[:5], l1_reg=False, silent=True))
