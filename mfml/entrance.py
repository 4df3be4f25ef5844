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
        for name, value in kwargs.items():
            if name in by_name:
                kwargs[name] = by_name[name](name, value)
        read = [reader(name, value) for (name, reader), value in zip(by_place, args, strict=False)]
        return function(*read, *args[len(read) :], **kwargs)  # type: ignore[arg-type]

    return entered


def _number(name: str, value: Any) -> Any:
    """Read a hyperparameter: a Python number stays one, so that it does not widen what it meets."""
    if isinstance(value, (np.integer, np.floating)):
        return value.item()
    if isinstance(value, (int, float, jax.Array)):
        return value
    return as_array(name, value)


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
    if isinstance(value, (np.integer, np.floating)):
        return value.item()
    if isinstance(value, jax.Array) or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return value
    raise ValueError(f"{name} must be a number; found {shown(value)}")


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
    readers = {p.name: _reader(p.annotation, namespace) for p in named}
    return [(p.name, readers[p.name]) for p in named if p.kind is not p.KEYWORD_ONLY], readers


def _reader(annotation: Any, namespace: dict[str, Any]) -> Reader:
    """Return what reads an argument of this annotation."""
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
        return _unless(passing, _number)
    kinds = [KINDS.get(getattr(option, "dtype", option)) for option in options]
    if None in kinds:
        return _as_it_is
    read = _static_number if _static_number in kinds else kinds[0]  # a number may be an int, too
    return _unless(passing, read or _as_it_is)


def _of_tuple(members: tuple[Any, ...], namespace: dict[str, Any]) -> Reader:
    readers = [_reader(member, namespace) for member in members if member is not ...]

    def read(name: str, value: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            return value
        each = readers * len(value) if ... in members else readers
        return tuple(r(name, v) for r, v in zip(each, value, strict=True)) if len(each) == len(value) else value

    return read


def _unless(passing: tuple[type, ...], read: Reader) -> Reader:
    return (lambda name, value: value if isinstance(value, passing) else read(name, value)) if passing else read
