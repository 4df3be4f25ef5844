r"""Denoising diffusion: a network learns the noise in noisy data, and takes it out of pure noise step by step.

A network is any function `predict(x, t)` of noisy samples (n, ...) and their times (n,). It returns its guess of the
noise, or of what `kind` names, see `noising`. With labels or parameters, hand over `lambda x, t: apply(params, x, t)`.

Source: Ho, Jain and Abbeel (2020), Denoising diffusion probabilistic models; Song, Meng and Ermon (2021), DDIM.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Key

from mfml import require
from mfml.entrance import public
from mfml.generative import noising, schedules
from mfml.generative.schedules import Schedule
from mfml.numerics.domain import SHARE, checked
from mfml.xla.rewrite import with_fast_convolutions

Predict = Callable[[Float[Array, "n *shape"], Int[Array, " n"]], Float[Array, "n *shape"]]


@public
def loss(
    predict: Predict,
    schedule: Schedule,
    x: Float[Array, "n *shape"],
    t: Int[Array, " n"],
    noise: Float[Array, "n *shape"],
    *,
    kind: str = "noise",
) -> Float[Array, ""]:
    r"""Mean square of the error of a guess, over samples and entries.

    $\mathrm{mean}\,(\hat\epsilon(x_t, t) - \epsilon)^2$. Other kinds have their own
    target, see `noising`. `kind` is static.

    Raises:
        ValueError: as `noising.add`; without a sample; unless `kind` is one of `noising.KINDS`, and the guess has the
            shape of x.

    Source: Ho, Jain and Abbeel (2020), equation 14; velocity: Salimans and Ho (2022).

    >>> half = schedules.linear(n_steps=1, low=0.36, high=0.36)
    >>> ones = jnp.ones((2, 3))
    >>> loss(lambda x, t: 0 * x, half, ones, jnp.array([0, 0]), 2 * ones).item()
    4.0
    """
    require.one_of("kind", kind, noising.KINDS)
    require.that(x.size > 0, f"x must hold at least one sample; found shape {x.shape}")
    guess = predict(noising.add(schedule, x, t, noise), t)
    require.same_shape(x=x, guess=guess)
    wanted = {"noise": noise, "clean": x}.get(kind)
    if wanted is None:
        wanted = noising.target(schedule, x, t, noise)
    return jnp.mean((guess - wanted) ** 2)


@public
@jax.jit
def step_back(
    schedule: Schedule,
    noisy: Float[Array, "n *shape"],
    t: Int[Array, ""],
    guess: Float[Array, "n *shape"],
    noise: Float[Array, "n *shape"],
) -> Float[Array, "n *shape"]:
    r"""One step back of DDPM, from time t to t - 1, with a guess of the noise and fresh noise z.

    $$x_{t-1} = \frac{1}{\sqrt{1 - \beta_t}} \Big( x_t - \frac{\beta_t}{\sqrt{1 - \bar\alpha_t}}\, \hat\epsilon \Big)
    + \sigma_t z$$

    $\sigma_t^2$ is the posterior variance, so the last step, at t = 0, adds no noise. A time outside of the schedule
    gives NaN.

    Raises:
        ValueError: unless samples, guess and noise have one shape.

    Source: Ho, Jain and Abbeel (2020), algorithm 2.

    >>> two = schedules.linear(n_steps=2, low=0.36, high=0.36)
    >>> five = jnp.array([[5.0]])
    >>> step_back(two, five, jnp.array(0), five, jnp.ones((1, 1))).round(3).tolist()
    [[2.5]]
    """
    require.same_shape(noisy=noisy, guess=guess, noise=noise)
    factors = schedule.beta / jnp.sqrt(schedule.noise), schedules.kept(schedule), schedules.posterior_variance(schedule)
    known = (t >= 0) & (t < len(schedule.beta))
    of_guess, kept, variance = (jnp.where(known, factor[t], jnp.nan).astype(noisy.dtype) for factor in factors)
    return (noisy - of_guess * guess) / jnp.sqrt(kept) + jnp.sqrt(variance) * noise


@public
def times(n_times: int, *, n_steps: int) -> Int[Array, " s"]:
    """Times of a walk back in fewer steps: evenly spread from 0 to n_steps - 1, both included, rounded. Static.

    Raises:
        ValueError: unless 1 <= n_times <= n_steps. A single time is the last one.

    >>> times(3, n_steps=1000).tolist()
    [0, 500, 999]
    """
    require.positive("n_times", n_times)
    require.that(n_times <= n_steps, f"n_times must be at most n_steps = {n_steps}; found {n_times}")
    if n_times == 1:
        return jnp.array([n_steps - 1])
    return jnp.asarray(np.round(np.linspace(0, n_steps - 1, n_times)).astype(int))


@public
@checked(eta=SHARE)
def sample(
    predict: Predict,
    schedule: Schedule,
    *,
    key: Key[Array, ""],
    shape: tuple[int, ...],
    n_times: int | None = None,
    eta: ArrayLike = 1.0,
    kind: str = "noise",
    limit: float | None = None,
) -> Float[Array, "n *shape"]:
    r"""Walk back from noise to data, in one compiled loop. The same key gives the same samples.

    From time t to the visited time t' before it, with the guessed parts $\hat x$ and $\hat\epsilon$ of $x_t$,

    $$x_{t'} = \sqrt{\bar\alpha_{t'}}\, \hat x + \sqrt{1 - \bar\alpha_{t'} - \sigma^2}\, \hat\epsilon + \sigma z,$$
    $$\sigma^2 = \eta^2\, \frac{1 - \bar\alpha_{t'}}{1 - \bar\alpha_t}
    \Big(1 - \frac{\bar\alpha_t}{\bar\alpha_{t'}}\Big)$$

    With `eta` 1 and all times this is DDPM, see `step_back`. With `eta` 0 it is DDIM: only the start is random, and far
    fewer times are enough. The last step returns $\hat x$.

    Args:
        predict: the network.
        schedule: that of the training.
        key: for the start and the noise of the steps.
        shape: of all samples, (n, ...); static.
        n_times: how many times are visited, see `times`; all by default; static.
        eta: share of new noise, from 0 to 1.
        kind: what the network predicts; static.
        limit: clean guesses are cut off at this size, in units of x, and the noise follows; static. It helps where
            the guess is uncertain, at the beginning.

    Raises:
        ValueError: for an unknown kind, an eta outside of 0 to 1 (NaN where traced), an n_times out of range, a limit
            that is not positive, or a shape without a sample.

    Source: Song, Meng and Ermon (2021), equations 12 and 16.

    >>> point = lambda x, t: x  # all noise: the data are zero
    >>> bool((abs(sample(point, schedules.cosine(n_steps=9), key=jax.random.key(0), shape=(3, 2))) < 2).all())
    True
    """
    require.one_of("kind", kind, noising.KINDS)
    require.shape("shape", shape)
    require.that(limit is None or limit > 0, f"limit must be positive; found {limit}")
    n_steps = len(schedule.signal)
    visited = times(n_steps if n_times is None else n_times, n_steps=n_steps)
    short = schedules.strided(schedule, visited)
    signal, noise = (jnp.sqrt(share) for share in schedules.before(short))
    # share of the noise before the step that is new with eta = 1; at first there is none, and no derivative either
    new = jnp.where(noise > 0, jnp.minimum(short.beta / short.noise, 1), 0)
    for_start, for_steps = jax.random.split(key)
    eta = jnp.asarray(eta, schedule.signal.dtype)

    def back(x: Array, at: tuple[Array, Array, Array]) -> tuple[Array, None]:
        place, t, key = at
        every = jnp.full(shape[:1], t)
        found = noising.parts(schedule, x, every, with_fast_convolutions(predict)(x, every), kind=kind)
        if limit is not None:
            clean = jnp.clip(found.clean, -limit, limit)
            found = noising.parts(schedule, x, every, clean, kind="clean")
        old, fresh = jnp.sqrt(1 - eta**2 * new[place]), eta * jnp.sqrt(new[place])
        mixed = old * found.noise + fresh * jax.random.normal(key, shape, x.dtype)
        return signal[place] * found.clean + noise[place] * mixed, None

    start = jax.random.normal(for_start, shape, schedule.signal.dtype)
    places = jnp.arange(len(visited) - 1, -1, -1)
    return lax.scan(back, start, (places, visited[::-1], jax.random.split(for_steps, len(visited))))[0]
