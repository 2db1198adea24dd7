"""Units: exact factors, dimensions that keep unlike things apart, and clear refusals."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from importlib.resources import files

import pytest
from attrs.exceptions import FrozenInstanceError
from hypothesis import given, reject
from hypothesis import strategies as st

from ledger.model.errors import LedgerError, UnknownUnit
from ledger.model.exact import from_fraction
from ledger.model.units import PLAIN, Unit, base_of, unit

LINES = files("ledger.model").joinpath("units.txt").read_text("utf-8").splitlines()
CURRENCIES = [code for line in LINES if line.startswith("currencies") for code in line.split()[1:]]
DEFINITIONS = [line.split("=") for line in LINES if " = " in line and "-" not in line.split()[0]]
NAMES = [name.strip() for first, _, *others in DEFINITIONS for name in (first, *others)]
BASES = [first.strip() for first, meaning, *_ in DEFINITIONS if meaning.strip().startswith("[")]
PREFIXES = {
    "k": 3,
    "M": 6,
    "G": 9,
    "T": 12,
    "P": 15,
    "kilo": 3,
    "mega": 6,
    "giga": 9,
    "tera": 12,
    "peta": 15,
    "hecto": 2,
}

names = st.sampled_from([*NAMES, *CURRENCIES[:5], "kt", "Mt", "GWh"])
factors = st.builds("{}{}".format, names, st.sampled_from(["", "", "^2", "**3"]))
expressions = st.lists(factors, min_size=1, max_size=4).flatmap(
    lambda several: st.sampled_from([" ", "*", " * ", "/", " / "]).map(lambda sign: sign.join(several))
)


def kind(value: object) -> str:
    return type(value).__name__


def check_readable(error: LedgerError) -> None:
    assert len(str(error).encode()) < 400  # and no lone surrogate


# --- what is known ---


@pytest.mark.parametrize(
    ("text", "dimension", "factor"),
    [
        ("", "", "1"),
        ("t", "[mass]", "1"),
        ("kg", "[mass]", "0.001"),
        ("g", "[mass]", "0.000001"),
        ("kt", "[mass]", "1000"),
        ("Mt", "[mass]", "1000000"),
        ("Gt", "[mass]", "1000000000"),
        ("Mt CO2", "[mass]", "1000000"),
        ("MtCO2", "[mass]", "1000000"),
        ("tCO2e", "[co2_equivalent] * [mass]", "1"),
        ("Mt CO2e/year", "[co2_equivalent] * [mass] / [time]", "1000000"),
        ("Mt/year", "[mass] / [time]", "1000000"),
        ("kt per year", "[mass] / [time]", "1000"),
        ("percent", "", "0.01"),
        ("%", "", "0.01"),
        ("million", "", "1000000"),
        ("million people", "[people]", "1000000"),
        ("person", "[people]", "1"),
        ("GWh", "[energy]", "3600000000000"),
        ("Mtoe", "[energy]", "41868000000000000"),
        ("GW", "[power]", "1000000000"),
        ("ha", "[length]^2", "10000"),
        ("m^2", "[length]^2", "1"),
        ("m**3", "[length]^3", "1"),
        ("litre", "[length]^3", "0.001"),
        ("USD", "[USD]", "1"),
        ("billion EUR/year", "[EUR] / [time]", "1000000000"),
        ("t/person/year", "[mass] / [people] / [time]", "1"),
        ("t/year^2", "[mass] / [time]^2", "1"),
        ("percent/year", "1 / [time]", "0.01"),
        ("t/t", "", "1"),
        ("kt/t", "", "1000"),
    ],
)
def test_units_have_a_dimension_and_an_exact_factor(text, dimension, factor):
    known = unit(text)
    assert (known.text, known.dimension, known.factor) == (text, dimension, Decimal(factor))
    assert isinstance(known.factor, Decimal)


@pytest.mark.parametrize("name", NAMES)
def test_every_unit_of_the_file_is_known(name):
    assert unit(name).factor > 0


@pytest.mark.parametrize("name", BASES)
def test_the_base_unit_of_each_dimension_is_one_of_itself(name):
    assert unit(name).factor == 1
    assert unit(name).dimension.startswith("[")


def test_base_units_measure_different_things():
    assert len({unit(name).dimension for name in BASES}) == len(BASES)


def test_every_currency_is_a_dimension_of_its_own():
    assert len(CURRENCIES) > 150
    assert [unit(code).dimension for code in CURRENCIES] == [f"[{code}]" for code in CURRENCIES]
    assert {unit(code).factor for code in CURRENCIES} == {1}


@pytest.mark.parametrize("prefix", PREFIXES)
def test_prefixes_are_powers_of_ten(prefix):
    name = "tonne" if len(prefix) > 1 else "t"
    assert unit(prefix + name).factor == 10 ** PREFIXES[prefix]
    assert unit(prefix + name).dimension == "[mass]"


def test_kt_is_a_kilotonne_and_not_a_knot():
    assert unit("kt") == Unit("kt", "[mass]", Decimal(1000))


def test_no_unit_is_the_unit_of_plain_numbers():
    assert unit("") is PLAIN


def test_money_people_and_masses_are_kept_apart():
    dimensions = [unit(text).dimension for text in ("USD", "EUR", "people", "t", "tCO2e", "Wh", "W", "year", "")]
    assert len(set(dimensions)) == len(dimensions)


@given(factors, factors)
def test_units_combine_as_their_factors_do(one, other):
    assert unit(f"{one} {other}").factor == unit(f"{one}*{other}").factor == unit(one).factor * unit(other).factor
    assert unit(f"{one} * {other}").dimension == unit(f"{other} * {one}").dimension
    ratio = from_fraction(Fraction(unit(one).factor) / Fraction(unit(other).factor))
    if isinstance(ratio, Decimal):
        assert unit(f"{one}/{other}").factor == ratio
        assert unit(f"{one}/{other}*{other}").dimension == unit(one).dimension
    else:
        with pytest.raises(UnknownUnit, match="no finite decimal"):
            unit(f"{one}/{other}")


def test_a_unit_does_not_change():
    with pytest.raises(FrozenInstanceError):
        unit("t").factor = Decimal(2)


# --- what is refused ---


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("tonn", "did you mean tonne"),
        ("Tonne", "did you mean tonne"),
        ("peple/year", "did you mean people"),
        ("usd", "is not a known unit"),
        ("tonn/tonn", r"mean tonne\?$"),
        ("t*xyzzy/xyzzy", "is not a known unit$"),
        ("Mt/yaer", r"did you mean year\?$"),
        ("square m", "is not a known unit"),
        ("knot", "is not a known unit$"),
        ("count", "is not a known unit$"),
        ("convert", "is not a known unit$"),
        ("defualt_format", "is not a known unit$"),
        ("xyzzy", "is not a known unit$"),
        ("nan", "is not a known unit"),
        ("NaN t", "is not a known unit"),
        ("t/nan", "is not a known unit"),
        ("inf", "is not a known unit"),
        ("Infinity", "is not a known unit"),
        ("import", "is not a known unit"),
        ("lambda", "is not a known unit"),
        ("mt", "is not a known unit"),
        ("t or t", "is not a known unit"),
    ],
)
def test_an_unknown_unit_is_refused_with_a_near_name_where_there_is_one(text, hint):
    with pytest.raises(UnknownUnit, match=hint) as refused:
        unit(text)
    assert ascii(text) in str(refused.value)


@pytest.mark.parametrize("text", ["t/Wh", "t/toe", "tonne/joule/toe", "year/Wh"])
def test_a_unit_without_a_finite_decimal_factor_is_refused(text):
    with pytest.raises(UnknownUnit, match="no finite decimal number of base units: use another unit"):
        unit(text)


# fmt: off
NOT_UNITS = [
    " ", " t", "t ", "t  t", "t\n", "t\tt", "t\u00a0t", "t\x00", "5", "5 t", "2t", "1/t", "t/2", "t^10", "t^-1",
    "t^0", "t^", "t**", "t ** 2", "(t)", "t//t", "t*/t", "/t", "t/", "t-t", "t+t", "t.t", "t\u00b7t", "t,t",
    "_t", "__import__", "t;t", "t[0]", "'t'", "\u00b5g", "\u20ac", "$", "t\u00b2", "\uff54", "\u0442", "\u202et",
    "\ud800", "x" * 61, "t" + "*t" * 30, "x" * 10_000,
]
# fmt: on


@pytest.mark.parametrize("text", NOT_UNITS, ids=lambda text: ascii(text)[:30])
def test_what_is_not_written_as_a_unit_is_refused_with_the_form_to_write(text):
    with pytest.raises(UnknownUnit, match="is not a unit: write names joined by") as refused:
        unit(text)
    assert len(str(refused.value).encode()) < 200


@pytest.mark.parametrize(
    "value", [None, 0, 5, 1.5, True, False, b"", b"t", [], {}, ("t",), object(), float("nan"), [10**5000]], ids=kind
)
def test_a_unit_that_is_not_text_is_refused_with_its_type(value):
    with pytest.raises(UnknownUnit, match=f"a unit is text such as 'Mt/year', not {kind(value)}"):
        unit(value)


@given(
    expressions | st.text() | st.from_regex(r"\A[A-Za-z%]\w{0,5}((\^|\*\*)[0-9])?( ?[*/ ] ?[A-Za-z%]\w{0,5}){0,2}\Z")
)
def test_any_text_is_a_unit_with_a_positive_factor_or_is_refused(text):
    try:
        known = unit(text)
    except UnknownUnit as error:
        check_readable(error)
    else:
        assert known.text == text
        assert known.factor > 0
        assert unit(text) == known


# --- cost ---


def test_pint_is_imported_when_the_first_unit_is_met():
    code = """
import sys
from ledger.model.units import unit
unit("")
assert "pint" not in sys.modules
unit("t")
assert "pint" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@given(factors, st.lists(factors, max_size=1))
def test_the_base_unit_is_one_of_the_same_dimension(above, below):
    text = "/".join([above, *below])
    try:
        unit(text)
    except UnknownUnit:  # of no finite number of base units
        reject()
    base = base_of(text)
    if not unit(text).dimension:
        assert base == ""
    elif not base.startswith("1/"):  # which nobody can write
        assert (unit(base).dimension, unit(base).factor) == (unit(text).dimension, 1)


def test_base_units_are_named_by_their_powers():
    assert [base_of(text) for text in ("km^2", "l", "GWh/ha/year", "EUR/year^2", "t*km")] == [
        "metre^2",
        "metre^3",
        "joule/metre^2/year",
        "EUR/year^2",
        "metre*tonne",
    ]
