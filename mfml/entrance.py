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
from jaxtyping import Array, Bool, Float, Int, Integer, Key, Num, Real, Shaped

P = ParamSpec("P")
R = TypeVar("R")
Reader = Callable[[str, Any], Any]


def public(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function take its arguments through the entrance, as its annotations say.

    >>> @public
    ... def half(x: Float[Array, " n"]) -> Float[Array, " n"]:
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


def as_array(name: str, value: Any) -> Array:
    """Return numbers as an array. Integers are at least 32 bits wide, so that sums and differences do not wrap around.

    >>> as_array("x", np.array([200, 100], np.uint8)).dtype
    dtype('int32')

    Raises:
        ValueError: if the value is no array of numbers.
    """
    inside = isinstance(value, jax.Array)
    if not inside:
        value = _from_outside(name, value)
    if value.dtype.kind in "iu" and value.dtype.itemsize < 4:
        return jnp.asarray(value, jnp.result_type(int))
    return value if inside else jnp.asarray(value)


def as_float(name: str, value: Any) -> Array:
    """Return numbers as a floating array; what is floating already keeps its precision.

    >>> as_float("x", [[1, True]]).tolist()
    [[1.0, 1.0]]

    Raises:
        ValueError: if the value is no array of real numbers.
    """
    inside = isinstance(value, jax.Array)
    if not inside:
        value = _from_outside(name, value)
    if value.dtype.kind == "f" or jnp.issubdtype(value.dtype, jnp.floating):  # bfloat16 is of no kind that NumPy knows
        return value if inside else jnp.asarray(value)
    if value.dtype.kind not in "biu":
        raise ValueError(f"{name} must be an array of real numbers; found dtype {value.dtype}")
    # NumPy converts before JAX sees the array: JAX would cut 64-bit integers down to 32 bits first
    return jnp.asarray(value.astype(jnp.result_type(float)))


def as_int(name: str, value: Any) -> Array:
    """Return whole numbers as an integer array.

    >>> as_int("labels", [0.0, 2.0]).tolist()
    [0, 2]

    Raises:
        ValueError: if the value is no array of whole numbers, or they are floats within compiled code.
    """
    array = as_array(name, value)
    if array.dtype.kind in "iu":
        return array
    known = not isinstance(array, jax.core.Tracer)
    if array.dtype.kind == "b" or (known and array.dtype.kind == "f" and np.all(np.asarray(array) % 1 == 0)):
        return array.astype(int)
    raise ValueError(f"{name} must be whole numbers; found {array.dtype if not known else np.ravel(array)[:3]}")


def _from_outside(name: str, value: Any) -> Any:
    """Return what JAX did not make as an array: a NumPy array, or one of JAX if tracers are in a list."""
    if isinstance(value, np.ma.MaskedArray):
        value = np.ma.filled(value.astype(float), np.nan)
    elif hasattr(value, "to_numpy"):  # a data frame or one of its columns
        value = _from_frame(value)
    elif any(isinstance(leaf, jax.Array) for leaf in jax.tree.leaves(value)):
        return jnp.asarray(value)
    try:
        array = np.asarray(value)
        if array.dtype == object:
            array = np.asarray(value, float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be an array of numbers; found {_shown(value)}") from error
    if not jnp.issubdtype(array.dtype, jnp.number) and array.dtype != bool:
        raise ValueError(f"{name} must be an array of numbers; found {_shown(value)}")
    python_float = isinstance(value, (float, list, tuple)) and array.dtype == float
    return array.astype(jnp.result_type(float)) if python_float else array


def _from_frame(frame: Any) -> np.ndarray:
    """Return a frame's numbers; its gaps are NaN."""
    try:
        return frame.to_numpy(dtype=float, na_value=np.nan) if hasattr(frame, "isna") else frame.to_numpy()
    except (TypeError, ValueError):
        return frame.to_numpy()


def _shown(value: Any) -> str:
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({type(value).__name__})"


def _number(name: str, value: Any) -> Any:
    """Read a hyperparameter: a Python number stays one, so that it does not widen what it meets."""
    if isinstance(value, (int, float, jax.Array)):
        return value
    if isinstance(value, np.number) and not np.iscomplexobj(value):
        return value.item()
    return as_array(name, value)


def _static_int(name: str, value: Any) -> Any:
    if isinstance(value, jax.core.Tracer):
        return value
    try:
        if not isinstance(value, (bool, np.bool_)):
            return operator.index(value)
    except TypeError:
        pass
    raise ValueError(f"{name} must be an integer; found {_shown(value)}")


def _static_number(name: str, value: Any) -> Any:
    if isinstance(value, jax.Array) or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return value
    if isinstance(value, (np.integer, np.floating)):
        return value.item()
    raise ValueError(f"{name} must be a number; found {_shown(value)}")


def _text(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return value
    raise ValueError(f"{name} must be a name in quotes; found {_shown(value)}")


def _flag(name: str, value: Any) -> Any:
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    raise ValueError(f"{name} must be True or False; found {_shown(value)}")


def _key(name: str, value: Any) -> Any:
    if isinstance(value, jax.Array):
        return value
    raise ValueError(f"{name} must be a key such as jax.random.key(0); found {_shown(value)}")


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
    if get_origin(annotation) is tuple:
        return _of_tuple(get_args(annotation), namespace)
    options = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
    passing = tuple(o for o in options if o is type(None) or (o is str and len(options) > 1))  # None; a rule's name
    options = tuple(o for o in options if o not in passing) or (str,)
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
