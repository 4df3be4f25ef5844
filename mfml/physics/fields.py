"""What several problems share: sine series that vanish on faces, and conditions that hold them there."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.physics.problems import Equation, on_face


@public
def sine_series(x: Float[Array, "*n"], amplitudes: Float[Array, " m"]) -> Float[Array, "*n"]:
    r"""Sum $\sum_m a_m \sin(m \pi x)$, which is 0 at x = 0 and x = 1.

    Raises:
        ValueError: unless amplitudes have one axis.

    >>> sine_series(jnp.array([0.0, 0.5]), jnp.array([2.0, 1.0])).round(4).tolist()
    [0.0, 2.0]
    """
    require.rank("amplitudes", amplitudes, 1)
    orders = jnp.arange(1, len(amplitudes) + 1)
    return jnp.sum(amplitudes * jnp.sin(jnp.pi * orders * x[..., None]), axis=-1)


@public
def series_size(amplitudes: Float[Array, "*m"]) -> Float[Array, ""]:
    """Bound of a series: the sum of the magnitudes of its amplitudes; 1 where all are 0.

    >>> series_size(jnp.array([2.0, -1.0])).item()
    3.0
    """
    size = jnp.sum(jnp.abs(amplitudes))
    return jnp.where(size == 0, 1.0, size)


@public
def held(*, low: Float[Array, " d"], high: Float[Array, " d"], axes: tuple[int, ...]) -> tuple[Equation, ...]:
    """Conditions that a solution is 0 on both faces across each of these axes; they are static.

    >>> len(held(low=[0.0, 0.0], high=[1.0, 1.0], axes=(0, 1)))
    4
    """
    faces = [(axis, upper) for axis in axes for upper in (False, True)]
    return tuple(on_face(_value, low=low, high=high, axis=axis, upper=upper) for axis, upper in faces)


def _value(u, x, params):
    return u(x)
