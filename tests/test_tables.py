"""Results that are tables: what a tuple and a dict can do they can do too, and each has rows."""

import pickle
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

import ledger
from ledger import (
    Claim,
    Distinct,
    InitiativeLaunched,
    MemberJoined,
    MemberLeft,
    Members,
    MemberSuspended,
    MetricDefined,
    MetricUpdated,
    ReportPublished,
    Share,
    Total,
    Value,
    exactly,
)
from ledger.exchange import spells
from ledger.faces.columns import FRAMES, ROWS
from ledger.faces.tables import row_of, table_of
from ledger.model.errors import BadEvent, BadInput
from ledger.model.figures import Figures
from ledger.model.members import Roll
from ledger.model.tables import Keyed, Rows, Tabular
from ledger.queries.findings import Findings
from ledger.queries.series import Point, Revisions, Series

SCRIPT = "<script>alert(1)</script>"
IDS = [f"01890a5d-ac96-774b-bcce-b302099a80{place:02}" for place in range(20)]


@pytest.fixture
def club():
    """An initiative in whose history there is something of everything."""
    with ledger.open(":memory:") as book:
        club = book.initiative("chess-club")
        club.record(
            InitiativeLaunched("2020-09-01", name="The Chess Club"),
            MetricDefined("dues", "EUR/year", nonnegative=True),
            MemberJoined("ada", "2020-09-01", name=SCRIPT, attributes={"city": "Bilbao", "name": "x"}),
            MemberJoined("ben", "2021-03-15", name="Ben", attributes={"city": "Bilbao"}),
            MemberJoined("cleo", "2022/2022-06", name="Zoë", attributes={"city": "Lagos"}),
            MemberJoined("dora", "[..2021]"),
            MemberSuspended("dora", "2022-03-01"),
            MetricUpdated("dues", "2022-01-10", "120.50 EUR/year", member="ada"),
            MetricUpdated("dues", "2022-01-10", "> 100 EUR/year", member="ben"),
            ReportPublished(
                "letter", "2022-12-31", claims=[Claim(Members(), "2", text="two"), Claim(Total("dues"), "9 EUR/year")]
            ),
            source="minutes",
            ids=IDS[:10],
            recorded_at="2023-01-01T12:00:00Z",
        )
        club.record(
            MemberLeft("ben", "2022-12-01"), MetricUpdated("dues", "2022-01-10", "99 EUR/year", member="ada"),
            source="a letter", ids=IDS[10:12], recorded_at="2023-02-01T12:00:00Z",
        )  # fmt: skip
        club.correct(IDS[3], effective="2021-03-16", reason="typo", ids=IDS[12:14], recorded_at="2023-03-01T12:00:00Z")
        yield club


@pytest.fixture
def state(club):
    return club.at("2022-03-31")


# -- in place of tuples and dicts


def test_rows_do_what_a_tuple_does():
    rows, one = Rows(["a", "b", "a"]), ("a", "b", "a")
    assert rows == one
    assert one == rows
    assert rows == Rows(one)
    assert rows != ("a", "b")
    assert rows != ["a", "b", "a"]
    assert hash(rows) == hash(one)
    assert (len(rows), list(rows), list(reversed(rows)), rows[1], rows[-1]) == (3, list(one), ["a", "b", "a"], "b", "a")
    assert isinstance(rows[1:], Rows)
    assert rows[1:] + ("c",) == ("b", "a", "c")  # noqa: RUF005 - that they can be added is what is tried
    assert "b" in rows
    assert "c" not in rows
    assert (repr(rows), str(rows)) == (repr(one), str(one))
    assert pickle.loads(pickle.dumps(rows)) == rows
    assert bool(rows)
    assert not Rows()
    with pytest.raises(IndexError):
        rows[3]
    with pytest.raises(TypeError):
        rows[0] = "c"
    first, *others = rows
    assert (first, others) == ("a", ["b", "a"])


