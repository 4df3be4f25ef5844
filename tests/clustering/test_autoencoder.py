"""Autoencoders: the linear one is PCA; the others learn, and shapes come out as they went in."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import mfml.clustering
from mfml.clustering import autoencoder


@pytest.fixture
def x(key):
    a, b = jax.random.split(key)
    scale = jnp.array([3.0, 2.0, 1.0, 0.3, 0.2, 0.1])
    turn = jnp.linalg.qr(jax.random.normal(b, (6, 6)))[0]
    made = jax.random.normal(a, (200, 6)) * scale @ turn
    return made - made.mean(axis=0)


def plane(x, k):
    """Directions of PCA, and what is left beside them: mean squared error over all entries."""
    _, values, directions = np.linalg.svd(np.asarray(x - x.mean(axis=0), np.float64), full_matrices=False)
    return directions[:k], np.sum(values[k:] ** 2) / x.size


def test_linear_autoencoder_finds_the_plane_of_pca(x, key):
    start = autoencoder.init_dense(key=key, n_features=6, n_components=2)
    done = autoencoder.fit(x, key=key, init=start, learning_rate=0.05, n_steps=4000)
    directions, lowest = plane(x, 2)
    learned = np.linalg.qr(np.asarray(done.model.decoder[0].kernel).T)[0]
    cosines = np.linalg.svd(directions @ learned, compute_uv=False)
    np.testing.assert_allclose(cosines, 1, atol=1e-4)
    np.testing.assert_allclose(autoencoder.loss(done.model, x), lowest, rtol=1e-3)
    np.testing.assert_allclose(autoencoder.reconstruct(done.model, x), x @ directions.T @ directions, atol=0.05)


def test_hidden_layers_bend_the_line(key):
    angle = jnp.linspace(-2.0, 2.0, 100)
    arc = jnp.stack([jnp.sin(angle), jnp.cos(angle)], axis=1)
    start = autoencoder.init_dense(key=key, n_features=2, n_components=1, hidden=(16,))
    done = autoencoder.fit(arc, key=key, init=start, learning_rate=0.02, n_steps=800)
    assert autoencoder.loss(done.model, arc) < 0.1 * plane(arc, 1)[1]
    assert done.history.shape == (800,)


def test_denoising_learns_to_remove_noise(x, key):
    clean = x @ jnp.diag(jnp.zeros(6).at[:2].set(1.0))
    start = autoencoder.init_dense(key=key, n_features=6, n_components=2)
    done = autoencoder.fit(clean, key=key, init=start, noise=1.0, learning_rate=0.02, n_steps=600)
    noisy = clean + jax.random.normal(jax.random.fold_in(key, 7), clean.shape)
    raw = jnp.mean((noisy - clean) ** 2)
    assert autoencoder.loss(done.model, noisy, clean) < 0.4 * raw
    plain = autoencoder.fit(clean, key=key, init=start, learning_rate=0.02, n_steps=600)
    assert autoencoder.loss(done.model, noisy, clean) < autoencoder.loss(plain.model, noisy, clean)
    assert autoencoder.loss(plain.model, clean) < autoencoder.loss(done.model, clean)


def test_convolutional_autoencoder_learns_images(key):
    phase = jax.random.uniform(key, (64, 1, 1), maxval=6.0)
    stripes = jnp.sin(phase + jnp.arange(8.0)[:, None] * 0.8 + jnp.zeros(8))[..., None]
    start = autoencoder.init_convolutional(key=key, shape=(8, 8, 1), n_components=2, channels=(4, 8))
    assert autoencoder.encode(start, stripes).shape == (64, 2)
    assert autoencoder.reconstruct(start, stripes).shape == stripes.shape
    done = autoencoder.fit(stripes, key=key, init=start, learning_rate=0.01, batch_size=32, n_steps=300)
    assert autoencoder.loss(done.model, stripes) < 0.1 * jnp.var(stripes)


def test_oblong_images_and_several_channels(key):
    model = autoencoder.init_convolutional(key=key, shape=(4, 8, 3), n_components=5, channels=(6,))
    assert model.smallest.shape == (2, 4, 6)
    assert autoencoder.reconstruct(model, jnp.ones((2, 4, 8, 3))).shape == (2, 4, 8, 3)


def test_loss_is_a_mean_over_everything(x, key):
    model = autoencoder.init_dense(key=key, n_features=6, n_components=2)
    rebuilt = np.asarray(x @ model.encoder[0].kernel @ model.decoder[0].kernel)
    np.testing.assert_allclose(autoencoder.loss(model, x), np.mean((rebuilt - x) ** 2), rtol=1e-4)
    twice = jnp.concatenate([x, x])
    np.testing.assert_allclose(autoencoder.loss(model, twice), autoencoder.loss(model, x), rtol=1e-5)


def test_package_loads_it_on_first_use():
    assert mfml.clustering.autoencoder is autoencoder
    with pytest.raises(AttributeError, match="no attribute 'gans'"):
        mfml.clustering.gans  # noqa: B018


@pytest.mark.usefixtures("unchecked")
def test_errors(x, key):
    dense = autoencoder.init_dense(key=key, n_features=6, n_components=2)
    images = autoencoder.init_convolutional(key=key, shape=(4, 4, 1), n_components=2, channels=(2,))
    with pytest.raises(ValueError, match="same length"):
        autoencoder.encode(dense, x[:, :3])
    with pytest.raises(ValueError, match="same length"):
        autoencoder.decode(dense, x)
    with pytest.raises(ValueError, match=r"images must have shape \(4, 4, 1\); found \(8, 8, 1\)"):
        autoencoder.encode(images, jnp.ones((2, 8, 8, 1)))
    with pytest.raises(ValueError, match="multiples of 4"):
        autoencoder.init_convolutional(key=key, shape=(6, 6, 1), n_components=2)
    with pytest.raises(ValueError, match="width must be positive"):
        autoencoder.init_dense(key=key, n_features=6, n_components=0)
    with pytest.raises(ValueError, match="same shape"):
        autoencoder.loss(dense, x, x[:3])
