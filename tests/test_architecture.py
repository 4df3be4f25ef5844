"""The rooms and who may enter which: imports follow the syllabus, and importing is cheap."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mfml
from mfml import grading, syllabus

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {unit.package: unit.number for unit in syllabus.UNITS}
BUILT = [unit.number for unit in syllabus.UNITS if (ROOT / "mfml" / unit.package / "__init__.py").exists()]
FILES = sorted((ROOT / "mfml").rglob("*.py"))


def imported_modules(path):
    """Full names of what a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def units_imported(path):
    names = [name.split(".") for name in imported_modules(path)]
    return {PACKAGES[parts[1]] for parts in names if parts[0] == "mfml" and len(parts) > 1 and parts[1] in PACKAGES}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_follow_the_syllabus(path):
    room = path.relative_to(ROOT / "mfml").parts[0]
    allowed = range(1, PACKAGES[room] + 1) if room in PACKAGES else ()
    assert units_imported(path) <= set(allowed)


def test_a_breach_would_be_seen(tmp_path):
    breach = tmp_path / "breach.py"
    breach.write_text("def f():\n    from mfml.explain import shapley\n    import mfml.risk.losses\n")
    assert units_imported(breach) == {1, 14}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_library_needs_no_peer(path):
    peers = {"sklearn", "scipy", "statsmodels", "torch", "pandas", "solutions", "exercises", "tests"}
    assert not {name.split(".")[0] for name in imported_modules(path)} & peers


GRADING = re.findall(r"^    (\w+)  ", grading.__doc__, re.MULTILINE)  # lowest first


def grading_parts(names):
    return {name.split(".")[2] for name in names if name.startswith("mfml.grading.")}


@pytest.mark.parametrize("path", sorted((ROOT / "mfml" / "grading").rglob("*.py")), ids=lambda p: p.stem)
def test_no_part_of_the_grader_imports_one_below_it(path):
    part = path.relative_to(ROOT / "mfml" / "grading").parts[0].removesuffix(".py")
    allowed = GRADING[: GRADING.index(part) + 1] if part in GRADING else ()
    assert grading_parts(imported_modules(path)) <= set(allowed)


def test_the_table_of_the_grader_is_complete():
    parts = {path.stem for path in (ROOT / "mfml" / "grading").iterdir() if not path.stem.startswith("__")}
    assert len(GRADING) == len(parts)
    assert set(GRADING) == parts


def test_what_runs_submissions_knows_no_answer():
    for path in (ROOT / "mfml" / "grading" / "run").glob("*.py"):
        assert grading_parts(imported_modules(path)) <= {"course", "run"}, path
    loaded = loaded_by("from mfml.grading.run import worker, fork_server, processes, collect")
    assert not {name for name in loaded if re.match(r"mfml\.grading\.(key|verdict|show|submission)", name)}


def loaded_by(statement):
    code = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


def test_importing_mfml_loads_neither_jax_nor_a_unit():
    loaded = loaded_by("import mfml")
    assert not {"jax", "numpy", "flax", "matplotlib", "rich", "typer"} & loaded
    assert not {f"mfml.{package}" for package in PACKAGES} & loaded


def test_the_command_line_loads_no_jax():
    heavy = {"jax", "matplotlib", "flax"}
    assert not heavy & loaded_by("import mfml.cli")
    assert not heavy & loaded_by(
        "from mfml.grading import submission; from mfml.grading.show import watch, hints, progress"
    )


def test_no_unit_loads_matplotlib_or_flax():
    heavy = {"matplotlib", "flax", "optax", "scipy", "sklearn"}
    assert not heavy & loaded_by(f"import mfml; [mfml.unit(number) for number in {BUILT}]")


def test_unit_gives_the_package():
    assert mfml.unit(2).__name__ == "mfml.decomposition"


@pytest.mark.parametrize("number", [0, 15, -1, 2.5])
def test_unit_outside_the_syllabus(number):
    with pytest.raises(ValueError, match="units 1 to 14"):
        mfml.unit(number)


def test_syllabus_is_complete():
    assert [unit.number for unit in syllabus.UNITS] == list(range(1, 15))
    assert len(PACKAGES) == 14
    assert all(unit.topics for unit in syllabus.UNITS)


def test_no_unit_lacks_a_room():
    for unit in syllabus.UNITS:
        rooms = [
            (ROOT / "mfml" / unit.package / "__init__.py").exists(),
            (ROOT / "units" / f"{unit.stem}.py").exists(),
            (ROOT / "exercises" / f"{unit.stem}.py").exists(),
            (ROOT / "solutions" / f"{unit.stem}.py").exists(),
            (ROOT / "tests" / unit.package / "contract.py").exists(),
        ]
        assert len(set(rooms)) == 1, f"unit {unit.number}: rooms that are there: {rooms}"
