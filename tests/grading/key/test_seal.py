"""Sealing: keys hold data only, tolerances follow dtype and conditioning, unsound specifications are named."""

import json
import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mfml.grading.course import Course
from mfml.grading.key import answer_key, seal
from mfml.grading.key.specification import exercise, exercises_of
from mfml.grading.run.values import pack, unpack

EXERCISE = dict(hints=("a", "b", "c"), why="Because.")


@pytest.fixture
def given(course):
    return seal.load_module(course.given, "exercises.given")


def sealed(one, given, key):
    assert one.problems() == []
    return seal._seal_exercise(one, given, key)


def make(function, inputs, *mistakes, **options):
    one = exercise(points=2, **EXERCISE, **options)(function)
    one.inputs("an input", points=1)(inputs)
    for index, mistake in enumerate(mistakes or (lambda x: x + 100, lambda x: x - 100)):
        one.mistake(f"mistake {index}")(mistake)
    return one


def test_key_is_plain_data_and_fresh(course, answers):
    assert unpack(pack(answers)).keys() == answers.keys()
    assert answers["stamp"] == answer_key.stamp(course, 1, 2026)
    assert [one["id"] for one in answers["exercises"]] == ["1.1", "1.2", "1.3"]
    assert [check["name"] for check in answers["exercises"][0]["checks"]] == [
        "three numbers",
        "a random vector",
        "under jax.jit",
    ]
    assert json.dumps(answers["versions"])


def test_fresh_key_is_not_sealed_again(course, answers, monkeypatch):
    monkeypatch.setattr("subprocess.run", lambda *a, **k: pytest.fail("sealed again"))
    assert answer_key.load(course, 1)["stamp"] == answers["stamp"]


def test_stale_or_broken_key_is_sealed_again(course, answers):
    path = course.private / "keys" / "unit01-2026.key"
    path.write_bytes(path.read_bytes()[:100])
    announced = []
    assert answer_key.load(course, 1, announce=lambda: announced.append(1))["stamp"] == answers["stamp"]
    assert announced == [1]


def test_seed_changes_hidden_inputs(course, answers):
    other = seal.seal_unit(course, 1, seed=7)
    one, two = (k["exercises"][0]["checks"][1]["inputs"]["x"] for k in (answers, other))
    assert not np.array_equal(one, two)


def test_tolerance_follows_conditioning(given, prng_key):
    well = make(lambda x: 2 * x, lambda key: {"x": jnp.linspace(1.0, 2.0, 5)})
    hilbert = 1 / (jnp.arange(5)[:, None] + jnp.arange(5) + 1.0)
    ill = make(lambda x: jnp.linalg.solve(hilbert.astype(x.dtype), x), lambda key: {"x": jnp.linspace(1.0, 2.0, 5)})
    good, bad = (sealed(one, given, prng_key)["checks"][0] for one in (well, ill))
    assert 1e-6 < good["allowed"] < 1e-4
    assert bad["allowed"] / np.abs(bad["expected"]).max() > 10 * good["allowed"] / np.abs(good["expected"]).max()


def test_tolerance_may_be_given(given, prng_key):
    one = make(lambda x: 2 * x, lambda key: {"x": jnp.array([3.0, -1.0])}, rtol=0.1, atol=1.0)
    assert sealed(one, given, prng_key)["checks"][0]["allowed"] == pytest.approx(1.6)


@pytest.fixture
def prng_key():
    return jax.random.key(1)


def test_mistake_that_passes_is_a_fault(given, prng_key):
    one = make(lambda x: 2 * x, lambda key: {"x": jnp.ones(3)}, lambda x: x + x, lambda x: x**2)
    with pytest.raises(ValueError, match=r"known mistake passes every check: 'mistake 0'"):
        sealed(one, given, prng_key)


def test_reference_that_raises_is_a_fault(given, prng_key):
    one = make(lambda x: x.nothing, lambda key: {"x": jnp.ones(3)})
    with pytest.raises(ValueError, match="the reference answer fails: AttributeError"):
        sealed(one, given, prng_key)


def test_reference_that_cannot_be_compiled_is_a_fault(given, prng_key):
    one = make(lambda x: x if x[0] > 0 else -x, lambda key: {"x": jnp.ones(3)})
    with pytest.raises(ValueError, match="the reference answer fails: TracerBool"):
        sealed(one, given, prng_key)


def test_answer_that_depends_on_precision_is_a_fault(given, prng_key):
    one = make(lambda x: x + (x.dtype == jnp.float64), lambda key: {"x": jnp.ones(3)})
    with pytest.raises(ValueError, match="float32 and float64 differ"):
        sealed(one, given, prng_key)


def test_wrong_argument_names_are_a_fault(given, prng_key):
    one = make(lambda x: 2 * x, lambda key: {"y": jnp.ones(3)})
    with pytest.raises(ValueError, match=r"inputs \['y'\], parameters \['x'\]"):
        sealed(one, given, prng_key)


def test_problems_of_a_specification():
    bare = exercise(points=5, **{**EXERCISE, "hints": ("only one",)}, compare="nearly")(lambda x: x)
    text = " ".join(bare.problems())
    for part in ("first group", "two known mistakes", "three hints", "nearly"):
        assert part in text
    bare.inputs("a", points=1)(lambda key: {})
    bare.inputs("a", points=1)(lambda key: {})
    text = " ".join(bare.problems())
    assert "points=5, but its checks have 1 (a) + 1 (a) + 1 (under jax.jit)" in text
    assert "same name" in text


def test_call_and_over_go_together():
    one = exercise(points=1, **EXERCISE)(lambda x: x)
    with pytest.raises(ValueError, match="do not go together"):
        one.inputs("a", call="grad")
    with pytest.raises(ValueError, match="call must be one of"):
        one.inputs("a", call="pmap")


def test_unsound_specification_is_reported_with_its_reason(course, tmp_path):
    broken = Course(tmp_path)
    for path, text in (
        (broken.given, ""),
        (broken.solution(1), "from mfml.grading.key.specification import exercise\n"),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with pytest.raises(answer_key.Unsound, match="no exercises found"):
        answer_key.load(broken, 1)


def test_exercises_are_in_order(course):
    module = seal.load_module(course.solution(1), "small_sheet")
    assert [one.__name__ for one in exercises_of(module)] == ["double", "total_loss", "draw"]
    np.testing.assert_allclose(module.double(jnp.ones(2)), [2.0, 2.0])


def test_a_course_where_nothing_can_be_written_is_graded(course, answers, tmp_path):
    root = tmp_path / "course"
    shutil.copytree(course.root, root, ignore=shutil.ignore_patterns(".mfml", "__pycache__"))
    (root / ".mfml").write_text("a file, so that no folder can be made")
    assert answer_key.load(Course(root), 1)["stamp"] == answers["stamp"]
