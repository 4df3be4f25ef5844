r"""Symmetry as knowledge: the eight orientations of a square image. Shapes: n images of h x h pixels.

A scalar property of an isotropic material does not depend on how its micrograph was turned. Averaged over a group G of
symmetries, every function becomes invariant: $\bar f(x) = \frac{1}{|G|} \sum_{T \in G} f(T x)$, since a further
T only reorders the sum. `representation.augment.turned` draws one orientation at random; here are all of them.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public


@public
@jax.jit
def all_of(images: Float[Array, "n h h"]) -> Float[Array, "8 n h h"]:
    """Rotations by 0, 90, 180 and 270 degrees, counterclockwise as an image is shown, then those of its mirror image.

    Raises:
        ValueError: unless there are three axes and the images are square.

    >>> all_of(jnp.arange(4.0).reshape(1, 2, 2)).reshape(8, 4)[:2].tolist()
    [[0.0, 1.0, 2.0, 3.0], [1.0, 3.0, 0.0, 2.0]]
    """
    require.rank("images", images, 3)
    require.that(images.shape[1] == images.shape[2], f"images must be square; found shape {images.shape}")
    both = (images, images[:, :, ::-1])
    return jnp.stack([jnp.rot90(one, quarter, axes=(1, 2)) for one in both for quarter in range(4)])


@public
def average(function: Callable[[Array], Array], images: Float[Array, "n h h"]) -> Float[Array, "n *k"]:
    """Mean of a function over all orientations of each image: invariant, whatever the function is.

    Args:
        function: of images (n, h, h); returns an array with a first axis of n.
        images: square.

    Raises:
        ValueError: unless shapes fit.

    Source: Cohen and Welling (2016), ICML (averages over groups of symmetries).

    >>> corner = lambda images: images[:, 0, 0]
    >>> average(corner, jnp.arange(4.0).reshape(1, 2, 2)).tolist()
    [1.5]
    """
    turned = all_of(images)
    found = jnp.asarray(function(turned.reshape(-1, *images.shape[1:])))
    fits = found.ndim > 0 and found.shape[0] == 8 * len(images)
    require.that(fits, f"function must return an entry per image; found shape {found.shape} for {8 * len(images)}")
    return _mean(found.reshape(8, len(images), *found.shape[1:]))


@jax.jit
def _mean(found: Array) -> Array:
    first = found[0]
    return first + jnp.mean(found - first, axis=0)
