"""Unit 10 against PyTorch: training ViT and GPT, writing with GPT, and sentence vectors of a pretrained BERT.

The peers are the same models with the same weights, written as one would for speed: queries, keys and values in one
product, and PyTorch's own attention.
"""

import json
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks.harness import Pair, Row
from mfml.attention import drawing, gpt, pretrained
from mfml.attention.gpt import GPT
from mfml.attention.transformer import Encoder
from mfml.attention.vit import ViT
from mfml.data import minilm
from mfml.risk import losses
from mfml.training import loop

STEPS, RATE, DECAY, EPS = 10, 1e-3, 0.01, 1e-5
WIDTH, LAYERS, HEADS, PATCH = 64, 4, 4, 4
WORDS, CONTEXT, TEXTS = 96, 64, 32
PROMPT, NEW = 16, 112
SENTENCES, TOKENS = 32, 32


def load(params):
    """Weights of ours as PyTorch has them: matrices (outputs, inputs), those of queries, keys and values joined."""
    import torch

    def tensor(x):
        return torch.tensor(np.asarray(x))

    def dense(*layers):
        kernels, biases = ([np.asarray(x[name]) for x in layers] for name in ("kernel", "bias"))
        return [tensor(np.concatenate(kernels, 1).T.copy()), tensor(np.concatenate(biases))]

    def norm(x):
        return [tensor(x["scale"]), tensor(x["bias"])]

    def block(x):
        a, f = x["attention"], x["feed_forward"]
        layers = dense(a["query"], a["key"], a["value"]), dense(a["out"]), dense(f["up"]), dense(f["down"])
        return [norm(x["norm_attention"]), layers[0], layers[1], norm(x["norm_feed_forward"]), layers[2], layers[3]]

    tree = params["params"]
    blocks = [block(tree["encoder"][f"block_{i}"]) for i in range(LAYERS)]
    outer = {"positions": tensor(np.asarray(tree["positions"]).reshape(-1, WIDTH))}
    outer |= {name: dense(tree[name]) for name in ("patches", "head") if name in tree}
    outer |= {"words": tensor(tree["tokens"]["embedding"])} if "tokens" in tree else {}
    return outer | {"blocks": blocks, "last": norm(tree["encoder"]["final_norm"])}


def encode(x, weights, *, approximate: str, causal: bool, caches=None):
    """Apply pre-norm blocks. The caches of a text get the keys and values of its next tokens."""
    import torch
    from torch.nn import functional

    n, t, _ = x.shape
    for number, (norm_a, qkv, out, norm_f, up, down) in enumerate(weights["blocks"]):
        y = functional.linear(functional.layer_norm(x, (WIDTH,), *norm_a, EPS), *qkv)
        q, k, v = y.view(n, t, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        if caches is not None:
            start, kept = caches["length"], caches["tables"][number]
            kept[:, :, :, start : start + t] = torch.stack([k, v])
            k, v = kept[:, :, :, : start + t]
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=causal and t > 1)
        x = x + functional.linear(y.transpose(1, 2).reshape(n, t, WIDTH), *out)
        y = functional.gelu(
            functional.linear(functional.layer_norm(x, (WIDTH,), *norm_f, EPS), *up), approximate=approximate
        )
        x = x + functional.linear(y, *down)
    return functional.layer_norm(x, (WIDTH,), *weights["last"], EPS)


def trained(objective, start, data, their_loss) -> Pair:
    """Train with AdamW on full batches; `their_loss` takes the weights of `load`."""
    import torch

    optimizer = optax.adamw(RATE, weight_decay=DECAY)

    def ours():
        options = loop.Options(objective, optimizer, n_steps=STEPS)
        return loop.fit(data, key=jax.random.key(1), options=options, init=start).history

    def theirs():
        weights = load(start)
        leaves = [leaf.requires_grad_() for leaf in jax.tree.leaves(weights)]
        adamw = torch.optim.AdamW(leaves, lr=RATE, weight_decay=DECAY)
        for _ in range(STEPS):
            adamw.zero_grad()
            value = their_loss(weights)
            value.backward()
            adamw.step()
        return value.item()

    return Pair(ours, theirs, lambda history: float(history[-1]), float)


def vit() -> Pair:
    import torch
    from torch.nn import functional

    rng = np.random.default_rng(0)
    images = rng.normal(size=(64, 28, 28, 1)).astype(np.float32)
    labels = rng.integers(0, 10, 64).astype(np.int32)
    encoder = Encoder(n_layers=LAYERS, n_heads=HEADS)
    options = {"patch_size": PATCH, "class_token": False, "pool": "mean", "n_classes": 10}
    module = ViT(encoder=encoder, width=WIDTH, image_size=(28, 28), **options)
    data = jnp.asarray(images), jnp.asarray(labels)
    their_x, their_y = torch.tensor(images), torch.tensor(labels, dtype=torch.long)

    def objective(params, batch, key):
        return jnp.mean(losses.cross_entropy(module.apply(params, batch[0]), batch[1]))

    def their_loss(weights):
        pixels = their_x.view(64, 7, PATCH, 7, PATCH).transpose(2, 3).reshape(64, 49, PATCH**2)
        x = functional.linear(pixels, *weights["patches"]) + weights["positions"]
        x = encode(x, weights, approximate="none", causal=False).mean(1)
        return functional.cross_entropy(functional.linear(x, *weights["head"]), their_y)

    return trained(objective, drawing.init(module, data[0], key=jax.random.key(0)), data, their_loss)


