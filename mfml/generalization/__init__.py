"""Unit 7: generalization, regularization, trees.

- `bias_variance`: the sources of the error, measured on many data sets, and double descent.
- `ridge`: ridge regression in closed form, its path, degrees of freedom and generalized cross-validation.
- `lasso`: lasso and elastic net, and their paths. `lasso_solvers`: coordinate descent and FISTA. `elastic_net`: the
  problem that both solve.
- `dropout`: random masks, and the ridge penalty to which they are equivalent.
- `validation`: grid search, nested cross-validation, learning curves, the one-standard-error rule.
- `tree_arrays`: trees stored as arrays, with their predictions, sizes and importances.
- `tree`: a single decision tree, grown exactly or from histograms.
- `forest`: random forests with out-of-bag predictions.
- `boosting`: gradient boosting with second derivatives; `boosting_rounds`: one round of it.
- `interop`: XGBoost and LightGBM models, read into the same arrays; `imported_trees`: one tree of theirs.
- `criteria`, `binning`, `growth`, `exact_growth`, `objectives`: what trees, forests and boosting share: split
  criteria, bins, the search for splits, and losses.
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
    imported_trees,
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
    "imported_trees",
    "interop",
    "lasso",
    "lasso_solvers",
    "objectives",
    "ridge",
    "tree",
    "tree_arrays",
    "validation",
]
