"""Damage to a ledger's files: it leaves every row as it was, or it is found; no damage ends in another error."""

import random
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import ledger
from ledger import (
    Claim,
    InitiativeLaunched,
    LedgerError,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    Members,
    MetricDefined,
    MetricUpdated,
    ReportPublished,
    Total,
    exactly,
)
from ledger.model.errors import Truncated

pytestmark = pytest.mark.unmeasured

TABLES = ("records", "registers", "facts", "retractions", "heads", "tiles")
DAYS = ("2020-12-31", "2022-12-31", "2024-01-01")

FOUND, FOUND_DEEP, AS_IT_WAS = "found", "found by the deep look", "as it was"
FEW, MANY = 60, 3_000  # places; a long run looks at the many


def record(book):
    """Record some of everything, over several pages and a full tile, in batches of several sizes."""
    clusters, ports = book.initiative("clusters"), book.initiative("ports")
    clusters.record(
        InitiativeLaunched("2020", name="Clusters"),
        MetricDefined("co2", unit="Mt/year", nonnegative=True),
        *(MemberJoined(f"m{place}", f"{2020 + place % 3}", attributes={"country": "Spain"}) for place in range(40)),
    )
    values = clusters.record(
        *(
            MetricUpdated("co2", f"2022-{1 + place % 12:02}-01", f"{place}.5 Mt/year", member=f"m{place % 40}")
            for place in range(260)
        )
    )
    for place in range(6):
        ports.record(MemberJoined(f"p{place}", "2021-06-01"), MemberChanged(f"p{place}", "2022", name=f"Port {place}"))
        clusters.correct(values[place].id, amount="99 Mt/year", reason="misread")
    clusters.record(
        MemberLeft("m3", "2023"),
        ReportPublished("r", "2022-12-31", claims=[Claim(Members(), exactly(40)), Claim(Total("co2"), "9 Mt/year")]),
    )


def rows(path):
    with closing(sqlite3.connect(path)) as connection:
        return [sorted(map(repr, connection.execute(f"SELECT * FROM {table}"))) for table in TABLES]


