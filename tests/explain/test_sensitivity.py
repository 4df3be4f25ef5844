"""Sensitivity: Ishigami's function, estimators written out in NumPy, and effects that are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.explain import screening, sensitivity
from mfml.numerics import sobol

KEY = jax.random.key(0)
LOW, HIGH = -np.pi * np.ones(3, np.float32), np.pi * np.ones(3, np.float32)
FIRST = np.array([0.3139051911, 0.4424111448, 0.0])
TOTAL = np.array([0.5575888552, 0.4424111448, 0.2436836641])
VARIANCE = 13.8445879407


def ishigami(rows):
    a, b, c = rows.T
    return jnp.sin(a) + 7 * jnp.sin(b) ** 2 + 0.1 * c**4 * jnp.sin(a)


def two(rows):
    """The second output is the first one in another unit and from another origin."""
    return jnp.stack([ishigami(rows), 1000 - 1e-3 * ishigami(rows)], axis=1)


def test_indices_of_ishigami():
    found = sensitivity.fit(ishigami, LOW, HIGH, key=KEY, n_samples=4096)
    np.testing.assert_allclose(found.first, FIRST, atol=4e-3)
    np.testing.assert_allclose(found.total, TOTAL, atol=4e-3)
    np.testing.assert_allclose(found.variance, VARIANCE, rtol=2e-3)
    for needed, (low, high) in ((FIRST, found.first_interval), (TOTAL, found.total_interval)):
        assert ((low < needed) & (needed < high)).all()
        assert (high - low < 0.1).all()


def test_pairs_of_ishigami():
    """Only the first and the third input act together; the total order has no other part."""
    found = sensitivity.pairs(ishigami, LOW, HIGH, key=KEY, n_samples=4096)
    needed = np.zeros((3, 3))
    needed[0, 2] = needed[2, 0] = TOTAL[2]
    off = ~np.eye(3, dtype=bool)
    np.testing.assert_allclose(found.second[off], needed[off], atol=6e-3)
    assert np.isnan(np.diagonal(found.second)).all()
    low, high = found.interval[:, off]
    assert ((low < needed[off]) & (needed[off] < high)).all()


def test_errors_shrink_faster_than_those_of_random_points():
    def worst(n_samples):
        keys = jax.random.split(KEY, 8)
        found = jax.lax.map(
            lambda key: sensitivity.fit(ishigami, LOW, HIGH, key=key, n_samples=n_samples, n_bootstrap=2).total, keys
        )
        return np.sqrt(np.mean((np.asarray(found) - TOTAL) ** 2))

    assert worst(1024) < 0.25 * worst(64)  # for random points it would be the fourth part on average
    assert worst(1024) < 0.012


def test_intervals_cover():
    """With few samples, in at least 85 % of 40 draws for every index."""
    found = jax.lax.map(
        lambda key: sensitivity.fit(ishigami, LOW, HIGH, key=key, n_samples=128, n_bootstrap=60),
        jax.random.split(KEY, 40),
    )
    for needed, interval in ((FIRST, found.first_interval), (TOTAL, found.total_interval)):
        inside = (interval[:, 0] < needed) & (needed < interval[:, 1])
        assert (inside.mean(axis=0) > 0.85).all()


def test_intervals_widen_with_the_level():
    options = {"key": KEY, "n_samples": 64, "n_bootstrap": 20}
    narrow = sensitivity.fit(ishigami, LOW, HIGH, level=0.5, **options)
    wide = sensitivity.fit(ishigami, LOW, HIGH, level=0.95, **options)
    reach = [np.diff(found.total_interval, axis=0) for found in (narrow, wide)]
    np.testing.assert_allclose(reach[1] / reach[0], 1.959964 / 0.674490, rtol=1e-4)


def test_estimators_are_those_of_the_papers():
    """Saltelli's and Jansen's formulas in double precision, whatever unit and origin the outputs have."""
    rng = np.random.default_rng(0)
    a, b, mixed = rng.normal(size=20), rng.normal(size=20), rng.normal(size=(20, 3))
    both = np.concatenate([a, b])
    center, variance = both.mean(), both.var()
    first = [np.mean((b - center) * (mixed[:, i] - a)) / variance for i in range(3)]
    total = [np.mean((a - mixed[:, i]) ** 2) / 2 / variance for i in range(3)]
    for factor, shift in ((1.0, 0.0), (1e-15, 0.0), (1.0, 500.0)):
        found = sensitivity.estimate(*(np.float32(factor * (y + shift)) for y in (a, b, mixed)))
        np.testing.assert_allclose(found.first, first, atol=2e-4)
        np.testing.assert_allclose(found.total, total, atol=2e-4)
        np.testing.assert_allclose(found.variance / factor**2, variance, rtol=1e-3)


def test_points_and_estimators_of_a_run():
    """The same run in NumPy, from the same points: n is so small that no term may be left out."""
    n, key = 16, jax.random.key(5)
    share = np.asarray(sobol.scrambled(n, 6, key=jax.random.split(key)[0]), float)
    a, b = (LOW + part * (HIGH - LOW) for part in (share[:, :3], share[:, 3:]))

    def asked(rows):
        return np.asarray(ishigami(rows.astype(np.float32)), float)

    def mixed(x, other):
        moved = np.tile(x, (3, 1, 1))
        for i in range(3):
            moved[i, :, i] = other[:, i]
        return np.stack([asked(rows) for rows in moved], axis=1)

    y_a, y_b, forth, back = asked(a), asked(b), mixed(a, b), mixed(b, a)
    center, variance = np.concatenate([y_a, y_b]).mean(), np.concatenate([y_a, y_b]).var()
    first = (y_b - center) @ (forth - y_a[:, None]) / n / variance
    total = ((forth - y_a[:, None]) ** 2).mean(axis=0) / 2 / variance
    found = sensitivity.fit(ishigami, LOW, HIGH, key=key, n_samples=n, n_bootstrap=2)
    np.testing.assert_allclose(found.first, first, atol=1e-4)
    np.testing.assert_allclose(found.total, total, atol=1e-4)
    np.testing.assert_allclose(found.variance, variance, rtol=1e-4)
    second = sensitivity.pairs(ishigami, LOW, HIGH, key=key, n_samples=n, n_bootstrap=2).second
    for i, j in ((0, 1), (0, 2), (1, 2)):
        both = [(back[:, p] - center) @ (forth[:, q] - center) / n for p, q in ((i, j), (j, i))]
        needed = (np.mean(both) - np.mean((y_a - center) * (y_b - center))) / variance - first[i] - first[j]
        np.testing.assert_allclose(second[[i, j], [j, i]], needed, atol=1e-4)


def test_several_outputs_in_other_units():
    found = sensitivity.fit(two, LOW, HIGH, key=KEY, n_samples=64, n_bootstrap=5)
    alone = sensitivity.fit(ishigami, LOW, HIGH, key=KEY, n_samples=64, n_bootstrap=5)
    for field in ("first", "total", "first_interval", "total_interval"):
        both = getattr(found, field)
        np.testing.assert_allclose(both[..., 0], getattr(alone, field), atol=1e-5)
        np.testing.assert_allclose(both[..., 1], both[..., 0], atol=2e-2)  # float32 knows 1000 to 6e-5
    second = sensitivity.pairs(two, LOW, HIGH, key=KEY, n_samples=64, n_bootstrap=5)
    assert second.second.shape == (3, 3, 2)
    assert second.interval.shape == (2, 3, 3, 2)


def test_a_constant_output_has_no_indices():
    found = sensitivity.fit(lambda rows: 0 * rows[:, 0] + 1e6, LOW, HIGH, key=KEY, n_samples=8, n_bootstrap=2)
    assert np.isnan(found.first).all() and np.isnan(found.total).all()
    assert found.variance == 0


def test_each_step_of_a_trajectory_moves_one_feature():
    """Outputs that are the features in units of their range: the effect of each on itself is 1, on others 0."""
    low, high = np.array([0.0, 5.0, -3.0], np.float32), np.array([1.0, 9.0, -1.0], np.float32)

    def shares(rows):
        return (rows - low) / (high - low)

    for n_levels in (2, 4, 8):
        found = screening.morris(shares, low, high, key=KEY, n_trajectories=6, n_levels=n_levels)
        np.testing.assert_allclose(found.mu, np.eye(3), atol=1e-5)
        np.testing.assert_allclose(found.sigma, 0, atol=1e-5)


def test_elementary_effects_of_a_product():
    """Of x0 x1 the effect of x0 is the level of x1: 0, 1/3, 2/3 or 1, each as often."""
    found = screening.morris(lambda r: r[:, 0] * r[:, 1], np.zeros(2), np.ones(2), key=KEY, n_trajectories=3000)
    levels = np.arange(4) / 3
    for field in (found.mu, found.mu_star):
        np.testing.assert_allclose(field, 0.5, atol=4.5 * levels.std() / 3000**0.5)
    np.testing.assert_allclose(found.sigma, levels.std(), rtol=0.05)
    np.testing.assert_allclose(found.mu_star_error, found.sigma / 3000**0.5, rtol=1e-4)


def test_effects_of_both_signs_cancel_in_the_mean_only():
    found = screening.morris(lambda r: (r[:, 0] - 0.5) ** 2, np.zeros(1), np.ones(1), key=KEY, n_trajectories=400)
    np.testing.assert_allclose(found.mu_star, 1 / 3, rtol=1e-4)  # from 0 to 2/3, and from 1/3 to 1
    assert np.abs(found.mu[0]) < 0.06
    once = screening.morris(lambda r: r[:, 0], np.zeros(1), np.ones(1), key=KEY, n_trajectories=1)
    assert np.isnan(once.sigma).all() and np.isnan(once.mu_star_error).all()
    np.testing.assert_allclose(once.mu, 1.0, rtol=1e-6)


def test_one_at_a_time():
    x = np.array([1.0, 2.0, 3.0], np.float32)
    found = screening.one_at_a_time(two, x, LOW, HIGH, n_points=5)
    for i in range(3):
        rows = np.tile(x, (5, 1))
        rows[:, i] = np.linspace(LOW[i], HIGH[i], 5)
        needed = np.asarray(two(rows))
        np.testing.assert_allclose(found.at[i], rows[:, i], atol=1e-6)
        np.testing.assert_allclose(found.output[i], needed, atol=1e-3)
        np.testing.assert_allclose(found.swing[i, 0], np.ptp(needed[:, 0]), atol=1e-3)


def test_refusals(unchecked):
    with pytest.raises(ValueError, match="low and high must have the same length"):
        sensitivity.fit(ishigami, LOW, HIGH[:2], key=KEY)
    with pytest.raises(ValueError, match="from 1 to 20 features; found 21"):
        sensitivity.fit(ishigami, np.zeros(21), np.ones(21), key=KEY)
    with pytest.raises(ValueError, match="n_bootstrap must be at least 2"):
        sensitivity.fit(ishigami, LOW, HIGH, key=KEY, n_bootstrap=1)
    with pytest.raises(ValueError, match="level must lie between 0 and 1"):
        sensitivity.pairs(ishigami, LOW, HIGH, key=KEY, level=95.0)
    with pytest.raises(ValueError, match="n_levels must be an even number; found 3"):
        screening.morris(ishigami, LOW, HIGH, key=KEY, n_levels=3)
    with pytest.raises(ValueError, match="n_points must be at least 2"):
        screening.one_at_a_time(ishigami, LOW, LOW, HIGH, n_points=1)
    with pytest.raises(ValueError, match="mixed must have"):
        sensitivity.estimate(np.ones(4), np.ones(4), np.ones(4))
