"""The time machine in a real browser: what it shows is what the library answers, and anybody can use it."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

import ledger
from browsing import DESKTOP, PHONE, SIZES, Browser
from ledger import (
    Claim,
    InitiativeLaunched,
    MemberChanged,
    MemberJoined,
    MemberLeft,
    Members,
    MemberSuspended,
    MetricDefined,
    MetricUpdated,
    ReportPublished,
    Total,
    Value,
)
from ledger.faces import weighed
from ledger.faces.phrases import NO_FIGURE, Names, days_of, reason_of
from ledger.testing.clock import FrozenClock
from ledger.testing.ledgers import ledgers
from ledger.testing.scripts import INITIATIVE
from stated import stated_ledgers

pytestmark = pytest.mark.unmeasured

SCRIPT = "<script>alert(1)</script>"
TODAY = date(2024, 5, 6)
STANDINGS = {"": "certain", "possible": "possible", "suspended": "suspended"}

READ = """
const text = (one, selector) => one.querySelector(selector).textContent;
return {
    lead: document.getElementById("lead").textContent,
    figures: [...document.querySelectorAll(".figure")].map(one => ({
        kind: one.dataset.kind, amount: text(one, ".number"), unit: text(one, ".unit"), rests: text(one, ".rests"),
    })),
    groups: [...document.querySelectorAll("#members .group")].map(one => ({
        title: text(one, "h3 bdi"), count: text(one, ".count"),
        members: [...one.querySelectorAll("li")].map(item => ({
            id: item.dataset.id, name: text(item, "bdi"), badge: text(item, ".badge"), given: text(item, ".given"),
            about: text(item, ".about"),
        })),
    })),
    claims: [...document.querySelectorAll(".verdict")].map(one => one.textContent),
    drawn: Number(document.querySelector("[name=figure]:checked").value),
    rows: [...document.querySelectorAll("#rows tr")].map(row => [...row.children].map(one => one.textContent)),
    marks: [...document.querySelectorAll("#chart [data-verdict]")].map(one => one.dataset.verdict),
    announced: document.getElementById("announced").textContent,
};
"""


def harbour() -> ledger.Initiative:
    """An alliance in whose history there is something of everything, with a script wherever a text can be."""
    alliance = ledger.open(":memory:", clock=FrozenClock(f"{TODAY}T12:00:00Z")).initiative("harbour")
    alliance.record(
        InitiativeLaunched("2019-03-01", name=f"The Harbour Alliance {SCRIPT}", supporters=[SCRIPT]),
        MetricDefined("dues", "EUR/year", title=f"Dues {SCRIPT}", nonnegative=True),
        MetricDefined("jobs", "people", nonnegative=True),
        MetricDefined("rank", additive=False),
        MemberJoined("ada", "2019-03-01", name="Ada", attributes={"city": "Bilbao"}),
        MemberJoined("ben", "2020/2021-06", name="Ben & Sons", attributes={"city": "Lagos"}),
        MemberJoined("cleo", "2020-05-01", name=SCRIPT, attributes={"city": SCRIPT, "sector": "port"}),
        MemberJoined("dora", "2020-06-01"),
        MetricUpdated("dues", "2020-01-01", "100 EUR/year", member="ada"),
        MetricUpdated("rank", "2020-01-01", "1", member="ada"),
        source=SCRIPT,
        recorded_at="2021-07-01T12:00:00Z",
    )
    alliance.record(
        MemberSuspended("cleo", "2021-12-01"),
        MemberChanged("dora", "2021/2022", attributes={"city": "Osaka"}),
        MetricUpdated("dues", "2021-06-01", "40..60 EUR/year", member="ben"),
        MetricUpdated("jobs", "2021-12-31", "> 2000 people"),
        ReportPublished(
            "ar",
            "2022-01-15",
            title=f"Annual report {SCRIPT}",
            kind=SCRIPT,
            url="https://a.example/ar?x=1",
            claims=[
                Claim(Members(), "3", at="2021-12-31", text=SCRIPT),
                Claim(Members(), "3..4", at="2020-12-31"),
                Claim(Total("dues"), "500 EUR/year", at="2021-12-31"),
                Claim(Total("dues"), "5 t", at="2021-12-31", definition=SCRIPT),
            ],
        ),
        recorded_at="2022-01-15T12:00:00.5Z",
    )
    alliance.record(ReportPublished("plan", "2022", url="javascript:alert(1)"), recorded_at="2022-03-01T12:00:00Z")
    alliance.record(MemberLeft("dora", "2021-12-31"), recorded_at="2022-04-01T12:00:00Z")
    return alliance


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("page") / "harbour.html"
    path.write_text(harbour().page(), "utf-8")
    return path


def read(browser: Browser, day: date, moment: int) -> dict:
    """What the page shows, as soon as it shows a day and a moment."""
    wanted = f"{day} {moment}"
    WebDriverWait(browser.driver, 10, 0.02).until(
        lambda _: browser.run("return document.documentElement.dataset.shown") == wanted, f"it never showed {wanted}"
    )
    return browser.run(READ)


def readable(text: str) -> str:
    """An amount as a reader shall read it, made from what it is, and not from how it is written."""
    amount = ledger.Quantity.parse(text.replace("…", ""))
    unit = f" {amount.unit}" if amount.unit else ""
    low, high = (None if end is None else _number(end) for end in (amount.low, amount.high))
    if low is None or high is None:
        return "anything" if low == high else f"≥ {low}{unit}" if high is None else f"≤ {high}{unit}"
    return f"{low}{unit}" if low == high else f"{low} to {high}{unit}"


def _number(end: Decimal) -> str:
    return f"{end:,f}" if abs(end) >= 10_000 else f"{end:f}"


def in_words(day: date) -> str:
    return f"{day.day} {day:%B} {day.year}"


def hold(shown: dict, state: ledger.InitiativeState, measures: list, by: str | None) -> None:
    """See that the page shows what a state answers."""
    count = readable(str(state.count().amount))
    assert shown["lead"] == f"{count} member{'' if count == '1' else 's'} at the end of {in_words(state.at)}."
    views = {"certain": state.members, "possible": state.possible_members, "suspended": state.suspended}
    found: dict[str, set] = {name: set() for name in views}
    for group in shown["groups"]:
        for member in group["members"]:
            standing = STANDINGS.get(member["badge"], "certain")  # and "perhaps here" is one who is certain
            found[standing].add((member["id"], member["name"]))
    assert found == {
        name: {(id, " ".join(member.name.split())) for id, member in view.items()} for name, view in views.items()
    }
    for group in shown["groups"]:
        for member in group["members"]:
            one = next(view[member["id"]] for view in views.values() if member["id"] in view)
            if one.joined_from is not None and one.joined_by is not None:
                window = f"a day from {one.joined_from} to {one.joined_by}"
                told = [f"since {said}" for said in (days_of(one.joined_from, one.joined_by), window)]
                assert any(part in told for part in member["about"].removeprefix(member["badge"]).split(" · "))
    if by is not None:
        counts = {group["title"]: group["count"] for group in shown["groups"] if group["title"] != "Suspended"}
        figures = state.count(by=by)
        assert counts == {
            f"without {by}" if name is None else name: readable(str(one.amount)) for name, one in figures.items()
        }
    assert len(shown["figures"]) == len(measures)
    for told, measure in zip(shown["figures"], measures, strict=True):
        assert f"{told['amount']} {told['unit']}".strip() == _expected(state, measure), (measure, told)
        assert told["rests"] == _rests(state, measure), (measure, told)
    if shown["rows"]:  # of the chart's table: the step of the day
        measure = measures[shown["drawn"]]
        said = next(said for day, said in reversed(shown["rows"]) if day == "the beginning" or day <= str(state.at))
        expected = _expected(state, measure)
        assert said == (_rests(state, measure) if expected == "no total" else "; ".join(
            filter(None, [expected, _with_missing(state, measure)])))  # fmt: skip


def _rests(state, measure) -> str:
    """What a tile says of whom and what a figure rests on."""
    if isinstance(measure, Members):
        many = {"certain": state.members, "possible": state.possible_members, "suspended": state.suspended}
        return ", ".join(f"{len(who)} {name}" for name, who in many.items() if who or name == "certain")
    try:
        figure = state.measure(measure)
    except ledger.model.errors.UnknownMetric:
        return "not defined yet"
    except NO_FIGURE as error:
        return reason_of(error, Names.of(state))
    if isinstance(measure, Value):
        return "" if figure.complete else "may be missing" if figure.possibly_missing else "missing"
    said = [f"{len(figure.reporting)} of {len(figure.members)} report"]
    if figure.possibly_missing:
        said.append(f"of {len(figure.possibly_missing)} it is uncertain")
    if figure.oldest:
        said.append(f"the oldest value is of {'a day unknown' if figure.oldest == date.min else figure.oldest}")
    return "; ".join(filter(None, [*said, _with_missing(state, measure)]))


def _with_missing(state, measure) -> str:
    try:
        figure = state.measure(measure)
    except (ledger.model.errors.UnknownMetric, *NO_FIGURE):
        return ""
    missing = not figure.complete and figure.oldest is not None
    return f"with what is missing it is {readable(str(figure.envelope))}" if missing else ""


def _expected(state, measure) -> str:
    try:
        figure = state.measure(measure)
    except ledger.model.errors.UnknownMetric:
        return "no value"
    except NO_FIGURE:
        return "no total"
    if not isinstance(measure, Members) and figure.oldest is None and not figure.complete:
        return "no value"
    return readable(str(figure.amount))


def go(browser: Browser, slider: str, place: int) -> None:
    """Move a slider to a place, counted from its beginning, by the keys of a keyboard.

    That of moments begins before the first of them, where nothing is known yet.
    """
    place += slider == "known"
    if browser.find(f"#{slider}").is_enabled():  # it is not where there is only one place
        browser.find(f"#{slider}").send_keys(Keys.HOME, *[Keys.ARROW_RIGHT] * place)


HARBOUR = [Members(), Total("dues"), Value("jobs"), Total("rank")]


def test_the_sliders_show_every_day_and_moment_of_a_history(browser, page):
    alliance = harbour()
    browser.open(page)
    stops = [date.fromisoformat(day) for day in _stops(browser)]
    positions = [10, 15, 16, 17]
    hold(read(browser, TODAY, 4), alliance.at(TODAY), HARBOUR, None)
    browser.find("#by").send_keys("city")
    for moment, position in enumerate(positions, 1):
        go(browser, "known", moment - 1)
        for place, day in enumerate(stops):
            go(browser, "day", place)
            hold(read(browser, day, moment), alliance.at(day, position), HARBOUR, "city")
    assert browser.complaints() == []


CHOOSE = """
const [figure, by] = arguments;
document.querySelectorAll("[name=figure]")[figure].click();
const list = document.getElementById("by");
list.selectedIndex = [...list.options].findIndex(one => one.textContent === by);
list.dispatchEvent(new Event("change"));
return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
"""


def _found(finding) -> str:
    then = finding.when_published.verdict
    return finding.verdict if then == finding.verdict else f"{finding.verdict}; {then} when published"


def _is_marked(finding, measure) -> bool:
    if finding.measure != measure:
        return False
    unit = finding.amount.unit if finding.figure is None else finding.figure.amount.unit
    return finding.amount.dimension == ledger.Quantity(0, 0, unit).dimension


def test_before_the_first_moment_nothing_is_known_and_a_slider_leads_there(browser, page):
    browser.open(page)
    browser.find("#known").send_keys(Keys.HOME)
    shown = read(browser, TODAY, 0)
    assert shown["lead"] == "Nothing is known at the end of 6 May 2024."
    assert [one["amount"] for one in shown["figures"]] == ["no value"] * len(HARBOUR)
    assert (shown["groups"], shown["claims"], browser.texts("#known-said")) == (
        [],
        [],
        ["before anything was recorded"],
    )
    assert browser.find("#knew-less").get_attribute("aria-disabled") == "true"
    browser.find("#knew-more").click()
    hold(read(browser, TODAY, 1), harbour().at(TODAY, 10), HARBOUR, None)
    browser.find("#knew-less").click()
    read(browser, TODAY, 0)


def test_before_the_first_moment_that_a_page_holds_it_says_nothing(browser, thinned):
    browser.open(thinned)
    browser.find("#known").send_keys(Keys.HOME)
    assert read(browser, TODAY, 0)["lead"] == "What was known then, this page does not hold."
    assert not browser.find("#figures").is_displayed()


def _stops(browser: Browser) -> list[str]:
    """The days at which the slider of days can stop, in order, as the page tells them to a screen reader."""
    browser.find("#day").send_keys(Keys.HOME)
    stops = []
    for _ in range(1 + int(browser.find("#day").get_attribute("max"))):
        stops.append(browser.find("#any-day").get_attribute("value"))
        browser.find("#day").send_keys(Keys.ARROW_RIGHT)
        browser.run("return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return stops


@settings(max_examples=8, suppress_health_check=[*HealthCheck])
@given(
    book=stated_ledgers() | ledgers(bounds=True, retractions=True, closing=True, max_size=10),
    data=st.data(),
)
def test_at_drawn_histories_the_page_shows_what_the_library_answers(chromium, book, data):
    initiative = book.initiative(INITIATIVE)
    records = list(initiative.records())
    with TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        path.write_text(initiative.page(), "utf-8")
        chromium.reset()
        chromium.open(path)
        chromium.find("#steps summary").click()
        stops = _stops(chromium)
        ends = sorted({record.recorded_at: record.position for record in records}.values())
        attributes = list(initiative.attributes())
        measures = chromium.run(
            "return JSON.parse(document.getElementById('data').textContent).measures.map(one => [one.kind, one.metric])"
        )
        asked = [
            {"members": lambda _: Members(), "total": Total, "value": Value}[kind](name) for kind, name in measures
        ]
        for _ in range(4):
            place, moment = data.draw(st.integers(0, len(stops) - 1)), data.draw(st.integers(1, len(ends)))
            go(chromium, "day", place)
            go(chromium, "known", moment - 1)
            figure, by = data.draw(st.integers(0, len(asked) - 1)), data.draw(st.sampled_from([None, *attributes]))
            chromium.run(CHOOSE, figure, by or "nothing")
            day = date.fromisoformat(stops[place])
            shown, position = read(chromium, day, moment), ends[moment - 1]
            hold(shown, initiative.at(day, position), asked, by)
            assert sorted(shown["claims"]) == sorted(_found(one) for one in initiative.audit(known_at=position))
            marked = [one.verdict for one in initiative.audit(known_at=position) if _is_marked(one, asked[figure])]
            assert sorted(shown["marks"]) == sorted(marked)
        assert chromium.complaints() == []


def test_nothing_is_asked_for_but_the_file(browser, page):
    browser.open(page)
    browser.find("#earlier").click()
    browser.find("#steps summary").click()
    asked = [url for url in browser.requests() if not url.startswith("data:image/svg+xml")]  # a sign of Chromium's own
    assert asked == [page.resolve().as_uri()]
    assert browser.complaints() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_serious(browser, page, size, scheme):
    browser.resize(SIZES[size])
    browser.prefer(color_scheme=scheme)
    for fragment in ("", "at=2021-06-15&figure=2&by=city", "known_at=0"):
        browser.open(page, fragment)
        browser.find("#steps summary").click()
        assert browser.serious_findings() == []
        assert browser.run("return document.documentElement.scrollWidth <= innerWidth")


LONG = "x" * 200


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("letters", [LONG, "W" * 200])
def test_no_text_without_a_blank_makes_the_page_wider_than_its_window(browser, tmp_path, size, letters):
    with ledger.open(":memory:", clock=FrozenClock(f"{TODAY}T12:00:00Z")) as book:
        club = book.initiative("club")
        club.record(
            InitiativeLaunched("2019", name=letters, supporters=[letters]),
            MetricDefined("net", "t", title=letters, definition=letters),
            MetricDefined("rank", additive=False, title=letters),
            MemberJoined("ada", "2020", name=letters, attributes={letters: letters}),
            MemberJoined(letters[:120], "2020/2021-12-31"),
            MemberSuspended("ada", "2023-01-01"),
            MetricUpdated("net", "2020", "12 t", member="ada"),
            MetricUpdated("net", "2020", "1" * 30 + "." + "7" * 4 + " t"),
            ReportPublished(
                "r",
                "2021-01-01",
                title=letters,
                kind=letters,
                url=f"https://a.example/{letters}",
                claims=[
                    Claim(Members(), "1", text=letters),
                    Claim(Value("net"), "7 t", definition=letters),
                    Claim(Members({letters: letters}), "1..20000"),
                ],
            ),
            source=letters,
        )
        (tmp_path / "page.html").write_text(club.page(title=letters), "utf-8")
    browser.resize(SIZES[size])
    for fragment in ("", f"by={letters}&figure=2", "figure=3&at=2021-06-01", f"known_at=0&at={letters}"):
        browser.open(tmp_path / "page.html", fragment)
        browser.find("#steps summary").click()
        WebDriverWait(browser.driver, 10).until(lambda _: "open" in browser.find("#steps").get_attribute("outerHTML"))
        assert browser.run("return document.documentElement.scrollWidth <= innerWidth"), browser.run(WIDER)


WIDER = """
return [...document.querySelectorAll("body *")].filter(one => one.getBoundingClientRect().right > innerWidth)
    .map(one => `${one.tagName}#${one.id}.${one.getAttribute("class")}`);
