"""Hostile texts in every place that text can stand in: kept as they are and shown as text, or refused by the field.

The places are found by looking at the classes, so that a new field is tried without being named here.
"""

from __future__ import annotations

import json
import re
import sqlite3
from csv import writer
from functools import cache
from html.parser import HTMLParser
from io import StringIO
from itertools import islice
from pathlib import Path
from unicodedata import normalize

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import ledger
from ledger import (
    Claim,
    Distinct,
    Joined,
    Ledger,
    LedgerError,
    MemberJoined,
    Members,
    RecordRetracted,
    ReportPublished,
    Share,
    Total,
    Value,
)
from ledger.exchange import claims, from_lines, spells, to_lines, values
from ledger.model.errors import BadEvent, BadInput, UnknownMember
from ledger.model.events import EVENTS
from ledger.model.fields import require_id
from ledger.model.limits import ID_MAX, PROSE_MAX
from ledger.model.measures import MEASURES
from ledger.model.records import Record
from ledger.recording.batch import Terms
from ledger.recording.codec import NAMES, decode, encode
from ledger.testing.ledgers import memory
from ledger.testing.scripts import FIRST_INSTANT

EXAMPLES = settings.default.max_examples
DATA = Path(__file__).parent / "data"
GOLDEN = [json.loads(line) for line in (DATA / "golden_events.jsonl").read_text("utf-8").splitlines()]

HOSTILE = {
    "SQL": "'); DROP TABLE records; --",
    "SQL in double quotes": '"; DELETE FROM facts WHERE "1"="1',
    "signs of SQL": "'\";--[]%_\\`?:@$",
    "a shell": "$(touch /tmp/x) `id` | tee > x & ; rm -rf / #",
    "HTML": "<script>alert(1)</script><img src=x onerror=alert(1)>&amp;<!--",
    "Markdown": "[x](javascript:alert(1)) ![y](z) | a | `b` ***c*** <http://d.example>",
    "a template": "{{ 7*7 }} {% raw %} ${x} %s {0}",
    "a formula": "=cmd|' /C calc'!A0",
    "a path": "../../etc/passwd",
    "JSON": '","member":"other","x":{"$ref":"#"}',
    "a name of Python": "__class__",
    "nothing": "None",
    "emoji": "👩🏽‍🔬🇪🇸",
    "from right to left": "אבג العربية",
    "turned around": "a\u202egnp.exe",
    "isolated": "\u2066a\u2069",
    "composed": "Caf\u00e9",
    "decomposed": "Cafe\u0301",
    "invisible": "a\u200bb",
    "a mark of byte order": "\ufeffa",
    "a blank at the end": "a ",
    "lines": "one\ntwo\r\nthree",
    "other lines": "one\x85two\u2028three\u2029",
    "an escape": "\x1b[31mred\x1b[0m",
    "no character": "a\uffff\U0010fffe",
    "NUL": "a\0b",
    "half a character": "a\ud800b",
    "the other half": "\udfff",
    "a megabyte": "x" * 1_000_000,
}
WHERE = {"country": ["Spain", None]}
FULL = [
    Share(Members(WHERE, suspended=True), Joined("2020-01-01", WHERE)),
    Distinct("country", WHERE, suspended=True),
    Total("co2", members_at="2020-01-01", overlap="parts", within="2 years", suspended=True),
    Value("co2", "basque"),
]
CLAIMS = json.loads(
    encode(
        ReportPublished(
            "r", "2023-01-20", claims=[Claim(one, "1", at="2023-01-01", definition="x", text="x") for one in FULL]
        )
    )
)["claims"]
PROSE = {"source", "by", "note", "reason", "definition", "text"}
"""What may have any number of lines, of any characters that a file can hold."""


def shapes(value, text):
    """The value of a field with a hostile text in every place of it where a text is, or may be."""
    yield text
    if isinstance(value, list):
        yield [text]
        for place, one in enumerate(value):
            yield from ([*value[:place], inner, *value[place + 1 :]] for inner in shapes(one, text))
    elif isinstance(value, dict):
        yield {**value, text: "x"}
        for name, one in value.items():
            yield from ({**value, name: inner} for inner in shapes(one, text))


def bodies(cls):
    """The body of an event of a class, as full as it can be."""
    (body,) = (one["body"] for one in GOLDEN if one["type"] == NAMES[cls])
    return {**body, "claims": CLAIMS} if "claims" in body else body


def read(cls, body):
    """Read a body with whatever is in it, or give the refusal."""
    try:
        return decode(NAMES[cls], 1, json.dumps(body)), ""
    except BadEvent as error:
        return None, str(error)


FIELDS = [(cls, field.name) for cls in EVENTS for field in attrs.fields(cls)]


