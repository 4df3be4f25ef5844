"""One example of every public function on causes, effects, and changes that would be needed."""

import jax
import jax.numpy as jnp

from mfml.data.card import Card, Quantity
from mfml.explain import adjustment, causal, chains, counterfactual, notears, semantics
from mfml.explain.causal import Variable
from tests.contract import Example

N = 8
MODEL = (
    Variable("heat", (), lambda: 1.0),
    Variable("grains", ("heat",), lambda heat: 2 * heat, 0.5),
    Variable("strength", ("heat", "grains"), lambda heat, grains: heat - grains**2, 0.1),
)


def table(key):
    y = jax.random.normal(key, (N,))
    return {"y": y, "treatment": jnp.array([0, 1] * 4), "strata": jnp.array([0, 0, 0, 1, 1, 1, 0, 1])}


def columns(key):
    y, treatment, a, b = jax.random.normal(key, (4, N))
    return {"y": y, "treatment": treatment, "confounders": jnp.stack([a, b], axis=1)}


def fitted(key):
    return {"found": adjustment.linear(**columns(key))}


def observed(key):
    return {"observed": causal.simulate(MODEL, key=key, n_samples=N), "do": {"heat": jnp.array(2.0)}}


def product(rows):
    return rows[:, 0] * rows[:, 1] + rows[:, 0]


def wanted(key):
    return {"x": 1 + jax.random.uniform(key, (6, 2)), "target": jnp.array(5.0), "scale": jnp.array([1.0, 2.0])}


def chain(key):
    first, noise = jax.random.normal(key, (2, 20))
    return {"x": jnp.stack([first, 2 * first + noise], axis=1)}


CARD = Card("steel", {"stress": Quantity("stress", "MPa")}, "simulated", "MIT", "none", 9, "")
ALONE = "each sample is changed alone: what one holds does not hinder the others"
CANCEL = "what is far away in two strata cancels in their mean, which has the rounding of the differences"
DRAWS = {"x64": False}  # the generator gives other numbers in double precision
EXAMPLES = [
    Example(
        adjustment.back_door,
        table,
        {"n_strata": 2},
        gradient=("y",),
        units=({"y": 1},),
        origins=(("y",),),
        exempt={"far": CANCEL},
    ),
    Example(
        adjustment.linear,
        columns,
        gradient=("y", "treatment", "confounders"),
        units=({"y": 1}, {"treatment": 1}, {"confounders": 1}),
        origins=(("y",), ("treatment",), ("confounders",)),
    ),
    Example(
        adjustment.bias,
        lambda key: {**fitted(key), "r2_treatment": jnp.array(0.2), "r2_outcome": jnp.array(0.3)},
        units=({"found.effect": 1, "found.standard_error": 1},),
    ),
    Example(adjustment.robustness, fitted, units=({"found.effect": 1, "found.standard_error": 1},)),
    Example(adjustment.e_value, lambda key: {"risk_ratio": jnp.array([0.5, 3.0])}, gradient=("risk_ratio",)),
    Example(causal.simulate, lambda key: {"key": key}, {"model": MODEL, "n_samples": N}, **DRAWS),
    Example(causal.counterfactual, observed, {"model": MODEL}),
    Example(causal.effect, lambda key: {"key": key}, {"model": MODEL, "cause": "heat", "outcome": "strength"}, **DRAWS),
    # names and texts, and no arrays: nothing to compile
    Example(
        chains.paths,
        lambda key: {},
        {"model": MODEL, "cause": "heat", "outcome": "strength"},
        batched=(),
        jit=False,
        x64=False,
    ),
    Example(chains.check, lambda key: {}, {"model": MODEL, "names": ()}, batched=(), jit=False, x64=False),
    Example(semantics.describe, lambda key: {}, {"card": CARD}, batched=(), jit=False, x64=False),
    Example(
        counterfactual.search,
        wanted,
        {"f": product},
        batched=("x",),
        tolerance=1e-3,
        exempt={"missing": ALONE, "infinite": ALONE},
    ),
    Example(notears.acyclicity, lambda key: {"weights": jax.random.normal(key, (3, 3))}, gradient=("weights",)),
    Example(notears.fit, chain, {"max_iter": 12}, batched=("x",), tolerance=1e-2),
]
