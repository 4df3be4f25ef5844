"""Results in the terminal: a table of the unit, and the one sentence that helps."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from mfml.grading.show.commands import command
from mfml.grading.verdict.result import CheckResult, ExerciseResult, UnitResult

STYLES = {
    "right": "green",
    "wrong": "red",
    "error": "red",
    "timeout": "magenta",
    "memory": "magenta",
    "crashed": "magenta",
    "not attempted": "dim",
    "grader fault": "bold yellow",
}
MARKS = {"right": "✓", "not attempted": "·", "grader fault": "!"}
WIDE = 120  # columns of a terminal, from which there is room for sentences beside the table


def show(result: UnitResult, console: Console, *, single: bool = False) -> None:
    """Print a unit's table, its advice, and what to do next; with `single`, everything about each exercise instead."""
    if single:
        for exercise in result.exercises:
            console.print(render_one(exercise), crop=False)  # an example is to be pasted, so it has no line breaks
        for line in result.advice:
            console.print(Text(f"Note: {line}", style="yellow"))
        return
    ascii_only = console.encoding.lower().replace("-", "") not in ("utf8", "utf16")
    console.print(render(result, ascii_only=ascii_only, wide=console.width >= WIDE), crop=False)


def render(result: UnitResult, *, ascii_only: bool = False, wide: bool = True) -> RenderableType:
    """A unit's result for rich. What was seen of each exercise stands beside the table or, unless `wide`, below it."""
    title = Text(f"Unit {result.unit}. {result.title}", style="bold")
    parts: list[RenderableType] = [title, _table(result, ascii_only, wide)]
    if not wide and (remarks := _remarks(result)).row_count:
        parts += [Text(), remarks]
    parts.append(Text(f"{result.score} of {result.max_score} points", style="bold"))
    parts += [Text(f"Note: {line}", style="yellow") for line in result.advice]
    parts.append(_next_step(result))
    return Group(*parts)


def _remarks(result: UnitResult) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for exercise in result.exercises:
        if text := _remark(exercise, below=exercise is result.next_exercise):
            table.add_row(Text(exercise.id, style=STYLES[exercise.state]), Text(text))
    return table


def _table(result: UnitResult, ascii_only: bool, wide: bool) -> Table:
    table = Table(
        box=None,
        pad_edge=False,
        header_style="dim",
    )
    table.add_column("Exercise", no_wrap=True)
    table.add_column("Function", no_wrap=True)
    table.add_column("State", no_wrap=True)
    table.add_column("Points", justify="right", no_wrap=True)
    if wide:
        table.add_column("What we saw", overflow="fold")
    for exercise in result.exercises:
        style = STYLES[exercise.state]
        mark = MARKS.get(exercise.state, "✗")
        mark = {"✓": "+", "✗": "x", "·": "-"}.get(mark, mark) if ascii_only else mark
        remark = Text(_remark(exercise, below=exercise is result.next_exercise))  # plain: no markup, no emoji in code
        table.add_row(
            exercise.id,
            exercise.name,
            Text(f"{mark} {exercise.state}", style=style),
            f"{exercise.points}/{exercise.max_points}",
            *([remark] if wide else []),
        )
    return table


def _remark(exercise: ExerciseResult, *, below: bool) -> str:
    if exercise.state in ("right", "not attempted"):
        return ""
    right = sum(check.state == "right" for check in exercise.checks)
    failed = next(check for check in exercise.checks if check.state != "right")
    said = "see below" if below else exercise.mistake or exercise.question or _message(failed)
    seen = f" ({right} of {len(exercise.checks)} checks right)" if right else ""
    return f"{failed.name}: {said}{seen}"


def _message(check: CheckResult) -> str:
    """What to say of a check beside its name, which some messages repeat."""
    return check.message.removesuffix(f": {check.name}").removeprefix(f"{check.name}: ")


def _next_step(result: UnitResult) -> RenderableType:
    exercise = result.next_exercise
    if exercise is None:
        hidden = any(check.hidden for e in result.exercises for check in e.checks)
        note = " Your instructor's hidden inputs may be others." if hidden else ""
        lines = [Text(f"All right: {result.score} of {result.max_score} points.{note}", style="bold green")]
        lines += [Text.assemble((f"{e.id} ", "dim"), e.why) for e in result.exercises]
        return Group(*lines)
    if exercise.state == "not attempted":
        begin = "Start with" if all(e.state == "not attempted" for e in result.exercises) else "Next"
        what = (f"{begin} {exercise.id} `{exercise.name}`", "bold")
        where = f" Complete it in {result.path}." if result.path else ""
        return Text.assemble(what, f": {exercise.title}.{where}\nA nudge: {command('hint', exercise.id)}")
    return _report(exercise)


def _report(exercise: ExerciseResult) -> RenderableType:
    """What there is to say about a wrong exercise, without a frame: an example is to be copied."""
    body: list[RenderableType] = [Text(exercise.message)]
    if exercise.mistake or exercise.question:
        failed = next(check for check in exercise.checks if check.state != "right")
        body.append(Text(f"Seen on {failed.name!r}: {_message(failed)}", style="dim"))
    if exercise.example:
        example = Text(exercise.example, no_wrap=True, overflow="ignore")
        body += [Text("\nTo see it yourself:", style="dim"), example]
    body.append(Text(f"\nStuck? {command('hint', exercise.id)}", style="dim"))
    title = Rule(Text(f"{exercise.id} {exercise.name}", style="bold"), align="left", style="red")
    return Group(Text(), title, *body)


def render_one(exercise: ExerciseResult) -> RenderableType:
    """One exercise with all its checks, for rich."""
    table = Table(box=None, pad_edge=False, header_style="dim", title_justify="left", title_style="bold")
    table.title = f"{exercise.id} {exercise.name}: {exercise.title}. {exercise.points} of {exercise.max_points} points"
    for name in ("Check", "State", "Points", "What we saw"):
        table.add_column(name, overflow="fold", justify="right" if name == "Points" else "left")
    for check in exercise.checks:
        points = f"{check.points}/{check.max_points}"
        table.add_row(Text(check.name), Text(check.state, style=STYLES[check.state]), points, Text(_message(check)))
    if exercise.state == "right":
        return Group(table, Text(exercise.why, style="green"))
    if exercise.state == "not attempted":
        return Group(table, Text(f"A nudge: {command('hint', exercise.id)}"))
    return Group(table, _report(exercise))
