"""Examples of what reads text and weights, chooses tokens, and remembers sequences."""

from pathlib import Path

from mfml.attention import safetensors, wordpiece
from tests.contract import Example

FILES = Path(__file__).parent / "files"


VOCABULARY = (FILES / "vocab.txt").read_text(encoding="utf-8").split()
TOKENIZER = wordpiece.Tokenizer(tuple(VOCABULARY), {token: number for number, token in enumerate(VOCABULARY)}, True)


def nothing(key):
    return {}


OUTSIDE = {"jit": False, "x64": False}  # files and text are read outside of compiled code


EXAMPLES = [
    Example(safetensors.read, nothing, {"path": FILES / "tiny.safetensors"}, **OUTSIDE),
    Example(wordpiece.read, nothing, {"path": FILES / "vocab.txt"}, **OUTSIDE),
    Example(wordpiece.words, nothing, {"text": "The α-Fe phase."}, **OUTSIDE),
    Example(wordpiece.tokenize, nothing, {"tokenizer": TOKENIZER, "text": "The α-Fe phase."}, **OUTSIDE),
    Example(wordpiece.encode, nothing, {"tokenizer": TOKENIZER, "texts": ["Hello world!", "α"]}, **OUTSIDE),
    Example(wordpiece.decode, nothing, {"tokenizer": TOKENIZER, "ids": [2, 5, 6, 3]}, **OUTSIDE),
]
