"""The processes around a grade."""

import os
import signal
import site
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mfml.grading import submission
from mfml.grading.run import processes

pytestmark = pytest.mark.xdist_group("grading")


def children(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="needs /proc")
def test_ctrl_c_prints_nothing(course, answers, tmp_path):
    """A terminal sends the signal to its whole process group. If the fork server is in it, its traceback is chance."""
    path = tmp_path / "answer.py"
    path.write_text("def double(x):\n    while True:\n        pass\n")  # a grade would end before a late signal
    command = [sys.executable, "-m", "mfml", "grade", "1", "--file", str(path)]
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=course.root,
        env=environment,
        process_group=0,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a suite in the background ignores it
    )
    while not children(process.pid):
        time.sleep(0.01)
    time.sleep(0.3)
    assert os.getpgid(int(children(process.pid)[0])) != os.getpgid(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=20)
    assert (output, errors, process.returncode) == (b"", b"", 130)


@pytest.mark.parametrize("kind", ["ForkServer", "PlainLauncher"])
def test_files_in_the_current_folder_shadow_nothing(course, answers, right, tmp_path, monkeypatch, kind):
    """A student's `random.py` beside the sheets is no module of Python, and no fault of the grader."""
    for name in ("random", "jax", "mfml"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('of the current folder')\n")
    monkeypatch.chdir(tmp_path)
    launcher = getattr(processes, kind)()
    result = submission.grade_text(course, answers, right, "unit01.py", launcher, only={"double"})
    launcher.close()
    assert result.passed


def test_packages_are_found_where_they_are_found_here(tmp_path, monkeypatch):
    """Also those of `pip install --user`, though a worker's home is another one."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    print_places = "import site, sys; print(site.getuserbase(), *sys.path, sep='\\n')"
    command = [sys.executable, "-P", "-c", print_places]
    places = subprocess.run(command, env=processes.worker_environment(), capture_output=True, text=True, check=True)
    base, *paths = places.stdout.splitlines()
    assert base == site.getuserbase()
    assert str(tmp_path) in paths