def test_what_is_keyed_does_what_a_dict_does_and_never_changes():
    keyed, one = Keyed({"a": 1, None: 2}), {"a": 1, None: 2}
    assert keyed == one
    assert one == keyed
    assert keyed == Keyed(one)
    assert keyed != {"a": 1}
    assert keyed != [("a", 1)]
    assert (len(keyed), list(keyed), list(reversed(keyed))) == (2, ["a", None], [None, "a"])
    assert (list(keyed.keys()), list(keyed.values()), list(keyed.items())) == (list(one), [1, 2], list(one.items()))
    assert (keyed["a"], keyed.get(None), keyed.get("b"), keyed.get("b", 3)) == (1, 2, None, 3)
    assert None in keyed
    assert "b" not in keyed
    assert dict(keyed) == one
    assert {**Keyed({"a": 1}), "b": 2} == {"a": 1, "b": 2}
    assert keyed | {"a": 3} == keyed | Keyed({"a": 3}) == {"a": 3, None: 2}
    assert {"a": 3} | keyed == {"a": 1, None: 2}
    for wrong in lambda: keyed | [], lambda: [] | keyed:
        with pytest.raises(TypeError, match="unsupported operand"):
            wrong()
    assert (repr(keyed), str(keyed)) == (repr(one), str(one))
    assert pickle.loads(pickle.dumps(keyed)) == keyed
    assert not Keyed({})
    with pytest.raises(KeyError, match="b"):
        keyed["b"]
    with pytest.raises(TypeError):
        keyed["a"] = 2
    with pytest.raises(TypeError, match="unhashable"):
        hash(keyed)


def test_what_was_given_changes_nothing_afterwards():
    given = {"a": 1}
    keyed = Keyed(given)
    given["b"] = 2
    assert keyed == {"a": 1}


def test_all_that_is_pickled_is_a_table_again(club, state):
    line = club.timeline(Members(), by="city")
    figures = state.count(), state.count(by="city"), line.revisions("2022-03-31")
    for table in (state, state.members, *figures, club.audit()):
        again = pickle.loads(pickle.dumps(table))
        assert again == table
        assert type(again) is type(table)
        assert again.to_rows() == table.to_rows()


def test_a_part_of_a_result_is_a_table_too(club):
    revisions = club.timeline(Members(), by="city").revisions("2022-12-31")
    assert type(revisions[1:]) is Revisions
    assert revisions[1:].to_rows() == [row for row in revisions.to_rows() if row["position"] != revisions[0].position]
    audit = club.audit()
    assert type(audit[:1]) is Findings
    assert audit[:1].to_rows() == audit.to_rows()[:1]
    series = club.timeline(Members()).series("2021-01-01", "2022-01-01", every="year")
    assert type(series[1:]) is Series
    assert series[1:].to_rows() == series.to_rows()[1:]
    assert list(series) == [series[0], series[1]]


def test_what_is_no_table_is_refused():
    for wrong in Rows("abc"), Keyed({}), "abc", None, [1]:
        with pytest.raises(BadInput, match="is no table: give a state"):
            table_of(wrong)
        with pytest.raises(BadInput):
            row_of(wrong)


def test_what_is_keyed_is_no_list_of_names_as_a_dict_is_none(state):
    for wrong in state.members, dict(state.members):
        with pytest.raises(BadEvent, match="several names in a list or a tuple"):
            MemberLeft("ada", "2024", successors=wrong)


def test_every_table_says_what_it_is_the_same_way(club, state):
    for result in state, state.former, state.count(), state.count(by="city"), club.audit(), club.conflicts():
        assert isinstance(result, Tabular)
        assert not isinstance(result, tuple | list | dict)


# -- rows


