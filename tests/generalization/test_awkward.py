"""Cases that were wrong in silence: tiny and huge units, integers, NaN, absent samples, options out of range."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import ElasticNet

from mfml.generalization import boosting, criteria, forest, lasso, ridge, tree, validation
from mfml.iteration import Status
from mfml.risk import losses, splits

RNG = np.random.default_rng(5)
X = RNG.normal(size=(40, 4)).astype(np.float32)
Y = (X @ np.array([2.0, -1.0, 0.0, 0.5]) + 0.3 * RNG.normal(size=40)).astype(np.float32)
W = RNG.uniform(0.2, 2, 40).astype(np.float32)
LABELS = (Y > 0).astype(int) + (Y > 1.5)
SMALL, LARGE = 2.0**-60, 2.0**60
NAN = float("nan")


@pytest.mark.parametrize("solver", lasso.SOLVERS)
@pytest.mark.parametrize(("of_x", "of_y"), [(SMALL, 1.0), (1.0, SMALL), (LARGE, SMALL), (2.0**-64, 2.0**-30)])
def test_lasso_does_not_depend_on_units(solver, of_x, of_y):
    plain = lasso.fit(X, Y, alpha=0.1, solver=solver)
    other = lasso.fit(X * of_x, Y * of_y, alpha=0.1 * of_x * of_y, solver=solver)
    assert other.converged
    np.testing.assert_allclose(other.coef * (of_x / of_y), plain.coef, rtol=1e-4, atol=1e-6)


def test_elastic_net_with_weights_equals_scikit_learn_in_other_units():
    needed = ElasticNet(alpha=0.1, l1_ratio=0.4).fit(X, Y, W)
    found = lasso.fit(X, Y, weights=W, alpha=0.1, l1_ratio=0.4, tol=1e-6)
    np.testing.assert_allclose(found.coef, needed.coef_, atol=1e-4)
    np.testing.assert_allclose(found.intercept, needed.intercept_, atol=1e-4)
    path = lasso.path(X, Y * SMALL, jnp.array([0.3, 0.1]) * SMALL, weights=W)
    np.testing.assert_allclose(path.coef[1] * LARGE, lasso.fit(X, Y, weights=W, alpha=0.1).coef, atol=1e-2)


def test_lasso_of_integers_keeps_its_penalty():
    x = np.round(3 * X).astype(int)
    np.testing.assert_array_equal(lasso.fit(x, Y, alpha=0.5).coef, lasso.fit(x.astype(np.float32), Y, alpha=0.5).coef)


@pytest.mark.parametrize("options", [{"alpha": -1.0}, {"l1_ratio": 2.0}, {"l1_ratio": 0.0}, {"weights": -W}])
def test_lasso_refuses_options_out_of_range(options):
    with pytest.raises(ValueError, match=f"{next(iter(options))} must"):
        lasso.fit(X, Y, **options)
    found = jax.jit(lambda given: lasso.fit(X, Y, **given))(jax.tree.map(jnp.asarray, options))
    assert found.status == Status.NON_FINITE and not found.converged


def test_ridge_refuses_a_penalty_for_each_feature_and_a_negative_one():
    with pytest.raises(ValueError, match="alpha must be one number"):
        ridge.fit(X, Y, alpha=jnp.ones(4))
    with pytest.raises(ValueError, match="alpha must not be negative"):
        ridge.fit(X, Y, alpha=-1.0)


def test_ridge_without_penalty_is_nan_where_columns_depend_on_each_other():
    assert np.isnan(ridge.fit(np.c_[X, X], Y, alpha=0.0).coef).all()
    assert np.isnan(ridge.fit(X[:3], Y[:3], alpha=0.0).coef).all()


@pytest.mark.parametrize("solver", tree.SOLVERS)
@pytest.mark.parametrize("unit", [2.0**-66, 2.0**62])
def test_trees_do_not_depend_on_the_unit_of_targets(solver, unit):
    plain, other = (tree.fit(X, y, max_depth=3, solver=solver) for y in (Y, Y * unit))
    np.testing.assert_array_equal(other.threshold, plain.threshold)
    np.testing.assert_allclose(tree.predict(other, X) / unit, tree.predict(plain, X), rtol=1e-5)


@pytest.mark.parametrize("unit", [2.0**-66, 2.0**60])
def test_boosting_and_forests_do_not_depend_on_the_unit_of_targets(unit, key):
    def boosted(y):
        return boosting.fit(X, y, validation=(jnp.array(X[:9]), y[:9]), max_iter=3, max_depth=2, n_iter_no_change=2)

    def grown(y):
        return forest.fit(X, y, key=key, n_estimators=3, max_depth=3)

    for fit, predict in ((boosted, boosting.predict), (grown, forest.predict)):
        np.testing.assert_allclose(
            predict(fit(jnp.array(Y) * unit), X) / unit, predict(fit(jnp.array(Y)), X), rtol=1e-4, atol=1e-5
        )


@pytest.mark.parametrize("held", [1e30, NAN])
@pytest.mark.parametrize("solver", tree.SOLVERS)
def test_a_sample_of_weight_zero_leaves_no_trace_in_a_tree(held, solver):
    x, y, w = np.r_[np.full((1, 4), 0.1, np.float32), X], np.r_[np.float32(held), Y], np.r_[np.float32(0), W]
    found, needed = tree.fit(x, y, weights=w, solver=solver), tree.fit(X, Y, weights=W, solver=solver)
    np.testing.assert_array_equal(found.threshold, needed.threshold)
    np.testing.assert_allclose(found.value, needed.value, rtol=1e-5)


def test_a_forest_with_weights_leaves_out_absent_samples(key):
    absent = W < 0.8
    counts = forest.bootstrap_counts(40, key=key, weights=jnp.where(absent, 0, W))
    assert counts[absent].sum() == 0 and counts.sum() == (~absent).sum()
    np.testing.assert_array_equal(forest.bootstrap_counts(40, key=key, weights=W), forest.bootstrap_counts(40, key=key))
    options = {"key": key, "n_estimators": 1, "bootstrap": False, "max_depth": 3}
    forested = forest.fit(X, Y, weights=W, **options)
    np.testing.assert_allclose(
        forest.predict(forested, X), tree.predict(tree.fit(X, Y, weights=W, max_depth=3), X), rtol=1e-5
    )


@pytest.mark.parametrize("labels", [LABELS + 1, 2 * (LABELS > 0) - 1])
def test_labels_that_are_not_0_to_k_minus_1_are_refused(labels, key):
    for fit in (
        lambda: tree.fit(X, labels, criterion="gini", n_classes=3),
        lambda: forest.fit(X, labels, key=key, criterion="gini", n_classes=3),
        lambda: boosting.fit(X, labels, loss="softmax", n_classes=3),
        lambda: boosting.fit(X, labels, loss="logistic"),
    ):
        with pytest.raises(ValueError, match="labels must be"):
            fit()


def test_labels_that_are_no_class_give_nan_in_compiled_code():
    grow = jax.jit(lambda y: tree.fit(X, y, criterion="gini", n_classes=3))
    assert np.isnan(grow(LABELS + 1).value).any()
    boost = jax.jit(lambda y: boosting.fit(X, y, loss="softmax", n_classes=3, max_iter=2, max_depth=2))
    assert boost(LABELS + 1).status == Status.NON_FINITE
    assert np.isnan(criteria.statistics(jnp.array([0, 3]), jnp.ones(2), n_classes=3)[0][:, 1]).all()


def ridge_or_nan(x, y, setting, weights):
    return ridge.fit(x, y, alpha=jnp.where(setting < 0, jnp.nan, setting), weights=weights)


def test_searches_never_choose_a_setting_that_failed():
    learner = {"fit": ridge_or_nan, "predict": ridge.predict, "loss": losses.squared_error}
    folds, grid = splits.k_fold(40, n_splits=4), jnp.array([-1.0, 100.0, 1.0])
    found = validation.grid_search(X, Y, folds, grid, **learner)
    assert np.isnan(found.risk[0]) and found.best == 2
    assert validation.one_standard_error(found, jnp.array([0.0, 1.0, 2.0])) == 2
    assert (validation.nested(X, Y, folds, splits.k_fold(40, n_splits=5), grid, **learner).chosen == 2).all()


def test_one_fold_has_no_standard_error_and_still_a_best_setting():
    error = jnp.full(3, jnp.nan)
    result = validation.Search(jnp.array([3.0, 2.0, 1.0]), error, error, jnp.array(2))
    assert validation.one_standard_error(result, jnp.arange(3.0)) == 2


def test_boosting_that_meets_nan_does_not_say_that_it_stopped_early():
    y = Y.copy()
    y[3] = NAN
    options = {"max_iter": 4, "max_depth": 2, "n_iter_no_change": 1}
    for train, held_out in ((Y, y[:9]), (y, Y[:9])):
        found = boosting.fit(X, train, validation=(jnp.array(X[:9]), jnp.array(held_out)), **options)
        assert found.status == Status.NON_FINITE and not found.converged
