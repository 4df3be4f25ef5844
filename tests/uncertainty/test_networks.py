"""Networks with uncertainty against closed forms, loops over members, and Bayesian linear regression."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import entropy

from mfml.iteration import Status
from mfml.networks.layers import Dense
from mfml.probability import information
from mfml.uncertainty import bayesian_logistic, decompose, dropout, ensemble, evidence, laplace, perceptron

N = 40
SMALL = {"hidden": (8,), "n_steps": 200}
TINY = {"hidden": (4,), "n_steps": 20}
KEY = jax.random.key(0)


def wave(n=N):
    """A gap in the middle, and noise on the right alone."""
    rng = np.random.default_rng(0)
    x = np.sort(np.r_[rng.uniform(-2, -0.5, n // 2), rng.uniform(0.5, 2, n - n // 2)])
    y = np.sin(2 * x) + np.where(x > 0, 0.4, 0.02) * rng.normal(size=n)
    return x[:, None].astype(np.float32), y.astype(np.float32)


def flowers():
    rng = np.random.default_rng(3)
    y = np.arange(N) % 3
    return (rng.normal(size=(N, 2)) + 3 * np.array([[0, 0], [1, 0], [0, 1]])[y]).astype(np.float32), y


@pytest.fixture(scope="module")
def together():
    return ensemble.fit(*wave(), key=KEY, n_members=3, beta=0.5, hidden=(16, 16), n_steps=800)


@pytest.fixture(scope="module")
def sorters():
    return ensemble.fit(*flowers(), key=KEY, n_members=3, kind="classes", **SMALL)


@pytest.fixture(scope="module")
def thinned():
    return dropout.fit(*wave(), key=KEY, rate=0.2, **SMALL)


@pytest.fixture(scope="module")
def last_layer():
    return laplace.fit(*wave(), key=KEY, **SMALL)


# Ensembles


def test_members_equal_training_each_alone():
    x, y = wave()
    model = ensemble.fit(x, y, key=KEY, n_members=3, **TINY)
    for i in range(3):
        for_start, for_order, _ = jax.random.split(jax.random.fold_in(KEY, i), 3)
        data = perceptron.standardized(x, y, kind="normal")[:2]
        found = jax.tree.map(lambda leaf, i=i: leaf[i], model.network)
        assert_close(found, alone(data, for_start, for_order), 1e-4)
    fewer = ensemble.fit(x, y, key=KEY, n_members=2, **TINY)  # how many there are changes none
    assert_close(fewer.network, jax.tree.map(lambda leaf: leaf[:2], model.network), 1e-4)


def assert_close(found, expected, tolerance):
    jax.tree.map(partial(np.testing.assert_allclose, rtol=tolerance, atol=tolerance), found, expected)


@jax.jit
def alone(data, for_start, for_order):
    def loss(network, batch, _):
        return perceptron.loss(perceptron.outputs(network, batch[0]), batch[1], kind="normal")

    plan = perceptron.Plan("normal", 0, TINY["hidden"], TINY["n_steps"], None)
    start = perceptron.init(key=for_start, n_features=1, plan=plan)
    return perceptron.train(data, key=for_order, init=start, loss=loss, plan=plan).params


def test_an_ensemble_predicts_the_moments_of_a_mixture(together):
    x = wave()[0]
    means, stds = (np.asarray(part, float) for part in ensemble.predictions(together, x))
    found = ensemble.predictive(together, x)
    np.testing.assert_allclose(found.mean, means.mean(axis=0), rtol=1e-4, atol=1e-5)
    second = (means**2 + stds**2).mean(axis=0)  # moment of the mixture
    np.testing.assert_allclose(found.variance, second - means.mean(axis=0) ** 2, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(found.std**2, found.variance, rtol=1e-5)
    np.testing.assert_allclose(ensemble.predict(together, x), found.mean)
    assert ensemble.score(together, *wave()) > 0.8
    assert together.status == Status.FINISHED


def test_an_ensemble_tells_noise_from_missing_data(together):
    found = ensemble.predictive(together, np.array([[-1.2], [1.2], [6.0]], np.float32))
    assert found.aleatoric_std[1] > 3 * found.aleatoric_std[0]
    assert found.epistemic_std[2] > 3 * found.epistemic_std[:2].max()


def test_bootstrap_samples_differ_and_classes_are_learned(sorters):
    x, y = flowers()
    proba = ensemble.predict_proba(sorters, x)
    np.testing.assert_allclose(proba, ensemble.probabilities(sorters, x).mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-5)
    assert ensemble.predict(sorters, x).dtype.kind == "i"
    assert ensemble.score(sorters, x, y) > 0.8
    drawn = ensemble.fit(*flowers(), key=KEY, n_members=3, kind="classes", bootstrap=True, **SMALL)
    apart = [decompose.entropies(ensemble.probabilities(model, x)).epistemic.mean() for model in (drawn, sorters)]
    assert apart[0] > apart[1]


def test_beta_is_a_factor_of_the_loss_and_of_no_derivative():
    rng = np.random.default_rng(1)
    output, y = rng.normal(size=(N, 2)).astype(np.float32), rng.normal(size=N).astype(np.float32)
    std = perceptron.SMALLEST_STD + np.log1p(np.exp(output[:, 1]))
    each = 0.5 * ((y - output[:, 0]) / std) ** 2 + np.log(std) + 0.5 * np.log(2 * np.pi)
    for beta in (0.0, 0.5, 1.0):
        found = perceptron.loss(output, y, kind="normal", beta=beta)
        np.testing.assert_allclose(found, np.mean(std ** (2 * beta) * each), rtol=1e-5)
    slope = jax.grad(lambda output: perceptron.loss(output, y, kind="normal", beta=1.0))(output)
    np.testing.assert_allclose(slope[:, 0], (output[:, 0] - y) / N, rtol=1e-4, atol=1e-7)  # as of squared errors


def test_units_of_the_targets():
    """Float32: energies near 1e-19 J, and targets around 1e6."""
    x, y = wave()
    for module, options in ((ensemble, {"kind": "mean", "n_members": 2}), (dropout, {}), (laplace, {})):
        fit = partial(module.fit, key=KEY, **TINY, **options)
        draws = {"key": KEY, "n_samples": 3} if module is dropout else {}
        base = module.predictive(fit(x, y), x, **draws)
        tiny = module.predictive(fit(x, y * np.float32(2.0**-63)), x, **draws)
        for found, expected in zip(tiny, base, strict=True):
            np.testing.assert_allclose(found * 2.0**63, expected, rtol=1e-3, atol=1e-4)
        y_far = np.round(y * 16) / 16 + np.float32(1e6)
        far = module.predictive(fit(x + np.float32(1024), y_far), x + np.float32(1024), **draws)
        near = module.predictive(fit(x, y_far - np.float32(1e6)), x, **draws)
        np.testing.assert_allclose(far.mean - 1e6, near.mean, atol=0.1)
        np.testing.assert_allclose(far.std, near.std, rtol=0.02)


# Dropout


def test_moments_over_masks_of_a_linear_layer(thinned):
    """One hidden layer: the output is a linear layer of what is switched off."""
    x = wave()[0][::8]
    units = perceptron.features(thinned.network, (x - thinned.x_shift) / thinned.x_scale)
    mean, std = dropout.linear_moments(thinned.network[-1], units, rate=thinned.rate)
    drawn = dropout.predictive(thinned, x, key=KEY, n_samples=20_000)
    size = float(thinned.y_scale * std.max())
    expected = thinned.y_shift + thinned.y_scale * mean[:, 0]
    np.testing.assert_allclose(drawn.mean, expected, atol=0.03 * size)
    np.testing.assert_allclose(drawn.epistemic_std, thinned.y_scale * std[:, 0], rtol=0.03)
    np.testing.assert_allclose(dropout.predict(thinned, x), expected, rtol=1e-4, atol=1e-5)  # all units on


def test_closed_moments_equal_those_over_all_masks():
    weight, x, rate = np.array([[1.0], [-2.0], [0.5]], np.float32), np.array([[3.0, 1.0, -2.0]], np.float32), 0.25
    masks = np.array(np.meshgrid(*[[0, 1]] * 3)).reshape(3, -1).T
    chance = np.prod(np.where(masks, 1 - rate, rate), axis=1)
    values = (masks / (1 - rate) * x) @ weight[:, 0] + 0.5
    mean, std = dropout.linear_moments(Dense(weight, jnp.array([0.5])), x, rate=rate)
    np.testing.assert_allclose(mean[0, 0], chance @ values, rtol=1e-6)
    np.testing.assert_allclose(std[0, 0] ** 2, chance @ (values - chance @ values) ** 2, rtol=1e-6)


def test_a_draw_is_one_network_for_all_samples(thinned):
    x = wave()[0]
    drawn = dropout.predictions(thinned, np.repeat(x[:1], 3, axis=0), key=KEY, n_samples=5)
    assert np.ptp(drawn.means, axis=1).max() < 1e-5  # equal samples
    assert np.ptp(drawn.means, axis=0).min() > 1e-3  # different draws
    np.testing.assert_allclose(drawn.stds, np.full((5, 3), thinned.noise_std))
    residuals = dropout.predict(thinned, x) - wave()[1]
    np.testing.assert_allclose(thinned.noise_std, np.sqrt(np.mean(residuals**2)), rtol=1e-4)
    none = thinned._replace(rate=jnp.array(0.0))
    assert dropout.predictive(none, x, key=KEY, n_samples=5).epistemic_std.max() < 1e-6


# Laplace


def test_laplace_is_bayesian_regression_on_the_features(last_layer):
    x, y = wave()
    units = laplace.features(last_layer, x)
    linear = evidence.fit(units, y, max_iter=300, tol=1e-4)
    expected, found = evidence.predictive(linear, units), laplace.predictive(last_layer, x)
    for part, known in zip(found, expected, strict=True):
        np.testing.assert_allclose(part, known, rtol=1e-3, atol=1e-4)
    moved = np.asarray(units - units.mean(axis=0), float)
    alpha = float(last_layer.prior_std) ** -2
    beta = float(last_layer.noise_std) ** -2
    system = alpha * np.eye(8) + beta * moved.T @ moved
    mean = beta * np.linalg.solve(system, moved.T @ (y - y.mean()).astype(float))
    np.testing.assert_allclose(found.mean, y.mean() + moved @ mean, atol=2e-3)
    spread = np.sum(moved * np.linalg.solve(system, moved.T).T, axis=1) + 1 / beta / N
    np.testing.assert_allclose(found.epistemic, spread, rtol=5e-3)
    assert laplace.score(last_layer, x, y) > 0.8


def test_far_from_the_data_doubt_grows_linearly(last_layer):
    away = laplace.predictive(last_layer, np.array([[0.0], [100.0], [200.0]], np.float32)).epistemic_std
    assert away[1] > 10 * away[0]
    np.testing.assert_allclose(away[2], 2 * away[1], rtol=0.05)
    direction, model = np.ones(8, np.float32), evidence.Evidence(*last_layer[4:])
    along = evidence.predictive(model, model.center + np.array([[0.0], [1e3], [2e3]], np.float32) * direction)
    np.testing.assert_allclose(along.epistemic_std[0], last_layer.level_std, rtol=1e-5)
    np.testing.assert_allclose(along.epistemic_std[2], 2 * along.epistemic_std[1], rtol=1e-3)


def test_a_trained_network_is_taken_as_it_is(together):
    member = jax.tree.map(lambda leaf: leaf[1], together.network)
    model = laplace.fit(*wave(), key=KEY, init=member, n_steps=0)
    jax.tree.map(np.testing.assert_array_equal, model.network, member)
    assert model.training_history.shape == (0,)
    assert laplace.score(model, *wave()) > 0.8


def test_classes_are_bayesian_logistic_regression_on_the_features():
    x, y = flowers()
    model = laplace.fit(x, y, key=KEY, kind="classes", **SMALL)
    units = laplace.features(model, x)
    linear = bayesian_logistic.fit(units, y, max_iter=300)
    found = laplace.predict_proba(model, x)
    np.testing.assert_allclose(found, bayesian_logistic.predict_proba(linear, units), atol=1e-3)
    drawn = laplace.probabilities(model, x, key=KEY, n_samples=2000)
    np.testing.assert_allclose(drawn.mean(axis=0), found, atol=0.06)
    assert laplace.score(model, x, y) > 0.8
    with pytest.raises(ValueError, match="model must predict numbers"):
        laplace.predictive(model, x)


# Decompositions


def test_entropies_add_up():
    p = np.random.default_rng(4).dirichlet([0.3, 0.3, 0.3], size=(5, 7)).astype(np.float32)
    p[0, 0] = 1, 0, 0
    found = decompose.entropies(p)
    np.testing.assert_allclose(found.total, entropy(p.mean(axis=0), axis=1), rtol=1e-5)
    np.testing.assert_allclose(found.aleatoric, entropy(p, axis=2).mean(axis=0), rtol=1e-5)
    joint = np.moveaxis(p, 1, 0) / 5  # of member and class, for each sample
    np.testing.assert_allclose(found.epistemic, [information.mutual_information(one) for one in joint], rtol=1e-4)
    assert (found.epistemic > 0).all()
    assert (found.epistemic <= np.log(5)).all()


def test_mutual_information_keeps_its_digits_where_members_nearly_agree():
    step = np.float32(2.0**-12)  # half a variance: sum over classes of d^2 / (2 p), mean over members
    p = np.array([[[0.5 + step, 0.5 - step]], [[0.5 - step, 0.5 + step]]], np.float32)
    np.testing.assert_allclose(decompose.entropies(p).epistemic, [2 * float(step) ** 2], rtol=1e-4)
    same = np.tile(p[:1], (3, 1, 1))
    assert decompose.entropies(same).epistemic.tolist() == [0.0]
    for gap in (0.01, 0.029, 0.031, 0.05, 0.3):  # on both sides of the limit of the series
        q = 0.5 + np.array([gap, -gap]) / 2
        expected = np.log(2) - entropy(np.c_[q, 1 - q], axis=1).mean()
        found = decompose.entropies(np.c_[q, 1 - q][:, None].astype(np.float32)).epistemic
        np.testing.assert_allclose(found, [expected], rtol=1e-4)


def test_probabilities_that_nearly_vanish_say_the_same_as_none():
    """Down to numbers whose inverse, or its square, is beyond single precision."""
    tiny = np.array([1e-12, 1e-16, 1e-30, 1.5e-38, 1e-39, 1e-44], np.float32)
    p = np.stack([np.stack([tiny, 1 - tiny], axis=1), np.tile(np.float32([1, 0]), (6, 1))])
    found = decompose.entropies(p)
    np.testing.assert_allclose(found.epistemic, np.log(2), rtol=1e-6)
    np.testing.assert_allclose(found.aleatoric, 0, atol=1e-10)
    slope = jax.grad(lambda p: decompose.entropies(p).epistemic.sum())(p)
    np.testing.assert_allclose(slope[0, :3, 0], np.log(tiny[:3] / np.float32(0.5)) / 2, rtol=1e-5)
    assert np.isfinite(slope).all()


def test_total_variance_of_two_members():
    means, stds = np.array([[1.0], [5.0]], np.float32), np.array([[3.0], [4.0]], np.float32)
    for unit in (1.0, 1e-19, 1e19):
        found = decompose.total_variance(means * np.float32(unit), stds * np.float32(unit))
        expected = 3.0, 12.5**0.5, 2.0, 16.5**0.5
        for part, known in zip((*found, found.std), expected, strict=True):
            np.testing.assert_allclose(part / unit, known, rtol=1e-5)


def test_inputs_of_zero_have_no_spread_even_if_all_are_off():
    layer = Dense(jnp.array([[3.0], [4.0]]), jnp.array([1.0]))
    mean, std = dropout.linear_moments(layer, jnp.array([[0.0, 0.0], [1.0, 0.0]]), rate=1.0)
    assert mean.ravel().tolist() == [1, 4] and std.ravel().tolist() == [0, np.inf]


def test_no_new_samples():
    x = jnp.linspace(-1.0, 1.0, 6)[:, None]
    options = {"key": jax.random.key(0), "hidden": (2,), "n_steps": 1}
    assert ensemble.predict(ensemble.fit(x, x[:, 0], n_members=2, **options), x[:0]).shape == (0,)
    fitted = dropout.fit(x, x[:, 0], **options)
    assert dropout.predictive(fitted, x[:0], key=jax.random.key(1), n_samples=2).std.shape == (0,)
