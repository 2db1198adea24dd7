"""The commands that write record what the library records, and nothing where that refuses."""

from __future__ import annotations

import json
from shlex import split

import attrs
import pytest
from click.testing import CliRunner

import ledger
from ledger import (
    Claim,
    InitiativeChanged,
    InitiativeClosed,
    InitiativeLaunched,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    MemberReinstated,
    Members,
    MemberSuspended,
    MetricDefined,
    MetricUpdated,
    RecordRetracted,
    ReportPublished,
    Share,
)
from ledger.exchange import to_lines
from ledger.faces.cli.commands import mledger
from ledger.model.events import EVENTS
from ledger.recording.codec import NAMES

ID = "01890a5d-ac96-774b-bcce-b302099a8057"
OTHER = "01890a5d-ac96-774b-bcce-b302099a8058"

SAID = [
    (
        InitiativeLaunched("2021", "Clubs", ["EPRI", "Accenture"], {"seat": "Bilbao"}),
        "--effective 2021 --name Clubs --supporter EPRI --supporter Accenture --attribute seat=Bilbao",
    ),
    (
        InitiativeChanged("2022-01-01", "Clubs", ["EPRI"], {"seat": None}),
        "--effective 2022-01-01 --name Clubs --supporter EPRI --attribute seat=",
    ),
    (InitiativeChanged("2022-01-01", "Clubs"), "--effective 2022-01-01 --name Clubs"),
    (InitiativeClosed("2023", "done"), "--effective 2023 --reason done"),
    (
        MemberJoined("ada", "2021/2022-05", "Ada", {"a": "b=c", "d": "e"}, "union"),
        "--member ada --effective 2021/2022-05 --name Ada --attribute a=b=c --attribute d=e --part-of union",
    ),
    (
        MemberLeft("ada", "2023", "merged", ["ben", "cleo"]),
        "--member ada --effective 2023 --reason merged --successor ben --successor cleo",
    ),
    (MemberSuspended("ada", "2023", "no dues"), "--member ada --effective 2023 --reason 'no dues'"),
    (MemberReinstated("ada", "2023", "paid"), "--member ada --effective 2023 --reason paid"),
    (
        MemberChanged("ada", "2023", "Ada", {"city": None}, ""),
        "--member ada --effective 2023 --name Ada --attribute city= --part-of ''",
    ),
    (
        MetricDefined("co2", "Mt/year", "CO2", "all of it", nonnegative=True),
        "--metric co2 --unit Mt/year --title CO2 --definition 'all of it' --nonnegative --additive",
    ),
    (MetricDefined("rank", additive=False), "--metric rank --not-additive --any-sign"),
    (
        MetricUpdated("co2", "2022", "> 12.50 Mt/year", "ada", "2021", "estimated"),
        "--metric co2 --effective 2022 --amount '> 12.50 Mt/year' --member ada --period 2021 --quality estimated",
    ),
    (MetricUpdated("co2", "2022", None), "--metric co2 --effective 2022 --withdrawn"),
    (
        ReportPublished(
            "letter", "2022-12-31", "To all", "https://example.org",
            [Claim(Members(), "17"), Claim(Share(Members({"city": "New York"}), Members()), "15..20 percent")], "mail",
        ),
        (
            "--report letter --effective 2022-12-31 --title 'To all' --url https://example.org --kind mail "
            "--claim members 17 --claim 'share of members where city is \"New York\" in members' '15..20 percent'"
        ),
    ),
    (RecordRetracted(ID, "a namesake"), f"--record {ID} --reason 'a namesake'"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def path(folder):
    """A ledger of one club with two members."""
    with ledger.open("clubs.db") as book:
        book.initiative("club").record(
            InitiativeLaunched("2019", "Clubs"), MetricDefined("dues", "EUR"), MemberJoined("ada", "2020"),
            MemberJoined("union", "2019"), MemberJoined("ben", "2019"), source="minutes",
            ids=[ID[:-2] + f"{place:02}" for place in range(5)],
        )  # fmt: skip
    return "clubs.db"


def run(*arguments, stdin=None, code=0):
    done = CliRunner().invoke(mledger, [str(one) for one in arguments], input=stdin)
    assert done.exit_code == code, done.output
    return done


def written(path):
    """The records of a ledger, the newest last."""
    with ledger.open(path, read_only=True) as book:
        return list(book.records())


def test_every_event_is_among_those_that_are_said():
    assert {type(event) for event, _ in SAID} == set(EVENTS)
    for kind in EVENTS:  # and every field of it with a value of its own
        given = [event for event, _ in SAID if type(event) is kind]
        for field in attrs.fields(kind):
            assert any(getattr(event, field.name) != field.default for event in given), (kind, field.name)


@pytest.mark.parametrize(("event", "line"), SAID, ids=lambda one: NAMES.get(type(one), ""))
def test_every_event_can_be_said_by_options(event, line, monkeypatch):
    heard = []
    monkeypatch.setattr(
        "ledger.initiative.Initiative.record", lambda self, *events, **terms: heard.append(events) or ()
    )
    run("init", "new.db")
    run("record", "new.db", NAMES[type(event)], *split(line), "-i", "club", "--new")
    assert heard == [(event,)]


def test_the_terms_of_a_record_are_kept_and_its_row_is_printed(path):
    event = ["member-joined", "--member", "cleo", "--effective", "2021"]
    terms = [
        "--source",
        "a letter",
        "--by",
        "me",
        "--note",
        "late",
        "--id",
        ID,
        "-i",
        "club",
        "--expected-version",
        "5",
    ]
    assert "2099-01-01" in run("record", path, *event, *terms, "--recorded-at", "2099-01-01T00:00:00Z", code=1).stderr
    done = run("record", path, *event, *terms)
    *_, newest = written(path)
    assert (newest.id, newest.source, newest.by, newest.note) == (ID, "a letter", "me", "late")
    assert json.loads(done.stdout)[0] | {"recorded_at": ""} == {
        "position": 6, "initiative": "club", "version": 6, "id": ID, "recorded_at": "", "event": "MemberJoined",
        "member": "cleo", "metric": None, "report": None, "record": None, "effective": "2021", "source": "a letter",
        "by": "me", "note": "late", "replaces": None,
    }  # fmt: skip
    left = ["member-left", "--member", "cleo", "--effective", "2023"]
    assert "is at version 6" in run("record", path, *left, "--expected-version", "5", code=1).stderr


def test_a_retry_by_id_writes_nothing_more(path):
    command = ["record", path, "member-left", "--member", "ben", "--effective", "2023", "--id", OTHER]
    assert run(*command).stdout == run(*command).stdout
    assert len(written(path)) == 6


def test_what_cannot_be_is_refused_with_every_reason_and_nothing_is_written(path):
    before = written(path)
    done = run("record", path, "member-joined", "--member", "ada", "--effective", "2024", code=1)
    assert done.stderr.startswith("Error: nothing was recorded, for 1 reason:\n  event 0 (MemberJoined) [already-a-mem")
    assert done.stdout == ""
    assert written(path) == before


def test_init_makes_a_new_ledger_empty_or_with_a_launch(folder):
    assert json.loads(run("init", "empty.db").stdout) == [
        {"ledger": "empty.db", "records": 0, "initiative": None, "launch": None}
    ]
    assert written("empty.db") == []
    done = run("init", "clubs.db", "-i", "club", *split(SAID[0][1]), "--source", "minutes", "--by", "me", "--nl")
    (record,) = written("clubs.db")
    assert (record.event, record.source, record.by, record.initiative) == (SAID[0][0], "minutes", "me", "club")
    assert json.loads(done.stdout) == {
        "ledger": "clubs.db", "records": 1, "initiative": "club", "launch": record.id
    }  # fmt: skip
    assert {one.name for one in folder.iterdir()} == {"empty.db", "clubs.db"}


def test_init_leaves_what_is_there_as_it_is_and_makes_nothing_where_something_is_wrong(folder):
    (folder / "notes.txt").write_text("mine")
    assert "something is there already" in run("init", "notes.txt", code=1).stderr
    assert "'soon' is not a date" in run("init", "a.db", "-i", "a", "--name", "A", "--effective", "soon", code=2).stderr
    assert "there is no folder" in run("init", "nowhere/a.db", code=1).stderr
    assert ":memory:" in run("init", ":memory:", code=1).stderr
    assert [one.name for one in folder.iterdir()] == ["notes.txt"]
    assert (folder / "notes.txt").read_text() == "mine"


def test_only_init_makes_a_ledger(folder):
    (folder / "club.csv").write_text("member,name,start,end\nada,,2020,\n")
    for command in (
        ["record", "no.db", "member-joined", "--member", "a", "--effective", "2020", "-i", "club", "--new"],
        ["record", "no.db", "json-lines", "-", "-i", "club", "--new"],
        ["import", "no.db", "members", "club.csv", "-i", "club", "--new"],
        ["import", "no.db", "records", "club.csv"],
        ["retract", "no.db", ID, "--reason", "r"],
        ["show", "no.db"],
        ["record", ":memory:", "member-joined", "--member", "a", "--effective", "2020", "-i", "club", "--new"],
        ["show", "no\0.db"],
    ):
        assert "there is no ledger: check the path, or make one with mledger init" in run(*command, code=1).stderr
    assert [one.name for one in folder.iterdir()] == ["club.csv"]


def test_a_name_that_was_mistyped_begins_no_initiative(path):
    said = run("record", path, "member-left", "--member", "ada", "--effective", "2023", "-i", "clob", code=1).stderr
    assert said == (
        "Error: no initiative 'clob' is known; did you mean 'club'? (to begin one of that name, record its launch, "
        "or say --new)\n"
    )
    run("record", path, "initiative-launched", "--name", "Go", "--effective", "2020", "-i", "go")
    run("record", path, "member-joined", "--member", "ada", "--effective", "2020", "-i", "chess", "--new")
    with ledger.open(path) as book:
        assert book.initiatives() == ["chess", "club", "go"]


def test_retract_and_correct_are_those_of_the_library(path):
    joined = written(path)[4].id
    row = json.loads(run("retract", path, joined, "--reason", "a namesake", "--by", "me").stdout)[0]
    *_, newest = written(path)
    assert (newest.event, newest.by, newest.id) == (RecordRetracted(joined, "a namesake"), "me", row["id"])
    joined = written(path)[2].id
    run("correct", path, joined, "--effective", "2021-05", "--attribute", "city=Bilbao", "--reason", "the minutes")
    *_, retraction, right = written(path)
    assert retraction.event == RecordRetracted(joined, "the minutes")
    assert right.event == MemberJoined("ada", "2021-05", attributes={"city": "Bilbao"})
    assert (right.replaces, right.source) == (joined, "minutes")
    run("correct", path, right.id, "--reason", "only that", "--source", "a letter")
    assert written(path)[-1].source == "a letter"
    run("record", path, "metric-updated", "--metric", "dues", "--effective", "2022", "--amount", "5 EUR")
    run("correct", path, written(path)[-1].id, "--withdrawn", "--reason", "a typo")
    assert written(path)[-1].event == MetricUpdated("dues", "2022", None)
    run("correct", path, written(path)[2].id, "--unset", "attributes", "--reason", "wrong", code=1)  # retracted already
    run("record", path, "member-joined", "--member", "kid", "--effective", "2022", "--part-of", "ada", "--name", "Kid")
    run("correct", path, written(path)[-1].id, "--unset", "part-of", "--unset", "name", "--reason", "a namesake")
    assert written(path)[-1].event == MemberJoined("kid", "2022")
    run(
        "record",
        path,
        "metric-updated",
        "--metric",
        "dues",
        "--effective",
        "2022",
        "--amount",
        "5 EUR",
        "--period",
        "2021",
    )
    run("correct", path, written(path)[-1].id, "--unset", "amount", "--unset", "period", "--reason", "a typo")
    assert written(path)[-1].event == MetricUpdated("dues", "2022", None)
    run("record", path, "report-published", "--report", "r", "--effective", "2022-01-01", "--title", "All", "--claim",
        "members", "1")  # fmt: skip
    run("correct", path, written(path)[-1].id, "--unset", "title", "--unset", "claims", "--reason", "a draft")
    assert written(path)[-1].event == ReportPublished("r", "2022-01-01")
    assert "no record '0000000' is known" in run("retract", path, "0000000", "--reason", "r", code=1).stderr


def test_many_events_are_recorded_from_lines_or_none(path, folder):
    lines = [
        {"type": "member-joined", "member": "cleo", "effective": "2021", "attributes": {"city": "Lagos"}},
        {"type": "metric-updated", "metric": "dues", "effective": "2021", "amount": "12.50 EUR", "member": "cleo"},
    ]
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    before = written(path)
    bad = text + '{"type": "member-joned", "member": "dora", "effective": "2021"}\n'
    said = run("record", path, "json-lines", stdin=bad, code=1).stderr
    assert said.startswith("Error: line 3: 'member-joned' is no type of event: did you mean member-joined")
    assert written(path) == before
    (folder / "events.jsonl").write_text(text)
    done = run("record", path, "json-lines", "events.jsonl", "--source", "a file", "--progress", "--nl")
    assert [json.loads(line)["event"] for line in done.stdout.splitlines()] == ["MemberJoined", "MetricUpdated"]
    assert "reading events.jsonl" in done.stderr
    assert [record.event for record in written(path)[5:]] == [
        MemberJoined("cleo", "2021", attributes={"city": "Lagos"}),
        MetricUpdated("dues", "2021", "12.50 EUR", "cleo"),
    ]


def test_sheets_of_members_amounts_and_claims_are_recorded(path, folder):
    (folder / "members.tsv").write_text("code\tsince\tcity\tage\ncleo\t2021\tLagos\t7\n")
    options = ["-c", "member=code", "-c", "start=since", "-c", "name=", "-c", "end="]
    assert json.loads(run("import", path, "members", "members.tsv", *options, "--attribute", "city").stdout) == [
        {"recorded": 1, "already": 0, "rejected": 0}
    ]
    assert written(path)[-1].event == MemberJoined("cleo", "2021", attributes={"city": "Lagos"})
    text = '[{"member": "dora", "start": null, "end": "2021-12-31", "name": "Dora", "x": 1}]'
    (folder / "dora.json").write_text(text)
    more = ["--no-attributes", "--end-inclusive", "--unknown-start", "[..1990]", "--source", "dora"]
    run("import", path, "members", "dora.json", *more)
    assert [record.event for record in written(path)[6:]] == [
        MemberJoined("dora", "[..1990]", "Dora"),
        MemberLeft("dora", "2022-01-01"),
    ]
    assert json.loads(run("import", path, "members", "dora.json", *more).stdout)[0]["already"] == 2
    sheet = "member;metric;effective;amount;unit\nada;dues;2022;12.0;EUR\n;dues;2022;99;EUR\n"
    run("import", path, "values", "-", "--delimiter", ";", stdin=sheet)
    lines = (
        '{"member": "ada", "effective": "2023", "a": 12.50, "b": ""}\n\n{"member": "ben", "effective": 2023, "a": 1}\n'
    )
    run("import", path, "wide", "-", "--format", "nl", "--amounts", "a", "dues", "EUR", stdin=lines)
    run("import", path, "wide", "-", "--amounts-at", "2019", "dues", "EUR", "2019", stdin="member,2019\nben,5\n")
    assert [record.event for record in written(path)[8:]] == [
        MetricUpdated("dues", "2022", "12.0 EUR", "ada"),
        MetricUpdated("dues", "2022", "99 EUR"),
        MetricUpdated("dues", "2023", "12.50 EUR", "ada"),
        MetricUpdated("dues", "2023", "1 EUR", "ben"),
        MetricUpdated("dues", "2019", "5 EUR", "ben"),
    ]
    sheet = "measure,amount,at\nheads,3,2021-12-31\n"
    report = ["--report", "letter", "--effective", "2022-02-01", "--title", "To all", "--label", "heads", "members"]
    run("import", path, "claims", "-", *report, stdin=sheet)
    assert written(path)[-1].event == ReportPublished(
        "letter", "2022-02-01", "To all",
        claims=[Claim(Members(), "3", "2021-12-31", text="the standard input, row 2")],
    )  # fmt: skip


def test_claims_that_are_set_aside_are_kept_in_a_file_only_if_the_others_are_recorded(path, folder):
    sheet = "measure,amount,at\nmembers,3,2021-12-31\nmembers,lots,2021-12-31\n"
    options = ["--report", "letter", "--effective", "2022-02-01"]
    assert "'lots'" in run("import", path, "claims", "-", *options, stdin=sheet, code=1).stderr
    done = run("import", path, "claims", "-", *options, "--lenient", "--rejects", "rejects.csv", stdin=sheet)
    assert done.stderr == "1 row was set aside, each with its reason: rejects.csv\n"
    assert "lots" in (folder / "rejects.csv").read_text()
    again = run("import", path, "claims", "-", *options, "--lenient", "--rejects", "again.csv", stdin=sheet, code=1)
    assert "duplicate-report" in again.stderr
    assert not (folder / "again.csv").exists()
    options[1] = "another"
    (folder / "mine.csv").write_text("mine")
    run("import", path, "claims", "-", *options, "--lenient", "--rejects", "mine.csv", stdin=sheet, code=1)
    assert (folder / "mine.csv").read_text() == "mine"
    run("import", path, "claims", "-", *options, "--lenient", "--rejects", "none.csv", stdin=sheet[:39])
    run("import", path, "claims", "-", *options, "--lenient", "--rejects", "none.csv", stdin=sheet[:39], code=1)
    assert not (folder / "none.csv").exists()


def test_a_ledger_is_copied_by_its_lines(path, folder):
    with ledger.open(path, read_only=True) as book:
        (folder / "clubs.jsonl").write_text("".join(f"{line}\n" for line in to_lines(book)))
        (folder / "head.txt").write_text(book.head.checkpoint())
    run("init", "copy.db")
    assert json.loads(run("import", "copy.db", "records", "clubs.jsonl", "--head", "head.txt").stdout) == [
        {"recorded": 5}
    ]
    assert written("copy.db") == written(path)
    assert json.loads(run("import", "copy.db", "records", "clubs.jsonl").stdout) == [{"recorded": 0}]
    run("init", "own.db", "-i", "own", "--name", "Own", "--effective", "2020")
    assert "position 1 holds" in run("import", "own.db", "records", "clubs.jsonl", code=1).stderr
    run("import", "own.db", "records", "clubs.jsonl", "--anew")
    assert [record.event for record in written("own.db")[1:]] == [record.event for record in written(path)]
    said = run("import", "copy.db", "records", "-", stdin=b"\xff\n", code=1).stderr
    assert "open the file as text in UTF-8" in said


@pytest.mark.parametrize("sign", [";", "\t", ","])
@pytest.mark.parametrize(("encoding", "options"), [("cp1252", ["--encoding", "cp1252"]), ("utf-16", []), ("utf-8", [])])
def test_a_sheet_of_a_spreadsheet_is_read_as_it_was_saved(folder, path, sign, encoding, options):
    text = sign.join(["member", "name", "start", "end"]) + "\n" + sign.join(["leon", "León", "2020", ""]) + "\n"
    bad = sign.join(["zoe", "Zoë", "soon", ""]) + "\n"
    (folder / "list.csv").write_bytes((text + bad).encode(encoding))
    said = ["import", path, "members", "list.csv", *options, "--lenient", "--rejects", "r.csv"]
    assert json.loads(run(*said).stdout) == [{"recorded": 1, "already": 0, "rejected": 1}]
    assert written(path)[-1].event.name == "León"
    assert f"zoe{sign}Zoë{sign}soon" in (folder / "r.csv").read_bytes().decode(encoding)
    if encoding != "utf-16":
        assert json.loads(run("import", path, "members", "-", *options, stdin=text.encode(encoding)).stdout) == [
            {"recorded": 0, "already": 1, "rejected": 0}
        ]


def test_what_is_in_another_encoding_than_is_said_is_told_with_what_to_do(folder, path):
    (folder / "list.csv").write_bytes(b"member,name,start,end\nleon,Le\xf3n,2020,\n")
    assert run("import", path, "members", "list.csv", code=1).stderr == (
        "Error: list.csv, in row 2: byte 0xf3 is no UTF-8: save it as a CSV file in UTF-8, or say what it is in, as in "
        "--encoding cp1252\n"
    )
    said = run("import", path, "members", "list.csv", "--encoding", "utf-16", code=1).stderr
    assert said.startswith("Error: list.csv, in row 1 or below: it is no text: 'UTF-16 stream does not start with BOM'")
    said = run("import", path, "members", "-", stdin="member,start\n", code=1).stderr
    assert "; where there is none, say -c name= and -c end=; or which sign" in said
