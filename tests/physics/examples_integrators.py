"""One example of every public function that integrates differential equations."""

from functools import partial

import jax
import jax.numpy as jnp

from mfml.physics import (
    adaptive,
    adjoint,
    control,
    integrators,
    marching,
    neural_integrator,
    neural_ode,
    replaying,
    symplectic,
    tableaus,
)
from tests.contract import Example

STEPS = jnp.stack([jnp.full(6, 0.25), 0.25 * jnp.arange(1.0, 7.0)], axis=1)
TIMES = jnp.linspace(0.5, 2.5, 6)
SOFT = {"rtol": 1e-3, "max_iter": 30}


def spring(t, y, args):
    """A damped spring and where it is pulled; autonomous, and linear in y."""
    return args * jnp.stack([y[1], -y[0] - 0.3 * y[1]])


def driven(t, y, args):
    """The same spring, whose stiffness swings with time; still linear in y."""
    return (1 + 0.1 * jnp.sin(args * t)) * spring(t, y, args)


def pull(q, args):
    return -(args**2) * q


def halved(x):
    return 0.5 * x


def crossing(t, y, args):
    return y[0]


def given(key):
    return {"init": 1 + 0.2 * jax.random.normal(key, (2,)), "args": jnp.array(0.75)}


def at_times(key):
    return given(key) | {"t0": jnp.array(0.5), "t1": jnp.array(2.5)}


def at_step(key):
    return {"state": given(key)["init"], "args": jnp.array(0.75), "t": jnp.array(0.5), "h": jnp.array(0.25)}


def at_stage(key):
    return {"y" if name == "state" else name: value for name, value in at_step(key).items()}


def motion(key):
    return symplectic.Motion(jax.random.normal(key, (2,)), jax.random.normal(jax.random.fold_in(key, 1), (2,)))


def solution(key):
    return adaptive.solve(spring, **at_times(key), **SOFT)


def slopes(key):
    return tuple(jax.random.normal(key, (7, 2)))


def tolerances(y0, y1):
    return 1e-3 * jnp.maximum(jnp.abs(y0), jnp.abs(y1))


def to_march(key):
    return given(key) | {"t0": jnp.array(0.5), "span": jnp.array(2.0)}


AGAIN = partial(replaying.replay, driven, tableau=tableaus.DOPRI5)


def paths(key):
    return jax.random.normal(key, (3, 6, 2)) + jnp.array([0.0, 2.0])


def network(key):
    return neural_ode.init(paths(key), times=TIMES, key=key, hidden=(3,))


SMALL = {"hidden": (3,), "n_steps": 2}


def learned(key):
    return neural_integrator.fit(paths(key), h=0.5, key=key, coarse=halved, **SMALL)


LINEAR = ({"init": 1, "atol": 1}, {"t0": 1, "t1": 1, "args": -1})
ORIGIN = (("t0", "t1"),)
TRAINED = {"tolerance": 2e-2, "x64": False}

