"""Ridge and lasso where groups of samples, or units of columns, are far apart, and where squares leave the range."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import ElasticNet, Lasso, Ridge

from mfml.generalization import elastic_net, lasso, ridge


def groups(apart, n, d, seed=6):
    rng = np.random.default_rng(seed)  # the same in whatever order tests run
    far = apart * rng.integers(0, 2, n)[:, None]
    x = (far + rng.normal(size=(n, d))).astype(np.float32)
    y = x.astype(float) @ rng.normal(size=d) + 0.1 * rng.normal(size=n)
    return x, (y - y.mean()).astype(np.float32)


@pytest.mark.parametrize(("apart", "rtol"), [(300, 1e-4), (3e3, 1e-3), (3e4, 1e-2)])
@pytest.mark.parametrize(("n", "d"), [(400, 3), (10, 15)])
@pytest.mark.parametrize("seed", [0, 1, 2, 6])
def test_ridge_agrees_with_scikit_learn_in_double_precision_on_far_groups(apart, rtol, n, d, seed):
    x, y = groups(apart, n, d, seed)
    alphas = np.array([0.1, 1.0], np.float32)
    path = ridge.path(x, y, alphas)
    for alpha, of_path in zip(alphas, path.coef, strict=True):
        peer = Ridge(alpha=float(alpha), solver="svd").fit(x.astype(float), y.astype(float)).coef_
        for ours in (ridge.fit(x, y, alpha=alpha).coef, of_path):
            np.testing.assert_allclose(ours, peer, atol=rtol * np.abs(peer).max())


def test_ridge_agrees_with_scikit_learn_where_units_of_columns_differ():
    rng = np.random.default_rng(6)
    x = (rng.normal(size=(300, 3)) * [1, 1e3, 30]).astype(np.float32)
    y = (x @ [1, 1e-3, 0.1] + 0.1 * rng.normal(size=300)).astype(np.float32)
    peer = Ridge(alpha=0.5).fit(x.astype(float), y.astype(float)).coef_
    for ours in (ridge.fit(x, y, alpha=0.5).coef, ridge.path(x, y, jnp.array([0.5])).coef[0]):
        np.testing.assert_allclose(ours, peer, rtol=1e-3)


@pytest.mark.parametrize("unit", [1e-19, 1.0, 1e18])
def test_best_penalty_does_not_depend_on_the_unit_of_the_targets(unit):
    x, y = groups(0, 40, 5)
    alphas = jnp.array([1e3, 10.0, 0.1, 1e-3])
    assert ridge.best(ridge.path(x, y * np.float32(unit), alphas)) == ridge.best(ridge.path(x, y, alphas)) != 0


def test_lasso_far_from_the_origin_is_that_of_double_precision():
    rng = np.random.default_rng(6)
    x = (1e7 + rng.normal(size=(200, 4))).astype(np.float32)
    y = ((x - 1e7) @ [1, -2, 0, 1] + 0.1 * rng.normal(size=200)).astype(np.float32)
    peer = Lasso(alpha=0.1, tol=1e-10).fit(x.astype(float), y.astype(float))
    ours = lasso.fit(x, y, alpha=0.1)
    assert ours.converged
    np.testing.assert_allclose(ours.coef, peer.coef_, atol=1e-3)


@pytest.mark.parametrize("apart", [30, 100, 300])
def test_lasso_claims_no_gap_that_rounding_hides(apart):
    """The correlations that passes add up lose digits: for groups 30 apart they hid 15 times the tolerance."""
    rng = np.random.default_rng(0)
    for noise in (1e-3, 0.1):
        x = rng.normal(size=(200, 8)).astype(np.float32)
        x[100:, :2] += apart
        y = (x[:, 0] - x[:, 1] + 0.5 * x[:, 2] + noise * rng.normal(size=200)).astype(np.float32)
        ours = lasso.fit(x, y, alpha=1e-4)
        with jax.enable_x64(True):
            task = elastic_net.problem(x.astype(float), y.astype(float))
            w = jnp.asarray(ours.coef, float)
            gap = float(elastic_net.duality_gap(w, task.target - task.gram @ w, task, alpha=1e-4) / task.energy)
        assert gap <= 1.5e-4 or not ours.converged
        along = lasso.path(x, y, jnp.array([1e-4]))
        assert gap <= 1.5e-4 or not along.converged[0]


@pytest.mark.parametrize(("n", "d", "l1_ratio", "seed"), [(15, 15, 1.0, 27), (20, 60, 0.3, 7), (20, 60, 0.3, 1)])
def test_lasso_goes_on_where_only_the_correlations_are_stale(n, d, l1_ratio, seed):
    """It stopped at 120 times the tolerance: the gap of stale correlations was small."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d)).astype(np.float32)
    y = (x @ (rng.normal(size=d) * (rng.random(d) < 0.4)) + 0.1 * rng.normal(size=n)).astype(np.float32)
    alpha = 0.01 * elastic_net.grid(elastic_net.problem(x, y), n_alphas=2)[0]
    ours = lasso.fit(x, y, alpha=alpha, l1_ratio=l1_ratio, tol=2e-6, max_iter=3000)
    assert ours.converged
    peer = ElasticNet(alpha=float(alpha), l1_ratio=l1_ratio, tol=1e-10, max_iter=100_000).fit(x.astype(float), y)
    assert ours.gap <= 2e-6 * y.var()
    np.testing.assert_allclose(ours.coef, peer.coef_, atol=2e-3 * np.abs(peer.coef_).max())


@pytest.mark.parametrize("solver", lasso.SOLVERS)
def test_lasso_of_nan_is_nan_and_that_of_an_infinite_penalty_zero(solver):
    x, y = groups(0, 30, 3)
    x[4, 1] = np.nan
    ours = lasso.fit(x, y, alpha=0.1, solver=solver)
    assert np.isnan(ours.coef).all()
    assert not ours.converged
    assert np.isnan(lasso.path(x, y, jnp.array([1.0, 0.1])).coef).all()
    most = lasso.fit(np.nan_to_num(x), y, alpha=jnp.inf, solver=solver)
    assert most.converged
    assert (most.coef == 0).all()
