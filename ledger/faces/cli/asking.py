"""What commands have in common: the ledger, the initiative in it, days, moments of knowledge, and measures."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Final, TypeVar

import attrs
import click

import ledger
from ledger.faces.cli.output import Command
from ledger.faces.cli.usage import DAY, MOMENT, RECORD, as_usage, id_of
from ledger.faces.typed import initiative_of, require_attributes
from ledger.model.errors import NotALedger, UnknownInitiative
from ledger.model.measures import OVERLAPS, Distinct, Joined, Measure, Members, Total, Value
from ledger.model.wording import EXAMPLES, measure_of
from ledger.stores.new_file import is_address

M = TypeVar("M")

_AS_IN: Final = "-i chess-club"


def _path_of(context: click.Context, parameter: click.Parameter, given: str) -> str:
    """Refuse the address of a server without showing it: there may be a password in it."""
    if is_address(given):
        raise click.BadParameter(
            "the command line works on files, and this is the address of a PostgreSQL server: copy_to, in Python, "
            "brings a ledger from there into a file",
            context,
            parameter,
        )
    return given


ledger_argument = click.argument("db", callback=_path_of)
record_argument = click.argument("record", type=RECORD)
initiative_option = click.option(
    "-i",
    "--initiative",
    type=id_of("initiative"),
    metavar="ID",
    help="The initiative; may be left out where the ledger holds exactly one.",
)


@contextmanager
def reading(db: str) -> Iterator[ledger.Ledger]:
    """Open the ledger at a path to read it: nothing is created, and nothing written."""
    _require_there(db)
    with ledger.open(db, read_only=True) as book:
        yield book


@contextmanager
def writing(db: str) -> Iterator[ledger.Ledger]:
    """Open the ledger at a path to record in it; raises `NotALedger` where nothing is, and creates none."""
    _require_there(db)
    with ledger.open(db) as book:
        yield book


def _require_there(db: str) -> None:
    if "\0" in db or not os.path.exists(db):
        raise NotALedger(f"{db}: there is no ledger: check the path, or make one with mledger init")


@contextmanager
def asked(
    db: str, initiative: str | None, measure: Measure | None = None, by: str | None = None
) -> Iterator[ledger.Initiative]:
    """Open the ledger at a path to ask one initiative of it; raises `UnknownAttribute` for one that was never given."""
    with reading(db) as book:
        club = initiative_of(book, initiative, _AS_IN)
        require_attributes(club, measure, by)
        yield club


@contextmanager
def recorded_in(db: str, initiative: str | None, *, new: bool) -> Iterator[ledger.Initiative]:
    """Open the ledger at a path to record in one initiative of it: in one that has no records yet only if `new`."""
    with writing(db) as book:
        chosen = initiative_of(book, initiative, _AS_IN)
        known = book.initiatives()
        if not new and chosen.id not in known:
            raise UnknownInitiative(chosen.id, known, "to begin one of that name, record its launch, or say --new")
        yield chosen


known_at_option = click.option(
    "--known-at", type=MOMENT, metavar="MOMENT", help="As known then: 2023-06-01T12:00:00Z, or a position."
)
at_option = click.option(
    "--at", type=DAY, metavar="DAY", help="At the end of that day, such as 2022-12-31; today unless given."
)


def pairs(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Read texts with an = in each, for an option; in what stands behind it there may be others."""
    for text in given:
        name, equals, _ = text.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"{text!r} has no name and an = after it, as in country=Spain", context, parameter)
    return tuple((text.partition("=")[0], text.partition("=")[2]) for text in given)


MEMBERS: Final = Members()  # what is measured where no measure is said
_HEADS: Final = ("measure", "counts", "total", "distinct", "value", "joined_since")
_MORE: Final = ("member", "where", "suspended", "members_at", "within", "overlap")


def measure_options(command: Command) -> Command:
    """Give a command the options that say a measure; it takes it as `measure`, None where none is said."""
    return _with_measure(command, lists=False)


def list_or_measure_options(command: Command) -> Command:
    """Give a command that lists members where no measure is said the same options: `listed` are those of `--where`.

    Then it takes a measure of them, in which the suspended and the possible ones count too; else None.
    """
    return _with_measure(command, lists=True)


def _with_measure(command: Command, *, lists: bool) -> Command:
    @click.option("--counts", is_flag=True, help="How many members?")
    @click.option("--total", metavar="METRIC", help="What do the members' values add up to?")
    @click.option("--distinct", metavar="ATTRIBUTE", help="How many different values do the members have?")
    @click.option("--value", metavar="METRIC", help="The initiative's own value, or with --member that of one.")
    @click.option("--joined-since", metavar="DAY", help="How many members joined on that day or later?")
    @click.option("--measure", metavar="WORDS", help=f'Any measure in words: "{EXAMPLES[0]}".')
    @click.option("--member", metavar="ID", help="With --value: the member whose value is asked for.")
    @click.option(
        "--where", callback=pairs, multiple=True, metavar="ATTRIBUTE=VALUE", help="Only those; an empty value is none."
    )
    @click.option("--suspended", is_flag=True, help="Count the suspended too.")
    @click.option("--members-at", metavar="DAY", help="With --total: over the members of that day.")
    @click.option("--within", metavar="PERIOD", help="With --total: leave out older values, as in '2 years'.")
    @click.option("--overlap", type=click.Choice(OVERLAPS), help="With --total: what to do about parts of members.")
    @wraps(command)
    def with_measure(**given: Any) -> None:
        heads = {name: value for name in _HEADS if (value := given.pop(name)) not in (None, False)}
        more = {name: value for name in _MORE if (value := given.pop(name)) not in (None, False, ())}
        if lists:
            asked_of = not heads and more.keys() == {"where"}
            given["listed"] = _read(Members, _where(more.pop("where")), suspended=True) if asked_of else None
        command(**given, measure=_measure(heads, more))

    return with_measure


def by_option(command: Command) -> Command:
    """Give a command the option to group its figures."""
    option = click.option(
        "--by", type=id_of("attribute"), metavar="ATTRIBUTE", help="A figure for each value of that attribute."
    )
    return option(command)


def _measure(heads: dict[str, Any], more: dict[str, Any]) -> Measure | None:
    if len(heads) > 1:
        first, second, *_ = map(_option, heads)
        raise click.UsageError(f"{first} and {second} are two measures: ask for one at a time")
    if not heads:
        if more:
            raise click.UsageError(f"{_option(next(iter(more)))} goes with a measure, such as --counts or --total")
        return None
    ((head, said),) = heads.items()
    if head == "measure":
        if more:
            raise click.UsageError(f"{_option(next(iter(more)))} does not go with --measure: say it in its words")
        return _read(measure_of, said)
    kinds: dict[str, Any] = {
        "counts": Members, "total": Total, "distinct": Distinct, "value": Value, "joined_since": Joined,
    }  # fmt: skip
    kind: Callable[..., Measure] = kinds[head]
    known = {field.name for field in attrs.fields(kinds[head])}
    for name in more:
        if name not in known:
            raise click.UsageError(f"{_option(name)} does not go with {_option(head)}")
    if "where" in more:
        more["where"] = _where(more["where"])
    return _read(kind, *([] if head == "counts" else [said]), **more)


def _read(measure: Callable[..., M], *said: object, **more: object) -> M:
    with as_usage():
        return measure(*said, **more)


def _where(pairs: tuple[tuple[str, str], ...]) -> dict[str, list[str | None]]:
    where: dict[str, list[str | None]] = {}
    for name, value in pairs:
        where.setdefault(name, []).append(value or None)
    return where


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
