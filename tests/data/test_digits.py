import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.data import digits


@pytest.fixture(scope="module")
def written():
    return digits.simulate(key=jax.random.key(1), n_samples=1000)


def test_labels_are_balanced_and_shuffled(written):
    assert jnp.bincount(written.labels).tolist() == [100] * 10
    assert (written.labels[:10] != jnp.arange(10)).any()


def test_images_are_counts_of_black_pixels(written):
    sixteenths = 16 * np.asarray(written.images)
    assert (sixteenths == sixteenths.round()).all()
    assert sixteenths.min() == 0
    assert sixteenths.max() == 16


def test_nearest_mean_recognizes_most(written):
    flat, labels = np.asarray(written.images).reshape(1000, -1), np.asarray(written.labels)
    means = np.stack([flat[:500][labels[:500] == digit].mean(axis=0) for digit in range(10)])
    found = ((flat[500:, None] - means) ** 2).sum(axis=-1).argmin(axis=1)
    accuracy = (found == labels[500:]).mean()
    assert 0.85 < accuracy < 0.995  # easy, but not a matter of ten templates


def test_without_distortion_all_of_a_kind_are_alike(key):
    data = digits.simulate(key=key, n_samples=1000, distortion=0.0, noise=0.0)
    for digit in range(10):
        same = data.images[data.labels == digit]
        assert (same == same[0]).all()


def test_the_digit_one_is_one_stroke_and_zero_is_hollow(key):
    data = digits.simulate(key=key, n_samples=1000, distortion=0.0, noise=0.0)
    zero = data.images[jnp.argmax(data.labels == 0)]
    one = data.images[jnp.argmax(data.labels == 1)]
    assert zero[3:5, 3:5].sum() == 0
    assert one[:, :2].sum() == 0
    assert one.sum() < zero.sum()


def test_noise_flips_pixels(key):
    few = digits.simulate(key=key, n_samples=1000, distortion=0.0, noise=0.0)
    many = digits.simulate(key=key, n_samples=1000, distortion=0.0, noise=1.0)
    np.testing.assert_allclose(many.images, 1 - few.images)


def test_the_key_decides(written):
    again, other = (digits.simulate(key=jax.random.key(number), n_samples=1000) for number in (1, 2))
    assert (again.images == written.images).all()
    assert (other.images != written.images).any()


def test_subsets_are_different_draws(key):
    train, _ = digits.load(key=key, source="simulated", subset="train")
    test, _ = digits.load(key=key, source="simulated", subset="test")
    assert train.images.shape == (3823, 8, 8)
    assert (train.images[:1797] != test.images).any(axis=(1, 2)).mean() > 0.99


def test_vmap_over_keys(written):
    keys = jnp.stack([jax.random.key(1), jax.random.key(2)])
    both = jax.vmap(lambda k: digits.simulate(key=k, n_samples=1000))(keys)
    assert (both.labels[0] == written.labels).all()
    # a pixel on the very edge of the pen may fall to either side
    assert jnp.abs(both.images[0] - written.images).mean() < 1e-4


def test_double_precision(x64):
    assert digits.simulate(key=jax.random.key(1), n_samples=3).images.dtype == jnp.float64


def test_errors(key):
    with pytest.raises(ValueError, match="n_samples must be at least 1"):
        digits.simulate(key=key, n_samples=0)


@pytest.mark.parametrize(
    ("name", "value"), [("noise", 1.5), ("noise", -0.1), ("distortion", -1.0), ("distortion", jnp.nan)]
)
def test_numbers_out_of_range(key, name, value):
    with pytest.raises(ValueError, match=f"^{name} must be (finite and at least 0|a number; found nan)"):
        digits.simulate(key=key, n_samples=2, **{name: value})
    assert np.isnan(jax.jit(lambda v: digits.simulate(key=key, n_samples=2, **{name: v}))(value).images).all()


def test_strokes_need_samples_pixels_and_no_negative_margin(key):
    options = {"key": key, "n_samples": 2, "pixels": 8, "distortion": 1.0}
    for name, value in (("n_samples", 0), ("pixels", 0), ("margin", -0.1), ("distortion", -1.0)):
        with pytest.raises(ValueError, match=f"^{name} must"):
            digits.strokes(**options | {name: value})
