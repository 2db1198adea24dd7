"""Totals of an initiative whose members are part of one another: the sums of a timeline against the replay."""

from datetime import UTC, date, datetime, timedelta
from functools import cache

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

import ledger
from ledger import (
    InitiativeClosed,
    InitiativeLaunched,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MemberReinstated,
    MemberSuspended,
    MetricDefined,
    MetricUpdated,
    RecordRetracted,
    Share,
    Total,
)
from ledger.model.errors import Overlapping
from ledger.queries import pairs
from ledger.queries.timeline import Timeline
from ledger.testing.clock import FrozenClock
from test_time_travel import (
    Asked,
    Past,
    Told,
    answers_right,
    answers_right_at,
    moments_of,
    revises_right,
    steps_right,
)

EXAMPLES = settings.default.max_examples
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
TONNES = MetricDefined("co2", "t")
DEFINED = [TONNES, TONNES, TONNES, MetricDefined("co2", "t", nonnegative=True), MetricDefined("co2", additive=False)]

MEMBERS = st.sampled_from("abcd")
WHENS = st.sampled_from(
    ["2020-12-01", "2021-01-01", "2021-01-10", "2021-01-20", "2021-02-01"] * 2
    + ["2021", "2021-01", "2020-12/2021-01-15", "[..2021-01-05]"]
)
COUNTRIES = st.sampled_from([{}, {"country": "Spain"}, {"country": "UK"}])
AMOUNTS = st.sampled_from(["10 t", "200 t", "-3000 t", "40000.5 t", "1..3 t", "<= 5 t", ">= 7 t", None])
TIES = st.sampled_from([(part, whole) for part in "abcd" for whole in ["a", "b", "c", "d", "e", ""] if part != whole])
PARTS = st.builds(lambda tie, when: MemberChanged(tie[0], when, part_of=tie[1]), TIES, WHENS)
HAPPENINGS = st.one_of(
    PARTS,
    PARTS,
    st.builds(
        lambda tie, when, own: MemberJoined(tie[0], when, attributes=own, part_of=tie[1] or None),
        TIES,
        WHENS,
        COUNTRIES,
    ),
    st.builds(MetricUpdated, st.just("co2"), WHENS, AMOUNTS, member=MEMBERS),
    st.one_of(
        st.builds(MemberLeft, MEMBERS, WHENS),
        st.builds(MemberSuspended, MEMBERS, WHENS),
        st.builds(MemberReinstated, MEMBERS, WHENS),
        st.builds(MemberChanged, MEMBERS, WHENS, attributes=COUNTRIES),
        st.builds(InitiativeClosed, WHENS),
        st.builds(InitiativeLaunched, WHENS, st.just("Clusters")),
        st.sampled_from(DEFINED),
    ),
    st.builds(RecordRetracted, st.integers(1, 16).map("r{}".format)),
)


@st.composite
def unions(draw):
    """Records that nobody checked, of a few members most of which come to be part of one another."""
    early = st.sampled_from(["2020-12-01", "2020-12-01", "2020-12-01", "2021-01-10", "2021-01"])
    joined = [MemberJoined(id, draw(early), attributes=draw(COUNTRIES)) for id in "abc"]
    tied = MemberChanged("a", draw(WHENS), part_of="b")
    valued = [
        MetricUpdated("co2", "2021-01-01", amount, member=id)
        for id, amount in zip("abc", ["1 t", "20 t", "300 t"], strict=True)
    ]
    more = draw(st.lists(HAPPENINGS, min_size=2, max_size=10))
    events_ = [draw(st.sampled_from(DEFINED)), *joined, tied, draw(PARTS), *valued, *more]
    if draw(st.integers(0, 3)) == 3:
        events_ = draw(st.permutations(events_))
    instant, records = FIRST, []
    for place, one in enumerate(events_, start=1):
        instant += timedelta(days=draw(st.integers(0, 1)) if place > 1 else 0)
        replaces = draw(st.none() | st.integers(1, place).map("r{}".format)) if place % 3 == 0 else None
        records.append(ledger.Record(place, "clusters", place, f"r{place}", instant, one, replaces=replaces))
    return records


@st.composite
def totals_of_them(draw):
    """A total with any choice between parts and wholes, in groups or not, and the shares of them."""
    where = st.sampled_from([None, None, {"country": ["Spain"]}, {"country": ["UK", None]}])
    one, other = (
        Total(
            "co2",
            draw(where),
            overlap=draw(st.sampled_from(["refuse", "parts", "whole"])),
            members_at=draw(st.sampled_from([None, None, "2021-01-10"])),
            suspended=draw(st.booleans()),
        )
        for _ in range(2)
    )
    measure = draw(st.sampled_from([one, one, one, Share(one, other)]))
    return Asked(measure, draw(st.sampled_from([None, None, "country"])))


