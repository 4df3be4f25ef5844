"""Many rows, far origins and other units in the units that use these sums: each case once gave a wrong answer."""

import jax.numpy as jnp
import numpy as np
import pytest

from mfml.clustering import gmm
from mfml.decomposition import conditioning, pca, projection, subspaces
from mfml.generalization import growth, ridge
from mfml.probability import bayesian_regression, likelihood
from mfml.probability.gaussian import Gaussian
from mfml.regression import bases, ols

EPS = float(jnp.finfo(jnp.float32).eps)
UNITS = [1e-18, 1.0, 1e18]


def single(x):
    return jnp.asarray(np.asarray(x, np.float32))


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def test_minimum_norm_fit_far_from_zero():
    x = single(1e4 + normal(100_000, 3))
    y = single(np.asarray(x, float) @ [1, 2, 3] - 6e4)
    model = ols.fit(x, y, solver="svd")
    np.testing.assert_allclose(model.coef, [1, 2, 3], rtol=1e-3)
    fitted = np.asarray(x, float) @ np.asarray(model.coef, float) + float(model.intercept)
    assert abs(np.mean(fitted - np.asarray(y, float))) < 0.02  # rounding of the intercept, -60000


def test_ridge_of_nine_million_rows():
    x = np.random.default_rng(0).uniform(size=9_000_000).astype(np.float32)
    coef = ridge.fit(single(x)[:, None], single(1 + x), alpha=1e-3, fit_intercept=False).coef
    assert coef[0] == pytest.approx(1 + np.mean(x, dtype=float) / np.mean(x.astype(float) ** 2), rel=1e-5)


def test_cutoffs_do_not_grow_with_the_number_of_rows():
    x = normal(100_000, 3).astype(np.float32) * np.float32([1, 0.05, 0.01])
    path = ridge.path(single(x), single(x @ [1, 20, 100]), jnp.array([1e-3]))
    np.testing.assert_allclose(path.coef[0], [1, 20, 100], rtol=1e-3)
    t = np.linspace(0, 10, 100_000)
    columns = np.stack([1e-3 * np.ones_like(t), t, t**2], axis=1)
    found = projection.least_squares(single(columns), single(columns.sum(axis=1)))
    assert found.rank == 3
    np.testing.assert_allclose(found.weights, 1, rtol=0.05)


def test_collinear_but_independent_features_have_finite_inflation():
    z = normal(100_000, 3)
    x = z[:, :1] + 0.001 * z
    exact = np.diag(np.linalg.inv(np.corrcoef(single(x).T.astype(float))))
    np.testing.assert_allclose(conditioning.variance_inflation(single(x)), exact, rtol=0.02)


def test_constant_feature_leaves_the_inflation_of_others_alone():
    x = np.concatenate([normal(50, 2), np.full((50, 1), 0.1)], axis=1)
    found = conditioning.variance_inflation(single(x))
    np.testing.assert_allclose(found[:2], conditioning.variance_inflation(single(x[:, :2])), rtol=1e-5)
    assert jnp.isnan(found[2])


def test_memory_does_not_grow_with_the_square_of_the_rows():
    x = single(normal(100_000, 3))
    assert subspaces.numerical_rank(x) == 3
    assert conditioning.condition_number(x) < 1.1
    assert subspaces.identifiability(x).identifiable.all()


def test_columns_in_different_units_are_all_determined():
    x = normal(200, 3) * [1e-15, 1, 1e15]
    y = x @ [1e15, 1, 1e-15]
    for fit in (lambda x, y: projection.least_squares(x, y).weights, lambda x, y: ols.fit(x, y, solver="svd").coef):
        np.testing.assert_allclose(fit(single(x), single(y)) * single([1e-15, 1, 1e15]), 1, rtol=1e-4)
    np.testing.assert_allclose(ridge.fit(single(x), single(y), alpha=0.0).coef[1], 1, rtol=1e-4)


@pytest.mark.parametrize("unit", UNITS)
def test_linear_models_in_any_unit(unit):
    x, noise = single(normal(100, 3) + 1), single(normal(100, seed=1))
    y = x @ jnp.array([1.0, 2.0, 3.0]) + 0.1 * noise
    scaled, alphas = x * unit, jnp.array([unit**2])
    for solver in ols.SOLVERS:
        np.testing.assert_allclose(ols.fit(scaled, y, solver=solver).coef * unit, ols.fit(x, y).coef, rtol=1e-4)
    errors = ols.standard_errors(ols.fit(scaled, y), scaled, y)
    np.testing.assert_allclose(errors.coef * unit, ols.standard_errors(ols.fit(x, y), x, y).coef, rtol=1e-4)
    path, plain = ridge.path(scaled, y, alphas), ridge.path(x, y, jnp.array([1.0]))
    np.testing.assert_allclose(path.coef * unit, plain.coef, rtol=1e-4)
    np.testing.assert_allclose(path.gcv, plain.gcv, rtol=1e-3)
    np.testing.assert_allclose(ridge.fit(scaled, y, alpha=alphas[0]).coef * unit, plain.coef[0], rtol=1e-4)
    np.testing.assert_allclose(conditioning.variance_inflation(scaled), conditioning.variance_inflation(x), rtol=1e-4)


