"""Examples of what reads text and weights, chooses tokens, and remembers sequences."""

from pathlib import Path

from mfml.attention import safetensors
from tests.contract import Example

FILES = Path(__file__).parent / "files"


def nothing(key):
    return {}


EXAMPLES = [
    # files are read outside of compiled code
    Example(safetensors.read, nothing, {"path": FILES / "tiny.safetensors"}, jit=False, x64=False),
]
