"""Load a submission statement by statement, so that one bad line costs only what depends on it.

A file with a syntax error is split into its top-level blocks. Blocks that parse are kept at their line numbers.
Each top-level statement then runs separately in the worker: an exception is recorded with its line, and the next
statement runs.
`blocks_that_parse` only reads, and is also used outside the worker.
"""

from __future__ import annotations
import __future__

import ast
import builtins
import importlib.abc
import io
import linecache
import re
import sys
from collections.abc import Callable
from types import CodeType, ModuleType
from typing import Any

OFF_LIMITS = {
    "mfml": "mfml is the library that the exercises rebuild: write the function yourself",
    "solutions": "the solutions are not yours to import: write the function yourself",
}
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)  # what parsing and compiling raise
_BLOCK = re.compile(r"^(?![\s#)\]}\"']|(?:else|elif|except|finally)\b)")
_DEFINITION = re.compile(r"^(?:async\s+)?(?:def|class)\s+\w")
_MAX_STRINGS = 20  # in one block; each is another attempt to parse it


class Failure(dict[str, Any]):
    """What went wrong: `type`, `message`, `line`, `text` of the line, and `names` that it should have defined."""


def blocks_that_parse(source: str) -> tuple[ast.Module, list[Failure]]:
    """Parse a source without the top-level blocks that do not parse. These are returned as failures."""
    try:
        return ast.parse(source), []
    except UNREADABLE as error:
        whole = error
    lines = lines_of(source)
    bounds = [*_starts(lines), len(lines)]
    tree, failures, place = ast.Module([], []), [], 0
    while place < len(bounds) - 1:
        start = bounds[place]
        place, text, block = _block(lines, bounds, place)
        if isinstance(block, ast.Module):
            tree.body += ast.increment_lineno(block, start).body
        else:
            failures.append(syntax_failure(block, start, text))
    return tree, failures or [syntax_failure(whole, 0, source)]


def _starts(lines: list[str]) -> list[int]:
    """Return the lines at which a top-level block may start: the first, and every line that is not indented."""
    starts = {i for i, line in enumerate(lines) if _BLOCK.match(line)} | {0}
    return sorted(i for i in starts if not (i and lines[i - 1].startswith("@")))


def _block(lines: list[str], bounds: list[int], first: int) -> tuple[int, str, ast.Module | BaseException]:
    """Parse the block that begins at a bound. Returns the bound where it ends, its text, and what came of it."""
    last = first + 1
    for _ in range(_MAX_STRINGS):
        text = "".join(lines[bounds[first] : bounds[last]])
        try:
            return last, text, ast.parse(text)
        except UNREADABLE as error:
            found, further = error, _end_of_string(error, text, lines, bounds, last)
        if further is None:
            break
        last = further
    return last, text, found


def _end_of_string(error: BaseException, text: str, lines: list[str], bounds: list[int], last: int) -> int | None:
    """Return the bound after a string that goes on beyond a block, since its text is not indented.

    None for other errors, and for a string that was never closed: the next quotes are then those of another function.
    """
    if not isinstance(error, SyntaxError) or "unterminated triple-quoted" not in error.msg:
        return None
    opening = re.search(r"'{3}|\"{3}", lines_of(text)[(error.lineno or 1) - 1][(error.offset or 1) - 1 :])
    if opening is None:
        return None
    for line in range(bounds[last], len(lines)):
        if _DEFINITION.match(lines[line]):
            return None
        if opening.group() in lines[line]:
            return next(i for i in range(last, len(bounds)) if bounds[i] > line)
    return None


def lines_of(text: str) -> list[str]:
    """Split a text into lines as Python does: `str.splitlines` also cuts at form feeds, U+2028 and others."""
    return list(io.StringIO(text, newline=None))


def syntax_failure(error: BaseException, offset: int = 0, text: str | None = None) -> Failure:
    """Describe a syntax error. `text` is the block that holds it, `offset` the number of lines before the block.

    Without a text, the line comes from the error.
    """
    line = (getattr(error, "lineno", None) or 1) + offset
    lines = lines_of(text or "")
    shown = lines[line - offset - 1].strip() if 0 < line - offset <= len(lines) else ""
    if text is None:
        shown = linecache.getline(str(getattr(error, "filename", "")), line).strip()
        text = ""
    names = re.findall(r"^(?:async\s+)?(?:def|class)\s+(\w+)|^(\w+)\s*=", text, re.MULTILINE)
    message = getattr(error, "msg", None) or str(error)
    return Failure(type=type(error).__name__, message=message, line=line, text=shown, names=[a or b for a, b in names])


def defined_names(statement: ast.stmt) -> list[str]:
    """Return the names that a top-level statement defines, also within `if`, `for`, `try` and `with`."""
    found: list[str] = []
    ahead: list[ast.AST] = [statement]
    while ahead:
        node = ahead.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.append(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found += [(alias.asname or alias.name).split(".")[0] for alias in node.names]
        else:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.append(node.id)
            ahead += ast.iter_child_nodes(node)
    return found


def import_lines(source: str) -> set[int]:
    """Return the first lines of a submission's top-level statements that import, such as `try: import ...`."""
    return {s.lineno for s in blocks_that_parse(source)[0].body if _imports(s)}


def _imports(node: ast.AST) -> bool:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr):
        return False
    return isinstance(node, ast.Import | ast.ImportFrom) or any(map(_imports, ast.iter_child_nodes(node)))


class _Guard(importlib.abc.MetaPathFinder):
    """Refuses to import what would hand over the answer."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Raise ImportError for the library and the solutions. Other finders handle everything else."""
        reason = OFF_LIMITS.get(name.split(".")[0])
        if reason:
            raise ImportError(reason, name=name)


def guard_imports() -> None:
    """Make the library and the solutions impossible to import in this process."""
    for name in list(sys.modules):
        if name.split(".")[0] in OFF_LIMITS:
            del sys.modules[name]
    sys.meta_path.insert(0, _Guard())


def load(
    source: str,
    path: str,
    skip: set[int],
    before: Callable[[int], None],
    describe: Callable[[BaseException], Failure],
) -> tuple[dict[str, Any], list[Failure]]:
    """Run a submission's top-level statements one by one.

    Args:
        source: its text.
        path: its name in tracebacks.
        skip: first lines of statements to leave out, since they ended an earlier worker.
        before: called with the first line of each statement.
        describe: makes a failure of an exception.

    Returns:
        The module's namespace, and the failures.
    """
    module = ModuleType("submission")
    module.__file__ = path
    sys.modules["submission"] = module
    linecache.cache[path] = (len(source), None, lines_of(source), path)
    tree, failures = blocks_that_parse(source)
    namespace = module.__dict__
    namespace["__builtins__"] = builtins
    flags = 0
    for statement in tree.body:
        if statement.lineno in skip:
            continue
        before(statement.lineno)
        flags |= _future_flags(statement)
        try:
            exec(_compiled(statement, path, flags), namespace)
        except BaseException as error:
            failure = describe(error)
            failure.setdefault("line", statement.lineno)
            failures.append(Failure(failure, names=defined_names(statement)))
    return namespace, failures


def _future_flags(statement: ast.stmt) -> int:
    if not (isinstance(statement, ast.ImportFrom) and statement.module == "__future__"):
        return 0
    features = [getattr(__future__, alias.name, None) for alias in statement.names]
    return sum(feature.compiler_flag for feature in features if feature)


def _compiled(statement: ast.stmt, path: str, flags: int) -> CodeType:
    return compile(ast.Module([statement], []), path, "exec", flags=flags, dont_inherit=True)
