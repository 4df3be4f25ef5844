r"""Attention maps: where each token of a trained model looks. Shapes: l layers, n inputs, h heads, t tokens."""

from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from mfml import require
from mfml.entrance import public


@public
@partial(jax.jit, static_argnames="module")
def of_layers(module: nn.Module, params: PyTree[Array], inputs: Any) -> Float[Array, "l n h t t"]:
    """Weights of self-attention in every layer of a model: row i says how much token i takes of each token.

    Args:
        module: a ViT, GPT, BERT, or an encoder; static.
        params: its parameters.
        inputs: what the module is called with: an array, or a tuple of several arguments.

    Raises:
        ValueError: for a module without attention.

    >>> from mfml.attention import drawing
    >>> from mfml.attention.transformer import Encoder
    >>> module, x = Encoder(n_layers=3, n_heads=2), jnp.ones((1, 5, 4))
    >>> of_layers(module, drawing.init(module, x, key=jax.random.key(0)), x).shape
    (3, 1, 2, 5, 5)
    """
    arguments = inputs if isinstance(inputs, tuple) else (inputs,)
    _, sown = module.apply(params, *arguments, mutable=["intermediates"])
    found = {
        path: leaf
        for path, leaf in jax.tree.leaves_with_path(sown.get("intermediates", {}))
        if _is_self_attention([getattr(entry, "key", None) for entry in path])
    }
    require.that(len(found) > 0, f"module must have layers of attention; found {type(module).__name__}")
    return jnp.stack([found[path] for path in sorted(found, key=_layer)])


def _is_self_attention(names: list[Any]) -> bool:
    return "weights" in names and "attention" in names


def _layer(path: Any) -> int:
    """Return the number in block_0, block_1, ...; as text, block_10 would come before block_2."""
    return next(int(str(entry.key)[6:]) for entry in path if str(getattr(entry, "key", "")).startswith("block_"))


@public
@jax.jit
def rollout(weights: Float[Array, "l *n h t t"]) -> Float[Array, "*n t t"]:
    r"""Attention rollout: how much each token of the last layer takes of each token of the input.

    $$R = \tilde A_l \cdots \tilde A_1, \qquad \tilde A_i = \tfrac12 (\bar A_i + I),$$

    with the mean $\bar A_i$ over heads. The identity stands for the residual connection. Rows add up to 1. The values
    that attention mixes, and the feed-forward networks, are left out: a map of the paths, and no proof of importance.

    Args:
        weights: of all layers, the first one first; see `of_layers`.

    Raises:
        ValueError: unless there are axes of layers, heads, and equally many queries and keys.

    Source: Abnar and Zuidema (2020), section 3.

    >>> rollout(jnp.array([[[[0.5, 0.5], [0.0, 1.0]]]])).tolist()
    [[0.75, 0.25], [0.0, 1.0]]
    """
    square = weights.ndim >= 4 and weights.shape[-1] == weights.shape[-2] and len(weights) > 0
    require.that(square, f"weights must have axes of layers, heads, tokens and tokens; found {weights.shape}")
    mixed = (jnp.mean(weights, axis=-3) + jnp.eye(weights.shape[-1], dtype=weights.dtype)) / 2
    total = mixed[0]
    for layer in mixed[1:]:
        total = layer @ total
    return total
