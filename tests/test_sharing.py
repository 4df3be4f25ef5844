"""Which tests run in one process."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import sharing

TOP = Path(__file__).resolve().parent


def item(file, *, mark=None, **parameters):
    return SimpleNamespace(
        path=TOP / file,
        get_closest_marker=lambda name: mark,
        callspec=SimpleNamespace(params=parameters),
    )


@pytest.mark.parametrize(
    ("file", "parameters", "group"),
    [
        ("risk/test_losses.py", {}, "risk/test_losses.py"),
        ("grading/key/test_seal.py", {"number": 3}, "grading/key/test_seal.py"),
        ("test_doctests.py", {"name": "mfml.risk"}, None),
        ("test_spellings.py", {"unit": 7}, "unit 7"),
        ("test_contract.py", {"example": SimpleNamespace(function=sharing.group)}, "tests.sharing"),
    ],
)
def test_a_file_or_the_module_of_an_example_is_a_group(file, parameters, group):
    assert sharing.group(item(file, **parameters)) == group


def test_a_group_of_its_own_stays():
    assert sharing.group(item("grading/test_commands.py", mark=pytest.mark.xdist_group("grading"))) is None
