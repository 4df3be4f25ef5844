"""Attributions, importance and effects: closed forms, loops in NumPy, and scikit-learn."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import inspection, linear_model, neural_network

from mfml.explain import asking, effects, importance, integrated_gradients, lime, saliency
from mfml.risk import losses

KEY = jax.random.key(0)
RNG = np.random.default_rng(0)
D = 4
X = np.random.default_rng(1).normal(size=(3, D)).astype(np.float32)
BASELINES = np.random.default_rng(2).normal(size=(2, D)).astype(np.float32)
FIRST, SECOND = np.random.default_rng(3).normal(size=(2, D, 12)).astype(np.float32)
W = np.array([2.0, -1.0, 0.5, 0.0], np.float32)


def bent(rows):
    return rows[:, 0] * rows[:, 1] + jax.nn.relu(rows[:, 0] - 1) - jax.nn.relu(rows[:, 1] - rows[:, 0] ** 2)


def network(rows):
    """Two outputs of a network of rectifiers."""
    hidden = jax.nn.relu(rows @ FIRST + 0.3)
    return jnp.stack([hidden @ SECOND[0], hidden @ SECOND[1]], axis=1)


def slopes_of_network(rows):
    """Its gradients (n, d, 2), in double precision."""
    active = (rows @ FIRST.astype(float) + 0.3) > 0
    return np.stack([(active * SECOND[i]) @ FIRST.T.astype(float) for i in (0, 1)], axis=2)


def linear(rows):
    return rows @ W + 3


# Integrated gradients


def test_the_closed_form_with_kinks():
    """At (2, 3) from 0 the values are 6.25 and 0.75; with the ends exchanged they change their sign."""
    ends = jnp.array([[2.0, 3.0]]), jnp.zeros((1, 2))
    found, back = integrated_gradients.fit(bent, *ends), integrated_gradients.fit(bent, *ends[::-1])
    np.testing.assert_allclose(found.phi, [[6.25, 0.75]], atol=7e-4)
    np.testing.assert_allclose(back.phi, -found.phi, atol=7e-4)
    assert found.converged.all() and back.converged.all()
    assert np.abs(found.gap) < 7e-4
    with jax.enable_x64(True):
        precise = integrated_gradients.fit(bent, *(np.asarray(end, float) for end in ends), tol=1e-9)
        np.testing.assert_allclose(precise.phi, [[6.25, 0.75]], atol=1e-8)
        assert precise.converged.all()


def test_the_integral_along_each_way():
    """A rectifier is active on a known part of a straight way; two baselines and two outputs."""
    found = integrated_gradients.fit(network, X, BASELINES)
    needed = np.zeros((3, D, 2))
    for i, x in enumerate(X.astype(float)):
        for z in BASELINES.astype(float):
            at_start, change = z @ FIRST + 0.3, (x - z) @ FIRST
            kink = np.clip(-at_start / change, 0, 1)
            active = np.where(change > 0, 1 - kink, kink)
            slopes = np.stack([(active * SECOND[k]) @ FIRST.T for k in (0, 1)], axis=1)
            needed[i] += (x - z)[:, None] * slopes / len(BASELINES)
    size = np.abs(needed).sum(axis=1).max()
    np.testing.assert_allclose(found.phi, needed, atol=1e-4 * size)
    np.testing.assert_allclose(found.phi.sum(axis=1) + found.base + found.gap, network(X), atol=1e-5 * size)
    assert np.abs(found.gap).max() < 1e-4 * size
    assert found.converged.all()
    assert found.n_intervals.min() > 4


def test_forward_derivatives():
    """Of x0 x1^2 against zeros: the value of x0 is a third of it."""

    def first(x):
        return integrated_gradients.fit(lambda r: r[:, 0] * r[:, 1] ** 2, x[None], jnp.zeros((1, 2))).phi[0, 0]

    slope = jax.jacfwd(first)(jnp.array([2.0, 3.0]))
    np.testing.assert_allclose(slope, [3.0, 4.0], rtol=1e-4)


def test_baselines_that_are_alone_average_to_those_together():
    both = integrated_gradients.fit(network, X, BASELINES)
    alone = [integrated_gradients.fit(network, X, z[None]).phi for z in BASELINES]
    assert np.abs(alone[0] - alone[1]).max() > 0.1
    np.testing.assert_allclose(both.phi, (alone[0] + alone[1]) / 2, atol=1e-5)


def test_what_cannot_be_integrated_is_not_called_converged():
    def jump(rows):
        return jnp.where(rows[:, 0] > 0.3, 5.0, 0.0) + rows[:, 1]

    found = integrated_gradients.fit(jump, jnp.array([[1.0, 2.0], [0.1, 2.0]]), jnp.zeros((1, 2)))
    np.testing.assert_allclose(found.phi, [[0.0, 2.0], [0.0, 2.0]], atol=1e-5)
    np.testing.assert_allclose(found.gap, [5.0, 0.0], atol=1e-5)
    assert found.converged.tolist() == [False, True]
    x = jnp.array([[0.7, 1.9], [jnp.nan, 1.0], [0.0, 0.0]])
    few = integrated_gradients.fit(bent, x, jnp.array([[-2.0, 3.0]]), max_intervals=1)
    assert few.converged.tolist()[:2] == [False, False]
    assert np.abs(few.gap[0]) < 0.2 * np.abs(few.phi[0]).sum()  # as good as one rule is
    assert np.isnan(few.phi[1, 0])
    whole = integrated_gradients.fit(bent, x, jnp.array([[-2.0, 3.0]]))
    assert whole.converged.tolist() == [True, False, True]
    nowhere = integrated_gradients.fit(bent, x[2:], x[2:])
    assert nowhere.converged.all()
    assert np.array_equal(nowhere.phi, np.zeros((1, 2)))


def test_a_narrow_bend_at_the_end_of_the_way():
    """No node of the first rule lies where the output begins to move."""
    found = integrated_gradients.fit(
        lambda rows: 1e6 + 1e4 * jax.nn.relu(rows[:, 0] - 0.999), jnp.ones((1, 1)), jnp.zeros((1, 1))
    )
    np.testing.assert_allclose(found.phi, [[10.0]], rtol=0.02)  # float32 knows the output to 0.06


# Gradients


def test_gradients():
    found = saliency.gradient(network, X)
    np.testing.assert_allclose(found, slopes_of_network(X.astype(float)), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(saliency.gradient_input(network, X), found * X[..., None], rtol=1e-6)
    np.testing.assert_allclose(saliency.gradient_input(linear, X), X * W, rtol=1e-6)


def test_smoothed_gradients():
    """That of x0^3 is 3 (x0^2 + sigma^2) on average; noise of 0 leaves the gradient as it is."""
    images = X.reshape(3, 2, 2)
    found = saliency.smooth(lambda a: a[:, 0, 0] ** 3 + a[:, 1, 1], images, key=KEY, noise=0.5, n_samples=4000)
    assert found.shape == images.shape
    np.testing.assert_allclose(found[:, 0, 0], 3 * (X[:, 0] ** 2 + 0.25), atol=0.3)
    np.testing.assert_allclose(found[:, 1, 1], 1, atol=1e-4)
    same = saliency.smooth(network, X, key=KEY, noise=0.0, n_samples=2)
    np.testing.assert_allclose(same, saliency.gradient(network, X), rtol=1e-6)


def test_grad_cam_is_a_loop_over_channels():
    maps = np.random.default_rng(4).normal(size=(2, 3, 2, D)).astype(np.float32)

    def head(a):
        return network(jnp.mean(a, axis=(1, 2)))

    found = saliency.grad_cam(head, maps)
    pooled = slopes_of_network(maps.astype(float).mean(axis=(1, 2))) / 6  # a pixel is one of six
    needed = np.zeros((2, 3, 2, 2))
    for n in range(2):
        for k in range(2):
            total = sum(pooled[n, c, k] * maps[n, :, :, c] for c in range(D))
            needed[n, :, :, k] = np.maximum(total, 0)
    assert (needed == 0).any() and (needed > 0).any()
    np.testing.assert_allclose(found, needed, atol=1e-5)
    np.testing.assert_allclose(saliency.grad_cam(lambda a: head(a)[:, 1], maps), needed[..., 1], atol=1e-5)


def test_many_rows_are_asked_in_parts():
    sizes = []

    def counted(rows):
        sizes.append(len(rows))
        return rows[:, 0] > 0

    rows = RNG.normal(size=(2 * asking.ROWS + 7, 1)).astype(np.float32)
    np.testing.assert_array_equal(asking.outputs(counted, rows), rows[:, 0] > 0)
    assert set(sizes) == {asking.ROWS, 7}


# LIME


def test_lime_is_a_weighted_ridge():
    """scikit-learn's on the same neighbors, which the model shows to the test."""
    scale = np.array([1.0, 0.5, 2.0, 0.0], np.float32)
    shown = lime.fit(lambda rows: rows, np.zeros((1, D)), np.ones(D), key=KEY, n_samples=200, alpha=0.0)
    np.testing.assert_allclose(shown.coef[0], np.eye(D), atol=1e-5)
    z = np.asarray(jax.random.normal(KEY, (200, D)))
    for width, alpha in ((None, 1.0), (0.8, 0.1)):
        found = lime.fit(network, X, scale, key=KEY, n_samples=200, width=width, alpha=alpha)
        width = width or 0.75 * D**0.5
        weights = np.sqrt(np.exp(-(z**2).sum(axis=1) / width**2))
        np.testing.assert_allclose(lime.weights(z, width=width), weights, rtol=1e-4)
        for i, x in enumerate(X):
            y = np.asarray(network(x + scale * z))
            peer = linear_model.Ridge(alpha=alpha).fit(z.astype(float), y.astype(float), sample_weight=weights)
            np.testing.assert_allclose(found.coef[i], peer.coef_.T, atol=1e-3)
            np.testing.assert_allclose(found.intercept[i], peer.intercept_, atol=1e-3)
            for k in range(2):
                alone = linear_model.Ridge(alpha=alpha).fit(z, y[:, k], sample_weight=weights)
                np.testing.assert_allclose(found.score[i, k], alone.score(z, y[:, k], weights), atol=1e-3)


