"""Commands that explain: what changed and why, what was recorded of whom, which claims hold, where sources disagree."""

from __future__ import annotations

import click

from ledger.faces.cli.asking import (
    MEMBERS,
    asked,
    initiative_option,
    known_at_option,
    ledger_argument,
    measure_options,
)
from ledger.faces.cli.files import Asked, label_option, sheet_options
from ledger.faces.cli.output import Output, told_options
from ledger.faces.cli.program import OneCommand
from ledger.faces.cli.progress import at_work
from ledger.faces.cli.usage import POINT, id_of
from ledger.model.measures import Measure
from ledger.model.records import KnownAt
from ledger.queries.checks import CONTRADICTED
from ledger.queries.points import PointLike


@click.command(cls=OneCommand)
@ledger_argument
@click.argument("a", type=POINT)
@click.argument("b", type=POINT)
@initiative_option
@told_options
def compare(db: str, a: PointLike, b: PointLike, initiative: str | None, output: Output) -> None:
    """Show what differs between two points, A and B.

    A point is a day, or a day and the moment by which it was known, with an @ between them. Two days tell what
    changed in the world, two moments of one day what was learned since.

    \b
    mledger compare clubs.db 2021-12-31 2022-12-31 --text
    mledger compare clubs.db 2022-12-31@2023-01-01T00:00:00Z 2022-12-31 -t
    """
    with asked(db, initiative) as club:
        changes = club.compare(a, b)
        output.tell([changes], changes)


@click.command(cls=OneCommand)
@ledger_argument
@click.argument("a", type=POINT)
@click.argument("b", type=POINT)
@initiative_option
@measure_options
@click.option("--effects", is_flag=True, help="A row for each member's effect, instead of a bridge of all kinds.")
@told_options
def why(
    db: str, a: PointLike, b: PointLike, initiative: str | None, measure: Measure | None, output: Output, *,
    effects: bool,
) -> None:  # fmt: skip
    """Show why a figure changed from one point, A, to another one, B: how many members, unless a measure is given.

    The rows are a bridge from the one to the other, whose lines sum exactly. A point is as for compare.

    \b
    mledger why clubs.db 2021-12-31 2022-12-31 --text
    mledger why clubs.db 2021-12-31 2022-12-31 --total dues --effects
    """
    with asked(db, initiative, measure) as club:
        with at_work("finding out why"):
            found = club.why(measure or MEMBERS, a, b)
        told = found if effects else found.bridge()
        output.tell([told], told)


@click.command(cls=OneCommand)
@ledger_argument
@click.argument("member", type=id_of("member"), required=False)
@initiative_option
@click.option(
    "--metric", type=id_of("metric"), metavar="ID", help="The records on a metric, or on the MEMBER's values of it."
)
@click.option("--report", type=id_of("report"), metavar="ID", help="The records on a report.")
@told_options
def history(
    db: str, member: str | None, initiative: str | None, metric: str | None, report: str | None,
    output: Output,
) -> None:  # fmt: skip
    """Show every record on a MEMBER, a metric or a report, in order of effect, also those taken back.

    \b
    mledger history clubs.db ada --text
    mledger history clubs.db ada --metric dues
    mledger history clubs.db --report letter -t
    """
    if member is None and metric is None and report is None:
        raise click.UsageError("a history is of something: name a MEMBER, --metric or --report")
    if report is not None and (member, metric) != (None, None):
        raise click.UsageError("--report goes without a MEMBER and --metric")
    with asked(db, initiative) as club:
        entries = club.history(member, metric=metric, report=report)
        output.tell(entries, entries)


@click.command(cls=OneCommand)
@ledger_argument
@initiative_option
@click.option("--report", metavar="ID", help="The claims of that report alone.")
@known_at_option
@click.option("--claims", "file", metavar="FILE", help="The claims of a sheet, instead of those recorded.")
@sheet_options("measure", "amount", optional=("at", "unit", "reading", "definition", "text"))
@label_option
@click.option("--fail", is_flag=True, help="End with exit code 1 where a claim is contradicted.")
@told_options
def audit(
    db: str, initiative: str | None, report: str | None, known_at: KnownAt, file: str | None, sheet: Asked,
    labels: tuple[tuple[str, str], ...], output: Output, *, fail: bool,
) -> None:  # fmt: skip
    """Hold every published claim against the replay of its day.

    Each is confirmed, contradicted, unverifiable or not comparable, as known now and as it was known when the report
    was recorded. With --claims those of a CSV, TSV or JSON file are, which nobody has recorded.

    \b
    mledger audit clubs.db --text
    mledger audit clubs.db --report letter -t
    mledger audit clubs.db --claims published.csv --label Members members --fail
    """
    if report is not None and file is not None:
        raise click.UsageError("--claims goes without --report: it names claims that are in none")
    given = None if file is None else sheet.claims(file, labels)
    with asked(db, initiative) as club:
        with at_work("holding the claims against the records"):
            findings = club.audit(report, known_at, claims=given)
        output.tell(findings, findings)
    if fail and any(finding.verdict == CONTRADICTED for finding in findings):
        raise click.exceptions.Exit(1)


@click.command(cls=OneCommand)
@ledger_argument
@initiative_option
@known_at_option
@told_options
def conflicts(db: str, initiative: str | None, known_at: KnownAt, output: Output) -> None:
    """Show where sources disagree: amounts for one thing and one day that cannot all be right.

    \b
    mledger conflicts clubs.db --text
    """
    with asked(db, initiative) as club:
        found = club.conflicts(known_at)
        output.tell(found, found)
