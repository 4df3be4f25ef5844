"""MiniLM: a small pretrained language model, all-MiniLM-L6-v2, which turns sentences into vectors.

It is a BERT of 6 layers, 384 features and 12 heads, trained on a billion pairs of sentences. Its vector of a sentence
is the mean over the tokens, scaled to unit length. The files are what `mfml.attention` reads; no code of the package
runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from jaxtyping import Array, Key

from mfml import require
from mfml.data import packages
from mfml.data.card import Card, Quantity


class Files(NamedTuple):
    """Where the parts of the model are."""

    weights: Path  # model.safetensors
    config: Path  # config.json
    vocabulary: Path  # vocab.txt


def is_installed() -> bool:
    """Tell whether `load` will find the model."""
    return packages.installed_version(packages.MINILM) == packages.MINILM.version


def load(*, key: Key[Array, ""] | None = None, source: str = "auto") -> tuple[Files, Card]:
    """Return the paths of the model's files, whose SHA-256 is verified, and the model's card.

    `source`: "auto" and "real" are the same. No key is needed; the argument exists because all loaders have it.

    Raises:
        ValueError: another source; the package is not installed (the message has the command), or a file is damaged.
        FileNotFoundError: the package lacks a file.
    """
    del key
    require.one_of("source", source, ("auto", "real"))
    files = Files(*(packages.path_of(packages.MINILM, file) for file in packages.MINILM.files))
    return files, Card(
        name="minilm",
        quantities={
            "weights": Quantity("file", "1", "weights: 104 tensors in a safetensors file"),
            "config": Quantity("file", "1", "sizes of the model, in JSON"),
            "vocabulary": Quantity("file", "1", "tokens, one per line, for WordPiece without capitals"),
        },
        source=packages.MINILM.source,
        license="Apache-2.0",
        reference="Wang et al., MiniLM, NeurIPS (2020); Reimers and Gurevych, Sentence-BERT, EMNLP (2019)",
        n_samples=1,
        notes=(
            "22.7 million weights; 30522 tokens, 512 positions. Trained on English sentences from the web, so it knows "
            "words of materials science, but no physics."
        ),
    )
