"""Every public function: jit equals eager, vmap equals a loop, finite gradients, declared shapes, x64, all laws."""

import inspect
import pkgutil
from functools import partial
from importlib import import_module
from importlib.util import find_spec

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import jaxtyped

from mfml.iteration import Status
from mfml.syllabus import UNITS
from tests import interface, laws
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
    """An array of float32 in double precision. Python's numbers have none of their own."""
    single = not is_key(leaf) and getattr(leaf, "dtype", None) == jnp.float32
    return jnp.asarray(np.asarray(leaf, np.float64)) if single else leaf


@pytest.fixture(params=EXAMPLES, ids=lambda e: name_of(e.function))
def example(request):
    return request.param


def call(example, arguments):
    return example.function(**arguments, **example.static)


def test_every_public_function_has_an_example():
    missing = set(public_functions()) - {name_of(e.function) for e in EXAMPLES}
    assert not missing, f"add an Example to tests/<package>/contract.py for: {sorted(missing)}"


def test_contract(example, key):
    """One test a function, since its parts share values: compiling is what takes the time."""
    arguments, others = [example.arguments(k) for k in jax.random.split(key)]
    eager = call(example, arguments)
    check_fields(eager)
    check_report(eager)
    if example.jit:
        check_compiled(example, arguments, others, eager)
    if example.gradient:
        check_gradient(example, arguments)
    if example.x64:
        check_double_precision(example, arguments, eager)
    broken = [f"{law}: {reason}" for law, verdict, reason in laws.judge(example, arguments) if verdict == "broken"]
    assert not broken, "\n".join(broken)


def check_compiled(example, arguments, others, eager):
    """Jit equals eager and vmap equals a loop, in one compiled program."""
    function = partial(call, example)
    mapped = set(arguments) if example.batched is None else set(example.batched)
    if not mapped:
        assert_same(jax.jit(function)(arguments), eager, example.tolerance)
        return
    others = {name: others[name] if name in mapped else value for name, value in arguments.items()}
    both = {name: stack(value, others[name]) if name in mapped else value for name, value in arguments.items()}
    axes = {name: 0 if name in mapped else None for name in arguments}
    together = jax.jit(jax.vmap(function, in_axes=(axes,)))(both)
    together = jax.tree.map(plain, together)
    for i, expected in enumerate((eager, function(others))):
        assert_same(jax.tree.map(lambda leaf, i=i: leaf[i], together), expected, example.tolerance)


def stack(*trees):
    """Put two trees on top of each other, in NumPy: JAX would compile a program for each shape."""
    return jax.tree.map(lambda *leaves: (jnp.stack if is_key(leaves[0]) else stacked)(leaves), *trees)


def stacked(leaves):
    return jnp.asarray(np.stack([np.asarray(leaf, jnp.result_type(leaf)) for leaf in leaves]))


def check_gradient(example, arguments):
    def total(moving):
        return sum(jnp.sum(leaf) for leaf in floating(call(example, {**arguments, **moving})))

    moving = {name: arguments[name] for name in example.gradient}
    gradient = (jax.jit(jax.grad(total)) if example.jit else jax.grad(total))(moving)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient)), "the gradient is not finite"


def check_fields(result):
    """A NamedTuple's fields have the shapes that it declares."""
    if not hasattr(result, "_fields"):
        return
    annotations = inspect.get_annotations(type(result), eval_str=True)
    with jaxtyped("context"):
        for name in result._fields:
            value = getattr(result, name)
            if hasattr(annotations[name], "array_type"):
                assert isinstance(jnp.asarray(value), annotations[name]), (
                    f"{name}: {annotations[name]} declared, found {jnp.asarray(value).dtype}{jnp.shape(value)}"
                )


def check_report(result):
    """An iterative result says how it went: the history from the start to the last step, then NaN."""
    if "status" not in getattr(result, "_fields", ()):
        return
    status, n_iter, history = (np.asarray(leaf) for leaf in (result.status, result.n_iter, result.history))
    assert (np.asarray(result.converged) == (status == Status.CONVERGED)).all()
    assert history.shape[:-1] == n_iter.shape
    number = np.arange(history.shape[-1])
    assert np.isnan(history[number > n_iter[..., None]]).all()
    known = (number <= n_iter[..., None]) & (status != Status.NON_FINITE)[..., None]
    assert np.isfinite(history[known & (number > 0)]).all(), "a step without its entry in the history"


WIDE = ("x", "z", "design")


def asked_with_samples(example):
    names = list(interface.signature(example.function).parameters)
    return names[:1] == ["model"] and not set(WIDE).isdisjoint(names)


@pytest.mark.parametrize("example", [*filter(asked_with_samples, EXAMPLES)], ids=lambda e: name_of(e.function))
def test_a_model_refuses_data_of_another_width(example, key, unchecked):
    arguments = example.arguments(key)
    name = next(name for name in WIDE if name in arguments)
    width = jnp.shape(arguments[name])[-1]
    narrow = jnp.repeat(arguments[name], 2, axis=-1)[..., : width - 1 or 2]
    with pytest.raises(ValueError, match=rf"\b{name}\b.*\b{width}\b"):
        call(example, {**arguments, name: narrow})


def scores_of_targets(example):
    parameters = list(interface.signature(example.function).parameters)
    return name_of(example.function).endswith(".score") and parameters[:1] == ["model"] and "y" in parameters


@pytest.mark.parametrize("example", [*filter(scores_of_targets, EXAMPLES)], ids=lambda e: name_of(e.function))
def test_a_score_names_what_does_not_fit(example, key, unchecked):
    arguments = example.arguments(key)
    x = next(name for name in WIDE if name in arguments)
    n = len(arguments["y"])
    with pytest.raises(ValueError, match=rf"{x} and y.* must have the same length; .*\by \({n - 1},\)"):
        call(example, arguments | {"y": arguments["y"][1:]})
    with pytest.raises(ValueError, match=r"^y must have at least one entry; found shape \(0,\)"):
        call(
            example,
            {k: v for k, v in arguments.items() if k != "weights"} | {x: arguments[x][:0], "y": arguments["y"][:0]},
        )
    if "weights" in interface.signature(example.function).parameters:
        with pytest.raises(ValueError, match=rf"weights must have the same length; .*weights \({n + 1},\)"):
            call(example, arguments | {"weights": jnp.ones(n + 1)})


def fitted_to_targets(example):
    names = interface.signature(example.function).parameters
    # where the caller gives the loss, the caller decides what a target looks like
    return "y" in names and not {"x", "design"}.isdisjoint(names) and "loss" not in names


@pytest.mark.parametrize("example", [*filter(fitted_to_targets, EXAMPLES)], ids=lambda e: name_of(e.function))
def test_a_column_of_targets_is_not_broadcast(example, key, unchecked):
    """With x of n rows, y of shape (n, 1) minus predictions of shape (n,) would be a table of n by n."""
    arguments = example.arguments(key)
    if jnp.ndim(arguments["y"]) == 1:
        with pytest.raises(ValueError, match=r"\by\b|target"):
            call(example, arguments | {"y": arguments["y"][:, None]})


def check_double_precision(example, arguments, single):
    with jax.enable_x64(True):
        function = partial(call, example)
        double = (jax.jit(function) if example.jit else function)(jax.tree.map(to_float64, arguments))
        for leaf in floating(double):
            assert jnp.result_type(leaf) == jnp.float64, "float64 in must give float64 out"
        assert_same(single, double, example.tolerance)
