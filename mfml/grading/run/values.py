"""Values between processes: arrays and JSON in one byte string, with caps and without pickle.

A packed value is eight bytes with the length of the JSON part, the JSON part, and the arrays' raw bytes. This
file uses NumPy only, since the judge packs and unpacks and loads no JAX. Data from a worker are not trusted:
`unpack` raises `Refused` for whatever breaks the caps.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

MAX_BYTES = 64 * 2**20
MAX_ARRAYS = 2000
MAX_ITEMS = 50_000  # of lists and dicts: the judge takes a while for each, and arrays are quick
MAX_RANK = 8
MAX_DEPTH = 12
DTYPES = {
    name: np.dtype(name)
    for name in (
        *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
        *("float16", "float32", "float64", "complex64", "complex128"),
    )
}


class Refused(ValueError):
    """A value that may not pass: too large, too deep, or of an unknown kind."""


# These three are no tuples, so that no walk through tuples takes them apart.
@dataclass(frozen=True, eq=False)
class Key:
    """A typed PRNG key, or an array of keys, in a process without JAX."""

    impl: str
    data: np.ndarray

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and self.impl == other.impl and np.array_equal(self.data, other.data)


@dataclass(frozen=True)
class Given:
    """A function of `exercises/given.py`, by name."""

    name: str


@dataclass(frozen=True)
class Other:
    """A value that does not travel. Only the name of its type does."""

    type: str


def pack(value: Any) -> bytes:
    """Pack a value made of None, bools, numbers, strings, arrays, keys, tuples, lists and dicts."""
    buffers: list[bytes] = []
    encoded = _encode(value, buffers, 0)
    if _items(value) > MAX_ITEMS:
        raise Refused(f"more than {MAX_ITEMS} entries in lists")
    tree = json.dumps(encoded, separators=(",", ":")).encode()
    size = len(tree) + sum(map(len, buffers))
    if size > MAX_BYTES:
        raise Refused(f"{size / 2**20:.0f} MB is more than the {MAX_BYTES // 2**20} MB that may be returned")
    return b"".join([len(tree).to_bytes(8, "little"), tree, *buffers])


def unpack(data: bytes) -> Any:
    """Rebuild a packed value, or raise `Refused`."""
    try:
        size = int.from_bytes(data[:8], "little")
        tree = json.loads(data[8 : 8 + size])
        return _decode(tree, memoryview(data)[8 + size :], [0, 0], 0)
    except Refused:
        raise
    except (
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        RecursionError,
        OverflowError,
        AttributeError,
    ) as error:
        raise Refused(f"not a packed value: {error}") from error


def _encode(value: Any, buffers: list[bytes], depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise Refused(f"nested more than {MAX_DEPTH} deep")
    if isinstance(value, np.ndarray | np.generic):  # first, since a NumPy float64 is a float of Python, too
        return _encode_array(np.asarray(value), buffers)
    if value is None or isinstance(value, bool | int | float | str):
        _require_64_bits(value)
        return value if type(value) in (bool, int, float, str, type(None)) else {"other": type(value).__name__}
    if isinstance(value, Key):
        return {"key": [value.impl, _encode_array(value.data, buffers)]}
    if isinstance(value, Given):
        return {"given": value.name}
    if isinstance(value, dict):
        return {"dict": [[str(k), _encode(v, buffers, depth + 1)] for k, v in value.items()]}
    if isinstance(value, Other):
        return {"other": value.type}
    if isinstance(value, tuple | list):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [_encode(item, buffers, depth + 1) for item in value]}
    return {"other": type(value).__name__}


def _items(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, tuple | list) else ()
    return len(inner) + sum(map(_items, inner))


def given_names(value: Any) -> set[str]:
    """Return the names of all given functions within a value."""
    if isinstance(value, Given):
        return {value.name}
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, tuple | list) else ()
    return set().union(*map(given_names, inner))


def _require_64_bits(value: Any) -> None:
    """Refuse integers that no array can hold: comparing them would raise."""
    if isinstance(value, int) and value.bit_length() > 63:
        raise Refused(f"an integer of {value.bit_length()} bits")


def _encode_array(array: np.ndarray, buffers: list[bytes]) -> Any:
    if array.dtype.name not in DTYPES:
        return {"other": f"array of dtype {array.dtype}"}
    if array.ndim > MAX_RANK:
        raise Refused(f"an array of {array.ndim} axes; it may have {MAX_RANK}")
    if len(buffers) >= MAX_ARRAYS:
        raise Refused(f"more than {MAX_ARRAYS} arrays")
    if sum(map(len, buffers)) + array.nbytes > MAX_BYTES:
        raise Refused(f"arrays of more than {MAX_BYTES // 2**20} MB; this one has shape {array.shape}")
    buffers.append(array.tobytes())
    return {"array": [array.dtype.name, list(array.shape)]}


def _decode(tree: Any, buffer: memoryview, state: list[int], depth: int) -> Any:
    """`state` holds the offset into the buffer and the number of arrays read so far."""
    if tree is None or isinstance(tree, bool | int | float | str):
        _require_64_bits(tree)
        return tree
    if depth > MAX_DEPTH + 1 or len(tree) != 1:
        raise Refused("not a packed value")
    ((kind, content),) = tree.items()
    match kind:
        case "array":
            return _decode_array(content, buffer, state)
        case "tuple":
            return tuple(_decode(item, buffer, state, depth + 1) for item in content)
        case "list":
            return [_decode(item, buffer, state, depth + 1) for item in content]
        case "dict":
            return {str(name): _decode(item, buffer, state, depth + 1) for name, item in content}
        case "key":
            data = _decode(content[1], buffer, state, depth + 1)
            if not isinstance(data, np.ndarray):
                raise Refused("a key without an array")
            return Key(str(content[0]), data)
        case "given":
            return Given(str(content))
        case "other":
            return Other(str(content)[:200])
    raise Refused(f"unknown kind {kind!r}")


def _decode_array(content: Any, buffer: memoryview, state: list[int]) -> np.ndarray:
    name, shape = content
    if len(shape) > MAX_RANK or state[1] >= MAX_ARRAYS or any(type(n) is not int or n < 0 for n in shape):
        raise Refused("an array beyond the caps")
    count = math.prod(shape)
    end = state[0] + count * DTYPES[name].itemsize
    if end > min(len(buffer), MAX_BYTES):
        raise Refused("an array larger than its bytes")
    array = np.frombuffer(buffer[state[0] : end], DTYPES[name]).reshape(shape)
    state[:] = [end, state[1] + 1]
    return array
