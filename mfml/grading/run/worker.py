"""The worker: it loads a student's file, calls its functions on given inputs, and returns values.

It never sees an expected output. It gets one job, a packed value, and writes frames (four bytes of length, then
a packed value) to a separate file descriptor; standard output and error are the student's. It runs in a child
of the fork server or, on systems without fork, as `python -m mfml.grading.run.worker JOB`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import Any, BinaryIO

import jax

from mfml.grading.run import bridge, loader
from mfml.grading.run.values import Refused, pack, unpack

MEGABYTE = 2**20


def write_frame(stream: BinaryIO, event: dict[str, Any]) -> None:
    """Write one event as a frame."""
    data = pack(event)
    stream.write(len(data).to_bytes(4, "little") + data)
    stream.flush()


def limit_resources(megabytes: int, seconds: float) -> None:
    """Set the limits that the operating system enforces: address space, CPU time, file size, core dumps."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        hard = int(seconds) + 5
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))
        resource.setrlimit(resource.RLIMIT_FSIZE, (256 * MEGABYTE, 256 * MEGABYTE))
        # JAX reserves address space that it never uses; actual use is watched from outside.
        space = max(8192, 4 * megabytes) * MEGABYTE
        resource.setrlimit(resource.RLIMIT_AS, (space, space))


def run(job: dict[str, Any], results: BinaryIO) -> None:
    """Do one job: load the submission, then make every call, and tell an event before and after each."""

    def tell(**event: Any) -> None:
        write_frame(results, event)

    try:
        given = _given(job["given"], job["needs"])
    except (Exception, SystemExit) as error:
        return tell(event="unready", failure=describe_error(error, job["given"]))
    tell(event="ready")
    _configure(job["compiled"])
    path = job["path"]
    sys.path[:] = [entry for entry in sys.path if entry not in ("", job["root"])]
    loader.guard_imports()
    namespace, failures = loader.load(
        job["source"],
        path,
        set(job["skip"]),
        before=lambda line: tell(event="loading", line=line),
        describe=lambda error: describe_error(error, path),
    )
    _use_cpu()
    tell(event="loaded", failures=failures)
    for exercise in job["exercises"]:
        function = namespace.get(exercise["name"])
        for name, outcome in outcomes(function, exercise, given, path, tell):
            try:
                tell(event="done", exercise=exercise["name"], check=name, **outcome)
            except Refused as refusal:
                tell(event="done", exercise=exercise["name"], check=name, refused=str(refusal))
            except Exception as error:  # an object that takes itself for an array
                tell(event="done", exercise=exercise["name"], check=name, error=describe_error(error, path))
    with contextlib.suppress(Exception):  # whatever a submission has put in its place
        sys.stdout.flush()  # before "end", after which this process may be killed
    return tell(event="end")


