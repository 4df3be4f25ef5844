"""WordPiece, the tokenizer of BERT and its family: text becomes numbers of known words and pieces of words.

Text is first split into words, at spaces, punctuation and each Chinese character. A word is then cut from the left:
the longest piece that the vocabulary holds comes first, then the longest one for the rest. A piece that continues a
word begins with `##`. So a word that nobody has seen, such as a formula, becomes several known pieces.

The rules are those of the library `tokenizers`, with which such models are trained today. Only some 800 rare characters
are treated otherwise, most of which Unicode added after 2015, so that the library does not know them. Shapes: n texts,
k tokens.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from mfml import require

UNKNOWN, PADDING, FIRST, SEPARATOR, MASK = "[UNK]", "[PAD]", "[CLS]", "[SEP]", "[MASK]"
SPECIAL = (UNKNOWN, PADDING, FIRST, SEPARATOR, MASK)
LONGEST_WORD = 100  # characters; a longer word is unknown
CHINESE = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)  # blocks of characters that are words of their own; Japanese and Korean syllables are not among them


class Tokenizer(NamedTuple):
    """A vocabulary, and how text is prepared for it."""

    vocabulary: tuple[str, ...]  # the token of each number
    ids: Mapping[str, int]  # the number of each token
    lower_case: bool  # whether text loses capitals and accents


class Encoded(NamedTuple):
    """Texts as numbers of tokens, filled up to one length."""

    ids: Int[np.ndarray, "n k"]
    mask: Bool[np.ndarray, "n k"]  # True for tokens, False for what fills a row up
    segments: Int[np.ndarray, "n k"]  # 0, and 1 for a second text and the separator that ends it
    cut: Bool[np.ndarray, " n"]  # whether tokens were left out


def read(path: str | Path, *, lower_case: bool = True) -> Tokenizer:
    r"""Read a vocabulary from a file such as vocab.txt: one token per line, the first one has number 0.

    `lower_case` belongs to the model: True for those that are called uncased.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no text, or lacks one of the tokens [UNK], [PAD], [CLS] and [SEP].

    Source: Devlin et al. (2019), section 3.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\nal\n##2\n##o\n##3")
    ...     tokenizer = read(Path(folder, "vocab.txt"))
    >>> tokenize(tokenizer, "Al2O3")
    ['al', '##2', '##o', '##3']
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").split("\n")  # other line ends may be tokens
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no vocabulary: {error}") from None
    vocabulary = tuple(lines[:-1] if lines[-1] == "" else lines)
    ids = {token: number for number, token in enumerate(vocabulary)}
    missing = [token for token in (UNKNOWN, PADDING, FIRST, SEPARATOR) if token not in ids]
    require.that(not missing, f"{path} is no vocabulary of WordPiece: it lacks {', '.join(missing)}")
    return Tokenizer(vocabulary, ids, lower_case)


def words(text: str, *, lower_case: bool = True) -> list[str]:
    """Split text into words: at spaces, around each punctuation mark and each Chinese character.

    Control characters vanish. With `lower_case` capitals and accents do, too. All ASCII characters that are neither
    letters, digits nor spaces count as punctuation, and so do those that Unicode calls so.

    Raises:
        ValueError: for anything but a string.

    Source: Devlin et al. (2019), section 3.

    >>> words("The α-Fe phase, naïvely.")
    ['the', 'α', '-', 'fe', 'phase', ',', 'naively', '.']
    """
    require.that(isinstance(text, str), f"text must be a string; found {type(text).__name__}")
    text = "".join(_cleaned(text))
    if lower_case:
        text = "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")
        text = "".join(c.lower() for c in text)  # one by one: Python's rule for a sigma that ends a word is not wanted
    return "".join(f" {c} " if _is_punctuation(c) else c for c in text).split()


def tokenize(tokenizer: Tokenizer, text: str) -> list[str]:
    """Return the tokens of a text, without those that mark its ends.

    Special tokens that are written out, such as `[MASK]`, are taken as they are. A word of more than 100 characters, or
    with a part that no piece fits, is `[UNK]` as a whole.

    Source: Wu et al. (2016), section 4.1; Devlin et al. (2019), section 3.

    >>> numbers = {token: i for i, token in enumerate(("[UNK]", "un", "##want", "##ed"))}
    >>> tokenize(Tokenizer(tuple(numbers), numbers, True), "Unwanted [UNK] rest")
    ['un', '##want', '##ed', '[UNK]', '[UNK]']
    """
    require.that(isinstance(text, str), f"text must be a string; found {type(text).__name__}")
    tokens: list[str] = []
    for part in re.split(r"(\[(?:UNK|PAD|CLS|SEP|MASK)\])", text):
        if part in SPECIAL and part in tokenizer.ids:
            tokens.append(part)
        else:
            for word in words(part, lower_case=tokenizer.lower_case):
                tokens.extend(_pieces(tokenizer.ids, word))
    return tokens


