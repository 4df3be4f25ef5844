import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from mfml.probability import gaussian
from mfml.probability.gaussian import Gaussian

D = 3


@pytest.fixture
def normal():
    root = np.random.default_rng(1).normal(size=(D, D))
    return Gaussian(jnp.array([1.0, -2.0, 0.5]), jnp.asarray(root @ root.T + 0.3 * np.eye(D), jnp.float32))


def test_density_equals_scipy(normal, key):
    x = 2 * jax.random.normal(key, (9, D))
    peer = stats.multivariate_normal(np.asarray(normal.mean, float), np.asarray(normal.covariance, float))
    np.testing.assert_allclose(gaussian.log_prob(normal, x), peer.logpdf(x), rtol=1e-4)


def test_mahalanobis_is_the_norm_of_whitened_coordinates(normal, key):
    x = jax.random.normal(key, (4, D))
    shift = np.asarray(x - normal.mean, float)
    expected = np.sqrt(np.sum(shift @ np.linalg.inv(np.asarray(normal.covariance, float)) * shift, axis=1))
    np.testing.assert_allclose(gaussian.mahalanobis(normal, x), expected, rtol=1e-4)


def test_moments_of_draws(normal, key):
    x = gaussian.sample(normal, key=key, n_samples=20_000)
    fitted = gaussian.fit(x)
    error = np.sqrt(np.diag(normal.covariance) / len(x))
    assert (np.abs(fitted.mean - normal.mean) < 5 * error).all()
    np.testing.assert_allclose(fitted.covariance, normal.covariance, atol=0.05 * float(normal.covariance.max()))


def test_fit_has_divisor_n(key):
    x = 100 + jax.random.normal(key, (7, D))
    np.testing.assert_allclose(gaussian.fit(x).covariance, np.cov(np.asarray(x, float).T, ddof=0), rtol=1e-3, atol=1e-5)


def test_joint_density_is_marginal_times_conditional(normal, key):
    x = jax.random.normal(key, (D,))
    part = gaussian.log_prob(gaussian.marginal(normal, keep=(2, 0)), x[jnp.array([2, 0])][None])
    rest = gaussian.log_prob(gaussian.conditional(normal, x[jnp.array([2, 0])], given=(2, 0)), x[1:2][None])
    np.testing.assert_allclose(part + rest, gaussian.log_prob(normal, x[None]), rtol=1e-4)


def test_conditional_is_regression_on_draws(normal, key):
    x = np.asarray(gaussian.sample(normal, key=key, n_samples=50_000), float)
    slope, constant = np.polyfit(x[:, 1], x[:, 0], 1)
    seen = gaussian.conditional(gaussian.marginal(normal, keep=(0, 1)), jnp.array([0.7]), given=(1,))
    np.testing.assert_allclose(seen.mean[0], constant + 0.7 * slope, atol=0.05)
    np.testing.assert_allclose(seen.covariance[0, 0], np.var(x[:, 0] - slope * x[:, 1]), rtol=0.05)


def test_affine_of_a_projection_is_the_marginal(normal):
    chosen = jnp.eye(D)[jnp.array([2, 0])]
    found = gaussian.affine(normal, chosen, jnp.zeros(2))
    expected = gaussian.marginal(normal, keep=(2, 0))
    np.testing.assert_allclose(found.covariance, expected.covariance, rtol=1e-5)
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-5)


def test_without_a_cholesky_factor_all_is_nan():
    flat = Gaussian(jnp.zeros(2), jnp.array([[1.0, 2.0], [2.0, 1.0]]))
    assert np.isnan(gaussian.log_prob(flat, jnp.zeros((1, 2)))).all()


@pytest.mark.parametrize("bad", [(0, 0), (3,), (), (-1,)])
def test_coordinates_that_do_not_fit(normal, bad):
    with pytest.raises(ValueError, match="different coordinates, from 0 to 2"):
        gaussian.marginal(normal, keep=bad)


def test_errors(normal, unchecked):
    with pytest.raises(ValueError, match="must leave a coordinate"):
        gaussian.conditional(normal, jnp.zeros(3), given=(0, 1, 2))
    with pytest.raises(ValueError, match="must be 1, one for each in given; found 2"):
        gaussian.conditional(normal, jnp.zeros(2), given=(0,))
    with pytest.raises(ValueError, match=r"x must have 3 columns.*\(4, 2\)"):
        gaussian.log_prob(normal, jnp.zeros((4, 2)))
    with pytest.raises(ValueError, match="n_samples must be positive"):
        gaussian.sample(normal, key=jax.random.key(0), n_samples=0)
    with pytest.raises(ValueError, match="at least one sample"):
        gaussian.fit(jnp.zeros((0, 2)))
    with pytest.raises(ValueError, match="square"):
        gaussian.sample(Gaussian(jnp.zeros(2), jnp.zeros((2, 3))), key=jax.random.key(0), n_samples=1)
