"""Samples in blocks that fit the cache of a processor. Shapes: n samples, d features, b blocks of s samples each.

One pass of k-means or EM over all samples at once needs tables of n times k numbers. Block by block, these tables stay
small, since each block returns only sums.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public


class Blocks(NamedTuple):
    """Samples in blocks, features first; the last block is padded with zeros."""

    x: Float[Array, "b d s"]
    valid: Float[Array, "b s"]  # 1 for a sample, 0 for padding


@public
def split(x: Float[Array, "n d"], *, size: int) -> Blocks:
    """Split n samples into blocks of `size` (static), or into one smaller block if n is smaller.

    Raises:
        ValueError: unless x has two nonempty axes and size >= 1.

    >>> made = split(jnp.array([[1.0], [2.0], [3.0]]), size=2)
    >>> made.x.tolist(), made.valid.tolist()
    ([[[1.0, 2.0]], [[3.0, 0.0]]], [[1.0, 1.0], [1.0, 0.0]])
    """
    require.rank("x", x, 2)
    require.that(x.size > 0, f"x must have samples and features; found shape {x.shape}")
    require.positive("size", size)
    n, d = x.shape
    size = min(size, n)
    count = -(-n // size)
    filled = jnp.pad(x, ((0, count * size - n), (0, 0)))
    valid = (jnp.arange(count * size) < n).astype(x.dtype)
    return Blocks(filled.reshape(count, size, d).swapaxes(1, 2), valid.reshape(count, size))


@public
def join(values: Float[Array, "b s"], n: int) -> Float[Array, " n"]:
    """Join one value per sample into a single row of length n (static), without the padding.

    >>> join(jnp.array([[1.0, 2.0], [3.0, 0.0]]), 3).tolist()
    [1.0, 2.0, 3.0]
    """
    return values.reshape(-1)[:n]
