"""Shapley values of unit 14 against `shap` and against the contributions that XGBoost computes itself.

The trees are those of one booster, which we import. The loss of trees is the largest lack of local accuracy, relative
to the largest prediction; that of sampled values is the largest error against all coalitions.
"""

import json
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.harness import Pair, Row
from mfml.explain import kernel_shap, shapley, tree_shap
from mfml.generalization import interop

SAMPLES, FEATURES, TREES, DEPTH = 10_000, 12, 100, 6
ASKED, BACKGROUND, CALLS = 20, 50, 2048


def booster() -> tuple[Any, np.ndarray]:
    import xgboost

    rng = np.random.default_rng(0)
    x = rng.normal(size=(SAMPLES, FEATURES)).astype(np.float32)
    y = np.sin(2 * x[:, 0]) * x[:, 1] + np.abs(x[:, 2:6]).sum(axis=1) + 0.1 * rng.normal(size=SAMPLES)
    options = {"max_depth": DEPTH, "eta": 0.1, "seed": 0}
    return xgboost.train(options, xgboost.DMatrix(x, y), TREES), x


def trees(peer: str) -> Pair:
    import xgboost

    model, x = booster()
    asked = xgboost.DMatrix(x)
    predicted = model.predict(asked)
    imported, placed = interop.from_xgboost(json.loads(model.save_raw("json"))), jnp.asarray(x)

    def lack(phi, base):
        rest = np.asarray(phi, float).sum(axis=1) + np.asarray(base, float) - predicted
        return float(np.abs(rest).max() / np.abs(predicted).max())

    def ours():
        return tree_shap.path_dependent(imported, placed, max_depth=DEPTH)

    if peer == "xgboost":
        theirs, split = partial(model.predict, asked, pred_contribs=True), lambda found: (found[:, :-1], found[:, -1])
    else:
        import shap

        explainer = shap.TreeExplainer(model)
        theirs, split = partial(explainer.shap_values, x), lambda found: (found, explainer.expected_value)
    return Pair(ours, theirs, lambda found: lack(found.phi, found.base), lambda found: lack(*split(found)), floor=1e-5)


def sampled() -> Pair:
    import shap

    rng = np.random.default_rng(0)
    x = rng.normal(size=(ASKED + BACKGROUND, FEATURES)).astype(np.float32)
    first, last = rng.normal(size=(FEATURES, 32)) / 3, rng.normal(size=32)
    first, last = first.astype(np.float32), last.astype(np.float32)

    def network(rows, of=jnp):
        return of.tanh(rows @ first) @ last

    asked, background = jnp.asarray(x[:ASKED]), jnp.asarray(x[ASKED:])
    explainer = shap.KernelExplainer(partial(network, of=np), x[ASKED:])

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


NOTE = "loss: largest lack of local accuracy, relative"
SIZE = f"{TREES} trees of depth {DEPTH}, {SAMPLES} rows"
ROWS = [
    Row(f"14.tree shap, {SIZE}", "shap TreeExplainer", partial(trees, "shap"), note=NOTE, min_pairs=3),
    Row(f"14.tree shap, {SIZE}, xgboost", "xgboost pred_contribs", partial(trees, "xgboost"), note=NOTE, min_pairs=3),
    Row(
        f"14.kernel shap, {FEATURES} features, {CALLS} coalitions",
        "shap KernelExplainer",
        sampled,
        note="loss: largest error against all coalitions, relative",
        min_pairs=3,
    ),
]
