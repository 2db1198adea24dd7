"""Commands that list: what was recorded, the newest first, and what there are records of."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice

import click

import ledger
from ledger.faces.cli.asking import initiative_option, ledger_argument, reading
from ledger.faces.cli.output import Output, Row, output_options, told_options
from ledger.faces.cli.program import OneCommand
from ledger.faces.columns import RECORD
from ledger.faces.tables import Table
from ledger.initiative import NAMED
from ledger.model.records import Record
from ledger.model.when import instant_text
from ledger.queries.history import HistoryEntry

INITIATIVES = "initiatives"


@click.command(cls=OneCommand)
@ledger_argument
@initiative_option
@click.option(
    "-n", "--number", type=click.IntRange(0), default=20, show_default=True, metavar="COUNT",
    help="So many records; 0 is all of them.",
)  # fmt: skip
@told_options
def log(db: str, initiative: str | None, number: int, output: Output) -> None:
    """Show the newest records, of all initiatives unless one is named, the last one first.

    Each has a position, by which retract, correct and prove take it.

    \b
    mledger log clubs.db --text
    mledger log clubs.db -n 5 -t
    mledger log clubs.db -i chess-club -n 0 --csv
    """
    with reading(db) as book:
        records = _newest(book, initiative, number)
    output.tell((_line(one) for one in records), Table(RECORD, records))


def _newest(book: ledger.Ledger, initiative: str | None, number: int) -> list[Record]:
    if initiative is not None:
        records = book.initiative(initiative).records()
    else:
        size = book.head.size
        records = islice(book.records(after=max(0, size - number) if number else 0), size)
    return list(reversed(deque(records, maxlen=number or None)))


def _line(record: Record) -> str:
    moment = instant_text(record.recorded_at)[:16].replace("T", " ")
    return f"{record.position}  {moment}  {record.initiative}: {HistoryEntry(record)}"


@click.command(cls=OneCommand)
@ledger_argument
@click.argument("kind", type=click.Choice([INITIATIVES, *(f"{subject}s" for subject in NAMED)]), default=INITIATIVES)
@initiative_option
@output_options
def names(db: str, kind: str, initiative: str | None, output: Output) -> None:
    """List what the ledger holds records of: its initiatives, or their members, metrics, reports or attributes.

    Members are all that ever were; show says who is one. Each initiative has a row that says how many there are.

    \b
    mledger names clubs.db -t
    mledger names clubs.db members
    mledger names clubs.db metrics -i chess-club --csv
    """
    with reading(db) as book:
        chosen = book.initiatives() if initiative is None else [initiative]
        clubs = [book.initiative(one) for one in chosen]
        output.write(_counted(clubs) if kind == INITIATIVES else _named(clubs, kind.removesuffix("s")))


def _counted(clubs: list[ledger.Initiative]) -> Iterator[Row]:
    for club in clubs:
        state = club.today()
        counts = {f"{subject}s": len(club.names(subject)) for subject in NAMED}
        yield {"initiative": club.id, "name": state.name, "records": state.version, **counts}


def _named(clubs: list[ledger.Initiative], subject: str) -> Iterator[Row]:
    return ({"initiative": club.id, subject: name} for club in clubs for name in club.names(subject))
