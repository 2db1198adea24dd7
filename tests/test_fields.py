"""Ids, lines and prose: what other people and programs can read back, and what is refused at the door."""

from __future__ import annotations

import re
from unicodedata import is_normalized, normalize

import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from ledger.model.errors import BadEvent, LedgerError
from ledger.model.fields import (
    ID_MAX,
    LINE_MAX,
    PROSE_MAX,
    flag_field,
    id_field,
    line_field,
    one_of,
    optional_id_field,
    optional_prose_field,
    prose_field,
    require_id,
    require_line,
    require_prose,
)
from ledger.testing.strategies import ids, names, texts


def kind(value: object) -> str:
    return type(value).__name__


def check_readable(error: LedgerError) -> None:
    assert len(str(error).encode()) < 500  # and no lone surrogate


# --- what is taken ---


@given(ids() | names())
def test_an_id_is_given_back_as_it_is(text):
    assert require_id(text) is text
    assert require_line(text) is text


@given(texts())
def test_prose_is_given_back_as_it_is(text):
    assert require_prose(text) is text


@pytest.mark.parametrize(
    "text",
    [
        *("a", "A-1/b:c.d_e", "two words", "Ångström", "北京", "العربية", "עברית", "🇪🇸", "👩🏽‍🔬", "می‌خواهم", "क्‍ष"),
        *("'); DROP TABLE records; --", "<b>&amp;</b>", "a\\b", '"', "%_*?", "0", "None", "x" * ID_MAX),
    ],
)
def test_names_of_every_script_are_ids(text):
    assert require_id(text) == text


@pytest.mark.parametrize(
    "text", ["", "a\nb", "\ttab\r\n", " lead", "e\u0301", "\u202eback", "\x1b[0m", "\x7f", "x" * PROSE_MAX]
)
def test_prose_may_hold_lines_tabs_and_any_direction_of_writing(text):
    assert require_prose(text) == text


def test_a_line_may_be_empty_and_long():
    assert require_line("") == ""
    assert require_line("x" * LINE_MAX) == "x" * LINE_MAX


def is_fit(text: str) -> bool:
    seen = re.sub("(?<=[^\0-\x7f])[\u200c\u200d]", "", text)  # a joiner may stand behind a letter that can be joined
    trimmed = text == text.strip(" ")
    return 0 < len(text) <= ID_MAX and trimmed and is_normalized("NFC", text) and seen.isprintable()


@given(st.text() | st.text("a \u00e9e\u0301\u200c\u200d\u200b\u00a0\n\0\ud800\u202e\u5317", max_size=6))
def test_an_id_is_short_visible_printable_trimmed_and_normal_and_all_such_are_ids(text):
    try:
        assert require_id(text) is text
    except BadEvent as error:
        check_readable(error)
        assert not is_fit(text)
    else:
        assert is_fit(text)


# --- what is refused ---

CONTROL = [
    "a\tb",
    "a\nb",
    "a\r",
    "\x1b[31m",
    "a\x7f",
    "a\x85",
    "\u202eabc",
    "a\u2066b",
    "a\u200b",
    "\ufeffa",
    "a\u00adb",
]
BLANKS = ["a\u00a0b", "\u2003", "a\u2028b", "\u3000a", "a\u2009"]


@pytest.mark.parametrize("require", [require_id, require_line])
@pytest.mark.parametrize("text", CONTROL + BLANKS, ids=ascii)
def test_control_characters_and_unusual_blanks_are_refused_in_a_line(require, text):
    with pytest.raises(BadEvent, match=r"^what .* holds a control character or an unusual blank: remove it$"):
        require(text, "what")


@pytest.mark.parametrize("require", [require_id, require_line])
@pytest.mark.parametrize("text", ["e\u0301", "A\u030angstrom", "\u212b", "\u1100\u1161", "\u0958"], ids=ascii)
def test_text_that_is_not_in_normal_form_c_is_refused_with_the_way_to_it(require, text):
    with pytest.raises(BadEvent, match=r"normal form C.*unicodedata\.normalize\('NFC'"):
        require(text)
    assert require(normalize("NFC", text))


@pytest.mark.parametrize("require", [require_id, require_line])
@pytest.mark.parametrize("text", [" ", " a", "a ", "  "], ids=ascii)
def test_a_blank_at_either_end_is_refused(require, text):
    with pytest.raises(BadEvent, match="begins or ends with a blank: strip it"):
        require(text)


def test_an_empty_id_is_refused():
    with pytest.raises(BadEvent, match=r"^member is empty: give it a name"):
        require_id("", "member")


