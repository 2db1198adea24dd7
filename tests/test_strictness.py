"""Nothing passes that is not exactly what it should be: limits, kinds of values, and forms of what is stored."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from io import StringIO
from itertools import repeat
from pathlib import Path

import attrs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ledger
from ledger import (
    Claim,
    InitiativeLaunched,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    Members,
    MetricDefined,
    MetricUpdated,
    Quantity,
    ReportPublished,
    Share,
    Total,
    When,
    exactly,
)
from ledger.exchange import claims, from_lines, sheets, spells, to_lines
from ledger.exchange.bounded import each_of
from ledger.model import limits
from ledger.model.errors import BadEvent, BadInput, BadQuantity, BadWhen, LedgerError, UnknownMember, shown
from ledger.model.events import EVENTS, Attributes
from ledger.model.fields import require_count
from ledger.model.limits import (
    ATTRIBUTES_MAX,
    BODY_MAX,
    COLUMNS_MAX,
    COUNT_MAX,
    DEPTH_MAX,
    DIGITS_MAX,
    EXPONENT_MAX,
    ID_MAX,
    LINE_MAX,
    MEASURE_MAX,
    NAMES_MAX,
    PLACES_MAX,
    PROSE_MAX,
    RECORD_LINE_MAX,
    SHEET_LINE_MAX,
    VALUES_MAX,
    WORDS_MAX,
)
from ledger.model.measures import Grouping, where_of
from ledger.model.units import unit
from ledger.model.when import day, instant
from ledger.model.wording import measure_of
from ledger.recording.codec import NAMES, canonical, decode, encode, require_shallow, schema_of
from ledger.testing.strategies import events

EXAMPLES = settings.default.max_examples
GOLDEN = (Path(__file__).parent / "data" / "golden_events.jsonl").read_text("utf-8").splitlines()
LEFT = MemberLeft("a", "2024")


class Text(str):
    """Text of another class, such as numpy's."""

    __slots__ = ()


def recorded(*given, **terms):
    """Record events and read them back."""
    with ledger.open(":memory:") as book:
        book.initiative("club").record(*given, **terms)
        return [record.event for record in book.records()]


def lines_of(*given):
    with ledger.open(":memory:", clock=lambda: datetime(2025, 1, 1, tzinfo=UTC)) as book:
        for event in given:
            book.initiative("club").record(event)
        return list(to_lines(book))


# limits


def many(count):
    return [f"m{number}" for number in range(count)]


def claiming(count, **fields):
    return ReportPublished("r", "2024-01-01", claims=[Claim(Members(), "1", **fields)] * count)


def of_bytes(length):
    """A report that takes so many bytes, to the byte."""
    start = claiming(45, text="x" * 88_000).claims
    rest = length - len(encode(ReportPublished("r", "2024-01-01", claims=[*start, Claim(Members(), "1", text="x")])))
    return ReportPublished("r", "2024-01-01", claims=[*start, Claim(Members(), "1", text="x" * (rest + 1))])


def sheet_of_columns(count):
    return StringIO(",".join(["member", "name", "start", "end", *many(count - 4)]))


