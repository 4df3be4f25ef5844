"""Results as JSON, for scripts."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from mfml.files import CannotWrite, write_whole
from mfml.grading.verdict.result import SCHEMA_VERSION, UnitResult


def write_json(results: list[UnitResult], target: str) -> None:
    """Write results to a file or, for "-" and where the file cannot be written, to standard output.

    Raises CannotWrite in the second case, after the results are out.
    """
    units = [result.to_json() for result in results]
    data = units[0] if len(units) == 1 else {"schema_version": SCHEMA_VERSION, "units": units}
    text = json.dumps(data, indent=2, allow_nan=False) + "\n"
    if target == "-":
        sys.stdout.write(text)
        return
    try:
        _write_file(Path(target), text)
    except CannotWrite as error:
        sys.stdout.write(text)
        raise CannotWrite(f"{error}; the JSON went to standard output instead") from error


def _write_file(path: Path, text: str) -> None:
    if path.is_file() or not path.exists():
        write_whole(path, text.encode())
        return
    try:
        path.write_text(text)  # a device or a pipe is written, and not replaced
    except OSError as error:
        raise CannotWrite(f"cannot write {path}: {error.strerror}") from error
