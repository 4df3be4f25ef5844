import jax
import jax.numpy as jnp
import numpy as np
import pytest
import pywt
from hypothesis import given, settings
from hypothesis import strategies as st

from mfml.networks import wavelets


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_fourier_equals_numpy_and_is_orthogonal(n):
    matrix = np.asarray(wavelets.fourier(jnp.eye(n)))
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(n), atol=1e-6)
    np.testing.assert_allclose(wavelets.inverse_fourier(jnp.asarray(matrix)), np.eye(n), atol=1e-6)
    x = np.linspace(-1, 2, n) ** 2
    spectrum = np.fft.rfft(x, norm="ortho")
    found = np.asarray(wavelets.fourier(jnp.asarray(x, jnp.float32)))
    assert found[0] == pytest.approx(spectrum[0].real, abs=1e-6)
    for k in range(1, (n + 1) // 2):
        np.testing.assert_allclose(
            found[2 * k - 1 : 2 * k + 1], np.sqrt(2) * np.array([spectrum[k].real, -spectrum[k].imag]), atol=1e-5
        )
    if n % 2 == 0:
        assert found[-1] == pytest.approx(spectrum[-1].real, abs=1e-6)


def test_a_wave_has_one_coefficient():
    x = jnp.sin(2 * jnp.pi * 3 * jnp.arange(16) / 16)
    found = np.asarray(wavelets.fourier(x))
    assert found[6] == pytest.approx(np.sqrt(8), rel=1e-5)
    assert np.abs(np.delete(found, 6)).max() < 1e-5


@pytest.mark.parametrize("order", range(1, wavelets.MAX_ORDER + 1))
def test_daubechies_equals_pywavelets(order, x64):
    np.testing.assert_allclose(wavelets.daubechies(order=order), pywt.Wavelet(f"db{order}").rec_lo, atol=1e-8)


def test_daubechies_of_order_two_in_closed_form(x64):
    root = np.sqrt(3)
    expected = np.array([1 + root, 3 + root, 3 - root, 1 - root]) / (4 * np.sqrt(2))
    np.testing.assert_allclose(wavelets.daubechies(order=2), expected, rtol=1e-12)


@pytest.mark.parametrize(("order", "levels", "n"), [(1, 3, 8), (2, 1, 2), (4, 2, 16), (10, 1, 6)])
def test_transform_is_orthogonal_and_reconstructs(order, levels, n, x64):
    """Also where the filter is longer than the signal and wraps around it."""
    matrix = np.asarray(wavelets.analyze(jnp.eye(n), order=order, levels=levels)).T
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(n), atol=1e-7)
    inverse = np.asarray(wavelets.synthesize(jnp.eye(n), order=order, levels=levels)).T
    np.testing.assert_allclose(inverse, matrix.T, atol=1e-7)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=16, max_size=16), st.sampled_from([1, 3]))
