import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.representation import augment, contrastive


@pytest.fixture
def views(key):
    first = jax.random.normal(key, (5, 3))
    return first, first + 0.5 * jax.random.normal(jax.random.fold_in(key, 1), (5, 3))


def cosine(a, b):
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


@pytest.mark.parametrize("temperature", [0.07, 1.0])
def test_nt_xent_by_loops(views, temperature):
    every = np.concatenate(views).astype(np.float64)
    losses = []
    for a in range(10):
        partner = (a + 5) % 10
        others = sum(np.exp(cosine(every[a], every[b]) / temperature) for b in range(10) if b != a)
        losses.append(-np.log(np.exp(cosine(every[a], every[partner]) / temperature) / others))
    np.testing.assert_allclose(contrastive.nt_xent(*views, temperature=temperature), np.mean(losses), rtol=1e-4)


def test_info_nce_by_loops(views):
    q, k = (np.asarray(view, np.float64) for view in views)
    losses = []
    for i in range(5):
        scores = np.exp([cosine(q[i], k[j]) / 0.2 for j in range(5)])
        losses.append(-np.log(scores[i] / scores.sum()))
    np.testing.assert_allclose(contrastive.info_nce(*views, temperature=0.2), np.mean(losses), rtol=1e-4)


def test_a_tiny_temperature_and_a_row_of_zeros_stay_finite(views):
    first, second = views
    value, slope = jax.value_and_grad(lambda a: contrastive.nt_xent(a, second, temperature=1e-3))(first.at[0].set(0))
    assert np.isfinite(value)
    assert np.isfinite(slope).all()
    assert abs(float(contrastive.info_nce(jnp.ones((7, 2)), jnp.ones((7, 2)))) - np.log(7)) < 1e-5


def test_turning_keeps_the_pixels_and_reaches_all_eight(key):
    image = jnp.arange(9.0).reshape(1, 3, 3)
    turned = np.asarray(augment.turned(jnp.repeat(image, 200, axis=0), key=key))
    kinds = {tuple(one.reshape(-1)) for one in turned}
    needed = {tuple(np.rot90(flipped, k).reshape(-1)) for flipped in (image[0], image[0].T) for k in range(4)}
    assert kinds == needed


def test_a_crop_is_a_window_of_the_periodic_image(key):
    image = jnp.arange(30.0).reshape(1, 5, 6)
    windows = augment.cropped(jnp.repeat(image, 40, axis=0), key=key, size=4)
    tiled = np.tile(image[0], (2, 2))
    corners = [divmod(int(window[0, 0]), 6) for window in windows]
    for window, (row, column) in zip(windows, corners, strict=True):
        np.testing.assert_array_equal(window, tiled[row : row + 4, column : column + 4])
    assert len(set(corners)) > 15


def test_light_and_noise_have_the_strength_asked_for(key):
    images = jnp.broadcast_to(jnp.eye(8), (4000, 8, 8))
    noise = np.asarray(augment.noisy(images, key=key, noise=0.2)) - np.eye(8)
    assert abs(noise.std() - 0.2) < 0.003
    relit = np.asarray(augment.relit(images, key=key, gain=0.3, offset=0.1))
    gains = np.log(relit[:, 0, 0] - relit[:, 0, 1])
    assert abs(gains.std() - 0.3) < 0.02
    assert abs(relit.mean(axis=(1, 2)).std() - 0.1) < 0.01
    plain = augment.microstructure(images[:3, :6, :6], key=key, gain=0.0, offset=0.0, noise=0.0)
    np.testing.assert_allclose(plain.sum(axis=(1, 2)), 6, rtol=1e-5)


def test_features_do_not_change_under_a_shift_by_whole_strides(key):
    model = contrastive.init(key=key, channels=(4, 6))
    images = jax.random.normal(key, (3, 16, 16))
    shifted = jnp.roll(images, (4, 8), axis=(1, 2))
    np.testing.assert_allclose(contrastive.encode(model, images), contrastive.encode(model, shifted), atol=1e-5)


def stripes(key, n):
    """Coarse and fine stripes at any position and angle: all views keep only the period."""
    period = jnp.where(jnp.arange(n) % 2 == 0, 4.0, 8.0)
    u, v = jax.random.uniform(key, (2, n))
    rows = jnp.arange(16.0)
    wave = jnp.sin(2 * jnp.pi * (rows / period[:, None] + u[:, None]))
    return jnp.where((v > 0.5)[:, None, None], wave[:, :, None], wave[:, None]) * jnp.ones((n, 16, 16))


def test_simclr_learns_to_tell_views_apart_without_labels(key):
    images = stripes(key, 64)
    start = contrastive.init(key=key, channels=(8, 16), n_components=8)
    options = {"batch_size": 32, "n_steps": 60, "learning_rate": 1e-2}
    done = contrastive.fit(images, key=key, init=start, **options)
    assert float(done.history[-10:].mean()) < float(done.history[:5].mean()) - 0.3
    features = np.asarray(contrastive.encode(done, images))
    features = features / np.linalg.norm(features, axis=1, keepdims=True)
    cosines = features @ features.T
    same = np.arange(64)[:, None] % 2 == np.arange(64) % 2
    assert cosines[same].mean() > cosines[~same].mean() + 0.1
    again = contrastive.fit(images, key=key, init=start, **options)
    np.testing.assert_array_equal(done.history, again.history)


def test_what_does_not_fit_is_refused(unchecked, key):
    images = jnp.ones((2, 6, 8))
    model = contrastive.init(key=key, channels=(2, 2))
    for call, message in (
        (lambda: contrastive.nt_xent(jnp.ones((2, 3)), jnp.ones((3, 3))), "same shape"),
        (lambda: contrastive.info_nce(jnp.ones(3), jnp.ones(3)), "queries must have 2 axes"),
        (lambda: contrastive.init(key=key, channels=()), "at least one convolution"),
        (lambda: contrastive.init(key=key, n_components=0), "n_components must be positive"),
        (lambda: contrastive.encode(model, images), "multiples of 4"),
        (lambda: contrastive.fit(images, key=key, init=model, n_steps=0), "^n_steps must be positive; found 0"),
        (lambda: contrastive.fit(images[:0], key=key, init=model), "^images must hold at least one image"),
        (lambda: augment.turned(images, key=key), "images must be square"),
        (lambda: augment.cropped(images, key=key, size=7), "size must be between 1 and 6"),
        (lambda: augment.relit(images[0], key=key), "images must have 3 axes"),
        (lambda: augment.noisy(images[:0], key=key), "there must be images"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
