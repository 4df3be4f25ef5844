r"""Gradient boosting with second derivatives and histograms.

Shapes: n samples, d features, k outputs (1; for `softmax` one a class), m validation samples. Each round adds one
tree an output to the scores F, grown on the derivatives of the loss,

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
from jaxtyping import Array, Float, Int, Key, Num

from mfml import require
from mfml.generalization import binning, tree_arrays
from mfml.generalization.boosting_rounds import Rates, Round, State, init, problem, step
from mfml.generalization.tree_arrays import Trees


class Boosting(NamedTuple):
    """A fitted or imported ensemble; the score of a sample is the offset plus the sum of all trees."""

    trees: Trees  # tree i belongs to output i % k and is zero in the others; those after n_iter are zero
    offset: Float[Array, " k"]
    n_iter: Int[Array, ""]  # rounds in use: the best one with early stopping, else all
    train_loss: Float[Array, " rounds"]  # mean loss after each round; NaN for those not run
    validation_loss: Float[Array, " rounds"]  # likewise; NaN without validation data


@partial(
    jax.jit,
    static_argnames=(
        "loss",
        "n_classes",
        "max_iter",
        "max_depth",
        "max_bins",
        "subsample",
        "max_features",
        "n_iter_no_change",
    ),
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
    learning_rate: float | Float[Array, ""] = 0.1,
    max_depth: int = 6,
    max_bins: int = binning.MAX_BINS,
    l2_regularization: float | Float[Array, ""] = 1.0,
    gamma: float | Float[Array, ""] = 0.0,
    min_child_weight: float | Float[Array, ""] = 1.0,
    subsample: float = 1.0,
    max_features: float = 1.0,
    n_iter_no_change: int | None = None,
) -> Boosting:
    r"""Boost `max_iter` rounds from the best constant.

    A leaf holds at least one sample. Missing values (NaN) go to the side of each split that gains more; left where
    none were there. With `n_iter_no_change`, boosting stops when the validation loss has not fallen for so many
    rounds, and the model keeps the rounds up to the best.

    Args:
        x: features.
        y: targets; labels for `logistic` and `softmax`.
        key: draws rows and features; None where `subsample` and `max_features` are 1.
        weights: non-negative, one a sample; they multiply the derivatives.
        validation: features and targets to watch; needed for early stopping.
        loss: one of `objectives.LOSSES`; static.
        n_classes: for `softmax`; static.
        max_iter: rounds; static.
        learning_rate: factor of each tree, the shrinkage.
        max_depth: of each tree, 1 to 14; static.
        max_bins: bins a feature; static.
        l2_regularization: lambda.
        gamma: gain that a split has to exceed.
        min_child_weight: smallest sum of second derivatives in a leaf; for `squared_error` the number of samples.
        subsample: share of rows, drawn anew each round; static.
        max_features: share of features that a round may use, drawn anew each; static.
        n_iter_no_change: rounds to wait for a lower validation loss; None: run all; static.

    Raises:
        ValueError: if shapes do not fit, an option is unknown or out of range, early stopping has no validation
            data, or sampling has no key.

    Source: Friedman (2001), Annals of Statistics 29, 1189-1232; Chen and Guestrin (2016), XGBoost.

    >>> x, y = jnp.arange(4.0)[:, None], jnp.array([0.0, 0.0, 4.0, 4.0])
    >>> model = fit(x, y, max_iter=1, learning_rate=0.5, l2_regularization=0.0)
    >>> predict(model, x).tolist()
    [1.0, 1.0, 3.0, 3.0]
    """
    require.positive("max_iter", max_iter)
    require.between("max_depth", max_depth, 1, 14)
    stops = n_iter_no_change is not None
    require.that(not stops or validation is not None, "n_iter_no_change needs validation data")
    for name, share in {"subsample": subsample, "max_features": max_features}.items():
        require.that(0 < share <= 1, f"{name} must be above 0 and at most 1; found {share}")
    drawing = subsample < 1 or max_features < 1
    require.that(key is not None or not drawing, "subsample and max_features below 1 need a key")
    task = problem(x, y, weights=weights, validation=validation, max_bins=max_bins)
    numbers = (learning_rate, l2_regularization, gamma, min_child_weight, subsample, max_features)
    rates = Rates(*(jnp.asarray(number, x.dtype) for number in numbers))
    start = init(task, loss=loss, n_classes=n_classes)
    keys = jax.random.split(key, max_iter) if key is not None and drawing else None

    def go_on(state: State, key: Array | None) -> tuple[State, Round]:
        following, made = step(state, task, rates, key=key, loss=loss, max_depth=max_depth)
        waited = following.iteration - following.best_iter
        return following._replace(stopped=waited >= (n_iter_no_change or max_iter + 1)), made

    def one(state: State, key: Array | None) -> tuple[State, Round]:
        if not stops:
            return go_on(state, key)
        empty = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), jax.eval_shape(go_on, state, key)[1])
        nothing = empty._replace(train_loss=empty.train_loss + jnp.nan, validation_loss=empty.train_loss + jnp.nan)
        return lax.cond(state.stopped, lambda: (state, nothing), lambda: go_on(state, key))

    last, rounds = lax.scan(one, start, keys, length=max_iter)
    n_iter = last.best_iter if stops else last.iteration
    return _finish(rounds, start.scores[:, 0], n_iter)


def _finish(rounds: Round, offset: Array, n_iter: Array) -> Boosting:
    """Put the trees of all rounds into one axis and cut off those after the last round in use."""
    used = jnp.arange(len(rounds.train_loss)) < n_iter
    grown = rounds.trees
    own = jnp.arange(grown.left.shape[-1], dtype=grown.left.dtype)
    keep = used[:, None, None]
    grown = grown._replace(
        left=jnp.where(keep, grown.left, own),
        right=jnp.where(keep, grown.right, own),
        value=jnp.where(keep[..., None], grown.value, 0.0),
        gain=jnp.where(keep, grown.gain, 0.0),
    )
    flat = jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), grown)
    return Boosting(flat, offset, n_iter, rounds.train_loss, rounds.validation_loss)


def decision_function(model: Boosting, x: Float[Array, "m d"]) -> Float[Array, "m k"]:
    """Return the scores: units of y, log-odds, or unnormalized log-probabilities.

    >>> x, y = jnp.arange(4.0)[:, None], jnp.array([0.0, 0.0, 4.0, 4.0])
    >>> decision_function(fit(x, y, max_iter=1), x).shape
    (4, 1)
    """
    return tree_arrays.total(model.trees, x) + model.offset


def predict(model: Boosting, x: Float[Array, "m d"]) -> Float[Array, " m"]:
    """Predict in units of y, for `squared_error`.

    >>> x, y = jnp.arange(2.0)[:, None], jnp.array([0.0, 4.0])
    >>> predict(fit(x, y, max_iter=1, learning_rate=1.0, l2_regularization=0.0), x).tolist()
    [0.0, 4.0]
    """
    return decision_function(model, x)[:, 0]


def predict_proba(model: Boosting, x: Float[Array, "m d"]) -> Float[Array, "m classes"]:
    """Return the probability of each class, for `logistic` (two columns) and `softmax`.

    >>> x, y = jnp.arange(4.0)[:, None], jnp.array([0, 0, 1, 1])
    >>> predict_proba(fit(x, y, loss="logistic", max_iter=1, min_child_weight=0.0), x).shape
    (4, 2)
    """
    scores = decision_function(model, x)
    if scores.shape[1] == 1:
        return jnp.concatenate([jax.nn.sigmoid(-scores), jax.nn.sigmoid(scores)], axis=1)
    return jax.nn.softmax(scores, axis=1)
