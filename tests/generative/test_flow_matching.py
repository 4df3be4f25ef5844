"""Flow matching: the loss against NumPy, samples and likelihoods against closed forms for Gaussian data."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.scipy.stats import norm

from mfml.generative import flow_matching

MEAN, SPREAD = jnp.array([1.0, -2.0]), jnp.array([0.5, 2.0])


def exact(x, s):
    """The best guess of the velocity for data from N(MEAN, SPREAD^2) in each coordinate."""
    s = s[:, None]
    variance = (1 - s) ** 2 + (s * SPREAD) ** 2
    covariance = s * SPREAD**2 - (1 - s)  # of the velocity and the place
    return MEAN + covariance / variance * (x - s * MEAN)


def test_loss_equals_numpy(key):
    x, noise = np.asarray(jax.random.normal(key, (2, 4, 3)), float)
    s = np.array([0.0, 0.3, 0.8, 1.0])
    along = (1 - s[:, None]) * noise + s[:, None] * x
    expected = np.mean((np.sin(along) * s[:, None] - (x - noise)) ** 2)
    found = flow_matching.loss(lambda x, s: jnp.sin(x) * s[:, None], *(jnp.asarray(v, float) for v in (x, s, noise)))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_the_exact_velocity_has_a_smaller_loss_than_any_other(key):
    a, b, c = jax.random.split(key, 3)
    x = MEAN + SPREAD * jax.random.normal(a, (20_000, 2))
    noise, s = jax.random.normal(b, x.shape), jax.random.uniform(c, (len(x),))
    best = flow_matching.loss(exact, x, s, noise)
    for other in (lambda x, s: exact(x, s) + 0.1, lambda x, s: 1.05 * exact(x, s), lambda x, s: 0.9 * exact(x, s)):
        assert flow_matching.loss(other, x, s, noise) > best + 1e-3


def test_samples_are_an_affine_function_of_the_noise(key):
    """The flow carries N(0, 1) to N(m, s^2): straight for one coordinate, x = m + s epsilon."""
    noise = jax.random.normal(key, (6, 2))
    found = flow_matching.sample(exact, noise, n_steps=200)
    np.testing.assert_allclose(found, MEAN + SPREAD * noise, atol=2e-3)


@pytest.mark.parametrize(("solver", "order"), [("euler", 1), ("heun", 2)])
def test_errors_fall_with_the_order_of_the_solver(key, solver, order):
    noise = jax.random.normal(key, (6, 2))
    errors = [
        float(jnp.abs(flow_matching.sample(exact, noise, n_steps=n, solver=solver) - (MEAN + SPREAD * noise)).max())
        for n in (8, 16)
    ]
    assert errors[0] / errors[1] == pytest.approx(2**order, rel=0.35)


def test_likelihood_equals_the_density_of_the_data(key):
    x = MEAN + SPREAD * jax.random.normal(key, (7, 2))
    expected = norm.logpdf(x, MEAN, SPREAD).sum(axis=1)
    np.testing.assert_allclose(flow_matching.log_prob(exact, x, n_steps=100), expected, atol=2e-3)


def test_estimated_divergence_is_exact_for_a_diagonal_derivative(key):
    """Random signs have squares of 1: they are wrong by the entries off the diagonal only."""
    x = MEAN + SPREAD * jax.random.normal(key, (7, 2))
    found = flow_matching.log_prob(exact, x, n_steps=20, key=key)
    np.testing.assert_allclose(found, flow_matching.log_prob(exact, x, n_steps=20), atol=1e-4)


def test_estimated_divergence_is_right_on_average(key):
    def turning(x, s):
        return x @ jnp.array([[0.2, 1.0], [0.6, -0.5]]) + jnp.sin(x[:, ::-1])

    x = jax.random.normal(key, (3, 2))
    found = flow_matching.log_prob(turning, x, n_steps=10, key=key, n_probes=4000)
    np.testing.assert_allclose(found, flow_matching.log_prob(turning, x, n_steps=10), atol=0.15)


def test_a_likelihood_in_two_dimensions_integrates_to_one():
    def bent(x, s):
        return jnp.stack([0.8 * jnp.tanh(2 * x[:, 1]), -0.5 * x[:, 0] * s], axis=1)

    axis = jnp.linspace(-6.0, 6.0, 81)
    grid = jnp.stack(jnp.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    density = jnp.exp(flow_matching.log_prob(bent, grid, n_steps=40))
    np.testing.assert_allclose(density.sum() * (axis[1] - axis[0]) ** 2, 1.0, atol=2e-3)


def test_a_sample_and_its_likelihood_belong_together(key):
    noise = jax.random.normal(key, (5, 2))
    x = flow_matching.sample(exact, noise, n_steps=100)
    stretched = -jnp.log(SPREAD).sum() + norm.logpdf(noise).sum(axis=1)
    np.testing.assert_allclose(flow_matching.log_prob(exact, x, n_steps=100), stretched, atol=3e-3)


def test_errors(unchecked):
    x = jnp.ones((2, 3))
    with pytest.raises(ValueError, match="solver must be one of"):
        flow_matching.sample(exact, x, solver="rk4")
    with pytest.raises(ValueError, match="n_steps must be positive"):
        flow_matching.log_prob(exact, x, n_steps=0)
    with pytest.raises(ValueError, match=r"x \(2, 3\), s \(3,\)"):
        flow_matching.loss(exact, x, jnp.ones(3), x)
