"""Correlations of images, written so that XLA's compiler for CPUs makes them fast on all cores.

The compiler's own kernel divides only the columns of an image among the cores. It is slow for images of one channel
and for the gradient of the weights. Shapes: n images, h rows, w columns, c channels; kernels of p rows and q columns
to k channels; steps of one. `around` holds the rows of zeros to add above and below, and the columns to add left and
right; negative numbers cut rows and columns off.
"""

from __future__ import annotations

import functools
import operator

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

Around = tuple[tuple[int, int], tuple[int, int]]

LAYOUT = ("NHWC", "HWIO", "NHWC")
FEW = 16  # a matrix product with fewer columns is not worth it


def correlate(
    x: Float[Array, "n h w c"], kernel: Float[Array, "p q c k"], around: Around
) -> Float[Array, "n rows columns k"]:
    r"""Correlate images with a kernel: $y_{rsk} = \sum_{ijc} x_{r + i - top, s + j - left, c} w_{ijck}$ of each image.

    With few channels, a non-finite entry makes NaN up to three columns beyond the reach of the kernel.

    >>> correlate(jnp.arange(3.0).reshape(1, 1, 3, 1), jnp.ones((1, 2, 1, 1)), ((0, 0), (0, 1))).ravel().tolist()
    [1.0, 3.0, 2.0]
    """
    p, q, channels, k = kernel.shape
    if q * channels >= FEW:
        return _rows_as_channels(x, kernel, around)
    x = _padded(x, around)
    n, rows, columns = len(x), x.shape[1] - p + 1, x.shape[2] - q + 1
    group = _group(columns)
    shifted = [_shifted(kernel, 1, place, q + group - 1) for place in range(group)]
    return (_windows(x, p, q, group) @ jnp.stack(shifted, 3).reshape(-1, group * k)).reshape(n, rows, columns, k)


def _rows_as_channels(x: Array, kernel: Array, around: Around) -> Array:
    """Join all rows of all images to one long row, and treat the rows of the kernel as channels of its correlation.

    The channels are then added up, each shifted by its number of rows. Neighboring rows and images share the zeros
    between them.
    """
    (n, height, width, channels), (p, q, _, k), zero = x.shape, kernel.shape, jnp.zeros((), x.dtype)
    (top, bottom), (left, right) = around
    rows, columns = height + top + bottom - p + 1, width + left + right - q + 1
    below, beside = max(0, top, bottom, rows - height), max(0, left, right, columns - width)
    every, wide = n * (height + below), width + beside
    line = lax.pad(x, zero, ((0, 0, 0), (0, below, 0), (0, beside, 0), (0, 0, 0))).reshape(every, wide * channels)
    line = lax.pad(line, zero, ((top, p - 1 - top, 0), (0, 0, 0))).reshape(1, 1, -1, channels)
    taps = kernel.transpose(1, 2, 0, 3).reshape(1, q, channels, p * k)
    if q == 1 and left == 0:
        shares = line[0, 0] @ taps[0, 0]
    else:
        shares = lax.conv_general_dilated(line, taps, (1, 1), ((0, 0), (left, q - 1 - left)), dimension_numbers=LAYOUT)
    shares = shares.reshape(-1, wide, p, k)[:, :columns]
    out = functools.reduce(operator.add, (shares[i : i + every, :, i] for i in range(p)))
    return out.reshape(n, -1, columns, k)[:, :rows]


def correlate_images(
    x: Float[Array, "n h w c"], y: Float[Array, "n rows columns k"], around: Around
) -> Float[Array, "c p q k"]:
    r"""Correlate images with others of about their size.

    $z_{cijk} = \sum_{nrs} x_{n, r + i - top, s + j - left, c}\, y_{nrsk}$:
    the gradient of `correlate` with regard to the kernel, up to the order of the axes.

    >>> correlate_images(jnp.arange(3.0).reshape(1, 1, 3, 1), jnp.ones((1, 1, 2, 1)), ((0, 0), (0, 0))).ravel().tolist()
    [1.0, 3.0]
    """
    (_, height, width, channels), (_, rows, columns, k) = x.shape, y.shape
    (top, bottom), (left, right) = around
    p, q = height + top + bottom - rows + 1, width + left + right - columns + 1
    if q * channels >= FEW:
        across = [_shifted(x, 2, left - j, columns) for j in range(q)]
        beside = jnp.concatenate(across, -1).reshape(-1, q * channels)
        products = [_shifted(y, 1, i - top, height).reshape(-1, k).T @ beside for i in range(p)]
        return jnp.stack(products).reshape(p, k, q, channels).transpose(3, 0, 2, 1)
    group = _group(columns)
    product = _windows(_padded(x, around), p, q, group).T @ y.reshape(-1, group * k)
    product = product.reshape(p, q + group - 1, channels, group, k)
    shares = (product[:, place : place + q, :, place] for place in range(group))
    return functools.reduce(operator.add, shares).transpose(2, 0, 1, 3)


def _group(columns: int) -> int:
    """Columns of the result that one row of a matrix product holds: a single column of one channel is too few."""
    return next(group for group in (4, 2, 1) if columns % group == 0)


def _windows(x: Array, p: int, q: int, group: int) -> Array:
    """Windows of p rows and q columns at `group` neighboring places of images (n, h, w, c): a row per group."""
    rows, columns = x.shape[1] - p + 1, x.shape[2] - q + 1
    across = [x[:, :, start : start + columns - group + 1 : group] for start in range(q + group - 1)]
    wide = jnp.concatenate(across, -1)
    return jnp.concatenate([wide[:, i : i + rows] for i in range(p)], -1).reshape(-1, p * wide.shape[-1])


def _padded(x: Array, around: Around) -> Array:
    return lax.pad(x, jnp.zeros((), x.dtype), ((0, 0, 0), *((*pad, 0) for pad in around), (0, 0, 0)))


def _shifted(x: Array, axis: int, by: int, size: int) -> Array:
    """Move by so many entries along an axis, which gets another size; zeros move in."""
    pads = [(0, 0, 0)] * x.ndim
    pads[axis] = (by, size - by - x.shape[axis], 0)
    return lax.pad(x, jnp.zeros((), x.dtype), pads)
