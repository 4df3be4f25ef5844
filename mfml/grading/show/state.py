"""Files in which mfml keeps a student's progress. They may be deleted, damaged or edited at any time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


def read(path: Path, build: Callable[[Any], T]) -> T | None:
    """Build a value from a JSON file. A file that is missing or malformed in any way counts as absent: None."""
    try:
        return build(json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
