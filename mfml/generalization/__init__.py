"""Unit 7: generalization, regularization, trees.

- `bias_variance`: the sources of the error, measured on many data sets; double descent.
- `ridge`: ridge regression in closed form, its path, degrees of freedom and generalized cross-validation.
- `lasso`: lasso and elastic net, and their paths. `lasso_solvers`: coordinate descent and FISTA. `elastic_net`: the
  problem that they solve.
- `dropout`: masks, and the ridge penalty that they amount to.
- `validation`: grid search, nested cross-validation, learning curves, the one-standard-error rule.
- `tree_arrays`: trees as arrays: walks, sizes, importances.
- `tree`: one decision tree, exact or by histograms.
- `forest`: random forests with out-of-bag predictions.
- `boosting`: gradient boosting with second derivatives; `boosting_rounds`: one round of it.
- `interop`: models of XGBoost and LightGBM as the same arrays.
- `criteria`, `binning`, `growth`, `exact_growth`, `objectives`: what they share: criteria of a split, bins, the search
  for splits, losses.
"""

from mfml.generalization import (
    bias_variance,
    binning,
    boosting,
    boosting_rounds,
    criteria,
    dropout,
    elastic_net,
    exact_growth,
    forest,
    growth,
    interop,
    lasso,
    lasso_solvers,
    objectives,
    ridge,
    tree,
    tree_arrays,
    validation,
)

__all__ = [
    "bias_variance",
    "binning",
    "boosting",
    "boosting_rounds",
    "criteria",
    "dropout",
    "elastic_net",
    "exact_growth",
    "forest",
    "growth",
    "interop",
    "lasso",
    "lasso_solvers",
    "objectives",
    "ridge",
    "tree",
    "tree_arrays",
    "validation",
]
