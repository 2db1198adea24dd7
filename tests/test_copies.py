"""Copies: the same records, states and digests in another store; what is something else is left untouched."""

from datetime import UTC, datetime, timedelta
from itertools import groupby, islice, zip_longest

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import ledger
from ledger import MemberJoined, MemberLeft, RecordRetracted, ReportPublished
from ledger.exchange import copy, write_records
from ledger.model.errors import BadInput, DamagedRecord, DifferentHistory, LedgerBusy, LedgerError
from ledger.model.state import replay
from ledger.recording.batch import row_of
from ledger.recording.merkle import Tree
from ledger.testing.histories import breakpoints
from ledger.testing.scripts import FIRST_INSTANT, Replacing, history_of, records_of
from ledger.testing.strategies import events, histories, texts

EXAMPLES = settings.default.max_examples
A_DAY = timedelta(days=1)
JOINED, LEFT = MemberJoined("ada", "2020"), MemberLeft("ada", "2021")


def batches(records):
    return [list(batch) for _, batch in groupby(records, key=lambda record: record.recorded_at)]


def renamed(record, initiative):
    """The same record in another initiative, with ids of its own."""
    event = record.event
    if isinstance(event, RecordRetracted):
        event = evolve(event, record=f"{initiative}-{event.record}")
    replaces = None if record.replaces is None else f"{initiative}-{record.replaces}"
    return evolve(record, initiative=initiative, id=f"{initiative}-{record.id}", event=event, replaces=replaces)


