"""The chart of the time machine, read back from its drawing: what it draws is what the library answers."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from selenium.webdriver.support.wait import WebDriverWait

import ledger
from browsing import DESKTOP, PHONE, Browser
from ledger import (
    Claim,
    MemberJoined,
    MemberLeft,
    Members,
    MetricDefined,
    MetricUpdated,
    ReportPublished,
    Total,
    Value,
)
from ledger.testing.clock import FrozenClock

pytestmark = pytest.mark.unmeasured

TODAY = date(2024, 5, 6)
LARGE = {"million": 10**6, "billion": 10**9, "trillion": 10**12}

DRAWN = """
const read = (one, ...names) => names.map(name => one.getAttribute(name));
const svg = document.querySelector("#chart svg");
const paths = name => [...svg.querySelectorAll(`path.${name}`)].map(one => one.getAttribute("d")).join("");
return {
    ticks: [...svg.querySelectorAll(".tick")].map(one => [one.textContent, ...read(one, "x", "y", "text-anchor")]),
    lines: [...svg.querySelectorAll("line.axis, line.base")].map(one => read(one, "x1", "y1", "x2", "y2").map(Number)),
    exact: paths("exact"), bound: paths("bound"), band: paths("band"), rest: paths("rest"),
    marks: [...svg.querySelectorAll("[data-verdict]")].map(one => [
        one.dataset.verdict, one.querySelector("g").getAttribute("transform"),
        [...one.querySelectorAll("line")].map(line => read(line, "x1", "y1", "x2", "y2").map(Number)),
    ]),
};
"""


class Drawing(NamedTuple):
    """What is drawn, by day (as an ordinal, which may lie within a day) and amount."""

    exact: list[tuple[float, float, float]]
    bounds: list[tuple[float, float, float]]
    band: list[tuple[float, float, float, float]]
    rest: list[tuple[float, float, float, float]]
    marks: list[tuple[str, float, float, list[tuple[float, float]]]]
    reached: list[float]
    a_day: float
    an_amount: float

    def at(self, day: float) -> dict[str, list]:
        """What is drawn above a day."""
        lines = {"exact": self.exact, "bounds": self.bounds}
        shades = {"band": self.band, "rest": self.rest}
        return {
            **{name: sorted(y for x0, x1, y in found if x0 <= day < x1) for name, found in lines.items()},
            **{name: sorted((y0, y1) for x0, x1, y0, y1 in found if x0 <= day < x1) for name, found in shades.items()},
        }


def drawing(browser: Browser) -> Drawing:
    """Read the drawing back, by nothing but where its labels stand."""
    WebDriverWait(browser.driver, 10).until(lambda _: browser.run("return !!document.querySelector('#chart svg')"))
    found = browser.run(DRAWN)
    years = [(_day(text), float(x)) for text, x, _, anchor in found["ticks"] if anchor == "middle"]
    heights = [(_amount(text), float(y) - 4) for text, _, y, anchor in found["ticks"] if anchor == "end"]
    day, amount = _scale(years), _scale(heights)
    assert day(1) > day(0), "later is further right"
    assert amount(0) > amount(1), "more is higher up"
    for (_, x), short in zip(years, [line for line in found["lines"] if line[0] == line[2]], strict=True):
        assert short[0] == pytest.approx(x)  # each label stands at its line
    for (_, y), long in zip(heights, [line for line in found["lines"] if line[1] == line[3]], strict=True):
        assert long[1] == pytest.approx(y)

    def lines(path: str) -> list[tuple[float, float, float]]:
        return [(day(x0), day(x1), amount(y0)) for (x0, y0), (x1, y1) in _strokes(path) if y0 == y1]

    def shades(path: str) -> list[tuple[float, float, float, float]]:
        corners = [_points(part) for part in path.split("Z") if part]
        return [(day(one[0][0]), day(one[1][0]), *sorted((amount(one[0][1]), amount(one[2][1])))) for one in corners]

    marks = []
    for verdict, moved, reach in found["marks"]:
        x, y = map(float, re.findall(r"[-\d.]+", moved))
        marks.append((verdict, day(x), amount(y), [(amount(y1), amount(y2)) for _, y1, _, y2 in reach]))
    reached = [amount(y) for stroke in _strokes(found["exact"]) for _, y in stroke]
    return Drawing(
        exact=lines(found["exact"]),
        bounds=lines(found["bound"]),
        band=shades(found["band"]),
        rest=shades(found["rest"]),
        marks=marks,
        reached=reached,
        a_day=abs(day(1) - day(0)),
        an_amount=abs(amount(1) - amount(0)),
    )


def _scale(labels):
    (one, at), (other, there) = labels[0], labels[-1]
    for value, place in labels:  # the labels between lie evenly
        assert one + (place - at) * (other - one) / (there - at) == pytest.approx(value, abs=0.02)
    return lambda place: one + (place - at) * (other - one) / (there - at)


def _day(label: str) -> int:
    return date.fromisoformat(f"{label}-01-01"[:10]).toordinal()


def _amount(label: str) -> float:
    number, _, word = label.replace(",", "").partition(" ")
    return float(number) * LARGE.get(word, 1)


def _points(path: str) -> list[tuple[float, float]]:
    x = y = 0.0
    found = []
    for letter, numbers in re.findall(r"([MHV])([-\d.,]+)", path):
        first, _, second = numbers.partition(",")
        if letter == "V":
            y = float(first)
        else:
            x, y = float(first), float(second or y)
        found.append((x, y))
    return found


def _strokes(path: str) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    return [stroke for part in path.split("M") if part for stroke in pairwise(_points(f"M{part}"))]


def _made(club: ledger.Initiative, folder: Path) -> Path:
    (folder / "page.html").write_text(club.page(), "utf-8")
    return folder / "page.html"


@pytest.fixture
def book():
    with ledger.open(":memory:", clock=FrozenClock(f"{TODAY}T12:00:00Z")) as opened:
        yield opened


@pytest.fixture
def club(book) -> ledger.Initiative:
    """A club whose figures are one number, lie between two, have one bound, are negative, and are none."""
    club = book.initiative("club")
    club.record(
        MetricDefined("dues", "EUR", nonnegative=True),
        MetricDefined("worth", "EUR"),
        MemberJoined("ada", "2018-01-01"),
        MemberJoined("ben", "2019/2020-06"),
        MemberJoined("cleo", "2021-03-01"),
        MemberLeft("cleo", "2023-01-01"),
        MetricUpdated("dues", "2018-06-01", "100 EUR", member="ada"),
        MetricUpdated("dues", "2018-06-01", "30..40 EUR", member="ben"),
        MetricUpdated("dues", "2022-01-01", ">= 20 EUR", member="cleo"),
        MetricUpdated("dues", "2023-03-01", "0 EUR", member="ada"),
        MetricUpdated("worth", "2018-01-01", "-500 EUR"),
        MetricUpdated("worth", "2019-07-01", "-100..300 EUR"),
        MetricUpdated("worth", "2020-07-01", "<= 200 EUR"),
        MetricUpdated("worth", "2021-07-01", ".. EUR"),
        MetricUpdated("worth", "2022-07-01", "1000 EUR"),
        MetricUpdated("worth", "2023-07-01", "1000 EUR"),
        MetricUpdated("worth", "2023-10-01", None),
        ReportPublished(
            "r",
            "2023-12-31",
            claims=[
                Claim(Members(), "3", at="2022-02-01"),
                Claim(Total("dues"), "120..150 EUR", at="2019-04-01"),
                Claim(Value("worth"), "-500 EUR", at="2018-08-01"),
                Claim(Value("worth"), "<= 100 EUR", at="2023-01-15"),
            ],
        ),
    )
    return club


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
@pytest.mark.parametrize(("figure", "measure"), [(1, Members()), (2, Total("dues")), (3, Value("worth"))])
def test_the_drawing_read_back_is_what_a_timeline_answers(browser, club, tmp_path, size, figure, measure):
    browser.resize(size)
    browser.open(_made(club, tmp_path), f"figure={figure}")
    drawn = drawing(browser)
    series = list(club.timeline(measure).series("2018-01-01", TODAY, every="change"))
    assert len(series) > 3
    ends = [*(answer.at.toordinal() for answer in series), TODAY.toordinal() + 1]
    for answer, (first, end) in zip(series, pairwise(ends), strict=True):
        if end - first > 4 * drawn.a_day + 2:
            for day in (first + drawn.a_day, (first + end) / 2, end - drawn.a_day):  # all of its days
                _hold(drawn, drawn.at(day), answer)


def _hold(drawn: Drawing, seen: dict[str, list], answer) -> None:
    near = {"abs": 0.02 * drawn.an_amount}
    ends = [None if end is None else float(end) for end in (answer.amount.low, answer.amount.high)]
    low, high = ends
    if answer.ends == (None, None):
        assert seen == {"exact": [], "bounds": [], "band": [], "rest": []}
    elif answer.complete and low == high:
        assert seen["exact"] == pytest.approx([low], **near)
        assert (seen["bounds"], seen["band"]) == ([], [])
    else:
        assert seen["exact"] == []
        assert seen["bounds"] == pytest.approx(sorted({end for end in ends if end is not None}), **near)
        bands = [pytest.approx((low, high), **near)] if low != high and None not in ends else []
        assert seen["band"] == bands


def test_marks_stand_on_the_days_and_amounts_of_their_claims(browser, club, tmp_path):
    page = _made(club, tmp_path)
    claims = {
        1: [("2022-02-01", 3, None)],
        2: [("2019-04-01", 120, (120, 150))],
        3: [("2018-08-01", -500, None), ("2023-01-15", 100, (-500, 100))],
    }
    for figure, expected in claims.items():
        browser.open(page, f"figure={figure}")
        drawn = drawing(browser)
        assert len(drawn.marks) == len(expected)
        for (_, day, amount, reach), (at, claimed, ends) in zip(drawn.marks, expected, strict=True):
            assert day == pytest.approx(date.fromisoformat(at).toordinal() + 0.5, abs=drawn.a_day / 2)
            assert amount == pytest.approx(claimed, abs=0.02 * drawn.an_amount)
            if ends is None:
                assert reach == []
            else:
                ((one, other),) = reach
                assert max(one, other) == pytest.approx(ends[1], abs=0.02 * drawn.an_amount)
                assert min(one, other) <= ends[0] + 0.02 * drawn.an_amount  # an open end goes down to the edge


def test_of_thousands_of_steps_the_least_and_the_most_are_drawn(browser, book, tmp_path):
    crowd = book.initiative("crowd")
    first = date(2019, 1, 1)
    amounts = [50 + number % 7 for number in range(1500)]
    extremes = [*range(1000, 1080, 10), *range(-500, -420, 10)]  # on days that lie variously within a pixel
    for place, extreme in enumerate(extremes):
        amounts[101 + 83 * place] = extreme
    days = [first + timedelta(number) for number in range(len(amounts))]
    crowd.record(
        MetricDefined("worth", "EUR"),
        *(MetricUpdated("worth", str(day), f"{amount} EUR") for day, amount in zip(days, amounts, strict=True)),
    )
    browser.resize(PHONE)
    browser.open(_made(crowd, tmp_path), "figure=2")
    drawn = drawing(browser)
    assert drawn.a_day > 3  # a pixel is several days
    assert len(drawn.exact) < len(amounts) / 3
    for extreme in extremes:
        assert any(one == pytest.approx(extreme, abs=0.02 * drawn.an_amount) for one in drawn.reached), extreme
    last = drawn.at(TODAY.toordinal())["exact"]
    assert last == pytest.approx([amounts[-1]], abs=0.02 * drawn.an_amount)


def test_names_stand_in_the_order_in_which_people_look_for_them(browser, book, tmp_path):
    club = book.initiative("club")
    names = ["Zeta", "club 2", "Club 10", "Ábaco", "beta", "club 1"]
    club.record(
        *(MemberJoined(f"m{place}", "2020-01-01", name=name) for place, name in enumerate(names)),
        MemberJoined("aa", "2024", name="Aa, who may be one"),
    )
    browser.open(_made(club, tmp_path))
    shown = browser.run("return [...document.querySelectorAll('#members li bdi')].map(one => one.textContent)")
    assert shown == ["Ábaco", "beta", "club 1", "club 2", "Club 10", "Zeta", "Aa, who may be one"]
