import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from mfml.representation import probe


@pytest.fixture
def data(key):
    """Three classes that overlap; features on different scales."""
    a, b = jax.random.split(key)
    y = jnp.arange(90) % 3
    x = jax.random.normal(a, (3, 4))[y] + jax.random.normal(b, (90, 4))
    return x * jnp.array([1.0, 10.0, 0.1, 1.0]) + jnp.array([0.0, 50.0, 0.0, 1.0]), y


@pytest.mark.parametrize("C", [0.1, 10.0])
def test_it_agrees_with_scikit_learn(data, C):
    x, y = data
    found = probe.fit(x, y, n_classes=3, C=C)
    peer = LogisticRegression(C=C, tol=1e-10, max_iter=5000).fit(np.asarray(x, np.float64), y)
    assert found.converged
    np.testing.assert_allclose(probe.predict_proba(found, x), peer.predict_proba(x), atol=3e-3)
    assert abs(probe.score(found, x, y) - peer.score(x, y)) < 0.02


def test_the_objective_falls_to_one_where_its_gradient_is_zero(data):
    x, y = data
    found = probe.fit(x, y, n_classes=3, C=1.0, tol=1e-9)

    def objective(params):
        coef, intercept = params
        log_p = jax.nn.log_softmax(x @ coef + intercept)
        return (-log_p[jnp.arange(90), y].sum() + jnp.sum(coef**2) / 2) / 90

    value, (slope, of_intercept) = jax.value_and_grad(objective)((found.coef, found.intercept))
    history = np.asarray(found.history[: int(found.n_iter) + 1])
    np.testing.assert_allclose(history[0], np.log(3), rtol=1e-5)
    assert (np.diff(history) <= 1e-6).all()
    np.testing.assert_allclose(history[-1], value, rtol=1e-4)
    np.testing.assert_allclose(slope * x.std(axis=0)[:, None], 0, atol=1e-3)
    np.testing.assert_allclose(of_intercept, 0, atol=1e-3)


def test_shift_and_unit_of_features_do_not_matter_without_penalty(data):
    x, y = data
    plain, moved = (probe.fit(z, y, n_classes=3, C=1e6) for z in (x, 7 * x - 3))
    np.testing.assert_allclose(probe.predict_proba(plain, x), probe.predict_proba(moved, 7 * x - 3), atol=1e-2)


def test_separable_classes_and_absent_ones(key):
    x, y = jnp.array([[0.0], [1.0], [8.0], [9.0]]), jnp.array([0, 0, 2, 2])
    found = probe.fit(x, y, n_classes=3)
    assert probe.predict(found, x).tolist() == [0, 0, 2, 2]
    assert all(np.isfinite(leaf).all() for leaf in (found.coef, found.intercept))


def test_more_features_than_samples_and_a_constant_one(key):
    x = jax.random.normal(key, (10, 30)).at[:, 4].set(2.0)
    found = probe.fit(x, jnp.arange(10) % 2, n_classes=2, C=1.0)
    assert found.converged
    assert probe.predict(found, x).tolist() == [0, 1] * 5


def test_what_does_not_fit_is_refused(unchecked):
    x, y = jnp.ones((4, 2)), jnp.zeros(4, int)
    for arguments, options, message in (
        ((x[0], y), {"n_classes": 2}, "x must have 2 axes"),
        ((x, y[:3]), {"n_classes": 2}, "same length"),
        ((x, y), {"n_classes": 1}, "n_classes must be at least 2"),
        ((x, y), {"n_classes": 2, "max_iter": 0}, "max_iter must be positive"),
    ):
        with pytest.raises(ValueError, match=message):
            probe.fit(*arguments, **options)


@pytest.mark.parametrize("unit", [1e-35, 1e-18, 0.0])
def test_a_feature_in_a_tiny_unit_counts_as_little_as_none(data, unit):
    """Its penalty would overflow. MiniLM's vectors have such a feature."""
    x, y = data
    others = probe.fit(x[:, 1:], y, n_classes=3)
    found = probe.fit(x.at[:, 0].multiply(unit), y, n_classes=3)
    assert found.converged
    np.testing.assert_allclose(found.coef[1:], others.coef, atol=1e-4)
    assert np.abs(found.coef[0]).max() <= 1e3 * unit
