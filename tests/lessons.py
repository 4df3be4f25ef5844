"""Runs each lesson once: `python -m tests.lessons 2 3`, or all. Whoever needs what a lesson gave asks `result`.

What a lesson gave is kept in `.cache/lessons` as long as nothing that it depends on changes: its text, the modules
that it imports, and the installed packages. A lesson that failed runs again.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import NamedTuple

from mfml.files import write_whole
from mfml.xla import flags
from tests.imports import Graph

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / ".cache" / "lessons"


class Result(NamedTuple):
    """What a lesson printed and left behind."""

    depends: str  # digest of what it depends on
    status: int  # that of the process; 0: it ran to its end
    output: str
    errors: str
    files: list[str]  # in the folder in which it ran
    seconds: float


def paths() -> list[Path]:
    return sorted((ROOT / "units").glob("unit[0-9][0-9].py"))


@cache
def installed() -> str:
    return repr((sys.version, sorted((one.name, one.version) for one in distributions())))


def digest(lesson: Path) -> str:
    """Summarize all that decides what a lesson gives."""
    graph = Graph(lesson.parents[1])
    found = hashlib.sha256(installed().encode())
    for path in sorted(graph.reached([lesson.relative_to(graph.root).as_posix()])):
        if (graph.root / path).is_file():
            found.update(path.encode() + b"\0" + (graph.root / path).read_bytes())
    return found.hexdigest()


def result(lesson: Path, kept: Path = KEPT) -> Result:
    """Give what a lesson gave when it last ran, if nothing has changed since; otherwise run it."""
    file, depends = kept / f"{lesson.stem}.json", digest(lesson)
    try:
        found = Result(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        found = None
    if found is None or found.depends != depends or found.status:
        found = run(lesson, depends)
        write_whole(file, json.dumps(found._asdict()).encode())
    return found


def run(lesson: Path, depends: str) -> Result:
    """Run a lesson as a script, in an empty folder, with warnings of users as errors."""
    environment = {**os.environ, "MPLBACKEND": "Agg", "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(lesson.parents[1])}
    environment |= flags.quick(environment)
    command = [sys.executable, "-W", "error::UserWarning", str(lesson)]
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)
        seconds = time.perf_counter() - start
        return Result(depends, done.returncode, done.stdout, done.stderr, sorted(os.listdir(folder)), seconds)


def main(numbers: list[str]) -> int:
    """Show the results of some lessons; return 1 if one failed."""
    wanted = {f"unit{int(number):02d}" for number in numbers}
    failed = False
    for lesson in paths():
        if not wanted or lesson.stem in wanted:
            found = result(lesson)
            failed = failed or found.status != 0
            print(f"{lesson.stem}, {found.seconds:.1f} s\n{found.output}{found.errors}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
