r"""Scale-free squares: numbers are divided by a power of two before they are squared.

In single precision the square of 1e-20 is 0 and that of 1e20 is infinite. Division by a power of two changes no digit,
so results do not depend on the unit of the data, and no derivative needs to pass through the unit.
"""

import math
from collections.abc import Callable

import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike, DTypeLike
from jaxtyping import Array, Float

WIDE, NARROW = 64, 12  # rows that a processor reduces quickly have so many numbers; from `NARROW` on they need no help


def power_of_two(size: ArrayLike) -> Float[Array, "*shape"]:
    """Round a positive size down to a power of two, or halve it if it is one; 1 where it is 0, NaN or infinite.

    Near both ends of the range it stays where its reciprocal is a normal number: processors take a subnormal one for 0,
    and XLA may replace a division by the product with a reciprocal.

    >>> power_of_two(jnp.array([5.0, 4.0, 0.0])).tolist()
    [4.0, 2.0, 1.0]
    """
    size = lax.stop_gradient(jnp.asarray(size))
    limits = jnp.finfo(size.dtype)
    # three quarters, since the type with an empty mantissa rounds to nearest and could reach infinity
    found = lax.reduce_precision(0.75 * size, exponent_bits=limits.nexp, mantissa_bits=0)
    found = jnp.clip(found, limits.tiny, 1 / limits.tiny)
    return jnp.where((size > 0) & jnp.isfinite(size), found, 1.0)


def largest(x: Float[Array, "*shape"], *, axis: int | None = None) -> Float[Array, "*rest"]:
    """The largest entry; NaN where there is one. A maximum by XLA on a CPU loses it in arrays of 4096 and more entries.

    >>> largest(jnp.zeros((5000, 2)).at[3, 0].set(jnp.nan), axis=0).tolist()
    [nan, 0.0]
    """
    x = x.reshape(-1) if axis is None else jnp.moveaxis(x, axis, 0)
    return jnp.take_along_axis(x, jnp.argmax(x, axis=0)[None], axis=0)[0]  # argmax stops at NaN; slower than a maximum


