"""Amounts from CSV files: what is read of a long table and of a wide one, and what is refused."""

from __future__ import annotations

import csv
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger
from ledger import MemberJoined, MetricDefined, MetricUpdated, Quantity, When, exactly, rounded
from ledger.exchange import Amounts, spells, values, wide_values
from ledger.model.errors import BadInput
from ledger.testing.strategies import events

DATA = Path(__file__).parent / "data"
HEADER = "member,metric,effective,amount"


def of(content, /, **options):
    return values(StringIO(content, newline=""), **options)


def table(*rows, header=HEADER):
    return "\n".join([header, *rows]) + "\n"


def refused(content, /, **options):
    with pytest.raises(BadInput) as refusal:
        of(content, **options)
    return str(refusal.value)


CO2 = {"1990": Amounts("co2", "Mt/year", "1990"), "2019": Amounts("co2", "Mt/year", "2019")}


def wide(content, columns=CO2, /, **options):
    return wide_values(StringIO(content, newline=""), columns, **options)


# real tables


def test_the_emissions_and_the_product_of_the_union_are_totals_of_their_files(tmp_path):
    with ledger.open(":memory:") as book:
        union = book.initiative("eu")
        union.record(MetricDefined("carbon", "Mt/year"), MetricDefined("gdp", "USD/year"))
        union.record_sheet(spells(DATA / "eu_members.csv", member="code", start="member_since", end="left_on"))
        for file, column, amounts in [
            ("eu_co2_1990.csv", "mt_carbon", Amounts("carbon", "Mt/year", "1990-12-31")),
            ("eu_gdp_2019.csv", "value", Amounts("gdp", "USD/year", "2019-12-31")),
        ]:
            read = wide_values(DATA / file, {column: amounts}, member="code")
            done = union.record_sheet(read, source="eu", rejects=tmp_path / file)
            assert not union.record_sheet(read, source="eu", rejects=tmp_path / f"again-{file}").records
            with (DATA / file).open(encoding="utf-8") as lines:
                rows = {row["code"]: Decimal(row[column]) for row in csv.DictReader(lines)}
            aside = {one.cells[0] for one in done.rejected}
            assert aside <= {"EUU"}  # the union itself, which is no member of it
            expected = exactly(sum(amount for code, amount in rows.items() if code not in aside), amounts.unit)
            assert union.at("2020-01-31").total(amounts.metric).amount == expected


# laws


def written(several, delimiter, *, apart):
    """Write values as a person would: the unit with the amount, or in a column of its own."""
    file = StringIO(newline="")
    sheet = csv.writer(file, delimiter=delimiter)
    sheet.writerow(["quality", "metric", "amount", "effective", "period", "member", *["unit"] * apart])
    for one in several:
        amount = Quantity(one.amount.low, one.amount.high, "").text if apart else one.amount.text
        period = "" if one.period is None else one.period.text
        row = [one.quality, one.metric, amount, one.effective.text, period, one.member or ""]
        sheet.writerow([*row, *[one.amount.unit] * apart])
    return file.getvalue()


one_value = events(MetricUpdated).filter(lambda event: event.amount is not None)


@given(st.lists(one_value, max_size=4), st.sampled_from(",;\t"), st.booleans())
def test_values_that_are_written_and_read_again_are_equal(several, delimiter, apart):
    assert of(written(several, delimiter, apart=apart), delimiter=delimiter) == several


CELLS = st.sampled_from(["", "a", "co2", "2020", "soon", "5 t", ">= 3", "\x07", "1e400", " 7 "])


@given(st.lists(st.tuples(*4 * [CELLS]), max_size=5))
def test_a_row_is_read_or_it_is_set_aside(rows):
    text = table(*(",".join(row) for row in rows))
    filled = [number for number, row in enumerate(rows, 2) if any(map(str.strip, row))]
    read = of(text, lenient=True)
    assert sorted([*read.rows, *(one.row for one in read.rejected)]) == filled
    narrow = table(*(",".join(row) for row in rows), header="member,1990,2019,note")
    both = wide(narrow, lenient=True)
    assert {*both.rows} | {one.row for one in both.rejected} == {*filled}
    assert not {*both.rows} & {one.row for one in both.rejected}
    for row in {*both.rows}:
        assert [*both.rows].count(row) == sum(bool(cell.strip()) for cell in rows[row - 2][1:3])


# what is read


