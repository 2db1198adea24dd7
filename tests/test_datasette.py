"""A ledger as SQL and Datasette see it: what functions and pages answer is what the library answers, and is text."""

from __future__ import annotations

import asyncio
import csv
import json
import re
import sqlite3
import sys
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from html import unescape
from io import StringIO
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import ledger
from hostile_ledger import EVIL, content, fill
from ledger import (
    MemberJoined,
    Members,
    MetricDefined,
    MetricUpdated,
    Share,
)
from ledger.faces.cli.commands import mledger
from ledger.faces.datasette import answer, datasette_of, functions, plugin, serving
from ledger.faces.datasette.cells import MEMBERS_SHOWN, cell
from ledger.faces.datasette.database import ROWS_SHOWN
from ledger.faces.datasette.functions import FUNCTIONS, Asking
from ledger.faces.datasette.kept import KEPT_MAX, _size
from ledger.faces.datasette.pages import DATABASE, PAGES
from ledger.faces.summary import usual
from ledger.faces.typed import require_attributes, require_span
from ledger.model.errors import BadInput, LedgerError, MissingExtra, NotALedger
from ledger.model.when import instant_text
from ledger.model.wording import worded
from ledger.testing.strategies import ledgers, points, questions


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("served") / "clubs.db")


@pytest.fixture(scope="module")
def book(path):
    with ledger.open(path, read_only=True) as book:
        yield book


@pytest.fixture(scope="module")
def clusters(book):
    return book.initiative("clusters")


def client_of(path):
    """Give a function that gets pages, all of one Datasette, as a browser would."""
    datasette = datasette_of(path)

    def get(page, suffix="", **asked):
        async def fetched():
            await datasette.invoke_startup()
            return await datasette.client.get(page_address(page, suffix, **asked))

        return asyncio.run(fetched())

    get.close = datasette.databases[DATABASE].close
    return get


def page_address(page, suffix="", **asked):
    where = page if page.startswith("/") else f"/{DATABASE}/{page}{suffix}"
    return f"{where}?{urlencode(asked)}" if asked else where


@pytest.fixture(scope="module")
def get(path):
    get = client_of(path)
    yield get
    get.close()


def rows(get, page, **asked):
    found = get(page, ".json", _shape="array", **asked)
    assert found.status_code == 200, found.text
    return found.json()


def plain(value):
    if isinstance(value, Decimal | Fraction):
        return ledger.model.exact.number_text(value)
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return str(value) if isinstance(value, date) else value


def asking(book):
    connection = sqlite3.connect(":memory:", factory=Asking)
    connection.ask(book)
    return connection


def ask(connection, function, *given):
    marks = ", ".join("?" * len(given))
    ((answered,),) = connection.execute(f"select {function}({marks})", given).fetchall()
    return json.loads(answered)


def outcome(question):
    """Give an answer, or the words in which it is refused."""
    try:
        return question()
    except (LedgerError, sqlite3.OperationalError) as error:
        return f"refused: {error}"


# --- the functions ---


def figures(club, state, measure, by=None):
    require_attributes(club, measure, by)
    return state.measure(measure, by=by).to_rows()


def years(club, measure, point, end):
    require_attributes(club, measure, None)
    require_span(point.day, end)
    return club.timeline(measure).series(point.day, end, every="year", known_at=point.known_at).to_rows()


@given(ledgers(initiatives=2, max_size=6), st.data())
def test_every_answer_is_that_of_the_library(book, data):
    connection = asking(book)
    for id in book.initiatives():
        club = book.initiative(id)
        point = data.draw(points(club))
        measure = data.draw(questions(bases=True))
        day, moment = str(point.day), plain(point.known_at)
        state = club.at(point.day, point.known_at)
        pairs = [
            (("ledger_members", id, day, moment), lambda state=state: state.to_rows()),
            (
                ("ledger_figures", id, worded(measure), None, day, moment),
                lambda c=club, state=state, measure=measure: figures(c, state, measure),
            ),
            (
                ("ledger_figures", id, "members", "country", day, moment),
                lambda c=club, state=state: figures(c, state, Members(), "country"),
            ),
            (("ledger_audit", id, "", moment), lambda c=club, k=point.known_at: c.audit(None, k).to_rows()),
            (
                ("ledger_series", id, worded(measure), "", day, "2003-01-01", "year", moment),
                lambda c=club, measure=measure, point=point: years(c, measure, point, "2003-01-01"),
            ),
            *[
                (("ledger_history", id, member, "", ""), lambda c=club, m=member: c.history(m).to_rows())
                for member in state
            ],
        ]
        for asked, answered in pairs:
            assert outcome(lambda asked=asked: ask(connection, *asked)) == outcome(lambda a=answered: plain(a()))
    expected = [
        {"initiative": id, "name": state.name, **plain(state.count().to_rows()[0])}
        for id in book.initiatives()
        for state in [book.initiative(id).at("2001-06-30")]
    ]
    assert ask(connection, "ledger_initiatives", "2001-06-30", "") == expected
    connection.close()


