"""The folder of a lake: it holds what the ledger holds, grows with it, and is whole whatever happens meanwhile."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import date
from decimal import Decimal

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger
from ledger import (
    InitiativeLaunched,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MetricDefined,
    MetricUpdated,
    ReportPublished,
    relations,
)
from ledger.exchange import lake_folder, lakes
from ledger.exchange.lake_tables import GROWING, TABLES, schema_of
from ledger.model.errors import (
    BadInput,
    DamagedRecord,
    DifferentHistory,
    LedgerError,
    MissingExtra,
    NewerFormat,
    StoreError,
)
from ledger.recording.batch import COLUMNS, row_of
from ledger.testing import FrozenClock
from ledger.testing.strategies import ledgers


@pytest.fixture
def book():
    with ledger.open(":memory:") as book:
        yield book


@pytest.fixture
def club(book):
    club = book.initiative("club")
    club.record(
        InitiativeLaunched("2019", name="The Club"),
        MetricDefined("dues", "kEUR/year", title="Dues", nonnegative=True),
        MemberJoined("ada", "2020-01-01", name="Ada", attributes={"city": "Bilbao"}),
        MemberJoined("ben", "2020/2021"),
        MetricUpdated("dues", "2020-06-30", "12.5 kEUR/year", member="ada"),
    )
    return club


def tables(folder):
    """All rows of a lake, by table, in whatever order."""
    return {
        table: sorted(
            (tuple(row.values()) for path in paths for row in pyarrow.parquet.ParquetFile(path).read().to_pylist()),
            key=repr,
        )
        for table, paths in relations.files(folder).items()
    }


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_records_are_there_with_all_their_columns(book, club, tmp_path):
    (joined,) = club.record(MemberJoined("cleo", "2022-01-01"))
    club.retract(joined.id, reason="She did not.")
    club.record(ReportPublished("r1", "2022-02-01", title="Report"))
    assert book.to_parquet(tmp_path / "lake", ledger="north") == 8
    rows = tables(tmp_path / "lake")["records"]
    for record, row in zip(book.records(), sorted(rows, key=lambda row: row[2]), strict=True):
        told = dict(zip(["ledger", *(field.name for field in schema_of("records", 9))][1:], row, strict=True))
        written = dict(zip(COLUMNS, row_of(record), strict=True))
        assert told.pop("ledger") == "north"
        assert told.pop("retracts") == (joined.position if record.position == 7 else None)
        assert told.pop("recorded_at") == record.recorded_at
        for name in ("earliest", "latest"):
            assert told.pop(name) == (written[name] and date.fromisoformat(written[name]))
        assert told == {name: value for name, value in written.items() if name in told}


def test_facts_are_those_of_the_replay_with_their_windows_and_amounts(book, club, tmp_path):
    book.to_parquet(tmp_path / "lake")
    moment = next(book.records()).recorded_at
    rows = [row[2:] for row in tables(tmp_path / "lake")["facts"] if row[2] >= 4]
    assert sorted(rows) == [
        (4, 4, moment, "member", "ben", "joined", "", date(2020, 1, 1), date(2021, 12, 31), "joined", None, None),
        (4, 4, moment, "member", "ben", "status", "", date(2020, 1, 1), date(2021, 12, 31), "joined", None, None),
        (5, 5, moment, "member", "ada", "metric", "dues", date(2020, 6, 30), date(2020, 6, 30), "12.5 kEUR/year",
         Decimal(12500), Decimal(12500)),
    ]  # fmt: skip


def test_metrics_say_what_their_amounts_are_in(book, club, tmp_path):
    book.to_parquet(tmp_path / "lake")
    moment = next(book.records()).recorded_at
    assert tables(tmp_path / "lake")["metrics"] == [
        ("", "club", "dues", "Dues", "kEUR/year", "EUR/year", "1000", True, True, date.min, None, moment, None, 5, None)
    ]


def test_every_column_has_its_type_also_where_there_are_no_rows(book, tmp_path):
    book.initiative("nobody").record(InitiativeLaunched("2020", name="Nobody"))
    book.to_parquet(tmp_path / "lake")
    for table, paths in relations.files(tmp_path / "lake").items():
        assert len(paths) == (2 if table in GROWING else 1)
        for path in paths:
            assert pyarrow.parquet.read_schema(path).equals(schema_of(table, 9))


def test_an_empty_ledger_is_an_empty_lake_which_it_can_fill(book, tmp_path):
    assert book.to_parquet(tmp_path / "lake") == 0
    assert not any(tables(tmp_path / "lake").values())
    book.initiative("club").record(MemberJoined("ada", "2020-01-01"))
    assert book.to_parquet(tmp_path / "lake") == 1
    assert [row[2] for row in tables(tmp_path / "lake")["standing"]] == ["ada"]


@given(ledgers(initiatives=3, parts=True), st.lists(st.integers(1, 30), max_size=3), st.sampled_from([1, 2, 16]))
def test_written_bit_by_bit_it_holds_what_it_does_when_written_at_once(book, sizes, partitions):
    import tempfile
    from pathlib import Path

    every = list(book.records())
    with (
        tempfile.TemporaryDirectory() as folder,
        ledger.open(":memory:", clock=FrozenClock("2100-01-01T00:00:00Z")) as growing,
    ):
        whole, grown = Path(folder, "whole"), Path(folder, "grown")
        for size in sorted({*sizes, len(every)}):
            # a part of a batch is there too, as when an import was interrupted
            growing.import_records(every[:size])
            growing.to_parquet(grown, partitions=partitions)
        book.to_parquet(whole, partitions=partitions)
        assert tables(grown) == tables(whole)
        newest = lake_folder.newest(grown, TABLES)
        assert newest.head == str(book.head)
        for files in newest.files.values():
            own = [file.partition for file in files if file.rows]
            assert len(own) - len(set(own)) <= 8


def test_many_small_writings_leave_few_files(book, tmp_path):
    club = book.initiative("club")
    for number in range(40):
        club.record(MemberJoined(f"m{number}", "2020-01-01"))
        assert book.to_parquet(tmp_path / "lake") == 1
    for table, paths in relations.files(tmp_path / "lake").items():
        assert len(paths) <= (7 if table in GROWING else 2), table
    assert len(tables(tmp_path / "lake")["records"]) == 40


def test_what_is_no_longer_named_is_removed_at_the_next_writing_but_one(book, club, tmp_path):
    lake = tmp_path / "lake"
    book.to_parquet(lake)
    first = relations.files(lake)
    club.record(MemberLeft("ada", "2024-01-01"))
    book.to_parquet(lake)
    assert all(os.path.exists(path) for paths in first.values() for path in paths)  # somebody may read them still
    club.record(MemberJoined("cleo", "2024-01-01"))
    book.to_parquet(lake)
    named = {path for paths in relations.files(lake).values() for path in paths}
    there = {str(path) for path in lake.rglob("*.parquet")}
    assert named < there
    assert [path for paths in first.values() for path in paths if path not in named and path in there] == []
    assert [name for name in names(lake) if name.startswith("manifest")] == [
        "manifest-00000002.json", "manifest-00000003.json",
    ]  # fmt: skip


def test_initiatives_that_nothing_was_recorded_of_keep_their_files(book, club, tmp_path):
    other = next(name for name in map("other{}".format, range(99)) if lakes.partition_of(name, 16) != 10)
    book.initiative(other).record(MemberJoined("zoe", "2020-01-01"))
    book.to_parquet(tmp_path)
    before = {path: os.stat(path).st_ino for paths in relations.files(tmp_path).values() for path in paths}
    club.record(MemberLeft("ada", "2024-01-01"))
    book.to_parquet(tmp_path)
    own = f"/{lakes.partition_of(other, 16):04}/"
    kept = [path for path in before if own in path]
    assert kept
    assert all(os.stat(path).st_ino == before[path] for path in kept)


def test_nothing_is_written_where_nothing_is_new(book, club, tmp_path):
    book.to_parquet(tmp_path)
    before = names(tmp_path)
    assert book.to_parquet(tmp_path) == 0
    assert names(tmp_path) == before


@pytest.mark.parametrize("amount", ["1e30 EUR/year", "0.0000000001 EUR/year"])
def test_an_amount_that_does_not_fit_is_refused_by_its_record_and_nothing_is_written(book, club, tmp_path, amount):
    (record,) = club.record(MetricUpdated("dues", "2021-01-01", amount, member="ada"))
    with pytest.raises(
        BadInput, match=rf"record {record.position} \({record.id}\) states an amount of .* scale=9"
    ) as error:
        book.to_parquet(tmp_path / "lake")
    assert "29 digits before the point and 9 after" in str(error.value)
    assert names(tmp_path / "lake") == []


def test_with_another_scale_it_fits(book, club, tmp_path):
    club.record(MetricUpdated("dues", "2021-01-01", "0.0000000001 EUR/year", member="ada"))
    book.to_parquet(tmp_path / "lake", scale=20)
    assert Decimal("1e-10") in {row[-2] for row in tables(tmp_path / "lake")["facts"]}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"ledger": "south"}, "begun with ledger='north', and ledger='south' is asked"),
        ({"partitions": 3}, "begun with partitions=2"),
        ({"scale": 0}, "begun with scale=9"),
    ],
)
def test_how_it_was_begun_stays(book, club, tmp_path, settings, said):
    book.to_parquet(tmp_path / "lake", ledger="north", partitions=2)
    club.record(MemberLeft("ada", "2024-01-01"))
    with pytest.raises(BadInput, match=said):
        book.to_parquet(tmp_path / "lake", **settings)
    assert book.to_parquet(tmp_path / "lake", ledger="north", partitions=2, scale=9) == 1


@pytest.mark.parametrize(
    "settings",
    [{"partitions": 0}, {"partitions": 4097}, {"partitions": True}, {"partitions": "2"}, {"scale": -1}, {"scale": 39},
     {"ledger": "two\nlines"}, {"ledger": 7}, {"ledger": 0}, {"ledger": []}],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused_before_anything_is_written(book, club, tmp_path, settings):
    with pytest.raises(LedgerError, match=next(iter(settings))):
        book.to_parquet(tmp_path / "lake", **settings)
    assert not (tmp_path / "lake").exists() or names(tmp_path / "lake") == []


def test_a_lake_of_another_ledger_is_left_as_it_is(book, club, tmp_path):
    book.to_parquet(tmp_path / "lake")
    before = names(tmp_path / "lake")
    with ledger.open(":memory:") as other:
        for number in range(9):
            other.initiative("club").record(MemberJoined(f"m{number}", "2020"))
        with pytest.raises(DifferentHistory, match="of another history"):
            other.to_parquet(tmp_path / "lake")
    with ledger.open(":memory:") as shorter, pytest.raises(DifferentHistory, match="holds 5 records"):
        shorter.to_parquet(tmp_path / "lake")
    assert names(tmp_path / "lake") == before


def test_a_folder_of_other_things_is_left_alone(book, club, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(BadInput, match=r"'thesis\.txt' is there, and no lake"):
        book.to_parquet(tmp_path)
    assert names(tmp_path) == ["thesis.txt"]


def test_what_else_lies_in_a_lake_stays(book, club, tmp_path):
    book.to_parquet(tmp_path)
    (tmp_path / "thesis.txt").write_text("mine")
    (tmp_path / "facts" / "thesis.txt").write_text("mine")
    for day in ("2023-01-01", "2024-01-01", "2025-01-01"):
        club.record(MemberChanged("ada", day, name=day))
        book.to_parquet(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == (tmp_path / "facts" / "thesis.txt").read_text() == "mine"


def test_what_a_system_keeps_in_every_folder_is_no_hindrance(book, club, tmp_path):
    (tmp_path / ".DS_Store").write_text("")
    assert book.to_parquet(tmp_path) == 5


def test_a_ledger_that_is_closed_makes_no_folder(tmp_path):
    book = ledger.open(":memory:")
    book.close()
    with pytest.raises(StoreError):
        book.to_parquet(tmp_path / "lake")
    assert not (tmp_path / "lake").exists()


def test_a_number_that_is_free_again_is_not_taken(book, club, tmp_path, monkeypatch):
    """Others write so often meanwhile that the manifest whose number we take was removed again."""
    book.to_parquet(tmp_path)
    publish, cleared = lakes.publish, lakes.clear

    def late(folder, manifest):
        monkeypatch.setattr(lakes, "publish", publish)
        for number in range(3):
            club.record(MemberChanged("ada", "2024-01-01", name=str(number)))
            assert book.to_parquet(folder) == (2 if number == 0 else 1)
        publish(folder, manifest)

    club.record(MemberChanged("ada", "2024-01-01", name="Ada A."))
    monkeypatch.setattr(lakes, "publish", late)
    with pytest.raises(StoreError, match="somebody else has written to this lake meanwhile"):
        book.to_parquet(tmp_path)
    assert cleared is lakes.clear
    assert len(tables(tmp_path)["records"]) == book.head.size == 9
    assert [name for name in names(tmp_path) if name.startswith("manifest")] == [
        "manifest-00000003.json", "manifest-00000004.json",
    ]  # fmt: skip


@pytest.mark.parametrize("path", ["", "a\0b", 7, None])
def test_what_is_no_path_is_refused(book, path):
    with pytest.raises(BadInput, match="path"):
        book.to_parquet(path)


def test_a_file_is_no_folder(book, club, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        book.to_parquet(tmp_path / "file")
    with pytest.raises(StoreError, match="No such file"):
        book.to_parquet(tmp_path / "no" / "folder")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"format": "1"}', "\xff"],
)
def test_a_manifest_that_is_damaged_is_said_to_be(book, club, tmp_path, text):
    book.to_parquet(tmp_path)
    (tmp_path / "manifest-00000001.json").write_text(text, "latin-1")
    with pytest.raises(StoreError, match=r"manifest-00000001\.json: it is no manifest of a lake, or a damaged one"):
        book.to_parquet(tmp_path)


@pytest.mark.parametrize(
    "change",
    [{"head": "5 xyz"}, {"number": None}, {"files": {"records": 7}}, {"files": {}}, {"partitions": 0}, {"more": 1}],
)
def test_a_manifest_with_other_things_in_it_is_damaged(book, club, tmp_path, change):
    book.to_parquet(tmp_path)
    path = tmp_path / "manifest-00000001.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(StoreError, match="damaged"):
        relations.files(tmp_path)


def test_a_lake_of_a_newer_format_is_left_alone(book, club, tmp_path):
    book.to_parquet(tmp_path)
    path = tmp_path / "manifest-00000001.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 2}))
    with pytest.raises(NewerFormat, match="has format 2, and this program knows 1"):
        book.to_parquet(tmp_path)


def test_files_that_are_damaged_or_gone_are_named_when_they_are_needed(book, club, tmp_path):
    book.to_parquet(tmp_path)
    for damage in ("cut off", "gone"):
        path = next(path for path in relations.files(tmp_path)["standing"] if "columns" not in path)
        if damage == "gone":
            os.unlink(path)
        else:
            os.truncate(path, 100)
        club.record(MemberChanged("ada", "2024-01-01", name=damage))
        with pytest.raises(StoreError, match=r"standing/.*\.parquet: it cannot be read .* write the lake anew"):
            book.to_parquet(tmp_path)


def test_who_finishes_second_is_told_and_what_he_wrote_does_not_count(book, club, tmp_path, monkeypatch):
    """Somebody else writes all of it between our files and our manifest."""
    publish = lakes.publish

    def late(folder, manifest):
        monkeypatch.setattr(lakes, "publish", publish)
        assert book.to_parquet(tmp_path / "lake") == 5
        publish(folder, manifest)

    monkeypatch.setattr(lakes, "publish", late)
    with pytest.raises(StoreError, match="somebody else has written to this lake meanwhile"):
        book.to_parquet(tmp_path / "lake")
    assert len(tables(tmp_path / "lake")["records"]) == 5
    assert book.to_parquet(tmp_path / "lake") == 0


def test_several_who_write_at_once_leave_a_whole_lake(tmp_path):
    path, lake = tmp_path / "many.db", tmp_path / "lake"
    ready = threading.Barrier(4)
    refused = []

    def write():
        with ledger.open(path) as book:
            ready.wait()
            for _ in range(5):
                try:
                    book.to_parquet(lake)
                except LedgerError as error:
                    refused.append(f"{type(error).__name__}: {error}")
                book.initiative("club").record(MemberJoined(f"m{time.perf_counter_ns()}", "2020-01-01"))

    ledger.open(path).close()
    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(one.startswith("StoreError") and "somebody else has written" in one for one in refused), refused
    with ledger.open(path) as book:
        book.to_parquet(lake)
        assert len(tables(lake)["records"]) == book.head.size == 20
        assert len(tables(lake)["standing"]) == 20


WRITE = """
import sys, ledger
with ledger.open(sys.argv[1]) as book:
    book.to_parquet(sys.argv[2])
