"""Commands of trust: the head to publish, the ledger held against one, proofs, and backups."""

from __future__ import annotations

import click
from attrs import asdict

from ledger.faces.cli.asking import ledger_argument, reading, record_argument
from ledger.faces.cli.files import read_text
from ledger.faces.cli.output import Output, output_options, say
from ledger.faces.cli.program import OneCommand
from ledger.faces.cli.progress import at_work
from ledger.faces.cli.usage import as_usage
from ledger.model.heads import ORIGIN

head_option = click.option("--head", metavar="FILE", help="A head that was published; - is the standard input.")


@click.command("head", cls=OneCommand)
@ledger_argument
@click.option("--origin", default=ORIGIN, show_default=True, metavar="NAME", help="What the ledger is called there.")
def head_(db: str, origin: str) -> None:
    """Print the head of the ledger, to be published: it stands for all records, in their order.

    \b
    mledger head clubs.db > published.txt
    """
    with reading(db) as book, as_usage():
        say(book.head.checkpoint(origin).removesuffix("\n"))


@click.command(cls=OneCommand)
@ledger_argument
@head_option
@click.option("--deep", is_flag=True, help="Look at the pages of the database too, and replay each initiative.")
@output_options
def verify(db: str, head: str | None, *, deep: bool, output: Output) -> None:
    """Read the whole ledger, and see that nothing in it was lost or changed.

    It prints the head of what it found, and ends with exit code 1 where anything is wrong. With --head the records
    must be those that a published head was made of, and others may have followed.

    \b
    mledger verify clubs.db
    mledger verify clubs.db --head published.txt --deep
    """
    published = None if head is None else read_text(head)
    with reading(db) as book, at_work("reading the ledger through"):
        found = book.verify(published, deep=deep)
    output.write([asdict(found)])


@click.command(cls=OneCommand)
@ledger_argument
@record_argument
@head_option
def prove(db: str, record: int | str, head: str | None) -> None:
    """Print the proof, in JSON, that a RECORD is among those of a head: of today's unless given.

    It is named by its position, by its id, or by as many signs as it takes of it.

    Whoever has the proof and the head needs neither the ledger nor this program to check it.

    \b
    mledger prove clubs.db 3 --head published.txt > proof.json
    """
    published = None if head is None else read_text(head)
    with reading(db) as book:
        click.echo(f"{book.prove(book.find(record), published).to_json()}\n".encode(), nl=False)


@click.command(cls=OneCommand)
@ledger_argument
@click.argument("path")
@output_options
def backup(db: str, path: str, output: Output) -> None:
    """Write the ledger to a new file at PATH, while others go on recording.

    It is of one moment, read through before it appears, and never written in the place of something else.

    \b
    mledger backup clubs.db clubs-2024.db
    """
    with reading(db) as book, at_work("copying the ledger, and reading it through"):
        head = book.backup(path)
    output.write([asdict(head)])
