"""Gaussian processes against tinygp: posterior, evidence and its derivative."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.uncertainty import gp
from mfml.uncertainty.kernels import RBF, Matern, Periodic, RationalQuadratic

tinygp = pytest.importorskip("tinygp")
peers = tinygp.kernels

RNG = np.random.default_rng(0)
X, Y, AT = RNG.uniform(-2, 2, (12, 1)), RNG.normal(size=12), RNG.uniform(-3, 3, (5, 1))
NOISE = RNG.uniform(0.05, 0.2, 12)

PAIRS = {
    "rbf": (lambda t: RBF(t, 1.5), lambda t: 1.5 * peers.ExpSquared(t)),
    "matern 1/2": (lambda t: Matern(t, nu=0.5), lambda t: peers.Exp(t)),
    "matern 3/2": (lambda t: Matern(t, 2.0, nu=1.5), lambda t: 2.0 * peers.Matern32(t)),
    "matern 5/2": (lambda t: Matern(t), lambda t: peers.Matern52(t)),
    "rational quadratic": (lambda t: RationalQuadratic(t, alpha=0.7), lambda t: peers.RationalQuadratic(t, alpha=0.7)),
    "product": (
        lambda t: RBF(2.0) * Periodic(t, 1.3),  # their gamma is 2 / length^2
        lambda t: peers.ExpSquared(2.0) * peers.ExpSineSquared(1.3, gamma=2 / t**2),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_posterior_and_evidence(name, x64):
    ours, theirs = PAIRS[name]

    def process(length):
        return tinygp.GaussianProcess(theirs(length), X, diag=NOISE, mean=0.3)

    expected, slope = jax.value_and_grad(lambda t: process(t).log_probability(Y))(0.8)
    given = {"noise_variance": NOISE, "mean": 0.3}
    found, own = jax.value_and_grad(lambda t: gp.log_evidence(X, Y, kernel=ours(t), **given))(0.8)
    assert float(found) == pytest.approx(float(expected), rel=1e-9)
    assert float(own) == pytest.approx(float(slope), rel=1e-7)
    conditioned = process(0.8).condition(Y, AT).gp
    joint = gp.posterior(gp.condition(X, Y, kernel=ours(0.8), **given), AT)
    np.testing.assert_allclose(joint.mean, conditioned.mean, rtol=1e-8)
    np.testing.assert_allclose(joint.covariance, conditioned.covariance, atol=1e-7)  # with a jitter of their own


def test_numbers_in_single_precision():
    x, y = jnp.asarray(X, jnp.float32), jnp.asarray(Y, jnp.float32)
    expected = tinygp.GaussianProcess(peers.ExpSquared(0.8), x, diag=jnp.asarray(0.1)).log_probability(y)
    found = gp.log_evidence(x, y, kernel=RBF(0.8), noise_variance=0.1)
    assert float(found) == pytest.approx(float(expected), rel=1e-5)
