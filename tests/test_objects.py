"""JSON objects are read as a CSV file that says the same."""

from __future__ import annotations

import csv
import json
from io import BytesIO, StringIO, TextIOWrapper

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.exchange import objects, sheet_of_objects, spells, values
from ledger.model.errors import BadInput

CELLS = st.none() | st.booleans() | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
ROWS = st.lists(st.dictionaries(st.sampled_from("abcd"), CELLS, min_size=1), min_size=1, max_size=5)


def cell(value):
    return {None: "", True: "true", False: "false"}.get(value, value) if not isinstance(value, str) else value


@given(ROWS)
def test_an_array_and_an_object_a_line_give_the_same_sheet(rows):
    lines = "\n".join(json.dumps(row) for row in rows)
    sheets = [sheet_of_objects(StringIO(text)) for text in (json.dumps(rows), json.dumps(rows, indent=1), lines)]
    read = [list(csv.DictReader(sheet)) for sheet in sheets]
    names = list(dict.fromkeys(name for row in rows for name in row))
    assert read == 3 * [[{name: cell(row.get(name)) for name in names} for row in rows]]


def test_numbers_are_taken_as_they_are_written():
    text = '\ufeff{"member": "ada", "metric": "co2", "effective": 2020, "amount": 12.50, "unit": "t"'
    text += ', "reading": "rounded"}'
    (event,) = values(sheet_of_objects(StringIO(text)))
    assert event.amount.text == "12.495..12.505 t"


def test_true_false_and_null_are_cells_too():
    sheet = sheet_of_objects(StringIO('[{"a": true, "b": null}, {"a": false, "c": "x"}]'))
    assert sheet.read() == "a,b,c\r\ntrue,,\r\nfalse,,x\r\n"


def test_what_is_wrong_is_told_by_row_as_of_a_csv_file():
    file = StringIO('[{"member": "ada", "name": null, "start": "soon", "end": ""}]')
    file.name = "club.json"
    with pytest.raises(BadInput, match=r"club\.json: nothing was read, for 1 reason:\n  row 2, column 'start'"):
        spells(sheet_of_objects(file))


@pytest.mark.parametrize(("text", "words"), [
    ("nonsense", "the JSON file, line 1: 'nonsense' is no JSON"),
    ("[1, 2", "the JSON file: '[1, 2' is no JSON"),
    ("[1]", "the JSON file, object 1: '1' is no JSON object"),
    ('{"a": 1}\n[2]', "the JSON file, line 2: ['2'] is no JSON object"),
    ('{"a": 1}\n\n{"a": 1, "a": 2}', "the JSON file, line 3: the name 'a' stands twice"),
    ('[{"a": {"b": 1}}]', "object 1: 'a' holds {'b': '1'}: a cell holds one value"),
    ("[" * 100_000, "is no JSON"),
])  # fmt: skip
def test_what_is_no_sheet_of_objects_is_refused(text, words):
    with pytest.raises(BadInput) as raised:
        sheet_of_objects(StringIO(text))
    assert words in str(raised.value)


def test_no_objects_are_an_empty_file():
    for text in "", "[]", "\n\n":
        with pytest.raises(BadInput, match="its first row names none"):
            spells(sheet_of_objects(StringIO(text)))


def test_what_is_no_utf_8_is_refused():
    with pytest.raises(BadInput, match="byte 0xff is no UTF-8: save it in UTF-8, or open it as text"):
        sheet_of_objects(TextIOWrapper(BytesIO(b'{"a": "\xff"}'), encoding="utf-8"))


def test_a_file_that_is_too_large_is_refused(monkeypatch):
    text = '[{"a": 1}, {"b": 2}, {"c": 3}]'
    for limit, most in ("ROWS_MAX", 3), ("COLUMNS_MAX", 3), ("OBJECTS_MAX", len(text)):
        with monkeypatch.context() as patch:
            patch.setattr(objects, limit, most)
            assert len(list(csv.DictReader(sheet_of_objects(StringIO(text))))) == 3
            patch.setattr(objects, limit, most - 1)
            with pytest.raises(BadInput, match=f"more than {most - 1}|longer than {most - 1}"):
                sheet_of_objects(StringIO(text))
