"""Read what a worker says. Nothing of it is trusted: fields of another type are dropped, events out of turn refused.

This is the one place that looks at raw events. What leaves it has the types that the judge expects.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Any

LOADING_SECONDS = 10.0  # of all top-level statements but imports
IMPORT_SECONDS = 60.0  # of one import: a large package on a busy machine is no fault of a student
MAX_TEXT = 2000  # characters: patterns that look for a reason take long on longer ones
MAX_STARTS = 7  # of one check in one worker; an honest worker announces it at most six times


class Forged(ValueError):
    """An event that no honest worker sends at this point."""


def failure_of(told: Any) -> dict[str, Any]:
    """Return the description of an exception or of a failed statement, with fields of the right types only."""
    told = told if isinstance(told, dict) else {}
    found: dict[str, Any] = {"type": "error", "message": ""}
    texts = {name: told[name] for name in ("type", "message", "text", "function") if isinstance(told.get(name), str)}
    found |= {name: text[:MAX_TEXT] for name, text in texts.items()}
    if isinstance(told.get("line"), int):
        found["line"] = told["line"]
    names = told.get("names")
    return found | {"names": [name for name in names if isinstance(name, str)] if isinstance(names, list) else []}


def outcome_of(event: dict[str, Any]) -> dict[str, Any]:
    """Return the outcome of one check: `missing`, `refused`, `error`, or `value` with what goes with it."""
    if event.get("missing") is True:
        return {"missing": True}
    if isinstance(event.get("refused"), str):
        return {"refused": event["refused"]}
    if isinstance(event.get("error"), dict):
        return {"error": failure_of(event["error"])}
    if "value" not in event or not isinstance(event.get("arguments", {}), dict):
        raise Forged("a check without an outcome")
    return {name: event[name] for name in ("value", "again", "arguments") if name in event}


class Transcript:
    """Follows one worker through its job: where it is, how long it may stay there, and what it found."""

    def __init__(
        self, exercises: list[dict[str, Any]], seconds: dict[str, float], imports: Collection[int] = ()
    ) -> None:
        """Expect a job's exercises in their order.

        `seconds`: the time limit of one call, by exercise. `imports`: the lines of the submission's imports.
        """
        self.place: int | tuple[str, str] | None = None  # a line being loaded, or an exercise and a check
        self.phase = "starting"  # then loading, running, ended
        self.limit = LOADING_SECONDS
        self.deadline = time.monotonic() + self.limit
        self._importing, self._left = False, self.limit
        self.failures: list[dict[str, Any]] = []  # of top-level statements
        self.outcomes: dict[tuple[str, str], dict[str, Any]] = {}
        self.given: dict[str, Any] | None = None  # what is wrong with given.py
        self._seconds, self._imports = seconds, imports
        self._waiting = {exercise["name"]: [check["name"] for check in exercise["checks"]] for exercise in exercises}
        self._starts: dict[tuple[str, str], int] = {}

    def take(self, event: dict[str, Any]) -> bool:
        """Note an event. Returns False when it was the last. Raises `Forged` if it is out of turn."""
        kind = event.get("event")
        match self.phase, kind if isinstance(kind, str) else "":
            case _, "closed":
                return False
            case "starting", "ready":
                self.phase = "loading"
            case "starting", "unready":
                self.given = failure_of(event.get("failure"))
                return False
            case "loading", "loading" if isinstance(event.get("line"), int):
                self._load(event["line"])
            case "loading", "loaded" if isinstance(event.get("failures"), list):
                self.phase, self.place = "running", None
                self.failures = [failure_of(failure) for failure in event["failures"]]
            case "running", "start":
                self._start(event)
            case "running", "done":
                self._done(event)
            case "running", "end" if not self._waiting:
                self.phase = "ended"
                return False
            case _:
                raise Forged(f"an event out of turn while {self.phase}")
        return True

    def _load(self, line: int) -> None:
        """A statement begins. Imports have a limit each, all other statements one together."""
        now = time.monotonic()
        left = self._left if self._importing else self.deadline - now
        self._importing = line in self._imports
        self.place, self._left = line, left
        self.limit = IMPORT_SECONDS if self._importing else LOADING_SECONDS
        self.deadline = now + (IMPORT_SECONDS if self._importing else left)

    def _at(self, event: dict[str, Any]) -> tuple[str, str]:
        """Return the exercise and check of an event. They must belong to the first exercise that waits."""
        exercise, check = event.get("exercise"), event.get("check")
        if not isinstance(exercise, str) or not isinstance(check, str) or exercise != next(iter(self._waiting), None):
            raise Forged("another exercise")
        return exercise, check

    def _start(self, event: dict[str, Any]) -> None:
        place = self._at(event)
        self._starts[place] = self._starts.get(place, 0) + 1
        if place[1] not in self._waiting[place[0]] or self._starts[place] > MAX_STARTS:
            raise Forged("a check that does not wait")
        self.place, self.limit = place, self._seconds[place[0]]
        self.deadline = time.monotonic() + self.limit

    def _done(self, event: dict[str, Any]) -> None:
        exercise, check = self._at(event)
        if self.place is None or check not in self._waiting[exercise]:
            raise Forged("a check that does not wait")
        self.outcomes[exercise, check] = outcome_of(event)
        self._waiting[exercise].remove(check)
        if not self._waiting[exercise]:
            del self._waiting[exercise]
