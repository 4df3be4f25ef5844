"""Reads and fetches the files of MNIST and similar data sets: the IDX format, packed by gzip or not.

A file begins with two zero bytes, the type of its numbers, the number of axes and their lengths (big-endian).
Source: LeCun, Cortes and Burges (1998), the MNIST database of handwritten digits.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import struct
import urllib.request
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mfml import require
from mfml.files import write_whole

TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
STEMS = {"train": "train", "test": "t10k"}
TIMEOUT = 30  # seconds


class Files(NamedTuple):
    """Where a data set comes from."""

    name: str
    addresses: tuple[str, ...]  # folders that hold the files; the first that answers is taken
    checksums: dict[str, str]  # MD5 of each packed file, as its authors publish it


def file_names(subset: str) -> tuple[str, str]:
    """Return the names of a subset's packed images and labels.

    >>> file_names("test")
    ('t10k-images-idx3-ubyte.gz', 't10k-labels-idx1-ubyte.gz')
    """
    require.one_of("subset", subset, STEMS)
    return f"{STEMS[subset]}-images-idx3-ubyte.gz", f"{STEMS[subset]}-labels-idx1-ubyte.gz"


def read(path: str | Path) -> np.ndarray:
    """Read one file; names that end in .gz are unpacked. Numbers keep their type.

    Raises:
        ValueError: the file is not an IDX file, or its length differs from what its header says.
        FileNotFoundError: the file does not exist.
    """
    path = Path(path)
    content = path.read_bytes()
    try:
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        zeros, kind, n_axes = struct.unpack_from(">HBB", content)
        shape = struct.unpack_from(f">{n_axes}I", content, 4)
        require.that(zeros == 0 and kind in TYPES and n_axes > 0, "it does not begin as an IDX file does")
        dtype = np.dtype(TYPES[kind])
        found, needed = len(content) - 4 - 4 * n_axes, int(np.prod(shape, dtype=object)) * dtype.itemsize
        require.that(found == needed, f"its header announces {needed} bytes of numbers; found {found}")
    except (struct.error, zlib.error, EOFError, OSError, ValueError) as error:
        raise ValueError(f"{path} is damaged: {error}") from None
    return np.frombuffer(content, dtype, offset=4 + 4 * n_axes).reshape(shape)


def cache_folder(name: str) -> Path:
    """Return where downloads of a data set are kept: below MFML_DATA if set, otherwise in the user's cache."""
    given = os.environ.get("MFML_DATA")
    base = Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mfml"
    return base / name


def find(subset: str, folders: Sequence[Path]) -> tuple[Path, Path] | None:
    """Return the files of a subset in the first of these folders that has both, packed or not, or None."""
    for folder in folders:
        found = []
        for packed in file_names(subset):
            found += [path for path in (folder / packed, folder / packed.removesuffix(".gz")) if path.is_file()][:1]
        if len(found) == 2:
            return found[0], found[1]
    return None


def fetch(files: Files, subset: str, folder: Path) -> tuple[Path, Path]:
    """Download the files of a subset into a folder, unless they are there, and return their paths.

    A file is kept only if its checksum is right. It is written completely or not at all.

    Raises:
        RuntimeError: no address gave the right file, usually because there is no network; the message says what to do.
    """
    images, labels = (_fetch_one(files, name, folder) for name in file_names(subset))
    return images, labels


def _fetch_one(files: Files, name: str, folder: Path) -> Path:
    path, troubles = folder / name, []
    if path.is_file():
        return path
    for address in files.addresses:
        try:
            with urllib.request.urlopen(f"{address}/{name}", timeout=TIMEOUT) as answer:
                content = answer.read()
        except OSError as error:
            troubles.append(f"{address}: {error}")
            continue
        checksum = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if checksum == files.checksums[name]:
            write_whole(path, content)
            return path
        troubles.append(f"{address}: checksum {checksum} instead of {files.checksums[name]}")
    raise RuntimeError(
        f"{files.name} could not be downloaded. Without a network: get {', '.join(files.checksums)} on another "
        f"computer, put them into {folder} (or any folder, and pass folder=...), and try again. "
        f"What went wrong: {'; '.join(troubles)}"
    )


def labeled_images(paths: tuple[Path, Path]) -> tuple[np.ndarray, np.ndarray]:
    """Read gray images of 28x28 pixels and their labels, 0 to 9.

    Raises ValueError that names the file if they are of another kind, or if their numbers differ.
    """
    images, labels = read(paths[0]), read(paths[1])
    require.that(
        images.dtype == np.uint8 and images.ndim == 3 and images.shape[1:] == (28, 28),
        f"{paths[0]} must hold 28x28 images of bytes; found shape {images.shape}, {images.dtype}",
    )
    require.that(
        labels.dtype == np.uint8 and labels.shape == images.shape[:1] and bool((labels < 10).all()),
        f"{paths[1]} must hold {len(images)} labels from 0 to 9; found shape {labels.shape}, {labels.dtype}",
    )
    return images, labels
