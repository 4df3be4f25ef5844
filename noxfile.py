"""The sessions of this project: `nox -s grade -- 3`, `tests`, `peers`, `lint`, `lessons`, `bench`, `build`.

Environments are kept, and filled again only when pyproject.toml or the interpreter changed. With uv on the path
they are made by uv.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "tests"]

ROOT = Path(__file__).parent
# The tests start dozens of processes, and without bytecode each one would read the source of JAX anew.
BYTECODE = {"PYTHONDONTWRITEBYTECODE": ""}
INTERRUPTED = 130  # exit status of a command that Ctrl-C ended


def fill(session: nox.Session, extras: str = "") -> None:
    """Install the project with some extras into the session's environment, unless this was done already."""
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + sys.version.encode() + extras.encode()).hexdigest()
    stamp = Path(session.virtualenv.location) / "filled"
    if not stamp.exists() or stamp.read_text() != wanted:
        session.install("-e", f".[{extras}]" if extras else ".")
        stamp.write_text(wanted)


@nox.session
def grade(session: nox.Session) -> None:
    """Grade exercises: `nox -s grade -- 3`; the arguments are those of `mfml grade`."""
    fill(session)
    status = run_mfml(session, "grade")
    if status and status != INTERRUPTED:
        session.error("not everything is right yet" if status == 1 else "this could not be graded")


@nox.session
def hint(session: nox.Session) -> None:
    """Show the next hint for an exercise: `nox -s hint -- 3.1`."""
    fill(session)
    if run_mfml(session, "hint"):
        session.error("there is no such hint")


def run_mfml(session: nox.Session, name: str) -> int:
    """Run a command of mfml and return its exit status: session.run would call a wrong answer a failed command."""
    called = "nox" if shutil.which("nox") else os.path.relpath(sys.argv[0])  # so that the commands it shows work, too
    command = [str(Path(session.bin) / "python"), "-m", "mfml", name, *session.posargs]
    with subprocess.Popen(command, env={**os.environ, "MFML_NOX": called}) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:  # the command got it, too, and ends in its own way
            return process.wait()


@nox.session
def tests(session: nox.Session) -> None:
    """Run the test suite: `nox -s tests -- tests/risk` for a part, `-- --changed` for what a change can reach."""
    fill(session, "test")
    parallel = ["-n", os.environ.get("MFML_TEST_WORKERS", "2"), "--dist", "loadgroup"]
    parts = session.posargs
    arguments = parts if parts and "--changed" not in parts else [*parallel, *parts]
    session.run("python", "-m", "pytest", *arguments, env=BYTECODE)


@nox.session(venv_backend="virtualenv")
def peers(session: nox.Session) -> None:
    """Compare with the heavy libraries (PyTorch, ...), which the ordinary tests do without."""
    fill(session, "test,peers")
    session.run("python", "-m", "pytest", *(session.posargs or ["tests/peers", "tests/test_benchmarks.py"]))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format, spelling (American) and types."""
    fill(session, "dev")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("codespell")
    session.run("mypy")


@nox.session
def lessons(session: nox.Session) -> None:
    """Run the lessons as scripts and show what they print: all, or `nox -s lessons -- 2 3`; once until they change."""
    fill(session, "test")
    session.run("python", "-m", "tests.lessons", *session.posargs, env=BYTECODE)


@nox.session
def notebook(session: nox.Session) -> None:
    """Open a lesson as a notebook: `nox -s notebook -- 3`."""
    fill(session, "notebook")
    unit = int(session.posargs[0]) if session.posargs else 1
    made = ROOT / ".mfml" / "notebooks" / f"unit{unit:02d}.ipynb"
    made.parent.mkdir(parents=True, exist_ok=True)
    session.run("jupytext", "--to", "ipynb", "--output", str(made), str(ROOT / "units" / f"unit{unit:02d}.py"))
    code = "import json, os; from mfml.xla import flags; print(json.dumps(flags.quick(os.environ)))"
    quick = json.loads(session.run("python", "-c", code, silent=True))
    session.run("jupyter", "lab", str(made), env=quick)


@nox.session
def mutants(session: nox.Session) -> None:
    """Show which wrong answers no check catches: `nox -s mutants -- 7`, or the table of all sheets."""
    fill(session, "test")
    session.run("python", "-m", "mfml.grading.mutation.survivors", *session.posargs)


@nox.session(venv_backend="virtualenv")
def bench(session: nox.Session) -> None:
    """Measure speed against the peers: all rows, or `nox -s bench -- pca nmf`."""
    fill(session, "bench")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Build the wheel with the course in it: lessons, sheets and sealed answer keys, and no solutions."""
    fill(session, "build")
    kit = ROOT / "mfml" / "_course"
    shutil.rmtree(kit, ignore_errors=True)
    try:
        session.run("python", "-m", "mfml", "start", str(kit))
        session.run("python", "-m", "hatchling", "build", "-t", "wheel", "-d", str(ROOT / "dist"))
    finally:  # so that no other build picks up a kit that is out of date
        shutil.rmtree(kit, ignore_errors=True)


@nox.session(venv_backend="none")
def clean(session: nox.Session) -> None:
    """Remove what can be made again: sealed keys, compiled code, caches."""
    for name in (".mfml", ".cache", ".pytest_cache", ".mypy_cache", ".ruff_cache"):
        shutil.rmtree(ROOT / name, ignore_errors=True)
        session.log(f"removed {name}")
