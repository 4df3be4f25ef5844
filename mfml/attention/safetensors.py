"""Reads safetensors files, in which most pretrained weights are stored.

A file begins with the length of its header (8 bytes, little-endian) and the header in JSON: the type, shape and place
of each tensor. The numbers follow, without gaps, the last axis fastest. A file holds no code, so reading it runs none.

The reader is our own since the format is that simple: no further package is needed, half-precision numbers have one
rule (NumPy has no bfloat16), and the message about a damaged file names it.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from mfml import require

TYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",  # the upper half of a float32
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "u1",
    "BOOL": "u1",
}
LONGEST_HEADER = 100_000_000  # bytes; the format allows no more


class Place(NamedTuple):
    """Where a tensor lies in a file."""

    name: str
    kind: str  # one of `TYPES`
    shape: tuple[int, ...]
    start: int  # in bytes, after the header
    end: int


def read(path: str | Path) -> dict[str, np.ndarray]:
    """Return all tensors of a file by name, in the order in which they lie there.

    Half-precision numbers (float16, bfloat16) become float32, which holds each of them exactly. All other types stay.
    The file is read once, so the arrays stay as they are if it changes later.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no safetensors file, was cut or damaged, or has numbers that NumPy lacks (8-bit floats).

    Source: the format as described by https://github.com/huggingface/safetensors.

    >>> import tempfile
    >>> header = b'{"w": {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]}}'
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "model.safetensors")
    ...     _ = path.write_bytes(len(header).to_bytes(8, "little") + header + np.float16([1, -2]).tobytes())
    ...     read(path)
    {'w': array([ 1., -2.], dtype=float32)}
    """
    path = Path(path)
    require.that(not path.is_dir(), f"path must be a file; found the folder {path}")
    with path.open("rb") as file:
        header, size = _header(path, file)
        return {place.name: _array(path, file, place) for place in _places(path, header, size)}


def _header(path: Path, file: BinaryIO) -> tuple[dict[str, Any], int]:
    """Return the header, and how many bytes follow it."""
    total = file.seek(0, os.SEEK_END)
    file.seek(0)
    first = file.read(8)
    length = int.from_bytes(first, "little")
    whole = len(first) == 8 and length <= min(total - 8, LONGEST_HEADER)
    require.that(whole, f"{path} is no safetensors file, or was cut: it has {total} bytes, which begin with {first!r}")
    try:
        header = json.loads(file.read(length).decode("utf-8"), object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no safetensors file: its header cannot be read: {error}") from None
    require.that(isinstance(header, dict), f"{path} is no safetensors file: its header is no table")
    notes = header.get("__metadata__", {})
    texts = isinstance(notes, dict) and all(isinstance(note, str) for note in notes.values())
    require.that(texts, f"{path} is damaged: __metadata__ must be a table of texts")
    return header, total - 8 - length


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse two tensors of one name: nobody could tell which one is meant."""
    table = dict(pairs)
    require.that(len(table) == len(pairs), f"a name occurs twice among {[name for name, _ in pairs][:9]}")
    return table


def _places(path: Path, header: dict[str, Any], size: int) -> list[Place]:
    """Return where the tensors lie, in that order. They must fill the file, and none may overlap."""
    places = [_place(path, name, entry) for name, entry in header.items() if name != "__metadata__"]
    places.sort(key=lambda place: (place.start, place.end))
    end = 0
    for place in places:
        fits = place.start == end
        require.that(fits, f"{path} is damaged: {place.name} begins at byte {place.start}, and not at {end}")
        end = place.end
    require.that(end == size, f"{path} was cut or damaged: its tensors take {end} bytes; found {size}")
    return places


def _place(path: Path, name: str, entry: Any) -> Place:
    """Read what the header says about one tensor."""
    known = isinstance(entry, dict) and {"dtype", "shape", "data_offsets"} <= entry.keys()
    require.that(known, f"{path} is damaged: {name} needs dtype, shape and data_offsets; found {entry}")
    kind, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    whole = _are_sizes(shape) and _are_sizes(offsets) and len(offsets) == 2
    require.that(whole, f"{path} is damaged: {name} has the shape {shape} and data_offsets {offsets}")
    require.that(str(kind) in TYPES, f"{path}: {name} must have one of the types {', '.join(TYPES)}; found {kind}")
    needed, found = math.prod(shape) * np.dtype(TYPES[kind]).itemsize, offsets[1] - offsets[0]
    require.that(needed == found, f"{path} is damaged: {name} has {found} bytes, but {kind} {shape} needs {needed}")
    return Place(name, kind, tuple(shape), *offsets)


def _are_sizes(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is int and 0 <= value < 2**48 for value in values)


def _array(path: Path, file: BinaryIO, place: Place) -> np.ndarray:
    """Read the next tensor of a file."""
    dtype = np.dtype(TYPES[place.kind])
    values = np.fromfile(file, dtype, math.prod(place.shape))
    if place.kind == "BF16":
        values = (values.astype(np.uint32) << 16).view(np.float32)
    else:
        converted = {"F16": np.dtype(np.float32), "BOOL": np.dtype(bool)}.get(place.kind, dtype.newbyteorder("="))
        values = values.astype(converted, copy=False)
    try:
        return values.reshape(place.shape)
    except ValueError as error:  # too many axes, or an axis of length 0 beside huge ones
        raise ValueError(f"{path}: {place.name} has the shape {list(place.shape)}: {error}") from None
