"""Fashion-MNIST: pieces of clothing as 28x28 gray images with labels, made as a harder replacement for the digits."""

from pathlib import Path

from jaxtyping import Array, Key

from mfml import require
from mfml.data import idx
from mfml.data.card import Card, Quantity
from mfml.data.mnist import Images, locate, read

LABELS = (
    "T-shirt",
    "trousers",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)
FILES = idx.Files(
    name="Fashion-MNIST",
    addresses=(
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    ),
    checksums={
        "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    },
)
NOTES = {
    "train": "60000 photographs from a shop's catalog, 6000 of each kind.",
    "test": "10000 photographs, 1000 of each kind.",
}


def load(
    *,
    key: Key[Array, ""] | None = None,
    source: str = "auto",
    subset: str = "train",
    folder: str | Path | None = None,
) -> tuple[Images, Card]:
    """Return the images of a subset, and their card; `LABELS` names what the labels mean.

    `subset`: "train" (60000 images) or "test" (10000). `folder`: where the four files are, packed or not. Without
    one, an earlier download is used, or they are downloaded (31 MB). There is no simulator: `source`
    "auto" and "real" are the same, and no key is needed.

    Raises:
        ValueError: another subset or source, a damaged file.
        FileNotFoundError: the folder lacks a file.
        RuntimeError: the download failed.
    """
    del key
    require.that(source != "simulated", "there is no simulator of clothing: use source='real' or 'auto'")
    require.one_of("source", source, ("auto", "real"))
    require.one_of("subset", subset, idx.STEMS)
    paths = locate(FILES, subset, folder) or idx.fetch(FILES, subset, idx.cache_folder("fashion_mnist"))
    data = read(paths)
    return data, Card(
        name="fashion_mnist",
        quantities={
            "images": Quantity("image", "1", "gray value, 0 background to 1"),
            "labels": Quantity("class", "1", "kind of clothing: 0 to 9, named in LABELS"),
        },
        source=FILES.name,
        license="MIT",
        reference="Xiao, Rasul and Vollgraf, Fashion-MNIST, arXiv:1708.07747 (2017)",
        n_samples=len(data.labels),
        notes=NOTES[subset],
    )
