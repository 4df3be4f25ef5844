import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sklearn.decomposition

from mfml.decomposition import pca, spectral

SOLVERS = ("svd", "covariance", "randomized")


@pytest.fixture
def x(key):
    """Six features with variances that fall, rotated, far from the origin."""
    of_x, of_q = jax.random.split(key)
    rotation = jnp.linalg.qr(jax.random.normal(of_q, (6, 6)))[0]
    return jax.random.normal(of_x, (80, 6)) * 2.0 ** -jnp.arange(6) @ rotation.T + 10


def fit(x, key, solver, k=3):
    return pca.fit(x, n_components=k, solver=solver, key=key if solver == "randomized" else None)


@pytest.mark.parametrize("solver", SOLVERS)
def test_every_solver_agrees_with_scikit_learn(x, key, solver):
    ours, theirs = fit(x, key, solver), sklearn.decomposition.PCA(3).fit(np.asarray(x, float))
    np.testing.assert_allclose(ours.mean, theirs.mean_, rtol=1e-5)
    np.testing.assert_allclose(ours.components, theirs.components_, atol=2e-4)
    np.testing.assert_allclose(ours.variance, theirs.explained_variance_, rtol=1e-4)
    np.testing.assert_allclose(ours.variance_ratio, theirs.explained_variance_ratio_, rtol=1e-4)
    np.testing.assert_allclose(pca.transform(ours, x), theirs.transform(x), atol=2e-3)
    z = pca.transform(ours, x)
    np.testing.assert_allclose(pca.inverse_transform(ours, z), theirs.inverse_transform(z), atol=1e-3)


@pytest.mark.parametrize("solver", SOLVERS)
def test_more_features_than_samples(x, key, solver):
    wide = x[:5]
    ours = fit(wide, key, solver, k=4)
    theirs = sklearn.decomposition.PCA(4).fit(np.asarray(wide, float))
    np.testing.assert_allclose(ours.variance, theirs.explained_variance_, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("solver", SOLVERS)
def test_laws(x, key, solver):
    model = fit(x, key, solver)
    np.testing.assert_allclose(model.components @ model.components.T, np.eye(3), atol=1e-5)
    z = pca.transform(model, x)
    np.testing.assert_allclose(spectral.covariance(z), jnp.diag(model.variance), atol=1e-4)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-4)
    whitened = pca.transform(model, x, whiten=True)
    np.testing.assert_allclose(spectral.covariance(whitened), np.eye(3), atol=2e-3)
    np.testing.assert_allclose(
        pca.inverse_transform(model, whitened, whiten=True), pca.reconstruct(model, x), atol=1e-4
    )


def test_no_other_directions_hold_more_variance(x, key):
    model, s = pca.fit(x, n_components=2), spectral.covariance(x)
    found = jnp.trace(model.components @ s @ model.components.T)
    np.testing.assert_allclose(found, model.variance.sum(), rtol=1e-5)
    others = jnp.linalg.qr(jax.random.normal(key, (200, 6, 2)))[0]
    assert (jnp.einsum("bik,ij,bjk->b", others, s, others) < found).all()


def test_reconstruction_error_is_the_variance_left_out(x):
    model, whole = pca.fit(x, n_components=2), pca.fit(x, n_components=6)
    errors = pca.reconstruction_error(model, x)
    np.testing.assert_allclose(errors.sum(), 79 * whole.variance[2:].sum(), rtol=1e-3)
    np.testing.assert_allclose(pca.reconstruct(whole, x), x, atol=1e-4)
    np.testing.assert_allclose(whole.variance_ratio.sum(), 1, rtol=1e-5)


def test_moving_the_data_moves_the_mean_alone(x):
    model, moved = pca.fit(x, n_components=2), pca.fit(x + 3, n_components=2)
    np.testing.assert_allclose(moved.mean, model.mean + 3, rtol=1e-5)
    np.testing.assert_allclose(moved.components, model.components, atol=1e-4)


