"""Promises of a store about what it answers: to the rules, of any day as known at any moment, of news and histories."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import date, timedelta
from itertools import count, permutations, zip_longest
from typing import Any, Final, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.book import Ledger
from ledger.model.errors import BadInput, LedgerError
from ledger.model.events import MemberJoined, MetricDefined, MetricUpdated, RecordRetracted
from ledger.model.facts import Fact, Register, definition_of, metric_of, status_of
from ledger.model.measures import Measure, Members, Total
from ledger.model.records import KnownAt, Record
from ledger.model.state import heard, replay
from ledger.queries.history import history
from ledger.queries.log import Batch, Retraction, Wanted
from ledger.stores.protocol import EventStore
from ledger.testing.appends import (
    ADA,
    BEN,
    CLEO,
    DORA,
    LATER,
    SUBJECTS,
    OpenStore,
    fewer,
    of,
    play,
    put,
    put_some,
)
from ledger.testing.clock import FIRST_INSTANT
from ledger.testing.histories import MEMBERS, breakpoints, histories, hostile_histories, questions
from ledger.testing.ledgers import moments_of
from ledger.testing.scripts import History, Replacing

T = TypeVar("T")

TICK: Final = timedelta(microseconds=1)


class AnsweringConformance:
    """What is answered is what the records say, by the definitions of `model.state` and `queries`."""

    # to the rules

    def test_the_rules_are_given_the_facts_that_stand(self, open_store: OpenStore) -> None:
        """Those of a register, by rank and position, less those of retracted records; and every register."""
        names = (f"clusters {number}" for number in count())

        @given(histories(parts=True))
        @fewer()
        def check(drawn: History) -> None:
            for name, records in play_in_turns(store, {next(names): drawn}).items():
                expected = heard(records, None).facts
                gone = {record.event.record for record in records if isinstance(record.event, RecordRetracted)}
                with store.writing(name) as append:
                    assert set(append.registers()) == set(expected)
                    append.expect([*list(expected)[::2], *list(expected)[::4], status_of("nobody")])  # and of no others
                    for register, facts in expected.items():
                        assert list(append.facts(register)) == sorted(facts)
                    assert not append.facts(status_of("nobody"))
                    for record in records:
                        assert append.is_retracted(record.position) == (record.id in gone)
                        assert append.record(record.id) == record
                        assert append.ref(record.position) == record.ref

        with closing(open_store()) as store:
            check()

    def test_registers_are_found_by_what_they_are_about(self, open_store: OpenStore) -> None:
        """An empty argument matches all; a register whose facts were all retracted is found too."""
        with closing(open_store()) as store:
            (joined, _) = put(store, "clusters", MemberJoined("ada", "2021", attributes={"co2": "low"}), BEN)
            put(store, "clusters", MetricDefined("co2"), MetricUpdated("co2", "2021", "1", member="ada"))
            put(store, "clusters", MetricUpdated("co2", "2021", "1"), RecordRetracted(joined.id))
            put(store, "ports", CLEO)
            with store.writing("clusters") as append:
                for asked, found in (
                    ({"subject": "member", "aspect": "status"}, {status_of("ada"), status_of("ben")}),
                    ({"id": "ben"}, {status_of("ben"), Register("member", "ben", "joined")}),
                    ({"subject": "metric"}, {definition_of("co2")}),
                    ({"aspect": "metric", "name": "co2"}, {metric_of("co2", "ada"), metric_of("co2", None)}),
                    ({"id": "ada", "name": "co2"}, {*append.registers(id="ada", name="co2")}),
                    ({"id": "cleo"}, set()),
                ):
                    assert set(append.registers(**asked)) == found
                assert len(append.registers(id="ada", name="co2")) == 2

    def test_an_id_is_found_in_every_initiative(self, open_store: OpenStore) -> None:
        """`found` looks in all of the ledger, and leaves out what is unknown; `record` looks in its initiative."""
        with closing(open_store()) as store:
            records = {record.id: record for record in put_some(store)}
            asked = ["r5", "r1", "r12", "unknown"]
            with store.writing("clusters") as append:
                assert append.found(asked) == {id: records[id] for id in asked if id in records}
                assert append.found([]) == {}
                assert [append.record(id) for id in asked] == [None, records["r1"], records["r12"], None]

    def test_short_forms_are_those_of_the_records(self, open_store: OpenStore) -> None:
        """By position, where what has no record is left out; by how ids begin; and by version, in one initiative."""
        with closing(open_store()) as store:
            records = put_some(store)
            assert store.refs([0, 5, 1, len(records), len(records) + 1]) == {
                record.position: record.ref for record in (records[0], records[4], records[-1])
            }
            assert store.refs([]) == {}
            for beginning in ("r1", "r12", "r", "", "R1", "r_", "r%"):
                meant = [record.ref for record in records if record.id.startswith(beginning)]
                assert store.refs_named(beginning) == meant
            for record in records:
                assert store.ref(record.initiative, record.version) == record.ref

    # of any day, as known at any moment

    def test_the_state_of_any_day_as_known_at_any_moment_is_that_of_the_replay(self, open_store: OpenStore) -> None:
        """Of two initiatives whose batches come in turns; with the records that say so."""
        self._answers_as_the_replay(open_store, histories(parts=True, max_size=8))

    def test_a_state_is_the_replay_of_any_history_at_all(self, open_store: OpenStore) -> None:
        """Even of one that the rules would have refused."""
        self._answers_as_the_replay(open_store, hostile_histories(parts=True, max_size=8))

    def _answers_as_the_replay(self, open_store: OpenStore, drawn: st.SearchStrategy[History]) -> None:
        names = (f"clusters {number}" for number in count())

        @given(drawn, drawn, st.data())
        @fewer()
        def check(one: History, other: History, data: st.DataObject) -> None:
            known = play_in_turns(store, {next(names): one, next(names): other})
            for name, records in known.items():
                moments = moments_of(records)
                for day in breakpoints(records):
                    for moment in (None, data.draw(st.sampled_from(moments)), data.draw(st.sampled_from(moments))):
                        state = replay(records, at=day, known_at=moment)
                        assert store.registers(name, day, moment) == (state.version, state.registers)

        with closing(open_store()) as store:
            check()

    def test_what_is_known_at_an_instant_includes_it(self, open_store: OpenStore) -> None:
        """What was recorded at that instant is known, and nothing later; before the first, nothing is."""
        with closing(open_store()) as store:
            for number, event in enumerate((ADA, BEN, CLEO)):
                (record,) = put(store, "clusters", event)
                put(store, "ports", event)
                for moment, version in ((-TICK, number), (TICK * 0, number + 1), (TICK, number + 1)):
                    found, registers = store.registers("clusters", LATER, record.recorded_at + moment)
                    assert (found, len(registers.refs)) == (version, version)

    def test_what_is_known_at_a_position_is_rounded_down_to_a_whole_batch(self, open_store: OpenStore) -> None:
        """In the middle of a batch nothing of it is known; a batch of another initiative changes nothing."""
        with closing(open_store()) as store:
            put(store, "clusters", ADA)
            put(store, "clusters", BEN, CLEO, DORA)
            put(store, "ports", ADA, BEN)
            put(store, "clusters", MemberJoined("eva", "2021"))
            for name, versions in (("clusters", [0, 1, 1, 1, 4, 4, 4, 5, 5]), ("ports", [0, 0, 0, 0, 0, 0, 2, 2, 2])):
                found = [store.registers(name, LATER, position) for position in range(9)]
                assert [version for version, _ in found] == versions
                assert [len(registers.refs) for _, registers in found] == versions
            assert store.registers("clusters", LATER, 2**70)[0] == 5

    def test_days_decide_in_whatever_order_they_were_recorded(self, open_store: OpenStore) -> None:
        """Also of what was known at a moment: what came later, for an earlier day or a later one, is not there yet."""
        days = ("2021-01-01", "2022-01-01", "2023-01-01")
        with closing(open_store()) as store:
            for turn, several in enumerate(permutations(days)):
                name = f"clusters {turn}"
                records = [*put(store, name, MetricDefined("co2"))]
                for written in several:
                    records += put(store, name, MetricUpdated("co2", written, written[:4]))
                for day in breakpoints(records):
                    for moment in (record.position for record in records):
                        state = replay(records, at=day, known_at=moment)
                        assert store.registers(name, day, moment) == (state.version, state.registers)

    def test_a_moment_that_is_none_is_refused(self, open_store: OpenStore) -> None:
        """With `BadInput`, and not taken for another one."""
        naive = FIRST_INSTANT.replace(tzinfo=None)
        moments: list[Any] = [-1, True, 1.5, "yesterday", "2024-01-01", naive, LATER]
        with closing(open_store()) as store:
            put(store, "clusters", ADA)
            for moment in moments:
                with pytest.raises(BadInput):
                    store.registers("clusters", LATER, moment)

    def test_a_retraction_takes_a_record_back_from_then_on(self, open_store: OpenStore) -> None:
        """As known before, what it said stands."""
        with closing(open_store()) as store:
            (joined,) = put(store, "clusters", ADA)
            put(store, "clusters", BEN)
            (retraction,) = put(store, "clusters", RecordRetracted(joined.id))
            for moment, members in ((None, {"ben"}), (retraction.position, {"ben"}), (2, {"ada", "ben"})):
                _, registers = store.registers("clusters", LATER, moment)
                assert {register.id for register in registers.cells} == members
            _, registers = store.registers("clusters", LATER, retraction.recorded_at - TICK)
            assert registers.of(status_of("ada")).candidates

    def test_a_replacement_stands_where_the_wrong_record_stood(self, open_store: OpenStore) -> None:
        """It takes its rank, also where it is replaced itself: what came after it on the same day still does."""
        defined = MetricDefined("co2", "t")
        first, second, third = (MetricUpdated("co2", "2021-01-01", amount) for amount in ("1 t", "2 t", "3 t"))
        with closing(open_store()) as store:
            put(store, "clusters", defined)
            put(store, "clusters", first)
            put(store, "clusters", second)
            put(store, "clusters", RecordRetracted("r2"), Replacing("r2", third))
            put(store, "clusters", RecordRetracted("r5"), Replacing("r5", first))
            (held,) = store.registers("clusters", LATER)[1].of(metric_of("co2", None)).candidates
            assert (held.fact.value, held.fact.rank) == ("2 t", 3)
            with store.writing("clusters") as append:
                facts = append.facts(metric_of("co2", None))
                assert [(fact.rank, fact.position, fact.value) for fact in facts] == [(2, 7, "1 t"), (3, 3, "2 t")]
            assert [record.replaces for record in store.records(after=3)] == [None, "r2", None, "r5"]

    def test_registers_are_those_that_are_wanted(self, open_store: OpenStore) -> None:
        """Each of them is as it is among all."""
        names = (f"clusters {number}" for number in count())

        @given(histories(parts=True), questions(), st.data())
        @fewer()
        def check(drawn: History, measure: Measure, data: st.DataObject) -> None:
            for name, records in play_in_turns(store, {next(names): drawn}).items():
                day = data.draw(st.sampled_from(breakpoints(records)))
                moment = data.draw(st.sampled_from(moments_of(records)))
                gives_what_is_wanted(store, records, day, moment, measure, name)

        with closing(open_store()) as store:
            records = of("clusters", put_some(store))
            gives_what_is_wanted(store, records, LATER, None, Total("co2"), "clusters")
            check()

    # of what is new

    def test_news_is_what_is_wanted_and_new(self, open_store: OpenStore) -> None:
        """By position: the ends of batches, facts with their ranks, retracted ones too, and each retraction once."""
        names = (f"clusters {number}" for number in count())

        @given(histories(parts=True), questions(), st.data())
        @fewer()
        def check(drawn: History, measure: Measure, data: st.DataObject) -> None:
            for name, records in play_in_turns(store, {next(names): drawn}).items():
                put(store, "others", ADA)
                tells_news(store, name, records, data.draw(st.sampled_from([0, *ends_of(records)])), measure)

        with closing(open_store()) as store:
            records = put_some(store)
            for name in ("clusters", "ports"):
                for after in (0, *ends_of(own := of(name, records))):
                    for measure in (Total("co2"), Members({"port": "Bilbao"})):
                        tells_news(store, name, own, after, measure)
            check()

    def test_a_timeline_keeps_up_with_what_is_recorded(self, open_store: OpenStore) -> None:
        """It answers as the state does, of what it read at first and of what came later, by another handle too."""
        names = (f"clusters {number}" for number in count())

        @given(histories(max_size=8), questions(counting=True), st.data())
        @fewer()
        def check(drawn: History, measure: Measure, data: st.DataObject) -> None:
            with closing(open_store()) as other:
                name = next(names)
                line = None
                for records in play(other, name, drawn):
                    line = line or book.initiative(name).timeline(measure)
                    day = data.draw(st.sampled_from(breakpoints(records)))
                    for moment in (None, data.draw(st.sampled_from(moments_of(records)))):
                        state = replay(records, at=day, known_at=moment)
                        assert tried(line.at, day, moment) == tried(state.measure, measure)

        with closing(Ledger(open_store())) as book:
            check()

    # of what was ever recorded

    def test_the_history_of_anything_is_that_of_all_records(self, open_store: OpenStore) -> None:
        """A store gives the records on it, and those linked with them: enough to tell its history."""
        names = (f"clusters {number}" for number in count())

        @given(histories(parts=True))
        @fewer()
        def check(drawn: History) -> None:
            for name, records in play_in_turns(store, {next(names): drawn}).items():
                tells_histories(store, name, records, MEMBERS)

        with closing(open_store()) as store:
            records = put_some(store)
            for name in ("clusters", "ports"):
                tells_histories(store, name, of(name, records), ("ada", "ben", "cleo", "dora", "r"))
            check()

    def test_names_are_all_that_anything_was_ever_said_of(self, open_store: OpenStore) -> None:
        """Of what was retracted too, and each once, in order; the attributes are those of members."""
        names = (f"clusters {number}" for number in count())

        @given(histories(parts=True))
        @fewer()
        def check(drawn: History) -> None:
            for name, records in play_in_turns(store, {next(names): drawn}).items():
                tells_names(store, name, records)

        with closing(open_store()) as store:
            records = put_some(store)
            for name in ("clusters", "ports"):
                tells_names(store, name, of(name, records))
            check()


def play_in_turns(store: EventStore, drawn: dict[str, History]) -> dict[str, list[Record]]:
    """Write several histories, a batch of each in turn, and give the records of those that are not empty."""
    known: dict[str, list[Record]] = {}
    for batches in zip_longest(*(play(store, name, one) for name, one in drawn.items())):
        known.update((name, records) for name, records in zip(drawn, batches, strict=True) if records is not None)
    return known


def tells_news(store: EventStore, name: str, records: Sequence[Record], after: int, measure: Measure) -> None:
    """Check the news of a measure, past the end of a batch, against all records of an initiative."""
    wanted = Wanted.by(measure)
    moments = {record.position: record.recorded_at for record in records}
    with store.news(name, after, wanted) as news:
        assert news.position == store.position()
        assert list(news.batches) == [Batch(end, moments[end]) for end in ends_of(records) if end > after]
        assert list(news.retractions) == list(retractions_of(records, after))
        facts = list(news.facts)
    assert [fact[1] for _, fact in facts] == sorted(fact[1] for _, fact in facts)
    assert {(register, Fact._make(fact)) for register, fact in facts} == {
        (register, Fact._make(fact))
        for register, written in heard(records, None, retracted=True).facts.items()
        for fact in written
        if register in wanted and fact[1] > after
    }


def tells_histories(store: EventStore, name: str, records: Sequence[Record], subjects: Iterable[str]) -> None:
    """Check the history of each subject, as a member, as a report, and with metrics, against all records."""
    asked: list[dict[str, str]] = [{"metric": "co2"}, {"metric": "net"}]
    for subject in subjects:
        asked += [{"member": subject}, {"member": subject, "metric": "co2"}, {"report": subject}]
    for one in asked:
        found = store.records_on(name, one.get("member"), one.get("metric"), one.get("report"))
        assert {record.position for record in found} <= {record.position for record in records}
        assert history(found, **one) == history(records, **one)


def tells_names(store: EventStore, name: str, records: Sequence[Record]) -> None:
    """Check all names against those in all records."""
    registers = heard(records, None, retracted=True).facts
    for subject in SUBJECTS[:3]:
        assert store.names(name, subject) == sorted({one.id for one in registers if one.subject == subject})
    given = {one.name for one in registers if one.subject == "member" and one.aspect == "attribute"}
    assert store.names(name, "attribute") == sorted(given)


def ends_of(records: Sequence[Record]) -> list[int]:
    """Give the last position of each batch."""
    return list({record.recorded_at: record.position for record in records}.values())


def retractions_of(records: Iterable[Record], after: int) -> Iterator[Retraction]:
    """Give the retractions past a position."""
    by_id = {record.id: record for record in records}
    for record in by_id.values():
        if isinstance(record.event, RecordRetracted) and record.position > after:
            old = by_id[record.event.record]
            yield Retraction(record.position, old.position, getattr(old.event, "member", None))


def tried(ask: Callable[..., T], *given: object) -> T | tuple[type, str]:
    """Ask, and give what is answered, or how it fails."""
    try:
        return ask(*given)
    except LedgerError as error:
        return type(error), str(error)


def gives_what_is_wanted(
    store: EventStore, records: list[Record], day: date, moment: KnownAt, measure: Measure, name: str
) -> None:
    """Hold the registers that a measure wants against those of the whole state."""
    wanted = Wanted.by(measure)
    state = replay(records, at=day, known_at=moment)
    version, registers = store.registers(name, day, moment, wanted)
    cells = {one: found for one, found in state.registers.cells.items() if one in wanted}
    assert (version, {one: registers.of(one) for one in cells}) == (state.version, cells)
    assert {one for one in registers.cells if one in wanted} == cells.keys()
    used = {option.fact.position for found in cells.values() for option in found.candidates}
    assert {one: registers.refs[one] for one in used} == {one: state.registers.refs[one] for one in used}
