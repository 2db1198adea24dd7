"""Memberships from CSV files: what is read, in which order, what is refused, and the counts that come of it."""

import csv
import random
import re
from calendar import monthrange
from collections import Counter, defaultdict
from datetime import date, timedelta
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ledger
from ledger import MemberJoined, MemberLeft, Members, When, between
from ledger.exchange import spells
from ledger.model.errors import PROBLEMS_MAX, BadInput

EXAMPLES = settings.default.max_examples
EU = Path(__file__).parent / "data" / "eu_members.csv"
"""28 member states of the European Union, joined and left: openclimatedata/countrygroups."""


def of(text, **options):
    return spells(StringIO(text), **options)


def table(*rows, header="member,name,start,end"):
    return "\n".join([header, *rows]) + "\n"


def refused(text, **options):
    with pytest.raises(BadInput) as refusal:
        of(text, **options)
    return str(refusal.value)


def plain(events):
    return [(type(event).__name__[6:], event.member, event.effective.text) for event in events]


# the union of real states


def test_the_member_states_of_the_union_are_counted_as_they_were():
    with ledger.open(":memory:") as book:
        union = book.initiative("eu")
        events = spells(EU, member="code", start="member_since", end="left_on")
        union.record(*events, source="openclimatedata/countrygroups")
        counts = {
            day: len(union.at(day))
            for day in (
                "1957-12-31", "1958-01-01", "1973-01-01", "1981-01-01", "1986-01-01", "1995-01-01", "2004-05-01",
                "2007-01-01", "2013-06-30", "2013-07-01", "2020-01-31", "2020-02-01",
            )
        }  # fmt: skip
        assert list(counts.values()) == [0, 6, 9, 10, 12, 15, 25, 27, 27, 28, 28, 27]
        assert union.at("2020-02-01").former["GBR"].name == "United Kingdom"


# many changes, on every day


FIRST, LAST = date(2000, 1, 1), date(2019, 12, 31)
BLANK_START, BLANK_END = "1999/2001", "2020-01-01"  # what is meant by a blank cell, as far as these years see
MEMBERS = 610


def write_many(path):
    """Write about 2,000 joinings and leavings: some dates reduced to a month or a year, some blank."""
    draw = random.Random(20)
    span = (LAST - FIRST).days
    lines = defaultdict(list)
    for number in range(MEMBERS):
        changes = sorted(draw.sample(range(span), draw.choice([1, 2, 2, 3, 4, 4, 5, 6])))
        days = [(FIRST + timedelta(change)).isoformat() for change in changes]
        written = [day[: draw.choices([10, 7, 4], [80, 15, 5])[0]] for day in days]
        if days[0] < "2002" and draw.random() < 0.3:
            written[0] = ""
        for start, end in zip(written[::2], [*written[1::2], ""], strict=False):
            lines[number].append(f"m{number},Member {number},{start},{end}")
    turns = [number for number, rows in lines.items() for _ in rows]
    draw.shuffle(turns)  # the rows of one member stay in order, since rough dates may overlap
    rows = [lines[number].pop(0) for number in turns]
    path.write_text(table(*rows), "utf-8")
    return sum(2 - row.endswith(",") for row in rows)


def counted_by_hand(path):
    """The lowest and the highest count on every day, straight from the rows of the file."""
    rows_of, low, high = defaultdict(list), Counter(), Counter()
    for row in csv.DictReader(path.read_text("utf-8").splitlines()):
        rows_of[row["member"]].append((*window(row["start"] or BLANK_START), *window(row["end"] or BLANK_END)))
    for rows in rows_of.values():
        certain, possible = set(), set()
        for place, (joined_from, joined_by, left_from, left_by) in enumerate(rows):
            certain |= set(range(joined_by, left_from))
            since = max([joined_from, *(first for row in rows[:place] for first in row[::2])])  # nothing goes back
            until = min([left_by, *(last for row in rows[place + 1 :] for last in row[1::2])])
            possible |= set(range(since, until))
        low.update(certain)
        high.update(possible)
    return {day: (low[day.toordinal()], high[day.toordinal()]) for day in every_day()}


def window(text):
    """The first and the last day that a date of the file can mean, as numbers."""
    if "/" in text:
        return window(text.split("/")[0])[0], window(text.split("/")[1])[1]
    year, month, day = [*map(int, text.split("-")), None, None][:3]
    last = date(year, month or 12, day or monthrange(year, month or 12)[1])
    return date(year, month or 1, day or 1).toordinal(), last.toordinal()


