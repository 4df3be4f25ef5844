import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from mfml.probability import intervals


def normal_data(key):
    return 3 + 2 * jax.random.normal(key, (6,))


def t_interval(x, key):
    return intervals.of_mean(x)


def naive_interval(x, key):
    width = 1.96 * jnp.std(x) / len(x) ** 0.5
    return intervals.Interval(x.mean() - width, x.mean() + width)


def credible_interval(x, key):
    """Posterior draws of the mean, flat prior, known deviation 2."""
    return intervals.credible(x.mean() + 2 / 6**0.5 * jax.random.normal(key, (2000,)))


def skewed_data(key):
    return jax.random.exponential(key, (40,))


def resampled(x, key):
    return intervals.bootstrap(x, statistic=jnp.mean, key=key, n_resamples=400, kind="bca").interval


@pytest.mark.parametrize("interval", [t_interval, credible_interval])
def test_a_95_percent_interval_holds_the_truth_in_95_percent(key, interval):
    n = 4000
    found = intervals.coverage(interval, normal_data, 3.0, key=key, n_repeats=n)
    assert abs(found.rate - 0.95) < 4 * (0.05 * 0.95 / n) ** 0.5
    np.testing.assert_allclose(found.standard_error, np.sqrt(found.rate * (1 - found.rate) / n), rtol=1e-5)


def test_forgetting_students_correction_shows_in_the_coverage(key):
    assert intervals.coverage(naive_interval, normal_data, 3.0, key=key, n_repeats=4000).rate < 0.9


def test_bootstrap_covers_nearly_as_promised(key):
    rate = intervals.coverage(resampled, skewed_data, 1.0, key=key, n_repeats=400).rate
    assert 0.87 < rate < 0.98


@pytest.mark.parametrize("df", [1.0, 2.0, 7.5, 1000.0])
@pytest.mark.parametrize("level", [0.5, 0.99])
def test_width_of_student_equals_scipy(df, level):
    expected = stats.t(df).ppf((1 + level) / 2)
    np.testing.assert_allclose(intervals.student_t_width(df, level=level), expected, rtol=4e-4)


def test_interval_of_a_mean_equals_scipy(key):
    x = normal_data(key)
    expected = stats.t.interval(0.9, 5, np.mean(x), stats.sem(x))
    np.testing.assert_allclose(intervals.of_mean(x, level=0.9), expected, rtol=1e-4)


@pytest.mark.parametrize("k", [0, 3, 10])
def test_interval_of_a_share_equals_statsmodels(k):
    expected = proportion_confint(k, 10, alpha=0.1, method="wilson")
    np.testing.assert_allclose(intervals.of_share(k, 10, level=0.9), expected, atol=1e-5)


def test_credible_interval_of_draws_equals_numpy(key):
    draws = jax.random.normal(key, (101, 2))
    expected = np.quantile(np.asarray(draws), [0.05, 0.95], axis=0)
    np.testing.assert_allclose(intervals.credible(draws, level=0.9), expected, rtol=1e-5)


def test_highest_density_is_the_shortest_of_all(key):
    draws = np.sort(np.asarray(jax.random.exponential(key, (200,))))
    interval = intervals.highest_density(jnp.asarray(draws), level=0.8)
    shortest = min(draws[i + 159] - draws[i] for i in range(41))
    np.testing.assert_allclose(interval.high - interval.low, shortest, rtol=1e-5)
    equal = intervals.credible(jnp.asarray(draws), level=0.8)
    assert interval.high - interval.low < equal.high - equal.low
    one = intervals.highest_density(jnp.array([2.0]))
    assert one.low == one.high == 2


