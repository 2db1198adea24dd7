"""Sheets that are recorded: what is right once, and what is not in a file of rejects; no row is in both or in none."""

from __future__ import annotations

import csv
import os
import pickle
import random
import re
from collections import Counter
from contextlib import contextmanager, suppress
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ledger
from ledger import (
    Claim,
    Ledger,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    Members,
    MemberSuspended,
    MetricDefined,
    MetricUpdated,
)
from ledger.exchange import claims, copy, spells, values
from ledger.exchange.sheet_records import ROUNDS_MAX, ids_of
from ledger.exchange.sheets import Sheet
from ledger.exchange.tables import REJECT_COLUMNS
from ledger.model.errors import PROBLEMS_MAX, BadInput, Refused, RefusedRows, RetryMismatch, StoreError
from ledger.stores.plain import PlainStore

EXAMPLES = settings.default.max_examples
SPELLS, VALUES = "member,name,start,end", "member,metric,effective,amount"


def table(*rows, header=SPELLS):
    return "\n".join([header, *rows]) + "\n"


def sheet(*rows, **options):
    return spells(StringIO(table(*rows)), **options)


def amounts(*rows, **options):
    return values(StringIO(table(*rows, header=VALUES)), **options)


def written_rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    return header, rows


@pytest.fixture
def club():
    with ledger.open(":memory:") as book:
        yield book.initiative("club")


# laws

HISTORIES = [
    [],
    [MemberJoined("a", "2019")],
    [MemberJoined("a", "2019"), MemberLeft("a", "2020-06-30")],
    [MemberJoined("a", "2020-03-01"), MetricDefined("co2", "t"), MetricUpdated("co2", "2020", "5 t", member="a")],
    [MemberJoined("b", "2022"), MetricDefined("co2", "t", nonnegative=True), MetricDefined("jobs", "people")],
    [ledger.InitiativeLaunched("2018", name="Club"), ledger.InitiativeClosed("2021-06-01")],
]
WHENS = ["2020", "2020-03-01", "2020-06-30", "2021", "2021-01-01", "2022-05", "soon", "", "2020/2021", "9999"]
SPELL_ROWS = st.tuples(
    st.sampled_from(["a", "b", "c", "\x07", " "]), st.just('A, "B"\n'), *2 * [st.sampled_from(WHENS)]
)
AMOUNTS = ["5 t", "7", "-1 t", "3 people", "many", ""]
VALUE_ROWS = st.tuples(
    st.sampled_from(["a", "b", "c", "", "\x07"]), st.sampled_from(["co2", "jobs", "c02"]), st.sampled_from(WHENS),
    st.sampled_from(AMOUNTS),
)  # fmt: skip


def rows_of(one_row):
    cut = st.tuples(one_row, st.integers(1, 5)).map(lambda pair: (*pair[0], "more")[: pair[1]])
    return st.lists(one_row | one_row | one_row | cut | st.just(()), max_size=6)


def write(path, header, rows, delimiter):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([header.split(","), *rows])


KINDS = st.sampled_from([(SPELLS, SPELL_ROWS, spells), (VALUES, VALUE_ROWS, values)])


@given(st.data(), KINDS, st.sampled_from(HISTORIES), st.sampled_from(",;"))
def test_every_row_is_recorded_or_stands_in_the_rejects_and_a_mended_file_completes_the_ledger(
    data, kind, history, delimiter
):
    header, one_row, reads = kind
    rows = data.draw(rows_of(one_row))
    with TemporaryDirectory() as folder, ledger.open(":memory:") as book:
        club = book.initiative("club")
        club.record(*history)
        path, rejects = Path(folder) / "sheet.csv", Path(folder) / "rejects.csv"
        write(path, header, rows, delimiter)
        read = reads(path, delimiter=delimiter, lenient=True)
        done = club.record_sheet(read, rejects=rejects, source="sheet")

        # every row that is not blank is in one of the two
        filled = {number for number, row in enumerate(rows, 2) if any(map(str.strip, row))}
        aside = {one.row for one in done.rejected}
        recorded = [row for row in read.rows if row not in aside]
        assert {*recorded} | aside == filled
        assert not {*recorded} & aside
        events = [event for event, row in zip(read, read.rows, strict=True) if row not in aside]
        assert [record.event for record in done.records] == events
        assert [record.event for record in book.records()] == [*history, *events]

        # the file says of each what is in it, and why
        assert rejects.exists() == bool(aside)
        if aside:
            with rejects.open(encoding="utf-8", newline="") as file:
                names, *lines = csv.reader(file, delimiter=delimiter)
            assert names == [*REJECT_COLUMNS, *header.split(",")]
            assert [(int(row), tuple(cells)) for row, _, *cells in lines] == [
                (number, rows[number - 2]) for number in sorted(aside)
            ]
            assert all(reason.startswith(f"row {row}") for row, reason, *_ in lines)
            # read again as it is, it has the same to say of what cannot be read
            unread = reads(rejects, delimiter=delimiter, lenient=True)
            assert {one.cells for one in unread.rejected} >= {one.cells for one in read.rejected if len(one.cells) != 4}

        # the same file again brings nothing that was brought already
        again = club.record_sheet(read, rejects=Path(folder) / "again.csv", source="sheet", by="somebody else")
        assert {one.row for one in again.rejected} <= aside
        assert [one.id for one in again.already] == [one.id for one in done.records]
        counted = Counter(record.event for record in book.records())
        assert counted <= Counter(history) + Counter(read)
        if [one.row for one in again.rejected] == [one.row for one in done.rejected]:  # the same call would say so too
            assert club.record_sheet(read, rejects=rejects, source="sheet").records == ()

        # and a mended one what is missing
        if again.rejected:
            club.record(MetricDefined("mended", "t"), *(MemberJoined(f"m{row}", "1990") for row in aside))
            mended = [
                (f"m{row}", "mended", "2020", "1 t") if reads is values else (f"n{row}", "", "2020", "2020-05-01")
                for row in sorted(aside)
            ]
            mended_file = Path(folder) / "mended.csv"
            old = [["7", "why it was wrong", *row] for row in mended]
            write(mended_file, ",".join([*REJECT_COLUMNS, header]), old, delimiter)
            last = club.record_sheet(reads(mended_file, delimiter=delimiter), source="sheet")
            assert not last.rejected
            assert len(last.records) == len(mended) * (1 if reads is values else 2)


