"""Measures a function of the library against a peer's: same data, same dtype, answers equally good.

A row is measured in its own process, without the persistent compilation cache. The first call of each
side is its cold time (ours includes tracing and compilation; imports and data are not counted). After that
the sides take turns, each going first in every other pair, so that a machine that slows down slows both.
The ratio is that of the medians: below 1, we are faster. The ratio of the fastest calls is next to it: on a
machine that also does other work, it says more.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

OURS = ("benchmarks", "mfml")  # if one of these is missing, that is a fault and not an absent peer
ROOT = Path(__file__).resolve().parents[1]
MIN_PAIRS, MAX_PAIRS = 7, 101
BUDGET = 8.0  # seconds of warm measurement per row, unless MIN_PAIRS take longer
PAUSE = 0.005  # seconds between calls: worker threads of the side before stop spinning


class Pair(NamedTuple):
    """The two calls of a row, and how good their answers are."""

    ours: Callable[[], Any]
    theirs: Callable[[], Any]
    loss_of_ours: Callable[[Any], float]  # of the result; the same quantity for both, smaller is better
    loss_of_theirs: Callable[[Any], float]
    slack: float = 0.01  # our loss may exceed theirs by this share of theirs ...
    floor: float = 0.0  # ... and losses up to this count as equal


class Row(NamedTuple):
    """One line of the table."""

    name: str
    peer: str  # the call that ours is compared with
    build: Callable[[], Pair]  # makes the data; not timed
    dtype: str = "float32"  # of the data that both sides get
    note: str = ""
    min_pairs: int = MIN_PAIRS  # fewer if a call takes minutes


class Absent(RuntimeError):
    """A row's peer is not installed."""


class Times(NamedTuple):
    """Of one side, in milliseconds."""

    cold: float
    median: float
    fastest: float
    slowest: float


class Outcome(NamedTuple):
    """What was measured for a row."""

    name: str
    peer: str
    dtype: str
    note: str
    ours: Times
    theirs: Times
    ratio: float  # of the medians, ours over theirs
    ratio_of_fastest: float
    pairs: int
    loss_of_ours: float
    loss_of_theirs: float
    as_good: bool  # our answer is not worse than theirs


def measure(row: Row, *, budget: float = BUDGET, min_pairs: int | None = None) -> Outcome:
    """Measure a row in this process; its cold times are cold only in a fresh process."""
    with precision(row):
        return _measure(row, budget=budget, min_pairs=row.min_pairs if min_pairs is None else min_pairs)


def precision(row: Row) -> AbstractContextManager[None]:
    """Where a row is built and called: a setting of the whole process would last beyond it."""
    import jax

    return jax.enable_x64(row.dtype == "float64")


def _measure(row: Row, *, budget: float, min_pairs: int) -> Outcome:
    pair = row.build()
    calls = {"ours": pair.ours, "theirs": pair.theirs}
    cold, results = {}, {}
    for side, call in calls.items():
        cold[side], results[side] = _timed(call)
    warm: dict[str, list[float]] = {side: [] for side in calls}
    deadline = time.perf_counter() + budget
    for number in range(MAX_PAIRS):
        if number >= min_pairs and time.perf_counter() > deadline:
            break
        for side in sorted(calls, reverse=number % 2 == 1):
            time.sleep(PAUSE)
            warm[side].append(_timed(calls[side])[0])
    times = {side: Times(cold[side], median(warm[side]), min(warm[side]), max(warm[side])) for side in calls}
    ours, theirs = float(pair.loss_of_ours(results["ours"])), float(pair.loss_of_theirs(results["theirs"]))
    return Outcome(
        name=row.name,
        peer=row.peer,
        dtype=row.dtype,
        note=row.note,
        ours=times["ours"],
        theirs=times["theirs"],
        ratio=times["ours"].median / times["theirs"].median,
        ratio_of_fastest=times["ours"].fastest / times["theirs"].fastest,
        pairs=len(warm["ours"]),
        loss_of_ours=ours,
        loss_of_theirs=theirs,
        as_good=ours <= max(theirs * (1 + pair.slack), pair.floor),  # False also if ours is NaN
    )


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Milliseconds of a call, until its result is computed, and the result."""
    import jax

    start = time.perf_counter()
    result = jax.block_until_ready(call())
    return 1e3 * (time.perf_counter() - start), result


def rows_by_name() -> dict[str, Row]:
    """Rows of all `benchmarks/unitNN*.py`, in order, then those of `benchmarks/data.py`."""
    modules = [*sorted(path.stem for path in Path(__file__).parent.glob("unit[0-9][0-9]*.py")), "data"]
    rows = [row for module in modules for row in import_module(f"benchmarks.{module}").ROWS]
    named = {row.name: row for row in rows}
    if len(named) < len(rows):
        raise ValueError("two rows have the same name")
    return named


def chosen(names: Iterable[str]) -> list[str]:
    """Names of the rows that contain one of these words; all rows without a word. `2.` is unit 2, and not unit 12.

    Raises ValueError if a word fits no row.
    """
    known = list(rows_by_name())
    words = list(names)
    for word in words:
        if not any(_fits(word, name) for name in known):
            raise ValueError(f"no row is named {word!r}; there are: {', '.join(known)}")
    return [name for name in known if not words or any(_fits(word, name) for word in words)]


def _fits(word: str, name: str) -> bool:
    """Whether a name contains a word; one that begins with the number of a unit is the beginning of a name."""
    return name.startswith(word) if re.match(r"\d+\.", word) else word in name


def in_fresh_process(name: str, *, budget: float = BUDGET) -> Outcome:
    """Measure a row in a new interpreter; raise Absent without its peer, RuntimeError if it fails otherwise."""
    environment = {key: value for key, value in os.environ.items() if key != "JAX_COMPILATION_CACHE_DIR"}
    environment["JAX_ENABLE_COMPILATION_CACHE"] = "false"
    command = [sys.executable, "-m", "benchmarks", "--measure", name, "--budget", str(budget)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        missing = re.search(r"^ModuleNotFoundError: No module named '([^']+)'$", done.stderr, re.MULTILINE)
        if missing and missing[1].split(".")[0] not in OURS:
            raise Absent(f"{name}: left out, as {missing[1]} is not installed")
        raise RuntimeError(f"{name} failed:\n" + "\n".join(done.stderr.splitlines()[-15:]))
    return from_dict(json.loads(done.stdout.splitlines()[-1]))


def to_dict(outcome: Outcome) -> dict[str, Any]:
    """Turn an outcome into what JSON can hold."""
    return outcome._asdict() | {"ours": outcome.ours._asdict(), "theirs": outcome.theirs._asdict()}


def from_dict(entries: dict[str, Any]) -> Outcome:
    """Undo `to_dict`."""
    return Outcome(**(entries | {"ours": Times(**entries["ours"]), "theirs": Times(**entries["theirs"])}))