"""


def test_a_script_in_a_text_is_text_everywhere(browser, page):
    browser.open(page, "at=2021-06-30&known_at=2022-03-15T00:00:00Z&by=city")
    shown = read(browser, date(2021, 6, 30), 3)
    assert browser.run("return document.scripts.length") == 2  # the data, and what reads it
    assert browser.texts("h1") == [f"The Harbour Alliance {SCRIPT}"]
    assert {SCRIPT} < {group["title"] for group in shown["groups"]}
    assert SCRIPT in {member["name"] for group in shown["groups"] for member in group["members"]}
    whole = browser.run("return document.body.textContent")
    for text in (f"Dues {SCRIPT}", f"Annual report {SCRIPT}", f'Members ("{SCRIPT}"): ', f"Supported by {SCRIPT}"):
        assert text in whole
    assert browser.run("return [...document.querySelectorAll('a')].map(one => one.href)") == [
        "https://a.example/ar?x=1"
    ]
    assert browser.complaints() == []


def test_a_link_says_what_to_show_and_what_is_shown_is_in_the_link(browser, page):
    alliance = harbour()
    known = "2021-12-31T23:00:00.25+01:00"
    browser.open(page, f"at=2020-12-24&known_at={known.replace('+', '%2B')}&figure=2&by=sector")
    hold(read(browser, date(2020, 12, 24), 1), alliance.at("2020-12-24", known), HARBOUR, "sector")
    assert browser.run("return document.querySelector('[name=figure]:checked').value") == "1"
    browser.find("#later").click()
    day = date(2020, 12, 31)
    read(browser, browser_day := date.fromisoformat(browser.find("#any-day").get_attribute("value")), 1)
    assert browser_day > day - timedelta(days=7)
    WebDriverWait(browser.driver, 10).until(lambda driver: str(browser_day) in driver.current_url)
    link = browser.driver.current_url
    assert link.endswith(f"#at={browser_day}&known_at=2021-07-01T12:00:00.000000Z&figure=2&by=sector")
    browser.open(link)
    read(browser, browser_day, 1)
    for fragment, day, moment in [
        ("known_at=15", TODAY, 2),
        ("known_at=14", TODAY, 1),
        ("known_at=2022-01-15T12:00:00.500000Z", TODAY, 2),
        ("known_at=2022-01-15T12:00:00.499999Z", TODAY, 1),
        ("at=0001-01-01", date.min, 4),
        ("at=9999-12-31", date.max, 4),
        ("known_at=2022-01-15T13:00:00.5+01:00", TODAY, 2),  # a plus is a plus
        ("known_at=2022-01-15T13:00:00.4+01:00", TODAY, 1),
        ("known_at=99999999999999999999", TODAY, 4),
        ("by=", TODAY, 4),
    ]:
        browser.open(page, fragment)
        read(browser, day, moment)
        assert browser.texts("#notice") == [""]
    browser.open(page, "known_at=2021-07-01T11:59:59Z")
    assert read(browser, TODAY, 0)["lead"].startswith("Nothing is known")
    browser.run("location.hash = 'at=2020-01-01'")
    hold(read(browser, date(2020, 1, 1), 4), alliance.at("2020-01-01"), HARBOUR, None)


NO_INSTANT = "no instant such as 2023-01-20T09:30:00Z, or position: shown as known now"
NOT_UNDERSTOOD = [
    *(
        ("known_at", asked, NO_INSTANT)
        for asked in [
            "2023-02-30T00:00:00Z",
            "9999-12-31T23:59:59-23:00",
            "0001-01-01T00:00:00+23:00",
            "2023-03-01",
            "2023-03-01T00:00:00",
            "2023-03-01T00:00Z",
            "2023-03-01T24:00:00Z",
            "2023-03-01T00:00:00+24:00",
            "2023-03-01T00:00:00.1234567Z",
            "never",
            "-1",
        ]
    ),
    *(
        ("at", asked, "no day such as 2023-01-20: shown on 6 May 2024")
        for asked in ["soon", "2021-02-30", "0000-01-01"]
    ),
    *(("figure", asked, "no number of a figure: Members is drawn") for asked in ["0", "99", "1.5", "x" * 80]),
    ("by", "town", "no attribute that members are grouped by here: not grouped"),
]


@pytest.mark.parametrize(("name", "asked", "said"), NOT_UNDERSTOOD)
def test_what_a_link_asks_for_in_vain_is_said_and_announced(browser, page, name, asked, said):
    if name == "known_at":
        with pytest.raises(ledger.model.errors.LedgerError):  # the library does not understand it either
            harbour().at(TODAY, int(asked) if asked == "-1" else asked)
    browser.open(page, f"{name}={asked}")
    read(browser, TODAY, 4)
    sentence = f"The link asks for {name}={asked}, which is {said}."
    assert browser.texts("#notice") == [sentence]
    assert browser.find("#notice").is_displayed()
    _await_announced(browser, sentence)
    browser.find("#knew-less").click()
    read(browser, TODAY, 3)
    assert browser.texts("#notice") == [""]


def _await_announced(browser: Browser, sentence: str) -> None:
    WebDriverWait(browser.driver, 10, 0.05).until(
        lambda _: browser.find("#announced").get_attribute("textContent").startswith(sentence), "it was not announced"
    )


def test_all_that_a_link_asks_for_in_vain_is_said_and_another_link_asks_anew(browser, page):
    browser.open(page, f"at=soon&by={'x' * 81}&figure=2")
    said = read(browser, TODAY, 4)["figures"]
    assert browser.find("#notice").text.count("The link asks for ") == 2
    assert f"by={'x' * 80}…, which" in browser.find("#notice").text
    assert browser.run("return document.querySelector('[name=figure]:checked').value") == "1"
    browser.run("location.hash = 'by=home+city'")
    WebDriverWait(browser.driver, 10).until(lambda _: "by=home+city, " in browser.find("#notice").text)
    assert browser.run("return document.querySelector('[name=figure]:checked').value") == "0"
    assert read(browser, TODAY, 4)["figures"] == said


def test_no_groups_and_names_of_several_words_stand_in_the_link_too(browser, tmp_path):
    with ledger.open(":memory:") as book:
        club = book.initiative("club")
        club.record(MemberJoined("ada", "2020-01-01", attributes={"home city": "Bilbao", "a+b": "1"}))
        (tmp_path / "page.html").write_text(club.page(by=["home city", "a+b"]), "utf-8")
    for words, link in [("a+b", "#by=a%2Bb"), ("nothing", "#by=")]:
        browser.open(tmp_path / "page.html")
        browser.find("#by").send_keys(words)
        WebDriverWait(browser.driver, 10).until(lambda driver, link=link: driver.current_url.endswith(link))
        browser.open(browser.driver.current_url)
        assert browser.run("return document.getElementById('by').selectedOptions[0].textContent") == words
    browser.open(tmp_path / "page.html", "by=home%20city")
    assert browser.run("return document.getElementById('by').selectedOptions[0].textContent") == "home city"


@pytest.fixture
def thinned(tmp_path, monkeypatch) -> Path:
    """A page that holds the moments of records 2, 5, 7 and 10 of a club's ten, before which others stand."""
    monkeypatch.setattr(weighed, "MOMENTS_MAX", 4)
    with ledger.open(":memory:", clock=FrozenClock(f"{TODAY}T12:00:00Z")) as book:
        book.initiative("other").record(MemberJoined("x", "2020"), recorded_at="2020-12-01T00:00:00Z")
        club = book.initiative("club")
        for number in range(1, 11):
            club.record(MemberJoined(f"m{number}", "2020-01-01"), recorded_at=f"2021-01-{number:02}T00:00:00Z")
        (tmp_path / "page.html").write_text(club.page(), "utf-8")
    return tmp_path / "page.html"


