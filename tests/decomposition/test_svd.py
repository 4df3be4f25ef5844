import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.decomposition import TruncatedSVD

from mfml.decomposition import svd


@pytest.fixture
def a(key):
    """30 x 12 with a spectrum that halves."""
    of_u, of_v = jax.random.split(key)
    u, v = jnp.linalg.qr(jax.random.normal(of_u, (30, 12)))[0], jnp.linalg.qr(jax.random.normal(of_v, (12, 12)))[0]
    return (u * 2.0 ** -jnp.arange(12)) @ v.T


def assert_is_svd_of(model, a, atol=1e-5):
    k = model.s.size
    np.testing.assert_allclose(model.u.T @ model.u, np.eye(k), atol=atol)
    np.testing.assert_allclose(model.vt @ model.vt.T, np.eye(k), atol=atol)
    np.testing.assert_allclose(a @ model.vt.T, model.u * model.s, atol=atol)
    np.testing.assert_allclose(model.s, np.linalg.svd(a, compute_uv=False)[:k], atol=atol)


@pytest.mark.parametrize("transposed", [False, True])
def test_truncated_and_randomized_are_the_leading_part_of_numpys(a, key, transposed):
    a = a.T if transposed else a
    exact = svd.truncated(a, n_components=4)
    assert_is_svd_of(exact, a)
    found = svd.randomized(a, key=key, n_components=4, n_oversamples=4)
    assert_is_svd_of(found, a)
    # Pinned signs make the vectors comparable, too.
    np.testing.assert_allclose(found.u, exact.u, atol=1e-4)
    np.testing.assert_allclose(found.vt, exact.vt, atol=1e-4)


def test_transform_is_that_of_scikit_learn(a):
    model = svd.truncated(a, n_components=3)
    theirs = TruncatedSVD(3, algorithm="arpack").fit(a)
    np.testing.assert_allclose(model.s, theirs.singular_values_, rtol=1e-4)
    np.testing.assert_allclose(svd.transform(model, a), theirs.transform(a), atol=1e-5)
    np.testing.assert_allclose(svd.transform(model, a), model.u * model.s, atol=1e-5)


@pytest.mark.parametrize("norm", svd.NORMS)
@pytest.mark.parametrize("k", [1, 3, 12])
def test_eckart_young_error_is_the_error(a, k, norm):
    error = np.linalg.norm(a - svd.low_rank(a, n_components=k), 2 if norm == "spectral" else "fro")
    s = jnp.linalg.svd(a, compute_uv=False)
    np.testing.assert_allclose(svd.eckart_young_error(s, n_components=k, norm=norm), error, atol=2e-6)


def test_eckart_young_at_rank_zero_and_without_a_rest():
    s = jnp.array([4.0, 3.0])
    assert float(svd.eckart_young_error(s, n_components=0)) == 5
    assert float(svd.eckart_young_error(s, n_components=2)) == 0
    gradient = jax.grad(lambda s: svd.eckart_young_error(s, n_components=1))(jnp.array([1.0, 0.0]))
    np.testing.assert_array_equal(gradient, 0)


def test_no_other_matrix_of_that_rank_is_nearer(a, key):
    best = jnp.linalg.norm(a - svd.low_rank(a, n_components=2))
    model = svd.truncated(a, n_components=2)
    for k in jax.random.split(key, 20):
        of_u, of_v = jax.random.split(k)
        u = model.u * model.s + 0.05 * jax.random.normal(of_u, model.u.shape)
        v = model.vt + 0.05 * jax.random.normal(of_v, model.vt.shape)
        assert jnp.linalg.norm(a - u @ v) > best


def test_randomized_comes_near_the_optimum_for_a_flat_spectrum(key):
    """The hard case: noise. A few power iterations bring the error within a percent of Eckart-Young's."""
    a = jax.random.normal(key, (120, 80))
    best = svd.eckart_young_error(jnp.linalg.svd(a, compute_uv=False), n_components=10)
    errors = [
        jnp.linalg.norm(a - svd.reconstruct(svd.randomized(a, key=key, n_components=10, iterated_power=q)))
        for q in (0, 1, 4)
    ]
    assert errors[0] > errors[1] > errors[2] >= best * (1 - 1e-5)
    assert errors[2] < 1.01 * best


def test_randomized_recovers_a_matrix_of_low_rank_whatever_the_key(key):
    """More columns are drawn than there is rank: the basis must stay orthonormal and finite."""
    of_w, of_h, one, two = jax.random.split(key, 4)
    a = jax.random.normal(of_w, (40, 3)) @ jax.random.normal(of_h, (3, 25))
    for k in (one, two):
        model = svd.randomized(a, key=k, n_components=5)
        np.testing.assert_allclose(svd.reconstruct(model), a, atol=1e-4)
        np.testing.assert_allclose(model.s[3:], 0, atol=1e-4)


def test_small_singular_values_survive_power_iterations(x64, key):
    s = 10.0 ** -jnp.arange(0, 12, 2)
    u, v = (jnp.linalg.qr(jax.random.normal(k, (20, 6)))[0] for k in jax.random.split(key))
    found = svd.randomized((u * s) @ v.T, key=key, n_components=6, n_oversamples=0, iterated_power=7)
    np.testing.assert_allclose(found.s, s, rtol=1e-4)
    assert found.u.dtype == jnp.float64


def test_zeros_and_one_entry(key):
    model = svd.truncated(jnp.zeros((3, 2)), n_components=2)
    np.testing.assert_array_equal(model.s, 0)
    np.testing.assert_array_equal(svd.reconstruct(model), 0)
    single = svd.randomized(jnp.array([[-2.0]]), key=key, n_components=1)
    assert (single.u.item(), single.s.item(), single.vt.item()) == (-1, 2, 1)


def test_gradient_of_the_singular_values_is_finite_when_they_repeat():
    gradient = jax.grad(lambda a: svd.truncated(a, n_components=2).s.sum())(jnp.eye(3))
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("k", [0, 4])
def test_wrong_arguments_are_named(unchecked, key, k):
    a = jnp.ones((5, 3))
    for call in (
        lambda: svd.truncated(a, n_components=k),
        lambda: svd.low_rank(a, n_components=k),
        lambda: svd.randomized(a, key=key, n_components=k),
    ):
        with pytest.raises(ValueError, match=f"n_components must be between 1 and 3; found {k}"):
            call()


def test_wrong_shapes_and_options_are_named(unchecked, key):
    with pytest.raises(ValueError, match="2 axes"):
        svd.truncated(jnp.ones(3), n_components=1)
    with pytest.raises(ValueError, match="empty"):
        svd.truncated(jnp.ones((0, 3)), n_components=1)
    with pytest.raises(ValueError, match="n_oversamples"):
        svd.randomized(jnp.ones((3, 3)), key=key, n_components=1, n_oversamples=-1)
    with pytest.raises(ValueError, match="iterated_power"):
        svd.randomized(jnp.ones((3, 3)), key=key, n_components=1, iterated_power=-1)
    with pytest.raises(ValueError, match="norm must be one of"):
        svd.eckart_young_error(jnp.ones(3), n_components=1, norm="nuclear")
    with pytest.raises(ValueError, match="n_components"):
        svd.eckart_young_error(jnp.ones(3), n_components=4)
    with pytest.raises(ValueError, match="columns, as in the fit of the model"):
        svd.transform(svd.truncated(jnp.ones((5, 3)), n_components=1), jnp.ones((5, 2)))
