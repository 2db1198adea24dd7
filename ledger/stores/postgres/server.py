"""A PostgreSQL server: its address, connections to it, and what it says in this library's words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias
from urllib.parse import unquote

import psycopg
from attrs import frozen
from psycopg import errors
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.numeric import Int8Dumper

from ledger.model.errors import (
    NOTHING_WRITTEN,
    WAY_OUT,
    BadInput,
    LedgerBusy,
    LedgerClosed,
    LedgerError,
    NotALedger,
    ReadOnly,
    StoreError,
    shown,
)
from ledger.model.when import instant_text
from ledger.recording.batch import Row

SCHEMA: Final = "ledger"
"""The schema of a ledger whose address names none."""

NAME: Final = re.compile(r"[a-z_][a-z0-9_-]{0,62}")  # PostgreSQL cuts longer names short
# libpq ends a user and password at the first @, if no / is before it, and what follows is host, port and database
_SOUND: Final = re.compile(r"\w+://([^@/?]*@[^@/?]*|[^@/?]*(?!\?[^/]*@))(/[^@?]*)?(\?|$)")
_NAMED: Final = re.compile(r":(\w+)")
_PORTS: Final = re.compile(r"[0-9,]*")
_CONNECT_SECONDS: Final = 10


Statement: TypeAlias = tuple[str, Sequence[object] | Mapping[str, object]]
"""A statement, and its terms."""


class Address(NamedTuple):
    """Where a ledger is: how its server is reached, the schema that holds it, and how to name both to people."""

    server: str
    schema: str
    shown: str


def address_of(url: str) -> Address:
    """Read the address of a ledger: that of a database, as libpq has it, and `ledger=` with the name of the schema.

    Raises `BadInput`. A password never comes into what is shown, nor anything of an address that may be read wrongly:
    what is taken for a host there may be the rest of a password.

    >>> address_of("postgresql://ada:secret@db.example/clubs?ledger=chess").shown
    'postgresql://db.example/clubs?ledger=chess'
    """
    base, _, query = url.partition("?")
    given = [part for part in query.split("&") if part]
    names = [unquote(part.removeprefix("ledger=")) for part in given if part.startswith("ledger=")]
    others = [part for part in given if not part.startswith("ledger=")]
    if len(names) > 1:
        raise BadInput("the address of a ledger names ledger= twice: one ledger has one schema")
    schema = names[0] if names else SCHEMA
    server = base + ("?" + "&".join(others) if others else "")
    try:
        parts = conninfo_to_dict(server)
    except (psycopg.Error, UnicodeError):
        raise _unreadable() from None
    place = _place(parts)
    port = str(parts.get("port", ""))
    if not (_SOUND.match(url) and _PORTS.fullmatch(port) and (url + place).isprintable()) or "@" in "".join(names):
        raise _unreadable()
    if not NAME.fullmatch(schema) or schema.startswith("pg_") or schema in ("information_schema", "public"):
        raise BadInput(
            f"ledger={shown(schema)} names no schema for a ledger: up to 63 letters of a to z, digits, _ and -, "
            "not beginning with a digit, - or pg_; nor public or information_schema"
        )
    return Address(server, schema, f"{place}?ledger={schema}")


def connect(address: Address) -> psycopg.Connection:
    """Connect to the server of a ledger; raises `StoreError`, which says what to do.

    Days, amounts and instants come as the texts that a row of a ledger is made of.
    """
    try:
        connection = psycopg.connect(
            address.server,
            autocommit=True,
            client_encoding="utf8",
            # a pool gives the next transaction another session, where a statement of that name is another ledger's
            prepare_threshold=None,
            connect_timeout=conninfo_to_dict(address.server).get("connect_timeout") or _CONNECT_SECONDS,
            application_name=conninfo_to_dict(address.server).get("application_name") or "ledger",
        )
    except psycopg.Error as error:
        raise StoreError(f"{address.shown}: {_why_not_connected(error)}") from error
    for name in ("date", "numeric"):
        connection.adapters.register_loader(name, _Text)
    connection.adapters.register_loader("timestamptz", _Moment)
    # else a small number goes as a smallint, and the server would add two of them up as such
    connection.adapters.register_dumper(int, Int8Dumper)
    return connection


def closed(address: Address) -> LedgerClosed:
    """Give what is raised where a handle was closed."""
    return LedgerClosed(f"{address.shown}: this ledger was closed: open it again")


@contextmanager
def errors_of(address: Address) -> Iterator[None]:
    """Put what the server says into this library's words."""
    try:
        yield
    except LedgerError:
        raise
    except psycopg.Error as error:
        raise _in_words(address.shown, error) from error


def only(rows: psycopg.Cursor[Row]) -> Row:
    """Give the one row of a query that always has one."""
    return next(iter(rows))


@frozen
class Questioned:
    """A `questions.Database`: a connection that is asked with a `?` for each term, or a `:name`."""

    connection: psycopg.Connection

    def execute(self, query: str, terms: Sequence[Any] | Mapping[str, Any] = ()) -> psycopg.Cursor[Row]:
        """Ask, and give what was found."""
        placed = _NAMED.sub(r"%(\1)s", query) if isinstance(terms, Mapping) else query.replace("?", "%s")
        return self.connection.execute(placed, terms)


