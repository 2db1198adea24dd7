"""Commands that write: a new ledger, events, retractions and corrections. Nothing is ever overwritten or removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Final, TypeAlias

import click

import ledger
from ledger.exchange import events_from_lines
from ledger.faces.cli.asking import (
    initiative_option,
    ledger_argument,
    record_argument,
    recorded_in,
    writing,
)
from ledger.faces.cli.events import change_options, event_options
from ledger.faces.cli.files import text_of
from ledger.faces.cli.output import Command, Output, output_options
from ledger.faces.cli.program import Commands, OneCommand
from ledger.faces.cli.progress import progress_option, recording
from ledger.faces.cli.usage import INSTANT, PROSE, UUID, as_usage
from ledger.faces.cli.wording import in_words_of_the_command
from ledger.model.errors import BadEvent, BadQuantity, BadWhen, UnknownUnit
from ledger.model.events import Event, InitiativeLaunched
from ledger.model.records import Record
from ledger.recording.codec import NAMES

Terms: TypeAlias = dict[str, Any]

WRONG_FIELDS: Final = (BadEvent, BadQuantity, BadWhen, UnknownUnit)
"""What a field can never hold, of whatever event it is."""

new_option = click.option("--new", is_flag=True, help="Begin an initiative that has no records yet.")


def terms_options(command: Command) -> Command:
    """Give a command the options that say in what it records, its `initiative`, and from where, its `terms`."""

    @initiative_option
    @click.option("--source", type=PROSE, default="", metavar="TEXT", help="Where it was read or heard.")
    @click.option("--by", type=PROSE, default="", metavar="TEXT", help="Who records it.")
    @click.option("--note", type=PROSE, default="", metavar="TEXT", help="Whatever else is to be kept with it.")
    @click.option("--recorded-at", type=INSTANT, metavar="INSTANT", help="For a history that has its own instants.")
    @wraps(command)
    def with_terms(**given: Any) -> None:
        terms = {name: given.pop(name) for name in ("source", "by", "note", "recorded_at")}
        command(**given, terms=terms)

    return with_terms


def retry_options(command: Command) -> Command:
    """Give a command that has terms the options by which a retry is safe."""

    @click.option(
        "--id", "ids", multiple=True, type=UUID, metavar="UUID", help="The id of each record, so that a retry is safe."
    )
    @click.option("--expected-version", type=click.IntRange(0), help="Refuse it if the initiative has moved on.")
    @wraps(command)
    def with_retry(terms: Terms, **given: Any) -> None:
        ids, version = given.pop("ids"), given.pop("expected_version")
        command(**given, terms={**terms, "ids": ids or None, "expected_version": version})

    return terms_options(with_retry)


@click.command(cls=OneCommand)
@ledger_argument
@initiative_option
@event_options(InitiativeLaunched, needed=False)
@click.option("--source", type=PROSE, default="", metavar="TEXT", help="Where it was read or heard.")
@click.option("--by", type=PROSE, default="", metavar="TEXT", help="Who records it.")
@output_options
def init(db: str, initiative: str | None, said: Terms, source: str, by: str, output: Output) -> None:
    """Make a new ledger at a path where nothing is, with the launch of an initiative if that is given.

    It prints what was made: the path, how many records it holds, and the initiative with the id of its launch.

    \b
    mledger init clubs.db
    mledger init clubs.db -i chess-club --name "The Chess Club" --effective 2020-09-01
    """
    given = {"initiative": initiative, **said}
    needed = {"initiative": "-i", "name": "--name", "effective": "--effective"}
    missing = [option for name, option in needed.items() if given.get(name) is None]
    if (said or initiative is not None) and missing:
        raise click.UsageError(f"a launch needs {', '.join(missing)} too; leave all of it out to make an empty ledger")
    if initiative is not None:
        with as_usage():
            launched = InitiativeLaunched(**said)
    launch = None
    with ledger.open(":memory:") as book:
        if initiative is not None:
            (record,) = book.initiative(initiative).record(launched, source=source, by=by)
            launch = record.id
        head = book.backup(db)  # which appears whole or not at all, and never in the place of something else
    output.write([{"ledger": db, "records": head.size, "initiative": initiative, "launch": launch}])


@click.group(cls=Commands, no_args_is_help=False)
@ledger_argument
@click.pass_context
def record(context: click.Context, db: str) -> None:
    """Record one event, from options, or many, from lines of JSON.

    What cannot be is refused, all of it at once, and nothing is written then. The records are printed.

    \b
    mledger record clubs.db member-joined --member ada --effective 2020-09-01 --attribute city=Bilbao
    mledger record clubs.db metric-updated --metric dues --member ada --effective 2022 --amount "120 EUR/year"
    mledger record clubs.db member-left --help
    """
    context.obj = db


def _recorder(kind: type[Event]) -> click.Command:
    """Make the command that records one event of a class."""

    @click.pass_obj
    def command(db: str, initiative: str | None, terms: Terms, said: Terms, output: Output, *, new: bool) -> None:
        with as_usage():
            event = kind(**said)
        with recorded_in(db, initiative, new=new or kind is InitiativeLaunched) as club:
            output.write(one.to_row() for one in club.record(event, **terms))

    summary = (kind.__doc__ or "").split("\n\n")[0]
    named = click.command(NAMES[kind], cls=OneCommand, help=summary)
    decorated: Callable[..., Any] = event_options(kind)(retry_options(new_option(output_options(command))))
    return named(decorated)


for _kind in NAMES:
    record.add_command(_recorder(_kind))


@record.command("json-lines")
@click.argument("file", default="-")
@retry_options
@new_option
@progress_option
@output_options
@click.pass_obj
def json_lines(
    db: str, file: str, initiative: str | None, terms: Terms, output: Output, *, new: bool, progress: bool | None
) -> None:
    """Record many events in one batch: each line of FILE is one, as JSON; - is the standard input.

    A line holds the type of the event, and its fields. All of them are recorded, or none.

    \b
    echo '{"type": "member-joined", "member": "ada", "effective": "2020"}' | mledger record clubs.db json-lines
    """
    with text_of(file, progress=progress) as lines:
        events = list(events_from_lines(lines))
    with recorded_in(db, initiative, new=new) as club, recording(len(events), progress=progress):
        records = club.record(*events, **terms)
    output.write(one.to_row() for one in records)


@contextmanager
def _meant(db: str, record: int | str, initiative: str | None) -> Iterator[tuple[ledger.Initiative, Record]]:
    """Open the ledger at a path to record something about a record in it, in the initiative that it belongs to."""
    with writing(db) as book:
        found = book.find(record)
        yield book.initiative(initiative or found.initiative), found


@click.command(cls=OneCommand)
@ledger_argument
@record_argument
@click.option("--reason", required=True, metavar="TEXT", type=PROSE, help="Why it was wrong.")
@retry_options
@output_options
def retract(
    db: str, record: int | str, reason: str, initiative: str | None, terms: Terms, output: Output
) -> None:  # fmt: skip
    """Take back a RECORD, which was wrong. It stays visible for a moment before.

    It is named by its position, such as 17, by its id, or by the first six signs of its id, or as many as it takes.

    \b
    mledger retract clubs.db 17 --reason "a namesake"
    mledger retract clubs.db 01890a5d-ac96-774b-bcce-b302099a8057 --reason "a namesake"
    """
    with _meant(db, record, initiative) as (club, found):
        output.write([club.retract(found, reason=reason, **terms).to_row()])


@click.command(cls=OneCommand)
@ledger_argument
@record_argument
@change_options
@click.option("--reason", required=True, metavar="TEXT", type=PROSE, help="Why it was wrong.")
@retry_options
@output_options
def correct(
    db: str, record: int | str, said: Terms, reason: str, initiative: str | None, terms: Terms, output: Output
) -> None:  # fmt: skip
    """Replace a RECORD, which was wrong, by what is right. It is named as for retract.

    Give the fields that were wrong; all of --attribute, --claim and the like replace the whole of what stood there,
    and --unset takes away what should not stand there. Its source is kept, unless another one is given.

    \b
    mledger correct clubs.db 17 --effective 2020-09-01 --reason "found the minutes"
    mledger correct clubs.db 17 --unset part-of --reason "a club of its own"
    """
    source = terms.pop("source") or None
    if not said and source is None:
        raise click.UsageError(
            "say what is right: an option for each field that was wrong, such as --effective 2021-11"
        )
    with _meant(db, record, initiative) as (club, found):
        try:
            written = club.correct(found, reason=reason, source=source, **terms, **said)
        except WRONG_FIELDS as error:
            raise click.UsageError(in_words_of_the_command(str(error))) from None
        output.write(one.to_row() for one in written)
