"""Unit 10 against PyTorch: attention of 4096 tokens, plain and in blocks.

The loss is the largest difference from the same queries in double precision.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.harness import Pair, Row
from mfml.attention import blockwise, dot_product

HEADS, LENGTH, WIDTH, CHECKED = 8, 4096, 64, 32


def inputs() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=(1, HEADS, LENGTH, WIDTH)).astype(np.float32) for _ in range(3)]


def misfit(heads: list[np.ndarray], *, causal: bool):
    """Distance of the last queries' results from those in double precision."""
    queries, keys, values = (np.asarray(x[0], np.float64) for x in heads)
    logits = queries[:, -CHECKED:] @ keys.swapaxes(1, 2) / WIDTH**0.5
    if causal:
        logits[:, np.triu_indices(CHECKED, 1)[0], LENGTH - CHECKED + np.triu_indices(CHECKED, 1)[1]] = -np.inf
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    needed = powers / powers.sum(-1, keepdims=True) @ values
    return lambda found: float(np.abs(np.asarray(found)[0, :, -CHECKED:] - needed).max())


def plain() -> Pair:
    import torch

    heads = inputs()
    ours, theirs = [jnp.asarray(x) for x in heads], [torch.tensor(x) for x in heads]

    def peer():
        queries, keys, values = theirs
        return torch.softmax(queries @ keys.transpose(-1, -2) / WIDTH**0.5, -1) @ values

    loss = misfit(heads, causal=False)
    return Pair(lambda: dot_product.attention(*ours), peer, loss, loss, floor=1e-6)


def blocked(*, causal: bool) -> Pair:
    import torch

    heads = inputs()
    ours, theirs = [jnp.asarray(x) for x in heads], [torch.tensor(x) for x in heads]
    attention = torch.nn.functional.scaled_dot_product_attention
    loss = misfit(heads, causal=causal)
    return Pair(
        ours=lambda: blockwise.attention(*ours, causal=causal),
        theirs=lambda: attention(*theirs, is_causal=causal),
        loss_of_ours=loss,
        loss_of_theirs=loss,
        floor=1e-6,
    )


def slopes() -> Pair:
    """Gradients of the sum of the squares, in queries, keys and values."""
    import torch

    heads = inputs()
    ours = [jnp.asarray(x) for x in heads]
    gradient = jax.jit(jax.grad(lambda heads: jnp.sum(blockwise.attention(*heads, causal=True) ** 2)))

    def peer():
        theirs = [torch.tensor(x, requires_grad=True) for x in heads]
        out = torch.nn.functional.scaled_dot_product_attention(*theirs, is_causal=True)
        (out**2).sum().backward()
        return [x.grad.numpy() for x in theirs]

    usual = peer()
    return Pair(
        ours=lambda: gradient(ours),
        theirs=peer,
        loss_of_ours=lambda found: max(float(np.abs(a - b).max()) for a, b in zip(found, usual, strict=True)),
        loss_of_theirs=lambda found: 0.0,
        floor=1e-4,  # entries reach 8
    )


SDPA = "torch scaled_dot_product_attention"
NOTE = "8 heads of 64; loss: distance from double precision"
GRADIENT = "8 heads of 64; loss: distance from torch's"
ROWS = [
    Row("10.attention plain, 4096 tokens", "torch softmax and products", plain, note=NOTE),
    Row("10.attention blocked, 4096 tokens", SDPA, partial(blocked, causal=False), note=NOTE),
    Row("10.attention blocked causal, 4096 tokens", SDPA, partial(blocked, causal=True), note=NOTE),
    Row("10.attention blocked causal with gradient, 4096 tokens", SDPA, slopes, note=GRADIENT),
]
