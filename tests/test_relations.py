"""Relations over a lake, asked on DuckDB: of all initiatives at once they say what their states say one by one."""

import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import ibis
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lakes
import ledger
from ledger import (
    InitiativeClosed,
    MemberJoined,
    MemberSuspended,
    MetricDefined,
    MetricUpdated,
    relations,
)
from ledger.model.errors import BadInput, MissingExtra, StoreError
from ledger.testing.histories import METRICS, VALUES, breakpoints
from ledger.testing.strategies import ledgers

REFUSED = relations.REFUSED
CONNECTION = ibis.duckdb.connect()


@st.composite
def asked(draw):
    """A ledger, some days at which its answers can change, and a moment: a position, an instant or none."""
    book = draw(ledgers(initiatives=3, parts=draw(st.booleans())))
    records = list(book.records())
    days = breakpoints(records)
    days = draw(st.just(days) | st.sampled_from(days).map(lambda one: [one]))
    record = draw(st.sampled_from([None, *records]))
    return book, days, draw(st.sampled_from([record and record.position, record and record.recorded_at]))


@given(
    asked(),
    st.sampled_from([None, *sorted(VALUES)]),
    st.none() | st.sampled_from(["2020-06-01", "2022-01-01"]),
)
def test_of_all_initiatives_at_once_they_say_what_states_say_one_by_one(asked, by, members_at):
    book, days, known_at = asked
    at = days if len(days) > 1 else days[0]
    with tempfile.TemporaryDirectory() as folder:
        book.to_parquet(folder, partitions=1)
        lake = relations.lake(CONNECTION, folder)
        assert lakes.rows_of(relations.members(lake, at, known_at)) == lakes.members(book, days, known_at)
        assert lakes.rows_of(relations.counts(lake, at, known_at, by=by)) == lakes.counts(book, days, known_at, by)
        for metric in METRICS[: 1 if members_at else 3]:
            told = relations.totals(lake, metric.metric, at, known_at, by=by, members_at=members_at)
            expected = lakes.totals(book, metric.metric, days, known_at, by, members_at)
            assert lakes.asked_totals(told) == [one for one in expected if by is None or one[-1] not in REFUSED]


@pytest.fixture(scope="module")
def fixed(tmp_path_factory):
    """The ledger of many initiatives that is asked on Spark too, and its lake."""
    folder = tmp_path_factory.mktemp("lake")
    book = lakes.fixed_ledger()
    book.to_parquet(folder)
    return book, relations.lake(CONNECTION, folder)


@pytest.mark.parametrize("question", lakes.QUESTIONS, ids=str)
def test_of_a_fixed_ledger_they_say_what_its_states_say(fixed, question):
    question.require(*fixed)


@pytest.fixture
def book():
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        club.record(MetricDefined("dues", "kEUR", nonnegative=True), MetricDefined("rank", additive=False))
        club.record(
            MemberJoined("ada", "2020-01-01", name="Ada", attributes={"city": "Bilbao"}),
            MemberJoined("ben", "2020/2021"),
            MemberJoined("cleo", "2020-01-01"),
            MetricUpdated("dues", "2020-02-01", "3 kEUR", member="ada"),
            MetricUpdated("dues", "2020-02-01", ">= 1 kEUR", member="ben"),
        )
        club.record(MemberSuspended("cleo", "2022-01-01"), InitiativeClosed("2024-01-01"))
        yield book


@pytest.fixture
def lake(book, tmp_path):
    book.to_parquet(tmp_path / "lake")
    return relations.lake(CONNECTION, tmp_path / "lake")


def told(expression):
    return expression.to_pyarrow().to_pylist()


def test_the_answer_of_a_total_in_full(lake):
    day = date(2020, 6, 1)
    (row,) = told(relations.totals(lake, "dues", "2020-06-01"))
    assert row == {
        "at": day, "ledger": "", "initiative": "club", "low": 3000, "high": None, "unit": "EUR", "has_value": True,
        "complete": False, "oldest": date(2020, 2, 1), "members": 2, "reporting": 1, "missing": 1,
        "possible_members": 1, "possibly_missing": 0, "refused": None,
    }  # fmt: skip
    rows = told(relations.totals(lake, "dues", "2020-06-01", by="city").order_by("group"))
    assert [(row["group"], row["low"], row["high"], row["members"]) for row in rows] == [
        ("Bilbao", 3000, 3000, 1), (None, 0, None, 1),
    ]  # fmt: skip


