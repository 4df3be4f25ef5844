"""Shapley values of unit 14 against `shap`, and against the contributions that XGBoost computes itself.

The trees are those of one booster, which we import. `shap` would hand the booster back to XGBoost, so it is asked for
its own C++ code, which runs on one core and in double precision; it is what errors of trees are measured against.
Both sides of sampled values ask the same compiled network, about as many rows.
"""

import json
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.harness import Pair, Row
from mfml.explain import kernel_shap, shapley, tree_shap
from mfml.generalization import interop

SAMPLES, FEATURES, TREES, DEPTH = 10_000, 12, 100, 6
CHECKED = 500  # rows whose values are compared with the exact ones
PAIRED = 100  # samples, and as many of the background
ASKED, BACKGROUND, CALLS = 20, 50, 2048


@cache
def booster() -> tuple[Any, np.ndarray]:
    import xgboost

    rng = np.random.default_rng(0)
    x = rng.normal(size=(SAMPLES, FEATURES)).astype(np.float32)
    y = np.sin(2 * x[:, 0]) * x[:, 1] + np.abs(x[:, 2:6]).sum(axis=1) + 0.1 * rng.normal(size=SAMPLES)
    options = {"max_depth": DEPTH, "eta": 0.1, "seed": 0}
    return xgboost.train(options, xgboost.DMatrix(x, y), TREES), x


def of_shap(model: Any, *background: np.ndarray) -> Any:
    """An explainer of `shap` that computes everything itself."""
    import shap

    kind = "interventional" if background else "tree_path_dependent"
    explainer = shap.TreeExplainer(model, *background, feature_perturbation=kind)
    explainer.model.model_type = "internal"  # not "xgboost", which would compute the values
    return partial(explainer.shap_values, check_additivity=False)


def compared(ours: Any, theirs: Any, exact: Any) -> Pair:
    def error(phi: Any) -> float:
        needed = exact()
        return float(np.abs(np.asarray(phi[: len(needed)], float) - needed).max() / np.abs(needed).max())

    return Pair(ours, theirs, lambda found: error(found.phi), error, floor=1e-5)


def trees(peer: str) -> Pair:
    import xgboost

    model, x = booster()
    imported, placed, explain = interop.from_xgboost(json.loads(model.save_raw("json"))), jnp.asarray(x), of_shap(model)

    def contributions() -> np.ndarray:
        return model.predict(xgboost.DMatrix(x), pred_contribs=True)[:, :-1]

    return compared(
        lambda: tree_shap.path_dependent(imported, placed, max_depth=DEPTH),
        contributions if peer == "xgboost" else lambda: explain(x),
        lambda: explain(x[:CHECKED]),
    )


def against() -> Pair:
    model, x = booster()
    imported, (rows, others) = (
        interop.from_xgboost(json.loads(model.save_raw("json"))),
        x[: 2 * PAIRED].reshape(2, PAIRED, -1),
    )
    explain = of_shap(model, others)
    placed = jnp.asarray(rows), jnp.asarray(others)
    return compared(
        lambda: tree_shap.interventional(imported, *placed, max_depth=DEPTH),
        lambda: explain(rows),
        lambda: explain(rows),
    )


def sampled() -> Pair:
    import shap

    rng = np.random.default_rng(0)
    x = rng.normal(size=(ASKED + BACKGROUND, FEATURES)).astype(np.float32)
    first, last = rng.normal(size=(FEATURES, 32)) / 3, rng.normal(size=32)
    first, last = first.astype(np.float32), last.astype(np.float32)

    def network(rows):
        return jnp.tanh(rows @ first) @ last

    asked, background, compiled = jnp.asarray(x[:ASKED]), jnp.asarray(x[ASKED:]), jax.jit(network)
    explainer = shap.KernelExplainer(lambda rows: np.asarray(compiled(rows)), x[ASKED:])

    def loss(phi):
        known = shapley.exact(network, asked, background).phi
        return float(jnp.abs(jnp.asarray(phi, jnp.float32) - known).max() / jnp.abs(known).max())

    return Pair(
        lambda: kernel_shap.fit(network, asked, background, key=jax.random.key(0), n_samples=CALLS),
        lambda: explainer.shap_values(x[:ASKED], nsamples=CALLS, l1_reg=False, silent=True),
        lambda found: loss(found.phi),
        loss,
        slack=0.5,
        floor=1e-3,
    )


NOTE = "loss: largest error against shap in double precision, relative"
SIZE = f"{TREES} trees of depth {DEPTH}"
ROWS = [
    Row(
        f"14.tree shap, {SIZE}, {SAMPLES} rows",
        "shap TreeExplainer",
        partial(trees, "shap"),
        note=f"{NOTE}; shap uses one core",
        min_pairs=3,
    ),
    Row(
        f"14.tree shap, {SIZE}, {SAMPLES} rows, xgboost",
        "xgboost pred_contribs",
        partial(trees, "xgboost"),
        note=NOTE,
        min_pairs=3,
    ),
    Row(
        f"14.tree shap, {SIZE}, {PAIRED} rows against {PAIRED}",
        "shap TreeExplainer",
        against,
        note=f"{NOTE}; shap uses one core",
        min_pairs=3,
    ),
    Row(
        f"14.kernel shap, {FEATURES} features, {CALLS} coalitions",
        "shap KernelExplainer",
        sampled,
        note="loss: largest error against all coalitions, relative; both sides ask the same compiled network",
        min_pairs=3,
    ),
]
