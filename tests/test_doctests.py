"""The examples in the library's docstrings."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PATHS = [path.relative_to(ROOT) for path in sorted((ROOT / "mfml").rglob("*.py"))]
MODULES = [
    pytest.param(
        ".".join(path.with_suffix("").parts).removesuffix(".__init__"), marks=pytest.mark.reaches(path.as_posix())
    )
    for path in PATHS
    if path.parts[1] != "grading" and path.stem != "__main__"
]


@pytest.mark.parametrize("name", MODULES)
def test_doctests(name):
    failed, _ = doctest.testmod(import_module(name), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert failed == 0
