"""Numeric symptoms: a relation that holds on all visible checks, said as a question."""

import re

import numpy as np
import pytest

from mfml.grading.verdict import symptoms
from mfml.grading.verdict.result import CheckResult

X = np.random.default_rng(0).uniform(0.2, 0.9, (5, 3))
Z = np.random.default_rng(1).uniform(0.2, 0.9, (7, 3))


def asked(right, wrong, *inputs, hidden=False):
    """The question for outputs that are `wrong(x)` where `right(x)` is needed."""
    checks = [
        {"name": f"{i}", "expected": right(x), "hidden": hidden, "call": "plain", "inputs": {"x": x}}
        for i, x in enumerate(inputs or (X, Z))
    ]
    results = [CheckResult(check["name"], "wrong", 0, 1, hidden) for check in checks]
    found = {check["name"]: {"value": wrong(check["inputs"]["x"])} for check in checks}
    return symptoms.question({"checks": checks}, results, found)


def entropy(x):
    return -(x * np.log(x)).sum(axis=1)


CASES = {
    "sign": (entropy, lambda x: -entropy(x), "sign"),
    "twice": (entropy, lambda x: 2 * entropy(x), "factor 2 too many"),
    "half": (entropy, lambda x: entropy(x) / 2, "factor 2 is missing|factor 2 missing"),
    "sign and factor": (entropy, lambda x: -2 * entropy(x), "sign and a factor 2"),
    "bits": (entropy, lambda x: -(x * np.log2(x)).sum(axis=1), "1.4427 times.*bits instead of nats"),
    "degrees": (np.arcsin, lambda x: np.degrees(np.arcsin(x)), "degrees instead of radians"),
    "sum for mean": (lambda x: x.mean(axis=0), lambda x: x.sum(axis=0), r"n = len\(x\): a sum instead"),
    "mean for sum": (lambda x: x.sum(axis=1), lambda x: x.mean(axis=1), r"n = x.shape\[1\]: a mean instead"),
    "divisor": (lambda x: x.var(axis=0), lambda x: x.var(axis=0, ddof=1), "is the divisor n - 1 instead of n"),
    "other divisor": (lambda x: x.var(axis=0, ddof=1), lambda x: x.var(axis=0), "is the divisor n instead of n - 1"),
    "root": (lambda x: x.var(axis=0), lambda x: x.std(axis=0), "square root of the right answer"),
    "square": (lambda x: x.std(axis=0), lambda x: x.var(axis=0), "square of the right answer"),
    "log": (lambda x: x, np.log, "logarithm of the right answer"),
    "transpose": (lambda x: x, lambda x: x.T, "transpose"),
    "swapped": (lambda x: (x.mean(0), x.var(0)), lambda x: (x.var(0), x.mean(0)), "two outputs are swapped"),
    "another order": (
        lambda x: (x.mean(0), x.var(0), x.max(0)),
        lambda x: (x.max(0), x.mean(0), x.var(0)),
        "outputs are in another order",
    ),
    "one of two": (lambda x: (x.mean(0), x.var(0)), lambda x: (x.mean(0), 2 * x.var(0)), "Output 1: .* factor 2"),
    "axis": (lambda x: x.mean(0), lambda x: x.mean(0, keepdims=True), "one more axis"),
    "comma": (lambda x: x.mean(), lambda x: (x.mean(),), "comma at its end"),
    "axis of a number": (lambda x: x.mean(), lambda x: x.mean(keepdims=True)[0], "one more axis"),
    "off by one": (lambda x: x.argmax(0) + 2, lambda x: x.argmax(0) + 1, "minus 1: is it off by one"),
    "complement": (lambda x: x, lambda x: 1 - x, "1 minus the right answer"),
    "reverse": (lambda x: np.sort(x[:, 0]), lambda x: np.sort(x[:, 0])[::-1], "reverse order"),
    "cumulative": (lambda x: x[:, 0], lambda x: np.cumsum(x[:, 0]), "running sum"),
}


@pytest.mark.parametrize(("right", "wrong", "said"), CASES.values(), ids=CASES)
def test_a_symptom_is_named(right, wrong, said):
    assert re.search(said, asked(right, wrong) or "nothing")


