"""The command line prints what the library answers, and nothing of its own."""

from __future__ import annotations

import csv
import json
import re
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from io import StringIO
from pathlib import Path

import pytest
from attrs import evolve
from click.testing import CliRunner

import ledger
from ledger import (
    Claim,
    Distinct,
    InitiativeLaunched,
    Joined,
    MemberChanged,
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
)
from ledger.exchange import claims, to_lines
from ledger.faces.charts import save_chart
from ledger.faces.cli.commands import mledger
from ledger.faces.cli.output import escaped
from ledger.model.exact import number_text
from ledger.model.members import Roll
from ledger.model.when import instant_text

SCRIPT = "<script>alert(1)</script>"
IDS = [f"01890a5d-ac96-774b-bcce-b302099a80{place:02}" for place in range(20)]


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A ledger of one club, in whose history there is something of everything."""
    monkeypatch.chdir(tmp_path)
    with ledger.open("clubs.db") as book:
        club = book.initiative("chess-club")
        club.record(
            InitiativeLaunched("2020-09-01", name="The Chess Club"),
            MetricDefined("dues", "EUR/year", nonnegative=True),
            MetricDefined("rank", additive=False),
            MemberJoined("ada", "2020-09-01", name=SCRIPT, attributes={"city": "Bilbao", "name": "x"}),
            MemberJoined("ben", "2021-03-15", name="Ben", attributes={"city": "Bilbao"}),
            MemberJoined("cleo", "2022/2022-06", name="Zoë", attributes={"city": "Lagos"}),
            MemberJoined("dora", "2021-01-01", part_of="ada"),
            MemberSuspended("dora", "2022-03-01", reason="dues\x1b[31m\nunpaid"),
            MetricUpdated("dues", "2022-01-10", "120.50 EUR/year", member="ada"),
            MetricUpdated("dues", "2022-01-10", "> 100 EUR/year", member="ben"),
            MetricUpdated("dues", "2022-01-10", "400 EUR/year"),
            ReportPublished(
                "letter", "2022-12-31", claims=[Claim(Members(), "2"), Claim(Total("dues"), "200..230 EUR/year")]
            ),
            source="minutes",
            ids=IDS[:12],
            recorded_at="2023-01-01T12:00:00Z",
        )
        club.record(
            MemberLeft("ben", "2022-12-01"), MetricUpdated("dues", "2022-01-10", "99 EUR/year", member="ada"),
            MemberChanged("ada", "2023-01-01", attributes={"city": "Lagos"}),
            source="a letter found later", ids=IDS[12:15], recorded_at="2023-02-01T12:00:00Z",
        )  # fmt: skip
        club.correct(IDS[4], effective="2021-03-16", reason="the minutes", ids=IDS[15:17])
    return "clubs.db"


@pytest.fixture
def club(path):
    with ledger.open(path, read_only=True) as book:
        yield book.initiative("chess-club")


def run(*arguments, stdin=None, code=0):
    done = CliRunner().invoke(mledger, [str(one) for one in arguments], input=stdin)
    assert done.exit_code == code, done.output
    return done


def answered(*arguments, **how):
    """What a command prints as JSON, with its numbers exact."""
    return json.loads(run(*arguments, **how).stdout, parse_float=Decimal, parse_int=Decimal)


def plain(value):
    """What the library gives, as it is to be in JSON."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, Fraction):
        return Decimal(number_text(value).removesuffix("…"))
    return value.isoformat() if isinstance(value, date) else value


DAY, BEFORE = "2022-12-31", "2023-01-01T12:00:00Z"

