import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.signal

from mfml.physics import differences, dimensions, fourier, orientations, sobolev
from mfml.regression import ols

RNG = np.random.default_rng(13)
SI = [  # kg, m, s, K of: diffusivity, time, length, temperature, its change
    [0, 0, 0, 0, 0],
    [2, 0, 1, 0, 0],
    [-1, 1, 0, 0, 0],
    [0, 0, 0, 1, 1],
]


@pytest.mark.parametrize("n", [7, 8])
def test_spectrum_is_the_sum_of_definition_and_keeps_parseval(x64, n):
    y, t = RNG.normal(size=n), np.arange(n)
    found = fourier.spectrum(y, spacing=0.5)
    for k in range(n // 2 + 1):
        wave = np.sum(y * np.exp(-2j * np.pi * k * t / n)) / n
        sides = 1 if k in (0, n / 2) else 2
        np.testing.assert_allclose(abs(found.amplitude[k]), sides * abs(wave), atol=1e-12)
        np.testing.assert_allclose(found.frequencies[k], k / (n * 0.5), rtol=1e-14)
    np.testing.assert_allclose(np.sum(found.power), np.mean(y**2), rtol=1e-12)
    np.testing.assert_allclose(found.amplitude[0], y.mean(), atol=1e-14)


@pytest.mark.parametrize("window", ["hann", "hamming", "blackman"])
def test_spectrum_equals_scipy(x64, window):
    y = RNG.normal(size=16) + 3
    found = fourier.spectrum(y, spacing=1e-9, window=window)
    frequencies, power = scipy.signal.periodogram(y, fs=1e9, window=window, scaling="spectrum")
    _, density = scipy.signal.periodogram(y, fs=1e9, window=window)
    np.testing.assert_allclose(found.frequencies, frequencies, rtol=1e-12)
    sides = np.where(np.arange(9) % 8 == 0, 1, 2)
    np.testing.assert_allclose(found.amplitude[1:], np.sqrt(power * sides)[1:], rtol=1e-9)
    np.testing.assert_allclose(found.power[1:], density[1:] * frequencies[1], rtol=1e-9)


def test_a_wave_between_two_frequencies_leaks_less_through_a_window():
    y = np.cos(2 * np.pi * 10.5 * np.arange(64) / 64)
    plain, hann = (fourier.spectrum(y, window=window).amplitude[20:] for window in ("none", "hann"))
    assert hann.max() < 0.02 * plain.max()


def test_features_are_least_squares_of_waves(x64):
    y, t = RNG.normal(size=(2, 9)), 2 * np.pi * np.arange(9) / 9
    waves = [np.ones(9)] + [f(k * t) for k in (1, 2, 3) for f in (np.cos, np.sin)]
    expected = np.linalg.lstsq(np.stack(waves, axis=1), y.T, rcond=None)[0].T
    np.testing.assert_allclose(fourier.features(y, n_modes=3), expected, atol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_fft_derivative_of_waves_is_exact_in_any_unit(x64, order):
    length, n = 3e-9, 12
    t = 2 * np.pi * np.arange(n) / n
    y = 1e-19 * (2 + np.sin(t) - 0.5 * np.cos(3 * t))
    turns = np.pi / 2 * order
    expected = 1e-19 * (2 * np.pi / length) ** order * (np.sin(t + turns) - 0.5 * 3**order * np.cos(3 * t + turns))
    np.testing.assert_allclose(
        fourier.derivative(y, length=length, order=order), expected, atol=1e-9 * abs(expected).max()
    )


def test_the_mode_at_half_the_sampling_rate_has_no_slope_but_a_curvature(x64):
    y = (-1.0) ** np.arange(8)
    np.testing.assert_allclose(fourier.derivative(y, length=8.0), 0, atol=1e-14)
    np.testing.assert_allclose(fourier.derivative(y, length=8.0, order=2), -(np.pi**2) * y, rtol=1e-12)
    np.testing.assert_allclose(fourier.derivative(y, length=8.0, order=0), y)
    twice = fourier.derivative(fourier.derivative(RNG.normal(size=7), length=8.0), length=8.0)
    assert twice.shape == (7,)


def test_two_derivatives_are_the_second_for_odd_numbers_of_samples(x64):
    y = RNG.normal(size=(2, 9))
    once = fourier.derivative(y, length=2.0)
    np.testing.assert_allclose(
        fourier.derivative(once, length=2.0), fourier.derivative(y, length=2.0, order=2), atol=1e-9
    )
    np.testing.assert_allclose(once.sum(axis=1), 0, atol=1e-12)


def test_gradient_equals_numpy_and_is_exact_for_parabolas(x64):
    x, y = np.cumsum(RNG.uniform(0.2, 1, 9)), RNG.normal(size=9)
    np.testing.assert_allclose(differences.gradient(y, x), np.gradient(y, x, edge_order=2), rtol=1e-10)
    np.testing.assert_allclose(differences.gradient(x**2, x), 2 * x, rtol=1e-10)
    np.testing.assert_allclose(differences.gradient(y[::-1], x[::-1]), differences.gradient(y, x)[::-1], rtol=1e-10)


@pytest.mark.parametrize(("window", "degree", "order"), [(7, 3, 0), (7, 3, 1), (5, 4, 2), (5, 2, 3), (1, 0, 0)])
def test_savitzky_golay_equals_scipy(x64, window, degree, order):
    y = RNG.normal(size=12)
    expected = scipy.signal.savgol_filter(y, window, degree, deriv=order, delta=1e-3, mode="interp")
    found = differences.savitzky_golay(y, window=window, degree=degree, order=order, spacing=1e-3)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9 * max(1, abs(expected).max()))


def test_local_polynomials_derive_a_noisy_curve_better_than_differences():
    x = np.linspace(0, 2 * np.pi, 200)
    y = np.sin(x) + 0.01 * RNG.normal(size=200)
    direct = differences.gradient(y, x) - np.cos(x)
    smooth = differences.savitzky_golay(y, window=31, degree=3, order=1, spacing=x[1]) - np.cos(x)
    assert np.std(smooth) < 0.1 * np.std(direct)


def powers(x):
    return x[0] ** jnp.arange(4)


def test_slopes_determine_what_values_alone_do_not(x64):
    """Two samples of a cubic with their slopes fix its four coefficients (Hermite's interpolation)."""
    coef, x = np.array([1.0, -2.0, 0.5, 3.0]), np.array([[0.0], [1.0]])
    cubic = np.polynomial.Polynomial(coef)
    made = sobolev.enrich(powers, x, cubic(x[:, 0]), cubic.deriv()(x), scale=0.3)
    np.testing.assert_allclose(ols.fit(made.design, made.y, fit_intercept=False).coef, coef, rtol=1e-9)


def test_rows_add_up_to_the_risk(x64):
    x, y, slopes, w = (RNG.normal(size=shape) for shape in ((5, 2), 5, (5, 2), 4))
    scale = np.array([0.5, 2.0])

    def basis(x):
        return jnp.array([1.0, x[0], x[1] ** 2, jnp.sin(x[0] * x[1])])

    made = sobolev.enrich(basis, x, y, slopes, scale=scale)
    risk = sobolev.risk(lambda x: basis(x) @ w, x, y, slopes, scale=scale)
    np.testing.assert_allclose(np.sum((made.design @ w - made.y) ** 2) / 5, risk, rtol=1e-12)
    by_hand = 0.0
    for (a, b), value, (along_a, along_b) in zip(x, y, slopes, strict=True):
        c = np.cos(a * b)
        f = w @ [1, a, b**2, np.sin(a * b)]
        by_hand += (f - value) ** 2 + (0.5 * (w[1] + w[3] * b * c - along_a)) ** 2
        by_hand += (2 * (2 * w[2] * b + w[3] * a * c - along_b)) ** 2
    np.testing.assert_allclose(risk, by_hand / 5, rtol=1e-12)


@pytest.mark.parametrize(
    ("exponents", "expected"),
    [
        ([[1, 0, 0, 1], [-3, 1, 1, -1], [0, -1, 0, -1]], [[1, 1, 1, -1]]),  # Reynolds: density, velocity, length, ...
        (SI, [[1, 1, -2, 0, 0], [0, 0, 0, 1, -1]]),  # Fourier, and a ratio of temperatures
        ([[1, 1, 0, 0], [-1, -1, 1, 0.5]], [[1, -1, 0, 0], [0, 0, 1, -2]]),  # strengths, grain size, its root
        ([[1, 0], [0, 1]], np.zeros((0, 2))),
        ([[0, 0]], [[1, 0], [0, 1]]),
        ([[6, 4, 9]], [[2, -3, 0], [3, 0, -2]]),
    ],
)
def test_groups_of_known_problems(exponents, expected):
    np.testing.assert_array_equal(dimensions.groups(exponents), expected)


def test_groups_are_the_null_space():
    for _ in range(5):
        exponents = RNG.integers(-3, 4, size=(3, 6))
        exponents[2] = exponents[0] - exponents[1]  # a base unit that depends on others
        found = np.asarray(dimensions.groups(exponents))
        assert len(found) == 6 - np.linalg.matrix_rank(exponents) == np.linalg.matrix_rank(found)
        np.testing.assert_array_equal(exponents @ found.T, 0)
        assert (np.gcd.reduce(found, axis=1) == 1).all()


@pytest.mark.parametrize("broken", [np.nan, np.inf, np.pi])
def test_exponents_that_are_no_fractions_are_refused(broken):
    with pytest.raises(ValueError, match="exponents must be fractions"):
        dimensions.groups([[1.0, broken]])


def test_groups_keep_their_value_in_other_units_and_in_single_precision():
    values = np.abs(RNG.normal(size=(4, 5))) * [1e-20, 3600, 1e-9, 900, 50]
    exponents = dimensions.groups(SI)
    expected = np.exp(np.log(values) @ np.asarray(exponents).T)
    found = dimensions.dimensionless(values.astype(np.float32), exponents)
    np.testing.assert_allclose(found, expected, rtol=3e-6)
    units = np.prod(np.array([1e3, 1e-7, 3.0, 1.8])[:, None] ** np.array(SI), axis=0)
    np.testing.assert_allclose(dimensions.dimensionless(values * units, exponents), expected, rtol=3e-6)


def test_groups_of_extreme_negative_and_missing_quantities():
    found = dimensions.dimensionless([[1e-30, 1e-30], [-2.0, 4.0], [0.0, 2.0]], [[2, -2], [1, 0.25], [0, 1]])
    np.testing.assert_allclose(found, [[1, 10**-37.5, 1e-30], [0.25, -(2**1.5), 4], [0, 0, 2]], rtol=1e-5)
    assert np.isnan(dimensions.dimensionless([-1.0], [[0.5]])).all()
    assert np.isinf(dimensions.dimensionless([0.0], [[-1]])).all()
    assert np.isnan(dimensions.dimensionless([np.nan, 1.0], [[1, 1]])).all()


def test_average_over_orientations_is_invariant():
    images = jnp.asarray(RNG.normal(size=(3, 4, 4)).astype(np.float32))
    weight = jnp.asarray(RNG.normal(size=(16, 2)).astype(np.float32))

    def function(images):
        return jnp.tanh(images.reshape(-1, 16) @ weight)

    found = orientations.average(function, images)
    for turned in orientations.all_of(images):
        np.testing.assert_allclose(orientations.average(function, turned), found, atol=1e-6)
    assert np.abs(function(images) - found).max() > 0.1
    assert len(np.unique(np.asarray(orientations.all_of(images)).reshape(8, -1), axis=0)) == 8


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: fourier.spectrum([1.0, 2.0], window="box"), "window"),
        (lambda: fourier.spectrum([]), "y must have samples"),
        (lambda: fourier.derivative([1.0, 2.0], length=0.0), "length must be positive"),
        (lambda: fourier.derivative([1.0, 2.0], length=1.0, order=-1), "order"),
        (lambda: fourier.features([1.0, 2.0], n_modes=1), "n_modes"),
        (lambda: differences.gradient([1.0, 2.0], [0.0, 1.0]), "at least 3"),
        (lambda: differences.savitzky_golay([1.0, 2.0], window=2, degree=1), "window"),
        (lambda: differences.savitzky_golay([1.0, 2.0, 3.0], window=3, degree=3), "degree"),
        (lambda: jax.jit(dimensions.groups)(jnp.eye(2)), "outside of jit"),
        (lambda: orientations.average(jnp.sum, jnp.ones((1, 2, 2))), "function must return"),
        (lambda: sobolev.risk(powers, [[1.0]], [1.0], [[1.0]], scale=1.0), "must return a number"),
    ],
)
def test_what_cannot_be_done_is_refused(call, match):
    with pytest.raises(ValueError, match=match):
        call()
