"""Saves a pytree of arrays and reads it back to the same bits.

A file holds one array for each leaf and, as JSON, where each leaf stands, its dtype and, for keys, their kind. No
code is stored and none is run when it is read, so a file from a stranger is harmless; but the structure must be
known: `load` fills a tree of the same shape, mostly a freshly initialized one.
"""

from __future__ import annotations

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

VERSION = 1
STRUCTURE = "structure.json"


@public
def save(path: str | Path, tree: PyTree) -> None:
    """Write a pytree of arrays, whole or not at all: a crash leaves the older file as it was.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "weights.npz"
    >>> save(file, {"w": jnp.array([1.0, 2.0]), "key": jax.random.key(0)})
    >>> load(file, {"w": jnp.zeros(2), "key": jax.random.key(1)})["w"].tolist()
    [1.0, 2.0]
    """
    records, arrays = [], {}
    for number, (where, leaf) in enumerate(jax.tree.leaves_with_path(tree)):
        record, arrays[f"{number}"] = _describe(leaf)
        records.append({"path": jax.tree_util.keystr(where), **record})
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(STRUCTURE, json.dumps({"version": VERSION, "leaves": records}, indent=1))
    write_whole(Path(path), buffer.getvalue())


@public
def load(path: str | Path, like: PyTree) -> PyTree:
    """Read a pytree that `save` wrote, into the structure of `like`, whose values do not matter.

    Raises:
        ValueError: the file is damaged or no checkpoint, or its leaves are not those of `like`: the message
            names the first that differs.
        FileNotFoundError: there is no such file.
    """
    path = Path(path)
    content = io.BytesIO(path.read_bytes())
    try:
        with zipfile.ZipFile(content) as archive:
            records = json.loads(archive.read(STRUCTURE))["leaves"]
        content.seek(0)
        with np.load(content, allow_pickle=False) as file:
            stored = [file[f"{number}"] for number in range(len(records))]
    except (KeyError, ValueError, zipfile.BadZipFile, EOFError) as error:
        raise ValueError(f"{path} is damaged or no checkpoint: {error}") from None
    expected = jax.tree.leaves_with_path(like)
    if len(records) != len(expected):
        raise ValueError(f"{path} has {len(records)} arrays, but {len(expected)} are needed")
    leaves = [
        _restore(path, record, array, jax.tree_util.keystr(where), leaf)
        for record, array, (where, leaf) in zip(records, stored, expected, strict=True)
    ]
    return jax.tree.unflatten(jax.tree.structure(like), leaves)


def _is_key(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _describe(leaf: Any) -> tuple[dict[str, Any], np.ndarray]:
    """What is noted of a leaf, and the array that stands for it in the file."""
    kind = str(jax.random.key_impl(leaf)) if _is_key(leaf) else None
    array = np.asarray(jax.random.key_data(leaf) if kind else leaf)
    record = {"dtype": array.dtype.name, "shape": list(array.shape), "key": kind}
    if array.dtype.kind == "V":  # bfloat16 and its like, which the format does not know
        array = array.view(f"u{array.dtype.itemsize}")
    return record, array


def _restore(path: Path, record: dict[str, Any], array: np.ndarray, where: str, like: Any) -> Any:
    """Turn a stored array into the leaf that it was; ValueError where `like` has another there."""
    needed, _ = _describe(like)
    found = {name: record[name] for name in needed}
    if record["path"] != where or found != needed:
        raise ValueError(f"{path} does not fit: it has {record['path']} {found}, but {where} {needed} is needed")
    values = jnp.asarray(array.view(jnp.dtype(record["dtype"])))
    return jax.random.wrap_key_data(values, impl=record["key"]) if record["key"] else values
