"""The SQLite store: every answer equals the replay of its records, and nothing is ever lost or half-written."""

import inspect
import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import closing, contextmanager, nullcontext, suppress
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import chain, pairwise
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ledger
from ledger import (
    Claim,
    InitiativeClosed,
    InitiativeLaunched,
    LedgerError,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    Members,
    MemberSuspended,
    MetricDefined,
    MetricUpdated,
    RecordRetracted,
    Refused,
    ReportPublished,
    Total,
    replay,
)
from ledger.model.errors import (
    BadInput,
    BadWhen,
    DamagedRecord,
    LedgerBusy,
    LedgerClosed,
    NewerFormat,
    ReadOnly,
    RetryMismatch,
    StoreError,
    Unconfirmed,
    UnknownInitiative,
    VersionConflict,
)
from ledger.model.facts import Register, metric_of, status_of
from ledger.model.records import RecordRef
from ledger.recording.batch import Terms, entries_of, written
from ledger.recording.codec import encode
from ledger.recording.rules import violations
from ledger.stores import questions
from ledger.stores.plain import PlainAppend, PlainStore
from ledger.stores.protocol import Append, EventStore
from ledger.stores.sqlite.append import SqliteAppend
from ledger.stores.sqlite.file import errors_of
from ledger.stores.sqlite.schema import APPLICATION_ID, FORMAT
from ledger.stores.sqlite.store import SqliteStore
from ledger.testing.histories import breakpoints, histories
from ledger.testing.ledgers import moments_of
from ledger.testing.scripts import records_of
from ledger.testing.strategies import events, texts

EXAMPLES = settings.default.max_examples
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
NAIVE = FIRST.replace(tzinfo=None)
TICK = timedelta(microseconds=1)
TABLES = ("records", "registers", "facts", "retractions")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "clusters.db"


@pytest.fixture(scope="module")
def shared_file(tmp_path_factory):
    """One file for many examples: to create one costs more than to write to it."""
    return tmp_path_factory.mktemp("shared") / "clusters.db"


def a_clock():
    """A clock that goes on by one second whenever it is read."""
    now = FIRST
    while True:
        yield now
        now += timedelta(seconds=1)


def open_memory():
    return ledger.open(":memory:", clock=a_clock().__next__)


