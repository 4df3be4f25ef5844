r"""Leakage: five ways in which knowledge of the test set slips into training, each next to the honest way.

Each function runs one experiment twice on the caller's data with the same model, once with the leak and once
without. The leaky score is what one would have published; the honest one is what new data would have shown.

Scores of a regression are the predictive R2, pooled over all held-out samples,

$$Q^2 = 1 - \sum_i (y_i - \hat y_i)^2 \Big/ \sum_i (y_i - \bar y_{\text{train}})^2 ,$$

so 0 is no better than the mean of the training set. Scores of a classification are the accuracy over all
held-out samples. Larger is better in both cases. A penalty `alpha` must not be negative (ValueError, or NaN where
it is traced). The taxonomy follows Kaufman, Rosset and Perlich (2011) and Kapoor and Narayanan (2023).
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import jax.scipy.linalg
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Key, Num

from mfml import require
from mfml.entrance import public
from mfml.numerics import sums
from mfml.numerics.domain import NON_NEGATIVE, checked
from mfml.numerics.labels import differ
from mfml.numerics.scaling import column_units, power_of_two, unit
from mfml.risk import splits
from mfml.risk.splits import Folds


class Leak(NamedTuple):
    """Score of one experiment with and without the leak; larger is better."""

    leaky: Float[Array, ""]  # Q2 or accuracy, as the function's docstring says
    honest: Float[Array, ""]  # the same score, with training and test kept apart


@public
@checked(alpha=NON_NEGATIVE)
@jax.jit
def preprocessing(x: Float[Array, "n d"], y: Float[Array, " n"], folds: Folds, *, alpha: ArrayLike = 1.0) -> Leak:
    r"""Preprocessing leak: features are standardized with the mean and deviation of all samples, tests included.

    Honest: with those of each training set. Model: ridge regression, penalty $\alpha \lVert w \rVert^2$ on
    the sum of squares, free intercept. Score: $Q^2$. Deviations have divisor n; a constant feature is only
    centered. This leak is usually small and may even lower the score. It flatters most if a feature has rare
    large values that the model could not have known.

    Raises:
        ValueError: if x, y and folds differ in the number of samples.

    Source: Hastie, Tibshirani and Friedman (2009), section 7.10.2;
    Moscovich and Rosset (2022).

    >>> y = jnp.array([1.0, 2.0, 4.0, 3.0, 5.0, 7.0])
    >>> impurity = jnp.array([0.1, 0.3, 0.2, 0.0, 0.4, 9.0])
    >>> leak = preprocessing(jnp.stack([y, impurity], 1), y, splits.k_fold(6, n_splits=6))
    >>> (leak.leaky > leak.honest).item()
    True
    """
    train, test = _checked(x, y, folds)
    y = y - y[0]  # predictions far from the origin would be rounded

    def model(train: Array, seen: Array) -> Array:
        return _ridge(_standardized(x, seen), y, train, alpha)

    return _explained(_with_and_without(model, folds, x.dtype), y, train, test)


@public
@checked(alpha=NON_NEGATIVE)
@partial(jax.jit, static_argnames="n_features")
def feature_selection(
    x: Float[Array, "n d"], label: Num[Array, " n"], folds: Folds, *, n_features: int, alpha: ArrayLike = 1.0
) -> Leak:
    r"""Selection leak: the features most correlated with the label are chosen on all samples, tests included.

    Honest: chosen again on each training set. Labels are -1 and +1; features are ranked by the magnitude of
    their correlation with the label; of equal ones the lower index wins. Model: the sign of a ridge regression
    on the `n_features` chosen (static). Score: accuracy; on pure noise the honest value is about 1/2.

    Raises:
        ValueError: unless 1 <= n_features <= d, and if x, label and folds differ in the number of samples.

    Source: Ambroise and McLachlan (2002); Hastie, Tibshirani and Friedman (2009), section 7.10.2.

    >>> noise = jax.random.normal(jax.random.key(0), (40, 2000))
    >>> label = jnp.where(jnp.arange(40) % 2 == 0, 1.0, -1.0)
    >>> folds = splits.stratified(label.astype(int))
    >>> leak = feature_selection(noise, label, folds, n_features=50, alpha=100.0)
    >>> (leak.leaky > 0.9).item(), (leak.honest < 0.75).item()
    (True, True)
    """
    require.between("n_features", n_features, 1, x.shape[1])
    _, test = _checked(x, label, folds)
    label = label.astype(x.dtype)

    def model(train: Array, seen: Array) -> Array:
        chosen = _most_correlated(x, label, seen, n_features)
        return jnp.sign(_ridge(x[:, chosen], label, train, alpha))

    return _accuracy(_with_and_without(model, folds, x.dtype), label, test)


@public
@checked(alpha=NON_NEGATIVE)
@partial(jax.jit, static_argnames="proxies")
def target(
    x: Float[Array, "n d"],
    y: Float[Array, " n"],
    folds: Folds,
    *,
    proxies: tuple[int, ...],
    alpha: ArrayLike = 1.0,
) -> Leak:
    r"""Target leak: some features are known only after the target (measured later, or computed from it).

    Honest: without those columns, `proxies` (static), which will be missing when the model is used. Model:
    ridge regression, penalty $\alpha \lVert w \rVert^2$ on the sum of squares. Score: $Q^2$.

    Raises:
        ValueError: if a proxy is no column of x, or no other column is left.

    Source: Kaufman, Rosset and Perlich (2011), section 3.

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
    train, test = _checked(x, y, folds)
    y = y - y[0]  # as above
    visible = jnp.ones((2, d), x.dtype).at[1, jnp.array(proxies)].set(0.0)  # a column of zeros gets no weight
    by_fold = jax.vmap(lambda columns, weights: _ridge(x * columns, y, weights, alpha), in_axes=(None, 0))
    prediction = jax.vmap(by_fold, in_axes=(0, None))(visible, train)
    return _explained(prediction, y, train, test)


