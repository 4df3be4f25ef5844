"""Every public function: jit equals eager, vmap equals a loop, finite gradients, declared shapes, x64."""

import inspect
import pkgutil
from importlib import import_module
from importlib.util import find_spec

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import jaxtyped

from mfml.syllabus import UNITS
from tests.contract import Example

BUILT = [unit.package for unit in UNITS if find_spec(f"mfml.{unit.package}")]
EXAMPLES: list[Example] = [e for package in BUILT for e in import_module(f"tests.{package}.contract").EXAMPLES]


def name_of(function):
    return f"{function.__module__.removeprefix('mfml.')}.{function.__name__}"


def public_functions():
    for package in BUILT:
        for info in pkgutil.iter_modules(import_module(f"mfml.{package}").__path__, f"mfml.{package}."):
            module = import_module(info.name)
            for name, value in vars(module).items():
                defined_here = getattr(value, "__module__", None) == info.name
                if defined_here and callable(value) and not name.startswith("_") and not inspect.isclass(value):
                    yield name_of(value)


def is_key(leaf):
    return isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def plain(leaf):
    return np.asarray(jax.random.key_data(leaf) if is_key(leaf) else leaf)


def assert_same(found, expected, tolerance):
    assert jax.tree.structure(found) == jax.tree.structure(expected)
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        a, b = plain(a), plain(b)
        assert a.shape == b.shape
        finite = np.isfinite(b) if b.dtype.kind in "fc" else np.ones(b.shape, bool)
        scale = max(1.0, np.abs(b[finite]).max(initial=0.0)) if b.dtype.kind in "fc" else 1.0
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * scale)


def floating(tree):
    return [leaf for leaf in jax.tree.leaves(tree) if jnp.issubdtype(jnp.result_type(leaf), jnp.floating)]


def to_float64(leaf):
    return leaf if is_key(leaf) or jnp.asarray(leaf).dtype != jnp.float32 else jnp.asarray(leaf, jnp.float64)


@pytest.fixture(params=EXAMPLES, ids=lambda e: name_of(e.function))
def example(request):
    return request.param


def call(example, arguments):
    return example.function(**arguments, **example.static)


def test_every_public_function_has_an_example():
    missing = set(public_functions()) - {name_of(e.function) for e in EXAMPLES}
    assert not missing, f"add an Example to tests/<package>/contract.py for: {sorted(missing)}"


def test_jit_equals_eager(example, key):
    if not example.jit:
        pytest.skip("runs outside compiled code on purpose")
    arguments = example.arguments(key)
    assert_same(jax.jit(lambda a: call(example, a))(arguments), call(example, arguments), example.tolerance)


def test_vmap_equals_loop(example, key):
    if not example.jit or example.batched == ():
        pytest.skip("not for vmap")
    pair = [example.arguments(k) for k in jax.random.split(key)]
    mapped = set(pair[0]) if example.batched is None else set(example.batched)
    shared = {name: value for name, value in pair[0].items() if name not in mapped}
    pair = [{name: one[name] for name in mapped} for one in pair]
    stacked = jax.tree.map(lambda *leaves: jnp.stack([jnp.asarray(leaf) for leaf in leaves]), *pair)
    together = jax.vmap(lambda a: call(example, {**a, **shared}))(stacked)
    for i, one in enumerate(pair):
        assert_same(jax.tree.map(lambda leaf: leaf[i], together), call(example, {**one, **shared}), example.tolerance)


def test_gradient_is_finite(example, key):
    if not example.gradient:
        pytest.skip("no gradient asked for")
    arguments = example.arguments(key)

    def total(moving):
        return sum(jnp.sum(leaf) for leaf in floating(call(example, {**arguments, **moving})))

    gradient = jax.grad(total)({name: arguments[name] for name in example.gradient})
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient))


def test_fields_have_declared_shapes(example, key):
    result = call(example, example.arguments(key))
    if not hasattr(result, "_fields"):
        pytest.skip("returns no NamedTuple")
    annotations = inspect.get_annotations(type(result), eval_str=True)
    with jaxtyped("context"):
        for name in result._fields:
            value = getattr(result, name)
            if hasattr(annotations[name], "array_type"):
                assert isinstance(jnp.asarray(value), annotations[name]), (
                    f"{name}: {annotations[name]} declared, found {jnp.asarray(value).dtype}{jnp.shape(value)}"
                )


def test_x64_agrees_with_float32(example, key):
    if not example.x64:
        pytest.skip("draws differ by dtype")
    arguments = example.arguments(key)
    single = call(example, arguments)
    with jax.enable_x64(True):
        double = call(example, jax.tree.map(to_float64, arguments))
        for leaf in floating(double):
            assert jnp.result_type(leaf) == jnp.float64, "float64 in must give float64 out"
        assert_same(single, double, example.tolerance)
