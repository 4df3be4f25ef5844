r"""Learned positions of a grid of patches, brought to another grid: cubic interpolation as PyTorch does it.

Models on disk were trained with one of its two kernels, which differ by more than a tenth of a position's size.
"""

from functools import partial

import jax
import numpy as np
from jaxtyping import Array, Float

from mfml import require
from mfml.entrance import public


@public
@partial(jax.jit, static_argnames=("size", "antialias"))
def resize(table: Float[Array, "r c d"], size: tuple[int, int], *, antialias: bool = False) -> Float[Array, "r2 c2 d"]:
    r"""Interpolate a grid of vectors to `size` rows and columns.

    Cell i of n has its center at $(i + \frac12) / n$. Each new vector is a mix of neighbors along both axes, with
    Keys' kernel:

    - without antialias $a = -\frac34$ and four neighbors, of which those beyond the edge repeat it (ViT, DINOv2, CLIP);
    - with antialias $a = -\frac12$, and a wider kernel where the grid shrinks. Neighbors beyond the edge are left out,
      and the others' weights grow in proportion (DINOv2 with registers).

    Args:
        table: vectors of all cells.
        size: new numbers of rows and columns; static.
        antialias: which of both; static.

    Raises:
        ValueError: unless the table has three axes and all sizes are positive.

    Source: Keys (1981), equations 4 and 8.

    >>> import jax.numpy as jnp
    >>> resize(jnp.array([[[0.0], [1.0]]]), (1, 2)).tolist()
    [[[0.0], [1.0]]]
    >>> resize(jnp.array([[[0.0], [1.0]]]), (1, 4))[0, :, 0].round(3).tolist()
    [-0.105..., 0.227..., 0.773..., 1.105...]
    """
    require.rank("table", table, 3)
    whole = isinstance(size, tuple) and len(size) == 2 and all(type(n) is int for n in size)
    require.that(whole, f"size must be two whole numbers, of rows and columns; found {size!r}")
    require.that(min(*table.shape[:2], *size) > 0, f"grids must not be empty; found {table.shape[:2]} and {size}")
    make = _antialiased if antialias else _plain
    rows, columns = (make(*pair).astype(table.dtype) for pair in zip(table.shape[:2], size, strict=True))
    return jax.numpy.einsum("ir,jc,rcd->ijd", rows, columns, table)


def _plain(n: int, m: int) -> Float[np.ndarray, "m n"]:
    """Weights of n cells in m new ones; neighbors beyond the edge are the edge."""
    place = (np.arange(m) + 0.5) * n / m - 0.5
    first = np.floor(place).astype(int)
    weights = np.zeros((m, n))
    for step in range(-1, 3):
        near = first + step
        np.add.at(weights, (np.arange(m), np.clip(near, 0, n - 1)), _kernel(place - near, -0.75))
    return weights


def _antialiased(n: int, m: int) -> Float[np.ndarray, "m n"]:
    """Weights of n cells in m new ones; the kernel is as wide as a new cell, if that is wider."""
    stretch = max(n / m, 1.0)
    distance = ((np.arange(m) + 0.5) * n / m)[:, None] - (np.arange(n) + 0.5)
    weights = _kernel(distance / stretch, -0.5)
    return weights / weights.sum(axis=1, keepdims=True)


def _kernel(x: Float[np.ndarray, "..."], a: float) -> Float[np.ndarray, "..."]:
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = a * (((x - 5) * x + 8) * x - 4)
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))