def test_the_bodies_have_every_field_of_events_claims_and_measures():
    """So nothing is left out below; a field that is added to a class is to be added to its body above."""
    text = json.dumps([bodies(cls) for cls in EVENTS])
    for cls in (*EVENTS, Claim, *MEASURES):
        for field in attrs.fields(cls):
            assert f'"{field.name}"' in text, f"{cls.__name__}.{field.name}"
    for cls in EVENTS:
        assert {field.name for field in attrs.fields(cls)} == set(bodies(cls))


@cache
def taken(text):
    """All events with this text somewhere in them that are taken: none, if not even prose can hold it."""
    events = []
    if not fits_prose(text):
        return events
    for cls, name in FIELDS:
        for value in shapes(bodies(cls)[name], text):
            event, _ = read(cls, {**bodies(cls), name: value})
            if event is not None:
                events.append(event)
    return events


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_text_in_any_field_is_kept_or_refused_by_the_field(text):
    fits = fits_prose(text)
    for cls, name in FIELDS:
        # of what is very long, a few places say enough
        for value in islice(shapes(bodies(cls)[name], text), 3 if len(text) > PROSE_MAX else None):
            event, refusal = read(cls, {**bodies(cls), name: value})
            if event is None:
                assert name in refusal or "is no JSON" in refusal
                assert len(refusal.encode("utf-8")) < 2_000
                assert not (value == text and name in PROSE and fits), refusal
            else:
                assert fits
                assert holds(event, text)


def fits_prose(text):
    return len(text) <= PROSE_MAX and "\0" not in text and not re.search("[\ud800-\udfff]", text)


def holds(value, text):
    """Is the text there, as it is?"""
    if isinstance(value, str):
        return value == text
    if isinstance(value, tuple):
        return any(holds(one, text) for one in value)
    if hasattr(value, "items"):
        return any(holds(pair, text) for pair in value.items())
    fields = attrs.fields(type(value)) if attrs.has(type(value)) else ()
    return any(holds(getattr(value, field.name), text) for field in fields)


def terms_of(text):
    return (text if fits_prose(text) else "",) * 3


def written(text):
    """All that is taken of a text, as the records of one batch; they are not asked to be a sound history."""
    events = [MemberJoined("ada", "2020"), *(one for one in taken(text) if not isinstance(one, RecordRetracted))]
    terms = terms_of(text)
    return [Record(at, "club", at, f"r{at}", FIRST_INSTANT, event, *terms) for at, event in enumerate(events, 1)]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_is_taken_comes_back_from_every_store_and_file_as_it_was(text, tmp_path):
    records = written(text)
    path = tmp_path / "a.db"
    with ledger.open(path) as book:
        assert book.import_records(records) == len(records)
    with ledger.open(path) as book, Ledger(memory()) as plain:
        again = list(book.records())
        assert [record.event for record in again] == [record.event for record in records]
        assert {(record.source, record.by, record.note) for record in again} == {terms_of(text)}
        lines = list(to_lines(book))
        assert all(line.splitlines() == [line] for line in lines)
        assert plain.import_records(from_lines(lines)) == len(records)
        assert list(plain.records()) == again
        state = book.initiative("club").at("2100-01-01")
        assert plain.initiative("club").at("2100-01-01") == state
    with sqlite3.connect(path) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
        assert {"records", "facts", "registers", "retractions"} <= tables
        assert not any(text in name for name in tables)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


TERMS = [field.name for field in attrs.fields(Terms)]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("name", TERMS)
def test_what_is_said_of_a_record_is_kept_or_refused_by_its_name(name, text):
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        if fits_prose(text):
            (record,) = club.record(MemberJoined("ada", "2020"), **{name: text})
            (again,) = book.records()
            assert getattr(again, name) == getattr(record, name) == text
        else:
            with pytest.raises(BadInput, match=name) as refusal:
                club.record(MemberJoined("ada", "2020"), **{name: text})
            str(refusal.value).encode("utf-8")
            assert list(book.records()) == []


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_is_looked_for_is_found_or_refused(text):
    with ledger.open(":memory:") as book:
        try:
            club = book.initiative(text)
            club.record(MemberJoined(text, "2020", attributes={text: text}))
        except BadInput as error:
            str(error).encode("utf-8")
            club = book.initiative("club")
            club.record(MemberJoined("ada", "2020", attributes={"a": "b"}))
            state = club.at("2021-01-01")
            assert text not in state
            for ask in (
                lambda: book.initiative(text),
                lambda: state[text],
                lambda: state.total(text),
                lambda: state.count(by=text),
                lambda: club.history(member=text),
                lambda: club.retract(text, reason="x"),
                lambda: club.summary("2021-01-01", by=text),
                lambda: club.record(MemberJoined("bob", "2020"), ids=[text]),
            ):
                with pytest.raises(LedgerError) as refusal:
                    ask()
                str(refusal.value).encode("utf-8")
                assert len(str(refusal.value)) < 1_000
        else:
            state = club.at("2021-01-01")
            assert state.initiative == text
            assert list(state.members) == book.initiatives() == [text]
            assert state[text].attributes == {text: text}
            assert state.count(by=text).keys() == {text}
            assert len(club.history(member=text)) == 1
            assert state.measure(Members({text: text})).amount == state.count().amount


