"""Periods: how they are written, and which day lies one of them back."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.model.errors import BadWhen
from ledger.model.periods import back, period_of


@pytest.mark.parametrize(("text", "period"), [
    ("1 day", "1 day"), ("1 years", "1 year"), ("2 week", "2 weeks"), ("11 month", "11 months"),
    ("10 years", "10 years"), ("99999 days", "99999 days"),
])  # fmt: skip
def test_a_period_is_a_number_and_a_unit(text, period):
    assert period_of(text) == period_of(period) == period


@pytest.mark.parametrize("text", [
    "", "2", "years", "2years", "2  years", " 2 years", "2 years ", "0 years", "02 years", "-2 years", "2.5 years",
    "100000 days", "2 Years", "2 decades", "٢ years", "1２ years", 2, None,
])  # fmt: skip
def test_what_is_no_period_is_refused(text):
    with pytest.raises(BadWhen, match="is no period: write '2 years', '18 months', '4 weeks' or '90 days'"):
        period_of(text)


@pytest.mark.parametrize(("day", "period", "earlier"), [
    ("2024-03-01", "1 day", "2024-02-29"), ("2024-03-01", "2 weeks", "2024-02-16"),
    ("2024-03-31", "1 month", "2024-02-29"), ("2023-03-31", "1 month", "2023-02-28"),
    ("2024-01-15", "1 month", "2023-12-15"), ("2024-12-15", "12 months", "2023-12-15"),
    ("2024-02-29", "1 year", "2023-02-28"), ("2024-02-29", "4 years", "2020-02-29"),
    # the first day there is
    ("0001-01-05", "4 days", "0001-01-01"), ("0001-01-05", "5 days", "0001-01-01"),
    ("0001-01-05", "1 week", "0001-01-01"), ("0001-02-05", "1 month", "0001-01-05"),
    ("0002-01-05", "1 year", "0001-01-05"), ("0002-01-05", "13 months", "0001-01-01"),
    ("2024-01-01", "99999 years", "0001-01-01"),
])  # fmt: skip
def test_the_day_a_period_before(day, period, earlier):
    assert back(date.fromisoformat(day), period) == date.fromisoformat(earlier)


@given(
    st.dates(max_value=date.max - timedelta(days=1)),
    st.integers(1, 99_999),
    st.sampled_from(["day", "week", "month", "year"]),
)
def test_it_never_falls_as_the_day_goes_on(day, number, unit):
    period = f"{number} {unit}"
    assert date.min <= back(day, period) <= back(day + timedelta(days=1), period) <= day