def every_day():
    return [FIRST + timedelta(number) for number in range((LAST - FIRST).days + 1)]


def test_thousands_of_changes_are_counted_right_on_every_day(tmp_path):
    path = tmp_path / "members.csv"
    assert write_many(path) >= 2_000
    expected = {day: between(*ends) for day, ends in counted_by_hand(path).items()}
    with ledger.open(tmp_path / "members.db") as book:
        members = book.initiative("members")
        members.record(*spells(path, unknown_start=BLANK_START), source=path.name)
    with ledger.open(tmp_path / "members.db") as book:
        members = book.initiative("members")
        line = members.timeline(Members())
        assert {day: line.at(day).amount for day in every_day()} == expected
        for day in every_day()[::1_826]:
            assert members.at(day).count().amount == expected[day]
    assert sum(amount.low != amount.high for amount in expected.values()) > 7_000  # rough dates are everywhere


# laws

WHENS = ["2020", "2020-03", "2020-03-01", "2020-06-30", "2020/2021", "2021-01", "2021-01-01", "[..2020-05]", "2021?"]
ROWS = st.tuples(st.sampled_from("ab"), st.sampled_from(WHENS), st.sampled_from(["", *WHENS]))


@settings(max_examples=5 * EXAMPLES)
@given(st.lists(ROWS, max_size=5), st.booleans())
def test_whatever_is_read_can_be_recorded_and_is_what_the_rows_say(rows, inclusive):
    try:
        events = of(table(*(f"{member},,{start},{end}" for member, start, end in rows)), end_inclusive=inclusive)
    except BadInput:
        return
    assert Counter((event.member, event.effective.text) for event in events if isinstance(event, MemberJoined)) == (
        Counter(row[:2] for row in rows)
    )
    assert sum(isinstance(event, MemberLeft) for event in events) == sum(end != "" for _, _, end in rows)
    with ledger.open(":memory:") as book:
        book.initiative("clusters").record(*events)


DAYS = st.dates(date(2020, 1, 1), date(2020, 1, 12))


@settings(max_examples=5 * EXAMPLES)
@given(st.lists(st.tuples(st.sampled_from("ab"), DAYS, DAYS | st.none()), max_size=4))
def test_exact_rows_are_read_in_any_order_if_and_only_if_no_two_of_a_member_share_a_day(rows):
    inside = [
        (member, day)
        for member, start, end in rows
        for day in range(start.toordinal(), (end or date(2020, 2, 1)).toordinal())
    ]
    fine = len(inside) == len(set(inside)) and all(end is None or start < end for _, start, end in rows)
    text = table(*(f"{member},,{start},{end or ''}" for member, start, end in rows))
    if not fine:
        assert "nothing was read, for" in refused(text)
        return
    with ledger.open(":memory:") as book:
        clusters = book.initiative("clusters")
        clusters.record(*of(text))
        for number in range(15):
            day = date(2020, 1, 1) + timedelta(number)
            here = {member for member, ordinal in inside if ordinal == day.toordinal()}
            assert not rows or clusters.at(day).members.keys() == here


# what is read


def test_one_row_is_one_spell_and_events_come_by_day():
    text = table("a,Anna,2021-01-01,2022-01-01", "b,,2020,", "a,Anna,2023,")
    assert plain(of(text)) == [
        ("Joined", "b", "2020"), ("Joined", "a", "2021-01-01"), ("Left", "a", "2022-01-01"), ("Joined", "a", "2023"),
    ]  # fmt: skip
    assert [event.name for event in of(text) if isinstance(event, MemberJoined)] == [None, "Anna", "Anna"]


def test_the_order_of_rows_decides_where_rough_dates_overlap_and_days_where_they_do_not():
    assert plain(of(table("a,,2020,2021", "a,,2021,2021"))) == [
        ("Joined", "a", "2020"), ("Left", "a", "2021"), ("Joined", "a", "2021"), ("Left", "a", "2021"),
    ]  # fmt: skip
    assert plain(of(table("a,,2021-03-01,2021-05-01", "a,,2020,2021")))[:2] == [
        ("Joined", "a", "2020"), ("Left", "a", "2021"),
    ]  # fmt: skip


def test_rows_are_put_in_order_even_where_one_fits_only_before_two_others():
    rows = "a,,2020,2020-01-10/2020-12", "a,,2020-01-05,2020-03-01", "a,,2020-01-01/2020-01-20,2020-01-02/2020-01-20"
    events = of(table(*rows))
    assert [event.effective.text for event in events if isinstance(event, MemberJoined)] == [
        "2020-01-01/2020-01-20", "2020-01-05", "2020",
    ]  # fmt: skip


