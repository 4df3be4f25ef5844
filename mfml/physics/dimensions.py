r"""Dimensionless groups: Buckingham's theorem in exact fractions. Shapes: b base units, v variables, g groups.

A physical law between v quantities, whose units are products of powers of base units, is a law between v - r numbers
without a unit; r is the rank of the matrix of exponents. A model of these numbers has fewer inputs, and holds for any
choice of units. The groups span the null space of the matrix: $\sum_j D_{ij} k_j = 0$ for every base unit i.
"""

from fractions import Fraction
from math import gcd, lcm

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Num

from mfml import require
from mfml.entrance import public
from mfml.numerics import scaling

LARGEST_DENOMINATOR = 60


@public
def groups(exponents: Num[Array, "b v"]) -> Int[Array, "g v"]:
    r"""Exponents of g = v - r independent groups $\Pi = \prod_j q_j^{k_j}$, as small integers without common divisors.

    One group belongs to each variable without a pivot in Gauss's elimination, and holds no other such variable. Name
    those variables last that should each stand in one group only. The first exponent that is not 0 is positive. Other
    bases are as right: products and powers of groups are groups. The elimination is exact.

    Args:
        exponents: of base unit i (kg, m, s, K, ...) in the unit of variable j; integers or fractions such as 0.5.

    Raises:
        ValueError: within compiled code, since how many groups there are depends on the values; unless there are two
            axes and a variable; for exponents that are no fractions with a denominator up to 60.

    Source: Buckingham (1914), Physical Review 4, 345.

    Density, velocity, length and viscosity in kg, m and s make one group, Reynolds's number:

    >>> groups([[1, 0, 0, 1], [-3, 1, 1, -1], [0, -1, 0, -1]]).tolist()
    [[1, 1, 1, -1]]
    """
    require.rank("exponents", exponents, 2)
    inside = isinstance(exponents, jax.core.Tracer)
    require.that(not inside, "exponents must be known numbers: call groups outside of jit and vmap")
    require.that(exponents.shape[1] > 0, f"exponents must have at least one column; found shape {exponents.shape}")
    rows = [[_fraction(value) for value in row] for row in np.asarray(exponents).tolist()]
    pivots, n_variables = _eliminate(rows, exponents.shape[1]), exponents.shape[1]
    found = []
    for free in sorted(set(range(n_variables)) - set(pivots)):
        vector = [Fraction(int(j == free)) for j in range(n_variables)]
        for row, pivot in zip(rows, pivots, strict=False):
            vector[pivot] = -row[free]
        found.append(_whole(vector))
    return jnp.asarray(np.array(found, int).reshape(-1, n_variables))


@public
@jax.jit
def dimensionless(values: Float[Array, "*batch v"], exponents: Num[Array, "g v"]) -> Float[Array, "*batch g"]:
    r"""Values of groups, $\Pi_g = \prod_j q_j^{k_{gj}}$, for quantities of any size in any units.

    Mantissas are multiplied through their logarithms, and the powers of two are added up as exponents. So nothing
    overflows or underflows on the way: diffusivities of 1e-20 m^2/s are fine in single precision, and no logarithm
    loses digits to its own size. A quantity of 0 makes the group 0 or infinite; a negative one has the sign that a
    whole exponent gives it, and NaN for others.

    Args:
        values: the quantities, along the last axis.
        exponents: of each group, as from `groups`; fractions are fine.

    Raises:
        ValueError: unless values and exponents have as many variables.

    Source: Buckingham (1914).

    The Fourier number D t / L^2:

    >>> dimensionless(jnp.array([1e-20, 3600.0, 1e-9]), [[1, 1, -2]]).round(2).tolist()
    [36.0]
    """
    require.rank("exponents", exponents, 2)
    require.that(
        jnp.ndim(values) > 0 and values.shape[-1] == exponents.shape[1],
        f"values must have a number for each column of exponents; found shapes {values.shape} and {exponents.shape}",
    )
    powers = jnp.asarray(exponents, values.dtype)
    size = jnp.abs(values)
    unit = scaling.power_of_two(size)
    log = jnp.where(powers == 0, 0.0, powers * jnp.log(size / unit)[..., None, :])  # a variable without part in it
    twos = jnp.sum(powers * jnp.round(jnp.log2(unit))[..., None, :], axis=-1)
    whole = jnp.round(twos)
    mantissa = jnp.exp(jnp.sum(log, axis=-1) + (twos - whole) * jnp.log(2.0).astype(values.dtype))
    half = jnp.floor(whole / 2)
    negative = jnp.where(values[..., None, :] < 0, _sign(powers), 1.0)
    sign = jnp.prod(jnp.where(powers == 0, 1.0, negative).astype(values.dtype), axis=-1)
    return sign * mantissa * _two_to_the(half) * _two_to_the(whole - half)


def _sign(powers: Array) -> Array:
    """Sign of a negative number to these powers."""
    return jnp.where(powers != jnp.round(powers), jnp.nan, jnp.where(powers % 2 == 0, 1.0, -1.0))


def _two_to_the(power: Array) -> Array:
    """Exact powers of two: an exponential would round."""
    return jnp.ldexp(jnp.ones_like(power), jnp.clip(jax.lax.stop_gradient(power), -2000, 2000).astype(jnp.int32))


def _fraction(value: int | float) -> Fraction:
    near = Fraction(0) if not np.isfinite(value) else Fraction(value).limit_denominator(LARGEST_DENOMINATOR)
    require.that(
        bool(np.isfinite(value) and abs(float(near) - value) <= 1e-6 * max(1.0, abs(value))),
        f"exponents must be fractions with denominators up to {LARGEST_DENOMINATOR}; found {value}",
    )
    return near


def _eliminate(rows: list[list[Fraction]], n_variables: int) -> list[int]:
    """Bring rows to reduced echelon form in place; return the columns of the pivots, one for each of the first rows."""
    pivots: list[int] = []
    for column in range(n_variables):
        at = next((i for i in range(len(pivots), len(rows)) if rows[i][column] != 0), None)
        if at is None:
            continue
        here = len(pivots)
        rows[here], rows[at] = rows[at], rows[here]
        rows[here] = [entry / rows[here][column] for entry in rows[here]]
        for i in range(len(rows)):
            if i != here:
                rows[i] = [a - rows[i][column] * b for a, b in zip(rows[i], rows[here], strict=True)]
        pivots.append(column)
    return pivots


def _whole(vector: list[Fraction]) -> list[int]:
    """The smallest integers in these proportions; the first that is not 0 is positive."""
    common = lcm(*(entry.denominator for entry in vector))
    integers = [int(entry * common) for entry in vector]
    divisor = gcd(*integers) * (1 if next(k for k in integers if k) > 0 else -1)
    return [k // divisor for k in integers]
