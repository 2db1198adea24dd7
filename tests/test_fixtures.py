"""The clock that stands still, and the fixtures for pytest, as a project of its own would use them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ledger
from ledger import MemberJoined
from ledger.model.errors import BadWhen
from ledger.testing.clock import FIRST_INSTANT, FrozenClock

pytest_plugins = ["pytester"]

# the clock


def test_it_stands_still():
    clock = FrozenClock()
    assert clock() == clock() == FIRST_INSTANT == datetime(2024, 1, 1, tzinfo=UTC)


ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5.5))])
MOMENTS = st.timedeltas(timedelta(days=-700_000), timedelta(days=2_000_000)).map(FIRST_INSTANT.__add__)


@given(MOMENTS, ZONES)
def test_it_shows_what_it_is_set_to_in_utc(moment, zone):
    now = moment.astimezone(zone)
    clock = FrozenClock()
    clock.set(now)
    assert clock() == now
    assert clock().tzinfo is UTC
    assert clock() == FrozenClock(now)() == FrozenClock(now.isoformat())()


@given(st.lists(st.timedeltas(timedelta(0), timedelta(days=365))))
def test_it_goes_on_by_what_it_is_advanced(spans):
    clock = FrozenClock()
    for span in spans:
        clock.advance(span)
    assert clock() - FIRST_INSTANT == sum(spans, timedelta(0))


@pytest.mark.parametrize(("text", "span"), [
    ("1 day", timedelta(days=1)), ("2 weeks", timedelta(weeks=2)), ("36 hours", timedelta(hours=36)),
    ("1 minute", timedelta(minutes=1)), ("90 seconds", timedelta(seconds=90)),
    ("1 microsecond", timedelta(microseconds=1)),
])  # fmt: skip
def test_a_text_says_by_how_much(text, span):
    clock = FrozenClock()
    clock.advance(text)
    assert clock() - FIRST_INSTANT == span


@pytest.mark.parametrize(
    "span", ["", "1", "day", "1 month", "0 days", "-1 day", "1.5 days", "99999999 weeks", "1  day", "1 day\n", 1, None]
)
def test_what_is_no_span_of_time_is_refused(span):
    clock = FrozenClock()
    with pytest.raises(BadWhen, match="is no span of time: give a timedelta, or a text such as '1 day'"):
        clock.advance(span)
    assert clock() == FIRST_INSTANT


def test_a_clock_is_set_back_but_not_advanced_back_and_ends_with_the_calendar():
    clock = FrozenClock()
    with pytest.raises(BadWhen, match="which is a way back: set it"):
        clock.advance(timedelta(microseconds=-1))
    with pytest.raises(BadWhen, match=r"'9999999 weeks' after 2024-01-01T00:00:00\.000000Z lies past the year 9999"):
        clock.advance("9999999 weeks")
    clock.set("1999-12-31T23:00:00-01:00")
    assert clock() == datetime(2000, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("now", ["2024-01-01", "2024-01-01T00:00:00", datetime(2024, 1, 1), None, 5])  # noqa: DTZ001
def test_a_clock_is_set_to_nothing_but_an_instant(now):
    clock = FrozenClock()
    with pytest.raises(BadWhen):
        clock.set(now)
    with pytest.raises(BadWhen):
        FrozenClock(now)
    assert clock() == FIRST_INSTANT


def test_it_says_what_it_shows():
    assert repr(FrozenClock("2024-05-01T14:00:00+02:00")) == "FrozenClock('2024-05-01T12:00:00.000000Z')"


# the fixtures

TESTS = """
import pytest
from ledger import MemberJoined
from ledger.model.errors import LedgerClosed

seen = []

def test_a_ledger_on_a_clock_that_stands_still(ledger_book, frozen_clock):
    club = ledger_book.initiative("club")
    club.record(MemberJoined("ada", "2020"))
    frozen_clock.advance("1 day")
    club.record(MemberJoined("ben", "2021"))
    assert [str(record.recorded_at.date()) for record in ledger_book.records()] == ["2024-01-01", "2024-01-02"]
    assert len(club.today()) == 2
    seen.append((ledger_book, frozen_clock))

def test_the_next_test_has_its_own(ledger_book, frozen_clock):
    assert ledger_book.initiatives() == []
    assert str(frozen_clock().date()) == "2024-01-01"
    (book, clock), = seen
    assert book is not ledger_book and clock is not frozen_clock
    with pytest.raises(LedgerClosed):
        book.initiatives()
"""


@pytest.mark.parametrize("asked", [
    "pytest_plugins = ['ledger.testing.fixtures']",
    "from ledger.testing.fixtures import frozen_clock, ledger_book",
])  # fmt: skip
def test_a_project_that_asks_for_the_fixtures_has_them(pytester, asked):
    pytester.makeconftest(asked)
    pytester.makepyfile(TESTS)
    pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", "-W", "error").assert_outcomes(passed=2)


def test_a_project_that_does_not_ask_pays_nothing(pytester):
    pytester.makepyfile(
        """
        import sys

        def test_nothing_of_the_library_is_loaded():
            assert not [name for name in sys.modules if name.split(".")[0] == "ledger"]

        def test_there_is_no_such_fixture(ledger_book):
            pass
        """
    )
    done = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider")
    done.assert_outcomes(passed=1, errors=1)
    done.stdout.fnmatch_lines(["*fixture 'ledger_book' not found*"])


def test_here_they_are_loaded_too(ledger_book, frozen_clock):
    frozen_clock.set("2023-01-20T12:00:00Z")
    (record,) = ledger_book.initiative("clusters").record(MemberJoined("basque", "2021"))
    assert isinstance(ledger_book, ledger.Ledger)
    assert record.recorded_at == frozen_clock() == datetime(2023, 1, 20, 12, tzinfo=UTC)