@public
@partial(jax.jit, static_argnames="n_splits")
def duplicates(
    x: Float[Array, "n d"],
    label: Num[Array, " n"],
    groups: Int[Array, " n"],
    *,
    key: Key[Array, ""],
    n_splits: int = 5,
) -> Leak:
    """Duplicate leak: samples of one specimen are in both the training and the test set.

    Leaky: k-fold over shuffled samples. Honest: k-fold over groups (specimens). Model: the label of the
    nearest training sample (Euclidean, ties to the lower index), which only has to recognize the specimen.
    Score: accuracy. `n_splits` is static.

    Raises:
        ValueError: if x, label and groups differ in length, or unless 2 <= n_splits <= n.

    Source: Kapoor and Narayanan (2023), type L1.4 and L3.2.

    >>> specimen = jnp.repeat(jnp.arange(10), 4)
    >>> x = jax.random.normal(jax.random.key(1), (10, 3))[specimen]
    >>> label = jax.random.bernoulli(jax.random.key(2), 0.5, (10,)).astype(int)[specimen]
    >>> leak = duplicates(x, label, specimen, key=jax.random.key(3))
    >>> leak.leaky.item(), (leak.honest < 0.8).item()
    (1.0, True)
    """
    require.same_length(x=x, label=label, groups=groups)
    shuffled = splits.k_fold(len(x), n_splits=n_splits, key=key)
    both = _stack(shuffled, splits.grouped(groups, n_splits=n_splits))
    label = label.astype(x.dtype)
    prediction = _nearest(x, label, both)
    return _accuracy(_pair(prediction), label, _pair(both.test))


@public
@partial(jax.jit, static_argnames="n_splits")
def temporal(x: Float[Array, "n d"], y: Float[Array, " n"], *, key: Key[Array, ""], n_splits: int = 5) -> Leak:
    """Temporal leak: the model learns from the future of the samples on which it is tested.

    Samples are in the order of time. Leaky: k-fold over shuffled samples, so that a test sample has neighbors
    in time on both sides. Honest: forward chaining, which learns from the past alone. Model: the target of the
    nearest training sample (Euclidean, ties to the lower index). Score: Q2. `n_splits` is static.

    Raises:
        ValueError: if x and y differ in length, or there are too few samples for the splits.

    Source: Kapoor and Narayanan (2023), type L3.1; Hyndman and Athanasopoulos (2021), section 5.10.

    >>> time = jnp.arange(40.0)[:, None]
    >>> drift = jnp.cumsum(jax.random.normal(jax.random.key(0), (40,)))
    >>> leak = temporal(time, drift, key=jax.random.key(1))
    >>> (leak.leaky > 0.6).item(), (leak.honest < leak.leaky).item()
    (True, True)
    """
    require.samples(x, y)
    shuffled = splits.k_fold(len(x), n_splits=n_splits, key=key)
    both = _stack(shuffled, splits.forward_chaining(len(x), n_splits=n_splits))
    train, test = (_pair(mask.astype(x.dtype)) for mask in both)
    return _explained(_pair(_nearest(x, y, both)), y, train, test)


