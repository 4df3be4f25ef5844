import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.feature_selection import SelectKBest, r_regression
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, KFold, TimeSeriesSplit
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mfml.risk import leakage, splits


def held_out(model, x, y, folds):
    """Predictions, truth and the training mean for every held-out sample, fold by fold, with scikit-learn."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    parts = []
    for train, test in zip(*map(np.asarray, folds), strict=True):
        prediction = model.fit(x[train], y[train]).predict(x[test])
        parts.append((prediction, y[test], np.full(test.sum(), y[train].mean())))
    return map(np.concatenate, zip(*parts, strict=True))


def q2(model, x, y, folds):
    prediction, truth, mean = held_out(model, x, y, folds)
    return 1 - ((truth - prediction) ** 2).sum() / ((truth - mean) ** 2).sum()


def accuracy(model, x, y, folds):
    prediction, truth, _ = held_out(model, x, y, folds)
    return (np.sign(prediction) == truth).mean()


@pytest.fixture
def table(key):
    """A signal, and impurities whose concentrations have rare large values."""
    a, b, c = jax.random.split(key, 3)
    signal = jax.random.normal(a, (30,))
    impurities = jax.random.cauchy(b, (30, 6))
    return jnp.column_stack([signal, impurities]), signal + 0.5 * jax.random.normal(c, (30,))


def test_preprocessing_agrees_with_a_scikit_learn_pipeline(table):
    x, y = table
    x = x.at[:, 3].set(7.0)  # a constant feature
    folds = splits.k_fold(30, n_splits=5)
    leak = leakage.preprocessing(x, y, folds, alpha=2.0)
    np.testing.assert_allclose(leak.leaky, q2(Ridge(2.0), StandardScaler().fit_transform(x), y, folds), atol=1e-3)
    np.testing.assert_allclose(leak.honest, q2(make_pipeline(StandardScaler(), Ridge(2.0)), x, y, folds), atol=1e-3)


def test_preprocessing_leak_flatters_where_values_are_rare_and_large(table):
    x, y = table
    x = x.at[0, 1].set(500.0)  # in one test set, and in no training set that has to foresee it
    leak = leakage.preprocessing(x, y, splits.k_fold(30, n_splits=10))
    assert leak.leaky > 0.5 > 0.0 > leak.honest


def absolute_correlation(x, y):
    return np.abs(r_regression(x, y))


@pytest.fixture
def noise(key):
    return jax.random.normal(key, (50, 1000)), jnp.where(jnp.arange(50) % 2 == 0, 1, -1)


def test_feature_selection_agrees_with_a_scikit_learn_pipeline(noise):
    x, label = noise
    folds = splits.stratified(label, n_splits=5)
    leak = leakage.feature_selection(x, label, folds, n_features=20, alpha=100.0)
    best = SelectKBest(absolute_correlation, k=20)
    np.testing.assert_allclose(leak.honest, accuracy(make_pipeline(best, Ridge(100.0)), x, label, folds), atol=1e-6)
    chosen = best.fit_transform(x, label)
    np.testing.assert_allclose(leak.leaky, accuracy(Ridge(100.0), chosen, label, folds), atol=1e-6)


def test_selection_turns_noise_into_ninety_percent(noise):
    x, label = noise
    leak = leakage.feature_selection(x, label, splits.stratified(label), n_features=50, alpha=100.0)
    assert leak.leaky > 0.9
    assert leak.honest < 0.65


def test_without_a_choice_selection_cannot_leak(noise):
    x, label = noise[0][:, :4], noise[1]
    leak = leakage.feature_selection(x, label, splits.stratified(label), n_features=4)
    np.testing.assert_allclose(leak.leaky, leak.honest, atol=1e-6)


def test_target_agrees_with_scikit_learn(table):
    x, y = table
    x = jnp.column_stack([jnp.clip(x, -5, 5), y**3])
    folds = splits.k_fold(30, n_splits=5)
    leak = leakage.target(x, y, folds, proxies=(7,), alpha=0.5)
    np.testing.assert_allclose(leak.leaky, q2(Ridge(0.5), x, y, folds), atol=1e-3)
    np.testing.assert_allclose(leak.honest, q2(Ridge(0.5), x[:, :7], y, folds), atol=1e-3)
    assert leak.leaky > leak.honest


def test_target_without_a_penalty_in_any_unit(table):
    x, y = table
    folds = splits.k_fold(30, n_splits=5)
    near, far = (leakage.target(x * unit, y, folds, proxies=(0,), alpha=0.0) for unit in (1.0, 2.0**-80))
    np.testing.assert_allclose(far, near, rtol=1e-4)


@pytest.fixture
def specimens(key):
    """Each specimen is measured four times; its label is a coin's."""
    a, b, c = jax.random.split(key, 3)
    group = jnp.repeat(jnp.arange(25), 4)
    x = jax.random.normal(a, (25, 4))[group] + 0.05 * jax.random.normal(b, (100, 4))
    return x, jnp.where(jax.random.bernoulli(c, shape=(25,)), 1, -1)[group], group