"""


def test_a_writer_that_is_killed_leaves_the_lake_as_it_was(tmp_path):
    path, lake = tmp_path / "book.db", tmp_path / "lake"
    with ledger.open(path) as book:
        for number in (1, 4, 9):
            for name in ("a", "b", "c"):
                book.initiative(name).record(*(MemberJoined(f"m{number}-{one}", "2020-01-01") for one in range(50)))
            before = tables(lake) if lake.exists() else None
            files = len(names(lake)) if lake.exists() else 0
            writer = subprocess.Popen([sys.executable, "-c", WRITE, path, lake])
            while writer.poll() is None:
                if lake.exists() and len(names(lake)) >= files + number:
                    writer.kill()
            if before is not None and lake_folder.newest(lake, TABLES).size < book.head.size:
                assert tables(lake) == before  # else it was killed when all was done
            book.to_parquet(lake)
            assert len(tables(lake)["records"]) == len(tables(lake)["standing"]) == book.head.size


def test_what_is_recorded_meanwhile_is_left_to_the_next_writing(book, club, tmp_path, monkeypatch):
    initiatives = book.initiatives

    def late():
        book.initiative("late").record(MemberJoined("zoe", "2020-01-01"))
        club.record(MemberJoined("yan", "2020-01-01"))
        return initiatives()

    monkeypatch.setattr(book, "initiatives", late)
    assert book.to_parquet(tmp_path / "lake") == 5
    assert {row[2] for row in tables(tmp_path / "lake")["standing"]} == {"ada", "ben"}
    assert book.to_parquet(tmp_path / "lake") == 2
    assert {row[2] for row in tables(tmp_path / "lake")["standing"]} == {"ada", "ben", "yan", "zoe"}


def test_a_record_that_is_not_what_its_digest_says_goes_into_no_lake(tmp_path):
    path, lake = tmp_path / "book.db", tmp_path / "lake"
    with ledger.open(path) as book:
        for member in ("ada", "ben"):
            book.initiative("club").record(MemberJoined(member, "2020-01-01"), note="as it was")
    with closing(sqlite3.connect(path)) as connection, connection:
        (trigger,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'records_refuse_update'").fetchone()
        connection.execute("DROP TRIGGER records_refuse_update")
        connection.execute("UPDATE records SET note = 'as somebody wants it' WHERE position = 1")
        connection.execute(trigger)
    with ledger.open(path) as book, pytest.raises(DamagedRecord, match=r"record 1 .* not what its digest says"):
        book.to_parquet(lake)
    assert [name for name in names(lake) if name.startswith("manifest")] == []


def test_without_pyarrow_the_extra_is_named(book, club, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"membership-ledger\[analytics\]"):
        book.to_parquet(tmp_path / "lake")
    assert not (tmp_path / "lake").exists()
