r"""Basis functions of one variable, each as a design matrix. Shapes: n points, m functions.

A curve $f(x) = \sum_j c_j \phi_j(x)$ is linear in its coefficients, so least squares on the design matrix
$\Phi_{ij} = \phi_j(x_i)$ fits it. If the functions contain a constant or add up to 1, fit without an intercept.
All functions can be differentiated in x; at a knot a spline has the derivative of the piece to the right.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics.scaling import ratio, unit

EXTRAPOLATIONS = ("constant", "zero", "continue")


@public
@partial(jax.jit, static_argnames="degree")
def monomial(x: Float[Array, " n"], *, degree: int) -> Float[Array, "n m"]:
    r"""Powers $1, x, x^2, \dots, x^{degree}$: m = degree + 1, with $0^0 = 1$.

    From about degree 6 on the columns are nearly dependent: prefer `chebyshev` or `legendre` there.

    Raises:
        ValueError: unless x has one axis and degree >= 0.

    Source: Bishop (2006), section 1.1.

    >>> monomial(jnp.array([2.0]), degree=3).tolist()
    [[1.0, 2.0, 4.0, 8.0]]
    """
    _check("x", x, degree)
    return _recurrence(x, degree, lambda k, now, before: x * now)


@public
@partial(jax.jit, static_argnames="degree")
def chebyshev(
    x: Float[Array, " n"], *, degree: int, low: ArrayLike = -1.0, high: ArrayLike = 1.0
) -> Float[Array, "n m"]:
    r"""Chebyshev polynomials $T_0, \dots, T_{degree}$ on [low, high]: m = degree + 1.

    $T_{k+1}(t) = 2 t T_k(t) - T_{k-1}(t)$ with $t = (2 x - low - high) / (high - low)$. Inside the interval
    each stays within [-1, 1]; outside it grows like $|2t|^k$.

    Raises:
        ValueError: unless x has one axis and degree >= 0.

    Source: Trefethen (2013), Approximation Theory and Approximation Practice, chapter 3.

    >>> chebyshev(jnp.array([0.5]), degree=3).tolist()
    [[1.0, 0.5, -0.5, -1.0]]
    """
    _check("x", x, degree)
    t = ratio(2 * x - low - high, jnp.subtract(high, low))
    return _recurrence(t, degree, lambda k, now, before: 2 * t * now - before)


@public
@partial(jax.jit, static_argnames="degree")
def legendre(
    x: Float[Array, " n"], *, degree: int, low: ArrayLike = -1.0, high: ArrayLike = 1.0
) -> Float[Array, "n m"]:
    r"""Legendre polynomials $P_0, \dots, P_{degree}$ on [low, high]: m = degree + 1.

    $(k+1) P_{k+1}(t) = (2k+1) t P_k(t) - k P_{k-1}(t)$ with t as in `chebyshev`. They are orthogonal,
    $\int_{-1}^1 P_j P_k \, dt = 2 \delta_{jk} / (2k+1)$, but not normalized: $P_k(1) = 1$.

    Raises:
        ValueError: unless x has one axis and degree >= 0.

    Source: Abramowitz and Stegun (1964), section 22.7.

    >>> legendre(jnp.array([0.5]), degree=2).tolist()
    [[1.0, 0.5, -0.125]]
    """
    _check("x", x, degree)
    t = ratio(2 * x - low - high, jnp.subtract(high, low))
    return _recurrence(t, degree, lambda k, now, before: ((2 * k + 1) * t * now - k * before) / (k + 1))


@public
@partial(jax.jit, static_argnames="n_harmonics")
def fourier(x: Float[Array, " n"], *, n_harmonics: int, period: ArrayLike = 1.0) -> Float[Array, "n m"]:
    r"""Waves $1, \cos \omega x, \sin \omega x, \cos 2 \omega x, \dots$: m = 2 n_harmonics + 1.

    $\omega = 2 \pi / period$, in radians per unit of x. The curve repeats after each period.

    Raises:
        ValueError: unless x has one axis and n_harmonics >= 0.

    Source: Murphy (2012), section 1.4.5 (basis function expansion).

    >>> [round(value, 4) for value in fourier(jnp.array([0.25]), n_harmonics=1)[0].tolist()]
    [1.0, -0.0, 1.0]
    """
    require.rank("x", x, 1)
    require.that(n_harmonics >= 0, f"n_harmonics must not be negative; found {n_harmonics}")
    turns = ratio(x, period)
    turns = turns - jnp.round(turns)  # far from 0 the whole ones would take the digits
    angle = 2 * jnp.pi * turns[:, None] * jnp.arange(1, n_harmonics + 1, dtype=x.dtype)
    waves = jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=2).reshape(len(x), -1)
    return jnp.concatenate([jnp.ones_like(x)[:, None], waves], axis=1)


@public
@jax.jit
def rbf(
    x: Float[Array, "n *d"], centers: Float[Array, "m *d"], *, length_scale: ArrayLike = 1.0
) -> Float[Array, "n m"]:
    r"""Gaussian bumps $\exp(-\|x_i - c_j\|^2 / (2 \ell^2))$ around m centers.

    Points and centers are numbers or vectors, and $\ell$ has their units. Far from all centers the functions fall to
    0. They do not contain a constant: fit with an intercept.

    Raises:
        ValueError: unless x and centers have one axis each, or two axes each and the same number of columns.

    Source: Bishop (2006), equation 3.4 and section 6.3.

    >>> [round(value, 4) for value in rbf(jnp.array([0.0]), jnp.array([0.0, 1.0]))[0].tolist()]
    [1.0, 0.6065]
    """
    require.rank("x", x, 1, 2)
    require.that(
        x.ndim == centers.ndim and x.shape[1:] == centers.shape[1:],
        f"x and centers must be both numbers or both vectors of one length; found shapes {x.shape} and {centers.shape}",
    )
    difference = (x[:, None] - centers).reshape(len(x), len(centers), -1)
    return jnp.exp(-jnp.sum(ratio(difference, length_scale) ** 2, axis=2) / 2)


@public
def clamped_knots(breakpoints: Float[Array, " b"], *, degree: int = 3) -> Float[Array, " k"]:
    """Repeat the first and the last breakpoint `degree` more times, so that a spline ends there.

    These k = b + 2 degree knots carry m = b + degree - 1 B-splines.

    Raises:
        ValueError: unless there are two breakpoints or more, and degree >= 0.

    Source: de Boor (2001), A Practical Guide to Splines, chapter IX.

    >>> clamped_knots(jnp.array([0.0, 0.5, 1.0]), degree=2).tolist()
    [0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 1.0]
    """
    _check("breakpoints", breakpoints, degree)
    require.that(len(breakpoints) >= 2, f"there must be at least two breakpoints; found {len(breakpoints)}")
    return jnp.pad(breakpoints, degree, mode="edge")


@public
@partial(jax.jit, static_argnames=("degree", "extrapolation"))
def bspline(
    x: Float[Array, " n"], knots: Float[Array, " k"], *, degree: int = 3, extrapolation: str = "constant"
) -> Float[Array, "n m"]:
    r"""B-splines on the knots $t_0 \le \dots \le t_{k-1}$ (see `clamped_knots`): m = k - degree - 1.

    $B_{j,0}(x) = 1$ on $[t_j, t_{j+1})$, else 0, and (Cox-de Boor)
    $B_{j,q}(x) = \frac{x - t_j}{t_{j+q} - t_j} B_{j,q-1}(x)
    + \frac{t_{j+q+1} - x}{t_{j+q+1} - t_{j+1}} B_{j+1,q-1}(x)$, where 0/0 counts as 0.

    In the base interval $[t_{degree}, t_m]$ they are non-negative and add up to 1. It is closed: its right end belongs
    to the last piece. Beyond it `extrapolation` decides: `constant` keeps the values of the nearest end, `zero` gives
    0, and `continue` follows the polynomial of the outermost piece. The knots must be sorted, the base interval must
    not be empty, and no knot may occur more than degree + 1 times. This depends on values, so it is not checked.

    Raises:
        ValueError: unless x and knots have one axis, degree >= 0 and k >= 2 degree + 2; for an unknown option.

    Source: de Boor (2001), A Practical Guide to Splines, chapter IX.

    >>> knots = clamped_knots(jnp.array([0.0, 1.0, 2.0]), degree=1)
    >>> bspline(jnp.array([0.25, 2.0]), knots, degree=1).tolist()
    [[0.75, 0.25, 0.0], [0.0, 0.0, 1.0]]
    """
    _check("x", x, degree)
    require.rank("knots", knots, 1)
    m = len(knots) - degree - 1
    require.that(m > degree, f"degree {degree} needs at least {2 * degree + 2} knots; found {len(knots)}")
    require.one_of("extrapolation", extrapolation, EXTRAPOLATIONS)
    inside = _clip(x, knots[degree], knots[m])
    piece = jnp.clip(jnp.searchsorted(knots, inside, side="right") - 1, degree, m - 1)
    basis = jax.nn.one_hot(piece, len(knots) - 1, dtype=jnp.result_type(x, knots))
    basis = jnp.where(jnp.isnan(x)[:, None], jnp.nan, basis)
    at = (inside if extrapolation == "constant" else x)[:, None]
    for q in range(1, degree + 1):
        rising = _ratio(at - knots[: -q - 1], knots[q:-1] - knots[: -q - 1])
        falling = _ratio(knots[q + 1 :] - at, knots[q + 1 :] - knots[1:-q])
        basis = rising * basis[:, :-1] + falling * basis[:, 1:]
    return basis * (x == inside)[:, None] if extrapolation == "zero" else basis


@public
@jax.jit
def natural_cubic(x: Float[Array, " n"], knots: Float[Array, " m"]) -> Float[Array, "n m"]:
    r"""Natural cubic splines, one per knot: $\phi_j$ is 1 at knot j and 0 at all others.

    A coefficient is therefore the height of the curve at its knot. The curve is cubic between knots and twice
    continuously differentiable. Beyond the first and the last knot it is linear; its second derivative vanishes there.
    Of all curves through the same heights it has the smallest $\int f''^2$. The functions add up to 1. The knots must
    be strictly increasing. This depends on values, so it is not checked.

    With the gaps h between knots and the second derivatives $\gamma$ at the knots, on gap j
    $f = \frac{(t_{j+1} - x) c_j + (x - t_j) c_{j+1}}{h_j} - \frac{(x - t_j)(t_{j+1} - x)}{6}
    [(1 + \frac{x - t_j}{h_j}) \gamma_{j+1} + (1 + \frac{t_{j+1} - x}{h_j}) \gamma_j]$.

    Raises:
        ValueError: unless x and knots have one axis, and there are two knots or more.

    Source: Green and Silverman (1994), Nonparametric Regression and Generalized Linear Models, section 2.1.

    >>> natural_cubic(jnp.array([0.0, 0.5, 3.0]), jnp.array([0.0, 1.0])).tolist()
    [[1.0, 0.0], [0.5, 0.5], [-2.0, 3.0]]
    """
    _check("x", x, 0)
    require.rank("knots", knots, 1)
    require.that(len(knots) >= 2, f"there must be at least two knots; found {len(knots)}")
    size = unit(jnp.diff(knots))  # second derivatives have inverse squared units of x
    x, knots = x / size, knots / size
    bend = _second_derivatives(knots)  # row j: second derivative of each function at knot j
    heights = jnp.eye(len(knots), dtype=bend.dtype)
    inside = _clip(x, knots[0], knots[-1])
    j = jnp.clip(jnp.searchsorted(knots, inside, side="right") - 1, 0, len(knots) - 2)
    gap = (knots[j + 1] - knots[j])[:, None]
    left, right = (inside - knots[j])[:, None], (knots[j + 1] - inside)[:, None]
    line = (right * heights[j] + left * heights[j + 1]) / gap
    curve = line - left * right / 6 * ((1 + left / gap) * bend[j + 1] + (1 + right / gap) * bend[j])
    first, last = knots[1] - knots[0], knots[-1] - knots[-2]
    slope_left = (heights[1] - heights[0]) / first - first / 6 * bend[1]
    slope_right = (heights[-1] - heights[-2]) / last + last / 6 * bend[-2]
    beyond = (x - inside)[:, None]
    return curve + beyond * jnp.where(beyond < 0, slope_left, slope_right)


def _check(name: str, points: Array, degree: int) -> None:
    require.rank(name, points, 1)
    require.that(degree >= 0, f"degree must not be negative; found {degree}")


def _clip(x: Array, low: Array, high: Array) -> Array:
    """Clip with the derivative 1 at both ends, where `jnp.clip` has 1/2."""
    return jnp.where(x < low, low, jnp.where(x > high, high, x))


def _recurrence(t, degree, following) -> Array:
    """Stack the columns 1 and t; column k + 1 is following(k, column k, column k - 1)."""
    columns = [jnp.ones_like(t), t]
    for k in range(1, degree):
        columns.append(following(k, columns[-1], columns[-2]))
    return jnp.stack(columns[: degree + 1], axis=1)


def _ratio(above: Array, below: Array) -> Array:
    """Divide; a quotient with the divisor 0 counts as 0."""
    none = below <= 0  # False for NaN, which stays
    return jnp.where(none, 0.0, ratio(above, jnp.where(none, 1.0, below)))


def _second_derivatives(knots: Array) -> Array:
    """Second derivative of each function at each knot; zero at both ends."""
    h = jnp.diff(knots)
    heights = jnp.eye(len(knots), dtype=h.dtype)
    jumps = jnp.diff(jnp.diff(heights, axis=0) / h[:, None], axis=0)
    matrix = jnp.diag((h[:-1] + h[1:]) / 3) + jnp.diag(h[1:-1] / 6, 1) + jnp.diag(h[1:-1] / 6, -1)
    return jnp.pad(jnp.linalg.solve(matrix, jumps), ((1, 1), (0, 0)))
