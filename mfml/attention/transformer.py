r"""Transformers as flax modules: attention, feed-forward network, block, encoder and decoder.

Inputs are n sequences of t tokens of `width` features, (n, t, width). `drawing.init` draws parameters, and
`module.apply(params, x)` evaluates. All fields are static keywords. ViT, DINOv2, CLIP, GPT-2 and BERT are this code
with other fields:

- `norm_first`: x + f(norm(x)) (True, pre-norm) or norm(x + f(x)) (False, post-norm);
- `causal`: tokens attend to themselves and earlier ones only;
- dropout acts where `apply` gets a key: `apply(params, x, rngs={"dropout": key})`;
- with a `cache_length`, causal attention keeps keys and values of up to so many tokens for the next call:
  `y, cache = module.apply(params, x, mutable=["cache"])`, then
  `y, cache = module.apply({**params, **cache}, next_x, mutable=["cache"])`. Beyond that length the result is NaN;
- `apply(..., mutable=["intermediates"])` also returns the attention weights of every layer.

Masks are boolean, True where a token may attend, and broadcast to (n, heads, queries, keys); see `masks`. What is
masked has no influence on other tokens. Still it must be finite in x: the gradients of parameters sum over all tokens.
"""

import dataclasses
from typing import Any

import flax.linen as nn
from jaxtyping import Array, Float

from mfml import require
from mfml.attention.layers import Attention, FeedForward, LayerScale, Mask, Norm


class Block(nn.Module, kw_only=True):
    """One layer of a transformer: attention, then a feed-forward network, each added to its input.

    Submodules: `attention`, `feed_forward`, `norm_attention`, `norm_feed_forward`; with `cross` also `cross_attention`
    and `norm_cross_attention`; with a `layer_scale` also `scale_attention` and so on.

    Source: Vaswani et al. (2017), section 3.1; pre-norm: Xiong et al. (2020).
    """

    n_heads: int
    n_kv_heads: int | None = None
    head_width: int | None = None
    hidden: int | None = None  # of the feed-forward network; None: 4 times the width
    activation: str = "gelu"
    bias: bool = True
    norm: str = "layer"  # or "rms"
    norm_first: bool = True
    eps: float = 1e-5
    layer_scale: float | None = None  # its start; None: there is none
    dropout: float = 0.0  # of what attention and the feed-forward network add
    causal: bool = False
    cross: bool = False
    rope: str | None = None
    rope_base: float = 10_000.0
    block_size: int | None = None
    cache_length: int | None = None

    @nn.compact
    def __call__(
        self,
        x: Float[Array, "n t w"],
        context: Float[Array, "n k c"] | None = None,
        *,
        mask: Mask = None,
        context_mask: Mask = None,
    ) -> Float[Array, "n t w"]:
        """Transform all tokens; a block with `cross` attends to the context, too."""
        require.flags(norm_first=self.norm_first, cross=self.cross)
        require.that(
            self.cross == (context is not None),
            f"a context is for blocks with cross attention; found cross = {self.cross}"
            f" and {'no ' if context is None else 'a '}context",
        )
        attention = Attention(**_shared(self, Attention), name="attention")
        x = self._add("attention", lambda y: attention(y, mask=mask), x)
        if self.cross:
            plain = {"causal": False, "rope": None, "cache_length": None}
            cross = Attention(**(_shared(self, Attention) | plain), name="cross_attention")
            x = self._add("cross_attention", lambda y: cross(y, context, mask=context_mask), x)
        return self._add("feed_forward", FeedForward(**_shared(self, FeedForward), name="feed_forward"), x)

    def _add(self, name: str, layer: Any, x: Array) -> Array:
        """Add what a layer makes of x, with normalization before or after."""
        norm = Norm(norm=self.norm, eps=self.eps, name=f"norm_{name}")
        y = layer(norm(x)) if self.norm_first else layer(x)
        if self.layer_scale is not None:
            y = LayerScale(self.layer_scale, name=f"scale_{name}")(y)
        require.between("dropout", self.dropout, 0, 1)
        y = nn.Dropout(self.dropout, deterministic=not self.has_rng("dropout"))(y)
        return x + y if self.norm_first else norm(x + y)


def _shared(module: nn.Module, kind: type[nn.Module]) -> dict[str, Any]:
    """Values of the fields that a module has in common with another kind."""
    names = {field.name for field in dataclasses.fields(kind)} - {"name", "parent"}
    own = {field.name for field in dataclasses.fields(module)}
    return {name: getattr(module, name) for name in names & own}


class Encoder(Block, kw_only=True):
    """Blocks `block_0`, `block_1`, ..., and, where normalization comes first, a last one, `final_norm`.

    With `causal` it is a language model's stack (GPT).
    """

    n_layers: int
    final_norm: bool = True

    @nn.compact
    def __call__(
        self,
        x: Float[Array, "n t w"],
        context: Float[Array, "n k c"] | None = None,
        *,
        mask: Mask = None,
        context_mask: Mask = None,
    ) -> Float[Array, "n t w"]:
        """Apply all blocks, one after the other."""
        require.sizes(n_layers=self.n_layers)
        require.flags(final_norm=self.final_norm)
        for place in range(self.n_layers):
            block = Block(**_shared(self, Block), name=f"block_{place}")
            x = block(x, context, mask=mask, context_mask=context_mask)
        if self.norm_first and self.final_norm:
            x = Norm(norm=self.norm, eps=self.eps, name="final_norm")(x)
        return x


class Decoder(Encoder, kw_only=True):
    """An encoder's blocks that are causal, and attend to a context as well."""

    causal: bool = True
    cross: bool = True
