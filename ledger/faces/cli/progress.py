"""Signs of life, on stderr: how far a file has been read, and that something is being done which takes its time."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, BinaryIO

import click

from ledger.faces.cli.output import escaped

if TYPE_CHECKING:
    from rich.console import Console

progress_option = click.option(
    "--progress/--no-progress", default=None, help="Show how far it has got, on stderr; so it is in a terminal."
)


@contextmanager
def read_by_steps(binary: BinaryIO, name: str, size: int | None, *, progress: bool | None) -> Iterator[BinaryIO]:
    """Show how much of a file has been read, where that is asked for, or where somebody sits before a terminal.

    How much of a pipe is left nobody knows: its size is None.
    """
    if size is None or not _is_shown(progress=progress):
        with _spinning(f"reading {escaped(name, keep='')}", shown=_is_shown(progress=progress), stays=True):
            yield binary
        return
    from rich.markup import escape  # noqa: PLC0415 - it takes a tenth of a second, and scripts show nothing
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=_console()) as shown:
        task = shown.add_task(escape(f"reading {escaped(name, keep='')}"), total=size)
        yield shown.wrap_file(binary, task_id=task)


def recording(count: int, what: str = "event", *, progress: bool | None) -> AbstractContextManager[None]:
    """Show that what was read of a file is being recorded; the line stays, like that of the reading."""
    return _spinning(f"recording {count:,} {what}{'s' * (count != 1)}", shown=_is_shown(progress=progress), stays=True)


def at_work(doing: str) -> AbstractContextManager[None]:
    """Show before a terminal that something is being done; then nothing is left of it."""
    return _spinning(doing, shown=_is_shown(progress=None), stays=False)


@contextmanager
def _spinning(doing: str, *, shown: bool, stays: bool) -> Iterator[None]:
    """Show for how long something has been done by now, where nobody can say how much of it is left."""
    if not shown:
        yield
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415 - as above

    console = _console()
    spinner = SpinnerColumn("dots" if console.encoding.startswith("utf") else "line", finished_text=" ")
    columns = spinner, TextColumn("{task.description}", markup=False), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=not stays) as progress:
        task = progress.add_task(doing, total=None)
        yield
        progress.update(task, total=1, completed=1)


def _is_shown(*, progress: bool | None) -> bool:
    return sys.stderr is not None and (sys.stderr.isatty() if progress is None else progress)


def _console() -> Console:
    from rich.console import Console  # noqa: PLC0415 - as above

    return Console(stderr=True)
