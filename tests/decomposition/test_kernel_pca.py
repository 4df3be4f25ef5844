import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sklearn.decomposition

from mfml.decomposition import kernel_pca, kernels, pca

PARAMETERS = {"gamma": 0.3, "degree": 2.0, "coef0": 0.5}
USED = {
    "linear": (),
    "poly": ("gamma", "degree", "coef0"),
    "rbf": ("gamma",),
    "sigmoid": ("gamma", "coef0"),
    "cosine": (),
}


@pytest.fixture
def x(key):
    return jax.random.normal(key, (25, 3)) * jnp.array([2.0, 1.0, 0.5])


@pytest.mark.parametrize("name", kernels.KERNELS)
def test_embedding_and_new_samples_are_those_of_scikit_learn(x, name):
    params = {p: PARAMETERS[p] for p in USED[name]}
    ours = kernel_pca.fit(x, n_components=2, kernel=name, **params)
    theirs = sklearn.decomposition.KernelPCA(2, kernel=name, **params).fit(np.asarray(x))
    np.testing.assert_allclose(ours.values, theirs.eigenvalues_, rtol=1e-4)
    sign = jnp.sign((ours.vectors * theirs.eigenvectors_).sum(axis=0))
    new = x[:5] + 0.3
    np.testing.assert_allclose(kernel_pca.embedding(ours) * sign, theirs.transform(x), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(kernel_pca.transform(ours, new) * sign, theirs.transform(new), rtol=1e-3, atol=1e-3)


def test_embedding_is_the_transform_of_the_training_samples(x):
    model = kernel_pca.fit(x, n_components=3)
    np.testing.assert_allclose(kernel_pca.transform(model, x), kernel_pca.embedding(model), atol=1e-4)


def test_linear_kernel_is_pca(x):
    model, linear = pca.fit(x, n_components=2), kernel_pca.fit(x, n_components=2, kernel="linear")
    np.testing.assert_allclose(linear.values / 24, model.variance, rtol=1e-4)
    np.testing.assert_allclose(jnp.abs(kernel_pca.embedding(linear)), jnp.abs(pca.transform(model, x)), atol=1e-3)


def test_polynomial_kernel_is_pca_of_explicit_features(x):
    """(x.y + 1)^2 is the scalar product of all monomials up to degree 2."""
    z = x[:, :2]
    a, b = z.T
    root = 2**0.5
    features = jnp.column_stack([a**2, b**2, root * a * b, root * a, root * b, jnp.ones_like(a)])
    model = kernel_pca.fit(z, n_components=3, kernel="poly", gamma=1.0, degree=2.0, coef0=1.0)
    np.testing.assert_allclose(model.values / 24, pca.fit(features, n_components=3).variance, rtol=1e-4)


def test_rings_become_separable():
    """What no linear projection does: the first component tells an inner from an outer ring."""
    angle = jnp.linspace(0, 2 * jnp.pi, 40, endpoint=False)
    circle = jnp.column_stack([jnp.cos(angle), jnp.sin(angle)])
    model = kernel_pca.fit(jnp.concatenate([circle, 3 * circle]), n_components=6, gamma=0.5)
    z = kernel_pca.embedding(model)
    inner, outer = z[:40], z[40:]
    separable = (inner.max(axis=0) < outer.min(axis=0)) | (outer.max(axis=0) < inner.min(axis=0))
    assert separable.any()


def test_krylov_solver_agrees_with_the_dense_one(key):
    x = jax.random.normal(key, (120, 3))
    dense = kernel_pca.fit(x, n_components=3, solver="dense")
    fast = kernel_pca.fit(x, n_components=3, solver="krylov", key=key)
    assert bool(fast.converged)
    np.testing.assert_allclose(fast.values, dense.values, rtol=1e-5)
    np.testing.assert_allclose(kernel_pca.embedding(fast), kernel_pca.embedding(dense), atol=2e-3)


def test_components_without_variance_have_coordinate_zero(x):
    model = kernel_pca.fit(x, n_components=5, kernel="linear")
    np.testing.assert_array_equal(kernel_pca.transform(model, x + 1)[:, 3:], 0)


def test_one_sample():
    model = kernel_pca.fit(jnp.ones((1, 2)), n_components=1)
    np.testing.assert_array_equal(kernel_pca.embedding(model), 0)
    np.testing.assert_array_equal(kernel_pca.transform(model, jnp.zeros((2, 2))), 0)


def test_wrong_arguments_are_named(unchecked, x):
    with pytest.raises(ValueError, match="kernel must be one of"):
        kernel_pca.fit(x, n_components=1, kernel="matern")
    with pytest.raises(ValueError, match="solver must be one of"):
        kernel_pca.fit(x, n_components=1, solver="arpack")
    with pytest.raises(ValueError, match="needs a key"):
        kernel_pca.fit(x, n_components=1, solver="krylov")
    with pytest.raises(ValueError, match="n_components must be between 1 and 25; found 26"):
        kernel_pca.fit(x, n_components=26)
    with pytest.raises(ValueError, match="empty"):
        kernel_pca.fit(x[:0], n_components=1)
    with pytest.raises(ValueError, match="x must have 3 columns"):
        kernel_pca.transform(kernel_pca.fit(x, n_components=1), x[:, :2])


@pytest.mark.parametrize("name", ["linear", "sigmoid"])
def test_embedding_is_the_transform_where_components_have_no_variance_or_a_negative_one(x, name):
    """The linear kernel has 3 components with variance, that of sigmoid has negative eigenvalues."""
    model = kernel_pca.fit(x, n_components=25, kernel=name, gamma=1)
    z = kernel_pca.embedding(model)
    np.testing.assert_array_equal(z == 0, kernel_pca.transform(model, x) == 0)
    np.testing.assert_array_equal(z[:, -1], 0)


def test_whole_numbers_as_data_and_as_options(x):
    whole = jnp.round(2 * x)
    expected = kernel_pca.fit(whole, n_components=2, gamma=0.25)
    for given in (np.asarray(whole, int), np.asarray(whole, int).tolist()):
        np.testing.assert_allclose(kernel_pca.fit(given, n_components=2, gamma=0.25).values, expected.values, rtol=1e-6)
    one = kernel_pca.fit(whole, n_components=2, gamma=1)
    np.testing.assert_allclose(one.values, kernel_pca.fit(whole, n_components=2, gamma=1.0).values, rtol=1e-6)


def test_missing_data_do_not_converge_and_a_negative_gamma_is_refused(x, key):
    for solver in ("dense", "krylov"):
        assert not kernel_pca.fit(x.at[0, 0].set(jnp.nan), n_components=1, solver=solver, key=key).converged
    with pytest.raises(ValueError, match="gamma must not be negative"):
        kernel_pca.fit(x, n_components=1, gamma=-1.0)


@pytest.mark.parametrize("name", ["linear", "cosine"])
def test_far_from_the_origin(x, name):
    """In double precision as a reference: the centering of a kernel matrix of some 1e8 would leave nothing."""
    far = jnp.round(x * 64) / 64 + 2.0**13
    with jax.enable_x64(True):
        exact = kernel_pca.fit(jnp.asarray(np.asarray(far, float)), n_components=2, kernel=name)
        expected = np.abs(kernel_pca.transform(exact, jnp.asarray(np.asarray(far[:5], float))))
    model = kernel_pca.fit(far, n_components=2, kernel=name)
    tolerance = 1e-4 if name == "linear" else 5e-3  # directions are rounded to 1e-7, and differ by 1e-4
    np.testing.assert_allclose(
        jnp.abs(kernel_pca.transform(model, far[:5])), expected, atol=tolerance * np.abs(expected).max()
    )
    np.testing.assert_allclose(kernel_pca.embedding(model), kernel_pca.transform(model, far), atol=tolerance)


@pytest.mark.parametrize("name", ["linear", "poly", "rbf", "sigmoid"])
@pytest.mark.parametrize("value", [1.3, 30.0])
def test_equal_samples_have_no_variance(name, value):
    x = jnp.full((20, 3), value)
    model = kernel_pca.fit(x, n_components=2, kernel=name)
    assert (model.values == 0).all() and (kernel_pca.embedding(model) == 0).all()
    assert (kernel_pca.transform(model, x + 1) == 0).all()
