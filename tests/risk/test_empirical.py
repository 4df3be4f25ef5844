from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import scipy.optimize
from sklearn.linear_model import LinearRegression

from mfml import iteration
from mfml.iteration import Status
from mfml.risk import empirical, losses


def line(params, x):
    return x @ params["slope"] + params["intercept"]


LEARNING = {"predict": line, "loss": losses.squared_error}
START = {"slope": jnp.zeros(3), "intercept": jnp.array(0.0)}


@pytest.fixture
def data(key):
    a, b = jax.random.split(key)
    x = jax.random.normal(a, (30, 3))
    return x, x @ jnp.array([1.0, -2.0, 0.5]) + 3 + 0.1 * jax.random.normal(b, (30,))


def test_risk_is_the_mean_loss_sample_by_sample(data):
    x, y = data
    params = {"slope": jnp.array([0.5, 0.0, -1.0]), "intercept": jnp.array(1.0)}
    one_by_one = [(float(xi @ params["slope"]) + 1 - float(yi)) ** 2 for xi, yi in zip(x, y, strict=True)]
    np.testing.assert_allclose(empirical.risk(params, x, y, **LEARNING), np.mean(one_by_one), rtol=1e-5)


def test_integer_weights_count_samples_as_often(data):
    x, y = data
    counts = jnp.arange(30) % 3
    repeated = jnp.repeat(jnp.arange(30), counts)
    found = empirical.risk(START, x, y, weights=counts.astype(float), **LEARNING)
    np.testing.assert_allclose(found, empirical.risk(START, x[repeated], y[repeated], **LEARNING), rtol=1e-5)


def test_a_sample_of_weight_zero_is_left_out_even_if_nan():
    values = jnp.array([[1.0, 3.0], [jnp.nan, 0.0]])
    assert empirical.weighted_mean(values, weights=jnp.array([2.0, 0.0])) == 2.0
    assert jnp.isnan(empirical.weighted_mean(values[:1], weights=jnp.zeros(1)))


def test_the_derivative_in_the_weights_passes_a_missing_sample_by():
    values, weights = jnp.array([1.0, jnp.nan, 3.0]), jnp.array([1.0, 0.0, 1.0])
    slope = jax.grad(lambda w: empirical.weighted_mean(values, weights=w))(weights)
    np.testing.assert_allclose(slope[jnp.array([0, 2])], [-0.5, 0.5], rtol=1e-6)
    assert jnp.isfinite(slope).all()


def test_weights_of_small_units_and_negative_ones():
    values = jnp.array([1.0, 3.0])
    assert empirical.weighted_mean(values * 1e-20, weights=jnp.full(2, 1e-30)) == pytest.approx(2e-20)
    with pytest.raises(ValueError, match="weights must not be negative"):
        empirical.weighted_mean(values, weights=jnp.array([1.0, -1.0]))
    assert jnp.isnan(jax.jit(lambda w: empirical.weighted_mean(values, weights=w))(jnp.array([1.0, -1.0])))


def test_what_a_sample_of_weight_zero_holds_does_not_matter(data):
    x, y = data
    weights = jnp.ones(30).at[4].set(0.0)
    options = LEARNING | {"init": START, "learning_rate": 0.2, "max_iter": 500, "weights": weights}
    expected = empirical.fit(x, y, **options)
    for value in (jnp.nan, jnp.inf, 1e30):
        fitted = empirical.fit(x.at[4].set(value), y.at[4].set(value), **options)
        np.testing.assert_allclose(fitted.params["slope"], expected.params["slope"], rtol=1e-5)


@pytest.mark.parametrize("size", [1e-18, 1e-10, 1e10, 1e18])
def test_the_unit_of_the_targets_changes_nothing(data, size):
    x, y = data
    options = LEARNING | {"init": START, "learning_rate": 0.2, "max_iter": 500}
    expected, fitted = empirical.fit(x, y, **options), empirical.fit(x, y * size, **options)
    assert fitted.converged and fitted.n_iter == expected.n_iter > 0
    np.testing.assert_allclose(fitted.params["slope"] / size, expected.params["slope"], rtol=1e-4)
    first = empirical.init(START, x, y * size, **LEARNING).gradient
    assert fitted.gradient_norm <= 1e-5 * empirical.gradient_norm(first)


