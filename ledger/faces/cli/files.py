"""Files that commands read: sheets in whatever form they come, and texts."""

from __future__ import annotations

import os
import sys
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from io import BufferedReader, RawIOBase, TextIOWrapper
from typing import Any, Final, TextIO, cast

import click
from attrs import frozen

from ledger.exchange import Table, claims
from ledger.exchange.bounded import undecodable
from ledger.exchange.objects import sheet_of_objects
from ledger.exchange.tables import UTF_8
from ledger.faces.cli.asking import pairs
from ledger.faces.cli.output import Command, escaped
from ledger.faces.cli.progress import read_by_steps
from ledger.faces.cli.usage import DELIMITER, ENCODING, as_usage
from ledger.model.errors import BadInput
from ledger.model.events import Claim
from ledger.model.measures import Measure
from ledger.model.wording import measure_of

STDIN: Final = "-"
UTF_16: Final = "utf-16"
_UTF_16_MARKS: Final = (BOM_UTF16_LE, BOM_UTF16_BE)
_SMALL_MAX: Final = 1_000_000  # characters
_FORMS: Final = ("csv", "tsv", "json", "nl")
_FORM_OF: Final = {".tsv": "tsv", ".tab": "tsv", ".json": "json", ".jsonl": "nl", ".ndjson": "nl", ".nl": "nl"}


@frozen
class Asked:
    """How a sheet is to be read, as options say: its form, its delimiter, and which of its columns is which."""

    form: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    columns: Mapping[str, str | None] = {}

    @contextmanager
    def opened(self, file: str, *, progress: bool | None = False) -> Iterator[tuple[TextIO, dict[str, Any]]]:
        """Open a file as a CSV file, and give it with the arguments that say how the library is to read it."""
        form = self.form or _FORM_OF.get(os.path.splitext(file)[1].lower(), "csv")
        if form in ("json", "nl"):
            with text_of(file, encoding=self.encoding, progress=progress) as text:
                sheet = sheet_of_objects(text)
            yield sheet, dict(self.columns)
        else:
            # what is no UTF-8 is let in, so that its row can be named
            with text_of(file, encoding=self.encoding, errors="surrogateescape", progress=progress) as text:
                yield text, {**self.columns, "delimiter": self.delimiter or ("\t" if form == "tsv" else None)}

    def claims(
        self, file: str, labels: tuple[tuple[str, str], ...], *, lenient: bool = False, progress: bool | None = False
    ) -> Table[Claim]:
        """Read the claims of a sheet."""
        with as_usage():
            measures: dict[str, Measure] = {label: measure_of(words) for label, words in labels}
        with self.opened(file, progress=progress) as (text, how):
            return claims(text, measures=measures, lenient=lenient, **how)


def sheet_options(*needed: str, optional: tuple[str, ...]) -> Callable[[Command], Command]:
    """Give a command the options that say how a sheet is written, and which of its fields is in which column."""
    fields = (*needed, *optional)

    def decorate(command: Command) -> Command:
        @click.option(
            "--format", "form", type=click.Choice(_FORMS), help="The form of the file: else its name says it, or csv."
        )
        @click.option(
            "--delimiter",
            type=DELIMITER,
            metavar="SIGN",
            help="What stands between the cells of a CSV file: else a comma, or what its first row has instead.",
        )
        @click.option(
            "--encoding", type=ENCODING, metavar="NAME", help="How its letters are written, such as cp1252; else UTF-8."
        )
        @click.option(
            "-c",
            "--column",
            "columns",
            callback=pairs,
            multiple=True,
            metavar="FIELD=COLUMN",
            help=f"The column of a field, where it has another name; empty for none. Fields: {', '.join(fields)}.",
        )
        @wraps(command)
        def with_sheet(**given: Any) -> None:
            columns = dict(given.pop("columns"))
            for field in columns:
                if field not in fields:
                    raise click.UsageError(f"{field!r} is no field of the sheet; these are: {', '.join(fields)}")
            for field in needed:
                if columns.get(field) == "":
                    raise click.UsageError(f"-c {field}= names no column, and each row must have its {field}")
            named = {field: column or None for field, column in columns.items()}
            sheet = Asked(given.pop("form"), given.pop("delimiter"), given.pop("encoding"), named)
            command(**given, sheet=sheet)

        return with_sheet

    return decorate


label_option = click.option(
    "--label", "labels", nargs=2, multiple=True, metavar="TEXT WORDS", help="What a label in the sheet measures."
)


def read_text(file: str) -> str:
    """Read a whole small file, such as a published head; - is the standard input."""
    with text_of(file) as text:
        try:
            return text.read(_SMALL_MAX)
        except UnicodeError as error:
            raise BadInput(f"{file}: {undecodable(error)}") from None


@contextmanager
def text_of(
    file: str, *, encoding: str | None = None, errors: str = "strict", progress: bool | None = False
) -> Iterator[TextIO]:
    """Open a file as text, as the readers of the library like it; - is the standard input.

    It is in UTF-8, or in UTF-16 where it begins with the mark of that, unless it is said to be in another encoding.
    """
    piped = file == STDIN
    name = "the standard input" if piped else os.path.basename(file)
    with (
        _binary(file) as binary,
        read_by_steps(binary, name, None if piped else os.fstat(binary.fileno()).st_size, progress=progress) as shown,
    ):
        written = encoding or (UTF_16 if binary.peek(2)[:2] in _UTF_16_MARKS else UTF_8)
        wide = written.startswith(("utf-16", "utf-32"))  # in which no byte can be let in that is no text
        text = _Text(shown, encoding=written, errors="strict" if wide else errors, newline="")
        text.label = name if piped else file
        try:
            yield text
        finally:
            text.detach()  # who opened the file closes it


class _Text(TextIOWrapper):
    """A text that says of which file it is."""

    label: str = ""

    @property
    def name(self) -> str:
        return self.label


@contextmanager
def _binary(file: str) -> Iterator[BufferedReader]:
    if file == STDIN:
        if sys.stdin is None:
            raise BadInput("there is no standard input to read: give the path of a file")
        piped = sys.stdin.buffer
        yield piped if isinstance(piped, BufferedReader) else BufferedReader(cast("RawIOBase", piped))
        return
    if "\0" in file:
        raise BadInput(f"{escaped(file)} is no path: no file can have that name")
    with open(file, "rb") as opened:
        yield opened
