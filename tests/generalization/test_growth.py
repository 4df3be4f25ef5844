"""Bins, histograms, and the growth of a tree from them."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.generalization import binning, growth

RNG = np.random.default_rng(4)
X = RNG.normal(size=(240, 4)).astype(np.float32)


def test_bins_say_the_same_as_edges():
    x = np.concatenate([np.round(X, 1), [[np.nan, np.inf, -np.inf, 0.0]]]).astype(np.float32)
    for max_bins in (5, 255):
        edges = binning.edges(jnp.asarray(x), max_bins=max_bins)
        bins = np.asarray(binning.transform(edges, jnp.asarray(x)))
        assert np.all(np.diff(np.nan_to_num(edges, posinf=1e9), axis=1) >= 0)
        for j in range(4):
            known = ~np.isnan(x[:, j])
            for i in range(max_bins - 1):
                np.testing.assert_array_equal(bins[j][known] <= i, x[known, j] <= float(edges[j, i]))
        assert bins[0, -1] == max_bins
    assert bins.dtype == np.uint8
    assert binning.transform(binning.edges(jnp.asarray(x), max_bins=300), jnp.asarray(x)).dtype == jnp.int32


def test_rare_values_get_edges_though_the_table_is_thinned_out():
    x = np.zeros(50, np.float32)
    x[[7, 8, 30]] = [1.0, 2.0, -np.nan]  # rows that linspace(0, 49, 5) leaves out
    wide = np.arange(50, dtype=np.float32)  # more values than bins: quantiles of the rows kept
    edges = np.asarray(binning.edges(jnp.asarray(np.stack([x, wide], axis=1)), max_bins=4, subsample=5))
    np.testing.assert_array_equal(edges[0], [0.5, 1.5, np.inf])
    assert binning.transform(jnp.asarray(edges), jnp.asarray(np.stack([x, wide], axis=1)))[0, 30] == 4
    assert np.isfinite(edges[1]).all()


def test_edges_of_signed_values_are_those_of_numpys_sort():
    x = RNG.normal(size=40).astype(np.float32)
    x[:4] = [np.inf, -np.inf, -0.0, 0.0]
    distinct = np.unique(x).astype(np.float64)
    edges = np.asarray(binning.edges(jnp.asarray(x)[:, None], max_bins=64))[0, :38]
    assert np.all((distinct[:-1] <= edges) & (edges < distinct[1:]))


def test_edges_move_with_the_values():
    slope = jax.jacobian(lambda x: binning.edges(x, max_bins=3)[0])(jnp.array([[5.0], [1.0], [2.0]]))
    np.testing.assert_allclose(slope[..., 0], [[0.0, 0.5, 0.5], [0.5, 0.0, 0.5]])


def test_quantile_bins_hold_about_as_many_samples_each():
    x = RNG.exponential(size=(3000, 1)).astype(np.float32)
    bins = binning.transform(binning.edges(jnp.asarray(x), max_bins=10), jnp.asarray(x))
    assert np.ptp(np.bincount(np.asarray(bins)[0])) <= 2
    thinned = binning.transform(binning.edges(jnp.asarray(x), max_bins=10, subsample=600), jnp.asarray(x))
    # an edge from 600 samples leaves a bin's share of 0.1 uncertain by sqrt(0.1 * 0.9 / 600)
    off = np.bincount(np.asarray(thinned)[0]) - 300
    assert np.abs(off).max() < 4 * 3000 * np.sqrt(0.09 / 600)


def test_histogram_equals_bincount():
    bins, node = RNG.integers(0, 9, (3, 500)), RNG.integers(0, 4, 500)
    statistics = RNG.normal(size=(3, 500)).astype(np.float32)
    found = growth.histogram(
        jnp.asarray(bins, jnp.uint8), jnp.asarray(node), jnp.asarray(statistics), n_nodes=4, n_bins=9
    )
    for c in range(3):
        for j in range(3):
            needed = np.bincount(node * 9 + bins[j], statistics[c], 36).reshape(4, 9)
            np.testing.assert_allclose(found[c, j], needed, atol=1e-4)


def test_subtraction_grows_the_same_tree():
    bins = jnp.asarray(RNG.integers(0, 20, (4, 501)), jnp.uint8)
    y = RNG.integers(-8, 9, 501) + np.asarray(bins[1], float)
    statistics = jnp.asarray(np.stack([y, np.ones(501)]), jnp.float32)  # whole numbers: sums are exact in the root
    none = jnp.array(0.0)
    limits = growth.Limits(none, none, none)
    grow = jax.jit(growth.grow, static_argnames=("n_bins", "max_depth", "subtract"))  # as in a fit; eagerly 10 s
    both = [grow(bins, statistics, limits, n_bins=21, max_depth=5, subtract=subtract) for subtract in (True, False)]
    chex.assert_trees_all_close(*both, rtol=4e-6)  # below the root, sums of deviations are rounded
    assert sum(int(split.made.sum()) for split in both[0].splits) > 20


@pytest.mark.parametrize("subtract", [False, True])
def test_without_missing_values_one_direction_is_enough(subtract):
    bins = jnp.asarray(RNG.integers(0, 20, (4, 501)), jnp.uint8)
    statistics = jnp.asarray(np.stack([RNG.normal(size=501), np.ones(501)]), jnp.float32)
    limits = growth.Limits(*3 * [jnp.array(0.0)])
    grow = jax.jit(growth.grow, static_argnames=("n_bins", "max_depth", "subtract", "missing"))
    options = {"n_bins": 21, "max_depth": 4, "subtract": subtract}
    both = [grow(bins, statistics, limits, missing=missing, **options) for missing in (True, False)]
    chex.assert_trees_all_close(*both, rtol=1e-6)
    assert sum(int(split.made.sum()) for split in both[0].splits) > 8


def test_data_of_another_width_are_refused(unchecked):
    with pytest.raises(ValueError, match="2 features"):
        binning.transform(jnp.ones((2, 4)), jnp.ones((3, 3)))
