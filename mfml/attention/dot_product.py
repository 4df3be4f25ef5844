r"""Scaled dot-product attention: each query gets a mean of the values, weighted by how well their keys fit.

Shapes: q queries and k keys of d features, k values of v features. Heads and batches are leading axes: queries have h
heads, keys and values g. Where g < h, each head of keys serves h / g consecutive heads of queries: grouped queries, and
multi-query attention for g = 1.

A mask is True where a query may attend to a key, and has to broadcast to `*b h q k`. What is masked has no influence,
even if it is NaN or infinite: neither on values nor on gradients. A query that may attend to nothing gets 0.
"""

import math

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float

from mfml import require
from mfml.entrance import public


@public
@jax.jit
def softmax(logits: Float[Array, "*b k"], *, mask: Bool[Array, "..."] | None = None) -> Float[Array, "*b k"]:
    r"""Weights $e^{s_j} / \sum_l e^{s_l}$ along the last axis, over the entries where the mask is True.

    The others are 0, and so is a row without any. A constant added to a row changes nothing.

    Raises:
        ValueError: unless the mask is boolean and broadcasts to the logits.

    Source: Bishop (2006), equation 4.62.

    >>> softmax(jnp.array([1e4, 1e4, 2e4]), mask=jnp.array([True, True, False])).tolist()
    [0.5, 0.5, 0.0]
    """
    if mask is None:
        return jax.nn.softmax(logits, axis=-1) if logits.size else logits
    check_mask(mask, logits.shape)
    allowed = jnp.any(mask, axis=-1, keepdims=True)
    logits = jnp.where(mask, logits, -jnp.inf)
    top = lax.stop_gradient(jnp.max(logits, axis=-1, keepdims=True, initial=-jnp.inf))
    powers = jnp.exp(logits - jnp.where(allowed, top, 0.0))
    return powers / jnp.where(allowed, jnp.sum(powers, axis=-1, keepdims=True), 1.0)


@public
@jax.jit
def weights(
    queries: Float[Array, "*b h q d"],
    keys: Float[Array, "*b g k d"],
    *,
    mask: Bool[Array, "..."] | None = None,
    scale: ArrayLike | None = None,
) -> Float[Array, "*b h q k"]:
    r"""Attention weights $\mathrm{softmax}_j(c\, q_i^\top k_j)$: how much each query takes of each value.

    Each row adds up to 1, or to 0 where the mask allows nothing.

    Args:
        queries: q_i.
        keys: k_j.
        mask: True where a query may attend.
        scale: c; 1 / sqrt(d) by default, so that the products of independent numbers of variance 1 have variance 1.

    Raises:
        ValueError: unless shapes fit and the mask is boolean.

    Source: Vaswani et al. (2017), section 3.2.1; grouped queries: Ainslie et al. (2023).

    >>> weights(jnp.zeros((1, 1, 2)), jnp.ones((1, 4, 2))).tolist()
    [[[0.25, 0.25, 0.25, 0.25]]]
    """
    check_shapes(queries, keys, keys, mask)
    factor = default_scale(queries, scale)
    seen_keys, seen_queries = keys, queries
    if mask is not None:
        seen_keys, seen_queries = without_broken(keys), without_broken(queries)
    logits = ungroup(group(seen_queries * factor, keys) @ jnp.swapaxes(seen_keys, -1, -2), queries)
    if mask is not None:  # what is masked must not meet the others even in products with 0, which derivatives hold
        broken = is_broken(queries)[..., :, None] | _per_query_head(is_broken(keys), queries)[..., None, :]
        logits = jnp.where(broken, jnp.nan, logits)
    return softmax(logits, mask=mask)