def test_a_row_is_one_amount_of_a_member_or_of_the_initiative():
    text = table(
        "a,co2,2022-06-30,12.5 Mt/year", ",jobs,2021/2022,>= 2.7 million people", " b , co2 , 2020? , 15..20% "
    )
    assert of(text) == [
        MetricUpdated("co2", "2022-06-30", "12.5 Mt/year", "a"),
        MetricUpdated("jobs", "2021/2022", ">= 2.7 million people"),
        MetricUpdated("co2", "2020?", "15..20%", "b"),
    ]
    assert of(table()) == []
    assert of(table("co2,2022,5", header="metric,effective,amount"), member=None) == [MetricUpdated("co2", "2022", "5")]


def test_unit_reading_period_and_quality_are_read_where_they_are_there():
    header = f"{HEADER},unit,reading,period,quality,note"
    text = table(
        "a,co2,2022,451,Mt,rounded,2021,estimated,x", "a,co2,2022,451 Mt,Mt,,,,",
        "a,co2,2022,451 Mt,,at least,,modelled,",
        header=header,
    )  # fmt: skip
    first, second, third = of(text)
    assert first == MetricUpdated("co2", "2022", rounded("451 Mt"), "a", "2021", "estimated")
    assert second == MetricUpdated("co2", "2022", "451 Mt", "a")
    assert (third.amount.text, third.quality) == (">= 451 Mt", "modelled")
    plain = of(text.replace("451 Mt", "451"), unit=None, reading=None, period=None, quality=None)
    assert [*plain] == [MetricUpdated("co2", "2022", "451", "a")] * 3


def test_columns_may_have_any_names():
    text = "who;what;when;how much\na;co2;2022;5 t\n"
    read = of(text, member="who", metric="what", effective="when", amount="how much", delimiter=";")
    assert read == [MetricUpdated("co2", "2022", "5 t", "a")]


def test_a_wide_table_has_a_column_for_each_metric_and_dates_of_its_own():
    columns = {
        "co2_mt": Amounts("co2", "Mt/year"),
        "jobs": Amounts("jobs", "people"),
        "then": Amounts("jobs", "", "1990"),
    }
    text = "member,effective,co2_mt,jobs,note,then\na,2022,12.5,>= 100,x,\n,2023,,300 people,,7\n"
    assert wide(text, columns) == [
        MetricUpdated("co2", "2022", "12.5 Mt/year", "a"),
        MetricUpdated("jobs", "2022", ">= 100 people", "a"),
        MetricUpdated("jobs", "2023", "300 people"),
        MetricUpdated("jobs", "1990", "7"),
    ]
    assert wide("1990,2019\n1,2\n", member=None)[1] == MetricUpdated("co2", "2019", "2 Mt/year")


# what is refused


def test_all_bad_rows_are_named_at_once_with_their_column_and_what_to_do(tmp_path):
    path = tmp_path / "values.csv"
    header = f"{HEADER},unit,reading,period,quality"
    path.write_text(
        table(
            "a,co2,2022,12,tons of it,,,", "a,,soon,,,,,", "\x07,co2,2022,12,,nearly,then,guessed", "a,co2,,1..0,,,,",
            "", "a,co2,2022,12", f"a,co2,2022,1{'2' * 33},,rounded,,", "a,co2,2022,12,,,,", header=header,
        ),
        "utf-8",
    )  # fmt: skip
    with pytest.raises(BadInput) as refusal:
        values(path)
    said = str(refusal.value).splitlines()
    assert said[0] == f"{path}: nothing was read, for 12 reasons:"
    for line, start in zip(said[1:], [
        "row 2, column 'unit': 'tons of it' is not a known unit",
        "row 3, column 'metric': the metric is empty: give it a name",
        "row 3, column 'effective': 'soon' is not a date",
        "row 3, column 'amount': it is blank: write the amount, or remove the row; what is not known is missing by",
        "row 4, column 'member': the member '\\x07' holds a control character",
        "row 4, column 'period': 'then' is not a date",
        "row 4, column 'quality': 'guessed' is none of reported, estimated, modelled: write one, or leave it blank",
        "row 4, column 'reading': 'nearly' is no reading",
        "row 5, column 'effective': it is blank: write the date, roughly where it is not known",
        "row 5, column 'amount': 1..0 ends below where it begins",
        "row 7 has 4 cells, and 8 columns are named",
        "row 8, column 'amount': MetricUpdated.amount",
    ], strict=True):  # fmt: skip
        assert line.startswith(f"  {start}")
    read = values(path, lenient=True)
    assert read == [MetricUpdated("co2", "2022", "12", "a")]
    assert [one.row for one in read.rejected] == [2, 3, 4, 5, 7, 8]


