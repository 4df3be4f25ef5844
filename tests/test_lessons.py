"""The lessons: each runs as a script, opens as a notebook, is portable Markdown, and ends by checking itself."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest

ROOT = Path(__file__).resolve().parents[1]
LESSONS = sorted((ROOT / "units").glob("unit*.py"))

FORBIDDEN = {
    ":::": r"^:::",
    "{eq} and other roles": r"\{(eq|cite|ref|numref|doc)\}",
    r"\bm": r"\\bm\b",
    r"bare \begin{align}": r"\\begin\{align\*?\}",
    "HTML": r"<(img|div|br|span)\b",
    "magics and shell": r"^# [%!]\w",
}


@pytest.fixture(
    params=[pytest.param(path, id=path.stem, marks=pytest.mark.reaches(f"units/{path.name}")) for path in LESSONS]
)
def lesson(request):
    return request.param


def markdown(lesson):
    return [cell.source for cell in jupytext.read(lesson).cells if cell.cell_type == "markdown"]


def test_it_runs_as_a_script(lesson, tmp_path):
    environment = {**os.environ, "MPLBACKEND": "Agg", "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", str(lesson)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert list(tmp_path.iterdir()) == [], "a lesson leaves no files behind"


def test_it_opens_as_a_notebook_that_begins_with_its_title(lesson):
    number = int(lesson.stem.removeprefix("unit"))
    cells = jupytext.read(lesson).cells
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith(f"# Unit {number}. ")
    assert sum(cell.cell_type == "code" for cell in cells) >= 5
    assert sum(any(tag.startswith("fig-") for tag in cell.metadata.get("tags", [])) for cell in cells) >= 2


@pytest.mark.parametrize("what", FORBIDDEN)
def test_its_markdown_is_portable(lesson, what):
    for source in markdown(lesson):
        assert not re.search(FORBIDDEN[what], source, re.MULTILINE), source


def test_its_display_formulas_are_balanced(lesson):
    for source in markdown(lesson):
        assert source.count("$$") % 2 == 0, source
        assert source.count("$") % 2 == 0, source


def test_it_links_to_files_that_are_there(lesson):
    links = [link for source in markdown(lesson) for link in re.findall(r"\]\(([^)#]+)\)", source)]
    local = [link for link in links if "://" not in link]
    assert any("exercises/" in link for link in local), "a lesson leads to its exercises"
    for link in local:
        assert (lesson.parent / link).exists(), link


def test_it_ends_with_asserts(lesson):
    body = ast.parse(lesson.read_text()).body
    assert isinstance(body[-1], ast.Assert)
    assert not any(isinstance(node, ast.Assert) and isinstance(node.test, ast.Constant) for node in ast.walk(body[-1]))
