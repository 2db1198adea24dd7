"""How events become records: digests, ids and instants."""

import hashlib
import json
import os
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import RFC_4122, UUID, uuid4

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import ledger
from ledger import MemberJoined, MemberLeft, Refused
from ledger.model.errors import BadEvent, BadInput, BadWhen, DamagedRecord, NewerFormat
from ledger.model.heads import TreeHead
from ledger.recording import batch
from ledger.recording.batch import READ, digest_of, given_ids, ids_of_batch, instant_of_batch, record_of, require_digest
from ledger.testing.clock import FrozenClock
from ledger.testing.strategies import events, texts

EXAMPLES = settings.default.max_examples
NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
NAIVE = NOON.replace(tzinfo=None)
TICK = timedelta(microseconds=1)
JOINED = MemberJoined("basque", "2021-01-01")
ONE_ID = "0190d1f0-0000-7000-8000-000000000001"


def by_the_standard_library(columns):
    text = json.dumps(columns, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(b"\0" + text.encode()).hexdigest()


# digests

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@settings(max_examples=3 * EXAMPLES)
@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1) | ANY_TEXT).map(tuple))
def test_a_digest_can_be_computed_by_the_standard_library_alone(columns):
    assert digest_of(columns) == by_the_standard_library(columns)


def test_a_digest_can_be_computed_for_every_character_there_is():
    every = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x110000)]))
    assert digest_of((every,)) == by_the_standard_library([every])


def test_a_digest_covers_the_empty_row_and_marks_it_as_a_leaf():
    assert digest_of(()) == hashlib.sha256(b"\x00[]").hexdigest()


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("batch") / "clusters.db"


@settings(max_examples=EXAMPLES // 5)
@given(st.lists(events(MemberJoined), min_size=1, max_size=3, unique_by=lambda event: event.member), texts(), texts())
def test_the_digest_in_the_file_is_that_of_all_columns_before_it(file, joinings, source, note):
    name = f"initiative {uuid4()}"  # a new one for each example
    alone = [evolve(joining, part_of=None) for joining in joinings]
    with ledger.open(file) as book:
        records = book.initiative(name).record(*alone, source=source, note=note)
    with closing(sqlite3.connect(file)) as plain:
        rows = plain.execute("SELECT * FROM records WHERE initiative = ? ORDER BY position", (name,)).fetchall()
    assert [row[-1] for row in rows] == [by_the_standard_library(row[:-1]) for row in rows]
    assert [record.digest for record in records] == [row[-1] for row in rows]


# ids

MOMENTS = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-9, minutes=-30))]))


@given(st.integers(1, 50), MOMENTS)
def test_an_id_is_a_uuid_of_version_7_and_says_the_millisecond(count, moment):
    millisecond = max(0, (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1))
    for id in ids_of_batch(count, moment, os.urandom):
        uuid = UUID(id)
        assert str(uuid) == id
        assert (uuid.version, uuid.variant) == (7, RFC_4122)
        assert uuid.int >> 80 == millisecond


def test_the_ids_of_a_large_batch_are_unique_and_in_order():
    ids = ids_of_batch(40_000, NOON, bytes)
    assert len(set(ids)) == 40_000
    assert ids == sorted(ids)
    assert {(UUID(id).version, UUID(id).variant) for id in ids} == {(7, RFC_4122)}


def test_batches_of_one_instant_have_different_ids():
    assert ids_of_batch(1, NOON, os.urandom) != ids_of_batch(1, NOON, os.urandom)


