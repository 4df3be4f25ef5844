"""Examples of the models: ViT, GPT, BERT, CLIP, maps of their attention, and their frozen vectors."""

import json
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import jax
import numpy as np

from mfml.attention import bert, clip, drawing, gpt, grids, maps, pretrained, sentences, vit, wordpiece
from mfml.attention.layouts import text
from mfml.attention.transformer import Encoder
from tests.contract import Example

TOKENIZER = wordpiece.read(Path(__file__).parent / "files" / "vocab.txt")
V, LENGTH = 7, 6  # tokens of the vocabulary, of a text
SIZES = {"n_tokens": V, "width": 4, "max_length": 12}
GPT = gpt.GPT(encoder=Encoder(n_layers=1, n_heads=2, causal=True), **SIZES)
BERT = bert.BERT(encoder=Encoder(n_layers=2, n_heads=2, norm_first=False), head="words", **SIZES)
VIT = vit.ViT(encoder=Encoder(n_layers=1, n_heads=2), width=4, image_size=(4, 4), patch_size=2)
TEXT = clip.Text(encoder=Encoder(n_layers=1, n_heads=2, causal=True), **SIZES)
CLIP = clip.CLIP(image=VIT, text=TEXT, n_components=3)


def texts(key):
    return {"ids": jax.random.randint(key, (2, LENGTH), 0, V)}


def images(key):
    return {"images": jax.random.uniform(key, (2, 4, 4, 3))}


def language(module, key):
    found = texts(key)
    return {"params": drawing.init(module, found["ids"], key=jax.random.key(0)), **found}


def both(key):
    inputs = {**images(key), **texts(key)}
    return {"params": drawing.init(CLIP, (inputs["images"], inputs["ids"]), key=jax.random.key(0)), **inputs}


def seen(key):
    pictures = images(key)["images"]
    return {"params": drawing.init(VIT, pictures, key=jax.random.key(0)), "inputs": pictures}


def reader(key):
    """A BERT for the words of `files/vocab.txt`."""
    module = BERT.clone(n_tokens=len(TOKENIZER.vocabulary), head=None)
    params = drawing.init(module, texts(key)["ids"], key=jax.random.key(0))
    return {"model": pretrained.Pretrained(module, params, "bert", {}), "tokenizer": TOKENIZER}


@cache
def folder():
    """A tiny BERT as `save_pretrained` writes it, with zeros for weights."""
    made = Path(mkdtemp())
    config = {"model_type": "bert", "vocab_size": V, "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2}
    config |= {"intermediate_size": 8, "max_position_embeddings": 12}
    shapes = {name: shape for leaf in text.bert(config, {}).leaves for name, shape in leaf.tensors.items()}
    header, data = {}, b""
    for name, shape in shapes.items():
        part = np.zeros(shape, np.float32).tobytes()
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [len(data), len(data) + len(part)]}
        data += part
    head = json.dumps(header).encode()
    (made / "model.safetensors").write_bytes(len(head).to_bytes(8, "little") + head + data)
    (made / "config.json").write_text(json.dumps(config))
    return made


EXAMPLES = [
    Example(pretrained.load, lambda key: {}, {"path": folder()}, batched=(), jit=False, x64=False),  # it reads files
    Example(vit.patchify, images, {"patch_size": 2}, gradient=("images",)),
    Example(
        grids.resize, lambda key: {"table": jax.random.normal(key, (3, 4, 2))}, {"size": (5, 2)}, gradient=("table",)
    ),
    Example(
        grids.resize,
        lambda key: {"table": jax.random.normal(key, (3, 4, 2))},
        {"size": (2, 7), "antialias": True},
        gradient=("table",),
    ),
    Example(gpt.loss, lambda key: language(GPT, key), {"module": GPT}, gradient=("params",)),
    Example(
        gpt.generate,
        lambda key: {"params": language(GPT, key)["params"], "prompt": texts(key)["ids"][:, :3], "key": key},
        {"module": GPT, "n_tokens": 4},
        x64=False,
    ),
    Example(
        bert.hide,
        lambda key: {**texts(key), "key": key},
        {"n_tokens": V, "mask_id": 1, "share": 0.5},
        x64=False,
    ),
    Example(
        bert.loss,
        lambda key: {**language(BERT, key), "key": key},
        {"module": BERT, "mask_id": 1, "share": 0.5},
        x64=False,
    ),
    Example(clip.loss, both, {"module": CLIP}, gradient=("params",), batched=("images", "ids")),
    Example(
        maps.rollout,
        lambda key: {"weights": jax.nn.softmax(jax.random.normal(key, (2, 3, 2, 4, 4)))},
        gradient=("weights",),
    ),
    Example(maps.of_layers, seen, {"module": VIT}),
    Example(pretrained.embed, seen, {"module": VIT}, gradient=("inputs",)),
    Example(
        pretrained.embed,
        lambda key: {"params": language(BERT.clone(head=None), key)["params"], "inputs": texts(key)["ids"]},
        {"module": BERT.clone(head=None)},
        gradient=("params",),
    ),
    Example(
        sentences.embed,
        reader,
        {"texts": ["The α-Fe phase.", "Hello world!"], "max_length": 12},
        batched=(),
        jit=False,
        x64=False,
    ),
]
