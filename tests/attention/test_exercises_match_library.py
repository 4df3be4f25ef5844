"""Each reference answer of unit 10 equals the library's function for the same mathematics."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.attention import dot_product, masks, multihead, norms, positions, transformer, vit
from solutions import unit10

WIDTH, HEADS, INNER = 8, 2, 12
NAMES = ("query", "key", "value", "out")


@pytest.mark.parametrize(("n_queries", "n_keys"), [(4, 4), (2, 5), (1, 3)])
def test_causal_mask(n_queries, n_keys):
    np.testing.assert_array_equal(unit10.causal_mask(n_queries, n_keys), masks.causal(n_queries, n_keys))


def test_attention(key):
    a, b, c, d = jax.random.split(key, 4)
    queries, keys, values = (jax.random.normal(k, shape) for k, shape in ((a, (5, 3)), (b, (7, 3)), (c, (7, 4))))
    mask = jax.random.bernoulli(d, 0.5, (5, 7)).at[2].set(False)
    needed = dot_product.attention(queries[None], keys[None], values[None], mask=mask)[0]
    np.testing.assert_allclose(unit10.attention(queries, keys, values, mask), needed, atol=1e-6)


def test_multi_head_attention(key):
    params, x = drawn(key)
    into = [params[f"w_{name}"].reshape(WIDTH, HEADS, -1) for name in NAMES[:3]]
    biases = [jnp.zeros((HEADS, WIDTH // HEADS))] * 3
    layer = multihead.Multihead(*into, params["w_out"].reshape(HEADS, -1, WIDTH), *biases, jnp.zeros(WIDTH))
    mask = jax.random.bernoulli(key, 0.5, (6, 6)) | jnp.eye(6, dtype=bool)
    needed = multihead.apply(layer, x, mask=mask)
    found = unit10.multi_head_attention(x, *(params[f"w_{name}"] for name in NAMES), HEADS, mask)
    np.testing.assert_allclose(found, needed, atol=1e-5)


def test_sinusoidal_positions():
    np.testing.assert_allclose(
        unit10.sinusoidal_positions(20, 10), positions.sinusoidal(jnp.arange(20), width=10), atol=1e-5
    )


def test_rotary_positions(key):
    x, places = jax.random.normal(key, (5, 6)), jnp.array([3, 0, 40, 7, 7])
    np.testing.assert_allclose(unit10.rotary_positions(x, places), positions.rotate(x, places), atol=1e-4)


def test_patchify(key):
    image = jax.random.normal(key, (6, 9, 2))
    np.testing.assert_array_equal(unit10.patchify(image, 3), vit.patchify(image[None], patch_size=3)[0])


@pytest.mark.parametrize("mean", [0.0, 3000.0])
def test_layer_norm(key, mean):
    x, scale, bias = mean + jnp.round(8 * jax.random.normal(key, (5, 8))) / 8, jnp.arange(1.0, 9.0), jnp.ones(8)
    needed = norms.layer_norm(x, scale=scale, bias=bias)
    np.testing.assert_allclose(unit10.layer_norm(x, scale, bias), needed, atol=1e-4)


def test_transformer_block(key):
    params, x = drawn(key)
    block = transformer.Block(n_heads=HEADS, hidden=INNER, causal=True)
    layers = {
        "attention": {name: {"kernel": params[f"w_{name}"], "bias": jnp.zeros(WIDTH)} for name in NAMES},
        "feed_forward": {name: {"kernel": params[f"w_{name}"], "bias": params[f"b_{name}"]} for name in ("up", "down")},
        **{
            name: {part: params[f"norm_{i}_{part}"] for part in ("scale", "bias")}
            for i, name in ((1, "norm_attention"), (2, "norm_feed_forward"))
        },
    }
    needed = block.apply({"params": layers}, x[None])[0]
    np.testing.assert_allclose(unit10.transformer_block(x, params, HEADS), needed, atol=1e-4)


def drawn(key):
    """Parameters of a block, and six tokens."""
    shapes = {f"w_{name}": (WIDTH, WIDTH) for name in NAMES} | {"w_up": (WIDTH, INNER), "w_down": (INNER, WIDTH)}
    shapes |= {"b_up": (INNER,), "b_down": (WIDTH,)}
    shapes |= {f"norm_{i}_{part}": (WIDTH,) for i in (1, 2) for part in ("scale", "bias")}
    keys = jax.random.split(key, len(shapes) + 1)
    params = {n: jax.random.normal(k, shape) / 2 for k, (n, shape) in zip(keys, shapes.items(), strict=False)}
    return params, jax.random.normal(keys[-1], (6, WIDTH))
