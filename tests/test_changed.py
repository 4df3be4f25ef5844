"""`pytest --changed`: what a change can reach runs, and nothing else."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import changed
from tests.contract import Example
from tests.imports import Graph

ROOT = Path(__file__).resolve().parents[1]
GRAPH = Graph(ROOT)


def selected(*paths):
    """The files of tests in folders that a change of these files selects."""
    selection = changed.Selection(GRAPH, paths)
    files = {path: path.relative_to(ROOT / "tests").as_posix() for path in (ROOT / "tests").rglob("test_*.py")}
    return {name for path, name in files.items() if "/" in name and selection.wants_file(path)}


def all_of(folder):
    return {f"{folder}/{path.name}" for path in (ROOT / "tests" / folder).glob("test_*.py")}


def test_a_module_selects_its_tests_and_those_of_later_units_that_import_it():
    found = selected("mfml/regression/ols.py")
    assert {"regression/test_ols.py", "regression/test_exercises_match_library.py"} <= found
    assert "generalization/test_linear.py" in found
    assert not {name for name in found if name.split("/")[0] in {"risk", "decomposition", "networks", "data"}}


def test_a_module_does_not_select_its_siblings():
    assert "regression/test_runge.py" not in selected("mfml/regression/ols.py")


def test_a_support_module_selects_every_unit_that_uses_it():
    found = selected("mfml/require.py")
    assert {"risk/test_losses.py", "representation/test_tsne.py"} <= found
    assert "xla/test_flags.py" not in found


@pytest.mark.parametrize("path", ["pyproject.toml", "tests/conftest.py", "mfml/xla/flags.py", "mfml/__init__.py"])
def test_what_concerns_every_test_selects_all(path):
    assert selected(path) >= all_of("risk") | all_of("grading") | all_of("xla") | all_of("peers")


def test_a_helper_selects_the_tests_of_its_folder():
    assert selected("tests/generalization/models.py") >= all_of("generalization")
    assert "grading/test_commands.py" in selected("tests/grading/course/exercises/unit01.py")


def test_a_test_selects_itself():
    assert selected("tests/risk/test_losses.py") == {"risk/test_losses.py"}


def test_prose_selects_no_test_in_a_folder():
    assert selected("README.md", "docs/troubleshooting.md", "mfml/references.bib") == set()


def test_data_count_as_the_modules_beside_them():
    assert selected("mfml/data/grains.npz") >= all_of("data")


def test_a_deleted_module_selects_what_imports_it():
    assert "regression/test_ols.py" in selected("mfml/regression/ols.py", "mfml/regression/gone.py")
    assert selected("mfml/regression/gone.py") == set()


def tree(root, **files):
    for name, text in files.items():
        path = root / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Graph(root)


@pytest.mark.parametrize(
    "text",
    [
        "import mfml.a",
        "from mfml import a",
        "from mfml.a import f",
        "def g():\n    from mfml import a",
        "code = 'import sys; from mfml import a'",
        "from importlib import import_module\nmodule = import_module('mfml.a')",
        '"""Doubles.\n\n    >>> from mfml import a\n    >>> a.f(1)\n    2\n"""',
        "from mfml import b",
    ],
)
def test_every_way_to_import_is_seen(tmp_path, text):
    graph = tree(tmp_path, mfml__a="", mfml__b="import mfml.a", tests__test="")
    (tmp_path / "tests" / "test.py").write_text(text)
    assert "mfml/a.py" in graph.reached(["tests/test.py"])


def test_a_command_reaches_the_module_that_it_runs(tmp_path):
    graph = tree(tmp_path, mfml__run="", mfml__cli="")
    (tmp_path / "mfml" / "__main__.py").write_text("import mfml.cli")
    for name, reached in (("mfml", "mfml/cli.py"), ("mfml.run", "mfml/run.py")):
        (tmp_path / "test.py").write_text(f"import sys\ncommand = [sys.executable, '-m', {name!r}]")
        assert reached in Graph(graph.root).reached(["test.py"])


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with two committed files on main, and with nobody's settings."""
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "nobody")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "nobody@example.org")
    for name in ("kept.py", "other.py"):
        (tmp_path / name).write_text("")
    changed.git(tmp_path, "init", "--quiet", "--initial-branch=main")
    commit(tmp_path)
    return tmp_path


