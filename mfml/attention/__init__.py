"""Unit 10: attention and transformers.

From scratch, on plain arrays:

- `dot_product`: scaled dot-product attention, with masks and grouped queries; `blockwise`: the same with memory that
  grows with the length, not its square
- `masks`: causal and padding masks
- `multihead`: several heads, and a cache for decoding
- `positions`: sinusoidal, rotary and learned positions; `grids`: learned ones of images, brought to another size
- `norms`: layer and RMS normalization
- `recurrent`: RNN, LSTM and GRU; `fading`: how their derivatives fade
- `sampling`: temperature, top-k and top-p; `perplexity`: how well a language model predicts

Models as flax modules, which import flax when first used:

- `layers`: norms, attention, feed-forward network; `transformer`: block, encoder and decoder
- `embedding`: tables of tokens; `drawing`: draws parameters
- `vit`, `gpt`, `bert`, `clip`: the models; `maps`: where their tokens look
- `pretrained`: reads models that others have trained; `safetensors`: the files; `wordpiece`: BERT's tokenizer;
  `sentences`: vectors of many sentences
"""

from importlib import import_module
from types import ModuleType

from mfml.attention import (
    blockwise,
    dot_product,
    fading,
    grids,
    masks,
    multihead,
    norms,
    perplexity,
    positions,
    recurrent,
    safetensors,
    sampling,
    wordpiece,
)

__all__ = [
    "bert",
    "blockwise",
    "clip",
    "dot_product",
    "drawing",
    "embedding",
    "fading",
    "gpt",
    "grids",
    "layers",
    "maps",
    "masks",
    "multihead",
    "norms",
    "perplexity",
    "positions",
    "pretrained",
    "recurrent",
    "safetensors",
    "sampling",
    "sentences",
    "transformer",
    "vit",
    "wordpiece",
]


def __getattr__(name: str) -> ModuleType:
    """Import a module that needs flax when it is first asked for."""
    if name in __all__:
        return import_module(f"mfml.attention.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
