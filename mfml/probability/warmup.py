r"""How samplers find their step size and scales before the first draw that counts. Shapes: d coordinates.

Dual averaging raises the step size where too much is accepted, and lowers it where too little is. The scale of each
coordinate is the standard deviation of the chain in a window. A new window begins without the positions of the last.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from mfml import require
from mfml.entrance import public

WINDOWS = (0.1, 0.3, 0.6)  # shares of the warm-up where the estimate of the scales begins, begins again, ends


class Warmup(NamedTuple):
    """What is learned."""

    log_step: Float[Array, ""]  # logarithm of the step size of the next move
    average: Float[Array, ""]  # of log_step, weighted towards the latest; used after the warm-up
    error: Float[Array, ""]  # mean of target - acceptance
    center: Float[Array, ""]  # log_step is drawn towards it
    time: Float[Array, ""]  # moves since the last restart
    scale: Float[Array, " d"]  # of each coordinate
    seen: Float[Array, ""]  # positions in this window, their mean, and sum of squared distances from it
    mean: Float[Array, " d"]
    squares: Float[Array, " d"]


@public
def start(step_size: Float[Array, ""], position: Float[Array, " d"]) -> Warmup:
    """Begin with this step size and scales of 1.

    >>> start(jnp.array(1.0), jnp.zeros(2)).scale.tolist()
    [1.0, 1.0]
    """
    require.rank("position", position, 1)
    zero, vector = jnp.zeros_like(step_size), jnp.zeros_like(position)
    log_step = jnp.log(step_size)
    return Warmup(log_step, log_step, zero, log_step + jnp.log(10.0), zero, vector + 1, zero, vector, vector)


@public
@jax.jit
def learn_step(old: Warmup, error: Float[Array, ""]) -> Warmup:
    r"""Learn from one move, with error = target - acceptance: $\log \epsilon = c - \sqrt t\, \bar e / \gamma$.

    Dual averaging with the constants of its authors, $t_0 = 10$ and $\kappa = 0.75$, except that $\gamma$ is 0.2
    instead of 0.05. With 0.05 the steps jump so far that their average accepts much more than the target.

    Source: Hoffman and Gelman (2014), Journal of Machine Learning Research 15, equation 6.

    >>> begun = start(jnp.array(1.0), jnp.zeros(1))
    >>> (learn_step(begun, jnp.array(0.8)).log_step < learn_step(begun, jnp.array(-0.2)).log_step).item()
    True
    """
    time = old.time + 1
    mean = old.error + (error - old.error) / (time + 10)
    log_step = old.center - jnp.sqrt(time) / 0.2 * mean
    share = time**-0.75
    average = jnp.where(time > 1, share * log_step + (1 - share) * old.average, log_step)
    return old._replace(log_step=log_step, average=average, error=mean, time=time)


@public
@partial(jax.jit, static_argnames="n_warmup")
def learn_scale(old: Warmup, position: Float[Array, " d"], number: Int[Array, ""], *, n_warmup: int) -> Warmup:
    """Add the position of move `number` to the window. At its end the standard deviations become the scales.

    Windows are shares of the warm-up (`WINDOWS`; n_warmup is static). The search for the step size starts again with
    each. Since a few positions say little about a variance, it is drawn towards 0.001 with the weight of five.

    Source: Stan Reference Manual, section on HMC algorithm parameters (the windows, and the shrinkage).

    >>> moved = learn_scale(start(jnp.array(1.0), jnp.zeros(1)), jnp.array([3.0]), jnp.array(10), n_warmup=100)
    >>> moved.seen.item(), moved.mean.tolist()
    (1.0, [3.0])
    """
    begin, middle, end = (int(share * n_warmup) for share in WINDOWS)
    inside = (number >= begin) & (number < end)
    seen = old.seen + 1
    shift = position - old.mean
    mean = old.mean + shift / seen
    updated = old._replace(seen=seen, mean=mean, squares=old.squares + shift * (position - mean))
    new = jax.tree.map(partial(jnp.where, inside), updated, old)
    variance = (new.squares + 5e-3) / (new.seen + 5.0)
    fresh = start(jnp.exp(new.average), position)._replace(scale=jnp.sqrt(variance))
    renew = ((number == middle) | (number == end)) & (new.seen > 1)
    return jax.tree.map(partial(jnp.where, renew), fresh, new)
