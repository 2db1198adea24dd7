"""What a notebook shows of a result: small tables, in which everything is text; and the notebook of the examples."""

import json
import os
import re
import subprocess
import sys
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
)
from ledger.faces.notebook import ROWS_MAX, html_of
from ledger.model.tables import Rows
from ledger.testing import ledger_of
from ledger.testing.strategies import ledgers, points

TESTS = Path(__file__).parent
NOTEBOOK = TESTS.parent / "examples" / "notebook.ipynb"
SCRIPT = "<script>alert(1)</script>"
ALLOWED = {"div", "p", "strong", "table", "thead", "tbody", "tr", "th", "td"}


class Page(HTMLParser):
    """What a browser would make of it: the tags, the texts, and the tables."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.open, self.table, self.texts = set(), [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.open.append(tag)
        assert {name for name, _ in attributes} <= {"style"}
        assert not re.search(r"url|expression|import", "".join(value for _, value in attributes))
        if tag == "tr":
            self.table.append([])
        elif tag in ("td", "th"):
            self.table[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        if self.open[-1:] in (["td"], ["th"]):
            self.table[-1][-1] += text
        else:
            self.texts.append(text)

    def handle_comment(self, text):
        raise AssertionError(text)

    handle_decl = handle_pi = unknown_decl = handle_comment


def shown(result):
    """What is shown: the texts around it, and the table with its heading."""
    page = Page(result._repr_html_())
    assert page.tags <= ALLOWED
    return page.texts, page.table


@pytest.fixture
def club():
    with ledger.open(":memory:") as book:
        club = book.initiative("chess-club")
        club.record(
            InitiativeLaunched("2020-09-01", name=f"Club {SCRIPT}"),
            MetricDefined("dues", "EUR/year", nonnegative=True),
            MemberJoined("ada", "2020-09-01", name=SCRIPT, attributes={SCRIPT: SCRIPT}),
            MemberJoined("ben", "2021-03-15", name="Ben", attributes={"city": "Bilbao"}),
            MemberJoined("cleo", "2022/2022-06", attributes={"city": "Lagos"}),
            MemberJoined("dora", "2021-01-01", name="&amp; \"'"),
            MemberSuspended("dora", "2022-03-01", reason=f"{SCRIPT}\n\n\x1b[31m\u202e"),
            MetricUpdated("dues", "2022-01-10", "120.50 EUR/year", member="ada"),
            MetricUpdated("dues", "2022-01-10", "> 100 EUR/year", member="ben"),
            ReportPublished(
                SCRIPT, "2022-12-31", title=SCRIPT,
                claims=[Claim(Members(), "3", text=SCRIPT), Claim(Total("dues"), "9 EUR/year", definition=SCRIPT)],
            ),
            source=SCRIPT, recorded_at="2023-01-01T12:00:00Z",
        )  # fmt: skip
        club.record(
            MemberLeft("ben", "2022-12-01", reason=SCRIPT),
            MetricUpdated("dues", "2022-01-10", "99 EUR/year", member="ada"),
            source=f"{SCRIPT}2", recorded_at="2023-02-01T12:00:00Z",
        )  # fmt: skip
        yield club


def test_a_state_shows_its_members_and_leaves_out_what_nobody_has(club):
    texts, table = shown(club.at("2022-03-31"))
    assert texts == [f"Club {SCRIPT}, 2022-03-31: 2 members, 1 possible, 1 suspended"]
    assert table == [
        ["id", "name", "status", "since", SCRIPT, "city", "uncertain"],
        ["ada", SCRIPT, "certain", "2020-09-01", SCRIPT, "", ""],
        ["ben", "Ben", "certain", "2021-03-15", "", "Bilbao", ""],
        ["cleo", "cleo", "possible", "2022-01-01/2022-03-31", "", "", "attribute city: nothing or Lagos"],
        ["dora", "&amp; \"'", "suspended", "2021-01-01", "", "", ""],
    ]
    assert shown(club.at("2020-12-31"))[0] == [f"Club {SCRIPT}, 2020-12-31: 1 member"]
    assert shown(club.at("2022-03-31").members)[0] == ["2 certain members"]
    assert shown(club.at("2020-01-01")) == (["chess-club, 2020-01-01: 0 members"], [])


def test_a_figure_shows_what_it_is_of_and_what_it_rests_on(club):
    state = club.at("2022-03-31")
    assert shown(state.total("dues")) == (
        ["Total dues, 2022-03-31: >= 199 EUR/year (2 of 2 report)"],
        [
            [
                "low",
                "high",
                "unit",
                "complete",
                "members",
                "reporting",
                "possible_members",
                "possibly_missing",
                "oldest",
            ],
            ["199", "open", "EUR/year", "no", "2", "2", "cleo", "cleo", "2022-01-10"],
        ],
    )
    texts, table = shown(state.count(by="city"))
    assert texts == ["Members, 2022-03-31, 3 groups"]
    assert [row[:3] for row in table] == [
        ["group", "low", "high"], ["Bilbao", "1", "1"], ["Lagos", "0", "1"], ["", "1", "1"],
    ]  # fmt: skip
    by = {"city": {"Bilbao": "b", "Lagos": "l"}}
    texts, table = shown(state.measure(Share(Members({"city": "Bilbao"}), Members()), by=by))
    assert texts[0].endswith(", 2022-03-31, 3 groups")
    book = ledger_of(("club", *(MemberJoined(id, "2020", attributes={"city": id}) for id in "abc")))
    assert shown(book.initiative("club").at("2021-01-01").shares(Members(), by="city"))[1][1][:2] == [
        "a", "0.333333333333333…",
    ]  # fmt: skip


def test_series_and_revisions_say_of_what_they_are(club):
    line, groups = club.timeline(Members()), club.timeline(Members(), by={"city": {"Bilbao": "b", "Lagos": "l"}})
    assert shown(line.series("2021-12-31", "2022-12-31", every="year")) == (
        ["Members, 2021-12-31 to 2022-12-31"],
        [["at", "low", "high", "complete"], ["2021-12-31", "3", "3", "yes"], ["2022-12-31", "2", "2", "yes"]],
    )
    assert shown(line.series("2022-12-31", "2021-12-31"))[0] == ["Members, no days"]
    assert shown(groups.series("2022-12-31", "2022-12-31"))[0] == ["Members, by city, 2022-12-31 to 2022-12-31"]
    assert shown(club.timeline(Members(), by="city").revisions("2022-12-31"))[0] == [
        "Members, by city, 2022-12-31: 2 beliefs"
    ]
    assert shown(line.revisions("2022-12-31"))[1] == [
        ["known_at", "position", "low", "high", "complete"],
        ["2023-01-01T12:00:00.000000Z", "10", "3", "3", "yes"],
        ["2023-02-01T12:00:00.000000Z", "12", "2", "2", "yes"],
    ]


def test_changes_leave_out_what_others_imply_and_say_what_is_possible(club):
    changes = club.compare("2021-12-31", "2022-03-31")
    texts, table = shown(changes)
    assert texts == ["2021-12-31 -> 2022-03-31"]
    assert table[0] == ["kind", "id", "name", "before", "after", "vanished"]
    assert ["joined", "cleo", "", "none yet", "none yet or active", "no"] in table
    assert len(table) - 1 == sum(not change.implied for change in changes) < len(changes)
    assert shown(club.compare("2022-01-10", "2022-01-10")) == (["2022-01-10 -> 2022-01-10: nothing changed"], [])


def test_why_and_its_bridge_say_from_what_to_what(club):
    why = club.why(Members(), "2020-12-31", "2022-03-31")
    texts, table = shown(why)
    assert texts == ["Members: from 1 on 2020-12-31 to 2..3 on 2022-03-31"]
    assert table[0] == ["kind", "subject", "after", "low_change", "high_change"]
    texts, table = shown(why.bridge())
    assert texts == ["Members"]
    assert table[1] == ["opening", "1", "1", "", "2020-12-31"]
    assert shown(club.why(Total("dues"), "2020-12-31", "2022-03-31").bridge())[0] == ["Total dues, in EUR/year"]


def test_findings_conflicts_and_histories_are_for_reading(club):
    texts, table = shown(club.audit())
    assert texts == ["2 claims: 1 contradicted, 1 not comparable"]
    assert table[0] == ["report", "measure", "at", "claimed", "verdict", "figure", "restated", "text", "sentence"]
    assert table[1][:2] == [SCRIPT, "Members"]
    assert shown(club.audit(claims=[])) == (["0 claims"], [])
    assert shown(club.conflicts()) == (
        ["1 conflict"],
        [
            ["measure", "earliest", "latest", "amounts", "sources"],
            ["Value dues of ada", "2022-01-10", "2022-01-10", "120.50 EUR/year, 99 EUR/year", f"{SCRIPT}, {SCRIPT}2"],
        ],
    )
    texts, table = shown(club.history("dora"))
    assert texts == ["2 records"]
    assert table[0] == ["position", "event", "says", "effective", "recorded_at", "source"]
    assert table[2][2] == f"member: dora; effective: 2022-03-01; reason: {SCRIPT} \ufffd[31m\ufffd"
    texts, table = shown(club.history(report=SCRIPT))
    assert "claims: measure: " in table[1][2]


def test_a_single_thing_is_a_table_of_one_row(club):
    state = club.at("2022-03-31")
    assert shown(state["ada"]) == (
        [SCRIPT],
        [
            ["id", "name", "since", SCRIPT, "statuses", "values"],
            ["ada", SCRIPT, "2020-09-01", SCRIPT, "active", "dues: 99 EUR/year"],
        ],
    )
    assert shown(state.possible_members["cleo"])[1] == [
        ["id", "name", "since", "uncertain", "statuses"],
        ["cleo", "cleo", "2022-01-01/2022-03-31", "attribute city: nothing or Lagos", "none yet, active"],
    ]
    for several, heading in (
        (club.audit(), "Members, 2022-12-31: contradicted"),
        (club.conflicts(), "Conflict"),
        (club.history("dora"), "HistoryEntry"),
        (club.why(Members(), "2020-12-31", "2022-03-31"), "Effect"),
    ):
        [first, *_] = getattr(several, "effects", several)
        texts, table = shown(first)
        assert texts == [heading]
        of_all = shown(several)[1]
        told = {name: cell for name, cell in zip(of_all[0], of_all[1], strict=True) if cell}
        assert dict(zip(*table, strict=True)) == told
    [record, *_] = club.records()
    assert shown(record)[0] == ["Record"]


def test_what_members_add_to_a_figure_is_a_table(club):
    parts = club.at("2022-03-31").explain(Total("dues"))
    assert shown(parts) == (
        ["Total dues, 2022-03-31: 3 members"],
        [
            ["member", "low", "high", "unit", "certain", "missing"],
            ["ada", "99", "99", "EUR/year", "yes", "no"],
            ["ben", "100", "open", "EUR/year", "yes", "no"],
            ["cleo", "0", "0", "EUR/year", "no", "yes"],
        ],
    )
    assert shown(parts[:1])[0] == ["Total dues, 2022-03-31: 1 member"]
    assert shown(parts[1])[1][1] == ["ben", "100", "open", "EUR/year", "yes", "no"]
    assert shown(club.at("2022-03-31").explain(Distinct("city")))[1][0][-1] == "values"
    [row, *_] = parts.to_rows()
    assert (row["member"], row["low"], row["records"]) == ("ada", 99, [ref.id for ref in parts[0].records])


def test_a_long_table_says_how_many_rows_are_not_shown():
    joined = [MemberJoined(f"m{n:02}", "2020", attributes={"city": f"c{n:02}"}) for n in range(ROWS_MAX + 2)]
    book = ledger_of(("club", *joined))
    club = book.initiative("club")
    texts, table = shown(club.at("2021-01-01"))
    assert texts[1:] == ["2 more rows, not shown."]
    assert len(table) == 1 + ROWS_MAX
    assert shown(club.at("2021-01-01").members)[1] == table
    line = club.timeline(Members())
    assert shown(line.series("2021-01-01", "2021-01-20", every="day"))[0][1:] == []
    assert shown(line.series("2021-01-01", "2021-01-21", every="day"))[0][1:] == ["The first 20 rows, of 21 days."]
    groups = club.timeline(Members(), by="city").series("2021-01-01", "2021-01-01")
    assert shown(groups)[0][1:] == ["The first 20 rows, of 1 day."]
    names = shown(club.compare("2019-12-31", "2021-01-01"))[0]
    assert names[1].endswith("more rows, not shown.")


def test_long_texts_and_lists_are_cut():
    book = ledger_of(("club", *(MemberJoined(f"m{n}", "2020/2021", name="n" * 150) for n in range(9))))
    state = book.initiative("club").at("2020-12-31")
    [heading, row] = shown(state.count())[1]
    assert row[heading.index("possible_members")] == "m0, m1, m2, m3, m4 and 4 more"
    name = shown(book.initiative("club").history("m0"))[1][1][2]
    assert name.startswith("member: m0; effective: 2020/2021; name: nnn")
    assert len(name) == len("member: m0; effective: 2020/2021; name: ") + 150
    club = ledger_of(("club", MemberJoined("ada", "2020"), MemberLeft("ada", "2021", reason="n" * 300))).initiative(
        "club"
    )
    left = shown(club.history("ada"))[1][2][2]
    assert (len(left), left[-2:]) == (201, "n…")


def test_what_cannot_be_read_any_more_says_so_and_fails_no_notebook(tmp_path):
    with ledger.open(tmp_path / "club.db") as book:
        book.initiative("club").record(MemberJoined("ada", "2020"))
        line = book.initiative("club").timeline(Members())
        figure, series = line.at("2021-01-01"), line.series("2021-01-01", "2021-01-02")
    [text] = Page(figure._repr_html_()).texts
    assert text.startswith("Figure: ")
    assert "closed" in text
    assert shown(series)[1]
    assert html_of(Rows("abc")).startswith("<p>Rows: ")


def test_it_needs_no_library_of_an_extra():
    code = (
        "import sys; blocked = dict.fromkeys(['pyarrow', 'jinja2', 'markupsafe', 'altair', 'IPython']); "
        "sys.modules.update(blocked); import ledger; from ledger.testing.ledgers import ledger_of; "
        "club = ledger_of(('club', ledger.MemberJoined('ada', '2020'))).initiative('club'); "
        "print(len(club.at('2021-01-01')._repr_html_()), len(club.at('2021-01-01').to_rows()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@given(ledgers(), st.data())
def test_whatever_was_recorded_is_text(book, data):
    club = book.initiative("clusters")
    point, other = data.draw(points(club)), data.draw(points(club))
    state = club.at(point.day, point.known_at)
    line = club.timeline(Members(), by="country")
    for result in (
        state, state.former, *state.members.values(), state.explain(Members()), state.count(),
        state.count(by="country"), club.audit(), *club.audit(), club.conflicts(), *club.conflicts(),
        club.compare((point.day, point.known_at), other.day), line.revisions(point.day),
        club.why(Members(), (point.day, point.known_at), other.day),
        line.series(point.day, date.max, every="change"),
    ):  # fmt: skip
        shown(result)


def test_the_notebook_of_the_examples_runs_in_a_kernel_and_shows_what_it_shows(tmp_path):
    command = [sys.executable, str(TESTS / "notebooks.py"), str(tmp_path / "run.ipynb")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env={**os.environ})
    assert done.returncode == 0, done.stderr
    stored, found = (json.loads(path.read_text("utf-8"))["cells"] for path in (NOTEBOOK, tmp_path / "run.ipynb"))
    assert [cell["source"] for cell in found] == [cell["source"] for cell in stored]
    ours = [[html for html in map(_html, cells) if html.startswith("<div><p><strong>")] for cells in (stored, found)]
    assert ours[0] == ours[1], "run python tests/notebooks.py"
    assert any("17 members" in html for html in ours[1])
    assert [len(cell.get("outputs", [])) for cell in found] == [len(cell.get("outputs", [])) for cell in stored]


def _html(cell):
    return "".join("".join(output.get("data", {}).get("text/html", "")) for output in cell.get("outputs", []))


def test_the_notebook_names_no_machine():
    text = NOTEBOOK.read_text("utf-8")
    assert not re.search(r"/(?:home|root|tmp|work|Users)\b|Traceback|\.venv", text)
    assert all(cell["metadata"] == {} for cell in json.loads(text)["cells"])


def test_supporters_that_are_none_are_said_to_be():
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        club.record(ledger.InitiativeLaunched("2020/2021", name="Club"))
        shown = club.compare("2019-01-01", "2020-06-01")._repr_html_()
        assert "nothing or none" in shown
        assert "nothing or <" not in shown
