"""Inverse design, judged by the physics of the data: alloys, microstructures, spectra."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import nnls

from mfml.data import alloys, cahn_hilliard, spectra
from mfml.generative import design, simplex, two_point, vae


@pytest.fixture(scope="module")
def data():
    return alloys.simulate(key=jax.random.key(0), n_samples=2000)


@pytest.fixture(scope="module")
def model(data):
    return design.fit(data.x, data.strength, key=jax.random.key(1), n_layers=3, hidden=(32,), n_steps=400)


def test_log_ratios_and_compositions_are_inverse(key):
    parts = jax.random.dirichlet(key, jnp.ones(4), (50,))
    z = simplex.log_ratios(parts)
    np.testing.assert_allclose(z, np.log(np.asarray(parts[:, :-1]) / np.asarray(parts[:, -1:])), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(simplex.composition(z), parts, atol=1e-6)
    np.testing.assert_allclose(simplex.log_ratios(1e18 * parts), z, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size", [1.0, 1e4, 1e30])
def test_any_numbers_make_a_composition(key, size):
    parts = simplex.composition(size * jax.random.normal(key, (100, 5)))
    assert (parts >= 0).all()
    np.testing.assert_allclose(parts.sum(axis=1), 1, rtol=1e-6)


def test_absent_parts_are_drawn_below_the_limit_and_come_back_as_zero(key):
    parts = jnp.tile(jnp.array([[0.3, 0.0, 0.7, 0.0]]), (500, 1))
    made = simplex.present(parts, key=key, limit=1e-2)
    drawn = made[:, jnp.array([1, 3])]
    assert 1e-3 <= drawn.min() < 1.2e-3 and 9e-3 < drawn.max() <= 1e-2
    assert (made[:, 0] == parts[:, 0]).all()  # the largest part gives what they need
    np.testing.assert_allclose(made.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(simplex.absent(made, limit=1e-2), parts, atol=1e-7)
    with pytest.raises(ValueError, match="parts must not be negative"):
        simplex.log_ratios(jnp.array([[-0.1, 1.1]]))


def test_coordinates_and_recipes_are_inverse_up_to_what_is_absent(data, key):
    z = design.coordinates(data.x, key=key)
    assert np.isfinite(z).all()
    back = design.recipes(z)
    assert (back[:, :5] >= 0).all()
    absent = data.x[:, :5] < 100 * design.LIMIT
    assert (back[:, :5] == 0)[np.asarray(data.x[:, :5] == 0)].mean() > 0.99
    np.testing.assert_allclose(back[:, :5][~absent], data.x[:, :5][~absent], rtol=1e-3)
    np.testing.assert_allclose(back[:, 5:], data.x[:, 5:], rtol=0.01, atol=2e-3)
    change = np.abs(alloys.strength(back) / alloys.strength(data.x) - 1)
    assert np.quantile(change, 0.99) < 0.01 and change.max() < 0.1  # cold work next to its bound counts as on it


@pytest.mark.parametrize("size", [1.0, 30.0, 1e4, 1e30])
def test_any_numbers_make_a_possible_recipe(key, size):
    made = design.recipes(size * jax.random.normal(key, (2000, 8)))
    strength = alloys.strength(made)  # refuses what is not possible
    assert np.isfinite(strength).all() and np.isfinite(alloys.conductivity(made)).all()
    assert (made[:, :5].sum(axis=1) <= 50).all()
    assert (made[:, 5:] >= jnp.array(alloys.LOW[5:]) * 0.999).all()
    assert (made[:, 5:] <= jnp.array(alloys.HIGH[5:]) * 1.001).all()


@pytest.mark.parametrize("target", [250.0, 350.0, 450.0])
def test_proposals_hit_their_target_far_more_often_than_chance(data, model, target):
    proposed = design.propose(model, target, key=jax.random.key(2), n_samples=400)
    found, chance = design.judge(proposed, target), design.judge(data.x, target)
    np.testing.assert_allclose(found.property, alloys.strength(proposed))
    np.testing.assert_allclose(found.error, np.abs(found.property - target) / target, rtol=1e-6)
    assert found.hits == np.mean(found.error <= 0.1)
    assert found.hits > 0.6 and found.hits > 1.4 * chance.hits
    assert np.median(found.error) < 0.5 * np.median(chance.error)
    assert found.familiar > 0.8 and chance.familiar == 1
    spread = jnp.std(proposed, axis=0) / jnp.std(data.x, axis=0)
    assert (spread > 0.05).all()  # many different recipes


def test_recipes_that_are_not_possible_are_refused(data, key, unchecked):
    x = data.x[:3].at[0, 0].set(60.0)
    with pytest.raises(ValueError, match="copper in x"):
        design.coordinates(x, key=key)
    with pytest.raises(ValueError, match="copper in x"):
        design.judge(x, 300.0)
    with pytest.raises(ValueError, match="target must be positive"):
        design.judge(data.x, 0.0)
    with pytest.raises(ValueError, match="kind must be one of 'strength', 'conductivity'"):
        design.judge(data.x, 300.0, kind="beauty")
    with pytest.raises(ValueError, match="z must have 8 columns"):
        design.recipes(jnp.zeros((2, 7)))
    traced = jax.jit(lambda x: design.coordinates(x, key=key))(x)
    assert np.isnan(traced[0]).all() and np.isfinite(traced[1:]).all()
    assert np.isnan(jax.jit(lambda x: design.judge(x, 300.0))(x).hits)
    half = data.x[:1].at[0, :5].set(jnp.array([20.0, 15.0, 8.0, 7.0, 0.0]))
    assert np.isfinite(design.coordinates(half, key=key)).all()


def by_hand(image, periodic):
    """Mean product of all pairs with each shift, pixel by pixel."""
    h, w = image.shape
    found = np.zeros((h, w))
    for i in range(h):
        for j in range(w):
            down, right = (size if 2 * size < n else size - n for size, n in ((i, h), (j, w)))
            if periodic:
                found[i, j] = np.mean(image * np.roll(image, (-down, -right), (0, 1)))
            else:
                pairs = [
                    image[x, y] * image[x + down, y + right]
                    for x in range(h)
                    for y in range(w)
                    if 0 <= x + down < h and 0 <= y + right < w
                ]
                found[i, j] = np.mean(pairs)
    return found


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("shape", [(6, 7), (1, 4)])
def test_two_point_function_is_the_mean_over_pairs(periodic, shape):
    images = np.random.default_rng(0).normal(size=(3, *shape))
    found = two_point.correlation(jnp.asarray(images, jnp.float32), periodic=periodic)
    np.testing.assert_allclose(found, [by_hand(image, periodic) for image in images], atol=1e-5)


def test_checkerboards_and_noise_have_their_closed_forms(key):
    board = (jnp.indices((8, 8)).sum(axis=0) % 2).astype(float)
    found = two_point.correlation(board[None])[0]
    np.testing.assert_allclose(found, (1 - board) / 2, atol=1e-6)  # 1/2 at even shifts, 0 at odd ones
    noise = jax.random.bernoulli(key, 0.3, (400, 16, 16)).astype(float)
    radial = two_point.radial(two_point.correlation(noise)).value.mean(axis=0)
    np.testing.assert_allclose(radial, [0.3] + 8 * [0.09], atol=0.004)
    stripes = jnp.zeros((8, 8)).at[::2].set(1.0)
    np.testing.assert_allclose(two_point.correlation(stripes[None])[0], 0.5 * stripes, atol=1e-6)


@pytest.mark.parametrize("periodic", [True, False])
def test_two_point_functions_keep_their_digits_beside_a_large_mean(key, periodic):
    rest = jnp.round(64 * jax.random.normal(key, (4, 16, 16))) / 64
    far = two_point.correlation(rest + 4096.0, periodic=periodic)
    np.testing.assert_allclose(far, [by_hand(np.asarray(i, float) + 4096, periodic) for i in rest], rtol=5e-7)
    assert two_point.difference(rest * 1e18, rest * 1e18) == 0
    np.testing.assert_allclose(
        two_point.difference(1e18 * rest[:2], 1e18 * rest[2:]), two_point.difference(rest[:2], rest[2:]), rtol=1e-4
    )


def test_generated_microstructures_have_the_two_point_statistics_of_the_data(key):
    fields = cahn_hilliard.simulate(jnp.full(700, 0.5), key=key, size=16, n_times=1, steps=100).fields[:, 0]
    phases = (fields > 0.5).astype(float)
    train, test = phases[:500].reshape(500, 256), phases[500:]
    start = vae.init_dense(train, key=key, n_components=32, hidden=(64,), kind="bernoulli")
    fitted = vae.fit(train, key=key, init=start, batch_size=100, n_steps=400)

    def made(model):
        likely = vae.decode(model, jax.random.normal(jax.random.key(4), (200, 32)))
        return (likely.reshape(200, 16, 16) > 0.5).astype(float)

    noise = jax.random.bernoulli(key, 0.5, (200, 16, 16)).astype(float)
    judged = {
        name: two_point.difference(images, test)
        for name, images in {
            "data": phases[:200],
            "fitted": made(fitted),
            "untrained": made(start),
            "noise": noise,
        }.items()
    }
    assert judged["data"] < 0.02 and judged["noise"] > 0.2
    assert judged["fitted"] < 0.08 and judged["fitted"] < judged["untrained"] / 2


def test_generated_spectra_are_not_negative_and_are_mixtures_of_the_phases(key):
    measured = spectra.simulate(key=key, n_samples=500, n_channels=100, counts=1000.0)
    counts = jnp.round(1000 * measured.intensity)
    models = {}
    for kind in ("poisson", "gaussian"):
        start = vae.init_dense(counts, key=key, n_components=2, hidden=(64,), kind=kind)
        options = {"learning_rate": 0.01, "batch_size": 100, "n_steps": 500}
        models[kind] = vae.fit(counts, key=key, init=start, beta=100.0, **options)
    assert (vae.sample(models["gaussian"], key=key, n_samples=100) < 0).mean() > 0.1
    model = models["poisson"]
    assert (vae.decode(model, 1e4 * jax.random.normal(key, (100, 2))) >= 0).all()  # by construction
    drawn = vae.sample(model, key=key, n_samples=100)
    assert (drawn >= 0).all() and (drawn == jnp.round(drawn)).all()
    pure = 1000 * np.asarray(measured.components, float).T
    left = [nnls(pure, np.asarray(row, float)) for row in drawn]
    residual = np.array([rest for _, rest in left]) / np.linalg.norm(np.asarray(drawn), axis=1)
    assert np.median(residual) < 0.08  # that of the data, which is nothing but noise, is 0.03
    np.testing.assert_allclose(np.median([shares.sum() for shares, _ in left]), 1, atol=0.1)
