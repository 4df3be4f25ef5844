"""The examples in the library's docstrings."""

import doctest
import pkgutil
from importlib import import_module

import pytest

import mfml

MODULES = [
    info.name
    for info in pkgutil.walk_packages(mfml.__path__, "mfml.")
    if not info.name.startswith("mfml.grading") and not info.name.endswith("__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_doctests(name):
    failed, _ = doctest.testmod(import_module(name), optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert failed == 0