def sheet_of_a_line(length):
    """A sheet with a row of so many characters, in cells that are not too large each."""
    row = "a,,2024," + ("," + " " * 99_999) * (length // 100_000 - 1)
    row += "," + " " * (length - len(row) - 1)
    header = ",".join(["member", "name", "start", "end", *many(row.count(",") - 3)])
    return StringIO(f"{header}\n{row}")


def spaced(text, length):
    return text + " " * (length - len(text))


CLAIM = '{"measure":{"measure":"members"},"amount":"1"},'
LIMITS = {
    "ID_MAX": lambda more: MemberLeft("x" * (ID_MAX + more), "2024"),
    "LINE_MAX": lambda more: MetricDefined("m", title="x" * (LINE_MAX + more)),
    "PROSE_MAX": lambda more: MemberLeft("a", "2024", reason="x" * (PROSE_MAX + more)),
    "ATTRIBUTES_MAX": lambda more: MemberJoined("a", "2024", attributes=dict.fromkeys(many(ATTRIBUTES_MAX + more))),
    "ATTRIBUTES_MAX, gathered": lambda more: MemberJoined(
        "a", "2024", attributes=Attributes.gathered(dict.fromkeys(many(ATTRIBUTES_MAX + more), "x"))
    ),
    "NAMES_MAX": lambda more: InitiativeLaunched("2024", "x", supporters=many(NAMES_MAX + more)),
    "NAMES_MAX, of claims": lambda more: claiming(NAMES_MAX + more),
    "NAMES_MAX, of claims that are read": lambda more: decode(
        "report-published", 1, encode(claiming(NAMES_MAX)).replace('"claims":[', '"claims":[' + CLAIM * more)
    ),
    "VALUES_MAX": lambda more: Members({"a": many(VALUES_MAX + more)}),
    "VALUES_MAX, of attributes": lambda more: Members(dict.fromkeys(many(VALUES_MAX + more))),
    "VALUES_MAX, of both": lambda more: Members({"a": many(VALUES_MAX - 1), "b": many(1 + more)}),
    "AMOUNT_MAX": lambda more: Quantity.parse(f"{'0' * more}{'1':0>99}..{'2':0>99}"),
    "UNIT_MAX": lambda more: unit("t*" * (29 - more) + "kg" if not more else "t*" * 30 + "t"),
    "DIGITS_MAX": lambda more: exactly("9." + "9" * (DIGITS_MAX - 1 + more)),
    "PLACES_MAX": lambda more: exactly("0." + "0" * (PLACES_MAX - 1 + more) + "1"),
    "EXPONENT_MAX": lambda more: Quantity(Decimal(f"1e{EXPONENT_MAX + more}"), None),
    "EXPONENT_MAX, below": lambda more: Quantity(None, Decimal(f"1e-{EXPONENT_MAX + more}")),
    "COUNT_MAX": lambda more: require_count(COUNT_MAX + more, "position"),
    "MEASURE_MAX": lambda more: measure_of(spaced("members", MEASURE_MAX + more)),
    "BODY_MAX": lambda more: encode(of_bytes(BODY_MAX + more)),
    "BODY_MAX, read": lambda more: decode("member-left", 1, spaced(encode(LEFT), BODY_MAX + more)),
    "RECORD_LINE_MAX": lambda more: list(from_lines([spaced(lines_of(JOINED)[0], RECORD_LINE_MAX + more)])),
    "RECORD_LINE_MAX, in a file": lambda more: list(
        from_lines(StringIO(spaced(lines_of(JOINED)[0], RECORD_LINE_MAX - 1 + more) + "\n"))
    ),
    "SHEET_LINE_MAX": lambda more: spells(sheet_of_a_line(SHEET_LINE_MAX + more), attributes=()),
    "COLUMNS_MAX": lambda more: spells(sheet_of_columns(COLUMNS_MAX + more), attributes=()),
}
"""What is just as large as allowed, and with one more a little larger."""

ELSEWHERE = {"WHEN_MAX", "WORDS_MAX", "DEPTH_MAX", "BATCH_MAX", "ROWS_MAX", "OBJECTS_MAX"}
JOINED = MemberJoined("a", "2024")


@pytest.mark.parametrize("make", LIMITS.values(), ids=LIMITS)
def test_what_is_just_as_large_as_allowed_is_taken_and_what_is_larger_refused(make):
    make(0)
    with pytest.raises(LedgerError) as refusal:
        make(1)
    assert len(str(refusal.value)) < 1_000


def test_every_limit_is_tried_and_stands_in_the_table():
    there = {name: value for name, value in vars(limits).items() if name.isupper()}
    assert {name.split(",")[0] for name in LIMITS} | ELSEWHERE == there.keys()
    for name, value in there.items():
        assert f"{value:,}" in (limits.__doc__ or ""), name


def test_a_measure_in_words_has_a_limit_of_words():
    largest = Members({"a": many(VALUES_MAX - 1), "b": ["x"]})
    assert measure_of("share of members where a is " + " or ".join(many(VALUES_MAX)) + " in members")
    assert 8 * len(largest.where[0][1]) < WORDS_MAX
    with pytest.raises(BadInput, match="it has more than 20,000 words"):
        measure_of("members " + "," * WORDS_MAX)


def test_a_sheet_has_a_limit_of_rows(monkeypatch):
    monkeypatch.setattr(sheets, "ROWS_MAX", 2)
    rows = ["member,name,start,end\n", "a,,2020,\n", "b,,2020,\n", "c,,2020,\n"]
    assert len(spells(StringIO("".join(rows[:3])))) == 2
    with pytest.raises(BadInput, match="it has more than 2 rows: read it in parts"):
        spells(StringIO("".join(rows)))


def test_a_sheet_in_which_everything_is_wrong_is_not_read_to_its_end():
    with pytest.raises(BadInput, match="for 1000 reasons") as refusal:
        spells(StringIO("member,name,start,end\n" + "a,,soon,\n" * 5_000))
    assert "and many more, and it was not read to its end" in str(refusal.value)


def test_a_message_about_a_sheet_stays_short_however_wide_it_is():
    wide = StringIO(",".join(f"column {'x' * 300} {number}" for number in range(5_000)))
    with pytest.raises(BadInput, match="and 4980 more") as refusal:
        spells(wide)
    assert len(str(refusal.value)) < 3_000
    with pytest.raises(BadInput, match="row 2, column 'xxx") as refusal:
        spells(StringIO(f"member,start,{'x' * 300}\na,2020,\ta\n"), name=None, end="x" * 300)
    assert len(str(refusal.value)) < 1_000


def test_a_file_without_line_ends_is_not_read_further_than_a_line_may_be_long():
    class Endless(StringIO):
        asked = 0

        def readline(self, size=-1):
            assert size == 11
            self.asked += size
            return "x" * size

    endless = Endless()
    with pytest.raises(BadInput, match=r"^a\.csv, line 1: it is longer than 10 characters"):
        list(each_of(endless, 10, "a.csv"))
    assert endless.asked == 11
    with pytest.raises(BadInput, match=r"^line 3: it is longer"):
        list(each_of(["", "x" * 10, "x" * 11], 10))


def test_a_name_that_stands_twice_among_very_many_is_found_in_time():
    names = ",".join(f'"{number}":1' for number in range(100_000))
    for twice in "0", "99999":
        body = f'{{{names},"{twice}":1}}'
        with pytest.raises(BadEvent, match=f"the name '{twice}' stands twice"):
            decode("member-left", 1, body[:BODY_MAX])
        with pytest.raises(BadInput, match=f"line 1: the name '{twice}' stands twice"):
            list(from_lines([body]))


# nesting


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
def test_nesting_has_a_limit_and_brackets_in_texts_are_none(opening):
    depth = opening.count("[") + opening.count("{")
    times = DEPTH_MAX // depth

    def text(times):
        return (
            opening * times
            + '"[[[[{{\\"[\\\\"'
            + "".join("]" if sign == "[" else "}" for sign in reversed(opening * times) if sign in "[{")
        )

    require_shallow(text(times))
    json.loads(text(times))
    for wrong in text(times + 1), opening * (times + 1), opening * 100_000:
        with pytest.raises(BadEvent, match="nested too deep"):
            require_shallow(wrong)
    require_shallow(f"[{','.join(repeat('{}', 1_000))}]")


@settings(max_examples=EXAMPLES // 4)
@given(
    st.recursive(
        st.text('"[]{}\\a', max_size=5),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text('"[]{}\\a', max_size=5), inner, max_size=2),
        max_leaves=8,
    ),
    st.integers(0, DEPTH_MAX),
)
def test_nesting_is_counted_as_it_is(value, more):
    for place in range(more):
        value = {"a": value} if place % 2 else [value]

    def depth(value):
        if isinstance(value, str):
            return 0
        return 1 + max(map(depth, value.values() if isinstance(value, dict) else value), default=0)

    padding = "[" + "[],[]," * DEPTH_MAX + "0]"  # so that it is not enough to count the brackets
    text = f"[{padding},{json.dumps(value)}]"
    if depth(value) < DEPTH_MAX:
        require_shallow(text)
    else:
        with pytest.raises(BadEvent):
            require_shallow(text)


def deep():
    value = []
    for _ in range(100_000):
        value = [value]
    return value


class NoRepr:
    def __repr__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize("value", [deep(), NoRepr(), [NoRepr()], 10**5_000, [10**5_000]], ids=range(5))
def test_what_cannot_be_shown_is_refused_all_the_same(value):
    for make in (
        lambda: MemberLeft(value, "2024"),
        lambda: MemberLeft("a", value),
        lambda: MemberLeft("a", "2024", reason=value),
        lambda: MemberLeft("a", "2024", successors=value),
        lambda: MemberJoined("a", "2024", attributes={"x": value}),
        lambda: MemberJoined("a", "2024", attributes=value),
        lambda: MetricUpdated("m", "2024", value),
        lambda: MetricUpdated("m", "2024", "1", quality=value),
        lambda: MetricDefined("m", additive=value),
        lambda: Claim(value, "1"),
        lambda: Members(value),
        lambda: Members({"a": value}),
        lambda: exactly(value),
        lambda: measure_of(value),
        lambda: recorded(JOINED, source=value),
        lambda: recorded(JOINED, ids=value),
        lambda: recorded(JOINED, recorded_at=value),
        lambda: recorded(JOINED, expected_version=value),
        lambda: spells(value),
        lambda: list(from_lines([value])),
        lambda: ledger.open(value),
    ):
        with pytest.raises(LedgerError) as refusal:
            make()
        assert len(str(refusal.value)) < 1_000
    assert len(shown(value)) <= 60


def test_a_name_that_is_unknown_is_shown_short_whatever_it_is():
    with ledger.open(":memory:") as book:
        book.initiative("club").record(JOINED)
        state = book.initiative("club").at("2024-12-31")
        for name in "x" * 1_000_000, deep()[0], 5, "\ud800":
            with pytest.raises(UnknownMember) as refusal:
                state[name]
            assert len(str(refusal.value).encode()) < 300
        with pytest.raises(BadInput):
            book.measure(Members(), "2024-12-31", of=[deep()])


# values of the wrong kind, in every place of every body

WRONG = [
    "1.5",
    "17",
    "-0",
    "1e400",
    "NaN",
    "Infinity",
    "true",
    "null",
    '"17 "',
    '" 17"',
    '"\\ud800"',
    '"a\\u0000"',
    "9" * 5_000,
    '{"__class__":"x"}',
    '[["a"]]',
    '[{"a":1}]',
    "[" * 500 + "]" * 500,
    '"2024-01-01T00:00:00"',
    '"2024-01-01T00:00:00Z"',
    '"1E+1000000"',
]
MARK = "«here»"


def places(value, path=()):
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*path, key))


