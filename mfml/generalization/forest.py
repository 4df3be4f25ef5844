r"""Random forests: the mean of many deep trees, each grown on its own bootstrap sample with its own features.

Shapes: n and m samples, d features, k outputs (one per class, or 1 for a regression), t trees. The trees are grown
one after the other within one compiled loop. Each sample also passes through the trees that have not seen it, so the
out-of-bag error needs no extra fits.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key, Num

from mfml import require
from mfml.entrance import public
from mfml.generalization import binning, criteria, growth, tree_arrays
from mfml.generalization.tree_arrays import Trees
from mfml.numerics.absent import may_miss, present
from mfml.numerics.domain import NON_NEGATIVE, between, checked
from mfml.risk import metrics


class Forest(NamedTuple):
    """A fitted forest."""

    trees: Trees  # each tree predicts on its own
    oob_prediction: Float[Array, "n k"]  # mean output of the trees that have not seen the sample; NaN if all have
    oob_count: Int[Array, " n"]  # number of these trees


@public
def bootstrap_counts(n: int, *, key: Key[Array, ""], weights: Float[Array, " n"] | None = None) -> Int[Array, " n"]:
    r"""Draw n times from n samples with replacement; return how often each is drawn. About 1/e of them never are.

    Samples of weight 0 are left out and not counted in n. Other weights do not change the draws.

    Source: Efron (1979), Annals of Statistics 7, 1-26.

    >>> bootstrap_counts(10, key=jax.random.key(0)).sum().item()
    10
    """
    if weights is None:
        return jnp.zeros(n, int).at[jax.random.randint(key, (n,), 0, n)].add(1)
    absent = weights == 0
    n_present = n - jnp.sum(absent)
    drawn = jnp.argsort(absent)[jax.random.randint(key, (n,), 0, jnp.maximum(n_present, 1))]
    return jnp.zeros(n, int).at[drawn].add(jnp.arange(n) < n_present)


@public
@checked(weights=NON_NEGATIVE, min_samples_leaf=between(0))
def fit(
    x: Float[Array, "n d"],
    y: Num[Array, " n"],
    *,
    key: Key[Array, ""],
    weights: Float[Array, " n"] | None = None,
    criterion: str = "squared_error",
    n_estimators: int = 100,
    max_depth: int = 8,
    max_features: int | None = None,
    min_samples_leaf: ArrayLike = 1.0,
    bootstrap: bool = True,
    max_bins: int = 63,
    n_classes: int | None = None,
) -> Forest:
    r"""Grow `n_estimators` trees and average them: $\hat f = \frac1t \sum_j f_j$.

    With trees of variance $\sigma^2$ and correlation $\rho$, the average has the variance
    $\rho \sigma^2 + (1 - \rho) \sigma^2 / t$. Bootstrap samples and random features lower $\rho$. Splits are
    searched among `max_bins` bins per feature. Missing values (NaN) are allowed, see `tree.fit`.

    Args:
        x: features.
        y: targets; for `gini` and `entropy` labels 0, 1, ...
        key: draws the bootstrap samples and the features.
        weights: non-negative, one per sample, see `tree.fit`; they multiply the numbers of draws.
        criterion: one of `criteria.CRITERIA`; static.
        n_estimators: number of trees; static.
        max_depth: of each tree, 1 to 14; static.
        max_features: number of features that a split may use, drawn again at each node; None means all; static.
        min_samples_leaf: smallest number of drawn samples in a leaf, counting repetitions and weights.
        bootstrap: whether each tree learns from n draws with replacement, or from all samples; static.
        max_bins: bins per feature; static.
        n_classes: for `gini` and `entropy`; inferred from y if left out, but needed within `jit`; static.

    Raises:
        ValueError: if shapes do not fit, an option is unknown or out of range, or labels do not fit.

    Source: Breiman (2001), Machine Learning 45, 5-32; Murphy (2012), section 16.2.5.

    >>> x = jnp.arange(8.0)[:, None]
    >>> forest = fit(x, x[:, 0], key=jax.random.key(0), n_estimators=20, max_depth=3)
    >>> forest.oob_prediction.shape
    (8, 1)
    """
    require.rank("x", x, 2)
    require.samples(x, y, weights)
    require.positive("n_estimators", n_estimators)
    chosen = x.shape[1] if max_features is None else max_features
    require.between("max_features", chosen, 1, x.shape[1])
    static: dict[str, Any] = {
        "criterion": criterion,
        "n_estimators": n_estimators,
        "max_depth": max_depth,
        "max_features": chosen,
        "bootstrap": bootstrap,
        "max_bins": max_bins,
        "n_classes": criteria.n_classes(y, criterion=criterion, given=n_classes),
        "missing": may_miss(x),
    }
    return _fit(x, y, key, weights, min_samples_leaf, **static)


@partial(
    jax.jit,
    static_argnames=(
        *("criterion", "n_estimators", "max_depth", "max_features"),
        *("bootstrap", "max_bins", "n_classes", "missing"),
    ),
)
def _fit(
    x: Array,
    y: Array,
    key: Array,
    weights: Array | None,
    min_samples_leaf: ArrayLike,
    *,
    criterion: str,
    n_estimators: int,
    max_depth: int,
    max_features: int,
    bootstrap: bool,
    max_bins: int,
    n_classes: int | None,
    missing: bool,
) -> Forest:
    n, d = x.shape
    ones, zero = jnp.ones(n, x.dtype), jnp.zeros((), x.dtype)
    w = ones if weights is None else weights.astype(x.dtype)
    size = criteria.spread(present(weights, y).astype(x.dtype)) if n_classes is None else ones[0]
    statistics, shift = criteria.statistics(y / size, w, n_classes=n_classes)
    shift = jnp.where(jnp.isnan(min_samples_leaf), jnp.nan, shift)
    limits = growth.Limits(zero, jnp.asarray(min_samples_leaf, x.dtype), zero)
    ends = binning.edges(x, weights=weights, max_bins=max_bins)
    bins = binning.transform(ends, x)
    value = partial(criteria.leaf_mean, shift=shift)

    def one(unseen: tuple[Array, Array], key: Array) -> tuple[tuple[Array, Array], Trees]:
        for_sample, for_features = jax.random.split(key)
        drawn = bootstrap_counts(n, key=for_sample, weights=weights).astype(x.dtype) if bootstrap else ones
        grown = growth.grow(
            bins,
            statistics * drawn,
            limits,
            n_bins=max_bins + 1,
            max_depth=max_depth,
            score=criteria.CRITERIA[criterion],
            missing=missing,
            allowed=None
            if max_features == d
            else partial(random_features, key=for_features, d=d, n_chosen=max_features),
        )
        prediction = value(grown.sums)[:, grown.leaf]
        summed, count = unseen
        out = drawn == 0
        found = growth.assemble(grown, growth.thresholds_of_bins(ends, grown.splits), value, n_features=d)
        return (summed + jnp.where(out, prediction, 0.0), count + out), jax.tree.map(lambda leaf: leaf[0], found)

    start = jnp.zeros((len(shift), n), x.dtype), jnp.zeros(n, int)
    (summed, count), grown = lax.scan(one, start, jax.random.split(key, n_estimators))
    mean = jnp.where(count > 0, summed / jnp.maximum(count, 1), jnp.nan)
    return Forest(tree_arrays.in_units(grown, size), mean.T * size, count)


@public
def random_features(level: int, *, key: Key[Array, ""], d: int, n_chosen: int) -> Bool[Array, "q d"]:
    """Draw `n_chosen` of d features for each of the 2^level nodes of a level, as a mask. All numbers are static.

    >>> random_features(1, key=jax.random.key(0), d=5, n_chosen=2).sum(axis=1).tolist()
    [2, 2]
    """
    draws = jax.random.uniform(jax.random.fold_in(key, level), (2**level * d,)).reshape(-1, d)
    return draws <= jnp.sort(draws, axis=1)[:, n_chosen - 1 : n_chosen]


@public
@jax.jit
def predict(model: Forest, x: Float[Array, "m d"]) -> Num[Array, " m"]:
    """Predict the mean of the trees in units of y, or the label with the largest mean share; ties go to the smallest.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    >>> x = jnp.array([[0.0], [1.0]])
    >>> predict(fit(x, x[:, 0], key=jax.random.key(0), n_estimators=3, max_depth=1, bootstrap=False), x).tolist()
    [0.0, 1.0]
    """
    value = _mean(model, x)
    return jnp.argmax(value, axis=1) if value.shape[1] > 1 else value[:, 0]


@public
@jax.jit
def predict_proba(model: Forest, x: Float[Array, "m d"]) -> Float[Array, "m k"]:
    """Return the shares of the classes, averaged over the trees.

    Raises:
        ValueError: for a regression forest, or unless x has as many columns as in the fit.

    >>> x, y = jnp.array([[0.0], [1.0]]), jnp.array([0, 1])
    >>> options = {"criterion": "gini", "n_estimators": 3, "max_depth": 1, "bootstrap": False}
    >>> predict_proba(fit(x, y, key=jax.random.key(0), **options), x).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    tree_arrays.require_classes(model.trees)
    return _mean(model, x)


