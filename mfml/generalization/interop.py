r"""Models of XGBoost and LightGBM as `boosting.Boosting`, so that all functions for our models work with theirs.

Both are read from their JSON: XGBoost's file `model.json` and LightGBM's `booster.dump_model()`. The docstrings list
what is read; everything else is refused by its name. What is read gives the library's own predictions up to the
rounding of our precision, missing values included. XGBoost casts a feature to single precision and sends x < threshold
to the left. LightGBM sends x <= threshold to the left, with thresholds in double precision.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from mfml import require
from mfml.entrance import public
from mfml.generalization import imported_trees
from mfml.generalization.boosting import Boosting
from mfml.generalization.imported_trees import Nodes
from mfml.iteration import Status

XGBOOST_LINKS = {
    "reg:squarederror": "identity",
    "reg:squaredlogerror": "identity",
    "reg:absoluteerror": "identity",
    "reg:pseudohubererror": "identity",
    "reg:quantileerror": "identity",
    "rank:pairwise": "identity",
    "rank:ndcg": "identity",
    "rank:map": "identity",
    "binary:logistic": "logit",
    "reg:logistic": "logit",
    "binary:logitraw": "logit",
    "multi:softprob": "softmax",
    "multi:softmax": "softmax",
}
LIGHTGBM_LINKS = {
    "regression": "identity",
    "regression_l1": "identity",
    "huber": "identity",
    "fair": "identity",
    "quantile": "identity",
    "mape": "identity",
    "lambdarank": "identity",
    "rank_xendcg": "identity",
    "binary": "logit",
    "cross_entropy": "logit",
    "multiclass": "softmax",
}


@public
def from_xgboost(model: Mapping[str, Any], *, n_rounds: int | None = None) -> Boosting:
    """Turn the parsed JSON of an XGBoost model into arrays.

    Read are the boosters `gbtree` and `dart` with one numeric question a node and one number a leaf, however they were
    grown, also with several trees a round (`num_parallel_tree`); and the objectives

    - `reg:squarederror`, `reg:squaredlogerror`, `reg:absoluteerror`, `reg:pseudohubererror`, `reg:quantileerror` of one
      quantile, `rank:pairwise`, `rank:ndcg`, `rank:map`: a regression, `predict` gives XGBoost's predictions;
    - `binary:logistic`, `reg:logistic`, `binary:logitraw`: a classifier, whose second column of `predict_proba` is what
      the first two predict; the third predicts margins;
    - `multi:softprob`, `multi:softmax`: a classifier.

    `decision_function` gives XGBoost's margins (`output_margin=True`). A `base_score` that is a probability counts as
    one between 1e-6 and 1 - 1e-6, as in XGBoost 3.2; older files with one beyond are refused. What XGBoost is told to
    read as missing (`missing`) is not in the file: here it is NaN.

    `n_rounds` is the number of rounds in use; by default all of them. It must be given if early stopping found an
    earlier round to be the best: `XGBRegressor.predict` uses the rounds up to that one, `Booster.predict` uses all,
    and a booster that was trained further keeps the mark of its first training. The file does not contain the losses,
    so the histories are empty. Inner nodes hold the mean of their leaves, weighted by cover.

    Raises:
        ValueError: for what is not read: another booster (`gblinear`) or objective (`count:poisson`, ...), several
            targets, categories, trees with several outputs, no trees; and for n_rounds missing or out of range.

    Source: the JSON schema of XGBoost, "Introduction to Model IO" in its documentation; its version 3.2 is the guide.

    >>> split = {"left_children": [1, -1, -1], "right_children": [2, -1, -1], "split_indices": [0, 0, 0]}
    >>> numbers = {"split_conditions": [0.5, -1.0, 2.0], "sum_hessian": [4.0, 2.0, 2.0], "loss_changes": [3.0, 0, 0]}
    >>> trees = {"trees": [split | numbers | {"default_left": [1, 0, 0]}], "tree_info": [0]}
    >>> booster = {"name": "gbtree", "model": trees}
    >>> params = {"base_score": "5E-1", "num_class": "0", "num_feature": "1"}
    >>> learner = {"gradient_booster": booster, "learner_model_param": params}
    >>> model = from_xgboost({"learner": learner | {"objective": {"name": "reg:squarederror"}}})
    >>> (model.trees.value[0, :, 0] + model.offset).tolist()[1:]
    [-0.5, 2.5]
    """
    known = isinstance(model, Mapping) and "learner" in model
    require.that(known, "model must be the parsed JSON of XGBoost's save_model, a dictionary with the key 'learner'")
    learner = model["learner"]
    booster, settings = learner["gradient_booster"], learner["learner_model_param"]
    require.one_of("booster", booster.get("name"), ("gbtree", "dart"))
    content = booster["gbtree"]["model"] if booster["name"] == "dart" else booster["model"]
    link, offset = _xgboost_start(learner["objective"]["name"], settings, model.get("version", [3, 2]))
    ends = _xgboost_rounds(content, len(offset))
    best = int(learner.get("attributes", {}).get("best_iteration", -1)) + 1
    n_rounds = _n_rounds(n_rounds, len(ends) - 1, best)
    trees = [imported_trees.xgboost_tree(tree) for tree in content["trees"][: ends[n_rounds]]]
    if booster["name"] == "dart":
        kept = booster["weight_drop"][: len(trees)]
        trees = [nodes._replace(value=nodes.value * weight) for nodes, weight in zip(trees, kept, strict=True)]
    return _boosting(
        trees,
        np.asarray(content["tree_info"][: len(trees)]),
        offset,
        link=link,
        n_features=int(settings["num_feature"]),
        n_rounds=n_rounds,
        n_iter=len(ends) - 1,
        status=Status.STOPPED_EARLY if n_rounds == best else Status.FINISHED,
    )


@public
def from_lightgbm(model: Mapping[str, Any], *, n_rounds: int | None = None) -> Boosting:
    """Turn what LightGBM's `booster.dump_model()` returns into arrays.

    Read are all kinds of `boosting` (`gbdt`, `dart`, `rf`) with numeric questions and constant leaves, however they
    were grown; and the objectives

    - `regression`, `regression_l1`, `huber`, `fair`, `quantile`, `mape`, `lambdarank`, `rank_xendcg`: a regression,
      `predict` gives LightGBM's predictions;
    - `binary`, `cross_entropy`: a classifier, whose second column of `predict_proba` is what they predict;
    - `multiclass`: a classifier.

    `decision_function` gives LightGBM's raw scores (`raw_score=True`). Those of a random forest (`rf`) are divided by
    the number of rounds in use, and those of a `binary` model are multiplied by its `sigmoid`, which makes them
    log-odds. LightGBM hides where it starts in its first tree. Here the mean of each tree, weighted by the number of
    samples, is part of the offset, and the nodes hold the differences from it; so no digits are lost far from 0.

    `dump_model` itself leaves out the rounds after the best one; `n_rounds` uses fewer. The histories are empty.

    Raises:
        ValueError: for what is not read: another objective (`poisson`, `multiclassova`, ...; a custom one has no name),
            a model of the square root of y (`reg_sqrt`), categories, zero as a missing value (`zero_as_missing`),
            linear leaves (`linear_tree`), no trees; and for n_rounds out of range.

    Source: the JSON that LightGBM's `Booster.dump_model` documents; its version 4 is the guide.

    >>> leaves = [{"leaf_index": i, "leaf_value": v, "leaf_count": 2} for i, v in enumerate((-1.0, 2.0))]
    >>> root = {"split_feature": 0, "threshold": 0.5, "decision_type": "<=", "default_left": True}
    >>> root |= {"missing_type": "NaN", "split_gain": 3.0, "internal_count": 4, "internal_value": 0.5}
    >>> root |= {"left_child": leaves[0], "right_child": leaves[1]}
    >>> description = {"num_tree_per_iteration": 1, "objective": "regression", "max_feature_idx": 0}
    >>> model = from_lightgbm(description | {"tree_info": [{"tree_structure": root}]})
    >>> (model.trees.value[0, :, 0] + model.offset).tolist()
    [0.5, -1.0, 2.0]
    """
    known = isinstance(model, Mapping) and "tree_info" in model
    require.that(known, "model must be what LightGBM's dump_model returns, a dictionary with the key 'tree_info'")
    objective, *options = str(model.get("objective") or "custom").split()
    require.one_of("objective", objective, LIGHTGBM_LINKS)
    require.that("sqrt" not in options, "a LightGBM model of the square root of y (reg_sqrt) cannot be imported")
    settings = dict(option.partition(":")[::2] for option in options)
    for name in settings:
        require.one_of(f"the option of the objective {objective!r}", name, ("sigmoid", "num_class"))
    link, k, dumped = LIGHTGBM_LINKS[objective], int(model["num_tree_per_iteration"]), model["tree_info"]
    require.that((k > 1) == (link == "softmax"), f"{k} trees a round with objective {objective!r} cannot be imported")
    require.that(len(dumped) % k == 0, f"{len(dumped)} trees are no whole rounds of {k}")
    n_rounds = _n_rounds(n_rounds, len(dumped) // k)
    factor = float(settings.get("sigmoid", 1.0)) / (n_rounds if model.get("average_output") else 1)
    trees = [imported_trees.lightgbm_tree(tree["tree_structure"]) for tree in dumped[: n_rounds * k]]
    means = factor * np.array([nodes.value[0] for nodes in trees])
    return _boosting(
        [nodes._replace(value=factor * (nodes.value - nodes.value[0])) for nodes in trees],
        np.arange(len(trees)) % k,
        means.reshape(n_rounds, k).sum(axis=0),
        link=link,
        n_features=int(model["max_feature_idx"]) + 1,
        n_rounds=n_rounds,
        n_iter=len(dumped) // k,
        status=Status.FINISHED,
    )


def _xgboost_start(objective: str, settings: Mapping[str, Any], version: Sequence[int]) -> tuple[str, np.ndarray]:
    """The link of the objective, and the margin of each output before the first tree."""
    require.one_of("objective", objective, XGBOOST_LINKS)
    link, k, targets = XGBOOST_LINKS[objective], int(settings.get("num_class", 0)), int(settings.get("num_target", 1))
    require.that(targets <= 1, f"an XGBoost model of several targets (num_target = {targets}) cannot be imported")
    require.that((k > 1) == (link == "softmax"), f"num_class = {k} with objective {objective!r} cannot be imported")
    base = np.array([float(number) for number in str(settings["base_score"]).strip("[]").split(",")], np.float32)
    if objective in ("binary:logistic", "reg:logistic"):
        edge, one = np.float32(1e-6), np.float32(1)
        kept = np.clip(base, edge, one - edge)
        message = f"XGBoost before 3.2 and since then read base_score = {base} differently: it cannot be imported"
        require.that(bool(np.all(kept == base)) or tuple(version[:2]) >= (3, 2), message)
        base = -np.log(one / kept - one)  # in single precision as there: near 1 it is rounded by up to 0.07
    return link, np.broadcast_to(base, max(k, 1))


def _xgboost_rounds(content: Mapping[str, Any], k: int) -> Sequence[int]:
    """Where each round begins among the trees, and the end. Old files do not say, but their rounds are alike."""
    n_trees, parallel = len(content["trees"]), int(content.get("gbtree_model_param", {}).get("num_parallel_tree", 1))
    ends = content.get("iteration_indptr") or range(0, n_trees + 1, k * parallel)
    require.that(ends[-1] == n_trees, f"{n_trees} trees are no whole rounds of {k * parallel}")
    return ends


def _n_rounds(given: int | None, total: int, best: int = 0) -> int:
    """The number of rounds in use. `best` is the mark of early stopping; 0: there is none."""
    require.that(total > 0, "the model has no trees")
    message = f"early stopping marked round {best} of {total} as the best one: give n_rounds={best} for what"
    message += f" XGBRegressor and XGBClassifier predict, or n_rounds={total} for what Booster.predict does"
    require.that(given is not None or best in (0, total), message)
    require.between("n_rounds", total if given is None else given, 1, total)
    return total if given is None else given


def _boosting(
    trees: Sequence[Nodes],
    output: np.ndarray,
    offset: np.ndarray,
    *,
    link: str,
    n_features: int,
    n_rounds: int,
    n_iter: int,
    status: Status,
) -> Boosting:
    """Stack the trees so that tree i adds to output i % k."""
    k, dtype = len(offset), jnp.zeros(()).dtype
    order = np.stack([np.flatnonzero(output == j) for j in range(k)], axis=1).ravel()
    stacked = [trees[i] for i in order.tolist()]
    none = jnp.zeros(0, dtype)
    return Boosting(
        trees=imported_trees.stack(stacked, output=output[order].tolist(), n_outputs=k, n_features=n_features),
        offset=jnp.asarray(offset, dtype),
        classes=jnp.arange({"identity": 0, "logit": 2, "softmax": k}[link]),
        n_rounds=jnp.asarray(n_rounds),
        validation_history=none,
        history=none,
        n_iter=jnp.asarray(n_iter),
        converged=jnp.zeros((), bool),
        status=jnp.asarray(int(status)),
    )