def replaced(value, path, new):
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(copy[path[0]], path[1:], new)
    return copy


def tried(name, text):
    try:
        return decode(name, 1, text), ""
    except BadEvent as error:
        return None, str(error)


@pytest.mark.parametrize("line", GOLDEN, ids=lambda line: json.loads(line)["type"])
def test_a_wrong_value_is_refused_by_its_field_or_kept_as_it_is(line):
    golden = json.loads(line)
    name, body = golden["type"], golden["body"]
    for path in places(body):
        for wrong in WRONG:
            text = json.dumps(replaced(body, path, MARK), ensure_ascii=False).replace(f'"{MARK}"', wrong)
            event, refusal = tried(name, text)
            if event is None:
                of_text = "is no JSON" in refusal or "nested" in refusal or not path
                assert of_text or path[0] in refusal, (path, wrong, refusal)
            else:
                # what says nothing may be null, prose may hold any text, and an attribute may have any name
                assert wrong in ("null", "true") or wrong[0] == '"' or path == ("attributes",), (path, wrong)
                assert decode(name, 1, encode(event)) == event
                kept = json.loads(encode(event))
                if name != "report-published":  # a filter is brought into one order
                    assert kept == {field: value for field, value in json.loads(text).items() if field in kept}


@pytest.mark.parametrize("line", GOLDEN, ids=lambda line: json.loads(line)["type"])
def test_a_name_too_many_is_refused_in_every_object(line):
    golden = json.loads(line)
    for path in places(golden["body"]):
        here = golden["body"]
        for key in path:
            here = here[key]
        if isinstance(here, dict) and not {"attributes", "where"} & set(path):
            more = replaced(golden["body"], path, {**here, "__class__": "os.system"})
            with pytest.raises(BadEvent, match=r"unknown name '__class__' @ body"):
                decode(golden["type"], 1, json.dumps(more))


