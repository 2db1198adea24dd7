"""Promises of a store about what is written: its places, whole batches, what is read back, and several handles."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, nullcontext
from itertools import count, groupby
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.book import Ledger
from ledger.model.errors import LedgerClosed, Refused, RetryMismatch, StoreError, UnknownMember, VersionConflict
from ledger.model.events import Event, MemberChanged, MemberJoined, MetricDefined, RecordRetracted, ReportPublished
from ledger.model.facts import definition_of, status_of
from ledger.model.measures import Members
from ledger.model.registers import Registers
from ledger.queries.log import Wanted
from ledger.recording.batch import Head, Terms
from ledger.recording.merkle import Tree, hashes_in, root_at
from ledger.stores.protocol import EventStore
from ledger.testing.appends import (
    ADA,
    ADA_LEFT,
    BEN,
    CLEO,
    DORA,
    LATER,
    SUBJECTS,
    OpenStore,
    fewer,
    hand_over,
    of,
    put,
    put_some,
)
from ledger.testing.clock import FIRST_INSTANT
from ledger.testing.scripts import A_DAY
from ledger.testing.values import events, ids, texts

SOON: Final = 30  # seconds
UUIDS: Final = tuple(f"0190d1f0-0000-7000-8000-00000000000{digit}" for digit in range(4))


class Stop(BaseException):
    """Neither an `Exception` nor expected by anyone, as Ctrl-C is."""


class WritingConformance:
    """What is written is kept, whole and in order, and every handle reads it back as it was."""

    # places

    def test_a_new_ledger_is_empty(self, open_store: OpenStore) -> None:
        """Nothing is recorded in it, and all can be asked."""
        with closing(open_store()) as store:
            assert (store.position(), store.initiatives()) == (0, [])
            assert (list(store.records()), list(store.records("clusters"))) == ([], [])
            assert store.registers("clusters", LATER) == (0, Registers({}, {}))
            assert [store.names("clusters", subject) for subject in SUBJECTS] == [[], [], [], []]
            assert store.records_on("clusters", "ada", None) == []
            with store.writing("clusters") as append:
                assert append.head == Head(0, 0, None)

    def test_positions_and_versions_count_from_one_without_gaps(self, open_store: OpenStore) -> None:
        """Positions count the records of the ledger, versions those of an initiative; the two orders agree."""
        with closing(open_store()) as store:
            put(store, "clusters", ADA, BEN)
            put(store, "ports", ADA)
            put(store, "clusters", CLEO)
            put(store, "ports", BEN, CLEO)
            assert [(one.position, one.initiative, one.version) for one in store.records()] == [
                (1, "clusters", 1),
                (2, "clusters", 2),
                (3, "ports", 1),
                (4, "clusters", 3),
                (5, "ports", 2),
                (6, "ports", 3),
            ]
            assert store.position() == 6

    def test_the_head_says_where_the_next_batch_goes(self, open_store: OpenStore) -> None:
        """It has the newest position and instant of the ledger, and the newest version of the initiative."""
        with closing(open_store()) as store:
            put(store, "clusters", ADA, BEN)
            put(store, "ports", ADA)
            for initiative, version in (("clusters", 2), ("ports", 1), ("airports", 0)):
                with store.writing(initiative) as append:
                    assert append.head == Head(3, version, FIRST_INSTANT + A_DAY)

    def test_records_are_streamed_by_position(self, open_store: OpenStore) -> None:
        """Those of all initiatives, or those of one."""
        with closing(open_store()) as store:
            expected = put_some(store)
            assert list(store.records()) == expected
            for name in ("clusters", "ports", "nobody's"):
                assert list(store.records(name)) == of(name, expected)

    def test_records_past_a_position_are_those_and_no_others(self, open_store: OpenStore) -> None:
        """So it is for any position: before all, within a batch, of another initiative, past all."""
        with closing(open_store()) as store:
            expected = put_some(store)
            for after in range(len(expected) + 2):
                past = [record for record in expected if record.position > after]
                assert list(store.records(after=after)) == past
                assert list(store.records("ports", after=after)) == of("ports", past)

    def test_more_records_than_fit_on_a_page_are_streamed(self, open_store: OpenStore) -> None:
        """None is lost or told twice, however a store reads."""
        with closing(open_store()) as store:
            many = [MemberChanged(f"m{number}", "2021-01-01") for number in range(1_001)]
            expected = [*put(store, "clusters", *many), *put(store, "ports", *many), *put(store, "clusters", *many)]
            for after in (0, 999, 1_001):
                past = expected[after:]
                assert list(store.records(after=after)) == past
                assert list(store.records("clusters", after=after)) == of("clusters", past)

    def test_a_stream_left_half_read_holds_nobody_up(self, open_store: OpenStore) -> None:
        """Others record, and all that was there when it began still comes."""
        with closing(open_store()) as store, closing(open_store()) as other:
            expected = put_some(store)
            stream = store.records()
            first = next(stream)
            put(other, "clusters", DORA)
            assert [first, *stream][: len(expected)] == expected

    def test_initiatives_are_given_in_order_and_once(self, open_store: OpenStore) -> None:
        """The order is that of their code points."""
        with closing(open_store()) as store:
            for name in ("b", "a", "é", "b", "B", "z", "a", "🇪🇸", "\uffee"):
                put(store, name, ADA)
            assert store.initiatives() == ["B", "a", "b", "z", "é", "\uffee", "🇪🇸"]

    def test_names_that_look_alike_are_kept_apart(self, open_store: OpenStore) -> None:
        """So it is whether they differ by case, by an accent, by a character at the end, or look like a pattern."""
        names = ["club", "Club", "clubs", "clu", "clu%", "clu_", "clúb", "'club'", "*"]
        with closing(open_store()) as store:
            for name in names:
                put(store, name, MemberJoined(name, "2021-01-01", attributes={name: name}))
            for version, name in enumerate(names, 2):
                put(store, "club", MemberJoined(f"{name} too", "2021-01-01"))
                assert [one.event for one in store.records(name) if one.version == 1] == [
                    MemberJoined(name, "2021-01-01", attributes={name: name})
                ]
                assert name in store.names(name, "member")
                assert store.names(name, "attribute") == [name]
                assert store.registers("club", LATER)[0] == version
            with store.writing("clubs") as append:
                assert [one.id for one in append.registers(aspect="status")] == ["clubs"]
                assert [bool(append.facts(status_of(name))) for name in names] == [name == "clubs" for name in names]

    # whole, or not at all

    def test_a_batch_is_kept_whole(self, open_store: OpenStore) -> None:
        """All its records are kept, and share one instant, later than any before."""
        batches: list[list[Event]] = [[ADA], [BEN, CLEO, DORA], [ADA_LEFT, MetricDefined("co2", "t")]]
        with closing(open_store()) as store:
            for batch in batches:
                put(store, "clusters", *batch)
            kept = groupby(store.records(), key=lambda record: record.recorded_at)
            assert [[record.event for record in batch] for _, batch in kept] == batches

    def test_an_exception_leaves_nothing_behind(self, open_store: OpenStore) -> None:
        """Whatever is raised, and even once the batch was handed over: it passes, and the next batch has no gap."""
        with closing(open_store()) as store, closing(open_store()) as other:
            expected = put(store, "clusters", ADA)
            for handed_over in (False, True):
                for error in (ValueError, Stop):
                    with pytest.raises(error):
                        put_and_fail(store, error, *([BEN, CLEO] if handed_over else []))
                    assert list(store.records()) == list(other.records()) == expected
                    assert (store.position(), other.position()) == (1, 1)
            assert [record.position for record in put(other, "clusters", BEN)] == [2]
            assert [record.position for record in put(store, "clusters", CLEO)] == [3]

    def test_what_was_not_written_is_not_remembered(self, open_store: OpenStore) -> None:
        """The rules are given what is written, not what an append that failed had read or handed over."""
        with closing(open_store()) as store:
            (joined, _) = put(store, "clusters", ADA, BEN)
            with pytest.raises(Stop):
                put_and_fail(store, Stop, ADA_LEFT, CLEO, RecordRetracted(joined.id), MetricDefined("co2", "t"))
            with store.writing("clusters") as append:
                assert [fact.value for fact in append.facts(status_of("ada"))] == ["joined"]
                assert not append.facts(definition_of("co2"))
                assert {register.id for register in append.registers(aspect="status")} == {"ada", "ben"}
                assert append.found(["r1", "r3", "r4", "r5"]).keys() == {"r1"}
                assert not append.is_retracted(joined.position)

    def test_without_a_batch_nothing_is_written(self, open_store: OpenStore) -> None:
        """To begin to write, and to look around, leaves no trace."""
        with closing(open_store()) as store:
            with store.writing("clusters") as append:
                assert not append.facts(status_of("ada"))
            assert (store.position(), store.initiatives(), list(store.records())) == (0, [], [])

    def test_what_the_rules_refuse_is_not_written(self, open_store: OpenStore) -> None:
        """Nor is a batch where another version was expected, nor an id with other content; a plain retry is none."""
        with closing(Ledger(open_store(), lambda: FIRST_INSTANT)) as book:
            club = book.initiative("club")
            first = club.record(ADA, BEN, ids=UUIDS[:2])
            for error, batch, terms in (
                (Refused, [CLEO, ADA], {}),
                (VersionConflict, [CLEO], {"expected_version": 1}),
                (RetryMismatch, [CLEO], {"ids": UUIDS[:1]}),
                (RetryMismatch, [BEN, CLEO], {"ids": UUIDS[1:3]}),
            ):
                with pytest.raises(error):
                    club.record(*batch, **terms)
            assert club.record(ADA, BEN, ids=UUIDS[:2]) == first
            assert tuple(book.records()) == first
            with pytest.raises(RetryMismatch):
                book.initiative("another").record(ADA, ids=UUIDS[:1])

    # what is read back

    def test_records_come_back_as_they_were_written(self, open_store: OpenStore) -> None:
        """Any event, from any source, by anybody and with any note; so does who replaces what."""

        @given(st.lists(events(), min_size=1, max_size=3), texts(), texts(), texts())
        @example([ADA], " a\ttab\r\n", "e\u0301\x85\u2028", "\ufeff'); DROP TABLE records; -- ")
        @fewer()
        def check(some: list[Event], source: str, by: str, note: str) -> None:
            expected.extend(put(store, "clusters", *some, terms=Terms(source, by, note)))
            assert list(store.records(after=expected[-1].position - len(some))) == expected[-len(some) :]

        with closing(open_store()) as store:
            expected = put_some(store)
            check()
        with closing(open_store()) as store:
            assert list(store.records()) == expected

    def test_names_of_any_characters_come_back(self, open_store: OpenStore) -> None:
        """An initiative, a member, a metric and an attribute may each have any id that an event takes."""

        @given(ids(), ids())
        @example("España", "北京")
        @example("'); DROP TABLE records; --", '%_\\"{}')
        @example("👩🏽‍🔬", "x" * 200)
        @fewer()
        def check(initiative: str, name: str) -> None:
            joined = MemberJoined(name, "2021-01-01", attributes={name: name})
            (record, _) = put(store, initiative, joined, MetricDefined(name))
            assert next(store.records(initiative, after=record.position - 1)) == record
            assert initiative in store.initiatives()
            assert all(name in store.names(initiative, kind) for kind in ("member", "metric", "attribute"))
            with store.writing(initiative) as append:
                assert append.facts(status_of(name))[-1].position == record.position
                assert status_of(name) in append.registers(id=name)

        with closing(open_store()) as store:
            check()

    # several batches

    def test_batches_together_are_kept_all_or_none(self, open_store: OpenStore) -> None:
        """Each one is read at once by who writes them, by others at the end; an exception leaves nothing of any."""

        def stopped(store: EventStore) -> None:
            with store.writing("clusters") as append:
                hand_over(append, "clusters", BEN)
                raise Stop

        with closing(open_store()) as store, closing(open_store()) as other:
            first = put(store, "clusters", ADA)
            for fails in (True, False):
                with pytest.raises(Stop) if fails else nullcontext(), store.together():
                    second = put(store, "ports", CLEO, BEN)
                    assert list(store.records()) == [*first, *second]
                    assert store.head().size == 3
                    with pytest.raises(Stop):
                        stopped(store)
                    third = put(store, "clusters", BEN)
                    assert [record.position for record in third] == [4]
                    if fails:
                        raise Stop
                kept = first if fails else [*first, *second, *third]
                assert list(store.records()) == list(other.records()) == kept
                assert store.verify(deep=True) == store.head() == other.head()
            assert [record.version for record in put(store, "clusters", DORA)] == [3]

    def test_batches_together_are_not_begun_twice(self, open_store: OpenStore) -> None:
        """Neither within others, nor within one batch."""
        with closing(open_store()) as store:
            for first in store.together(), store.writing("clusters"):
                with first, pytest.raises(StoreError), ExitStack() as second:
                    second.enter_context(store.together())
            assert list(store.records()) == []

    # the tree

    def test_the_head_is_that_of_all_records(self, open_store: OpenStore) -> None:
        """After each batch it is that of the digests so far, for the next writer too; a report carries it."""
        tree = Tree()
        with closing(open_store()) as store:
            assert store.head() == tree.head()
            for record in put_some(store):
                assert record.head == (tree.head() if isinstance(record.event, ReportPublished) else None)
                tree.grow([bytes.fromhex(record.digest)])
            assert store.head() == tree.head()
            with store.writing("clusters") as append:
                assert (append.tree.size, append.tree.root()) == (tree.size, tree.root())
        with closing(open_store()) as store:
            assert store.head() == tree.head()

    def test_tiles_hold_the_hashes_of_the_tree(self, open_store: OpenStore) -> None:
        """Full ones, and the last one of each level as far as it has come."""
        with closing(open_store()) as store:
            assert list(store.tile(0, 0)) == []
            digests = [one.digest for many in (250, 20, 1) for one in put(store, "clusters", *[ADA] * many)]
            tree = Tree()
            (full,) = tree.grow(map(bytes.fromhex, digests))
            assert list(store.tile(0, 0)) == hashes_in(full.hashes)
            assert [list(store.tile(0, 1)), list(store.tile(1, 0))] == tree.edges
            assert [list(store.tile(*other)) for other in ((0, 2), (1, 1), (2, 0))] == [[], [], []]
            earlier = Tree()
            earlier.grow(map(bytes.fromhex, digests[:255]))
            assert root_at(store.tile, 255) == earlier.root()
            assert store.head() == tree.head()

    def test_a_store_that_is_sound_verifies(self, open_store: OpenStore) -> None:
        """It gives the head, and finds no fault, at first sight and at a second one."""
        with closing(open_store()) as store:
            assert store.verify() == store.verify(deep=True) == Tree().head()
            put_some(store)
            assert store.verify() == store.verify(deep=True) == store.head()

    def test_digests_are_kept(self, open_store: OpenStore) -> None:
        """Each record comes back with the digest that it was written with."""
        with closing(open_store()) as store:
            expected = [record.digest for record in put_some(store)]
            assert [record.digest for record in store.records()] == expected

    # several handles, several threads

    def test_what_was_closed_is_opened_again_with_all_that_is_in_it(self, open_store: OpenStore) -> None:
        """Its records, its states, and its places: the next batch has no gap."""
        with closing(open_store()) as store:
            expected = put_some(store)
            before = seen(store)
        with closing(open_store()) as store:
            assert seen(store) == before
            assert [record.position for record in put(store, "ports", DORA)] == [len(expected) + 1]

    def test_two_handles_see_what_the_other_wrote(self, open_store: OpenStore) -> None:
        """At once: in what they read, and in what they give the rules, also where they have read it before."""
        with closing(open_store()) as one, closing(open_store()) as other:
            for writer, reader in ((one, other), (other, one), (one, other)):
                (record,) = put(writer, "clusters", MetricDefined("co2", "t"))
                assert seen(reader) == seen(writer)
                for handle in (one, other):
                    with handle.writing("clusters") as append:
                        assert append.head.position == record.position
                        assert append.facts(definition_of("co2"))[-1].position == record.position
            put(one, "clusters", RecordRetracted("r1"))
            with other.writing("clusters") as append:
                assert append.is_retracted(1)
                assert [fact.position for fact in append.facts(definition_of("co2"))] == [2, 3]

    def test_who_waits_is_told_when_something_is_recorded(self, open_store: OpenStore) -> None:
        """Not before, and not if it came too late; by another handle, while this one is waiting, too."""
        with closing(open_store()) as one, closing(open_store()) as other:
            assert not one.wait(0, 0)
            put(other, "clusters", ADA)
            assert one.wait(0, 0)
            assert not one.wait(1, 0.01)
            with ThreadPoolExecutor(1) as pool:
                told = pool.submit(one.wait, 1, SOON)
                put(other, "clusters", DORA)
                assert told.result()

    def test_reading_is_of_one_moment(self, open_store: OpenStore) -> None:
        """What others record meanwhile is not seen, whether they are let in or must wait; then it is."""
        with closing(open_store()) as store, closing(open_store()) as other, ThreadPoolExecutor(1) as pool:
            for newcomer in (ADA, BEN):  # the first moment is that of an empty ledger
                with store.reading():
                    before = seen(store)
                    recorded = pool.submit(put, other, "clusters", newcomer)
                    wait([recorded], timeout=0.2)
                    with store.reading():
                        assert seen(store) == before
                    assert seen(store) == before
                recorded.result()
                assert list(store.records())[-1].event == newcomer
                assert seen(store) == seen(other) != before

    def test_what_is_raised_within_a_reading_is_left_as_it_is(self, open_store: OpenStore) -> None:
        """It says nothing of the store."""
        with closing(open_store()) as store, pytest.raises(UnknownMember), store.reading():
            raise UnknownMember("ada", ["ben"])

    def test_writers_take_turns(self, open_store: OpenStore) -> None:
        """Whoever comes later waits, and begins where the other has ended."""
        with closing(open_store()) as store, closing(open_store()) as other, ThreadPoolExecutor(1) as pool:
            with store.writing("clusters") as append:
                recorded = pool.submit(put, other, "clusters", BEN)
                wait([recorded], timeout=0.1)
                hand_over(append, "clusters", ADA)
            assert [record.position for record in recorded.result()] == [2]
            assert [record.event for record in other.records()] == [ADA, BEN]

    def test_nobody_sees_half_a_batch(self, open_store: OpenStore) -> None:
        """Who reads through another handle, while a batch is written, sees all of it or nothing of it."""
        many = [MemberJoined(f"m{number}", "2021") for number in range(100)]
        seen = set()
        with closing(open_store()) as store, closing(open_store()) as other, ThreadPoolExecutor(1) as pool:
            recorded = pool.submit(put, store, "clusters", *many)
            while not recorded.done():
                seen.add(len(list(other.records())))
            assert len(recorded.result()) == len(list(other.records())) == len(many)
        assert seen <= {0, len(many)}

    def test_nothing_is_lost_where_many_record_at_once(self, open_store: OpenStore) -> None:
        """Four threads record through two handles, and read: each sees what it has recorded itself."""

        def work(store: EventStore, worker: str) -> None:
            for number in range(8):
                joins = MemberJoined(f"{worker}{number}", "2021"), MemberJoined(f"{worker}{number} too", "2021-01-01")
                for initiative in ("shared", worker):
                    put(store, initiative, *joins)
                assert store.registers(worker, LATER)[0] == len(list(store.records(worker))) == 2 * (number + 1)

        with closing(open_store()) as one, closing(open_store()) as other, ThreadPoolExecutor(4) as pool:
            list(pool.map(work, (one, one, other, other), "abcd"))
            records = list(one.records())
            assert [record.position for record in records] == list(range(1, 129))
            for name in ("shared", *"abcd"):
                own = of(name, records)
                assert [record.version for record in own] == list(range(1, len(own) + 1))
            sizes = [len(list(batch)) for _, batch in groupby(records, key=lambda record: record.recorded_at)]
            assert sizes == [2] * 64
            assert seen(one) == seen(other)

    def test_a_clock_may_read_and_must_not_record(self, open_store: OpenStore) -> None:
        """A store asked to write by a thread that is writing already raises `StoreError`; nothing of either is kept."""
        turns = count()

        def clock() -> Any:
            assert list(book.records()) == before
            if next(turns) == 1:
                book.initiative("clusters").record(DORA)
            return FIRST_INSTANT

        with closing(Ledger(open_store(), clock)) as book:
            club = book.initiative("clusters")
            before: list[Any] = []
            before = [*club.record(ADA)]
            with pytest.raises(StoreError):
                club.record(BEN)
            assert list(book.records()) == before
            assert [record.position for record in club.record(CLEO)] == [2]

    def test_closing_twice_is_fine(self, open_store: OpenStore) -> None:
        """Nothing is raised, and another handle is not closed by it."""
        with closing(open_store()) as other:
            store = open_store()
            store.close()
            store.close()
            put(other, "clusters", ADA)
            assert list(other.records()) == list(other.records("clusters"))

    def test_a_closed_store_says_so(self, open_store: OpenStore) -> None:
        """All that is asked of it raises `LedgerClosed`."""
        store = open_store()
        put_some(store)
        store.close()
        for use in uses_of(store):
            with pytest.raises(LedgerClosed):
                use()


def put_and_fail(store: EventStore, error: type[BaseException], *batch: Event) -> None:
    """Write a batch, and raise an error before it is over; without events nothing is handed over at all."""
    with store.writing("clusters") as append:
        assert append.facts(status_of("ada"))
        if batch:
            hand_over(append, "clusters", *batch)
        raise error


def seen(store: EventStore) -> list[Any]:
    """Look at all there is."""
    records = list(store.records())
    states = [store.registers(name, LATER) for name in store.initiatives()]
    return [records, states, store.position(), store.refs(range(len(records) + 2))]


def uses_of(store: EventStore) -> Iterator[Any]:
    """Ask in each way there is."""
    yield from (store.initiatives, store.position, lambda: store.refs([1]), lambda: store.ref("clusters", 1))
    yield from (lambda: next(store.records()), lambda: next(store.records("clusters")))
    yield lambda: store.registers("clusters", LATER)
    yield lambda: store.records_on("clusters", "ada", None)
    yield lambda: store.names("clusters", "member")
    yield store.reading().__enter__
    yield store.writing("clusters").__enter__
    yield store.news("clusters", 0, Wanted.by(Members())).__enter__
