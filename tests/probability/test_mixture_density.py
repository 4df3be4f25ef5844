import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from mfml.probability import calibration, mixture_density
from mfml.probability.mixture_density import Mixture

MIXTURE = Mixture(
    jnp.log(jnp.array([[0.3, 0.7], [0.5, 0.5]])),
    jnp.array([[-1.0, 2.0], [0.0, 0.5]]),
    jnp.array([[0.5, 1.0], [2.0, 0.1]]),
)


def peer(row):
    weights, means, scales = np.exp(MIXTURE.log_weights[row]), MIXTURE.means[row], MIXTURE.scales[row]
    parts = [stats.norm(float(m), float(s)) for m, s in zip(means, scales, strict=True)]
    return lambda y: sum(float(w) * part.pdf(y) for w, part in zip(weights, parts, strict=True))


def test_density_moments_and_distribution_are_those_of_the_integral():
    y = jnp.array([0.4, 0.2])
    for row in range(2):
        density = peer(row)
        np.testing.assert_allclose(mixture_density.nll(MIXTURE, y)[row], -np.log(density(float(y[row]))), rtol=1e-5)
        mean, _ = integrate.quad(lambda t: t * density(t), -15, 15, points=[0, 0.5, 2])
        square, _ = integrate.quad(lambda t: t**2 * density(t), -15, 15, points=[0, 0.5, 2])
        below, _ = integrate.quad(density, -15, float(y[row]), points=[0, 0.1])
        np.testing.assert_allclose(mixture_density.mean(MIXTURE)[row], mean, rtol=1e-4)
        np.testing.assert_allclose(mixture_density.variance(MIXTURE)[row], square - mean**2, rtol=1e-4)
        np.testing.assert_allclose(mixture_density.cdf(MIXTURE, y)[row], below, rtol=1e-4)


def test_draws_follow_the_mixture(key):
    many = jax.tree.map(lambda part: jnp.broadcast_to(part[:1], (5000, 2)), MIXTURE)
    y, component = mixture_density.sample(many, key=key)
    np.testing.assert_allclose(component.mean(), 0.7, atol=0.03)
    np.testing.assert_allclose(y.mean(), mixture_density.mean(MIXTURE)[0], atol=0.1)
    assert calibration.pit_distance(mixture_density.cdf(many, y)) < 1.95 / 5000**0.5


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
    made = mixture_density.predict(fitted.model, at)
    np.testing.assert_allclose(np.sort(made.means, axis=1), 100 + 10 * np.array([[-1.0, 1.0], [-1.8, 1.8]]), atol=1.0)
    np.testing.assert_allclose(mixture_density.mean(made), 100, atol=3)
    np.testing.assert_allclose(jnp.exp(made.log_weights), 0.5, atol=0.15)
    np.testing.assert_allclose(made.scales, 1.0, rtol=0.5)


def test_its_likelihood_is_near_that_of_the_truth_and_it_is_calibrated(two_branches):
    x, y, fitted = two_branches
    made = mixture_density.predict(fitted.model, x)
    found = mixture_density.nll(made, y).mean()
    truth = Mixture(jnp.log(jnp.full((300, 2), 0.5)), 100 + 10 * jnp.concatenate([x, -x], axis=1), jnp.ones((300, 2)))
    assert abs(found - mixture_density.nll(truth, y).mean()) < 0.1
    assert calibration.pit_distance(mixture_density.cdf(made, y)) < 1.36 / 300**0.5
    np.testing.assert_allclose(fitted.history[-1] + np.log(np.std(y)), found, atol=1e-2)
    assert fitted.history[-1] < fitted.history[0] - 0.5


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
    with pytest.raises(ValueError, match="same length"):
        mixture_density.nll(MIXTURE, jnp.ones(3))
    with pytest.raises(ValueError, match="same length"):
        mixture_density.predict(
            mixture_density.init(x, jnp.ones(4), key=key, n_components=1, hidden=()), jnp.ones((4, 3))
        )