@contextmanager
def sql(path):
    """A plain connection, as the sqlite3 shell has it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def everything(path):
    with sql(path) as connection:
        return {table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr) for table in TABLES}


def some_facts(clusters):
    """A little of everything: each table has rows after this."""
    clusters.record(
        InitiativeLaunched("2021", name="Clusters", supporters=["EPRI"]),
        MetricDefined("co2", unit="t"),
        MemberJoined("basque", "2021/2022-06-01", name="Basque", attributes={"country": "Spain"}),
        MemberJoined("humber", "2022-01-01"),
    )
    (value,) = clusters.record(MetricUpdated("co2", "2022-06-30", "12.5 t", member="humber"))
    clusters.record(ReportPublished("r", "2022-12-31", title="Results", claims=[Claim(Members(), "2")]))
    clusters.record(
        RecordRetracted(value.id, reason="wrong"), MetricUpdated("co2", "2022-06-30", "1 t", member="humber")
    )


@pytest.mark.parametrize(
    ("contract", "store"),
    [(EventStore, SqliteStore), (Append, SqliteAppend), (EventStore, PlainStore), (Append, PlainAppend)],
)
def test_the_store_meets_the_contract_of_every_store(contract, store):
    promised = {name for base in contract.__mro__ for name in vars(base) if not name.startswith("_")}
    assert promised
    for name in promised:
        asked, offered = (inspect.signature(getattr(cls, name)).parameters for cls in (contract, store))
        assert offered == asked


# every answer equals the replay


def store(store, initiative, history, turn=""):
    """Write a drawn history batch by batch, corrections too, and yield after each."""
    ids = {record.id: str(uuid4()) for record in history}
    ranks = {}
    for record in history:
        ranks[record.id] = ranks.get(record.replaces, record.version)
    for instant in dict.fromkeys(record.recorded_at for record in history):
        batch = [record for record in history if record.recorded_at == instant]
        with store.writing(initiative) as append:
            replaces = {place: ids[record.replaces] for place, record in enumerate(batch) if record.replaces}
            entries = entries_of(
                [
                    RecordRetracted(ids[record.event.record])
                    if isinstance(record.event, RecordRetracted)
                    else record.event
                    for record in batch
                ],
                append.head,
                {place: ranks[batch[place].id] for place in replaces},
            )
            assert violations(entries, append) == []
            _, rows = written(
                entries,
                initiative=initiative,
                head=append.head,
                tree=append.tree,
                ids=[ids[record.id] for record in batch],
                recorded_at=(append.head.recorded_at or FIRST) + timedelta(days=1),
                terms=Terms(source=f"source {turn}"),
                replaces=replaces,
            )
            append.append(entries, rows)
        yield


def interleaved(one, other, turns):
    """Let two generators take turns as drawn, until both are done."""
    turns = iter(turns)
    left = [one, other]
    while left:
        chosen = left[next(turns, 0) % len(left)]
        if next(chosen, "done") == "done":
            left.remove(chosen)


def equal_to_replay(clusters, records, days, moments):
    for known_at in moments:
        for day in days:
            state, expected = clusters.at(day, known_at), replay(records, at=day, known_at=known_at)
            assert state == expected
            assert state.registers.refs == expected.registers.refs


@settings(max_examples=EXAMPLES // 2)
@given(
    histories(parts=True, max_size=6),
    histories(parts=True, max_size=6),
    st.lists(st.integers(0, 1), max_size=12),
    st.data(),
)
def test_the_state_of_any_day_as_known_at_any_moment_equals_the_replay(one, other, turns, data):
    """As `laws.the_store_answers_as_the_replay`, on the first and last day there is too, and with the records named."""
    with open_memory() as book:
        interleaved(store(book._store, "one", one), store(book._store, "other", other), turns)
        everything = list(book.records())
        for name, drawn in (("one", one), ("other", other)):
            records = [record for record in everything if record.initiative == name]
            if records:
                moments = data.draw(st.lists(st.sampled_from(moments_of(everything)), min_size=4, max_size=4))
                clusters = book.initiative(name)
                equal_to_replay(clusters, records, breakpoints(drawn), [None, *moments])
                days = data.draw(st.lists(st.sampled_from(breakpoints(drawn)), min_size=1, max_size=2))
                equal_to_replay(clusters, records, [date.min, *days, date.max], moments_of(everything))


@settings(max_examples=EXAMPLES // 8)
@given(histories(parts=True, max_size=8))
def test_the_state_is_the_same_after_the_file_was_closed_and_opened_again(shared_file, history):
    name = f"initiative {uuid4()}"
    days = breakpoints(history)
    with ledger.open(shared_file) as book:
        for _ in store(book._store, name, [*history, *an_end(history)]):
            pass
        records = list(book.initiative(name).records())
        moments = [None, *(record.position for record in records), *(record.recorded_at for record in records)]
        before = {(day, moment): book.initiative(name).at(day, moment) for day in days for moment in moments}
    with ledger.open(shared_file) as book:
        clusters = book.initiative(name)
        assert list(clusters.records()) == records
        for (day, moment), state in before.items():
            assert clusters.at(day, moment) == state == replay(records, at=day, known_at=moment)


def an_end(history):
    """A last batch, so that no history is empty."""
    last = history[-1] if history else None
    yield ledger.Record(
        position=1 + (last.position if last else 0),
        initiative="clusters",
        version=1 + len(history),
        id="end",
        recorded_at=FIRST if last is None else last.recorded_at + timedelta(days=1),
        event=MetricDefined("the end"),
    )


def test_nothing_is_known_at_position_zero_or_before_the_first_record():
    with open_memory() as book:
        clusters = book.initiative("clusters")
        some_facts(clusters)
        for known_at in (0, FIRST - TICK, "2023-12-31T23:59:59Z"):
            state = clusters.at("2024-01-01", known_at)
            assert (state.version, state.registers.cells) == (0, {})
            assert state == replay(clusters.records(), at="2024-01-01", known_at=known_at)


def test_known_at_a_position_is_rounded_down_to_a_whole_batch():
    with open_memory() as book:
        clusters, other = book.initiative("clusters"), book.initiative("other")
        clusters.record(MemberJoined("a", "2021"))
        clusters.record(*(MemberJoined(member, "2021") for member in "bcd"))
        other.record(MemberJoined("a", "2021"), MemberJoined("b", "2021"))
        clusters.record(MemberJoined("e", "2021"))
        known = [len(clusters.at("2022-01-01", position)) for position in range(9)]
        assert known == [0, 1, 1, 1, 4, 4, 4, 5, 5]
        assert [clusters.at("2022-01-01", position).version for position in range(9)] == known
        assert [len(other.at("2022-01-01", position)) for position in range(9)] == [0, 0, 0, 0, 0, 0, 2, 2, 2]


def test_known_at_an_instant_includes_what_was_recorded_at_it():
    with open_memory() as book:
        clusters = book.initiative("clusters")
        first, second = (clusters.record(MemberJoined(member, "2021"))[0] for member in "ab")
        for known_at, members in [
            (first.recorded_at - TICK, 0), (first.recorded_at, 1), (second.recorded_at - TICK, 1),
            (second.recorded_at, 2), (second.recorded_at + TICK, 2),
            ("2024-01-01T00:00:00+00:00", 1), ("2024-01-01T01:00:01+01:00", 2),
            ("2024-01-01T00:00:00.999999Z", 1), ("9999-12-31T23:59:59Z", 2), ("0001-01-01T00:00:00Z", 0),
        ]:  # fmt: skip
            assert len(clusters.at("2022-01-01", known_at)) == members


@pytest.mark.parametrize("known_at", [-1, True, False, 1.5, "2024-01-01", "", "1", NAIVE, date(2024, 1, 1), b"1", [1]])
def test_a_moment_of_knowledge_that_is_none_is_refused(known_at):
    with open_memory() as book:
        some_facts(book.initiative("clusters"))
        with pytest.raises(BadInput):
            book.initiative("clusters").at("2024-01-01", known_at)
        assert len(book.initiative("clusters").at("2024-01-01")) == 2


@pytest.mark.parametrize("at", ["2024", "2024-01", "", "today", 5, None, FIRST, NAIVE, "2024-02-30"])
def test_a_day_that_is_not_exact_is_refused(at):
    with open_memory() as book:
        some_facts(book.initiative("clusters"))
        with pytest.raises(BadWhen):
            book.initiative("clusters").at(at)


def test_what_nobody_recorded_is_unknown_and_near_names_are_given():
    with open_memory() as book:
        with pytest.raises(UnknownInitiative, match="no initiative 'clusters' is known"):
            book.initiative("clusters").at("2024-01-01")
        some_facts(book.initiative("clusters"))
        for ask in (
            lambda: book.initiative("cluster").at("2024-01-01"),
            lambda: book.initiative("cluster").today(),
            lambda: book.initiative("cluster").records(),
        ):
            with pytest.raises(UnknownInitiative, match="did you mean 'clusters'"):
                ask()


def test_today_is_a_state_like_any_other():
    with ledger.open(":memory:", clock=lambda: datetime(2022, 3, 1, tzinfo=UTC)) as book:
        clusters = book.initiative("clusters")
        clusters.record(MemberJoined("a", "2022-03-01"), MemberJoined("b", "2022-03-02"))
        assert clusters.today().members.keys() == {"a"}
        assert clusters.today(known_at=0).members.keys() == set()


# what is written is read back


@settings(max_examples=EXAMPLES // 2)
@given(st.lists(events(), min_size=1, max_size=5), texts(), texts(), texts())
def test_records_come_back_from_the_file_bit_for_bit(shared_file, some, source, by, note):
    name = f"initiative {uuid4()}"
    with ledger.open(shared_file) as book:
        last = max((record.position for record in book.records()), default=0)
        with book._store.writing(name) as append:  # below the rules: any events at all
            entries = entries_of(some, append.head)
            records, rows = written(
                entries,
                initiative=name,
                head=append.head,
                tree=append.tree,
                ids=[str(uuid4()) for _ in some],
                recorded_at=(append.head.recorded_at or FIRST) + TICK,
                terms=Terms(source, by, note),
            )
            append.append(entries, rows)
        assert list(book.records(after=last)) == records
    with ledger.open(shared_file) as book:
        again = list(book.initiative(name).records())
    assert again == records
    assert [encode(record.event) for record in again] == [encode(event) for event in some]
    assert [record.version for record in again] == list(range(1, len(some) + 1))
    assert [record.position for record in again] == list(range(last + 1, last + 1 + len(some)))


@pytest.mark.parametrize(
    "name",
    ["España", "北京", "a'; DROP TABLE records; --", '"', "%_\\", "{}", "e\u0301".replace("e\u0301", "é"), "x" * 200],
)
def test_initiatives_may_have_any_name(path, name):
    with ledger.open(path) as book:
        book.initiative(name).record(MemberJoined(name, "2021", name=name, attributes={name: name}))
    with ledger.open(path) as book:
        assert book.initiatives() == [name]
        state = book.initiative(name).at("2022-01-01")
        assert state[name].attributes == {name: name}
        assert (name, "member", name, "attribute", name) in {row[1:] for row in everything(path)["registers"]}


def test_initiatives_are_given_in_order_and_once():
    with open_memory() as book:
        assert book.initiatives() == []
        for name in ("b", "a", "b", "c", "a"):
            book.initiative(name).record(MemberJoined(str(uuid4()), "2021"))
        assert book.initiatives() == ["a", "b", "c"]


@given(st.sampled_from([pickle.HIGHEST_PROTOCOL, 2]), histories(parts=True, max_size=6))
def test_records_and_states_can_be_pickled_and_stay_equal(protocol, history):
    with open_memory() as book:
        for _ in store(book._store, "clusters", [*history, *an_end(history)]):
            pass
        records = list(book.records())
        assert pickle.loads(pickle.dumps(records, protocol)) == records
        state = book.initiative("clusters").at(breakpoints(history)[-1])
        asked = state.to_dict()  # what was computed on the way is part of the object, too
        for one in (state, pickle.loads(pickle.dumps(state, protocol))):
            again = pickle.loads(pickle.dumps(one, protocol))
            assert again == state
            assert hash(again) == hash(state)
            assert again.to_dict() == asked


# streams


def test_records_are_streamed_in_order_and_past_a_position(monkeypatch):
    monkeypatch.setattr(questions, "PAGE", 3)
    with open_memory() as book:
        for number in range(10):
            book.initiative("even" if number % 2 == 0 else "odd").record(MemberJoined(f"m{number}", "2021"))
        assert [record.position for record in book.records()] == list(range(1, 11))
        for after in range(12):
            assert [record.position for record in book.records(after=after)] == list(range(after + 1, 11))
            odd = book.initiative("odd").records(after=after)
            assert [record.position for record in odd] == [n for n in (2, 4, 6, 8, 10) if n > after]
        assert list(book.records(after=2**63 - 1)) == []
        assert [record.version for record in book.initiative("odd").records()] == [1, 2, 3, 4, 5]


def test_a_stream_goes_on_while_others_append(monkeypatch):
    monkeypatch.setattr(questions, "PAGE", 2)
    with open_memory() as book:
        clusters, other = book.initiative("clusters"), book.initiative("other")
        clusters.record(*(MemberJoined(f"m{number}", "2021") for number in range(4)))
        seen = []
        for record in clusters.records():
            seen.append(record.version)
            if record.version < 8:
                other.record(MemberJoined(f"m{record.version}", "2021"))
                clusters.record(MemberJoined(f"n{record.version}", "2021"))
        assert seen == list(range(1, 12))


def test_a_stream_left_half_read_holds_nothing_up(path, monkeypatch):
    monkeypatch.setattr(questions, "PAGE", 1)
    with ledger.open(path) as book:
        some_facts(book.initiative("clusters"))
        stream = book.records()
        assert next(stream).position == 1
        with ledger.open(path, timeout=0) as again:
            again.initiative("clusters").record(MemberJoined("ohio", "2023"))
        assert sum(1 for _ in stream) == 8
        stream = book.records()
        next(stream)
        book.close()
        with pytest.raises(LedgerClosed):
            next(stream)


@pytest.mark.parametrize("after", [-1, 1.5, "1", None, True, 2**63, b"", []])
def test_a_position_that_is_none_is_refused(after):
    with open_memory() as book:
        some_facts(book.initiative("clusters"))
        for records in (book.records, book.initiative("clusters").records):
            with pytest.raises(BadInput, match=r"after=.* is no whole number from 0"):
                records(after=after)


# retries and versions

TWO_IDS = ["0190d1f0-0000-7000-8000-000000000001", "0190d1f0-0000-7000-8000-000000000002"]
TWO = (MemberJoined("a", "2021"), MemberJoined("b", "2021"))


def test_a_retry_with_the_same_content_returns_the_old_records_and_writes_nothing(path):
    with ledger.open(path) as book:
        clusters = book.initiative("clusters")
        first = clusters.record(*TWO, ids=TWO_IDS, source="s", by="b", note="n")
        clusters.record(MemberLeft("a", "2022"), InitiativeClosed("2023"))
    before = everything(path)
    with ledger.open(path) as book:
        clusters = book.initiative("clusters")
        assert clusters.record(*TWO, ids=TWO_IDS, source="s", by="b", note="n") == first
        # before any other check: of the version, the instant, the rules
        assert (
            clusters.record(
                *TWO,
                ids=tuple(TWO_IDS),
                source="s",
                by="b",
                note="n",
                expected_version=0,
                recorded_at="1999-01-01T00:00:00Z",
            )
            == first
        )
    assert everything(path) == before


@pytest.mark.parametrize(("batch", "ids", "terms"), [
    (TWO, TWO_IDS, {"source": "other"}), (TWO, TWO_IDS, {"by": "other"}), (TWO, TWO_IDS, {"note": "other"}),
    (TWO[::-1], TWO_IDS, {}), (TWO, TWO_IDS[::-1], {}), ((TWO[0], MemberJoined("b", "2021-01-01")), TWO_IDS, {}),
    ((TWO[0], MemberJoined("b", "2021", name="B")), TWO_IDS, {}), ((TWO[0], MemberLeft("b", "2021")), TWO_IDS, {}),
    ((TWO[0], "no event"), TWO_IDS, {}),
])  # fmt: skip
def test_a_retry_with_other_content_is_refused(batch, ids, terms):
    with open_memory() as book:
        clusters = book.initiative("clusters")
        clusters.record(*TWO, ids=TWO_IDS)
        with pytest.raises(
            RetryMismatch, match=r"is recorded already \(position [12]\) with other content: give a new"
        ):
            clusters.record(*batch, ids=ids, **terms)
        assert len(list(book.records())) == 2


def test_amounts_that_are_equal_but_typed_differently_are_other_content():
    with open_memory() as book:
        clusters = book.initiative("clusters")
        clusters.record(MetricDefined("co2", unit="t"), MetricUpdated("co2", "2021", "1 kt"), ids=TWO_IDS)
        with pytest.raises(RetryMismatch):
            clusters.record(MetricDefined("co2", unit="t"), MetricUpdated("co2", "2021", "1000 t"), ids=TWO_IDS)


def test_a_retry_of_which_only_a_part_is_recorded_is_refused():
    with open_memory() as book:
        clusters = book.initiative("clusters")
        clusters.record(TWO[0], ids=TWO_IDS[:1])
        with pytest.raises(
            RetryMismatch, match="1 of these 2 ids are recorded already, the others are not: retry a batch"
        ):
            clusters.record(*TWO, ids=TWO_IDS)
        assert len(list(book.records())) == 1
        assert clusters.record(TWO[0], ids=TWO_IDS[:1]) == tuple(book.records())


def test_ids_of_another_initiative_are_refused():
    with open_memory() as book:
        book.initiative("other").record(*TWO, ids=TWO_IDS)
        with pytest.raises(RetryMismatch, match="with other content"):
            book.initiative("clusters").record(*TWO, ids=TWO_IDS)
        assert book.initiatives() == ["other"]


def test_a_batch_is_refused_if_the_initiative_is_not_at_the_expected_version():
    with open_memory() as book:
        clusters = book.initiative("clusters")
        clusters.record(*TWO, expected_version=0)
        book.initiative("other").record(*TWO, expected_version=0)
        for expected in (0, 1, 3, 4):
            with pytest.raises(
                VersionConflict, match=f"'clusters' is at version 2, not {expected} as expected"
            ) as conflict:
                clusters.record(MemberJoined("c", "2021"), expected_version=expected)
            assert (conflict.value.expected, conflict.value.actual) == (expected, 2)
        (record,) = clusters.record(MemberJoined("c", "2021"), expected_version=2)
        assert (record.version, record.position) == (3, 5)


@pytest.mark.parametrize("expected", [-1, True, False, "0", 0.0, 2**64, []])
def test_an_expected_version_that_is_none_is_refused(expected):
    with open_memory() as book:
        with pytest.raises(BadInput, match=r"expected_version=.* is no whole number from 0"):
            book.initiative("clusters").record(*TWO, expected_version=expected)
        assert book.initiatives() == []


# the file


@pytest.fixture(scope="module")
def written_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("written") / "clusters.db"
    with ledger.open(path, clock=a_clock().__next__) as book:
        some_facts(book.initiative("clusters"))
    return path


def test_the_file_says_what_it_is(written_file):
    with sql(written_file) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert APPLICATION_ID.to_bytes(4, "big") == b"LEDG"
        assert connection.execute("PRAGMA user_version").fetchone() == (FORMAT,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_what_was_recorded_is_on_the_disk_and_references_hold(path):
    with ledger.open(path) as book:
        connection = book._store._connection
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
        assert connection.execute("PRAGMA trusted_schema").fetchone() == (0,)
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute("INSERT INTO facts VALUES (7, '2021-01-01', 1, 1, '2021-01-01', 'x', NULL, NULL, NULL)")
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute("INSERT INTO retractions VALUES (1, 2)")


def test_a_record_can_be_read_with_sqlite_alone(written_file):
    with sql(written_file) as connection:
        rows = connection.execute(
            "SELECT position, initiative, version, type, effective, earliest, latest, member, metric,"
            " json_extract(body, '$.amount') FROM records WHERE position IN (2, 3, 5)"
        ).fetchall()
    assert rows == [
        (2, "clusters", 2, "metric-defined", None, None, None, None, "co2", None),
        (3, "clusters", 3, "member-joined", "2021/2022-06-01", "2021-01-01", "2022-06-01", "basque", None, None),
        (5, "clusters", 5, "metric-updated", "2022-06-30", "2022-06-30", "2022-06-30", "humber", "co2", "12.5 t"),
    ]


def test_amounts_are_stored_exactly_and_in_the_base_unit(path):
    with ledger.open(path) as book:
        book.initiative("clusters").record(
            MetricDefined("co2", unit="t"),
            MetricUpdated("co2", "2021-01-01", "0.1234567890123456789012345678901234 kt"),
            MetricUpdated("co2", "2022-01-01", ">= 12.50 t"),
            MetricUpdated("co2", "2023-01-01", "-3..2e3 kg"),
            MetricUpdated("co2", "2024-01-01", None),
        )
    with sql(path) as connection:
        assert connection.execute("SELECT low, high FROM facts WHERE position > 1 ORDER BY position").fetchall() == [
            ("123.4567890123456789012345678901234", "123.4567890123456789012345678901234"),
            ("12.5", None), ("-0.003", "2"), (None, None),
        ]  # fmt: skip


# the views


@contextmanager
def as_the_shell_sees(book):
    """A plain connection to a copy of what a ledger holds."""
    with sql(":memory:") as connection:
        book._store._connection.backup(connection)
        yield connection


def view(connection, name):
    cursor = connection.execute(f"SELECT * FROM {name}")
    columns = [column[0] for column in cursor.description]
    return [dict(zip(columns, row, strict=True)) for row in cursor]


def the_views_say(connection, name, state):
    members = [row for row in view(connection, "members_today") if row["initiative"] == name]
    standing = {**state.members, **state.suspended}
    assert {row["member"]: (row["name"], row["status"]) for row in members} == {
        id: (one.name, "suspended" if id in state.suspended else "active") for id, one in standing.items()
    }
    assert len(members) == len(standing)
    for row in members:
        (candidate,) = state.registers.of(status_of(row["member"])).candidates
        assert (row["since_earliest"], row["since_latest"], row["rough"], row["position"]) == (
            str(candidate.since), str(candidate.until), 0, candidate.fact.position,
        )  # fmt: skip
    metrics = [row for row in view(connection, "metrics_today") if row["initiative"] == name]
    values = {
        register: found.candidates[-1].fact
        for register, found in state.registers.cells.items()
        if register.aspect == "metric" and found.candidates[-1].fact.value is not None
    }
    assert len(metrics) == len(values)
    for row in metrics:
        fact = values[metric_of(row["metric"], row["member"])]
        assert (row["amount"], row["earliest"], row["latest"], row["rough"], row["position"]) == (
            fact.value, str(fact.earliest), str(fact.latest), 0, fact.position,
        )  # fmt: skip
        assert [end and ledger.exactly(end) for end in (row["low"], row["high"])] == [
            end if end is None else ledger.exactly(end) for end in (fact.low, fact.high)
        ]
    reports = [row for row in view(connection, "reports") if row["initiative"] == name]
    assert {row["report"]: row["title"] or "" for row in reports} == {
        id: report.title for id, report in state.reports.items()
    }
    assert len(reports) == len(state.reports)


@given(histories(parts=True, rough=False), histories(parts=True, rough=False, max_size=4))
def test_the_views_agree_with_the_state_of_today_where_days_are_exact(one, other):
    with open_memory() as book:
        interleaved(store(book._store, "one", one), store(book._store, "other", other), [0, 1] * 12)
        today = datetime.now(UTC).date()  # all days drawn are past, so midnight may pass
        with as_the_shell_sees(book) as connection:
            for name in book.initiatives():
                the_views_say(connection, name, book.initiative(name).at(today))


def test_the_views_leave_out_what_is_yet_to_come():
    soon = (datetime.now(UTC) + timedelta(days=2)).date()
    with open_memory() as book:
        clusters = book.initiative("clusters")
        clusters.record(
            MetricDefined("co2", unit="t"), MemberJoined("now", "2021-01-01", name="Now"), MemberJoined("soon", soon),
            MemberChanged("now", soon, name="Then"), MetricUpdated("co2", "2021-01-01", "1 t"),
            MetricUpdated("co2", soon, "2 t"), ReportPublished("soon", soon), ReportPublished("old", "2021-01-01"),
            MemberJoined("a", "2021-01-01"),
        )  # fmt: skip
        with as_the_shell_sees(book) as connection:
            the_views_say(connection, "clusters", clusters.today())
            assert {row["member"]: row["name"] for row in view(connection, "members_today")} == {"a": "a", "now": "Now"}
        clusters.record(InitiativeClosed(soon + timedelta(days=1)))
        with as_the_shell_sees(book) as connection:
            assert len(view(connection, "members_today")) == 2
            assert [row["amount"] for row in view(connection, "metrics_today")] == ["1 t"]
            assert [row["report"] for row in view(connection, "reports")] == ["old"]


def test_the_views_show_one_row_of_each_whatever_was_said_before():
    """No rule would let a report or a closing in twice; in an imported history they may be."""
    maybe = f"2023/{datetime.now(UTC).year + 1}"
    told = (
        "clusters", InitiativeLaunched("2020-01-01", name="closed"), MemberJoined("a", "2020-01-01", name="First"),
        MemberChanged("a", "2021-01-01", name="Second"), MemberChanged("a", "2022-01-01", name="Third"),
        *(ReportPublished("r", day, title=day) for day in ("2021-01-01", "2022-01-01", maybe)),
    )  # fmt: skip
    with open_memory() as book:
        book.import_records(records_of(told))
        with as_the_shell_sees(book) as connection:
            (member,), (report,) = view(connection, "members_today"), view(connection, "reports")
            assert (member["name"], member["rough"], report["title"]) == ("Third", 0, "2022-01-01")
    with open_memory() as book:
        book.import_records(records_of((*told, InitiativeClosed(maybe), InitiativeClosed(maybe))))
        with as_the_shell_sees(book) as connection:
            (member,) = view(connection, "members_today")
            assert (member["name"], member["rough"]) == ("Third", 1)


def test_the_views_mark_what_is_rough(path):
    next_year = datetime.now(UTC).year + 1
    with ledger.open(path) as book:
        book.initiative("clusters").record(
            MetricDefined("co2", unit="t"),
            MemberJoined("a", "2021/2022-06-01"),
            MemberJoined("b", f"2021/{next_year}"),
            MemberJoined("c", "2021-01-01"),
            MetricUpdated("co2", "2021", "1..2 t", member="a"),
            ReportPublished("r", "2021-03"),
        )
    with sql(path) as connection:
        assert [
            (row["member"], row["rough"], row["since_earliest"], row["since_latest"])
            for row in view(connection, "members_today")
        ] == [
            ("a", 1, "2021-01-01", "2022-06-01"),
            ("b", 1, "2021-01-01", f"{next_year}-12-31"),
            ("c", 0, "2021-01-01", "2021-01-01"),
        ]
        (metric,) = view(connection, "metrics_today")
        assert (metric["rough"], metric["earliest"], metric["latest"], metric["low"], metric["high"]) == (
            1, "2021-01-01", "2021-12-31", "1", "2",
        )  # fmt: skip
        (report,) = view(connection, "reports")
        assert (report["rough"], report["effective"]) == (1, "2021-03")
        assert (report["earliest"], report["latest"]) == ("2021-03-01", "2021-03-31")


def test_the_views_leave_out_what_was_retracted_left_withdrawn_or_closed(path):
    with ledger.open(path) as book:
        clusters = book.initiative("clusters")
        a, *_ = clusters.record(
            MemberJoined("a", "2021-01-01"),
            MemberJoined("b", "2021-01-01"),
            MemberJoined("c", "2021-01-01"),
            MemberLeft("b", "2022-01-01"),
            MemberSuspended("c", "2022-01-01"),
            MetricDefined("co2", unit="t"),
            MetricUpdated("co2", "2021-01-01", "1 t", member="c"),
            MetricUpdated("co2", "2022-01-01", None, member="c"),
        )
        clusters.record(RecordRetracted(a.id))
        with sql(path) as connection:
            assert [(row["member"], row["status"]) for row in view(connection, "members_today")] == [("c", "suspended")]
            assert view(connection, "metrics_today") == []
        clusters.record(InitiativeClosed("2023-01-01"))
        with sql(path) as connection:
            assert view(connection, "members_today") == []


# several at once


def run_together(*jobs):
    """Run jobs in threads, and raise what any of them raises."""
    failures = []

    def run(job):
        try:
            job()
        except BaseException as failure:  # noqa: BLE001 - it is raised below
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def whole_and_in_order(path, batches):
    """No gap in positions and versions, instants that grow with each batch, and every batch whole."""
    with ledger.open(path) as book:
        records = list(book.records())
        assert [record.position for record in records] == list(range(1, len(records) + 1))
        for name in book.initiatives():
            own = [record for record in records if record.initiative == name]
            assert [record.version for record in own] == list(range(1, len(own) + 1))
            assert book.initiative(name).at("2030-01-01") == replay(own, at="2030-01-01")
        assert all(one.recorded_at <= other.recorded_at for one, other in pairwise(records))
        by_instant = {}
        for record in records:
            by_instant.setdefault(record.recorded_at, []).append(record.note)
        assert all(len(notes) == 2 and len(set(notes)) == 1 for notes in by_instant.values())
        assert sorted(notes[0] for notes in by_instant.values()) == sorted(batches)


def joins(worker, number):
    return MemberJoined(f"{worker}-{number}", "2021"), MemberJoined(f"{worker}-{number}-b", "2021-01-01")


def test_several_threads_may_record_and_read_one_ledger(path):
    with ledger.open(path) as book:

        def work(worker):
            shared, own = book.initiative("shared"), book.initiative(f"own {worker}")
            for number in range(10):
                for name, initiative in (("shared", shared), ("own", own)):
                    initiative.record(*joins(worker, number), note=f"{name} {worker} {number}")
                assert len(own.at("2022-01-01")) == 2 * (number + 1)
                assert sum(1 for _ in own.records()) == 2 * (number + 1)
                state = shared.at("2022-01-01")
                assert len(state) == state.version >= 2 * (number + 1)
                assert len(shared.at("2022-01-01", known_at=state.version - 1)) < state.version
                assert "shared" in book.initiatives()

        run_together(*(lambda worker=worker: work(worker) for worker in "abcd"))
    whole_and_in_order(path, [f"{name} {w} {n}" for name in ("shared", "own") for w in "abcd" for n in range(10)])


def test_two_ledgers_on_one_file_see_what_the_other_wrote(path):
    with ledger.open(path) as one, ledger.open(path) as other:
        for number in range(3):
            one.initiative("clusters").record(MemberJoined(f"a{number}", "2021", attributes={"country": "Spain"}))
            with pytest.raises(Refused):
                other.initiative("clusters").record(MemberJoined(f"a{number}", "2021"))
            other.initiative("clusters").record(
                MemberJoined(f"b{number}", "2021"),
                MemberChanged(f"a{number}", "2022", attributes={"country": "UK", f"{number}": "x"}),
            )
            with pytest.raises(VersionConflict):
                one.initiative("clusters").record(MemberLeft(f"b{number}", "2022"), expected_version=3 * number + 1)
        records = list(one.records())
        assert records == list(other.records())
        assert len(records) == 9
        state = one.initiative("clusters").at("2023-01-01")
        assert state == other.initiative("clusters").at("2023-01-01") == replay(records, at="2023-01-01")
        assert len(everything(path)["registers"]) == len({row[1:] for row in everything(path)["registers"]}) == 18


def test_what_another_ledger_wrote_is_never_overlooked(path):
    def codes_of(book, *events):
        with pytest.raises(Refused) as refusal:
            book.initiative("clusters").record(*events)
        return [violation.code for violation in refusal.value.violations]

    with ledger.open(path) as one, ledger.open(path) as other:
        mine, theirs = one.initiative("clusters"), other.initiative("clusters")
        mine.record(MetricDefined("co2", unit="t"), MemberJoined("a", "2021-01-01"))
        joined = list(mine.records())[1]
        value = MetricUpdated("co2", "2022-01-01", "1 t", member="a")
        (written,) = mine.record(value)
        theirs.record(RecordRetracted(written.id), RecordRetracted(joined.id))
        assert codes_of(one, value) == ["unknown-member"]
        mine.record(MemberJoined("a", "2021-01-01"))
        mine.record(MetricUpdated("co2", "2021-01-01", None))  # both have read the definition
        (withdrawn,) = theirs.record(MetricUpdated("co2", "2021-01-01", None))
        theirs.record(RecordRetracted(withdrawn.id), RecordRetracted(list(mine.records())[-2].id))
        theirs.record(MetricDefined("co2", unit="people"))
        assert codes_of(one, value) == ["wrong-dimension"]
        mine.record(MemberJoined("b", "2021-01-01"))  # and that nothing was closed
        theirs.record(InitiativeClosed("2022-01-01"))
        assert codes_of(one, MemberJoined("c", "2023-01-01")) == ["closed"]


def in_another_process(code, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finished(process):
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out


WRITER = """
    import sys, ledger
    from ledger import MemberJoined
    path, worker, count = sys.argv[1:]
    with ledger.open(path, timeout=30) as book:
        shared = book.initiative("shared")
        for number in range(int(count)):
            joins = MemberJoined(f"{worker}-{number}", "2021"), MemberJoined(f"{worker}-{number}-b", "2021-01-01")
            shared.record(*joins, note=f"{worker} {number}")
            print(number, flush=True)
