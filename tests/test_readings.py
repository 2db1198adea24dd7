"""How a published figure is read: each reading against the function it stands for, and what is refused."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.model import readings
from ledger.model.errors import BadInput, BadQuantity, UnknownUnit
from ledger.model.exact import number_text
from ledger.model.quantity import Quantity, about, at_least, at_most, between, exactly, rounded
from ledger.model.readings import READINGS, amount_of, reading_of
from ledger.testing.strategies import numbers, quantities
from ledger.testing.values import UNITS

units = st.sampled_from(UNITS)
printed = numbers(min_value=-(10**6), max_value=10**6).map(number_text)


def refused(*given):
    with pytest.raises(BadInput) as refusal:
        amount_of(*given)
    return str(refusal.value)


# laws


@given(printed, units, st.sampled_from(["exactly", "at least", "at most", "more than", "less than"]), st.booleans())
def test_a_reading_makes_what_its_function_makes_wherever_the_unit_stands(number, unit, reading, apart):
    text = number if apart else f"{number} {unit}".strip()
    assert amount_of(text, unit if apart else "", reading) == READINGS[reading](number, unit)


@given(printed, units)
def test_whatever_rounds_to_the_printed_number_is_meant_by_rounded(number, unit):
    amount, places = amount_of(number, unit, "rounded"), len(number.partition(".")[2])
    half = Fraction(1, 2 * 10**places)
    assert amount == Quantity(Fraction(number) - half, Fraction(number) + half, unit)


@given(quantities(), st.booleans())
def test_without_a_reading_an_amount_is_as_it_is_typed(quantity, again):
    amount = amount_of(quantity.text, quantity.unit if again else "")
    assert (amount, amount.unit) == (quantity, quantity.unit)


@given(st.text(), st.sampled_from(["", "t", "nonsense"]), st.sampled_from(["", *READINGS, "about 2%"]) | st.text())
def test_nothing_but_a_refusal_comes_of_nonsense(text, unit, reading):
    try:
        amount = amount_of(text, unit, reading)
    except BadInput as error:
        said = str(error)
    else:
        said = amount.text
        assert isinstance(amount, Quantity)
    assert said


# by example


def test_each_reading_of_451_mt_is_as_the_table_says():
    rows = [line.strip() for line in readings.__doc__.splitlines() if line.startswith("    ")][1:]
    cells = [[cell.strip() for cell in row.split("  ") if cell.strip()] for row in rows]
    functions = {"exactly": exactly, "rounded": rounded, "at_least": at_least, "at_most": at_most, "about": about}
    assert [row[0] for row in cells] == ["(blank)", *READINGS, "about 2%"]
    for reading, becomes, python, _ in cells[1:]:
        assert amount_of("451 Mt", reading=reading).text == becomes
        assert eval(python, functions) == Quantity.parse(becomes)
    assert amount_of("451 Mt").text == "451 Mt"


@pytest.mark.parametrize(("given", "amount"), [
    (("451 Mt", "", "rounded"), between("450.5", "451.5", "Mt")),
    (("2.7", "million people", "more than"), at_least("2.7e6", "people")),
    (("2.7 million people", "", "rounded"), between("2650000", "2750000", "people")),
    (("2.7e6 people", "", "rounded"), between("2650000", "2750000", "people")),
    (("2700000", "people", "rounded"), between("2699999.5", "2700000.5", "people")),
    (("47%", "", "at least"), at_least(47, "percent")),
    (("47 %", "%", "Exactly"), exactly(47, "percent")),
    (("47%", "percent", ""), exactly(47, "percent")),
    (("490 Mt", "", "about 2%"), between("480.2", "499.8", "Mt")),
    (("490", "Mt", " About  2.5 Percent "), between("477.75", "502.25", "Mt")),
    (("+451", "Mt", "ROUNDED"), between("450.5", "451.5", "Mt")),
    ((" 451\u00a0 Mt ", "Mt", ""), exactly(451, "Mt")),
    (("> 451", "Mt", " "), at_least(451, "Mt")),
    (("..", "Mt", ""), Quantity(None, None, "Mt")),
    (("475..500", "", ""), between(475, 500)),
    (("47..48 percent", "", ""), between(47, 48, "percent")),
])  # fmt: skip
def test_figures_as_they_are_printed(given, amount):
    assert amount_of(*given) == amount


def test_a_bound_is_inclusive():
    assert amount_of("451 Mt", reading="more than").contains("451 Mt")
    assert amount_of("451 Mt", reading="less than").contains("451 Mt")
    assert amount_of("451 Mt", reading="rounded").contains("450.5..451.5 Mt")


@pytest.mark.parametrize(("given", "why"), [
    (("", "", ""), "'' is not an amount"),
    (("nine", "", "rounded"), "'nine' is not a number"),
    (("1,600", "Mt", ""), "'1,600' is not a number"),
    (("451 Mt", "kt", ""), "'451 Mt' has a unit, and the unit is said to be 'kt': say it in one of the two places"),
    (("2.7 million", "people", ""), "as in '2.7 million people'"),
    (("9", "countries", ""), "'countries' is not a known unit"),
    ((">= 451 Mt", "", "rounded"), "so it cannot be read in another way too: write one number"),
    (("<451", "", "exactly"), "by Quantity.parse (in a sheet, leave the reading blank)"),
    (("451 Mt", "kt", "rounded"), "'451 Mt' has a unit, and the unit is said to be 'kt': say it in one"),
    (("450..452 Mt", "", "about 2%"), "says itself how it is meant"),
    (("..", "", "exactly"), "says itself how it is meant"),
    (("500", "", "almost"), "'almost' is no reading: leave it blank for an amount as it is typed, or write one of"),
    (("500", "", "just over"), "exactly, rounded, at least, more than, at most, less than or about 2%; for 'almost'"),
    (("500", "", "about"), "'about' is no reading"),
    (("500", "", "about 2"), "'about 2' is no reading"),
    (("500", "", "about two%"), "'two' is not a number"),
    (("500", "", "about -2%"), "is negative: say how far off it may be"),
])  # fmt: skip
def test_what_cannot_be_read_is_refused_with_what_to_do(given, why):
    assert why in refused(*given)


def test_refusals_are_of_the_kind_that_amounts_have():
    with pytest.raises(BadQuantity):
        reading_of("nearly")
    with pytest.raises(UnknownUnit):
        amount_of("1", "countries")
