"""Each reference answer of unit 11 equals the library's function for the same mathematics."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from exercises.given import labeled_noise_model, noise_model
from mfml.generative import diffusion, guidance, noising, schedules, vae, variational
from solutions import unit11

T = 20
COSINE = schedules.cosine(n_steps=T)


@pytest.fixture
def noisy(key):
    """Samples, times and noise."""
    a, b, c = jax.random.split(key, 3)
    return jax.random.normal(a, (9, 3)), jax.random.randint(b, (9,), 0, T), jax.random.normal(c, (9, 3))


def test_parts_of_the_bound(key):
    mean, log_variance, noise = jax.random.normal(key, (3, 9, 4))
    found, expected = (module.reparameterize(mean, log_variance, noise) for module in (unit11, variational))
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    divergence = jnp.mean(variational.kl_to_prior(mean, log_variance))
    np.testing.assert_allclose(unit11.kl_to_prior(mean, log_variance), divergence, rtol=1e-5)


def test_elbo_is_minus_the_loss_of_an_autoencoder(key):
    a, b, c = jax.random.split(key, 3)
    x, noise = 3 + 2 * jax.random.normal(a, (9, 5)), jax.random.normal(b, (9, 2))
    model = vae.init_dense(x, key=c, n_components=2, hidden=(4,))
    mean, log_variance = vae.encode(model, x)
    rebuilt = vae.decode(model, unit11.reparameterize(mean, log_variance, noise))
    scale = jnp.exp(model.noise.log_scale) * model.x_scale
    found = unit11.elbo(x, rebuilt, mean, log_variance, scale, 0.3)
    np.testing.assert_allclose(found, -vae.loss(model, x, noise[None], beta=0.3), rtol=1e-5)


def test_cosine_schedule():
    beta, alpha_bar = unit11.cosine_schedule(T)
    np.testing.assert_allclose(beta, COSINE.beta, atol=1e-6)
    np.testing.assert_allclose(alpha_bar, COSINE.signal, atol=1e-6)


def test_noise_and_loss(noisy):
    np.testing.assert_allclose(unit11.add_noise(*noisy, COSINE.signal), noising.add(COSINE, *noisy), atol=1e-6)
    found = unit11.ddpm_loss(noise_model, *noisy, COSINE.signal)
    np.testing.assert_allclose(found, diffusion.loss(noise_model, COSINE, *noisy), rtol=1e-5)


@pytest.mark.parametrize("t", [0, 1, T - 1])
def test_step_back(noisy, t):
    x, _, noise = noisy
    time, guess = jnp.array(t), jnp.cos(x)
    found = unit11.ddpm_step(x, time, guess, noise, COSINE.signal)
    np.testing.assert_allclose(found, diffusion.step_back(COSINE, x, time, guess, noise), rtol=1e-4, atol=1e-5)


def test_guidance(noisy):
    x, t, _ = noisy
    labels = t % 4
    expected = guidance.guess(labeled_noise_model, x, t, labels, strength=1.5, unknown=4)
    np.testing.assert_allclose(unit11.guided_noise(labeled_noise_model, x, t, labels, 4, 1.5), expected, atol=1e-5)
