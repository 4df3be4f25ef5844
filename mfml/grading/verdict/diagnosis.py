"""What went wrong, in the course's words: one sentence, with the student's own line if it is known.

The descriptions come from a worker and are only text here: they are cut, never run, and earn no points.
"""

from __future__ import annotations

import re
import signal
from typing import Any

# By type of the exception, or a part of its message: what to say instead of JAX's own page of text.
_JAX_WORDS: tuple[tuple[str, str], ...] = (
    (
        r"TracerBoolConversionError",
        "while JAX traces it, an array has no value yet, so `if` and `while` cannot read it: use jnp.where or lax.cond",
    ),
    (
        r"TracerArrayConversionError",
        "while JAX traces it, NumPy cannot read an array that has no value yet: use jnp instead of np",
    ),
    (
        r"TracerIntegerConversionError",
        "while JAX traces it, an array cannot be an index or a size of Python: use jnp indexing or lax.fori_loop",
    ),
    (
        r"NonConcreteBooleanIndexError",
        "while JAX traces it, a mask cannot pick entries, since their number would be unknown: use jnp.where",
    ),
    (
        r"ConcretizationTypeError",
        "while JAX traces it, an array has no value yet: float(), int() and sizes that depend on values do not work;"
        " stay with jnp functions",
    ),
    (
        r"UnexpectedTracerError",
        "a value was kept outside the compiled function (in a global or a list): return it instead",
    ),
    (
        r"JAX arrays are immutable|does not support item assignment",
        "JAX arrays never change in place: write x = x.at[i].set(v) instead of x[i] = v",
    ),
    (
        r"dot_general requires contracting dimensions|matmul: Input operand|size .* is different from",
        "the shapes of a product do not fit: check which axes are multiplied and whether one array needs .T",
    ),
    (
        r"Incompatible shapes for broadcasting|got incompatible shapes|could not be broadcast",
        "the shapes do not fit together: print .shape of both sides",
    ),
    (
        r"vmap was requested to map its argument|vmap in_axes",
        "the function cannot be mapped over a batch: does it expect one sample or a whole batch?",
    ),
    (
        r"Gradient only defined for scalar-output",
        "jax.grad needs a function that returns one number: return a sum or a mean, of shape ()",
    ),
    (
        r"truth value of an array",
        "`if`, `and`, `or` and `not` need one True or False, not an array of them: use jnp.where, & and |",
    ),
    (
        r"missing \d+ required positional argument|takes (from )?\d+ (to \d+ )?positional arguments? but"
        r"|unexpected keyword argument",
        "a function was called with other arguments than it has: the parameters are those of the stub",
    ),
    (
        r"signature='\(m,m\),|Argument to \w+ must have shape \[\.\.\., n, n\]|[Ll]ast 2 dimensions .*must be square",
        "`jnp.linalg.solve` and `inv` need a square matrix, as many rows as columns, and a right-hand side that fits",
    ),
    (
        r"was reused|key reuse",
        "the same PRNG key was used twice: split it first with jax.random.split",
    ),
)
_GIVEN = (
    "This is not a fault of your answers: delete exercises/given.py, then bring it back with `mfml start .`"
    " (in a clone: `git checkout exercises/given.py`)"
)
_SPECIAL = {
    "SystemExit": "your code calls sys.exit, which would end Python: return a value instead",
    "KeyboardInterrupt": "your code raises KeyboardInterrupt",
    "RecursionError": "the function calls itself without end",
    "MemoryError": "your code asks for more memory than there is: look for an array that is too large",
}


def one_line(text: Any, limit: int = 300) -> str:
    """Turn any text into one printable line of limited length."""
    line = " ".join("".join(c if c.isprintable() or c.isspace() else "?" for c in str(text)).split())
    return line if len(line) <= limit else line[: limit - 3] + "..."


