"""A student's course folder: written once, never overwritten, graded without solutions."""

import os
import shutil
import subprocess
import sys

import pytest

from mfml.files import write_new
from mfml.grading import course as courses
from mfml.grading import kit, submission
from mfml.grading.course import Course, find_course, installed_course
from mfml.grading.key import answer_key, form
from mfml.grading.show import hints, progress

pytestmark = pytest.mark.xdist_group("grading")

FILES = ["README.md", "exercises/given.py", "exercises/unit01.py", "keys/unit01.key", "units/unit01.py"]


@pytest.fixture
def clone(course, answers, tmp_path):
    """A course with solutions, a lesson, and a cached key."""
    root = tmp_path / "clone"
    shutil.copytree(course.root, root, ignore=shutil.ignore_patterns("__pycache__", "compiled"))
    (root / "units").mkdir()
    (root / "units" / "unit01.py").write_text("# %% [markdown]\n# A lesson. Now you: `nox -s grade -- 1`.\n")
    return Course(root)


def start(course, folder):
    return dict(kit.write(course, folder, lambda unit: None))


@pytest.fixture
def student(clone, tmp_path):
    """A started kit whose clone is gone."""
    folder = tmp_path / "my-course"
    start(clone, folder)
    shutil.rmtree(clone.root)
    return find_course(folder / "units")


@pytest.fixture
def clone_of_student(student, tmp_path):
    """The installed course from which a student's files come back."""
    shutil.copytree(student.root, tmp_path / "installed")
    return Course(tmp_path / "installed")


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_start_writes_everything_but_solutions(clone, tmp_path):
    folder = tmp_path / "new" / "my-course"
    assert start(clone, folder) == dict.fromkeys(FILES, True)
    assert files(folder) == FILES
    assert (folder / "exercises" / "unit01.py").read_bytes() == clone.exercise(1).read_bytes()
    assert "`mfml grade 1`" in (folder / "units" / "unit01.py").read_text()
    assert b"return 2 * x" not in b"".join((folder / name).read_bytes() for name in FILES)


def test_the_folder_says_what_its_keys_do_not_hide(student):
    """Keys can be read, and the folder's README must not promise more."""
    key = form.from_bytes(student.shipped_key(1).read_bytes(), 1)
    hidden = [check for one in key["exercises"] for check in one["checks"] if check["hidden"]]
    assert hidden and all("expected" in check for check in hidden)
    assert "hidden ones included" in (student.root / "README.md").read_text()
    assert "not encrypted" in (student.root / "README.md").read_text()


def test_start_keeps_what_exists_and_adds_what_is_missing(clone, tmp_path):
    folder = tmp_path / "my-course"
    start(clone, folder)
    (folder / "exercises" / "unit01.py").write_text("my work")
    (folder / "exercises" / "given.py").unlink()
    (folder / "notes.txt").write_text("mine")
    assert [name for name, written in start(clone, folder).items() if written] == ["exercises/given.py"]
    assert (folder / "exercises" / "unit01.py").read_text() == "my work"
    assert files(folder) == sorted([*FILES, "notes.txt"])


def test_a_kit_can_be_copied_from_a_kit(student, tmp_path):
    """This is what `mfml start` does with the kit in a wheel."""
    start(student, tmp_path / "copy")
    assert files(tmp_path / "copy") == FILES
    for name in FILES:
        assert (tmp_path / "copy" / name).read_bytes() == (student.root / name).read_bytes()


def test_start_refuses_the_course_itself(clone):
    with pytest.raises(ValueError, match="choose another folder"):
        start(clone, clone.root)
    assert not clone.is_kit


