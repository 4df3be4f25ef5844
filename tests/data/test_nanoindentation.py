from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.data import nanoindentation

HARDNESS = jnp.array([0.9, 2.0, 3.2, 20.0])
MODULUS = jnp.array([110.0, 200.0, 290.0, 280.0])


@pytest.mark.parametrize("exponent", [1.25, 1.5, 2.0])
@pytest.mark.parametrize("max_load", [0.5, 50.0])
def test_oliver_pharr_recovers_what_the_simulator_was_given(key, exponent, max_load):
    curves = nanoindentation.simulate(HARDNESS, MODULUS, key=key, noise=0.0, exponent=exponent, max_load=max_load)
    found = nanoindentation.oliver_pharr(curves.displacement, curves.load)
    np.testing.assert_allclose(found.hardness, HARDNESS, rtol=3e-3)
    np.testing.assert_allclose(found.reduced_modulus, MODULUS, rtol=5e-3)
    np.testing.assert_allclose(found.exponent, exponent, rtol=5e-3)


def test_recovery_is_exact_in_double_precision(x64):
    curves = nanoindentation.simulate(jnp.array([2.0]), jnp.array([200.0]), key=jax.random.key(0), noise=0.0)
    found = nanoindentation.oliver_pharr(curves.displacement, curves.load)
    assert float(found.hardness[0]) == pytest.approx(2.0, rel=1e-4)
    assert float(found.reduced_modulus[0]) == pytest.approx(200.0, rel=1e-3)
    assert {array.dtype for array in (*curves, *found)} == {jnp.dtype("float64")}


def test_recovery_with_noise_has_no_bias(key):
    n = 300
    curves = nanoindentation.simulate(jnp.full(n, 2.0), jnp.full(n, 200.0), key=key, noise=0.3)
    found = nanoindentation.oliver_pharr(curves.displacement, curves.load)
    assert float(found.hardness.mean()) == pytest.approx(2.0, rel=0.01)
    assert float(found.reduced_modulus.mean()) == pytest.approx(200.0, rel=0.02)
    assert float(found.reduced_modulus.std()) < 0.1 * 200


def test_curves_obey_the_definitions(key):
    curves = nanoindentation.simulate(HARDNESS, MODULUS, key=key, noise=0.0, n_points=400)
    load, depth = np.asarray(curves.load, float), np.asarray(curves.displacement, float)
    assert (load.argmax(axis=1) == 199).all()
    assert load.max() == pytest.approx(5.0)
    np.testing.assert_allclose(depth[:, 0], 0.0, atol=1e-5)
    np.testing.assert_allclose(depth[:, 199], depth[:, 200], rtol=1e-6)
    np.testing.assert_allclose(
        load[:, 1:200] / depth[:, 1:200] ** 2, (5.0 / depth[:, 199] ** 2)[:, None] * np.ones(199), rtol=1e-4
    )
    slope = (load[:, 200] - load[:, 201]) / (depth[:, 200] - depth[:, 201])
    contact = depth[:, 199] - 0.75 * 5.0 / slope
    np.testing.assert_allclose(5.0 / (24.5 * contact**2) * 1e6, HARDNESS, rtol=0.01)
    reduced = np.sqrt(np.pi) / 2 * slope / np.sqrt(24.5 * contact**2) * 1e6
    np.testing.assert_allclose(reduced, MODULUS, rtol=0.01)
    assert (depth[:, -1] > 0).all(), "a mark stays"


def test_harder_is_shallower_and_stiffer_springs_back_less(key):
    soft, hard, stiff = (
        nanoindentation.simulate(jnp.array([h]), jnp.array([e]), key=key, noise=0.0).displacement[0]
        for h, e in ((1.0, 100.0), (2.0, 100.0), (1.0, 200.0))
    )
    assert float(hard.max()) < float(soft.max())
    assert float(stiff[-1] / stiff.max()) > float(soft[-1] / soft.max())


def test_published_moduli():
    # fused silica, the usual standard: E = 72 GPa, nu = 0.17, reduced modulus 69.6 GPa
    assert float(nanoindentation.reduced_modulus(72.0, poisson=0.17)) == pytest.approx(69.6, abs=0.2)
    both = nanoindentation.youngs_modulus(nanoindentation.reduced_modulus(MODULUS, poisson=0.2), poisson=0.2)
    np.testing.assert_allclose(both, MODULUS, rtol=1e-5)