def preamble(address: Address) -> list[Statement]:
    """Give what each reading begins with: all it rests on, since a pool may give it another session each time."""
    return [
        ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", ()),
        (f"SELECT {_set(_settings(address))}", ()),
    ]


def preamble_of_writing(address: Address, timeout: float) -> list[Statement]:
    """Give what each writing begins with: all it rests on, and how many seconds it may wait for a lock."""
    settings = _settings(address) | {"lock_timeout": f"'{milliseconds(timeout)}ms'", **_DURABLE}
    return [
        ("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", ()),
        (f"SELECT {_set(settings)}", ()),
    ]


def milliseconds(seconds: float) -> int:
    """Give a limit as the server takes it, for which 0 would be none."""
    return max(round(seconds * 1_000), 1)


# what is acknowledged is on the disk, whatever the server does by default
_DURABLE: Final = {
    "synchronous_commit": "CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'"
    " ELSE current_setting('synchronous_commit') END"
}


# whatever is asked has an index in its order. Left to itself the server keeps plans for triggers, foreign keys and
# functions that were made while a table was small, and goes on reading all of it for each row when it has grown; and of
# a table that is new to it, it would sort all that is left of an initiative for each page of its records
_BY_INDEX: Final = {"enable_seqscan": "'off'", "enable_bitmapscan": "'off'"}


def _settings(address: Address) -> dict[str, str]:
    # an address allows no quotes in the name of a schema
    return {"search_path": f"'\"{address.schema}\"'", "datestyle": "'ISO'", "timezone": "'UTC'", **_BY_INDEX}


def _set(settings: Mapping[str, str]) -> str:
    return ", ".join(f"set_config('{name}', {value}, true)" for name, value in settings.items())


def _unreadable() -> BadInput:
    return BadInput(
        "the address of the ledger cannot be read: percent-encode signs such as @ / % : in a password, and give only "
        "parameters that PostgreSQL has, and ledger="
    )


def _place(parts: Mapping[str, Any]) -> str:
    host, name = parts.get("host") or parts.get("hostaddr") or "localhost", parts.get("dbname", "")
    port = f":{parts['port']}" if parts.get("port") else ""
    if host.startswith("/"):  # the folder of a socket
        return f"postgresql:///{name} at {host}{port}"
    return f"postgresql://{host}{port}/{name}"


class _Text(Loader):
    """A value as the server writes it."""

    def load(self, data: Buffer) -> str:
        return bytes(data).decode()


class _Moment(Loader):
    """An instant as a row has it: six decimals and a Z."""

    def load(self, data: Buffer) -> str:
        return instant_text(datetime.fromisoformat(bytes(data).decode()))


def _first_line(error: Exception) -> str:
    line = shown(str(error).strip().partition("\n")[0], 200)
    return line[1:].removesuffix(line[0])  # one that is cut ends without a quote


def _why_not_connected(error: psycopg.Error) -> str:
    text = str(error)
    why = _first_line(error)
    if "password" in text or isinstance(error, errors.InvalidPassword | errors.InvalidAuthorizationSpecification):
        return f"the server does not let this user in ({why}): check user and password of the address, or of ~/.pgpass"
    if "does not exist" in text:
        return f"there is no such database or user ({why}): create it, or mend the address"
    if isinstance(error, errors.CannotConnectNow) or "the database system is" in text:
        return f"the server lets nobody in as yet ({why}): try again in a moment"
    return f"the server cannot be reached ({why}): check the address, and that the server runs"


def _in_words(place: str, error: psycopg.Error) -> StoreError:
    why = _first_line(error)
    if isinstance(error, errors.LockNotAvailable):
        return LedgerBusy(f"{place}: another writer holds it; try again, or open it with a longer timeout")
    overtaken = isinstance(error, errors.RaiseException) and "only grow" in why
    if overtaken or isinstance(error, errors.SerializationFailure | errors.DeadlockDetected | errors.UniqueViolation):
        return LedgerBusy(f"{place}: another writer was faster ({why}); nothing of this was written: try again")
    if isinstance(error, errors.InsufficientPrivilege | errors.ReadOnlySqlTransaction):
        return ReadOnly(
            f"{place}: this user may not do that ({why}): grant SELECT, and INSERT where it records, as "
            "ledger.stores.postgres.schema.rights_of_writers says, or open it with read_only=True to read it"
        )
    if isinstance(error, errors.UndefinedTable | errors.UndefinedColumn | errors.InvalidSchemaName):
        return NotALedger(f"{place}: tables of the ledger are gone ({why}): {WAY_OUT}")
    if isinstance(error, errors.DiskFull):
        return StoreError(f"{place}: the disk of the server is full; nothing of this batch was written: make room")
    if isinstance(error, errors.QueryCanceled):
        return StoreError(
            f"{place}: the server gave up ({why}); nothing was written: raise its statement_timeout for this user"
        )
    if isinstance(error, psycopg.OperationalError):
        return StoreError(f"{place}: the connection was lost ({why}){NOTHING_WRITTEN}: try again")
    return StoreError(f"{place}: {why}{NOTHING_WRITTEN}")
