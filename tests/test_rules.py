"""What may be recorded: every rule by example, and all of them together on whole histories."""

from collections import defaultdict
from itertools import chain, repeat
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ledger
from ledger import (
    Claim,
    InitiativeChanged,
    InitiativeClosed,
    InitiativeLaunched,
    Joined,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MemberReinstated,
    Members,
    MemberSuspended,
    MetricDefined,
    MetricUpdated,
    Record,
    RecordRetracted,
    Refused,
    ReportPublished,
    Share,
    Total,
    Value,
    replay,
)
from ledger.model.facts import facts_of
from ledger.model.units import unit
from ledger.testing.histories import FIRST_INSTANT, breakpoints, histories, hostile_histories

EXAMPLES = settings.default.max_examples
UNKNOWN_ID = "0190d1f0-0000-7000-8000-00000000ffff"
CO2 = MetricDefined("co2", unit="t", nonnegative=True)
TOGETHER = "retract all of them together, with record(RecordRetracted(...), ...), or correct this record instead"


@pytest.fixture
def clusters(ledger_book):
    return ledger_book.initiative("clusters")


def refused(initiative, *events):
    """The violations for which a batch is refused."""
    with pytest.raises(Refused) as refusal:
        initiative.record(*events)
    return refusal.value.violations


def refused_once(initiative, *events):
    (violation,) = refused(initiative, *events)
    assert violation.event is events[violation.index]
    return violation


def codes(violations):
    return [(violation.index, violation.code) for violation in violations]


# joining, leaving, suspending, reinstating


def test_joining_while_a_member_is_refused_and_names_the_joining_before(clusters):
    (joined,) = clusters.record(MemberJoined("basque", "2021-01-01"))
    violation = refused_once(clusters, MemberJoined("basque", "2022-01-01"))
    assert (violation.code, violation.index, violation.clash) == ("already-a-member", 0, joined.ref)
    assert violation.reason == (
        f"'basque' joins on 2022-01-01 while already a member (by record {joined.id}): "
        "record the leaving first, or correct or retract the joining that is wrong"
    )


def test_joining_while_suspended_is_refused(clusters):
    clusters.record(MemberJoined("basque", "2021-01-01"))
    (suspended,) = clusters.record(MemberSuspended("basque", "2022-01-01"))
    violation = refused_once(clusters, MemberJoined("basque", "2023-01-01"))
    assert (violation.code, violation.clash) == ("already-a-member", suspended.ref)


def test_one_who_left_may_join_again(clusters):
    clusters.record(MemberJoined("basque", "2021-01-01"), MemberLeft("basque", "2022-01-01"))
    clusters.record(MemberJoined("basque", "2023-01-01"))
    assert clusters.at("2023-01-01")["basque"].joined_from.isoformat() == "2023-01-01"


def test_a_stranger_cannot_leave(clusters):
    violation = refused_once(clusters, MemberLeft("basque", "2022"))
    assert (violation.code, violation.clash) == ("not-a-member", None)
    assert violation.reason == (
        "'basque' leaves between 2022-01-01 and 2022-12-31 while not a member: "
        "record the joining first, or check the id and the date; "
        "where days overlap, record in the order in which things happened"
    )


def test_leaving_twice_is_refused_and_names_the_first_leaving(clusters):
    _, left = clusters.record(MemberJoined("basque", "2021-01-01"), MemberLeft("basque", "2022-01-01"))
    violation = refused_once(clusters, MemberLeft("basque", "2023-01-01"))
    assert (violation.code, violation.clash) == ("not-a-member", left.ref)


def test_leaving_before_the_joining_is_refused(clusters):
    clusters.record(MemberJoined("basque", "2021-01-01"))
    violation = refused_once(clusters, MemberLeft("basque", "2020-12-31"))
    assert (violation.code, violation.clash) == ("not-a-member", None)


def test_a_suspended_member_may_leave(clusters):
    clusters.record(MemberJoined("basque", "2021-01-01"), MemberSuspended("basque", "2022-01-01"))
    clusters.record(MemberLeft("basque", "2023-01-01"))
    assert clusters.at("2023-01-01").former.keys() == {"basque"}


def test_a_stranger_cannot_be_suspended(clusters):
    violation = refused_once(clusters, MemberSuspended("basque", "2022-01-01"))
    assert (violation.code, violation.clash) == ("not-active", None)
    assert "while not an active member: record what made it one first, or check the id" in violation.reason


def test_suspending_twice_is_refused_and_names_the_first_suspension(clusters):
    _, suspended = clusters.record(MemberJoined("basque", "2021-01-01"), MemberSuspended("basque", "2022-01-01"))
    violation = refused_once(clusters, MemberSuspended("basque", "2022-06-01"))
    assert (violation.code, violation.clash) == ("not-active", suspended.ref)


def test_reinstating_one_who_is_not_suspended_is_refused(clusters):
    (joined,) = clusters.record(MemberJoined("basque", "2021-01-01"))
    violation = refused_once(clusters, MemberReinstated("basque", "2022-01-01"))
    assert (violation.code, violation.clash) == ("not-suspended", joined.ref)
    assert f"(by record {joined.id}): record the suspension first, or a joining instead" in violation.reason


def test_a_reinstated_member_is_active_and_may_be_suspended_again(clusters):
    clusters.record(
        MemberJoined("basque", "2021-01-01"),
        MemberSuspended("basque", "2022-01-01"),
        MemberReinstated("basque", "2022-06-01"),
        MemberSuspended("basque", "2023-01-01"),
    )
    assert len(clusters.at("2022-12-31")) == 1
    assert clusters.at("2023-01-01").suspended.keys() == {"basque"}


def test_a_whole_life_may_fit_into_one_day_in_the_order_of_the_batch(clusters):
    day = "2021-01-01"
    clusters.record(MemberJoined("a", day), MemberLeft("a", day), MemberJoined("a", day), MemberSuspended("a", day))
    assert clusters.at(day).suspended.keys() == {"a"}


