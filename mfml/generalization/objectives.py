r"""Losses that boosting minimizes, with their derivatives in the scores. Shapes: n samples, k outputs.

Each of a score F: `squared_error` $\frac12 (y - F)^2$; `logistic`, of labels 0 and 1, and `softmax`, of labels 0 to
k - 1, the cross-entropy in nats.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Num

from mfml import require
from mfml.risk import losses

LOSSES = ("squared_error", "logistic", "softmax")


def best_constant(
    y: Num[Array, " n"], weights: Float[Array, " n"], *, loss: str, n_classes: int | None = None
) -> Float[Array, " k"]:
    """Return the scores that are best for all samples alike: mean, log-odds, or logarithms of the classes' shares.

    A share of 0 or 1 is moved inwards by the rounding error, so that the scores are finite.

    Raises:
        ValueError: for an unknown loss, or `softmax` without n_classes >= 2.

    >>> best_constant(jnp.array([0.0, 1.0]), jnp.ones(2), loss="squared_error").tolist()
    [0.5]
    """
    require.one_of("loss", loss, LOSSES)
    tiny = jnp.finfo(weights.dtype).eps
    if loss == "softmax":
        require.that(n_classes is not None and n_classes >= 2, f"softmax needs n_classes >= 2; found {n_classes}")
        share = jnp.stack([mean(y == label, weights) for label in range(n_classes or 0)])
        return jnp.log(jnp.maximum(share, tiny))
    average = mean(y, weights)[None]
    if loss == "squared_error":
        return average
    chance = jnp.clip(average, tiny, 1 - tiny)
    return jnp.log(chance) - jnp.log1p(-chance)


def mean(values: Num[Array, " n"] | Array, weights: Float[Array, " n"]) -> Float[Array, ""]:
    """Weighted mean; NaN where all weights are zero.

    >>> mean(jnp.array([1.0, 5.0]), jnp.array([1.0, 0.0])).item()
    1.0
    """
    total = jnp.sum(weights)
    return jnp.where(total > 0, jnp.sum(values * weights) / jnp.where(total > 0, total, 1.0), jnp.nan)


def derivatives(
    scores: Float[Array, "k n"], y: Num[Array, " n"], *, loss: str
) -> tuple[Float[Array, "k n"], Float[Array, "k n"]]:
    """First and second derivative of each sample's loss in its scores; of `softmax` the diagonal alone.

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
        chance, target = jax.nn.sigmoid(scores), y.astype(scores.dtype)[None]
    else:
        chance = jax.nn.softmax(scores, axis=0)
        target = jax.nn.one_hot(y, len(scores), dtype=scores.dtype, axis=0)
    return chance - target, jnp.maximum(chance * (1 - chance), 1e-16)


def sample_losses(scores: Float[Array, "k n"], y: Num[Array, " n"], *, loss: str) -> Float[Array, " n"]:
    """Loss of each sample: half the squared error, or nats.

    Raises:
        ValueError: for an unknown loss.

    >>> sample_losses(jnp.array([[3.0]]), jnp.array([1.0]), loss="squared_error").tolist()
    [2.0]
    """
    require.one_of("loss", loss, LOSSES)
    if loss == "squared_error":
        return 0.5 * (scores[0] - y) ** 2
    if loss == "logistic":
        return jax.nn.softplus(scores[0]) - y * scores[0]
    return losses.cross_entropy(scores.T, y.astype(int))