MEASURES = [
    (["--counts"], Members()),
    (["--counts", "--where", "city=Bilbao", "--where", "city="], Members({"city": ["Bilbao", None]})),
    (["--counts", "--suspended"], Members(suspended=True)),
    (["--distinct", "city"], Distinct("city")),
    (["--distinct", "city", "--where", "city=a=b"], Distinct("city", {"city": "a=b"})),
    (["--total", "dues", "--overlap", "parts"], Total("dues", overlap="parts")),
    (
        ["--total", "dues", "--members-at", DAY, "--within", "2 years", "--overlap", "whole", "--suspended"],
        Total("dues", members_at=DAY, within="2 years", overlap="whole", suspended=True),
    ),
    (["--value", "dues"], Value("dues")),
    (["--value", "dues", "--member", "ada"], Value("dues", "ada")),
    (["--joined-since", "2021-01-01"], Joined("2021-01-01")),
    (["--joined-since", "2021-01-01", "--where", "city=Lagos"], Joined("2021-01-01", {"city": "Lagos"})),
    (
        ["--measure", "share of members where city is Lagos in members"],
        Share(Members({"city": "Lagos"}), Members()),
    ),
]


@pytest.mark.parametrize(("options", "measure"), MEASURES, ids=lambda one: " ".join(one) if type(one) is list else "")
def test_every_measure_can_be_said_by_options_and_is_answered_as_by_the_library(path, club, options, measure):
    for more, known_at in ([], None), (["--known-at", BEFORE], BEFORE), (["--known-at", "12"], 12):
        state = club.at(DAY, known_at)
        assert answered("show", path, "--at", DAY, *more, *options) == plain(state.measure(measure).to_rows())
        if not isinstance(measure, Value):
            groups = state.measure(measure, by="city").to_rows()
            assert answered("show", path, "--at", DAY, *more, *options, "--by", "city") == plain(groups)


def test_show_gives_the_members_of_a_day_with_what_is_known_of_each(path, club):
    assert answered("show", path, "--at", DAY) == plain(club.at(DAY).to_rows())
    assert answered("show", path, "-i", "chess-club", "--at", "2022-02-01") == [
        {"id": "ada", "name": SCRIPT, "status": "certain", "since": "2020-09-01", "part_of": None,
         "attribute name": "x", "city": "Bilbao", "uncertain": ""},
        {"id": "ben", "name": "Ben", "status": "certain", "since": "2021-03-16", "part_of": None,
         "attribute name": None, "city": "Bilbao", "uncertain": ""},
        {"id": "dora", "name": "dora", "status": "certain", "since": "2021-01-01", "part_of": "ada",
         "attribute name": None, "city": None, "uncertain": ""},
        {"id": "cleo", "name": "Zoë", "status": "possible", "since": "2022-01-01/2022-02-01", "part_of": None,
         "attribute name": None, "city": None, "uncertain": "attribute city: nothing or Lagos"},
    ]  # fmt: skip
    assert answered("show", path) == plain(club.today().to_rows())
    assert answered("show", path, "--known-at", "12") == plain(club.today(12).to_rows())


def test_show_lists_only_those_that_a_filter_may_let_in(path, club):
    everybody = {row["id"]: row for row in plain(club.at("2022-02-01").to_rows())}
    assert list(everybody) == ["ada", "ben", "dora", "cleo"]
    for values, ids in {
        ("Bilbao",): ["ada", "ben"],
        ("Lagos",): ["cleo"],  # who is a member possibly, and then is in Lagos
        ("",): ["dora"],
        ("Bilbao", ""): ["ada", "ben", "dora"],
        ("Oslo",): [],
    }.items():
        where = [f"--where=city={value}" for value in values]
        assert answered("show", path, "--at", "2022-02-01", *where) == [everybody[id] for id in ids]
    assert [row["id"] for row in answered("show", path, "--at", DAY, "--where", "city=")] == ["dora"]  # suspended


def test_show_says_a_figure_in_words(path):
    asked = ["show", path, "--at", DAY, "--text", "--known-at", "12"]
    assert run(*asked, "--counts").stdout == "Members on 2022-12-31: 3\n"
    assert run(*asked, "--total", "dues", "--overlap", "parts").stdout == (
        "Total dues, overlap parts on 2022-12-31: >= 220.5 EUR/year (2 of 3 report)\n"
    )
    assert run(*asked, "--counts", "--by", "city", "--suspended").stdout == "Bilbao: 2\nLagos: 1\n-: 1\n"


