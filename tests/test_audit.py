"""The audit: claims as they were published, against a replay of their day, by example and on whole histories."""

from __future__ import annotations

import importlib.util
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

import ledger
from ledger import (
    Claim,
    Distinct,
    Joined,
    LedgerError,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    Members,
    MemberSuspended,
    MetricDefined,
    MetricUpdated,
    NotAdditive,
    RecordRetracted,
    ReportPublished,
    Share,
    Total,
    Value,
    between,
    exactly,
    replay,
)
from ledger.model.errors import (
    BadEvent,
    BadInput,
    UnknownAttribute,
    UnknownInitiative,
    UnknownMember,
    UnknownMetric,
    UnknownReport,
)
from ledger.queries.audit import Audit
from ledger.queries.checks import CONFIRMED, CONTRADICTED, NOT_COMPARABLE, UNVERIFIABLE, VERDICTS, check
from ledger.queries.findings import basis
from ledger.queries.holds import REACH
from ledger.recording.batch import Terms, entries_of, written
from ledger.testing.histories import breakpoints, histories, hostile_histories, questions

EXAMPLES = settings.default.max_examples  # of the profile

EXAMPLE = Path(__file__).parents[1] / "examples" / "industrial_clusters.py"
THE_DAY = "2023-01-20"
DAY = date(2023, 1, 20)


@pytest.fixture
def example():
    spec = importlib.util.spec_from_file_location("industrial_clusters", EXAMPLE)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    return example


@pytest.fixture
def clusters(ledger_book):
    return ledger_book.initiative("clusters")


@pytest.fixture
def seed(clusters, example):
    example.record_press_release(clusters)
    return clusters


def told(findings):
    return [(finding.report, finding.index, finding.verdict) for finding in findings]


def joined(*members, effective="2022-01-01", **attributes):
    return [MemberJoined(member, effective, attributes=attributes) for member in members]


def report(name, *claims, effective=THE_DAY):
    return ReportPublished(name, effective, claims=claims)


# --- the founding case


def test_17_members_nine_joiners_nine_countries_and_four_continents_are_confirmed(seed):
    findings = seed.audit("press-release")
    assert told(findings) == [
        *(("press-release", index, CONFIRMED) for index in range(4)),
        *(("press-release", index, UNVERIFIABLE) for index in range(4, 7)),
    ]
    assert [str(finding.figure.amount) for finding in findings[:4]] == ["17", "9", "9", "4"]
    assert [str(finding) for finding in findings[:2]] == [
        "confirmed: Members: 17 on 2023-01-20, as claimed.",
        "confirmed: Joined since 2023-01-20: 9 on 2023-01-20, as claimed.",
    ]
    assert all(finding.gap == exactly(0) and not finding.restated for finding in findings[:4])
    assert {finding.at for finding in findings} == {DAY}


def test_co2_jobs_and_gdp_are_unverifiable_and_name_the_17_who_do_not_report(seed):
    findings = seed.audit("press-release")[4:]
    members = sorted(seed.at(THE_DAY).members)
    assert [str(finding.amount) for finding in findings] == [
        "451 Mt/year", "> 2.7 million people", "218 billion USD/year",
    ]  # fmt: skip
    for finding in findings:
        assert finding.figure.missing == tuple(members)
        assert len(members) == 17
        assert finding.gap == finding.amount
        assert finding.sentence == (
            f"Total {finding.measure.metric}: {finding.amount} claimed for 2023-01-20, and nothing can be said against "
            f"it or for it: no value is known of 17 of 17 members ({', '.join(members)})."
        )


def test_what_is_stated_for_all_is_held_against_the_members_total_too(seed):
    findings = seed.audit()
    assert findings[:7] == seed.audit("press-release")
    stated = findings[7:]
    assert told(stated) == [(None, 0, UNVERIFIABLE)] * 3
    assert [finding.measure for finding in stated] == [Total("co2"), Total("jobs"), Total("gdp")]
    assert [finding.claim.measure for finding in stated] == [Value("co2"), Value("jobs"), Value("gdp")]
    assert [finding.amount for finding in stated] == [finding.amount for finding in findings[4:7]]
    assert stated[0].sentence.startswith("Total co2: 451 Mt/year stated for the initiative on 2023-01-20, and nothing")
    assert stated[0].record == seed.history(metric="co2")[1].record.ref
    assert stated[0].when_published == stated[0].now


def test_16_is_contradicted_and_the_17_are_named(seed):
    (published,) = [entry.record for entry in seed.history(report="press-release")]
    claims = [evolve(published.event.claims[0], amount="16"), *published.event.claims[1:]]
    seed.correct(published, claims=claims, reason="a test")
    finding, *others = seed.audit("press-release")
    assert finding.verdict == CONTRADICTED
    assert finding.gap == exactly(-1)
    members = sorted(seed.at(THE_DAY).members)
    assert len(members) == 17
    assert finding.sentence == f"Members: 16 claimed for 2023-01-20, and there were 17: {', '.join(members)}."
    assert {ref.id for ref in finding.now.records} == {
        entry.record.id for member in members for entry in seed.history(member)
    }
    assert (finding.holds_at, finding.holds_as) == (None, None)
    assert told(others)[:3] == [("press-release", index, CONFIRMED) for index in (1, 2, 3)]


