"""The layout of ViT and DINOv2 (with registers, SwiGLU, LayerScale) as Hugging Face writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np

from mfml import require
from mfml.attention.layouts import tensors as on_disk
from mfml.attention.layouts.tensors import Leaf, Read, dense, norm
from mfml.attention.transformer import Encoder
from mfml.attention.vit import ViT

COMMON = {
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "num_channels": 3,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.0,
    "qkv_bias": True,
}
OF_VIT = {**COMMON, "intermediate_size": 3072, "layer_norm_eps": 1e-12, "image_size": 224, "patch_size": 16}
OF_DINO = {**COMMON, "mlp_ratio": 4, "layer_norm_eps": 1e-6, "image_size": 224, "use_swiglu_ffn": False}
PATCHES = {"dinov2": 14, "dinov2_with_registers": 16}
KNOWN: dict[str, tuple] = {"hidden_act": tuple(on_disk.ACTIVATIONS), "pooler_act": ("tanh",)}


def vit(config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> Read:
    """ViT, with a pooler or a classifier if the file has one."""
    o = on_disk.options(_plain(config), defaults=OF_VIT, known=KNOWN)
    module = ViT(
        encoder=_encoder(o, o["intermediate_size"]), **_sizes(config, o["patch_size"]), **_head(tensors, "token")
    )
    return Read(module, [*_outside(module, o, tensors), *_blocks(module, o)], unused="embeddings.mask_token")


def dino(config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> Read:
    """DINOv2, with a classifier if the file has one. With registers, its positions are interpolated with antialias."""
    kind = config["model_type"]
    registers = kind == "dinov2_with_registers"
    defaults = {**OF_DINO, "patch_size": PATCHES[kind], **({"num_register_tokens": 4} if registers else {})}
    o = on_disk.options(_plain(config), defaults=defaults, known=KNOWN)
    hidden = int(o["hidden_size"] * o["mlp_ratio"])
    if o["use_swiglu_ffn"]:
        o["hidden_act"], hidden = "swiglu", (int(hidden * 2 / 3) + 7) // 8 * 8
    module = ViT(
        encoder=_encoder(o, hidden, layer_scale=1.0),
        n_registers=o.get("num_register_tokens", 0),
        antialias=registers,
        **_sizes(config, o["patch_size"]),
        **_head(tensors, "both"),
    )
    return Read(module, [*_outside(module, o, tensors), *_blocks(module, o)], unused="embeddings.mask_token")


def patches(name: str, *, patch_size: int, n_channels: int, width: int) -> Leaf:
    """A convolution of patches, as the dense layer that it is.

    >>> patches("projection", patch_size=2, n_channels=3, width=5).tensors
    {'projection.weight': (5, 3, 2, 2)}
    """

    def make(weight: np.ndarray) -> np.ndarray:
        return weight.transpose(2, 3, 1, 0).reshape(-1, width)

    return Leaf("patches/kernel", {f"{name}.weight": (width, n_channels, patch_size, patch_size)}, make)


def pair(name: str, size: Any) -> tuple[int, int]:
    """Height and width, of one number or two.

    >>> pair("image_size", 224)
    (224, 224)
    """
    found = tuple(size) if isinstance(size, (list, tuple)) else (size, size)
    fits = len(found) == 2 and all(type(one) is int and one > 0 for one in found)
    require.that(fits, f"config: {name} must be one or two positive whole numbers; found {size!r}")
    return found[0], found[1]


def _plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config with one number for the size of square patches."""
    sizes = {name: pair(name, config[name]) for name in ("image_size", "patch_size") if name in config}
    height, width = sizes.get("patch_size", (1, 1))
    require.that(height == width, f"config: patch_size must be that of squares; found {config.get('patch_size')!r}")
    return {**config, **{name: size[0] for name, size in sizes.items()}}


def _sizes(config: Mapping[str, Any], patch_size: int) -> dict[str, Any]:
    width = config.get("hidden_size", COMMON["hidden_size"])
    image_size = pair("image_size", config.get("image_size", 224))
    return {"width": width, "image_size": image_size, "patch_size": patch_size}


def _head(tensors: Mapping[str, np.ndarray], pool: str) -> dict[str, Any]:
    found = tensors.get("classifier.weight")
    return {"pool": None} if found is None else {"pool": pool, "n_classes": len(found)}


