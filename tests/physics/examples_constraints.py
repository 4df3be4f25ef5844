"""One example of every public function of constrained minimization and of constrained models."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from mfml.physics import augmented_lagrangian, balance, constrained, monotone, penalty, projected_gradient, sets
from tests.contract import Example

N, D = 6, 2
TRAINED = {"n_steps": 3, "hidden": (4,), "directions": (1, 0)}


class Task(NamedTuple):
    """A quadratic objective with a line and a bound; all may change their units."""

    energy: jax.Array
    length: jax.Array
    target: jax.Array
    total: jax.Array


def objective(x, task):
    return task.energy * jnp.sum(((x - task.target) / task.length) ** 2)


def on_line(x, task):
    return x[0] + 2 * x[1] - task.total


def bounded(x, task):
    return x[0] - 0.25 * task.total


def plain(x, task):
    return objective(x, task) + 0.5 * task.energy * (x[0] / task.length) * (x[1] / task.length)


def task(key):
    data = Task(jnp.float32(3.0), jnp.float32(1.0), 1 + 0.1 * jax.random.normal(key, (D,)), jnp.float32(2.0))
    return {"init": jnp.array([0.6, 1.1]), "data": data}


UNITS = ({"data.energy": 1}, {"init": 1, "data.target": 1, "data.total": 1, "data.length": 1})
GIVEN = {"objective": objective, "equality": on_line, "inequality": bounded}
unit_box = partial(sets.box, low=0.0, high=jnp.inf)


def vector(key):
    return {"v": jax.random.normal(key, (4,))}


def laws(key):
    return {"matrix": jax.random.normal(key, (2, 4)), "total": jnp.array([1.0, -2.0])}


def predictions(key):
    return {"y": jax.random.normal(key, (N, 4))} | laws(key)


def data(key):
    return {"x": jax.random.normal(key, (N, D)), "y": jax.random.normal(jax.random.fold_in(key, 1), (N,))}


def model(key):
    return {"model": monotone.fit(**data(key), key=key, **TRAINED), "x": data(key)["x"]}


EXAMPLES = [
    Example(constrained.solve, task, {**GIVEN, "updates": True, "max_iter": 8}, tolerance=1e-3),
    Example(augmented_lagrangian.minimize, task, {**GIVEN, "max_iter": 8}, tolerance=1e-3, units=UNITS),
    Example(penalty.minimize, task, {**GIVEN, "max_iter": 3}, tolerance=1e-3, units=UNITS),
    Example(
        penalty.loss,
        lambda key: {"params": task(key)["init"], "data": task(key)["data"], "penalty": jnp.array(10.0)},
        GIVEN,
        gradient=("params", "data", "penalty"),
    ),
    Example(
        projected_gradient.minimize,
        task,
        {"objective": plain, "project": unit_box, "max_iter": 5},
        tolerance=1e-3,
        units=({"data.energy": 1}, {"init": 1, "data.target": 1, "data.length": 1}),
    ),
    Example(
        sets.box,
        lambda key: vector(key) | {"low": jnp.array([-0.5, 0.0, 0.0, -1.0]), "high": jnp.full(4, 0.5)},
        gradient=("v",),
        units=({"v": 1, "low": 1, "high": 1},),
        origins=(("v", "low", "high"),),
    ),
    Example(
        sets.halfspace,
        lambda key: (
            vector(key) | {"normal": jax.random.normal(jax.random.fold_in(key, 1), (4,)), "bound": jnp.array(-1.0)}
        ),
        gradient=("v", "normal", "bound"),
        exempt={"origin": "once the bound lies beyond the point, a shift of it changes nothing"},
        units=({"v": 1, "bound": 1}, {"normal": 1, "bound": 1}),
    ),
    Example(
        sets.affine,
        lambda key: vector(key) | laws(key),
        gradient=("v", "total"),
        units=({"v": 1, "total": 1}, {"matrix": 1, "total": 1}),
    ),
    Example(sets.psd, lambda key: {"matrix": jax.random.normal(key, (3, 3))}, gradient=("matrix",), tolerance=1e-3),
    Example(
        balance.conserve,
        lambda key: predictions(key) | {"scale": jnp.array([1.0, 2.0, 0.5, 1.0])},
        gradient=("y", "total"),
        units=({"y": 1, "total": 1}, {"matrix": 1, "total": 1}, {"scale": 1}),
    ),
    Example(
        balance.conserve,
        lambda key: predictions(key) | {"total": jnp.ones((N, 2))},
        gradient=("y", "matrix", "total"),
    ),
    Example(
        monotone.fit,
        lambda key: data(key) | {"key": key},
        {**TRAINED, "learning_rate": 1e-2},
        tolerance=1e-2,
        x64=False,
        units=({"x": 1}, {"y": 1}),
    ),
    Example(monotone.predict, model, gradient=("x",)),
    Example(monotone.score, lambda key: model(key) | {"y": data(key)["y"]}, gradient=("x", "y")),
]
