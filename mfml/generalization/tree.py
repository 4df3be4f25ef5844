r"""Decision trees (CART) for regression and classification. Shapes: n and m samples, d features, k classes.

A tree asks one question about one feature at each node. The question is chosen so that both sides are as pure as
possible. A leaf predicts the mean of its samples or, for classes, their shares. The tree grows level by level to the
depth `max_depth`, which sets the size of the arrays: 2^(max_depth + 1) - 1 nodes.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Num

from mfml import require
from mfml.entrance import public
from mfml.generalization import binning, criteria, exact_growth, growth, tree_arrays
from mfml.generalization.tree_arrays import Trees
from mfml.numerics.absent import may_miss, present
from mfml.numerics.domain import NON_NEGATIVE, between, checked
from mfml.risk import metrics

SOLVERS = ("histogram", "exact")


@public
@checked(weights=NON_NEGATIVE, min_samples_leaf=between(0))
def fit(
    x: Float[Array, "n d"],
    y: Num[Array, " n"],
    *,
    weights: Float[Array, " n"] | None = None,
    criterion: str = "squared_error",
    max_depth: int = 5,
    min_samples_leaf: ArrayLike = 1.0,
    solver: str = "histogram",
    max_bins: int = binning.MAX_BINS,
    n_classes: int | None = None,
) -> Trees:
    r"""Grow one tree. Each node is split where the impurity times the weight decreases most.

    The impurity of a node with class shares $p_k$ is $\sum_k p_k (1 - p_k)$ (`gini`) or $-\sum_k p_k \ln p_k$ in nats
    (`entropy`). For a regression it is the variance with divisor n (`squared_error`). There are two solvers:

    - `histogram` looks for thresholds among the edges of at most `max_bins` bins per feature. Missing values (NaN) go
      to the side with the larger gain, or to the left if the node has none.
    - `exact` tries all thresholds halfway between neighboring values. Missing values go to the right.

    Both divide the training samples in the same way if no value is missing and no feature has more than `max_bins`
    different values. A split that improves nothing is not made (scikit-learn makes it). Ties go to the first feature
    and, within a feature, to the lowest threshold. The `value` of a leaf is the mean of y, or the shares of the
    classes.

    Args:
        x: features; NaN is a missing value.
        y: targets; for `gini` and `entropy` labels 0, 1, ...
        weights: non-negative, one per sample; all 1 if left out. A sample of weight 0 has no influence. Others do not
            weigh in the choice of bins where a feature has more than `max_bins` different values.
        criterion: one of `criteria.CRITERIA`; static.
        max_depth: largest number of questions that a sample is asked, 1 to 14; static.
        min_samples_leaf: smallest sum of weights in a leaf.
        solver: one of `SOLVERS`; static.
        max_bins: bins per feature; static.
        n_classes: for `gini` and `entropy`; inferred from y if left out, but needed within `jit`; static.

    Raises:
        ValueError: if shapes do not fit, an option is unknown or out of range, or labels do not fit.

    Source: Breiman et al. (1984), Classification and Regression Trees; Murphy (2012), section
    16.2.

    >>> x, y = jnp.array([[0.0], [1.0], [2.0], [3.0]]), jnp.array([1.0, 1.0, 4.0, 6.0])
    >>> predict(fit(x, y, max_depth=1), x).tolist()
    [1.0, 1.0, 5.0, 5.0]
    """
    require.rank("x", x, 2)
    require.samples(x, y, weights)
    require.one_of("solver", solver, SOLVERS)
    static = {"criterion": criterion, "max_depth": max_depth, "solver": solver, "max_bins": max_bins}
    classes = criteria.n_classes(y, criterion=criterion, given=n_classes)
    missing = weights is not None or may_miss(x)
    return _fit(x, y, weights, min_samples_leaf, n_classes=classes, missing=missing, **static)


@partial(jax.jit, static_argnames=("criterion", "max_depth", "solver", "max_bins", "n_classes", "missing"))
def _fit(
    x: Array,
    y: Array,
    weights: Array | None,
    min_samples_leaf: ArrayLike,
    *,
    criterion: str,
    max_depth: int,
    solver: str,
    max_bins: int,
    n_classes: int | None,
    missing: bool,
) -> Trees:
    w = jnp.ones(len(x), x.dtype) if weights is None else weights.astype(x.dtype)
    x = x if weights is None else jnp.where(w[:, None] == 0, jnp.nan, x)
    size = criteria.spread(present(weights, y).astype(x.dtype)) if n_classes is None else jnp.ones((), x.dtype)
    statistics, shift = criteria.statistics(y / size, w, n_classes=n_classes)
    shift = jnp.where(jnp.isnan(min_samples_leaf), jnp.nan, shift)
    zero = jnp.zeros((), x.dtype)
    limits = growth.Limits(zero, jnp.asarray(min_samples_leaf, x.dtype), zero)
    score = criteria.CRITERIA[criterion]
    if solver == "exact":
        grown = exact_growth.grow(x, statistics, limits, max_depth=max_depth, score=score)
        thresholds = [split.threshold for split in grown.splits]
    else:
        ends = binning.edges(x, max_bins=max_bins)
        bins = binning.transform(ends, x)
        grown = growth.grow(
            bins, statistics, limits, n_bins=max_bins + 1, max_depth=max_depth, score=score, missing=missing
        )
        thresholds = growth.thresholds_of_bins(ends, grown.splits)
    found = growth.assemble(grown, thresholds, partial(criteria.leaf_mean, shift=shift), n_features=x.shape[1])
    return tree_arrays.in_units(found, size)


@public
@jax.jit
def predict(model: Trees, x: Float[Array, "m d"]) -> Num[Array, " m"]:
    """Predict the mean of the leaf in units of y, or the label of its most frequent class; ties go to the smallest.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    >>> regressor = tree_arrays.stump(0, 0.5, jnp.array([[0.0], [1.0], [2.0]]))
    >>> predict(regressor, jnp.array([[0.0], [1.0]])).tolist()
    [1.0, 2.0]
    >>> classifier = tree_arrays.stump(0, 0.5, jnp.array([[0.5, 0.5], [1.0, 0.0], [0.2, 0.8]]))
    >>> predict(classifier, jnp.array([[0.0], [1.0]])).tolist()
    [0, 1]
    """
    value = tree_arrays.total(model, x)
    return jnp.argmax(value, axis=1) if value.shape[1] > 1 else value[:, 0]


@public
@jax.jit
def predict_proba(model: Trees, x: Float[Array, "m d"]) -> Float[Array, "m k"]:
    """Return the shares of the classes in the leaf.

    Raises:
        ValueError: for a regression tree, or unless x has as many columns as in the fit.

    >>> classifier = tree_arrays.stump(0, 0.5, jnp.array([[0.5, 0.5], [1.0, 0.0], [0.2, 0.8]]))
    >>> predict_proba(classifier, jnp.array([[0.0]])).tolist()
    [[1.0, 0.0]]
    """
    tree_arrays.require_classes(model)
    return tree_arrays.total(model, x)


@public
@jax.jit
def score(
    model: Trees, x: Float[Array, "n d"], y: Num[Array, " n"], *, weights: Float[Array, " n"] | None = None
) -> Float[Array, ""]:
    """Return the accuracy of a classification tree, and $R^2$ of a regression tree, see `mfml.risk.metrics`.

    Raises:
        ValueError: if shapes do not fit.

    >>> stump = tree_arrays.stump(0, 0.5, jnp.array([[0.0], [1.0], [2.0]]))
    >>> round(score(stump, jnp.array([[0.0], [1.0], [2.0]]), jnp.array([1.0, 2.0, 3.0])).item(), 4)
    0.5
    """
    measure = metrics.accuracy if model.value.shape[-1] > 1 else metrics.r2
    require.samples(x, y, weights)
    return measure(predict(model, x), y, weights=weights).astype(model.value.dtype)
