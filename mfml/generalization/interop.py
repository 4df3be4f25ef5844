r"""Models of XGBoost and LightGBM as `boosting.Boosting`, so that all functions for our models work with theirs.

Both are read from their JSON: XGBoost's file `model.json` and LightGBM's `booster.dump_model()`. Only models of trees
with constant leaves and without categories can be read. XGBoost sends x < threshold to the left. LightGBM sends
x <= threshold to the left, with thresholds in double precision. Here a threshold is rounded down to our precision,
which changes no decision for features of our precision. Shapes: t trees, m nodes in the largest, d features, k outputs.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from mfml import require
from mfml.entrance import public
from mfml.generalization.boosting import Boosting
from mfml.generalization.tree_arrays import Trees
from mfml.iteration import Status

XGBOOST_LINKS = {
    "reg:squarederror": "identity",
    "reg:squaredlogerror": "identity",
    "reg:absoluteerror": "identity",
    "reg:pseudohubererror": "identity",
    "binary:logistic": "logit",
    "reg:logistic": "logit",
    "binary:logitraw": "logit",
    "multi:softprob": "softmax",
    "multi:softmax": "softmax",
}
LIGHTGBM_LINKS = ("regression", "regression_l1", "huber", "fair", "quantile", "mape", "binary", "multiclass")


class _Node(NamedTuple):
    """One node of one tree. Children are given by their numbers; both children of a leaf are the leaf itself."""

    feature: int
    threshold: float
    missing_left: bool
    left: int
    right: int
    value: float
    cover: float
    gain: float


@public
def from_xgboost(model: Mapping[str, Any], *, n_rounds: int | None = None) -> Boosting:
    """Turn the parsed JSON of an XGBoost model into arrays.

    `n_rounds` is the number of rounds in use. By default all are used or, after early stopping, those up to the best
    one (as in `XGBRegressor.predict`). `decision_function` gives XGBoost's margins (`output_margin=True`). A
    `reg:logistic` model is read as a classifier, and what XGBoost predicts is the second column of `predict_proba`.
    The file does not contain the training losses, so the histories are empty.

    Raises:
        ValueError: for a booster without trees, an unknown objective, categories, trees with several outputs, or
            n_rounds out of range.

    Source: the JSON schema of XGBoost, "Introduction to Model IO" in its documentation.

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
    learner = model["learner"]
    booster, scale = learner["gradient_booster"], None
    if booster.get("name") == "dart":
        booster, scale = booster["gbtree"], booster["weight_drop"]
    require.one_of("booster", booster.get("name"), ("gbtree",))
    objective = learner["objective"]["name"]
    require.one_of("objective", objective, XGBOOST_LINKS)
    settings = learner["learner_model_param"]
    k = max(int(settings.get("num_class", 0)), 1)
    base = np.atleast_1d(np.asarray(_numbers(settings["base_score"])))
    if XGBOOST_LINKS[objective] == "logit":
        base = np.log(base) - np.log1p(-base)
    content = booster["model"]
    read = [_xgboost_tree(tree) for tree in content["trees"]]
    best = learner.get("attributes", {}).get("best_iteration")
    factors = np.ones(len(read)) if scale is None else np.asarray(scale, float)
    made = _model(
        read,
        content["tree_info"],
        np.broadcast_to(base, k),
        factors,
        n_rounds=n_rounds if n_rounds is not None else None if best is None else int(best) + 1,
        n_features=int(settings["num_feature"]),
        n_classes=0 if XGBOOST_LINKS[objective] == "identity" else max(k, 2),
    )
    return made if best is None else made._replace(status=jnp.asarray(int(Status.STOPPED_EARLY)))


@public
def from_lightgbm(model: Mapping[str, Any], *, n_rounds: int | None = None) -> Boosting:
    """Turn what LightGBM's `booster.dump_model()` returns into arrays.

    `dump_model` itself leaves out the rounds after the best one. `decision_function` gives LightGBM's raw scores
    (`raw_score=True`). For a `binary` model with `sigmoid` s, they are multiplied by s, which makes them log-odds. The
    histories are empty.

    Raises:
        ValueError: for a model without trees, an unknown objective, a model of the square root of y, categories, zero
            as a missing value, or n_rounds out of range.

    Source: the JSON that LightGBM's `Booster.dump_model` documents.

    >>> leaves = [{"leaf_index": i, "leaf_value": v, "leaf_count": 2} for i, v in enumerate((-1.0, 2.0))]
    >>> root = {"split_feature": 0, "threshold": 0.5, "decision_type": "<=", "default_left": True}
    >>> root |= {"missing_type": "NaN", "split_gain": 3.0, "internal_count": 4, "internal_value": 0.5}
    >>> root |= {"left_child": leaves[0], "right_child": leaves[1]}
    >>> description = {"num_tree_per_iteration": 1, "objective": "regression", "max_feature_idx": 0}
    >>> model = from_lightgbm(description | {"tree_info": [{"tree_structure": root}]})
    >>> model.trees.value[0, :, 0].tolist()
    [0.5, -1.0, 2.0]
    """
    objective, *options = str(model.get("objective", "")).split()
    require.one_of("objective", objective, LIGHTGBM_LINKS)
    settings = dict(option.split(":", 1) for option in options if ":" in option)
    require.that("sqrt" not in options, "a LightGBM model of the square root of y cannot be imported")
    k = int(model["num_tree_per_iteration"])
    read = [_lightgbm_tree(tree["tree_structure"]) for tree in model["tree_info"]]
    factor = float(settings.get("sigmoid", 1.0)) if objective == "binary" else 1.0
    if model.get("average_output"):
        factor /= len(read) / k
    return _model(
        read,
        [i % k for i in range(len(read))],
        np.zeros(k),
        np.full(len(read), factor),
        n_rounds=n_rounds,
        n_features=int(model["max_feature_idx"]) + 1,
        n_classes={"binary": 2, "multiclass": k}.get(objective, 0),
    )


