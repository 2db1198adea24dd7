"""The schemas say of events and records in JSON what the library does: all that it takes, they take."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from pathlib import Path

import pytest
from attrs import fields
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

import ledger
from ledger import (
    Claim,
    LedgerError,
    MemberJoined,
    Members,
    MetricDefined,
    MetricUpdated,
    ReportPublished,
    Share,
    Total,
)
from ledger.exchange import event_schema, events_from_lines, from_lines, record_schema, to_lines
from ledger.exchange.field_schemas import FIELDS
from ledger.faces.cli.commands import mledger
from ledger.model.errors import BadInput
from ledger.model.events import EVENTS
from ledger.model.limits import ATTRIBUTES_MAX, ID_MAX, LINE_MAX, NAMES_MAX, PROSE_MAX
from ledger.model.measures import MEASURES
from ledger.recording import codec
from ledger.recording.codec import NAMES, encode, schema_of
from ledger.testing import strategies

PACKAGE = Path(ledger.__file__).parent
EVENT, RECORD = Draft202012Validator(event_schema()), Draft202012Validator(record_schema())

JOINED = {"type": "member-joined", "member": "ada", "effective": "2020"}
UPDATED = {"type": "metric-updated", "metric": "dues", "effective": "2022", "amount": "120 EUR/year"}
PUBLISHED = {
    "type": "report-published", "report": "r", "effective": "2023-01-20",
    "claims": [{
        "measure": {"measure": "share", "part": {"measure": "members", "where": {"city": ["Bilbao", None]}},
                    "whole": {"measure": "total", "metric": "co2", "within": "2 years", "members_at": "2020-01-01"}},
        "amount": "15..20 percent", "at": None,
    }],
}  # fmt: skip


def plain(event):
    return {"type": NAMES[type(event)], **json.loads(encode(event))}


def taken(line, reader=events_from_lines):
    try:
        (_,) = reader([json.dumps(line)])
    except LedgerError:
        return False
    return True


@pytest.mark.parametrize(("file", "schema"), [("event", event_schema), ("record", record_schema)])
def test_the_files_for_other_languages_are_what_the_functions_give(file, schema):
    written = (PACKAGE / "exchange" / f"{file}.schema.json").read_text("utf-8")
    assert json.loads(written) == schema(), "print it anew, with mledger schema"


def test_they_are_schemas_and_refer_to_all_that_they_define_and_to_nothing_else():
    for schema in event_schema(), record_schema(), *map(event_schema, NAMES.values()):
        Draft202012Validator.check_schema(schema)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert set(re.findall(r'"#/\$defs/([^"]*)"', json.dumps(schema))) == schema["$defs"].keys()


def test_they_tell_each_event_with_its_schema_version_and_every_field_in_words(monkeypatch):
    assert {event_schema(name)["title"] for name in NAMES.values()} == {f"{name}, schema 1" for name in NAMES.values()}
    monkeypatch.setattr(codec, "UPCASTERS", {"member-left": (dict, dict)})
    assert event_schema("member-left")["title"] == "member-left, schema 3"
    assert event_schema()["$defs"]["member-left"]["title"] == "member-left, schema 3"
    assert record_schema()["properties"]["ledgerschema"]["maximum"] == schema_of("member-left") == 3
    said = {field.name for cls in (*EVENTS, *MEASURES, Claim) for field in fields(cls)}
    assert FIELDS.keys() == said


def test_a_schema_of_one_event_is_whole_by_itself_and_takes_no_other():
    for name in NAMES.values():
        alone = Draft202012Validator(event_schema(name))
        assert [alone.is_valid(line) for line in (JOINED, UPDATED, PUBLISHED)] == [
            name == line["type"] for line in (JOINED, UPDATED, PUBLISHED)
        ]
    with pytest.raises(BadInput, match="'member-join' is no type of event: did you mean member-joined"):
        event_schema("member-join")
    with pytest.raises(BadInput, match="'x' is no type of event: give one of initiative-launched, "):
        event_schema("x")


@given(strategies.events())
def test_every_event_is_as_its_schema_says(event):
    assert not list(EVENT.iter_errors(plain(event)))


@given(strategies.ledgers())
def test_every_record_is_as_the_schema_of_records_says(book):
    lines = list(to_lines(book))
    assert not [error for line in lines for error in RECORD.iter_errors(json.loads(line))]


RUBBISH = st.sampled_from([
    None, True, 0, 5, 12.5, "", " ", "x", " x", "a\nb", "a\0b", "soon", "2020", "2020-13", "2020-02-30",
    "2020-1-1", "2020/2021-05", "[..2020]~", "[2020..", "2021/2020", "5", "5 Mt/year", "5 foo", ">= 1e3 t", "1..2%",
    "..", "1,5 t", "members", "2 years", "2 moons",
    "\u00a0", "e\u0301", "x" * 1_001, [], ["a", "a"], [""], {}, {"a": None},
    {"a": ["b"]}, {"": "x"}, {"measure": "members"}, {"measure": "value", "metric": "m"},
])  # fmt: skip


def places(value, path=()):
    """All places in a JSON value, from the whole to its leaves."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*path, key))


