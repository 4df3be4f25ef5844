import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import scipy.special
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mfml.risk import losses

ELEMENTWISE = [losses.squared_error, losses.absolute_error, losses.huber, losses.pinball, losses.zero_one]
MARGIN = [losses.hinge, losses.logistic]
FINITE = st.floats(-1e6, 1e6, width=32)


@pytest.fixture
def pair(key):
    a, b = jax.random.split(key)
    return jax.random.normal(a, (50,)), jax.random.normal(b, (50,))


@pytest.fixture
def classes(key):
    a, b = jax.random.split(key)
    return 4 * jax.random.normal(a, (30, 5)), jax.random.randint(b, (30,), 0, 5)


def test_means_agree_with_scikit_learn(pair):
    prediction, target = pair
    np.testing.assert_allclose(losses.mse(*pair), sklearn.metrics.mean_squared_error(target, prediction), rtol=1e-5)
    np.testing.assert_allclose(losses.mae(*pair), sklearn.metrics.mean_absolute_error(target, prediction), rtol=1e-5)


@pytest.mark.parametrize("quantile", [0.0, 0.2, 0.5, 0.9])
def test_pinball_agrees_with_scikit_learn(pair, quantile):
    prediction, target = map(np.asarray, pair)
    expected = sklearn.metrics.mean_pinball_loss(target, prediction, alpha=quantile)
    np.testing.assert_allclose(losses.pinball(*pair, quantile=quantile).mean(), expected, rtol=1e-5)


@pytest.mark.parametrize("delta", [0.1, 1.0, 5.0])
def test_huber_agrees_with_scipy_and_optax(pair, delta):
    found = losses.huber(*pair, delta=delta)
    np.testing.assert_allclose(found, scipy.special.huber(delta, np.subtract(*pair)), rtol=1e-5)
    np.testing.assert_allclose(found, optax.huber_loss(*pair, delta=delta), rtol=1e-5)


def test_zero_one_agrees_with_scikit_learn(classes):
    logits, label = classes
    guess = logits.argmax(1)
    np.testing.assert_allclose(
        losses.zero_one(guess, label).mean(), sklearn.metrics.zero_one_loss(label, guess), rtol=1e-6
    )


def test_margin_losses_agree_with_peers(pair):
    score, label = pair[0], jnp.sign(pair[1])
    hinge = losses.hinge(score, label)
    np.testing.assert_allclose(
        hinge.mean(), sklearn.metrics.hinge_loss(np.asarray(label), np.asarray(score)), rtol=1e-5
    )
    np.testing.assert_allclose(hinge, optax.hinge_loss(score, label), rtol=1e-6)
    as_zero_one = (label + 1) / 2
    expected = optax.sigmoid_binary_cross_entropy(score, as_zero_one)
    np.testing.assert_allclose(losses.logistic(score, label), expected, rtol=1e-5)


def test_softmax_agrees_with_scipy(classes):
    logits, _ = classes
    np.testing.assert_allclose(losses.softmax(logits), scipy.special.softmax(logits, axis=1), rtol=1e-5)
    np.testing.assert_allclose(losses.log_softmax(logits), scipy.special.log_softmax(logits, axis=1), atol=1e-5)


def test_cross_entropy_agrees_with_optax_and_scikit_learn(classes):
    logits, label = classes
    found = losses.cross_entropy(logits, label)
    np.testing.assert_allclose(found, optax.softmax_cross_entropy_with_integer_labels(logits, label), atol=1e-5)
    probability = np.asarray(losses.softmax(logits), np.float64)
    np.testing.assert_allclose(
        found.mean(), sklearn.metrics.log_loss(label, probability / probability.sum(1, keepdims=True)), rtol=1e-5
    )
    np.testing.assert_allclose(losses.soft_cross_entropy(logits, jax.nn.one_hot(label, 5)), found, atol=1e-5)
    soft = losses.softmax(logits[::-1])
    np.testing.assert_allclose(
        losses.soft_cross_entropy(logits, soft), optax.softmax_cross_entropy(logits, soft), rtol=1e-5
    )


