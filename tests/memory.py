"""Keeps a process of the suite small, and says at the end how large each one became.

Compiled programs are what fills it. JAX holds each one until its caches are cleared, and the C library keeps what was
freed until it is told to give it back.
"""

import contextlib
import ctypes
import gc
import os
import sys
from itertools import count
from pathlib import Path

import jax
import pytest

STEP = 2e7  # bytes: a growth that is worth a name
LIMIT = 1.2e9  # bytes: a test that starts below it stays below 2 GB
STATM = Path("/proc/self/statm")
PEAKS: dict[str, tuple[float, str]] = {}  # of each process, and the test after which it stood
_largest = [0.0, ""]
_finished = count(1)


def too_large() -> bool:
    """Say whether this process should be made smaller; where it cannot be measured, after every 100 tests."""
    if not STATM.exists():
        return next(_finished) % 100 == 0
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") > LIMIT


def release() -> None:
    """Forget compiled programs and give their memory back to the system."""
    jax.clear_caches()
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # only glibc has it
        ctypes.CDLL(None).malloc_trim(0)


def peak() -> float:
    """Give the largest size that this process has had, in bytes; 0 where it cannot be measured."""
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1.0 if sys.platform == "darwin" else 1024.0)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item):
    if (size := peak()) > _largest[0] + STEP:
        _largest[:] = size, item.nodeid
    if too_large():
        release()


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):  # a worker of xdist tells its controller
        session.config.workeroutput["peak"] = peak(), _largest[1]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    PEAKS[node.gateway.id] = getattr(node, "workeroutput", {}).get("peak", (0.0, ""))


def pytest_terminal_summary(terminalreporter):
    for name, (size, test) in (PEAKS or {"this process": (peak(), _largest[1])}).items():
        terminalreporter.write_line(f"peak memory: {name} {size / 1e9:.2f} GB, reached in {test}")