def _encoder(o: Mapping[str, Any], hidden: int, **more: Any) -> Encoder:
    return Encoder(
        n_layers=o["num_hidden_layers"],
        n_heads=o["num_attention_heads"],
        hidden=hidden,
        activation=on_disk.ACTIVATIONS.get(o["hidden_act"], o["hidden_act"]),
        eps=o["layer_norm_eps"],
        dropout=o["hidden_dropout_prob"],
        **more,
    )


def _outside(module: ViT, o: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> Iterator[Leaf]:
    """All that is not in a block. The class token's position is added to the token."""
    width, p = module.width, module.patch_size
    rows, columns = (size // p for size in module.image_size)
    name = "embeddings.patch_embeddings.projection"
    yield patches(name, patch_size=p, n_channels=o["num_channels"], width=width)
    yield Leaf("patches/bias", {f"{name}.bias": (width,)})
    places = {"embeddings.position_embeddings": (1, 1 + rows * columns, width)}
    yield Leaf("positions", places, lambda x: x[0, 1:].reshape(rows, columns, width))
    special = {"embeddings.cls_token": (1, 1, width), **places}
    if module.n_registers:
        special["embeddings.register_tokens"] = (1, module.n_registers, width)
    yield Leaf(
        "tokens", special, lambda token, place, *more: np.concatenate([token[0] + place[0, :1], *(m[0] for m in more)])
    )
    yield from norm("encoder/final_norm", "layernorm", width)
    if "pooler.dense.weight" in tensors:
        yield from dense("pooler", "pooler.dense", width, width)
    if module.n_classes is not None:
        yield from dense("head", "classifier", width * (2 if module.pool == "both" else 1), module.n_classes)


def _blocks(module: ViT, o: Mapping[str, Any]) -> Iterator[Leaf]:
    encoder, width = module.encoder, module.width
    hidden = cast(int, encoder.hidden)
    dino = encoder.layer_scale is not None
    before, after = ("norm1", "norm2") if dino else ("layernorm_before", "layernorm_after")
    up, down = ("mlp.fc1", "mlp.fc2") if dino else ("intermediate.dense", "output.dense")
    for i in range(encoder.n_layers):
        ours, theirs = f"encoder/block_{i}", f"encoder.layer.{i}"
        for part in ("query", "key", "value"):
            yield from dense(
                f"{ours}/attention/{part}", f"{theirs}.attention.attention.{part}", width, width, bias=o["qkv_bias"]
            )
            if not o["qkv_bias"]:
                yield Leaf(f"{ours}/attention/{part}/bias", {}, lambda: np.zeros(width, np.float32))
        yield from dense(f"{ours}/attention/out", f"{theirs}.attention.output.dense", width, width)
        yield from norm(f"{ours}/norm_attention", f"{theirs}.{before}", width)
        yield from norm(f"{ours}/norm_feed_forward", f"{theirs}.{after}", width)
        if encoder.activation == "swiglu":
            yield from _swiglu(f"{ours}/feed_forward", f"{theirs}.mlp", width, hidden)
        else:
            yield from dense(f"{ours}/feed_forward/up", f"{theirs}.{up}", width, hidden)
            yield from dense(f"{ours}/feed_forward/down", f"{theirs}.{down}", hidden, width)
        if dino:
            for number, part in enumerate(("attention", "feed_forward"), 1):
                yield Leaf(f"{ours}/scale_{part}/layer_scale", {f"{theirs}.layer_scale{number}.lambda1": (width,)})


def _swiglu(ours: str, theirs: str, width: int, hidden: int) -> Iterator[Leaf]:
    """Gate and up lie in one tensor, the gate first."""
    for place, part in enumerate(("gate", "up")):
        rows = slice(place * hidden, (place + 1) * hidden)
        yield Leaf(
            f"{ours}/{part}/kernel", {f"{theirs}.weights_in.weight": (2 * hidden, width)}, lambda x, r=rows: x[r].T
        )
        yield Leaf(f"{ours}/{part}/bias", {f"{theirs}.weights_in.bias": (2 * hidden,)}, lambda x, r=rows: x[r])
    yield from dense(f"{ours}/down", f"{theirs}.weights_out", hidden, width)
