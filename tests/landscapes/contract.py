"""One example of every public function of unit 6."""

from functools import partial

import jax
import jax.numpy as jnp

from mfml.landscapes import (
    curvature,
    lanczos,
    mean_field,
    ntk,
    optimizers,
    sharpness,
    slices,
    surfaces,
    trainability,
    trajectories,
)
from tests.contract import Example


def objective(tree):
    """Not quadratic, bounded below, and with a Hessian that has six different eigenvalues."""
    bowl = jnp.arange(1.0, 5.0, dtype=tree["w"].dtype).reshape(2, 2)
    return jnp.sum(bowl * jnp.square(tree["w"])) + jnp.sum(jnp.cosh(tree["b"] * jnp.array([0.5, 3.0], tree["w"].dtype)))


def parts_objective(parts):
    return jnp.sum(jnp.tanh(parts[0]) ** 2) + parts[1] ** 2


def model(tree, x):
    return jnp.tanh(x @ tree["w"] + tree["b"]).sum(axis=1)


def steep_loss(prediction, y):
    """Its second derivative depends on the target."""
    return jnp.sum(jnp.cosh(prediction - y))


def diagonal_product(vector):
    return jnp.arange(1.0, 6.0, dtype=vector.dtype) * vector


def tree(key):
    return {"w": jax.random.normal(key, (2, 2)), "b": jax.random.normal(key, (2,))}


def trees(key, *names):
    return {name: tree(k) for name, k in zip(names, jax.random.split(key, len(names)), strict=True)}


def data(key):
    for_x, for_y = jax.random.split(key)
    return {"x": jax.random.normal(for_x, (5, 2)), "y": jax.random.normal(for_y, (5,))}


def point(key):
    return {"point": jax.random.normal(key, (2,))}


def symmetric(key):
    a = jax.random.normal(key, (4, 4))
    return {"matrix": a + a.T}


def gram(key):
    a = jax.random.normal(key, (4, 6))
    return a @ a.T


def spectrum(key):
    return lanczos.spectral_density(objective, tree(key), key=key, n_steps=3, n_probes=2)


def updated(optimizer, key):
    return trajectories.run(objective, tree(key), optimizer=optimizer, n_steps=3)


def particles(name, key):
    return {name: mean_field.init(key=key, n_particles=4, n_features=2), **data(key)}


def network(key):
    return {"model": trainability.init(key=key, n_features=2, n_hidden=3), **data(key)}


def parts(key):
    return {"init": (jax.random.normal(key, (2,)), jnp.ones(()))}


def path(key):
    steps = jnp.linspace(1.0, 0.0, 4)
    return jax.vmap(lambda s: jax.tree.map(lambda leaf: s * leaf + s**2 * leaf**2, tree(key)))(steps)


GRID = jnp.array([-0.5, 0.0, 0.7])
OPTIMIZERS = [
    optimizers.gradient_descent(0.01),
    optimizers.momentum(0.01),
    optimizers.nesterov(0.01),
    optimizers.adagrad(0.1),
    optimizers.rmsprop(0.01),
    optimizers.adam(0.1),
    optimizers.adamw(0.1, weight_decay=0.1),
    optimizers.newton(objective, damping=1.0),
    optimizers.newton(objective, damping=1.0, saddle_free=True),
    sharpness.sam(objective, optimizers.gradient_descent(0.01), rho=0.1),
]

