"""Unit 12's intervals, sets of classes and scores against MAPIE and scoringrules."""

import warnings

import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import KFold, LeaveOneOut

from mfml.risk import splits
from mfml.uncertainty import conformal, conformal_regression, conformal_sets, scores

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _allow_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def single(*arrays):
    return [jnp.asarray(a, jnp.float32) for a in arrays]


def line(x, y, weights):
    rows = jnp.stack([jnp.ones_like(x[:, 0]), x[:, 0]], axis=1)
    return jnp.linalg.solve(rows.T @ (weights[:, None] * rows), rows.T @ (weights * y))


def on_line(theta, x):
    return theta[0] + theta[1] * x[:, 0]


def samples(n=60):
    x = RNG.normal(size=(n, 1))
    return x, 2 * x[:, 0] + RNG.normal(size=n)


@pytest.mark.parametrize("level", [0.9, 0.8])
def test_split_intervals_equal_those_of_mapie(level):
    mapie = pytest.importorskip("mapie.regression")
    x, y = samples(99)
    model = LinearRegression().fit(*samples())
    peer = mapie.SplitConformalRegressor(model, confidence_level=level, prefit=True).conformalize(x, y)
    expected = peer.predict_interval(x[:5])[1][:, :, 0]
    found = conformal.split(*single(model.predict(x), y, model.predict(x[:5])), level=level)
    np.testing.assert_allclose(np.stack(found, axis=1), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["plus", "minmax"])
@pytest.mark.parametrize("n_splits", [None, 5])
def test_jackknife_and_cv_equal_mapie(kind, n_splits):
    mapie = pytest.importorskip("mapie.regression")
    x, y = samples(29)
    cv = LeaveOneOut() if n_splits is None else KFold(n_splits)
    peer = mapie.CrossConformalRegressor(LinearRegression(), confidence_level=0.8, method=kind, cv=cv)
    expected = peer.fit_conformalize(x, y).predict_interval(x[:4] + 0.1)[1][:, :, 0]
    folds = None if n_splits is None else splits.k_fold(29, n_splits=n_splits)
    found = conformal_regression.jackknife(
        *single(x, y, x[:4] + 0.1), fit=line, predict=on_line, folds=folds, level=0.8, kind=kind
    )
    np.testing.assert_allclose(np.stack(found, axis=1), expected, rtol=1e-3, atol=1e-3)


@pytest.fixture(scope="module")
def classified():
    x = RNG.normal(size=(300, 2))
    y = (x @ RNG.normal(size=(2, 3)) + RNG.gumbel(size=(300, 3))).argmax(axis=1)
    return x, y, LogisticRegression().fit(x[:100], y[:100])


@pytest.mark.parametrize("kind", ["threshold", "adaptive"])
def test_sets_of_classes_equal_those_of_mapie(classified, kind):
    mapie = pytest.importorskip("mapie.classification")
    x, y, model = classified
    theirs = {"threshold": "lac", "adaptive": "aps"}[kind]
    peer = mapie.SplitConformalClassifier(model, confidence_level=0.9, prefit=True, conformity_score=theirs)
    peer.conformalize(x[100:250], y[100:250])
    options = {"conformity_score_params": {"include_last_label": False}} if kind == "adaptive" else {}
    expected = peer.predict_set(x[250:], **options)[1][:, :, 0]
    every, new = (
        conformal_sets.class_scores(*single(model.predict_proba(part)), kind=kind) for part in (x[100:250], x[250:])
    )
    own, drawn = np.asarray(conformal_sets.of_label(every, jnp.asarray(y[100:250]))), peer.conformity_scores.ravel()
    if kind == "threshold":
        np.testing.assert_allclose(own, drawn, atol=1e-5)
    else:  # MAPIE draws u for calibration samples only
        p = model.predict_proba(x[100:250])[np.arange(150), y[100:250]]
        assert (drawn <= own + 1e-6).all() and (drawn >= own - p - 1e-6).all()
    found = np.array(conformal_sets.sets(new, conformal.quantile(*single(drawn), level=0.9)))
    if kind == "adaptive":  # nor does it leave a set empty
        empty = ~found.any(axis=1)
        found[empty, np.asarray(new)[empty].argmin(axis=1)] = True
    np.testing.assert_array_equal(found, expected)


def test_scores_equal_scoringrules():
    peer = pytest.importorskip("scoringrules")
    y, mean, scale = RNG.normal(size=20), RNG.normal(size=20), RNG.uniform(0.3, 2, size=20)
    np.testing.assert_allclose(
        scores.crps_gaussian(*single(y, mean, scale)), peer.crps_normal(y, mean, scale), rtol=1e-4
    )
    draws = RNG.normal(size=(20, 7))
    for fair, estimator in ((False, "nrg"), (True, "fair")):
        expected = peer.crps_ensemble(y, draws, estimator=estimator)
        np.testing.assert_allclose(scores.crps_ensemble(*single(y, draws.T), fair=fair), expected, atol=1e-5)
    weights, scales = RNG.dirichlet(np.ones(7), size=20), RNG.uniform(0.3, 2, size=(20, 7))
    expected = peer.crps_mixnorm(y, draws, scales, weights)
    np.testing.assert_allclose(scores.crps_mixture(*single(y, weights, draws, scales)), expected, rtol=1e-3)
    levels = np.array([0.1, 0.5, 0.8])
    found = scores.crps_quantiles(*single(y, draws[:, :3], levels))
    np.testing.assert_allclose(found, peer.crps_quantile(y, draws[:, :3], levels), rtol=1e-4, atol=1e-6)
    found = scores.interval_score(*single(y, mean - 1, mean + 1), level=0.8)
    np.testing.assert_allclose(found, peer.interval_score(y, mean - 1, mean + 1, 0.2), rtol=1e-4)
