"""Unit 7 against XGBoost and LightGBM: their models read as arrays, and the quality of ours beside theirs."""

import json

import jax.numpy as jnp
import numpy as np
import pytest

from mfml.generalization import boosting, interop

RNG = np.random.default_rng(0)
N, TRAIN = 900, 600
X = RNG.normal(size=(N, 5)).astype(np.float32)
SIGNAL = 2 * X[:, 0] + np.sin(3 * X[:, 1]) + X[:, 2] * X[:, 3]
X[RNG.uniform(size=X.shape) < 0.1] = np.nan
Y = (SIGNAL + 0.3 * RNG.normal(size=N)).astype(np.float32)
CLASS = (Y > 0).astype(int) + (Y > 1.5)
TASKS = {"regression": Y, "binary": (Y > 0).astype(int), "multiclass": CLASS}


@pytest.fixture(params=TASKS)
def task(request):
    return request.param


def scores(model):
    return np.asarray(boosting.decision_function(model, jnp.asarray(X))).squeeze()


@pytest.mark.parametrize("booster", ["gbtree", "dart"])
def test_xgboost_models_predict_the_same(task, booster, tmp_path):
    xgboost = pytest.importorskip("xgboost")
    objective = {"regression": "reg:squarederror", "binary": "binary:logistic", "multiclass": "multi:softprob"}[task]
    options = {"objective": objective, "max_depth": 5, "eta": 0.3, "nthread": 1, "booster": booster}
    options |= {"num_class": 3} if task == "multiclass" else {}
    options |= {"rate_drop": 0.2, "seed": 1} if booster == "dart" else {}
    y = TASKS[task]
    train, kept = xgboost.DMatrix(X[:TRAIN], y[:TRAIN]), xgboost.DMatrix(X[TRAIN:], y[TRAIN:])
    early = {} if booster == "dart" else {"early_stopping_rounds": 5}
    model = xgboost.train(options, train, 60, evals=[(kept, "kept")], verbose_eval=False, **early)
    model.save_model(tmp_path / "model.json")
    read = interop.from_xgboost(json.loads((tmp_path / "model.json").read_text()))
    last = int(read.n_rounds)
    assert last == (60 if booster == "dart" else model.best_iteration + 1)
    needed = model.predict(xgboost.DMatrix(X), output_margin=True, iteration_range=(0, last))
    np.testing.assert_allclose(scores(read), needed, atol=1e-5)
    everything = interop.from_xgboost(json.loads((tmp_path / "model.json").read_text()), n_rounds=last // 2)
    needed = model.predict(xgboost.DMatrix(X), output_margin=True, iteration_range=(0, last // 2))
    if booster == "gbtree":
        np.testing.assert_allclose(scores(everything), needed, atol=1e-5)


@pytest.mark.parametrize("missing", [True, False])
def test_lightgbm_models_predict_the_same(task, missing):
    lightgbm = pytest.importorskip("lightgbm")
    x = X if missing else np.nan_to_num(X)
    y = TASKS[task]
    options = {"objective": task, "num_threads": 1, "verbose": -1, "seed": 1}
    options |= {"num_class": 3} if task == "multiclass" else {}
    train = lightgbm.Dataset(x[:TRAIN], y[:TRAIN])
    kept = lightgbm.Dataset(x[TRAIN:], y[TRAIN:], reference=train)
    model = lightgbm.train(options, train, 80, valid_sets=[kept], callbacks=[lightgbm.early_stopping(5, verbose=False)])
    read = interop.from_lightgbm(json.loads(json.dumps(model.dump_model())))
    assert int(read.n_rounds) == model.best_iteration
    np.testing.assert_allclose(scores(read), model.predict(X, raw_score=True), atol=1e-5)


def test_lightgbm_forest_predicts_the_same():
    lightgbm = pytest.importorskip("lightgbm")
    options = {"objective": "regression", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6}
    options |= {"num_threads": 1, "verbose": -1, "seed": 1}
    model = lightgbm.train(options, lightgbm.Dataset(X[:TRAIN], Y[:TRAIN]), 20)
    read = interop.from_lightgbm(model.dump_model())
    np.testing.assert_allclose(scores(read), model.predict(X), atol=1e-5)


def test_quality_is_that_of_xgboost():
    xgboost = pytest.importorskip("xgboost")
    options = {"objective": "reg:squarederror", "max_depth": 4, "eta": 0.2, "nthread": 1, "lambda": 1.0}
    theirs = xgboost.train(options, xgboost.DMatrix(X[:TRAIN], Y[:TRAIN]), 40)
    ours = boosting.fit(jnp.asarray(X[:TRAIN]), jnp.asarray(Y[:TRAIN]), max_iter=40, max_depth=4, learning_rate=0.2)
    error = np.mean((scores(ours)[TRAIN:] - Y[TRAIN:]) ** 2)
    assert error < 1.05 * np.mean((theirs.predict(xgboost.DMatrix(X[TRAIN:])) - Y[TRAIN:]) ** 2)
