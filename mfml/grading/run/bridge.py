"""Conversion between packed values and JAX, and the ways of calling a function. Used by sealing and the worker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mfml.grading.run.values import Given, Key, Other

# XLA would make unstable code stable: of log(exp(x)) it makes x, of exp(x)**0.5 exp(x / 2), of sqrt(x * x) |x|. Without
# this pass, compiled code rounds, overflows and underflows as the same code does when it is called by hand.
AS_WRITTEN = {"xla_disable_hlo_passes": "algsimp"}


def to_jax(value: Any, given: ModuleType) -> Any:
    """Turn arrays, keys and names of given functions into JAX arrays, typed keys and functions."""
    match value:
        case np.ndarray():
            return jnp.asarray(value)
        case Key(impl, data):
            return jax.random.wrap_key_data(jnp.asarray(data), impl=impl)
        case Given(name):
            return getattr(given, name)
        case dict():
            return {name: to_jax(item, given) for name, item in value.items()}
        case tuple() | list():
            return type(value)(to_jax(item, given) for item in value)
    return value


def from_jax(value: Any, given: ModuleType) -> Any:
    """Turn JAX arrays, typed keys and given functions into values that travel; anything else becomes `Other`."""
    if isinstance(value, jax.Array):
        if isinstance(value, jax.core.Tracer):
            return Other("tracer")
        if jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
            return Key(str(jax.random.key_impl(value)), np.asarray(jax.random.key_data(value)))
        return np.asarray(value)
    if isinstance(value, dict):
        return {str(name): from_jax(item, given) for name, item in value.items()}
    if isinstance(value, tuple | list):
        items = [from_jax(item, given) for item in value]
        return items if isinstance(value, list) else tuple(items)
    if callable(value):
        name = getattr(value, "__name__", "")
        return Given(name) if getattr(given, name, None) is value else Other("function")
    return value


def to_float64(value: Any) -> Any:
    """Widen every float32 array; call it with x64 enabled."""
    if isinstance(value, dict):
        return {name: to_float64(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(to_float64(item) for item in value)
    is_single = isinstance(value, jax.Array) and value.dtype == jnp.float32
    return jnp.asarray(value, jnp.float64) if is_single else value


class Call(NamedTuple):
    """One call to make: see `evaluate`."""

    function: Callable[..., Any]
    arguments: dict[str, Any]
    call: str = "plain"
    over: tuple[str, ...] = ()


def together(calls: Sequence[Call], before: Callable[[int], None] = lambda index: None) -> list[tuple[Any, Any]]:
    """Make several calls in one compiled function. This compiles once instead of once per primitive.

    The values are those of separate calls that are not compiled, also where these overflow (`AS_WRITTEN`).

    Returns for each call its value and its traced arguments after the call. Raises what any call raises while it
    is traced. `before` is told the index of each call as it is traced.
    """
    moving = [{name: v for name, v in one.arguments.items() if not is_static(v)} for one in calls]

    def run(moving: list[dict[str, Any]]) -> list[tuple[Any, Any]]:
        made = []
        for index, (one, moved) in enumerate(zip(calls, moving, strict=True)):
            before(index)
            call = "plain" if one.call == "jit" else one.call
            made.append((evaluate(one.function, {**one.arguments, **moved}, call, one.over), moved))
        return made

    with jax.disable_jit(False):  # whatever the submission has set
        return jax.block_until_ready(jax.jit(run, compiler_options=AS_WRITTEN)(moving))


def is_static(value: Any) -> bool:
    """Say whether an argument is static under `jit`: Python ints, bools, strings, None and functions."""
    return value is None or isinstance(value, bool | int | str) or callable(value)


def evaluate(function: Callable[..., Any], arguments: dict[str, Any], call: str, over: tuple[str, ...]) -> Any:
    """Call a function on its arguments, in their order: plainly, or under `jit`, `vmap` or `grad`.

    Arguments are passed by position, so that a student may rename a parameter. Under `jit`, Python ints, bools,
    strings, None and functions are static. `over` names the arguments that vmap maps over (leading axis), or
    with respect to which the gradient is taken.
    """
    names, values = list(arguments), list(arguments.values())
    if call == "plain":
        return function(*values)
    if call == "jit":
        static = tuple(i for i, value in enumerate(values) if is_static(value))
        with jax.disable_jit(False):
            return jax.jit(function, static_argnums=static)(*values)
    places = [names.index(name) for name in over]

    def moving(*moved: Any) -> Any:
        filled = list(values)
        for place, value in zip(places, moved, strict=True):
            filled[place] = value
        return function(*filled)

    moved = [values[place] for place in places]
    if call == "vmap":
        return jax.vmap(moving)(*moved)
    single = len(places) == 1
    return jax.grad(moving, argnums=0 if single else tuple(range(len(places))))(*moved)
