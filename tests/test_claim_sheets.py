"""Claims from CSV files: what is read of a table of published figures, and what is refused."""

from __future__ import annotations

import csv
import inspect
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger
from ledger import (
    Claim,
    Distinct,
    Joined,
    MemberJoined,
    Members,
    MetricDefined,
    Quantity,
    ReportPublished,
    Total,
    Value,
    at_least,
    between,
    exactly,
    rounded,
)
from ledger.exchange import claims
from ledger.model.errors import PROBLEMS_MAX, BadInput
from ledger.model.wording import worded
from ledger.testing.strategies import claims as drawn_claims

WEF = Path(__file__).parent / "data" / "wef_claims.csv"
"""Figures of two press releases of the World Economic Forum's initiative on industrial clusters, as miragenews and the
others named in each row quote them. Units are spelled as the library spells them, and `reading` is how we read them."""

LABELS = {
    "new_members": Joined("2023-01-20"),
    "co2": Value("co2"),
    "jobs": Value("jobs"),
    "gdp": Value("gdp"),
    "countries": Distinct("country"),
    "continents": Distinct("continent"),
}


def of(content, /, **options):
    return claims(StringIO(content, newline=""), **options)


def table(*rows, header="measure,amount,at"):
    return "\n".join([header, *rows]) + "\n"


def refused(content, /, **options):
    with pytest.raises(BadInput) as refusal:
        of(content, **options)
    return str(refusal.value)


# the published figures


def test_the_figures_of_two_press_releases_are_read_as_they_are_meant():
    read = claims(
        WEF, measure="figure", amount="claimed", at="published", text="source", definition="basis", measures=LABELS
    )
    assert len(read) == 12
    assert read[0] == Claim(Members(), "17", "2023-01-19", "all", "seed; miragenews 931610")
    assert {worded(claim.measure): claim.amount for claim in read if claim.at == date(2023, 1, 19)} == {
        "members": exactly(17),
        "joined since 2023-01-20": exactly(9),
        "value co2": between("450.5", "451.5", "Mt/year"),
        "value jobs": at_least("2.7e6", "people"),
        "value gdp": rounded("218", "billion USD/year"),
        "distinct country": exactly(9),
        "distinct continent": exactly(4),
    }
    assert read[2].definition == "all 17, 'emitted per year'"
    assert read[-2].amount.dimension != read[2].amount.dimension


def test_claims_can_be_recorded_as_those_of_a_report():
    options = {"measure": "figure", "amount": "claimed", "at": "published", "measures": LABELS}
    read = [claim for claim in claims(WEF, **options) if claim.at < date(2024, 1, 1)]
    with ledger.open(":memory:") as book:
        clusters = book.initiative("clusters")
        clusters.record(
            MetricDefined("co2", "Mt/year"),
            MetricDefined("jobs", "people"),
            MetricDefined("gdp", "USD/year"),
            MemberJoined("basque", "2021/2023-01-19", attributes={"country": "Spain", "continent": "Europe"}),
            ReportPublished("pr-2023-01", "2023-01-20", claims=read),
            source="miragenews 931610",
        )
        (record,) = (record for record in clusters.records() if isinstance(record.event, ReportPublished))
        assert record.event.claims == tuple(read)


# laws


def written(several, delimiter, *, apart):
    """Write claims as a person would: the unit with the amount, or in a column of its own."""
    file = StringIO(newline="")
    sheet = csv.writer(file, delimiter=delimiter)
    sheet.writerow(["text", "measure", "at", "amount", "definition", *["unit"] * apart])
    for claim in several:
        amount = Quantity(claim.amount.low, claim.amount.high, "").text if apart else claim.amount.text
        at = "" if claim.at is None else claim.at.isoformat()
        row = [claim.text, worded(claim.measure), at, amount, claim.definition or ""]
        sheet.writerow([*row, *[claim.amount.unit] * apart])
    return file.getvalue()


one_claim = drawn_claims().filter(lambda claim: claim.definition is None or claim.definition.strip())


@given(st.lists(one_claim, max_size=5), st.sampled_from(",;\t"), st.booleans())
def test_claims_that_are_written_and_read_again_are_equal(several, delimiter, apart):
    assert of(written(several, delimiter, apart=apart), delimiter=delimiter) == several