@settings(max_examples=max(EXAMPLES // 2, 1))
@given(st.data(), KINDS, st.sampled_from(HISTORIES))
def test_without_a_file_of_rejects_all_is_recorded_or_nothing_and_every_bad_row_is_named(data, kind, history):
    header, one_row, reads = kind
    with TemporaryDirectory() as folder, ledger.open(":memory:") as book:
        club = book.initiative("club")
        club.record(*history)
        path = Path(folder) / "sheet.csv"
        write(path, header, data.draw(rows_of(one_row)), ",")
        read = reads(path, lenient=True)
        refused, done = None, None
        try:
            done = club.record_sheet(read)
        except RefusedRows as refusal:
            refused = refusal
        if done is not None:
            assert not read.rejected
            assert [record.event for record in done.records] == list(read)
        if refused is not None:
            assert [record.event for record in book.records()] == history
            assert {one.row for one in refused.rejected} >= {one.row for one in read.rejected}
            said = str(refused).splitlines()
            assert said[0].startswith(f"{path}: nothing was recorded, for {len(refused.rejected)} reason")
            assert said[1:] == [f"  {one.reason}" for one in refused.rejected]
            again = pickle.loads(pickle.dumps(refused))
            assert (str(again), again.rejected) == (str(refused), refused.rejected)
            if not refused.violations:  # what is not named is right
                named = {one.row for one in refused.rejected}
                club.record(*(event for event, row in zip(read, read.rows, strict=True) if row not in named))


def test_rows_of_values_that_are_read_twice_are_recorded_once_and_equal_rows_as_often_as_they_stand_there(club):
    club.record(MetricDefined("co2", "t"))
    read = amounts(",co2,2020,5 t", ",co2,2020,5 t", ",co2,2021,5 t")
    first = club.record_sheet(read, source="a")
    assert len(first.records) == len({record.id for record in first.records}) == 3
    again = club.record_sheet(read, source="a", by="ada", note="once more")
    assert (again.records, again.already, again.rejected) == ((), first.records, ())
    assert len(club.record_sheet(read, source="b").records) == 3  # another source says the same


def test_the_order_of_rows_and_columns_changes_no_id_and_neither_does_what_is_not_read(club):
    club.record(MetricDefined("co2", "t"))
    first = club.record_sheet(amounts(",co2,2020,5 t", ",co2,2021,6 t"))
    turned = values(StringIO("amount;note;metric;effective;member\n6 t;new;co2;2021;\n5 t;;co2;2020;\n"), delimiter=";")
    again = club.record_sheet(turned)
    assert not again.records
    assert again.already == first.records[::-1]


def test_a_sheet_that_has_grown_brings_what_is_new_in_it(club):
    club.record_sheet(sheet("a,A,2019,", "b,B,2020,2021"))
    grown = club.record_sheet(sheet("c,C,2018,", "a,A,2019,2022-05-01", "b,B,2020,2021"))
    assert [record.event for record in grown.records] == [
        MemberJoined("c", "2018", name="C"),
        MemberLeft("a", "2022-05-01"),
    ]
    assert len(grown.already) == 3


def test_what_was_retracted_since_is_not_brought_back(club):
    club.record(MetricDefined("co2", "t"))
    (record,) = club.record_sheet(amounts(",co2,2020,5 t")).records
    club.retract(record)
    again = club.record_sheet(amounts(",co2,2020,5 t"))
    assert (again.records, again.already) == ((), (record,))


ROUGH = ["2015", "2015-06/2016", "[..2015]", "[..2016]", "[..2023]", "2015-01/2015-06", "2015-03/2015-09", "2015-04-01"]
ROUGH_ROWS = st.tuples(
    st.sampled_from(["m", "n"]),
    st.sampled_from(["", "A", "B"]),
    st.sampled_from(ROUGH),
    st.sampled_from(["", "", *ROUGH]),
)
SAME_VALUE_ROWS = st.tuples(
    st.sampled_from(["", "m"]), st.just("co2"), st.sampled_from(ROUGH), st.sampled_from(["5 t", "6 t", ">= 5 t"])
)  # fmt: skip


@given(
    st.sampled_from([(SPELLS, ROUGH_ROWS, spells), (VALUES, SAME_VALUE_ROWS, values)]), st.data(),
    st.sampled_from("ab"), st.randoms(use_true_random=False),
)  # fmt: skip
def test_a_sheet_that_is_read_twice_under_any_sources_is_recorded_once(kind, data, source, shuffling):
    """However rough its dates are, and in whichever order its rows stand; what was retracted hangs on the source."""
    header, one_row, reads = kind
    source = "a" if reads is values else source  # that another one gives the same amount is worth a record
    rows = [",".join(row) for row in data.draw(st.lists(one_row, max_size=6))]
    with ledger.open(":memory:") as book, TemporaryDirectory() as folder:
        club = book.initiative("club")
        before = MemberJoined("m" if reads is values else "x", "2000")
        club.record(MetricDefined("co2", "t"), before)
        read = reads(StringIO(table(*rows, header=header)), lenient=True)
        first = club.record_sheet(read, source="a", rejects=Path(folder) / "r.csv")
        size = book.head.size
        aside = {one.row for one in first.rejected}
        kept = [row for number, row in enumerate(rows, 2) if number not in aside]
        again = club.record_sheet(reads(StringIO(table(*kept, header=header))), source=source)
        assert (again.records, again.rejected, book.head.size) == ((), (), size)
        assert sorted(one.id for one in again.already) == sorted(one.id for one in first.records)
        if reads is spells:  # the order of amounts is the order in which they answer
            shuffling.shuffle(kept)
            turned = spells(StringIO(table(*kept)), lenient=True)
            if not turned.rejected:
                assert not club.record_sheet(turned, source=source).records
        if first.records:
            with suppress(Refused):
                club.retract(shuffling.choice(first.records))
                kept_sheet = reads(StringIO(table(*kept, header=header)), lenient=True)
                retold = club.record_sheet(kept_sheet, source="a", rejects=Path(folder) / "again.csv")
                assert not retold.records


@pytest.mark.parametrize(("then", "clash", "reason"), [
    ("m,B,2015,2015-06/2016", 0, "of whom record .* something else: name 'A', and not 'B'"),
    ("m,A,2015-09,2015-06/2016", 1, "'m' leaves 2015-06/2016 by record .* too, and by no"),
    ("m,A,2015,2015-09/2016", 1, "no more from 2015-09/2016 by this row, and from"),
])  # fmt: skip
@pytest.mark.parametrize("source", ["a", "b"])
def test_a_row_that_says_otherwise_within_rough_dates_is_refused_with_the_record(
    club, tmp_path, source, then, clash, reason
):
    """No rule can refuse it: a second spell might lie in these dates; it would be one without an end, or twice."""
    first = "m,A,2015,2015-06/2016"
    records = club.record_sheet(sheet(first), source="a").records
    with pytest.raises(RefusedRows, match=f"row 2: .*{reason}") as refused:
        club.record_sheet(sheet(then), source=source)
    assert [one.clash for one in refused.value.violations] == [records[clash].ref]
    done = club.record_sheet(sheet(then, "m,A,2017,2018"), source=source, rejects=tmp_path / "r.csv")
    assert ([one.row for one in done.rejected], len(done.records)) == ([2], 2)
    assert not club.record_sheet(sheet(first, "m,A,2017,2018"), source=source).records


def test_each_record_tells_one_row_and_first_the_one_that_it_equals(club):
    club.record_sheet(sheet("m,A,2015,2015"), source="a")
    two = "m,A,2015,2015", "m,B,2015,2015"
    assert len(club.record_sheet(sheet(*two), source="a").records) == 2
    club.record(MemberChanged("m", "2020", name="A"))
    assert not club.record_sheet(sheet(*two), source="b").records
    assert len(club.record_sheet(sheet(*two, "m,,2015,2015"), source="a").records) == 2  # a third spell of that year


@pytest.mark.parametrize("row", ["m,A,2015~,2015-06/2016?", "m,A,2015-01/2015-12,2015-06/2016-12"])
def test_dates_that_are_written_otherwise_and_mean_the_same_days_are_told_already(club, row):
    records = club.record_sheet(sheet("m,A,2015,2015-06/2016"), source="a").records
    assert club.record_sheet(sheet(row), source="b").already == records


def test_ids_are_those_of_the_initiative_and_survive_a_copy(club):
    with ledger.open(":memory:") as book, ledger.open(":memory:") as other:
        one, two = book.initiative("one"), book.initiative("two")
        read = sheet("a,,2019,", "b,,2020,2021")
        ids = [record.id for club in (one, two) for record in club.record_sheet(read).records]
        assert len(set(ids)) == 6
        assert ids[:3] == ids_of("one", "", read)
        copy(book, other)
        assert not other.initiative("one").record_sheet(read).records


def test_what_a_record_says_already_is_not_recorded_again_whoever_recorded_it(club, tmp_path):
    """By hand, from a sheet of another name, or by a correction to what the sheet says by now."""
    text = "member,name,start,end,city\nada,Ada,2020-01-01,{},Bilbao\nben,Ben,{},,Lagos\n"
    club.record_sheet(spells(StringIO(text.format("", "2021-01-01"))), source="march.csv")
    club.record(MemberLeft("ada", "2023-03-01", reason="moved away"), source="her letter")
    wrong = next(record for record in club.records() if record.event.member == "ben")
    club.correct(wrong, effective="2021-02-01", reason="misread")
    before = [*club.records()]
    for rejects in None, tmp_path / "rejects.csv":
        sheet = spells(StringIO(text.format("2023-03-01", "2021-02-01")), lenient=rejects is not None)
        done = club.record_sheet(sheet, source="april.csv", rejects=rejects)
        assert (done.records, done.rejected) == ((), ())
        assert sorted(str(record.event.effective) for record in done.already) == [
            "2020-01-01",
            "2021-02-01",
            "2023-03-01",
        ]
    assert [*club.records()] == before


@pytest.mark.parametrize(
    "row",
    [
        "ada,Ada,2020-01-02,,Bilbao",
        "ada,Adele,2020-01-01,,Bilbao",
        "ada,Ada,2020-01-01,,Lagos",
        "ada,Ada,2020-01-01,2023-03-02,Bilbao",
    ],
)
def test_what_says_more_or_something_else_than_a_record_is_refused(club, row):
    text = "member,name,start,end,city\n"
    club.record_sheet(spells(StringIO(f"{text}ada,Ada,2020-01-01,2023-03-01,Bilbao\n")), source="march.csv")
    with pytest.raises(RefusedRows, match="row 2"):
        club.record_sheet(spells(StringIO(f"{text}{row}\n")), source="april.csv")


def test_a_row_that_says_otherwise_of_a_member_is_refused_with_the_way_out_and_passed_over_once_that_is_gone(
    club, tmp_path
):
    text = "member,name,start,end,city,tier\n"
    (record,) = club.record_sheet(spells(StringIO(f"{text}ada,Ada,2020-01-01,,Bilbao,\n")), source="march").records
    row = StringIO(f"{text}ada,Adele,2020-01-01,,Lagos,gold\n")
    reason = (
        f"row 2: 'ada' is a member already, of whom record {record.id} says something else: name 'Ada', and not "
        "'Adele' as here, city 'Bilbao', and not 'Lagos' as here, tier nothing, and not 'gold' as here; if that has "
        "changed, record a member-changed, effective from the day on which it did; if it was wrong, correct that "
        "record; else mend the row"
    )
    with pytest.raises(RefusedRows) as refused:
        club.record_sheet(spells(row), source="april")
    assert [one.reason for one in refused.value.rejected] == [reason]
    (violation,) = refused.value.violations
    assert (violation.code, violation.clash) == ("already-a-member", record.ref)
    row.seek(0)
    done = club.record_sheet(spells(row, lenient=True), source="april", rejects=tmp_path / "r.csv")
    assert ([one.reason for one in done.rejected], done.records) == ([reason], ())
    club.record(MemberChanged("ada", "2023-01-01", name="Adele", attributes={"city": "Lagos", "tier": "gold"}))
    for name, city in ("Adele", "Lagos"), ("Ada", "Bilbao"):  # April's list, and March's
        again = spells(StringIO(f"{text}ada,{name},2020-01-01,,{city},gold\n"))
        assert club.record_sheet(again, source="may").already == (record,)
    club.record(MemberChanged("ada", "2024-01-01", attributes={"city": "Rome", "tier": None}))
    with pytest.raises(RefusedRows, match="city 'Bilbao', and not 'Lagos' as here, tier nothing"):
        club.record_sheet(spells(StringIO(f"{text}ada,Ada,2020-01-01,,Lagos,gold\n")), source="june")


def test_a_leaving_on_another_day_than_that_of_the_record_is_told_as_such(club):
    text = "member,name,start,end\nada,,2020-01-01,{}\n"
    _, left = club.record_sheet(spells(StringIO(text.format("2023-03-01"))), source="march").records
    reason = (
        f"row 2: 'ada' is a member no more from 2023-04 by this row, and from 2023-03-01 by record {left.id}: correct "
        "that record if it is wrong; else mend the row"
    )
    with pytest.raises(RefusedRows) as refused:
        club.record_sheet(spells(StringIO(text.format("2023-04"))), source="april")
    assert [one.reason for one in refused.value.rejected] == [reason]


def test_an_id_that_somebody_else_took_is_refused(club):
    read = sheet("a,,2019,")
    club.record(MemberJoined("b", "2019"), ids=ids_of("club", "", read))
    with pytest.raises(RetryMismatch, match=r"is recorded already .* chose an id that is not theirs"):
        club.record_sheet(read)


# what is refused


def test_a_row_goes_aside_whole_and_what_depends_on_it_in_its_turn(club, tmp_path):
    club.record(MemberJoined("a", "2010"))
    done = club.record_sheet(
        sheet("a,,2019,2020-05-01", "a,,2021,", "b,,2019,", "b,,soon,", lenient=True), rejects=tmp_path / "r.csv"
    )
    assert [record.event for record in done.records] == [MemberJoined("b", "2019")]
    first = club.history("a")[0].record.id
    header, rows = written_rows(tmp_path / "r.csv")
    assert header == ["reject_row", "reject_reason", "member", "name", "start", "end"]
    assert [[row[0], *row[2:]] for row in rows] == [
        ["2", "a", "", "2019", "2020-05-01"], ["3", "a", "", "2021", ""], ["5", "b", "", "soon", ""],
    ]  # fmt: skip
    assert rows[0][1].startswith(
        f"row 2: 'a' joins between 2019-01-01 and 2019-12-31 while already a member (by record {first})"
    )
    assert rows[1][1].startswith("row 3: 'a' joins between 2021-01-01 and 2021-12-31 while already a member (by record")
    assert rows[2][1].startswith("row 5, column 'start': 'soon' is not a date")


def test_reasons_name_other_rows_as_rows(club):
    club.record(MemberJoined("a", "2010"), MemberLeft("a", "2018"), MemberJoined("a", "2020-06-01"))
    with pytest.raises(
        RefusedRows, match=r"row 2: with this, 'a' joins on 2020-06-01 while already a member, as record"
    ):
        club.record_sheet(sheet("a,,2019-01-01,"))
    with ledger.open(":memory:") as book:
        other = book.initiative("club")
        other.record(MemberJoined("a", "2020-06"), MemberSuspended("a", "2021"))
        with pytest.raises(RefusedRows) as refused:
            other.record_sheet(sheet("a,,2020-01/2020-08,2021", "a,,2020-03-01,2020/2021"))
        assert re.search(r"while already a member \(by row \d\): record the leaving first", str(refused.value))
        assert "event" not in str(refused.value)


def test_what_was_recorded_of_a_row_that_goes_aside_now_is_not_counted(club, tmp_path):
    (joined,) = club.record_sheet(sheet("a,,2019,")).records
    club.record(MemberLeft("a", "2020"))
    done = club.record_sheet(sheet("a,,2019,2021", "b,,2019,"), rejects=tmp_path / "r.csv")
    assert [one.row for one in done.rejected] == [2]
    assert (done.already, [record.event.member for record in done.records]) == ((), ["b"])
    assert joined in club.records()


def test_overlapping_spells_are_set_aside_but_for_those_that_stand_with_what_is_kept():
    read = sheet("a,,2000,2005", "a,,2004,2010", "a,,2008,2012", "a,,2002,", lenient=True)
    assert [row for row, event in zip(read.rows, read, strict=True) if isinstance(event, MemberJoined)] == [2, 4]
    assert [one.row for one in read.rejected] == [3, 5]


def test_all_bad_rows_are_named_at_once_and_twenty_are_told(club):
    club.record(*(MemberJoined(f"m{number}", "2010") for number in range(30)))
    rows = [f"m{number},,2019," for number in range(30)]
    with pytest.raises(Refused) as refused:
        club.record_sheet(sheet(*rows, "x,,soon,", "y,,2019,", lenient=True), source="x")
    lines = str(refused.value).splitlines()
    assert lines[0] == "the CSV file: nothing was recorded, for 31 reasons:"
    assert len(lines) == 22
    assert lines[-1] == "  and 11 more"
    assert {violation.code for violation in refused.value.violations} == {"already-a-member"}
    assert [one.row for one in refused.value.rejected] == list(range(2, 33))
    assert "y" not in club.at("2020-01-01")


def test_rows_of_one_member_that_are_refused_without_end_go_aside_together(club, tmp_path):
    club.record(MemberJoined("a", "1000"))
    count = ROUNDS_MAX + 20
    rows = [f"a,,{1100 + number}-01-01,{1100 + number}-05-01" for number in range(count)]
    done = club.record_sheet(sheet(*rows, "b,,2019,"), rejects=tmp_path / "r.csv")
    assert [record.event.member for record in done.records] == ["b"]
    assert len(done.rejected) == count
    assert "row 2: 'a' joins on 1100-01-01 while already a member" in done.rejected[0].reason
    assert done.rejected[-1].reason.startswith(f"row {count + 1}: rows of 'a' are refused one after the other")


def test_a_sheet_of_which_nothing_is_right_writes_rejects_alone(club, tmp_path):
    done = club.record_sheet(sheet("a,,soon,", lenient=True), rejects=tmp_path / "r.csv")
    assert (done.records, done.already, [one.row for one in done.rejected]) == ((), (), [2])
    assert len(written_rows(tmp_path / "r.csv")[1]) == 1
    with pytest.raises(RefusedRows, match=r"for 1 reason:\n  row 2, column 'start'"):
        club.record_sheet(sheet("a,,soon,", lenient=True))
    assert club.record_sheet(sheet(), rejects=tmp_path / "none.csv").rejected == ()
    done = club.record_sheet(amounts(",co2,2020,5 t"), rejects=tmp_path / "all.csv")
    assert (done.records, len(done.rejected)) == ((), 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.csv", "r.csv"]


def test_where_nothing_is_recorded_in_the_end_no_file_of_rejects_is_left(tmp_path):
    with ledger.open(tmp_path / "club.db") as book:
        club = book.initiative("club")
        bad = sheet("a,,2019,", "b,,soon,", lenient=True)
        with pytest.raises(BadInput, match="lies in the future"):
            club.record_sheet(bad, rejects=tmp_path / "r.csv", recorded_at="9000-01-01T00:00:00Z")
        assert [path.name for path in tmp_path.glob("*.csv")] == []
        assert list(book.records()) == []
        assert len(club.record_sheet(bad, rejects=tmp_path / "r.csv", recorded_at="2020-01-01T00:00:00Z").records) == 1
        assert (tmp_path / "r.csv").exists()


def test_no_file_of_rejects_overwrites_another_one(club, tmp_path):
    (tmp_path / "r.csv").write_text("mine")
    (tmp_path / "link.csv").symlink_to(tmp_path / "nowhere")
    for path in tmp_path / "r.csv", str(tmp_path / "link.csv"), tmp_path:
        with pytest.raises(BadInput, match="something is there already, and no file of rejects overwrites it"):
            club.record_sheet(sheet("a,,2019,"), rejects=path)
    read = sheet("a,,soon,", lenient=True)
    with pytest.raises(BadInput, match="something is there already"):
        read.write_rejects(tmp_path / "r.csv")
    assert (tmp_path / "r.csv").read_text() == "mine"
    assert not club._store.initiatives()


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path):
    read = sheet("a,,soon,", lenient=True)

    def rejected():
        (tmp_path / "r.csv").write_text("theirs")
        yield from read.rejected

    with pytest.raises(BadInput, match="something is there already"):
        read.write_rejects(tmp_path / "r.csv", rejected())
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("r.csv", "theirs")]


def test_a_call_that_is_repeated_takes_its_own_file_of_rejects_for_what_it_is(club, tmp_path):
    club.record(MemberJoined("cleo", "2020"))
    read = sheet('ada,"A, ""B""",2019,', "ben,,soon,", "cleo,,2021,", lenient=True)
    path = tmp_path / "r.csv"
    read.write_rejects(path, read.with_aside({4: "row 4: said a process that was killed then"}))
    killed = path.read_bytes()
    done = club.record_sheet(read, rejects=path)
    assert [one.row for one in done.rejected] == [3, 4]
    assert ([record.event.member for record in done.records], path.read_bytes()) == (["ada"], killed)
    again = club.record_sheet(read, rejects=path)
    assert (again.rejected, again.records, again.already) == (done.rejected, (), done.records)
    assert path.read_bytes() == killed


def test_a_file_of_rejects_that_was_there_already_is_not_removed(tmp_path):
    read, path = sheet("ada,,2019,", "ben,,soon,", lenient=True), tmp_path / "r.csv"
    read.write_rejects(path)
    with ledger.open(tmp_path / "club.db") as book:
        with pytest.raises(BadInput, match="lies in the future"):
            book.initiative("club").record_sheet(read, rejects=path, recorded_at="9000-01-01T00:00:00Z")
        assert path.exists()
        assert len(book.initiative("club").record_sheet(read, rejects=path).records) == 1


@pytest.mark.parametrize(
    "other",
    [
        b"",
        b"mine",
        b"reject_row,reject_reason,member,name,start,end\n",
        b"reject_row,reject_reason,member,name,start,end\n2,so,ada,,soon,\n",
        b"reject_row,reject_reason,member,name,start,end\n2,so,ben,,soon,\n3,so,ben,,soon,\n",
        b"reject_row,reject_reason,member,name,start,end\n3,so,ben,,soon,\n",
        b"\xff",
        b"\xef\xbb\xbfreject_row,reject_reason,member,name,start,end\n2,so,ben,,soon,\n",
        b"x" * 200_000,
    ],
)
def test_other_rows_than_those_that_are_rejected_are_somebody_elses(club, tmp_path, other):
    read, path = sheet("ben,,soon,", lenient=True), tmp_path / "r.csv"
    path.write_bytes(other)
    with pytest.raises(BadInput, match="something is there already"):
        club.record_sheet(read, rejects=path)
    assert path.read_bytes() == other
    path.write_text("reject_row,reject_reason,member,name,start,end\n2,so,ben,,soon,\n")
    assert len(club.record_sheet(read, rejects=path).rejected) == 1
    os.unlink(path)
    os.mkfifo(path)
    with pytest.raises(BadInput, match="something is there already"):
        club.record_sheet(read, rejects=path)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_file_of_rejects_begins_and_is_divided_as_its_sheet_is(club, tmp_path, mark, delimiter):
    sheets, path = tmp_path / "club.csv", tmp_path / "r.csv"
    text = "member,name,start,end\nzoe,Zoë,soon,\nada,Ada,2019,\n".replace(",", delimiter)
    sheets.write_bytes(mark + text.encode())
    club.record_sheet(spells(sheets, delimiter=delimiter, lenient=True), rejects=path)
    with sheets.open(encoding="utf-8") as file:  # and again, with the same rejects
        assert club.record_sheet(spells(file, delimiter=delimiter, lenient=True), rejects=path).records == ()
    written = path.read_bytes()
    assert written.startswith(mark + b"reject_row" + delimiter.encode() + b"reject_reason" + delimiter.encode())
    assert written.count(b"\xef\xbb\xbf") == bool(mark)
    path.write_bytes(written.replace(b"soon", b"2020"))
    mended = spells(path, delimiter=delimiter)
    assert mended == [MemberJoined("zoe", "2020", name="Zoë")]
    assert mended.marked == bool(mark)


@pytest.mark.parametrize("path", [5, "", "a\0b", b"r.csv"])
def test_what_is_no_path_is_refused(club, path):
    with pytest.raises(BadInput, match="is no path: give the name of a file as text or a Path"):
        club.record_sheet(sheet("a,,2019,"), rejects=path)


def test_a_folder_that_is_not_there_is_an_error_and_nothing_is_recorded(club, tmp_path):
    with pytest.raises(StoreError, match="there is no folder"):
        club.record_sheet(sheet("a,,2019,", "b,,soon,", lenient=True), rejects=tmp_path / "no" / "r.csv")
    assert not club._store.initiatives()


def test_only_sheets_of_events_are_recorded(club):
    published = claims(StringIO("measure,amount,at\nmembers,1,2020-01-01\n"))
    for given_sheet in [MemberJoined("a", "2020")], published, "sheet.csv":
        with pytest.raises(BadInput, match=r"is no sheet of events: give what spells\(...\) or values\(...\)"):
            club.record_sheet(given_sheet)


# tables


def test_a_table_is_a_sequence_that_equals_a_list_of_the_same():
    read, other = sheet("a,,2019,", "b,,2020,"), sheet("a,,2019,", "b,,2020,", "c,,soon,", lenient=True)
    expected = [MemberJoined("a", "2019"), MemberJoined("b", "2020")]
    assert read == expected
    assert (read[0], read[-1:], len(read)) == (expected[0], (expected[1],), 2)
    assert read == sheet("a,,2019,", "b,,2020,")
    assert read != other
    assert read != tuple(expected)
    assert repr(other) == "<the CSV file: 2 read of it, 1 rows set aside>"
    with pytest.raises(TypeError, match="unhashable"):
        hash(read)


def test_claims_are_set_aside_and_written_down_too(tmp_path):
    text = "measure,amount,at\nmembers,17,2023-01-20\nmembers,many,soon\n"
    read = claims(StringIO(text), lenient=True)
    assert read == [Claim(Members(), "17", "2023-01-20", text="the CSV file, row 2")]
    read.write_rejects(tmp_path / "r.csv")
    header, (row,) = written_rows(tmp_path / "r.csv")
    assert (header[2:], row[0], row[2:]) == (["measure", "amount", "at"], "3", ["members", "many", "soon"])
    assert row[1].startswith("row 3, column 'at': 'soon' is not one exact day")
    assert "; row 3, column 'amount': 'many' is not" in row[1]


def test_the_columns_of_rejects_are_passed_over_wherever_they_stand_and_only_together():
    text = "name,reject_reason,member,start,reject_row,end\nA,why,a,2019,7,\n,old,,,8,\nB,why\n"
    read = spells(StringIO("\ufeff" + text), lenient=True)
    assert read == [MemberJoined("a", "2019", name="A")]
    assert read.columns == ("name", "member", "start", "end")
    assert [(one.row, one.cells) for one in read.rejected] == [(4, ("B",))]
    alone = spells(StringIO("reject_row,member,name,start,end\n7,a,,2019,\n"))
    assert alone[0].attributes == {"reject_row": "7"}


def test_a_row_with_many_problems_gives_a_cell_that_can_be_read(tmp_path):
    names = [f"x{number}" for number in range(60)]
    text = table(",".join(["a", "", "2019", "", *["\x07"] * 60]), header=",".join([SPELLS, *names]))
    read = spells(StringIO(text), lenient=True)
    assert read.rejected[0].reason.endswith("; and more")
    read.write_rejects(tmp_path / "r.csv")
    assert spells(tmp_path / "r.csv", lenient=True).rejected[0].cells == read.rejected[0].cells


def test_a_lenient_sheet_is_read_to_its_end_however_much_is_wrong():
    rows = [f"a{number},,soon,," for number in range(1_500)]
    read = sheet(*rows, "b,,2019,", lenient=True)
    assert (len(read.rejected), len(read)) == (1_500, 1)
    with pytest.raises(BadInput, match="and many more, and it was not read to its end"):
        sheet(*rows)


def test_of_a_row_no_more_is_kept_than_is_told():
    one = Sheet("it", lenient=True)
    for number in range(1_000):
        one.note(2, f"row 2: {number}")
    assert (one.count, len(one.problems[2])) == (1_000, PROBLEMS_MAX + 1)


def test_half_of_a_character_is_written_as_an_escape(tmp_path):
    read = sheet("a\ud800,,2019,", lenient=True)
    read.write_rejects(tmp_path / "r.csv")
    assert written_rows(tmp_path / "r.csv")[1][0][2] == "a\\ud800"


# odd files


@pytest.mark.parametrize(("content", "row", "why"), [
    (b"member,name,start,end\na,,2019,\nm\xfcller,,2021,\n", 3, "byte 0xfc is no UTF-8"),
    (b'member,name,start,end\na,,2019,\n"a\nb\xff",,2021,\n', 3, "0xff"),
    (b"m\xe9mber,name,start,end\n", 1, "0xe9"),
    (b"member,name,start,end\n" + b"a,,2019,\n" * 5_000 + b"\xff,,2021,\n", 5_002, "0xff"),
    (b"member,name,start,end\na," + b"x" * 1_000_000 + b",2021,\n", 2, "field larger than field limit"),
    (b'member,name,start,end\n"a,,2021,\n', 2, "unexpected end of data"),
])  # fmt: skip
def test_what_is_no_csv_is_refused_with_its_row_leniently_too(tmp_path, content, row, why):
    path = tmp_path / "sheet.csv"
    path.write_bytes(content)
    for lenient in (False, True):
        with pytest.raises(BadInput, match=rf"sheet\.csv, in row {row}: .*{why}"):
            spells(path, lenient=lenient)


@pytest.mark.parametrize("content", [
    b"", b"\n\n", b"member,name,start\na,A,2019\n", b"member,name,start,end,end\na,,2019,,\n", b"\xef\xbb\xbf",
])  # fmt: skip
def test_a_file_without_its_columns_is_refused_leniently_too(tmp_path, content):
    path = tmp_path / "sheet.csv"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"there is no column|named twice"):
        spells(path, lenient=True)


