"""One example of every public function of the linear models with evidence."""

import jax
import jax.numpy as jnp

from mfml.uncertainty import bayesian_logistic, evidence, evidence_fixed, evidence_steps
from tests.contract import Example

N, D = 6, 2


def cloud(key, n=N, d=D):
    return jax.random.normal(key, (n, d))


def samples(key):
    x = cloud(key)
    return {"x": x, "y": x[:, 0] + 0.3 * jax.random.normal(jax.random.fold_in(key, 1), (N,))}


def task(key):
    return {"problem": evidence_steps.prepared(**samples(key))}


def fitted(key):
    return {"model": evidence.fit(**samples(key), max_iter=3), "x": cloud(jax.random.fold_in(key, 2))}


def labeled(key):
    return {"x": cloud(key), "y": jnp.array([0, 1, 0, 2, 1, 1])}


def logistic(key):
    model = bayesian_logistic.fit(**labeled(key), n_classes=3, max_iter=3)
    return {"model": model, "x": cloud(jax.random.fold_in(key, 2))}


def drawing(key):
    return {"key": jax.random.fold_in(key, 3)}


MOVING = ({"x": 1, "model.center": 1, "model.scale": 1},)

# the log evidence has a constant that depends on the unit of y: tests/uncertainty/test_evidence.py scales y
EXAMPLES = [
    *(
        Example(evidence.fit, samples, {"kind": kind, "max_iter": 4, "tol": 1e-9}, tolerance=1e-3)
        for kind in evidence.KINDS
    ),
    Example(evidence.predict, fitted, gradient=("x",)),
    Example(evidence.predictive, fitted, gradient=("x",)),
    Example(
        evidence.predictions,
        lambda key: fitted(key) | drawing(key),
        {"n_samples": 3},
        gradient=("x",),
        x64=False,
    ),
    Example(evidence.score, lambda key: {"model": fitted(key)["model"], **samples(key)}, gradient=("x", "y")),
    Example(
        evidence_fixed.effective_parameters,
        lambda key: {"x": cloud(key), "alpha": jnp.array(0.7)},
        gradient=("x", "alpha"),
        units=({"x": 1, "alpha": 2},),
    ),
    Example(
        evidence_fixed.log_evidence,
        lambda key: samples(key) | {"prior_std": jnp.array([0.7, 1.4]), "noise_std": jnp.array(0.4)},
        gradient=("x", "y", "prior_std", "noise_std"),
        units=({"x": 1, "prior_std": -1},),
    ),
    Example(
        evidence_steps.centered,
        lambda key: {"values": cloud(key)},
        {"fit_intercept": False},
        gradient=("values",),
        exempt={"twice": "rows are multiplied by the roots of their weights"},
    ),
    Example(evidence_steps.prepared, samples, {"kind": "ard"}, tolerance=1e-3),
    Example(evidence_steps.init, task, tolerance=1e-3),
    Example(evidence_steps.step, lambda key: task(key) | {"state": evidence_steps.init(**task(key))}, tolerance=1e-3),
    Example(evidence_steps.decomposed, lambda key: task(key) | {"prior": jnp.array(0.7)}),
    Example(bayesian_logistic.fit, labeled, {"n_classes": 3, "max_iter": 3}, batched=("x",), tolerance=1e-3),
    Example(bayesian_logistic.predict_proba, logistic, gradient=("x",)),
    Example(
        bayesian_logistic.probabilities,
        lambda key: logistic(key) | drawing(key),
        {"n_samples": 3},
        gradient=("x",),
        x64=False,
    ),
    Example(bayesian_logistic.predict, logistic, units=MOVING),
    Example(bayesian_logistic.score, lambda key: {"model": logistic(key)["model"], **labeled(key)}, units=MOVING),
]
