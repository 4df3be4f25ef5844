import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from mfml.probability import calibration


@pytest.fixture
def forecasts():
    rng = np.random.default_rng(4)
    probability = rng.uniform(size=300).astype(np.float32) ** 2
    probability[:4] = [0.0, 0.25, 0.5, 1.0]  # on edges
    return (rng.uniform(size=300) < probability).astype(int), probability


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_curve_equals_scikit_learn(forecasts, strategy):
    y, p = forecasts
    observed, predicted = calibration_curve(y, p, n_bins=4, strategy=strategy)
    made = calibration.curve(jnp.asarray(p), jnp.asarray(y), n_bins=4, strategy=strategy)
    np.testing.assert_allclose(made.predicted, predicted, rtol=1e-5)
    np.testing.assert_allclose(made.observed, observed, rtol=1e-5)
    assert made.number.sum() == 300
    np.testing.assert_allclose(calibration.brier(jnp.asarray(p), jnp.asarray(y)), brier_score_loss(y, p), rtol=1e-5)


def test_expected_error_by_hand_and_empty_bins():
    y, p = jnp.array([0, 0, 1, 1]), jnp.array([0.1, 0.15, 0.12, 0.9])
    made = calibration.curve(p, y, n_bins=5)
    np.testing.assert_array_equal(made.number, [3, 0, 0, 0, 1])
    assert np.isnan(made.predicted[1:4]).all()
    expected = 0.75 * abs(1 / 3 - 0.37 / 3) + 0.25 * 0.1
    np.testing.assert_allclose(calibration.expected_error(p, y, n_bins=5), expected, rtol=1e-5)


def test_true_probabilities_are_calibrated_and_exaggerated_ones_are_not(key):
    for_p, for_y = jax.random.split(key)
    p = jax.random.uniform(for_p, (20_000,))
    y = jax.random.bernoulli(for_y, p).astype(int)
    sharp = jax.nn.sigmoid(3 * jnp.log(p / (1 - p)))
    assert calibration.expected_error(p, y) < 0.02
    assert calibration.expected_error(sharp, y) > 0.08
    assert calibration.brier(p, y) < calibration.brier(sharp, y)


def test_a_sample_alone():
    y, p = jnp.array([1]), jnp.array([1.0])
    assert calibration.expected_error(p, y) == 0
    assert calibration.expected_error(p, 1 - y, strategy="quantile") == 1


def test_pit_is_flat_for_the_truth_and_bent_for_wrong_scales(key):
    y = 2 + 3 * jax.random.normal(key, (20_000,))

    def histogram(scale):
        return np.asarray(calibration.pit_histogram(calibration.gaussian_pit(y, 2.0, scale)).density)

    np.testing.assert_allclose(histogram(3.0), 1.0, atol=0.12)
    assert histogram(1.5)[[0, -1]].min() > 1.5 > 0.9 > histogram(1.5)[4]
    assert histogram(6.0)[[0, -1]].max() < 0.5 < 1.3 < histogram(6.0)[4]


def test_pit_distance_equals_scipy(key):
    pit = jax.random.uniform(key, (40,)) ** 1.5
    np.testing.assert_allclose(
        calibration.pit_distance(pit), stats.kstest(np.asarray(pit), "uniform").statistic, atol=1e-6
    )


def test_interval_coverage_of_normal_predictions(key):
    pit = calibration.gaussian_pit(jax.random.normal(key, (20_000,)), 0.0, 2.0)  # twice too wide
    levels = jnp.array([0.5, 0.9])
    expected = 2 * stats.norm.cdf(2 * stats.norm.ppf((1 + np.asarray(levels)) / 2)) - 1
    np.testing.assert_allclose(calibration.interval_coverage(pit, levels), expected, atol=0.02)


def test_errors(unchecked):
    y, p = jnp.array([1, 0]), jnp.array([0.5, 0.5])
    with pytest.raises(ValueError, match="same length"):
        calibration.curve(p[:1], y)
    with pytest.raises(ValueError, match="n_bins must be positive"):
        calibration.curve(p, y, n_bins=0)
    with pytest.raises(ValueError, match="'uniform', 'quantile'"):
        calibration.expected_error(p, y, strategy="isotonic")
    with pytest.raises(ValueError, match="at least one sample"):
        calibration.brier(p[:0], y[:0])
    with pytest.raises(ValueError, match="number of PIT values"):
        calibration.pit_distance(p[:0])


def test_bins_of_many_rows_count_all_of_them():
    n = 2_000_000  # at a running sum of 1e5, single precision adds 0.05 with two digits
    p, y = jnp.full(n, 0.05), jnp.zeros(n, jnp.int8)
    made = calibration.curve(p, y)
    assert made.number[0] == n and made.observed[0] == 0
    np.testing.assert_allclose(made.predicted[0], 0.05, rtol=1e-5)
    np.testing.assert_allclose(calibration.expected_error(p, y), 0.05, rtol=1e-5)
    np.testing.assert_allclose(calibration.pit_histogram(p, n_bins=2).density, [2, 0], rtol=1e-6)


def test_more_bins_than_rows_in_a_block():
    p = jnp.linspace(0.0, 1.0, 5001)
    made = calibration.curve(p, (p > 0.5).astype(int), n_bins=4000)
    assert made.number.sum() == 5001
    np.testing.assert_allclose(jnp.nansum(made.number * made.predicted), 2500.5, rtol=1e-5)