def test_the_count_of_the_day_before_says_on_which_day_it_held(seed):
    (finding,) = seed.audit(claims=[Claim(Members(), "8", at=THE_DAY)])
    assert (finding.verdict, finding.holds_at) == (CONTRADICTED, date(2023, 1, 19))
    assert finding.sentence.endswith(" It would hold on 2023-01-19.")


def test_what_was_found_out_about_the_eight_restates_what_was_said_of_the_year_before(seed, example):
    seed.record(report("memo", Claim(Members(), "4", at="2021-12-31")), source="a memo")
    before = seed.audit("memo")
    example.correct_joining_dates(seed)
    (finding,) = seed.audit("memo")
    assert (before[0].verdict, before[0].restated, before[0].why) == (UNVERIFIABLE, False, ())
    assert (finding.verdict, finding.restated) == (CONFIRMED, True)
    assert finding.when_published == before[0].now
    assert finding.when_published.figure.amount == between(0, 8)
    (why,) = finding.why
    assert (why.opening, why.closing) == (finding.when_published.figure, finding.figure)
    assert {effect.kind for effect in why.effects} == {"restated"}
    assert str(finding) == (
        "confirmed (restated): Members: 4 on 2021-12-31, as claimed. When it was published it was unverifiable, by "
        "0..8; what has been recorded since changes antwerp-bruges, basque, brightlands, h2houston, humber, hynet, "
        "kwinana, ohio (spri.eus, November 2021; energynews.biz, May 2022)."
    )
    assert seed.audit("memo", before[0].record.position) == before
    assert all(not one.restated for one in seed.audit("press-release"))


# --- as known when published, and as known now


def test_a_joining_that_is_learned_of_later_contradicts_what_was_right(clusters):
    clusters.record(*joined("a", "b"))
    clusters.record(report("r", Claim(Members(), "2")))
    (late,) = clusters.record(*joined("c"))
    (finding,) = clusters.audit()
    assert (finding.when_published.verdict, finding.verdict, finding.restated) == (CONFIRMED, CONTRADICTED, True)
    assert [effect.after.records for effect in finding.why[0].effects] == [(late.ref,)]
    assert finding.sentence == (
        "Members: 2 claimed for 2023-01-20, and there were 3: a, b, c. When it was published it was confirmed, by 2; "
        "what has been recorded since changes c."
    )
    clusters.retract(late)
    assert [(one.verdict, one.restated, one.why) for one in clusters.audit()] == [(CONFIRMED, False, ())]


def test_a_retraction_restates_too_and_so_does_a_verdict_that_stays(clusters):
    first, *_ = clusters.record(*joined("a", "b", "c"))
    clusters.record(report("r", Claim(Members(), "9")))
    clusters.retract(first)
    (finding,) = clusters.audit()
    assert (finding.verdict, finding.when_published.verdict, finding.restated) == (CONTRADICTED, CONTRADICTED, True)
    assert (finding.gap, finding.when_published.gap) == (exactly(7), exactly(6))
    assert [(effect.subject, effect.low_change) for effect in finding.why[0].effects] == [("a", -1)]


def test_of_a_share_there_is_a_why_of_each_part(clusters):
    share = Share(Members({"country": "Spain"}), Members())
    clusters.record(*joined("a", country="Spain"), *joined("b"))
    clusters.record(report("r", Claim(share, "50%")))
    clusters.record(*joined("c"))
    (finding,) = clusters.audit()
    assert [str(why.measure) for why in finding.why] == [str(share.part), str(share.whole)]
    assert [why.high_change for why in finding.why] == [0, 1]
    assert finding.sentence.endswith(
        "When it was published it was confirmed, by 50 %; what has been recorded since changes c."
    )


def test_a_figure_that_could_not_be_asked_then_has_no_why(clusters):
    clusters.record(*joined("a"))
    clusters.record(MetricDefined("co2", "t"), report("r", Claim(Total("co2"), "1 t")))
    clusters.record(*joined("spain"), MemberChanged("spain", "2022-06-01", part_of="a"))
    (finding,) = clusters.audit()
    assert (finding.figure, finding.gap, finding.verdict, finding.why) == (None, None, UNVERIFIABLE, ())
    assert finding.restated
    row = finding.to_row()
    assert (row["figure"], row["envelope"], row["members"], row["figure_when_published"]) == (None, None, None, "0 t")
    clusters.record(report("s", Claim(Total("co2"), "1 t")))
    clusters.record(MemberLeft("spain", "2022-07-01"))
    _, finding = clusters.audit()
    said = "When it was published it was unverifiable, since it could not be asked then; since then was recorded: "
    (left,) = [entry.record for entry in clusters.history("spain")][-1:]
    assert finding.sentence.endswith(f"{said}record {left.id}.")
    assert left.ref in finding.changed_by
    for place in range(5):
        clusters.record(MetricUpdated("co2", f"2022-0{place + 1}-01", "1 t", member="a"), source=f"s{place}")
    clusters.correct(left, effective="2022-08-01", source="a letter")
    _, finding = clusters.audit()
    assert finding.sentence.endswith(f"{said}s4, a letter.")
    clusters.record(*(MemberJoined(f"m{place}", "2022-01-01") for place in range(5)))
    _, finding = clusters.audit()
    assert finding.sentence.endswith(f"{said}s4, a letter.")
    for place in range(2):
        clusters.record(MemberJoined(f"n{place}", "2022-01-01"), source=f"t{place}")
    _, finding = clusters.audit()
    assert finding.sentence.endswith(f"{said}s4, a letter, t0 and 1 more.")


