"""One example of every public function of unit 7."""

import jax
import jax.numpy as jnp

from mfml.generalization import (
    bias_variance,
    binning,
    boosting,
    boosting_rounds,
    criteria,
    dropout,
    elastic_net,
    exact_growth,
    forest,
    growth,
    imported_trees,
    interop,
    lasso,
    lasso_solvers,
    objectives,
    ridge,
    tree,
    tree_arrays,
    validation,
)
from mfml.risk import losses, splits
from tests.contract import Example
from tests.generalization import models

N, D = 24, 3


def data(key):
    for_x, for_noise = jax.random.split(key)
    x = jax.random.normal(for_x, (N, D))
    return {"x": x, "y": x @ jnp.array([2.0, -1.0, 0.0]) + 0.5 * jax.random.normal(for_noise, (N,))}


def classes(key):
    both = data(key)
    return {"x": both["x"], "y": (both["y"] > 0).astype(int) + (both["y"] > 1.5)}


def weights(key):
    return {"weights": jax.random.uniform(key, (N,), minval=0.5, maxval=2.0)}


def binned(key):
    x = data(key)["x"]
    return binning.transform(binning.edges(x, max_bins=7), x)


def statistics(key):
    return jnp.stack([data(key)["y"], jnp.ones(N)])


def of_nodes(name="whole"):
    sums = jnp.array([[4.0, 6.0], [3.0, 4.0]])
    return {name: sums, "l2": jnp.array(0.5), "origin": jnp.array([[1.0, 2.0]])}


def limits():
    return growth.Limits(jnp.array(0.5), jnp.array(1.0), jnp.array(0.0))


def grown(key):
    return growth.grow(binned(key), statistics(key), limits(), n_bins=8, max_depth=2)


def ungrown(statistics, limits):
    return growth.Grown([], jnp.zeros(N, int), statistics)


def some_tree(key):
    return tree.fit(max_depth=2, max_bins=7, **data(key))


def shares(key):
    return tree.fit(criterion="gini", n_classes=3, max_depth=2, max_bins=7, **classes(key))


def classifying_forest(key):
    options = {"criterion": "gini", "n_classes": 3, "n_estimators": 3, "max_depth": 2, "max_bins": 7}
    return forest.fit(key=key, **options, **classes(key))


def some_forest(key):
    return forest.fit(key=key, n_estimators=3, max_depth=2, max_bins=7, **data(key))


def a_problem(key):
    return boosting_rounds.problem(**data(key), max_bins=7)


def rates():
    return boosting_rounds.Rates(*(jnp.array(rate) for rate in (0.5, 1.0, 0.0, 1.0, 0.7, 1.0)))


def boosted(key):
    return boosting.fit(**data(key), max_iter=3, max_depth=2, max_bins=7)


def classifying(key):
    return boosting.fit(**classes(key), loss="softmax", n_classes=3, max_iter=3, max_depth=2, max_bins=7)


def task(key):
    return elastic_net.problem(**data(key))


def fold_data(key):
    return data(key) | {"folds": splits.k_fold(N, n_splits=3)}


def ridge_of(x, y, setting, weights):
    return ridge.fit(x, y, alpha=setting, weights=weights)


LEARNER = {"fit": ridge_of, "predict": ridge.predict, "loss": losses.squared_error}
DRAWS = {"twice": "other draws are made for another number of samples"}
MISSING = {"missing": "NaN is a missing value: trees send it to a side of each split"}
FIXED = MISSING | {"unit": "the thresholds of the model are in the unit of the fit"}
NO_EDGES = {"nothing": "edges at infinity say that there is no threshold"}
MASK = {"precision": "a mask has no precision of its own"}
GRID = jnp.array([0.1, 1.0, 10.0])


def draw_set(key):
    both = data(key)
    return both["x"].astype(jnp.float32), both["y"].astype(jnp.float32)


def learn(x, y, x_test):
    return ridge.predict(ridge.fit(x, y), x_test)


def doubled(sums):
    return 2 * sums[:1]


def searched(key):
    return validation.grid_search(**fold_data(key), grid=GRID, **LEARNER)


def predictions(key):
    return {"predictions": jax.random.normal(key, (5, 4)), "target": jnp.arange(4.0)}


def one_coef(key):
    return {"coef": jnp.array([1.0, 0.0, -1.0]), "task": task(key)}


