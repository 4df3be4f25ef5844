"""Sentences as vectors, by a pretrained BERT such as MiniLM: similar meanings point in similar directions."""

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from mfml import require
from mfml.attention import pretrained, wordpiece
from mfml.attention.bert import BERT
from mfml.attention.pretrained import Pretrained
from mfml.attention.wordpiece import Encoded, Tokenizer
from mfml.entrance import public

STEP = 16  # lengths are rounded up to a multiple of it, so that few shapes are compiled


@public
def embed(
    model: Pretrained,
    tokenizer: Tokenizer,
    texts: Sequence[str],
    *,
    batch_size: int = 32,
    max_length: int = 256,
) -> Float[Array, "n k"]:
    """One vector of length 1 for each text: the mean over its tokens, special ones included, scaled.

    The product of two rows is their cosine. Texts of similar length are computed together; rows come in the order of
    the texts. What is longer than max_length is cut; 256 is what MiniLM was trained with.

    Args:
        model: a BERT, see `pretrained.load`.
        tokenizer: that of the model, see `wordpiece.read`.
        texts: any number of texts.
        batch_size: largest number of texts that are computed together.
        max_length: largest number of tokens; at most what the model knows.

    Raises:
        ValueError: for another model, a text alone, a vocabulary of another size, or a max_length that is too large.

    Source: Reimers and Gurevych (2019), section 3.

    >>> from mfml.data import minilm
    >>> texts = ["Al2O3 is a ceramic.", "Alumina is a ceramic."]
    >>> if minilm.is_installed():
    ...     files, _ = minilm.load()
    ...     model = pretrained.load(files.weights, config=files.config)
    ...     first, second = embed(model, wordpiece.read(files.vocabulary), texts)
    ...     assert round(float(first @ second), 4) == 0.8437
    """
    module = model.module
    require.that(isinstance(module, BERT), f"model must be a BERT; found {type(module).__name__}")
    known, size = module.n_tokens, len(tokenizer.vocabulary)
    require.that(size == known, f"tokenizer must have the model's {known} tokens; found {size}")
    require.positive("batch_size", batch_size)
    require.between("max_length", max_length, 2, module.max_length)
    encoded = wordpiece.encode(tokenizer, texts, max_length=max_length)
    order = np.argsort(encoded.mask.sum(axis=1), kind="stable")
    found = np.empty((len(order), module.width), np.float32)
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        ids, mask = _filled(encoded, rows, limit=module.max_length)
        found[rows] = pretrained.embed(module, model.params, jnp.asarray(ids), mask=jnp.asarray(mask))[: len(rows)]
    return jnp.asarray(found)


def _filled(
    encoded: Encoded, rows: np.ndarray, *, limit: int
) -> tuple[Int[np.ndarray, "m t"], Bool[np.ndarray, "m t"]]:
    """Tokens of these texts, filled up to a shape that others share: a power of two of texts, a multiple of `STEP`."""
    longest = int(encoded.mask[rows].sum(axis=1).max())
    shape = 1 << (len(rows) - 1).bit_length(), min(-(-longest // STEP) * STEP, limit)
    ids, mask = np.zeros(shape, np.int32), np.zeros(shape, bool)
    ids[: len(rows), :longest], mask[: len(rows), :longest] = encoded.ids[rows, :longest], encoded.mask[rows, :longest]
    mask[len(rows) :, 0] = True  # rows that only fill up have a mean, too
    return ids, mask
