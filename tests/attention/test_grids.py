"""Positions of patches on another grid: the cubic kernel of the paper, entry by entry."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.attention import grids


def kernel(t, a=-0.75):
    """Keys's cubic convolution as it is written in his paper."""
    t = abs(t)
    if t <= 1:
        return (a + 2) * t**3 - (a + 3) * t**2 + 1
    return a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a if t < 2 else 0.0


def one_axis(row, new):
    """Interpolate the entries of a row, those beyond the edges repeated."""
    padded, old = np.pad(row, 3, mode="edge"), len(row)
    places = [(i + 0.5) * old / new - 0.5 for i in range(new)]
    return [sum(kernel(p - cell) * padded[cell + 3] for cell in range(-3, old + 3)) for p in places]


@pytest.mark.parametrize("new", [(3, 4), (6, 8), (5, 7), (2, 3), (1, 1), (9, 2)])
def test_resize_equals_the_kernel_row_by_row(key, new):
    table = jax.random.normal(key, (12, 2))
    found = grids.resize(table.reshape(3, 4, 2), new).reshape(-1, 2)
    grid = np.asarray(table, float).reshape(3, 4, 2)
    needed = np.apply_along_axis(one_axis, 1, np.apply_along_axis(one_axis, 0, grid, new[0]), new[1])
    np.testing.assert_allclose(found, needed.reshape(-1, 2), atol=2e-6)
    if new == (3, 4):
        np.testing.assert_array_equal(found, table)


def test_resize_keeps_constants_and_lines():
    grid = np.add.outer(np.arange(8.0), 2 * np.arange(8.0)).reshape(-1, 1)
    found = np.asarray(grids.resize(grid.reshape(8, 8, 1), (16, 16)))[..., 0]
    np.testing.assert_allclose(np.diff(found[4:-4, 4:-4], axis=0), 0.5, atol=0.1)  # a = -0.75 is not exact on lines
    np.testing.assert_allclose(grids.resize(jnp.ones((2, 3, 1)), (5, 9)), 1, atol=1e-6)


def test_messages(unchecked):
    with pytest.raises(ValueError, match="table"):
        grids.resize(jnp.ones((6, 1)), (2, 2))
    with pytest.raises(ValueError, match=r"must not be empty; found \(2, 3\) and \(0, 2\)"):
        grids.resize(jnp.ones((2, 3, 1)), (0, 2))
