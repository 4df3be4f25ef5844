"""The processes around a grade."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

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