@public
@jax.jit
def attention(
    queries: Float[Array, "*b h q d"],
    keys: Float[Array, "*b g k d"],
    values: Float[Array, "*b g k v"],
    *,
    mask: Bool[Array, "..."] | None = None,
    scale: ArrayLike | None = None,
) -> Float[Array, "*b h q v"]:
    r"""Attention $o_i = \sum_j w_{ij} v_j$ with the weights of `weights`, in units of the values.

    With a mask, a query that may attend to a value with an entry of NaN or infinity gets NaN there. The table of
    weights grows with q k; `blockwise.attention` does without it.

    Raises:
        ValueError: unless shapes fit and the mask is boolean.

    Source: Vaswani et al. (2017), equation 1; grouped queries: Ainslie et al. (2023).

    >>> attention(jnp.zeros((1, 1, 2)), jnp.zeros((1, 2, 2)), jnp.array([[[1.0], [3.0]]])).tolist()
    [[[2.0]]]
    """
    check_shapes(queries, keys, values, mask)
    chosen = weights(queries, keys, mask=mask, scale=scale)
    if mask is None:
        return ungroup(group(chosen, keys) @ values, queries)
    finite = jnp.isfinite(values)
    mixed = ungroup(group(chosen, keys) @ jnp.where(finite, values, 0.0), queries)

    def met() -> Array:
        """Whether a query may attend to a value that is not finite."""
        allowed = jnp.broadcast_to(mask, chosen.shape).astype(values.dtype)
        return ungroup(group(allowed, keys) @ (~finite).astype(values.dtype), queries) > 0

    return jnp.where(lax.cond(jnp.all(finite), lambda: jnp.zeros(mixed.shape, bool), met), jnp.nan, mixed)


def check_shapes(queries: Array, keys: Array, values: Array, mask: Array | None) -> None:
    """Require shapes that belong together."""
    for name, array in (("queries", queries), ("keys", keys), ("values", values)):
        require.that(array.ndim >= 3, f"{name} must have axes of heads, positions and features; found {array.shape}")
    batch, (h, q, d), (g, k, width) = queries.shape[:-3], queries.shape[-3:], keys.shape[-3:]
    require.that(
        keys.shape[:-3] == batch and width == d and d > 0,
        f"queries and keys must have the same features, and the same batch; found {queries.shape} and {keys.shape}",
    )
    require.that(
        values.shape[:-1] == keys.shape[:-1],
        f"there must be one value per key; found keys {keys.shape} and values {values.shape}",
    )
    require.that(
        g > 0 and h % g == 0,
        f"the heads of queries must be a multiple of those of keys; found queries {queries.shape}, keys {keys.shape}",
    )
    if mask is not None:
        check_mask(mask, (*batch, h, q, k))


def check_mask(mask: Array, shape: tuple[int, ...]) -> None:
    """Require a boolean mask that broadcasts to a shape."""
    require.that(mask.dtype == bool, f"mask must be boolean, True where a query may attend; found dtype {mask.dtype}")
    fits = mask.ndim <= len(shape) and all(m in (1, s) for m, s in zip(mask.shape[::-1], shape[::-1], strict=False))
    require.that(fits, f"mask must broadcast to {shape}; found shape {mask.shape}")


def default_scale(queries: Array, scale: ArrayLike | None) -> Array:
    """Return the factor of the logits in the precision of the queries."""
    return jnp.asarray(1 / math.sqrt(queries.shape[-1]) if scale is None else scale, queries.dtype)


def group(x: Float[Array, "*b h q w"], keys: Float[Array, "*b g k d"]) -> Float[Array, "*b g r w"]:
    """Put the rows of all heads that share a head of keys below each other, so that one product serves them all."""
    return x.reshape(*x.shape[:-3], keys.shape[-3], -1, x.shape[-1]) if x.shape[-3] != keys.shape[-3] else x


def ungroup(x: Float[Array, "*b g r w"], queries: Float[Array, "*b h q d"]) -> Float[Array, "*b h q w"]:
    """Undo `group`."""
    return x.reshape(*queries.shape[:-1], x.shape[-1])


def is_broken(x: Float[Array, "*b k d"]) -> Bool[Array, "*b k"]:
    """Return which vectors have an entry of NaN or infinity."""
    return ~jnp.all(jnp.isfinite(x), axis=-1)


def without_broken(x: Float[Array, "*b k d"]) -> Float[Array, "*b k d"]:
    """Vectors, 0 where an entry is NaN or infinite."""
    return jnp.where(is_broken(x)[..., None], 0.0, x)


def _per_query_head(x: Bool[Array, "*b g k"], queries: Array) -> Bool[Array, "*b h k"]:
    return jnp.repeat(x, queries.shape[-3] // x.shape[-2], axis=-2)