def test_what_was_retracted_is_named_where_nothing_else_changed_it(clusters):
    clusters.record(MetricDefined("co2", "t"), *joined("spain", "a"))
    (part,) = clusters.record(MemberChanged("spain", "2022-06-01", part_of="a"), source="a rumour")
    clusters.record(report("s", Claim(Total("co2"), "1 t")))
    clusters.retract(part)
    (finding,) = clusters.audit()
    assert finding.changed_by == (part.ref,)
    assert finding.was == (
        "When it was published it was unverifiable, since it could not be asked then; since then was retracted: "
        "a rumour."
    )
    assert (finding.records, finding.reason) == (finding.now.records, finding.now.reason)


def test_of_a_figure_that_could_be_anything_nothing_was_known(clusters):
    clusters.record(MetricDefined("co2", "t"), *joined("a"), report("r", Claim(Total("co2"), "1 t", text="one")))
    clusters.record(MetricUpdated("co2", "2022-02-01", "1 t", member="a"), source="a table")
    (finding,) = clusters.audit()
    assert finding.was == (
        "When it was published it was unverifiable, with nothing known of it; what has been recorded since changes a "
        "(a table)."
    )
    assert finding.to_row()["text"] == "one"


def test_nothing_leads_from_one_dimension_to_another(clusters):
    clusters.record(MetricDefined("co2", "t"), report("r", Claim(Total("co2"), "0 t")))
    clusters.record(MetricDefined("co2", "people"))
    (finding,) = clusters.audit()
    assert (finding.when_published.verdict, finding.verdict, finding.why) == (CONFIRMED, NOT_COMPARABLE, ())


def test_what_the_batch_of_the_report_says_was_known_to_it(clusters):
    clusters.record(*joined("a"), report("r", Claim(Members(), "2")), *joined("b"))
    assert [(finding.when_published.verdict, finding.restated) for finding in clusters.audit()] == [(CONFIRMED, False)]


def test_what_another_initiative_records_is_no_part_of_it():
    with ledger.open(":memory:") as book:
        book.initiative("other").record(*joined("x", "y", "z"))
        book.initiative("clusters").record(*joined("a"))
        book.initiative("clusters").record(report("r", Claim(Members(), "1")))
        book.initiative("clusters").record(*joined("b"))
        (finding,) = book.initiative("clusters").audit()
    assert (finding.when_published.verdict, finding.verdict) == (CONFIRMED, CONTRADICTED)


def test_a_corrected_report_was_published_when_the_first_one_was_recorded(clusters):
    clusters.record(*joined("a"))
    (first,) = clusters.record(report("r", Claim(Members(), "1")))
    (before,) = clusters.audit()
    clusters.record(*joined("b"))
    _, second = clusters.correct(first, title="The right title")
    _, third = clusters.correct(second, claims=[Claim(Members(), "1", text="one")], reason="a text")
    (finding,) = clusters.audit()
    assert finding.record == third.ref
    assert finding.claim.text == "one"
    assert finding.when_published == before.now
    assert finding.restated
    clusters.record(report("s", Claim(Members(), "2")))
    assert [one.report for one in clusters.audit()] == ["r", "s"]
    clusters.correct(third, title="The right title at last")
    assert [one.report for one in clusters.audit()] == ["s", "r"]
    assert clusters.audit(known_at=first.position) == (before,)


def test_a_retracted_report_claims_nothing_any_more(clusters):
    clusters.record(*joined("a"))
    (first,) = clusters.record(report("pr-2023-01", Claim(Members(), "1")))
    before = clusters.audit()
    clusters.retract(first)
    assert clusters.audit() == ()
    with pytest.raises(UnknownReport, match=r"no report 'pr-2023-01' is known \(it was retracted\)"):
        clusters.audit("pr-2023-01")
    for moment in (1, 3):
        with pytest.raises(UnknownReport, match=r"is known \(it was retracted, or recorded later than that\)"):
            clusters.audit("pr-2023-01", moment)
    with pytest.raises(UnknownReport, match=r"no report 'pr-2024' is known$"):
        clusters.audit("pr-2024")
    assert clusters.audit("pr-2023-01", first.recorded_at) == before


def test_reports_come_in_order_of_their_records_and_claims_in_theirs(clusters):
    clusters.record(*joined("a"), MetricDefined("co2", "t"))
    clusters.record(report("z", Claim(Members(), "1", at="2022-01-01"), Claim(Members(), "1", at="2021-01-01")))
    clusters.record(report("a", Claim(Value("co2"), "1 t"), Claim(Members(), "1"), effective="2022-01-01"))
    assert [(one.report, one.index, one.measure, one.at.year) for one in clusters.audit()] == [
        ("z", 0, Members(), 2022), ("z", 1, Members(), 2021),
        ("a", 0, Value("co2"), 2022), ("a", 0, Total("co2"), 2022), ("a", 1, Members(), 2022),
    ]  # fmt: skip
    assert clusters.audit("a") == clusters.audit()[2:]
    assert clusters.audit(known_at=0) == ()


