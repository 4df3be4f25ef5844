"""One example for each public function of `mfml.risk`; see `tests.contract`."""

import jax
import jax.numpy as jnp

from mfml.risk import bandit, empirical, leakage, limits, losses, metrics, reinforcement, splits
from tests.contract import Example

MAP = jnp.array([[0, 0, 2], [0, 1, 3], [0, 0, 0]])


def pair(key):
    a, b = jax.random.split(key)
    return {"prediction": jax.random.normal(a, (5,)), "target": jax.random.normal(b, (5,))}


def scores(key):
    return {"score": 2 * jax.random.normal(key, (5,)), "label": jnp.array([1, -1, 1, 1, -1])}


def logits(key):
    return {"logits": 3 * jax.random.normal(key, (4, 3))}


def table(key, n=20, d=3):
    a, b = jax.random.split(key)
    x = jax.random.normal(a, (n, d))
    return {"x": x, "y": x[:, 0] + 0.3 * jax.random.normal(b, (n,))}


def labeled(key):
    return {"x": table(key)["x"], "label": jnp.where(jnp.arange(20) % 2 == 0, 1.0, -1.0)}


def line(weights, x):
    return x @ weights


def descent(key):
    return {"params": jnp.zeros(3), **table(key)}


def from_zero(key):
    return {"init": jnp.zeros(3), **table(key)}


def middle_of_descent(key):
    data = table(key)
    state = empirical.init(jnp.ones(3), predict=line, loss=losses.squared_error, **data)
    return {"state": state, **data, "learning_rate": jnp.array(0.1)}


def fit_line(x, y, weights):
    return jnp.linalg.solve(x.T @ (weights[:, None] * x), x.T @ (weights * y))


def majority(x_train, y_train, x):
    return jnp.full(len(x), (y_train.mean() > 0.5).astype(int))


TOGETHER = {"units": ({"prediction": 1, "target": 1},), "origins": (("prediction", "target"),)}
OF_A_LINE = ({"y": 1, "params": 1}, {"x": 1, "params": -1})
LEARNING = {"predict": line, "loss": losses.squared_error}
FOLDS = splits.k_fold(20, n_splits=4)

