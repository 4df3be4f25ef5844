import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.attention import drawing, masks, multihead, norms
from mfml.attention.layers import Attention, FeedForward, Norm
from mfml.attention.transformer import Block, Decoder, Encoder
from mfml.networks import activations

WIDTH = 16


@pytest.fixture
def x(key):
    return jax.random.normal(key, (2, 6, WIDTH))


def random(module, inputs, key):
    """Parameters of a module, biases included, with numbers that are not 0."""
    leaves, structure = jax.tree.flatten(drawing.init(module, inputs, key=key))
    noise = jax.random.normal(key, (sum(leaf.size for leaf in leaves),))
    ends = np.cumsum([leaf.size for leaf in leaves])
    parts = zip(leaves, np.split(noise, ends[:-1]), strict=True)
    return jax.tree.unflatten(structure, [leaf + 0.1 * part.reshape(leaf.shape) for leaf, part in parts])


def as_multihead(params, h, g):
    """The parameters of `Attention` as those of `multihead`."""
    p = params["params"]
    heads = {"query": h, "key": g, "value": g}
    query, key, value = (p[name]["kernel"].reshape(WIDTH, n, -1) for name, n in heads.items())
    biases = [p[name]["bias"].reshape(n, -1) for name, n in heads.items()]
    out = p["out"]["kernel"].reshape(h, -1, WIDTH)
    return multihead.Multihead(query, key, value, out, *biases, p["out"]["bias"])


@pytest.mark.parametrize("g", [None, 2, 1])
def test_attention_equals_multihead(x, key, g):
    module = Attention(n_heads=4, n_kv_heads=g)
    params = random(module, x, key)
    plain = as_multihead(params, 4, g or 4)
    context = x[:, ::-1][:, :4] + 1
    mask = masks.padding(jnp.array([3, 0]), 4)
    np.testing.assert_allclose(module.apply(params, x), multihead.apply(plain, x), atol=1e-5)
    found = module.apply(params, x, context, mask=mask)
    np.testing.assert_allclose(found, multihead.apply(plain, x, context=context, mask=mask), atol=1e-5)
    causal = module.clone(causal=True).apply(params, x)
    np.testing.assert_allclose(causal, multihead.apply(plain, x, mask=masks.causal(6, 6)), atol=1e-5)
    y, state = module.apply(params, x, mutable=["intermediates"])
    np.testing.assert_allclose(y, module.apply(params, x), atol=1e-6)
    weights = state["intermediates"]["weights"][0]
    np.testing.assert_allclose(weights, multihead.weights(plain, x), atol=1e-6)


def test_blocked_attention_equals_the_plain_one(x, key):
    module = Attention(n_heads=4, n_kv_heads=2, causal=True, rope="half")
    params = random(module, x, key)
    mask = masks.padding(jnp.array([3, 6]), 6)
    blocked = module.clone(block_size=4)
    np.testing.assert_allclose(blocked.apply(params, x, mask=mask), module.apply(params, x, mask=mask), atol=1e-5)


def test_head_width_of_its_own(x, key):
    params = drawing.init(Attention(n_heads=3, head_width=5), x, key=key)["params"]
    assert params["query"]["kernel"].shape == (WIDTH, 15) and params["out"]["kernel"].shape == (15, WIDTH)


@pytest.mark.parametrize(("first", "scale"), [(True, None), (False, None), (True, 0.3)])
def test_block_equals_its_formula(x, key, first, scale):
    """Pre-norm, post-norm and layer scale, written out."""
    block = Block(n_heads=2, hidden=7, norm_first=first, layer_scale=scale, eps=0.01, activation="relu")
    params = random(block, x, key)
    p = params["params"]

    def norm(name, y):
        return norms.layer_norm(y, **p[f"norm_{name}"], eps=0.01)

    def attend(y):
        return Attention(n_heads=2).apply({"params": p["attention"]}, y)

    def feed(y):
        hidden = jax.nn.relu(y @ p["feed_forward"]["up"]["kernel"] + p["feed_forward"]["up"]["bias"])
        return hidden @ p["feed_forward"]["down"]["kernel"] + p["feed_forward"]["down"]["bias"]

    y = x
    for name, layer in (("attention", attend), ("feed_forward", feed)):
        factor = 1.0 if scale is None else p[f"scale_{name}"]["layer_scale"]
        y = y + factor * layer(norm(name, y)) if first else norm(name, y + factor * layer(y))
    np.testing.assert_allclose(block.apply(params, x), y, atol=1e-5)


@pytest.mark.parametrize("activation", ["gelu", "gelu_tanh", "quick_gelu", "relu", "silu", "swiglu"])
def test_feed_forward(x, key, activation):
    module = FeedForward(hidden=5, activation=activation)
    params = random(module, x, key)
    p = params["params"]
    up = x @ p["up"]["kernel"] + p["up"]["bias"]
    if activation == "swiglu":
        gate = x @ p["gate"]["kernel"] + p["gate"]["bias"]
        hidden = gate * jax.nn.sigmoid(gate) * up
    else:
        hidden = activations.apply(up, activation=activation)
    np.testing.assert_allclose(module.apply(params, x), hidden @ p["down"]["kernel"] + p["down"]["bias"], atol=1e-5)


