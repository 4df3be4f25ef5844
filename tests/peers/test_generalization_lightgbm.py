"""Every objective, kind of boosting and tree option of the installed LightGBM: read rightly, or refused by name."""

import json
import re

import numpy as np
import pytest

from mfml.generalization import boosting, interop
from tests.peers.imported import BINARY, CLASSES, GROUPS, N, X, Y, assert_rounded, assert_same, questions

lightgbm = pytest.importorskip("lightgbm")
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def train(params, *, x=X, y=Y, rounds=6, group=None, categorical=(), **options):
    always = {"num_threads": 1, "seed": 3, "verbosity": -1, "min_data_in_leaf": 5, "deterministic": True}
    data = lightgbm.Dataset(x, y, group=group, categorical_feature=list(categorical), params={"verbosity": -1})
    return lightgbm.train({**always, **params}, data, rounds, **options)


def check(booster, **options):
    """Compare all that LightGBM predicts with what the model does that we read."""
    dump = booster.dump_model()
    model = interop.from_lightgbm(json.loads(json.dumps(dump)), **options)
    x, objective = questions(model), dump["objective"].split()[0]
    n_rounds = int(model.n_rounds)
    scores, out = (booster.predict(x, raw_score=raw, num_iteration=n_rounds) for raw in (True, False))
    factor = float(dump["objective"].partition("sigmoid:")[2] or 1.0) / (n_rounds if dump["average_output"] else 1)
    expected = {"scores": factor * scores, "predicted": out}
    if objective in ("binary", "cross_entropy"):
        expected |= {"probability": out, "predicted": out > 0.5}
    elif objective == "multiclass":
        expected |= {"probability": out, "predicted": np.argmax(out, axis=1)}
    assert_same(model, x, **expected)
    return model


TARGETS = {"binary": BINARY, "cross_entropy": BINARY, "cross_entropy_lambda": BINARY, "rank": BINARY, "multi": CLASSES}


def problem(objective):
    """The targets that an objective needs, and its other options."""
    y = next((y for name, y in TARGETS.items() if objective.startswith((name, "lambda" + name))), np.exp(Y))
    more = {"group": GROUPS} if "rank" in objective else {}
    return {"y": y, **more}, {"objective": objective, **({"num_class": 3} if "multi" in objective else {})}


# As LightGBM documents them under `objective`; it has no way to list them.
OBJECTIVES = ["regression", "regression_l1", "huber", "fair", "poisson", "quantile", "mape", "gamma", "tweedie"]
OBJECTIVES += ["binary", "multiclass", "multiclassova", "cross_entropy", "cross_entropy_lambda"]
OBJECTIVES += ["lambdarank", "rank_xendcg"]
NAMES = {"l2": "regression", "mean_squared_error": "regression", "rmse": "regression", "l1": "regression_l1"}
NAMES |= {"mae": "regression_l1", "softmax": "multiclass", "xentropy": "cross_entropy", "xendcg": "rank_xendcg"}
NAMES |= {"mean_absolute_percentage_error": "mape", "multiclass_ova": "multiclassova", "ova": "multiclassova"}
NAMES |= {"xentlambda": "cross_entropy_lambda", "l2_root": "regression", "ovr": "multiclassova"}


@pytest.mark.parametrize("given", [*OBJECTIVES, *NAMES])
def test_objectives(given):
    name = NAMES.get(given, given)
    data, params = problem(name)
    booster = train({**params, "objective": given}, **data)
    if name in interop.LIGHTGBM_LINKS:
        check(booster)
    else:
        with pytest.raises(ValueError, match=f"objective must be one of .*; found '{name}'"):
            interop.from_lightgbm(booster.dump_model())


def test_the_docstring_lists_the_objectives():
    listed = re.findall(r"- (`.*?):", interop.from_lightgbm.__doc__.split("Raises")[0], re.DOTALL)
    assert set(re.findall(r"`(\w+)`", " ".join(listed))) == set(interop.LIGHTGBM_LINKS) <= set(OBJECTIVES)


def test_custom_objective():
    booster = train({"objective": lambda scores, data: (scores - data.get_label(), np.ones_like(scores))})
    with pytest.raises(ValueError, match=r"objective must be one of .*; found 'custom'"):
        interop.from_lightgbm(booster.dump_model())


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_square_roots(objective):
    """Some regressions take no square root, and say nothing about it."""
    data, params = problem(objective)
    booster = train({**params, "reg_sqrt": True}, **data)
    if "sqrt" in booster.dump_model()["objective"]:
        with pytest.raises(ValueError, match="square root of y"):
            interop.from_lightgbm(booster.dump_model())
    elif objective in interop.LIGHTGBM_LINKS:
        check(booster)


