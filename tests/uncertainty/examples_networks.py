"""One example of every public function of the networks, and of what splits their uncertainty."""

import jax
import jax.numpy as jnp

from mfml.uncertainty import decompose, dropout, ensemble, laplace, perceptron
from tests.contract import Example

N, D = 6, 2
SMALL = {"hidden": (3,), "n_steps": 2}
PLAN = perceptron.Plan("mean", 0, (3,), n_steps=2, batch_size=None)


def cloud(key, n=N, d=D):
    return jax.random.normal(key, (n, d))


def samples(key):
    x = cloud(key)
    return {"x": x, "y": jnp.sin(3 * x[:, 0]) + x[:, 1]}


def labeled(key):
    x = cloud(key)
    return {"x": x, "y": jnp.digitize(x[:, 0], jnp.array([-0.4, 0.4]))}


def drawing(key):
    return {"key": jax.random.fold_in(key, 3)}


def training(key):
    return samples(key) | drawing(key)


def sorting(key):
    return labeled(key) | drawing(key)


def asked(key, module, data=samples, **options):
    model = module.fit(**data(key), **drawing(key), **SMALL, **options)
    return {"model": model, "x": 3 * cloud(jax.random.fold_in(key, 2))}


def asking(module, data=samples, *, drawn=False, **options):
    return lambda key: asked(key, module, data, **options) | (drawing(key) if drawn else {})


def judged(module, data=samples, **options):
    return lambda key: {"model": asked(key, module, data, **options)["model"], **data(key)}


def network(key):
    return perceptron.init(key=key, n_features=D, plan=PLAN)


def error(w, batch, key):
    return jnp.mean((w - batch) ** 2)


def members(key):
    return {"means": cloud(key, 3, N), "stds": jnp.abs(cloud(jax.random.fold_in(key, 1), 3, N))}


CLASSES = {"kind": "classes", "n_classes": 3}
IN_ITS_UNITS = ({"x": 1, "model.x_shift": 1, "model.x_scale": 1},)
TRAINED = {"tolerance": 1e-3, "x64": False}

EXAMPLES = [
    Example(decompose.total_variance, members, gradient=("means", "stds"), units=({"means": 1, "stds": 1},)),
    Example(decompose.root_mean_square, lambda key: {"values": cloud(key)}, gradient=("values",)),
    Example(
        decompose.entropies,
        lambda key: {"probabilities": jax.nn.softmax(jax.random.normal(key, (3, N, 2)))},
        gradient=("probabilities",),
    ),
    Example(perceptron.standardized, samples, {"kind": "mean"}, gradient=("x", "y")),
    Example(perceptron.init, lambda key: {"key": key}, {"n_features": D, "plan": PLAN}, x64=False),
    Example(perceptron.features, lambda key: {"network": network(key), "z": cloud(key)}, gradient=("network", "z")),
    Example(perceptron.outputs, lambda key: {"network": network(key), "z": cloud(key)}, gradient=("network", "z")),
    Example(
        perceptron.loss,
        lambda key: {"output": cloud(key), "y": samples(key)["y"], "beta": jnp.array(0.5)},
        {"kind": "normal"},
        gradient=("output", "y"),
    ),
    Example(
        perceptron.moments,
        lambda key: (
            {"output": cloud(key, d=1), "y_shift": jnp.array(3.0), "y_scale": jnp.array(2.0)}
            | {"noise_std": jnp.array(0.5)}
        ),
        gradient=("output", "noise_std"),
        units=({"y_shift": 1, "y_scale": 1, "noise_std": 1},),
    ),
    Example(
        perceptron.train,
        lambda key: {"data": cloud(key), "key": key, "init": cloud(key)[0]},
        {"loss": error, "plan": PLAN},
        tolerance=1e-3,
        exempt={"warm": "it belongs into compiled code: its optimizer is a new one for each call"},
    ),
    Example(
        perceptron.residual_std,
        lambda key: {"output": cloud(key, d=1), "y": samples(key)["y"], "y_scale": jnp.array(2.0)},
        gradient=("output", "y"),
    ),
    Example(ensemble.fit, training, {"n_members": 2, **SMALL}, **TRAINED),
    Example(ensemble.predictions, asking(ensemble, n_members=2), gradient=("x",), units=IN_ITS_UNITS),
    Example(ensemble.predictive, asking(ensemble, n_members=2, kind="mean"), gradient=("x",), units=IN_ITS_UNITS),
    Example(
        ensemble.probabilities, asking(ensemble, labeled, n_members=2, **CLASSES), gradient=("x",), units=IN_ITS_UNITS
    ),
    Example(
        ensemble.predict_proba, asking(ensemble, labeled, n_members=2, **CLASSES), gradient=("x",), units=IN_ITS_UNITS
    ),
    Example(ensemble.predict, asking(ensemble, n_members=2), gradient=("x",), units=IN_ITS_UNITS),
    Example(ensemble.score, judged(ensemble, n_members=2), gradient=("x", "y"), units=IN_ITS_UNITS),
    Example(dropout.fit, lambda key: sorting(key) | {"rate": jnp.array(0.3)}, SMALL | CLASSES, **TRAINED),
    Example(
        dropout.predictions,
        asking(dropout, drawn=True),
        {"n_samples": 3},
        gradient=("x",),
        units=IN_ITS_UNITS,
        x64=False,
    ),
    Example(
        dropout.predictive,
        asking(dropout, drawn=True, kind="normal"),
        {"n_samples": 3},
        gradient=("x",),
        units=IN_ITS_UNITS,
        x64=False,
    ),
    Example(
        dropout.probabilities,
        asking(dropout, labeled, drawn=True, **CLASSES),
        {"n_samples": 3},
        gradient=("x",),
        units=IN_ITS_UNITS,
        x64=False,
    ),
    Example(dropout.predict_proba, asking(dropout, labeled, **CLASSES), gradient=("x",), units=IN_ITS_UNITS),
    Example(dropout.predict, asking(dropout), gradient=("x",), units=IN_ITS_UNITS),
    Example(dropout.score, judged(dropout), gradient=("x", "y"), units=IN_ITS_UNITS),
    Example(
        dropout.linear_moments,
        lambda key: {"layer": network(key)[0], "x": cloud(key), "rate": jnp.array(0.3)},
        gradient=("layer", "x", "rate"),
        units=({"x": 1},),
    ),
    Example(laplace.fit, training, {**SMALL, "max_iter": 2}, **TRAINED),
    Example(laplace.features, asking(laplace), gradient=("x",), units=IN_ITS_UNITS),
    Example(laplace.predictive, asking(laplace), gradient=("x",), units=IN_ITS_UNITS),
    Example(
        laplace.predictions,
        asking(laplace, drawn=True),
        {"n_samples": 3},
        gradient=("x",),
        units=IN_ITS_UNITS,
        x64=False,
    ),
    Example(laplace.predict_proba, asking(laplace, labeled, **CLASSES), gradient=("x",), units=IN_ITS_UNITS),
    Example(
        laplace.probabilities,
        asking(laplace, labeled, drawn=True, **CLASSES),
        {"n_samples": 3},
        gradient=("x",),
        units=IN_ITS_UNITS,
        x64=False,
    ),
    Example(laplace.predict, asking(laplace), gradient=("x",), units=IN_ITS_UNITS),
    Example(laplace.score, judged(laplace), gradient=("x", "y"), units=IN_ITS_UNITS),
]
