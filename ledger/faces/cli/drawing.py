"""The commands that draw a measure over time, and write the time machine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import click

from ledger.faces.cli.asking import (
    MEMBERS,
    asked,
    by_option,
    initiative_option,
    known_at_option,
    ledger_argument,
    measure_options,
)
from ledger.faces.cli.output import STDOUT
from ledger.faces.cli.program import OneCommand
from ledger.faces.cli.progress import at_work
from ledger.faces.cli.usage import DAY, Typed, as_usage, id_of
from ledger.faces.typed import require_span
from ledger.model.measures import Measure
from ledger.model.records import KnownAt
from ledger.stores.new_file import require_place, written_whole

replace_option = click.option("--replace", is_flag=True, help="Replace the file, if there is one.")


def _file_named(*endings: str, or_stdout: bool = False) -> Callable[[click.Context, click.Parameter, str], str]:
    """Refuse, before anything is drawn, the name of a file that would not say what is in it."""

    def checked(context: click.Context, parameter: click.Parameter, out: str) -> str:
        if out.lower().endswith(endings) or (or_stdout and out == STDOUT):
            return out
        piped = f", or be {STDOUT} for the standard output" if or_stdout else ""
        raise click.BadParameter(f"{out!r} should end in {' or '.join(endings)}{piped}", context, parameter)

    return checked


def _title(text: str) -> str:
    from ledger.faces.page import require_title  # noqa: PLC0415 - only a page needs it

    return require_title(text)


@click.command(cls=OneCommand)
@ledger_argument
@click.argument("out", metavar="OUT.(png|svg|html)", callback=_file_named(".png", ".svg", ".html"))
@initiative_option
@click.option("--from", "start", type=DAY, metavar="DAY", help="The first day; else some time before anything changed.")
@click.option("--to", "end", type=DAY, metavar="DAY", help="The last day; else some time after.")
@known_at_option
@measure_options
@by_option
@replace_option
def chart(
    db: str, out: str, initiative: str | None, start: date | None, end: date | None, known_at: KnownAt,
    measure: Measure | None, by: str | None, *, replace: bool,
) -> None:  # fmt: skip
    """Draw a figure over time, how many members there were unless another measure is given, to a new file.

    What is uncertain is a band, and what reports claimed is marked by whether it holds. It needs the extra "charts".

    \b
    mledger chart clubs.db members.svg
    mledger chart clubs.db dues.html --total dues --by city --from 2021-01-01
    """
    from ledger.faces.charts import save_chart  # noqa: PLC0415 - what draws is an extra

    if start is not None and end is not None:
        with as_usage():
            require_span(start, end)
    require_place(out, replace=replace)
    with asked(db, initiative, measure, by) as club, at_work("drawing the chart"):
        drawn = club.chart(measure or MEMBERS, by=by, start=start, end=end, known_at=known_at)
        save_chart(drawn, out, replace=replace)


@click.command(cls=OneCommand)
@ledger_argument
@click.argument("out", metavar="OUT.html", callback=_file_named(".html", ".htm", or_stdout=True))
@initiative_option
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    type=id_of("metric"),
    metavar="NAME",
    help="A metric to show; else all are. May be repeated.",
)
@click.option(
    "--by",
    multiple=True,
    type=id_of("attribute"),
    metavar="ATTRIBUTE",
    help="An attribute to group by; else all are. May be repeated.",
)
@click.option(
    "--title", type=Typed("text", _title), metavar="TEXT", help="What stands above it; else the name of the initiative."
)
@replace_option
def page(
    db: str, out: str, initiative: str | None, metrics: tuple[str, ...], by: tuple[str, ...], title: str | None,
    *, replace: bool,
) -> None:  # fmt: skip
    """Write a time machine: a page with a slider for the day, and one for what was known.

    It is one file that needs no network, and shows the members, the figures and the claims on any day. It needs the
    extra "documents". Where OUT is - it is written to the standard output.

    \b
    mledger page clubs.db clubs.html
    mledger page clubs.db clubs.html --by city --metric dues --replace
    """
    if out != STDOUT:
        require_place(out, replace=replace)
    with asked(db, initiative) as club, at_work("making the page"):
        written = club.page(metrics=metrics or None, by=by or None, title=title)
    if out == STDOUT:
        click.echo(written.encode(), nl=False)
        return
    with written_whole(out, replace=replace) as unfinished:
        unfinished.write_bytes(written.encode())
