"""Compiler settings for processes that compile much and compute little: the grader, the lessons, the tests.

XLA's newer code generator for CPUs takes about twice as long as the older one to compile the same small program. An
environment variable chooses between them. JAX reads it when it first compiles something, so it must be set before.
"""

from collections.abc import Mapping
from importlib.metadata import version

FLAG = "--xla_cpu_use_fusion_emitters"
TRIED = ((0, 7), (0, 10))  # the first and the last jaxlib known to have it: with an unknown flag XLA ends the process


def quick(environment: Mapping[str, str]) -> dict[str, str]:
    """Return XLA_FLAGS that make a process compile quickly and keep the flags of this environment.

    Empty for a jaxlib that may not know the flag, and where the environment sets it already, so
    `{**environment, **quick(environment)}` is always right.

    >>> quick({"XLA_FLAGS": "--xla_cpu_use_fusion_emitters=true"})
    {}
    """
    major, minor, *_ = version("jaxlib").split(".")
    flags = environment.get("XLA_FLAGS", "")
    if FLAG in flags or not TRIED[0] <= (int(major), int(minor)) <= TRIED[1]:
        return {}
    return {"XLA_FLAGS": f"{flags} {FLAG}=false".strip()}