def test_series_and_revisions_are_those_of_a_timeline(path, club):
    line, dues = club.timeline(Members()), club.timeline(Total("dues", overlap="parts"), by="city")
    asked = ["--from", "2020-12-31", "--to", "2023-06-30", "--every", "quarter"]
    assert answered("series", path, *asked) == plain(line.series("2020-12-31", "2023-06-30", every="quarter").to_rows())
    grouped = answered("series", path, *asked[:4], "--total", "dues", "--overlap", "parts", "--by", "city")
    assert grouped == plain(dues.series("2020-12-31", "2023-06-30").to_rows())
    then = answered("series", path, *asked, "--known-at", BEFORE)
    assert then == plain(line.series("2020-12-31", "2023-06-30", every="quarter", known_at=BEFORE).to_rows())
    rows = line.revisions(DAY).to_rows()
    assert answered("revisions", path, DAY) == plain(rows)
    assert [(row["position"], row["low"], row["high"]) for row in rows] == [(12, 3, 3), (15, 2, 2)]
    grouped = answered("revisions", path, DAY, "--total", "dues", "--overlap", "parts", "--by", "city")
    assert grouped == plain(dues.revisions(DAY).to_rows())


def test_a_point_is_a_day_or_a_day_and_a_moment(path, club):
    for text, point in (DAY, DAY), (f"{DAY}@{BEFORE}", (DAY, BEFORE)), (f"{DAY}@12", (DAY, 12)):
        changes = club.compare("2021-12-31", point)
        assert answered("compare", path, "2021-12-31", text) == plain([change.to_dict() for change in changes])
        assert run("compare", path, "2021-12-31", text, "--text").stdout == f"{changes}\n"
        found = club.why(Members(), "2021-12-31", point)
        assert answered("why", path, "2021-12-31", text) == plain(found.bridge().to_rows())
        assert answered("why", path, "2021-12-31", text, "--effects") == plain(found.to_rows())
    assert (
        run("why", path, DAY, DAY, "--value", "dues", "--text").stdout
        == f"{club.why(Value('dues'), DAY, DAY).bridge()}\n"
    )
    found = club.why(Total("dues", overlap="parts"), (DAY, 12), DAY)
    said = run("why", path, f"{DAY}@12", DAY, "--total", "dues", "--overlap", "parts", "--effects", "--text")
    assert said.stdout == f"{found}\n"


def test_a_history_is_of_a_member_a_metric_or_a_report(path, club):
    for options, named in [
        (["ben"], {"member": "ben"}),
        (["ada", "--metric", "dues"], {"member": "ada", "metric": "dues"}),
        (["--metric", "dues"], {"metric": "dues"}),
        (["--report", "letter"], {"report": "letter"}),
    ]:
        entries = club.history(**named)
        assert answered("history", path, *options) == plain([entry.to_dict() for entry in entries])
        assert run("history", path, *options, "--text").stdout == "".join(f"{entry}\n" for entry in entries)


def test_audit_and_conflicts_are_those_of_the_library(path, club):
    assert answered("audit", path) == plain([finding.to_row() for finding in club.audit()])
    letter = club.audit("letter", BEFORE)
    assert answered("audit", path, "--report", "letter", "--known-at", BEFORE) == plain(
        [one.to_row() for one in letter]
    )
    assert run("audit", path, "--text").stdout == "".join(f"{finding}\n" for finding in club.audit())
    assert answered("conflicts", path) == plain([conflict.to_row() for conflict in club.conflicts()])
    assert answered("conflicts", path, "--known-at", "12") == []
    assert run("conflicts", path, "--text").stdout == "".join(f"{conflict}\n" for conflict in club.conflicts())