def test_a_rejoining_may_fall_on_the_day_of_the_leaving():
    assert len(of(table("a,,2021-01-01,2022-01-01", "a,,2022-01-01,"))) == 3


def test_other_columns_become_attributes_where_they_are_not_blank():
    text = table("a,Anna,Spain,2021,, ", "b,Ben,UK,2021,,steel", header="member,name,country,start,end,sector")
    assert [dict(event.attributes) for event in of(text)] == [
        {"country": "Spain"},
        {"country": "UK", "sector": "steel"},
    ]
    assert [dict(event.attributes) for event in of(text, attributes=["sector"])] == [{}, {"sector": "steel"}]
    assert [dict(event.attributes) for event in of(text, attributes=())] == [{}, {}]


def test_columns_may_have_any_names_and_there_may_be_no_names_and_no_ends():
    text = table("Anna,2021-05", header="who,since")
    (event,) = of(text, member="who", name=None, start="since", end=None)
    assert event == MemberJoined("Anna", "2021-05")
    (event,) = of(text, member="who", name="who", start="since", end=None)
    assert event == MemberJoined("Anna", "2021-05", name="Anna")


@pytest.mark.parametrize(("cell", "left"), [
    ("2020-01-31", "2020-02-01"), ("2020-12-31", "2021-01-01"), ("2020-01", "2020-01-02/2020-02-01"),
    ("2020?", "2020-01-02/2021-01-01?"), ("[..2020]~", "[..2021-01-01]~"), ("0999-12-31", "1000-01-01"),
    ("[2020-01-01..2020-02]", "2020-01-02/2020-03-01"), ("2020-02-28~", "2020-02-29~"), ("", None),
])  # fmt: skip
def test_an_inclusive_end_is_the_last_day_inside(cell, left):
    events = of(table(f"a,,[..0900],{cell}"), end_inclusive=True)
    assert [event.effective for event in events[1:]] == ([] if left is None else [When(left)])


def test_a_spell_of_one_day_needs_an_inclusive_end():
    text = table("a,,2021-01-01,2021-01-01")
    assert plain(of(text, end_inclusive=True))[1] == ("Left", "a", "2021-01-02")
    assert "column 'end': '2021-01-01' is the day of the start too" in refused(text)
    assert "say so of all of them (end inclusive); else remove the row" in refused(text)
    assert len(of(table("a,,2021,2021-01-01", "b,,2021-01-01,2021"))) == 4


def test_a_blank_start_is_a_rough_date_that_the_caller_gives():
    text = table("a,,,1995-01-01", "b,,,")
    for unknown in ("[..1990]", When("[..1990]")):
        assert plain(of(text, unknown_start=unknown))[:2] == [("Joined", "a", "[..1990]"), ("Joined", "b", "[..1990]")]
    assert of(text, unknown_start=date(1990, 1, 1))[0].effective == When("1990-01-01")
    with pytest.raises(BadInput, match="is not a date"):
        of(text, unknown_start="unknown")


def test_files_as_other_programs_write_them_are_read(tmp_path):
    for number, content in enumerate([
        "\ufeffmember,name,start,end\r\na,Anna,2021,\r\n",
        "\ufeff\"member\",\"name\",\"start\",\"end\"\r\n\"a\",\"Anna\",\"2021\",\"\"\r\n",
        "\n\n member , name,start ,end\n\n a , Anna ,2021, \n,,,\n\n",
        "member\tname\tstart\tend\na\tAnna\t2021\t\n",
        "member;name;start;end\ra;Anna;2021;\r",
        'name,start,end,member\n"Anna",2021,,a',
    ]):  # fmt: skip
        path = tmp_path / f"{number}.csv"
        path.write_text(content, "utf-8", newline="")
        delimiter = next(sign for sign in ",;\t" if sign in content)
        for file in (path, str(path), StringIO(content, newline="")):
            assert spells(file, delimiter=delimiter) == [MemberJoined("a", "2021", name="Anna")]
        with path.open(encoding="utf-8") as file:
            assert spells(file, delimiter=delimiter) == [MemberJoined("a", "2021", name="Anna")]
    assert of("member,name,start,end\n") == []


def test_names_in_any_script_with_commas_quotes_and_accents(tmp_path):
    path = tmp_path / "members.csv"
    path.write_text(table('é,"Énergie, ""Été"" & 北京",2021,'), "utf-8")
    assert spells(path)[0].name == 'Énergie, "Été" & 北京'