def test_without_a_measure_the_figures_are_the_members_and_each_metric(book, clusters):
    state = clusters.at("2022-12-31")
    expected = [plain(state.measure(measure).to_rows()[0]) for measure in usual(state)]
    assert [row["measure"] for row in expected] == ["Members", "Total co2"]
    assert ask(asking(book), "ledger_figures", "clusters", " ", "", "2022-12-31", None) == expected


def test_a_total_that_cannot_be_formed_is_told_with_its_reason(tmp_path):
    with ledger.open(tmp_path / "u.db") as book:
        book.initiative("union").record(
            MetricDefined("co2", "t"), MemberJoined("eu", "2020-01-01"),
            MemberJoined("spain", "2020-01-01", part_of="eu"),
            MetricUpdated("co2", "2020-01-01", "1 t", "eu"), MetricUpdated("co2", "2020-01-01", "1 t", "spain"),
        )  # fmt: skip
        members, total = ask(asking(book), "ledger_figures", "union", "", "", "2021-01-01", "")
        assert (members["low"], members["high"]) == ("2", "2")
        assert total["measure"] == "Total co2"
        assert "'spain' of 'eu'" in total["problem"]


def test_what_is_left_out_is_today_now_and_the_only_initiative(tmp_path):
    with ledger.open(tmp_path / "one.db") as book:
        club = book.initiative("club")
        (joined,) = club.record(MemberJoined("ada", "2020-01-01"))
        club.record(MemberJoined("ben", "2021-06-01"), MemberJoined("zoe", "9000-01-01"))
        connection = asking(book)
        now = plain(club.today().to_rows())
        assert [row["id"] for row in now] == ["ada", "ben"]
        for nothing in None, "", " ":
            assert ask(connection, "ledger_members", nothing, nothing, nothing) == now
        for moment in joined.position, str(joined.position), instant_text(joined.recorded_at):
            assert [row["id"] for row in ask(connection, "ledger_members", "club", "", moment)] == ["ada"]
        days = [row["at"] for row in ask(connection, "ledger_series", "", "", "", "", "", "", "")]
        assert days == ["2020-01-01", "2021-06-01"]
        every = [
            row["at"] for row in ask(connection, "ledger_series", "", "", "", "2021-01-01", "2021-03-31", "month", "")
        ]
        assert every == ["2021-01-01", "2021-02-01", "2021-03-01"]


def test_a_series_of_what_only_begins_to_be_ends_where_it_begins(tmp_path):
    with ledger.open(tmp_path / "one.db") as book:
        book.initiative("club").record(MemberJoined("zoe", "9000-01-01"))
        assert [row["at"] for row in ask(asking(book), "ledger_series", "", "", "", "", "", "", "")] == ["9000-01-01"]
        book.initiative("never").record(MetricDefined("co2", "t"))
        (row,) = ask(asking(book), "ledger_series", "never", "", "", "", "", "", "")
        assert row["at"] == str(book.initiative("never").today().at)


def test_amounts_are_texts_and_lose_nothing(tmp_path):
    with ledger.open(tmp_path / "one.db") as book:
        book.initiative("club").record(
            MetricDefined("co2", "t"), MemberJoined("a", "2020-01-01"),
            MetricUpdated("co2", "2020-01-01", "0.1234567890123456789 t", "a"),
        )  # fmt: skip
        connection = asking(book)
        (row,) = ask(connection, "ledger_figures", "club", "total co2", "", "2021-01-01", "")
        assert row["low"] == "0.1234567890123456789"
        share = worded(Share(Members(), Members(suspended=True)))
        (row,) = ask(connection, "ledger_figures", "club", share, "", "2021-01-01", "")
        assert (row["low"], row["high"]) == ("1", "1")


WRONG = [
    ("ledger_members", ("cluster", "", ""), "no initiative 'cluster' is known; did you mean 'clusters'?"),
    ("ledger_members", ("", "", ""), "the ledger holds 2 initiatives: chess, clusters; say which one is meant"),
    ("ledger_members", ("clusters", "2022", ""), "'2022' is not one exact day: write it as YYYY-MM-DD"),
    ("ledger_members", ("clusters", 2022, ""), "at=2022 must be a text"),
    ("ledger_members", (b"clusters", "", ""), "initiative=b'clusters' must be a text"),
    ("ledger_members", ("clusters", "", "then"), "'then' is not an instant"),
    ("ledger_members", ("clusters", "", 1.5), "known_at=1.5 must be a text"),
    ("ledger_members", ("clusters", "", -1), "known_at=-1 is no position"),
    ("ledger_figures", ("clusters", "total c02", "", "", ""), "no metric 'c02' is known; did you mean 'co2'?"),
    ("ledger_figures", ("clusters", "total rank", "", "", ""), "'rank'"),
    ("ledger_figures", ("clusters", "how many", "", "", ""), "'how many' is no measure"),
    ("ledger_series", ("clusters", "", "", "2022", "", "", ""), "'2022' is not one exact day"),
    ("ledger_series", ("clusters", "", "", "", "", "hour", ""), "'hour' is no step of a series"),
    ("ledger_series", ("clusters", "", "", "2022-01-02", "2022-01-01", "", ""), "from 2022-01-02 to 2022-01-01"),
    ("ledger_series", ("clusters", "", "Country", "", "", "", ""), "no attribute 'Country' is known; did you mean 'c"),
    ("ledger_figures", ("clusters", "members", "Country", "", ""), "no attribute 'Country' is known; did you mean 'co"),
    ("ledger_figures", ("clusters", "", "Country", "", ""), "no attribute 'Country' is known; did you mean 'country'"),
    ("ledger_members", ("clusters", "", "2022"), "2022 reads as a year: write an instant"),
    ("ledger_audit", ("clusters", "prr", ""), "no report 'prr' is known; did you mean 'pr'?"),
    ("ledger_history", ("clusters", "basqe", "", ""), "no member 'basqe' is known; did you mean 'basque'?"),
    ("ledger_history", ("clusters", "", "", ""), "a history is of something: name a member, a metric or a report"),
    ("ledger_history", ("clusters", "evil", "", "pr"), "report 'pr' was named together with a member or a metric"),
    ("ledger_initiatives", ("2022", ""), "'2022' is not one exact day"),
]  # fmt: skip


