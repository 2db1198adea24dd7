"""Laws of likeness: the same history under other names, in other units or in another place gives the same answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from attrs import evolve

import ledger
from ledger.book import Ledger
from ledger.exchange import copy, from_lines, to_lines
from ledger.model.events import InitiativeChanged, MetricUpdated
from ledger.model.quantity import Quantity
from ledger.model.records import Record
from ledger.model.units import unit
from ledger.recording.codec import NAMES, decode, encode, schema_of
from ledger.testing.laws.asking import (
    Ask,
    figures,
    initiatives_of,
    ledger_with,
    numbered,
    require_same,
    try_to_record,
)
from ledger.testing.ledgers import NOW, memory

OTHER_UNITS: Final = ("t", "kg", "kt", "Mt", "t/year", "kt/year", "W", "kW", "percent", "", "people", "million people")


def other_ids_make_no_difference(book: Ledger, at: date | str, ask: Ask = figures) -> None:
    """Members under other ids, in another order of the alphabet, give the same counts and totals.

    ask(log with r(m) for each m, at) == ask(log, at), for a renaming r that gives no two members one id.
    """
    with_other_ids = ledger_with(numbered(evolve(one, event=_renamed(one.event)) for one in book.records()))
    _same_answers(book, with_other_ids, at, ask)


def other_units_make_no_difference(book: Ledger, at: date | str, ask: Ask = figures) -> None:
    """Values recorded in another unit of their dimension give the same totals.

    ask(log with each amount x to(x, u), at) == ask(log, at).
    """
    in_other_units = ledger_with(numbered(evolve(one, event=_converted(one.event)) for one in book.records()))
    _same_answers(book, in_other_units, at, ask)


def writing_down_loses_nothing(book: Ledger, at: date | str) -> None:
    """An event that is written down and read back is the same event, and is written in the same way again.

    decode(encode(e)) == e, and encode(decode(encode(e))) == encode(e).
    """
    del at
    for record in book.records():
        name, body = NAMES[type(record.event)], encode(record.event)
        again = decode(name, schema_of(name), body)
        assert again == record.event, f"{record.event} came back as {again}"
        assert encode(again) == body, f"{record.event} was written otherwise the second time"


def a_copy_is_the_same_ledger(book: Ledger, at: date | str, ask: Ask = figures) -> None:
    """A ledger that is copied to another store has the same records, and gives the same answers.

    records(copy(log)) == log, and ask(copy(log), at) == ask(log, at).
    """
    _say_all(book, at)
    other = Ledger(memory(), lambda: NOW)
    copy(book, other)
    _same_records(book, other)
    _same_answers(book, other, at, ask)


def what_is_exported_can_be_imported(book: Ledger, at: date | str, ask: Ask = figures) -> None:
    """A ledger that is exported and imported again has the same records, and gives the same answers.

    records(import(export(log))) == log, and export(import(export(log))) == export(log).
    """
    _say_all(book, at)
    lines = list(to_lines(book))
    other = Ledger(memory(), lambda: NOW)
    other.import_records(from_lines(lines))
    _same_records(book, other)
    assert list(to_lines(other)) == lines, "what was imported is exported otherwise"
    _same_answers(book, other, at, ask)


def what_is_recorded_survives_closing(book: Ledger, at: date | str, ask: Ask = figures) -> None:
    """A file that is closed and opened again has the same records, and gives the same answers.

    records(open(close(log))) == log, and ask(open(close(log)), at) == ask(log, at).
    """
    _say_all(book, at)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "again.db"
        with ledger.open(path, clock=lambda: NOW) as written:
            copy(book, written)
        with ledger.open(path, clock=lambda: NOW) as opened:
            _same_records(book, opened)
            _same_answers(book, opened, at, ask)


def _say_all(book: Ledger, at: date | str) -> None:
    """Record something with all that can be said of a record: a ledger that is drawn says nothing of its own."""
    named = InitiativeChanged(at, attributes={"unheard-of": "x"})
    try_to_record(
        initiatives_of(book)[0], named, source="https://example.org/?a=1", by="somebody", note="two\nlines \\"
    )


def _renamed(event: Any) -> Any:
    changes: dict[str, Any] = {}
    for name in ("member", "part_of"):
        if getattr(event, name, None):
            changes[name] = _other(getattr(event, name))
    if getattr(event, "successors", ()):
        changes["successors"] = [_other(one) for one in event.successors]
    return evolve(event, **changes) if changes else event


def _other(member: str) -> str:
    # the other way round in the alphabet, and never the same for two
    return "".join(chr(ord("z") + ord("a") - ord(letter)) if "a" <= letter <= "z" else letter for letter in member)


def _converted(event: Any) -> Any:
    if not isinstance(event, MetricUpdated) or event.amount is None:
        return event
    same = [other for other in OTHER_UNITS if unit(other).dimension == event.amount.dimension]
    others: list[Callable[[], Quantity]] = [lambda other=other: event.amount.to(other) for other in same]  # type: ignore[misc]
    return evolve(event, amount=others[-1]()) if others else event


def _same_records(book: Ledger, other: Ledger) -> None:
    records: list[Record] = list(book.records())
    assert list(other.records()) == records, "the records are not the same"


def _same_answers(book: Ledger, other: Ledger, at: date | str, ask: Ask) -> None:
    """Hold two ledgers against each other, as known now and, in the middle of the log, as known then."""
    records = list(book.records())
    halfway = records[len(records) // 2].position
    for club in initiatives_of(book):
        for known_at in (None, halfway):
            require_same(ask(other.initiative(club.id), at, known_at), ask(club, at, known_at), club.id)
