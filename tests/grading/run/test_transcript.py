"""What a worker says: honest events give outcomes, all others are refused before the judge sees them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mfml.grading.run import worker
from mfml.grading.run.collect import Outcomes
from mfml.grading.run.transcript import (
    IMPORT_SECONDS,
    LOADING_SECONDS,
    MAX_STARTS,
    MAX_TEXT,
    Forged,
    Transcript,
    failure_of,
    outcome_of,
)
from mfml.grading.run.values import Given, Key, Other
from mfml.grading.verdict import judge
from mfml.grading.verdict.result import STATES

JOB = [
    {"name": "dot", "checks": [{"name": "short"}, {"name": "long"}]},
    {"name": "norm", "checks": [{"name": "short"}]},
]
AT_DOT = {"exercise": "dot", "check": "short"}
LOADED = ({"event": "ready"}, {"event": "loading", "line": 1}, {"event": "loaded", "failures": []})
ODD = st.recursive(
    st.sampled_from([None, True, -1, 2.5, "text", "error", np.array([1, 2]), np.array(1.0), Other("x"), Given("f")])
    | st.just(Key("fry", np.zeros(2, np.uint32))),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.lists(inner, max_size=2).map(tuple)
        | st.dictionaries(st.sampled_from(["type", "message", "line", "text", "names", "x"]), inner, max_size=4)
    ),
    max_leaves=6,
)


def transcript(*events):
    made = Transcript(JOB, {"dot": 4.0, "norm": 4.0})
    for event in events:
        made.take(event)
    return made


def test_an_honest_worker():
    made = transcript(
        *LOADED,
        {"event": "start", **AT_DOT},
        {"event": "done", **AT_DOT, "value": 1.0},
        {"event": "start", "exercise": "dot", "check": "long"},
        {"event": "done", "exercise": "dot", "check": "long", "error": {"type": "ValueError", "message": "no"}},
        {"event": "start", "exercise": "norm", "check": "short"},
        {"event": "done", "exercise": "norm", "check": "short", "missing": True},
        {"event": "end"},
    )
    assert made.phase == "ended"
    assert [list(outcome) for outcome in made.outcomes.values()] == [["value"], ["error"], ["missing"]]


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"event": np.array([1, 2])},
        {"event": "ready"},
        {"event": "loading", "line": 3},
        {"event": "loaded", "failures": []},
        {"event": "end"},
        {"event": "start", "exercise": "norm", "check": "short"},
        {"event": "start", "exercise": "dot", "check": "none"},
        {"event": "start", "exercise": np.array([1, 2]), "check": "short"},
        {"event": "done", "exercise": "norm", "check": "short", "value": 1},
        {"event": "done", **AT_DOT},
        {"event": "done", **AT_DOT, "missing": np.array([1, 2])},
        {"event": "done", **AT_DOT, "error": np.array([1, 2])},
        {"event": "done", **AT_DOT, "value": 1, "arguments": 3},
    ],
)
def test_an_event_out_of_turn_is_refused_and_moves_nothing(event):
    made = transcript(*LOADED, {"event": "start", **AT_DOT})
    with pytest.raises(Forged):
        made.take(event)
    assert made.place == ("dot", "short")
    assert made.outcomes == {}


def test_starts_of_one_check_are_counted():
    made = transcript(*LOADED, *[{"event": "start", **AT_DOT}] * MAX_STARTS)
    with pytest.raises(Forged):
        made.take({"event": "start", **AT_DOT})


def test_long_texts_are_cut_before_patterns_search_them():
    told = failure_of({"type": "SyntaxError", "message": "size " * 80_000, "text": "x" * 80_000})
    assert len(told["message"]) == len(told["text"]) == MAX_TEXT


def test_a_second_call_has_the_time_of_one_call():
    """NumPy functions are called twice by one check, and the limit is that of a call."""
    starts = []
    check = {"inputs": {}, "call": "plain", "over": [], "repeat": True}
    found = worker.call_once(lambda: 1.0, check, worker, "s.py", lambda: starts.append(True))
    assert found["value"] == found["again"] and starts == [True]


@given(st.dictionaries(st.sampled_from(["missing", "refused", "error", "value", "again", "arguments"]), ODD), ODD)
@settings(deadline=None, max_examples=300)
def test_the_judge_holds_whatever_a_worker_says(answers, told, failure):
    try:
        outcome = outcome_of(told)
    except Forged:
        return
    checks = {(e["name"], c["name"]): outcome for e in answers["exercises"] for c in e["checks"]}
    result = judge.verdict_on(
        answers, Outcomes(checks, [failure_of(failure)], 0), file="unit01.py", title="", sandbox="none"
    )
    assert {exercise.state for exercise in result.exercises} <= set(STATES)


def test_imports_have_a_limit_each_and_take_nothing_from_the_rest(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    transcript = Transcript([], {}, imports={1, 3})
    transcript.take({"event": "ready"})

    def at(seconds, line):
        now[0] = seconds
        transcript.take({"event": "loading", "line": line})
        return transcript.limit, transcript.deadline

    assert at(1, 1) == (IMPORT_SECONDS, 1 + IMPORT_SECONDS)
    assert at(40, 2) == (LOADING_SECONDS, 40 + LOADING_SECONDS - 1)
    assert at(43, 3) == (IMPORT_SECONDS, 43 + IMPORT_SECONDS)
    assert at(50, 4) == (LOADING_SECONDS, 50 + LOADING_SECONDS - 4)
    assert at(52, 5) == (LOADING_SECONDS, 50 + LOADING_SECONDS - 4)
