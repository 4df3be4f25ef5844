"""The six levels, and cards as text."""

from importlib.util import find_spec

import jax

from mfml.data import alloys
from mfml.explain import semantics


def test_levels_name_modules_that_are_there():
    assert list(semantics.LEVELS) == ["E1", "E2", "E3", "E4", "E5", "E6"]
    names = [level.name for level in semantics.LEVELS.values()]
    assert names == ["data", "process", "feature", "model", "prediction", "decision"]
    for level in semantics.LEVELS.values():
        assert all(find_spec(f"mfml.{tool}") for tool in level.tools), level


def test_a_card_as_text_names_the_terms_of_arrays_and_of_columns():
    lines = semantics.describe(alloys.load(key=jax.random.key(0), n_samples=5)[1]).splitlines()
    assert lines[0] == "alloys: 5 samples, simulated, license MIT"
    columns = [line for line in lines if line.startswith("  ")]
    assert [line.split()[0] for line in columns] == list(alloys.FEATURES)
    assert columns[6].endswith("aging time: at 450 °C (aging time < processing)")
    assert lines[-2].endswith("yield strength (yield strength < strength < mechanical property < property)")