def test_a_state_has_a_row_for_each_member_by_its_standing(state):
    ada, cleo = state["ada"], state.possible_members["cleo"]
    rows = state.to_rows()
    assert [(row["id"], row["status"], row["since"]) for row in rows] == [
        ("ada", "certain", "2020-09-01"),
        ("ben", "certain", "2021-03-16"),
        ("cleo", "possible", "2022-01-01/2022-03-31"),
        ("dora", "suspended", "[..2021-12-31]"),
    ]
    assert rows[0] == {
        "id": "ada", "name": SCRIPT, "status": "certain", "since": "2020-09-01", "part_of": None,
        "attribute name": "x", "city": "Bilbao", "uncertain": "",
    }  # fmt: skip
    assert rows[2]["uncertain"] == "attribute city: nothing or Lagos"
    assert rows == [*state.members.to_rows(), *_with(state.possible_members), *_with(state.suspended)]
    assert [state.members, state.possible_members] == [{"ada": ada, "ben": state["ben"]}, {"cleo": cleo}]
    assert [roll.status for roll in (state.members, state.possible_members, state.suspended, state.former)] == [
        "certain", "possible", "suspended", "former",
    ]  # fmt: skip


def _with(roll):
    return [{**dict.fromkeys(["attribute name", "city"]), **row} for row in roll.to_rows()]


def test_those_who_left_are_a_table_as_well(club):
    assert [(row["id"], row["status"]) for row in club.at("2023-01-01").former.to_rows()] == [("ben", "former")]


def test_a_member_without_a_joining_has_no_since(state):
    from attrs import evolve

    member = evolve(state["ada"], joined_from=None, joined_by=None)
    [row] = Roll("certain", {"ada": member}).to_rows()
    assert row["since"] is None


def test_attributes_that_are_called_like_columns_are_told_from_them(club):
    names = ["id", "status", "since_latest", "since_earliest", "uncertain", "attribute x", "x"]
    club.record(MemberJoined("zoe", "2023", attributes=dict.fromkeys(names, "y")))
    [row] = [row for row in club.at("2024-01-01").to_rows() if row["id"] == "zoe"]
    for name in names:
        assert row[name if name == "x" else f"attribute {name}"] == "y"
    assert (row["id"], row["status"], row["uncertain"]) == ("zoe", "certain", "")


def test_figures_have_a_row_each_and_by_groups_the_group(state):
    [row] = state.total("dues").to_rows()
    assert row == {
        "measure": "Total dues", "at": date(2022, 3, 31), "basis": date(2022, 3, 31), "low": Decimal("199.00"),
        "high": None, "unit": "EUR/year", "complete": False, "members": 2, "reporting": 2, "missing": [],
        "possible_members": ["cleo"], "possibly_missing": ["cleo"], "envelope_low": Decimal("199.00"),
        "envelope_high": None, "oldest": date(2022, 1, 10),
    }  # fmt: skip
    groups = state.count(by="city")
    assert isinstance(groups, Figures)
    assert groups.measure == Members()
    assert groups.to_rows() == [{"group": group, **figure.to_rows()[0]} for group, figure in groups.items()]
    assert [row["group"] for row in groups.to_rows()] == ["Bilbao", "Lagos"]
    assert state.shares(Members(), by="city").measure == Share(Members(), Members())
    share = Share(Members({"city": "Bilbao"}), Members())
    assert state.measure(share, by="city").measure == share


def test_a_day_that_nothing_bounds_is_missing_and_not_the_first_of_all_days(club):
    assert club.at("2022-01-01").count().oldest == date.min
    assert club.at("2022-01-01").count().to_rows()[0]["oldest"] is None
    club.record(MetricDefined("jobs"), MetricUpdated("jobs", "[..2020]", "1"))
    club.record(MetricUpdated("jobs", "[..2020]", "2"))
    row = club.conflicts().to_rows()[0]
    assert (row["earliest"], row["latest"]) == (None, date(2020, 12, 31))


def test_several_initiatives_measured_together_are_tables_too(club):
    with ledger.open(":memory:") as book:
        book.initiative("go").record(MemberJoined("ada", "2020", attributes={"city": "Bilbao"}))
        found = book.measure(Members(), "2021-01-01", by="city")
        assert [(row["group"], row["low"]) for row in found.to_rows()] == [("Bilbao", 1)]
        assert book.measure(Share(Members(), Members()), "2021-01-01", by="city")["Bilbao"].to_rows()[0]["low"] == 1