def test_a_corrected_report_comes_where_the_correction_was_recorded(clusters):
    clusters.record(*joined("a"))
    (first,) = clusters.record(report("r", Claim(Members(), "2")))
    clusters.record(report("s", Claim(Members(), "1")))
    clusters.correct(first, claims=[Claim(Members(), "1")])
    assert told(clusters.audit()) == [("s", 0, CONFIRMED), ("r", 0, CONFIRMED)]


def test_a_report_of_a_rough_day_names_the_days_of_its_claims(clusters):
    clusters.record(*joined("a"), report("r", Claim(Members(), "1", at="2022-05-01"), effective="2022/2023"))
    assert [(one.at, one.verdict) for one in clusters.audit()] == [(date(2022, 5, 1), CONFIRMED)]


def test_an_unknown_report_is_named_with_those_that_are_near(clusters):
    with pytest.raises(UnknownInitiative):
        clusters.audit()
    clusters.record(report("pr-2023-01", Claim(Members(), "0")))
    with pytest.raises(UnknownReport, match="did you mean 'pr-2023-01'"):
        clusters.audit("pr-2023-10")
    for wrong in ([], "", 7):
        with pytest.raises(BadEvent, match="report"):
            clusters.audit(wrong)


# --- what is stated for the initiative as a whole


def test_a_stated_value_is_compared_on_the_day_from_which_it_certainly_holds(clusters):
    clusters.record(
        MetricDefined("co2", "t", nonnegative=True),
        MetricDefined("rank", additive=False),
        *joined("a", "b"),
        *(MetricUpdated("co2", "2022-03-01", "3 t", member=member) for member in "ab"),
    )
    one, two, *_ = clusters.record(
        MetricUpdated("co2", "2022", "6 t"),
        MetricUpdated("co2", "2022-02-01", ">= 1 t"),
        MetricUpdated("co2", "2022-04-01", None),
        MetricUpdated("rank", "2022-04-01", "5"),
    )
    found = clusters.audit()
    assert [(finding.record, finding.at, finding.verdict) for finding in found] == [
        (one.ref, date(2022, 12, 31), CONFIRMED), (two.ref, date(2022, 2, 1), UNVERIFIABLE),
    ]  # fmt: skip
    assert str(found[0]) == "confirmed: Total co2: 6 t on 2022-12-31, as stated for the initiative."
    clusters.retract(two)
    assert len(clusters.audit()) == 1
    assert clusters.audit(known_at=two.position + 2) == clusters.audit(known_at=two.recorded_at) == found
    assert clusters.audit(known_at=one.position) == ()  # no whole batch
    corrected = clusters.correct(one, amount="7 t")[1]
    clusters.record(MetricUpdated("co2", "2022-03-01", "4 t", member="b"))
    (finding,) = clusters.audit()
    assert (finding.record, finding.when_published.verdict, finding.verdict) == (
        corrected.ref, CONTRADICTED, CONFIRMED,
    )  # fmt: skip


def test_a_stated_bound_is_a_claim_too(clusters):
    clusters.record(
        MetricDefined("co2", "t"), MetricUpdated("co2", "2022", "<= 5 t"), MetricUpdated("co2", "2021", ">= 0 t")
    )
    assert [(str(one.amount), one.verdict) for one in clusters.audit()] == [
        ("<= 5 t", CONFIRMED),
        (">= 0 t", CONFIRMED),
    ]


def test_a_corrected_value_was_stated_when_the_first_one_was_recorded(clusters):
    clusters.record(MetricDefined("co2", "t"), *joined("a"), MetricUpdated("co2", "2022", "1 t", member="a"))
    (first,) = clusters.record(MetricUpdated("co2", "2022", "1 t"))
    clusters.record(MetricUpdated("co2", "2022", "2 t", member="a"))
    clusters.correct(first, amount="2 t")
    (finding,) = clusters.audit()
    assert (finding.when_published.verdict, finding.verdict) == (CONTRADICTED, CONFIRMED)


def test_a_claim_for_the_whole_is_held_against_the_total_unless_there_is_none(clusters):
    clusters.record(MetricDefined("rank", additive=False), *joined("a"))
    claims = [Claim(Value("rank"), "1"), Claim(Value("other"), "1"), Claim(Value("rank", "a"), "1")]
    clusters.record(report("r", claims[0], claims[2]))
    assert [finding.measure for finding in clusters.audit()] == [Value("rank"), Value("rank", "a")]
    clusters.record(MetricDefined("other"))
    assert [(one.measure, one.verdict) for one in clusters.audit(claims=[Claim(claims[1].measure, "1", at=DAY)])] == [
        (Value("other"), UNVERIFIABLE), (Total("other"), UNVERIFIABLE),
    ]  # fmt: skip


# --- where it would hold


@pytest.fixture
def measured(clusters):
    """Three members who report, one of them suspended, and two of whom one is a part of the other."""
    clusters.record(
        MetricDefined("co2", "t", nonnegative=True),
        *joined("a", "b", effective="2021-01-01", country="Spain"),
        *joined("c", effective="2022-06-01", country="UK"),
        MemberSuspended("b", "2022-08-01"),
        *(MetricUpdated("co2", "2021-06-01", amount, member=who) for who, amount in (("a", "1 t"), ("b", "10 t"))),
        MetricUpdated("co2", "2022-07-01", "100 t", member="c"),
    )
    return clusters