@pytest.mark.parametrize(("function", "given", "words"), WRONG, ids=lambda value: str(value)[:40])
def test_what_is_wrong_is_told_in_the_words_of_the_library(book, function, given, words):
    connection = asking(book)
    marks = ", ".join("?" * len(given))
    for query in f"select {function}({marks})", f"select count(*) from json_each({function}({marks}))":
        for take in (
            lambda query=query: connection.execute(query, given).fetchall(),
            lambda query=query: connection.cursor().execute(query, given),
        ):
            with pytest.raises(sqlite3.OperationalError, match=re.escape(words)):
                take()


def test_it_is_told_whichever_way_rows_are_taken(book):
    connection = asking(book)
    query = 'select ledger_members(value, \'\', \'\') from json_each(\'["clusters", "clusters", "clustres", "chess"]\')'
    for take in (
        lambda cursor: [cursor.fetchone(), cursor.fetchone()],
        lambda cursor: cursor.fetchmany(3),
        lambda cursor: cursor.fetchall(),
        lambda cursor: [next(cursor), next(cursor)],
    ):
        cursor = connection.execute(query)
        with pytest.raises(sqlite3.OperationalError, match="no initiative 'clustres' is known"):
            take(cursor)
    with pytest.raises(sqlite3.OperationalError, match="no such table: nowhere"):
        connection.execute("select * from nowhere")
    assert connection.execute("select 1").fetchall() == [(1,)]
    assert type(connection.cursor(sqlite3.Cursor)) is sqlite3.Cursor


def test_no_answer_is_unbounded(book, monkeypatch):
    connection = asking(book)
    asked = ("ledger_series", "clusters", "", "", "0001-01-01", "9999-12-31")
    for step in "day", "week", "month", "quarter", "year":
        with pytest.raises(
            sqlite3.OperationalError, match=f"a series of each {step} from 0001-01-01 to 9999-12-31 has"
        ):
            ask(connection, *asked, step, "")
    assert len(ask(connection, *asked, "change", "")) > 3
    monkeypatch.setattr(functions, "DAYS_MAX", 2)
    with pytest.raises(sqlite3.OperationalError, match="is too long to be shown: give a nearer start or end"):
        ask(connection, *asked, "change", "")
    monkeypatch.undo()
    monkeypatch.setattr(functions, "SECONDS_MAX", -1)
    with pytest.raises(sqlite3.OperationalError, match=r"a series of \d+ days takes too long: give a nearer start"):
        ask(connection, *asked, "change", "")
    monkeypatch.undo()
    monkeypatch.setattr(functions, "ROWS_MAX", 2)
    with pytest.raises(sqlite3.OperationalError, match="the answer has more than 2 rows"):
        ask(connection, *asked, "change", "")
    with pytest.raises(sqlite3.OperationalError, match="the answer has more than 2 rows"):
        ask(connection, "ledger_members", "clusters", "", "")


# --- the pages ---


def test_the_home_page_names_every_initiative_and_leads_to_its_pages(get, clusters):
    page = get("/")
    assert page.status_code == 200
    assert f"3\n      members today ({clusters.today().at})" in page.text
    assert "1\n      member today" in page.text
    links = [unescape(one) for one in re.findall(r'href="(/ledger/[^"]*)"', page.text)]
    assert {"/ledger/figures?initiative=clusters", "/ledger/claims?initiative=chess"} <= set(links)
    assert {get(link).status_code for link in links} == {200}


def test_a_count_that_is_a_range_is_shown_as_one(tmp_path):
    with ledger.open(tmp_path / "one.db") as book:
        book.initiative("club").record(MemberJoined("ada", "2020/9000"), MemberJoined("ben", "2020"))
    get = client_of(tmp_path / "one.db")
    assert "1 to 2\n      members today" in get("/").text
    get.close()


def test_a_ledger_without_records_has_a_home_page(tmp_path):
    ledger.open(tmp_path / "new.db").close()
    get = client_of(tmp_path / "new.db")
    assert "No initiative has records yet." in get("/").text
    assert "the ledger holds no initiative yet" in get("members").text
    get.close()


