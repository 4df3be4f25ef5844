"""Losses: the cost of predicting one thing when another is true.

A loss acts on each sample separately and returns one number per sample; the mean over samples is the empirical
risk (`mfml.risk.empirical.risk`). Only `mse` and `mae` average themselves, as the "m" in their names says.
The prediction comes first, the truth second. Binary labels are -1 and +1; logarithms are natural (nats).
"""

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Num

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling
from mfml.numerics.domain import POSITIVE, SHARE, checked
from mfml.numerics.labels import differ


@public
def squared_error(prediction: Float[Array, "*shape"], target: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    r"""Squared error of each sample: $(\hat y - y)^2$, without a factor 1/2, in squared units of y.

    The best constant prediction under it is the mean of the targets.

    Raises:
        ValueError: unless prediction and target have the same shape (nothing is broadcast).

    Source: Bishop (2006), section 1.5.5; McClarren (2021), chapter 2.

    >>> squared_error(jnp.array([1.0, 2.0]), jnp.array([1.0, 5.0])).tolist()
    [0.0, 9.0]
    """
    require.same_shape(prediction=prediction, target=target)
    return (prediction - target) ** 2


@public
def absolute_error(prediction: Float[Array, "*shape"], target: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    r"""Absolute error of each sample: $|\hat y - y|$, in units of y. Its gradient at zero is 0.

    The best constant prediction under it is the median of the targets.

    Raises:
        ValueError: unless prediction and target have the same shape (nothing is broadcast).

    Source: Bishop (2006), section 1.5.5; Murphy (2012), section 5.7.1.

    >>> absolute_error(jnp.array([1.0, 2.0]), jnp.array([1.0, 5.0])).tolist()
    [0.0, 3.0]
    """
    require.same_shape(prediction=prediction, target=target)
    error = prediction - target
    return jnp.maximum(error, -error)  # jnp.abs would have slope 1 at zero


@public
def mse(prediction: Float[Array, "*shape"], target: Float[Array, "*shape"]) -> Float[Array, ""]:
    r"""Mean squared error: $\frac1n \sum_i (\hat y_i - y_i)^2$, divisor n, in squared units of y.

    Arrays of any rank; the mean is over all entries.

    Raises:
        ValueError: if the shapes differ, or there are no samples.

    Source: Bishop (2006), section 1.5.5; McClarren (2021), chapter 2.

    >>> mse(jnp.array([1.0, 2.0]), jnp.array([1.0, 5.0])).item()
    4.5
    """
    _require_samples(prediction)
    return jnp.mean(squared_error(prediction, target))


@public
def mae(prediction: Float[Array, "*shape"], target: Float[Array, "*shape"]) -> Float[Array, ""]:
    r"""Mean absolute error: $\frac1n \sum_i |\hat y_i - y_i|$, divisor n, in units of y.

    Arrays of any rank; the mean is over all entries.

    Raises:
        ValueError: if the shapes differ, or there are no samples.

    Source: Murphy (2012), section 5.7.1; McClarren (2021), chapter 2.

    >>> mae(jnp.array([1.0, 2.0]), jnp.array([1.0, 5.0])).item()
    1.5
    """
    _require_samples(prediction)
    return jnp.mean(absolute_error(prediction, target))


@public
@checked(delta=POSITIVE)
def huber(
    prediction: Float[Array, "*shape"], target: Float[Array, "*shape"], *, delta: ArrayLike = 1.0
) -> Float[Array, "*shape"]:
    r"""Huber loss of each sample: a parabola around zero, straight lines outside it.

    $$\ell(r) = \tfrac12 r^2 \text{ for } |r| \le \delta, \qquad
    \delta\,(|r| - \tfrac12 \delta) \text{ beyond}, \qquad r = \hat y - y$$

    The factor 1/2 makes value and slope continuous at $|r| = \delta$; `delta` > 0 has the units of y. The
    slope never exceeds `delta`, so one outlier cannot dominate, and nothing overflows for large r.

    Raises:
        ValueError: if the shapes differ, or `delta` is not positive (NaN where it is traced).

    Source: Huber (1964); Murphy (2012), section 7.4.

    >>> huber(jnp.array([0.5, 3.0]), jnp.zeros(2), delta=1.0).tolist()
    [0.125, 2.5]
    """
    size = absolute_error(prediction, target)
    inside = jnp.minimum(size, delta)
    return 0.5 * inside**2 + delta * (size - inside)


@public
@checked(quantile=SHARE)
def pinball(
    prediction: Float[Array, "*shape"], target: Float[Array, "*shape"], *, quantile: ArrayLike = 0.5
) -> Float[Array, "*shape"]:
    r"""Pinball (quantile) loss of each sample: too low costs q per unit, too high costs 1 - q.

    $$\ell(\hat y, y) = \max\bigl(q\,(y - \hat y),\ (q - 1)\,(y - \hat y)\bigr)$$

    In units of y. The best constant prediction under it is the q-quantile of the targets; at q = 1/2 it is
    half the absolute error.

    Raises:
        ValueError: if the shapes differ, or `quantile` is outside [0, 1] (NaN where it is traced).

    Source: Koenker and Bassett (1978).

    >>> pinball(jnp.array([1.0, 5.0]), jnp.array([3.0, 3.0]), quantile=0.75).tolist()
    [1.5, 0.5]
    """
    require.same_shape(prediction=prediction, target=target)
    too_low = target - prediction
    return jnp.maximum(quantile * too_low, (quantile - 1) * too_low)


@public
def zero_one(prediction: Num[Array, "*shape"], target: Num[Array, "*shape"]) -> Float[Array, "*shape"]:
    r"""Zero-one loss of each sample: $1$ if the predicted label is wrong, $0$ otherwise.

    Labels are numbers of any kind and are compared for equality; the mean is the error rate, 1 - accuracy. NaN for
    a label that is NaN.
    The gradient is zero wherever it exists, so gradient descent cannot minimize this loss. Models are trained
    with a surrogate instead (`hinge`, `logistic`, `cross_entropy`).

    Raises:
        ValueError: unless prediction and target have the same shape.

    Source: Bishop (2006), section 1.5.1; Murphy (2012), section 5.7.1.

    >>> zero_one(jnp.array([2, 0, 1]), jnp.array([2, 1, 1])).tolist()
    [0.0, 1.0, 0.0]
    """
    require.same_shape(prediction=prediction, target=target)
    return differ(prediction, target)


@public
def hinge(score: Float[Array, "*shape"], label: Num[Array, "*shape"]) -> Float[Array, "*shape"]:
    r"""Hinge loss of each sample: $\max(0,\ 1 - y f)$ for a label $y \in \{-1, +1\}$ and a score $f$.

    Zero from a margin $y f$ of 1 on. At the kink the gradient is half the slope, a valid subgradient.

    Raises:
        ValueError: unless score and label have the same shape.

    Source: Bishop (2006), section 7.1; Murphy (2012), section 14.5.2.

    >>> hinge(jnp.array([2.0, 0.5, -1.0]), jnp.array([1, 1, 1])).tolist()
    [0.0, 0.5, 2.0]
    """
    require.same_shape(score=score, label=label)
    return scaling.at_least(0.0, 1.0 - label * score)


@public
def logistic(score: Float[Array, "*shape"], label: Num[Array, "*shape"]) -> Float[Array, "*shape"]:
    r"""Logistic loss of each sample: $\ln(1 + e^{-y f})$ for a label $y \in \{-1, +1\}$ and a score $f$.

    In nats: the negative log-likelihood of the label if $f$ is the log-odds of $+1$. Large scores neither
    overflow nor lose the gradient.

    Raises:
        ValueError: unless score and label have the same shape.

    Source: Bishop (2006), section 7.1.2; Murphy (2012), section 8.3.1.

    >>> [round(v, 3) for v in logistic(jnp.array([0.0, -100.0]), jnp.array([1, 1])).tolist()]
    [0.693, 100.0]
    """
    require.same_shape(score=score, label=label)
    return jnp.logaddexp(0.0, -label * score)


@public
def softmax(logits: Float[Array, "*n k"]) -> Float[Array, "*n k"]:
    r"""Softmax over the last axis: $p_j = e^{z_j} / \sum_l e^{z_l}$.

    The largest logit is subtracted first. This does not change $p$, and no exponential exceeds 1. A logit of
    -inf excludes its class; a row that has +inf, or nothing but -inf, has no softmax and gives NaN.

    Raises:
        ValueError: if logits is a scalar, or has no classes.

    Source: Bishop (2006), section 4.2, equation 4.62.

    >>> softmax(jnp.array([1e30, 1e30, -1e30])).tolist()
    [0.5, 0.5, 0.0]
    """
    weight = jnp.exp(_below_largest(logits))
    return weight / weight.sum(axis=-1, keepdims=True)


@public
def log_softmax(logits: Float[Array, "*n k"]) -> Float[Array, "*n k"]:
    r"""Logarithm of the softmax over the last axis: $z_j - \ln \sum_l e^{z_l}$, in nats.

    It never takes $\ln$ of a probability that has become 0. Conventions and errors as for `softmax`.

    Source: Murphy (2012), section 3.5.3 (the log-sum-exp trick).

    >>> log_softmax(jnp.array([0.0, -1000.0])).tolist()
    [0.0, -1000.0]
    """
    below = _below_largest(logits)
    return below - jnp.log(jnp.exp(below).sum(axis=-1, keepdims=True))


@public
@jax.jit
def cross_entropy(logits: Float[Array, "*n k"], label: Int[Array, "*n"]) -> Float[Array, "*n"]:
    r"""Softmax cross-entropy of each sample: $-\ln p_y$ with $p = \mathrm{softmax}(z)$, in nats.

    Labels are classes 0 to k - 1; any other label gives NaN. Value and gradient (softmax - one-hot) are finite
    for logits of any size with finite differences.

    Raises:
        ValueError: unless the labels have the logits' shape without its last axis.

    Source: Bishop (2006), section 4.3.4; McClarren (2021), chapter 5.

    >>> print(cross_entropy(jnp.array([[0.0, 0.0], [0.0, -1e30]]), jnp.array([0, 1])).round(3))
    [6.93e-01 1.00e+30]
    """
    _require_classes(logits)
    shape, found = jnp.shape(logits), jnp.shape(label)
    require.that(found == shape[:-1], f"label must have shape {shape[:-1]} for logits {shape}; found {found}")
    known = (label >= 0) & (label < shape[-1])
    chosen = jnp.where(known, label, 0)[..., None]
    log_probability = jnp.take_along_axis(log_softmax(logits), chosen, axis=-1)[..., 0]
    return jnp.where(known, -log_probability, jnp.nan)


@public
def soft_cross_entropy(logits: Float[Array, "*n k"], probability: Float[Array, "*n k"]) -> Float[Array, "*n"]:
    r"""Cross-entropy against a distribution: $-\sum_j q_j \ln p_j$ with $p = \mathrm{softmax}(z)$, in nats.

    For soft labels $q$ (smoothed, mixed, or another model's). Classes with $q_j = 0$ cost nothing, even if
    their logit is -inf. Rows of `probability` are not normalized.

    Raises:
        ValueError: unless logits and probability have the same shape.

    Source: Murphy (2012), section 2.8.2.

    >>> print(soft_cross_entropy(jnp.array([0.0, 0.0]), jnp.array([0.25, 0.75])).round(3))
    0.693
    """
    require.same_shape(logits=logits, probability=probability)
    log_probability = jnp.where(probability == 0, 0.0, log_softmax(logits))
    return -jnp.sum(probability * log_probability, axis=-1)


def _below_largest(logits: Array) -> Array:
    """Each logit minus the largest of its row. The gradient ignores the shift, since it cancels."""
    _require_classes(logits)
    return logits - lax.stop_gradient(logits.max(axis=-1, keepdims=True))


def _require_classes(logits: ArrayLike) -> None:
    shape = jnp.shape(logits)
    require.that(len(shape) > 0 and shape[-1] > 0, f"logits need a last axis of classes; found shape {shape}")


def _require_samples(prediction: ArrayLike) -> None:
    shape = jnp.shape(prediction)
    require.that(jnp.size(prediction) > 0, f"a mean needs at least one sample; found shape {shape}")
