"""The form of an answer key: what it must hold, and how it stands in a file.

A file is a line with the format's name, a SHA-256 digest, and the packed key. The digest finds damage. It is no
secret and no signature: whoever can write the file can also make its digest.
"""

from __future__ import annotations

import hashlib
from typing import Any

from mfml.grading.run.values import Refused, pack, unpack

SCHEMA = 2
CALLS = ("plain", "jit", "vmap", "grad")
_MAGIC = b"mfml key 2\n"
_KEY = {"schema": int, "stamp": str, "unit": int, "seed": int, "versions": dict, "exercises": list}
_EXERCISE = {
    **{"id": str, "name": str, "title": str, "points": int, "hints": list, "why": str, "compare": str | tuple | list},
    **{"seconds": float, "parameters": list, "mistakes": list, "checks": list},
}
_CHECK = {
    **{"name": str, "points": int, "hidden": bool, "call": str, "over": list},
    **{"inputs": dict, "expected": object, "allowed": object, "mistakes": list},
}


def to_bytes(answers: dict[str, Any]) -> bytes:
    """Return an answer key as the content of a file."""
    packed = pack(answers)
    return _MAGIC + hashlib.sha256(packed).digest() + packed


def from_bytes(data: bytes, unit: int) -> dict[str, Any] | None:
    """Return a unit's answer key from the content of a file, or None unless it is whole, of this format and unit."""
    start = len(_MAGIC) + hashlib.sha256().digest_size
    if not data.startswith(_MAGIC) or data[len(_MAGIC) : start] != hashlib.sha256(data[start:]).digest():
        return None
    try:
        answers = unpack(data[start:])
    except Refused:
        return None
    return answers if is_sound(answers, unit) else None


def is_sound(answers: Any, unit: int) -> bool:
    """Say whether a value has all fields of a unit's answer key, and whether its numbers fit each other."""
    return (
        _has(answers, _KEY)
        and (answers["schema"], answers["unit"]) == (SCHEMA, unit)
        and bool(answers["exercises"])
        and all(map(_is_exercise, answers["exercises"]))
    )


def _is_exercise(exercise: Any) -> bool:
    return (
        _has(exercise, _EXERCISE)
        and all(isinstance(text, str) for text in (*exercise["hints"], *exercise["parameters"], *exercise["mistakes"]))
        and bool(exercise["hints"] and exercise["checks"])
        and all(_is_check(check, exercise) for check in exercise["checks"])
        and exercise["points"] == sum(check["points"] for check in exercise["checks"])
    )


def _is_check(check: Any, exercise: dict[str, Any]) -> bool:
    return (
        _has(check, _CHECK)
        and check["call"] in CALLS
        and all(name in list(check["inputs"]) for name in check["over"])
        and len(check["mistakes"]) == len(exercise["mistakes"])
        and all(isinstance(one, dict) and bool(one.keys() & {"value", "error"}) for one in check["mistakes"])
    )


def _has(value: Any, fields: dict[str, Any]) -> bool:
    return isinstance(value, dict) and all(
        name in value and isinstance(value[name], kind) for name, kind in fields.items()
    )
