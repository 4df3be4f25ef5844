r"""Two moons: a density in the plane on which generative models are compared. Shapes: n samples of 2 coordinates.

Points lie on two interlocking half circles, $(\cos t, \sin t)$ and $(1 - \cos t, \tfrac12 - \sin t)$ with t uniform
from 0 to $\pi$, and have normal noise. So the density is known, and with it the best log-likelihood that any model can
have: minus the entropy, which is 1.007585 nats for noise of 0.1.
"""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.entrance import public
from mfml.numerics import exponents
from mfml.numerics.domain import POSITIVE, checked

NODES, WEIGHTS = np.polynomial.legendre.leggauss(64)
FALL = 40.0  # of the exponent, beyond which a part of an arc adds nothing


@public
@checked(noise=POSITIVE)
@partial(jax.jit, static_argnames="n_samples")
def sample(*, key: Key[Array, ""], n_samples: int, noise: ArrayLike = 0.1) -> Float[Array, "n 2"]:
    """Draw points; each comes from either moon with probability 1/2. The number is static.

    Raises:
        ValueError: unless n_samples >= 1 and the noise is positive (NaN for a traced one).

    >>> sample(key=jax.random.key(0), n_samples=5).shape
    (5, 2)
    """
    require.positive("n_samples", n_samples)
    for_angle, for_moon, for_noise = jax.random.split(key, 3)
    angle = jax.random.uniform(for_angle, (n_samples,), maxval=math.pi)
    point = jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=1)
    second = jax.random.bernoulli(for_moon, shape=(n_samples, 1))
    point = jnp.where(second, jnp.array([1.0, 0.5]) - point, point)
    return point + noise * jax.random.normal(for_noise, point.shape)


@public
@checked(noise=POSITIVE)
@jax.jit
def log_prob(x: Float[Array, "n 2"], *, noise: ArrayLike = 0.1) -> Float[Array, " n"]:
    r"""Log-density in nats, for a density per area.

    A half circle with the points c(t) has the density
    $\frac{1}{2 \pi^2 \sigma^2} \int_0^\pi \exp(-\frac{\|x - c(t)\|^2}{2 \sigma^2}) dt$. It is computed by Gauss and
    Legendre's rule, with 64 nodes around the nearest point of the arc.

    Raises:
        ValueError: unless x has 2 columns and the noise is positive (NaN for a traced one).

    >>> round(log_prob(jnp.array([[0.0, 1.0]])).item(), 3)
    -0.453
    """
    require.rank("x", x, 2)
    require.that(x.shape[1] == 2, f"x must have 2 columns; found shape {x.shape}")
    noise = jnp.asarray(noise, x.dtype)
    both = jnp.stack([_half_circle(x, noise), _half_circle(jnp.array([1.0, 0.5], x.dtype) - x, noise)])
    return exponents.log_sum(both, axis=0) - math.log(2)


def _half_circle(x: Array, noise: Array) -> Array:
    """Log-density of points about the upper half of the unit circle."""
    low, high = _reach(lax.stop_gradient(x), lax.stop_gradient(noise))
    half = (high - low)[:, None] / 2
    t = low[:, None] + half * (1 + jnp.asarray(NODES, x.dtype))
    squared = (x[:, :1] - jnp.cos(t)) ** 2 + (x[:, 1:] - jnp.sin(t)) ** 2
    weights = jnp.log(half) + jnp.asarray(np.log(WEIGHTS), x.dtype)
    inside = exponents.log_sum(weights - 0.5 * squared / noise / noise)
    return inside - 2 * jnp.log(noise) - math.log(2 * math.pi**2)


def _reach(x: Array, noise: Array) -> tuple[Array, Array]:
    """The part of the arc from 0 to pi that counts for a point: the integrand falls by `FALL` toward its ends."""
    r, angle = jnp.hypot(x[:, 0], x[:, 1]), jnp.arctan2(x[:, 1], x[:, 0])
    angle = jnp.where(angle < -math.pi / 2, angle + 2 * math.pi, angle)  # from -pi/2 to 3 pi/2: the arc in the middle
    to_arc = angle - jnp.clip(angle, 0, math.pi)
    fall = FALL * noise * noise / jnp.where(r == 0, 1.0, r)
    # cos width = cos to_arc - fall, in terms of half angles: a cosine near 1 does not know its angle
    sine = jnp.sqrt(jnp.sin(to_arc / 2) ** 2 + fall / 2)
    width = jnp.where(r == 0, math.pi, 2 * jnp.arcsin(jnp.clip(sine, 0.0, 1.0)))
    around = angle + width > 2 * math.pi, angle - width < -math.pi  # it reaches the other end on the other side
    low = jnp.where(around[0], 0.0, jnp.clip(angle - width, 0, math.pi))
    return low, jnp.where(around[1], math.pi, jnp.clip(angle + width, 0, math.pi))