@pytest.mark.parametrize("kind", ["percentile", "basic", "bca"])
def test_bootstrap_equals_scipy_up_to_its_draws(key, kind):
    x = np.random.default_rng(2).exponential(size=60).astype(np.float32)
    options = {"n_resamples": 6000, "method": kind, "rng": np.random.default_rng(0), "confidence_level": 0.9}
    peer = stats.bootstrap((x,), np.std, **options)
    found = intervals.bootstrap(jnp.asarray(x), statistic=jnp.std, key=key, n_resamples=6000, kind=kind, level=0.9)
    scale = peer.standard_error
    np.testing.assert_allclose(
        found.interval, peer.confidence_interval, atol=0.2 * scale
    )  # scipy itself varies so much
    np.testing.assert_allclose(found.standard_error, scale, rtol=0.05)
    np.testing.assert_allclose(found.estimate, np.std(x), rtol=1e-5)


def smallest_and_largest(x):
    return jnp.array([x.min(), x.max(), x.mean()])


@pytest.mark.parametrize("n", [2, 7, 65_600])
def test_bootstrap_draws_every_sample_alike(key, n):
    """The mean of the draws of 0, ..., n - 1 is that of all, and none lies outside."""
    found = intervals.bootstrap(
        jnp.arange(float(n)), statistic=smallest_and_largest, key=key, n_resamples=64, level=0.999
    )
    assert found.interval.low[0] >= 0
    assert found.interval.high[1] <= n - 1
    expected = (n**2 - 1) ** 0.5 / 12**0.5 / n**0.5  # standard error of the mean of n draws
    np.testing.assert_allclose(found.standard_error[2], expected, rtol=0.35)
    middle = (found.interval.low[2] + found.interval.high[2]) / 2
    assert abs(middle - (n - 1) / 2) < 1.5 * expected


def correlation(data):
    x, y = data
    return jnp.corrcoef(x, y)[0, 1]


def test_bootstrap_keeps_pairs_together(key):
    x = jax.random.normal(key, (50,))
    found = intervals.bootstrap((x, 2 * x), statistic=correlation, key=key, n_resamples=50)
    np.testing.assert_allclose(found.interval, [1.0, 1.0], atol=1e-5)


def test_bootstrap_of_several_numbers_at_once(key):
    x = jax.random.normal(key, (30, 2))
    found = intervals.bootstrap(x, statistic=lambda x: x.mean(axis=0), key=key, n_resamples=300, kind="bca")
    assert found.interval.low.shape == (2,)
    assert intervals.contains(found.interval, x.mean(axis=0)).all()


def test_errors(key, unchecked):
    x = jnp.arange(3.0)
    for bad in (0.0, 1.0, 95):
        with pytest.raises(ValueError, match="level must lie between 0 and 1"):
            intervals.of_mean(x, level=bad)
    with pytest.raises(ValueError, match="two samples"):
        intervals.of_mean(x[:1])
    with pytest.raises(ValueError, match="'percentile', 'basic', 'bca'"):
        intervals.bootstrap(x, statistic=jnp.mean, key=key, kind="studentized")
    with pytest.raises(ValueError, match="n_resamples must be at least 2"):
        intervals.bootstrap(x, statistic=jnp.mean, key=key, n_resamples=1)
    with pytest.raises(ValueError, match="same length"):
        intervals.bootstrap((x, x[:2]), statistic=correlation, key=key)
    with pytest.raises(ValueError, match="needs two samples"):
        intervals.bootstrap(x[:1], statistic=jnp.mean, key=key)
    with pytest.raises(ValueError, match="number of draws"):
        intervals.highest_density(jnp.zeros(0))
    with pytest.raises(ValueError, match="n_repeats must be positive"):
        intervals.coverage(t_interval, normal_data, 3.0, key=key, n_repeats=0)


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999, 0.999999])
@pytest.mark.parametrize("df", [1.0, 2.0, 30.0, 200.0, 1e8])
def test_width_for_few_and_many_degrees_of_freedom(df, level):
    assert intervals.student_t_width(df, level=level) == pytest.approx(stats.t.isf((1 - level) / 2, df), rel=1e-5)
