"""What can never be right, whatever the ledger holds, is wrong usage: exit code 2, in one line, and nothing is opened.

What hangs on the ledger or on a file, such as a member that is not known, is an error of that, and has exit code 1.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

import click

from ledger.exchange.sheets import require_delimiter
from ledger.faces.cli.wording import in_words_of_the_command
from ledger.faces.typed import moment_of
from ledger.model.errors import BadInput, shown
from ledger.model.fields import require_id, require_prose
from ledger.model.records import known_at_of
from ledger.model.when import When, day, instant
from ledger.queries.naming import named
from ledger.queries.points import PointLike
from ledger.recording.batch import given_ids


class Typed(click.ParamType[Any]):
    """What is typed for an option or an argument, as a reader of the library reads it."""

    def __init__(self, name: str, reads: Callable[[str], object]) -> None:
        self.name, self._reads = name, reads

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read it; what cannot be read is told with the name of the option."""
        try:
            return self._reads(value)
        except BadInput as error:
            self.fail(in_words_of_the_command(str(error)), param, ctx)


@contextmanager
def as_usage() -> Iterator[None]:
    """Take what the library refuses of what was typed for wrong usage, where several options are read as one."""
    try:
        yield
    except BadInput as error:
        raise click.UsageError(in_words_of_the_command(str(error))) from None


def point_of(text: str) -> PointLike:
    """Read a point in both times: a day, and after an @ the moment by which it was known.

    >>> point_of("2022-12-31@7")
    (datetime.date(2022, 12, 31), 7)
    """
    typed, known, moment = text.partition("@")
    return (day(typed), _moment(moment)) if known else day(typed)


def _moment(text: str) -> Any:
    return known_at_of(moment_of(text))


def _delimiter(text: str) -> str:
    require_delimiter(text)
    return text


def _encoding(text: str) -> str:
    try:
        "".encode(text)
        return codecs.lookup(text).name
    except (LookupError, UnicodeError, ValueError):
        raise BadInput(
            f"{shown(text)} is no encoding that is known: give one such as cp1252, latin-1 or utf-16"
        ) from None


def _uuid(text: str) -> str:
    return given_ids([text], 1)[0]


DAY: Final = Typed("day", day)
WHEN: Final = Typed("when", When.of)
INSTANT: Final = Typed("instant", instant)
MOMENT: Final = Typed("moment", _moment)
POINT: Final = Typed("point", point_of)
RECORD: Final = Typed("record", named)
UUID: Final = Typed("uuid", _uuid)
PROSE: Final = Typed("text", require_prose)
ENCODING: Final = Typed("encoding", _encoding)
DELIMITER: Final = Typed("sign", _delimiter)


def id_of(what: str) -> Typed:
    """Give the type of an id, or of a name that things are found by."""
    return Typed("id", partial(require_id, what=what))
