import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sklearn.model_selection as sk
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from mfml.risk import losses, splits

SHAPES = st.sampled_from([(7, 2), (13, 3), (20, 5)])  # few, since each is another compilation


def labeled(low, high):
    """Hypothesis: as many labels as samples, beside the number of folds."""
    return SHAPES.flatmap(
        lambda s: st.tuples(st.lists(st.integers(low, high), min_size=s[0], max_size=s[0]), st.just(s[1]))
    )


def masks(n, indices):
    found = [np.isin(np.arange(n), part) for part in indices]
    return np.array(found)


def assert_like_peer(folds, peer, n, **data):
    pairs = list(peer.split(np.zeros(n), **data))
    np.testing.assert_array_equal(folds.train, masks(n, [train for train, _ in pairs]))
    np.testing.assert_array_equal(folds.test, masks(n, [test for _, test in pairs]))


def assert_partition(folds):
    np.testing.assert_array_equal(np.sum(folds.test, axis=0), 1)
    np.testing.assert_array_equal(folds.train, ~np.asarray(folds.test))


@pytest.mark.parametrize(("n", "val_size", "test_size"), [(7, 0.2, 0.3), (50, 0.0, 0.25), (51, 0.1, 0.01)])
def test_three_sets_are_disjoint_and_complete(n, val_size, test_size):
    split = splits.train_val_test(n, key=jax.random.key(0), val_size=val_size, test_size=test_size)
    np.testing.assert_array_equal(np.sort(np.concatenate(split)), np.arange(n))
    train, test = sk.train_test_split(np.arange(n), test_size=test_size, random_state=0)
    assert len(split.test) == len(test)
    assert len(split.train) + len(split.val) == len(train)
    assert len(split.val) == math.ceil(val_size * n)


def test_the_key_decides_the_split(key):
    one, other = (splits.train_val_test(50, key=k) for k in jax.random.split(key))
    assert set(one.test.tolist()) != set(other.test.tolist())
    np.testing.assert_array_equal(one.train, splits.train_val_test(50, key=jax.random.split(key)[0]).train)


@pytest.mark.parametrize(("n", "k"), [(10, 5), (11, 3), (7, 7), (100, 10), (23, 6)])
def test_k_fold_agrees_with_scikit_learn(n, k):
    assert_like_peer(splits.k_fold(n, n_splits=k), sk.KFold(k), n)


def test_leave_one_out():
    assert_like_peer(splits.k_fold(6, n_splits=6), sk.LeaveOneOut(), 6)


