"""One example of every public function of unit 3."""

import jax
import jax.numpy as jnp

from mfml.regression import bases, descent, logistic, ols, rates, runge, scaling
from mfml.risk import losses
from tests.contract import Example

TASK = {"predict": descent.linear, "loss": losses.squared_error}
KNOTS = jnp.array([0.0, 0.0, 0.0, 0.0, 0.3, 0.6, 1.0, 1.0, 1.0, 1.0])


def regression(key, n=12, d=3):
    for_x, for_w, for_noise = jax.random.split(key, 3)
    x = jax.random.normal(for_x, (n, d)) + 1
    return x, x @ jax.random.normal(for_w, (d,)) + jax.random.normal(for_noise, (n,))


def data(key):
    x, y = regression(key)
    return {"x": x, "y": y}


def weighted(key):
    return data(key) | {"weights": jax.random.uniform(key, (12,), minval=0.5, maxval=2.0)}


def fitted(key):
    return weighted(key) | {"model": ols.fit(**weighted(key))}


def classes(key):
    x, y = regression(key)
    return {"x": x, "y": (y > jnp.median(y)).astype(int)}


def classified(key):
    return {"model": logistic.fit(**classes(key)), "x": regression(key)[0]}


def task(key):
    return logistic.problem(**classes(key))


def start(key):
    return {"init": jax.random.normal(key, (3,)), **data(key)}


def points(key):
    return {"x": jax.random.uniform(key, (5,), minval=0.05, maxval=0.95)}


def nodes(key):
    return jnp.linspace(-1.0, 1.0, 5) + 0.05 * jax.random.normal(key, (5,))