ENDS = ("envelope_low", "envelope_high")


@pytest.mark.parametrize("by", [None, "city"])
@pytest.mark.parametrize("nonnegative", [True, False])
def test_where_no_value_exists_an_end_is_missing_and_no_zero(by, nonnegative):
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        club.record(
            MetricDefined("co2", "t", nonnegative=nonnegative),
            MemberJoined("ada", "2020-01-01", attributes={"city": "Bilbao"}),
            MetricUpdated("co2", "2022-01-01", "0 t", member="ada"),
            MemberJoined("ben", "2023-01-01", attributes={"city": "Bilbao"}),
        )
        line = club.timeline(Total("co2"), by=by)
        ends = ("low", "high", "complete", *ENDS)
        expected = [
            (None, None, False, 0 if nonnegative else None, None),
            (0, 0, True, 0, 0),
            (0, 0, False, 0 if nonnegative else None, None),
        ]
        days = ("2021-06-01", "2022-06-01", "2023-06-01")
        rows = [line.series(day, day).to_rows()[0] for day in days]
        assert [tuple(row[end] for end in ends) for row in rows] == expected
        several = [club.at(day).measure(Total("co2"), by=by).to_rows()[0] for day in days]
        assert [tuple(row[end] for end in ends) for row in several] == expected
        assert [row["low"] for row in line.revisions("2021-06-01").to_rows()] == [None]
        nobody = club.timeline(Total("co2")).series("2019-01-01", "2019-01-01").to_rows()[0]
        assert (nobody["low"], nobody["complete"]) == (0, True)  # nothing is missing in a sum over nobody


def test_a_different_value_that_is_missing_can_be_one_more():
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        club.record(MemberJoined("ada", "2020-01-01", attributes={"city": "Bilbao"}), MemberJoined("ben", "2021-01-01"))
        rows = club.timeline(Distinct("city")).series("2020-06-01", "2021-06-01", every="year").to_rows()
        assert [tuple(row[end] for end in ("low", "high", "complete", *ENDS)) for row in rows] == [
            (1, 1, True, 1, 1),
            (1, 1, False, 1, 2),
        ]


def test_a_share_of_what_has_no_value_has_none():
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        club.record(
            MetricDefined("co2", "t", nonnegative=True),
            MemberJoined("ada", "2020-01-01"),
            MetricUpdated("co2", "2020-01-01", "5 t"),
        )
        of_all = club.at("2021-01-01").measure(Share(Total("co2"), Value("co2")))
        assert (of_all.has_value, of_all.ends, of_all.to("percent").has_value) == (False, (None, None), False)
        assert club.at("2021-01-01").measure(Share(Value("co2"), Value("co2"))).has_value
        assert pickle.loads(pickle.dumps(of_all)) == of_all


def test_series_and_revisions_have_the_group_where_they_were_asked_by_groups(club):
    line, groups = club.timeline(Total("dues")), club.timeline(Total("dues"), by="city")
    [row] = line.series("2022-03-31", "2022-03-31").to_rows()
    assert row == {
        "at": date(2022, 3, 31), "low": Decimal("199.00"), "high": None, "unit": "EUR/year", "complete": False,
        "envelope_low": Decimal("199.00"), "envelope_high": None,
    }  # fmt: skip
    rows = groups.series("2022-03-31", "2022-03-31").to_rows()
    assert [list(row) for row in rows] == [["at", "group", "low", "high", "unit", "complete", *ENDS]] * len(rows)
    assert [row["group"] for row in rows] == ["Bilbao", "Lagos"]
    assert list(line.series("2022-03-31", "2022-03-31").points()) == [
        Point(date(2022, 3, 31), None, Decimal("199.00"), None, "EUR/year", False, Decimal("199.00"), None)
    ]
    [first, second] = line.revisions("2022-03-31").to_rows()
    assert first == {
        "known_at": datetime(2023, 1, 1, 12, tzinfo=UTC), "position": 10, "low": Decimal("220.50"), "high": None,
        "unit": "EUR/year", "complete": False, "envelope_low": Decimal("220.50"), "envelope_high": None,
    }  # fmt: skip
    assert (second["position"], second["low"]) == (12, 199)
    assert list(groups.revisions("2022-03-31").to_rows()[0]) == [
        "known_at", "position", "group", "low", "high", "unit", "complete", *ENDS,
    ]  # fmt: skip
    assert groups.revisions("2022-03-31").at == date(2022, 3, 31)