@given(st.lists(st.tuples(*3 * [st.sampled_from(["members", "17", "", "2023-01-20", "2023", "x", '"', ">"])])))
def test_a_row_is_read_or_it_is_told_why_not(rows):
    text = table(*(",".join(row) for row in rows)).replace('"', "'")
    wanted = sum(any(row) for row in rows)
    try:
        read = of(text)
    except BadInput as error:
        lines = str(error).splitlines()
        assert all(line.startswith(("  row ", "  and ")) for line in lines[1:])
        assert len(lines) > 1
    else:
        assert len(read) == wanted


# what is read


def test_a_claim_is_one_row_in_the_order_of_the_file():
    text = table(
        "members,17,2023-01-20", "members where country is Spain,>= 2,", "total co2 within 2 years,451 Mt/year,"
    )
    assert of(text) == [
        Claim(Members(), "17", "2023-01-20", text="the CSV file, row 2"),
        Claim(Members({"country": "Spain"}), at_least(2), text="the CSV file, row 3"),
        Claim(Total("co2", within="2 years"), "451 Mt/year", text="the CSV file, row 4"),
    ]
    assert of(table()) == []


def test_a_label_means_what_the_caller_says_before_what_it_says_itself():
    text = table("jobs,3.4e6 people,", " members ,20,", "distinct country,10,")
    read = of(text, measures={"jobs": Total("jobs"), "members": Members(suspended=True)})
    assert [claim.measure for claim in read] == [Total("jobs"), Members(suspended=True), Distinct("country")]


def test_a_reading_says_how_the_printed_number_is_meant():
    header = "measure,amount,at,unit,reading"
    text = table(
        "value a,451 Mt,,,", "value a,451,,Mt,rounded", "value a,451 Mt,,Mt,At Least", "value a,451,,Mt,about 2 %",
        header=header,
    )  # fmt: skip
    assert [claim.amount.text for claim in of(text)] == ["451 Mt", "450.5..451.5 Mt", ">= 451 Mt", "441.98..460.02 Mt"]
    assert [claim.amount.text for claim in of(text.replace("Mt", ""), unit=None, reading=None)] == ["451"] * 4


def test_definition_and_text_are_kept_as_they_are():
    header = "measure,amount,at,definition,text"
    rows = ['members,1,,"emitted,\n per year "," one\r\ntwo"', "members,2,, ,"]
    first, second = of(table(*rows, header=header))
    assert (first.definition, first.text) == ("emitted,\n per year ", " one\r\ntwo")
    assert (second.definition, second.text) == (None, "")
    assert of(table(*rows, header=header), definition=None, text=None)[0] == Claim(
        Members(), "1", text="the CSV file, row 2"
    )


LINES = {"of b\nand c": Members()}


@pytest.mark.parametrize(("file", "named"), [("claims.csv", "claims.csv"), ("a\nb\udcff.csv", "a\nb?.csv")])
def test_without_a_text_a_claim_is_called_by_its_row(tmp_path, file, named):
    path = tmp_path / file
    path.write_text(table("members,17,", "", "members,9,", '"of b\nand c",9,', "members,8,"), "utf-8")
    if file.isascii():
        with path.open(encoding="utf-8", newline="") as lines:
            assert claims(lines, measures=LINES) == claims(path, measures=LINES)
    # as a spreadsheet counts rows: one that is blank counts, and a line break in a cell begins none
    assert [claim.text for claim in claims(path, measures=LINES)] == [f"{named}, row {row}" for row in (2, 4, 5, 6)]


