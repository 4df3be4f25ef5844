r"""Reads pretrained models from the files that Hugging Face writes: `config.json` and `model.safetensors`.

ViT, DINOv2 (with registers, too), CLIP and its towers, GPT-2 and BERT become modules of this package, with parameters.
No code of the files runs, and no other package is needed. A model that does not fit in every tensor is refused.

`embed` uses a model as it is: one vector of length 1 for each image or text, for a probe, a search, or a map.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Num, PyTree

from mfml import require
from mfml.attention import masks, safetensors
from mfml.attention.bert import BERT
from mfml.attention.clip import CLIP, Text
from mfml.attention.gpt import FILL_LAST, GPT
from mfml.attention.layouts import clip as layout_clip
from mfml.attention.layouts import tensors as on_disk
from mfml.attention.layouts import text as layout_text
from mfml.attention.layouts import vit as layout_vit
from mfml.attention.vit import ViT
from mfml.entrance import public
from mfml.numerics import scaling


class Kind(NamedTuple):
    """A kind of model: its layout, and what may stand before all of its tensors' names."""

    layout: Callable[[Mapping[str, Any], Mapping[str, np.ndarray]], on_disk.Read]
    prefix: str


KINDS = {
    "vit": Kind(layout_vit.vit, "vit."),
    "dinov2": Kind(layout_vit.dino, "dinov2."),
    "dinov2_with_registers": Kind(layout_vit.dino, "dinov2_with_registers."),
    "clip": Kind(layout_clip.clip, ""),
    "clip_text_model": Kind(layout_clip.text_tower, "text_model."),
    "clip_vision_model": Kind(layout_clip.image_tower, "vision_model."),
    "gpt2": Kind(layout_text.gpt, "transformer."),
    "bert": Kind(layout_text.bert, "bert."),
}  # by the config's `model_type`
BUFFERS = r"(.*\.)?position_ids|(.*\.)?attn\.(masked_)?bias"  # constants that older versions stored
RENAMED = {r"LayerNorm\.gamma$": "LayerNorm.weight", r"LayerNorm\.beta$": "LayerNorm.bias"}


class Pretrained(NamedTuple):
    """A model from files: `module.apply(params, x)` evaluates it."""

    module: nn.Module  # a ViT, CLIP, Text, GPT or BERT
    params: PyTree[Array]
    kind: str  # one of `KINDS`
    unused: dict[str, np.ndarray]  # tensors of known parts that the module lacks, as they are stored


@public
def load(path: str | Path, *, config: str | Path | None = None) -> Pretrained:
    """Read a model from the folder that `save_pretrained` writes, or from a safetensors file.

    What comes out of the module is what the files have a head for:

    - ViT: logits if there is a classifier, otherwise all tokens. `module.clone(pool="tanh", n_classes=None)` is the
      pooled output; see `ViT` for the others.
    - CLIP: `Embedded`. A tower alone: its vector before the projection, which is in `unused`.
    - GPT-2: logits. BERT: logits where the file has the head of masked words, otherwise all tokens; a pooler is there
      with `module.clone(head="pooler")`.

    Args:
        path: a folder with model.safetensors, which may be in several parts with an index, or such a file.
        config: config.json; that of the folder by default.

    Raises:
        FileNotFoundError: if a file is missing.
        ValueError: for a kind of model or an option in the config that is not known, and for tensors that are missing,
            unexpected, misshapen or hold no floats: the message has their names.

    Source: the files as written by https://github.com/huggingface/transformers.
    """
    path = Path(path)
    settings = _config(Path(config) if config is not None else (path if path.is_dir() else path.parent) / "config.json")
    kind: Any = settings.get("model_type")
    require.that(kind in KINDS, f"config: model_type must be one of {', '.join(KINDS)}; found {kind!r}")
    layout, prefix = KINDS[kind]
    tensors = _tensors(path, prefix)
    read = layout(settings, tensors)
    tree = on_disk.fill(read.leaves, tensors, unused=read.unused)
    used = {name for leaf in read.leaves for name in leaf.tensors}
    unused = {name: tensor for name, tensor in tensors.items() if name not in used}
    return Pretrained(read.module, {"params": jax.tree.map(jnp.asarray, tree)}, kind, unused)


