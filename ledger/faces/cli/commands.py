"""All commands in one group, in the order in which its help shows them: what `mledger` runs."""

from __future__ import annotations

import click

from ledger.faces.cli.describing import schema
from ledger.faces.cli.drawing import chart, page
from ledger.faces.cli.explaining import audit, compare, conflicts, history, why
from ledger.faces.cli.importing import export, import_
from ledger.faces.cli.listing import log, names
from ledger.faces.cli.program import Program
from ledger.faces.cli.reading import revisions, series, show, summary
from ledger.faces.cli.recording import correct, init, record, retract
from ledger.faces.cli.serving import serve_
from ledger.faces.cli.trusting import backup, head_, prove, verify


class InOrder(Program):
    """The program, whose help shows commands in the order in which they were added."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names of the commands."""
        del ctx
        return list(self.commands)


@click.group(cls=InOrder, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="membership-ledger")
@click.pass_context
def mledger(context: click.Context) -> None:
    """Who was a member, and what did we claim, on that day?

    Each command names the file of a ledger, and prints JSON unless --table, --csv, --tsv or --nl says otherwise.

    \b
    mledger init clubs.db -i chess-club --name "The Chess Club" --effective 2020-09-01
    mledger record clubs.db member-joined --member ada --effective 2020-09-01
    mledger show clubs.db --at 2022-12-31 -t
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for _command in (
    init, record, import_, export, retract, correct,
    show, names, log, series, revisions, summary, compare, why, history, audit, conflicts,
    chart, page, serve_, head_, verify, prove, backup, schema,
):  # fmt: skip
    mledger.add_command(_command)
