"""A sheet of 5,000 spells of membership, imported by one command, and asked by all others: what Python answers, too.

Their starts and ends are as rough as those of real sheets, many ends are blank, and one row in a hundred is wrong.
"""

from __future__ import annotations

import csv
import json
import os
import pty
import random
import re
import subprocess
import sys
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner

import ledger
from ledger import Members
from ledger.exchange import spells
from ledger.faces.charts import save_chart
from ledger.faces.cli.commands import mledger
from unpacking import Unpacked

pytestmark = pytest.mark.unmeasured

DAY = "2010-06-30"
COUNT = 5_000
WRONG = {  # in a start, and what is said of it
    "": "it is blank: write the date, roughly where it is not known",
    "soon": "'soon' is not a date: write YYYY-MM-DD",
    "31.12.2009": "'31.12.2009' is not a date",
    "2009-02-30": "'2009-02-30' is no day of the calendar",
    "2030": "'2005' lies before the start, '2030': check both dates",
}


def rows():
    chance = random.Random(7)
    for place in range(COUNT):
        day = str(date(2000, 1, 1) + timedelta(days=chance.randrange(8_000)))
        start = chance.choice([day, day[:7], day[:4], f"{day[:4]}/{int(day[:4]) + 1}", f"{day}~"])
        end = chance.choice(["", "", f"{int(day[:4]) + chance.randrange(2, 9)}-06-30", f"{int(day[:4]) + 3}"])
        if place % 100 == 7:
            start, end = list(WRONG)[place // 100 % len(WRONG)], "2005"
        yield [f"m{place}", f"Member {place}", start, end, chance.choice("ABC")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of a sheet, and of the ledger that it was imported into while somebody sat before a terminal."""
    folder = tmp_path_factory.mktemp("spells")
    with (folder / "spells.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["member", "name", "start", "end", "country"], *rows()])
    ours, theirs = pty.openpty()
    made = subprocess.run([sys.executable, "-m", "ledger", "init", "big.db"], cwd=folder, check=False)
    assert made.returncode == 0
    command = [
        sys.executable, "-m", "ledger", "import", "big.db", "members", "spells.csv", "-i", "club", "--new", "--lenient",
        "--rejects", "rejects.csv", "--end-inclusive", "--source", "spells.csv",
    ]  # fmt: skip
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=theirs) as running:
        os.close(theirs)
        (folder / "told.txt").write_bytes(b"".join(iter(lambda: _read(ours), b"")))
        (folder / "printed.json").write_bytes(running.stdout.read())
    os.close(ours)
    assert running.returncode == 0, (folder / "told.txt").read_text()
    return folder


def _read(terminal):
    try:
        return os.read(terminal, 65_536)
    except OSError:  # so a terminal ends whose other end was closed
        return b""


@pytest.fixture
def club(folder, monkeypatch):
    monkeypatch.chdir(folder)
    with ledger.open("big.db", read_only=True) as book:
        yield book.initiative("club")


def run(*line):
    done = CliRunner().invoke(mledger, [str(word) for word in line])
    assert done.exit_code == 0, done.output
    return done.stdout


def plain(rows):
    """Rows of the library, as CSV prints them."""
    return [{name: "" if value is None else str(value) for name, value in row.items()} for row in rows]


def test_they_are_imported_by_one_command_with_a_bar_and_every_reject_explained(folder, club):
    told = (folder / "told.txt").read_text()
    assert "reading spells.csv" in told
    assert "100%" in told
    assert told.index("100%") < told.index(f"recording {sum(1 for _ in club.records()):,} events")
    assert "\x1b[" in told  # it is drawn again and again
    assert "50 rows were set aside, each with its reason: rejects.csv" in told
    sheet = spells(folder / "spells.csv", end_inclusive=True, lenient=True)
    assert json.loads((folder / "printed.json").read_text()) == [
        {"recorded": len(sheet), "already": 0, "rejected": 50}
    ]  # fmt: skip
    assert [record.event for record in club.records()] == sheet
    with (folder / "rejects.csv").open(newline="") as file:
        rejects = list(csv.DictReader(file))
    assert [int(row["reject_row"]) for row in rejects] == list(range(9, COUNT, 100))
    for row in rejects:
        assert WRONG[row["start"]] in row["reject_reason"]
        assert row["reject_reason"].startswith(f"row {row['reject_row']}, column '")


def test_what_was_mended_is_imported_and_nothing_else_again(folder, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with ledger.open(folder / "big.db") as book:
        book.backup(tmp_path / "copy.db")
    with (folder / "rejects.csv").open(newline="") as file, (tmp_path / "mended.csv").open("w", newline="") as mended:
        rejects = csv.DictReader(file)
        writer = csv.DictWriter(mended, rejects.fieldnames)
        writer.writeheader()
        writer.writerows({**row, "start": "2004", "end": ""} for row in rejects)
    common = ["--end-inclusive", "--source", "spells.csv"]
    assert json.loads(run("import", "copy.db", "members", "mended.csv", *common)) == [
        {"recorded": 50, "already": 0, "rejected": 0}
    ]
    again = run("import", "copy.db", "members", folder / "spells.csv", *common, "--lenient", "--rejects", "r.csv")
    assert json.loads(again)[0]["recorded"] == 0


def members_of_a_day(club):
    shown = list(csv.DictReader(StringIO(run("show", "big.db", "--at", DAY, "--csv"))))
    assert shown == plain(club.at(DAY).to_rows())
    assert {row["status"] for row in shown} == {"certain", "possible"}
    table = run("show", "big.db", "--at", DAY, "-t").splitlines()
    assert [line.split()[0] for line in table[2:]] == [row["id"] for row in shown]


def how_many(club):
    figure = club.at(DAY).count()
    assert run("show", "big.db", "--at", DAY, "--counts", "--text") == f"Members on {DAY}: {figure}\n"
    assert figure.amount.low < figure.amount.high
    by = club.at(DAY).count(by="country")
    told = run("show", "big.db", "--at", DAY, "--counts", "--by", "country", "--text")
    assert told == "".join(f"{country}: {count}\n" for country, count in by.items())


def along_the_days(club):
    days = "2000-01-01", "2023-01-01"
    line = club.timeline(Members()).series(*days, every="year")
    table = run("series", "big.db", "--from", days[0], "--to", days[1], "--every", "year", "-t").splitlines()
    assert [line.split()[:3] for line in table[2:]] == [
        [str(figure.at), str(figure.amount.low), str(figure.amount.high)] for figure in line
    ]


def drawn(club):
    run("chart", "big.db", "members.svg")
    save_chart(club.chart(Members()), "ours.svg")
    one, other = (re.sub(r"clip\d+", "clip", Path(name).read_text()) for name in ("members.svg", "ours.svg"))
    assert one == other  # but for the numbers that vl-convert counts its clippings by
    assert len(one) > 100_000


def why_it_changed(club):
    days = "2009-12-31", "2010-12-31"
    assert run("why", "big.db", *days, "--text") == f"{club.why(Members(), *days).bridge()}\n"
    assert run("compare", "big.db", *days, "--text") == f"{club.compare(*days)}\n"


def written_down(club):
    assert run("summary", "big.db", "--at", DAY) == club.summary(DAY)


def on_a_page(club):
    run("page", "big.db", "big.html")
    page = Path("big.html").read_text("utf-8")
    assert len(page.encode()) < 5_000_000
    unpacked = Unpacked(page)
    for day in DAY, "2004-12-31", "2040-01-01":
        state = club.at(day)
        cards = unpacked.cards(date.fromisoformat(day), len(unpacked.positions))
        assert {id for id, card in cards.items() if card[0] == 0} == {*state.members}
        assert {id for id, card in cards.items() if card[0] == 1} == {*state.possible_members}


def served(club):
    shown = list(csv.DictReader(StringIO(run("serve", "big.db", "--get", f"/ledger/members.csv?at={DAY}"))))
    assert [(row["member"], row["status"], row["since"]) for row in shown] == [
        (row["id"], row["status"], row["since"]) for row in club.at(DAY).to_rows()
    ]


def looked_through(club):
    assert json.loads(run("verify", "big.db"))[0]["size"] == sum(1 for _ in club.records())


@pytest.mark.parametrize(
    "ask",
    [
        members_of_a_day,
        how_many,
        along_the_days,
        drawn,
        why_it_changed,
        written_down,
        on_a_page,
        served,
        looked_through,
    ],
    ids=lambda ask: ask.__name__,
)
def test_each_command_answers_as_the_library_does(club, ask):
    ask(club)
