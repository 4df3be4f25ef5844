"""Every known mistake is recognized however it is written: NumPy, loops, other algebra.

A spelling is called as the worker calls a submission, here in this process, and judged as every submission is. The call
under `jax.jit` is left out: there NumPy fails, and the sentence has to appear nevertheless.
"""

import math
import warnings
from functools import cache
from importlib import import_module

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.grading.key import answer_key, seal
from mfml.grading.run import worker
from mfml.grading.run.collect import Outcomes
from mfml.grading.run.values import pack, unpack
from mfml.grading.submission import reference_submission
from mfml.grading.verdict import judge
from tests.test_exercises import COURSE, UNITS


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # some mistakes divide by 0 or overflow, of which NumPy warns
@pytest.mark.parametrize("unit", UNITS)
def test_every_spelling_gets_the_sentence_of_its_mistake(unit):
    answers, given = answer_key.load(COURSE, unit), seal.load_module(COURSE.given, "exercises.given")
    spellings = import_module(f"tests.spellings.unit{unit:02d}").SPELLINGS
    missed = [
        f"{exercise['id']} {begin!r}, spelling {number}: {said}"
        for exercise in answers["exercises"]
        for begin, sources in spellings.get(exercise["name"], {}).items()
        for number, source in enumerate(sources, 1)
        if sentence(exercise, begin) not in (said := judged(answers, exercise, source, given))
    ]
    assert not missed, "\n".join(missed)


@pytest.mark.parametrize("unit", UNITS)
def test_every_mistake_has_two_spellings(unit):
    spellings = import_module(f"tests.spellings.unit{unit:02d}").SPELLINGS
    for exercise in answer_key.load(COURSE, unit)["exercises"]:
        known = spellings.get(exercise["name"], {})
        counts = {
            one: sum(len(s) for begin, s in known.items() if one.startswith(begin)) for one in exercise["mistakes"]
        }
        assert {one: n for one, n in counts.items() if n < 2} == {}, exercise["id"]


def sentence(exercise, begin):
    """The one sentence of an exercise that begins so."""
    (found,) = [one for one in exercise["mistakes"] if one.startswith(begin)]
    return found


@cache
def reference(unit):
    return compile(reference_submission(COURSE.solution(unit).read_text()), "reference", "exec")


def judged(answers, exercise, source, given):
    """What a student sees who writes this."""
    space = {"jax": jax, "jnp": jnp, "math": math, "np": np}
    exec(reference(answers["unit"]), space)
    exec(source, space)
    checks = [{**check, "repeat": False} for check in exercise["checks"] if check["call"] != "jit"]
    job = {**exercise, "together": False, "checks": checks}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a worker raises none of NumPy's warnings
        made = list(worker.outcomes(space[exercise["name"]], job, given, "spelling", tell=lambda **_: None))
    outcomes = {(exercise["name"], name): unpack(pack(outcome)) for name, outcome in made}
    outcomes[exercise["name"], "under jax.jit"] = {"error": {"type": "TracerArrayConversionError", "message": ""}}
    result = judge.verdict_on(
        {**answers, "exercises": [exercise]}, Outcomes(outcomes, [], 0), file="x.py", title="", sandbox="none"
    ).exercises[0]
    return result.mistake or result.message or result.state
