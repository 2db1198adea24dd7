"""Data frames are made of results by the libraries themselves: with right types, and the values of their rows."""

import json
import os
import subprocess
import sys
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path

import polars
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger
from ledger import (
    Claim,
    Distinct,
    InitiativeLaunched,
    Joined,
    MemberJoined,
    MemberLeft,
    Members,
    MemberSuspended,
    MetricDefined,
    MetricUpdated,
    ReportPublished,
    Share,
    Total,
    exactly,
)
from ledger.faces.frames import PLACES
from ledger.model.errors import BadQuantity, LedgerError, MissingExtra
from ledger.model.figures import Figures
from ledger.testing import ledger_of
from ledger.testing.strategies import ledgers, points

TEXT, LIST = pyarrow.string(), pyarrow.list_(pyarrow.string())
DAY, INSTANT, FLAG, INTEGER = pyarrow.date32(), pyarrow.timestamp("us", "UTC"), pyarrow.bool_(), pyarrow.int64()
AMOUNT, COUNT = pyarrow.decimal128(38, 9), pyarrow.decimal128(38, 0)

APART = Path(sys.prefix) / "apart"
"""Where pandas is: `import ledger` would load it otherwise, since sqlite-utils does, in every process of the tests."""


@pytest.fixture
def club():
    with ledger.open(":memory:") as book:
        club = book.initiative("chess-club")
        joined, *_ = club.record(
            MemberJoined("ben", "2021-03-15", name="Ben", attributes={"city": "Bilbao"}),
            InitiativeLaunched("2020-09-01", name="The Chess Club", supporters=("Ä", "B")),
            MetricDefined("dues", "EUR/year", nonnegative=True),
            MemberJoined("ada", "2020-09-01", name="Ada", attributes={"city": "Bilbao"}),
            MemberJoined("cleo", "2022/2022-06", attributes={"city": "Lagos"}),
            MemberJoined("dora", "[..2021]"),
            MemberSuspended("dora", "2022-03-01"),
            MetricUpdated("dues", "2022-01-10", "120.50 EUR/year", member="ada"),
            MetricUpdated("dues", "2022-01-10", "> 100 EUR/year", member="ben"),
            MetricUpdated("dues", "2022-01-10", "90 EUR/year", member="ben"),
            ReportPublished("letter", "2022-12-31", claims=[Claim(Members(), "2"), Claim(Total("dues"), "9 EUR/year")]),
            source="minutes",
        )
        club.record(MemberLeft("ben", "2022-12-01"), source="a letter")
        club.correct(joined, effective="2021-03", reason="typo")
        yield club


def tables(club, day="2022-03-31", other="2022-12-31", known_at=None):
    """Every table that can be asked of an initiative, as questions, by their names."""
    state = club.at(day, known_at)
    member, *_ = [*state.members, *state.possible_members, *state.suspended, *state.former, None]
    questions = {
        "state": lambda: state,
        "members": lambda: state.members,
        "possible members": lambda: state.possible_members,
        "suspended": lambda: state.suspended,
        "former": lambda: state.former,
        "changes": lambda: club.compare((day, known_at), other),
        "history": lambda: club.history(member),
        "audit": lambda: club.audit(known_at=known_at),
        "claims": lambda: club.audit(claims=[Claim(Members(), exactly(2), at=day, text="two")]),
        "conflicts": lambda: club.conflicts(known_at),
    }
    metric = next(iter(state.metrics), "dues")
    share = Share(Members({"city": "Bilbao"}), Members())
    for measure in Members(), Joined("2021-01-01"), Distinct("city"), Total(metric, overlap="parts"), share:
        name = type(measure).__name__
        first, last = sorted([day, other])
        questions |= {
            name: lambda measure=measure: state.measure(measure),
            f"{name} by": lambda measure=measure: state.measure(measure, by="city"),
            f"{name} why": lambda measure=measure: club.why(measure, (day, known_at), other),
            f"{name} bridge": lambda measure=measure: club.why(measure, (day, known_at), other).bridge(),
        }
        for by in None, "city":
            questions |= along(f"{name} {{}} {by}", club, measure, by, (first, last), known_at)
    return questions