def test_changes_effects_and_bridges_have_rows(club):
    changes = club.compare("2020-12-31", "2022-12-31")
    assert changes.to_rows() == [change.to_dict() for change in changes]
    why = club.why(Members(), "2020-12-31", "2022-12-31")
    assert why.to_rows() == [effect.to_row() for effect in why.effects]
    assert why.to_rows()[1] == {
        "kind": "suspended", "subject": "dora", "before": "0..1", "after": None, "low_change": 0, "high_change": -1,
        "records_before": [IDS[5]], "records_after": [],
    }  # fmt: skip
    assert [row["kind"] for row in why.bridge().to_rows()][:: len(why.bridge().lines) - 1] == ["opening", "closing"]


def test_a_joining_that_nothing_bounds_is_not_of_the_first_of_all_days(club):
    club.record(MemberJoined("zoe", "[..2023]"))
    later = club.records(after=14)
    club.correct(next(later), effective="[..2022]", reason="typo")
    [joining] = club.compare(("2024-01-01", 15), "2024-01-01").to_rows()
    assert (joining["kind"], joining["before"], joining["after"]) == ("joining", "[..2023-12-31]", "[..2022-12-31]")


def test_a_history_has_a_row_for_each_record(club):
    entries = club.history("ben")
    rows = entries.to_rows()
    as_dicts = [{**entry.to_dict(), "recorded_at": entry.record.recorded_at} for entry in entries]
    assert rows == as_dicts
    assert rows[0]["says"]["attributes"] == {"city": "Bilbao"}
    assert club.history(metric="dues").to_rows()[0]["effective"] is None


def test_claims_have_a_text_where_one_of_them_has(club):
    rows = club.audit().to_rows()
    assert [row["text"] for row in rows] == ["two", None]
    assert "text" not in club.audit()[1].to_row()
    assert club.audit()[0].to_row() == rows[0]
    assert "text" not in club.audit(claims=[Claim(Members(), exactly(2), at="2022-01-01")]).to_rows()[0]


def test_single_things_have_the_row_that_they_have_in_a_table(club, tmp_path):
    record = next(iter(club.records()))
    assert record.to_row() == {
        "position": 1, "initiative": "chess-club", "version": 1, "id": IDS[0],
        "recorded_at": datetime(2023, 1, 1, 12, tzinfo=UTC), "event": "InitiativeLaunched", "member": None,
        "metric": None, "report": None, "record": None, "effective": "2020-09-01", "source": "minutes", "by": "",
        "note": "", "replaces": None,
    }  # fmt: skip
    [conflict] = club.conflicts()
    assert conflict.to_row() == club.conflicts().to_rows()[0]
    assert conflict.to_row() == {
        "measure": "Value dues of ada", "metric": "dues", "member": "ada", "earliest": date(2022, 1, 10),
        "latest": date(2022, 1, 10), "amounts": ["120.50 EUR/year", "99 EUR/year"], "reports": [None, None],
        "sources": ["minutes", "a letter"], "records": [IDS[7], IDS[11]],
    }  # fmt: skip
    (tmp_path / "more.csv").write_text("member,name,start,end\nzoe,Zoë,2023,\n")
    done = club.record_sheet(spells(tmp_path / "more.csv"), source="more.csv")
    assert done.to_row() == {"recorded": 1, "already": 0, "rejected": 0}


def test_columns_of_days_are_of_data_frames_alone(state):
    table = table_of(state)
    only = [column.name for column in table.shown(FRAMES) if column not in table.shown(ROWS)]
    assert only == ["since_earliest", "since_latest"]