# the whole history counts, not only what comes last


def test_a_backdated_joining_that_makes_a_later_one_a_duplicate_is_refused_with_the_way_out(clusters):
    (joined,) = clusters.record(MemberJoined("basque", "2022-01-01"))
    violation = refused_once(clusters, MemberJoined("basque", "2021-01-01"))
    assert (violation.code, violation.index, violation.clash) == ("already-a-member", 0, joined.ref)
    assert violation.reason == (
        f"with this, 'basque' joins on 2022-01-01 while already a member, as record {joined.id} says: "
        "retract or correct that record first"
    )


def test_a_backdated_leaving_that_leaves_a_later_suspension_without_a_member_is_refused(clusters):
    _, suspended = clusters.record(MemberJoined("a", "2021-01-01"), MemberSuspended("a", "2023-01-01"))
    violation = refused_once(clusters, MemberLeft("a", "2022-01-01"))
    assert (violation.code, violation.clash) == ("not-active", suspended.ref)


def test_a_backdated_spell_between_two_others_is_accepted(clusters):
    clusters.record(MemberJoined("a", "2023-01-01"))
    clusters.record(MemberJoined("a", "2020-01-01"), MemberLeft("a", "2021-01-01"))
    assert [len(clusters.at(day)) for day in ("2020-06-01", "2022-06-01", "2023-06-01")] == [1, 0, 1]


def recorded_without_rules(clusters, monkeypatch, *events):
    """What a file may hold that was written by other rules than today's."""
    with monkeypatch.context() as patch:
        patch.setattr("ledger.recording.rules.violations", lambda *_: [])
        return clusters.record(*events)


def test_what_was_broken_before_is_not_held_against_a_batch(clusters, monkeypatch):
    _, again = recorded_without_rules(
        clusters, monkeypatch, MemberJoined("a", "2021-01-01"), MemberJoined("a", "2022-01-01")
    )
    clusters.record(MemberLeft("a", "2023-01-01"))
    assert refused_once(clusters, MemberLeft("a", "2024-01-01")).code == "not-a-member"
    clusters.record(RecordRetracted(again.id))


def test_what_was_there_after_the_closing_is_not_held_against_a_batch(clusters, monkeypatch):
    recorded_without_rules(
        clusters, monkeypatch, MemberJoined("a", "2021"), InitiativeClosed("2022"), MemberLeft("a", "2023-01-01")
    )
    clusters.record(MemberSuspended("a", "2021-12-31"))
    assert codes(refused(clusters, MemberReinstated("a", "2022-12-31"))) == [(0, "closed")]


def test_a_report_that_was_there_twice_is_not_held_against_a_batch(clusters, monkeypatch):
    first, second = recorded_without_rules(
        clusters, monkeypatch, ReportPublished("r", "2021"), ReportPublished("r", "2022")
    )
    violation = refused_once(clusters, ReportPublished("r", "2023"))
    assert (violation.code, violation.clash) == ("duplicate-report", first.ref)
    clusters.record(RecordRetracted(first.id))
    assert clusters.at("2024-01-01").reports["r"] == second.event


# rough days: where windows overlap, the order of recording decides


def test_a_joining_may_overlap_a_leaving_that_was_recorded_before(clusters):
    clusters.record(MemberJoined("a", "2021"), MemberLeft("a", "2022"), MemberJoined("a", "2022"))
    assert clusters.at("2022-06-01").count().amount == ledger.between(0, 1)
    assert clusters.at("2023-01-01").members.keys() == {"a"}


def test_overlapping_windows_recorded_in_the_wrong_order_are_refused_and_the_message_says_so(clusters):
    (joined,) = clusters.record(MemberJoined("a", "2021"))
    violation = refused_once(clusters, MemberJoined("a", "2021-06"), MemberLeft("a", "2021"))
    assert (violation.code, violation.index, violation.clash) == ("already-a-member", 0, joined.ref)
    assert violation.reason.endswith("; where days overlap, record in the order in which things happened")
    clusters.record(MemberLeft("a", "2021"), MemberJoined("a", "2021-06"))


def test_exact_days_are_not_told_to_mind_the_order_of_recording(clusters):
    clusters.record(MemberJoined("a", "2021-01-01"))
    assert "overlap" not in refused_once(clusters, MemberJoined("a", "2021-01-02")).reason


def test_windows_that_do_not_overlap_may_be_recorded_in_any_order(clusters):
    clusters.record(MemberJoined("a", "2023"))
    clusters.record(MemberJoined("a", "2020"), MemberLeft("a", "2021"))
    assert clusters.at("2024-01-01").members.keys() == {"a"}


# launching and closing


def test_a_second_launch_is_refused(clusters):
    (launched,) = clusters.record(InitiativeLaunched("2021", name="Clusters"))
    violation = refused_once(clusters, InitiativeLaunched("2022", name="Clusters"))
    assert (violation.code, violation.clash) == ("already-launched", launched.ref)
    assert f"was launched already, by record {launched.id}: correct or retract that instead" in violation.reason


def test_a_second_closing_is_refused(clusters):
    (closed,) = clusters.record(InitiativeClosed("2022"))
    violation = refused_once(clusters, InitiativeClosed("2023"))
    assert (violation.code, violation.clash) == ("already-closed", closed.ref)


def test_joining_on_or_after_the_day_of_the_closing_is_refused(clusters):
    (closed,) = clusters.record(InitiativeClosed("2023-01-01"))
    for day in ("2023-01-01", "2024"):
        violation = refused_once(clusters, MemberJoined("a", day))
        assert (violation.code, violation.clash) == ("closed", closed.ref)
    assert violation.reason == (
        "'a' joined between 2024-01-01 and 2024-12-31, but the initiative closed on 2023-01-01 "
        f"(by record {closed.id}): retract that if wrong"
    )
    clusters.record(MemberJoined("a", "2022-12-31"))


