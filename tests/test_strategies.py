"""What `ledger.testing.strategies` draws: valid values of every form, within what was asked."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument, NoSuchExample

from ledger.model.events import EVENTS, MemberChanged, MemberJoined, MetricUpdated, ReportPublished
from ledger.model.exact import number
from ledger.model.fields import require_id, require_prose
from ledger.model.measures import MEASURES, OVERLAPS, Share, Total
from ledger.model.quantity import Quantity
from ledger.model.when import When
from ledger.testing.strategies import (
    attributes,
    claims,
    days,
    events,
    ids,
    measures,
    names,
    numbers,
    quantities,
    texts,
    whens,
)

if TYPE_CHECKING:
    from collections.abc import Callable

searching = settings(database=None, max_examples=3_000, phases=[Phase.generate], derandomize=True)
some_days = st.dates(date(1, 1, 1), date(9999, 12, 31))


def drawn(strategy: st.SearchStrategy[Any], key: Callable[[Any], Any], wanted: set[Any]) -> set[Any]:
    """Draw until all that is wanted has been seen; give what was seen of it."""
    seen: set[Any] = set()

    def is_all(value: Any) -> bool:
        seen.add(key(value))
        return wanted <= seen

    with suppress(NoSuchExample):
        find(strategy, is_all, settings=searching)
    return seen & wanted


@given(some_days, some_days, st.data())
def test_days_and_dates_lie_within_the_limits(one, other, data):
    first, last = min(one, other), max(one, other)
    assert first <= data.draw(days(min_value=first, max_value=last)) <= last
    when = data.draw(whens(min_value=first, max_value=last))
    assert first <= when.earliest <= when.latest <= last
    assert data.draw(whens(rough=False, min_value=str(first), max_value=str(last))).exact


def test_every_form_of_date_is_drawn():
    wanted = {"9-9-9", "9-9", "9", "9/9-9-9", "9-9/9-9", "[9..9-9]", "[9-9-9..9-9-9]", "[..9]", "[..9-9]", "[..9-9-9]"}
    assert drawn(whens(max_value="2000-12-31"), lambda when: re.sub(r"\d+", "9", when.text), wanted) == wanted
    assert drawn(whens(), lambda when: when.qualifier, {"", "~", "?"}) == {"", "~", "?"}


limits = st.none() | numbers() | st.integers(-(10**33), 10**33)


@given(limits, limits, st.data())
def test_numbers_and_amounts_lie_within_the_limits(one, other, data):
    low, high = sorted([one, other], key=Fraction) if None not in (one, other) else (one, other)
    value = data.draw(numbers(min_value=low, max_value=high))
    assert number(str(value)) == value
    assert low is None or value >= low
    assert high is None or value <= high
    amount = data.draw(quantities(min_value=low, max_value=high))
    assert Quantity(low, high, amount.unit).contains(amount)
    assert data.draw(quantities(min_value=low, max_value=high, exact=True)).exact
    closed = data.draw(quantities(min_value=low, max_value=high, open_ends=False))
    assert closed.low is not None is not closed.high


NUMBER = re.compile(r"[+-]?(\d+(\.(?!\.)\d*)?|\.\d+)([eE][+-]?\d+)?")


@pytest.mark.parametrize(
    ("limits", "simplest"),
    [
        ({"min_value": 5}, "5"),  # the one that is nearest to zero, to the unit
        ({"max_value": -5}, "-5"),
        ({"min_value": Decimal("0.25"), "max_value": Decimal("0.5")}, "0.25"),
        ({"min_value": Decimal("1e-34"), "max_value": Decimal("2e-34")}, "1E-34"),
    ],
)
def test_a_number_within_limits_can_be_written_where_they_are(limits, simplest):
    always = settings(database=None, derandomize=True)
    assert str(find(numbers(**limits), lambda _: True, settings=always)) == simplest


def test_days_that_are_not_rough_are_drawn():
    always = settings(database=None, derandomize=True)
    assert find(whens(rough=False), lambda _: True, settings=always) == When("2000-01-01")
    assert find(whens(rough=False), lambda when: when.qualifier == "~", settings=always) == When("2000-01-01~")


@pytest.mark.unmeasured
def test_every_form_of_amount_is_drawn():
    wanted = {"9", "9..9", ">= 9", "> 9", ">9", "<= 9", "< 9", "<9", ".."}
    assert drawn(quantities(unit=""), lambda amount: NUMBER.sub("9", amount.text), wanted) == wanted
    wanted = {"9%", "9 %", "9..9%", ">= 9%", "..%", ".. %"}
    assert drawn(quantities(unit="%"), lambda amount: NUMBER.sub("9", amount.text), wanted) == wanted
    wanted = {"9", "9..9"}
    assert drawn(quantities(unit="", open_ends=False), lambda amount: NUMBER.sub("9", amount.text), wanted) == wanted


@pytest.mark.unmeasured
def test_every_form_of_number_is_drawn():
    wanted = {"9", "9.9", "-9", "-9.9", ".9", "-.9", "9.", "-9.", "+9", "+9.9", "9.9e-9", "9.9E-9", "9.9E+9", "9.9e+9"}
    exact = quantities(unit="", exact=True)
    assert drawn(exact, lambda amount: re.sub(r"\d+", "9", amount.text), wanted) == wanted


@given(quantities(unit="kt"), quantities(unit=st.sampled_from(["t", "Mt"])))
def test_amounts_are_of_the_units_asked_for(one, other):
    assert one.unit == "kt"
    assert other.unit in {"t", "Mt"}


@given(ids(), names(), texts(max_size=50), attributes(max_size=2))
def test_texts_are_such_as_the_library_takes(name, title, text, some):
    assert require_id(name)
    assert require_id(title)
    assert require_prose(text, most=50) == text
    assert len(some) <= 2
    assert None not in some.values()


@pytest.mark.parametrize("characters", ["\n\u202e'<", "&\u05d0\u0627\U0001f469", "\\\x1b\u0301%"], ids=ascii)
def test_prose_of_every_awkward_kind_is_drawn(characters):
    for character in characters:
        assert drawn(texts(), lambda text, one=character: one in text, {True})


def test_attributes_are_taken_away_where_asked():
    assert drawn(attributes(clearing=True), lambda some: None in some.values(), {True})


@pytest.mark.unmeasured
def test_every_measure_and_every_event_is_drawn():
    assert drawn(measures(metrics=st.just("m")), type, set(MEASURES)) == set(MEASURES)
    assert drawn(events(), type, set(EVENTS)) == set(EVENTS)


@pytest.mark.unmeasured
def test_totals_are_drawn_of_every_basis():
    wanted = {(day, overlap, unit) for day in (True, False) for overlap in OVERLAPS for unit in [None, *"dwmy"]}

    def basis(measure):
        one = measure.part if isinstance(measure, Share) else measure
        within = getattr(one, "within", None)
        return isinstance(one, Total) and (one.members_at is None, one.overlap, within and within.split(" ")[1][0])

    assert drawn(measures(), basis, wanted) == wanted


@given(measures(metrics=st.just("m")))
def test_measures_are_of_the_metrics_asked_for(measure):
    for part in (measure.part, measure.whole) if isinstance(measure, Share) else (measure,):
        assert getattr(part, "metric", "m") == "m"


@given(whens(), st.data())
def test_claims_fit_a_report_of_that_day(published, data):
    claim = data.draw(claims(published=published, metrics=st.just("m")))
    assert ReportPublished("r", published, claims=[claim]).claims == (claim,)


@given(events(MemberJoined, MetricUpdated, members=st.just("m"), metrics=st.just("x"), effective=whens(rough=False)))
def test_events_are_of_the_classes_ids_and_dates_asked_for(event):
    assert type(event) in {MemberJoined, MetricUpdated}
    assert event.member == "m" or type(event) is MetricUpdated
    assert getattr(event, "metric", "x") == "x"
    assert event.effective.exact


@given(events(MetricUpdated, amounts=quantities(unit="kt")))
def test_values_are_of_the_amounts_asked_for(event):
    assert event.amount is None or event.amount.unit == "kt"


def test_a_change_to_part_of_none_is_drawn():
    assert drawn(events(MemberChanged), lambda event: event.part_of, {"", None, "a"}) == {"", None, "a"}


def test_the_simplest_value_is_the_one_that_failing_examples_shrink_to():
    def simplest(strategy: st.SearchStrategy[Any]) -> Any:
        return find(strategy, lambda _: True, settings=searching)  # what Hypothesis tries first

    assert simplest(days()) == date(2000, 1, 1)
    assert simplest(whens()) == When("2000-01-01")
    assert str(simplest(quantities())) == str(simplest(quantities(open_ends=False))) == "0"
    assert simplest(ids()) == "a"
    assert simplest(texts()) == ""
    assert simplest(events(MemberJoined)) == MemberJoined("a", "2000-01-01")


@pytest.mark.parametrize(
    "ask",
    [
        lambda: days(min_value="2021-01-02", max_value="2021-01-01"),
        lambda: days(min_value="2021"),
        lambda: whens(max_value=2021),
        lambda: whens(min_value="2021-01-02", max_value="2021-01-01"),
        lambda: numbers(min_value=2, max_value=1),
        lambda: numbers(min_value=0.1),
        lambda: numbers(max_value=Decimal("NaN")),
        lambda: numbers(max_value=10**34),
        lambda: numbers(max_value=Fraction(1, 3)),
        lambda: quantities(unit="tonn"),
        lambda: quantities(unit=5),
        lambda: quantities(min_value=2, max_value=1),
        lambda: texts(max_size=-1),
        lambda: texts(max_size=None),
        lambda: attributes(max_size=-1),
        lambda: claims(published="soon"),
        lambda: events(str),
        lambda: events(MemberJoined, "MemberLeft"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_drawn(ask):
    with pytest.raises(InvalidArgument):
        ask()
