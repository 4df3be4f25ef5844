"""Masks: which ones are read, which are refused, and that what they hide does not matter."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.attention import bert, blockwise, dot_product, drawing, gpt, masks, multihead, perplexity, pretrained
from mfml.attention.transformer import Encoder

V, K = 7, jax.random.key(0)
SIZES = {"n_tokens": V, "width": 8, "max_length": 6}
GPT = gpt.GPT(encoder=Encoder(n_layers=1, n_heads=2, causal=True), **SIZES)
BERT = bert.BERT(encoder=Encoder(n_layers=1, n_heads=2, norm_first=False), head="words", **SIZES)
IDS = jax.random.randint(K, (3, 5), 0, V)
MASK = jnp.arange(5) < jnp.array([[3], [5], [2]])
LEFT = MASK[:, ::-1]
ADDED = jnp.where(MASK, 0.0, -1e9)  # as PyTorch and Hugging Face add them to logits
X = jax.random.normal(K, (3, 5, 8))


@pytest.fixture(scope="module")
def models():
    return {module: drawing.init(module, IDS, key=K, std=0.5) for module in (GPT, BERT)}


def uses(models):
    """Every function that takes a mask, as a function of it."""
    stack, heads = GPT.encoder, multihead.init(key=K, width=8, n_heads=2)
    of_stack = {"params": models[GPT]["params"]["encoder"]}
    hidden = {"key": K, "mask_id": 1, "share": 0.9}
    qkv = X[:, None], X[:, None], X[:, None]
    return {
        "BERT": lambda m: BERT.apply(models[BERT], IDS, m),
        "bert.hide": lambda m: bert.hide(IDS, n_tokens=V, **hidden, allowed=m).ids,
        "bert.loss": lambda m: bert.loss(BERT, models[BERT], IDS, **hidden, mask=m),
        "bert.loss allowed": lambda m: bert.loss(BERT, models[BERT], IDS, **hidden, allowed=m),
        "gpt.loss": lambda m: gpt.loss(GPT, models[GPT], IDS, mask=m),
        "embed GPT": lambda m: pretrained.embed(GPT, models[GPT], IDS, mask=m),
        "embed BERT": lambda m: pretrained.embed(BERT, models[BERT], IDS, mask=m),
        "cross-entropy": lambda m: perplexity.mean_cross_entropy(X, IDS, mask=m),
        "at_beginning": masks.at_beginning,
        "Encoder": lambda m: stack.apply(of_stack, X, mask=m[:, None, None]),
        "Encoder in blocks": lambda m: stack.clone(block_size=2).apply(of_stack, X, mask=m[:, None, None]),
        "multihead": lambda m: multihead.apply(heads, X, mask=m[:, None, None]),
        "decode": lambda m: multihead.decode(heads, X, multihead.init_cache(heads, X, length=5), mask=m[:, None, None])[
            0
        ],
        "attention": lambda m: dot_product.attention(*qkv, mask=m[:, None, None]),
        "blockwise": lambda m: blockwise.attention(*qkv, mask=m[:, None, None]),
    }


NAMES = list(uses({GPT: {"params": {"encoder": {}}}, BERT: None}))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_masks_to_be_added_are_refused(models, name, dtype, unchecked):
    needed = r"(mask|allowed) must be boolean, True where .*; found dtype (float32|bfloat16)"
    with pytest.raises(ValueError, match=needed):
        uses(models)[name](ADDED.astype(dtype))


@pytest.mark.parametrize("name", ["BERT", "bert.loss", "gpt.loss", "embed GPT", "embed BERT", "cross-entropy"])
def test_integers_of_a_tokenizer_are_read(models, name, unchecked):
    use = uses(models)[name]
    np.testing.assert_array_equal(use(np.asarray(MASK, np.int64)), use(MASK))


def values_and_slopes(models, ids, segments):
    """What is computed from texts that are filled up, and its gradients by the parameters."""

    def of_bert(params):
        return jnp.sum(jnp.where(MASK[..., None], BERT.apply(params, ids, MASK, segments), 0.0) ** 2)

    calls = (
        (GPT, lambda p: gpt.loss(GPT, p, ids, mask=MASK)),
        (GPT, lambda p: jnp.sum(pretrained.embed(GPT, p, ids, mask=MASK)[:, 0])),
        (BERT, lambda p: bert.loss(BERT, p, ids, key=K, mask_id=1, share=0.7, mask=MASK)),
        (BERT, lambda p: jnp.sum(pretrained.embed(BERT, p, ids, mask=MASK)[:, 0])),
        (BERT, of_bert),
    )
    return [jax.value_and_grad(call)(models[module]) for module, call in calls]


@pytest.mark.parametrize("filler", [-100, V, -1, V - 1])
def test_what_fills_up_a_text_matters_neither_for_values_nor_for_gradients(models, filler):
    ids, segments = jnp.where(MASK, IDS, filler), jnp.where(MASK, IDS % 2, filler)
    needed = values_and_slopes(models, jnp.where(MASK, IDS, 0), jnp.where(MASK, IDS % 2, 0))
    for found, expected in zip(values_and_slopes(models, ids, segments), needed, strict=True):
        for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
            assert jnp.isfinite(a).all()
            np.testing.assert_allclose(a, b, atol=1e-6)


def test_texts_of_a_gpt_are_filled_up_at_the_end(models):
    params = models[GPT]
    for call in (gpt.loss, pretrained.embed):
        with pytest.raises(ValueError, match="mask must have its False at the end of each text"):
            call(GPT, params, IDS, mask=LEFT)
    assert jnp.isnan(jax.jit(lambda m: gpt.loss(GPT, params, IDS, mask=m))(LEFT))
    found = jax.jit(lambda m: pretrained.embed(GPT, params, IDS, mask=m))(MASK.at[0].set(LEFT[0]))
    assert jnp.isnan(found).any(axis=1).tolist() == [True, False, False]
    assert jnp.isfinite(pretrained.embed(BERT, models[BERT], IDS, mask=LEFT)).all()


def test_a_number_beyond_32_bits_is_no_token(models, unchecked):
    for module in (GPT, BERT):
        with pytest.raises(ValueError, match="ids must be whole numbers that fit into 32 bits; found 4294967"):
            module.apply(models[module], np.array([[1, 2**32 + 1]]))
        with jax.enable_x64(True):
            found = module.apply(models[module], np.array([[1, 2**32 + 1]]))
        assert jnp.isnan(found[:, 1]).all()


@pytest.mark.parametrize("attention", [dot_product.attention, blockwise.attention])
def test_one_boolean_stands_for_all(attention):
    qkv = X[:, None], X[:, None], X[:, None]
    np.testing.assert_array_equal(attention(*qkv, mask=jnp.array(True)), attention(*qkv))
    assert not attention(*qkv, mask=jnp.array(False)).any()


def test_masks_of_the_wrong_shape(models, unchecked):
    for name in ("Encoder", "Encoder in blocks", "multihead", "decode", "attention"):
        with pytest.raises(ValueError, match=r"mask must broadcast to \(3, \d, 5, 5\); found shape \(3, 1, 1, 4\)"):
            uses(models)[name](MASK[:, :4])


def test_sizes_of_masks():
    for options in ((-1, 3), (3, -1)):
        with pytest.raises(ValueError, match="must not be negative; found -1"):
            masks.causal(*options, offset=0)
    with pytest.raises(ValueError, match="n must not be negative; found -1"):
        masks.padding(jnp.array([1]), -1)
    assert masks.causal(2, 3, window=10**30).tolist() == masks.causal(2, 3).tolist()