def test_gradient_descent_finds_least_squares(data):
    x, y = data
    fitted = empirical.fit(x, y, init=START, learning_rate=0.2, max_iter=500, **LEARNING)
    peer = LinearRegression().fit(x, y)
    assert fitted.converged
    np.testing.assert_allclose(fitted.params["slope"], peer.coef_, atol=1e-4)
    np.testing.assert_allclose(fitted.params["intercept"], peer.intercept_, atol=1e-4)


def test_weighted_fit_is_weighted_least_squares(data):
    x, y = data
    weights = jnp.linspace(0.0, 2.0, 30)
    fitted = empirical.fit(x, y, init=START, learning_rate=0.2, max_iter=500, weights=weights, **LEARNING)
    np.testing.assert_allclose(fitted.params["slope"], LinearRegression().fit(x, y, weights).coef_, atol=1e-4)


@pytest.mark.parametrize("loss", [losses.huber, losses.logistic])
def test_any_loss_reaches_the_minimum_that_scipy_finds(data, loss):
    x, y = data
    y = jnp.where(jnp.arange(30) % 4 == 0, -1.0, 1.0) * jnp.sign(y) if loss is losses.logistic else y
    fitted = empirical.fit(x, y, init=START, predict=line, loss=loss, learning_rate=0.3, max_iter=2000)

    def objective(flat):
        return float(
            empirical.risk(
                {"slope": jnp.array(flat[:3]), "intercept": jnp.array(flat[3])}, x, y, predict=line, loss=loss
            )
        )

    found = np.append(fitted.params["slope"], fitted.params["intercept"])
    polished = scipy.optimize.minimize(objective, found, method="Nelder-Mead", options={"maxiter": 200})
    assert fitted.converged
    assert fitted.objective <= polished.fun + 1e-5


def test_steps_are_those_of_optax_sgd(data):
    x, y = data
    optimizer = optax.sgd(0.1)
    state, moments, params = empirical.init(START, x, y, **LEARNING), optimizer.init(START), START
    for _ in range(3):
        state = empirical.step(state, x, y, **LEARNING, learning_rate=0.1)
        gradient = jax.grad(partial(empirical.risk, x=x, y=y, **LEARNING))(params)
        updates, moments = optimizer.update(gradient, moments)
        params = optax.apply_updates(params, updates)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), state.params, params)
    fitted = empirical.fit(x, y, init=START, learning_rate=0.1, max_iter=3, **LEARNING)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), state.params, fitted.params)


def test_history_falls_and_ends_at_the_objective(data):
    fitted = empirical.fit(*data, init=START, **LEARNING, learning_rate=0.2, max_iter=500)
    history = np.asarray(fitted.history)
    steps = int(fitted.n_iter)
    assert 0 < steps < 500
    assert np.isfinite(history[: steps + 1]).all()
    assert np.isnan(history[steps + 1 :]).all()
    assert (np.diff(history[: steps + 1]) <= 1e-5).all()
    np.testing.assert_allclose(history[0], empirical.risk(START, *data, **LEARNING), rtol=1e-6)
    np.testing.assert_allclose(history[steps], fitted.objective)


def test_too_large_a_step_is_told(data):
    fitted = empirical.fit(*data, init=START, **LEARNING, learning_rate=5.0, max_iter=500)
    assert not fitted.converged
    assert not jnp.isfinite(fitted.objective)
    assert fitted.n_iter < 500
    assert "lower the learning rate" in iteration.explain(fitted)


def test_too_few_steps_are_told(data):
    fitted = empirical.fit(*data, init=START, **LEARNING, learning_rate=0.01, max_iter=5)
    assert not fitted.converged
    assert fitted.n_iter == 5
    assert fitted.status == Status.MAX_ITER