@pytest.mark.parametrize(("measure", "amount", "holds_at", "holds_as", "said"), [
    (Members(), "3", "2022-07-31", Members(suspended=True), "It would hold on 2022-07-31 or with the suspended."),
    (Members(suspended=True), "2", "2022-05-31", Members(), "It would hold on 2022-05-31 or without the suspended."),
    (Members(), "0", "2020-12-31", None, "It would hold on 2020-12-31."),
    (Members(), "7", None, None, ""),
    (Joined("2022-01-01"), "2", None, None, ""),
    (Distinct("country"), "1", "2022-05-31", None, "It would hold on 2022-05-31."),
    (Total("co2"), "111 t", "2022-07-31", Total("co2", suspended=True),
     "It would hold on 2022-07-31 or with the suspended."),
    (Total("co2"), "11 t", "2022-05-31", Total("co2", members_at="2022-05-31"),
     "It would hold on 2022-05-31 or over the members of 2022-05-31."),
    (Total("co2", members_at="2022-06-01"), "101 t", None, None, ""),
    (Total("co2", members_at="2022-06-01"), "11 t", None, None, ""),
    (Total("co2", within="1 year"), "11 t", "2022-05-31", None, "It would hold on 2022-05-31."),
    (Value("co2", "a"), "2 t", None, None, ""),
    (Share(Members({"country": "UK"}), Members()), "0", "2022-05-31", None, "It would hold on 2022-05-31."),
])  # fmt: skip
def test_a_contradicted_claim_says_where_it_would_hold(measured, measure, amount, holds_at, holds_as, said):
    (finding,) = measured.audit(claims=[Claim(measure, amount, at=THE_DAY)])
    assert finding.verdict == CONTRADICTED
    assert (finding.holds_at, finding.holds_as) == (holds_at and date.fromisoformat(holds_at), holds_as)
    assert finding.sentence == f"{finding.now.reason} {said}".strip()


def test_the_ends_of_a_rough_day_are_days_of_change(clusters):
    clusters.record(*joined("a", effective="2022-06/2022-08"))
    early, late = clusters.audit(claims=[Claim(Members(), "0", at=THE_DAY), Claim(Members(), "1", at="2022-01-01")])
    assert (early.holds_at, late.holds_at) == (date(2022, 5, 31), date(2022, 8, 31))


def test_many_values_between_do_not_hide_the_members_of_another_day(clusters):
    clusters.record(
        MetricDefined("co2", "t"),
        *joined("a", "b"),
        MemberLeft("b", "2022-06-01"),
        MetricUpdated("co2", "2022-01-01", "5 t", member="b"),
        *(MetricUpdated("co2", DAY - timedelta(days=by), "1 t", member="a") for by in range(120)),
    )
    claims = [Claim(Total("co2", within=within), "6 t", at=THE_DAY) for within in (None, "2 years")]
    assert [one.holds_as and one.holds_as.members_at for one in clusters.audit(claims=claims)] == [
        date(2022, 5, 31), date(2022, 5, 31),
    ]  # fmt: skip


def test_a_total_may_be_that_of_the_parts_or_of_the_wholes(clusters):
    clusters.record(
        MetricDefined("co2", "t"),
        *joined("union", "spain", "italy"),
        *(MemberChanged(state, "2022-01-01", part_of="union") for state in ("spain", "italy")),
        *(MetricUpdated("co2", "2022-01-01", f"{amount} t", member=member)
          for member, amount in (("union", 10), ("spain", 4), ("italy", 5))),
    )  # fmt: skip
    claims = [
        Claim(Total("co2", overlap=overlap), f"{amount} t", at=THE_DAY)
        for overlap, amount in (("refuse", 9), ("parts", 9), ("parts", 10), ("whole", 9), ("whole", 19))
    ]
    found = clusters.audit(claims=claims)
    assert [(finding.verdict, finding.holds_as) for finding in found] == [
        (UNVERIFIABLE, None), (CONFIRMED, None), (CONTRADICTED, Total("co2", overlap="whole")),
        (CONTRADICTED, Total("co2", overlap="parts")), (CONTRADICTED, None),
    ]  # fmt: skip
    assert found[2].sentence.endswith(" It would hold adding up the wholes.")
    assert [finding.holds_at for finding in found] == [None] * 5
    assert found[2].to_row()["holds_as"] == "adding up the wholes"


def test_where_it_holds_is_as_known_too(measured):
    claim = Claim(Members(), "3", at=THE_DAY)
    known_at = [record.position for record in measured.records()][-1]
    before = measured.audit(known_at=known_at, claims=[claim])
    measured.correct(measured.history("b")[-1].record, effective="2022-07-15")
    (finding,) = measured.audit(claims=[claim])
    assert (before[0].holds_at, finding.holds_at) == (date(2022, 7, 31), date(2022, 7, 14))
    measured.record(*joined("d"))
    for moment, amount in ((known_at, "3"), (None, "4")):
        (finding,) = measured.audit(known_at=moment, claims=[evolve(claim, amount=amount)])
        assert (finding.verdict, finding.holds_as) == (CONTRADICTED, Members(suspended=True))
    assert measured.audit(known_at=known_at, claims=[claim]) == before