def along(name, club, measure, by, days, known_at):
    line = cache(lambda: club.timeline(measure, by=by))
    return {
        name.format("series"): lambda: line().series(*days, every="change", known_at=known_at),
        name.format("revisions"): lambda: line().revisions(days[0]),
    }


def asked(question):
    """What is answered; None where it cannot be asked."""
    try:
        return question()
    except LedgerError:
        return None


def in_a_frame(value, whole):
    """A value of a row, as a data frame has it."""
    if isinstance(value, Fraction):
        context = Context(prec=200)
        exact = context.divide(Decimal(value.numerator), Decimal(value.denominator))
        return exact.quantize(Decimal(1).scaleb(-PLACES), ROUND_HALF_EVEN, context)
    if isinstance(value, dict) or (isinstance(value, list) and not whole):
        return json.dumps(value, ensure_ascii=False)
    return value


def frame_is_right(table):
    """Is it, read by two libraries, what its rows are, and are there but the days of rough dates besides?"""
    frame = pyarrow.table(table)
    lists = {field.name for field in frame.schema if field.type == LIST}
    expected = [{name: in_a_frame(value, name in lists) for name, value in row.items()} for row in table.to_rows()]
    beside = {name for name in frame.column_names if name.endswith(("_earliest", "_latest"))}
    rows = frame.to_pylist()
    if expected:
        only = set(frame.column_names) - set(expected[0])
        assert only <= beside | {"text"}
        assert [name for name in frame.column_names if name not in only] == list(expected[0])
        rows = [{name: value for name, value in row.items() if name not in only} for row in rows]
    assert rows == expected
    assert polars.DataFrame(table).to_dicts() == frame.to_pylist()


def test_every_table_is_a_frame_with_the_values_of_its_rows(club):
    found = {name: asked(question) for name, question in tables(club).items()}
    assert {name for name, table in found.items() if table is None} == {"Share why", "Share bridge"}
    for table in found.values():
        if table is not None:
            frame_is_right(table)


@given(ledgers(), st.data())
def test_frames_are_what_rows_are_whatever_was_recorded(book, data):
    club = book.initiative("clusters")
    point, other = data.draw(points(club)), data.draw(points(club))
    for question in tables(club, str(point.day), str(other.day), point.known_at).values():
        table = asked(question)
        if table is not None:
            frame_is_right(table)


