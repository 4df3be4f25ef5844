"""One round of boosting: the binned data, where boosting stands, and the step from one round to the next.

Shapes: n samples, d features, b bins, k outputs. The formulas are in `boosting`, whose `fit` takes these steps.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int, Integer, Key, Num

from mfml import require
from mfml.generalization import binning, growth, objectives
from mfml.generalization.tree_arrays import Trees


class Task(NamedTuple):
    """Binned data, training samples first, then those of validation."""

    bins: Integer[Array, "d n"]
    edges: Float[Array, "d b_1"]
    y: Num[Array, " n"]
    weights: Float[Array, " n"]  # 0 for validation
    validation: Float[Array, " n"]  # 1 for validation, 0 for training


class Rates(NamedTuple):
    """The numbers that regularize; they may be traced."""

    learning_rate: Float[Array, ""]  # eta
    l2_regularization: Float[Array, ""]  # lambda
    gamma: Float[Array, ""]  # what a split must gain
    min_child_weight: Float[Array, ""]  # smallest H of a leaf
    subsample: Float[Array, ""]  # share of the rows that a round learns from
    max_features: Float[Array, ""]  # share of the features that a tree may use, at least one


class State(NamedTuple):
    """Where boosting stands after some rounds."""

    scores: Float[Array, "k n"]
    best_loss: Float[Array, ""]  # of validation
    best_iter: Int[Array, ""]  # rounds it took
    iteration: Int[Array, ""]
    stopped: Bool[Array, ""]


class Round(NamedTuple):
    """What one round leaves behind."""

    trees: Trees  # one an output
    train_loss: Float[Array, ""]
    validation_loss: Float[Array, ""]


def problem(
    x: Float[Array, "n d"],
    y: Num[Array, " n"],
    *,
    weights: Float[Array, " n"] | None = None,
    validation: tuple[Float[Array, "m d"], Num[Array, " m"]] | None = None,
    max_bins: int = binning.MAX_BINS,
) -> Task:
    """Bin the data, edges from the training samples alone, and put the validation samples behind.

    Raises:
        ValueError: if shapes do not fit.

    >>> problem(jnp.array([[0.0], [2.0]]), jnp.array([0.0, 1.0]), max_bins=2).bins.tolist()
    [[0, 1]]
    """
    require.rank("x", x, 2)
    require.rank("y", y, 1)
    require.same_length(x=x, y=y, **({} if weights is None else {"weights": weights}))
    ends = binning.edges(x, max_bins=max_bins)
    bins = binning.transform(ends, x)
    w = jnp.ones(len(x), x.dtype) if weights is None else weights.astype(x.dtype)
    if validation is None:
        return Task(bins, ends, y, w, jnp.zeros_like(w))
    more_x, more_y = validation
    require.same_length(validation_x=more_x, validation_y=more_y)
    more = jnp.ones(len(more_x), x.dtype)
    return Task(
        jnp.concatenate([bins, binning.transform(ends, more_x)], axis=1),
        ends,
        jnp.concatenate([y, more_y]),
        jnp.concatenate([w, 0 * more]),
        jnp.concatenate([0 * w, more]),
    )


def init(task: Task, *, loss: str = "squared_error", n_classes: int | None = None) -> State:
    """Start from the best constant: the mean, the log-odds, or the logarithms of the shares of the classes.

    Raises:
        ValueError: for an unknown loss, or `softmax` without n_classes >= 2.

    >>> init(problem(jnp.array([[0.0], [2.0]]), jnp.array([0.0, 1.0]), max_bins=2)).scores.tolist()
    [[0.5, 0.5]]
    """
    dtype = task.weights.dtype
    offset = objectives.best_constant(task.y, task.weights, loss=loss, n_classes=n_classes)
    scores = jnp.broadcast_to(offset[:, None], (len(offset), len(task.y))).astype(dtype)
    none = jnp.zeros((), int)
    return State(scores, jnp.asarray(jnp.inf, dtype), none, none, jnp.zeros((), bool))


def step(
    state: State,
    task: Task,
    rates: Rates,
    *,
    key: Key[Array, ""] | None,
    loss: str = "squared_error",
    max_depth: int = 6,
) -> tuple[State, Round]:
    """Add one tree an output. Without a key nothing is drawn: all rows, all features. `max_depth` is static.

    >>> task = problem(jnp.array([[0.0], [2.0]]), jnp.array([0.0, 1.0]), max_bins=2)
    >>> rates = Rates(*(jnp.array(rate) for rate in (1.0, 0.0, 0.0, 0.0, 1.0, 1.0)))
    >>> step(init(task), task, rates, key=None, max_depth=1)[0].scores.tolist()
    [[0.0, 1.0]]
    """
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
        )
        found = growth.assemble(grown, growth.thresholds_of_bins(task.edges, grown.splits), leaf_value)
        tree = jax.tree.map(lambda leaf: leaf[0], found._replace(gain=found.gain / 2))
        return tree, leaf_value(grown.sums)[0, grown.leaf]

    def leaf_value(sums: Array) -> Array:
        weight = sums[1:] + rates.l2_regularization
        return rates.learning_rate * sums[:1] / jnp.where(weight > 0, weight, 1.0)

    statistics = jnp.stack([-g, h], axis=1) * (rows * task.weights)  # (k, 2, n)
    if k == 1:
        grown, change = jax.tree.map(lambda leaf: leaf[None], one(statistics[0]))
    else:
        grown, change = lax.map(one, statistics)
        grown = grown._replace(value=grown.value * jnp.eye(k, dtype=grown.value.dtype)[:, None, :])
    scores = state.scores + change
    each = objectives.sample_losses(scores, task.y, loss=loss)
    checked = objectives.mean(each, task.validation)
    better = checked < state.best_loss
    following = State(
        scores,
        jnp.where(better, checked, state.best_loss),
        jnp.where(better, state.iteration + 1, state.best_iter),
        state.iteration + 1,
        state.stopped,
    )
    return following, Round(grown, objectives.mean(each, task.weights), checked)
