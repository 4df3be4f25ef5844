"""Metropolis and Hamiltonian Monte Carlo, their diagnostics, and the eight schools."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.probability import diagnostics, gaussian, hierarchical, sampling
from mfml.probability.gaussian import Gaussian

CHAINS = 4
COVARIANCE = np.array([[4.0, 1.9, 0.0], [1.9, 1.0, 0.1], [0.0, 0.1, 0.25]])
MEAN = np.array([1.0, -2.0, 0.5])
TARGET = (tuple(map(float, MEAN)), tuple(map(tuple, COVARIANCE.tolist())))


def correlated(x):
    return gaussian.log_prob(Gaussian(jnp.array(TARGET[0]), jnp.array(TARGET[1])), x[None])[0]


def schools(position):
    return hierarchical.log_prob(position, hierarchical.eight_schools())


def standard(x):
    return -0.5 * jnp.sum(x**2)


def half(x):
    return jnp.where(x[0] > 0, -x[0], -jnp.inf)


def run(sampler, log_prob, key, d, **options):
    for_start, for_chains = jax.random.split(key)
    starts = 2 * jax.random.normal(for_start, (CHAINS, d))
    return jax.vmap(lambda start, key: sampler(log_prob, start, key=key, **options))(
        starts, jax.random.split(for_chains, CHAINS)
    )


def ess(samples):
    return np.array([float(diagnostics.effective_sample_size(one)) for one in jnp.moveaxis(samples, 2, 0)])


def r_hats(samples):
    return np.array([float(diagnostics.r_hat(one)) for one in jnp.moveaxis(samples, 2, 0)])


@pytest.fixture(scope="module")
def hmc_chains():
    return run(sampling.hmc, correlated, jax.random.key(3), 3, n_samples=1500, n_leapfrog=16)


def test_hmc_moments_of_a_correlated_gaussian(hmc_chains):
    samples = np.asarray(hmc_chains.samples)
    worth = ess(hmc_chains.samples)
    assert (worth > 1000).all()
    flat = samples.reshape(-1, 3)
    error = np.sqrt(np.diag(COVARIANCE) / worth)
    assert (np.abs(flat.mean(axis=0) - MEAN) < 4 * error).all()
    # Paths swing from one side to the other: means are worth more than the draws, squares much less.
    variance = np.diag(COVARIANCE)
    scatter = np.sqrt((np.outer(variance, variance) + COVARIANCE**2) / ess((hmc_chains.samples - MEAN) ** 2).min())
    assert (np.abs(np.cov(flat.T) - COVARIANCE) < 4 * scatter).all()
    np.testing.assert_allclose(np.corrcoef(flat.T)[0, 1], 0.95, atol=0.01)
    assert (r_hats(hmc_chains.samples) < 1.01).all()


def test_hmc_acceptance_is_near_its_target_and_the_energy_law_holds(hmc_chains):
    """In equilibrium the mean of exp(-energy error) is 1, whatever the step size (Jarzynski)."""
    assert abs(float(hmc_chains.acceptance.mean()) - 0.8) < 0.1
    weight = np.exp(-np.asarray(hmc_chains.energy_error, float))
    assert abs(weight.mean() - 1) < 5 * weight.std() / np.sqrt(weight.size)
    error = np.asarray(hmc_chains.energy_error)
    np.testing.assert_allclose(hmc_chains.acceptance, np.minimum(1, np.exp(-error)), rtol=1e-5)
    assert not hmc_chains.divergent.any()
    np.testing.assert_allclose(hmc_chains.log_prob[0, :3], jax.vmap(correlated)(hmc_chains.samples[0, :3]), rtol=1e-4)


def test_the_energy_error_falls_with_the_square_of_the_step(key):
    start = sampling.init(jnp.array([2.0, -1.0, 0.0]), log_prob=correlated)

    def error(step, n):
        info = sampling.hmc_step(start, log_prob=correlated, key=key, step_size=step, scale=jnp.ones(3), n_leapfrog=n)[
            1
        ]
        return abs(float(info.energy_error))

    with jax.enable_x64(True):
        wide = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), start)

        def exact(step, n):
            one = jnp.ones(3, jnp.float64)
            info = sampling.hmc_step(wide, log_prob=standard, key=key, step_size=step, scale=one, n_leapfrog=n)[1]
            return abs(float(info.energy_error))

        start64 = sampling.init(wide.position, log_prob=standard)
        wide = start64
        ratio = exact(0.05, 20) / exact(0.025, 40)
    assert 3.6 < ratio < 4.4
    assert error(0.05, 20) < 0.1


def test_leapfrog_is_reversible(key):
    """Turned around, the path leads back: with the momentum that arrives, sign flipped."""
    scale = jnp.array([1.0, 0.5, 2.0])
    state = sampling.init(jnp.array([1.0, 0.2, -0.4]), log_prob=standard)
    v = jax.random.normal(key, (3,))

    def leap(x, v, n):
        for _ in range(n):
            v = v - 0.05 * scale * x
            x = x + 0.1 * scale * v
            v = v - 0.05 * scale * x
        return x, v

    x, w = leap(state.position, v, 7)
    back, _ = leap(x, -w, 7)
    np.testing.assert_allclose(back, state.position, atol=1e-5)
    for_momentum, _ = jax.random.split(key)
    drawn = jax.random.normal(for_momentum, (3,))
    end, _ = leap(state.position, drawn, 7)
    moved, info = sampling.hmc_step(state, log_prob=standard, key=key, step_size=0.1, scale=scale, n_leapfrog=7)
    assert info.accepted
    np.testing.assert_allclose(moved.position, end, rtol=1e-4)


def test_metropolis_moments_and_acceptance(key):
    chains = run(sampling.metropolis, correlated, key, 3, n_samples=6000)
    worth = ess(chains.samples)
    flat = np.asarray(chains.samples).reshape(-1, 3)
    assert (np.abs(flat.mean(axis=0) - MEAN) < 5 * np.sqrt(np.diag(COVARIANCE) / worth)).all()
    np.testing.assert_allclose(np.diag(np.cov(flat.T)), np.diag(COVARIANCE), rtol=0.25)
    assert 0.15 < chains.acceptance.mean() < 0.4
    assert (worth < len(flat) / 10).all()  # its draws are worth far less than those of HMC


def test_metropolis_never_leaves_the_support(key):
    chain = sampling.metropolis(half, jnp.array([1.0]), key=key, n_samples=3000)
    assert (chain.samples > 0).all()
    np.testing.assert_allclose(chain.samples.mean(), 1.0, atol=0.25)
    assert chain.divergent.any()


def test_eight_schools_against_known_values():
    chains = run(sampling.hmc, schools, jax.random.key(5), 10, n_samples=1500, n_leapfrog=12, target_accept=0.9)
    exact = hierarchical.exact_moments(hierarchical.eight_schools())
    flat = np.asarray(chains.samples).reshape(-1, 10)
    theta = flat[:, :1] + np.exp(flat[:, 1:2]) * flat[:, 2:]
    quantities = np.column_stack([flat[:, 0], np.exp(flat[:, 1]), theta])
    worth = ess(jnp.asarray(quantities.reshape(CHAINS, -1, 10)))
    assert (worth > 400).all()
    assert (r_hats(chains.samples) < 1.02).all()
    assert (np.abs(quantities.mean(axis=0) - exact.mean) < 5 * np.asarray(exact.deviation) / np.sqrt(worth)).all()
    np.testing.assert_allclose(quantities.std(axis=0), exact.deviation, rtol=0.15)
    assert abs(float(chains.acceptance.mean()) - 0.9) < 0.08
    assert chains.divergent.mean() < 0.01


def test_exact_moments_are_the_published_ones():
    """posteriordb, eight_schools_noncentered: means of mu, tau and theta from long reference runs."""
    exact = hierarchical.exact_moments(hierarchical.eight_schools())
    published = [4.4, 3.6, 6.2, 4.9, 3.9, 4.8, 3.6, 4.0, 6.3, 4.9]
    np.testing.assert_allclose(exact.mean, published, atol=0.15)
    np.testing.assert_allclose(exact.deviation[:2], [3.3, 3.2], atol=0.15)


def test_both_forms_are_one_density():
    """They differ by the Jacobian of theta = mu + tau z, tau to the power of the number of groups."""
    estimates = hierarchical.eight_schools()
    position = jnp.array([1.0, 0.7, *np.linspace(-1, 1, 8)])
    centered = position.at[2:].set(hierarchical.effects(position))
    jacobian = 8 * 0.7
    found = hierarchical.centered_log_prob(centered, estimates) + jacobian
    np.testing.assert_allclose(found, hierarchical.log_prob(position, estimates), rtol=1e-5)


def test_a_step_size_that_is_too_large_diverges_and_says_so(key):
    chain = sampling.hmc(standard, 1.0 * jnp.ones(2), key=key, n_samples=50, n_warmup=0, step_size=5.0, n_leapfrog=20)
    assert chain.divergent.all()
    assert (chain.samples == 1).all()
    assert (chain.acceptance == 0).all()


def test_warmup_finds_scales_and_step_from_a_bad_start(hmc_chains, key):
    deviation = np.sqrt(np.diag(COVARIANCE))
    np.testing.assert_allclose(hmc_chains.scale, np.broadcast_to(deviation, (4, 3)), rtol=0.5)
    tiny = sampling.hmc(standard, jnp.ones(2), key=key, n_samples=200, step_size=1e-4)
    assert tiny.step_size > 0.1
    assert tiny.step_size.dtype == jnp.float32


@pytest.mark.parametrize("phi", [0.0, 0.6, 0.9])
def test_effective_sample_size_of_an_autoregressive_chain(phi):
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(4, 20_000))
    chains = np.zeros_like(noise)
    chains[:, 0] = noise[:, 0] / np.sqrt(1 - phi**2)
    for t in range(1, noise.shape[1]):
        chains[:, t] = phi * chains[:, t - 1] + noise[:, t]
    found = diagnostics.effective_sample_size(jnp.asarray(chains, jnp.float32))
    np.testing.assert_allclose(found, chains.size * (1 - phi) / (1 + phi), rtol=0.1)


def test_autocorrelation_by_hand():
    chain = np.random.default_rng(2).normal(size=9)
    centered = chain - chain.mean()
    expected = [np.sum(centered[: 9 - t] * centered[t:]) / np.sum(centered**2) for t in range(9)]
    np.testing.assert_allclose(diagnostics.autocorrelation(jnp.asarray(chain[None]))[0], expected, atol=1e-6)


def test_chains_in_different_places_are_seen(key):
    apart = jax.random.normal(key, (4, 500)) + jnp.array([[0.0], [0.0], [0.0], [3.0]])
    assert diagnostics.r_hat(apart) > 1.3
    assert diagnostics.effective_sample_size(apart) < 50
    drifting = jax.random.normal(key, (1, 500)) + jnp.linspace(0, 5, 500)
    assert diagnostics.r_hat(drifting) > 1.3
    assert diagnostics.r_hat(jax.random.normal(key, (4, 500))) < 1.02
    assert np.isnan(diagnostics.r_hat(jnp.ones((2, 8))))
    assert np.isnan(diagnostics.effective_sample_size(jnp.ones((2, 8))))


def test_errors(key, unchecked):
    with pytest.raises(ValueError, match="log_prob must return a number"):
        sampling.hmc(lambda x: x, jnp.zeros(2), key=key, n_samples=1)
    with pytest.raises(ValueError, match="position must have 1 axes"):
        sampling.init(jnp.zeros((2, 2)), log_prob=standard)
    for sampler in (sampling.hmc, sampling.metropolis):
        with pytest.raises(ValueError, match="init must have 1 axes"):
            sampler(standard, jnp.zeros((2, 2)), key=key, n_samples=1)
    with pytest.raises(ValueError, match="n_samples must be positive"):
        sampling.hmc(standard, jnp.zeros(2), key=key, n_samples=0)
    with pytest.raises(ValueError, match="n_warmup must not be negative"):
        sampling.metropolis(standard, jnp.zeros(2), key=key, n_samples=1, n_warmup=-1)
    with pytest.raises(ValueError, match="n_leapfrog must be positive"):
        sampling.hmc(standard, jnp.zeros(2), key=key, n_samples=1, n_leapfrog=0)
    with pytest.raises(ValueError, match="four draws"):
        diagnostics.r_hat(jnp.zeros((2, 3)))
    with pytest.raises(ValueError, match="10 entries for 8 groups"):
        hierarchical.log_prob(jnp.zeros(9), hierarchical.eight_schools())