def _config(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is no config: {error}") from None
    require.that(isinstance(found, dict), f"{path} is no config: it must hold a table")
    return found


def _tensors(path: Path, prefix: str) -> dict[str, np.ndarray]:
    """All tensors by their newest names, without what never changes."""
    tensors: dict[str, np.ndarray] = {}
    for file in _files(path):
        for name, tensor in safetensors.read(file).items():
            if re.fullmatch(BUFFERS, name):
                continue
            name = name.removeprefix(prefix)
            for old, new in RENAMED.items():
                name = re.sub(old, new, name)
            require.that(name not in tensors, f"{file}: two tensors are called {name}")
            tensors[name] = tensor
    return tensors


def _files(path: Path) -> list[Path]:
    """The file itself, or the parts in a folder."""
    index = path / "model.safetensors.index.json"
    if not path.is_dir():
        return [path]
    if not index.exists():
        return [path / "model.safetensors"]
    parts: Any = _config(index).get("weight_map")
    fits = isinstance(parts, dict) and all(isinstance(name, str) for name in parts.values())
    require.that(fits, f"{index} must have a table weight_map, with the name of a file for each tensor")
    return [path / Path(name).name for name in sorted(set(parts.values()))]


@public
def embed(
    module: nn.Module,
    params: PyTree[Array],
    inputs: Num[Array, "n *shape"],
    *,
    mask: Bool[Array, "n t"] | None = None,
) -> Float[Array, "n k"]:
    """One vector of length 1 for each input, from a model as it is.

    That is the mean over the patches of an image (without class token and registers) or the tokens of a text, scaled.
    CLIP gives its own vectors: of images for inputs with four axes, of texts otherwise.

    Args:
        module: a ViT, CLIP, Text, GPT or BERT; static.
        params: its parameters.
        inputs: images, or numbers of tokens.
        mask: False for tokens that only fill up, whatever their numbers are. For GPT they must come at the end: the
            vector of a text in which that is broken is NaN within compiled code. Of integers, 1 is True.

    Raises:
        ValueError: for another module, a mask for images or CLIP, one that is not boolean or has True after False for
            GPT, or inputs that the module refuses.

    Source: Reimers and Gurevych (2019), section 3.

    >>> from mfml.attention import drawing
    >>> from mfml.attention.transformer import Encoder
    >>> module = BERT(encoder=Encoder(n_layers=1, n_heads=1, norm_first=False), n_tokens=9, width=4, max_length=3)
    >>> ids = jnp.array([[2, 5, 3]])
    >>> found = embed(module, drawing.init(module, ids, key=jax.random.key(0)), ids)
    >>> round(float(jnp.sum(found**2)), 4)
    1.0
    """
    if mask is not None and isinstance(module, GPT):
        require.known(masks.at_beginning(mask), FILL_LAST)
    return _embed(module, params, inputs, mask)


@partial(jax.jit, static_argnums=0)
def _embed(module: nn.Module, params: PyTree[Array], inputs: Array, mask: Array | None) -> Float[Array, "n k"]:
    if isinstance(module, (ViT, CLIP, Text)):
        require.that(mask is None, f"a mask is for BERT and GPT; found one for {type(module).__name__}")
        if jnp.ndim(inputs) == 4 and not jnp.issubdtype(inputs.dtype, jnp.floating):
            inputs = inputs.astype(jax.tree.leaves(params)[0].dtype)
        found: Any
        if isinstance(module, ViT):
            found = module.clone(pool="mean", n_classes=None).apply(params, inputs)
        elif isinstance(module, Text):
            found = module.apply(params, inputs)
        else:
            method = CLIP.of_images if jnp.ndim(inputs) == 4 else CLIP.of_texts
            found = module.apply(params, inputs, method=method)
        return scaling.directions(found)
    require.that(isinstance(module, (BERT, GPT)), f"module must be a pretrained model; found {type(module).__name__}")
    require.same_shape(inputs=inputs, mask=mask)
    tokens: Any = module.clone(head=None)
    if mask is None:
        return scaling.directions(jnp.mean(tokens.apply(params, inputs), axis=1))
    mask = require.boolean("mask", mask, where="a token counts")
    if isinstance(module, BERT):
        x = tokens.apply(params, inputs, mask)
    else:
        x = tokens.apply(params, jnp.where(mask, inputs, 0))
        x = jnp.where(masks.at_beginning(mask)[:, None, None], x, jnp.nan)
    counts = mask[..., None]
    return scaling.directions(jnp.sum(jnp.where(counts, x, 0.0), axis=1) / jnp.sum(counts, axis=1))
