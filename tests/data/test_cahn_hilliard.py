from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.data import cahn_hilliard

COMPOSITION = jnp.array([0.3, 0.5, 0.65])


@pytest.fixture(scope="module")
def run():
    return cahn_hilliard.simulate(COMPOSITION, key=jax.random.key(1), size=32, n_times=6, steps=25)


def test_mass_is_conserved(run):
    mean = run.fields.mean((2, 3))
    np.testing.assert_allclose(mean, jnp.broadcast_to(COMPOSITION[:, None], mean.shape), atol=2e-6)


@pytest.mark.parametrize("step_size", [0.1, 1.0, 10.0])
def test_free_energy_falls(step_size):
    data = cahn_hilliard.simulate(
        COMPOSITION, key=jax.random.key(2), size=32, n_times=12, steps=5, step_size=step_size, noise=0.05
    )
    start = cahn_hilliard.free_energy(jnp.broadcast_to(COMPOSITION[:, None, None], (3, 32, 32)))
    energy = np.concatenate([1.1 * np.asarray(start)[:, None], data.energy], axis=1)
    assert (np.diff(energy, axis=1) < 0).all()


def test_phases_separate(run):
    last = np.asarray(run.fields[1, -1])
    assert ((last < 0.15) | (last > 0.85)).mean() > 0.6
    assert last.min() > -0.1
    assert last.max() < 1.1
    assert run.time.tolist() == [25.0, 50.0, 75.0, 100.0, 125.0, 150.0]


def test_energy_equals_finite_differences_of_a_wave():
    for size in (32, 33):
        column = np.arange(size)
        wave = 0.5 + 0.2 * np.cos(2 * np.pi * 3 * column / size)[None, :] * np.ones((size, 1))
        bulk = (wave**2 * (1 - wave) ** 2).sum()
        slope = 0.2 * 2 * np.pi * 3 / size * np.sin(2 * np.pi * 3 * column / size)
        gradient = 0.7 / 2 * size * (slope**2).sum()
        for field in (wave, wave.T):
            found = cahn_hilliard.free_energy(jnp.asarray(field, jnp.float32), kappa=0.7)
            assert float(found) == pytest.approx(bulk + gradient, rel=1e-5)
    checker = 0.5 + 0.1 * (-1.0) ** np.add.outer(np.arange(8), np.arange(8))  # the highest frequency of both axes
    expected = (checker**2 * (1 - checker) ** 2).sum() + 0.5 / 2 * 64 * 0.01 * 2 * np.pi**2
    assert float(cahn_hilliard.free_energy(jnp.asarray(checker, jnp.float32))) == pytest.approx(expected, rel=1e-5)


def test_a_step_goes_down_the_gradient_of_the_free_energy(x64):
    """Short steps follow dc/dt = laplacian of the derivative of F, taken by automatic differentiation."""
    options = {"size": 16, "n_times": 1, "steps": 1, "noise": 0.1}
    half = jnp.array([0.5])
    before = cahn_hilliard.simulate(half, key=jax.random.key(0), step_size=0.0, **options).fields[0, 0]
    after = cahn_hilliard.simulate(half, key=jax.random.key(0), step_size=1e-5, **options).fields[0, 0]
    potential = jax.grad(cahn_hilliard.free_energy)(before)
    square = (2 * np.pi) ** 2 * (np.fft.fftfreq(16)[:, None] ** 2 + np.fft.fftfreq(16) ** 2)
    flow = -np.fft.ifft2(square * np.fft.fft2(np.asarray(potential))).real
    np.testing.assert_allclose((after - before) / 1e-5, flow, atol=2e-3 * np.abs(flow).max())


def test_waves_grow_at_the_rate_of_linear_theory(x64):
    # about c = 1/2: rate k^2 (1 - kappa k^2), which the scheme takes in steps, partly implicit
    step, size = 0.01, 32
    options = {"size": size, "n_times": 2, "steps": 100, "step_size": step, "noise": 1e-4}
    fields = cahn_hilliard.simulate(jnp.array([0.5]), key=jax.random.key(0), **options).fields[0]
    spectrum = np.abs(np.fft.rfft2(fields, axes=(1, 2)))
    for number in (1, 3, 5, 8):
        square = (2 * np.pi * number / size) ** 2
        found = np.log(spectrum[1, 0, number] / spectrum[0, 0, number]) / (100 * step)
        rate = square * (1 - 0.5 * square)
        implicit = step * (cahn_hilliard.STABILIZER * square + 0.5 * square**2)
        assert found == pytest.approx(np.log1p(step * rate / (1 + implicit)) / step, rel=1e-3)
        assert found == pytest.approx(rate, rel=0.1)


def test_outside_the_spinodal_nothing_separates(key):
    data = cahn_hilliard.simulate(jnp.array([0.1, 0.9]), key=key, size=16, n_times=1, steps=100, noise=0.01)
    assert float(data.fields.std((2, 3)).max()) < 1e-3


