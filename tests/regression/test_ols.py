import jax
import jax.numpy as jnp
import numpy as np
import pytest
import statsmodels.api as sm
from sklearn.linear_model import LinearRegression

from mfml.regression import ols, scaling

N, D = 30, 4


@pytest.fixture
def data(key):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, D)) * [1.0, 10.0, 0.1, 1.0] + [0.0, 300.0, 1.0, -2.0]
    y = x @ [1.0, -0.2, 3.0, 0.5] + 4 + rng.normal(size=N)
    return x, y, rng.uniform(0.2, 3.0, size=N)


def as_jax(*arrays):
    return [jnp.asarray(a, float) for a in arrays]


@pytest.mark.parametrize("solver", ols.SOLVERS)
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("use_weights", [True, False])
def test_equals_scikit_learn(data, solver, fit_intercept, use_weights):
    x, y, w = data
    w = w if use_weights else None
    peer = LinearRegression(fit_intercept=fit_intercept).fit(x, y, sample_weight=w)
    jx, jy = as_jax(x, y)
    weights = None if w is None else jnp.asarray(w, float)
    model = ols.fit(jx, jy, weights=weights, fit_intercept=fit_intercept, solver=solver)
    np.testing.assert_allclose(model.coef, peer.coef_, rtol=2e-4)
    np.testing.assert_allclose(model.intercept, peer.intercept_, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(ols.predict(model, jx), peer.predict(x), atol=2e-4)
    np.testing.assert_allclose(ols.score(model, jx, jy, weights=weights), peer.score(x, y, w), atol=1e-5)
    assert model.full_rank


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_standard_errors_equal_statsmodels(data, fit_intercept):
    x, y, w = data
    peer = sm.WLS(y, sm.add_constant(x) if fit_intercept else x, weights=w).fit()
    x, y, w = as_jax(x, y, w)
    model = ols.fit(x, y, weights=w, fit_intercept=fit_intercept)
    errors = ols.standard_errors(model, x, y, weights=w, fit_intercept=fit_intercept)
    expected = peer.bse if fit_intercept else [0.0, *peer.bse]
    np.testing.assert_allclose([errors.intercept, *errors.coef], expected, rtol=1e-3)
    np.testing.assert_allclose(errors.noise_variance, peer.mse_resid, rtol=1e-3)


def test_leverage_equals_statsmodels_and_the_definition(data):
    x, y, w = data
    peer = sm.OLS(y, sm.add_constant(x)).fit().get_influence().hat_matrix_diag
    x, y, w = as_jax(x, y, w)
    np.testing.assert_allclose(ols.leverage(x), peer, atol=2e-5)
    found = ols.leverage(x, weights=w)
    np.testing.assert_allclose(found.sum(), D + 1, rtol=1e-5)
    jacobian = jax.jacobian(lambda y: ols.predict(ols.fit(x, y, weights=w), x))(y)
    np.testing.assert_allclose(found, jnp.diagonal(jacobian), atol=1e-4)


def test_leverage_of_dependent_columns_adds_up_to_the_rank(data):
    x = jnp.asarray(data[0][:, :2], float)
    np.testing.assert_allclose(ols.leverage(jnp.concatenate([x, x], axis=1)).sum(), 3, rtol=1e-5)


@pytest.mark.parametrize("solver", ols.SOLVERS)
def test_residual_is_perpendicular_to_the_design(data, solver):
    x, y, w = as_jax(*data)
    model = ols.fit(x, y, weights=w, solver=solver)
    residual = y - ols.predict(model, x)
    a = scaling.design(x).matrix
    np.testing.assert_allclose((w * residual) @ a, 0, atol=2e-3)


@pytest.mark.parametrize("solver", ols.SOLVERS)
def test_weight_zero_takes_a_sample_out_and_two_counts_it_twice(data, solver):
    x, y, _ = as_jax(*data)
    w = jnp.ones(N).at[:5].set(0.0).at[5:9].set(2.0)
    found = ols.fit(x, y, weights=w, solver=solver)
    expected = ols.fit(jnp.concatenate([x[5:], x[5:9]]), jnp.concatenate([y[5:], y[5:9]]), solver=solver)
    np.testing.assert_allclose(found.coef, expected.coef, rtol=1e-4)
    np.testing.assert_allclose(found.intercept, expected.intercept, rtol=1e-4)


@pytest.mark.parametrize("unit", [1e-25, 1e25])
@pytest.mark.parametrize("solver", ["cholesky", "qr"])
def test_units_of_a_feature_change_only_its_coefficient(data, unit, solver):
    x, y, _ = as_jax(*data)
    plain = ols.fit(x, y, solver=solver)
    changed = ols.fit(x * jnp.ones(D).at[1].set(unit), y, solver=solver)
    np.testing.assert_allclose(changed.coef[1] * unit, plain.coef[1], rtol=1e-4)
    np.testing.assert_allclose(changed.coef[2], plain.coef[2], rtol=1e-4)
    assert changed.full_rank


def test_large_offset_does_not_spoil_single_precision(data):
    x, y, _ = data
    expected = LinearRegression().fit(x + 1000, y).coef_
    for solver in ("cholesky", "qr"):
        np.testing.assert_allclose(ols.fit(*as_jax(x + 1000, y), solver=solver).coef, expected, rtol=5e-3)


def test_cholesky_is_refined_where_columns_nearly_depend():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(200, 3))
    x[:, 2] = x[:, 0] + x[:, 1] + 0.03 * rng.normal(size=200)
    y = x @ [1.0, 2.0, 3.0]
    np.testing.assert_allclose(ols.fit(*as_jax(x, y)).coef, [1.0, 2.0, 3.0], rtol=1e-4)