def error_sentence(error: dict[str, Any], file: str) -> str:
    """Describe an exception in one sentence: what happened, where, and what to do."""
    kind, message = one_line(error.get("type", "error"), 60), str(error.get("message", ""))
    words = _in_words(kind, message) or _SPECIAL.get(kind)
    first = one_line(message.strip().splitlines()[0] if message.strip() else "", 200)
    said = words or (f"{kind}: {first}" if first else kind)
    return said + where(error, file)


def _in_words(kind: str, message: str) -> str | None:
    """Say what many messages of JAX and NumPy mean; None for all others."""
    return next((said for pattern, said in _JAX_WORDS if re.search(pattern, f"{kind}: {message}")), None)


def meaning(kind: str, message: str) -> tuple[str, str]:
    """Return what two exceptions share that say the same: the words, else the type and the message without numbers."""
    words = _in_words(kind, message)
    return ("", words) if words else (kind, re.sub(r"-?\d+", "", message))


def where(error: dict[str, Any], file: str) -> str:
    """Give the student's own line of an exception, in brackets, if it is known."""
    line, text = error.get("line"), error.get("text")
    if not isinstance(line, int):
        return ""
    shown = f": `{one_line(text, 100)}`" if text else ""
    return f" ({file}, line {line}{shown})"


def failure_sentence(failure: dict[str, Any], file: str) -> str:
    """Describe a failed top-level statement in one sentence: a syntax error, an import, or anything else."""
    kind = one_line(failure.get("type", ""), 60)
    if kind in ("SyntaxError", "IndentationError", "TabError"):
        text = f"Python cannot read this: {one_line(failure.get('message', ''), 120)}"
    elif kind == "ModuleNotFoundError":
        text = f"{one_line(failure.get('message', ''), 120)}: only what the exercise imports is needed"
    else:
        return error_sentence(failure, file)
    return text + where(failure, file)


def death_sentence(outcome: dict[str, Any], check: str) -> tuple[str, str]:
    """Return state and sentence for an outcome without a value: timeout, memory, or end of the process."""
    ran = "not run, since an earlier check " if outcome.get("not_run") else ""
    where = "" if ran else f" on {check!r}"
    if "given" in outcome:
        fault = failure_sentence(outcome["given"], "exercises/given.py")
        return "grader fault", f"{fault}. {_GIVEN}"
    if "skipped" in outcome:
        lines = f"{outcome['skipped']} lines outside of functions"
        return "error", f"not run, since {lines} end Python or take too long: the notes name them"
    if "unit" in outcome:
        seconds = f"{float(outcome['timeout']):.0f} s"
        return "timeout", f"not run, since the whole unit took longer than {seconds}: look for loops that do not end"
    if "timeout" in outcome:
        seconds = f"{float(outcome['timeout']):.0f} s"
        advice = "look for a loop that does not end, or one so long that `jax.jit` cannot unroll it"
        return "timeout", f"{ran}took longer than {seconds}{where}: {advice}"
    if "memory" in outcome:
        return (
            "memory",
            f"{ran}used more than {float(outcome['memory']) / 1024:.1f} GB{where}: look for what grows",
        )
    if "grader" in outcome:
        return "grader fault", f"the grader failed: {one_line(outcome['grader'])}; this is not your fault"
    if "forged" in outcome:
        return "crashed", f"{ran}wrote into the grader's own results{where}: remove what does that"
    cause, advice = _ending(outcome.get("status"), one_line(outcome.get("said", ""), 120))
    return "crashed", f"{ran}ended the whole Python process{where}{cause}: {advice}"


def _ending(status: int | None, said: str) -> tuple[str, str]:
    """Return how a process ended, and what to do about it. A negative status is a signal."""
    if status is None or status >= 0:
        last = f", after {said!r}" if status and said else ""
        return f" (exit status {status}{last})" if status is not None else "", "remove os._exit, os.kill and the like"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = str(-status)
    broken = name in ("SIGSEGV", "SIGBUS", "SIGABRT", "SIGILL", "SIGFPE")
    advice = "look for ctypes and for recursion in compiled code" if broken else "remove os.kill and the like"
    return f" (signal {name})", advice