def test_float32_far_from_the_origin_keeps_the_variance():
    """Forming X'X before centering would leave no digit at this offset."""
    t = jnp.linspace(-1.0, 1.0, 41)
    model = pca.fit(jnp.column_stack([t, -t]) + 4096, n_components=1)
    np.testing.assert_allclose(model.variance, 2 * np.var(np.linspace(-1, 1, 41), ddof=1), rtol=1e-3)
    np.testing.assert_allclose(model.components, [[0.5**0.5, -(0.5**0.5)]], atol=1e-3)


@pytest.mark.parametrize("solver", SOLVERS)
def test_constant_feature_and_constant_data(key, solver):
    x = jax.random.normal(key, (12, 3)).at[:, 1].set(7.0)
    model = fit(x, key, solver)
    np.testing.assert_allclose(model.components[:2, 1], 0, atol=1e-5)
    np.testing.assert_allclose(model.variance[2], 0, atol=1e-5)
    nothing = fit(jnp.ones((12, 3)), key, solver)
    np.testing.assert_array_equal(nothing.variance, 0)
    assert np.isnan(nothing.variance_ratio).all()


def test_repeated_variances_give_the_right_plane():
    x = jnp.array([[1.0, 0, 0], [-1.0, 0, 0], [0, 1.0, 0], [0, -1.0, 0], [0, 0, 0.1], [0, 0, -0.1]])
    model = pca.fit(x, n_components=2)
    np.testing.assert_allclose(model.components.T @ model.components, np.diag([1.0, 1.0, 0.0]), atol=1e-6)


def test_auto_picks_by_shape_and_compiles_once(key):
    tall, wide = jax.random.normal(key, (60, 3)), jax.random.normal(key, (6, 8))
    chex.assert_trees_all_equal(pca.fit(tall, n_components=2), pca.fit(tall, n_components=2, solver="covariance"))
    chex.assert_trees_all_equal(pca.fit(wide, n_components=2), pca.fit(wide, n_components=2, solver="svd"))

    @jax.jit
    @chex.assert_max_traces(n=1)
    def ratios(x):
        return pca.fit(x, n_components=2).variance_ratio

    chex.clear_trace_counter()
    ratios(tall), ratios(tall + 1)


@pytest.mark.parametrize("solver", SOLVERS)
def test_gradient_of_the_variances(x64, key, solver):
    """d(first variance)/dx along a random direction, against a difference quotient."""
    x, direction = jax.random.normal(key, (2, 12, 3))

    def first(t):
        return fit(x + t * direction, key, solver, k=2).variance[0]

    quotient = (first(1e-5) - first(-1e-5)) / 2e-5
    np.testing.assert_allclose(jax.grad(first)(0.0), quotient, rtol=1e-5)


@pytest.mark.parametrize("solver", ["svd", "covariance"])
def test_gradient_of_the_variances_is_finite_when_they_repeat(solver):
    x = jnp.concatenate([jnp.eye(3), -jnp.eye(3)])
    gradient = jax.grad(lambda x: pca.fit(x, n_components=3, solver=solver).variance.sum())(x)
    np.testing.assert_allclose(gradient, 2 * x / 5, atol=1e-5)


def test_components_for():
    ratio = jnp.array([0.5, 0.25, 0.125, 0.125])
    found = [int(pca.components_for(ratio, share)) for share in (0.1, 0.5, 0.51, 0.75, 1.0)]
    assert found == [1, 1, 2, 2, 4]
    assert int(pca.components_for(ratio[:2], 0.9)) == 3
    thirds = jnp.full(3, 1 / 3, jnp.float32)
    assert int(pca.components_for(thirds, 1.0)) == 3


