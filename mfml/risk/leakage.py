r"""Leakage: five ways in which knowledge of the test set slips into training, each beside the honest way.

Each function runs one experiment twice on the caller's data, with the same model: once with the leak, once
without. The leaky score is what one would have published, the honest one what new data would have shown.

Scores of a regression are the predictive R2, pooled over all held-out samples,

$$Q^2 = 1 - \sum_i (y_i - \hat y_i)^2 \Big/ \sum_i (y_i - \bar y_{\text{train}})^2 ,$$

so that 0 is no better than the mean of the training set. Scores of a classification are the accuracy over
all held-out samples. Larger is better in both. The taxonomy follows S. Kaufman, S. Rosset and C. Perlich,
"Leakage in data mining", KDD (2011) 556, and S. Kapoor and A. Narayanan, Patterns 4 (2023) 100804.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Key, Num

from mfml import require
from mfml.risk import losses, splits
from mfml.risk.empirical import Loss, Predictor, weighted_mean
from mfml.risk.splits import Fit, Folds


class Leak(NamedTuple):
    """Score of one experiment with and without the leak; larger is better."""

    leaky: Float[Array, ""]  # Q2 or accuracy, as the function's docstring says
    honest: Float[Array, ""]  # the same score, with training kept apart from test


class _Line(NamedTuple):
    weights: Array
    intercept: Array


@jax.jit
def preprocessing(x: Float[Array, "n d"], y: Float[Array, " n"], folds: Folds, *, alpha: ArrayLike = 1.0) -> Leak:
    r"""Preprocessing leak: features standardized with the mean and deviation of all samples, tests included.

    Honest: with those of each training set. Model: ridge regression, penalty $\alpha \lVert w \rVert^2$ on
    the sum of squares, intercept free. Score: $Q^2$. Deviations have divisor n; a constant feature is only
    centred. This leak is usually small, and may even lower the score; it flatters most where a feature has
    rare large values, which the model could not have known of.

    Raises:
        ValueError: where x, y and folds differ in the number of samples.

    Source: Hastie, Tibshirani, Friedman, The Elements of Statistical Learning (2009), section 7.10.2;
    A. Moscovich and S. Rosset, Journal of the Royal Statistical Society B 84 (2022) 1474.

    >>> y = jnp.array([1.0, 2.0, 4.0, 3.0, 5.0, 7.0])
    >>> impurity = jnp.array([0.1, 0.3, 0.2, 0.0, 0.4, 9.0])
    >>> leak = preprocessing(jnp.stack([y, impurity], 1), y, splits.k_fold(6, n_splits=6))
    >>> (leak.leaky > leak.honest).item()
    True
    """

    def fit(x: Array, y: Array, weights: Array) -> tuple[Array, Array, _Line]:
        mean, deviation = _scale(x, weights)
        return mean, deviation, _fit_ridge((x - mean) / deviation, y, weights, alpha)

    def predict(fitted: tuple[Array, Array, _Line], x: Array) -> Array:
        mean, deviation, line = fitted
        return _predict_ridge(line, (x - mean) / deviation)

    mean, deviation = _scale(x, jnp.ones(len(x), x.dtype))
    ridge = partial(_fit_ridge, alpha=alpha)
    return Leak(
        leaky=_explained((x - mean) / deviation, y, folds, ridge, _predict_ridge),
        honest=_explained(x, y, folds, fit, predict),
    )


@partial(jax.jit, static_argnames="n_features")
def feature_selection(
    x: Float[Array, "n d"], label: Num[Array, " n"], folds: Folds, *, n_features: int, alpha: ArrayLike = 1.0
) -> Leak:
    r"""Selection leak: the features most correlated with the label are chosen on all samples, tests included.

    Honest: chosen anew on each training set. Labels are -1 and +1; features are ranked by the magnitude of
    their correlation with the label, ties by the lower index. Model: the sign of a ridge regression on the
    `n_features` chosen (static). Score: accuracy, so that on pure noise the honest value is about 1/2.

    Raises:
        ValueError: unless 1 <= n_features <= d; where x, label and folds differ in the number of samples.

    Source: C. Ambroise and G. J. McLachlan, PNAS 99 (2002) 6562; Hastie, Tibshirani, Friedman, The Elements
    of Statistical Learning (2009), section 7.10.2.

    >>> noise = jax.random.normal(jax.random.key(0), (40, 2000))
    >>> label = jnp.where(jnp.arange(40) % 2 == 0, 1.0, -1.0)
    >>> folds = splits.stratified(label.astype(int))
    >>> leak = feature_selection(noise, label, folds, n_features=50, alpha=100.0)
    >>> (leak.leaky > 0.9).item(), (leak.honest < 0.75).item()
    (True, True)
    """
    require.between("n_features", n_features, 1, x.shape[1])

    def fit(x: Array, y: Array, weights: Array) -> tuple[Array, _Line]:
        chosen = _most_correlated(x, y, weights, n_features)
        return chosen, _fit_ridge(x[:, chosen], y, weights, alpha)

    def predict(fitted: tuple[Array, _Line], x: Array) -> Array:
        chosen, line = fitted
        return jnp.sign(_predict_ridge(line, x[:, chosen]))

    def predict_chosen(line: _Line, x: Array) -> Array:
        return jnp.sign(_predict_ridge(line, x))

    label = label.astype(x.dtype)
    chosen = _most_correlated(x, label, jnp.ones(len(x), x.dtype), n_features)
    ridge = partial(_fit_ridge, alpha=alpha)
    return Leak(
        leaky=_accuracy(x[:, chosen], label, folds, ridge, predict_chosen),
        honest=_accuracy(x, label, folds, fit, predict),
    )


@partial(jax.jit, static_argnames="proxies")
def target(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    folds: Folds,
    *,
    proxies: tuple[int, ...],
    alpha: ArrayLike = 1.0,
) -> Leak:
    r"""Target leak: some features are known only once the target is (measured after it, or computed from it).

    Honest: without those columns, `proxies` (static), which will be missing when the model is used. Model:
    ridge regression, penalty $\alpha \lVert w \rVert^2$ on the sum of squares. Score: $Q^2$.

    Raises:
        ValueError: where a proxy is no column of x, or no other column is left.

    Source: S. Kaufman, S. Rosset and C. Perlich, KDD (2011) 556, section 3.

    >>> y = jnp.array([1.0, 2.0, 4.0, 3.0, 5.0, 7.0])
    >>> unrelated = jnp.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
    >>> leak = target(jnp.stack([unrelated, 2 * y], 1), y, splits.k_fold(6, n_splits=3), proxies=(1,))
    >>> (leak.leaky > 0.9).item(), (leak.honest < 0.1).item()
    (True, True)
    """
    d = x.shape[1]
    require.that(
        all(0 <= column < d for column in proxies) and 0 < len(set(proxies)) < d,
        f"proxies must be some, not all, of the columns 0 to {d - 1}; found {proxies}",
    )
    known = jnp.array([column for column in range(d) if column not in proxies])
    ridge = partial(_fit_ridge, alpha=alpha)
    return Leak(
        leaky=_explained(x, y, folds, ridge, _predict_ridge),
        honest=_explained(x[:, known], y, folds, ridge, _predict_ridge),
    )


@partial(jax.jit, static_argnames="n_splits")
def duplicates(
    key: Key[Array, ""],
    x: Float[Array, "n d"],
    label: Num[Array, " n"],
    groups: Int[Array, " n"],
    *,
    n_splits: int = 5,
) -> Leak:
    """Duplicate leak: samples of one specimen stand in both training and test set.

    Leaky: k-fold over shuffled samples. Honest: k-fold over groups (specimens). Model: the label of the
    nearest training sample (Euclidean, ties to the lower index), which needs no more than to recognize a
    specimen. Score: accuracy. `n_splits` is static.

    Raises:
        ValueError: where x, label and groups differ in length, or unless 2 <= n_splits <= n.

    Source: S. Kapoor and A. Narayanan, Patterns 4 (2023) 100804, type L1.4 and L3.2.

    >>> specimen = jnp.repeat(jnp.arange(10), 4)
    >>> x = jax.random.normal(jax.random.key(1), (10, 3))[specimen]
    >>> label = jax.random.bernoulli(jax.random.key(2), 0.5, (10,)).astype(int)[specimen]
    >>> leak = duplicates(jax.random.key(3), x, label, specimen)
    >>> leak.leaky.item(), (leak.honest < 0.8).item()
    (1.0, True)
    """
    require.same_length(x=x, label=label, groups=groups)
    label = label.astype(x.dtype)
    shuffled = splits.k_fold(len(x), n_splits=n_splits, key=key)
    whole = splits.grouped(groups, n_splits=n_splits)
    return Leak(
        leaky=_accuracy(x, label, shuffled, _remember, _nearest),
        honest=_accuracy(x, label, whole, _remember, _nearest),
    )


@partial(jax.jit, static_argnames="n_splits")
def temporal(key: Key[Array, ""], x: Float[Array, "n d"], y: Float[Array, " n"], *, n_splits: int = 5) -> Leak:
    """Temporal leak: the model learns from the future of the samples on which it is tested.

    Samples are in the order of time. Leaky: k-fold over shuffled samples, where each test sample has a
    neighbour in time on both sides. Honest: forward chaining, where it learns from the past alone. Model: the
    target of the nearest training sample (Euclidean, ties to the lower index). Score: Q2. `n_splits` is
    static.

    Raises:
        ValueError: where x and y differ in length, or the samples are too few for the splits.

    Source: S. Kapoor and A. Narayanan, Patterns 4 (2023) 100804, type L3.1; Hyndman and Athanasopoulos,
    Forecasting (2021), section 5.10.

    >>> time = jnp.arange(40.0)[:, None]
    >>> drift = jnp.cumsum(jax.random.normal(jax.random.key(0), (40,)))
    >>> leak = temporal(jax.random.key(1), time, drift)
    >>> (leak.leaky > 0.6).item(), (leak.honest < leak.leaky).item()
    (True, True)
    """
    require.same_length(x=x, y=y)
    shuffled = splits.k_fold(len(x), n_splits=n_splits, key=key)
    onward = splits.forward_chaining(len(x), n_splits=n_splits)
    return Leak(
        leaky=_explained(x, y, shuffled, _remember, _nearest),
        honest=_explained(x, y, onward, _remember, _nearest),
    )


def _pooled(x: Array, y: Array, folds: Folds, fit: Fit, predict: Predictor, loss: Loss) -> Array:
    """Mean loss over all held-out samples; a fold without test samples adds nothing."""
    result = splits.cross_validate(x, y, folds, fit=fit, predict=predict, loss=loss)
    return weighted_mean(result.test_risk, folds.test.sum(axis=1).astype(x.dtype))


def _explained(x: Array, y: Array, folds: Folds, fit: Fit, predict: Predictor) -> Array:
    """Q2: one minus the held-out squared error in units of that of the training mean."""
    error = _pooled(x, y, folds, fit, predict, losses.squared_error)
    return 1.0 - error / _pooled(x, y, folds, _fit_mean, _predict_mean, losses.squared_error)


def _accuracy(x: Array, label: Array, folds: Folds, fit: Fit, predict: Predictor) -> Array:
    return (1.0 - _pooled(x, label, folds, fit, predict, losses.zero_one)).astype(x.dtype)


def _fit_mean(x: Array, y: Array, weights: Array) -> Array:
    return weighted_mean(y, weights)


def _predict_mean(mean: Array, x: Array) -> Array:
    return jnp.full(len(x), mean)


def _fit_ridge(x: Array, y: Array, weights: Array, alpha: ArrayLike) -> _Line:
    """Ridge regression with a free intercept, by the normal equations."""
    x_mean, y_mean = weights @ x / weights.sum(), weights @ y / weights.sum()
    centred = x - x_mean
    weighted = weights[:, None] * centred
    penalized = weighted.T @ centred + alpha * jnp.eye(x.shape[1], dtype=x.dtype)
    slope = jnp.linalg.solve(penalized, weighted.T @ (y - y_mean))
    return _Line(slope, y_mean - x_mean @ slope)


def _predict_ridge(line: _Line, x: Array) -> Array:
    return x @ line.weights + line.intercept


def _scale(x: Array, weights: Array) -> tuple[Array, Array]:
    """Mean and deviation of each feature (divisor n); 1 for the deviation of a constant feature."""
    mean = weights @ x / weights.sum()
    deviation = jnp.sqrt(weights @ (x - mean) ** 2 / weights.sum())
    return mean, jnp.where(deviation > 0, deviation, 1.0)


def _most_correlated(x: Array, y: Array, weights: Array, n_features: int) -> Array:
    """Indices of the features with the largest correlation with y in magnitude."""
    mean, deviation = _scale(x, weights)
    centred = weights * (y - weights @ y / weights.sum())
    return lax.top_k(jnp.abs(centred @ ((x - mean) / deviation)), n_features)[1]


def _remember(x: Array, y: Array, weights: Array) -> tuple[Array, Array, Array]:
    return x, y, weights


def _nearest(memory: tuple[Array, Array, Array], x: Array) -> Array:
    """Target of the nearest sample in memory; row by row, so that no n x n x d array is made."""
    known, y, weights = memory

    def one(row: Array) -> Array:
        return y[jnp.argmin(jnp.where(weights > 0, jnp.sum((known - row) ** 2, axis=1), jnp.inf))]

    return lax.map(one, x)
