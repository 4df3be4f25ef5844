r"""Problems of vibration: the damped oscillator, and waves on a string or along a bar."""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics.domain import NON_NEGATIVE, POSITIVE, checked
from mfml.numerics.precision import common
from mfml.physics import operators
from mfml.physics.fields import held, series_size, sine_series
from mfml.physics.problems import Problem, define, on_face

NEAR = 1e-2  # |w t|^2 of the oscillator, below which series are exact to 1e-13


@public
@checked(mass=POSITIVE, damping=NON_NEGATIVE, stiffness=POSITIVE, duration=POSITIVE)
@jax.jit
def oscillator(
    *,
    mass: ArrayLike = 1.0,
    damping: ArrayLike = 0.2,
    stiffness: ArrayLike = 1.0,
    displacement: ArrayLike = 1.0,
    velocity: ArrayLike = 0.0,
    duration: ArrayLike = 10.0,
) -> Problem:
    r"""Damped oscillator $m \ddot u + c \dot u + k u = 0$ from a displacement and a velocity; one coordinate, t.

    In units of $\sqrt{m / k}$ for time and of the displacement scale $|u_0| + |\dot u_0| \sqrt{m/k}$ it reads
    $\ddot u + 2 \zeta \dot u + u = 0$ with $\zeta = c / (2 \sqrt{k m})$. The exact solution holds below, at and above
    the critical damping $\zeta = 1$. Mass in kg, damping in kg/s, stiffness in N/m, time in s, or any units that agree.

    Raises:
        ValueError: unless mass, stiffness and duration are positive, and damping is not negative.

    Source: Landau and Lifshitz (1976), section 25.

    >>> problem = oscillator(mass=4.0, stiffness=1.0, damping=0.4)
    >>> round(problem.params["ratio"].item(), 3)
    0.1
    """
    mass, damping, stiffness, displacement, velocity, duration = common(
        mass, damping, stiffness, displacement, velocity, duration
    )
    period = jnp.sqrt(mass) / jnp.sqrt(stiffness)
    size = jnp.abs(displacement) + jnp.abs(velocity * period)
    size = jnp.where(size == 0, 1.0, size)
    low, high = jnp.zeros((1,), mass.dtype), (duration / period)[None]
    params = {
        "ratio": damping / (2 * jnp.sqrt(mass) * jnp.sqrt(stiffness)),
        "displacement": displacement / size,
        "velocity": velocity * period / size,
        "end": high[0],
    }
    start = on_face(_oscillator_start, low=low, high=high, axis=0)
    return define(
        _oscillator,
        low=low,
        high=high,
        params=params,
        initial=(start,),
        exact=_oscillator_exact,
        hard=_oscillator_hard,
        units=period[None],
        size=size,
    )


def _oscillator(u, x, params):
    slope, second = (operators.time_derivative(u, x, order=order) for order in (1, 2))
    return second + 2 * params["ratio"] * slope + u(x)


def _oscillator_start(u, x, params):
    return jnp.stack([u(x) - params["displacement"], operators.time_derivative(u, x) - params["velocity"]])


def _oscillator_hard(z, x, params):
    share = x[0] / params["end"]
    return params["displacement"] + params["velocity"] * x[0] + share**2 * z


def _oscillator_exact(x, params):
    r"""$e^{-\zeta t} (u_0 C + (v_0 + \zeta u_0) S)$ with C = cos(w t), S = sin(w t) / w, w^2 = 1 - zeta^2."""
    t, ratio = x[0], params["ratio"]
    square = (1 - ratio) * (1 + ratio)
    near, below = jnp.abs(square) * t**2 < NEAR, square > 0
    w = jnp.sqrt(jnp.where(near, 1.0, jnp.abs(square)))
    decay = jnp.exp(-ratio * t)
    slow = jnp.exp(-t / jnp.where(below, 1.0, w + ratio))  # its rate is ratio - w, of which rounding would leave little
    faster = jnp.expm1(jnp.where(below | near, 0.0, -2 * w * t))
    angle = jnp.where(below, w * t, 0.0)
    even = jnp.where(below, decay * jnp.cos(angle), slow * (1 + faster / 2))
    odd = jnp.where(below, decay * jnp.sin(angle) / w, -slow * faster / (2 * w))
    series = square * jnp.where(near, t, 0.0) ** 2  # near critical damping both are polynomials of it
    even = jnp.where(near, decay * (1 - series / 2 * (1 - series / 12 * (1 - series / 30))), even)
    odd = jnp.where(near, decay * t * (1 - series / 6 * (1 - series / 20 * (1 - series / 42))), odd)
    return params["displacement"] * even + (params["velocity"] + ratio * params["displacement"]) * odd


@public
@checked(speed=POSITIVE, length=POSITIVE, duration=POSITIVE)
@jax.jit
def wave(
    *,
    speed: ArrayLike = 1.0,
    length: ArrayLike = 1.0,
    duration: ArrayLike = 1.0,
    amplitudes: Float[Array, " m"] | None = None,
) -> Problem:
    r"""Waves $u_{tt} = c^2 u_{xx}$ on a string of length L whose ends are held; coordinates (x, t).

    At first it is at rest in the shape $f(x) = \sum_m a_m \sin(m \pi x / L)$, with the single amplitude 1 by default.
    In d'Alembert's solution $(f(x - c t) + f(x + c t)) / 2$ that shape goes both ways. It is an elastic wave along a
    bar, too, with $c = \sqrt{E / \rho}$. Speed in m/s, length in m, duration in s.

    Raises:
        ValueError: unless speed, length and duration are positive, and amplitudes have one axis.

    Source: Evans (2010), section 2.4.

    >>> from mfml.physics import problems
    >>> problem = wave(speed=5000.0, length=2.0, duration=4e-4)
    >>> problems.exact(problem, jnp.array([[1.0, 0.0], [1.0, 4e-4]])).round(3).tolist()
    [1.0, -1.0]
    """
    speed, length, duration, amplitudes = common(speed, length, duration, [1.0] if amplitudes is None else amplitudes)
    require.rank("amplitudes", amplitudes, 1)
    size = series_size(amplitudes)
    unit = length / speed
    low, high = jnp.zeros(2, speed.dtype), jnp.stack([jnp.ones_like(unit), duration / unit])
    params = {"amplitudes": amplitudes / size, "end": high[1]}
    return define(
        _wave,
        low=low,
        high=high,
        params=params,
        initial=(on_face(_wave_start, low=low, high=high, axis=1),),
        boundary=held(low=low, high=high, axes=(0,)),
        exact=_wave_exact,
        hard=_wave_hard,
        units=jnp.stack([length, unit]),
        size=size,
    )


def _wave(u, x, params):
    return operators.time_derivative(u, x, order=2) - operators.partial_derivative(u, x, axis=0, order=2)


def _wave_start(u, x, params):
    return jnp.stack([u(x) - sine_series(x[0], params["amplitudes"]), operators.time_derivative(u, x)])


def _wave_hard(z, x, params):
    return sine_series(x[0], params["amplitudes"]) + (x[1] / params["end"]) ** 2 * x[0] * (1 - x[0]) * z


def _wave_exact(x, params):
    ahead, behind = (sine_series(x[0] + sign * x[1], params["amplitudes"]) for sign in (-1, 1))
    return (ahead + behind) / 2
