"""Whatever is typed or piped: an exit code, and a line that says what is wrong; no traceback, and nothing changed."""

from __future__ import annotations

import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import time
from hashlib import sha256
from io import StringIO
from pathlib import Path
from shlex import split

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import ledger
from ledger import InitiativeLaunched, MemberJoined, MetricDefined, MetricUpdated, ReportPublished
from ledger.exchange import to_lines
from ledger.faces.cli.commands import mledger
from ledger.recording.codec import NAMES

ID = "01890a5d-ac96-774b-bcce-b302099a8057"

WRONG = [
    "nonsense", "--nonsense",
    "init", "init new.db extra", "init new.db --name Clubs", "init new.db -i club --name Clubs",
    "init new.db -i club",
    "init new.db --effective 2020 --name Clubs", "init new.db --attribute country",
    "record", "record clubs.db", "record clubs.db nonsense", "record clubs.db json-lines a b",
    *(f"record clubs.db {name}" for name in NAMES.values()),
    "record clubs.db member-joined --member a --effective 2020 --nonsense",
    "record clubs.db member-joined --member a --effective 2020 --attribute =Spain",
    "record clubs.db member-joined --member a --effective 2020 --expected-version -1",
    "record clubs.db metric-updated --metric dues --effective 2020",
    "record clubs.db metric-updated --metric dues --effective 2020 --amount 5 --withdrawn",
    "record clubs.db report-published --report r --effective 2020 --claim members",
    "import", "import clubs.db", "import clubs.db nonsense", "import clubs.db members",
    "import clubs.db members club.csv --lenient", "import clubs.db members club.csv --rejects r.csv",
    "import clubs.db members club.csv --attribute city --no-attributes",
    "import clubs.db members club.csv -c city=town", "import clubs.db members club.csv -c start",
    "import clubs.db members club.csv --format xlsx", "import clubs.db values",
    "import clubs.db values club.csv -c x=y",
    "import clubs.db wide club.csv", "import clubs.db wide club.csv --amounts a b", "import clubs.db claims club.csv",
    "import clubs.db claims club.csv --report r --effective 2020 --label one", "import clubs.db records",
    "export", "export clubs.db --after -1", "export clubs.db --after x",
    "retract", "retract clubs.db", f"retract clubs.db {ID}", "correct clubs.db", f"correct clubs.db {ID}",
    f"correct clubs.db {ID} --reason x --unset supporters", f"correct clubs.db {ID} --reason x --name A --unset name",
    "show", "show clubs.db extra", "show clubs.db --by city", "show clubs.db --suspended", "show clubs.db --text",
    "show clubs.db --where city=x --suspended", "show clubs.db --where city=x --by city",
    "series clubs.db --from 2020-01-01 --to 2021-01-01 --where city=x",
    "show clubs.db --counts --total dues", "show clubs.db --counts --member ada",
    "show clubs.db --total dues --member a",
    "show clubs.db --value dues --suspended", "show clubs.db --joined-since 2020-01-01 --suspended",
    "show clubs.db --distinct city --within '2 years'", "show clubs.db --measure members --suspended",
    "show clubs.db --total dues --overlap both", "show clubs.db --counts --where city",
    "show clubs.db --csv --table", "show clubs.db --nl --tsv", "show clubs.db --at",
    "series clubs.db", "series clubs.db --from 2020-01-01",
    "series clubs.db --from 2020-01-01 --to 2021-01-01 --every x",
    "revisions", "revisions clubs.db", "summary", "summary clubs.db --format pdf",
    "chart", "chart clubs.db", "chart clubs.db a.svg --every day",
    "chart clubs.db a.pdf", "page clubs.db a.txt", "page a.html clubs.db",
    "page", "page clubs.db", "page clubs.db a.html b.html", "page clubs.db a.html --metric",
    "compare clubs.db 2020-01-01", "compare clubs.db 2020-01-01 2021-01-01 --text --csv", "why clubs.db 2020-01-01",
    "history clubs.db", "history clubs.db ada --report letter", "history clubs.db --metric dues --report letter",
    "audit", "audit clubs.db --report letter --claims club.csv", "audit clubs.db --claims club.csv -c what=figure",
    "conflicts", "conflicts clubs.db extra",
    "schema member-join extra", "schema member-joined --records", "schema --table",
    "head", "head clubs.db extra", "verify", "verify clubs.db --head", "prove clubs.db", "prove clubs.db x",
    "prove clubs.db 0", "backup clubs.db",
    "serve", "serve clubs.db extra", "serve clubs.db --port http", "serve clubs.db --port 65536",
    "serve clubs.db --get", "serve clubs.db --write",
    # what can never be right, whatever the ledger holds
    "init new.db -i club --name Clubs --effective soon", "init new.db -i '' --name Clubs --effective 2020",
    "record clubs.db member-joined --member a --effective soon",
    "record clubs.db member-joined --member '' --effective 2020",
    "record clubs.db metric-updated --metric dues --effective 2020 --amount kitten",
    "record clubs.db metric-defined --metric x --unit kittens",
    "record clubs.db report-published --report r --effective 2020 --claim kittens 3",
    "record clubs.db member-joined --member a --effective 2020 --id x",
    "record clubs.db member-joined --member a --effective 2020 --recorded-at soon",
    "record clubs.db record-retracted --record ''",
    f"correct clubs.db {ID} --reason x", "correct clubs.db 3 --reason x --effective soon",
    "correct clubs.db 5 --reason x --amount kitten",
    "correct clubs.db kitten --reason x --effective 2020", "retract clubs.db 0 --reason x",
    "retract clubs.db 0189 --reason x",
    "retract clubs.db 3 --reason x --id x", "prove clubs.db kitten", "prove clubs.db 3.5",
    "import clubs.db members club.csv -c member=", "import clubs.db members club.csv --delimiter ab",
    "import clubs.db members club.csv --encoding kittens", "import clubs.db members club.csv --encoding hex",
    "import clubs.db members club.csv --unknown-start soon", "import clubs.db wide club.csv --amounts a dues kittens",
    "import clubs.db wide club.csv --amounts-at a dues EUR soon",
    "import clubs.db claims club.csv --report r --effective soon",
    "import clubs.db claims club.csv --report r --effective 2020 --label a kittens",
    "show clubs.db --at soon", "show clubs.db --at 2020", "show clubs.db --at ''", "show clubs.db -i ''",
    "show clubs.db --known-at soon", "show clubs.db --known-at 2022", f"show clubs.db --known-at {'9' * 20}",
    "show clubs.db --measure nonsense", "show clubs.db --joined-since soon",
    "show clubs.db --total dues --within kittens",
    "show clubs.db --total dues --members-at soon", "show clubs.db --total ''", "show clubs.db --counts --by ''",
    "series clubs.db --from x --to 2021-01-01", "series clubs.db --from 2021-01-02 --to 2021-01-01",
    "revisions clubs.db soon",
    "summary clubs.db --at soon", "summary clubs.db --since soon", "chart clubs.db a.svg --from soon",
    "chart clubs.db x.gif",
    "chart clubs.db a.svg --from 2021-01-02 --to 2021-01-01", "page clubs.db a.html --title ''",
    "compare clubs.db soon 2021-01-01", "compare clubs.db 2020-12-31@2022 2021-12-31",
    "compare clubs.db 2020-12-31@ 2021-12-31",
    "why clubs.db 2020-01-01 later", "history clubs.db ''", "audit clubs.db --known-at soon",
    "conflicts clubs.db --known-at soon",
    "log clubs.db -n x", "log clubs.db -n -1", "log", "names clubs.db kittens", "names", "schema nix",
    "head clubs.db --origin 'a b'",
    "serve clubs.db --get members", "serve clubs.db --get //", "serve clubs.db --get '/\x1b'",
    "serve clubs.db --get '/\udc80'",
]  # fmt: skip


