"""In half precision everything runs, keeps its dtype, and is as accurate as a result that is rounded once."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.attention import blockwise, dot_product, drawing, fading, gpt, multihead, norms, recurrent
from mfml.attention.transformer import Encoder

HALF = pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16])
FORMS = pytest.mark.parametrize("attention", [dot_product.attention, blockwise.attention])


def in_dtype(tree, dtype):
    return jax.tree.map(lambda a: a.astype(dtype), tree)


def close(found, exact, dtype, factor=4):
    """Whether a result of this dtype is the exact one up to some roundings of numbers of its size."""
    assert found.dtype == dtype
    exact = np.asarray(exact, float)
    error = factor * float(jnp.finfo(dtype).eps) * np.abs(exact).max()
    np.testing.assert_allclose(np.asarray(found, float), exact, atol=error)


@HALF
@FORMS
@pytest.mark.parametrize("size", [1, 200])  # logits of 200**2 leave the range of float16
def test_attention(key, attention, dtype, size):
    made = in_dtype([size * x for x in jax.random.normal(key, (3, 2, 2, 5, 4))], dtype)
    made[2] = made[2] / size
    close(attention(*made), attention(*in_dtype(made, jnp.float32)), dtype)
    slopes = jax.grad(lambda v: jnp.sum(attention(*made[:2], v) ** 2).astype(jnp.float32))(made[2])
    assert slopes.dtype == dtype and jnp.isfinite(slopes).all()


@HALF
@FORMS
def test_attention_to_more_keys_than_float16_can_count(attention, dtype):
    n = 70_000
    queries, keys, values = jnp.ones((1, 1, 1), dtype), jnp.zeros((1, n, 1), dtype), jnp.ones((1, n, 1), dtype)
    assert attention(queries, keys, values).item() == 1
    assert jnp.isnan(attention(queries, keys.at[0, 7].set(jnp.nan), values)).all()
    total = dot_product.softmax(jnp.zeros(n, dtype)).astype(jnp.float32).sum()
    np.testing.assert_allclose(total, 1, rtol=float(jnp.finfo(dtype).eps) + 0.01)


@HALF
@pytest.mark.parametrize("options", [{}, {"norm": "rms", "activation": "swiglu"}, {"block_size": 2, "rope": "half"}])
def test_a_transformer_with_its_usual_fields(key, dtype, options):
    module, x = Encoder(n_layers=2, n_heads=2, causal=True, **options), jax.random.normal(key, (2, 4, 8))
    params = drawing.init(module, x, key=key)
    rounded = in_dtype((params, x), dtype)
    close(module.apply(*rounded), module.apply(*in_dtype(rounded, jnp.float32)), dtype, factor=16)


@HALF
def test_a_language_model_continues_a_text(key, dtype):
    module = gpt.GPT(encoder=Encoder(n_layers=1, n_heads=2, causal=True), n_tokens=5, width=8, max_length=9)
    ids = jnp.array([[0, 1, 2]])
    params = in_dtype(drawing.init(module, ids, key=key), dtype)
    found = gpt.generate(module, params, ids, key=key, n_tokens=4)
    assert found.shape == (1, 7) and ((found >= 0) & (found < 5)).all()


@HALF
@pytest.mark.parametrize("narrow", ["both", "x", "params"])
def test_decoding_with_a_cache(key, dtype, narrow):
    params, x = multihead.init(key=key, width=8, n_heads=2), jax.random.normal(key, (2, 4, 8))
    params = in_dtype(params, jnp.float32 if narrow == "x" else dtype)
    x = x.astype(jnp.float32 if narrow == "params" else dtype)
    cache = multihead.init_cache(params, x, length=4)
    y, after = multihead.decode(params, x, cache)
    needed = multihead.apply(params, x, mask=jnp.tril(jnp.ones((4, 4), bool)))
    assert y.dtype == needed.dtype and after.keys.dtype == cache.keys.dtype == jnp.result_type(dtype, x, params.key)
    np.testing.assert_allclose(y.astype(float), needed.astype(float), atol=8 * float(jnp.finfo(dtype).eps))
    wide = multihead.decode(params, x, in_dtype(cache, jnp.float32)._replace(length=cache.length))
    assert wide[1].keys.dtype == jnp.float32


@HALF
def test_writing_with_a_cache_is_the_full_pass(key, dtype):
    """Also where logits leave the range of float16."""
    module, x = Encoder(n_layers=1, n_heads=2, causal=True, norm_first=False), 200 * jax.random.normal(key, (1, 5, 8))
    params, x = in_dtype((drawing.init(module, x, key=key, std=1.0), x), dtype)
    cached, cache, found = module.clone(cache_length=5), {}, []
    for place in range(5):
        y, cache = cached.apply({**params, **cache}, x[:, place : place + 1], mutable=["cache"])
        found.append(y)
    close(jnp.concatenate(found, axis=1), module.apply(params, x).astype(jnp.float32), dtype, factor=16)


@HALF
def test_fading(key, dtype):
    network, x = recurrent.init(key=key, n_inputs=2, n_units=3), jax.random.normal(key, (5, 2))
    network, x = in_dtype((network, x), dtype)
    found, needed = (fading.measure(*in_dtype((network, x), d)) for d in (dtype, jnp.float32))
    np.testing.assert_allclose(found.log_norm, needed.log_norm, rtol=1e-5)
    assert fading.largest_factor(recurrent.RNN(x[:, :1].T, jnp.eye(5, dtype=dtype), x[:, 0])).item() == 1


@pytest.mark.parametrize("norm", [norms.layer_norm, norms.rms_norm])
@pytest.mark.parametrize("x", [[6e4, -6e4, 3e4], [6e4, 6e4, 5e4], [1e-7, 3e-7, 2e-7], [500.0, 501.0, 502.0]])
def test_norms(norm, x):
    x = jnp.array(x, jnp.float16)
    close(norm(x, eps=0.0), norm(x.astype(jnp.float32), eps=0.0), jnp.float16)
