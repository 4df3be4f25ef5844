r"""Multi-head attention from plain arrays: several attentions side by side, each on its own projections.

Head i computes $A_i = \mathrm{attention}(x Q_i, c K_i, c V_i)$ for inputs x and a context c, and the result is
$\sum_i A_i O_i$ plus a bias. With c = x it is self attention, otherwise cross attention.

Shapes: inputs of q tokens and width w, contexts of k tokens and width c, with any leading axes; h heads of e features,
g heads of keys and values. Each array has an axis of heads, so a head is a slice of all of them.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int, Key

from mfml import require
from mfml.attention import dot_product, masks
from mfml.entrance import public
from mfml.networks.layers import init_weight


class Multihead(NamedTuple):
    """Parameters of multi-head attention."""

    query: Float[Array, "w h e"]
    key: Float[Array, "c g e"]
    value: Float[Array, "c g e"]
    out: Float[Array, "h e w"]
    query_bias: Float[Array, "h e"]
    key_bias: Float[Array, "g e"]
    value_bias: Float[Array, "g e"]
    out_bias: Float[Array, " w"]


class Cache(NamedTuple):
    """Keys and values of the tokens so far, for decoding token by token."""

    keys: Float[Array, "*n g t e"]  # with room for t tokens
    values: Float[Array, "*n g t e"]
    length: Int[Array, ""]  # number of tokens that it holds


@public
@partial(jax.jit, static_argnames=("width", "n_heads", "n_kv_heads", "context_width"))
def init(
    *, key: Key[Array, ""], width: int, n_heads: int, n_kv_heads: int | None = None, context_width: int | None = None
) -> Multihead:
    """Draw parameters: normal weights of variance 1 / inputs, biases 0. Each head has width / n_heads features.

    Args:
        key: for the draws.
        width: w; static.
        n_heads: h; static.
        n_kv_heads: g, heads of keys and values, each for h / g heads of queries; h by default; static.
        context_width: c; w by default; static.

    Raises:
        ValueError: unless sizes are positive, n_heads divides the width, and n_kv_heads divides n_heads.

    Source: Vaswani et al. (2017), section 3.2.2; fewer heads of keys: Ainslie et al. (2023).

    >>> init(key=jax.random.key(0), width=6, n_heads=2).query.shape
    (6, 2, 3)
    """
    h, c = n_heads, width if context_width is None else context_width
    g = h if n_kv_heads is None else n_kv_heads
    for name, size in {"width": width, "n_heads": h, "n_kv_heads": g, "context_width": c}.items():
        require.positive(name, size)
    require.that(width % h == 0, f"n_heads must divide width = {width}; found {h}")
    require.that(h % g == 0, f"n_kv_heads must divide n_heads = {h}; found {g}")
    e = width // h
    keys = jax.random.split(key, 4)
    shapes = ((width, h, e), (c, g, e), (c, g, e), (h * e, 1, width))
    drawn = (
        init_weight(key=k, shape=(s[0], s[1] * s[2]), gain=1.0).reshape(s) for k, s in zip(keys, shapes, strict=True)
    )
    query, key_, value, out = drawn
    zeros = jnp.zeros((h, e)), jnp.zeros((g, e)), jnp.zeros((g, e)), jnp.zeros(width)
    return Multihead(query, key_, value, out.reshape(h, e, width), *zeros)


@public
@jax.jit
def apply(
    params: Multihead,
    x: Float[Array, "*n q w"],
    *,
    context: Float[Array, "*n k c"] | None = None,
    mask: Bool[Array, "..."] | None = None,
) -> Float[Array, "*n q w"]:
    r"""Attend to the context, or to x itself without one.

    Without a mask, permuted inputs give permuted outputs, and a permuted context changes nothing.

    Args:
        params: of all heads.
        x: what asks.
        context: what it asks.
        mask: True where a token may attend; it broadcasts to (..., h, q, k). See `masks`.

    Raises:
        ValueError: unless shapes fit and the mask is boolean.

    Source: Vaswani et al. (2017), section 3.2.2.

    >>> apply(init(key=jax.random.key(0), width=4, n_heads=2), jnp.ones((3, 4))).shape
    (3, 4)
    """
    queries, keys, values = _projected(params, x, context)
    return _merged(params, dot_product.attention(queries, keys, values, mask=mask))


@public
@jax.jit
def weights(
    params: Multihead,
    x: Float[Array, "*n q w"],
    *,
    context: Float[Array, "*n k c"] | None = None,
    mask: Bool[Array, "..."] | None = None,
) -> Float[Array, "*n h q k"]:
    """Attention weights of all heads: where each token looks. Arguments as in `apply`; each row adds up to 1.

    Raises:
        ValueError: unless shapes fit and the mask is boolean.

    >>> weights(init(key=jax.random.key(0), width=4, n_heads=2), jnp.ones((3, 4))).shape
    (2, 3, 3)
    """
    queries, keys, _ = _projected(params, x, context)
    return dot_product.weights(queries, keys, mask=mask)


@public
@partial(jax.jit, static_argnames="length")
def init_cache(params: Multihead, x: Float[Array, "*n q w"], *, length: int) -> Cache:
    """Return an empty cache with room for so many tokens; only the leading axes and the dtype of x matter.

    Its dtype is that of the keys, the wider one of x and the parameters.

    Raises:
        ValueError: unless shapes fit and the length is positive.

    >>> init_cache(init(key=jax.random.key(0), width=4, n_heads=2), jnp.ones((3, 4)), length=5).keys.shape
    (2, 5, 2)
    """
    _check(params, x, None)
    require.positive("length", length)
    empty = jnp.zeros((*x.shape[:-2], params.key.shape[1], length, params.key.shape[2]), jnp.result_type(x, params.key))
    return Cache(empty, empty, jnp.zeros((), jnp.int32))


@public
@jax.jit
def decode(
    params: Multihead, x: Float[Array, "*n q w"], cache: Cache, *, mask: Bool[Array, "..."] | None = None
) -> tuple[Float[Array, "*n q w"], Cache]:
    r"""Causal self attention of the next tokens to themselves and all earlier ones, which the cache holds.

    Several tokens at once give the same as one after the other, and as a causal pass over all of them. Where the cache
    has no room for them, the result is NaN.

    Args:
        params: of all heads.
        x: the next q tokens.
        cache: of the tokens before.
        mask: True where a token may attend, in addition; it broadcasts to (..., h, q, t).

    Returns:
        The result for the new tokens, and the cache with them.

    Raises:
        ValueError: unless shapes fit and the mask is boolean.

    Source: Shazeer (2019), section 2.4.1.

    >>> params, x = init(key=jax.random.key(0), width=4, n_heads=2), jnp.ones((3, 4))
    >>> y, cache = decode(params, x, init_cache(params, x, length=5))
    >>> y.shape, cache.length.item()
    ((3, 4), 3)
    """
    queries, keys, values = _projected(params, x, None)
    fits = keys.shape[:-2] == cache.keys.shape[:-2]
    require.that(fits, f"the cache must be for inputs of this shape; found x {x.shape}, keys {cache.keys.shape}")
    room, start = cache.keys.shape[-2], cache.length
    require.that(x.shape[-2] <= room, f"x must have at most {room} tokens, as the cache; found shape {x.shape}")
    keys, values = (
        lax.dynamic_update_slice_in_dim(old, new.astype(old.dtype), start, axis=-2)
        for old, new in ((cache.keys, keys), (cache.values, values))
    )
    allowed = masks.causal(x.shape[-2], room, offset=start)
    if mask is not None:
        mask = require.boolean("mask", mask, where="a token may attend")
        require.broadcasts("mask", mask, (*queries.shape[:-1], room))
    mask = allowed if mask is None else allowed & mask
    y = _merged(params, dot_product.attention(queries, keys, values, mask=mask))
    end = start + x.shape[-2]
    return jnp.where(end <= room, y, jnp.nan), Cache(keys, values, end)


def _projected(params: Multihead, x: Array, context: Array | None) -> tuple[Array, Array, Array]:
    """Queries, keys and values of all heads."""
    _check(params, x, context)
    source = x if context is None else context
    parts = (
        (x, params.query, params.query_bias),
        (source, params.key, params.key_bias),
        (source, params.value, params.value_bias),
    )
    queries, keys, values = (
        jnp.einsum("...tw,whc->...htc", data, weight) + bias[:, None, :] for data, weight, bias in parts
    )
    return queries, keys, values


def _merged(params: Multihead, mixed: Float[Array, "*n h q e"]) -> Float[Array, "*n q w"]:
    """Sum over all heads."""
    return jnp.einsum("...htc,hcw->...tw", mixed, params.out) + params.out_bias


def _check(params: Multihead, x: Array, context: Array | None) -> None:
    name, source = ("x", x) if context is None else ("context", context)
    for label, value, width in (("x", x, len(params.query)), (name, source, len(params.key))):
        require.that(value.ndim >= 2, f"{label} must have axes of tokens and features; found shape {value.shape}")
        fits = value.shape[-1] == width
        require.that(fits, f"{label} must have {width} features, as the parameters; found shape {value.shape}")
