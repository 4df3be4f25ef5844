import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.data import alloys

PURE = np.array([[0.0, 0, 0, 0, 0, 50, 1, 0]], np.float32)


def with_(**values):
    x = PURE.copy()
    for name, value in values.items():
        x[0, alloys.FEATURES.index(name)] = value
    return jnp.asarray(x)


@pytest.fixture(scope="module")
def drawn():
    return alloys.simulate(key=jax.random.key(1), n_samples=2000)


def test_known_alloys():
    # handbook: annealed copper 33 to 70 MPa and 58 to 59.6 MS/m; cold-worked copper above 300 MPa
    assert 33 < float(alloys.strength(jnp.asarray(PURE))[0]) < 70
    assert float(alloys.conductivity(jnp.asarray(PURE))[0]) == pytest.approx(59.5, abs=0.2)
    assert 280 < float(alloys.strength(with_(cold_work=1.0))[0]) < 420
    # tin bronze of 3 at.% has about 15 % IACS, 9 MS/m
    assert float(alloys.conductivity(with_(Sn=3.0))[0]) == pytest.approx(9.5, abs=1.5)


GRADES = {  # zinc in percent by weight, published conductivity of annealed metal in % IACS
    "C11000": (0.0, 101.0),
    "C21000": (5.0, 56.0),
    "C22000": (10.0, 44.0),
    "C23000": (15.0, 37.0),
    "C24000": (20.0, 32.0),
    "C26000": (30.0, 28.0),
    "C27000": (35.0, 27.0),
}


@pytest.mark.parametrize("grade", GRADES)
def test_conductivity_of_copper_and_brass_is_the_published_one(grade):
    weight, published = GRADES[grade]
    zinc = weight / 65.38
    x = with_(Zn=100 * zinc / (zinc + (100 - weight) / 63.546))
    assert float(alloys.conductivity(x)[0]) / 0.58 == pytest.approx(published, rel=0.05)


IMPOSSIBLE = {
    "Zn in x": with_(Zn=-1.0),
    "Cr in x": with_(Cr=-0.1),
    "grain_size in x": with_(grain_size=0.0),
    "aging_time in x": with_(aging_time=-1.0),
    "cold_work in x": with_(cold_work=jnp.nan),
    "copper in x": with_(Zn=40.0, Ni=20.0),
}


@pytest.mark.parametrize("function", [alloys.strength, alloys.conductivity, alloys.precipitates])
@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_alloys_that_are_not_possible(function, name):
    x = jnp.concatenate([with_(), IMPOSSIBLE[name]])
    with pytest.raises(ValueError, match=f"^{name} must be finite and "):
        function(x)
    for found in jax.tree.leaves(jax.jit(function)(x)):
        assert np.isnan(found).tolist() == [False, True]
    np.testing.assert_allclose(jax.jit(function)(with_(Cr=0.3)), function(with_(Cr=0.3)), rtol=1e-6)


def test_noise_has_a_range(key):
    for scatter in (-1.0, 6.0, jnp.nan):
        expected = "finite and at least 0.0 and at most 5.0; found" if scatter == scatter else "a number; found nan"
        with pytest.raises(ValueError, match=f"scatter must be {expected}"):
            alloys.simulate(key=key, n_samples=2, scatter=scatter)
        drawn = jax.jit(lambda s: alloys.simulate(key=key, n_samples=2, scatter=s))(scatter)
        assert np.isnan(drawn.strength).all()
    with pytest.raises(ValueError, match="relative must be finite and at least 0"):
        alloys.noise(jnp.ones(2), relative=-1.0)


@pytest.mark.parametrize("name", ["Zn", "Ni", "Al", "Sn"])
def test_solutes_strengthen_and_cost_conductivity(name):
    amounts = [with_(**{name: c}) for c in (0.0, 1.0, 2.0, 4.0)]
    assert np.all(np.diff([float(alloys.strength(x)[0]) for x in amounts]) > 1)
    assert np.all(np.diff([float(alloys.conductivity(x)[0]) for x in amounts]) < 0)


