"""Sobol's sequence against scipy's, and what a scrambled one keeps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from mfml.numerics import sobol


def test_all_axes_are_those_of_scipy():
    theirs = scipy.stats.qmc.Sobol(sobol.MOST_AXES, scramble=False).random(512)
    np.testing.assert_array_equal(sobol.sequence(512, sobol.MOST_AXES) / 2**sobol.BITS, theirs)


def test_scrambled_points_stay_even():
    """One point in each of n slices of every axis, and one in each box of 8 x 32 of the first two."""
    keys = jax.random.split(jax.random.key(0), 2)
    found, other = (np.asarray(sobol.scrambled(256, 12, key=key)) for key in keys)
    assert (np.sort(np.floor(found * 256), axis=0) == np.arange(256)[:, None]).all()
    boxes = np.floor(found[:, 0] * 8) * 32 + np.floor(found[:, 1] * 32)
    assert len(np.unique(boxes)) == 256
    assert np.abs(found - other).min(axis=0).max() > 0
    shifted = np.asarray(sobol.sequence(256, 12) / 2**sobol.BITS)
    assert len(np.unique(np.floor(found * 2**20).astype(int) ^ np.floor(shifted * 2**20).astype(int))) > 12


def test_each_point_is_uniform():
    points = jax.vmap(lambda key: sobol.scrambled(3, 2, key=key))(jax.random.split(jax.random.key(1), 2000))
    points = np.asarray(points).reshape(2000, -1)
    for place in points.T:
        assert scipy.stats.kstest(place, "uniform").pvalue > 1e-3


def test_no_point_on_the_faces_of_the_cube():
    ends = jnp.array([[0, 2**sobol.BITS - 1]])
    found = np.asarray(sobol.in_cube(ends, jnp.float32))
    assert found.min() > 0
    assert found.max() < 1


def test_too_many_axes():
    with pytest.raises(ValueError, match="n_axes must be at most 40"):
        sobol.sequence(4, 41)
