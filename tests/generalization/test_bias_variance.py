import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.generalization import bias_variance, ridge

NOISE = 0.3
POINTS = jnp.linspace(-1.0, 1.0, 30)
TEST = jnp.linspace(-0.9, 0.9, 7)


def truth(x):
    return jnp.sin(3 * x)


def sample(key):
    return POINTS, truth(POINTS) + NOISE * jax.random.normal(key, POINTS.shape)


def cubic(x, y, x_test):
    powers = jnp.arange(1, 4)
    return ridge.predict(ridge.fit(x[:, None] ** powers, y, alpha=0.3), x_test[:, None] ** powers)


def test_parts_add_up_to_the_measured_error(key):
    r = 4000
    found = bias_variance.experiment(TEST, key=key, learner=cubic, sample=sample, n_sets=r)
    parts = bias_variance.decompose(found, truth(TEST), noise_variance=NOISE**2)
    measured = truth(TEST) + NOISE * jax.random.normal(jax.random.fold_in(key, 1), (r, 7))
    squares = np.asarray((measured - found) ** 2)
    error = squares.std(axis=0) / np.sqrt(r)
    assert np.all(np.abs(squares.mean(axis=0) - parts.error) < 4 * error)
    np.testing.assert_allclose(parts.error, parts.bias_squared + parts.variance + parts.noise, rtol=1e-6)


def test_variance_and_bias_of_ridge_in_closed_form(key):
    """Ridge is linear in y: its mean and variance over data sets are known."""
    found = bias_variance.experiment(TEST, key=key, learner=cubic, sample=sample, n_sets=4000)
    parts = bias_variance.decompose(found, truth(TEST))
    smoother = np.asarray(jax.jacobian(lambda y: cubic(POINTS, y, TEST))(jnp.zeros(30)))
    variance = NOISE**2 * (smoother**2).sum(axis=1)
    np.testing.assert_allclose(parts.variance, variance, rtol=0.12)
    bias = smoother @ np.asarray(truth(POINTS)) - np.asarray(truth(TEST))
    np.testing.assert_allclose(parts.bias_squared, bias**2, atol=4 * np.sqrt(variance.max() / 4000) * 0.5)


def test_a_constant_predictor_has_no_variance():
    parts = bias_variance.decompose(jnp.ones((5, 2)), jnp.array([1.0, 3.0]), noise_variance=0.25)
    assert parts.variance.tolist() == [0, 0]
    assert parts.bias_squared.tolist() == [0, 4]
    assert parts.error.tolist() == [0.25, 4.25]


@pytest.fixture(scope="module")
def descent():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(140, 120)).astype(np.float32)
    weights = rng.normal(size=120) / np.sqrt(120)
    y = (x @ weights + 0.3 * rng.normal(size=140)).astype(np.float32)
    sizes = (5, 20, 40, 80, 120)
    split = (x[:40], y[:40], x[40:], y[40:])
    return sizes, split, bias_variance.double_descent(*map(jnp.asarray, split), n_features=sizes)


def test_double_descent_peaks_where_features_equal_samples(descent):
    sizes, _, found = descent
    assert sizes[int(np.argmax(found.test))] == 40
    assert found.test[4] < 0.2 * found.test[2]
    assert np.all(np.diff(found.train[:3]) < 0)
    np.testing.assert_allclose(found.train[2:], 0, atol=1e-3)


def test_double_descent_equals_numpy(descent):
    sizes, (x, y, x_test, y_test), found = descent
    for p, test, norm in zip(sizes, found.test, found.norm, strict=True):
        weights = np.linalg.pinv(x[:, :p].astype(float)) @ y
        assert float(test) == pytest.approx(np.mean((x_test[:, :p] @ weights - y_test) ** 2), rel=0.02)
        assert float(norm) == pytest.approx(np.linalg.norm(weights), rel=0.02)


def test_errors(unchecked, key):
    x, y = jnp.ones((3, 2)), jnp.ones(3)
    for call, message in [
        (
            lambda: bias_variance.decompose(jnp.ones((4, 2)), jnp.ones(3)),
            "predictions and target must have the same length",
        ),
        (lambda: bias_variance.experiment(TEST, key=key, learner=cubic, sample=sample, n_sets=0), "n_sets"),
        (lambda: bias_variance.double_descent(x, y, x, y, n_features=(3,)), "n_features must be between"),
        (lambda: bias_variance.double_descent(x, y, x, y, n_features=()), "must not be empty"),
        (lambda: bias_variance.double_descent(x, jnp.ones(2), x, y, n_features=(1,)), "same length"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
