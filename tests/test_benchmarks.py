"""The harness of the benchmarks, with rows that cost nothing. No time is asserted."""

import json
import math

import jax
import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks import harness, machine, table, unit09


def fake(ours=1.0, theirs=1.0, calls=None, **options):
    calls = [] if calls is None else calls

    def call(side, value):
        calls.append(side)
        return np.array(value)

    pair = harness.Pair(
        ours=lambda: call("ours", ours),
        theirs=lambda: call("theirs", theirs),
        loss_of_ours=float,
        loss_of_theirs=float,
        **options,
    )
    return harness.Row("0.fake", "peer()", lambda: pair, note="nothing is computed")


def measured(row, **options):
    return harness.measure(row, budget=0.0, min_pairs=3, **options)


def test_sides_take_turns_after_a_cold_call_each():
    calls = []
    outcome = measured(fake(calls=calls))
    assert calls[:2] == ["ours", "theirs"]
    assert calls[2:] == ["ours", "theirs", "theirs", "ours", "ours", "theirs"]
    assert outcome.pairs == 3


def test_ratio_is_that_of_the_medians():
    outcome = measured(fake())
    assert outcome.ratio == outcome.ours.median / outcome.theirs.median
    assert outcome.ratio_of_fastest == outcome.ours.fastest / outcome.theirs.fastest
    assert outcome.ours.fastest <= outcome.ours.median <= outcome.ours.slowest


@pytest.mark.parametrize(
    ("ours", "theirs", "options", "as_good"),
    [
        (1.0, 1.0, {}, True),
        (1.02, 1.0, {}, False),
        (1.02, 1.0, {"slack": 0.05}, True),
        (1e-9, 0.0, {}, False),
        (1e-9, 0.0, {"floor": 1e-8}, True),
        (math.nan, 1.0, {}, False),
    ],
)
def test_a_worse_answer_is_marked(ours, theirs, options, as_good):
    outcome = measured(fake(ours, theirs, **options))
    assert outcome.as_good is as_good
    assert ("WORSE" in table.markdown([outcome], machine.describe())) is not as_good


def test_table_has_a_line_a_row_and_names_slower_ones():
    outcome = measured(fake())
    slow = outcome._replace(name="0.slow", ratio=1.5)
    fast = outcome._replace(name="0.fast", ratio=0.5)
    text = table.markdown([slow, fast], machine.describe())
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in lines}) == 1
    assert "SLOWER" in next(line for line in lines if "0.slow" in line)
    assert "SLOWER" not in next(line for line in lines if "0.fast" in line)
    assert "- 0.slow: nothing is computed" in text


def test_an_outcome_survives_json():
    outcome = measured(fake())
    assert harness.from_dict(json.loads(json.dumps(harness.to_dict(outcome)))) == outcome


def test_the_machine_is_described():
    found = machine.describe()
    assert found["cores"] >= 1
    assert found["versions"]["jax"]
    assert "jax" in found["threads"]
    json.dumps(found)


def test_rows_are_chosen_by_part_of_their_name():
    known = harness.chosen([])
    assert harness.chosen(["nmf"]) == [name for name in known if "nmf" in name] != []
    assert {name.split(".")[0] for name in harness.chosen(["2."])} == {"2"}
    with pytest.raises(ValueError, match="no row is named 'nothing'"):
        harness.chosen(["nothing"])


def test_every_row_of_the_issue_is_there():
    known = " ".join(harness.chosen([]))
    for word in (
        "pca",
        "randomized svd",
        "nmf cd",
        "nmf mu",
        "kernel pca",
        "ols",
        "logistic",
        "cross-validation",
    ):
        assert word in known


@pytest.mark.parametrize("name", harness.rows_by_name())
@pytest.mark.filterwarnings("ignore:Tensorflow not installed")  # says umap-learn
@pytest.mark.filterwarnings("ignore:The set_")  # of color maps: says matplotlib to shap
def test_a_row_calls_our_side_rightly(name, monkeypatch):
    """Traced at full size, and not computed: what a function no longer takes is found all the same."""
    monkeypatch.setattr(unit09, "SIZES", (300, 400))  # computed while a row is built
    row = harness.rows_by_name()[name]
    try:
        with harness.precision(row):
            jax.eval_shape(row.build().ours)
    except ModuleNotFoundError as missing:
        if missing.name.split(".")[0] in harness.OURS:
            raise
        pytest.skip(f"{missing.name} is not installed: `nox -s peers` has most of them")


@pytest.fixture
def two_rows(monkeypatch):
    """Two rows, of which the first fails; measured in this process."""
    row = fake()._replace(name="0.good")
    monkeypatch.setattr(harness, "rows_by_name", lambda: {"0.bad": row, "0.good": row})

    def run(name, *, budget):
        if name == "0.bad":
            raise RuntimeError("0.bad failed: no reason")
        return measured(row)

    monkeypatch.setattr(harness, "in_fresh_process", run)


def test_command_prints_a_table_and_writes_json(two_rows, tmp_path, capsys):
    path = tmp_path / "deep" / "results.json"
    assert command.main(["good", "--json", str(path)]) == 0
    assert "| 0.good |" in capsys.readouterr().out
    results = json.loads(path.read_text())
    assert results["schema_version"] == 1
    assert results["rows"][0]["name"] == "0.good"
    assert results["machine"]["cores"] >= 1


def test_a_failing_row_does_not_stop_the_others(two_rows, capsys):
    assert command.main([]) == 1
    shown = capsys.readouterr()
    assert "| 0.good |" in shown.out
    assert "no reason" in shown.err


def test_a_row_without_its_peer_is_left_out_and_told(two_rows, monkeypatch, capsys):
    def absent(name, *, budget):
        raise harness.Absent(f"{name}: left out, as torch is not installed")

    monkeypatch.setattr(harness, "in_fresh_process", absent)
    assert command.main(["good"]) == 0
    assert "torch is not installed" in capsys.readouterr().err


@pytest.mark.parametrize(("module", "error"), [("torch", harness.Absent), ("mfml.gone", RuntimeError)])
def test_only_a_peer_can_be_absent(monkeypatch, module, error):
    words = f"Traceback\nModuleNotFoundError: No module named '{module}'"
    done = harness.subprocess.CompletedProcess([], 1, stdout="", stderr=words)
    monkeypatch.setattr(harness.subprocess, "run", lambda *_, **__: done)
    with pytest.raises(error, match=module) as caught:
        harness.in_fresh_process("0.fake")
    assert caught.type is error


def test_list(two_rows, capsys):
    assert command.main(["--list"]) == 0
    assert capsys.readouterr().out.split() == ["0.bad", "0.good"]


def test_measure_prints_one_line_of_json(two_rows, capsys):
    assert command.main(["--measure", "0.good", "--budget", "0"]) == 0
    assert harness.from_dict(json.loads(capsys.readouterr().out)).name == "0.good"


def test_an_unknown_word_is_an_error(two_rows, capsys):
    with pytest.raises(SystemExit):
        command.main(["nothing"])
    assert "no row is named" in capsys.readouterr().err


def test_a_fresh_process_that_fails_says_why():
    with pytest.raises(RuntimeError, match=r"(?s)0.absent failed:.*KeyError"):
        harness.in_fresh_process("0.absent")