@pytest.mark.parametrize(
    ("variance", "expected"),
    [
        ([10.0, 8.0, 1.0, 0.9, 0.8], 2),
        ([100.0, 1.0, 1.0, 1.0], 1),
        ([9.0, 9.0, 9.0, 0.1, 0.1, 0.1], 3),
        ([3.0, 2.0, 1.0], 1),
        ([1.0, 1.0, 1.0], 1),
        ([5.0], 1),
    ],
)
def test_elbow(variance, expected):
    assert int(pca.elbow(jnp.array(variance))) == expected


def test_elbow_finds_the_intrinsic_dimension(key):
    of_z, of_w, of_noise = jax.random.split(key, 3)
    w = jnp.linalg.qr(jax.random.normal(of_w, (20, 4)))[0]
    x = jax.random.normal(of_z, (300, 4)) @ w.T + 0.1 * jax.random.normal(of_noise, (300, 20))
    assert int(pca.elbow(pca.fit(x, n_components=20).variance)) == 4


def test_wrong_arguments_are_named(unchecked, key):
    x = jnp.ones((5, 3))
    with pytest.raises(ValueError, match="n_components must be between 1 and 3; found 4"):
        pca.fit(x, n_components=4)
    with pytest.raises(ValueError, match="at least 2 samples"):
        pca.fit(x[:1], n_components=1)
    with pytest.raises(ValueError, match="2 axes"):
        pca.fit(x[0], n_components=1)
    with pytest.raises(ValueError, match="solver must be one of"):
        pca.fit(x, n_components=1, solver="arpack")
    with pytest.raises(ValueError, match="needs a key"):
        pca.fit(x, n_components=1, solver="randomized")
    model = pca.fit(x, n_components=2)
    for function in (pca.transform, pca.reconstruct, pca.reconstruction_error):
        with pytest.raises(ValueError, match="columns, as in the fit of the model"):
            function(model, jnp.ones((5, 2)))
    with pytest.raises(ValueError, match="columns, as in the fit of the model"):
        pca.inverse_transform(model, jnp.ones((5, 3)))
    with pytest.raises(ValueError, match="share"):
        pca.components_for(jnp.ones(2), 0.0)
    with pytest.raises(ValueError, match="not be empty"):
        pca.components_for(jnp.ones(0), 0.5)
    with pytest.raises(ValueError, match="not be empty"):
        pca.elbow(jnp.ones(0))


def test_a_variance_below_rounding_is_none():
    """The covariance squares 1e-5 to 1e-10, which single precision loses beside 1: not to be whitened."""
    x = np.random.default_rng(0).normal(size=(200, 3)) * [1.0, 0.5, 1e-5]
    model = pca.fit(jnp.asarray(x, jnp.float32), n_components=3, solver="covariance")
    z = pca.transform(model, jnp.asarray(x, jnp.float32), whiten=True)
    assert model.variance[2] == 0 and (z[:, 2] == 0).all()
    fine = pca.fit(jnp.asarray(x, jnp.float32), n_components=3, solver="svd")
    np.testing.assert_allclose(
        pca.transform(fine, jnp.asarray(x, jnp.float32), whiten=True).std(axis=0, ddof=1), 1, rtol=1e-3
    )


def test_counts_of_components_refuse_what_is_missing():
    missing = jnp.array([0.5, jnp.nan, 0.1])
    with pytest.raises(ValueError, match="variance_ratio must be finite"):
        pca.components_for(missing, 0.9)
    with pytest.raises(ValueError, match="variance must be finite"):
        pca.elbow(missing)
    assert jax.jit(lambda r: pca.components_for(r, 0.9))(missing) == 4
    assert jax.jit(pca.elbow)(missing) == 0


def test_variances_far_from_the_origin():
    x = np.random.default_rng(0).choice([0.0, 0.125, 0.5, 0.75], size=(400, 2)) * [1.0, 2.0]
    near, far = (pca.fit(jnp.asarray(x + offset, jnp.float32), n_components=2) for offset in (0, 2.0**20))
    np.testing.assert_allclose(far.variance, near.variance, rtol=1e-5)
