r"""Choosing a model by validation: grid search, nested cross-validation, learning curves, the one-standard-error rule.

Shapes: n samples, k folds, a settings of the hyperparameters. A learner consists of three static functions, as in
`risk.splits.cross_validate`, but its `fit` has one more argument: `fit(x, y, setting, weights=w)` learns from the
samples of weight 1, `predict(fitted, x)` predicts, and `loss(prediction, y)` returns a loss per sample. A setting is a
number or a pytree of numbers. A grid has all settings along its first axis, or is a list of numbers. One vmapped call
does all fits. The loss must stay within the float range: with targets of 1e-19 J, squares are 0 in single precision and
all settings tie.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, PyTree, Shaped

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling
from mfml.risk.empirical import weighted_mean
from mfml.risk.splits import Folds

Fit = Callable[..., Any]
Predict = Callable[[Any, Array], Array]
Loss = Callable[[Array, Array], Array]


class Search(NamedTuple):
    """Result of a grid search, in units of the loss."""

    risk: Float[Array, " a"]  # mean over folds of the test risk
    standard_error: Float[Array, " a"]  # of this mean; the standard deviation over folds has the divisor k - 1
    train_risk: Float[Array, " a"]
    best: Int[Array, ""]  # index of the setting with the smallest risk; the first in a tie; never one of risk NaN


class Nested(NamedTuple):
    """Risk of the whole procedure, including the choice of the setting."""

    test_risk: Float[Array, " k"]  # of each outer fold
    chosen: Int[Array, " k"]  # index of the setting that the inner folds chose
    mean: Float[Array, ""]
    standard_error: Float[Array, ""]


class LearningCurve(NamedTuple):
    """Risk for different numbers of training samples, in units of the loss."""

    sizes: Int[Array, " s"]
    train_risk: Float[Array, " s"]  # means over folds
    test_risk: Float[Array, " s"]
    standard_error: Float[Array, " s"]  # of the test risk


STATIC = ("fit", "predict", "loss")


@public
@partial(jax.jit, static_argnames=STATIC)
def grid_search(
    x: Shaped[Array, "n *features"],
    y: Shaped[Array, "n *targets"],
    folds: Folds,
    grid: PyTree,
    *,
    fit: Fit,
    predict: Predict,
    loss: Loss,
) -> Search:
    """Cross-validate every setting of the grid.

    The risk of the best setting is too optimistic, because this risk decided the choice. `nested` gives an honest one.
    A setting whose risk is NaN, since a fit failed, is never the best unless all are.

    Raises:
        ValueError: if shapes do not fit, if the grid is empty, or if its parts differ in the number of settings.

    Source: Hastie, Tibshirani and Friedman (2009), section 7.10.

    >>> from mfml.risk import losses, splits
    >>> fit = lambda x, y, setting, weights: setting
    >>> predict = lambda fitted, x: jnp.full(len(x), fitted)
    >>> x, y, folds = jnp.zeros((4, 1)), jnp.array([1.0, 1.0, 2.0, 2.0]), splits.k_fold(4, n_splits=2)
    >>> found = grid_search(x, y, folds, jnp.array([0.0, 1.5]), fit=fit, predict=predict, loss=losses.squared_error)
    >>> found.risk.tolist(), found.best.item()
    ([2.5, 0.25], 1)
    """
    test, train = _risks(x, y, folds, grid, fit, predict, loss)
    mean, error = _mean_and_error(test)
    return Search(mean, error, jnp.mean(train, axis=1), _lowest(mean))


@public
@jax.jit
def one_standard_error(result: Search, complexity: Float[Array, " a"]) -> Int[Array, ""]:
    """Return the index of the least complex setting whose risk is within one standard error of the smallest risk.

    `complexity` is any number that grows with the flexibility, such as -alpha for a penalty. Ties go to the first
    setting.

    Raises:
        ValueError: if shapes do not fit.

    Source: Breiman et al. (1984), Classification and Regression Trees, section 3.4.3.

    >>> error = jnp.full(3, 0.5)
    >>> result = Search(jnp.array([2.0, 1.2, 1.0]), error, error, jnp.array(2))
    >>> one_standard_error(result, jnp.arange(3.0)).item()
    1
    """
    require.same_shape(risk=result.risk, complexity=complexity)
    limit = result.risk[result.best] + result.standard_error[result.best]
    # the best setting counts even where its standard error is NaN, as with a single fold
    near = (result.risk <= limit) | (jnp.arange(len(complexity)) == result.best)
    return _lowest(jnp.where(near, complexity, jnp.inf))


@public
@partial(jax.jit, static_argnames=STATIC)
def nested(
    x: Shaped[Array, "n *features"],
    y: Shaped[Array, "n *targets"],
    outer: Folds,
    inner: Folds,
    grid: PyTree,
    *,
    fit: Fit,
    predict: Predict,
    loss: Loss,
) -> Nested:
    """Nested cross-validation: each outer fold chooses its own setting from its training samples only.

    The inner folds are those of `inner` without the outer test samples. Folds that become empty do not count, so use
    different folds inside and outside. One call does all k x k_inner x a fits.

    Raises:
        ValueError: if shapes do not fit, if the grid is empty, or if its parts differ in the number of settings.

    Source: Varma and Simon (2006), BMC Bioinformatics 7, 91.

    >>> from mfml.risk import losses, splits
    >>> fit = lambda x, y, setting, weights: setting
    >>> predict = lambda fitted, x: jnp.full(len(x), fitted)
    >>> x, y, folds = jnp.zeros((4, 1)), jnp.array([1.0, 1.0, 2.0, 2.0]), splits.k_fold(4, n_splits=2)
    >>> options = {"fit": fit, "predict": predict, "loss": losses.squared_error}
    >>> nested(x, y, folds, splits.k_fold(4, n_splits=4), jnp.array([0.0, 1.5]), **options).mean.item()
    0.25
    """
    outer.require(len(x))
    inner.require(len(x))
    grid = _as_array(grid)

    def one(train: Array, test: Array) -> tuple[Array, Array]:
        within = Folds(inner.train & train, inner.test & train)
        risks, _ = _risks(x, y, within, grid, fit, predict, loss)
        usable = jnp.any(within.test, axis=1) & jnp.any(within.train, axis=1)
        chosen = _lowest(jnp.sum(jnp.where(usable, risks, 0.0), axis=1))
        setting = jax.tree.map(lambda leaf: jnp.asarray(leaf)[chosen], grid)
        fitted = fit(x, y, setting, weights=train.astype(_dtype(x)))
        return weighted_mean(loss(predict(fitted, x), y), weights=test.astype(_dtype(x))), chosen

    risk, chosen = jax.vmap(one)(jnp.asarray(outer.train), jnp.asarray(outer.test))
    mean, error = _mean_and_error(risk[None])
    return Nested(risk, chosen, mean[0], error[0])


@public
@partial(jax.jit, static_argnames=STATIC)
def learning_curve(
    x: Shaped[Array, "n *features"],
    y: Shaped[Array, "n *targets"],
    folds: Folds,
    sizes: Int[Array, " s"],
    setting: PyTree,
    *,
    key: Key[Array, ""],
    fit: Fit,
    predict: Predict,
    loss: Loss,
) -> LearningCurve:
    """Cross-validate with growing parts of the training samples.

    Each fold puts its training samples into a random order and takes the first ones, so the sets are nested. A size
    above the number of training samples takes all of them.

    Raises:
        ValueError: if shapes do not fit.

    Source: Hastie, Tibshirani and Friedman (2009), figure 7.8.

    >>> from mfml.risk import losses, splits
    >>> fit = lambda x, y, setting, weights: jnp.sum(weights * y) / jnp.sum(weights)
    >>> predict = lambda fitted, x: jnp.full(len(x), fitted)
    >>> x, y, folds = jnp.zeros((4, 1)), jnp.ones(4), splits.k_fold(4, n_splits=2)
    >>> options = {"fit": fit, "predict": predict, "loss": losses.squared_error}
    >>> learning_curve(x, y, folds, jnp.array([1, 2]), None, key=jax.random.key(0), **options).test_risk.tolist()
    [0.0, 0.0]
    """
    require.same_length(x=x, y=y)
    folds.require(len(x))
    require.rank("sizes", sizes, 1)
    draws = jax.random.uniform(key, (len(x),))

    def one(train: Array, test: Array) -> tuple[Array, Array]:
        rank = jnp.argsort(jnp.argsort(jnp.where(train, draws, 2.0)))

        def of_size(size: Array) -> tuple[Array, Array]:
            part = (train & (rank < size)).astype(_dtype(x))
            values = loss(predict(fit(x, y, setting, weights=part), x), y)
            return weighted_mean(values, weights=test.astype(part.dtype)), weighted_mean(values, weights=part)

        return jax.vmap(of_size)(sizes)

    test, train = jax.vmap(one)(jnp.asarray(folds.train), jnp.asarray(folds.test))  # (k, s)
    mean, error = _mean_and_error(test.T)
    return LearningCurve(sizes, jnp.mean(train, axis=0), mean, error)


def _risks(
    x: Array, y: Array, folds: Folds, grid: PyTree, fit: Fit, predict: Predict, loss: Loss
) -> tuple[Array, Array]:
    """Test and training risk of each setting and fold, shape (a, k)."""
    require.same_length(x=x, y=y)
    folds.require(len(x))
    grid = _as_array(grid)
    lengths = {jnp.shape(leaf)[:1] for leaf in jax.tree.leaves(grid)}
    even = len(lengths) == 1 and () not in lengths and (0,) not in lengths
    require.that(even, f"all parts of the grid must have the same number of settings; found {sorted(lengths)}")

    def one(setting: PyTree, train: Array, test: Array) -> tuple[Array, Array]:
        train, test = train.astype(_dtype(x)), test.astype(_dtype(x))
        values = loss(predict(fit(x, y, setting, weights=train), x), y)
        return weighted_mean(values, weights=test), weighted_mean(values, weights=train)

    over_folds = jax.vmap(one, in_axes=(None, 0, 0))
    over_grid = jax.vmap(over_folds, in_axes=(0, None, None))
    return over_grid(jax.tree.map(jnp.asarray, grid), jnp.asarray(folds.train), jnp.asarray(folds.test))


def _as_array(grid: PyTree) -> PyTree:
    """A grid; a list of numbers as an array of them."""
    numbers = type(grid) in (list, tuple) and len(grid) > 0 and all(jnp.shape(leaf) == () for leaf in grid)
    return jnp.stack([jnp.asarray(leaf) for leaf in grid]) if numbers else grid


def _lowest(values: Array) -> Array:
    """Index of the smallest value. NaN counts as infinite: `argmin` alone would return it."""
    return jnp.argmin(jnp.where(jnp.isnan(values), jnp.inf, values))


def _mean_and_error(risks: Array) -> tuple[Array, Array]:
    """Mean over the last axis, and its standard error."""
    k = risks.shape[-1]
    mean = jnp.mean(risks, axis=-1)
    spread = risks - mean[..., None]
    unit = scaling.power_of_two(jnp.max(jnp.abs(spread), axis=-1, keepdims=True))
    variance = jnp.sum((spread / unit) ** 2, axis=-1) / max(k - 1, 1)
    return mean, jnp.where(k > 1, unit[..., 0] * jnp.sqrt(variance / k), jnp.nan)


def _dtype(x: Array) -> Any:
    return x.dtype if jnp.issubdtype(x.dtype, jnp.floating) else jnp.result_type(float)
