r"""Decision trees (CART) for regression and classification. Shapes: n samples, d features, k outputs or classes.

A tree asks one feature a question at each node, such that the two sides are as pure as possible; a leaf predicts
the mean of its samples (classification: the shares of the classes). Here it grows level by level to a depth
`max_depth`, which sets the size of the arrays, 2^(max_depth + 1) - 1 nodes.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Num

from mfml import require
from mfml.generalization import binning, exact_growth, growth, tree_arrays
from mfml.generalization.tree_arrays import Trees

CRITERIA = {"squared_error": growth.squared, "gini": growth.squared, "entropy": growth.entropy}
SPLITTERS = ("histogram", "exact")


@partial(jax.jit, static_argnames=("criterion", "max_depth", "solver", "max_bins", "n_classes", "min_samples_leaf"))
def fit(
    x: Float[Array, "n d"],
    y: Num[Array, " n"],
    *,
    weights: Float[Array, " n"] | None = None,
    criterion: str = "squared_error",
    max_depth: int = 5,
    min_samples_leaf: float = 1.0,
    solver: str = "histogram",
    max_bins: int = binning.MAX_BINS,
    n_classes: int | None = None,
) -> Trees:
    r"""Grow one tree: at each node, the split with the largest fall of the impurity times the weight.

    Impurities of a node with class shares $p_k$: $\sum_k p_k (1 - p_k)$ (`gini`), $-\sum_k p_k \ln p_k$ in nats
    (`entropy`); of a regression: the variance with divisor n (`squared_error`). Splitters:

    - `histogram` looks for thresholds among the edges of at most `max_bins` bins a feature. Missing values (NaN) go
      to the side that is better for them; to the left where there were none.
    - `exact` tries all thresholds half way between neighboring values; missing values go to the right.

    Both give the same tree of the training samples where no feature has more than `max_bins` different values. A
    split that improves nothing is not made (scikit-learn makes it). Of equal gains the first feature's wins, and of
    equal thresholds the lowest. `value` of a leaf is the mean of y, or the shares of the classes.

    Args:
        x: features; NaN is a missing value.
        y: targets; labels 0 to n_classes - 1 for `gini` and `entropy`.
        weights: non-negative, one a sample; all 1 if left out; a sample of weight 0 takes no part.
        criterion: one of `CRITERIA`; static.
        max_depth: number of questions a sample is asked at most, 1 to 14; static.
        min_samples_leaf: smallest weight of a leaf; static.
        solver: one of `SPLITTERS`; static.
        max_bins: bins a feature; static.
        n_classes: for `gini` and `entropy`; static.

    Raises:
        ValueError: if shapes do not fit, an option is unknown or out of range, or n_classes is missing.

    Source: Breiman et al. (1984), Classification and Regression Trees; Murphy (2012), section
    16.2.

    >>> x, y = jnp.array([[0.0], [1.0], [2.0], [3.0]]), jnp.array([1.0, 1.0, 4.0, 6.0])
    >>> predict(fit(x, y, max_depth=1), x).tolist()
    [1.0, 1.0, 5.0, 5.0]
    """
    check(x, y, weights, criterion=criterion, max_depth=max_depth)
    require.one_of("splitter", solver, SPLITTERS)
    w = jnp.ones(len(x), x.dtype) if weights is None else weights.astype(x.dtype)
    targets, shift = statistics_of(y, w, criterion=criterion, n_classes=n_classes)
    statistics = jnp.concatenate([targets * w, w[None]])
    limits = growth.Limits(*(jnp.asarray(limit, targets.dtype) for limit in (0.0, min_samples_leaf, 0.0)))
    score = CRITERIA[criterion]
    if solver == "exact":
        grown = exact_growth.grow(x, statistics, limits, max_depth=max_depth, score=score)
        thresholds = [split.threshold for split in grown.splits]
    else:
        ends = binning.edges(x, max_bins=max_bins)
        bins = binning.transform(ends, x)
        grown = growth.grow(bins, statistics, limits, n_bins=max_bins + 1, max_depth=max_depth, score=score)
        thresholds = growth.thresholds_of_bins(ends, grown.splits)
    return growth.assemble(grown, thresholds, partial(mean_of_leaf, shift=shift))


def predict(model: Trees, x: Float[Array, "m d"]) -> Float[Array, " m"]:
    """Predict the mean of the leaf, in units of y.

    >>> stump = tree_arrays.stump(0, 0.5, jnp.array([[0.0], [1.0], [2.0]]))
    >>> predict(stump, jnp.array([[0.0], [1.0]])).tolist()
    [1.0, 2.0]
    """
    return tree_arrays.total(model, x)[:, 0]


def predict_proba(model: Trees, x: Float[Array, "m d"]) -> Float[Array, "m k"]:
    """Return the shares of the classes in the leaf.

    >>> stump = tree_arrays.stump(0, 0.5, jnp.array([[0.5, 0.5], [1.0, 0.0], [0.2, 0.8]]))
    >>> predict_proba(stump, jnp.array([[0.0]])).tolist()
    [[1.0, 0.0]]
    """
    return tree_arrays.total(model, x)


def classify(tree: Trees, x: Float[Array, "m d"]) -> Int[Array, " m"]:
    """Return the most frequent class of the leaf; the smallest number of equals.

    >>> classify(
    ...     tree_arrays.stump(0, 0.5, jnp.array([[0.5, 0.5], [1.0, 0.0], [0.2, 0.8]])), jnp.array([[1.0]])
    ... ).tolist()
    [1]
    """
    return jnp.argmax(predict_proba(tree, x), axis=1)


def gini(counts: Float[Array, "*q k"]) -> Float[Array, "*q"]:
    r"""Gini's impurity $1 - \sum_k p_k^2$ of class counts or weights; 0 for an empty node.

    It is the chance that two samples drawn with replacement are of different classes.

    >>> gini(jnp.array([[2.0, 2.0], [4.0, 0.0]])).tolist()
    [0.5, 0.0]
    """
    total = jnp.sum(counts, axis=-1, keepdims=True)
    share = counts / jnp.where(total > 0, total, 1.0)
    return jnp.where(total[..., 0] > 0, 1 - jnp.sum(share**2, axis=-1), 0.0)


def mean_of_leaf(sums: Float[Array, "c m"], *, shift: Float[Array, " k"]) -> Float[Array, "k m"]:
    """Turn the sums of nodes into predictions: weighted mean plus `shift`; the shift alone for an empty node.

    >>> mean_of_leaf(jnp.array([[6.0], [2.0]]), shift=jnp.array([1.0])).tolist()
    [[4.0]]
    """
    return sums[:-1] / jnp.where(sums[-1] > 0, sums[-1], 1.0) + shift[:, None]


def statistics_of(
    y: Num[Array, " n"], weights: Float[Array, " n"], *, criterion: str, n_classes: int | None
) -> tuple[Float[Array, "k n"], Float[Array, " k"]]:
    """Return what a criterion averages, one row an output, and the shift to add again.

    That is y less its mean, and the mean; or for each class where it is, and no shift.

    Raises:
        ValueError: for classes without their number.

    >>> statistics_of(jnp.array([1.0, 3.0]), jnp.ones(2), criterion="squared_error", n_classes=None)[0].tolist()
    [[-1.0, 1.0]]
    """
    if criterion == "squared_error":
        first = y[0].astype(weights.dtype)  # less it, equal targets are exactly 0, however their mean is rounded
        rest = y.astype(weights.dtype) - first
        mean = jnp.sum(weights * rest) / jnp.sum(weights)
        return (rest - mean)[None], (first + mean)[None]
    require.that(n_classes is not None and n_classes >= 2, f"{criterion} needs n_classes >= 2; found {n_classes}")
    return jax.nn.one_hot(y, n_classes or 0, dtype=weights.dtype, axis=0), jnp.zeros(n_classes or 0, weights.dtype)


def check(x: Array, y: Array, weights: Array | None, *, criterion: str, max_depth: int) -> None:
    """Raise ValueError unless data and options fit together.

    >>> check(jnp.zeros((2, 1)), jnp.zeros(2), None, criterion="gini", max_depth=3)
    """
    require.rank("x", x, 2)
    require.rank("y", y, 1)
    require.that(x.size > 0, f"x must not be empty; found shape {x.shape}")
    require.same_length(x=x, y=y, **({} if weights is None else {"weights": weights}))
    require.one_of("criterion", criterion, CRITERIA)
    require.between("max_depth", max_depth, 1, 14)
