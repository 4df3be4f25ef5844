"""The layouts of BERT and GPT-2 as Hugging Face writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np

from mfml.attention.bert import BERT
from mfml.attention.gpt import GPT
from mfml.attention.layouts import tensors as on_disk
from mfml.attention.layouts.tensors import Leaf, Read, dense, norm
from mfml.attention.transformer import Encoder

OF_BERT = {
    "vocab_size": 30522,
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
}
OF_GPT = {
    "vocab_size": 50257,
    "n_positions": 1024,
    "n_embd": 768,
    "n_layer": 12,
    "n_head": 12,
    "activation_function": "gelu_new",
    "resid_pdrop": 0.1,
    "layer_norm_epsilon": 1e-5,
}
BERT_KNOWN = {
    "hidden_act": tuple(on_disk.ACTIVATIONS),
    "position_embedding_type": ("absolute", None),
    "is_decoder": (False,),
    "add_cross_attention": (False,),
    "tie_word_embeddings": (True,),
}
GPT_KNOWN = {
    "activation_function": tuple(on_disk.ACTIVATIONS),
    "scale_attn_weights": (True,),
    "scale_attn_by_inverse_layer_idx": (False,),
    "add_cross_attention": (False,),
    "tie_word_embeddings": (True, False),
}


def bert(config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> Read:
    """BERT: with the head "words" if the file has one; a pooler is read, too."""
    o = on_disk.options(config, defaults=OF_BERT, known=BERT_KNOWN)
    encoder = Encoder(
        n_layers=o["num_hidden_layers"],
        n_heads=o["num_attention_heads"],
        hidden=o["intermediate_size"],
        activation=on_disk.ACTIVATIONS[o["hidden_act"]],
        eps=o["layer_norm_eps"],
        dropout=o["hidden_dropout_prob"],
        norm_first=False,
    )
    module = BERT(
        encoder=encoder,
        n_tokens=o["vocab_size"],
        width=o["hidden_size"],
        max_length=o["max_position_embeddings"],
        n_segments=o["type_vocab_size"],
        head="words" if "cls.predictions.bias" in tensors else None,
    )
    leaves = [*_bert_outside(module, "pooler.dense.weight" in tensors), *_bert_blocks(module)]
    return Read(module, leaves, unused=r"cls\.seq_relationship\..*|classifier\..*|qa_outputs\..*")


def _bert_outside(module: BERT, pooler: bool) -> Iterator[Leaf]:
    width = module.width
    sizes = {"word": ("tokens/embedding", module.n_tokens), "token_type": ("segments/embedding", module.n_segments)}
    for name, (path, size) in {**sizes, "position": ("positions", module.max_length)}.items():
        yield Leaf(path, {f"embeddings.{name}_embeddings.weight": (size, width)})
    yield from norm("norm", "embeddings.LayerNorm", width)
    if pooler:
        yield from dense("pooler", "pooler.dense", width, width)
    if module.head == "words":
        yield Leaf("bias", {"cls.predictions.bias": (module.n_tokens,)})
        yield from dense("transform", "cls.predictions.transform.dense", width, width)
        yield from norm("transform_norm", "cls.predictions.transform.LayerNorm", width)


def _bert_blocks(module: BERT) -> Iterator[Leaf]:
    width, hidden = module.width, cast(int, module.encoder.hidden)
    for i in range(module.encoder.n_layers):
        ours, theirs = f"encoder/block_{i}", f"encoder.layer.{i}"
        for part in ("query", "key", "value"):
            yield from dense(f"{ours}/attention/{part}", f"{theirs}.attention.self.{part}", width, width)
        yield from dense(f"{ours}/attention/out", f"{theirs}.attention.output.dense", width, width)
        yield from norm(f"{ours}/norm_attention", f"{theirs}.attention.output.LayerNorm", width)
        yield from dense(f"{ours}/feed_forward/up", f"{theirs}.intermediate.dense", width, hidden)
        yield from dense(f"{ours}/feed_forward/down", f"{theirs}.output.dense", hidden, width)
        yield from norm(f"{ours}/norm_feed_forward", f"{theirs}.output.LayerNorm", width)


def gpt(config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> Read:
    """GPT-2; its head is the table of tokens, unless the file has another one."""
    o = on_disk.options(config, defaults=OF_GPT, known=GPT_KNOWN)
    inner = config.get("n_inner")
    hidden = 4 * o["n_embd"] if inner is None else on_disk.options(config, defaults={"n_inner": 1}, known={})["n_inner"]
    encoder = Encoder(
        n_layers=o["n_layer"],
        n_heads=o["n_head"],
        hidden=hidden,
        activation=on_disk.ACTIVATIONS[o["activation_function"]],
        eps=o["layer_norm_epsilon"],
        dropout=o["resid_pdrop"],
        causal=True,
    )
    head, tied = tensors.get("lm_head.weight"), config.get("tie_word_embeddings", True)
    module = GPT(
        encoder=encoder,
        n_tokens=o["vocab_size"],
        width=o["n_embd"],
        max_length=o["n_positions"],
        tied=tied and (head is None or np.array_equal(head, tensors.get("wte.weight", ()))),
    )
    unused = r"lm_head\.weight" if module.tied else "$^"
    return Read(module, [*_gpt_outside(module), *_gpt_blocks(module)], unused=unused)


def _gpt_outside(module: GPT) -> Iterator[Leaf]:
    yield Leaf("tokens/embedding", {"wte.weight": (module.n_tokens, module.width)})
    yield Leaf("positions", {"wpe.weight": (module.max_length, module.width)})
    yield from norm("encoder/final_norm", "ln_f", module.width)
    if not module.tied:
        yield from dense("head", "lm_head", module.width, module.n_tokens, bias=False)


def _gpt_blocks(module: GPT) -> Iterator[Leaf]:
    """Weights are stored as (inputs, outputs) here; those of query, key and value lie side by side."""
    width, hidden = module.width, cast(int, module.encoder.hidden)
    for i in range(module.encoder.n_layers):
        ours, theirs = f"encoder/block_{i}", f"h.{i}"
        for place, part in enumerate(("query", "key", "value")):
            columns = slice(place * width, (place + 1) * width)
            for kind, name, shape in (("kernel", "weight", (width, 3 * width)), ("bias", "bias", (3 * width,))):
                yield Leaf(
                    f"{ours}/attention/{part}/{kind}",
                    {f"{theirs}.attn.c_attn.{name}": shape},
                    lambda x, c=columns: x[..., c],
                )
        yield from _stored_as_is(f"{ours}/attention/out", f"{theirs}.attn.c_proj", width, width)
        yield from _stored_as_is(f"{ours}/feed_forward/up", f"{theirs}.mlp.c_fc", width, hidden)
        yield from _stored_as_is(f"{ours}/feed_forward/down", f"{theirs}.mlp.c_proj", hidden, width)
        yield from norm(f"{ours}/norm_attention", f"{theirs}.ln_1", width)
        yield from norm(f"{ours}/norm_feed_forward", f"{theirs}.ln_2", width)


def _stored_as_is(path: str, name: str, n_in: int, n_out: int) -> Iterator[Leaf]:
    yield Leaf(f"{path}/kernel", {f"{name}.weight": (n_in, n_out)})
    yield Leaf(f"{path}/bias", {f"{name}.bias": (n_out,)})
