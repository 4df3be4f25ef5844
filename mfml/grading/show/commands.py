"""Commands to paste, as they work where they are shown."""

from __future__ import annotations

import os
import shlex


def command(name: str, *arguments: str) -> str:
    """Write an `mfml` command, or the session of nox that stands for it where nox runs this.

    >>> command("hint", "3.1")
    'mfml hint 3.1'
    """
    nox = os.environ.get("MFML_NOX")  # set by the noxfile: how nox was called
    return f"{nox} -s {name} -- {shlex.join(arguments)}" if nox else shlex.join(["mfml", name, *arguments])
