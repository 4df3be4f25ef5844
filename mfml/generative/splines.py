r"""Monotone rational-quadratic splines with linear tails. Shapes: k bins, k + 1 knots, any shape of points.

Between two knots $(x_j, y_j)$ and $(x_{j+1}, y_{j+1})$ with slopes $\delta_j, \delta_{j+1}$ and mean slope
$s = \Delta y / \Delta x$, at $\xi = (x - x_j) / \Delta x$:

$$y = y_j + \Delta y \frac{\xi^2 + r_0\, \xi (1 - \xi)}{1 + (r_0 + r_1 - 2)\, \xi (1 - \xi)}, \qquad
  r_0 = \delta_j / s, \quad r_1 = \delta_{j+1} / s.$$

It rises wherever knots and slopes do, has a continuous derivative, and its inverse is the root of a quadratic. Beyond
the first and the last knot it is a straight line with the slope of that knot.

Source: Gregory and Delbourgo (1982); Durkan et al. (2019).
"""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public

SMALLEST_SHARE = 1e-3  # of the interval that a bin takes: widths, heights and slopes never vanish
SMALLEST_SLOPE = 1e-3
AT_ONE = math.log(math.expm1(1 - SMALLEST_SLOPE))  # raw slope that gives the slope 1


class Knots(NamedTuple):
    """Knots of one spline for each point. Positions rise along the last axis, and slopes are positive."""

    x: Float[Array, "*n m"]  # m = k + 1
    y: Float[Array, "*n m"]
    slopes: Float[Array, "*n m"]


class Moved(NamedTuple):
    """Points after a monotone map."""

    values: Float[Array, "*n"]
    log_slope: Float[Array, "*n"]  # logarithm of the derivative at the point that was given


@public
@partial(jax.jit, static_argnames="bound")
def knots(raw: Float[Array, "*n p"], *, bound: float = 1.0) -> Knots:
    r"""Make knots from p = 3 k - 1 unbounded numbers: k widths, k heights, k - 1 slopes between the bins.

    Widths and heights are softmax shares of the interval from -bound to bound, and each is at least a thousandth of
    it. Slopes are softplus, at least a thousandth, and 1 at both ends, so that the tails are the identity. Zeros give
    the identity everywhere. The bound is static.

    Raises:
        ValueError: unless p = 2, 5, 8, ... with fewer than 1000 bins, and bound > 0.

    Source: Durkan et al. (2019), section 3.1.

    >>> made = knots(jnp.zeros(5), bound=2.0)
    >>> made.x.tolist(), made.y.tolist(), made.slopes.round(4).tolist()
    ([-2.0, 0.0, 2.0], [-2.0, 0.0, 2.0], [1.0, 1.0, 1.0])
    """
    p = raw.shape[-1] if raw.ndim else 0
    k = (p + 1) // 3
    require.that(p % 3 == 2 and k < 1 / SMALLEST_SHARE, f"raw needs 3 k - 1 columns for k bins; found {raw.shape}")
    require.that(0 < bound < 0.5 * float(jnp.finfo(raw.dtype).max), f"bound must be positive and finite; found {bound}")
    slopes = SMALLEST_SLOPE + jax.nn.softplus(raw[..., 2 * k :] + AT_ONE)
    end = jnp.ones_like(raw[..., :1])
    x, y = (_positions(part, bound) for part in (raw[..., :k], raw[..., k : 2 * k]))
    return Knots(x, y, jnp.concatenate([end, slopes, end], axis=-1))


@public
@jax.jit
def transform(knots: Knots, x: Float[Array, "*n"]) -> Moved:
    """Value and slope of a spline at each point; each has a spline of its own.

    Raises:
        ValueError: unless there is a spline for each point.

    Source: Durkan et al. (2019), equations 4 and 5.

    >>> made = Knots(jnp.array([0.0, 1.0]), jnp.array([0.0, 1.0]), jnp.array([2.0, 0.5]))
    >>> [round(part.item(), 4) for part in transform(made, jnp.array(0.5))]
    [0.6667, -0.1178]
    """
    return _moved(knots, x, _rise)


