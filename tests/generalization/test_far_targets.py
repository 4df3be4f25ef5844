"""Trees split a group of near targets rightly, however far other targets are."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.tree import DecisionTreeRegressor

from mfml.generalization import boosting, forest, tree, tree_arrays

RNG = np.random.default_rng(3)
X = RNG.integers(0, 40, (400, 3)).astype(np.float32)  # fewer values than bins: both solvers see every threshold
WAVE = np.sin(X[:, 1] / 6) + 0.1 * RNG.normal(size=400)
GROUPS = {
    "groups": np.where(X[:, 0] < 20, 0, 1e4) + WAVE,
    "three groups": 3e3 * (X[:, 0] // 14) + WAVE,
    "outlier": np.where(np.arange(400) == 7, 1e6, WAVE),
}


@pytest.mark.parametrize("solver", tree.SOLVERS)
@pytest.mark.parametrize("kind", GROUPS)
def test_tree_explains_each_group_as_well_as_scikit_learns_in_double_precision(kind, solver):
    y = GROUPS[kind].astype(np.float32)
    peer = DecisionTreeRegressor(max_depth=6, random_state=0).fit(X, y.astype(float)).predict(X)
    ours = np.asarray(tree.predict(tree.fit(X, y, max_depth=6, solver=solver), X), float)
    near = np.abs(y) < 100
    assert np.mean((ours - y)[near] ** 2) <= 1.05 * np.mean((peer - y)[near] ** 2) + 1e-6
    assert np.mean((ours - y) ** 2) <= 1.05 * np.mean((peer - y) ** 2) + 1e-4


def test_forest_and_boosting_explain_the_near_group():
    y = GROUPS["groups"].astype(np.float32)
    near = y < 100
    grown = forest.fit(X, y, key=jax.random.key(0), n_estimators=10, max_depth=7)
    options = {"max_iter": 3, "learning_rate": 1.0, "l2_regularization": 0.0, "max_depth": 6}
    boosted = boosting.fit(X, y, **options)
    for prediction in (forest.predict(grown, X), boosting.predict(boosted, X)):
        assert np.mean((prediction - y)[near] ** 2) < 0.1 * np.var(y[near])


def test_equal_targets_far_away_are_one_leaf():
    y = np.where(X[:, 0] < 13, 0.1, np.where(X[:, 0] < 26, 1000.3, 7.7e5)).astype(np.float32)
    for solver in tree.SOLVERS:
        for weights in (None, RNG.uniform(0.5, 2, 400)):
            found = tree.fit(X, y, weights=weights, max_depth=5, solver=solver)
            assert jnp.sum(found.left[0] != jnp.arange(63)) == 2, (solver, weights)


@pytest.mark.parametrize("unit", [1e-30, 1e-19, 1e18, 1e30])
def test_importance_does_not_depend_on_the_unit_of_the_targets(unit):
    y = np.array([WAVE, WAVE * unit], np.float32)
    options = {"key": jax.random.key(0), "n_estimators": 3, "max_depth": 3, "max_bins": 63}
    for fit in (
        lambda y: tree.fit(X, y, max_depth=3),
        lambda y: forest.fit(X, y, **options).trees,
        lambda y: boosting.fit(X, y, max_iter=3, max_depth=3).trees,
    ):
        plain, found = (tree_arrays.importance(fit(jnp.asarray(one))) for one in y)
        np.testing.assert_allclose(found, plain, atol=1e-3)