def encode(
    tokenizer: Tokenizer,
    texts: Sequence[str],
    *,
    pairs: Sequence[str] | None = None,
    max_length: int = 512,
    padded: bool = False,
) -> Encoded:
    """Return texts as numbers: [CLS] text [SEP], or [CLS] text [SEP] second text [SEP] for pairs.

    What is longer than max_length loses tokens at its end. Of a pair, the longer text does, until both are equally
    long, and then both. An odd token is left to the text that was longer, or to the second one. `Encoded.cut` says
    where tokens were lost.

    Args:
        tokenizer: see `read`.
        texts: the texts, or the first ones of pairs.
        pairs: the second texts.
        max_length: largest number of tokens, special ones included. BERT knows 512 positions.
        padded: whether rows are filled up to max_length, so that all calls have one shape; otherwise to the longest.

    Raises:
        ValueError: for a text alone (write `[text]`), other numbers of texts and pairs, or a max_length without room
            for the special tokens.

    Source: Devlin et al. (2019), section 3.1.

    >>> numbers = {token: i for i, token in enumerate(("[PAD]", "[UNK]", "[CLS]", "[SEP]", "steel"))}
    >>> encode(Tokenizer(tuple(numbers), numbers, True), ["Steel", "steel, steel"]).ids.tolist()
    [[2, 4, 3, 0, 0], [2, 4, 1, 4, 3]]
    """
    require.that(texts is not None, "texts must be a list of texts; found None")
    for name, value in (("texts", texts), ("pairs", pairs)):
        require.that(not isinstance(value, str), f"{name} must be a list of texts; found one text: write [text]")
    n_special = 2 if pairs is None else 3
    require.sizes(max_length=max_length)
    require.that(max_length >= n_special, f"max_length must be at least {n_special}; found {max_length}")
    if pairs is not None and len(pairs) != len(texts):
        raise ValueError(f"texts and pairs must have the same length; found {len(texts)} and {len(pairs)}")
    columns = [texts] if pairs is None else [texts, pairs]
    whole = [[tokenize(tokenizer, text) for text in row] for row in zip(*columns, strict=True)]
    kept = [_truncated(row, max_length - n_special) for row in whole]
    lengths = [n_special + sum(map(len, row)) for row in kept]
    shape = (len(kept), max_length if padded else max(lengths, default=0))
    ids, segments = np.full(shape, tokenizer.ids[PADDING], np.int32), np.zeros(shape, np.int32)
    for number, row in enumerate(kept):
        tokens = [FIRST, *(token for part in row for token in (*part, SEPARATOR))]
        ids[number, : len(tokens)] = [tokenizer.ids[token] for token in tokens]
        segments[number, len(row[0]) + 2 : len(tokens)] = 1
    mask = np.arange(shape[1]) < np.array(lengths, int)[:, None]
    cut = np.array([a != b for a, b in zip(whole, kept, strict=True)], bool)
    return Encoded(ids, mask, segments, cut)


def decode(tokenizer: Tokenizer, ids: Sequence[int] | np.ndarray, *, skip_special: bool = True) -> str:
    """Return the text of tokens: pieces are joined, and words separated by spaces.

    Capitals, accents and the original spaces are lost. `skip_special` leaves out [CLS], [SEP], [PAD], [MASK], [UNK].

    Raises:
        ValueError: unless ids is one row of integers that are in the vocabulary.

    >>> numbers = {token: i for i, token in enumerate(("[PAD]", "[UNK]", "[CLS]", "[SEP]", "al", "##2", "##o"))}
    >>> decode(Tokenizer(tuple(numbers), numbers, True), [2, 4, 5, 6, 3, 0])
    'al2o'
    """
    numbers = np.asarray(ids)
    whole = numbers.ndim == 1 and (numbers.dtype.kind in "iu" or numbers.size == 0)
    require.that(whole, f"ids must be one row of integers; found shape {numbers.shape} of {numbers.dtype}")
    size = len(tokenizer.vocabulary)
    wrong = numbers[(numbers < 0) | (numbers >= size)]
    require.that(wrong.size == 0, f"ids must be between 0 and {size - 1}; found {wrong[:1]}")
    tokens = [tokenizer.vocabulary[number] for number in numbers]
    tokens = [token for token in tokens if not (skip_special and token in SPECIAL)]
    return " ".join(tokens).replace(" ##", "")


def _cleaned(text: str) -> Iterator[str]:
    """Drop control characters, make all white space a space, and set Chinese characters apart."""
    for c in text:
        if c in "\t\n\r" or unicodedata.category(c) in ("Zs", "Zl", "Zp"):
            yield " "
        elif c != "\ufffd" and unicodedata.category(c) not in ("Cc", "Cf", "Co", "Cs"):  # a later Unicode may know it
            yield f" {c} " if any(low <= ord(c) <= high for low, high in CHINESE) else c


def _is_punctuation(c: str) -> bool:
    return (c.isascii() and not c.isalnum() and not c.isspace()) or unicodedata.category(c).startswith("P")


def _pieces(ids: Mapping[str, int], word: str) -> list[str]:
    """Cut a word from the left into the longest known pieces."""
    pieces: list[str] = []
    start = 0
    while start < len(word) <= LONGEST_WORD:
        prefix = "##" if start else ""
        ends = (end for end in range(len(word), start, -1) if prefix + word[start:end] in ids)
        end = next(ends, None)
        if end is None:
            return [UNKNOWN]
        pieces.append(prefix + word[start:end])
        start = end
    return pieces or [UNKNOWN]


def _truncated(parts: list[list[str]], room: int) -> list[list[str]]:
    """Shorten one text, or the longer of two, until all fit."""
    if len(parts) == 1:
        return [parts[0][:room]]
    short, long = sorted(map(len, parts))
    kept = min(long, max(room - short, (room + 1) // 2))  # of the longer one
    first, second = (kept, room - kept) if len(parts[0]) > short else (room - kept, kept)
    return [parts[0][:first], parts[1][:second]]
