"""What commands print: rows as JSON, CSV or a table, chosen by options that all of them share."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import wraps
from io import StringIO
from typing import Any, Final, TypeAlias
from unicodedata import category

import click
from attrs import frozen
from msgspec import Raw
from msgspec.json import encode as encode_json
from msgspec.json import format as format_json

from ledger.faces.cli.table import drawn
from ledger.faces.jsonable import jsonable
from ledger.faces.tables import Table, for_people
from ledger.model.errors import listed
from ledger.model.exact import Exact, number_text
from ledger.model.tables import Tabular

Row: TypeAlias = Mapping[str, object]
Found: TypeAlias = Tabular | Table | Iterable[Row]
Command: TypeAlias = Callable[..., None]

STDOUT: Final = "-"
"""What stands for the standard output where a path is asked for."""

_FORMS: Final[Mapping[str, str]] = {
    "nl": "JSON, one object a line.",
    "csv": "CSV.",
    "tsv": "CSV, with tabs between the cells.",
    "table": "A table for people.",
}
_LISTED_MAX: Final = 5  # names in a cell of a table; the other forms name them all
_JOINERS: Final = "\u200c\u200d"  # not printable by themselves, and part of how names are written


@frozen
class Output:
    """How the rows of a command are written: `json`, `nl`, `csv`, `tsv`, `table`, or `text`, which is no rows."""

    form: str

    def tell(self, sentences: Iterable[object], found: Found) -> None:
        """Write what was found in words, if that is asked for, else its rows."""
        if self.form == "text":
            told = [str(sentence) for sentence in sentences]
            for sentence in told:
                say(sentence)
            _tell_of_none(told)
        else:
            self.write(found)

    def write(self, found: Found) -> None:
        """Write rows, or those of a result, to the standard output; a table shows what people read of them."""
        if self.form == "table":
            shown: list[Row] = list(for_people(found) if isinstance(found, Tabular | Table) else found)
            click.echo(_table(shown), nl=False)
            _tell_of_none(shown)
            return
        every: list[Row] = list(found.to_rows() if isinstance(found, Tabular | Table) else found)
        if self.form in ("csv", "tsv"):
            # bytes, since a file that other programs read is in UTF-8 whatever the terminal speaks
            click.echo(_sheet(every, "\t" if self.form == "tsv" else ",").encode(), nl=False)
        else:
            lines = [format_json(encode_json(jsonable(row, _json_number)), indent=0) for row in every]
            click.echo(b"".join(b"%b\n" % line for line in lines) if self.form == "nl" else _array(lines), nl=False)


def _tell_of_none(found: Sequence[object]) -> None:
    if not found:  # people would wonder whether it was answered at all
        say("nothing to show", err=True)


def output_options(command: Command) -> Command:
    """Give a command the options that choose how its rows are written; it takes them as `output`, an `Output`."""
    return _with_forms(command, _FORMS)


def told_options(command: Command) -> Command:
    """Give a command the same options, and one to tell what it found in words: it calls `output.tell`."""
    return _with_forms(command, {**_FORMS, "text": "In words, for people."})


def _with_forms(command: Command, forms: Mapping[str, str]) -> Command:
    @wraps(command)
    def with_output(**given: Any) -> None:
        chosen = [form for form in forms if given.pop(form)]
        if len(chosen) > 1:
            raise click.UsageError(f"--{chosen[0]} and --{chosen[1]} are two ways to write the same: give one")
        command(**given, output=Output(chosen[0] if chosen else "json"))

    wrapped: Command = with_output
    for form in reversed(list(forms)):
        names = ["-t", "--table"] if form == "table" else [f"--{form}"]
        wrapped = click.option(*names, is_flag=True, help=forms[form])(wrapped)
    return wrapped


def say(text: str, *, err: bool = False) -> None:
    """Write a text for people, with whatever a terminal would obey, or not show, escaped."""
    click.echo(escaped(text), err=err)


def escaped(text: str, keep: str = "\n") -> str:
    r"""Write out what a terminal would obey or hide: control characters, and marks that turn the direction of text.

    >>> escaped("\x1b[31mred\x1b[0m"), escaped("two\nlines"), escaped("two\nlines", keep="")
    ('\\x1b[31mred\\x1b[0m', 'two\nlines', 'two\\nlines')
    """
    if text.isprintable():
        return text
    keep += _JOINERS
    return "".join(
        sign
        if sign.isprintable() or sign in keep or category(sign) == "Zs"
        else sign.encode("unicode_escape", "surrogatepass").decode("ascii")
        for sign in text
    )


def _array(lines: Sequence[bytes]) -> bytes:
    return b"[%b]\n" % b",\n ".join(lines)


def _json_number(value: Exact) -> Raw:
    """Write a number into JSON as it is, which no float would."""
    # a fraction without an end, such as a share, is rounded to 15 digits, which no program would read more of
    return Raw(number_text(value).removesuffix("…").encode())


def _sheet(rows: Sequence[Row], delimiter: str) -> str:
    names = _names(rows)
    written = StringIO()
    if names:
        writer = csv.writer(written, delimiter=delimiter, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_cell(row.get(name)) for name in names] for row in rows)
    return written.getvalue()


def _cell(value: object) -> str:
    plain = jsonable(value, _json_number)
    if plain is None or isinstance(plain, str):
        return plain or ""
    return format_json(encode_json(plain), indent=0).decode()


def _table(rows: Sequence[Row]) -> str:
    """Draw a table: as wide as the terminal, and where there is none as wide as it needs to be."""
    from rich.console import Console  # noqa: PLC0415 - it takes a tenth of a second, and few commands need it

    names = _names(rows)
    if not names:
        return ""
    console, terminal = Console(), sys.stdout.isatty()
    lines = drawn(
        [escaped(name, "") for name in names],
        [[_shown(row.get(name)) for name in names] for row in rows],
        right={place for place, name in enumerate(names) if any(_is_number(row.get(name)) for row in rows)},
        line="─" if console.encoding.startswith("utf") else "-",
        most=console.width if terminal else None,
        bold=terminal and console.color_system is not None,
    )
    return "".join(f"{line}\n" for line in lines)


def _shown(value: object) -> str:
    if isinstance(value, Decimal | Fraction):
        return number_text(value)
    if isinstance(value, list | tuple) and all(isinstance(one, str | None) for one in value):
        return escaped(listed(["-" if one is None else one for one in value], _LISTED_MAX), "")
    return escaped(_cell(value), "")


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal | Fraction) and not isinstance(value, bool)


def _names(rows: Iterable[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))
