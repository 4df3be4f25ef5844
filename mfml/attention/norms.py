r"""Normalization of each vector by itself, over its d features. All leading axes are treated alike.

Both are accurate whatever the size of the numbers: the mean is taken off in two steps, and sums and squares are formed
after a division by a power of two. Half precision is computed in single. Numbers below the smallest normal one may
count as 0. Where the variance is small against `eps`, that decides: with the usual eps of 1e-5, vectors much smaller
than 0.003 stay small.
"""

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling
from mfml.numerics.domain import NON_NEGATIVE, checked
from mfml.numerics.precision import single


@public
@checked(eps=NON_NEGATIVE)
@jax.jit
def layer_norm(
    x: Float[Array, "*n d"],
    *,
    scale: Float[Array, " d"] | None = None,
    bias: Float[Array, " d"] | None = None,
    eps: ArrayLike = 1e-5,
) -> Float[Array, "*n d"]:
    r"""Layer normalization $\gamma \odot (x - \bar x) / \sqrt{\sigma^2 + \epsilon} + \beta$; the divisor is d.

    Args:
        x: vectors with mean $\bar x$ and variance $\sigma^2$ each.
        scale: $\gamma$; 1 by default.
        bias: $\beta$; 0 by default.
        eps: $\epsilon$, in squared units of x. With 0, a vector of equal entries gives NaN.

    Raises:
        ValueError: unless scale and bias have one entry per feature, and eps is not negative.

    Source: Ba, Kiros and Hinton (2016), equation 3.

    >>> layer_norm(jnp.array([1.0, 3.0]), eps=0.0).tolist()
    [-1.0, 1.0]
    """
    _check(x, scale=scale, bias=bias)
    half = 0.5 * single(x)  # so that no difference overflows
    # the rounding of a large mean is as large as small deviations: it is their mean, so it can be taken off, too
    centered = half - lax.stop_gradient(_mean(half))
    y = _to_unit_size(centered - _mean(centered), jnp.sqrt(jnp.asarray(eps, half.dtype)) / 2).astype(x.dtype)
    y = y if scale is None else y * scale
    return y if bias is None else y + bias


@public
@checked(eps=NON_NEGATIVE)
@jax.jit
def rms_norm(
    x: Float[Array, "*n d"], *, scale: Float[Array, " d"] | None = None, eps: ArrayLike = 1e-6
) -> Float[Array, "*n d"]:
    r"""Root-mean-square normalization $\gamma \odot x / \sqrt{\frac{1}{d} \sum_i x_i^2 + \epsilon}$, without a mean.

    Args:
        x: vectors.
        scale: $\gamma$; 1 by default.
        eps: $\epsilon$, in squared units of x. With 0, a vector of zeros gives NaN.

    Raises:
        ValueError: unless scale has one entry per feature, and eps is not negative.

    Source: Zhang and Sennrich (2019), equation 4.

    >>> rms_norm(jnp.array([3.0, -3.0]), eps=0.0).tolist()
    [1.0, -1.0]
    """
    _check(x, scale=scale)
    wide = single(x)
    y = _to_unit_size(wide, jnp.sqrt(jnp.asarray(eps, wide.dtype))).astype(x.dtype)
    return y if scale is None else y * scale


def _check(x: Array, **named: Array | None) -> None:
    require.that(x.ndim > 0 and x.shape[-1] > 0, f"x must have at least one feature; found shape {x.shape}")
    for name, value in named.items():
        if value is not None and value.shape != x.shape[-1:]:
            raise ValueError(f"{name} must have one entry per feature of x {x.shape}; found {value.shape}")


def _mean(x: Float[Array, "*n d"]) -> Float[Array, "*n 1"]:
    """The mean of each vector, whose sum does not overflow."""
    d = x.shape[-1]
    unit = 2.0 ** -(d - 1).bit_length()
    return jnp.sum(x * unit, axis=-1, keepdims=True) / (d * unit)


def _to_unit_size(x: Float[Array, "*n d"], root: ArrayLike) -> Float[Array, "*n d"]:
    """Divide by the root of the mean square plus that of another root."""
    size = jnp.max(jnp.abs(lax.stop_gradient(x)), axis=-1, keepdims=True)
    inverse = 1 / scaling.power_of_two(jnp.maximum(size, root))
    y = x * inverse
    return y * lax.rsqrt(jnp.mean(y**2, axis=-1, keepdims=True) + (root * inverse) ** 2)
