"""Exponentials that keep their digits: sums for exponents of any size, and the part above the tangent.

Compiled code may round an exponent where it seeks the largest one, but keep more digits of it (a fused multiply-add)
where it takes the difference from the largest. Among exponents of -1e12 the difference is then off by thousands, and
`jax.nn.logsumexp` returns -inf. Here differences are at most 0, and the sum is at least its largest term, 1.
"""

import math

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


def beyond_line(x: Float[Array, "..."]) -> Float[Array, "..."]:
    r"""How far the exponential lies above its tangent at 0, $e^x - 1 - x$, to its own rounding.

    Near 0 it is a series, $x^2 (1/2! + x/3! + \dots)$: the difference would lose its digits.

    >>> beyond_line(jnp.array([0.0, 1e-3, 1.0])).tolist()
    [0.0, 5.00166...e-07, 0.718281...]
    """
    near = jnp.abs(x) < 0.5
    small = jnp.where(near, x, 0.0)
    series = jnp.zeros_like(small)
    for n in range(14, 1, -1):
        series = series * small + 1 / math.factorial(n)
    return jnp.where(near, small * small * series, jnp.expm1(jnp.where(near, 0.0, x)) - x)
