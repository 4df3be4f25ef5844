"""Unit 10 against PyTorch: attention, its modules, norms and activations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mfml.attention import blockwise, dot_product, grids, masks, multihead, norms  # noqa: E402
from mfml.attention.transformer import Block, Decoder, Encoder  # noqa: E402
from mfml.networks import activations  # noqa: E402

CLOSE = {"rtol": 1e-4, "atol": 1e-5}
functional = torch.nn.functional


def tensor(x):
    return torch.tensor(np.array(x))


@pytest.fixture
def heads(key):
    keys = jax.random.split(key, 3)
    shapes = (2, 4, 5, 8), (2, 2, 9, 8), (2, 2, 9, 6)
    return [jax.random.normal(k, shape) for k, shape in zip(keys, shapes, strict=True)]


@pytest.mark.parametrize("form", [dot_product.attention, blockwise.attention], ids=["plain", "blocked"])
def test_scaled_dot_product_attention_and_its_gradient(heads, key, form):
    """A row without any key, too: torch gives 0 there."""
    mask = jax.random.bernoulli(key, 0.5, (2, 1, 5, 9)).at[0, 0, 2].set(False)
    theirs = [tensor(x).requires_grad_() for x in heads]
    out = functional.scaled_dot_product_attention(*theirs, attn_mask=tensor(mask), enable_gqa=True)
    factors = np.cos(np.arange(out.numel())).reshape(out.shape).astype(np.float32)
    (out * tensor(factors)).sum().backward()
    options = {} if form is dot_product.attention else {"block_size": 4}
    np.testing.assert_allclose(form(*heads, mask=mask, **options), out.detach().numpy(), **CLOSE)
    slopes = jax.grad(lambda heads: jnp.sum(form(*heads, mask=mask, **options) * factors))(heads)
    for found, needed in zip(slopes, theirs, strict=True):
        np.testing.assert_allclose(found, needed.grad.numpy(), **CLOSE)


def to_torch(params, theirs):
    """Copy the parameters of `multihead`, heads joined, into torch.nn.MultiheadAttention."""
    inner = [np.asarray(w).reshape(w.shape[0], -1).T for w in (params.query, params.key, params.value)]
    if theirs.in_proj_weight is not None:
        theirs.in_proj_weight.data = tensor(np.concatenate(inner))
    else:
        theirs.q_proj_weight.data, theirs.k_proj_weight.data, theirs.v_proj_weight.data = map(tensor, inner)
    biases = params.query_bias, params.key_bias, params.value_bias
    theirs.in_proj_bias.data = tensor(np.concatenate([np.ravel(b) for b in biases]))
    theirs.out_proj.weight.data = tensor(np.asarray(params.out).reshape(-1, params.out.shape[-1]).T)
    theirs.out_proj.bias.data = tensor(params.out_bias)


def drawn(key, **sizes):
    params = multihead.init(key=key, **sizes)
    keys = jax.random.split(key, 4)
    biases = [jax.random.normal(k, b.shape) for k, b in zip(keys, params[4:], strict=True)]
    return multihead.Multihead(*params[:4], *biases)


def test_multihead_attention(key):
    params, x = drawn(key, width=12, n_heads=3), jax.random.normal(key, (2, 5, 12))
    theirs = torch.nn.MultiheadAttention(12, 3, batch_first=True)
    to_torch(params, theirs)
    y = tensor(x)
    needed, weights = theirs(y, y, y, average_attn_weights=False)
    np.testing.assert_allclose(multihead.apply(params, x), needed.detach().numpy(), **CLOSE)
    np.testing.assert_allclose(multihead.weights(params, x), weights.detach().numpy(), **CLOSE)
    causal = masks.causal(5, 5)
    needed, _ = theirs(y, y, y, attn_mask=~tensor(causal))
    np.testing.assert_allclose(multihead.apply(params, x, mask=causal), needed.detach().numpy(), **CLOSE)


def test_multihead_cross_attention_with_padding(key):
    params, x = drawn(key, width=12, n_heads=3, context_width=7), jax.random.normal(key, (2, 5, 12))
    context = jax.random.normal(key, (2, 6, 7))
    theirs = torch.nn.MultiheadAttention(12, 3, kdim=7, vdim=7, batch_first=True)
    to_torch(params, theirs)
    there = masks.padding(jnp.array([2, 6]), 6)
    c = tensor(context)
    needed, _ = theirs(tensor(x), c, c, key_padding_mask=~tensor(there[:, 0, 0]))
    found = multihead.apply(params, x, context=context, mask=there)
    np.testing.assert_allclose(found, needed.detach().numpy(), **CLOSE)


def linear(theirs):
    return {"kernel": theirs.weight.detach().numpy().T, "bias": theirs.bias.detach().numpy()}


def of_attention(theirs):
    weights, biases = theirs.in_proj_weight.detach().numpy(), theirs.in_proj_bias.detach().numpy()
    parts = zip(("query", "key", "value"), np.split(weights, 3), np.split(biases, 3), strict=True)
    return {n: {"kernel": w.T, "bias": b} for n, w, b in parts} | {"out": linear(theirs.out_proj)}


def of_norm(theirs):
    return {"scale": theirs.weight.detach().numpy(), "bias": theirs.bias.detach().numpy()}


def of_layer(theirs, *, cross=False):
    """Parameters of an encoder's or decoder's layer as those of our block."""
    made = {
        "attention": of_attention(theirs.self_attn),
        "norm_attention": of_norm(theirs.norm1),
        "feed_forward": {"up": linear(theirs.linear1), "down": linear(theirs.linear2)},
        "norm_feed_forward": of_norm(theirs.norm3 if cross else theirs.norm2),
    }
    if cross:
        made |= {"cross_attention": of_attention(theirs.multihead_attn), "norm_cross_attention": of_norm(theirs.norm2)}
    return made


def shaken(theirs):
    """Biases and norms start at 0 and 1, which would hide a mistake."""
    torch.manual_seed(0)
    for parameter in theirs.parameters():
        parameter.data += 0.3 * torch.randn_like(parameter)
    return theirs.eval()


@pytest.mark.parametrize("first", [True, False], ids=["pre", "post"])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_encoder_layer(key, first, activation):
    x = jax.random.normal(key, (2, 5, 12))
    options = {"batch_first": True, "norm_first": first, "activation": activation, "layer_norm_eps": 1e-3}
    theirs = shaken(torch.nn.TransformerEncoderLayer(12, 3, 20, **options))
    block = Block(n_heads=3, hidden=20, norm_first=first, activation=activation, eps=1e-3)
    params = {"params": of_layer(theirs)}
    np.testing.assert_allclose(block.apply(params, x), theirs(tensor(x)).detach().numpy(), **CLOSE)
    there = masks.padding(jnp.array([3, 5]), 5)
    needed = theirs(tensor(x), src_key_padding_mask=~tensor(there[:, 0, 0])).detach().numpy()
    found = np.asarray(block.apply(params, x, mask=there))
    for number, length in enumerate((3, 5)):
        np.testing.assert_allclose(found[number, :length], needed[number, :length], **CLOSE)
    mask = torch.nn.Transformer.generate_square_subsequent_mask(5)
    needed = theirs(tensor(x), src_mask=mask, is_causal=True).detach().numpy()
    np.testing.assert_allclose(block.clone(causal=True).apply(params, x), needed, **CLOSE)


def test_encoder_with_a_last_norm(key):
    x = jax.random.normal(key, (2, 5, 12))
    layer = torch.nn.TransformerEncoderLayer(12, 3, 20, batch_first=True, norm_first=True)
    theirs = torch.nn.TransformerEncoder(layer, 2, norm=torch.nn.LayerNorm(12), enable_nested_tensor=False)
    theirs = shaken(theirs)
    model = Encoder(n_layers=2, n_heads=3, hidden=20, activation="relu")
    params = {f"block_{place}": of_layer(each) for place, each in enumerate(theirs.layers)}
    params["final_norm"] = of_norm(theirs.norm)
    found = model.apply({"params": params}, x)
    np.testing.assert_allclose(found, theirs(tensor(x)).detach().numpy(), **CLOSE)


@pytest.mark.parametrize("first", [True, False], ids=["pre", "post"])
def test_decoder(key, first):
    x, context = jax.random.normal(key, (2, 5, 12)), jax.random.normal(key, (2, 7, 12))
    layer = torch.nn.TransformerDecoderLayer(12, 3, 20, batch_first=True, norm_first=first)
    theirs = shaken(torch.nn.TransformerDecoder(layer, 2))
    model = Decoder(n_layers=2, n_heads=3, hidden=20, activation="relu", norm_first=first, final_norm=False)
    params = {f"block_{place}": of_layer(each, cross=True) for place, each in enumerate(theirs.layers)}
    mask = torch.nn.Transformer.generate_square_subsequent_mask(5)
    needed = theirs(tensor(x), tensor(context), tgt_mask=mask).detach().numpy()
    np.testing.assert_allclose(model.apply({"params": params}, x, context), needed, **CLOSE)


def test_norms(key):
    x, (scale, bias) = jax.random.normal(key, (3, 7, 12)) + 100, jax.random.normal(key, (2, 12))
    needed = functional.layer_norm(tensor(x), (12,), tensor(scale), tensor(bias), eps=1e-3).numpy()
    np.testing.assert_allclose(norms.layer_norm(x, scale=scale, bias=bias, eps=1e-3), needed, rtol=1e-3, atol=1e-4)
    needed = functional.rms_norm(tensor(x), (12,), tensor(scale), eps=1e-3).numpy()
    np.testing.assert_allclose(norms.rms_norm(x, scale=scale, eps=1e-3), needed, **CLOSE)


@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize(("old", "new"), [((4, 4), (7, 5)), ((7, 7), (3, 9)), ((1, 5), (2, 4))])
def test_bicubic_interpolation_of_positions(key, old, new, antialias):
    table = jax.random.normal(key, (*old, 3))
    grid = tensor(table).permute(2, 0, 1)[None]
    needed = functional.interpolate(grid, size=new, mode="bicubic", align_corners=False, antialias=antialias)
    found = grids.resize(table, new, antialias=antialias)
    np.testing.assert_allclose(found, needed[0].permute(1, 2, 0).numpy(), **CLOSE)


def test_activations():
    z = np.linspace(-6, 6, 101).astype(np.float32)
    theirs = {
        "gelu": functional.gelu(tensor(z)),
        "gelu_tanh": functional.gelu(tensor(z), approximate="tanh"),
        "silu": functional.silu(tensor(z)),
    }
    for name, needed in theirs.items():
        np.testing.assert_allclose(activations.apply(z, activation=name), needed.numpy(), atol=2e-6)