def test_a_descent_that_rounding_stops_is_told(data):
    x, y = data
    fitted = empirical.fit(x, y, init=START, **LEARNING, learning_rate=0.2, max_iter=2000, tol=0.0)
    assert fitted.status == Status.STALLED
    assert not fitted.converged
    assert fitted.n_iter < 2000
    state = empirical.init(fitted.params, x, y, **LEARNING)
    again = empirical.step(state, x, y, **LEARNING, learning_rate=0.2)
    jax.tree.map(np.testing.assert_array_equal, again.params, fitted.params)


def test_missing_data_are_told(data):
    x, y = data
    fitted = empirical.fit(x.at[3, 1].set(jnp.nan), y, init=START, **LEARNING, learning_rate=0.2)
    assert fitted.status == Status.NON_FINITE
    assert fitted.n_iter == 0


def test_gradient_norm_is_that_of_optax():
    tree = {"a": jnp.array([[1.0, -2.0]]), "b": (jnp.array(2.0), jnp.array([4.0]))}
    np.testing.assert_allclose(empirical.gradient_norm(tree), optax.tree.norm(tree), rtol=1e-6)


def test_zero_one_loss_cannot_be_descended(data):
    x, y = data

    def classify(params, x):
        return jnp.sign(line(params, x))

    fitted = empirical.fit(
        x, jnp.sign(y), init=START, predict=classify, loss=losses.zero_one, learning_rate=0.1, max_iter=9
    )
    assert fitted.n_iter == 0
    np.testing.assert_array_equal(fitted.params["slope"], START["slope"])


def test_fits_under_vmap_over_learning_rates(data):
    rates = jnp.array([0.05, 0.2])
    together = jax.vmap(lambda rate: empirical.fit(*data, init=START, **LEARNING, learning_rate=rate, max_iter=500))(
        rates
    )
    alone = empirical.fit(*data, init=START, **LEARNING, learning_rate=0.05, max_iter=500)
    np.testing.assert_array_equal(together.converged, [True, True])
    assert together.n_iter[0] > together.n_iter[1]
    np.testing.assert_allclose(together.objective[0], alone.objective, rtol=1e-5)


def test_compiled_once_for_new_values(data):
    x, y = data
    empirical.fit(x, y, init=START, learning_rate=0.2, max_iter=7, **LEARNING)
    before = empirical.fit.__wrapped__._cache_size()
    empirical.fit(x + 1, y, init=START, learning_rate=0.3, max_iter=7, **LEARNING)
    assert empirical.fit.__wrapped__._cache_size() == before


def test_errors(data, unchecked):
    x, y = data
    with pytest.raises(ValueError, match=r"x and y must have the same length; found x \(30, 3\), y \(29,\)"):
        empirical.risk(START, x, y[:-1], **LEARNING)
    with pytest.raises(ValueError, match=r"one number per sample \(30 samples\); found shape \(\)"):
        empirical.risk(START, x, y, predict=line, loss=losses.mse)
    with pytest.raises(ValueError, match="at least one sample"):
        empirical.risk(START, x[:0], y[:0], **LEARNING)
    with pytest.raises(ValueError, match=r"same length; found x \(30, 3\), y \(30,\), weights \(3,\)"):
        empirical.risk(START, x, y, weights=jnp.ones(3), **LEARNING)
    with pytest.raises(ValueError, match="max_iter must be positive; found 0"):
        empirical.fit(x, y, init=START, learning_rate=0.1, max_iter=0, **LEARNING)


def test_a_mean_of_equal_numbers_is_that_number_and_infinity_stays():
    assert empirical.weighted_mean(jnp.full(41, 0.1)) == jnp.float32(0.1)
    assert empirical.weighted_mean(jnp.full(41, 0.1), weights=jnp.linspace(0.0, 1.0, 41)) == jnp.float32(0.1)
    assert empirical.weighted_mean(jnp.array([jnp.inf, 1.0])) == jnp.inf
    assert jnp.isnan(empirical.weighted_mean(jnp.array([jnp.nan, 1.0])))
    np.testing.assert_allclose(jax.grad(lambda v: empirical.weighted_mean(v))(jnp.arange(4.0)), 0.25)


def test_the_norm_of_lists_and_integers():
    assert empirical.gradient_norm({"slope": [3, 0], "intercept": np.array([200, 0], np.uint8)}) == pytest.approx(
        200.02250
    )
