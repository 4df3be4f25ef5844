"""One round of boosting: the binned data, the state, and the step to the next round.

Shapes: n samples, d features, b bins, k outputs. The formulas are in `boosting`, whose `fit` takes these steps.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int, Integer, Key, Num

from mfml import require
from mfml.entrance import public
from mfml.generalization import binning, growth, objectives
from mfml.generalization.tree_arrays import Trees
from mfml.numerics.absent import present
from mfml.numerics.domain import NON_NEGATIVE, inside
from mfml.risk.empirical import weighted_mean


class Task(NamedTuple):
    """Binned data: first the training samples, then those for validation."""

    bins: Integer[Array, "d n"]
    edges: Float[Array, "d b_1"]
    y: Num[Array, " n"]
    weights: Float[Array, " n"]  # 0 for validation
    validation: Float[Array, " n"]  # 1 for validation, 0 for training


class Rates(NamedTuple):
    """The numbers that regularize the ensemble; they may be traced."""

    learning_rate: Float[Array, ""]  # eta
    l2_regularization: Float[Array, ""]  # lambda
    gamma: Float[Array, ""]  # gain that a split has to exceed
    min_child_weight: Float[Array, ""]  # smallest H of a leaf
    subsample: Float[Array, ""]  # share of the samples that a round learns from
    max_features: Float[Array, ""]  # share of the features that a round may use, at least one of them


class State(NamedTuple):
    """What is known after some rounds."""

    scores: Float[Array, "k n"]
    loss: Float[Array, ""]  # weighted mean over the training samples
    validation_loss: Float[Array, ""]  # mean; NaN without validation samples
    best_loss: Float[Array, ""]  # lowest validation loss so far, including that of the start
    best_iter: Int[Array, ""]  # number of rounds that reached it
    iteration: Int[Array, ""]
    stopped: Bool[Array, ""]


@public
def problem(
    x: Float[Array, "n d"],
    y: Num[Array, " n"],
    *,
    weights: Float[Array, " n"] | None = None,
    validation: tuple[Float[Array, "m d"], Num[Array, " m"]] | None = None,
    max_bins: int = binning.MAX_BINS,
) -> Task:
    """Bin the data and append the validation samples. The edges come from the training samples only.

    Raises:
        ValueError: if shapes do not fit.

    >>> problem(jnp.array([[0.0], [2.0]]), jnp.array([0.0, 1.0]), max_bins=2).bins.tolist()
    [[0, 1]]
    """
    require.rank("x", x, 2)
    require.samples(x, y, weights)
    ends = binning.edges(x, weights=weights, max_bins=max_bins)
    bins = binning.transform(ends, x)
    w = jnp.ones(len(x), x.dtype) if weights is None else weights.astype(x.dtype)
    if validation is None:
        return Task(bins, ends, y, w, jnp.zeros_like(w))
    more_x, more_y = validation
    shapes = f"found shapes {more_x.shape} and {more_y.shape}"
    require.that(len(more_x) == len(more_y) > 0, f"validation must be x and y of the same length, not empty; {shapes}")
    require.columns("validation's x", more_x, x.shape[1])
    more = jnp.ones(len(more_x), x.dtype)
    return Task(
        jnp.concatenate([bins, binning.transform(ends, more_x)], axis=1),
        ends,
        jnp.concatenate([y, more_y]),
        jnp.concatenate([w, 0 * more]),
        jnp.concatenate([0 * w, more]),
    )


@public
def init(task: Task, *, loss: str = "squared_error", n_classes: int | None = None) -> State:
    """Start from the best constant: the mean, the log-odds, or the logarithms of the classes' shares.

    Raises:
        ValueError: for an unknown loss, or `softmax` without n_classes >= 2.

    >>> init(problem(jnp.array([[0.0], [2.0]]), jnp.array([0.0, 1.0]), max_bins=2)).scores.tolist()
    [[0.5, 0.5]]
    """
    return _init(_weighted(task), loss, n_classes)


@partial(jax.jit, static_argnames=("loss", "n_classes"))
def _init(task: Task, loss: str, n_classes: int | None) -> State:
    dtype = task.weights.dtype
    offset = objectives.best_constant(present(task.weights, task.y), task.weights, loss=loss, n_classes=n_classes)
    scores = jnp.broadcast_to(offset[:, None], (len(offset), len(task.y))).astype(dtype)
    value, checked = _losses(scores, task, loss)
    zero = jnp.zeros((), int)
    return State(scores, value, checked, checked, zero, zero, jnp.zeros((), bool))


@public
def step(
    state: State,
    task: Task,
    rates: Rates,
    *,
    key: Key[Array, ""] | None,
    loss: str = "squared_error",
    max_depth: int = 6,
    missing: bool = True,
) -> tuple[State, Trees]:
    """Add one tree per output. Without a key, nothing is drawn, so all samples and features are used.

    `max_depth` and `missing`, see `growth.grow`, are static.

    >>> task = problem(jnp.array([[0.0], [2.0]]), jnp.array([0.0, 1.0]), max_bins=2)
    >>> rates = Rates(*(jnp.array(rate) for rate in (1.0, 0.0, 0.0, 0.0, 1.0, 1.0)))
    >>> step(init(task), task, rates, key=None, max_depth=1)[0].scores.tolist()
    [[0.0, 1.0]]
    """
    return _step(state, _weighted(task), rates, key, loss=loss, max_depth=max_depth, missing=missing)


@partial(jax.jit, static_argnames=("loss", "max_depth", "missing"))
def _step(
    state: State, task: Task, rates: Rates, key: Array | None, *, loss: str, max_depth: int, missing: bool
) -> tuple[State, Trees]:
    (d, n), k = task.bins.shape, len(state.scores)
    rows, columns = jnp.ones(n, task.weights.dtype), jnp.ones(d, bool)
    if key is not None:
        for_rows, for_columns = jax.random.split(key)
        rows = (jax.random.uniform(for_rows, (n,)) < rates.subsample).astype(rows.dtype)
        rank = jnp.argsort(jax.random.permutation(for_columns, d))
        columns = rank < jnp.maximum(jnp.round(rates.max_features * d), 1)
    g, h = objectives.derivatives(state.scores, task.y, loss=loss)
    limits = growth.Limits(rates.l2_regularization, rates.min_child_weight, 2 * rates.gamma)

    def one(statistics: Array) -> tuple[Trees, Array]:
        grown = growth.grow(
            task.bins,
            statistics,
            limits,
            n_bins=task.edges.shape[1] + 2,
            max_depth=max_depth,
            allowed=None if key is None else lambda level: columns[None],
            missing=missing,
        )
        thresholds = growth.thresholds_of_bins(task.edges, grown.splits)
        found = growth.assemble(grown, thresholds, leaf_value, n_features=d)
        found = found._replace(gain=found.gain / 2, gain_of_feature=found.gain_of_feature / 2)
        tree = jax.tree.map(lambda leaf: leaf[0], found)
        return tree, leaf_value(grown.sums)[0, grown.leaf]

    def leaf_value(sums: Array) -> Array:
        weight = sums[1:] + rates.l2_regularization
        return rates.learning_rate * sums[:1] / jnp.where(weight <= 0, 1.0, weight)

    used = rows * task.weights
    # NaN times 0 is NaN: a sample that is not used must not count, whatever its target
    statistics = jnp.where(used == 0, 0, jnp.stack([-g, h], axis=1) * used)  # (k, 2, n)
    if k == 1:
        grown, change = jax.tree.map(lambda leaf: leaf[None], one(statistics[0]))
    else:
        grown, change = lax.map(one, statistics)
        grown = grown._replace(value=grown.value * jnp.eye(k, dtype=grown.value.dtype)[:, None, :])
    scores = state.scores + change
    value, checked = _losses(scores, task, loss)
    better, iteration = checked < state.best_loss, state.iteration + 1
    best = jnp.where(better, checked, state.best_loss), jnp.where(better, iteration, state.best_iter)
    return State(scores, value, checked, *best, iteration, state.stopped), grown


def _weighted(task: Task) -> Task:
    """Refuse negative weights while they are known."""
    weights, validation = (inside("weights", part, NON_NEGATIVE) for part in (task.weights, task.validation))
    return task._replace(weights=weights, validation=validation)


def _losses(scores: Array, task: Task, loss: str) -> tuple[Array, Array]:
    """Mean losses of the training and of the validation samples."""
    each = objectives.sample_losses(scores, task.y, loss=loss)
    own, held_out = (jnp.where(weights == 0, 0, each) for weights in (task.weights, task.validation))
    return weighted_mean(own, weights=task.weights), weighted_mean(held_out, weights=task.validation)