def test_of_nobody_the_total_is_nothing_and_whole(lake):
    (row,) = told(relations.totals(lake, "dues", "2024-01-01"))
    assert (row["low"], row["high"], row["complete"], row["has_value"], row["members"]) == (0, 0, True, True, 0)
    assert told(relations.counts(lake, "2024-01-01")) == told(relations.members(lake, "2024-01-01")) == []


def test_who_is_suspended_does_not_count(lake):
    assert [row["member"] for row in told(relations.members(lake, "2022-01-01").order_by("member"))] == ["ada", "ben"]


def test_what_has_no_total_is_refused_and_what_nobody_knows_has_no_rows(lake):
    (row,) = told(relations.totals(lake, "rank", "2021-01-01"))
    assert (row["low"], row["high"], row["refused"]) == (None, None, "not additive")
    assert told(relations.totals(lake, "fees", "2021-01-01")) == []


def test_a_series_is_the_totals_of_its_days(lake):
    told_of_days = relations.totals(lake, "dues", ["2020-01-31", "2020-02-29", "2020-03-31"], by="city")
    series = relations.series(lake, "dues", "2020-01-31", "2020-03-31", by="city")
    assert lakes.rows_of(series) == lakes.rows_of(told_of_days)
    assert len({row["at"] for row in told(series)}) == 3


@pytest.mark.parametrize("ask", [relations.counts, partial(relations.totals, metric="dues")])
def test_of_several_days_they_say_what_they_say_of_each(lake, ask):
    days = ["2019-12-31", "2020-01-01", "2020-06-01", "2022-01-01", "2024-01-01"]  # somebody comes or goes between
    each = [row for day in days for row in told(ask(lake, at=day))]
    assert sorted(told(ask(lake, at=days)), key=repr) == sorted(each, key=repr)


def test_days_are_told_once_each(lake):
    twice = relations.counts(lake, ["2021-01-01", date(2021, 1, 1)])
    assert told(twice) == told(relations.counts(lake, "2021-01-01"))


def test_a_position_is_rounded_down_to_a_whole_batch(lake):
    known = [len(told(relations.members(lake, "2020-06-01", position))) for position in (0, 2, 6, 7, 9, 2**70)]
    assert known == [0, 0, 0, 3, 3, 3]


def test_a_sum_that_does_not_fit_is_an_error_of_the_engine_and_no_other_number(book, tmp_path):
    club = book.initiative("club")
    club.record(*(MetricUpdated("dues", "2021-06-01", "6e28 EUR", member=member) for member in ("ada", "cleo")))
    book.to_parquet(tmp_path / "large")
    with pytest.raises(Exception, match="Overflow"):
        told(relations.totals(relations.lake(CONNECTION, tmp_path / "large"), "dues", "2021-07-01"))


def test_files_are_named_in_one_pattern_for_spark(book, tmp_path):
    book.to_parquet(tmp_path / "lake")
    (paths, manifest) = relations.files(tmp_path / "lake")["facts"], relations._manifest(tmp_path / "lake")
    pattern = relations._pattern(tmp_path / "lake", manifest, "facts")
    before, _, names = pattern.partition("{")
    assert [before + name for name in names.rstrip("}").split(",")] == paths


@pytest.mark.parametrize(
    ("unit", "base", "factor"), [("km^2", "metre^2", 10**6), ("kWh/m^2", "joule/metre^2", 3_600_000)]
)
def test_units_may_have_powers(tmp_path, unit, base, factor):
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        club.record(MetricDefined("area", unit), MemberJoined("ada", "2020-01-01"))
        club.record(MetricUpdated("area", "2020-01-01", f"3 {unit}", member="ada"))
        book.to_parquet(tmp_path / "lake")
    found = relations.totals(relations.lake(CONNECTION, tmp_path / "lake"), "area", at="2021-01-01")
    (total,) = found.to_pyarrow().to_pylist()
    assert (total["low"], total["high"], total["unit"]) == (3 * factor, 3 * factor, base)


