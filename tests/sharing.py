"""Tests that use the same compiled programs run one after another in one process: `pytest -n 2 --dist loadgroup`.

Each process compiles for itself. Tests of one file call the same functions with the same shapes, and so do the tests
of the examples of one module. Tests of one sheet need the same answer key. Other tests at the top have little in common
with their neighbors and are spread evenly.
"""

from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parent


def group(item: pytest.Item) -> str | None:
    """Name the group of a test; None for one that may run in any process."""
    if item.get_closest_marker("xdist_group"):
        return None  # it has one
    if item.path.parent != TOP:
        return item.path.relative_to(TOP).as_posix()
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    if isinstance(parameters.get("unit"), int):
        return f"unit {parameters['unit']}"  # they need the same answer key, which takes long to seal
    return next((value.function.__module__ for value in parameters.values() if hasattr(value, "function")), None)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(config, items):
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        if name := group(item):
            item.add_marker(pytest.mark.xdist_group(name))