@pytest.mark.parametrize(
    ("asked", "moment", "said"),
    [
        ("7", 2, "Asked: position 7. Shown: as known at record 6, the last moment before it that this page holds."),
        (
            "2021-01-06T00:00:00Z",
            2,
            "Asked: 2021-01-06T00:00:00Z. Shown: as known at record 6, the last moment before it that this page holds.",
        ),
        ("6", 2, ""),
        ("2021-01-05T01:00:00+01:00", 2, ""),
        ("11", 4, ""),
        ("99", 4, ""),
        ("2022-01-01T00:00:00Z", 4, ""),
        ("2", 0, "Asked: position 2. The first moment that this page holds is record 3: nothing can be shown."),
        (
            "2021-01-01T00:00:00Z",
            0,
            "Asked: 2021-01-01T00:00:00Z. The first moment that this page holds is record 3: nothing can be shown.",
        ),
        ("1", 0, ""),
        ("2020-12-31T23:59:59.999999Z", 0, ""),
    ],
)
def test_a_moment_between_two_that_the_page_holds_is_said_to_be(browser, thinned, asked, moment, said):
    browser.open(thinned, f"known_at={asked}")
    shown = read(browser, TODAY, moment)
    assert browser.texts("#notice") == [said]
    unheld = moment == 0 and said != ""
    assert browser.find("#figures").is_displayed() != unheld
    if moment == 0:
        held = "the first moment that this page holds" if unheld else "anything was recorded"
        assert browser.texts("#known-said") == [f"before {held}"]
        lead = (
            "What was known then, this page does not hold." if unheld else "Nothing is known at the end of 6 May 2024."
        )
        assert shown["lead"] == lead
        browser.find("#earlier").click()  # the day alone is another one
        link = f"&known_at={'2' if unheld else '0'}"
        WebDriverWait(browser.driver, 10).until(lambda driver: driver.current_url.endswith(link))
        _await_announced(browser, lead.replace("6 May 2024", "1 January 2020") + f" Before {held}.")
        browser.find("#knew-more").click()
        assert read(browser, date(2020, 1, 1), 1)["lead"].startswith("2 members ")
        assert browser.find("#figures").is_displayed()
    elif said:
        _await_announced(browser, said)


