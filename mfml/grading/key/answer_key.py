"""Answer keys as files: read a fresh one, seal a stale one in a process of its own. Loads no JAX."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mfml import compiling
from mfml.grading.course import Course
from mfml.grading.run.values import Refused, unpack

SCHEMA = 1
DEFAULT_SEED = 2026
_SEALING = (
    *("key/seal.py", "key/specification.py", "key/tolerance.py"),
    *("run/bridge.py", "run/values.py", "verdict/compare.py"),
)


class Unsound(ValueError):
    """A specification that cannot be sealed: a fault of the course, never of a student."""


def stamp(course: Course, unit: int, seed: int) -> str:
    """A digest of all that an answer key depends on."""
    here = Path(__file__).parents[1]
    digest = hashlib.sha256(f"{SCHEMA} {unit} {seed} {version('jax')} {sys.version}".encode())
    for path in (course.solution(unit), course.given, *(here / name for name in _SEALING)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def load(course: Course, unit: int, seed: int = DEFAULT_SEED, *, announce: Any = None) -> dict[str, Any]:
    """The answer key of a unit: the cached one where it is fresh, else sealed anew.

    In a student kit, which has no solutions, it is the key that was shipped. `announce`, where given, is called
    once before a key is sealed, since that takes seconds.

    Raises ValueError where the unit has neither solutions nor a key, `Unsound` where sealing fails.
    """
    if not course.solution(unit).exists():
        return _shipped(course, unit)
    path = course.private / "keys" / f"unit{unit:02d}-{seed}.key"
    fresh = stamp(course, unit, seed)
    cached = _read(path)
    if cached is not None and cached.get("stamp") == fresh:
        return cached
    if announce:
        announce()
    command = [sys.executable, "-m", "mfml.grading.key.seal", str(course.root), str(unit), str(seed), str(path)]
    environment = {"JAX_PLATFORMS": "cpu", **os.environ, **compiling.quick(os.environ)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    sealed = _read(path) if done.returncode == 0 else None
    if sealed is None:
        raise Unsound(f"the answer key of unit {unit} cannot be made: {done.stderr.strip()[-2000:]}")
    return sealed


def _shipped(course: Course, unit: int) -> dict[str, Any]:
    path = course.shipped_key(unit)
    key = _read(path)
    if key is None or key.get("schema") != SCHEMA:
        raise ValueError(f"unit {unit} has no exercises here: neither {course.solution(unit)} nor {path} is there")
    return key


def _read(path: Path) -> dict[str, Any] | None:
    try:
        key = unpack(path.read_bytes())
    except (OSError, Refused):
        return None
    return key if isinstance(key, dict) else None