def test_claims_that_nobody_has_recorded_are_audited_from_a_sheet(path, club, tmp_path):
    text = "what,amount,reading,at\ncountries,2,,2022-12-31\nmembers,9,rounded,2022-12-31\n"
    (tmp_path / "published.csv").write_text(text)
    options = ["--claims", "published.csv", "-c", "measure=what", "--label", "countries", "distinct city"]
    given = claims("published.csv", measure="what", measures={"countries": Distinct("city")})
    found = club.audit(claims=given)
    assert answered("audit", path, *options) == plain([finding.to_row() for finding in found])
    assert [finding.verdict for finding in found] == ["confirmed", "contradicted"]
    assert json.loads(run("audit", path, *options, "--fail", code=1).stdout)
    assert run(
        "audit", path, *options[:2], "--label", "countries", "members", "-c", "measure=what", "-c", "at=", code=1
    )


def test_audit_may_end_with_a_code_of_its_own_where_a_claim_is_contradicted(path):
    assert run("audit", path, "--fail").stdout == run("audit", path).stdout
    then = run("audit", path, "--fail", "--known-at", "12", code=1)
    assert (then.stdout, then.stderr) == (run("audit", path, "--known-at", "12").stdout, "")
    run("audit", path, "--claims", "-", "--fail", stdin="measure,amount,at\nmembers,9,2022-12-31\n", code=1)
    run("audit", path, "--claims", "-", "--fail", stdin="measure,amount,at\nmembers,2,2022-12-31\n")


def test_summary_writes_the_document_of_the_library(path, club):
    page = club.summary(DAY, BEFORE, since="2021-12-31", by="city", format="html")
    said = run(
        "summary", path, "--at", DAY, "--known-at", BEFORE, "--since", "2021-12-31", "--by", "city", "--format", "html"
    )
    assert said.stdout == page
    assert run("summary", path).stdout == club.summary(club.today().at)
    assert SCRIPT not in page


def test_chart_saves_the_drawing_of_the_library(path, club, tmp_path):
    options = {"by": "city", "start": "2021-01-01", "end": "2023-12-31", "known_at": 12}
    assert run("chart", path, "a.svg", "--counts", "--by", "city", "--from", "2021-01-01", "--to", "2023-12-31",
               "--known-at", "12").output == ""  # fmt: skip
    save_chart(club.chart(Members(), **options), tmp_path / "b.svg")
    one, other = (re.sub(r"clip\d+", "clip", (tmp_path / name).read_text()) for name in ("a.svg", "b.svg"))
    assert one == other  # but for the numbers that vl-convert counts its clippings by
    assert run("chart", path, "all.html").output == ""
    assert SCRIPT not in (tmp_path / "all.html").read_text()
    assert "there is no folder" in run("chart", path, "nowhere/a.svg", code=1).stderr
    assert not (tmp_path / "nowhere").exists()


def test_page_writes_the_time_machine_of_the_library_and_over_no_file_that_is_there(path, club, tmp_path):
    out = tmp_path / "a.html"
    assert run("page", path, "a.html").output == ""
    assert _undated(out.read_text("utf-8")) == _undated(club.page())
    before = out.read_bytes()
    assert run("page", path, "a.html", code=1).stderr == (
        "Error: a.html: something is there already: choose another path, or say --replace\n"
    )
    assert out.read_bytes() == before
    run("page", path, "a.html", "--replace", "--metric", "dues", "--by", "city", "--title", "Of old")
    assert _undated(out.read_text("utf-8")) == _undated(club.page(metrics=["dues"], by=["city"], title="Of old"))
    assert (
        "no metric 'due' is known; did you mean 'dues'?"
        in run("page", path, "b.html", "--metric", "due", code=1).stderr
    )
    assert run("page", path, "nowhere/a.html", code=1).stderr == (
        f"Error: nowhere/a.html: there is no folder {tmp_path / 'nowhere'}: create it first\n"
    )
    assert "is no path" in run("page", path, "a\0.html", code=1).stderr
    for name in "out.txt", "html", "", ".html-", "a.html/":
        said = run("page", path, name, code=2).stderr
        assert said.endswith("should end in .html or .htm, or be - for the standard output (see mledger page --help)\n")
    run("page", path, "B.HTM")
    assert "should end in .png or .svg or .html (" in run("chart", path, "a.pdf", code=2).stderr
    assert {one.name for one in tmp_path.glob("*.html")} == {"a.html"}


