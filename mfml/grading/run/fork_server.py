"""A process that has imported JAX, without starting its backend, and forks a worker for each job.

Importing JAX takes longer than grading, so this process does it once. It uses one Unix socket: a message brings
three descriptors (job, results, output). The answer is the worker's process id and, once the worker has ended, its
exit status. It runs one worker at a time and ends with the process that started it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import sys

PID, STATUS = b"P", b"X"


def die_with_parent() -> None:
    """Ask the kernel to end this process when its parent ends (Linux; elsewhere limits on CPU time remain)."""
    with contextlib.suppress(OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def serve(channel: socket.socket) -> None:
    """Fork a worker for every message until the other side closes."""
    import jax
    import jax.numpy
    import jax.scipy.special
    import jaxtyping  # noqa: F401  what every exercise imports

    from mfml.grading.run import worker

    jax.config.update("jax_platforms", "cpu")
    while True:
        message, descriptors, _, _ = socket.recv_fds(channel, 1, 3)
        if not message:
            return
        pid = os.fork()
        if pid == 0:
            _become_worker(channel, descriptors, worker)
        for descriptor in descriptors:
            os.close(descriptor)
        channel.sendall(PID + struct.pack("<q", pid))
        _, status = os.waitpid(pid, 0)
        channel.sendall(STATUS + struct.pack("<q", os.waitstatus_to_exitcode(status)))


def _become_worker(channel: socket.socket, descriptors: list[int], worker: object) -> None:
    """Set up session, descriptors and limits in the forked child, then do the job. Never returns."""
    status = 1
    try:
        os.setsid()
        die_with_parent()
        channel.close()
        job_file, results, output = descriptors
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        with os.fdopen(job_file, "rb") as file:
            job = worker.unpack(file.read())  # type: ignore[attr-defined]
        worker.limit_resources(job["megabytes"], job["cpu_seconds"])  # type: ignore[attr-defined]
        os.chdir(job["folder"])
        worker.run(job, os.fdopen(results, "wb"))  # type: ignore[attr-defined]
        status = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


if __name__ == "__main__":
    die_with_parent()
    serve(socket.socket(fileno=int(sys.argv[1])))
