"""Each reference answer of unit 2 equals the library's function for the same mathematics."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.decomposition import nmf, pca, projection, signs, spectral, svd, whitening
from solutions import unit02


@pytest.fixture
def x(key):
    return jax.random.normal(key, (15, 4)) * jnp.array([4.0, 2.0, 1.0, 0.5]) + 3


def test_center_and_covariance(x):
    np.testing.assert_allclose(unit02.center(x), x - pca.fit(x, n_components=1).mean, atol=1e-6)
    np.testing.assert_allclose(unit02.covariance(x), spectral.covariance(x), rtol=1e-5, atol=1e-6)


def test_project(key):
    a, y = jax.random.normal(key, (6, 3)), jnp.arange(6.0)
    np.testing.assert_allclose(unit02.project(a, y), projection.project(a, y), atol=1e-4)


@pytest.mark.parametrize("k", [1, 3])
def test_principal_directions(x, k):
    found = unit02.principal_directions(x, k)
    pinned = found * signs.of_rows(found)[:, None]
    np.testing.assert_allclose(pinned, pca.fit(x, n_components=k).components, atol=1e-4)


def test_explained_variance_ratio(x):
    np.testing.assert_allclose(unit02.explained_variance_ratio(x), pca.fit(x, n_components=4).variance_ratio, atol=1e-5)


@pytest.mark.parametrize("k", [1, 3])
def test_low_rank(x, k):
    np.testing.assert_allclose(unit02.low_rank(x, k), svd.low_rank(x, n_components=k), atol=1e-4)


def test_nmf_update(key):
    of_x, of_w, of_h = jax.random.split(key, 3)
    x = jax.random.uniform(of_x, (6, 5))
    w, h = jax.random.uniform(of_w, (6, 2)), jax.random.uniform(of_h, (2, 5))
    found, expected = unit02.nmf_update(x, w, h), nmf.step(nmf.Factors(w, h), x, solver="mu")
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_whiten(x):
    expected = whitening.transform(whitening.fit(x, kind="zca"), x)
    np.testing.assert_allclose(unit02.whiten(x), expected, atol=1e-4)
