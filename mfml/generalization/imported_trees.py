r"""Trees that another library has grown: one table of nodes a tree, then the arrays of `tree_arrays`.

Node 0 is the root. The tables are in double precision; `stack` rounds each threshold down to our precision, which
changes no decision about a feature of our precision. XLA reads numbers below the smallest normal one (1.2e-38) as 0,
so no threshold lies between them and 0.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from mfml import require
from mfml.entrance import public
from mfml.generalization.tree_arrays import Trees

LIGHTGBM_ZERO = float(np.float32(1e-35))  # LightGBM reads all that is not larger than this as 0


class Nodes(NamedTuple):
    """The table of one tree: a column of m entries a field. Both children of a leaf are the leaf itself."""

    feature: np.ndarray  # 0 in leaves
    threshold: np.ndarray  # the largest number that goes left; infinite in leaves
    missing_left: np.ndarray  # where a missing value goes
    left: np.ndarray
    right: np.ndarray
    value: np.ndarray  # what a leaf adds to the score; in an inner node the mean of its leaves, weighted by cover
    cover: np.ndarray  # XGBoost: sum of second derivatives; LightGBM: number of samples
    gain: np.ndarray  # 0 in leaves


@public
def xgboost_tree(entry: Mapping[str, Any]) -> Nodes:
    """Read one entry of `trees` in the JSON of an XGBoost model. XGBoost sends x < threshold to the left.

    Raises:
        ValueError: for categories, several outputs, or children that form no tree.

    >>> links = {"left_children": [1, -1, -1], "right_children": [2, -1, -1], "split_indices": [3, 0, 0]}
    >>> numbers = {"split_conditions": [0.5, -1.0, 2.0], "sum_hessian": [4.0, 2.0, 2.0], "loss_changes": [3.0, 0, 0]}
    >>> xgboost_tree(links | numbers | {"default_left": [1, 0, 0]}).value.tolist()
    [0.5, -1.0, 2.0]
    """
    categories = entry.get("categories_nodes") or any(entry.get("split_type", ()))
    require.that(not categories, "an XGBoost model with categorical features cannot be imported")
    outputs = int(entry.get("tree_param", {}).get("size_leaf_vector", 1))
    require.that(outputs <= 1, "an XGBoost model whose trees have several outputs cannot be imported")
    left, right = np.asarray(entry["left_children"]), np.asarray(entry["right_children"])
    own, leaf, condition = np.arange(len(left)), left < 0, np.asarray(entry["split_conditions"], np.float32)
    nodes = Nodes(
        feature=np.where(leaf, 0, entry["split_indices"]),
        threshold=np.where(leaf, np.inf, _largest_below(condition)),
        missing_left=np.asarray(entry["default_left"], bool),
        left=np.where(leaf, own, left),
        right=np.where(leaf, own, right),
        value=condition.astype(float),
        cover=np.asarray(entry["sum_hessian"], float),
        gain=np.where(leaf, 0.0, entry["loss_changes"]),
    )
    return _average(nodes)


@public
def lightgbm_tree(root: Mapping[str, Any]) -> Nodes:
    """Read one `tree_structure` of what LightGBM dumps. LightGBM sends x <= threshold to the left, and 1e-35 is its 0.

    Raises:
        ValueError: for categories, zero as a missing value, or linear leaves.

    >>> lightgbm_tree({"leaf_value": 2.0, "leaf_count": 5}).value.tolist()
    [2.0]
    """
    nodes, left, right = [root], [], []
    for own, node in enumerate(nodes):  # which grows here
        leaf = "split_feature" not in node
        left.append(own if leaf else len(nodes))
        right.append(own if leaf else len(nodes) + 1)
        nodes += [] if leaf else [node["left_child"], node["right_child"]]
    rows = [_lightgbm_node(node) for node in nodes]
    feature, threshold, missing_left, value, cover, gain = (np.array(column) for column in zip(*rows, strict=True))
    table = Nodes(feature, threshold, missing_left, np.array(left), np.array(right), value, cover, gain)
    return _average(table)


@public
def stack(trees: Sequence[Nodes], *, output: Sequence[int], n_outputs: int, n_features: int) -> Trees:
    """Pad all trees to one size. Tree i adds to column `output[i]` of the `n_outputs` columns of the prediction.

    Raises:
        ValueError: if there is no tree.

    >>> zero = np.zeros(1)
    >>> lone_leaf = Nodes(zero, zero + np.inf, zero, zero, zero, zero + 4.0, zero, zero)
    >>> stack([lone_leaf, lone_leaf], output=[0, 1], n_outputs=2, n_features=1).value.tolist()
    [[[4.0, 0.0]], [[0.0, 4.0]]]
    """
    require.that(len(trees) > 0, "the model has no trees")
    t, m, dtype = len(trees), max(len(tree.left) for tree in trees), jnp.zeros(()).dtype

    def column(name: str, empty: Any) -> np.ndarray:
        table = np.tile(empty, (t, 1))
        for row, tree in zip(table, trees, strict=True):
            row[: len(tree.left)] = getattr(tree, name)
        return table

    own, zeros, rows = np.arange(m), np.zeros(m), np.arange(t)[:, None]
    feature, gain = column("feature", own * 0), column("gain", zeros)
    value, gain_of_feature = np.zeros((t, m, n_outputs)), np.zeros((t, n_features))
    value[rows, own, np.asarray(output)[:, None]] = column("value", zeros)
    np.add.at(gain_of_feature, (rows, feature), gain)
    return Trees(
        feature=jnp.asarray(feature, jnp.int32),
        threshold=jnp.asarray(_round_down(column("threshold", zeros + np.inf), dtype)),
        missing_left=jnp.asarray(column("missing_left", own >= 0)),
        left=jnp.asarray(column("left", own), jnp.int32),
        right=jnp.asarray(column("right", own), jnp.int32),
        value=jnp.asarray(value, dtype),
        cover=jnp.asarray(column("cover", zeros), dtype),
        gain=jnp.asarray(gain, dtype),
        gain_of_feature=jnp.asarray(gain_of_feature, dtype),
    )


def _largest_below(condition: np.ndarray) -> np.ndarray:
    """The largest numbers of double precision that single precision rounds to less than the conditions."""
    half_way = (condition.astype(float) + np.nextafter(condition, np.float32(-np.inf))) / 2
    return np.where(half_way.astype(np.float32) < condition, half_way, np.nextafter(half_way, -np.inf))


def _lightgbm_node(node: Mapping[str, Any]) -> tuple[int, float, bool, float, float, float]:
    """Feature, threshold, whether a missing value goes left, value, cover, gain."""
    if "split_feature" not in node:
        require.that("leaf_coeff" not in node, "a LightGBM model with linear leaves (linear_tree) cannot be imported")
        return 0, np.inf, True, float(node["leaf_value"]), float(node.get("leaf_count", 0)), 0.0
    kind, missing = node["decision_type"], node["missing_type"]
    require.that(kind != "==", "a LightGBM model with categorical features (decision_type '==') cannot be imported")
    require.that(missing != "Zero", "a LightGBM model for which zero is missing (zero_as_missing) cannot be imported")
    require.one_of("decision_type", kind, ("<=",))
    require.one_of("missing_type", missing, ("None", "NaN"))
    threshold = float(node["threshold"])
    missing_left = bool(node["default_left"]) if missing == "NaN" else threshold >= 0  # or NaN counts as 0
    if abs(threshold) <= LIGHTGBM_ZERO:
        threshold = LIGHTGBM_ZERO if threshold >= 0 else float(np.nextafter(-LIGHTGBM_ZERO, -np.inf))
    cover, gain = float(node["internal_count"]), float(node["split_gain"])
    return int(node["split_feature"]), threshold, missing_left, 0.0, cover, gain


def _average(nodes: Nodes) -> Nodes:
    """Give each inner node the mean of the leaves below it, weighted by their cover (equally where that is 0)."""
    left, right, cover, value = (np.asarray(a).tolist() for a in (nodes.left, nodes.right, nodes.cover, nodes.value))
    order = [0]
    for node in order:  # which grows here: parents come before their children
        if left[node] != node:
            order += [left[node], right[node]]
        broken = len(order) > len(left) or not all(0 <= child < len(left) for child in order[-2:])
        require.that(not broken, f"the children of node {node} do not belong to a tree of {len(left)} nodes")
    for node in reversed(order):
        a, b = left[node], right[node]
        if a != node:
            both = cover[a] + cover[b]
            share = cover[a] / both if both > 0 else 0.5
            value[node] = share * value[a] + (1 - share) * value[b]
    return nodes._replace(value=np.asarray(value, float))


def _round_down(threshold: np.ndarray, dtype: Any) -> np.ndarray:
    """Return the largest normal numbers of this precision, or 0, that do not exceed the thresholds."""
    with np.errstate(over="ignore", under="ignore"):
        rounded = threshold.astype(dtype)
    rounded = np.where(rounded > threshold, np.nextafter(rounded, np.asarray(-np.inf, dtype)), rounded)
    tiny = np.finfo(dtype).tiny
    return np.where(np.abs(rounded) < tiny, np.where(rounded < 0, -tiny, np.zeros((), dtype)), rounded)