def make(folder):
    with ledger.open(folder / "clubs.db") as book:
        book.initiative("club").record(
            InitiativeLaunched("2019", "Clubs"), MetricDefined("dues", "EUR"),
            MemberJoined("ada", "2020-01-01", attributes={"city": "Bilbao"}), MemberJoined("ben", "2019/2021"),
            MetricUpdated("dues", "2022", "5 EUR", "ada"), ReportPublished("letter", "2022-12-31"), ids=None,
        )  # fmt: skip
    (folder / "club.csv").write_text("member,name,start,end\ncleo,,2020,\n")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(tmp_path)
    return tmp_path


def content(folder):
    """All files, but for the two empty ones that SQLite makes for readers."""
    every = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    return {name: sha256(text).hexdigest() for name, text in every.items() if not (name.endswith(("-wal", "-shm")))}


@pytest.mark.parametrize("line", WRONG)
def test_wrong_usage_is_told_in_one_line_and_changes_nothing(line, folder):
    before = content(folder)
    done = CliRunner().invoke(mledger, split(line))
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    assert "--help)" in done.stderr
    assert content(folder) == before


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("--at", "mledger"), ("show --at", "mledger show"), ("show clubs.db --nl=1", "mledger show"),
        ("show clubs.db --at", "mledger show"), ("page clubs.db a.html --by", "mledger page"),
        ("record clubs.db -x", "mledger record"),
        ("record clubs.db member-left --member", "mledger record DB member-left"),
        ("import clubs.db wide a --amounts b", "mledger import DB wide"),
    ],
)  # fmt: skip
def test_wrong_usage_leads_to_the_help_of_its_own_command(line, command):
    done = CliRunner().invoke(mledger, split(line))
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.endswith(f"(see {command} --help)\n")
    assert CliRunner().invoke(mledger, split(f"{command.removeprefix('mledger')} --help")).exit_code == 0


