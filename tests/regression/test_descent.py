import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import SGDRegressor

from mfml.regression import descent, ols, rates
from mfml.risk import empirical, losses

TASK = {"predict": descent.linear, "loss": losses.squared_error}


@pytest.fixture
def data(key):
    for_x, for_noise = jax.random.split(key)
    x = jax.random.normal(for_x, (24, 3)) * jnp.array([1.0, 2.0, 0.5])
    return x, x @ jnp.array([1.0, -2.0, 0.5]) + 0.3 * jax.random.normal(for_noise, (24,))


@pytest.fixture
def minimum(data):
    return ols.fit(*data, fit_intercept=False, solver="qr").coef


def test_mse_gradient_equals_automatic_differentiation(data):
    x, y = data
    weights = jnp.array([0.3, -1.0, 2.0])
    expected = jax.grad(lambda w: losses.mse(x @ w, y))(weights)
    np.testing.assert_allclose(descent.mse_gradient(weights, x, y), expected, rtol=1e-5)


def test_path_repeats_the_step_written_out(data):
    x, y = data
    found = descent.path(x, y, init=jnp.zeros(3), learning_rate=0.05, n_steps=5, **TASK)
    w = np.zeros(3)
    for t in range(6):
        np.testing.assert_allclose(found.params[t], w, atol=1e-5)
        np.testing.assert_allclose(found.history[t], np.mean((x @ w - y) ** 2), rtol=1e-5)
        w = w - 0.05 * 2 / 24 * np.asarray(x).T @ (x @ w - y)


def test_path_of_no_step_is_the_start_and_may_be_a_tree(data):
    x, y = data
    start = {"slope": jnp.ones(3), "height": jnp.array(0.5)}

    def predict(params, x):
        return x @ params["slope"] + params["height"]

    for n_steps in (0, 2):
        way = descent.path(
            x, y, init=start, predict=predict, loss=losses.squared_error, learning_rate=0.01, n_steps=n_steps
        )
        assert way.params["slope"].shape == (n_steps + 1, 3)
        assert way.params["height"].shape == way.history.shape == (n_steps + 1,)
        assert way.params["height"][0] == 0.5


def test_path_may_be_differentiated_in_the_learning_rate(data):
    def final(rate):
        return descent.path(*data, init=jnp.zeros(3), **TASK, learning_rate=rate, n_steps=3).history[-1]

    numeric = (final(0.0505) - final(0.0495)) / 0.001
    np.testing.assert_allclose(jax.grad(final)(0.05), numeric, rtol=2e-2)


def test_all_samples_in_one_batch_are_batch_gradient_descent(data, key):
    settings = TASK | {"learning_rate": 0.1, "max_iter": 7, "tol": 0.0}
    found = descent.fit(*data, key=key, init=jnp.zeros(3), **settings, batch_size=24)
    expected = empirical.fit(*data, init=jnp.zeros(3), **settings)
    np.testing.assert_allclose(found.params, expected.params, rtol=1e-4)
    np.testing.assert_allclose(found.history, expected.history, rtol=1e-4)


@pytest.mark.parametrize("batch_size", [1, 7])
def test_one_epoch_takes_every_sample_once(key, batch_size):
    # with the loss 'prediction' the gradient of sample i is row i, so the way is the sum of all rows
    x = jnp.eye(10)

    def predicted(prediction, target):
        return prediction + 0 * target

    fitted = descent.fit(
        x,
        jnp.zeros(10),
        key=key,
        init=jnp.zeros(10),
        predict=descent.linear,
        loss=predicted,
        learning_rate=1.0,
        batch_size=batch_size,
        max_iter=1,
    )
    expected = np.unique(np.round(-1 / np.asarray(fitted.params)))  # the size of each sample's batch
    assert expected.tolist() == ([1.0] if batch_size == 1 else [3.0, 7.0])


