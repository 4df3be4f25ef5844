"""Examples of attention itself: masks, blocks, heads, positions, norms and the drawing of parameters."""

import jax
import jax.numpy as jnp

from mfml.attention import blockwise, dot_product, drawing, masks, multihead, norms, positions
from mfml.attention.layers import FeedForward
from tests.contract import Example


def heads(key, h=4, g=2):
    """Grouped queries, with fewer queries than keys."""
    for_queries, for_keys, for_values = jax.random.split(key, 3)
    return {
        "queries": jax.random.normal(for_queries, (h, 3, 4)),
        "keys": jax.random.normal(for_keys, (g, 5, 4)),
        "values": jax.random.normal(for_values, (g, 5, 2)),
    }


def pairs(key):
    made = heads(key)
    return {name: made[name] for name in ("queries", "keys")}


def masked(key):
    """The first key is allowed to all, so that no row is empty: those are tested elsewhere."""
    return heads(key) | {"mask": jax.random.bernoulli(key, 0.5, (4, 3, 5)).at[..., 0].set(True)}


def logits(key):
    return {"logits": jax.random.normal(key, (3, 5))}


def vectors(key, d=6):
    return {"x": 2 + jax.random.normal(key, (7, d))}


def normed(key):
    return vectors(key) | {"scale": jax.random.normal(key, (6,)), "eps": jnp.array(1e-3)}


def layer(key):
    return normed(key) | {"bias": jnp.arange(6.0)}


def params(key):
    return multihead.init(key=key, width=4, n_heads=2, n_kv_heads=1)


def tokens(key):
    return {"params": params(key), "x": jax.random.normal(key, (3, 4))}


def with_cache(key):
    made = tokens(key)
    _, cache = multihead.decode(**made, cache=multihead.init_cache(*made.values(), length=7))
    return made | {"cache": cache}


def turned(key):
    return {"x": jax.random.normal(key, (2, 3, 4)), "positions": jnp.arange(3.0)}


KEY_ONLY = {"x64": False}  # draws differ by dtype
TABLE = {"memory": "a table of all pairs, as in the formula; `blockwise` does without"}
EXAMPLES = [
    Example(dot_product.softmax, logits, gradient=("logits",)),
    Example(dot_product.weights, pairs, gradient=("queries", "keys")),
    Example(dot_product.attention, masked, gradient=("queries", "keys", "values"), units=({"values": 1},)),
    Example(
        blockwise.attention,
        masked,
        {"causal": True, "block_size": 2},
        gradient=("queries", "keys", "values"),
        units=({"values": 1},),
    ),
    Example(masks.causal, lambda _: {}, {"n_queries": 2, "n_keys": 3, "window": 2}, batched=()),
    Example(masks.padding, lambda _: {"lengths": jnp.array([1, 3])}, {"n": 4}),
    Example(masks.at_beginning, lambda _: {"mask": jnp.array([[True, False], [False, True]])}),
    Example(norms.layer_norm, layer, gradient=("x", "scale", "bias"), units=({"x": 1, "eps": 2},)),
    Example(norms.rms_norm, normed, gradient=("x", "scale"), units=({"x": 1, "eps": 2},)),
    Example(multihead.init, lambda key: {"key": key}, {"width": 4, "n_heads": 2}, **KEY_ONLY),
    Example(multihead.apply, tokens, gradient=("params", "x"), exempt=TABLE),
    Example(multihead.weights, tokens, gradient=("params", "x"), exempt=TABLE),
    Example(
        multihead.init_cache,
        tokens,
        {"length": 4},
        exempt={"missing": "x only gives the shape of an empty cache"},
    ),
    Example(multihead.decode, with_cache, gradient=("params", "x")),
    Example(positions.sinusoidal, lambda _: {"positions": jnp.arange(4.0)}, {"width": 6}, gradient=("positions",)),
    Example(positions.rotate, turned, {"layout": "half"}, gradient=("x", "positions")),
    Example(positions.to_halves, lambda _: {}, {"d": 4}, batched=()),
    Example(positions.init, lambda key: {"key": key}, {"n_positions": 3, "width": 2}, **KEY_ONLY),
    Example(
        drawing.init,
        lambda key: {"key": key, "inputs": jnp.ones((1, 2))},
        {"module": FeedForward(hidden=3)},
        batched=(),
        **KEY_ONLY,
    ),
]
