"""Splits of data into a part to learn from and a part to judge on, and cross-validation.

Folds are masks of static shape, `train` and `test`, with one row per fold. Unequal folds fit into one array and
work under jit. All models of a cross-validation are fitted in one vmapped call, with the masks as sample
weights. `jnp.flatnonzero(folds.test[0])` gives indices.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int, Key, Shaped

from mfml import require
from mfml.entrance import public
from mfml.numerics import sums
from mfml.risk.empirical import Loss, Predictor, weighted_mean

Fit = Callable[..., Any]  # fit(x, y, weights=...) -> fitted model


class Split(NamedTuple):
    """Indices of three disjoint sets that together are all samples."""

    train: Int[Array, " n_train"]
    val: Int[Array, " n_val"]
    test: Int[Array, " n_test"]


class Folds(NamedTuple):
    """Which samples each of k fits learns from and is tested on."""

    train: Bool[Array, "k n"]
    test: Bool[Array, "k n"]

    def require(self, n: int) -> None:
        """Raise ValueError unless these are folds of n samples."""
        require.same_shape(train=self.train, test=self.test)
        shape = jnp.shape(self.test)
        fits = len(shape) == 2 and shape[1] == n
        require.that(fits, f"folds must be k masks of {n} samples; found shape {shape}")


class CrossValidation(NamedTuple):
    """Risk of k models, each on the samples that it has not seen and on those that it has."""

    test_risk: Float[Array, " k"]  # mean loss over the fold's test samples, in units of the loss
    train_risk: Float[Array, " k"]  # mean loss over the fold's training samples
    mean: Float[Array, ""]  # of test_risk; each fold counts equally
    standard_error: Float[Array, ""]  # of the mean: deviation (divisor k - 1) / sqrt(k); NaN for k = 1


@public
@partial(jax.jit, static_argnames=("n", "val_size", "test_size"))
def train_val_test(n: int, *, key: Key[Array, ""], val_size: float | int = 0.2, test_size: float | int = 0.2) -> Split:
    """Divide n samples at random into a training, a validation and a test set.

    A float is a share of n, rounded up; an int is a number of samples. The training set gets the rest. Use the
    validation set to choose between models, and the test set only once, at the end. `n` and the sizes are
    static.

    Raises:
        ValueError: if a size is negative or a share above 1, or if nothing is left to train on.

    Source: Murphy (2012), section 1.4.8; scikit-learn's `train_test_split` rounds alike.

    >>> split = train_val_test(10, key=jax.random.key(0), val_size=0.2, test_size=3)
    >>> len(split.train), len(split.val), len(split.test)
    (5, 2, 3)
    """
    n_val, n_test = _count("val_size", val_size, n), _count("test_size", test_size, n)
    n_train = n - n_val - n_test
    require.that(n_train > 0, f"{n} samples less {n_val} (val) and {n_test} (test) leave none to train on")
    order = jax.random.permutation(key, n)
    return Split(order[:n_train], order[n_train : n_train + n_val], order[n_train + n_val :])


@public
@partial(jax.jit, static_argnames=("n", "n_splits"))
def k_fold(n: int, *, n_splits: int = 5, key: Key[Array, ""] | None = None) -> Folds:
    """k-fold: each sample is in one test set; the first n % k folds have one sample more.

    Folds are blocks of consecutive samples, after a random permutation if a key is given. `n_splits=n` is
    leave-one-out. `n` and `n_splits` are static.

    Raises:
        ValueError: unless 2 <= n_splits <= n.

    Source: Bishop (2006), section 1.3; Hastie, Tibshirani and Friedman (2009), section 7.10.

    >>> k_fold(5, n_splits=2).test.astype(int).tolist()
    [[1, 1, 1, 0, 0], [0, 0, 0, 1, 1]]
    """
    _require_splits(n_splits, n)
    fold = jnp.asarray(np.concatenate([np.full(len(b), i) for i, b in enumerate(np.array_split(range(n), n_splits))]))
    if key is not None:
        fold = fold.at[jax.random.permutation(key, n)].set(fold)
    return _from_assignment(fold, n_splits)


@public
@partial(jax.jit, static_argnames="n_splits")
def stratified(labels: Int[Array, " n"], *, n_splits: int = 5, key: Key[Array, ""] | None = None) -> Folds:
    """k-fold in which every fold has the same shares of the classes as the whole, up to one sample.

    Without a key the samples of a class go to the folds in order, with a key at random. A class with fewer than
    k samples is missing from some folds. `n_splits` is static.

    Raises:
        ValueError: unless 2 <= n_splits <= n.

    Source: Kohavi (1995); the allocation is that of scikit-learn's `StratifiedKFold`.

    >>> stratified(jnp.array([0, 0, 1, 0, 0, 1]), n_splits=2).test.astype(int).tolist()
    [[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]]
    """
    require.rank("labels", labels, 1)
    n = len(labels)
    _require_splits(n_splits, n)
    order = jnp.arange(n) if key is None else jax.random.permutation(key, n)
    fold = _stratify(labels[order], n_splits)
    return _from_assignment(jnp.zeros(n, fold.dtype).at[order].set(fold), n_splits)


@public
@partial(jax.jit, static_argnames="n_splits")
def grouped(groups: Int[Array, " n"], *, n_splits: int = 5) -> Folds:
    """k-fold in which all samples of a group (a specimen, a batch, a patient) are in the same fold.

    Each group goes to the smallest fold so far, the largest group first. Of equal groups the one with the larger
    number goes first, of equal folds the first one is filled. With fewer than k groups some test sets are empty.
    Groups are any integers. `n_splits` is static.

    Raises:
        ValueError: unless 2 <= n_splits <= n.

    Source: the greedy rule of scikit-learn's `GroupKFold`.

    >>> grouped(jnp.array([7, 7, 7, 4, 4, 5]), n_splits=2).test.astype(int).tolist()
    [[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]]
    """
    require.rank("groups", groups, 1)
    n = len(groups)
    _require_splits(n_splits, n)
    _, number = jnp.unique(groups, return_inverse=True, size=n)  # groups are numbered by increasing value
    size = jnp.zeros(n, int).at[number].add(1)

    def place(load: Array, group: Array) -> tuple[Array, Array]:
        lightest = jnp.argmin(load)
        return load.at[lightest].add(size[group]), lightest

    by_size = jnp.argsort(size, stable=True)[::-1]
    _, chosen = lax.scan(place, jnp.zeros(n_splits, int), by_size)
    return _from_assignment(jnp.zeros(n, chosen.dtype).at[by_size].set(chosen)[number], n_splits)


@public
def forward_chaining(
    n: int,
    *,
    n_splits: int = 5,
    test_size: int | None = None,
    gap: int = 0,
    max_train_size: int | None = None,
) -> Folds:
    """Splits in time: each model learns from the past and is tested on what comes next.

    The last `n_splits * test_size` samples are the test sets, one after the other; `test_size` is
    n // (n_splits + 1) by default. `gap` samples before each test set are left out. `max_train_size` keeps only
    the most recent ones of the past. Samples are in the order of time. All arguments are static.

    Raises:
        ValueError: if n_splits < 2, test_size < 1, gap < 0 or max_train_size < 1, or if the first model has no
            sample to learn from.

    Source: Hyndman and Athanasopoulos (2021), section 5.10; scikit-learn's
    `TimeSeriesSplit`.

    >>> forward_chaining(4, n_splits=2).train.astype(int).tolist()
    [[1, 1, 0, 0], [1, 1, 1, 0]]
    """
    size = n // (n_splits + 1) if test_size is None else test_size
    require.that(n_splits >= 2, f"n_splits must be at least 2; found {n_splits}")
    require.that(
        size >= 1 and gap >= 0 and (max_train_size is None or max_train_size >= 1),
        f"test_size and max_train_size must be at least 1, gap at least 0; "
        f"found {size}, {max_train_size}, {gap} for {n} samples",
    )
    first = n - n_splits * size
    require.that(
        first > gap,
        f"{n} samples leave none to learn from before {n_splits} tests of {size} samples and a gap of {gap}",
    )
    start = first + size * np.arange(n_splits)[:, None]
    end = start - gap
    oldest = 0 if max_train_size is None else end - max_train_size
    time = np.arange(n)
    train, test = (time >= oldest) & (time < end), (time >= start) & (time < start + size)
    return Folds(jnp.asarray(train), jnp.asarray(test))


@public
@partial(jax.jit, static_argnames=("fit", "predict", "loss"))
def cross_validate(
    x: Shaped[Array, "n *features"],
    y: Shaped[Array, "n *targets"],
    folds: Folds,
    *,
    fit: Fit,
    predict: Predictor,
    loss: Loss,
) -> CrossValidation:
    r"""Fit and test on every fold, in one vmapped call.

    `fit(x, y, weights=w)` gets all samples, with weight 1 for those of the training set and 0 for the others,
    and must ignore samples of weight 0. `predict(model, x)` returns predictions, `loss(prediction, y)` one
    number per sample. All three are static. Define them once: every new lambda is compiled again.

    Raises:
        ValueError: if x, y and the folds differ in the number of samples.

    Source: Stone (1974); Bishop (2006), section 1.3.

    >>> from mfml.risk import losses
    >>> from mfml.risk.empirical import weighted_mean
    >>> mean = lambda x, y, weights: weighted_mean(y, weights=weights)
    >>> constant = lambda fitted, x: jnp.full(len(x), fitted)
    >>> x, y = jnp.zeros((4, 1)), jnp.array([0.0, 0.0, 2.0, 2.0])
    >>> folds = k_fold(4, n_splits=2)
    >>> cross_validate(x, y, folds, fit=mean, predict=constant, loss=losses.squared_error).mean.item()
    4.0
    """
    require.same_length(x=x, y=y)
    folds.require(len(x))
    dtype = jnp.result_type(x, float) if jnp.issubdtype(x.dtype, jnp.floating) else jnp.result_type(float)

    def one(train: Array, test: Array) -> tuple[Array, Array]:
        train, test = train.astype(dtype), test.astype(dtype)
        values = loss(predict(fit(x, y, weights=train), x), y)
        return weighted_mean(values, weights=test), weighted_mean(values, weights=train)

    test_risk, train_risk = jax.vmap(one)(*map(jnp.asarray, (folds.train, folds.test)))
    k = len(test_risk)
    error = sums.std(test_risk, ddof=1) / math.sqrt(k) if k > 1 else jnp.full((), jnp.nan, test_risk.dtype)
    return CrossValidation(test_risk, train_risk, test_risk.mean(), error)


def _count(name: str, size: float | int, n: int) -> int:
    """Turn a share of n or a number of samples into a number of samples."""
    if isinstance(size, int):
        require.between(name, size, 0, n)
        return size
    require.between(name, size, 0, 1)
    return math.ceil(size * n)


def _require_splits(n_splits: int, n: int) -> None:
    require.that(2 <= n_splits <= n, f"n_splits must be between 2 and the {n} samples; found {n_splits}")


def _from_assignment(fold: Array, n_splits: int) -> Folds:
    test = fold == jnp.arange(n_splits)[:, None]
    return Folds(~test, test)


def _stratify(labels: Array, n_splits: int) -> Array:
    """Fold of each sample: sort by class, then deal the samples to the folds one by one."""
    n = len(labels)
    _, index, group = jnp.unique(labels, return_index=True, return_inverse=True, size=n)
    group = index[group]  # the first sample names a class, so classes are in order of appearance
    dealt = jnp.arange(n) % n_splits
    order = jnp.argsort(group, stable=True)
    return jnp.zeros(n, dealt.dtype).at[order].set(dealt[jnp.lexsort((dealt, group[order]))])