FOREST = {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6}
DART = {"boosting": "dart", "drop_rate": 0.6, "skip_drop": 0.1}
QUANTIZED = {"use_quantized_grad": True}
BAGGED = {"bagging_freq": 2, "bagging_fraction": 0.5}
GOSS = {"data_sample_strategy": "goss", "learning_rate": 0.9}
MONOTONE = {"monotone_constraints": [1, 0, -1, 0, 0]}
RANK = {"objective": "lambdarank"}
LOGISTIC = {"objective": "binary"}
# Each option, with what is tried for it. Strings are what the refusal says.
TRIED = {
    "alpha": [{"objective": name, "alpha": 0.3} for name in ("quantile", "huber")],
    "bagging_by_query": [RANK | BAGGED | {"bagging_by_query": True}],
    "bagging_fraction": [BAGGED],
    "bagging_freq": [BAGGED],
    "boost_from_average": [{"boost_from_average": False}, LOGISTIC | {"boost_from_average": False}],
    "boosting": [{"boosting": "gbdt"}, {"boosting": "gbrt"}, DART, FOREST, FOREST | LOGISTIC, {"boosting": "goss"}],
    "cegb_penalty_feature_coupled": [{"cegb_penalty_feature_coupled": [1, 2, 3, 4, 5]}],
    "cegb_penalty_feature_lazy": [{"cegb_penalty_feature_lazy": [1, 2, 3, 4, 5]}],
    "cegb_penalty_split": [{"cegb_penalty_split": 0.1}],
    "cegb_tradeoff": [{"cegb_tradeoff": 2.0, "cegb_penalty_split": 0.1}],
    "data_sample_strategy": [GOSS, BAGGED | {"data_sample_strategy": "bagging"}],
    "drop_rate": [DART],
    "enable_bundle": [{"enable_bundle": False}],
    "extra_trees": [{"extra_trees": True}],
    "fair_c": [{"objective": "fair", "fair_c": 0.3}],
    "feature_contri": [{"feature_contri": [0.5, 1, 1, 1, 1]}],
    "feature_fraction": [{"feature_fraction": 0.5}],
    "feature_fraction_bynode": [{"feature_fraction_bynode": 0.5}],
    "interaction_constraints": [{"interaction_constraints": "[0,1],[2,3,4]"}],
    "is_enable_sparse": [{"is_enable_sparse": False}],
    "is_unbalance": [LOGISTIC | {"is_unbalance": True}],
    "label_gain": [RANK | {"label_gain": "0,5"}],
    "lambda_l1": [{"lambda_l1": 1.0}],
    "lambda_l2": [{"lambda_l2": 10.0}],
    "lambdarank_norm": [RANK | {"lambdarank_norm": False}],
    "lambdarank_position_bias_regularization": [RANK | {"lambdarank_position_bias_regularization": 0.1}],
    "lambdarank_truncation_level": [RANK | {"lambdarank_truncation_level": 2}],
    "learning_rate": [{"learning_rate": 1.0}],
    "linear_lambda": [({"linear_tree": True, "linear_lambda": 1.0}, "linear_tree")],
    "linear_tree": [({"linear_tree": True}, "linear_tree"), ({"linear_tree": True, "num_leaves": 2}, "linear_tree")],
    "max_bin": [{"max_bin": 4}],
    "max_bin_by_feature": [{"max_bin_by_feature": [3, 5, 7, 9, 11]}],
    "max_delta_step": [{"max_delta_step": 0.1}],
    "max_depth": [{"max_depth": 1}, {"max_depth": 3}],
    "max_drop": [DART | {"max_drop": 1}],
    "min_data_in_bin": [{"min_data_in_bin": 50}],
    "min_data_in_leaf": [{"min_data_in_leaf": 1}, {"min_data_in_leaf": 200}],  # the latter makes lone leaves
    "min_gain_to_split": [{"min_gain_to_split": 5.0}],
    "min_sum_hessian_in_leaf": [{"min_sum_hessian_in_leaf": 40.0}],
    "monotone_constraints": [MONOTONE],
    "monotone_constraints_method": [
        MONOTONE | {"monotone_constraints_method": m} for m in ("basic", "intermediate", "advanced")
    ],
    "monotone_penalty": [MONOTONE | {"monotone_penalty": 1.0}],
    "neg_bagging_fraction": [LOGISTIC | {"bagging_freq": 1, "neg_bagging_fraction": 0.5, "pos_bagging_fraction": 0.9}],
    "num_class": [],  # with the objectives
    "num_grad_quant_bins": [QUANTIZED | {"num_grad_quant_bins": 16}],
    "num_iterations": [{}],
    "num_leaves": [{"num_leaves": 2}, {"num_leaves": 100, "min_data_in_leaf": 1}],
    "objective": [],  # above
    "other_rate": [GOSS | {"other_rate": 0.3}],
    "path_smooth": [{"path_smooth": 3.0}],
    "pos_bagging_fraction": [LOGISTIC | {"bagging_freq": 1, "pos_bagging_fraction": 0.5}],
    "quant_train_renew_leaf": [QUANTIZED | {"quant_train_renew_leaf": True}],
    "reg_sqrt": [],  # above
    "scale_pos_weight": [LOGISTIC | {"scale_pos_weight": 3.0}],
    "sigmoid": [LOGISTIC | {"sigmoid": 2.5}, LOGISTIC | FOREST | {"sigmoid": 0.3}, RANK | {"sigmoid": 2.0}],
    "skip_drop": [DART | {"skip_drop": 0.5}],
    "stochastic_rounding": [QUANTIZED | {"stochastic_rounding": False}],
    "top_rate": [GOSS | {"top_rate": 0.3}],
    "uniform_drop": [DART | {"uniform_drop": True}],
    "use_missing": [{"use_missing": False}],
    "use_quantized_grad": [QUANTIZED],
    "xgboost_dart_mode": [DART | {"xgboost_dart_mode": True}],
    "zero_as_missing": [({"zero_as_missing": True}, "zero_as_missing")],
}
SEEDS = {
    "seed",
    "bagging_seed",
    "data_random_seed",
    "drop_seed",
    "extra_seed",
    "feature_fraction_seed",
    "objective_seed",
}
FILES = {"data", "valid", "header", "label_column", "weight_column", "group_column", "ignore_column", "two_round"}
FILES |= {"pre_partition", "precise_float_parser", "parser_config_file", "forcedbins_filename", "machine_list_filename"}
SCORES = {"metric", "eval_at", "multi_error_top_k", "auc_mu_weights", "first_metric_only", "early_stopping_round"}
SCORES |= {"early_stopping_min_delta", "saved_feature_importance_type", "verbosity"}
MACHINES = {"tree_learner", "device_type", "num_threads", "deterministic", "force_col_wise", "force_row_wise", "top_k"}
MACHINES |= {"histogram_pool_size", "num_machines", "machines", "local_listen_port", "time_out", "num_gpu"}
MACHINES |= {"gpu_platform_id", "gpu_device_id", "gpu_device_id_list", "gpu_use_dp", "bin_construct_sample_cnt"}
CATEGORIES = {"categorical_feature", "cat_l2", "cat_smooth", "max_cat_threshold", "max_cat_to_onehot"}  # below
CATEGORIES |= {"min_data_per_group"}
OTHERS = {"forcedsplits_filename", "refit_decay_rate"}  # below
OTHERS |= {"poisson_max_delta_step", "tweedie_variance_power", "feature_pre_filter"}  # of what is refused, or for speed


