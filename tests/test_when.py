"""Rough dates: what is read, what window it means, what is refused by name."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import product

import pytest
from attrs.exceptions import FrozenInstanceError
from edtf import parse_edtf
from edtf.parser.edtf_exceptions import EDTFParseException
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.model.errors import BadWhen, LedgerError
from ledger.model.when import When, day, instant, instant_text
from ledger.testing.strategies import days, whens

EXAMPLES = settings.default.max_examples  # of the profile
NAIVE = datetime(2023, 6, 1)  # noqa: DTZ001 - the very thing that is refused

# small enough to compare every day with every other
near = whens(min_value="2019-12-25", max_value="2020-02-05") | whens(min_value="2020-01-30", max_value="2020-03-04")


def kind(value: object) -> str:
    return type(value).__name__


def check_readable(error: LedgerError) -> None:
    assert len(str(error).encode()) < 500  # and no lone surrogate


def days_of(when: When) -> list[date]:
    return [when.earliest + timedelta(n) for n in range((when.latest - when.earliest).days + 1)]


def window(text: str) -> tuple[date, date]:
    """Give the window of one date or span in the plainest way, to compare with."""
    bare = text.strip("[]~?")
    if bare.startswith(".."):
        return date.min, window(bare[2:])[1]
    if "/" in bare or ".." in bare:
        low, high = bare.replace("..", "/").split("/")
        return window(low)[0], window(high)[1]
    first = date.fromisoformat(f"{bare}-01-01"[:10])
    last = first
    while last < date.max and (last + timedelta(1)).isoformat().startswith(bare):
        last += timedelta(1)
    return first, last


# --- what is read ---


@given(whens())
def test_a_date_prints_as_it_was_typed_and_reads_back_equal(when):
    assert When.parse(str(when)) == when == When(when.text)
    assert eval(repr(when)) == when


@given(whens(min_value="1899-12-01", max_value="2100-03-01") | whens())
def test_the_window_runs_from_the_first_day_of_the_first_part_to_the_last_day_of_the_last(when):
    assert (when.earliest, when.latest) == window(when.text)


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("2023-01-20", "2023-01-20", "2023-01-20"),
        ("2023-01", "2023-01-01", "2023-01-31"),
        ("2021", "2021-01-01", "2021-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("1900-02", "1900-02-01", "1900-02-28"),
        ("2000-02", "2000-02-01", "2000-02-29"),
        ("2024-02-29", "2024-02-29", "2024-02-29"),
        ("2021/2023-01-19", "2021-01-01", "2023-01-19"),
        ("2021-11/2022", "2021-11-01", "2022-12-31"),
        ("2021/2021", "2021-01-01", "2021-12-31"),
        ("2021-06-30/2021", "2021-06-30", "2021-12-31"),
        ("[2021..2022-06]", "2021-01-01", "2022-06-30"),
        ("[2021-01-31..2021-01]", "2021-01-31", "2021-01-31"),
        ("[..2020]", "0001-01-01", "2020-12-31"),
        ("[..0001-01-01]", "0001-01-01", "0001-01-01"),
        ("0001", "0001-01-01", "0001-12-31"),
        ("9999-12", "9999-12-01", "9999-12-31"),
        ("2021~", "2021-01-01", "2021-12-31"),
        ("2021-05-06?", "2021-05-06", "2021-05-06"),
        ("2021/2022~", "2021-01-01", "2022-12-31"),
        ("[2021..2022]?", "2021-01-01", "2022-12-31"),
    ],
)
def test_each_form_of_date_means_its_window(text, earliest, latest):
    when = When(text)
    assert (str(when.earliest), str(when.latest), str(when)) == (earliest, latest, text)
    assert when.exact == (earliest == latest)


@given(whens())
def test_doubt_is_kept_and_shown_but_widens_nothing(when):
    bare = when.text.rstrip("~?")
    assert when.qualifier == when.text[len(bare) :]
    assert (When(bare).earliest, When(bare).latest) == (when.earliest, when.latest)
    assert When(bare).qualifier == ""


@given(days())
def test_a_day_is_taken_as_date_or_as_text_alike(one):
    assert When.of(one) == When.of(one.isoformat()) == When(str(one))
    assert day(one) == day(one.isoformat()) == one


@given(whens())
def test_a_when_is_taken_as_it_is(when):
    assert When.of(when) is when


@given(days())
def test_a_year_contains_its_months_and_a_month_its_days(one):
    year, month, exact = When(one.isoformat()[:4]), When(one.isoformat()[:7]), When(one.isoformat())
    assert year.contains(month)
    assert month.contains(exact)
    assert exact.exact
    assert not exact.contains(month)
    assert not month.contains(year)


# --- comparison: against every choice of days ---


@given(near, days(min_value="2019-12-20", max_value="2020-03-08"))
def test_by_a_day_agrees_with_every_possible_beginning(when, last):
    assert when.certainly_by(last) == all(one <= last for one in days_of(when))
    assert when.possibly_by(last) == any(one <= last for one in days_of(when))
    assert when.certainly_by(last.isoformat()) == when.certainly_by(last)
    assert when.possibly_by(last.isoformat()) == when.possibly_by(last)


@given(near, near)
def test_before_another_agrees_with_every_pair_of_days(when, other):
    pairs = [(one, two) for one, two in product(days_of(when), days_of(other))]
    assert when.certainly_before(other) == all(one < two for one, two in pairs)
    assert when.possibly_before(other) == any(one < two for one, two in pairs)
    assert when.certainly_before(other.text) == when.certainly_before(other)
    assert when.possibly_before(other.text) == when.possibly_before(other)


@given(near, near)
def test_containing_another_is_holding_each_of_its_days(when, other):
    assert when.contains(other) == (set(days_of(other)) <= set(days_of(when)))
    assert when.contains(other.text) == when.contains(other)


@given(near)
def test_exact_means_a_single_day(when):
    assert when.exact == (len(days_of(when)) == 1)


@pytest.mark.parametrize("method", ["certainly_before", "possibly_before", "contains"])
@pytest.mark.parametrize("other", [None, 2021, 20.21, "soon", datetime(2021, 1, 1, tzinfo=UTC)])
def test_a_comparison_with_what_is_no_date_is_refused(method, other):
    with pytest.raises(BadWhen):
        getattr(When("2021"), method)(other)


@pytest.mark.parametrize("method", ["certainly_by", "possibly_by"])
@pytest.mark.parametrize("last", [None, 2021, "2021", "2021-13-01", datetime(2021, 1, 1, tzinfo=UTC)])
def test_by_what_is_no_exact_day_is_refused(method, last):
    with pytest.raises(BadWhen):
        getattr(When("2021"), method)(last)


# --- a value ---


@given(whens(), whens())
def test_equal_means_typed_alike(when, other):
    assert (when == other) == (when.text == other.text)
    assert hash(when) == hash(When(when.text))
    assert when != when.text


@given(whens())
def test_copies_and_pickles_are_equal_with_their_window(when):
    for twin in (pickle.loads(pickle.dumps(when)), copy.copy(when), copy.deepcopy(when)):
        assert twin == when
        assert (twin.earliest, twin.latest) == (when.earliest, when.latest)


@pytest.mark.parametrize("name", ["text", "earliest", "latest"])
def test_nothing_of_a_when_can_be_changed(name):
    when = When("2021")
    with pytest.raises(FrozenInstanceError):
        setattr(when, name, "2022")
    with pytest.raises(FrozenInstanceError):
        delattr(when, name)
    with pytest.raises((AttributeError, TypeError)):
        when.more = 1


# --- what is refused, by its name ---

REFUSED = {
    "2023-W03": "week date",
    "2023W03": "week date",
    "2023-W03-5": "week date",
    "2023-W03/2023-W04": "week date",
    "20230120": "compact date",
    "202301": "compact date",
    "20230120/20230121": "compact date",
    "20230120~": "compact date",
    "[20230120..20230121]": "compact date",
    "12023": "year past 9999",
    "12023-01-20": "year past 9999",
    "[2021,2023]": "set of separate dates",
    "{2021,2023}": "set of separate dates",
    "{2021..2023}": "set of separate dates",
    "[2021-01,2021-03..2021-05]": "set of separate dates",
    "2021-21": "season",
    "2021-24": "season",
    "2021-41": "season",
    "2021-22/2021-23": "season",
    "[..2021-21]": "season",
    "2021/": "span without an end",
    "2021/..": "span without an end",
    "/2021": "span without an end",
    "../2021": "span without an end",
    "[2021..]": "span without an end",
    "[..]": "span without an end",
    "2023/2021": "ends before it begins",
    "2021-05/2021-04": "ends before it begins",
    "2021-02-03/2021-02-02": "ends before it begins",
    "[2023..2021]": "ends before it begins",
    "2022/2021-12-31": "ends before it begins",
    "0000": "0001 to 9999",
    "0000-01-01": "0001 to 9999|year 0 is out of range",
    "0000/2021": "0001 to 9999",
    "[..0000]": "0001 to 9999",
    "[..0000-02]": "0001 to 9999",
    "-2021": "0001 to 9999",
    "-0044-03-15": "0001 to 9999",
    "+2021": "0001 to 9999",
    "Y12021": "0001 to 9999",
    "Y-17000": "0001 to 9999",
    "2023-01-20T09:30:00Z": "instant",
    "2023-01-20T09": "instant",
    "2023-01-20 09:30": "instant",
    "2023-01-20T09:30:00Z/2023-01-21": "instant",
    "": "empty",
    " ": "blank",
    " 2021": "blank",
    "2021 ": "blank",
    "2021\n": "blank",
    "2021\n\n": "blank",
    "2021\t/2022": "blank",
    "2021\u00a0": "blank",
    "20 January 2023": "blank",
    "202X": "digits left open",
    "20XX": "digits left open",
    "2021-XX": "digits left open",
    "2021-1X": "digits left open",
    "196x": "digits left open",
    "19uu-uu": "digits left open",
    "201*": "digits left open",
    "20XX/2021": "digits left open",
    "[..20XX]": "digits left open",
    "2021%": "qualified",
    "2021~?": "qualified",
    "~2021": "qualified",
    "2021?-05": "qualified",
    "2021~/2022": "qualified",
    "\uff12\uff10\uff12\uff11": "ASCII",
    "\u0662\u0660\u0662\u0661": "ASCII",
    "2021\u201305\u201306": "ASCII",
    "2021-13": "month must be in 1..12",
    "2021-00": "month must be in 1..12",
    "2021-42": "month must be in 1..12",
    "2021-02-30": "no day of the calendar",
    "2021-02-29": "no day of the calendar",
    "2021-04-31/2022": "no day of the calendar",
    "2021/2022-06-31": "no day of the calendar",
    "1900-02-29": "no day of the calendar",
    "2021-1-5": "not a date",
    "2021-020": "not a date",
    "2021/2022/2023": "not a date",
    "..2021": "not a date",
    "2021..2022": "not a date",
    "[2021]": "not a date",
    "01/02/2021": "not a date",
    "2021Z": "not a date",
    "21": "not a date",
    "soon": "not a date",
    "null": "not a date",
    "2021\x00": "not a date",
    "2021-01-20" * 1_000: "not a date",
    "\ud800": "ASCII",
    "2021\u202e": "ASCII",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: ascii(text)[:30])
def test_a_date_that_is_not_in_the_grammar_is_refused_by_name(text):
    for read in (When, When.of, When.parse):
        with pytest.raises(BadWhen, match=REFUSED[text]) as refused:
            read(text)
        assert ascii(text)[:30] in str(refused.value)
        assert len(str(refused.value)) < 250
    with pytest.raises(BadWhen):
        day(text)


@pytest.mark.parametrize("value", [None, 2021, 20.21, True, b"2021", [], {}, ("2021",), 10**5000, object()], ids=kind)
def test_a_date_that_is_not_text_is_refused_with_its_type(value):
    for read in (When, When.of, When.parse, day):
        with pytest.raises(BadWhen, match=type(value).__name__):
            read(value)


@pytest.mark.parametrize("moment", [NAIVE, NAIVE.replace(tzinfo=UTC)])
def test_an_instant_is_no_day(moment):
    for read in (When.of, day):
        with pytest.raises(BadWhen, match=r"instant.*\.date\(\)"):
            read(moment)


@pytest.mark.parametrize("text", ["2021", "2021-01", "2021/2022", "2021-01-01~", "[..2021-01-01]", "20210101"])
def test_one_exact_day_is_asked_for_where_a_rough_date_will_not_do(text):
    with pytest.raises(BadWhen, match="YYYY-MM-DD"):
        day(text)


@pytest.mark.parametrize("text", ["2021-13-01", "2021-02-29", "0000-01-01", "2021-00-01", "2021-01-00", "2021-21-01"])
def test_a_day_that_is_in_no_calendar_is_refused(text):
    with pytest.raises(BadWhen, match=r"calendar|0001 to 9999|season"):
        day(text)


near_the_grammar = st.one_of(
    st.from_regex(r"\A\[?(\.\.)?[0-9]{3,5}(-[0-9]{1,2}){0,3}((/|\.\.)([0-9]{4}(-[0-9]{2}){0,2})?)?\]?[~?%]{0,2}\Z"),
    st.text("0123456789-/.[]{}~?%XuWTYZ:, ", max_size=25),
    st.text(),
)


@given(near_the_grammar)
def test_any_text_is_a_window_in_order_or_is_refused_in_a_few_printable_words(text):
    try:
        when = When(text)
    except BadWhen as error:
        check_readable(error)
    else:
        assert when.earliest <= when.latest
        assert when.text == text


# --- beside the library edtf, where both apply: one date, or a/b, or [a..b] of equal precision without doubt ---


def edtf_window(text: str) -> tuple[date, date]:
    read = parse_edtf(text)
    return date(*read.lower_strict()[:3]), date(*read.upper_strict()[:3])


def edtf_applies(when: When) -> bool:
    if not when.text.startswith("["):
        return True
    low, _, high = when.text.strip("[]").partition("..")
    return len(low) == len(high)  # neither open, nor of mixed precision, nor in doubt


@settings(max_examples=EXAMPLES // 2)  # that library takes its time
@given(whens().filter(edtf_applies))
def test_windows_are_those_of_the_library_edtf(when):
    assert edtf_window(when.text) == (when.earliest, when.latest)


def check_named(error: BadWhen, expected: object) -> None:
    named = ("season", "0001 to 9999", "ends before it begins")
    assert expected is None or any(name in str(error) for name in named)


@settings(max_examples=EXAMPLES // 2)
@given(st.from_regex(r"\A[0-9]{4}(-[0-4][0-9](-[0-3][0-9])?)?(/[0-9]{4}(-[0-4][0-9](-[0-3][0-9])?)?)?[~?]?\Z"))
def test_what_the_library_edtf_reads_is_read_but_for_what_is_refused_by_name(text):
    try:
        expected = parse_edtf(text)
    except EDTFParseException:
        expected = None
    try:
        when = When(text)
    except BadWhen as error:
        check_named(error, expected)
    else:
        assert expected is not None
        assert edtf_window(text) == (when.earliest, when.latest)


# --- instants ---

offsets = st.timedeltas(timedelta(hours=-23, minutes=-59), timedelta(hours=23, minutes=59)).map(
    lambda delta: timezone(timedelta(minutes=delta // timedelta(minutes=1)))
)
moments = st.datetimes(NAIVE.replace(1, 1, 3), NAIVE.replace(9999, 12, 29), timezones=offsets)


@given(moments)
def test_an_instant_is_the_same_moment_in_utc(moment):
    assert instant(moment) == moment
    assert instant(moment).tzinfo is UTC
    assert instant(moment.isoformat()) == moment
    assert instant(moment.isoformat().replace("T", " ")) == moment
    assert instant(moment.isoformat().replace("T", "t")) == moment


@given(moments.map(instant))
def test_an_instant_is_written_with_six_decimals_and_z_and_reads_back(moment):
    text = instant_text(moment)
    assert instant(text) == instant(text.lower()) == moment
    assert len(text) == 27
    assert text.endswith("Z")


@given(moments.map(instant), moments.map(instant))
def test_texts_of_instants_sort_as_the_instants_do(moment, other):
    assert (instant_text(moment) < instant_text(other)) == (moment < other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023-06-01T00:00:00Z", datetime(2023, 6, 1, tzinfo=UTC)),
        ("2023-06-01T02:00:00+02:00", datetime(2023, 6, 1, tzinfo=UTC)),
        ("2023-05-31T18:29:59.5-05:30", datetime(2023, 5, 31, 23, 59, 59, 500_000, tzinfo=UTC)),
        ("2023-06-01 00:00:00.000001z", datetime(2023, 6, 1, 0, 0, 0, 1, tzinfo=UTC)),
        ("2023-06-01T00:00:00-00:00", datetime(2023, 6, 1, tzinfo=UTC)),
    ],
)
def test_rfc_3339_is_read(text, expected):
    assert instant(text) == expected


@pytest.mark.parametrize("naive", [NAIVE, "2023-06-01T00:00:00", "2023-06-01 00:00:00.5"])
def test_an_instant_without_a_time_zone_is_refused(naive):
    with pytest.raises(BadWhen, match=r"no time zone.*\+00:00"):
        instant(naive)


# fmt: off
NOT_INSTANTS = [
    "", "now", "2023-06-01", "2023-06-01T00:00Z", "20230601T000000Z", "2023-06-01T24:00:00Z",
    "2023-06-01T00:60:00Z", "2023-06-01T23:59:60Z", "2023-06-01T00:00:00+00:60", "2023-06-01T00:00:00+24:00",
    "2023-06-01T00:00:00.1234567Z", "2023-06-01T00:00:00,5Z", "2023-06-01T00:00:00.Z", " 2023-06-01T00:00:00Z",
    "2023-06-01T00:00:00Z\n", "2023-06-01T00:00:00+02", "\u0662023-06-01T00:00:00Z", "2023-W22-4T00:00:00Z",
    "2023-06-01T00:00:00ZZ", "2023-06-01T00:00:00Z" * 500, "\ud800", "\x00",
]
# fmt: on


@pytest.mark.parametrize("text", NOT_INSTANTS, ids=lambda text: ascii(text)[:30])
def test_text_that_is_no_instant_is_refused_with_the_form_to_write(text):
    with pytest.raises(BadWhen, match="RFC 3339") as refused:
        instant(text)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("text", ["2023-02-29T00:00:00Z", "2023-13-01T00:00:00Z", "0000-01-01T00:00:00Z"])
def test_an_instant_on_an_impossible_day_is_refused(text):
    with pytest.raises(BadWhen, match="is not an instant"):
        instant(text)


@pytest.mark.parametrize(
    "edge",
    [
        *("0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))),
    ],
)
def test_an_instant_that_leaves_the_calendar_in_utc_is_refused(edge):
    with pytest.raises(BadWhen, match="0001 to 9999"):
        instant(edge)


@pytest.mark.parametrize(
    "value", [None, 0, 1.5, True, b"2023-06-01T00:00:00Z", date(2023, 6, 1), [], 10**5000], ids=kind
)
def test_an_instant_that_is_neither_text_nor_datetime_is_refused_with_its_type(value):
    with pytest.raises(BadWhen, match=type(value).__name__):
        instant(value)


@given(
    st.from_regex(
        r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,7})?([Zz]|[+-][0-9]{2}:[0-9]{2})?\Z"
    )
    | st.text()
)
def test_any_text_is_an_instant_of_utc_or_is_refused(text):
    try:
        moment = instant(text)
    except BadWhen as error:
        check_readable(error)
    else:
        assert moment.utcoffset() == timedelta(0)