def test_norm_keeps_its_digits_far_from_zero(x):
    module, near = Norm(eps=1e-5), jnp.round(x * 64) / 64
    params = drawing.init(module, x, key=jax.random.key(0))
    np.testing.assert_allclose(module.apply(params, near + 4096), module.apply(params, near), atol=1e-4)
    assert list(drawing.init(Norm(norm="rms"), x, key=jax.random.key(0))["params"]) == ["scale"]


LLAMA = {"rope": "half", "norm": "rms", "activation": "swiglu", "bias": False}


@pytest.mark.parametrize("options", [{}, {"rope": "interleaved", "block_size": 2}, LLAMA], ids=str)
def test_cached_decoding_equals_the_full_pass(x, key, options):
    """Tokens in several calls, one or more each; grouped queries and rotary positions."""
    model = Encoder(n_layers=2, n_heads=4, n_kv_heads=2, hidden=8, causal=True, **options)
    params = random(model, x, key)
    full = model.apply(params, x)
    decoder = model.clone(cache_length=8)
    for parts in ((1, 1, 1, 1, 1, 1), (2, 3, 1)):
        state, outs, begin = {}, [], 0
        for size in parts:
            y, state = decoder.apply({**params, **state}, x[:, begin : begin + size], mutable=["cache"])
            outs.append(y)
            begin += size
        np.testing.assert_allclose(jnp.concatenate(outs, axis=1), full, atol=2e-5)


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_a_broken_token_in_the_cache_makes_all_later_ones_nan(x, key, broken):
    """Also if the sign of infinity alone would take the token's weight away."""
    model = Attention(n_heads=2, causal=True, bias=False)
    eye = {"kernel": jnp.eye(x.shape[-1])}
    params = {"params": {name: eye for name in ("query", "key", "value", "out")}}
    x = jnp.abs(x).at[0, 2, 0].set(broken)
    full, state, outs = model.apply(params, x), {}, []
    for token in jnp.split(x, x.shape[1], axis=1):
        y, state = model.clone(cache_length=7).apply({**params, **state}, token, mutable=["cache"])
        outs.append(y)
    found = jnp.concatenate(outs, axis=1)
    np.testing.assert_allclose(found, full, atol=1e-5)
    assert np.isnan(found[0, 2:]).any() and np.isfinite(found[0, :2]).all() and np.isfinite(found[1:]).all()


def test_a_cache_that_is_full_gives_nan(x, key):
    model = Encoder(n_layers=1, n_heads=2, hidden=4, causal=True, cache_length=7)
    params = drawing.init(model, x, key=key)
    assert list(params) == ["params"]
    step = jax.jit(lambda state, token: model.apply({**params, **state}, token, mutable=["cache"]))
    first, state = model.apply(params, x, mutable=["cache"])
    second, state = step(state, x[:, :1])
    third, state = step(state, x[:, :1])
    assert np.isfinite(first).all() and np.isfinite(second).all() and np.isnan(third).all()
    native = model.init(key, x)  # flax runs the module once, which must not fill the cache
    y, _ = model.apply(native, x, mutable=["cache"])
    np.testing.assert_allclose(y, model.clone(cache_length=None).apply({"params": native["params"]}, x), atol=1e-5)


def test_decoder_attends_to_its_context(x, key):
    context = jax.random.normal(key, (2, 4, 5))
    model = Decoder(n_layers=2, n_heads=2, hidden=4)
    params = random(model, (x, context), key)
    apply = jax.jit(model.apply)
    found = apply(params, x, context)
    assert not np.allclose(found, apply(params, x, context + 1))
    later = apply(params, x.at[:, 3:].add(1.0), context)
    np.testing.assert_allclose(later[:, :3], found[:, :3], atol=1e-5)
    mask = masks.padding(jnp.array([2, 4]), 4)
    masked = model.apply(params, x, context.at[0, 2:].set(jnp.nan), context_mask=mask)
    assert np.isfinite(masked).all()
    np.testing.assert_allclose(masked[1], found[1], atol=1e-5)
    decoder = model.clone(cache_length=6)
    first, state = decoder.apply(params, x[:, :4], context, mutable=["cache"])
    second, _ = decoder.apply({**params, **state}, x[:, 4:], context, mutable=["cache"])
    np.testing.assert_allclose(jnp.concatenate([first, second], axis=1), found, atol=2e-5)


def test_encoder_is_equivariant_without_positions_and_not_with_them(x, key):
    order = np.array([2, 0, 5, 1, 4, 3])
    model = Encoder(n_layers=2, n_heads=2, hidden=8)
    params = random(model, x, key)
    np.testing.assert_allclose(model.apply(params, x[:, order]), model.apply(params, x)[:, order], atol=2e-5)
    turned = model.clone(rope="half")
    assert not np.allclose(turned.apply(params, x[:, order]), turned.apply(params, x)[:, order], atol=1e-2)