def test_any_day_can_be_typed_and_now_leads_back(browser, page):
    browser.open(page)
    browser.find("#any-day").send_keys("06152021")
    hold(read(browser, date(2021, 6, 15), 4), harbour().at("2021-06-15"), HARBOUR, None)
    browser.find("#knew-less").click()
    read(browser, date(2021, 6, 15), 3)
    browser.find("#now").click()
    read(browser, TODAY, 4)
    assert browser.find("#now").get_attribute("aria-disabled") == "true"
    assert browser.find("#knew-more").get_attribute("aria-disabled") == "true"
    assert browser.find("#knew-less").get_attribute("aria-disabled") == "false"


def test_changes_are_announced_and_controls_have_names(browser, page):
    browser.open(page, "at=2021-06-15")
    browser.find("#earlier").click()
    WebDriverWait(browser.driver, 10).until(lambda _: browser.find("#announced").get_attribute("textContent"))
    said = browser.find("#announced").get_attribute("textContent")
    assert re.fullmatch(r"\d.* members at the end of .* 2021\. As known on 1 April 2022, 12:00:00 UTC\.", said)
    assert browser.find("#announced").get_attribute("role") == "status"
    assert browser.find("#day").accessible_name == "At the end of"
    assert browser.find("#known").accessible_name == "As known on"
    assert browser.find("#day").get_attribute("aria-valuetext").endswith(" 2021")
    assert browser.find("#earlier").accessible_name == "Earlier change"
    tiles = browser.driver.find_elements("css selector", "[name=figure]")
    assert tiles[0].accessible_name.startswith("Members")


