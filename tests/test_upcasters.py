"""What was written in an older schema keeps its digest wherever it goes; what is newer is refused, never skipped."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime

import pytest
from attrs import evolve

import ledger
from ledger import Claim, MemberJoined, MemberLeft, Members, ReportPublished
from ledger.exchange import copy, from_lines, to_lines, write_records
from ledger.model.errors import BadEvent, BadInput, DamagedRecord, NewerFormat
from ledger.model.records import OlderBody
from ledger.recording import codec
from ledger.recording.batch import row_of
from ledger.recording.codec import NAMES, canonical, older_body, schema_of
from ledger.stores.sqlite.schema import FORMAT
from ledger.testing.ledgers import memory

SCHEMAS_OF_FORMATS = {1: dict.fromkeys(NAMES.values(), 1)}
"""Which events a file of a format can hold, and in which schemas."""


def say_why(body):
    """A schema 2 in which every leaving has a reason."""
    return {**body, "reason": body.get("reason", "not said")}


def in_capitals(body):
    """And a schema 3 in which it is cried out."""
    return {**body, "reason": body["reason"].upper()}


@pytest.fixture
def path(tmp_path):
    """A ledger that was written before there was any other schema than the first."""
    with ledger.open(tmp_path / "old.db", clock=lambda: datetime(2024, 6, 1, tzinfo=UTC)) as book:
        club = book.initiative("club")
        club.record(MemberJoined("ada", "2020"), MemberJoined("bob", "2020"), MemberJoined("cleo", "2020"))
        club.record(MemberLeft("ada", "2021"), MemberLeft("bob", "2022", reason="moved to Köln"), source="letters")
        club.record(ReportPublished("r", "2023-01-01", claims=[Claim(Members(), "1")]))
    return tmp_path / "old.db"


@pytest.fixture
def today(path, monkeypatch):
    """The library of today: leavings have the schema 3."""
    monkeypatch.setattr(codec, "UPCASTERS", {"member-left": (say_why, in_capitals)})


@pytest.fixture
def before(path):
    with ledger.open(path) as book:
        return list(book.records()), list(to_lines(book))


def test_what_is_old_is_lifted_and_keeps_what_it_was_written_as(before, today, path):
    old, _ = before
    with ledger.open(path) as book:
        records = list(book.records())
        assert [record.event for record in records[3:5]] == [
            MemberLeft("ada", "2021", reason="NOT SAID"),
            MemberLeft("bob", "2022", reason="MOVED TO KÖLN"),
        ]
        assert [record.older for record in records] == [
            *[None] * 3,
            OlderBody(1, '{"member":"ada","effective":"2021"}'),
            OlderBody(1, '{"member":"bob","effective":"2022","reason":"moved to Köln"}'),
            None,
        ]
        assert [record.digest for record in records] == [record.digest for record in old]
        assert [row_of(record)[-1] for record in records] == [record.digest for record in old]
        assert "older" not in repr(records[3])
        assert records[3] == evolve(records[3], older=None)
        assert len(book.initiative("club").at("2023-01-01")) == 1


def test_it_keeps_its_digest_through_export_import_and_copy(before, today, path, tmp_path):
    old, old_lines = before
    with ledger.open(path) as book:
        lines = list(to_lines(book))
        assert lines == old_lines
        assert [json.loads(line)["ledgerschema"] for line in lines] == [1] * 6
        read = list(from_lines(lines))
        assert read == list(book.records())
        assert [record.older for record in read] == [record.older for record in book.records()]
        with ledger.open(tmp_path / "imported.db") as imported, ledger.Ledger(memory()) as copied:
            assert imported.import_records(from_lines(lines)) == 6
            assert copy(imported, copied) == 6
            assert copy(book, copied) == 0
            for other in imported, copied:
                assert list(to_lines(other)) == old_lines
                assert [record.digest for record in other.records()] == [record.digest for record in old]
                assert other.initiative("club").at("2023-01-01") == book.initiative("club").at("2023-01-01")
                assert other.head == book.head


def test_what_is_recorded_today_beside_it_is_written_in_the_schema_of_today(today, path):
    with ledger.open(path) as book:
        (record,) = book.initiative("club").record(MemberLeft("cleo", "2024", reason="tired"))
        assert record.older is None
        *_, line = to_lines(book)
        assert json.loads(line)["ledgerschema"] == 3
        assert list(book.records())[-1].older is None
        retraction, right = book.initiative("club").correct(list(book.records())[3], reason="digits", effective="2022")
        assert right.event == MemberLeft("ada", "2022", reason="NOT SAID")
        assert row_of(right)[5] == 3
        assert retraction.event.record == list(book.records())[3].id
        assert list(from_lines(to_lines(book))) == list(book.records())


def test_a_middle_schema_is_lifted_by_the_steps_that_are_left(path, today, monkeypatch):
    monkeypatch.setattr(codec, "UPCASTERS", {"member-left": (say_why,)})
    with ledger.open(path) as book:
        book.initiative("club").record(MemberLeft("cleo", "2024", reason="tired"))
    monkeypatch.setattr(codec, "UPCASTERS", {"member-left": (say_why, in_capitals)})
    with ledger.open(path) as book:
        *_, last = book.records()
        assert last.event.reason == "TIRED"
        assert last.older == OlderBody(2, '{"member":"cleo","effective":"2024","reason":"tired"}')
        assert list(from_lines(to_lines(book))) == list(book.records())


def test_a_line_of_an_older_schema_that_was_changed_is_found(before, today):
    _, lines = before
    for wrong in lines[4].replace("moved", "Moved"), lines[4].replace('"ledgerschema":1', '"ledgerschema":2'):
        with pytest.raises(DamagedRecord, match="line 5"):
            list(from_lines([*lines[:4], wrong]))


@pytest.mark.parametrize(
    "older",
    [
        OlderBody(1, '{"member":"ada","effective":"2019"}'),
        OlderBody(3, '{"member":"ada","effective":"2021","reason":"NOT SAID"}'),
        OlderBody("1", "{}"),
        OlderBody(1, b'{"member":"ada","effective":"2021"}'),
        OlderBody(1, 5),
        OlderBody(0, "{}"),
        (1, "{}"),
        "x",
    ],
)
def test_what_it_is_said_to_be_written_as_is_the_same_event(path, today, older):
    with ledger.open(path) as book:
        records = list(book.records())
    records[3] = evolve(records[3], older=older, digest="")
    store = memory()
    with pytest.raises(BadInput):
        write_records(store, records, lambda: datetime(2025, 1, 1, tzinfo=UTC))
    assert all(record.event != records[3].event for record in store.records())


def test_of_an_older_body_it_is_told_whether_it_is_compact(today):
    assert canonical("member-left", 1, '{"member":"ada","effective":"2021"}')
    assert not canonical("member-left", 1, '{"member":"ada", "effective":"2021"}')
    assert not canonical("member-left", 3, '{"reason":"X","member":"ada","effective":"2021"}')
    with pytest.raises(BadEvent):
        canonical("member-left", 1, '{"member":"ada"}')
    assert older_body("member-left", 3, "{}") is None
    assert older_body("member-left", 2, "{}") == OlderBody(2, "{}")


# what is newer


@pytest.mark.parametrize(("name", "schema"), [("member-danced", 1), ("member-joined", 2)])
def test_what_a_newer_version_wrote_is_refused_by_its_record_and_never_skipped(path, monkeypatch, name, schema):
    with monkeypatch.context() as newer:
        newer.setitem(NAMES, MemberJoined, name)
        newer.setitem(codec._CLASSES, name, MemberJoined)
        newer.setattr(codec, "UPCASTERS", {name: (say_why,) * (schema - 1)})
        with ledger.open(path) as book:
            (record,) = book.initiative("club").record(MemberJoined("zoe", "2020"))
            (line,) = to_lines(book, after=6)
    refused = rf"event '{name}' of schema {schema} is not known"
    with ledger.open(path) as book, ledger.open(":memory:") as other:
        for read in (
            lambda: list(book.records()),
            lambda: list(book.initiative("club").records()),
            lambda: list(to_lines(book)),
            lambda: copy(book, other),
        ):
            with pytest.raises(NewerFormat, match=rf"record 7 \({record.id}\): {refused}"):
                read()
        with pytest.raises(NewerFormat, match=f"line 1: {refused}"):
            other.import_records(from_lines([line]))
    with sqlite3.connect(path) as connection:  # and can be read as it is
        assert connection.execute("SELECT type, schema, body FROM records WHERE position = 7").fetchone() == (
            name,
            schema,
            '{"member":"zoe","effective":"2020"}',
        )


def test_a_new_event_or_schema_has_a_new_format_of_file():
    """The fast answers read facts, not bodies: so an older library must not open a file that may hold what is newer.

    Whoever adds an event or a step to UPCASTERS gives the file the next FORMAT, and adds it here.
    """
    assert SCHEMAS_OF_FORMATS[FORMAT] == {name: schema_of(name) for name in NAMES.values()}
