import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from mfml.landscapes import curvature, lanczos, trajectories
from mfml.landscapes.optimizers import adam


def risk(params, x, labels):
    hidden = jnp.tanh(x @ params["in"])
    logits = hidden @ params["out"]
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1))


@pytest.fixture(scope="module")
def task():
    keys = jax.random.split(jax.random.key(3), 4)
    params = {"in": jax.random.normal(keys[0], (6, 10)), "out": jax.random.normal(keys[1], (10, 3))}
    x = jax.random.normal(keys[2], (60, 6))
    data = (x, jnp.argmax(x[:, :3] + 0.3 * jax.random.normal(keys[3], (60, 3)), axis=1))
    trained = trajectories.run(risk, params, optimizer=adam(0.03), n_steps=60, data=data).params
    return jax.tree.map(lambda leaf: leaf[-1], trained), data


@pytest.fixture(scope="module")
def dense(task):
    params, data = task
    return np.linalg.eigh(curvature.hessian(risk, params, data=data))


def diagonal(values):
    values = jnp.array(values)
    return lambda vector: values.astype(vector.dtype) * vector


def bowl(params):
    return 0.5 * jnp.sum(jnp.array([4.0, 4.0, 4.0, 1.0, 1.0, -2.0], params.dtype) * params**2)


def test_top_ten_equal_the_dense_ones(task, dense, key):
    params, data = task
    found = lanczos.top_eigenvalues(risk, params, key=key, n_eigenvalues=10, n_steps=60, tol=1e-4, data=data)
    values, _ = dense
    assert found.converged
    np.testing.assert_allclose(found.values, values[:-11:-1], atol=1e-5 * values[-1])
    _, rebuild = ravel_pytree(params)
    for value, vector in zip(found.values[:3], found.vectors[:3], strict=True):
        image = ravel_pytree(curvature.hvp(risk, params, rebuild(vector), data=data))[0]
        np.testing.assert_allclose(image, value * vector, atol=1e-3 * values[-1])
        assert vector[jnp.abs(vector).argmax()] > 0
    np.testing.assert_allclose(found.vectors @ found.vectors.T, np.eye(10), atol=1e-5)


def test_smallest_equal_the_dense_ones(task, dense, key):
    params, data = task
    found = lanczos.top_eigenvalues(risk, params, key=key, n_eigenvalues=3, n_steps=80, largest=False, data=data)
    np.testing.assert_allclose(found.values, dense[0][:3], atol=1e-4 * dense[0][-1])


def test_too_few_steps_are_flagged_and_the_residual_bounds_the_error(task, dense, key):
    params, data = task
    found = lanczos.top_eigenvalues(risk, params, key=key, n_eigenvalues=8, n_steps=9, tol=1e-5, data=data)
    assert not found.converged
    gaps = np.abs(dense[0][:, None] - np.asarray(found.values)).min(axis=0)
    assert np.all(gaps <= np.asarray(found.residual) + 1e-5 * dense[0][-1])


def test_the_basis_stays_orthonormal_and_makes_the_matrix_tridiagonal(task, key):
    """Without reorthogonalization 80 steps on this spectrum lose orthogonality altogether in float32."""
    params, data = task
    flat, _ = ravel_pytree(params)
    matrix = curvature.hessian(risk, params, data=data)
    t = lanczos.tridiagonalize(lambda v: matrix @ v, jax.random.normal(key, flat.shape), key=key, n_steps=80)
    np.testing.assert_allclose(t.basis @ t.basis.T, np.eye(80), atol=1e-5)
    expected = np.diag(t.diagonal) + np.diag(t.off_diagonal, 1) + np.diag(t.off_diagonal, -1)
    np.testing.assert_allclose(t.basis @ matrix @ t.basis.T, expected, atol=1e-4)
    assert np.all(t.off_diagonal >= 0)


def test_repeated_eigenvalues_are_found_once_the_space_is_exhausted(key):
    found = lanczos.top_eigenvalues(bowl, jnp.zeros(6), key=key, n_eigenvalues=6, n_steps=6)
    np.testing.assert_allclose(found.values, [4, 4, 4, 1, 1, -2], atol=1e-4)
    np.testing.assert_allclose(found.vectors @ found.vectors.T, np.eye(6), atol=1e-5)


