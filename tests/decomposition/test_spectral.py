import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.spatial.distance
import scipy.stats

from mfml.decomposition import spectral


def symmetric(key, d=5):
    a = jax.random.normal(key, (d, d))
    return a + a.T


def correlated(key, n=200):
    x = jax.random.normal(key, (n, 3))
    return x @ jnp.array([[2.0, 1.0, 0.0], [0.0, 1.0, -0.5], [0.0, 0.0, 0.3]]) + jnp.array([1.0, -2.0, 30.0])


def test_eigenvalues_are_those_of_numpy_and_fall(key):
    a = symmetric(key)
    found = spectral.decompose(a)
    np.testing.assert_allclose(found.values, np.linalg.eigvalsh(a)[::-1], atol=1e-5)
    np.testing.assert_allclose(a @ found.vectors, found.vectors * found.values, atol=1e-5)
    np.testing.assert_allclose(found.vectors.T @ found.vectors, np.eye(5), atol=1e-5)
    np.testing.assert_allclose(spectral.reconstruct(found), a, atol=1e-5)


def test_signs_are_pinned(key):
    vectors = spectral.decompose(symmetric(key)).vectors
    largest = jnp.take_along_axis(vectors, jnp.abs(vectors).argmax(axis=0)[None], axis=0)
    assert (largest > 0).all()


def test_repeated_eigenvalues_span_the_right_subspace():
    rotation = np.linalg.qr(np.array([[1.0, 2.0, 3.0], [0.0, 1.0, 4.0], [5.0, 6.0, 0.0]]))[0]
    a = jnp.asarray(rotation @ np.diag([4.0, 4.0, 1.0]) @ rotation.T, jnp.float32)
    found = spectral.decompose(a)
    np.testing.assert_allclose(found.values, [4, 4, 1], atol=1e-5)
    pair = found.vectors[:, :2]
    np.testing.assert_allclose(pair @ pair.T, rotation[:, :2] @ rotation[:, :2].T, atol=1e-5)


def test_one_by_one():
    found = spectral.decompose(jnp.array([[-3.0]]))
    assert found.values.tolist() == [-3.0]
    assert found.vectors.tolist() == [[1.0]]


@pytest.mark.parametrize(
    ("a", "expected"),
    [
        ([[2.0, 1.0], [1.0, 2.0]], True),
        ([[1.0, 1.0], [1.0, 1.0]], True),
        ([[0.0, 0.0], [0.0, 0.0]], True),
        ([[1.0, 2.0], [2.0, 1.0]], False),
        ([[1.0, 1.0], [0.0, 1.0]], False),
        ([[-1.0, 0.0], [0.0, -1.0]], False),
        ([[np.nan, 0.0], [0.0, 1.0]], False),
        ([[1e-30, 0.0], [0.0, -1e-30]], False),
    ],
)
def test_is_psd(a, expected):
    assert bool(spectral.is_psd(jnp.array(a))) is expected


def test_every_gram_matrix_is_psd_up_to_rounding(key):
    thin = jax.random.normal(key, (50, 2, 40))
    assert jax.vmap(lambda a: spectral.is_psd(a.T @ a))(thin).all()


@pytest.mark.parametrize("ddof", [0, 1])
def test_covariance_is_that_of_numpy(key, ddof):
    x = correlated(key)
    np.testing.assert_allclose(
        spectral.covariance(x, ddof=ddof), np.cov(x, rowvar=False, ddof=ddof), rtol=1e-4, atol=1e-4
    )


def test_correlation_is_that_of_numpy(key):
    x = correlated(key)
    np.testing.assert_allclose(spectral.correlation(x), np.corrcoef(x, rowvar=False), atol=1e-5)
    constant = spectral.correlation(x.at[:, 1].set(4.0))
    assert np.isnan(constant[1]).all()
    np.testing.assert_allclose(constant[0, 0], 1, rtol=1e-6)


def test_covariance_transforms_with_the_data(key):
    x, a = correlated(key), jax.random.normal(key, (2, 3))
    np.testing.assert_allclose(spectral.covariance(x @ a.T + 5), a @ spectral.covariance(x) @ a.T, rtol=1e-3, atol=1e-3)