EXAMPLES = [
    Example(
        surfaces.conditioned,
        lambda key: {"key": key, "condition_number": jnp.array(50.0)},
        {"n_dims": 3},
        x64=False,  # draws differ by dtype
        exempt={"origin": "a condition number is a ratio and has no other origin"},
    ),
    Example(
        surfaces.quadratic,
        lambda key: {"point": jnp.arange(4.0), "slope": jax.random.normal(key, (4,)), **symmetric(key)},
        gradient=("point", "matrix", "slope"),
    ),
    Example(surfaces.rosenbrock, point, gradient=("point",)),
    Example(surfaces.himmelblau, point, gradient=("point",)),
    Example(surfaces.beale, point, gradient=("point",)),
    Example(surfaces.monkey_saddle, point, gradient=("point",)),
    Example(surfaces.rastrigin, point, gradient=("point",)),
    Example(sharpness.two_valleys, point, gradient=("point",)),
    Example(sharpness.two_factors, point, gradient=("point",)),
    Example(curvature.hessian, lambda key: {"params": tree(key)}, {"objective": objective}, ("params",)),
    Example(
        curvature.hvp,
        lambda key: trees(key, "params", "vector"),
        {"objective": objective},
        ("params", "vector"),
    ),
    Example(
        curvature.gauss_newton_product,
        lambda key: trees(key, "params", "vector") | data(key),
        {"predict": model, "loss": steep_loss},
        ("params", "vector", "x"),
    ),
    Example(
        curvature.gauss_newton,
        lambda key: {"params": tree(key), **data(key)},
        {"predict": model, "loss": steep_loss},
        ("params", "x"),
    ),
    Example(curvature.classify, symmetric),
    Example(
        lanczos.tridiagonalize,
        lambda key: {"key": key, "init": jax.random.normal(key, (5,))},
        {"product": diagonal_product, "n_steps": 3},
        tolerance=1e-3,
    ),
    Example(
        lanczos.top_eigenvalues,
        lambda key: {"key": key, "params": tree(key)},
        {"objective": objective, "n_eigenvalues": 2, "n_steps": 6},
        tolerance=1e-2,
    ),
    Example(
        lanczos.spectral_density,
        lambda key: {"key": key, "params": tree(key)},
        {"objective": objective, "n_steps": 3, "n_probes": 2},
        tolerance=1e-3,
    ),
    Example(lanczos.density, lambda key: {"spectrum": spectrum(key), "grid": GRID, "width": 0.5}),
    Example(lanczos.moment, lambda key: {"spectrum": spectrum(key), "order": 2}, batched=("spectrum",)),
    # factories: what they return are functions, which no compiled code can return; the runs below show their updates
    *(
        Example(factory, lambda key: {}, static, jit=False, x64=False)
        for factory, static in (
            (optimizers.gradient_descent, {"learning_rate": 0.1}),
            (optimizers.momentum, {"learning_rate": 0.1}),
            (optimizers.nesterov, {"learning_rate": 0.1}),
            (optimizers.adagrad, {"learning_rate": 0.1}),
            (optimizers.rmsprop, {"learning_rate": 0.1}),
            (optimizers.adam, {"learning_rate": 0.1}),
            (optimizers.adamw, {"learning_rate": 0.1}),
            (optimizers.newton, {"objective": objective}),
            (sharpness.sam, {"objective": objective, "base": optimizers.gradient_descent(0.1)}),
        )
    ),
    Example(
        optimizers.apply_updates,
        lambda key: trees(key, "params", "updates"),
        gradient=("params", "updates"),
        units=({"params": 1, "updates": 1},),
    ),
    *(
        Example(
            trajectories.run,
            lambda key: {"init": tree(key)},
            {"objective": objective, "optimizer": optimizer, "n_steps": 3},
            ("init",),
            tolerance=1e-3,
        )
        for optimizer in OPTIMIZERS
    ),
    Example(
        slices.random_direction,
        lambda key: {"key": key, "params": tree(key)},
        x64=False,  # draws differ by dtype
    ),
    Example(
        slices.filter_normalized,
        lambda key: trees(key, "direction", "params"),
        gradient=("direction", "params"),
        units=({"direction": 1}, {"params": 1}),
    ),
    Example(
        slices.line,
        lambda key: trees(key, "center", "direction") | {"steps": GRID},
        {"objective": objective},
        ("center", "direction", "steps"),
    ),
    Example(
        slices.plane,
        lambda key: trees(key, "center", "first", "second") | {"along_first": GRID, "along_second": GRID[:2]},
        {"objective": objective},
        ("center", "first", "second"),
    ),
    Example(slices.path_plane, lambda key: {"path": path(key)}, tolerance=1e-3, units=({"path": 1},)),
    Example(
        sharpness.average_rise,
        lambda key: {"key": key, "params": tree(key), "sigma": 0.1},
        {"objective": objective, "n_samples": 4},
        ("params", "sigma"),
        x64=False,  # draws differ by dtype
    ),
    Example(
        sharpness.worst_rise,
        lambda key: {"key": key, "params": tree(key), "rho": 0.1},
        {"objective": objective, "max_iter": 40},
        ("params",),
        tolerance=1e-3,
    ),
    Example(
        sharpness.sam_gradient,
        lambda key: {"params": tree(key), "rho": 0.1},
        {"objective": objective},
        ("params", "rho"),
    ),
    Example(
        sharpness.sam_step,
        lambda key: {"params": tree(key), "rho": 0.1, "learning_rate": 0.1},
        {"objective": objective},
        ("params", "rho", "learning_rate"),
    ),
    Example(
        ntk.kernel,
        lambda key: {"params": tree(key), "x1": data(key)["x"], "x2": data(key)["x"][:2]},
        {"predict": model},
        ("params", "x1", "x2"),
    ),
    Example(
        ntk.distance, lambda key: {"first": gram(key), "second": gram(key) + jnp.eye(4)}, gradient=("first", "second")
    ),
    Example(ntk.alignment, lambda key: {"gram": gram(key), "y": jnp.arange(1.0, 5.0)}, gradient=("gram", "y")),
    Example(
        ntk.evolution,
        lambda key: {"path": path(key), "x": data(key)["x"]},
        {"predict": model},
        ("path", "x"),
        exempt={"memory": "the kernels of all pairs of samples are the result"},
    ),
    Example(
        ntk.linearized,
        lambda key: trees(key, "init", "params") | {"x": data(key)["x"]},
        {"predict": model},
        ("init", "params", "x"),
    ),
    Example(
        ntk.flow,
        lambda key: {"gram": gram(key), "init": jnp.zeros(4), "y": jnp.arange(1.0, 5.0), "time": 0.5},
        gradient=("gram", "init", "y", "time"),
    ),
    Example(
        ntk.fit,
        lambda key: {"init": tree(key), "alpha": 2.0, "learning_rate": 0.1, **data(key)},
        {"predict": model, "n_steps": 3},
        ("init", "alpha", "learning_rate"),
    ),
    Example(
        trainability.init,
        lambda key: {"key": key},
        {"n_features": 2, "n_hidden": 3},
        x64=False,  # draws differ by dtype
    ),
    Example(
        trainability.predict,
        lambda key: {"model": network(key)["model"], "x": data(key)["x"]},
        gradient=("model", "x"),
    ),
    Example(trainability.loss, network, gradient=("model", "x", "y")),
    Example(
        trainability.outcome,
        lambda key: parts(key) | {"rates": (jnp.array(0.1), jnp.array(0.2))},
        {"objective": parts_objective, "n_steps": 25},
        ("init",),
        exempt={"warm": "the caller's function is read at every call"},
    ),
    Example(
        trainability.convergence_map,
        lambda key: parts(key) | {"first_rates": jnp.array([0.1, 0.3]), "second_rates": jnp.array([0.1, 0.5, 1.2])},
        {"objective": parts_objective, "n_steps": 25},
        ("init",),
        tolerance=1e-3,
    ),
    Example(trainability.boundary, lambda key: {"converged": jax.random.bernoulli(key, shape=(4, 5))}, x64=False),
    Example(trainability.box_dimension, lambda key: {"marked": jax.random.bernoulli(key, shape=(8, 8))}),
    Example(
        mean_field.init,
        lambda key: {"key": key},
        {"n_particles": 4, "n_features": 2},
        x64=False,  # draws differ by dtype
    ),
    Example(
        mean_field.predict,
        lambda key: {"model": particles("model", key)["model"], "x": data(key)["x"]},
        gradient=("model", "x"),
        units=({"x": 1}, {"model.output": 1}, {"x": 1, "model.hidden": -1}),
    ),
    Example(
        mean_field.score,
        partial(particles, "model"),
        gradient=("model", "x", "y"),
        units=({"y": 1, "model.output": 1}, {"x": 1, "model.hidden": -1}),
    ),
    Example(
        mean_field.risk,
        partial(particles, "model"),
        {"scaling": "sqrt"},
        ("model", "x", "y"),
        units=({"y": 1, "model.output": 1}, {"x": 1, "model.hidden": -1}),
    ),
    Example(mean_field.step, lambda key: particles("state", key) | {"learning_rate": 0.1}, gradient=("state", "x")),
    Example(
        mean_field.fit,
        lambda key: particles("init", key) | {"learning_rate": 0.1},
        {"n_steps": 3, "scaling": "sqrt"},
        ("init", "x", "learning_rate"),
    ),
    Example(
        mean_field.displacement,
        lambda key: {"path": mean_field.fit(learning_rate=0.1, n_steps=2, **particles("init", key)).path},
        gradient=("path",),
    ),
]
