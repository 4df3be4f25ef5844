"""Compiler settings for processes that compile much and compute little: the grader, the lessons, the tests.

XLA's newer code generator for the CPU takes about twice as long as the older one to compile the same small
program. Which one is used is settled by an environment variable, read when JAX first compiles something, so it has
to be there before a process starts (or before it uses JAX).
"""

from collections.abc import Mapping
from importlib.metadata import version

FLAG = "--xla_cpu_use_fusion_emitters"
TRIED = ((0, 7), (0, 10))  # the first and the last jaxlib known to have it: with an unknown flag XLA ends the process


def quick(environment: Mapping[str, str]) -> dict[str, str]:
    """XLA_FLAGS with which a process compiles quickly, and keeps the flags of this environment.

    Empty where the installed jaxlib is none of those that are known to have the flag, or where the environment sets
    it already: `{**environment, **quick(environment)}` is right in either case.

    >>> quick({"XLA_FLAGS": "--xla_cpu_use_fusion_emitters=true"})
    {}
    """
    major, minor, *_ = version("jaxlib").split(".")
    flags = environment.get("XLA_FLAGS", "")
    if FLAG in flags or not TRIED[0] <= (int(major), int(minor)) <= TRIED[1]:
        return {}
    return {"XLA_FLAGS": f"{flags} {FLAG}=false".strip()}
