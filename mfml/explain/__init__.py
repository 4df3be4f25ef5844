"""Unit 14: explainability, limits, scientific trust.

- `shapley`, `kernel_shap`: Shapley values of any model: exact, by random orders, and by a weighted regression
- `coalitions`, `attribution`: what a model predicts if some features are known; results and their summary
- `tree_shap`, `tree_interactions`: Shapley values of trees, forests and boosted trees, and of pairs of features
- `causal`, `chains`: structural models, interventions, and ways from a cause to an effect
- `adjustment`, `notears`: effects from observed data, and graphs
- `counterfactual`: the smallest change that gives the wanted prediction
- `mahalanobis`, `shift`, `drift`: scores of unknown samples, and tests of whole sets
- `fairness`: errors of groups
- `semantics`: six levels of explanation, and data cards as text
- `tree_sums`, `tree_walk`, `tree_rules`, `tree_paths`: what these are made of
- `lime`: a linear model around one sample
- `integrated_gradients`, `saliency`: gradients along a way, at a sample, around it, and in a layer of a network
- `sensitivity`, `screening`: shares of the variance of the output (Sobol), elementary effects (Morris), one at a time
- `importance`, `effects`: what a model loses without a feature; partial dependence, single curves, and local effects
- `asking`: outputs of a model for many rows
"""

from mfml.explain import (
    adjustment,
    asking,
    attribution,
    causal,
    chains,
    coalitions,
    counterfactual,
    drift,
    effects,
    fairness,
    importance,
    integrated_gradients,
    kernel_shap,
    lime,
    mahalanobis,
    notears,
    saliency,
    screening,
    semantics,
    sensitivity,
    shapley,
    shift,
    tree_interactions,
    tree_paths,
    tree_rules,
    tree_shap,
    tree_sums,
    tree_walk,
)

__all__ = [
    "adjustment",
    "asking",
    "attribution",
    "causal",
    "chains",
    "coalitions",
    "counterfactual",
    "drift",
    "effects",
    "fairness",
    "importance",
    "integrated_gradients",
    "kernel_shap",
    "lime",
    "mahalanobis",
    "notears",
    "saliency",
    "screening",
    "semantics",
    "sensitivity",
    "shapley",
    "shift",
    "tree_interactions",
    "tree_paths",
    "tree_rules",
    "tree_shap",
    "tree_sums",
    "tree_walk",
]
