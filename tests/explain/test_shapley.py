"""Shapley values of functions: all orders, closed forms, and the four laws that define them."""

from itertools import permutations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.explain import attribution, coalitions, kernel_shap, shapley

D = 5
X = np.random.default_rng(0).normal(size=(3, D)).astype(np.float32)
BACKGROUND = np.random.default_rng(1).normal(size=(4, D)).astype(np.float32)
W = np.array([2.0, -1.0, 0.5, 3.0, 0.0])


def curved(rows):
    """The last feature is not used; the third and the fourth count alike."""
    return jnp.tanh(rows[:, 0] * rows[:, 1] + rows[:, 2] + rows[:, 3]) + rows[:, 0] ** 2


def linear(rows):
    return 1e3 + rows @ jnp.asarray(W, rows.dtype)


def both(rows):
    return jnp.stack([curved(rows), linear(rows), 2 * curved(rows) - linear(rows)], axis=1)


def in_all_orders(f, x, background):
    """The mean over all orders, in double precision."""
    phi = np.zeros(len(x))
    value = {}
    for order in permutations(range(len(x))):
        rows = np.array(background, float)
        before = value.setdefault(frozenset(), np.mean(f(rows)))
        for i, feature in enumerate(order):
            rows[:, feature] = x[feature]
            known = frozenset(order[: i + 1])
            if known not in value:
                value[known] = np.mean(f(rows))
            phi[feature] += value[known] - before
            before = value[known]
    return phi / np.prod(np.arange(1, len(x) + 1))


def test_all_orders():
    def plain(rows):
        return np.tanh(rows[:, 0] * rows[:, 1] + rows[:, 2] + rows[:, 3]) + rows[:, 0] ** 2

    found = shapley.exact(curved, X, BACKGROUND)
    needed = [in_all_orders(plain, x, BACKGROUND) for x in X]
    np.testing.assert_allclose(found.phi, needed, atol=1e-6)
    np.testing.assert_allclose(found.base, plain(BACKGROUND).mean(), atol=1e-6)
    by_regression = kernel_shap.fit(curved, X, BACKGROUND)
    np.testing.assert_allclose(by_regression.phi, needed, atol=2e-6)
    np.testing.assert_allclose(by_regression.base, found.base, atol=1e-6)


def test_efficiency_dummy_symmetry_linearity():
    phi, base = shapley.exact(both, X, BACKGROUND)
    np.testing.assert_allclose(phi.sum(axis=1) + base, both(X), rtol=1e-6)
    assert np.array_equal(phi[:, 4, 0], np.zeros(3))
    np.testing.assert_allclose(phi[..., 2], 2 * phi[..., 0] - phi[..., 1], atol=2e-4)
    alike = X.copy()
    alike[:, 3] = alike[:, 2]
    same = BACKGROUND.copy()
    same[:, 3] = same[:, 2]
    phi = shapley.exact(curved, alike, same).phi
    np.testing.assert_allclose(phi[:, 2], phi[:, 3], atol=1e-6)
    sampled = shapley.permutation(both, X, BACKGROUND, key=jax.random.key(0), n_permutations=3)
    assert np.array_equal(sampled.phi[:, 4, 0], np.zeros(3))
    np.testing.assert_allclose(sampled.phi.sum(axis=1) + sampled.base, both(X), rtol=1e-6)


def test_a_linear_model_in_double_precision():
    """Each effect is the coefficient times the distance from the mean, whichever way it is found."""
    with jax.enable_x64(True):
        x, background = X.astype(float), BACKGROUND.astype(float)
        needed = W * (x - background.mean(axis=0))

        def centered(rows):
            return rows @ jnp.asarray(W)

        for found in (
            shapley.exact(centered, x, background),
            kernel_shap.fit(centered, x, background),
            kernel_shap.fit(centered, x, background, key=jax.random.key(1), n_samples=14),
            shapley.permutation(centered, x, background, key=jax.random.key(1), n_permutations=2),
        ):
            np.testing.assert_allclose(found.phi, needed, atol=5e-15)


def test_interactions():
    """Of a x0 x1 against zeros half of it belongs to each pair, and f(x0) stays with x0."""

    def pair(rows):
        return 3 * rows[:, 0] * rows[:, 1] + rows[:, 0] ** 2 + rows[:, 2]

    phi = shapley.interactions(pair, X, np.zeros((1, D)))
    needed = np.zeros((3, D, D))
    needed[:, 0, 1] = needed[:, 1, 0] = 1.5 * X[:, 0] * X[:, 1]
    needed[:, 0, 0], needed[:, 2, 2] = X[:, 0] ** 2, X[:, 2]
    np.testing.assert_allclose(phi, needed, atol=1e-6)
    of_curved = shapley.interactions(both, X, BACKGROUND)
    np.testing.assert_allclose(of_curved.sum(axis=2), shapley.exact(both, X, BACKGROUND).phi, rtol=1e-5, atol=2e-4)


