"""Lines of JSON are read as the events that they say, and nothing is read that says something else."""

from __future__ import annotations

import json
from contextlib import suppress
from io import BytesIO, StringIO, TextIOWrapper

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import LedgerError, MemberJoined
from ledger.exchange import events_from_lines
from ledger.model.errors import BadInput
from ledger.recording.codec import NAMES, encode
from ledger.testing import strategies


def line_of(event):
    return json.dumps({"type": NAMES[type(event)], **json.loads(encode(event))})


@given(st.lists(strategies.events(), max_size=4))
def test_every_event_is_read_back_from_its_line(events):
    lines = [line_of(event) for event in events]
    assert list(events_from_lines(lines)) == events
    assert list(events_from_lines(StringIO("\n \n".join(lines)))) == events


def test_blank_lines_are_passed_over():
    line = '{"type": "member-joined", "member": "ada", "effective": "2020"}\n'
    assert list(events_from_lines(["\n", line, "  ", line])) == 2 * [MemberJoined("ada", "2020")]


def test_names_may_stand_in_any_order_with_a_byte_order_mark_before_them():
    line = '\ufeff{"effective": "2020", "type": "member-joined", "member": "ada"}'
    assert list(events_from_lines([line])) == [MemberJoined("ada", "2020")]


@pytest.mark.parametrize(("line", "words"), [
    ("nonsense", "line 2: 'nonsense' is no JSON: Expecting value"),
    ("[1]", "line 2: '[1]' is no JSON object"),
    ('{"member": "ada"}', "line 2: it has no 'type': give one of initiative-launched, "),
    ('{"type": "member-left"}', "line 2: the body of event 'member-left' cannot be read: unknown or missing name"),
    ('{"type": ["x"]}', "line 2: ['x'] is no type of event"),
    ('{"type": "member-lef"}', "line 2: 'member-lef' is no type of event: did you mean member-left"),
    ('{"type": "member-left", "type": "member-left"}', "line 2: the name 'type' stands twice in one object"),
    ('{"type": "member-left", "member": "a", "effective": "2020", "who": "b"}', "unknown name 'who'"),
    ('{"type": "metric-updated", "metric": "a", "effective": "2020", "amount": 5.0}', "line 2: "),
    (f'{{"type": "member-left", "member": {"9" * 5000}}}', "amounts are text, as in '12.5 Mt/year'"),
    ('{"type": "member-left", "member": "\\ud800", "effective": "2020"}', "line 2: "),
    ("[" * 100, "line 2: it is nested too deep"),
    (b"{}", "line 2: b'{}' is no text"),
])  # fmt: skip
def test_what_is_no_event_is_named_with_its_line(line, words):
    read = events_from_lines(['{"type": "member-joined", "member": "ada", "effective": "2020"}', line])
    assert next(read).member == "ada"
    with pytest.raises(BadInput) as raised:
        next(read)
    assert words in str(raised.value)
    assert str(raised.value).startswith("line 2: ")


def test_what_is_no_file_of_lines_is_refused():
    for what in "a text", b"bytes", None, 3:
        with pytest.raises(BadInput, match="is no file of lines"):
            list(events_from_lines(what))
    with pytest.raises(BadInput, match="line 1 or below: byte 0xff is no UTF-8"):
        list(events_from_lines(TextIOWrapper(BytesIO(b"\xff"), encoding="utf-8")))


@given(st.one_of(st.text(), st.recursive(st.none() | st.floats() | st.integers() | st.text(), lambda inner: (
    st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "member", "effective"]) | st.text(), inner)
)).map(json.dumps)))  # fmt: skip
def test_any_line_is_an_event_or_an_error_of_the_library(line):
    with suppress(LedgerError):
        list(events_from_lines([line]))
