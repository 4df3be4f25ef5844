"""Temperature, isotonic regression and recalibrated distributions against peers, plain loops and the truth."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import QuantileRegressor

from mfml.iteration import Status
from mfml.probability import calibration
from mfml.uncertainty import isotonic, quantiles, recalibration, temperature

RNG = np.random.default_rng(21)


def classified(n=400, sharpness=3.0):
    """Labels drawn from softmax(z), and the logits of a network that is too sure."""
    z = RNG.normal(size=(n, 3)) * 1.5
    p = np.exp(z - logsumexp(z, axis=1, keepdims=True))
    y = (RNG.uniform(size=(n, 1)) > np.cumsum(p, axis=1)).sum(axis=1)
    return jnp.asarray(sharpness * z, jnp.float32), jnp.asarray(np.minimum(y, 2))


def nll(beta, z, y):
    z = np.asarray(z, float) * beta
    return np.mean(logsumexp(z, axis=1) - z[np.arange(len(y)), np.asarray(y)])


def test_temperature_is_the_best_one():
    z, y = classified()
    found = temperature.fit(z, y)
    best = minimize_scalar(lambda log_t: nll(np.exp(-log_t), z, y), bounds=(-5, 5), options={"xatol": 1e-8})
    np.testing.assert_allclose(found.temperature, np.exp(best.x), rtol=1e-3)
    assert found.converged and found.n_iter < 20
    np.testing.assert_allclose(found.history[found.n_iter], best.fun, rtol=1e-5)
    assert (temperature.transform(found, z).argmax(axis=1) == z.argmax(axis=1)).all()
    assert 2.2 < found.temperature < 4
    shifted = temperature.fit(2.0**-60 * z, y)
    np.testing.assert_allclose(shifted.temperature * 2.0**60, found.temperature, rtol=1e-5)


@pytest.mark.parametrize(
    ("logits", "y", "limit"),
    [([[2.0, 0], [0, 1]], [0, 1], 0.0), ([[2.0, 0], [0, 1]], [1, 0], np.inf), ([[1.0, 1], [3, 3]], [1, 0], None)],
)
def test_no_best_temperature_is_no_convergence(logits, y, limit):
    found = temperature.fit(jnp.array(logits), jnp.array(y))
    assert found.status == Status.UNBOUNDED and not found.converged
    if limit is not None:
        assert found.temperature < 1e-6 if limit == 0 else found.temperature > 1e6
        assert np.isfinite(temperature.predict_proba(found, jnp.array(logits))).all()


def test_nearly_separated_classes_have_a_temperature():
    z = jnp.array([[1.0, 0.0]] * 500 + [[1e-3, 0.0]])
    y = jnp.array([0] * 500 + [1])
    found = temperature.fit(z, y)
    best = minimize_scalar(lambda s: nll(np.exp(s), z, y), bounds=(0, 9), options={"xatol": 1e-8})
    assert found.converged
    np.testing.assert_allclose(found.temperature, np.exp(-best.x), rtol=1e-2)


def test_temperature_lowers_the_calibration_error_on_new_samples():
    z, y = classified(4000)
    model = temperature.fit(z[:2000], y[:2000])
    before, after = (
        calibration.expected_error(p.max(axis=1), (p.argmax(axis=1) == y[2000:]).astype(int))
        for p in (jax.nn.softmax(z[2000:]), temperature.predict_proba(model, z[2000:]))
    )
    assert before > 0.1
    assert after < 0.05


@pytest.mark.parametrize("ties", [False, True])
def test_isotonic_regression_equals_scikit_learn(ties):
    x, y, w = RNG.normal(size=60), RNG.normal(size=60), RNG.uniform(0.2, 2, size=60)
    if ties:
        x = np.round(x, 1)
    y, w[5], w[11] = y + x, 0, 0
    single = [jnp.asarray(a, jnp.float32) for a in (x, y, w)]
    ask = np.concatenate([x, np.linspace(-4, 4, 40)])
    for increasing, weights in ((True, w), (False, w), (True, None)):
        weights32 = None if weights is None else single[2]
        found = isotonic.fit(single[0], single[1], weights=weights32, increasing=increasing)
        peer = IsotonicRegression(increasing=increasing, out_of_bounds="clip")
        peer.fit(np.asarray(single[0], float), y, sample_weight=weights)
        expected = peer.predict(np.asarray(jnp.asarray(ask, jnp.float32), float))
        np.testing.assert_allclose(isotonic.transform(found, jnp.asarray(ask, jnp.float32)), expected, atol=3e-4)


def test_isotonic_regression_of_sorted_reversed_and_single_samples():
    x = jnp.arange(5.0)
    np.testing.assert_allclose(isotonic.fit(x, x).value, x)
    np.testing.assert_allclose(isotonic.fit(x, -x).value, np.full(5, -2.0))
    assert (
        isotonic.transform(isotonic.fit(jnp.array([1.0]), jnp.array([7.0])), jnp.array([0.0, 1, 2])).tolist() == [7] * 3
    )
    assert np.isnan(isotonic.fit(x, x.at[2].set(jnp.nan)).value).all()


def test_isotonic_regression_is_the_min_max_formula():
    y = RNG.normal(size=40)
    means = np.array([[y[i : j + 1].mean() if i <= j else np.inf for j in range(40)] for i in range(40)])
    expected = [max(means[i, k:].min() for i in range(k + 1)) for k in range(40)]
    found = isotonic.fit(jnp.arange(40.0), jnp.asarray(y, jnp.float32))
    np.testing.assert_allclose(found.value, expected, atol=1e-5)


def test_isotonic_probabilities_are_calibrated_over_many_splits(key):
    def gap(key):
        """Calibration errors on new samples before and after, for probabilities that are squared."""
        for_p, for_y = jax.random.split(key)
        p = jax.random.uniform(for_p, (2000,))
        y = (jax.random.uniform(for_y, (2000,)) < p).astype(float)
        said = p**2
        model = isotonic.fit(said[:1000], y[:1000])
        after = isotonic.transform(model, said[1000:])
        return jnp.stack([_error(q, y[1000:]) for q in (said[1000:], after)])

    before, after = np.asarray(jax.jit(jax.vmap(gap))(jax.random.split(key, 20))).T
    assert before.min() > 0.1
    assert after.mean() < 0.05


def _error(probability, y):
    """Expected calibration error in ten bins."""
    bins = jnp.minimum((probability * 10).astype(int), 9)
    sums = jax.ops.segment_sum(jnp.stack([probability, y], axis=1), bins, 10)
    return jnp.abs(sums[:, 0] - sums[:, 1]).sum() / len(y)


def test_mapped_levels_keep_their_promise_over_many_splits(key):
    """A model whose noise is too small and that is biased: the mapped quantiles cover what they state."""
    shares = jnp.array([0.05, 0.5, 0.95])

    def below(key):
        y = 0.5 + 2 * jax.random.normal(key, (300,))
        model = recalibration.fit(calibration.gaussian_pit(y[:99], 0.0, 1.0))
        quantiles = jax.scipy.special.ndtri(recalibration.inverse_transform(model, shares))
        return jnp.mean(y[99:, None] <= quantiles, axis=0)

    found = np.asarray(jax.jit(jax.vmap(below))(jax.random.split(key, 400)))
    np.testing.assert_allclose(found.mean(axis=0), shares, atol=0.01)
    raw = np.mean(0.5 + 2 * RNG.normal(size=20_000) <= 1.645)
    assert abs(raw - 0.95) > 0.15


def test_level_maps_invert_each_other_and_refuse_what_is_no_pit():
    model = recalibration.fit(jnp.array([0.2, 0.9, 0.4]))
    levels = jnp.linspace(0, 1, 9)
    np.testing.assert_allclose(
        recalibration.inverse_transform(model, recalibration.transform(model, levels)), levels, atol=1e-6
    )
    assert np.isnan(recalibration.fit(jnp.array([0.2, 1.5])).share).all()
    assert np.isnan(recalibration.transform(model, jnp.array([1.5, -0.1, jnp.nan]))).all()


def test_scale_factor_is_the_most_likely_one():
    y, mean, scale = RNG.normal(size=200) * 3, np.zeros(200), RNG.uniform(0.5, 2, size=200)
    found = float(recalibration.scale_factor(*(jnp.asarray(a, jnp.float32) for a in (y, mean, scale))))
    best = minimize_scalar(lambda s: np.sum(0.5 * (y / scale / s) ** 2 + np.log(s)), bounds=(0.1, 20))
    np.testing.assert_allclose(found, best.x, rtol=1e-4)
    tiny = recalibration.scale_factor(*(jnp.asarray(1e-25 * a, jnp.float32) for a in (y, mean, scale)))
    np.testing.assert_allclose(tiny, found, rtol=1e-5)


def test_quantile_regression_equals_scikit_learn():
    x = RNG.normal(size=(80, 2))
    y = 2 * x[:, 0] + 1 + RNG.normal(size=80) * (1 + np.abs(x[:, 0]))
    w = RNG.uniform(0.2, 2, size=80)
    levels = (0.05, 0.5, 0.95)
    single = [jnp.asarray(a, jnp.float32) for a in (x, y, w)]
    found = quantiles.fit(*single[:2], levels=jnp.array(levels), weights=single[2])
    assert found.converged
    predicted = np.asarray(quantiles.predict(found, single[0]), float)
    for j, level in enumerate(levels):
        peer = QuantileRegressor(quantile=level, alpha=0, solver="highs").fit(x, y, sample_weight=w)

        def loss(prediction, level=level):
            r = y - prediction
            return np.average(np.maximum(level * r, (level - 1) * r), weights=w)

        assert loss(predicted[:, j]) < loss(peer.predict(x)) + 2e-5
        np.testing.assert_allclose(np.average(y <= predicted[:, j] + 1e-3, weights=w), level, atol=0.05)


def test_one_wild_sample_does_not_make_quantile_regression_coarse():
    """The tolerance was a share of the mean deviation of y, which a wild sample makes as large as it likes."""
    x = jax.random.normal(jax.random.key(0), (60, 2))
    y = x[:, 0] + 0.3 * jax.random.normal(jax.random.key(1), (60,))
    levels = jnp.array([0.1, 0.5, 0.9])
    near, far = (quantiles.fit(x, y.at[3].set(wild), levels=levels) for wild in (1e2, 1e8))
    assert near.converged and far.converged
    np.testing.assert_allclose(far.coef, near.coef, atol=1e-3)


def test_quantile_regression_in_other_units_and_far_from_the_origin():
    x = np.round(RNG.normal(size=(40, 2)) * 64) / 64
    y = np.round((x[:, 0] + RNG.normal(size=40)) * 64) / 64
    x, y, levels = jnp.asarray(x, jnp.float32), jnp.asarray(y, jnp.float32), jnp.array([0.2, 0.8])
    near = quantiles.fit(x, y, levels=levels)
    far = quantiles.fit(x + 4096, y + 4096, levels=levels)
    np.testing.assert_allclose(far.coef, near.coef, atol=1e-3)
    np.testing.assert_allclose(
        quantiles.predict(far, x + 4096) - 4096, quantiles.predict(near, x), atol=5e-3
    )  # a spacing of numbers near 4096 is 5e-4
    tiny = quantiles.fit(x * 2.0**60, y * 2.0**-60, levels=levels)
    np.testing.assert_allclose(tiny.coef * 2.0**120, near.coef, atol=1e-5)
    assert near.converged and far.converged and tiny.converged


def test_quantile_regression_without_features_that_vary_finds_quantiles():
    y = jnp.asarray(RNG.permutation(np.arange(99.0)), jnp.float32)
    found = quantiles.fit(jnp.zeros((99, 2)), y, levels=jnp.array([0.1, 0.5, 0.9]))
    np.testing.assert_allclose(found.intercept, [9, 49, 89], atol=0.05)
    exact = quantiles.fit(y[:, None], 3 * y + 1, levels=jnp.array([0.1, 0.5, 0.9]))
    np.testing.assert_allclose(exact.coef[:, 0], [3, 3, 3], rtol=1e-4)


def test_logits_that_are_all_equal_say_nothing():
    for logits in (jnp.zeros((4, 3)), jnp.ones((4, 1))):
        found = temperature.fit(logits, jnp.zeros(4, int))
        assert found.status == Status.UNBOUNDED and found.temperature > 1e6
    spread = temperature.predict_proba(temperature.fit(jnp.zeros((3, 3)), jnp.arange(3)), jnp.array([[3.0, 0.0, -3.0]]))
    np.testing.assert_allclose(spread, 1 / 3, rtol=1e-4)


def test_only_ratios_of_weights_count():
    huge = jnp.full(3, 3e38)  # their sum is out of range
    x, y = jnp.array([1.0, 2.0, 3.0]), jnp.array([0.0, 3.0, 2.0])
    np.testing.assert_allclose(isotonic.fit(x, y, weights=huge).value, [0, 2.5, 2.5], rtol=1e-6)
    factor = recalibration.scale_factor(y, jnp.zeros(3), jnp.ones(3), weights=huge)
    np.testing.assert_allclose(factor, np.sqrt(13 / 3), rtol=1e-6)


def test_the_map_is_exact_at_the_shares_of_its_points():
    pit = jnp.asarray(np.random.default_rng(3).beta(3.0, 1.0, (20_000, 10)), jnp.float32)  # far from uniform
    below = jax.vmap(lambda p: p[9] <= recalibration.inverse_transform(recalibration.fit(p[:9]), jnp.array([0.1, 0.7])))
    np.testing.assert_allclose(below(pit).mean(axis=0), [0.1, 0.7], atol=0.015)