def test_what_may_have_happened_before_the_closing_is_accepted(clusters):
    clusters.record(InitiativeClosed("2023"), MemberJoined("a", "2023"))
    clusters.record(MemberLeft("a", "2023-12-30"))
    assert refused_once(clusters, MemberJoined("b", "2023-12-31")).code == "closed"


def test_closing_before_something_that_happened_later_is_refused(clusters):
    joined, _ = clusters.record(MemberJoined("a", "2023-01-01"), MemberJoined("b", "2021-01-01"))
    violation = refused_once(clusters, InitiativeClosed("2022-01-01"))
    assert (violation.code, violation.clash) == ("closed", joined.ref)
    assert violation.reason == (
        f"'a' joined on 2023-01-01 (by record {joined.id}), and the initiative would be closed by then: "
        "close it later, or retract that first"
    )
    clusters.record(RecordRetracted(joined.id), InitiativeClosed("2022-01-01"))


def test_only_a_retraction_undoes_a_closing(clusters):
    (closed,) = clusters.record(InitiativeClosed("2022-01-01"))
    violation = refused_once(clusters, InitiativeLaunched("2023-01-01", name="Clusters"))
    assert (violation.code, violation.clash) == ("closed", closed.ref)
    assert violation.reason == (
        f"the initiative launches on 2023-01-01, but it closed on 2022-01-01 (by record {closed.id}): "
        "retract that if wrong"
    )
    assert clusters.at("2023-01-01").closed
    clusters.record(RecordRetracted(closed.id), InitiativeLaunched("2023-01-01", name="Clusters"))
    assert not clusters.at("2023-01-01").closed


def test_closing_before_the_launch_is_refused(clusters):
    (launched,) = clusters.record(InitiativeLaunched("2023", name="Clusters"))
    violation = refused_once(clusters, InitiativeClosed("2022-01-01"))
    assert (violation.code, violation.clash) == ("closed", launched.ref)
    assert "before it launches between 2023-01-01 and 2023-12-31" in violation.reason
    assert violation.reason.endswith("; where days overlap, record in the order in which things happened")
    clusters.record(InitiativeClosed("2023-06-01"))


def test_a_launch_and_a_closing_of_one_batch_are_judged_together(clusters):
    violation = refused_once(clusters, InitiativeClosed("2022-01-01"), InitiativeLaunched("2023-01-01", name="C"))
    assert (violation.code, violation.index, violation.clash) == ("closed", 1, None)
    assert "(by event 0 of this batch)" in violation.reason


def test_a_reopening_that_was_recorded_somehow_does_not_stop_everything_else(clusters, monkeypatch):
    recorded_without_rules(
        clusters, monkeypatch, InitiativeClosed("2022-01-01"), InitiativeLaunched("2023-01-01", name="Clusters")
    )
    clusters.record(MemberJoined("a", "2021-01-01"))


# metrics


def test_a_value_of_an_undefined_metric_is_refused_and_the_known_ones_are_named(clusters):
    violation = refused_once(clusters, MetricUpdated("co2", "2022", "1 t"))
    assert (violation.code, violation.clash) == ("unknown-metric", None)
    assert violation.reason == (
        "metric 'co2' is not defined: record a MetricDefined first, or check the name (known: none)"
    )
    clusters.record(*(MetricDefined(f"metric {number:02}") for number in range(12)))
    violation = refused_once(clusters, MetricUpdated("co2", "2022", "1 t"))
    assert violation.reason.endswith(f"(known: {', '.join(f'metric {number:02}' for number in range(10))})")


def test_a_value_may_not_come_before_its_definition_in_a_batch(clusters):
    violation = refused_once(clusters, MetricUpdated("co2", "2022", "1 t"), CO2)
    assert (violation.code, violation.index) == ("unknown-metric", 0)
    clusters.record(CO2, MetricUpdated("co2", "2022", "1 t"))


@pytest.mark.parametrize(
    "measure", [Total("co2"), Value("co2"), Share(Total("co2"), Members()), Share(Members(), Value("co2"))]
)
def test_a_claim_on_an_undefined_metric_is_refused(clusters, measure):
    report = ReportPublished(
        "r", "2022-01-01", claims=[Claim(Members(), "1"), Claim(measure, "1"), Claim(measure, "2")]
    )
    violation = refused_once(clusters, report)
    assert violation.code == "unknown-metric"
    clusters.record(CO2, report)


def test_a_claim_on_members_needs_no_metric(clusters):
    claims = [Claim(Share(Members(), Joined("2021-01-01")), "1")]
    clusters.record(ReportPublished("r", "2022-01-01", claims=claims))


def test_a_value_of_another_dimension_is_refused(clusters):
    clusters.record(CO2)
    violation = refused_once(clusters, MetricUpdated("co2", "2022", "5 people"))
    assert violation.code == "wrong-dimension"
    assert violation.reason == (
        "'5 people' is no amount of metric 'co2', which is measured in t: give it in a unit like that"
    )
    clusters.record(MetricUpdated("co2", "2022", "5000 kg"))


def test_a_value_with_a_unit_for_a_metric_of_plain_numbers_is_refused(clusters):
    clusters.record(MetricDefined("rank"))
    assert "measured in plain numbers" in refused_once(clusters, MetricUpdated("rank", "2022", "5 t")).reason
    clusters.record(MetricUpdated("rank", "2022", "5"), MetricUpdated("rank", "2023", "50 %"))


@pytest.mark.parametrize("amount", ["-1 t", "-1..1 t", "-0.001 kg"])
def test_a_negative_value_of_a_metric_that_never_is_is_refused(clusters, amount):
    clusters.record(CO2)
    violation = refused_once(clusters, MetricUpdated("co2", "2022", amount))
    assert violation.code == "negative"
    assert "defined as never negative: raise the lower end" in violation.reason


@pytest.mark.parametrize("amount", ["0 t", "<= 5 t", "..", "0..1 t", None])
def test_a_value_that_need_not_be_negative_and_a_withdrawal_are_accepted(clusters, amount):
    clusters.record(CO2)
    if amount == "..":
        amount = ".. t"
    clusters.record(MetricUpdated("co2", "2022", amount))


