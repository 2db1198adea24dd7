"""The program itself: its one group of commands, and what becomes of an error.

Every end has its exit code: 0; 1 for an error of the library or of a file, in words on stderr; 2 for wrong usage, in
one line; 130 where it was interrupted. Nobody sees a traceback.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Final

import click

from ledger.faces.cli.output import escaped, say
from ledger.faces.cli.wording import in_words_of_the_command
from ledger.model.errors import LedgerError

FAILED: Final = 1
INTERRUPTED: Final = 130


class OneCommand(click.Command):
    """A command, to whose own help its errors lead, whichever part of the line is wrong."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments, as click does."""
        with _told_of(ctx):
            return super().parse_args(ctx, args)


class Commands(click.Group):
    """A group of such commands, which is one itself."""

    command_class = OneCommand

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments, as click does."""
        with _told_of(ctx):
            return super().parse_args(ctx, args)


@contextmanager
def _told_of(context: click.Context) -> Iterator[None]:
    try:
        yield
    except click.UsageError as error:
        error.ctx = error.ctx or context  # click leaves it out where an option lacks what should follow it
        raise


class Program(Commands):
    """A group of commands that tells errors in its own words, and ends with the exit code that belongs to each."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002 - it is called as click calls it
        **extra: Any,
    ) -> Any:
        """Run the program and end it; with `standalone_mode=False` errors are raised, as by any group of click."""
        run = partial(super().main, args, prog_name, complete_var, standalone_mode=False, **extra)
        if not standalone_mode:
            return run()
        for stream in (sys.stdout, sys.stderr):
            _show_what_cannot_be_encoded(stream)
        sys.exit(_exit_code(run))


def _exit_code(run: Callable[[], Any]) -> int:
    try:
        code = run()  # where whoever reads has read enough, click ends it quietly
    except click.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        say(f"Error: {_in_one_line(error)}", err=True)
        return error.exit_code
    except LedgerError as error:
        return _failed(in_words_of_the_command(str(error)))
    except OSError as error:
        _let_go_of_stdout()
        return _failed(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    return code if isinstance(code, int) else 0


def _failed(reason: str) -> int:
    say(f"Error: {reason}", err=True)
    return FAILED


def _in_one_line(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = "mledger" if context is None else context.command_path
    return escaped(" ".join(f"{error.format_message()} (see {path} --help)".split()), keep="")


def _show_what_cannot_be_encoded(stream: Any) -> None:
    with suppress(AttributeError):  # a stream that is closed, or one of a test, has no such method
        stream.reconfigure(errors="backslashreplace")


def _let_go_of_stdout() -> None:
    """Send what is still to be written nowhere, so that Python does not fail to write it when it ends."""
    with suppress(OSError, ValueError, AttributeError):  # there may be no such file, as in a test
        stdout = sys.stdout.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stdout)
        os.close(nowhere)
