"""Answer keys as files: read a fresh key; seal a stale one in a separate process. Loads no JAX."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mfml.grading.course import Course
from mfml.grading.run.values import Refused, unpack
from mfml.xla import flags

SCHEMA = 1
DEFAULT_SEED = 2026
_SEALING = (
    *("key/seal.py", "key/specification.py", "key/tolerance.py"),
    *("run/bridge.py", "run/values.py", "verdict/compare.py"),
)


class Unsound(ValueError):
    """A specification that cannot be sealed. This is a fault of the course, never of a student."""


def stamp(course: Course, unit: int, seed: int) -> str:
    """Digest everything that an answer key depends on."""
    here = Path(__file__).parents[1]
    digest = hashlib.sha256(f"{SCHEMA} {unit} {seed} {version('jax')} {sys.version}".encode())
    for path in (course.solution(unit), course.given, *(here / name for name in _SEALING)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def load(course: Course, unit: int, seed: int = DEFAULT_SEED, *, announce: Any = None) -> dict[str, Any]:
    """Read the answer key of a unit: the cached one if it is fresh, otherwise a newly sealed one.

    In a student kit it is the shipped key. `announce` is called once before a key is sealed, since that takes
    seconds.

    Raises ValueError if the unit has neither solutions nor a usable key, and `Unsound` if sealing fails.
    """
    if course.is_kit:
        return _shipped(course, unit, seed)
    if not course.solution(unit).exists():
        raise ValueError(f"unit {unit} has no exercises here: {course.solution(unit)} is missing")
    path = course.private / "keys" / f"unit{unit:02d}-{seed}.key"
    fresh = stamp(course, unit, seed)
    cached = _read(path)
    if cached is not None and cached.get("stamp") == fresh:
        return cached
    if announce:
        announce()
    command = [sys.executable, "-m", "mfml.grading.key.seal", str(course.root), str(unit), str(seed), str(path)]
    environment = {"JAX_PLATFORMS": "cpu", **os.environ, "PYTHONUTF8": "1", **flags.quick(os.environ)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    sealed = _read(path) if done.returncode == 0 else None
    if sealed is None:
        raise Unsound(f"the answer key of unit {unit} cannot be made: {done.stderr.strip()[-2000:]}")
    return sealed


def _shipped(course: Course, unit: int, seed: int) -> dict[str, Any]:
    path = course.shipped_key(unit)
    if not path.exists():
        raise ValueError(f"unit {unit} has no exercises here: {path} is missing; `mfml start {course.root}` adds it")
    answers = _read(path)
    if answers is None or answers.get("schema") != SCHEMA:
        raise ValueError(
            f"{path} is damaged or was made by another version of mfml: delete it, then run `mfml start {course.root}`"
        )
    if answers["seed"] != seed:
        raise ValueError(f"this course has answer keys for seed {answers['seed']} only; found seed {seed}")
    return answers


def _read(path: Path) -> dict[str, Any] | None:
    try:
        answers = unpack(path.read_bytes())
    except (OSError, Refused):
        return None
    return answers if isinstance(answers, dict) else None