@pytest.mark.parametrize("case", ["twice the same", "sum of others", "constant", "all zero"])
def test_dependent_columns_are_flagged(data, case):
    x, y, _ = data
    column = {
        "twice the same": x[:, 0],
        "sum of others": x[:, 0] + 2 * x[:, 2] - x[:, 3],
        "constant": np.full(N, 7.0),
        "all zero": np.zeros(N),
    }[case]
    x, y = as_jax(np.column_stack([x, column]), y)
    for solver in ("cholesky", "qr"):
        model = ols.fit(x, y, solver=solver)
        assert not model.full_rank
        assert jnp.isnan(model.coef).all()
        assert jnp.isnan(model.intercept)
    least = ols.fit(x, y, solver="svd")
    assert not least.full_rank
    peer = LinearRegression().fit(x, y)
    np.testing.assert_allclose(least.coef, peer.coef_, rtol=2e-3, atol=1e-4)


def test_svd_gives_the_smallest_solution_of_a_wide_system():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(4, 7)), rng.normal(size=4)
    jx, jy = as_jax(x, y)
    for fit_intercept in (True, False):
        model = ols.fit(jx, jy, solver="svd", fit_intercept=fit_intercept)
        centered = x - x.mean(0) * fit_intercept
        expected = np.linalg.pinv(centered) @ (y - y.mean() * fit_intercept)
        np.testing.assert_allclose(model.coef, expected, atol=1e-5)
        np.testing.assert_allclose(ols.predict(model, jx), y, atol=1e-5)
        assert not model.full_rank


def test_one_feature_of_two_samples_is_fitted_exactly():
    x, y = jnp.array([[1.0], [3.0]]), jnp.array([2.0, 8.0])
    for solver in ols.SOLVERS:
        model = ols.fit(x, y, solver=solver)
        np.testing.assert_allclose([model.coef[0], model.intercept], [3.0, -1.0], rtol=1e-5)
    assert jnp.isnan(ols.standard_errors(model, x, y).noise_variance)


def test_double_precision(data, x64):
    x, y, w = (jnp.asarray(a) for a in data)
    peer = LinearRegression().fit(*data[:2], sample_weight=data[2])
    for solver in ols.SOLVERS:
        model = ols.fit(x, y, weights=w, solver=solver)
        assert model.coef.dtype == model.intercept.dtype == jnp.float64
        np.testing.assert_allclose(model.coef, peer.coef_, rtol=1e-10)