def at_least(low: ArrayLike, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Each entry, or `low` where it is smaller; NaN stays.

    `jnp.maximum` loses it on a CPU where it is compiled together with the sum that x comes from. Where both are equal,
    the derivative is half that of x, as with `jnp.maximum`.

    >>> at_least(0.0, jnp.array([-1.0, 2.0, jnp.nan])).tolist()
    [0.0, 2.0, nan]
    """
    return jnp.where(jnp.isnan(x), x, jnp.maximum(low, x))


def at_most(high: ArrayLike, x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Each entry, or `high` where it is larger; see `at_least`.

    >>> at_most(1.0, jnp.array([-1.0, 2.0, jnp.nan])).tolist()
    [-1.0, 1.0, nan]
    """
    return jnp.where(jnp.isnan(x), x, jnp.minimum(high, x))


def unit(x: Float[Array, "*shape"]) -> Float[Array, ""]:
    """Power of two near the largest magnitude. Divided by it, all entries lie between -4 and 4 (most often, -2 and 2).

    >>> unit(jnp.array([3e-20, -5e-20])).item() * 2.0**65
    1.0
    """
    return power_of_two(jnp.max(jnp.abs(lax.stop_gradient(x)), initial=0.0))


def column_units(a: Float[Array, "n p"]) -> Float[Array, " p"]:
    """Return a unit for each column, see `unit`.

    >>> column_units(jnp.array([[3.0, 1e3], [-1.0, 1e-3]])).tolist()
    [2.0, 512.0]
    """
    if a.shape[1] == 0:
        return jnp.ones(0, a.dtype)
    top, rest = folded(jnp.abs(lax.stop_gradient(a)))
    largest = jnp.max(jnp.max(top, axis=0, initial=0.0).reshape(-1, a.shape[1]), axis=0)
    return power_of_two(jnp.maximum(largest, jnp.max(rest, axis=0, initial=0.0)))


def folded(a: Float[Array, "n *rest"]) -> tuple[Float[Array, "m w"], Float[Array, "r *rest"]]:
    """Join several narrow rows to a wide one, over which a reduction is an order of magnitude faster; and the rest.

    >>> [part.shape for part in folded(jnp.ones((70, 3)))]
    [(3, 63), (7, 3)]
    """
    width = max(1, math.prod(a.shape[1:]))
    lanes = WIDE // width if width < NARROW else 1
    whole = len(a) // lanes * lanes
    return a[:whole].reshape(whole // lanes, lanes * width), a[whole:]


def rank_rtol(shape: tuple[int, ...], dtype: DTypeLike) -> float:
    """Share of the largest singular value below which rounding decides: 4 min(m, n) eps, however long the matrix is.

    >>> rank_rtol((1_000_000, 2), jnp.float32) < 1e-6
    True
    """
    return 4 * min(shape) * float(jnp.finfo(dtype).eps)


def length(x: Float[Array, "*shape"]) -> Float[Array, ""]:
    r"""Euclidean length over all entries, $\sqrt{\sum x_i^2}$, in units of x. Its gradient at zero is 0.

    >>> length(jnp.array([3e-30, 4e-30])).item() * 1e30
    5.0...
    """

    def scaled() -> Array:
        scale = unit(x)
        square = jnp.sum((x / scale) ** 2)
        return jnp.where(square == 0, 0.0, scale * jnp.sqrt(jnp.where(square == 0, 1.0, square)))

    return root(jnp.sum(x**2), scaled)


def root(square: Float[Array, ""], scaled: Callable[[], Float[Array, ""]]) -> Float[Array, ""]:
    """Root of a sum of squares; `scaled()` where one of them may have left the range of the type.

    >>> root(jnp.array(4.0), lambda: jnp.array(0.0)).item()
    2.0
    """
    limits = jnp.finfo(square.dtype)
    in_range = (square > limits.tiny / limits.eps**2) & (square < limits.max * limits.eps)
    return lax.cond(in_range, lambda: jnp.sqrt(square), scaled)


def directions(x: Float[Array, "n d"]) -> Float[Array, "n d"]:
    """Rows of length one, whatever the unit of each; NaN for a row of zeros.

    >>> directions(jnp.array([[3e-30, 4e-30]])).round(3).tolist()
    [[0.6..., 0.8...]]
    """
    x = x / power_of_two(jnp.max(jnp.abs(x), axis=1, keepdims=True))
    return x * (1 / jnp.linalg.norm(x, axis=1, keepdims=True))


def ratio(a: ArrayLike, b: ArrayLike) -> Float[Array, "*shape"]:
    r"""Quotient a / b whose derivative in b, $-a / b^2$, neither overflows nor underflows on its way.

    JAX computes it through $b^{-2}$, which is infinite or 0 for a b of 1e-20 or 1e20. Arguments broadcast.

    >>> from jax import grad
    >>> (grad(ratio, argnums=1)(3e19, 1e19) * 1e19).round(4).item()
    -3.0
    """
    dtype = jnp.result_type(float, a, b)
    a, b = jnp.asarray(a, dtype), jnp.asarray(b, dtype)
    inverse = 1 / power_of_two(jnp.abs(b))
    return a * inverse / (b * inverse)


def cholesky(s: Float[Array, "*k d d"]) -> Float[Array, "*k d d"]:
    """Lower factor of symmetric matrices, whatever the units of their rows; NaN where one is not positive definite.

    >>> cholesky(jnp.array([[4.0, 0.0], [0.0, 9.0]])).tolist()
    [[2.0, 0.0], [0.0, 3.0]]
    """
    scale = power_of_two(jnp.sqrt(jnp.abs(jnp.diagonal(s, axis1=-2, axis2=-1))))
    inverse = 1 / scale
    scaled = s * inverse[..., :, None] * inverse[..., None, :]
    return jnp.linalg.cholesky(scaled) * scale[..., :, None]