def test_segmentation():
    data = cahn_hilliard.segmentation(key=jax.random.key(3), n_samples=12, size=32)
    assert data.images.shape == data.masks.shape == (12, 32, 32)
    assert set(np.unique(data.masks)) == {0, 1}
    assert ((data.fields > 0.5) == (data.masks == 1)).all()
    share = data.masks.mean((1, 2))
    assert 0.2 < float(share.min()) < float(share.max()) < 0.8
    guess = data.images > 0.5
    dice = 2 * (guess & (data.masks == 1)).sum() / (guess.sum() + data.masks.sum())
    assert 0.6 < float(dice) < 0.9, "a threshold must neither fail nor do"
    residual = data.images - 0.5 - 0.4 * (data.fields - 0.5)
    assert float(residual.mean()) == pytest.approx(0.0, abs=0.01)
    assert float(residual.std()) == pytest.approx(np.sqrt(0.2**2 + 0.3**2 / 12), rel=0.05)


def test_the_key_decides_and_vmap():
    keys = jnp.stack([jax.random.key(1), jax.random.key(2)])
    options = {"size": 8, "n_times": 1, "steps": 2}
    both = jax.vmap(lambda k: cahn_hilliard.simulate(COMPOSITION, key=k, **options).fields)(keys)
    one = cahn_hilliard.simulate(COMPOSITION, key=keys[1], **options).fields
    np.testing.assert_allclose(both[1], one, atol=1e-6)
    assert (both[0] != one).any()


def test_double_precision(x64):
    data = cahn_hilliard.simulate(jnp.array([0.5]), key=jax.random.key(1), size=8, n_times=1, steps=1)
    assert {array.dtype for array in data} == {jnp.dtype("float64")}


def test_errors(key, unchecked):
    with pytest.raises(ValueError, match="composition must have 1 axes"):
        cahn_hilliard.simulate(jnp.array(0.5), key=key)
    with pytest.raises(ValueError, match="size must be at least 4"):
        cahn_hilliard.simulate(COMPOSITION, key=key, size=3)
    with pytest.raises(ValueError, match="n_times and steps must be at least 1; found 0 and 5"):
        cahn_hilliard.simulate(COMPOSITION, key=key, n_times=0, steps=5)
    with pytest.raises(ValueError, match="n_samples must be at least 1"):
        cahn_hilliard.segmentation(key=key, n_samples=0)
    for simulations in ((), (18,), (1, 1)):
        with pytest.raises(ValueError, match="simulations must be different numbers from 0 to 17"):
            cahn_hilliard.load(key=key, simulations=simulations)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"noise": 0.6}, "the steps are not stable: lower noise or step_size; found 0.6 and 1.0"),
        ({"noise": -0.1}, "noise must be finite and at least 0"),
        ({"noise": jnp.nan}, "noise must be a number; found nan"),
        ({"step_size": -1.0}, "step_size must be finite and at least 0"),
        ({"kappa": -0.1}, "kappa must be finite and at least 0"),
        ({"composition": jnp.array([0.5, 1.2])}, r"composition must be finite .* at most 1.0; found 1.2"),
    ],
)
@pytest.mark.parametrize("steps", [1, 25])
def test_what_is_not_stable_or_not_physical(key, options, message, steps):
    options = {"composition": jnp.array([0.5, 0.4])} | options
    run = partial(cahn_hilliard.simulate, key=key, size=16, n_times=2, steps=steps)
    with pytest.raises(ValueError, match=f"^{message}"):
        run(**options)
    found = jax.jit(run)(**options)
    sound = [True, False] if "composition" in message else [False, False]
    assert np.isfinite(found.energy).all(axis=1).tolist() == sound
    assert np.isfinite(found.fields).all(axis=(1, 2, 3)).tolist() == sound


def test_much_noise_is_told_and_shorter_steps_help():
    options = {"key": jax.random.key(0), "size": 32, "n_times": 2, "noise": 0.4}
    with pytest.raises(ValueError, match="lower noise or step_size"):
        cahn_hilliard.simulate(COMPOSITION, steps=25, **options)
    assert np.isfinite(cahn_hilliard.simulate(COMPOSITION, steps=250, step_size=0.1, **options).energy).all()


def test_photographs_and_energies_have_ranges(key, unchecked):
    for name, value in (("noise", -0.1), ("contrast", jnp.inf), ("shading", jnp.nan)):
        make = partial(cahn_hilliard.segmentation, key=key, n_samples=1, size=8)
        with pytest.raises(ValueError, match=f"^{name} must be (finite|a number; found nan)"):
            make(**{name: value})
        assert np.isnan(jax.jit(make)(**{name: value}).images).all()
    with pytest.raises(ValueError, match="kappa must be finite"):
        cahn_hilliard.free_energy(jnp.ones((4, 4)), kappa=-1.0)
    with pytest.raises(ValueError, match="fields must be square"):
        cahn_hilliard.free_energy(jnp.ones((4, 5)))
