"""One example of every public function of conformal prediction."""

import jax
import jax.numpy as jnp

from mfml.risk import splits
from mfml.uncertainty import conformal, conformal_regression, conformal_sets, conformal_shift
from tests.contract import Example

N, M, C = 6, 4, 3
LABELS = jnp.array([0, 1, 0, 2, 1, 1])
SCORES = {"units": ({"scores": 1},), "origins": (("scores",),)}


def normal(key, i, n=N):
    return jax.random.normal(jax.random.fold_in(key, i), (n,))


def pair(key):
    return {"prediction": normal(key, 1), "y": normal(key, 2)}


def scored(key):
    return {"scores": jnp.abs(normal(key, 1))}


def shares(key):
    return {"probabilities": jax.nn.softmax(jax.random.normal(key, (N, C)))}


def bounds(key, i=1, n=N):
    middle = normal(key, i, n)
    return {"low": middle - 0.6, "high": middle + 0.9}


def new_bounds(key):
    return {f"new_{name}": end for name, end in bounds(key, 3, M).items()}


def slope_of(x, y, weights):
    """A slope without squares, which tiny units would not survive."""
    return jnp.sum(weights * jnp.sign(x[:, 0]) * y) / jnp.sum(weights * jnp.abs(x[:, 0]))


def along(slope, x):
    return slope * x[:, 0]


def table(key):
    x = jax.random.normal(key, (N + M, 2))
    return {"x": x[:N], "y": normal(key, 2), "x_new": x[N:]}


EXAMPLES = [
    Example(
        conformal.absolute_scores,
        pair,
        gradient=("prediction", "y"),
        units=({"prediction": 1, "y": 1},),
        origins=(("prediction", "y"),),
    ),
    Example(
        conformal.absolute_scores,
        lambda key: pair(key) | {"spread": 1 + normal(key, 3) ** 2},
        gradient=("prediction", "y", "spread"),
        units=({"prediction": 1, "y": 1, "spread": 1}, {"spread": 1}),
        origins=(("prediction", "y"),),
    ),
    Example(conformal.quantile, scored, {"level": 0.7}, gradient=("scores",), **SCORES),
    Example(
        conformal.group_quantiles,
        lambda key: scored(key) | {"groups": LABELS},
        {"n_groups": 3, "level": 0.6},
        gradient=("scores",),
        **SCORES,
    ),
    Example(
        conformal.interval,
        lambda key: {"prediction": normal(key, 1), "quantile": jnp.array(0.7)},
        gradient=("prediction", "quantile"),
        units=({"prediction": 1, "quantile": 1},),
        origins=(("prediction",),),
    ),
    Example(
        conformal.interval,
        lambda key: {
            "prediction": normal(key, 1),
            "quantile": jnp.abs(normal(key, 2)),
            "spread": jnp.abs(normal(key, 3)),
        },
        gradient=("prediction", "quantile", "spread"),
        units=({"prediction": 1, "spread": 1},),
        origins=(("prediction",),),
    ),
    Example(
        conformal.split,
        lambda key: pair(key) | {"new_prediction": normal(key, 3, M)},
        {"level": 0.7},
        gradient=("prediction", "y", "new_prediction"),
        units=({"prediction": 1, "y": 1, "new_prediction": 1},),
        origins=(("prediction", "y"), ("new_prediction",)),
    ),
    Example(conformal_sets.class_scores, shares, gradient=("probabilities",)),
    Example(conformal_sets.class_scores, shares, {"kind": "adaptive"}, gradient=("probabilities",)),
    Example(
        conformal_sets.class_scores,
        lambda key: shares(key) | {"key": key, "penalty": jnp.array(0.1)},
        {"kind": "adaptive"},
        gradient=("probabilities", "penalty"),
        x64=False,
    ),
    Example(
        conformal_sets.of_label,
        lambda key: {"scores": jax.random.normal(key, (N, C)), "y": LABELS},
        gradient=("scores",),
        **SCORES,
    ),
    Example(
        conformal_sets.sets,
        lambda key: {"scores": jax.random.normal(key, (N, C)), "quantile": jnp.array([0.1, -0.2, 0.7])},
        units=({"scores": 1, "quantile": 1},),
    ),
    Example(
        conformal_regression.quantile_scores,
        lambda key: bounds(key) | {"y": normal(key, 2)},
        gradient=("low", "high", "y"),
        units=({"low": 1, "high": 1, "y": 1},),
        origins=(("low", "high", "y"),),
    ),
    Example(
        conformal_regression.quantile_interval,
        lambda key: bounds(key) | {"quantile": jnp.array(0.3)},
        gradient=("low", "high", "quantile"),
        units=({"low": 1, "high": 1, "quantile": 1},),
        origins=(("low", "high"),),
    ),
    Example(
        conformal_regression.cqr,
        lambda key: bounds(key) | {"y": normal(key, 2)} | new_bounds(key),
        {"level": 0.7},
        gradient=("low", "high", "y", "new_low", "new_high"),
        units=({"low": 1, "high": 1, "y": 1, "new_low": 1, "new_high": 1},),
        origins=(("low", "high", "y"), ("new_low", "new_high")),
    ),
    Example(
        conformal_regression.jackknife,
        table,
        {"fit": slope_of, "predict": along, "level": 0.7},
        gradient=("x", "y", "x_new"),
        units=({"y": 1}, {"x": 1, "x_new": 1}),
        exempt={"memory": "there are as many fits as samples, and each fit has a weight for every sample"},
    ),
    Example(
        conformal_regression.jackknife,
        table,
        {
            "fit": slope_of,
            "predict": along,
            "folds": splits.k_fold(N, n_splits=3),
            "kind": "minmax",
            "level": 0.7,
        },
        gradient=("x", "y", "x_new"),
        units=({"y": 1}, {"x": 1, "x_new": 1}),
    ),
    Example(
        conformal_shift.quantiles,
        lambda key: {
            "scores": jnp.abs(normal(key, 1)),
            "weights": 0.1 + normal(key, 2) ** 2,
            "new_weights": 0.1 + normal(key, 3, M) ** 2,
        },
        {"level": 0.6},
        gradient=("scores",),
        units=({"scores": 1}, {"weights": 1, "new_weights": 1}),
        origins=(("scores",),),
    ),
    Example(
        conformal_shift.effective_size,
        lambda key: {"weights": 0.1 + normal(key, 2) ** 2},
        gradient=("weights",),
        units=({"weights": 1},),
    ),
]