EXAMPLES = [
    Example(
        bias_variance.decompose,
        predictions,
        gradient=("predictions", "target"),
        units=({"predictions": 1, "target": 1},),
        origins=(("predictions", "target"),),
    ),
    Example(
        bias_variance.experiment,
        lambda key: {"key": key, "x_test": jnp.ones((2, D))},
        {"learner": learn, "sample": draw_set, "n_sets": 3},
        gradient=("x_test",),
        x64=False,  # draws
    ),
    Example(
        bias_variance.double_descent,
        lambda key: data(key) | {"x_test": jnp.ones((2, D)), "y_test": jnp.ones(2)},
        {"n_features": (1, 3)},
        units=({"x": 1, "x_test": 1}, {"y": 1, "y_test": 1}),
    ),
    Example(
        ridge.fit,
        lambda key: data(key) | weights(key) | {"alpha": jnp.array(0.7)},
        gradient=("x", "y", "alpha"),
        units=({"x": 1, "alpha": 2}, {"y": 1}, {"weights": 1, "alpha": 1}),
        origins=(("x",), ("y",)),
    ),
    Example(
        ridge.predict,
        lambda key: {"model": ridge.fit(**data(key)), "x": jnp.ones((2, D))},
        gradient=("x",),
        units=({"model.coef": -1, "x": 1}, {"model.coef": 1, "model.intercept": 1}),
    ),
    Example(
        ridge.score,
        lambda key: {"model": ridge.fit(**data(key)), **data(key), **weights(key)},
        gradient=("x", "y", "weights"),
        units=({"model.coef": -1, "x": 1}, {"model.coef": 1, "model.intercept": 1, "y": 1}, {"weights": 1}),
    ),
    Example(
        ridge.path,
        lambda key: data(key) | weights(key) | {"alphas": GRID},
        gradient=("x", "y", "alphas"),
        units=({"x": 1, "alphas": 2}, {"y": 1}),
        origins=(("x",), ("y",)),
    ),
    Example(ridge.best, lambda key: {"path": ridge.path(**data(key), alphas=GRID)}),
    Example(
        elastic_net.soft_threshold, lambda key: {"v": jax.random.normal(key, (4,)), "threshold": 0.5}, gradient=("v",)
    ),
    Example(elastic_net.problem, lambda key: data(key) | weights(key), gradient=("x", "y")),
    Example(elastic_net.grid, lambda key: {"task": task(key)}, {"n_alphas": 3}),
    Example(elastic_net.kkt_residual, lambda key: one_coef(key) | {"alpha": jnp.array(0.3)}, gradient=("coef",)),
    Example(
        elastic_net.duality_gap,
        lambda key: one_coef(key) | {"correlation": jnp.ones(D), "alpha": jnp.array(0.3), "l1_ratio": 0.5},
        gradient=("coef", "alpha"),
    ),
    Example(lasso_solvers.init, lambda key: {"task": task(key)}),
    Example(
        lasso_solvers.step,
        lambda key: {"state": lasso_solvers.init(task(key)), "task": task(key), "alpha": jnp.array(0.2)},
        {"solver": "fista"},
    ),
    Example(
        lasso_solvers.solve,
        lambda key: {"state": lasso_solvers.init(task(key)), "task": task(key), "alpha": jnp.array(0.2)},
        {"solver": "fista", "max_iter": 60},
        tolerance=1e-3,
    ),
    Example(
        lasso.fit,
        lambda key: data(key) | weights(key) | {"alpha": jnp.array(0.2)},
        {"max_iter": 1},  # at the minimum, the gap is the rounding error of two sums
        tolerance=1e-3,
        units=({"x": 1, "alpha": 1}, {"y": 1, "alpha": 1}, {"weights": 1}),
        origins=(("x",), ("y",)),
    ),
    Example(
        lasso.path,
        lambda key: data(key) | weights(key) | {"alphas": jnp.array([0.5, 0.1])},
        {"max_iter": 1},
        tolerance=1e-3,
        units=({"x": 1, "alphas": 1}, {"y": 1, "alphas": 1}, {"weights": 1}),
        origins=(("x",), ("y",)),
        exempt={"infinite": "an infinite penalty has a minimum, where all coefficients are 0"},
    ),
    Example(
        lasso.predict,
        lambda key: {"model": lasso.fit(**data(key), alpha=0.2), "x": jnp.ones((2, D))},
        gradient=("x",),
        tolerance=1e-3,
        units=({"model.coef": -1, "x": 1}, {"model.coef": 1, "model.intercept": 1}),
    ),
    Example(
        lasso.score,
        lambda key: {"model": lasso.fit(**data(key), alpha=0.2), **data(key), **weights(key)},
        gradient=("x", "y", "weights"),
        tolerance=1e-3,
        units=({"model.coef": -1, "x": 1}, {"model.coef": 1, "model.intercept": 1, "y": 1}, {"weights": 1}),
    ),
    Example(dropout.mask, lambda key: {"key": key, "rate": jnp.array(0.3)}, {"shape": (5,)}, x64=False, exempt=MASK),
    Example(dropout.apply, lambda key: {"key": key, "x": jnp.ones(5), "rate": 0.3}, gradient=("x",), x64=False),
    Example(dropout.ridge_penalty, lambda key: {"x": data(key)["x"], "rate": 0.3}, gradient=("x", "rate")),
    Example(validation.grid_search, lambda key: fold_data(key) | {"grid": GRID}, LEARNER, batched=("x", "y")),
    Example(
        validation.one_standard_error,
        lambda key: {"result": searched(key), "complexity": -GRID},
        batched=("result",),
    ),
    Example(
        validation.nested,
        lambda key: (
            data(key)
            | {"outer": splits.k_fold(N, n_splits=3), "inner": splits.k_fold(N, n_splits=4, key=key), "grid": GRID}
        ),
        LEARNER,
        batched=("x", "y"),
        x64=False,  # the folds are drawn
    ),
    Example(
        validation.learning_curve,
        lambda key: fold_data(key) | {"key": key, "sizes": jnp.array([6, 12]), "setting": jnp.array(1.0)},
        LEARNER,
        batched=("x", "y"),
        x64=False,  # draws
    ),
    Example(tree_arrays.is_leaf, lambda key: {"trees": some_tree(key)}),
    Example(
        tree_arrays.stump,
        lambda key: {"value": jnp.ones((3, 1)), "feature": jnp.array(1), "threshold": jnp.array(0.5)},
        {"n_features": 2},
        batched=("value",),
    ),
    Example(tree_arrays.require_classes, lambda key: {"trees": shares(key)}),
    Example(tree_arrays.apply, lambda key: {"trees": some_tree(key), "x": data(key)["x"]}),
    Example(
        tree_arrays.outputs, lambda key: {"trees": shares(key), "x": data(key)["x"]}, gradient=("x",), exempt=MISSING
    ),
    Example(
        tree_arrays.total, lambda key: {"trees": shares(key), "x": data(key)["x"]}, gradient=("x",), exempt=MISSING
    ),
    Example(tree_arrays.depth, lambda key: {"trees": some_tree(key)}),
    Example(tree_arrays.n_leaves, lambda key: {"trees": some_tree(key)}),
    Example(tree_arrays.in_units, lambda key: {"trees": some_tree(key), "size": jnp.array(2.0)}),
    Example(tree_arrays.importance, lambda key: {"trees": some_tree(key)}),
    Example(
        binning.edges,
        lambda key: {"x": data(key)["x"], **weights(key)},
        {"max_bins": 7, "subsample": 20},
        gradient=("x",),
        exempt=MISSING | NO_EDGES | dict.fromkeys(("absent", "twice"), "the quantiles are those of evenly spaced rows"),
    ),
    Example(binning.edges, lambda key: {"x": data(key)["x"], **weights(key)}, {"max_bins": 2 * N}, exempt=NO_EDGES),
    Example(binning.transform, lambda key: {"edges": binning.edges(data(key)["x"], max_bins=7), "x": data(key)["x"]}),
    Example(criteria.squared, lambda key: {"sums": statistics(key), "l2": jnp.array(0.5)}, gradient=("sums", "l2")),
    Example(
        criteria.entropy,
        lambda key: {"sums": jnp.arange(6.0).reshape(3, 2), "l2": jnp.array(0.0)},
        gradient=("sums",),
        exempt={"missing": "entropy does not use lambda"},
    ),
    Example(criteria.gini, lambda key: {"counts": jnp.arange(6.0).reshape(2, 3)}, gradient=("counts",)),
    Example(
        criteria.n_classes, lambda key: {"y": classes(key)["y"]}, {"criterion": "gini", "given": 3}, batched=()
    ),  # an integer
    Example(
        criteria.statistics,
        lambda key: {"y": data(key)["y"], **weights(key)},
        {"n_classes": None},
        gradient=("y",),
        exempt={"twice": "the statistics of a sample hold its weight"},
    ),
    Example(
        criteria.spread,
        lambda key: {"y": data(key)["y"]},
        units=({"y": 1},),
        exempt={"missing": "a unit, which is 1 for NaN"},
    ),
    Example(
        criteria.gain,
        lambda key: {**of_nodes(), "left": jnp.array([[1.0, 2.0], [1.5, 1.0]])},
        gradient=("left", "whole"),
        units=({"left": 1, "whole": 1, "l2": 1},),
    ),
    Example(criteria.value_near, lambda key: of_nodes("sums"), gradient=("sums",)),
    Example(criteria.rounding, lambda key: of_nodes(), units=({"whole": 1, "l2": 1},)),
    Example(criteria.leaf_mean, lambda key: {"sums": statistics(key), "shift": jnp.ones(1)}, gradient=("sums",)),
    Example(
        growth.histogram,
        lambda key: {"bins": binned(key), "node": jnp.arange(N) % 2, "statistics": statistics(key)},
        {"n_nodes": 2, "n_bins": 8},
        gradient=("statistics",),
    ),
    Example(
        growth.sums_at,
        lambda key: {"place": jnp.arange(N) % 2, "statistics": statistics(key)},
        {"n_places": 2},
        gradient=("statistics",),
    ),
    Example(
        growth.grow,
        lambda key: {"bins": binned(key), "statistics": statistics(key), "limits": limits()},
        {"n_bins": 8, "max_depth": 2, "subtract": True},
        units=({"statistics": 1, "limits.l2": 1, "limits.min_weight": 1, "limits.min_gain": 1},),
    ),
    Example(
        growth.about,
        lambda key: {"statistics": statistics(key), "origin": jnp.ones((1, N))},
        gradient=("statistics", "origin"),
    ),
    Example(
        growth.scale_free,
        lambda key: {"statistics": statistics(key), "limits": limits()},
        {"grow": ungrown},
    ),
    Example(growth.worth_it, lambda key: {"gain": jnp.ones(2), "rounding": jnp.ones(2), "limits": limits()}),
    Example(
        growth.assemble,
        lambda key: {"grown": grown(key), "thresholds": [jnp.zeros(1), jnp.ones(2)]},
        {"value": doubled, "n_features": D},
    ),
    Example(
        growth.thresholds_of_bins,
        lambda key: {"edges": binning.edges(data(key)["x"], max_bins=7), "splits": grown(key).splits},
        exempt={"missing": "of all edges only those at which a tree splits are in the result"},
    ),
    Example(
        exact_growth.grow,
        lambda key: {"x": data(key)["x"], "statistics": statistics(key), "limits": limits()},
        {"max_depth": 2},
        exempt={"missing": "a missing value goes to the side of a split that it fits better"},
        units=({"x": 1}, {"statistics": 1, "limits.l2": 1, "limits.min_weight": 1, "limits.min_gain": 1}),
    ),
    Example(
        tree.fit,
        lambda key: data(key) | weights(key) | {"min_samples_leaf": jnp.array(5.0)},
        {"max_depth": 2, "max_bins": 2 * N},  # the bins of few values do not count rows
        units=({"x": 1}, {"y": 1}, {"weights": 1, "min_samples_leaf": 1}),
        origins=(("y",),),
    ),
    Example(
        tree.fit,
        lambda key: classes(key) | weights(key),
        {"max_depth": 2, "solver": "exact", "criterion": "entropy", "n_classes": 3},
        batched=("x", "weights"),
        units=({"x": 1},),
    ),
    Example(tree.predict, lambda key: {"model": some_tree(key), "x": data(key)["x"]}, gradient=("x",), exempt=MISSING),
    Example(
        tree.predict_proba, lambda key: {"model": shares(key), "x": data(key)["x"]}, gradient=("x",), exempt=MISSING
    ),
    Example(tree.predict, lambda key: {"model": shares(key), "x": data(key)["x"]}),
    Example(
        tree.score,
        lambda key: {"model": some_tree(key), **data(key), **weights(key)},
        gradient=("x", "y", "weights"),
        exempt=MISSING,
    ),
    Example(tree.score, lambda key: {"model": shares(key), **classes(key)}, exempt=MISSING),
    Example(forest.bootstrap_counts, lambda key: {"key": key}, {"n": 9}, x64=False),
    Example(
        forest.fit,
        lambda key: {"key": key, **data(key)},
        {"n_estimators": 3, "max_depth": 2, "max_features": 2, "max_bins": 7},
        x64=False,  # draws
        units=({"x": 1}, {"y": 1}),
        exempt=DRAWS,
    ),
    Example(
        forest.fit,
        lambda key: {"key": key, **data(key), **weights(key)},
        {"n_estimators": 2, "max_depth": 2, "max_bins": 2 * N, "bootstrap": False},
        x64=False,
        units=({"x": 1}, {"y": 1}),
    ),
    Example(forest.random_features, lambda key: {"key": key}, {"level": 1, "d": 5, "n_chosen": 2}, x64=False),
    Example(
        forest.predict,
        lambda key: {"model": some_forest(key), "x": data(key)["x"]},
        gradient=("x",),
        x64=False,
        exempt=MISSING,
    ),
    Example(
        forest.predict_proba,
        lambda key: {"model": classifying_forest(key), "x": data(key)["x"]},
        gradient=("x",),
        x64=False,
        exempt=MISSING,
    ),
    Example(forest.score, lambda key: {"model": classifying_forest(key), **classes(key)}, x64=False, exempt=FIXED),
    Example(forest.importance, lambda key: {"model": some_forest(key)}, x64=False),
    Example(
        objectives.best_constant,
        lambda key: {"y": classes(key)["y"], **weights(key)},
        {"loss": "softmax", "n_classes": 3},
        gradient=("weights",),
    ),
    Example(
        objectives.derivatives,
        lambda key: {"scores": data(key)["x"].T, "y": classes(key)["y"]},
        {"loss": "softmax"},
        gradient=("scores",),
    ),
    Example(
        objectives.sample_losses,
        lambda key: {"scores": data(key)["x"].T, "y": classes(key)["y"]},
        {"loss": "softmax"},
        gradient=("scores",),
    ),
    Example(
        boosting_rounds.problem,
        lambda key: data(key) | weights(key),
        {"max_bins": 2 * N},
        exempt=dict.fromkeys(("twice", "nothing"), "the task keeps all samples, each with its weight"),
    ),
    Example(boosting_rounds.init, lambda key: {"task": a_problem(key)}),
    Example(
        boosting_rounds.step,
        lambda key: {
            "key": key,
            "state": boosting_rounds.init(a_problem(key)),
            "task": a_problem(key),
            "rates": rates(),
        },
        {"max_depth": 2},
        x64=False,  # draws
    ),
    Example(
        boosting.fit,
        lambda key: data(key) | {"validation": (data(key)["x"][:5], data(key)["y"][:5])},
        {"max_iter": 3, "max_depth": 2, "max_bins": 2 * N, "n_iter_no_change": 2},
    ),
    Example(
        boosting.fit,
        lambda key: data(key) | weights(key) | {"min_child_weight": jnp.array(2.0), "l2_regularization": 0.5},
        {"max_iter": 2, "max_depth": 1, "max_bins": 2 * N},
        units=({"x": 1}, {"y": 1}, {"weights": 1, "min_child_weight": 1, "l2_regularization": 1}),
        origins=(("y",),),
    ),
    Example(
        boosting.decision_function,
        lambda key: {"model": boosted(key), "x": data(key)["x"]},
        gradient=("x",),
        exempt=MISSING,
    ),
    Example(
        boosting.predict, lambda key: {"model": boosted(key), "x": data(key)["x"]}, gradient=("x",), exempt=MISSING
    ),
    Example(boosting.predict, lambda key: {"model": classifying(key), "x": data(key)["x"]}),
    Example(
        boosting.predict_proba,
        lambda key: {"model": classifying(key), "x": data(key)["x"]},
        gradient=("x",),
        exempt=MISSING,
    ),
    Example(boosting.score, lambda key: {"model": classifying(key), **classes(key)}, exempt=FIXED),
    # these read dictionaries of Python objects
    Example(interop.from_xgboost, lambda key: {}, {"model": models.XGBOOST, "n_rounds": 2}, jit=False),
    Example(interop.from_lightgbm, lambda key: {}, {"model": models.LIGHTGBM}, jit=False),
    Example(imported_trees.xgboost_tree, lambda key: {}, {"entry": models.XGBOOST_TREES[0]}, jit=False),
    Example(imported_trees.lightgbm_tree, lambda key: {}, {"root": models.LIGHTGBM_TREES[0]}, jit=False),
    Example(
        imported_trees.stack,
        lambda key: {},
        {"trees": [imported_trees.xgboost_tree(tree) for tree in models.XGBOOST_TREES]}
        | {"output": [0, 1, 0], "n_outputs": 2, "n_features": 2},
        jit=False,
    ),
]
