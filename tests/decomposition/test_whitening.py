import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
from sklearn.decomposition import PCA

from mfml.decomposition import spectral, whitening


@pytest.fixture
def x(key):
    return jax.random.normal(key, (300, 3)) @ jnp.array([[2.0, 1.0, 0.0], [0.0, 1.0, -0.5], [0.0, 0.0, 0.3]]) + 4


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("kind", whitening.KINDS)
def test_whitened_data_have_unit_covariance(x, kind, ddof):
    model = whitening.fit(x, kind=kind, ddof=ddof)
    z = whitening.transform(model, x)
    np.testing.assert_allclose(spectral.covariance(z, ddof=ddof), np.eye(3), atol=1e-4)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(whitening.inverse_transform(model, z), x, atol=1e-4)
    np.testing.assert_allclose(model.matrix @ model.inverse, np.eye(3), atol=1e-4)


def test_pca_whitening_is_that_of_scikit_learn_up_to_sign(x):
    ours = whitening.transform(whitening.fit(x, kind="pca"), x)
    theirs = PCA(whiten=True).fit_transform(x)
    np.testing.assert_allclose(jnp.abs(ours), np.abs(theirs), atol=2e-3)


def test_zca_is_the_inverse_root_of_the_covariance(x):
    s = spectral.covariance(x)
    np.testing.assert_allclose(
        whitening.fit(x, kind="zca").matrix, np.linalg.inv(scipy.linalg.sqrtm(np.asarray(s))), rtol=1e-3, atol=1e-3
    )


def test_zca_moves_the_data_least(x):
    """Of all whitenings it has the smallest mean squared distance to the centered data."""
    centered = x - x.mean(axis=0)
    moved = {m: ((whitening.transform(whitening.fit(x, kind=m), x) - centered) ** 2).mean() for m in whitening.KINDS}
    assert moved["zca"] < min(moved["pca"], moved["cholesky"])


def test_cholesky_matrix_is_triangular_and_clears_features_in_order(x):
    model = whitening.fit(x, kind="cholesky")
    np.testing.assert_array_equal(jnp.triu(model.matrix, 1), 0)
    z = whitening.transform(model, x)
    np.testing.assert_allclose(z[:, 0], (x[:, 0] - x[:, 0].mean()) / x[:, 0].std(ddof=1), atol=1e-4)


@pytest.mark.parametrize("kind", whitening.KINDS)
def test_all_whitenings_differ_by_a_rotation_only(x, kind):
    w, reference = whitening.fit(x, kind=kind).matrix, whitening.fit(x, kind="pca").matrix
    rotation = w @ np.linalg.inv(reference)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-3)


@pytest.mark.parametrize("kind", whitening.KINDS)
def test_epsilon_tames_a_singular_covariance(kind):
    x = jnp.array([[1.0, 0.0], [-1.0, 0.0], [2.0, 0.0]])
    assert not np.isfinite(whitening.fit(x, kind=kind).matrix).all()
    tamed = whitening.fit(x, kind=kind, epsilon=0.1)
    assert np.isfinite(tamed.matrix).all()
    z = whitening.transform(tamed, x)
    assert (jnp.diag(spectral.covariance(z)) <= 1).all()


def test_wrong_arguments_are_named(unchecked):
    with pytest.raises(ValueError, match="kind must be one of 'pca', 'zca', 'cholesky'; found 'ica'"):
        whitening.fit(jnp.ones((5, 2)), kind="ica")
    with pytest.raises(ValueError, match="epsilon"):
        whitening.fit(jnp.ones((5, 2)), epsilon=-1.0)
    model = whitening.Whitening(jnp.zeros(2), jnp.eye(2), jnp.eye(2))
    for function in (whitening.transform, whitening.inverse_transform):
        with pytest.raises(ValueError, match="columns, as in the fit of the model"):
            function(model, jnp.ones((5, 3)))


@pytest.mark.parametrize("kind", whitening.KINDS)
def test_whitening_far_from_the_origin(key, kind):
    x = jnp.round(jax.random.normal(key, (300, 2)) * 8) / 8
    np.testing.assert_allclose(
        whitening.fit(x + 2.0**20, kind=kind).matrix, whitening.fit(x, kind=kind).matrix, rtol=1e-3, atol=1e-4
    )
