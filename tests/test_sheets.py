"""Sheets: the rows of a CSV file, which columns are meant, and where a problem stands."""

from __future__ import annotations

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.exchange import spells
from ledger.exchange.sheets import IfThere, Sheet, must_be_there, opened, those_there
from ledger.model.errors import BadInput

cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=10)
COLUMNS = ["a", "b", "c"]


def rows_of(text, delimiter=","):
    return list(Sheet("it", delimiter=delimiter).rows(StringIO(text, newline="")))


@given(st.lists(st.tuples(cells, cells, cells)), st.sampled_from(",;\t|"), st.booleans(), st.booleans())
def test_cells_are_read_as_they_were_written(rows, delimiter, marked, quoted):
    file = StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
    writer.writerows([COLUMNS, *rows])
    header, *read = rows_of("\ufeff" * marked + file.getvalue(), delimiter)
    assert header == (1, {column: column for column in COLUMNS})
    assert [tuple(row.values()) for _, row in read] == [row for row in rows if any(map(str.strip, row))]


def test_rows_are_counted_as_a_spreadsheet_does():
    rows = rows_of('\n a ,b\n\n1,"2\n2"\n ,\t\n3, 4\n')
    assert rows == [(2, {"a": " a ", "b": "b"}), (4, {"a": "1", "b": "2\n2"}), (6, {"a": "3", "b": " 4"})]


def test_a_byte_order_mark_is_the_first_sign_of_a_file_and_elsewhere_part_of_a_cell(tmp_path):
    path = tmp_path / "marked.csv"
    path.write_text('\ufeffa,b\n\ufeff1,"\n\ufeff"\n', "utf-8", newline="")
    label, lines = opened(path)
    with lines as file:
        assert list(Sheet(label).rows(file))[1] == (2, {"a": "\ufeff1", "b": "\n\ufeff"})


def test_a_problem_names_its_row_and_column_and_the_next_cell_is_read():
    sheet = Sheet("it")
    row = (7, {"a": "x"})

    def refuses(cell):
        raise BadInput(f"{cell!r} is wrong")

    assert sheet.read(row, "a", refuses) is None
    assert sheet.read(row, "a", str.upper) == "X"
    assert sheet.read(row, None, str.upper) == ""
    with pytest.raises(BadInput, match=r"^it: nothing was read, for 1 reason:\n  row 7, column 'a': 'x' is wrong$"):
        sheet.table([])


def test_a_default_column_is_read_if_it_is_there_and_a_named_one_must_be():
    options = {"a": "a", "unit": IfThere("unit"), "text": "words", "at": None, "reading": IfThere("reading")}
    assert must_be_there(options) == ["a", "words"]
    assert those_there("it", ["a", "words", "reading"], options) == {
        "a": "a", "unit": None, "text": "words", "at": None, "reading": "reading",
    }  # fmt: skip


def test_a_default_column_is_not_passed_over_for_its_case():
    options = {"measure": "Text", "unit": IfThere("unit"), "text": IfThere("text")}
    assert those_there("it", ["Text"], options) == {"measure": "Text", "unit": None, "text": None}
    with pytest.raises(BadInput, match=r"^it: there is a column 'UNIT', and 'unit' is looked for: say unit='UNIT', or"):
        those_there("it", ["Text", "UNIT"], options)


def _spelt(text, encoding, tmp_path, name="list.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_what_stands_between_cells_is_found_by_the_first_row_that_is_not_blank(sign):
    text = '\n\n"a, b";start;name\nada;2020;"A; B, C"\n'.replace(";", sign) if sign != "," else "\na,start\nada,2020;\n"
    sheet = Sheet("x", delimiter=None)
    header, row = (cells for _, cells in sheet.rows(StringIO(text)))
    assert sheet.delimiter == sign
    assert list(header) == (["a", "start"] if sign == "," else ["a, b", "start", "name"])
    assert next(iter(row.values())) == "ada"
    assert sheet.table([]).delimiter == sign


def test_where_nothing_stands_between_cells_it_is_a_comma():
    for text in "", "\n", "member\nada\n":
        sheet = Sheet("x", delimiter=None)
        assert len(list(sheet.rows(StringIO(text)))) == text.count("a")
        assert sheet.table([]).delimiter == ","


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8-sig", "utf-8", "latin-1"])
def test_a_file_of_rejects_is_written_as_its_sheet_was(tmp_path, encoding):
    path = _spelt("member;name;start;end\nada;León;soon;\n", encoding, tmp_path)
    for _ in range(2):  # the second time it is there already
        with path.open(encoding=encoding, newline="") as file:
            table = spells(file, delimiter=None, lenient=True)
            table.write_rejects(tmp_path / "rejects.csv")
    assert (table.encoding, table.delimiter) == (encoding, ";")
    written = (tmp_path / "rejects.csv").read_bytes()
    assert "León" in written.decode(encoding)
    assert written[:2] == path.read_bytes()[:2] or encoding in ("cp1252", "utf-8", "latin-1")


def test_a_byte_that_is_no_text_is_named_by_its_row_in_whatever_encoding_it_is_read(tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes(b"member,name,start,end\nada,,2020,\nben,\x81,2020,\n")
    with (
        path.open(encoding="cp1252", errors="surrogateescape", newline="") as file,
        pytest.raises(BadInput, match=r"in row 3: byte 0x81 is no CP1252: save it as a CSV file in UTF-8, or open it"),
    ):
        spells(file)
