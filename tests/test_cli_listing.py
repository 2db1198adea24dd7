"""What was recorded last, what the ledger holds, and records by their positions and the beginnings of their ids."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

import ledger
from ledger import InitiativeLaunched, MemberJoined, MetricDefined, RecordRetracted, ReportPublished
from ledger.faces.cli.commands import mledger
from ledger.model.errors import BadInput, UnknownInitiative, UnknownRecord
from ledger.queries.naming import named

IDS = [f"01890a5d-ac96-774b-bcce-b30209{place:06}" for place in range(1, 9)]


@pytest.fixture(autouse=True)
def book(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with ledger.open("clubs.db") as book:
        book.initiative("chess").record(
            InitiativeLaunched("2019", "Chess"), MemberJoined("ada", "2020", attributes={"city": "Lagos"}),
            MemberJoined("ben", "2021"), MetricDefined("dues"), ReportPublished("letter", "2022"), source="minutes",
            ids=IDS[:5],
        )  # fmt: skip
        book.initiative("go").record(MemberJoined("zoe", "2021"), MemberJoined("yan", "2021"), ids=IDS[5:7])
        book.initiative("chess").record(MemberJoined("cleo", "2022"), ids=["9" * 8 + IDS[0][8:]])
        yield book


def run(*arguments, code=0):
    done = CliRunner().invoke(mledger, [str(one) for one in arguments])
    assert done.exit_code == code, done.output
    return done


def positions(*arguments):
    return [row["position"] for row in json.loads(run("log", "clubs.db", *arguments).stdout)]


def test_the_log_shows_the_newest_records_first(book):
    assert positions() == [8, 7, 6, 5, 4, 3, 2, 1] == positions("-n", 0) == positions("-n", 20)
    assert positions("-n", 3) == [8, 7, 6]
    assert positions("-i", "chess", "-n", 2) == [8, 5]
    assert positions("-i", "go", "-n", 0) == [7, 6]
    rows = json.loads(run("log", "clubs.db", "-n", 1).stdout)
    assert rows[0]["id"] == book.find(8).to_row()["id"]
    assert "no initiative 'goo' is known; did you mean 'go'?" in run("log", "clubs.db", "-i", "goo", code=1).stderr


def test_the_log_is_told_in_lines_and_as_a_table_for_people(book):
    record = book.initiative("chess").retract(IDS[2], reason="a namesake")
    moment = f"{record.recorded_at:%Y-%m-%d %H:%M}"
    assert run("log", "clubs.db", "-n", 1, "--text").stdout == (
        f"9  {moment}  chess: RecordRetracted {IDS[2]} - a namesake\n"
    )
    assert (
        run("log", "clubs.db", "-i", "chess", "-n", 0, "--text")
        .stdout.splitlines()[-1]
        .endswith("chess: 2019 InitiativeLaunched (minutes)")
    )
    header = run("log", "clubs.db", "-t").stdout.splitlines()[0].split()
    assert header == [
        "position", "initiative", "recorded_at", "event", "member", "metric", "report", "record", "effective",
        "source", "by", "note",
    ]  # fmt: skip


def test_an_empty_ledger_has_an_empty_log():
    run("init", "new.db")
    assert run("log", "new.db").stdout == run("names", "new.db").stdout == "[]\n"
    assert run("log", "new.db", "-n", 0, "--text").stderr == "nothing to show\n"


def test_what_the_ledger_holds_is_counted_and_named(book):
    assert json.loads(run("names", "clubs.db").stdout) == [
        {"initiative": "chess", "name": "Chess", "records": 6, "members": 3, "metrics": 1, "reports": 1,
         "attributes": 1},
        {"initiative": "go", "name": "go", "records": 2, "members": 2, "metrics": 0, "reports": 0, "attributes": 0},
    ]  # fmt: skip
    assert run("names", "clubs.db", "members", "--csv").stdout == (
        "initiative,member\nchess,ada\nchess,ben\nchess,cleo\ngo,yan\ngo,zoe\n"
    )
    assert run("names", "clubs.db", "members", "-i", "go", "--nl").stdout.count("\n") == 2
    assert run("names", "clubs.db", "attributes", "--csv").stdout == "initiative,attribute\nchess,city\n"
    assert "no initiative 'chss'" in run("names", "clubs.db", "-i", "chss", code=1).stderr
    assert book.initiative("chess").names("report") == ("letter",)
    with pytest.raises(
        BadInput, match="'members' is nothing that has names: give one of member, metric, report, attri"
    ):
        book.initiative("chess").names("members")
    with pytest.raises(UnknownInitiative):
        book.initiative("none").names("member")


def test_a_record_is_found_by_its_position_and_by_its_id(book):
    records = list(book.records())
    for record in records:
        for name in record.position, str(record.position), f"#{record.position}", record.id, record.id.upper():
            assert book.find(name) == record
    assert book.find(IDS[5][:-1] + "6") == records[5]
    assert book.find("99999999-") == records[7]
    for name in "9" * 8, 99, 0, "0189ff", IDS[0][:-1] + "f":
        with pytest.raises(UnknownRecord):
            book.find(name)
    for name in "", "0", "01890", "kitten", "#", "-1", " ", "1.5", "x" * 400, True, None, -1, 10**20:
        with pytest.raises(BadInput):
            book.find(name)
    assert named(" #17 ") == 17


def test_records_that_begin_alike_are_told_apart(book):
    with pytest.raises(BadInput) as error:
        book.find("01890a")
    assert str(error.value) == (
        f"7 records have ids that begin with 01890a: 1 ({IDS[0]}), 2 ({IDS[1]}), 3 ({IDS[2]}), 4 ({IDS[3]}), "
        f"5 ({IDS[4]}) and 2 more; name one by its position, or by more of its id"
    )
    book.initiative("chess").record(MemberJoined("dora", "2022"), ids=["99999999-0000-774b-bcce-b302090000ff"])
    with pytest.raises(BadInput, match=r"2 records .*: 8 \(99999999-a\), 9 \(99999999-0\); name one"):
        book.find("99999999-")
    assert run("retract", "clubs.db", "01890a", "--reason", "x", code=1).stderr.startswith("Error: 7 records have ids")


def test_wrong_records_are_named_by_their_positions(book):
    run("retract", "clubs.db", "7", "--reason", "a namesake")
    assert book.find(9).event == RecordRetracted(IDS[6], "a namesake")
    run("correct", "clubs.db", "#3", "--effective", "2021-05", "--reason", "found")
    assert book.find(11).event == MemberJoined("ben", "2021-05")
    run("correct", "clubs.db", "99999999-", "-i", "chess", "--effective", "2021-05", "--reason", "found")
    assert book.find(13).event == MemberJoined("cleo", "2021-05")
    assert run("prove", "clubs.db", "#2").stdout == run("prove", "clubs.db", IDS[1]).stdout
    assert f"no record '{IDS[0]}'" in run("retract", "clubs.db", "1", "-i", "go", "--reason", "x", code=1).stderr
    for record, *wrong in ("2", "--effective", "soon"), ("2", "--attribute", "a\x07=b"), ("4", "--unit", "kittens"):
        assert run("correct", "clubs.db", record, *wrong, "--reason", "x", code=2).stderr.count("\n") == 1
    assert "has no field" in run("correct", "clubs.db", "2", "--amount", "5", "--reason", "x", code=1).stderr
    assert book.head.size == 13
