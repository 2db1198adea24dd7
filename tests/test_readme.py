"""The README and the guides are run as they are printed."""

import os
import re
import sqlite3
import subprocess
import sys
from inspect import getdoc
from pathlib import Path

import pytest

import browsing
from ledger.testing import laws

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
GUIDES = sorted((ROOT / "examples").glob("*.md"))

_BLOCK = re.compile(r"^(?:<!-- (file|run)(?:: (\S+))? -->\n)?```(python|sh|text)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_BEGINNING = "import subprocess, sys; from pathlib import Path\n"
_APART = f"sys.path.append({str(Path(sys.prefix) / 'apart')!r})\n"
"""Where Ibis is, for the guide that needs it."""


def _script(page: str) -> str:
    """Make one script of a page: python blocks as they are; those that are marked are written to a file, or are run.

    Only of how many examples is less than the page says: the laws themselves are looked at long enough elsewhere.
    """
    steps = [_BEGINNING, _APART if "\nimport ibis\n" in page else ""]
    for mark, name, language, printed in _BLOCK.findall(page):
        code = re.sub(r"max_examples=(?:5|10)\b", "max_examples=1", printed)
        if mark == "file":
            steps.append(f"_ = Path({name!r}).write_text({code!r}, 'utf-8')\n")
        elif mark == "run":
            steps.append(f"sys.stdout.flush(); _ = subprocess.run({code!r}, shell=True)\n")
        elif language == "python":
            steps.append(code)
    return "".join(steps)


def _run(folder: Path, page: str = README) -> str:
    # as for a newcomer: without what a CI sets, with the commands of this environment and the examples side by side
    environment = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("PYTEST")}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    paths = [str(ROOT / "examples"), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment["PYTHONPATH"] = os.pathsep.join(paths)
    command = [sys.executable, "-c", _script(page)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("path", [ROOT / "README.md", *GUIDES], ids=lambda path: path.name)
def test_the_python_blocks_print_what_the_page_says(path, tmp_path):
    page = path.read_text("utf-8")
    shown = [code for _, _, language, code in _BLOCK.findall(page) if language == "text"]
    assert _run(tmp_path, page) == "".join(shown)


def test_the_guide_lists_every_law_by_its_docstring():
    lines = ["| law | what it says | in algebra |", "|---|---|---|"]
    for law in laws.ALL:
        sentence, _, algebra, *_ = getdoc(law).splitlines()
        lines.append(f"| `{law.__name__}` | {sentence} | `{algebra.split('. ')[0].removesuffix('.')}` |")
    table = "\n".join(lines)
    assert table in (ROOT / "examples" / "property_test_your_totals.md").read_text("utf-8"), table


def test_the_pages_link_to_what_is_there():
    for path in [ROOT / "README.md", *GUIDES]:
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text("utf-8")):
            assert (path.parent / link).exists(), f"{path.name}: {link}"


def _anchors(page: str) -> set[str]:
    """The names by which its headings are linked to, as GitHub makes them."""
    text = re.sub(r"^```.*?^```$", "", page, flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_pages_link_to_headings_that_are_there():
    linked = 0
    for path in [ROOT / "README.md", *GUIDES]:
        for page, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", path.read_text("utf-8")):
            there = path.parent / page if page else path
            assert anchor in _anchors(there.read_text("utf-8")), f"{path.name}: {page}#{anchor}"
            linked += 1
    assert linked >= 3


def test_the_queries_for_the_sqlite_shell_work_on_the_file_of_their_guide(tmp_path):
    guide = (ROOT / "examples" / "the_file.md").read_text("utf-8")
    _run(tmp_path, guide)
    queries = re.findall(r'sqlite3 -box clubs\.db "(.*?)"', guide)
    assert len(queries) == 2
    with sqlite3.connect(tmp_path / "clubs.db") as connection:
        members, records = (connection.execute(query).fetchall() for query in queries)
    assert [member for member, *_ in members] == ["ada", "ben"]
    assert [kind for _, kind, *_ in records] == ["member-joined", "metric-updated"]


def _commands(page: str) -> dict[str, str]:
    found = re.findall(r"<!-- command: (\w+) -->\n```sh\n(.*?)```", page, re.DOTALL)
    return {mark: command.strip() for mark, command in found}


def test_ci_runs_the_commands_of_the_readme():
    shown = _commands(README)
    assert shown.keys() == {"try", "test", "browser", "fuzz", "docs"}
    timed = _commands((ROOT / "examples" / "how_fast.md").read_text("utf-8"))
    assert timed.keys() == {"bench", "travel"}
    assert all("\n" not in command for command in [*shown.values(), *timed.values()])
    ci = (ROOT / ".ci" / "run").read_text("utf-8")
    body = re.search(r"readme_command\(\) \{\n(.*?)\n\}", ci, re.DOTALL)
    assert body
    assert shown["browser"] == browsing.COMMANDS
    assert all(command in ci for command in shown["browser"].split(" && "))
    for name in ("try", "test"):
        assert f'"$(readme_command {name})"' in ci
        command = f"set -- {name}\n{body[1]}"
        found = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
        assert found.stdout.strip() == shown[name]


def test_nothing_but_the_agreed_stands_at_the_top_level():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    top = {line.split("/")[0] for line in listed.splitlines()} - {""}
    agreed = {"pyproject.toml", "README.md", "ledger", "examples", "tests", "LICENSE", "CHANGELOG.md"}
    assert {name for name in top if not name.startswith(".")} == agreed


def test_the_example_prints_8_and_17_and_keeps_its_ledger_where_it_says(tmp_path):
    command = [sys.executable, str(ROOT / "examples" / "industrial_clusters.py")]
    first, again = (
        subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, env={**os.environ}).stdout
        for _ in range(2)
    )
    assert "8 members the day before, 17 on the day" in first
    assert again == first
    assert [path.name for path in tmp_path.glob("*.db")] == ["industrial-clusters.db"]
    assert "industrial-clusters.db" in first
