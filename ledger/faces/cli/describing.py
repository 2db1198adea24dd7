"""The command that says, for other programs, what the lines of JSON look like that are read and written here."""

from __future__ import annotations

import json

import click

from ledger.exchange import event_schema, record_schema
from ledger.faces.cli.program import OneCommand
from ledger.faces.cli.usage import as_usage


@click.command(cls=OneCommand)
@click.argument("event", required=False)
@click.option("--records", is_flag=True, help="Of a line as export prints it, instead.")
def schema(event: str | None, *, records: bool) -> None:
    """Print the JSON Schema of an EVENT, such as member-joined, or of all, as "record DB json-lines" reads them.

    So programs in other languages can write events, and check them before they are recorded. It is of draft 2020-12.

    \b
    mledger schema > event.schema.json
    mledger schema member-joined
    mledger schema --records > record.schema.json
    """
    if records and event is not None:
        raise click.UsageError("--records goes without an EVENT: its schema is of the records of all events")
    with as_usage():
        said = record_schema() if records else event_schema(event)
    click.echo(f"{json.dumps(said, indent=2, ensure_ascii=False)}\n".encode(), nl=False)
