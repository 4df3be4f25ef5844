"""Settings of the whole suite: shapes enforced by beartype, and a compilation cache that outlives a run."""

import gc
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("MPLBACKEND", "Agg")
# Threads of the peers wait for each other in a loop: beside other workers one fit takes many times longer.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from mfml.xla import flags

os.environ.update(flags.quick(os.environ))

from jaxtyping import install_import_hook

from mfml.syllabus import UNITS

install_import_hook([f"mfml.{room}" for room in ("data", *(unit.package for unit in UNITS))], "beartype.beartype")

import hypothesis
import jax
import jaxtyping
import numpy as np
import pytest

pytest_plugins = ["tests.changed", "tests.contexts", "tests.memory", "tests.sharing"]

# The same examples in every run, so that a change is judged by what it changed; HYPOTHESIS_PROFILE=default searches on.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

CACHE = Path(__file__).resolve().parents[1] / ".cache" / "jax"
jax.config.update("jax_compilation_cache_dir", str(CACHE))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)  # small programs are many
jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
# Tracing makes many objects that live for long: looking through them as often as Python does takes 7 % of the time.
gc.set_threshold(50_000, 20, 100)
# Shapes are small here, so compiling is what takes the time. Lessons and benchmarks run in processes of their own,
# with optimizations.
jax.config.update("jax_disable_most_optimizations", True)


@pytest.fixture(autouse=True)
def same_draws(request):
    """Let a module's generator of random numbers begin every test alike, in whatever order tests run."""
    generators = [v for v in vars(request.module).values() if isinstance(v, np.random.Generator)]
    for generator in generators:
        generator.bit_generator.state = STARTS.setdefault(id(generator), generator.bit_generator.state)


STARTS: dict[int, Any] = {}


@pytest.fixture(autouse=True)
def single_precision():
    """Double precision is a test's own, and ends with it: left on, it changes what all tests after it compute."""
    yield
    if jax.config.jax_enable_x64:
        jax.config.update("jax_enable_x64", False)
        pytest.fail("left double precision on: use `with jax.enable_x64(True):`")


@pytest.fixture
def key():
    """A PRNG key; split it where several are needed."""
    return jax.random.key(20260413)


@pytest.fixture
def unchecked():
    """Switch off the enforcement of shapes, to see the library's own errors for bad shapes."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture
def x64():
    """Double precision within one test."""
    with jax.enable_x64(True):
        yield