def test_every_command_was_used_wrongly():
    names = {(name, *under) for name, command in mledger.commands.items() for under in _under(command)}
    used = {tuple(word for word in split(line)[:3] if word not in ("clubs.db", "new.db")) for line in WRONG}
    assert {name for name in names if not any(words[: len(name)] == name for words in used)} == set()


def _under(command):
    return [(name,) for name in command.commands] if hasattr(command, "commands") else [()]


def test_what_is_wrong_with_a_file_is_an_error_in_words(folder):
    (folder / "bad.csv").write_bytes(b"member,name,start,end\n\xff\xfe,,2020,\n")
    (folder / "no.db").write_bytes(b"not a ledger at all, though it is longer than a header of one would be" * 20)
    (folder / "folder").mkdir()
    for line, words in [
        ("import clubs.db members missing.csv", "Error: missing.csv: No such file or directory\n"),
        ("import clubs.db members folder", "Error: folder: Is a directory\n"),
        (
            "import clubs.db members bad.csv",
            "Error: bad.csv, in row 2: byte 0xff is no UTF-8: save it as a CSV file in UTF-8, or say",
        ),
        ("show no.db", "Error: no.db: it is no SQLite file, so no ledger"),
        ("show folder", "Error: "),
        ("show missing.db", "Error: missing.db: there is no ledger: check the path, or make one with mledger init\n"),
        ("record clubs.db json-lines bad.csv", "Error: line 1 or below: byte 0xff is no UTF-8"),
        ("verify clubs.db --head missing.txt", "Error: missing.txt: No such file or directory\n"),
        ("verify clubs.db --head club.csv", "Error: 'member,name,start,end"),
        ("audit clubs.db --claims missing.csv", "Error: missing.csv: No such file or directory\n"),
        ("show clubs.db --total rank", "Error: no metric 'rank' is known"),
        ("history clubs.db dora", "Error: no member 'dora' is known"),
        ("show clubs.db --where City=Bilbao", "Error: no attribute 'City' is known; did you mean 'city'?"),
        ("show clubs.db --counts --by City", "Error: no attribute 'City' is known; did you mean 'city'?"),
        ("chart clubs.db city.svg --by City", "Error: no attribute 'City' is known; did you mean 'city'?"),
        ("summary clubs.db --by City", "Error: no attribute 'City' is known; did you mean 'city'?"),
        ("why clubs.db 2020-01-01 2022-01-01 --distinct land", "Error: no attribute 'land' is known"),
        ("revisions clubs.db 2022-01-01 --by land", "Error: no attribute 'land' is known"),
        ("series clubs.db --from 2020-01-01 --to 2021-01-01 --by land", "Error: no attribute 'land' is known"),
        ("prove clubs.db 99", "Error: no record '99' is known"),
    ]:
        done = CliRunner().invoke(mledger, split(line))
        assert done.exit_code == 1, line
        assert done.stderr.startswith(words), (line, done.stderr)
    done = CliRunner().invoke(mledger, ["import", "clubs.db", "members", "no\0file"])
    assert (done.exit_code, done.stderr) == (1, "Error: no\\x00file is no path: no file can have that name\n")


