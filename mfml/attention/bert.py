r"""Masked language models: some tokens are hidden, and guessed from all others. Shapes: n texts, t tokens, v words.

>>> from mfml.attention import drawing
>>> from mfml.attention.transformer import Encoder
>>> encoder = Encoder(n_layers=2, n_heads=2, norm_first=False, eps=1e-12)
>>> module = BERT(encoder=encoder, n_tokens=9, width=8, max_length=16, head="words")
>>> ids = jnp.array([[2, 5, 6, 7, 3]])
>>> params = drawing.init(module, ids, key=jax.random.key(0), std=0.02)
>>> module.apply(params, ids).shape
(1, 5, 9)
>>> loss(module, params, ids, key=jax.random.key(1), mask_id=4, share=0.5).shape
()
"""

from functools import partial
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from mfml import require
from mfml.attention import perplexity
from mfml.attention.embedding import Embedding
from mfml.attention.layers import Norm
from mfml.attention.transformer import Encoder
from mfml.entrance import public
from mfml.networks import activations
from mfml.numerics.domain import SHARE, checked

HEADS = (None, "words", "pooler")
HIDDEN, REPLACED = 0.8, 0.1  # shares of the chosen tokens that become the mask token, and a random one


class BERT(nn.Module, kw_only=True):
    """Tokens, their positions and segments through an encoder that sees the whole text. `head` says what comes out.

    - None: a vector per token, (n, t, width);
    - "words": logits of the token at each place, (n, t, v): a dense layer `transform`, the encoder's activation, a
      norm, and products with the table of tokens plus a bias;
    - "pooler": one vector per text, (n, width): a dense layer and tanh of the first token.

    Source: Devlin et al. (2019), section 3.
    """

    encoder: Encoder
    n_tokens: int  # of the vocabulary
    width: int
    max_length: int
    n_segments: int = 2
    head: str | None = None

    @nn.compact
    def __call__(
        self,
        ids: Int[Array, "n t"],
        mask: Bool[Array, "n t"] | None = None,
        segments: Int[Array, "n t"] | None = None,
    ) -> Float[Array, "n *out"]:
        """Read texts. Segments tell a first text (0) from a second.

        The mask is False for tokens that only fill up, whatever their numbers are. Of integers, 1 is True.
        """
        require.one_of("head", self.head, HEADS)
        require.sizes(max_length=self.max_length, n_segments=self.n_segments)
        require.parameters(self, *{"words": ("transform", "bias"), "pooler": ("pooler",)}.get(self.head or "", ()))
        require.rank("ids", ids, 2)
        require.same_shape(ids=ids, mask=mask)
        require.same_shape(ids=ids, segments=segments)
        if mask is not None:
            mask = require.boolean("mask", mask, where="a token counts")
        t, norm = ids.shape[1], partial(Norm, norm=self.encoder.norm, eps=self.encoder.eps)
        require.that(t <= self.max_length, f"ids must not exceed max_length = {self.max_length}; found {t} tokens")
        table = Embedding(n_tokens=self.n_tokens, width=self.width, name="tokens")
        kinds = Embedding(n_tokens=self.n_segments, width=self.width, name="segments")
        places = self.param("positions", nn.initializers.normal(0.02), (self.max_length, self.width))
        of_kinds = kinds(jnp.zeros((1, 1), int)) if segments is None else kinds(segments, mask)
        x = table(ids, mask) + of_kinds + places[:t]
        x = norm(name="norm")(x)
        x = nn.Dropout(self.encoder.dropout, deterministic=not self.has_rng("dropout"))(x)
        x = self.encoder(x, mask=None if mask is None else mask[:, None, None])
        if self.head == "pooler":
            return jnp.tanh(nn.Dense(self.width, name="pooler")(x[:, 0]))
        if self.head is None:
            return x
        x = activations.apply(nn.Dense(self.width, name="transform")(x), activation=self.encoder.activation)
        logits = table.attend(norm(name="transform_norm")(x))
        return logits + self.param("bias", nn.initializers.zeros, (self.n_tokens,))


class Masked(NamedTuple):
    """Texts with hidden tokens."""

    ids: Int[Array, "n t"]
    chosen: Bool[Array, "n t"]  # True for tokens that are to be guessed; some of them look as before


