"""Every objective, booster and tree option of the installed XGBoost: read rightly, or refused by name."""

import json
import re

import numpy as np
import pytest

from mfml.generalization import interop, tree_arrays
from tests.peers.imported import BINARY, CLASSES, GROUPS, N, X, Y, assert_same, questions

xgboost = pytest.importorskip("xgboost")
OLD = tuple(map(int, xgboost.__version__.split(".")[:2])) < (3, 2)
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # XGBoost's, about the option `updater`


def train(params, *, rounds=6, data=None, **options):
    data = xgboost.DMatrix(X, Y) if data is None else data
    return xgboost.train(
        {"nthread": 1, "seed": 3, "verbosity": 0, **params}, data, rounds, verbose_eval=False, **options
    )


def as_json(booster):
    return json.loads(booster.save_raw("json"))


def check(booster, **options):
    """Compare all that XGBoost predicts with what the model does that we read."""
    model = interop.from_xgboost(as_json(booster), **options)
    x, objective = questions(model), as_json(booster)["learner"]["objective"]["name"]
    asked, used = xgboost.DMatrix(x), {"iteration_range": (0, int(model.n_rounds))}
    out = booster.predict(asked, **used)
    expected = {"scores": booster.predict(asked, output_margin=True, **used)}
    if objective in ("binary:logistic", "reg:logistic"):
        expected |= {"probability": out, "predicted": out > 0.5}
    elif objective == "binary:logitraw":
        expected |= {"scores": out, "predicted": out > 0}
    elif objective == "multi:softprob":
        expected |= {"probability": out, "predicted": np.argmax(out, axis=1)}
    else:
        expected |= {"predicted": out}
    assert_same(model, x, **expected)
    return model


def data_for(objective):
    if objective == "survival:aft":
        return xgboost.DMatrix(X, label_lower_bound=np.exp(Y), label_upper_bound=np.exp(Y))
    if objective.startswith("rank:"):
        return xgboost.DMatrix(X, BINARY, group=GROUPS)
    if objective.startswith("multi:"):
        return xgboost.DMatrix(X, CLASSES)
    if objective.startswith("binary:") or objective == "reg:logistic":
        return xgboost.DMatrix(X, BINARY)
    return xgboost.DMatrix(X, np.floor(np.exp(Y)) + 1)


def objectives():
    """XGBoost lists its objectives when it does not know one."""
    try:
        train({"objective": "none"}, rounds=1)
    except xgboost.core.XGBoostError as error:
        return re.findall(r"Objective candidate: (\S+)", str(error))


OBJECTIVES = objectives()
NEEDED = {"multi:softmax": {"num_class": 3}, "multi:softprob": {"num_class": 3}}
NEEDED |= {"reg:quantileerror": {"quantile_alpha": [0.3]}}
RENAMED = {"reg:linear": "reg:squarederror"}


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_objectives(objective):
    booster = train({"objective": objective, **NEEDED.get(objective, {})}, data=data_for(objective))
    if RENAMED.get(objective, objective) in interop.XGBOOST_LINKS:
        check(booster)
    else:
        with pytest.raises(ValueError, match=f"objective must be one of .*; found '{objective}'"):
            interop.from_xgboost(as_json(booster))


def test_the_docstring_lists_the_objectives():
    documented = set(re.findall(r"`(\w+:\w+)`", interop.from_xgboost.__doc__.split("Raises")[0]))
    assert documented == set(interop.XGBOOST_LINKS) <= set(OBJECTIVES)


