"""Commands that write: a new ledger, events, retractions and corrections. Nothing is ever overwritten or removed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeAlias

import click

import ledger
from ledger.exchange import events_from_lines
from ledger.faces.cli.asking import initiative_option, ledger_argument, recorded_in
from ledger.faces.cli.events import change_options, event_options
from ledger.faces.cli.files import text_of
from ledger.faces.cli.output import Command, Output, output_options
from ledger.faces.cli.program import Commands, OneCommand
from ledger.faces.cli.progress import progress_option, recording
from ledger.model.events import Event, InitiativeLaunched
from ledger.recording.codec import NAMES

Terms: TypeAlias = dict[str, Any]

new_option = click.option("--new", is_flag=True, help="Begin an initiative that has no records yet.")


def terms_options(command: Command) -> Command:
    """Give a command the options that say in what it records, its `initiative`, and from where, its `terms`."""

    @initiative_option
    @click.option("--source", default="", metavar="TEXT", help="Where it was read or heard.")
    @click.option("--by", default="", metavar="TEXT", help="Who records it.")
    @click.option("--note", default="", metavar="TEXT", help="Whatever else is to be kept with it.")
    @click.option("--recorded-at", metavar="INSTANT", help="For a history that has its own instants.")
    @wraps(command)
    def with_terms(**given: Any) -> None:
        terms = {name: given.pop(name) for name in ("source", "by", "note", "recorded_at")}
        command(**given, terms=terms)

    return with_terms


def retry_options(command: Command) -> Command:
    """Give a command that has terms the options by which a retry is safe."""

    @click.option("--id", "ids", multiple=True, metavar="UUID", help="The id of each record, so that a retry is safe.")
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
@click.option("--source", default="", metavar="TEXT", help="Where it was read or heard.")
@click.option("--by", default="", metavar="TEXT", help="Who records it.")
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
    launch = None
    with ledger.open(":memory:") as book:
        if initiative is not None:
            (record,) = book.initiative(initiative).record(InitiativeLaunched(**said), source=source, by=by)
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


@click.command(cls=OneCommand)
@ledger_argument
@click.argument("id")
@click.option("--reason", required=True, metavar="TEXT", help="Why it was wrong.")
@retry_options
@output_options
def retract(db: str, id: str, reason: str, initiative: str | None, terms: Terms, output: Output) -> None:
    """Take back the record of that ID, which was wrong. It stays visible for a moment before.

    \b
    mledger retract clubs.db 01890a5d-ac96-774b-bcce-b302099a8057 --reason "a namesake"
    """
    with recorded_in(db, initiative, new=False) as club:
        output.write([club.retract(id, reason=reason, **terms).to_row()])


@click.command(cls=OneCommand)
@ledger_argument
@click.argument("id")
@change_options
@click.option("--reason", required=True, metavar="TEXT", help="Why it was wrong.")
@retry_options
@output_options
def correct(
    db: str, id: str, said: Terms, reason: str, initiative: str | None, terms: Terms, output: Output
) -> None:  # fmt: skip
    """Replace the record of that ID, which was wrong, by what is right.

    Give the fields that were wrong; all of --attribute, --claim and the like replace the whole of what stood there,
    and --unset takes away what should not stand there. Its source is kept, unless another one is given.

    \b
    mledger correct clubs.db 01890a5d-ac96-774b-bcce-b302099a8057 --effective 2020-09-01 --reason "found the minutes"
    mledger correct clubs.db 01890a5d-ac96-774b-bcce-b302099a8057 --unset part-of --reason "a club of its own"
    """
    source = terms.pop("source") or None
    with recorded_in(db, initiative, new=False) as club:
        output.write(one.to_row() for one in club.correct(id, reason=reason, source=source, **terms, **said))
