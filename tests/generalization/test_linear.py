"""Ridge, lasso, elastic net and dropout."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import ElasticNet, lasso_path
from sklearn.linear_model import Ridge as PeerRidge

from mfml.generalization import dropout, elastic_net, lasso, ridge
from mfml.iteration import Status, explain
from mfml.regression import ols

RNG = np.random.default_rng(11)
X = (RNG.normal(size=(40, 6)) + 1).astype(np.float32)
Y = (X @ np.array([3.0, -2.0, 0.0, 0.0, 1.0, 0.0]) + RNG.normal(size=40) + 5).astype(np.float32)
WIDE, SHORT = X[:5], Y[:5]
ALPHAS = np.array([0.01, 0.3, 4.0, 100.0], np.float32)


@pytest.mark.parametrize(("x", "y"), [(X, Y), (WIDE, SHORT)], ids=["tall", "wide"])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_ridge_equals_scikit_learn_and_its_path(x, y, fit_intercept):
    path = ridge.path(jnp.asarray(x), jnp.asarray(y), jnp.asarray(ALPHAS), fit_intercept=fit_intercept)
    for i, alpha in enumerate(ALPHAS):
        ours = ridge.fit(jnp.asarray(x), jnp.asarray(y), alpha=alpha, fit_intercept=fit_intercept)
        theirs = PeerRidge(alpha=float(alpha), fit_intercept=fit_intercept).fit(x.astype(float), y.astype(float))
        np.testing.assert_allclose(ours.coef, theirs.coef_, atol=2e-3)
        np.testing.assert_allclose(ours.intercept, theirs.intercept_, atol=5e-3)
        np.testing.assert_allclose(path.coef[i], theirs.coef_, atol=2e-3)
        np.testing.assert_allclose(path.intercept[i], theirs.intercept_, atol=5e-3)


def test_ridge_with_weights_equals_scikit_learn():
    weights = RNG.uniform(0, 2, 40).astype(np.float32)
    ours = ridge.fit(jnp.asarray(X), jnp.asarray(Y), alpha=2.0, weights=jnp.asarray(weights))
    theirs = PeerRidge(alpha=2.0).fit(X, Y, sample_weight=weights)
    np.testing.assert_allclose(ours.coef, theirs.coef_, atol=1e-4)
    np.testing.assert_allclose(ridge.predict(ours, jnp.asarray(X)), theirs.predict(X), atol=1e-4)


def test_ridge_solves_its_normal_equations(x64):
    x, y = jnp.asarray(X, float), jnp.asarray(Y, float)
    model = ridge.fit(x, y, alpha=3.0)
    residual = y - ridge.predict(model, x)
    np.testing.assert_allclose(x.T @ residual - (x.sum(0) / 40) * residual.sum(), 3.0 * model.coef, atol=1e-9)
    assert float(residual.sum()) == pytest.approx(0, abs=1e-9)


def test_ridge_without_penalty_is_least_squares():
    model, needed = ridge.fit(jnp.asarray(X), jnp.asarray(Y), alpha=0.0), ols.fit(jnp.asarray(X), jnp.asarray(Y))
    np.testing.assert_allclose(model.coef, needed.coef, atol=1e-4)
    path = ridge.path(jnp.asarray(X), jnp.asarray(Y), jnp.array([0.0, 1e12]))
    np.testing.assert_allclose(path.coef[0], needed.coef, atol=1e-3)
    np.testing.assert_allclose(path.degrees_of_freedom, [7, 1], rtol=1e-4)


def hat_matrix(x, alpha):
    a = np.hstack([np.ones((len(x), 1)), x.astype(float)])
    penalty = alpha * np.diag([0.0] + [1.0] * x.shape[1])
    return a @ np.linalg.solve(a.T @ a + penalty, a.T)


def test_degrees_of_freedom_and_gcv_from_the_hat_matrix():
    path = ridge.path(jnp.asarray(X), jnp.asarray(Y), jnp.asarray(ALPHAS))
    for i, alpha in enumerate(ALPHAS):
        hat = hat_matrix(X, alpha)
        trace, residual = np.trace(hat), Y - hat @ Y
        assert float(path.degrees_of_freedom[i]) == pytest.approx(trace, rel=1e-4)
        assert float(path.gcv[i]) == pytest.approx(40 * residual @ residual / (40 - trace) ** 2, rel=1e-3)


def test_gcv_chooses_about_what_leave_one_out_chooses():
    alphas = np.geomspace(1e-2, 1e3, 30).astype(np.float32)
    path = ridge.path(jnp.asarray(X), jnp.asarray(Y), jnp.asarray(alphas))
    leave_one_out = [np.mean(((Y - h @ Y) / (1 - np.diag(h))) ** 2) for h in (hat_matrix(X, a) for a in alphas)]
    chosen = int(ridge.best(path))
    assert leave_one_out[chosen] < 1.02 * min(leave_one_out)
    flat = path._replace(relative_gcv=jnp.zeros(30))
    assert ridge.best(flat) == 29  # the largest penalty of those that tie


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 100))
def test_ridge_shrinks(seed, alpha):
    y = np.random.default_rng(seed).normal(size=40).astype(np.float32)
    path = ridge.path(jnp.asarray(X), jnp.asarray(y), jnp.array([alpha, 2 * alpha], jnp.float32))
    norms = np.linalg.norm(path.coef, axis=1)
    assert norms[1] <= norms[0] * (1 + 1e-4)
    assert path.degrees_of_freedom[1] < path.degrees_of_freedom[0]


@pytest.mark.parametrize("solver", lasso.SOLVERS)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.4])
@pytest.mark.parametrize(("x", "y"), [(X, Y), (WIDE, SHORT)], ids=["tall", "wide"])
def test_lasso_equals_scikit_learn(solver, l1_ratio, x, y):
    ours = lasso.fit(
        jnp.asarray(x), jnp.asarray(y), alpha=0.4, l1_ratio=l1_ratio, solver=solver, tol=1e-6, max_iter=4000
    )
    theirs = ElasticNet(alpha=0.4, l1_ratio=l1_ratio, tol=1e-9, max_iter=20000).fit(x.astype(float), y.astype(float))
    np.testing.assert_allclose(ours.coef, theirs.coef_, atol=0.01)
    np.testing.assert_allclose(ours.intercept, theirs.intercept_, atol=0.03)
    np.testing.assert_array_equal(np.asarray(ours.coef)[theirs.coef_ == 0], 0)
    assert ours.converged


@pytest.mark.parametrize("solver", lasso.SOLVERS)
def test_conditions_of_a_minimum_and_gap(solver, x64):
    x, y = jnp.asarray(X, float), jnp.asarray(Y, float)
    task = elastic_net.problem(x, y)
    model = lasso.fit(x, y, alpha=0.3, l1_ratio=0.8, solver=solver, tol=1e-12, max_iter=20000)
    assert model.converged
    assert float(jnp.max(elastic_net.kkt_residual(model.coef, task, alpha=0.3, l1_ratio=0.8))) < 1e-5
    assert 0 < np.count_nonzero(model.coef) < 6

    def objective(coef):
        residual = y - y.mean() - (x - x.mean(axis=0)) @ coef
        return 0.5 * jnp.mean(residual**2) + 0.24 * jnp.sum(jnp.abs(coef)) + 0.03 * jnp.sum(coef**2)

    for coef in (jnp.zeros(6), model.coef + 0.1, 0.9 * model.coef):
        correlation = task.target - task.gram @ coef
        gap = float(elastic_net.duality_gap(coef, correlation, task, alpha=0.3, l1_ratio=0.8))
        assert gap >= float(objective(coef) - objective(model.coef)) - 1e-9
    assert float(model.gap) < 1e-10


def test_path_equals_single_fits_and_scikit_learn():
    task = elastic_net.problem(jnp.asarray(X), jnp.asarray(Y))
    alphas = elastic_net.grid(task, n_alphas=12, eps=0.01)
    path = lasso.path(jnp.asarray(X), jnp.asarray(Y), alphas, tol=1e-6)
    centered, target = (X - X.mean(0)).astype(float), (Y - Y.mean()).astype(float)
    _, theirs, _ = lasso_path(centered, target, alphas=np.asarray(alphas, float), tol=1e-9)
    np.testing.assert_allclose(path.coef, theirs.T, atol=0.01)
    assert np.all(np.asarray(path.coef[0]) == 0)
    assert np.count_nonzero(path.coef[1]) > 0
    assert path.converged.all()


def test_steps_of_both_solvers_lower_the_objective():
    task = elastic_net.problem(jnp.asarray(X), jnp.asarray(Y))

    def objective(coef):
        return 0.5 * (coef @ task.gram @ coef) - coef @ task.target + 0.2 * jnp.sum(jnp.abs(coef))

    for solver in lasso.SOLVERS:
        state = lasso.init(task)
        values = [objective(state.coef)]
        for _ in range(3):
            state = lasso.step(state, task, alpha=0.2, solver=solver)
            np.testing.assert_allclose(state.correlation, task.target - task.gram @ state.coef, atol=1e-4)
            values.append(objective(state.coef))
        assert np.all(np.diff(values) < 0)


def test_many_features_are_multiplied_in_blocks():
    x = np.random.default_rng(3).normal(size=(50, 401)).astype(np.float32)
    task = elastic_net.problem(jnp.asarray(x), jnp.asarray(x[:, 0]))
    centered = x.astype(float) - x.mean(axis=0)
    np.testing.assert_allclose(task.gram, centered.T @ centered / 50, atol=1e-5)
    np.testing.assert_allclose(task.gram[:, 0], task.target, atol=1e-6)


def objective(x, y, model, alpha, l1_ratio):
    residual = y - x @ np.asarray(model.coef, float) - float(model.intercept)
    penalty = l1_ratio * np.abs(model.coef).sum() + (1 - l1_ratio) / 2 * np.square(model.coef).sum()
    return np.mean(residual**2) / 2 + alpha * penalty


@pytest.mark.parametrize("solver", lasso.SOLVERS)
def test_history_is_the_objective(solver):
    x, y = X.astype(float), Y.astype(float)
    fits = [
        lasso.fit(jnp.asarray(X), jnp.asarray(Y), alpha=0.3, l1_ratio=0.6, solver=solver, tol=1e-9, max_iter=max_iter)
        for max_iter in (1, 3, 7)
    ]
    for model, max_iter in zip(fits, (1, 3, 7), strict=True):
        assert model.history.shape == (max_iter + 1,)
        assert float(model.history[0]) == pytest.approx(y.var() / 2, rel=1e-5)
        assert float(model.history[-1]) == pytest.approx(objective(x, y, model, 0.3, 0.6), rel=1e-4)
        np.testing.assert_allclose(model.history[:max_iter], fits[-1].history[:max_iter], rtol=1e-5)
    assert fits[-1].history[1] > fits[-1].history[2] > fits[-1].history[3]


@pytest.mark.parametrize("solver", lasso.SOLVERS)
def test_every_end_of_a_fit_is_reported(solver):
    def fit(x=X, **options):
        return lasso.fit(jnp.asarray(x), jnp.asarray(Y), **({"alpha": 0.1, "solver": solver} | options))

    short = fit(max_iter=2, tol=1e-6)
    assert short.status == Status.MAX_ITER
    assert not short.converged
    assert short.n_iter == 2
    assert explain(short).startswith("ran out of steps: 2 ")
    stalled = fit(alpha=0.05, tol=0.0)  # no gap is that small
    assert stalled.status == Status.STALLED
    assert int(stalled.n_iter) < 100
    assert np.isnan(np.asarray(stalled.history[int(stalled.n_iter) + 1 :])).all()
    broken = fit(np.where(np.arange(6) == 2, np.nan, X).astype(np.float32))
    assert broken.status == Status.NON_FINITE
    assert broken.n_iter == 0


def test_a_path_reports_each_penalty():
    path = lasso.path(jnp.asarray(X), jnp.asarray(Y), jnp.array([1.0, 0.1, 0.01]), max_iter=50)
    assert path.history.shape == (3, 51)
    assert path.status.tolist() == [Status.CONVERGED] * 3
    ends = np.asarray(path.history)[np.arange(3), np.asarray(path.n_iter)]
    np.testing.assert_allclose(
        path.history[1:, 0], ends[:-1] + [-0.9, -0.09] * np.abs(path.coef[:-1]).sum(axis=1), rtol=1e-4
    )


def test_score_is_that_of_scikit_learn():
    weights = RNG.uniform(0.5, 2, 40).astype(np.float32)
    x, y = jnp.asarray(X), jnp.asarray(Y)
    linear = PeerRidge(alpha=0.7).fit(X, Y)
    assert float(ridge.score(ridge.fit(x, y, alpha=0.7), x, y)) == pytest.approx(linear.score(X, Y), abs=1e-5)
    sparse, model = ElasticNet(alpha=0.4, l1_ratio=1.0).fit(X, Y), lasso.fit(x, y, alpha=0.4, tol=1e-6)
    found = float(lasso.score(model, x, y, weights=jnp.asarray(weights)))
    assert found == pytest.approx(sparse.score(X, Y, weights), abs=1e-3)


def test_constant_and_repeated_features():
    x = np.concatenate([X, X[:, :1], np.ones((40, 1))], axis=1)
    model = lasso.fit(jnp.asarray(x), jnp.asarray(Y), alpha=0.2)
    assert model.converged
    assert model.coef[7] == 0
    nothing = lasso.fit(jnp.ones((3, 2)), jnp.array([1.0, 2.0, 3.0]), alpha=0.1)
    assert nothing.coef.tolist() == [0, 0]
    assert float(nothing.intercept) == 2


@given(st.floats(-5, 5), st.floats(0, 3))
def test_soft_threshold_minimizes(v, threshold):
    v, threshold = np.float32(v), np.float32(threshold)
    found = float(elastic_net.soft_threshold(jnp.asarray(v), threshold))
    grid = np.linspace(-6, 6, 2401)
    values = 0.5 * (grid - v) ** 2 + threshold * np.abs(grid)
    assert 0.5 * (found - v) ** 2 + threshold * abs(found) <= values.min() + 1e-5


def test_dropout_keeps_the_mean(key):
    mask = np.asarray(dropout.mask((200, 100), key=key, rate=0.3))
    assert set(np.unique(mask)) == {np.float32(0), np.float32(1 / 0.7)}
    assert mask.mean() == pytest.approx(1, abs=0.02)
    assert (mask == 0).mean() == pytest.approx(0.3, abs=0.02)
    np.testing.assert_array_equal(dropout.mask((5,), key=key, rate=1.0), 0)
    np.testing.assert_array_equal(dropout.mask((5,), key=key, rate=0.0), 1)
    x = jnp.arange(3.0)
    assert dropout.apply(x, key=key, rate=0.9, training=False) is x


def test_dropout_on_inputs_is_a_ridge_penalty(key):
    w = jnp.array([1.0, -0.5, 0.3, 0.0, 2.0, -1.0])
    x, y = jnp.asarray(X), jnp.asarray(Y)

    def error(key):
        return jnp.sum((y - dropout.apply(x, key=key, rate=0.25) @ w) ** 2)

    found = np.asarray(jax.vmap(error)(jax.random.split(key, 4000)))
    needed = float(jnp.sum((y - x @ w) ** 2) + dropout.ridge_penalty(x, rate=0.25) @ w**2)
    assert abs(found.mean() - needed) < 4 * found.std() / np.sqrt(4000)


def test_errors(unchecked, key):
    x, y = jnp.ones((3, 2)), jnp.ones(3)
    for call, message in [
        (lambda: ridge.fit(x, jnp.ones(4)), "same length"),
        (lambda: ridge.fit(x[:0], y[:0]), "empty"),
        (lambda: ridge.path(x, y, jnp.array(1.0)), "alphas must have 1 axes"),
        (lambda: lasso.fit(x, y, solver="lars"), "solver must be one of"),
        (lambda: lasso.fit(x[0], y), "x must have 2 axes"),
        (lambda: lasso.path(x, y, jnp.array(1.0)), "alphas must have 1 axes"),
        (lambda: elastic_net.grid(elastic_net.problem(x, y), n_alphas=1), "n_alphas"),
        (lambda: dropout.mask((2,), key=key, rate=1.5), "rate must be between"),
        (lambda: ridge.predict(ridge.fit(x, y), x[:, :1]), r"x must have 2 columns, .* found shape \(3, 1\)"),
        (lambda: ridge.predict(ridge.path(x, y, jnp.ones(2)), x), r"one model, not a path; found coef \(2, 2\)"),
        (lambda: lasso.predict(lasso.path(x, y, jnp.ones(2)), x), r"one model, not a path; found coef \(2, 2\)"),
        (lambda: lasso.predict(lasso.fit(x, y), x[:, :1]), r"x must have 2 columns, .* found shape \(3, 1\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize("shape", [(2, 5), (3, 5), (4, 10), (12, 4)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_without_a_penalty_a_wide_path_has_the_smallest_norm(shape, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=shape).astype(np.float32), rng.normal(size=shape[0]).astype(np.float32)
    found = ridge.path(x, y, jnp.array([0.0, 10.0]))
    centered = x.astype(float) - x.mean(axis=0, dtype=float)
    expected = np.linalg.pinv(centered, rcond=1e-5) @ (y - y.mean())
    np.testing.assert_allclose(found.coef[0], expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())
    np.testing.assert_allclose(found.degrees_of_freedom[0], np.linalg.matrix_rank(centered, tol=1e-5) + 1, rtol=1e-3)


@pytest.mark.parametrize("alphas", [[0.1], [0.1, 10.0], [1e-5, 0.1]])
def test_a_penalty_keeps_small_directions_whatever_other_penalties_there_are(alphas):
    rng = np.random.default_rng(0)
    first, z = rng.normal(size=100), rng.normal(size=100)
    x = np.stack([first, first + 1e-3 * z], axis=1).astype(np.float32)
    y = z.astype(np.float32)
    exact = PeerRidge(alpha=0.1).fit(x.astype(float), y.astype(float)).coef_
    found = ridge.path(x, y, jnp.array(alphas)).coef[alphas.index(0.1)]
    np.testing.assert_allclose(found, exact, rtol=2e-3)
    np.testing.assert_allclose(ridge.fit(x, y, alpha=0.1).coef, exact, rtol=2e-3)


@pytest.mark.parametrize("alpha", [1.0, 1e-1, 1e-2, 1e-3])
def test_powers_of_a_feature_keep_their_digits(alpha):
    t = np.linspace(0.0, 1.0, 200)
    x, y = np.stack([t**k for k in range(1, 8)], axis=1).astype(np.float32), np.sin(5 * t).astype(np.float32)
    exact = PeerRidge(alpha=alpha).fit(x.astype(float), y.astype(float)).coef_
    np.testing.assert_allclose(ridge.fit(x, y, alpha=alpha).coef, exact, atol=5e-4)