def test_a_metric_that_may_be_negative_takes_negative_values(clusters):
    clusters.record(MetricDefined("net", unit="t"), MetricUpdated("net", "2022", "-1 t"))


@pytest.mark.parametrize(("other", "changed"), [
    (MetricDefined("co2", unit="people", nonnegative=True), "the dimension of its unit"),
    (MetricDefined("co2", unit="t", nonnegative=True, additive=False), "additive"),
    (MetricDefined("co2", unit="t"), "nonnegative"),
    (MetricDefined("co2", unit="USD"), "the dimension of its unit and nonnegative"),
])  # fmt: skip
def test_a_definition_that_would_change_what_values_mean_is_refused(clusters, other, changed):
    _, value = clusters.record(CO2, MetricUpdated("co2", "2022", "1 t"))
    violation = refused_once(clusters, other)
    assert (violation.code, violation.clash) == ("definition-fixed", value.ref)
    assert violation.reason == (
        f"metric 'co2' has values (by record {value.id}), so {changed} cannot change: define another metric"
    )


def test_a_definition_may_change_its_words_and_its_unit_within_the_dimension(clusters):
    clusters.record(CO2, MetricUpdated("co2", "2022", "1 t"))
    clusters.record(MetricDefined("co2", unit="kg", title="CO2", definition="scope 1", nonnegative=True))
    assert clusters.at("2022-12-31").metrics["co2"].title == "CO2"


def test_a_definition_may_change_as_long_as_there_are_no_values(clusters):
    clusters.record(CO2)
    clusters.record(MetricDefined("co2", unit="people"), MetricUpdated("co2", "2022", "5 people"))
    clusters.record(MetricDefined("co2", unit="people", title="Not what it was"))
    assert refused_once(clusters, CO2).code == "definition-fixed"


def test_a_definition_in_a_batch_is_held_against_the_values_before_it(clusters):
    people = MetricDefined("co2", unit="people")
    violation = refused_once(clusters, CO2, MetricUpdated("co2", "2022", "1 t"), people)
    assert (violation.code, violation.index, violation.clash) == ("definition-fixed", 2, None)
    assert "(by event 1 of this batch)" in violation.reason
    one, five = MetricUpdated("co2", "2022", "1 t"), MetricUpdated("co2", "2023", "5 people")
    # a value is held against the definition before it, which may be the one refused
    assert codes(refused(clusters, CO2, one, people, five)) == [(2, "definition-fixed")]
    other = MetricDefined("jobs", unit="people")
    clusters.record(CO2, other, MetricUpdated("jobs", "2022", "5 people"), people)


def test_a_definition_may_change_together_with_all_its_values(clusters):
    defined, value = clusters.record(CO2, MetricUpdated("co2", "2022", "1 t"))
    people = MetricDefined("co2", unit="people")
    # to retract the definition alone does not make the values forget what they were measured in
    assert codes(refused(clusters, RecordRetracted(defined.id), people)) == [(1, "definition-fixed")]
    clusters.record(RecordRetracted(defined.id), RecordRetracted(value.id), people)
    assert clusters.at("2022-12-31").metrics["co2"].unit == "people"


def test_a_retraction_that_brings_back_another_definition_is_refused_while_there_are_values(clusters):
    (tonnes,) = clusters.record(CO2)
    (people,) = clusters.record(MetricDefined("co2", unit="people", nonnegative=True))
    (value,) = clusters.record(MetricUpdated("co2", "2022", "5 people"))
    violation = refused_once(clusters, RecordRetracted(people.id))
    assert (violation.code, violation.clash) == ("definition-fixed", tonnes.ref)
    assert violation.reason == (
        f"without it the metric would be as record {tonnes.id} defines it, which changes the dimension of its unit, "
        f"and it has values (by record {value.id}): {TOGETHER}"
    )
    clusters.record(RecordRetracted(people.id), RecordRetracted(value.id))
    assert clusters.at("2022-12-31").metrics["co2"].unit == "t"


def test_a_retraction_that_brings_back_another_definition_is_refused_for_a_value_of_the_batch_too(clusters):
    clusters.record(CO2)
    (people,) = clusters.record(MetricDefined("co2", unit="people"))
    violations = refused(clusters, MetricUpdated("co2", "2022", "5 people"), RecordRetracted(people.id))
    assert codes(violations) == [(1, "definition-fixed")]
    assert "(by event 0 of this batch)" in violations[0].reason
    clusters.record(RecordRetracted(people.id), MetricUpdated("co2", "2022", "1 t"))


def test_the_values_of_a_batch_are_held_against_every_definition_that_comes_back_in_it(clusters):
    clusters.record(MetricDefined("co2", unit="people"))
    (tonnes,) = clusters.record(MetricDefined("co2", unit="t"))
    (people,) = clusters.record(MetricDefined("co2", unit="people"))
    value = MetricUpdated("co2", "2022", "1 t")
    retracted = RecordRetracted(people.id), value, RecordRetracted(tonnes.id)
    assert codes(refused(clusters, *retracted)) == [(2, "definition-fixed")]
    clusters.record(*retracted[:2])
    assert codes(refused(clusters, retracted[2])) == [(0, "definition-fixed")]


def test_a_retraction_that_brings_back_a_like_definition_is_accepted(clusters):
    clusters.record(CO2)
    (titled,) = clusters.record(MetricDefined("co2", unit="kt", nonnegative=True, title="CO2"))
    clusters.record(MetricUpdated("co2", "2022", "5 t"))
    clusters.record(RecordRetracted(titled.id))
    assert clusters.at("2022-12-31").metrics["co2"].title == ""


# members, reports