@given(arrays(np.float32, 7, elements=FINITE), arrays(np.float32, 7, elements=FINITE))
@settings(max_examples=30, deadline=None)
def test_losses_are_never_negative_and_zero_at_the_truth(prediction, target):
    for loss in ELEMENTWISE:
        assert (loss(jnp.asarray(prediction), jnp.asarray(target)) >= 0).all()
        assert (loss(jnp.asarray(target), jnp.asarray(target)) == 0).all()


@given(arrays(np.float32, 5, elements=FINITE), st.floats(-1e3, 1e3, width=32))
@settings(max_examples=30, deadline=None)
def test_softmax_is_a_distribution_that_ignores_a_shift(logits, shift):
    probability = losses.softmax(jnp.asarray(logits))
    np.testing.assert_allclose(probability.sum(), 1, rtol=1e-5)
    rounding = 1e-6 * (np.abs(logits).max() + abs(shift)) + 1e-6
    np.testing.assert_allclose(losses.softmax(jnp.asarray(logits) + shift), probability, atol=min(1.0, 4 * rounding))


@given(st.floats(-50, 50), st.sampled_from([-1, 1]))
@settings(max_examples=50, deadline=None)
def test_surrogates_bound_the_zero_one_loss(score, label):
    score, label = jnp.array([score]), jnp.array([label])
    wrong = losses.zero_one(jnp.where(score > 0, 1, -1), label)
    assert (losses.hinge(score, label) >= wrong).all()
    assert (losses.logistic(score, label) / jnp.log(2) >= wrong - 1e-6).all()


@pytest.mark.parametrize(
    ("loss", "best"),
    [
        (losses.squared_error, np.mean),
        (losses.absolute_error, np.median),
        (lambda p, t: losses.pinball(p, t, quantile=0.2), lambda t: np.quantile(t, 0.2, method="inverted_cdf")),
        (losses.zero_one, lambda t: 2.0),
    ],
    ids=["mean", "median", "quantile", "mode"],
)
def test_best_constant(loss, best):
    """Brute force over all constants: each loss has its own idea of the center."""
    target = jnp.array([2.0, 2.0, 5.0, 7.0, 9.0, 1.0, 30.0])
    grid = jnp.round(jnp.linspace(0, 30, 3001), 2)
    constants = jnp.unique(jnp.concatenate([grid, target, target.mean(keepdims=True)]))
    risk = jax.vmap(lambda c: loss(jnp.full_like(target, c), target).mean())(constants)
    np.testing.assert_allclose(constants[risk.argmin()], best(np.asarray(target)), atol=1e-5)


def test_softmax_minimizes_cross_entropy_at_the_given_distribution():
    """Gibbs: no logits beat the logarithm of the true probabilities, where the loss is the entropy."""
    probability = jnp.array([0.2, 0.5, 0.3])
    entropy = -(probability * jnp.log(probability)).sum()
    best = losses.soft_cross_entropy(jnp.log(probability), probability)
    np.testing.assert_allclose(best, entropy, rtol=1e-6)
    others = jnp.log(probability) + jax.random.normal(jax.random.key(1), (20, 3))
    assert (losses.soft_cross_entropy(others, jnp.tile(probability, (20, 1))) > best).all()


@pytest.mark.parametrize("size", [1e2, 1e4, 1e30])
def test_extreme_logits_are_finite_in_value_and_gradient(size):
    logits = size * jnp.array([[1.0, -1.0, 0.0], [1.0, 1.0, -1.0], [-1.0, -1.0, -1.0]])
    label = jnp.array([1, 0, 2])
    value, gradient = jax.value_and_grad(lambda z: losses.cross_entropy(z, label).sum())(logits)
    np.testing.assert_allclose(losses.cross_entropy(logits, label), [2 * size, np.log(2), np.log(3)], rtol=1e-5)
    assert jnp.isfinite(value)
    np.testing.assert_allclose(gradient, [[1, -1, 0], [-0.5, 0.5, 0], [1 / 3, 1 / 3, -2 / 3]], atol=1e-6)


