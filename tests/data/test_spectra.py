from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.data import spectra


@pytest.fixture(scope="module")
def clean():
    return spectra.simulate(key=jax.random.key(1), counts=None)


@pytest.fixture(scope="module")
def noisy():
    return spectra.simulate(key=jax.random.key(1))


def test_spectra_are_mixtures_of_the_components(clean):
    np.testing.assert_allclose(clean.intensity, clean.abundances @ clean.components, atol=1e-6)
    assert np.linalg.matrix_rank(np.asarray(clean.intensity), tol=1e-3) == 3


def test_nothing_is_negative_and_shares_sum_to_one(clean, noisy):
    for data in (clean, noisy):
        assert all((array >= 0).all() for array in data)
        np.testing.assert_allclose(data.abundances.sum(axis=1), 1.0, rtol=1e-5)
        np.testing.assert_allclose(data.components.max(axis=1), 1.0)


def test_lines_stand_where_the_literature_has_them():
    # powder diffraction file cards 04-0787 (Al), 04-0836 (Cu), 06-0696 (Fe), 27-1402 (Si); copper K-alpha 1
    known = {
        "Al": [38.47, 44.74, 65.13, 78.23, 82.44],
        "Cu": [43.30, 50.43, 74.13, 89.93],
        "Fe": [44.67, 65.02, 82.33],
        "Si": [28.44, 47.30, 56.12, 69.13, 76.38, 88.03, 94.95],
    }
    for phase, angles in known.items():
        found = np.unique([round(line.angle, 2) for line in spectra.lines(phase)])  # (511) and (333) coincide
        np.testing.assert_allclose(found, angles, atol=0.06)


def test_strongest_lines_have_about_their_published_heights():
    # measured heights of the same cards, in percent; the one Gaussian for all scattering is good to about 15
    known = {"Al": [100, 47, 22, 24], "Cu": [100, 46, 20, 17], "Fe": [100, 20, 30], "Si": [100, 55, 30]}
    for phase, expected in known.items():
        areas = np.array([line.area for line in spectra.lines(phase)])[: len(expected)]
        np.testing.assert_allclose(100 * areas / areas.max(), expected, atol=15)


def test_pattern_peaks_at_its_lines_with_the_stated_width():
    angle = jnp.linspace(60.0, 70.0, 4001)
    values = np.asarray(spectra.pattern("Fe", angle))
    (line,) = [line for line in spectra.lines("Fe") if 60 < line.angle < 70]
    assert float(angle[values.argmax()]) == pytest.approx(line.angle, abs=0.01)
    above = np.asarray(angle)[values > 0.5]
    assert np.ptp(above) == pytest.approx(line.width, rel=0.05)


def test_noise_is_that_of_counting(clean, noisy):
    counts, expected = 1000 * np.asarray(noisy.intensity), 1000 * np.asarray(clean.intensity)
    assert np.abs(counts - counts.round()).max() < 1e-2
    often = expected > 20
    assert np.mean((counts - expected)[often] ** 2 / expected[often]) == pytest.approx(1.0, rel=0.1)


def test_the_key_decides(noisy):
    assert (spectra.simulate(key=jax.random.key(1)).intensity == noisy.intensity).all()
    assert (spectra.simulate(key=jax.random.key(2)).intensity != noisy.intensity).any()


def test_vmap_over_keys(clean):
    keys = jnp.stack([jax.random.key(1), jax.random.key(2)])
    both = jax.vmap(lambda k: spectra.simulate(key=k, counts=None))(keys)
    np.testing.assert_allclose(both.intensity[0], clean.intensity, atol=1e-6)


def test_small_concentration_gives_purer_samples(clean, key):
    purer = spectra.simulate(key=key, counts=None, concentration=0.1)
    assert purer.abundances.max(axis=1).mean() > clean.abundances.max(axis=1).mean() + 0.1


def test_other_phases_and_sizes(key):
    data = spectra.simulate(key=key, phases=("W", "Ni"), n_samples=1, n_channels=50, counts=None)
    assert [array.shape for array in data] == [(1, 50), (2, 50), (1, 2), (50,)]


def test_double_precision(x64):
    data = spectra.simulate(key=jax.random.key(1), n_samples=2, n_channels=20)
    assert {a.dtype for a in data} == {jnp.dtype("float64")}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"phases": ()}, "at least one phase"),
        ({"phases": ("Al", "Al")}, "must differ"),
        ({"phases": ("Unobtainium",)}, "phase must be one of"),
        ({"n_samples": 0}, "n_samples must be at least 1"),
        ({"n_channels": 1}, "n_channels must be at least 2"),
    ],
)
def test_errors(key, options, message):
    with pytest.raises(ValueError, match=message):
        spectra.simulate(key=key, **options)


@pytest.mark.parametrize("counts", [-1.0, 0.0, jnp.nan, 1e12])
def test_counts_have_a_range(key, counts):
    make = partial(spectra.simulate, key=key, n_samples=2, n_channels=20)
    with pytest.raises(ValueError, match=r"^counts must be (finite and above 0|a number; found nan)"):
        make(counts=counts)
    found = jax.jit(make)(counts=counts)
    assert np.isnan(found.intensity).all()
    np.testing.assert_allclose(jax.jit(make)(counts=50.0).intensity, make(counts=50.0).intensity, rtol=1e-6)


def test_lines_are_known_up_to_the_end_of_the_detector():
    angle = jnp.array([44.7, 95.0, 96.0, -1.0])
    with pytest.raises(ValueError, match=r"^angle must be finite .* at most 95.0; found"):
        spectra.pattern("Fe", angle)
    found = jax.jit(lambda angle: spectra.pattern("Fe", angle))(angle)
    assert np.isnan(found).tolist() == [False, False, True, True]
    np.testing.assert_allclose(found[:2], spectra.pattern("Fe", angle[:2]), rtol=1e-5)
