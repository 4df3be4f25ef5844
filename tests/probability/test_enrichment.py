import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.probability import enrichment
from mfml.regression import ols

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(20)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def curve(x):
    return jnp.sin(2 * x[0]) + 0.3 * x[0] ** 2


def bowl(x):
    return x[0] ** 2 + x[0] * x[1]


def plane(x):
    return 3 * x[0] - x[1]


@pytest.fixture
def line():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, size=(8, 1))
    return jnp.asarray(x), jnp.asarray(np.sin(2 * x[:, 0]) + 0.2 * rng.normal(size=8))


def test_second_order_is_what_is_left_of_the_exact_risk_up_to_the_fourth(x64):
    """The average over the noise by Gauss-Hermite quadrature: the gap falls like the fourth power of its size."""
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.uniform(-1, 1, size=(8, 1)))
    y = jnp.asarray(np.sin(2 * np.asarray(x)[:, 0]) + 0.2 * rng.normal(size=8))

    def gap(scale):
        values = jax.vmap(lambda node: jnp.mean((jax.vmap(curve)(x + scale * node) - y) ** 2))(jnp.asarray(NODES))
        return abs(float(WEIGHTS @ values - sum(enrichment.second_order(curve, x, y, scale=scale))))

    assert 13 < gap(0.1) / gap(0.05) < 19
    assert gap(0.05) < 1e-4


def test_monte_carlo_finds_the_expansion(line, key):
    x, y = line[0].astype(jnp.float32), line[1].astype(jnp.float32)
    found = enrichment.noisy_risk(curve, x, y, key=key, scale=0.1, n_draws=2000)
    parts = enrichment.second_order(curve, x, y, scale=0.1)
    np.testing.assert_allclose(found, sum(parts), rtol=0.01)
    assert found > parts.risk * 1.02  # there is something to find
    np.testing.assert_allclose(enrichment.tikhonov_risk(curve, x, y, scale=0.1), parts.risk + parts.slope, rtol=1e-5)


def test_parts_by_hand():
    x, y = jnp.array([[1.0, 2.0]]), jnp.array([1.0])
    parts = enrichment.second_order(bowl, x, y, scale=0.5)
    np.testing.assert_allclose(parts, [4.0, 0.25 * (16 + 1), 0.25 * 2 * 2], rtol=1e-5)
    flat = enrichment.second_order(plane, x, y, scale=0.5)
    np.testing.assert_allclose(flat, [0.0, 0.25 * 10, 0.0], atol=1e-6)


def test_least_squares_on_noisy_copies_is_ridge(key):
    """Expected normal equations get n s^2 on the diagonal, which is ridge with alpha = n s^2."""
    for_x, for_y, for_noise = jax.random.split(key, 3)
    x = jax.random.normal(for_x, (20, 2))
    y = x @ jnp.array([1.0, -2.0]) + 0.1 * jax.random.normal(for_y, (20,))
    many = enrichment.inject(x, y, key=for_noise, scale=0.7, n_copies=4000)
    found = ols.fit(many.x, many.y, fit_intercept=False).coef
    ridge = np.linalg.solve(np.asarray(x.T @ x) + 20 * 0.49 * np.eye(2), np.asarray(x.T @ y))
    np.testing.assert_allclose(found, ridge, atol=0.02)
    assert np.abs(ridge - ols.fit(x, y, fit_intercept=False).coef).max() > 0.2


def test_copies_stand_one_after_the_other_each_with_its_own_noise(key):
    x, y = jnp.arange(6.0).reshape(3, 2), jnp.arange(3.0)
    made = enrichment.inject(x, y, key=key, scale=jnp.array([0.0, 1.0]), n_copies=3)
    np.testing.assert_array_equal(made.y, np.tile(y, 3))
    np.testing.assert_array_equal(made.x[:, 0], np.tile(x[:, 0], 3))
    noise = made.x[:, 1] - jnp.tile(x[:, 1], 3)
    assert len(np.unique(noise)) == 9


def test_errors(key, unchecked):
    x, y = jnp.ones((3, 2)), jnp.ones(3)
    with pytest.raises(ValueError, match="n_copies must be positive"):
        enrichment.inject(x, y, key=key, scale=1.0, n_copies=0)
    with pytest.raises(ValueError, match="n_draws must be positive"):
        enrichment.noisy_risk(plane, x, y, key=key, scale=1.0, n_draws=0)
    with pytest.raises(ValueError, match="function must return a number"):
        enrichment.tikhonov_risk(lambda x: x, x, y, scale=1.0)
    with pytest.raises(ValueError, match="same length"):
        enrichment.second_order(plane, x, jnp.ones(2), scale=1.0)
    with pytest.raises(ValueError, match="at least one sample"):
        enrichment.inject(jnp.ones((0, 2)), jnp.ones(0), key=key, scale=1.0, n_copies=1)
