r"""Causal language models: each token is predicted from those before it. Shapes: n texts, t tokens, v words.

>>> from mfml.attention import drawing
>>> from mfml.attention.transformer import Encoder
>>> module = GPT(encoder=Encoder(n_layers=2, n_heads=2, causal=True), n_tokens=5, width=8, max_length=16)
>>> ids = jnp.array([[0, 1, 2, 3]])
>>> params = drawing.init(module, ids, key=jax.random.key(0), std=0.02)
>>> module.apply(params, ids).shape
(1, 4, 5)
>>> generate(module, params, ids, key=jax.random.key(1), n_tokens=6).shape
(1, 10)

To train one, `loss` is what `mfml.training.loop` minimizes:

>>> import optax
>>> from mfml.training import loop
>>> objective = lambda params, ids, key: loss(module, params, ids)
>>> options = loop.Options(objective, optax.adam(0.03), n_steps=60)
>>> bool(loop.fit(ids, key=jax.random.key(2), options=options, init=params).history[-1] < 0.1)
True
"""

from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from mfml import require
from mfml.attention import masks, perplexity, sampling
from mfml.attention.embedding import Embedding
from mfml.attention.transformer import Encoder
from mfml.entrance import public
from mfml.numerics.domain import NON_NEGATIVE, SHARE, checked

HEADS = (None, "words")
FILL_LAST = "mask must have its False at the end of each text; found True after False"


class GPT(nn.Module, kw_only=True):
    """Tokens and their positions through a causal encoder, then logits of the next token (head "words").

    Without a head (None), the encoder's vectors come out. Positions are learned, or rotary if the encoder has `rope`;
    then there is no table, and still no text may be longer than `max_length`. With `tied` the logits are products with
    the table of tokens; otherwise a dense layer `head` makes them.

    Source: Radford et al. (2019), section 2.3; tied: Press and Wolf (2017).
    """

    encoder: Encoder
    n_tokens: int  # of the vocabulary
    width: int
    max_length: int
    tied: bool = True
    head: str | None = "words"

    @nn.compact
    def __call__(self, ids: Int[Array, "n t"], *, last: bool = False) -> Float[Array, "n k out"]:
        """Logits of the token after each token, or after the last one only."""
        require.one_of("head", self.head, HEADS)
        require.flags(tied=self.tied)
        require.sizes(max_length=self.max_length)
        require.parameters(self, *(() if self.tied or self.head is None else ("head",)))
        require.rank("ids", ids, 2)
        require.that(self.encoder.causal, "a language model needs an encoder with causal = True; found False")
        for name, length in (("ids", ids.shape[1]), ("cache_length", self.encoder.cache_length or 0)):
            fits = length <= self.max_length
            require.that(fits, f"{name} must not exceed max_length = {self.max_length}; found {length}")
        table = Embedding(n_tokens=self.n_tokens, width=self.width, name="tokens")
        x = table(ids)
        if self.encoder.rope is None:
            x = x + self._positions(ids.shape[1])
        x = nn.Dropout(self.encoder.dropout, deterministic=not self.has_rng("dropout"))(x)
        x = self.encoder(x)
        x = x[:, -1:] if last else x
        if self.head is None:
            return x
        return table.attend(x) if self.tied else nn.Dense(self.n_tokens, use_bias=False, name="head")(x)

    def _positions(self, t: int) -> Float[Array, "t w"]:
        """Vectors of the next t places: after those in the cache, if there is one."""
        table = self.param("positions", nn.initializers.normal(0.02), (self.max_length, self.width))
        if self.encoder.cache_length is None:
            return table[:t]
        length = self.variable("cache", "length", jnp.zeros, (), int)
        start, length.value = length.value, length.value + t
        return lax.dynamic_slice_in_dim(table, start, t)


@public
def loss(
    module: GPT,
    params: PyTree[Array],
    ids: Int[Array, "n t"],
    *,
    mask: Bool[Array, "n t"] | None = None,
    key: Key[Array, ""] | None = None,
) -> Float[Array, ""]:
    """Mean cross-entropy of each token given those before it, in nats per token; the first token is not predicted.

    Args:
        module: static.
        params: its parameters.
        ids: texts.
        mask: False for tokens that only fill texts up, whatever their numbers are. They must come at the end: all
            others would see them. Where that is broken within compiled code, the loss is NaN.
        key: for dropout; None for none.

    Raises:
        ValueError: unless there are at least two tokens, and the mask is boolean, has the shape of ids, and no True
            after False.

    Source: Bengio et al. (2003).

    >>> from mfml.attention import drawing
    >>> from mfml.attention.transformer import Encoder
    >>> module = GPT(encoder=Encoder(n_layers=1, n_heads=1, causal=True), n_tokens=5, width=2, max_length=3)
    >>> ids = jnp.array([[0, 1, 2]])
    >>> zero = jax.tree.map(jnp.zeros_like, drawing.init(module, ids, key=jax.random.key(0)))
    >>> round(float(loss(module, zero, ids)), 4)  # ln 5
    1.6094
    """
    require.rank("ids", ids, 2)
    require.that(ids.shape[1] >= 2, f"ids must have at least two tokens per text; found shape {ids.shape}")
    require.same_shape(ids=ids, mask=mask)
    if mask is not None:
        require.known(masks.at_beginning(mask), FILL_LAST)
    return _loss(module, params, ids, mask, key)


