"""Commands that ask what was the case: members and figures on a day, along the days, and as it was believed."""

from __future__ import annotations

from datetime import date

import click

from ledger.faces.cli.asking import (
    MEMBERS,
    asked,
    at_option,
    by_option,
    initiative_option,
    known_at_option,
    ledger_argument,
    list_or_measure_options,
    measure_options,
)
from ledger.faces.cli.output import Output, output_options, told_options
from ledger.faces.cli.program import OneCommand
from ledger.faces.cli.progress import at_work
from ledger.faces.cli.usage import DAY, as_usage, id_of
from ledger.faces.typed import require_span
from ledger.model.figures import Figure, Figures
from ledger.model.measures import Measure, Members
from ledger.model.records import KnownAt
from ledger.model.wording import headed
from ledger.queries.timeline import CHANGE, STEPS


@click.command(cls=OneCommand)
@ledger_argument
@initiative_option
@at_option
@known_at_option
@list_or_measure_options
@by_option
@told_options
def show(
    db: str, initiative: str | None, at: date | None, known_at: KnownAt, measure: Measure | None, by: str | None,
    listed: Members | None, output: Output,
) -> None:  # fmt: skip
    """Show who was a member on a day, or a figure.

    Without a measure each member has a row: certain, possible or suspended, and since when. With --where those have
    one who have that value, certainly or possibly. With a measure there is a row
    for the figure, with its low and its high end and with how many report; with --by a row for each group.

    \b
    mledger show clubs.db --at 2022-12-31 -t
    mledger show clubs.db --at 2022-12-31 --known-at 2023-06-01T00:00:00Z
    mledger show clubs.db --where city=Bilbao --csv
    mledger show clubs.db --total dues --where city=Bilbao
    mledger show clubs.db --counts --by city --csv
    mledger show clubs.db --counts --at 2022-12-31 --text
    """
    if measure is None and (by is not None or output.form == "text"):
        said = "--by" if by is not None else "--text"
        raise click.UsageError(f"{said} goes with a measure, such as --counts or --total")
    with asked(db, initiative, measure or listed, by) as club:
        state = club.today(known_at) if at is None else club.at(at, known_at)
        if measure is None:
            chosen = None if listed is None else {one.member for one in state.explain(listed)}
            output.write(row for row in state.to_rows() if chosen is None or row["id"] in chosen)
        else:
            figures = state.measure(measure, by=by)
            output.tell(_sentences(figures), figures)


def _sentences(answer: Figure | Figures) -> list[str]:
    if isinstance(answer, Figure):
        return [f"{headed(answer.measure)} on {answer.at}: {answer}"]
    return [f"{'-' if group is None else group}: {figure}" for group, figure in answer.items()]


@click.command(cls=OneCommand)
@ledger_argument
@initiative_option
@click.option("--from", "start", type=DAY, metavar="DAY", required=True, help="The first day.")
@click.option("--to", "end", type=DAY, metavar="DAY", required=True, help="The last day, if a step ends there.")
@click.option("--every", type=click.Choice([*STEPS, CHANGE]), default="month", show_default=True, help="The step.")
@known_at_option
@measure_options
@by_option
@output_options
def series(
    db: str, initiative: str | None, start: date, end: date, every: str, known_at: KnownAt, measure: Measure | None,
    by: str | None, output: Output,
) -> None:  # fmt: skip
    """Show a figure along the days: how many members there were, unless another measure is given.

    \b
    mledger series clubs.db --from 2021-01-01 --to 2023-01-01 --every year -t
    mledger series clubs.db --from 2021-12-31 --to 2023-12-31 --total dues --by city --csv
    """
    with as_usage():
        require_span(start, end)
    with asked(db, initiative, measure, by) as club:
        with at_work("following the days"):
            line = club.timeline(measure or MEMBERS, by=by)
            found = line.series(start, end, every=every, known_at=known_at)
        output.write(found)


@click.command(cls=OneCommand)
@ledger_argument
@click.argument("day", type=DAY)
@initiative_option
@measure_options
@by_option
@output_options
def revisions(
    db: str, day: date, initiative: str | None, measure: Measure | None, by: str | None, output: Output
) -> None:
    """Show how the belief about one DAY changed: each figure, and the moment from which it was the answer.

    \b
    mledger revisions clubs.db 2022-12-31 -t
    mledger revisions clubs.db 2022-12-31 --total dues
    """
    with asked(db, initiative, measure, by) as club:
        with at_work("following what was believed"):
            found = club.timeline(measure or MEMBERS, by=by).revisions(day)
        output.write(found)


@click.command(cls=OneCommand)
@ledger_argument
@initiative_option
@at_option
@known_at_option
@click.option("--since", type=DAY, metavar="DAY", help="Tell what changed from that day on, too.")
@click.option("--by", type=id_of("attribute"), metavar="ATTRIBUTE", help="Group the members by that attribute.")
@click.option(
    "--format", "form", type=click.Choice(["markdown", "html"]), default="markdown", show_default=True,
    help="How it is written.",
)  # fmt: skip
def summary(
    db: str, initiative: str | None, at: date | None, known_at: KnownAt, since: date | None, by: str | None, form: str
) -> None:
    """Write a day down as a short document, to be pasted into a report.

    It needs the extra "documents".

    \b
    mledger summary clubs.db --at 2022-12-31 --since 2021-12-31
    mledger summary clubs.db --at 2022-12-31 --by city --format html > members.html
    """
    with asked(db, initiative, by=by) as club:
        day = club.today().at if at is None else at
        with at_work("writing it down"):
            page = club.summary(day, known_at, since=since, by=by, format=form)
        click.echo(page.encode(), nl=False)