@pytest.mark.parametrize("measure", [
    Total("co2", within="9 years"),
    Total("co2", members_at="2022-01-01"),
    Share(Total("co2", within="9 years"), Total("co2")),
    Total("co2"),
])  # fmt: skip
def test_a_total_that_is_read_day_by_day_is_tried_on_the_hundred_nearest_days(clusters, measure):
    first = date(2022, 1, 1)
    clusters.record(MetricDefined("co2", "t"), *joined("a"))
    clusters.record(*(MetricUpdated("co2", first + timedelta(days=by), f"{by + 1} t", member="a") for by in range(150)))
    shared = isinstance(measure, Share)
    claims = [Claim(measure, "2" if shared else f"{amount} t", at="2022-05-30") for amount in (50, 49)]
    far, too_far = (finding.holds_at for finding in clusters.audit(claims=claims))
    assert far == (None if shared else date(2022, 2, 19))
    has_sums = isinstance(measure, Total) and measure.within is None
    assert too_far == (date(2022, 2, 18) if has_sums else None)
    clusters.record(*joined("b", "c", effective="2030-01-01"), MemberChanged("b", "2030-01-01", part_of="c"))
    assert [finding.holds_at for finding in clusters.audit(claims=claims)] == [far, too_far]


def test_the_members_of_another_day_and_what_can_be_totalled_are_as_known_too(clusters):
    *_, last = clusters.record(
        MetricDefined("co2", "t"), *joined("a"), MetricUpdated("co2", "2022-02-01", "1 t", member="a")
    )
    claims = [
        Claim(Total("co2", members_at="2022-03-01"), "1 t", at=THE_DAY),
        Claim(Total("co2"), "3 t", at=THE_DAY),
        Claim(Value("jobs"), "3", at=THE_DAY),
    ]
    clusters.record(MetricDefined("jobs"), *joined("b"), MetricUpdated("co2", "2022-02-01", "2 t", member="b"))
    clusters.record(MemberLeft("b", "2022-06-01"))
    then, now = (clusters.audit(known_at=known_at, claims=claims) for known_at in (last.position, None))
    assert [(one.measure, one.verdict) for one in then] == [
        (claims[0].measure, CONFIRMED), (claims[1].measure, CONTRADICTED), (Value("jobs"), NOT_COMPARABLE),
    ]  # fmt: skip
    assert [(one.measure, one.verdict) for one in now] == [
        (claims[0].measure, CONTRADICTED), (claims[1].measure, CONTRADICTED),
        (Value("jobs"), UNVERIFIABLE), (Total("jobs"), UNVERIFIABLE),
    ]  # fmt: skip
    assert (then[1].holds_as, now[1].holds_as) == (None, Total("co2", members_at="2022-05-31"))


# --- claims that are not recorded


def test_claims_are_audited_without_being_recorded(seed):
    version = len(list(seed.records()))
    found = seed.audit(claims=(Claim(Members(), amount, at=THE_DAY) for amount in ("17", "18")))
    assert told(found) == [(None, 0, CONFIRMED), (None, 1, CONTRADICTED)]
    assert {(one.record, one.when_published, one.restated, one.initiative) for one in found} == {
        (None, None, False, "clusters")
    }
    assert len(list(seed.records())) == version
    assert seed.audit(claims=[]) == ()
    (rough,) = seed.audit(known_at=5, claims=[Claim(Members(), "8", at="2023-01-19")])
    assert rough.verdict == CONTRADICTED


@pytest.mark.parametrize(("claims", "error", "message"), [
    ([Claim(Members(), "1")], BadInput, "claim 0 is of no day"),
    ([Claim(Members(), "1", at=DAY), "17"], BadInput, "claim 1: a Claim was expected, not str"),
    (Claim(Members(), "1", at=DAY), BadInput, "claims must be several Claims"),
    ({Claim(Members(), "1", at=DAY)}, BadInput, "several Claims in a list or a tuple, not set"),
    (frozenset(), BadInput, "several Claims in a list or a tuple, not frozenset"),
    ([Claim(Total("c02"), "1", at=DAY, text="row 5")], UnknownMetric, r"claim 0 \('row 5'\)"),
    ([Claim(Total("share"), "1%", at=DAY, text="row 5")], NotAdditive, r"^claim 0 \('row 5'\): metric 'share'"),
    ([Claim(Total("c02"), "1", at=DAY)], UnknownMetric, "'c02' is known; did you mean 'co2'.*claim 0"),
    ([Claim(Members(), "1", at=DAY), Claim(Share(Members(), Value("co3")), "1", at=DAY)], UnknownMetric, "claim 1"),
    ([Claim(Value("co2", "baske"), "1", at=DAY)], UnknownMember, "did you mean 'basque'.*claim 0"),
    ([Claim(Distinct("contry"), "1", at=DAY)], UnknownAttribute, "did you mean 'country'"),
    ([Claim(Members({"sector": "steel"}), "1", at=DAY)], UnknownAttribute, "'sector'"),
    ([Claim(Total("co2", {"sector": "steel"}), "1", at=DAY)], UnknownAttribute, "'sector'"),
    ([Claim(Joined(DAY, {"sector": "steel"}), "1", at=DAY)], UnknownAttribute, "'sector'"),
    ([Claim(Total("share"), "1%", at=DAY)], NotAdditive, "claim 0: metric 'share' is not additive"),
    ([Claim(Share(Total("co2"), Total("share")), "1%", at=DAY)], NotAdditive, "claim 0: metric 'share'"),
    ([Claim(Members(), "1", at=DAY), Claim(Total("share"), "1%", at=DAY)], NotAdditive, "claim 1: metric 'share'"),
])  # fmt: skip
def test_claims_of_what_nobody_recorded_are_refused(seed, claims, error, message):
    with pytest.raises(error, match=message):
        seed.audit(claims=claims)


