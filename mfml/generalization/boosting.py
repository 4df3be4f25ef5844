r"""Gradient boosting with second derivatives and histograms.

Shapes: n samples, d features, k outputs (1; for `softmax` one per class), m validation samples. Each round adds one
tree per output to the scores F. The trees are grown on the derivatives of the loss,

$$g_i = \partial \ell(y_i, F_i) / \partial F_i, \qquad h_i = \partial^2 \ell(y_i, F_i) / \partial F_i^2, \qquad
F \leftarrow F + \eta f, \qquad f(\text{leaf}) = -\frac{G}{H + \lambda}$$

with G and H the sums over a leaf. A split gains
$\frac12 \left[\frac{G_L^2}{H_L + \lambda} + \frac{G_R^2}{H_R + \lambda} - \frac{G^2}{H + \lambda}\right] - \gamma$.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key, Num

from mfml import require
from mfml.entrance import public
from mfml.generalization import binning, criteria, tree_arrays
from mfml.generalization.boosting_rounds import Rates, State, init, problem, step
from mfml.generalization.tree_arrays import Trees
from mfml.iteration import Status
from mfml.numerics.absent import may_miss, present
from mfml.numerics.domain import NON_NEGATIVE, between, checked
from mfml.risk import metrics


class Boosting(NamedTuple):
    """A fitted or imported ensemble. The score of a sample is the offset plus the sum of all trees."""

    trees: Trees  # tree i adds to output i % k only; trees after round `n_rounds` are zero
    offset: Float[Array, " k"]
    classes: Int[Array, " classes"]  # labels; empty for a regression
    n_rounds: Int[Array, ""]  # rounds in use: up to the lowest validation loss with early stopping, otherwise all
    validation_history: Float[Array, " checks"]  # as `history`, for the validation data; empty if there are none
    history: Float[Array, " steps"]  # mean training loss at the start and after each round, then NaN; max_iter + 1
    n_iter: Int[Array, ""]  # rounds done
    converged: Bool[Array, ""]  # always False: boosting has no measure of the distance to the optimum
    status: Int[Array, ""]  # FINISHED, STOPPED_EARLY or NON_FINITE, see `mfml.iteration`


@public
@checked(
    weights=NON_NEGATIVE,
    learning_rate=between(0),
    l2_regularization=between(0),
    gamma=between(0),
    min_child_weight=between(0),
)
def fit(
    x: Float[Array, "n d"],
    y: Num[Array, " n"],
    *,
    key: Key[Array, ""] | None = None,
    weights: Float[Array, " n"] | None = None,
    validation: tuple[Float[Array, "m d"], Num[Array, " m"]] | None = None,
    loss: str = "squared_error",
    n_classes: int | None = None,
    max_iter: int = 100,
    learning_rate: ArrayLike = 0.1,
    max_depth: int = 6,
    max_bins: int = binning.MAX_BINS,
    l2_regularization: ArrayLike = 1.0,
    gamma: ArrayLike = 0.0,
    min_child_weight: ArrayLike = 1.0,
    subsample: float = 1.0,
    max_features: float = 1.0,
    n_iter_no_change: int | None = None,
) -> Boosting:
    r"""Start from the best constant and add `max_iter` rounds of trees.

    A leaf holds at least one sample. Missing values (NaN) go to the side of each split that gains more, and to the
    left if the training data had none at this node. With `n_iter_no_change`, boosting stops after that many rounds
    without a new lowest validation loss, and the model uses only the rounds up to the lowest.

    Args:
        x: features.
        y: targets; for `logistic` labels 0 and 1, for `softmax` labels 0, 1, ...
        key: draws samples and features; not needed if `subsample` and `max_features` are 1.
        weights: non-negative, one per sample; they multiply the derivatives. See `tree.fit`.
        validation: features and targets on which the loss is only monitored; needed for early stopping.
        loss: one of `objectives.LOSSES`; static.
        n_classes: for `softmax`; inferred from y if left out, but needed within `jit`; static.
        max_iter: number of rounds; static.
        learning_rate: factor that shrinks each tree; not negative.
        max_depth: of each tree, 1 to 14; static.
        max_bins: bins per feature; static.
        l2_regularization: lambda.
        gamma: gain that a split has to exceed.
        min_child_weight: smallest weighted sum of second derivatives in a leaf; for `squared_error` the sum of weights.
        subsample: share of the samples that a round learns from, drawn again in each round; a Python number.
        max_features: share of the features that a round may use, drawn again in each round; a Python number.
        n_iter_no_change: rounds to wait for a lower validation loss; None runs all rounds; static.

    Raises:
        ValueError: if shapes or labels do not fit, an option is unknown or out of range, early stopping lacks
            validation data, or sampling lacks a key.

    Source: Friedman (2001), Annals of Statistics 29, 1189-1232; Chen and Guestrin (2016), XGBoost.

    >>> x, y = jnp.arange(4.0)[:, None], jnp.array([0.0, 0.0, 4.0, 4.0])
    >>> model = fit(x, y, max_iter=1, learning_rate=0.5, l2_regularization=0.0)
    >>> predict(model, x).tolist(), model.history.tolist()
    ([1.0, 1.0, 3.0, 3.0], [2.0, 0.5])
    """
    require.rank("x", x, 2)
    require.samples(x, y, weights)
    require.positive("max_iter", max_iter)
    require.that(n_iter_no_change is None or validation is not None, "n_iter_no_change needs validation data")
    if n_iter_no_change is not None:
        require.positive("n_iter_no_change", n_iter_no_change)
    for name, share in {"subsample": subsample, "max_features": max_features}.items():
        require.that(0 < share <= 1, f"{name} must be above 0 and at most 1; found {share}")
    drawing = subsample < 1 or max_features < 1
    require.that(key is not None or not drawing, "subsample and max_features below 1 need a key")
    rates = (learning_rate, l2_regularization, gamma, min_child_weight, subsample, max_features)
    classes = _n_classes(y, None if validation is None else validation[1], loss, n_classes)
    sizes = {"max_iter": max_iter, "max_depth": max_depth, "max_bins": max_bins, "patience": n_iter_no_change}
    sizes |= {"n_classes": classes, "missing": may_miss(x)}
    return _fit(x, y, key if drawing else None, weights, validation, rates, loss=loss, **sizes)


def _n_classes(y: Array, held_out: Array | None, loss: str, given: int | None) -> int | None:
    """The number of classes, checked against the labels of training and validation; None for a regression."""
    if loss not in ("logistic", "softmax"):
        return None
    n_classes = require.n_classes(y, 2 if loss == "logistic" else given)
    if held_out is not None:
        require.n_classes(held_out, n_classes)
    return n_classes


@partial(jax.jit, static_argnames=("loss", "n_classes", "max_iter", "max_depth", "max_bins", "patience", "missing"))
def _fit(
    x: Array,
    y: Array,
    key: Array | None,
    weights: Array | None,
    validation: tuple[Array, Array] | None,
    rates: tuple[ArrayLike, ...],
    *,
    loss: str,
    n_classes: int | None,
    max_iter: int,
    max_depth: int,
    max_bins: int,
    patience: int | None,
    missing: bool,
) -> Boosting:
    size = criteria.spread(present(weights, y).astype(x.dtype)) if loss == "squared_error" else jnp.ones((), x.dtype)
    if loss == "squared_error":  # squares of residuals must not leave the float range
        y, validation = y / size, None if validation is None else (validation[0], validation[1] / size)
    task = problem(x, y, weights=weights, validation=validation, max_bins=max_bins)
    numbers = Rates(*(jnp.asarray(rate, x.dtype) for rate in rates))
    numbers = numbers._replace(gamma=numbers.gamma * (1 / size) * (1 / size))
    start = init(task, loss=loss, n_classes=n_classes)
    keys = None if key is None else jax.random.split(key, max_iter)

    def advance(state: State, key: Array | None) -> tuple[State, tuple[Trees, Array, Array]]:
        state, trees = step(state, task, numbers, key=key, loss=loss, max_depth=max_depth, missing=missing)
        if patience is not None:
            state = state._replace(stopped=state.iteration - state.best_iter >= patience)
        return state, (trees, state.loss, state.validation_loss)

    def one(state: State, key: Array | None) -> tuple[State, tuple[Trees, Array, Array]]:
        if patience is None:
            return advance(state, key)
        shapes = jax.eval_shape(advance, state, key)[1]
        trees, zero, _ = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
        nothing = trees, zero + jnp.nan, zero + jnp.nan
        return lax.cond(state.stopped, lambda: (state, nothing), lambda: advance(state, key))

    last, (trees, losses, checks) = lax.scan(one, start, keys, length=max_iter)
    n_rounds = last.iteration if patience is None else last.best_iter
    unknown = jnp.isnan(jnp.stack(numbers)).any()  # a limit of NaN alone would only prevent splits
    finite = ~unknown & jnp.isfinite(last.loss) & (jnp.isfinite(last.validation_loss) | (validation is None))
    ended = jnp.where(last.stopped, Status.STOPPED_EARLY, Status.FINISHED)
    return Boosting(
        trees=tree_arrays.in_units(_cut(trees, n_rounds), size),
        offset=jnp.where(unknown, jnp.nan, start.scores[:, 0] * size),
        classes=jnp.arange(n_classes or 0),
        n_rounds=n_rounds,
        validation_history=losses[:0]
        if validation is None
        else jnp.append(start.validation_loss, checks) * size * size,
        history=jnp.append(start.loss, losses) * size * size,
        n_iter=last.iteration,
        converged=jnp.zeros((), bool),
        status=jnp.where(finite, ended, Status.NON_FINITE),
    )


def _cut(trees: Trees, n_rounds: Array) -> Trees:
    """Put the trees of all rounds along one axis. Those after the last round in use become single leaves of value 0."""
    own = jnp.arange(trees.left.shape[-1], dtype=trees.left.dtype)
    keep = (jnp.arange(len(trees.left)) < n_rounds)[:, None, None]
    trees = trees._replace(
        left=jnp.where(keep, trees.left, own),
        right=jnp.where(keep, trees.right, own),
        value=jnp.where(keep[..., None], trees.value, 0.0),
        gain=jnp.where(keep, trees.gain, 0.0),
        gain_of_feature=jnp.where(keep, trees.gain_of_feature, 0.0),
    )
    return jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), trees)


@public
@jax.jit
def decision_function(model: Boosting, x: Float[Array, "m d"]) -> Float[Array, "m k"]:
    """Return the scores: units of y, log-odds, or unnormalized log-probabilities.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    >>> x, y = jnp.arange(4.0)[:, None], jnp.array([0.0, 0.0, 4.0, 4.0])
    >>> decision_function(fit(x, y, max_iter=1), x).shape
    (4, 1)
    """
    return tree_arrays.total(model.trees, x) + model.offset


@public
@jax.jit
def predict(model: Boosting, x: Float[Array, "m d"]) -> Num[Array, " m"]:
    """Predict in units of y for `squared_error`, otherwise the label of the most probable class.

    Ties go to the smallest label.

    Raises:
        ValueError: unless x has as many columns as in the fit.

    >>> x, y = jnp.arange(2.0)[:, None], jnp.array([0.0, 4.0])
    >>> predict(fit(x, y, max_iter=1, learning_rate=1.0, l2_regularization=0.0), x).tolist()
    [0.0, 4.0]
    >>> predict(fit(x, jnp.array([0, 1]), loss="logistic", min_child_weight=0.0), x).tolist()
    [0, 1]
    """
    scores = decision_function(model, x)
    if len(model.classes) == 0:
        return scores[:, 0]
    likeliest = (scores[:, 0] > 0).astype(int) if scores.shape[1] == 1 else jnp.argmax(scores, axis=1)
    return model.classes[likeliest]


@public
@jax.jit
def predict_proba(model: Boosting, x: Float[Array, "m d"]) -> Float[Array, "m classes"]:
    """Return the probability of each class: two columns for `logistic`, one per class for `softmax`.

    Raises:
        ValueError: for a regression, or unless x has as many columns as in the fit.

    >>> x, y = jnp.arange(4.0)[:, None], jnp.array([0, 0, 1, 1])
    >>> predict_proba(fit(x, y, loss="logistic", max_iter=1, min_child_weight=0.0), x).shape
    (4, 2)
    """
    message = "this model predicts numbers, not classes: fit it with loss='logistic' or 'softmax'"
    require.that(len(model.classes) > 0, message)
    scores = decision_function(model, x)
    if scores.shape[1] == 1:
        return jnp.concatenate([jax.nn.sigmoid(-scores), jax.nn.sigmoid(scores)], axis=1)
    return jax.nn.softmax(scores, axis=1)


@public
@jax.jit
def score(
    model: Boosting, x: Float[Array, "n d"], y: Num[Array, " n"], *, weights: Float[Array, " n"] | None = None
) -> Float[Array, ""]:
    """Return the accuracy of a classifier, and $R^2$ of a regression, see `mfml.risk.metrics`.

    Raises:
        ValueError: if shapes do not fit.

    >>> x, y = jnp.arange(2.0)[:, None], jnp.array([0.0, 4.0])
    >>> score(fit(x, y, max_iter=1, learning_rate=1.0, l2_regularization=0.0), x, y).item()
    1.0
    """
    measure = metrics.accuracy if len(model.classes) else metrics.r2
    require.samples(x, y, weights)
    return measure(predict(model, x), y, weights=weights).astype(model.offset.dtype)