def test_perfect_reconstruction_and_energy(values, order):
    x = jnp.array(values, jnp.float32)
    c = wavelets.analyze(x, order=order, levels=2)
    np.testing.assert_allclose(wavelets.synthesize(c, order=order, levels=2), x, atol=2e-3)
    np.testing.assert_allclose(jnp.sum(c**2), jnp.sum(x**2), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("order", [1, 2, 5])
def test_coefficients_are_those_of_pywavelets(order, x64):
    """Its windows start elsewhere, and details may have the other sign: equal after a shift."""
    x = np.random.default_rng(0).normal(size=32)
    for offset in (0, 1):
        ours = np.asarray(wavelets.analyze(jnp.asarray(np.roll(x, offset)), order=order))
        theirs = pywt.dwt(x, f"db{order}", mode="periodization")
        misfits = [
            min(np.abs(ours[:16] - np.roll(theirs[0], s)).max() for s in range(16)),
            min(np.abs(sign * ours[16:] - np.roll(theirs[1], s)).max() for s in range(16) for sign in (1, -1)),
        ]
        if max(misfits) < 1e-8:
            return
    raise AssertionError(f"no shift fits: {misfits}")


@pytest.mark.parametrize("order", [1, 2, 4])
def test_details_are_blind_to_polynomials(order, x64):
    x = jnp.linspace(-1.0, 1.0, 32)
    for degree in range(order):
        detail = np.asarray(wavelets.analyze(x**degree, order=order))[16:]
        assert np.abs(detail[: 16 - order]).max() < 1e-8  # windows that do not wrap around
    assert np.abs(np.asarray(wavelets.analyze(x**order, order=order))[16 : 32 - order]).max() > 1e-5


def test_haar_by_hand():
    x = jnp.array([4.0, 2.0, 5.0, 5.0])
    root = np.sqrt(2)
    np.testing.assert_allclose(wavelets.analyze(x), [6 / root, 10 / root, 2 / root, 0], atol=1e-6)


@pytest.mark.parametrize("order", [1, 3])
def test_images(key, order):
    x = jax.random.normal(key, (2, 8, 16))
    c = wavelets.analyze_image(x, order=order, levels=2)
    np.testing.assert_allclose(wavelets.synthesize_image(c, order=order, levels=2), x, atol=1e-5)
    np.testing.assert_allclose(jnp.sum(c**2), jnp.sum(x**2), rtol=1e-5)
    one = wavelets.analyze(wavelets.analyze(x, order=order).swapaxes(1, 2), order=order).swapaxes(1, 2)
    np.testing.assert_allclose(wavelets.analyze_image(x, order=order), one, atol=1e-5)


def test_haar_image_equals_pywavelets(key, x64):
    x = np.asarray(jax.random.normal(key, (8, 8)))
    mean, (horizontal, vertical, diagonal) = pywt.dwt2(x, "haar", mode="periodization")
    needed = np.block([[mean, vertical], [horizontal, diagonal]])
    np.testing.assert_allclose(wavelets.analyze_image(jnp.asarray(x)), needed, atol=1e-10)


def test_keep_largest():
    c = jnp.array([1.0, -3.0, 2.0, 3.0])
    np.testing.assert_array_equal(wavelets.keep_largest(c, n_kept=3), [0, -3, 2, 3])
    np.testing.assert_array_equal(wavelets.keep_largest(c, n_kept=0), np.zeros(4))
    np.testing.assert_array_equal(wavelets.keep_largest(c, n_kept=4), c)


def test_best_terms_leave_the_smallest_error(key):
    """No other choice of as many terms is better: the error is the energy of what was dropped."""
    x = jax.random.normal(key, (16,))
    c = wavelets.analyze(x, order=2, levels=2)
    rest = x - wavelets.synthesize(wavelets.keep_largest(c, n_kept=5), order=2, levels=2)
    np.testing.assert_allclose(jnp.sum(rest**2), np.sort(np.asarray(c) ** 2)[:11].sum(), rtol=1e-4)


@pytest.mark.parametrize("call", [wavelets.analyze, wavelets.synthesize])
def test_lengths_and_options_that_do_not_fit(call):
    with pytest.raises(ValueError, match=r"2 \*\* levels = 4 divides; found \(6,\)"):
        call(jnp.ones(6), levels=2)
    with pytest.raises(ValueError, match="order must be between 1 and 10; found 11"):
        call(jnp.ones(4), order=11)
    with pytest.raises(ValueError, match="levels must be between"):
        call(jnp.ones(4), levels=-1)


def test_images_and_signals_that_do_not_fit():
    with pytest.raises(ValueError, match=r"found \(4, 6\)"):
        wavelets.analyze_image(jnp.ones((4, 6)), levels=2)
    with pytest.raises(ValueError, match="length of x must be positive"):
        wavelets.fourier(jnp.ones(0))
    with pytest.raises(ValueError, match="length of coefficients must be positive"):
        wavelets.inverse_fourier(jnp.ones(0))
    with pytest.raises(ValueError, match="n_kept must be between 0 and 3"):
        wavelets.keep_largest(jnp.ones(3), n_kept=4)


def test_integers_mean_what_their_numbers_mean():
    x = np.arange(8, dtype=np.uint8).reshape(1, 8) * 30
    for transform in (wavelets.fourier, wavelets.analyze, wavelets.inverse_fourier, wavelets.synthesize):
        np.testing.assert_allclose(transform(x), transform(jnp.asarray(x, float)), rtol=1e-6)
        assert np.abs(transform(x)).max() > 100
