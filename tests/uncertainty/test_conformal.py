"""Conformal prediction against plain loops, and against the law of its coverage over many calibration sets."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from mfml.risk import splits
from mfml.uncertainty import conformal, conformal_regression, conformal_sets, conformal_shift, scores

RNG = np.random.default_rng(5)
LEVEL = 0.9
F32 = np.float32


def kth(values, k):
    """The k-th smallest, as a sentence says it."""
    values = sorted(values)
    return math.inf if k > len(values) else values[k - 1]


@pytest.mark.parametrize(("n", "k"), [(8, 9), (9, 9), (10, 10), (19, 18), (99, 90)])
def test_the_quantile_is_the_kth_smallest_score(n, k):
    values = RNG.permutation(n).astype(F32)
    assert conformal.quantile(jnp.asarray(values), level=LEVEL) == kth(values, k)
    ones = jnp.ones(n)
    assert conformal_shift.quantiles(jnp.asarray(values), ones, ones[:1], level=LEVEL)[0] == kth(values, k)
    groups = conformal.group_quantiles(jnp.asarray(values), jnp.zeros(n, int), n_groups=2, level=LEVEL)
    assert groups.tolist() == [kth(values, k), math.inf]


def test_missing_scores_and_ties():
    values = jnp.array([1.0, 1.0, 1.0, 2.0])
    assert conformal.quantile(values, level=0.5) == 1
    assert np.isnan(conformal.quantile(values.at[1].set(jnp.nan), level=0.5))
    found = conformal.group_quantiles(values.at[1].set(jnp.nan), jnp.array([0, 1, 0, -1]), n_groups=3, level=0.5)
    np.testing.assert_array_equal(found, [1.0, np.nan, np.inf])  # the last score belongs to no group


def test_group_quantiles_are_those_of_each_group():
    values, groups = RNG.normal(size=200).astype(F32), RNG.integers(0, 3, size=200)
    found = conformal.group_quantiles(jnp.asarray(values), jnp.asarray(groups), n_groups=3, level=0.8)
    expected = [conformal.quantile(jnp.asarray(values[groups == g]), level=0.8) for g in range(3)]
    np.testing.assert_array_equal(found, expected)


def test_intervals_contain_the_truth_as_often_as_beta_says(key):
    """k / (n + 1) on average, and in a draw of calibration samples the distribution Beta(k, n + 1 - k)."""
    n, n_draws = 49, 2000
    k = 45

    def covered(key):
        """Exact coverage given the calibration samples: the model says 0, and y is normal."""
        y = jax.random.normal(key, (n,))
        found = conformal.split(jnp.zeros(n), y, jnp.zeros(1), level=LEVEL)
        return jax.scipy.special.ndtr(found.high[0]) - jax.scipy.special.ndtr(found.low[0])

    found = np.asarray(jax.jit(jax.vmap(covered))(jax.random.split(key, n_draws)))
    law = stats.beta(k, n + 1 - k)
    assert abs(found.mean() - k / (n + 1)) < 4 * law.std() / math.sqrt(n_draws)
    assert stats.kstest(found, law.cdf).pvalue > 1e-3


def test_a_predicted_spread_makes_intervals_narrow_where_noise_is_small(key):
    x = jnp.linspace(0.1, 2, 2000)
    y = x * jax.random.normal(key, (2000,))
    half = jnp.arange(2000) % 2 == 0
    zeros = jnp.zeros(1000)
    q = conformal.quantile(conformal.absolute_scores(zeros, y[half], spread=x[half]), level=LEVEL)
    found = conformal.interval(zeros, q, spread=x[~half])
    assert abs(float(scores.coverage(y[~half], *found)) - LEVEL) < 0.03
    assert abs(float(scores.coverage(y[~half][:300], *(end[:300] for end in found))) - LEVEL) < 0.06
    np.testing.assert_allclose(found.high, q * x[~half], rtol=1e-6)
    plain = conformal.split(zeros, y[half], zeros, level=LEVEL)
    assert float(scores.coverage(y[~half][:300], *(end[:300] for end in plain))) > 0.98


def probabilities(n=600):
    z = RNG.normal(size=(n, 4)) * 2
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    y = np.minimum((RNG.uniform(size=(n, 1)) > np.cumsum(p, axis=1)).sum(axis=1), 3)
    return p.astype(F32), y


def adaptive_score(p, label, u, penalty=0.0, n_free=1):
    order = sorted(range(len(p)), key=lambda j: (-p[j], j))
    place = order.index(label)
    above = sum(float(p[j]) for j in order[:place])
    return above + u * float(p[label]) + penalty * max(0, place + 1 - n_free)


def test_class_scores_are_those_of_a_loop(key):
    p, _ = probabilities(5)
    p[1] = 0.25  # ties
    plain = conformal_sets.class_scores(jnp.asarray(p), kind="adaptive")
    expected = [[adaptive_score(row, j, 1.0) for j in range(4)] for row in p]
    np.testing.assert_allclose(plain, expected, atol=1e-6)
    u = np.asarray(jax.random.uniform(key, (5, 1)))[:, 0]
    drawn = conformal_sets.class_scores(jnp.asarray(p), kind="adaptive", key=key, penalty=0.1, n_free=2)
    expected = [[adaptive_score(row, j, share, 0.1, 2) for j in range(4)] for row, share in zip(p, u, strict=True)]
    np.testing.assert_allclose(drawn, expected, atol=1e-6)
    np.testing.assert_allclose(conformal_sets.class_scores(jnp.asarray(p)), 1 - p)


@pytest.mark.parametrize("kind", ["threshold", "adaptive"])
def test_sets_of_classes_contain_the_right_one(kind, key):
    """Over many splits of one set of samples the mean coverage is k / (n + 1)."""
    p, y = probabilities()
    every = conformal_sets.class_scores(jnp.asarray(p), kind=kind, key=key)
    own = conformal_sets.of_label(every, jnp.asarray(y))

    def covered(key):
        order = jax.random.permutation(key, 600)
        calibration, test = order[:199], order[199:]
        sets = conformal_sets.sets(every[test], conformal.quantile(own[calibration], level=LEVEL))
        return scores.set_coverage(sets, jnp.asarray(y)[test]), sets.sum(axis=1).mean()

    coverage, size = jax.jit(jax.vmap(covered))(jax.random.split(key, 200))
    assert abs(float(coverage.mean()) - 0.9) < 0.01
    assert 1 < float(size.mean()) < 3.9


def test_every_class_has_its_coverage_with_its_own_threshold(key):
    p, y = probabilities(4000)
    p[:, 0] *= 0.2  # class 0 is underrated
    p /= p.sum(axis=1, keepdims=True)
    every = conformal_sets.class_scores(jnp.asarray(p))
    own, y = conformal_sets.of_label(every, jnp.asarray(y)), jnp.asarray(y)
    one = conformal.quantile(own[:2000], level=LEVEL)
    many = conformal.group_quantiles(own[:2000], y[:2000], n_groups=4, level=LEVEL)
    test, rare = every[2000:], np.asarray(y[2000:]) == 0
    shares = [np.asarray(conformal_sets.sets(test, q))[rare, 0].mean() for q in (one, many)]
    assert shares[0] < 0.8
    assert abs(shares[1] - LEVEL) < 0.05


def test_cqr_by_hand_and_its_coverage(key):
    found = conformal_regression.cqr(
        jnp.zeros(3), jnp.ones(3), jnp.array([0.5, 2.0, -3.0]), jnp.array([4.0]), jnp.array([5.0]), level=0.75
    )
    assert [end.tolist() for end in found] == [[1.0], [8.0]]  # scores -0.5, 1, 3
    narrow = conformal_regression.cqr(
        jnp.zeros(3), jnp.ones(3), jnp.full(3, 0.5), jnp.array([4.0]), jnp.array([5.0]), level=0.5
    )
    assert [end.tolist() for end in narrow] == [[4.5], [4.5]]

    def covered(key):
        y = jax.random.normal(key, (299,))
        low, high = jnp.full(99, -1.0), jnp.full(99, 1.0)
        made = conformal_regression.cqr(low, high, y[:99], jnp.full(200, -1.0), jnp.full(200, 1.0), level=LEVEL)
        return scores.coverage(y[99:], *made)

    assert abs(float(jax.jit(jax.vmap(covered))(jax.random.split(key, 200)).mean()) - 0.9) < 0.01


def line(x, y, weights):
    rows = jnp.stack([jnp.ones_like(x[:, 0]), x[:, 0]], axis=1)
    return jnp.linalg.solve(rows.T @ (weights[:, None] * rows), rows.T @ (weights * y))


def on_line(theta, x):
    return theta[0] + theta[1] * x[:, 0]


def jackknife_by_loop(x, y, x_new, fold, level, kind):
    """Barber et al. in plain NumPy."""
    n = len(y)
    residual, center = np.zeros(n), np.zeros((n, len(x_new)))
    for i in range(n):
        keep = fold != fold[i]
        slope, start = np.polyfit(x[keep, 0], y[keep], 1)
        residual[i] = abs(y[i] - start - slope * x[i, 0])
        center[i] = start + slope * x_new[:, 0]
    k = math.ceil(round((n + 1) * level, 9))
    if kind == "minmax":
        return center.min(axis=0) - kth(residual, k), center.max(axis=0) + kth(residual, k)
    low = [-kth(-(center[:, j] - residual), k) for j in range(len(x_new))]
    return np.array(low), np.array([kth(center[:, j] + residual, k) for j in range(len(x_new))])


@pytest.mark.parametrize("kind", ["plus", "minmax"])
@pytest.mark.parametrize("n_splits", [None, 4])
def test_jackknife_is_the_loop(kind, n_splits):
    x, x_new = RNG.normal(size=(12, 1)), RNG.normal(size=(3, 1))
    y = 2 * x[:, 0] + RNG.normal(size=12)
    folds = None if n_splits is None else splits.k_fold(12, n_splits=n_splits)
    fold = np.arange(12) if folds is None else np.argmax(folds.test, axis=0)
    found = conformal_regression.jackknife(
        *(jnp.asarray(a, jnp.float32) for a in (x, y, x_new)),
        fit=line,
        predict=on_line,
        folds=folds,
        level=0.8,
        kind=kind,
    )
    np.testing.assert_allclose(found, jackknife_by_loop(x, y, x_new, fold, 0.8, kind), rtol=1e-4, atol=1e-4)
    never = conformal_regression.jackknife(
        *(jnp.asarray(a, jnp.float32) for a in (x, y, x_new)),
        fit=line,
        predict=on_line,
        folds=folds,
        level=0.95,
        kind=kind,
    )
    assert np.isneginf(never.low).all() and np.isposinf(never.high).all()  # 12 samples cannot promise 95 %


def test_jackknife_plus_covers_new_samples(key):
    def covered(key):
        for_x, for_noise = jax.random.split(key)
        x = jax.random.normal(for_x, (59, 1))
        y = x[:, 0] + jax.random.normal(for_noise, (59,))
        made = conformal_regression.jackknife(x[:19], y[:19], x[19:], fit=line, predict=on_line, level=0.8)
        return scores.coverage(y[19:], *made)

    assert abs(float(jax.jit(jax.vmap(covered))(jax.random.split(key, 200)).mean()) - 0.8) < 0.03


def shifted(key, n):
    """A model that is right in the middle only, calibrated on x of N(0, 1), and asked at x of N(1.5, 0.5^2)."""
    keys = jax.random.split(key, 4)
    x, x_new = jax.random.normal(keys[0], (n,)), 1.5 + 0.5 * jax.random.normal(keys[1], (n,))
    noise, noise_new = (jax.random.normal(k, (n,)) * (0.2 + z**2) for k, z in zip(keys[2:], (x, x_new), strict=True))

    def ratio(z):
        return jax.scipy.stats.norm.pdf(z, 1.5, 0.5) / jax.scipy.stats.norm.pdf(z)

    return jnp.abs(noise), jnp.abs(noise_new), ratio(x), ratio(x_new)


def test_coverage_is_lost_under_shift_and_regained_by_weights(key):
    def covered(key):
        old, new, w, w_new = shifted(key, 300)
        plain = conformal.quantile(old, level=LEVEL)
        weighted = conformal_shift.quantiles(old, w, w_new, level=LEVEL)
        return jnp.mean(new <= plain), jnp.mean(new <= weighted), jnp.mean(old[:150] <= conformal.quantile(old[150:]))

    shift, repaired, exchangeable = (np.mean(a) for a in jax.jit(jax.vmap(covered))(jax.random.split(key, 300)))
    assert abs(exchangeable - LEVEL) < 0.01
    assert shift < 0.75
    assert abs(repaired - LEVEL) < 0.02


def test_weighted_quantiles_are_those_of_a_loop():
    values, w, w_new = RNG.normal(size=50), RNG.uniform(size=50), RNG.uniform(size=4) * 3
    w[:5] = 0

    def expected(extra):
        total, reached = w.sum() + extra, 0.0
        for score, weight in sorted(zip(values, w, strict=True)):
            reached += weight
            if reached >= 0.8 * total:
                return score
        return math.inf

    single = [jnp.asarray(a, jnp.float32) for a in (values, w, np.append(w_new, 40.0))]
    found = conformal_shift.quantiles(*single, level=0.8)
    np.testing.assert_allclose(found, [expected(extra) for extra in (*w_new, 40.0)], rtol=1e-6)
    spoiled = single[0].at[:5].set(jnp.array([jnp.nan, jnp.inf, -jnp.inf, 1e30, -1e30]))  # without weight
    np.testing.assert_array_equal(conformal_shift.quantiles(spoiled, *single[1:], level=0.8), found)
    tiny = conformal_shift.quantiles(single[0], 2.0**-90 * single[1], 2.0**-90 * single[2], level=0.8)
    np.testing.assert_array_equal(tiny, found)
    np.testing.assert_allclose(conformal_shift.effective_size(single[1]), w.sum() ** 2 / (w**2).sum(), rtol=1e-5)
