import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from mfml import iteration
from mfml.iteration import Status
from mfml.networks.layers import Dense
from mfml.probability import calibration, mixture_density
from mfml.probability.mixture_density import Scaled

WEIGHTS, MEANS, SCALES = (
    np.array([[0.3, 0.7], [0.5, 0.5]], np.float32),
    np.array([[-1.0, 2.0], [0.0, 0.5]], np.float32),
    np.array([[0.5, 1.0], [2.0, 0.1]], np.float32),
)


def lookup(weights, means, scales):
    """A network without hidden layers: row i of the mixtures belongs to the i-th unit vector."""
    widths = np.log(np.expm1(scales - mixture_density.SMALLEST_SCALE))
    rows = np.concatenate([np.log(weights), means, widths], axis=1)
    n = len(rows)
    return Scaled((Dense(jnp.asarray(rows), jnp.zeros(6)),), jnp.zeros(n), jnp.ones(n), jnp.array(0.0), jnp.array(1.0))


MODEL, UNIT = lookup(WEIGHTS, MEANS, SCALES), jnp.eye(2)


def peer(row):
    parts = [stats.norm(float(m), float(s)) for m, s in zip(MEANS[row], SCALES[row], strict=True)]
    return lambda y: sum(float(w) * part.pdf(y) for w, part in zip(WEIGHTS[row], parts, strict=True))


def test_the_network_says_the_parameters():
    made = mixture_density.conditional(MODEL, UNIT)
    np.testing.assert_allclose(jnp.exp(made.log_weights), WEIGHTS, rtol=1e-5)
    np.testing.assert_allclose(made.means, MEANS, rtol=1e-5)
    np.testing.assert_allclose(made.scales, SCALES, rtol=1e-4)


def test_density_moments_and_distribution_are_those_of_the_integral():
    y = jnp.array([0.4, 0.2])
    for row in range(2):
        density = peer(row)
        found = mixture_density.log_prob(MODEL, UNIT, y)[row]
        np.testing.assert_allclose(found, np.log(density(float(y[row]))), rtol=1e-5)
        mean, _ = integrate.quad(lambda t: t * density(t), -15, 15, points=[0, 0.5, 2])
        square, _ = integrate.quad(lambda t: t**2 * density(t), -15, 15, points=[0, 0.5, 2])
        below, _ = integrate.quad(density, -15, float(y[row]), points=[0, 0.1])
        np.testing.assert_allclose(mixture_density.predict(MODEL, UNIT)[row], mean, rtol=1e-4)
        np.testing.assert_allclose(mixture_density.variance(MODEL, UNIT)[row], square - mean**2, rtol=1e-4)
        np.testing.assert_allclose(mixture_density.cdf(MODEL, UNIT, y)[row], below, rtol=1e-4)


def test_draws_follow_the_mixture(key):
    many = jnp.broadcast_to(UNIT[:1], (5000, 2))
    y, component = mixture_density.sample(MODEL, many, key=key)
    np.testing.assert_allclose(component.mean(), 0.7, atol=0.03)
    np.testing.assert_allclose(y.mean(), mixture_density.predict(MODEL, UNIT)[0], atol=0.1)
    assert calibration.pit_distance(mixture_density.cdf(MODEL, many, y)) < 1.95 / 5000**0.5


@pytest.fixture(scope="module")
def two_branches():
    """y = +x or -x, both equally likely, with little noise."""
    keys = jax.random.split(jax.random.key(1), 4)
    x = jax.random.uniform(keys[0], (300, 1), minval=0.5, maxval=2.0)
    sign = jnp.where(jax.random.bernoulli(keys[1], 0.5, (300,)), 1.0, -1.0)
    y = 100 + 10 * (sign * x[:, 0] + 0.1 * jax.random.normal(keys[2], (300,)))
    fitted = mixture_density.fit(x, y, key=keys[3], n_components=2, hidden=(16,), n_steps=600)
    return x, y, fitted


