"""Saves a pytree and reads it back to the same bits, or refuses it.

A file is an `.npz` archive. It holds one array for each leaf and, as JSON, where each leaf stands, its dtype and, for
keys, their kind. Text and Python numbers stand in the JSON itself. The archive's comment is the SHA-256 of all bytes
before it, so damage to any bit is found. No code is stored and none is run when it is read, so a file from a stranger
is harmless; but the structure must be known: `load` fills a tree of the same shape, mostly a freshly initialized one.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from mfml.entrance import public
from mfml.files import write_whole

VERSION = 2
STRUCTURE = "structure.json"
PYTHON = (bool, int, float, str)  # types of leaves that JSON holds exactly
DIGEST = 64  # bytes of the checksum
END = b"PK\5\6"  # begins the last record of an archive


@public
def save(path: str | Path, tree: PyTree) -> None:
    """Write a pytree, whole or not at all: a crash leaves the older file as it was.

    Leaves are arrays of JAX or NumPy, keys, Python numbers and text. `load` returns arrays as JAX arrays.

    Raises:
        ValueError: a leaf that would not be read back to the same bits: another type, or an array whose dtype JAX
            does not keep, such as float64 and int64 without `jax_enable_x64`. Nothing is written then.
        OSError: the file cannot be written.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "weights.npz"
    >>> save(file, {"w": jnp.array([1.0, 2.0]), "key": jax.random.key(0), "name": "first"})
    >>> load(file, {"w": jnp.zeros(2), "key": jax.random.key(1), "name": ""})["w"].tolist()
    [1.0, 2.0]
    """
    records, arrays = [], {}
    for number, (where, leaf) in enumerate(jax.tree.leaves_with_path(tree)):
        name = jax.tree_util.keystr(where)
        record, array = _describe(name, leaf)
        if array is None:
            record["value"] = leaf
        else:
            arrays[f"{number}"] = array
        records.append({"path": name, **record})
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(STRUCTURE, json.dumps({"version": VERSION, "leaves": records}, indent=1))
        archive.comment = bytes(DIGEST)
    content = buffer.getvalue()[:-DIGEST]
    write_whole(Path(path), content + _digest(content))


@public
def load(path: str | Path, like: PyTree) -> PyTree:
    """Read a pytree that `save` wrote, into the structure of `like`, whose values do not matter.

    Raises:
        ValueError: the file is damaged or no checkpoint, or its leaves are not those of `like`: the message
            names the first that differs. Damage to any bit is found. Files of version 0.1.0 have no checksum, so
            there some damage is not.
        FileNotFoundError: there is no such file.
    """
    path = Path(path)
    content = path.read_bytes()
    unsigned = content[-22:-18] == END and content[-2:] == b"\0\0"  # an archive without a comment: of version 0.1.0
    if not unsigned and _digest(content[:-DIGEST]) != content[-DIGEST:]:
        raise ValueError(f"{path} is damaged or no checkpoint: its checksum is wrong")
    records, stored = _read(path, content)
    expected = jax.tree.leaves_with_path(like)
    if len(records) != len(expected):
        raise ValueError(f"{path} has {len(records)} leaves, but {len(expected)} are needed")
    leaves = [
        _restore(path, record, array, jax.tree_util.keystr(where), leaf)
        for record, array, (where, leaf) in zip(records, stored, expected, strict=True)
    ]
    return jax.tree.unflatten(jax.tree.structure(like), leaves)


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()


def _read(path: Path, content: bytes) -> tuple[list[dict[str, Any]], list[np.ndarray | None]]:
    """What is noted of each leaf, and its array, None for text and Python numbers."""
    file = io.BytesIO(content)
    try:
        with zipfile.ZipFile(file) as archive:
            structure = json.loads(archive.read(STRUCTURE))
        if structure.get("version", 1) > VERSION:
            raise ValueError("a later version of mfml wrote it")
        records = structure["leaves"]
        file.seek(0)
        with np.load(file, allow_pickle=False) as archive:
            return records, [None if "python" in one else archive[f"{i}"] for i, one in enumerate(records)]
    except (KeyError, ValueError, zipfile.BadZipFile, EOFError) as error:
        raise ValueError(f"{path} is damaged or no checkpoint: {error}") from None


def _is_array(leaf: Any) -> bool:
    plain = isinstance(leaf, jax.Array | np.ndarray | np.generic)
    return plain and not isinstance(leaf, np.ma.MaskedArray)


def _is_key(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _describe(name: str, leaf: Any) -> tuple[dict[str, Any], np.ndarray | None]:
    """What is noted of a leaf, and the array that stands for it in the file; ValueError if it would change."""
    name = name or "the tree"
    if type(leaf) in PYTHON:
        return {"python": type(leaf).__name__}, None
    if not _is_array(leaf):
        kinds = "an array, a key, a Python number or text"
        raise ValueError(f"{name} must be {kinds} to be saved and loaded; found {type(leaf).__name__}")
    kind = str(jax.random.key_impl(leaf)) if _is_key(leaf) else None
    array = np.asarray(jax.random.key_data(leaf) if kind else leaf)
    if not _kept(array.dtype):
        needed = "convert it, or set jax_enable_x64" if array.dtype.itemsize >= 8 else "convert it"
        raise ValueError(f"{name} has the dtype {array.dtype}, which JAX would change or refuse: {needed}")
    record = {"dtype": array.dtype.name, "shape": list(array.shape), "key": kind}
    if array.dtype.kind == "V":  # bfloat16 and its like, which the format does not know
        array = array.view(f"u{array.dtype.itemsize}")
    return record, array


def _kept(dtype: np.dtype) -> bool:
    """Whether JAX holds arrays of this dtype, as it is now set."""
    try:
        return jnp.asarray(np.empty(0, dtype)).dtype == dtype
    except TypeError:
        return False


def _restore(path: Path, record: dict[str, Any], array: np.ndarray | None, where: str, like: Any) -> Any:
    """Turn what was stored into the leaf that it was; ValueError where `like` has another there."""
    needed, _ = _describe(where, like)
    found = {name: value for name, value in record.items() if name not in ("path", "value")}
    if record["path"] != where or found != needed:
        raise ValueError(f"{path} does not fit: it has {record['path']} {found}, but {where} {needed} is needed")
    if array is None:
        return record["value"]
    values = jnp.asarray(array.view(jnp.dtype(record["dtype"])))
    return jax.random.wrap_key_data(values, impl=record["key"]) if record["key"] else values
