"""One example of every public function of scores and recalibration."""

import jax
import jax.numpy as jnp

from mfml.uncertainty import compare, isotonic, quantiles, recalibration, scores, temperature
from tests.contract import Example

N, C = 6, 3
LABELS = jnp.array([0, 1, 0, 2, 1, 1])


def normal(key, i, *shape):
    return jax.random.normal(jax.random.fold_in(key, i), shape or (N,))


def forecasts(key):
    return {"y": normal(key, 1), "mean": normal(key, 2), "scale": 0.5 + normal(key, 3) ** 2}


def mixtures(key):
    return {
        "y": normal(key, 1),
        "weights": jax.nn.softmax(normal(key, 2, N, C)),
        "means": normal(key, 3, N, C),
        "scales": 0.5 + normal(key, 4, N, C) ** 2,
    }


def ensembles(key):
    return {"y": normal(key, 1), "draws": normal(key, 2, 4, N)}


def intervals(key):
    middle = normal(key, 2)
    return {"y": normal(key, 1), "low": middle - 0.6, "high": middle + 0.9}


def moving(*names, origins=None):
    return {"units": (dict.fromkeys(names, 1),), "origins": (origins or names,)}


def monotone(key):
    x = normal(key, 1)
    return {"x": x, "y": x + normal(key, 2)}


def classified(key):
    return {"logits": 3 * normal(key, 1, N, C), "y": LABELS}


def tempered(key):
    model = temperature.fit(**classified(jax.random.key(3)), max_iter=30)
    return {"model": model, "logits": normal(key, 2, N, C)}


def mapped(key):
    return recalibration.fit(jax.random.uniform(key, (5,)))


def samples(key):
    x = normal(key, 1, N, 2)
    return {"x": x, "y": x[:, 0] + normal(key, 2)}


def planes(key):
    model = quantiles.fit(**samples(jax.random.key(5)), levels=jnp.array([0.2, 0.7]), max_iter=20)
    return {"model": model, "x": normal(key, 1, N, 2)}


def methods(key):
    def rows(i, n):
        return jnp.abs(normal(key, i, 2, n))

    return {
        "y": normal(key, 1),
        "means": rows(2, N),
        "stds": 0.5 + rows(3, N),
        "new_y": normal(key, 4, 3),
        "new_means": rows(5, 3),
        "new_stds": 0.5 + rows(6, 3),
        "seconds": jnp.array([1.0, 2.0]),
    }


BOUNDS = moving("y", "low", "high")

EXAMPLES = [
    Example(
        scores.crps_gaussian,
        forecasts,
        gradient=("y", "mean", "scale"),
        **moving("y", "mean", "scale", origins=("y", "mean")),
    ),
    Example(
        scores.crps_mixture,
        mixtures,
        gradient=("y", "weights", "means", "scales"),
        **moving("y", "means", "scales", origins=("y", "means")),
    ),
    Example(scores.crps_ensemble, ensembles, gradient=("y", "draws"), **moving("y", "draws")),
    Example(scores.crps_ensemble, ensembles, {"fair": True}, gradient=("y", "draws"), **moving("y", "draws")),
    Example(
        scores.crps_quantiles,
        lambda key: {"y": normal(key, 1), "quantiles": normal(key, 2, N, 2), "levels": jnp.array([0.2, 0.7])},
        gradient=("y", "quantiles"),
        **moving("y", "quantiles"),
    ),
    Example(scores.interval_score, intervals, {"level": 0.8}, gradient=("y", "low", "high"), **BOUNDS),
    Example(scores.coverage, intervals, **BOUNDS),
    Example(
        scores.sharpness,
        lambda key: {name: intervals(key)[name] for name in ("low", "high")},
        gradient=("low", "high"),
        **moving("low", "high"),
    ),
    Example(
        scores.set_coverage,
        lambda key: {"sets": normal(key, 1, N, C) > 0, "y": LABELS},
    ),
    Example(
        isotonic.fit,
        monotone,
        gradient=("y",),
        units=({"x": 1}, {"y": 1}),
        origins=(("x",), ("y",)),
    ),
    Example(
        isotonic.transform,
        lambda key: {"model": isotonic.fit(**monotone(jax.random.key(1))), "values": normal(key, 3, 4)},
        gradient=("values",),
        units=({"values": 1, "model.x": 1}, {"model.value": 1}),
    ),
    Example(temperature.fit, classified, {"max_iter": 30}, tolerance=1e-3),
    Example(temperature.transform, tempered, gradient=("logits",)),
    Example(temperature.predict_proba, tempered, gradient=("logits",)),
    Example(
        recalibration.fit,
        lambda key: {"pit": jax.random.uniform(key, (N,))},
        gradient=("pit",),
    ),
    Example(
        recalibration.transform,
        lambda key: {"model": mapped(jax.random.key(1)), "levels": jax.random.uniform(key, (4,))},
        gradient=("levels",),
    ),
    Example(
        recalibration.inverse_transform,
        lambda key: {"model": mapped(jax.random.key(1)), "shares": jax.random.uniform(key, (4,))},
        gradient=("shares",),
    ),
    Example(
        recalibration.scale_factor,
        forecasts,
        gradient=("y", "mean", "scale"),
        units=({"y": 1, "mean": 1, "scale": 1}, {"scale": 1}),
        origins=(("y", "mean"),),
    ),
    Example(
        compare.table,
        methods,
        gradient=("y", "means", "stds"),
        origins=(("y", "means", "new_y", "new_means"),),
    ),
    # text, which is read from values
    Example(
        compare.describe,
        lambda key: {"table": compare.table(**methods(key))},
        {"names": ("GP", "ensemble")},
        jit=False,
        batched=(),
        x64=False,
    ),
    Example(
        quantiles.fit,
        lambda key: samples(key) | {"levels": jnp.array([0.25, 0.7])},
        {"max_iter": 20},
        units=({"x": 1}, {"y": 1}),
        tolerance=1e-3,
    ),
    Example(quantiles.predict, planes, gradient=("x",)),
    Example(quantiles.score, lambda key: planes(key) | {"y": normal(key, 2)}, gradient=("x", "y")),
]
