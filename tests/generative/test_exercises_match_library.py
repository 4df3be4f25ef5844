"""Each reference answer of unit 11 equals the library's function for the same mathematics."""

import jax
import jax.numpy as jnp
import numpy as np

from mfml.generative import vae, variational
from solutions import unit11


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