def test_decaying_rate_reaches_the_minimum_and_constant_rate_hovers(data, minimum, key):
    settings = TASK | {"batch_size": 1, "max_iter": 300, "tol": 0.0}
    decaying = descent.fit(*data, key=key, init=jnp.zeros(3), **settings, learning_rate=0.1, power_t=0.6)
    constant = descent.fit(*data, key=key, init=jnp.zeros(3), **settings, learning_rate=0.05)
    assert jnp.linalg.norm(decaying.params - minimum) < 0.03
    assert jnp.linalg.norm(constant.params - minimum) > jnp.linalg.norm(decaying.params - minimum)
    assert constant.n_iter == 300
    assert not constant.converged


def test_noise_free_data_converge_at_a_constant_rate_and_stop_early(data, key):
    x, _ = data
    w = jnp.array([1.0, -2.0, 0.5])
    fitted = descent.fit(x, x @ w, key=key, init=jnp.zeros(3), learning_rate=0.05, max_iter=300, tol=1e-5, **TASK)
    assert fitted.converged
    assert fitted.n_iter < 300
    np.testing.assert_allclose(fitted.params, w, atol=1e-3)
    assert jnp.isnan(fitted.history[fitted.n_iter + 1 :]).all()
    assert fitted.history[fitted.n_iter] == fitted.objective


def test_as_good_as_scikit_learn(data, minimum, key):
    x, y = data
    settings = {"power_t": 0.25, "max_iter": 200}
    peer = SGDRegressor(
        learning_rate="invscaling", eta0=0.05, tol=None, alpha=0.0, fit_intercept=False, random_state=0, **settings
    ).fit(x, y)
    # its loss has a factor 1/2, so its rate is twice ours
    ours = descent.fit(x, y, key=key, init=jnp.zeros(3), learning_rate=0.025, tol=0.0, **TASK, **settings)
    np.testing.assert_allclose(ours.params, peer.coef_, atol=0.03)
    np.testing.assert_allclose(ours.params, minimum, atol=0.03)


def test_divergence_ends_the_descent_and_is_seen(data, key):
    fitted = descent.fit(*data, key=key, init=jnp.zeros(3), **TASK, learning_rate=1e3, max_iter=40)
    assert not fitted.converged
    assert fitted.n_iter < 40
    assert not jnp.isfinite(fitted.objective)


def test_step_schedule():
    x, y = jnp.array([[1.0]]), jnp.array([0.0])
    state = descent.State(jnp.array([1.0]), jnp.array(3))
    after = descent.step(state, x, y, **TASK, learning_rate=0.1, power_t=0.5)
    np.testing.assert_allclose(after.params, 1 - 0.1 / 2 * 2, rtol=1e-6)
    assert after.n_steps == 4


def test_curvatures_are_the_eigenvalues_of_the_hessian(data):
    x, y = data
    hessian = jax.hessian(lambda w: losses.mse(x @ w, y))(jnp.zeros(3))
    np.testing.assert_allclose(rates.curvatures(x), np.linalg.eigvalsh(hessian), rtol=1e-4)
    np.testing.assert_allclose(rates.largest_stable_step(x), 2 / np.linalg.norm(hessian, 2), rtol=1e-4)


def test_largest_stable_step_divides_convergence_from_divergence(data):
    limit = rates.largest_stable_step(data[0])

    def risk(rate):
        return descent.path(*data, init=jnp.ones(3), **TASK, learning_rate=rate, n_steps=200).history

    below, above = risk(0.98 * limit), risk(1.02 * limit)
    assert below[-1] < below[0]
    assert above[-1] > 10 * above[0]
    np.testing.assert_allclose(rates.predicted_rate(data[0], limit), 1, rtol=1e-5)


@pytest.mark.parametrize("share", [0.2, 0.9])
def test_observed_rate_is_the_predicted_one(data, minimum, share):
    rate = share * rates.largest_stable_step(data[0])
    way = descent.path(*data, init=minimum + 1.0, **TASK, learning_rate=rate, n_steps=40)
    observed = rates.observed_rate(jnp.linalg.norm(way.params - minimum, axis=1))
    np.testing.assert_allclose(observed, rates.predicted_rate(data[0], rate), atol=0.02)


def test_fastest_step_minimizes_the_predicted_rate(data):
    x = data[0]
    best = rates.fastest_step(x)
    values = rates.curvatures(x)
    found = rates.predicted_rate(x, best)
    np.testing.assert_allclose(found, (values[-1] - values[0]) / (values[-1] + values[0]), rtol=1e-4)
    for other in (0.95 * best, 1.05 * best):
        assert rates.predicted_rate(x, other) > found