def test_nothing_is_asked_without_a_relation():
    assert asked(entropy, lambda x: entropy(x) + 0.3 * x[:, 0]) is None
    assert asked(entropy, lambda x: (1 if len(x) == 5 else 2) * 2 * entropy(x)) is None  # another factor on each check
    assert asked(entropy, entropy) is None
    assert asked(entropy, lambda x: "text") is None
    assert asked(entropy, lambda x: [[1.0], [2.0, 3.0]]) is None
    assert asked(entropy, lambda x: np.full(len(x), np.nan)) is None


def test_one_number_and_zeros_say_nothing():
    assert asked(lambda x: np.float32(0.7), lambda x: np.float32(-0.7), X) is None
    assert asked(lambda x: np.zeros(3), lambda x: np.zeros(3) + 1e-3) is None


def test_hidden_checks_are_not_looked_at():
    assert asked(entropy, lambda x: -entropy(x), hidden=True) is None


def test_two_mistakes_at_once():
    """A known mistake with the wrong sign."""
    checks = [
        {
            **{"name": f"{i}", "expected": entropy(x), "hidden": False, "call": "plain", "inputs": {"x": x}},
            "mistakes": [{"value": x.sum(axis=1)}, {"error": "TypeError"}],
        }
        for i, x in enumerate((X, Z))
    ]
    results = [CheckResult(check["name"], "wrong", 0, 1) for check in checks]
    spec = {"checks": checks, "mistakes": ["You forgot the logarithm.", "You raised."]}
    found = {check["name"]: {"value": -check["inputs"]["x"].sum(axis=1)} for check in checks}
    said = symptoms.question(spec, results, found)
    assert said == "You forgot the logarithm. Besides, a sign is the wrong way round."
    found = {check["name"]: {"value": check["inputs"]["x"].sum(axis=1) + 1} for check in checks}
    assert symptoms.question(spec, results, found) is None


def test_nothing_is_said_where_only_a_gradient_is_wrong():
    """Twice a known mistake that is half the right answer would fit, and would say nothing."""
    check = {"name": "0", "expected": entropy(X), "hidden": False, "call": "plain", "inputs": {"x": X}}
    checks = [
        {**check, "mistakes": [{"value": entropy(X) / 2}]},
        {**check, "name": "1", "call": "grad", "mistakes": [{"error": "TypeError"}]},
    ]
    results = [CheckResult("0", "right", 1, 1), CheckResult("1", "wrong", 0, 1)]
    found = {"0": {"value": entropy(X)}, "1": {"value": X}}
    assert symptoms.question({"checks": checks, "mistakes": ["You halved it."]}, results, found) is None


def test_a_mistake_that_equals_the_right_answer_here_is_not_named_beside_a_factor():
    """It differs on hidden inputs alone, and nothing visible speaks for it."""

    def outputs(x):
        return x[:, 0], x[:, 1]

    checks = [
        {
            **{"name": f"{i}", "expected": outputs(x), "hidden": False, "call": "plain", "inputs": {"x": x}},
            "mistakes": [{"value": outputs(x)}],
        }
        for i, x in enumerate((X, Z))
    ]
    results = [CheckResult(check["name"], "wrong", 0, 1) for check in checks]
    found = {check["name"]: {"value": outputs(2 * check["inputs"]["x"])} for check in checks}
    assert symptoms.question({"checks": checks, "mistakes": ["You rounded up."]}, results, found) is None


@pytest.mark.filterwarnings("error")
def test_complex_numbers_are_not_compared_by_their_real_parts():
    right = lambda x: (x.mean(0), x.var(0))  # noqa: E731
    assert asked(right, lambda x: (x.var(0) + 1j, x.mean(0) + 1j)) is None


def test_an_answer_that_is_only_imprecise_has_no_two_mistakes():
    check = {"name": "0", "expected": entropy(X), "hidden": False, "call": "plain", "inputs": {"x": X}}
    checks = [{**check, "mistakes": [{"value": -entropy(X)}]}]
    found = {"0": {"value": entropy(X).astype(np.float16)}}
    results = [CheckResult("0", "wrong", 0, 1)]
    assert symptoms.question({"checks": checks, "mistakes": ["You lost the sign."]}, results, found) is None
