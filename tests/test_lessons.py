"""The lessons: each runs as a script, opens as a notebook, is portable Markdown, and ends by checking itself."""

import ast
import re
from types import SimpleNamespace

import jupytext
import pytest

from tests import lessons

LESSONS = lessons.paths()

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


def test_it_runs_as_a_script(lesson):
    found = lessons.result(lesson)
    assert found.status == 0, found.errors[-3000:]
    assert found.files == [], "a lesson leaves no files behind"


@pytest.fixture
def course(tmp_path):
    """A project with one lesson that imports one module; the lesson counts how often it ran."""
    count = tmp_path / "count"
    for path, text in {
        "units/unit01.py": f"from mfml import a\nopen({str(count)!r}, 'a').write('.')\nprint(1 / a.one)\n",
        "mfml/__init__.py": "",
        "mfml/a.py": "one = 1",
        "mfml/b.py": "",
    }.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    return SimpleNamespace(
        write=lambda path, text: (tmp_path / path).write_text(text),
        result=lambda: lessons.result(tmp_path / "units" / "unit01.py", kept=tmp_path / "kept"),
        runs=lambda: len(count.read_text()),
    )


def test_a_lesson_runs_once_until_what_it_imports_changes(course):
    assert [course.result().output for _ in range(2)] == ["1.0\n", "1.0\n"]
    course.write("mfml/b.py", "two = 2")
    course.result()
    assert course.runs() == 1
    course.write("mfml/a.py", "one = 2.0")  # another size, or Python would take the bytecode of the same second
    assert course.result().output == "0.5\n"
    assert course.runs() == 2


def test_a_lesson_that_failed_runs_again(course):
    course.write("mfml/a.py", "one = 0")
    for runs in (1, 2):
        found = course.result()
        assert found.status == 1
        assert "ZeroDivisionError" in found.errors
        assert course.runs() == runs


def test_a_damaged_record_is_made_anew(course, tmp_path):
    course.result()
    (tmp_path / "kept" / "unit01.json").write_text("{")
    assert course.result().status == 0
    assert course.runs() == 2


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