class Tags(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.names, self.attributes = set(), set()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.names.add(tag)
        self.attributes |= {name for name, _ in attributes}

    def handle_comment(self, _):
        self.names.add("a comment")


@cache
def summary_of(text, format):
    with ledger.open(":memory:") as book:
        book.import_records(written(text))
        document = book.initiative("club").summary("2100-01-01", format=format)
    assert not set("\x1b\u202e\u2066\0") & set(document)
    html = document if format == "html" else MarkdownIt("commonmark").enable("table").render(document)
    return Tags(html)


@pytest.mark.parametrize("text", ["HTML", "Markdown", "a template", "an escape", "turned around"])
@pytest.mark.parametrize("format", ["html", "markdown"])
def test_a_summary_shows_texts_as_texts(format, text):
    """As in test_summary, of names and sources; here of whatever stands anywhere."""
    found, harmless = summary_of(HOSTILE[text], format), summary_of("Plain text", format)
    assert found.names <= harmless.names | {"a", "p", "ul", "li"}
    assert found.attributes <= harmless.attributes | {"href"}


def read_sheet(reads, header, row):
    """Read a sheet of one row: what is in it, or the refusal."""
    sheet = StringIO()
    writer(sheet).writerows([header, row])
    try:
        (found,) = reads(StringIO(sheet.getvalue()))
    except BadInput as error:
        return None, str(error)
    return found, ""


SPELL = {"member": "x", "name": "x", "start": "2020", "end": "", "country": "x"}
VALUE = {"member": "x", "metric": "x", "effective": "2020", "amount": "1", "unit": "", "period": "", "quality": ""}
CLAIM = {"measure": "members", "amount": "1", "at": "", "unit": "", "reading": "", "definition": "x", "text": "x"}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_cell_of_a_sheet_is_kept_or_refused_by_row_and_column(text):
    for reads, cells in (spells, SPELL), (values, VALUE), (claims, CLAIM):
        for column in cells:
            found, refusal = read_sheet(reads, cells, {**cells, column: text}.values())
            if found is None:
                assert re.search(rf"row 2, column '{column}'|, in row 2:", refusal)
                assert len(refusal.encode("utf-8")) < 3_000
            else:
                # of a name, blanks at the ends of its cell are no part
                assert holds(found, text if reads is claims else text.strip())


# twins


def test_twins_of_one_id_are_not_two():
    """The same letters in two forms: one is taken, the other refused with the way out, so there cannot be both."""
    composed, decomposed = "Caf\u00e9", "Cafe\u0301"
    assert composed != decomposed
    assert normalize("NFC", decomposed) == composed == require_id(composed)
    for make in (
        lambda: MemberJoined(decomposed, "2020"),
        lambda: MemberJoined("a", "2020", name=decomposed),
        lambda: MemberJoined("a", "2020", attributes={decomposed: "x"}),
        lambda: MemberJoined("a", "2020", attributes={"x": decomposed}),
        lambda: Members({"x": decomposed}),
    ):
        with pytest.raises(BadEvent, match=r"not in Unicode normal form C.*pass it through unicodedata\.normalize"):
            make()
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        club.record(MemberJoined(composed, "2020"))
        with pytest.raises(UnknownMember, match="did you mean"):
            club.at("2021-01-01")[decomposed]


@settings(max_examples=EXAMPLES)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=ID_MAX // 4))
def test_of_all_forms_of_a_text_one_is_an_id_at_most(text):
    forms = {normalize(form, text) for form in ("NFC", "NFD")} | {text}
    ids = set()
    for form in forms:
        try:
            ids.add(require_id(form))
        except BadEvent:
            continue
    assert len(ids) <= 1


# any text at all


@settings(max_examples=EXAMPLES)
@given(st.sampled_from(FIELDS), st.text(st.characters(), max_size=20), st.data())
def test_any_text_in_any_field_is_kept_or_refused(place, text, data):
    cls, name = place
    body = bodies(cls)
    value = data.draw(st.sampled_from(list(shapes(body[name], text))))
    event, refusal = read(cls, {**body, name: value})
    if event is not None:
        with Ledger(memory()) as book:
            if cls is not RecordRetracted:  # which needs a record to retract
                book.import_records([Record(1, "club", 1, "r1", FIRST_INSTANT, event)])
            assert all(record.event == event for record in from_lines(list(to_lines(book))))
    else:
        assert name in refusal or "is no JSON" in refusal
