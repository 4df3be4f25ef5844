"""Diffusion: losses against NumPy, the sampler against its closed form for Gaussian data, and laws of the parts."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.generative import diffusion, guidance, noising, schedules

LINEAR = schedules.linear(n_steps=1000)
MEAN, VARIANCE = 2.0, 0.25


@pytest.fixture
def drawn(key):
    a, b, c = jax.random.split(key, 3)
    x, noise = jax.random.normal(a, (5, 3, 2)), jax.random.normal(b, (5, 3, 2))
    return x, jax.random.randint(c, (5,), 0, 1000), noise


def exact(schedule, mean=MEAN, variance=VARIANCE):
    """The best guess of the noise in data from N(mean, variance)."""

    def predict(x, t):
        signal = schedule.signal[t].reshape(-1, *[1] * (x.ndim - 1))
        return jnp.sqrt(1 - signal) * (x - mean * jnp.sqrt(signal)) / (variance * signal + 1 - signal)

    return predict


@pytest.mark.parametrize("kind", noising.KINDS)
def test_loss_equals_numpy(drawn, kind):
    x, t, noise = (np.asarray(part, float) for part in drawn)
    signal = np.asarray(LINEAR.signal, float)[t.astype(int)][:, None, None]
    noisy = np.sqrt(signal) * x + np.sqrt(1 - signal) * noise
    velocity = np.sqrt(signal) * noise - np.sqrt(1 - signal) * x
    wanted = {"noise": noise, "clean": x, "velocity": velocity}[kind]
    expected = np.mean((np.tanh(noisy) + t[:, None, None] / 1000 - wanted) ** 2)
    found = diffusion.loss(lambda x, t: jnp.tanh(x) + t[:, None, None] / 1000, LINEAR, *drawn, kind=kind)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize(("variance", "floor"), [(1.0, 0.2755132), (0.25, 0.1730534)])
def test_no_guess_beats_the_floor(variance, floor):
    """The best guess leaves, on average over all times, this error."""
    t = jnp.arange(1000)
    signal = np.asarray(LINEAR.signal, float)
    np.testing.assert_allclose(np.mean(variance * signal / (variance * signal + 1 - signal)), floor, rtol=1e-5)
    many = 200
    a, b = jax.random.normal(jax.random.key(0), (2, many * 1000, 1))
    x = jnp.sqrt(variance) * a
    found = diffusion.loss(exact(LINEAR, 0.0, variance), LINEAR, x, jnp.tile(t, many), b)
    np.testing.assert_allclose(found, floor, rtol=0.01)


@pytest.mark.parametrize("kind", noising.KINDS)
def test_parts_are_found_again_from_each_of_them(drawn, kind):
    x, t, noise = drawn
    t = t % 600  # at later times hardly any signal is left
    noisy = noising.add(LINEAR, x, t, noise)
    guess = {"noise": noise, "clean": x, "velocity": noising.target(LINEAR, x, t, noise)}[kind]
    found = noising.parts(LINEAR, noisy, t, guess, kind=kind)
    np.testing.assert_allclose(found.clean, x, atol=1e-4)
    np.testing.assert_allclose(found.noise, noise, atol=2e-4)


@pytest.mark.parametrize(("n_times", "mean", "variance"), [(10, 1.99541, 0.130763), (50, 1.99400, 0.222704)])
def test_ddim_has_the_moments_of_its_closed_form(n_times, mean, variance):
    """Without new noise a sample is affine in its start, of which the key is known: no statistics are needed."""
    key = jax.random.key(1)
    start = jax.random.normal(jax.random.split(key)[0], (2, 1))[:, 0]
    found = diffusion.sample(exact(LINEAR), LINEAR, key=key, shape=(2, 1), n_times=n_times, eta=0.0)[:, 0]
    slope = (found[1] - found[0]) / (start[1] - start[0])
    np.testing.assert_allclose([found[0] - slope * start[0], slope**2], [mean, variance], rtol=2e-4)


@pytest.mark.parametrize(("n_times", "variance"), [(10, 0.104222), (50, 0.196420)])
def test_with_noise_the_moments_are_those_of_the_closed_form(n_times, variance):
    found = diffusion.sample(exact(LINEAR), LINEAR, key=jax.random.key(2), shape=(40_000, 1), n_times=n_times)
    np.testing.assert_allclose(found.mean(), 1.99998, atol=4 * np.sqrt(variance / 40_000))
    np.testing.assert_allclose(found.var(), variance, rtol=0.03)


def test_all_times_with_noise_are_the_steps_of_ddpm(key):
    schedule = schedules.linear(n_steps=6, low=0.1, high=0.5)
    predict = exact(schedule)
    found = diffusion.sample(predict, schedule, key=key, shape=(4, 2))
    for_start, for_steps = jax.random.split(key)
    x = jax.random.normal(for_start, (4, 2))
    for t, own in zip(range(5, -1, -1), jax.random.split(for_steps, 6), strict=True):
        guess = predict(x, jnp.full(4, t))
        x = diffusion.step_back(schedule, x, jnp.array(t), guess, jax.random.normal(own, (4, 2)))
    np.testing.assert_allclose(found, x, rtol=1e-5, atol=1e-6)


def test_the_last_step_adds_no_noise():
    x = jnp.ones((2, 1))
    quiet, loud = (diffusion.step_back(LINEAR, x, jnp.array(0), x, noise * x) for noise in (0.0, 1e6))
    np.testing.assert_array_equal(quiet, loud)


@pytest.mark.parametrize("kind", ["clean", "velocity"])
def test_other_kinds_of_networks_give_the_same_samples(key, kind):
    schedule = schedules.cosine(n_steps=20)
    guess = exact(schedule)

    def predict(x, t):
        found = noising.parts(schedule, x, t, guess(x, t))
        return found.clean if kind == "clean" else noising.target(schedule, found.clean, t, found.noise)

    expected = diffusion.sample(guess, schedule, key=key, shape=(5, 1))
    found = diffusion.sample(predict, schedule, key=key, shape=(5, 1), kind=kind)
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_a_limit_bounds_the_samples(key):
    schedule = schedules.cosine(n_steps=20)
    free, bounded = (
        diffusion.sample(exact(schedule), schedule, key=key, shape=(50, 1), limit=limit) for limit in (None, 2.0)
    )
    assert free.max() > 2.2
    assert bounded.max() <= 2.0


def test_the_same_key_gives_the_same_samples(key):
    schedule = schedules.cosine(n_steps=5)
    first, second = (diffusion.sample(exact(schedule), schedule, key=key, shape=(3, 1)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_guidance_in_the_limit_of_little_noise():
    """With N(2, 1/4) for the class and N(0, 1) for all data, w = 1 leads to the mean 16/7 and the variance 1/7."""
    schedule = schedules.linear(n_steps=1000, low=1e-6, high=2e-6)

    def predict(x, t, labels):
        known, unknown = exact(schedule)(x, t), exact(schedule, 0.0, 1.0)(x, t)
        return jnp.where((labels == 0)[:, None], known, unknown)

    x, t = jnp.array([[0.0], [1.0]]), jnp.array([0, 0])
    noise = guidance.guess(predict, x, t, jnp.array([0, 0]), strength=1.0, unknown=1)
    score = -np.ravel(noise) / np.sqrt(1 - float(schedule.signal[0]))
    precision = score[0] - score[1]
    np.testing.assert_allclose([score[0] / precision, 1 / precision], [16 / 7, 1 / 7], rtol=2e-2)


def test_mixing_by_strength():
    known, unknown = jnp.array([[3.0]]), jnp.array([[1.0]])
    assert [float(guidance.mix(known, unknown, strength=w)[0, 0]) for w in (-1, 0, 2)] == [1.0, 3.0, 7.0]


def test_labels_are_dropped_at_the_rate(key):
    labels = jnp.arange(20_000) % 10
    found = guidance.dropped(labels, key=key, rate=0.2, unknown=10)
    assert float((found == 10).mean()) == pytest.approx(0.2, abs=0.01)
    np.testing.assert_array_equal(found[found != 10], labels[found != 10])
    np.testing.assert_array_equal(guidance.dropped(labels, key=key, rate=0.0, unknown=10), labels)


def test_an_unknown_time_gives_nan():
    x = jnp.ones((2, 1))
    found = noising.add(LINEAR, x, jnp.array([1000, -1]), x)
    assert np.isnan(found).all()


def test_errors(unchecked):
    x, t = jnp.ones((2, 3)), jnp.zeros(2, int)
    with pytest.raises(ValueError, match=r"x \(2, 3\), noise \(2, 2\)"):
        noising.add(LINEAR, x, t, x[:, :2])
    with pytest.raises(ValueError, match=r"x \(2, 3\), t \(1,\)"):
        noising.add(LINEAR, x, t[:1], x)
    with pytest.raises(ValueError, match="kind must be one of"):
        diffusion.loss(lambda x, t: x, LINEAR, x, t, x, kind="score")
    with pytest.raises(ValueError, match=r"x \(2, 3\), guess \(2, 1\)"):
        diffusion.loss(lambda x, t: x[:, :1], LINEAR, x, t, x)
    with pytest.raises(ValueError, match="n_times must be at most n_steps = 1000; found 1001"):
        diffusion.times(1001, n_steps=1000)
    with pytest.raises(ValueError, match="eta must be between 0 and 1"):
        diffusion.sample(lambda x, t: x, LINEAR, key=jax.random.key(0), shape=(1,), eta=-1.0)