def test_start_says_what_it_cannot_write(clone, tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(ValueError, match=r"cannot write .*taken"):
        start(clone, tmp_path / "taken")
    assert (tmp_path / "taken").read_text() == "a file"


def test_kit_grades_right_and_wrong_answers(student, launcher, right):
    assert student.is_kit
    student.exercise(1).write_text(right.replace("return 2 * x", "return x**2"))
    result = submission.grade_file(student, 1, launcher)
    assert [one.state for one in result.exercises] == ["wrong", "right", "right"]
    assert result.exercises[0].mistake.startswith("You squared")
    student.exercise(1).write_text(right)
    result = submission.grade_file(student, 1, launcher)
    assert result.passed
    progress.record(student, result)
    assert progress.by_unit(student)[0].result.score == 11


def test_kit_gives_hints(student):
    entry, count = hints.next_hint(student, "1.2")
    assert (entry["name"], entry["hints"], count) == ("total_loss", ["a", "b", "c"], 1)


def test_kit_says_what_it_cannot_do(student, launcher):
    with pytest.raises(ValueError, match="holds no solutions"):
        submission.grade_file(student, 1, launcher, solutions=True)
    with pytest.raises(ValueError, match="seed 2026 only; found seed 7"):
        answer_key.load(student, 1, seed=7)
    student.shipped_key(1).write_bytes(b"junk")
    with pytest.raises(ValueError, match=r"damaged.*mfml start"):
        answer_key.load(student, 1)
    student.shipped_key(1).unlink()
    with pytest.raises(ValueError, match=r"unit01.key is missing: `mfml start .*` brings it back"):
        answer_key.load(student, 1)


def test_solutions_in_a_kit_are_not_sealed(student, right):
    student.solution(1).parent.mkdir()
    student.solution(1).write_text(right)
    assert answer_key.load(student, 1)["unit"] == 1
    assert hints.find(student, "1.1")["name"] == "double"


def test_a_lost_folder_names_the_remedy(student, clone_of_student, launcher):
    """Each remedy is followed, and works."""
    shutil.rmtree(student.root / "keys")
    with pytest.raises(ValueError, match=rf"unit01.key is missing: `mfml start {student.root}` brings it back"):
        submission.grade_file(find_course(student.root), 1, launcher)
    start(clone_of_student, student.root)
    assert answer_key.load(student, 1)["unit"] == 1
    student.given.unlink()
    for place in (student.root, student.root / "units"):
        with pytest.raises(ValueError, match=rf"given.py is missing: `mfml start {student.root}` brings it back"):
            find_course(place)
    start(clone_of_student, student.root)
    assert find_course(student.root / "units") == student


def test_a_lost_key_beside_solutions_of_ones_own_comes_back(student, clone_of_student):
    student.solution(1).parent.mkdir()
    student.shipped_key(1).unlink()
    start(clone_of_student, student.root)
    assert answer_key.load(student, 1)["unit"] == 1


def test_a_unit_that_start_does_not_write_is_not_promised(student, clone_of_student, monkeypatch):
    """The installed course holds unit 1 alone."""
    monkeypatch.setattr(courses, "_PACKAGE", clone_of_student.root / "mfml")
    with pytest.raises(ValueError, match=r"unit 14 has no exercises here; there are 1$"):
        hints.find(student, "14.1")


def test_a_clone_gets_a_file_back_from_git(clone):
    clone.given.unlink()
    with pytest.raises(ValueError, match=rf"`git -C {clone.root} restore exercises/given.py` brings it back"):
        find_course(clone.root / "units")


@pytest.mark.parametrize("place", ["units", "exercises", "units/new", "my-course"])
def test_no_course_within_a_course(student, clone_of_student, place):
    with pytest.raises(ValueError, match=f"is inside the course {student.root}.*run `mfml start {student.root}`"):
        start(clone_of_student, student.root / place)
    assert files(student.root) == FILES


def test_no_course_among_a_clones_lessons(clone):
    with pytest.raises(ValueError, match=r"is inside the course .*: choose another folder$"):
        start(clone, clone.root / "units")
    assert start(clone, clone.root / "my-course")


def test_without_a_course_one_sentence_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(courses, "_PACKAGE", tmp_path / "site-packages" / "mfml")
    with pytest.raises(ValueError, match="is not inside a course: run `mfml start my-course`"):
        find_course(tmp_path)
    with pytest.raises(ValueError, match="came without the course"):
        installed_course()


def test_the_wheel_has_its_kit_in_the_package(clone, tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "mfml"
    start(clone, package / "_course")
    monkeypatch.setattr(courses, "_PACKAGE", package)
    assert installed_course() == Course(package / "_course")
    with pytest.raises(ValueError, match="not inside a course"):
        find_course(tmp_path)  # nobody works within the installation


def test_command_says_file_by_file_what_it_did(clone, tmp_path):
    program = (
        "import pathlib, sys; from mfml.grading import course; "
        "course._PACKAGE = pathlib.Path(sys.argv.pop(1), 'mfml'); from mfml.cli import main; main()"
    )
    command = [sys.executable, "-c", program, str(clone.root), "start", "my-course"]
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    for word in ("wrote", "kept"):
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=True)
        *lines, last = done.stdout.splitlines()
        assert sorted(line.split() for line in lines) == [[word, f"my-course/{name}"] for name in FILES]
        assert "mfml grade 1" in last


def test_write_new_never_replaces(tmp_path, monkeypatch):
    path = tmp_path / "folder" / "sheet.py"
    assert write_new(path, b"new")
    assert not write_new(path, b"other")
    monkeypatch.setattr("os.path.lexists", lambda path: False)  # it appears between the look and the writing
    assert not write_new(path, b"other")
    assert path.read_bytes() == b"new"
    assert [p.name for p in path.parent.iterdir()] == ["sheet.py"]


def test_write_new_without_hard_links(tmp_path, monkeypatch):
    monkeypatch.setattr("os.link", lambda *a: (_ for _ in ()).throw(OSError("no links here")))
    path = tmp_path / "sheet.py"
    assert write_new(path, b"new")
    assert not write_new(path, b"other")
    assert path.read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["sheet.py"]