def test_one_solute_follows_the_power_two_thirds():
    one, eight = (float(alloys.strength(with_(Sn=c))[0] - alloys.strength(with_())[0]) for c in (0.5, 4.0))
    assert eight / one == pytest.approx(4, rel=1e-4)


def test_hall_petch():
    size = np.array([5.0, 20, 45, 80])
    value = [float(alloys.strength(with_(grain_size=d))[0]) for d in size]
    slope = np.polyfit(1 / np.sqrt(size * 1e-6), value, 1)[0]
    assert slope == pytest.approx(alloys.HALL_PETCH, rel=1e-3)


def test_aging_peaks_in_strength_and_restores_conductivity():
    time = np.geomspace(0.01, 100, 40)
    strength = [float(alloys.strength(with_(Cr=0.6, aging_time=t))[0]) for t in time]
    peak = int(np.argmax(strength))
    assert 0.3 < time[peak] < 30
    assert strength[peak] > strength[0] + 60
    assert strength[-1] < strength[peak] - 20
    conducting = [float(alloys.conductivity(with_(Cr=0.6, aging_time=t))[0]) for t in time]
    assert np.all(np.diff(conducting) >= 0)
    assert conducting[-1] > 2 * conducting[0]


def test_chromium_is_conserved(drawn):
    state = alloys.precipitates(drawn.x)
    np.testing.assert_allclose(state.dissolved + 100 * state.fraction, drawn.x[:, 4], atol=1e-5)


def test_noise_is_heteroscedastic(drawn):
    truth = np.asarray(alloys.strength(drawn.x))
    standard = (np.asarray(drawn.strength) - truth) / np.asarray(alloys.noise(jnp.asarray(truth)))
    assert abs(standard.mean()) < 0.1
    assert standard.std() == pytest.approx(1, abs=0.06)
    strong = truth > np.median(truth)
    error = np.asarray(drawn.strength) - truth
    assert error[strong].std() > 1.3 * error[~strong].std()
    exact = alloys.simulate(key=jax.random.key(1), n_samples=2000, scatter=0.0)
    np.testing.assert_allclose(exact.strength, truth, rtol=1e-6)


def test_the_region_left_out(drawn):
    def inside(x):
        return (x[:, 0] > alloys.HELD_OUT[0]) & (x[:, 1] > alloys.HELD_OUT[1])

    assert not inside(drawn.x).any()
    assert inside(alloys.simulate(key=jax.random.key(1), n_samples=2000, region="held_out").x).all()
    share = float(inside(alloys.simulate(key=jax.random.key(1), n_samples=2000, region="all").x).mean())
    assert share == pytest.approx(8 / 20 * 7 / 15, abs=0.03)
    zinc_rich = np.asarray(drawn.x[:, 0]) > alloys.HELD_OUT[0]  # uniform over the rest: 8 x 8 of 12 x 15 + 8 x 8
    assert zinc_rich.mean() == pytest.approx(64 / 244, abs=0.03)
    assert np.all((np.asarray(drawn.x) >= np.array(alloys.LOW)) & (np.asarray(drawn.x) <= np.array(alloys.HIGH)))


def test_gradients_are_finite(drawn):
    x = jnp.concatenate([drawn.x[:20], with_()])
    for function in (alloys.strength, alloys.conductivity):
        assert np.isfinite(jax.grad(lambda x, f=function: f(x).sum())(x)).all()


def test_errors(unchecked):
    with pytest.raises(ValueError, match="8 columns"):
        alloys.strength(jnp.ones((2, 7)))
    with pytest.raises(ValueError, match="region must be one of"):
        alloys.simulate(key=jax.random.key(0), region="brass")
    with pytest.raises(ValueError, match="n_samples must be positive"):
        alloys.simulate(key=jax.random.key(0), n_samples=0)
    with pytest.raises(ValueError, match="source must be one of"):
        alloys.load(key=jax.random.key(0), source="real")
