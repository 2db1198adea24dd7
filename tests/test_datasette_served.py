"""A ledger served to a real browser, by a real server: from the home page to the answer, by a reader's own steps."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from contextlib import contextmanager
from html import unescape
from urllib.request import urlopen

import pytest
from click.testing import CliRunner
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

import ledger
from browsing import SIZES
from hostile_ledger import EVIL, content, fill
from ledger.faces.cli.commands import mledger
from ledger.faces.datasette import serve
from ledger.faces.datasette.pages import PAGES
from ledger.model.errors import BadInput


@contextmanager
def served(path):
    """Serve a ledger as a user would, in a process of its own, and give where; it must end quietly."""
    command = [sys.executable, "-u", "-m", "ledger", "serve", str(path), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        try:
            line = server.stdout.readline()
            (home,) = re.findall(r"http://127\.0\.0\.1:\d+", line)
            yield home
            server.send_signal(signal.SIGINT)
            assert server.communicate(timeout=60) == ("", "")
            assert server.returncode == 0
        finally:
            server.kill()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("served") / "clubs.db")


@pytest.fixture(scope="module")
def home(path):
    with served(path) as home:
        yield home


def fetched(address):
    with urlopen(address) as answer:
        return answer.read().decode()


def go(browser, act, *given):
    """Do what leads to another page, and wait until that is there."""
    browser.run("window.left = true")
    act(*given)
    arrived = "return window.left === undefined && document.readyState === 'complete'"
    WebDriverWait(browser.driver, 60).until(lambda _: browser.run(arrived))


def follow(browser, words):
    """Follow the link that reads like this."""
    go(browser, browser.driver.find_element("link text", words).click)


def ask(browser, **typed):
    """Type into boxes, and press Enter in the last of them."""
    for name, text in typed.items():
        box = browser.find(f"#box-{name}")
        box.clear()
        box.send_keys(text)
    go(browser, box.send_keys, Keys.ENTER)


def test_from_home_to_the_members_of_a_day_and_on_to_one_of_them(browser, home, path):
    browser.open(f"{home}/")
    follow(browser, f"Clusters {EVIL}")
    assert browser.texts("h1") == [f"Clusters {EVIL}\nFigures"]
    follow(browser, "Members")
    with ledger.open(path, read_only=True) as book:
        club = book.initiative("clusters")
        for day in "2020-12-31", "2021-06-30", "2022-12-31", "2023-01-20":
            ask(browser, at=day)
            state = club.at(day)
            assert browser.find("#box-at").get_attribute("value") == day
            assert browser.texts("td.member") == [row["id"] for row in state.to_rows()]
            assert browser.texts("td.status").count("certain") == len(state)
            assert browser.texts("td.name") == [row["name"] for row in state.to_rows()]
            follow(browser, "Figures")  # which is of the same day
            assert browser.find("#box-at").get_attribute("value") == day
            figure = state.count().to_rows()[0]
            assert (browser.texts("td.low")[0], browser.texts("td.high")[0]) == (
                str(figure["low"]),
                str(figure["high"]),
            )
            follow(browser, "Members")
        browser.find("#box-known_at").send_keys("0")
        go(browser, browser.find("button").click)
        assert browser.texts("p.none") == ["Nothing: no rows."]
        ask(browser, known_at="")
        follow(browser, "a&b")
        assert browser.texts("td.event") == [type(one.record.event).__name__ for one in club.history("a&b")]
    assert browser.complaints() == []
    assert {address.split("/ledger")[0].split("/look")[0].rstrip("/") for address in browser.requests()
            if not address.startswith("data:")} == {home}  # fmt: skip


def test_the_time_machine_opens_in_the_browser(browser, home):
    browser.open(f"{home}/ledger/members?initiative=clusters")
    follow(browser, "Time machine")
    WebDriverWait(browser.driver, 60).until(lambda _: browser.texts("h1") not in ([], ["Being made"]))
    assert f"Clusters {EVIL}" in browser.texts("h1")[0]
    assert browser.complaints() == []
    assert {
        address.partition("?")[0] for address in browser.requests() if not address.startswith(("data:", home))
    } == set()


def test_a_claim_leads_to_its_day(browser, home):
    browser.open(f"{home}/ledger/claims?initiative=clusters")
    WebDriverWait(browser.driver, 60).until(lambda _: browser.texts("td.verdict"))
    assert browser.texts("td.verdict") == ["confirmed", "unverifiable", "contradicted"]
    go(browser, browser.find("td.at a").click)
    assert browser.texts("td.measure") == ["Members"]
    assert browser.texts("td.high") == ["3"]
    go(browser, browser.find("td.measure a").click)
    assert browser.texts("h1") == [f"Clusters {EVIL}\nTimeline"]
    assert browser.texts("td.high")[-1] == "3"


@pytest.mark.parametrize("size", SIZES)
def test_a_column_of_problems_does_not_look_like_one(browser, home, size):
    browser.resize(SIZES[size])
    browser.open(f"{home}/ledger/figures?initiative=clusters")
    looks = "return getComputedStyle(document.querySelector(arguments[0])).borderLeftWidth"
    assert {browser.run(looks, selector) for selector in ("td.problem", "th.problem")} == {"0px"}
    ask(browser, measure="total c02")
    assert browser.run(looks, "p.problem") == "4px"


def test_on_a_phone_the_answer_begins_on_the_first_screen(browser, home):
    browser.resize(SIZES["phone"])
    top = "return document.querySelector('tbody').getBoundingClientRect().top"
    for page in "figures", "members", "timeline", "claims":
        browser.open(f"{home}/ledger/{page}?initiative=clusters")
        assert browser.run(top) < SIZES["phone"][1] - 100, page
    assert not browser.find("#hint-report").is_displayed()
    browser.find("#box-report").click()
    assert browser.find("#hint-report").is_displayed()


def test_what_is_wrong_stands_beside_the_boxes(browser, home):
    browser.open(f"{home}/ledger/figures?initiative=clusters")
    ask(browser, measure="total c02")
    assert browser.texts("p.problem") == ["no metric 'c02' is known; did you mean 'co2'?"]
    ask(browser, measure="total co2")
    assert browser.texts("p.problem") == []
    assert browser.texts("td.measure") == ["Total co2"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_the_pages(browser, home, size, scheme):
    browser.resize(SIZES[size])
    browser.prefer(color_scheme=scheme)
    pages = ["/", *(f"/ledger/{name}?initiative=clusters" for name in PAGES)]
    pages += ["/ledger/history?initiative=clusters&report=pr", "/ledger/history?initiative=clusters&member=evil"]
    for page in pages:
        browser.open(home + page)
        assert browser.serious_findings() == [], page
        assert browser.run("return document.documentElement.scrollWidth") <= SIZES[size][0], page
        assert browser.complaints() == [], page
        asked = [address for address in browser.requests() if not address.startswith("data:")]
        assert asked == [home + page, f"{home}/look/ledger.css"]
        assert browser.run("return document.scripts.length") == 0
    for page in "/nowhere", "/ledger/figures?initiative=nothing":
        browser.open(home + page)
        assert browser.serious_findings() == [], page


def test_what_others_record_is_seen_at_once_and_no_file_is_touched(home, path):
    asked = f"{home}/ledger/members.json?initiative=chess&at=2021-12-31&_shape=array"
    before = content(path.parent)
    assert [row["member"] for row in json.loads(fetched(asked))] == ["ada"]
    assert content(path.parent) == before
    recording = [sys.executable, "-m", "ledger", "record", str(path), "member-joined", "-i", "chess"]
    subprocess.run([*recording, "--member", "ben", "--effective", "2021-06-01"], check=True, capture_output=True)
    assert [row["member"] for row in json.loads(fetched(asked))] == ["ada", "ben"]
    assert "2\n      members today" in fetched(f"{home}/")


def test_a_server_says_where_it_is_and_ends_when_it_is_interrupted(tmp_path):
    found = {}

    def visited(home):
        def visit():
            found["page"] = fetched(home)
            os.kill(os.getpid(), signal.SIGINT)

        found["home"] = home
        threading.Thread(target=visit).start()

    serve(fill(tmp_path / "clubs.db"), port=0, started=visited)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", found["home"])
    assert "Clusters &lt;script&gt;" in found["page"]


def test_it_can_serve_at_another_address(tmp_path):
    if not socket.has_ipv6:
        pytest.skip("this machine knows no IPv6")
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 address")

    def visited(home):
        assert home.startswith("http://[::1]:")
        threading.Thread(target=lambda: (fetched(home), os.kill(os.getpid(), signal.SIGINT))).start()

    serve(fill(tmp_path / "clubs.db"), "::1", 0, started=visited)


def test_an_address_that_cannot_be_served_at_is_told_in_one_line(tmp_path):
    path = fill(tmp_path / "clubs.db")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = CliRunner().invoke(mledger, ["serve", str(path), "--port", str(port)])
        assert done.exit_code == 1
        assert (
            done.stderr
            == f"Error: nothing can be served at port {port} of 127.0.0.1: Address already in use: choose another\n"
        )
    for host in "nowhere.invalid", "256.0.0.1":
        with pytest.raises(BadInput, match=f"nothing can be served at port 0 of {host}: [^:(]*: choose another"):
            serve(path, host, 0)
    with pytest.raises(BadInput, match="port=70000 is none: ports are numbered from 0 to 65535"):
        serve(path, port=70_000)


def test_the_command_prints_one_page_and_ends(tmp_path):
    path = str(fill(tmp_path / "clubs.db"))
    page = "/ledger/members.json?initiative=chess&_shape=array"
    done = CliRunner().invoke(mledger, ["serve", path, "--get", page])
    assert done.exit_code == 0
    assert done.stdout.endswith("]\n")
    assert [row["name"] for row in json.loads(done.stdout)] == ["Ada"]
    for page, words in ("/nowhere", "Database not found"), ("/ledger/members?initiative=ches", "did you mean 'chess'?"):
        done = CliRunner().invoke(mledger, ["serve", path, "--get", page])
        assert done.exit_code == 1
        assert words in unescape(done.stdout)
    done = CliRunner().invoke(mledger, ["serve", path, "--get", "members"])
    assert (done.exit_code, done.stderr.startswith("Error: 'members' is no address of a page")) == (2, True)
    done = CliRunner().invoke(mledger, ["serve", str(tmp_path / "no.db")])
    assert (done.exit_code, "there is no ledger: check the path" in done.stderr) == (1, True)


def test_the_command_says_where_it_serves_and_opens_a_browser_there(tmp_path, monkeypatch):
    path = fill(tmp_path / "clubs.db")
    reading = "import os, signal, sys, urllib.request; urllib.request.urlopen(sys.argv[1]).read()"
    program = f"{reading}; open({str(tmp_path / 'read')!r}, 'w').close(); os.kill({os.getpid()}, signal.SIGINT)"
    # like a browser, it is there while the program that has opened it goes on
    reader = webbrowser.GenericBrowser(["sh", "-c", '"$1" -c "$2" "$0" &', "%s", sys.executable, program])
    monkeypatch.setattr(webbrowser, "_tryorder", None)
    monkeypatch.setattr(webbrowser, "_browsers", {})
    webbrowser.register("reader", None, reader, preferred=True)
    done = CliRunner().invoke(mledger, ["serve", str(path), "--port", "0", "--open"])
    assert done.exit_code == 0
    assert re.fullmatch(rf"serving {re.escape(str(path))} at http://127\.0\.0\.1:\d+/ - Ctrl-C ends it\n", done.stdout)
    assert (tmp_path / "read").exists()


def test_the_command_serves_at_the_port_that_is_given_and_opens_nothing(tmp_path):
    path = fill(tmp_path / "clubs.db")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    def visit():
        while True:
            try:
                fetched(f"http://127.0.0.1:{port}/")
            except OSError:  # it is not there yet
                time.sleep(0.05)
            else:
                return os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=visit).start()
    done = CliRunner().invoke(mledger, ["serve", str(path), "--host", "127.0.0.1", "--port", str(port)])
    assert (done.exit_code, done.stdout) == (0, f"serving {path} at http://127.0.0.1:{port}/ - Ctrl-C ends it\n")


def test_the_help_tells_the_port_that_is_taken_unless_another_is_given():
    assert serve.__defaults__ == ("127.0.0.1", 8001)
    assert "8001 unless given" in CliRunner().invoke(mledger, ["serve", "--help"]).stdout
