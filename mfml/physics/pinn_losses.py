r"""How the terms of a physics-informed loss are weighed: by time, and against each other.

The loss is $\sum_b w_b \, \mathrm{mean}_i\, c_i r_{b,i}^2$ over terms b (equation, initial and boundary conditions,
data).
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int

from mfml import require
from mfml.entrance import public
from mfml.numerics.domain import NON_NEGATIVE, SHARE, checked


@public
@checked(strength=NON_NEGATIVE)
@partial(jax.jit, static_argnames="n_bins")
def causal_weights(
    square: Float[Array, " n"], bins: Int[Array, " n"], *, n_bins: int, strength: ArrayLike = 1.0
) -> Float[Array, " n"]:
    r"""Weights by which later times wait for earlier ones.

    $c_i = e^{-\epsilon \sum_{k < b} L_k}$ for a point in the interval b of time, where
    $L_k$ is the mean of the squared residuals in interval k, 0 where there is none. The number of intervals is static;
    the weight is NaN for an interval beyond them.

    Raises:
        ValueError: unless each square has its interval, n_bins >= 1, and the strength is not negative.

    Source: Wang, Sankaran and Perdikaris (2024).

    >>> print(causal_weights(jnp.array([0.0, 2.0, 1.0]), jnp.array([0, 1, 2]), n_bins=3).round(3))
    [1.    1.    0.135]
    """
    require.same_shape(square=square, bins=bins)
    require.positive("n_bins", n_bins)
    member = (bins[:, None] == jnp.arange(n_bins)).astype(square.dtype)
    counts = jnp.sum(member, axis=0)
    means = square @ member / jnp.maximum(counts, 1)
    before = jnp.cumsum(means) - means
    found = jnp.exp(-jnp.asarray(strength, square.dtype) * before)[bins]
    return jnp.where((bins >= 0) & (bins < n_bins), found, jnp.nan)


@public
@jax.jit
def balance(sizes: Float[Array, " b"]) -> Float[Array, " b"]:
    r"""Weights $w_b = \sum_a s_a / s_b$, divided by their mean, which give all terms the same size $w_b s_b$.

    Sizes are norms of gradients, or traces of the neural tangent kernel $\sum_i |\nabla r_{b,i}|^2 / n_b$: then all
    terms converge at one pace. A term of size 0 to rounding, such as a condition that
    always holds, gets the weight of the smallest of the others.

    Source: Wang, Teng and Perdikaris (2021) for gradients; Wang, Yu and Perdikaris (2022) for the kernel.

    >>> print(balance(jnp.array([1.0, 4.0])))
    [1.6 0.4]
    """
    require.rank("sizes", sizes, 1)
    top = jnp.max(sizes)
    known = sizes > jnp.finfo(sizes.dtype).eps * top
    least = jnp.min(jnp.where(known, sizes, jnp.where(top > 0, top, 1.0)))
    weights = least / jnp.where(known, sizes, least)
    weights = jnp.where(jnp.isnan(top), jnp.nan, weights)
    return weights / jnp.mean(weights)


@public
@checked(memory=SHARE)
@jax.jit
def smoothed(weights: Float[Array, " b"], fresh: Float[Array, " b"], *, memory: ArrayLike = 0.9) -> Float[Array, " b"]:
    """Moving average of weights: `memory` times the old ones, and the rest of the new ones.

    Source: Wang, Teng and Perdikaris (2021).

    >>> smoothed(jnp.array([1.0]), jnp.array([2.0]), memory=0.75).tolist()
    [1.25]
    """
    require.same_shape(weights=weights, fresh=fresh)
    memory = jnp.asarray(memory, weights.dtype)
    return memory * weights + (1 - memory) * fresh