def test_totals_are_added_up_by_their_units_and_what_is_open_or_refused_stays_so(tmp_path):
    with ledger.open(":memory:") as book:
        for number, (unit, amount) in enumerate(
            [("EUR", "5 EUR"), ("kEUR", "7 kEUR"), ("t", "9 t"), ("t", ">= 1 t"), ("EUR", None), ("EUR", "1000 EUR")]
        ):
            book.initiative(f"club{number}").record(
                MetricDefined("dues", unit, additive=number < 5),
                MemberJoined("ada", "2020-01-01"),
                *([MetricUpdated("dues", "2020-01-01", amount, member="ada")] if amount else []),
            )
        book.to_parquet(tmp_path / "lake")
    lake = relations.lake(CONNECTION, tmp_path / "lake")
    rows = told(relations.overall(relations.totals(lake, "dues", "2021-01-01")).order_by("unit"))
    assert [tuple(row.values())[1:] for row in rows] == [("EUR", 7005, 7005, 2, 1, 1), ("tonne", 10, None, 2, 0, 0)]
    (row, *_) = told(relations.overall(relations.totals(lake, "dues", "2021-01-01", by="city")))
    assert (row["group"], row["at"]) == (None, date(2021, 1, 1))


def test_a_lake_with_a_file_less_is_said_to_lack_it(book, tmp_path):
    book.to_parquet(tmp_path / "lake")
    Path(relations.files(tmp_path / "lake")["metrics"][-1]).unlink()
    with pytest.raises(StoreError, match=r"metrics/.*parquet: it is gone: write the lake anew"):
        relations.lake(CONNECTION, tmp_path / "lake")


@pytest.mark.parametrize("connection", [None, "duckdb", 7])
def test_what_is_no_connection_is_said_to_be_none(book, tmp_path, connection):
    book.to_parquet(tmp_path / "lake")
    with pytest.raises(BadInput, match="no connection of Ibis"):
        relations.lake(connection, tmp_path / "lake")


def test_an_instant_is_held_to_the_microsecond(tmp_path):
    moments = [datetime(2024, 2, 29, 23, 59, 59, micro, tzinfo=UTC) for micro in (1, 333_333, 999_999)]
    with ledger.open(":memory:") as book:
        for number, moment in enumerate(moments):
            book.initiative("club").record(MemberJoined(f"m{number}", "2020-01-01"), recorded_at=moment)
        book.to_parquet(tmp_path / "lake")
    lake = relations.lake(CONNECTION, tmp_path / "lake")
    for number, moment in enumerate(moments):
        for after, so_many in ((-1, number), (0, number + 1), (1, number + 1)):
            known_at = moment + timedelta(microseconds=after)
            assert len(told(relations.members(lake, "2021-01-01", known_at))) == so_many


def test_several_ledgers_are_asked_together_each_by_its_name(book, tmp_path):
    book.to_parquet(tmp_path / "north", ledger="north")
    with ledger.open(":memory:") as other:
        other.initiative("club").record(MemberJoined("zoe", "2020-01-01"))
        other.to_parquet(tmp_path / "south", ledger="south")
        lake = relations.lake(CONNECTION, tmp_path / "north", tmp_path / "south")
        assert lake.heads == {"north": book.head, "south": other.head}
    rows = told(relations.counts(lake, "2020-06-01").order_by("ledger"))
    assert [(row["ledger"], row["low"], row["high"]) for row in rows] == [("north", 2, 3), ("south", 1, 1)]
    assert told(relations.counts(lake, "2020-06-01", known_at="2020-01-01T00:00:00Z")) == []
    with pytest.raises(BadInput, match="known_at=1 is a position, and each of these 2 ledgers has its own"):
        relations.counts(lake, "2020-06-01", known_at=1)


def test_two_ledgers_of_one_name_are_refused(book, tmp_path):
    for name in ("one", "two"):
        book.to_parquet(tmp_path / name)
    with pytest.raises(BadInput, match="two of the folders are of ledgers of one name"):
        relations.lake(CONNECTION, tmp_path / "one", tmp_path / "two")


def test_the_same_folder_twice_is_one_lake(book, tmp_path):
    book.to_parquet(tmp_path / "lake")
    assert relations.lake(CONNECTION, tmp_path / "lake", f"{tmp_path}/lake/").heads == {"": book.head}


