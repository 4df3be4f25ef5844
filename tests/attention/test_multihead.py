import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.attention import masks, multihead
from tests.attention import oracles


def random(params, key):
    """The same shapes, biases included, with numbers that are not 0."""
    leaves, structure = jax.tree.flatten(params)
    keys = jax.random.split(key, len(leaves))
    return jax.tree.unflatten(structure, [jax.random.normal(k, x.shape) / 2 for k, x in zip(keys, leaves, strict=True)])


@pytest.fixture
def params(key):
    return random(multihead.init(key=key, width=12, n_heads=4, n_kv_heads=2), key)


@pytest.fixture
def x(key):
    return jax.random.normal(key, (3, 6, 12))


def by_hand(params, x, context=None, mask=None):
    p = multihead.Multihead(*(np.asarray(leaf, float) for leaf in params))
    x = np.asarray(x, float)
    c = x if context is None else np.asarray(context, float)

    def heads(data, weight, bias):
        return np.stack([data @ weight[:, i] + bias[i] for i in range(len(bias))], axis=-3)

    mixed, _ = oracles.attention(
        heads(x, p.query, p.query_bias), heads(c, p.key, p.key_bias), heads(c, p.value, p.value_bias), mask
    )
    return sum(mixed[..., i, :, :] @ p.out[i] for i in range(len(p.out))) + p.out_bias


def test_equals_attention_head_by_head(params, x):
    np.testing.assert_allclose(multihead.apply(params, x), by_hand(params, x), atol=1e-5)
    causal = masks.causal(6, 6)
    np.testing.assert_allclose(multihead.apply(params, x, mask=causal), by_hand(params, x, mask=causal), atol=1e-5)


def test_cross_attention(key, x):
    params = random(multihead.init(key=key, width=12, n_heads=3, context_width=5), key)
    context = jax.random.normal(key, (3, 4, 5))
    mask = masks.padding(jnp.array([1, 4, 2]), 4)
    found = multihead.apply(params, x, context=context, mask=mask)
    np.testing.assert_allclose(found, by_hand(params, x, context, mask), atol=1e-5)
    order = np.array([2, 0, 3, 1])
    moved = multihead.apply(params, x, context=context[:, order], mask=mask[..., order])
    np.testing.assert_allclose(moved, found, atol=1e-5)


def test_permuted_tokens_give_permuted_results(params, x):
    order = np.array([4, 0, 5, 1, 3, 2])
    np.testing.assert_allclose(multihead.apply(params, x[:, order]), multihead.apply(params, x)[:, order], atol=1e-5)


def test_swapped_heads_change_nothing(params, x):
    """Heads of queries stay with their head of keys: groups are swapped, and heads within a group."""
    order, groups = np.array([3, 2, 0, 1]), np.array([1, 0])
    swapped = multihead.Multihead(
        params.query[:, order], params.key[:, groups], params.value[:, groups], params.out[order],
        params.query_bias[order], params.key_bias[groups], params.value_bias[groups], params.out_bias,
    )  # fmt: skip
    np.testing.assert_allclose(multihead.apply(swapped, x), multihead.apply(params, x), atol=1e-5)
    needed = multihead.weights(params, x)[:, order]
    np.testing.assert_allclose(multihead.weights(swapped, x), needed, atol=1e-6)


def test_a_key_bias_changes_no_weight(params, x):
    """It adds a constant to each row of logits."""
    moved = params._replace(key_bias=params.key_bias + 3)
    np.testing.assert_allclose(multihead.apply(moved, x), multihead.apply(params, x), atol=1e-4)


@pytest.mark.parametrize("parts", [(6,), (1, 1, 1, 1, 1, 1), (2, 3, 1), (1, 5)], ids=str)
def test_decoding_with_a_cache_equals_the_full_pass(params, x, parts):
    full = multihead.apply(params, x, mask=masks.causal(6, 6))
    cache, outs, begin = multihead.init_cache(params, x, length=8), [], 0
    for size in parts:
        y, cache = multihead.decode(params, x[:, begin : begin + size], cache)
        outs.append(y)
        begin += size
    np.testing.assert_allclose(jnp.concatenate(outs, axis=1), full, atol=1e-5)
    assert cache.length == 6


def test_a_full_cache_gives_nan(params, x):
    cache = multihead.init_cache(params, x, length=8)
    _, cache = multihead.decode(params, x, cache)
    last, cache = multihead.decode(params, x[:, :2], cache)
    assert np.isfinite(last).all()
    over, _ = multihead.decode(params, x[:, :1], cache)
    assert np.isnan(over).all()


def test_decoding_with_a_mask_of_padding_on_the_left(params, x):
    """Sequences that begin later: what stands before them is not there."""
    there = jnp.arange(8) >= jnp.array([0, 2, 1])[:, None, None, None]
    cache = multihead.init_cache(params, x, length=8)
    first, cache = multihead.decode(params, x[:, :4], cache, mask=there)
    second, _ = multihead.decode(params, x[:, 4:], cache, mask=there)
    found = jnp.concatenate([first, second], axis=1)
    for number, begin in enumerate((0, 2, 1)):
        alone = multihead.apply(params, x[number, begin:], mask=masks.causal(6 - begin, 6 - begin))
        np.testing.assert_allclose(found[number, begin:], alone, atol=1e-5)


def test_drawn_parameters(key):
    params = multihead.init(key=key, width=64, n_heads=4, n_kv_heads=2, context_width=100)
    assert [leaf.shape for leaf in params[:4]] == [(64, 4, 16), (100, 2, 16), (100, 2, 16), (4, 16, 64)]
    for weight, inputs in zip(params[:4], (64, 100, 100, 64), strict=True):
        assert float(weight.std()) == pytest.approx(inputs**-0.5, rel=0.05)
    assert not any(bias.any() for bias in params[4:])


def test_messages(params, x, key, unchecked):
    with pytest.raises(ValueError, match="n_heads must divide width = 12; found 5"):
        multihead.init(key=key, width=12, n_heads=5)
    with pytest.raises(ValueError, match="n_kv_heads must divide n_heads = 4; found 3"):
        multihead.init(key=key, width=12, n_heads=4, n_kv_heads=3)
    with pytest.raises(ValueError, match=r"x must have 12 features, as the parameters; found shape \(3, 6, 11\)"):
        multihead.apply(params, x[..., :11])
    with pytest.raises(ValueError, match="context must have 12 features"):
        multihead.apply(params, x, context=x[..., :3])
    cache = multihead.init_cache(params, x, length=4)
    with pytest.raises(ValueError, match="x must have at most 4 tokens, as the cache"):
        multihead.decode(params, x, cache)
    with pytest.raises(ValueError, match="the cache must be for inputs of this shape"):
        multihead.decode(params, x[:2, :1], cache)
