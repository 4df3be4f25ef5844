"""The commands as a student runs them."""

import io
import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
from rich.console import Console

import mfml
from mfml.files import write_whole
from mfml.grading import submission
from mfml.grading.course import find_course
from mfml.grading.run import processes
from mfml.grading.show import terminal
from mfml.grading.show.notebook import check
from mfml.syllabus import UNITS

pytestmark = pytest.mark.xdist_group("grading")


@pytest.fixture
def run(course, answers):
    def run(*arguments, **variables):
        environment = {**os.environ, "COLUMNS": "100", "PYTHONPATH": os.getcwd(), "NO_COLOR": "1", **variables}
        return subprocess.run(
            [sys.executable, "-m", "mfml", *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=course.root,
            env=environment,
            check=False,
        )

    return run


def test_untouched_stubs(run):
    done = run("grade", 1)
    assert done.returncode == 1
    assert done.stdout.count("not attempted") == 3
    assert "Start with 1.1 `double`" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_solutions(run):
    done = run("grade", 1, "--solutions")
    assert done.returncode == 0
    assert "11 of 11 points" in done.stdout
    assert "Doubling matters." in done.stdout


def test_json_is_the_only_output(run, tmp_path, with_double):
    path = tmp_path / "answer.py"
    path.write_text(with_double("    print('noise')\n    return x**2"))
    done = run("grade", 1, "--file", path, "--json", "-")
    assert done.returncode == 1
    data = json.loads(done.stdout)
    assert next(iter(data)) == "schema_version"
    assert {"unit", "score", "max_score", "sandbox", "seed", "versions", "exercises"} <= set(data)
    assert data["sandbox"] == "none"
    one = data["exercises"][0]
    assert {"id", "name", "state", "points", "max_points", "message", "mistake", "checks"} <= set(one)
    assert one["mistake"].startswith("You squared")
    to_file = tmp_path / "result.json"
    assert run("grade", 1, "--file", path, "--json", to_file).stdout == ""
    assert json.loads(to_file.read_text()) == data


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("grade", 99), "there is no unit 99"),
        (("grade", 5), "unit 5 has no exercises here"),
        (("grade", 1, "--file", "nowhere.py"), "cannot read nowhere.py: No such file"),
        (("grade", "--watch", 1, "--json", "-"), "--watch needs"),
        (("hint", "1"), "such as 3.2"),
        (("hint", "1.9"), "exercises 1.1 to 1.3"),
        (("hint", "³.2"), "such as 3.2; found '³.2'"),
        (("hint", "9" * 5000 + ".1"), "such as 3.2"),
    ],
)
def test_bad_requests_get_one_clear_line(run, arguments, text):
    done = run(*arguments)
    assert done.returncode == 2
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_the_last_hint_says_that_it_is_the_last(run):
    shown = [run("hint", "1.1").stdout for _ in range(4)]
    assert "For the next one" in shown[1]
    assert all("the last one" in one for one in shown[2:])
    assert all("the last one" not in one for one in shown[:2])


def test_hints_come_one_by_one(run, course):
    (course.private / "hints.json").unlink(missing_ok=True)
    shown = [run("hint", "1.2").stdout.count("Hint ") for _ in range(4)]
    assert shown == [1, 2, 3, 3]
    assert run("hint", "1.2", "--again").stdout.count("Hint ") == 3


def test_progress_knows_the_last_result(run):
    run("grade", 1)
    done = run("progress")
    assert "0/3" in done.stdout
    assert "0/11" in done.stdout


def test_syllabus(run):
    """Units that are not built say so."""
    shown = run("syllabus").stdout
    for unit in UNITS:
        where = f"mfml.{unit.package}"
        assert (f"({where})" in shown) == (find_spec(where) is not None)
    assert shown.count("(mfml.") + shown.count("(to come)") == 14


def test_plain_processes_give_the_same_result(course, answers, launcher, with_double):
    source = with_double("    print('noise')\n    return x**2")
    plain = processes.PlainLauncher()
    try:
        slow = submission.grade_text(course, answers, source, "unit01.py", plain)
    finally:
        plain.close()
    assert slow.to_json() == submission.grade_text(course, answers, source, "unit01.py", launcher).to_json()


