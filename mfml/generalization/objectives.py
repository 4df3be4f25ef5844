r"""Losses that boosting minimizes, with their derivatives with respect to the scores. Shapes: n samples, k outputs.

With a score F, `squared_error` is $\frac12 (y - F)^2$. `logistic` is the cross-entropy of labels 0 and 1 in nats,
and `softmax` is that of labels 0 to k - 1.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Num

from mfml import require
from mfml.entrance import public
from mfml.numerics.domain import NON_NEGATIVE, checked
from mfml.risk import losses
from mfml.risk.empirical import weighted_mean

LOSSES = ("squared_error", "logistic", "softmax")


@public
@checked(weights=NON_NEGATIVE)
@partial(jax.jit, static_argnames=("loss", "n_classes"))
def best_constant(
    y: Num[Array, " n"], weights: Float[Array, " n"], *, loss: str, n_classes: int | None = None
) -> Float[Array, " k"]:
    """Return the best constant scores: the mean, the log-odds, or the logarithms of the shares of the classes.

    Shares of 0, and for `logistic` also of 1, are moved inwards by eps, which keeps the scores finite.

    Raises:
        ValueError: for an unknown loss, `softmax` without n_classes >= 2, or a negative weight.

    >>> best_constant(jnp.array([0.0, 1.0]), jnp.ones(2), loss="squared_error").tolist()
    [0.5]
    """
    require.one_of("loss", loss, LOSSES)
    tiny = jnp.finfo(weights.dtype).eps
    if loss == "softmax":
        require.that(n_classes is not None and n_classes >= 2, f"softmax needs n_classes >= 2; found {n_classes}")
        label = jnp.arange(n_classes or 0)
        share = jax.vmap(lambda one: weighted_mean((y == one).astype(weights.dtype), weights=weights))(label)
        return jnp.log(jnp.maximum(share, tiny))
    if loss == "squared_error":
        return weighted_mean(y.astype(weights.dtype), weights=weights)[None]
    average = weighted_mean(_zero_or_one(y, weights), weights=weights)[None]
    chance = jnp.clip(average, tiny, 1 - tiny)
    return jnp.log(chance) - jnp.log1p(-chance)


@public
@partial(jax.jit, static_argnames="loss")
def derivatives(
    scores: Float[Array, "k n"], y: Num[Array, " n"], *, loss: str
) -> tuple[Float[Array, "k n"], Float[Array, "k n"]]:
    """Return the first and second derivatives of each sample's loss with respect to its scores.

    Of the second derivatives of `softmax`, only the diagonal is returned. Those of `logistic` and `softmax` are at
    least 1e-16. A label that is none of 0 to k - 1 (of `logistic`: neither 0 nor 1) gives NaN.

    Raises:
        ValueError: for an unknown loss.

    >>> g, h = derivatives(jnp.array([[0.0, 0.0]]), jnp.array([0, 1]), loss="logistic")
    >>> g.tolist(), h.tolist()
    ([[0.5, -0.5]], [[0.25, 0.25]])
    """
    require.one_of("loss", loss, LOSSES)
    if loss == "squared_error":
        return scores - y, jnp.ones_like(scores)
    if loss == "logistic":
        chance, target = jax.nn.sigmoid(scores), _zero_or_one(y, scores)[None]
    else:
        chance = jax.nn.softmax(scores, axis=0)
        target = jax.nn.one_hot(y.astype(int), len(scores), dtype=scores.dtype, axis=0)
        target = jnp.where((y >= 0) & (y < len(scores)), target, jnp.nan)
    return chance - target, jnp.maximum(chance * (1 - chance), 1e-16)


@public
@partial(jax.jit, static_argnames="loss")
def sample_losses(scores: Float[Array, "k n"], y: Num[Array, " n"], *, loss: str) -> Float[Array, " n"]:
    """Return the loss of each sample: half the squared error, or the cross-entropy in nats.

    Raises:
        ValueError: for an unknown loss.

    >>> sample_losses(jnp.array([[3.0]]), jnp.array([1.0]), loss="squared_error").tolist()
    [2.0]
    """
    require.one_of("loss", loss, LOSSES)
    if loss == "squared_error":
        return 0.5 * (scores[0] - y) ** 2
    if loss == "logistic":
        return jax.nn.softplus(scores[0]) - _zero_or_one(y, scores) * scores[0]
    return losses.cross_entropy(scores.T, y.astype(int))


def _zero_or_one(y: Array, like: Array) -> Array:
    """Labels of two classes as numbers; NaN for others, which `boosting.fit` refuses where they are known."""
    return jnp.where((y == 0) | (y == 1), y, jnp.nan).astype(like.dtype)
