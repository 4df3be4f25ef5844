import jax.numpy as jnp
import numpy as np
import pytest

from mfml.data import elements


@pytest.fixture(scope="module")
def table():
    return elements.load(source="table")[0]


def test_known_facts(table):
    row = {elements.SYMBOLS[int(z)]: i for i, z in enumerate(table.atomic_number)}
    assert len(row) == len(table.group) == 38
    assert table.electronegativity.argmax() == row["F"]
    assert table.ionization_energy.argmax() == row["F"]
    assert table.electron_affinity.argmax() == row["Cl"]
    assert table.radius.argmax() == row["Fr"]
    assert table.radius.argmin() == row["H"]
    # hydrogen: the Rydberg energy with the reduced mass, 13.598 eV
    assert float(table.ionization_energy[row["H"]]) == pytest.approx(13.598434 * 96.485332, abs=0.05)


def test_groups_follow_from_atomic_numbers(table):
    noble = np.array([0, 2, 10, 18, 36, 54, 86])
    for z, group in zip(table.atomic_number.tolist(), table.group.tolist(), strict=True):
        after = z - noble[noble < z].max()
        length = np.diff(np.append(noble, 118))[np.sum(noble < z) - 1]
        assert group == (after if after <= 2 else after + 18 - length)


def test_metals_give_electrons_more_easily(table):
    metal = np.asarray(table.metallic) == 1
    assert metal.sum() == 22
    for values in (table.electronegativity, table.ionization_energy):
        assert values[metal].mean() < 0.75 * values[~metal].mean()
        assert values[metal].max() > values[~metal].min(), "no single property separates them"


def test_within_a_group_ionization_falls_and_radius_grows(table):
    for group in (1, 2, 16, 17):
        mine = (np.asarray(table.group) == group) & (np.asarray(table.metallic) == (group < 3))
        order = np.argsort(np.asarray(table.atomic_number)[mine])
        assert (np.diff(np.asarray(table.radius)[mine][order]) > 0).all()
        assert (np.diff(np.asarray(table.ionization_energy)[mine][order])[:3] < 0).all()


def test_no_key_is_needed_and_sources_are_checked():
    assert elements.load(source="table")[1].source == "table"
    with pytest.raises(ValueError, match="source must be one of"):
        elements.load(source="simulated")


def test_double_precision(x64):
    assert elements.load(source="table")[0].radius.dtype == jnp.float64
