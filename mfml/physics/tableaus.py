r"""Butcher tableaus: the coefficients of explicit Runge-Kutta methods for $y' = f(t, y)$.

A step of size h evaluates f at s stages and combines them:

$$k_i = f\Big(t + c_i h,\; y + h \sum_{j < i} a_{ij} k_j\Big), \qquad y_1 = y + h \sum_i b_i k_i$$

A pair also has weights e of an error estimate, $h \sum_i e_i k_i$: the difference to a solution of lower order. Its
last stage is the first one of the next step. Between both ends $y(t + \theta h) = y + h \sum_i k_i p_i(\theta)$ with
polynomials $p_i$ of degree 4.

A field is any function `f(t, y, args)` that returns an array of the shape of y: t is a number, y an array of any shape,
args any pytree of arrays (parameters of the equation, or None).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, PyTree

from mfml import require
from mfml.entrance import public

Field = Callable[[Any, Any, Any], Any]  # f(t, y, args)


class Tableau(NamedTuple):
    """An explicit method; numbers only, so that it may be a static argument."""

    c: tuple[float, ...]  # when each stage is, as a share of the step
    a: tuple[tuple[float, ...], ...]  # row i has i entries
    b: tuple[float, ...]
    order: int  # the error of a step falls with h to the power order + 1
    error: tuple[float, ...] = ()  # weights of the error estimate; empty for methods of fixed steps
    dense: tuple[tuple[float, ...], ...] = ()  # row i holds the coefficients of theta to theta^4 in p_i


EULER = Tableau((0.0,), ((),), (1.0,), 1)
HEUN = Tableau((0.0, 1.0), ((), (1.0,)), (0.5, 0.5), 2)
RK4 = Tableau((0.0, 0.5, 0.5, 1.0), ((), (0.5,), (0.0, 0.5), (0.0, 0.0, 1.0)), (1 / 6, 1 / 3, 1 / 3, 1 / 6), 4)

# Source: Dormand and Prince (1980); Shampine (1986) for the interpolant.
DOPRI5 = Tableau(
    c=(0.0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0, 1.0),
    a=(
        (),
        (1 / 5,),
        (3 / 40, 9 / 40),
        (44 / 45, -56 / 15, 32 / 9),
        (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
        (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
        (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
    ),
    b=(35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84, 0.0),
    order=5,
    error=(71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40),
    dense=(
        (1.0, -8048581381 / 2820520608, 8663915743 / 2820520608, -12715105075 / 11282082432),
        (0.0, 0.0, 0.0, 0.0),
        (0.0, 131558114200 / 32700410799, -68118460800 / 10900136933, 87487479700 / 32700410799),
        (0.0, -1754552775 / 470086768, 14199869525 / 1410260304, -10690763975 / 1880347072),
        (0.0, 127303824393 / 49829197408, -318862633887 / 49829197408, 701980252875 / 199316789632),
        (0.0, -282668133 / 205662961, 2019193451 / 616988883, -1453857185 / 822651844),
        (0.0, 40617522 / 29380423, -110615467 / 29380423, 69997945 / 29380423),
    ),
)

# Source: Tsitouras (2011).
TSIT5 = Tableau(
    c=(0.0, 0.161, 0.327, 0.9, 0.9800255409045097, 1.0, 1.0),
    a=(
        (),
        (0.161,),
        (-0.008480655492356989, 0.335480655492357),
        (2.8971530571054935, -6.359448489975075, 4.3622954328695815),
        (5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525),
        (5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401, -0.028269050394068383),
        (0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081, 2.324710524099774),
    ),
    b=(0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081, 2.324710524099774, 0.0),
    order=5,
    error=(
        0.0017800110522257773,
        0.0008164344596567463,
        -0.007880878010261994,
        0.1447110071732629,
        -0.5823571654525552,
        0.45808210592918686,
        -1 / 66,
    ),
    dense=(
        (1.0, -2.763706197274826, 2.9132554618219126, -1.0530884977290216),
        (0.0, 0.1317, -0.2234, 0.1017),
        (0.0, 3.9302962368947516, -5.941033872131505, 2.490627285651253),
        (0.0, -12.411077166933676, 30.33818863028232, -16.548102889244902),
        (0.0, 37.50931341651104, -88.1789048947664, 47.37952196281928),
        (0.0, -27.896526289197286, 65.09189467479366, -34.87065786149661),
        (0.0, 1.5, -4.0, 2.5),
    ),
)

FIXED = {"euler": EULER, "heun": HEUN, "rk4": RK4}
PAIRS = {"dopri5": DOPRI5, "tsit5": TSIT5}


@public
def slope(f: Field, y: Float[Array, "*shape"], *, t: ArrayLike, args: PyTree = None) -> Float[Array, "*shape"]:
    """Return f(t, y, args) in the precision of y.

    Raises:
        ValueError: unless f returns one array of the shape of y.

    >>> slope(lambda t, y, rate: -rate * y, jnp.array([1.0, 2.0]), t=0.0, args=3.0).tolist()
    [-3.0, -6.0]
    """
    found = f(jnp.asarray(t, y.dtype), y, args)
    require.that(
        jnp.ndim(found) == y.ndim and jnp.shape(found) == y.shape,
        f"f(t, y, args) must return an array of the shape {y.shape} of y; found {jax.tree.map(jnp.shape, found)}",
    )
    return jnp.asarray(found, y.dtype)


@public
def stages(
    f: Field,
    y: Float[Array, "*shape"],
    *,
    t: ArrayLike,
    h: ArrayLike,
    args: PyTree = None,
    tableau: Tableau = RK4,
    first: Float[Array, "*shape"] | None = None,
) -> tuple[Float[Array, "*shape"], ...]:
    """Slopes at the stages of a step of size h from y at time t.

    `first` is the slope at the beginning where it is known; the tableau is static.

    Source: Hairer, Nørsett and Wanner (1993), section II.1.

    >>> [k.item() for k in stages(lambda t, y, args: y, jnp.array(1.0), t=0.0, h=1.0, tableau=HEUN)]
    [1.0, 2.0]
    """
    found = [slope(f, y, t=t, args=args) if first is None else first]
    for c, row in zip(tableau.c[1:], tableau.a[1:], strict=True):
        found.append(slope(f, y + h * combined(row, found), t=t + c * h, args=args))
    return tuple(found)


@public
def combined(weights: tuple[float, ...], slopes: PyTree) -> Float[Array, "*shape"]:
    r"""Sum $\sum_i w_i k_i$ of slopes; weights of 0 are left out, so that their slopes need not exist.

    Weights are static numbers.

    >>> combined((2.0, 1.0), (jnp.array(1.0), jnp.array(3.0))).item()
    5.0
    """
    parts = [weight * k for weight, k in zip(weights, slopes, strict=True) if weight]
    return sum(parts[1:], parts[0])