def test_specimens_resemble_the_real_ones():
    data, _ = nanoindentation.load(key=jax.random.key(0), source="simulated")
    assert jnp.bincount(data.specimen).tolist() == [30, 513, 364, 31]
    for number, (hardness, modulus) in enumerate([(0.91, 118.8), (1.70, 188.6), (2.21, 250.5), (3.21, 371.2)]):
        mine = np.asarray(data.specimen) == number
        assert float(data.hardness[mine].mean()) == pytest.approx(hardness, rel=0.15)
        assert float(data.modulus[mine].mean()) == pytest.approx(modulus, rel=0.15)


def test_the_key_decides_and_vmap():
    keys = jnp.stack([jax.random.key(1), jax.random.key(2)])
    both = jax.vmap(lambda k: nanoindentation.simulate(HARDNESS, MODULUS, key=k).displacement)(keys)
    one = nanoindentation.simulate(HARDNESS, MODULUS, key=keys[1]).displacement
    np.testing.assert_allclose(both[1], one, rtol=1e-5)
    assert (both[0] != one).any()


def test_errors(key, unchecked):
    with pytest.raises(ValueError, match="hardness must have 1 axes"):
        nanoindentation.simulate(jnp.array(1.0), jnp.array(100.0), key=key)
    with pytest.raises(ValueError, match="hardness and reduced_modulus must have the same shape"):
        nanoindentation.simulate(jnp.ones(2), jnp.ones(3), key=key)
    for n_points in (21, 18):
        with pytest.raises(ValueError, match=f"n_points must be even and at least 20; found {n_points}"):
            nanoindentation.simulate(HARDNESS, MODULUS, key=key, n_points=n_points)
    with pytest.raises(ValueError, match="displacement must have 2 axes"):
        nanoindentation.oliver_pharr(jnp.ones(4), jnp.ones(4))
    with pytest.raises(ValueError, match="displacement and load must have the same shape"):
        nanoindentation.oliver_pharr(jnp.ones((1, 4)), jnp.ones((1, 5)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hardness": jnp.array([1.0, 60.0])}, r"depth of the mark, by hardness, .* at least 0.0; found \[-"),
        ({"hardness": jnp.array([1.0, -1.0])}, "hardness must be finite and above 0"),
        ({"reduced_modulus": jnp.array([100.0, jnp.nan])}, "reduced_modulus must be finite"),
        ({"exponent": 2.5}, "exponent must be finite and at least 1.0 and at most 2.0"),
        ({"max_load": 0.0}, "max_load must be finite and above 0"),
        ({"noise": -1.0}, "noise must be finite and at least 0"),
    ],
)
def test_indents_that_are_not_possible(key, options, message):
    properties = {"hardness": jnp.array([1.0, 2.0]), "reduced_modulus": jnp.array([100.0, 110.0])}
    run = partial(nanoindentation.simulate, key=key, n_points=20)
    with pytest.raises(ValueError, match=f"^{message}"):
        run(**properties | options)
    sound = np.isfinite(jax.jit(run)(**properties | options).displacement).all(axis=1)
    assert sound.tolist() == ([True, False] if set(options) & set(properties) else [False, False])


def test_the_hardest_possible_specimen_leaves_no_mark(key):
    for exponent in (1.0, 1.5, 2.0):
        hardest = 2 / np.sqrt(24.5 * np.pi) / (exponent - 0.75) * 100.0
        run = partial(nanoindentation.simulate, key=key, exponent=exponent, noise=0.0)
        left = run(jnp.array([0.999 * hardest]), jnp.array([100.0])).displacement
        assert 0 < float(left[0, -1]) < 0.01 * float(left.max())
        with pytest.raises(ValueError, match="depth of the mark"):
            run(jnp.array([1.001 * hardest]), jnp.array([100.0]))


def test_moduli_have_ranges():
    for function, value in (
        (nanoindentation.reduced_modulus, -119.0),
        (nanoindentation.youngs_modulus, 1200.0),
        (nanoindentation.youngs_modulus, 0.0),
    ):
        with pytest.raises(ValueError, match="must be finite and above 0"):
            function(value)
        with pytest.raises(ValueError, match="poisson must be finite"):
            function(100.0, poisson=0.6)
        assert np.isnan(jax.jit(function)(value))


def test_curves_that_are_none_have_no_properties(key):
    curves = nanoindentation.simulate(jnp.full(3, 2.0), jnp.full(3, 200.0), key=key, noise=0.0)
    load = curves.load * jnp.array([1.0, -1.0, 1.0])[:, None]
    depth = curves.displacement.at[2, 100:].set(curves.displacement[2, 100:][::-1])  # deeper as the load falls
    for found in nanoindentation.oliver_pharr(depth, load):
        assert np.isnan(found).tolist() == [False, True, True]
