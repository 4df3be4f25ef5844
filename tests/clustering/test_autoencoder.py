"""Autoencoders: the linear one is PCA; the others learn and preserve shapes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import mfml.clustering
from mfml.clustering import autoencoder
from mfml.iteration import Status, explain


@pytest.fixture
def x(key):
    a, b = jax.random.split(key)
    scale = jnp.array([3.0, 2.0, 1.0, 0.3, 0.2, 0.1])
    turn = jnp.linalg.qr(jax.random.normal(b, (6, 6)))[0]
    made = jax.random.normal(a, (200, 6)) * scale @ turn
    return made - made.mean(axis=0)


def plane(x, k):
    """Directions of PCA, and the mean squared error that they leave over all entries."""
    _, values, directions = np.linalg.svd(np.asarray(x - x.mean(axis=0), np.float64), full_matrices=False)
    return directions[:k], np.sum(values[k:] ** 2) / x.size


def test_linear_autoencoder_finds_the_plane_of_pca(x, key):
    start = autoencoder.init_dense(key=key, n_features=6, n_components=2)
    done = autoencoder.fit(x, key=key, init=start, learning_rate=0.05, n_steps=4000)
    directions, lowest = plane(x, 2)
    learned = np.linalg.qr(np.asarray(done.decoder[0].weight).T)[0]
    cosines = np.linalg.svd(directions @ learned, compute_uv=False)
    np.testing.assert_allclose(cosines, 1, atol=1e-4)
    np.testing.assert_allclose(autoencoder.loss(done, x), lowest, rtol=1e-3)
    np.testing.assert_allclose(autoencoder.reconstruct(done, x), x @ directions.T @ directions, atol=0.05)


def test_hidden_layers_bend_the_line(key):
    angle = jnp.linspace(-2.0, 2.0, 100)
    arc = jnp.stack([jnp.sin(angle), jnp.cos(angle)], axis=1)
    start = autoencoder.init_dense(key=key, n_features=2, n_components=1, hidden=(16,))
    done = autoencoder.fit(arc, key=key, init=start, learning_rate=0.02, n_steps=800)
    assert autoencoder.loss(done, arc) < 0.1 * plane(arc, 1)[1]
    assert done.history.shape == (800,)
    assert done.n_iter == 800 and done.status == Status.FINISHED and not done.converged


def test_denoising_learns_to_remove_noise(x, key):
    clean = x @ jnp.diag(jnp.zeros(6).at[:2].set(1.0))
    start = autoencoder.init_dense(key=key, n_features=6, n_components=2)
    done = autoencoder.fit(clean, key=key, init=start, noise=1.0, learning_rate=0.02, n_steps=600)
    noisy = clean + jax.random.normal(jax.random.fold_in(key, 7), clean.shape)
    raw = jnp.mean((noisy - clean) ** 2)
    assert autoencoder.loss(done, noisy, target=clean) < 0.4 * raw
    plain = autoencoder.fit(clean, key=key, init=start, learning_rate=0.02, n_steps=600)
    assert autoencoder.loss(done, noisy, target=clean) < autoencoder.loss(plain, noisy, target=clean)
    assert autoencoder.loss(plain, clean) < autoencoder.loss(done, clean)


def test_convolutional_autoencoder_learns_images(key):
    phase = jax.random.uniform(key, (64, 1, 1), maxval=6.0)
    stripes = jnp.sin(phase + jnp.arange(8.0)[:, None] * 0.8 + jnp.zeros(8))[..., None]
    start = autoencoder.init_convolutional(key=key, shape=(8, 8, 1), n_components=2, channels=(4, 8))
    assert autoencoder.encode(start, stripes).shape == (64, 2)
    assert autoencoder.reconstruct(start, stripes).shape == stripes.shape
    done = autoencoder.fit(stripes, key=key, init=start, learning_rate=0.01, batch_size=32, n_steps=300)
    assert autoencoder.loss(done, stripes) < 0.1 * jnp.var(stripes)


def test_oblong_images_and_several_channels(key):
    model = autoencoder.init_convolutional(key=key, shape=(4, 8, 3), n_components=5, channels=(6,))
    assert model.decoder[0].bias.shape == (2, 4, 6)
    assert autoencoder.reconstruct(model, jnp.ones((2, 4, 8, 3))).shape == (2, 4, 8, 3)


def test_loss_is_a_mean_over_everything(x, key):
    model = autoencoder.init_dense(key=key, n_features=6, n_components=2)
    rebuilt = np.asarray(x @ model.encoder[0].weight @ model.decoder[0].weight)
    np.testing.assert_allclose(autoencoder.loss(model, x), np.mean((rebuilt - x) ** 2), rtol=1e-4)
    twice = jnp.concatenate([x, x])
    np.testing.assert_allclose(autoencoder.loss(model, twice), autoencoder.loss(model, x), rtol=1e-5)


def test_training_goes_on_from_a_trained_model(x, key):
    start = autoencoder.init_dense(key=key, n_features=6, n_components=2)
    first = autoencoder.fit(x, key=key, init=start, n_steps=20)
    second = autoencoder.fit(x, key=key, init=first, n_steps=20)
    np.testing.assert_allclose(first.history[0], autoencoder.loss(start, x), rtol=1e-5)
    np.testing.assert_allclose(second.history[0], autoencoder.loss(first, x), rtol=1e-5)
    assert autoencoder.loss(second, x) < autoencoder.loss(first, x) < autoencoder.loss(start, x)


def test_a_learning_rate_too_large_is_told(x, key):
    start = autoencoder.init_dense(key=key, n_features=6, n_components=2)
    lost = autoencoder.fit(x, key=key, init=start, learning_rate=1e30, n_steps=20)
    assert lost.status == Status.NON_FINITE and "lower the learning rate" in explain(lost)


def test_package_loads_it_on_first_use():
    assert mfml.clustering.autoencoder is autoencoder
    with pytest.raises(AttributeError, match="no attribute 'gans'"):
        mfml.clustering.gans  # noqa: B018


@pytest.mark.usefixtures("unchecked")
def test_errors(x, key):
    dense = autoencoder.init_dense(key=key, n_features=6, n_components=2)
    images = autoencoder.init_convolutional(key=key, shape=(4, 4, 1), n_components=2, channels=(2,))
    with pytest.raises(ValueError, match=r"x must have 6 columns.* found shape \(200, 3\)"):
        autoencoder.encode(dense, x[:, :3])
    with pytest.raises(ValueError, match=r"z must have 2 columns.* found shape \(200, 6\)"):
        autoencoder.decode(dense, x)
    with pytest.raises(ValueError, match=r"z must have 2 columns.* found shape \(5, 3\)"):
        autoencoder.decode(images, jnp.ones((5, 3)))
    with pytest.raises(ValueError, match=r"images must have shape \(4, 4, 1\); found \(8, 8, 1\)"):
        autoencoder.encode(images, jnp.ones((2, 8, 8, 1)))
    with pytest.raises(ValueError, match="multiples of 4"):
        autoencoder.init_convolutional(key=key, shape=(6, 6, 1), n_components=2)
    with pytest.raises(ValueError, match="n_components must be positive"):
        autoencoder.init_dense(key=key, n_features=6, n_components=0)
    with pytest.raises(ValueError, match=r"^n_steps must be positive; found 0"):
        autoencoder.fit(x, key=key, init=dense, n_steps=0)
    with pytest.raises(ValueError, match=r"^x must hold at least one sample; found shape \(0, 6\)"):
        autoencoder.fit(x[:0], key=key, init=dense)
    with pytest.raises(ValueError, match="same shape"):
        autoencoder.loss(dense, x, target=x[:3])