@pytest.mark.parametrize("text", ["\u200d", "\u200c", "\u200d\u200c\u200d", "bas\u200dque", "basque\u200c"], ids=ascii)
def test_a_joiner_that_joins_nothing_would_make_an_invisible_look_alike_and_is_refused(text):
    with pytest.raises(BadEvent, match=r"^member .* holds a control character or an unusual blank: remove it"):
        require_id(text, "member")


@pytest.mark.parametrize(
    ("require", "most"), [(require_id, ID_MAX), (require_line, LINE_MAX), (require_prose, PROSE_MAX)]
)
def test_text_longer_than_its_limit_is_refused_with_both_lengths(require, most):
    assert require("x" * most) == "x" * most
    with pytest.raises(BadEvent, match=rf"has {most + 1:,} characters; at most {most:,} are allowed: shorten it"):
        require("x" * (most + 1))


def test_an_id_of_ten_thousand_characters_is_refused():
    with pytest.raises(BadEvent, match=r"10,000 characters; at most 200"):
        require_id("x" * 10_000)


@pytest.mark.parametrize("require", [require_id, require_line, require_prose])
@pytest.mark.parametrize("text", ["a\0b", "\0", "é\0"], ids=ascii)
def test_a_nul_character_is_refused(require, text):
    with pytest.raises(BadEvent, match="NUL character: remove it"):
        require(text)


@pytest.mark.parametrize("require", [require_id, require_line, require_prose])
@pytest.mark.parametrize("text", ["a\ud800", "\udfff", "\ud83d\ude00"], ids=ascii)
def test_a_lone_surrogate_is_refused(require, text):
    with pytest.raises(BadEvent, match="lone surrogate, which no file can store: decode it anew"):
        require(text)


@pytest.mark.parametrize("require", [require_id, require_line, require_prose])
@pytest.mark.parametrize("value", [None, 5, 1.5, True, b"a", [], {}, ("a",), object(), 10**5000, [10**5000]], ids=kind)
def test_what_is_no_text_is_refused_with_its_type(require, value):
    with pytest.raises(BadEvent, match=f"^what must be text, not {kind(value)} "):
        require(value, "what")


# --- the fields of an attrs class ---


@frozen
class Thing:
    id: str = field(default="a", validator=id_field)
    part_of: str | None = field(default=None, validator=optional_id_field)
    title: str = field(default="", validator=line_field)
    text: str = field(default="", validator=prose_field)
    note: str | None = field(default=None, validator=optional_prose_field)
    flag: bool = field(default=False, validator=flag_field)
    kind: str = field(default="old", validator=one_of(("old", "new")))


@given(ids(), st.none() | ids(), st.just("") | names(), texts(), st.none() | texts(), st.booleans())
def test_fields_hold_what_they_are_given(name, part_of, title, text, note, flag):
    thing = Thing(name, part_of, title, text, note, flag, "new")
    assert (thing.id, thing.part_of, thing.title) == (name, part_of, title)
    assert (thing.text, thing.note, thing.flag, thing.kind) == (text, note, flag, "new")


BAD = {
    "id": ["", " a", "a\n", "x" * 201, "e\u0301", "\ud800", "a b ", None, 5, b"a", [], 10**5000],
    "part_of": ["", " a", "a\n", "x" * 201, "e\u0301", "\ud800", 5, b"a", False, 10**5000],
    "title": [" a", "a\nb", "x" * 1_001, None, 5, b"a"],
    "text": ["\0", "\ud800", "x" * 100_001, None, 5, b"a"],
    "note": ["\0", "\ud800", "x" * 100_001, 5, b"a", False],
    "flag": [0, 1, None, "True", "", [], 10**5000],
    "kind": ["", "Old", None, 5, [], {}, 10**5000],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name in BAD for value in BAD[name]],
    ids=lambda v: ascii(v)[:9] if not isinstance(v, int) else kind(v),
)
def test_a_field_that_is_refused_is_named_with_its_class(name, value):
    with pytest.raises(BadEvent, match=rf"^Thing\.{name} ") as refused:
        Thing(**{name: value})
    check_readable(refused.value)


def test_a_flag_is_true_or_false_and_nothing_like_it():
    with pytest.raises(BadEvent, match=r"Thing\.flag must be True or False, not 1"):
        Thing(flag=1)


def test_a_word_that_is_no_choice_is_refused_with_the_choices():
    with pytest.raises(BadEvent, match=r"Thing\.kind must be one of old, new, not 'odd'"):
        Thing(kind="odd")
