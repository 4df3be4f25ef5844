import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold

from mfml.generalization import ridge, validation
from mfml.risk import losses, splits

RNG = np.random.default_rng(2)
X = RNG.normal(size=(30, 5)).astype(np.float32)
Y = (X[:, 0] + 0.7 * RNG.normal(size=30)).astype(np.float32)
GRID = np.array([0.1, 3.0, 30.0, 1000.0], np.float32)


def fit(x, y, setting, weights):
    return ridge.fit(x, y, alpha=setting, weights=weights)


OPTIONS = {"fit": fit, "predict": ridge.predict, "loss": losses.squared_error}


@pytest.fixture(scope="module")
def search():
    folds = splits.k_fold(30, n_splits=5)
    return validation.grid_search(jnp.asarray(X), jnp.asarray(Y), folds, jnp.asarray(GRID), **OPTIONS)


def test_grid_search_equals_scikit_learn(search):
    theirs = GridSearchCV(
        Ridge(), {"alpha": GRID}, cv=KFold(5), scoring="neg_mean_squared_error", return_train_score=True
    ).fit(X, Y)
    found = theirs.cv_results_
    np.testing.assert_allclose(search.risk, -found["mean_test_score"], rtol=1e-4)
    np.testing.assert_allclose(search.train_risk, -found["mean_train_score"], rtol=1e-4)
    np.testing.assert_allclose(search.standard_error, found["std_test_score"] / 2, rtol=1e-3)  # sqrt(5 (5 - 1) / 5)
    assert search.best == theirs.best_index_


def test_one_standard_error_takes_the_simplest_that_is_good_enough(search):
    complexity = -jnp.asarray(GRID)
    chosen = int(validation.one_standard_error(search, complexity))
    limit = float(search.risk[search.best] + search.standard_error[search.best])
    good = [i for i in range(4) if float(search.risk[i]) <= limit]
    assert chosen == max(good)  # the largest penalty
    assert int(search.best) <= chosen < 3


def test_nested_equals_a_loop(key):
    outer, inner = splits.k_fold(30, n_splits=3), splits.k_fold(30, n_splits=4, key=key)
    found = validation.nested(jnp.asarray(X), jnp.asarray(Y), outer, inner, jnp.asarray(GRID), **OPTIONS)
    for i in range(3):
        train, test = np.asarray(outer.train[i]), np.asarray(outer.test[i])
        risks = np.zeros(4)
        for a, alpha in enumerate(GRID):
            for j in range(4):
                used, held = train & np.asarray(inner.train[j]), train & np.asarray(inner.test[j])
                risks[a] += np.mean((Ridge(alpha=alpha).fit(X[used], Y[used]).predict(X[held]) - Y[held]) ** 2)
        assert found.chosen[i] == np.argmin(risks)
        model = Ridge(alpha=GRID[np.argmin(risks)]).fit(X[train], Y[train])
        assert float(found.test_risk[i]) == pytest.approx(np.mean((model.predict(X[test]) - Y[test]) ** 2), rel=1e-3)
    assert float(found.mean) == pytest.approx(float(found.test_risk.mean()), rel=1e-6)


def test_learning_curve(key):
    folds = splits.k_fold(30, n_splits=5)
    sizes = jnp.array([6, 12, 24, 99])
    curve = validation.learning_curve(jnp.asarray(X), jnp.asarray(Y), folds, sizes, jnp.array(0.1), key=key, **OPTIONS)
    whole = validation.grid_search(jnp.asarray(X), jnp.asarray(Y), folds, jnp.asarray(GRID), **OPTIONS)
    np.testing.assert_allclose(curve.test_risk[2:], whole.risk[0], rtol=1e-4)  # 24 samples are all there are
    np.testing.assert_allclose(curve.train_risk[3], whole.train_risk[0], rtol=1e-4)
    assert curve.train_risk[0] < curve.train_risk[2]
    assert curve.test_risk[0] > curve.test_risk[2]


def test_grids_may_be_trees_of_numbers():
    def both(x, y, setting, weights):
        return ridge.fit(x * setting["scale"], y, alpha=setting["alpha"], weights=weights)

    folds = splits.k_fold(30, n_splits=5)
    grid = {"alpha": jnp.array([1.0, 2.0]), "scale": jnp.array([1.0, 0.0])}
    found = validation.grid_search(
        jnp.asarray(X), jnp.asarray(Y), folds, grid, fit=both, predict=ridge.predict, loss=losses.squared_error
    )
    assert found.risk.shape == (2,)
    assert found.best == 0


def test_errors(unchecked):
    folds = splits.k_fold(30, n_splits=5)
    x, y = jnp.asarray(X), jnp.asarray(Y)
    uneven = {"a": jnp.ones(2), "b": jnp.ones(3)}
    for grid in (uneven, jnp.array(1.0), jnp.ones(0)):
        with pytest.raises(ValueError, match="same number of settings"):
            validation.grid_search(x, y, folds, grid, **OPTIONS)
    with pytest.raises(ValueError, match="masks of 29 samples"):
        validation.grid_search(x[:29], y[:29], folds, jnp.ones(2), **OPTIONS)
    with pytest.raises(ValueError, match="same shape"):
        validation.one_standard_error(
            validation.Search(jnp.ones(2), jnp.ones(2), jnp.ones(2), jnp.array(0)), jax.numpy.ones(3)
        )
