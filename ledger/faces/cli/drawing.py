"""The command that draws a measure over time."""

from __future__ import annotations

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
from ledger.model.measures import Measure
from ledger.model.records import KnownAt


@click.command()
@ledger_argument
@click.argument("out", metavar="OUT.(png|svg|html)")
@initiative_option
@click.option("--from", "start", metavar="DAY", help="The first day; else some time before anything changed.")
@click.option("--to", "end", metavar="DAY", help="The last day; else some time after.")
@known_at_option
@measure_options
@by_option
def chart(
    db: str, out: str, initiative: str | None, start: str | None, end: str | None, known_at: KnownAt,
    measure: Measure | None, by: str | None,
) -> None:  # fmt: skip
    """Draw a figure over time, how many members there were unless another measure is given, to a new file or over it.

    What is uncertain is a band, and what reports claimed is marked by whether it holds. It needs the extra "charts".

    \b
    mledger chart clubs.db members.svg
    mledger chart clubs.db dues.html --total dues --by city --from 2021-01-01
    """
    from ledger.faces.charts import save_chart  # noqa: PLC0415 - what draws is an extra

    with asked(db, initiative) as club:
        drawn = club.chart(measure or MEMBERS, by=by, start=start, end=end, known_at=known_at)
        save_chart(drawn, out)
