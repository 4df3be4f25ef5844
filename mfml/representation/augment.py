"""Random views of microstructures: changes that do not alter the material. Shapes: n images of h x w pixels.

The position and orientation of a crystal and the brightness of the lamp are not properties of the material. Each
function draws a separate change for each image from the key. Choose those that are valid for your images.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key

from mfml import require
from mfml.entrance import public


@public
def turned(images: Float[Array, "n h h"], *, key: Key[Array, ""]) -> Float[Array, "n h h"]:
    """Rotate and reflect: each of the eight symmetries of the square is equally likely.

    Raises:
        ValueError: unless there are three axes and the images are square.

    >>> image = jnp.arange(4.0).reshape(1, 2, 2)
    >>> sorted(turned(image, key=jax.random.key(0)).reshape(-1).tolist())
    [0.0, 1.0, 2.0, 3.0]
    """
    _check(images)
    require.that(images.shape[1] == images.shape[2], f"images must be square; found shape {images.shape}")
    up, left, over = jax.random.bernoulli(key, 0.5, (3 * len(images),)).reshape(3, -1, 1, 1)
    images = jnp.where(up, images[:, ::-1], images)
    images = jnp.where(left, images[:, :, ::-1], images)
    return jnp.where(over, images.swapaxes(1, 2), images)


@public
@partial(jax.jit, static_argnames="size")
def cropped(images: Float[Array, "n h w"], *, key: Key[Array, ""], size: int) -> Float[Array, "n s s"]:
    """A window of size x size pixels at a random position; the image is periodic. size is static.

    Raises:
        ValueError: unless there are three axes and 1 <= size <= height and width.

    >>> cropped(jnp.ones((3, 8, 8)), key=jax.random.key(0), size=5).shape
    (3, 5, 5)
    """
    _check(images)
    n, height, width = images.shape
    require.between("size", size, 1, min(height, width))
    corner = jnp.floor(jax.random.uniform(key, (n * 2,), images.dtype).reshape(n, 2) * jnp.array([height, width]))
    row, column = (
        (corner[:, axis, None].astype(int) + jnp.arange(size)) % side for axis, side in ((0, height), (1, width))
    )
    return images[jnp.arange(n)[:, None, None], row[:, :, None], column[:, None]]


@public
def relit(
    images: Float[Array, "n h w"], *, key: Key[Array, ""], gain: ArrayLike = 0.3, offset: ArrayLike = 0.1
) -> Float[Array, "n h w"]:
    r"""Change contrast and brightness: $m + e^{g u} (x - m) + o v$ with gain g and offset o.

    m is the mean of the image, and u and v are standard normal. The offset is in units of the image.

    Raises:
        ValueError: unless there are three axes.

    >>> relit(jnp.ones((1, 2, 2)), key=jax.random.key(0), offset=0.0).tolist()
    [[[1.0, 1.0], [1.0, 1.0]]]
    """
    _check(images)
    u, v = jax.random.normal(key, (2 * len(images),), images.dtype).reshape(2, -1, 1, 1)
    mean = images.mean(axis=(1, 2), keepdims=True)
    return mean + jnp.exp(gain * u) * (images - mean) + offset * v


@public
def noisy(images: Float[Array, "n h w"], *, key: Key[Array, ""], noise: ArrayLike = 0.1) -> Float[Array, "n h w"]:
    """Add independent normal noise of this standard deviation, in units of the image, to each pixel.

    Raises:
        ValueError: unless there are three axes.

    >>> noisy(jnp.ones((1, 2, 2)), key=jax.random.key(0), noise=0.0).tolist()
    [[[1.0, 1.0], [1.0, 1.0]]]
    """
    _check(images)
    return images + noise * jax.random.normal(key, (images.size,), images.dtype).reshape(images.shape)


@public
@partial(jax.jit, static_argnames="size")
def microstructure(
    images: Float[Array, "n h h"],
    *,
    key: Key[Array, ""],
    size: int | None = None,
    gain: ArrayLike = 0.3,
    offset: ArrayLike = 0.1,
    noise: ArrayLike = 0.1,
) -> Float[Array, "n s s"]:
    """A view of each image: `cropped` (to its own size by default), `turned`, `relit`, `noisy`.

    Raises:
        ValueError: as these four functions.

    >>> microstructure(jnp.ones((3, 8, 8)), key=jax.random.key(0), size=6).shape
    (3, 6, 6)
    """
    _check(images)
    keys = jax.random.split(key, 4)
    view = cropped(images, key=keys[0], size=min(images.shape[1:]) if size is None else size)
    view = turned(view, key=keys[1])
    return noisy(relit(view, key=keys[2], gain=gain, offset=offset), key=keys[3], noise=noise)


def _check(images: Array) -> None:
    require.rank("images", images, 3)
    require.that(images.size > 0, f"there must be images with pixels; found shape {images.shape}")