@pytest.mark.parametrize("size", [1e2, 1e30])
def test_extreme_scores_are_finite_in_value_and_gradient(size):
    score, label = size * jnp.array([1.0, -1.0]), jnp.array([1, 1])
    for loss in MARGIN:
        np.testing.assert_allclose(loss(score, label), [0, size], rtol=0.02, atol=1e-6)
        np.testing.assert_allclose(jax.grad(lambda s: loss(s, label).sum())(score), [0, -1], atol=1e-6)


def test_classes_ruled_out_by_minus_infinity():
    logits = jnp.array([0.0, -jnp.inf, 0.0])
    np.testing.assert_allclose(losses.softmax(logits), [0.5, 0, 0.5])
    soft = jnp.array([0.5, 0.0, 0.5])
    value, gradient = jax.value_and_grad(losses.soft_cross_entropy)(logits, soft)
    np.testing.assert_allclose(value, np.log(2), rtol=1e-6)
    np.testing.assert_allclose(gradient, 0, atol=1e-6)
    assert losses.cross_entropy(logits, jnp.array(1)) == jnp.inf


def test_huber_survives_residuals_whose_square_overflows():
    value, slope = jax.value_and_grad(lambda p: losses.huber(p, jnp.zeros(1)).sum())(jnp.array([1e30]))
    np.testing.assert_allclose(value, 1e30, rtol=1e-6)
    np.testing.assert_allclose(slope, 1.0)


@pytest.mark.parametrize("loss", ELEMENTWISE)
def test_gradient_at_zero_error_is_finite(loss):
    gradient = jax.grad(lambda p: loss(p, jnp.ones(2)).sum())(jnp.ones(2))
    assert jnp.isfinite(gradient).all()
    assert (jnp.abs(gradient) <= 0.5).all()


def test_hinge_at_its_kink_has_half_the_slope():
    assert jax.grad(lambda s: losses.hinge(s, jnp.array([1])).sum())(jnp.array([1.0])) == -0.5


def test_unknown_label_is_nan():
    found = losses.cross_entropy(jnp.zeros((3, 2)), jnp.array([-1, 2, 1]))
    np.testing.assert_array_equal(jnp.isnan(found), [True, True, False])


def test_single_class_and_single_sample():
    assert losses.cross_entropy(jnp.array([[3.0]]), jnp.array([0])).item() == 0
    assert losses.mse(jnp.array([3.0]), jnp.array([1.0])) == 4


def test_double_precision_is_kept(x64):
    assert losses.huber(jnp.ones(2), jnp.zeros(2)).dtype == jnp.float64
    assert losses.cross_entropy(jnp.zeros((1, 2)), jnp.array([0])).dtype == jnp.float64


@pytest.mark.parametrize("loss", [*ELEMENTWISE, *MARGIN, losses.mse, losses.mae, losses.soft_cross_entropy])
def test_nothing_is_broadcast(loss, unchecked):
    with pytest.raises(ValueError, match=r"must have the same shape; found .*\(3,\).*\(3, 1\)"):
        loss(jnp.ones(3), jnp.ones((3, 1)))


def test_errors(unchecked):
    for mean in (losses.mse, losses.mae):
        with pytest.raises(ValueError, match="at least one sample"):
            mean(jnp.ones(0), jnp.ones(0))
    with pytest.raises(ValueError, match=r"label must have shape \(3,\).*found \(2,\)"):
        losses.cross_entropy(jnp.ones((3, 2)), jnp.array([0, 1]))
    with pytest.raises(ValueError, match=r"axis of classes; found shape \(3, 0\)"):
        losses.softmax(jnp.ones((3, 0)))
    with pytest.raises(ValueError, match="axis of classes"):
        losses.cross_entropy(jnp.array(1.0), jnp.array(0))
    with pytest.raises(ValueError, match="delta must be positive; found 0"):
        losses.huber(jnp.ones(1), jnp.ones(1), delta=0)
    with pytest.raises(ValueError, match=r"quantile must be between 0 and 1; found 1\.5"):
        losses.pinball(jnp.ones(1), jnp.ones(1), quantile=1.5)