def _undated(page):
    """A page without the moment at which it was made."""
    return re.sub(r"Made on [-0-9]+", "", re.sub(r'"today":\d+', "", page))


def test_trust_is_head_verify_prove_and_backup(path, tmp_path):
    with ledger.open(path, read_only=True) as book:
        head = book.head
        assert run("head", path).stdout == head.checkpoint()
        published = run("head", path, "--origin", "example.org/clubs").stdout
        assert published == head.checkpoint("example.org/clubs")
        assert run("prove", path, "3").stdout == book.prove(3).to_json() + "\n"
        assert run("prove", path, "3", "--head", "-", stdin=published).stdout == book.prove(3, head).to_json() + "\n"
        found = {"size": head.size, "root": head.root}
        (tmp_path / "published.txt").write_text(published)
        assert answered("verify", path) == [found]
        assert answered("verify", path, "--deep", "--head", "published.txt") == [found]
        assert answered("backup", path, "kept.db") == [found]
    with ledger.open("kept.db", read_only=True) as kept:
        assert kept.head == head
    assert "something is there already" in run("backup", path, "kept.db", code=1).stderr


def test_verify_ends_with_1_where_something_was_lost(path, tmp_path):
    published = run("head", path).stdout
    with ledger.open("shorter.db") as shorter, ledger.open(path) as book:
        shorter.import_records(record for record in book.records() if record.position <= 12)
    said = run("verify", "shorter.db", "--head", "-", stdin=published, code=1)
    assert said.stderr.startswith("Error: ")
    assert "12 records, and the head counts 17" in said.stderr
    assert said.stdout == ""
    (tmp_path / "head.txt").write_bytes(b"\xff")
    assert "head.txt: byte 0xff is no UTF-8" in run("verify", path, "--head", "head.txt", code=1).stderr


def test_export_prints_the_lines_of_the_library(path):
    with ledger.open(path, read_only=True) as book:
        assert run("export", path).stdout == "".join(f"{line}\n" for line in to_lines(book))
        assert run("export", path, "--after", "15").stdout == "".join(f"{line}\n" for line in to_lines(book, 15))


def test_rows_are_written_as_json_lines_csv_tsv_or_a_table(path, club):
    rows = plain(club.at(DAY).to_rows())
    array, lines, sheet, tabs, table = (
        run("show", path, "--at", DAY, *form).stdout for form in ([], ["--nl"], ["--csv"], ["--tsv"], ["-t"])
    )
    assert json.loads(array) == rows
    assert array.startswith('[{"id": "ada", "name": ')
    assert [json.loads(line) for line in lines.splitlines()] == rows
    texts = [{name: value or "" for name, value in row.items()} for row in rows]
    assert list(csv.DictReader(StringIO(sheet))) == texts
    assert list(csv.DictReader(StringIO(tabs), delimiter="\t")) == texts
    heading, line, *body = table.splitlines()
    assert heading.split() == ["id", "name", "status", "since", "part_of", "city", "attribute", "name", "uncertain"]
    assert set(line) == {"─"}
    assert [row.split()[:2] for row in body] == [["ada", SCRIPT], ["cleo", "Zoë"], ["dora", "dora"]]
    assert all(text == text.rstrip() for text in table.splitlines())


def test_a_table_is_not_cut_where_there_is_no_terminal_and_lists_are_read_easily(path, club):
    said = run("audit", path, "--table").stdout
    assert all(finding.sentence in said for finding in club.audit())
    figures = run("show", path, "--at", DAY, "--total", "dues", "--overlap", "parts", "-t").stdout
    assert "cleo" not in figures  # of the members without a value there is the number
    assert "[" not in figures
    assert '"says": {' in run("history", path, "ben", "--nl").stdout
    assert '{"member": "ben"' in run("history", path, "ben", "-t").stdout
    assert "-, -" in run("conflicts", path, "-t").stdout  # sides that are values have no reports