def test_the_pages_show_what_the_functions_answer(get, clusters):
    state = clusters.at("2022-12-31")
    asked = {"initiative": "clusters", "at": "2022-12-31"}
    assert [(row["member"], row["status"], row["since"]) for row in rows(get, "members", **asked)] == [
        (row["id"], row["status"], row["since"]) for row in state.to_rows()
    ]
    evil, basque = rows(get, "members", **asked)
    assert json.loads(evil["attributes"]) == {"country": EVIL, "site": "https://a.example/x"}
    assert basque["uncertain"].startswith("attribute country: nothing or Spain")
    members, co2 = rows(get, "figures", **asked)
    assert (members["low"], members["high"]) == ("1", "2")
    assert (co2["low"], co2["envelope_high"], json.loads(co2["possibly_missing"])) == ("0.1", None, ["basque"])
    line = clusters.timeline(Members()).series("2022-01-01", "2023-12-31", every="year")
    yearly = rows(get, "timeline", initiative="clusters", start="2022-01-01", end="2023-12-31", every="year")
    assert [(row["at"], row["low"], row["high"]) for row in yearly] == [
        (str(row["at"]), str(row["low"]), str(row["high"])) for row in line.to_rows()
    ]
    assert [row["verdict"] for row in rows(get, "claims", initiative="clusters")] == [
        finding.verdict for finding in clusters.audit()
    ]
    (record,) = rows(get, "history", initiative="clusters", member="a&b")
    assert record["id"] == clusters.history("a&b")[0].record.id
    assert rows(get, "figures", initiative="clusters", at="2022-12-31", known_at="0") == [
        {**members, "low": "0", "high": "0", "members": 0, "reporting": 0, "possible_members": "[]", "oldest": None,
         "envelope_low": "0", "envelope_high": "0", "known_at": "0"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("page", "asked", "words"),
    [
        ("members", {"initiative": "cluster"}, "no initiative 'cluster' is known; did you mean 'clusters'?"),
        ("figures", {"initiative": "clusters", "at": "soon"}, "'soon' is not one exact day"),
        ("figures", {"initiative": "clusters", "measure": "total c02"}, "no metric 'c02' is known"),
        ("timeline", {"initiative": "clusters", "known_at": "2023-01-01"}, "'2023-01-01' is not an instant"),
        ("claims", {"initiative": "clusters", "report": EVIL}, f"no report '{EVIL}' is known"),
        (
            "history",
            {"initiative": "clusters", "member": "basqe"},
            "no member 'basqe' is known; did you mean 'basque'?",
        ),
    ],
)
def test_a_page_says_what_is_wrong_beside_what_was_typed(get, capfd, page, asked, words):
    found = get(page, **asked)
    assert found.status_code == 400
    (told,) = re.findall(r'role="alert">(.*?)</p>', found.text)
    assert words in unescape(told)
    assert EVIL not in found.text
    for value in asked.values():
        assert value in unescape(found.text)
    told = get(page, ".json", **asked).json()
    assert told["ok"] is False
    assert words.partition(" is")[0] in told["error"]
    told = get(page, ".csv", **asked)  # which is not just empty
    assert (told.status_code, words.partition(" is")[0] in told.text) == (400, True)
    assert capfd.readouterr() == ("", "")


def test_a_history_asks_of_what_and_names_what_there_is(get, clusters):
    found = get("history", initiative="clusters")
    assert found.status_code == 200
    assert "Of what?" in found.text
    assert 'role="alert"' not in found.text
    state = clusters.today()
    for name, ids in ("member", state.members), ("metric", state.metrics), ("report", state.reports):
        assert ids
        for id in ids:
            assert PAGES["history"].address({"initiative": "clusters", name: id}) in unescape(found.text)
    assert get("history").status_code == 200
    for form in ".json", ".csv":  # a program is not asked: it would take the answer for no rows
        told = get("history", form, initiative="clusters", member=" ")
        assert told.status_code == 400
        assert "history is of something: give one of member, metric, report" in told.text


@pytest.mark.parametrize(
    "sql",
    [
        "with recursive n(x) as (select 1 union all select x + 1 from n) select count(*) from n",
        (
            "with recursive n(x) as (select 1 union all select x + 1 from n) "
            "select count(ledger_figures('clusters', '', '', '2022-01-01', '')) from n"
        ),
    ],
)
def test_a_query_without_end_is_stopped_and_so_are_the_functions_in_it(get, monkeypatch, sql):
    monkeypatch.setattr("ledger.faces.datasette.database.OWN_LIMIT", 300)
    begun = time.monotonic()
    for form in "", ".json":
        found = get(f"/ledger{form}?{urlencode({'sql': sql})}")
        assert found.status_code == 400
        assert "took too long" in found.text
    assert time.monotonic() - begun < 10
    begun = time.monotonic()
    assert get(f"/ledger.json?{urlencode({'sql': sql, '_timelimit': '50'})}").status_code == 400
    assert time.monotonic() - begun < 5


def test_a_function_that_is_called_when_time_is_over_stops_the_query(book):
    """For SQLite it is one step, and it looks at the clock each thousand of them: by then hours may have passed."""
    asking = sqlite3.connect(":memory:", factory=Asking)
    asking.ask(book)
    query = "select count(ledger_members('clusters', '', '')) from json_each('[1, 2, 3]')"
    left = [0, 1, 0]
    asking.set_progress_handler(lambda: left.pop(0), 1_000)
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        asking.execute(query)
    assert left == [0]
    asking.set_progress_handler(None, 1_000)
    assert asking.execute(query).fetchall() == [(3,)]
    asking.close()


@pytest.mark.parametrize("address", ["/", *(f"/ledger/{name}?initiative=clusters" for name in PAGES)])
def test_what_comes_from_the_ledger_is_text(get, address):
    more = {"/ledger/history?initiative=clusters": ("&member=evil", "&report=pr")}.get(address, ("",))
    for one in more:
        text = get(address + one).text
        assert "&lt;script&gt;" in text
        assert "<script" not in text
        assert not re.findall(r'(?:href|src)="(?!/|https://a\.example|data:,)', text)


def test_only_addresses_of_pages_lead_elsewhere_and_not_out_of_a_name(get):
    history = get("history", initiative="clusters", report="pr").text
    assert '<a href="https://a.example/r.pdf">' in history
    assert 'href="javascript' not in history
    assert '<a href="https://a.example/pr?a=1&amp;b=2">' in get("history", initiative="clusters", member="evil").text
    members = get("members", initiative="clusters").text
    assert 'href="https://b.example"' not in members
    assert '<a href="https://a.example/x">' in members


def test_cells_lead_on_with_what_was_asked(get, clusters):
    members = get("members", initiative="clusters", at="2023-12-31").text
    assert 'href="/ledger/history?initiative=clusters&amp;member=a%26b"' in members
    known = clusters.history(report="pr")[0].record.position
    claims = get("claims", initiative="clusters", known_at=str(known)).text
    link = f"/ledger/figures?initiative=clusters&measure=Members&at=2023-02-01&known_at={known}"
    assert link in unescape(claims)
    assert 'class="low" data-column="low"><span>3<' in get(link).text
    assert 'class="contradicted">contradicted<' in claims
    assert "/ledger/history?initiative=clusters&report=pr" in unescape(claims)
    figures = unescape(get("figures", initiative="clusters").text)
    assert "/ledger/timeline?initiative=clusters&measure=Total+co2" in figures
    assert "/ledger/history?initiative=clusters&member=basque" in figures
    assert ">open<" in figures
    assert ">no<" in figures
    assert ">open<" not in get("timeline", initiative="clusters").text


def test_the_time_machine_of_each_initiative_is_served(get, clusters):
    for page in get("/"), get("figures", initiative="clusters"):
        assert "/-/time-machine?initiative=clusters" in page.text
    found = get("/-/time-machine?initiative=clusters")
    assert (found.status_code, found.headers["content-type"]) == (200, "text/html; charset=utf-8")
    heart, made = re.compile(r"<script.*</script>", re.DOTALL), clusters.page()
    assert len(heart.findall(found.text)[0]) == len(heart.findall(made)[0])
    found = get("/-/time-machine?initiative=cluster")
    assert (found.status_code, "did you mean &#39;clusters&#39;?" in found.text) == (400, True)
    assert "say which one is meant, as in ?initiative=chess-club" in get("/-/time-machine").text


@pytest.mark.parametrize("value", ["'x'", "'{'", "'[1, null]'", "'{\"a\": [1]}'", "7", "2.5", "x'ff'", "null"])
def test_a_query_of_ones_own_may_give_its_columns_the_names_of_those_of_pages(get, value):
    names = [
        "missing",
        "says",
        "attributes",
        "at",
        "verdict",
        "measure",
        "oldest",
        "member",
        "report",
        "low",
        "complete",
    ]
    for some in names, ["verdict", "at"], ["reporting", "measure"]:
        found = get("/ledger", sql=f"select 'club' as initiative, {', '.join(f'{value} as {name}' for name in some)}")
        assert found.status_code == 200


def test_what_is_not_known_is_shown_as_nothing(get):
    page = get("members", initiative="clusters", at="2022-12-31").text
    assert re.search(r'<td class="attributes" data-column="attributes"></td>', page)
    assert re.search(r'<td class="part_of" data-column="part of"></td>', page)


def test_tables_and_other_queries_are_as_datasette_shows_them(get):
    assert "<td" in get("/ledger/records").text
    assert ">1<" in get("/ledger", sql="select 1 as one").text
    error = get("/ledger", sql="select ledger_members('x', '', '')")
    assert (error.status_code, "no initiative &#39;x&#39; is known" in error.text) == (400, True)
    sql = "select value ->> 'id' as member from json_each(ledger_members('clusters', '2022-12-31', ''))"
    assert get("/ledger.json", sql=sql, _shape="arrayfirst").json() == ["evil", "basque"]


def test_an_unknown_total_is_open_only_where_it_is_one(tmp_path):
    path = tmp_path / "u.db"
    with ledger.open(path) as book:
        book.initiative("union").record(
            MetricDefined("co2", "t"), MemberJoined("eu", "2020-01-01"),
            MemberJoined("spain", "2020-01-01", part_of="eu"),
            MetricUpdated("co2", "2020-01-01", "1 t", "eu"), MetricUpdated("co2", "2020-01-01", "1 t", "spain"),
        )  # fmt: skip
    get = client_of(path)
    page = get("figures").text
    assert "&#x27;spain&#x27; of &#x27;eu&#x27;" in page
    assert ">open<" not in page
    get.close()


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/nowhere", 404, "Database not found"),
        ("/ledger/nowhere", 404, "Table not found"),
        ("/ledger/members?_timelimit=x", 400, "invalid literal"),
        ("/ledger?sql=drop+table+records", 400, "Statement must be a SELECT"),
        ("/ledger?_timelimit=1&sql=with+recursive+c(x)+as+(select+1+union+all+select+x%2B1+from+c)+select+*+from+c",
         400, "SQL query took too long"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_told_in_a_sentence_and_not_on_the_terminal(get, capfd, address, status, words):
    found = get(address)
    assert found.status_code == status
    (told,) = re.findall(r'role="alert">(.*?)</p>', found.text)
    assert words in told
    path, _, asked = address.partition("?")
    found = get(f"{path}.json?{asked}")
    assert found.status_code == status
    assert words in found.json()["error"]
    assert capfd.readouterr() == ("", "")


TYPED = st.text(max_size=20) | st.sampled_from(
    ["", "clusters", "pr", "2022-12-31", "3", "members", "total co2", "\0", EVIL, "9999-12-31", "0001-01-01", "country"]
)


@given(page=st.sampled_from(sorted(PAGES)), suffix=st.sampled_from(["", ".json"]), data=st.data())
def test_whatever_is_typed_is_answered_or_refused_in_words(get, page, suffix, data):
    names = [box.name for box in PAGES[page].boxes]
    asked = data.draw(st.dictionaries(st.sampled_from([*names, "_shape", "_size", "_timelimit"]), TYPED))
    found = get(page, suffix, **{name: value.encode("utf-8", "replace") for name, value in asked.items()})
    assert found.status_code in (200, 400, 404)
    assert "Traceback" not in found.text
    assert "user-defined" not in found.text
    assert EVIL not in found.text or suffix


# --- the file ---


def test_nothing_is_written_and_what_is_recorded_meanwhile_is_seen(tmp_path):
    path = fill(tmp_path / "my club's ledger #1?.db")
    before = content(tmp_path)
    get = client_of(path)
    for name in PAGES:
        get(name, initiative="chess")
    for sql in "insert into records values (1)", "attach 'x.db' as x", "pragma user_version = 7":
        assert get("/ledger", sql=sql).status_code == 400
    assert content(tmp_path) == before
    assert [row["member"] for row in rows(get, "members", initiative="chess")] == ["ada"]
    with ledger.open(path) as book:
        book.initiative("chess").record(MemberJoined("ben", "2021-01-01"))
    assert [row["member"] for row in rows(get, "members", initiative="chess")] == ["ada", "ben"]
    assert get("members", initiative="chess").headers["cache-control"] == "no-cache"
    assert get("/ledger.db").status_code in (403, 404)
    get.close()


@pytest.mark.parametrize("address", ["/", "/ledger/members", "/ledger/figures.json", "/-/time-machine"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_what_would_send_something_is_refused(path, capfd, address, method):
    datasette = datasette_of(path)

    async def sent():
        await datasette.invoke_startup()
        return await datasette.client.request(method, address, follow_redirects=False)

    answered = asyncio.run(sent())
    assert (answered.status_code, answered.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert "to be read" in answered.text
    assert capfd.readouterr() == ("", "")
    datasette.databases[DATABASE].close()


def test_datasette_is_given_no_way_to_write(path):
    datasette = datasette_of(path)
    with pytest.raises(sqlite3.OperationalError, match="the ledger is only read here"):
        asyncio.run(datasette.databases[DATABASE].execute_write("delete from records"))
    datasette.databases[DATABASE].close()


def test_a_ledger_that_is_gone_is_told_in_a_sentence(tmp_path):
    path = fill(tmp_path / "clubs.db")
    early, late = client_of(path), client_of(path)
    assert early("/").status_code == 200
    for one in tmp_path.iterdir():
        one.rename(tmp_path / f"gone-{one.name}")
    found = early("/").text
    (told,) = re.findall(r'role="alert">(.*?)</p>', found)
    assert "clubs.db" in told
    assert re.search(r'role="alert">.*clubs\.db', early("members", initiative="chess").text)
    (told,) = re.findall(r'role="alert">(.*?)</p>', late("/").text)
    assert "nothing is there to be read" in told
    early.close()
    late.close()


def test_the_home_page_says_why_there_is_nothing_to_show_and_that_is_not_kept(path, monkeypatch):
    monkeypatch.setattr(serving, "_SETTINGS", {**serving._SETTINGS, "num_sql_threads": 1})  # no other opens it again
    datasette = datasette_of(path)
    database = datasette.databases[DATABASE]

    async def fetched():
        await datasette.invoke_startup()
        before = (await datasette.client.get("/")).text
        opened, database._opened = database._opened, []
        for connection in opened:
            connection.book.close()
        closed = (await datasette.client.get("/")).text
        for connection in opened:
            connection.book = ledger.open(path, read_only=True)
        database._opened = opened
        return before, closed, (await datasette.client.get("/")).text

    before, closed, after = asyncio.run(fetched())
    (told,) = re.findall(r'role="alert">(.*?)</p>', closed)
    assert "closed" in told
    assert before == after
    assert "Clusters" in after
    database.close()


# --- what is kept, and what is many ---


def test_what_is_made_is_made_once_and_anew_when_the_ledger_has_grown(tmp_path):
    path = fill(tmp_path / "clubs.db")
    datasette = datasette_of(path)
    database, made, failing = datasette.databases[DATABASE], [], [True]

    def question(book):
        made.append(book.head.size)
        time.sleep(0.2)
        if failing:
            failing.pop()
            raise BadInput("not yet")
        return len(made)

    async def asked():
        kept = database.kept
        with pytest.raises(BadInput, match="not yet"):
            await kept.answer("it", question)
        assert await asyncio.gather(*(kept.answer("it", question) for _ in range(5))) == [2] * 5
        assert await kept.answer("it", question) == 2
        with ledger.open(path) as book:
            book.initiative("chess").record(MemberJoined("ben", "2021-01-01"))
        assert await kept.answer("it", question) == 3
        assert len(kept._answers) == 1
        for number in range(KEPT_MAX + 5):
            await kept.answer(number, _size)
        assert len(kept._answers) == KEPT_MAX
        assert await kept.answer("it", question) == 4
        stopped = asyncio.create_task(kept.answer("other", lambda _: time.sleep(0.2)))
        await asyncio.sleep(0.1)
        stopped.cancel()  # whoever asked has gone
        assert await kept.answer("other", question) is None

    asyncio.run(asked())
    assert made[1:3] == [made[0], made[0] + 1]
    database.close()


def test_who_looks_at_a_time_machine_is_told_that_it_is_being_made_and_programs_wait(path, monkeypatch):
    datasette = datasette_of(path)
    monkeypatch.setattr(plugin, "PATIENCE", 0.001)

    async def fetched():
        await datasette.invoke_startup()
        address, reader = "/-/time-machine?initiative=clusters", {"accept": "text/html,*/*"}
        first = await datasette.client.get(address, headers=reader)
        whole = await datasette.client.get(address)
        return first, whole, await datasette.client.get(address, headers=reader)

    first, whole, then = asyncio.run(fetched())
    assert (first.status_code, whole.status_code, then.status_code) == (202, 200, 200)
    assert f'<meta http-equiv="refresh" content="{plugin.AGAIN}">' in first.text
    assert whole.text == then.text
    assert "Being made" not in whole.text
    datasette.databases[DATABASE].close()


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A club of many members, each of whom joined on a day of their own, and some of whom may have."""
    path = tmp_path_factory.mktemp("many") / "many.db"
    days = [date(2010, 1, 1) + timedelta(days=2 * number) for number in range(1_100)]
    with ledger.open(path) as book:
        club = book.initiative("club")
        club.record(*(MemberJoined(f"m{number:04}", day) for number, day in enumerate(days)))
        club.record(*(MemberJoined(f"p{number}", "2020/2090") for number in range(MEMBERS_SHOWN + 1)))
    get = client_of(path)
    yield get
    get.close()


def test_a_long_answer_is_shown_in_parts_and_given_whole_to_programs(many):
    ids = [row["member"] for row in rows(many, "members")]
    assert len(ids) == 1_100 + MEMBERS_SHOWN + 1

    def shown(start):
        page = many("members", initiative="club", **({} if start is None else {"_from": start})).text
        return re.findall(r'<td class="member".*?>([mp]\d+)</a>', page), page

    seen, start = [], None
    while start != "":
        found, page = shown(start)
        seen += found
        assert f"Rows {int(start or 0) + 1} to {len(seen)} of {len(ids)}. All of them as" in page
        assert ("Rows before" in page) == (start is not None)
        (start,) = re.findall(r'_from=(\d+)" rel="next"', page) or [""]
    assert seen == ids
    assert shown(None)[0] == ids[:ROWS_SHOWN]
    for odd in "-1", "x", "9" * 20, "²", "":
        assert shown(odd)[0] == ids[:ROWS_SHOWN]
    assert shown(len(ids) + 5)[0] == []
    assert shown(ROWS_SHOWN + 50)[0][0] == ids[ROWS_SHOWN + 50]
    assert '_from=50" rel="prev"' in shown(ROWS_SHOWN + 50)[1]


def test_many_members_in_a_cell_are_their_number_until_they_are_asked_for(many):
    page = many("figures", at="2021-01-01").text
    (cell,) = re.findall(r'<td class="possible_members".*?</td>', page)
    assert f"<details><summary>{MEMBERS_SHOWN + 1} members</summary>" in cell
    assert cell.count("<a href=") == MEMBERS_SHOWN + 1


def test_a_series_without_a_step_has_a_longer_one_where_too_many_days_change_anything(many):
    first, last = "2010-01-01", "2016-12-31"
    assert rows(many, "timeline", start=first, end=last) == rows(many, "timeline", start=first, end=last, every="week")
    with_changes = rows(many, "timeline", start=first, end=last, every="change")
    assert len(with_changes) > functions.CHANGES_MAX
    some = {"start": first, "end": "2011-01-01"}
    assert rows(many, "timeline", **some) == rows(many, "timeline", **some, every="change")
    assert many("timeline").status_code == 200
    years = (1, 30, 70, 200, 900, 5_000)
    steps = [functions._coarser(date(2000, 1, 1), date(2000 + more, 1, 1)) for more in years]
    assert steps == ["week", "month", "month", "quarter", "year", "year"]


def test_days_are_offered_to_be_chosen(get):
    page = get("timeline", initiative="clusters").text
    today = datetime.now(UTC).date()
    for box in "start", "end":
        (options,) = re.findall(rf'<datalist id="options-{box}">(.*?)</datalist>', page)
        assert f'<option value="{today.year - 1}-12-31">' in options
    assert '<datalist id="options-at">' in get("members", initiative="clusters").text


def test_what_a_record_says_is_told_in_words_however_deep_it_lies():
    says = {"attributes": {"city": "<b>", "tier": None}, "gone": None, "claims": [{"text": "x"}, {"text": "y"}],
            "names": ["a", "b"], "additive": False, "nonnegative": True, "count": 3}  # fmt: skip
    assert cell({"initiative": "club"}, "says", json.dumps(says)) == (
        "<dl><dt>attributes</dt><dd>city: &lt;b&gt;<br>tier: none</dd><dt>claims</dt><dd>text: x<br>text: y</dd>"
        "<dt>names</dt><dd>a, b</dd><dt>additive</dt><dd>no</dd><dt>nonnegative</dt><dd>yes</dd>"
        "<dt>count</dt><dd>3</dd></dl>"
    )
    assert cell({"initiative": "club"}, "says", "{}") == ""
    assert cell({"initiative": "club"}, "says", "[1]") == "[1]"


def test_a_file_in_the_place_of_the_ledger_is_told_in_a_sentence(tmp_path):
    path = fill(tmp_path / "clubs.db")
    get = client_of(path)
    assert get("/").status_code == 200
    path.rename(tmp_path / "elsewhere.db")
    path.write_bytes(b"something else")
    for page in get("/"), get("members", initiative="chess"):
        (told,) = re.findall(r'role="alert">(.*?)</p>', page.text)
        assert "clubs.db" in told
    get.close()


def test_another_datasette_in_the_process_is_left_alone(path):
    from datasette.app import Datasette

    other = Datasette(memory=True)

    async def fetched():
        await other.invoke_startup()
        home = await other.client.get("/")
        gone = await other.client.get("/nowhere")
        cell = await other.client.get("/_memory?sql=select+'x'+as+initiative")
        machine = await other.client.get("/-/time-machine")
        assert "to be read" not in (await other.client.post("/_memory")).text
        assert machine.status_code == 404
        return home.text, gone.text, cell.text

    home, gone, cell = asyncio.run(fetched())
    assert "Datasette" in home
    assert "ledger.css" not in home + gone + cell
    assert ">x<" in cell


def test_datasette_must_be_installed(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "datasette.app", None)
    with pytest.raises(MissingExtra, match=r"pip install 'membership-ledger\[datasette\]'"):
        datasette_of(path)


def test_one_page_is_given_as_text(path, tmp_path):
    status, text = answer(path, "/ledger/members.json?initiative=chess&_shape=array")
    assert status == 200
    assert [row["name"] for row in json.loads(text)] == ["Ada"]
    status, text = answer(path, "/ledger/members.json?initiative=ches")
    assert status == 400
    assert "did you mean 'chess'?" in json.loads(text)["error"]
    for wrong in "ledger/members", "http://a.example/", 7:
        with pytest.raises(BadInput, match="is no address of a page: it begins with a /"):
            answer(path, wrong)
    (tmp_path / "no.db").write_bytes(b"no")
    with pytest.raises(NotALedger):
        answer(tmp_path / "no.db", "/")


def test_texts_that_a_spreadsheet_takes_for_formulas_are_given_as_they_were_recorded(tmp_path):
    names = ['=HYPERLINK("http://a.example","x")', "+1+1", "-2", "@SUM(A1)", "'=1"]
    path = tmp_path / "club.db"
    with ledger.open(path) as book:
        book.initiative("club").record(*(MemberJoined(f"m{at}", "2020", name=name) for at, name in enumerate(names)))
    _, text = answer(path, "/ledger/members.csv?at=2021-12-31")
    shown = CliRunner().invoke(mledger, ["show", str(path), "--at", "2021-12-31", "--csv"]).stdout
    for written in text, shown:
        assert [row["name"] for row in csv.DictReader(StringIO(written))] == names


def test_the_docstring_names_every_function_with_its_arguments():
    from inspect import signature

    for name, function in FUNCTIONS.items():
        arguments = ", ".join(list(signature(function).parameters)[1:])
        assert f"    {name}({arguments})\n" in functions.__doc__
