"""Collect a submission's outcomes: start workers until every check has one. Runs beside the judge; loads no JAX.

A worker that hangs, dies or uses too much memory costs only the function or top-level statement that it was
running. A fresh worker does the rest.
"""

from __future__ import annotations

import os
import queue
import time
from pathlib import Path
from typing import Any, NamedTuple

from mfml.grading.course import Course
from mfml.grading.run.loader import blocks_that_parse, defined_names, import_lines, lines_of
from mfml.grading.run.processes import Launcher, Worker
from mfml.grading.run.transcript import IMPORT_SECONDS, LOADING_SECONDS, Forged, Transcript
from mfml.grading.run.values import given_names

MEGABYTES = 1024
MAX_WORKERS = 40
MAX_SKIPPED = 3  # top-level statements that may each cost a worker


class Outcomes(NamedTuple):
    """What came back from the workers, of the types that the judge expects, but not to be believed."""

    checks: dict[tuple[str, str], dict[str, Any]]  # by exercise and check
    failures: list[dict[str, Any]]  # of top-level statements
    printed: int  # bytes written to standard output and error


def nothing() -> Outcomes:
    """Return no outcomes, for a submission in which nothing was attempted."""
    return Outcomes({}, [], 0)


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
    imports = import_lines(source)
    state = _State(wanted, IMPORT_SECONDS * bool(imports))
    skip: dict[int, dict[str, Any]] = {}
    end = time.monotonic() + state.limit
    for _ in range(MAX_WORKERS):
        if not state.waiting():
            break
        job = _job(state, source, path, course, skip)
        try:
            worker = launcher.launch(job)
        except (OSError, RuntimeError) as error:
            state.give_up({"grader": f"no process can be started: {error}"})
            break
        transcript = Transcript(job["exercises"], state.seconds, imports)
        stop = _follow(worker, state, transcript, end)
        status = worker.finish()
        state.note(transcript, worker)
        if stop is None:
            break
        _stopped(state, transcript, {**stop, "status": status, "said": worker.last_line()}, skip)
    state.give_up({"grader": "too many workers were needed"})
    failures = state.failures + [_skipped(line, outcome, source) for line, outcome in skip.items()]
    return Outcomes(state.outcomes, failures, state.printed)


def _stopped(state: _State, transcript: Transcript, outcome: dict[str, Any], skip: dict[int, dict[str, Any]]) -> None:
    """Hold what a worker was doing responsible for its early end."""
    place = transcript.place
    if transcript.given is not None:
        state.give_up({"given": transcript.given})
    elif "unit" in outcome:
        state.give_up(outcome)
    elif isinstance(place, int):
        skip[place] = outcome
        if len(skip) > MAX_SKIPPED:
            state.give_up({"skipped": len(skip)})
    elif place is not None:
        state.end_at(place, outcome)
    elif transcript.phase == "running":
        state.give_up(outcome)
    else:  # no line of the submission has run yet
        state.give_up({"grader": f"its process ended before it ran your code; it last said: {outcome['said']!r}"})


def _text(path: Path) -> str:
    """Return a path as workers read it, in UTF-8 mode: in the locale C it may have surrogates, and JAX then fails."""
    return os.fsencode(path).decode(errors="surrogateescape")


class _State:
    """Which checks have an outcome and which still wait for one."""

    def __init__(self, exercises: list[dict[str, Any]], importing: float) -> None:
        self.exercises = exercises
        self.outcomes: dict[tuple[str, str], dict[str, Any]] = {}
        self.failures: list[dict[str, Any]] = []
        self.printed = 0
        self.alone: set[str] = set()  # exercises whose checks are to be called one by one
        self.seconds = {e["name"]: e["seconds"] for e in exercises}
        # More than honest code can need, so that no submission takes forever.
        self.limit = LOADING_SECONDS + importing + sum(e["seconds"] * (1 + len(e["checks"])) for e in exercises)
        self.known = [(e["name"], c["name"]) for e in exercises for c in e["checks"]]

    def waiting(self) -> list[dict[str, Any]]:
        return [e for e in self.exercises if any((e["name"], c["name"]) not in self.outcomes for c in e["checks"])]

    def note(self, transcript: Transcript, worker: Worker) -> None:
        """Keep what a worker found."""
        self.outcomes = transcript.outcomes | self.outcomes
        if transcript.phase in ("running", "ended"):
            self.failures = transcript.failures
        self.printed += worker.printed

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
        "root": _text(course.root),
        "given": _text(course.given),
        "compiled": _text(course.private / "compiled"),
        "needs": sorted(set().union(*(given_names(c["inputs"]) for e in exercises for c in e["checks"]))),
        "skip": list(skip),
        "megabytes": MEGABYTES,
        "cpu_seconds": LOADING_SECONDS + IMPORT_SECONDS + sum(2 * e["seconds"] * len(e["checks"]) for e in exercises),
        "exercises": [sent(exercise) for exercise in exercises],
    }


def _follow(worker: Worker, state: _State, transcript: Transcript, end: float) -> dict[str, Any] | None:
    """Read a worker's events until it ends or must be stopped. Returns why it stopped early, or None."""
    look = 0.0
    while True:
        now = time.monotonic()
        if now > end:
            return {"timeout": state.limit, "unit": True}
        if now > transcript.deadline:
            return {"timeout": transcript.limit}
        if now > look:
            look = now + 0.1
            if worker.memory() > MEGABYTES:
                return {"memory": MEGABYTES}
        try:
            event = worker.events.get(timeout=0.05)
        except queue.Empty:
            continue
        try:
            if not transcript.take(event):
                return None if transcript.phase == "ended" else {"crashed": True}
        except Forged as forged:
            return {"forged": str(forged)}


def _skipped(line: int, outcome: dict[str, Any], source: str) -> dict[str, Any]:
    lines = lines_of(source)
    text = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    names = [name for s in blocks_that_parse(source)[0].body if s.lineno == line for name in defined_names(s)]
    reason = "used all the memory" if "memory" in outcome else "ended Python"
    if "timeout" in outcome:
        reason = f"took longer than {float(outcome['timeout']):.0f} s, the limit for "
        reason += "one import" if line in import_lines(source) else "what is outside of functions"
    return {"type": "Stopped", "message": f"this statement {reason}", "line": line, "text": text, "names": names}
