import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ellipk

from mfml.data import ising


@pytest.fixture(scope="module")
def equilibrium():
    """Many 32x32 lattices at each of four temperatures away from the critical one."""
    temperature = jnp.repeat(jnp.array([1.5, 2.0, 2.8, 3.5]), 64)
    return ising.simulate(temperature, key=jax.random.key(1), size=32, n_sweeps=500)


def by_temperature(values):
    return np.asarray(values).reshape(4, 64)


def test_energy_is_onsagers(equilibrium):
    energy = by_temperature(equilibrium.energy)
    error = energy.std(axis=1) / 8
    expected = np.asarray(ising.onsager_energy(jnp.array([1.5, 2.0, 2.8, 3.5])))
    assert (np.abs(energy.mean(axis=1) - expected) < 4 * error).all()
    assert (error < 0.01).all(), "the test must be able to fail"


def test_magnetization_is_onsagers(equilibrium):
    size = np.abs(by_temperature(equilibrium.magnetization))
    error = size.std(axis=1) / 8
    expected = np.asarray(ising.onsager_magnetization(jnp.array([1.5, 2.0, 2.8, 3.5])))
    assert (np.abs(size.mean(axis=1) - expected)[:2] < 4 * error[:2]).all()
    assert (error[:2] < 0.005).all()
    mean = by_temperature(equilibrium.magnetization)[2:].mean(axis=1)
    assert (np.abs(mean) < 4 * by_temperature(equilibrium.magnetization)[2:].std(axis=1) / 8).all()


def test_after_a_quench_domains_remain(key):
    temperature = jnp.full(64, 1.0)
    quenched = ising.simulate(temperature, key=key, size=32, n_sweeps=20, init="quench")
    assert float(jnp.abs(quenched.magnetization).mean()) < 0.7
    assert -2.0 < float(quenched.energy.mean()) < -1.8
    later = ising.simulate(temperature, key=key, size=32, n_sweeps=200, init="quench")
    assert float(later.energy.mean()) < float(quenched.energy.mean()) - 0.02, "domains grow"


def test_small_lattices_follow_boltzmann(key):
    # all 65536 states of a 4x4 lattice
    states = 2 * ((np.arange(2**16)[:, None] >> np.arange(16)) & 1).reshape(-1, 4, 4) - 1
    energy = -sum((states * np.roll(states, 1, axis)).sum((1, 2)) for axis in (1, 2)) / 16
    for temperature in (2.0, 4.0):
        weights = np.exp(-16 * (energy + 2) / temperature)
        weights /= weights.sum()
        found = ising.simulate(jnp.full(5000, temperature), key=key, size=4, n_sweeps=60).energy
        mean, deviation = weights @ energy, np.sqrt(weights @ energy**2 - (weights @ energy) ** 2)
        assert float(found.mean()) == pytest.approx(mean, abs=4 * deviation / np.sqrt(5000))
        assert float(found.std()) == pytest.approx(deviation, rel=0.06)


def test_closed_forms():
    temperature = np.array([0.5, 1.0, 2.0, 2.2, 2.4, 3.0, 10.0])
    beta = 1 / temperature
    modulus = 2 * np.sinh(2 * beta) / np.cosh(2 * beta) ** 2
    energy = -(1 + 2 / np.pi * (2 * np.tanh(2 * beta) ** 2 - 1) * ellipk(modulus**2)) / np.tanh(2 * beta)
    np.testing.assert_allclose(ising.onsager_energy(temperature), energy, atol=1e-5)
    assert float(ising.onsager_energy(ising.CRITICAL)) == pytest.approx(-np.sqrt(2), abs=1e-5)
    assert float(ising.onsager_magnetization(ising.CRITICAL - 1e-4)) < 0.35
    assert float(ising.onsager_magnetization(ising.CRITICAL + 1e-4)) == 0.0
    assert np.isfinite(jax.vmap(jax.grad(ising.onsager_magnetization))(jnp.asarray(temperature, jnp.float32))).all()
    assert pytest.approx(2 / np.log(1 + np.sqrt(2))) == ising.CRITICAL

    def free_energy(b):  # Onsager's integral; its slope in beta is the energy
        def inner(angle):
            k = 2 * np.sinh(2 * b) / np.cosh(2 * b) ** 2
            return np.log((1 + np.sqrt(1 - k**2 * np.sin(angle) ** 2)) / 2)

        return -np.log(2 * np.cosh(2 * b)) - quad(inner, 0, np.pi)[0] / (2 * np.pi)

    for b, expected in zip(beta[1:4], energy[1:4], strict=True):
        assert (free_energy(b + 1e-4) - free_energy(b - 1e-4)) / 2e-4 == pytest.approx(expected, abs=1e-4)


def test_labels_and_observables(equilibrium):
    assert (equilibrium.above == (equilibrium.temperature > 2.2692)).all()
    spins = np.asarray(equilibrium.spins)
    assert set(np.unique(spins)) == {-1.0, 1.0}
    bonds = sum((spins * np.roll(spins, 1, axis)).sum((1, 2)) for axis in (1, 2))
    np.testing.assert_allclose(equilibrium.energy, -bonds / 32**2, atol=1e-5)
    np.testing.assert_allclose(equilibrium.magnetization, spins.mean((1, 2)), atol=1e-6)