@pytest.mark.parametrize(("content", "delimiter"), [
    ('\ufeffmember,name,start,end\r\na,"A\r\nB",2019,\r\nb,"x, y",soon,\r\n', ","),
    ("member;name;start;end\na;A;2019;\nb;x, y;soon;", ";"),
    ("member\tname\tstart\tend\ra\tA\t2019\t\rb\tx, y\tsoon\t\r", "\t"),
    ('member,name,start,end\na,"A",2019,\nb,"x, y",soon,"', ","),
    ('member,name,start,end\n\n,,,\na,A,2019,\n"b","x, y","soon",""', ","),
])  # fmt: skip
def test_rejects_of_odd_files_can_be_mended_and_read_by_the_same_options(tmp_path, content, delimiter):
    path, rejects = tmp_path / "sheet.csv", tmp_path / "rejects.csv"
    path.write_text(content.removesuffix(',"') + "," * content.endswith(',"'), "utf-8", newline="")
    name = "A\r\nB" if "A\r\n" in content else "A"
    with ledger.open(tmp_path / "club.db") as book:
        club = book.initiative("club")
        read = spells(path, delimiter=delimiter, lenient=True, attributes=())
        if "A\r\n" in content:  # a line break is no part of a name
            assert [one.row for one in read.rejected] == [2, 3]
        else:
            assert [(event.member, event.name) for event in read] == [("a", name)]
        club.record_sheet(read, rejects=rejects)
        mended = rejects.read_bytes().decode().replace("soon", "2021").replace("A\r\nB", "AB")
        (tmp_path / "mended.csv").write_text(mended, "utf-8", newline="")
        last = club.record_sheet(spells(tmp_path / "mended.csv", delimiter=delimiter))
        assert {record.event.member for record in last.records} | {event.member for event in read} == {"a", "b"}
        assert club.at("2022-01-01")["b"].name == "x, y"
        assert len(club.at("2022-01-01")) == 2