@pytest.mark.parametrize("event", [
    MemberChanged("ghost", "2022", name="Ghost"), MetricUpdated("co2", "2022", "1 t", member="ghost"),
])  # fmt: skip
def test_something_said_of_one_who_never_was_a_member_is_refused(clusters, event):
    clusters.record(CO2)
    violation = refused_once(clusters, event)
    assert (violation.code, violation.clash) == ("unknown-member", None)
    assert violation.reason == "'ghost' has never been a member: record the joining first, or check the id"
    assert refused(clusters, event, MemberJoined("ghost", "2021"))[0].index == 0
    clusters.record(MemberJoined("ghost", "2021"), event)


@pytest.mark.parametrize("event", [
    MemberJoined("spain", "2022", part_of="union"), MemberChanged("france", "2022", part_of="union"),
])  # fmt: skip
def test_a_whole_that_never_was_a_member_is_refused(clusters, event):
    clusters.record(MemberJoined("france", "2021"))
    violation = refused_once(clusters, event)
    assert (violation.code, violation.clash) == ("unknown-member", None)
    assert violation.reason == "'union' has never been a member: record the joining first, or check the id"
    clusters.record(MemberJoined("union", "2021"), event)
    clusters.record(MemberChanged(event.member, "2023", part_of=""))


def test_the_joining_of_a_whole_is_still_needed_while_a_part_names_it(clusters):
    union, _ = clusters.record(MemberJoined("union", "2021"), MemberJoined("spain", "2021", part_of="union"))
    violation = refused_once(clusters, RecordRetracted(union.id))
    assert violation.code == "still-needed"
    assert "speaks of member 'union'" in violation.reason
    both = refused(clusters, RecordRetracted(union.id), MemberJoined("france", "2022", part_of="union"))
    assert {one.code for one in both} == {"still-needed", "unknown-member"}


def test_something_may_be_said_of_one_who_left_and_of_days_before_the_joining(clusters):
    clusters.record(CO2, MemberJoined("a", "2021"), MemberLeft("a", "2022"))
    clusters.record(MemberChanged("a", "2023", name="A"), MetricUpdated("co2", "2019", "1 t", member="a"))


def test_a_duplicate_report_is_refused(clusters):
    (published,) = clusters.record(ReportPublished("pr-1", "2022"))
    violation = refused_once(clusters, ReportPublished("pr-1", "2023"))
    assert (violation.code, violation.clash) == ("duplicate-report", published.ref)
    assert violation.reason == (
        f"report 'pr-1' was published already, by record {published.id}: give this one another id"
    )
    assert codes(refused(clusters, ReportPublished("pr-2", "2023"), ReportPublished("pr-2", "2023"))) == [
        (1, "duplicate-report")
    ]


def test_a_retracted_report_may_be_published_anew_in_the_same_batch(clusters):
    (published,) = clusters.record(ReportPublished("pr-1", "2022"))
    clusters.record(RecordRetracted(published.id), ReportPublished("pr-1", "2023"))
    assert clusters.at("2023-12-31").reports["pr-1"].effective.text == "2023"


# retractions


def test_a_retraction_of_an_unknown_record_is_refused(clusters):
    violation = refused_once(clusters, RecordRetracted(UNKNOWN_ID))
    assert (violation.code, violation.clash) == ("unknown-record", None)
    assert violation.reason == f"no record '{UNKNOWN_ID}' belongs to this initiative: look its id up in the history"


def test_a_retraction_reaches_only_its_own_initiative(ledger_book, clusters):
    (elsewhere,) = ledger_book.initiative("other").record(MemberJoined("a", "2021"))
    assert refused_once(clusters, RecordRetracted(elsewhere.id)).code == "unknown-record"


def test_a_record_of_the_same_batch_cannot_be_retracted(clusters):
    with pytest.raises(Refused) as refusal:
        clusters.record(MemberJoined("a", "2021"), RecordRetracted(UNKNOWN_ID), ids=[UNKNOWN_ID, UNKNOWN_ID[:-1] + "e"])
    assert codes(refusal.value.violations) == [(1, "unknown-record")]


def test_a_retraction_is_final(clusters):
    (joined,) = clusters.record(MemberJoined("a", "2021"))
    (retraction,) = clusters.record(RecordRetracted(joined.id))
    violation = refused_once(clusters, RecordRetracted(retraction.id))
    assert violation.code == "retracted-retraction"
    assert "retractions are final: record the fact anew" in violation.reason
    clusters.record(MemberJoined("a", "2021"))


def test_retracting_twice_is_refused(clusters):
    (joined,) = clusters.record(MemberJoined("a", "2021"))
    assert codes(refused(clusters, RecordRetracted(joined.id), RecordRetracted(joined.id))) == [
        (1, "already-retracted")
    ]
    clusters.record(RecordRetracted(joined.id))
    violation = refused_once(clusters, RecordRetracted(joined.id))
    assert violation.code == "already-retracted"
    assert "nothing is left to do" in violation.reason


def test_a_retraction_that_breaks_what_comes_after_is_refused_and_names_it(clusters):
    joined, left = clusters.record(MemberJoined("a", "2021-01-01"), MemberLeft("a", "2022-01-01"))
    violation = refused_once(clusters, RecordRetracted(joined.id))
    assert (violation.code, violation.clash) == ("not-a-member", left.ref)
    assert violation.reason == (
        f"with this, 'a' leaves on 2022-01-01 while not a member, as record {left.id} says: "
        "retract or correct that record first"
    )
    clusters.record(RecordRetracted(joined.id), RecordRetracted(left.id))
    assert clusters.at("2023-01-01").former == {}


def test_a_retraction_that_makes_two_joinings_meet_is_refused(clusters):
    clusters.record(MemberJoined("a", "2021-01-01"))
    left, again = clusters.record(MemberLeft("a", "2022-01-01"), MemberJoined("a", "2023-01-01"))
    violation = refused_once(clusters, RecordRetracted(left.id))
    assert (violation.code, violation.clash) == ("already-a-member", again.ref)


