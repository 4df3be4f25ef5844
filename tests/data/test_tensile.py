import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.data import tensile

TEMPERATURE = jnp.array([20.0, 300.0, 600.0])


@pytest.fixture(scope="module")
def measured():
    return tensile.simulate(TEMPERATURE, key=jax.random.key(3), n_points=350)


def test_modulus_is_the_slope_of_the_elastic_part(measured):
    for row, temperature in enumerate(TEMPERATURE):
        expected = float(tensile.youngs_modulus(temperature))
        yield_strain = float(tensile.yield_stress(temperature)) / expected
        elastic = np.asarray(measured.strain[row]) < yield_strain
        strain, stress = np.asarray(measured.strain[row])[elastic], np.asarray(measured.stress[row])[elastic]
        assert strain @ stress / (strain @ strain) == pytest.approx(expected, rel=0.03)


def test_published_values_of_structural_steel():
    # at ambient temperature by definition; at 600 °C about half of both is left
    assert float(tensile.youngs_modulus(20.0)) == pytest.approx(206e3)
    assert float(tensile.yield_stress(20.0)) == pytest.approx(345.0)
    assert 0.4 < float(tensile.yield_stress(600.0)) / 345 < 0.55
    assert 0.5 < float(tensile.youngs_modulus(600.0)) / 206e3 < 0.75


def test_strength_and_stiffness_fall_with_temperature():
    temperature = jnp.linspace(20.0, 800.0, 40)
    assert (jnp.diff(tensile.yield_stress(temperature)) < 0).all()
    assert (jnp.diff(tensile.youngs_modulus(temperature)) < 0).all()
    assert (jnp.diff(tensile.stress(0.02, temperature)) < 0).all()


def test_curve_rises_and_is_continuous_at_the_yield_point():
    strain = jnp.linspace(0.0, 0.02, 4001)
    for temperature in (20.0, 400.0):
        curve = tensile.stress(strain, temperature)
        assert (jnp.diff(curve) > 0).all()
    at = tensile.yield_stress(20.0) / tensile.youngs_modulus(20.0)
    both = tensile.stress(at * jnp.array([1 - 1e-6, 1 + 1e-6]), 20.0)
    np.testing.assert_allclose(both, 345.0, rtol=1e-2)


def test_gradient_is_the_modulus_before_and_finite_at_the_yield_point():
    slope = jax.grad(tensile.stress)
    assert float(slope(0.0005, 20.0)) == pytest.approx(206e3, rel=1e-5)
    assert float(slope(-0.0005, 20.0)) == pytest.approx(206e3, rel=1e-5)
    assert np.isfinite(slope(tensile.yield_stress(20.0) / tensile.youngs_modulus(20.0), 20.0))


def test_noise_has_the_stated_size(measured):
    residual = measured.stress - tensile.stress(measured.strain, TEMPERATURE[:, None])
    assert float(residual.std()) == pytest.approx(3.0, rel=0.1)
    assert float(jnp.abs(residual.mean())) < 0.5


def test_without_noise_the_curve_is_exact(key):
    data = tensile.simulate(TEMPERATURE, key=key, stress_noise=0.0)
    np.testing.assert_allclose(data.stress, tensile.stress(data.strain, TEMPERATURE[:, None]), rtol=1e-6)


def test_scatter_and_strain_noise(key):
    data = tensile.simulate(TEMPERATURE, key=key, stress_noise=0.0, scatter=0.05, strain_noise=1e-4)
    assert float((data.strain - jnp.linspace(0, 0.02, 350)).std()) == pytest.approx(1e-4, rel=0.1)
    residual = data.stress - tensile.stress(jnp.linspace(0, 0.02, 350), TEMPERATURE[:, None])
    assert 5.0 < float(residual[0, 100:].std()) < 50.0


def test_the_key_decides(measured):
    again = tensile.simulate(TEMPERATURE, key=jax.random.key(3))
    other = tensile.simulate(TEMPERATURE, key=jax.random.key(4))
    assert (again.stress == measured.stress).all()
    assert (other.stress != measured.stress).any()


def test_vmap_over_keys(measured):
    keys = jnp.stack([jax.random.key(3), jax.random.key(4)])
    both = jax.vmap(lambda k: tensile.simulate(TEMPERATURE, key=k))(keys)
    np.testing.assert_allclose(both.stress[0], measured.stress, rtol=1e-5)


def test_double_precision(x64):
    data = tensile.simulate(jnp.array([20.0]), key=jax.random.key(3), n_points=5)
    assert {a.dtype for a in data} == {jnp.dtype("float64")}


def test_errors(key, unchecked):
    with pytest.raises(ValueError, match="n_points must be at least 2; found 1"):
        tensile.simulate(TEMPERATURE, key=key, n_points=1)
    with pytest.raises(ValueError, match="temperature must have 1 axes"):
        tensile.simulate(jnp.array(20.0), key=key)


STEEL = tensile.Steel


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda value: tensile.youngs_modulus(value), "temperature"),
        (lambda value: tensile.yield_stress(value), "temperature"),
        (lambda value: tensile.stress(0.001, value), "temperature"),
        (lambda value: tensile.stress(value * jnp.inf, 20.0), "strain"),
        (lambda value: tensile.youngs_modulus(20.0, steel=STEEL(youngs_modulus=value)), "youngs_modulus"),
        (lambda value: tensile.stress(0.1, 20.0, steel=STEEL(yield_stress=value)), "yield_stress"),
        (lambda value: tensile.stress(0.1, 20.0, steel=STEEL(hardening_exponent=value)), "hardening_exponent"),
    ],
)
@pytest.mark.parametrize("value", [-300.0, jnp.nan])
def test_numbers_out_of_range(call, name, value):
    with pytest.raises(ValueError, match=f"^{name} must be finite"):
        call(value)
    assert np.isnan(jax.jit(call)(value))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_strain", 0.0),
        ("stress_noise", -1.0),
        ("strain_noise", -1.0),
        ("scatter", 0.5),
        ("scatter", -0.1),
        ("temperature", jnp.array([2000.0])),
        ("temperature", jnp.array([-274.0])),
    ],
)
def test_options_out_of_range(key, name, value):
    def run(value):
        return tensile.simulate(**{"temperature": TEMPERATURE[:1], "key": key, "n_points": 5, name: value})

    with pytest.raises(ValueError, match=f"^{name} must be finite"):
        run(value)
    found = jax.jit(run)(value)
    assert np.isnan(found.stress).all() or np.isnan(found.strain).all()
