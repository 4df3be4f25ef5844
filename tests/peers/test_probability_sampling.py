"""Sampling and diagnostics against numpyro and blackjax, each where it is installed."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.probability import diagnostics, hierarchical, sampling


@pytest.fixture
def chains():
    """Four chains that remember their past, the last a little off."""
    noise = np.random.default_rng(0).normal(size=(4, 800))
    made = np.zeros_like(noise)
    for t in range(1, 800):
        made[:, t] = 0.7 * made[:, t - 1] + noise[:, t]
    return made + np.array([[0.0], [0.0], [0.0], [0.4]])


def imported(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name)


def test_diagnostics_equal_numpyro(chains):
    peer = imported("numpyro.diagnostics")
    ours = jnp.asarray(chains, jnp.float32)
    np.testing.assert_allclose(diagnostics.r_hat(ours), peer.split_gelman_rubin(chains), rtol=1e-4)
    np.testing.assert_allclose(diagnostics.effective_sample_size(ours), peer.effective_sample_size(chains), rtol=1e-2)
    np.testing.assert_allclose(
        diagnostics.autocorrelation(ours)[0], peer.autocorrelation(chains[0], bias=True), atol=1e-5
    )


def test_effective_sample_size_equals_blackjax(chains):
    peer = imported("blackjax.diagnostics")
    ours = jnp.asarray(chains, jnp.float32)
    expected = peer.effective_sample_size(ours[..., None])
    np.testing.assert_allclose(diagnostics.effective_sample_size(ours), np.ravel(expected)[0], rtol=0.02)


def test_one_path_of_hmc_has_the_energy_of_blackjax():
    """The same momentum gives the same end of the path and the same energy error."""
    integrators = imported("blackjax.mcmc.integrators")
    metrics = imported("blackjax.mcmc.metrics")

    def log_prob(position):
        return hierarchical.log_prob(position, hierarchical.eight_schools())

    key, scale = jax.random.key(3), jnp.linspace(0.5, 2.0, 10)
    start = sampling.init(0.3 * jnp.arange(10.0) - 1, log_prob=log_prob)
    moved, info = sampling.hmc_step(start, log_prob=log_prob, key=key, step_size=0.05, scale=scale, n_leapfrog=8)
    whitened = jax.random.normal(jax.random.split(key)[0], (10,))
    metric = metrics.default_metric(scale**2)
    step = integrators.velocity_verlet(log_prob, metric.kinetic_energy)
    state = integrators.IntegratorState(start.position, whitened / scale, start.log_prob, start.gradient)

    def energy(state):
        return -state.logdensity + metric.kinetic_energy(state.momentum)

    before = energy(state)
    for _ in range(8):
        state = step(state, 0.05)
    np.testing.assert_allclose(info.energy_error, energy(state) - before, atol=1e-4)
    assert info.accepted
    np.testing.assert_allclose(moved.position, state.position, rtol=1e-4)