def test_the_path_leads_to_the_bad_value():
    claim = '{"measure":{"measure":"members"},"amount":"1"}'
    bad = '{"measure":{"measure":"members","where":{"x":["a","\\u0000"]}},"amount":"1"}'
    for wrong, path in (claim.replace('"1"', "1.0"), "body.claims[2].amount"), (bad, "body.claims[2].measure.where"):
        with pytest.raises(BadEvent) as refusal:
            decode(
                "report-published", 1, f'{{"report":"r","effective":"2024-01-01","claims":[{claim},{claim},{wrong}]}}'
            )
        assert path in str(refusal.value)


@pytest.mark.parametrize("body", [None, 5, [], {}])
def test_a_body_is_text_or_bytes(body):
    with pytest.raises(BadEvent, match="the body of event 'member-left' is no text"):
        decode("member-left", 1, body)


# values of the wrong kind, in Python


class Days(date):
    """A day of another class."""


class Moment(datetime):
    """An instant of another class, as those of pandas are."""


class NoOffset(tzinfo):
    def utcoffset(self, _):
        return None


class Whens(When):
    """A date of another class, which may change."""

    __slots__ = ("__dict__",)


class Amounts(Quantity):
    __slots__ = ("__dict__",)


class Everybody(Members):
    """A measure that is written as another one, or not at all."""


