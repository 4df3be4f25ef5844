"""GANs: losses and steps equal the definitions, training learns a density, and collapse is diagnosed."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mfml.generative import adversarial, fidelity, gan, two_moons
from mfml.iteration import Status
from mfml.networks import mlp


@pytest.fixture
def moons(key):
    return two_moons.sample(key=key, n_samples=2000)


def test_losses_are_those_of_the_table():
    real, made = np.array([2.0, -1.0, 0.3]), np.array([-3.0, 1.5])

    def softplus(t):
        return np.log1p(np.exp(t))

    expected = {
        "non_saturating": (softplus(-real).mean() + softplus(made).mean(), softplus(-made).mean()),
        "least_squares": (((real - 1) ** 2).mean() / 2 + (made**2).mean() / 2, ((made - 1) ** 2).mean() / 2),
        "hinge": (np.maximum(0, 1 - real).mean() + np.maximum(0, 1 + made).mean(), -made.mean()),
    }
    assert set(expected) == set(adversarial.KINDS)
    for kind, (first, second) in expected.items():
        found = adversarial.discriminator_loss(jnp.asarray(real), jnp.asarray(made), kind=kind)
        np.testing.assert_allclose(found, first, rtol=1e-6)
        np.testing.assert_allclose(adversarial.generator_loss(jnp.asarray(made), kind=kind), second, rtol=1e-6)


def test_losses_stay_finite_and_the_generator_always_has_a_slope():
    sure = jnp.array([-1e4])
    for kind in adversarial.KINDS:
        assert np.isfinite(adversarial.discriminator_loss(sure, -sure, kind=kind))
        assert jax.grad(lambda s, kind=kind: adversarial.generator_loss(s, kind=kind))(sure)[0] <= -1


def test_the_penalty_is_half_the_squared_slope(key):
    network = mlp.init(key=key, sizes=(3, 8, 1))
    x = jax.random.normal(key, (5, 3))
    h = 1e-3
    slopes = [
        (adversarial.scores(network, x + h * e) - adversarial.scores(network, x - h * e)) / (2 * h) for e in jnp.eye(3)
    ]
    expected = 0.5 * np.mean(np.sum(np.square(slopes), axis=0))
    np.testing.assert_allclose(adversarial.gradient_penalty(network, x), expected, rtol=1e-2)


def test_a_step_improves_the_discriminator_first_and_the_generator_against_the_new_one(moons, key):
    model = gan.init(moons, key=key, hidden=(8,))
    x = (moons[:16] - model.x_shift) / model.x_scale
    state, first, second = gan.step(gan.start(model), x, key=key, penalty=0.5, learning_rate=0.01)
    a, b = jax.random.split(key)
    made = mlp.apply(model.generator, jax.random.normal(a, (16, 2)))

    def loss(discriminator, generator=None):
        if generator is not None:
            made_new = mlp.apply(generator, jax.random.normal(b, (16, 2)))
            return adversarial.generator_loss(adversarial.scores(discriminator, made_new))
        scores = (adversarial.scores(discriminator, part) for part in (x, made))
        return adversarial.discriminator_loss(*scores) + 0.5 * adversarial.gradient_penalty(discriminator, x)

    adam = optax.adam(0.01, b1=gan.MOMENTUM)
    np.testing.assert_allclose(first, loss(model.discriminator), rtol=1e-5)
    slope = jax.grad(loss)(model.discriminator)
    updates, _ = adam.update(slope, adam.init(model.discriminator))
    discriminator = optax.apply_updates(model.discriminator, updates)
    np.testing.assert_allclose(second, loss(discriminator, model.generator), rtol=1e-5)
    slope = jax.grad(lambda generator: loss(discriminator, generator))(model.generator)
    updates, _ = adam.update(slope, adam.init(model.generator))
    for found, needed in zip(
        jax.tree.leaves((state.discriminator, state.generator)),
        jax.tree.leaves((discriminator, optax.apply_updates(model.generator, updates))),
        strict=True,
    ):
        np.testing.assert_allclose(found, needed, atol=1e-3)


@pytest.mark.parametrize("kind", adversarial.KINDS)
def test_training_learns_two_moons_without_collapse(moons, key, kind):
    start = gan.init(moons, key=key, hidden=(32, 32))
    model = gan.fit(moons, key=key, init=start, kind=kind, batch_size=128, n_steps=2000)
    assert model.status == Status.FINISHED and model.history.shape == model.generator_history.shape == (2000,)
    assert not model.converged
    target = two_moons.sample(key=jax.random.fold_in(key, 1), n_samples=400)
    found = fidelity.diagnose(gan.sample(model, key=key, n_samples=400), target)
    assert not found.collapsed and found.precision > 0.6
    np.testing.assert_allclose(found.diversity, 1, atol=0.2)
    before = fidelity.diagnose(gan.sample(start, key=key, n_samples=400), target)
    assert before.collapsed and found.coverage > before.coverage + 0.1


@pytest.fixture
def ring(key):
    """Eight narrow clouds on a circle, the classic case of collapse."""
    angle = 2 * np.pi * jnp.arange(8) / 8
    centers = jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=1)
    a, b = jax.random.split(key)
    return centers[jax.random.randint(a, (2000,), 0, 8)] + 0.05 * jax.random.normal(b, (2000, 2))


def test_a_generator_that_training_with_a_large_rate_lets_collapse_is_diagnosed(ring, key):
    start = gan.init(ring, key=key, hidden=(16,))
    model = gan.fit(ring, key=key, init=start, penalty=0.0, learning_rate=0.05, batch_size=128, n_steps=600)
    found = fidelity.diagnose(gan.sample(model, key=key, n_samples=400), ring[:400])
    assert found.collapsed and found.coverage < 0.4


def test_collapse_onto_some_of_the_modes_is_diagnosed_and_other_samples_are_not(ring, key):
    target, others = ring[:400], ring[400:800]
    half_of_modes = others[(others[:, 0] > 0.5)]
    one_point = jnp.zeros((400, 2)) + target[0] + 1e-3 * jax.random.normal(key, (400, 2))
    shrunk = 0.1 * others
    found = {
        name: fidelity.diagnose(made, target)
        for name, made in {"data": others, "modes": half_of_modes, "point": one_point, "shrunk": shrunk}.items()
    }
    assert {name: bool(each.collapsed) for name, each in found.items()} == {
        "data": False,
        "modes": True,
        "point": True,
        "shrunk": True,
    }
    assert found["data"].coverage > 0.9 * found["data"].expected_coverage
    assert found["modes"].precision > 0.9 and found["modes"].diversity > 0.3  # good samples, of few kinds
    assert found["point"].diversity < 0.01
    assert found["shrunk"].precision < 0.1


@pytest.mark.parametrize(("shift", "unit"), [(0.0, 1e-18), (0.0, 1e18), (65536.0, 1.0)])
def test_training_knows_no_unit_and_no_origin(key, shift, unit):
    half = jnp.round(64 * jax.random.normal(key, (20, 2))) / 64
    x = jnp.concatenate([half, -half])
    runs = []
    for data in (x, x * unit + shift):
        model = gan.fit(data, key=key, init=gan.init(data, key=key, hidden=(4,)), n_steps=3)
        runs.append((gan.sample(model, key=key, n_samples=5), model.history))
    np.testing.assert_allclose((runs[1][0] - shift) / unit, runs[0][0], atol=0.02)
    np.testing.assert_allclose(runs[1][1], runs[0][1], rtol=1e-3)


def test_bad_arguments_are_refused(moons, key, unchecked):
    model = gan.init(moons, key=key)
    with pytest.raises(ValueError, match="kind must be one of"):
        gan.fit(moons, key=key, init=model, kind="wasserstein", n_steps=1)
    with pytest.raises(ValueError, match="x must have 2 columns"):
        gan.fit(jnp.ones((5, 3)), key=key, init=model)
    with pytest.raises(ValueError, match="batch_size must be between 1 and 2000"):
        gan.fit(moons, key=key, init=model, batch_size=2001)
    with pytest.raises(ValueError, match="x must hold at least one sample"):
        gan.fit(moons[:0], key=key, init=model)
    with pytest.raises(ValueError, match="z must have 2 columns"):
        gan.generate(model, jnp.ones((5, 3)))
    bad = gan.fit(moons.at[0].set(jnp.nan), key=key, init=model, n_steps=2)
    assert bad.status == Status.NON_FINITE