@public
@jax.jit
def inverse(knots: Knots, y: Float[Array, "*n"]) -> Moved:
    r"""Point at which a spline has a value, and the slope of the inverse there; each has a spline of its own.

    With $v = (y - y_j) / \Delta y$ and $w = 1 - v$ the share $\xi$ is the root of a quadratic. Where
    $d = r_0 w - r_1 v \ge 0$ it is $2 v / (2 v + h)$, otherwise $h / (2 w + h)$, with
    $h = |d| + \sqrt{d^2 + 4 v w}$: a form in which nothing cancels.

    Raises:
        ValueError: unless there is a spline for each point.

    Source: Durkan et al. (2019), equations 6 to 8.

    >>> made = Knots(jnp.array([0.0, 1.0]), jnp.array([0.0, 1.0]), jnp.array([2.0, 0.5]))
    >>> round(inverse(made, transform(made, jnp.array(0.5)).values).values.item(), 4)
    0.5
    """
    return _moved(Knots(knots.y, knots.x, 1 / knots.slopes), y, _fall)


def _positions(raw: Array, bound: float) -> Array:
    """Rising positions from -bound to bound."""
    k = raw.shape[-1]
    shares = SMALLEST_SHARE + (1 - k * SMALLEST_SHARE) * jax.nn.softmax(raw, axis=-1)
    inner = -bound + 2 * bound * jnp.cumsum(shares[..., :-1], axis=-1)
    end = jnp.full_like(raw[..., :1], bound)
    return jnp.concatenate([-end, inner, end], axis=-1)


def _moved(knots: Knots, points: Array, inside: Callable[[Array, Array, Array], tuple[Array, Array]]) -> Moved:
    """Points moved along their splines: `inside` knows the way from a share of the width to a share of the height."""
    _check(knots, points)
    x, y, slopes = knots
    below, above = points < x[..., 0], points > x[..., -1]
    right = points[..., None] >= x[..., 1:-1]
    one = jnp.ones_like(right, shape=(*points.shape, 1))
    here = jnp.concatenate([one, right], axis=-1) & ~jnp.concatenate([right, ~one], axis=-1)

    def chosen(values: Array) -> Array:
        """Those of the bin: a sum over all bins, most of them 0, whose derivative needs no scatter."""
        return jnp.sum(jnp.where(here, values, 0), axis=-1)

    left, bottom, width, height = (chosen(part) for part in (x[..., :-1], y[..., :-1], jnp.diff(x), jnp.diff(y)))
    mean = height / width
    share = (jnp.where(below | above, left, points) - left) / width  # no derivative passes from beyond
    up, log_slope = inside(share, chosen(slopes[..., :-1]) / mean, chosen(slopes[..., 1:]) / mean)
    low = y[..., 0] + slopes[..., 0] * (points - x[..., 0])
    high = y[..., -1] + slopes[..., -1] * (points - x[..., -1])
    values = jnp.where(below, low, jnp.where(above, high, bottom + height * up))
    of_line = jnp.log(jnp.where(below, slopes[..., 0], slopes[..., -1]))
    return Moved(values, jnp.where(below | above, of_line, jnp.log(mean) + log_slope))


def _rise(share: Array, first: Array, last: Array) -> tuple[Array, Array]:
    """Share of the height at a share of the width, and the logarithm of the slope in these units."""
    rest = 1 - share
    return share * (share + first * rest) / _divisor(share, rest, first, last), _log_slope(share, rest, first, last)


def _fall(share: Array, first: Array, last: Array) -> tuple[Array, Array]:
    """Undo `_rise` for a spline with the slopes 1 / first and 1 / last. No sum here has terms that cancel."""
    first, last, rest = 1 / first, 1 / last, 1 - share
    ahead = first * rest - last * share
    reach = jnp.sqrt(ahead * ahead + 4 * share * rest) + jnp.abs(ahead)
    early = ahead >= 0
    end = jnp.where(early, share, rest)
    near, far = 2 * end / (2 * end + reach), reach / (2 * end + reach)
    found, left = jnp.where(early, near, far), jnp.where(early, far, near)
    return found, -_log_slope(found, left, first, last)


def _log_slope(share: Array, rest: Array, first: Array, last: Array) -> Array:
    slope = last * share * share + 2 * share * rest + first * rest * rest
    return jnp.log(slope) - 2 * jnp.log(_divisor(share, rest, first, last))


def _divisor(share: Array, rest: Array, first: Array, last: Array) -> Array:
    """The divisor of the map, 1 + (first + last - 2) share rest, in terms that are all positive."""
    return share * share + (first + last) * share * rest + rest * rest


def _check(knots: Knots, points: Array) -> None:
    x, y, slopes = (part.shape for part in knots)
    require.that(
        x == y == slopes == (*points.shape, x[-1] if x else 0) and x[-1] >= 2,
        f"knots must have shape {(*points.shape, 'k + 1')}, one spline for each point; found {x}, {y}, {slopes}",
    )