@pytest.mark.parametrize("unit", [1e-20, 1e20])
def test_where_squares_leave_the_range(unit):
    x = single(normal(200, 3) * [3, 2, 1])
    for solver in ("auto", "svd"):
        found, plain = (pca.fit(part, n_components=2, solver=solver) for part in (x * unit, x))
        np.testing.assert_allclose(found.components, plain.components, atol=1e-4)
        np.testing.assert_allclose(found.variance_ratio, plain.variance_ratio, rtol=1e-4)
    at, knots = single([0.3, 1.7, 5.0]), single([0.0, 1.0, 2.5, 4.0])
    np.testing.assert_allclose(bases.natural_cubic(at * unit, knots * unit), bases.natural_cubic(at, knots), rtol=1e-4)
    np.testing.assert_allclose(conditioning.variance_inflation(x * unit), conditioning.variance_inflation(x), rtol=1e-4)
    np.testing.assert_allclose(ridge.path(x * unit, x[:, 0], jnp.zeros(1)).coef[0, 0] * unit, 1, rtol=1e-4)


def test_standard_errors_of_dependent_columns_are_missing():
    x = normal(50, 2)
    x = single(np.concatenate([x, x.sum(axis=1, keepdims=True)], axis=1))
    y = single(normal(50, seed=1))
    assert jnp.isnan(ols.standard_errors(ols.fit(x, y, solver="svd"), x, y).coef).all()
    assert jnp.isnan(ridge.fit(x, y, alpha=0.0).coef).all()


@pytest.mark.parametrize(("offset", "prior_variance"), [(0, 1.0), (0, 1e10), (1200, 1e8)])
def test_log_evidence_of_precise_measurements(offset, prior_variance):
    n, noise = 200, 1e-4
    design = np.stack([np.ones(n), offset + normal(n)], axis=1).astype(np.float32)
    y = (design @ [2, 3] + noise**0.5 * normal(n, seed=1)).astype(np.float32)
    x, t = design.astype(float), y.astype(float)
    precision = np.eye(2) / prior_variance + x.T @ x / noise
    mean = np.linalg.solve(precision, x.T @ t / noise)
    misfit = np.sum((t - x @ mean) ** 2) / noise + mean @ mean / prior_variance
    volume = n * np.log(2 * np.pi * noise) + 2 * np.log(prior_variance) + np.linalg.slogdet(precision)[1]
    prior = Gaussian(jnp.zeros(2), prior_variance * jnp.eye(2))
    found = bayesian_regression.log_evidence(single(design), single(y), prior=prior, noise_variance=noise)
    assert found == pytest.approx(-0.5 * (misfit + volume), abs=0.5)
    fitted = bayesian_regression.fit(single(design), single(y), prior=prior, noise_variance=noise)
    np.testing.assert_allclose(fitted.mean, mean, atol=0.02)


def test_poisson_likelihood_of_many_counts():
    y = single([1e7, 0.0, 3.0])
    found = likelihood.poisson_nll(y, jnp.log(y.at[1].set(2.0)))
    np.testing.assert_allclose(found, [8.978, 2.0, 1.4959], atol=1e-3)


@pytest.mark.parametrize("kind", ["full", "tied", "diag", "spherical"])
def test_density_of_a_mixture_far_from_zero(kind):
    shape = {"full": (2, 2, 2), "tied": (1, 2, 2), "diag": (2, 1, 2), "spherical": (2, 1, 1)}[kind]
    spread = jnp.broadcast_to(jnp.array([[2.0, 1.0], [1.0, 2.0]]) if kind in ("full", "tied") else 2.0, shape)
    model = gmm.Mixture(jnp.array([0.5, 0.5]), single([[0, 0], [8, 8]]), spread)
    x = single(np.round(8 * normal(20, 2)) / 8)
    far = model._replace(means=model.means + 65536)
    np.testing.assert_allclose(gmm.log_prob(far, x + 65536), gmm.log_prob(model, x), rtol=1e-5)


def test_leaves_and_histograms_of_many_rows():
    n = 2_000_000
    rng = np.random.default_rng(0)
    side = rng.uniform(size=n) < 0.5
    y = (side + rng.uniform(size=n)).astype(np.float32)
    place, table = jnp.zeros(n, jnp.int32), jnp.zeros((1, n), jnp.uint8)
    total = y.sum(dtype=float)
    assert growth.sums_at(place, single(y)[None], n_places=1)[0, 0] == pytest.approx(total, rel=2e-6)
    found = growth.histogram(table, place, single(y)[None], n_nodes=1, n_bins=2)
    assert found[0, 0, 0, 0] == pytest.approx(total, rel=2e-6)


def test_whitening_leaves_a_feature_without_spread_at_zero():
    x = single(np.concatenate([normal(50, 2), np.full((50, 1), 0.1)], axis=1))
    for solver in ("svd", "covariance"):
        model = pca.fit(x, n_components=3, solver=solver)
        z = pca.transform(model, x, whiten=True)
        assert (z[:, 2] == 0).all()
        np.testing.assert_allclose(pca.inverse_transform(model, z, whiten=True), x, atol=1e-5)
