"""Each reference answer of unit 7 equals the library's function for the same mathematics."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.generalization import bias_variance, boosting, criteria, elastic_net, forest, lasso, ridge, tree, validation
from mfml.risk import losses, splits
from solutions import unit07


@pytest.fixture
def data(key):
    a, b = jax.random.split(key)
    return jax.random.normal(a, (12, 3)), jax.random.normal(b, (12,))


def test_soft_threshold(data):
    np.testing.assert_allclose(unit07.soft_threshold(data[1], 0.3), elastic_net.soft_threshold(data[1], 0.3))


def test_ridge(data):
    expected = ridge.fit(*data, alpha=0.7, fit_intercept=False).coef
    np.testing.assert_allclose(unit07.ridge(*data, 0.7), expected, atol=1e-5)


def test_first_ista_step_is_one_of_fista(data):
    task = elastic_net.problem(*data, fit_intercept=False)
    step = 1 / float(jnp.max(jnp.sum(jnp.abs(task.gram), axis=1)))
    expected = lasso.step(lasso.init(task), task, alpha=0.1, solver="fista").coef
    np.testing.assert_allclose(unit07.ista_step(jnp.zeros(3), *data, 0.1, step), expected, atol=1e-6)


def test_bias_variance(data):
    parts = bias_variance.decompose(data[0], data[0][0] + 1)
    found = unit07.bias_variance(data[0], data[0][0] + 1)
    np.testing.assert_allclose(found[0], parts.bias_squared, rtol=1e-5)
    np.testing.assert_allclose(found[1], parts.variance, rtol=1e-5)


def test_gini():
    counts = jnp.array([1.0, 4.0, 2.0])
    np.testing.assert_allclose(unit07.gini(counts), criteria.gini(counts), rtol=1e-6)


def test_best_split(data):
    x, y = data[0][:, 0], data[1]
    grown = tree.fit(x[:, None], y, max_depth=1, solver="exact")
    np.testing.assert_allclose(unit07.best_split(x, y), grown.threshold[0, 0], rtol=1e-6)


def test_bootstrap(key):
    drawn = jax.random.randint(key, (12,), 0, 12)
    indices, out_of_bag = unit07.bootstrap((drawn + 0.5) / 12)
    np.testing.assert_array_equal(indices, drawn)
    np.testing.assert_array_equal(out_of_bag, forest.bootstrap_counts(12, key=key) == 0)


def test_boosting_step(data):
    x, y = data[0][:, :1], data[1]
    model = boosting.fit(x, y, max_iter=1, max_depth=1, learning_rate=0.4, l2_regularization=0.0)
    start, threshold = jnp.full(12, model.offset[0]), float(model.trees.threshold[0, 0])
    found = unit07.boosting_step(start, x[:, 0], y, threshold, 0.4)
    np.testing.assert_allclose(found, boosting.predict(model, x), atol=1e-5)


def test_k_fold_error(data):
    def fit(x, y, setting, weights):
        return ridge.fit(x, y, alpha=setting, weights=weights, fit_intercept=False)

    search = validation.grid_search(
        *data,
        splits.k_fold(12, n_splits=4),
        jnp.array([0.7]),
        fit=fit,
        predict=ridge.predict,
        loss=losses.squared_error,
    )
    np.testing.assert_allclose(unit07.k_fold_error(*data, 0.7, 4), search.risk[0], rtol=1e-4)