FOREST = {"num_parallel_tree": 3, "subsample": 0.6}
DART = {"booster": "dart", "rate_drop": 0.5}
LEAVES = {"grow_policy": "lossguide", "max_leaves": 7}
QUANTILES = {"objective": "reg:quantileerror"}
RANK = {"objective": "rank:ndcg"}
PRUNED = {"tree_method": "exact", "gamma": 5.0}
# Each option, with what is tried for it. Strings are what the refusal says.
TRIED = {
    "alpha": [{"alpha": 3.0}],
    "base_score": [{"base_score": 0.3}, {"base_score": -1e5}],
    "boost_from_average": [{}],
    "booster": [{"booster": "gbtree"}, {"booster": "dart"}, ({"booster": "gblinear"}, "found 'gblinear'")],
    "colsample_bylevel": [{"colsample_bylevel": 0.5}],
    "colsample_bynode": [{"colsample_bynode": 0.5}],
    "colsample_bytree": [{"colsample_bytree": 0.5}],
    "default_direction": [{"tree_method": "exact", "default_direction": way} for way in ("left", "right", "learn")],
    "eta": [{"eta": 1.0}],
    "gamma": [PRUNED, {"gamma": 5.0}, PRUNED | {"max_depth": 9}],
    "grow_policy": [LEAVES, LEAVES | {"tree_method": "approx"}, {"grow_policy": "depthwise"}],
    "huber_slope": [{"objective": "reg:pseudohubererror", "huber_slope": 0.3}],
    "interaction_constraints": [{"interaction_constraints": "[[0, 1], [2, 3, 4]]"}],
    "lambda": [{"lambda": 0.0}, {"lambda": 30.0}],
    "lambdarank_bias_norm": [RANK | {"lambdarank_unbiased": True, "lambdarank_bias_norm": 2.0}],
    "lambdarank_normalization": [RANK | {"lambdarank_normalization": False}],
    "lambdarank_num_pair_per_sample": [RANK | {"lambdarank_num_pair_per_sample": 4}],
    "lambdarank_pair_method": [RANK | {"lambdarank_pair_method": method} for method in ("mean", "topk")],
    "lambdarank_score_normalization": [RANK | {"lambdarank_score_normalization": False}],
    "lambdarank_unbiased": [RANK | {"lambdarank_unbiased": True}],
    "learning_rate": [{"learning_rate": 0.01}],
    "max_bin": [{"max_bin": 3}],
    "max_delta_step": [{"max_delta_step": 0.1}],
    "max_depth": [{"max_depth": 1}, {"max_depth": 12}, {"max_depth": 0, **LEAVES}],
    "max_leaves": [LEAVES, {"max_leaves": 3}],
    "min_child_weight": [{"min_child_weight": 0.0}, {"min_child_weight": 50}],
    "min_split_loss": [{"min_split_loss": 1.0}],
    "monotone_constraints": [{"monotone_constraints": "(1, 0, -1, 0, 0)"}],
    "multi_strategy": [{"multi_strategy": "multi_output_tree"}],  # and with several targets below
    "ndcg_exp_gain": [RANK | {"ndcg_exp_gain": False}],
    "normalize_type": [DART | {"normalize_type": kind} for kind in ("tree", "forest")],
    "num_class": [],  # with the objectives, and below
    "num_feature": [{}],
    "num_parallel_tree": [FOREST, FOREST | DART],
    "num_target": [],  # below
    "num_trees": [{}],
    "one_drop": [DART | {"one_drop": 1, "rate_drop": 0.0}],
    "process_type": [{"process_type": "default"}],  # and "update" below
    "quantile_alpha": [
        QUANTILES | {"quantile_alpha": 0.9},
        (QUANTILES | {"quantile_alpha": [0.1, 0.9]}, "num_target = 2"),
    ],
    "rate_drop": [DART, {"booster": "dart", "rate_drop": 0.0}],
    "refresh_leaf": [],  # with process_type "update" below
    "reg_alpha": [{"reg_alpha": 0.5}],
    "reg_lambda": [{"reg_lambda": 0.5}],
    "sample_type": [DART | {"sample_type": kind} for kind in ("uniform", "weighted")],
    "sampling_method": [{"sampling_method": "uniform", "subsample": 0.5}],  # the other one runs on GPUs only
    "scale_pos_weight": [{"scale_pos_weight": 3.0}],
    "skip_drop": [DART | {"skip_drop": 0.5}],
    "subsample": [{"subsample": 0.5}],
    "tree_method": [{"tree_method": method} for method in ("auto", "exact", "approx", "hist")],
    "updater": [{"updater": "grow_colmaker"}, {"updater": "grow_colmaker,prune", "gamma": 5.0}],
}
# These say how and where it is computed, or belong to a linear model or to categories, whose refusal is tested.
ELSEWHERE = {"debug_synchronize", "max_cached_hist_node", "opt_dense_col", "sparse_threshold", "specified_updater"}
ELSEWHERE |= {
    "cache_opt",
    "extmem_single_page",
    "sketch_ratio",
    "updater_seq",
    "disable_default_eval_metric",
    "objective",
    "name",
}
ELSEWHERE |= {"feature_selector", "max_row_perbatch", "tolerance", "max_cat_threshold", "max_cat_to_onehot"}


