"""The entrance of every public function: arguments become what the signature asks for, before anything is compiled.

Integers, booleans, lists, NumPy arrays and data frames mean what their numbers mean. `public` reads the annotations of
a function: where it asks for a `Float` array, numbers of any kind become floats; where it asks for `Int`, whole numbers
become integers; where it asks for an `int`, nothing else passes. What cannot be read raises ValueError, which names the
argument. Floating arrays pass as they are, so float32 stays float32 in double precision, too.
"""

import functools
import inspect
import operator
import types
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, Union, get_args, get_origin

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int, Integer, Key, Num, Real, Shaped

from mfml.arrays import as_array, as_float, as_int, shown

P = ParamSpec("P")
R = TypeVar("R")
Reader = Callable[[str, Any], Any]


def public(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function take its arguments through the entrance, as its annotations say.

    >>> @public
    ... def half(x: Float[jax.Array, " n"]) -> Float[jax.Array, " n"]:
    ...     return x / 2
    >>> half([1, 2]).tolist()
    [0.5, 1.0]
    """

    @functools.wraps(function)
    def entered(*args: P.args, **kwargs: P.kwargs) -> R:
        by_place, by_name = _readers(function)
        if jax.config.jax_enable_x64:  # type: ignore[attr-defined]
            args, kwargs = _of_one_precision(function, args, kwargs)  # type: ignore[assignment]
        for name, value in kwargs.items():
            if name in by_name:
                kwargs[name] = by_name[name](name, value)
        read = [reader(name, value) for (name, reader), value in zip(by_place, args, strict=False)]
        return function(*read, *args[len(read) :], **kwargs)  # type: ignore[arg-type]

    return entered


def _of_one_precision(function: Callable[..., Any], args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict]:
    """Bring the floating arrays among the arguments to the widest precision among them, and whole numbers with them.

    Otherwise a loop would begin in one precision and go on in another. Without double precision there is no need.
    """
    by_place, by_name = _readers(function)
    named = {**{name: value for (name, _), value in zip(by_place, args, strict=False)}, **kwargs}
    kinds = [value.dtype for name, value in named.items() if _is_floating(value) and _kind(by_name.get(name))]
    if not kinds:
        return args, kwargs
    widest = jnp.result_type(*kinds)

    def read(name: str, value: Any) -> Any:
        kind = _kind(by_name.get(name))
        value = as_float(name, value) if kind is as_float and not isinstance(value, (str, type(None))) else value
        return jnp.asarray(value, widest) if kind and _is_floating(value) and value.dtype != widest else value

    placed = [read(name, value) for (name, _), value in zip(by_place, args, strict=False)]
    return (*placed, *args[len(placed) :]), {name: read(name, value) for name, value in kwargs.items()}


def _kind(reader: Reader | None) -> Reader | None:
    """Return the reader of arrays that this one is, or is behind None and names of rules."""
    reader = reader.args[-1] if isinstance(reader, functools.partial) else reader
    return reader if reader in (as_float, as_array) else None


def _is_floating(value: Any) -> bool:
    """Return whether a value is a floating array. Arrays of weak type take the precision of others in any case."""
    if not isinstance(value, (jax.Array, np.ndarray)) or getattr(value, "weak_type", False):
        return False
    return jnp.issubdtype(value.dtype, jnp.floating)


def _number(name: str, value: Any) -> Any:
    """Read a hyperparameter: a Python number stays one, so that it does not widen what it meets."""
    if isinstance(value, (np.integer, np.floating)):
        return value.item()
    if isinstance(value, (int, float, jax.Array)):
        return value
    return as_array(name, value)


def _one_number(name: str, value: Any) -> Any:
    """Read a hyperparameter that one call has one of; several are tried one after the other, or by `vmap`."""
    value = _number(name, value)
    if isinstance(value, float) and value != value:
        raise ValueError(f"{name} must be a number; found nan")
    if getattr(value, "ndim", 0):
        raise ValueError(f"{name} must be one number; found shape {value.shape}")
    return value


def _static_int(name: str, value: Any) -> Any:
    if isinstance(value, jax.core.Tracer):
        return value
    try:
        if not isinstance(value, (bool, np.bool_)):
            return operator.index(value)
    except TypeError:
        pass
    raise ValueError(f"{name} must be an integer; found {shown(value)}")


def _static_number(name: str, value: Any) -> Any:
    if not isinstance(value, (int, float, np.integer, np.floating, jax.Array)) or isinstance(value, bool):
        raise ValueError(f"{name} must be a number; found {shown(value)}")
    return _one_number(name, value)


def _text(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return value
    raise ValueError(f"{name} must be a name in quotes; found {shown(value)}")


def _flag(name: str, value: Any) -> Any:
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    raise ValueError(f"{name} must be True or False; found {shown(value)}")


def _key(name: str, value: Any) -> Any:
    if isinstance(value, jax.Array):
        return value
    raise ValueError(f"{name} must be a key such as jax.random.key(0); found {shown(value)}")


def _as_it_is(_: str, value: Any) -> Any:
    return value


KINDS: dict[Any, Reader] = {
    Float: as_float,
    Int: as_int,
    Integer: as_int,
    Num: as_array,
    Real: as_array,
    Bool: as_array,
    Shaped: as_array,
    Key: _key,
    int: _static_int,
    float: _static_number,
    str: _text,
    bool: _flag,
}


@functools.cache
def _readers(function: Callable[..., Any]) -> tuple[list[tuple[str, Reader]], dict[str, Reader]]:
    """Readers of the parameters by place and by name; made at the first call, so that importing stays quick."""
    namespace = getattr(inspect.unwrap(function), "__globals__", {})
    parameters = inspect.signature(function).parameters.values()
    named = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    readers = {p.name: _reader(p.annotation, namespace, alone=p.kind is p.KEYWORD_ONLY) for p in named}
    return [(p.name, readers[p.name]) for p in named if p.kind is not p.KEYWORD_ONLY], readers


def _reader(annotation: Any, namespace: dict[str, Any], *, alone: bool = False) -> Reader:
    """Return what reads an argument of this annotation, or a number alone: keyword-only `ArrayLike` is one number."""
    if isinstance(annotation, str):
        try:
            annotation = eval(annotation, namespace)
        except NameError:  # imported for type checkers only
            return _as_it_is
    options = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
    passing = tuple(o for o in options if o is type(None) or (o is str and len(options) > 1))  # None; a rule's name
    options = tuple(o for o in options if o not in passing) or (str,)
    if get_origin(options[0]) is tuple:
        return _unless(passing, _of_tuple(get_args(options[0]), namespace))
    if set(get_args(ArrayLike)) <= set(options):
        one = alone and set(options) == set(get_args(ArrayLike))  # others say which arrays may stand there
        return _unless(passing, _one_number if one else _number)
    kinds = [KINDS.get(getattr(option, "dtype", option)) for option in options]
    if None in kinds:
        return _as_it_is
    read = _static_number if _static_number in kinds else kinds[0]  # a number may be an int, too
    return _unless(passing, read or _as_it_is)


def _of_tuple(members: tuple[Any, ...], namespace: dict[str, Any]) -> Reader:
    readers = [_reader(member, namespace) for member in members if member is not ...]
    sizes = ... in members and readers[0] is _static_int

    def read(name: str, value: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            if sizes:
                raise ValueError(f"{name} must be a tuple of integers, such as (64, 32); found {shown(value)}")
            return value
        each = readers * len(value) if ... in members else readers
        return tuple(r(name, v) for r, v in zip(each, value, strict=True)) if len(each) == len(value) else value

    return read


def _unless(passing: tuple[type, ...], read: Reader) -> Reader:
    return functools.partial(_read_unless, passing, read) if passing else read


def _read_unless(passing: tuple[type, ...], read: Reader, name: str, value: Any) -> Any:
    return value if isinstance(value, passing) else read(name, value)