def test_score_of_mean_is_zero_and_of_constant_target_undefined(data):
    x, y, w = as_jax(*data)
    mean = ols.OLS(jnp.zeros(D), jnp.sum(w * y) / jnp.sum(w), jnp.array(True))
    np.testing.assert_allclose(ols.score(mean, x, y, weights=w), 0, atol=1e-6)
    assert jnp.isnan(ols.score(mean, x, jnp.ones(N)))


def test_errors(unchecked):
    x, y = jnp.ones((3, 2)), jnp.ones(3)
    with pytest.raises(ValueError, match="x must have 2 axes; found shape"):
        ols.fit(y, y)
    with pytest.raises(ValueError, match="x needs at least one sample"):
        ols.fit(jnp.ones((0, 2)), jnp.ones(0))
    with pytest.raises(ValueError, match="y must have 1 axes"):
        ols.fit(x, x)
    with pytest.raises(ValueError, match="x and y must have the same length"):
        ols.fit(x, jnp.ones(2))
    with pytest.raises(ValueError, match=r"same length; found x \(3, 2\), y \(3,\), weights \(2,\)"):
        ols.fit(x, y, weights=jnp.ones(2))
    with pytest.raises(ValueError, match="solver must be one of 'cholesky', 'qr', 'svd'; found 'lu'"):
        ols.fit(x, y, solver="lu")
    with pytest.raises(ValueError, match="2 samples cannot determine 3 parameters: use solver='svd'"):
        ols.fit(x[:2], y[:2])
    with pytest.raises(ValueError, match="2 samples cannot determine 3 parameters"):
        ols.standard_errors(ols.fit(x, y, solver="svd"), x[:2], y[:2])
    with pytest.raises(ValueError, match="x must have 2 axes"):
        ols.leverage(y)
    model = ols.fit(x, y, solver="svd")
    for ask, others in ((ols.predict, ()), (ols.score, (y,)), (ols.standard_errors, (y,))):
        with pytest.raises(
            ValueError, match=r"x must have 2 columns, as in the fit of the model; found shape \(3, 3\)"
        ):
            ask(model, jnp.ones((3, 3)), *others)
    with pytest.raises(ValueError, match="x must have 2 axes"):
        ols.predict(model, x[0])


@pytest.mark.parametrize("solver", ols.SOLVERS)
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_what_a_sample_of_weight_zero_holds_does_not_matter(solver, value):
    rng = np.random.default_rng(2)
    x, y, w = rng.normal(size=(20, 3)), rng.normal(size=20), rng.uniform(0.5, 2.0, size=20)
    spoiled = {"x": np.vstack([np.full(3, value), x]), "y": np.append(value, y), "weights": np.append(0.0, w)}
    whole = {name: jnp.asarray(part, float) for name, part in spoiled.items()}
    left = {name: part[1:] for name, part in whole.items()}
    model, expected = ols.fit(**whole, solver=solver), ols.fit(**left, solver=solver)
    np.testing.assert_allclose(model.coef, expected.coef, rtol=1e-4)
    for found, part in zip(ols.standard_errors(model, **whole), ols.standard_errors(expected, **left), strict=True):
        np.testing.assert_allclose(found, part, rtol=1e-4)
    h = ols.leverage(whole["x"], weights=whole["weights"])
    np.testing.assert_allclose(h, [0.0, *ols.leverage(left["x"], weights=left["weights"])], atol=1e-5)
    np.testing.assert_allclose(ols.score(model, **whole), ols.score(expected, **left), rtol=1e-4)


def test_leverages_of_equal_samples_are_that_of_one_of_twice_the_weight():
    x = jnp.array([[0.0], [1.0], [5.0]])
    once = ols.leverage(jnp.concatenate([x, x[2:]]))
    np.testing.assert_allclose(ols.leverage(x, weights=jnp.array([1.0, 1.0, 2.0]))[2], once[2] + once[3], rtol=1e-5)