def test_recorded_ids_are_those_of_the_instant_even_where_a_float_would_round():
    moment = datetime(2024, 1, 1, 0, 0, 0, 1_000, tzinfo=UTC)
    for _ in range(1_000):
        moment += timedelta(milliseconds=1)
        (id,) = ids_of_batch(1, moment, os.urandom)
        assert UUID(id).int >> 80 == (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


# ids that are given


def test_ids_that_are_given_are_kept():
    ids = [str(uuid4()), ONE_ID]
    assert given_ids(ids, 2) == ids
    assert given_ids(tuple(ids), 2) == ids
    with ledger.open(":memory:") as book:
        records = book.initiative("clusters").record(JOINED, MemberLeft("basque", "2022"), ids=ids)
    assert [record.id for record in records] == ids


@pytest.mark.parametrize("ids", [
    [], [ONE_ID, str(uuid4())], ONE_ID, ONE_ID.encode(), {ONE_ID}, {ONE_ID: 1}, iter([ONE_ID]), 5, True, range(2),
])  # fmt: skip
def test_ids_must_be_a_list_of_one_for_each_event(ids):
    with ledger.open(":memory:") as book:
        with pytest.raises(BadInput, match=r"ids must be a list with one UUID for each event \(1\)"):
            book.initiative("clusters").record(JOINED, ids=ids)
        assert list(book.records()) == []


@pytest.mark.parametrize("id", [
    "", "one", ONE_ID.upper(), ONE_ID.replace("-", ""), f"{{{ONE_ID}}}", f"urn:uuid:{ONE_ID}", f" {ONE_ID}",
    ONE_ID + "0", ONE_ID[:-1] + "０", "\ud800", "a" * 1_000_000, None, 5, b"0123456789abcdef", [], UUID(ONE_ID), {},
])  # fmt: skip
def test_an_id_that_is_no_uuid_in_its_usual_form_is_refused(id):
    with ledger.open(":memory:") as book:
        with pytest.raises(BadInput, match="is no UUID in lower case with hyphens") as refusal:
            book.initiative("clusters").record(JOINED, ids=[id])
        assert len(str(refusal.value)) < 200
        assert list(book.records()) == []


def test_an_id_given_twice_is_refused():
    with pytest.raises(BadInput, match="one id twice"):
        given_ids([ONE_ID, ONE_ID], 2)


# instants


def test_a_batch_has_the_clocks_instant_in_utc():
    local = datetime(2024, 5, 1, 14, 0, 0, 7, tzinfo=timezone(timedelta(hours=2)))
    with ledger.open(":memory:", clock=lambda: local) as book:
        first, second = book.initiative("clusters").record(JOINED, MemberLeft("basque", "2022"))
    assert first.recorded_at == second.recorded_at == NOON + 7 * TICK
    assert first.recorded_at.tzinfo is UTC


def test_a_clock_that_stands_still_or_steps_back_still_gives_each_batch_a_later_instant():
    clock = FrozenClock(NOON)
    with ledger.open(":memory:", clock=clock) as book:
        clusters, other = book.initiative("clusters"), book.initiative("other")
        clusters.record(JOINED)
        other.record(JOINED)  # one order for the whole ledger
        clock.set(NOON - timedelta(days=365))
        clusters.record(MemberJoined("humber", "2021-01-01"))
        clock.set(NOON + TICK)
        clusters.record(MemberJoined("ohio", "2021-01-01"))
        clock.set(NOON + timedelta(days=1))
        clusters.record(MemberJoined("rotterdam", "2021-01-01"))
        instants = [record.recorded_at - NOON for record in book.records()]
    assert instants == [0 * TICK, TICK, 2 * TICK, 3 * TICK, timedelta(days=1)]


@given(st.lists(MOMENTS, min_size=1, max_size=8))
def test_instants_grow_strictly_whatever_the_clock_says(readings):
    newest = None
    for now in readings:
        moment = instant_of_batch(now, newest, None)
        assert moment == (now if newest is None or now > newest else newest + TICK)
        newest = moment


@pytest.mark.parametrize("wanted", [NOON - TICK, "2024-05-01T11:59:59.999999Z", "2024-05-01T13:59:59.999999+02:00"])
def test_a_history_may_be_imported_with_its_own_instants(wanted):
    with ledger.open(":memory:", clock=FrozenClock(NOON)) as book:
        (record,) = book.initiative("clusters").record(JOINED, recorded_at=wanted)
        assert record.recorded_at == NOON - TICK
        assert next(book.records()).recorded_at == NOON - TICK


def test_a_history_of_long_ago_has_ids_of_the_first_millisecond():
    with ledger.open(":memory:", clock=FrozenClock(NOON)) as book:
        (record,) = book.initiative("coal").record(JOINED, recorded_at="1952-07-23T00:00:00Z")
        assert UUID(record.id).int >> 80 == 0
        assert book.initiative("coal").at("2024-01-01", known_at="1952-07-23T00:00:00Z").members.keys() == {"basque"}


def test_an_imported_instant_must_be_later_than_the_newest_record_of_the_ledger():
    with ledger.open(":memory:", clock=FrozenClock(NOON)) as book:
        book.initiative("other").record(JOINED, recorded_at=NOON - 5 * TICK)
        for wanted in (NOON - 5 * TICK, NOON - 6 * TICK):
            with pytest.raises(BadInput, match=r"is not later than the newest record \(2024-05-01T11:59:59.999995Z\)"):
                book.initiative("clusters").record(JOINED, recorded_at=wanted)
        book.initiative("clusters").record(JOINED, recorded_at=NOON - 4 * TICK)
        assert len(list(book.records())) == 2


def test_an_imported_instant_must_not_lie_in_the_future():
    with ledger.open(":memory:", clock=FrozenClock(NOON)) as book:
        with pytest.raises(BadInput, match="lies in the future"):
            book.initiative("clusters").record(JOINED, recorded_at=NOON + TICK)
        (record,) = book.initiative("clusters").record(JOINED, recorded_at=NOON)
    assert record.recorded_at == NOON


@pytest.mark.parametrize("wanted", [
    "2024-01-01T00:00:00", NAIVE, date(2024, 1, 1), "2024-01-01", "yesterday", "", 5, 1.5, True, b"2024",
])  # fmt: skip
def test_an_instant_that_names_no_moment_is_refused(wanted):
    with ledger.open(":memory:", clock=FrozenClock(NOON)) as book:
        with pytest.raises(BadWhen):
            book.initiative("clusters").record(JOINED, recorded_at=wanted)
        assert list(book.records()) == []


@pytest.mark.parametrize("now", [NAIVE, None, 5])
def test_a_clock_that_tells_no_instant_is_refused(now):
    with ledger.open(":memory:", clock=lambda: now) as book:
        with pytest.raises(BadWhen):
            book.initiative("clusters").record(JOINED)
        with pytest.raises(BadWhen):
            book.initiative("clusters").today()
        assert list(book.records()) == []


def test_today_is_the_clocks_day_in_utc():
    local = datetime(2024, 5, 2, 0, 30, tzinfo=timezone(timedelta(hours=2)))
    with ledger.open(":memory:", clock=lambda: local) as book:
        book.initiative("clusters").record(JOINED)
        assert book.initiative("clusters").today().at == date(2024, 5, 1)


# events and terms


class Subclassed(MemberLeft):
    """Not a class of the vocabulary, whatever it inherits."""


@pytest.mark.parametrize("wrong", [
    [JOINED], (event for event in [JOINED]), None, "basque joined", {"member": "basque"}, MemberJoined, 5, Refused([]),
    Subclassed("basque", "2022"),
])  # fmt: skip
def test_what_is_no_event_is_refused_with_its_place(wrong):
    with ledger.open(":memory:") as book:
        with pytest.raises(BadEvent, match=r"event 1 of the batch is a \w+, and no event of the ledger: give events"):
            book.initiative("clusters").record(JOINED, wrong)
        assert list(book.records()) == []


def test_recording_nothing_writes_nothing():
    with ledger.open(":memory:") as book:
        assert book.initiative("clusters").record() == ()
        assert book.initiative("clusters").record(ids=[]) == ()
        assert book.initiatives() == []


def test_a_batch_too_large_is_refused_before_anything_is_written(monkeypatch):
    monkeypatch.setattr(batch, "BATCH_MAX", 2)
    three = [MemberJoined(member, "2021") for member in "abc"]
    with ledger.open(":memory:") as book:
        with pytest.raises(BadInput, match="3 events in one batch; at most 2 are written at once: use several"):
            book.initiative("clusters").record(*three)
        assert list(book.records()) == []
        assert len(book.initiative("clusters").record(*three[:2])) == 2


@pytest.mark.parametrize("field", ["source", "by", "note"])
@pytest.mark.parametrize("value", [None, 5, b"x", ["x"], "a\0b", "\ud800", "x" * 100_001])
def test_source_by_and_note_are_text_that_can_be_stored(field, value):
    with ledger.open(":memory:") as book:
        with pytest.raises(BadEvent, match=field):
            book.initiative("clusters").record(JOINED, **{field: value})
        assert list(book.records()) == []


@given(texts(), texts(), texts())
def test_source_by_and_note_are_kept_with_every_record_of_the_batch(source, by, note):
    with ledger.open(":memory:") as book:
        written = book.initiative("clusters").record(
            JOINED, MemberLeft("basque", "2022"), source=source, by=by, note=note
        )
        assert tuple(book.records()) == written
    assert {(record.source, record.by, record.note) for record in written} == {(source, by, note)}


# rows that are read back

HEAD = TreeHead(6, "5d" * 32)
ROW = {
    "position": 7, "initiative": "clusters", "version": 3, "id": ONE_ID, "type": "member-left", "schema": 1,
    "recorded_at": "2024-05-01T12:00:00.000000Z", "body": '{"member":"basque","effective":"2022"}', "source": "s",
    "by": "b", "note": "n", "replaces": None, "head": None, "digest": "d",
}  # fmt: skip


def row(**changes):
    return tuple({**ROW, **changes}[column] for column in READ)


def test_a_stored_row_is_read_back_as_a_record():
    record = record_of(row(replaces="old", head=str(HEAD)))
    assert record == ledger.Record(
        7, "clusters", 3, ONE_ID, NOON, MemberLeft("basque", "2022"), "s", "b", "n", "old", HEAD, "d"
    )


@pytest.mark.parametrize("changes", [
    {"body": "{}"}, {"body": "nonsense"}, {"body": None}, {"body": 5}, {"recorded_at": "noon"}, {"recorded_at": None},
    {"schema": None}, {"schema": 0}, {"head": "6"}, {"head": 6}, {"body": '{"member":"","effective":"2022"}'},
])  # fmt: skip
def test_a_row_that_is_no_record_is_refused_with_its_position_and_id(changes):
    with pytest.raises(DamagedRecord, match=f"record 7 .{ONE_ID}.: .*; restore the ledger from a backup"):
        record_of(row(**changes))


@pytest.mark.parametrize("changes", [{"type": "member-vanished"}, {"schema": 2}, {"type": None}])
def test_a_row_of_a_newer_version_is_refused_with_its_position_and_id(changes):
    with pytest.raises(NewerFormat, match=f"record 7 .{ONE_ID}.: event .* is not known"):
        record_of(row(**changes))


def test_after_the_last_instant_there_is_no_other():
    last = datetime.max.replace(tzinfo=UTC)
    with pytest.raises(BadInput, match=r"no instant is left after the newest record, 9999-12-31T23:59:59\.999999Z"):
        instant_of_batch(datetime(2026, 1, 1, tzinfo=UTC), last, None)


def test_a_row_of_what_no_column_can_hold_has_no_digest():
    for value in "\ud800", object():
        with pytest.raises(DamagedRecord, match="it is not what its digest says that it was"):
            require_digest((*[value] * 18, "0" * 64))