@settings(max_examples=EXAMPLES)
@given(unions(), totals_of_them(), st.data())
def test_sums_answer_as_the_replay_does_where_members_are_part_of_one_another(records, asking, data):
    log = Told(records)
    line = Timeline("clusters", log, asking.measure, asking.by)
    for end in Past(records).ends.values():
        log.upto = end
        if data.draw(st.booleans()):
            past = Past(log.heard())
            answers_right(line, asking, past, past.days()[data.draw(st.integers(0, 3)) :: 4], [None])
    past = Past(records)
    some = past.crossed(past.days(), moments_of(records))
    answers_right_at(line, asking, past, some[data.draw(st.integers(0, 2)) :: 3])
    answers_right_at(line, asking, past, some[data.draw(st.integers(0, 19)) :: 20], whole=True)
    answers = past.answers.values()
    event(f"refused for parts: {any(isinstance(one, tuple) and one[0] is Overlapping for one in answers)}")
    revises_right(line, asking, past, past.days()[data.draw(st.integers(0, 3)) :: 4])
    first = data.draw(st.sampled_from(past.days()[:-1]))
    steps_right(
        line, asking, past, first, first + timedelta(60), "week", data.draw(st.sampled_from([None, len(records)]))
    )


def recorded_one_by_one(*events_):
    """Records that nobody checked, a batch each."""
    days = range(len(events_))
    return [ledger.Record(n + 1, "clusters", n + 1, f"r{n + 1}", FIRST + timedelta(n), events_[n]) for n in days]


TOTALS = [
    Total("co2", overlap=overlap, members_at=members_at)
    for overlap in ("refuse", "parts", "whole")
    for members_at in (None, "2021-02-10")
]


@cache
def past_of_parts():
    """A history in which members come to be part of one another, in every way, and the replay's answers to it."""
    return Past(
        recorded_one_by_one(
            TONNES,
            MemberJoined("a", "2020-12-01", attributes={"country": "Spain"}),
            MemberJoined("b", "2020-12-01", attributes={"country": "Spain"}),
            MemberJoined("c", "2021-01", attributes={"country": "UK"}),
            MemberJoined("d", "2020-12-01/2021-02", part_of="c"),
            *(MetricUpdated("co2", "2020-12-01", f"{10**place} t", member=id) for place, id in enumerate("abcd")),
            MemberChanged("a", "2021-01-10", part_of="b"),
            MetricUpdated("co2", "2021-01-15", "5 t", member="a"),
            MemberChanged("c", "2021-01-15", part_of="nobody"),
            MemberChanged("b", "2021-01-20/2021-02-20", part_of="c"),
            MemberChanged("a", "2021-03-01", part_of=""),
            MemberChanged("b", "2021-03-10", part_of="a"),
            MetricUpdated("co2", "2021-01-05", "7000 t", member="d"),
            MemberSuspended("c", "2021-02-05"),
            InitiativeClosed("2021-04"),
            RecordRetracted("r18"),
            RecordRetracted("r17"),
            RecordRetracted("r14"),
            RecordRetracted("r5"),
            RecordRetracted("r10"),
        )
    )


@pytest.mark.parametrize("measure", [*TOTALS, Share(TOTALS[2], TOTALS[4]), Share(TOTALS[0], TOTALS[2])])
@pytest.mark.parametrize("by", [None, "country"])
def test_each_step_of_a_history_of_parts_is_answered_as_the_replay_does(measure, by):
    asking, past = Asked(measure, by), past_of_parts()
    log, days, ends = Told(past.records), past.days(), list(past.ends.values())
    line = Timeline("clusters", log, measure, by)
    for end in ends:
        log.upto = end
        answers_right(line, asking, past, days[end % 3 :: 3], [end])
    answers_right_at(line, asking, past, past.crossed(days, ends)[::2])
    revises_right(line, asking, past, days[::6])
    steps_right(line, asking, past, date(2021, 1, 1), date(2021, 5, 1), "week", None)


def test_of_many_pairs_it_is_kept_who_would_both_count(monkeypatch):
    monkeypatch.setattr(pairs, "KEPT_MAX", 2)
    events_ = [MemberJoined("u", "2020-01-01")]
    events_ += [MemberJoined(f"m{number}", f"2021-01-{number:02}", part_of="u") for number in range(1, 6)]
    records = recorded_one_by_one(TONNES, *events_)
    log, past = Told(records), Past(records)
    log.upto = len(records)
    line = Timeline("clusters", log, Total("co2"))
    for _ in range(2):
        answers_right(line, Asked(Total("co2")), past, past.days(), range(len(records) + 1))


def test_a_day_is_believed_to_have_no_total_from_the_batch_on_that_says_who_is_part_of_whom():
    with ledger.open(":memory:", clock=FrozenClock()) as book:
        union = book.initiative("union")
        union.record(TONNES, MemberJoined("a", "2020-01-01"), MemberJoined("b", "2020-01-01"))
        line = union.timeline(Total("co2"))
        assert len(line.revisions("2021-01-01")) == 1
        union.record(MemberChanged("a", "2020-06-01", part_of="b"))
        assert len(line.revisions("2020-01-01")) == 1
        with pytest.raises(Overlapping, match="'a' of 'b'"):
            line.revisions("2021-01-01")
