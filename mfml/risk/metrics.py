r"""Scores of predictions: the `score` of every model that predicts. Shapes: n samples.

Regressors are scored by $R^2$, classifiers by accuracy: larger is better, 1 is perfect.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Num, Shaped

from mfml import require
from mfml.entrance import public
from mfml.numerics.absent import present
from mfml.numerics.domain import NON_NEGATIVE, checked
from mfml.numerics.labels import differ
from mfml.numerics.scaling import unit
from mfml.risk.empirical import weighted_mean


@public
@checked(weights=NON_NEGATIVE)
@jax.jit
def r2(
    prediction: Float[Array, " n"], target: Num[Array, " n"], *, weights: Float[Array, " n"] | None = None
) -> Float[Array, ""]:
    r"""Coefficient of determination $R^2 = 1 - \sum_i w_i (y_i - \hat y_i)^2 / \sum_i w_i (y_i - \bar y)^2$.

    $\bar y$ is the weighted mean of the targets y. At most 1, negative for predictions worse than the mean, NaN for
    constant targets.

    Raises:
        ValueError: unless all have the same shape.

    Source: Draper and Smith (1998), section 1.3.

    >>> round(r2(jnp.array([0.0, 1.0, 2.0]), jnp.array([0.0, 1.0, 3.0])).item(), 4)
    0.7857
    """
    require.same_shape(prediction=prediction, target=target, weights=weights)
    require.that(jnp.size(target) > 0, f"a score needs at least one sample; found shape {jnp.shape(target)}")
    prediction, target = present(weights, prediction), present(weights, jnp.asarray(target, prediction.dtype))
    target, error = target - target[0], target - prediction  # squares of numbers around zero, of any unit
    scale = unit(target)
    variation = (target - weighted_mean(target, weights=weights)) / scale
    total = weighted_mean(variation**2, weights=weights)
    rest = weighted_mean((error / scale) ** 2, weights=weights)
    return jnp.where(total > 0, 1 - rest / jnp.where(total > 0, total, 1.0), jnp.nan)


@public
@checked(weights=NON_NEGATIVE)
@jax.jit
def accuracy(
    prediction: Shaped[Array, " n"], target: Shaped[Array, " n"], *, weights: Float[Array, " n"] | None = None
) -> Float[Array, ""]:
    r"""Share of right labels, $\sum_i w_i [\hat y_i = y_i] / \sum_i w_i$; NaN if a label is NaN.

    Raises:
        ValueError: unless all have the same shape.

    Source: Bishop (2006), section 1.5.1: one minus the misclassification rate.

    >>> round(accuracy(jnp.array([1, 0, 2]), jnp.array([1, 0, 1])).item(), 4)
    0.6667
    """
    require.same_shape(prediction=prediction, target=target, weights=weights)
    right = 1 - differ(present(weights, prediction), present(weights, target))
    return weighted_mean(right if weights is None else right.astype(weights.dtype), weights=weights)