def test_the_event_to_blame_is_the_one_that_touches_the_register(clusters):
    left = clusters.record(
        MemberJoined("a", "2021-01-01"), MemberLeft("a", "2022-01-01"), MemberJoined("a", "2023-01-01")
    )[1]
    fine = MemberJoined("b", "2020")
    assert codes(refused(clusters, fine, RecordRetracted(left.id))) == [(1, "already-a-member")]
    assert codes(refused(clusters, fine, MemberLeft("b", "2021"), MemberLeft("a", "2021-06-01"))) == [
        (2, "not-a-member")
    ]
    assert codes(refused(clusters, fine, MemberJoined("a", "2020-01-01"))) == [(1, "already-a-member")]
    # the retraction, not what fits in with the rest
    assert codes(refused(clusters, MemberLeft("a", "2024"), RecordRetracted(left.id))) == [(1, "already-a-member")]
    assert codes(refused(clusters, RecordRetracted(left.id), MemberLeft("a", "2024"))) == [(0, "already-a-member")]


def test_the_only_joining_of_a_member_is_still_needed_by_what_was_said_of_it(clusters):
    (joined,) = clusters.record(MemberJoined("a", "2021", attributes={"country": "Spain"}))
    (changed,) = clusters.record(MemberChanged("a", "2022", name="A"))
    violation = refused_once(clusters, RecordRetracted(joined.id))
    assert (violation.code, violation.index) == ("still-needed", 0)
    assert violation.reason == (f"record {changed.id} speaks of member 'a': {TOGETHER}")
    assert codes(refused(clusters, RecordRetracted(joined.id), MemberChanged("a", "2023", name="B"))) == [
        (0, "still-needed"),
        (1, "unknown-member"),
    ]
    value = MetricUpdated("co2", "2022", "1 t", member="a")
    assert codes(refused(clusters, CO2, value, RecordRetracted(joined.id), value)) == [
        (2, "still-needed"),
        (3, "unknown-member"),
    ]
    clusters.record(RecordRetracted(joined.id), RecordRetracted(changed.id))


def test_a_change_that_says_nothing_needs_no_joining(clusters):
    (joined,) = clusters.record(MemberJoined("a", "2021"))
    clusters.record(MemberChanged("a", "2022"))
    clusters.record(MemberChanged("a", "2022"), RecordRetracted(joined.id))


def test_a_joining_that_is_not_the_only_one_may_be_retracted(clusters):
    first, _ = clusters.record(MemberJoined("a", "2021-01-01"), MemberLeft("a", "2022-01-01"))
    clusters.record(MemberJoined("a", "2023-01-01"), MemberChanged("a", "2023-06-01", name="A"))
    assert codes(refused(clusters, RecordRetracted(first.id))) == [(0, "not-a-member")]


def test_a_joining_may_be_retracted_and_recorded_anew_in_one_batch(clusters):
    (joined,) = clusters.record(MemberJoined("a", "2021"))
    clusters.record(MemberChanged("a", "2022", name="A"))
    clusters.record(RecordRetracted(joined.id), MemberJoined("a", "2020"))
    assert clusters.at("2020-12-31").members.keys() == {"a"}


@pytest.mark.parametrize(
    ("count", "speak"), [(1, " speaks"), (5, " speak"), (6, " and 1 more speak"), (7, " and 2 more speak")]
)
def test_the_definition_of_a_metric_is_still_needed_by_its_values(clusters, count, speak):
    (defined,) = clusters.record(CO2)
    values = clusters.record(*(MetricUpdated("co2", "2022", f"{number} t") for number in range(count)))
    violation = refused_once(clusters, RecordRetracted(defined.id))
    assert violation.code == "still-needed"
    named = ", ".join(f"record {value.id}" for value in values[:5])
    assert violation.reason.startswith(f"{named}{speak} of metric 'co2': ")
    clusters.record(*(RecordRetracted(value.id) for value in values), RecordRetracted(defined.id))


def test_a_value_of_the_same_batch_needs_the_definition_too(clusters):
    (defined,) = clusters.record(CO2)
    violations = refused(clusters, MetricUpdated("co2", "2022", "1 t"), RecordRetracted(defined.id))
    assert codes(violations) == [(1, "still-needed")]
    assert violations[0].reason.startswith("event 0 of this batch speaks of metric 'co2'")


def test_what_nothing_rests_on_may_be_retracted(clusters):
    defined, launched, published, joined = clusters.record(
        CO2, InitiativeLaunched("2021", name="Clusters"), ReportPublished("r", "2022"), MemberJoined("a", "2022")
    )
    clusters.record(*(RecordRetracted(record.id) for record in (defined, launched, published, joined)))
    state = clusters.at("2023-01-01")
    assert (state.metrics, state.reports, state.members, state.former) == ({}, {}, {}, {})


# all at once


def test_every_violation_of_a_batch_is_reported_at_once_in_the_order_of_the_events(clusters):
    (joined,) = clusters.record(MemberJoined("a", "2021-01-01"))
    batch = [
        MemberJoined("a", "2022-01-01"),
        MemberLeft("b", "2022-01-01"),
        MemberJoined("c", "2022-01-01"),
        MetricUpdated("co2", "2022", "1 t", member="d"),
        RecordRetracted(UNKNOWN_ID),
        ReportPublished("r", "2022"),
        ReportPublished("r", "2022"),
    ]
    with pytest.raises(Refused) as refusal:
        clusters.record(*batch)
    violations = refusal.value.violations
    assert codes(violations) == [
        (0, "already-a-member"), (1, "not-a-member"), (3, "unknown-metric"), (3, "unknown-member"),
        (4, "unknown-record"), (6, "duplicate-report"),
    ]  # fmt: skip
    assert [violation.event for violation in violations] == [batch[index] for index, _ in codes(violations)]
    assert [violation.clash for violation in violations] == [joined.ref, None, None, None, None, None]
    lines = str(refusal.value).splitlines()
    assert lines[0] == "nothing was recorded, for 6 reasons:"
    assert lines[1:] == [
        f"  event {violation.index} ({type(violation.event).__name__}) [{violation.code}]: {violation.reason}"
        for violation in violations
    ]


