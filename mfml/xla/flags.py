"""Compiler settings for processes that compile much and compute little: the grader, the lessons, the tests.

XLA's newer code generator for CPUs takes about twice as long as the older one to compile the same small program. An
environment variable chooses between them. JAX reads it when it first compiles something, so it must be set before.
Dividing a small program among threads takes a fifth more time in all, and ends no sooner. Level 1 of LLVM's
optimization leaves the large products and convolutions as they are, since these are library code: lesson 10 takes a
third less time in all than at level 3, lesson 11 a fifth.
"""

from collections.abc import Mapping
from importlib.metadata import version

WANTED = {
    "--xla_cpu_use_fusion_emitters": "false",
    "--xla_cpu_parallel_codegen_split_count": "1",
    "--xla_backend_optimization_level": "1",
}
TRIED = ((0, 7), (0, 10))  # the first and the last jaxlib known to have them: with an unknown flag XLA ends the process


def quick(environment: Mapping[str, str]) -> dict[str, str]:
    """Return XLA_FLAGS that make a process compile quickly and keep the flags of this environment.

    Empty for a jaxlib that may not know the flags, and where the environment sets them all already, so
    `{**environment, **quick(environment)}` is always right.

    >>> print(quick({"XLA_FLAGS": "--xla_cpu_use_fusion_emitters=true"})["XLA_FLAGS"])
    --xla_cpu_use_fusion_emitters=true --xla_cpu_parallel_codegen_split_count=1 --xla_backend_optimization_level=1
    """
    major, minor, *_ = version("jaxlib").split(".")
    flags = environment.get("XLA_FLAGS", "")
    new = [f"{name}={value}" for name, value in WANTED.items() if name not in flags]
    if not new or not TRIED[0] <= (int(major), int(minor)) <= TRIED[1]:
        return {}
    return {"XLA_FLAGS": " ".join([flags, *new]).strip()}
