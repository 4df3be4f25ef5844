"""Collect a submission's outcomes: start workers until every check has one. Runs beside the judge; loads no JAX.

A worker that hangs, dies or uses too much memory costs only the function or top-level statement that it was
running. A fresh worker does the rest.
"""

from __future__ import annotations

import queue
import time
from typing import Any, NamedTuple

from mfml.grading.course import Course
from mfml.grading.run.processes import Launcher, Worker

MEGABYTES = 1024
LOADING_SECONDS = 10.0
MAX_WORKERS = 40
_TOLD = ("value", "again", "arguments", "error", "refused", "missing")


class Outcomes(NamedTuple):
    """What came back from the workers, all of it untrusted."""

    checks: dict[tuple[str, str], dict[str, Any]]  # by exercise and check
    failures: list[dict[str, Any]]  # of top-level statements
    printed: int  # bytes written to standard output and error


def nothing() -> Outcomes:
    """Return no outcomes, for a submission in which nothing was attempted."""
    return Outcomes({}, [], 0)


class _Stop(NamedTuple):
    """Why a worker ended early."""

    outcome: dict[str, Any]


def outcomes_of(
    answers: dict[str, Any],
    source: str,
    path: str,
    launcher: Launcher,
    course: Course,
    only: set[str] | None = None,
) -> Outcomes:
    """Run a submission's functions on the inputs of an answer key.

    Args:
        answers: the answer key; only its inputs go to the workers.
        source: the submission.
        path: its name in messages.
        launcher: starts the workers.
        course: where `given.py` and compiled code are.
        only: names of the exercises to run; None for all.
    """
    wanted = [e for e in answers["exercises"] if only is None or e["name"] in only]
    state = _State(wanted)
    skip: dict[int, dict[str, Any]] = {}
    for _ in range(MAX_WORKERS):
        if not state.waiting():
            break
        worker = launcher.launch(_job(state, source, path, course, skip))
        place, stop = _follow(worker, state)
        status = worker.finish()
        state.printed += worker.printed
        if stop is None:
            break
        outcome = {**stop.outcome, "status": status}
        if isinstance(place, int):
            skip[place] = outcome
            if len(skip) > 3:
                state.give_up(outcome)
        elif place is not None:
            state.end_at(place, outcome)
        else:
            state.give_up(outcome)
    state.give_up({"grader": "too many workers were needed"})
    failures = state.failures + [_skipped(line, outcome, source) for line, outcome in skip.items()]
    return Outcomes(state.outcomes, failures, state.printed)


class _State:
    """Which checks have an outcome and which still wait for one."""

    def __init__(self, exercises: list[dict[str, Any]]) -> None:
        self.exercises = exercises
        self.outcomes: dict[tuple[str, str], dict[str, Any]] = {}
        self.failures: list[dict[str, Any]] = []
        self.printed = 0
        self.alone: set[str] = set()  # exercises whose checks are to be called one by one
        self.seconds = {e["name"]: e["seconds"] for e in exercises}
        self.known = [(e["name"], c["name"]) for e in exercises for c in e["checks"]]

    def waiting(self) -> list[dict[str, Any]]:
        return [e for e in self.exercises if any((e["name"], c["name"]) not in self.outcomes for c in e["checks"])]

    def record(self, place: tuple[str, str], outcome: dict[str, Any]) -> None:
        if place in self.known:
            told = {name: outcome[name] for name in _TOLD if name in outcome}
            self.outcomes.setdefault(place, told)

    def end_at(self, place: tuple[str, str], outcome: dict[str, Any]) -> None:
        """A worker ended in a check. Unless it was the first, run the exercise again with one call per check."""
        name, check = place
        names = [c for e, c in self.known if e == name]
        if name in self.alone or not names or check == names[0]:
            self.end_exercise(name, outcome)
        else:
            self.alone.add(name)

    def end_exercise(self, name: str, outcome: dict[str, Any]) -> None:
        """Give the outcome to the first check that waits. Those after it were not run."""
        for exercise in self.exercises:
            if exercise["name"] == name:
                first = outcome
                for check in exercise["checks"]:
                    if (name, check["name"]) not in self.outcomes:
                        self.outcomes[name, check["name"]] = first
                        first = {**outcome, "not_run": True}

    def give_up(self, outcome: dict[str, Any]) -> None:
        for exercise in self.exercises:
            self.end_exercise(exercise["name"], outcome)


def _job(state: _State, source: str, path: str, course: Course, skip: dict[int, Any]) -> dict[str, Any]:
    exercises = state.waiting()

    def sent(exercise: dict[str, Any]) -> dict[str, Any]:
        checks = [
            {"repeat": i == 0, **{field: check[field] for field in ("name", "call", "over", "inputs")}}
            for i, check in enumerate(exercise["checks"])
            if (exercise["name"], check["name"]) not in state.outcomes
        ]
        return {"name": exercise["name"], "together": exercise["name"] not in state.alone, "checks": checks}

    return {
        "source": source,
        "path": path,
        "root": str(course.root),
        "given": str(course.given),
        "compiled": str(course.private / "compiled"),
        "skip": list(skip),
        "megabytes": MEGABYTES,
        "cpu_seconds": LOADING_SECONDS + sum(2 * e["seconds"] * len(e["checks"]) for e in exercises),
        "exercises": [sent(exercise) for exercise in exercises],
    }


class _Follower:
    """Reads a worker's events, and knows where it is and how long it may stay there."""

    def __init__(self, state: _State) -> None:
        self.state = state
        self.place: int | tuple[str, str] | None = None  # a line being loaded, or an exercise and a check
        self.deadline = time.monotonic() + LOADING_SECONDS

    def take(self, event: dict[str, Any]) -> bool:
        """Note an event. Returns False when it was the last."""
        match event.get("event"):
            case "end" | "closed":
                return False
            case "loading":
                self.place = event["line"] if isinstance(event.get("line"), int) else None
            case "loaded":
                failures = event.get("failures")
                self.state.failures = [f for f in failures if isinstance(f, dict)] if isinstance(failures, list) else []
                self.place = None
            case "start":
                self.place = (str(event.get("exercise")), str(event.get("check")))
                self.deadline = time.monotonic() + self.state.seconds.get(self.place[0], 0.0)
            case "done":
                self.state.record((str(event.get("exercise")), str(event.get("check"))), event)
        return True


def _follow(worker: Worker, state: _State) -> tuple[int | tuple[str, str] | None, _Stop | None]:
    """Read a worker's events until it ends or must be stopped. Returns its place and why it stopped (None: done)."""
    follower, look = _Follower(state), 0.0
    while True:
        now = time.monotonic()
        if now > follower.deadline:
            exercise = follower.place[0] if isinstance(follower.place, tuple) else ""
            return follower.place, _Stop({"timeout": state.seconds.get(exercise, LOADING_SECONDS)})
        if now > look:
            look = now + 0.1
            if (used := worker.memory()) > MEGABYTES:
                return follower.place, _Stop({"memory": used})
        try:
            event = worker.events.get(timeout=0.05)
        except queue.Empty:
            continue
        if not follower.take(event):
            return follower.place, None if event["event"] == "end" else _Stop({"crashed": True})


def _skipped(line: int, outcome: dict[str, Any], source: str) -> dict[str, Any]:
    lines = source.splitlines()
    text = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    reason = "never ended" if "timeout" in outcome else "used all the memory" if "memory" in outcome else "ended Python"
    return {"type": "Stopped", "message": f"this statement {reason}", "line": line, "text": text, "names": []}