def test_earlier_events_of_a_batch_count_and_are_named_by_their_place(clusters):
    violation = refused_once(clusters, MemberJoined("a", "2021-01-01"), MemberJoined("a", "2022-01-01"))
    assert (violation.code, violation.index, violation.clash) == ("already-a-member", 1, None)
    assert "(by event 0 of this batch)" in violation.reason
    clusters.record(MemberJoined("a", "2021-01-01"), MemberLeft("a", "2021-06-01"), MemberJoined("a", "2022-01-01"))


def test_what_rests_on_something_refused_is_refused_too(clusters):
    stranger = MemberSuspended("a", "2021-01-01"), MemberReinstated("a", "2022-01-01")
    assert codes(refused(clusters, *stranger)) == [(0, "not-active"), (1, "not-suspended")]
    (joined,) = clusters.record(MemberJoined("a", "2021-01-01"))
    violations = refused(clusters, MemberJoined("a", "2022-01-01"), MemberJoined("a", "2023-01-01"))
    assert codes(violations) == [(0, "already-a-member"), (1, "already-a-member")]
    assert {violation.clash for violation in violations} == {joined.ref}  # and not one that was refused itself


def test_one_reason_is_one_reason(clusters):
    with pytest.raises(
        Refused, match=r"^nothing was recorded, for 1 reason:\n  event 0 \(MemberLeft\) \[not-a-member\]"
    ):
        clusters.record(MemberLeft("a", "2022"))


def test_names_with_braces_are_shown_as_they_are(clusters):
    violation = refused_once(clusters, MemberLeft("{clash} {0} {", "2022"))
    assert violation.reason.startswith("'{clash} {0} {' leaves")


def test_initiatives_do_not_see_each_other(ledger_book, clusters):
    ledger_book.initiative("other").record(
        CO2, MemberJoined("a", "2021"), InitiativeClosed("2022"), ReportPublished("r", "2021")
    )
    clusters.record(MemberJoined("a", "2023"), CO2, ReportPublished("r", "2021"), InitiativeChanged("2023", name="C"))
    assert refused_once(ledger_book.initiative("third"), MetricUpdated("co2", "2021", "1 t")).code == "unknown-metric"


# whole histories


def id_of(name):
    """The id under which a record that a strategy calls `r1`, `r2` ... is recorded."""
    number = int(name[1:]) if name[1:].isdigit() else 0xFFFF
    return str(UUID(f"0190d1f0-0000-7000-8000-{number:012x}"))


def batches(history, name=id_of):
    """Events and their ids, batch by batch; what a strategy calls `r1` is a UUID here."""
    instants = list(dict.fromkeys(record.recorded_at for record in history))
    for instant in instants:
        batch = [record for record in history if record.recorded_at == instant]
        events = [
            RecordRetracted(name(record.event.record), record.event.reason)
            if isinstance(record.event, RecordRetracted)
            else record.event
            for record in batch
        ]
        yield events, [name(record.id) for record in batch]


def before_the_first_correction(history):
    """As much of a history as `Initiative.record` can record; test_corrections.py plays all of it."""
    corrected = {record.recorded_at for record in history if record.replaces is not None}
    return [record for record in history if not corrected or record.recorded_at < min(corrected)]


@given(histories(parts=True))
def test_a_history_that_is_valid_by_construction_is_accepted_batch_by_batch(history):
    history = before_the_first_correction(history)
    with ledger.open(":memory:") as book:
        clusters = book.initiative("clusters")
        written = [record for events, ids in batches(history) for record in clusters.record(*events, ids=ids)]
        assert tuple(book.records()) == tuple(written)
    assert [record.id for record in written] == [id_of(record.id) for record in history]


def whole(book):
    """Everything that the file holds, table by table."""
    connection = book._store._connection
    return {
        table: connection.execute(f"SELECT * FROM {table}").fetchall()
        for table in ("records", "registers", "facts", "retractions")
    }


@given(hostile_histories(parts=True))
def test_a_refused_batch_changes_nothing(history):
    with ledger.open(":memory:") as book:
        clusters = book.initiative("clusters")
        for events, ids in batches(history):
            before = whole(book)
            refusal = refusal_of(clusters, events, ids)
            if refusal is None:
                assert [row[3] for row in whole(book)["records"]] == [row[3] for row in before["records"]] + ids
            else:
                assert whole(book) == before
                assert all(one.event is events[one.index] for one in refusal.violations)


def refusal_of(initiative, events, ids):
    """Record, and give what that is refused for; None if it is not."""
    try:
        initiative.record(*events, ids=ids)
    except Refused as refusal:
        return refusal
    return None


STATUS = MemberJoined | MemberLeft | MemberSuspended | MemberReinstated
NEXT = {
    None: {MemberJoined: "in"},
    "in": {MemberLeft: None, MemberSuspended: "out"},
    "out": {MemberLeft: None, MemberReinstated: "in"},
}


def chained(records):
    """The order in which records took effect (design 3.2), in the plainest way."""
    order = []
    for record in records:
        last_day = record.event.effective.latest
        later = [place for place, one in enumerate(order) if one.event.effective.earliest > last_day]
        order.insert(min(later, default=len(order)), record)
    return order


def faults(records):
    """Whatever is certainly wrong in a recorded history, found without the rules."""
    gone = {record.event.record for record in records if isinstance(record.event, RecordRetracted)}
    standing = [record for record in records if record.id not in gone]
    statuses = [one for one in standing if isinstance(one.event, STATUS)]
    members = {one.event.member for one in statuses}
    for member in members:
        yield from faults_of_a_life([one for one in statuses if one.event.member == member])
    yield from faults_of_the_closing(of(standing, InitiativeLaunched), of(standing, InitiativeClosed), statuses)
    yield from faults_of_values(of(standing, MetricUpdated), of(standing, MetricDefined))
    reports = [one.event.report for one in of(standing, ReportPublished)]
    if len(reports) > len(set(reports)):
        yield "a report twice"
    for one in [*of(standing, MetricUpdated), *of(standing, MemberChanged)]:
        if one.event.member not in {None, *members} and facts_of(one.event):  # a change may change nothing
            yield f"{one.event} of a stranger"


