"""Time travel: on any day, as known at any moment, the file and its timelines answer as the replay does.

The replay is asked by brute force, of every day around an end of a window, and at every moment around a batch.
Timelines, states, what changed between two points and why are all held against it.
"""

import pickle
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import count, product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from uuid import uuid4

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, precondition, rule

import ledger
from ledger import (
    Distinct,
    InitiativeChanged,
    InitiativeClosed,
    InitiativeLaunched,
    Joined,
    LedgerError,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MemberReinstated,
    Members,
    MemberSuspended,
    MetricDefined,
    MetricUpdated,
    NotAdditive,
    RecordRetracted,
    Refused,
    ReportPublished,
    Share,
    Total,
    Value,
    replay,
)
from ledger.model.errors import (
    BadInput,
    BadWhen,
    LedgerClosed,
    StoreError,
    UnknownInitiative,
    UnknownMetric,
    WrongDimension,
)
from ledger.model.events import EVENTS
from ledger.model.facts import Fact, facts_of, window_of
from ledger.model.figures import Figures
from ledger.model.measures import Grouping, singles_of
from ledger.model.records import RecordRef, known_at_of
from ledger.model.state import _ranks
from ledger.model.when import When
from ledger.queries.changes import compare
from ledger.queries.log import Batch, News, Retraction, Wanted
from ledger.queries.timeline import STEPS, Timeline
from ledger.queries.why import Why, why
from ledger.stores.sqlite import news as sqlite_news
from ledger.testing.clock import FrozenClock
from ledger.testing.histories import (
    EXACT_DAYS,
    MEMBERS,
    METRICS,
    ROUGH_DAYS,
    VALUES,
    breakpoints,
    histories,
    hostile_histories,
    questions,
    totals,
)
from ledger.testing.ledgers import moments_of
from ledger.testing.values import events, quantities

EXAMPLES = settings.default.max_examples
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)
INITIATIVES = ("clusters", "ports")
NEWEST = 2**70  # a position that no ledger comes to
FIRST_OF_2021 = date(2021, 1, 1)


@contextmanager
def open_memory():
    with ledger.open(":memory:", clock=FrozenClock()) as book:
        yield book


@pytest.fixture
def clusters(ledger_book):
    return ledger_book.initiative("clusters")


# the oracle: every answer by a replay


class Asked(NamedTuple):
    """A measure, and what it is grouped by, if it is: an attribute, or groups of its values."""

    measure: object
    by: str | Grouping | None = None


GROUPS = [Grouping("country", {"Spain": "mainland", "UK": "island"}), Grouping("country", {"Spain": "mainland"})]


def tried(ask):
    """What is answered, or how it fails."""
    try:
        return ask()
    except LedgerError as error:
        return type(error), str(error)


def by_group(answer):
    return answer.items() if isinstance(answer, Figures) else [((), answer)]


def amounts_of(answer):
    """All of an answer that a timeline gives without reading who it rests on; of an error, all."""
    if isinstance(answer, tuple):
        return answer
    return [
        (group, one.measure, one.at, one.basis, one.amount, one.envelope, one.amount.unit, one.complete)
        for group, one in by_group(answer)
    ]


def beliefs_of(answer):
    return {group: (one.amount, one.envelope) for group, one in by_group(answer)}


class Past:
    """The records of one initiative, and all that the replay makes of them; each is worked out once."""

    def __init__(self, records):
        self.states = {}
        self.answers = {}
        self.hear(records)

    def hear(self, records):
        """Take in that there are more records. What was known before stays as it was."""
        self.records = list(records)
        self.ends = {record.recorded_at: record.position for record in self.records}

    def batch(self, known_at):
        """How many batches are known at a moment: those recorded by then or, up to a position, the whole ones."""
        moment = known_at_of(known_at)
        if moment is None:
            return len(self.ends)
        if isinstance(moment, int):
            return sum(end <= moment for end in self.ends.values())
        return sum(instant <= moment for instant in self.ends)

    def state(self, day, known_at=None):
        place = day, self.batch(known_at)
        if place not in self.states:
            self.states[place] = replay(self.records, at=day, known_at=known_at)
        return self.states[place]

    def answer(self, asked, day, known_at=None):
        place = *asked, day, self.batch(known_at)
        if place not in self.answers:
            state = self.state(day, known_at)
            self.answers[place] = tried(lambda: state.measure(asked.measure, by=asked.by))
        return self.answers[place]

    def revisions(self, asked, day):
        """Each moment from which on something else was believed of a day, from when it could be asked at all."""
        found = []
        for instant, end in self.ends.items():
            answer = self.answer(asked, day, end)
            if isinstance(answer, tuple):
                if answer[0] in (UnknownMetric, NotAdditive):
                    continue
                return answer
            if not found or beliefs_of(answer) != beliefs_of(found[-1][2]):
                found.append((instant, end, answer))
        return tuple(found)

    def days(self):
        """Every day on which anything can change, the one before, and the ends of time."""
        return sorted({*breakpoints(self.records), date.min, date.max, FIRST_OF_2021})

    def crossed(self, days, moments):
        """Each day with one moment of those that make the same batches known: another one on each day."""
        alike = {}
        for moment in moments:
            alike.setdefault(self.batch(moment), []).append(moment)
        return [(day, some[turn % len(some)]) for turn, day in enumerate(days) for some in alike.values()]


def within(day, by):
    return date.min.toordinal() <= day.toordinal() + by <= date.max.toordinal()


def agrees(initiative, past, day, known_at):
    """The state of a day, as known at a moment, is that of the replay."""
    state, expected = initiative.at(day, known_at), past.state(day, known_at)
    assert state == expected
    assert state.registers.refs == expected.registers.refs


def changes_right(initiative, past, measure, a, b):
    """What differs between two points, and why a measure does, is what the replayed states say; the effects sum up."""
    before, between, after = past.state(*a), past.state(a[0], b[1]), past.state(*b)
    assert initiative.compare(a, b) == compare(before, after)
    found = tried(lambda: initiative.why(measure, a, b))
    assert found == tried(lambda: why(measure, before, between, after))
    if isinstance(found, Why):
        assert (found.opening, found.closing) == (before.measure(measure), after.measure(measure))
        for end in ("low_change", "high_change"):
            changed, parts = getattr(found, end), [getattr(effect, end) for effect in found.effects]
            assert changed is None or sum(map(Fraction, parts)) == changed


def answers_right(line, asked, past, days, moments, *, whole=False):
    """A timeline answers as the replay does, on each day at each moment; of `whole` see below."""
    answers_right_at(line, asked, past, product(days, moments), whole=whole)


def answers_right_at(line, asked, past, points, *, whole=False):
    """A timeline answers as the replay does; `whole` looks at all that a figure rests on, too, which is dear."""
    for day, known_at in points:
        found, expected = tried(lambda at=day, k=known_at: line.at(at, k)), past.answer(asked, day, known_at)
        assert amounts_of(found) == amounts_of(expected), (day, known_at)
        assert not whole or found == expected, (day, known_at)


def revises_right(line, asked, past, days):
    for day in days:
        found, expected = tried(lambda at=day: line.revisions(at)), past.revisions(asked, day)
        failed = any(isinstance(one, type) for one in found)
        assert (found[:1] == expected[:1]) if failed else (found == expected), day


def steps_right(line, asked, past, first, last, every, known_at):
    """A series holds the answer for every day that is a step on from the first; for days there are none."""
    days = [day for day in all_days(first, last) if is_step(first, day, every)]
    found = tried(lambda: line.series(first, last, every=every, known_at=known_at))
    expected = [past.answer(asked, day, known_at) for day in days]
    if expected and isinstance(expected[0], tuple) and expected[0][0] in (UnknownMetric, NotAdditive):
        assert found == expected[0]
        return
    answers = [tried(lambda place=place: found[place]) for place in range(len(days))]
    assert list(map(amounts_of, answers)) == list(map(amounts_of, expected))
    failures = [answer for answer in expected if isinstance(answer, tuple)]
    rows = [row for answer in expected for row in rows_of(answer)] if not failures else failures[0]
    assert tried(found.to_rows) == rows


def rows_of(answer):
    if not isinstance(answer, Figures):
        answer = {(): answer}
    for group, figure in answer.items():
        amount, envelope, measure = figure.amount, figure.envelope, figure.measure
        named = {} if group == () else {"group": group}
        # of values none of which exists a sum is no zero
        is_made_of_values = isinstance(measure, Total | Value) and not figure.complete
        nothing = is_made_of_values and figure.oldest is None
        if isinstance(measure, Share):
            nothing = not figure.has_value
        ends = {"low": None if nothing else amount.low, "high": None if nothing else amount.high, "unit": amount.unit}
        more = (
            {}
            if isinstance(measure, Members | Joined)
            else {"envelope_low": envelope.low, "envelope_high": envelope.high}
        )
        yield {"at": figure.at, **named, **ends, "complete": figure.complete, **more}


def all_days(first, last):
    return [date.fromordinal(day) for day in range(first.toordinal(), last.toordinal() + 1)]


def is_step(first, day, every):
    if every in ("day", "week"):
        return (day - first).days % {"day": 1, "week": 7}[every] == 0
    months = 12 * (day.year - first.year) + day.month - first.month
    ends_its_month = not within(day, 1) or (day + DAY).day == 1
    is_its_day = day.day == first.day or (ends_its_month and day.day < first.day)
    return is_its_day and months % {"month": 1, "quarter": 3, "year": 12}[every] == 0


# what is asked


@st.composite
def asked(draw):
    """Any measure, in groups or not, and the shares that can be taken of them."""
    kind = draw(st.sampled_from(["alone", "alone", "groups", "share"]))
    if kind == "groups":
        measure = draw(questions(counting=True, bases=True))
        shared = Share(measure, draw(questions(counting=True).filter(lambda one: is_amount(one) is is_amount(measure))))
        return Asked(draw(st.sampled_from([measure, shared])), draw(st.sampled_from([*VALUES, "unheard of", *GROUPS])))
    measure = draw(questions(metrics=3, bases=True))
    if kind == "alone":
        return Asked(measure)
    comparable = questions().filter(lambda other: is_amount(other) is is_amount(measure))
    return Asked(Share(measure, draw(comparable)))


def is_amount(measure):
    return isinstance(measure, Total | Value)


DAYS_OF_A_SERIES = st.dates(date(2020, 12, 1), date(2021, 4, 30)) | st.just(date(2021, 1, 31))


# drawn histories


def play(initiative, history, played=None):
    """Record a drawn history as a user would, and yield after each batch."""
    ids = {record.id: str(uuid4()) for record in history}
    for instant in dict.fromkeys(record.recorded_at for record in history):
        batch = [record for record in history if record.recorded_at == instant]
        events = [
            evolve(record.event, record=ids[record.event.record])
            if isinstance(record.event, RecordRetracted)
            else record.event
            for record in batch
        ]
        new = [ids[record.id] for record in batch]
        if batch[-1].replaces is not None:
            # a correction that is drawn may leave the event as it is: then at least the source is another one
            source = f"look {batch[-1].version}"
            initiative.correct(ids[batch[-1].replaces], events[-1], reason="wrong", ids=new, source=source)
        else:
            initiative.record(*events, ids=new)
        yield initiative


