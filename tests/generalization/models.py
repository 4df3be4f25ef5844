"""Two small models in the JSON of their libraries, written by hand."""

XGBOOST = {
    "learner": {
        "attributes": {"best_iteration": "1"},
        "learner_model_param": {"base_score": "[5E-1]", "num_class": "0", "num_feature": "2"},
        "objective": {"name": "reg:squarederror"},
        "gradient_booster": {
            "name": "gbtree",
            "model": {
                "tree_info": [0, 0, 0],
                "trees": [
                    {  # x0 < 1: -1; else, x1 < 0.25 or missing: 2, else 3; a missing x0 goes to the right
                        "tree_param": {"size_leaf_vector": "1"},
                        "left_children": [1, -1, 3, -1, -1],
                        "right_children": [2, -1, 4, -1, -1],
                        "split_indices": [0, 0, 1, 0, 0],
                        "split_conditions": [1.0, -1.0, 0.25, 2.0, 3.0],
                        "default_left": [0, 0, 1, 0, 0],
                        "base_weights": [0.1, -1.0, 2.5, 2.0, 3.0],
                        "sum_hessian": [10.0, 6.0, 4.0, 3.0, 1.0],
                        "loss_changes": [7.0, 0.0, 2.0, 0.0, 0.0],
                        "categories_nodes": [],
                    },
                    {  # a lone leaf
                        "left_children": [-1],
                        "right_children": [-1],
                        "split_indices": [0],
                        "split_conditions": [0.125],
                        "default_left": [0],
                        "base_weights": [0.125],
                        "sum_hessian": [10.0],
                        "loss_changes": [0.0],
                    },
                    {  # after the best round
                        "left_children": [-1],
                        "right_children": [-1],
                        "split_indices": [0],
                        "split_conditions": [100.0],
                        "default_left": [0],
                        "base_weights": [100.0],
                        "sum_hessian": [10.0],
                        "loss_changes": [0.0],
                    },
                ],
            },
        },
    }
}


def _split(feature, threshold, left, right, *, missing="None", default_left=True):
    return {
        "split_feature": feature,
        "threshold": threshold,
        "decision_type": "<=",
        "default_left": default_left,
        "missing_type": missing,
        "split_gain": 1.0,
        "internal_value": 0.0,
        "internal_count": 4,
        "left_child": left,
        "right_child": right,
    }


def _leaf(value):
    return {"leaf_index": 0, "leaf_value": value, "leaf_count": 2}


LIGHTGBM = {
    "max_feature_idx": 1,
    "num_class": 1,
    "num_tree_per_iteration": 1,
    "objective": "binary sigmoid:2",
    "tree_info": [
        {"tree_structure": _split(0, 1.0, _leaf(-1.0), _split(1, 0.25, _leaf(2.0), _leaf(3.0)), missing="NaN")},
        {"tree_structure": _split(1, -0.5, _leaf(10.0), _leaf(20.0))},  # no missing values seen: they count as 0
        {"tree_structure": _leaf(0.5)},
    ],
}

XGBOOST_TREES = XGBOOST["learner"]["gradient_booster"]["model"]["trees"]
LIGHTGBM_TREES = [tree["tree_structure"] for tree in LIGHTGBM["tree_info"]]