def commit(root):
    changed.git(root, "add", "--all")
    changed.git(root, "commit", "--quiet", "--message=next")


def files_changed(root, since=None):
    return changed.files_changed(root, changed.start_of_branch(root, since))


def test_changes_are_those_since_the_branch_left_main(repository):
    changed.git(repository, "checkout", "--quiet", "-b", "topic")
    (repository / "committed.py").write_text("")
    commit(repository)
    (repository / "new name.py").write_text("")
    (repository / "kept.py").write_text("x = 1")
    (repository / "other.py").unlink()
    assert files_changed(repository) == {"committed.py", "new name.py", "kept.py", "other.py"}
    assert files_changed(repository, "HEAD") == {"new name.py", "kept.py", "other.py"}


def test_on_main_changes_are_those_since_the_last_commit(repository):
    assert files_changed(repository) == set()
    (repository / "kept.py").write_text("x = 1")
    assert files_changed(repository) == {"kept.py"}
    commit(repository)
    assert files_changed(repository) == set()
    assert files_changed(repository, "HEAD~1") == {"kept.py"}


def test_without_a_main_changes_are_those_since_the_last_commit(repository):
    changed.git(repository, "branch", "--quiet", "--move", "trunk")
    (repository / "other.py").unlink()
    assert files_changed(repository) == {"other.py"}


def test_a_moved_file_counts_twice(repository):
    (repository / "kept.py").rename(repository / "moved.py")
    assert files_changed(repository) == {"kept.py", "moved.py"}


def test_paths_are_those_of_the_project_also_within_a_larger_repository(repository):
    project = repository / "project"
    project.mkdir()
    (project / "new.py").write_text("")
    (repository / "kept.py").write_text("x = 1")
    assert files_changed(project) == {"new.py"}


def test_without_git_one_line_says_so(tmp_path, monkeypatch):
    with pytest.raises(pytest.UsageError, match=r"asks git what changed, and git says: fatal: not a git repository"):
        changed.start_of_branch(tmp_path, None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pytest.UsageError, match="git is not installed"):
        changed.start_of_branch(tmp_path, None)


def test_an_unknown_commit_is_named(repository):
    with pytest.raises(pytest.UsageError, match="nowhere"):
        files_changed(repository, "nowhere")


PROGRAM = """
import sys, pytest

class Pretend:
    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self):
        from tests import changed
        changed.files_changed = lambda *_: set(sys.argv[1].split())
        changed.start_of_branch = lambda *_: "HEAD"

sys.exit(pytest.main(["--changed", "--collect-only", *sys.argv[2:]], plugins=[Pretend()]))
"""


def collected(paths, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, paths, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return {line for line in done.stdout.splitlines() if "::" in line}


def test_lessons_doctests_and_sheets_are_selected_one_by_one():
    files = [f"tests/test_{name}.py" for name in ("lessons", "doctests", "exercises")]
    found = collected("mfml/regression/ols.py solutions/unit02.py", *files, "tests/risk")
    assert "tests/test_lessons.py::test_it_runs_as_a_script[unit03]" in found
    assert "tests/test_doctests.py::test_doctests[mfml.regression.ols]" in found
    assert "tests/test_exercises.py::test_solutions_get_full_marks[unit02]" in found
    assert not {name for name in found if "unit01]" in name or "mfml.risk" in name or name.startswith("tests/risk")}


def item(*, file="tests/test_contract.py", marks=(), **parameters):
    return SimpleNamespace(
        path=ROOT / file,
        iter_markers=lambda name: [pytest.mark.reaches(*marks).mark] if marks else [],
        callspec=SimpleNamespace(params=parameters),
    )


def test_an_example_is_about_the_module_of_its_function():
    ols, losses = (
        Example(SimpleNamespace(__module__=f"mfml.{name}"), dict) for name in ("regression.ols", "risk.losses")
    )
    for path, wanted in (("mfml/regression/ols.py", (True, False)), ("tests/risk/contract.py", (False, True))):
        selection = changed.Selection(GRAPH, [path])
        assert tuple(selection.wants(item(example=example)) for example in (ols, losses)) == wanted
        assert selection.wants(item()), "what is about no file concerns all"


def test_nothing_changed_runs_nothing():
    assert collected("", "tests/risk") == set()
