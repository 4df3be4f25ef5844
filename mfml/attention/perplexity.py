r"""How well a language model predicts a text: cross-entropy per token, and perplexity. Shapes: k tokens.

The perplexity is the number of equally probable tokens that would be as hard to guess. A model that knows nothing has
that of its vocabulary, k.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from mfml import require
from mfml.entrance import public
from mfml.numerics.precision import single
from mfml.risk import losses


@public
@jax.jit
def mean_cross_entropy(
    logits: Float[Array, "*n k"], target: Int[Array, "*n"], *, mask: Bool[Array, "*n"] | None = None
) -> Float[Array, ""]:
    r"""Mean of $-\ln p_y$ over the tokens where the mask is True, in nats per token, see `losses.cross_entropy`.

    The mask leaves out what only fills up the shape. There the logits and targets may be anything, NaN included, and
    the gradient is 0. Long texts weigh more than short ones, since each token counts once. NaN where no token counts.

    Raises:
        ValueError: unless target and mask have the shape of the logits without the last axis, and the mask is boolean.

    Source: Jelinek et al. (1977).

    >>> logits = jnp.array([[0.0, 0.0], [jnp.nan, 0.0]])
    >>> round(mean_cross_entropy(logits, jnp.array([1, 7]), mask=jnp.array([True, False])).item(), 4)
    0.6931
    """
    needed = logits.shape[:-1]
    mask = jnp.ones(needed, bool) if mask is None else require.boolean("mask", mask, where="a token counts")
    for name, given in (("target", target), ("mask", mask)):
        fits = given.shape == needed
        require.that(fits, f"{name} must have shape {needed} for logits {logits.shape}; found {given.shape}")
    loss = losses.cross_entropy(jnp.where(mask[..., None], single(logits), 0.0), jnp.where(mask, target, 0))
    return jnp.sum(jnp.where(mask, loss, 0.0)) / jnp.sum(mask, dtype=loss.dtype)


@public
@jax.jit
def perplexity(
    logits: Float[Array, "*n k"], target: Int[Array, "*n"], *, mask: Bool[Array, "*n"] | None = None
) -> Float[Array, ""]:
    r"""Exponential of `mean_cross_entropy`: 1 if every token was certain, k if all were equally probable.

    Infinite where the cross-entropy exceeds what the exponential can hold (88 nats in single precision).

    Raises:
        ValueError: as `mean_cross_entropy`.

    Source: Jelinek et al. (1977).

    >>> round(perplexity(jnp.zeros((2, 5)), jnp.array([1, 3])).item(), 4)
    5.0
    """
    return jnp.exp(mean_cross_entropy(logits, target, mask=mask))