"""


def test_two_processes_may_write_to_one_file_at_the_same_time(path):
    with ledger.open(path, timeout=30) as book:
        process = in_another_process(WRITER, path, "other", 40)
        assert process.stdout.readline() == "0\n"  # it has begun
        for number in range(40):
            book.initiative("shared").record(*joins("own", number), note=f"own {number}")
        finished(process)
    whole_and_in_order(path, [f"{worker} {number}" for worker in ("own", "other") for number in range(40)])


def test_a_process_that_is_killed_leaves_whole_batches_and_all_that_were_acknowledged(path):
    process = in_another_process(WRITER, path, "other", 1_000)
    told = [process.stdout.readline() for _ in range(20)]
    process.kill()
    told += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    process.stderr.close()
    with ledger.open(path) as book:
        batches = sum(1 for _ in book.records()) // 2
        assert len(told) <= batches <= len(told) + 1
        book.initiative("shared").record(*joins("own", 0), note="own 0")
    whole_and_in_order(path, [f"other {number}" for number in range(batches)] + ["own 0"])


def test_a_busy_file_is_waited_for_and_then_reported(path):
    with ledger.open(path, timeout=0.2) as book:
        clusters = book.initiative("clusters")
        some_facts(clusters)
        with sql(path) as connection:
            connection.execute("BEGIN IMMEDIATE")
            begun = time.monotonic()
            with pytest.raises(
                LedgerBusy, match="another writer holds it; try again, or open it with a longer timeout"
            ):
                clusters.record(MemberJoined("ohio", "2023"))
            assert 0.1 < time.monotonic() - begun < 5
            assert len(clusters.at("2024-01-01")) == 2  # reading goes on
            assert len(list(book.records())) == 8
            connection.execute("ROLLBACK")
        clusters.record(MemberJoined("ohio", "2023"))


def test_a_writer_waits_until_the_other_is_done(path):
    with ledger.open(path, timeout=30) as book, held_for(path, 0.2):
        begun = time.monotonic()
        book.initiative("clusters").record(MemberJoined("a", "2021"))
        assert 0.1 < time.monotonic() - begun < 10
        assert book.initiatives() == ["clusters"]


@pytest.mark.parametrize("timeout", [0, 0.25, 86_400])
def test_readers_wait_as_long_as_was_said_after_a_recording_too(path, timeout):
    with ledger.open(path, timeout=timeout) as book:
        for held in False, True:
            with held_until_released(path) if held and timeout < 1 else nullcontext(), suppress(LedgerBusy):
                some_facts(book.initiative(f"clusters {held}"))
            found = book._store._connection.execute("PRAGMA busy_timeout").fetchone()
            assert found == (timeout * 1_000,)


# nothing is half-written


class Stop(BaseException):
    """Neither an `Exception` nor expected by anyone, as Ctrl-C is."""


@pytest.mark.parametrize("error", [KeyboardInterrupt, Stop, SystemExit, ValueError, OSError("no time"), MemoryError])
def test_an_error_of_the_clock_passes_and_leaves_nothing_behind(path, error):
    readings = [FIRST]

    def clock():
        if readings:
            return readings.pop()
        raise error

    with ledger.open(path, clock=clock) as book:
        clusters = book.initiative("clusters")
        clusters.record(MemberJoined("a", "2021"))
        before = everything(path)
        with pytest.raises(error if isinstance(error, type) else type(error)) as passed:
            clusters.record(MemberJoined("b", "2021"))
        assert not isinstance(passed.value, LedgerError)
        assert everything(path) == before
        with ledger.open(path, timeout=0) as another:  # no transaction was left open
            another.initiative("clusters").record(MemberJoined("b", "2021"))
        readings.append(FIRST + timedelta(days=1))
        clusters.record(MemberJoined("c", "2021"))
        assert len(list(book.records())) == 3


@pytest.mark.parametrize("table", ["registers", "facts", "retractions"])
def test_an_error_in_the_middle_of_writing_leaves_nothing_behind(path, table):
    with ledger.open(path) as book:
        clusters = book.initiative("clusters")
        some_facts(clusters)
        before = everything(path)
        (joined,) = (record for record in clusters.records() if record.position == 4)
        (value,) = (record for record in clusters.records() if record.position == 8)
        batch = RecordRetracted(value.id), RecordRetracted(joined.id), MemberJoined("ohio", "2023", name="Ohio")
        connection = book._store._connection
        connection.execute(f"CREATE TEMP TRIGGER stop BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'stop'); END")
        with pytest.raises(StoreError, match="stop; if this was a recording, nothing of it was written"):
            clusters.record(*batch)
        assert everything(path) == before
        connection.execute("DROP TRIGGER stop")
        clusters.record(*batch)
        assert clusters.at("2024-01-01").members.keys() == {"basque", "ohio"}
        assert clusters.at("2024-01-01") == replay(clusters.records(), at="2024-01-01")


def test_the_numbers_of_registers_are_sought_one_by_one_however_many_there_are(path):
    asked = []
    with ledger.open(path) as book:
        some_facts(book.initiative("clusters"))
        connection = book._store._connection
        connection.set_trace_callback(asked.append)
        book.initiative("clusters").record(MemberJoined("ohio", "2023"))
        connection.set_trace_callback(None)
        (lookup,) = (query for query in asked if "json_each" in query and "registers AS g" in query)
        plan = [step for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {lookup}")]
    assert plan[0].startswith("SCAN j")  # the list, and for each in it:
    assert plan[1].endswith("(initiative=? AND subject=? AND id=? AND aspect=? AND name=?)")


def test_a_refused_batch_is_not_remembered(path):
    with ledger.open(path) as book:
        clusters = book.initiative("clusters")
        some_facts(clusters)
        with pytest.raises(Refused):
            clusters.record(MemberJoined("ohio", "2021"), MemberLeft("ohio", "2022"), MemberLeft("stranger", "2021"))
        with pytest.raises(Refused):
            clusters.record(MemberLeft("ohio", "2022"))
        clusters.record(MemberJoined("ohio", "2021"))
        with pytest.raises(Refused):
            clusters.record(MemberJoined("ohio", "2022"))
        assert "ohio" in clusters.at("2022-01-01", known_at=9).possible_members | clusters.at("2022-01-01").members


def test_an_interrupt_ends_the_wait_for_another_writer_and_leaves_no_transaction_open(path):
    def interrupt(*_):
        raise KeyboardInterrupt

    with ledger.open(path, timeout=60) as book:
        with held_until_released(path) as release:
            before = signal.signal(signal.SIGALRM, interrupt)
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            try:
                with pytest.raises(KeyboardInterrupt):  # though the file is held for as long as it takes
                    book.initiative("clusters").record(MemberJoined("a", "2021"))
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, before)
            release()
            with ledger.open(path, timeout=0) as another:
                another.initiative("clusters").record(MemberJoined("b", "2021"))
        assert [record.event.member for record in book.records()] == ["b"]
        book.initiative("clusters").record(MemberJoined("a", "2021"))


@contextmanager
def held_until_released(path):
    with sql(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield lambda: connection.execute("COMMIT")


@contextmanager
def held_for(path, seconds):
    """Another writer holds the file, for some time."""
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        end = threading.Timer(seconds, connection.execute, ["COMMIT"])
        end.start()
        yield
        end.join()


def test_a_clock_that_records_or_reads_does_no_harm(path):
    seen = []

    def clock():
        seen.append((book.initiatives(), sum(1 for _ in book.records())))
        if len(seen) == 2:
            book.initiative("clusters").record(MemberJoined("nested", "2021"))
        return FIRST

    with ledger.open(path, clock=clock) as book:
        clusters = book.initiative("clusters")
        clusters.record(MemberJoined("a", "2021"))
        with pytest.raises(StoreError, match="this thread is recording already"):
            clusters.record(MemberJoined("b", "2021"))
        clusters.record(MemberJoined("c", "2021"))
        assert seen == [([], 0), (["clusters"], 1), (["clusters"], 1)]
        assert [record.event.member for record in book.records()] == ["a", "c"]


def test_a_closed_ledger_says_so(path):
    book = ledger.open(path)
    clusters = book.initiative("clusters")
    some_facts(clusters)
    state = clusters.at("2024-01-01")
    book.close()
    book.close()
    for use in (
        book.initiatives, lambda: next(book.records()), clusters.today, clusters.records,
        lambda: clusters.record(MemberJoined("x", "2021")), lambda: clusters.at("2021-01-01", 1),
    ):  # fmt: skip
        with pytest.raises(LedgerClosed, match="this ledger was closed: open it again"):
            use()
    assert len(state) == 2  # what was read before stays
    assert len(everything(path)["records"]) == 8


def test_a_ledger_closes_itself_at_the_end_of_a_block_by_an_error_too(path):
    with pytest.raises(Stop), ledger.open(path) as book:
        raise Stop
    with pytest.raises(LedgerClosed):
        book.initiatives()


@pytest.mark.parametrize(
    "event",
    [
        MemberLeft("ben", "2026-01/2099-12"),
        InitiativeClosed("2026-01/2099-12"),
        MemberChanged("ben", "2026-01/2099-12", name="Benjamin"),
        MemberSuspended("ben", "2026-01/2099-12"),
    ],
)
def test_what_may_have_happened_leaves_a_member_in_the_view_and_marks_it_as_rough(path, event):
    with ledger.open(path) as book:
        book.initiative("clusters").record(MemberJoined("ben", "2020-01-01", name="Ben"))
        with sql(path) as connection:
            assert [row["rough"] for row in view(connection, "members_today")] == [0]
        book.initiative("clusters").record(event)
    with sql(path) as connection:
        (row,) = view(connection, "members_today")
    assert (row["member"], row["name"], row["status"], row["rough"]) == ("ben", "Ben", "active", 1)


def test_one_who_left_and_may_be_back_is_in_the_view_as_rough(path):
    with ledger.open(path) as book:
        clusters = book.initiative("clusters")
        clusters.record(MemberJoined("ben", "2020-01-01"), MemberLeft("ben", "2021-01-01"))
        with sql(path) as connection:
            assert view(connection, "members_today") == []
        clusters.record(MemberJoined("ben", "2026-01/2099-12"))
        assert list(clusters.today().possible_members) == ["ben"]
    with sql(path) as connection:
        assert [(row["member"], row["rough"]) for row in view(connection, "members_today")] == [("ben", 1)]


def test_a_value_that_may_have_been_withdrawn_stays_in_the_view_and_is_marked_as_rough(path):
    with ledger.open(path) as book:
        book.initiative("clusters").record(
            MetricDefined("co2", "t"),
            MetricUpdated("co2", "2020-01-01", "5 t"),
            MetricUpdated("co2", "2026/2099", None),
        )
    with sql(path) as connection:
        assert [(row["amount"], row["rough"]) for row in view(connection, "metrics_today")] == [("5 t", 1)]


# a file that is damaged, full, or gone


@pytest.mark.parametrize("what", ["deleted", "moved", "replaced"])
def test_a_file_that_is_no_longer_there_is_neither_read_nor_written(path, what):
    with ledger.open(path) as book:
        clusters = book.initiative("clusters")
        some_facts(clusters)
        if what == "deleted":
            path.unlink()
        else:
            path.rename(path.with_suffix(".old"))
        if what == "replaced":
            ledger.open(path.with_suffix(".new")).close()
            path.with_suffix(".new").rename(path)
        for use in (lambda: clusters.record(MemberJoined("ohio", "2023")), clusters.today, book.initiatives):
            with pytest.raises(StoreError, match="moved, deleted or replaced since it was opened, and is left alone"):
                use()


def test_a_ledger_opened_by_a_relative_path_may_follow_its_process_elsewhere(path, monkeypatch, tmp_path_factory):
    monkeypatch.chdir(path.parent)
    with ledger.open(path.name) as book:
        monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
        some_facts(book.initiative("clusters"))
    assert len(everything(path)["records"]) == 8


def asked_everything(path):
    """Ask a ledger for all it can tell and try to record: an error must be one of the library."""
    new, values = MemberJoined("new", "2021"), MetricUpdated("co2", "2022", "3 t", member="humber")
    asked = [
        lambda book: list(book.records()),
        lambda book: book.initiatives(),
        lambda book: list(book.initiative("clusters").records(after=3)),
        lambda book: book.initiative("clusters").at("2022-12-31").to_dict(),
        lambda book: book.initiative("clusters").at("2022-12-31", 6).to_dict(),
        lambda book: book.initiative("clusters").at("2022-12-31", FIRST + TICK).to_dict(),
        lambda book: book.initiative("clusters").record(new, values, MetricDefined("co2", unit="t", title="x")),
        lambda book: book.initiative("clusters").record(MemberLeft("humber", "2023"), InitiativeClosed("2030")),
        lambda book: book.initiative("new").record(new),
    ]

    def in_a_ledger_of_its_own(question):
        with ledger.open(path) as book:
            return question(book)

    return [error_of(lambda question=question: in_a_ledger_of_its_own(question)) for question in asked]


@pytest.fixture(scope="module")
def sound_bytes(written_file):
    return written_file.read_bytes()


@settings(max_examples=EXAMPLES // 2)
@given(
    flips=st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 255)), min_size=1, max_size=20),
    page=st.none() | st.integers(0, 100),
)
def test_a_damaged_file_brings_about_no_errors_but_those_of_the_library(tmp_path_factory, sound_bytes, flips, page):
    damaged = bytearray(sound_bytes)
    for place, bits in flips:
        damaged[place % len(damaged)] ^= bits
    if page is not None:
        start = page * 4096 % len(damaged)
        damaged[start : start + 4096] = os.urandom(4096)
    path = tmp_path_factory.mktemp("damaged") / "clusters.db"
    path.write_bytes(damaged)
    for error in asked_everything(path):
        assert error is None or len(str(error)) < 2_000


@contextmanager
def rewritten(path, sound_bytes, *statements):
    """An open ledger in whose file somebody switches the guards off and changes rows by hand."""
    path.write_bytes(sound_bytes)
    with ledger.open(path) as book:
        with sql(path) as connection:
            for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                connection.execute(statement)
        yield book


@pytest.mark.parametrize("statement", [
    "UPDATE facts SET earliest = '2020', latest = '2020'",
    "UPDATE facts SET low = 'much' WHERE low IS NOT NULL",
    "UPDATE records SET recorded_at = 'lately'",
    "UPDATE records SET body = '{}' WHERE type IN ('metric-defined', 'report-published')",
    "DELETE FROM records WHERE position = 4",
])  # fmt: skip
def test_a_row_that_is_not_as_it_was_written_is_reported_as_damage(path, sound_bytes, statement):
    with rewritten(path, sound_bytes, statement) as book:
        clusters = book.initiative("clusters")
        errors = [error_of(lambda known_at=known_at: clusters.at("2022-12-31", known_at)) for known_at in range(9)]
        assert DamagedRecord in map(type, errors)
        assert all(error is None or "restore" in str(error) for error in errors)


def error_of(ask):
    """The error of the library that a question ends in; None if it is answered."""
    try:
        ask()
    except LedgerError as error:
        return error
    return None


def test_damage_is_found_while_recording_too(path, sound_bytes):
    with (
        rewritten(path, sound_bytes, "UPDATE facts SET earliest = '2020', latest = '2020'") as book,
        pytest.raises(DamagedRecord, match="a row is not as it was written"),
    ):
        book.initiative("clusters").record(MemberLeft("humber", "2023"))
    with (
        rewritten(path, sound_bytes, "UPDATE records SET recorded_at = 'lately'") as book,
        pytest.raises(DamagedRecord, match="a row is not as it was written"),
    ):
        book.initiative("clusters").record(MemberJoined("new", "2023"))
    with (
        rewritten(path, sound_bytes, "DELETE FROM records WHERE position = 4") as book,
        pytest.raises(DamagedRecord, match="a row is not as it was written"),
    ):
        book.initiative("clusters").record(MemberJoined("humber", "2023"))


def test_text_that_is_no_text_is_reported_as_damage(path, sound_bytes):
    with rewritten(path, sound_bytes, "UPDATE records SET note = CAST(x'ff' AS TEXT) WHERE position = 5") as book:
        with pytest.raises(StoreError, match=r"the file is damaged .*: restore the ledger from a backup"):
            list(book.records())
        assert len(list(book.records(after=5))) == 3


def test_an_event_of_a_newer_version_is_not_passed_over(path, sound_bytes):
    with rewritten(
        path, sound_bytes, "UPDATE records SET type = 'metric-explained' WHERE type = 'metric-defined'"
    ) as book:
        for ask in (
            lambda: list(book.records()),
            lambda: book.initiative("clusters").at("2022-12-31"),
            lambda: book.initiative("clusters").record(MetricUpdated("co2", "2023", "1 t")),
        ):
            with pytest.raises(NewerFormat, match="event 'metric-explained' of schema 1 is not known"):
                ask()


def test_a_question_that_sqlite_breaks_off_is_put_into_words_and_the_next_is_answered(path):
    with ledger.open(path) as book:
        clusters = book.initiative("clusters")
        some_facts(clusters)
        connection = book._store._connection
        for patience in (1, 50):  # before the transaction has begun, and within it
            connection.set_progress_handler(lambda: 1, patience)
            with pytest.raises(StoreError, match="interrupted"):
                clusters.at("2022-12-31")
            connection.set_progress_handler(None, 0)
            assert len(clusters.at("2022-12-31")) == 2


def test_a_ledger_that_cannot_be_written_to_says_so_and_can_still_be_read(path):
    with ledger.open(path) as book:
        clusters = book.initiative("clusters")
        some_facts(clusters)
        book._store._connection.execute("PRAGMA query_only = ON")
        with pytest.raises(ReadOnly, match="it cannot be written to; check the rights on the file and on its folder"):
            clusters.record(MemberJoined("ohio", "2023"))
        assert len(clusters.at("2022-12-31")) == 2
        assert len(list(book.records())) == 8


def test_an_amount_that_cannot_be_stored_exactly_is_not_stored(path):
    def append_a_third():
        with book._store.writing("clusters") as append:
            (entry,) = entries_of([MetricUpdated("co2", "2021", "1 t")], append.head)
            third = entry.said[0]._replace(low=Fraction(1, 3), high=Fraction(1, 3))
            _, rows = written(
                [entry],
                initiative="clusters",
                head=append.head,
                tree=append.tree,
                ids=TWO_IDS[:1],
                recorded_at=FIRST,
                terms=Terms(),
            )
            append.append([entry._replace(said=(third,))], rows)

    with ledger.open(path) as book:
        with pytest.raises(TypeError, match="1/3 has no finite decimal"):
            append_a_third()
        assert list(book.records()) == []


def test_what_sqlite_cannot_do_is_put_into_words(path, sound_bytes):
    with (
        rewritten(
            path,
            sound_bytes,
            "DROP VIEW reports",
            "DROP VIEW members_today",
            "DROP VIEW metrics_today",
            "DROP VIEW standing_facts",
            "ALTER TABLE facts RENAME COLUMN value TO worth",
        ) as book,
        pytest.raises(StoreError, match=r"no such column.*nothing of it was written"),
    ):
        book.initiative("clusters").at("2022-12-31")


def test_a_full_disk_leaves_nothing_half_written_and_recording_goes_on_when_there_is_room(path):
    with ledger.open(path) as book:
        clusters = book.initiative("clusters")
        some_facts(clusters)
        connection = book._store._connection
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        before = everything(path)
        with pytest.raises(StoreError, match="the disk is full; nothing of this batch was written: make room"):
            clusters.record(*(MemberJoined(f"m{number}", "2023", attributes={"x": "y" * 900}) for number in range(99)))
        assert everything(path) == before
        connection.execute("PRAGMA max_page_count = 100000")
        clusters.record(*(MemberJoined(f"m{number}", "2023") for number in range(99)))
        assert len(clusters.at("2024-01-01")) == 101


def test_a_disk_that_does_not_confirm_is_not_said_to_have_kept_nothing(path):
    # no disk can be made to fail like this here; with a library that fails fdatasync() the batch, which SQLite had
    # given up, was there after a crash
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
    with pytest.raises(Unconfirmed, match="record it then with the same ids") as told, errors_of(str(path)):
        raise error
    assert "nothing" not in str(told.value)


def test_the_short_form_of_a_record_says_where_a_fact_comes_from():
    with open_memory() as book:
        clusters = book.initiative("clusters")
        (joined,) = clusters.record(MemberJoined("a", "2021"), source="https://example.org")
        refs = clusters.at("2022-01-01").registers.refs
    assert refs == {1: joined.ref}
    assert isinstance(refs[1], RecordRef)
    assert refs[1].source == "https://example.org"


def test_an_uncertain_register_and_its_records_come_from_the_file_as_from_the_replay(written_file):
    with ledger.open(written_file) as book:
        clusters = book.initiative("clusters")
        state = clusters.at("2021-12-31")
        assert [len(state), len(state.possible_members)] == [0, 1]
        assert state == replay(clusters.records(), at="2021-12-31")
        assert clusters.at("2022-12-31").measure(Total("co2")).amount == ledger.exactly(1, "t")
        assert Register("member", "basque", "status") in state.registers.cells
        assert list(chain.from_iterable(state.to_dict()["possible_members"])) == list("basque")
