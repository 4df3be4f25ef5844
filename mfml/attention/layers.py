"""Layers of which transformers are made, as flax modules: normalization, attention, feed-forward network.

Inputs are n sequences of t tokens of `width` features, (n, t, width). `transformer` says how the fields are named and
what a cache is. Parameters have the names that `pretrained` fills.
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float

from mfml import require
from mfml.attention import blockwise, dot_product, masks, norms, positions
from mfml.networks import activations
from mfml.numerics.precision import single

NORMS = ("layer", "rms")
Mask = Bool[Array, "..."] | None


class Norm(nn.Module, kw_only=True):
    """Layer normalization, or RMS normalization, with learned `scale` (and `bias`)."""

    norm: str = "layer"
    eps: float = 1e-5

    @nn.compact
    def __call__(self, x: Float[Array, "*n d"]) -> Float[Array, "*n d"]:
        """Normalize each vector."""
        require.one_of("norm", self.norm, NORMS)
        scale = self.param("scale", nn.initializers.ones, x.shape[-1:])
        if self.norm == "rms":
            return norms.rms_norm(x, scale=scale, eps=self.eps)
        bias = self.param("bias", nn.initializers.zeros, x.shape[-1:])
        return norms.layer_norm(x, scale=scale, bias=bias, eps=self.eps)


class LayerScale(nn.Module):
    """Multiply each feature by a learned factor `layer_scale`, which starts at `start`.

    Source: Touvron et al. (2021), section 3.1.
    """

    start: float

    @nn.compact
    def __call__(self, x: Float[Array, "*n d"]) -> Float[Array, "*n d"]:
        """Scale each vector."""
        return x * self.param("layer_scale", nn.initializers.constant(self.start), x.shape[-1:])


class Attention(nn.Module, kw_only=True):
    """Multi-head attention with the dense layers `query`, `key`, `value` and `out`; see `multihead` for plain arrays.

    Heads are consecutive parts of the features of queries, keys and values.
    """

    n_heads: int
    n_kv_heads: int | None = None  # of keys and values; None: n_heads
    head_width: int | None = None  # None: width / n_heads
    bias: bool = True  # of all four layers
    causal: bool = False
    rope: str | None = None  # a layout of `positions.rotate`
    rope_base: float = 10_000.0
    block_size: int | None = None  # of `blockwise.attention`; None: the plain form
    cache_length: int | None = None

    @nn.compact
    def __call__(
        self, x: Float[Array, "n q w"], context: Float[Array, "n k c"] | None = None, *, mask: Mask = None
    ) -> Float[Array, "n q w"]:
        """Attend to the context, or to x itself."""
        require.rank("x", x, 3)
        require.flags(bias=self.bias, causal=self.causal)
        require.sizes(n_heads=self.n_heads, n_kv_heads=self.n_kv_heads, head_width=self.head_width)
        require.sizes(cache_length=self.cache_length, block_size=self.block_size)
        width, h, g = x.shape[-1], self.n_heads, self.n_kv_heads or self.n_heads
        fits = self.head_width is not None or width % h == 0
        require.that(fits, f"n_heads must divide the width {width}; found {h}")
        require.that(h % g == 0, f"n_kv_heads must divide n_heads = {h}; found {g}")
        size = self.head_width or width // h
        source = x if context is None else context
        of_queries = Weights(h * size, self.bias, name="query")(width)
        others = [Weights(g * size, self.bias, name=name)(source.shape[-1]) for name in ("key", "value")]
        if context is None:  # one product of all is quicker than three
            queries, keys, values = jnp.split(_heads(x, size, of_queries, *others), (h, h + g), axis=1)
        else:
            queries = _heads(x, size, of_queries)
            keys, values = jnp.split(_heads(context, size, *others), 2, axis=1)
        if self.cache_length is None:
            mixed = self._mix(*self._placed(queries, keys, 0), values, mask, None)
        else:
            require.that(self.causal and context is None, "a cache is for causal attention without a context")
            mixed = self._with_cache(queries, keys, values, mask)
        joined = jnp.swapaxes(mixed, 1, 2).reshape(*x.shape[:2], h * size)
        return nn.Dense(width, use_bias=self.bias, name="out")(joined)

    def _placed(self, queries: Array, keys: Array, start: ArrayLike) -> tuple[Array, Array]:
        """Queries and keys that know their positions, counted from `start`."""
        if self.rope is None:
            return queries, keys
        turn = partial(positions.rotate, base=self.rope_base, layout=self.rope)
        return turn(queries, start + jnp.arange(queries.shape[2])), turn(keys, start + jnp.arange(keys.shape[2]))

    def _mix(self, queries: Array, keys: Array, values: Array, mask: Mask, offset: Array | None) -> Array:
        """Attention of all heads. The offset counts the tokens before the first query."""
        if mask is not None:
            mask = require.boolean("mask", mask, where="a token may attend")
            require.broadcasts("mask", mask, (*queries.shape[:3], keys.shape[2]))
        blocked, padded = self.block_size is not None and offset is None, mask is not None
        if self.causal and not blocked:
            allowed = masks.causal(queries.shape[2], keys.shape[2], offset=offset)
            mask = allowed if mask is None else mask & allowed
        if self.is_mutable_collection("intermediates"):
            self.sow("intermediates", "weights", dot_product.weights(queries, keys, mask=mask))
        if offset is not None and queries.shape[2] == 1 and not padded:
            return _of_newest(queries, keys, values, mask)
        if blocked:
            options = {"causal": self.causal, "block_size": self.block_size}
            return blockwise.attention(queries, keys, values, mask=mask, **options)
        return dot_product.attention(queries, keys, values, mask=mask)

    def _with_cache(self, queries: Array, keys: Array, values: Array, mask: Mask) -> Array:
        """Attend to the tokens of earlier calls, too, and keep the new ones."""
        (n, g, t, size), room = keys.shape, self.cache_length or 0
        require.that(t <= room, f"x must have at most cache_length = {room} tokens; found {t}")
        shape = (n, g, room, size)
        length = self.variable("cache", "length", jnp.zeros, (), jnp.int32)
        kept = [self.variable("cache", name, jnp.zeros, shape, keys.dtype) for name in ("keys", "values")]
        start = length.value
        queries, keys = self._placed(queries, keys, start)
        both = [
            jax.lax.dynamic_update_slice_in_dim(old.value, new.astype(old.value.dtype), start, axis=2)
            for old, new in zip(kept, map(_spread_nan, (keys, values)), strict=True)
        ]
        end = start + queries.shape[2]
        if not self.is_initializing():
            length.value, kept[0].value, kept[1].value = end, *both
        keys, values = both
        return jnp.where(end <= room, self._mix(queries, keys, values, mask, start), jnp.nan)


class Weights(nn.Module):
    """The parameters of a dense layer, for a product with those of other layers beside them."""

    features: int
    bias: bool

    @nn.compact
    def __call__(self, inputs: int) -> tuple[ArrayLike, ArrayLike | None]:
        """Return `kernel`, (inputs, features), and `bias`, as they were given."""
        kernel = self.param("kernel", nn.initializers.lecun_normal(), (inputs, self.features))
        return kernel, self.param("bias", nn.initializers.zeros, (self.features,)) if self.bias else None


def _heads(x: Float[Array, "n t w"], size: int, *layers: tuple[ArrayLike, ArrayLike | None]) -> Float[Array, "n h t f"]:
    """Features of all heads, so many of each, of several dense layers."""
    kernels, biases = zip(*layers, strict=True)
    y = x @ jnp.concatenate(kernels, axis=1)
    y = y if biases[0] is None else y + jnp.concatenate(biases)
    return jnp.swapaxes(y.reshape(*x.shape[:2], y.shape[2] // size, size), 1, 2)


def _of_newest(
    queries: Float[Array, "n h 1 d"], keys: Float[Array, "n g k d"], values: Float[Array, "n g k d"], allowed: Mask
) -> Float[Array, "n h 1 d"]:
    """Attention of the newest token to all tokens so far, whose keys and values went through `_spread_nan`.

    What is not allowed are places in the cache that are still empty, and hold zeros. `dot_product.attention` would
    search the whole cache for NaN and infinity once a token, which takes longer than all else.
    """
    (n, g, _, d), dtype = keys.shape, queries.dtype
    queries, keys, values = single((_spread_nan(queries), keys, values))
    logits = queries.reshape(n, g, queries.shape[1] // g, d) * (d**-0.5) @ jnp.swapaxes(keys, -1, -2)
    return (dot_product.softmax(logits, mask=allowed) @ values).reshape(queries.shape).astype(dtype)


def _spread_nan(x: Float[Array, "*n d"]) -> Float[Array, "*n d"]:
    """Let a vector with an entry of NaN or infinity be NaN as a whole: its product with any other one is NaN, too."""
    return jnp.where(jnp.all(jnp.isfinite(x), axis=-1, keepdims=True), x, jnp.nan)


class FeedForward(nn.Module, kw_only=True):
    """Two dense layers, `up` and `down`, with an activation of `networks.activations` in between.

    With "swiglu" a third one, `gate`, multiplies: down(silu(gate(x)) * up(x)).

    Source: Vaswani et al. (2017), section 3.3; SwiGLU: Shazeer (2020), equation 6.
    """

    hidden: int | None = None  # None: 4 times the width
    activation: str = "gelu"
    bias: bool = True

    @nn.compact
    def __call__(self, x: Float[Array, "*n w"]) -> Float[Array, "*n w"]:
        """Transform each token by itself."""
        require.sizes(hidden=self.hidden)
        require.flags(bias=self.bias)
        hidden, width = self.hidden or 4 * x.shape[-1], x.shape[-1]
        up = nn.Dense(hidden, use_bias=self.bias, name="up")(x)
        if self.activation == "swiglu":
            y = jax.nn.silu(nn.Dense(hidden, use_bias=self.bias, name="gate")(x)) * up
        else:
            y = activations.apply(up, activation=self.activation)
        return nn.Dense(width, use_bias=self.bias, name="down")(y)