@st.composite
def damaged(draw, lines):
    """A line in which something was taken away, put in, or put in place of something else."""
    line = deepcopy(draw(lines))
    for _ in range(draw(st.integers(1, 2))):
        *path, last = draw(st.sampled_from([place for place in places(line) if place] or [("type",)]))
        where = line
        for key in path:
            where = where[key]
        change = draw(st.sampled_from(["drop", "put", "replace", "replace"]))
        if change == "drop" and isinstance(where, dict):
            where.pop(last, None)
        elif change == "put" and isinstance(where, dict):
            where[draw(st.sampled_from([*FIELDS, "type", "measure", "what", "time"]))] = draw(RUBBISH)
        else:
            where[last] = draw(RUBBISH)
    return line


@given(damaged(strategies.events().map(plain)))
def test_what_the_library_takes_the_schema_takes_whatever_is_changed(line):
    assert EVENT.is_valid(line) or not taken(line)


@given(damaged(strategies.ledgers().map(lambda book: json.loads(next(to_lines(book))))))
def test_what_is_taken_as_a_record_the_schema_takes_whatever_is_changed(line):
    assert RECORD.is_valid(line) or not taken(line, from_lines)


def changed(line, path, value):
    line = deepcopy(line)
    *before, last = path
    where = line
    for key in before:
        where = where[key]
    where[last] = value
    return line


MEASURED = ("claims", 0, "measure")

