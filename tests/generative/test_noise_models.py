"""Networks for diffusion: shapes, what they depend on, and that they learn."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mfml.generative import diffusion, noise_models, noising, schedules
from mfml.training import loop

MODELS = {
    "MLP": (noise_models.MLP(hidden=(16, 8), span=100.0, n_classes=3), (4, 2)),
    "UNet": (noise_models.UNet(channels=(4, 8), span=100.0, n_classes=3), (4, 4, 6, 2)),
}


@pytest.fixture(params=MODELS)
def made(request, key):
    module, shape = MODELS[request.param]
    x = jax.random.normal(key, shape)
    return module, noise_models.init(module, x, key=key), x


def test_the_guess_has_the_shape_of_the_samples_and_depends_on_time_and_class(made):
    module, params, x = made
    t, labels = jnp.full(4, 10), jnp.full(4, 1)
    first = module.apply(params, x, t, labels)
    assert first.shape == x.shape
    for other in (module.apply(params, x, t + 1, labels), module.apply(params, x, t, labels + 2)):
        assert float(jnp.abs(other - first).max()) > 1e-4


def test_samples_do_not_see_each_other(made):
    module, params, x = made
    t, labels = jnp.arange(4), jnp.array([0, 1, 2, 3])
    together = module.apply(params, x, t, labels)
    for i in range(4):
        one = slice(i, i + 1)
        np.testing.assert_allclose(together[one], module.apply(params, x[one], t[one], labels[one]), atol=1e-5)


def test_normalization_keeps_its_digits_far_from_zero(key):
    """A bias of 3000 before a norm changes nothing but the rounding of the input."""
    module = noise_models.UNet(channels=(4, 8))
    x = jax.random.normal(key, (1, 4, 4, 1))
    params = noise_models.init(module, x, key=key)
    shifted = jax.tree.map(lambda a: a, params)
    shifted["params"]["in"]["bias"] = shifted["params"]["in"]["bias"] + 3000.0
    skip = module.apply(params, x, jnp.array([0.5]))
    assert np.isfinite(module.apply(shifted, x, jnp.array([0.5]))).all()
    assert np.isfinite(skip).all()


def test_parameters_have_the_variance_of_their_rule(key):
    params = noise_models.init(noise_models.MLP(hidden=(400, 300)), jnp.zeros((1, 2)), key=key)["params"]
    assert float(params["dense_1"]["kernel"].std()) == pytest.approx(1 / 20, rel=0.05)
    assert not params["out"]["bias"].any()


def test_waves_tell_times_apart():
    table = noise_models.waves(jnp.arange(1000), span=999.0)
    near = jnp.linalg.norm(table[1:] - table[:-1], axis=1)
    assert float(near.min()) > 0.5
    np.testing.assert_allclose((table**2).sum(axis=1), 16.0, rtol=1e-4)


def test_an_mlp_learns_the_noise_of_gaussian_data(key):
    """The loss comes near the floor of the best guess, and not below."""
    schedule = schedules.cosine(n_steps=50)
    module = noise_models.MLP(hidden=(32, 32), span=49.0)

    def loss(params, batch, key):
        a, b, c = jax.random.split(key, 3)
        x, t = 0.5 * jax.random.normal(a, (256, 1)), jax.random.randint(b, (256,), 0, 50)
        return diffusion.loss(lambda x, t: module.apply(params, x, t), schedule, x, t, jax.random.normal(c, x.shape))

    options = loop.Options(loss, optax.adam(optax.cosine_decay_schedule(1e-2, 600)), 600)
    init = noise_models.init(module, jnp.zeros((1, 1)), key=key)
    history = loop.fit(None, key=key, options=options, init=init).history
    signal, noise = np.asarray(schedule.signal), np.asarray(schedule.noise)
    floor = np.mean(0.25 * signal / (0.25 * signal + noise))
    assert floor * 0.97 < history[-200:].mean() < floor * 1.08


def test_errors(unchecked):
    x, t = jnp.zeros((1, 6, 6, 1)), jnp.zeros(1)
    with pytest.raises(ValueError, match=r"multiples of 4 for 3 levels; found x \(1, 6, 6, 1\)"):
        noise_models.init(noise_models.UNet(), x, key=jax.random.key(0))
    module = noise_models.MLP()
    params = noise_models.init(module, x[..., 0, 0], key=jax.random.key(0))
    with pytest.raises(ValueError, match="labels are for networks with classes"):
        module.apply(params, x[..., 0, 0], t, jnp.zeros(1, int))


def test_noise_of_images_and_vectors_is_added_alike():
    schedule = schedules.cosine(n_steps=3)
    x = jnp.arange(24.0).reshape(2, 12)
    flat = noising.add(schedule, x, jnp.array([0, 2]), -x)
    np.testing.assert_array_equal(
        flat.reshape(2, 3, 4), noising.add(schedule, x.reshape(2, 3, 4), jnp.array([0, 2]), -x.reshape(2, 3, 4))
    )