TYPES = {
    "state": {
        "id": TEXT, "name": TEXT, "status": TEXT, "since": TEXT, "since_earliest": DAY, "since_latest": DAY,
        "part_of": TEXT, "city": TEXT, "uncertain": TEXT,
    },
    "Total": {
        "measure": TEXT, "at": DAY, "basis": DAY, "low": AMOUNT, "high": AMOUNT, "unit": TEXT, "complete": FLAG,
        "members": INTEGER, "reporting": INTEGER, "missing": LIST, "possible_members": LIST, "possibly_missing": LIST,
        "envelope_low": AMOUNT, "envelope_high": AMOUNT, "oldest": DAY,
    },
    "Members series None": {"at": DAY, "low": COUNT, "high": COUNT, "unit": TEXT, "complete": FLAG},
    "Share series city": {"at": DAY, "group": TEXT, "low": AMOUNT, "high": AMOUNT, "unit": TEXT, "complete": FLAG,
        "envelope_low": AMOUNT, "envelope_high": AMOUNT},
    "Distinct revisions city": {
        "known_at": INSTANT, "position": INTEGER, "group": TEXT, "low": COUNT, "high": COUNT, "unit": TEXT,
        "complete": FLAG, "envelope_low": COUNT, "envelope_high": COUNT,
    },
    "changes": {
        "kind": TEXT, "subject": TEXT, "id": TEXT, "aspect": TEXT, "name": TEXT, "before": TEXT, "after": TEXT,
        "records_before": LIST, "records_after": LIST, "vanished": FLAG, "implied": FLAG,
    },
    "Total why": {
        "kind": TEXT, "subject": TEXT, "before": TEXT, "after": TEXT, "low_change": AMOUNT, "high_change": AMOUNT,
        "records_before": LIST, "records_after": LIST,
    },
    "Joined bridge": {"kind": TEXT, "low": COUNT, "high": COUNT, "subjects": LIST, "note": TEXT, "unit": TEXT},
    "history": {
        "position": INTEGER,
        "id": TEXT, "version": INTEGER, "event": TEXT, "says": TEXT, "effective": TEXT, "effective_earliest": DAY,
        "effective_latest": DAY, "recorded_at": INSTANT, "source": TEXT, "retracted_by": TEXT, "replaced_by": TEXT,
    },
    "audit": {
        "report": TEXT, "index": INTEGER, "measure": TEXT, "at": DAY, "claimed": TEXT, "verdict": TEXT, "figure": TEXT,
        "envelope": TEXT, "gap": TEXT, "members": INTEGER, "reporting": INTEGER, "restated": FLAG,
        "verdict_when_published": TEXT, "figure_when_published": TEXT, "holds_at": DAY, "holds_as": TEXT,
        "record": TEXT, "text": TEXT, "sentence": TEXT,
    },
    "conflicts": {
        "measure": TEXT, "metric": TEXT, "member": TEXT, "earliest": DAY, "latest": DAY, "amounts": LIST,
        "reports": LIST, "sources": LIST, "records": LIST,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", TYPES)
def test_types_are_those_that_are_promised(club, name):
    schema = pyarrow.table(tables(club)[name]()).schema
    assert {field.name: field.type for field in schema} == TYPES[name]


def test_an_empty_table_has_the_types_of_a_full_one(club):
    found = tables(club)
    days, none = ("2022-03-31", "2022-12-31"), ("2022-12-31", "2022-03-31")
    pairs = [(found[name](), found[name]()[:0]) for name in ("audit", "conflicts", "history")]
    for measure in Members(), Total("dues"), Share(Members(), Members(suspended=True)):
        for by in None, "city":
            line = club.timeline(measure, by=by)
            pairs.append((line.series(*days), line.series(*none)))
            pairs.append((line.revisions(days[0]), line.revisions(days[0])[:0]))
        pairs.append((club.at(days[0]).measure(measure, by="city"), Figures(measure, {})))
    pairs += [(club.compare(*days), club.compare(days[0], days[0]))]
    pairs += [(club.why(measure, *days), club.why(measure, days[0], days[0])) for measure in (Members(), Total("dues"))]
    for full, empty in pairs:
        schema = pyarrow.table(full).schema
        assert (len(full) if hasattr(full, "__len__") else 1) > 0
        assert pyarrow.table(empty).num_rows == 0
        assert pyarrow.table(empty).schema == schema
        assert polars.DataFrame(empty).schema == polars.DataFrame(full).schema
    nobody, everybody = (pyarrow.table(club.at(day)).schema for day in ("2019-12-31", "2022-03-31"))
    assert list(nobody) == [field for field in everybody if field.name != "city"]


def test_rough_days_are_texts_with_their_first_and_last_day(club):
    rows = {row["id"]: row for row in polars.DataFrame(club.at("2022-03-31")).to_dicts()}
    told = {id: (row["since"], row["since_earliest"], row["since_latest"]) for id, row in rows.items()}
    assert told == {
        "ada": ("2020-09-01", date(2020, 9, 1), date(2020, 9, 1)),
        "ben": ("2021-03-01/2021-03-31", date(2021, 3, 1), date(2021, 3, 31)),
        "cleo": ("2022-01-01/2022-03-31", date(2022, 1, 1), date(2022, 3, 31)),
        "dora": ("[..2021-12-31]", None, date(2021, 12, 31)),
    }
    rows = polars.DataFrame(club.history("dora")).to_dicts()
    assert (rows[0]["effective"], rows[0]["effective_earliest"]) == ("[..2021]", None)
    assert rows[0]["effective_latest"] == date(2021, 12, 31)
    [row] = polars.DataFrame(club.history(metric="dues")[:1]).to_dicts()
    assert (row["event"], row["effective"], row["effective_earliest"], row["effective_latest"]) == (
        "MetricDefined", None, None, None,
    )  # fmt: skip


def test_what_is_missing_or_open_is_null_and_never_zero(club):
    state = club.at("2022-02-01")
    [row] = polars.DataFrame(state.total("dues")).to_dicts()
    assert (row["low"], row["high"], row["envelope_high"]) == (Decimal("210.50"), Decimal("210.50"), None)
    changes = polars.DataFrame(club.compare("2020-08-31", "2022-02-01")).to_dicts()
    assert {row["before"] for row in changes if row["kind"] == "value"} == {None}
    assert [row["after"] for row in changes if row["kind"] == "supporters"] == ["Ä\nB"]
    learned = polars.DataFrame(club.compare(("2022-02-01", 0), "2022-02-01")).to_dicts()
    assert json.loads(next(row["after"] for row in learned if row["kind"] == "definition"))["unit"] == "EUR/year"


def of_amounts(*amounts):
    """A state in which each member has one of these amounts."""
    joined = [MemberJoined(f"m{place}", "2020", attributes={"city": f"c{place}"}) for place in range(len(amounts))]
    values = [MetricUpdated("x", "2020", amount, member=f"m{place}") for place, amount in enumerate(amounts)]
    book = ledger_of(("club", MetricDefined("x", "t"), *joined, *values))
    return book.initiative("club").at("2021-01-01").total("x", by="city")


@pytest.mark.parametrize(("amounts", "kind", "first"), [
    (["12.5 t", "3 t"], AMOUNT, "12.500000000"),
    (["12.5000000000000 t"], AMOUNT, "12.500000000"),
    (["0 t", "0.000000000 t"], AMOUNT, "0E-9"),
    (["-0.1234567891 t"], pyarrow.decimal128(38, 10), "-0.1234567891"),
    (["1e28 t"], AMOUNT, "10000000000000000000000000000.000000000"),
    (["-1e28 t"], pyarrow.decimal128(38, 9), "-10000000000000000000000000000.000000000"),
    (["1000 t", "1e-34 t"], pyarrow.decimal128(38, 34), "1000." + "0" * 34),
    (["1e-34 t"], pyarrow.decimal128(38, 34), "1E-34"),
])  # fmt: skip
def test_numbers_are_not_rounded_and_their_type_is_as_wide_as_they_need(amounts, kind, first):
    column = pyarrow.table(of_amounts(*amounts))["low"]
    assert column.type == kind
    assert str(column[0].as_py()) == first
    assert [Decimal(amount.split()[0]) for amount in amounts] == column.to_pylist()


def test_a_number_that_is_longer_than_those_who_read_it_take_is_refused_and_named():
    for frame in pyarrow.table, polars.DataFrame:
        first, second = frame(of_amounts("9999 t", "1e-34 t"))["low"]
        assert (Decimal(str(first)), Decimal(str(second))) == (Decimal(9999), Decimal("1e-34"))
        figures = of_amounts("10000 t", "1e-34 t")
        with pytest.raises(
            BadQuantity, match=r"'low' takes more than the 38 digits .* 34 of them .* read it with to_rows"
        ):
            frame(figures)
        with pytest.raises(BadQuantity, match=r"'low' .* 9 of them after the point: ask for it in another unit"):
            frame(of_amounts("1e29 t"))
        assert [row["low"] for row in figures.to_rows()] == [Decimal("1e4"), Decimal("1e-34")]


def test_a_fraction_without_an_end_is_rounded_to_the_places_of_its_column():
    book = ledger_of(("club", *(MemberJoined(id, "2020", attributes={"city": id}) for id in "abc")))
    shares = book.initiative("club").at("2021-01-01").shares(Members(), by="city")
    assert shares["a"].to_rows()[0]["low"] == Fraction(1, 3)
    column = pyarrow.table(shares)["low"]
    assert column.type == AMOUNT
    assert column.to_pylist() == [Decimal("0.333333333")] * 3
    two = book.initiative("club").at("2021-01-01").measure(Share(Members({"city": ["a", "b"]}), Members()))
    assert pyarrow.table(two)["high"].to_pylist() == [Decimal("0.666666667")]


def test_a_schema_that_is_asked_for_is_followed(club):
    state = club.at("2022-03-31")
    wanted = pyarrow.table(state).schema.set(0, pyarrow.field("id", pyarrow.large_string()))
    capsule = state.__arrow_c_stream__(wanted.__arrow_c_schema__())
    assert pyarrow.RecordBatchReader._import_from_c_capsule(capsule).schema.field("id").type == pyarrow.large_string()


@pytest.mark.parametrize("make", [polars.DataFrame, pyarrow.table], ids=["polars", "pyarrow"])
def test_without_pyarrow_the_library_says_what_to_install(club, monkeypatch, make):
    results = [club.at("2022-03-31"), club.at("2022-03-31").members, club.audit(), club.at("2022-03-31").count()]
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for result in results:
        with pytest.raises(MissingExtra, match=r"pyarrow.*pip install 'membership-ledger\[arrow\]'") as caught:
            make(result)
        assert caught.value.extra == "arrow"
        assert result.to_rows()


PANDAS = """
import json, warnings
warnings.simplefilter("error")
import ledger, pandas
from ledger import *
book = ledger.open(":memory:")
club = book.initiative("club")
club.record(
    MetricDefined("dues", "EUR/year"),
    MemberJoined("ada", "2020/2020-06", name="Ada", attributes={"city": "Bilbao"}),
    MemberJoined("ben", "[..2020]"), MetricUpdated("dues", "2021-01-01", "12.5 EUR/year", member="ada"),
    recorded_at="2022-01-01T00:00:00Z",
)
state, line = club.at("2021-06-30"), club.timeline(Members())
for result in (
    state, state.members, state.total("dues"), state.count(by="city"), line.series("2021-01-01", "2021-06-30"),
    line.revisions("2021-06-30"), club.history("ada"), club.audit(), club.conflicts(),
    club.compare("2019-12-31", "2021-06-30"), club.why(Members(), "2019-12-31", "2021-06-30"),
    club.why(Members(), "2019-12-31", "2021-06-30").bridge(),
):
    frame, rows = pandas.DataFrame.from_arrow(result), result.to_rows()
    assert len(frame) == len(rows), result
    if rows:
        assert set(rows[0]) <= set(frame.columns), frame.columns
        assert [(*frame[name],) for name in rows[0] if name == "low"] == [
            tuple(row["low"] for row in rows) for name in rows[0] if name == "low"
        ]
print(json.dumps({
    "members": pandas.DataFrame.from_arrow(state).astype(str).to_dict("records"),
    "known_at": str(pandas.DataFrame.from_arrow(line.revisions("2021-06-30"))["known_at"].dtype),
    "low": repr(pandas.DataFrame.from_arrow(state.total("dues"))["low"][0]),
}))
"""


def test_pandas_reads_them_too():
    if not APART.exists():
        pytest.fail(f"pandas stands apart from what the other tests use: pip install --target {APART} --group apart")
    environment = {**os.environ, "PYTHONPATH": str(APART)}
    command = [sys.executable, "-c", PANDAS]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["members"][1]["since_latest"] == "2020-12-31"
    assert found["known_at"] == "datetime64[us, UTC]"
    assert found["low"] == "Decimal('12.500000000')"
