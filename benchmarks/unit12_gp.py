"""Gaussian processes of unit 12 against scikit-learn and tinygp."""

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.harness import Pair, Row
from mfml.uncertainty import gp
from mfml.uncertainty.kernels import RBF

N, D, M = 1000, 2, 5000
NOISE = 0.1


def data(n=N):
    rng = np.random.default_rng(0)
    x = rng.uniform(-2, 2, size=(n, D)).astype(np.float32)
    y = np.sin(2 * x[:, 0]) * np.cos(x[:, 1]) + NOISE * rng.normal(size=n)
    y = ((y - y.mean()) / y.std()).astype(np.float32)
    return x, y, rng.uniform(-2, 2, size=(M, D)).astype(np.float32)


def misfit(x, y, length, variance, noise):
    """Negative log evidence in double precision, shifted to be positive."""
    z = x.astype(np.float64) / np.asarray(length, np.float64)
    squares = ((z[:, None] - z) ** 2).sum(-1)
    a = float(variance) * np.exp(-0.5 * squares) + float(noise) * np.eye(len(x))
    lower = np.linalg.cholesky(a)
    half = np.linalg.solve(lower, y.astype(np.float64))
    return 0.5 * half @ half + np.log(np.diag(lower)).sum() + 0.5 * len(y) * np.log(2 * np.pi) + 2000.0


def start():
    """The lengths, the variance and the noise with which all begin."""
    x, _, _ = data()
    lengths = 0.5 * 2**0.5 * x.std(axis=0)
    return lengths, 1.0, 0.1


def of_ours(x, y):
    def loss(model):
        variance = float(model.scale) ** 2
        return misfit(x, y, model.kernel.length, variance * model.kernel.variance, variance * model.noise_variance)

    return loss


def fit_against_sklearn() -> Pair:
    from sklearn.gaussian_process import GaussianProcessRegressor, kernels

    x, y, _ = data()
    ours_x, ours_y = jnp.asarray(x), jnp.asarray(y)
    lengths, variance, noise = start()
    function = kernels.ConstantKernel(variance, (1e-6, 1e6)) * kernels.RBF(lengths, (1e-3, 1e3))
    kernel = function + kernels.WhiteKernel(noise, (1e-6, 10.0))

    def loss_of_theirs(fitted):
        both = fitted.kernel_
        return misfit(x, y, both.k1.k2.length_scale, both.k1.k1.constant_value, both.k2.noise_level)

    return Pair(
        ours=lambda: gp.fit(ours_x, ours_y, kernel=RBF(jnp.ones(D)), mean=0.0),
        theirs=lambda: GaussianProcessRegressor(kernel, alpha=0.0).fit(x, y),
        loss_of_ours=of_ours(x, y),
        loss_of_theirs=loss_of_theirs,
        slack=1e-5,
    )


def fit_against_tinygp() -> Pair:
    import tinygp
    from scipy import optimize

    x, y, _ = data()
    ours_x, ours_y = jnp.asarray(x), jnp.asarray(y)
    lengths, variance, noise = start()
    first = np.log(np.array([*lengths, variance, noise], np.float32))

    @jax.jit
    @jax.value_and_grad
    def objective(theta):
        values = jnp.exp(theta)
        kernel = values[D] * tinygp.kernels.ExpSquared()
        process = tinygp.GaussianProcess(tinygp.transforms.Linear(1 / values[:D], kernel), ours_x, diag=values[D + 1])
        return -process.log_probability(ours_y)

    def of_numbers(theta):
        value, slope = objective(theta.astype(np.float32))
        return float(value), np.asarray(slope, np.float64)

    return Pair(
        ours=lambda: gp.fit(ours_x, ours_y, kernel=RBF(jnp.ones(D)), mean=0.0),
        theirs=lambda: optimize.minimize(of_numbers, first, jac=True, method="L-BFGS-B").x,
        loss_of_ours=of_ours(x, y),
        loss_of_theirs=lambda theta: misfit(x, y, np.exp(theta[:D]), *np.exp(theta[D:])),
        slack=1e-5,
    )


def prediction() -> Pair:
    from sklearn.gaussian_process import GaussianProcessRegressor, kernels

    x, y, at = data()
    model = gp.condition(x, y, kernel=RBF(1.0), noise_variance=NOISE**2)
    theirs = GaussianProcessRegressor(kernels.RBF(1.0), alpha=NOISE**2, optimizer=None).fit(x, y)
    ours_at = jnp.asarray(at)
    truth = np.concatenate(theirs.predict(at.astype(np.float64), return_std=True))

    def error(mean, deviation):
        return float(np.abs(np.concatenate([mean, deviation]) - truth).max())

    return Pair(
        ours=lambda: gp.predictive(model, ours_at),
        theirs=lambda: theirs.predict(at, return_std=True),
        loss_of_ours=lambda made: error(made.mean, made.epistemic_std),
        loss_of_theirs=lambda made: error(*made),
        floor=2e-3,
    )


ROWS = [
    Row(
        "12.gp fit 1000x2",
        "sklearn GaussianProcessRegressor",
        fit_against_sklearn,
        note="loss: negative log evidence in nats, in float64, plus 2000; the peer computes in float64; same start",
        min_pairs=3,
    ),
    Row(
        "12.gp fit 1000x2 (tinygp)",
        "tinygp GaussianProcess with scipy L-BFGS-B",
        fit_against_tinygp,
        note="loss: as above; the peer computes in float32, too; same start",
        min_pairs=3,
    ),
    Row(
        "12.gp predict 5000 from 1000",
        "sklearn GaussianProcessRegressor.predict(return_std=True)",
        prediction,
        note="loss: largest error of means and deviations against float64, in which the peer computes",
    ),
]