def test_every_option_is_tried():
    text = train({}, rounds=1).model_to_string()
    found = set(re.findall(r"^\[(\w+):", text[text.index("parameters:") :], re.MULTILINE))
    known = set().union(SEEDS, FILES, SCORES, MACHINES, CATEGORIES, OTHERS, TRIED)
    assert len(found) > 100
    assert found - known == set()


CASES = [case if isinstance(case, tuple) else (case, None) for cases in TRIED.values() for case in cases]


@pytest.mark.parametrize(("params", "refusal"), CASES, ids=lambda case: re.sub(r"[^\w.,-]+", "_", str(case)))
def test_options(params, refusal):
    data, needed = problem(params.get("objective", "regression"))
    booster = train(needed | params, **data)
    if refusal is None:
        check(booster)
    else:
        with pytest.raises(ValueError, match=refusal):
            interop.from_lightgbm(booster.dump_model())


@pytest.mark.parametrize("max_cat_to_onehot", [1, 9])
def test_categories(max_cat_to_onehot):
    x = np.stack([X[:, 0], X[:, 1] + 2], axis=1)
    params = {"max_cat_to_onehot": max_cat_to_onehot, "min_data_per_group": 1, "cat_l2": 0.0, "cat_smooth": 0.0}
    with pytest.raises(ValueError, match="categorical"):
        interop.from_lightgbm(train(params, x=x, categorical=[1]).dump_model())


