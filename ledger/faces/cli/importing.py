"""Commands that exchange with other programs: sheets and ledgers read in, and ledgers written out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import wraps
from typing import Any

import click
from attrs import evolve

from ledger.exchange import Amounts, RejectsFile, Table, from_lines, spells, to_lines, values, wide_values
from ledger.faces.cli.asking import ledger_argument, reading, recorded_in, writing
from ledger.faces.cli.events import event_options
from ledger.faces.cli.files import Asked, label_option, read_text, sheet_options, text_of
from ledger.faces.cli.output import Command, Output, output_options, say
from ledger.faces.cli.program import Commands, OneCommand
from ledger.faces.cli.progress import progress_option, recording
from ledger.faces.cli.recording import Terms, new_option, terms_options
from ledger.faces.cli.trusting import head_option
from ledger.faces.cli.usage import WHEN, as_usage
from ledger.model.events import Event, ReportPublished
from ledger.model.records import Record
from ledger.model.when import When

file_argument = click.argument("file")


def lenient_options(command: Command) -> Command:
    """Give a command the options by which one bad row need not stop the others; it takes them as `rejects`."""

    @click.option("--lenient", is_flag=True, help="Record what is right, and set every other row aside.")
    @click.option("--rejects", metavar="FILE", help="With --lenient: the new file for these rows, with their reasons.")
    @wraps(command)
    def with_rejects(**given: Any) -> None:
        if given.pop("lenient") != (given["rejects"] is not None):
            raise click.UsageError("--lenient and --rejects go together: no row that is set aside may vanish")
        command(**given)

    return with_rejects


def _sheet_command(command: Command) -> Command:
    """Give a command the options that all sheets share."""
    return terms_options(new_option(lenient_options(progress_option(output_options(click.pass_obj(command))))))


@click.group("import", cls=Commands, no_args_is_help=False)
@ledger_argument
@click.pass_context
def import_(context: click.Context, db: str) -> None:
    """Record what a file holds: sheets (CSV, TSV or JSON) of members, amounts or claims, or another ledger.

    FILE is a path, or - for the standard input. Of a sheet that is read again, with the same --source, only what is
    new in it is recorded.

    \b
    mledger import clubs.db members members.csv --end-inclusive --source members.csv
    mledger import clubs.db values dues.tsv --lenient --rejects dues-rejects.csv
    mledger import clubs.db wide emissions.csv --amounts co2_mt co2 Mt/year -c effective=year
    mledger import clubs.db records clubs.jsonl
    """
    context.obj = db


@import_.command()
@file_argument
@sheet_options("member", "start", optional=("name", "end"))
@click.option("--attribute", "attributes", multiple=True, metavar="COLUMN", help="Take this column, and no others.")
@click.option("--no-attributes", is_flag=True, help="Take no other columns.")
@click.option("--end-inclusive", is_flag=True, help="An end is the last day inside, not the first day outside.")
@click.option("--unknown-start", type=WHEN, metavar="WHEN", help="What stands for a blank start, such as '[..1990]'.")
@_sheet_command
def members(
    db: str, file: str, sheet: Asked, attributes: tuple[str, ...], unknown_start: When | None, rejects: str | None,
    initiative: str | None, terms: Terms, output: Output, *, no_attributes: bool, end_inclusive: bool, new: bool,
    progress: bool | None,
) -> None:  # fmt: skip
    """Record spells of membership, one in each row: member, name, start, end, and other columns as attributes.

    A blank end is a member still. Find out what the file means by an end: the first day outside, or, with
    --end-inclusive, the last day inside.

    \b
    mledger import clubs.db members members.csv --end-inclusive
    mledger import clubs.db members parties.csv -c member=code -c start=since -c end= --attribute region
    """
    if attributes and no_attributes:
        raise click.UsageError("--attribute and --no-attributes are two things to say of columns: give one")
    chosen = attributes or (() if no_attributes else None)
    with sheet.opened(file, progress=progress) as (text, how):
        table = spells(
            text, attributes=chosen, end_inclusive=end_inclusive, unknown_start=unknown_start,
            lenient=rejects is not None, **how,
        )  # fmt: skip
    _record_sheet(db, initiative, table, rejects, terms, output, new=new, progress=progress)


@import_.command("values")
@file_argument
@sheet_options("metric", "effective", "amount", optional=("member", "unit", "reading", "period", "quality"))
@_sheet_command
def values_(
    db: str, file: str, sheet: Asked, rejects: str | None, initiative: str | None, terms: Terms, output: Output, *,
    new: bool, progress: bool | None,
) -> None:  # fmt: skip
    """Record amounts, one in each row: member, metric, effective, amount, and if there are such unit and reading.

    A blank member is the initiative as a whole. Metrics are defined before.

    \b
    mledger import clubs.db values dues.csv
    mledger import clubs.db values totals.csv -c member= -c amount=mt_co2
    """
    with sheet.opened(file, progress=progress) as (text, how):
        table = values(text, lenient=rejects is not None, **how)
    _record_sheet(db, initiative, table, rejects, terms, output, new=new, progress=progress)


@import_.command()
@file_argument
@click.option("--amounts", nargs=3, multiple=True, metavar="COLUMN METRIC UNIT", help="What a column of amounts holds.")
@click.option(
    "--amounts-at", nargs=4, multiple=True, metavar="COLUMN METRIC UNIT WHEN", help="The same, all of one date."
)
@sheet_options("effective", optional=("member",))
@_sheet_command
def wide(
    db: str, file: str, amounts: tuple[tuple[str, str, str], ...], amounts_at: tuple[tuple[str, str, str, str], ...],
    sheet: Asked, rejects: str | None, initiative: str | None, terms: Terms, output: Output, *, new: bool,
    progress: bool | None,
) -> None:  # fmt: skip
    """Record amounts that stand in columns of their own, one for each metric or for each year.

    \b
    mledger import clubs.db wide emissions.csv --amounts co2_mt co2 Mt/year --amounts jobs jobs ""
    mledger import clubs.db wide by-year.csv --amounts-at 1990 co2 Mt/year 1990 --amounts-at 2019 co2 Mt/year 2019
    """
    if not amounts and not amounts_at:
        raise click.UsageError("Missing option '--amounts' or '--amounts-at'.")
    with as_usage():
        columns = {column: Amounts(metric, unit) for column, metric, unit in amounts}
        columns |= {column: Amounts(metric, unit, when) for column, metric, unit, when in amounts_at}
    with sheet.opened(file, progress=progress) as (text, how):
        table = wide_values(text, columns, lenient=rejects is not None, **how)
    _record_sheet(db, initiative, table, rejects, terms, output, new=new, progress=progress)


def _record_sheet(
    db: str, initiative: str | None, table: Table[Event], rejects: str | None, terms: Terms, output: Output, *,
    new: bool, progress: bool | None,
) -> None:  # fmt: skip
    with recorded_in(db, initiative, new=new) as club, recording(len(table), progress=progress):
        done = club.record_sheet(table, rejects=rejects, **terms)
    _tell_of_rejects(len(done.rejected), rejects)
    output.write([done.to_row()])


def _tell_of_rejects(count: int, rejects: str | None) -> None:
    if count:
        say(f"{count} row{'s were' if count > 1 else ' was'} set aside, each with its reason: {rejects}", err=True)


@import_.command("claims")
@file_argument
@sheet_options("measure", "amount", optional=("at", "unit", "reading", "definition", "text"))
@label_option
@event_options(ReportPublished, without=["claims"])
@_sheet_command
def claims_(
    db: str, file: str, sheet: Asked, labels: tuple[tuple[str, str], ...], said: Terms, rejects: str | None,
    initiative: str | None, terms: Terms, output: Output, *, new: bool, progress: bool | None,
) -> None:  # fmt: skip
    """Record a report with the figures of a sheet, one in each row: measure, amount, at and others.

    \b
    mledger import clubs.db claims published.csv --report annual-2023 --effective 2024-03-01 \\
        --label "of them in Bilbao" "share of members where city is Bilbao in members"
    """
    with as_usage():
        report = ReportPublished(**said)
    table = sheet.claims(file, labels, lenient=rejects is not None, progress=progress)
    report = evolve(report, claims=table)
    with (
        recorded_in(db, initiative, new=new) as club,
        RejectsFile(table, rejects) as aside,
        recording(len(report.claims), "claim", progress=progress),
    ):
        aside.write(table.rejected)
        records = club.record(report, **terms)
    _tell_of_rejects(len(table.rejected), rejects)
    output.write(record.to_row() for record in records)


@import_.command()
@file_argument
@head_option
@click.option("--anew", is_flag=True, help="Into a ledger of another history: the rules are asked, instants are new.")
@progress_option
@output_options
@click.pass_obj
def records(db: str, file: str, head: str | None, output: Output, *, anew: bool, progress: bool | None) -> None:
    """Write the records of another ledger, as export printed them: all of them, or none.

    They stay what they are, in a ledger that is empty or holds the beginning of the same history. With --head they
    must be those that a published head was made of.

    \b
    mledger export clubs.db > clubs.jsonl
    mledger init copy.db && mledger import copy.db records clubs.jsonl --head published.txt
    """
    published = None if head is None else read_text(head)
    with writing(db) as book, ExitStack() as stage:
        count = book.import_records(_records_of(file, stage, progress=progress), published, anew=anew)
    output.write([{"recorded": count}])


def _records_of(file: str, stage: ExitStack, *, progress: bool | None) -> Iterator[Record]:
    """Read the records of a file, and show the reading; and then, for as long as the stage lasts, the recording."""
    count = 0
    for record in from_lines(stage.enter_context(text_of(file, progress=progress))):
        count += 1
        yield record
    stage.close()
    stage.enter_context(recording(count, "record", progress=progress))


@click.command(cls=OneCommand)
@ledger_argument
@click.option("--after", type=click.IntRange(0), default=0, help="Only the records past that position.")
def export(db: str, after: int) -> None:
    """Print all records as JSON Lines, in the JSON format of CloudEvents 1.0.

    \b
    mledger export clubs.db > clubs.jsonl
    mledger export clubs.db --after 100 | grep member-left
    """
    with reading(db) as book:
        for line in to_lines(book, after):
            click.echo(f"{line}\n".encode(), nl=False)
