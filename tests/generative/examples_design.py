"""One example of every public function of inverse design and of two-point statistics."""

import jax
import jax.numpy as jnp

from mfml.data import alloys
from mfml.generative import design, flow, simplex, two_point
from tests.contract import Example

N = 6


def shares(key):
    return {"parts": jax.random.dirichlet(key, jnp.ones(4), (N,))}


def images(key, n=3):
    return jax.random.uniform(key, (n, 6, 5))


def recipes(key):
    return {"x": alloys.simulate(key=key, n_samples=N).x}


def free(key):
    return jax.random.normal(key, (N, 8))


def model(key):
    return flow.init(free(key), key=key, condition=300 + 50 * free(key)[:, :1], n_layers=1, hidden=(4,), n_bins=3)


BEYOND = {"integers": "the numbers of the law are no possible recipes"}

EXAMPLES = [
    Example(simplex.log_ratios, shares, gradient=("parts",)),
    Example(simplex.composition, lambda key: {"z": free(key)}, gradient=("z",)),
    Example(simplex.present, lambda key: shares(key) | {"key": key}, {"limit": 0.05}, x64=False),
    Example(simplex.absent, shares, {"limit": 0.1}),
    Example(two_point.correlation, lambda key: {"images": images(key)}, gradient=("images",)),
    Example(two_point.correlation, lambda key: {"images": images(key)}, {"periodic": False}, gradient=("images",)),
    Example(two_point.radial, lambda key: {"correlation": images(key)}, gradient=("correlation",)),
    Example(
        two_point.difference,
        lambda key: {"generated": images(key), "target": images(jax.random.fold_in(key, 1), 4)},
        gradient=("generated", "target"),
        units=({"generated": 1, "target": 1},),
    ),
    Example(design.coordinates, lambda key: recipes(key) | {"key": key}, x64=False, exempt=BEYOND),
    Example(design.recipes, lambda key: {"z": free(key)}, gradient=("z",)),
    Example(
        design.fit,
        lambda key: recipes(key) | {"y": 300 + 50 * jax.random.normal(key, (N,)), "key": key},
        {"n_layers": 1, "hidden": (4,), "batch_size": 3, "n_steps": 2},
        tolerance=1e-2,
        x64=False,
        exempt=BEYOND,
    ),
    Example(
        design.propose,
        lambda key: {"model": model(key), "target": jnp.array(300.0), "key": key},
        {"n_samples": N},
        tolerance=1e-3,
        x64=False,
    ),
    Example(design.judge, lambda key: recipes(key) | {"target": jnp.array(300.0)}, tolerance=1e-3, exempt=BEYOND),
]