class Claims(Claim):
    """A claim of another class."""


@pytest.mark.parametrize(
    "amount",
    [
        1,
        1.5,
        True,
        float("nan"),
        float("inf"),
        -0.0,
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("-Infinity"),
        2**63,
        None,
        "NaN",
        "inf",
        "1e400",
        "1E+1000000",
        "1_000",
        "１",
        "0x10",
        "1,5",
        "",
        " ",
        "1 ",
        "\n1",
        "1\n",
        b"1",
        Fraction(1, 3),
    ],
    ids=shown,
)
def test_an_amount_in_a_claim_is_text_or_a_quantity(amount):
    with pytest.raises(BadQuantity):
        Claim(Members(), amount)


@pytest.mark.parametrize(
    "number",
    [
        1.5,
        True,
        float("nan"),
        -0.0,
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("1E+1000000"),
        Decimal("1E-1000000"),
        10**5_000,
        "1e400",
        "1E+1000000",
        2**127,
        "1" * 5_000,
        None,
        "0b1",
        complex(1),
    ],
    ids=shown,
)
def test_a_number_is_exact_and_has_few_digits(number):
    with pytest.raises(BadQuantity):
        exactly(number)


def test_equal_numbers_are_equal_however_they_are_typed_and_keep_their_text():
    amounts = [Quantity.parse(text) for text in ("1", "1.0", "1.00", "+1", "1e0", "0.1e1", "01")]
    assert len(set(amounts)) == 1
    assert [str(amount) for amount in amounts] == ["1", "1.0", "1.00", "+1", "1e0", "0.1e1", "01"]
    assert exactly(2**63).low == 2**63
    assert exactly(2**64).low == 2**64
    assert str(exactly(Decimal("-0.0"))) == "0"


def test_what_is_too_large_to_count_with_is_refused_before_its_zeros_are_written_out():
    for huge in Decimal("1E+999999"), Decimal("-1E+999999"), Decimal("1E-999999"):
        with pytest.raises(BadQuantity, match="too large or too small to count with"):
            Quantity(huge, None, "t")
    assert Quantity(Decimal("1E+10000"), None, "Gt").base[0] == Decimal("1E+10009")