def test_covariance_of_data_far_from_the_origin_keeps_its_digits():
    """The textbook shortcut E[xx] - E[x]E[x] would lose all of them here."""
    x = jnp.array([[0.0], [1.0], [2.0]]) + 1e4
    np.testing.assert_allclose(spectral.covariance(x), [[1.0]], rtol=1e-5)


def test_ellipse_axes_and_outline(key):
    s = spectral.covariance(correlated(key))[:2, :2]
    axes = spectral.ellipse_axes(s, radius=2.0)
    mean = jnp.array([5.0, -3.0])
    tips = mean + axes.lengths[:, None] * axes.directions
    outline = spectral.ellipse_outline(mean, s, radius=2.0, n_points=60)
    np.testing.assert_allclose(spectral.mahalanobis(tips, mean, s), 2, rtol=1e-4)
    np.testing.assert_allclose(spectral.mahalanobis(outline, mean, s), 2, rtol=1e-4)
    np.testing.assert_allclose(outline[0], outline[-1], atol=1e-5)
    reach = jnp.linalg.norm(outline - mean, axis=1)
    np.testing.assert_allclose([reach.max(), reach.min()], axes.lengths, rtol=5e-3)


def test_ellipse_of_a_singular_covariance_is_flat():
    axes = spectral.ellipse_axes(jnp.array([[1.0, 1.0], [1.0, 1.0]]))
    np.testing.assert_allclose(axes.lengths, [2**0.5, 0], atol=1e-3)


@pytest.mark.parametrize("mass", [0.0, 0.393, 0.95])
def test_radius_of_mass_is_the_chi_square_quantile(key, mass):
    radius = spectral.radius_of_mass(mass)
    np.testing.assert_allclose(radius**2, scipy.stats.chi2(2).ppf(mass), rtol=1e-9, atol=1e-12)
    inside = jnp.linalg.norm(jax.random.normal(key, (4000, 2)), axis=1) <= radius
    assert abs(inside.mean() - mass) < 0.03


def test_mahalanobis_is_that_of_scipy(key):
    x = correlated(key, n=20)
    mean, s = x.mean(axis=0), spectral.covariance(x)
    expected = [scipy.spatial.distance.mahalanobis(row, mean, np.linalg.inv(s)) for row in x]
    np.testing.assert_allclose(spectral.mahalanobis(x, mean, s), expected, rtol=2e-3)
    np.testing.assert_allclose(spectral.mahalanobis(x, mean, jnp.eye(3)), jnp.linalg.norm(x - mean, axis=1), rtol=1e-4)


def test_mahalanobis_squared_averages_to_the_dimension(key):
    """With divisor n, the mean of the squared distances to the mean is d exactly."""
    x = correlated(key)
    d2 = spectral.mahalanobis(x, x.mean(axis=0), spectral.covariance(x, ddof=0)) ** 2
    np.testing.assert_allclose(d2.mean(), 3, rtol=1e-3)


def test_mahalanobis_is_nan_without_positive_definiteness():
    assert np.isnan(spectral.mahalanobis(jnp.ones((1, 2)), jnp.zeros(2), -jnp.eye(2))).all()


def test_wrong_shapes_are_named(unchecked):
    with pytest.raises(ValueError, match="square"):
        spectral.decompose(jnp.ones((2, 3)))
    with pytest.raises(ValueError, match="empty"):
        spectral.decompose(jnp.ones((0, 0)))
    with pytest.raises(ValueError, match="more than 1 samples; found shape"):
        spectral.covariance(jnp.ones((1, 3)))
    with pytest.raises(ValueError, match="2 axes"):
        spectral.covariance(jnp.ones(3))
    with pytest.raises(ValueError, match="agree in the number of features"):
        spectral.mahalanobis(jnp.ones((4, 2)), jnp.ones(3), jnp.eye(3))
    with pytest.raises(ValueError, match="radius must be positive"):
        spectral.ellipse_axes(jnp.eye(2), radius=0.0)
    with pytest.raises(ValueError, match="2 x 2; found"):
        spectral.ellipse_outline(jnp.zeros(3), jnp.eye(3))
    with pytest.raises(ValueError, match="n_points"):
        spectral.ellipse_outline(jnp.zeros(2), jnp.eye(2), n_points=1)
    with pytest.raises(ValueError, match="mass"):
        spectral.radius_of_mass(1.0)
