"""JSON objects as a sheet: what other programs write as an array, or one object a line, read like a CSV file.

A number is taken as it is written: `451.0` is not `451`, since how a printed figure is meant may hang on its digits.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from json import JSONDecodeError, loads
from typing import Any, TextIO

from ledger.exchange.bounded import OTHER_ENCODING, undecodable
from ledger.model.errors import BadEvent, BadInput, shown
from ledger.model.limits import COLUMNS_MAX, OBJECTS_MAX, ROWS_MAX
from ledger.recording.codec import each_name_once


class ObjectSheet(StringIO):
    """A CSV file in memory, which says of which file it is."""

    name = ""


def sheet_of_objects(file: TextIO) -> ObjectSheet:
    r"""Write JSON as a CSV file in memory: `spells`, `values`, `wide_values` and `claims` read it like any other.

    `file` is an open text file with one array of objects, or with an object in each line; blank lines are passed
    over. The columns are the names in the objects, in the order in which they first stand there; the first object is
    row 2, as in a spreadsheet. A value is text, a number, true, false or null, which is blank like a name that is
    left out.

    Raises `BadInput` for what is no such JSON, for a name that stands twice in one object, and for a file that is
    larger than `ledger.model.limits` says.

    >>> from ledger.exchange import spells
    >>> text = '[{"member": "ada", "name": "Ada", "start": "2019", "end": null, "number": 7.0}]'
    >>> [event.attributes for event in spells(sheet_of_objects(StringIO(text)))]
    [Attributes({'number': '7.0'})]
    """
    label = str(getattr(file, "name", "the JSON file"))
    rows = []
    columns: dict[str, None] = {}
    for number, found in enumerate(_objects(file, label), 1):
        if number > ROWS_MAX:
            raise BadInput(f"{label}: it has more than {ROWS_MAX:,} objects: read it in parts")
        rows.append({name: _cell(value, label, number, name) for name, value in found.items()})
        columns.update(dict.fromkeys(found))
        if len(columns) > COLUMNS_MAX:
            raise BadInput(f"{label}: its objects have more than {COLUMNS_MAX:,} names; no sheet has so many columns")
    sheet = ObjectSheet(newline="")
    sheet.name = label
    if columns:
        writer = csv.DictWriter(sheet, list(columns), restval="")
        writer.writeheader()
        writer.writerows(rows)
        sheet.seek(0)
    return sheet


def _objects(file: TextIO, label: str) -> Iterator[dict[str, Any]]:
    try:
        text = file.read(OBJECTS_MAX + 1).removeprefix("\ufeff")
    except UnicodeError as error:
        raise BadInput(f"{label}: {undecodable(error)}: save it in UTF-8, or {OTHER_ENCODING}") from None
    if len(text) > OBJECTS_MAX:
        raise BadInput(f"{label}: it is longer than {OBJECTS_MAX:,} characters: read it in parts")
    if text.lstrip().startswith("["):
        for number, one in enumerate(_read(text, label), 1):
            yield _object(one, f"{label}, object {number}")
    else:
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                yield _object(_read(line, f"{label}, line {number}"), f"{label}, line {number}")


def _read(text: str, place: str) -> Any:
    try:
        return loads(text, object_pairs_hook=each_name_once, parse_int=str, parse_float=str, parse_constant=str)
    except (JSONDecodeError, RecursionError) as error:
        raise BadInput(
            f"{place}: {shown(text)} is no JSON: {error}; an array of objects, or one in each line"
        ) from None
    except BadEvent as error:
        raise BadInput(f"{place}: {error}") from None


def _object(found: Any, place: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise BadInput(f'{place}: {shown(found)} is no JSON object, such as {{"member": "ada", "start": "2020"}}')
    return found


def _cell(value: Any, label: str, number: int, name: str) -> str:
    if isinstance(value, dict | list):
        raise BadInput(f"{label}, object {number}: {shown(name)} holds {shown(value)}: a cell holds one value")
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