def outcomes(
    function: Any, exercise: dict[str, Any], given: ModuleType, path: str, tell: Callable[..., None]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name and outcome of each check of an exercise.

    All calls are compiled together if possible, since compiling every primitive of every call takes seconds.
    After an error, or with a function that cannot be traced, each check is called separately.
    """
    name, checks = exercise["name"], exercise["checks"]
    tell(event="start", exercise=name, check=checks[0]["name"])
    if not callable(function):
        yield from ((check["name"], {"missing": True}) for check in checks)
        return
    if exercise["together"]:
        made = []
        with contextlib.suppress(BaseException):
            made = _call_together(
                function, checks, given, lambda i: tell(event="start", exercise=name, check=checks[i]["name"])
            )
        if made:
            yield from made
            return
    for check in checks:
        start = partial(tell, event="start", exercise=name, check=check["name"])
        start()
        yield check["name"], call_once(function, check, given, path, start)


def _call_together(
    function: Callable[..., Any],
    checks: list[dict[str, Any]],
    given: ModuleType,
    before: Callable[[int], None],
) -> list[tuple[str, dict[str, Any]]]:
    """Make all checks in one compiled call. The first is called twice; the check under jit is the first again."""
    ran = [check for check in checks if check["call"] != "jit"]
    again = ran[0]
    calls = [
        bridge.Call(function, bridge.to_jax(check["inputs"], given), check["call"], tuple(check["over"]))
        for check in [*ran, again]
    ]
    made = bridge.together(calls, lambda i: before(min(i, len(ran) - 1)))
    before(len(checks) - 1)
    outcomes: list[tuple[str, dict[str, Any]]] = []
    for check, (value, moved) in zip(ran, made, strict=False):
        outcome: dict[str, Any] = {"value": bridge.from_jax(value, given)}
        outcome |= _arguments_after(moved, given)
        outcomes.append((check["name"], outcome))
    first = outcomes[0][1]
    first["again"] = bridge.from_jax(made[-1][0], given)
    outcomes += [(check["name"], {"value": first["value"]}) for check in checks if check["call"] == "jit"]
    return outcomes


def _given(path: str, needs: list[str]) -> ModuleType:
    """Make `exercises.given` importable for the submission. Raises if a function that the inputs name is missing."""
    spec = importlib.util.spec_from_file_location("exercises.given", path)
    assert spec is not None and spec.loader is not None
    given = importlib.util.module_from_spec(spec)
    package = ModuleType("exercises")
    package.__path__ = []
    package.given = given  # type: ignore[attr-defined]
    sys.modules.update({"exercises": package, "exercises.given": given})
    spec.loader.exec_module(given)
    for name in needs:
        getattr(given, name)
    return given


def _use_cpu() -> None:
    """Choose the device, also after a submission that asks for a GPU, as its author's machine may have one."""
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_platform_name", None)


def _configure(compiled: str | None) -> None:
    _use_cpu()
    jax.config.update("jax_disable_most_optimizations", True)  # inputs are small: compiling takes the time
    if compiled:
        jax.config.update("jax_compilation_cache_dir", compiled)
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def call_once(
    function: Callable[..., Any], check: dict[str, Any], given: ModuleType, path: str, start: Callable[[], None]
) -> dict[str, Any]:
    """Call a function as a check asks. `start` announces a second call, since the time limit holds for one call.

    Returns `value`, `again` (a second call's value) if the check asks for it, and `arguments` after the call if they
    hold something that can be changed. Returns `error` instead if the call raised.
    """
    try:
        arguments = bridge.to_jax(check["inputs"], given)
        value = _finished(bridge.evaluate(function, arguments, check["call"], tuple(check["over"])))
        outcome: dict[str, Any] = {"value": bridge.from_jax(value, given)}
        outcome |= _arguments_after(arguments, given)
        if check["repeat"]:
            fresh = bridge.to_jax(check["inputs"], given)
            start()
            again = _finished(bridge.evaluate(function, fresh, check["call"], tuple(check["over"])))
            outcome["again"] = bridge.from_jax(again, given)
    except BaseException as error:
        return {"error": describe_error(error, path)}
    return outcome


def _arguments_after(arguments: dict[str, Any], given: ModuleType) -> dict[str, Any]:
    """Return the arguments that a function could change: dicts and lists."""
    changeable = {name: value for name, value in arguments.items() if isinstance(value, dict | list)}
    return {"arguments": bridge.from_jax(changeable, given)} if changeable else {}


def _finished(value: Any) -> Any:
    """Wait for the device, so that its errors are raised here."""
    with contextlib.suppress(TypeError):
        jax.block_until_ready(value)
    return value


def describe_error(error: BaseException, path: str) -> loader.Failure:
    """Describe an exception: its type, its message and the student's own line."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return loader.syntax_failure(error)
    failure = loader.Failure(type=type(error).__name__, message=_message(error))
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    if frames:
        failure.update(line=frames[-1].lineno, text=(frames[-1].line or "").strip())
        if frames[-1].name != frames[0].name:
            failure["function"] = frames[-1].name  # one that was called by the function that was graded
    return failure


def _message(error: BaseException) -> str:
    try:
        return str.__str__(str(error))[:2000]
    except BaseException:
        return ""


def main(job_path: str) -> None:
    """Run as a process: send results to the original standard output, and the student's prints to standard error."""
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with open(job_path, "rb") as file:
        job = unpack(file.read())
    limit_resources(job["megabytes"], job["cpu_seconds"])
    run(job, results)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