def test_duplicates_agree_with_scikit_learn(key, specimens):
    x, label, group = specimens
    leak = leakage.duplicates(x, label, group, key=key, n_splits=5)
    nearest = KNeighborsRegressor(1)
    leaky, honest = splits.k_fold(100, n_splits=5, key=key), list(GroupKFold(5).split(x, groups=group))
    honest = splits.Folds(*(np.array([np.isin(np.arange(100), fold[i]) for fold in honest]) for i in (0, 1)))
    np.testing.assert_allclose(leak.leaky, accuracy(nearest, x, label, leaky), atol=1e-6)
    np.testing.assert_allclose(leak.honest, accuracy(nearest, x, label, honest), atol=1e-6)
    assert leak.leaky > 0.95
    assert leak.honest < 0.7


def test_temporal_agrees_with_scikit_learn(key):
    time = jnp.arange(60.0)[:, None]
    drift = jnp.cumsum(jax.random.normal(key, (60,)))
    leak = leakage.temporal(time, drift, key=key, n_splits=4)
    nearest = KNeighborsRegressor(1)
    honest = list(TimeSeriesSplit(4).split(time))
    honest = splits.Folds(*(np.array([np.isin(np.arange(60), fold[i]) for fold in honest]) for i in (0, 1)))
    np.testing.assert_allclose(leak.leaky, q2(nearest, time, drift, splits.k_fold(60, n_splits=4, key=key)), atol=0.05)
    np.testing.assert_allclose(leak.honest, q2(nearest, time, drift, honest), atol=1e-4)
    assert leak.leaky > 0.75 > 0.25 > leak.honest


def test_an_empty_test_fold_adds_nothing(key, specimens):
    """Two groups in three folds: one fold has nothing to test, and the score is still a number."""
    x, label, _ = specimens
    leak = leakage.duplicates(x, label, (jnp.arange(100) < 30).astype(int), key=key, n_splits=3)
    assert jnp.isfinite(leak.honest)


def test_folds_of_the_peer_are_the_same():
    folds = splits.k_fold(30, n_splits=5)
    assert [test.tolist() for _, test in KFold(5).split(np.zeros(30))] == [
        np.flatnonzero(t).tolist() for t in folds.test
    ]


def test_errors(table, noise, key, unchecked):
    x, y = table
    folds = splits.k_fold(30)
    with pytest.raises(ValueError, match="n_features must be between 1 and 7; found 8"):
        leakage.feature_selection(x, jnp.sign(y), folds, n_features=8)
    for proxies in ((), (7,), (-1,), tuple(range(7))):
        with pytest.raises(ValueError, match="proxies must be some, not all, of the columns 0 to 6"):
            leakage.target(x, y, folds, proxies=proxies)
    with pytest.raises(ValueError, match="same length"):
        leakage.preprocessing(x, y[1:], folds)
    with pytest.raises(ValueError, match="same length"):
        leakage.duplicates(x, y, jnp.zeros(3, int), key=key)
    with pytest.raises(ValueError, match="same length"):
        leakage.temporal(x, y[1:], key=key)


@pytest.mark.parametrize("size", [1e-20, 1e18])
def test_units_change_no_score(table, size, key):
    x, y = table
    folds = splits.k_fold(30, n_splits=5)
    label = jnp.where(y > 0, 1.0, -1.0)
    time = jnp.arange(30.0)[:, None] ** 1.2  # no two neighbors are equally near
    for experiment in (
        lambda u, v: leakage.preprocessing(u * x, v * y, folds),
        lambda u, v: leakage.target(x, v * y, folds, proxies=(1,)),
        lambda u, v: leakage.feature_selection(u * x, label, folds, n_features=2, alpha=0.0),
        lambda u, v: leakage.temporal(u * time, v * y, key=key),
        lambda u, v: leakage.duplicates(u * x, label, jnp.arange(30) // 3, key=key),
    ):
        expected = experiment(1.0, 1.0)
        for units in ((size, 1.0), (1.0, size)):
            np.testing.assert_allclose(experiment(*units), expected, rtol=2e-3, atol=1e-3)


def test_missing_data_give_no_score(table, key):
    x, y = table
    folds = splits.k_fold(30, n_splits=5)
    gap = x.at[3, 0].set(jnp.nan)
    label = jnp.where(y > 0, 1.0, -1.0)
    for leak in (
        leakage.preprocessing(gap, y, folds),
        leakage.feature_selection(gap, label, folds, n_features=2),
        leakage.temporal(gap, y, key=key),
        leakage.duplicates(gap, label, jnp.arange(30) // 3, key=key),
    ):
        assert jnp.isnan(leak.leaky) and jnp.isnan(leak.honest)


def test_a_negative_penalty_is_refused(table):
    x, y = table
    with pytest.raises(ValueError, match="alpha must not be negative"):
        leakage.preprocessing(x, y, splits.k_fold(30, n_splits=5), alpha=-1.0)