EXAMPLES = [
    Example(metrics.r2, pair, gradient=("prediction", "target"), **TOGETHER),
    Example(metrics.accuracy, lambda key: {"prediction": jnp.array([1, 0, 2]), "target": jnp.array([1, 0, 1])}),
    Example(losses.squared_error, pair, gradient=("prediction", "target"), **TOGETHER),
    Example(losses.absolute_error, pair, gradient=("prediction", "target"), **TOGETHER),
    Example(losses.mse, pair, gradient=("prediction", "target"), **TOGETHER),
    Example(losses.mae, pair, gradient=("prediction", "target"), **TOGETHER),
    Example(
        losses.huber,
        pair,
        {"delta": 0.5},
        gradient=("prediction", "target"),
        units=({"prediction": 1, "target": 1, "delta": 1},),
        origins=(("prediction", "target"),),
    ),
    Example(losses.pinball, pair, {"quantile": 0.8}, gradient=("prediction", "target"), **TOGETHER),
    Example(losses.zero_one, pair, gradient=("prediction",)),
    Example(losses.hinge, scores, gradient=("score",)),
    Example(losses.logistic, scores, gradient=("score",)),
    Example(losses.softmax, logits, gradient=("logits",)),
    Example(losses.log_softmax, logits, gradient=("logits",)),
    Example(losses.cross_entropy, lambda key: {**logits(key), "label": jnp.array([0, 2, 1, 2])}, gradient=("logits",)),
    Example(
        losses.soft_cross_entropy,
        lambda key: {**logits(key), "probability": jax.nn.softmax(jax.random.normal(key, (4, 3)))},
        gradient=("logits", "probability"),
    ),
    Example(
        empirical.weighted_mean,
        lambda key: {"values": jax.random.normal(key, (4, 2)), "weights": jnp.array([1.0, 0.0, 2.0, 0.5])},
        gradient=("values", "weights"),
    ),
    Example(empirical.risk, descent, LEARNING, gradient=("params", "x", "y"), units=OF_A_LINE),
    Example(empirical.init, descent, LEARNING, gradient=("params",), units=({"y": 1, "params": 1},)),
    Example(empirical.step, middle_of_descent, LEARNING, gradient=("state",)),
    Example(
        empirical.gradient_norm, lambda key: {"gradient": table(key)}, gradient=("gradient",), units=({"gradient": 1},)
    ),
    Example(empirical.gradient_norm, lambda key: {"gradient": jnp.zeros(3)}, gradient=("gradient",)),
    Example(
        empirical.fit,
        from_zero,
        {**LEARNING, "learning_rate": 0.1, "max_iter": 20},
        units=({"y": 1}, {"x": 1, "learning_rate": -2}),
    ),
    Example(splits.train_val_test, lambda key: {"key": key}, {"n": 10}),
    Example(splits.k_fold, lambda key: {"key": key}, {"n": 7, "n_splits": 3}),
    Example(
        splits.stratified,
        lambda key: {"labels": jax.random.randint(key, (12,), 0, 3), "key": key},
        {"n_splits": 3},
    ),
    Example(splits.grouped, lambda key: {"groups": jax.random.randint(key, (12,), 0, 5)}, {"n_splits": 3}),
    Example(splits.forward_chaining, lambda key: {}, {"n": 10, "n_splits": 3}, batched=()),
    Example(
        splits.cross_validate,
        lambda key: {**table(key), "folds": FOLDS},
        {"fit": fit_line, "predict": line, "loss": losses.squared_error},
        gradient=("x", "y"),
        tolerance=1e-3,
    ),
    Example(leakage.preprocessing, lambda key: {**table(key), "folds": FOLDS}, gradient=("x", "y")),
    Example(
        leakage.feature_selection,
        lambda key: {**labeled(key), "folds": FOLDS},
        {"n_features": 2, "alpha": 0.5},
        units=({"x": 1, "alpha": 2},),
    ),
    Example(
        leakage.target,
        lambda key: {**table(key), "folds": FOLDS},
        {"proxies": (0,), "alpha": 0.5},
        gradient=("x", "y"),
        units=({"x": 1, "alpha": 2}, {"y": 1}),
        origins=(("x",), ("y",)),
    ),
    Example(
        leakage.duplicates,
        lambda key: {"key": key, **labeled(key), "groups": jnp.arange(20) // 4},
        {"n_splits": 4},
    ),
    Example(
        leakage.temporal,
        lambda key: {"key": key, **table(key)},
        {"n_splits": 4},
    ),
    Example(limits.truth_tables, lambda key: {}, {"n_points": 3}, batched=()),
    Example(
        limits.no_free_lunch,
        lambda key: {"points": jax.random.normal(key, (4, 2)), "train": jnp.array([2, 0])},
        {"learner": majority},
        exempt={"missing": "the points go to the learner alone, and this one does not look at them"},
    ),
    Example(
        limits.concentration,
        lambda key: {"points": jax.random.normal(key, (6, 4)), "query": jnp.zeros(4)},
        gradient=("points", "query"),
        units=({"points": 1, "query": 1},),
        origins=(("points", "query"),),
    ),
    Example(
        limits.shell_fraction,
        lambda key: {"dimension": jnp.array([1.0, 20.0]), "thickness": jnp.array(0.1)},
        gradient=("dimension", "thickness"),
    ),
    Example(
        limits.ball_volume,
        lambda key: {"dimension": jnp.array([1.0, 20.0]), "radius": jnp.array(1.5)},
        gradient=("dimension", "radius"),
    ),
    Example(
        limits.neighborhood_edge,
        lambda key: {"dimension": jnp.array([1.0, 20.0]), "fraction": jnp.array(0.1)},
        gradient=("dimension", "fraction"),
    ),
    Example(
        bandit.init,
        lambda key: {"means": jnp.array([0.1, 0.4])},
        exempt={"missing": "it asks only how many arms there are"},
    ),
    Example(
        bandit.step,
        lambda key: {"key": key, "state": bandit.init(jnp.zeros(3)), "means": jnp.arange(3.0)},
        {"epsilon": 0.5},
        x64=False,  # uniform and normal draws differ by dtype
        exempt={"missing": "an arm that is not pulled does not show"},
    ),
    Example(
        bandit.run,
        lambda key: {"key": key, "means": jnp.arange(3.0)},
        {"epsilon": 0.5, "n_steps": 20},
        x64=False,  # as above
    ),
    Example(
        reinforcement.gridworld, lambda key: {"layout": MAP, "slip": jnp.float32(0.2)}, gradient=("slip",), x64=True
    ),
    Example(
        reinforcement.action_values,
        lambda key: {"value": jax.random.normal(key, (9,)), "task": reinforcement.gridworld(MAP, slip=0.2)},
        {"discount": 0.9},
        gradient=("value",),
        batched=("value",),
    ),
    Example(
        reinforcement.value_iteration,
        lambda key: {"task": reinforcement.gridworld(MAP, slip=jax.random.uniform(key))},
        {"discount": 0.9},
    ),
    Example(reinforcement.init, lambda key: {"task": reinforcement.gridworld(MAP)}),
    Example(
        reinforcement.step,
        lambda key: {
            "q": jax.random.normal(key, (9, 4)),
            "state": jnp.array(1),
            "action": jnp.array(1),
            "next_state": jnp.array(2),
            "task": reinforcement.gridworld(MAP),
        },
        {"learning_rate": 0.5, "discount": 0.9},
        gradient=("q",),
        batched=("q", "state"),
    ),
    Example(
        reinforcement.fit,
        lambda key: {"key": key, "task": reinforcement.gridworld(MAP)},
        {"n_episodes": 5, "max_length": 10},
        batched=("key",),
        x64=False,  # uniform and categorical draws differ by dtype
    ),
]
