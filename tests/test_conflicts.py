"""Conflicts: by example, on what was published of one release, and as pairs of amounts on whole histories."""

from __future__ import annotations

from datetime import date
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger
from ledger import (
    Claim,
    MemberJoined,
    Members,
    MetricDefined,
    MetricUpdated,
    ReportPublished,
    Share,
    Total,
    Value,
    exactly,
)
from ledger.model.errors import BadInput, UnknownInitiative
from ledger.model.events import RecordRetracted
from ledger.model.facts import facts_of
from ledger.model.records import known

FACILITIES, ESG = "businessfacilities.com", "esgnews.com"


@pytest.fixture
def clusters():
    with ledger.open(":memory:") as book:
        clusters = book.initiative("clusters")
        clusters.record(
            MetricDefined("jobs", unit="people"), MetricDefined("co2", unit="Mt"), MemberJoined("basque", "2021")
        )
        yield clusters


def jobs(amount, effective="2024-01", member=None):
    return MetricUpdated("jobs", effective, amount, member=member)


def report(name, effective, *claims):
    return ReportPublished(name, effective, claims=claims)


# --- values


def test_two_sources_that_give_one_release_different_amounts_are_in_conflict_and_the_later_answers(clusters):
    first, second = (
        clusters.record(jobs(amount), source=source)[0]
        for amount, source in [("3.4e6 people", FACILITIES), ("3.5e6 people", ESG)]
    )
    (conflict,) = clusters.conflicts()
    assert (conflict.measure, conflict.metric, conflict.member) == (Value("jobs"), "jobs", None)
    assert (conflict.earliest, conflict.latest) == (date(2024, 1, 1), date(2024, 1, 31))
    assert [(side.amount, side.record, side.report) for side in conflict.sides] == [
        (exactly("3.4e6", "people"), first.ref, None),
        (exactly("3.5e6", "people"), second.ref, None),
    ]
    assert clusters.at("2024-01-31").measure(conflict.measure).amount == conflict.sides[-1].amount
    assert str(conflict) == (
        "Value jobs, 2024-01-01..2024-01-31: 3.4e6 people (businessfacilities.com) or 3.5e6 people (esgnews.com)"
    )
    assert conflict.to_row() == {
        "measure": "Value jobs",
        "metric": "jobs",
        "member": None,
        "earliest": date(2024, 1, 1),
        "latest": date(2024, 1, 31),
        "amounts": ["3.4e6 people", "3.5e6 people"],
        "reports": [None, None],
        "sources": [FACILITIES, ESG],
        "records": [first.id, second.id],
    }


def test_the_value_of_a_member_is_named_by_its_metric_and_its_member(clusters):
    one, _ = clusters.record(jobs("1 people", "2024-01-01", "basque"), jobs("2 people", "2024-01-01", "basque"))
    (conflict,) = clusters.conflicts()
    assert (conflict.measure, conflict.metric, conflict.member) == (Value("jobs", "basque"), "jobs", "basque")
    assert str(conflict).startswith(f"Value jobs of basque, 2024-01-01: 1 people (record {one.id}) or 2 people (record")


@pytest.mark.parametrize("others", [
    [jobs("3.5e6 people", "2024-02")],
    [jobs("3.5e6 people", "2024-01-31")],  # another window: the one may hold before the other
    [jobs("3.5e6 people", member="basque")],
    [MetricUpdated("co2", "2024-01", "626 Mt")],
    [jobs(">= 3e6 people")],
    [jobs("3400 thousand * people")],
    [jobs(None)],
])  # fmt: skip
def test_what_can_be_right_together_is_no_conflict(clusters, others):
    clusters.record(jobs("3.4e6 people"), *others)
    assert clusters.conflicts() == ()


def test_amounts_of_one_register_and_window_are_one_conflict_with_all_distinct_sides(clusters):
    for amount, source in [
        ("3.4e6 people", FACILITIES), ("3.5e6 people", ESG), ("3500000 people", "another"),
        ("3.4e6 people", FACILITIES), (">= 3e6 people", "a third"),
    ]:  # fmt: skip
        clusters.record(jobs(amount), source=source)
    (conflict,) = clusters.conflicts()
    assert [(str(side.amount), side.record.source, side.record.position) for side in conflict.sides] == [
        ("3.5e6 people", ESG, 5),
        ("3500000 people", "another", 6),
        ("3.4e6 people", FACILITIES, 7),  # as it was told last
        (">= 3e6 people", "a third", 8),  # which meets them all, and answers
    ]


def test_a_withdrawn_value_is_no_amount_and_the_amounts_before_it_are_in_conflict_still(clusters):
    clusters.record(jobs("1 people"), jobs("2 people"), jobs(None))
    (conflict,) = clusters.conflicts()
    assert [str(side.amount) for side in conflict.sides] == ["1 people", "2 people"]


