"""Files that are written completely or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_UMASK = os.umask(0)
os.umask(_UMASK)


class CannotWrite(OSError, ValueError):
    """A file that cannot be written. The message names the file and the reason, in one line."""


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that a reader, or a crash, sees the old content or the new, never a part.

    The folder is made if it is missing. Raises CannotWrite.
    """
    with _complete(path, data) as complete:
        os.replace(complete, path)


def write_new(path: Path, data: bytes) -> bool:
    """Write a complete file unless something of that name exists; return whether it was written.

    What exists is kept, even if it appears at the last moment. The folder is made if it is missing. Raises CannotWrite.
    """
    if os.path.lexists(path):
        return False
    with _complete(path, data) as complete:
        try:
            os.link(complete, path)  # unlike a rename, this fails if the name is taken
        except FileExistsError:
            return False
        except OSError:  # a file system without hard links
            if os.path.lexists(path):
                return False
            os.replace(complete, path)
        return True


@contextmanager
def _complete(path: Path, data: bytes) -> Iterator[str]:
    """Yield the name of a complete file beside `path`. It is removed afterwards unless it was moved.

    Raises CannotWrite for every OSError, also one of the caller's block.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield from _temporary(path, data)
    except OSError as error:
        raise CannotWrite(f"cannot write {path}: {error.strerror or error}") from error


def _temporary(path: Path, data: bytes) -> Iterator[str]:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_UMASK)
        yield name
    finally:
        Path(name).unlink(missing_ok=True)
