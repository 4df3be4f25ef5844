"""Sums of exponentials that neither overflow nor vanish, for exponents of any size.

Compiled code may round an exponent where it seeks the largest one, but keep more digits of it (a fused multiply-add)
where it takes the difference from the largest. Among exponents of -1e12 the difference is then off by thousands, and
`jax.nn.logsumexp` returns -inf. Here differences are at most 0, and the sum is at least its largest term, 1.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml.numerics import scaling


def log_sum(exponents: Float[Array, "..."], *, axis: int = -1) -> Float[Array, "..."]:
    r"""Logarithm of the sum of exponentials along an axis, $\log \sum_i e^{a_i}$; NaN stays.

    >>> log_sum(jnp.array([[-1e30, -1e30], [0.0, -jnp.inf], [-jnp.inf, -jnp.inf]])).tolist()
    [-1...e+30, 0.0, -inf]
    """
    largest = jnp.max(exponents, axis=axis, keepdims=True)
    known = jnp.isfinite(largest)
    below = scaling.at_most(0.0, exponents - jnp.where(known, largest, 0.0))
    total = scaling.at_least(1.0, jnp.sum(jnp.exp(below), axis=axis))
    largest = jnp.squeeze(jnp.where(known, largest, jnp.where(largest == -jnp.inf, largest, jnp.inf)), axis)
    return jnp.where(jnp.isnan(total), total, largest + jnp.log(total))
