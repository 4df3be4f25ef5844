"""Mutants: what is changed, and that a check which separates catches them."""

import ast

import numpy as np

from mfml.grading.mutation.mutants import mutants

SOURCE = '''
import jax.numpy as jnp

def helper(x):
    return jnp.max(x, axis=1) - 1.0

def spread(x, n: "Float[Array, '3']" = 2):
    """A docstring - with < signs."""
    y = helper(x)
    y = y[1:] / len(x)
    return jnp.sum((y - y.mean()) ** 2), n

def other(x):
    return spread(x)[0] if len(x) > 2 else x
'''


def changes(exercises=("spread", "other")):
    return {one.change: one for one in mutants(SOURCE, list(exercises))}


def test_kinds_of_changes():
    found = set(changes())
    assert {
        "helper: jnp.max(x, axis=1) - 1.0 -> jnp.max(x, axis=1)",  # a term left out
        "helper: jnp.max(x, axis=1) -> jnp.min(x, axis=1)",
        "helper: jnp.max(x, axis=1) -> jnp.max(x)",  # another axis
        "helper: 1 -> 0",
        "helper: 1.0 -> 2.0",
        "spread: y = y[1:] / len(x) -> nothing",
        "spread: y[1:] / len(x) -> len(x) / y[1:]",
        "spread: y[1:] -> y",
        "spread: len(x) -> len(x) - 1",  # another divisor
        "spread: y.mean() -> y",
        "spread: (jnp.sum((y - y.mean()) ** 2), n) -> (n, jnp.sum((y - y.mean()) ** 2))",
        "other: len(x) > 2 -> len(x) >= 2",
        "other: spread(x)[0] if len(x) > 2 else x -> x",
    } <= found
    assert "spread: y - y.mean() -> y.mean() - y" not in found, "squared, it is the same"
    assert not [change for change in found if "docstring" in change or "Float" in change]


def test_every_mutant_differs_and_can_be_read():
    original = {node.name: ast.unparse(node) for node in ast.parse(SOURCE).body if isinstance(node, ast.FunctionDef)}
    for one in changes().values():
        (function,) = ast.parse(one.source).body
        assert ast.unparse(function) != original[function.name]
        compile(one.source, "mutant", "exec")


def test_helpers_belong_to_the_first_exercise_that_uses_them():
    assert {one.exercise for change, one in changes().items() if change.startswith("helper")} == {"spread"}
    assert not [change for change in changes(["other"]) if change.startswith("other: spread(x) -> helper")]
    assert {one.exercise for one in changes(["other"]).values()} == {"other"}


def test_friendly_input_lets_mutants_live_and_a_good_one_does_not():
    """The finder itself: `<=` for `<` shows only at a tie."""
    source = "def f(x):\n    return (x < 1) * 1.0"
    space = {}
    alive = []
    for one in mutants(source, ["f"]):
        exec(one.source, space)
        alive += [one.change] if np.array_equal(space["f"](np.array([0.0, 2.0])), [1.0, 0.0]) else []
    assert "f: x < 1 -> x <= 1" in alive
    exec(next(one.source for one in mutants(source, ["f"]) if "<=" in one.change), space)
    assert not np.array_equal(space["f"](np.array([0.0, 1.0])), [1.0, 0.0])
