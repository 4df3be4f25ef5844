"""One example of every public function of sparse Gaussian processes and conjugate gradients."""

import jax
import jax.numpy as jnp

from mfml.uncertainty import collapsed, conjugate_gradients, inducing, products, sparse_gp
from mfml.uncertainty.kernels import RBF
from tests.contract import Example

N, M = 6, 3
NOISE = jnp.float32(0.1)


def data(key):
    to_x, to_y = jax.random.split(key)
    return {"x": jax.random.normal(to_x, (N, 2)), "y": jax.random.normal(to_y, (N,))}


def kernel():
    return RBF(length=jnp.float32(1.0), variance=jnp.float32(2.0))


def inputs(key):
    return {"x": data(key)["x"], "kernel": kernel()}


def process(key):
    return data(key) | {"kernel": kernel(), "noise_variance": NOISE}


def with_inducing(key):
    return process(key) | {"inducing": data(key)["x"][:M] + 0.1}


def sparse(key):
    return sparse_gp.fit(**process(key), n_inducing=M, max_iter=0)


def mean(key):
    return conjugate_gradients.fit(**process(key), n_inducing=2)


def asked(model):
    return lambda key: {"model": model(key), "x": data(jax.random.fold_in(key, 1))["x"]}


def scored(model):
    return lambda key: {"model": model(key), **data(jax.random.fold_in(key, 1))}


IN_UNITS_OF_Y = ({"y": 1, "scale": 1},)
OF_A_MODEL = ({"model.mean": 1, "model.scale": 1},)

EXAMPLES = [
    Example(
        products.kernel_times,
        lambda key: inputs(key) | {"z": data(key)["x"][:4], "vector": data(key)["y"][:4]},
        gradient=("x", "z", "vector"),
        origins=(("x", "z"),),
        units=({"vector": 1},),
    ),
    Example(inducing.pivoted_cholesky, inputs, {"n_inducing": M}, origins=(("x",),)),
    Example(inducing.choose, inputs, {"n_inducing": M}, units=({"x": 1, "kernel.length": 1},)),
    Example(inducing.choose, lambda key: inputs(key) | {"key": key}, {"n_inducing": M, "init": "k-means++"}, x64=False),
    Example(collapsed.collapse, with_inducing, tolerance=1e-3, origins=(("x", "inducing"),)),
    Example(
        collapsed.bound,
        with_inducing,
        gradient=("x", "y", "kernel", "noise_variance", "inducing"),
        tolerance=1e-3,
        origins=(("x", "inducing"),),
    ),
    Example(
        conjugate_gradients.fit,
        lambda key: process(key) | {"scale": jnp.float32(1.0)},
        {"n_inducing": 2, "tol": 1e-3},
        tolerance=1e-2,
        units=IN_UNITS_OF_Y,  # the residual is rounding, so it does not stay as it is when y moves
        exempt={"far": "the residual that is left is rounding in both precisions"},
    ),
    Example(conjugate_gradients.predict, asked(mean), gradient=("x",), units=OF_A_MODEL),
    Example(conjugate_gradients.score, scored(mean), gradient=("x", "y")),
    Example(
        sparse_gp.fit,
        lambda key: process(key) | {"scale": jnp.float32(1.0)},
        {"n_inducing": M, "max_iter": 2},
        tolerance=1e-2,
        origins=(("y",),),
        exempt={"far": "hyperparameters start at 1, and two steps do not reach a variance of 1e14"},
    ),
    Example(sparse_gp.predict, asked(sparse), gradient=("x",), units=OF_A_MODEL),
    Example(sparse_gp.predictive, asked(sparse), gradient=("x",), units=OF_A_MODEL),
    Example(sparse_gp.score, scored(sparse), gradient=("x", "y")),
]