def test_bad_rows_of_a_wide_table_are_named_too():
    text = "member,1990,2019\na,,\n\x07,1,2\nb,many,2 people\nc,1\nd,1,2\n"
    with pytest.raises(BadInput) as refusal:
        wide(text)
    said = str(refusal.value).splitlines()[1:]
    for line, start in zip(said, [
        "row 2 has no amount in any of its columns: write one, or remove the row",
        "row 3, column 'member': the member '\\x07' holds",
        "row 4, column '1990': 'many' is not a number",
        "row 4, column '2019': '2 people' has a unit, and the unit is said to be 'Mt/year'",
        "row 5 has 2 cells",
    ], strict=True):  # fmt: skip
        assert line.startswith(f"  {start}")
    read = wide(text, lenient=True)
    assert [event.member for event in read] == ["d", "d"]
    assert [one.cells for one in read.rejected] == [
        ("a", "", ""),
        ("\x07", "1", "2"),
        ("b", "many", "2 people"),
        ("c", "1"),
    ]
    dated = wide("member,effective,1990\na,soon,1\nb,,2\nc,2020,3\n", {"1990": Amounts("co2")}, lenient=True)
    assert dated == [MetricUpdated("co2", "2020", "3", "c")]


@pytest.mark.parametrize(("header", "options", "why"), [
    ("", {}, "there is no column 'metric', 'effective', 'amount', 'member'; its first row names none."),
    ("Member,metric,effective,amount", {}, "there is no column 'member'; its first row names 'Member', 'metric'"),
    ("member,metric,effective,amount,Unit", {}, "say unit='Unit', or unit=None to leave it out"),
    ("member,metric,effective,amount", {"unit": "unit"}, "there is no column 'unit'"),
    ("member,metric,effective,amount,amount", {}, "the columns 'amount' are named twice"),
    ("code,metric,effective,amount", {}, "as in member='code'"),
    (HEADER, {"metric": None}, "metric: None is no name of a column"),
    (HEADER, {"member": ""}, "or member=None where there is none"),
    (HEADER, {"lenient": "yes"}, "lenient='yes' must be True or False: what is wrong is refused or set aside"),
    (HEADER, {"delimiter": ""}, "is not one sign between cells"),
])  # fmt: skip
def test_columns_that_are_missing_and_options_that_make_no_sense_are_refused(header, options, why):
    assert why in refused(f"{header}\n", **options)


@pytest.mark.parametrize("columns", [None, {}, ["1990"], {"1990": "co2"}])
def test_columns_of_amounts_say_what_stands_in_them(columns):
    with pytest.raises(BadInput, match="does not say what stands in each column of amounts, as in"):
        wide("member,1990\n", columns)


def test_columns_of_amounts_must_be_there_and_so_must_that_of_the_date_where_one_is_needed():
    with pytest.raises(BadInput, match="there is no column '2019'"):
        wide("member,1990\n")
    with pytest.raises(BadInput, match="there is no column 'effective'"):
        wide("member,1990\n", {"1990": Amounts("co2")})
    with pytest.raises(BadInput, match=r"columns\[5\]: 5 is no name of a column"):
        wide("member,1990\n", {5: Amounts("co2", effective="1990")})


@pytest.mark.parametrize(("fields", "why"), [
    (("", ""), "Amounts.metric is empty"), (("co2", "tons of it"), "is not a known unit"),
    (("co2", 5), "a unit is text"), (("co2", "t", "soon"), "is not a date"),
])  # fmt: skip
def test_what_stands_in_a_column_is_checked_when_it_is_said(fields, why):
    with pytest.raises(BadInput, match=why):
        Amounts(*fields)
    assert Amounts("co2", "t", When("2020")) == Amounts("co2", "t", "2020")


def test_a_member_that_is_not_known_and_a_metric_that_is_not_defined_are_refused_by_row():
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        club.record(MemberJoined("a", "2020"), MetricDefined("co2", "t"))
        read = of(table("a,co2,2021,5 t", "b,co2,2021,5 t", "a,c02,2021,5 t", "a,co2,2021,5 people"))
        with pytest.raises(ledger.Refused) as refusal:
            club.record_sheet(read)
        said = str(refusal.value).splitlines()
        assert said[1].startswith("  row 3: 'b' has never been a member: record the joining first")
        assert said[2].startswith("  row 4: metric 'c02' is not defined: record a MetricDefined first")
        assert said[3].startswith("  row 5: ")