def test_it_finds_both_branches_where_least_squares_puts_the_mean(two_branches):
    _, _, fitted = two_branches
    at = jnp.array([[1.0], [1.8]])
    made = mixture_density.conditional(fitted, at)
    np.testing.assert_allclose(np.sort(made.means, axis=1), 100 + 10 * np.array([[-1.0, 1.0], [-1.8, 1.8]]), atol=1.0)
    np.testing.assert_allclose(mixture_density.predict(fitted, at), 100, atol=3)
    np.testing.assert_allclose(jnp.exp(made.log_weights), 0.5, atol=0.15)
    np.testing.assert_allclose(made.scales, 1.0, rtol=0.5)


def test_its_likelihood_is_near_that_of_the_truth_and_it_is_calibrated(two_branches):
    x, y, fitted = two_branches
    found = mixture_density.score(fitted, x, y)
    branches = 100 + 10 * np.asarray(jnp.concatenate([x, -x], axis=1), float)
    truth = np.log(stats.norm(branches, 1.0).pdf(np.asarray(y, float)[:, None]).mean(axis=1)).mean()
    assert abs(found - truth) < 0.1
    assert calibration.pit_distance(mixture_density.cdf(fitted, x, y)) < 1.36 / 300**0.5
    np.testing.assert_allclose(-fitted.history[-1], found, atol=1e-2)
    assert fitted.history[-1] < fitted.history[0] - 0.5


def test_the_history_begins_with_the_network_at_the_start(two_branches):
    x, y, _ = two_branches
    key = jax.random.key(7)
    fitted = mixture_density.fit(x, y, key=key, n_components=2, hidden=(4,), n_steps=1)
    first = mixture_density.init(x, y, key=jax.random.split(key)[0], n_components=2, hidden=(4,))
    np.testing.assert_allclose(-fitted.history[0], mixture_density.score(first, x, y), rtol=1e-5)


def test_it_says_how_training_ended(two_branches, key):
    x, y, fitted = two_branches
    assert fitted.status == Status.FINISHED
    assert not fitted.converged
    assert iteration.explain(fitted).startswith("ran all 600 steps")
    broken = mixture_density.fit(x, y.at[0].set(jnp.nan), key=key, n_components=1, hidden=(4,), n_steps=2)
    assert broken.status == Status.NON_FINITE


def test_one_component_on_constant_data_does_not_collapse(key):
    x = jnp.linspace(0.0, 1.0, 8)[:, None]
    fitted = mixture_density.fit(x, jnp.ones(8), key=key, n_components=1, hidden=(4,), n_steps=50)
    assert np.isfinite(fitted.history).all()


def test_errors(key, unchecked):
    x = jnp.ones((4, 2))
    with pytest.raises(ValueError, match="n_components must be positive"):
        mixture_density.fit(x, jnp.ones(4), key=key, n_components=0)
    with pytest.raises(ValueError, match="same length"):
        mixture_density.fit(x, jnp.ones(3), key=key)
    with pytest.raises(ValueError, match=r"^n_steps must be positive; found 0"):
        mixture_density.fit(x, jnp.ones(4), key=key, n_steps=0)
    with pytest.raises(ValueError, match=r"^y must have at least one entry"):
        mixture_density.fit(x[:0], jnp.ones(0), key=key)
    for function in (mixture_density.log_prob, mixture_density.score, mixture_density.cdf):
        with pytest.raises(ValueError, match=r"same length; found x \(2, 2\), y \(3,\)"):
            function(MODEL, UNIT, jnp.ones(3))


@pytest.mark.parametrize(("of_x", "of_y"), [(1e-24, 1e-20), (1e24, 1e20)])
def test_data_in_any_unit_are_scaled_by_their_spread(of_x, of_y, key):
    x = jnp.linspace(0.0, 1.0, 20)[:, None] * jnp.array([1.0, of_x])
    y = jnp.linspace(-1.0, 3.0, 20)
    made = mixture_density.init(x, y * of_y, key=key, n_components=2, hidden=(4,))
    spread = np.linspace(0.0, 1.0, 20).std()
    np.testing.assert_allclose(made.x_scale / jnp.array([1.0, of_x]), [spread, spread], rtol=1e-5)
    np.testing.assert_allclose(made.y_scale / of_y, 4 * spread, rtol=1e-5)