def test_lime_of_a_linear_model_has_its_coefficients_times_the_scales():
    scale = np.array([1.0, 0.5, 2.0, 3.0], np.float32)
    found = lime.fit(lambda rows: 1e4 + linear(rows), X, scale, key=KEY, n_samples=50, alpha=0.0)
    np.testing.assert_allclose(found.coef, np.tile(W * scale, (3, 1)), atol=2e-3)
    np.testing.assert_allclose(found.intercept, 1e4 + linear(X), rtol=1e-6)
    np.testing.assert_allclose(found.score, 1, atol=1e-4)
    shrunk = lime.fit(linear, X, scale, key=KEY, n_samples=50, alpha=20.0)
    assert (np.abs(shrunk.coef[:, :3]) < np.abs(found.coef[:, :3])).all()


# Importance


def test_permutation_importance_is_that_of_scikit_learn():
    x = RNG.normal(size=(120, D)).astype(np.float32)
    y = x @ W + 0.5 * RNG.normal(size=120).astype(np.float32)
    peer = linear_model.LinearRegression().fit(x, y)
    coef, intercept = np.asarray(peer.coef_), float(peer.intercept_)
    theirs = inspection.permutation_importance(
        peer, x, y, scoring="neg_mean_squared_error", n_repeats=60, random_state=0
    )
    found = importance.permutation(lambda rows: rows @ coef + intercept, x, y, key=KEY, n_repeats=60)
    error = 4 * theirs.importances_std * (2 / 60) ** 0.5 + 1e-4
    assert (np.abs(found.mean - theirs.importances_mean) < error).all()
    np.testing.assert_allclose(found.std, theirs.importances_std, rtol=0.4, atol=1e-3)
    np.testing.assert_allclose(found.mean, found.each.mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(found.base, np.mean((peer.predict(x) - y) ** 2), rtol=1e-4)


def test_permutation_importance_of_classes_and_of_what_is_not_used():
    x = RNG.normal(size=(60, 2)).astype(np.float32)
    y = (x[:, 0] > 0).astype(int)

    def logits(rows):
        return jnp.stack([-5 * rows[:, 0], 5 * rows[:, 0]], axis=1)

    found = importance.permutation(logits, x, y, key=KEY, loss=losses.cross_entropy, n_repeats=3)
    assert found.mean[0] > 1
    assert np.array_equal(found.each[1], np.zeros(3))
    orders = jax.vmap(lambda k: jax.random.permutation(k, 60))(jax.random.split(KEY, 3))
    needed = [
        np.mean(losses.cross_entropy(logits(x[order]), y) - losses.cross_entropy(logits(x), y)) for order in orders
    ]
    np.testing.assert_allclose(found.each[0], needed, rtol=1e-4)


# Effects


def trained():
    x = RNG.normal(size=(80, 3)).astype(np.float32)
    y = x[:, 0] * x[:, 1] + x[:, 2]
    return x, neural_network.MLPRegressor(hidden_layer_sizes=(6,), max_iter=30, random_state=0).fit(x, y)


@pytest.mark.filterwarnings("ignore")
def test_partial_dependence_is_that_of_scikit_learn():
    x, peer = trained()
    (first, second), (shift, last) = peer.coefs_, peer.intercepts_

    def f(rows):
        return (jax.nn.relu(rows @ first + shift) @ second + last)[:, 0]

    theirs = inspection.partial_dependence(peer, x, [1], kind="both", grid_resolution=5)
    at = theirs["grid_values"][0]
    np.testing.assert_allclose(effects.partial_dependence(f, x, at, feature=1), theirs["average"][0], atol=1e-5)
    curves = effects.ice(f, x, at, feature=1)
    np.testing.assert_allclose(curves, theirs["individual"][0], atol=1e-5)
    centered = effects.ice(f, x, at, feature=1, centered=True)
    np.testing.assert_allclose(centered, curves - curves[:, :1], atol=1e-6)


def ale_by_a_loop(f, x, feature, n_bins):
    """Sorted samples are dealt into bins whose edges are samples themselves."""
    n, values = len(x), np.sort(x[:, feature])
    edges = [values[0]] + [values[int(np.ceil(n * k / n_bins)) - 1] for k in range(1, n_bins + 1)]
    effect, counts = [0.0], []
    for low, high in pairwise(edges):
        inside = [row for row in x if low < row[feature] <= high]
        if not counts:
            inside += [row for row in x if row[feature] == edges[0] and not low < row[feature] <= high]
        moves = []
        for row in inside:
            ends = np.stack([row, row])
            ends[:, feature] = low, high
            moves.append(np.diff(f(ends))[0])
        counts.append(len(inside))
        effect.append(effect[-1] + (np.mean(moves) if moves else 0.0))
    middle = np.array([(a + b) / 2 for a, b in pairwise(effect)])
    return np.array(edges), np.array(effect) - middle @ counts / n, np.array(counts)


def plain(rows):
    return rows[:, 0] ** 2 * rows[:, 1] + rows[:, 2]


@pytest.mark.parametrize("rounded", [False, True])
def test_accumulated_local_effects_are_those_of_a_loop(rounded):
    x = RNG.normal(size=(41, 3))
    x = np.round(x, 0) if rounded else x
    found = effects.ale(plain, x.astype(np.float32), feature=0, n_bins=7)
    edges, effect, counts = ale_by_a_loop(plain, x, 0, 7)
    np.testing.assert_allclose(found.edges, edges, rtol=1e-6)
    np.testing.assert_array_equal(found.counts, counts)
    np.testing.assert_allclose(found.effect, effect, atol=1e-5)
    assert counts.sum() == 41
    assert (counts == 0).any() == rounded


def test_effects_of_correlated_features_differ():
    """For x1 = x0 the local effect of x0 in x0 x1 is x0^2 / 2; partial dependence says 0, since the mean of x1 is 0."""
    x = np.repeat(np.linspace(-1, 1, 401)[:, None], 2, axis=1).astype(np.float32)

    def pair(rows):
        return rows[:, 0] * rows[:, 1]

    found = effects.ale(pair, x, feature=0, n_bins=40)
    np.testing.assert_allclose(found.effect, found.edges**2 / 2 - 1 / 6, atol=2e-2)
    np.testing.assert_allclose(effects.partial_dependence(pair, x, found.edges, feature=0), 0, atol=1e-6)


def test_effects_of_an_additive_model_agree():
    """Both are w (x - mean) for a linear model, and each of several outputs has its own."""
    x = (100 + RNG.normal(size=(50, D))).astype(np.float32)

    def two(rows):
        return jnp.stack([linear(rows), -2 * linear(rows)], axis=1)

    found = effects.ale(two, x, feature=0, n_bins=5)
    slope = np.diff(found.effect, axis=0) / np.diff(found.edges)[:, None]
    np.testing.assert_allclose(slope, np.tile([W[0], -2 * W[0]], (5, 1)), rtol=1e-3)
    curve = effects.partial_dependence(two, x, found.edges, feature=0)
    np.testing.assert_allclose(np.diff(curve, axis=0), np.diff(found.effect, axis=0), atol=1e-3)
    alone = effects.ale(two, x[:1], feature=0, n_bins=2)
    assert np.array_equal(alone.effect, np.zeros((3, 2)))


def test_refusals(unchecked):
    with pytest.raises(ValueError, match="feature must be between 0 and 3; found 4"):
        effects.ale(linear, X, feature=4)
    with pytest.raises(ValueError, match="x and background"):
        integrated_gradients.fit(linear, X, BASELINES[:, :2])
    with pytest.raises(ValueError, match="background must have at least one sample"):
        integrated_gradients.fit(linear, X, BASELINES[:0])
    with pytest.raises(ValueError, match="f must give one output"):
        saliency.gradient(lambda rows: rows[0], X)
    with pytest.raises(ValueError, match="n_samples must be above the 4 features; found 4"):
        lime.fit(linear, X, W**2, key=KEY, n_samples=4)
    with pytest.raises(ValueError, match="scale must not be negative"):
        lime.fit(linear, X, W, key=KEY)
    with pytest.raises(ValueError, match="loss must give one number"):
        importance.permutation(linear, X, X[:, 0], key=KEY, loss=losses.mse)
    with pytest.raises(ValueError, match="maps must have"):
        saliency.grad_cam(linear, X)
