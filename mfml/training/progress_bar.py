"""A progress bar on the standard error output, for runs that take long."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

LONG = 3.0  # seconds after which a run counts as long


class Bar:
    """Shows how far a run is. `wanted`: None shows it on a terminal, once the run has taken `LONG` seconds."""

    def __init__(self, wanted: bool | None, total: int, done: int = 0) -> None:
        self._wanted = sys.stderr.isatty() if wanted is None else wanted
        self._due = time.monotonic() + (LONG if wanted is None else 0.0)
        self._total, self._start = total, done
        self._progress: Any = None
        self._task: Any = None

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def show(self, done: int, loss: float) -> None:
        """Note how many steps are done, and the loss of the last."""
        if not self._wanted or time.monotonic() < self._due:
            return
        if self._progress is None:
            self._open()
        self._progress.update(self._task, completed=done, loss=f"{loss:.4g}")

    def _open(self) -> None:
        """Start the display; rich is loaded only now."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._task = self._progress.add_task("", total=self._total, completed=self._start, loss="")
        self._progress.start()