def test_forced_splits(tmp_path):
    (tmp_path / "splits.json").write_text('{"feature": 1, "threshold": 0.0, "left": {"feature": 0, "threshold": 0.5}}')
    check(train({"forcedsplits_filename": str(tmp_path / "splits.json")}))


def test_refitted():
    check(train({}).refit(X[::2], -Y[::2], decay_rate=0.3))


@pytest.mark.parametrize("x", [X, np.nan_to_num(X)], ids=["gaps", "complete"])
@pytest.mark.parametrize("objective", ["regression", "binary", "multiclass"])
def test_data_without_gaps(x, objective):
    """What has no gaps in training may have some later."""
    data, params = problem(objective)
    check(train(params, x=x, **data))


@pytest.mark.parametrize("objective", ["binary", "cross_entropy", "multiclass"])
@pytest.mark.parametrize("label", [0, 1])
def test_one_class(objective, label):
    check(train(problem(objective)[1], y=np.full(N, label)))


@pytest.mark.parametrize("shape", [{}, FOREST, DART], ids=["gbdt", "rf", "dart"])
@pytest.mark.parametrize("objective", ["regression", "binary", "multiclass"])
def test_rounds(shape, objective):
    data, params = problem(objective)
    booster = train({**params, **shape}, rounds=8, **data)
    for n_rounds in (1, 5, 8):
        assert check(booster, n_rounds=n_rounds).n_iter == 8
    check(lightgbm.Booster(model_str=booster.model_to_string()), n_rounds=3)
    if not shape:
        check(train({**params, "learning_rate": 0.5}, rounds=3, init_model=booster, **data))


@pytest.mark.parametrize("shape", [{}, FOREST], ids=["gbdt", "rf"])
def test_early_stopping(shape):
    """`dump_model` leaves out what comes after the best round, unless it is told otherwise."""
    train_set = lightgbm.Dataset(X[:200], Y[:200], params={"verbosity": -1})
    valid = lightgbm.Dataset(X[200:], Y[200:], reference=train_set)
    params = {"objective": "regression", "num_threads": 1, "verbosity": -1, "learning_rate": 0.5, **shape}
    stop = [lightgbm.early_stopping(3, verbose=False)]
    booster = lightgbm.train(params, train_set, 80, valid_sets=[valid], callbacks=stop, keep_training_booster=True)
    assert booster.best_iteration < booster.current_iteration()
    model = check(booster)
    assert model.n_rounds == booster.best_iteration
    everything = interop.from_lightgbm(booster.dump_model(num_iteration=-1))
    assert everything.n_rounds == booster.current_iteration()
    x = questions(everything)
    needed = booster.predict(x, num_iteration=-1)
    assert_rounded(np.asarray(boosting.predict(everything, x)), needed)


@pytest.mark.parametrize("offset", [1e6, -1e9])
@pytest.mark.parametrize("shape", [{}, FOREST], ids=["gbdt", "rf"])
def test_far_from_zero(offset, shape):
    """As near to LightGBM's double precision as one number of single precision can be."""
    booster = train({"objective": "regression", **shape}, y=offset + Y, rounds=60)
    model = interop.from_lightgbm(booster.dump_model())
    x = questions(model)
    needed = booster.predict(x)
    assert np.max(np.abs(np.asarray(boosting.predict(model, x), float) - needed)) <= np.spacing(np.float32(abs(offset)))


@pytest.mark.parametrize("name", ["LGBMRegressor", "LGBMClassifier", "LGBMRanker"])
def test_estimators(name):
    y = {"LGBMRegressor": Y, "LGBMClassifier": CLASSES, "LGBMRanker": BINARY}[name]
    estimator = getattr(lightgbm, name)(n_estimators=8, n_jobs=1, verbose=-1, min_child_samples=5)
    estimator.fit(X, y, **({"group": GROUPS} if name == "LGBMRanker" else {}))
    model = interop.from_lightgbm(estimator.booster_.dump_model())
    x = questions(model)
    expected = {"scores": estimator.predict(x, raw_score=True), "predicted": estimator.predict(x)}
    expected |= {"probability": estimator.predict_proba(x)} if name == "LGBMClassifier" else {}
    assert_same(model, x, **expected)
