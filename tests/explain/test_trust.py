"""Scores of the unknown, drift, errors of groups and counterfactuals, against oracles and peers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize
import scipy.stats
from sklearn.metrics import confusion_matrix
from sklearn.neighbors import NearestNeighbors

from mfml.explain import counterfactual, drift, fairness, mahalanobis, shift
from mfml.iteration import Status

RNG = np.random.default_rng(14)


def correlated(n, *, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 3)) @ np.array([[2.0, 1.0, 0.0], [0.0, 1.0, 0.5], [0.0, 0.0, 0.1]])


def test_mahalanobis_equals_the_formula_and_has_the_law_of_chi_squared():
    x, new = correlated(400), correlated(2000, seed=1)
    inverse = np.linalg.inv(np.cov(x.T, bias=True))
    rest = new - x.mean(axis=0)
    found = np.asarray(mahalanobis.distance(mahalanobis.fit(x), new))
    np.testing.assert_allclose(found, np.sqrt(np.einsum("ij,jk,ik->i", rest, inverse, rest)), rtol=1e-4)
    beyond = np.mean(found**2 > scipy.stats.chi2.ppf(0.95, 3))
    assert 0.03 < beyond < 0.08


def test_mahalanobis_of_classes_is_that_to_the_nearest_center():
    x = correlated(200)
    labels = np.arange(200) % 2
    x[labels == 1] += [0.0, 9.0, 0.0]
    model = mahalanobis.fit(x, labels=labels, n_classes=3)  # the third class has no samples
    np.testing.assert_allclose(
        (model.origin + model.mean)[:2], [x[labels == k].mean(axis=0) for k in (0, 1)], rtol=1e-4, atol=1e-4
    )
    middle = x.mean(axis=0)[None]
    assert mahalanobis.distance(model, middle)[0] > 3  # between both
    assert mahalanobis.distance(mahalanobis.fit(x), middle)[0] < 0.01  # one ellipsoid does not see the gap


def test_whoever_leaves_a_sum_that_all_others_keep_is_far_away():
    shares = RNG.dirichlet([2.0, 3.0, 4.0], 100)
    model = mahalanobis.fit(shares)
    assert int(model.rank) == 2
    near, far = mahalanobis.distance(model, np.stack([shares[0], shares[0] + [0.05, 0.0, 0.0]]))
    assert near < 5 < 50 < far
    full = mahalanobis.fit(shares, shrinkage=0.1)
    assert int(full.rank) == 3
    assert mahalanobis.distance(full, shares[:1] + np.array([0.05, 0.0, 0.0]))[0] < 10


@pytest.mark.parametrize("unit", [1e-19, 1.0, 1e19])
def test_a_feature_that_never_varied_is_measured_by_its_size(unit):
    x = np.stack([RNG.normal(size=50), np.full(50, 4 * unit)], axis=1)
    model = mahalanobis.fit(x)
    near, far = mahalanobis.distance(model, np.array([[0.0, 4 * unit], [0.0, 5 * unit]]))
    assert int(model.rank) == 1
    assert near < 1 < 100 < far < np.inf


def test_neighbors_and_energy_equal_their_peers():
    x, new = correlated(50), correlated(20, seed=1)
    found = shift.neighbor_distance(new, x, n_neighbors=4)
    theirs = NearestNeighbors(n_neighbors=4).fit(x).kneighbors(new)[0][:, -1]
    np.testing.assert_allclose(found, theirs, rtol=1e-5)
    logits = 3 * RNG.normal(size=(5, 4))
    np.testing.assert_allclose(
        shift.energy(logits, temperature=2.0), -2 * scipy.special.logsumexp(logits / 2, axis=1), rtol=1e-5
    )


def test_kolmogorov_smirnov_equals_scipy():
    x, y = RNG.normal(size=(300, 3)), RNG.normal(size=(200, 3)) * [1, 1.5, 1] + [0, 0, 0.4]
    found = drift.kolmogorov_smirnov(x, y)
    for j in range(3):
        expected = scipy.stats.ks_2samp(x[:, j], y[:, j])
        assert found.statistic[j] == pytest.approx(expected.statistic, abs=1e-6)
        assert found.p_value[j] == pytest.approx(expected.pvalue, rel=0.2, abs=1e-6)  # that of many samples
    size = np.linspace(0.2, 2.5, 40)
    np.testing.assert_allclose(drift._survival(jnp.asarray(size)), scipy.stats.kstwobign.sf(size), atol=1e-6)


def test_stability_index_is_that_of_a_loop_and_small_by_chance():
    x, y = RNG.normal(size=(200, 1)), RNG.normal(size=(100, 1)) + 1
    edges = np.sort(x[:, 0])[np.arange(1, 4) * 50]
    sides = [[np.searchsorted(edges, v[:, 0], side=side) for side in ("left", "right")] for v in (x, y)]
    p, q = (np.bincount(np.concatenate(pair), minlength=4) / 2 + 0.5 for pair in sides)
    p, q = p / p.sum(), q / q.sum()
    found = drift.stability_index(x, y, n_bins=4)
    np.testing.assert_allclose(found, [np.sum((q - p) * np.log(q / p))], rtol=1e-4)
    assert found[0] > 0.25 > 0.1 > drift.stability_index(x, RNG.normal(size=(100, 1)), n_bins=4)[0]


@pytest.mark.parametrize("moved", [0.0, 2.0])
def test_a_constant_feature_that_moves_is_seen(moved):
    assert drift.stability_index(np.ones((50, 1)), np.full((50, 1), moved))[0] > 1
    assert drift.stability_index(np.ones((50, 1)), np.ones((50, 1)))[0] == 0


def test_mahalanobis_far_from_zero_and_of_one_sample():
    x = correlated(100).astype(np.float32)
    far = x + np.float32(2.0**20)  # exact up to the rounding of the samples
    expected = mahalanobis.distance(mahalanobis.fit(far - np.float32(2.0**20)), far - np.float32(2.0**20))
    np.testing.assert_allclose(mahalanobis.distance(mahalanobis.fit(far), far), expected, rtol=1e-3)
    alone = mahalanobis.fit(np.array([[1.0, 2.0]]))
    here, there = mahalanobis.distance(alone, np.array([[1.0, 2.0], [1.5, 2.0]]))
    assert (int(alone.rank), float(here)) == (0, 0.0)
    assert there > 100


def test_a_change_of_dependence_is_seen_by_the_kernel_test_only(key):
    z = RNG.normal(size=(60, 2))
    x, y = z, np.stack([z[:, 0], 0.2 * z[:, 1] + z[:, 0]], axis=1) / [1.0, 1.02]
    assert drift.kolmogorov_smirnov(x, y).p_value.min() > 0.05
    assert drift.mmd_test(x, y, key=key, length_scale=0.7, n_permutations=99).p_value <= 0.05


def test_p_values_of_equal_distributions_are_uniform():
    def of_draw(key):
        x, y = jax.random.normal(key, (2, 10, 1))
        return drift.mmd_test(x, y, key=key, n_permutations=19).p_value

    found = jax.lax.map(of_draw, jax.random.split(jax.random.key(0), 200))
    assert 0.05 < np.mean(found <= 0.1001) < 0.16


def test_rates_of_groups_are_those_of_their_confusion_matrices():
    y, prediction, groups = RNG.integers(0, 2, (3, 200))
    weights = RNG.integers(0, 3, 200)
    found = fairness.rates(prediction, y, groups, n_groups=3, weights=weights)
    for g in (0, 1):
        of = groups == g
        tn, fp, fn, tp = confusion_matrix(y[of], prediction[of], sample_weight=weights[of]).ravel()
        expected = (tn + fp + fn + tp, (tp + fp) / (tn + fp + fn + tp), tp / (tp + fn), fp / (fp + tn))
        np.testing.assert_allclose([part[g] for part in found[:4]], expected, rtol=1e-5)
        np.testing.assert_allclose(found.precision[g], tp / (tp + fp), rtol=1e-5)
    assert found.number[2] == 0
    assert all(np.isnan(part[2]) for part in found[1:])
    assert np.isnan(fairness.equalized_odds_difference(found))


def test_errors_of_groups_keep_tiny_units():
    found = fairness.errors([3e-19, 1e-19], [1e-19, 1e-19], [0, 0], n_groups=1)
    np.testing.assert_allclose(
        [found.bias[0], found.mae[0], found.rmse[0]], [1e-19, 1e-19, np.sqrt(2) * 1e-19], rtol=1e-5
    )


def test_a_missing_value_hides_the_errors_of_its_own_group_only():
    found = fairness.errors([1.0, 2.0, np.nan], [0.0, 0.0, 0.0], [0, 0, 1], n_groups=2)
    np.testing.assert_array_equal(found.bias, [1.5, np.nan])
    weighted = fairness.errors([1.0, 2.0, np.nan], [0.0, 0.0, 0.0], [0, 0, 0], n_groups=1, weights=[1.0, 1.0, 0.0])
    np.testing.assert_array_equal(weighted.bias, [1.5])


WEIGHTS = np.array([3.0, 4.0, -1.0])


def plane(rows):
    return rows @ jnp.asarray(WEIGHTS, rows.dtype)


@pytest.mark.parametrize("target", [5.0, -4.0])
def test_the_nearest_change_of_a_linear_model_within_bounds(target):
    x, scale = np.array([[0.0, 0.0, 0.0], [0.5, -1.0, 2.0]]), np.array([1.0, 2.0, 0.5])
    low, high = np.array([-1.0, -1.0, -1.0]), np.array([1.0, 1.0, 3.0])
    found = counterfactual.search(plane, x, target, scale=scale, low=low, high=high)
    assert found.converged.all()
    for row, new in zip(x, found.x, strict=True):
        best = scipy.optimize.minimize(
            lambda v, row=row: np.sum(((v - row) / scale) ** 2),
            np.clip(row, low, high),
            bounds=list(zip(low, high, strict=True)),
            constraints={"type": "eq", "fun": lambda v: v @ WEIGHTS - target},
        )
        np.testing.assert_allclose(new, best.x, atol=2e-3)


@pytest.mark.parametrize(("unit", "width"), [(1e-19, 1.0), (1e-19, 1e12), (1e18, 1e-12)])
def test_units_of_output_and_features_do_not_matter(unit, width):
    def f(rows):
        return plane(rows / width) * unit

    found = counterfactual.search(f, np.zeros((1, 3)), 5 * unit, scale=np.full(3, width))
    assert found.converged.all()
    np.testing.assert_allclose(found.x[0] / width, 5 * WEIGHTS / (WEIGHTS @ WEIGHTS), rtol=1e-5)


@pytest.mark.parametrize("target", [6.0, 1.0])  # the sample itself is predicted as 1
def test_a_sample_out_of_bounds_comes_to_the_nearest_one_within(target):
    x = np.array([2.0, 1.0, 9.0])
    found = counterfactual.search(plane, x[None], target, low=0.0, high=1.5)
    best = scipy.optimize.minimize(
        lambda v: np.sum((v - x) ** 2),
        np.full(3, 0.7),
        bounds=[(0.0, 1.5)] * 3,
        constraints={"type": "eq", "fun": lambda v: v @ WEIGHTS - target},
    )
    assert found.converged.all()
    np.testing.assert_allclose(found.x[0], best.x, atol=1e-3)


def test_a_target_out_of_reach_and_a_model_without_slope_say_so():
    x = np.zeros((1, 3))
    beyond = counterfactual.search(plane, x, 100.0, low=-1.0, high=1.0)
    assert (beyond.status[0], bool(beyond.converged[0])) == (Status.STALLED, False)
    np.testing.assert_allclose(beyond.x[0], [1.0, 1.0, -1.0], atol=1e-4)  # as near as it gets
    flat = counterfactual.search(lambda rows: jnp.floor(rows[:, 0]), x, 1.0)
    assert flat.status[0] == Status.STALLED
    crossed = counterfactual.search(plane, x, 1.0, low=2.0, high=1.0)
    assert (crossed.status[0], bool(crossed.converged[0])) == (Status.NON_FINITE, False)
    assert np.isnan(crossed.x).all()
    fixed = counterfactual.search(plane, x, 1.0, scale=np.array([1.0, 0.0, 1.0]))
    assert fixed.x[0, 1] == 0
    assert fixed.converged[0]


def test_a_curved_model_reaches_its_target():
    found = counterfactual.search(lambda rows: jnp.exp(rows[:, 0]) * rows[:, 1], np.array([[0.1, 1.0]]), 5.0, tol=1e-4)
    assert found.prediction[0] == pytest.approx(5.0, rel=1e-3)
    assert found.distance[0] == pytest.approx(float(jnp.linalg.norm(found.x[0] - jnp.array([0.1, 1.0]))), rel=1e-5)