def test_a_program_that_is_called_by_another_one_raises_instead():
    with pytest.raises(ledger.LedgerError, match="there is no ledger"):
        mledger.main(["show", "missing.db"], standalone_mode=False)
    assert mledger.main(["--help"], standalone_mode=False) == 0


COMMANDS = [
    *([name] for name in mledger.commands),
    *([name, "clubs.db"] for name in mledger.commands),
    *([name, "clubs.db", under] for name in ("record", "import") for under in mledger.commands[name].commands),
]


def leaves():
    """All commands that do something."""
    for command in mledger.commands.values():
        yield from getattr(command, "commands", {"": command}).values()


OPTIONS = [
    option
    for option in sorted({option for command in leaves() for one in command.params for option in one.opts})
    if option.startswith("-")
]
WORDS = [
    "clubs.db", "club.csv", "-", "club", "ada", "dues", "letter", "2021-12-31", "2021", "2022-12-31@3", "city=Bilbao",
    "members", "total dues", "5 EUR", "2 years", "3", ID, "soon", "", "=", "@", "--", "-1", "9" * 30, "\udcff",
    "\x1b[0m",
]  # fmt: skip
# no path that leads out of the folder
typed = st.one_of(st.sampled_from(WORDS), st.text(max_size=8).map(lambda text: text.replace("/", "")))
piped = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([
        b'{"type": "member-joined", "member": "zed", "effective": "2020"}\n',
        b"member,name,start,end\nzed,,2020,\n", b"measure,amount,at\nmembers,2,2020-06-30\n", b'[{"member": 1e400}]',
        b"[" * 5_000, b'{"a":' * 5_000, b'{"type": "member-left", "effective": ' + b"9" * 5_000 + b"}", b'["\\ud800"]',
    ]),
)  # fmt: skip


@given(st.sampled_from(COMMANDS), st.lists(st.one_of(typed, st.sampled_from(OPTIONS)), max_size=7), piped)
def test_whatever_is_typed_and_piped_never_gives_a_traceback(tmp_path_factory, command, more, stdin):
    folder = tmp_path_factory.mktemp("typed", numbered=True)
    make(folder)
    if command[0] == "serve":  # which would serve until it is interrupted
        more = [*more, "--get", "/"]
    here = Path.cwd()
    os.chdir(folder)
    try:
        done = CliRunner().invoke(mledger, [*command, *more], input=stdin)
    finally:
        os.chdir(here)
    assert done.exit_code in (0, 1, 2), done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert "Traceback" not in done.output
    assert done.exit_code == 0 or "Error: " in done.stderr or command[0] in ("audit", "serve")
    assert done.exit_code != 2 or (done.stderr.count("\n"), done.stderr[:7]) == (1, "Error: ")
    with ledger.open(folder / "clubs.db") as book:  # what is there is as it was, and what was added is a ledger's
        assert book.verify().size >= 6


