"""How long the time machine page takes to be made, how large it is, and how soon it answers to its sliders.

A ledger of 1,000 members and 20,000 events over twelve years, recorded week by week, some of it months late; with
`--one-by-one` each event is recorded alone. The page is driven in Chromium by its keyboard, and what is told is
Chromium's own measure of each key: from the press to the frame that shows what it has done.

    python tests/benchmarks/time_machine.py
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter

import ledger
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
)
from ledger.model.events import Event

FIRST, YEARS, MEMBERS, EVENTS = date(2012, 1, 1), 12, 1_000, 20_000
DAYS = 365 * YEARS
COUNTRIES = [f"Country {number:02d}" for number in range(40)]
SECTORS = ["energy", "ports", "steel", "cement", "chemicals", "waste"]

KEYS = 40
WATCH = """
window.seen = [];
window.watch?.disconnect();
window.watch = new PerformanceObserver(list => window.seen.push(
    ...list.getEntries().filter(one => one.name === "keydown")
        .map(one => one.duration)));
window.watch.observe({type: "event", durationThreshold: 16, buffered: false});
"""


def happenings() -> Iterator[tuple[date, int, Event]]:
    """Give events with the day on which each took effect, and by how many days later it was recorded."""
    random = Random(20230120)
    for number in range(MEMBERS):
        joined = random.randrange(DAYS - 400)
        days = FIRST + timedelta(joined)
        when = f"{days:%Y-%m}" if number % 5 == 0 else days.isoformat()
        attributes = {"country": random.choice(COUNTRIES), "sector": random.choice(SECTORS)}
        id = f"m{number:04d}"
        yield (
            days,
            _late(random),
            MemberJoined(id, when, name=f"Member {number} of the alliance", attributes=attributes),
        )
        for _ in range(18):
            day = FIRST + timedelta(random.randrange(joined + 35, DAYS))
            metric, amount = ("co2", f"{random.randrange(1, 5_000) / 100} Mt/year") if random.random() < 0.7 else (
                "jobs", f"{random.randrange(10, 99)}00..{random.randrange(100, 200)}00 people")  # fmt: skip
            yield day, _late(random), MetricUpdated(metric, day.isoformat(), amount, member=id)
        last = (FIRST + timedelta(random.randrange(joined + 35, DAYS))).isoformat()
        choice = random.randrange(3)
        made = [MemberLeft(id, last), MemberSuspended(id, last), MemberChanged(id, last, name=f"Renamed {number}")][
            choice
        ]
        yield date.fromisoformat(last), _late(random), made


def _late(random: Random) -> int:
    return random.choice([1, 3, 10, 30, 30, 90])


def recorded(path: Path, *, one_by_one: bool) -> None:
    """Record it all, each week's news together, or each event alone."""
    batches: dict[int, list[Event]] = defaultdict(list)
    for place, (day, late, event) in enumerate(sorted(happenings(), key=lambda one: (one[0], str(one[2])))):
        known = day + timedelta(late)
        batches[known.toordinal() * EVENTS + place if one_by_one else (known.toordinal() // 7 * 7 + 6) * EVENTS].append(
            event
        )
    with ledger.open(path) as book:
        alliance = book.initiative("alliance")
        alliance.record(
            InitiativeLaunched(FIRST.isoformat(), name="The Alliance"),
            MetricDefined("co2", "Mt/year", title="CO2 emitted", nonnegative=True),
            MetricDefined("jobs", "people", title="People employed", nonnegative=True),
            recorded_at=datetime.combine(FIRST, time(), UTC),
        )
        joined: set[str] = set()
        waiting: list[Event] = []
        for number, key in enumerate(sorted(batches)):
            moment = datetime.combine(date.fromordinal(key // EVENTS), time(), UTC) + timedelta(microseconds=number + 1)
            every = waiting + batches[key]  # what became known before the joining did has to wait for it
            joined |= {event.member for event in every if isinstance(event, MemberJoined)}
            waiting = [event for event in every if event.member not in joined]
            now = [event for event in every if event.member in joined]
            now.sort(key=lambda event: not isinstance(event, MemberJoined))
            if now:
                alliance.record(*now, recorded_at=moment)
        claims = [Claim(Members(), "500", at="2020-12-31"), Claim(Total("co2"), ">= 9000 Mt/year", at="2020-12-31")]
        alliance.record(ReportPublished("ar", "2021-03-01", title="Annual report 2020", claims=claims))


@contextmanager
def timed(what: str) -> Iterator[None]:
    begun = perf_counter()
    yield
    print(f"{what}: {perf_counter() - begun:.1f} s")


def pressed(page: Path) -> None:
    """Press keys on both sliders, and print how long each took to be seen."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from selenium.webdriver.common.keys import Keys

    from browsing import started

    with started() as browser:
        begun = perf_counter()
        browser.open(page, "at=2020-06-30")
        print(f"opened: {perf_counter() - begun:.1f} s")
        for figure, by in ((0, -1), (1, 0)):
            browser.run(f"document.querySelectorAll('[name=figure]')[{figure}].click()")
            browser.run(
                f"const by = document.getElementById('by'); by.value = {by}; by.dispatchEvent(new Event('change'))"
            )
            for slider in ("day", "known"):
                browser.run(WATCH)
                element = browser.find(f"#{slider}")
                for _ in range(KEYS):
                    element.send_keys(Keys.ARROW_LEFT)
                browser.driver.execute_async_script("setTimeout(arguments[0], 500)")
                seen = sorted(browser.run("return window.seen"))
                quick = KEYS - len(seen)
                print(
                    f"figure {figure}, grouped {by >= 0}, slider {slider}: {quick} of {KEYS} keys within 16 ms;",
                    dict(Counter(map(round, seen))),
                )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one-by-one", action="store_true")
    parser.add_argument("--keep", type=Path, help="where to leave the page")
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "alliance.db"
        with timed("recorded"):
            recorded(path, one_by_one=asked.one_by_one)
        with ledger.open(path, read_only=True) as book:
            alliance = book.initiative("alliance")
            print(sum(1 for _ in alliance.records()), "events")
            with timed("made"):
                page = alliance.page()
        print(f"{len(page.encode()) / 1e6:.2f} MB")
        out = asked.keep or Path(folder) / "page.html"
        out.write_text(page, "utf-8")
        pressed(out)