def test_a_keyboard_reaches_everything_and_shows_where_it_is(browser, page):
    browser.open(page, "at=2021-06-15&known_at=15")
    reached = []
    for _ in range(14):
        browser.driver.switch_to.active_element.send_keys(Keys.TAB)
        reached.append(
            browser.run(
                "return document.activeElement.id || document.activeElement.name || document.activeElement.tagName"
            )
        )
        focus = browser.run(
            "return getComputedStyle(document.activeElement.closest('.figure') || document.activeElement).outlineStyle"
        )
        assert focus != "none", [*reached]
    assert reached[:6] == ["earlier", "later", "day", "knew-less", "knew-more", "known"]
    assert {"any-day", "now", "figure", "SUMMARY", "by"} <= set(reached)


@pytest.mark.parametrize("button", ["earlier", "later", "knew-less", "knew-more", "now"])
def test_a_button_with_nothing_more_to_do_keeps_the_focus(browser, page, button):
    browser.open(page, "at=2021-06-15&known_at=15")
    browser.find(f"#{button}").send_keys(*[Keys.ENTER])
    for _ in range(30):
        browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
        browser.run("return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        if browser.find(f"#{button}").get_attribute("aria-disabled") == "true":
            break
    else:
        pytest.fail("it never came to the last one")
    assert browser.run("return document.activeElement.id") == button
    shown = browser.run("return document.documentElement.dataset.shown")
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER, Keys.SPACE)
    browser.run("return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert browser.run("return [document.activeElement.id, document.documentElement.dataset.shown]") == [button, shown]


LABELS = """
const box = document.getElementById("chart").getBoundingClientRect();
return [...document.querySelectorAll("#chart .tick")].map(one => {
    const {left, right} = one.getBoundingClientRect();
    return [one.textContent, left - box.left, box.right - right];
});
"""


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
@pytest.mark.parametrize(
    ("amount", "label"),
    [
        ("1e3", "1000"),
        ("54321", "40,000"),
        ("1.2e6", "1 million"),
        ("5e8", "400 million"),
        ("-2.5e9", "-2 billion"),
        ("1e13", "10 trillion"),
        ("0.00001", "0.00001"),
        ("123456789012345678", "100,000 trillion"),
    ],
)
def test_no_label_of_the_chart_hangs_out_of_it(browser, tmp_path, size, amount, label):
    with ledger.open(":memory:", clock=FrozenClock(f"{TODAY}T12:00:00Z")) as book:
        club = book.initiative("club")
        club.record(MetricDefined("co2", "t"), MetricUpdated("co2", "2020-01-01", f"{amount} t"))
        (tmp_path / "page.html").write_text(club.page(), "utf-8")
    browser.resize(size)
    browser.open(tmp_path / "page.html", "figure=2")
    read(browser, TODAY, 1)
    labels = WebDriverWait(browser.driver, 10).until(lambda _: browser.run(LABELS))
    assert label in [text for text, _, _ in labels]
    assert min(left for _, left, _ in labels) >= 0
    assert browser.run("return document.querySelectorAll('#chart svg').length") == 2  # nothing to measure by is left


def test_the_chart_marks_what_was_found_of_claims_and_is_told_as_a_table_too(browser, page):
    browser.open(page)
    shown = read(browser, TODAY, 4)
    assert shown["marks"] == ["contradicted", "confirmed"]
    browser.find("#knew-less").click()
    assert read(browser, TODAY, 3)["claims"] == [
        "confirmed",
        "confirmed",
        "unverifiable",
        "not comparable",
        "unverifiable",  # what is stated for all, by the sum over the members
    ]
    browser.find("[name=figure][value='1']").click()
    browser.find("#steps summary").click()
    WebDriverWait(browser.driver, 10).until(lambda _: browser.texts("#rows tr"))
    assert read(browser, TODAY, 3)["marks"] == ["unverifiable"]
    assert browser.texts("#rows tr")[-1] == "2021-12-31 140 to 160 EUR/year; with what is missing it is ≥ 140 EUR/year"
    label = browser.find("#chart svg").get_attribute("aria-label")
    assert label.startswith(f"Dues {SCRIPT}, sum over the members: ")


MADE_OF_AMOUNTS = [
    ("12345", "12,345 people"),
    ("67000000..68000000", "67,000,000 to 68,000,000 people"),
    (">= 2", "≥ 2 people"),
    ("<= 1234.56789", "≤ 1234.56789 people"),
    ("> 20000.12345", "≥ 20,000.12345 people"),
    ("<5", "≤ 5 people"),
    ("-40000..-1234", "-40,000 to -1234 people"),
    ("2.5e6", "2,500,000 people"),
    ("-.25e1..+0012.5E-1", "-2.5 to 1.25 people"),
    ("12e-3", "0.012 people"),
    ("..", "anything"),
]


def _rows(browser: Browser) -> list[str]:
    """The table of the chart, row by row, in one go: it is made anew whenever anything is chosen."""
    return browser.run(
        "return [...document.querySelectorAll('#rows tr')].map(row => "
        "[...row.children].map(one => one.textContent).join(' '))"
    )


@pytest.mark.parametrize(("stated", "said"), MADE_OF_AMOUNTS)
def test_an_amount_reads_the_same_in_a_tile_a_row_and_the_table(browser, tmp_path, stated, said):
    with ledger.open(":memory:", clock=FrozenClock(f"{TODAY}T12:00:00Z")) as book:
        club = book.initiative("club")
        club.record(
            MetricDefined("jobs", "people"),
            MemberJoined("ada", "2020-01-01"),
            MetricUpdated("jobs", "2020-01-01", f"{stated} people", member="ada"),
            MetricUpdated("jobs", "2020-01-01", f"{stated} people"),
        )
        (tmp_path / "page.html").write_text(club.page(), "utf-8")
    browser.open(tmp_path / "page.html", "figure=2")
    shown = read(browser, TODAY, 1)
    assert [f"{one['amount']} {one['unit']}".strip() for one in shown["figures"][1:]] == [said] * 2
    assert [member["given"] for group in shown["groups"] for member in group["members"]] == [said]
    browser.find("#steps summary").click()
    for figure in ("1", "2"):
        browser.find(f"[name=figure][value='{figure}']").click()
        WebDriverWait(browser.driver, 10).until(lambda _: _rows(browser)[-1] == f"2020-01-01 {said}")


def test_what_was_never_stated_is_no_value_and_not_anything(browser, tmp_path):
    with ledger.open(":memory:", clock=FrozenClock(f"{TODAY}T12:00:00Z")) as book:
        club = book.initiative("club")
        club.record(MetricDefined("jobs", "people"), MemberJoined("ada", "2020-01-01"))
        club.record(MetricUpdated("jobs", "2030-01-01", "5 people"))
        club.record(MetricUpdated("jobs", "2030-01-01", "5 people", member="ada"))
        (tmp_path / "page.html").write_text(club.page(), "utf-8")
    browser.open(tmp_path / "page.html")
    assert [one["amount"] for one in read(browser, TODAY, 3)["figures"]] == ["1", "no value", "no value"]
    browser.find("#steps summary").click()
    for figure, before in [
        ("1", ["the beginning 0 people", "2020-01-01 no value"]),
        ("2", ["the beginning no value"]),
    ]:
        browser.find(f"[name=figure][value='{figure}']").click()
        rows = [*before, "2030-01-01 5 people"]
        WebDriverWait(browser.driver, 10).until(lambda _, rows=rows: _rows(browser) == rows)


def test_an_endless_fraction_reads_as_others_do_and_a_name_that_looks_like_an_amount_stays(browser, tmp_path):
    with ledger.open(":memory:", clock=FrozenClock(f"{TODAY}T12:00:00Z")) as book:
        club = book.initiative("club")
        names = [f"Club {number}..3 >= 2" for number in (1, 2)]
        club.record(
            MetricDefined("heat", "toe"),
            *(MemberJoined(f"m{place}", "2020-01-01", name=name) for place, name in enumerate(names)),
            MetricUpdated("heat", "2020-01-01", "100..200 MWh", member="m0"),
            ReportPublished("r", "2021-01-01", claims=[Claim(Total("heat"), "7..8 toe")]),
        )
        (tmp_path / "page.html").write_text(club.page(), "utf-8")
    browser.open(tmp_path / "page.html")
    shown = read(browser, TODAY, 1)
    assert {member["name"] for group in shown["groups"] for member in group["members"]} == set(names)
    assert names[1] in browser.texts(".why")[0]
    assert browser.texts(".why")[0].startswith("8.59845227858985… to 17.1969045571797… toe found; ")
    tile = shown["figures"][1]
    assert (tile["amount"], tile["unit"]) == ("8.59845227858985… to 17.1969045571797…", "toe")
    assert browser.texts(".claim strong") == ["7 to 8 toe"]


def test_nobody_is_said_to_have_joined_after_the_day_that_is_shown(browser, tmp_path):
    with ledger.open(":memory:", clock=FrozenClock(f"{TODAY}T12:00:00Z")) as book:
        club = book.initiative("club")
        club.record(
            MemberJoined("ada", "2020-03-01/2022-10-31"),
            MemberJoined("ben", "[..2022-10-31]"),
            MemberJoined("cleo", "2019-01-01"),
        )
        (tmp_path / "page.html").write_text(club.page(), "utf-8")
    for day, ada, ben in [
        ("2020-03-01", "2020-03-01", "a day not after 2020-03-01"),
        ("2022-09-15", "a day from 2020-03-01 to 2022-09-15", "a day not after 2022-09-15"),
        ("2022-10-31", "a day from 2020-03-01 to 2022-10-31", "a day not after 2022-10-31"),
        ("2024-01-01", "a day from 2020-03-01 to 2022-10-31", "a day not after 2022-10-31"),
    ]:
        browser.open(tmp_path / "page.html", f"at={day}")
        shown = read(browser, date.fromisoformat(day), 1)
        about = {one["id"]: one["about"] for group in shown["groups"] for one in group["members"]}
        assert about["cleo"] == "since 2019-01-01"
        assert [about[id].split("since ")[1] for id in ("ada", "ben")] == [ada, ben]
        browser.run("location.hash = 'at=2022-09-16'")  # which leaves the same cards
        shown = read(browser, date(2022, 9, 16), 1)
        assert sum("2022-09-16" in one["about"] for group in shown["groups"] for one in group["members"]) == 2


def test_a_click_into_the_chart_chooses_a_day(browser, page):
    browser.open(page)
    before = browser.find("#any-day").get_attribute("value")
    browser.find("#chart").click()
    WebDriverWait(browser.driver, 10).until(lambda _: browser.find("#any-day").get_attribute("value") != before)


def test_on_paper_the_controls_are_gone_and_the_choice_stays(browser, page):
    browser.open(page, "at=2021-06-15&by=city")
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not browser.find("#day").is_displayed()
    assert browser.texts("#day-said") == ["15 Jun 2021"]
    assert browser.find("#members").is_displayed()
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_it_says_which_ledger_it_was_made_from(browser, tmp_path):
    with ledger.open(":memory:") as book:
        book.initiative("club").record(MemberJoined("ada", "2020-01-01"), recorded_at="2021-01-01T00:00:00Z")
        (tmp_path / "page.html").write_text(book.initiative("club").page(), "utf-8")
        browser.resize(PHONE)
        browser.open(tmp_path / "page.html")
        foot = browser.find("footer").text
        assert book.head.root in foot
        assert "from the first 1 records" in foot
        assert "recorded at 2021-01-01T00:00:00.000000Z" in foot
    browser.resize(DESKTOP)
    assert browser.texts("#published") == [""]