@given(
    st.sampled_from(["members", "values", "claims", "records", "json-lines"]),
    st.sampled_from(["csv", "json", "nl"]),
    piped,
)
def test_whatever_is_piped_into_an_import_never_gives_a_traceback(tmp_path_factory, kind, form, stdin):
    folder = tmp_path_factory.mktemp("piped", numbered=True)
    make(folder)
    db = str(folder / "clubs.db")
    command = ["record", db, kind, "-"] if kind == "json-lines" else ["import", db, kind, "-"]
    command += [] if kind in ("records", "json-lines") else ["--format", form]
    command += ["--report", "r", "--effective", "2022-01-01"] if kind == "claims" else []
    done = CliRunner().invoke(mledger, command, input=stdin)
    assert done.exit_code in (0, 1), done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)


class Terminal(StringIO):
    """A stream before which somebody sits."""

    def isatty(self):
        return True


def end_of(*arguments):
    with pytest.raises(SystemExit) as ended:
        mledger.main(list(arguments))
    return ended.value.code


def test_a_table_on_a_terminal_fits_it_and_loses_nothing(folder, monkeypatch):
    with ledger.open("clubs.db") as book:
        book.initiative("club").record(MemberJoined("cleo", "2021", name="C" * 150))
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERM", "dumb")
    assert end_of("show", "clubs.db", "-t") == 0
    shown = sys.stdout.getvalue()
    assert max(map(len, shown.splitlines())) <= 100
    assert shown.count("C") == 150


