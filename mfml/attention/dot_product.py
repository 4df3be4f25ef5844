r"""Scaled dot-product attention: each query gets a mean of the values, weighted by how well their keys fit.

Shapes: q queries and k keys of d features, k values of v features. Heads and batches are leading axes: queries have h
heads, keys and values g. Where g < h, each head of keys serves h / g consecutive heads of queries: grouped queries, and
multi-query attention for g = 1.

A mask is True where a query may attend to a key, and has to broadcast to `*b h q k`. What is masked has no influence,
even if it is NaN or infinite: neither on values nor on gradients. A query that may attend to nothing gets 0. A query
that has an entry of NaN or infinity, or may attend to a key or value with one, gets NaN, and no derivative passes
through it.

Half precision is computed in single: its logits would overflow beyond 65504, and so would sums of as many keys.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float

from mfml import require
from mfml.entrance import public
from mfml.numerics.precision import single


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
    if mask is not None:
        _check_mask(mask, logits.shape)
    return _softmax(single(logits), mask).astype(logits.dtype)


def _softmax(logits: Array, mask: Array | None) -> Float[Array, "*b k"]:
    if mask is None:
        return jax.nn.softmax(logits, axis=-1) if logits.size else logits
    powers, divisor = _powers(logits, mask)
    return powers / divisor


def _powers(logits: Array, mask: Array | None) -> tuple[Float[Array, "*b k"], Float[Array, "*b 1"]]:
    """Numerators of the weights, of which none exceeds 1, and their divisor."""
    if mask is None:
        top = lax.stop_gradient(jnp.max(logits, axis=-1, keepdims=True, initial=-jnp.inf))
        powers = jnp.exp(logits - top)
        return powers, jnp.sum(powers, axis=-1, keepdims=True)
    allowed = jnp.any(jnp.atleast_1d(mask), axis=-1, keepdims=True)
    logits = jnp.where(mask, logits, -jnp.inf)
    top = lax.stop_gradient(jnp.max(logits, axis=-1, keepdims=True, initial=-jnp.inf))
    powers = jnp.exp(logits - jnp.where(allowed, top, 0.0))
    return powers, jnp.where(allowed, jnp.sum(powers, axis=-1, keepdims=True), 1.0)


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
    given = Given.of(queries, keys, keys, mask=mask, scale=scale)
    return given.marked(_softmax(_logits(given.queries, given.keys), mask))


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

    The table of weights grows with q k; `blockwise.attention` does without it. Both divide by the sum of the powers at
    the end, so k times the largest value has to be in the range of the type.

    Raises:
        ValueError: unless shapes fit and the mask is boolean.

    Source: Vaswani et al. (2017), equation 1; grouped queries: Ainslie et al. (2023).

    >>> attention(jnp.zeros((1, 1, 2)), jnp.zeros((1, 2, 2)), jnp.array([[[1.0], [3.0]]])).tolist()
    [[[2.0]]]
    """
    given = Given.of(queries, keys, values, mask=mask, scale=scale)
    return given.marked(_attend(given.queries, given.keys, given.values, mask=mask))


def _logits(q: Array, k: Array) -> Float[Array, "*b h q k"]:
    """Products of finite vectors; they need no scale."""
    logits = _per_group(q, k) @ jnp.swapaxes(k, -1, -2)
    return logits.reshape(*q.shape[:-1], k.shape[-2])


def _attend(q: Array, k: Array, v: Array, *, mask: Array | None) -> Float[Array, "*b h q v"]:
    """Attention of finite vectors whose logits need no scale."""
    logits, shape = _logits(q, k), (*q.shape[:-1], v.shape[-1])
    if k.shape[-2] == 0:
        return jnp.zeros(shape, v.dtype)
    powers, divisor = _powers(logits, mask)
    return (_per_group(powers, k) @ v).reshape(shape) / divisor


def _per_group(x: Float[Array, "*b h q w"], k: Float[Array, "*b g k d"]) -> Float[Array, "*b g rq w"]:
    """Put the rows of all heads that share keys below each other, so that one product serves them all."""
    (h, q, w), g = x.shape[-3:], k.shape[-3]
    return x.reshape(*x.shape[:-3], g, h // g * q, w)


class Given(NamedTuple):
    """What one form of attention is to work on: finite vectors, zeros in place of those with NaN or infinity.

    They are of single precision at least.

    0 times NaN is NaN: products in values and derivatives would carry it to where a mask keeps it away.
    """

    queries: Float[Array, "*b h q d"]  # times the scale
    keys: Float[Array, "*b g k d"]
    values: Float[Array, "*b g k v"]
    met: Bool[Array, "*b h q 1"]  # whether a query has NaN or infinity, or may attend to a key or value with one
    dtype: np.dtype  # of the result

    @classmethod
    def of(
        cls,
        queries: Array,
        keys: Array,
        values: Array,
        *,
        mask: Array | None,
        scale: ArrayLike | None,
        reached: Callable[[Array], Array] | None = None,
    ) -> "Given":
        """Check shapes, and put broken vectors apart.

        `reached` gets flags of keys, several of each, (*b, g, k, f). It returns which of them are True for some key
        that a query may attend to, (*b, h, q, f). By default the mask alone decides.
        """
        _check_shapes(queries, keys, values, mask)
        dtype = jnp.result_type(queries, keys, values)
        queries, keys, values = single((queries, keys, values))
        of_queries, of_keys, of_values = (~jnp.all(jnp.isfinite(x), axis=-1) for x in (queries, keys, values))
        scale = jnp.asarray(1 / math.sqrt(queries.shape[-1]) if scale is None else scale, queries.dtype)
        q = jnp.where(of_queries[..., None], 0.0, queries) * scale
        k = jnp.where(of_keys[..., None], 0.0, keys)
        v = jnp.where(of_values[..., None], 0.0, values)
        shape = (*q.shape[:-1], 1)

        def met() -> Array:
            """Look for broken vectors, and for any key at all."""
            flags = jnp.stack([of_keys | of_values, jnp.ones_like(of_keys)], axis=-1)
            found = (reached or partial(_reached, n_heads=q.shape[-3], mask=mask))(flags)
            return jnp.broadcast_to(found[..., :1] | (of_queries[..., None] & found[..., 1:]), shape)

        if mask is None and reached is None:
            return cls(q, k, v, met(), dtype)
        some = jnp.any(of_queries) | jnp.any(of_keys) | jnp.any(of_values)
        return cls(q, k, v, lax.cond(some, met, lambda: jnp.zeros(shape, bool)), dtype)

    def marked(self, result: Float[Array, "*b h q w"]) -> Float[Array, "*b h q w"]:
        """Return the result, NaN for queries that meet NaN or infinity."""
        return jnp.where(self.met, jnp.nan, result).astype(self.dtype)


def _reached(flags: Bool[Array, "*b g k f"], *, n_heads: int, mask: Array | None) -> Bool[Array, "*b h #q f"]:
    """Whether a flag is True for some key that the mask allows."""
    flags = jnp.repeat(flags, n_heads // flags.shape[-3], axis=-3)[..., None, :, :]
    return jnp.any(flags if mask is None else flags & mask[..., None], axis=-2)


def _check_shapes(queries: Array, keys: Array, values: Array, mask: Array | None) -> None:
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
        _check_mask(mask, (*batch, h, q, k))


def _check_mask(mask: Array, shape: tuple[int, ...]) -> None:
    """Require a boolean mask that broadcasts to a shape."""
    require.that(mask.dtype == bool, f"mask must be boolean, True where a query may attend; found dtype {mask.dtype}")
    require.broadcasts("mask", mask, shape)