# what is refused

NO_START = (
    "it is blank: write the date, roughly where it is not known (2021, 2020/2022, [..2019]), "
    "or say what stands for all such rows (unknown start)"
)
CELLS = "and 4 columns are named: quote a cell that holds a delimiter, and write every cell, blank or not"


def test_all_bad_rows_are_named_at_once_with_their_column_and_what_to_do(tmp_path):
    path = tmp_path / "members.csv"
    path.write_text(
        table(
            "a,Anna,2021-13-01,", ",Ben,2021,soon", "", "c,Cleo,,2022", "d,Dora,2022-01-01,2021-12-31", "e,Eve,2021",
            "f,Finn,2021,,oops", "g,bad\x07name,2021,",
        ),
        "utf-8",
    )  # fmt: skip
    with pytest.raises(BadInput) as refusal:
        spells(path)
    assert str(refusal.value).splitlines() == [
        f"{path}: nothing was read, for 8 reasons:",
        "  row 2, column 'start': '2021-13-01' is no day of the calendar: month must be in 1..12",
        "  row 3, column 'member': the member is empty: give it a name",
        "  row 3, column 'end': 'soon' is not a date: write YYYY-MM-DD, YYYY-MM, YYYY, a span a/b or [a..b], or [..b]",
        f"  row 5, column 'start': {NO_START}",
        "  row 6, column 'end': '2021-12-31' lies before the start, '2022-01-01': check both dates",
        f"  row 7 has 3 cells, {CELLS}",
        f"  row 8 has 5 cells, {CELLS}",
        "  row 9, column 'name': the name 'bad\\x07name' holds a control character or an unusual blank: remove it",
    ]


def test_a_long_list_of_problems_is_cut():
    message = refused(table(*["a,,soon,"] * (PROBLEMS_MAX + 5)))
    assert f"for {PROBLEMS_MAX + 5} reasons:" in message
    assert len(message.splitlines()) == PROBLEMS_MAX + 2
    assert message.endswith("\n  and 5 more")
    assert "for 1 reason:" in refused(table("a,,soon,"))
    assert "more" not in refused(table(*["a,,soon,"] * PROBLEMS_MAX))


@pytest.mark.parametrize("row", ["a,A,2020-01-01,", "a,A,2015,2015-06/2016", "a,A,[..2015],[..2023]", "a,A,2015,2016"])
def test_a_row_that_says_the_same_as_another_one_is_named_so_however_rough_its_dates_are(row):
    rows = table(row, "b,,2019,", row, row)
    read = spells(StringIO(rows), lenient=True)
    assert [(one.row, one.reason) for one in read.rejected] == [
        (number, f"row {number} says the same as row 2: remove one of them") for number in (4, 5)
    ]
    assert {event.member for event in read} == {"a", "b"}
    assert "row 4 says the same as row 2: remove one of them" in refused(rows)


@pytest.mark.parametrize(("rows", "until"), [
    (["a,,2020-01-01,2022-01-01", "a,,2021-01-01,"], "until 2022-01-01"),
    (["a,,2020-01-01,", "a,,2021-01-01,2021-02-01"], "without an end"),
    (["a,,2020-01-01,", "a,A,2020-01-01,"], "without an end"),
    (["a,,2020-01-01,", "a,,9999-12-31,"], "without an end"),
    (["a,,2020-01-01,2020-12", "a,,2020,2020-11-30"], "until 2020-12"),
])  # fmt: skip
def test_spells_of_a_member_that_overlap_name_both_rows(rows, until):
    message = refused(table(*rows))
    start, then = rows[0].split(",")[2], rows[1].split(",")[2]
    assert (
        f"\n  row 3: 'a' joins {then}, and row 2 says that it was a member from {start} {until}: "
        "correct the dates or make them one row; where rough dates overlap, put the rows in the order in which"
    ) in message


def test_the_row_named_is_the_one_that_goes_on_longest():
    message = refused(table("a,,2020-01-01,2023-01-01", "a,,2020-02-01,2020-03-01", "a,,2021-01-01,2021-02-01"))
    assert "row 3: 'a' joins 2020-02-01, and row 2 says" in message
    assert "row 4: 'a' joins 2021-01-01, and row 2 says" in message


