"""Amounts: intervals of exact numbers, checked point by point against fractions."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal
from fractions import Fraction
from functools import partial, reduce
from itertools import repeat

import pytest
from attrs import evolve
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from ledger.model.errors import BadInput, BadQuantity, LedgerError, UnknownUnit, WrongDimension
from ledger.model.exact import negate, number_text
from ledger.model.quantity import Quantity, about, at_least, at_most, between, exactly, rounded
from ledger.model.units import unit
from ledger.testing.strategies import numbers, quantities
from ledger.testing.values import UNITS

FAMILIES = [
    ("t", "kg", "kt", "Mt CO2", "tonne"),
    ("", "percent", "%", "million"),
    ("USD", "kUSD", "billion USD"),
    ("Mt/year", "t/year", "kg/year"),
    ("Wh", "GWh", "J", "toe"),
]
families = st.sampled_from(FAMILIES)
two_alike = families.flatmap(lambda names: st.tuples(*2 * [quantities(unit=st.sampled_from(names))]))
# whole numbers near zero, so that every pair of points can be tried
ends = st.none() | st.integers(-3, 3)
small = st.tuples(ends, ends).map(lambda pair: Quantity(*(sorted(pair) if None not in pair else pair)))
GRID = range(-6, 7)


def kind(value: object) -> str:
    return type(value).__name__


def check_readable(error: LedgerError) -> None:
    assert len(str(error).encode()) < 500  # and no lone surrogate


def holds(quantity: Quantity, point: Fraction) -> bool:
    """Does a point lie in it, in its own unit?"""
    return (quantity.low is None or Fraction(quantity.low) <= point) and (
        quantity.high is None or point <= Fraction(quantity.high)
    )


@st.composite
def points(draw: st.DrawFn, quantity: Quantity) -> Fraction:
    """Draw a point of an interval, often an end of it."""
    low, high = quantity.low, quantity.high
    share = draw(st.sampled_from([Fraction(0), Fraction(1)]) | st.fractions(0, 1))
    if low is not None and high is not None:
        return Fraction(low) + share * (Fraction(high) - Fraction(low))
    reach = share * draw(st.integers(0, 10**40))
    if low is None and high is None:
        return reach * draw(st.sampled_from([1, -1]))
    return Fraction(low) + reach if low is not None else Fraction(high) - reach


def integers_in(quantity: Quantity) -> set[int]:
    return {point for point in GRID if holds(quantity, Fraction(point))}


# --- reading and writing ---


@given(quantities())
def test_an_amount_prints_as_it_was_typed_or_computed_and_reads_back_equal(amount):
    assert Quantity.parse(str(amount)) == amount
    assert eval(repr(amount), {"Quantity": Quantity}) == amount
    assert str(Quantity.parse(amount.text)) == amount.text


@given(quantities())
def test_what_is_computed_prints_in_one_way_that_reads_back(amount):
    computed = Quantity(amount.low, amount.high, amount.unit)
    assert computed == amount == Quantity.parse(computed.text)
    assert computed.text == Quantity(amount.low, amount.high, amount.unit).text


@given(numbers(), st.sampled_from(UNITS))
def test_a_single_number_is_read_as_if_it_were_made(value, name):
    text = f"{value:f}"
    typed, made = Quantity.parse(f"{text} {name}".strip()), exactly(text, name)
    assert typed.low.as_tuple() == typed.high.as_tuple() == made.low.as_tuple()
    assert typed.unit == made.unit
    assert typed == made
    assert typed.exact


@pytest.mark.parametrize("zero", ["0", "0.00", "-0", "-0.0", "+0.", "0e3", "0.0..0.00"])
@pytest.mark.parametrize("name", ["", " t", " %"])
def test_there_is_one_zero_of_each_unit(zero, name):
    amount = Quantity.parse(zero + name)
    assert amount.low.as_tuple() == amount.high.as_tuple() == (0, (0,), 0)
    assert str(Quantity(amount.low, amount.high, amount.unit)) == f"0{name}"


@pytest.mark.parametrize(
    ("text", "low", "high", "unit_name"),
    [
        ("451 Mt/year", "451", "451", "Mt/year"),
        ("451", "451", "451", ""),
        ("-0.5 t", "-0.5", "-0.5", "t"),
        ("-0 t", "0", "0", "t"),
        ("+5 t", "5", "5", "t"),
        ("5. t", "5", "5", "t"),
        ("15..20 percent", "15", "20", "percent"),
        ("15..20%", "15", "20", "%"),
        ("15..20 %", "15", "20", "%"),
        ("20%", "20", "20", "%"),
        ("-5..-3 t", "-5", "-3", "t"),
        ("1e5..1e6 t", "1E+5", "1E+6", "t"),
        (".5..1 t", "0.5", "1", "t"),
        ("5..5", "5", "5", ""),
        (">= 2.7e6 people", "2.7E+6", None, "people"),
        ("> 2.7e6 people", "2.7E+6", None, "people"),
        (">2.7e6 people", "2.7E+6", None, "people"),
        (">=.5", "0.5", None, ""),
        ("<= 5", None, "5", ""),
        ("< -5 t", None, "-5", "t"),
        ("<=5%", None, "5", "%"),
        ("..", None, None, ""),
        (".. t", None, None, "t"),
        ("12 Mt CO2 / year", "12", "12", "Mt CO2 / year"),
    ],
)
def test_each_form_of_amount_means_its_ends(text, low, high, unit_name):
    read = Quantity.parse(text)
    assert (read.low, read.high) == tuple(None if end is None else Decimal(end) for end in (low, high))
    assert (read.unit, read.text, str(read)) == (unit_name, text, text)
    assert read.exact == (low is not None and low == high)


@pytest.mark.parametrize(
    ("computed", "text"),
    [
        (Quantity(15, 20, "percent"), "15..20 percent"),
        (Quantity("12.50", "12.50", "t"), "12.50 t"),
        (Quantity("2.7e6", None, "people"), ">= 2700000 people"),
        (Quantity(None, 5), "<= 5"),
        (Quantity(None, None, "t"), ".. t"),
        (Quantity(None, None), ".."),
        (Quantity(Fraction(1, 3), Fraction(1, 2), "t"), "0.333333333333333…..0.5 t"),
    ],
)
def test_computed_amounts_print_plainly(computed, text):
    assert str(computed) == text
    assert repr(computed) == f"Quantity.parse({text!r})"


@pytest.mark.parametrize("make", [exactly, rounded])
def test_the_shorthands_take_numbers_of_every_exact_kind(make):
    for value in (5, "5", "+5.", Decimal(5), Fraction(5)):
        assert make(value, "t").contains("5 t")


def test_the_shorthands_name_their_ends():
    assert exactly(451, "Mt/year") == Quantity(451, 451, "Mt/year")
    assert at_least("2.7e6", "people") == Quantity("2.7e6", None, "people")
    assert at_most(Decimal(5), "percent") == Quantity(None, 5, "percent")
    assert between(15, "20", "percent") == Quantity(15, 20, "percent")
    assert exactly(17).unit == ""


def test_a_quantity_or_its_text_is_taken_where_an_amount_is_asked_for():
    amount = exactly(17)
    assert Quantity.of(amount) is amount
    assert Quantity.of("17") == amount


# --- interval arithmetic: every pairwise result of points lies in the result ---


@given(two_alike, st.data())
def test_a_sum_holds_the_sum_of_every_two_points(pair, data):
    one, other = pair
    x, y = data.draw(points(one)), data.draw(points(other))
    rate = Fraction(unit(other.unit).factor) / Fraction(unit(one.unit).factor)
    assert holds(one + other, x + y * rate)
    assert holds(one - other, x - y * rate)
    assert (one + other).unit == (one - other).unit == one.unit


@given(quantities(), numbers(), st.data())
def test_a_multiple_and_the_negative_hold_those_of_every_point(amount, factor, data):
    x = data.draw(points(amount))
    assert holds(amount * factor, x * Fraction(factor))
    assert holds(factor * amount, x * Fraction(factor))
    assert holds(-amount, -x)
    assert (amount * factor).unit == (-amount).unit == amount.unit


@given(quantities(unit="t"), quantities(unit="t"))
def test_a_sum_is_no_wider_than_it_must_be(one, other):
    def plus(a, b):
        return None if a is None or b is None else Fraction(a) + Fraction(b)

    def minus(a, b):
        return None if a is None or b is None else Fraction(a) - Fraction(b)

    assert ((one + other).low, (one + other).high) == (plus(one.low, other.low), plus(one.high, other.high))
    assert ((one - other).low, (one - other).high) == (minus(one.low, other.high), minus(one.high, other.low))


@given(st.lists(quantities(unit=st.sampled_from(["t", "kt", "Mt"]), open_ends=False), min_size=1, max_size=6))
def test_the_sum_of_many_is_that_of_the_fractions(many):
    result = reduce(lambda one, other: one + other, many)
    rate = Fraction(unit(many[0].unit).factor)
    for name in ("low", "high"):
        exact = sum(Fraction(getattr(one, name)) * Fraction(unit(one.unit).factor) for one in many)
        assert Fraction(getattr(result, name)) * rate == exact


@pytest.mark.parametrize("count", [10**4, pytest.param(10**6, marks=pytest.mark.long)])
def test_a_tenth_so_many_times_is_exactly_a_tenth_of_so_many(count):
    tenths = repeat(Quantity.parse("0.1 t"), count)
    assert reduce(lambda one, other: one + other, tenths) == Quantity.parse(f"{count // 10} t")


@given(quantities())
def test_negating_twice_changes_nothing(amount):
    negative = -amount
    assert -negative == amount
    assert amount * -1 == -amount
    assert amount * 1 == amount


@given(quantities(), numbers(min_value=Decimal("1e-34")))
def test_a_negative_factor_swaps_the_ends(amount, factor):
    negative = negate(factor)  # unary minus would round it at 28 digits
    assert amount * negative == -(amount * factor)
    assert ((amount * factor).low is None) == (amount.low is None)
    assert ((amount * negative).low is None) == (amount.high is None)


@given(quantities())
def test_nothing_times_any_amount_is_nothing(amount):
    nothing = amount * 0
    assert nothing == exactly(0, amount.unit)
    assert nothing.exact


def test_an_amount_is_scaled_at_both_ends():
    amount = between(1, 3, "t")
    assert (amount * 2, 2 * amount) == (between(2, 6, "t"), between(2, 6, "t"))
    assert amount * Decimal("-0.5") == between("-1.5", "-0.5", "t")
    assert amount * Fraction(1, 3) == Quantity(Fraction(1, 3), 1, "t")
    assert at_least(5, "t") * -1 == at_most(-5, "t")
    assert at_least(5, "t") * 0 == exactly(0, "t")


@pytest.mark.parametrize("other", [None, 5, 0.5, True, "5", [], object()], ids=kind)
def test_an_amount_is_added_to_amounts_alone(other):
    for add in (lambda: exactly(5) + other, lambda: exactly(5) - other, lambda: other + exactly(5)):
        with pytest.raises(TypeError, match=r"unsupported operand|can only concatenate|must be str"):
            add()


@pytest.mark.parametrize("other", [None, 0.5, True, "5", exactly(5), object()], ids=kind)
def test_an_amount_is_scaled_by_exact_numbers_alone(other):
    with pytest.raises(TypeError, match=r"unsupported operand|can't multiply"):
        exactly(5) * other


@pytest.mark.parametrize("factor", [Decimal("NaN"), Decimal("Infinity"), 10**40])
def test_an_amount_is_scaled_by_numbers_that_can_be_typed(factor):
    with pytest.raises(BadQuantity):
        exactly(5) * factor


# --- comparison: against every pair of points ---


@given(small, small)
def test_comparisons_agree_with_every_pair_of_points(one, other):
    mine, others = integers_in(one), integers_in(other)
    assert one.contains(other) == (others <= mine)
    assert one.meets(other) == bool(mine & others)
    assert one.certainly_below(other) == all(x < y for x in mine for y in others)


@given(two_alike)
def test_comparisons_do_not_depend_on_the_unit(pair):
    one, other = pair
    same = other.to(one.unit)
    assert one.contains(other) == one.contains(same)
    assert one.meets(other) == one.meets(same) == other.meets(one)
    assert one.certainly_below(other) == one.certainly_below(same)
    assert other.contains(one) == same.contains(one)


@given(two_alike)
def test_two_amounts_meet_or_one_is_certainly_below_the_other(pair):
    one, other = pair
    assert one.meets(other) + one.certainly_below(other) + other.certainly_below(one) == 1


@given(two_alike, st.data())
def test_what_contains_an_amount_holds_its_points(pair, data):
    one, other = pair
    point = data.draw(points(other)) * Fraction(unit(other.unit).factor) / Fraction(unit(one.unit).factor)
    if one.contains(other):
        assert holds(one, point)
    if not holds(one, point):
        assert not one.contains(other)
    assert one.contains(one)


def test_amounts_are_compared_with_text_too():
    assert between(1, 3, "t").contains("2000 kg")
    assert between(1, 3, "t").meets(">= 3 t")
    assert exactly(1, "t").certainly_below("2 t")
    assert not exactly(2, "t").certainly_below("2 t")
    assert not at_least(1, "t").certainly_below("2 t")
    assert not exactly(1, "t").certainly_below("<= 2 t")


@pytest.mark.parametrize("method", ["contains", "meets", "certainly_below"])
def test_amounts_are_compared_with_amounts_of_their_dimension(method):
    with pytest.raises(WrongDimension, match=r"'5 t' .*'USD'.*\[mass\].*\[USD\]"):
        getattr(Quantity.parse("5 t"), method)("5 USD")
    for other in (None, 5, 5.0, "five", []):
        with pytest.raises(BadQuantity):
            getattr(exactly(5), method)(other)


# --- units ---


@given(families.flatmap(lambda names: st.tuples(quantities(unit=st.sampled_from(names)), st.sampled_from(names))))
def test_another_unit_of_the_dimension_and_back_is_the_same_amount(pair):
    amount, name = pair
    other = amount.to(name)
    assert other.unit == name
    assert other == amount
    assert hash(other) == hash(amount)
    back = other.to(amount.unit)
    assert (back.low, back.high, back.unit) == (amount.low, amount.high, amount.unit)
    assert other.exact == amount.exact
    assert other.dimension == amount.dimension


@given(quantities())
def test_the_base_is_the_amount_in_base_units(amount):
    factor = Fraction(unit(amount.unit).factor)
    for end, base in zip((amount.low, amount.high), amount.base, strict=True):
        assert (end is None) == (base is None)
        assert end is None or Fraction(end) * factor == base
        assert base is None or isinstance(base, Decimal)


def test_a_conversion_without_a_finite_decimal_stays_exact_and_prints_as_cut():
    third = exactly(1, "Wh").to("toe")
    assert third.low == Fraction(3600, 41_868_000_000)
    assert str(third) == f"{number_text(third.low)} toe"
    assert "…" in str(third)
    assert third == exactly(1, "Wh")
    assert str(third.to("Wh")) == "1 Wh"


def test_converting_to_its_own_unit_keeps_the_text_as_typed():
    typed = Quantity.parse("> 2.7e6 people")
    assert typed.to("people") is typed
    assert typed.to("person").text == ">= 2700000 person"


@pytest.mark.parametrize(
    ("name", "other"), [("t", "USD"), ("EUR", "USD"), ("tCO2e", "t"), ("t", "t/year"), ("t", ""), ("", "t")]
)
def test_unlike_things_never_meet(name, other):
    one, two = exactly(5, name), exactly(5, other)
    for meet in (lambda: one.to(other), lambda: one + two, lambda: one - two, lambda: one.contains(two)):
        with pytest.raises(WrongDimension, match=r"one measures .* the other"):
            meet()
    assert one != two
    assert hash(one) != hash(two)


@pytest.mark.parametrize(
    "name", ["tonn", "5", " ", None, 5, [], "x" * 10_000, "\ud800", "nan"], ids=lambda n: ascii(n)[:20]
)
def test_an_unknown_unit_is_refused_wherever_one_is_given(name):
    for give in (
        lambda: Quantity(1, 2, name),
        lambda: exactly(1, "t").to(name),
        lambda: exactly(1, name),
        lambda: at_least(1, name),
        lambda: at_most(1, name),
        lambda: between(1, 2, name),
        lambda: about(1, name, percent=1),
    ):
        with pytest.raises(UnknownUnit):
            give()


# --- equality, a value ---


@given(two_alike)
def test_equal_means_the_same_amounts_whatever_the_unit_and_the_text(pair):
    one, other = pair
    assert (one == other) == (one.base == other.base)
    assert (one == other) == (other == one)
    if one == other:
        assert hash(one) == hash(other)
    assert one == one.to(other.unit)


@given(quantities(), quantities())
def test_equal_amounts_contain_each_other(one, other):
    if one.dimension == other.dimension:
        assert (one == other) == (one.contains(other) and other.contains(one))
    else:
        assert one != other


def test_a_gigatonne_is_a_thousand_megatonnes():
    assert Quantity.parse("1 Gt") == Quantity.parse("1000 Mt") == exactly("1e9", "t")
    assert len({Quantity.parse("1 Gt"), Quantity.parse("1000 Mt"), exactly("1e9", "t")}) == 1
    assert Quantity.parse("50%") == exactly("0.5")


def test_zero_of_different_things_is_different():
    assert exactly(0, "t") != exactly(0, "USD")
    assert exactly(0, "t") != exactly(0)
    assert exactly(0, "t") == exactly(0, "kt")


@pytest.mark.parametrize("other", [5, "5", Decimal(5), None, (5, 5)])
def test_an_amount_equals_amounts_alone(other):
    assert exactly(5) != other


@given(quantities())
def test_copies_and_pickles_are_equal_and_keep_the_text(amount):
    for twin in (pickle.loads(pickle.dumps(amount)), copy.copy(amount), copy.deepcopy(amount)):
        assert twin == amount
        assert (twin.low, twin.high, twin.unit, twin.text) == (amount.low, amount.high, amount.unit, amount.text)


@pytest.mark.parametrize("name", ["low", "high", "unit", "text"])
@pytest.mark.parametrize("amount", [Quantity.parse("5 t"), between(1, 2), Quantity.parse("> 5")], ids=str)
def test_nothing_of_an_amount_can_be_changed(amount, name):
    with pytest.raises(FrozenInstanceError):
        setattr(amount, name, None)
    with pytest.raises(FrozenInstanceError):
        delattr(amount, name)


def test_a_changed_copy_prints_what_it_now_is():
    assert str(evolve(Quantity.parse("> 2.7e6 people"), low=3)) == ">= 3 people"


# --- a text that carries its unit ---

HELPERS = [exactly, at_least, at_most, rounded, partial(about, percent=2), lambda one, *unit: between(one, one, *unit)]


@given(numbers(min_value=-(10**20), max_value=10**20).map(number_text), st.sampled_from([one for one in UNITS if one]))
def test_a_unit_is_read_wherever_it_stands(printed, unit):
    for make in HELPERS:
        apart = make(printed, unit)
        for texts in [(f"{printed} {unit}",), (f"{printed} {unit}", unit)]:
            assert (make(*texts).text, make(*texts).unit) == (apart.text, unit)


@pytest.mark.parametrize(("amount", "expected"), [
    (exactly("451 Mt"), "451 Mt"),
    (at_least("2.7 million people"), ">= 2.7e6 people"),
    (at_most("5 percent"), "<= 5 percent"),
    (about("490 Mt", percent=2), "480.2..499.8 Mt"),
    (rounded("47%"), "46.5..47.5 percent"),
    (rounded("47%", "percent"), "46.5..47.5 percent"),
    (rounded("2.7 million people"), "2.65..2.75 million people"),
    (between("475 Mt", "500 Mt"), "475..500 Mt"),
    (between("475 Mt", 500, "Mt"), "475..500 Mt"),
    (between("900 kt", "1 Mt"), "900..1000 kt"),
    (between("47%", "48 percent"), "47..48 percent"),
])  # fmt: skip
def test_figures_with_their_unit_are_read_as_they_are_printed(amount, expected):
    assert amount == Quantity.parse(expected)


def test_between_converts_exactly_or_not_at_all():
    assert between("1 toe", "1 GWh").high == Fraction(3_600_000_000_000, 41_868_000_000)
    with pytest.raises(WrongDimension, match=r"'500 people' cannot be expressed in 'Mt'"):
        between("475 Mt", "500 people")
    with pytest.raises(WrongDimension, match="cannot be expressed in 'USD'"):
        between("1 USD", "2 EUR")


@pytest.mark.parametrize(("low", "high"), [("2.7", "3 million"), ("2.7 million", "3"), (0, "5%"), ("475 Mt", 500)])
def test_a_unit_of_one_end_alone_is_not_taken_for_that_of_both(low, high):
    with pytest.raises(BadQuantity, match=r"has a unit, and .* has none: write it with both, as in .*, or once"):
        between(low, high)


@pytest.mark.parametrize("make", HELPERS)
@pytest.mark.parametrize(("given", "why"), [
    (("451 Mt", "kt"), "'451 Mt' has a unit, and the unit is said to be 'kt': say it in one of the two places"),
    (("451 Mt", "people"), "the unit is said to be 'people'"),
    (("47%", "Mt"), "the unit is said to be 'Mt'"),
    (("451 Mt", None), "a unit is text such as 'Mt/year', not NoneType"),
    ((451, None), "a unit is text such as 'Mt/year', not NoneType"),
    (("9 countries",), "'countries' is not a known unit"),
    (("nine people",), "'nine' is not a number: write digits"),
    (("1,600 Mt",), "'1,600' is not a number: write digits"),
    ((">= 451 Mt",), "'>= 451 Mt' says itself how it is meant, so it cannot be read in another way too"),
    (("450..452 Mt", "Mt"), "or take it as it is typed, by Quantity.parse"),
    (("..",), "says itself how it is meant"),
    (("451  Mt",), "'451  Mt' is not a number with or without a unit: write it as in '451 Mt' or '47%'"),
    (("451 Mt\n",), "is not a number with or without a unit"),
])  # fmt: skip
def test_a_text_that_is_no_one_number_and_its_unit_is_refused_with_the_way_out(make, given, why):
    with pytest.raises(BadInput) as refused:
        make(*given)
    assert why in str(refused.value)


# --- rounded and about ---


@given(numbers(min_value=-(10**20), max_value=10**20), st.fractions(Fraction(-1, 2), Fraction(1, 2)))
def test_rounded_holds_just_the_numbers_that_round_to_it(value, share):
    text = str(value)
    step = Fraction(10) ** value.as_tuple().exponent
    interval = rounded(text, "t")
    assert Fraction(interval.high) - Fraction(interval.low) == step
    assert Fraction(interval.low) + Fraction(interval.high) == 2 * Fraction(value)
    assert holds(interval, Fraction(value) + share * step)
    assert not holds(interval, Fraction(value) + step * Fraction(51, 100))
    assert rounded(value, "t") == interval
    assert rounded(f"{text} t") == interval


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("2.7e6", "2650000", "2750000"),
        ("2700000", "2699999.5", "2700000.5"),
        ("451", "450.5", "451.5"),
        ("451.0", "450.95", "451.05"),
        ("0", "-0.5", "0.5"),
        ("0.0", "-0.05", "0.05"),
        ("0e3", "-500", "500"),
        ("-12.5", "-12.55", "-12.45"),
        (Decimal("0.00"), "-0.005", "0.005"),
        (Decimal("1e3"), "500", "1500"),
        (7, "6.5", "7.5"),
        (0, "-0.5", "0.5"),
    ],
)
def test_what_is_printed_decides_how_far_a_rounded_number_reaches(value, low, high):
    assert rounded(value, "t") == Quantity(low, high, "t")


def test_a_fraction_without_a_last_digit_cannot_have_been_rounded_at_it():
    with pytest.raises(BadQuantity, match=r"no last printed digit.*give it as text"):
        rounded(Fraction(1, 3))


@given(numbers(), numbers(min_value=0, max_value=1000))
def test_about_reaches_so_many_percent_either_way(value, percent):
    interval = about(value, "t", percent=percent)
    reach = abs(Fraction(value)) * Fraction(percent) / 100
    assert (interval.low, interval.high) == (Fraction(value) - reach, Fraction(value) + reach)


def test_about_with_no_percent_at_all_is_exact():
    assert about(490, "t", percent=0) == exactly(490, "t")


@pytest.mark.parametrize("percent", [-1, "-0.1", Decimal("-1e-30"), Fraction(-1, 3)])
def test_a_negative_percent_is_refused(percent):
    with pytest.raises(BadQuantity, match="negative: say how far off"):
        about(490, percent=percent)


# --- what is refused ---


@pytest.mark.parametrize(
    ("low", "high"), [(2, 1), ("-1", "-2"), (Fraction(1, 2), Fraction(1, 3)), (Decimal("1e30"), 5)]
)
def test_ends_the_wrong_way_round_are_refused(low, high):
    for make in (Quantity, between):
        with pytest.raises(BadQuantity, match="ends below where it begins: write the smaller number first"):
            make(low, high)


# fmt: off
NOT_EXACT = [
    0.1, float("nan"), float("inf"), True, False, b"5", [], {}, 5j, "five", "", "five t", "NaN", "1" * 35, "1e99",
    "\ud800", Decimal("NaN"), Decimal("-Infinity"), Decimal("sNaN"), 10**34, 10**5000,
]
# fmt: on


@pytest.mark.parametrize("value", NOT_EXACT, ids=kind)
def test_an_end_that_is_no_exact_number_is_refused_by_every_way_to_give_it(value):
    for give in (
        lambda: Quantity(value, None),
        lambda: Quantity(None, value),
        lambda: exactly(value),
        lambda: at_least(value),
        lambda: at_most(value),
        lambda: between(value, 10**30),
        lambda: between(-(10**30), value),
        lambda: rounded(value, "t"),
        lambda: about(value, percent=1),
        lambda: about(1, percent=value),
    ):
        with pytest.raises(BadQuantity) as refused:
            give()
        assert len(str(refused.value).encode()) < 250


@pytest.mark.parametrize("make", [exactly, at_least, at_most, rounded])
def test_a_missing_number_is_refused(make):
    with pytest.raises(BadQuantity, match="NoneType"):
        make(None)


# fmt: off
NOT_AMOUNTS = [
    "", " ", "t", "five t", "5 ", " 5", "5  t", "5\tt", "5\u00a0t", "5\n", "\n5", "5t", "1,000 t", "1_000", "1/3",
    "NaN", "NaN t", "Infinity", "-inf t", "1..inf", "nan..5", ">= nan", "0.3333…", "5%%", "% 5", "%", "\u0665 t",
    "..5", "5..", "1..2..3", "5...7", "0...5", "0...5 percent", "1....2", "....", "...", "1.. 2",
    ">", ">=", "> ", ">= ", ">..", ">= ..", ">>5", ">=>=5", "<>5", "=>5", "= 5", ">  5", "\u2265 5", "~5",
    "1" * 35, "1e34", "1e-35", "1..1e34", ">= 1e99", ">= 5 " + "t" * 200, "5" * 10_000, "5\x00", "\ud800", "\u202e5",
]
# fmt: on


@pytest.mark.parametrize("text", NOT_AMOUNTS, ids=lambda text: ascii(text)[:30])
def test_text_that_is_no_amount_is_refused_with_the_form_to_write(text):
    with pytest.raises(BadQuantity, match=r"write|choose") as refused:
        Quantity.parse(text)
    assert len(str(refused.value).encode()) < 250


# fmt: off
NO_UNITS = [
    "5 tonn", "5 5", "5 t ", "5 t\n", "5 t  t", ">= 5 >= 3", "5 ..", "1..2 1..2", "5 %%", "5 \ud800", "5 >", "1 - 2",
    "5 " + "t" * 200, "5. \u00b5g", ".5 5",
]
# fmt: on


@pytest.mark.parametrize("text", NO_UNITS, ids=lambda text: ascii(text)[:30])
def test_an_amount_of_an_unknown_unit_is_refused(text):
    with pytest.raises(UnknownUnit):
        Quantity.parse(text)


@pytest.mark.parametrize("text", ["2..1", "5 t..6 t", "1..0.5 t"])
def test_a_range_that_is_no_range_is_refused(text):
    with pytest.raises(LedgerError):
        Quantity.parse(text)


@pytest.mark.parametrize("value", [None, 5, 5.0, True, b"5", [], {}, Decimal(5), 10**5000, object()], ids=kind)
def test_an_amount_that_is_not_text_is_refused_with_its_type(value):
    for read in (Quantity.parse, Quantity.of):
        with pytest.raises(BadQuantity, match=f"an amount is text such as '12.5 Mt/year', not {kind(value)}"):
            read(value)


near_amounts = st.one_of(
    st.from_regex(
        r"\A[<>]?=? ?[+-]?[0-9]{0,3}(\.[0-9]{0,2})?([eE]-?[0-9]{1,2})?(\.\.[0-9.]{0,3})? ?(t|%|USD|Mt/year)?\Z"
    ),
    st.text("0123456789.+-eE<>= %tkM/", max_size=15),
    st.text(),
)


@given(near_amounts)
def test_any_text_is_an_amount_or_is_refused_in_a_few_printable_words(text):
    try:
        amount = Quantity.parse(text)
    except LedgerError as error:
        check_readable(error)
    else:
        assert str(amount) == text
        assert amount.low is None or amount.high is None or amount.low <= amount.high
        assert Quantity.parse(Quantity(amount.low, amount.high, amount.unit).text) == amount
