r"""Two-point statistics: how alike the pixels of an image are at a distance. Shapes: n images of h x w pixels.

$$S_2(r) = \langle I(x)\, I(x + r) \rangle$$

is the mean over all places x. For an image of two phases, 0 and 1, it is the probability that both ends of a needle r
lie in phase 1. At r = 0 it is the fraction $\phi$ of this phase, and far away, without order, $\phi^2$. How fast it
falls is the size of the domains. Generated microstructures are judged by it: each may look right alone, but together
they must have the statistics of the material.

It is computed by the fast Fourier transform, since the transform of $S_2$ is the power spectrum (Wiener and Khinchin).

Source: Torquato (2002), Random Heterogeneous Materials, chapters 2 and 12.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics import distances


class Radial(NamedTuple):
    """Two-point function by distance."""

    distance: Float[Array, " k"]  # 0, 1, 2, ... pixels
    value: Float[Array, "n k"]  # mean over all shifts of this length, to the nearest pixel; squared units of the image


@public
@partial(jax.jit, static_argnames="periodic")
def correlation(images: Float[Array, "n h w"], *, periodic: bool = True) -> Float[Array, "n h w"]:
    """Two-point function of each image for all shifts, in squared units of the image.

    Entry [i, j] belongs to the shift by i rows and j columns. Shifts beyond half of the image are those to the other
    side, as in a Fourier transform: [-1, 0] is one row up. Periodic images go on at the opposite edge. Otherwise only
    pairs within the image count.

    Raises:
        ValueError: unless there are three axes and a pixel.

    Source: Torquato (2002), section 12.3.2.

    >>> board = (jnp.indices((4, 4)).sum(axis=0) % 2).astype(float)
    >>> correlation(board[None])[0, 0].round(3).tolist()
    [0.5, 0.0, 0.5, 0.0]
    """
    require.rank("images", images, 3)
    h, w = images.shape[1:]
    require.that(h > 0 and w > 0, f"images must have at least one pixel; found shape {images.shape}")
    mean = jnp.mean(images, axis=(1, 2), keepdims=True)
    rest = images - mean  # squares of a large mean would take its digits
    if periodic:
        left = jnp.mean(rest, axis=(1, 2), keepdims=True)  # the mean is rounded
        return _correlated(rest, rest, (h, w)) / (h * w) + mean * (mean + 2 * left)
    ones = jnp.ones((1, h, w), images.dtype)
    # h - |i| and w - |j| pairs of rows and columns; beyond half of the image, i is negative
    pairs = np.multiply.outer(*(size - np.abs(np.fft.fftfreq(size, 1 / size)) for size in (h, w)))
    products = _correlated(rest, rest, (2 * h, 2 * w))
    single = _correlated(rest, ones, (2 * h, 2 * w)) + _correlated(ones, rest, (2 * h, 2 * w))
    return (products + mean * single) / jnp.asarray(pairs, images.dtype) + mean**2


@public
@jax.jit
def radial(correlation: Float[Array, "n h w"]) -> Radial:
    """Mean of a two-point function over all shifts of the same length, for lengths up to half of the image.

    Lengths are rounded to whole pixels.

    Raises:
        ValueError: unless there are three axes and an entry.

    >>> board = (jnp.indices((4, 4)).sum(axis=0) % 2).astype(float)
    >>> found = radial(correlation(board[None]))
    >>> [round(value, 2) for value in found.value[0].tolist()]  # of 8 shifts by 1 or sqrt(2), 4 lead to the same color
    [0.5, 0.25, 0.17]
    """
    require.rank("correlation", correlation, 3)
    h, w = correlation.shape[1:]
    require.that(h > 0 and w > 0, f"correlation must have at least one entry; found shape {correlation.shape}")
    down, across = (np.fft.fftfreq(size, 1 / size) for size in (h, w))
    length = np.rint(np.hypot(down[:, None], across)).astype(int).ravel()
    n_lengths = min(h, w) // 2 + 1
    members = (length[:, None] == np.arange(n_lengths)).astype(float)
    members = jnp.asarray(members / members.sum(axis=0), correlation.dtype)
    value = jnp.matmul(correlation.reshape(len(correlation), h * w), members, precision="highest")
    return Radial(jnp.arange(n_lengths, dtype=correlation.dtype), value)


@public
@partial(jax.jit, static_argnames="periodic")
def difference(
    generated: Float[Array, "m h w"], target: Float[Array, "n h w"], *, periodic: bool = True
) -> Float[Array, ""]:
    r"""Root mean square, over distances, of the difference of the mean two-point functions, relative to the target's.

    $$\sqrt{\frac{\sum_r (S_2(r) - T_2(r))^2}{\sum_r T_2(r)^2}}$$

    with the mean $S_2$ of all generated, and $T_2$ of all real images, as functions of the distance up to half of the
    image. It is 0 for equal statistics, and has no unit. The gradient there is 0.

    Raises:
        ValueError: unless all images have one size, and there are some of each.

    Source: Yeong and Torquato (1998), equation 1 (squared, and not relative).

    >>> board = (jnp.indices((4, 4)).sum(axis=0) % 2).astype(float)[None]
    >>> difference(1 - board, board).item(), difference(board, jnp.ones((1, 4, 4))).item() > 0.5
    (0.0, True)
    """
    for name, images in (("generated", generated), ("target", target)):
        require.rank(name, images, 3)
        require.that(len(images) > 0, f"{name} must hold at least one image; found shape {images.shape}")
    require.same_length(generated=(generated, 1), target=(target, 1))
    require.same_length(generated=(generated, 2), target=(target, 2))
    unit = distances.unit(generated, target)
    found, needed = (
        jnp.mean(radial(correlation(images / unit, periodic=periodic)).value, axis=0) for images in (generated, target)
    )
    apart, size = jnp.sum((found - needed) ** 2), jnp.sum(needed**2)
    return jnp.where(apart == 0, 0.0, distances.root(apart) / jnp.sqrt(jnp.where(apart == 0, 1.0, size)))


def _correlated(first: Array, second: Array, size: tuple[int, int]) -> Array:
    """Sums over all places of the first image times the second one shifted, for shifts up to half of the image."""
    h, w = first.shape[1:]
    a, b = (jnp.fft.rfft2(image, s=size) for image in (first, second))
    sums = jnp.fft.irfft2(jnp.conj(a) * b, s=size)
    rows, columns = ([i if 2 * i < n else i - n for i in range(n)] for n in (h, w))
    return sums if size == (h, w) else sums[:, np.array(rows)[:, None], np.array(columns)]
