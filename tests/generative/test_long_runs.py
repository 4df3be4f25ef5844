"""Long runs of unit 11 can be stopped, saved and resumed, and give the samples of a run in one piece."""

import jax
import numpy as np
import optax
import pytest

from mfml.generative import diffusion, gan, noise_models, schedules, two_moons, vae
from mfml.training import averaging, checkpoint, loop

T, N_STEPS = 20, 60
SCHEDULE = schedules.cosine(n_steps=T)
NETWORK = noise_models.MLP(hidden=(8,), span=T - 1.0)


def noise_loss(params, x, key):
    for_time, for_noise = jax.random.split(key)
    t, noise = jax.random.randint(for_time, (len(x),), 0, T), jax.random.normal(for_noise, x.shape)
    return diffusion.loss(lambda x, t: NETWORK.apply(params, x, t), SCHEDULE, x, t, noise)


def elbo_loss(model, x, key):
    return vae.loss(model, x, jax.random.normal(key, (1, len(x), 2)))


def started(x, key):
    return {
        noise_loss: noise_models.init(NETWORK, x, key=key),
        elbo_loss: vae.init_dense(x, key=key, n_components=2, hidden=(8,)),
    }


@pytest.fixture
def moons(key):
    return two_moons.sample(key=key, n_samples=100)


@pytest.mark.parametrize("loss", [noise_loss, elbo_loss])
def test_a_run_that_was_stopped_goes_on_to_the_same_bits(moons, key, tmp_path, loss):
    optimizer, start = averaging.averaged(optax.adam(0.01), decay=0.9), started(moons, key)[loss]

    def run(n_steps, **more):
        options = loop.Options(loss, optimizer, n_steps, batch_size=16, chunk=20)
        return loop.train(moons, key=key, options=options, init=start, **more)

    def save(state):
        checkpoint.save(tmp_path / "run.npz", state)

    def broken(state):
        save(state)
        if state.step == 40:
            raise KeyboardInterrupt

    whole = run(N_STEPS)
    with pytest.raises(KeyboardInterrupt):
        run(N_STEPS, on_chunk=broken)
    like = loop.init(start, key=key, optimizer=optimizer)
    rest = run(N_STEPS, state=checkpoint.load(tmp_path / "run.npz", like), on_chunk=save)
    for found, needed in zip(jax.tree.leaves(rest.state), jax.tree.leaves(whole.state), strict=True):
        np.testing.assert_array_equal(
            jax.random.key_data(found) if found.dtype == key.dtype else found,
            jax.random.key_data(needed) if needed.dtype == key.dtype else needed,
        )


def test_a_gan_goes_on_from_its_saved_state(moons, key, tmp_path):
    model = gan.init(moons, key=key, hidden=(8,))
    x = (moons - model.x_shift) / model.x_scale
    states = [gan.start(model)]
    for number in range(4):
        states.append(gan.step(states[-1], x[:20], key=jax.random.fold_in(key, number))[0])
        checkpoint.save(tmp_path / f"{number}.npz", states[-1])
    state = checkpoint.load(tmp_path / "1.npz", gan.start(model))
    for number in (2, 3):
        state = gan.step(state, x[:20], key=jax.random.fold_in(key, number))[0]
    for found, needed in zip(jax.tree.leaves(state), jax.tree.leaves(states[-1]), strict=True):
        np.testing.assert_array_equal(found, needed)
