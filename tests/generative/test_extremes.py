"""Unit 11 where numbers are extreme: long schedules, little noise, steep splines, tiny variances, far points."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from mfml.generative import (
    adversarial,
    decoders,
    diffusion,
    edm,
    evaluation,
    fidelity,
    flow_matching,
    guidance,
    noise_models,
    schedules,
    simplex,
    splines,
    two_moons,
    two_point,
    variational,
)
from mfml.generative.decoders import Gaussian

SCHEDULES = {
    "cosine 300": lambda: schedules.cosine(n_steps=300),
    "cosine 1000": lambda: schedules.cosine(n_steps=1000),
    "linear 4000": lambda: schedules.linear(n_steps=4000),
    "linear, steep": lambda: schedules.linear(n_steps=1000, high=0.05),
}


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("n_times", [None, 25])
def test_samples_of_normal_data_have_its_moments_on_every_schedule(name, n_times):
    """The best guess of the noise for data from N(3, 0.5^2) is known."""
    schedule = SCHEDULES[name]()

    def best(x, t):
        signal, noise = schedule.signal[t][:, None], schedule.noise[t][:, None]
        return jnp.sqrt(noise) * (x - 3 * jnp.sqrt(signal)) / (0.25 * signal + noise)

    found = diffusion.sample(best, schedule, key=jax.random.key(0), shape=(4000, 1), n_times=n_times)
    visited = np.asarray(diffusion.times(n_times or len(schedule.beta), n_steps=len(schedule.beta)))
    signal = np.cumprod(1 - np.asarray(schedule.beta, float))[visited]
    variance = 1.0
    for place in range(len(visited) - 1, -1, -1):
        s, before = signal[place], signal[place - 1] if place else 1.0
        new = (1 - s / before) * (1 - before) / (1 - s)
        slope = (1 - s) / (0.25 * s + 1 - s)  # of the guess, over the root of the noise
        factor = np.sqrt(before / s) * (1 - slope) + np.sqrt(max(1 - before - new, 0)) * slope / np.sqrt(1 - s)
        variance = factor**2 * variance + new
    np.testing.assert_allclose(found.mean(), 3.0, atol=0.05)
    np.testing.assert_allclose(found.std(), np.sqrt(variance), rtol=0.05)


@pytest.mark.parametrize("name", SCHEDULES)
def test_visiting_all_times_changes_no_step(name):
    schedule = SCHEDULES[name]()
    short = schedules.strided(schedule, jnp.arange(len(schedule.beta)))
    np.testing.assert_allclose(short.beta, schedule.beta, rtol=2e-4)
    assert (short.beta < 1).all()


def test_eta_has_a_derivative_at_both_ends():
    schedule = schedules.cosine(n_steps=20)

    def total(eta):
        return diffusion.sample(lambda x, t: 0.1 * x, schedule, key=jax.random.key(0), shape=(3,), eta=eta).sum()

    slopes = [jax.grad(total)(eta) for eta in (0.0, 0.5, 1.0)]
    assert np.isfinite(slopes).all()
    np.testing.assert_allclose(slopes[1], (total(0.51) - total(0.49)) / 0.02, rtol=0.02)


def test_times_outside_of_a_schedule_give_nan_and_unsorted_ones_too():
    ten, ones = schedules.linear(n_steps=10), jnp.ones((1, 1))
    for t in (-1, 10):
        assert np.isnan(diffusion.step_back(ten, ones, jnp.array(t), ones, ones)).all()
    assert np.isnan(schedules.strided(ten, jnp.array([0, 10])).beta[1])
    assert np.isnan(schedules.strided(ten, jnp.array([5, 2])).beta[1])


def test_noise_levels_begin_and_end_as_asked_for_any_rho():
    for rho in (0.1, 1.0, 7.0, 1e4, 1e6):
        found = edm.levels(4, rho=rho)
        assert found[0] == 80.0
        assert found[3] == np.float32(0.002)
        assert found[4] == 0.0
        assert (np.diff(found) < 0).all()
    for bad in ({"rho": np.inf}, {"high": np.inf}):
        with pytest.raises(ValueError, match=r"finite|is needed"):
            edm.levels(4, **bad)
    with pytest.raises(ValueError, match="coincide"):
        edm.levels(100_000, rho=1e-3)


@pytest.mark.parametrize("sigma", [1e-9, 1e-7, 1e-3, 1.0, 1e3])
def test_the_loss_of_edm_keeps_its_digits_at_any_noise(sigma):
    x, noise = np.array([[0.3], [-0.7]]), np.array([[1.2], [0.4]])
    total = np.hypot(sigma, 0.5)
    raw = np.sin((x + sigma * noise) / total)
    skip, out = 0.25 / total**2, sigma * 0.5 / total
    # D - x with the terms in x added up by hand
    error = -(sigma**2) / total**2 * x + skip * sigma * noise + out * raw
    given = [jnp.asarray(v, jnp.float32) for v in (x, np.full(2, sigma), noise)]
    found = edm.loss(lambda x, level: jnp.sin(x), *given)
    np.testing.assert_allclose(found, np.mean((error / out) ** 2), rtol=1e-5)


def test_sigmas_have_to_fall(unchecked):
    def point(x, sigma):
        return 0 * x

    for sigmas in ([1.0, 2.0, 0.0], [1.0, 0.0, 0.0], [1.0, -1.0]):
        with pytest.raises(ValueError, match="noise levels fall"):
            edm.sample(point, jnp.ones((1, 2)), sigmas=jnp.array(sigmas))
    with pytest.raises(ValueError, match=r"guess \(1,\)"):
        edm.sample(lambda x, sigma: x[:, 0], jnp.ones((1, 2)), sigmas=jnp.array([1.0, 0.0]))
    with pytest.raises(ValueError, match=r"sigma must be positive; found 0\.0"):
        edm.loss(point, jnp.ones((1, 2)), jnp.zeros(1), jnp.ones((1, 2)))


def test_the_inverse_of_steep_splines_keeps_its_digits():
    steep = splines.Knots(jnp.array([0.0, 1.0]), jnp.array([0.0, 1.0]), jnp.array([1e4, 1.0]))
    y = np.float64(np.float32(0.9999))
    bend = 1e4 + 1.0 - 2
    a, b = 1 - 1e4 + y * bend, 1e4 - y * bend
    share = 2 * y / (b + np.sqrt(b * b + 4 * a * y))
    found = splines.inverse(steep, jnp.float32(0.9999))
    np.testing.assert_allclose(found.values, share, rtol=1e-6)
    raw = 5 * jax.random.normal(jax.random.key(0), (2000, 23))
    ends = splines.inverse(splines.knots(raw), jnp.ones(2000))
    np.testing.assert_allclose(ends.values, 1.0, rtol=1e-6)
    np.testing.assert_allclose(ends.log_slope, 0.0, atol=1e-4)


def test_a_gaussian_decoder_knows_any_width():
    x = jnp.ones((1, 3))
    for log_scale in (-100.0, -88.0, 0.0, 89.0, 100.0):

        def log_prob(log_scale):
            return decoders.log_prob(x, x, Gaussian(log_scale), jnp.zeros(3), jnp.array(1.0))[0]

        value, slope = jax.value_and_grad(log_prob)(jnp.array(log_scale))
        np.testing.assert_allclose(value, -3 * (log_scale + 0.5 * np.log(2 * np.pi)), rtol=1e-5)
        np.testing.assert_allclose(slope, -3.0)


@pytest.mark.parametrize("log_variance", [-100.0, -40.0, -30.0, 0.0])
def test_weights_know_the_draws_of_narrow_densities(log_variance):
    noise = jax.random.normal(jax.random.key(0), (5, 1, 2))
    mean, wide = jnp.ones((1, 2)), jnp.full((1, 2), log_variance)
    z = 1 + np.exp(0.5 * log_variance) * np.asarray(noise, float)
    expected = 0.5 * np.sum(np.asarray(noise, float) ** 2 + log_variance - z**2, axis=-1)
    np.testing.assert_allclose(variational.log_weights(jnp.zeros((5, 1)), mean, wide, noise), expected, rtol=1e-5)


def test_the_divergence_of_nearly_standard_densities_keeps_its_digits():
    for each in (1e-6, 1e-3, -0.3, 0.7):
        found = variational.kl_to_prior(jnp.zeros((1, 1)), jnp.full((1, 1), each))
        near = np.float64(np.float32(each))
        expected = near**2 / 4 * (1 + near / 3 + near**2 / 12) if abs(each) < 0.01 else (np.expm1(near) - near) / 2
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_amounts_below_a_limit_never_make_the_largest_part_negative(key):
    parts = jnp.zeros((1, 61)).at[0, 60].set(1.0)
    with pytest.raises(ValueError, match=r"limit must be finite and above 0\.0 and at most 0\.0002"):
        simplex.present(parts, key=key, limit=0.1)
    assert (simplex.present(parts, key=key, limit=2e-4) >= 0).all()
    assert np.isnan(simplex.present(0 * parts, key=key, limit=2e-4)).any()  # no composition
    with pytest.raises(ValueError, match="limit must not be negative"):
        simplex.absent(parts, limit=-1.0)


@pytest.mark.parametrize("noise", [1e-5, 1e-3, 0.1, 5.0])
def test_two_moons_are_right_for_any_noise(noise):
    for x, y in ((0.0, 1.0), (1.0, 0.0), (1.0, -0.5), (0.4, 0.2)):

        def arc(x, y):
            """Logarithm of the density about one half circle, by quadrature around its nearest point."""
            angle = np.arctan2(y, x)
            near = np.clip(angle + 2 * np.pi * (angle < -np.pi / 2), 0, np.pi)
            least = (x - np.cos(near)) ** 2 + (y - np.sin(near)) ** 2

            if least > 1e4 * noise**2:
                return -least / (2 * noise**2)  # nothing, beside the other arc

            def term(t):
                return np.exp(-((x - np.cos(t)) ** 2 + (y - np.sin(t)) ** 2 - least) / (2 * noise**2))

            ends = np.clip([near - 40 * noise, near, near + 40 * noise], 0, np.pi)
            total = sum(quad(term, *pair, epsrel=1e-10)[0] for pair in pairwise(ends))
            return np.log(total / (2 * np.pi**2 * noise**2)) - least / (2 * noise**2)

        expected = np.logaddexp(arc(x, y), arc(1 - x, 0.5 - y)) - np.log(2)
        found = two_moons.log_prob(jnp.array([[x, y]]), noise=noise)[0]
        if expected > -1e3:
            np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-2)
    far = two_moons.log_prob(jnp.array([[1e9, 0.0]]), noise=0.1)
    np.testing.assert_allclose(far, -5e19, rtol=1e-3)


def test_derivatives_are_finite_where_a_distance_is_zero():
    board = (jnp.indices((4, 4)).sum(axis=0) % 2).astype(float)[None]
    assert np.isfinite(jax.grad(lambda x: two_point.difference(x, board))(board)).all()
    assert two_point.difference(jnp.zeros((1, 4, 4)), jnp.zeros((1, 4, 4))) == 0
    assert jax.grad(lambda x: evaluation.held_out(x).standard_error)(jnp.ones(4)).tolist() == [0.0] * 4


def test_held_out_likelihoods_far_from_zero_keep_their_error():
    values = np.asarray(1e6 + np.random.default_rng(0).normal(size=100_000), np.float32)
    found = evaluation.held_out(values)
    np.testing.assert_allclose(found.mean, values.mean(dtype=float), rtol=1e-7)
    np.testing.assert_allclose(found.standard_error, values.std(dtype=float, ddof=1) / len(values) ** 0.5, rtol=1e-5)


def test_large_finite_values_are_not_taken_for_nan():
    x = 1e35 * jax.random.uniform(jax.random.key(0), (2000, 4))
    assert fidelity.measure(x, x).precision == 1


def test_a_biased_discrepancy_is_never_negative(key):
    x = jax.random.normal(key, (50, 3))
    for length_scale in (1.0, 10.0, 1e3):
        assert evaluation.mmd2(x, x[::-1], length_scale=length_scale, biased=True) >= 0


def test_guidance_of_minus_one_ignores_the_labels_whatever_they_say():
    known, unknown = jnp.array([[1e8]]), jnp.array([[1.0]])
    assert guidance.mix(known, unknown, strength=-1.0) == 1
    assert guidance.mix(known, unknown, strength=0.0) == 1e8


def test_labels_that_are_no_class_give_nan():
    network, x = noise_models.MLP(hidden=(4,), n_classes=3), jnp.ones((5, 2))
    params = noise_models.init(network, x, key=jax.random.key(0))
    found = network.apply(params, x, jnp.zeros(5), jnp.array([0, 3, 4, -1, 100]))
    assert np.isnan(found).any(axis=1).tolist() == [False, False, True, True, True]


def test_what_does_not_fit_is_refused_by_name(unchecked):
    x, network = jnp.ones((2, 3)), noise_models.MLP(n_classes=3)
    params = noise_models.init(network, x, key=jax.random.key(0))
    two = (adversarial.mlp.Dense(jnp.ones((3, 2)), jnp.zeros(2)),)
    ten = schedules.linear(n_steps=10)
    refused = {
        "labels must be integers": lambda: network.apply(params, x, jnp.zeros(2), jnp.array([0.5, 1.0])),
        "x and t and labels must have the same length": lambda: network.apply(
            params, x, jnp.zeros(3), jnp.zeros(2, int)
        ),
        "hidden must name at least one layer": lambda: noise_models.init(
            noise_models.MLP(hidden=()), x, key=jax.random.key(0)
        ),
        "discriminator must have one output; found 2": lambda: adversarial.scores(two, x),
        r"shape must be a tuple \(n, ...\) of sizes; found \(\)": lambda: diffusion.sample(
            lambda x, t: x, ten, key=jax.random.key(0), shape=()
        ),
        "limit must be positive": lambda: diffusion.sample(
            lambda x, t: x, ten, key=jax.random.key(0), shape=(2,), limit=-1.0
        ),
        "x must hold at least one sample": lambda: flow_matching.log_prob(lambda x, s: x, x[:0]),
        "s must be between 0 and 1; found 1.5": lambda: flow_matching.loss(lambda x, s: x, x, jnp.array([0.0, 1.5]), x),
        r"guess \(2,\)": lambda: flow_matching.sample(lambda x, s: x[:, 0], x),
        "bound must be positive and finite": lambda: splines.knots(jnp.zeros(5), bound=np.inf),
        "each step must add noise": lambda: schedules.cosine(n_steps=3, offset=1e30),
    }
    for message, call in refused.items():
        with pytest.raises(ValueError, match=message):
            call()
