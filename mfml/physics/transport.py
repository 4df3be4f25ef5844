r"""Problems of transport in one dimension: the heat equation, and Burgers' equation with its shock."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics.domain import POSITIVE, checked
from mfml.numerics.precision import common
from mfml.physics import operators
from mfml.physics.fields import held, series_size, sine_series
from mfml.physics.problems import Problem, define, on_face

NODES, TAILS = 400, 12  # equal steps, and deviations beyond the peaks, for the exact solution of Burgers' equation


@public
@checked(diffusivity=POSITIVE, length=POSITIVE, duration=POSITIVE)
@jax.jit
def heat(
    *,
    diffusivity: ArrayLike = 0.1,
    length: ArrayLike = 1.0,
    duration: ArrayLike = 1.0,
    amplitudes: Float[Array, " m"] | None = None,
) -> Problem:
    r"""Heat, or a dissolved element, in a rod of length L whose ends are held at 0: $u_t = \alpha u_{xx}$; (x, t).

    At first $u = \sum_m a_m \sin(m \pi x / L)$, with the single amplitude 1 by default; each term falls with
    $e^{-(m \pi / L)^2 \alpha t}$. In working units the only number is Fourier's, $\alpha T / L^2$, for the duration T.
    Diffusivity in m2/s, length in m, duration in s; u is the temperature above that of the ends, or a concentration.

    Raises:
        ValueError: unless diffusivity, length and duration are positive, and amplitudes have one axis.

    Source: Evans (2010), section 2.3; Crank (1975), section 2.3.

    >>> problem = heat(diffusivity=1e-5, length=0.1, duration=100.0, amplitudes=[80.0])  # steel: 80 K at the middle
    >>> round(problem.params["fourier"].item(), 4)
    0.1
    """
    diffusivity, length, duration, amplitudes = common(
        diffusivity, length, duration, [1.0] if amplitudes is None else amplitudes
    )
    require.rank("amplitudes", amplitudes, 1)
    size, inverse = series_size(amplitudes), 1 / length
    low, high = jnp.zeros(2, length.dtype), jnp.ones(2, length.dtype)
    params = {"fourier": diffusivity * inverse * duration * inverse, "amplitudes": amplitudes / size}
    return define(
        _heat,
        low=low,
        high=high,
        params=params,
        initial=(on_face(_heat_start, low=low, high=high, axis=1),),
        boundary=held(low=low, high=high, axes=(0,)),
        exact=_heat_exact,
        hard=_heat_hard,
        units=jnp.stack([length, duration]),
        size=size,
    )


def _heat(u, x, params):
    curvature = operators.partial_derivative(u, x, axis=0, order=2)
    return operators.time_derivative(u, x) - params["fourier"] * curvature


def _heat_start(u, x, params):
    return u(x) - sine_series(x[0], params["amplitudes"])


def _heat_hard(z, x, params):
    return sine_series(x[0], params["amplitudes"]) + x[1] * x[0] * (1 - x[0]) * z


def _heat_exact(x, params):
    orders = jnp.arange(1, len(params["amplitudes"]) + 1)
    fallen = params["amplitudes"] * jnp.exp(-((jnp.pi * orders) ** 2) * params["fourier"] * x[1])
    return sine_series(x[0], fallen)


@public
@checked(viscosity=POSITIVE, length=POSITIVE, speed=POSITIVE, duration=POSITIVE)
@jax.jit
def burgers(
    *,
    viscosity: ArrayLike = 0.01 / np.pi,
    length: ArrayLike = 1.0,
    speed: ArrayLike = 1.0,
    duration: ArrayLike = 1.0,
) -> Problem:
    r"""Burgers' equation $u_t + u u_x = \nu u_{xx}$ on $-L \le x \le L$ from $u = -U \sin(\pi x / L)$; (x, t).

    Both slopes steepen to a shock at x = 0, whose width is about $\nu / U$. In working units, L for length and
    L / U for time, the number is $\nu / (U L)$. The exact solution of Cole and Hopf is a mean of
    $-U \sin(\pi (x - \eta) / L)$ over normal $\eta$ of variance $2 \nu t$ with further weights
    $e^{-\cos(\pi (x - \eta)) / (2 \pi \nu)}$, here by 400 equal steps, with weights as softmax. It is NaN where they
    do not resolve the weights, for $\nu / (U L)$ below about 1e-4. Viscosity in m2/s, length in m, speed in m/s,
    duration in s.

    Raises:
        ValueError: unless all numbers are positive.

    Source: Hopf (1950); Cole (1951); Raissi, Perdikaris and Karniadakis (2019), section 3.1.

    >>> from mfml.physics import problems
    >>> print(f"{problems.exact(burgers(), [[0.5, 1.0]])[0]:.4f}")
    -0.3762
    """
    viscosity, length, speed, duration = common(viscosity, length, speed, duration)
    unit = length / speed
    low, high = (
        jnp.stack([-jnp.ones_like(unit), jnp.zeros_like(unit)]),
        jnp.stack([jnp.ones_like(unit), duration / unit]),
    )
    params = {"viscosity": viscosity * (1 / length) * (1 / speed), "end": high[1]}
    return define(
        _burgers,
        low=low,
        high=high,
        params=params,
        initial=(on_face(_burgers_start, low=low, high=high, axis=1),),
        boundary=held(low=low, high=high, axes=(0,)),
        exact=_burgers_exact,
        hard=_burgers_hard,
        units=jnp.stack([length, unit]),
        size=speed,
    )


def _burgers(u, x, params):
    slope, second = (operators.partial_derivative(u, x, axis=0, order=order) for order in (1, 2))
    return operators.time_derivative(u, x) + u(x) * slope - params["viscosity"] * second


def _burgers_start(u, x, params):
    return u(x) + jnp.sin(jnp.pi * x[0])


def _burgers_hard(z, x, params):
    return -jnp.sin(jnp.pi * x[0]) + x[1] / params["end"] * (1 - x[0] ** 2) * z


def _burgers_exact(x, params):
    """Mean over eta by equal steps, exact as soon as they resolve the narrowest peak that the weights can have."""
    nu, later = params["viscosity"], x[1] > 0
    t = jnp.where(later, x[1], 1.0)
    scale = jnp.sqrt(2 * nu * t)
    reach = jnp.minimum(t, jnp.sqrt(4 / jnp.pi * t)) + TAILS * scale  # the largest weight is within the first part
    eta = reach * jnp.linspace(-1, 1, NODES, dtype=x.dtype)
    moved = jnp.pi * (x[0] - eta)
    share = jax.nn.softmax(-(eta**2) / (4 * nu * t) - jnp.cos(moved) / (2 * jnp.pi * nu))
    resolved = 2 * reach / (NODES - 1) <= scale / jnp.sqrt(1 + jnp.pi * t)
    found = jnp.where(resolved, -jnp.sum(share * jnp.sin(moved)), jnp.nan)
    sine, cosine = jnp.sin(jnp.pi * x[0]), jnp.cos(jnp.pi * x[0])
    start = -sine + x[1] * jnp.pi * sine * (jnp.pi * nu - cosine)  # with the slope at t = 0
    return jnp.where(later, found, jnp.where(x[1] == 0, start, jnp.nan))
