import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sklearn.metrics

from mfml.risk import losses, metrics


@pytest.fixture
def pair():
    rng = np.random.default_rng(5)
    target = rng.normal(size=40)
    return jnp.asarray(target + 0.3 * rng.normal(size=40), float), jnp.asarray(target, float)


def test_scores_agree_with_scikit_learn(pair):
    prediction, target = pair
    weights = jnp.linspace(0.0, 2.0, 40)
    expected = sklearn.metrics.r2_score(target, prediction, sample_weight=weights)
    np.testing.assert_allclose(metrics.r2(prediction, target, weights=weights), expected, rtol=1e-5)
    guess, label = (prediction > 0).astype(int), (target > 0).astype(int)
    expected = sklearn.metrics.accuracy_score(label, guess, sample_weight=weights)
    np.testing.assert_allclose(metrics.accuracy(guess, label, weights=weights), expected, rtol=1e-6)


@pytest.mark.parametrize("value", [1e30, np.nan, np.inf])
def test_what_a_sample_of_weight_zero_holds_does_not_matter(pair, value):
    expected = metrics.r2(*pair)
    weights = jnp.append(0.0, jnp.ones(40))
    for spoiled in (0, 1):  # the prediction or the target
        prediction, target = (jnp.append(value if i == spoiled else 0.0, part) for i, part in enumerate(pair))
        np.testing.assert_allclose(metrics.r2(prediction, target, weights=weights), expected, rtol=1e-5)
    labels = jnp.append(value, jnp.ones(40))
    assert metrics.accuracy(labels, jnp.ones(41), weights=weights) == 1


@pytest.mark.parametrize("size", [1e-20, 1e20])
def test_r2_in_any_unit_and_far_from_zero(pair, size):
    prediction, target = pair
    np.testing.assert_allclose(metrics.r2(prediction * size, target * size), metrics.r2(*pair), rtol=1e-5)
    far = jnp.round(prediction * 64) / 64 + 4096, jnp.round(target * 64) / 64 + 4096
    np.testing.assert_allclose(metrics.r2(*far), metrics.r2(far[0] - 4096, far[1] - 4096), rtol=1e-5)


def test_a_missing_label_is_neither_right_nor_wrong():
    prediction, target = jnp.array([1.0, jnp.nan]), jnp.array([1.0, jnp.nan])
    np.testing.assert_array_equal(losses.zero_one(prediction, target), [0.0, jnp.nan])
    np.testing.assert_array_equal(losses.zero_one(prediction, jnp.ones(2)), [0.0, jnp.nan])
    assert jnp.isnan(metrics.accuracy(prediction, target))


def test_scores_of_nothing_and_negative_weights_are_refused(unchecked):
    with pytest.raises(ValueError, match="at least one sample"):
        metrics.r2(jnp.zeros(0), jnp.zeros(0))
    for score in (metrics.r2, metrics.accuracy):
        with pytest.raises(ValueError, match="weights must not be negative"):
            score(jnp.ones(2), jnp.arange(2.0), weights=jnp.array([1.0, -1.0]))


@pytest.mark.parametrize("weights", [None, "some"])
def test_a_perfect_classifier_is_right_in_exactly_all_cases(key, weights):
    for n in range(1, 100, 7):
        labels = jnp.arange(n) % 3
        shares = None if weights is None else jax.random.uniform(jax.random.key(n), (n,)) + 0.1
        assert metrics.accuracy(labels, labels, weights=shares) == 1
        assert metrics.accuracy(labels, labels + 1, weights=shares) == 0