@pytest.mark.parametrize(
    "moment",
    [
        instant("2024-01-01T00:00:00Z").replace(tzinfo=None),
        datetime(2024, 1, 1, tzinfo=NoOffset()),
        "2024-01-01",
        "2024-01-01T00:00:00",
        "2016-12-31T23:59:60Z",
        "2024-01-01T24:00:00Z",
        "2024-02-30T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        date(2024, 1, 1),
        0,
        "2024-01-01T00:00:00.1234567Z",
        "２０２４-01-01T00:00:00Z",
        "2024-W01-1T00:00:00Z",
        "20240101T000000Z",
        "now",
        "",
        None,
    ],
)
def test_an_instant_has_a_zone_and_is_in_the_calendar(moment):
    with pytest.raises(BadWhen):
        instant(moment)


def test_an_instant_is_plain_and_in_utc_whatever_it_came_as():
    for moment in (
        Moment(2024, 3, 31, 2, 30, tzinfo=UTC),
        "2024-03-31T02:30:00+00:00",
        Moment(2024, 3, 31, 4, 30, tzinfo=zone(2)),
    ):
        found = instant(moment)
        assert type(found) is datetime
        assert found == datetime(2024, 3, 31, 2, 30, tzinfo=UTC)


def zone(hours):
    class Zone(tzinfo):
        def utcoffset(self, _):
            return timedelta(hours=hours)

        def dst(self, _):
            return timedelta(0)

        def tzname(self, _):
            return "X"

    return Zone()


def test_a_day_is_plain_whatever_it_came_as():
    assert type(day(Days(2024, 1, 1))) is date
    assert type(Claim(Members(), "1", at=Days(2024, 1, 1)).at) is date
    assert When.of(Days(2024, 1, 1)) == When("2024-01-01")
    with pytest.raises(BadWhen, match="is an instant"):
        day(Moment(2024, 1, 1, tzinfo=UTC))
    for first, last in ("0001-01-01", "9999-12-31"), ("0001", "9999"):
        assert recorded(MemberJoined("a", first), MemberLeft("a", last))


def test_text_of_another_class_is_no_text_whether_it_was_met_before_or_not():
    When("1931-05-01")
    assert When.of("1931-05-01")
    for make in (
        lambda: When.of(Text("1931-05-01")),
        lambda: MemberLeft(Text("a"), "2024"),
        lambda: MetricUpdated("m", "2024", "1", quality=Text("reported")),
        lambda: Total("m", overlap=Text("refuse")),
        lambda: Claim(Members(), Text("1")),
        lambda: recorded(JOINED, source=Text("x")),
    ):
        with pytest.raises(LedgerError):
            make()


def test_what_is_of_another_class_is_made_plain_or_refused():
    event = MetricUpdated("m", Whens("2024"), Amounts(1, 1, "t"))
    assert (type(event.effective), type(event.amount)) == (When, Quantity)
    assert event == MetricUpdated("m", "2024", exactly(1, "t"))
    for make in (
        lambda: Claim(Everybody(), "1"),
        lambda: Share(Everybody(), Members()),
        lambda: ReportPublished("r", "2024-01-01", claims=[Claims(Members(), "1")]),
    ):
        with pytest.raises(BadEvent, match=r"not (Everybody|Claims)"):
            make()


@pytest.mark.parametrize(
    "where",
    [
        ["ab"],
        [{"a", "b"}],
        "ab",
        [("a",)],
        [("a", "b", "c")],
        [1],
        5,
        {"a": {"b": 1}},
        {1: "a"},
        {"a": 1},
        {"a": [1]},
        [("a", "x"), ("a", "y")],
        {"a": [True]},
        {"a": b"x"},
        iter([("a", "b")]),
    ],
)
def test_a_filter_is_a_mapping_or_pairs(where):
    with pytest.raises(BadEvent, match=r"^where"):
        where_of(where)


@pytest.mark.parametrize("groups", [["ab"], [{"a", "b"}], ["abc"], [("a",)], 5, "ab"])
def test_groups_are_a_mapping_or_pairs_too(groups):
    with pytest.raises(BadEvent, match="is no mapping of values to groups"):
        Grouping("country", groups)


