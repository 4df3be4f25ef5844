"""Command line: `python -m benchmarks [WORDS] [--json PATH] [--list] [--budget SECONDS]`.

A word chooses the rows whose name contains it: `2.` is unit 2, `nmf` is both NMF rows. The exit status is 1
if an answer of ours is worse than the peer's, or a row fails.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmarks import harness, machine, table


def main(arguments: list[str] | None = None) -> int:
    """Run rows and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("words", nargs="*", help="parts of names of rows; all rows if left out")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the results there too")
    parser.add_argument("--list", action="store_true", help="print the names of the rows")
    parser.add_argument("--budget", type=float, default=harness.BUDGET, help="seconds of warm calls per row")
    parser.add_argument("--measure", metavar="NAME", help="measure one row in this process, print JSON")
    options = parser.parse_args(arguments)
    if options.measure:
        row = harness.rows_by_name()[options.measure]
        print(json.dumps(harness.to_dict(harness.measure(row, budget=options.budget))))
        return 0
    try:
        names = harness.chosen(options.words)
    except ValueError as error:
        parser.error(str(error))
    if options.list:
        print("\n".join(names))
        return 0
    return run(names, options.json, options.budget)


def run(names: list[str], path: Path | None, budget: float) -> int:
    """Measure these rows one after the other; a row that fails does not stop the others."""
    where = machine.describe()
    outcomes, failed = [], False
    for name in names:
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            outcomes.append(harness.in_fresh_process(name, budget=budget))
        except harness.Absent as error:
            print(error, file=sys.stderr)
        except RuntimeError as error:
            print(error, file=sys.stderr)
            failed = True
    print(table.markdown(outcomes, where))
    if path:
        results = {"schema_version": 1, "machine": where, "rows": [harness.to_dict(row) for row in outcomes]}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return int(failed or not all(outcome.as_good for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
