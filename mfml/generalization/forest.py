r"""Random forests: many deep trees, each on its own bootstrap sample and its own features, averaged.

Shapes: n samples, d features, k outputs or classes, t trees. The trees are grown one after the other within one
compiled loop; each sample finds its leaf also in the trees that have not seen it, hence the out-of-bag error costs
nothing.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int, Key, Num

from mfml import require
from mfml.generalization import binning, growth, tree, tree_arrays
from mfml.generalization.tree_arrays import Trees


class Forest(NamedTuple):
    """A fitted forest."""

    trees: Trees  # each predicts on its own
    oob_prediction: Float[Array, "n k"]  # mean over the trees that have not seen the sample; NaN if all have
    oob_count: Int[Array, " n"]  # number of these trees


def bootstrap_counts(n: int, *, key: Key[Array, ""]) -> Int[Array, " n"]:
    r"""How often each of n samples is drawn in n draws with replacement; a share of about 1/e is not drawn at all.

    Source: Efron (1979), Annals of Statistics 7, 1-26.

    >>> bootstrap_counts(10, key=jax.random.key(0)).sum().item()
    10
    """
    return jnp.zeros(n, int).at[jax.random.randint(key, (n,), 0, n)].add(1)


@partial(
    jax.jit,
    static_argnames=("criterion", "n_estimators", "max_depth", "max_features", "bootstrap", "max_bins", "n_classes"),
)
def fit(
    x: Float[Array, "n d"],
    y: Num[Array, " n"],
    *,
    key: Key[Array, ""],
    criterion: str = "squared_error",
    n_estimators: int = 100,
    max_depth: int = 8,
    max_features: int | None = None,
    min_samples_leaf: float | Float[Array, ""] = 1.0,
    bootstrap: bool = True,
    max_bins: int = 63,
    n_classes: int | None = None,
) -> Forest:
    r"""Grow `n_estimators` trees and average them: $\hat f = \frac1t \sum_j f_j$.

    With trees of variance $\sigma^2$ and correlation $\rho$, the average has the variance
    $\rho \sigma^2 + (1 - \rho) \sigma^2 / t$: bootstrap samples and random features lower $\rho$. Splits are
    searched among `max_bins` bins a feature; missing values (NaN) are allowed, see `tree.fit`.

    Args:
        key: of the bootstrap samples and the features.
        x: features.
        y: targets; labels 0 to n_classes - 1 for `gini` and `entropy`.
        criterion: one of `tree.CRITERIA`; static.
        n_estimators: number of trees; static.
        max_depth: of each tree, 1 to 14; static.
        max_features: how many features, drawn anew at each node, a split may choose from; all if None; static.
        min_samples_leaf: smallest number of drawn samples in a leaf, repeated ones counted.
        bootstrap: whether each tree learns from n draws with replacement; else from all samples; static.
        max_bins: bins a feature; static.
        n_classes: for `gini` and `entropy`; static.

    Raises:
        ValueError: if shapes do not fit or an option is unknown or out of range.

    Source: Breiman (2001), Machine Learning 45, 5-32; Murphy (2012), section 16.2.5.

    >>> x = jnp.arange(8.0)[:, None]
    >>> forest = fit(x, x[:, 0], key=jax.random.key(0), n_estimators=20, max_depth=3)
    >>> forest.oob_prediction.shape
    (8, 1)
    """
    n, d = x.shape
    tree.check(x, y, None, criterion=criterion, max_depth=max_depth)
    require.positive("n_estimators", n_estimators)
    chosen = d if max_features is None else max_features
    require.between("max_features", chosen, 1, d)
    ones = jnp.ones(n, x.dtype)
    targets, shift = tree.statistics_of(y, ones, criterion=criterion, n_classes=n_classes)
    zero = jnp.zeros((), x.dtype)
    limits = growth.Limits(zero, jnp.asarray(min_samples_leaf, x.dtype), zero)
    ends = binning.edges(x, max_bins=max_bins)
    bins = binning.transform(ends, x)
    value = partial(tree.mean_of_leaf, shift=shift)

    def one(unseen: tuple[Array, Array], key: Array) -> tuple[tuple[Array, Array], Trees]:
        for_sample, for_features = jax.random.split(key)
        drawn = bootstrap_counts(n, key=for_sample).astype(x.dtype) if bootstrap else ones
        grown = growth.grow(
            bins,
            jnp.concatenate([targets * drawn, drawn[None]]),
            limits,
            n_bins=max_bins + 1,
            max_depth=max_depth,
            score=tree.CRITERIA[criterion],
            allowed=None if chosen == d else partial(random_features, key=for_features, d=d, n_chosen=chosen),
        )
        prediction = value(grown.sums)[:, grown.leaf]
        summed, count = unseen
        out = drawn == 0
        found = growth.assemble(grown, growth.thresholds_of_bins(ends, grown.splits), value)
        return (summed + jnp.where(out, prediction, 0.0), count + out), jax.tree.map(lambda leaf: leaf[0], found)

    start = jnp.zeros((len(shift), n), x.dtype), jnp.zeros(n, int)
    (summed, count), grown = lax.scan(one, start, jax.random.split(key, n_estimators))
    return Forest(grown, jnp.where(count > 0, summed / jnp.maximum(count, 1), jnp.nan).T, count)


def random_features(level: int, *, key: Key[Array, ""], d: int, n_chosen: int) -> Array:
    """Draw for each of the 2^level nodes of a level which `n_chosen` of d features it may use, as a mask.

    >>> random_features(1, key=jax.random.key(0), d=5, n_chosen=2).sum(axis=1).tolist()
    [2, 2]
    """
    draws = jax.random.uniform(jax.random.fold_in(key, level), (2**level * d,)).reshape(-1, d)
    return draws <= jnp.sort(draws, axis=1)[:, n_chosen - 1 : n_chosen]


def predict(model: Forest, x: Float[Array, "m d"]) -> Float[Array, " m"]:
    """Predict the mean of the trees, in units of y.

    >>> x = jnp.array([[0.0], [1.0]])
    >>> predict(fit(x, x[:, 0], key=jax.random.key(0), n_estimators=3, max_depth=1, bootstrap=False), x).tolist()
    [0.0, 1.0]
    """
    return predict_proba(model, x)[:, 0]


def predict_proba(model: Forest, x: Float[Array, "m d"]) -> Float[Array, "m k"]:
    """Return the mean of the trees' shares of the classes.

    >>> x, y = jnp.array([[0.0], [1.0]]), jnp.array([0, 1])
    >>> options = {"criterion": "gini", "n_classes": 2, "n_estimators": 3, "max_depth": 1, "bootstrap": False}
    >>> predict_proba(fit(x, y, key=jax.random.key(0), **options), x).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return tree_arrays.total(model.trees, x) / len(model.trees.value)


def importance(model: Forest, *, n_features: int) -> Float[Array, " d"]:
    """Sum the falls of impurity over all splits on each feature, as shares: `tree_arrays.importance`.

    scikit-learn divides each tree's by its own sum first; here trees that gain more count more.

    >>> x = jnp.array([[0.0, 1.0], [1.0, 1.0]])
    >>> forest = fit(x, x[:, 0], key=jax.random.key(0), n_estimators=3, max_depth=1, bootstrap=False)
    >>> importance(forest, n_features=2).tolist()
    [1.0, 0.0]
    """
    return tree_arrays.importance(model.trees, n_features=n_features)
