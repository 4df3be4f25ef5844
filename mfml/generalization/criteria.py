r"""Criteria by which a tree splits, and what its leaves predict.

Shapes: n samples, k outputs or classes, c = k + 1 statistics, q nodes.

All criteria need only the sums of c statistics over the samples of a node. The last sum is the weight H, the others
are $G_1, G_2, \ldots$ A criterion turns these sums into the score of the node. The gain of a split is the sum of the
scores of both sides minus the score of the node. The usual score is

$$S = \sum_k \frac{G_k^2}{H + \lambda}$$

Far from zero these scores are large, and little is left of their difference. So its gain is computed from deviations
from the node's own value $v_k = G_k / (H + \lambda)$, which gives the same number:

$$\sum_k \left[\frac{D_{Lk}^2}{H_L + \lambda} + \frac{D_{Rk}^2}{H_R + \lambda} - \lambda v_k^2\right],
\qquad D_{Lk} = G_{Lk} - v_k (H_L + \lambda)$$

With $G = \sum w y$ and $H = \sum w$ the gain is the decrease of the squared error. With the weight of each class as
$G_k$ it is the decrease of Gini's impurity times H. With first and second derivatives of a loss it is twice the gain
of second-order boosting.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Num

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling
from mfml.numerics.absent import present

SOME = 10_000  # targets that are enough for a number in their middle

Score = Callable[[Array, ArrayLike], Array]  # takes sums of shape (c, ...) and lambda; returns one number per node


@public
def squared(sums: Float[Array, "c *q"], l2: ArrayLike) -> Float[Array, "*q"]:
    r"""Return $\sum_k G_k^2 / (H + \lambda)$; 0 for an empty node.

    >>> squared(jnp.array([3.0, 2.0]), 1.0).item()
    3.0
    """
    weight = sums[-1] + l2
    return jnp.asarray(sum(part**2 for part in sums[:-1])) / jnp.where(weight <= 0, 1.0, weight)


@public
@jax.jit
def entropy(sums: Float[Array, "c *q"], l2: ArrayLike) -> Float[Array, "*q"]:
    r"""Return $\sum_k G_k \ln(G_k / H)$ in nats: the entropy times -H. $\lambda$ is not used.

    >>> round(entropy(jnp.array([2.0, 2.0, 4.0]), 0.0).item(), 4)
    -2.7726
    """
    parts, weight = sums[:-1], sums[-1]
    share = jnp.where(parts <= 0, 1.0, parts) / jnp.where(weight <= 0, 1.0, weight)
    return jnp.sum(jnp.where(parts <= 0, 0.0, parts * jnp.log(share)), axis=0)


@public
def gain(
    left: Float[Array, "c *#q"],
    whole: Float[Array, "c *#q"],
    l2: ArrayLike,
    *,
    origin: Float[Array, "k *#q"],
    score: Score = squared,
) -> Float[Array, "*_"]:
    r"""Return the gain of splits: the scores of both sides minus that of the node.

    For `squared`, the sums may be those of $G_k - o_k H$ with the `origin` o, a number near the value of the node.
    For other scores o must be 0. `score` is static.

    >>> left, whole = jnp.array([3.0, 1.0]), jnp.array([4.0, 2.0])
    >>> gain(left, whole, 0.0, origin=jnp.zeros(1)).item()
    2.0
    """
    if score is not squared:
        return score(left, l2) + score(whole - left, l2) - score(whole, l2)
    return _gain(left, whole, l2, origin)


@jax.jit
def _gain(left: Array, whole: Array, l2: ArrayLike, origin: Array) -> Array:
    value = value_near(whole, l2, origin=origin)
    pull = l2 * value
    on_left = left[:-1] - (value - origin) * left[-1:] - pull  # D of the left side; that of the right is -(D + pull)
    weight = left[-1] + l2, whole[-1] - left[-1] + l2
    of_left, of_right = jnp.sum(on_left**2, axis=0), jnp.sum((on_left + pull) ** 2, axis=0)
    shares = [of / jnp.where(w <= 0, 1.0, w) for of, w in zip((of_left, of_right), weight, strict=True)]
    return shares[0] + shares[1] - jnp.sum(pull * value, axis=0)


@public
def value_near(sums: Float[Array, "c *#q"], l2: ArrayLike, *, origin: Float[Array, "k *#q"]) -> Float[Array, "k *_"]:
    r"""Return $v_k = G_k / (H + \lambda)$ from the sums of $G_k - o_k H$ with the origin o; o for an empty node.

    >>> value_near(jnp.array([2.0, 4.0]), 0.0, origin=jnp.array([10.0])).tolist()
    [10.5]
    """
    weight = sums[-1] + l2
    return origin + (sums[:-1] - l2 * origin) / jnp.where(weight <= 0, 1.0, weight)


@public
def rounding(
    whole: Float[Array, "c *#q"], l2: ArrayLike, *, origin: Float[Array, "k *#q"], score: Score = squared
) -> Float[Array, "*_"]:
    """Return the gain that rounding alone may give to a split, with the arguments of `gain`.

    >>> rounding(jnp.array([4.0, 2.0]), 0.0, origin=jnp.zeros(1)).item() < 1e-10
    True
    """
    if score is not squared:
        eps = 16 * jnp.finfo(whole.dtype).eps
        return eps * (jnp.abs(score(whole, l2)) + whole[-1])  # a pure node has no entropy, and shares that are rounded
    return _rounding(whole, l2, origin)


@jax.jit
def _rounding(whole: Array, l2: ArrayLike, origin: Array) -> Array:
    eps = 16 * jnp.finfo(whole.dtype).eps
    squares = jnp.sum(value_near(whole, l2, origin=origin) ** 2, axis=0)
    return eps * squares * (eps * whole[-1] + l2)


CRITERIA: dict[str, Score] = {"squared_error": squared, "gini": squared, "entropy": entropy}


@public
def n_classes(y: Num[Array, " n"], *, criterion: str, given: int | None) -> int | None:
    """Return the number of classes, at least 2, for a criterion of classification; None for a regression.

    Raises:
        ValueError: for an unknown criterion, labels that do not fit, or a missing number of classes within `jit`.

    >>> n_classes(jnp.array([0, 2, 1]), criterion="gini", given=None)
    3
    """
    require.one_of("criterion", criterion, CRITERIA)
    require.that(given is None or given >= 2, f"n_classes must be at least 2; found {given}")
    return None if criterion == "squared_error" else require.n_classes(y, given)


@public
@partial(jax.jit, static_argnames="n_classes")
def statistics(
    y: Num[Array, " n"], weights: Float[Array, " n"], *, n_classes: int | None
) -> tuple[Float[Array, "c n"], Float[Array, " k"]]:
    """Return the statistics of all samples, with the weights last, and a shift that each leaf adds to its mean.

    For a regression (`n_classes` None), the first row is y minus its median, and the shift is this median: a few
    targets far away do not take digits from the others. (Of many samples it is the median of some.) For a
    classification, each class has a row that is 1 for its samples and 0 for the others, and the shift is 0. All rows
    are multiplied by the weights. A label that is none of 0 to k - 1 makes all statistics of its sample NaN. The shift
    is NaN if all weights are zero.

    Raises:
        ValueError: for an empty y.

    >>> statistics(jnp.array([1.0, 3.0, 9.0]), jnp.ones(3), n_classes=None)[0].tolist()
    [[-2.0, 0.0, 6.0], [1.0, 1.0, 1.0]]
    """
    require.that(y.size > 0, f"y must not be empty; found shape {y.shape}")
    y = present(weights, y)
    if n_classes is None:
        center = lax.stop_gradient(_middle(y.astype(weights.dtype)))
        targets, shift = (y.astype(weights.dtype) - center)[None], center[None]
    else:
        label = jnp.where((y >= 0) & (y < n_classes), y, -1).astype(int)
        weights = jnp.where(label < 0, jnp.nan, weights)  # known only within compiled code: `n_classes` refuses it
        targets = jax.nn.one_hot(label, n_classes, dtype=weights.dtype, axis=0)
        targets = jnp.where(jnp.isnan(weights), jnp.nan, targets)  # 0 times NaN is 0 to the compiler
        shift = jnp.full(n_classes, jnp.where(jnp.all(weights == 0), jnp.nan, 0.0), weights.dtype)
    return jnp.concatenate([targets * weights, weights[None]]), shift


@public
@jax.jit
def spread(y: Float[Array, " n"]) -> Float[Array, ""]:
    """Return a power of two near the largest difference of targets, which another origin does not change.

    >>> spread(jnp.array([1e6, 1e6 + 4])).item()
    2.0
    """
    return scaling.unit(y - y[0])


@public
def leaf_mean(sums: Float[Array, "c m"], *, shift: Float[Array, " k"]) -> Float[Array, "k m"]:
    """Turn the sums of nodes into predictions: the weighted mean plus the shift, or only the shift for an empty node.

    >>> leaf_mean(jnp.array([[6.0], [2.0]]), shift=jnp.array([1.0])).tolist()
    [[4.0]]
    """
    return sums[:-1] / jnp.where(sums[-1] <= 0, 1.0, sums[-1]) + shift[:, None]


@public
def gini(counts: Float[Array, "*q k"]) -> Float[Array, "*q"]:
    r"""Return Gini's impurity $1 - \sum_k p_k^2$ of class counts or weights; 0 for an empty node.

    It is the probability that two samples, drawn with replacement, belong to different classes.

    >>> gini(jnp.array([[2.0, 2.0], [4.0, 0.0]])).tolist()
    [0.5, 0.0]
    """
    total = jnp.sum(counts, axis=-1, keepdims=True)
    share = counts / jnp.where(total <= 0, 1.0, total)
    return jnp.where(total[..., 0] <= 0, 0.0, 1 - jnp.sum(share**2, axis=-1))


def _middle(y: Array) -> Array:
    """A median of y, or of evenly spaced ones; one of them, so that equal targets become exactly 0."""
    return jnp.sort(y[:: max(1, len(y) // SOME)])[min(len(y), SOME) // 2]
