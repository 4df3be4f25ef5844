"""Measures for images labeled pixel by pixel. Shapes: n images, h rows, w columns, k classes."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from mfml import require
from mfml.entrance import public


@public
def dice(prediction: Int[Array, "n h w"], target: Int[Array, "n h w"], *, n_classes: int = 2) -> Float[Array, " k"]:
    r"""Dice's coefficient of each class, over all pixels of all images: $2 |A \cap B| / (|A| + |B|)$.

    It is 1 for equal regions, 0 for disjoint ones, and 1 for a class that is in neither. All are NaN where a label is
    not one of 0 to n_classes - 1.

    Raises:
        ValueError: if the shapes differ, or n_classes < 1.

    Source: Dice (1945), Ecology 26; Milletari, Navab and Ahmadi (2016), 3DV.

    >>> [round(score, 3) for score in dice(jnp.array([[[0, 1, 1]]]), jnp.array([[[0, 0, 1]]])).tolist()]
    [0.667, 0.667]
    """
    require.same_shape(prediction=prediction, target=target)
    require.positive("n_classes", n_classes)
    ours, theirs = (jax.nn.one_hot(labels, n_classes, dtype=float) for labels in (prediction, target))
    both = jnp.sum(ours * theirs, axis=(0, 1, 2))
    total = jnp.sum(ours + theirs, axis=(0, 1, 2))
    known = total.sum() == 2 * prediction.size
    return jnp.where(known, jnp.where(total > 0, 2 * both / jnp.where(total > 0, total, 1.0), 1.0), jnp.nan)


@public
@jax.jit
def dice_loss(logits: Float[Array, "n h w k"], target: Int[Array, "n h w"]) -> Float[Array, ""]:
    r"""Mean over the classes of $1 - 2 \sum p y / \sum (p + y)$, with p the softmax of the logits and y one-hot.

    It is a smooth substitute for the mean of 1 - Dice and gives rare and frequent classes the same weight. A class that
    does not occur in the target costs 1 for any logits. NaN where a label is not one of 0 to k - 1.

    Raises:
        ValueError: if shapes do not fit.

    Source: Milletari, Navab and Ahmadi (2016), 3DV.

    >>> round(dice_loss(jnp.array([[[[9.0, -9.0], [-9.0, 9.0]]]]), jnp.array([[[0, 1]]])).item(), 4)
    0.0
    """
    require.rank("logits", logits, 4)
    needed = f"target must have the shape of logits without the classes, {logits.shape[:3]}"
    require.that(target.shape == logits.shape[:3], f"{needed}; found {target.shape}")
    p, y = jax.nn.softmax(logits), jax.nn.one_hot(target, logits.shape[-1], dtype=logits.dtype)
    both = jnp.sum(p * y, axis=(0, 1, 2))
    total = jnp.sum(p + y, axis=(0, 1, 2))
    known = jnp.all((target >= 0) & (target < logits.shape[-1]))
    return jnp.where(known, jnp.mean(1 - 2 * both / jnp.maximum(total, jnp.finfo(logits.dtype).tiny)), jnp.nan)
