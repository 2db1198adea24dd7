"""Drawn reports claim what holds, or what does not; and an audit says so."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from ledger import (
    Distinct,
    MemberJoined,
    Members,
    MetricDefined,
    MetricUpdated,
    Quantity,
    RecordRetracted,
    Share,
    Total,
    Value,
    replay,
)
from ledger.testing.ledgers import ledger_of, ledgers
from ledger.testing.reports import claimable, covering, missing_it, widened
from ledger.testing.scripts import history_of
from ledger.testing.strategies import histories, questions, reports_with_false_claims, reports_with_true_claims

ALL = {"metrics": 3, "parts": True}


def verdicts_of(club, report):
    club.record(report)
    return [finding.verdict for finding in club.audit(report.report) if finding.measure == finding.claim.measure]


@given(ledgers(**ALL), st.data())
def test_true_claims_are_recorded_and_confirmed(book, data):
    club = book.initiative("clusters")
    report = data.draw(reports_with_true_claims(club))
    assert verdicts_of(club, report) == ["confirmed"] * len(report.claims)


@given(ledgers(**ALL), st.data())
def test_false_claims_are_recorded_and_contradicted(book, data):
    club = book.initiative("clusters")
    report = data.draw(reports_with_false_claims(club, report="annual"))
    assert report.report == "annual"
    assert verdicts_of(club, report) == ["contradicted"] * len(report.claims)


@given(histories(), questions())
def test_what_covers_a_figure_holds_it_whole_and_what_misses_it_nothing_of_it(records, measure):
    state = replay(records, at="2021-06-30")
    if getattr(measure, "metric", "") not in {"", *state.metrics}:
        return
    figure = state.measure(measure)
    assert covering(figure).contains(figure.envelope)
    assert widened(covering(figure), Decimal(2)).contains(covering(figure))
    assert not any(amount.meets(figure.envelope) for amount in missing_it(figure))
    assert bool(missing_it(figure)) == (figure.envelope.low is not None or figure.envelope.high is not None)


def test_a_share_without_a_finite_decimal_is_rounded_outwards():
    stated = [event for name, amount in (("a", "1"), ("b", "3")) for event in defined_as(name, amount)]
    figure = replay(history_of(stated), at="2021-01-01").measure(Share(Value("a"), Value("b")))
    assert figure.amount == Quantity(Fraction(1, 3), Fraction(1, 3))
    assert covering(figure) == Quantity.parse("0.333333333..0.333333334")
    assert [str(amount) for amount in missing_it(figure, Decimal("0.5"))] == [
        *("-0.166666667", "<= -0.166666667", "0.833333334", ">= 0.833333334")
    ]


def defined_as(metric, amount):
    return MetricDefined(metric), MetricUpdated(metric, "2021-01-01", amount)


def test_a_metric_that_cannot_be_summed_is_claimed_of_members_alone():
    history = history_of([MetricDefined("co2"), MetricDefined("rank", additive=False), MemberJoined("ada", "2021")])
    measures = list(claimable(replay(history, at="2022-01-01"), history))
    assert Value("rank", "ada") in measures
    assert {measure.metric for measure in measures if isinstance(measure, Total)} == {"co2"}


def test_a_count_of_what_members_are_given_is_claimed_too():
    history = history_of([MemberJoined("ada", "2021", attributes={"city": "Bilbao"})])
    measures = list(claimable(replay(history, at="2022-01-01"), history))
    assert {Distinct("city"), Members({"city": None})} <= {*measures}


@pytest.mark.parametrize(
    ("strategy", "verdict"), [(reports_with_true_claims, "confirmed"), (reports_with_false_claims, "contradicted")]
)
def test_a_report_claims_a_total_or_a_value_too(strategy, verdict):
    stated = (
        MetricDefined("co2", "t", nonnegative=True),
        MemberJoined("a", "2020"),
        MetricUpdated("co2", "2021", "1 t", "a"),
    )
    taken_back = MemberJoined("b", "2020", attributes={"country": "Spain"})
    with ledger_of(("clusters", *stated), ("clusters", taken_back), ("clusters", RecordRetracted("r4"))) as book:
        club = book.initiative("clusters")
        found = find(
            strategy(club),
            lambda report: any(isinstance(claim.measure, Total | Value) for claim in report.claims),
            settings=settings(max_examples=1_000, derandomize=True, database=None, phases=[Phase.generate]),
        )
        assert verdicts_of(club, found) == [verdict] * len(found.claims)