def test_the_replacement_of_a_wrong_value_has_its_place_and_does_not_answer(clusters):
    wrong, _ = clusters.record(jobs("3.3e6 people"), jobs("3.5e6 people"))
    clusters.correct(wrong, amount="3.4e6 people")
    (conflict,) = clusters.conflicts()
    assert [str(side.amount) for side in conflict.sides] == ["3.4e6 people", "3.5e6 people"]


def test_it_is_told_as_it_was_known(clusters):
    clusters.record(jobs("3.4e6 people"))
    (other,) = clusters.record(jobs("3.5e6 people"))
    (conflict,) = clusters.conflicts()
    retraction = clusters.retract(other)
    clusters.record(jobs("3.6e6 people"), jobs("3.7e6 people"))
    assert len(clusters.conflicts()[0].sides) == 3
    assert clusters.conflicts(retraction.position) == clusters.conflicts(retraction.recorded_at) == ()
    assert clusters.conflicts(other.position) == clusters.conflicts(other.recorded_at) == (conflict,)
    assert clusters.conflicts(retraction.position + 1) == ()  # a position in a batch is before it
    assert clusters.conflicts(0) == ()


# --- claims


def test_two_reports_that_claim_different_amounts_for_one_day_are_in_conflict(clusters):
    claims = [Claim(Value("jobs"), amount, at="2024-01-31") for amount in ("3.4e6 people", "3.5e6 people")]
    (first,) = clusters.record(report("release", "2024-02-01", claims[0]), source=FACILITIES)
    (second,) = clusters.record(report("news", "2024-02-02", claims[1]), source=ESG)
    (conflict,) = clusters.conflicts()
    assert (conflict.measure, conflict.earliest, conflict.latest) == (Value("jobs"), claims[0].at, claims[0].at)
    assert [(side.amount, side.record, side.report) for side in conflict.sides] == [
        (claims[0].amount, first.ref, "release"),
        (claims[1].amount, second.ref, "news"),
    ]
    assert str(conflict) == (
        "Value jobs, 2024-01-31: 3.4e6 people (release, businessfacilities.com) or 3.5e6 people (news, esgnews.com)"
    )
    assert conflict.to_row()["reports"] == ["release", "news"]
    clusters.retract(first)
    assert clusters.conflicts() == ()
    assert clusters.conflicts(known_at=second.position) == (conflict,)


def test_a_claim_without_a_day_of_its_own_is_for_the_day_of_its_report(clusters):
    clusters.record(report("a", "2025-01-22", Claim(Members(), "30")))
    clusters.record(report("b", "2025-01-23", Claim(Members(), "33"), Claim(Members(), "33", at="2025-01-22")))
    (conflict,) = clusters.conflicts()
    assert (conflict.earliest, conflict.metric, conflict.member) == (date(2025, 1, 22), None, None)
    assert [(side.report, side.amount) for side in conflict.sides] == [("a", exactly(30)), ("b", exactly(33))]


def test_what_means_something_else_is_no_conflict(clusters):
    meanings = [("334 Mt", "could save"), ("451 Mt", "emitted per year"), ("626 Mt", "potential reduction")]
    for amount, meaning in meanings:
        claim = Claim(Total("co2"), amount, at="2021-12-31", definition=meaning)
        clusters.record(report(meaning, "2024-01-31", claim))
    assert clusters.conflicts() == ()
    clusters.record(
        report("own", "2024-01-31", Claim(Total("co2"), "300 Mt", at="2021-12-31", definition="could save"))
    )
    (conflict,) = clusters.conflicts()
    assert [side.report for side in conflict.sides] == ["could save", "own"]
    # one that does not say what it means may mean any of them
    clusters.record(report("plain", "2024-01-31", Claim(Total("co2"), "400 Mt", at="2021-12-31")))
    (conflict,) = clusters.conflicts()
    assert len(conflict.sides) == 5


def test_claims_that_are_at_odds_in_two_meanings_are_two_conflicts(clusters):
    for name, meaning, amount in [("a", "x", 1), ("b", "y", 5), ("c", "x", 2), ("d", "y", 6), ("e", "z", 9)]:
        claim = Claim(Members(), exactly(amount), definition=meaning)
        clusters.record(report(name, "2024-01-31", claim))
    assert [[side.report for side in one.sides] for one in clusters.conflicts()] == [["a", "c"], ["b", "d"]]


def test_a_report_does_not_contradict_itself(clusters):
    both = Claim(Members(), "30"), Claim(Members(), "33")
    clusters.record(report("a", "2025-01-22", *both, *both))
    assert clusters.conflicts() == ()
    clusters.record(report("b", "2025-01-22", Claim(Members(), "33")))
    (conflict,) = clusters.conflicts()
    assert [(side.report, str(side.amount)) for side in conflict.sides] == [("a", "30"), ("b", "33")]


