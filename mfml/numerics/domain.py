"""Domains of arguments whose values may be traced: a known value outside raises ValueError, a traced one becomes NaN.

`require` looks at shapes and options. What stands here looks at values, so it is to see them before `jit` does:

    @public
    @checked(alpha=NON_NEGATIVE)
    @jax.jit
    def fit(x, *, alpha): ...
"""

import functools
import inspect
from collections.abc import Callable
from math import inf
from typing import Any, NamedTuple, ParamSpec, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

P = ParamSpec("P")
R = TypeVar("R")


class Domain(NamedTuple):
    """Which values do not belong to it, and what is said about them. NaN breaks no rule: it ends in NaN."""

    broken: Callable[[Any], Any]
    needed: str


NON_NEGATIVE = Domain(lambda value: value < 0, "must not be negative")
POSITIVE = Domain(lambda value: value <= 0, "must be positive")
SHARE = Domain(lambda value: (value < 0) | (value > 1), "must be between 0 and 1")


def between(low: float = -inf, high: float = inf, *, above: bool = False) -> Domain:
    """Finite numbers from `low` to `high`; `above` leaves out `low` itself. NaN does not belong to them."""

    def broken(value: Any) -> Any:
        lower = value > low if above else value >= low
        return ~(lower & (value <= high) & (abs(value) < inf))

    least = "" if low == -inf else f" and above {low}" if above else f" and at least {low}"
    return Domain(broken, f"must be finite{least}{'' if high == inf else f' and at most {high}'}")


def checked(**domains: Domain) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function take the named arguments within their domains only.

    >>> half = checked(x=NON_NEGATIVE)(lambda x: x / 2)
    >>> half(jnp.array(1.0)).item(), jax.jit(half)(-1.0).item()
    (0.5, nan)
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        names = list(inspect.signature(function).parameters)

        @functools.wraps(function)
        def entered(*args: P.args, **kwargs: P.kwargs) -> R:
            for name in domains.keys() & kwargs.keys():
                kwargs[name] = inside(name, kwargs[name], domains[name])
            read = [inside(n, a, domains[n]) if n in domains else a for n, a in zip(names, args, strict=False)]
            return function(*read, **kwargs)  # type: ignore[arg-type]

        return entered

    return decorate


def inside(name: str, value: Any, domain: Domain) -> Any:
    """Return a value that lies in a domain: NaN for a traced one that does not.

    Raises:
        ValueError: for a known value outside.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, jax.core.Tracer):
        return jnp.where(domain.broken(value), jnp.nan, value)
    numbers = np.asarray(value)
    outside = numbers[domain.broken(numbers)]
    if outside.size:
        raise ValueError(f"{name} {domain.needed}; found {outside.ravel()[0]}")
    return value


def within(name: str, value: Any, low: float = -inf, high: float = inf, *, above: bool = False) -> Any:
    """Return finite numbers from `low` to `high`: `inside` of `between`.

    >>> within("noise", 0.1, 0.0), jax.jit(lambda x: within("noise", x, 0.0))(-1.0).item()
    (0.1, nan)
    """
    return inside(name, value, between(low, high, above=above))
