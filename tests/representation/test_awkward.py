"""Cases that were wrong in silence: NaN that counted as perfect, probes that had not converged, units and precision."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from mfml.iteration import Status
from mfml.representation import contrastive, divergence, probe, quality, repulsion, umap

RNG = np.random.default_rng(4)
X = RNG.normal(size=(60, 3)).astype(np.float32)
TWO = (X[:, 0] + RNG.normal(size=60) > 0).astype(int)
W = RNG.uniform(0, 2, 60).astype(np.float32)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_measures_of_an_embedding_that_is_not_finite_are_nan(bad):
    x, y, labels = X, X[:, :2].copy(), TWO
    y[7, 1] = bad
    for measure in (quality.trustworthiness, quality.continuity, quality.neighbor_recall):
        assert np.isnan(measure(x, y)) and np.isnan(measure(y, x))
        assert measure(x, x) == 1
    if np.isnan(bad):
        assert np.isnan(quality.compactness(y, labels)) and np.isnan(quality.separation(y, labels))


def test_two_classes_have_scikit_learns_penalty_and_weights():
    found = probe.fit(X, TWO, C=0.3, weights=W)
    needed = LogisticRegression(C=0.3, tol=1e-9).fit(X, TWO, W)
    np.testing.assert_allclose(found.coef[:, 1] - found.coef[:, 0], needed.coef_[0], atol=2e-3)
    assert found.converged


def test_a_probe_that_says_so_has_converged():
    x, y = load_digits(return_X_y=True)
    x, y = x[:600].astype(np.float32), y[:600]
    found = probe.fit(x, y, C=100.0)
    needed = LogisticRegression(C=100.0, tol=1e-8, max_iter=2000, solver="newton-cg").fit(x.astype(float), y)
    assert found.converged
    np.testing.assert_allclose(probe.predict_proba(found, x), needed.predict_proba(x), atol=0.01)


def test_a_probe_does_not_depend_on_units_and_separable_classes_end():
    x, y = np.array([[0.0], [1.0], [8.0], [9.0]], np.float32), np.array([0, 0, 1, 1])
    plain, other = probe.fit(x, y), probe.fit(x * 2.0**-60, y, C=2.0**120)
    np.testing.assert_allclose(other.coef * 2.0**-60, plain.coef, rtol=1e-3)
    wild = probe.fit(x, y, C=1e8)
    assert np.isfinite(wild.coef).all() and (not wild.converged or wild.history[wild.n_iter] < 1e-5)


def test_a_probe_refuses_labels_and_options_out_of_range():
    for y, options, message in (
        (2 * TWO - 1, {}, "labels must be"),
        (TWO + 1, {"n_classes": 2}, "labels must be below"),
        (TWO, {"C": -1.0}, "C must be positive"),
        (TWO, {"C": 0.0}, "C must be positive"),
        (TWO, {"weights": -W}, "weights must not be negative"),
    ):
        with pytest.raises(ValueError, match=message):
            probe.fit(X, y, **options)
    found = jax.jit(lambda y: probe.fit(X, y, n_classes=2))(TWO + 1)
    assert found.status == Status.NON_FINITE and not found.converged


def test_a_sample_of_weight_zero_leaves_no_trace_in_a_probe():
    x, y, w = np.r_[np.full((1, 3), np.nan, np.float32), X], np.r_[1, TWO], np.r_[np.float32(0), W]
    np.testing.assert_allclose(probe.fit(x, y, weights=w).coef, probe.fit(X, TWO, weights=W).coef, rtol=1e-3, atol=1e-5)


def test_the_accuracy_of_nan_is_nan():
    x = X.copy()
    x[0, 0] = np.nan
    assert np.isnan(probe.score(probe.fit(X, TWO), x, TWO))


def test_float32_stays_float32_in_double_precision(key):
    with jax.enable_x64(True):
        y = jnp.asarray(X[:, :2])
        assert repulsion.interpolated(y, repulsion.kernels(y)).force.dtype == jnp.float32
        assert umap.fit(jnp.asarray(X), key=key, n_neighbors=5, max_iter=2, init="pca").embedding.dtype == jnp.float32


@pytest.mark.parametrize("unit", [2.0**-66, 2.0**62])
def test_views_and_neighborhoods_do_not_depend_on_the_unit(unit):
    first, second = jnp.asarray(X), jnp.asarray(X[::-1])
    for loss in (contrastive.info_nce, contrastive.nt_xent):
        np.testing.assert_allclose(loss(first * unit, second), loss(first, second), rtol=1e-5)
    np.testing.assert_allclose(divergence.probabilities(first * unit), divergence.probabilities(first), rtol=1e-4)