def test_no_rows_are_an_empty_array_and_otherwise_nothing(path):
    assert [run("conflicts", path, "--known-at", "12", *form).stdout for form in ([], ["--nl"], ["--csv"], ["-t"])] == [
        "[]\n", "", "", "",
    ]  # fmt: skip
    assert run("conflicts", path, "--known-at", "12", "--text").stdout == ""


def test_what_a_terminal_would_obey_is_shown_and_not_sent(path):
    assert json.loads(run("history", path, "dora").stdout)[1]["says"]["reason"] == "dues\x1b[31m\nunpaid"
    table = run("history", path, "dora", "-t").stdout
    assert "\x1b" not in table
    assert len(table.splitlines()) == 4
    assert escaped("two\u3000words\u202e \u200d\ud800") == "two\u3000words\\u202e \u200d\\ud800"


def test_an_initiative_must_be_named_where_there_are_several(path):
    with ledger.open(path) as book:
        book.initiative("go-club").record(MemberJoined("ada", "2020"))
    said = run("show", path, code=1).stderr
    assert said == (
        "Error: the ledger holds 2 initiatives: chess-club, go-club; say which one is meant, as in -i chess-club\n"
    )
    assert [row["id"] for row in answered("show", path, "-i", "go-club")] == ["ada"]
    assert "did you mean 'go-club'?" in run("show", path, "-i", "goclub", code=1).stderr


def test_help_is_there_for_every_command_with_an_example():
    def commands(group, *path):
        for name, command in group.commands.items():
            yield (*path, name), command
            if hasattr(command, "commands"):
                yield from commands(command, *path, name)

    for names, command in commands(mledger):
        arguments = [names[0], "DB", *names[1:]] if len(names) > 1 else list(names)
        said = run(*arguments, "--help").stdout
        assert said.startswith("Usage: "), names
        if not (names[0] == "record" and len(names) > 1 and names[1] != "json-lines"):
            assert "\n  mledger " in said or " | mledger " in said, names
        assert all(option.help for option in command.params if option.param_type_name == "option"), names
    assert run().stdout == run("-h").stdout
    assert run("--version").stdout.startswith("mledger, version ")


def test_the_guide_shows_every_command_at_work():
    page = (Path(__file__).parents[1] / "examples" / "command_line.md").read_text("utf-8")
    run_there = "".join(re.findall(r"<!-- run -->\n```sh\n(.*?)```", page, re.DOTALL))
    for name, command in mledger.commands.items():
        assert f"mledger {name} " in run_there, name
        for under in getattr(command, "commands", {}) if name == "import" else ():
            assert re.search(rf"mledger {name} \S+ {under} ", run_there), under
    assert "json-lines" in run_there


def test_a_joining_of_which_only_the_latest_day_is_known_has_a_span_that_is_open():
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        club.record(MemberJoined("ada", "[..2020]"))
        assert [row["since"] for row in club.at("2021-01-01").to_rows()] == ["[..2020-12-31]"]


def test_a_member_whose_joining_nobody_recorded_has_no_day_of_it():
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        club.record(MemberJoined("ada", "2020"))
        member = evolve(club.at("2021-01-01")["ada"], joined_from=None, joined_by=None)
        assert [row["since"] for row in Roll("certain", {"ada": member}).to_rows()] == [None]


def test_where_there_is_nothing_people_are_told_so_and_programs_get_no_rows(path):
    for line in (["show", path, "--at", "2010-01-01", "-t"], ["conflicts", path, "--known-at", "3", "--text"]):
        done = run(*line)
        assert (done.stdout, done.stderr) == ("", "nothing to show\n")
    for form, none in ("--csv", ""), ("--nl", ""), ("--tsv", ""):
        done = run("show", path, "--at", "2010-01-01", form)
        assert (done.stdout, done.stderr) == (none, "")
    assert run("show", path, "--at", "2010-01-01").stdout == "[]\n"