def test_it_ends_as_it_should_without_streams_and_with_broken_ones(folder, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", None)
    assert end_of("record", "clubs.db", "json-lines") == 1
    assert capsys.readouterr().err == "Error: there is no standard input to read: give the path of a file\n"
    monkeypatch.setattr(sys, "stdout", None)
    assert end_of("show", "clubs.db") == 0
    assert capsys.readouterr().err == ""


def test_an_interruption_ends_it_with_130(folder, monkeypatch, capsys):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("ledger.book.Ledger.initiatives", interrupted)
    assert end_of("show", "clubs.db") == 130
    assert capsys.readouterr().err.strip() == ""


def test_it_is_the_program_of_the_package(folder, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["mledger", "head", "clubs.db"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("ledger", run_name="__main__")
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("membership-ledger\n6\n")
    importlib.import_module("ledger.__main__")  # which runs nothing


PROGRAM = [sys.executable, "-m", "ledger"]


def test_it_is_a_program_that_reads_a_pipe_and_writes_one(folder):
    event = b'{"type": "member-joined", "member": "cleo", "effective": "2021"}\n'
    done = subprocess.run([*PROGRAM, "record", "clubs.db", "json-lines"], input=event, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["member"] == "cleo"
    export = subprocess.Popen([*PROGRAM, "export", "clubs.db"], stdout=subprocess.PIPE)
    subprocess.run([*PROGRAM, "init", "copy.db"], check=True, capture_output=True)
    done = subprocess.run(
        [*PROGRAM, "import", "copy.db", "records", "-"], stdin=export.stdout, capture_output=True, check=False
    )
    export.stdout.close()
    assert (export.wait(), done.returncode, done.stdout) == (0, 0, b'[{"recorded": 7}]\n')
    done = subprocess.run(
        [*PROGRAM, "record", "clubs.db", "json-lines"], input=b"\xff", capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"Error: line 1 or below: ")


def test_a_reader_that_has_read_enough_is_no_error(folder):
    with ledger.open("clubs.db") as book:
        book.initiative("club").record(*(MemberJoined(f"m{number}", "2021") for number in range(3_000)))
        lines = list(to_lines(book))
    export = subprocess.Popen([*PROGRAM, "export", "clubs.db"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert export.stdout.readline().decode().rstrip("\n") == lines[0]
    export.stdout.close()
    assert export.stderr.read() == b""
    export.stderr.close()
    assert export.wait() == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="it is a device of Linux")
def test_a_disk_that_is_full_is_told(folder, monkeypatch, capsys):
    with Path("/dev/full").open("w", encoding="utf-8") as full:  # which could not be closed if it were still full
        monkeypatch.setattr(sys, "stdout", full)
        assert end_of("show", "clubs.db") == 1
    assert capsys.readouterr().err == "Error: [Errno 28] No space left on device\n"
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*PROGRAM, "show", "clubs.db"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (1, b"Error: [Errno 28] No space left on device\n")


def test_an_output_that_is_closed_and_letters_that_it_has_not_are_no_traceback(folder):
    with ledger.open("clubs.db") as book:
        book.initiative("club").record(MemberJoined("zoë", "2021-01-01"))
    closed = subprocess.run(
        ["sh", "-c", '"$@" >&-', "sh", *PROGRAM, "show", "clubs.db"], capture_output=True, check=False
    )
    assert (closed.returncode, closed.stderr) == (0, b"")
    unread = subprocess.run(
        ["sh", "-c", '"$@" <&-', "sh", *PROGRAM, "record", "clubs.db", "json-lines"], capture_output=True, check=False
    )
    assert (unread.returncode, unread.stderr) == (
        1, b"Error: there is no standard input to read: give the path of a file\n"
    )  # fmt: skip
    with ledger.open("clubs.db") as book:
        book.initiative("club").record(MemberJoined("Жук", "2021-01-01"))
    for encoding, form, shown in [
        ("ascii", "-t", "zoë".encode()), ("ascii", "--nl", "zoë".encode()), ("latin-1", "-t", b"zo\xeb"),
        ("latin-1", "-t", rb"\u0416\u0443\u043a"), ("latin-1", "--nl", "Жук".encode()),
    ]:  # fmt: skip
        command = [*PROGRAM, "show", "clubs.db", "--at", "2021-06-30", form]
        environment = {**os.environ, "PYTHONIOENCODING": encoding}
        done = subprocess.run(command, capture_output=True, env=environment, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        assert shown in done.stdout


def test_a_ctrl_c_ends_it_with_130_and_nothing_is_written(folder):
    before = content(folder)
    command = [*PROGRAM, "record", "clubs.db", "json-lines"]
    waiting = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    waiting.stdin.write(b'{"type": "member-joined", "member": "cleo", "effective": "2021"}\n' * 5)
    waiting.stdin.flush()
    _until_it_reads(waiting.pid)
    waiting.send_signal(signal.SIGINT)
    assert waiting.wait(60) == 130
    assert waiting.stdout.read() == b""
    assert b"Traceback" not in waiting.stderr.read()
    for stream in (waiting.stdin, waiting.stdout, waiting.stderr):
        stream.close()
    assert content(folder) == before


def _until_it_reads(pid):
    # it has taken all its imports, and waits for the rest of its input
    end = time.monotonic() + 60
    while time.monotonic() < end:
        time.sleep(0.1)
        waits = Path(f"/proc/{pid}/wchan")
        if not waits.exists():
            time.sleep(5)
            return
        if "pipe" in waits.read_text():
            return


def test_the_shell_can_complete_commands():
    done = subprocess.run(
        PROGRAM,
        env={**os.environ, "_MLEDGER_COMPLETE": "bash_complete", "COMP_WORDS": "mledger sh", "COMP_CWORD": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "plain,show\n"


@pytest.mark.parametrize("command", ["show", "init", "verify", "import"])
@pytest.mark.parametrize("kind", ["postgresql", "postgres", "postgresql+psycopg"])
def test_the_address_of_a_server_is_refused_by_name_and_not_shown(command, kind):
    done = CliRunner().invoke(mledger, [command, f"{kind}://u:hunter@h/d", *(["members", "x"] * (command == "import"))])
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "the command line works on files, and this is the address of a PostgreSQL server" in done.stderr
    assert "hunter" not in done.output