def test_a_sweep_equals_one_by_hand(key):
    """One sweep, spin by spin, with the same random numbers."""
    size, temperature = 6, jnp.array([2.0, 3.0, 0.5])
    start = np.asarray(ising.simulate(temperature, key=key, size=size, n_sweeps=0).spins)
    _, for_seeds = jax.random.split(key)
    seeds = jax.random.bits(for_seeds, (2, size, size // 2, 3), jnp.uint32)
    expected = start.copy()
    for color in (0, 1):
        drawn = np.asarray(ising._random(seeds[color], jnp.array(0))).astype(float) / 2**32
        for lattice in range(3):
            for i in range(size):
                for j in range(size // 2):
                    k = 2 * j + (i + color) % 2
                    s = expected[lattice]
                    around = s[(i + 1) % size, k] + s[i - 1, k] + s[i, (k + 1) % size] + s[i, k - 1]
                    rise = 2 * s[i, k] * around
                    if rise <= 0 or drawn[i, j, lattice] < np.exp(-rise / float(temperature[lattice])):
                        s[i, k] *= -1
    np.testing.assert_array_equal(ising.simulate(temperature, key=key, size=size, n_sweeps=1).spins, expected)


def test_random_numbers_are_uniform_and_independent(key):
    seeds = jax.random.bits(key, (16, 8, 64), jnp.uint32)
    drawn = np.stack([np.asarray(ising._random(seeds, jnp.array(n))) for n in range(64)]) / 2.0**32
    assert drawn.mean() == pytest.approx(0.5, abs=0.002)
    assert np.histogram(drawn, 16, (0, 1))[0].std() < 4 * np.sqrt(drawn.size / 16)
    centered = drawn - 0.5
    for axis in range(4):
        neighbors = (centered * np.roll(centered, 1, axis)).mean() * 12
        assert abs(neighbors) < 4 / np.sqrt(drawn.size)


def test_the_key_decides_and_vmap():
    temperature = jnp.array([2.5, 3.0])
    keys = jnp.stack([jax.random.key(1), jax.random.key(2)])
    both = jax.vmap(lambda k: ising.simulate(temperature, key=k, size=6, n_sweeps=1).spins)(keys)
    one = ising.simulate(temperature, key=keys[1], size=6, n_sweeps=1).spins
    assert (both[1] == one).all()
    assert (both[0] != one).any()


def test_extreme_temperatures(key):
    data = ising.simulate(jnp.array([1e-30, 1e-6, 1e9]), key=key, size=6, n_sweeps=20)
    assert jnp.abs(data.magnetization[:2]).tolist() == [1.0, 1.0]
    assert abs(float(data.energy[2])) < 1.0


def test_double_precision(x64):
    data = ising.simulate(jnp.array([2.0]), key=jax.random.key(1), size=4, n_sweeps=1)
    assert {array.dtype for array in data[:4]} == {jnp.dtype("float64")}
    assert ising.onsager_energy(2.0).dtype == jnp.float64


@pytest.mark.parametrize(
    ("temperature", "options", "message"),
    [
        (jnp.ones(2), {"size": 7}, "size must be even and at least 4; found 7"),
        (jnp.ones(2), {"size": 2}, "size must be even and at least 4; found 2"),
        (jnp.array([1.0, -1.0]), {}, r"^temperature must be finite and above 0.0; found \[-1.\]"),
        (jnp.zeros(1), {}, "^temperature must be finite and above"),
        (jnp.array([jnp.nan]), {}, "^temperature must be finite"),
        (jnp.array([jnp.inf]), {}, "^temperature must be finite"),
        (jnp.ones(2), {"size": 0}, "size must be even"),
        (jnp.ones(2), {"n_sweeps": -1}, "n_sweeps must not be negative"),
        (jnp.ones(2), {"init": "cold"}, "init must be one of 'equilibrium', 'quench'; found 'cold'"),
        (jnp.ones(0), {}, "at least one value"),
        (jnp.ones(()), {}, "temperature must have 1 axes"),
    ],
)
def test_errors(key, unchecked, temperature, options, message):
    with pytest.raises(ValueError, match=message):
        ising.simulate(temperature, key=key, **options)
    with pytest.raises(ValueError, match="size must be one of"):
        ising.load(key=key, size=32)


@pytest.mark.parametrize("function", [ising.onsager_energy, ising.onsager_magnetization])
@pytest.mark.parametrize("temperature", [-1.0, 0.0, jnp.nan, jnp.inf])
def test_temperatures_that_do_not_exist(function, temperature):
    with pytest.raises(ValueError, match=r"^temperature must be finite and above"):
        function(jnp.array([1.0, temperature]))
    assert np.isnan(jax.jit(function)(jnp.array([1.0, temperature]))).tolist() == [False, True]


def test_a_traced_temperature_that_does_not_exist_gives_no_lattice(key):
    run = jax.jit(lambda t: ising.simulate(t, key=key, size=4, n_sweeps=1))
    found = run(jnp.array([1.0, -1.0, 0.0, jnp.nan]))
    for array in (found.spins, found.magnetization, found.energy):
        assert np.isnan(array).reshape(4, -1).all(axis=1).tolist() == [False, True, True, True]
    np.testing.assert_array_equal(
        run(jnp.ones(1)).spins, ising.simulate(jnp.ones(1), key=key, size=4, n_sweeps=1).spins
    )


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (5, 2, 4), (3,)])
def test_lattices_without_two_pairs_of_neighbors_have_no_energy(shape, unchecked):
    with pytest.raises(ValueError, match="lattices must be at least 3x3"):
        ising.observe(jnp.ones(shape))
