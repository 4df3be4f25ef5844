"""What a file of the project imports, directly and through others, read from the text of the files.

Files are named by their paths from the root. A module that does not exist has a path too, so that what imports a
deleted file still reaches it. `from mfml.regression import ols` reaches `ols.py` and what that imports. It passes
through `regression/__init__.py`, of which only the file itself counts: else each module would reach all its siblings.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

ROOMS = ("benchmarks", "exercises", "mfml", "solutions", "tests", "units")
DOTTED = re.compile(r"\w+(\.\w+)+")
EXAMPLE = re.compile(r"^\s*(?:>>>|\.\.\.) (.*)", re.MULTILINE)


def names(tree: ast.AST) -> Iterator[str]:
    """Yield the full names that code imports, also inside functions, and in code that it holds as text."""
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom():
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            case ast.List(elts=parts):  # a command
                values = [part.value if isinstance(part, ast.Constant) else None for part in parts]
                yield from (f"{name}.__main__" for flag, name in pairwise(values) if flag == "-m")
            case ast.Constant(value=str(text)):
                yield from _names_in_text(text)


def _names_in_text(text: str) -> Iterator[str]:
    """Yield what `python -c text`, `import_module(text)` or a docstring's examples would import."""
    if DOTTED.fullmatch(text):
        yield text
    elif "import " in text:
        code = "\n".join(EXAMPLE.findall(text)) or text
        try:
            yield from names(ast.parse(code))
        except SyntaxError:  # prose
            return


class Graph:
    """The files below a root, and which of them each one reaches."""

    def __init__(self, root: Path):
        self.root = root
        self._links = cache(self._read)

    def reached(self, starts: Iterable[str]) -> set[str]:
        """Give the paths that these files reach, themselves included."""
        seen, waiting = set(starts), list(starts)
        passed: set[str] = set()
        while waiting:
            targets, through = self._links(waiting.pop())
            passed |= through
            waiting += targets - seen
            seen |= targets
        return seen | passed

    def _read(self, path: str) -> tuple[set[str], set[str]]:
        """Give the files that a file imports, and those that it passes through on the way."""
        file = self.root / path
        if file.suffix != ".py" or not file.is_file():
            return set(), set()
        targets, through = set(), set(self._initials(Path(path).parent))
        for name in set(names(ast.parse(file.read_text(encoding="utf-8")))):
            if name.split(".")[0] in ROOMS:
                found, others = self._resolve(name)
                targets |= found
                through |= others
        return targets, through

    def _resolve(self, name: str) -> tuple[set[str], set[str]]:
        """Find the module that a name means: the longest part of it that is a file."""
        parts = name.split(".")
        through: set[str] = set()
        for end in range(len(parts), 0, -1):
            path = "/".join(parts[:end])
            places = {f"{path}.py", f"{path}/__init__.py"}
            through |= places
            found = {place for place in places if (self.root / place).is_file()}
            if found:
                return found, through | set(self._initials(Path(path).parent))
        return set(), through

    @staticmethod
    def _initials(folder: Path) -> Iterator[str]:
        """Yield the `__init__.py` of a folder and of those around it."""
        return (f"{one}/__init__.py" for one in (folder, *folder.parents) if one != Path("."))