def language_model(max_length: int):
    encoder = Encoder(n_layers=LAYERS, n_heads=HEADS, causal=True, activation="gelu_tanh")
    module = GPT(encoder=encoder, n_tokens=WORDS, width=WIDTH, max_length=max_length)
    return module, drawing.init(module, jnp.zeros((1, 2), int), key=jax.random.key(0))


def their_logits(ids, weights, caches=None):
    from torch.nn import functional

    start = 0 if caches is None else caches["length"]
    x = functional.embedding(ids, weights["words"]) + weights["positions"][start : start + ids.shape[1]]
    x = encode(x, weights, approximate="tanh", causal=True, caches=caches)
    return functional.linear(x if caches is None else x[:, -1], weights["words"])


def gpt_training() -> Pair:
    import torch
    from torch.nn import functional

    ids = np.random.default_rng(0).integers(0, WORDS, (TEXTS, CONTEXT + 1)).astype(np.int32)
    module, start = language_model(CONTEXT)
    theirs = torch.tensor(ids, dtype=torch.long)

    def objective(params, batch, key):
        return gpt.loss(module, params, batch)

    def their_loss(weights):
        return functional.cross_entropy(
            their_logits(theirs[:, :-1], weights).reshape(-1, WORDS), theirs[:, 1:].reshape(-1)
        )

    return trained(objective, start, jnp.asarray(ids), their_loss)


def gpt_writing(n_texts: int) -> Pair:
    import torch

    module, params = language_model(PROMPT + NEW)
    prompt = np.random.default_rng(0).integers(0, WORDS, (n_texts, PROMPT)).astype(np.int32)
    ours, weights = jnp.asarray(prompt), load(params)
    theirs = torch.tensor(prompt, dtype=torch.long)

    @torch.inference_mode()
    def peer():
        shape = 2, n_texts, HEADS, PROMPT + NEW, WIDTH // HEADS
        caches = {"length": 0, "tables": [torch.zeros(shape) for _ in range(LAYERS)]}
        text, new = [theirs], theirs
        for _ in range(NEW):
            following = their_logits(new, weights, caches).argmax(-1, keepdim=True)
            caches["length"] += new.shape[1]
            text.append(following)
            new = following
        return torch.cat(text, 1).numpy()

    usual = peer()
    return Pair(
        ours=lambda: gpt.generate(module, params, ours, key=jax.random.key(0), n_tokens=NEW, temperature=0.0),
        theirs=peer,
        loss_of_ours=lambda text: float(np.mean(np.asarray(text) != usual)),
        loss_of_theirs=lambda text: 0.0,
    )


def sentences() -> Pair:
    import torch
    from safetensors.torch import load_file
    from transformers import BertConfig, BertModel, logging

    logging.set_verbosity_error()
    files, _ = minilm.load()
    model = pretrained.load(files.weights, config=files.config)
    network = BertModel(BertConfig(**json.loads(files.config.read_text())), add_pooling_layer=False).eval()
    network.load_state_dict(load_file(files.weights), strict=False)
    rng = np.random.default_rng(0)
    ids = rng.integers(1000, 30000, (SENTENCES, TOKENS)).astype(np.int32)
    mask = np.arange(TOKENS) < rng.integers(8, TOKENS + 1, SENTENCES)[:, None]
    ours, their_ids, their_mask = (jnp.asarray(ids), jnp.asarray(mask)), torch.tensor(ids), torch.tensor(mask)

    @torch.inference_mode()
    def peer():
        x = network(their_ids, attention_mask=their_mask.long()).last_hidden_state
        return torch.nn.functional.normalize(
            (x * their_mask[..., None]).sum(1) / their_mask.sum(1, keepdim=True)
        ).numpy()

    usual = peer()
    return Pair(
        ours=lambda: pretrained.embed(model.module, model.params, ours[0], mask=ours[1]),
        theirs=peer,
        loss_of_ours=lambda found: float(np.abs(np.asarray(found) - usual).max()),
        loss_of_theirs=lambda found: 0.0,
        floor=1e-5,
    )


SIZE = f"{LAYERS} layers of {WIDTH} features, {HEADS} heads"
STEP = f"{SIZE}; loss: cross-entropy of the last step, from the same weights and the same full batches"
WRITING = f"{SIZE}; the most probable token each time; loss: share of other tokens than the peer's"
ROWS = [
    Row(f"10.vit 64x49 tokens, {STEPS} steps", "torch.nn.functional, AdamW", vit, note=STEP),
    Row(f"10.gpt {TEXTS}x{CONTEXT} tokens, {STEPS} steps", "torch.nn.functional, AdamW", gpt_training, note=STEP),
    Row(f"10.gpt writes 1x{NEW} tokens", "torch with a cache", partial(gpt_writing, 1), note=WRITING),
    Row(f"10.gpt writes 32x{NEW} tokens", "torch with a cache", partial(gpt_writing, 32), note=WRITING),
    Row(
        f"10.minilm {SENTENCES} sentences of up to {TOKENS} tokens",
        "transformers BertModel",
        sentences,
        note="loss: distance from the peer's vectors",
    ),
]
