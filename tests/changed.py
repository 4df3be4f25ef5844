"""`pytest --changed` runs the tests that a change can reach: what differs from where this branch left main.

- A test in a folder of `tests/` runs if its file reaches a changed file (`tests/imports.py`), or if a helper in its
  folder changed.
- A test at the top of `tests/` concerns the whole project and runs after every change. Where it is about certain
  files, the mark `reaches(path, ...)` names them; a test of an `Example` is about its function.
- What every test reaches, such as `tests/conftest.py`, selects all; so does `pyproject.toml`.
"""

import subprocess
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import pytest

from tests.imports import Graph

ROOT = Path(__file__).resolve().parents[1]
ALL = "pyproject.toml"  # a change of it, or of what a conftest.py at the top imports, concerns every test
PROSE = {".bib", ".cff", ".md", ".typed"}  # read by tests at the top only


class Selection:
    """The files that changed, and what they can reach."""

    def __init__(self, graph: Graph, changed: Iterable[str]):
        self.graph, self.root, self.changed = graph, graph.root, set(changed)
        beside = {Path(path).parent for path in self.changed if Path(path).suffix not in {".py", *PROSE}}
        # a module may read any data beside it
        self.touched = self.changed | {
            file.relative_to(self.root).as_posix()
            for folder in beside - {Path(".")}
            for file in (self.root / folder).glob("*.py")
        }

    @cached_property
    def everything(self) -> bool:
        """Whether every test has to run."""
        return ALL in self.changed or bool(self.graph.reached(["tests/conftest.py"]) & self.touched)

    def about(self, paths: Iterable[str]) -> bool:
        """Say whether these files reach a change."""
        return self.everything or bool(self.graph.reached(paths) & self.touched)

    def helped(self, folder: str) -> bool:
        """Say whether a folder of tests has a change beside its tests: an example, a helper, data."""
        room = f"tests/{folder}/"
        return any(one.startswith(room) and not Path(one).name.startswith("test_") for one in self.changed)

    def wants_file(self, path: Path) -> bool:
        """Say whether a file of tests has to be read at all."""
        _, *folders, _ = path.relative_to(self.root).parts
        if not folders or not self.changed:
            return bool(self.changed)
        around = [f"tests/{'/'.join(folders[:end])}/conftest.py" for end in range(1, len(folders) + 1)]
        return self.helped(folders[0]) or self.about([path.relative_to(self.root).as_posix(), *around])

    def wants(self, item: pytest.Item) -> bool:
        """Say whether a test has to run, once its file has to be read."""
        marked = [path for mark in item.iter_markers("reaches") for path in mark.args]
        homes = [value.function.__module__ for value in parameters(item) if hasattr(value, "function")]
        if not marked and not homes:
            return True
        folders = [home.split(".")[1] for home in homes]
        modules = [f"{home.replace('.', '/')}.py" for home in homes]
        own = item.path.relative_to(self.root).as_posix()
        return any(map(self.helped, folders)) or self.about([own, *marked, *modules])


def parameters(item: pytest.Item) -> Iterable[object]:
    """Give the values that a parametrized test gets."""
    return item.callspec.params.values() if hasattr(item, "callspec") else ()


def git(root: Path, *arguments: str) -> str:
    """Ask git, or end with one clear line."""
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise pytest.UsageError("--changed asks git what changed, and git is not installed") from None
    if done.returncode:
        raise pytest.UsageError(f"--changed asks git what changed, and git says: {done.stderr.strip()}")
    return done.stdout


def start_of_branch(root: Path, since: str | None) -> str:
    """Find the commit that this branch has in common with `since`, or with main; without a main, the last one."""
    if since:
        return git(root, "merge-base", "HEAD", since).strip()
    known = git(root, "for-each-ref", "--format=%(refname)").split()
    main = next((ref for ref in ("refs/heads/main", "refs/remotes/origin/main") if ref in known), "HEAD")
    return git(root, "merge-base", "HEAD", main).strip()


def files_changed(root: Path, commit: str) -> set[str]:
    """List what differs from a commit: committed since, not committed, new, or deleted."""
    differing = git(root, "diff", "--name-only", "--no-renames", "--relative", "-z", commit)
    new = git(root, "ls-files", "--others", "--exclude-standard", "-z")
    return {path for path in (differing + new).split("\0") if path}


_SELECTION = pytest.StashKey[Selection]()


def pytest_addoption(parser):
    group = parser.getgroup("changed")
    group.addoption("--changed", action="store_true", help="only tests that a change can reach (asks git)")
    group.addoption("--since", metavar="COMMIT", help="what --changed compares with, if not the start of this branch")


def pytest_configure(config):
    if config.getoption("changed"):
        commit = start_of_branch(ROOT, config.getoption("since"))
        config.stash[_SELECTION] = Selection(Graph(ROOT), files_changed(ROOT, commit))


def pytest_report_header(config):
    selection = config.stash.get(_SELECTION, None)
    if selection is None:
        return None
    return [f"changed: {path}" for path in sorted(selection.changed)] or "nothing has changed"


def pytest_ignore_collect(collection_path, config):
    selection = config.stash.get(_SELECTION, None)
    is_test = collection_path.name.startswith("test_") and collection_path.is_relative_to(ROOT / "tests")
    return True if selection and is_test and not selection.wants_file(collection_path) else None


def pytest_collection_modifyitems(config, items):
    selection = config.stash.get(_SELECTION, None)
    if selection is None:
        return
    wanted = {item: selection.wants(item) for item in items}
    config.hook.pytest_deselected(items=[item for item in items if not wanted[item]])
    items[:] = [item for item in items if wanted[item]]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    if _SELECTION in session.config.stash and session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        session.exitstatus = pytest.ExitCode.OK
