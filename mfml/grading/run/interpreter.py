"""How to start Python on a module of this mfml, whatever lies in the current folder or is installed besides."""

from __future__ import annotations

import sys
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[2]
# `python -m` would look in the current folder first, where a student may keep a `random.py`.
_START = """
import importlib.util, runpy, sys
spec = importlib.util.spec_from_file_location("mfml", sys.argv.pop(1))
sys.modules["mfml"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["mfml"])
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""


def command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of this mfml as a program."""
    return [sys.executable, "-P", "-c", _START, str(_PACKAGE / "__init__.py"), module, *arguments]