@given(SHAPES, st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_shuffled_folds_are_a_partition_of_even_sizes(shape, seed):
    n, k = shape
    folds = splits.k_fold(n, n_splits=k, key=jax.random.key(seed))
    assert_partition(folds)
    sizes = [np.sum(one.test, axis=1) for one in (folds, splits.k_fold(n, n_splits=k))]
    np.testing.assert_array_equal(*sizes)


@given(labeled(-1, 1))
@settings(max_examples=60, deadline=None)
def test_stratified_agrees_with_scikit_learn(case):
    labels, k = np.array(case[0]), case[1]
    if np.unique(labels, return_counts=True)[1].min() < k:
        return  # the peer warns
    assert_like_peer(splits.stratified(jnp.asarray(labels), n_splits=k), sk.StratifiedKFold(k), len(labels), y=labels)


@given(labeled(0, 4), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_shuffled_strata_differ_by_one_sample_at_most(case, seed):
    labels, k = case
    folds = splits.stratified(jnp.array(labels), n_splits=k, key=jax.random.key(seed))
    assert_partition(folds)
    for label in set(labels):
        share = (np.asarray(folds.test) & (np.array(labels) == label)).sum(axis=1)
        assert share.max() - share.min() <= 1
    assert np.ptp(np.sum(folds.test, axis=1)) <= 1


def test_the_key_shuffles_within_a_class():
    labels = jnp.array([0, 1] * 20)
    found = [splits.stratified(labels, n_splits=4, key=jax.random.key(seed)).test for seed in (0, 1)]
    assert (found[0] != found[1]).any()


@given(labeled(-3, 6))
@settings(max_examples=60, deadline=None)
def test_grouped_agrees_with_scikit_learn(case):
    groups, k = np.array(case[0]), case[1]
    folds = splits.Folds(*map(np.asarray, splits.grouped(jnp.asarray(groups), n_splits=k)))
    assert_partition(folds)
    for group in np.unique(groups):
        assert folds.test[:, groups == group].any(axis=1).sum() == 1
    if len(np.unique(groups)) >= k:
        assert_like_peer(folds, sk.GroupKFold(k), len(groups), groups=groups)


@pytest.mark.parametrize(
    "options",
    [{}, {"test_size": 2}, {"gap": 3}, {"max_train_size": 4}, {"test_size": 3, "gap": 2, "max_train_size": 5}],
    ids=str,
)
def test_forward_chaining_agrees_with_scikit_learn(options):
    assert_like_peer(splits.forward_chaining(25, n_splits=4, **options), sk.TimeSeriesSplit(4, **options), 25)


def test_the_future_is_never_learned_from():
    folds = splits.forward_chaining(30, n_splits=5, gap=1)
    for train, test in zip(*map(np.asarray, folds), strict=True):
        assert np.flatnonzero(train).max() < np.flatnonzero(test).min() - 1


def fit_line(x, y, weights):
    root = jnp.sqrt(weights)[:, None]
    design = jnp.column_stack([x, jnp.ones(len(x))])
    return jnp.linalg.lstsq(root * design, root[:, 0] * y)[0]


def predict_line(line, x):
    return x @ line[:-1] + line[-1]


LINE = {"fit": fit_line, "predict": predict_line, "loss": losses.squared_error}


@pytest.fixture
def data(key):
    a, b = jax.random.split(key)
    x = jax.random.normal(a, (23, 3))
    return x, x @ jnp.array([1.0, -2.0, 0.5]) + 0.5 * jax.random.normal(b, (23,))


def test_cross_validation_agrees_with_scikit_learn(data):
    x, y = map(np.asarray, data)
    found = splits.cross_validate(*data, splits.k_fold(23, n_splits=4), **LINE)
    peer = sk.cross_validate(
        LinearRegression(), x, y, cv=sk.KFold(4), scoring="neg_mean_squared_error", return_train_score=True
    )
    np.testing.assert_allclose(found.test_risk, -peer["test_score"], rtol=1e-4)
    np.testing.assert_allclose(found.train_risk, -peer["train_score"], rtol=1e-4)
    np.testing.assert_allclose(found.mean, -peer["test_score"].mean(), rtol=1e-4)
    np.testing.assert_allclose(found.standard_error, peer["test_score"].std(ddof=1) / 2, rtol=1e-4)


def test_leave_one_out_equals_the_leverage_formula(data):
    """For least squares the left-out residual is e_i / (1 - h_ii): an oracle without any refit."""
    x, y = (np.asarray(a, np.float64) for a in data)
    design = np.column_stack([x, np.ones(len(x))])
    hat = design @ np.linalg.pinv(design)
    left_out = (y - hat @ y) / (1 - np.diag(hat))
    found = splits.cross_validate(*data, splits.k_fold(23, n_splits=23), **LINE)
    np.testing.assert_allclose(found.test_risk, left_out**2, rtol=2e-3, atol=1e-5)


def test_cross_validation_never_shows_the_test_targets(data):
    """Spoiling a fold's test targets must leave its own model, and so its training risk, as it was."""
    x, y = data
    folds = splits.k_fold(23, n_splits=4)
    spoiled = splits.cross_validate(x, jnp.where(folds.test[1], 1e3, y), folds, **LINE)
    clean = splits.cross_validate(x, y, folds, **LINE)
    np.testing.assert_allclose(spoiled.train_risk[1], clean.train_risk[1], rtol=1e-4)
    assert (jnp.delete(spoiled.train_risk, 1) > 100 * jnp.delete(clean.train_risk, 1)).all()


def test_overlapping_train_sets_of_forward_chaining(data):
    found = splits.cross_validate(*data, splits.forward_chaining(23, n_splits=3), **LINE)
    x, y = map(np.asarray, data)
    peer = sk.cross_val_score(LinearRegression(), x, y, cv=sk.TimeSeriesSplit(3), scoring="neg_mean_squared_error")
    np.testing.assert_allclose(found.test_risk, -peer, rtol=1e-3)


def test_one_fold_has_no_standard_error(data):
    one = splits.Folds(*(mask[:1] for mask in splits.k_fold(23, n_splits=4)))
    assert jnp.isnan(splits.cross_validate(*data, one, **LINE).standard_error)


def test_errors(data, key, unchecked):
    x, y = data
    for bad in (1, 24):
        with pytest.raises(ValueError, match=f"n_splits must be between 2 and the 23 samples; found {bad}"):
            splits.k_fold(23, n_splits=bad)
        with pytest.raises(ValueError, match=f"found {bad}"):
            splits.stratified(jnp.zeros(23, int), n_splits=bad)
        with pytest.raises(ValueError, match=f"found {bad}"):
            splits.grouped(jnp.zeros(23, int), n_splits=bad)
    with pytest.raises(ValueError, match=r"labels must have 1 axes; found shape \(2, 2\)"):
        splits.stratified(jnp.zeros((2, 2), int))
    with pytest.raises(ValueError, match="groups must have 1 axes"):
        splits.grouped(jnp.zeros((2, 2), int))
    with pytest.raises(ValueError, match=r"x and y must have the same length"):
        splits.cross_validate(x, y[:-1], splits.k_fold(23), **LINE)
    with pytest.raises(ValueError, match=r"folds must be k masks of 23 samples; found shape \(5, 20\)"):
        splits.cross_validate(x, y, splits.k_fold(20), **LINE)
    with pytest.raises(ValueError, match=r"test_size must be between 0 and 1; found 1\.2"):
        splits.train_val_test(10, key=key, test_size=1.2)
    with pytest.raises(ValueError, match="val_size must be between 0 and 10; found -1"):
        splits.train_val_test(10, key=key, val_size=-1)
    with pytest.raises(ValueError, match=r"5 \(val\) and 5 \(test\) leave none"):
        splits.train_val_test(10, key=key, val_size=0.5, test_size=5)
    for options in ({"gap": -1}, {"test_size": 0}, {"max_train_size": 0}):
        with pytest.raises(ValueError, match="at least"):
            splits.forward_chaining(10, **options)
    with pytest.raises(ValueError, match="n_splits must be at least 2; found 1"):
        splits.forward_chaining(10, n_splits=1)
    with pytest.raises(ValueError, match="leave none to learn from"):
        splits.forward_chaining(10, n_splits=3, test_size=3, gap=1)
