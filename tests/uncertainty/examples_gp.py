"""One example of every public function of kernels and Gaussian processes."""

import jax
import jax.numpy as jnp

from mfml.uncertainty import (
    gp,
    gp_evidence,
    gp_hyperparameters,
    gp_predictions,
    gp_samples,
    hyperparameter_ranges,
    jitter,
    kernels,
)
from mfml.uncertainty.kernels import RBF, Constant, Linear, Matern, Periodic, RationalQuadratic
from tests.contract import Example

N, D = 6, 2


def points(key, n=N, d=D):
    return jax.random.normal(key, (n, d))


def one_of(make):
    """A kernel with random lengths, variances and so on."""

    def arguments(key):
        values = jnp.exp(0.3 * jax.random.normal(key, (4, D)))
        return {"kernel": make(*values), "x": points(key), "z": points(jax.random.fold_in(key, 1), N - 1)}

    return arguments


def without_z(arguments):
    return lambda key: {name: value for name, value in arguments(key).items() if name != "z"}


IN_X = {"x": 1.0, "z": 1.0, "kernel.length": 1.0}
IN_Y = {"kernel.variance": 1.0}
TOGETHER = (("x", "z"),)
rbf = one_of(lambda length, variance, *_: RBF(length, variance[0]))
matern = one_of(lambda length, variance, *_: Matern(length, variance[0], nu=0.5))
everything = one_of(
    lambda length, variance, period, alpha: (
        RBF(length, variance[0]) * Periodic(alpha, period) + Linear(alpha) + Constant(variance[1])
    )
)


def data(key):
    x = points(key)
    y = jnp.sin(2 * x[:, 0]) + 0.1 * jax.random.normal(jax.random.fold_in(key, 2), (N,))
    lengths = jnp.exp(0.3 * jax.random.normal(jax.random.fold_in(key, 3), (D,)))
    noise = 0.1 + 0.1 * jax.random.uniform(jax.random.fold_in(key, 4), (N,))
    return {"x": x, "y": y, "kernel": RBF(lengths, jnp.float32(1.5)), "noise_variance": noise, "mean": jnp.float32(0.2)}


def to_fit(key):
    """Enough samples that the evidence has one clear maximum."""
    x = points(key, n=24, d=1)
    y = jnp.sin(3 * x[:, 0]) + 0.2 * jax.random.normal(jax.random.fold_in(key, 2), (24,))
    return {"x": x, "y": y, "kernel": RBF()}


def model(key):
    return gp.condition(**(data(key) | {"noise_variance": jnp.float32(0.2)}))


def asked(key):
    return {"model": model(key), "x": points(jax.random.fold_in(key, 1), 5)}


def covariance(key):
    return kernels.matrix(RBF(), points(key), points(key))


def density(key):
    return {"residual": data(key)["y"], "covariance": covariance(key), "noise_variance": data(key)["noise_variance"]}


def factored(key):
    lower = jitter.cholesky(covariance(key), noise_variance=0.1).lower
    return {"residual": data(key)["y"], "lower": lower, "coef": points(key)[:, 0]}


TABLE = {"memory": "the covariances of all pairs of data are the method"}
OF_X = ({"x": 1.0, "kernel.length": 1.0},)
MOVED = (("y", "mean"), ("x",))
ALL = ("x", "y", "kernel", "noise_variance", "mean")

EXAMPLES = [
    Example(
        kernels.ready,
        without_z(rbf),
        gradient=("kernel",),
        exempt={"missing": "x only says how many columns there are"},
    ),
    Example(kernels.matrix, rbf, gradient=("kernel", "x", "z"), units=(IN_X, IN_Y), origins=TOGETHER),
    Example(kernels.matrix, matern, gradient=("kernel", "x", "z"), units=(IN_X, IN_Y), origins=TOGETHER),
    Example(
        kernels.matrix,
        one_of(lambda length, variance, _, alpha: RationalQuadratic(length[0], variance[0], alpha[0])),
        gradient=("kernel", "x", "z"),
        units=(IN_X, IN_Y),
        origins=TOGETHER,
    ),
    Example(
        kernels.matrix,
        one_of(lambda length, variance, period, _: Periodic(length, 4 * period, variance[0])),
        gradient=("kernel", "x", "z"),
        units=({"x": 1.0, "z": 1.0, "kernel.period": 1.0}, IN_Y),
        origins=TOGETHER,
    ),
    Example(kernels.matrix, everything, gradient=("kernel", "x", "z")),
    Example(kernels.diagonal, without_z(rbf), gradient=("kernel", "x")),
    Example(kernels.diagonal, without_z(everything), gradient=("kernel", "x")),
    Example(
        hyperparameter_ranges.of_kernel,
        lambda key: {"kernel": RBF(jnp.ones(D)) + Linear() * Periodic(), "x": points(key)},
        origins=(("x",),),
    ),
    Example(hyperparameter_ranges.times, lambda key: {"kernel": rbf(key)["kernel"], "factor": jnp.float32(2.0)}),
    Example(
        jitter.cholesky,
        lambda key: {"covariance": covariance(key), "noise_variance": data(key)["noise_variance"]},
        gradient=("covariance", "noise_variance"),
        units=({"covariance": 2.0, "noise_variance": 2.0},),
    ),
    Example(
        jitter.solve,
        lambda key: {
            "factor": jitter.cholesky(covariance(key), noise_variance=0.1),
            "covariance": covariance(key),
            "residual": data(key)["y"],
            "noise_variance": jnp.float32(0.1),
        },
        gradient=("factor", "covariance", "residual", "noise_variance"),
    ),
    Example(gp.condition, data, gradient=ALL, units=OF_X, origins=MOVED, exempt=TABLE, tolerance=1e-3),
    Example(gp_predictions.predict, asked, gradient=("model", "x")),
    Example(gp_predictions.predictive, asked, gradient=("model", "x")),
    Example(gp_predictions.posterior, asked, gradient=("model", "x"), exempt=TABLE),
    Example(gp.score, lambda key: {"model": model(key), "x": data(key)["x"], "y": data(key)["y"]}),
    Example(gp.fit, to_fit, tolerance=1e-2, exempt=TABLE),
    Example(
        gp_hyperparameters.maximize,
        lambda key: to_fit(key) | {"key": key},
        {"n_restarts": 1, "max_iter": 20},
        tolerance=1e-2,
        x64=False,
        exempt=TABLE,
    ),
    Example(gp_evidence.log_evidence, data, gradient=ALL, origins=MOVED, exempt=TABLE),
    Example(gp_evidence.leave_one_out, data, gradient=ALL, origins=MOVED, exempt=TABLE),
    Example(gp_evidence.log_density, density, gradient=("residual", "covariance", "noise_variance")),
    Example(gp_evidence.normal, factored, gradient=("residual", "lower", "coef")),
    Example(
        gp_samples.sample_prior,
        lambda key: {"kernel": RBF(), "x": points(key), "key": key},
        {"n_samples": 2},
        x64=False,
        exempt=TABLE,
    ),
    Example(gp_samples.sample, lambda key: asked(key) | {"key": key}, {"n_samples": 2}, x64=False, exempt=TABLE),
]