EXAMPLES = [
    Example(scaling.design, lambda key: {"x": regression(key)[0]}, gradient=("x",)),
    Example(
        scaling.gram,
        lambda key: {"a": regression(key)[0], "weights": weighted(key)["weights"]},
        gradient=("a", "weights"),
    ),
    Example(
        scaling.original,
        lambda key: {"theta": jnp.arange(4.0), "scaled": scaling.design(regression(key)[0])},
        gradient=("theta",),
    ),
    Example(ols.fit, weighted, gradient=("x", "y", "weights")),
    Example(ols.fit, data, {"solver": "qr", "fit_intercept": False}, gradient=("x", "y")),
    Example(ols.fit, weighted, {"solver": "svd"}, gradient=("x", "y", "weights")),
    Example(ols.predict, lambda key: {"model": fitted(key)["model"], "x": data(key)["x"]}, gradient=("x",)),
    Example(ols.score, fitted, gradient=("x", "y")),
    Example(ols.leverage, lambda key: {"x": data(key)["x"]}, gradient=("x",)),
    Example(ols.standard_errors, fitted, gradient=("x", "y")),
    Example(descent.linear, lambda key: {"weights": jnp.arange(3.0), "x": data(key)["x"]}, gradient=("weights",)),
    Example(
        descent.mse_gradient, lambda key: {"weights": jnp.arange(3.0), **data(key)}, gradient=("weights", "x", "y")
    ),
    Example(descent.init, lambda key: {"params": jax.random.normal(key, (3,))}, gradient=("params",)),
    Example(
        descent.step,
        lambda key: data(key) | {"state": descent.init(jnp.arange(3.0)), "learning_rate": 0.1, "power_t": 0.5},
        TASK,
        gradient=("x", "learning_rate"),
        batched=("state", "x", "y"),
    ),
    Example(
        descent.fit,
        lambda key: start(key) | {"key": key, "learning_rate": 0.01},
        TASK | {"batch_size": 5, "max_iter": 3},
        x64=False,  # the random order depends on the width of integers
        batched=("key", "init", "x", "y"),
    ),
    Example(
        descent.path,
        lambda key: start(key) | {"learning_rate": jnp.array(0.05)},
        TASK | {"n_steps": 4},
        gradient=("init", "x", "learning_rate"),
    ),
    Example(rates.curvatures, lambda key: {"x": data(key)["x"]}, gradient=("x",)),
    Example(rates.largest_stable_step, lambda key: {"x": data(key)["x"]}, gradient=("x",)),
    Example(rates.fastest_step, lambda key: {"x": data(key)["x"]}, gradient=("x",)),
    Example(
        rates.predicted_rate,
        lambda key: {"x": data(key)["x"], "learning_rate": jnp.array(0.1)},
        gradient=("x", "learning_rate"),
    ),
    Example(
        rates.observed_rate,
        lambda key: {"distances": 0.5 ** jnp.arange(6.0) * jax.random.uniform(key, (6,), minval=0.9)},
        gradient=("distances",),
    ),
    Example(bases.monomial, points, {"degree": 4}, gradient=("x",)),
    Example(bases.chebyshev, lambda key: points(key) | {"low": 0.0, "high": 1.0}, {"degree": 4}, gradient=("x", "low")),
    Example(bases.legendre, lambda key: points(key) | {"low": 0.0, "high": 1.0}, {"degree": 4}, gradient=("x", "high")),
    Example(bases.fourier, lambda key: points(key) | {"period": 2.0}, {"n_harmonics": 2}, gradient=("x", "period")),
    Example(
        bases.rbf,
        lambda key: points(key) | {"centers": jnp.linspace(0.0, 1.0, 4), "length_scale": 0.3},
        gradient=("x", "centers", "length_scale"),
    ),
    Example(bases.clamped_knots, lambda key: {"breakpoints": jnp.linspace(0.0, 1.0, 4)}, gradient=("breakpoints",)),
    Example(bases.bspline, lambda key: points(key) | {"knots": KNOTS}, gradient=("x", "knots")),
    Example(
        bases.natural_cubic, lambda key: points(key) | {"knots": jnp.linspace(0.0, 1.0, 4)}, gradient=("x", "knots")
    ),
    Example(runge.runge_function, lambda key: {"x": nodes(key)}, gradient=("x",)),
    Example(runge.equispaced_nodes, lambda key: {"low": jnp.array(-2.0), "high": jnp.array(3.0)}, {"n_nodes": 4}),
    Example(runge.chebyshev_nodes, lambda key: {"low": jnp.array(-2.0), "high": jnp.array(3.0)}, {"n_nodes": 4}),
    Example(runge.barycentric_weights, lambda key: {"nodes": nodes(key)}, gradient=("nodes",)),
    Example(runge.lagrange_basis, lambda key: {"x": nodes(key)[:2], "nodes": nodes(key)}, gradient=("x", "nodes")),
    Example(
        runge.interpolate,
        lambda key: points(key) | {"nodes": nodes(key), "values": jnp.arange(5.0)},
        gradient=("x", "nodes", "values"),
    ),
    Example(
        runge.interpolation_error,
        lambda key: points(key) | {"nodes": nodes(key)},
        {"function": runge.runge_function},
        gradient=("x", "nodes"),
    ),
    Example(runge.lebesgue_function, lambda key: points(key) | {"nodes": nodes(key)}, gradient=("x", "nodes")),
    Example(logistic.problem, lambda key: classes(key) | {"C": jnp.array(0.5)}, gradient=("x", "C")),
    Example(logistic.init, lambda key: {"problem": task(key)}, gradient=("problem",)),
    Example(logistic.step, lambda key: {"state": logistic.init(task(key)), "problem": task(key)}),
    Example(
        logistic.fit,
        lambda key: classes(key) | {"C": jnp.array(0.5), "weights": weighted(key)["weights"]},
        gradient=("x", "C", "weights"),
        tolerance=1e-3,
    ),
    Example(logistic.decision_function, classified, gradient=("x",)),
    Example(logistic.score, lambda key: classified(key) | {"y": classes(key)["y"]}),
    Example(logistic.predict_proba, classified, gradient=("x",)),
    Example(logistic.predict, classified),
]