def names_of_options(config):
    for name, value in config.items():
        inner = [part for part in (value if isinstance(value, list) else [value]) if isinstance(part, dict)]
        for part in inner:
            yield from names_of_options(part)
        if not inner:
            yield name


def test_every_option_is_tried():
    found = set()
    boosters = [train({"booster": booster}, rounds=1) for booster in ("gbtree", "dart", "gblinear")]
    boosters += [train({"tree_method": method}, rounds=1) for method in ("exact", "approx")]
    for objective in ("rank:ndcg", "reg:quantileerror", "reg:pseudohubererror"):
        params = {"objective": objective, **NEEDED.get(objective, {})}
        boosters.append(train(params, rounds=1, data=data_for(objective)))
    for booster in boosters:
        learner = json.loads(booster.save_config())["learner"]
        for part in ("gradient_booster", "learner_model_param", "learner_train_param", "objective"):
            found |= set(names_of_options(learner[part]))
    assert found - ELSEWHERE - set(TRIED) == set()


CASES = [case if isinstance(case, tuple) else (case, None) for cases in TRIED.values() for case in cases]


@pytest.mark.parametrize(("params", "refusal"), CASES, ids=lambda case: re.sub(r"[^\w.,-]+", "_", str(case)))
def test_options(params, refusal):
    objective = params.get("objective", "binary:logistic" if "scale_pos_weight" in params else "reg:squarederror")
    data = data_for(objective) if objective.startswith(("rank", "binary")) else None
    booster = train({"objective": objective, "max_depth": 5, **params}, data=data)
    if refusal is None:
        check(booster)
    else:
        with pytest.raises(ValueError, match=refusal):
            interop.from_xgboost(as_json(booster))


TWO = np.stack([Y, -Y], axis=1)
CATEGORIES = X[:, [1, 0]] + [2, 0]


@pytest.mark.parametrize(
    ("params", "data", "message"),
    [
        ({}, xgboost.DMatrix(X, TWO), "num_target = 2"),
        ({"multi_strategy": "multi_output_tree"}, xgboost.DMatrix(X, TWO), "num_target = 2"),
        ({"objective": "binary:logistic"}, xgboost.DMatrix(X, TWO > 0), "num_target = 2"),
        (
            {"objective": "multi:softprob", "num_class": 1},
            xgboost.DMatrix(X, 0 * Y),
            "num_class = 1 .*'multi:softprob'",
        ),
        (
            {"objective": "multi:softprob", "num_class": 3, "multi_strategy": "multi_output_tree"},
            data_for("multi:softprob"),
            "several outputs",
        ),
        *(
            (
                {"max_cat_to_onehot": limit},
                xgboost.DMatrix(CATEGORIES, Y, feature_types=["c", "float"], enable_categorical=True),
                "categorical",
            )
            for limit in (1, 9)
        ),
    ],
)
def test_refused(params, data, message):
    with pytest.raises(ValueError, match=message):
        interop.from_xgboost(as_json(train(params, data=data)))


@pytest.mark.skipif(OLD, reason="refused: XGBoost before 3.2 read such base scores in another way")
@pytest.mark.parametrize("objective", ["binary:logistic", "reg:logistic", "binary:logitraw"])
@pytest.mark.parametrize("label", [0, 1])
def test_one_class(objective, label):
    check(train({"objective": objective}, data=xgboost.DMatrix(X, np.full(N, label))))