def answers(book):
    clubs = [book.initiative(name) for name in book.initiatives()]
    newest = book.head.size
    return [club.at(day, known_at).to_dict() for club in clubs for day in DAYS for known_at in (None, newest // 2)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return closed(tmp_path_factory.mktemp("whole"))


def closed(folder):
    """A ledger that was closed, what is in it, what it answers, and its head."""
    path = folder / "whole.db"
    with ledger.open(path) as book:
        record(book)
        head = book.verify(deep=True)
        answered = answers(book)
    return path.read_bytes(), rows(path), answered, head


def judged(path, whole):
    """Is damage found? If not, nothing is other than it was."""
    _, kept, answered, head = whole
    try:
        with ledger.open(path) as book:
            book.verify(head)
    except LedgerError:
        return FOUND
    assert rows(path) == kept
    try:
        with ledger.open(path) as book:
            book.verify(head, deep=True)
            assert answers(book) == answered
    except LedgerError:
        return FOUND_DEEP
    return AS_IT_WAS


def flipped(folder, whole, places):
    """What becomes of a ledger in which one bit flips, at each of so many places."""
    content = whole[0]
    verdicts = Counter()
    draw = random.Random(places)
    for place in range(places):
        path = folder / f"{place}.db"
        damaged = bytearray(content)
        # half of them anywhere, half where there is something
        offset = draw.randrange(len(content))
        while place % 2 and not content[offset]:
            offset = draw.randrange(len(content))
        damaged[offset] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        verdicts[judged(path, whole)] += 1
        path.unlink()
    return verdicts


@pytest.mark.parametrize("places", [FEW, pytest.param(MANY, marks=pytest.mark.long)])
def test_a_bit_that_flips_in_the_file_changes_nothing_or_is_found(tmp_path, whole, places):
    verdicts = flipped(tmp_path, whole, places)
    assert {FOUND, AS_IT_WAS} <= verdicts.keys() <= {FOUND, FOUND_DEEP, AS_IT_WAS}


@pytest.mark.parametrize("page", range(1, 30, 7))
def test_a_page_of_something_else_is_found(tmp_path, whole, page):
    content = whole[0]
    for rubbish in (bytes(4096), random.Random(page).randbytes(4096), content[-4096:]):
        path = tmp_path / "damaged.db"
        start = 4096 * (page % (len(content) // 4096 - 1))
        path.write_bytes(content[:start] + rubbish + content[start + 4096 :])
        assert judged(path, whole) in (FOUND, FOUND_DEEP)


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    return open_still(tmp_path_factory.mktemp("logged"))


def open_still(folder):
    """A ledger whose log was not moved to its file yet: both, what is in them, and the head after each batch."""
    path = folder / "logged.db"
    ledger.open(path).close()
    with ledger.open(path) as book:
        record(book)
        heads = dict(book._store._connection.execute("SELECT size, root FROM heads"))
        log = path.with_name("logged.db-wal")
        return path.read_bytes(), log.read_bytes(), [list(book.records()), book.verify(deep=True)], heads


def read_with(path, content, log):
    """Open a file with a log, and give its records and head, if they can be read."""
    path.write_bytes(content)
    path.with_name(f"{path.name}-wal").write_bytes(log)
    try:
        with ledger.open(path) as book:
            return list(book.records()), book.verify()
    except LedgerError:
        return None
    finally:
        for file in path.parent.iterdir():
            file.unlink()


def is_less(found, logged):
    """What is left of a log is whole batches from the beginning; which only a published head tells from all."""
    _, _, (records, head), heads = logged
    if found is None:
        return FOUND
    kept, newest = found
    assert kept == records[: len(kept)]
    assert len(kept) == newest.size
    assert newest.size == 0 or heads[newest.size].hex() == newest.root
    return AS_IT_WAS if newest == head else FOUND  # by that head


def log_cut(folder, logged, step):
    """What becomes of a ledger whose log is cut off, at every so many bytes."""
    content, log, _, _ = logged
    return Counter(
        is_less(read_with(folder / "cut.db", content, log[:end]), logged) for end in range(0, len(log), step)
    )


@pytest.mark.parametrize("step", [20_000, pytest.param(512, marks=pytest.mark.long)])
def test_a_log_that_is_cut_off_leaves_whole_batches(tmp_path, logged, step):
    verdicts = log_cut(tmp_path, logged, step)
    assert verdicts[AS_IT_WAS] <= 1 + 20 * (step < 20_000)
    assert verdicts[FOUND]


def log_flipped(folder, logged, places):
    """What becomes of a ledger in whose log one bit flips, at each of so many places."""
    content, log, _, _ = logged
    draw = random.Random(places)
    verdicts = Counter()
    for _ in range(places):
        damaged = bytearray(log)
        damaged[draw.randrange(len(log))] ^= 1 << draw.randrange(8)
        verdicts[is_less(read_with(folder / "cut.db", content, damaged), logged)] += 1
    return verdicts


@pytest.mark.parametrize("places", [FEW // 3, pytest.param(MANY // 5, marks=pytest.mark.long)])
def test_a_bit_that_flips_in_the_log_leaves_whole_batches(tmp_path, logged, places):
    assert log_flipped(tmp_path, logged, places)[FOUND]


def test_only_a_published_head_tells_that_a_log_was_cut_off(tmp_path, logged):
    content, log, (_, head), _ = logged
    path = tmp_path / "cut.db"
    path.write_bytes(content)
    path.with_name("cut.db-wal").write_bytes(log[: len(log) * 2 // 3])
    with ledger.open(path) as book:
        assert 0 < book.verify(deep=True).size < head.size
        with pytest.raises(Truncated, match=f"and the head counts {head.size}"):
            book.verify(head)


if __name__ == "__main__":  # prints the table of the README
    with TemporaryDirectory() as directory:
        folder, cuts = Path(directory), Path(directory) / "cuts"
        cuts.mkdir()
        one, other = closed(folder), open_still(folder)
        for title, verdicts in (
            (f"one bit flipped in the file, at {MANY:,} places", flipped(cuts, one, MANY)),
            (f"one bit flipped in its log, at {MANY // 5:,} places", log_flipped(cuts, other, MANY // 5)),
            (f"the log of {len(other[1]):,} bytes cut off at each 512", log_cut(cuts, other, 512)),
        ):
            deep = f", and {verdicts[FOUND_DEEP]:,} by the deep look" if verdicts[FOUND_DEEP] else ""
            print(f"| {title} | {verdicts[AS_IT_WAS]:,} | {verdicts[FOUND]:,}{deep} |")
