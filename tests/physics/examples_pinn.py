"""Examples of operators, problems and physics-informed networks."""

import jax
import jax.numpy as jnp

from mfml.physics import (
    collocation,
    equilibrium,
    fields,
    inverse,
    levenberg_marquardt,
    operators,
    phase_field,
    pinn,
    pinn_losses,
    pinn_networks,
    pinn_terms,
    pinn_training,
    problems,
    transport,
    vibrations,
)
from tests.contract import Example

CORNERS = {"low": jnp.zeros(2), "high": jnp.array([1.0, 2.0])}
TIMES = jnp.linspace(0.5, 3.0, 6)[:, None]
SMALL = {"hidden": (3,), "n_points": 4, "n_conditions": 2, "max_iter": 2}


def height(x):
    return x[0] ** 3 * x[1] + jnp.sin(x[1])


def flow(x):
    return jnp.stack([x[0] ** 2, x[0] * x[1], x[1] - x[2]])


def points(key, d=2):
    return {"x": jax.random.normal(key, (6, d))}


def spring(key):
    return vibrations.oscillator(damping=0.2 + 0.1 * jax.random.uniform(key))


def fitted(key):
    return pinn.fit(spring(key), key=key, **SMALL)


def network(key):
    return pinn_networks.init(key=key, low=jnp.zeros(1), high=jnp.array([10.0]), hidden=(3,))


def line(params, row):
    return (params[0] * row + params[1] - row**2)[None]


def bend(params):
    return jnp.stack([params[0] - 1, params[1] + 0.5 * params[0] ** 2, params[0] * params[1]])


def linear(p):
    return jnp.array([[1.0, 0.0], [0.5, 1.0], [0.0, 2.0]], p.dtype)


def decaying(params, x):
    return params["size"] * jnp.exp(-params["rate"] * x)


def measured(key):
    x = jnp.linspace(0.0, 2.0, 6)
    return {"x": x, "y": jnp.exp(-x) + 0.01 * jax.random.normal(key, (6,))}


def start():
    return {"rate": jnp.array(0.7), "size": jnp.array(1.5)}


def spring_of(damping):
    return vibrations.oscillator(damping=damping)


def displacements(key):
    return {"x": TIMES, "y": problems.exact(spring(key), TIMES)}


def rows(key):
    return {"params": jax.random.normal(key, (2,)), "rows": (jnp.linspace(0.1, 1.0, 6),), "weights": jnp.ones(1)}


def assembled(layers):
    return network(jax.random.key(0))._replace(layers=layers), spring(jax.random.key(0))


READ_AGAIN = {"warm": "the caller's function is read at every call"}
TRAINED = {"tolerance": 2e-2, "x64": False}  # steps that rounding turns
CUBIC = {"tolerance": 1e-3}

