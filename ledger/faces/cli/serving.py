"""The command that serves a ledger to browsers."""

from __future__ import annotations

import webbrowser
from typing import Any

import click

from ledger.faces.cli.asking import ledger_argument, reading
from ledger.faces.cli.output import say
from ledger.faces.cli.program import OneCommand
from ledger.faces.cli.usage import as_usage


@click.command("serve", cls=OneCommand)
@ledger_argument
@click.option("--host", help="An address of this machine at which others are served; else it alone is.")
@click.option("--port", type=click.IntRange(0, 65_535), help="8001 unless given; 0 is any that is free.")
@click.option("--open", "show", is_flag=True, help="Open the home page in a browser.")
@click.option("--get", "address", metavar="ADDRESS", help="Print one page, such as /ledger/members.json, and end.")
def serve_(db: str, host: str | None, port: int | None, address: str | None, *, show: bool) -> None:
    """Serve the ledger to browsers, to be read and never written, until interrupted with Ctrl-C.

    There are its initiatives, and for each of them figures, members, a timeline, claims and histories, at any day and
    as known at any moment. Whoever can connect can read all of the file, also by SQL of their own. With --get it
    prints one page, and ends with exit code 1 where that could not be answered. It needs the extra "datasette".

    \b
    mledger serve clubs.db
    mledger serve clubs.db --port 8080 --open
    mledger serve clubs.db --get "/ledger/members.json?at=2022-12-31&_shape=array"
    """
    from ledger.faces.datasette import answer, serve  # noqa: PLC0415 - what serves is an extra

    with reading(db):
        pass  # or say at once that nothing is there
    if address is not None:
        with as_usage():
            status, text = answer(db, address)
        click.echo(text.encode(), nl=not text.endswith("\n"))
        if status != 200:
            raise click.exceptions.Exit(1)
        return

    def started(home: str) -> None:
        say(f"serving {db} at {home} - Ctrl-C ends it")
        if show:
            webbrowser.open(home)

    where: dict[str, Any] = {"host": host, "port": port}
    serve(db, **{name: value for name, value in where.items() if value is not None}, started=started)