@partial(jax.jit, static_argnums=0)
def _loss(module: GPT, params: PyTree[Array], ids: Array, mask: Array | None, key: Array | None) -> Float[Array, ""]:
    if mask is not None:
        mask = require.boolean("mask", mask, where="a token counts")
        ids = jnp.where(mask, ids, 0)
    logits: Any = module.apply(params, ids[:, :-1], rngs=None if key is None else {"dropout": key})
    found = perplexity.mean_cross_entropy(logits, ids[:, 1:], mask=None if mask is None else mask[:, 1:])
    return found if mask is None else jnp.where(jnp.all(masks.at_beginning(mask)), found, jnp.nan)


@public
@checked(temperature=NON_NEGATIVE, top_p=SHARE)
@partial(jax.jit, static_argnames=("module", "n_tokens", "top_k", "end"))
def generate(
    module: GPT,
    params: PyTree[Array],
    prompt: Int[Array, "n t"],
    *,
    key: Key[Array, ""],
    n_tokens: int,
    temperature: ArrayLike = 1.0,
    top_k: int | None = None,
    top_p: ArrayLike | None = None,
    end: int | None = None,
) -> Int[Array, "n k"]:
    """Continue each text by `n_tokens` tokens, and return it as a whole, prompt included.

    The prompt is read in one pass, then token after token in a loop of compiled code. Keys and values of all tokens so
    far are kept, so that each token is read once. All texts of a call have prompts of one length, and draw
    independently. Fewer tokens with the same key are the beginning of more.

    Args:
        module: static.
        params: its parameters.
        prompt: at least one token per text.
        key: for the random draws: the same key draws the same texts.
        n_tokens: number of new tokens; static.
        temperature: see `sampling.draw`; 0 takes the most probable token.
        top_k: see `sampling.draw`; static.
        top_p: see `sampling.draw`.
        end: the token that ends a text: all after it are `end`, too. None: texts do not end; static.

    A token of -1 says that the model's logits were NaN.

    Raises:
        ValueError: unless the prompt has a token, and all fit into the module's max_length; as `sampling.draw`.

    Source: Radford et al. (2019), section 2; cache: Pope et al. (2023), section 3.3.

    >>> from mfml.attention import drawing
    >>> from mfml.attention.transformer import Encoder
    >>> module = GPT(encoder=Encoder(n_layers=1, n_heads=1, causal=True), n_tokens=5, width=2, max_length=9)
    >>> params = drawing.init(module, jnp.array([[0]]), key=jax.random.key(0))
    >>> generate(module, params, jnp.array([[3]]), key=jax.random.key(1), n_tokens=4, temperature=0.0).shape
    (1, 5)
    """
    require.rank("prompt", prompt, 2)
    require.that(prompt.shape[1] > 0, f"prompt must have at least one token per text; found shape {prompt.shape}")
    require.that(n_tokens >= 0, f"n_tokens must not be negative; found {n_tokens}")
    if n_tokens == 0:
        return prompt
    length = prompt.shape[1] + n_tokens
    fits = f"{prompt.shape[1]} + {n_tokens} tokens must fit into the module's max_length = {module.max_length}"
    require.that(length <= module.max_length, fits)
    cached = module.clone(head="words", encoder=module.encoder.clone(cache_length=length))

    def read(cache: PyTree, ids: Array, number: ArrayLike, ended: Array) -> tuple[PyTree, Array, Array]:
        """Read tokens and draw the next one."""
        logits, cache = cached.apply({**params, **cache}, ids, last=True, mutable=["cache"])
        options = {"temperature": temperature, "top_k": top_k, "top_p": top_p}
        token = sampling.draw(logits[:, 0], key=jax.random.fold_in(key, number), **options)
        token = token.astype(prompt.dtype)
        if end is not None:
            token = jnp.where(ended, end, token)
            ended = token == end
        return cache, token, ended

    def body(carry: tuple, number: Array) -> tuple[tuple, Array]:
        cache, token, ended = carry
        carry = read(cache, token[:, None], number, ended)
        return carry, carry[1]

    ended = prompt[:, -1] == end if end is not None else jnp.zeros(len(prompt), bool)
    carry = read({}, prompt, 0, ended)
    _, rest = lax.scan(body, carry, jnp.arange(1, n_tokens))
    return jnp.concatenate([prompt, carry[1][:, None], rest.T], axis=1)