def test_nul_and_long_cells_are_problems_of_their_rows(tmp_path):
    path = tmp_path / "sheet.csv"
    path.write_bytes(b"member,name,start,end\na\0b,,2019,\nc," + b"x" * 130_000 + b",2019,\nd,,2019,\n")
    read = spells(path, lenient=True)
    assert read == [MemberJoined("d", "2019")]
    assert ["NUL" in read.rejected[0].reason, "130,000 characters" in read.rejected[1].reason] == [True] * 2
    read.write_rejects(tmp_path / "r.csv")
    assert [one.cells for one in spells(tmp_path / "r.csv", lenient=True).rejected] == [
        one.cells for one in read.rejected
    ]


def test_a_large_sheet_with_many_refusals_is_recorded_in_time(club, tmp_path):
    draw = random.Random(1)
    club.record(*(MemberJoined(f"m{number}", "2010") for number in range(0, 2_000, 10)))
    rows = [f"m{number},,2019-01-01,{draw.choice(['', '2020-05-01'])}" for number in range(2_000)]
    done = club.record_sheet(sheet(*rows), rejects=tmp_path / "r.csv")
    assert len(done.rejected) == 200
    assert {record.event.member for record in done.records}.isdisjoint(f"m{number}" for number in range(0, 2_000, 10))


