"""Unit 7: generalization, regularization, trees.

- `bias_variance`: where the error comes from, measured over many data sets; double descent.
- `ridge`: ridge regression in closed form, its path, degrees of freedom and generalized cross-validation.
- `lasso`: lasso and elastic net by coordinate descent and FISTA; paths. `elastic_net`: what they minimize.
- `dropout`: masks, and the ridge penalty that they amount to.
- `validation`: grid search, nested cross-validation, learning curves, the one-standard-error rule.
- `tree_arrays`: trees as arrays: walks, sizes, importances.
- `tree`: one decision tree, exact or by histograms.
- `forest`: random forests with out-of-bag predictions.
- `boosting`: gradient boosting with second derivatives; `boosting_rounds`: one round of it.
- `interop`: models of XGBoost and LightGBM as the same arrays.
- `binning`, `growth`, `exact_growth`, `objectives`: bins, the search for splits, and the losses that they share.
"""

from mfml.generalization import (
    bias_variance,
    binning,
    boosting,
    boosting_rounds,
    dropout,
    elastic_net,
    exact_growth,
    forest,
    growth,
    interop,
    lasso,
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
    "dropout",
    "elastic_net",
    "exact_growth",
    "forest",
    "growth",
    "interop",
    "lasso",
    "objectives",
    "ridge",
    "tree",
    "tree_arrays",
    "validation",
]
