"""EDM: coefficients and levels against the paper's formulas, the sampler against its closed form for Gaussian data."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.generative import edm

MEAN, SPREAD = 1.0, 0.5


def exact(x, sigma):
    """The best guess of a clean sample from N(MEAN, SPREAD^2)."""
    share = SPREAD**2 / (SPREAD**2 + sigma[:, None] ** 2)
    return share * x + (1 - share) * MEAN


def test_the_denoiser_has_the_coefficients_of_the_paper():
    x, sigma, s = np.array([[1.0, -2.0], [0.5, 3.0]]), np.array([0.1, 20.0]), 0.7
    total = np.sqrt(sigma**2 + s**2)[:, None]
    scaled = x / total
    network = np.tanh(scaled) + np.log(sigma)[:, None] / 4
    expected = s**2 / total**2 * x + sigma[:, None] * s / total * network
    found = edm.denoise(
        lambda x, level: jnp.tanh(x) + level[:, None], jnp.asarray(x, float), jnp.asarray(sigma, float), data_scale=s
    )
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_without_noise_the_denoiser_returns_its_input():
    x = jnp.array([[1.5, -2.0]])
    found = edm.denoise(lambda x, level: 100 * jnp.ones_like(x) + level[:, None], x, jnp.array([0.0]))
    np.testing.assert_allclose(found, x, rtol=1e-6)


def test_the_loss_is_that_of_the_paper(key):
    a, b = jax.random.split(key)
    x, noise = np.asarray(0.5 * jax.random.normal(a, (4, 3)), float), np.asarray(jax.random.normal(b, (4, 3)), float)
    sigma, s = np.array([0.01, 0.3, 2.0, 50.0]), 0.5
    arguments = [jnp.asarray(v, jnp.float32) for v in (x, sigma, noise)]
    error = np.asarray(
        edm.denoise(lambda x, level: jnp.sin(x), arguments[0] + sigma[:, None] * arguments[2], arguments[1])
    )
    weight = (sigma**2 + s**2) / (sigma * s) ** 2
    expected = np.mean(weight[:, None] * (error - x) ** 2)
    np.testing.assert_allclose(edm.loss(lambda x, level: jnp.sin(x), *arguments), expected, rtol=1e-3)


def test_inputs_and_targets_have_unit_size_at_every_level(key):
    """For data of the stated scale: the network sees a variance of 1, and the loss of a network that says 0 is 1."""
    a, b = jax.random.split(key)
    x, noise = 0.5 * jax.random.normal(a, (50_000, 1)), jax.random.normal(b, (50_000, 1))
    for sigma in (0.002, 0.5, 80.0):
        seen = []

        def network(scaled, level, seen=seen):
            seen.append(scaled.std())
            return 0 * scaled

        levels = jnp.full(len(x), sigma)
        assert float(edm.loss(network, x, levels, noise)) == pytest.approx(1.0, abs=0.05)
        assert float(seen[0]) == pytest.approx(1.0, abs=0.02)


def test_levels_are_those_of_the_paper():
    i, n = np.arange(18), 18
    expected = (80 ** (1 / 7) + i / (n - 1) * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7
    found = edm.levels(18)
    np.testing.assert_allclose(found[:-1], expected, rtol=1e-4)
    assert found[-1] == 0
    assert edm.levels(1).tolist() == pytest.approx([80.0, 0.0])


def test_samples_of_gaussian_data_are_an_affine_function_of_the_noise(key):
    """On the exact path, (x - m) / sqrt(s^2 + sigma^2) stays as it is."""
    noise = jax.random.normal(key, (6, 2))
    found = edm.sample(exact, noise, sigmas=edm.levels(100))
    expected = MEAN + SPREAD / np.sqrt(SPREAD**2 + 80.0**2) * (80.0 * noise - MEAN)
    np.testing.assert_allclose(found, expected, atol=6e-3)


def test_errors_fall_with_the_square_of_the_step(key):
    noise = jax.random.normal(key, (6, 2))
    expected = MEAN + SPREAD / np.sqrt(SPREAD**2 + 80.0**2) * (80.0 * noise - MEAN)
    errors = [float(jnp.abs(edm.sample(exact, noise, sigmas=edm.levels(n)) - expected).max()) for n in (16, 32)]
    assert errors[0] > 3 * errors[1]


def test_levels_for_training_are_log_normal(key):
    found = np.log(edm.draw_sigma(key=key, n_samples=20_000))
    assert found.mean() == pytest.approx(-1.2, abs=0.03)
    assert found.std() == pytest.approx(1.2, abs=0.03)


def test_errors(unchecked):
    x = jnp.ones((2, 3))
    with pytest.raises(ValueError, match=r"x \(2, 3\), sigma \(3,\)"):
        edm.denoise(lambda x, level: x, x, jnp.ones(3))
    with pytest.raises(ValueError, match="data_scale must be positive"):
        edm.denoise(lambda x, level: x, x, jnp.ones(2), data_scale=0.0)
    with pytest.raises(ValueError, match="sigmas must have at least two entries; found 1"):
        edm.sample(exact, x, sigmas=jnp.ones(1))
    with pytest.raises(ValueError, match=r"low = 2.0, high = 1.0"):
        edm.levels(3, low=2.0, high=1.0)