@pytest.mark.parametrize("other", [
    Claim(Members({"country": "Spain"}), "33"), Claim(Members(), "33", at="2025-01-21"), Claim(Members(), "28..33"),
    Claim(Members(), "30 people"), Claim(Members(), "29 thousand * people"),
])  # fmt: skip
def test_claims_of_other_things_other_days_or_other_dimensions_are_no_conflict(clusters, other):
    clusters.record(MemberJoined("humber", "2021", attributes={"country": "UK"}))
    clusters.record(report("a", "2025-01-22", Claim(Members(), "30")), report("b", "2025-01-22", other))
    assert clusters.conflicts() == ()


def test_other_windows_and_what_a_report_claims_of_a_recorded_value_are_left_to_other_questions(clusters):
    clusters.record(jobs("34 people", "2024"), jobs("35 people", "2024-06-30"))
    clusters.record(report("r", "2024-06-30", Claim(Value("jobs"), "36 people")))
    assert clusters.conflicts() == ()
    assert [finding.verdict for finding in clusters.audit("r") if finding.measure == Value("jobs")] == ["contradicted"]


def test_a_share_is_named_by_its_parts(clusters):
    share = Share(Members({"country": "Spain"}), Members())
    clusters.record(MemberJoined("humber", "2021", attributes={"country": "UK"}))
    for name, amount in [("a", "5 percent"), ("b", "6 percent")]:
        clusters.record(report(name, "2025-01-22", Claim(share, amount)))
    (conflict,) = clusters.conflicts()
    assert str(conflict) == (
        "Share of members where country is Spain in members, 2025-01-22: 5 percent (a) or 6 percent (b)"
    )


def test_they_come_by_day(clusters):
    for day in ("2024", "2022-01-01", "2023-05"):
        clusters.record(jobs("1 people", day), jobs("2 people", day))
    clusters.record(report("a", "2023-05-01", Claim(Members(), "1")), report("b", "2023-05-01", Claim(Members(), "2")))
    found = clusters.conflicts()
    assert [str(one).split(":")[0] for one in found] == [
        "Value jobs, 2022-01-01",
        "Members, 2023-05-01",
        "Value jobs, 2023-05-01..2023-05-31",
        "Value jobs, 2024-01-01..2024-12-31",
    ]


def test_of_two_that_begin_on_one_day_the_shorter_comes_first(clusters):
    for day in ("2024", "2024-01-01"):
        clusters.record(jobs("1 people", day), jobs("2 people", day))
    assert [one.latest for one in clusters.conflicts()] == [date(2024, 1, 1), date(2024, 12, 31)]


def test_amounts_in_different_units_are_compared(clusters):
    for amount in ("2 Mt", "3000 kt", "2000 kt"):
        clusters.record(MetricUpdated("co2", "2024-01-01", amount))
    for name, amount in (("a", "2 Mt"), ("b", "2000 kt"), ("c", "2500 kt")):
        clusters.record(report(name, "2024-01-02", Claim(Total("co2"), amount)))
    assert [[str(side.amount) for side in one.sides] for one in clusters.conflicts()] == [
        ["3000 kt", "2000 kt"], ["2 Mt", "2000 kt", "2500 kt"],
    ]  # fmt: skip


def test_a_corrected_report_has_the_place_of_the_first_one(clusters):
    (wrong,) = clusters.record(report("a", "2024-01-01", Claim(Members(), "5")))
    clusters.record(report("b", "2024-01-01", Claim(Members(), "7")))
    clusters.correct(wrong, claims=[Claim(Members(), "6")])
    (conflict,) = clusters.conflicts()
    assert [(side.report, str(side.amount)) for side in conflict.sides] == [("a", "6"), ("b", "7")]


def test_of_nothing_there_are_no_conflicts_and_other_initiatives_are_not_looked_at(clusters):
    with ledger.open(":memory:") as book:
        with pytest.raises(UnknownInitiative):
            book.initiative("clusters").conflicts()
        book.initiative("club").record(MemberJoined("ada", "2020"))
        other = book.initiative("other")
        other.record(MetricDefined("jobs"), MetricUpdated("jobs", "2024", "1"), MetricUpdated("jobs", "2024", "2"))
        assert book.initiative("club").conflicts() == ()
        assert len(other.conflicts()) == 1
        with pytest.raises(BadInput):
            other.conflicts(known_at=-1)


# --- on whole histories