def test_attributes_of_a_state_that_are_too_many_for_an_event_are_not_recorded():
    names = many(180)
    changes = [
        MemberChanged("a", f"202{place}", attributes=dict.fromkeys(names[60 * place : 60 * place + 60], "x"))
        for place in range(3)
    ]
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        club.record(MemberJoined("a", "2020"), *changes)
        gathered = club.at("2024-01-01")["a"].attributes
        assert len(gathered) == 180
        with pytest.raises(BadEvent, match="180 attributes in one event; at most 100 are kept"):
            MemberJoined("b", "2024", attributes=gathered)


# events hold nothing that can change

PLAIN = (str, bool, type(None), date, Decimal, Fraction)


def parts(value):
    yield value
    if isinstance(value, tuple):
        for one in value:
            yield from parts(one)
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            yield from parts(getattr(value, field.name))


@pytest.mark.parametrize("cls", EVENTS, ids=lambda cls: cls.__name__)
def test_nothing_in_an_event_can_be_changed(cls):
    @settings(max_examples=EXAMPLES // 4)
    @given(events(cls))
    def holds(event):
        before, number = repr(event), hash(event)
        for part in parts(event):
            if type(part) in PLAIN or type(part) is tuple:
                continue
            assert not hasattr(part, "__dict__"), type(part)
            if isinstance(part, Attributes):
                for change in (
                    lambda part=part: setattr(part, "_pairs", ()),
                    lambda part=part: delattr(part, "_pairs"),
                    lambda part=part: setattr(part, "more", 1),
                    lambda part=part: part.__setitem__("a", "b"),
                ):
                    with pytest.raises((AttributeError, TypeError)):
                        change()
                assert all(type(pair) is tuple and {*map(type, pair)} <= {str, type(None)} for pair in part._pairs)
                continue
            assert attrs.has(type(part)), type(part)
            for field in attrs.fields(type(part)):
                with pytest.raises(attrs.exceptions.FrozenInstanceError):
                    setattr(part, field.name, getattr(part, field.name))
                with pytest.raises(attrs.exceptions.FrozenInstanceError):
                    delattr(part, field.name)
            with pytest.raises(attrs.exceptions.FrozenInstanceError):
                part.more = 1
        assert (repr(event), hash(event)) == (before, number)

    holds()


def test_what_the_caller_gave_is_copied():
    names, attributes, values = ["x", "y"], {"a": "b"}, ["Spain"]
    filter_ = {"country": values}
    claim = Claim(Members(filter_), "1")
    made = [claim]
    given = [
        InitiativeLaunched("2024", "x", supporters=names, attributes=attributes),
        MemberLeft("a", "2024", successors=names),
        ReportPublished("r", "2024-01-01", claims=made),
    ]
    before = [repr(event) for event in given]
    names.append("z")
    attributes["c"] = "d"
    values.append("France")
    filter_["sector"] = "steel"
    made.clear()
    assert [repr(event) for event in given] == before


# the one form of what is stored


@settings(max_examples=EXAMPLES // 2)
@given(events(), st.data())
def test_a_stored_body_has_one_form(event, data):
    name, body = NAMES[type(event)], encode(event)
    assert canonical(name, schema_of(name), body)
    plain = json.loads(body)
    others = {
        json.dumps(plain, ensure_ascii=False),
        json.dumps(plain, ensure_ascii=True, separators=(",", ":")),
        json.dumps(dict(reversed(plain.items())), ensure_ascii=False, separators=(",", ":")),
        body + "\n",
    } - {body}
    other = data.draw(st.sampled_from(sorted(others)))
    assert not canonical(name, schema_of(name), other)


@pytest.mark.parametrize(
    "body",
    [
        '{"member":"a","effective":"2024","reason":""}',
        '{"member":"a","effective":"2024","successors":[]}',
        '{"effective":"2024","member":"a"}',
        '{"member":"\\u0061","effective":"2024"}',
        '{"member":"a","effective":"2024"} ',
        '{"member":"a", "effective":"2024"}',
        '{"member":"a","effective":"2024","reason":"\\/"}',
    ],
)
def test_what_says_the_same_in_other_bytes_is_not_canonical(body):
    assert decode("member-left", 1, body).member == "a"
    assert not canonical("member-left", 1, body)


def test_what_is_no_event_is_refused_and_not_only_uncanonical():
    with pytest.raises(BadEvent):
        canonical("member-left", 1, '{"member":"a"}')


# files of records


def two_lines():
    return lines_of(JOINED, MemberJoined("b", "2024"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (lambda one, two: f"{one}\n{{}}\n{two}", "^line 2: there is no 'specversion'"),
        (lambda one, two: f"{one}\n{two[:100]}", "^line 2: .* is no JSON"),
        (lambda one, two: f"\ufeff{one}\n{two}", "^line 1: .*BOM"),
        (lambda one, two: f"{one}\n\n{two}", "^line 2: .* no line is blank"),
        (lambda one, two: f"{two}\n{one}", "position 2 and version 2, and after what is there it should be 1 and 1"),
        (lambda one, two: f"{two}\n", "position 2 and version 2, and after what is there it should be 1 and 1"),
        (lambda one, two: f"{one}{two}", "^line 1: .*Extra data"),
        (
            lambda one, two: f"{one}\n{two}\n{two}",
            "position 2 and version 2, and after what is there it should be 3 and 3",
        ),
    ],
)
def test_a_file_that_is_not_as_it_was_written_is_refused_with_the_line_or_the_place(text, said):
    one, two = two_lines()
    with ledger.open(":memory:") as book:
        with pytest.raises(BadInput, match=said):
            book.import_records(from_lines(StringIO(text(one, two))))
        assert len(list(book.records())) <= 2


def test_line_ends_of_any_kind_make_no_difference(tmp_path):
    lines = two_lines()
    for end in "\n", "\r\n", "\r":
        path = tmp_path / "a.jsonl"
        path.write_text(end.join([*lines, ""]), "utf-8", newline="")
        with ledger.open(":memory:") as book, path.open(encoding="utf-8") as file:
            assert book.import_records(from_lines(file)) == 2
            assert list(to_lines(book)) == lines


def test_the_largest_event_can_be_exported_in_the_longest_way_and_read_again():
    event = claiming(1, text="\x85" * (PROSE_MAX // 2))
    prose = "\U0010ffff" * (PROSE_MAX // 50)
    with ledger.open(":memory:") as book:
        book.initiative("club").record(event, source=prose, by=prose, note=prose)
        (line,) = to_lines(book)
        longest = json.dumps(json.loads(line))  # in ASCII alone
        assert list(from_lines([longest])) == list(book.records())
    stretched, terms = len(json.dumps(json.loads(line)["data"])) / len(encode(event).encode()), 3 * 12 * PROSE_MAX
    assert 2.9 < stretched <= 3
    assert 3 * BODY_MAX + terms + 30 * ID_MAX < RECORD_LINE_MAX


def test_a_head_stands_in_a_line_in_one_way():
    report = ReportPublished("r", "2024-01-01")
    (line,) = lines_of(report)
    assert list(from_lines([line]))
    found = json.loads(line)
    with pytest.raises(BadInput, match="line 1: ledgerhead is"):
        list(from_lines([json.dumps({**found, "ledgerhead": f" {found['ledgerhead']}"})]))


def test_msgspec_still_reads_what_it_writes():
    assert msgspec.json.decode(encode(LEFT)) == {"member": "a", "effective": "2024"}


def test_claims_without_number_are_stopped():
    with pytest.raises(BadEvent, match="makes more than 1,000 claims"):
        ReportPublished("r", "2024-01-01", claims=repeat(Claim(Members(), "1")))
    with pytest.raises(BadEvent, match="more than 1,000 names"):
        MemberLeft("a", "2024", successors=(f"m{number}" for number in iter(int, 1)))
    with pytest.raises(BadEvent, match="more than 1,000 values"):
        Members({"a": repeat("x")})
    assert len(claims(StringIO("measure,amount,at\n" + "members,1,2020-01-01\n" * 5))) == 5