def test_standard_errors_of_dependent_columns_are_nan_for_every_solver():
    x = jnp.stack([jnp.arange(8.0), 2 * jnp.arange(8.0)], axis=1)
    y = jnp.sin(jnp.arange(8.0))
    for solver in ols.SOLVERS:
        errors = ols.standard_errors(ols.fit(x, y, solver=solver), x, y)
        assert jnp.isnan(errors.coef).all() and jnp.isnan(errors.intercept)


def test_whole_numbers_are_fitted_as_such():
    x, y = np.array([[1], [2], [4], [7]], np.uint8), np.array([250, 10, 3, 0], np.uint8)
    for solver in ols.SOLVERS:
        expected = ols.fit(jnp.asarray(x, float), jnp.asarray(y, float), solver=solver)
        np.testing.assert_allclose(ols.fit(x, y, solver=solver).coef, expected.coef, rtol=1e-5)


def test_infinities_end_and_negative_weights_are_refused():
    x, y = jnp.arange(8.0)[:, None], jnp.ones(8)
    for solver in ols.SOLVERS:
        assert jnp.isnan(ols.fit(x.at[0].set(jnp.inf), y, solver=solver).coef).all()
        with pytest.raises(ValueError, match="weights must not be negative"):
            ols.fit(x, y, weights=-y, solver=solver)
    assert jnp.isnan(ols.leverage(x.at[0].set(jnp.nan))).all()


def test_svd_keeps_what_is_determined_beside_columns_that_say_nothing(key):
    """A constant column, one of zeros and two equal ones, in units of their own."""
    x = np.asarray(jax.random.normal(key, (50, 2)), float)
    y = x @ [2.0, -3.0] + 1
    wide = np.column_stack([x[:, 0] * 1e-12, x[:, 1] * 1e9, np.full(50, 0.1), np.zeros(50), x[:, 0] * 1e-12])
    for weights in (None, jnp.linspace(0.5, 2.0, 50)):
        fit = ols.fit(jnp.asarray(wide, jnp.float32), jnp.asarray(y, jnp.float32), weights=weights, solver="svd")
        assert not fit.full_rank
        np.testing.assert_allclose(fit.coef / np.array([1e12, 1e-9, 1, 1, 1e12]), [1, -3, 0, 0, 1], rtol=1e-4)
        np.testing.assert_allclose(fit.intercept, 1, rtol=1e-4)


@pytest.mark.parametrize("weights", [None, jnp.linspace(0.5, 2.0, 40)])
def test_errors_far_from_the_origin(key, weights):
    x = jnp.round(jax.random.normal(key, (40, 2)) * 8)
    y = x @ jnp.array([2.0, -3.0]) + jnp.round(4 * jax.random.normal(jax.random.key(1), (40,)))
    near, far = (
        ols.standard_errors(ols.fit(moved, y, weights=weights), moved, y, weights=weights) for moved in (x, x + 2.0**20)
    )
    np.testing.assert_allclose(far.coef, near.coef, rtol=1e-4)
    np.testing.assert_allclose(far.noise_variance, near.noise_variance, rtol=1e-4)


def test_leverage_is_at_most_one(key):
    for n in range(2, 9):
        for seed in range(10):
            assert ols.leverage(jax.random.normal(jax.random.key(seed), (n, n))).max() <= 1


@pytest.mark.parametrize("solver", ols.SOLVERS)
@pytest.mark.parametrize("weighted", [False, True])
def test_targets_far_from_zero_take_no_digits_from_the_slopes(solver, weighted):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5000, 1)).astype(np.float32), (0.5 * rng.normal(size=5000) + 1e6).astype(np.float32)
    w = rng.uniform(0.5, 1.0, 5000).astype(np.float32) if weighted else np.ones(5000, np.float32)
    model = ols.fit(x, y, weights=jnp.asarray(w) if weighted else None, solver=solver)
    root = np.sqrt(w.astype(float))
    design = np.column_stack([np.ones(5000), x.astype(float)])
    exact = np.linalg.lstsq(design * root[:, None], (y.astype(float) - 1e6) * root, rcond=None)[0]
    np.testing.assert_allclose(model.coef[0], exact[1], rtol=1e-3)
    np.testing.assert_allclose(model.intercept, 1e6 + exact[0], rtol=1e-7)
