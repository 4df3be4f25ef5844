"""The contract that every public function of the library keeps, as data: one `Example` a function.

Each unit lists its examples in `tests/<package>/contract.py` as `EXAMPLES`; `tests/test_contract.py` runs them
and fails where a public function has none.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class Example(NamedTuple):
    """One call that `test_contract` can make.

    `arguments(key)` returns the keyword arguments that are traced: arrays, keys, pytrees, fitted models.
    `static` are those that are not: numbers that set shapes, names of options, functions.
    """

    function: Callable[..., Any]
    arguments: Callable[[Any], dict[str, Any]]
    static: Mapping[str, Any] = {}
    gradient: tuple[str, ...] = ()  # arguments in which the gradient must be finite
    batched: tuple[str, ...] | None = None  # arguments that vmap maps over; None: all; (): no vmap
    jit: bool = True  # False for what runs outside compiled code on purpose: state why in a comment
    tolerance: float = 1e-4  # between eager and jit, loop and vmap, float32 and float64; relative to the largest
    units: tuple[Mapping[str, float], ...] = ()  # arguments (or "argument.field") of one unit, each with its power
    origins: tuple[tuple[str, ...], ...] = ()  # arguments whose origin moves together
    exempt: Mapping[str, str] = {}  # laws of `tests/laws.py` that do not hold, each with its reason
    x64: bool = True  # whether float32 and float64 must agree (not for draws that differ by dtype)