GOOD = [
    JOINED, UPDATED, PUBLISHED, changed(UPDATED, ["amount"], None), changed(JOINED, ["attributes"], {"a": None}),
    changed(JOINED, ["effective"], "[2021..2022-06]?"), changed(JOINED, ["effective"], "[..2020]"),
    changed(UPDATED, ["amount"], ">= .5e+3 EUR per year"), changed(UPDATED, ["amount"], "-1..+2%"),
    changed(UPDATED, ["amount"], "5 %"), changed(UPDATED, ["amount"], ".."),
    changed(UPDATED, ["amount"], "1. EUR * t^2 / year"),
    changed(JOINED, ["member"], "a" * ID_MAX), changed(JOINED, ["attributes"], {"a": "x" * LINE_MAX}),
    {"type": "member-changed", "member": "ada", "effective": "2020", "part_of": ""},
    {"type": "member-left", "member": "ada", "effective": "2020", "reason": "x\n" * (PROSE_MAX // 2)},
    {"type": "metric-defined", "metric": "m", "unit": "", "additive": False},
    {"type": "initiative-changed", "effective": "2020", "supporters": [str(n) for n in range(NAMES_MAX)]},
]  # fmt: skip

BAD = [
    {}, {"type": "nonsense"}, {"type": ["member-joined"]}, {"member": "ada", "effective": "2020"},
    {"type": "member-joined", "member": "ada"}, {"type": "member-joined", "effective": "2020"},
    {"type": "metric-updated", "metric": "m", "effective": "2020"},
    *(changed(JOINED, ["member"], value) for value in (
        None, 5, "", " ada", "ada ", "a\nb", "\x1b[31m", "a" * (ID_MAX + 1),
    )),
    *(changed(JOINED, ["effective"], value) for value in (
        None, 2020, "", "soon", "20200101", "2020-13", "2020-00-01", "2020-01-32", "2020-W07", "2020/", "[2020..]",
        "2020-02-01T00:00:00Z", "2020~?", "[2020,2021]", "1 May 2020", "20-01-01",
    )),
    *(changed(UPDATED, ["amount"], value) for value in (
        5, 5.5, True, "", "much", "1,5 EUR", "NaN", "Infinity", "1e1000 t", ">", "1 2", "5 5", "x" * 300, "1..",
        "..2", "1..2..3",
    )),
    changed(JOINED, ["who"], "ada"), changed(JOINED, ["part_of"], ""), changed(JOINED, ["attributes"], []),
    changed(JOINED, ["attributes"], None), changed(JOINED, ["attributes"], {"": "x"}),
    changed(JOINED, ["attributes"], {"a": ""}), changed(JOINED, ["attributes"], {"a": 5}),
    changed(JOINED, ["attributes"], {"a": "x" * (LINE_MAX + 1)}),
    changed(JOINED, ["attributes"], {str(n): "x" for n in range(ATTRIBUTES_MAX + 1)}),
    changed(UPDATED, ["quality"], "guessed"), changed(UPDATED, ["period"], "soon"), changed(UPDATED, ["member"], 5),
    {"type": "member-left", "member": "ada", "effective": "2020", "successors": "bob"},
    {"type": "member-left", "member": "ada", "effective": "2020", "successors": ["bob", "bob"]},
    {"type": "member-left", "member": "ada", "effective": "2020", "successors": [str(n) for n in range(NAMES_MAX + 1)]},
    {"type": "member-left", "member": "ada", "effective": "2020", "reason": "a\0b"},
    {"type": "member-left", "member": "ada", "effective": "2020", "reason": "x" * (PROSE_MAX + 1)},
    {"type": "metric-defined", "metric": "m", "additive": 1}, {"type": "metric-defined", "metric": "m", "unit": "5 t"},
    {"type": "record-retracted", "record": ""},
    changed(PUBLISHED, ["claims"], None), changed(PUBLISHED, ["claims"], {}),
    changed(PUBLISHED, ["claims", 0, "amount"], 17), changed(PUBLISHED, ["claims", 0, "at"], "2020"),
    changed(PUBLISHED, ["claims", 0, "measure"], "members"), changed(PUBLISHED, [*MEASURED, "measure"], "median"),
    changed(PUBLISHED, [*MEASURED, "part"], {"measure": "share"}),
    changed(PUBLISHED, [*MEASURED, "part", "where"], [["city", ["Bilbao"]]]),
    changed(PUBLISHED, [*MEASURED, "part", "where", "city"], "Bilbao"),
    changed(PUBLISHED, [*MEASURED, "part", "where", "city"], []),
    changed(PUBLISHED, [*MEASURED, "whole", "within"], "2 moons"),
    changed(PUBLISHED, [*MEASURED, "whole", "overlap"], "both"),
    changed(PUBLISHED, [*MEASURED, "whole", "members_at"], "2020"),
    changed(PUBLISHED, [*MEASURED, "whole", "metric"], None),
]  # fmt: skip


@pytest.mark.parametrize("line", GOOD, ids=lambda line: json.dumps(line)[:60])
def test_what_is_right_is_taken_by_both(line):
    assert taken(line)
    assert not list(EVENT.iter_errors(line))


@pytest.mark.parametrize("line", BAD, ids=lambda line: json.dumps(line)[:60])
def test_what_is_wrong_in_its_form_is_refused_by_both(line):
    assert not taken(line)
    assert not EVENT.is_valid(line)


def test_what_no_schema_can_say_is_left_to_the_library():
    for line in (
        changed(JOINED, ["effective"], "2023-02-30"), changed(JOINED, ["effective"], "2021/2020"),
        changed(UPDATED, ["amount"], "5 foo"), changed(UPDATED, ["amount"], "2..1"),
        changed(JOINED, ["member"], "e\u0301"), changed(JOINED, ["part_of"], "ada"),
    ):  # fmt: skip
        assert EVENT.is_valid(line)
        assert not taken(line)


def test_what_is_wrong_is_named_where_it_is():
    """Not as with `oneOf`: that the whole is none of twelve events."""
    wrong = best_match(EVENT.iter_errors(changed(PUBLISHED, [*MEASURED, "whole", "within"], "2 moons")))
    assert wrong.json_path == "$.claims[0].measure.whole.within"
    assert "'2 moons' does not match" in wrong.message
    wrong = best_match(EVENT.iter_errors(changed(UPDATED, ["amount"], 5)))
    assert (wrong.json_path, wrong.message) == ("$.amount", "5 is not of type 'string', 'null'")


def test_the_command_line_prints_them():
    def printed(*line):
        done = CliRunner().invoke(mledger, ["schema", *line])
        assert done.exit_code == 0, done.output
        return done.stdout

    folder = PACKAGE / "exchange"
    assert printed() == (folder / "event.schema.json").read_text("utf-8")
    assert printed("--records") == (folder / "record.schema.json").read_text("utf-8")
    assert json.loads(printed("member-left")) == event_schema("member-left")
    done = CliRunner().invoke(mledger, ["schema", "record-retract"])
    assert (done.exit_code, done.stderr) == (
        2, "Error: 'record-retract' is no type of event: did you mean record-retracted? (see mledger schema --help)\n"
    )  # fmt: skip


def line_of_a_record():
    event = MemberJoined("ada", "2020"), MetricDefined("m", "t"), MetricUpdated("m", "2020", "5 t", member="ada")
    report = ReportPublished("r", "2021-01-01", claims=[Claim(Share(Members(), Total("m")), "1")])
    with ledger.open(":memory:") as book:
        book.initiative("Köln & Bonn").record(*event, report, source="a\nletter")
        return [json.loads(line) for line in to_lines(book)]


def test_records_are_as_their_schema_says_and_nothing_else_is():
    joined, _, updated, report = line_of_a_record()
    for line in joined, updated, report, {**joined, "whatever": None, "ledgerby": None}:
        assert not list(RECORD.iter_errors(line))
        assert taken(line, from_lines) or line in (updated, report)  # which are not the first of their ledger
    for name, value in {
        "specversion": "0.3", "type": "member", "source": "club", "id": "", "time": "2020", "ledgerposition": 1,
        "ledgerversion": "0", "ledgerschema": "1", "ledgerdigest": "x", "ledgerreplaces": "", "ledgerhead": "0",
        "ledgereffective": "soon", "datacontenttype": "text/plain", "subject": 5, "ledgernote": [], "more": "x",
        "data": [],
    }.items():  # fmt: skip
        line = {**joined, name: value}
        assert (RECORD.is_valid(line), taken(line, from_lines)) == (False, False), name
    for name in record_schema()["required"]:
        line = {one: value for one, value in joined.items() if one != name}
        assert (RECORD.is_valid(line), taken(line, from_lines)) == (False, False), name
    assert not RECORD.is_valid({**joined, "data": {**joined["data"], "type": "member-joined"}})
    assert not RECORD.is_valid({**report, "ledgerschema": 2})


def test_the_data_of_an_older_schema_may_be_of_another_form(monkeypatch):
    monkeypatch.setattr(codec, "UPCASTERS", {"member-joined": (dict,)})
    today = Draft202012Validator(record_schema())
    line, *_ = line_of_a_record()
    assert line["ledgerschema"] == 2
    assert today.is_valid(line)
    assert today.is_valid({**line, "ledgerschema": 1, "data": {"who": "ada"}})
    assert not today.is_valid({**line, "data": {"who": "ada"}})