def test_a_start_that_is_an_eigenvector_and_a_zero_matrix(key):
    start = jnp.array([0.0, 1.0, 0.0])
    t = lanczos.tridiagonalize(diagonal([3.0, 5.0, 7.0]), start, key=key, n_steps=2)
    np.testing.assert_allclose(t.diagonal[0], 5.0)
    assert t.off_diagonal[0] == 0
    assert abs(t.basis[1] @ start) < 1e-6
    still = lanczos.tridiagonalize(diagonal([0.0, 0.0, 0.0]), start, key=key, n_steps=3)
    assert np.all(np.isfinite(still.basis))
    np.testing.assert_allclose(still.diagonal, 0.0)


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_huge_and_tiny_curvature(key, scale):
    found = lanczos.top_eigenvalues(lambda x: scale * bowl(x), jnp.zeros(6), key=key, n_eigenvalues=2, n_steps=6)
    np.testing.assert_allclose(found.values, [4 * scale, 4 * scale], rtol=1e-3)


def test_size_one(key):
    found = lanczos.top_eigenvalues(lambda x: 1.5 * jnp.sum(x**2), jnp.ones(1), key=key, n_eigenvalues=1)
    np.testing.assert_allclose(found.values, [3.0], rtol=1e-6)
    np.testing.assert_allclose(found.vectors, [[1.0]], rtol=1e-6)


def test_double_precision(key, x64):
    found = lanczos.top_eigenvalues(bowl, jnp.zeros(6, jnp.float64), key=key, n_eigenvalues=3, n_steps=6, tol=1e-10)
    np.testing.assert_allclose(found.values, [4, 4, 4], rtol=1e-12)


def test_spectral_density_agrees_with_the_dense_spectrum(task, dense, key):
    params, data = task
    found = lanczos.spectral_density(risk, params, key=key, n_steps=50, n_probes=40, data=data)
    np.testing.assert_allclose(found.weights.sum(axis=1), 1.0, atol=1e-5)
    values = dense[0]
    width = 0.05 * values[-1]
    grid = jnp.linspace(values[0] - 5 * width, values[-1] + 5 * width, 400)
    smooth = lanczos.density(found, grid, width=width)
    exact = np.exp(-0.5 * ((grid[:, None] - values) / width) ** 2).mean(axis=1) / (width * np.sqrt(2 * np.pi))
    step = grid[1] - grid[0]
    np.testing.assert_allclose(smooth.sum() * step, 1.0, atol=1e-3)
    assert jnp.abs(smooth - exact).sum() * step < 0.1  # of a total variation of at most 2
    np.testing.assert_allclose(lanczos.moment(found, 1), values.mean(), rtol=0.1)
    np.testing.assert_allclose(lanczos.moment(found, 2), np.mean(values**2), rtol=0.15)


def test_quadrature_is_exact_for_low_degrees(key):
    """One probe of signs on a diagonal matrix: v' f(A) v is the mean of f over the entries, whatever the signs."""
    values = jnp.array([-2.0, 0.5, 1.0, 3.0, 3.5, 7.0])
    found = lanczos.spectral_density(
        lambda x: 0.5 * jnp.sum(values * x**2), jnp.zeros(6), key=key, n_steps=3, n_probes=1
    )
    for degree in range(6):  # 2 m - 1 = 5
        np.testing.assert_allclose(lanczos.moment(found, degree), np.mean(np.asarray(values) ** degree), rtol=1e-4)
    assert abs(lanczos.moment(found, 6) - np.mean(np.asarray(values) ** 6)) > 1


def test_wrong_arguments(key, unchecked):
    with pytest.raises(ValueError, match="n_steps must be between 1 and 6; found 7"):
        lanczos.top_eigenvalues(bowl, jnp.zeros(6), key=key, n_eigenvalues=2, n_steps=7)
    with pytest.raises(ValueError, match="n_eigenvalues must be between 1 and 4; found 5"):
        lanczos.top_eigenvalues(bowl, jnp.zeros(6), key=key, n_eigenvalues=5, n_steps=4)
    with pytest.raises(ValueError, match="n_probes"):
        lanczos.spectral_density(bowl, jnp.zeros(6), key=key, n_steps=2, n_probes=0)
    with pytest.raises(ValueError, match="init must have 1 axes"):
        lanczos.tridiagonalize(diagonal([1.0]), jnp.ones((1, 1)), key=key, n_steps=1)


@pytest.mark.parametrize("scale", [1e-25, 1e25])
def test_spectra_in_any_unit(key, scale):
    def product(v):
        return scale * jnp.array([1.0, 2.0, 5.0]) * v

    t = lanczos.tridiagonalize(product, jnp.array([1.0, 1.0, 1.0]) * scale, key=key, n_steps=3)
    dense = jnp.diag(t.diagonal) + jnp.diag(t.off_diagonal, 1) + jnp.diag(t.off_diagonal, -1)
    np.testing.assert_allclose(np.linalg.eigvalsh(np.asarray(dense, float) / scale), [1, 2, 5], rtol=1e-4)
    np.testing.assert_allclose(t.basis @ t.basis.T, np.eye(3), atol=1e-5)