def recorded(book, history):
    """Record all of a drawn history, and give its initiative."""
    clusters = book.initiative("clusters")
    for _ in play(clusters, history):
        pass
    return clusters


def interleaved(players, turns):
    """Let generators take turns as drawn, until all are done; yield what each one yields."""
    turns, left = iter(turns), list(players)
    while left:
        chosen = left[next(turns, 0) % len(left)]
        try:
            yield next(chosen)
        except StopIteration:
            left.remove(chosen)


TURNS = st.lists(st.integers(0, 1), max_size=12)
SOME = {"parts": True, "max_size": 8}


@settings(max_examples=EXAMPLES // 5)
@given(histories(**SOME), histories(parts=True, max_size=4), TURNS, asked(), asked(), st.data())
def test_a_timeline_answers_as_the_replay_does_on_any_day_as_known_at_any_moment(one, other, turns, ask, too, data):
    with open_memory() as book:
        eager, idle = {}, {}  # asked after every batch, or never: then it takes in many at once
        pasts = {name: Past([]) for name in INITIATIVES}
        players = [play(book.initiative(name), drawn) for name, drawn in zip(INITIATIVES, (one, other), strict=True)]
        for number, initiative in enumerate(interleaved(players, turns)):
            past = pasts[initiative.id]
            past.hear(initiative.records())
            for asking in (ask, too):
                if (initiative.id, asking) not in eager:
                    eager[initiative.id, asking] = initiative.timeline(asking.measure, by=asking.by)
                    idle[initiative.id, asking] = initiative.timeline(asking.measure, by=asking.by)
                days = past.days()[:-1]  # but for the last day of all, from which there is no step on
                answers_right(eager[initiative.id, asking], asking, past, days[number % 3 :: 3], [None])
        everything = list(book.records())
        for (initiative, asking), line in eager.items():
            past = pasts[initiative]
            fresh = book.initiative(initiative).timeline(asking.measure, by=asking.by)
            days, moments = past.days(), moments_of(everything)
            some = past.crossed(days, moments)
            answers_right_at(fresh, asking, past, some)
            for kept in (line, idle[initiative, asking]):
                answers_right_at(kept, asking, past, some[data.draw(st.integers(0, 1)) :: 2])
                points = st.tuples(st.sampled_from(days), st.sampled_from(moments))
                answers_right_at(kept, asking, past, data.draw(st.lists(points, min_size=2, max_size=4)), whole=True)


@st.composite
def of_another_day(draw):
    """A total over the members of a day of their own, which sums answer."""
    measure = evolve(draw(totals()), members_at=draw(st.sampled_from(EXACT_DAYS)), within=None)
    return Asked(measure, draw(st.sampled_from([None, "country", *GROUPS])))


@settings(max_examples=EXAMPLES // 3)
@given(histories(max_size=10), of_another_day(), st.data())
def test_a_timeline_over_the_members_of_another_day_answers_as_the_replay_does(history, asking, data):
    with open_memory() as book:
        line, past = None, Past([])
        for clusters in play(book.initiative("clusters"), history):
            line = line or clusters.timeline(asking.measure, by=asking.by)
            past.hear(clusters.records())
            answers_right(line, asking, past, past.days()[data.draw(st.integers(0, 2)) :: 3], [None])
        if line is not None:
            fresh, days = clusters.timeline(asking.measure, by=asking.by), past.days()
            some = past.crossed(days, moments_of(past.records))
            for one in line, fresh:
                answers_right_at(one, asking, past, some[data.draw(st.integers(0, 1)) :: 2])
                answers_right_at(one, asking, past, data.draw(st.lists(st.sampled_from(some), max_size=4)), whole=True)
            revises_right(line, asking, past, days[::4])


@pytest.mark.parametrize(("closed", "amount"), [("2021-01-01", "0 t"), ("2021", "0..5 t"), ("2021-12", "5 t")])
def test_a_closing_by_the_day_of_the_members_counts_on_all_days(clusters, closed, amount):
    clusters.record(
        MetricDefined("co2", "t"),
        MemberJoined("a", "2020-01-01"),
        MetricUpdated("co2", "2020-01-01", "5 t", member="a"),
    )
    measure = Total("co2", members_at="2021-06-30")
    line, days = clusters.timeline(measure), ["2020-01-01", "2020-12-31", "2021-03-01", "2022-06-30"]
    assert [str(line.at(day).amount) for day in days] == ["5 t"] * 4
    (closing,) = clusters.record(InitiativeClosed(closed))
    for one in line, clusters.timeline(measure):
        assert [str(one.at(day).amount) for day in days] == [amount] * 4
        assert [one.at(day) for day in days] == [clusters.at(day).measure(measure) for day in days]
    clusters.retract(closing)
    for one in line, clusters.timeline(measure):
        assert [str(one.at(day).amount) for day in days] == ["5 t"] * 4


@settings(max_examples=EXAMPLES // 4)
@given(histories(**SOME), asked(), asked(), st.data())
def test_the_revisions_of_any_day_are_the_batches_that_changed_its_figure(history, ask, too, data):
    with open_memory() as book:
        clusters = recorded(book, history)
        for asking in (ask, too) if history else ():
            past = Past(clusters.records())
            line = clusters.timeline(asking.measure, by=asking.by)
            revises_right(line, asking, past, past.days()[data.draw(st.integers(0, 1)) :: 2])


@settings(max_examples=EXAMPLES // 2)
@given(histories(**SOME), asked(), DAYS_OF_A_SERIES, st.integers(-40, 500), st.sampled_from(list(STEPS)), st.data())
def test_a_series_holds_the_answer_of_every_step(history, asking, first, length, every, data):
    with open_memory() as book:
        clusters = recorded(book, history)
        if history:
            known_at = data.draw(st.sampled_from(moments_of(history)))
            past, line = Past(clusters.records()), clusters.timeline(asking.measure, by=asking.by)
            steps_right(line, asking, past, first, first + length * DAY, every, known_at)


@settings(max_examples=EXAMPLES)
@given(histories(**SOME).filter(bool), asked(), st.integers(-2, 2), st.data())
def test_between_two_days_of_a_series_of_changes_nothing_changes(history, asking, more, data):
    with open_memory() as book:
        clusters = recorded(book, history)
        known_at = data.draw(st.just(None) | st.sampled_from(moments_of(history)))
        past, line = Past(clusters.records()), clusters.timeline(asking.measure, by=asking.by)
        days = past.days()[:-1]  # but for the last day of all, from which there is no step on
        first, last = data.draw(st.sampled_from(days)), days[-1] + more * DAY
        found = tried(lambda: line.series(first, last, every="change", known_at=known_at))
        if isinstance(found, tuple) or first > last:
            assert list(found) == list(tried(lambda: line.series(first, last, every="year", known_at=known_at)))
            return
        assert found.days[0] == first
        assert list(found.days) == sorted({*found.days})
        for one, following in zip(found.days, [*found.days[1:], last + DAY], strict=True):
            for day in {following - DAY, one + (following - one) // 2} - {one}:
                assert holding(past.answer(asking, day, known_at)) == holding(past.answer(asking, one, known_at)), day


def holding(answer):
    """What an answer says, but for the day it is asked of; and for its oldest, where values grow too old."""
    if isinstance(answer, tuple):
        return answer
    figures = answer if isinstance(answer, Figures) else {(): answer}
    return [(group, one.amount, one.envelope, supporting(one)) for group, one in figures.items()]


def supporting(figure):
    ages = any(getattr(single, "within", None) for single in singles_of(figure.measure))
    return evolve(figure.support, oldest=None) if ages else figure.support


def test_of_a_rough_value_that_grows_too_old_only_the_oldest_day_moves_within_a_step():
    with open_memory() as book:
        clusters = book.initiative("clusters")
        clusters.record(
            MetricDefined("net", "t"),
            MemberJoined("a", "2019-05-01"),
            MetricUpdated("net", "2021-01", "1 t", member="a"),
        )
        series = clusters.timeline(Total("net", within="1 year")).series("2021-06-01", "2023-01-01", every="change")
        assert list(map(str, series.days)) == ["2021-06-01", "2022-01-02", "2022-02-01"]
        assert [(str(one.amount), len(one.possibly_missing)) for one in series] == [
            ("1 t", 0),
            ("0..1 t", 1),
            ("0 t", 0),
        ]
        for day, oldest in ("2022-01-02", "2021-01-02"), ("2022-01-31", "2021-01-31"):
            figure = clusters.at(day).measure(Total("net", within="1 year"))
            assert (str(figure.oldest), figure.amount) == (oldest, series[1].amount)


@settings(max_examples=EXAMPLES // 6)
@given(histories(parts=True, max_size=20, bounds=False), asked(), st.data())
def test_long_histories_are_taken_in_batch_by_batch(history, asking, data):
    with open_memory() as book:
        line, past = None, Past([])
        for clusters in play(book.initiative("clusters"), history):
            line = line or clusters.timeline(asking.measure, by=asking.by)
            past.hear(clusters.records())
            day = data.draw(st.sampled_from(past.days()))
            answers_right(line, asking, past, [day], [None])
        if line is not None:
            some = past.crossed(past.days(), moments_of(past.records))
            answers_right_at(line, asking, past, some[data.draw(st.integers(0, 1)) :: 2])
            revises_right(line, asking, past, past.days()[::5])


@pytest.mark.parametrize("by", [None, Grouping("country", {"Spain": "mainland"})])
def test_that_a_metric_is_not_known_is_said_before_what_is_wrong_on_a_day(clusters, by):
    clusters.record(
        MetricDefined("co2", "t"),
        MemberJoined("a", "2021", attributes={"country": "UK"}),
        MemberJoined("b", "2021", part_of="a"),
    )
    ask = Share(Total("co2"), Total("net"))
    line = clusters.timeline(ask, by=by)
    for answer in lambda: line.at("2022-01-01"), lambda: clusters.at("2022-01-01").measure(ask, by=by):
        with pytest.raises(UnknownMetric, match="net"):
            answer()
    assert line.revisions("2022-01-01") == ()


# what no rule would let in, fed to the index itself


class Told:
    """A log of records that nobody checked: what a timeline asks of a store, answered from a list."""

    def __init__(self, records):
        self.records = sorted(records, key=lambda record: record.position)
        self.upto = 0

    def heard(self):
        return [record for record in self.records if record.position <= self.upto]

    def position(self):
        return self.upto

    @contextmanager
    def news(self, initiative, after, wanted):
        heard = self.heard()
        replaces = {record.position: record.replaces for record in heard if record.replaces is not None}
        ranks = _ranks([tuple(record.ref) for record in heard], replaces)
        new = [record for record in heard if record.position > after]
        ends = {record.recorded_at: record.position for record in new}
        yield News(
            self.upto,
            [Batch(end, instant) for instant, end in ends.items()],
            iter([
                (said.register, (ranks.get(one.position, one.version), one.position, *window_of(one.event), *said[1:]))
                for one in new
                for said in facts_of(one.event)
                if is_wanted(wanted, said.register)
            ]),
            [one for one in self.retractions() if one.position > after],
        )  # fmt: skip

    def retractions(self):
        """Each record that is retracted, once; a store would not let it be before it is written."""
        by_id = {record.id: record for record in self.heard()}
        found = {}
        for record in self.heard():
            wrong = by_id.get(getattr(record.event, "record", None))
            if wrong is not None and wrong.position not in found:
                member = getattr(wrong.event, "member", None)
                found[wrong.position] = Retraction(max(record.position, wrong.position), wrong.position, member)
        return sorted(found.values())

    def registers(self, initiative, at, known_at=None, wanted=None):
        state = replay(self.records, at=at, known_at=known_at)
        return state.version, state.registers

    def ref(self, initiative, version):
        (one,) = (record for record in self.records if record.version == version)
        return RecordRef(one.position, one.version, one.id, one.recorded_at, one.source)


@settings(max_examples=EXAMPLES // 3)
@given(hostile_histories(parts=True, max_size=14), asked(), st.data())
def test_histories_that_no_rule_would_let_in_are_answered_as_the_replay_does(history, asking, data):
    log = Told(history)
    line = Timeline("clusters", log, asking.measure, asking.by)
    for end in Past(history).ends.values():
        log.upto = end
        if data.draw(st.booleans()):
            past = Past(log.heard())
            # a retraction of what comes only later counts from when it comes, for the replay as for the log
            answers_right(line, asking, past, past.days()[::4], [None])
    past = Past(history)
    if history:
        some = past.crossed(past.days(), moments_of(history))
        answers_right_at(line, asking, past, some[data.draw(st.integers(0, 1)) :: 2])
        revises_right(line, asking, past, past.days()[::3])


@pytest.mark.parametrize("measure", [Total("co2"), Value("co2", "a")])
@pytest.mark.parametrize("amount", ["<= 5 t", "<= -1 t", "-2 t", "1..3 t"])
def test_a_metric_defined_in_another_way_after_its_values_is_answered_as_the_replay_does(measure, amount):
    events = (
        MemberJoined("a", "2021-01-01"),
        MetricDefined("co2", unit="t"),
        MetricUpdated("co2", "2021-02", amount, member="a"),
        MetricDefined("co2", unit="t", nonnegative=True),
        MetricDefined("co2", unit="kg", nonnegative=True),
        MetricUpdated("co2", "2021-03", None, member="a"),
        MetricDefined("co2", unit="kg"),
        RecordRetracted("r7"),
        RecordRetracted("r2"),
    )
    records = [
        ledger.Record(place, "clusters", place, f"r{place}", FIRST + place * DAY, event)
        for place, event in enumerate(events, start=1)
    ]
    log, past = Told(records), Past(records)
    log.upto = len(records)
    line = Timeline("clusters", log, measure)
    answers_right(line, Asked(measure), past, past.days(), range(len(records) + 1))
    revises_right(line, Asked(measure), past, past.days())


# all of it at once, in any order


class Kept(NamedTuple):
    """A timeline that is kept alive, what it was asked for, and of which initiative."""

    asked: Asked
    initiative: str
    line: Timeline
    eager: bool


CHANGES = (MemberChanged, InitiativeChanged, InitiativeLaunched, ReportPublished)
AMENDED = ("effective", "attributes", "amount")
VERBS = (MemberJoined, MemberReinstated, MemberSuspended, MemberLeft)  # one that is refused becomes the next
DAYS = (*EXACT_DAYS[:4], *EXACT_DAYS, *ROUGH_DAYS, "0001-01-01", "9999-12-31", "[..2020]", "2030", "2029-05-01")
WHENS = st.sampled_from(DAYS).map(When)
VALUED = events(
    MetricUpdated,
    members=st.sampled_from([MEMBERS[0], *MEMBERS]),
    metrics=st.sampled_from(["co2", "co2", "net"]),
    effective=WHENS,
    amounts=quantities(unit=st.sampled_from(["t", "kg", "g", "kt"])),  # of any size, and however fine
)


def happenings(*kinds, max_size=6):
    """The events of one of `hostile_histories`, of these kinds; a closing, which leaves little to do, by itself."""
    drawn = hostile_histories(days=DAYS, max_size=max_size)
    return drawn.map(lambda records: [one.event for one in records if isinstance(one.event, kinds)])


ANYTHING = happenings(*set(EVENTS) - {InitiativeClosed, RecordRetracted})
BOOKS = st.sampled_from([0, 1])
NAMES = st.sampled_from([INITIATIVES[0], *INITIATIVES])


def an_empty_file():
    """The bytes of a ledger without records: to create one costs more than all that is done with it."""
    if not an_empty_file.made:
        with TemporaryDirectory() as directory:
            path = Path(directory) / "empty.db"
            ledger.open(path).close()
            an_empty_file.made = path.read_bytes()
    return an_empty_file.made


an_empty_file.made = b""


class TimeTravel(RuleBasedStateMachine):
    """Two ledgers on one file record and correct whatever the rules let in; everything is asked at any time.

    `LedgerMachine` asks for less, since its paper knows exact days alone: here days are rough, measures are any there
    are, in groups too, and what is kept open is asked for series and revisions, and points for what changed and why.
    """

    lines = Bundle("lines")

    def __init__(self):
        super().__init__()
        self.directory = TemporaryDirectory()
        path = Path(self.directory.name) / "clusters.db"
        path.write_bytes(an_empty_file())
        self.clock = FrozenClock()
        self.books = [ledger.open(path, clock=self.clock) for _ in range(2)]
        self.pasts = {name: Past([]) for name in INITIATIVES}
        self.everything = []
        self.watched = []  # the timelines that are asked after every step
        self.turn = count()

    def heard(self, book=0):
        self.everything = list(self.books[book].records())
        for name, past in self.pasts.items():
            past.hear(record for record in self.everything if record.initiative == name)

    def attempt(self, book, act):
        """Write something; where it is refused, nothing has changed. Give the violations, if there are any."""
        before = list(self.everything)
        try:
            act()
        except (Refused, BadInput) as refusal:
            self.heard(book)
            assert self.everything == before
            return getattr(refusal, "violations", [])
        self.heard(1 - book)
        assert self.everything[: len(before)] == before
        return []

    @initialize(when=WHENS, country=st.sampled_from([*VALUES["country"], None]))
    def it_begins(self, when, country):
        first = MEMBERS[0]
        values = [MetricUpdated(metric, when, "1 t", member=first) for metric in ("co2", "net")]
        beginning = (*METRICS[:2], MemberJoined(first, when, attributes={"country": country}), *values)
        for name in INITIATIVES:
            self.attempt(0, lambda name=name: self.books[0].initiative(name).record(*beginning))

    @rule(by=st.sampled_from([-400 * DAY, -TICK, 0 * TICK, TICK, timedelta(hours=1), 400 * DAY]))
    def the_clock_goes_on_or_steps_back(self, by):
        self.clock.set(self.clock() + by)

    @rule(book=BOOKS, name=NAMES, batch=ANYTHING)
    def record_anything(self, book, name, batch):
        self.record(book, name, batch)

    @rule(book=BOOKS, name=NAMES, batch=happenings(*VERBS))
    def record_moves(self, book, name, batch):
        self.record(book, name, batch)

    @rule(book=BOOKS, name=NAMES, batch=st.lists(VALUED, min_size=1, max_size=4))
    def record_values(self, book, name, batch):
        self.record(book, name, batch)

    @rule(book=BOOKS, name=NAMES, batch=happenings(*CHANGES, max_size=12))
    def record_changes(self, book, name, batch):
        self.record(book, name, batch)

    def record(self, book, name, batch):
        """Record what the rules let in of a batch, and something near it in place of the rest."""
        initiative = self.books[book].initiative(name)
        for tries in count():
            wrong = {one.index for one in self.attempt(book, lambda batch=batch: initiative.record(*batch))}
            if not wrong:
                break
            batch = [otherwise(event) if place in wrong else event for place, event in enumerate(batch)]
            batch = [
                event for place, event in enumerate(batch) if event is not None and (tries < 3 or place not in wrong)
            ]

    @rule(book=BOOKS, name=NAMES, metric=st.sampled_from(METRICS), unit=st.sampled_from([None, "kg"]))
    def define_anew(self, book, name, metric, unit):
        defined = evolve(metric, title="As agreed", unit=unit or metric.unit)
        self.attempt(book, lambda: self.books[book].initiative(name).record(defined))

    @rule(book=BOOKS, name=NAMES, when=WHENS)
    def close(self, book, name, when):
        self.attempt(book, lambda: self.books[book].initiative(name).record(InitiativeClosed(when)))

    def chosen(self, name, nth):
        """A record that stands, the newest one first."""
        records = self.pasts[name].records
        wrong = {getattr(record.event, "record", None) for record in records}
        standing = [one for one in records if one.id not in wrong and not isinstance(one.event, RecordRetracted)]
        return standing[-1 - nth % len(standing)] if standing else None

    @rule(book=BOOKS, name=NAMES, nth=st.integers(0, 7))
    def retract(self, book, name, nth):
        record = self.chosen(name, nth)
        if record is not None:
            self.attempt(book, lambda: self.books[book].initiative(name).retract(record))

    @rule(book=BOOKS, name=NAMES, nth=st.integers(0, 7), like=ANYTHING, valued=VALUED)
    def correct(self, book, name, nth, like, valued):
        """Correct a record in what other events say in its place: the day, attributes, an amount."""
        record = self.chosen(name, nth)
        if record is None:
            return
        told = {part: getattr(one, part) for one in [valued, *like] for part in AMENDED if hasattr(one, part)}
        changes = {part: value for part, value in told.items() if hasattr(record.event, part)}
        if isinstance(record.event, MetricDefined):
            changes = {"title": "As corrected"}
        self.attempt(book, lambda: self.books[book].initiative(name).correct(record, **changes))

    @rule(book=BOOKS, name=NAMES, nth=st.integers(0, 7), others=ANYTHING)
    def correct_by_something_else(self, book, name, nth, others):
        record = self.chosen(name, nth)
        if record is not None and others:
            self.attempt(book, lambda: self.books[book].initiative(name).correct(record, others[0]))

    @rule(target=lines, book=BOOKS, name=NAMES, asking=asked(), eager=st.booleans())
    def open_a_timeline(self, book, name, asking, eager):
        line = self.books[book].initiative(name).timeline(asking.measure, by=asking.by)
        kept = Kept(asking, name, line, eager)
        self.watched = [*self.watched, kept][-3:] if eager else self.watched
        return kept

    @rule(kept=consumes(lines))
    def forget_a_timeline(self, kept):
        self.watched = [one for one in self.watched if one is not kept]

    def moment(self, nth):
        moments = moments_of(self.everything)
        return moments[-1 - nth % len(moments)]

    @rule(kept=lines, nth=st.integers(0, 500), whole=st.booleans())
    def ask_of_every_day(self, kept, nth, whole):
        past = self.pasts[kept.initiative]
        days = past.days()[:-1]  # but for the last day of all, from which there is no step on
        answers_right_at(kept.line, kept.asked, past, past.crossed(days, [None, self.moment(nth)]))
        if whole:
            answers_right(kept.line, kept.asked, past, days[nth % 7 :: 7], [self.moment(nth)], whole=True)

    @rule(kept=lines, nth=st.integers(0, 500))
    def ask_at_every_moment(self, kept, nth):
        past = self.pasts[kept.initiative]
        days = past.days()[:-1]  # but for the last day of all, from which there is no step on
        answers_right(kept.line, kept.asked, past, [days[nth % len(days)]], moments_of(self.everything))

    @rule(kept=lines, nth=st.integers(0, 500))
    def ask_for_revisions(self, kept, nth):
        past = self.pasts[kept.initiative]
        days = past.days()[:-1]  # but for the last day of all, from which there is no step on
        revises_right(kept.line, kept.asked, past, [days[nth % len(days)], days[nth * 5 % len(days)]])

    @rule(
        kept=lines, first=DAYS_OF_A_SERIES, length=st.integers(-1, 200), every=st.sampled_from(list(STEPS)),
        nth=st.integers(0, 500),
    )  # fmt: skip
    def ask_for_a_series(self, kept, first, length, every, nth):
        past = self.pasts[kept.initiative]
        steps_right(kept.line, kept.asked, past, first, first + length * DAY, every, self.moment(nth))

    @rule(book=BOOKS, name=NAMES, nth=st.integers(0, 500))
    def ask_for_states(self, book, name, nth):
        past, initiative = self.pasts[name], self.books[book].initiative(name)
        days = past.days()[:-1]  # but for the last day of all, from which there is no step on
        for day in days[nth % 5 :: 5]:
            agrees(initiative, past, day, None)
            agrees(initiative, past, day, self.moment(nth))
        for known_at in moments_of(self.everything)[nth % 3 :: 3]:
            agrees(initiative, past, days[nth % len(days)], known_at)

    @rule(book=BOOKS, name=NAMES, asking=asked(), nth=st.integers(0, 500), other=st.integers(0, 500))
    def ask_what_changed(self, book, name, asking, nth, other):
        past, days = self.pasts[name], self.pasts[name].days()
        a, b = ((days[place % len(days)], self.moment(place)) for place in (nth, other))
        changes_right(self.books[book].initiative(name), past, asking.measure, a, b)

    @precondition(lambda self: self.watched)
    @invariant()
    def what_is_watched_is_right(self):
        turn = next(self.turn)
        for kept in self.watched:
            past = self.pasts[kept.initiative]
            answers_right(kept.line, kept.asked, past, past.days()[turn % 4 :: 4], [None, self.moment(turn)])

    def teardown(self):
        for book in self.books:
            book.close()
        self.directory.cleanup()


def otherwise(event):
    """The next verb in place of one that was refused, and a value of who may have one; of all else, nothing."""
    if isinstance(event, MetricUpdated) and (event.metric, event.member) != ("net", MEMBERS[0]):
        return evolve(event, metric="net", member=MEMBERS[0])
    if type(event) not in VERBS:
        return None
    return VERBS[(VERBS.index(type(event)) + 1) % len(VERBS)](event.member, event.effective)


TestTimeTravel = TimeTravel.TestCase
TestTimeTravel.settings = settings(max_examples=max(EXAMPLES // 8, 5), stateful_step_count=50)


# by example: the two times are not confused


@pytest.mark.parametrize("step", [0 * DAY, -TICK, -DAY, -400 * DAY, TICK / 2 + TICK / 2, DAY])
def test_a_clock_that_stands_still_or_steps_back_leaves_every_batch_its_own_moment(frozen_clock, clusters, step):
    records = []
    for number in range(4):
        records += clusters.record(MemberJoined(f"m{number}", "2021"), MemberJoined(f"n{number}", "2021"))
        frozen_clock.set(frozen_clock() + step)
    line = clusters.timeline(Members())
    for number in range(4):
        instant = records[2 * number].recorded_at
        assert line.at("2022-01-01", instant - TICK).amount.low == 2 * number
        assert line.at("2022-01-01", instant).amount.low == 2 * number + 2
        assert line.at("2022-01-01", instant.isoformat()).amount.low == 2 * number + 2
    assert [(one.known_at, one.position, one.figure.amount.low) for one in line.revisions("2022-01-01")] == [
        (records[2 * number].recorded_at, 2 * number + 2, 2 * number + 2) for number in range(4)
    ]


def test_an_event_recorded_before_it_takes_effect_is_known_before_and_holds_after(clusters):
    (joined,) = clusters.record(MemberJoined("a", "2030-06-01"))  # years after the clock
    line = clusters.timeline(Members())
    assert [line.at(day).amount.low for day in ("2024-01-01", "2030-05-31", "2030-06-01")] == [0, 0, 1]
    assert line.at("2030-06-01", joined.recorded_at).amount.low == 1
    assert line.at("2030-06-01", joined.recorded_at - TICK).amount.low == 0
    assert [one.figure.amount.low for one in line.revisions("2030-05-31")] == [0]


def test_what_one_initiative_records_changes_nothing_in_another(ledger_book):
    clusters, ports = ledger_book.initiative("clusters"), ledger_book.initiative("ports")
    clusters.record(MemberJoined("a", "2021"), MemberJoined("b", "2021"))
    ports.record(MemberJoined("a", "2021"), MemberJoined("x", "2021"), MemberJoined("y", "2021"))
    ours, theirs = clusters.timeline(Members()), ports.timeline(Members())
    (again,) = clusters.record(MemberLeft("a", "2022"))
    ports.retract(list(ports.records())[-1])
    assert [ours.at("2023-01-01", known_at=k).amount.low for k in range(9)] == [0, 0, 2, 2, 2, 2, 1, 1, 1]
    assert [theirs.at("2023-01-01", known_at=k).amount.low for k in range(9)] == [0, 0, 0, 0, 0, 3, 3, 2, 2]
    assert [one.position for one in ours.revisions("2023-01-01")] == [2, again.position]
    assert [one.position for one in theirs.revisions("2023-01-01")] == [5, 7]
    clusters.record(MetricDefined("co2", unit="t"), MetricDefined("net", unit="kg"))
    ports.record(MetricDefined("co2", unit="kg"), MetricUpdated("co2", "2021", "5 kg", member="x"))
    assert str(ports.timeline(Total("co2")).at("2023-01-01").amount) == "5 kg"
    assert str(clusters.timeline(Total("net")).at("2023-01-01").amount) == "0 kg"


def test_a_retraction_is_read_once(ledger_book, clusters):
    (joined, _) = clusters.record(MemberJoined("a", "2021-01-01"), MemberJoined("b", "2021-01-01"))
    retraction = clusters.retract(joined)
    wanted = Wanted.by(Members())
    for after, retractions in ((0, 1), (2, 1), (retraction.position, 0)):
        with ledger_book._store.news("clusters", after, wanted) as news:
            assert len(news.retractions) == retractions
            assert [batch.end for batch in news.batches] == [end for end in (2, 3) if end > after]


def test_a_position_inside_a_batch_is_rounded_down(clusters):
    clusters.record(MemberJoined("a", "2021"))
    clusters.record(*(MemberJoined(name, "2021") for name in "bcd"))
    line = clusters.timeline(Members())
    assert [line.at("2022-01-01", k).amount.low for k in (0, 1, 2, 3, 4, 5, NEWEST)] == [0, 1, 1, 1, 4, 4, 4]
    assert line.at("2022-01-01", 3).members == ("a",)


def test_a_moment_past_the_newest_batch_holds_what_came_since(clusters, frozen_clock):
    clusters.record(MemberJoined("a", "2021"))
    line = clusters.timeline(Members())
    later = frozen_clock() + DAY
    assert line.at("2022-01-01", NEWEST).amount.low == line.at("2022-01-01", later).amount.low == 1
    clusters.record(MemberJoined("b", "2021"))
    assert line.at("2022-01-01", 1).amount.low == 1
    assert line.at("2022-01-01", later).amount.low == line.at("2022-01-01", 2).amount.low == 2


def test_a_moment_between_batches_reads_what_was_recorded_by_then(clusters, frozen_clock):
    """The newest batch that was read is older than the moment asked for: there may be others in between."""
    clusters.record(MemberJoined("a", "2021"))
    line = clusters.timeline(Members())
    line.at("2022-01-01")
    frozen_clock.advance(DAY)
    (second,) = clusters.record(MemberJoined("b", "2021"))
    frozen_clock.advance(DAY)
    clusters.record(MemberJoined("c", "2021"))
    assert line.at("2022-01-01", second.recorded_at).amount.low == 2
    fresh = clusters.timeline(Members())
    assert fresh.at("2022-01-01", second.recorded_at - TICK).amount.low == 1
    assert fresh.at("2022-01-01", second.position).amount.low == 2


def test_nothing_is_known_before_the_first_record(clusters):
    clusters.record(MetricDefined("co2", unit="t"), MemberJoined("a", "2021"))
    figure = clusters.timeline(Members()).at("2022-01-01", known_at=0)
    assert (figure.amount.low, figure.complete, figure.members, figure.oldest) == (0, True, (), None)
    assert clusters.timeline(Members(), by="country").at("2022-01-01", known_at=0) == {}
    assert clusters.timeline(Distinct("country")).at("2022-01-01", FIRST - TICK).amount.low == 0
    with pytest.raises(UnknownMetric, match="co2"):
        clusters.timeline(Total("co2")).at("2022-01-01", known_at=0)


def test_the_first_and_the_last_day_are_days_like_any_other(clusters):
    clusters.record(MemberJoined("a", "0001-01-01"), MemberJoined("b", "9999-12-31"), MemberJoined("c", "[..2020]"))
    clusters.record(MemberLeft("a", "9999-12-31"))
    past = Past(clusters.records())
    for measure in (Members(), Joined("2020-12-31"), Joined("0001-01-01"), Joined("9999-12-31"), Distinct("country")):
        line = clusters.timeline(measure)
        answers_right(line, Asked(measure), past, past.days(), [None, 3], whole=True)
        revises_right(line, Asked(measure), past, past.days())
        for every in STEPS:
            assert line.series("9999-12-30", "9999-12-31", every=every)[0] == past.answer(
                Asked(measure), date(9999, 12, 30)
            )
    assert len(line.series("9999-12-30", "9999-12-31", every="day")) == 2
    assert len(line.series("0001-01-01", "9999-12-31", every="year")) == 9_999
    assert str(clusters.timeline(Members()).at("2020-06-01").amount) == "1..2"


def test_a_window_without_a_first_day_leaves_it_open_until_its_last_one(clusters):
    clusters.record(MemberJoined("a", "[..2020]"))
    line = clusters.timeline(Members())
    days = ("0001-01-01", "2020-12-30", "2020-12-31", "9999-12-31")
    assert [str(line.at(day).amount) for day in days] == ["0..1", "0..1", "1", "1"]
    assert line.at("0001-01-01").possible_members == ("a",)


def test_a_share_of_two_measures_looks_at_the_registers_of_each(clusters):
    clusters.record(
        MetricDefined("co2", unit="t"),
        MetricDefined("net", unit="kg", nonnegative=True),
        *(MemberJoined(name, "2021-01-01") for name in "ab"),
        *(MetricUpdated("co2", "2021-01-01", f"{n} t", member=who) for who, n in (("a", 1), ("b", 3), (None, 16))),
        MetricUpdated("net", "2021-01-01", "500 kg", member="a"),
    )
    shares = {
        Share(Value("co2", "a"), Total("co2")): "0.25",
        Share(Value("co2", "b"), Value("co2", "a")): "3",
        Share(Total("co2"), Value("co2")): "0.25",
        Share(Value("co2"), Value("co2", "a")): "16",
        Share(Value("net", "a"), Value("co2", "a")): "0.5",
        Share(Total("net"), Total("co2")): "0.125",
    }
    for share, text in shares.items():
        figure = clusters.timeline(share).at("2022-01-01")
        assert str(figure.amount) == text
        assert figure == clusters.at("2022-01-01").measure(share)


def test_a_value_that_may_be_any_number_is_a_value(clusters):
    clusters.record(
        MetricDefined("co2", unit="t"),
        MemberJoined("a", "2021-01-01"),
        MetricUpdated("co2", "2021-01-01", ".. t", member="a"),
    )
    for measure in (Total("co2"), Value("co2", "a")):
        figure = clusters.timeline(measure).at("2022-01-01")
        assert (str(figure.amount), figure.complete) == (".. t", True)
        assert figure == clusters.at("2022-01-01").measure(measure)


def test_a_revision_of_different_values_is_seen_where_it_takes_more_than_sums(clusters):
    for name in "abc":
        clusters.record(MemberJoined(name, "2020-01-01", attributes={"country": "Spain"}))
        clusters.record(MemberChanged(name, "2021", attributes={"country": "UK"}))
    clusters.record(MemberChanged("a", "2021", attributes={"country": "France"}))  # as many are unsettled as before
    revisions = clusters.timeline(Distinct("country")).revisions("2021-06-01")
    beliefs = [(one.position, str(one.figure.amount)) for one in revisions]
    assert beliefs == [(1, "1"), (3, "1..2"), (7, "1..3")]


def test_two_batches_that_change_a_figure_and_change_it_back_are_two_revisions(clusters):
    clusters.record(MetricDefined("co2", unit="t"))
    (joined,) = clusters.record(MemberJoined("a", "2021"))
    clusters.record(MetricUpdated("co2", "2021", "1 t", member="a"), MetricUpdated("co2", "2021", "1 t"))
    line = clusters.timeline(Members())
    clusters.record(MemberLeft("a", "2022-01-01"), MemberJoined("a", "2022-01-01"))  # on one day: nothing changes
    clusters.record(MemberSuspended("a", "2023-01-01"))
    clusters.retract(list(clusters.records())[-1])
    assert [one.position for one in line.revisions("2024-01-01")] == [1, 2, 7, 8]
    assert [str(one.figure.amount) for one in line.revisions("2024-01-01")] == ["0", "1", "0", "1"]
    assert line.revisions("2024-01-01")[1].known_at == joined.recorded_at


def test_a_definition_that_comes_late_or_is_taken_back_decides_from_when_there_is_an_answer(clusters):
    clusters.record(MemberJoined("a", "2021-01-01"))
    (defined,) = clusters.record(MetricDefined("co2", unit="t"))
    line = clusters.timeline(Total("co2"))
    (better,) = clusters.record(MetricDefined("co2", unit="kg", nonnegative=True))
    clusters.retract(better)
    clusters.retract(defined)
    assert [(one.position, str(one.figure.envelope)) for one in line.revisions("2022-01-01")] == [
        (2, ".. t"), (3, ">= 0 kg"), (4, ".. t"),
    ]  # fmt: skip
    with pytest.raises(UnknownMetric):
        line.at("2022-01-01")
    assert line.at("2022-01-01", 3).complete is False


@pytest.mark.parametrize("writers", ["oocoo", "ocooo", "occoo", "ooooo", "ococo", "oocco", "oococ"])
def test_what_was_known_earlier_is_found_where_an_earlier_day_was_written_since(tmp_path, writers):
    """Whoever wrote it: what a ledger remembers of the last days is not true any more where another has written."""
    path = tmp_path / "clusters.db"
    with ledger.open(path) as one, ledger.open(path) as other:
        writing = {"o": one.initiative("clusters"), "c": other.initiative("clusters")}
        events = (
            MemberJoined("a", "2021-01-01", name="Old"),
            MemberChanged("a", "2030-01-01", name="New"),
            MemberChanged("a", "2022-01-01", name="Interim"),
            MemberChanged("a", "2025-01-01", name="Second Interim"),
            MemberJoined("b", "2021-01-01"),
        )
        for writer, event in zip(writers, events, strict=True):
            writing[writer].record(event)
        for initiative in writing.values():
            assert initiative.at("2031-01-01", known_at=4)["a"].name == "New"
            assert initiative.at("2029-01-01", known_at=4)["a"].name == "Second Interim"
            assert initiative.at("2031-01-01", known_at=3)["a"].name == "New"
            assert initiative.at("2029-01-01", known_at=3)["a"].name == "Interim"
            assert initiative.at("2029-01-01", known_at=2)["a"].name == "Old"


def test_a_correction_stands_where_the_wrong_record_stood_among_the_facts_of_its_day(clusters):
    clusters.record(MetricDefined("co2", unit="t"), MemberJoined("a", "2021-01-01"))
    (wrong,) = clusters.record(MetricUpdated("co2", "2021-06-01", "1 t", member="a"))
    clusters.record(MetricUpdated("co2", "2021-06-01", "2 t", member="a"))
    line = clusters.timeline(Total("co2"))
    assert line.at("2022-01-01").amount.low == 2
    clusters.correct(wrong, amount=ledger.Quantity.parse("3 t"))
    assert line.at("2022-01-01").amount.low == clusters.at("2022-01-01").total("co2").amount.low == 2
    assert [one.position for one in line.revisions("2022-01-01")] == [2, 3, 4]


# what goes wrong


def test_an_unknown_metric_is_named_with_those_that_are_near(clusters):
    clusters.record(MetricDefined("co2", unit="t"), MetricDefined("members", unit=""))
    for measure in (Total("co22"), Value("co3"), Share(Total("co2"), Total("co")), Share(Value("co"), Total("co2"))):
        line = clusters.timeline(measure)
        for ask in (lambda line=line: line.at("2021-01-01"), lambda line=line: line.series("2021-01-01", "2021-02-01")):
            with pytest.raises(UnknownMetric, match="co2"):
                ask()
        assert line.revisions("2021-01-01") == ()


def test_what_has_no_total_is_refused_as_long_as_it_has_none(clusters):
    clusters.record(MetricDefined("rank", additive=False), MemberJoined("a", "2021"))
    line = clusters.timeline(Total("rank"), by="country")
    with pytest.raises(NotAdditive, match="ask for the value of one member"):
        line.at("2022-01-01")
    assert line.revisions("2022-01-01") == ()
    value = clusters.timeline(Value("rank"))
    assert str(value.at("2022-01-01").amount) == ".."
    assert [one.position for one in value.revisions("2022-01-01")] == [2]
    clusters.record(MetricDefined("rank", additive=True))
    assert {group: str(one.amount) for group, one in line.at("2022-01-01").items()} == {None: "0"}
    assert [one.position for one in line.revisions("2022-01-01")] == [3]
    with pytest.raises(NotAdditive):
        line.at("2022-01-01", known_at=2)


@pytest.mark.parametrize("measure", [Value("co2"), Share(Members(), Value("co2")), "co2", None, Members])
def test_only_counts_and_totals_have_groups(clusters, measure):
    clusters.record(MemberJoined("a", "2021"))
    with pytest.raises(BadInput):
        clusters.timeline(measure, by="country")


@pytest.mark.parametrize("by", ["", 5, "x" * 1_000, b"country"])
def test_groups_are_by_the_name_of_an_attribute(clusters, by):
    clusters.record(MemberJoined("a", "2021"))
    with pytest.raises(LedgerError):
        clusters.timeline(Members(), by=by)


@pytest.mark.parametrize("every", ["hour", "", None, 1, "Month", []])
def test_an_unknown_step_is_refused_with_those_there_are(clusters, every):
    clusters.record(MemberJoined("a", "2021"))
    with pytest.raises(BadInput, match="day, week, month, quarter, year, change"):
        clusters.timeline(Members()).series("2021-01-01", "2021-12-31", every=every)


def test_a_day_or_a_moment_that_is_none_is_refused(clusters):
    clusters.record(MemberJoined("a", "2021"))
    line = clusters.timeline(Members())
    for ask in (
        line.at,
        line.revisions,
        lambda day: line.series(day, "2021-01-01"),
        lambda day: line.series("2021-01-01", day),
    ):
        with pytest.raises(BadWhen):
            ask("2021")
    for known_at in (-1, True, "2024-01-01", FIRST.replace(tzinfo=None)):
        with pytest.raises(LedgerError):
            line.at("2021-01-01", known_at)
        with pytest.raises(LedgerError):
            line.series("2021-01-01", "2021-02-01", known_at=known_at)


def test_a_timeline_of_nothing_is_refused(ledger_book):
    ledger_book.initiative("clusters").record(MemberJoined("a", "2021"))
    with pytest.raises(UnknownInitiative, match="clusters"):
        ledger_book.initiative("cluster").timeline(Members())


def test_a_share_of_what_cannot_be_compared_is_refused_as_the_state_does(clusters):
    clusters.record(MetricDefined("co2", unit="t"), MemberJoined("a", "2021-01-01"))
    line = clusters.timeline(Share(Total("co2"), Members()))
    for ask in (lambda: line.at("2022-01-01"), lambda: line.revisions("2022-01-01")):
        with pytest.raises(WrongDimension):
            ask()


def test_a_closed_ledger_says_so():
    with open_memory() as book:
        clusters = book.initiative("clusters")
        clusters.record(MemberJoined("a", "2021-01-01"))
        line = clusters.timeline(Members())
        figure, read = line.at("2022-01-01"), line.at("2022-01-01")
        assert read.members == ("a",)
    asks = (
        lambda: line.at("2022-01-01"),
        lambda: line.series("2022-01-01", "2022-02-01"),
        lambda: line.revisions("2022-01-01"),
        lambda: figure.members,
        lambda: clusters.timeline(Members()),
    )
    for ask in asks:
        with pytest.raises(LedgerClosed):
            ask()
    assert (figure.amount.low, read.members) == (1, ("a",))  # what was read stays


@pytest.mark.parametrize("error", [OSError("gone"), KeyboardInterrupt(), MemoryError(), StoreError("damaged")])
@pytest.mark.parametrize("asked", [Members(), Total("co2"), Distinct("country"), Share(Total("co2"), Value("co2"))])
def test_what_fails_half_way_through_catching_up_is_taken_in_whole_by_the_next_question(
    clusters, asked, error, monkeypatch
):
    def write(number):
        clusters.record(
            MemberJoined(f"m{number}", "2021-01-01", attributes={"country": str(number)}),
            MetricUpdated("co2", "2021-01-01", f"0.{number + 1} t", member=f"m{number}"),
            MetricUpdated("co2", "2021", f"1.{number + 1} t"),
        )

    clusters.record(MetricDefined("co2", unit="t"))
    write(0)
    line = clusters.timeline(asked)
    read = sqlite_news.news_since
    for number in range(1, 7):
        write(number)
        if number > 1:
            assert line.at("2022-01-01", 4) == clusters.at("2022-01-01", 4).measure(asked)
        for stop in range(number * 2):

            def broken(*given, stop=stop):
                news = read(*given)
                return news._replace(facts=up_to(stop, news.facts, error))

            with monkeypatch.context() as patched:
                patched.setattr(sqlite_news, "news_since", broken)
                with pytest.raises(type(error)):
                    line.at("2022-01-01")
        past = Past(clusters.records())
        answers_right(line, Asked(asked), past, [date(2022, 1, 1)], [4, None, *moments_of(past.records)])
        revises_right(line, Asked(asked), past, [date(2022, 1, 1)])


def up_to(stop, facts, error) -> Iterator:
    for number, fact in enumerate(facts):
        if number == stop:
            raise error
        yield fact
    raise error


# several at once


def test_a_timeline_is_asked_while_others_record(tmp_path):
    path, batches = tmp_path / "clusters.db", 40
    with ledger.open(path) as ours, ledger.open(path) as theirs:
        ours.initiative("clusters").record(MemberJoined("m0", "2021-01-01"), MemberJoined("n0", "2021-01-01"))
        line = ours.initiative("clusters").timeline(Members())
        failures, done = [], threading.Event()

        def read():
            last = 0
            try:
                finished = False
                while not finished:
                    finished = done.is_set()
                    now = line.at("2022-01-01")
                    assert now.amount.low % 2 == 0
                    assert now.amount.low >= last
                    last = int(now.amount.low)
                    assert line.at("2022-01-01", known_at=last).amount.low == last
                    assert len(line.at("2022-01-01", known_at=last - 1).members) == last - 2
                assert last == 2 * batches
            except BaseException as failure:  # noqa: BLE001 - it is shown below
                failures.append(failure)

        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        for number in range(1, batches):
            book = (ours, theirs)[number % 2]
            joins = (MemberJoined(f"m{number}", "2021-01-01"), MemberJoined(f"n{number}", "2021-01-01"))
            book.initiative("clusters").record(*joins)
        done.set()
        for reader in readers:
            reader.join()
        assert failures == []
        assert [one.position for one in line.revisions("2022-01-01")] == [
            2 * number for number in range(1, batches + 1)
        ]


def test_a_figure_keeps_to_its_moment_however_late_its_members_are_read(clusters):
    clusters.record(MemberJoined("a", "2021-01-01"))
    line = clusters.timeline(Members())
    groups = clusters.timeline(Members(), by="country")
    now, by_country = line.at("2022-01-01"), groups.at("2022-01-01")
    clusters.record(MemberJoined("b", "2021-01-01", attributes={"country": "Spain"}))
    clusters.retract(next(clusters.records()))
    assert now.members == by_country[None].members == ("a",)
    assert line.at("2022-01-01").members == ("b",)
    assert pickle.loads(pickle.dumps(now)) == now


# series


@pytest.mark.parametrize("reinstated", ["2023-01-01", "2023", "2022-01-01"])
def test_a_joining_is_the_latest_one_past_a_suspension_too(clusters, reinstated):
    """It was recorded after what follows it, or is taken back: what holds later changes with it."""
    since = "2021-01-01"
    clusters.record(MemberJoined("a", "2020-01-01"), MemberLeft("a", "2020-06-01"))
    line = clusters.timeline(Joined(since))
    line.at("2024-01-01")
    records = clusters.record(
        MemberSuspended("a", "2022-01-01"), MemberReinstated("a", reinstated), MemberJoined("a", "2021-02-01")
    )
    for effective in ("2020-12-31", "2021-03-01", None):
        for day in ("2021-12-31", "2022-06-01", "2023-06-01", "2024-01-01"):
            assert line.at(day) == clusters.at(day).measure(Joined(since))
        if effective is not None:
            records = clusters.correct(records[-1], effective=effective)


@pytest.mark.parametrize("stop", [0, 1, 2])
@pytest.mark.parametrize("asked", [Members(), Total("co2"), Value("co2", "a"), Share(Total("co2"), Members())])
def test_a_failure_to_catch_up_leaves_no_half_read_batch_and_no_series_without_ground(
    clusters, asked, stop, monkeypatch
):
    clusters.record(MetricDefined("co2"), MemberJoined("a", "2021-01-01"))
    clusters.record(MetricUpdated("co2", "2021-01-01", "2", member="a"))
    line = clusters.timeline(asked)
    series = line.series("2020-12-31", "2022-12-31", every="year")
    expected, rows = list(map(amounts_of, series)), series.to_rows()
    pending = [
        clusters.record(
            MemberJoined(id, "2021-06-01"),
            MetricUpdated("co2", "2021-06-01", "1", member=id),
            MetricUpdated("co2", f"2021-06-0{place}", "3", member="a"),
        )
        for place, id in enumerate(("b", "c", "d"), 1)
    ]
    read = sqlite_news.news_since

    def facts(every):
        for place, one in enumerate(every):
            if place == stop:
                raise OSError("the disk is gone")
            yield one

    def broken(*args):
        news = read(*args)
        return news._replace(facts=facts(news.facts))

    with monkeypatch.context() as patched:
        patched.setattr(sqlite_news, "news_since", broken)
        with pytest.raises(OSError, match="the disk is gone"):
            line.at("2022-01-01")
    assert series.to_rows() == rows
    assert list(map(amounts_of, series)) == expected
    clusters.retract(pending[1][1])
    clusters.retract(pending[0][2])
    assert line.at("2022-01-01") == clusters.at("2022-01-01").measure(asked)


@pytest.mark.parametrize(
    "asked", [Members(), Total("co2"), Value("co2", "a"), Distinct("country"), Joined("2021-02-15")]
)
def test_the_rows_of_a_series_are_its_figures_rough_and_open_ends_too(clusters, asked):
    clusters.record(MetricDefined("co2"), MemberJoined("a", "2021-02", attributes={"country": "Spain"}))
    clusters.record(MetricUpdated("co2", "2021-03", "2..5", member="a"), MemberJoined("b", "2021-04-01"))
    for amount, day in ((">= 3", "2021-05-01"), ("<= 7", "2021-06-01"), (None, "2021-07-01")):
        clusters.record(MetricUpdated("co2", day, amount, member="a"))
    series = clusters.timeline(asked).series("2021-01-15", "2021-08-15", every="week")
    assert series.to_rows() == [row for figure in series for row in rows_of(figure)]
    for figure in series:
        assert figure == clusters.at(figure.at).measure(asked)


def test_a_value_holds_until_the_next_one_and_until_its_member_leaves(clusters):
    clusters.record(MetricDefined("co2"), MemberJoined("a", "2021-01-01"), MemberLeft("a", "2022-01-01"))
    for day, amount in (("2021-06-01", "5"), ("2021-03-01", "2"), ("2021-03-01", "3"), ("2020-06-01", "7")):
        clusters.record(MetricUpdated("co2", day, amount, member="a"))
    line = clusters.timeline(Total("co2"))
    found = {str(figure.at): str(figure) for figure in line.series("2020-12-15", "2022-01-15", every="quarter")}
    assert found == {"2020-12-15": "0", "2021-03-15": "3", "2021-06-15": "5", "2021-09-15": "5", "2021-12-15": "5"}
    assert [str(line.at(day)) for day in ("2021-01-15", "2021-12-31", "2022-01-01")] == ["7", "5", "0"]


def test_a_finer_amount_of_one_who_does_not_count_changes_no_series(clusters):
    clusters.record(MetricDefined("co2", unit="t"), MemberJoined("a", "2020-01-01"), MemberJoined("z", "2020-01-01"))
    clusters.record(MemberLeft("z", "2020-02-01"), MetricUpdated("co2", "2020-01-01", "5 t", member="a"))
    line = clusters.timeline(Total("co2"))
    before = line.series("2021-01-01", "2021-01-01").to_rows()
    clusters.record(MetricUpdated("co2", "2020-03-01", "0.00001 g", member="z"))
    assert line.series("2021-01-01", "2021-01-01").to_rows() == before


def test_a_timeline_and_a_series_say_what_they_are(clusters):
    clusters.record(MemberJoined("a", "2021-02-01"))
    line = clusters.timeline(Members(), by="country")
    assert repr(line) == f"Timeline({clusters.id!r}, {Members()!r}, by='country')"
    assert repr(line.series("2021-01-31", "2021-03-31")) == "<Series of 3 answers, 2021-01-31 to 2021-03-31>"
    nothing = line.series("2021-02-01", "2021-01-31")
    assert (len(nothing), nothing.to_rows()) == (0, [])
    assert repr(nothing) == "<Series of 0 answers>"


def test_a_figure_of_a_timeline_is_read_before_it_is_sent_elsewhere(clusters):
    clusters.record(MetricDefined("co2", unit="t"), MemberJoined("a", "2021-02-01"), MemberJoined("b", "2021"))
    figure = clusters.timeline(Total("co2")).at("2021-06-01")
    sent = pickle.loads(pickle.dumps(figure))
    assert sent == figure == clusters.at("2021-06-01").total("co2")
    assert (sent.missing, sent.possible_members, hash(sent)) == (("a",), ("b",), hash(figure))


def test_a_series_is_a_sequence_that_gives_plain_rows(clusters):
    clusters.record(
        MetricDefined("co2", unit="t"),
        MemberJoined("a", "2021-02-01", attributes={"country": "Spain"}),
        MemberJoined("b", "2021-03"),
        MetricUpdated("co2", "2021-02-01", ">= 2 t", member="a"),
    )
    series = clusters.timeline(Total("co2")).series("2021-01-31", "2021-04-30")
    assert [one.at.isoformat() for one in series] == ["2021-01-31", "2021-02-28", "2021-03-31", "2021-04-30"]
    assert (len(series), series[0], list(series[-1:])) == (4, next(iter(series)), list(series)[3:])
    assert series.to_rows()[:2] == [
        {
            "at": date(2021, 1, 31),
            "low": 0,
            "high": 0,
            "unit": "t",
            "complete": True,
            "envelope_low": 0,
            "envelope_high": 0,
        },
        {
            "at": date(2021, 2, 28),
            "low": 2,
            "high": None,
            "unit": "t",
            "complete": True,
            "envelope_low": 2,
            "envelope_high": None,
        },
    ]
    groups = clusters.timeline(Members(), by="country").series("2021-03-15", "2021-03-16", every="day")
    assert groups.to_rows()[:2] == [
        {"at": date(2021, 3, 15), "group": "Spain", "low": 1, "high": 1, "unit": "", "complete": True},
        {"at": date(2021, 3, 15), "group": None, "low": 0, "high": 1, "unit": "", "complete": True},
    ]
    assert len(groups.to_rows()) == 4


@pytest.mark.parametrize(
    ("first", "last", "every", "days"),
    [
        ("2021-01-31", "2021-03-31", "month", ["2021-01-31", "2021-02-28", "2021-03-31"]),
        ("2020-02-29", "2024-02-29", "year", ["2020-02-29", "2021-02-28", "2022-02-28", "2023-02-28", "2024-02-29"]),
        ("2020-11-30", "2021-05-30", "quarter", ["2020-11-30", "2021-02-28", "2021-05-30"]),
        ("2020-12-28", "2021-01-11", "week", ["2020-12-28", "2021-01-04", "2021-01-11"]),
        ("2021-01-02", "2021-01-01", "day", []),
        ("2021-01-01", "2021-01-01", "year", ["2021-01-01"]),
        ("9999-12-30", "9999-12-31", "day", ["9999-12-30", "9999-12-31"]),
        ("9999-11-30", "9999-12-31", "month", ["9999-11-30", "9999-12-30"]),
        ("9999-10-01", "9999-12-31", "quarter", ["9999-10-01"]),
        ("9999-01-01", "9999-12-31", "year", ["9999-01-01"]),
        ("9999-12-20", "9999-12-31", "week", ["9999-12-20", "9999-12-27"]),
    ],
)
def test_the_days_of_a_series(clusters, first, last, every, days):
    clusters.record(MemberJoined("a", "2021-01-01"))
    series = clusters.timeline(Members()).series(first, last, every=every)
    assert [one.at.isoformat() for one in series] == days


def test_a_series_is_as_known_at_one_moment(clusters):
    clusters.record(MemberJoined("a", "2021-01-01"))
    line = clusters.timeline(Members())
    clusters.record(MemberJoined("b", "2021-02-01"))
    assert [one.amount.low for one in line.series("2021-01-01", "2021-02-01")] == [1, 2]
    assert [one.amount.low for one in line.series("2021-01-01", "2021-02-01", known_at=1)] == [1, 1]
    assert [one.amount.low for one in line.series("2021-01-01", "2021-02-01", known_at=0)] == [0, 0]


def test_what_was_stated_of_the_initiative_as_a_whole_is_taken_back_and_corrected(clusters):
    (_, wrong) = clusters.record(MetricDefined("co2", unit="t"), MetricUpdated("co2", "2021-01-01", "5 t"))
    line, share = clusters.timeline(Value("co2")), clusters.timeline(Share(Value("co2"), Value("co2")))
    assert (str(line.at("2022-01-01").amount), str(share.at("2022-01-01").amount)) == ("5 t", "1")
    _, right = clusters.correct(wrong, effective="2021-06-01")
    assert [str(line.at(day).amount) for day in ("2021-05-31", "2021-06-01")] == [".. t", "5 t"]
    clusters.retract(right)
    assert str(line.at("2022-01-01").amount) == ".. t"
    assert [one.position for one in line.revisions("2021-05-31")] == [2, 4]
    assert [one.position for one in line.revisions("2022-01-01")] == [2, 5]


def test_large_and_fine_amounts_are_summed_exactly(clusters):
    clusters.record(MetricDefined("co2", unit="t"), *(MemberJoined(name, "2021-01-01") for name in "abc"))
    line = clusters.timeline(Total("co2"))
    amounts = ["9223372036854775807 g", "1e30 t", "0.0000000001 kg", "-1e30 t", "0.3 t", "1e-20 t"]
    for place, amount in enumerate(amounts):
        clusters.record(MetricUpdated("co2", "2021-01-01", amount, member="abc"[place % 3]))
        line.at("2022-01-01")
    past = Past(clusters.records())
    answers_right(line, Asked(Total("co2")), past, [date(2022, 1, 1)], moments_of(past.records), whole=True)
    assert str(line.at("2022-01-01").amount) == str(clusters.at("2022-01-01").total("co2").amount)


@pytest.mark.parametrize(("unit", "together"), [("t", True), ("kg", False), ("kt", True)])
@pytest.mark.parametrize(
    "amounts",
    [
        ["1 t", "0.5 t", "0.25 t", "0.001 t"],
        ["1..3 t", ">= 2 t", "0.5 t"],
        ["1..3 t", ">= 0.3 t", "<= 0.07 t"],
        ["3 t", "<= 0.7 t", ">= 0.03 t"],
        ["1..3 t", "2.5..2.75 t", "-0.001..7 t"],
        [".. t", "0.5 t", None, ">= 0.125 t"],
        ["2 t", None, "0.5 t", None],
    ],
)
@pytest.mark.parametrize("asked", [Asked(Total("co2")), Asked(Total("co2"), "country"), Asked(Value("co2", "a"))])
def test_amounts_are_counted_in_finer_parts_as_finer_ones_come_in_one_batch_or_in_several(
    clusters, asked, amounts, unit, together
):
    clusters.record(MetricDefined("co2", unit=unit), *(MemberJoined(name, "2021-01-01") for name in "abcd"))
    line = clusters.timeline(asked.measure, by=asked.by)
    tried(lambda: line.at("2022-01-01"))
    for shift in range(4):
        batch = [
            MetricUpdated("co2", "2021-01-01", amount, member="abcd"[(place + shift) % 4])
            for place, amount in enumerate(amounts)
        ]
        for several in [batch] if together else [[one] for one in batch]:
            clusters.record(*several)
            line.at("2022-01-01")
    past = Past(clusters.records())
    days, moments = [date(2020, 12, 31), date(2022, 1, 1)], moments_of(past.records)
    answers_right(line, asked, past, days, moments)
    answers_right(clusters.timeline(asked.measure, by=asked.by), asked, past, days, moments)
    revises_right(line, asked, past, days)


@pytest.mark.parametrize("nonnegative", [True, False])
@pytest.mark.parametrize("amount", ["2 t", "1..3 t", ">= 2 t", "<= 5 t", ".. t", "0 t"])
def test_what_may_have_been_withdrawn_may_be_missing(clusters, amount, nonnegative):
    clusters.record(MetricDefined("co2", unit="t", nonnegative=nonnegative), MemberJoined("a", "2021-01-01"))
    clusters.record(MemberJoined("b", "2021-01-01"), MetricUpdated("co2", "2021-01-01", "1 t", member="b"))
    clusters.record(MetricUpdated("co2", "2021-02", amount, member="a"))
    clusters.record(MetricUpdated("co2", "2021-06", None, member="a"))
    past = Past(clusters.records())
    for measure in (Value("co2", "a"), Total("co2"), Share(Value("co2", "a"), Total("co2"))):
        line = clusters.timeline(measure)
        answers_right(line, Asked(measure), past, past.days(), [None, 2, 3, 4, 5], whole=True)
        revises_right(line, Asked(measure), past, past.days())


def test_groups_come_in_order_whichever_came_first(clusters):
    for name, country in zip("abcd", ("UK", None, "Spain", "France"), strict=True):
        clusters.record(MemberJoined(name, "2021-01-01", attributes={"country": country}))
    for measure in (Members(), Distinct("sector"), Joined("2021-01-01")):
        line = clusters.timeline(measure, by="country")
        assert list(line.at("2022-01-01")) == ["France", "Spain", "UK", None]
        assert list(line.at("2022-01-01", known_at=3)) == ["Spain", "UK", None]


def test_a_revision_of_different_values_is_seen_in_one_group_where_another_is_settled(clusters):
    for name, sector in zip("abcd", ("steel", "steel", "steel", "cement"), strict=True):
        clusters.record(MemberJoined(name, "2020-01-01", attributes={"country": "Spain", "sector": sector}))
    for name in "abc":
        clusters.record(MemberChanged(name, "2021", attributes={"country": "UK"}))
    clusters.record(MemberChanged("d", "2021", attributes={"country": "Italy"}))
    clusters.record(MemberChanged("d", "2021-03-01", attributes={"country": "Italy"}))
    clusters.record(MemberChanged("a", "2021", attributes={"country": "France"}))
    asked, past = Asked(Distinct("country"), "sector"), Past(clusters.records())
    line = clusters.timeline(*asked[:1], by=asked.by)
    revises_right(line, asked, past, past.days())
    assert [one.position for one in line.revisions("2021-06-01")][-1] == 10


def test_a_value_that_may_not_be_there_yet_is_not_counted_for_certain(clusters):
    clusters.record(MemberJoined("a", "2020-01-01"), MemberJoined("b", "2020-01-01", attributes={"country": "UK"}))
    clusters.record(MemberChanged("a", "2021", attributes={"country": "Spain"}))
    clusters.record(MemberChanged("b", "2021", attributes={"country": None}))
    past = Past(clusters.records())
    for asked in (Asked(Distinct("country")), Asked(Distinct("country"), "sector"), Asked(Members(), "country")):
        line = clusters.timeline(asked.measure, by=asked.by)
        answers_right(line, asked, past, past.days(), [None, 2, 3], whole=True)
        revises_right(line, asked, past, past.days())


# what the file gives a timeline to read


def is_wanted(wanted, register):
    return register in wanted.registers or (register.subject == "member" and register[2:] in wanted.aspects)


@settings(max_examples=EXAMPLES // 2)
@given(histories(**SOME), histories(parts=True, max_size=4), TURNS, asked(), st.data())
def test_the_file_gives_what_is_wanted_and_new_and_nothing_else(one, other, turns, asking, data):
    wanted = Wanted.by(*asking)
    with open_memory() as book:
        for _ in interleaved(
            [play(book.initiative(name), drawn) for name, drawn in zip(INITIATIVES, (one, other), strict=True)], turns
        ):
            pass
        everything = list(book.records())
        assert book._store.position() == len(everything)
        ends = sorted({0, *Past(everything).ends.values()})
        for name in INITIATIVES:
            told = Told(record for record in everything if record.initiative == name)
            for after in ends:
                told.upto = len(everything)
                with book._store.news(name, after, wanted) as new, told.news(name, after, wanted) as expected:
                    assert (new.position, new.batches) == (expected.position, expected.batches)
                    assert new.retractions == expected.retractions
                    facts = list(new.facts)
                    assert [fact[1] for _, fact in facts] == sorted(fact[1] for _, fact in facts)
                    assert sorted(facts, key=repr) == sorted(map(as_fact, expected.facts), key=repr)
            past, known_at = Past(told.records), data.draw(st.sampled_from(moments_of(everything)))
            for day in past.days() if told.records else ():
                version, registers = book._store.registers(name, day, known_at, wanted)
                state = past.state(day, known_at)
                cells = {
                    register: cell for register, cell in state.registers.cells.items() if is_wanted(wanted, register)
                }
                given = {register for register in registers.cells if is_wanted(wanted, register)}
                assert (version, {register: registers.cells[register] for register in given}) == (state.version, cells)
                assert {register.aspect for register in registers.cells.keys() - given} <= {"joined"}


def as_fact(said):
    register, fact = said
    return register, Fact._make(fact)


# how it answers


class Counted:
    """A log that counts how often it is asked for registers: what a timeline does only where sums do not tell."""

    def __init__(self, log):
        self.log = log
        self.reads = 0
        self.catches = 0

    def position(self):
        return self.log.position()

    def news(self, *given):
        self.catches += 1
        return self.log.news(*given)

    def registers(self, *given):
        self.reads += 1
        return self.log.registers(*given)

    def ref(self, *given):
        return self.log.ref(*given)


UNSETTLED = Distinct("country", where={"country": ["Spain", "UK", "France"]})


@pytest.mark.parametrize(
    ("asked", "reads"),
    [
        (Asked(Members()), 0),
        (Asked(Members(), "country"), 0),
        (Asked(Total("co2")), 0),
        (Asked(Value("co2", "a")), 0),
        (Asked(Share(Value("co2"), Total("co2"))), 0),
        (Asked(Joined("2021-01-01")), 0),
        (Asked(Distinct("sector")), 0),
        (Asked(Distinct("sector"), "sector"), 0),
        (Asked(Distinct("size")), 0),  # which all of them lack
        (Asked(Distinct("size"), "sector"), 0),
        (Asked(UNSETTLED), 1),
        (Asked(Distinct("country"), "sector"), 1),
        (Asked(Share(UNSETTLED, Members())), 1),
        (Asked(Share(Members(), UNSETTLED)), 1),
        (Asked(Share(UNSETTLED, UNSETTLED)), 1),
        (Asked(Share(Members(), Members())), 0),
    ],
)
def test_registers_are_read_only_where_sums_do_not_tell(ledger_book, clusters, asked, reads):
    clusters.record(MetricDefined("co2", unit="t"), MetricUpdated("co2", "2021", "1 t"))
    for number, name in enumerate("abc"):
        attributes = {"country": ("Spain", "UK", "Spain")[number], "sector": "steel"}
        clusters.record(MemberJoined(name, "2021-01-01", attributes=attributes))
        clusters.record(MetricUpdated("co2", "2021-01-01", f"{number + 1} t", member=name))
        clusters.record(MemberChanged(name, "2022", attributes={"country": "France"}))
    log = Counted(ledger_book._store)
    line = Timeline("clusters", log, asked.measure, asked.by)
    past = Past(clusters.records())
    found = line.at("2022-06-30")
    assert (log.reads, log.catches) == (reads, 1)
    assert found == past.answer(asked, date(2022, 6, 30))
    log.reads = 0
    line.at("2021-06-30")
    line.at("2021-06-30", known_at=3)
    assert (log.reads, log.catches) == (0, 1)  # there, and then, everything is settled
    revises_right(line, asked, past, [date(2022, 6, 30)])


def test_sums_answer_where_members_are_part_of_one_another_too(ledger_book, clusters):
    clusters.record(MetricDefined("co2"), MemberJoined("a", "2021-01-01"), MemberJoined("b", "2021-01-01"))
    clusters.record(MemberChanged("a", "2021-01-01", part_of="b"))
    refused = Total("co2")
    for measure, by, reads in (
        (Total("co2", overlap="parts"), None, 0), (Total("co2", overlap="parts"), "country", 0), (refused, None, 0),
        (refused, "country", 0), (Share(refused, Members()), None, 0), (Share(Members(), refused), None, 0),
        (Total("co2", overlap="whole", members_at="2021-06-01"), None, 0),
        (Total("co2", overlap="parts", within="1 year"), None, 1),
    ):  # fmt: skip
        log = Counted(ledger_book._store)
        line = Timeline("clusters", log, measure, by)
        answer = tried(lambda line=line: line.at("2022-01-01"))
        assert isinstance(answer, tuple) is (refused in singles_of(measure))
        assert log.reads == reads
        assert answer == tried(lambda measure=measure, by=by: clusters.at("2022-01-01").measure(measure, by=by))


@pytest.mark.parametrize("by", [None, "country"])
def test_a_timeline_is_of_a_measure(clusters, by):
    clusters.record(MetricDefined("co2"))
    with pytest.raises(BadInput, match="'co2' is no measure"):
        clusters.timeline("co2", by=by)


def test_what_was_read_is_not_read_again(ledger_book, clusters):
    (first,) = clusters.record(MemberJoined("a", "2021-01-01"))
    log = Counted(ledger_book._store)
    line = Timeline("clusters", log, Members())
    assert log.catches == 0
    for known_at in (None, first.position, first.recorded_at, first.recorded_at - TICK, NEWEST, None):
        line.at("2022-01-01", known_at)
    assert log.catches == 1
    ledger_book.initiative("ports").record(MemberJoined("a", "2021-01-01"))
    clusters.record(MemberJoined("b", "2021-01-01"))
    line.at("2022-01-01", first.position)
    line.at("2022-01-01", first.recorded_at - TICK)
    assert log.catches == 1
    line.at("2022-01-01")
    assert (log.catches, log.reads) == (2, 0)


def test_a_value_that_comes_back_is_kept_in_few_numbers(clusters):
    """A timeline adds nothing where nothing changes: no note is kept of what was undone in one batch."""
    clusters.record(MemberJoined("a", "2021-01-01"))
    line = clusters.timeline(Members())
    line.at("2022-01-01")
    before = kept_by(line)
    for number in range(5):
        clusters.record(MemberChanged("a", "2021-01-01", name=f"Name {number}"))
        clusters.record(MemberSuspended("a", "2021-06-01"), MemberReinstated("a", "2021-06-01"))
    line.at("2022-01-01")
    assert kept_by(line) == before


def kept_by(line):
    every = [sums for sums in line._totals[0]._sums[None] if sums is not None]
    return [len(node.batches) for sums in every for node in sums._nodes.values()]


SPANISH = Total("co2", {"country": "Spain"}, overlap="parts")


@pytest.mark.parametrize("measure", [
    Members(), Total("co2", overlap="parts"), Total("co2", overlap="whole"),
    Total("co2", overlap="whole", members_at="2021-12-31"), Total("co2", overlap="parts", within="1 year"),
    Total("co2", overlap="parts", members_at="2021-12-31", within="1 year"),
    Share(SPANISH, Total("co2", overlap="whole")), Share(SPANISH, Members()), Share(Members(), SPANISH),
    Share(Total("co2", overlap="parts", members_at="2021-12-31"), Members()),
])  # fmt: skip
def test_a_total_on_another_basis_is_that_of_the_state_at_every_moment(clusters, measure):
    clusters.record(MetricDefined("co2"))
    clusters.record(*(MemberJoined(member, "2021-01-01", attributes={"country": "Spain"}) for member in "abc"))
    clusters.record(
        *(MetricUpdated("co2", "2021-02-01", amount, member=member)
          for member, amount in (("a", "1"), ("b", "20"), ("c", "300"))),
    )  # fmt: skip
    clusters.record(MemberChanged("a", "2021-03-01", part_of="b"))
    clusters.record(MetricUpdated("co2", "2022-03-01", "4000", member="c"))
    clusters.record(MemberChanged("a", "2022-05-01", part_of=""), MemberLeft("c", "2022-06-01"))
    clusters.record(MemberChanged("b", "2022-04-01", part_of="c"))
    line, by_country = clusters.timeline(measure), clusters.timeline(measure, by="country")
    days = [
        date(2020, 12, 1),
        *(date(2021, month, 1) for month in (2, 3)),
        *(date(2022, month, 1) for month in (3, 5, 6)),
    ]
    moments = sorted({record.recorded_at for record in clusters.records()})
    believed = []
    for moment in moments:
        states = [clusters.at(day, known_at=moment) for day in days]
        figures = [state.measure(measure) for state in states]
        believed.append(figures)
        groups = [state.measure(measure, by="country") for state in states]
        series = line.series(days[0], days[-1], known_at=moment)
        places = [series.days.index(day) for day in days]
        assert [line.at(day, moment) for day in days] == [series[place] for place in places] == figures
        assert [by_country.at(day, moment) for day in days] == groups
        lows = [row["low"] for row in series.to_rows()]
        assert [lows[place] for place in places] == [one.amount.low if one.has_value else None for one in figures]
    for day, figures in zip(days, zip(*believed, strict=True), strict=True):
        amounts = [(figure.amount, figure.envelope) for figure in figures]
        changed = [amount for amount, before in zip(amounts, [None, *amounts[:-1]], strict=True) if amount != before]
        assert [(one.figure.amount, one.figure.envelope) for one in line.revisions(day)] == changed


def test_a_timeline_knows_that_a_part_is_at_most_all_of_the_whole(clusters):
    spanish = {"country": "Spain"}
    clusters.record(MetricDefined("co2", nonnegative=True), MetricDefined("net"), MemberJoined("a", "2021-01-01"))
    clusters.record(*(MemberJoined(member, "2022", attributes=spanish) for member in "bc"))
    clusters.record(*(
        MetricUpdated(metric, "2020", "1", member=member) for metric in ("co2", "net") for member in "abc"
    ))  # fmt: skip
    state = clusters.at("2022-06-30")
    for part, whole, most in (
        (Members(spanish), Members(), 1), (Joined("2022-01-01"), Members(), 1),
        (Total("co2", spanish), Total("co2"), 1), (Total("net", spanish), Total("net"), 2),
        (Total("co2", spanish), Members(), 2),
    ):  # fmt: skip
        share = Share(part, whole)
        assert clusters.timeline(share).at("2022-06-30") == state.measure(share)
        assert state.measure(share).amount.high == most


# by example: what only a lucky draw would come to


def test_a_step_that_would_lie_past_the_last_day_is_none(clusters):
    clusters.record(MemberJoined("a", "2021-01-01"))
    series = clusters.timeline(Members()).series("2021-01-15", "2021-03-10", every="month")
    assert series.days == (date(2021, 1, 15), date(2021, 2, 15))
    late = clusters.timeline(Members()).series("2021-01-29", "2021-03-31", every="month")
    assert late.days == (date(2021, 1, 29), date(2021, 2, 28), date(2021, 3, 29))


def test_who_cannot_pass_a_filter_adds_nothing_whatever_else_is_open(clusters):
    clusters.record(MemberJoined("a", "2021", attributes={"country": "UK"}), MemberJoined("b", "2021-01-01"))
    clusters.record(MemberChanged("a", "2021", attributes={"country": "France"}))
    for measure in (
        Members({"country": "Spain"}),
        Members({"country": ["Spain", "UK"]}),
        Distinct("country", {"sector": "steel"}),
    ):
        for by in None, "country":
            line = clusters.timeline(measure, by=by)
            for day in "2020-12-31", "2021-06-30", "2022-01-01":
                assert line.at(day) == clusters.at(day).measure(measure, by=by)


def test_who_cannot_have_joined_since_a_day_adds_nothing_though_the_joining_is_rough(clusters):
    clusters.record(MemberJoined("a", "2021", attributes={"country": "UK"}), MemberJoined("b", "2020-01-01"))
    clusters.record(MemberLeft("b", "2021-03/2021-04"), MemberChanged("a", "2021", attributes={"country": "France"}))
    for since in "2020-06-30", "2021-06-30", "2022-06-30":
        line = clusters.timeline(Joined(since))
        for day in "2021-03-15", "2021-06-30", "2022-01-01", "2022-07-01":
            assert line.at(day) == clusters.at(day).measure(Joined(since))


def test_what_may_be_one_of_several_is_told_as_a_list(clusters):
    clusters.record(MemberJoined("a", "2020-01-01", attributes={"country": "UK"}))
    clusters.record(MemberChanged("a", "2021", attributes={"country": "France"}))
    (change,) = clusters.compare("2020-12-31", "2021-06-30")
    assert change.to_dict()["after"] == ["UK", "France"]


def test_who_can_pass_each_condition_but_never_all_at_once_does_not_count(clusters):
    clusters.record(MemberJoined("a", "2020-01-01", attributes={"country": "Spain", "sector": "steel"}))
    clusters.record(MemberChanged("a", "2021", attributes={"country": "UK", "sector": "cement"}))
    measure = Members({"country": "Spain", "sector": "cement"})
    figure = clusters.timeline(measure).at("2021-06-30")
    assert figure == clusters.at("2021-06-30").measure(measure)
    assert str(figure.amount) == "0"
    assert figure.possible_members == ()