EXAMPLES = [
    Example(operators.gradient, points, {"u": height}, gradient=("x",)),
    Example(operators.jacobian, lambda key: points(key, 3), {"u": flow}, gradient=("x",)),
    Example(operators.divergence, lambda key: points(key, 3), {"v": flow}, gradient=("x",)),
    Example(operators.curl, lambda key: points(key, 3), {"v": flow}, gradient=("x",)),
    Example(operators.laplacian, points, {"u": height}, gradient=("x",)),
    Example(
        operators.partial_derivative,
        points,
        {"u": height, "axis": 0, "order": 3},
        gradient=("x",),
        exempt={"unit": "the function u overflows where x is that large"},
    ),
    Example(operators.time_derivative, points, {"u": height}, gradient=("x",)),
    Example(
        operators.directional,
        lambda key: {**points(key), "direction": jnp.array([1.0, 0.5])},
        {"u": height, "order": 2},
        gradient=("x", "direction"),
    ),
    Example(problems.define, lambda key: dict(CORNERS), {"residual": height}, batched=()),
    Example(problems.on_face, lambda key: dict(CORNERS), {"residual": height, "axis": 1}),
    Example(problems.exact, lambda key: {"problem": spring(key), "x": TIMES}, gradient=("x",)),
    Example(problems.residuals, lambda key: {"problem": spring(key), "x": TIMES}, {"u": jnp.sum}, gradient=("x",)),
    Example(problems.to_working, lambda key: {"problem": spring(key), "x": TIMES}, gradient=("x",)),
    Example(problems.grid, lambda key: {"problem": spring(key)}, {"n_points": 3}),
    Example(fields.sine_series, lambda key: {"x": TIMES[:, 0], "amplitudes": jnp.array([1.0, 0.5])}, **CUBIC),
    Example(fields.series_size, lambda key: {"amplitudes": jax.random.normal(key, (3,))}, gradient=("amplitudes",)),
    Example(fields.held, lambda key: dict(CORNERS), {"axes": (0,)}),
    Example(
        vibrations.oscillator,
        lambda key: {name: 0.5 + jax.random.uniform(key) for name in ("mass", "damping", "stiffness", "duration")},
    ),
    Example(vibrations.wave, lambda key: {"speed": 1 + jax.random.uniform(key), "amplitudes": jnp.array([1.0, 0.5])}),
    Example(
        transport.heat, lambda key: {"diffusivity": jax.random.uniform(key), "length": 1 + jax.random.uniform(key)}
    ),
    Example(
        transport.burgers, lambda key: {"viscosity": jax.random.uniform(key), "length": 1 + jax.random.uniform(key)}
    ),
    Example(equilibrium.poisson, lambda key: {"width": 1 + jax.random.uniform(key), "source": jnp.ones((1, 2))}),
    Example(equilibrium.bar, lambda key: {"force": jax.random.normal(key), "traction": jax.random.normal(key)}),
    Example(
        equilibrium.plane_strain,
        lambda key: {"ratio": 0.3 * jax.random.uniform(key)},
        exempt={"integers": "the ratio is below 0.5"},
    ),
    Example(phase_field.allen_cahn, lambda key: {"rate": 1 + jax.random.uniform(key)}),
    Example(
        phase_field.reference,
        lambda key: {"mobility": jnp.array(0.01), "rate": 1 + jax.random.uniform(key)},
        {"n_grid": 16, "n_steps": 4},
    ),
    Example(
        phase_field.evaluate,
        lambda key: {
            "path": phase_field.reference(mobility=0.01, n_grid=16, n_steps=4),
            "x": jax.random.uniform(key, (6, 2)),
        },
        gradient=("x",),
        batched=("x",),
        tolerance=1e-3,
    ),
    Example(collocation.draw, lambda key: {"key": key}, {"n_points": 4, "n_axes": 2}, x64=False),
    Example(collocation.draw, lambda key: {"key": key}, {"n_points": 4, "n_axes": 2, "kind": "latin"}, x64=False),
    Example(
        collocation.adapted,
        lambda key: {**points(key), "residual": jax.random.normal(key, (6,)), "key": key},
        {"n_points": 2},
        x64=False,
        exempt={"missing": "a candidate that is NaN need not be drawn"},
    ),
    Example(collocation.time_bins, lambda key: {"x": jax.random.uniform(key, (6, 2))}, {"n_bins": 3}),
    Example(
        pinn_losses.causal_weights,
        lambda key: {"square": jax.random.uniform(key, (6,)), "bins": jnp.array([0, 2, 1, 1, 0, 2])},
        {"n_bins": 3},
        gradient=("square",),
    ),
    Example(pinn_losses.balance, lambda key: {"sizes": jax.random.uniform(key, (3,))}),
    Example(
        pinn_losses.smoothed,
        lambda key: {"weights": jnp.array([1.0, 2.0]), "fresh": jnp.array([2.0, 2.0])},
        units=({"weights": 1, "fresh": 1},),
    ),
    Example(
        pinn_networks.init,
        lambda key: {"key": key, **CORNERS},
        {"hidden": (3,), "periodic": (0,), "n_fourier": 2},
        x64=False,
    ),
    Example(
        pinn_networks.features,
        lambda key: {"network": network(key), "x": TIMES},
        gradient=("x",),
    ),
    Example(pinn_networks.apply, lambda key: {"network": network(key), "x": TIMES}, gradient=("x",)),
    Example(
        pinn_terms.solution,
        lambda key: {"network": network(key), "problem": spring(key)},
        batched=(),
        jit=False,  # it returns a function
        x64=False,
    ),
    Example(
        pinn_terms.asked,
        lambda key: {"problem": spring(key), "key": key, **displacements(key)},
        {"assemble": assembled},
        jit=False,  # it returns functions
        x64=False,
    ),
    Example(pinn_terms.check_data, lambda key: {"problem": spring(key), **displacements(key)}, batched=()),
    Example(
        pinn_training.train,
        lambda key: {**rows(key), "key": key},
        {"terms": (line,), "plan": pinn_training.Plan(max_iter=3)},
        exempt=READ_AGAIN,
        **TRAINED,
    ),
    Example(
        pinn_training.linearized,
        rows,
        {"terms": (line,)},
        gradient=("params",),
    ),
    Example(
        levenberg_marquardt.init, lambda key: {"params": jax.random.normal(key, (2,)), "loss": jax.random.uniform(key)}
    ),
    Example(
        levenberg_marquardt.step,
        lambda key: {"state": levenberg_marquardt.init(jnp.zeros(2), loss=jnp.array(3.0))},
        {
            "linearize": lambda p: (linear(p) @ p - 1, linear(p)),
            "evaluate": lambda p: jnp.sum((linear(p) @ p - 1) ** 2),
        },
        exempt=READ_AGAIN,
        tolerance=1e-3,
    ),
    Example(
        levenberg_marquardt.minimize,
        lambda key: {"init": jax.random.normal(key, (2,))},
        {"residual": bend, "max_iter": 3},
        exempt=READ_AGAIN,
        tolerance=1e-2,
    ),
    *(
        Example(
            pinn.fit,
            lambda key: {"problem": spring(key), "key": key, **displacements(key)},
            {**SMALL, **options},
            **TRAINED,
        )
        for options in (
            {"hard": True, "adaptive": True, "refresh": 1},
            {"solver": "adam", "balance": "ntk", "refresh": 1},
        )
    ),
    Example(
        pinn.fit,
        lambda key: {"problem": spring(key), "key": key, **displacements(key)},
        {**SMALL, "solver": "lbfgs", "causal": 1.0, "balance": "gradient", "n_adam": 1},
        **TRAINED,
    ),
    Example(pinn.predict, lambda key: {"model": fitted(key), "x": TIMES}, gradient=("x",)),
    Example(pinn.residuals, lambda key: {"model": fitted(key), "x": TIMES}, gradient=("x",), tolerance=1e-3),
    Example(pinn.score, lambda key: {"model": fitted(key), "x": TIMES, "y": displacements(key)["y"]}, gradient=("y",)),
    Example(pinn.error, lambda key: {"model": fitted(key), "x": TIMES}, gradient=("x",)),
    Example(
        inverse.fit,
        lambda key: {**measured(key), "init": start()},
        {"forward": decaying, "max_iter": 3},
        exempt=READ_AGAIN,
        tolerance=1e-2,
    ),
    Example(
        inverse.fit_pinn,
        lambda key: {**displacements(key), "key": key, "init": jnp.array(0.3)},
        {"build": spring_of, "hidden": (3,), "n_points": 4, "max_iter": 2, "hard": True, "noise": 0.1},
        **TRAINED,
    ),
    Example(
        inverse.interval,
        lambda key: {"estimate": inverse.fit(decaying, **measured(key), init=start(), max_iter=3)},
        tolerance=1e-2,
    ),
]
