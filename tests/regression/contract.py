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


def scaled(key):
    x, y = regression(key)
    return {"scaled": scaling.design(x), "y": y, "weights": weighted(key)["weights"]}


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
    return {"x": jax.random.uniform(key, (7,), minval=0.05, maxval=0.95)}


def nodes(key):
    return jnp.linspace(-1.0, 1.0, 5) + 0.05 * jax.random.normal(key, (5,))


def interval(key):
    return points(key) | {"low": 0.0, "high": 1.0}


def ends(key):
    return {"low": jnp.float32(-2.0), "high": jnp.float32(3.0)}


def with_x(*names):
    """The unit and the origin of x are those of these arguments, too."""
    return {"units": ({"x": 1, **dict.fromkeys(names, 1)},), "origins": (("x", *names),)}


ENDS = {"units": ({"low": 1, "high": 1},), "origins": (("low", "high"),)}

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
    Example(ols.solve, scaled, exempt=dict.fromkeys(("absent", "twice"), "the samples are the rows of a design")),
    Example(ols.fit, data, {"solver": "qr", "fit_intercept": False}, gradient=("x", "y")),
    Example(ols.fit, weighted, {"solver": "svd"}, gradient=("x", "y", "weights")),
    Example(
        ols.predict,
        lambda key: {"model": fitted(key)["model"], "x": data(key)["x"]},
        gradient=("x",),
        units=({"x": 1, "model.coef": -1}, {"model.coef": 1, "model.intercept": 1}),
    ),
    Example(
        ols.score,
        fitted,
        gradient=("x", "y"),
        units=({"x": 1, "model.coef": -1}, {"y": 1, "model.coef": 1, "model.intercept": 1}),
    ),
    Example(
        ols.leverage,
        lambda key: {"x": data(key)["x"]},
        gradient=("x",),
        exempt={
            "twice": "the leverage of a sample of twice the weight is the sum of those of the two equal samples",
            "nothing": "a sample of weight zero has leverage 0",
        },
    ),
    Example(
        ols.standard_errors,
        fitted,
        gradient=("x", "y"),
        units=({"x": 1, "model.coef": -1}, {"y": 1, "model.coef": 1, "model.intercept": 1}),
        origins=(("y",),),
        exempt={"twice": "weights are inverse variances, not counts: the noise has n - p degrees of freedom"},
    ),
    Example(descent.linear, lambda key: {"weights": jnp.arange(3.0), "x": data(key)["x"]}, gradient=("weights",)),
    Example(
        descent.mse_gradient,
        lambda key: {"weights": jnp.arange(3.0), **data(key)},
        gradient=("weights", "x", "y"),
        units=({"y": 1, "weights": 1}, {"x": 1, "weights": -1}),
    ),
    Example(
        descent.init,
        lambda key: {"params": jax.random.normal(key, (3,))},
        gradient=("params",),
        units=({"params": 1},),
        origins=(("params",),),
    ),
    Example(
        descent.step,
        lambda key: data(key) | {"state": descent.init(jnp.arange(3.0)), "learning_rate": 0.1, "power_t": 0.5},
        TASK,
        gradient=("x", "learning_rate"),
        batched=("state", "x", "y"),
        units=({"y": 1, "state.params": 1}, {"x": 1, "state.params": -1, "learning_rate": -2}),
    ),
    Example(
        descent.fit,
        lambda key: start(key) | {"key": key, "learning_rate": 0.0625},
        TASK | {"batch_size": 5, "max_iter": 3},
        x64=False,  # the random order depends on the width of integers
        batched=("key", "init", "x", "y"),
        units=({"y": 1, "init": 1}, {"x": 1, "init": -1, "learning_rate": -2}),
        exempt={
            "absent": "the random order is one of all samples, so that the batches are others",
            "twice": "the random order is one of all samples, so that the batches are others",
        },
    ),
    Example(
        descent.path,
        lambda key: start(key) | {"learning_rate": jnp.array(0.05)},
        TASK | {"n_steps": 4},
        gradient=("init", "x", "learning_rate"),
        units=({"y": 1, "init": 1}, {"x": 1, "init": -1, "learning_rate": -2}),
    ),
    Example(rates.curvatures, lambda key: {"x": data(key)["x"]}, gradient=("x",)),
    Example(rates.largest_stable_step, lambda key: {"x": data(key)["x"]}, gradient=("x",)),
    Example(rates.fastest_step, lambda key: {"x": data(key)["x"]}, gradient=("x",)),
    Example(
        rates.predicted_rate,
        lambda key: {"x": data(key)["x"], "learning_rate": jnp.array(0.1)},
        gradient=("x", "learning_rate"),
        units=({"x": 1, "learning_rate": -2},),
    ),
    Example(
        rates.observed_rate,
        lambda key: {"distances": 0.5 ** jnp.arange(6.0) * jax.random.uniform(key, (6,), minval=0.9)},
        gradient=("distances",),
        exempt={"missing": "only the last distance and the middle one are read"},
    ),
    Example(bases.monomial, points, {"degree": 4}, gradient=("x",)),
    Example(bases.chebyshev, interval, {"degree": 4}, gradient=("x", "low"), **with_x("low", "high")),
    Example(bases.legendre, interval, {"degree": 4}, gradient=("x", "high"), **with_x("low", "high")),
    Example(
        bases.fourier,
        lambda key: points(key) | {"period": jnp.array(0.25)},
        {"n_harmonics": 2},
        gradient=("x", "period"),
        units=({"x": 1, "period": 1},),
        origins=(("x",),),
    ),
    Example(
        bases.rbf,
        lambda key: points(key) | {"centers": jnp.linspace(0.0, 1.0, 4), "length_scale": 0.3},
        gradient=("x", "centers", "length_scale"),
        units=({"x": 1, "centers": 1, "length_scale": 1},),
        origins=(("x", "centers"),),
    ),
    Example(bases.clamped_knots, lambda key: {"breakpoints": jnp.linspace(0.0, 1.0, 4)}, gradient=("breakpoints",)),
    Example(bases.bspline, lambda key: points(key) | {"knots": KNOTS}, gradient=("x", "knots"), **with_x("knots")),
    Example(
        bases.natural_cubic,
        lambda key: points(key) | {"knots": jnp.linspace(0.0, 1.0, 4)},
        gradient=("x", "knots"),
        **with_x("knots"),
    ),
    Example(runge.runge_function, lambda key: {"x": nodes(key)}, gradient=("x",)),
    *(Example(nodes_of, ends, {"n_nodes": 4}, **ENDS) for nodes_of in (runge.equispaced_nodes, runge.chebyshev_nodes)),
    Example(runge.barycentric_weights, lambda key: {"nodes": nodes(key)}, gradient=("nodes",)),
    Example(
        runge.lagrange_basis,
        lambda key: {"x": nodes(key)[:2], "nodes": nodes(key)},
        gradient=("x", "nodes"),
        **with_x("nodes"),
    ),
    Example(
        runge.interpolate,
        lambda key: points(key) | {"nodes": nodes(key), "values": jnp.arange(5.0)},
        gradient=("x", "nodes", "values"),
        units=({"x": 1, "nodes": 1}, {"values": 1}),
        origins=(("x", "nodes"), ("values",)),
    ),
    Example(
        runge.interpolation_error,
        lambda key: points(key) | {"nodes": nodes(key)},
        {"function": runge.runge_function},
        gradient=("x", "nodes"),
    ),
    Example(
        runge.lebesgue_function,
        lambda key: points(key) | {"nodes": nodes(key)},
        gradient=("x", "nodes"),
        **with_x("nodes"),
    ),
    Example(
        logistic.problem,
        lambda key: classes(key) | {"C": jnp.array(0.5)},
        gradient=("x", "C"),
        units=({"x": 1, "C": -2},),
        origins=(("x",),),
        exempt={
            "absent": "any shift and scale of the design will do: they are those of all rows, the fit undoes them",
            "twice": "the weights stand in the result, and one of them is twice as large",
        },
    ),
    Example(logistic.init, lambda key: {"problem": task(key)}, gradient=("problem",)),
    Example(logistic.step, lambda key: {"state": logistic.init(task(key)), "problem": task(key)}),
    Example(
        logistic.fit,
        lambda key: classes(key) | {"C": jnp.array(0.5), "weights": weighted(key)["weights"]},
        gradient=("x", "C", "weights"),
        tolerance=1e-3,
        units=({"x": 1, "C": -2},),
        origins=(("x",),),
    ),
    Example(logistic.decision_function, classified, gradient=("x",), units=({"x": 1, "model.coef": -1},)),
    Example(
        logistic.score,
        lambda key: classified(key) | {"y": classes(key)["y"]},
        units=({"x": 1, "model.coef": -1},),
    ),
    Example(logistic.predict_proba, classified, gradient=("x",), units=({"x": 1, "model.coef": -1},)),
    Example(logistic.predict, classified, units=({"x": 1, "model.coef": -1},)),
]