AMOUNTS = st.sampled_from([None, "1 t", "2 t", "1000 kg", ">= 2 t", "<= 1 t", "0..3 t"])
VALUES = st.builds(
    MetricUpdated,
    st.sampled_from(["co2", "net"]),
    st.sampled_from(["2021", "2021-01-01", "2021-01"]),
    AMOUNTS,
    member=st.sampled_from([None, "basque"]),
)
CLAIMS = st.builds(
    Claim,
    st.sampled_from([Members(), Value("co2")]),
    AMOUNTS.filter(bool) | st.just("1"),
    at=st.sampled_from([None, "2021-01-01"]),
    definition=st.sampled_from([None, "x", "y"]),
)
STEPS = st.lists(VALUES | st.lists(CLAIMS, min_size=1, max_size=3) | st.integers(0, 9), max_size=14)


def recorded(clusters, steps):
    """Record values and reports; a number retracts or corrects one of those before it."""
    clusters.record(MetricDefined("co2", unit="t"), MetricDefined("net", unit="t"), MemberJoined("basque", "2021"))
    standing = []
    for place, step in enumerate(steps):
        if isinstance(step, MetricUpdated):
            standing += clusters.record(step, source=f"page {place % 3}")
        elif isinstance(step, list):
            standing += clusters.record(ReportPublished(f"report {place}", "2021-01-31", claims=step))
        elif standing:
            old = standing.pop(step % len(standing))
            if step % 2 and isinstance(old.event, MetricUpdated) and old.event.amount != exactly(7, "t"):
                standing.append(clusters.correct(old, amount="7 t")[1])
            else:
                clusters.retract(old)


def statements(records):
    """Every amount that stands: what it is of, for when, by whom, in which sense, and which record."""
    gone = {one.event.record for one in records if isinstance(one.event, RecordRetracted)}
    for record in records:
        event = record.event
        if record.id in gone:
            continue
        if isinstance(event, MetricUpdated) and event.amount is not None:
            about = ("value", event.metric, event.member, event.effective.earliest, event.effective.latest)
            yield about, None, None, event.amount, record
        for claim in getattr(event, "claims", ()):
            about = ("claim", claim.measure, claim.at or event.effective.earliest)
            yield about, event.report, claim.definition, claim.amount, record


def at_odds(one, other):
    (about, report, definition, amount, _), (its_about, its_report, its_definition, its_amount, _) = one, other
    return (
        about == its_about
        and (about[0] == "value" or report != its_report)
        and (definition is None or its_definition is None or definition == its_definition)
        and amount.dimension == its_amount.dimension
        and not amount.meets(its_amount)
    )


@given(STEPS, st.integers(0, 20) | st.none())
def test_two_amounts_are_in_one_conflict_if_they_are_at_odds_and_in_none_if_nothing_is(steps, known_at):
    with ledger.open(":memory:") as book:
        clusters = book.initiative("clusters")
        recorded(clusters, steps)
        refs = known([record.ref for record in clusters.records()], known_at)
        records = [record for record in clusters.records() if record.ref in refs]
        said = list(statements(records))
        found = clusters.conflicts(known_at)

        homes = {}
        for conflict in found:
            for side in conflict.sides:
                value = side.report is None
                about = (
                    ("value", conflict.metric, conflict.member, conflict.earliest, conflict.latest)
                    if value
                    else ("claim", conflict.measure, conflict.earliest)
                )
                home = homes.setdefault((about, side.report, side.amount, side.record.source), [])
                home.append(conflict)
                assert any(
                    one[:2] == (about, side.report) and one[3:] == (side.amount, one[4]) and one[4].ref == side.record
                    for one in said
                )
        keys = {id(one): (*one[:2], one[3], one[4].source) for one in said}
        for one, other in combinations(said, 2):
            if at_odds(one, other):
                assert [conflict for conflict in homes[keys[id(one)]] if conflict in homes[keys[id(other)]]]
        for conflict in found:
            amounts = [side.amount for side in conflict.sides]
            assert any(not a.meets(b) for a, b in combinations(amounts, 2))
            assert str(conflict).count(" or ") >= len(amounts) - 1
        # the last side of a conflict of values answers, unless the value was withdrawn since
        for conflict in found:
            if conflict.sides[0].report is None:
                last = answering(records, conflict)
                assert last is None or last == conflict.sides[-1].amount


def answering(records, conflict):
    """The last value by rank that stands of the conflict's register and window; None if it was withdrawn."""
    gone = {one.event.record for one in records if isinstance(one.event, RecordRetracted)}
    ranks = {}
    for record in records:
        ranks[record.id] = ranks.get(record.replaces, record.version)
    those = [
        (ranks[one.id], one.event.amount)
        for one in records
        if isinstance(one.event, MetricUpdated)
        and one.id not in gone
        and (one.event.metric, one.event.member) == (conflict.metric, conflict.member)
        and (one.event.effective.earliest, one.event.effective.latest) == (conflict.earliest, conflict.latest)
        and facts_of(one.event)
    ]
    return max(those, key=lambda pair: pair[0])[1]
