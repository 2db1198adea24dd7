"""What is to be done is said in options where somebody types commands, and no longer in Python."""

from __future__ import annotations

import re

import pytest
from click import UsageError
from click.testing import CliRunner

import ledger
from ledger import InitiativeLaunched, LedgerError, MemberJoined, MetricDefined, MetricUpdated
from ledger.exchange import to_lines
from ledger.faces.cli.commands import mledger
from ledger.faces.cli.wording import ADVICE, in_words_of_the_command
from ledger.model.errors import LedgerBusy, ReadOnly

ID = "01890a5d-ac96-774b-bcce-b302099a8057"

SPELLS = "member,start,end\nada,2020,\n"

ADVISED = {
    # the command, what is piped into it, and what is advised
    ("import clubs.db members -", SPELLS):
        "as in -c start=member_since; where there is none, say -c name=; or which sign is between them",
    ("import clubs.db members - -c name=", b"member,start,end\n\xff,2020,\n"):
        "in UTF-8, or say what it is in, as in --encoding cp1252\n",
    ("import clubs.db members - --format json", b"\xff"): "save it in UTF-8, or say what it is in, as in --enc",
    ("import clubs.db values -", SPELLS): 'as in -c member=code; or which sign is between them, as in --delimiter ";"',
    ("audit clubs.db --claims -", SPELLS): "as in -c amount=claimed; where there is none, say -c at=; or which sign",
    ("import clubs.db values -", "member,metric,effective,amount,Unit\n"):
        "say -c unit=Unit, or -c unit= to leave it out",
    ("import clubs.db members - -c start=", SPELLS): "-c start= names no column, and each row must have its start",
    ("import clubs.db wide - --amounts '' dues EUR", SPELLS): "--amounts '': '' is no name of a column",
    ("import clubs.db members - --delimiter ab", SPELLS): "'--delimiter': 'ab' is not one sign",
    ("import clubs.db members - -c name=", f"member,start,end,{'x' * 201}\nada,2020,,\n"):
        "as in --attribute country, or --no-attributes",
    ("import clubs.db members - -c name=", "member,start,end\nada,2020-01-01,2020-01-01\n"):
        "if an end is the last day inside, say so of all of them (--end-inclusive)",
    ("import clubs.db members - -c name=", "member,start,end\nada,,\n"):
        "or say what stands for all such rows (--unknown-start)",
    ("audit clubs.db --claims -", "measure,amount,at\nheads,3,2021-01-01\n"):
        "say what it means (--label), or write it",
    ("correct clubs.db ID --reason x", ""): "an option for each field that was wrong, such as --effective 2021-11",
    ("record clubs.db report-published --report r --effective 2020 --claim members 17", ""):
        "needs a day of its own, `at`, in a line of JSON or a sheet",
    ("record clubs.db member-joined --member b --effective 2020 --id x", ""): "make one with uuidgen",
    ("record clubs.db member-joined --member 'e\u0301' --effective 2020", ""): "pass it through uconv -x any-nfc",
    ("record clubs.db json-lines",
     '{"type": "member-changed", "member": "fr", "effective": "2022", "attributes": {"a": ""}}'):
        "leave it out, or give null to take it away",
    ("record clubs.db json-lines", '{"type": "metric-defined", "metric": "m", "additive": 1}'):
        "must be true or false, not 1",
    ("import clubs.db records other.jsonl", ""): "or record all anew, by import records --anew",
    ("show clubs.db --total dues --at 2022-01-01", ""): "say which of them count: --overlap parts, or --overlap whole",
    ("show clubs.db --total rank --at 2022-01-01", ""): "so it has no total: ask for --value with --member",
    ("audit clubs.db --claims -", "measure,amount,at\nmembers,3,\n"): "name it, in a column `at`",
    ("page clubs.db there.html", ""): "choose another path, or say --replace",
    ("chart empty.db c.svg --counts", ""): "say from when to when to draw (--from, --to)",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with ledger.open("clubs.db") as book:
        book.initiative("club").record(
            InitiativeLaunched("2019", "Clubs"), MetricDefined("dues", "EUR"), MemberJoined("eu", "2020-01-01"),
            MemberJoined("fr", "2020-01-01", part_of="eu"), MetricUpdated("dues", "2021-01-01", "5 EUR", "eu"),
            MetricUpdated("dues", "2021-01-01", "5 EUR", "fr"), MetricDefined("rank", additive=False),
            ids=[ID, *(f"{ID[:-1]}{n}" for n in range(6))],
        )  # fmt: skip
    with ledger.open("other.db") as book:
        book.initiative("club").record(MemberJoined("x", "2020"))
        (tmp_path / "other.jsonl").write_text("".join(f"{line}\n" for line in to_lines(book)))
    (tmp_path / "there.html").write_text("mine")
    with ledger.open("empty.db") as book:
        book.initiative("club").record(MetricDefined("dues", "EUR"))
    return tmp_path


def words_of(line):
    return [word.strip("'") if word != "''" else "" for word in re.findall(r"'[^']*'|\S+", line.replace("ID", ID))]


@pytest.mark.parametrize(("typed", "advice"), ADVISED.items(), ids=lambda one: one[0] if isinstance(one, tuple) else "")
def test_what_is_to_be_done_is_said_in_options(folder, typed, advice):
    line, piped = typed
    done = CliRunner().invoke(mledger, words_of(line), input=piped)
    assert done.exit_code == (2 if " --help)" in done.stderr else 1), done.output
    assert advice in done.stderr
    assert not re.search(r"\w=(True|False|None|'|\[|\.\.\.)|\.\.\.\)|`reason`", done.stderr), done.stderr


def test_each_advice_can_come_about(folder):
    said = [
        str(ReadOnly("x.db: it cannot be written to; check the rights, or open it with read_only=True to read it")),
        str(LedgerBusy("x.db: another writer holds it; try again, or open it with a longer timeout")),
    ]
    for line, piped in ADVISED:
        done = CliRunner().invoke(mledger, words_of(line), input=piped, standalone_mode=False)
        error = done.exception.__context__ if isinstance(done.exception, UsageError) else done.exception
        assert isinstance(error, LedgerError | None)  # what only a command refuses has no other words
        said.append(str(error))
    for pattern, _ in ADVICE:
        assert [text for text in said if re.search(pattern, text)], pattern


def test_a_file_that_cannot_be_written_to_or_is_held_needs_no_advice_for_callers():
    told = in_words_of_the_command(
        "clubs.db: check the rights on its folder, or open it with read_only=True to read it"
    )
    assert told == "clubs.db: check the rights on its folder"
    busy = in_words_of_the_command("clubs.db: another writer holds it; try again, or open it with a longer timeout")
    assert busy == "clubs.db: another writer holds it; try again"