# other stores


class ListStore(PlainStore):
    def __init__(self):
        super().__init__()
        self.kept = []

    def rows(self, after):
        return self.kept[after:]

    @contextmanager
    def adding(self):
        new = []
        yield new
        self.kept.extend(new)


@settings(max_examples=max(EXAMPLES // 5, 1))
@given(st.data(), KINDS, st.sampled_from(HISTORIES))
def test_a_store_of_another_kind_records_the_same_of_a_sheet(data, kind, history):
    header, one_row, reads = kind
    with TemporaryDirectory() as folder, ledger.open(":memory:") as book, Ledger(ListStore()) as other:
        path = Path(folder) / "sheet.csv"
        write(path, header, data.draw(rows_of(one_row)), ",")
        read = reads(path, lenient=True)
        ends = []
        for place, one in enumerate([book, other]):
            club = one.initiative("club")
            club.record(*history, ids=[f"0190d1f0-0000-7000-8000-{number:012}" for number in range(len(history))])
            rejects = Path(folder) / f"{place}.csv"
            done = club.record_sheet(read, rejects=rejects, source="sheet", by="ada")
            again = club.record_sheet(read, rejects=Path(folder) / f"{place}-again.csv", source="sheet")
            ends.append(
                [
                    rejects.exists() and rejects.read_bytes(),
                    done.rejected,
                    again.rejected,
                    len(again.already),
                    [(one.id, one.event, one.source, one.by) for one in club.records()]
                    if history or done.records
                    else [],
                ]
            )
            assert one.verify().size == one.head.size
        assert ends[0] == ends[1]


def test_a_store_of_another_kind_keeps_a_sheet_whole_or_not_at_all(tmp_path):
    read, path = sheet("ada,,2019,2021", "ben,,soon,", "ada,,2020,", lenient=True), tmp_path / "r.csv"
    with Ledger(ListStore()) as book:
        club = book.initiative("club")
        with pytest.raises(RefusedRows, match="nothing was recorded, for 2 reasons"):
            club.record_sheet(read)
        with pytest.raises(BadInput, match="lies in the future"):
            club.record_sheet(read, rejects=path, recorded_at="9000-01-01T00:00:00Z")
        assert (book.head.size, path.exists()) == (0, False)
        done = club.record_sheet(read, rejects=path)
        again = club.record_sheet(read, rejects=path)
        assert (again.records, again.already, again.rejected) == ((), done.records, done.rejected)
        assert [record.event for record in book.records()] == [MemberJoined("ada", "2019"), MemberLeft("ada", "2021")]
        assert book.verify(deep=True).size == 2


@pytest.mark.parametrize("name", ["r\ud800.csv", "."])
def test_what_cannot_name_a_file_is_refused(club, name):
    with pytest.raises(BadInput, match=r"is no path|names a folder"):
        club.record_sheet(sheet("a,,2019,"), rejects=name)


def test_a_folder_is_no_file_of_rejects(club, tmp_path):
    with pytest.raises(BadInput, match="names a folder: give the path of a file in it"):
        club.record_sheet(sheet("a,,2019,"), rejects=f"{tmp_path}/rejects/")
    assert list(tmp_path.glob("rejects*")) == []


def test_rejects_that_cannot_be_written_are_told_and_nothing_is_recorded(club, tmp_path):
    with pytest.raises(StoreError, match="File name too long: choose another name, in a folder that can be written to"):
        club.record_sheet(sheet("a,,2019,", "b,,soon,", lenient=True), rejects=tmp_path / ("x" * 300))
    assert club._store.position() == 0