def test_padding_changes_nothing(x, key):
    model = Encoder(n_layers=2, n_heads=2, hidden=8)
    params = random(model, x, key)
    padded = model.apply(params, x.at[:, 4:].set(jnp.nan), mask=masks.padding(jnp.array([4, 4]), 6))
    np.testing.assert_allclose(padded[:, :4], model.apply(params, x[:, :4]), atol=1e-5)


def test_dropout_acts_with_a_key_only(x, key):
    model = Encoder(n_layers=1, n_heads=2, hidden=8, dropout=0.5)
    params = random(model, x, key)
    usual = model.apply(params, x)
    np.testing.assert_array_equal(usual, model.clone(dropout=0.0).apply(params, x))
    first, again = (model.apply(params, x, rngs={"dropout": key}) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, usual)
    assert not np.allclose(first, model.apply(params, x, rngs={"dropout": jax.random.key(1)}))


def test_every_parameter_learns(x, key):
    model = Decoder(n_layers=1, n_heads=2, hidden=8, layer_scale=0.5, activation="swiglu")
    params = random(model, (x, x), key)
    slopes = jax.jit(jax.grad(lambda p: jnp.sum(jnp.sin(model.apply(p, x, x) + jnp.arange(WIDTH)))))(params)
    for path, leaf in jax.tree.flatten_with_path(slopes)[0]:
        assert np.isfinite(leaf).all()
        name = jax.tree_util.keystr(path)
        if "'key']['bias']" not in name:  # it changes no weight, see `test_multihead`
            assert np.abs(leaf).max() > 1e-6, name


def test_init_has_the_structure_of_flax(x, key):
    model = Decoder(n_layers=2, n_heads=2, layer_scale=0.01)
    params = drawing.init(model, (x, x), key=key)
    native = jax.eval_shape(model.init, key, x, x)
    assert jax.tree.map(lambda a: (a.shape, a.dtype), params) == jax.tree.map(lambda a: (a.shape, a.dtype), native)
    block = params["params"]["block_1"]
    assert (block["scale_cross_attention"]["layer_scale"] == jnp.float32(0.01)).all()
    assert (block["norm_attention"]["scale"] == 1).all() and not block["attention"]["query"]["bias"].any()
    assert float(block["feed_forward"]["down"]["kernel"].std()) == pytest.approx((4 * WIDTH) ** -0.5, rel=0.1)
    assert not np.allclose(block["attention"]["query"]["kernel"], block["attention"]["key"]["kernel"])
    small = drawing.init(model, (x, x), key=key, std=0.02)["params"]["block_0"]["feed_forward"]["up"]["kernel"]
    assert float(small.std()) == pytest.approx(0.02, rel=0.1)


class Tables(nn.Module):
    """What models have besides blocks."""

    @nn.compact
    def __call__(self, tokens):
        temperature = self.param("temperature", nn.initializers.constant(3.0), ())
        table = self.param("positions", nn.initializers.normal(0.02), (50, 30))
        return nn.Embed(60, 30)(tokens) + table[: len(tokens)] * temperature


def test_init_draws_tables_and_takes_constants(key):
    tokens = jnp.zeros(3, int)
    params = drawing.init(Tables(), tokens, key=key, constants={"temperature": 3.0})["params"]
    assert float(params["positions"].std()) == pytest.approx(0.02, rel=0.1)
    assert float(params["Embed_0"]["embedding"].std()) == pytest.approx(0.02, rel=0.1)
    assert float(params["temperature"]) == 3.0
    with pytest.raises(ValueError, match="cannot draw the parameter temperature: see `constants`"):
        drawing.init(Tables(), tokens, key=key)


def test_modules_are_static():
    """Equal fields are the same module to `jit`."""
    assert hash(Encoder(n_layers=2, n_heads=2)) == hash(Encoder(n_layers=2, n_heads=2))
    assert Encoder(n_layers=2, n_heads=2) == Encoder(n_layers=2, n_heads=2)


def test_messages(x, key):
    for module, words in (
        (Attention(n_heads=5), "n_heads must divide the width 16; found 5"),
        (Attention(n_heads=4, n_kv_heads=3), "n_kv_heads must divide n_heads = 4; found 3"),
        (Attention(n_heads=2, cache_length=5), "a cache is for causal attention without a context"),
        (Block(n_heads=2, cross=True), "found cross = True and no context"),
        (Block(n_heads=2, norm="batch"), "norm must be one of 'layer', 'rms'; found 'batch'"),
        (FeedForward(activation="geglu"), "activation must be one of"),
        (Attention(n_heads=2, rope="other"), "layout must be one of"),
        (Block(n_heads=2, dropout=1.5), "dropout must be between 0 and 1; found 1.5"),
    ):
        with pytest.raises(ValueError, match=words):
            jax.eval_shape(module.init, key, x)
