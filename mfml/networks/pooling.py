"""Pooling: one number per window and channel. Shapes: n images, h rows, w columns, c channels.

For `padding` see `geometry`. Padding does not count: it is never the largest value, and means are over the
entries of the image only (unless `count_padding`).
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.networks import geometry
from mfml.networks.geometry import Padding
from mfml.xla.rewrite import stored


@public
def max_pool(
    x: Float[Array, "n h w c"], *, window: int = 2, stride: int | None = None, padding: Padding = "valid"
) -> Float[Array, "n _ _ c"]:
    """Largest value of each window, each channel by itself.

    If several entries are the largest, the gradient goes to the first of them, row by row.

    Args:
        x: images.
        window: rows and columns of the window; static.
        stride: entries between windows; the window's size if left out, so that windows do not overlap; static.
        padding: less than the window on each side; static.

    Raises:
        ValueError: if the window is larger than the padded image, or an option is out of range.

    Source: Ranzato et al. (2007), CVPR; Dumoulin and Visin (2016), chapter 3.

    >>> max_pool(jnp.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0].tolist()
    [[5.0, 7.0], [13.0, 15.0]]
    """
    if stride in (None, window) and padding in ("valid", 0) and min(x.shape[1:3], default=0) >= window > 0:
        return _largest_of_blocks(x, window)
    return _slide(x, -np.inf, lax.max, window, stride, padding)


@public
def average_pool(
    x: Float[Array, "n h w c"],
    *,
    window: int = 2,
    stride: int | None = None,
    padding: Padding = "valid",
    count_padding: bool = False,
) -> Float[Array, "n _ _ c"]:
    """Mean value of each window, each channel by itself.

    Args:
        x: images.
        window: rows and columns of the window; static.
        stride: entries between windows; the window's size if left out; static.
        padding: less than the window on each side; static.
        count_padding: whether the padding counts as zeros; static.

    Raises:
        ValueError: if the window is larger than the padded image, or an option is out of range.

    Source: LeCun et al. (1998), Proceedings of the IEEE 86, where it is called sub-sampling.

    >>> average_pool(jnp.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0].tolist()
    [[2.5, 4.5], [10.5, 12.5]]
    """
    total = _slide(x, 0.0, lax.add, window, stride, padding)
    if count_padding:
        return total / window**2
    return total / _slide(jnp.ones((1, *x.shape[1:3], 1), x.dtype), 0.0, lax.add, window, stride, padding)


@public
def global_average(x: Float[Array, "n h w c"]) -> Float[Array, "n c"]:
    """Mean of each channel over all pixels: invariant to shifts of a periodic image.

    Raises:
        ValueError: unless x has 4 axes and at least one pixel.

    Source: Lin, Chen and Yan (2014), ICLR, "Network in network".

    >>> global_average(jnp.arange(4.0).reshape(1, 2, 2, 1)).tolist()
    [[1.5]]
    """
    require.rank("x", x, 4)
    require.positive("the number of pixels", x.shape[1] * x.shape[2])
    return jnp.mean(x, axis=(1, 2))


def _largest_of_blocks(x: Array, window: int) -> Array:
    """Largest value of windows that do not overlap; the gradient is far faster than that of `_slide` on a CPU."""
    n, h, w, c = x.shape
    rows, columns = h // window, w // window
    return _largest(x[:, : rows * window, : columns * window].reshape(n, rows, window, columns, window, c))


@jax.custom_jvp
def _largest(blocks: Float[Array, "n r p s q c"]) -> Float[Array, "n r s c"]:
    return _largest_and_place(blocks)[0]


@_largest.defjvp
def _largest_jvp(primals: tuple[Array], tangents: tuple[Array]) -> tuple[Array, Array]:
    """Pick the tangent where the value was picked. Backwards, each gradient goes to the place of its value."""
    (blocks,), (change,) = primals, tangents
    value, place = _largest_and_place(blocks)
    window = blocks.shape[2]
    place = stored(place.astype(jnp.int8 if window < 12 else jnp.int32))
    places = jnp.arange(window**2, dtype=place.dtype).reshape(window, 1, window, 1)
    chosen = jnp.where(place[:, :, None, :, None] == places, change, 0)
    return value, jnp.sum(chosen, axis=(2, 4))


def _largest_and_place(blocks: Array) -> tuple[Array, Array]:
    """Largest value of each block, and which entry of the block it is; of several the first, row by row."""
    value, window = blocks[:, :, 0, :, 0], blocks.shape[2]
    place = jnp.zeros(value.shape, jnp.int32)
    for number in range(1, window**2):
        entry = blocks[:, :, number // window, :, number % window]
        larger = (entry > value) | jnp.isnan(entry)
        value, place = jnp.where(larger, entry, value), jnp.where(larger, number, place)
    return value, place


def _slide(
    x: Array,
    start: float,
    combine: Callable[[Any, Any], Any],
    window: int,
    stride: int | None,
    padding: Padding,
) -> Array:
    require.rank("x", x, 4)
    require.positive("window", window)
    stride = window if stride is None else stride
    require.that(isinstance(padding, str) or padding < window, f"padding must be below {window}; found {padding}")
    around = []
    for size in x.shape[1:3]:
        geometry.output_size(size, kernel=window, stride=stride, padding=padding)  # refuses what does not fit
        around.append(geometry.pads(size, kernel=window, stride=stride, padding=padding))
    return lax.reduce_window(
        x,
        np.asarray(start, x.dtype),
        combine,
        (1, window, window, 1),
        (1, stride, stride, 1),
        [(0, 0), *around, (0, 0)],
    )
