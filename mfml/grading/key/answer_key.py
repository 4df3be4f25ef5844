"""Answer keys as files: read a fresh key; seal a stale one in a separate process. Loads no JAX."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mfml.files import CannotWrite, write_whole
from mfml.grading.course import Course, installed_course
from mfml.grading.key import form
from mfml.grading.run import interpreter
from mfml.xla import flags

DEFAULT_SEED = 2026
_SEALING = (
    *("key/form.py", "key/seal.py", "key/specification.py", "key/tolerance.py"),
    *("run/bridge.py", "run/values.py", "verdict/compare.py"),
)


class Unsound(ValueError):
    """A specification that cannot be sealed. This is a fault of the course, never of a student."""


def stamp(course: Course, unit: int, seed: int) -> str:
    """Digest everything that an answer key depends on."""
    here = Path(__file__).parents[1]
    digest = hashlib.sha256(f"{form.SCHEMA} {unit} {seed} {version('jax')} {sys.version}".encode())
    for path in (course.solution(unit), course.given, *(here / name for name in _SEALING)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def load(course: Course, unit: int, seed: int = DEFAULT_SEED, *, announce: Any = None) -> dict[str, Any]:
    """Read the answer key of a unit: the cached one if it is fresh, otherwise a newly sealed one.

    In a student kit it is the shipped key. `announce` is called once before a key is sealed, since that takes
    seconds.

    Raises ValueError if the unit has neither solutions nor a usable key, and `Unsound` if sealing fails.
    """
    if not course.is_clone:
        return _shipped(course, unit, seed)
    if not course.solution(unit).exists():
        path = course.solution(unit)
        raise ValueError(course.missing(path) if course.exercise(unit).exists() else course.lacks(unit))
    path = course.private / "keys" / f"unit{unit:02d}-{seed}.key"
    fresh = stamp(course, unit, seed)
    cached = _read(path, unit)
    if cached is not None and cached["stamp"] == fresh:
        return cached
    if announce:
        announce()
    with tempfile.TemporaryDirectory(prefix="mfml-") as folder:
        data = _seal(course, unit, seed, Path(folder, "key"))
    sealed = form.from_bytes(data, unit)
    if sealed is None:
        raise Unsound(f"the answer key of unit {unit} cannot be made: what was sealed has not the form of a key")
    with contextlib.suppress(CannotWrite):  # a checkout that is read-only can be graded, too
        write_whole(path, data)
    return sealed


def _seal(course: Course, unit: int, seed: int, path: Path) -> bytes:
    """Seal a unit in a process of its own. Raises `Unsound` if that fails."""
    command = interpreter.command("mfml.grading.key.seal", str(course.root), str(unit), str(seed), str(path))
    # the flags are those of a worker, which then finds compiled what sealing compiled
    environment = {"JAX_PLATFORMS": "cpu", **os.environ, "PYTHONUTF8": "1", "XLA_FLAGS": "", **flags.quick({})}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        raise Unsound(f"the answer key of unit {unit} cannot be made: {done.stderr.strip()[-2000:]}")
    return path.read_bytes()


def _shipped(course: Course, unit: int, seed: int) -> dict[str, Any]:
    path = course.shipped_key(unit)
    if not path.exists():
        raise ValueError(course.missing(path) if _can_start(unit) else course.lacks(unit))
    answers = _read(path, unit)
    if answers is None:
        raise ValueError(
            f"{path} is damaged or was made by another version of mfml: delete it, then run `{course.start}`"
        )
    if answers["seed"] != seed:
        raise ValueError(f"this course has answer keys for seed {answers['seed']} only; found seed {seed}")
    return answers


def _can_start(unit: int) -> bool:
    """Say whether `mfml start` writes an answer key of this unit."""
    try:
        return unit in installed_course().units()
    except ValueError:
        return False


def _read(path: Path, unit: int) -> dict[str, Any] | None:
    try:
        return form.from_bytes(path.read_bytes(), unit)
    except OSError:
        return None
