"""The layout of CLIP, and of each of its towers alone, as Hugging Face writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np

from mfml import require
from mfml.attention.clip import CLIP, Text
from mfml.attention.layouts import tensors as on_disk
from mfml.attention.layouts.tensors import Leaf, Read, dense, norm
from mfml.attention.layouts.vit import patches
from mfml.attention.transformer import Encoder
from mfml.attention.vit import ViT

COMMON = {"num_hidden_layers": 12, "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5}
OF_TEXT = {
    **COMMON,
    "vocab_size": 49408,
    "hidden_size": 512,
    "intermediate_size": 2048,
    "num_attention_heads": 8,
    "max_position_embeddings": 77,
    "eos_token_id": 49407,
}
OF_IMAGE = {
    **COMMON,
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_attention_heads": 12,
    "num_channels": 3,
    "image_size": 224,
    "patch_size": 32,
}
KNOWN = {"hidden_act": tuple(on_disk.ACTIVATIONS)}
WRONG_END = 2  # of old configs, whose models were trained with the largest number as the end


def clip(config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> Read:
    """Both towers and their projections."""
    o = on_disk.options(config, defaults={"projection_dim": 512}, known={})
    image = _image(_tower_config(config, "vision_config", OF_IMAGE))
    text = _text(_tower_config(config, "text_config", OF_TEXT))
    module = CLIP(image=image.module, text=text.module, n_components=o["projection_dim"])
    leaves = [
        *_below("image", "vision_model.", image.leaves),
        *_below("text", "text_model.", text.leaves),
        *dense("image_projection", "visual_projection", image.module.width, module.n_components, bias=False),
        *dense("text_projection", "text_projection", text.module.width, module.n_components, bias=False),
        Leaf("log_scale", {"logit_scale": ()}),
    ]
    return Read(module, leaves)


def text_tower(config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> Read:
    """The tower of texts alone; `unused` may hold its projection."""
    return _text(config)


def image_tower(config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> Read:
    """The tower of images alone; `unused` may hold its projection."""
    return _image(config)


def _tower_config(config: Mapping[str, Any], name: str, defaults: Mapping[str, Any]) -> Mapping[str, Any]:
    """The config of a tower. In old files a second one, with the suffix `_dict`, replaces it where it is given."""
    found = config.get(name) or {}
    second = config.get(f"{name}_dict")
    for one in (found, second or {}):
        require.that(isinstance(one, Mapping), f"config: {name} must be a table; found {one!r}")
    return found if second is None else {**found, **defaults, **second}


def _encoder(o: Mapping[str, Any], **more: Any) -> Encoder:
    return Encoder(
        n_layers=o["num_hidden_layers"],
        n_heads=o["num_attention_heads"],
        hidden=o["intermediate_size"],
        activation=on_disk.ACTIVATIONS[o["hidden_act"]],
        eps=o["layer_norm_eps"],
        **more,
    )


def _text(config: Mapping[str, Any]) -> Read:
    o = on_disk.options(config, defaults=OF_TEXT, known=KNOWN)
    end = None if o["eos_token_id"] == WRONG_END else o["eos_token_id"]
    width = o["hidden_size"]
    module = Text(
        encoder=_encoder(o, causal=True),
        n_tokens=o["vocab_size"],
        width=width,
        max_length=o["max_position_embeddings"],
        end=end,
    )
    leaves = [
        Leaf("tokens/embedding", {"embeddings.token_embedding.weight": (module.n_tokens, width)}),
        Leaf("positions", {"embeddings.position_embedding.weight": (module.max_length, width)}),
        *norm("encoder/final_norm", "final_layer_norm", width),
        *_blocks(module.encoder, width),
    ]
    return Read(module, leaves, unused="text_projection.weight")


def _image(config: Mapping[str, Any]) -> Read:
    o = on_disk.options(config, defaults=OF_IMAGE, known=KNOWN)
    width, p = o["hidden_size"], o["patch_size"]
    module = ViT(
        encoder=_encoder(o),
        width=width,
        image_size=(o["image_size"], o["image_size"]),
        patch_size=p,
        pool="token",
        patch_bias=False,
        first_norm=True,
    )
    side = o["image_size"] // p
    places = {"embeddings.position_embedding.weight": (1 + side**2, width)}
    leaves = [
        patches("embeddings.patch_embedding", patch_size=p, n_channels=o["num_channels"], width=width),
        Leaf("positions", places, lambda x: x[1:].reshape(side, side, width)),
        Leaf("tokens", {"embeddings.class_embedding": (width,), **places}, lambda token, place: token + place[:1]),
        *norm("first_norm", "pre_layrnorm", width),  # spelled so on disk
        *norm("encoder/final_norm", "post_layernorm", width),
        *_blocks(module.encoder, width),
    ]
    return Read(module, leaves, unused="visual_projection.weight")


def _blocks(encoder: Encoder, width: int) -> Iterator[Leaf]:
    hidden = cast(int, encoder.hidden)
    for i in range(encoder.n_layers):
        ours, theirs = f"encoder/block_{i}", f"encoder.layers.{i}"
        for part, name in (("query", "q"), ("key", "k"), ("value", "v"), ("out", "out")):
            yield from dense(f"{ours}/attention/{part}", f"{theirs}.self_attn.{name}_proj", width, width)
        yield from norm(f"{ours}/norm_attention", f"{theirs}.layer_norm1", width)
        yield from norm(f"{ours}/norm_feed_forward", f"{theirs}.layer_norm2", width)
        yield from dense(f"{ours}/feed_forward/up", f"{theirs}.mlp.fc1", width, hidden)
        yield from dense(f"{ours}/feed_forward/down", f"{theirs}.mlp.fc2", hidden, width)


def _below(path: str, prefix: str, leaves: list[Leaf]) -> Iterator[Leaf]:
    """The leaves of a tower within the whole."""
    for leaf in leaves:
        tensors = {prefix + name: shape for name, shape in leaf.tensors.items()}
        yield Leaf(f"{path}/{leaf.path}", tensors, leaf.make)