def test_a_report_and_claims_are_not_asked_together(seed):
    with pytest.raises(BadInput, match="report='press-release' and claims were given"):
        seed.audit("press-release", claims=[Claim(Members(), "17", at=DAY)])


def test_a_metric_that_was_not_defined_by_then_is_not_comparable(seed):
    known_at = [record.position for record in seed.records()][-1]
    seed.record(MetricDefined("pledges"))
    for metric in ("pledges", "co2"):
        (finding, *_) = seed.audit(known_at=known_at, claims=[Claim(Total(metric), "1", at=DAY)])
        assert finding.verdict == NOT_COMPARABLE
        assert (finding.figure is None) is (metric == "pledges")


# --- as rows


def test_a_row_holds_plain_values(measured):
    measured.record(report("r", Claim(Members(), "3")), source="a release")
    measured.record(*joined("d"))
    (finding,) = measured.audit()
    assert finding.to_row() == {
        "report": "r",
        "index": 0,
        "measure": "Members",
        "at": DAY,
        "claimed": "3",
        "verdict": "confirmed",
        "figure": "3",
        "envelope": "3",
        "gap": "0",
        "members": 3,
        "reporting": 3,
        "restated": True,
        "verdict_when_published": "contradicted",
        "figure_when_published": "2",
        "holds_at": None,
        "holds_as": None,
        "record": finding.record.id,
        "sentence": finding.sentence,
    }
    (finding,) = measured.audit(claims=[Claim(Members(), "4", at=DAY)])
    row = finding.to_row()
    assert (row["record"], row["verdict_when_published"], row["figure_when_published"]) == (None, None, None)
    assert (row["holds_as"], row["gap"]) == ("with the suspended", "1")


def test_a_row_counts_the_members_and_those_who_report(measured):
    measured.record(*joined("d"), report("r", Claim(Total("co2"), "101 t")))
    measured.record(MetricUpdated("co2", "2022-01-01", "1 t", member="d"))
    (finding,) = measured.audit(known_at=[record.position for record in measured.records()][-2])
    row = finding.to_row()
    assert (row["members"], row["reporting"], row["figure"], row["envelope"]) == (3, 2, "101 t", ">= 101 t")
    (finding,) = measured.audit()
    assert " When it was published it was unverifiable, by >= 101 t; what has" in finding.sentence


def test_a_basis_is_told_by_what_differs():
    both = Total("co2", members_at="2020-02-01", overlap="parts")
    assert basis(evolve(both, suspended=True), both) == "with the suspended"
    assert basis(both, evolve(both, suspended=True)) == "without the suspended"
    assert basis(evolve(both, overlap="whole"), both) == "adding up the wholes"
    assert basis(both, evolve(both, overlap="refuse")) == "adding up the parts"


# --- laws


def stored(store, initiative, records):
    """Write a drawn history in a file, a batch a record; events that the rules would refuse as well."""
    ids, ranks, gone = {}, {}, set()
    for record in records:
        event = record.event
        if isinstance(event, RecordRetracted):
            if event.record not in ids or event.record in gone:  # no store takes that
                continue
            gone.add(event.record)
            event = evolve(event, record=ids[event.record])
        new = ids[record.id] = str(uuid4())
        replaces = record.replaces if record.replaces != record.id and record.replaces in ids else None
        with store.writing(initiative) as append:
            ranks[record.id] = ranks.get(replaces, append.head.version + 1)
            entries = entries_of([event], append.head, {0: ranks[record.id]})
            moment = (append.head.recorded_at or datetime(2024, 1, 1, tzinfo=UTC)) + timedelta(days=1)
            _, rows = written(
                entries,
                initiative=initiative,
                head=append.head,
                tree=append.tree,
                ids=[new],
                recorded_at=moment,
                terms=Terms(),
                replaces={0: ids[replaces]} if replaces else {},
            )
            append.append(entries, rows)


@st.composite
def claims(draw, days):
    """Draw one of `questions`, or a share of two, and an amount that it may well have."""
    measure = draw(questions(metrics=3, bases=True))
    if draw(st.sampled_from([False, False, True])):
        measure = Share(measure, draw(questions()))
    unit = "t" if getattr(measure, "metric", None) in ("co2", "net") else ""
    amount = draw(st.sampled_from(["0", "1", "2", "3", "-1", "1..2", ">= 2", "<= 1"]))
    definition = draw(st.sampled_from([None, None, None, "x"]))
    return Claim(measure, f"{amount} {unit}".strip(), at=draw(st.sampled_from(days)), definition=definition)


@st.composite
def published(draw, drawn):
    """Draw a history of `ledger.testing`, with claims in its reports, and with two more reports put in.

    `reports_with_true_claims` and their like are of what is known in the end; these are recorded in the middle.
    """
    records = draw(drawn)
    days = [day for day in breakpoints(records) if day < date(9000, 1, 1)]
    several = st.lists(claims(days), min_size=1, max_size=3)
    reporting = [
        evolve(record, event=evolve(record.event, effective="9999-12-31", claims=draw(several)))
        if isinstance(record.event, ReportPublished)
        else record
        for record in records
    ]
    for name in ("first", "second") if records else ():
        event = ReportPublished(name, "9999-12-31", claims=draw(several))
        place = draw(st.integers(0, len(reporting)))
        reporting.insert(place, evolve(records[0], id=name, event=event, replaces=None))
    return reporting


