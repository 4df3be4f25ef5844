"""One example of every public function of acquisition and active learning."""

import jax
import jax.numpy as jnp

from mfml.uncertainty import acquisition, active, surrogate
from tests.contract import Example

N = 6


def predictions(key):
    to_mean, to_std = jax.random.split(key)
    return {"mean": jax.random.normal(to_mean, (N,)), "std": 0.5 + jax.random.uniform(to_std, (N,))}


def with_best(key):
    return predictions(key) | {"best": jnp.array(0.5), "xi": jnp.array(0.1)}


def pool(key):
    to_x, to_y = jax.random.split(key)
    return {"x": jax.random.normal(to_x, (N, 2)), "y": jax.random.normal(to_y, (N,))}


def campaign(key):
    return pool(key) | {"key": key}


def measured(key):
    return pool(key) | {"candidates": pool(jax.random.fold_in(key, 1))["x"]}


def places(key):
    return pool(key) | {"measured": jnp.arange(N) < 4}


def with_hyper(key):
    return places(key) | {"hyper": surrogate.init(pool(key)["x"])}


SHAPE = {"missing": "only the shape of x is read"}
DENSE = {"memory": "the exact process of what was measured: tens of experiments"}
BOTH = ("mean", "std")
OF_F = ({"mean": 1, "std": 1, "best": 1, "xi": 1},)
ORIGIN = (("mean", "best"),)

EXAMPLES = [
    Example(acquisition.variance, predictions, gradient=BOTH, units=({"mean": 1, "std": 1},)),
    Example(acquisition.upper_confidence_bound, predictions, gradient=BOTH, units=({"mean": 1, "std": 1},)),
    Example(acquisition.probability_of_improvement, with_best, gradient=BOTH, units=OF_F, origins=ORIGIN),
    Example(acquisition.expected_improvement, with_best, gradient=BOTH, units=OF_F, origins=ORIGIN),
    Example(acquisition.log_expected_improvement, with_best, gradient=BOTH, origins=ORIGIN),
    Example(acquisition.thompson, lambda key: {"draws": jax.random.normal(key, (3, N))}),
    Example(surrogate.init, lambda key: {"x": pool(key)["x"], "noise_variance": jnp.float32(0.1)}, exempt=SHAPE),
    Example(surrogate.update, with_hyper, {"n_steps": 2}, tolerance=1e-2, origins=(("y",), ("x",)), exempt=DENSE),
    Example(surrogate.condition, with_hyper, tolerance=1e-3, gradient=("y",), exempt=DENSE),
    Example(
        active.suggest,
        measured,
        {"n_steps": 2, "n_suggestions": 2},
        tolerance=1e-2,
        units=({"y": 1}, {"x": 1, "candidates": 1}),
        origins=(("y",), ("x", "candidates")),
        exempt=DENSE,
    ),
    Example(
        active.campaign,
        campaign,
        {"n_initial": 2, "n_steps": 2, "n_updates": 1},
        units=({"y": 1}, {"x": 1}),
        origins=(("y",), ("x",)),
        tolerance=1e-2,
    ),
    Example(
        active.experiments_needed,
        lambda key: {"best": jnp.sort(pool(key)["y"]), "y": pool(key)["y"]},
    ),
]
