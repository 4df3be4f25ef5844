"""What cannot be written costs one line, and never a grade that was made."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from mfml.grading.course import Course

pytestmark = pytest.mark.xdist_group("grading")


@pytest.fixture
def blocked(course, answers, tmp_path):
    """A course in which results and hints cannot be kept, though its answer key is there."""
    root = tmp_path / "course"
    shutil.copytree(course.root, root, ignore=shutil.ignore_patterns("compiled", "results", "hints.json"))
    (root / ".mfml" / "results").write_text("in the way")
    (root / ".mfml" / "hints.json").mkdir()
    return Course(root)


@pytest.fixture
def run(blocked):
    def run(*arguments, **options):
        environment = {**os.environ, "COLUMNS": "100", "PYTHONPATH": os.getcwd(), "NO_COLOR": "1"}
        command = [sys.executable, "-m", "mfml", *map(str, arguments)]
        options = {"stdout": subprocess.PIPE, **options}
        return subprocess.run(
            command, stderr=subprocess.PIPE, text=True, cwd=blocked.root, env=environment, check=False, **options
        )

    return run


def test_a_result_that_cannot_be_kept_is_shown_with_its_own_status(run, blocked, right):
    blocked.exercise(1).write_text(right)
    done = run("grade", 1)
    assert "11 of 11 points" in done.stdout
    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert line.startswith("mfml: warning: cannot write ")
    assert "unit01.json" in line
    done = run("grade", 1, "--json", "-")
    assert json.loads(done.stdout)["score"] == 11
    assert done.returncode == 0


def test_a_hint_is_shown_before_it_is_counted(run):
    done = run("hint", "1.2")
    assert "Hint 1 of 3" in done.stdout
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("mfml: cannot write ")
    assert "hints.json" in line


LINUX = pytest.mark.skipif(not os.path.exists("/proc/self"), reason="needs /proc")


@pytest.mark.parametrize("target", [".", pytest.param("/proc/result.json", marks=LINUX)])
def test_json_that_cannot_be_written_goes_to_standard_output(run, target):
    done = run("grade", 1, "--json", target, "--solutions")
    assert json.loads(done.stdout)["score"] == 11
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"mfml: cannot write {target}: ")
    assert "Traceback" not in done.stderr


def test_json_makes_no_folder(run, blocked):
    done = run("grade", 1, "--json", "new/result.json")
    assert done.returncode == 2
    assert done.stderr == "mfml: cannot write new/result.json: there is no folder new\n"
    assert not (blocked.root / "new").exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_full_disk_behind_standard_output(run):
    with open("/dev/full", "w") as full:
        done = run("syllabus", stdout=full)
    assert done.returncode == 2
    assert done.stderr == "mfml: cannot write the output or a temporary file: No space left on device\n"


def test_a_device_is_written_and_not_replaced(run, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = subprocess.Popen(["cat", tmp_path / "pipe"], stdout=subprocess.PIPE, text=True)
    try:
        assert run("grade", 1, "--json", tmp_path / "pipe", "--solutions").returncode == 0
        assert json.loads(reader.communicate(timeout=10)[0])["score"] == 11
    finally:
        reader.kill()
    assert (tmp_path / "pipe").is_fifo()
