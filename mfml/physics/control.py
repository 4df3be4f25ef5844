r"""How large the steps of an adaptive method are.

The error estimate of a step is compared with a tolerance for each entry of y. A step whose ratio is at most 1 is
accepted. The next step is as large as the error seems to allow, by a controller that also knows the ratio before
(proportional and integral, PI). Nothing here depends on the unit of time or of y.

Source: Hairer, Nørsett and Wanner (1993), section II.4; Hairer and Wanner (1996), section IV.2, the PI controller.
"""

import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, PyTree

from mfml.entrance import public
from mfml.physics.tableaus import Field, slope

SAFETY, SMALLEST, LARGEST = 0.9, 0.2, 10.0  # of the factor from one step to the next
MEMORY = 0.04  # how strongly the ratio before counts
UNKNOWN = 1e-3  # share of the whole time that is tried first where nothing tells how fast y changes


@public
def error_ratio(error: Float[Array, "*shape"], scale: Float[Array, "*shape"]) -> Float[Array, ""]:
    r"""Root mean square of error over tolerance, $\sqrt{\mathrm{mean}_i (e_i / s_i)^2}$.

    Entries whose tolerance is infinite do not count. An entry without an error counts as 0, even where its tolerance
    is 0. NaN in the error gives NaN.

    >>> round(error_ratio(jnp.array([3.0, 0.0, 9.0]), jnp.array([1.0, 0.0, jnp.inf])).item(), 2)
    2.12
    """
    shares = jnp.where(error == 0, 0.0, error / jnp.where(error == 0, 1.0, scale))
    count = jnp.maximum(jnp.sum(scale < jnp.inf), 1)
    return jnp.sqrt(jnp.sum(shares**2) / count)


@public
def growth(
    ratio: Float[Array, ""], previous: Float[Array, ""], *, order: int = 5, rejected: ArrayLike = False
) -> Float[Array, ""]:
    r"""Factor from a step to the next, $0.9\, r^{-(1/q - 0.75 \beta)} r_0^\beta$, between 0.2 and 10.

    r is the ratio of error and tolerance, $r_0$ that of the step accepted before, q the order. A step that is not
    accepted makes the next smaller, and a step after a rejected one does not grow. A ratio of NaN, infinity or more
    than 1 means that the step is rejected: the factor is then at most 0.9, and 0.2 for NaN.

    Args:
        ratio: of this step.
        previous: of the last accepted step.
        order: of the method; static.
        rejected: whether the step before was rejected.

    >>> growth(jnp.array(0.0), jnp.array(1.0)).item(), round(growth(jnp.array(jnp.nan), jnp.array(1.0)).item(), 4)
    (10.0, 0.2)
    """
    bad = ~(ratio <= 1)
    known = jnp.where(jnp.isfinite(ratio) & (ratio > 0), ratio, 1.0)
    power = jnp.where(bad, 1 / order, 1 / order - 0.75 * MEMORY)
    factor = SAFETY * known**-power * jnp.where(bad, 1.0, jnp.maximum(previous, 1e-4) ** MEMORY)
    factor = jnp.where(ratio == 0, LARGEST, jnp.where(jnp.isfinite(ratio), factor, SMALLEST))
    highest = jnp.where(bad, SAFETY, jnp.where(rejected, 1.0, LARGEST))
    return jnp.clip(factor, SMALLEST, highest).astype(ratio.dtype)


@public
def first_step(
    f: Field,
    init: Float[Array, "*shape"],
    begin: Float[Array, "*shape"],
    *,
    t0: ArrayLike,
    span: Float[Array, ""],
    scale: Float[Array, "*shape"],
    args: PyTree = None,
    order: int = 5,
) -> Float[Array, ""]:
    r"""Size of the first step, with the sign of `span`, the whole time.

    A short step of Euler, in which y changes by about 1 % of its size, shows how fast the slope changes, and so the
    time T in which y changes by its size. In a step of size h an error of $(h / T)^q$ of the size is expected; it is to
    be a hundredth of the tolerance. Where y or its slope is 0, the short step is a thousandth of the whole time.

    Args:
        f: the field.
        init: y at t0.
        begin: slope there.
        t0: where time starts.
        span: t1 - t0.
        scale: tolerance for each entry.
        args: what f takes as third argument.
        order: of the method; static.

    >>> y, one = jnp.array(1.0), jnp.array(1.0)
    >>> round(first_step(lambda t, y, args: 0 * y, y, 0 * y, t0=0.0, span=one, scale=1e-3 * y).item(), 4)
    0.1
    """
    size, change = error_ratio(init, scale), error_ratio(span * begin, scale)  # of y over the whole time
    known = (size > 1e-5) & (change > 0) & jnp.isfinite(change) & jnp.isfinite(size)
    share = jnp.minimum(jnp.where(known, 0.01 * size / jnp.where(known, change, 1.0), UNKNOWN), 1.0)
    h = share * span
    after = slope(f, init + h * begin, t=jnp.asarray(t0, init.dtype) + h, args=args)
    size = jnp.maximum(size, share * change)
    bend = error_ratio(h * (after - begin), scale)
    rates = jnp.maximum(share * change, jnp.sqrt(bend * size)) / jnp.where(size > 0, size, 1.0)  # within the short step
    allowed = (0.01 / jnp.maximum(size, 0.01)) ** (1 / order) / jnp.where(rates > 0, rates, 1.0)
    best = jnp.where((rates > 0) & jnp.isfinite(rates), allowed, jnp.where(rates == 0, 100.0, 0.1))
    found = jnp.minimum(share * jnp.minimum(best, 100.0), 1.0) * span
    return lax.stop_gradient(jnp.where(jnp.isnan(size + change), jnp.nan, found))


@public
def too_small(h: Float[Array, ""], elapsed: Float[Array, ""], span: Float[Array, ""]) -> Bool[Array, ""]:
    """Whether a step is lost in the rounding of time, or is no share of the whole time any more.

    >>> too_small(jnp.array(1e-9), jnp.array(1.0), jnp.array(2.0)).item()
    True
    """
    limits = jnp.finfo(h.dtype)
    least = jnp.maximum(limits.eps * jnp.abs(elapsed), limits.tiny**0.5 * jnp.abs(span))
    return jnp.abs(h) <= least