def steep(rows):
    return jnp.prod(1 + jnp.tanh(rows), axis=1)


WIDE = np.random.default_rng(2).normal(size=(2, 8)).astype(np.float32)
BEHIND = np.random.default_rng(3).normal(size=(3, 8)).astype(np.float32)


def test_samples_of_coalitions():
    """Fewer coalitions than there are: nearly right on average, and better with more."""
    needed = shapley.exact(steep, WIDE, BEHIND).phi
    scale = np.abs(needed).max()

    def of_key(key, n_samples):
        return kernel_shap.fit(steep, WIDE, BEHIND, key=key, n_samples=n_samples).phi

    keys = jax.random.split(jax.random.key(0), 40)
    few, more = (jax.lax.map(lambda key, n=n: of_key(key, n), keys) for n in (40, 160))
    error = [float(jnp.sqrt(jnp.mean((found - needed) ** 2))) for found in (few, more)]
    assert error[1] < 0.5 * error[0] < 0.05 * scale
    np.testing.assert_allclose(more.mean(axis=0), needed, atol=0.02 * scale)


def test_standard_errors():
    """The spread over keys is what each run says of itself."""
    needed = shapley.exact(steep, WIDE, BEHIND).phi

    def of_key(key):
        return shapley.permutation(steep, WIDE, BEHIND, key=key, n_permutations=8)

    found = jax.lax.map(of_key, jax.random.split(jax.random.key(1), 60))
    told = jnp.sqrt(jnp.mean(found.standard_error**2, axis=0))
    spread = found.phi.std(axis=0)
    np.testing.assert_allclose(spread, told, rtol=0.35)
    assert (np.abs(found.phi.mean(axis=0) - needed) < 4.5 * told / 60**0.5).all()
    once = shapley.permutation(steep, WIDE, BEHIND, key=jax.random.key(1), n_permutations=1)
    assert np.isnan(once.standard_error).all()


def test_weights_of_coalitions():
    """All of them have the weights of Shapley's kernel; sizes that are drawn keep their share."""
    every = kernel_shap.draw(4)
    size = np.asarray(every.members).sum(axis=1)
    kernel = {1: 3 / (4 * 1 * 3), 2: 3 / (6 * 2 * 2), 3: 3 / (4 * 3 * 1)}
    needed = np.array([kernel[s] for s in size.tolist()])
    assert len(np.unique(np.asarray(every.members), axis=0)) == 14
    np.testing.assert_allclose(every.weights, needed / needed.sum(), rtol=1e-6)
    some = kernel_shap.draw(9, key=jax.random.key(0), n_samples=50)
    members = np.asarray(some.members)
    assert len(members) == 50
    assert np.array_equal(np.sort(members.sum(axis=1)[:18]), [1] * 9 + [8] * 9)
    assert np.array_equal(members[18:34], ~members[34:])
    share = 2 / (1 * 8) / sum(1 / (s * (9 - s)) for s in range(1, 9))
    np.testing.assert_allclose(some.weights[:18].sum(), share, rtol=1e-6)
    np.testing.assert_allclose(some.weights.sum(), 1, rtol=1e-6)


def test_one_feature():
    x, background = np.array([[2.0]]), np.array([[1.0], [0.0]])
    for found in (
        shapley.exact(steep, x, background),
        kernel_shap.fit(steep, x, background),
        shapley.permutation(steep, x, background, key=jax.random.key(0), n_permutations=2),
    ):
        np.testing.assert_allclose(found.phi[0, 0] + found.base, 1 + np.tanh(2.0), rtol=1e-6)


def test_importance():
    phi = np.array([[[1.0, -2.0]], [[-3.0, 0.0]]])
    np.testing.assert_allclose(attribution.importance(phi), [[2.0, 1.0]])


def test_refusals(unchecked):
    with pytest.raises(ValueError, match="at most 16 columns; found 17"):
        shapley.exact(linear, np.ones((1, 17)), np.ones((1, 17)))
    with pytest.raises(ValueError, match="background must have at least one sample"):
        kernel_shap.fit(curved, X, BACKGROUND[:0])
    with pytest.raises(ValueError, match="needs a key"):
        kernel_shap.fit(curved, X, BACKGROUND, n_samples=12)
    with pytest.raises(ValueError, match="n_samples must be at least 10 for 5 features; found 9"):
        kernel_shap.fit(curved, X, BACKGROUND, n_samples=9)
    with pytest.raises(ValueError, match="f must give one output"):
        coalitions.base(jnp.sum, BACKGROUND)
    with pytest.raises(ValueError, match="x and background"):
        shapley.exact(curved, X, BACKGROUND[:, :4])
