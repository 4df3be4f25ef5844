import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats
from sklearn.metrics import mutual_info_score

from mfml.probability import information
from mfml.probability.gaussian import Gaussian

WEIGHTS = st.lists(st.integers(0, 20), min_size=4, max_size=4).filter(any)


def normalized(weights):
    return jnp.asarray(np.array(weights, float) / sum(weights), jnp.float32)


@settings(deadline=None, max_examples=60)
@given(WEIGHTS, WEIGHTS)
def test_laws_of_the_divergence(first, second):
    p, q = normalized(first), normalized(second)
    divergence = information.kl(p, q)
    assert divergence >= -1e-6
    assert np.isinf(divergence) == bool(np.any((np.asarray(p) > 0) & (np.asarray(q) == 0)))
    np.testing.assert_allclose(divergence, special.rel_entr(np.asarray(p), np.asarray(q)).sum(), atol=2e-6)
    np.testing.assert_allclose(information.cross_entropy(p, q), information.entropy(p) + divergence, atol=2e-6)
    both = information.jensen_shannon(p, q)
    np.testing.assert_allclose(both, information.jensen_shannon(q, p), atol=1e-6)
    assert -1e-6 <= both <= np.log(2) + 1e-6


def test_entropy_equals_scipy_also_for_impossible_outcomes():
    p = jnp.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])
    np.testing.assert_allclose(information.entropy(p), stats.entropy(np.asarray(p), axis=1), atol=1e-6)
    assert np.isfinite(jax.grad(lambda p: information.entropy(p).sum())(p)).all()


def test_certain_and_wrong_costs_without_bound_and_agreement_nothing():
    sure = jnp.array([1.0, 0.0])
    assert information.kl(sure, sure[::-1]) == jnp.inf
    assert information.kl(sure, sure) == 0


def test_mutual_information_equals_scikit_learn():
    table = np.array([[3, 1, 0], [2, 5, 4]])
    joint = jnp.asarray(table / table.sum(), jnp.float32)
    expected = mutual_info_score(None, None, contingency=table)
    np.testing.assert_allclose(information.mutual_information(joint), expected, rtol=1e-4)
    independent = jnp.outer(joint.sum(axis=1), joint.sum(axis=0))
    np.testing.assert_allclose(information.mutual_information(independent), 0, atol=1e-6)


def test_gaussian_divergence_is_the_integral(x64):
    p, q = stats.norm(0.3, 0.7), stats.norm(-0.5, 1.4)
    expected, _ = integrate.quad(lambda x: p.pdf(x) * (p.logpdf(x) - q.logpdf(x)), -8, 8)
    first = Gaussian(jnp.array([0.3]), jnp.array([[0.49]]))
    second = Gaussian(jnp.array([-0.5]), jnp.array([[1.96]]))
    np.testing.assert_allclose(information.gaussian_kl(first, second), expected, rtol=1e-9)
    crossed, _ = integrate.quad(lambda x: -p.pdf(x) * q.logpdf(x), -8, 8)
    np.testing.assert_allclose(information.gaussian_cross_entropy(first, second), crossed, rtol=1e-9)


def test_gaussian_divergence_in_the_plane_is_the_integral_on_a_grid(x64):
    mean_p, mean_q = np.array([0.2, -0.3]), np.array([-0.4, 0.5])
    cov_p, cov_q = np.array([[0.8, 0.3], [0.3, 0.6]]), np.array([[1.5, -0.4], [-0.4, 1.0]])
    axis = np.linspace(-8, 8, 401)
    mesh = np.stack(np.meshgrid(axis, axis), axis=-1)
    log_p = stats.multivariate_normal(mean_p, cov_p).logpdf(mesh)
    log_q = stats.multivariate_normal(mean_q, cov_q).logpdf(mesh)
    expected = np.sum(np.exp(log_p) * (log_p - log_q)) * (axis[1] - axis[0]) ** 2
    p, q = Gaussian(jnp.asarray(mean_p), jnp.asarray(cov_p)), Gaussian(jnp.asarray(mean_q), jnp.asarray(cov_q))
    np.testing.assert_allclose(information.gaussian_kl(p, q), expected, rtol=1e-8)
    np.testing.assert_allclose(information.gaussian_entropy(p), stats.multivariate_normal(mean_p, cov_p).entropy())


def test_divergence_does_not_depend_on_the_units_but_entropy_does():
    p, q = Gaussian(jnp.ones(2), jnp.diag(jnp.array([1.0, 2.0]))), Gaussian(jnp.zeros(2), jnp.eye(2))
    big = [Gaussian(1000 * one.mean, 1e6 * one.covariance) for one in (p, q)]
    np.testing.assert_allclose(information.gaussian_kl(*big), information.gaussian_kl(p, q), rtol=1e-5)
    grown = information.gaussian_entropy(big[0]) - information.gaussian_entropy(p)
    np.testing.assert_allclose(grown, 2 * np.log(1000), rtol=1e-5)


def test_gaussian_mutual_information_of_a_pair_and_as_a_divergence():
    pair = Gaussian(jnp.zeros(2), jnp.array([[4.0, 1.2], [1.2, 1.0]]))
    found = information.gaussian_mutual_information(pair, first=(1,))
    np.testing.assert_allclose(found, -0.5 * np.log(1 - 0.36), rtol=1e-5)
    apart = Gaussian(pair.mean, jnp.diag(jnp.diag(pair.covariance)))
    np.testing.assert_allclose(found, information.gaussian_kl(pair, apart), rtol=1e-5)


def test_errors(unchecked):
    with pytest.raises(ValueError, match="same shape"):
        information.kl(jnp.ones(2), jnp.ones(3))
    with pytest.raises(ValueError, match="an outcome along its last axis"):
        information.entropy(jnp.zeros((2, 0)))
    with pytest.raises(ValueError, match="must leave a coordinate"):
        information.gaussian_mutual_information(Gaussian(jnp.zeros(2), jnp.eye(2)), first=(0, 1))
