r"""Conformal intervals from quantiles (CQR), and from fits without one fold each (jackknife+ and CV+).

CQR repairs predicted quantiles, so that intervals are wide where the noise is. It needs calibration samples that the
model has not seen. Jackknife+ needs none: each sample is predicted by a fit without it. Shapes: n samples, m new ones,
k folds.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Shaped

from mfml import require
from mfml.entrance import public
from mfml.numerics import order
from mfml.probability.intervals import Interval
from mfml.risk.splits import Folds
from mfml.uncertainty import conformal

Fit = Callable[..., Any]  # fit(x, y, weights=...) -> fitted model
Predict = Callable[[Any, Array], Array]

KINDS = ("plus", "minmax")


@public
@jax.jit
def quantile_scores(low: Float[Array, " n"], high: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, " n"]:
    r"""How far a sample lies outside of its predicted interval: $\max(l - y, y - u)$, negative inside; units of y.

    Raises:
        ValueError: unless all have one axis and the same length.

    Source: Romano, Patterson and Candès (2019), equation 6.

    >>> quantile_scores(jnp.zeros(2), jnp.ones(2), jnp.array([3.0, 0.25])).tolist()
    [2.0, -0.25]
    """
    require.rank("low", low, 1)
    require.same_shape(low=low, high=high, y=y)
    below, above = low - y, y - high
    return jnp.where(jnp.isnan(below) | (below > above), below, above)


@public
@jax.jit
def quantile_interval(low: Float[Array, " m"], high: Float[Array, " m"], quantile: Float[Array, "*m"]) -> Interval:
    r"""Intervals from $l - q$ to $u + q$ with the quantile of the scores, which is negative for too wide predictions.

    An interval whose ends cross is empty.

    Raises:
        ValueError: unless both have one axis and the same length, and the quantile is one number or has it, too.

    Source: Romano, Patterson and Candès (2019), equation 7.

    >>> [end.tolist() for end in quantile_interval(jnp.array([0.0]), jnp.array([1.0]), jnp.array(0.5))]
    [[-0.5], [1.5]]
    """
    require.rank("low", low, 1)
    require.same_shape(low=low, high=high)
    require.broadcasts("quantile", quantile, low.shape)
    return Interval(low - quantile, high + quantile)


@public
@partial(jax.jit, static_argnames="level")
def cqr(
    low: Float[Array, " n"],
    high: Float[Array, " n"],
    y: Float[Array, " n"],
    new_low: Float[Array, " m"],
    new_high: Float[Array, " m"],
    *,
    level: float = 0.9,
) -> Interval:
    """Conformalized quantile regression in one call: `quantile_scores`, `conformal.quantile`, `quantile_interval`.

    Args:
        low: predicted quantiles of the calibration samples, such as 5 %, units of y.
        high: such as 95 %.
        y: of the calibration samples.
        new_low: of new samples.
        new_high: of new samples.
        level: share of new samples that the intervals are to contain; static.

    Raises:
        ValueError: as those three functions.

    Source: Romano, Patterson and Candès (2019), algorithm 1.

    >>> low, high = jnp.zeros(3), jnp.ones(3)
    >>> [e.tolist() for e in cqr(low, high, jnp.array([0.5, 2.0, 3.0]), low[:1], high[:1], level=0.5)]
    [[-1.0], [2.0]]
    """
    quantile = conformal.quantile(quantile_scores(low, high, y), level=level)
    return quantile_interval(new_low, new_high, quantile)


@public
@partial(jax.jit, static_argnames=("fit", "predict", "level", "kind"))
def jackknife(
    x: Shaped[Array, "n *features"],
    y: Float[Array, " n"],
    x_new: Shaped[Array, "m *features"],
    *,
    fit: Fit,
    predict: Predict,
    folds: Folds | None = None,
    level: float = 0.9,
    kind: str = "plus",
) -> Interval:
    r"""Intervals from fits without one sample each, or without one fold each (CV+), all in one vmapped call.

    With the residual $R_i = |y_i - \hat y_{-i}(x_i)|$ of the fit without sample i, jackknife+ goes from the
    $\lfloor (n + 1) \alpha \rfloor$-th smallest $\hat y_{-i}(x) - R_i$ to the
    $\lceil (n + 1)(1 - \alpha) \rceil$-th smallest $\hat y_{-i}(x) + R_i$, $\alpha = 1 - \mathrm{level}$. It contains
    at least $1 - 2 \alpha$ of new samples, most often $1 - \alpha$. `minmax` takes the smallest and largest prediction
    and the quantile of the residuals; it contains at least $1 - \alpha$, and is wider.

    Args:
        x: samples.
        y: targets.
        x_new: new samples.
        fit: fit(x, y, weights=...) returns a fitted model; a weight is 0 for what is left out; static.
        predict: predict(model, x); static.
        folds: of which the test samples are left out together, each sample once; every sample alone if not given.
        level: static.
        kind: "plus" or "minmax"; static.

    Raises:
        ValueError: for shapes that do not fit, less than 2 samples, an unknown kind, or unless 0 < level < 1.

    Source: Barber et al. (2021), sections 1.2 and 2.2 (jackknife+, minmax), section 3 (CV+).

    >>> fit = lambda x, y, weights: jnp.sum(weights * y) / jnp.sum(weights)
    >>> predict = lambda mean, x: jnp.full(len(x), mean)
    >>> x, y = jnp.zeros((3, 1)), jnp.array([1.0, 2.0, 6.0])
    >>> [end.tolist() for end in jackknife(x, y, x[:1], fit=fit, predict=predict, level=0.5)]
    [[1.0], [6.0]]
    """
    require.one_of("kind", kind, KINDS)
    require.samples(x, y)
    columns = x.shape[1:], x_new.shape[1:]
    require.that(columns[0] == columns[1], f"x and x_new must have the same columns; found {columns}")
    n = len(y)
    require.that(n > 1, f"y must have at least 2 entries; found shape {y.shape}")
    if folds is None:
        fold, left_out = jnp.arange(n), jnp.eye(n, dtype=bool)
    else:
        folds.require(n)
        left_out = jnp.asarray(folds.test)
        fold = jnp.where(left_out.sum(axis=0) == 1, jnp.argmax(left_out, axis=0), -1)

    def without(out: Array) -> tuple[Array, Array]:
        model = fit(x, y, weights=(~out).astype(y.dtype))
        return predict(model, x), predict(model, x_new)

    own, new = jax.vmap(without)(left_out)  # (k, n), (k, m)
    residual = jnp.where(fold < 0, jnp.nan, jnp.abs(y - own[fold, jnp.arange(n)]))
    k = order.rank(n, level)
    if kind == "minmax":
        return Interval(new.min(axis=0) - order.smallest(residual, k), new.max(axis=0) + order.smallest(residual, k))
    center = new[fold]
    return Interval(
        -order.smallest(residual[:, None] - center, k),  # of the negative numbers: the rank from the other end
        order.smallest(center + residual[:, None], k),
    )
