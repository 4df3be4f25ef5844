"""One example of every public function of attributions, importance and effects."""

import jax
import jax.numpy as jnp

from mfml.explain import asking, effects, importance, integrated_gradients, lime, saliency
from tests.contract import Example

N, D = 6, 2


def product(rows):
    return rows[:, 0] * rows[:, 1] + rows[:, 0] ** 2


def linear(rows):
    return rows[:, 0] - 2 * rows[:, 1]


def kinked(rows):
    return rows[:, 0] - 2 * jnp.maximum(rows[:, 1], 0.5 * rows[:, 0])


def head(maps):
    return jnp.sum(maps**2, axis=(1, 2, 3))


def samples(key):
    return {"x": jax.random.normal(key, (N, D))}


def with_scale(key):
    return samples(key) | {"scale": jnp.array([0.5, 2.0]), "key": key}


def with_baselines(key):
    return samples(key) | {"background": jax.random.normal(jax.random.fold_in(key, 1), (2, D))}


def with_targets(key):
    x = samples(key)["x"]
    return {"x": x, "y": linear(x) + jax.random.normal(jax.random.fold_in(key, 1), (N,)), "key": key}


def with_places(key):
    return samples(key) | {"at": jnp.array([-1.0, 0.5, 2.0])}


TOGETHER = ({"x": 1},)
BOTH = ({"x": 1, "at": 1},)
NORMAL = {"x64": False}  # normal draws differ by dtype

EXAMPLES = [
    Example(asking.outputs, samples, {"f": product}, gradient=("x",), units=TOGETHER),
    Example(saliency.gradient, samples, {"f": product}, gradient=("x",), units=TOGETHER),
    Example(saliency.gradient_input, samples, {"f": product}, gradient=("x",), units=TOGETHER),
    Example(
        saliency.smooth,
        lambda key: samples(key) | {"key": key, "noise": jnp.float32(0.5)},
        {"f": product, "n_samples": 3},
        gradient=("x", "noise"),
        units=({"x": 1, "noise": 1},),
        **NORMAL,
    ),
    Example(
        saliency.grad_cam,
        lambda key: {"maps": jax.random.normal(key, (N, 2, 2, 3))},
        {"f": head},
        gradient=("maps",),
        units=({"maps": 1},),
    ),
    Example(
        integrated_gradients.fit,
        with_baselines,
        {"f": kinked},
        units=({"x": 1, "background": 1},),
        tolerance=1e-3,
    ),
    Example(
        lime.weights,
        lambda key: {"z": jax.random.normal(key, (N, D)), "width": jnp.float32(1.5)},
        gradient=("z", "width"),
        units=({"z": 1, "width": 1},),
    ),
    Example(
        lime.fit,
        with_scale,
        {"f": kinked, "n_samples": 12},
        gradient=("x", "scale"),
        units=({"x": 1, "scale": 1},),
        tolerance=1e-3,
        **NORMAL,
    ),
    Example(
        importance.permutation,
        with_targets,
        {"f": linear, "n_repeats": 2},
        gradient=("x", "y"),
        units=({"x": 1, "y": 1},),
    ),
    Example(effects.ice, with_places, {"f": product, "feature": 1}, gradient=("x", "at"), units=BOTH),
    Example(effects.partial_dependence, with_places, {"f": product, "feature": 1}, gradient=("x", "at"), units=BOTH),
    Example(
        effects.ale,
        samples,
        {"f": product, "feature": 0, "n_bins": 3},
        gradient=("x",),
        units=TOGETHER,
    ),
]
