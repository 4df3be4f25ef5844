r"""Data with noise, and the three things that a network can predict. Shapes: n samples of any shape.

At time t a sample is $x_t = \sqrt{\bar\alpha_t}\, x + \sqrt{1 - \bar\alpha_t}\, \epsilon$. Each of the clean sample x,
the noise $\epsilon$ and the velocity $v = \sqrt{\bar\alpha_t}\, \epsilon - \sqrt{1 - \bar\alpha_t}\, x$ gives, together
with $x_t$, the other two. A network may predict any of them; what it learns best differs with the time.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from mfml import require
from mfml.entrance import public
from mfml.generative.schedules import Schedule

KINDS = ("noise", "velocity", "clean")


class Parts(NamedTuple):
    """What a noisy sample is made of."""

    clean: Float[Array, "n *shape"]  # units of x
    noise: Float[Array, "n *shape"]  # standard deviation 1


@public
@jax.jit
def add(
    schedule: Schedule, x: Float[Array, "n *shape"], t: Int[Array, " n"], noise: Float[Array, "n *shape"]
) -> Float[Array, "n *shape"]:
    r"""Bring samples to their times in one jump, $\sqrt{\bar\alpha_t}\, x + \sqrt{1 - \bar\alpha_t}\, \epsilon$.

    The noise is drawn from N(0, 1), so the data should have a standard deviation near 1. A time outside of the schedule
    gives NaN.

    Raises:
        ValueError: unless x and the noise have one shape, and there is a time for each sample.

    Source: Ho, Jain and Abbeel (2020), equation 4.

    >>> from mfml.generative import schedules
    >>> half = schedules.linear(n_steps=1, low=0.36, high=0.36)
    >>> add(half, jnp.array([[5.0]]), jnp.array([0]), jnp.array([[10.0]])).round(3).tolist()
    [[10.0]]
    """
    require.same_shape(x=x, noise=noise)
    signal, rest = _roots(schedule, t, x)
    return signal * x + rest * noise


@public
@jax.jit
def target(
    schedule: Schedule,
    x: Float[Array, "n *shape"],
    t: Int[Array, " n"],
    noise: Float[Array, "n *shape"],
) -> Float[Array, "n *shape"]:
    r"""Velocity of samples at their times, $\sqrt{\bar\alpha_t}\, \epsilon - \sqrt{1 - \bar\alpha_t}\, x$.

    Raises:
        ValueError: as `add`.

    Source: Salimans and Ho (2022), section 4.

    >>> from mfml.generative import schedules
    >>> half = schedules.linear(n_steps=1, low=0.36, high=0.36)
    >>> target(half, jnp.array([[5.0]]), jnp.array([0]), jnp.array([[10.0]])).round(3).tolist()
    [[5.0]]
    """
    require.same_shape(x=x, noise=noise)
    signal, rest = _roots(schedule, t, x)
    return signal * noise - rest * x


@public
def parts(
    schedule: Schedule,
    noisy: Float[Array, "n *shape"],
    t: Int[Array, " n"],
    guess: Float[Array, "n *shape"],
    *,
    kind: str = "noise",
) -> Parts:
    r"""Split noisy samples into data and noise, by a guess of the noise, the velocity or the clean sample.

    From the noise, the clean sample is $(x_t - \sqrt{1 - \bar\alpha_t}\, \epsilon) / \sqrt{\bar\alpha_t}$: where hardly
    any signal is left, errors of the guess become large. From the clean sample, the noise is
    $(x_t - \sqrt{\bar\alpha_t}\, x) / \sqrt{1 - \bar\alpha_t}$. `kind` is static.

    Raises:
        ValueError: unless the samples and the guess have one shape, there is a time for each sample, and `kind` is one
            of `KINDS`.

    Source: Salimans and Ho (2022), section 4.

    >>> from mfml.generative import schedules
    >>> half = schedules.linear(n_steps=1, low=0.36, high=0.36)
    >>> found = parts(half, jnp.array([[10.0]]), jnp.array([0]), jnp.array([[10.0]]))
    >>> found.clean.round(3).tolist(), found.noise.tolist()
    ([[5.0]], [[10.0]])
    """
    require.one_of("kind", kind, KINDS)
    require.same_shape(noisy=noisy, guess=guess)
    signal, rest = _roots(schedule, t, noisy)
    if kind == "noise":
        return Parts((noisy - rest * guess) / signal, guess)
    if kind == "clean":
        return Parts(guess, (noisy - signal * guess) / rest)
    return Parts(signal * noisy - rest * guess, signal * guess + rest * noisy)


def _roots(schedule: Schedule, t: Int[Array, " n"], x: Float[Array, "n *shape"]) -> tuple[Array, Array]:
    """Roots of the shares of signal and noise at the times, shaped to multiply samples, in the precision of x."""
    require.rank("t", t, 1)
    require.same_length(x=x, t=t)
    known = (t >= 0) & (t < len(schedule.signal))
    shares = [jnp.where(known, share[t], jnp.nan).astype(x.dtype) for share in (schedule.signal, schedule.noise)]
    signal, noise = (jnp.sqrt(share).reshape(-1, *[1] * (x.ndim - 1)) for share in shares)
    return signal, noise
