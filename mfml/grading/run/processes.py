"""Starting workers, and watching from outside what they use and that they end.

A launcher turns a job into a running `Worker`. `ForkServer` forks it from a process that has JAX imported;
`PlainLauncher` starts an interpreter for each job, on systems without fork. Both have sandbox "none": a separate
process with limits, but with the rights of the user who grades.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import site
import socket
import struct
import subprocess
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from mfml.grading.run import fork_server, interpreter
from mfml.grading.run.values import MAX_BYTES, pack, unpack
from mfml.xla import flags

KEPT_OUTPUT = 4000
FORK_SECONDS = 60.0  # the first fork waits for the import of JAX
EXIT_SECONDS = 5.0


class Worker:
    """A running worker: its events, its output and its end."""

    def __init__(self, pid: int, results: BinaryIO, output: BinaryIO, wait: Callable[[], int | None]) -> None:
        """Read each stream in its own thread, so that neither can block the other.

        `wait` returns the exit status once the process has ended.
        """
        self.pid = pid
        self._wait = wait
        self.events: queue.Queue[dict[str, Any]] = queue.Queue()
        self.printed = 0
        self._tail = b""
        readers = ((self._read_results, results), (self._read_output, output))
        self._threads = [threading.Thread(target=read, args=(stream,), daemon=True) for read, stream in readers]
        for thread in self._threads:
            thread.start()

    def _read_results(self, stream: BinaryIO) -> None:
        try:
            with contextlib.suppress(OSError, ValueError), stream:
                while header := stream.read(4):
                    size = int.from_bytes(header, "little")
                    if size > MAX_BYTES + 2**20:
                        break
                    event = unpack(stream.read(size))
                    if not isinstance(event, dict):
                        break
                    self.events.put(event)
        finally:
            self.events.put({"event": "closed"})

    def _read_output(self, stream: BinaryIO) -> None:
        with contextlib.suppress(OSError, ValueError), stream:
            while data := os.read(stream.fileno(), 2**16):
                self.printed += len(data)
                self._tail = (self._tail + data)[-KEPT_OUTPUT:]

    def last_line(self) -> str:
        """Return the last line that the worker wrote to its output: after an exception, its type and message."""
        lines = self._tail.decode(errors="replace").strip().split("\n")
        return lines[-1].strip()

    def memory(self) -> float:
        """Return the resident megabytes of this worker and of what it started."""
        return sum(_resident(pid) for pid in _session_members(self.pid))

    def kill(self) -> None:
        """End the worker and all of its process group."""
        with contextlib.suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL) if hasattr(os, "killpg") else os.kill(self.pid, signal.SIGTERM)

    def finish(self) -> int | None:
        """End whatever is left. Returns the exit status (negative: the signal) if it is known."""
        self.kill()
        for thread in self._threads:
            thread.join(timeout=1.0)
        return self._wait()


class Launcher(Protocol):
    """Starts workers."""

    sandbox: str

    def launch(self, job: dict[str, Any]) -> Worker:
        """Start a worker on a job."""
        ...

    def close(self) -> None:
        """Release what the launcher holds."""
        ...


def _session_members(session: int) -> list[int]:
    """Return the processes of a session, from /proc. Without /proc, return only the leader."""
    members = []
    try:
        for entry in os.scandir("/proc"):
            if entry.name.isdigit():
                with contextlib.suppress(OSError, ValueError, IndexError):
                    fields = Path(entry.path, "stat").read_text().rpartition(")")[2].split()
                    if int(fields[3]) == session:
                        members.append(int(entry.name))
    except OSError:
        return [session]
    return members


def _resident(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


class ForkServer:
    """Forks workers from a process that has JAX imported."""

    sandbox = "none"

    def __init__(self) -> None:
        """Start the server. It imports JAX while the caller does something else."""
        self._folder = tempfile.TemporaryDirectory(prefix="mfml-")
        self._start()

    def _start(self) -> None:
        self._channel, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            interpreter.command("mfml.grading.run.fork_server", str(theirs.fileno())),
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env=worker_environment(),
            start_new_session=True,  # Ctrl-C is for the command alone, which then closes this
        )
        theirs.close()

    def launch(self, job: dict[str, Any]) -> Worker:
        """Fork a worker. A server that is gone is started again, once."""
        os.makedirs(self._folder.name, exist_ok=True)
        data = pack({**job, "folder": self._folder.name})
        worker = self._fork(data)
        if worker is None:
            self._stop()
            self._start()
            worker = self._fork(data)
        if worker is None:
            raise RuntimeError("the process that forks workers has died")
        return worker

    def _fork(self, data: bytes) -> Worker | None:
        """Ask the server for a worker. Returns None if the server is gone."""
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.seek(0)
            results, results_end = os.pipe()
            output, output_end = os.pipe()
            streams = os.fdopen(results, "rb"), os.fdopen(output, "rb", buffering=0)
            pid = None
            with contextlib.suppress(OSError):
                socket.send_fds(self._channel, [b"J"], [file.fileno(), results_end, output_end])
                pid = self.receive(fork_server.PID, FORK_SECONDS)
            os.close(results_end)
            os.close(output_end)
        if pid is None:
            for stream in streams:
                stream.close()
            return None
        return Worker(pid, *streams, lambda: self.receive(fork_server.STATUS, EXIT_SECONDS))

    def receive(self, kind: bytes, seconds: float) -> int | None:
        """Return the next message of this kind from the server. Ends a server that is silent, and returns None."""
        with contextlib.suppress(OSError):
            self._channel.settimeout(seconds)
            while len(message := self._channel.recv(9, socket.MSG_WAITALL)) == 9:
                if message[:1] == kind:
                    return struct.unpack("<q", message[1:])[0]
        self._process.kill()
        return None

    def _stop(self) -> None:
        self._channel.close()
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End the server."""
        self._stop()
        self._folder.cleanup()


class PlainLauncher:
    """Starts an interpreter for each job: slower, but works everywhere."""

    sandbox = "none"

    def __init__(self) -> None:
        """Make the folder in which workers run."""
        self._folder = tempfile.TemporaryDirectory(prefix="mfml-", ignore_cleanup_errors=True)

    def launch(self, job: dict[str, Any]) -> Worker:
        """Start a worker process."""
        path = Path(self._folder.name, "job")
        path.write_bytes(pack({**job, "folder": self._folder.name}))
        process = subprocess.Popen(
            interpreter.command("mfml.grading.run.worker", str(path)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self._folder.name,
            env=worker_environment(),
            start_new_session=True,
        )
        assert process.stdout is not None and process.stderr is not None
        return Worker(process.pid, process.stdout, process.stderr, process.wait)  # type: ignore[arg-type]

    def close(self) -> None:
        """Remove the folder."""
        self._folder.cleanup()


def worker_environment() -> dict[str, str]:
    """Return the environment of workers: fixed thread counts, CPU only, nothing personal.

    Python and its packages have to be found where they were found here, also those of `pip install --user`.
    """
    names = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONPATH")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return {
        **kept,
        **flags.quick({}),
        "HOME": tempfile.gettempdir(),
        "PYTHONUSERBASE": site.getuserbase(),
        "JAX_PLATFORMS": "cpu",
        "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": "1",
        "PYTHONUTF8": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }


def default_launcher() -> Launcher:
    """Return the fork server if the system can fork, otherwise plain processes."""
    return ForkServer() if hasattr(os, "fork") and hasattr(socket, "send_fds") else PlainLauncher()
