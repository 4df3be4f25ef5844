r"""Sobol's sequence: points of the unit cube that leave no gaps. Shapes: n points, d axes.

If n is a power of 2, every axis has one point in each of n slices, and so do many boxes of several axes. Means over
such points converge nearly as 1 / n, where random points give the root of that.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import DTypeLike
from jaxtyping import Array, Float, Int, Key

from mfml import require

BITS = 30  # digits of a coordinate
# Inner coefficients of the primitive polynomials, and first directions, of the axes after the first one. A polynomial
# has as many directions as its degree. From the table of Joe and Kuo (2008).
# fmt: off
DIRECTIONS = (
    (0, (1,)), (1, (1, 3)), (1, (1, 3, 1)), (2, (1, 1, 1)), (1, (1, 1, 3, 3)), (4, (1, 3, 5, 13)),
    (2, (1, 1, 5, 5, 17)), (4, (1, 1, 5, 5, 5)), (7, (1, 1, 7, 11, 19)), (11, (1, 1, 5, 1, 1)),
    (13, (1, 1, 1, 3, 11)), (14, (1, 3, 5, 5, 31)), (1, (1, 3, 3, 9, 7, 49)), (13, (1, 1, 1, 15, 21, 21)),
    (16, (1, 3, 1, 13, 27, 49)), (19, (1, 1, 1, 15, 7, 5)), (22, (1, 3, 1, 15, 13, 25)), (25, (1, 1, 5, 5, 19, 61)),
    (1, (1, 3, 7, 11, 23, 15, 103)), (4, (1, 3, 7, 13, 13, 15, 69)), (7, (1, 1, 3, 13, 7, 35, 63)),
    (8, (1, 3, 5, 9, 1, 25, 53)), (14, (1, 3, 1, 13, 9, 35, 107)), (19, (1, 3, 1, 5, 27, 61, 31)),
    (21, (1, 1, 5, 11, 19, 41, 61)), (28, (1, 3, 5, 3, 3, 13, 69)), (31, (1, 1, 7, 13, 1, 19, 1)),
    (32, (1, 3, 7, 5, 13, 19, 59)), (37, (1, 1, 3, 9, 25, 29, 41)), (41, (1, 3, 5, 13, 23, 1, 55)),
    (42, (1, 3, 7, 3, 13, 59, 17)), (50, (1, 3, 1, 3, 5, 53, 69)), (55, (1, 1, 5, 5, 23, 33, 13)),
    (56, (1, 1, 7, 7, 1, 61, 123)), (59, (1, 1, 7, 9, 13, 61, 49)), (62, (1, 3, 3, 5, 3, 55, 33)),
    (14, (1, 3, 1, 15, 31, 13, 49, 245)), (21, (1, 3, 5, 15, 31, 59, 63, 97)), (22, (1, 3, 1, 11, 11, 11, 77, 249)),
)
# fmt: on
MOST_AXES = 1 + len(DIRECTIONS)


def sequence(n: int, d: int) -> Int[Array, "n d"]:
    """Return the sequence as integers of `BITS` digits, in the order of Gray's code.

    Source: Sobol (1967), with directions of Joe and Kuo (2008).

    >>> (sequence(4, 2) / 2**BITS).tolist()
    [[0.0, 0.0], [0.5, 0.5], [0.75, 0.25], [0.25, 0.75]]
    """
    return _points(n, jnp.asarray(_all_directions(d)))


def scrambled(n: int, d: int, *, key: Key[Array, ""], dtype: DTypeLike = float) -> Float[Array, "n d"]:
    """Return the points after random linear maps of their digits and a random digital shift.

    Each point is uniform in the cube, and together they stay as even as the sequence is.

    Source: Matoušek (1998), Journal of Complexity 14, 527-556.

    >>> found = scrambled(4, 1, key=jax.random.key(0))
    >>> jnp.sort(jnp.floor(4 * found[:, 0])).tolist()
    [0.0, 1.0, 2.0, 3.0]
    """
    for_maps, for_shift = jax.random.split(key)
    places = np.arange(BITS - 1, -1, -1, dtype=np.int32)
    own = np.int32(1) << places
    before = np.int32((1 << BITS) - 1) - 2 * own + 1  # a digit depends on itself and on those before it
    rows = (jax.random.randint(for_maps, (d, BITS), 0, 1 << BITS, jnp.int32) & before) | own
    digits = lax.population_count(rows[:, None, :] & _all_directions(d)[:, :, None]) & 1
    mapped = jnp.sum(digits << places, axis=-1, dtype=jnp.int32)
    shift = jax.random.randint(for_shift, (d,), 0, 1 << BITS, jnp.int32)
    return in_cube(_points(n, mapped) ^ shift, dtype)


def in_cube(digits: Int[Array, "n d"], dtype: DTypeLike = float) -> Float[Array, "n d"]:
    """Return integers of `BITS` digits as numbers above 0 and below 1, with as many digits as the type has.

    >>> in_cube(jnp.array([[0, 2**BITS - 1]]), jnp.float16).tolist()
    [[0.00048828125, 0.99951171875]]
    """
    dtype = jax.dtypes.canonicalize_dtype(dtype)
    kept = min(BITS, jnp.finfo(dtype).nmant)
    return ((digits >> (BITS - kept)).astype(dtype) + 0.5) / (1 << kept)


def _points(n: int, directions: Array) -> Array:
    number = jnp.arange(n, dtype=jnp.int32)
    gray = number ^ (number >> 1)

    def add(bit: Array, found: Array) -> Array:
        return found ^ jnp.where((gray >> bit & 1)[:, None] == 1, directions[:, bit], 0)

    return lax.fori_loop(0, max(n - 1, 0).bit_length(), add, jnp.zeros((n, len(directions)), jnp.int32))


def _all_directions(d: int) -> np.ndarray:
    require.that(d <= MOST_AXES, f"n_axes must be at most {MOST_AXES} for Sobol's sequence; found {d}")
    return np.array([_directions(axis) for axis in range(d)], np.int32).reshape(d, BITS)


def _directions(axis: int) -> list[int]:
    if axis == 0:
        return [1 << (BITS - 1 - bit) for bit in range(BITS)]
    inner, first = DIRECTIONS[axis - 1]
    degree = len(first)
    found = [m << (BITS - 1 - bit) for bit, m in enumerate(first)]
    for bit in range(degree, BITS):
        new = found[bit - degree] ^ (found[bit - degree] >> degree)
        for k in range(1, degree):
            if inner >> (degree - 1 - k) & 1:
                new ^= found[bit - k]
        found.append(new)
    return found