@public
@jax.jit
def score(
    model: Forest, x: Float[Array, "n d"], y: Num[Array, " n"], *, weights: Float[Array, " n"] | None = None
) -> Float[Array, ""]:
    """Return the accuracy of a classification forest, and $R^2$ of a regression forest, see `mfml.risk.metrics`.

    Raises:
        ValueError: if shapes do not fit.

    >>> x = jnp.array([[0.0], [1.0]])
    >>> score(fit(x, x[:, 0], key=jax.random.key(0), n_estimators=3, max_depth=1, bootstrap=False), x, x[:, 0]).item()
    1.0
    """
    measure = metrics.accuracy if model.trees.value.shape[-1] > 1 else metrics.r2
    require.samples(x, y, weights)
    return measure(predict(model, x), y, weights=weights).astype(model.trees.value.dtype)


@public
def importance(model: Forest) -> Float[Array, " d"]:
    """Return the share of each feature in the decrease of the impurity, see `tree_arrays.importance`.

    Trees with larger gains count more here. scikit-learn normalizes each tree first.

    >>> x = jnp.array([[0.0, 1.0], [1.0, 1.0]])
    >>> forest = fit(x, x[:, 0], key=jax.random.key(0), n_estimators=3, max_depth=1, bootstrap=False)
    >>> importance(forest).tolist()
    [1.0, 0.0]
    """
    return tree_arrays.importance(model.trees)


def _mean(model: Forest, x: Array) -> Array:
    return tree_arrays.total(model.trees, x) / len(model.trees.value)