def test_notebook_shows_the_same_answer(course, answers):
    right = check("1.1", lambda x: 2 * x, course=course)
    assert right.passed
    assert "Doubling matters." in right._repr_html_()
    wrong = check("1.1", lambda x: x**2, course=course)
    assert not wrong.passed
    assert "You squared x" in wrong._repr_html_()
    assert "You squared x" in repr(wrong)
    broken = check("1.1", lambda x: x / None, course=course)
    assert broken.result.state == "error"
    assert "<script>" not in check("1.1", lambda x: "<script>", course=course)._repr_html_()
    with pytest.raises(ValueError, match="needs a function"):
        mfml.check("1.1", 3)
    assert check(1.1, lambda x: 2 * x, course=course).passed  # the number is as good as its text
    with pytest.raises(ValueError, match=r"such as 3\.2; found None"):
        check(None, lambda x: x, course=course)


def test_course_is_found_from_below_and_from_the_installation(course, tmp_path):
    assert find_course(course.root / "exercises") == course
    assert (find_course(tmp_path).root / "mfml").is_dir()


def test_write_whole_leaves_the_old_file_when_it_fails(tmp_path, monkeypatch):
    path = tmp_path / "grades.json"
    write_whole(path, b"old")
    monkeypatch.setattr("os.replace", lambda *a: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["grades.json"]


def test_brackets_in_messages_are_shown_as_they_are(graded, with_double):
    console = Console(file=io.StringIO(), width=400)
    terminal.show(graded(with_double("    return x / None if '[bold]' else x")), console)
    assert "return x / None if '[bold]' else x" in console.file.getvalue()


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_character_that_the_terminal_lacks_is_escaped(run, tmp_path, with_double, encoding):
    path = tmp_path / "answer.py"
    path.write_text(with_double('    raise ValueError("σ ≤ 0")'), encoding="utf-8")
    done = run("grade", 1, "--file", path, PYTHONIOENCODING=encoding)
    assert done.returncode == 1
    assert "\\u03c3 \\u2264 0" in done.stdout
    assert "8 of 11 points" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("width", [80, 140])
def test_a_narrow_terminal_keeps_every_sentence_whole(graded, with_double, width):
    console = Console(file=io.StringIO(), width=width)
    terminal.show(graded(with_double("    print(x)\n    return x**2")), console)
    shown = console.file.getvalue()
    lines = shown.splitlines()
    assert all(len(line) <= width for line in lines)
    assert lines[0].startswith("Unit 1. Learning as optimization: models, losses, risk")
    assert any(line.startswith("double(jnp.array(") for line in lines)  # ready to be copied: no frame around it
    assert "under jax.jit: under jax.jit" not in shown
    said = " ".join(" ".join(lines).split())
    assert "what your code prints is not shown here" in said
    assert "run the file (a sheet: `python -m exercises.unit01`)" in said


def test_no_emoji_in_place_of_code(graded, with_double):
    """A failing line that is not the first one stands in the table."""
    source = with_double("    raise NotImplementedError").replace(
        "def draw(", "def draw(key, n):\n    m = {}\n    return m[0:1:'a'], ':smile:'\n\n\ndef _("
    )
    console = Console(file=io.StringIO(), width=400)
    terminal.show(graded(source), console)
    assert "return m[0:1:'a'], ':smile:'" in console.file.getvalue()


@pytest.mark.parametrize("name", ["answer.ipynb", "answer.py"])
def test_a_notebook_is_named_as_one(run, tmp_path, name):
    path = tmp_path / name
    path.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    done = run("grade", 1, "--file", path)
    assert done.returncode == 2
    assert f"{path} is a notebook: save it as a script" in done.stderr


def test_a_coding_cookie_counts(tmp_path):
    path = tmp_path / "answer.py"
    path.write_bytes("# coding: latin-1\nname = 'é'\n".encode("latin-1"))
    assert submission.read_source(path).endswith("name = 'é'\n")
    path.write_bytes("name = 'é'\n".encode("latin-1"))
    with pytest.raises(ValueError, match="is not UTF-8 text: save it with the encoding UTF-8"):
        submission.read_source(path)
    path.write_bytes(b"# coding: nonsense\n")
    with pytest.raises(ValueError, match="unknown encoding"):
        submission.read_source(path)
    for odd in (b"rot13", b"hex", b"punycode", b"undefined"):
        path.write_bytes(b"# coding: " + odd + b"\nx = 1\n")
        with pytest.raises(ValueError, match=f"{path} is not UTF-8 text"):
            submission.read_source(path)
    path.write_bytes("\ufeffname = 'é'\n".encode())
    assert submission.read_source(path) == "name = 'é'\n"


def test_version(run):
    done = run("--version")
    assert (done.stdout, done.returncode) == (f"mfml {mfml.__version__}\n", 0)