def test_directions_without_curvature_do_not_count(data):
    x = data[0]
    doubled = jnp.concatenate([x, x], axis=1)
    np.testing.assert_allclose(rates.predicted_rate(doubled, 0.05), rates.predicted_rate(x, 0.1), rtol=1e-3)
    np.testing.assert_allclose(rates.fastest_step(doubled), rates.fastest_step(x) / 2, rtol=1e-3)
    assert jnp.isinf(rates.largest_stable_step(jnp.zeros((3, 2))))


def test_errors(unchecked, key):
    x, y = jnp.ones((4, 2)), jnp.ones(4)
    for batch_size in (0, 5):
        with pytest.raises(ValueError, match=f"batch_size must be between 1 and 4; found {batch_size}"):
            descent.fit(x, y, key=key, init=jnp.zeros(2), learning_rate=0.1, batch_size=batch_size, **TASK)
    with pytest.raises(ValueError, match="max_iter must be positive"):
        descent.fit(x, y, key=key, init=jnp.zeros(2), learning_rate=0.1, max_iter=0, **TASK)
    with pytest.raises(ValueError, match="x and y must have the same length"):
        descent.mse_gradient(jnp.zeros(2), x, jnp.ones(3))
    with pytest.raises(ValueError, match="n_steps must not be negative; found -1"):
        descent.path(x, y, init=jnp.zeros(2), learning_rate=0.1, n_steps=-1, **TASK)
    with pytest.raises(ValueError, match="x must have 2 axes"):
        rates.curvatures(y)
    with pytest.raises(ValueError, match="at least one sample and one feature"):
        rates.curvatures(jnp.ones((0, 2)))
    with pytest.raises(ValueError, match="a rate needs two distances; found 1"):
        rates.observed_rate(jnp.ones(1))


@pytest.mark.parametrize("size", [1e-15, 1e15])
def test_the_unit_of_the_targets_changes_nothing(data, key, size):
    x, y = data
    options = TASK | {"key": key, "init": jnp.zeros(3), "learning_rate": 0.02, "batch_size": 6, "max_iter": 20}
    expected, found = descent.fit(x, y, **options), descent.fit(x, y * size, **options)
    np.testing.assert_allclose(found.params / size, expected.params, rtol=1e-4)
    assert found.n_iter == expected.n_iter and found.converged == expected.converged


def test_weights_are_those_of_the_risk(data, key, minimum):
    x, y = data
    weights = jnp.linspace(0.0, 2.0, len(y))
    spoiled = x.at[0].set(jnp.nan), y.at[0].set(jnp.inf)
    options = TASK | {"init": jnp.zeros(3), "learning_rate": 0.1, "weights": weights}
    way = descent.path(*spoiled, n_steps=5, **options)
    batch = descent.fit(*spoiled, key=key, batch_size=len(y), max_iter=5, tol=0.0, **options)
    expected = empirical.fit(x[1:], y[1:], max_iter=5, tol=0.0, **options | {"weights": weights[1:]})
    for params in (way.params[-1], batch.params):
        np.testing.assert_allclose(params, expected.params, rtol=1e-4)
    alone = descent.fit(*spoiled, key=key, batch_size=1, max_iter=2, **options | {"learning_rate": 1e-3})
    assert jnp.isfinite(alone.params).all()


def test_rates_in_small_units_and_of_missing_data(data):
    x, _ = data
    np.testing.assert_allclose(
        rates.predicted_rate(x * 2.0**-60, 0.1 * 2.0**120), rates.predicted_rate(x, 0.1), rtol=1e-5
    )
    assert jnp.isnan(rates.predicted_rate(x.at[0, 0].set(jnp.nan), 0.1))


def test_gradient_of_many_large_residuals():
    """Their sum would be 5e38, their mean is 5e36."""
    x, y = jnp.ones((100, 1)), jnp.full(100, -5e36)
    np.testing.assert_allclose(descent.mse_gradient(jnp.zeros(1), x, y), [1e37], rtol=1e-6)