def _stack(leaky: Folds, honest: Folds) -> Folds:
    """The folds of both ways, one after the other."""
    return Folds(*(jnp.concatenate(masks) for masks in zip(leaky, honest, strict=True)))


def _pair(of_folds: Array) -> Array:
    """What belongs to stacked folds, (2 k, n), as (2, k, n)."""
    return of_folds.reshape(2, -1, of_folds.shape[-1])


def _with_and_without(model: Callable[[Array, Array], Array], folds: Folds, dtype: Any) -> Array:
    """Predictions of `model(train, seen)`: first with all samples seen, then with the training set alone."""
    train = folds.train.astype(dtype)
    seen = jnp.stack([jnp.ones_like(train), train])
    return jax.vmap(jax.vmap(model), in_axes=(None, 0))(train, seen)


def _explained(prediction: Float[Array, "two k n"], y: Array, train: Array, test: Array) -> Leak:
    """Q2 from the predictions of both ways; the masks broadcast against them."""
    first = y[0]  # differences from it keep their digits, whatever the origin of y
    size = unit(y - first)
    mean = first + (train @ (y - first) / train.sum(axis=-1))[..., None]
    unexplained, total = (jnp.sum(test * ((y - one) / size) ** 2, axis=(-2, -1)) for one in (prediction, mean))
    leaky, honest = 1.0 - unexplained / total
    return Leak(leaky, honest)


def _accuracy(prediction: Float[Array, "two k n"], label: Array, test: Array) -> Leak:
    wrong = jnp.sum(test * differ(prediction, label), axis=(-2, -1))
    leaky, honest = 1 - wrong / jnp.sum(test * jnp.ones_like(prediction), axis=(-2, -1))
    return Leak(leaky, honest)


def _checked(x: Array, y: Array, folds: Folds) -> tuple[Array, Array]:
    """The masks as numbers, after a check of the shapes."""
    require.samples(x, y)
    folds.require(len(x))
    return folds.train.astype(x.dtype), folds.test.astype(x.dtype)


def _ridge(x: Array, y: Array, weights: Array, alpha: ArrayLike) -> Array:
    """Predictions for all samples by a ridge regression on the weighted ones, with a free intercept."""
    x, (y, y_mean, rest) = sums.centered(x, weights=weights)[0], sums.centered(y, weights=weights)
    size = power_of_two(jnp.maximum(jnp.max(jnp.abs(x)), jnp.sqrt(alpha)))
    inverse = 1 / size  # the compiler would turn two divisions into one by a square, which may be 0
    x, alpha = x / size, alpha * inverse * inverse  # for squares within range
    weighted = weights[:, None] * x
    penalized = weighted.T @ x + alpha * jnp.eye(x.shape[1], dtype=x.dtype)
    return y_mean + (rest + x @ jax.scipy.linalg.solve(penalized, weighted.T @ y, assume_a="pos"))


def _standardized(x: Array, weights: Array) -> Array:
    """Features with mean 0 and deviation 1 (divisor n) over the weighted samples; constant ones only centered."""
    x = sums.centered(x, weights=weights)[0]
    x = x / column_units(x)
    deviation = jnp.sqrt(weights @ x**2 / weights.sum())
    return x / jnp.where(deviation > 0, deviation, 1.0)


def _most_correlated(x: Array, y: Array, weights: Array, n_features: int) -> Array:
    """Indices of the features with the largest correlation with y in magnitude."""
    centered = weights * sums.centered(y, weights=weights)[0]
    return lax.top_k(jnp.abs(centered @ _standardized(x, weights)), n_features)[1]


def _nearest(x: Array, y: Array, folds: Folds) -> Array:
    """Target of the nearest training sample for each fold; row by row, to avoid an n x n x d array."""
    size = unit(x - x[0])

    def one(row: Array) -> Array:
        distance = jnp.sum(((x - row) / size) ** 2, axis=1)
        found = y[jnp.argmin(jnp.where(folds.train, distance, jnp.inf), axis=1)]
        return jnp.where(jnp.isnan(distance).any(), jnp.nan, found)

    return lax.map(one, x).T
