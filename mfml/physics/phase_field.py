r"""Phase fields: the Allen-Cahn equation, how interfaces between phases move, with a spectral reference.

The reference integrates Fourier coefficients by the exponential Runge-Kutta method of order 4: diffusion is exact, and
only the reaction is approximated. In between two steps a cubic meets the values and the slopes of both.

Source: Cox and Matthews (2002); Kassam and Trefethen (2005).
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Complex, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics.domain import POSITIVE, checked
from mfml.numerics.precision import common
from mfml.physics import operators
from mfml.physics.problems import Problem, define, on_face

N_GRID, N_STEPS = 512, 400  # of the reference
FINE = 2e-5  # share of the last coefficients at the end, above which the grid is too coarse
N_ROOTS = 32  # points on circles, over which the factors of a step are averaged


class Path(NamedTuple):
    """Fourier coefficients on [-1, 1) at equal steps of time, and their slopes."""

    values: Complex[Array, "t f"]
    slopes: Complex[Array, "t f"]


@public
@checked(mobility=POSITIVE, rate=POSITIVE, length=POSITIVE, duration=POSITIVE)
@jax.jit
def allen_cahn(
    *,
    mobility: ArrayLike = 1e-4,
    rate: ArrayLike = 5.0,
    length: ArrayLike = 1.0,
    duration: ArrayLike = 1.0,
) -> Problem:
    r"""Allen-Cahn equation $u_t = D u_{xx} + r (u - u^3)$, periodic on $-L \le x \le L$; coordinates (x, t).

    It starts from $u = (x / L)^2 \cos(\pi x / L)$, and separates into the phases 1 and -1 with interfaces of a width
    near $\sqrt{D / r}$. In working units, L and the duration T, the numbers are $D T / L^2$ and $r T$. Train it with
    `periodic=(0,)`. No smooth transform meets its start, which has a kink where both ends meet. Its exact solution is
    `reference`, or NaN where the grid of that does not resolve the interfaces. D in m2/s, rate in 1/s, length in m,
    duration in s; u has no unit.

    Raises:
        ValueError: unless all numbers are positive.

    Source: Allen and Cahn (1979); Wang, Sankaran and Perdikaris (2024).

    >>> allen_cahn().params["rate"].item()
    5.0
    """
    mobility, rate, length, duration = common(mobility, rate, length, duration)
    low, high = jnp.array([-1.0, 0.0], length.dtype), jnp.ones(2, length.dtype)
    inverse = 1 / length
    return define(
        _allen_cahn,
        low=low,
        high=high,
        params={"mobility": mobility * inverse * duration * inverse, "rate": rate * duration},
        initial=(on_face(_start, low=low, high=high, axis=1),),
        boundary=(on_face(_closed, low=low, high=high, axis=0),),
        exact=_exact,
        units=jnp.stack([length, duration]),
    )


def _first(x):
    return x**2 * jnp.cos(jnp.pi * x)


def _allen_cahn(u, x, params):
    value, curvature = u(x), operators.partial_derivative(u, x, axis=0, order=2)
    return operators.time_derivative(u, x) - params["mobility"] * curvature - params["rate"] * (value - value**3)


def _start(u, x, params):
    return u(x) - _first(x[0])


def _closed(u, x, params):
    """Differences of values and slopes between both ends."""
    other = x.at[0].add(2)
    slopes = [operators.partial_derivative(u, point, axis=0) for point in (x, other)]
    return jnp.stack([u(x) - u(other), slopes[0] - slopes[1]])


def _exact(x, params):
    path = reference(mobility=params["mobility"], rate=params["rate"])
    size = jnp.abs(path.values[-1])
    resolved = jnp.max(size[-8:]) <= FINE * jnp.max(size)
    return jnp.where(resolved, evaluate(path, x[None])[0], jnp.nan)


@public
@partial(jax.jit, static_argnames=("n_grid", "n_steps"))
def reference(
    *, mobility: ArrayLike = 1e-4, rate: ArrayLike = 5.0, n_grid: int = N_GRID, n_steps: int = N_STEPS
) -> Path:
    r"""Integrate the Allen-Cahn equation on [-1, 1] from t = 0 to 1 by spectral ETDRK4; grid and steps are static.

    Raises:
        ValueError: unless n_grid is even and positive, and n_steps >= 1.

    Source: Kassam and Trefethen (2005), section 2.

    >>> reference(n_grid=64, n_steps=20).values.shape
    (21, 33)
    """
    require.that(n_grid > 0 and n_grid % 2 == 0, f"n_grid must be even and positive; found {n_grid}")
    require.positive("n_steps", n_steps)
    mobility, rate = common(mobility, rate)
    x = jnp.linspace(-1, 1, n_grid, endpoint=False, dtype=rate.dtype)
    linear = -mobility * (jnp.pi * jnp.arange(n_grid // 2 + 1)) ** 2 + rate
    h = 1 / n_steps
    half, whole, *factors = _factors(linear, h)

    def reaction(v: Array) -> Array:
        return -rate * jnp.fft.rfft(jnp.fft.irfft(v, n_grid) ** 3)

    def step(v: Array, _: None) -> tuple[Array, tuple[Array, Array]]:
        short, first, middle, last = factors
        at_v = reaction(v)
        a = half * v + short * at_v
        at_a = reaction(a)
        b = half * v + short * at_a
        at_b = reaction(b)
        at_c = reaction(half * a + short * (2 * at_b - at_v))
        new = whole * v + first * at_v + middle * (at_a + at_b) + last * at_c
        return new, (v, linear * v + at_v)

    end, (values, slopes) = lax.scan(step, jnp.fft.rfft(_first(x)), length=n_steps)
    last = linear * end + reaction(end)
    return Path(jnp.concatenate([values, end[None]]), jnp.concatenate([slopes, last[None]]))


def _factors(linear: Array, h: float) -> tuple[Array, ...]:
    """Factors of ETDRK4. Means over circles around each number lose no digits, as the closed forms do near 0."""
    angles = jnp.pi * (jnp.arange(N_ROOTS, dtype=linear.dtype) + 0.5) / N_ROOTS
    z = h * linear[:, None] + lax.complex(jnp.cos(angles), jnp.sin(angles))  # upper half: the mean's real part is all
    big = jnp.exp(z)
    short = (jnp.exp(z / 2) - 1) / z
    first = (-4 - z + big * (4 - 3 * z + z**2)) / z**3
    middle = 2 * (2 + z + big * (z - 2)) / z**3
    last = (-4 - 3 * z - z**2 + big * (4 - z)) / z**3
    means = [h * jnp.mean(part.real, axis=1) for part in (short, first, middle, last)]
    return jnp.exp(h * linear / 2), jnp.exp(h * linear), *means


@public
@jax.jit
def evaluate(path: Path, x: Float[Array, "n 2"]) -> Float[Array, " n"]:
    """Values of a path at points (x, t) with -1 <= x <= 1 and 0 <= t <= 1; NaN at other times.

    Raises:
        ValueError: unless x has two columns.

    >>> evaluate(reference(n_grid=64, n_steps=20), jnp.array([[0.0, 0.0], [1.0, 0.0]])).round(2).tolist()
    [0.0, -1.0]
    """
    require.rank("x", x, 2)
    require.that(x.shape[1] == 2, f"x must have columns for x and t; found shape {x.shape}")
    n_steps, n_modes = path.values.shape[0] - 1, path.values.shape[1]
    orders = jnp.arange(n_modes)
    weights = jnp.where((orders == 0) | (orders == n_modes - 1), 1.0, 2.0) / (2 * (n_modes - 1))

    def at(point: Array) -> Array:
        place = point[1] * n_steps
        before = jnp.clip(jnp.floor(lax.stop_gradient(place)), 0, n_steps - 1).astype(int)
        s = place - before
        rise = (path.slopes[before] / n_steps, path.slopes[before + 1] / n_steps)
        start, end = path.values[before], path.values[before + 1]
        v = start + s * (rise[0] + s * (3 * (end - start) - 2 * rise[0] - rise[1]))
        v = v + s**3 * (2 * (start - end) + rise[0] + rise[1])
        angle = jnp.pi * orders * (point[0] + 1)
        found = jnp.sum(weights * (v.real * jnp.cos(angle) - v.imag * jnp.sin(angle)))
        return jnp.where((point[1] >= 0) & (point[1] <= 1), found, jnp.nan)

    return jax.vmap(at)(x)