@pytest.mark.skipif(OLD, reason="refused: XGBoost before 3.2 read such base scores in another way")
@pytest.mark.parametrize("objective", ["binary:logistic", "reg:logistic", "binary:logitraw"])
@pytest.mark.parametrize("base", [0.0, 1e-30, 1e-7, 2e-6, 0.5, 0.999, 0.99999, 1 - 1e-7, 1.0])
def test_base_scores(objective, base):
    check(train({"objective": objective, "base_score": base}, data=xgboost.DMatrix(X, BINARY)))


@pytest.mark.parametrize("shape", [{}, FOREST, DART, FOREST | DART], ids=["plain", "forest", "dart", "both"])
@pytest.mark.parametrize("objective", ["reg:squarederror", "multi:softprob"])
def test_rounds(shape, objective):
    """Early stopping counts rounds, and what is trained later adds to them."""
    y = Y if objective == "reg:squarederror" else CLASSES
    metric = "mae" if objective == "reg:squarederror" else "merror"  # which do not improve for long
    params = {"objective": objective, "eta": 0.7, "eval_metric": metric, **NEEDED.get(objective, {}), **shape}
    kept = xgboost.DMatrix(X[200:], y[200:])
    stop = {"evals": [(kept, "kept")], "early_stopping_rounds": 1}
    booster = train(params, rounds=60, data=xgboost.DMatrix(X[:200], y[:200]), **stop)
    best, total = booster.best_iteration + 1, booster.num_boosted_rounds()
    assert best < total
    with pytest.raises(ValueError, match=f"round {best} of {total} .* give n_rounds={best}"):
        interop.from_xgboost(as_json(booster))
    for n_rounds in (1, best, total):
        check(booster, n_rounds=n_rounds)
    check(booster[:best])
    check(booster[1:total])
    further = train(params, rounds=2, data=xgboost.DMatrix(X[:200], y[:200]), xgb_model=booster)
    with pytest.raises(ValueError, match=f"round {best} of {total + 2} "):
        interop.from_xgboost(as_json(further))
    assert check(further, n_rounds=total + 2).n_iter == total + 2


@pytest.mark.parametrize("updater", ["refresh", "prune", "refresh,prune"])
def test_updated(updater):
    params = {"process_type": "update", "updater": updater, "gamma": 3.0, "refresh_leaf": True}
    check(train(params, xgb_model=train({"subsample": 0.5}), data=xgboost.DMatrix(X[::2], Y[::2])))


@pytest.mark.parametrize("name", ["XGBRegressor", "XGBClassifier", "XGBRFRegressor", "XGBRFClassifier"])
def test_estimators(name):
    y = CLASSES if "Classifier" in name else Y
    early = {} if "RF" in name else {"early_stopping_rounds": 2}
    estimator = getattr(xgboost, name)(n_estimators=40, n_jobs=1, max_depth=4, learning_rate=0.9, **early)
    estimator.fit(X[:200], y[:200], eval_set=[(X[200:], y[200:])], verbose=False)
    rounds = {} if "RF" in name else {"n_rounds": estimator.best_iteration + 1}
    model = interop.from_xgboost(as_json(estimator.get_booster()), **rounds)
    x = questions(model)
    expected = {"scores": estimator.predict(x, output_margin=True), "predicted": estimator.predict(x)}
    expected |= {"probability": estimator.predict_proba(x)} if "Classifier" in name else {}
    assert_same(model, x, **expected)


def test_custom_objective():
    """The file names `reg:squarederror`, and XGBoost itself predicts margins."""
    check(train({}, obj=lambda scores, data: (scores - data.get_label(), np.ones_like(scores))))


def test_leaves_are_numbered_as_by_xgboost():
    booster = train(PRUNED)
    model = interop.from_xgboost(as_json(booster))
    x = questions(model)
    np.testing.assert_array_equal(
        tree_arrays.apply(model.trees, x), booster.predict(xgboost.DMatrix(x), pred_leaf=True).T
    )
