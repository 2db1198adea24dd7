"""Exact numbers: what is read, what is refused, and arithmetic that never rounds (beside `fractions`)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.model.errors import BadQuantity
from ledger.model.exact import (
    DIGITS_MAX,
    ONE,
    PLACES_MAX,
    ZERO,
    add,
    canonical_text,
    divide,
    from_fraction,
    multiply,
    negate,
    number,
    number_text,
    total,
)
from ledger.testing.strategies import numbers

# what sums and conversions can come to: typed numbers, longer ones, and those without a finite decimal
fractions = st.builds(Fraction, st.integers(-(10**40), 10**40), st.integers(1, 10**20))
exacts = numbers() | st.builds(multiply, numbers(), numbers()) | fractions.map(from_fraction)


def kind(value: object) -> str:
    return type(value).__name__


def check_readable(error: BadQuantity) -> None:
    assert len(str(error).encode()) < 300  # and no lone surrogate


def has_finite_decimal(value: Fraction) -> bool:
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1


# --- reading ---


@given(numbers())
def test_a_number_reads_back_from_each_way_to_write_it(value):
    for text in (str(value), f"{value:f}", f"{value:e}", f"{value:E}", number_text(value), canonical_text(value)):
        assert number(text) == value
        assert number(text) == Fraction(text)
    assert number(value) == value


@given(st.integers(-(10**PLACES_MAX) + 1, 10**PLACES_MAX - 1))
def test_whole_numbers_of_up_to_34_digits_are_taken(value):
    assert number(value) == number(str(value)) == value
    assert isinstance(number(value), Decimal)


@given(fractions)
def test_a_fraction_becomes_a_decimal_where_it_has_a_finite_one(value):
    read = number(value)
    assert read == value
    assert isinstance(read, Decimal) == has_finite_decimal(value)


@pytest.mark.parametrize(
    "zero",
    ["0", "-0", "+0", "0.000", "-0.0", "0e5", "0e-99", "0." + "0" * 90, ".0", "0.", 0, Decimal("-0.00"), Fraction(0)],
)
def test_there_is_one_zero(zero):
    assert number(zero).as_tuple() == ZERO.as_tuple() == (0, (0,), 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12.50", "12.50"),
        ("2.7e6", "2.7E+6"),
        ("+5", "5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("-1E-3", "-0.001"),
        ("007", "7"),
        ("9" * 34, "9" * 34),
        ("0." + "0" * 33 + "1", "1E-34"),
        ("1e33", "1E+33"),
        ("9" * 34 + "e-34", "0." + "9" * 34),
    ],
)
def test_numbers_keep_the_digits_they_were_typed_with(text, expected):
    assert number(text).as_tuple() == Decimal(expected).as_tuple()


# fmt: off
NOT_NUMBERS = [
    "", " ", "5 ", " 5", "5\n", "five", "NaN", "sNaN", "Infinity", "-inf", "1_000", "1,000", "1,5", "5 000", "0x10",
    "1/3", "5%", "--5", "+-5", "5-", ".", "-", "e5", "5e", "5e+", "5.5.5", "1e1000", "5e1.5",
    "\u0661\u0662", "\uff15", "\u00bd", "\u22125", "5\x00", "\ud800", "\u202e5", "0.3333333333…",
    "1" * 101, "0" * 101, "x" * 10_000,
]
# fmt: on


@pytest.mark.parametrize("text", NOT_NUMBERS, ids=lambda text: ascii(text)[:30])
def test_text_that_is_no_number_is_refused_with_the_form_to_write(text):
    with pytest.raises(BadQuantity, match=r"is not a number: write digits with a point") as refused:
        number(text)
    assert len(str(refused.value).encode()) < 200


# fmt: off
TOO_LONG = [
    "1" * 35, "1." + "1" * 34, "1e34", "-1e34", "1e-35", "0." + "0" * 34 + "1", "1." + "0" * 34, "1e999", "1e-999",
    10**34, -(10**34), 10**5000, Decimal("1e34"), Decimal("1e-35"), Decimal("1" * 35), Decimal("1e99999"),
]
# fmt: on


@pytest.mark.parametrize("value", TOO_LONG, ids=kind)
def test_a_number_too_long_to_keep_is_refused_with_the_limit(value):
    with pytest.raises(BadQuantity, match=r"longer than 34 significant digits or 34 places.*another|smaller unit") as e:
        number(value)
    assert len(str(e.value)) < 250


@pytest.mark.parametrize(
    "value", [0.1, 5.0, float("nan"), float("inf"), True, False, None, 5j, b"5", [], [10**5000], {}]
)
def test_what_is_no_exact_number_is_refused_with_its_type(value):
    with pytest.raises(BadQuantity, match=rf"is a {kind(value)}, which is no exact number: (write|give)"):
        number(value)


@pytest.mark.parametrize("text", ["NaN", "-NaN", "sNaN", "NaN123", "Infinity", "-Infinity"])
def test_a_decimal_that_is_no_number_is_refused(text):
    with pytest.raises(BadQuantity, match="no number to count with: leave the amount out"):
        number(Decimal(text))


near_numbers = st.from_regex(r"\A[+-]?[0-9]{0,40}(\.[0-9]{0,40})?([eE][+-]?[0-9]{1,4})?\Z") | st.text(
    "0123456789+-.eE_ ,"
)


@given(near_numbers | st.text())
def test_any_text_is_the_number_that_python_reads_or_is_refused(text):
    try:
        read = number(text)
    except BadQuantity as error:
        check_readable(error)
    else:
        assert read == Decimal(text) == Fraction(text)
        _, digits, exponent = read.as_tuple()
        assert len(digits) <= DIGITS_MAX
        assert exponent >= -PLACES_MAX
        assert read.copy_abs() < Decimal(f"1e{PLACES_MAX}")


# --- arithmetic ---


@given(exacts, exacts)
def test_arithmetic_is_that_of_fractions(a, b):
    x, y = Fraction(a), Fraction(b)
    results = [(add(a, b), x + y), (multiply(a, b), x * y), (negate(a), -x)]
    if b:
        results.append((divide(a, b), x / y))
    for result, expected in results:
        assert result == expected
        assert isinstance(result, Decimal) == has_finite_decimal(expected)


@given(st.lists(exacts))
def test_a_total_is_the_sum_of_the_fractions_in_any_order(values):
    expected = sum(map(Fraction, values), Fraction(0))
    assert total(values) == expected
    assert total(reversed(values)) == expected


def test_the_total_of_nothing_is_zero():
    assert total([]) is ZERO


def test_sums_keep_what_the_default_decimal_context_would_round_away():
    assert Decimal("1e30") + Decimal("1e-3") == Decimal("1e30")
    assert add(Decimal("1e30"), Decimal("1e-3")) == Decimal("1000000000000000000000000000000.001")
    assert total([Decimal("0.1")] * 1_000) == 100
    assert multiply(Decimal("1" * 34), Decimal("1" * 34)) == int("1" * 34) ** 2


def test_numbers_of_more_than_a_thousand_digits_go_on_as_fractions():
    far = add(Decimal("1e600"), Decimal("1e-600"))
    assert far == 10**600 + Fraction(1, 10**600)
    assert isinstance(far, Fraction)
    long = Decimal("7" * 600)
    assert multiply(long, long) == int("7" * 600) ** 2
    assert isinstance(multiply(long, long), Fraction)


def test_the_negative_of_zero_is_the_one_zero():
    assert negate(ZERO) is ZERO
    assert negate(Fraction(0)) is ZERO


@given(fractions)
def test_a_fraction_is_kept_to_the_last_digit(value):
    assert from_fraction(value) == value


def test_dividing_tells_finite_decimals_from_others():
    assert divide(ONE, Decimal(8)).as_tuple() == Decimal("0.125").as_tuple()
    assert divide(ONE, Decimal(3)) == Fraction(1, 3)


# --- writing ---


@given(fractions.filter(lambda value: not has_finite_decimal(value)))
def test_a_number_without_a_finite_decimal_prints_close_to_it_and_says_that_it_is_cut(value):
    text = number_text(value)
    assert text.endswith("…")
    assert abs(Fraction(text[:-1]) - value) <= abs(value) / 10**14
    with pytest.raises(BadQuantity):
        number(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("12.50"), "12.50"),
        (Decimal("2.7e6"), "2700000"),
        (Decimal("1e-34"), "0." + "0" * 33 + "1"),
        (Decimal("1e33"), "1" + "0" * 33),
        (Decimal("-1e33"), "-1" + "0" * 33),
        (Decimal("1e50"), "1E+50"),
        (Decimal("1e-50"), "1E-50"),
        (Fraction(2, 3), "0.666666666666667…"),
        (Fraction(-1, 3), "-0.333333333333333…"),
    ],
)
def test_numbers_print_plainly_unless_they_are_enormous(value, text):
    assert number_text(value) == text


@given(numbers(), st.integers(0, 20))
def test_equal_numbers_have_one_canonical_text(value, places):
    _, digits, exponent = value.as_tuple()
    longer = Decimal((int(value < 0), digits + (0,) * places, exponent - places))
    assert longer == value
    assert canonical_text(longer) == canonical_text(value)


@given(numbers(), numbers())
def test_different_numbers_have_different_canonical_texts(value, other):
    assert (canonical_text(value) == canonical_text(other)) == (value == other)


@given(numbers())
def test_a_canonical_text_is_plain_and_has_nothing_to_spare(value):
    text = canonical_text(value)
    assert set(text) <= set("-0123456789.")
    assert text == "0" or not text.startswith("-0") or text.startswith("-0.")
    if "." in text:
        assert text[-1] not in "0."


@pytest.mark.parametrize("zero", ["0", "-0", "0.00", "-0.0", "0e9", "-0e-9"])
def test_the_canonical_text_of_every_zero_is_0(zero):
    assert canonical_text(Decimal(zero)) == "0"