def test_what_is_wrong_with_a_claim_that_was_read_leads_back_to_its_row(tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text(table("members,1,2023-01-20", "total c02,451 Mt/year,2023-01-20"), "utf-8")
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        club.record(MetricDefined("co2", "Mt/year"), MemberJoined("ada", "2020"))
        with pytest.raises(ledger.LedgerError, match=r"claim 1 \('claims.csv, row 3'\)"):
            club.audit(claims=claims(path))
        with pytest.raises(ledger.Refused, match=r"claim 1 \('claims.csv, row 3'\)"):
            club.record(ReportPublished("pr", "2023-01-20", claims=claims(path)))


def test_columns_may_have_any_names_and_there_may_be_no_days():
    text = "label,figure,units,said,note\nmembers,17,people,rounded,found\n"
    (claim,) = of(text, measure="label", amount="figure", at=None, unit="units", reading="said", text="note")
    assert claim == Claim(Members(), "16.5..17.5 people", text="found")


def test_one_column_may_serve_twice():
    text = table("members,17,2023-01-20")
    assert of(text, text="measure")[0].text == "members"


def test_files_as_other_programs_write_them_are_read(tmp_path):
    expected = [Claim(Members({"country": "United States"}), "17", "2023-01-20", text="a, b")]
    words = '"members where country is ""United States"""'
    for number, (content, delimiter) in enumerate([
        (f'\ufeffmeasure,amount,at,text\r\n{words},17,2023-01-20,"a, b"\r\n', ","),
        (f'\ufeff"measure";"amount";"at";"text"\r\n{words};"17";"2023-01-20";"a, b"\r\n', ";"),
        (f"measure\tamount\tat\ttext\n{words}\t17\t2023-01-20\ta, b\n", "\t"),
        (f'\n text,at , measure,amount\n,,,\n"a, b", 2023-01-20 ,{words}, 17 \n\n', ","),
        (f"measure;amount;at;text\r{words};17;2023-01-20;a, b\r", ";"),
    ]):  # fmt: skip
        path = tmp_path / f"{number}.csv"
        path.write_text(content, "utf-8", newline="")
        for file in (path, str(path), StringIO(content, newline="")):
            assert claims(file, delimiter=delimiter) == expected


def test_the_signature_shows_the_names_of_the_columns():
    defaults = {name: one.default for name, one in inspect.signature(claims).parameters.items()}
    optional = ("measure", "amount", "at", "unit", "reading", "definition", "text")
    assert all(defaults[name] == name for name in optional)
    assert "unit: str | None = 'unit'" in str(inspect.signature(claims)).replace("'str | None'", "str | None")


# what is refused


def test_all_bad_rows_are_named_at_once_with_their_column_and_what_to_do(tmp_path):
    path = tmp_path / "claims.csv"
    path.write_text(
        table(
            "members,17,2023-01,,", "countries,9,,,", "members,many,soon,,", "", "members,9,,countries,almost",
            "members,451 Mt,,kt,", "members,>= 451,,Mt,rounded", "members,,,,", "members,17", ",17,,,",
            "members,1" + "2" * 33 + ",,,rounded", "members,9,,,", "members where a is \x07,1,,,",
            header="measure,amount,at,unit,reading",
        ),
        "utf-8",
    )  # fmt: skip
    with pytest.raises(BadInput) as refusal:
        claims(path)
    said = str(refusal.value).splitlines()
    assert said[0] == f"{path}: nothing was read, for 13 reasons:"
    for line, (start, *parts) in zip(said[1:], [
        ("row 2, column 'at': '2023-01' is not one exact day: write it as YYYY-MM-DD; a claim is compared with one ",
         "day, so write the day that the figure speaks of, or leave the cell blank if that is the day of the report"),
        ("row 3, column 'measure': 'countries' is no label that was explained, and no measure in words either",
         "say what it means (its label), or write it in words ('countries' is no measure: at char"),
        ("row 4, column 'at': 'soon' is not one exact day",),
        ("row 4, column 'amount': 'many' is not a number",),
        ("row 6, column 'unit': 'countries' is not a known unit",),
        ("row 6, column 'reading': 'almost' is no reading", "write both ends, as in '475..500'"),
        ("row 7, column 'amount': '451 Mt' has a unit, and the unit is said to be 'kt'",),
        ("row 8, column 'amount': '>= 451' says itself how it is meant",),
        ("row 9, column 'amount': '' is not an amount",),
        ("row 10 has 2 cells, and 5 columns are named",),
        ("row 11, column 'measure': '' is no label",),
        ("row 12, column 'amount': Claim.amount", "more than 34 digits"),
        ("row 14, column 'measure': 'members where a is \\x07' is no label", "holds a control character"),
    ], strict=True):  # fmt: skip
        assert line.startswith(f"  {start}")
        assert all(part in line for part in parts)


def test_a_text_that_cannot_be_kept_is_a_problem_of_its_cell():
    header = "measure,amount,at,definition,text"
    said = refused(table(f"members,1,,{'x' * 100_001},{'y' * 100_001}", header=header))
    assert "\n  row 2, column 'definition': the definition has 100,001 characters; at most 100,000 are allowed" in said
    assert "\n  row 2, column 'text': the text has 100,001 characters" in said


def test_a_text_that_cannot_be_kept_is_one_problem():
    assert ": nothing was read, for 1 reason:\n" in refused(
        table(f"members,1,,{'y' * 100_001}", header="measure,amount,at,text")
    )


def test_a_label_is_taken_as_it_is_written():
    measures = {"Countries": Distinct("country")}
    assert [one.measure for one in of(table("Countries,9,"), measures=measures)] == [Distinct("country")]
    assert "'countries' is no label that was explained" in refused(table("countries,9,"), measures=measures)


def test_line_breaks_in_a_cell_are_kept(tmp_path):
    path = tmp_path / "claims.csv"
    path.write_bytes(b'measure,amount,at,text\r\nmembers,17,,"one\r\ntwo"\r\n')
    assert [one.text for one in claims(path)] == ["one\r\ntwo"]


def test_a_long_list_of_problems_is_cut():
    said = refused(table(*["members,many,"] * (PROBLEMS_MAX + 5)))
    assert f"for {PROBLEMS_MAX + 5} reasons:" in said
    assert said.endswith("\n  and 5 more")
    assert said.count("column 'amount'") == 20


@pytest.mark.parametrize(("header", "options", "why"), [
    ("", {}, "there is no column 'measure', 'amount', 'at'; its first row names none."),
    ("Measure,Amount,At,Unit", {}, "there is no column 'measure', 'amount', 'at'; its first row names 'Measure'"),
    ("measure,amount", {}, "there is no column 'at'"),
    ("measure;amount;at", {}, "or which sign is between them, as in delimiter=';'"),
    ("measure,claimed,at", {}, "Say which column is which, as in amount='claimed'"),
    ("measure,amount,at", {"unit": "unit"}, "there is no column 'unit'"),
    ("measure,amount,at", {"text": "text", "reading": "reading"}, "there is no column 'reading', 'text'"),
    ("measure,amount,at,Unit", {}, "there is a column 'Unit', and 'unit' is looked for: say unit='Unit', or unit=None"),
    ("measure,amount,at,at", {}, "the columns 'at' are named twice"),
])  # fmt: skip
def test_columns_that_are_missing_or_doubtful_are_refused_with_the_file(header, options, why):
    said = refused(header, **options)
    assert said.startswith("the CSV file: ")
    assert why in said


@pytest.mark.parametrize(("options", "why"), [
    ({"measure": None}, "measure: None is no name of a column"),
    ({"amount": ""}, "amount: '' is no name of a column"),
    ({"at": 5}, "at: 5 is no name of a column: give one as the first row has it, or at=None where there is none"),
    ({"unit": []}, "unit: [] is no name of a column"),
    ({"delimiter": ",,"}, "is not one sign between cells"),
    ({"measures": ["members"]}, "is no mapping of labels to measures, as in {'countries': Distinct('country')}"),
    ({"measures": {"members": "members"}}, "is no mapping of labels to measures"),
    ({"measures": {5: Members()}}, "is no mapping of labels to measures"),
])  # fmt: skip
def test_an_option_that_makes_no_sense_is_refused_before_anything_is_read(options, why):
    with pytest.raises(BadInput) as refusal:
        claims("/no/such/file.csv", **options)
    assert why in str(refusal.value)


def test_what_is_no_file_or_no_csv_is_refused(tmp_path):
    with pytest.raises(BadInput, match="is no CSV file: give its path"):
        claims(None)
    with pytest.raises(FileNotFoundError):
        claims(tmp_path / "missing.csv")
    (tmp_path / "claims.csv").write_bytes(b'measure,amount,at\nmembers,"17,\n')
    with pytest.raises(BadInput, match=r"claims\.csv, in row 2: .*: save it as a CSV file in UTF-8"):
        claims(tmp_path / "claims.csv")


def test_what_is_not_in_utf_8_is_in_the_row_that_is_named_or_in_one_not_read_yet(tmp_path):
    (tmp_path / "claims.csv").write_bytes(b"measure,amount,at\nmembers,17,\nvalue caf\xe9,1,\n")
    with pytest.raises(BadInput, match=r"claims\.csv, in row 3: .*0xe9.*: save it as a CSV file in UTF-8"):
        claims(tmp_path / "claims.csv")
    below = r"claims\.csv, in row 1 or below: .*0xe9.*: save it as a CSV file in UTF-8"
    with (tmp_path / "claims.csv").open(encoding="utf-8") as file, pytest.raises(BadInput, match=below):
        claims(file)
