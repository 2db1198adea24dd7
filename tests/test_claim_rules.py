"""What a report may claim, and what stays needed once it has claimed it: every rule by example, and on histories."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

import ledger
from ledger import (
    Claim,
    Distinct,
    Joined,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    Members,
    MetricDefined,
    MetricUpdated,
    RecordRetracted,
    Refused,
    ReportPublished,
    Share,
    Total,
    Value,
)

CO2 = MetricDefined("co2", unit="t", nonnegative=True)
RANK = MetricDefined("rank", additive=False)
SPAIN = {"country": "Spain"}
BASQUE = MemberJoined("basque", "2021", attributes=SPAIN)


@pytest.fixture
def clusters(ledger_book):
    return ledger_book.initiative("clusters")


def report(*measures, name="pr-2023-01", text=""):
    return ReportPublished(name, "2023-01-20", claims=[Claim(measure, "1", text=text) for measure in measures])


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


# --- where the claim stands in its report


def test_the_claim_is_named_by_its_report_its_place_and_its_text(clusters):
    published = ReportPublished(
        "pr-2023-01",
        "2023-01-20",
        claims=[Claim(Members(), "17"), Claim(Total("co2"), "451 t", text="451 Mt of CO2 emitted per year")],
    )
    violation = refused_once(clusters, BASQUE, published)
    assert (violation.index, violation.code, violation.clash) == (1, "unknown-metric", None)
    assert violation.reason == (
        "report 'pr-2023-01', claim 1 ('451 Mt of CO2 emitted per year'): metric 'co2' is not defined: "
        "record a MetricDefined first, or check the name (known: none)"
    )


def test_one_slip_in_many_claims_is_told_once(clusters):
    violation = refused_once(clusters, report(Members(), Total("co2"), Share(Total("co2"), Value("co2")), Value("co2")))
    assert violation.reason.startswith("report 'pr-2023-01', claim 1 and 2 more: metric 'co2' is not defined")


def test_all_slips_of_all_claims_are_told_at_once(clusters):
    clusters.record(RANK, BASQUE)
    batch = [
        report(Value("rnk", "basq"), Distinct("contry"), Total("rank", {"secter": "steel"})),
        report(Total("rank"), name="pr-2024-01"),
    ]
    assert codes(refused(clusters, *batch)) == [
        (0, "unknown-metric"), (0, "unknown-member"), (0, "unknown-attribute"), (0, "not-additive"),
        (0, "unknown-attribute"), (1, "not-additive"),
    ]  # fmt: skip


# --- metrics and members


def test_a_total_of_a_metric_that_has_none_is_refused(clusters):
    clusters.record(RANK, CO2)
    for measure in Total("rank"), Share(Total("rank"), Members()), Share(Members(), Total("rank")):
        violation = refused_once(clusters, report(measure, text="rank"))
        assert (violation.code, violation.clash) == ("not-additive", None)
        assert violation.reason == (
            "report 'pr-2023-01', claim 0 ('rank'): metric 'rank' is not additive, so it has no total: "
            "claim a Value of it, or check the name"
        )
    clusters.record(report(Value("rank"), Total("co2")))


def test_a_definition_of_the_same_batch_counts_from_its_place_on(clusters):
    assert codes(refused(clusters, report(Total("rank")), RANK)) == [(0, "unknown-metric")]
    assert codes(refused(clusters, RANK, report(Total("rank")))) == [(1, "not-additive")]
    assert codes(refused(clusters, MetricDefined("rank"), RANK, report(Total("rank")))) == [(2, "not-additive")]
    clusters.record(MetricDefined("rank"), report(Total("rank")))
    late = report(Total("rank"), name="late")
    assert codes(refused(clusters, report(Total("rank"), name="early"), RANK, late)) == [(2, "not-additive")]


def test_a_claim_about_one_who_never_was_a_member_is_refused_by_its_place(clusters):
    clusters.record(CO2)
    violation = refused_once(clusters, report(Value("co2"), Value("co2", "ghost")))
    assert (violation.code, violation.clash) == ("unknown-member", None)
    assert violation.reason == (
        "report 'pr-2023-01', claim 1: 'ghost' has never been a member: record the joining first, or check the id"
    )
    clusters.record(MemberJoined("ghost", "2021"), report(Value("co2", "ghost")))


# --- attributes


@pytest.mark.parametrize("measure", [
    Distinct("contry"), Distinct("country", {"contry": "Spain"}), Members({"contry": "Spain"}),
    Members({"contry": None}), Joined("2022-01-01", {"contry": "Spain"}), Total("co2", {"contry": "Spain"}),
    Share(Members({"contry": "Spain"}), Members()), Share(Members(), Distinct("contry")),
])  # fmt: skip
def test_an_attribute_that_nobody_was_ever_given_is_refused_with_near_names(clusters, measure):
    clusters.record(CO2, BASQUE, MemberJoined("ohio", "2022", attributes={"sector": "steel"}))
    violation = refused_once(clusters, report(Members(SPAIN), measure))
    assert (violation.code, violation.index, violation.clash) == ("unknown-attribute", 0, None)
    assert violation.reason == (
        "report 'pr-2023-01', claim 1: no member was ever given an attribute 'contry': did you mean 'country'? "
        "record what gives it first, or check the name (known: country, sector)"
    )
    clusters.record(MemberChanged("ohio", "2023", attributes={"contry": "USA"}))
    clusters.record(report(measure))


def test_every_near_name_is_told(clusters):
    clusters.record(MemberJoined("basque", "2021", attributes={"country": "Spain", "county": "Biscay"}))
    violation = refused_once(clusters, report(Distinct("countri")))
    assert "'countri': did you mean 'country' or 'county'? record" in violation.reason


def test_where_no_name_is_near_those_known_are_named(clusters):
    violation = refused_once(clusters, report(Distinct("country")))
    assert violation.reason == (
        "report 'pr-2023-01', claim 0: no member was ever given an attribute 'country': "
        "record what gives it first, or check the name (known: none)"
    )
    many = {f"attribute {number:02}": "x" for number in range(12)}
    violation = refused_once(clusters, MemberJoined("basque", "2021", attributes=many), report(Distinct("country")))
    assert violation.reason.endswith(f"(known: {', '.join(sorted(many)[:10])})")


def test_an_attribute_of_the_initiative_is_none_of_its_members(clusters):
    launched = ledger.InitiativeLaunched("2021", name="Clusters", attributes={"region": "world"})
    assert codes(refused(clusters, launched, report(Distinct("region")))) == [(1, "unknown-attribute")]
    clusters.record(launched)
    assert refused_once(clusters, report(Distinct("region"))).code == "unknown-attribute"


def test_an_attribute_that_was_only_ever_taken_away_was_never_given(clusters):
    clusters.record(BASQUE, MemberChanged("basque", "2022", attributes={"sector": None}))
    assert refused_once(clusters, report(Distinct("sector"))).code == "unknown-attribute"
    taken = MemberChanged("basque", "2022", attributes={"cohort": None})
    assert refused_once(clusters, taken, report(Distinct("cohort"))).code == "unknown-attribute"


def test_an_attribute_that_somebody_had_is_known_even_where_it_ended(clusters):
    clusters.record(BASQUE, MemberChanged("basque", "2022", attributes={"country": None}), MemberLeft("basque", "2023"))
    clusters.record(report(Distinct("country")))


def test_an_attribute_whose_records_were_all_retracted_is_not_known(clusters):
    (joined,) = clusters.record(BASQUE)
    given = report(Distinct("country"))
    assert codes(refused(clusters, RecordRetracted(joined.id), given)) == [(1, "unknown-attribute")]
    clusters.retract(joined)
    violation = refused_once(clusters, given)
    assert violation.code == "unknown-attribute"
    assert "did you mean" not in violation.reason
    clusters.record(BASQUE)
    clusters.record(given)


def test_a_retraction_counts_from_its_place_in_the_batch_on(clusters):
    (joined,) = clusters.record(BASQUE)
    first, second = report(Distinct("country")), report(Distinct("country"), name="pr-2024-01")
    assert codes(refused(clusters, first, RecordRetracted(joined.id), second)) == [(2, "unknown-attribute")]
    clusters.record(first, RecordRetracted(joined.id))


def test_earlier_events_of_the_batch_count_and_later_ones_do_not(clusters):
    assert codes(refused(clusters, report(Distinct("country")), BASQUE)) == [(0, "unknown-attribute")]
    another = MemberJoined("ohio", "2022", attributes={"country": "USA"})
    clusters.record(BASQUE, report(Distinct("country"), Members(SPAIN)), another, report(Members(SPAIN), name="b"))


def test_a_corrected_report_is_held_against_the_rules_anew(clusters):
    _, published = clusters.record(BASQUE, report(Distinct("country")))
    with pytest.raises(Refused, match="unknown-attribute"):
        clusters.correct(published, claims=[Claim(Distinct("contry"), "9")])
    clusters.correct(published, claims=[Claim(Distinct("country"), "9")])


def test_a_batch_without_reports_and_wholes_pays_nothing_for_their_rules(clusters, monkeypatch):
    def never(*_):
        raise AssertionError("nobody claims anything, or is part of anything")

    monkeypatch.setattr("ledger.recording.claim_rules._claims_of", never)
    monkeypatch.setattr("ledger.recording.part_rules._links_by", never)
    clusters.record(CO2, BASQUE, MetricUpdated("co2", "2022", "1 t", member="basque"))


# --- what is still needed


def test_the_definition_of_a_metric_is_still_needed_by_claims_on_it(clusters):
    defined, published = clusters.record(CO2, report(Members(), Total("co2")))
    violation = refused_once(clusters, RecordRetracted(defined.id))
    assert (violation.code, violation.clash) == ("still-needed", None)
    assert violation.reason == (
        f"record {published.id} speaks of metric 'co2': retract all of them together, with "
        "record(RecordRetracted(...), ...), or correct this record instead"
    )
    with pytest.raises(Refused, match=f"record {published.id} speaks of metric 'co2': let its replacement speak of"):
        clusters.correct(defined, metric="carbon")
    clusters.correct(defined, title="CO2 emitted")
    (defined,) = [entry.record for entry in clusters.history(metric="co2") if not entry.retracted]
    clusters.record(RecordRetracted(defined.id), RecordRetracted(published.id))


def test_a_claim_and_a_value_need_a_definition_both(clusters):
    defined, value, published = clusters.record(CO2, MetricUpdated("co2", "2022", "1 t"), report(Value("co2")))
    violation = refused_once(clusters, RecordRetracted(defined.id))
    assert violation.reason.startswith(f"record {value.id}, record {published.id} speak of metric 'co2': ")


def test_the_joining_of_a_member_is_still_needed_by_claims_on_its_values(clusters):
    _, joined, published, _ = clusters.record(
        CO2, MemberJoined("basque", "2021"), report(Share(Value("co2", "basque"), Value("co2"))),
        report(Members(), name="other"),
    )  # fmt: skip
    violation = refused_once(clusters, RecordRetracted(joined.id))
    assert violation.code == "still-needed"
    assert violation.reason.startswith(f"record {published.id} speaks of member 'basque': retract all of them")
    with pytest.raises(Refused, match=r"record\(RecordRetracted\(...\), ...\)"):
        clusters.retract(joined)
    clusters.retract(published)
    clusters.retract(joined)


def test_a_claim_of_the_same_batch_needs_them_too(clusters):
    defined, joined = clusters.record(CO2, MemberJoined("basque", "2021"))
    gone = RecordRetracted(defined.id), RecordRetracted(joined.id)
    violations = refused(clusters, report(Value("co2", "basque")), *gone)
    assert codes(violations) == [(1, "still-needed"), (2, "still-needed")]
    assert violations[0].reason.startswith("event 0 of this batch speaks of metric 'co2'")
    clusters.record(*gone)


def test_a_metric_and_a_member_of_one_name_are_not_mixed_up(clusters):
    _, joined, _ = clusters.record(MetricDefined("basque"), MemberJoined("basque", "2021"), report(Value("basque")))
    clusters.retract(joined)


def test_a_definition_that_is_not_the_only_one_may_go(clusters):
    defined, _, _ = clusters.record(CO2, CO2, report(Value("co2")))
    clusters.retract(defined)


# --- on histories

NAMES = st.sampled_from(["country", "sector", "co2", "rank", "basque"])
MEASURES = st.one_of(
    st.builds(Members, st.none() | st.dictionaries(NAMES, st.just("x"), max_size=2)),
    st.builds(Distinct, NAMES),
    st.builds(Total, NAMES, st.none() | st.dictionaries(NAMES, st.just("x"), max_size=1)),
    st.builds(Value, NAMES, st.none() | NAMES),
)
EVENTS = st.one_of(
    st.builds(lambda *measures: report(*measures, name="r"), MEASURES, MEASURES | st.builds(Share, MEASURES, MEASURES)),
    st.builds(
        lambda member, given: MemberJoined(member, "2021", attributes=given),
        NAMES,
        st.dictionaries(NAMES, st.just("x"), max_size=2),
    ),
    st.builds(lambda metric, additive: MetricDefined(metric, additive=additive), NAMES, st.booleans()),
)


CODES = {"unknown-metric", "unknown-member", "unknown-attribute", "not-additive"}


def parts_of(measure):
    return (measure.part, measure.whole) if isinstance(measure, Share) else (measure,)


def is_sound(standing):
    """Does every claim speak of what stands and was recorded before it, in the plainest way?"""
    for place, event in enumerate(standing):
        for measure in (part for claim in getattr(event, "claims", ()) for part in parts_of(claim.measure)):
            before = standing[:place]
            defined = {one.metric: one for one in before if isinstance(one, MetricDefined)}
            given_names = {name for one in before if isinstance(one, MemberJoined) for name in one.attributes}
            asked = {name for name, _ in getattr(measure, "where", ())} | {getattr(measure, "attribute", None)}
            metric, member = getattr(measure, "metric", None), getattr(measure, "member", None)
            if not asked - {None} <= given_names or (metric is not None and metric not in defined):
                return False
            if isinstance(measure, Total) and not defined[metric].additive:
                return False
            if member is not None and member not in {one.member for one in before if isinstance(one, MemberJoined)}:
                return False
    return True


def renamed(events):
    """Give each report a name of its own, and let everybody join once."""
    seen = set()
    for number, event in enumerate(events):
        if isinstance(event, MemberJoined) and event.member in seen:
            continue
        seen.add(getattr(event, "member", None))
        yield evolve(event, report=f"report {number}") if isinstance(event, ReportPublished) else event


@given(st.lists(EVENTS, max_size=12), st.lists(st.integers(1, 4), min_size=12, max_size=12))
def test_a_report_is_recorded_if_and_only_if_all_its_claims_speak_of_what_is_known(events, sizes):
    events = list(renamed(events))
    recorded = []
    with ledger.open(":memory:") as book:
        clusters = book.initiative("clusters")
        for size in sizes:
            batch, events = [one for one in events[:size] if one not in recorded], events[size:]
            if is_sound(recorded + batch):
                clusters.record(*batch)
                recorded += batch
            else:
                found = {(one.index, one.code) for one in refused(clusters, *batch)}
                assert all(isinstance(batch[index], ReportPublished) for index, _ in found)
                assert {code for _, code in found} <= CODES