def _numbers(text: str | float) -> Any:
    """A number, or a list of them, as XGBoost writes it: "5E-1" or "[5E-1]"."""
    return [float(part) for part in str(text).strip("[]").split(",")]


def _xgboost_tree(tree: Mapping[str, Any]) -> list[_Node]:
    require.that(not tree.get("categories_nodes"), "an XGBoost model with categorical features cannot be imported")
    size = int(tree.get("tree_param", {}).get("size_leaf_vector", 1))
    require.that(size <= 1, "an XGBoost model whose trees have several outputs cannot be imported")
    nodes = []
    for i, left in enumerate(tree["left_children"]):
        leaf, condition = left < 0, tree["split_conditions"][i]
        below = np.nextafter(np.float32(condition), np.float32(-np.inf))  # x < t is x <= the number below t
        nodes.append(
            _Node(
                feature=0 if leaf else tree["split_indices"][i],
                threshold=np.inf if leaf else float(below),
                missing_left=bool(tree["default_left"][i]),
                left=i if leaf else left,
                right=i if leaf else tree["right_children"][i],
                value=condition if leaf else tree.get("base_weights", tree["split_conditions"])[i],
                cover=tree["sum_hessian"][i],
                gain=0.0 if leaf else tree["loss_changes"][i],
            )
        )
    return nodes


def _lightgbm_tree(root: Mapping[str, Any]) -> list[_Node]:
    nodes: list[_Node] = []
    waiting: list[tuple[Mapping[str, Any], int, str]] = [(root, -1, "")]
    while waiting:
        node, parent, side = waiting.pop()
        own = len(nodes)
        if parent >= 0:
            linked = nodes[parent]
            nodes[parent] = linked._replace(left=own) if side == "left" else linked._replace(right=own)
        nodes.append(_lightgbm_node(node, own))
        if "split_feature" in node:
            waiting += [(node["right_child"], own, "right"), (node["left_child"], own, "left")]
    return nodes


def _lightgbm_node(node: Mapping[str, Any], own: int) -> _Node:
    if "split_feature" not in node:
        cover = float(node.get("leaf_count", 0))
        return _Node(0, np.inf, True, own, own, float(node["leaf_value"]), cover, 0.0)
    require.one_of("decision_type", node["decision_type"], ("<=",))
    require.one_of("missing_type", node["missing_type"], ("None", "NaN"))
    threshold = float(node["threshold"])
    missing_left = node["default_left"] if node["missing_type"] == "NaN" else threshold >= 0  # or NaN counts as 0
    return _Node(
        feature=node["split_feature"],
        threshold=threshold,
        missing_left=bool(missing_left),
        left=own,
        right=own,
        value=float(node["internal_value"]),
        cover=float(node["internal_count"]),
        gain=float(node["split_gain"]),
    )


def _model(
    read: Sequence[list[_Node]],
    output: Sequence[int],
    base: np.ndarray,
    factors: np.ndarray,
    *,
    n_rounds: int | None,
    n_features: int,
    n_classes: int,
) -> Boosting:
    """Pad all trees to the same size and stack them."""
    k, dtype = len(base), jnp.zeros(()).dtype
    require.that(len(read) > 0, "the model has no trees")
    total = len(read) // k
    rounds = total if n_rounds is None else n_rounds
    require.between("n_rounds", rounds, 1, total)
    read, m = read[: rounds * k], max(map(len, read[: rounds * k]))
    padded = [nodes + [_Node(0, np.inf, True, i, i, 0.0, 0.0, 0.0) for i in range(len(nodes), m)] for nodes in read]
    columns = {name: np.array([[getattr(node, name) for node in nodes] for nodes in padded]) for name in _Node._fields}
    value = columns["value"] * factors[: len(read), None]
    by_output = value[:, :, None] * np.eye(k)[np.asarray(output)[: len(read)]][:, None, :]
    rows = np.arange(len(read))[:, None]
    gain_of_feature = np.zeros((len(read), n_features))
    np.add.at(gain_of_feature, (rows, columns["feature"]), columns["gain"])
    none = jnp.zeros(0, dtype)
    return Boosting(
        trees=Trees(
            feature=jnp.asarray(columns["feature"], jnp.int32),
            threshold=jnp.asarray(_round_down(columns["threshold"], dtype)),
            missing_left=jnp.asarray(columns["missing_left"]),
            left=jnp.asarray(columns["left"], jnp.int32),
            right=jnp.asarray(columns["right"], jnp.int32),
            value=jnp.asarray(by_output, dtype),
            cover=jnp.asarray(columns["cover"], dtype),
            gain=jnp.asarray(columns["gain"], dtype),
            gain_of_feature=jnp.asarray(gain_of_feature, dtype),
        ),
        offset=jnp.asarray(base, dtype),
        classes=jnp.arange(n_classes),
        n_rounds=jnp.asarray(rounds),
        validation_history=none,
        history=none,
        n_iter=jnp.asarray(total),
        converged=jnp.zeros((), bool),
        status=jnp.asarray(int(Status.FINISHED)),
    )


def _round_down(threshold: np.ndarray, dtype: Any) -> np.ndarray:
    """Return the largest numbers of this precision that do not exceed the thresholds."""
    with np.errstate(over="ignore"):  # LightGBM's largest threshold, for "missing or not", becomes infinite
        rounded = threshold.astype(dtype)
    return np.where(rounded > threshold, np.nextafter(rounded, np.asarray(-np.inf, dtype)), rounded)
