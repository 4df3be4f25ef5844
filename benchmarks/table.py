"""The table of results, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from benchmarks.harness import Outcome

TITLES = (
    "row",
    "peer",
    "dtype",
    "ours ms",
    "peer ms",
    "ratio",
    "of fastest",
    "ours cold ms",
    "peer cold ms",
    "pairs",
    "answer",
)


def markdown(outcomes: Iterable[Outcome], machine: dict[str, Any]) -> str:
    """Return the table, with the machine below it."""
    lines = ["| " + " | ".join(TITLES) + " |", "|" + " --- |" * 3 + " ---: |" * 7 + " --- |"]
    outcomes = list(outcomes)
    lines += ["| " + " | ".join(_cells(outcome)) + " |" for outcome in outcomes]
    notes = [f"- {outcome.name}: {outcome.note}" for outcome in outcomes if outcome.note]
    return "\n".join([*lines, "", *notes, "", _machine(machine)])


def _cells(outcome: Outcome) -> list[str]:
    answer = f"{outcome.loss_of_ours:.3g} against {outcome.loss_of_theirs:.3g}"
    return [
        outcome.name,
        outcome.peer,
        outcome.dtype,
        f"{outcome.ours.median:.1f}",
        f"{outcome.theirs.median:.1f}",
        f"{outcome.ratio:.2f}" + (" SLOWER" if outcome.ratio > 1 else ""),
        f"{outcome.ratio_of_fastest:.2f}",
        f"{outcome.ours.cold:.0f}",
        f"{outcome.theirs.cold:.0f}",
        str(outcome.pairs),
        answer if outcome.as_good else f"WORSE: {answer}",
    ]


def _machine(machine: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items() if number)
    threads = ", ".join(f"{name}: {number}" for name, number in machine["threads"].items())
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, load "
        f"{machine['busy']} at the start; {machine['system']}, Python {machine['python']}, {versions}. "
        f"Threads: {threads}. Times are medians of interleaved pairs; cold is the first call in a fresh "
        "process. Answer: loss of ours against the peer's."
    )