@public
@checked(share=SHARE)
@partial(jax.jit, static_argnames=("n_tokens", "mask_id"))
def hide(
    ids: Int[Array, "n t"],
    *,
    key: Key[Array, ""],
    n_tokens: int,
    mask_id: int,
    share: ArrayLike = 0.15,
    allowed: Bool[Array, "n t"] | None = None,
) -> Masked:
    """Choose tokens independently with the probability `share`, and hide most of them.

    Of the chosen ones 80 % become `mask_id`, 10 % a token of the vocabulary, each as probable as another, and 10 %
    stay, since the mask token does not occur in use. The model has to guess them all.

    Args:
        ids: texts.
        key: for all draws.
        n_tokens: size of the vocabulary; static.
        mask_id: number of the mask token; static.
        share: between 0 and 1.
        allowed: False for tokens that are never chosen: those that fill up, that begin and end texts.

    Raises:
        ValueError: unless mask_id is in the vocabulary, share is between 0 and 1, and allowed is boolean and has the
            shape of ids.

    Source: Devlin et al. (2019), section 3.1 and appendix A.1.

    >>> found = hide(jnp.array([[2, 5, 6, 3]]), key=jax.random.key(0), n_tokens=9, mask_id=4, share=1.0)
    >>> found.chosen.tolist()
    [[True, True, True, True]]
    """
    require.positive("n_tokens", n_tokens)
    require.between("mask_id", mask_id, 0, n_tokens - 1)
    require.same_shape(ids=ids, allowed=allowed)
    for_choice, for_fate, for_tokens = jax.random.split(key, 3)
    chosen = jax.random.uniform(for_choice, ids.shape) < share
    if allowed is not None:
        chosen = chosen & require.boolean("allowed", allowed, where="a token may be chosen")
    fate = jax.random.uniform(for_fate, ids.shape)
    random = jax.random.randint(for_tokens, ids.shape, 0, n_tokens, ids.dtype)
    hidden = jnp.where(fate < HIDDEN, mask_id, jnp.where(fate < HIDDEN + REPLACED, random, ids))
    return Masked(jnp.where(chosen, hidden, ids), chosen)


@public
@checked(share=SHARE)
@partial(jax.jit, static_argnames=("module", "mask_id"))
def loss(
    module: BERT,
    params: PyTree[Array],
    ids: Int[Array, "n t"],
    *,
    key: Key[Array, ""],
    mask_id: int,
    share: ArrayLike = 0.15,
    mask: Bool[Array, "n t"] | None = None,
    allowed: Bool[Array, "n t"] | None = None,
) -> Float[Array, ""]:
    """Mean cross-entropy of the tokens that `hide` chooses, in nats per token; NaN where it chooses none.

    Args:
        module: with the head "words"; static.
        params: its parameters.
        ids: texts.
        key: for `hide` and for dropout.
        mask_id: see `hide`; static.
        share: see `hide`.
        mask: False for tokens that only fill up, whatever their numbers are; they are never chosen.
        allowed: see `hide`.

    Raises:
        ValueError: for another head; as `hide`.

    Source: Devlin et al. (2019), section 3.1.

    >>> from mfml.attention import drawing
    >>> from mfml.attention.transformer import Encoder
    >>> encoder = Encoder(n_layers=1, n_heads=1, norm_first=False)
    >>> module = BERT(encoder=encoder, n_tokens=9, width=2, max_length=4, head="words")
    >>> ids = jnp.array([[2, 5, 6, 3]])
    >>> zero = jax.tree.map(jnp.zeros_like, drawing.init(module, ids, key=jax.random.key(0)))
    >>> round(float(loss(module, zero, ids, key=jax.random.key(1), mask_id=4, share=1.0)), 4)  # ln 9
    2.1972
    """
    require.that(module.head == "words", f'module must have head = "words"; found {module.head!r}')
    require.same_shape(ids=ids, mask=mask, allowed=allowed)
    if mask is not None:
        mask = require.boolean("mask", mask, where="a token counts")
        allowed = mask if allowed is None else mask & require.boolean("allowed", allowed, where="a token may be chosen")
    for_choice, for_dropout = jax.random.split(key)
    hidden = hide(ids, key=for_choice, n_tokens=module.n_tokens, mask_id=mask_id, share=share, allowed=allowed)
    logits = module.apply(params, hidden.ids, mask, rngs={"dropout": for_dropout})
    return perplexity.mean_cross_entropy(logits, ids, mask=hidden.chosen)