def test_its_files_can_be_read_by_anything_else(book, tmp_path):
    book.to_parquet(tmp_path / "lake")
    paths = relations.files(tmp_path / "lake")["standing"]
    query = "SELECT count(*) FROM read_parquet(?) WHERE day_from <= DATE '2020-06-01' AND attribute IS NULL AND certain"
    assert CONNECTION.con.execute(query, [paths]).fetchone() == (2,)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda lake: relations.members(lake, []), "no day is asked"),
        (lambda lake: relations.members(lake, "2020"), "2020"),
        (lambda lake: relations.members(lake, 7), "not int"),
        (lambda lake: relations.members(lake, ["2020-01-01", 7]), "not int"),
        (lambda lake: relations.members(lake, "2020-01-01", "2020-01-01T00:00:00"), "2020"),
        (lambda lake: relations.members(lake, "2020-01-01", -1), "-1"),
        (lambda lake: relations.totals(lake, 7, "2020-01-01"), "metric"),
        (lambda lake: relations.totals(lake, "dues", "2020-01-01", by=7), "by"),
        (lambda lake: relations.counts(lake, "2020-01-01", by=["x"]), "by"),
        (lambda lake: relations.totals(lake, "dues", "2020-01-01", members_at=["2020-01-01"]), "not list"),
        (lambda lake: relations.series(lake, "dues", "2020-01-01", "2021-01-01", every="change"), "of one initiative"),
        (lambda lake: relations.totals(lake, "dues", "2020-01-01", members_at="x"), "x"),
        (lambda lake: relations.series(lake, "dues", "2020-01-01", "2021-01-01", every="eon"), "eon"),
        (lambda lake: relations.series(lake, "dues", "2021-01-01", "2020-01-01"), "no day is asked"),
        (lambda lake: relations.counts("lake", "2020-01-01"), "lake"),
    ],
)
def test_what_cannot_be_asked_is_said_to_be_so(lake, ask, said):
    with pytest.raises(BadInput, match=said):
        ask(lake)


def test_a_folder_without_a_lake_is_said_to_be_one(tmp_path):
    for path, said in [(tmp_path, "no lake is there"), (tmp_path / "no", "no lake is there"), (7, "is no path")]:
        with pytest.raises(BadInput, match=said):
            relations.lake(CONNECTION, path)
        with pytest.raises(BadInput, match=said):
            relations.files(path)
    with pytest.raises(BadInput, match="no folder is given"):
        relations.lake(CONNECTION)


@pytest.mark.parametrize("name", ["a*", "b?", "c[1]", "d{e,f}", "g,h", "i\\j"])
def test_a_folder_that_engines_would_take_for_a_pattern_is_refused(book, tmp_path, name):
    for ask in (book.to_parquet, partial(relations.lake, CONNECTION)):
        with pytest.raises(BadInput, match="give the folder another name"):
            ask(tmp_path / name)
    for ask in (book.to_parquet, partial(relations.lake, CONNECTION)):
        with pytest.raises(BadInput, match="a lake is in a folder of this machine"):
            ask(f"s3://lakes/{tmp_path.name}")


def test_without_ibis_the_extra_is_named(book, tmp_path, monkeypatch):
    book.to_parquet(tmp_path)
    monkeypatch.setitem(sys.modules, "ibis", None)
    with pytest.raises(MissingExtra, match=r"membership-ledger\[analytics\]"):
        relations.lake(CONNECTION, tmp_path)


def test_only_totals_are_added_up(lake):
    for wrong in None, "totals", relations.counts(lake, "2021-01-01"):
        with pytest.raises(BadInput, match=r"is not what totals\(\) or series\(\) gives"):
            relations.overall(wrong)


def test_files_are_those_of_one_writing_though_others_write_meanwhile(book, tmp_path, monkeypatch):
    book.to_parquet(tmp_path)
    before = relations.files(tmp_path)
    newest = relations.newest

    def written_meanwhile(*args):
        found = newest(*args)
        book.initiative("meanwhile").record(MemberJoined("ada", "2020-01-01"))
        book.to_parquet(tmp_path)
        return found

    monkeypatch.setattr(relations, "newest", written_meanwhile)
    assert relations.files(tmp_path) == before


def test_a_name_may_hold_what_an_engine_would_replace():
    with ledger.open(":memory:") as book, tempfile.TemporaryDirectory() as folder:
        for name, amount in ("co2", "1 t"), ("${co2}${x}", "77 t"):
            club = book.initiative(name)
            club.record(MetricDefined(name, "t"), MemberJoined("ada", "2020-01-01", attributes={name: name}))
            club.record(MetricUpdated(name, "2020-01-01", amount, member="ada"))
        book.to_parquet(folder)
        (row,) = told(relations.totals(relations.lake(CONNECTION, folder), "${co2}${x}", "2021-01-01", by="${co2}${x}"))
        assert (row["low"], row["group"]) == (77, "${co2}${x}")