@st.composite
def whole_ledgers(draw, max_size=8):
    """The records of two initiatives that were recorded in turn, without gaps, with sources of their own."""
    one, other = draw(histories(max_size=max_size)), draw(histories(max_size=max_size // 2))
    parts = (
        batches([renamed(record, "one") for record in one]),
        batches([renamed(record, "öther/2") for record in other]),
    )
    terms = {"source": draw(texts(max_size=30)), "by": draw(texts(max_size=5)), "note": draw(texts(max_size=30))}
    found, day = [], 0
    for turn in zip_longest(*parts, fillvalue=[]):
        for batch in turn:
            day += 1
            for record in batch:
                place, instant = len(found) + 1, FIRST_INSTANT + day * A_DAY
                found.append(evolve(record, position=place, recorded_at=instant, **terms))
    return found


def book_of(records):
    book = ledger.open(":memory:")
    book.import_records(records)
    return book


def all_of(book):
    return list(book.records())


def same(book, other):
    """Is everything that can be read of two ledgers the same?"""
    assert all_of(other) == all_of(book)
    assert other.initiatives() == book.initiatives()
    for name in book.initiatives():
        records = list(book.initiative(name).records())
        for day in breakpoints(records)[::5]:
            for known_at in (None, records[len(records) // 2].position):
                state = replay(records, at=day, known_at=known_at)
                assert book.initiative(name).at(day, known_at) == state
                assert other.initiative(name).at(day, known_at) == state
    return True


# laws


@settings(max_examples=EXAMPLES // 4)
@given(whole_ledgers())
def test_what_is_written_is_what_was_given_and_has_the_digest_of_its_content(records):
    with book_of(records) as book:
        tree = Tree()
        for found, record in zip(all_of(book), records, strict=True):
            head = tree.head() if isinstance(record.event, ReportPublished) else None
            assert found == evolve(record, head=head, digest=row_of(evolve(record, head=head))[-1])
            tree.grow([bytes.fromhex(found.digest)])
        assert book.verify() == book.head == tree.head()


@settings(max_examples=EXAMPLES // 4)
@given(whole_ledgers())
def test_a_copy_is_the_same_ledger(records):
    """As `laws.a_copy_is_the_same_ledger`, with sources and strange names, and a second time for nothing."""
    with book_of(records) as book, ledger.open(":memory:") as other:
        assert copy(book, other) == len(records)
        assert same(book, other)
        assert copy(book, other) == copy(other, book) == copy(book, book) == 0


@settings(max_examples=EXAMPLES // 4)
@given(whole_ledgers(), st.data())
def test_the_beginning_of_a_history_is_completed(records, data):
    cut = data.draw(st.integers(0, len(records)), "records that are there, the last batch perhaps not whole")
    with book_of(records) as book, book_of(records[:cut]) as other:
        assert copy(book, other) == len(records) - cut
        assert same(book, other)
        assert other.verify(book.head, deep=True) == book.head


@settings(max_examples=EXAMPLES // 4)
@given(whole_ledgers(), st.data())
def test_an_interrupted_copy_leaves_whole_batches_and_goes_on_where_it_stopped(records, data):
    stop = data.draw(st.integers(0, len(records)), "records that come before the interruption")

    def interrupted(source):
        yield from islice(source, stop)
        raise KeyboardInterrupt

    with book_of(records) as book, ledger.open(":memory:") as other:
        with pytest.raises(KeyboardInterrupt):
            other.import_records(interrupted(book.records()), at_once=False)
        there = all_of(other)
        assert there == all_of(book)[: len(there)]
        assert batches(there) == batches(all_of(book))[: len(batches(there))]
        assert copy(book, other) == len(records) - len(there)
        assert same(book, other)


@settings(max_examples=EXAMPLES // 4)
@given(whole_ledgers(), st.data())
def test_a_target_that_differs_is_refused_by_its_first_other_record_and_is_untouched(records, data):
    place = data.draw(st.integers(0, len(records)), "where it differs")
    standing = {record.event.record for record in records if isinstance(record.event, RecordRetracted)}
    standing |= {record.replaces for record in records}
    changed = [*records, evolve(renamed(JOINED_RECORD, "more"), position=len(records) + 1)]
    if place < len(records):
        record = records[place]
        change = {"note": f"{record.note}!"} if record.id in standing else {"id": "another"}
        changed = [*records[:place], evolve(record, **change), *records[place + 1 :]]
    with book_of(records) as book, book_of(changed) as other:
        before = all_of(other)
        with pytest.raises(DifferentHistory, match=f"at position {place}|position {place + 1} holds"):
            copy(book, other)
        assert all_of(other) == before


JOINED_RECORD = evolve(history_of([JOINED])[0], recorded_at=datetime(2025, 6, 1, tzinfo=UTC))


@settings(max_examples=EXAMPLES // 4)
@given(st.lists(st.lists(events(), min_size=1, max_size=3), max_size=4))
def test_events_that_no_rule_would_let_in_are_copied_as_they_are(several):
    kept = [[event for event in some if not isinstance(event, RecordRetracted)] for some in several]
    records = list(history_of(*[some for some in kept if some]))
    with book_of(records) as book, ledger.open(":memory:") as other:
        assert copy(book, other) == len(records)
        assert all_of(other) == all_of(book)


def test_a_file_is_copied_to_a_file_and_both_are_recorded_in_afterwards(tmp_path):
    with ledger.open(tmp_path / "a.db") as book, ledger.open(tmp_path / "b.db") as other:
        club = book.initiative("club")
        (joined,) = club.record(JOINED, source="a letter", by="me", note="two\nlines")
        club.correct(joined, effective="2020-05-01", reason="found it")
        assert copy(book, other) == 3
        assert other.initiative("club").at("2020-06-01") == club.at("2020-06-01")
        other.initiative("club").record(LEFT)
        with pytest.raises(DifferentHistory, match=r"goes on where the source ends, at position 3, with record .*left"):
            copy(book, other)
        assert copy(other, book) == 1


@pytest.mark.unmeasured
def test_more_records_than_are_read_at_once_are_copied():
    records = [
        evolve(JOINED_RECORD, position=n, version=n, id=f"r{n}", event=MemberJoined(f"m{n}", "2020"))
        for n in range(1, 2_501)
    ]
    records[1_200:] = [evolve(record, recorded_at=record.recorded_at + A_DAY) for record in records[1_200:]]
    with book_of(records) as book, book_of(records[:1_000]) as other:
        assert copy(book, other) == 1_500
        assert all_of(other) == all_of(book)


# what is refused


def two():
    return records_of(("club", JOINED), ("club", LEFT))


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"position": 3}, BadInput, "has position 3 and version 2, and after what is there it should be 2 and 2"),
        ({"version": 5}, BadInput, "has position 2 and version 5"),
        ({"position": 0}, BadInput, "position=0 is before all records"),
        ({"recorded_at": "2020-01-01"}, BadInput, "recorded_at='2020-01-01' is no instant in UTC"),
        ({"version": True}, BadInput, "version=True is no whole number"),
        ({"id": "r1"}, BadInput, "id 'r1' is that of another record"),
        ({"id": ""}, BadInput, "id is empty"),
        ({"initiative": " x"}, BadInput, "begins or ends with a blank"),
        ({"recorded_at": FIRST_INSTANT - A_DAY}, BadInput, "is not later than the newest record"),
        ({"recorded_at": FIRST_INSTANT, "initiative": "other", "version": 1}, BadInput, "is not later than the newest"),
        ({"recorded_at": datetime(2999, 1, 1, tzinfo=UTC)}, BadInput, "lies in the future"),
        ({"recorded_at": (FIRST_INSTANT + A_DAY).replace(tzinfo=None)}, BadInput, "is no instant in UTC"),
        ({"note": "\0"}, BadInput, "holds a NUL"),
        ({"head": "\0"}, BadInput, "is no TreeHead"),
        ({"replaces": ""}, BadInput, "replaces is empty"),
        ({"replaces": "r7"}, BadInput, "speaks of the record 'r7', and its initiative has none of that id"),
        ({"event": RecordRetracted("r2")}, BadInput, "speaks of the record 'r2'"),
        ({"event": RecordRetracted("r1"), "initiative": "other", "version": 1}, BadInput, "speaks of the record 'r1'"),
        ({"event": "joined"}, BadInput, "is no Record of an event"),
        ({"digest": "0" * 64}, DamagedRecord, "at position 2, is not what its digest says that it was"),
    ],
)
def test_with_a_record_that_cannot_be_nothing_is_written_or_only_what_comes_before_it(changes, error, said):
    first, second = two()
    with ledger.open(":memory:") as book:
        with pytest.raises(error, match=said):
            book.import_records([first, evolve(second, **changes)])
        assert all_of(book) == []
        with pytest.raises(error, match=said):
            book.import_records([first, evolve(second, **changes)], at_once=False)
        # a record that cannot even be read may be one of the batch before it, which is then not written either
        assert [record.id for record in all_of(book)] in ([], ["r1"])
        book.import_records([first, second])
        assert [record.id for record in all_of(book)] == ["r1", "r2"]


@pytest.mark.parametrize("again", [("club", RecordRetracted("r1")), ("club", RecordRetracted("r2"))])
def test_a_record_is_retracted_once_and_a_retraction_never(again):
    with ledger.open(":memory:") as book:
        with pytest.raises(BadInput, match="which is a retraction or retracted already"):
            book.import_records(records_of(("club", JOINED), ("club", RecordRetracted("r1")), again))
        assert all_of(book) == []


def test_two_retractions_of_one_record_in_one_batch_are_refused():
    with ledger.open(":memory:") as book, pytest.raises(BadInput, match="retracted already"):
        book.import_records(records_of(("club", JOINED), ("club", RecordRetracted("r1"), RecordRetracted("r1"))))


def test_two_records_of_one_id_in_one_batch_are_refused():
    first, second = records_of(("club", JOINED, LEFT))
    with ledger.open(":memory:") as book, pytest.raises(BadInput, match="id 'r1' is that of another record"):
        book.import_records([first, evolve(second, id="r1")])


def test_what_is_no_record_is_refused():
    with ledger.open(":memory:") as book, pytest.raises(BadInput, match="'r1' is no Record of an event"):
        book.import_records(["r1"])


def test_a_replacement_keeps_the_rank_of_what_it_replaces():
    first = records_of(
        ("club", MemberJoined("ada", "2020", name="Ada")),
        ("club", MemberJoined("bob", "2020")),
        ("club", RecordRetracted("r1"), Replacing("r1", MemberJoined("ada", "2020", name="Ada L."))),
        ("club", RecordRetracted("r4"), Replacing("r4", MemberJoined("ada", "2020", name="Ada Lovelace"))),
    )
    with book_of(first) as book:
        rows = book._store._connection.execute("SELECT DISTINCT position, rank FROM facts ORDER BY position").fetchall()
        assert rows == [(1, 1), (2, 2), (4, 1), (6, 1)]


def test_another_history_is_refused_by_its_first_other_record():
    first, second = two()
    with book_of([first, second]) as book:
        with pytest.raises(
            DifferentHistory, match=r"position 2 holds .* nothing is written to a ledger of another history"
        ):
            book.import_records([first, evolve(second, note="other")])
        assert [record.id for record in all_of(book)] == ["r1", "r2"]


def test_a_report_is_not_copied_to_behind_other_records_than_it_was_recorded_after():
    report = ReportPublished("annual", "2021-01-01")
    with book_of(history_of([JOINED], [report])) as book:
        _, published = all_of(book)
    with book_of(history_of([evolve(JOINED, member="ben")])) as other:
        with pytest.raises(DamagedRecord, match="was recorded after other records than those before it here"):
            other.import_records([*all_of(other), published])
        assert len(all_of(other)) == 1


def test_somebody_who_writes_meanwhile_is_noticed(tmp_path):
    first, second, third = records_of(("club", JOINED), ("club", LEFT), ("club", JOINED))
    with ledger.open(tmp_path / "a.db") as book, ledger.open(tmp_path / "a.db") as other:

        def meanwhile():
            yield first
            yield second  # by now the first one is a whole batch, and is written
            other.initiative("club").record(LEFT)
            yield third

        with pytest.raises(DifferentHistory, match="position 2 was written by somebody else meanwhile"):
            book.import_records(meanwhile(), at_once=False)
        assert [record.event for record in all_of(book)] == [JOINED, LEFT]


def test_somebody_who_copies_the_same_meanwhile_has_no_other_history(tmp_path):
    records = records_of(("club", JOINED), ("club", LEFT), ("club", JOINED))
    with ledger.open(tmp_path / "a.db") as book, ledger.open(tmp_path / "a.db") as other:

        def meanwhile():
            yield from records[:2]  # by now the first one is a whole batch, and is written
            other.import_records(records)
            yield records[2]

        with pytest.raises(LedgerBusy, match=r"position 2 was written .* who copies the same: copy again"):
            book.import_records(meanwhile(), at_once=False)
        assert [record.id for record in all_of(book)] == [record.id for record in records]
        assert book.import_records(records) == 0


def test_the_lower_door_writes_to_a_store():
    with ledger.open(":memory:") as book:
        assert write_records(book._store, two(), lambda: datetime(2026, 1, 1, tzinfo=UTC)) == 2
        assert issubclass(DifferentHistory, LedgerError)


@pytest.mark.parametrize("other", ["x.db", None, "postgresql://u:hunter@h/d"])
def test_what_is_no_ledger_is_refused_as_a_target(other):
    with ledger.open(":memory:") as book, pytest.raises(BadInput, match=r"is no ledger: give what ledger\.open gave"):
        book.copy_to(other)