def amounts_of(checked):
    figure = checked.figure
    return checked.verdict, checked.gap, checked.reason, checked.records, figure and (figure.amount, figure.envelope)


@given(published(histories(parts=True, max_size=9) | hostile_histories(parts=True, max_size=9)), st.data())
@settings(max_examples=EXAMPLES // 2)
def test_findings_are_those_of_the_replay_then_and_now(drawn, data):
    with ledger.open(":memory:") as book:
        stored(book._store, "clusters", drawn)
        clusters = book.initiative("clusters")
        if not drawn:
            return
        records = list(clusters.records())
        known_at = data.draw(st.none() | st.sampled_from([record.position for record in records]))
        by_id = {record.id: record for record in records}
        for finding in clusters.audit(known_at=known_at):
            now = replay(records, at=finding.at, known_at=known_at)
            first = by_id[finding.record.id]
            event = first.event
            while first.replaces is not None and by_id[first.replaces].version < first.version:
                first = by_id[first.replaces]
            then = replay(records, at=finding.at, known_at=first.position)
            assert amounts_of(finding.now) == amounts_of(check(finding.claim, now, finding.measure))
            assert amounts_of(finding.when_published) == amounts_of(check(finding.claim, then, finding.measure))
            assert finding.verdict in VERDICTS
            differs = amounts_of(finding.now)[::4] != amounts_of(finding.when_published)[::4]
            if finding.verdict == finding.when_published.verdict == NOT_COMPARABLE:
                differs = False
            assert finding.restated is differs
            assert bool(finding.changed_by) is differs
            assert set(finding.changed_by) <= {record.ref for record in records}
            for why in finding.why:
                assert differs
                assert (why.opening, why.closing) == (then.measure(why.measure), now.measure(why.measure))
            assert str(finding).isprintable()
            assert finding.to_row()["sentence"] == finding.sentence
            if finding.report is None:
                assert event == MetricUpdated(
                    finding.measure.metric, event.effective, finding.amount, period=event.period
                )
                assert finding.at == event.effective.latest
            else:
                assert event.claims[finding.index] == finding.claim
        reports = replay(records, at=date.max, known_at=known_at).reports
        made = {(name, index) for name, report in reports.items() for index, _ in enumerate(report.claims)}
        assert {(one.report, one.index) for one in clusters.audit(known_at=known_at) if one.report} == made


@given(published(histories(parts=True, max_size=9)), st.data())
def test_findings_do_not_change_when_more_is_recorded(drawn, data):
    with ledger.open(":memory:") as book:
        clusters = book.initiative("clusters")
        cut = data.draw(st.integers(0, len(drawn)))
        stored(book._store, "clusters", drawn[:cut])
        if not cut:
            return
        known_at = book._store.position()
        before = clusters.audit()
        ids = dict(zip((record.id for record in drawn[:cut]), clusters.records(), strict=True))
        for record in drawn[cut:]:
            try:
                if isinstance(record.event, RecordRetracted):
                    clusters.retract(ids[record.event.record])
                elif record.replaces is None:
                    (ids[record.id],) = clusters.record(record.event)
            except (LedgerError, KeyError):
                continue  # without the corrections some is not possible
        assert clusters.audit(known_at=known_at) == before
        then = {(one.record, one.index, one.measure, one.claim): one.when_published for one in before}
        for finding in clusters.audit():
            key = finding.record, finding.index, finding.measure, finding.claim
            assert then.get(key, finding.when_published) == finding.when_published


@given(published(histories(max_size=9)), st.data())
@settings(max_examples=EXAMPLES // 2)
def test_a_claim_holds_where_it_is_said_to_and_on_no_nearer_day(drawn, data):
    with ledger.open(":memory:") as book:
        stored(book._store, "clusters", drawn)
        clusters = book.initiative("clusters")
        for finding in clusters.audit() if drawn else ():
            claim, measure, at = finding.claim, finding.measure, finding.at
            if finding.verdict != CONTRADICTED:
                assert finding.holds_at is finding.holds_as is None
                continue
            if finding.holds_as is not None:
                assert claim.amount.contains(clusters.at(at).measure(finding.holds_as).envelope)
            if getattr(measure, "within", None) or getattr(measure, "members_at", None):
                continue  # each day would take too long
            line = clusters.timeline(measure)
            far = REACH.days if finding.holds_at is None else abs(finding.holds_at - at).days
            if finding.holds_at is not None:
                assert claim.amount.contains(line.at(finding.holds_at).envelope)
            for by in range(1, min(far, 500)):
                for day in (at - timedelta(days=by), at + timedelta(days=by)):
                    assert not claim.amount.contains(line.at(day).envelope)


@given(published(histories(max_size=9)))
@settings(max_examples=EXAMPLES // 4)
def test_each_state_is_read_once(drawn):
    with ledger.open(":memory:") as book:
        stored(book._store, "clusters", drawn)
        if drawn:
            audit = Audit("clusters", book._store, None)
            found = audit.of_reports(book._store.names("clusters", "report"))
            asked = {(one.at, None) for one in found} | {(one.at, one.record) for one in found} | {(date.max, None)}
            assert audit._state.cache_info().misses <= len(asked)