EXAMPLES = [
    Example(tableaus.slope, lambda key: {k: v for k, v in at_stage(key).items() if k != "h"}, {"f": driven}),
    Example(tableaus.stages, at_stage, {"f": driven}, gradient=("y", "t", "h", "args"), units=({"y": 1},)),
    Example(tableaus.combined, lambda key: {"slopes": slopes(key)}, {"weights": tableaus.DOPRI5.b}),
    Example(
        integrators.step,
        at_step,
        {"f": driven},
        gradient=("state", "t", "h", "args"),
        units=({"state": 1}, {"h": 1, "t": 1, "args": -1}),
    ),
    Example(
        integrators.solve,
        at_times,
        {"f": spring, "n_steps": 6},
        gradient=("init", "t0", "t1", "args"),
        units=({"init": 1}, LINEAR[1]),
        origins=ORIGIN,
    ),
    Example(
        symplectic.step,
        lambda key: {"state": motion(key), "h": jnp.array(0.25), "args": jnp.array(0.75)},
        {"acceleration": pull, "solver": "yoshida"},
        gradient=("state", "h", "args"),
        units=({"state": 1},),
    ),
    Example(
        symplectic.solve,
        lambda key: {"init": motion(key), "h": jnp.array(0.25), "args": jnp.array(0.75)},
        {"acceleration": pull, "n_steps": 5},
        gradient=("init", "h", "args"),
        units=({"init": 1},),
    ),
    Example(
        control.error_ratio,
        lambda key: {"error": jax.random.normal(key, (6,)), "scale": 1 + jax.random.uniform(key, (6,))},
        gradient=("error", "scale"),
        units=({"error": 1, "scale": 1},),
    ),
    Example(
        control.growth,
        lambda key: {"ratio": jax.random.uniform(key), "previous": jax.random.uniform(key)},
        exempt={"missing": "a step whose error is NaN is tried again, with a fifth of its size"},
    ),
    Example(
        control.first_step,
        lambda key: (
            given(key)
            | {
                "begin": jax.random.normal(key, (2,)),
                "scale": jnp.full(2, 1e-3),
                "t0": jnp.array(0.5),
                "span": jnp.array(2.0),
            }
        ),
        {"f": driven},
        units=({"init": 1, "scale": 1, "begin": 1},),
        exempt={"missing": "where the short step meets NaN, the first step is shorter, as after any such trial"},
    ),
    Example(
        control.too_small,
        lambda key: {"h": jnp.array(1e-9), "elapsed": jax.random.uniform(key), "span": jnp.array(2.0)},
        x64=False,  # the rounding of time differs
    ),
    Example(
        marching.march,
        to_march,
        {"f": driven, "limits": marching.Limits(tolerances), "tableau": tableaus.DOPRI5, "max_iter": 30},
        jit=False,  # it takes functions that hold traced numbers; `solve` compiles it
        units=({"init": 1},),
        tolerance=5e-3,
    ),
    Example(
        replaying.polynomial,
        lambda key: {"y": slopes(key)[0], "slopes": slopes(key), "h": jnp.array(0.5)},
        {"tableau": tableaus.TSIT5},
    ),
    Example(
        replaying.at,
        lambda key: {"row": jax.random.normal(key, (5, 2)), "theta": jax.random.uniform(key)},
        gradient=("row", "theta"),
        units=({"row": 1},),
    ),
    Example(
        replaying.replay,
        lambda key: given(key) | {"t0": jnp.array(0.5), "steps": STEPS, "count": jnp.array(3)},
        {"f": driven, "tableau": tableaus.DOPRI5, "dense": True},
        gradient=("init", "t0", "args"),
        units=({"init": 1},),
        batched=("init", "args"),
        jit=False,  # `solve` compiles it
        exempt={"missing": "of the steps the first `count` are taken, and their sizes are known"},
    ),
    Example(
        replaying.differentiable,
        lambda key: {
            "found": replaying.Replayed(STEPS[0], STEPS[0], None, None),
            "steps": STEPS,
            "inputs": (given(key)["init"], 0.5, jnp.array(0.75)),
        },
        {"again": AGAIN, "count": 3},
        gradient=("inputs",),
        exempt={"missing": "what was found stays; its derivatives alone look at the steps"},
    ),
    Example(
        adaptive.solve,
        lambda key: at_times(key) | {"atol": jnp.array(1e-3)},
        {"f": spring, "event": crossing, **SOFT},
        gradient=("init", "t0", "t1", "args"),
        units=LINEAR,
        origins=ORIGIN,
        tolerance=1e-2,  # sizes of steps follow the rounding of small errors
    ),
    Example(
        adaptive.evaluate,
        lambda key: {"solution": solution(key), "t": TIMES},
        gradient=("t",),
        tolerance=1e-3,
    ),
    *(
        Example(
            adjoint.solve,
            lambda key: at_times(key) | {"atol": jnp.array(1e-3)},
            {"f": spring, "kind": kind, **SOFT},
            gradient=("init", "t0", "t1", "args"),
            units=LINEAR,
            origins=ORIGIN,
            tolerance=1e-3,
        )
        for kind in adjoint.KINDS
    ),
    Example(neural_ode.init, lambda key: {"x": paths(key), "times": TIMES, "key": key}, {"hidden": (3,)}, x64=False),
    Example(
        neural_ode.fit,
        lambda key: {"x": paths(key), "times": TIMES, "key": key},
        {"window": 2, **SMALL},
        units=({"x": 1}, {"times": 1}),
        **TRAINED,
    ),
    Example(
        neural_ode.field,
        lambda key: {"model": network(key), "x": paths(key)[0]},
        gradient=("x",),
        tolerance=1e-3,
    ),
    Example(
        neural_ode.predict,
        lambda key: {"model": network(key), "x": paths(key)[:, 0], "times": TIMES},
        gradient=("x", "times"),
        tolerance=1e-3,
    ),
    Example(
        neural_ode.score,
        lambda key: {"model": network(key), "x": paths(key), "times": TIMES},
        gradient=("x",),
        tolerance=1e-3,
    ),
    Example(
        neural_integrator.fit,
        lambda key: {"x": paths(key), "h": jnp.array(0.5), "key": key},
        {"coarse": halved, **SMALL},
        units=({"x": 1}, {"h": 1}),
        **TRAINED,
    ),
    Example(
        neural_integrator.step,
        lambda key: {"state": paths(key)[0], "model": learned(key)},
        {"coarse": halved},
        gradient=("state",),
        tolerance=1e-3,
    ),
    Example(
        neural_integrator.predict,
        lambda key: {"model": learned(key), "x": paths(key)[0]},
        {"coarse": halved, "n_steps": 3},
        gradient=("x",),
        tolerance=1e-3,
    ),
    Example(
        neural_integrator.score,
        lambda key: {"model": learned(key), "x": paths(key)},
        {"coarse": halved},
        gradient=("x",),
        tolerance=1e-3,
    ),
]