@pytest.mark.parametrize(("header", "options", "why"), [
    ("", {}, r"no column 'member', 'name', 'start', 'end'; its first row names none\."),
    ("member;name;start;end", {}, r"its first row names 'member;name;start;end'\..* as in delimiter=';'"),
    ("member,name,started,end", {}, r"no column 'start'; .*Did you mean 'started'\? Say which column is which"),
    ("member,name,start,end", {"attributes": ["county"]}, "no column 'county'"),
    ("member,name,start,end", {"attributes": [5]}, "no column 5"),
    ("member,name,start,end", {"end": "left"}, "no column 'left'"),
    ("member,name,start,end,end", {}, "the columns 'end' are named twice: rename one of each"),
    ("member,name,start,end,x,x,y,y", {"attributes": ()}, "the columns 'x', 'y' are named twice"),
    ("member,name,start,end,", {}, r"attribute name is empty: give it a name; or name the columns to take, as in attr"),
    ("member,name,start,end," + "x" * 201, {}, "attribute name has 201 characters"),
    ("member,name,start,end," + ",".join(f"x{n}" for n in range(101)), {}, "101 attributes in one event"),
])  # fmt: skip
def test_columns_that_are_missing_or_doubtful_are_refused_with_the_file(header, options, why):
    with pytest.raises(BadInput, match=f"^the CSV file: .*{why}"):
        of(header, **options)


def test_columns_without_a_name_may_stand_where_they_are_not_asked_for():
    text = table("0,a,Anna,2021,,x", header=",member,name,start,end,")
    assert of(text, attributes=[]) == [MemberJoined("a", "2021", name="Anna")]


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n", "\r", " ", 5])
def test_a_delimiter_is_one_sign(delimiter):
    assert "is not one sign between cells" in refused(table(), delimiter=delimiter)


@pytest.mark.parametrize("attributes", ["country", 5, {"country"}, iter(["country"])])
def test_attributes_are_several_names_in_an_order(attributes):
    assert "must be several names of columns in a list or a tuple" in refused(table(), attributes=attributes)


@pytest.mark.parametrize("file", [None, 5, ["member,name,start,end"], b"members.csv"])
def test_what_is_no_file_is_refused(file):
    with pytest.raises(BadInput, match="is no CSV file: give its path, or open it as text"):
        spells(file)


@pytest.mark.parametrize("content", [
    b"member,name,start,end\nm\xfcller,,2021,\n", b"\xff\xfem\x00e\x00", b'member,name,start,end\n"a,,2021,\n',
    b'member,name,start,end\n"a"b,,2021,\n', b"member,name,start,end\na," + b"x" * 200_000 + b",2021,\n",
])  # fmt: skip
def test_a_file_that_is_no_csv_in_utf_8_is_refused_with_its_path(tmp_path, content):
    path = tmp_path / "members.csv"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"members\.csv, in row \d( or below)?: .*: save it as a CSV file in UTF-8"):
        spells(path)


def test_a_file_opened_as_bytes_is_refused():
    with pytest.raises(BadInput, match=r"the CSV file, in row 1: .*: save it as a CSV file in UTF-8, or open it as"):
        spells(BytesIO(b"member,name,start,end\n"))


def test_a_file_that_cannot_be_opened_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        spells(tmp_path / "missing.csv")


def test_no_last_day_lies_past_the_calendar():
    assert "column 'end': '9999' may be the last day there is" in refused(table("a,,2021,9999"), end_inclusive=True)
    assert plain(of(table("a,,2021,9999-12-31")))[1] == ("Left", "a", "9999-12-31")


def test_a_large_file_of_one_member_by_mistake_is_refused_in_time():
    rows = [f"Spain,Cluster {number},2021-01-01," for number in range(20_000)]
    assert "for 19999 reasons" in refused(table(*rows))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": ""}, "name: '' is no name of a column"),
        ({"member": []}, "member: [] is no name of a column"),
        ({"start": None}, "start: None is no name of a column"),
        ({"end": ""}, "or end=None where there is none"),
        ({"attributes": [[]]}, "no column []"),
        ({"end_inclusive": "no"}, "end_inclusive='no' must be True or False"),
    ],
)
def test_an_option_that_names_no_column_is_refused_before_anything_is_read(given, said):
    with pytest.raises(BadInput, match=re.escape(said)):
        spells(StringIO("member,name,start,end\n"), **given)


def test_what_cannot_be_opened_or_is_closed_is_no_file():
    closed = StringIO("member,name,start,end\n")
    closed.close()
    for file in ("a\0b", closed):
        with pytest.raises(BadInput, match=r"no path|is closed"):
            spells(file)


def test_where_columns_are_missing_the_way_to_name_them_is_told():
    assert (
        "Say which column is which, as in start='member_since'; where there is none, say name=None and end=None; or"
        in refused("a,b\n1,2\n")
    )
