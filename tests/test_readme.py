"""The README is run as it is printed."""

import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def _run(folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", "".join(_blocks("python"))], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_python_blocks_print_what_the_readme_says(tmp_path):
    assert _run(tmp_path) == "".join(_blocks("text"))


def test_the_queries_for_the_sqlite_shell_work_on_the_file_of_the_first_example(tmp_path):
    _run(tmp_path)
    queries = re.findall(r'sqlite3 -box clubs\.db "(.*?)"', README)
    assert len(queries) == 2
    with sqlite3.connect(tmp_path / "clubs.db") as connection:
        members, records = (connection.execute(query).fetchall() for query in queries)
    assert [member for member, *_ in members] == ["ada", "cleo", "dora", "eve"]
    assert [kind for _, kind, *_ in records] == ["member-joined", *["metric-updated"] * 3]


def test_ci_runs_the_commands_of_the_readme():
    shown = {
        mark: command.strip()
        for mark, command in re.findall(r"<!-- command: (\w+) -->\n```sh\n(.*?)```", README, re.DOTALL)
    }
    assert shown.keys() == {"try", "test", "sqlite", "bench", "travel"}
    assert all("\n" not in shown[name] for name in ("try", "test", "bench", "travel"))
    ci = (ROOT / ".ci" / "run").read_text("utf-8")
    body = re.search(r"readme_command\(\) \{\n(.*?)\n\}", ci, re.DOTALL)
    assert body
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
