"""Examples of failed checks: they run below a sheet and give what they promise."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.grading.key.seal import load_module
from mfml.grading.run import bridge
from mfml.grading.run.values import Key
from mfml.grading.verdict import compare, examples

pytestmark = pytest.mark.xdist_group("grading")


def ran(example, **names):
    """What the example gives and what it should give, in the namespace of a sheet."""
    call, expected = example.split("\n# should give ")
    *before, last = call.split("\n")
    sheet = {"jax": jax, "jnp": jnp, **names}
    exec("\n".join(before), sheet)
    return eval(last, sheet), eval(expected, sheet)


def test_every_check_of_a_key_has_an_example_that_runs(course, answers, right, monkeypatch):
    monkeypatch.setattr(examples, "EXAMPLE_LENGTH", 10_000)
    given = load_module(course.given, "exercises.given")
    sheet = {}
    exec(right, sheet)
    kinds = set()
    for exercise in answers["exercises"]:
        name = exercise["name"]
        for check in exercise["checks"]:
            found, shown = ran(examples.call(name, check), **{name: lambda *args, f=sheet[name]: f(*args)})
            for value in (found, shown):
                value = bridge.from_jax(jax.tree.map(jnp.asarray, value), given)
                allowed = jax.tree.map(lambda _: 1e-3, check["expected"])
                assert compare.difference(value, check["expected"], allowed) is None
            kinds.add(check["call"])
    assert kinds == {"plain", "jit", "vmap", "grad"}


def check(call, over, expected, **inputs):
    return {"call": call, "over": over, "inputs": inputs, "expected": expected}


def test_what_is_called_is_named():
    x = np.ones(2, np.float32)
    vmap = examples.call("entropy", check("vmap", ["p"], x, p=np.eye(2, dtype=np.float32)))
    assert vmap.startswith("jax.vmap(entropy)(jnp.array([[1.0, 0.0], [0.0, 1.0]]))\n# should give")
    grad = examples.call("f", check("grad", ["a", "c"], (x, x), a=x, b=2, c=x))
    assert grad.startswith("jax.grad(lambda a, c: f(a, 2, c), argnums=(0, 1))(jnp.array([1.0, 1.0]), jnp")
    assert examples.call("f", check("jit", [], x, a=x, n=2)).startswith("jax.jit(lambda a: f(a, 2))(jnp.array")


@pytest.mark.parametrize(
    "value",
    [
        np.array([np.inf, -np.inf, np.nan, 1.0], np.float32),
        np.array([3e9], np.uint32),
        np.zeros((0, 3), np.float32),
        np.array(200, np.uint8),
        -np.inf,
        Key("threefry2x32", np.array([1, 4_000_000_000], np.uint32)),
        Key("rbg", np.array([1, 2, 3, 4_000_000_000], np.uint32)),
    ],
)
def test_unusual_values_come_back(value):
    found, _ = ran(examples.call("f", check("plain", [], 0.0, a=value)), f=lambda a: a)
    expected = bridge.to_jax(value, None)
    if isinstance(value, Key):
        found, expected = jax.random.key_data(found), jax.random.key_data(expected)
    assert jnp.array_equal(found, expected, equal_nan=True)
    assert jnp.asarray(found).dtype == jnp.asarray(expected).dtype


def test_an_array_without_axes_stays_an_array():
    """A Python number can do more: index a list, or decide an `if` under `jax.jit`."""
    number = np.array(2)
    assert examples.call("f", check("plain", [], number, t=number, n=3)) == "f(jnp.array(2), 3)\n# should give 2"
    assert examples.call("f", check("jit", [], number, t=number)) == "jax.jit(f)(jnp.array(2))\n# should give 2"