def of(records, cls):
    return [record for record in records if isinstance(record.event, cls)]


def faults_of_a_life(records):
    status = None
    for record in chained(records):
        if type(record.event) in NEXT[status]:
            status = NEXT[status][type(record.event)]
        else:
            yield f"{record.event} after {status}"


def faults_of_the_closing(launches, closings, statuses):
    if len(closings) > 1 or len(launches) > 1:
        yield "launched or closed twice"
    for closing in closings:
        if chained(sorted([*closings, *launches], key=lambda one: one.position))[-1] is not closing:
            yield f"{closing.event} before the launch"
        for one in statuses:
            if one.event.effective.earliest >= closing.event.effective.latest:
                yield f"{one.event} after {closing.event}"


def faults_of_values(values, definitions):
    defined = {one.event.metric: one.event for one in definitions}
    for event in (one.event for one in values):
        if event.metric not in defined:
            yield f"{event} of no metric"
        elif event.amount is not None:
            if unit(event.amount.unit).dimension != unit(defined[event.metric].unit).dimension:
                yield f"{event} in another dimension"
            if defined[event.metric].nonnegative and event.amount.low is not None and event.amount.low < 0:
                yield f"{event} below zero"


@settings(max_examples=2 * EXAMPLES)
@given(hostile_histories(parts=True, max_size=16), st.booleans())
def test_whatever_was_tried_what_was_accepted_is_never_certainly_wrong(history, one_by_one):
    with ledger.open(":memory:") as book:
        clusters = book.initiative("clusters")
        for events, ids in batches(history):
            tries = [([event], [id]) for event, id in zip(events, ids, strict=True)] if one_by_one else [(events, ids)]
            for some, their_ids in tries:
                if refusal_of(clusters, some, their_ids) is None:
                    assert list(faults(list(book.records()))) == []


JUDGED = STATUS | InitiativeLaunched | InitiativeClosed | RecordRetracted


@pytest.fixture(scope="module")
def two_ledgers(tmp_path_factory):
    """One file, opened twice, so that neither can go by what it remembers."""
    path = tmp_path_factory.mktemp("shared") / "clusters.db"
    with ledger.open(path) as one, ledger.open(path) as other:
        yield one, other


@given(hostile_histories(max_size=16), st.lists(st.integers(0, 2), max_size=16))
def test_a_status_is_refused_if_and_only_if_something_would_be_certainly_wrong(two_ledgers, history, turns):
    names = defaultdict(lambda: str(uuid4()))  # of the initiative, and of each record
    clusters = [book.initiative(names["initiative"]) for book in two_ledgers]
    recorded = []
    for (events, ids), turn in zip(batches(history, names.__getitem__), chain(turns, repeat(0)), strict=False):
        if turn == 2:  # another initiative makes the log grow
            two_ledgers[0].initiative("another").record(MemberJoined(str(uuid4()), "2021"))
        batch = judged(events, ids, recorded)
        attempted = [
            Record(place, "clusters", place, id, FIRST_INSTANT, event)
            for place, (id, event) in enumerate(batch.items(), len(recorded) + 1)
        ]
        refusal = refusal_of(clusters[turn % 2], list(batch.values()), list(batch))
        assert (refusal is None) == (list(faults(recorded + attempted)) == [])
        if refusal is None:
            recorded += attempted
    if recorded:
        written = list(clusters[1].records())
        assert [(record.id, record.event) for record in written] == [(one.id, one.event) for one in recorded]


def judged(events, ids, recorded):
    """Those events of a batch, by id, that only the rules of membership can refuse."""
    standing = {record.id for record in recorded if not isinstance(record.event, RecordRetracted)}
    standing -= {record.event.record for record in of(recorded, RecordRetracted)}
    batch = {}
    for event, id in zip(events, ids, strict=True):
        undone = event.record if isinstance(event, RecordRetracted) else None
        if isinstance(event, JUDGED) and (undone is None or undone in standing):
            batch[id] = event
            standing.discard(undone)
    return batch


@settings(max_examples=EXAMPLES // 4)
@given(histories(parts=True, max_size=8))
def test_what_the_rules_let_in_replays_on_every_day_to_what_was_recorded(history):
    history = before_the_first_correction(history)
    with ledger.open(":memory:") as book:
        clusters = book.initiative("clusters")
        for events, ids in batches(history):
            clusters.record(*events, ids=ids)
        for day in breakpoints(history) if history else []:
            assert clusters.at(day) == replay(book.records(), at=day)


def test_the_check_written_here_finds_what_the_rules_find(clusters, monkeypatch):
    recorded_without_rules(
        clusters, monkeypatch,
        MemberJoined("a", "2021"), MemberJoined("a", "2022"), MemberLeft("b", "2021"), InitiativeClosed("2020"),
        InitiativeLaunched("2021", name="C"), InitiativeClosed("2022"), ReportPublished("r", "2021"),
        ReportPublished("r", "2022"), MetricUpdated("co2", "2021", "1 t"), MetricDefined("net", nonnegative=True),
        MetricUpdated("net", "2021", "-1"), MetricUpdated("net", "2021", "1 t", member="z"),
    )  # fmt: skip
    found = list(faults(list(clusters.records())))
    assert len(found) == 12


def test_a_claim_about_a_member_that_never_was_one_is_refused(clusters):
    clusters.record(CO2, MemberJoined("basque", "2021"))
    share = Share(Value("co2", "ghost"), Total("co2"))
    violation = refused_once(clusters, ReportPublished("r", "2022-01-01", claims=[Claim(share, "5 percent")]))
    assert (violation.code, violation.index) == ("unknown-member", 0)
    claims = [Claim(Value("co2", "basque"), "5 t"), Claim(Value("co2"), "5 t")]
    clusters.record(ReportPublished("r", "2022-01-01", claims=claims))
